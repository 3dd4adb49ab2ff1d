//! Options of the sockets that connections are. Accepted ones inherit them from their listener, which saves system calls
//! on each.

use crate::limits::{
    SILENT_PEER_PROBE_INTERVAL, SILENT_PEER_PROBES, SILENT_PEER_TIMEOUT, UNSENT_IN_KERNEL_BYTES,
};
use socket2::{SockRef, TcpKeepalive};
use std::io;

pub(crate) fn set_options(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_notsent_lowat(UNSENT_IN_KERNEL_BYTES)?;
    // A WebSocket is pinged before this is due. A stream has no pings, nor has a request that waits for its reply: there
    // the kernel asks whether the peer is still there.
    let keepalive = TcpKeepalive::new()
        .with_time(SILENT_PEER_TIMEOUT)
        .with_interval(SILENT_PEER_PROBE_INTERVAL)
        .with_retries(SILENT_PEER_PROBES);
    socket.set_tcp_keepalive(&keepalive)
}
