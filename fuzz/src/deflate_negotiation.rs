//! What a server answers to offers of permessage-deflate, and what a client makes of an answer: whose, what this side wants,
//! the header's value.
//!
//! ```text
//!   byte 0                      the rest
//!  +---------------------------+------------------------------------------
//!  | lowest bit: client; budget| Sec-WebSocket-Extensions
//!  +---------------------------+------------------------------------------
//! ```

use sockeye::protocol::deflate::{Agreement, DeflateConfig, DeflateMode};
use sockeye::protocol::handshake::{Extension, parse_extensions};
use std::collections::BTreeMap;

/// Checks with a reader of its own and the rules of RFC 7692 section 7.1 that the answer is a legal one to an offer that was
/// made; that no offer which could be taken is declined; that a client takes legal answers to its own offer and no others; and
/// that both sides of us agree.
pub fn check(input: &[u8]) {
    let Some((&first, value)) = input.split_first() else {
        return;
    };
    let config = config(first >> 1);
    assert_eq!(config.check(), Ok(()));
    check_faults(&config, value);
    let Ok(extensions) = parse_extensions(value).collect::<Result<Vec<_>, _>>() else {
        return;
    };
    if first & 1 == 0 {
        check_server(&config, &extensions);
    } else {
        check_client(&config, &extensions);
    }
}

fn config(budget: u8) -> DeflateConfig {
    DeflateConfig::new(match budget {
        0 => DeflateMode::Off,
        1 => DeflateMode::Shared,
        budget => DeflateMode::Dedicated { bytes: usize::from(budget - 1) * 1024 },
    })
}

/// A configuration that cannot be is told from one that can.
fn check_faults(config: &DeflateConfig, value: &[u8]) {
    let [level, size] = [0, 1].map(|index| value.get(index).copied().unwrap_or(1));
    let mut other = config.clone();
    other.level = level;
    other.inflated_bytes_max = Some(size.into());
    match other.check() {
        Ok(()) => assert!((1..=9).contains(&level) && size > 0),
        Err(fault) => assert!(fault.to_string().starts_with("deflate.")),
    }
    other = DeflateConfig::new(DeflateMode::Dedicated { bytes: level.into() });
    assert!(other.check().is_err(), "a budget of {level} bytes is too small");
}

fn check_server(config: &DeflateConfig, offers: &[Extension<'_>]) {
    let answered = config.accept(offers.iter().copied());
    let mut readable = offers.iter().filter_map(Parameters::read);
    let Some((agreement, answer)) = answered else {
        let could = readable.any(|offer| offer.number(SERVER_BITS).is_none_or(|bits| bits > 8));
        return assert!(!could || config.mode == DeflateMode::Off, "it could have been accepted");
    };
    assert_ne!(config.mode, DeflateMode::Off);
    let answer = parse_one(&answer);
    assert_eq!(answer.agreement(), agreement);
    assert!(agreement.server_max_window_bits >= 9, "zlib has no smaller window");
    assert!(readable.any(|offer| answer.answers(&offer)), "{answer:?} answers no offer");

    // Who offers the same answer as a client understands it; any client does.
    let shared = DeflateConfig::new(DeflateMode::Shared);
    let own = shared.offer().expect("it is not off");
    let (agreed, answer) = config.accept(parse_extensions(own.as_bytes()).flatten()).expect("ours");
    let understood = shared.check_answer(parse_extensions(answer.as_bytes()).flatten());
    assert_eq!(understood, Ok(Some(agreed)));
}

fn check_client(config: &DeflateConfig, answers: &[Extension<'_>]) {
    let understood = config.check_answer(answers.iter().copied());
    let Some(extension) = answers.iter().find(|extension| extension.name() == NAME) else {
        return assert_eq!(understood, Ok(None));
    };
    let Some(own) = config.offer() else {
        return;
    };
    let legal = Parameters::read(extension)
        .filter(|answer| answer.0.get(CLIENT_BITS).is_none_or(Option::is_some))
        .filter(|answer| answer.answers(&parse_one(&own)));
    match (understood, legal) {
        (Ok(Some(agreement)), Some(answer)) => assert_eq!(answer.agreement(), agreement),
        (Err(error), None) => assert!(!error.to_string().is_empty()),
        (understood, legal) => panic!("{understood:?} of {extension:?}, which is {legal:?}"),
    }
}

fn parse_one(value: &str) -> Parameters {
    let mut extensions = parse_extensions(value.as_bytes());
    let extension = extensions.next().and_then(Result::ok).expect("we write what can be read");
    assert!(extensions.next().is_none());
    Parameters::read(&extension).expect("we write what is legal")
}

/// The parameters of one permessage-deflate, by name, each known, once, and with a value that it may have.
#[derive(Debug)]
struct Parameters(BTreeMap<String, Option<u8>>);

impl Parameters {
    fn read(extension: &Extension<'_>) -> Option<Self> {
        let mut parameters = BTreeMap::new();
        for parameter in extension.parameters() {
            let value = match parameter.value {
                None => None,
                // RFC 7692 7.1.2: "without leading zeroes between 8 to 15".
                Some(text) => Some((8..=15).find(|bits: &u8| *bits.to_string() == text)?),
            };
            let may_be = match parameter.name {
                SERVER_FRESH | CLIENT_FRESH => value.is_none(),
                SERVER_BITS => value.is_some(),
                CLIENT_BITS => true,
                _ => false,
            };
            let is_twice = parameters.insert(parameter.name.to_owned(), value).is_some();
            if !may_be || is_twice {
                return None;
            }
        }
        (extension.name() == NAME).then_some(Self(parameters))
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn number(&self, name: &str) -> Option<u8> {
        self.0.get(name).copied().flatten()
    }

    fn agreement(&self) -> Agreement {
        Agreement {
            server_no_context_takeover: self.has(SERVER_FRESH),
            client_no_context_takeover: self.has(CLIENT_FRESH),
            server_max_window_bits: self.number(SERVER_BITS).unwrap_or(15),
            client_max_window_bits: self.number(CLIENT_BITS).unwrap_or(15),
        }
    }

    /// Whether a server may answer with this to that offer.
    fn answers(&self, offer: &Self) -> bool {
        // RFC 7692 7.1.1.1: "the server accepts [...] by including" it. 7.1.2.1: "with the same or smaller value".
        let keeps_fresh = !offer.has(SERVER_FRESH) || self.has(SERVER_FRESH);
        let keeps_window = offer
            .number(SERVER_BITS)
            .is_none_or(|asked| self.number(SERVER_BITS).is_some_and(|bits| bits <= asked));
        // RFC 7692 7.1.2.2: not without the client's leave, and with a value.
        let may_limit = match self.0.get(CLIENT_BITS) {
            None => true,
            Some(None) => false,
            Some(Some(_)) => offer.has(CLIENT_BITS),
        };
        keeps_fresh && keeps_window && may_limit
    }
}

const NAME: &str = "permessage-deflate";
const SERVER_FRESH: &str = "server_no_context_takeover";
const CLIENT_FRESH: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";
