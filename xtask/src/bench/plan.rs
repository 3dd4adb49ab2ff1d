//! What is measured: the tables, their rows and columns. To add one, add a line.

/// Servers that are up at once and take turns.
pub(super) struct Table {
    /// What `--scenarios` and the record of windows call it, before a slash.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) figures: &'static [Figure],
    pub(super) scenarios: &'static [Scenario],
    pub(super) contenders: &'static [Contender],
}

/// A column: what is asked of every server.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) traffic: Traffic,
    pub(super) connections: usize,
    /// For the generator, besides where to connect to and how often.
    pub(super) arguments: &'static [&'static str],
    /// Only in one of so many rounds.
    pub(super) every: usize,
    /// Seconds that are not counted, and that are.
    pub(super) warm_up: f64,
    pub(super) duration: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Traffic {
    Echo,
    FanOut,
}

/// A row: a server.
#[derive(Clone, Copy)]
pub(super) struct Contender {
    /// What `--only` calls it.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) program: Program,
    /// For the generator, besides those of the scenario.
    pub(super) arguments: &'static [&'static str],
    /// Only in one of so many rounds. Those that a target names take every turn.
    pub(super) every: usize,
    /// It has the generator's processor as well.
    pub(super) is_everywhere: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Program {
    /// Ours, with these options; once for each driver that is measured.
    Sockeye(&'static [&'static str]),
    /// The program of `crates/rivals/bench-peers`, with these arguments.
    Peers(&'static [&'static str]),
    /// That on uWebSockets.
    Uwebsockets(&'static str),
    /// `js/bun.mjs`.
    Bun(&'static str),
    /// The same with a certificate.
    BunSecure(&'static str),
    /// `js/ws.mjs`, on Node.js.
    Ws(&'static str),
    /// `js/socket_io.mjs`, on Node.js.
    SocketIo(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    Epoll,
    Uring,
}

impl Driver {
    /// What our server's `--driver` calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Epoll => "epoll",
            Self::Uring => "uring",
        }
    }
}

/// A number that a window has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// Nanoseconds of the server's processor time per message or delivery, the kernel's included.
    Cpu,
    /// Microseconds of latency, of half and of 99 % of the messages.
    P50,
    P99,
    /// Bytes that arrive per message, the frame's header included.
    Bytes,
}

impl Figure {
    /// What a table of it says.
    pub(super) fn title(self, traffic: Traffic) -> &'static str {
        match (self, traffic) {
            (Self::Cpu, Traffic::Echo) => "server CPU nanoseconds per message",
            (Self::Cpu, Traffic::FanOut) => "server CPU nanoseconds per delivery",
            (Self::P50, _) => "latency in microseconds, median",
            (Self::P99, _) => "latency in microseconds, 99th percentile",
            (Self::Bytes, _) => "bytes received per message, with frame headers",
        }
    }
}

impl Contender {
    /// Whether it speaks TLS.
    pub(super) fn is_secure(&self) -> bool {
        match self.program {
            Program::Sockeye(options) => options.contains(&CERTIFICATE),
            Program::BunSecure(_) => true,
            _ => false,
        }
    }
}

/// Stands for the options with the run's certificate.
pub(super) const CERTIFICATE: &str = "{certificate}";

/// How many threads ours has, if it is not one.
pub(super) const WORKERS: &str = "--workers";

/// How hard ours compresses, if it is not as it would by itself.
const LEVEL: &str = "--deflate-level";

/// Has the generator speak our own protocol.
pub(super) const NATIVE: &str = "--native";

const fn contender(name: &'static str, title: &'static str, program: Program) -> Contender {
    Contender { name, title, program, arguments: &[], every: 1, is_everywhere: false }
}

/// One that no target names.
const fn also(name: &'static str, title: &'static str, program: Program) -> Contender {
    Contender { every: 4, ..contender(name, title, program) }
}

const fn ours(
    name: &'static str,
    title: &'static str,
    options: &'static [&'static str],
) -> Contender {
    contender(name, title, Program::Sockeye(options))
}

const SOCKEYE: Contender = ours("sockeye", "sockeye", &[]);
const FLOOR: Contender = Contender {
    arguments: &["--raw-tcp"],
    ..contender("floor", "floor: raw TCP, epoll, no WebSocket", Program::Peers(&["floor"]))
};
const BARE: Contender =
    contender("bare", "bare: WebSocket on epoll and nothing else", Program::Peers(&["bare"]));
const SOCKET_IO: Contender = Contender {
    arguments: &["--socket-io"],
    ..also("socket.io", "Socket.IO on Node.js", Program::SocketIo("publish"))
};
const UWEBSOCKETS: Contender =
    contender("uwebsockets", "uWebSockets", Program::Uwebsockets("echo"));

