//! What a hub counts.

/// Counters since the start (`*_total` in metrics), and what is there now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Sessions of this worker, those without a connection included.
    pub sessions: u64,
    /// Those that have none.
    pub sessions_detached: u64,
    /// Subscriptions of them.
    pub subscriptions: u64,
    /// Those that are behind.
    pub subscriptions_behind: u64,
    /// Channels that have their home here.
    pub channels: u64,
    /// Publications that were numbered here, since the start.
    pub published: u64,
    /// Publications that were volatile, since the start.
    pub published_volatile: u64,
    /// Publications that came twice, since the start.
    pub duplicates: u64,
    /// Commands that were refused, since the start.
    pub refused: u64,
    /// How often subscribers became too slow, since the start.
    pub lagged: u64,
    /// Publications that were sent to subscribers that were behind, since the start.
    pub caught_up: u64,
    /// How often subscribers were told that something was lost, since the start.
    pub lost: u64,
    /// Fan-out letters on their way to other workers, or not known to be taken.
    pub fan_out_under_way: u64,
    /// Relays on other workers that are behind their homes here.
    pub relays_behind: u64,
    /// How often too much fan-out mail was under way to a worker, so that a relay there fell behind, since the start.
    pub relays_lagged: u64,
    /// Publications that were sent again to relays that were behind, since the start.
    pub relays_caught_up: u64,
    /// How often what a relay here had missed was not there any more, and its subscribers were told, since the start.
    pub relays_lost: u64,
    /// Volatile publications that were not sent to a worker to which too much was under way, since the start.
    pub volatile_dropped: u64,
    /// Sessions that resumed, since the start.
    pub resumed: u64,
    /// Sessions that did not come back in time, since the start.
    pub expired: u64,
}
