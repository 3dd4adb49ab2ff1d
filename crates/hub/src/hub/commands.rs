//! What sessions ask for.

use super::Hub;
use super::subscribing::json_text;
use crate::command::{Acknowledge, Command, CommandId, History, Publish, Target};
use crate::effects::{Effects, Now, SessionKey};
use crate::identity::Permissions;
use crate::limits::{PAGE_MEMBERS_MAX, PAGE_PUBLICATIONS_MAX, TOKEN_SIZE_MAX};
use crate::mail::{
    Addressee, HistoryRequest, HomeRequest, Letter, PublishRequest, ReplyTo, SessionNews, UserNews,
};
use crate::names::{ChannelName, UserName};
use crate::namespace::NamespaceIndex;
use crate::publication::{Extras, PRIORITY, Publication, Publisher};
use crate::refusal::{Refusal, RefusalCode};
use crate::told::Own;
use std::sync::Arc;

impl Hub {
    pub(super) fn command(
        &mut self,
        now: Now,
        (key, id): (SessionKey, CommandId),
        command: Command<'_>,
        effects: &mut impl Effects,
    ) {
        if self.session(key).is_none() {
            return;
        }
        if let Err(refusal) = self.try_command(now, (key, id), command, effects) {
            self.stats.refused += 1;
            self.tell(key, &Own::Refused { id, refusal: &refusal }, effects);
        }
    }

    fn try_command(
        &mut self,
        now: Now,
        (key, id): (SessionKey, CommandId),
        command: Command<'_>,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        let reply = self.reply_to(key, id);
        match command {
            Command::Subscribe(subscribe) => self.subscribe(now, (key, id), &subscribe, effects)?,
            Command::Unsubscribe { channel } => {
                self.unsubscribe(key, &channel, effects)?;
                self.tell(key, &Own::Unsubscribed { id, subject: &channel }, effects);
            }
            Command::Publish(publish) => self.publish(now, (key, id), publish, effects)?,
            Command::Call(call) => self.call(now, (key, id), &call, effects)?,
            Command::Cancel { call } => {
                self.cancel(now, key, call, effects)?;
                self.done(key, id, effects);
            }
            Command::Reply { call, answer } => {
                self.reply_to_call(now, key, call, answer, effects)?;
                self.done(key, id, effects);
            }
            Command::Acknowledge(acknowledge) => {
                self.acknowledge(key, &acknowledge)?;
                self.done(key, id, effects);
            }
            Command::Presence { channel, view, limit } => {
                let (channel, _) = self.allowed(key, Permissions::PRESENCE, &channel)?;
                let limit = limit.unwrap_or(PAGE_MEMBERS_MAX).min(PAGE_MEMBERS_MAX);
                let request = HomeRequest::Presence { view: view.into_owned(), limit, reply };
                self.ask_home(&channel, request, effects);
            }
            Command::UpdatePresence { channel, info } => {
                let index = self.subscribed(key, &channel)?;
                let info = json_text(Some(info))?;
                if let Some(subscription) = self.subscription_mut(key, index) {
                    subscription.rare.get_or_insert_default().info = info;
                }
                self.show_presence(key, index, effects);
                self.done(key, id, effects);
            }
            Command::History(history) => {
                let (channel, _) = self.allowed(key, Permissions::HISTORY, &history.channel)?;
                self.ask_history(&channel, &history, reply, effects);
            }
            Command::Ping => {
                self.tell(key, &Own::Pong { id }, effects);
            }
        }
        Ok(())
    }

    /// Says that something was done, to who asked for an answer.
    fn done(&self, key: SessionKey, id: CommandId, effects: &mut impl Effects) {
        if id != CommandId::default() {
            self.tell(key, &Own::Done { id }, effects);
        }
    }

    pub(super) fn ask_history(
        &mut self,
        channel: &ChannelName,
        history: &History<'_>,
        reply: ReplyTo,
        effects: &mut impl Effects,
    ) {
        let limit = history.limit.unwrap_or(PAGE_PUBLICATIONS_MAX).min(PAGE_PUBLICATIONS_MAX);
        let History { after, before, state, .. } = *history;
        let request = HistoryRequest { after, before, limit, state };
        self.ask_home(channel, HomeRequest::History { request, reply }, effects);
    }

    fn publish(
        &mut self,
        now: Now,
        (key, id): (SessionKey, CommandId),
        publish: Publish<'_>,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        // Who is left out of a channel's stream has to know where its publication is: it would see a gap.
        let has_to_know = publish.exclude_self && matches!(publish.target, Target::Channel(_));
        let is_quiet = id == CommandId::default() && !has_to_know;
        let (worker, to) = (self.config.worker, Addressee::Key(key));
        let reply = ReplyTo::Session { worker, to, id, is_quiet };
        let channel = match &publish.target {
            Target::Channel(name) => Some(self.allowed(key, Permissions::PUBLISH, name)?),
            Target::User(name) => self.may_address(key, &format!("@user:{name}")).map(|()| None)?,
            Target::Session(session) => {
                self.may_address(key, &format!("@session:{session}")).map(|()| None)?
            }
            Target::All { .. } => self.may_address(key, "@all").map(|()| None)?,
        };
        if let Some((_, namespace)) = &channel {
            self.take_rate(now, key, *namespace)?;
        }
        let publisher = self
            .session(key)
            .map(|session| Publisher { session: session.id, user: session.identity.user.clone() });
        self.publish_as(now, publisher, (publish, channel), reply, effects)
    }

