//! Chromium answers the pings with which the server asks after those who are silent: a page cannot ping by itself, so
//! there is no such row for it in the matrix.

use std::path::Path;
use std::time::Duration;

use sockeye::handler::Upgrade;
use sockeye::protocol::Message;
use sockeye::protocol::http::Request;
use sockeye::{Config, Context, Handler, Reply, RequestContext, Server};
use sockeye_rivals::browser::Browser;
use sockeye_rivals::driver;

#[test]
fn chromium_answers_pings() {
    let mut config = Config::default();
    config.workers = 1;
    config.idle_timeout = Duration::from_millis(50);
    let server = Server::bind("127.0.0.1:0", config).expect("a free port");
    let running = server.start(|_| Patient).expect("a worker starts");

    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let directory = target.expect("tmp lies in the target directory").join("rivals");
    let browser = Browser::start(&directory).unwrap_or_else(|problem| panic!("{problem}"));
    let url = format!("ws://{}", running.local_addr());
    let results = driver::check(browser.program("interop.mjs"), &url, &[CHECK]);
    assert_eq!(results[CHECK], Ok(()));

    running.remote().shut_down(Duration::ZERO);
    running.join().expect("the worker ends well");
}

/// Counts the pongs of each connection, and tells it when they are enough.
struct Patient;

impl Handler for Patient {
    type State = u32;
    type Mail = ();

    fn on_request(
        &mut self,
        _connection: &mut RequestContext<'_, Self>,
        _request: &Request<'_>,
    ) -> Reply<u32> {
        Reply::Upgrade(Upgrade { state: 0, subprotocol: None, headers: Vec::new() })
    }

    fn on_message(&mut self, _connection: &mut Context<'_, Self>, _message: Message<'_>) {}

    fn on_pong(&mut self, connection: &mut Context<'_, Self>, _payload: &[u8]) {
        *connection.state() += 1;
        if *connection.state() == PONGS_ENOUGH {
            connection.send("enough pongs").expect("nothing waits to be sent");
        }
    }
}

const CHECK: &str = "answers pings";
const PONGS_ENOUGH: u32 = 10;
