//! What the program around a worker does between two ticks.

use super::Worker;
use super::clock::{Clock, Ticks};
use crate::driver::Driver;
use crate::handler::{Handler, WorkerContext};

impl<D: Driver, H: Handler> Worker<D, H> {
    /// Lends the handler and its context to the program whose loop this worker is part of. What is sent, published or
    /// mailed here leaves with the next tick, which does not wait then.
    ///
    /// A panic in `act` is the program's own: it is not contained.
    pub fn with_handler<R>(
        &mut self,
        clock: &impl Clock,
        act: impl FnOnce(&mut H, &mut WorkerContext<'_, H>) -> R,
    ) -> R {
        // The program may have been busy since the last tick, and deadlines begin now.
        self.core.now = clock.now();
        self.core.ticks = Ticks::at(self.core.now - self.core.started_at);
        act(&mut self.handler, &mut WorkerContext::new(&mut self.core))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::driver::{Network, Peer, Simulated, Weather};
    use crate::handler::{Context, Reply, RequestContext};
    use crate::protocol::http::Request;
    use crate::protocol::{CloseCode, Message};
    use crate::worker::{ConnectionId, ManualClock, WorkerParts};
    use std::time::Duration;

    /// Knows who has come and how often somebody's backlog became small, and does nothing.
    #[derive(Default)]
    struct Register(Vec<ConnectionId>, usize);

    impl Handler for Register {
        type State = ();
        type Mail = ();

        fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
            Reply::upgrade(())
        }

        fn on_open(&mut self, connection: &mut Context<'_, Self>) {
            self.0.push(connection.id());
        }

        fn on_message(&mut self, _: &mut Context<'_, Self>, _: Message<'_>) {}

        fn on_drain(&mut self, _: &mut Context<'_, Self>) {
            self.1 += 1;
        }
    }

    struct Program {
        worker: Worker<Simulated, Register>,
        clock: ManualClock,
        network: Network,
        peer: Peer,
    }

    /// A program with one client, whose answer to the handshake is read.
    fn program() -> Program {
        program_with(Config::default())
    }

    fn program_with(config: Config) -> Program {
        let (driver, network) = Simulated::new(1, Weather::calm());
        let (mut parts, _remote) = WorkerParts::new(vec![driver]);
        let clock = ManualClock::new();
        let part = parts.remove(0);
        let mut worker = part.into_worker(Register::default(), config, &clock);
        let peer = network.connect();
        peer.write(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        while network.idle_wait().is_none() {
            worker.tick(&clock).expect("it can wait");
        }
        assert!(peer.read(1024).starts_with(b"HTTP/1.1 101"));
        Program { worker, clock, network, peer }
    }

    #[test]
    fn what_is_sent_between_two_ticks_leaves_with_the_next() {
        let Program { mut worker, clock, network, peer } = program();
        worker.with_handler(&clock, |register, context| {
            let mut connection = context.connection(register.0[0]).expect("it is open");
            connection.send("sent").expect("there is room");
            connection.subscribe("news");
            context.publish("news", "published");
        });
        worker.tick(&clock).expect("it can wait");
        assert_eq!(network.idle_wait(), Some(Duration::ZERO), "there was something to do");
        assert_eq!(peer.read(1024), b"\x81\x04sent\x81\x09published");
    }

    #[test]
    fn a_name_is_a_number_on_its_worker_and_its_state_is_there_until_its_end() {
        let Program { mut worker, clock, peer, .. } = program();
        let id = worker.with_handler(&clock, |register, context| {
            let id = register.0[0];
            assert_eq!(ConnectionId::from_number(context.id(), id.number()), id);
            assert_eq!(context.connection_ids(), [id]);
            context.connection(id).expect("it is open").close(CloseCode::NORMAL, "").expect("open");
            assert!(context.connection(id).is_none() && context.state(id).is_some(), "closing");
            id
        });
        peer.write(b"\x88\x80\0\0\0\0");
        worker.tick(&clock).expect("it can wait");
        worker.with_handler(&clock, |_, context| assert!(context.state(id).is_none(), "closed"));
    }

    #[test]
    fn a_handler_hears_that_little_waits_if_it_asks() {
        let Program { mut worker, clock, .. } = program();
        let drains = |worker: &mut Worker<Simulated, Register>| {
            worker.tick(&clock).expect("it can wait");
            worker.with_handler(&clock, |register, _| register.1)
        };
        let send = |worker: &mut Worker<Simulated, Register>, asks: bool| {
            worker.with_handler(&clock, |register, context| {
                let mut connection = context.connection(register.0[0]).expect("it is open");
                connection.send("a little").expect("there is room");
                if asks {
                    connection.await_drain();
                }
            });
        };
        send(&mut worker, false);
        assert_eq!((drains(&mut worker), drains(&mut worker)), (0, 0), "it was always little");
        send(&mut worker, true);
        assert_eq!((drains(&mut worker), drains(&mut worker)), (0, 1), "in the next tick");
        assert_eq!(drains(&mut worker), 1, "once");
    }

    #[test]
    fn a_worker_that_spins_does_not_wait_until_its_time_is_over() {
        let spin = Duration::from_micros(50);
        let config = Config { busy_poll: spin, ..Config::default() };
        let Program { mut worker, clock, network, peer } = program_with(config);
        clock.advance(2 * spin);
        peer.write(b"\x8a\x80\0\0\0\0");
        worker.tick(&clock).expect("it can wait");
        for _ in 0..50 {
            worker.tick(&clock).expect("it can wait");
            assert_eq!(network.idle_wait(), Some(Duration::ZERO));
            clock.advance(spin / 50);
        }
        for _ in 0..2 {
            worker.tick(&clock).expect("it can wait");
        }
        assert!(network.idle_wait() > Some(spin), "it sleeps until the next deadline");
    }

    #[test]
    fn deadlines_begin_when_the_program_acts_however_long_the_last_tick_is_ago() {
        let Program { mut worker, clock, peer, .. } = program();
        clock.advance(Duration::from_secs(20));
        worker.with_handler(&clock, |register, context| {
            assert_eq!(context.now(), clock.now());
            let mut connection = context.connection(register.0[0]).expect("it is open");
            connection.close(CloseCode::NORMAL, "").expect("it is open");
        });
        // It has until `close_timeout` to answer, which is shorter than the time that has passed.
        for _ in 0..3 {
            worker.tick(&clock).expect("it can wait");
        }
        assert_eq!(peer.read(1024), b"\x88\x02\x03\xe8");
        assert_eq!(worker.connections(), 1);
        clock.advance(Config::default().close_timeout + Duration::from_secs(1));
        for _ in 0..3 {
            worker.tick(&clock).expect("it can wait");
        }
        assert_eq!(worker.connections(), 0);
    }
}
