//! What only a simulated network can show.

use super::far::Far;
use super::near::{Near, Told, name};
use sockeye::buffer::SendQueue;
use sockeye::driver::{Answer, Close, Driver, Network, Sending, Simulated, Weather};
use std::collections::BTreeMap;
use std::time::Duration;

fn calm() -> (Near<Simulated>, Network) {
    let (driver, network) = Simulated::new(0, Weather::calm());
    (Near::new(driver, true), network)
}

#[test]
fn who_connects_in_a_storm_meets_everything_that_can_happen() {
    let mut counts = BTreeMap::new();
    for seed in 0..300 {
        *counts.entry(connect_in_a_storm(seed)).or_insert(0) += 1;
        assert_eq!(connect_in_a_storm(seed), connect_in_a_storm(seed));
    }
    for outcome in [
        "failed at once",
        "never answered",
        "there",
        "closed: Some(ConnectionRefused)",
        "closed: Some(ConnectionReset)",
    ] {
        assert!(counts.contains_key(outcome), "{outcome}: never; {counts:?}");
    }
}

fn connect_in_a_storm(seed: u64) -> String {
    let mut weather = Weather::stormy();
    weather.reset_per_mille = 50;
    let (driver, network) = Simulated::new(seed, weather);
    let mut near = Near::new(driver, true);
    if near.driver.connect(name(0), network.listens()).is_err() {
        return "failed at once".to_owned();
    }
    for _ in 0..100 {
        near.poll();
        match near.told.first() {
            Some((_, Told::Connected)) => return "there".to_owned(),
            Some((_, Told::Closed(fault))) => return format!("closed: {fault:?}"),
            _ => {}
        }
    }
    "never answered".to_owned()
}

#[test]
fn who_does_not_answer_leaves_the_worker_idle_and_may_answer_later() {
    let (mut near, network) = calm();
    let address = network.stalls();
    near.driver.connect(name(0), address).expect("it can begin");
    near.driver.poll(None).expect("waiting works");
    assert!(near.driver.next().is_none());
    assert_eq!(network.idle_wait(), Some(Duration::MAX));
    assert!(network.accept(address).is_none());
    network.answer(address, Answer::Accept);
    near.until_told(&Told::Connected);
    assert!(network.accept(network.listens()).is_none(), "it went elsewhere");
    let peer = network.accept(address).expect("it is there");
    assert_eq!(peer.address(), address);
    assert!(network.accept(address).is_none());
}

#[test]
fn a_reset_may_come_before_the_worker_hears_that_the_connection_is_there() {
    let mut told = [false; 2];
    for seed in 0..20 {
        let (driver, network) = Simulated::new(seed, Weather::calm());
        let mut near = Near::new(driver, true);
        near.driver.connect(name(0), network.listens()).expect("it can begin");
        near.driver.poll(None).expect("waiting works");
        network.accept(network.listens()).expect("the kernel has it").reset();
        near.pull();
        near.until_closed();
        told[usize::from(near.told[0].1 == Told::Connected)] = true;
    }
    assert_eq!(told, [true; 2]);
}

#[test]
fn a_reset_may_be_found_by_who_hands_over_and_by_who_takes_over() {
    let mut told = [false; 2];
    for seed in 0..20 {
        let (driver, network) = Simulated::new(seed, Weather::calm());
        let mut near = Near::new(driver, true);
        near.accepted(&network).reset();
        near.driver.detach(name(0));
        near.poll();
        told[usize::from(near.detached.is_empty())] = true;
    }
    assert_eq!(told, [true; 2]);
}

#[test]
fn drivers_of_one_network_have_backlogs_and_descriptors_of_their_own() {
    let (mut first, network) = calm();
    let (driver, other_network) = network.add_driver();
    let mut second = Near::new(driver, true);
    network.exhaust_descriptors(true);
    let _peer = other_network.connect();
    assert_eq!((network.backlog(), other_network.backlog()), (0, 1));
    first.poll();
    second.poll();
    assert_eq!((first.names, second.names), (0, 1));
    assert!(first.driver.connect(name(0), network.listens()).is_err());
    second.driver.connect(name(7), network.listens()).expect("it has descriptors");
    assert_eq!((network.polls(), other_network.polls()), (1, 1));
}

#[test]
fn calls_are_noted_in_the_trace_of_the_driver_that_has_the_connection() {
    let (mut first, network) = calm();
    let (driver, other_network) = network.add_driver();
    let mut second = Near::new(driver, true);
    first.accepted(&network);
    first.driver.detach(name(0));
    first.until_told(&Told::Detached);
    let (trace, other_trace) = (network.trace(), other_network.trace());
    let transfer = first.detached.pop().expect("it was told");
    second.driver.attach(name(0), transfer).expect("it can watch");
    second.driver.close(name(0), Close::Reset);
    assert_eq!(network.trace(), trace);
    assert_ne!(other_network.trace(), other_trace);
}

#[test]
#[should_panic(expected = "which is not connected yet")]
fn nothing_may_be_sent_before_the_connection_is_there() {
    let (mut near, network) = calm();
    near.driver.connect(name(0), network.stalls()).expect("it can begin");
    near.driver.send(name(0), &mut SendQueue::default());
}

#[test]
#[should_panic(expected = "which is not connected yet")]
fn nothing_can_be_handed_over_before_it_is_there() {
    let (mut near, network) = calm();
    near.driver.connect(name(0), network.stalls()).expect("it can begin");
    near.driver.detach(name(0));
}

#[test]
#[should_panic(expected = "of which something has not left")]
fn nothing_may_be_on_its_way_when_a_connection_is_handed_over() {
    let (mut near, network) = calm();
    let _peer = near.accepted(&network);
    near.queue.append(|output| output.resize(1_000_000, 1));
    assert_eq!(near.driver.send(name(0), &mut near.queue), Sending::Blocked);
    near.driver.detach(name(0));
}

#[test]
#[should_panic(expected = "which was detached")]
fn nothing_is_asked_of_a_connection_that_was_handed_over() {
    let (mut near, network) = calm();
    let _peer = near.accepted(&network);
    near.driver.detach(name(0));
    near.driver.close(name(0), Close::Linger);
}

#[test]
#[should_panic(expected = "after the end")]
fn a_stream_that_was_ended_stays_so_with_the_next_driver() {
    let (mut near, network) = calm();
    let _peer = near.accepted(&network);
    near.driver.shutdown_write(name(0));
    near.driver.detach(name(0));
    near.until_told(&Told::Detached);
    let transfer = near.detached.pop().expect("it was told");
    near.driver.attach(name(1), transfer).expect("it can watch");
    near.queue.append(|output| output.push(1));
    near.driver.send(name(1), &mut near.queue);
}

#[test]
#[should_panic(expected = "a connection of another network")]
fn networks_do_not_mix() {
    let (mut near, network) = calm();
    let _peer = near.accepted(&network);
    near.driver.detach(name(0));
    near.until_told(&Told::Detached);
    let transfer = near.detached.pop().expect("it was told");
    let _attached = calm().0.driver.attach(name(0), transfer);
}
