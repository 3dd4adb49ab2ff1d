//! Every bound of the engine, in one place, with how they relate.

use std::time::Duration;

/// Bytes of the longest frame header: two, eight of extended length, four of masking key (RFC 6455 section 5.2).
pub const HEADER_SIZE_MAX: usize = 2 + 8 + 4;

/// Bytes of payload up to which a frame header says them in its second byte (RFC 6455 section 5.2).
pub(crate) const SMALL_PAYLOAD_SIZE_MAX: usize = 125;

/// Bytes of payload that a control frame may carry (RFC 6455 section 5.5).
pub const CONTROL_PAYLOAD_SIZE_MAX: usize = 125;

/// Bytes of a frame that must still be missing before they are received straight into the message's own buffer.
/// Below, the copy from the shared receive buffer costs less than another read.
pub const FILL_SIZE_MIN: usize = 16 * 1024;

/// Bytes of a message that must have arrived before memory is set aside for all of the rest. A frame's length is
/// only a claim, and a peer that makes it pays with this much of its own.
pub const FILL_TRUST_SIZE: usize = 32 * 1024;

/// Bytes that one fill asks for at most. It bounds what a frame can claim from a connection whose own message limit
/// is higher than the memory there is.
pub const FILL_SIZE_MAX: usize = 16 * 1024 * 1024;

const _: () = assert!(FILL_SIZE_MIN <= FILL_TRUST_SIZE);
const _: () = assert!(FILL_TRUST_SIZE <= FILL_SIZE_MAX);

/// Bytes of a worker's shared receive buffer: what one read can bring.
pub const RECEIVE_SIZE: usize = 64 * 1024;

/// Bytes of input that wait for their turn on one connection, at most: what one receive left, which is not enough to stop
/// reading, what the next one brings, and one that was under way when reading stopped.
pub const HELD_INPUT_BYTES_MAX: usize = 3 * RECEIVE_SIZE;

/// Bytes of plaintext that TLS encrypts at a time for one connection; the next are encrypted when these have left.
pub const TLS_BATCH_SIZE: usize = 64 * 1024;

/// Bytes that TLS keeps of what has arrived in part: a record, or in a handshake a message over many of them. More is an
/// error; a record has 16 KiB, a message of a handshake 64 KiB (RFC 8446 sections 4 and 5.2).
pub const TLS_PARTIAL_SIZE_MAX: usize = 128 * 1024;

const _: () = assert!(TLS_BATCH_SIZE.is_multiple_of(16 * 1024), "records are full");
const _: () = assert!(TLS_PARTIAL_SIZE_MAX >= RECEIVE_SIZE + 16 * 1024);

/// Connections accepted in one tick, so that a flood of them leaves time for those that exist.
pub const ACCEPTS_PER_TICK_MAX: usize = 64;

/// Bytes of a request or response head, from its first byte to the empty line that ends it. A request over it is answered
/// with 431, or with 414 when not even the request line has ended.
pub const HEAD_SIZE_MAX: usize = 16 * 1024;

/// Header lines in one head. A request with more is answered with 431.
pub const HEADERS_MAX: usize = 100;

/// Bytes of a request's method; the longest registered one has 17. A longer one is answered with 501 (RFC 9112 section 3).
pub const METHOD_SIZE_MAX: usize = 32;

/// Bytes of the line before a chunk of a request's body: its size and its extensions. A longer one is answered with 413.
pub const CHUNK_LINE_SIZE_MAX: usize = 1024;

/// Bytes of all such lines of one body that say nothing (extensions, zeros before a size), on top of as many as there are
/// of data. More are answered with 413.
pub const CHUNK_SURPLUS_MAX: u64 = 16 * 1024;

/// Bytes of trailers after a request's body; of their lines there may be [`HEADERS_MAX`]. More are answered with 413.
pub const TRAILERS_SIZE_MAX: usize = 8 * 1024;

// Sixteen digits and a signature for the chunk, as some clients send, have to fit.
const _: () =
    assert!(CHUNK_LINE_SIZE_MAX >= 256 && CHUNK_LINE_SIZE_MAX as u64 <= CHUNK_SURPLUS_MAX);
