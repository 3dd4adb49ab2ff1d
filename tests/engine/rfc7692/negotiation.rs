//! RFC 7692 section 7.1: offers and answers.

use sockeye::protocol::deflate::{DeflateConfig, DeflateMode};
use sockeye::protocol::handshake::{ClientHandshakeError, parse_extensions};

fn shared() -> DeflateConfig {
    DeflateConfig::new(DeflateMode::Shared)
}

/// Windows of 4 KiB in both directions.
fn dedicated() -> DeflateConfig {
    DeflateConfig::new(DeflateMode::Dedicated { bytes: 8 * 1024 })
}

/// Room for the largest windows.
fn lavish() -> DeflateConfig {
    DeflateConfig::new(DeflateMode::Dedicated { bytes: 1024 * 1024 })
}

/// What a server answers to this header.
fn answer(config: &DeflateConfig, offers: &str) -> Option<String> {
    let offers = parse_extensions(offers.as_bytes()).map(|offer| offer.expect("an extension"));
    config.accept(offers).map(|(_, answer)| answer)
}

#[test]
fn a_server_answers_each_offer_as_far_as_it_goes() {
    const NONE: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    for (offer, of_shared, of_dedicated, of_lavish) in [
        (
            "permessage-deflate",
            NONE,
            "permessage-deflate; client_no_context_takeover",
            "permessage-deflate",
        ),
        (
            "permessage-deflate; client_max_window_bits",
            NONE,
            "permessage-deflate; client_max_window_bits=12",
            "permessage-deflate",
        ),
        (
            "permessage-deflate; client_max_window_bits=10",
            NONE,
            "permessage-deflate; client_max_window_bits=10",
            "permessage-deflate; client_max_window_bits=10",
        ),
        (
            "permessage-deflate; client_max_window_bits=\"8\"; server_max_window_bits=\"10\"",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10",
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits=8",
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits=8",
        ),
        (
            "permessage-deflate; server_max_window_bits=15; client_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15",
            "permessage-deflate; client_no_context_takeover; server_max_window_bits=12",
            "permessage-deflate; client_no_context_takeover; server_max_window_bits=15",
        ),
        (
            "permessage-deflate; server_no_context_takeover; client_max_window_bits",
            NONE,
            "permessage-deflate; server_no_context_takeover; client_max_window_bits=12",
            "permessage-deflate; server_no_context_takeover",
        ),
    ] {
        assert_eq!(answer(&shared(), offer).as_deref(), Some(of_shared), "{offer}");
        assert_eq!(answer(&dedicated(), offer).as_deref(), Some(of_dedicated), "{offer}");
        assert_eq!(answer(&lavish(), offer).as_deref(), Some(of_lavish), "{offer}");
    }
}

#[test]
fn a_server_declines_what_it_must_and_takes_the_next_offer() {
    for offer in [
        "permessage-bzip2",
        "x-webkit-deflate-frame",
        "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=09",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=9.0",
        "permessage-deflate; server_max_window_bits=0",
        "permessage-deflate; server_max_window_bits=18446744073709551625",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=ten",
        // zlib has no window of 256 bytes.
        "permessage-deflate; server_max_window_bits=8",
    ] {
        assert_eq!(answer(&shared(), offer), None, "{offer}");
        assert_eq!(answer(&dedicated(), offer), None, "{offer}");
        let fallback = format!("{offer}, permessage-deflate; server_max_window_bits=11");
        let expected = "permessage-deflate; server_max_window_bits=11; client_max_window_bits";
        let answered = answer(&lavish(), &fallback).expect("the second offer");
        assert!(expected.starts_with(&answered), "{fallback}: {answered}");
    }
    assert_eq!(answer(&DeflateConfig::default(), "permessage-deflate"), None, "it is off");
}

#[test]
fn a_client_offers_what_it_can_keep() {
    assert_eq!(DeflateConfig::default().offer(), None);
    for (config, offer) in [
        (
            shared(),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits",
        ),
        (dedicated(), "permessage-deflate; client_max_window_bits; server_max_window_bits=12"),
        (lavish(), "permessage-deflate; client_max_window_bits"),
    ] {
        assert_eq!(config.offer().as_deref(), Some(offer));
    }
}

/// What a client makes of this answer to its offer.
fn understood(config: &DeflateConfig, answer: &str) -> Result<bool, ClientHandshakeError> {
    let answers = parse_extensions(answer.as_bytes()).map(|one| one.expect("an extension"));
    config.check_answer(answers).map(|agreement| agreement.is_some())
}

#[test]
fn a_client_takes_what_answers_its_offer() {
    for config in [shared(), dedicated(), lavish()] {
        assert_eq!(understood(&config, ""), Ok(false));
        for answer in [
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=8",
            "permessage-deflate; client_max_window_bits=8; server_max_window_bits=9; server_no_context_takeover",
            "permessage-deflate; client_no_context_takeover; server_no_context_takeover; server_max_window_bits=\"12\"",
        ] {
            assert_eq!(understood(&config, answer), Ok(true), "{answer}");
        }
    }
    assert_eq!(understood(&lavish(), "permessage-deflate"), Ok(true));
}

#[test]
fn a_client_fails_over_any_other_answer() {
    let fault = Err(ClientHandshakeError::DeflateAnswerInvalid);
    for answer in [
        "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover=1; server_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover; server_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=16",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; server_max_window_bits=10",
    ] {
        for config in [shared(), dedicated(), lavish()] {
            assert_eq!(understood(&config, answer), fault, "{answer}");
        }
    }
    // It had asked for these.
    assert_eq!(understood(&shared(), "permessage-deflate"), fault);
    assert_eq!(understood(&dedicated(), "permessage-deflate"), fault);
    assert_eq!(understood(&dedicated(), "permessage-deflate; server_max_window_bits=13"), fault);
}
