//! What both sides have agreed on, and how they come to it: RFC 7692 section 7.1.

use super::{DeflateConfig, DeflateMode, EXTENSION_NAME, WINDOW_BITS_MAX, WINDOW_BITS_MIN};
use crate::protocol::handshake::{ClientHandshakeError, Extension, ExtensionParameter};

/// The parameters of permessage-deflate on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "RFC 7692 section 7.1 defines these four")]
pub struct Agreement {
    /// The server compresses each message by itself.
    pub server_no_context_takeover: bool,
    /// The client compresses each message by itself.
    pub client_no_context_takeover: bool,
    /// The server's window, as a power of two: 8 to 15, and 15 where nothing was said.
    pub server_max_window_bits: u8,
    /// The client's window, as a power of two: 8 to 15, and 15 where nothing was said.
    pub client_max_window_bits: u8,
}

impl Agreement {
    const DEFAULT: Self = Self {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: WINDOW_BITS_MAX,
        client_max_window_bits: WINDOW_BITS_MAX,
    };

    /// What tells the client who made this offer. A window of 15 bits, which is what silence means, is left out unless the
    /// client had asked about the server's.
    fn to_answer(self, offer: &Offer) -> String {
        let mut answer = EXTENSION_NAME.to_owned();
        for (is_agreed, name) in [
            (self.server_no_context_takeover, SERVER_NO_CONTEXT_TAKEOVER),
            (self.client_no_context_takeover, CLIENT_NO_CONTEXT_TAKEOVER),
        ] {
            if is_agreed {
                answer += &format!("; {name}");
            }
        }
        if offer.server_max_window_bits.is_some() {
            answer += &format!("; {SERVER_MAX_WINDOW_BITS}={}", self.server_max_window_bits);
        }
        if self.client_max_window_bits < WINDOW_BITS_MAX {
            answer += &format!("; {CLIENT_MAX_WINDOW_BITS}={}", self.client_max_window_bits);
        }
        answer
    }
}

/// One offer of permessage-deflate that a client made, without a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Offer {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// The outer `None` is silence; the inner one leaves it to the server.
    client_max_window_bits: Option<Option<u8>>,
}

impl Offer {
    /// Reads an offer. `None` if it is one of another extension, or one that RFC 7692 section 7.1 has the server decline: with a
    /// parameter that is unknown, is there twice, or has a value that it must not have.
    fn parse(extension: &Extension<'_>) -> Option<Self> {
        if extension.name() != EXTENSION_NAME {
            return None;
        }
        let mut offer = Self::default();
        for parameter in extension.parameters() {
            let is_new = match parameter.name {
                SERVER_NO_CONTEXT_TAKEOVER => {
                    set(&mut offer.server_no_context_takeover, &parameter)
                }
                CLIENT_NO_CONTEXT_TAKEOVER => {
                    set(&mut offer.client_no_context_takeover, &parameter)
                }
                SERVER_MAX_WINDOW_BITS => {
                    let bits = window_bits(&parameter)?;
                    offer.server_max_window_bits.replace(bits).is_none()
                }
                CLIENT_MAX_WINDOW_BITS => {
                    let bits = match parameter.value {
                        Some(_) => Some(window_bits(&parameter)?),
                        None => None,
                    };
                    offer.client_max_window_bits.replace(bits).is_none()
                }
                _ => false,
            };
            if !is_new {
                return None;
            }
        }
        Some(offer)
    }
}

