//! Processor time of processes, as Linux counts it.

use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::io::{self, ErrorKind};

/// Nanoseconds of processor time that a process and its children have used so far, in all their threads that live.
pub(crate) fn time_of(pid: u32) -> io::Result<u64> {
    let mut total = 0;
    let mut waiting = vec![pid];
    let mut seen = 0;
    while let Some(pid) = waiting.pop() {
        seen += 1;
        match time_of_threads(pid, &mut waiting) {
            Ok(time) => total += time,
            // A child may end at any moment.
            Err(_) if seen > 1 => {}
            Err(error) => return Err(error),
        }
        if seen >= PROCESSES_MAX {
            break;
        }
    }
    Ok(total)
}

/// The same of this process alone, with its threads that have ended.
pub(crate) fn own_time() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn time_of_threads(process: u32, children: &mut Vec<u32>) -> io::Result<u64> {
    let mut total = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let folder = thread?.path();
        // A thread may end at any moment, too.
        let Ok(times) = fs::read_to_string(folder.join("schedstat")) else {
            continue;
        };
        total += parse_schedstat(&times)
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "no times in schedstat"))?;
        if let Ok(list) = fs::read_to_string(folder.join("children")) {
            children
                .extend(list.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    Ok(total)
}

/// Its first number is the time on a processor.
fn parse_schedstat(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

const PROCESSES_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_of_schedstat_counts() {
        assert_eq!(parse_schedstat("123456789 55 7\n"), Some(123_456_789));
        assert_eq!(parse_schedstat(""), None);
    }

    #[test]
    fn this_process_has_used_some_time() {
        assert!(own_time() > 0);
        assert!(time_of(std::process::id()).expect("/proc is there") > 0);
    }

    #[test]
    fn who_is_not_there_is_an_error() {
        assert_eq!(time_of(u32::MAX).expect_err("no such process").kind(), ErrorKind::NotFound);
    }
}
