//! Every bound of the hub, and how they relate. What a namespace can set has its default here.

use std::time::Duration;

/// Bytes of a channel's name, or of a pattern.
pub const CHANNEL_NAME_SIZE_MAX: usize = 255;

/// Bytes of a user's name.
pub const USER_NAME_SIZE_MAX: usize = 255;

/// Bytes of a key, of an idempotency key, of a content type, and of a method's name.
pub const TOKEN_SIZE_MAX: usize = 255;

/// Headers of a publication, and the bytes of them all.
pub const HEADERS_MAX: usize = 16;
/// See [`HEADERS_MAX`].
pub const HEADERS_SIZE_MAX: usize = 4096;

/// Channels and patterns that a session subscribes to.
pub const SUBSCRIPTIONS_PER_SESSION_MAX: usize = 4096;

/// Patterns among them; each costs a comparison with every publication of the server.
pub const PATTERNS_PER_SESSION_MAX: usize = 16;

/// Different filters that the subscribers of a channel have on one worker.
pub const FILTERS_PER_RELAY_MAX: usize = 64;

/// Publications that a relay keeps for those who are a little behind. Those who are more ask the home.
pub const RELAY_TAIL_MAX: usize = 64;
/// Bytes of them.
pub const RELAY_TAIL_SIZE_MAX: usize = 256 * 1024;

/// Fan-out mail on its way to one other worker, in letters, that this worker does not know to be taken. What is over it is
/// not sent, and recovered later where it can be. A quarter of it may have been taken already.
pub const FAN_OUT_LETTERS_MAX: usize = 8192;
/// Bytes of it, publications that others have too included, but for the last of them.
pub const FAN_OUT_SIZE_MAX: usize = 8 * 1024 * 1024;

/// What is sent at once to a subscriber that is behind, and how much may wait for it before more is sent.
pub const CATCH_UP_SIZE: usize = 32 * 1024;
/// Publications of a page of history.
pub const PAGE_PUBLICATIONS_MAX: usize = 256;
/// Bytes of it, but for the last of them.
pub const PAGE_SIZE_MAX: usize = 256 * 1024;
/// Members of a page of presence.
pub const PAGE_MEMBERS_MAX: usize = 256;

/// Idempotency keys that a channel remembers, and for how long.
pub const IDEMPOTENCY_KEYS_MAX: usize = 1024;
/// See [`IDEMPOTENCY_KEYS_MAX`].
pub const IDEMPOTENCY_WINDOW: Duration = Duration::from_secs(300);

/// Messages to one session that it has not acknowledged. Past it the oldest are lost, and the session is told.
pub const UNACKNOWLEDGED_MAX: usize = 128;
/// Bytes of them.
pub const UNACKNOWLEDGED_SIZE_MAX: usize = 256 * 1024;

/// Calls of one session that await their answers, and as many to it.
pub const CALLS_MAX: usize = 64;
/// How long a call waits if it does not say.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call can wait.
pub const CALL_TIMEOUT_MAX: Duration = Duration::from_secs(300);

/// How long a session outlives its connection.
pub const SESSION_GRACE: Duration = Duration::from_secs(30);

/// How long a channel without subscribers, history, state or idempotency keys is remembered, with its epoch.
pub const CHANNEL_GRACE: Duration = Duration::from_secs(60);

/// After how long what ends later, or never, is looked at again: a token may be good for a million years, and no deadline is
/// that far away.
pub const LOOK_AGAIN_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// After how long a channel's top position is told again.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

/// Bytes of a channel's metadata.
pub const METADATA_SIZE_MAX: usize = 16 * 1024;

/// Keys with a value in a channel with state.
pub const STATE_KEYS_MAX: usize = 10_000;

/// Bytes of what a session shows of itself in presence.
pub const PRESENCE_INFO_SIZE_MAX: usize = 4096;

const _: () = assert!(PAGE_PUBLICATIONS_MAX >= RELAY_TAIL_MAX && PAGE_SIZE_MAX >= CATCH_UP_SIZE);
const _: () = assert!(RELAY_TAIL_SIZE_MAX >= CATCH_UP_SIZE);
const _: () = assert!(FAN_OUT_SIZE_MAX / 4 >= PAGE_SIZE_MAX);
const _: () = assert!(CALL_TIMEOUT.as_secs() <= CALL_TIMEOUT_MAX.as_secs());
// A publication that was answered with nothing is sent again after the session resumed: the key has to be remembered then.
const _: () = assert!(IDEMPOTENCY_WINDOW.as_secs() > SESSION_GRACE.as_secs());
