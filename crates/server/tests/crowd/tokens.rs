//! Tokens of the crowd, as `sockeye token` makes them.

use crate::plan::USERS;
use crate::server::{CONFIGURATION, binary};
use std::process::Command;

/// A token for each user.
pub(crate) struct Tokens {
    unrestricted: Vec<String>,
    restricted: Vec<String>,
}

impl Tokens {
    pub(crate) fn make() -> Self {
        let all = |name: &str, patterns: &[&str]| {
            (0..USERS).map(|number| make(&format!("{name}-{number}"), patterns)).collect()
        };
        Self { unrestricted: all("free", &["*"]), restricted: all("kept", &["loud:*", "room:*"]) }
    }

    pub(crate) fn of(&self, number: usize, is_restricted: bool) -> &str {
        match is_restricted {
            true => &self.restricted[number],
            false => &self.unrestricted[number],
        }
    }
}

fn make(user: &str, patterns: &[&str]) -> String {
    let mut command = Command::new(binary());
    command.args(["token", "--user", user, "--config", CONFIGURATION]);
    for pattern in patterns {
        command.args(["--allow", &format!("{pattern}=subscribe,publish,presence,history")]);
    }
    let output = command.output().expect("the binary was built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a token").trim().to_owned()
}
