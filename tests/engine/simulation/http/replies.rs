//! Replies from everywhere, at every moment: each request gets one answer, and its handler hears of each once.

use super::super::silence_panics_on_purpose;
use super::desk::answer;
use super::{calm, world};
use sockeye::Config;
use sockeye::driver::{Stream, Weather};
use sockeye::handler::CloseCause;
use sockeye::protocol::CloseCode;
use std::time::Duration;

#[test]
fn a_reply_from_elsewhere_and_the_rest_of_the_body_may_come_in_one_tick() {
    // Which of the two comes first is for the seed to say.
    for seed in 0..16 {
        for (how, body) in [("respond", "released\n"), ("again", "hello"), ("stream", "")] {
            let mut world = world(seed, 1, &Weather::calm(), &Config::default());
            let mut visitors = [world.visitor(), world.visitor()];
            visitors[0].ask("POST", ("echo", "0.0", &[]), "Content-Length: 5\r\n\r\nhel");
            world.settle(&mut visitors);
            visitors[0].raw("lo");
            visitors[1].release("1.0", "0.0", how);
            world.settle(&mut visitors);
            let record = world.log.record("0.0");
            assert_eq!(visitors[1].statuses(), [200]);
            if record.opened == 1 {
                // It was not the whole body, so the stream is the last answer, and nothing ends it.
                assert!(!visitors[0].answers[0].is_whole && visitors[0].answers[0].is_last);
                continue;
            }
            assert_eq!(visitors[0].statuses(), [200], "{how}: {record:?}");
            let got = &visitors[0].answers[0].body;
            assert!(got == body.as_bytes() || got == b"hello", "{how}: {:?}", visitors[0]);
        }
    }
}

#[test]
fn a_reply_that_was_taken_is_the_end_of_what_the_handler_hears() {
    for seed in 0..16 {
        for is_reset in [false, true] {
            let mut world = world(seed, 1, &Weather::calm(), &Config::default());
            let mut visitors = [world.visitor(), world.visitor()];
            visitors[0].ask("POST", ("wait", "0.0", &[]), "Content-Length: 5\r\n\r\nhel");
            world.settle(&mut visitors);
            match is_reset {
                true => visitors[0].reset(),
                false => visitors[0].end(),
            }
            visitors[1].release("1.0", "0.0", "");
            world.settle(&mut visitors);
            let record = world.log.record("0.0");
            assert_eq!(record.replied + record.closed.len(), 1, "{record:?}");
            if record.replied == 1 && !is_reset {
                assert_eq!(visitors[0].statuses(), [200]);
            }
        }
    }
}

#[test]
fn a_reply_in_the_tick_in_which_it_is_due_is_in_time() {
    let mut world = calm(&Config::default());
    let mut visitors = [world.visitor(), world.visitor()];
    visitors[0].get("never", "0.0", &[2000]);
    world.settle(&mut visitors);
    world.advance(Duration::from_millis(2_500));
    visitors[1].release("1.0", "0.0", "");
    world.settle(&mut visitors);
    assert_eq!(visitors[0].statuses(), [200]);
    assert_eq!(world.log.record("0.0").closed, []);
}

#[test]
fn two_deadlines_at_once_are_one_answer() {
    let mut config = Config::default();
    config.message_timeout = Duration::from_secs(2);
    let mut world = calm(&config);
    let mut visitor = world.visitor();
    visitor.ask("POST", ("never", "0.0", &[2000]), "Content-Length: 5\r\n\r\nhel");
    world.sleep_one(Duration::from_secs(3), &mut visitor);
    assert_eq!((visitor.answers.len(), visitor.incoming()), (1, Stream::Ended));
    assert_eq!(world.log.record("0.0").closed, [(1006, CloseCause::TimedOut)]);
}

