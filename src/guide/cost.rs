//! What allocates, what copies, what a publication costs.
//!
//! In the steady state a message allocates nothing: a test counts that, for echoes of three sizes and for publications.
//! The kernel is where the time goes, so what counts most is how many system calls a message needs: all that a worker's
//! turn has queued for a connection leaves in one send.
//!
//! | what | allocates | copies |
//! |---|---|---|
//! | a connection that waits | nothing beyond its entry, 262 bytes measured with an empty state | |
//! | … and speaks TLS | 3.7 KB altogether, most of it rustls' | |
//! | a message that arrived whole in one read (64 KiB) | nothing | nothing: it is unmasked where it lies, and lent |
//! | a message over several reads or fragments | a buffer from the worker's pool | each byte once; from 16 KiB missing on, nothing: the kernel writes into the message's buffer |
//! | [`send`] | nothing: the queue is from a pool | the payload once, into the queue |
//! | [`send`] of the very message that the handler was given, or a part of it, from 32 KiB on, and from 8 KiB on where it came in one read | nothing | nothing: the queue shares its buffer |
//! | [`Prepared::new`] | the frame, once | the payload once |
//! | [`send_prepared`] | nothing | the frame once; where it is compressed, it is so for each connection |
//! | [`publish`], on the own worker | nothing | the payload once, however many subscribe |
//! | … each receiver there | nothing | nothing: a reference and a range |
//! | … for all other workers together | the topic's name and the frame, once | the payload once, then once on each of them |
//! | [`Remote::publish`] | the topic's name, and one piece of mail per worker | the frame once on each worker |
//! | [`Remote::send`], [`mail`] | one piece of mail | the frame once; mail is moved |
//! | [`subscribe`] | the topic, if it is the first | |
//! | [`WorkerContext::connection`] | nothing | two look-ups |
//!
//! And what that means:
//!
//! - **Publish to a topic** rather than sending to each: ten thousand subscribers cost ten thousand references, and the
//!   bytes are there once. With one worker, a publication never leaves it.
//! - **Many publications in one turn cost hardly more than one.** All that was published to a topic in a turn is one range
//!   of bytes for each receiver, and one send. Measured, 128 bytes to a thousand: 7.1 µs per delivery for one
//!   publication at a time, 0.45 µs for sixteen.
//! - **The same holds for answers.** An echo of 32 bytes costs 7.0 µs, of which 6.5 are what TCP costs without any
//!   WebSocket; with sixteen messages in one read it is 0.47 µs.
//! - **[`Prepared`] is for what many get from elsewhere**: from other threads, or one by one at different times. To send
//!   one message to one connection, [`send`] is the shorter way.
//! - **A connection's subscriptions are a list**, so subscribing and unsubscribing cost a look through those that it has.
//!   A few dozen are nothing; for thousands on one connection, use fewer topics and filter.
//! - **The size of [`Handler::State`] is in every connection's entry.** Box what few of them have.
//! - **The clock is read once per turn.** [`WorkerContext::now`] is that moment.
//!
//! What all clients together can make a server hold is at most connections × ([`message_bytes_max`] +
//! [`send_queue_bytes_max`] + 192 KiB of input that waits for its turn), and only while each of them is in the middle of all
//! three; and what handlers keep of the bodies of requests. Buffers that are not in use are the
//! worker's, in pools that are bounded too.
//!
//! Figures are of one run on one machine, with all peers beside: `benches/record/2026-11-21-epyc-2core.md`.
//! `cargo bench --bench engine` measures the parts on yours.
//!
//! [`Handler::State`]: crate::Handler::State
//! [`Prepared`]: crate::protocol::Prepared
//! [`Prepared::new`]: crate::protocol::Prepared::new
//! [`Remote::publish`]: crate::Remote::publish
//! [`Remote::send`]: crate::Remote::send
//! [`WorkerContext::connection`]: crate::WorkerContext::connection
//! [`WorkerContext::now`]: crate::WorkerContext::now
//! [`mail`]: crate::WorkerContext::mail
//! [`message_bytes_max`]: crate::Config::message_bytes_max
//! [`publish`]: crate::Context::publish
//! [`send`]: crate::Context::send
//! [`send_prepared`]: crate::Context::send_prepared
//! [`send_queue_bytes_max`]: crate::Config::send_queue_bytes_max
//! [`subscribe`]: crate::Context::subscribe
