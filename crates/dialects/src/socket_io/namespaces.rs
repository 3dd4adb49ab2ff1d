//! The namespaces that a client is in, what it has joined there, and how channels and commands are named after them.

use super::packet::MAIN;
use crate::limits::{SOCKET_IO_NAMESPACES_MAX, SOCKET_IO_ROOMS_MAX};
use sockeye_hub::CommandId;
use std::borrow::Cow;

/// One namespace of one client.
#[derive(Debug)]
pub(super) struct Namespace {
    pub(super) name: Box<str>,
    /// Counted up and never used again, so that a late answer does not reach who connected after it was asked for.
    number: u16,
    pub(super) is_connected: bool,
    /// The channels of its rooms.
    rooms: Vec<Box<str>>,
}

/// All of them, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    all: Vec<Namespace>,
    last_number: u16,
}

impl Namespaces {
    /// One that is being connected. `None`: there are too many, or it is there already.
    pub(super) fn add(&mut self, name: &str) -> Option<&mut Namespace> {
        if self.all.len() == SOCKET_IO_NAMESPACES_MAX || self.find(name).is_some() {
            return None;
        }
        let number = self.last_number.checked_add(1)?;
        self.last_number = number;
        let namespace =
            Namespace { name: name.into(), number, is_connected: false, rooms: Vec::new() };
        self.all.push(namespace);
        self.all.last_mut()
    }

    pub(super) fn find(&mut self, name: &str) -> Option<&mut Namespace> {
        self.all.iter_mut().find(|namespace| &*namespace.name == name)
    }

    /// Which one a command was sent in.
    pub(super) fn of_command(&mut self, id: CommandId) -> Option<&mut Namespace> {
        let number = id.0 >> NUMBER_SHIFT;
        self.all.iter_mut().find(|namespace| u64::from(namespace.number) == number)
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Namespace> {
        let index = self.all.iter().position(|namespace| &*namespace.name == name)?;
        Some(self.all.remove(index))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Namespace> {
        self.all.iter()
    }
}

impl Namespace {
    /// The command that connects it.
    pub(super) fn connect_id(&self) -> CommandId {
        CommandId(u64::from(self.number) << NUMBER_SHIFT | CONNECT)
    }

    /// A command whose answer is an acknowledgement; without one nothing is answered.
    pub(super) fn command_id(&self, ack: Option<u64>) -> CommandId {
        match ack {
            Some(ack) => CommandId(u64::from(self.number) << NUMBER_SHIFT | (ack + 1)),
            None => CommandId(0),
        }
    }

    /// Remembers a room. False: there are too many.
    pub(super) fn join(&mut self, channel: &str) -> bool {
        let is_new = !self.rooms.iter().any(|room| **room == *channel);
        if is_new && self.rooms.len() == SOCKET_IO_ROOMS_MAX {
            return false;
        }
        if is_new {
            self.rooms.push(channel.into());
        }
        true
    }

    pub(super) fn leave(&mut self, channel: &str) {
        self.rooms.retain(|room| **room != *channel);
    }

    pub(super) fn into_rooms(self) -> Vec<Box<str>> {
        self.rooms
    }
}

/// Which acknowledgement a command awaits. `None`: it connects.
pub(super) const fn ack_of(id: CommandId) -> Option<u64> {
    let low = id.0 & ((1 << NUMBER_SHIFT) - 1);
    if low == CONNECT { None } else { low.checked_sub(1) }
}

/// The channel of a room. Rooms of the main namespace are channels as they are, so that they are shared with clients that
/// speak something else.
pub(super) fn channel<'a>(namespace: &str, room: &'a str) -> Cow<'a, str> {
    match namespace {
        MAIN if !room.starts_with('/') => Cow::Borrowed(room),
        // Else a room of this name would be one of another namespace.
        MAIN => Cow::Owned(format!("/,{room}")),
        _ => Cow::Owned(format!("{namespace},{room}")),
    }
}

/// The namespace whose room a channel is.
pub(super) fn namespace_of(channel: &str) -> &str {
    match channel.split_once(',') {
        Some((namespace, _)) if namespace.starts_with('/') => namespace,
        _ => MAIN,
    }
}

const NUMBER_SHIFT: u32 = 48;
const CONNECT: u64 = 1 << 47;
const _: () = assert!(super::packet::ACK_MAX + 1 < CONNECT);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_belongs_to_its_namespace_only() {
        for (namespace, room, expected) in [
            ("/", "lobby", "lobby"),
            ("/", "/admin,lobby", "/,/admin,lobby"),
            ("/admin", "lobby", "/admin,lobby"),
            ("/admin", "a,b", "/admin,a,b"),
        ] {
            let channel = channel(namespace, room);
            assert_eq!((&*channel, namespace_of(&channel)), (expected, namespace));
        }
    }

    #[test]
    fn an_answer_finds_who_asked_and_nobody_later() {
        let mut all = Namespaces::default();
        let first = all.add("/admin").expect("room").command_id(Some(0));
        assert_eq!(all.of_command(first).map(|it| &*it.name), Some("/admin"));
        assert_eq!(ack_of(first), Some(0));
        assert!(all.add("/admin").is_none());
        all.remove("/admin");
        let connect = all.add("/admin").expect("room").connect_id();
        assert!(all.of_command(first).is_none() && all.of_command(CommandId(0)).is_none());
        assert_eq!(ack_of(connect), None);
    }

    #[test]
    fn namespaces_and_rooms_are_bounded() {
        let mut all = Namespaces::default();
        for index in 0..SOCKET_IO_NAMESPACES_MAX {
            assert!(all.add(&format!("/{index}")).is_some());
        }
        assert!(all.add("/more").is_none());
        let namespace = all.find("/0").expect("it is there");
        assert!((0..SOCKET_IO_ROOMS_MAX).all(|index| namespace.join(&index.to_string())));
        assert!(!namespace.join("more") && namespace.join("0"));
        namespace.leave("0");
        assert!(namespace.join("more"));
    }
}
