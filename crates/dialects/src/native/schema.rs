//! Every message and every field of the native dialect: its name in JSON and MessagePack, and its number in Protocol
//! Buffers. `docs/protocol.md` has the same, and a test compares the two.

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Its number, which is never used again.
    pub(super) number: u32,
    pub(super) name: &'static str,
    /// The name as a key in JSON, with its colon.
    pub(super) json_key: &'static str,
    /// In Protocol Buffers it comes once for each of its elements.
    pub(super) is_repeated: bool,
}

/// A message: what it is called where it is a field of another one, and what it has.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
}

impl Schema {
    pub(super) fn named(&self, name: &str) -> Option<u32> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.number)
    }

    pub(super) fn numbered(&self, number: u32) -> Option<&Field> {
        self.fields.iter().find(|field| field.number == number)
    }
}

/// `read` messages come from clients, `written` ones go to them.
macro_rules! messages {
    ($($way:ident $module:ident $name:literal $proto:ident {
        $($number:literal $field:ident $text:literal $($many:ident)?,)*
    })*) => {
        $(pub(super) mod $module {
            message! { $way $name [$($number $field $text [$($many)?],)*] }
        })*
        /// All messages, with their names in Protocol Buffers.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &Schema)] =
            &[$((stringify!($proto), &$module::SCHEMA)),*];
    };
}

macro_rules! message {
    (read $name:literal [$($number:literal $field:ident $text:literal $many:tt,)*]) => {
        pub(in crate::native) mod number {
            $(pub(in crate::native) const $field: u32 = $number;)*
        }
        pub(in crate::native) const SCHEMA: super::Schema = super::Schema {
            name: $name,
            fields: &[$(field!(number::$field, $text, $many)),*],
        };
    };
    (written $name:literal [$($number:literal $field:ident $text:literal $many:tt,)*]) => {
        $(pub(in crate::native) const $field: super::Field = field!($number, $text, $many);)*
        #[cfg(test)]
        pub(in crate::native) const SCHEMA: super::Schema =
            super::Schema { name: $name, fields: &[$($field),*] };
    };
    (both $name:literal [$($number:literal $field:ident $text:literal $many:tt,)*]) => {
        pub(in crate::native) mod number {
            $(pub(in crate::native) const $field: u32 = $number;)*
        }
        $(pub(in crate::native) const $field: super::Field =
            field!(number::$field, $text, $many);)*
        pub(in crate::native) const SCHEMA: super::Schema =
            super::Schema { name: $name, fields: &[$($field),*] };
    };
}

macro_rules! field {
    ($number:expr, $text:literal, $many:tt) => {
        super::Field {
            number: $number,
            name: $text,
            json_key: concat!("\"", $text, "\":"),
            is_repeated: field!($many),
        }
    };
    ([many]) => {
        true
    };
    ([]) => {
        false
    };
}