impl DeflateConfig {
    /// What a server agrees to of a client's offers, in their order, and the value of `Sec-WebSocket-Extensions` that tells
    /// the client; `None` declines them all. An offer for a server's window of 256 bytes is declined, because zlib has none.
    pub fn accept<'b>(
        &self,
        offers: impl Iterator<Item = Extension<'b>>,
    ) -> Option<(Agreement, String)> {
        if self.mode == DeflateMode::Off {
            return None;
        }
        let mut offers = offers.filter_map(|extension| Offer::parse(&extension));
        offers.find_map(|offer| {
            let agreement = self.agree(&offer)?;
            Some((agreement, agreement.to_answer(&offer)))
        })
    }

    fn agree(&self, offer: &Offer) -> Option<Agreement> {
        let server_max = offer.server_max_window_bits.unwrap_or(WINDOW_BITS_MAX);
        if server_max < WINDOW_BITS_MIN {
            return None;
        }
        let Some(budget) = self.budget() else {
            // RFC 7692 7.1.1: the server may demand these although they were not offered.
            return Some(Agreement {
                server_no_context_takeover: true,
                client_no_context_takeover: true,
                server_max_window_bits: server_max,
                client_max_window_bits: WINDOW_BITS_MAX,
            });
        };
        let received = budget.receiving_window_bits();
        // RFC 7692 7.1.2.2: only a client that says so lets its window be limited.
        let client_max = match offer.client_max_window_bits {
            Some(hint) => received.min(hint.unwrap_or(WINDOW_BITS_MAX)),
            None => WINDOW_BITS_MAX,
        };
        let sent = budget.sending_window_bits();
        Some(Agreement {
            server_no_context_takeover: offer.server_no_context_takeover,
            client_no_context_takeover: offer.client_no_context_takeover || client_max > received,
            // Who was not asked says nothing of its window, and may still use a smaller one.
            server_max_window_bits: offer
                .server_max_window_bits
                .map_or(WINDOW_BITS_MAX, |asked| asked.min(sent)),
            client_max_window_bits: client_max,
        })
    }

    /// The value of `Sec-WebSocket-Extensions` with which a client offers this; `None` offers nothing.
    #[must_use]
    pub fn offer(&self) -> Option<String> {
        if self.mode == DeflateMode::Off {
            return None;
        }
        let offer = match self.budget() {
            None => format!(
                "{EXTENSION_NAME}; {SERVER_NO_CONTEXT_TAKEOVER}; {CLIENT_NO_CONTEXT_TAKEOVER}; \
                 {CLIENT_MAX_WINDOW_BITS}"
            ),
            Some(budget) => match budget.receiving_window_bits() {
                WINDOW_BITS_MAX => format!("{EXTENSION_NAME}; {CLIENT_MAX_WINDOW_BITS}"),
                bits => format!(
                    "{EXTENSION_NAME}; {CLIENT_MAX_WINDOW_BITS}; {SERVER_MAX_WINDOW_BITS}={bits}"
                ),
            },
        };
        Some(offer)
    }

    /// What a server has agreed to, by its answer; `None` if it declined.
    ///
    /// # Errors
    ///
    /// An answer that does not fit what [`DeflateConfig::offer`] offers: RFC 7692 section 7.1 has the client fail then.
    pub fn check_answer<'b>(
        &self,
        mut extensions: impl Iterator<Item = Extension<'b>>,
    ) -> Result<Option<Agreement>, ClientHandshakeError> {
        let Some(extension) = extensions.find(|extension| extension.name() == EXTENSION_NAME)
        else {
            return Ok(None);
        };
        let mut agreement = Agreement::DEFAULT;
        let mut server_bits = None;
        let mut client_bits = None;
        for parameter in extension.parameters() {
            let is_new = match parameter.name {
                SERVER_NO_CONTEXT_TAKEOVER => {
                    set(&mut agreement.server_no_context_takeover, &parameter)
                }
                CLIENT_NO_CONTEXT_TAKEOVER => {
                    set(&mut agreement.client_no_context_takeover, &parameter)
                }
                SERVER_MAX_WINDOW_BITS => replace(&mut server_bits, &parameter),
                CLIENT_MAX_WINDOW_BITS => replace(&mut client_bits, &parameter),
                _ => false,
            };
            if !is_new {
                return Err(ClientHandshakeError::DeflateAnswerInvalid);
            }
        }
        agreement.server_max_window_bits = server_bits.unwrap_or(WINDOW_BITS_MAX);
        agreement.client_max_window_bits = client_bits.unwrap_or(WINDOW_BITS_MAX);
        match self.has_offered(&agreement) {
            true => Ok(Some(agreement)),
            false => Err(ClientHandshakeError::DeflateAnswerInvalid),
        }
    }

    /// Whether the answer keeps to what was asked for.
    fn has_offered(&self, agreement: &Agreement) -> bool {
        match self.budget() {
            None => agreement.server_no_context_takeover,
            Some(budget) => agreement.server_max_window_bits <= budget.receiving_window_bits(),
        }
    }
}

/// Notes a parameter without a value. `false`: it has one, or was there before.
fn set(flag: &mut bool, parameter: &ExtensionParameter<'_>) -> bool {
    parameter.value.is_none() && !std::mem::replace(flag, true)
}

/// Notes a parameter with a window. `false`: it has none, or was there before.
fn replace(bits: &mut Option<u8>, parameter: &ExtensionParameter<'_>) -> bool {
    let value = window_bits(parameter);
    value.is_some() && std::mem::replace(bits, value).is_none()
}

/// RFC 7692 7.1.2: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
fn window_bits(parameter: &ExtensionParameter<'_>) -> Option<u8> {
    match parameter.value.as_deref()? {
        "8" => Some(8),
        "9" => Some(9),
        "10" => Some(10),
        "11" => Some(11),
        "12" => Some(12),
        "13" => Some(13),
        "14" => Some(14),
        "15" => Some(15),
        _ => None,
    }
}

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";
