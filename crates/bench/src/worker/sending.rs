//! Sending: when and what, until it is over.

use super::{CLOSE_TIME, DRAIN_TIME, SILENCE_MAX, Stage, Worker};
use crate::error::{BenchError, LostError};
use crate::line::{Phase, Role, lost_error};
use crate::outgoing::{Batch, Sending};
use crate::pace::Pace;
use crate::shared::Start;
use crate::stamp::Stamp;

impl Worker<'_> {
    /// All connections are open: messages begin to flow.
    pub(super) fn begin(&mut self, start: Start) {
        self.stage = Stage::Running;
        let publishes = self.plan.is_fan_out();
        if publishes {
            self.lines.iter().for_each(|line| line.stream.acknowledge_when_read());
        }
        self.senders = (0..self.lines.len())
            .filter(|place| publishes == matches!(self.lines[*place].role, Role::Publisher { .. }))
            .collect();
        let all = if publishes { self.plan.publishers } else { self.plan.connections };
        if let Some(rate) = self.plan.rate {
            if !self.senders.is_empty() {
                let share = self.senders.len() as f64 / all as f64;
                self.pace = Some(Pace::new(start.at, rate, share, self.number as f64));
            }
            return;
        }
        for index in 0..self.senders.len() {
            let now = self.shared.now();
            self.send_batch(self.senders[index], now);
        }
    }

    /// The next messages of a closed loop, all at once.
    #[inline]
    fn send_batch(&mut self, place: usize, now: u64) {
        let batch = self.next_batch(place, self.plan.pipeline, now, now);
        let line = &mut self.lines[place];
        if line.has_control() {
            line.outgoing.push(batch);
            self.flush(place);
            return;
        }
        let Some(payloads) = self.shared.payloads() else {
            return;
        };
        let scratch = &mut self.desk.scratch;
        match line.outgoing.send(batch, payloads, scratch, &mut line.stream) {
            Ok(sending) => self.watch(place, sending == Sending::Blocked),
            Err(error) => self.lose(place, lost_error(error)),
        }
    }

    /// Counts what is about to be sent, and what will be waited for.
    #[inline]
    fn next_batch(&mut self, place: usize, count: usize, due: u64, now: u64) -> Batch {
        let line = &mut self.lines[place];
        let first = Stamp { sender: line.sender, sequence: line.sequence, due };
        let batch = Batch { first, count };
        line.sequence += count as u64;
        match &mut line.role {
            Role::Echo(awaited) => {
                if awaited.is_empty() {
                    line.progress_at = now;
                }
                awaited.push(batch);
            }
            Role::Publisher { number } => {
                line.progress_at = now;
                self.shared.add_outstanding(*number, self.plan.connections * count);
            }
            Role::Subscriber(_) => {}
        }
        batch
    }

    /// After something has arrived: the next messages of that connection, if it has all that it waited for.
    #[inline]
    pub(super) fn go_on(&mut self, place: usize, now: u64) {
        let line = &self.lines[place];
        if let Role::Echo(awaited) = &line.role
            && awaited.is_empty()
            && self.stage == Stage::Running
            && self.pace.is_none()
            && now < self.shared.end()
        {
            self.send_batch(place, now);
        } else if line.has_control() {
            self.flush(place);
        }
    }

    pub(super) fn send_what_is_due(&mut self, now: u64) {
        if let Some(mut pace) = self.pace.take() {
            self.send_in_pace(&mut pace, now);
            self.pace = Some(pace);
        } else if std::mem::take(&mut self.is_round_over) && self.plan.is_fan_out() {
            for index in 0..self.senders.len() {
                let place = self.senders[index];
                let Role::Publisher { number } = self.lines[place].role else {
                    continue;
                };
                if self.shared.outstanding(number) == 0 {
                    self.send_batch(place, self.shared.now());
                }
            }
        }
    }

    /// All that is due by now. Several messages of one connection leave in one send.
    fn send_in_pace(&mut self, pace: &mut Pace, now: u64) {
        let all = self.senders.len();
        let begun = pace.count();
        self.is_pace_held = false;
        for _ in 0..DUE_PER_TURN_MAX {
            let place = self.senders[(pace.count() % all as u64) as usize];
            if self.is_full(place) {
                // What is due stays due, and is sent when there is room, or counted in the end.
                self.is_pace_held = true;
                break;
            }
            let Some((_, due)) = pace.take(now) else {
                break;
            };
            if matches!(self.lines[place].phase, Phase::Open) {
                let batch = self.next_batch(place, 1, due, now);
                self.lines[place].outgoing.push(batch);
            }
        }
        for message in begun..pace.count().min(begun + all as u64) {
            let place = self.senders[(message % all as u64) as usize];
            let line = &self.lines[place];
            if matches!(line.phase, Phase::Open) && !line.wants_writable {
                self.flush(place);
            }
        }
    }

    /// Whether so much of a connection's is under way that its next message has to wait.
    fn is_full(&self, place: usize) -> bool {
        let line = &self.lines[place];
        let count = match &line.role {
            Role::Echo(awaited) if !line.phase.is_ended() => awaited.len(),
            _ => line.outgoing.len(),
        };
        count >= (UNDER_WAY_MAX / self.senders.len()).max(UNDER_WAY_MIN)
    }

    /// The time is up: nothing more is sent, and what is under way is waited for.
    pub(super) fn stop(&mut self, now: u64) {
        self.stage = Stage::Draining { by: now + DRAIN_TIME };
        let mut unsent = Vec::new();
        for line in &mut self.lines {
            let before = unsent.len();
            unsent.extend(line.outgoing.take_unsent().map(|stamp| stamp.due));
            let count = unsent.len() - before;
            match &mut line.role {
                Role::Echo(awaited) if !line.phase.is_ended() => awaited.forget_last(count),
                Role::Publisher { number } => {
                    let deliveries = (count * self.plan.connections) as u64;
                    self.shared.deliver(*number, deliveries);
                }
                _ => {}
            }
        }
        let (Some(pace), Some(statistics)) = (&mut self.pace, &mut self.statistics) else {
            return;
        };
        let late = std::iter::from_fn(|| Some(pace.take(now)?.1));
        for due in unsent.into_iter().chain(late) {
            if statistics.counts(due) {
                // It has waited for as long at least.
                statistics.record(due, now, 1);
                self.unsent += 1;
            }
        }
    }

    pub(super) fn is_all_answered(&self) -> bool {
        if self.plan.is_fan_out() {
            return (0..self.plan.publishers).all(|number| self.shared.outstanding(number) == 0);
        }
        self.lines.iter().all(|line| match &line.role {
            Role::Echo(awaited) => awaited.is_empty() || line.phase.is_ended(),
            _ => true,
        })
    }

    /// Counts what has no answer by now, and begins to close.
    pub(super) fn close_all(&mut self, now: u64) {
        self.count_outstanding();
        self.stage = Stage::Closing { by: now + CLOSE_TIME };
        for place in 0..self.lines.len() {
            if let Phase::Open = self.lines[place].phase {
                self.count_unanswered(place);
            }
            let line = &mut self.lines[place];
            match line.phase {
                Phase::Open => {
                    line.close();
                    if line.phase.is_ended() {
                        line.phase = Phase::Closing;
                        self.end(place);
                    } else {
                        self.flush(place);
                    }
                }
                Phase::Connecting | Phase::Opening(_) | Phase::Joining(_) => self.end(place),
                Phase::Closing | Phase::Ended => {}
            }
        }
    }

    /// Counts what a connection still waits for. It has waited for as long at least: a server that never answers is not to look
    /// quick.
    pub(super) fn count_unanswered(&mut self, place: usize) {
        let Role::Echo(awaited) = &self.lines[place].role else {
            return;
        };
        self.desk.errors.unanswered += awaited.len() as u64;
        let now = self.shared.now();
        if let Some(statistics) = &mut self.statistics {
            for batch in awaited.batches() {
                statistics.record(batch.first.due, now, batch.count as u64);
            }
        }
    }

    /// Deliveries that have not happened are counted by the worker of their publisher.
    pub(super) fn count_outstanding(&mut self) {
        for place in &self.senders {
            if let Role::Publisher { number } = self.lines[*place].role {
                self.desk.errors.unanswered += self.shared.outstanding(number);
            }
        }
    }

    /// Ends connections that have waited for too long.
    pub(super) fn look_for_the_silent(&mut self, now: u64) {
        match self.stage {
            Stage::Opening => return self.look_for_slow_openings(now),
            Stage::Running => {}
            _ => return,
        }
        for place in 0..self.lines.len() {
            let line = &self.lines[place];
            if now.saturating_sub(line.progress_at) < SILENCE_MAX {
                continue;
            }
            match &line.role {
                Role::Echo(awaited) if !awaited.is_empty() => self.lose(place, LostError::Silent),
                Role::Publisher { number } if self.shared.outstanding(*number) > 0 => {
                    let url = self.plan.target.url.clone();
                    self.shared.fail(BenchError::Lost(url, LostError::Silent));
                    return;
                }
                _ => {}
            }
        }
    }
}

/// Messages of a worker that may be under way in an open loop, some of them on every connection: memory has a bound, and what
/// is due behind them waits without any.
const UNDER_WAY_MAX: usize = 1 << 20;
const UNDER_WAY_MIN: usize = 256;
/// So that what arrives has its turn as well.
const DUE_PER_TURN_MAX: usize = 4096;