const _: () = assert!(TRAILERS_SIZE_MAX <= HEAD_SIZE_MAX);
const _: () = assert!(METHOD_SIZE_MAX < HEAD_SIZE_MAX);
const _: () = assert!(HEAD_SIZE_MAX < RECEIVE_SIZE);
const _: () = assert!(HEADERS_MAX * "a:\r\n".len() < HEAD_SIZE_MAX);

/// Default for `Config`: bytes of the largest body of a request.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a body that nobody wants and that are received all the same, so that the connection can go on. With more to
/// come it ends.
pub const DISCARDED_BYTES_MAX: usize = 64 * 1024;

/// Connections on their way from one worker to others. Further requests to be handed over are answered with 503.
pub const HANDING_OVER_MAX: usize = 1024;

/// Default for `Config`: bytes of the largest message.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// Default for `Config`: bytes that may wait to be sent on one connection.
pub const SEND_QUEUE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Default for `Config`: bytes queued during a tick after which a connection is flushed at once.
pub const CORK_BYTES: usize = 256 * 1024;

/// Default for `Config`: bytes that could not leave past which a subscriber is behind.
pub const LAG_BYTES: usize = 64 * 1024;

/// Default for `Config`: bytes that could not leave past which no more is read.
pub const READ_PAUSE_BYTES: usize = 256 * 1024;

/// A backlog that grew is small again when it is at or below this many bytes.
pub const DRAINED_BYTES: usize = 16 * 1024;

/// Bytes that the kernel may hold of a connection's stream before it says that it takes no more. Without this bound,
/// megabytes hide where no policy of ours reaches them.
pub const UNSENT_IN_KERNEL_BYTES: u32 = 64 * 1024;

/// Silence after which the kernel asks whether a peer is there, where nothing else does.
pub const SILENT_PEER_TIMEOUT: Duration = Duration::from_secs(60);

/// Between two such questions, until one is answered.
pub const SILENT_PEER_PROBE_INTERVAL: Duration = Duration::from_secs(10);

/// Such questions without an answer after which the connection is lost.
pub const SILENT_PEER_PROBES: u32 = 3;

/// Threads of one server.
pub const WORKERS_MAX: usize = 1024;

/// Default for `Config`: connections of one worker.
pub const CONNECTIONS_PER_WORKER_MAX: usize = 1_000_000;

/// Connections for which a worker's tables have room from the start. That is address space: a page costs memory when the
/// first connection is in it. Tables that grow from nothing would leave their smaller selves behind.
pub const CONNECTIONS_RESERVED: usize = 16 * 1024;

const _: () = assert!(CONNECTIONS_RESERVED <= CONNECTIONS_PER_WORKER_MAX);

/// Places by which a table grows that is full and has so many. A small one doubles; of a large one that could leave half unused,
/// so it grows by an eighth. That costs little, because the system moves large memory by moving its pages.
#[cfg(feature = "net")]
pub(crate) const fn table_growth(places: usize) -> usize {
    match places {
        0..4 => 4,
        4..DOUBLING_TABLE_MAX => places,
        _ => places / 8,
    }
}

/// Places of a table that doubles.
#[cfg(feature = "net")]
const DOUBLING_TABLE_MAX: usize = 4096;

/// Mail that may wait for one worker before the connections that cause more of it are not read any further.
pub const OUTBOX_MAIL_MAX: usize = 16 * 1024;

/// Batches of mail in a worker's mailbox, and those that it takes in one tick. What does not fit stays with the sender.
pub const MAILBOX_BATCHES_MAX: usize = 1024;

/// Bytes of mail that may wait for one worker before the connections that cause more of it are not read any further. A
/// handler's own mail counts as what it is itself, not with what it refers to.
pub const OUTBOX_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of mail in a worker's mailbox past which no more is posted. What does not fit stays with the sender.
pub const MAILBOX_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of a message in its own buffer from which on send queues share that buffer when the message is sent on as it
/// is. Below, a copy costs less.
pub const SHARED_MESSAGE_SIZE_MIN: usize = 32 * 1024;

/// As [`SHARED_MESSAGE_SIZE_MIN`], of a message in the receive buffer, or in what TLS has decrypted, in whose place there is
/// another one then. A worker has at most 64 such buffers under way, of [`RECEIVE_SIZE`] each, over TLS a record more, and
/// together at most [`MESSAGE_POOL_BYTES_MAX`]; then messages are copied.
pub const SHARED_RECEIVED_SIZE_MIN: usize = 8 * 1024;

