//! Installs Autobahn|Testsuite from the package registry: every file pinned by hash, converted to Python 3.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use super::recreate;
use crate::prerequisites::{self, PYTHON};
use crate::project::Project;

/// Installs the suite into `directory`, unless it is there already, and gives the Python that has it.
pub(super) fn ensure(project: &Project, directory: &Path) -> Result<PathBuf> {
    let inputs = project.root.join("autobahn");
    let python = directory.join("bin").join("python");
    let stamp = directory.join("installed");
    let wanted = [REQUIREMENTS, SOURCES, CONVERTER]
        .map(|name| {
            fs::read_to_string(inputs.join(name))
                .with_context(|| format!("autobahn/{name} cannot be read"))
        })
        .into_iter()
        .collect::<Result<String>>()?;
    // Written last: a stamp that equals the inputs means that they were installed to the end.
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }

    println!("installing Autobahn|Testsuite into {}", directory.display());
    recreate(directory)?;
    install(&project.shell, &inputs, directory, &python)?;
    fs::write(stamp, wanted)?;
    Ok(python)
}

fn install(shell: &Shell, inputs: &Path, directory: &Path, python: &Path) -> Result<()> {
    let system_python = find_python(shell)?;
    let requirements = inputs.join(REQUIREMENTS);
    let sources = inputs.join(SOURCES);
    let converter = inputs.join(CONVERTER);
    let downloads = directory.join("sources");

    cmd!(shell, "{system_python} -m venv {directory}").run()?;
    cmd!(shell, "{python} -m pip --quiet install --require-hashes --no-deps -r {requirements}")
        .run()?;
    // As source archives, because the converter wants them as they are.
    let options = ["--require-hashes", "--no-deps", "--no-build-isolation", "--no-binary", ":all:"];
    cmd!(shell, "{python} -m pip --quiet download {options...} -r {sources} --dest {downloads}")
        .run()?;

    let location = "import sysconfig; print(sysconfig.get_paths()['purelib'])";
    let packages = cmd!(shell, "{python} -c {location}").quiet().read()?;
    cmd!(shell, "{python} -W ignore {converter} {downloads} {packages}").run()?;
    let count = "from autobahntestsuite.case import Cases; print(len(Cases))";
    let count = cmd!(shell, "{python} -W ignore -c {count}").quiet().read()?;
    ensure!(count == CASE_COUNT, "the installed suite has {count} cases instead of {CASE_COUNT}");
    Ok(())
}

fn find_python(shell: &Shell) -> Result<&'static str> {
    let suits = |python: &&&str| prerequisites::succeeds(shell, &[python, "-c", PYTHON_SUITS]);
    if let Some(python) = PYTHONS.iter().find(suits) {
        return Ok(python);
    }
    prerequisites::ensure(shell, &[PYTHON])?;
    PYTHONS
        .iter()
        .find(suits)
        .copied()
        .context("the suite needs a Python from 3.10 to 3.13 with venv: install one")
}

const REQUIREMENTS: &str = "requirements.txt";
const SOURCES: &str = "sources.txt";
const CONVERTER: &str = "convert.py";
const CASE_COUNT: &str = "517";

const PYTHONS: &[&str] = &["python3", "python3.13", "python3.12", "python3.11", "python3.10"];
/// For these the requirements are all there as wheels, and the conversion has been shown to work.
const PYTHON_SUITS: &str =
    "import ensurepip, sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))";
