//! Subscribing, and the first answer to who subscribes: one of live, recovered, snapshot, lost.

use super::Hub;
use crate::command::{CommandId, Subscribe};
use crate::effects::{Effects, Now, SessionKey};
use crate::identity::Permissions;
use crate::limits::{PATTERNS_PER_SESSION_MAX, SUBSCRIPTIONS_PER_SESSION_MAX};
use crate::mail::{HomeRequest, PageRequest};
use crate::names::{ChannelName, Pattern};
use crate::namespace::{NamespaceIndex, State};
use crate::publication::Position;
use crate::refusal::{Refusal, RefusalCode};
use crate::relay::{Filter, Phase, Subject};
use crate::session::{Begin, Behind, Rare, Subscription, SubscriptionPhase};
use crate::told::{Member, Own, Recovery, Subscribed};
use std::sync::Arc;

impl Hub {
    pub(super) fn subscribe(
        &mut self,
        now: Now,
        (key, id): (SessionKey, CommandId),
        subscribe: &Subscribe<'_>,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        let (subject, namespace) = self.may_subscribe(key, &subscribe.channel)?;
        let is_pattern = matches!(subject, Subject::Pattern(_));
        if is_pattern && (subscribe.position.is_some() || subscribe.snapshot) {
            let text = "a pattern is live only: subscribe to its channels to recover";
            return Err(Refusal::new(RefusalCode::BadRequest, text));
        }
        if subscribe.snapshot && self.config.namespaces.get(namespace).state == State::None {
            let text = "this namespace keeps no state: subscribe without snapshot";
            return Err(Refusal::new(RefusalCode::BadRequest, text));
        }
        let rare = Rare {
            begin: Begin {
                id,
                position: subscribe
                    .position
                    .map(|position| (Some(position.epoch), position.sequence)),
                snapshot: subscribe.snapshot,
                is_asked_for: true,
            },
            state_until: None,
            behind: None,
            tag: subscribe.tag.as_ref().into(),
            info: json_text(subscribe.info)?,
        };
        let filter = Filter::keep(&subscribe.filter)?.map(Arc::new);
        let slow = subscribe.slow.unwrap_or_else(|| self.config.namespaces.get(namespace).slow);
        let subscription = Subscription {
            relay: 0,
            topic: 0,
            slow,
            phase: SubscriptionPhase::Beginning,
            is_present: false,
            wants_state: subscribe.snapshot,
            has_lagged: false,
            is_other_epoch: false,
            acknowledged: 0,
            rare: Some(Box::new(rare)),
        };
        self.add_subscription(now, key, (&subject, namespace, filter), subscription, effects)
    }

    /// Whether a session may subscribe to something, and what that is.
    pub(super) fn may_subscribe(
        &self,
        key: SessionKey,
        name: &str,
    ) -> Result<(Subject, NamespaceIndex), Refusal> {
        let bad =
            |error: crate::NameError| Refusal::new(RefusalCode::BadRequest, error.to_string());
        let forbidden = || {
            let text = format!(
                "subscribing to {name} needs a namespace, and maybe a token, that allow it"
            );
            Refusal::new(RefusalCode::Forbidden, text)
        };
        let identity = &self.session(key).ok_or_else(forbidden)?.identity;
        if name.ends_with('*') {
            let pattern = Pattern::new(name).map_err(bad)?;
            if pattern.has_user() {
                let text = "expected the user's name in place of {user}";
                return Err(Refusal::new(RefusalCode::BadRequest, text));
            }
            let found = self.config.namespaces.of_pattern(&pattern);
            let (index, _) = found
                .filter(|(_, namespace)| identity.may_subscribe_to_all(&pattern, namespace))
                .ok_or_else(forbidden)?;
            return Ok((Subject::Pattern(pattern), index));
        }
        let channel = ChannelName::new(name).map_err(bad)?;
        let found = self.config.namespaces.of(&channel);
        let (index, _) = found
            .filter(|(_, namespace)| identity.may(Permissions::SUBSCRIBE, &channel, namespace))
            .ok_or_else(forbidden)?;
        Ok((Subject::Channel(channel), index))
    }