messages! {
    read command "a command" Command {
        1 ID "id", 2 CONNECT "connect", 3 REFRESH "refresh", 4 SUBSCRIBE "subscribe", 5 UNSUBSCRIBE "unsubscribe",
        6 PUBLISH "publish", 7 CALL "call", 8 CANCEL "cancel", 9 REPLY "reply", 10 ACK "ack", 11 PRESENCE "presence",
        12 UPDATE_PRESENCE "update_presence", 13 HISTORY "history", 14 PING "ping", 15 DISCONNECT "disconnect",
    }
    read connect "connect" Connect { 1 TOKEN "token", 2 RESUME "resume", 3 NAME "name", 4 VERSION "version", }
    read resume "resume" Resume { 1 TOKEN "token", 2 POSITIONS "positions" many, 3 MESSAGE "message", }
    read refresh "refresh" Refresh { 1 TOKEN "token", }
    both position "position" Position { 1 EPOCH "epoch", 2 SEQUENCE "sequence", }
    read subscribe "subscribe" Subscribe {
        1 CHANNEL "channel", 2 POSITION "position", 3 SLOW "slow", 4 FILTER "filter" many, 5 SNAPSHOT "snapshot",
        6 INFO "info",
    }
    read unsubscribe "unsubscribe" Unsubscribe { 1 CHANNEL "channel", }
    read publish "publish" Publish {
        1 CHANNEL "channel", 2 USER "user", 3 SESSION "session", 4 ALL "all", 5 DATA "data", 6 DATA_BINARY "data_binary",
        7 KEY "key", 8 CONTENT_TYPE "content_type", 9 HEADERS "headers" many, 10 TTL_MS "ttl_ms", 11 PRIORITY "priority",
        12 VOLATILE "volatile", 13 IDEMPOTENCY_KEY "idempotency_key", 14 EXPECTED_VERSION "expected_version",
        15 EXCLUDE_SELF "exclude_self",
    }
    read all "all" All { 1 EXCEPT "except" many, }
    read call "call" Call {
        1 SESSION "session", 2 METHOD "method", 3 DATA "data", 4 DATA_BINARY "data_binary", 5 TIMEOUT_MS "timeout_ms",
    }
    read cancel "cancel" Cancel { 1 CALL "call", }
    read reply "reply" Reply { 1 CALL "call", 2 DATA "data", 3 DATA_BINARY "data_binary", 4 ERROR "error", }
    read ack "ack" Ack { 1 CHANNEL "channel", 2 SEQUENCE "sequence", 3 MESSAGES "messages", }
    read presence "presence" Presence {
        1 CHANNEL "channel", 2 COUNTS_ONLY "counts_only", 3 AFTER "after", 4 LIMIT "limit", 5 BY_USER "by_user",
    }
    read update_presence "update_presence" UpdatePresence { 1 CHANNEL "channel", 2 INFO "info", }
    read history "history" History { 1 CHANNEL "channel", 2 AFTER "after", 3 LIMIT "limit", 4 STATE "state", 5 BEFORE "before", }
    read ping "ping" Ping {}
    read disconnect "disconnect" Disconnect {}

    written told "a message" ServerMessage {
        1 ID "id", 2 CONNECTED "connected", 3 REFRESHED "refreshed", 4 SUBSCRIBED "subscribed",
        5 UNSUBSCRIBED "unsubscribed", 6 PUBLISHED "published", 7 DONE "done", 8 ERROR "error", 9 HISTORY "history",
        10 PRESENCE "presence", 11 ANSWERED "answered", 12 PONG "pong", 13 PUBLICATION "publication",
        14 HEARTBEAT "heartbeat", 15 PRESENCE_DIFF "presence_diff", 16 LOST "lost", 17 CAUGHT_UP "caught_up",
        18 REVOKED "revoked", 19 PERMISSIONS_CHANGED "permissions_changed", 20 MESSAGE "message",
        21 MESSAGES_LOST "messages_lost", 22 CALL "call", 23 CALL_CANCELLED "call_cancelled", 24 RECONNECT "reconnect",
        25 DISCONNECT "disconnect",
    }
    written connected "connected" Connected {
        1 SESSION "session", 2 RESUME "resume", 3 GRACE_MS "grace_ms", 4 RESUMED "resumed", 5 USER "user",
        6 EXPIRES_MS "expires_ms",
    }
    written refreshed "refreshed" Refreshed { 1 EXPIRES_MS "expires_ms", }
    written subscribed "subscribed" Subscribed {
        1 CHANNEL "channel", 2 POSITION "position", 3 RECOVERY "recovery", 4 FROM "from", 5 TO "to",
        6 METADATA "metadata",
    }
    written unsubscribed "unsubscribed" Unsubscribed { 1 CHANNEL "channel", }
    written published "published" Published { 1 POSITION "position", 2 PREVIOUS "previous", 3 DUPLICATE "duplicate", }
    written done "done" Done {}
    both error "error" Error { 1 CODE "code", 2 MESSAGE "message", 3 CURRENT "current", }
    written history_page "history" HistoryPage {
        1 CHANNEL "channel", 2 POSITION "position", 3 PUBLICATIONS "publications" many, 4 MORE "more",
    }
    written presence_page "presence" PresencePage {
        1 CHANNEL "channel", 2 VERSION "version", 3 SESSIONS "sessions", 4 USERS "users", 5 MEMBERS "members" many,
        6 MORE "more", 7 MEMBERS_BY_USER "members_by_user" many,
    }
    written user_sessions "members_by_user" UserSessions { 1 USER "user", 2 SESSIONS "sessions", }
    written member "members" Member { 1 SESSION "session", 2 USER "user", 3 INFO "info", }
    written answered "answered" Answered { 1 DATA "data", 2 DATA_BINARY "data_binary", 3 ERROR "error", }
    written pong "pong" Pong {}
    written publication "publication" Publication {
        1 CHANNEL "channel", 2 SEQUENCE "sequence", 3 PREVIOUS "previous", 4 DATA "data", 5 DATA_BINARY "data_binary",
        6 TIME_MS "time_ms", 7 SESSION "session", 8 USER "user", 9 KEY "key", 10 CONTENT_TYPE "content_type",
        11 HEADERS "headers" many, 12 PRIORITY "priority", 13 PATTERN "pattern", 14 NUMBER "number",
    }
    written heartbeat "heartbeat" Heartbeat { 1 CHANNEL "channel", 2 POSITION "position", }
    written presence_diff "presence_diff" PresenceDiff { 1 CHANNEL "channel", 2 VERSION "version", 3 JOINED "joined" many, 4 LEFT "left" many, }
    written lost "lost" Lost { 1 CHANNEL "channel", 2 FROM "from", 3 TO "to", 4 REASON "reason", }
    written caught_up "caught_up" CaughtUp { 1 CHANNEL "channel", 2 POSITION "position", }
    written revoked "revoked" Revoked { 1 CHANNEL "channel", 2 REASON "reason", }
    written permissions_changed "permissions_changed" PermissionsChanged { 1 EXPIRES_MS "expires_ms", }
    written messages_lost "messages_lost" MessagesLost { 1 FROM "from", 2 TO "to", }
    written called "call" Called {
        1 CALL "call", 2 SESSION "session", 3 USER "user", 4 METHOD "method", 5 DATA "data",
        6 DATA_BINARY "data_binary", 7 TIMEOUT_MS "timeout_ms",
    }
    written call_cancelled "call_cancelled" CallCancelled { 1 CALL "call", }
    written reconnect "reconnect" Reconnect { 1 AFTER_MS "after_ms", 2 TO "to", }
    written disconnected "disconnect" Disconnected { 1 CODE "code", 2 REASON "reason", 3 MAY_RETURN "may_return", }
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::BTreeSet;

    /// Message, field, number, and whether it is repeated.
    type Row<'a> = (&'a str, &'a str, u32, bool);

    #[test]
    fn the_documents_schema_is_this_one() {
        let ours: BTreeSet<Row<'_>> = ALL
            .iter()
            .flat_map(|(message, schema)| schema.fields.iter().map(|field| (*message, field)))
            .map(|(message, field)| (message, field.name, field.number, field.is_repeated))
            .collect();
        let documented = documented();
        assert_eq!(Vec::from_iter(documented.difference(&ours)), Vec::<&Row<'_>>::new());
        assert_eq!(Vec::from_iter(ours.difference(&documented)), Vec::<&Row<'_>>::new());
    }

    fn documented() -> BTreeSet<Row<'static>> {
        let document = include_str!("../../../../docs/protocol.md");
        let (_, schema) = document.split_once("```proto\n").expect("a schema");
        let (schema, _) = schema.split_once("```").expect("its end");
        let mut message = "";
        let mut found = BTreeSet::new();
        for statement in schema.split(['{', '}', ';', '\n']).map(str::trim) {
            if let Some(name) = statement.strip_prefix("message ") {
                message = name.trim();
            }
            let field = statement.split_once(" = ").filter(|_| !message.is_empty());
            let Some((field, number)) = field else { continue };
            let is_repeated = field.starts_with("repeated ") || field.starts_with("map<");
            let name = field.split(' ').next_back().expect("a name");
            found.insert((message, name, number.parse().expect("a number"), is_repeated));
        }
        // What is around commands is no message of the dialect's.
        assert!(found.remove(&("ClientFrame", "command", 1, true)));
        found
    }

    #[test]
    fn names_and_numbers_are_there_once() {
        for (message, schema) in ALL {
            let fields = || schema.fields.iter();
            let numbers: BTreeSet<_> = fields().map(|field| field.number).collect();
            let names: BTreeSet<_> = fields().map(|field| field.name).collect();
            assert_eq!(
                (numbers.len(), names.len()),
                (fields().count(), fields().count()),
                "{message}"
            );
            // What was seen is kept in 32 bits, and MessagePack's short maps have up to 15 fields.
            assert!(numbers.iter().all(|number| (1..32).contains(number)), "{message}");
            assert!(fields().count() <= 15 || *message == "ServerMessage", "{message}");
        }
    }
}
