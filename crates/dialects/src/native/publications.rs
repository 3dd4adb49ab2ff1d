//! What all subscribers are told, and publications wherever they are told of.

use super::answers::{write_loss, write_presence};
use super::schema::Field;
use super::schema::{heartbeat, member, position, presence_diff, publication, told};
use super::writer::Writer;
use sockeye_hub::{Member, PRIORITY, Position, PresenceDiff, Publication, Push};

pub(super) fn write_push<W: Writer>(writer: &mut W, push: &Push<'_>) {
    match *push {
        Push::Publication { subject, channel, publication, previous } => {
            writer.map(told::PUBLICATION, |writer| {
                let place = Place { channel: channel.as_str(), subject, previous };
                write_placed(writer, place, publication);
            });
        }
        Push::Presence { channel, diff } => writer.map(told::PRESENCE_DIFF, |writer| {
            writer.text(presence_diff::CHANNEL, channel.as_str());
            write_diff(writer, diff);
        }),
        Push::Heartbeat { channel, position } => writer.map(told::HEARTBEAT, |writer| {
            writer.text(heartbeat::CHANNEL, channel.as_str());
            write_position(writer, heartbeat::POSITION, position);
        }),
        Push::Lost { subject, loss } => {
            writer.map(told::LOST, |writer| write_loss(writer, subject, loss));
        }
        Push::Members { page } => writer.map(told::PRESENCE, |writer| write_presence(writer, page)),
    }
}

/// Where a publication is, for who gets it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) channel: &'a str,
    /// The channel, or a pattern.
    pub(super) subject: &'a str,
    pub(super) previous: u64,
}

pub(super) fn write_placed<W: Writer>(writer: &mut W, place: Place<'_>, publication: &Publication) {
    writer.text(publication::CHANNEL, place.channel);
    if place.subject != place.channel {
        writer.text(publication::PATTERN, place.subject);
    }
    // What is volatile is not in the stream.
    if publication.sequence > 0 {
        writer.number(publication::SEQUENCE, publication.sequence);
        writer.number(publication::PREVIOUS, place.previous);
    }
    write_content(writer, publication);
}

/// What it is, wherever it is.
pub(super) fn write_content<W: Writer>(writer: &mut W, publication: &Publication) {
    writer.number(publication::TIME_MS, publication.time_ms);
    if let Some(publisher) = &publication.publisher {
        writer.shown(publication::SESSION, publisher.session);
        if let Some(user) = &publisher.user {
            writer.text(publication::USER, user.as_str());
        }
    }
    if publication.priority != PRIORITY {
        writer.number(publication::PRIORITY, u64::from(publication.priority));
    }
    if let Some(extras) = &publication.extras {
        if let Some(key) = &extras.key {
            writer.text(publication::KEY, key);
        }
        if let Some(content_type) = &extras.content_type {
            writer.text(publication::CONTENT_TYPE, content_type);
        }
        if !extras.headers.is_empty() {
            let count = extras.headers.len();
            writer.pairs(publication::HEADERS, count, publication.headers());
        }
    }
    // Last, so that people who read it find the rest.
    writer.payload([publication::DATA, publication::DATA_BINARY], publication.payload());
}

pub(super) fn write_position<W: Writer>(writer: &mut W, field: Field, place: Position) {
    writer.map(field, |writer| {
        writer.shown(position::EPOCH, place.epoch);
        writer.number(position::SEQUENCE, place.sequence);
    });
}

fn write_diff<W: Writer>(writer: &mut W, diff: &PresenceDiff) {
    writer.number(presence_diff::VERSION, diff.version);
    writer.maps(presence_diff::JOINED, &diff.joined, write_member);
    writer.maps(presence_diff::LEFT, &diff.left, write_member);
}

pub(super) fn write_member<W: Writer>(writer: &mut W, one: &Member) {
    writer.shown(member::SESSION, one.session);
    if let Some(user) = &one.user {
        writer.text(member::USER, user.as_str());
    }
    if let Some(info) = &one.info {
        writer.json(member::INFO, info.as_bytes());
    }
}
