//! Whether a connection stays when a request was answered, RFC 9112 section 9.3.

use super::Request;

/// What becomes of the connection when a response has left, and what the response has to say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 9112 section 9.3 knows no other")]
pub enum Persistence {
    /// It awaits the next request. HTTP/1.1 takes that for granted, so nothing is said.
    KeepAlive,
    /// It awaits the next request of a client that speaks HTTP/1.0 and asked for it, and has to be told that it may.
    KeepAliveHttp10,
    /// It ends with this response.
    Close,
}

impl Persistence {
    /// The `Connection` header, if one is needed. RFC 9110 7.8: who sends Upgrade names it there as well.
    pub(super) const fn header(self, is_upgrade_named: bool) -> &'static [u8] {
        match (self, is_upgrade_named) {
            (Self::KeepAlive, false) => b"",
            (Self::KeepAlive, true) => b"Connection: Upgrade\r\n",
            (Self::KeepAliveHttp10, false) => b"Connection: keep-alive\r\n",
            (Self::KeepAliveHttp10, true) => b"Connection: keep-alive, Upgrade\r\n",
            (Self::Close, false) => b"Connection: close\r\n",
            (Self::Close, true) => b"Connection: close, Upgrade\r\n",
        }
    }
}

impl Request<'_> {
    /// What the client wants to become of the connection. The server may always answer with [`Persistence::Close`] instead.
    #[must_use]
    pub fn persistence(&self) -> Persistence {
        let has_option = |option| self.header_map().list_contains("connection", option);
        // RFC 9112 9.3: close comes before everything else, then the version, then keep-alive.
        if has_option("close") {
            Persistence::Close
        } else if self.is_http_1_1() {
            Persistence::KeepAlive
        } else if has_option("keep-alive") {
            Persistence::KeepAliveHttp10
        } else {
            Persistence::Close
        }
    }

    /// Whether the client wants to send another request on this connection.
    #[must_use]
    pub fn keeps_alive(&self) -> bool {
        self.persistence() != Persistence::Close
    }
}
