//! A thread of the generator: its connections, one loop on epoll.
//!
//! ```text
//!   Opening ── all are open ──► Running ── the time is up ──► Draining ── all answered ──► Closing ──► Done
//! ```
//!
//! It is a loop of its own, and not a worker of the engine, because it has to wait by the microsecond, to count bytes on the
//! wire, and to speak without WebSocket; what it speaks otherwise is the engine's `protocol`.

mod opening;
mod sending;

use crate::desk::Desk;
use crate::error::{BenchError, LostError};
use crate::line::{Line, Outcome, Phase, lost_error};
use crate::outgoing::Sending;
use crate::pace::Pace;
use crate::plan::{Plan, Target};
use crate::shared::Shared;
use crate::statistics::Statistics;
use rustix::event::Timespec;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;

/// One thread of the generator.
#[derive(Debug)]
pub(crate) struct Worker<'r> {
    plan: &'r Plan,
    shared: &'r Shared,
    number: usize,
    epoll: OwnedFd,
    /// Ends waits to the microsecond, which epoll alone does to the millisecond.
    timer: OwnedFd,
    /// Connections in the order in which they were begun; the number of one is `number + workers * its place`.
    lines: Vec<Line>,
    /// Of them, those that are being opened, those that are open, and those that have ended.
    opening: usize,
    opened: usize,
    ended: usize,
    stage: Stage,
    desk: Desk,
    statistics: Option<Statistics>,
    pace: Option<Pace>,
    /// A message is due and has to wait for room.
    is_pace_held: bool,
    /// Those that send in an open loop, by their places.
    senders: Vec<usize>,
    /// A publisher of this worker may have been waited for.
    is_round_over: bool,
    looked_at: u64,
    /// Messages that were due and never sent.
    unsent: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    Running,
    Draining { by: u64 },
    Closing { by: u64 },
    Done,
}

/// What a worker has seen.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) errors: crate::errors::Errors,
    pub(crate) statistics: Option<Statistics>,
    pub(crate) unsent: u64,
}

