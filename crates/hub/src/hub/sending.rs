//! Sending a subscriber what it is behind by, as its policy wants.

use crate::command::SlowPolicy;
use crate::effects::{Backlog, ConnectionKey, Effects, Now};
use crate::limits::CATCH_UP_SIZE;
use crate::names::SessionId;
use crate::publication::Publication;
use crate::relay::{Filter, Relay};
use crate::session::{Behind, Subscription};
use crate::told::{Loss, LossReason, Own};
use std::collections::HashSet;
use std::sync::Arc;

/// One subscription while publications are sent to it.
pub(super) struct Sending<'h> {
    relay: &'h Relay,
    filter: Option<Arc<Filter>>,
    subscription: &'h mut Subscription,
    session: SessionId,
    connection: ConnectionKey,
    /// They are the latest of each key. Between them there were others, which are left out: that is told each time before the
    /// next is sent, so that whoever goes away in the middle knows.
    pub(super) skips_between: bool,
}

impl<'h> Sending<'h> {
    pub(super) fn new(
        relay: &'h Relay,
        subscription: &'h mut Subscription,
        (session, connection): (SessionId, ConnectionKey),
    ) -> Self {
        let filter = relay.topics[usize::from(subscription.topic)].filter.clone();
        Self { relay, filter, subscription, session, connection, skips_between: false }
    }

    /// Sends publications as the subscription's policy wants. Those that are left out are told of as lost.
    pub(super) fn send(
        &mut self,
        publications: &[Arc<Publication>],
        now: Now,
        stats: &mut crate::Stats,
        effects: &mut impl Effects,
    ) -> Sent {
        let policy = match self.subscription.has_lagged {
            true => self.subscription.slow,
            false => SlowPolicy::Replay,
        };
        let kept = kept_by(policy, publications, |publication| {
            self.filter.as_ref().is_none_or(|filter| filter.passes(publication))
        });
        let mut left_out: Option<(u64, LossReason)> = None;
        for (publication, is_kept) in publications.iter().zip(kept) {
            if self.filter.as_ref().is_some_and(|filter| !filter.passes(publication)) {
                self.subscription.behind_mut().sequence = publication.sequence;
                continue;
            }
            let expired = publication.expires_ms <= now.unix_ms;
            if !is_kept || (expired && !self.is_state()) {
                let reason = match (is_kept, policy) {
                    (true, _) => LossReason::Trimmed,
                    (false, SlowPolicy::Conflate) => LossReason::Conflated,
                    (false, _) => LossReason::Dropped,
                };
                if left_out.is_some_and(|(_, other)| other != reason) {
                    self.tell_left_out(&mut left_out, stats, effects);
                }
                left_out = Some((publication.sequence, reason));
                continue;
            }
            self.tell_left_out(&mut left_out, stats, effects);
            // It is no link of the chain: where it is the session knows from its receipt.
            if publication.leaves_out(self.session) {
                self.subscription.behind_mut().sequence = publication.sequence;
                continue;
            }
            if self.skips_between && publication.sequence > self.subscription.behind().told + 1 {
                stats.lost += 1;
                let (from, to) = (self.subscription.behind().told, publication.sequence - 1);
                self.lose(from, to, LossReason::Conflated, effects);
            }
            if self.tell(publication, stats, effects) {
                return Sent::Full;
            }
        }
        self.tell_left_out(&mut left_out, stats, effects);
        Sent::All
    }

    /// Whether what is sent are values of the channel's state: how long history keeps something is not for those.
    fn is_state(&self) -> bool {
        let begins_with_state =
            self.subscription.rare.as_ref().is_some_and(|rare| rare.state_until.is_some());
        begins_with_state || self.skips_between
    }

    /// `true`: that was enough for now.
    fn tell(
        &mut self,
        publication: &Arc<Publication>,
        stats: &mut crate::Stats,
        effects: &mut impl Effects,
    ) -> bool {
        let Some(channel) = self.relay.channel() else {
            return false;
        };
        let tag = self.subscription.rare.as_ref().map_or(&[][..], |rare| &rare.tag);
        let own = Own::Publication {
            channel,
            publication,
            previous: self.subscription.behind().told,
            tag,
        };
        let backlog = effects.tell(self.connection, &own);
        stats.caught_up += 1;
        *self.subscription.behind_mut() = Behind::at(publication.sequence);
        !matches!(backlog, Backlog::Bytes(bytes) if bytes < 2 * CATCH_UP_SIZE)
    }

    fn tell_left_out(
        &mut self,
        left_out: &mut Option<(u64, LossReason)>,
        stats: &mut crate::Stats,
        effects: &mut impl Effects,
    ) {
        if let Some((to, reason)) = left_out.take() {
            stats.lost += 1;
            self.lose(self.subscription.behind().told, to, reason, effects);
        }
    }

    pub(super) fn lose(
        &mut self,
        from: u64,
        to: u64,
        reason: LossReason,
        effects: &mut impl Effects,
    ) {
        if let Some(channel) = self.relay.channel() {
            let loss = Loss { from, to, reason };
            effects.tell(self.connection, &Own::Lost { subject: channel.as_str(), loss });
        }
        let behind = self.subscription.behind_mut();
        behind.sequence = behind.sequence.max(to);
        behind.told = behind.told.max(to);
    }
}

/// How much was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    All,
    /// As much as may wait for being sent.
    Full,
}

/// Which publications a policy leaves of those that were missed. What does not pass the filter replaces nothing.
fn kept_by(
    policy: SlowPolicy,
    publications: &[Arc<Publication>],
    passes: impl Fn(&Publication) -> bool,
) -> Vec<bool> {
    match policy {
        SlowPolicy::Replay | SlowPolicy::Disconnect => vec![true; publications.len()],
        SlowPolicy::DropOldest => {
            let mut size = 0;
            let mut kept: Vec<_> = publications
                .iter()
                .rev()
                .map(|publication| {
                    let is_last = size == 0;
                    size += if passes(publication) { publication.size() } else { 0 };
                    is_last || size <= CATCH_UP_SIZE
                })
                .collect();
            kept.reverse();
            kept
        }
        SlowPolicy::Conflate => {
            let mut seen = HashSet::new();
            let mut kept: Vec<_> = publications
                .iter()
                .rev()
                .map(|publication| {
                    let is_new = |key: &Arc<str>| seen.insert(Arc::clone(key));
                    passes(publication) && publication.key().is_none_or(is_new)
                })
                .collect();
            kept.reverse();
            kept
        }
    }
}
