//! Judges what clients wrote down by what the protocol promises (`docs/protocol.md`). It knows nothing of how clients,
//! network and server came to it.

mod patterns;
mod stream;
mod whole;

#[cfg(test)]
mod tests;

use crate::log::{Audit, Channel, Log};
use std::collections::BTreeMap;
use std::fmt;
use stream::Reading;

/// What was seen in all logs.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) faults: Vec<Fault>,
    pub(crate) counts: Counts,
}

/// How much there was of what, to see that anything was tested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) deliveries: usize,
    /// Publications that came again after the client had them, which clients leave.
    pub(crate) repeated: usize,
    pub(crate) resumed: usize,
    pub(crate) began_anew: usize,
    pub(crate) recovered: usize,
    /// How often loss was told of, and how many subscriptions heard of another epoch by it.
    pub(crate) told_lost: usize,
    pub(crate) new_epochs: usize,
    pub(crate) refused: usize,
    pub(crate) receipts: usize,
    /// Publications that were sent more than once.
    pub(crate) sent_again: usize,
    /// Publications that came by a pattern.
    pub(crate) watched: usize,
    /// Publications that their publishers did not want to get.
    pub(crate) left_out: usize,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Whose log has it. `None`: it is in what is left at the end.
    pub(crate) client: Option<usize>,
    pub(crate) channel: Channel,
    pub(crate) kind: Kind,
}

/// Which promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Between these two numbers it was told of nothing.
    Gap { last: u64, next: u64 },
    /// Everything was delivered, says the chain of `previous`; but this was not.
    Missing { sequence: u64 },
    /// This came after a later one.
    Reordered { sequence: u64 },
    /// One publication was delivered or acknowledged as two.
    TwoNumbers { id: u64 },
    /// Two publications have one number.
    OneNumber { sequence: u64 },
    /// It came to somebody who is not subscribed.
    Uninvited { sequence: u64 },
    /// It came to its publisher, who did not want it.
    Echoed { id: u64 },
    /// It came by a pattern that its channel is not of, or once more.
    Stray { id: u64 },
    /// It was allowed to somebody who may not.
    Forbidden,
    /// It was refused to somebody who may.
    Refused,
    /// The channel began anew, and the subscriber was not told of loss.
    SilentEpoch,
    /// It asked for what it had missed, and was not told what becomes of it.
    NotRecovered,
    /// It was told of loss where everything is kept.
    NeedlessLoss { from: u64, to: u64 },
    /// Something acknowledged is not there.
    ReceiptNotKept { id: u64 },
    /// Something was published that nobody was allowed to publish.
    Smuggled { id: u64 },
    /// A publication was never answered.
    Unanswered { id: u64 },
    /// A subscriber is not there.
    Absent,
    /// A session is there that is over, or is no subscriber.
    Ghost { session: String },
    /// A subscription was ended by the server.
    Revoked,
    /// It was told what is no message, or of what it has not to do with.
    Nonsense { what: String },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.client {
            Some(client) => write!(f, "client {client}, ")?,
            None => write!(f, "at the end, ")?,
        }
        write!(f, "channel {}: {:?}", self.channel, self.kind)
    }
}

/// Judges everything.
pub(crate) fn check(logs: &[Log], audit: &Audit) -> Verdict {
    let mut verdict = Verdict::default();
    let mut readings = Vec::new();
    for (client, log) in logs.iter().enumerate() {
        let mut reading = Reading::new(client, log);
        reading.read(&mut verdict);
        readings.push(reading);
    }
    whole::check(logs, &readings, audit, &mut verdict);
    verdict
}

impl Verdict {
    fn add(&mut self, client: impl Into<Option<usize>>, channel: Channel, kind: Kind) {
        self.faults.push(Fault { client: client.into(), channel, kind });
    }

    /// Fails the test if there is anything wrong, and says what.
    pub(crate) fn expect_no_faults(&self) {
        let mut kinds: BTreeMap<String, Vec<&Fault>> = BTreeMap::new();
        for fault in &self.faults {
            let kind = format!("{:?}", fault.kind);
            let word = kind.split([' ', '{']).next().unwrap_or_default();
            kinds.entry(word.to_owned()).or_default().push(fault);
        }
        let mut shown = String::new();
        for (kind, faults) in kinds {
            shown += &format!("{kind}: {} faults\n", faults.len());
            for fault in faults.into_iter().take(SHOWN_MAX) {
                shown += &format!("    {fault}\n");
            }
        }
        assert!(self.faults.is_empty(), "{shown}");
    }
}

/// Of each kind.
const SHOWN_MAX: usize = 12;
