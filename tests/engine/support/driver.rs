//! The driver that tests with real sockets serve on.

use sockeye::{Config, DriverKind};

/// What is usual, on epoll, or on io_uring with `SOCKEYE_DRIVER=uring`: `cargo xtask test` does both.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.driver = match std::env::var("SOCKEYE_DRIVER").as_deref() {
        Err(_) | Ok("epoll") => DriverKind::Epoll,
        #[cfg(feature = "uring")]
        Ok("uring") => DriverKind::Uring,
        Ok(other) => panic!("SOCKEYE_DRIVER is {other}: epoll, or uring with that feature"),
    };
    config
}
