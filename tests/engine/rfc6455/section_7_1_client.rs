//! RFC 6455 sections 4.1, 5.5.1 and 7.1.1: when a client waits for the server.

use sockeye::client::Controls;
use sockeye::protocol::handshake::{check_upgrade, encode_switching_protocols};
use sockeye::protocol::http::parse_head;
use sockeye::protocol::{CloseCode, Message};
use sockeye::{ClientConfig, WebSocket};
use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::rc::Rc;

#[test]
fn a_client_sends_nothing_behind_its_request_before_the_answer_has_come() {
    let (mut socket, log) = open(b"\x81\x02hi");
    let acts = log.take();
    let [Act::Wrote(request), later @ ..] = &acts[..] else {
        panic!("{acts:?}");
    };
    assert!(matches!(parse_head(request), Ok(Some((_, size))) if size == request.len()));
    assert!(later.iter().all(|act| matches!(act, Act::Read)), "{acts:?}");
    assert_eq!(socket.receive().unwrap(), Some(Message::Text("hi")));
}

#[test]
fn a_client_that_was_closed_waits_for_the_server_to_end_the_stream() {
    let (mut socket, log) = open(b"\x88\x02\x03\xE8late");
    log.borrow_mut().clear();
    assert_eq!(socket.receive().unwrap(), None);
    assert_ends(&log);
}

#[test]
fn a_client_that_closes_waits_for_the_server_to_end_the_stream() {
    let (mut socket, log) = open(b"\x81\x02hi\x88\x02\x03\xE8late");
    log.borrow_mut().clear();
    socket.close(CloseCode::NORMAL, "").unwrap();
    assert_ends(&log);
}

/// Demands one frame from the client, then the end of the server's stream, and only then that of the client's.
fn assert_ends(log: &Log) {
    let log = log.borrow();
    let acts: Vec<_> = log.iter().filter(|act| !matches!(act, Act::Read)).collect();
    let [Act::Wrote(close), Act::FoundEnd, Act::Ended, ..] = acts[..] else {
        panic!("{log:?}");
    };
    assert_eq!((close[0], close.len()), (0x88, 2 + 4 + 2));
}

/// A client over a stream in memory, whose server answers the request with 101 and these bytes, one per read, and ends.
fn open(behind: &[u8]) -> (WebSocket<Server>, Log) {
    let log = Log::default();
    let server = Server { log: log.clone(), behind: behind.to_vec(), answer: Vec::new(), read: 0 };
    let controls = Controls {
        set_read_timeout: |_: &Server, _| Ok(()),
        set_write_timeout: |_, _| Ok(()),
        shutdown_write: |server| {
            server.log.borrow_mut().push(Act::Ended);
            Ok(())
        },
    };
    let config = ClientConfig::new("ws://example.com/chat").unwrap();
    (WebSocket::handshake_with_controls(server, controls, &config).unwrap(), log)
}

/// What the client did with its stream, in its order.
type Log = Rc<RefCell<Vec<Act>>>;

#[derive(Debug)]
enum Act {
    Wrote(Vec<u8>),
    Read,
    FoundEnd,
    Ended,
}

struct Server {
    log: Log,
    behind: Vec<u8>,
    answer: Vec<u8>,
    read: usize,
}

impl Read for Server {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.answer.get(self.read) {
            Some(byte) => {
                buffer[0] = *byte;
                self.read += 1;
                self.log.borrow_mut().push(Act::Read);
                Ok(1)
            }
            None => {
                self.log.borrow_mut().push(Act::FoundEnd);
                Ok(0)
            }
        }
    }
}

impl Write for Server {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Ok(Some((request, _))) = parse_head(bytes) {
            let upgrade = check_upgrade(&request).unwrap();
            encode_switching_protocols(&upgrade, None, &[], &mut self.answer).unwrap();
            self.answer.append(&mut self.behind);
        }
        self.log.borrow_mut().push(Act::Wrote(bytes.to_vec()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
