//! The engine in a loop of your own: no thread that you did not start.
//!
//! [`Server::into_parts`] binds as usual and gives out what the workers are made of, instead of starting threads. Each part
//! becomes a [`Worker`] in the thread that will drive it, and [`Worker::tick`] is one turn:
//!
//! ```
//! use sockeye::worker::SystemClock;
//! use sockeye::{Config, OnMessage, Server};
//! # use std::time::Duration;
//!
//! let mut config = Config::default();
//! config.workers = 1;
//! let server = Server::bind("127.0.0.1:0", config.clone())?;
//! let (mut parts, remote) = server.into_parts()?;
//! let part = parts.pop().expect("one worker was asked for");
//!
//! let handler = OnMessage::new(|connection, message| connection.publish("all", message));
//! let mut worker = part.into_worker(handler, config, &SystemClock);
//! # remote.shut_down(Duration::ZERO);
//! while !worker.is_done() {
//!     worker.tick(&SystemClock)?;
//!     // The program's own work comes here. What it has to say leaves with the next tick.
//!     if let Some(news) = work() {
//!         worker.with_handler(&SystemClock, |_handler, context| context.publish("all", &news));
//!     }
//! }
//! # fn work() -> Option<String> { Some("news".to_owned()) }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! - **A tick waits** until there is something to do: until something arrives, mail comes, or a deadline is due. To have
//!   the loop's turn in time, answer the moment from [`Handler::on_tick`]; one that answers the present moment never
//!   waits, and so polls busily.
//! - **From the same thread,** between two ticks, [`Worker::with_handler`] lends the handler and its context. What is
//!   sent there leaves with the next tick, which does not wait; a loop that says something in every turn never waits.
//! - **From other threads** a [`Remote`] reaches the worker and ends its wait.
//! - **While the program is busy,** nobody is served: the deadlines of connections go on, and the kernel keeps what
//!   arrives.
//! - **[`Worker::is_done`]** is true when somebody has called [`Remote::shut_down`] or [`Worker::shut_down`] and the last
//!   connection is gone.
//! - **A worker stays in its thread,** and so does its handler, which need not be `Send`. With several workers, drive all
//!   of them: the kernel gives each its share of the connections.
//! - **An error of [`Worker::tick`]** means that the system cannot wait any more. Faults of connections are not among
//!   these; they end the connection.
//!
//! [`Worker::run`] ticks until the worker is done, for a thread that does nothing else. `examples/embed.rs` is a whole
//! program: a regulation with a cycle of its own, clients, and a thread that reads the console.
//!
//! For tests, the same worker runs on a [`Simulated`] driver with a [`ManualClock`]: no socket, no waiting, and each run the
//! same.
//!
//! [`Handler::on_tick`]: crate::Handler::on_tick
//! [`ManualClock`]: crate::worker::ManualClock
//! [`Remote`]: crate::Remote
//! [`Remote::shut_down`]: crate::Remote::shut_down
//! [`Server::into_parts`]: crate::Server::into_parts
//! [`Simulated`]: crate::driver::Simulated
//! [`Worker`]: crate::worker::Worker
//! [`Worker::is_done`]: crate::worker::Worker::is_done
//! [`Worker::run`]: crate::worker::Worker::run
//! [`Worker::shut_down`]: crate::worker::Worker::shut_down
//! [`Worker::tick`]: crate::worker::Worker::tick
//! [`Worker::with_handler`]: crate::worker::Worker::with_handler
