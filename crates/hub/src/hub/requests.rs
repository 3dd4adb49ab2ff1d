//! What a backend asks for.

use super::Hub;
use crate::command::{Publish, Request, Target};
use crate::effects::{Answer, Effects, Now, RequestKey};
use crate::ending::{Disconnect, DisconnectCode};
use crate::limits::{METADATA_SIZE_MAX, PAGE_MEMBERS_MAX};
use crate::mail::{HomeRequest, ReplyTo, SessionNews, UserNews};
use crate::names::UserName;
use crate::publication::{Format, Payload};
use crate::refusal::{Refusal, RefusalCode};
use crate::relay::Subject;
use std::sync::Arc;

impl Hub {
    pub(super) fn request(
        &mut self,
        now: Now,
        key: RequestKey,
        request: Request<'_>,
        effects: &mut impl Effects,
    ) {
        let reply = ReplyTo::Request { worker: self.config.worker, key };
        if let Err(refusal) = self.try_request(now, reply, request, effects) {
            self.stats.refused += 1;
            effects.answer(key, Answer::Refused(refusal));
        }
    }

    fn try_request(
        &mut self,
        now: Now,
        reply: ReplyTo,
        request: Request<'_>,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        let (channel, asked) = match request {
            Request::Publish(publish) => return self.publish_request(now, reply, publish, effects),
            Request::Disconnect { target, reason, may_return } => {
                let reason = reason.into_owned();
                let disconnect = Disconnect { code: DisconnectCode::Forced, reason, may_return };
                let news = SessionNews::Disconnect(Arc::new(disconnect));
                return self.tell_target(&target, news, reply, effects);
            }
            Request::Unsubscribe { target, channel } => {
                let subject = Subject::new(&channel)
                    .map_err(|error| Refusal::new(RefusalCode::BadRequest, error.to_string()))?;
                if let Subject::Channel(_) = &subject {
                    self.channel(&channel)?;
                }
                let news = SessionNews::Unsubscribe(subject);
                return self.tell_target(&target, news, reply, effects);
            }
            Request::History(history) => {
                let (channel, ..) = self.channel(&history.channel)?;
                self.ask_history(&channel, &history, reply, effects);
                return Ok(());
            }
            Request::Presence { channel, view, limit } => {
                let limit = limit.unwrap_or(PAGE_MEMBERS_MAX).min(PAGE_MEMBERS_MAX);
                (channel, HomeRequest::Presence { view: view.into_owned(), limit, reply })
            }
            Request::Channel { channel } => (channel, HomeRequest::Describe { reply }),
            Request::Configure { channel, metadata } => {
                let metadata = metadata.map(metadata_text).transpose()?;
                (channel, HomeRequest::Configure { metadata, reply })
            }
            Request::Remove { channel } => (channel, HomeRequest::Remove { reply }),
        };
        let (channel, ..) = self.channel(&channel)?;
        self.ask_home(&channel, asked, effects);
        Ok(())
    }

    fn publish_request(
        &mut self,
        now: Now,
        reply: ReplyTo,
        publish: Publish<'_>,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        let channel = match &publish.target {
            Target::Channel(name) => {
                let (channel, namespace, _) = self.channel(name)?;
                Some((channel, namespace))
            }
            _ => None,
        };
        self.publish_as(now, None, (publish, channel), reply, effects)
    }

    /// Tells a session, or all of a user's, and answers.
    fn tell_target(
        &mut self,
        target: &Target<'_>,
        news: SessionNews,
        reply: ReplyTo,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        match target {
            Target::User(name) => {
                let user = UserName::new(name)
                    .map_err(|error| Refusal::new(RefusalCode::BadRequest, error.to_string()))?;
                self.ask_user(user, UserNews::Tell { news, reply }, effects);
            }
            Target::Session(session) => {
                self.write_to(*session, (news, Some(reply)), effects)?;
            }
            Target::Channel(_) | Target::All { .. } => {
                let text = "expected a user or a session";
                return Err(Refusal::new(RefusalCode::BadRequest, text));
            }
        }
        Ok(())
    }
}

fn metadata_text(metadata: Payload<'_>) -> Result<Arc<str>, Refusal> {
    let text = std::str::from_utf8(metadata.bytes).ok();
    let text = text.filter(|text| text.len() <= METADATA_SIZE_MAX);
    text.filter(|_| metadata.format == Format::Json).map(Into::into).ok_or_else(|| {
        Refusal::new(RefusalCode::BadRequest, "expected metadata to be JSON of at most 16384 bytes")
    })
}
