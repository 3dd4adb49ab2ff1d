//! The columns of the table, and for each the checks that it cannot make by its nature.

use sockeye_rivals::driver::{self, Results};
use sockeye_rivals::install::Installed;

use crate::rust_tungstenite;

pub(crate) struct Client {
    pub(crate) name: &'static str,
    version: Version,
    program: Program,
    /// Checks, each with the reason why this client cannot make it.
    pub(crate) cannot: &'static [(&'static str, &'static str)],
}

enum Version {
    /// What a file of this crate pins it to: the file's text, and what stands before the version.
    Pinned(&'static str, &'static str),
    /// That of Node.js itself.
    OfNode,
}

enum Program {
    Node(&'static str),
    Python(&'static str),
    /// This test itself.
    Rust,
}

pub(crate) const CLIENTS: [Client; 4] = [
    Client {
        name: "npm ws",
        version: Version::Pinned(include_str!("../../clients/package.json"), "\"ws\": \""),
        program: Program::Node("ws.mjs"),
        cannot: &[],
    },
    Client {
        name: "Node.js built-in",
        version: Version::OfNode,
        program: Program::Node("node_builtin.mjs"),
        cannot: &[
            ("fragments", "sends whole messages only"),
            ("ping", "has no ping"),
            ("ping between fragments", "has neither"),
            ("close 1001", "close() takes 1000 and 3000-4999"),
            ("invalid UTF-8", "encodes texts itself"),
            ("unmasked frame", "always masks"),
        ],
    },
    Client {
        name: "Python websockets",
        version: Version::Pinned(include_str!("../../clients/requirements.txt"), "websockets=="),
        program: Program::Python("python_websockets.py"),
        cannot: &[("unmasked frame", "always masks")],
    },
    Client {
        name: "tungstenite",
        version: Version::Pinned(include_str!("../../Cargo.toml"), "tungstenite = { version = \""),
        program: Program::Rust,
        cannot: &[("unmasked frame", "always masks")],
    },
];

impl Client {
    /// Its name and version.
    pub(crate) fn label(&self, installed: &Installed) -> String {
        let version = match self.version {
            Version::OfNode => installed.node_version(),
            Version::Pinned(file, before) => {
                let (_, rest) = file.split_once(before).expect("the file pins a version");
                rest.split(['"', '\n']).next().unwrap_or_default()
            }
        };
        format!("{} {version}", self.name)
    }

    /// Makes `checks`, and gives a result for each.
    pub(crate) fn check(&self, installed: &Installed, url: &str, checks: &[&str]) -> Results {
        match self.program {
            Program::Node(program) => driver::check(installed.node(program), url, checks),
            Program::Python(program) => driver::check(installed.python(program), url, checks),
            Program::Rust => rust_tungstenite::check(url, checks),
        }
    }

    /// Meets `peer` in `topic` under the name `own`: README.md tells how.
    pub(crate) fn meet(
        &self,
        installed: &Installed,
        url: &str,
        topic: &str,
        own: &str,
        peer: &str,
    ) -> Result<(), String> {
        match self.program {
            Program::Node(program) => driver::meet(installed.node(program), url, topic, own, peer),
            Program::Python(program) => {
                driver::meet(installed.python(program), url, topic, own, peer)
            }
            Program::Rust => rust_tungstenite::meet(url, topic, own, peer),
        }
    }
}
