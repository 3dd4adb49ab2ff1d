//! A server's connection in any pieces: cuts, bytes from a client.

use super::connection;
use sockeye::protocol::Role;

/// See [`connection::check`].
pub fn check(input: &[u8]) {
    connection::check(Role::Server, input);
}
