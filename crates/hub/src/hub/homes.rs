//! The homes of this worker, and what is asked of them.

use super::Hub;
use super::timers::Timer;
use crate::effects::{Answer, Effects, Now, WorkerIndex};
use crate::home::{Home, Published};
use crate::limits::CHANNEL_GRACE;
use crate::mail::{HomeRequest, Letter, PublishRequest, RelayNews, ReplyTo};
use crate::names::ChannelName;
use crate::publication::Epoch;
use crate::refusal::{Refusal, RefusalCode};
use crate::tables::make_room;
use std::sync::Arc;
use std::time::Instant;

impl Hub {
    /// Sends a request to the home of a channel, wherever that is.
    pub(super) fn ask_home(
        &mut self,
        channel: &ChannelName,
        request: HomeRequest,
        effects: &mut impl Effects,
    ) {
        let worker = self.worker_of(channel);
        self.post(worker, Letter::ToHome { channel: channel.clone(), request }, effects);
    }

    pub(super) fn home_request(
        &mut self,
        now: Now,
        channel: ChannelName,
        request: HomeRequest,
        effects: &mut impl Effects,
    ) {
        if self.config.namespaces.of(&channel).is_none() {
            // Who asks has looked; namespaces are the same everywhere.
            return;
        }
        let request = match self.homes_by_channel.contains_key(&channel) {
            true => request,
            false => match self.request_of_nothing(&channel, request, effects) {
                Some(request) => request,
                None => return,
            },
        };
        if let HomeRequest::Remove { reply } = request {
            return self.remove_home(&channel, reply, effects);
        }
        let index = self.home(now, &channel, effects);
        let home = &mut self.homes[index as usize];
        home.touch(now);
        match request {
            HomeRequest::Open { worker, opening } => {
                self.open_relay_of(index, (worker, opening), effects);
            }
            HomeRequest::Close { worker } => self.close_relay_of(index, worker),
            HomeRequest::Publish(publish) => self.publish_at_home(now, index, *publish, effects),
            HomeRequest::Page(request) => {
                let page = home.page(request, now);
                self.post(request.worker, Letter::Page(Box::new(page)), effects);
            }
            HomeRequest::Join { member, moves } => {
                if home.presence.join(member, moves) {
                    self.presence_changed.push(channel);
                }
            }
            HomeRequest::Leave { session, moves } => {
                if home.presence.leave(session, moves, now.instant) {
                    self.presence_changed.push(channel);
                }
            }
            HomeRequest::Presence { view, limit, reply } => {
                // Before the page, so that it follows on the last diff.
                self.tell_presence(&channel, effects);
                let presence = &self.homes[index as usize].presence;
                let page = presence.page(channel, &view, limit);
                self.reply(reply, Answer::Presence(page), effects);
            }
            HomeRequest::History { request, reply } => {
                let page = home.history(request, now);
                self.reply(reply, Answer::History(page), effects);
            }
            HomeRequest::Describe { reply } => {
                let info = home.describe(now);
                self.reply(reply, Answer::Channel(info), effects);
            }
            HomeRequest::Configure { metadata, reply } => {
                home.is_configured = true;
                home.metadata.clone_from(&metadata);
                self.tell_relays(index, || RelayNews::Metadata(metadata.clone()), effects);
                self.reply(reply, Answer::Done, effects);
            }
            HomeRequest::Remove { .. } => {}
        }
    }

    /// Deals with what makes no home where there is none, and gives back what does.
    fn request_of_nothing(
        &mut self,
        channel: &ChannelName,
        request: HomeRequest,
        effects: &mut impl Effects,
    ) -> Option<HomeRequest> {
        match request {
            HomeRequest::Remove { reply } | HomeRequest::Describe { reply } => {
                let text = format!("there is no channel {channel}");
                let refusal = Refusal::new(RefusalCode::NotFound, text);
                self.reply(reply, Answer::Refused(refusal), effects);
                None
            }
            // It was removed. Who came from another worker may be gone before it was there: that is remembered.
            HomeRequest::Close { .. } | HomeRequest::Leave { moves: 0, .. } => None,
            request => Some(request),
        }
    }

