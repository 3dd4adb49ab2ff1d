//! What a client writes down: what it said and was told, in this order, and nothing that it thinks of it.

/// A channel, by its place in the plan.
pub(crate) type Channel = u16;

/// A channel that was told of and is none of the plan's.
pub(crate) const STRANGE: Channel = Channel::MAX;

/// A place in a channel's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) epoch: u64,
    pub(crate) sequence: u64,
}

/// All that one client saw, over all its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    /// What it may subscribe and publish to, by channel.
    pub(crate) may: Vec<bool>,
    /// Its subscriptions may lose what they were too slow for.
    pub(crate) may_lose: bool,
    /// Which channels are of the pattern that it subscribes to, if it does.
    pub(crate) watches: Vec<bool>,
    pub(crate) entries: Vec<Entry>,
}

/// What was said or told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It is connected.
    Connected {
        session: String,
        is_resumed: bool,
    },
    /// The connection is gone.
    Gone,
    /// It asks to be subscribed.
    Asked {
        channel: Channel,
        position: Option<Place>,
    },
    Subscribed {
        channel: Channel,
        place: Place,
        recovery: Recovery,
    },
    /// It asks not to be subscribed any more.
    Leaves {
        channel: Channel,
    },
    Unsubscribed {
        channel: Channel,
    },
    /// The server has ended its subscription.
    Revoked {
        channel: Channel,
    },
    /// Something that was asked for in this channel was refused.
    Refused {
        channel: Channel,
        code: String,
    },
    /// Something that was asked for in this channel was granted, although it is neither a subscription nor a publication.
    Granted {
        channel: Channel,
    },
    Publication {
        channel: Channel,
        sequence: u64,
        previous: u64,
        id: u64,
    },
    Lost {
        channel: Channel,
        from: u64,
        to: u64,
    },
    CaughtUp {
        channel: Channel,
        place: Place,
    },
    Heartbeat {
        channel: Channel,
        place: Place,
    },
    /// It publishes: the same once more if it had no answer.
    Sent {
        channel: Channel,
        id: u64,
        excludes_self: bool,
    },
    /// The answer to that.
    Receipt {
        channel: Channel,
        id: u64,
        place: Place,
    },
    /// It is subscribed to its pattern, which is live from here on.
    Watching,
    /// A publication by the pattern.
    Watched {
        channel: Channel,
        sequence: u64,
        id: u64,
    },
    /// Something of the pattern was lost.
    WatchLost,
    /// That it was told something that it cannot read.
    Nonsense {
        what: String,
    },
}

/// What a subscription begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recovery {
    Live,
    Recovered,
    Lost {
        from: u64,
        to: u64,
    },
    /// Nobody has asked for anything else.
    Other,
}

/// What is there when all is over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audit {
    pub(crate) channels: Vec<AuditedChannel>,
}

/// What is there of a channel.
#[derive(Clone, Debug)]
pub(crate) struct AuditedChannel {
    /// Its last publication.
    pub(crate) top: Place,
    /// All that is kept: sequence number and id, oldest first.
    pub(crate) history: Vec<(u64, u64)>,
    /// The sessions that are there.
    pub(crate) present: Vec<String>,
}
