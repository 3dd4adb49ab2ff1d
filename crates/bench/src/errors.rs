//! What was wrong with the answers, counted.

use std::ops::AddAssign;

/// What was wrong with the answers. All are zero where the server did what it should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Errors {
    /// Messages that are not as they were sent: other bytes, another length, text for bytes, or from another connection.
    pub corrupted: u64,
    /// Messages that did not arrive while later ones did.
    pub missing: u64,
    /// Messages that arrived twice, or after later ones.
    pub repeated: u64,
    /// Messages at publishers, where `--publisher-subscribes` does not say that there are any.
    pub unexpected: u64,
    /// Messages that had no answer two seconds after the end, or ten after the connection's last one.
    pub unanswered: u64,
    /// Connections that ended or broke.
    pub lost_connections: u64,
}

impl Errors {
    /// Each with its name.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, u64); 6] {
        [
            ("corrupted", self.corrupted),
            ("missing", self.missing),
            ("repeated", self.repeated),
            ("unexpected", self.unexpected),
            ("unanswered", self.unanswered),
            ("lost_connections", self.lost_connections),
        ]
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Errors {
    fn add_assign(&mut self, other: Self) {
        self.corrupted += other.corrupted;
        self.missing += other.missing;
        self.repeated += other.repeated;
        self.unexpected += other.unexpected;
        self.unanswered += other.unanswered;
        self.lost_connections += other.lost_connections;
    }
}
