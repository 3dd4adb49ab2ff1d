//! What goes wrong outside, and in handlers, stays where it went wrong.

use super::client::Client;
use super::silence_panics_on_purpose;
use super::world::{Pump, World};
use sockeye::Config;
use sockeye::driver::{Stream, Weather};
use std::time::Duration;

#[test]
fn without_descriptors_accepting_stops_and_resumes_and_nothing_spins() {
    let mut world = World::calm(&Config::default());
    let mut first = world.client("/echo/0");
    let network = world.networks[0].clone();
    network.exhaust_descriptors(true);
    let mut clients: Vec<Client> = (1..20).map(|_| Client::connect(&network)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.request(&format!("/echo/{number}"));
    }
    clients.push(first);
    let before = network.polls();
    world.sleep(Duration::from_secs(10), &mut clients);
    let failures = network.accept_failures();
    assert!((15..=21).contains(&failures), "{failures} tries in 10 s");
    let polls = network.polls() - before;
    assert!(polls < 200, "{polls} polls in 10 s");
    first = clients.pop().expect("it was the last");
    assert!(first.is_open(), "others are served meanwhile");
    network.exhaust_descriptors(false);
    world.sleep(Duration::from_secs(1), &mut clients);
    assert!(clients.iter().all(Client::is_open));
}

#[test]
fn a_worker_that_has_all_its_connections_leaves_the_others_in_the_backlog() {
    let mut config = Config::default();
    config.connections_per_worker_max = 3;
    let mut world = World::calm(&config);
    let mut clients: Vec<Client> =
        (0..3).map(|number| world.client(&format!("/echo/{number}"))).collect();
    let mut fourth = Client::connect(&world.networks[0]);
    fourth.request("/echo/3");
    clients.push(fourth);
    world.sleep(Duration::from_secs(5), &mut clients);
    assert_eq!((world.connections(), clients[3].status), (3, None));
    clients[0].close(1000);
    world.settle(&mut clients);
    assert!(clients[3].is_open());
}

#[test]
fn a_connection_that_cannot_be_watched_is_closed_and_forgotten() {
    let mut weather = Weather::calm();
    weather.attach_failure_per_mille = 1000;
    let mut world = World::new(0, 1, &weather, &Config::default());
    let unlucky = world.client("/echo/0");
    assert_eq!(unlucky.incoming(), Stream::Reset);
    assert_eq!(world.connections(), 0);
    world.networks[0].set_weather(Weather::calm());
    assert!(world.client("/echo/1").is_open());
}

#[test]
fn a_handler_that_panics_ends_the_connection_it_was_called_for() {
    silence_panics_on_purpose();
    let mut world = World::calm(&Config::default());
    // An even number panics in `on_close` too.
    let clients = ["/panic/1", "/panic/2", "/echo/3", "/topic/4", "/topic/5"];
    let mut clients = clients.map(|path| world.client(path));
    for client in &mut clients[..3] {
        client.text("boom");
    }
    clients[3].text("4:0:calm");
    world.settle(&mut clients);
    assert_eq!(clients[0].closed, Some(1011));
    assert_eq!(clients[1].closed, Some(1011));
    assert_eq!(clients[2].messages, ["boom"]);
    assert_eq!(clients[4].messages, ["4:0:calm"]);
    assert_eq!(world.client("/panic-request/6").status, Some(500));
    assert_eq!(world.connections(), 3);
}

#[test]
fn a_broken_rule_gets_its_code_and_an_end() {
    let mut config = Config::default();
    config.message_bytes_max = 1000;
    let faults: [(&[u8], u16); 5] = [
        (b"\xF1\x80\0\0\0\0", 1002),
        (b"\x81\x02hi", 1002),
        (b"\x81\x81\0\0\0\0\xFF", 1007),
        (b"\x82\xFE\xFF\xFF\0\0\0\0", 1009),
        (b"\x88\x82\0\0\0\0\x03\xED", 1002),
    ];
    let mut world = World::calm(&config);
    let mut bystander = world.client("/echo/9");
    for (fault, code) in faults {
        let mut client = world.client("/echo/0");
        client.raw(fault);
        world.settle(std::slice::from_mut(&mut client));
        assert_eq!((client.closed, client.incoming()), (Some(code), Stream::Ended));
    }
    bystander.text("still here");
    world.settle(std::slice::from_mut(&mut bystander));
    assert_eq!(bystander.messages, ["still here"]);
    assert_eq!(world.connections(), 1);
}

/// The worker asks nothing more of a connection that it has closed, not even to be read from again.
#[test]
fn a_connection_that_was_paused_for_its_mail_ends_like_any_other() {
    let mut world = World::new(0, 2, &Weather::calm(), &Config::default());
    let mut client = Client::connect(&world.networks[0]);
    client.request("/topic/0");
    let deliver = |world: &mut World, client: &mut Client| {
        client.pump();
        world.tick(0);
        world.tick(0);
    };
    deliver(&mut world, &mut client);
    // The second worker does not run, so its mailbox fills, and then the first one's outbox.
    for _ in 0..sockeye::limits::MAILBOX_BATCHES_MAX {
        client.text("0:0:");
        deliver(&mut world, &mut client);
    }
    for _ in 0..3 * sockeye::limits::OUTBOX_MAIL_MAX {
        client.text("0:0:");
    }
    deliver(&mut world, &mut client);
    assert!(!client.has_said_all(), "who causes mail is not read from");
    world.remote.shut_down(Duration::ZERO);
    world.tick(1);
    world.tick(0);
    world.tick(0);
    assert!(client.incoming() == Stream::Reset && world.connections() == 0);
}