/// Memory that a worker keeps for messages that do not arrive whole; and as much again in buffers that send queues share,
/// until they come back.
pub const MESSAGE_POOL_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Default for `Config`: for the request head to arrive.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Default for `Config`: for the next request on a connection.
pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(60);

/// The longest that a worker may be asked to look for input without sleeping. More would be a processor spent for nothing.
pub const BUSY_POLL_MAX: Duration = Duration::from_secs(1);

/// Default for `Config`: silence after which a ping is sent.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(25);

/// Default for `Config`: for anything to arrive after that ping.
pub const PONG_TIMEOUT: Duration = Duration::from_secs(10);

/// Default for `Config`: for one message to arrive.
pub const MESSAGE_TIMEOUT: Duration = Duration::from_secs(60);

/// Default for `Config`: for the closing handshake and the end of the peer's stream.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Default for `Config`: for the kernel to take any of the bytes that wait.
pub const WRITE_STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Default for `ClientConfig`: for all addresses of the server, or of the proxy, to be tried.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes that a blocking client keeps from one message to the next: as much to receive into and as much to send from.
pub const CLIENT_BUFFER_KEPT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Bytes that a blocking client reads of a large message before it looks at them.
pub const CLIENT_FILL_SIZE_MAX: usize = 1024 * 1024;

const _: () =
    assert!(FILL_SIZE_MIN <= CLIENT_FILL_SIZE_MAX && CLIENT_FILL_SIZE_MAX <= FILL_SIZE_MAX);
const _: () = assert!(MESSAGE_BYTES_MAX + HEADER_SIZE_MAX <= CLIENT_BUFFER_KEPT_BYTES_MAX);

/// After both close frames: for the server to end the stream, before a client ends its own direction.
pub const SERVER_END_TIMEOUT: Duration = Duration::from_secs(1);

/// The longest of all times.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// After accepting failed for want of descriptors or memory: until the next try.
pub const ACCEPT_RETRY: Duration = Duration::from_millis(500);

const _: () = assert!(SEND_QUEUE_BYTES_MAX >= 2 * MESSAGE_BYTES_MAX);
// A peer that has fallen silent is noticed within two intervals of pings.
const _: () = assert!(PONG_TIMEOUT.as_nanos() <= IDLE_TIMEOUT.as_nanos());
const _: () = assert!(LAG_BYTES <= READ_PAUSE_BYTES && READ_PAUSE_BYTES <= SEND_QUEUE_BYTES_MAX);
const _: () = assert!(CORK_BYTES <= SEND_QUEUE_BYTES_MAX);
const _: () = assert!(DRAINED_BYTES < LAG_BYTES);
const _: () = assert!(MESSAGE_BYTES_MAX <= MESSAGE_POOL_BYTES_MAX);
const _: () = assert!(MESSAGE_BYTES_MAX <= OUTBOX_BYTES_MAX);
const _: () = assert!(OUTBOX_BYTES_MAX <= MAILBOX_BYTES_MAX);

/// Default for `DeflateConfig`: smaller messages are sent as they are.
pub const DEFLATE_THRESHOLD_BYTES: usize = 128;

/// The least that a connection's contexts of permessage-deflate may hold: two windows of 512 bytes.
pub const DEFLATE_BUDGET_BYTES_MIN: usize = 1024;

/// The most, far above what the largest windows need.
pub const DEFLATE_BUDGET_BYTES_MAX: usize = 1024 * 1024;

/// Blocks of one compressed message that may say to be the last one, although the message goes on behind them. A peer pays
/// two bytes for one, and we pay for a window.
pub const DEFLATE_STREAMS_MAX: usize = 4;

/// Bytes that what compresses for a thread keeps for its output from one message to the next.
pub const COMPRESSOR_KEPT_BYTES_MAX: usize = 1024 * 1024;

/// A compressed message may be larger than one that is not by this part of it: the codes that a fast compressor takes for
/// everything have nine bits for half of all bytes.
pub const COMPRESSED_GROWTH_PART: usize = 8;

/// And by so many bytes, for the ends of blocks.
pub const COMPRESSED_GROWTH_BYTES: usize = 64;

/// Bytes that the messages of one read are inflated to before those behind them wait for the next turn.
pub const INFLATED_PER_READ_MAX: usize = 1024 * 1024;
