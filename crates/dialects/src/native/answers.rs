//! What one session is told.

use super::publications::{Place, write_content, write_member, write_placed, write_position};
use super::schema::Field;
use super::schema::{
    answered, call_cancelled, called, caught_up, connected, disconnected, error, history_page,
    lost, messages_lost, permissions_changed, presence_page, publication, published, reconnect,
    refreshed, revoked, subscribed, told, unsubscribed, user_sessions,
};
use super::writer::Writer;
use sockeye_hub::{
    CommandId, Disconnect, HistoryPage, Loss, LossReason, Own, Payload, PresencePage, Publisher,
    Receipt, Recovery, Refusal, SessionGreeting, Subscribed, UserName,
};
use std::time::Duration;

pub(super) fn write_own<W: Writer>(to: &mut W, own: &Own<'_>) {
    match *own {
        Own::Connected { id, session } => {
            answer(to, id, told::CONNECTED, |to| write_greeting(to, session));
        }
        Own::Refreshed { id, expires_ms } => {
            answer(to, id, told::REFRESHED, |to| some(to, refreshed::EXPIRES_MS, expires_ms));
        }
        Own::Subscribed { id, subscription } => {
            answer(to, id, told::SUBSCRIBED, |to| write_subscribed(to, subscription));
        }
        Own::Unsubscribed { id, subject } => {
            answer(to, id, told::UNSUBSCRIBED, |to| to.text(unsubscribed::CHANNEL, subject));
        }
        Own::Published { id, receipt } => {
            answer(to, id, told::PUBLISHED, |to| write_receipt(to, receipt));
        }
        Own::Done { id } => answer(to, id, told::DONE, |_| {}),
        Own::Refused { id, refusal } => {
            answer(to, id, told::ERROR, |to| write_refusal(to, refusal));
        }
        Own::History { id, page } => answer(to, id, told::HISTORY, |to| write_history(to, page)),
        Own::Presence { id, page } => {
            answer(to, id, told::PRESENCE, |to| write_presence(to, page));
        }
        Own::Answered { id, answer: outcome } => {
            answer(to, id, told::ANSWERED, |to| write_outcome(to, outcome));
        }
        Own::Pong { id } => answer(to, id, told::PONG, |_| {}),
        Own::Publication { channel, publication, previous, tag: _ } => {
            let channel = channel.as_str();
            let place = Place { channel, subject: channel, previous };
            to.map(told::PUBLICATION, |to| write_placed(to, place, publication));
        }
        Own::Lost { subject, loss } => to.map(told::LOST, |to| write_loss(to, subject, loss)),
        Own::CaughtUp { channel, position } => to.map(told::CAUGHT_UP, |to| {
            to.text(caught_up::CHANNEL, channel.as_str());
            write_position(to, caught_up::POSITION, position);
        }),
        Own::Revoked { subject, reason } => to.map(told::REVOKED, |to| {
            to.text(revoked::CHANNEL, subject);
            to.text(revoked::REASON, reason.name());
        }),
        Own::PermissionsChanged { expires_ms } => to.map(told::PERMISSIONS_CHANGED, |to| {
            some(to, permissions_changed::EXPIRES_MS, expires_ms);
        }),
        Own::Message { number, message } => to.map(told::MESSAGE, |to| {
            some(to, publication::NUMBER, (number > 0).then_some(number));
            write_content(to, message);
        }),
        Own::MessagesLost { from, to: last } => to.map(told::MESSAGES_LOST, |to| {
            to.number(messages_lost::FROM, from);
            to.number(messages_lost::TO, last);
        }),
        Own::Called { call, caller, method, payload, timeout } => {
            let question = Question { method, payload, timeout };
            to.map(told::CALL, |to| write_call(to, call, caller, question));
        }
        Own::CallCancelled { call } => {
            to.map(told::CALL_CANCELLED, |to| to.number(call_cancelled::CALL, call));
        }
        Own::Reconnect { after, to: address } => to.map(told::RECONNECT, |to| {
            to.number(reconnect::AFTER_MS, milliseconds(after));
            some_text(to, reconnect::TO, address);
        }),
        Own::Disconnected { disconnect } => {
            to.map(told::DISCONNECT, |to| write_disconnect(to, disconnect));
        }
    }
}

/// What a command is answered with.
fn answer<W: Writer>(to: &mut W, id: CommandId, field: Field, write: impl FnOnce(&mut W)) {
    some(to, told::ID, (id.0 > 0).then_some(id.0));
    to.map(field, write);
}

fn some<W: Writer>(to: &mut W, field: Field, number: Option<u64>) {
    if let Some(number) = number {
        to.number(field, number);
    }
}

