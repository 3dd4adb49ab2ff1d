//! Publications for examples.

use crate::spoken::BOB;
use sockeye_hub::{Epoch, Extras, Format, PRIORITY, Publication, Publisher, UserName};

pub(crate) const ACME_EPOCH: Epoch = Epoch(0x1c);

/// One of the backend's, with JSON.
pub(crate) fn bare(sequence: u64, previous: u64, text: &str) -> Publication {
    Publication {
        sequence,
        previous,
        time_ms: 1_795_867_200_000,
        expires_ms: 1_795_867_500_000,
        publisher: None,
        excludes_publisher: false,
        format: Format::Json,
        priority: PRIORITY,
        extras: None,
        payload: text.as_bytes().into(),
    }
}

/// One of somebody's.
pub(crate) fn by_bob(sequence: u64, previous: u64, text: &str) -> Publication {
    let publisher = Publisher { session: BOB, user: UserName::new("bob").ok() };
    Publication { publisher: Some(publisher), ..bare(sequence, previous, text) }
}

/// One that has all that it can have.
pub(crate) fn from_desk() -> Publication {
    let extras = Extras {
        key: Some("ACME".into()),
        content_type: Some("application/octet-stream".into()),
        headers: vec![("source".into(), "desk 4".into())],
    };
    Publication {
        format: Format::Binary,
        priority: 7,
        extras: Some(Box::new(extras)),
        payload: Box::new([0, 1, 2]),
        ..bare(41, 40, "")
    }
}
