//! The contract of `driver/mod.rs`, on real sockets and on simulated ones: what is true of one driver is true of all.

mod far;
mod near;
mod streams;

use near::Near;
use sockeye::driver::{Epoll, Network, Simulated, Weather};
use std::net::{SocketAddr, TcpListener};

/// Each check becomes a test on real sockets and one on simulated ones, in fair weather and in rough.
macro_rules! on_every_driver {
    ($($module:ident::$check:ident)*) => {
        mod epoll {
            $(#[test]
            fn $check() {
                let (near, far) = super::on_loopback();
                super::$module::$check(near, &far);
            })*
        }

        mod simulated {
            $(#[test]
            fn $check() {
                for seed in 0..10 {
                    let (near, far) = super::on_network(seed);
                    super::$module::$check(near, &far);
                }
            })*
        }
    };
}

on_every_driver! {
    streams::bytes_arrive_in_order_and_then_the_end
    streams::an_end_right_behind_the_bytes_is_not_lost
    streams::while_paused_nothing_new_is_received
    streams::a_fill_takes_its_bytes_and_no_others
    streams::what_is_sent_arrives_whole_and_in_order
    streams::a_stream_that_was_ended_still_receives
    streams::the_last_word_follows_every_close
    streams::a_reset_by_the_peer_is_the_last_word
    streams::who_is_not_accepted_waits
    streams::a_waker_ends_the_wait
}

fn on_loopback() -> (Near<Epoll>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let driver = Epoll::new(Some(listener)).expect("descriptors");
    (Near::new(driver, false), address)
}

fn on_network(seed: u64) -> (Near<Simulated>, Network) {
    let mut weather = if seed == 0 { Weather::calm() } else { Weather::rough() };
    weather.receive_bytes_max = 20_000;
    weather.kernel_bytes_max = 50_000;
    let (driver, network) = Simulated::new(seed, weather);
    (Near::new(driver, true), network)
}
