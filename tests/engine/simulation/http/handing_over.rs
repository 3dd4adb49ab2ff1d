//! Connections on their way to another worker, when something else happens to them.

use super::super::world::Pump;
use super::visitor::Visitor;
use super::{narrow, world};
use sockeye::Config;
use sockeye::driver::{Stream, Weather};
use sockeye::limits::{MAILBOX_BATCHES_MAX, OUTBOX_MAIL_MAX, RECEIVE_SIZE};
use std::time::Duration;

#[test]
fn who_is_handed_over_and_takes_nothing_is_not_read_from_without_end() {
    let mut world = world(0, 2, &narrow(), &Config::default());
    let mut visitor = world.visitor();
    visitor.is_reading = false;
    visitor.get("now", "0.0", &[10000]);
    visitor.get("hop", "0.1", &[1]);
    for number in 0..10_000 {
        visitor.get("now", &format!("0.{}", number + 2), &[1]);
    }
    let before = visitor.unsent();
    world.settle_one(&mut visitor);
    let received = before - visitor.unsent();
    assert!(received <= 2 * RECEIVE_SIZE, "{received} bytes received");
    visitor.is_reading = true;
    world.settle_one(&mut visitor);
    assert_eq!(visitor.whole().count(), 10_002);
}

#[test]
fn a_connection_may_be_doomed_while_the_driver_gives_it_up() {
    let mut world = world(0, 2, &Weather::calm(), &Config::default());
    let mut visitor = world.visitor();
    visitor.get("hop", "0.0", &[1]);
    visitor.pump();
    world.tick(0);
    world.tick(0);
    assert_eq!(world.log.record("0.0").asked, 1);
    let late = Weather { delay_per_mille: 1000, ..Weather::calm() };
    world.networks[0].set_weather(late);
    world.remote.shut_down(Duration::ZERO);
    world.tick(0);
    world.tick(1);
    world.networks[0].set_weather(Weather::calm());
    world.settle_one(&mut visitor);
    assert!(visitor.is_over() && world.workers.iter().all(|worker| worker.is_done()));
    assert!(world.workers.iter().all(|worker| worker.holdings().is_nothing()));
}

#[test]
fn a_connection_may_be_paused_for_its_mail_while_the_driver_gives_it_up() {
    let mut world = world(0, 2, &Weather::calm(), &Config::default());
    let mut filler = world.visitor();
    // The second worker does not run, so its mailbox fills, and then the first one's outbox.
    for number in 0..MAILBOX_BATCHES_MAX + OUTBOX_MAIL_MAX + 200 {
        filler.get("publish", &format!("0.{number}"), &[]);
        if number < MAILBOX_BATCHES_MAX {
            filler.pump();
            world.tick(0);
        }
    }
    while filler.pump() {
        world.tick(0);
    }
    let mut visitor = world.visitor();
    visitor.get("publish", "1.0", &[]);
    visitor.get("hop", "1.1", &[1]);
    visitor.pump();
    world.tick(0);
    world.tick(0);
    assert_eq!(world.log.record("1.1").asked, 1);
    world.networks[0].set_weather(Weather { delay_per_mille: 1000, ..Weather::calm() });
    // Now its mail gets away.
    world.tick(1);
    world.tick(0);
    world.tick(1);
    world.tick(0);
    world.networks[0].set_weather(Weather::calm());
    world.settle_one(&mut visitor);
    assert_eq!(visitor.statuses(), [200, 200]);
}

#[test]
fn a_worker_that_has_all_its_connections_answers_503_to_who_is_handed_over() {
    let mut config = Config::default();
    config.connections_per_worker_max = 2;
    let mut world = world(0, 2, &Weather::calm(), &config);
    let network = world.networks[1].clone();
    let mut visitors = [Visitor::connect(&network), Visitor::connect(&network), world.visitor()];
    for (number, visitor) in visitors.iter_mut().enumerate() {
        visitor.get("hop", &format!("{number}.0"), &[1]);
    }
    world.settle(&mut visitors[..2]);
    assert_eq!((visitors[0].statuses(), visitors[1].statuses()), (vec![200], vec![200]));
    world.settle(&mut visitors);
    assert_eq!((visitors[2].statuses(), visitors[2].incoming()), (vec![503], Stream::Ended));
    assert_eq!(world.connections(), 2);
}

#[test]
fn the_503_of_a_worker_that_is_full_has_no_body_for_head() {
    let mut config = Config::default();
    config.connections_per_worker_max = 1;
    let mut world = world(0, 2, &Weather::calm(), &config);
    let network = world.networks[1].clone();
    let mut visitors = [Visitor::connect(&network), world.visitor()];
    visitors[0].get("hop", "0.0", &[1]);
    world.settle(&mut visitors[..1]);
    visitors[1].head("hop", "1.0", &[1]);
    // What the visitor reads without a body would be an answer of its own, and no answer at that.
    world.settle(&mut visitors);
    assert_eq!((visitors[1].statuses(), visitors[1].incoming()), (vec![503], Stream::Ended));
}

#[test]
fn who_is_on_the_way_to_a_worker_that_shuts_down_is_answered() {
    let mut world = world(0, 2, &Weather::calm(), &Config::default());
    let mut visitor = world.visitor();
    visitor.get("hop", "0.0", &[1]);
    visitor.pump();
    // The first worker has given it away, and the second one has not looked.
    for _ in 0..10 {
        world.tick(0);
    }
    assert_eq!(world.connections(), 0);
    world.remote.shut_down(Duration::from_secs(10));
    for _ in 0..2 {
        assert!(!world.workers[1].is_done(), "somebody is on the way to it");
        world.tick(1);
    }
    world.settle_one(&mut visitor);
    assert_eq!((visitor.statuses(), visitor.incoming()), (vec![503], Stream::Ended));
    assert!(world.workers.iter().all(|worker| worker.is_done()));
}
