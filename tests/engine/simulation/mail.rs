//! Mail from outside the workers.

use sockeye::driver::{Simulated, Weather};
use sockeye::limits::MAILBOX_BATCHES_MAX;
use sockeye::protocol::{Message, http::Request};
use sockeye::worker::{ManualClock, WorkerParts};
use sockeye::{Config, Context, Handler, Remote, Reply, RequestContext, WorkerContext, WorkerId};
use std::cell::Cell;
use std::rc::Rc;

/// Answers each piece of mail with one more, as a thread does that posts as fast as the worker takes.
struct Relentless {
    remote: Remote<()>,
    taken: Rc<Cell<usize>>,
}

impl Handler for Relentless {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_message(&mut self, _: &mut Context<'_, Self>, _: Message<'_>) {}

    fn on_mail(&mut self, worker: &mut WorkerContext<'_, Self>, (): ()) {
        self.taken.set(self.taken.get() + 1);
        assert!(self.taken.get() < ENDLESS, "the tick has no end");
        self.remote.mail(worker.id(), ()).expect("there is room");
    }
}

#[test]
fn whoever_posts_without_end_does_not_keep_the_worker_from_its_connections() {
    let clock = ManualClock::new();
    let (driver, network) = Simulated::new(0, Weather::calm());
    let (mut parts, remote) = WorkerParts::new(vec![driver]);
    let taken = Rc::new(Cell::new(0));
    let handler = Relentless { remote: remote.clone(), taken: Rc::clone(&taken) };
    let part = parts.pop().expect("there is one");
    let mut worker = part.into_worker(handler, Config::default(), &clock);
    remote.mail(WorkerId(0), ()).expect("there is room");
    for ticks in 1..=3 {
        worker.tick(&clock).expect("it can always wait");
        assert_eq!(taken.get(), ticks * MAILBOX_BATCHES_MAX);
        // What is left is taken at once.
        assert_ne!(network.idle_wait(), Some(std::time::Duration::MAX));
    }
}

/// More than any tick takes.
const ENDLESS: usize = 100_000;