const fn echo(
    name: &'static str,
    title: &'static str,
    every: usize,
    connections: usize,
    arguments: &'static [&'static str],
) -> Scenario {
    let traffic = Traffic::Echo;
    Scenario { name, title, traffic, connections, arguments, every, warm_up: 0.1, duration: 0.4 }
}

const fn fan_out(
    name: &'static str,
    title: &'static str,
    every: usize,
    connections: usize,
    arguments: &'static [&'static str],
) -> Scenario {
    let traffic = Traffic::FanOut;
    Scenario { name, title, traffic, connections, arguments, every, warm_up: 0.1, duration: 0.4 }
}

pub(super) const TABLES: &[Table] = &[
    Table {
        name: "echo",
        title: "Echo",
        figures: &[Figure::Cpu],
        scenarios: &[
            echo("50x32", "50 × 32 B", 1, 50, &["--size", "32"]),
            echo("500x32", "500 × 32 B", 1, 500, &["--size", "32"]),
            echo("5000x32", "5000 × 32 B", 1, 5000, &["--size", "32"]),
            echo(
                "50x32x16",
                "50 × 32 B, 16 pipelined",
                1,
                50,
                &["--size", "32", "--pipeline", "16"],
            ),
            echo("50x16k", "50 × 16 KiB", 1, 50, &["--size", "16384"]),
            echo("10x1m", "10 × 1 MiB", 1, 10, &["--size", "1048576"]),
        ],
        contenders: &[
            FLOOR,
            BARE,
            SOCKEYE,
            UWEBSOCKETS,
            also("bun", "Bun", Program::Bun("echo")),
            also("fastwebsockets", "fastwebsockets", Program::Peers(&["fastwebsockets", "echo"])),
            also("yawc", "yawc", Program::Peers(&["yawc", "echo"])),
            also("sockudo-ws", "sockudo-ws", Program::Peers(&["sockudo-ws", "echo"])),
            also(
                "tokio-websockets",
                "tokio-websockets",
                Program::Peers(&["tokio-websockets", "echo"]),
            ),
            also(
                "tokio-tungstenite",
                "tokio-tungstenite",
                Program::Peers(&["tokio-tungstenite", "echo"]),
            ),
            also("ws", "ws on Node.js", Program::Ws("echo")),
        ],
    },
    Table {
        name: "fan-out",
        title: "Fan-out of 128 B",
        figures: &[Figure::Cpu],
        scenarios: &[
            fan_out("1to1000", "1 → 1000", 1, 1000, &["--size", "128"]),
            fan_out("16to1000", "16 → 1000", 1, 1000, &["--size", "128", "--pipeline", "16"]),
            fan_out("1to10000", "1 → 10 000", 2, 10000, &["--size", "128"]),
        ],
        contenders: &[
            BARE,
            SOCKEYE,
            UWEBSOCKETS,
            contender("bun", "Bun", Program::Bun("publish")),
            also("sockudo-ws", "sockudo-ws", Program::Peers(&["sockudo-ws", "publish"])),
            also(
                "tokio-tungstenite",
                "tokio-tungstenite",
                Program::Peers(&["tokio-tungstenite", "publish"]),
            ),
            also("ws", "ws on Node.js", Program::Ws("publish")),
            SOCKET_IO,
        ],
    },
    Table {
        name: "latency",
        title: "One client, 32 B back and forth",
        figures: &[Figure::P50, Figure::P99, Figure::Cpu],
        scenarios: &[echo("1x32", "1 × 32 B", 2, 1, &["--size", "32", "--spin"])],
        contenders: &[
            Contender {
                name: "spinning-floor",
                title: "floor: raw TCP, epoll, spins for 50 µs",
                program: Program::Peers(&["floor", "50"]),
                ..FLOOR
            },
            FLOOR,
            ours("sockeye-busy-poll", "sockeye, busy-poll 50us", &["--busy-poll", "50us"]),
            SOCKEYE,
            UWEBSOCKETS,
            also("bun", "Bun", Program::Bun("echo")),
            also("fastwebsockets", "fastwebsockets", Program::Peers(&["fastwebsockets", "echo"])),
        ],
    },
    DEFLATE,
    DEFLATE_FAN_OUT,
    TLS,
    PRODUCT,
    SCALING,
];

