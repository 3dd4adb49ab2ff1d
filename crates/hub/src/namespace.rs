//! Namespaces: what channels are like, by their names.

use crate::command::SlowPolicy;
use crate::limits::{HEARTBEAT, STATE_KEYS_MAX};
use crate::names::{ChannelName, Pattern};
use std::time::Duration;

/// What all channels are like whose names a pattern matches. Built by whoever reads a configuration.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// Which channels. `{user}` makes them a user's own: nobody else may do anything with them.
    pub pattern: Pattern,
    /// Who may subscribe.
    pub subscribe: Access,
    /// Who may publish.
    pub publish: Access,
    /// Who may see who is there.
    pub presence_access: Access,
    /// Who may read history.
    pub history_access: Access,
    /// Whether it is known who is there.
    pub presence: bool,
    /// Whether subscribers are told who comes and goes.
    pub join_leave: bool,
    /// How many publications are kept. 0: none.
    pub history_size: usize,
    /// How long they are kept.
    pub history_ttl: Duration,
    /// Whether the channel keeps values by key.
    pub state: State,
    /// How many keys.
    pub state_keys_max: usize,
    /// What happens to subscribers that are too slow, unless they say.
    pub slow: SlowPolicy,
    /// How many publications a session may make in this namespace, all its channels together. `None`: any number.
    pub publish_rate: Option<Rate>,
    /// Bytes of a payload at most.
    pub payload_size_max: usize,
    /// How often subscribers are told of the top position, when there was something new.
    pub heartbeat: Duration,
}

impl Namespace {
    /// One without history, state or presence, in which whoever has a permission by token may subscribe and publish.
    #[must_use]
    pub const fn new(pattern: Pattern) -> Self {
        Self {
            pattern,
            subscribe: Access::Granted,
            publish: Access::Granted,
            presence_access: Access::Granted,
            history_access: Access::Granted,
            presence: false,
            join_leave: false,
            history_size: 0,
            history_ttl: Duration::from_secs(300),
            state: State::None,
            state_keys_max: STATE_KEYS_MAX,
            slow: SlowPolicy::Replay,
            publish_rate: None,
            payload_size_max: 64 * 1024,
            heartbeat: HEARTBEAT,
        }
    }
}

/// Who may do something in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, the anonymous too.
    Everybody,
    /// Everybody with a token.
    Users,
    /// Whose token grants it.
    Granted,
    /// Nobody but the backend.
    Nobody,
}

/// What a channel keeps beside its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    None,
    /// The last publication.
    Last,
    /// The last publication of each key. Those without a key are in the stream only.
    Keyed,
}

/// So many in so much time, and not more at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how much time.
    pub period: Duration,
}

/// All namespaces, in the order in which they are asked.
#[derive(Clone, Debug)]
pub struct Namespaces(Vec<Namespace>);

/// Which namespace: its place in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NamespaceIndex(pub u16);

impl Namespaces {
    /// The first one that matches a channel is that channel's.
    #[must_use]
    pub const fn new(namespaces: Vec<Namespace>) -> Self {
        Self(namespaces)
    }

    /// The namespace of a channel. `None`: it is in none, and nobody may do anything with it.
    #[must_use]
    pub fn of(&self, channel: &ChannelName) -> Option<(NamespaceIndex, &Namespace)> {
        self.position(|namespace| namespace.pattern.matches_any_user(channel.as_str()))
    }

    /// The namespace of all channels of a pattern, whoever asks. Channels of the pattern that are in another one before it are
    /// not meant by the pattern.
    #[must_use]
    pub fn of_pattern(&self, pattern: &Pattern) -> Option<(NamespaceIndex, &Namespace)> {
        self.position(|namespace| namespace.pattern.covers_any_user(pattern))
    }

    /// The namespace at a place.
    #[must_use]
    pub fn get(&self, index: NamespaceIndex) -> &Namespace {
        &self.0[usize::from(index.0)]
    }

    fn position(&self, is_it: impl Fn(&Namespace) -> bool) -> Option<(NamespaceIndex, &Namespace)> {
        let index = self.0.iter().position(is_it)?;
        Some((NamespaceIndex(index as u16), &self.0[index]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_matches_counts() {
        let namespace = |pattern| Namespace::new(Pattern::new(pattern).expect("a pattern"));
        let all = ["chat:vip", "chat:*", "inbox:{user}", "inbox:{user}:*"];
        let namespaces = Namespaces::new(all.map(namespace).into());
        let index = |name: &str| {
            let channel = ChannelName::new(name).expect("a name");
            namespaces.of(&channel).map(|(index, _)| index.0)
        };
        assert_eq!(index("chat:vip"), Some(0));
        assert_eq!(index("chat:vip2"), Some(1));
        assert_eq!(index("inbox:ada"), Some(2));
        assert_eq!(index("inbox:ada:phone"), Some(2), "a user's name may have a colon");
        assert_eq!(index("inbox:"), None);
        assert_eq!(index("news"), None);
        let pattern = Pattern::new("chat:*").expect("a pattern");
        assert_eq!(namespaces.of_pattern(&pattern).map(|(index, _)| index.0), Some(1));
        let pattern = Pattern::new("*").expect("a pattern");
        assert!(namespaces.of_pattern(&pattern).is_none());
        let pattern = Pattern::new("inbox:ada:*").expect("a pattern");
        assert_eq!(namespaces.of_pattern(&pattern).map(|(index, _)| index.0), Some(3));
    }
}
