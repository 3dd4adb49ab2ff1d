//! A kernel or a container that has no io_uring: epoll serves, after one warning, and only who asked for io_uring hears of it.

use crate::client::{Client, frame};
use crate::traced::Traced;

#[test]
fn where_io_uring_is_not_allowed_epoll_serves_after_one_warning() {
    // What a container says, and what a kernel says that has none.
    for (error, words) in [("EPERM", "not permitted"), ("ENOSYS", "not implemented")] {
        let server = start("uring", error);
        echo(&server);
        let log = server.log();
        assert_eq!(log.matches("io_uring is not to be had here").count(), 1, "{log}");
        assert!(log.contains(words), "why, in words: {log}");
        assert!(server.calls().contains_key("io_uring_setup"), "it was tried");
    }
}

#[test]
fn who_leaves_the_choice_to_the_server_is_not_warned() {
    let server = start("auto", "EPERM");
    echo(&server);
    assert!(!server.log().contains("io_uring"), "{}", server.log());
    assert!(!server.calls().contains_key("io_uring_setup"), "nobody asked for it");
}

fn start(driver: &str, error: &str) -> Traced {
    let inject = format!("inject=io_uring_setup:error={error}");
    let strace = ["-e", "trace=io_uring_setup", "-e", &inject];
    Traced::start(
        &format!("forbidden-{driver}-{error}"),
        &strace,
        &["--workers", "2", "--driver", driver],
    )
}

fn echo(server: &Traced) {
    let mut client = Client::open(server.address, "/echo", "", None);
    client.write(&frame(0x82, b"still here?"));
    client.read(1, 0x82);
}
