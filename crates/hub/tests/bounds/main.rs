//! The bounds of one hub: what is within them is done, what is over them is refused, and says what was expected.

mod access;
mod here;

use here::{Here, Outcome};
use sockeye_hub::limits::{
    CALLS_MAX, IDEMPOTENCY_KEYS_MAX, IDEMPOTENCY_WINDOW, PATTERNS_PER_SESSION_MAX,
    SUBSCRIPTIONS_PER_SESSION_MAX,
};
use sockeye_hub::{
    Access, Attributes, Call, Command, Identity, Namespace, Pattern, Payload, Publish, Rate,
    RefusalCode, Request, SessionId, State, Subscribe, Target,
};
use std::time::Duration;

#[test]
fn a_session_publishes_as_often_as_its_namespace_says_in_all_its_channels_together() {
    let rate = Some(Rate { count: 3, period: Duration::from_secs(3) });
    let mut here = Here::new(vec![
        Namespace { publish_rate: rate, ..open("rated:*") },
        Namespace { publish_rate: rate, ..open("also:*") },
        open("*"),
    ]);
    let (session, _) = here.connect(Identity::default());
    let (other, _) = here.connect(Identity::default());
    let is_limited = |outcome: Outcome| {
        let text = "expected at most 3 publications in 3s".to_owned();
        outcome == Outcome::Refused(RefusalCode::RateLimited, text)
    };
    for channel in ["rated:a", "rated:b", "rated:a"] {
        assert!(is_published(&here.ask(session, publish(channel, 1))), "{channel}");
    }
    for channel in ["rated:a", "rated:b", "rated:c"] {
        assert!(is_limited(here.ask(session, publish(channel, 1))), "{channel}");
    }
    // Each namespace, each session, and the backend are something else.
    assert!(is_published(&here.ask(session, publish("also:a", 1))));
    assert!(is_published(&here.ask(session, publish("plain", 1))));
    assert!(is_published(&here.ask(other, publish("rated:a", 1))));
    for _ in 0..10 {
        assert!(is_published(&here.request(Request::Publish(publication("rated:a", 1)))));
    }
    // One comes back each second.
    here.advance(Duration::from_secs(2));
    let again = [0; 4].map(|_| is_limited(here.ask(session, publish("rated:b", 1))));
    assert_eq!(again, [false, false, true, true]);
}

#[test]
fn a_payload_is_as_large_as_its_namespace_says_whoever_publishes_it() {
    let short = Namespace { payload_size_max: 100, ..open("short:*") };
    let mut here = Here::new(vec![short, open("*")]);
    let (session, _) = here.connect(Identity::default());
    let text = || "expected a payload of at most 100 bytes".to_owned();
    for (channel, size, is_within) in
        [("short:a", 100, true), ("short:a", 101, false), ("plain", 101, true)]
    {
        let publication = || publication(channel, size);
        let outcomes = [
            here.ask(session, Command::Publish(publication())),
            here.request(Request::Publish(publication())),
        ];
        for outcome in outcomes {
            match is_within {
                true => assert!(is_published(&outcome), "{size} in {channel}: {outcome:?}"),
                false => assert_eq!(outcome, Outcome::Refused(RefusalCode::LimitExceeded, text())),
            }
        }
    }
}

#[test]
fn a_session_has_so_many_subscriptions_and_patterns() {
    let channels = (SUBSCRIPTIONS_PER_SESSION_MAX, "", "4096 subscriptions");
    let patterns = (PATTERNS_PER_SESSION_MAX, "*", "16 patterns");
    for (count, end, named) in [channels, patterns] {
        let mut here = Here::new(vec![open("*")]);
        let (session, _) = here.connect(Identity::default());
        let name = |number: usize| format!("some.{number}.{end}");
        let subscribe = |number| {
            let channel = name(number).into();
            Command::Subscribe(Subscribe { channel, ..Subscribe::default() })
        };
        for number in 0..count {
            assert_eq!(here.ask(session, subscribe(number)), Outcome::Done, "{number}");
        }
        is_over(&here.ask(session, subscribe(count)), RefusalCode::LimitExceeded, named);
        // Others are not meant; and who has one less may have another one.
        let (other, _) = here.connect(Identity::default());
        assert_eq!(here.ask(other, subscribe(count)), Outcome::Done);
        let unsubscribe = Command::Unsubscribe { channel: name(7).into() };
        assert_eq!(here.ask(session, unsubscribe), Outcome::Done);
        assert_eq!(here.ask(session, subscribe(count)), Outcome::Done);
        is_over(&here.ask(session, subscribe(7)), RefusalCode::LimitExceeded, named);
    }
}

#[test]
fn so_many_calls_of_a_session_await_their_answers() {
    let mut here = Here::new(vec![open("*")]);
    let (caller, _) = here.connect(callers());
    let (callee, name) = here.connect(Identity::default());
    // To another session and to the backend.
    for number in 0..CALLS_MAX {
        let callee = number.is_multiple_of(2).then_some(name);
        assert_eq!(here.ask(caller, call(callee)), Outcome::Awaited, "{number}");
    }
    for callee in [Some(name), None] {
        let refused = here.ask(caller, call(callee));
        is_over(&refused, RefusalCode::LimitExceeded, "64 calls of this session");
    }
    let answered = here.calls()[0];
    assert_eq!(here.ask(callee, reply(answered)), Outcome::Done);
    assert_eq!(here.ask(caller, call(None)), Outcome::Awaited);
}

