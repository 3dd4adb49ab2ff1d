//! The moments at which the handler wants to be called.

use super::Worker;
use super::core::Core;
use crate::driver::Driver;
use crate::handler::{Handler, WorkerContext};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

impl<D: Driver, H: Handler> Worker<D, H> {
    /// Calls the handler if its moment has come.
    pub(super) fn tick_handler(&mut self) {
        let now = self.core.now;
        if self.core.handler_tick_at.take_if(|at| *at <= now).is_none() {
            return;
        }
        let mut context = WorkerContext::new(&mut self.core);
        let next = catch_unwind(AssertUnwindSafe(|| self.handler.on_tick(&mut context, now)));
        if let Ok(Some(next)) = next {
            self.core.tick_by(next);
        }
    }
}

impl<H: Handler> Core<H> {
    /// Has the handler called at this moment, unless it is called earlier anyway.
    pub(crate) fn tick_by(&mut self, at: Instant) {
        self.handler_tick_at = Some(self.handler_tick_at.map_or(at, |earlier| earlier.min(at)));
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::driver::{Network, Simulated, Weather};
    use crate::handler::{Context, Handler, Reply, RequestContext, WorkerContext};
    use crate::protocol::Message;
    use crate::protocol::http::Request;
    use crate::worker::{Clock, ManualClock, Worker, WorkerParts};
    use std::time::{Duration, Instant};

    /// Notes when it is called, and answers what it is told to.
    #[derive(Default)]
    struct Alarm {
        called_at: Vec<Instant>,
        next: Option<Instant>,
        asks_meanwhile: Option<Instant>,
    }

    impl Handler for Alarm {
        type State = ();
        type Mail = ();

        fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
            Reply::upgrade(())
        }

        fn on_message(&mut self, _: &mut Context<'_, Self>, _: Message<'_>) {}

        fn on_tick(
            &mut self,
            worker: &mut WorkerContext<'_, Self>,
            now: Instant,
        ) -> Option<Instant> {
            self.called_at.push(now);
            if let Some(at) = self.asks_meanwhile.take() {
                worker.tick_by(at);
            }
            self.next.take()
        }
    }

    struct Program {
        worker: Worker<Simulated, Alarm>,
        clock: ManualClock,
        network: Network,
    }

    impl Program {
        /// A program whose handler was called at the worker's start, and wants nothing.
        fn start() -> Self {
            let (driver, network) = Simulated::new(1, Weather::calm());
            let (mut parts, _remote) = WorkerParts::new(vec![driver]);
            let clock = ManualClock::new();
            let worker = parts.remove(0).into_worker(Alarm::default(), Config::default(), &clock);
            let mut program = Self { worker, clock, network };
            assert_eq!(program.tick_at(0), 1);
            program
        }

        /// Lets so many seconds pass and the worker tick; says how often the handler was called so far.
        fn tick_at(&mut self, seconds: u64) -> usize {
            self.clock.advance(Duration::from_secs(seconds));
            self.worker.tick(&self.clock).expect("it can wait");
            self.worker.with_handler(&self.clock, |alarm, _| alarm.called_at.len())
        }

        fn ask(&mut self, seconds: u64) {
            let at = self.clock.now() + Duration::from_secs(seconds);
            self.worker.with_handler(&self.clock, |_, worker| worker.tick_by(at));
        }
    }

    #[test]
    fn a_handler_is_called_by_the_earliest_moment_that_it_asked_for() {
        let mut program = Program::start();
        program.ask(20);
        program.ask(10);
        program.ask(30);
        program.tick_at(0);
        assert_eq!(program.network.idle_wait(), Some(Duration::from_secs(10)), "no earlier");
        assert_eq!(program.tick_at(9), 1);
        assert_eq!(program.tick_at(1), 2);
        assert_eq!(program.tick_at(100), 2, "it has answered that it wants no more");
    }

    #[test]
    fn what_is_asked_for_within_the_call_counts_beside_its_answer() {
        let mut program = Program::start();
        let [soon, late] = [5, 50].map(Duration::from_secs);
        let now = program.clock.now();
        program.worker.with_handler(&program.clock, |alarm, worker| {
            (alarm.asks_meanwhile, alarm.next) = (Some(now + soon), Some(now + late));
            worker.tick_by(now);
        });
        assert_eq!(program.tick_at(0), 2, "in the same tick, if that is not past it");
        assert_eq!(program.tick_at(5), 3);
    }
}
