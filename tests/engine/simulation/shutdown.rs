//! A server that goes down says so, waits, and then ends.

use super::client::Client;
use super::world::World;
use sockeye::Config;
use sockeye::driver::{Stream, Weather};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(4);

#[test]
fn everybody_is_told_1001_and_the_worker_ends_when_all_have_left() {
    let mut world = World::new(0, 2, &Weather::calm(), &Config::default());
    let mut clients = ["/echo/0", "/topic/1", "/mixed/2"].map(|path| world.client(path));
    world.remote.shut_down(GRACE);
    world.settle(&mut clients);
    for client in &clients {
        assert_eq!((client.closed, client.incoming()), (Some(1001), Stream::Ended));
    }
    assert!(world.workers.iter().all(|worker| worker.is_done()));
    assert!(world.elapsed() < Duration::from_millis(100));
}

#[test]
fn who_does_not_leave_is_reset_when_the_grace_is_over() {
    // Whether closing has more time otherwise, or less.
    for close_timeout in [Duration::from_secs(60), Duration::from_secs(1)] {
        stay_until_the_grace_is_over(close_timeout);
    }
}

fn stay_until_the_grace_is_over(close_timeout: Duration) {
    let mut config = Config::default();
    config.close_timeout = close_timeout;
    let mut world = World::calm(&config);
    let mut stays = world.client("/echo/0");
    stays.is_polite = false;
    let mut dawdles = Client::connect(&world.networks[0]);
    dawdles.raw(b"GET /");
    dawdles.is_polite = false;
    let mut clients = [stays, dawdles];
    world.settle(&mut clients);
    world.remote.shut_down(GRACE);
    world.sleep(GRACE - Duration::from_millis(1), &mut clients);
    assert_eq!(clients[0].incoming(), Stream::Open);
    assert!(!world.workers[0].is_done());
    world.sleep(Duration::from_millis(1), &mut clients);
    assert_eq!(clients[0].incoming(), Stream::Reset);
    assert!(world.workers[0].is_done());
}

#[test]
fn nobody_is_accepted_any_more() {
    let mut weather = Weather::calm();
    weather.late_per_mille = 1000;
    for is_exhausted in [false, true] {
        let mut world = World::new(0, 1, &weather, &Config::default());
        let mut stays = world.client("/echo/0");
        stays.is_polite = false;
        world.remote.shut_down(GRACE);
        world.settle(std::slice::from_mut(&mut stays));
        // One more accept was under way, and it may fail.
        world.networks[0].exhaust_descriptors(is_exhausted);
        let mut late = Client::connect(&world.networks[0]);
        late.request("/echo/1");
        let mut clients = [stays, late];
        world.settle(&mut clients);
        world.networks[0].exhaust_descriptors(false);
        world.sleep(Duration::from_secs(2), &mut clients);
        assert_eq!(clients[1].status, None);
        assert_eq!(world.connections(), 1);
    }
}

#[test]
fn a_grace_without_an_end_waits_until_all_have_left() {
    let mut world = World::calm(&Config::default());
    let mut client = world.client("/echo/0");
    world.remote.shut_down(Duration::MAX);
    world.settle(std::slice::from_mut(&mut client));
    assert_eq!(client.closed, Some(1001));
    assert!(world.workers[0].is_done());
}
