//! What homes give to relays, as much as may be under way.
//!
//! A relay is itself a subscriber with a position: when what is for it is over the bound of its worker, it is behind at a
//! number, and nothing is kept for it. When there is room again it gets what it has missed from the home's history, page by
//! page, then who is there by now, and is live again. What history does not have its subscribers are told is lost.

use super::Hub;
use crate::command::PresenceView;
use crate::effects::{Effects, Now, WorkerIndex};
use crate::home::Missing;
use crate::limits::PAGE_MEMBERS_MAX;
use crate::mail::{Letter, Missed, RelayNews};
use crate::names::ChannelName;
use crate::namespace::Namespace;
use crate::publication::Publication;
use crate::session::{Subscription, SubscriptionPhase};
use crate::told::Own;
use crate::under_way::{Behind, Load};
use std::sync::Arc;

impl Hub {
    /// Whether another letter of fan-out may be sent to a worker. To this one it is not sent.
    pub(super) fn has_room(&self, worker: WorkerIndex) -> bool {
        self.pairs[usize::from(worker.0)].has_room(self.config.fan_out)
    }

    /// Gives a publication to the relays of its channel, and to those of patterns.
    pub(super) fn fan_out(
        &mut self,
        index: u32,
        publication: &Arc<Publication>,
        namespace: &Namespace,
        effects: &mut impl Effects,
    ) {
        let missing = (publication.sequence > 0)
            .then_some(Missing { after: publication.previous, presence: false });
        let news = || RelayNews::Published(Arc::clone(publication));
        let left_out = self.offer_relays(index, missing, news, effects);
        if publication.sequence == 0 {
            self.stats.volatile_dropped += left_out;
        }
        if !self.watchers.is_empty() {
            let channel = self.homes[index as usize].channel.clone();
            self.tell_watchers(&channel, publication, namespace, effects);
        }
    }

    /// Tells what has changed in a channel's presence, if anything has, and if its namespace wants that told.
    pub(super) fn tell_presence(&mut self, channel: &ChannelName, effects: &mut impl Effects) {
        let Some(index) = self.homes_by_channel.get(channel).copied() else {
            return;
        };
        let home = &mut self.homes[index as usize];
        let Some(diff) = home.presence.take_diff().map(Arc::new) else {
            return;
        };
        let missing = Missing { after: home.top().sequence, presence: true };
        let namespace = self.config.namespaces.of(channel);
        if namespace.is_some_and(|(_, namespace)| namespace.join_leave) {
            let news = || RelayNews::Presence(Arc::clone(&diff));
            self.offer_relays(index, Some(missing), news, effects);
        }
    }

    /// Tells all relays of a channel what none of them may miss.
    pub(super) fn tell_relays(
        &mut self,
        index: u32,
        news: impl Fn() -> RelayNews,
        effects: &mut impl Effects,
    ) {
        for place in 0..self.homes[index as usize].relays.len() {
            let (worker, _) = self.homes[index as usize].relays.at(place);
            self.post_to_relay(index, worker, news(), effects);
        }
    }

    /// Gives something to the relays of a channel to which it may be sent. To how many it may not: they are behind, and
    /// this is `missing`, if it is to be made up for.
    fn offer_relays(
        &mut self,
        index: u32,
        missing: Option<Missing>,
        news: impl Fn() -> RelayNews,
        effects: &mut impl Effects,
    ) -> u64 {
        let mut left_out = 0;
        for place in 0..self.homes[index as usize].relays.len() {
            let (worker, is_behind) = self.homes[index as usize].relays.at(place);
            if !is_behind && self.has_room(worker) {
                self.post_to_relay(index, worker, news(), effects);
                continue;
            }
            left_out += 1;
            if let Some(missing) = missing
                && self.homes[index as usize].relays.miss(place, missing)
            {
                self.stats.relays_lagged += 1;
                self.stats.relays_behind += 1;
                self.pairs[usize::from(worker.0)].line_up(Behind::Channel(index));
            }
        }
        left_out
    }

    fn post_to_relay(
        &mut self,
        index: u32,
        worker: WorkerIndex,
        news: RelayNews,
        effects: &mut impl Effects,
    ) {
        let channel = self.homes[index as usize].channel.clone();
        self.post(worker, Letter::ToRelay { channel, news }, effects);
    }

