//! The end of subscriptions: because their clients want it, or because somebody else does.

use super::Hub;
use crate::effects::{Effects, SessionKey};
use crate::ending::Revocation;
use crate::mail::HomeRequest;
use crate::refusal::{Refusal, RefusalCode};
use crate::relay::Subject;
use crate::session::SubscriptionPhase;
use crate::told::Own;

impl Hub {
    pub(super) fn unsubscribe(
        &mut self,
        key: SessionKey,
        name: &str,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        let index = self.subscribed(key, name)?;
        self.end_subscription(key, index, effects);
        Ok(())
    }

    /// The relay of what a session subscribes to.
    pub(super) fn subscribed(&self, key: SessionKey, name: &str) -> Result<u32, Refusal> {
        let subject = Subject::new(name)
            .map_err(|error| Refusal::new(RefusalCode::BadRequest, error.to_string()))?;
        self.subscribed_to(key, &subject).ok_or_else(|| {
            Refusal::new(RefusalCode::NotSubscribed, format!("it is not subscribed to {name}"))
        })
    }

    /// As [`Hub::subscribed`].
    pub(super) fn subscribed_to(&self, key: SessionKey, subject: &Subject) -> Option<u32> {
        let relay = self.relays_by_subject.get(subject).copied();
        relay.filter(|relay| self.subscription_index(key, *relay).is_some())
    }

    /// Ends a subscription, whatever it is doing.
    pub(super) fn end_subscription(
        &mut self,
        key: SessionKey,
        index: u32,
        effects: &mut impl Effects,
    ) {
        let Some(place) = self.subscription_index(key, index) else {
            return;
        };
        let Some(session) = self.session_mut(key) else {
            return;
        };
        let subscription = session.subscriptions.swap_remove(place);
        let (id, connection, moves) = (session.id, session.connection, session.moves());
        if let Some(rare) = &subscription.rare
            && subscription.phase == SubscriptionPhase::Beginning
            && rare.begin.is_asked_for
        {
            let text = "the subscription was ended before it began";
            let refusal = Refusal::new(RefusalCode::Unavailable, text);
            self.tell(key, &Own::Refused { id: rare.begin.id, refusal: &refusal }, effects);
        }
        let relay = &self.relays[index as usize];
        if let (SubscriptionPhase::Live, Some(connection)) = (subscription.phase, connection) {
            effects.leave(connection, relay.topics[usize::from(subscription.topic)].key);
        }
        if let Some(channel) = relay.channel().filter(|_| subscription.is_present).cloned() {
            self.ask_home(&channel, HomeRequest::Leave { session: id, moves }, effects);
        }
        self.stats.subscriptions -= 1;
        self.stats.subscriptions_behind -=
            u64::from(subscription.phase == SubscriptionPhase::Behind);
        self.relays[index as usize].ahead.remove(&key);
        self.release_relay(index, subscription.topic, effects);
    }

    /// Ends a subscription that is not allowed any more, and says so.
    pub(super) fn revoke(
        &mut self,
        key: SessionKey,
        index: u32,
        reason: Revocation,
        effects: &mut impl Effects,
    ) {
        let subject = self.relays[index as usize].subject.to_string();
        // Its client was not told yet that it is subscribed: now it is refused, and not revoked as well.
        let is_refused = self
            .subscription_mut(key, index)
            .is_some_and(|held| held.phase == SubscriptionPhase::Beginning && held.was_asked_for());
        self.end_subscription(key, index, effects);
        if !is_refused {
            self.tell(key, &Own::Revoked { subject: &subject, reason }, effects);
        }
    }

    /// Ends all subscriptions of a relay.
    pub(super) fn revoke_all(
        &mut self,
        index: u32,
        reason: Revocation,
        effects: &mut impl Effects,
    ) {
        let keys: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.subscriptions.iter().any(|held| held.relay == index))
            .map(|(slot, _)| SessionKey { slot: slot as u32, generation: self.generations[slot] })
            .collect();
        for key in keys {
            self.revoke(key, index, reason, effects);
        }
    }
}
