//! A client's connection in any pieces: cuts, bytes from a server.

use super::connection;
use sockeye::protocol::Role;

/// See [`connection::check`].
pub fn check(input: &[u8]) {
    let mask_key = || [0x12, 0x34, 0x56, 0x78];
    connection::check(Role::Client { mask_key }, input);
}
