//! What the kernel holds of the connections of a server: how tests see that a side has stopped reading, without a clock.
//!
//! It is read from `/proc/net/tcp`, in which every connection within a machine has two lines, one for each end.

use std::fs;

/// One end of a connection, of those whose local or remote port is the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The port of this end.
    pub local: u16,
    /// The port of the other end.
    pub remote: u16,
    /// Neither end has closed it.
    pub is_established: bool,
    /// Bytes that were written here and that the other end has not acknowledged.
    pub unsent: u64,
    /// Bytes that arrived and that nobody has read.
    pub unread: u64,
}

/// The ends of all connections to the server at `port`, both its own and those of its clients.
pub fn ends(port: u16) -> Result<Vec<End>, String> {
    let lines = fs::read_to_string(TABLE).map_err(|error| format!("{TABLE}: {error}"))?;
    let ends = lines.lines().skip(1).filter_map(parse);
    Ok(ends.filter(|end| end.local == port || end.remote == port).collect())
}

/// Whether a client has not read for so long that the server's kernel takes no more of what the server has for it.
///
/// Data on their way can look the same for a moment; who wants to be sure looks [`STALLED_LOOKS`] times in a row.
pub fn is_stalled(port: u16) -> Result<bool, String> {
    let ends = ends(port)?;
    Ok(ends.iter().any(|end| end.local == port && end.unsent >= STALLED_BYTES))
}

/// `sl local_address rem_address st tx_queue:rx_queue ...`, all in hexadecimal.
fn parse(line: &str) -> Option<End> {
    let mut fields = line.split_whitespace().skip(1);
    let port = |address: &str| u16::from_str_radix(address.split_once(':')?.1, 16).ok();
    let local = port(fields.next()?)?;
    let remote = port(fields.next()?)?;
    let is_established = fields.next()? == "01";
    let (unsent, unread) = fields.next()?.split_once(':')?;
    let bytes = |text| u64::from_str_radix(text, 16).ok();
    Some(End { local, remote, is_established, unsent: bytes(unsent)?, unread: bytes(unread)? })
}

/// With a few milliseconds between them.
pub const STALLED_LOOKS: u32 = 10;

const TABLE: &str = "/proc/net/tcp";
/// Our server lets its kernel have 64 KiB before they are sent, and the kernel asks for more when it has half of that.
const STALLED_BYTES: u64 = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Write};
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn both_ends_of_a_connection_are_seen_with_what_lies_in_them() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let client = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let (mut server, _) = listener.accept().expect("somebody connects");
        server.write_all(b"hello").expect("the kernel takes it");

        let own = client.local_addr().expect("it is connected").port();
        let ends = ends(port).expect("the kernel tells");
        let unread = ends.iter().find(|end| end.local == own).expect("the client's end");
        assert_eq!((unread.remote, unread.unread, unread.is_established), (port, 5, true));
        assert!(ends.iter().any(|end| end.local == port && end.remote == own));
        assert!(!is_stalled(port).expect("the kernel tells"));
    }

    #[test]
    fn a_connection_that_takes_no_more_is_stalled() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let _client = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let (mut server, _) = listener.accept().expect("somebody connects");
        server.set_nonblocking(true).expect("a socket can be");
        while server.write(&[0; 65536]).map_err(|error| error.kind()) != Err(ErrorKind::WouldBlock)
        {
        }
        assert!(is_stalled(port).expect("the kernel tells"));
    }
}
