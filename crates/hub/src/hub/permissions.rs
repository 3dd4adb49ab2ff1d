//! What sessions may do, when that changes.

use super::Hub;
use crate::command::CommandId;
use crate::effects::{Effects, Now, SessionKey};
use crate::ending::{Disconnect, DisconnectCode, Revocation};
use crate::identity::{Identity, Permissions};
use crate::mail::{Addressee, ReplyTo};
use crate::names::ChannelName;
use crate::namespace::{Namespace, NamespaceIndex};
use crate::refusal::{Refusal, RefusalCode};
use crate::relay::{Relay, Subject};
use crate::told::Own;
use std::sync::Arc;

impl Hub {
    /// A session has shown a new token.
    pub(super) fn refresh(
        &mut self,
        now: Now,
        (key, id): (SessionKey, CommandId),
        identity: Identity,
        effects: &mut impl Effects,
    ) {
        let Some(session) = self.session_mut(key) else {
            return;
        };
        if session.identity.user != identity.user {
            let reason = "the new token is another user's: connect with it instead".to_owned();
            let disconnect =
                Disconnect { code: DisconnectCode::Unauthorized, reason, may_return: false };
            return self.disconnect(now, key, &disconnect, effects);
        }
        let expires_ms = identity.expires_ms;
        let before = std::mem::replace(&mut session.identity, Arc::new(identity));
        self.tell(key, &Own::Refreshed { id, expires_ms }, effects);
        self.tell_permissions(key, &before, effects);
        self.revoke_forbidden(key, effects);
        self.show_new_info(key, &before, effects);
        self.set_session_deadline(now, key);
    }

    /// Tells a session that it may do other things than before, if that is so.
    pub(super) fn tell_permissions(
        &self,
        key: SessionKey,
        before: &Identity,
        effects: &mut impl Effects,
    ) {
        let Some(session) = self.session(key) else {
            return;
        };
        if !session.identity.may_as(before) {
            let expires_ms = session.identity.expires_ms;
            self.tell(key, &Own::PermissionsChanged { expires_ms }, effects);
        }
    }

    /// Shows what a new token says of a session, where it has said nothing of itself.
    fn show_new_info(&mut self, key: SessionKey, before: &Identity, effects: &mut impl Effects) {
        let Some(session) = self.session(key) else {
            return;
        };
        if session.identity.info == before.info {
            return;
        }
        let held = session.subscriptions.iter().filter(|held| held.is_present);
        let shown: Vec<_> = held.map(|held| held.relay).collect();
        for index in shown {
            self.show_presence(key, index, effects);
        }
    }

    /// Ends the subscriptions that a session may not have any more.
    pub(super) fn revoke_forbidden(&mut self, key: SessionKey, effects: &mut impl Effects) {
        let Some(session) = self.session(key) else {
            return;
        };
        let is_forbidden = |relay: &u32| {
            let relay = &self.relays[*relay as usize];
            let namespace = self.config.namespaces.get(relay.namespace);
            !match &relay.subject {
                Subject::Channel(channel) => {
                    session.identity.may(Permissions::SUBSCRIBE, channel, namespace)
                }
                Subject::Pattern(pattern) => {
                    session.identity.may_subscribe_to_all(pattern, namespace)
                }
            }
        };
        let held = session.subscriptions.iter().map(|held| held.relay);
        let forbidden: Vec<_> = held.filter(is_forbidden).collect();
        for index in forbidden {
            self.revoke(key, index, Revocation::Forbidden, effects);
        }
    }

    /// A channel in which a session may do something, and its namespace.
    pub(super) fn allowed(
        &self,
        key: SessionKey,
        permission: Permissions,
        name: &str,
    ) -> Result<(ChannelName, NamespaceIndex), Refusal> {
        let (channel, index, namespace) = self.channel(name)?;
        let session = self.session(key);
        let is_allowed =
            session.is_some_and(|session| session.identity.may(permission, &channel, namespace));
        match is_allowed {
            true => Ok((channel, index)),
            false => Err(forbidden(permission, name)),
        }
    }

    /// Whether who asks may know what was published to a channel: the backend, or who may subscribe or read history.
    pub(super) fn may_read(&self, reply: ReplyTo, channel: &ChannelName) -> bool {
        let ReplyTo::Session { to: Addressee::Key(key), .. } = reply else {
            return matches!(reply, ReplyTo::Request { .. });
        };
        let found = self.session(key).zip(self.config.namespaces.of(channel));
        found.is_some_and(|(session, (_, namespace))| {
            [Permissions::SUBSCRIBE, Permissions::HISTORY]
                .iter()
                .any(|one| session.identity.may(*one, channel, namespace))
        })
    }

    /// Whether a session may do something in the channel of a relay.
    pub(super) fn may_in(&self, key: SessionKey, permission: Permissions, relay: &Relay) -> bool {
        let namespace = self.config.namespaces.get(relay.namespace);
        let (Some(session), Some(channel)) = (self.session(key), relay.channel()) else {
            return false;
        };
        session.identity.may(permission, channel, namespace)
    }

    /// A channel by name, and its namespace.
    pub(super) fn channel(
        &self,
        name: &str,
    ) -> Result<(ChannelName, NamespaceIndex, &Namespace), Refusal> {
        let channel = ChannelName::new(name)
            .map_err(|error| Refusal::new(RefusalCode::BadRequest, error.to_string()))?;
        let Some((index, namespace)) = self.config.namespaces.of(&channel) else {
            let text = format!("no namespace of the configuration has a pattern for {name}");
            return Err(Refusal::new(RefusalCode::Forbidden, text));
        };
        Ok((channel, index, namespace))
    }

    /// Whether a session may reach others without a channel: by a grant to publish to a name that begins with `@`, such as
    /// `@user:ada`, `@session:*` or `@all`.
    pub(super) fn may_address(&self, key: SessionKey, name: &str) -> Result<(), Refusal> {
        let refusal = || {
            let text = format!("it needs a token that grants to publish to {name}");
            Refusal::new(RefusalCode::Forbidden, text)
        };
        let identity = &self.session(key).ok_or_else(refusal)?.identity;
        let is_granted = identity.grants.iter().any(|grant| {
            grant.permissions.has(Permissions::PUBLISH)
                && grant.pattern.text().starts_with('@')
                && grant.pattern.matches(name, identity.user.as_ref())
        });
        match identity.is_unrestricted || is_granted {
            true => Ok(()),
            false => Err(refusal()),
        }
    }
}

fn forbidden(permission: Permissions, name: &str) -> Refusal {
    let names = Permissions::NAMES.iter().find(|(_, named)| *named == permission);
    let what = names.map_or("this", |(name, _)| name);
    let text = format!(
        "the permission to {what} is missing for {name}: neither its namespace nor the token has it"
    );
    Refusal::new(RefusalCode::Forbidden, text)
}
