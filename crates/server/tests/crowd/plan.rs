//! Who is in the crowd and what they do, from a seed.

use crate::log::{Channel, STRANGE};
use crate::random::Random;
use crate::speech::Encoding;
use std::time::Duration;

/// How large the crowd is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) clients: usize,
    pub(crate) channels: Channel,
    /// For how long things happen.
    pub(crate) storm: Duration,
}

/// The whole crowd.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) size: Size,
    pub(crate) members: Vec<Member>,
}

/// One client.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) encoding: Encoding,
    pub(crate) channels: Vec<Channel>,
    /// Which of the tokens it has, of those for members that may do everything, or not.
    pub(crate) token: usize,
    pub(crate) is_restricted: bool,
    /// What it may do anything in.
    pub(crate) may: Vec<bool>,
    /// How it wants to be treated when it is slow, which it is then.
    pub(crate) slow: Option<&'static str>,
    /// What it subscribes to besides: all rooms whose numbers begin so.
    pub(crate) pattern: Option<String>,
    /// It does not want to get what it publishes.
    pub(crate) excludes_self: bool,
    /// What it does, and when, from the beginning of the storm.
    pub(crate) acts: Vec<(Duration, Act)>,
}

/// Something that a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Connect,
    Publish {
        channel: Channel,
        size: usize,
    },
    Drop(Drop),
    /// Reads nothing for so long.
    Pause(Duration),
    /// Unsubscribes from its channel at this place, and subscribes again.
    Wander(usize),
    /// Tries everything in a channel that it may do nothing in.
    Trespass(Channel),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drop {
    /// By a reset.
    Reset,
    /// By an end of the stream, without a close frame.
    End,
    /// Without a sign.
    Silence,
    /// It says that it will not come back, and is somebody else when it does.
    Farewell,
}

impl Plan {
    pub(crate) fn new(seed: u64, size: Size) -> Self {
        let mut random = Random::new(seed);
        let members = (0..size.clients).map(|number| Member::new(number, size, &mut random));
        Self { seed, size, members: members.collect() }
    }

    /// Its name.
    pub(crate) fn name(&self, channel: Channel) -> String {
        let kind = match channel {
            _ if channel < LOUD => "loud",
            _ if is_vault(channel, self.size) => "vault",
            _ => "room",
        };
        format!("{kind}:{channel}")
    }

    /// Which channel has this name.
    pub(crate) fn channel(&self, name: &str) -> Channel {
        let number = name.split_once(':').and_then(|(_, number)| number.parse().ok());
        let is_ours =
            |channel: &Channel| *channel < self.size.channels && self.name(*channel) == name;
        number.filter(is_ours).unwrap_or(STRANGE)
    }
}

impl Member {
    fn new(number: usize, size: Size, random: &mut Random) -> Self {
        let is_restricted = number % 4 == 1;
        let may = (0..size.channels).map(|channel| !is_restricted || !is_vault(channel, size));
        let may: Vec<bool> = may.collect();
        let encoding = match number % 3 {
            0 => Encoding::Json,
            1 => Encoding::Msgpack,
            _ => Encoding::Protobuf,
        };
        let slow = number.is_multiple_of(10).then(|| POLICIES[number / 10 % POLICIES.len()]);
        let mut channels = Vec::new();
        if slow.is_some() {
            channels.push(random.within(0..u64::from(LOUD)) as Channel);
        }
        while channels.len() < SUBSCRIPTIONS {
            let channel = random.within(u64::from(LOUD)..u64::from(size.channels)) as Channel;
            if may[usize::from(channel)] && !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        let mut member = Self {
            encoding,
            channels,
            token: number / 4 % USERS,
            is_restricted,
            may,
            slow,
            // Publishers and others, with all rights and with few.
            pattern: [3, 11, 21, 29]
                .contains(&(number % 80))
                .then(|| format!("room:{}*", 1 + number / 80 % 9)),
            excludes_self: number % 20 == 11,
            acts: Vec::new(),
        };
        member.plan(number, size, random);
        member
    }

    fn plan(&mut self, number: usize, size: Size, random: &mut Random) {
        let storm = size.storm.as_millis() as u64;
        let at = |random: &mut Random| Duration::from_millis(random.within(0..storm));
        if self.slow.is_some() {
            self.acts.push((Duration::ZERO, Act::Pause(size.storm / 2)));
            self.acts.push((size.storm * 5 / 8, Act::Pause(size.storm / 4)));
        }
        if number % 10 == 1 {
            for _ in 0..PUBLICATIONS {
                let place = random.within(0..self.channels.len() as u64) as usize;
                let size = random.within(0..400) as usize;
                self.acts.push((at(random), Act::Publish { channel: self.channels[place], size }));
            }
        }
        let loud = number % 10 == 2 && number / 10 < usize::from(LOUD);
        for _ in 0..if loud { LOUD_PUBLICATIONS } else { 0 } {
            let channel = (number / 10) as Channel;
            self.acts.push((at(random), Act::Publish { channel, size: LOUD_SIZE }));
        }
        // A server that has ended a connection itself, unread so far, hears nothing any more, not even farewell.
        let says_farewell = self.slow != Some("disconnect");
        for _ in 0..random.within(0..3) {
            let drop = match random.within(0..8) {
                0..3 => Drop::Reset,
                3..5 => Drop::End,
                5..7 => Drop::Silence,
                _ if says_farewell => Drop::Farewell,
                _ => Drop::Reset,
            };
            self.acts.push((at(random), Act::Drop(drop)));
        }
        if random.one_in(10) {
            let place = random.within(0..self.channels.len() as u64) as usize;
            self.acts.push((at(random), Act::Wander(place)));
        }
        if let Some(channel) = self.may.iter().position(|may| !may) {
            self.acts.push((at(random), Act::Trespass(channel as Channel)));
        }
    }

    /// Which channels are of its pattern.
    pub(crate) fn watches(&self, plan: &Plan) -> Vec<bool> {
        let start = self.pattern.as_ref().and_then(|pattern| pattern.strip_suffix('*'));
        let is_watched = |channel| start.is_some_and(|start| plan.name(channel).starts_with(start));
        (0..plan.size.channels).map(is_watched).collect()
    }

    /// Its subscriptions may lose what they were too slow for.
    pub(crate) fn may_lose(&self) -> bool {
        matches!(self.slow, Some("drop-oldest" | "conflate"))
    }
}

const fn is_vault(channel: Channel, size: Size) -> bool {
    channel >= size.channels - size.channels / 10
}

const POLICIES: [&str; 4] = ["replay", "drop-oldest", "conflate", "disconnect"];
/// Channels with much and large traffic, to which those listen who are slow.
const LOUD: Channel = 4;
const SUBSCRIPTIONS: usize = 5;
/// So many have tokens to do everything, and as many others to do less. Users have many sessions each.
pub(crate) const USERS: usize = 8;
/// Of each client that publishes now and then.
const PUBLICATIONS: usize = 20;
const LOUD_PUBLICATIONS: usize = 150;
const LOUD_SIZE: usize = 3000;
