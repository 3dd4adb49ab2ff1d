//! Replays what the fuzzers start from, and what they once found, without a fuzzer.

use crate::support::some_of;
use std::fs;
use std::path::{Path, PathBuf};

#[expect(unreachable_pub, reason = "a crate of its own in fuzz/")]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

#[test]
fn every_seed_of_every_fuzz_target_holds() {
    for &(name, check) in fuzz::TARGETS {
        for_each_seed(name, check);
    }
}

#[test]
fn the_beginnings_of_every_seed_hold() {
    for &(name, check) in fuzz::TARGETS {
        for_each_seed(name, |input| {
            // Every one, but of the few seeds that are long.
            let sizes = (0..input.len()).step_by(1 + input.len() / 512);
            some_of(sizes).for_each(|size| check(&input[..size]));
        });
    }
}

// Without its feature a target is missing from the table, but not from the folders.
#[cfg(all(feature = "deflate", feature = "net"))]
#[test]
fn every_folder_of_seeds_and_every_target_file_is_in_the_table_of_targets() {
    let names: Vec<_> = fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
    for folder in [seeds_folder(), fuzz_folder().join("fuzz_targets")] {
        let found = entries(&folder);
        let found: Vec<_> = found.iter().filter_map(|path| path.file_stem()).collect();
        assert_eq!(found, names, "{}", folder.display());
    }
}

#[expect(clippy::print_stdout, reason = "captured; a failed test shows which seed it was")]
fn for_each_seed(target: &str, check: impl Fn(&[u8])) {
    let seeds = entries(&seeds_folder().join(target));
    assert!(!seeds.is_empty(), "{target} has no seeds");
    for seed in seeds {
        println!("{}", seed.display());
        check(&fs::read(&seed).expect("a seed is a readable file"));
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is part of the repository");
    let paths = entries.map(|entry| entry.expect("the folder is readable").path());
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    paths
}

fn seeds_folder() -> PathBuf {
    fuzz_folder().join("seeds")
}

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}