    /// Gives a session a subscription, which begins now or when its relay is open.
    pub(super) fn add_subscription(
        &mut self,
        now: Now,
        key: SessionKey,
        (subject, namespace, filter): (&Subject, NamespaceIndex, Option<Arc<Filter>>),
        mut subscription: Subscription,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        if let Some(relay) = self.relays_by_subject.get(subject)
            && self.subscription_index(key, *relay).is_some()
        {
            let text = "it is subscribed to already: unsubscribe first to change something";
            return Err(Refusal::new(RefusalCode::AlreadySubscribed, text));
        }
        let count = self.session(key).map_or(0, |session| session.subscriptions.len());
        if count >= SUBSCRIPTIONS_PER_SESSION_MAX {
            let text = "a session can have 4096 subscriptions: unsubscribe, or use a pattern";
            return Err(Refusal::new(RefusalCode::LimitExceeded, text));
        }
        if matches!(subject, Subject::Pattern(_))
            && self.patterns_of(key) >= PATTERNS_PER_SESSION_MAX
        {
            let text = "a session can subscribe to 16 patterns: unsubscribe, or use a wider one";
            return Err(Refusal::new(RefusalCode::LimitExceeded, text));
        }
        let index = self.relay(subject, namespace, effects);
        let (relay, topics) = (&mut self.relays[index as usize], &mut self.topics);
        let topic = relay.topic(filter, || Self::new_topic(topics, index))?;
        relay.topics[usize::from(topic)].subscribers += 1;
        relay.subscribers += 1;
        (subscription.relay, subscription.topic) = (index, topic);
        if let Phase::Opening { waiting, .. } = &mut relay.phase {
            waiting.push(key);
        }
        self.stats.subscriptions += 1;
        if let Some(session) = self.session_mut(key) {
            session.add_subscription(subscription);
        }
        self.begin(now, key, index, effects);
        Ok(())
    }

    fn patterns_of(&self, key: SessionKey) -> usize {
        let held = self.session(key).into_iter().flat_map(|session| &session.subscriptions);
        held.filter(|held| self.relays[held.relay as usize].channel().is_none()).count()
    }

    pub(super) fn subscription_index(&self, key: SessionKey, relay: u32) -> Option<usize> {
        self.session(key)?.subscriptions.iter().position(|held| held.relay == relay)
    }

    pub(super) fn subscription_mut(
        &mut self,
        key: SessionKey,
        relay: u32,
    ) -> Option<&mut Subscription> {
        let subscriptions = &mut self.session_mut(key)?.subscriptions;
        subscriptions.iter_mut().find(|held| held.relay == relay)
    }

    /// Decides how a subscription begins, if its relay knows enough; if not, this is called again when it does.
    pub(super) fn begin(
        &mut self,
        now: Now,
        key: SessionKey,
        index: u32,
        effects: &mut impl Effects,
    ) {
        let relay = &self.relays[index as usize];
        let is_open = relay.is_open();
        let (top, tail_from) = (relay.position(), relay.tail_from());
        let Some(subscription) = self.subscription_mut(key, index).filter(|_| is_open) else {
            return;
        };
        if subscription.phase != SubscriptionPhase::Beginning {
            return;
        }
        let begin = subscription.rare.as_ref().map_or_else(Begin::default, |rare| rare.begin);
        let Some(top) = top else {
            return self.begin_with(now, key, index, (Recovery::Live, 0), effects);
        };
        let at = match begin.position {
            None if !begin.snapshot => {
                let live = self.relays[index as usize]
                    .topic_position(subscription_topic(self, key, index));
                let at = live.map_or(top.sequence, |live| live.sequence);
                return self.begin_with(now, key, index, (Recovery::Live, at), effects);
            }
            None => None,
            Some((epoch, sequence)) if epoch == Some(top.epoch) => Some(sequence),
            Some(_) if begin.snapshot => None,
            // What it has got is of another life of the channel. Of this one it has got nothing.
            Some(_) => {
                subscription.is_other_epoch = true;
                let rare = subscription.rare.get_or_insert_default();
                rare.begin.position = Some((Some(top.epoch), 0));
                Some(0)
            }
        };
        let is_other_epoch = subscription.is_other_epoch;
        match at {
            Some(sequence) if (tail_from..=top.sequence).contains(&sequence) => {
                let recovery = self.recovery(is_other_epoch, (sequence, sequence), top.sequence);
                self.begin_with(now, key, index, (recovery, sequence), effects);
            }
            // The home knows how far back its history reaches, and what this worker has not heard of yet.
            Some(sequence) => self.ask_page(key, index, (sequence, None), effects),
            None => self.begin_without_history(now, key, index, effects),
        }
    }

    /// What becomes of what a subscriber has missed that had got everything up to `from`, if everything after `lost_to` is
    /// there.
    pub(super) const fn recovery(
        &mut self,
        is_other_epoch: bool,
        (from, lost_to): (u64, u64),
        top: u64,
    ) -> Recovery {
        if is_other_epoch || lost_to > from {
            self.stats.lost += 1;
            return Recovery::Lost { from, to: lost_to };
        }
        Recovery::Recovered { to: top }
    }

