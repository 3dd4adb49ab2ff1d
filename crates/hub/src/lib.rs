//! Channels, presence, history, recovery and sessions: real-time semantics as state machines, without I/O and without a
//! clock.
//!
//! A [`Hub`] is one worker's part of it. [`Hub::handle`] takes what happened ([`Input`]) and has its surroundings do what
//! follows ([`Effects`]); hubs of several workers talk by [`Mail`], which their surroundings carry in order. Nothing is
//! shared and nothing locks. What clients ask for comes as [`Command`]s and what they are told goes as [`Own`] and [`Push`],
//! whatever they speak: wire formats are the dialects' business, and tokens the server's.
//!
//! ```text
//!   Command ─► session ─► home of the channel: number it, keep it ─► mail ─► relays, one on each worker with subscribers
//!                 ▲                                                            │
//!                 └── Own: answers, what it catches up with          Push: encoded once, to a topic
//! ```
//!
//! - A *home* numbers a channel's publications and keeps history, state, presence and idempotency keys. It is on the worker
//!   that the channel's name is hashed to.
//! - A *relay* is where a channel's subscribers on one worker are: a position, the last publications, and topics.
//! - A *session* is a client that has shown who it is. It outlives its connection for a grace time.
//!
//! A subscriber is *live*, in the topic, or *behind* at a position, with nothing queued. Being too slow, coming back after a
//! lost connection and coming late with a position are one and the same: it is behind, and catches up from the relay's tail
//! or from the home's history, page by page, as fast as it takes them.

#![expect(
    clippy::exhaustive_enums,
    reason = "a dialect that forgets a case is not complete: its compiler has to say so"
)]

mod command;
mod effects;
mod ending;
mod home;
mod hub;
mod identity;
pub mod limits;
mod mail;
mod names;
mod namespace;
mod publication;
mod rate;
mod refusal;
mod relay;
mod session;
mod tables;
mod told;
mod under_way;

pub use command::{
    Acknowledge, Call, Command, CommandId, History, PresenceView, Publish, Request, SlowPolicy,
    Subscribe, Target,
};
pub use effects::{
    Answer, BackendCall, Backlog, ChannelInfo, ConnectionKey, Effects, Now, RequestKey, SessionKey,
    TopicKey, WorkerIndex,
};
pub use ending::{Disconnect, DisconnectCode, Revocation};
pub use hub::{Hub, HubConfig, Input, Resume, Stats};
pub use identity::{Grant, Identity, Permissions};
pub use mail::Mail;
pub use names::{ChannelName, NameError, Pattern, ResumeToken, SessionId, UserName};
pub use namespace::{Access, Namespace, NamespaceIndex, Namespaces, Rate, State};
pub use publication::{
    Attributes, Epoch, Extras, Format, PRIORITY, PRIORITY_MAX, Payload, Position, Publication,
    Publisher,
};
pub use refusal::{Refusal, RefusalCode};
pub use told::{
    HistoryPage, Loss, LossReason, Member, Own, PresenceDiff, PresencePage, Push, Receipt,
    Recovery, SessionGreeting, Subscribed,
};
pub use under_way::FanOutBound;