/// What a second worker costs, on the processor of the first and on the generator's as well.
pub(super) const SCALING: Table = Table {
    name: "scaling",
    title: "From one worker to two",
    figures: &[Figure::Cpu],
    scenarios: &[
        echo("50x32", "50 × 32 B", 1, 50, &["--size", "32"]),
        echo("50x32x16", "50 × 32 B, 16 pipelined", 1, 50, &["--size", "32", "--pipeline", "16"]),
        fan_out("1to10", "1 → 10", 1, 10, &["--size", "128"]),
        fan_out("1to1000", "1 → 1000", 1, 1000, &["--size", "128"]),
        fan_out("16to1000", "16 → 1000", 1, 1000, &["--size", "128", "--pipeline", "16"]),
    ],
    contenders: &[
        ours("one", "one worker", &[]),
        ours("two", "two workers on one processor", &[WORKERS, "2"]),
        Contender {
            is_everywhere: true,
            ..ours("both", "two workers on both processors", &[WORKERS, "2"])
        },
    ],
};

/// What hub and dialect add to the engine. The generator spins: one that sleeps is woken at the server's expense, more often the
/// less it has to read, which was more than what is looked for.
pub(super) const PRODUCT: Table = Table {
    name: "product",
    title: "Fan-out of 128 B through the whole product",
    figures: &[Figure::Cpu, Figure::Bytes],
    scenarios: &[
        fan_out("1to1000", "1 → 1000", 1, 1000, &["--size", "128", "--spin"]),
        fan_out("16to1000", "16 → 1000", 1, 1000, &["--size", "128", "--pipeline", "16", "--spin"]),
    ],
    contenders: &[
        ours("engine", "sockeye, the engine's topics", &[]),
        Contender { arguments: &[NATIVE], ..ours("product", "sockeye, native protocol", &[]) },
    ],
};

const DEFLATE: Table = Table {
    name: "deflate",
    title: "Echo of 1 KiB of varied JSON, compressed",
    figures: &[Figure::Cpu, Figure::Bytes],
    scenarios: &[echo(
        "50x1k",
        "50 × 1 KiB",
        3,
        50,
        &["--size", "1024", "--json-payload", "--deflate"],
    )],
    contenders: &[
        // Each as fast as the targets want it, and as small as the peers' answers are.
        ours("sockeye-shared", "sockeye, shared", &["--deflate", "shared"]),
        ours(
            "sockeye-shared-small",
            "sockeye, shared, level 6",
            &["--deflate", "shared", LEVEL, "6"],
        ),
        ours(
            "sockeye-takeover",
            "sockeye, takeover, 8 KiB, level 3",
            &["--deflate", "8KiB", LEVEL, "3"],
        ),
        ours(
            "sockeye-takeover-small",
            "sockeye, takeover, 1 MiB, level 6",
            &["--deflate", "1MiB", LEVEL, "6"],
        ),
        contender("uwebsockets", "uWebSockets, shared", Program::Uwebsockets("deflate")),
        contender("bun", "Bun, shared", Program::Bun("shared")),
        contender("bun-takeover", "Bun, dedicated (takeover)", Program::Bun("dedicated")),
        contender(
            "sockudo-ws",
            "sockudo-ws (takeover)",
            Program::Peers(&["sockudo-ws", "deflate"]),
        ),
        contender("ws", "ws on Node.js (takeover)", Program::Ws("deflate")),
    ],
};

const DEFLATE_FAN_OUT: Table = Table {
    name: "deflate-fan-out",
    title: "Fan-out of 1 KiB of varied JSON, compressed and not",
    figures: &[Figure::Cpu, Figure::Bytes],
    scenarios: &[fan_out("1to1000", "1 → 1000", 3, 1000, &["--size", "1024", "--json-payload"])],
    contenders: &[
        SOCKEYE,
        Contender {
            arguments: &["--deflate"],
            ..ours("sockeye-shared", "sockeye, shared", &["--deflate", "shared"])
        },
    ],
};

const TLS: Table = Table {
    name: "tls",
    title: "Echo over TLS",
    figures: &[Figure::Cpu],
    scenarios: &[
        echo("50x32", "50 × 32 B", 2, 50, &["--size", "32", "--insecure"]),
        echo("50x16k", "50 × 16 KiB", 2, 50, &["--size", "16384", "--insecure"]),
    ],
    contenders: &[
        ours("sockeye", "sockeye", &[CERTIFICATE]),
        contender("bun", "Bun", Program::BunSecure("echo")),
    ],
};

/// Whose idle connections are weighed.
pub(super) const IDLE: &[Contender] = &[
    SOCKEYE,
    ours("sockeye-tls", "sockeye, TLS", &[CERTIFICATE]),
    UWEBSOCKETS,
    contender("bun", "Bun", Program::Bun("echo")),
    contender("bun-tls", "Bun, TLS", Program::BunSecure("echo")),
    contender("fastwebsockets", "fastwebsockets", Program::Peers(&["fastwebsockets", "echo"])),
    contender(
        "tokio-tungstenite",
        "tokio-tungstenite",
        Program::Peers(&["tokio-tungstenite", "echo"]),
    ),
];
