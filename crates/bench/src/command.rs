//! `sockeye bench` as a command: what it prints, and what it ends with.

use crate::args::Bench;
use crate::error::BenchError;
use crate::report;
use crate::run::{Outcome, Progress, run};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Runs the command: prints the summary to standard output, what went wrong to standard error. A first SIGINT or SIGTERM
/// ends it with what was measured so far, a second one at once.
#[must_use]
pub fn main(arguments: &Bench) -> ExitCode {
    match measure(arguments) {
        Ok(is_sound) => ExitCode::from(u8::from(!is_sound)),
        Err(error) => {
            say(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Whether nothing was wrong.
fn measure(arguments: &Bench) -> Result<bool, BenchError> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The second one finds the flag of the first.
        flag::register_conditional_shutdown(signal, 1, Arc::clone(&interrupted))
            .and_then(|_| flag::register(signal, Arc::clone(&interrupted)))
            .map_err(|error| BenchError::System("cannot listen for signals", error))?;
    }
    if let Some(file) = &arguments.report {
        report::try_file(file).map_err(|error| BenchError::Report(file.clone(), error))?;
    }
    let bar = Bar::new();
    let outcome = run(arguments, &interrupted, &mut |progress| bar.tell(progress));
    bar.clear();
    let Outcome { summary, fault } = outcome?;
    // Whoever closed our standard output does not want to read it.
    let _closed = if arguments.json {
        writeln!(io::stdout(), "{}", summary.to_json())
    } else {
        write!(io::stdout(), "{summary}")
    };
    if let Some(file) = &arguments.report {
        report::write(&summary, file).map_err(|error| BenchError::Report(file.clone(), error))?;
        let _closed = writeln!(io::stderr(), "the report is in {}", file.display());
    }
    if let Some(fault) = &fault {
        say(fault);
    }
    Ok(fault.is_none() && summary.errors().is_empty())
}

fn say(error: &BenchError) {
    let _closed = writeln!(io::stderr(), "error: {error}");
}

/// How far it is, on a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        // It draws nothing where standard error is no terminal.
        Self::on(ProgressDrawTarget::stderr())
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(Some(1000), target);
        let style = ProgressStyle::with_template("{bar:30} {msg}").expect("a template of ours");
        bar.set_style(style);
        Self(bar)
    }

    fn tell(&self, progress: Progress) {
        match progress {
            Progress::Opening { opened, total } => {
                self.show(opened as f64 / total as f64, format!("{opened} of {total} connections"));
            }
            Progress::WarmingUp => self.show(0.0, "warming up".to_owned()),
            Progress::Measuring { elapsed, duration, rate, errors } => {
                let errors = if errors == 0 { String::new() } else { format!(", {errors} errors") };
                let text = format!("{rate:.0} messages/s, {elapsed:.0} of {duration:.0} s{errors}");
                self.show(elapsed / duration, text);
            }
        }
    }

    fn show(&self, part: f64, text: String) {
        self.0.set_position((part * 1000.0) as u64);
        self.0.set_message(text);
    }

    fn clear(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_how_far_it_is_and_how_fast() {
        let bar = Bar::on(ProgressDrawTarget::hidden());
        let told = |progress| {
            bar.tell(progress);
            (bar.0.position(), bar.0.message())
        };
        let opening = told(Progress::Opening { opened: 5, total: 20 });
        assert_eq!(opening, (250, "5 of 20 connections".to_owned()));
        assert_eq!(told(Progress::WarmingUp), (0, "warming up".to_owned()));
        let mut measuring =
            Progress::Measuring { elapsed: 3.0, duration: 10.0, rate: 1234.4, errors: 0 };
        assert_eq!(told(measuring), (300, "1234 messages/s, 3 of 10 s".to_owned()));
        measuring = Progress::Measuring { elapsed: 5.0, duration: 10.0, rate: 2.0, errors: 7 };
        assert_eq!(told(measuring), (500, "2 messages/s, 5 of 10 s, 7 errors".to_owned()));
    }
}
