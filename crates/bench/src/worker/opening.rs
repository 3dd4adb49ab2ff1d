//! Opening the connections of a worker, a few at a time or at their times.

use super::{OPEN_TIMEOUT, Worker};
use crate::error::{BenchError, OpenError};
use crate::line::{Joining, Line, Outcome, Phase, Role};
use crate::stream::Stream;
use crate::verify::{Awaited, Delivered};
use rustix::event::epoll::{self, EventData, EventFlags};
use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;

impl Worker<'_> {
    /// Begins with the connections whose time has come.
    pub(super) fn open_more(&mut self, now: u64) {
        while self.opening < OPENING_MAX {
            let place = self.lines.len();
            let number = self.number_of(place);
            if number >= self.plan.total()
                || now < opens_at(self.plan.ramp, number, self.plan.total())
            {
                break;
            }
            let target = self.target(place);
            let connected = Stream::connect(target.address, target.tls.as_ref());
            let begun = connected.and_then(|stream| {
                let line = Line::new(stream, self.role(number), self.sender(number), now);
                let flags = EventFlags::IN | EventFlags::OUT;
                let data = EventData::new_u64(place as u64);
                epoll::add(&self.epoll, line.stream.fd(), data, flags)?;
                Ok(line)
            });
            match begun {
                Ok(line) => self.lines.push(line),
                Err(error) => {
                    self.shared.fail(BenchError::Connect(target.url.clone(), error));
                    return;
                }
            }
            self.opening += 1;
        }
    }

    fn role(&self, number: usize) -> Role {
        match number.checked_sub(self.plan.connections) {
            Some(publisher) => Role::Publisher { number: publisher },
            None if self.plan.is_fan_out() => {
                Role::Subscriber(Delivered::new(self.plan.publishers))
            }
            None => Role::Echo(Awaited::default()),
        }
    }

    /// Publishers are called by their own numbers, all others by the connection's.
    const fn sender(&self, number: usize) -> u16 {
        let number = match number.checked_sub(self.plan.connections) {
            Some(publisher) => publisher,
            None => number,
        };
        number as u16
    }

    pub(super) fn handle_connected(&mut self, place: usize) {
        let target = self.target(place);
        let line = &mut self.lines[place];
        if let Err(error) = line.stream.take_error() {
            self.shared.fail(BenchError::Connect(target.url.clone(), error));
            return;
        }
        if self.plan.is_raw {
            self.shared.make_payloads(self.plan, &self.plan.framing());
            line.phase = Phase::Open;
            self.count_open(place);
            return;
        }
        match line.ask(target) {
            Ok(()) => self.flush_opening(place),
            Err(error) => self.shared.fail(BenchError::Open(target.url.clone(), error)),
        }
    }

    pub(super) fn handle_opening(&mut self, place: usize) {
        let target = self.target(place);
        let answer = self.lines[place].receive_answer(target, &mut self.desk);
        match answer {
            Ok(None) => self.flush_opening(place),
            Ok(Some(framing)) => {
                let payloads = self.shared.make_payloads(self.plan, &framing);
                self.count_open(place);
                match self.lines[place].handle_rest(payloads, &mut self.desk) {
                    Outcome::Fine if self.lines[place].has_control() => {
                        self.flush(place);
                    }
                    Outcome::Fine => {}
                    Outcome::Closed => self.end(place),
                    Outcome::Lost(error) => self.lose(place, error),
                }
                self.desk.answers.clear();
            }
            Err(error) => self.shared.fail(BenchError::Open(target.url.clone(), error)),
        }
    }

    /// What cannot be sent now is when more can be; while TLS is agreed on, that may be soon.
    fn flush_opening(&mut self, place: usize) {
        let flushed = self.lines[place].flush(None, &mut self.desk.scratch);
        match flushed {
            Ok(sending) => self.watch(place, sending == crate::outgoing::Sending::Blocked),
            Err(error) => {
                let url = self.target(place).url.clone();
                self.shared.fail(BenchError::Open(url, OpenError::Io(error)));
            }
        }
    }

    fn count_open(&mut self, place: usize) {
        self.watch(place, false);
        self.opening -= 1;
        self.opened += 1;
        self.shared.opened.fetch_add(1, Ordering::Relaxed);
    }

    /// Fails the run if a connection has been opening for too long.
    pub(super) fn look_for_slow_openings(&self, now: u64) {
        let is_late = |line: &&Line| now.saturating_sub(line.progress_at) > OPEN_TIMEOUT;
        for (place, line) in self.lines.iter().enumerate().filter(|(_, line)| is_late(line)) {
            let url = self.target(place).url.clone();
            let fault = match line.phase {
                Phase::Connecting => {
                    let text = "the connection was not accepted within 10 s";
                    BenchError::Connect(url, io::Error::new(ErrorKind::TimedOut, text))
                }
                Phase::Opening(_) => BenchError::Open(url, OpenError::TimedOut),
                Phase::Joining(Joining::SocketIo(_)) => {
                    BenchError::Open(url, OpenError::SocketIoTimedOut)
                }
                Phase::Joining(Joining::Native(_)) => {
                    BenchError::Open(url, OpenError::NativeTimedOut)
                }
                _ => continue,
            };
            self.shared.fail(fault);
            return;
        }
    }
}

/// Connections that a worker opens at the same time.
const OPENING_MAX: usize = 64;

/// When this connection of so many is opened, if it takes `ramp` to open them all: nanoseconds since the start.
fn opens_at(ramp: u64, number: usize, total: usize) -> u64 {
    (ramp as f64 * number as f64 / total as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_spreads_connections_evenly_over_its_time() {
        let moments: Vec<u64> = (0..4).map(|number| opens_at(1_000_000_000, number, 4)).collect();
        assert_eq!(moments, [0, 250_000_000, 500_000_000, 750_000_000]);
        assert_eq!(opens_at(0, 3, 4), 0, "without one they are opened at once");
    }
}