    /// The home of a channel, which is made if there is none.
    fn home(&mut self, now: Now, channel: &ChannelName, effects: &mut impl Effects) -> u32 {
        if let Some(index) = self.homes_by_channel.get(channel) {
            return *index;
        }
        let mut home = Home::new(channel.clone(), Epoch(effects.random()), now);
        home.presence.begin_at(self.presence_version);
        make_room(&mut self.homes);
        let index = self.homes.insert(home) as u32;
        self.homes_by_channel.insert(channel.clone(), index);
        self.set_home_due(index, Some(now.instant + CHANNEL_GRACE));
        index
    }

    pub(super) fn home_due(&mut self, now: Now, index: u32) {
        let home = &mut self.homes[index as usize];
        home.due = None;
        match home.look_at(now) {
            Err(again) => self.set_home_due(index, Some(again)),
            Ok(()) => {
                let home = self.homes.remove(index as usize);
                self.presence_version = self.presence_version.max(home.presence.version() + 1);
                self.homes_by_channel.remove(&home.channel);
            }
        }
    }

    fn set_home_due(&mut self, index: u32, due: Option<Instant>) {
        let before = std::mem::replace(&mut self.homes[index as usize].due, due);
        self.timers.replace(before, due, Timer::Home(index));
    }

    fn remove_home(&mut self, channel: &ChannelName, reply: ReplyTo, effects: &mut impl Effects) {
        let Some(index) = self.homes_by_channel.remove(channel) else {
            return;
        };
        self.tell_relays(index, || RelayNews::Removed, effects);
        for worker in self.homes[index as usize].relays.behind().collect::<Vec<_>>() {
            self.close_relay_of(index, worker);
        }
        self.set_home_due(index, None);
        let home = self.homes.remove(index as usize);
        self.presence_version = self.presence_version.max(home.presence.version() + 1);
        self.reply(reply, Answer::Done, effects);
    }

    fn open_relay_of(
        &mut self,
        index: u32,
        (worker, opening): (WorkerIndex, u32),
        effects: &mut impl Effects,
    ) {
        self.close_relay_of(index, worker);
        let home = &mut self.homes[index as usize];
        home.relays.add(worker);
        let top = home.top();
        let news = RelayNews::Opened {
            opening,
            epoch: top.epoch,
            top: top.sequence,
            metadata: home.metadata.clone(),
        };
        let channel = home.channel.clone();
        self.post(worker, Letter::ToRelay { channel, news }, effects);
    }

    fn publish_at_home(
        &mut self,
        now: Now,
        index: u32,
        request: PublishRequest,
        effects: &mut impl Effects,
    ) {
        let namespaces = Arc::clone(&self.config.namespaces);
        let home = &mut self.homes[index as usize];
        let Some((_, namespace)) = namespaces.of(&home.channel) else {
            return;
        };
        let reply = request.reply;
        let answer = match home.publish(request, namespace, now) {
            Err(refusal) => Answer::Refused(refusal),
            Ok(Published::Duplicate(receipt)) => {
                self.stats.duplicates += 1;
                Answer::Published(receipt)
            }
            Ok(Published::Numbered(publication, receipt)) => {
                self.stats.published += 1;
                self.fan_out(index, &publication, namespace, effects);
                Answer::Published(receipt)
            }
            Ok(Published::Volatile(publication, receipt)) => {
                self.stats.published_volatile += 1;
                self.fan_out(index, &publication, namespace, effects);
                Answer::Published(receipt)
            }
        };
        self.reply(reply, answer, effects);
    }

    /// Answers whoever asked, wherever that is, unless it wants to hear only of what goes wrong.
    pub(super) fn reply(&mut self, to: ReplyTo, answer: Answer, effects: &mut impl Effects) {
        let (worker, is_quiet) = match to {
            ReplyTo::Session { worker, is_quiet, .. } => (worker, is_quiet),
            ReplyTo::Request { worker, .. } => (worker, false),
        };
        if is_quiet && !matches!(answer, Answer::Refused(_)) {
            return;
        }
        self.post(worker, Letter::Answer { to, answer }, effects);
    }
}
