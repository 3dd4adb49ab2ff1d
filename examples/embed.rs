//! The engine inside a program that has a thread and a loop of its own: an oven, regulated ten times a second.
//!
//! ```sh
//! cargo run --example embed                   # or with an address
//! npx wscat -c ws://127.0.0.1:8000/           # shows the temperature; send a number to change the target
//! ```
//!
//! What is typed into the program itself is told to everybody, from another thread; the end of that input (Ctrl-D) ends the
//! program in an orderly way. The oven needs no lock: clients, the regulation and the loop take turns in one thread.

#![expect(clippy::print_stdout, reason = "people read where it listens")]

use sockeye::WorkerContext;
use sockeye::protocol::http::Request;
use sockeye::protocol::{Message, Prepared};
use sockeye::worker::{Clock, SystemClock};
use sockeye::{Config, Context, Handler, Remote, RemoteError, Reply, RequestContext, Server};
use std::io::{self, BufRead};
use std::time::{Duration, Instant};

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let mut config = Config::default();
    config.workers = 1;
    // Bound as usual, but instead of starting threads it gives out what a worker is made of.
    let server = Server::bind(address, config.clone())?;
    println!("listening on ws://{}", server.local_addr());
    let (mut parts, remote) = server.into_parts()?;
    let part = parts.pop().expect("one worker was asked for");

    let oven = Oven { celsius: 20.0, target: 180.0 };
    let mut worker = part.into_worker(oven, config, &SystemClock);
    std::thread::spawn(move || announce_input(&remote));

    let mut step_at = SystemClock.now();
    while !worker.is_done() {
        // Serves who has something to say, and waits no longer than `on_tick` allows.
        worker.tick(&SystemClock)?;
        // Everything else that the program does comes here. While it does, nobody is served.
        if SystemClock.now() >= step_at {
            step_at = SystemClock.now() + STEP;
            worker.with_handler(&SystemClock, |oven, worker| {
                oven.regulate();
                worker.publish(EVERYBODY, &format!("{:.1} °C", oven.celsius));
            });
        }
    }
    Ok(())
}

/// The program's state is the handler: between the ticks the loop works on it, in the ticks the clients do.
struct Oven {
    celsius: f64,
    target: f64,
}

impl Oven {
    fn regulate(&mut self) {
        self.celsius += (self.target - self.celsius) / 10.0;
    }
}

impl Handler for Oven {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        connection.subscribe(EVERYBODY);
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        let text = str::from_utf8(message.as_bytes()).unwrap_or_default();
        match text.trim().parse() {
            Ok(target) if (0.0..=300.0).contains(&target) => self.target = target,
            _ => {
                let _closing_or_full = connection.send("a target is a number from 0 to 300");
            }
        }
    }

    /// Asks for a turn at least this often; that is what ends the wait of `Worker::tick` when nobody says anything.
    fn on_tick(&mut self, _: &mut WorkerContext<'_, Self>, now: Instant) -> Option<Instant> {
        Some(now + STEP)
    }
}

/// Runs in another thread, which must not touch the oven: a `Remote` reaches the worker from anywhere, and wakes it.
fn announce_input(remote: &Remote<()>) {
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let message = Prepared::new(&line);
        match remote.publish(EVERYBODY, &message) {
            Ok(()) => {}
            Err(RemoteError::Full) => println!("not told, too much waits already: {line}"),
            Err(_) => return,
        }
    }
    // Everybody gets a close frame, and a second to answer it.
    remote.shut_down(Duration::from_secs(1));
}

const EVERYBODY: &str = "everybody";

const STEP: Duration = Duration::from_millis(100);
