//! The columns of the table, and for each the checks that it cannot make by its nature.

use sockeye_rivals::peer::{Peer, Program, Version};

use crate::peers::{self, npm, python, rust};

pub(crate) struct Client {
    pub(crate) peer: Peer,
    /// Checks, each with the reason why this client cannot make it.
    pub(crate) cannot: &'static [(&'static str, &'static str)],
}

pub(crate) const CLIENTS: [Client; 13] = [
    Client { peer: npm("npm ws", "\"ws\": \"", Program::Node("ws.mjs")), cannot: &[] },
    Client { peer: peers::NODE, cannot: LIKE_A_BROWSER },
    Client { peer: CHROMIUM, cannot: LIKE_A_BROWSER },
    Client {
        peer: npm("Deno", "\"deno\": \"", Program::Deno("builtin.mjs")),
        cannot: LIKE_A_BROWSER,
    },
    Client {
        peer: npm("Bun", "\"bun\": \"", Program::Bun("builtin.mjs")),
        cannot: &[
            ("fragments", WHOLE),
            ("ping between fragments", WHOLE),
            ("close 1001", FEW_CODES),
            ("invalid UTF-8", ENCODES),
            ("unmasked frame", MASKS),
        ],
    },
    Client {
        peer: python("websockets", "websockets==", "with_websockets.py"),
        cannot: &[("unmasked frame", MASKS)],
    },
    Client {
        peer: python("aiohttp", "aiohttp==", "with_aiohttp.py"),
        cannot: &[
            ("fragments", WHOLE),
            ("ping between fragments", WHOLE),
            ("unmasked frame", MASKS),
        ],
    },
    Client {
        peer: python("picows", "picows==", "with_picows.py"),
        cannot: &[("unmasked frame", MASKS)],
    },
    Client {
        peer: python("wsproto", "wsproto==", "with_wsproto.py"),
        cannot: &[("invalid UTF-8", ENCODES), ("unmasked frame", MASKS)],
    },
    Client {
        peer: rust("tungstenite", "tungstenite = { version = \"="),
        cannot: &[("unmasked frame", MASKS)],
    },
    Client {
        peer: rust("tokio-websockets", "tokio-websockets = { version = \"="),
        cannot: &[
            ("ping between fragments", "cuts messages into fragments by itself only"),
            ("unmasked frame", MASKS),
        ],
    },
    Client { peer: rust("fastwebsockets", "fastwebsockets = { version = \"="), cannot: &[] },
    Client {
        peer: rust("yawc", "yawc = { version = \"="),
        cannot: &[("subprotocol", "does not tell which one was chosen"), ("unmasked frame", MASKS)],
    },
];

/// It serves nobody, so that it has a column here only.
const CHROMIUM: Peer = Peer {
    name: "Chromium",
    version: Version::OfChromium,
    program: Program::Browser("interop.mjs"),
};

const LIKE_A_BROWSER: &[(&str, &str)] = &[
    ("fragments", WHOLE),
    ("ping", "has no ping"),
    ("ping between fragments", "has no ping"),
    ("close 1001", FEW_CODES),
    ("invalid UTF-8", ENCODES),
    ("unmasked frame", MASKS),
];
const WHOLE: &str = "sends whole messages only";
const FEW_CODES: &str = "its close() takes 1000 and 3000-4999 only";
const ENCODES: &str = "encodes texts itself";
const MASKS: &str = "always masks";