    fn take_rate(
        &mut self,
        now: Now,
        key: SessionKey,
        index: NamespaceIndex,
    ) -> Result<(), Refusal> {
        let Some(rate) = self.config.namespaces.get(index).publish_rate else {
            return Ok(());
        };
        let Some(session) = self.session_mut(key) else {
            return Ok(());
        };
        if session.more().rates.entry(index).or_default().take(rate, now.instant) {
            return Ok(());
        }
        let text = format!("expected at most {} publications in {:?}", rate.count, rate.period);
        Err(Refusal::new(RefusalCode::RateLimited, text))
    }

    /// Publishes for a session that may, or for the backend.
    pub(super) fn publish_as(
        &mut self,
        now: Now,
        publisher: Option<Publisher>,
        (publish, channel): (Publish<'_>, Option<(ChannelName, NamespaceIndex)>),
        reply: ReplyTo,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        let Publish {
            target,
            payload,
            attributes,
            idempotency_key,
            expected_version,
            exclude_self,
        } = publish;
        let bad = |text: &'static str| Err(Refusal::new(RefusalCode::BadRequest, text));
        if let Some(fault) = attributes.fault() {
            return bad(fault);
        }
        if idempotency_key.is_some_and(|key| key.len() > TOKEN_SIZE_MAX) {
            return bad("expected an idempotency key of at most 255 bytes");
        }
        if let Some((_, index)) = &channel {
            let size_max = self.config.namespaces.get(*index).payload_size_max;
            if payload.bytes.len() > size_max {
                let text = format!("expected a payload of at most {size_max} bytes");
                return Err(Refusal::new(RefusalCode::LimitExceeded, text));
            }
            effects.check_payload(*index, payload, attributes.content_type)?;
        }
        let own_key = idempotency_key.map(|key| own_key(publisher.as_ref(), key));
        let draft = Publication {
            sequence: 0,
            previous: 0,
            time_ms: now.unix_ms,
            expires_ms: u64::MAX,
            publisher,
            excludes_publisher: exclude_self,
            format: payload.format,
            priority: attributes.priority.unwrap_or(PRIORITY),
            extras: Extras::keep(&attributes),
            payload: payload.bytes.into(),
        };
        if let Some((channel, _)) = channel {
            let request = PublishRequest {
                draft,
                is_volatile: attributes.is_volatile,
                ttl_ms: attributes.ttl_ms,
                idempotency_key: own_key,
                expected_version,
                shows_value: expected_version.is_some() && self.may_read(reply, &channel),
                reply,
            };
            self.ask_home(&channel, HomeRequest::Publish(Box::new(request)), effects);
            return Ok(());
        }
        if expected_version.is_some() || own_key.is_some() {
            return bad("expected_version and idempotency_key are for channels");
        }
        let draft = Arc::new(draft);
        let news = match attributes.is_volatile {
            true => SessionNews::Volatile(Arc::clone(&draft)),
            false => SessionNews::Message(Arc::clone(&draft)),
        };
        self.publish_to_sessions(target, (draft, news), reply, effects)
    }

    fn publish_to_sessions(
        &mut self,
        target: Target<'_>,
        (message, news): (Arc<Publication>, SessionNews),
        reply: ReplyTo,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        match target {
            Target::User(name) => {
                let user = UserName::new(&name)
                    .map_err(|error| Refusal::new(RefusalCode::BadRequest, error.to_string()))?;
                self.ask_user(user, UserNews::Tell { news, reply }, effects);
                return Ok(());
            }
            Target::Session(session) => {
                return self.write_to(session, (news, Some(reply)), effects);
            }
            Target::All { except } => {
                let letter = Letter::ForAll { message, except: except.into() };
                self.post(crate::WorkerIndex(0), letter, effects);
            }
            Target::Channel(_) => {}
        }
        self.reply(reply, news.answer(), effects);
        Ok(())
    }

    fn acknowledge(
        &mut self,
        key: SessionKey,
        acknowledge: &Acknowledge<'_>,
    ) -> Result<(), Refusal> {
        match acknowledge {
            Acknowledge::Channel { channel, sequence } => {
                let index = self.subscribed(key, channel)?;
                // This worker may hear later of what its client got on another one.
                let sequence = (*sequence).min(self.relays[index as usize].top());
                if let Some(subscription) = self.subscription_mut(key, index) {
                    subscription.acknowledged = subscription.acknowledged.max(sequence);
                    subscription.is_other_epoch = false;
                }
            }
            Acknowledge::Messages { number } => {
                if let Some(more) = self.session_mut(key).and_then(|session| session.more.as_mut())
                {
                    let number = (*number).min(more.messages.last);
                    more.messages.acknowledge(number);
                }
            }
        }
        Ok(())
    }
}

/// An idempotency key as a publisher's own: two that happen to choose the same do not mean the same publication.
fn own_key(publisher: Option<&Publisher>, key: &str) -> Box<str> {
    let owner = publisher.map_or_else(String::new, |publisher| match &publisher.user {
        Some(user) => user.to_string(),
        None => publisher.session.to_string(),
    });
    format!("{owner}\n{key}").into()
}