#[test]
fn an_answer_to_head_has_no_body_whatever_it_says() {
    let mut config = Config::default();
    config.body_bytes_max = 10;
    let mut world = calm(&config);
    let asked = [
        ("HEAD", "never", &[1000][..], "", 503),
        ("HEAD", "panic-request", &[], "", 500),
        ("HEAD", "wait", &[], "Content-Length: 11\r\n", 413),
        ("HEAD", "echo", &[], "Transfer-Encoding: chunked\r\n", 413),
    ];
    silence_panics_on_purpose();
    for (method, kind, rest, headers, status) in asked {
        let mut visitor = world.visitor();
        visitor.ask(method, (kind, "0.0", rest), &format!("{headers}\r\n"));
        if headers.contains("chunked") {
            visitor.raw("b\r\n");
        }
        world.sleep_one(Duration::from_secs(2), &mut visitor);
        assert_eq!(visitor.statuses(), [status], "{visitor:?}");
        assert!(!visitor.has_surplus(), "{kind}: a body that no client expects");
    }
}

#[test]
fn a_stream_that_only_announces_another_answer_is_the_handlers_fault() {
    let mut world = calm(&Config::default());
    let mut visitor = world.visitor();
    visitor.get("early-stream", "0.0", &[]);
    world.settle_one(&mut visitor);
    assert_eq!((visitor.statuses(), visitor.incoming()), (vec![500], Stream::Ended));
}

#[test]
fn a_pause_ends_with_the_request_that_it_was_for() {
    for headers in
        ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello"]
    {
        let mut world = calm(&Config::default());
        let mut visitor = world.visitor();
        visitor.ask("POST", ("pausing", "0.0", &[]), headers);
        world.sleep_one(Duration::from_secs(1), &mut visitor);
        assert_eq!(visitor.statuses(), [200]);
        if headers.contains("chunked") {
            visitor.raw("\r\n0\r\n\r\n");
        }
        visitor.get("now", "0.1", &[1]);
        world.settle_one(&mut visitor);
        assert_eq!(visitor.statuses(), [200, 200]);
    }
}

#[test]
fn a_panic_in_any_callback_ends_its_request_and_nothing_else() {
    silence_panics_on_purpose();
    let mut world = calm(&Config::default());
    let mut bystander = world.visitor();
    bystander.get("quiet", "9.0", &[]);
    world.settle_one(&mut bystander);
    let kinds = ["panic-request", "panic-body", "panic-open", "panic-close", "bomb"];
    for kind in kinds {
        for ends in [false, true] {
            let mut visitor = world.visitor();
            visitor.ask("POST", (kind, "0.0", &[]), "Content-Length: 2\r\n\r\na");
            world.settle_one(&mut visitor);
            if !ends {
                visitor.raw("b");
                world.settle_one(&mut visitor);
            }
            match kind {
                "panic-close" | "bomb" if !ends => visitor.reset(),
                _ => visitor.end(),
            }
            world.settle_one(&mut visitor);
            assert_eq!(world.connections(), 1, "{kind}: {visitor:?}");
            if matches!(kind, "panic-request" | "panic-body") {
                assert_eq!(
                    visitor.answers.first().map(|answer| answer.status),
                    Some(500),
                    "{kind}"
                );
            }
        }
    }
    let id = world.log.id("9.0");
    assert!(world.remote.close(id, CloseCode::NORMAL, "").is_ok());
    world.settle_one(&mut bystander);
    assert_eq!(bystander.statuses(), [200]);
}

#[test]
fn a_close_from_afar_ends_what_is_open_and_leaves_alone_what_waits() {
    let mut world = calm(&Config::default());
    for (kind, rest) in [("quiet", &[][..]), ("wait", &[]), ("now", &[1])] {
        let mut visitor = world.visitor();
        visitor.get(kind, "0.0", rest);
        world.settle_one(&mut visitor);
        let id = world.log.id("0.0");
        for code in [CloseCode::NORMAL, CloseCode::INTERNAL_ERROR] {
            assert!(world.remote.close(id, code, "").is_ok());
            world.settle_one(&mut visitor);
        }
        assert!(world.remote.respond(id, answer("0.0", "from afar")).is_ok());
        world.settle_one(&mut visitor);
        visitor.get("now", "0.1", &[1]);
        world.settle_one(&mut visitor);
        assert_eq!(visitor.statuses(), [200, 200], "{kind}");
        visitor.end();
        world.settle_one(&mut visitor);
    }
    assert!(world.workers[0].holdings().is_nothing());
}