    /// Forgets the relay of a channel on a worker, if there is one.
    pub(super) fn close_relay_of(&mut self, index: u32, worker: WorkerIndex) {
        if self.homes[index as usize].relays.remove(worker) {
            self.stats.relays_behind -= 1;
            self.pairs[usize::from(worker.0)].forget(&Behind::Channel(index));
        }
    }

    /// A worker has taken some of what was under way: whoever is behind there goes on, in turns, as far as there is room.
    pub(super) fn taken(
        &mut self,
        now: Now,
        by: WorkerIndex,
        load: Load,
        effects: &mut impl Effects,
    ) {
        let bound = self.config.fan_out;
        self.pairs[usize::from(by.0)].arrived(load);
        self.stats.fan_out_under_way -= load.letters as u64;
        while let Some(behind) = self.pairs[usize::from(by.0)].next(bound) {
            match behind {
                Behind::Channel(index) => self.catch_relay_up(now, index, by, effects),
                Behind::Pattern(pattern) => self.tell_watcher_of_loss(pattern, by, effects),
            }
        }
    }

    fn catch_relay_up(
        &mut self,
        now: Now,
        index: u32,
        worker: WorkerIndex,
        effects: &mut impl Effects,
    ) {
        let home = &mut self.homes[index as usize];
        let Some(missing) = home.relays.missing(worker) else {
            return;
        };
        let (missed, after) = home.missed(missing.after, now);
        let is_all = missed.is_all;
        self.stats.relays_caught_up += missed.publications.len() as u64;
        self.post_to_relay(index, worker, RelayNews::Missed(Box::new(missed)), effects);
        if !is_all {
            let home = &mut self.homes[index as usize];
            home.relays.catch_up(worker, Some(Missing { after, ..missing }));
            return self.pairs[usize::from(worker.0)].line_up(Behind::Channel(index));
        }
        if missing.presence {
            self.tell_members(index, worker, effects);
        }
        self.homes[index as usize].relays.catch_up(worker, None);
        self.stats.relays_behind -= 1;
    }

    /// Tells one relay who is there.
    fn tell_members(&mut self, index: u32, worker: WorkerIndex, effects: &mut impl Effects) {
        let channel = self.homes[index as usize].channel.clone();
        // Before the page, so that it follows on the last diff, which this relay does not get.
        self.tell_presence(&channel, effects);
        let presence = &self.homes[index as usize].presence;
        let page = presence.page(channel, &PresenceView::AllSessions, PAGE_MEMBERS_MAX);
        self.post_to_relay(index, worker, RelayNews::Members(Box::new(page)), effects);
    }

    /// A relay here was behind, and gets a part of what it has missed.
    pub(super) fn relay_missed(
        &mut self,
        now: Now,
        index: u32,
        missed: Missed,
        effects: &mut impl Effects,
    ) {
        let relay = &mut self.relays[index as usize];
        if missed.lost_to > relay.top() {
            self.stats.relays_lost += 1;
            relay.lose(missed.lost_to, effects);
        }
        for publication in &missed.publications {
            self.relay_publication(now, index, publication, effects);
            self.tell_place_to_publisher(index, publication, effects);
        }
        if missed.is_all {
            for key in std::mem::take(&mut self.relays[index as usize].ahead) {
                self.catch_up(now, key, effects);
            }
        }
    }

    /// Tells a publisher that does not get its own where it is now. It would know from its receipt; but that came before this,
    /// and may be lost with an earlier connection.
    fn tell_place_to_publisher(
        &mut self,
        index: u32,
        publication: &Publication,
        effects: &mut impl Effects,
    ) {
        let Some(connection) = self.publisher_left_out(publication) else {
            return;
        };
        let publisher = publication.publisher.as_ref();
        let key = publisher.and_then(|publisher| self.local_key(publisher.session));
        let held = key.and_then(|key| self.subscription_mut(key, index));
        let is_live = |held: &&mut Subscription| held.phase == SubscriptionPhase::Live;
        let Some(topic) = held.filter(is_live).map(|held| held.topic) else {
            return;
        };
        let relay = &self.relays[index as usize];
        if let (Some(channel), Some(position)) = (relay.channel(), relay.topic_position(topic))
            && position.sequence == publication.sequence
        {
            effects.tell(connection, &Own::CaughtUp { channel, position });
        }
    }
}