impl<'r> Worker<'r> {
    pub(crate) fn new(plan: &'r Plan, shared: &'r Shared, number: usize) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, shared.waker(number), EventData::new_u64(WAKER), EventFlags::IN)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
        // It is never read: each time that it is due is news.
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)?;
        Ok(Self {
            plan,
            shared,
            number,
            epoll,
            timer,
            lines: Vec::new(),
            opening: 0,
            opened: 0,
            ended: 0,
            stage: Stage::Opening,
            desk: Desk::new(plan),
            statistics: None,
            pace: None,
            is_pace_held: false,
            senders: Vec::new(),
            is_round_over: false,
            looked_at: 0,
            unsent: 0,
        })
    }

    /// Does everything.
    pub(crate) fn run(mut self) -> io::Result<Tally> {
        // The system may let a thread sleep 50 µs longer than it asked for.
        let _as_it_is = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
        let mut events = Vec::with_capacity(EVENTS_MAX);
        while self.stage != Stage::Done && !self.shared.is_fatal() {
            let now = self.shared.now();
            self.turn(now);
            let timeout = timespec(self.prepare_to_wait(now)?);
            events.clear();
            match epoll::wait(
                &self.epoll,
                rustix::buffer::spare_capacity(&mut events),
                Some(&timeout),
            ) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in &events {
                self.handle_event(*event);
            }
            self.report();
        }
        if matches!(self.stage, Stage::Running | Stage::Draining { .. }) {
            // What ended the run has left no time to wait for the rest.
            self.count_outstanding();
        }
        self.report();
        Ok(Tally { errors: self.desk.errors, statistics: self.statistics, unsent: self.unsent })
    }

    /// What is due without anything having arrived.
    fn turn(&mut self, now: u64) {
        match self.stage {
            Stage::Opening => {
                self.open_more(now);
                match self.shared.start() {
                    Some(start) if self.statistics.is_none() => {
                        // Before messages flow: it takes a while.
                        self.statistics = Some(Statistics::new(start.window));
                    }
                    Some(start) if start.at <= now => self.begin(start),
                    _ if self.shared.end() <= now => self.stage = Stage::Draining { by: now },
                    _ => {}
                }
            }
            Stage::Running if self.shared.end() <= now => self.stop(now),
            Stage::Running => self.send_what_is_due(now),
            Stage::Draining { by } => {
                if self.is_all_answered() || by <= now {
                    self.close_all(now);
                }
            }
            Stage::Closing { by } => {
                if self.ended >= self.lines.len() || by <= now {
                    self.stage = Stage::Done;
                }
            }
            Stage::Done => {}
        }
        if now >= self.looked_at + LOOK_INTERVAL {
            self.looked_at = now;
            self.look_for_the_silent(now);
        }
    }

    /// How long to wait at most, to the millisecond; the timer is set where that is too coarse.
    fn prepare_to_wait(&self, now: u64) -> io::Result<u64> {
        let until = match self.stage {
            Stage::Running if self.plan.spin => now,
            Stage::Running if self.is_pace_held => now + HELD_WAIT,
            Stage::Running => self.pace.as_ref().map_or(u64::MAX, Pace::next),
            Stage::Opening => self.shared.start().map_or(u64::MAX, |start| start.at),
            Stage::Draining { by } | Stage::Closing { by } => by,
            Stage::Done => now,
        };
        let wait = until.saturating_sub(now).min(self.wait_max());
        if wait > 0 && self.pace.is_some() && self.stage == Stage::Running {
            let it_interval = timespec(0);
            let time = Itimerspec { it_interval, it_value: timespec(wait) };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &time)?;
            return Ok(LOOK_INTERVAL);
        }
        Ok(wait)
    }

    /// The numbers of connections follow from how the workers share them.
    const fn number_of(&self, place: usize) -> usize {
        self.number + self.plan.workers * place
    }

    fn target(&self, place: usize) -> &'r Target {
        match &self.plan.publish {
            Some(publish) if self.number_of(place) >= self.plan.connections => publish,
            _ => &self.plan.target,
        }
    }

    #[inline]
    fn handle_event(&mut self, event: Event) {
        let data = event.data.u64();
        if data == WAKER {
            let mut count = [0; 8];
            let _woken = rustix::io::read(self.shared.waker(self.number), &mut count);
            self.is_round_over = true;
            return;
        }
        if data == TIMER {
            return;
        }
        let place = data as usize;
        let flags = event.flags;
        match self.lines[place].phase {
            Phase::Connecting => self.handle_connected(place),
            Phase::Opening(_) | Phase::Joining(_) => self.handle_opening(place),
            Phase::Open | Phase::Closing => {
                if flags.contains(EventFlags::OUT) && !self.flush(place) {
                    return;
                }
                if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                    self.handle_readable(place);
                }
            }
            Phase::Ended => {}
        }
    }

    #[inline]
    fn handle_readable(&mut self, place: usize) {
        let Some(payloads) = self.shared.payloads() else {
            return;
        };
        let outcome = self.lines[place].receive(payloads, &mut self.desk);
        let now = self.shared.now();
        self.settle(place, now);
        match outcome {
            Outcome::Fine => self.go_on(place, now),
            Outcome::Closed => self.end(place),
            Outcome::Lost(error) => self.lose(place, error),
        }
    }

    /// Notes the answers that have arrived.
    #[inline]
    fn settle(&mut self, place: usize, now: u64) {
        if self.desk.answers.is_empty() {
            return;
        }
        self.lines[place].progress_at = now;
        let mut answers = std::mem::take(&mut self.desk.answers);
        for answer in &answers {
            if let Some(statistics) = &mut self.statistics {
                statistics.record(answer.stamp.due, now, answer.count);
            }
            if self.plan.is_fan_out() {
                let publisher = usize::from(answer.stamp.sender);
                if self.shared.deliver(publisher, answer.advanced) {
                    self.tell_publisher(publisher);
                }
            }
        }
        answers.clear();
        self.desk.answers = answers;
    }

    fn tell_publisher(&mut self, publisher: usize) {
        let worker = (self.plan.connections + publisher) % self.plan.workers;
        if worker == self.number {
            self.is_round_over = true;
        } else {
            self.shared.wake(worker);
        }
    }

    /// Sends what waits on a connection; `false` if that has lost it.
    #[inline]
    fn flush(&mut self, place: usize) -> bool {
        let line = &mut self.lines[place];
        let sending = match line.flush(self.shared.payloads(), &mut self.desk.scratch) {
            Ok(sending) => sending,
            Err(error) => {
                self.lose(place, lost_error(error));
                return false;
            }
        };
        self.watch(place, sending == Sending::Blocked);
        true
    }

    /// Has the loop tell when more can be sent, or not any more.
    #[inline]
    fn watch(&mut self, place: usize, wants_writable: bool) {
        let line = &mut self.lines[place];
        if line.wants_writable == wants_writable {
            return;
        }
        line.wants_writable = wants_writable;
        let flags = if wants_writable { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
        let data = EventData::new_u64(place as u64);
        if let Err(error) = epoll::modify(&self.epoll, line.stream.fd(), data, flags) {
            self.shared.fail(BenchError::System("epoll", error.into()));
        }
    }

    /// The connection is gone, and should not be.
    #[cold]
    fn lose(&mut self, place: usize, error: LostError) {
        if self.lines[place].phase.is_ended() {
            return;
        }
        let is_leaving = matches!(self.stage, Stage::Closing { .. } | Stage::Done);
        self.end(place);
        if is_leaving {
            return;
        }
        self.desk.errors.lost_connections += 1;
        self.count_unanswered(place);
        let fault = BenchError::Lost(self.target(place).url.clone(), error);
        // A subscriber less would be waited for in every round; without any connection there is nothing to measure.
        if self.plan.is_fan_out() {
            return self.shared.fail(fault);
        }
        self.shared.note(fault);
        if self.ended == self.lines.len() && self.stage == Stage::Running {
            self.stage = Stage::Done;
        }
    }

    fn end(&mut self, place: usize) {
        let line = &mut self.lines[place];
        if !line.phase.is_ended() {
            line.phase = Phase::Ended;
            self.ended += 1;
            // Its descriptor may be gone from there already.
            let _gone = epoll::delete(&self.epoll, line.stream.fd());
            line.stream.hang_up();
        }
    }

    fn report(&self) {
        let counters = &self.shared.counters[self.number];
        counters.messages.store(self.desk.messages, Ordering::Relaxed);
        counters.received.store(self.desk.received, Ordering::Relaxed);
        let errors = self.desk.errors.named().iter().map(|(_, count)| count).sum();
        counters.errors.store(errors, Ordering::Relaxed);
    }

    const fn wait_max(&self) -> u64 {
        match self.stage {
            Stage::Opening | Stage::Draining { .. } | Stage::Closing { .. } => 5_000_000,
            Stage::Running | Stage::Done => LOOK_INTERVAL,
        }
    }
}

const fn timespec(nanoseconds: u64) -> Timespec {
    Timespec {
        tv_sec: (nanoseconds / 1_000_000_000) as i64,
        tv_nsec: (nanoseconds % 1_000_000_000) as i64,
    }
}

/// In the places of connections'.
const WAKER: u64 = u64::MAX;
const TIMER: u64 = u64::MAX - 1;
const EVENTS_MAX: usize = 1024;
/// Between two looks at who has been silent for too long.
const LOOK_INTERVAL: u64 = 200_000_000;
/// Until a message that had no room is tried again.
const HELD_WAIT: u64 = 1_000_000;
/// For a connection to open.
const OPEN_TIMEOUT: u64 = 10_000_000_000;
/// For anything to come back while something is waited for.
const SILENCE_MAX: u64 = 10_000_000_000;
/// For what is under way at the end.
const DRAIN_TIME: u64 = 2_000_000_000;
const CLOSE_TIME: u64 = 1_000_000_000;
