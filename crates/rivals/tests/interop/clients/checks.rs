//! The rows of the table. Every client makes every check, or says why it cannot.

use sockeye_rivals::matrix::Check;

pub(crate) const CHECKS: [Check; 23] = [
    check("text", "a text with characters of 1 to 4 bytes comes back as the same text"),
    check("empty text", "an empty text comes back as an empty text"),
    check("binary", "the 256 byte values come back as the same binary message"),
    check("empty binary", "an empty binary message comes back as an empty binary message"),
    check(
        "1 MiB text",
        "1,048,576 bytes of 3-byte characters and one of 1 come back as the same text",
    ),
    check("1 MiB binary", "1,048,576 bytes come back as the same binary message"),
    check("burst", "1,000 messages sent without waiting come back in order, text as text"),
    check("fragments", "a text and a binary message, cut where the library cuts them, come back"),
    check("ping", "pings of 0, 4 and 125 bytes get pongs with the same payload"),
    check(
        "ping between fragments",
        "the pong comes before the message is complete, then the message",
    ),
    check("subprotocol", "of sockeye.test and other, sockeye.test is chosen; of nothing, nothing"),
    check("close 1000", "code 1000 is answered with 1000, then the connection ends"),
    check("close 1001", "code 1001 is answered with 1001, then the connection ends"),
    check("close 3000", "code 3000 with a reason is answered with 3000, then the connection ends"),
    check("close 4999", "code 4999 with a reason is answered with 4999, then the connection ends"),
    check(
        "close without a code",
        "a close without a code is answered with one without a code (1005)",
    ),
    check("message too big", "a message of 16 MiB and one byte gets close code 1009"),
    check("invalid UTF-8", "a text that is no UTF-8 gets close code 1007"),
    check("unmasked frame", "a frame without a mask gets close code 1002"),
    check("100 connections", "100 connections open at once each get their own message back"),
    check(
        "abrupt reset",
        "after 10 resets within a message, an open connection and a new one are served",
    ),
    check(
        "slow reader",
        "echoes that nobody reads make the server read no more; then all are there, in order",
    ),
    check(
        NEVER_READS,
        "a subscriber that never reads is given up, while a publisher and an echo are served",
    ),
];

/// The one check that needs others than the client.
pub(crate) const NEVER_READS: &str = "never reads";

const fn check(name: &'static str, expected: &'static str) -> Check {
    Check { name, expected }
}
