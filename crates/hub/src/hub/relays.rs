//! The relays of this worker, and what they hear of homes.

use super::Hub;
use super::timers::Timer;
use crate::command::CommandId;
use crate::effects::{Effects, Now, SessionKey, TopicKey, WorkerIndex};
use crate::ending::Revocation;
use crate::identity::Permissions;
use crate::mail::{HomeRequest, RelayNews};
use crate::names::{ChannelName, SessionId};
use crate::namespace::{Access, NamespaceIndex};
use crate::publication::{Position, Publication};
use crate::relay::{Phase, Relay, Subject};
use crate::session::SubscriptionPhase;
use crate::tables::make_room;
use crate::told::{Own, PresencePage, Push};
use std::sync::Arc;

impl Hub {
    /// The relay of a channel or a pattern, which is opened if there is none.
    pub(super) fn relay(
        &mut self,
        subject: &Subject,
        namespace: NamespaceIndex,
        effects: &mut impl Effects,
    ) -> u32 {
        if let Some(index) = self.relays_by_subject.get(subject) {
            return *index;
        }
        let answers = match subject {
            Subject::Channel(_) => 1,
            Subject::Pattern(_) => self.config.workers,
        };
        self.openings = self.openings.wrapping_add(1);
        let opening = self.openings;
        let relay = Relay::new(subject.clone(), namespace, (answers, opening));
        make_room(&mut self.relays);
        let index = self.relays.insert(relay) as u32;
        self.relays_by_subject.insert(subject.clone(), index);
        let worker = self.config.worker;
        match subject {
            Subject::Channel(channel) => {
                self.ask_home(channel, HomeRequest::Open { worker, opening }, effects);
            }
            Subject::Pattern(pattern) => self.watch_everywhere(pattern, Some(opening), effects),
        }
        index
    }

    /// Counts one subscriber less; a relay without any is closed.
    pub(super) fn release_relay(&mut self, index: u32, topic: u16, effects: &mut impl Effects) {
        let relay = &mut self.relays[index as usize];
        relay.topics[usize::from(topic)].subscribers -= 1;
        relay.subscribers -= 1;
        if relay.subscribers > 0 {
            return;
        }
        let relay = self.relays.remove(index as usize);
        self.relays_by_subject.remove(&relay.subject);
        self.timers.replace(relay.heartbeat_at, None, Timer::Relay(index));
        for topic in &relay.topics {
            self.topics.remove(topic.key.0 as usize);
        }
        let worker = self.config.worker;
        match &relay.subject {
            Subject::Channel(channel) => {
                self.ask_home(channel, HomeRequest::Close { worker }, effects);
            }
            Subject::Pattern(pattern) => self.watch_everywhere(pattern, None, effects),
        }
    }

    /// A name for a new topic of a relay.
    pub(super) fn new_topic(topics: &mut slab::Slab<u32>, relay: u32) -> TopicKey {
        TopicKey(topics.insert(relay) as u32)
    }

    pub(super) fn relay_news(
        &mut self,
        now: Now,
        channel: &ChannelName,
        news: RelayNews,
        effects: &mut impl Effects,
    ) {
        // What comes after the last subscriber has gone is for nobody.
        let subject = Subject::Channel(channel.clone());
        let Some(index) = self.relays_by_subject.get(&subject).copied() else {
            return;
        };
        let relay = &mut self.relays[index as usize];
        match news {
            RelayNews::Opened { opening, epoch, top, metadata } => {
                if relay.awaits(opening) {
                    relay.open(epoch, top, metadata);
                    self.opened(now, index, effects);
                }
            }
            // What comes before that is for an earlier opening.
            _ if !relay.is_open() => {}
            RelayNews::Published(publication) => {
                self.relay_publication(now, index, &publication, effects)
            }
            RelayNews::Missed(missed) => self.relay_missed(now, index, *missed, effects),
            RelayNews::Members(page) => self.show_members(index, &page, effects),
            RelayNews::Presence(diff) => {
                relay.push(|_| Push::Presence { channel, diff: &diff }, effects);
            }
            RelayNews::Metadata(metadata) => relay.metadata = metadata,
            RelayNews::Removed => self.revoke_all(index, Revocation::Removed, effects),
        }
    }

    /// Tells who is there to those subscribers that are live and might ask.
    fn show_members(&self, index: u32, page: &PresencePage, effects: &mut impl Effects) {
        let relay = &self.relays[index as usize];
        if self.config.namespaces.get(relay.namespace).presence_access == Access::Everybody {
            return relay.push(|_| Push::Members { page }, effects);
        }
        for (slot, session) in &self.sessions {
            let is_live = session
                .subscriptions
                .iter()
                .any(|held| held.relay == index && held.phase == SubscriptionPhase::Live);
            let key = SessionKey { slot: slot as u32, generation: self.generations[slot] };
            if is_live && self.may_in(key, Permissions::PRESENCE, relay) {
                self.tell(key, &Own::Presence { id: CommandId::default(), page }, effects);
            }
        }
    }

    pub(super) fn relay_publication(
        &mut self,
        now: Now,
        index: u32,
        publication: &Arc<Publication>,
        effects: &mut impl Effects,
    ) {
        let except = self.publisher_left_out(publication);
        let relay = &mut self.relays[index as usize];
        if publication.sequence == 0 {
            if let Subject::Channel(channel) = &relay.subject {
                relay.publish_unnumbered(channel, publication, except, effects);
            }
            return;
        }
        relay.publish(publication, except, effects);
        if relay.heartbeat_at.is_none() {
            let at = now.instant + self.config.namespaces.get(relay.namespace).heartbeat;
            relay.heartbeat_at = Some(at);
            self.timers.set(at, Timer::Relay(index));
        }
    }

    /// The connection of a publisher that does not get its own publication.
    pub(super) fn publisher_left_out(
        &self,
        publication: &Publication,
    ) -> Option<crate::ConnectionKey> {
        let publisher =
            publication.publisher.as_ref().filter(|_| publication.excludes_publisher)?;
        self.session(self.local_key(publisher.session)?)?.connection
    }

    /// The place of a session, if it is here.
    pub(super) fn local_key(&self, id: SessionId) -> Option<SessionKey> {
        if let Some(key) = self.arrived.get(&id) {
            return Some(*key);
        }
        let key = SessionKey { slot: id.slot, generation: id.generation };
        let is_here = WorkerIndex(id.worker) == self.config.worker && id.node == self.config.node;
        self.session(key).filter(|session| is_here && session.id == id).map(|_| key)
    }

    pub(super) fn heartbeat(&mut self, index: u32, effects: &mut impl Effects) {
        let relay = &mut self.relays[index as usize];
        relay.heartbeat_at = None;
        let (Some(channel), Some(Position { epoch, .. })) = (relay.channel(), relay.position())
        else {
            return;
        };
        let heartbeat = |topic: &crate::relay::Topic| Push::Heartbeat {
            channel,
            position: Position { epoch, sequence: topic.last },
        };
        relay.push(heartbeat, effects);
    }

    /// Begins with those that have waited for the relay.
    pub(super) fn opened(&mut self, now: Now, index: u32, effects: &mut impl Effects) {
        let relay = &mut self.relays[index as usize];
        let Phase::Opening { waiting, .. } = std::mem::replace(&mut relay.phase, Phase::Open)
        else {
            return;
        };
        for key in waiting {
            self.begin(now, key, index, effects);
        }
    }
}
