//! What kinds of trouble a simulated network makes, and the dice that decide when.

/// How bad things are. Chances are in a thousand, each time that the trouble could happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weather {
    /// Bytes that one receive brings at most.
    pub receive_bytes_max: usize,
    /// Bytes that the kernel keeps in each direction of a connection.
    pub kernel_bytes_max: usize,
    /// A receive or a send moves less than it could.
    pub short_per_mille: u32,
    /// A send is taken along, and accounted for later.
    pub in_flight_per_mille: u32,
    /// A send in flight comes back with a part of it left, each time that some of it has left.
    pub early_return_per_mille: u32,
    /// That a send in flight has left at once, and whole, ends no wait; one that has not comes back with its rest. The driver panics where a worker waited and then does
    /// what it could have done before. So move time on only after a poll with nothing in flight: what is due then is no such thing.
    pub quiet_per_mille: u32,
    /// Something that is ready waits for a later poll.
    pub delay_per_mille: u32,
    /// What was under way still arrives after the worker paused or closed a connection.
    pub late_per_mille: u32,
    /// A send fails, and the connection with it.
    pub send_error_per_mille: u32,
    /// A peer's end resets, for each connection and poll.
    pub reset_per_mille: u32,
    /// An accept fails for want of descriptors.
    pub accept_failure_per_mille: u32,
    /// An accepted connection cannot be watched.
    pub attach_failure_per_mille: u32,
    /// A connection that the worker makes fails at once, for want of descriptors.
    pub connect_failure_per_mille: u32,
    /// A connection that the worker makes is refused, whoever listens.
    pub connect_refusal_per_mille: u32,
    /// A connection that the worker makes is never answered, whoever listens.
    pub connect_stall_per_mille: u32,
    /// A wait ends without a reason.
    pub wake_per_mille: u32,
}

impl Weather {
    /// No trouble at all: everything that can move moves with the next poll.
    #[must_use]
    pub const fn calm() -> Self {
        Self {
            receive_bytes_max: 64 * 1024,
            kernel_bytes_max: 256 * 1024,
            short_per_mille: 0,
            in_flight_per_mille: 0,
            early_return_per_mille: 300,
            quiet_per_mille: 0,
            delay_per_mille: 0,
            late_per_mille: 0,
            send_error_per_mille: 0,
            reset_per_mille: 0,
            accept_failure_per_mille: 0,
            attach_failure_per_mille: 0,
            connect_failure_per_mille: 0,
            connect_refusal_per_mille: 0,
            connect_stall_per_mille: 0,
            wake_per_mille: 0,
        }
    }

    /// Little moves at a time, late and in any order, but nothing breaks.
    #[must_use]
    pub const fn rough() -> Self {
        Self {
            receive_bytes_max: 1500,
            kernel_bytes_max: 2000,
            short_per_mille: 300,
            in_flight_per_mille: 250,
            quiet_per_mille: 500,
            delay_per_mille: 300,
            late_per_mille: 300,
            wake_per_mille: 50,
            ..Self::calm()
        }
    }

    /// As [`Weather::rough`], and things break.
    #[must_use]
    pub const fn stormy() -> Self {
        Self {
            send_error_per_mille: 5,
            reset_per_mille: 1,
            accept_failure_per_mille: 50,
            attach_failure_per_mille: 30,
            connect_failure_per_mille: 30,
            connect_refusal_per_mille: 50,
            connect_stall_per_mille: 30,
            ..Self::rough()
        }
    }
}

/// Splitmix64, after the throws that were written down for it.
#[derive(Debug)]
pub(super) struct Random {
    state: u64,
    /// What is thrown next, the last one first.
    scripted: Vec<u8>,
}

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed, scripted: Vec::new() }
    }

    /// Throws these first: 0 is the lowest side of whatever die, 255 the highest.
    pub(super) fn script(&mut self, throws: &[u8]) {
        self.scripted = throws.iter().rev().copied().collect();
    }

    const fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not zero.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        match self.scripted.pop() {
            Some(throw) => usize::from(throw) * bound / 256,
            None => (self.number() % bound as u64) as usize,
        }
    }

    /// Whether something happens that has so many chances in a thousand.
    pub(super) fn happens(&mut self, per_mille: u32) -> bool {
        // Nothing is drawn for what cannot happen, so that calm weather has no dice.
        per_mille > 0 && self.below(1000) < per_mille as usize
    }

    pub(super) fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }
}