#[test]
fn so_many_calls_await_the_answers_of_a_session() {
    let mut here = Here::new(vec![open("*")]);
    let (callee, name) = here.connect(Identity::default());
    let callers = [0; 2].map(|_| here.connect(callers()).0);
    for number in 0..CALLS_MAX {
        let caller = callers[number % 2];
        assert_eq!(here.ask(caller, call(Some(name))), Outcome::Awaited, "{number}");
    }
    let calls = here.calls();
    assert_eq!(calls.len(), CALLS_MAX);
    for caller in callers {
        let Outcome::Failed(code, text) = here.ask(caller, call(Some(name))) else {
            panic!("it waits");
        };
        assert_eq!(code, "unavailable");
        assert!(text.starts_with("64 calls await this session's answers"), "{text}");
    }
    assert_eq!(here.ask(callee, reply(calls[0])), Outcome::Done);
    assert_eq!(here.ask(callers[0], call(Some(name))), Outcome::Awaited);
}

#[test]
fn a_channel_has_as_many_values_as_its_namespace_says() {
    let keyed = Namespace { state: State::Keyed, state_keys_max: 2, ..open("*") };
    let mut here = Here::new(vec![keyed]);
    let (session, _) = here.connect(Identity::default());
    let publish = |key, is_volatile| {
        let attributes = Attributes { key, is_volatile, ..Attributes::default() };
        Publish { attributes, ..publication("a", 1) }
    };
    let cases = [
        (Some("x"), false, true),
        (Some("y"), false, true),
        (Some("z"), false, false),
        // Not a new one; no value at all; and one that is not kept.
        (Some("x"), false, true),
        (None, false, true),
        (Some("z"), true, true),
    ];
    for (key, is_volatile, is_within) in cases {
        let outcomes = [
            here.ask(session, Command::Publish(publish(key, is_volatile))),
            here.request(Request::Publish(publish(key, is_volatile))),
        ];
        for outcome in outcomes {
            match is_within {
                true => assert!(is_published(&outcome), "{key:?}: {outcome:?}"),
                false => is_over(&outcome, RefusalCode::LimitExceeded, "2 keys"),
            }
        }
    }
}

#[test]
fn a_channel_remembers_the_last_idempotency_keys() {
    let mut here = Here::new(vec![open("*")]);
    let (session, _) = here.connect(Identity::default());
    let is_known = |here: &mut Here, number: usize| {
        let key = format!("key {number}");
        let publish = Publish { idempotency_key: Some(&key), ..publication("a", 1) };
        match here.ask(session, Command::Publish(publish)) {
            Outcome::Published(receipt) => receipt.is_duplicate,
            other => panic!("{key}: {other:?}"),
        }
    };
    for number in 0..IDEMPOTENCY_KEYS_MAX {
        assert!(!is_known(&mut here, number), "{number}");
    }
    assert!(is_known(&mut here, 0), "there is room for all");
    assert!(!is_known(&mut here, IDEMPOTENCY_KEYS_MAX), "one more");
    assert!(is_known(&mut here, 1), "the second is the oldest now");
    assert!(!is_known(&mut here, 0), "the first was forgotten for it");
    here.advance(IDEMPOTENCY_WINDOW);
    assert!(!is_known(&mut here, IDEMPOTENCY_KEYS_MAX), "and in time all are");
}

/// A namespace in which everybody may do everything.
fn open(pattern: &str) -> Namespace {
    Namespace {
        subscribe: Access::Everybody,
        publish: Access::Everybody,
        presence_access: Access::Everybody,
        history_access: Access::Everybody,
        ..Namespace::new(Pattern::new(pattern).expect("a pattern"))
    }
}

fn publication(channel: &'static str, size: usize) -> Publish<'static> {
    Publish {
        target: Target::Channel(channel.into()),
        payload: Payload::binary(&PAYLOAD[..size]),
        attributes: Attributes::default(),
        idempotency_key: None,
        expected_version: None,
        exclude_self: false,
    }
}

fn publish(channel: &'static str, size: usize) -> Command<'static> {
    Command::Publish(publication(channel, size))
}

/// Who may call other sessions.
fn callers() -> Identity {
    Identity { is_unrestricted: true, ..Identity::default() }
}

fn call(session: Option<SessionId>) -> Command<'static> {
    let payload = Payload::json("1");
    Command::Call(Call { session, method: "some".into(), payload, timeout: None })
}

const fn reply(call: u64) -> Command<'static> {
    Command::Reply { call, answer: Ok(Payload::json("1")) }
}

const fn is_published(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Published(receipt) if !receipt.is_duplicate)
}

/// It was refused, and says what there are already, or can be.
#[track_caller]
fn is_over(outcome: &Outcome, expected: RefusalCode, named: &str) {
    let Outcome::Refused(code, text) = outcome else {
        panic!("not refused: {outcome:?}");
    };
    assert_eq!(*code, expected, "{text}");
    assert!(text.contains(named), "{text:?} does not name {named:?}");
}

static PAYLOAD: [u8; 200] = [0; 200];
