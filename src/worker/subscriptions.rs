//! What a connection subscribes to.

use std::ops::{Deref, DerefMut};
use std::slice;

/// The live subscriptions of a connection. Most have none or one, which costs no memory of its own.
#[derive(Debug)]
pub(crate) enum Subscriptions {
    None,
    One(Subscription),
    /// It had two or more at a time.
    #[expect(clippy::box_collection, reason = "each connection has this, and few use it")]
    Many(Box<Vec<Subscription>>),
}

/// A live subscription: where the topic has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subscription {
    pub(crate) topic: u32,
    pub(crate) lane: u32,
    pub(crate) position: u32,
}

impl Subscriptions {
    pub(crate) fn push(&mut self, subscription: Subscription) {
        match self {
            Self::None => *self = Self::One(subscription),
            Self::One(first) => *self = Self::Many(Box::new(vec![*first, subscription])),
            Self::Many(many) => {
                if many.len() == many.capacity() {
                    // There are many such lists: doubling would leave up to half of each unused.
                    many.reserve_exact(many.len() / 4 + 1);
                }
                many.push(subscription);
            }
        }
    }

    /// Takes out the one at `index`, and puts the last one in its place.
    pub(crate) fn swap_remove(&mut self, index: usize) -> Subscription {
        let removed = self[index];
        match self {
            Self::Many(many) if many.len() > 1 => drop(many.swap_remove(index)),
            _ => *self = Self::None,
        }
        removed
    }
}

impl Deref for Subscriptions {
    type Target = [Subscription];

    fn deref(&self) -> &[Subscription] {
        match self {
            Self::None => &[],
            Self::One(one) => slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl DerefMut for Subscriptions {
    fn deref_mut(&mut self) -> &mut [Subscription] {
        match self {
            Self::None => &mut [],
            Self::One(one) => slice::from_mut(one),
            Self::Many(many) => many,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_one_and_many_are_a_list() {
        let mut subscriptions = Subscriptions::None;
        let topics = |list: &Subscriptions| list.iter().map(|one| one.topic).collect::<Vec<_>>();
        for topic in 0..3 {
            subscriptions.push(Subscription { topic, lane: 0, position: topic });
            assert_eq!(topics(&subscriptions), (0..=topic).collect::<Vec<_>>());
        }
        subscriptions[1].position = 7;
        assert_eq!(subscriptions.swap_remove(0).topic, 0);
        assert_eq!(topics(&subscriptions), [2, 1]);
        assert_eq!(subscriptions.swap_remove(1).position, 7);
        assert_eq!(subscriptions.swap_remove(0).topic, 2);
        assert!(matches!(subscriptions, Subscriptions::None), "its memory is given back");
        subscriptions.push(Subscription { topic: 5, lane: 0, position: 0 });
        assert_eq!(subscriptions.swap_remove(0).topic, 5);
        assert!(subscriptions.is_empty());
    }
}