    /// It wants the state alone, or in place of what is not there any more; or a position that never was.
    pub(super) fn begin_without_history(
        &mut self,
        now: Now,
        key: SessionKey,
        index: u32,
        effects: &mut impl Effects,
    ) {
        let top = self.relays[index as usize].top();
        let state = self.config.namespaces.get(self.relays[index as usize].namespace).state;
        let Some(subscription) = self.subscription_mut(key, index) else {
            return;
        };
        let begin = subscription.rare.as_ref().map_or_else(Begin::default, |rare| rare.begin);
        if begin.snapshot && state != State::None {
            subscription.rare.get_or_insert_default().state_until = Some(top);
            let snapshot = Recovery::Snapshot { sequence: top };
            return self.begin_with(now, key, index, (snapshot, 0), effects);
        }
        subscription.is_other_epoch = true;
        self.stats.lost += 1;
        self.begin_with(now, key, index, (Recovery::Lost { from: 0, to: top }, top), effects);
    }

    /// Tells a session that it is subscribed, and has it catch up from a number.
    pub(super) fn begin_with(
        &mut self,
        now: Now,
        key: SessionKey,
        index: u32,
        (recovery, at): (Recovery, u64),
        effects: &mut impl Effects,
    ) {
        let relay = &self.relays[index as usize];
        let position = relay.position().map(|top| Position { sequence: at, ..top });
        let metadata = relay.metadata.clone();
        let subject = relay.subject.to_string();
        let Some(subscription) = self.subscription_mut(key, index) else {
            return;
        };
        let id = subscription.rare.as_ref().map_or(CommandId(0), |rare| rare.begin.id);
        subscription.phase = SubscriptionPhase::Behind;
        // Who does not come to hear of a loss, and resumes, has to be told again.
        subscription.acknowledged = match recovery {
            Recovery::Lost { from, .. } => from,
            _ => at,
        };
        if let Some(rare) = &mut subscription.rare {
            (rare.begin, rare.behind) = (Begin::default(), None);
        }
        // If it is live from here on, it needs no memory for being behind.
        if recovery != Recovery::Live {
            *subscription.behind_mut() = Behind::at(at);
        }
        subscription.forget_rare();
        self.stats.subscriptions_behind += 1;
        self.show_presence(key, index, effects);
        let subscribed =
            Subscribed { subject: &subject, position, recovery, metadata: metadata.as_deref() };
        self.tell(key, &Own::Subscribed { id, subscription: &subscribed }, effects);
        if recovery == Recovery::Live {
            // Nothing to catch up with, and nobody waits to hear that it is done.
            return self.go_live(key, index, effects);
        }
        self.catch_up(now, key, effects);
    }

    /// Makes a session a member of a channel's presence, where that is kept, or changes what it shows.
    pub(super) fn show_presence(
        &mut self,
        key: SessionKey,
        index: u32,
        effects: &mut impl Effects,
    ) {
        let relay = &self.relays[index as usize];
        let namespace = self.config.namespaces.get(relay.namespace);
        let Some(channel) = relay.channel().filter(|_| namespace.presence).cloned() else {
            return;
        };
        let Some(subscription) = self.subscription_mut(key, index) else {
            return;
        };
        subscription.is_present = true;
        let own_info = subscription.rare.as_ref().and_then(|rare| rare.info.clone());
        let Some(session) = self.session(key) else {
            return;
        };
        let member = Member {
            session: session.id,
            user: session.identity.user.clone(),
            info: own_info.or_else(|| session.identity.info.clone()),
        };
        let moves = session.moves();
        self.ask_home(&channel, HomeRequest::Join { member, moves }, effects);
    }

    pub(super) fn ask_page(
        &mut self,
        key: SessionKey,
        index: u32,
        (after, state_until): (u64, Option<u64>),
        effects: &mut impl Effects,
    ) {
        let worker = self.config.worker;
        let Some(session) = self.session_mut(key).filter(|session| !session.awaits_page) else {
            // The page that is on its way goes on with all that wait.
            return;
        };
        session.awaits_page = true;
        let request = PageRequest { worker, session: key, after, state_until };
        if let Some(channel) = self.relays[index as usize].channel().cloned() {
            self.ask_home(&channel, HomeRequest::Page(request), effects);
        }
    }
}

fn subscription_topic(hub: &Hub, key: SessionKey, relay: u32) -> u16 {
    let subscriptions = hub.session(key).map(|session| &session.subscriptions);
    let found = subscriptions.and_then(|held| held.iter().find(|held| held.relay == relay));
    found.map_or(0, |subscription| subscription.topic)
}

/// What a session shows of itself, which is JSON.
pub(super) fn json_text(info: Option<crate::Payload<'_>>) -> Result<Option<Arc<str>>, Refusal> {
    let Some(info) = info else {
        return Ok(None);
    };
    let text = std::str::from_utf8(info.bytes).ok();
    let text = text.filter(|text| text.len() <= crate::limits::PRESENCE_INFO_SIZE_MAX);
    match text.filter(|_| info.format == crate::Format::Json) {
        Some(text) => Ok(Some(text.into())),
        None => {
            let text = "expected info to be JSON of at most 4096 bytes";
            Err(Refusal::new(RefusalCode::BadRequest, text))
        }
    }
}
