//! The contract of `driver/mod.rs`, on real sockets and on simulated ones: what is true of one driver is true of all.

mod connecting;
mod far;
mod handing_over;
mod near;
mod simulated_only;
mod streams;
mod waiting;

use far::{Loopback, Real};
use near::Near;
#[cfg(feature = "uring")]
use sockeye::driver::Uring;
use sockeye::driver::{Epoll, Network, Simulated, Weather};
use std::net::TcpListener;

/// Each check becomes a test on real sockets and one on simulated ones, in fair weather and in rough.
macro_rules! on_every_driver {
    ($($module:ident::$check:ident)*) => {
        mod epoll {
            $(#[test]
            fn $check() {
                let (near, far) = super::on_loopback::<super::Epoll>(false);
                super::$module::$check(near, &far);
            })*
        }

        #[cfg(feature = "uring")]
        mod uring {
            $(#[test]
            fn $check() {
                let (near, far) = super::on_loopback::<super::Uring>(true);
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
    streams::a_reset_behind_the_end_is_the_last_word
    streams::who_is_not_accepted_waits
    streams::a_waker_ends_the_wait
    connecting::a_connection_that_is_made_is_as_one_that_was_accepted
    connecting::who_speaks_first_is_heard_after_the_connection_is_there
    connecting::a_peer_that_leaves_at_once_is_heard_of
    connecting::who_does_not_listen_refuses
    connecting::who_does_not_answer_is_waited_for_until_the_connection_is_closed
    connecting::a_connection_that_is_closed_while_connecting_is_not_there_later
    connecting::what_fails_at_once_is_never_heard_of_again
    handing_over::what_nobody_has_received_reaches_the_next_driver
    handing_over::an_end_that_nobody_has_found_is_found_by_the_next_driver
    handing_over::an_end_that_was_told_is_told_again
    handing_over::a_connection_that_was_made_can_be_handed_over
    handing_over::a_stream_stays_whole_however_often_it_is_handed_over
    handing_over::who_is_not_there_cannot_be_handed_over
    handing_over::a_reset_is_found_here_or_there
    handing_over::who_is_handed_to_nobody_is_closed
    waiting::each_moment_ends_its_wait
}

fn on_loopback<D: Real>(allows_late: bool) -> (Near<D>, Loopback<D>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let driver = D::open(Some(listener)).expect("descriptors");
    (Near::new(driver, allows_late), Loopback::new(address))
}

fn on_network(seed: u64) -> (Near<Simulated>, Network) {
    let mut weather = if seed == 0 { Weather::calm() } else { Weather::rough() };
    weather.receive_bytes_max = 20_000;
    weather.kernel_bytes_max = 50_000;
    let (driver, network) = Simulated::new(seed, weather);
    (Near::new(driver, true), network)
}
