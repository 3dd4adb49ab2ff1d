//! Who a session is, and what it may do.

use crate::names::{ChannelName, Pattern, UserName};
use crate::namespace::{Access, Namespace};
use std::sync::Arc;

/// What is known of a session's client. Made by the server, from a token or because it lets the anonymous in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its user; `None`: anonymous, or a token without a name.
    pub user: Option<UserName>,
    /// It has shown a token.
    pub has_token: bool,
    /// What presence shows of it everywhere: JSON.
    pub info: Option<Arc<str>>,
    /// What it may do beside what namespaces allow to everybody.
    pub grants: Vec<Grant>,
    /// Until when that is so, in milliseconds since 1970. `None`: it does not end.
    pub expires_ms: Option<u64>,
    /// It may do anything: for development.
    pub is_unrestricted: bool,
}

/// Some permissions in some channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// In which channels.
    pub pattern: Pattern,
    /// Which.
    pub permissions: Permissions,
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u8);

impl Permissions {
    /// To subscribe.
    pub const SUBSCRIBE: Self = Self(1);
    /// To publish.
    pub const PUBLISH: Self = Self(1 << 1);
    /// To see who is there.
    pub const PRESENCE: Self = Self(1 << 2);
    /// To read history.
    pub const HISTORY: Self = Self(1 << 3);

    /// All of them with their names, as tokens have them.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("subscribe", Self::SUBSCRIBE),
        ("publish", Self::PUBLISH),
        ("presence", Self::PRESENCE),
        ("history", Self::HISTORY),
    ];

    /// These and those.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of those are among these.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Identity {
    /// Whether it may do something in a channel of this namespace.
    #[must_use]
    pub fn may(
        &self,
        permission: Permissions,
        channel: &ChannelName,
        namespace: &Namespace,
    ) -> bool {
        let user = self.user.as_ref();
        self.may_where(
            permission,
            namespace,
            || namespace.pattern.matches(channel.as_str(), user),
            |granted| granted.matches(channel.as_str(), user),
        )
    }

    /// Whether it may subscribe to all channels of a pattern, which are of this namespace.
    #[must_use]
    pub fn may_subscribe_to_all(&self, pattern: &Pattern, namespace: &Namespace) -> bool {
        let user = self.user.as_ref();
        self.may_where(
            Permissions::SUBSCRIBE,
            namespace,
            || namespace.pattern.covers(pattern, user),
            |granted| granted.covers(pattern, user),
        )
    }

    /// Whether it may do the same as another one of its user, apart from how long.
    pub(crate) fn may_as(&self, other: &Self) -> bool {
        (&self.grants, self.has_token, self.is_unrestricted)
            == (&other.grants, other.has_token, other.is_unrestricted)
    }

    fn may_where(
        &self,
        permission: Permissions,
        namespace: &Namespace,
        is_own: impl FnOnce() -> bool,
        is_granted: impl Fn(&Pattern) -> bool,
    ) -> bool {
        if self.is_unrestricted {
            return true;
        }
        let access = match permission {
            Permissions::SUBSCRIBE => namespace.subscribe,
            Permissions::PUBLISH => namespace.publish,
            Permissions::PRESENCE => namespace.presence_access,
            _ => namespace.history_access,
        };
        let is_open = match access {
            Access::Everybody => true,
            Access::Users => self.has_token,
            Access::Granted => false,
            Access::Nobody => return false,
        };
        let grants = || {
            let mut grants = self.grants.iter();
            grants.any(|grant| grant.permissions.has(permission) && is_granted(&grant.pattern))
        };
        is_own() && (is_open || grants())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(pattern: &str, access: Access) -> Namespace {
        let pattern = Pattern::new(pattern).expect("a pattern");
        Namespace { subscribe: access, ..Namespace::new(pattern) }
    }

    fn may(identity: &Identity, channel: &str, namespace: &Namespace) -> bool {
        let channel = ChannelName::new(channel).expect("a name");
        identity.may(Permissions::SUBSCRIBE, &channel, namespace)
    }

    #[test]
    fn a_namespace_opens_or_leaves_it_to_tokens() {
        let anonymous = Identity::default();
        let token = Identity { has_token: true, ..Identity::default() };
        let granted = Identity {
            grants: vec![Grant {
                pattern: Pattern::new("chat:a*").expect("a pattern"),
                permissions: Permissions::SUBSCRIBE.with(Permissions::HISTORY),
            }],
            ..token.clone()
        };
        let cases = [
            (Access::Everybody, [true, true, true]),
            (Access::Users, [false, true, true]),
            (Access::Granted, [false, false, true]),
            (Access::Nobody, [false, false, false]),
        ];
        for (access, expected) in cases {
            let namespace = namespace("chat:*", access);
            let all = [&anonymous, &token, &granted];
            assert_eq!(all.map(|one| may(one, "chat:abc", &namespace)), expected, "{access:?}");
        }
        assert!(!may(&granted, "chat:b", &namespace("chat:*", Access::Granted)));
    }

    #[test]
    fn what_is_a_users_own_is_closed_to_others() {
        let ada = Identity { user: UserName::new("ada").ok(), ..Identity::default() };
        let namespace = namespace("inbox:{user}", Access::Everybody);
        assert!(may(&ada, "inbox:ada", &namespace));
        assert!(!may(&ada, "inbox:bob", &namespace));
        assert!(!may(&Identity::default(), "inbox:ada", &namespace));
    }

    #[test]
    fn a_pattern_needs_a_grant_for_all_of_it() {
        let identity = Identity {
            grants: vec![Grant {
                pattern: Pattern::new("news.sport.*").expect("a pattern"),
                permissions: Permissions::SUBSCRIBE,
            }],
            ..Identity::default()
        };
        let namespace = namespace("news.*", Access::Granted);
        let may = |pattern: &str| {
            let pattern = Pattern::new(pattern).expect("a pattern");
            identity.may_subscribe_to_all(&pattern, &namespace)
        };
        assert!(may("news.sport.*") && may("news.sport.golf.*") && !may("news.*"));
    }
}