fn some_text<W: Writer>(to: &mut W, field: Field, text: Option<&str>) {
    if let Some(text) = text {
        to.text(field, text);
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn write_greeting<W: Writer>(to: &mut W, greeting: &SessionGreeting<'_>) {
    to.shown(connected::SESSION, greeting.session);
    to.shown(connected::RESUME, greeting.resume);
    to.number(connected::GRACE_MS, milliseconds(greeting.grace));
    to.flag(connected::RESUMED, greeting.is_resumed);
    some_text(to, connected::USER, greeting.user.map(UserName::as_str));
    some(to, connected::EXPIRES_MS, greeting.expires_ms);
}

fn write_subscribed<W: Writer>(to: &mut W, subscription: &Subscribed<'_>) {
    to.text(subscribed::CHANNEL, subscription.subject);
    if let Some(position) = subscription.position {
        write_position(to, subscribed::POSITION, position);
    }
    let (name, from, last) = match subscription.recovery {
        Recovery::Live => ("live", None, None),
        Recovery::Recovered { to } => ("recovered", None, Some(to)),
        Recovery::Snapshot { sequence } => ("snapshot", None, Some(sequence)),
        Recovery::Lost { from, to } => ("lost", Some(from), Some(to)),
    };
    to.text(subscribed::RECOVERY, name);
    some(to, subscribed::FROM, from);
    some(to, subscribed::TO, last);
    if let Some(metadata) = subscription.metadata {
        to.json(subscribed::METADATA, metadata.as_bytes());
    }
}

fn write_receipt<W: Writer>(to: &mut W, receipt: &Receipt) {
    // Without a place in a stream there is none before it.
    if let Some(position) = receipt.position {
        write_position(to, published::POSITION, position);
        to.number(published::PREVIOUS, receipt.previous);
    }
    if receipt.is_duplicate {
        to.flag(published::DUPLICATE, true);
    }
}

fn write_refusal<W: Writer>(to: &mut W, refusal: &Refusal) {
    to.text(error::CODE, refusal.code.name());
    to.text(error::MESSAGE, &refusal.text);
    if let Some(current) = &refusal.current {
        to.map(error::CURRENT, |to| {
            to.number(publication::SEQUENCE, current.sequence);
            write_content(to, current);
        });
    }
}

fn write_history<W: Writer>(to: &mut W, page: &HistoryPage) {
    to.text(history_page::CHANNEL, page.channel.as_str());
    write_position(to, history_page::POSITION, page.top);
    to.maps(history_page::PUBLICATIONS, &page.publications, |to, item| {
        to.number(publication::SEQUENCE, item.sequence);
        to.number(publication::PREVIOUS, item.previous);
        write_content(to, item);
    });
    to.flag(history_page::MORE, page.has_more);
}

pub(super) fn write_presence<W: Writer>(to: &mut W, page: &PresencePage) {
    to.text(presence_page::CHANNEL, page.channel.as_str());
    to.number(presence_page::VERSION, page.version);
    to.number(presence_page::SESSIONS, page.sessions as u64);
    to.number(presence_page::USERS, page.users as u64);
    // Looked at by session or by user; when by neither, an empty list of the first says so.
    if page.members_by_user.is_empty() {
        to.maps(presence_page::MEMBERS, &page.members, write_member);
    } else {
        to.maps(presence_page::MEMBERS_BY_USER, &page.members_by_user, |to, (user, sessions)| {
            to.text(user_sessions::USER, user.as_str());
            to.number(user_sessions::SESSIONS, u64::from(*sessions));
        });
    }
    to.flag(presence_page::MORE, page.has_more);
}

fn write_outcome<W: Writer>(to: &mut W, outcome: Result<Payload<'_>, (&str, &str)>) {
    match outcome {
        Ok(payload) => to.payload([answered::DATA, answered::DATA_BINARY], payload),
        Err((code, text)) => to.map(answered::ERROR, |to| {
            to.text(error::CODE, code);
            to.text(error::MESSAGE, text);
        }),
    }
}

pub(super) fn write_loss<W: Writer>(to: &mut W, subject: &str, loss: Loss) {
    to.text(lost::CHANNEL, subject);
    // Else the numbers say nothing.
    if loss.reason != LossReason::NoHistory {
        to.number(lost::FROM, loss.from);
        to.number(lost::TO, loss.to);
    }
    to.text(lost::REASON, loss.reason.name());
}

fn write_call<W: Writer>(to: &mut W, call: u64, caller: &Publisher, question: Question<'_>) {
    to.number(called::CALL, call);
    to.shown(called::SESSION, caller.session);
    some_text(to, called::USER, caller.user.as_ref().map(UserName::as_str));
    to.text(called::METHOD, question.method);
    to.number(called::TIMEOUT_MS, milliseconds(question.timeout));
    to.payload([called::DATA, called::DATA_BINARY], question.payload);
}

/// What a session is asked.
struct Question<'a> {
    method: &'a str,
    payload: Payload<'a>,
    timeout: Duration,
}

fn write_disconnect<W: Writer>(to: &mut W, disconnect: &Disconnect) {
    to.number(disconnected::CODE, u64::from(disconnect.code.close_code()));
    to.text(disconnected::REASON, &disconnect.reason);
    to.flag(disconnected::MAY_RETURN, disconnect.may_return);
}
