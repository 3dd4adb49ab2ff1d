//! The kernel's work for a server that is nobody's: what it puts off to a thread of its own, `ksoftirqd`.
//!
//! Who sends much at once has the rest of it received there. One io_uring of ours with a thousand sends at a time saves 8 % of
//! its time that way, which is spent all the same.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::process::SERVER_PROCESSOR;

/// That thread of the servers' processor.
pub(super) struct Softirqd(u32);

impl Softirqd {
    /// `None` where it cannot be seen, as in some containers.
    pub(super) fn find() -> Option<Self> {
        let name = format!("ksoftirqd/{SERVER_PROCESSOR}");
        let has_name = |id: &u32| {
            let found = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
            found.trim() == name
        };
        let entries = fs::read_dir("/proc").ok()?;
        let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.into_iter().find(has_name).map(Self)
    }
}

/// Nanoseconds of a server and of that thread so far.
pub(super) struct Spent {
    server: u64,
    softirqd: u64,
}

impl Spent {
    pub(super) fn now(server: u32, softirqd: Option<&Softirqd>) -> Result<Self> {
        let softirqd = softirqd.map_or(Ok(0), |Softirqd(id)| time_of(*id))?;
        Ok(Self { server: time_of(server)?, softirqd })
    }

    /// What the server's time is to be multiplied with to have the thread's in it.
    pub(super) fn factor_since(&self, before: &Self) -> f64 {
        let server = self.server.saturating_sub(before.server).max(1);
        1.0 + self.softirqd.saturating_sub(before.softirqd) as f64 / server as f64
    }
}

/// That of all its threads that live.
fn time_of(process: u32) -> Result<u64> {
    let mut total = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        total += time_in(&thread?.path().join("schedstat"))?;
    }
    Ok(total)
}

fn time_in(schedstat: &Path) -> Result<u64> {
    // A thread may have ended meanwhile.
    let Ok(text) = fs::read_to_string(schedstat) else {
        return Ok(0);
    };
    let first = text.split(' ').next().and_then(|first| first.parse().ok());
    first.with_context(|| format!("{text:?} is no schedstat"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threads_time_is_added_as_a_share() {
        let before = Spent { server: 1000, softirqd: 500 };
        let after = Spent { server: 3000, softirqd: 600 };
        assert!((after.factor_since(&before) - 1.05).abs() < 1e-9);
        assert!((before.factor_since(&before) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_time_of_a_process_is_read() {
        let spent = Spent::now(std::process::id(), None).expect("/proc is there");
        assert!(spent.server > 0 && spent.softirqd == 0);
        assert!(Spent::now(u32::MAX, None).is_err());
    }
}
