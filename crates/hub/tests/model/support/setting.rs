//! Which channels, users and settings there are in the worlds of these tests.

use super::random::Random;
use super::surroundings::Bounds;
use sockeye_hub::{
    Access, FanOutBound, Grant, Identity, Namespace, Namespaces, Pattern, Permissions, SlowPolicy,
    State, UserName,
};
use std::sync::Arc;
use std::time::Duration;

/// What a seed has decided once and for all.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) workers: usize,
    pub(crate) clients: usize,
    pub(crate) bounds: Bounds,
    /// What may be under way between two workers; mostly so little that relays fall behind all the time.
    pub(crate) fan_out: FanOutBound,
    pub(crate) history_size: usize,
    pub(crate) payload_max: usize,
    /// Of how many keys publications have one.
    pub(crate) keys: usize,
    pub(crate) has_backend: bool,
    pub(crate) grace: Duration,
}

impl Setting {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let lag = *random.one_of(&[500, 3_000, 20_000, 64 * 1024]);
        Self {
            workers: 1 + random.below(4),
            clients: 2 + random.below(6),
            bounds: Bounds {
                lag,
                queue_max: lag + random.one_of(&[40_000, 100_000, 1_000_000]),
                wire: *random.one_of(&[200, 2_000, 30_000]),
            },
            fan_out: FanOutBound {
                letters: *random.one_of(&[1, 3, 12, 8192]),
                size: *random.one_of(&[1, 3_000, 20_000, 8 << 20]),
            },
            history_size: *random.one_of(&[3, 20, 100, 500]),
            payload_max: *random.one_of(&[40, 400, 4_000]),
            keys: if random.one_in(4) { KEYS.len() } else { 3 },
            has_backend: random.one_in(2),
            grace: Duration::from_secs(5),
        }
    }

    /// For a few steps, of which the ones that matter are to be found.
    pub(crate) const fn small(
        workers: usize,
        lag: usize,
        letters: usize,
        history_size: usize,
    ) -> Self {
        Self {
            workers,
            clients: 3,
            bounds: Bounds { lag, queue_max: 60_000, wire: 300 },
            fan_out: FanOutBound { letters, size: 8 << 20 },
            history_size,
            payload_max: 100,
            keys: 3,
            has_backend: true,
            grace: Duration::from_secs(5),
        }
    }

    pub(crate) fn namespaces(&self) -> Arc<Namespaces> {
        let namespace = |pattern: &str| Namespace {
            subscribe: Access::Everybody,
            publish: Access::Everybody,
            presence_access: Access::Everybody,
            history_access: Access::Everybody,
            history_size: self.history_size,
            history_ttl: HISTORY_TTL,
            heartbeat: Duration::from_secs(2),
            ..Namespace::new(Pattern::new(pattern).expect("a pattern"))
        };
        let present = Namespace {
            presence: true,
            join_leave: true,
            presence_access: Access::Users,
            ..namespace("chat:*")
        };
        let private = namespace("private:*");
        let closed = Access::Granted;
        Arc::new(Namespaces::new(vec![
            present,
            Namespace { state: State::Keyed, ..namespace("state:*") },
            Namespace { state: State::Last, slow: SlowPolicy::Replay, ..namespace("last:*") },
            namespace("news.*"),
            Namespace {
                subscribe: closed,
                publish: closed,
                presence: true,
                join_leave: true,
                ..private
            },
            Namespace { history_size: 0, ..namespace("bare:*") },
            Namespace {
                presence: true,
                join_leave: true,
                presence_access: closed,
                ..namespace("quiet:*")
            },
        ]))
    }
}

/// Who a client says it is.
pub(crate) fn identity(user: Option<&str>, is_granted: bool, expires_ms: Option<u64>) -> Identity {
    let all =
        Permissions::NAMES.iter().fold(Permissions::default(), |all, (_, one)| all.with(*one));
    let grant =
        |pattern| Grant { pattern: Pattern::new(pattern).expect("a pattern"), permissions: all };
    Identity {
        user: user.map(|user| UserName::new(user).expect("a name")),
        has_token: true,
        grants: match is_granted {
            true => [grant("@*"), grant("private:*"), grant("quiet:*")].into(),
            false => [grant("@*")].into(),
        },
        expires_ms,
        ..Identity::default()
    }
}

pub(crate) const HISTORY_TTL: Duration = Duration::from_secs(60);

pub(crate) const CHANNELS: [&str; 8] =
    ["chat:a", "chat:b", "state:a", "last:a", "news.a", "news.b", "private:a", "bare:a"];

/// What can be subscribed to.
pub(crate) const SUBJECTS: [&str; 10] = [
    "chat:a",
    "chat:b",
    "state:a",
    "last:a",
    "news.a",
    "news.b",
    "private:a",
    "bare:a",
    "news.*",
    "private:*",
];

/// Those of which it is known who is there.
pub(crate) const PRESENT: [&str; 3] = ["chat:a", "chat:b", "private:a"];

pub(crate) const USERS: [Option<&str>; 3] = [Some("ada"), Some("bob"), None];

pub(crate) const KEYS: [&str; 40] = [
    "x", "y", "z", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f",
    "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "A", "B",
    "C", "D",
];

pub(crate) const TOPICS: [&str; 2] = ["red", "blue"];
