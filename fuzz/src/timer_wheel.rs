//! The timer wheel against a sorted map: operations of four bytes, which one it is, a key, and a time in ticks.

use sockeye::worker::{Ticks, TimerWheel};
use std::collections::BTreeMap;

/// Checks that each key fires once, when its deadline has come and not before, and that the wheel is never late to say
/// when it wants to be called.
pub fn check(input: &[u8]) {
    let mut run = Run { wheel: TimerWheel::default(), due: BTreeMap::new(), now: 0 };
    for &[operation, key, high, low] in input.as_chunks::<4>().0 {
        run.step(operation, u32::from(key), u32::from(u16::from_be_bytes([high, low])));
    }
    // Far enough for everything.
    run.advance(1 << 20);
    assert!(run.due.is_empty());
}

struct Run {
    wheel: TimerWheel,
    /// By key.
    due: BTreeMap<u32, u32>,
    now: u32,
}

impl Run {
    fn step(&mut self, operation: u8, key: u32, time: u32) {
        match operation % 8 {
            0 | 1 => self.schedule(key, self.now + time),
            // What is due already fires with the next advance.
            2 => self.schedule(key, self.now.saturating_sub(time)),
            3 => {
                let due = self.now + time;
                self.wheel.schedule_earlier(key, Ticks(due));
                if self.due.get(&key).is_none_or(|already| due < *already) {
                    self.due.insert(key, due.max(self.now + 1));
                }
            }
            4 => {
                self.wheel.cancel(key);
                self.due.remove(&key);
            }
            5 if time == 0 => {
                self.wheel.schedule(key, Ticks::NEVER);
                self.due.remove(&key);
            }
            // As a worker does, which sleeps until it is called.
            5 => {
                let next = self.wheel.poll_timeout().unwrap_or(Ticks(self.now));
                self.advance(next.0.saturating_sub(self.now));
            }
            6 => self.advance(time % 16),
            _ => self.advance(time),
        }
        match (self.wheel.poll_timeout(), self.due.values().min()) {
            (_, None) => {}
            (Some(next), Some(first)) => assert!(next.0 <= *first, "{next:?} is late"),
            (None, Some(first)) => panic!("nobody waits for {first}"),
        }
    }

    fn schedule(&mut self, key: u32, due: u32) {
        self.wheel.schedule(key, Ticks(due));
        self.due.insert(key, due.max(self.now + 1));
    }

    fn advance(&mut self, time: u32) {
        self.now += time;
        let mut fired = Vec::new();
        self.wheel.advance(Ticks(self.now), &mut fired);
        fired.sort_unstable();
        let now = self.now;
        let expected: Vec<_> =
            self.due.extract_if(.., |_, due| *due <= now).map(|(key, _)| key).collect();
        assert_eq!(fired, expected, "at {now}");
    }
}
