//! The columns of the table, and for each the checks that the server cannot serve by its nature.

use sockeye_rivals::peer::{Peer, Program};

use crate::peers::{npm, python, rust};

pub(crate) struct Served {
    pub(crate) peer: Peer,
    /// Checks, each with the reason why this server cannot serve it.
    pub(crate) cannot: &'static [(&'static str, &'static str)],
}

pub(crate) const SERVERS: [Served; 11] = [
    Served { peer: npm("npm ws", "\"ws\": \"", Program::Node("serve_ws.mjs")), cannot: &[] },
    Served {
        peer: npm("Deno", "\"deno\": \"", Program::Deno("serve_deno.mjs")),
        cannot: &[
            ("fragments", WHOLE),
            ("peer's ping", "pings by itself when idle, and tells nobody of pongs"),
            ("invalid UTF-8", ENCODES),
        ],
    },
    Served {
        peer: npm("Bun", "\"bun\": \"", Program::Bun("serve_bun.mjs")),
        cannot: &[
            ("fragments", WHOLE),
            ("closed without a code", "its close() always sends a code"),
            ("invalid UTF-8", ENCODES),
        ],
    },
    Served { peer: python("websockets", "websockets==", "with_websockets.py"), cannot: &[] },
    Served {
        peer: python("aiohttp", "aiohttp==", "with_aiohttp.py"),
        cannot: &[("fragments", WHOLE)],
    },
    Served { peer: python("picows", "picows==", "with_picows.py"), cannot: &[] },
    Served {
        peer: python("wsproto", "wsproto==", "with_wsproto.py"),
        cannot: &[("invalid UTF-8", ENCODES)],
    },
    Served { peer: rust("tungstenite", "tungstenite = { version = \"="), cannot: &[] },
    Served { peer: rust("tokio-websockets", "tokio-websockets = { version = \"="), cannot: &[] },
    Served { peer: rust("fastwebsockets", "fastwebsockets = { version = \"="), cannot: &[] },
    Served { peer: rust("yawc", "yawc = { version = \"="), cannot: &[] },
];

const WHOLE: &str = "sends whole messages only";
const ENCODES: &str = "encodes texts itself";
