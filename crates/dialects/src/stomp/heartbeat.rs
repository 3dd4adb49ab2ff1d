//! Who says how often that it is there (STOMP 1.2, "Heart-beating").

use crate::dialect::DialectError;
use std::time::{Duration, Instant};

/// What was agreed on. Nothing is before `CONNECT`, or with who wants none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heartbeat {
    /// How often this side sends, and when next.
    sent: Option<(Duration, Instant)>,
    /// How long the other side may be silent, and until when.
    heard: Option<(Duration, Instant)>,
}

impl Heartbeat {
    /// Agrees with a client: of what each can send and wants to get the longer interval counts, and none if either is 0.
    pub(super) fn agree(header: Option<&str>, now: Instant) -> Result<Self, DialectError> {
        let (can_send, wants) = header.unwrap_or("0,0").split_once(',').ok_or_else(malformed)?;
        let agree = |theirs: &str| -> Result<Option<Duration>, DialectError> {
            // 32 bits of milliseconds are 49 days, so that no deadline is out of reach.
            let theirs: u32 = theirs.parse().map_err(|_| malformed())?;
            let interval = Duration::from_millis(theirs.into()).max(INTERVAL);
            Ok((theirs > 0).then_some(interval))
        };
        let heard =
            agree(can_send)?.map(|interval| (interval * TOLERANCE, now + interval * TOLERANCE));
        let sent = agree(wants)?.map(|interval| (interval, now + interval));
        Ok(Self { sent, heard })
    }

    /// Anything that arrives is a sign.
    pub(super) fn hear(&mut self, now: Instant) {
        if let Some((interval, until)) = &mut self.heard {
            *until = now + *interval;
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.sent.into_iter().chain(self.heard).map(|(_, until)| until).min()
    }

    /// True: it is time to give a sign.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<bool, DialectError> {
        if self.heard.is_some_and(|(_, until)| now >= until) {
            return Err(DialectError::Silent);
        }
        match &mut self.sent {
            Some((interval, next)) if now >= *next => {
                *next = now + *interval;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

fn malformed() -> DialectError {
    DialectError::expected("expected two numbers of milliseconds in heart-beat")
}

/// How often this side can send, and wants to hear.
pub(super) const INTERVAL: Duration = Duration::from_secs(10);

/// "because of timing inaccuracies, the receiver SHOULD be tolerant and take into account an error margin".
const TOLERANCE: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::start;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_longer_interval_counts_and_none_if_either_wants_none() {
        let now = start();
        let agreed = |header| {
            let Heartbeat { sent, heard } = Heartbeat::agree(header, now).expect("a header");
            [heard, sent].map(|each| each.map(|(interval, _)| interval))
        };
        assert_eq!(agreed(None), [None, None]);
        assert_eq!(agreed(Some("0,0")), [None, None]);
        assert_eq!(agreed(Some("30000,0")), [Some(60 * SECOND), None]);
        assert_eq!(agreed(Some("1,20000")), [Some(20 * SECOND), Some(20 * SECOND)]);
        let latest = format!("{0},{0}", u32::MAX);
        assert!(agreed(Some(&latest))[0].is_some());
        for wrong in ["", "1", "1,", "-1,0", "4294967296,0", "1,2,3"] {
            assert!(Heartbeat::agree(Some(wrong), now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_side_gives_signs_and_silence_ends_it() {
        let mut now = start();
        let mut heartbeat = Heartbeat::agree(Some("10000,10000"), now).expect("a header");
        for _ in 0..3 {
            now += INTERVAL;
            assert_eq!(heartbeat.poll_timeout(), Some(now));
            assert_eq!(heartbeat.handle_timeout(now), Ok(true));
            assert_eq!(heartbeat.handle_timeout(now), Ok(false));
            heartbeat.hear(now);
        }
        assert_eq!(heartbeat.handle_timeout(now + INTERVAL), Ok(true));
        assert_eq!(heartbeat.handle_timeout(now + INTERVAL * 2), Err(DialectError::Silent));
    }
}
