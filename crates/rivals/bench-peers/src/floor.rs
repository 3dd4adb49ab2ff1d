//! The floor: what the kernel asks for moving the same bytes, without any WebSocket. One receive and one send per event.

use std::io;
use std::time::Duration;

use slab::Slab;

use crate::event_loop::{self, Connection, Serve};

/// Sends back what it receives. Before it blocks it looks for events without waiting for as long as `spin`.
pub(crate) fn serve(spin: Duration) {
    event_loop::run(Floor { buffer: vec![0; BUFFER_BYTES] }, spin);
}

struct Floor {
    buffer: Vec<u8>,
}

impl Serve for Floor {
    type State = ();

    fn serve(
        &mut self,
        connections: &mut Slab<Connection<()>>,
        key: usize,
        is_read_closed: bool,
    ) -> io::Result<()> {
        let connection = &mut connections[key];
        let mut is_sent = connection.flush()?;
        while is_sent && let Some(received) = connection.receive(&mut self.buffer)? {
            is_sent = connection.send(&self.buffer[..received])?;
            // A receive that did not fill the buffer has emptied the socket, except of its end.
            if received < self.buffer.len() && !is_read_closed {
                break;
            }
        }
        Ok(())
    }
}

const BUFFER_BYTES: usize = 512 << 10;
