//! What is allowed apart from subscribing: to see who is there, and to read what was published.

use crate::here::{Here, Outcome};
use sockeye_hub::{
    Access, Command, Grant, History, Identity, Namespace, Pattern, Permissions, PresenceView,
    RefusalCode, Subscribe,
};

#[test]
fn subscribing_presence_and_history_are_allowed_each_by_itself() {
    let (everybody, users) = (Access::Everybody, Access::Users);
    let (granted, nobody) = (Access::Granted, Access::Nobody);
    let [subscribe, presence, history] =
        [Permissions::SUBSCRIBE, Permissions::PRESENCE, Permissions::HISTORY];
    // Who may subscribe, see and read; who asks, by what its token grants; and what of it is done.
    let cases = [
        ([everybody, granted, granted], None, [true, false, false]),
        ([granted, everybody, granted], None, [false, true, false]),
        ([granted, granted, everybody], None, [false, false, true]),
        ([users, everybody, everybody], None, [false, true, true]),
        ([everybody, users, granted], None, [true, false, false]),
        ([everybody, users, granted], Some(subscribe), [true, true, false]),
        ([everybody, granted, users], Some(subscribe), [true, false, true]),
        ([granted, granted, granted], Some(subscribe), [true, false, false]),
        ([granted, granted, granted], Some(presence), [false, true, false]),
        ([granted, granted, granted], Some(history), [false, false, true]),
        ([granted, nobody, granted], Some(presence.with(history)), [false, false, true]),
        ([granted, granted, nobody], Some(presence.with(history)), [false, true, false]),
        ([nobody, everybody, everybody], Some(subscribe), [false, true, true]),
    ];
    for (access, permissions, expected) in cases {
        let asked = asked(access, permissions);
        let is_done = asked.each_ref().map(|outcome| *outcome == Outcome::Done);
        assert_eq!(is_done, expected, "{access:?} with {permissions:?}: {asked:?}");
        for (outcome, names) in asked.into_iter().zip(["subscribing", "presence", "history"]) {
            if let Outcome::Refused(code, text) = outcome {
                assert_eq!(code, RefusalCode::Forbidden);
                assert!(text.contains(names) && text.contains("room:a"), "{text}");
            }
        }
    }
}

/// What becomes of subscribing, of seeing who is there, and of reading history.
fn asked(
    [subscribe, presence_access, history_access]: [Access; 3],
    permissions: Option<Permissions>,
) -> [Outcome; 3] {
    let pattern = || Pattern::new("room:*").expect("a pattern");
    let mut here = Here::new(vec![Namespace {
        subscribe,
        presence_access,
        history_access,
        presence: true,
        history_size: 10,
        ..Namespace::new(pattern())
    }]);
    let grants = permissions.map(|permissions| Grant { pattern: pattern(), permissions });
    let has_token = permissions.is_some();
    let grants = grants.into_iter().collect();
    let (session, _) = here.connect(Identity { has_token, grants, ..Identity::default() });
    let channel = || "room:a".into();
    [
        Command::Subscribe(Subscribe { channel: channel(), ..Subscribe::default() }),
        Command::Presence { channel: channel(), view: PresenceView::AllSessions, limit: None },
        Command::History(History { channel: channel(), ..History::default() }),
    ]
    .map(|command| here.ask(session, command))
}
