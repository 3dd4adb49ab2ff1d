//! What lies between a client and a server, and can be cut, or lose something.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A port that leads to a server.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    is_dead: bool,
    /// Both ends of each connection.
    ends: Vec<[TcpStream; 2]>,
    /// The next message of the server that contains this does not arrive.
    loses: Option<&'static str>,
    /// Codes of close frames that clients have sent.
    closed: Vec<u16>,
}

impl Wire {
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(Mutex::new(State::default()));
        let wire = Self { address, state: Arc::clone(&state) };
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.expect("a connection");
                let server = TcpStream::connect(server).expect("it listens");
                join(&state, client, server);
            }
        });
        wire
    }

    /// Cuts all connections, and lets nobody through any more.
    pub(crate) fn cut(&self) {
        let mut state = self.state.lock().expect("no panic");
        state.is_dead = true;
        for end in state.ends.drain(..).flatten() {
            // It may have ended.
            let _ended = end.shutdown(Shutdown::Both);
        }
    }

    /// Lets everybody through again.
    pub(crate) fn mend(&self) {
        self.state.lock().expect("no panic").is_dead = false;
    }

    /// Loses the next message of the server that contains this.
    pub(crate) fn lose(&self, text: &'static str) {
        self.state.lock().expect("no panic").loses = Some(text);
    }

    /// Whether it has lost what it should.
    pub(crate) fn has_lost(&self) -> bool {
        self.state.lock().expect("no panic").loses.is_none()
    }

    /// The codes with which clients have closed so far.
    pub(crate) fn closed(&self) -> Vec<u16> {
        self.state.lock().expect("no panic").closed.clone()
    }
}

fn join(state: &Arc<Mutex<State>>, client: TcpStream, server: TcpStream) {
    let copy = |stream: &TcpStream| stream.try_clone().expect("an open socket");
    {
        let mut state = state.lock().expect("no panic");
        if state.is_dead {
            return;
        }
        state.ends.push([copy(&client), copy(&server)]);
    }
    let (from_client, to_server, upward) = (copy(&client), copy(&server), Arc::clone(state));
    thread::spawn(move || {
        carry(from_client, to_server, |frame| {
            if frame.opcode == CLOSE {
                let code = frame.payload[..2].try_into().expect("a code");
                upward.lock().expect("no panic").closed.push(u16::from_be_bytes(code));
            }
            true
        });
    });
    let downward = Arc::clone(state);
    thread::spawn(move || {
        carry(server, client, |frame| {
            let text = String::from_utf8_lossy(&frame.payload);
            let mut state = downward.lock().expect("no panic");
            state.loses.take_if(|lost| text.contains(*lost)).is_none()
        });
    });
}

/// Carries a head and then frames, those that pass, until either side ends.
fn carry(mut from: TcpStream, mut to: TcpStream, mut passes: impl FnMut(&Frame) -> bool) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if from.read_exact(&mut byte).is_err() {
            return;
        }
        head.extend(byte);
    }
    let mut alive = to.write_all(&head).is_ok();
    while alive && let Some(frame) = Frame::read(&mut from) {
        alive = !passes(&frame) || to.write_all(&frame.bytes).is_ok();
    }
    // It may have ended.
    let _ended = to.shutdown(Shutdown::Write);
}

struct Frame {
    opcode: u8,
    payload: Vec<u8>,
    /// As it came.
    bytes: Vec<u8>,
}

impl Frame {
    fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = vec![0; 2];
        stream.read_exact(&mut bytes).ok()?;
        let (opcode, is_masked) = (bytes[0] & 0x0F, bytes[1] & 0x80 != 0);
        let size = match bytes[1] & 0x7F {
            126 => u64::from(u16::from_be_bytes(more(stream, &mut bytes)?)),
            127 => u64::from_be_bytes(more(stream, &mut bytes)?),
            size => u64::from(size),
        };
        let mask: [u8; 4] = if is_masked { more(stream, &mut bytes)? } else { [0; 4] };
        let mut payload = vec![0; size as usize];
        stream.read_exact(&mut payload).ok()?;
        bytes.extend_from_slice(&payload);
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        Some(Self { opcode, payload, bytes })
    }
}

fn more<const N: usize>(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<[u8; N]> {
    let mut read = [0; N];
    stream.read_exact(&mut read).ok()?;
    bytes.extend(read);
    Some(read)
}

const CLOSE: u8 = 0x8;
