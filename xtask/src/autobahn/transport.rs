//! What the conversations go over: TCP as it is, or TLS with a certificate that is made for the run.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Ws,
    Wss,
}

impl Transport {
    /// That of this address.
    pub(super) fn of(url: &str) -> Self {
        if url.starts_with("wss://") { Self::Wss } else { Self::Ws }
    }

    /// As addresses write it; also the name of the folder with the reports.
    pub(super) fn scheme(self) -> &'static str {
        match self {
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }
}
