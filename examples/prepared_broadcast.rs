//! Tickers: each price is encoded once, in a thread that is no worker, and sent to everybody who watches it.
//!
//! ```sh
//! cargo run --example prepared_broadcast              # or with an address, and milliseconds from price to price
//! npx wscat -c ws://127.0.0.1:8000/                   # all prices
//! npx wscat -c ws://127.0.0.1:8000/EURUSD             # one of them
//! ```
//!
//! A `Prepared` message is a finished frame. Each worker gets a reference to it and copies it once into what it publishes
//! in this tick; each receiver costs a reference to that. A receiver who is too slow skips prices instead of being
//! closed: it leaves the topic, nothing is queued for it meanwhile, and it joins again when it has caught up. The number
//! behind each price shows it what it missed.

#![expect(clippy::print_stdout, reason = "people read where it listens")]

use sockeye::protocol::http::{Request, Response, Status};
use sockeye::protocol::{Message, Prepared};
use sockeye::{Config, Context, Handler, Remote, RemoteError, Reply, RequestContext, Server};
use std::thread;
use std::time::Duration;

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let server = Server::bind(address, Config::default())?;
    println!("listening on ws://{}", server.local_addr());
    let greeting =
        Prepared::new("prices follow, with a number each: a gap means that you were slow");
    let running = server.start(move |_worker| Tickers { greeting: greeting.clone() })?;
    let remote = running.remote();
    let milliseconds = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(100);
    thread::spawn(move || feed(&remote, Duration::from_millis(milliseconds)));
    running.join()
}

/// Makes prices up, and publishes them for as long as there is a server.
fn feed(remote: &Remote<()>, interval: Duration) {
    for number in 1_u64.. {
        for (index, symbol) in SYMBOLS.iter().enumerate() {
            let wave = ((number + index as u64) as f64 / 20.0).sin();
            let price = Prepared::new(&format!("{symbol} {:.4} #{number}", 1.0 + wave / 100.0));
            match remote.publish(symbol, &price) {
                Ok(()) => {}
                // A worker has much to do and takes no more mail. The next price makes up for this one.
                Err(RemoteError::Full) => {}
                Err(_) => return,
            }
        }
        thread::sleep(interval);
    }
}

struct Tickers {
    /// The same for everybody, so it is encoded once too.
    greeting: Prepared,
}

/// What a connection watches, and what of it was too fast for it.
struct Watcher {
    watched: Vec<&'static str>,
    behind: Vec<Box<[u8]>>,
}

impl Handler for Tickers {
    type State = Watcher;
    type Mail = ();

    fn on_request(
        &mut self,
        _: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<Watcher> {
        let wanted = request.path().trim_start_matches('/');
        let is_wanted = |symbol: &&str| wanted.is_empty() || *symbol == wanted;
        let watched: Vec<_> = SYMBOLS.into_iter().filter(is_wanted).collect();
        if watched.is_empty() {
            return Response::text(Status::NOT_FOUND, "there is no such symbol\n").into();
        }
        Reply::upgrade(Watcher { watched, behind: Vec::new() })
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        let _closing_or_full = connection.send_prepared(&self.greeting);
        for symbol in connection.state().watched.clone() {
            connection.subscribe(symbol);
        }
    }

    /// Nothing is expected from those who watch.
    fn on_message(&mut self, _: &mut Context<'_, Self>, _: Message<'_>) {}

    /// The connection has left the topic. By default it would be closed now.
    fn on_lag(&mut self, connection: &mut Context<'_, Self>, topic: &[u8], _mark: u64) {
        connection.state().behind.push(topic.into());
    }

    /// What waited has left: it can follow again.
    fn on_drain(&mut self, connection: &mut Context<'_, Self>) {
        for topic in std::mem::take(&mut connection.state().behind) {
            connection.subscribe(topic);
        }
    }
}

const SYMBOLS: [&str; 3] = ["EURUSD", "GBPUSD", "USDJPY"];
