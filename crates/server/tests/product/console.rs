//! `sockeye sub` and `sockeye pub` against a server.

mod secure;

use crate::sockeye::{Sockeye, fresh_file, wait_for};
use crate::talk::Client;
use crate::wire::Wire;
use serde_json::{Value, json};
use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// A running `sockeye sub`.
struct Sub {
    child: Child,
    printed: PathBuf,
    noted: PathBuf,
}

impl Sub {
    /// Starts one that follows the channel `news` there, and waits until it does.
    fn follow(address: SocketAddr) -> Self {
        let sub = Self::start(&["sub", &url(address), "news"]);
        sub.wait_until_noted("news: subscribed\n");
        sub
    }

    fn start(arguments: &[&str]) -> Self {
        let (printed, noted) = (fresh_file("printed"), fresh_file("noted"));
        let child = sockeye(arguments)
            .stdout(File::create(&printed).expect("a file of ours"))
            .stderr(File::create(&noted).expect("a file of ours"))
            .spawn()
            .expect("the binary");
        Self { child, printed, noted }
    }

    /// Waits until it has printed so many publications, and gives what was published.
    fn printed(&self, count: usize) -> Vec<Value> {
        let text = wait_for(|| {
            let text = std::fs::read_to_string(&self.printed).expect("a file of ours");
            (text.matches('\n').count() >= count).then_some(text)
        });
        let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        lines.map(|mut publication: Value| publication["data"].take()).collect()
    }

    /// What it has written to standard error.
    fn noted(&self) -> String {
        std::fs::read_to_string(&self.noted).expect("a file of ours")
    }

    fn wait_until_noted(&self, text: &str) {
        wait_for(|| self.noted().contains(text).then_some(()));
    }

    /// Waits until it has lost its connection, or found no server, so many times.
    fn wait_until_tried(&self, count: usize) {
        wait_for(|| (self.noted().matches("trying again").count() >= count).then_some(()));
    }

    fn signal(&self, name: &str) {
        let (signal, pid) = (format!("-{name}"), self.child.id().to_string());
        let status = Command::new("kill").args([signal, pid]).status();
        assert!(status.expect("there is kill").success());
    }

    fn wait(&mut self) -> Option<i32> {
        wait_for(|| self.child.try_wait().expect("a child")).code()
    }
}

impl Drop for Sub {
    fn drop(&mut self) {
        // It may have ended.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
        let _gone = std::fs::remove_file(&self.printed);
        let _gone = std::fs::remove_file(&self.noted);
    }
}

fn sockeye(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn url(address: SocketAddr) -> String {
    format!("ws://{address}/connect")
}

fn text(output: &Output) -> (&str, &str) {
    let read = |bytes| str::from_utf8(bytes).expect("UTF-8");
    (read(&output.stdout), read(&output.stderr))
}

fn sessions(client: &mut Client) -> Value {
    let ask = json!({ "channel": "news", "counts_only": true });
    client.ask_for("presence", &ask, "presence")["sessions"].take()
}

fn wait_until_followed(server: SocketAddr) {
    let mut client = Client::connect(server);
    wait_for(|| (sessions(&mut client) == 1).then_some(()));
}

#[test]
fn what_one_publishes_the_other_prints() {
    let server = Sockeye::start();
    let url = url(server.address);
    let sub = sockeye(&["sub", &url, "news", "--count", "1"]).spawn().expect("the binary");
    wait_until_followed(server.address);
    let published = sockeye(&["pub", &url, "news", r#"{"n":1}"#]).output().expect("the binary");
    assert!(published.status.success(), "{published:?}");
    assert!(text(&published).0.contains("\"sequence\":1"), "{published:?}");
    let printed = sub.wait_with_output().expect("a child");
    assert_eq!(printed.status.code(), Some(0), "{printed:?}");
    let (lines, errors) = text(&printed);
    assert!(lines.ends_with("}\n") && lines.lines().count() == 1);
    assert_eq!(errors, "news: subscribed\n");
    assert!(lines.contains(r#""data":{"n":1}"#), "{lines}");
}

#[test]
fn whatever_json_a_payload_is_it_is_printed_as_it_came() {
    let server = Sockeye::start();
    let url = url(server.address);
    let sub = sockeye(&["sub", &url, "news", "--count", "4"]).spawn().expect("the binary");
    wait_until_followed(server.address);
    let deep = format!("{}{}", "[".repeat(120), "]".repeat(120));
    let payloads = ["1e999", r#""\ud800""#, &deep, "{\"a\":\n1}"];
    for payload in payloads {
        let published = sockeye(&["pub", &url, "news", payload, "--json"]).output();
        assert!(published.expect("the binary").status.success(), "{payload}");
    }
    let printed = sub.wait_with_output().expect("a child");
    assert_eq!(printed.status.code(), Some(0), "{printed:?}");
    let lines = text(&printed).0;
    assert_eq!(lines.lines().count(), payloads.len(), "{lines}");
    for (line, payload) in lines.lines().zip(payloads) {
        let data = format!(r#""data":{}"#, payload.replace('\n', " "));
        assert!(line.contains(&data), "{payload}: {line}");
    }
}

#[test]
fn an_address_that_does_not_speak_the_protocol_is_refused() {
    let server = Sockeye::start();
    for command in [&["sub", "news"][..], &["pub", "news", "1"]] {
        let url = format!("ws://{}/echo", server.address);
        let mut arguments = command.to_vec();
        arguments.insert(1, &url);
        let refused = sockeye(&arguments).output().expect("the binary");
        assert_eq!(refused.status.code(), Some(1));
        let said = text(&refused).1;
        assert!(said.contains("/echo does not speak the native protocol"), "{said}");
    }
}

#[test]
fn a_refusal_ends_with_code_1_and_its_text() {
    let server = Sockeye::start();
    let refused = sockeye(&["pub", &url(server.address), "a*b", "1"]).output().expect("the binary");
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused).1.starts_with("error: bad_request: expected a channel's name"),
        "{refused:?}"
    );
}

#[test]
fn a_connection_that_was_cut_is_made_again_and_what_was_missed_is_printed_once() {
    let server = Sockeye::start();
    let wire = Wire::to(server.address);
    let sub = Sub::follow(wire.address);
    let mut publisher = Client::connect(server.address);
    for round in 0..3 {
        publisher.publish("news", &json!(3 * round));
        sub.printed(3 * round + 1);
        wire.cut();
        publisher.publish("news", &json!(3 * round + 1));
        publisher.publish("news", &json!(3 * round + 2));
        sub.wait_until_tried(2 * round + 2);
        wire.mend();
        assert_eq!(sub.printed(3 * round + 3), (0..3 * round + 3).collect::<Vec<_>>());
    }
    let noted = sub.noted();
    // What comes after a connection that worked is tried again soon, however long the pauses were before.
    let outages: Vec<&str> = noted.split("connected again; the session goes on\n").collect();
    assert_eq!(outages.len(), 4, "{noted}");
    for outage in &outages[..3] {
        let pause = outage.split_once("trying again in ").expect("it is said").1;
        assert!(pause.starts_with("0.1 s\n") || pause.starts_with("0.2 s\n"), "{noted}");
    }
    assert!(noted.contains("news: recovering what was after 7 up to 9\n"), "{noted}");
    assert!(!noted.contains("lost"), "{noted}");
}

#[test]
fn a_server_that_was_killed_and_started_again_is_followed_on_and_it_is_said_what_is_lost() {
    let mut server = Sockeye::start();
    let sub = Sub::follow(server.address);
    let patterns = Sub::start(&["sub", &url(server.address), "sport.*"]);
    let mut publisher = Client::connect(server.address);
    wait_for(|| {
        publisher.publish("sport.chess", &json!("e4"));
        let printed = std::fs::read(&patterns.printed).expect("a file of ours");
        (!printed.is_empty()).then_some(())
    });
    publisher.publish("news", &json!("before"));
    sub.printed(1);
    server.start_again();
    sub.wait_until_noted("trying again");
    sub.wait_until_noted("connected again, with a new session\n");
    sub.wait_until_noted("news: lost what was after 1: the channel began anew\n");
    patterns.wait_until_noted("sport.*: lost what was published meanwhile\n");
    wait_until_followed(server.address);
    Client::connect(server.address).publish("news", &json!("after"));
    assert_eq!(sub.printed(2), ["before", "after"]);
}

#[test]
fn a_publication_that_is_missing_is_noticed_by_the_next_one_and_asked_for() {
    let server = Sockeye::start();
    let wire = Wire::to(server.address);
    let sub = Sub::follow(wire.address);
    let mut publisher = Client::connect(server.address);
    publisher.publish("news", &json!(1));
    sub.printed(1);
    wire.lose("publication");
    publisher.publish("news", &json!(2));
    publisher.publish("news", &json!(3));
    assert_eq!(sub.printed(3), [1, 2, 3]);
    assert!(wire.has_lost());
    sub.wait_until_noted("news: something is missing after 1: asking for it\n");
    publisher.publish("news", &json!(4));
    assert_eq!(sub.printed(4), [1, 2, 3, 4]);
}

#[test]
fn the_last_publication_that_is_missing_is_noticed_by_a_heartbeat() {
    let file = fresh_file("heartbeat.toml");
    let text = "[auth]\nanonymous = true\n[[namespace]]\npattern = \"*\"\nsubscribe = \"everybody\"\n\
                publish = \"everybody\"\npresence_access = \"everybody\"\npresence = true\n\
                history_size = 10\nheartbeat = \"1s\"\n";
    std::fs::write(&file, text).expect("a file of ours");
    let server = Sockeye::start_with(&["--config", file.to_str().expect("a path of ours")]);
    let wire = Wire::to(server.address);
    let sub = Sub::follow(wire.address);
    wire.lose("publication");
    Client::connect(server.address).publish("news", &json!(1));
    assert_eq!(sub.printed(1), [1]);
    assert!(wire.has_lost());
    let noted = sub.noted();
    assert!(noted.contains("news: something is missing after 0: asking for it\n"), "{noted}");
    std::fs::remove_file(file).expect("it was there");
}

#[test]
fn signals_close_the_connection_and_end_with_code_0() {
    let server = Sockeye::start();
    for signal in ["INT", "TERM"] {
        let wire = Wire::to(server.address);
        let mut sub = Sub::follow(wire.address);
        sub.signal(signal);
        assert_eq!(sub.wait(), Some(0), "{signal}");
        assert_eq!(wire.closed(), [1000], "{signal}");
        assert_eq!(sub.noted(), "news: subscribed\n");
        // So its session has no grace time.
        let mut client = Client::connect(server.address);
        wait_for(|| (sessions(&mut client) == 0).then_some(()));
    }
}

#[test]
fn a_signal_while_there_is_no_connection_ends_with_code_0() {
    let server = Sockeye::start();
    let mut sub = Sub::follow(server.address);
    drop(server);
    sub.wait_until_noted("trying again");
    sub.signal("INT");
    assert_eq!(sub.wait(), Some(0));
}

#[test]
fn what_nobody_reads_or_wants_any_more_ends_with_code_0_and_a_closed_connection() {
    let server = Sockeye::start();
    let mut publisher = Client::connect(server.address);
    for arguments in [&["news"][..], &["news", "--count", "1"]] {
        let wire = Wire::to(server.address);
        let url = url(wire.address);
        let arguments = [&["sub", &url], arguments].concat();
        let mut sub = sockeye(&arguments).spawn().expect("the binary");
        wait_until_followed(server.address);
        let read = sub.stdout.take().filter(|_| arguments.len() > 3);
        publisher.publish("news", &json!(1));
        let ended = wait_for(|| sub.try_wait().expect("a child"));
        assert_eq!((ended.code(), wire.closed()), (Some(0), vec![1000]), "{arguments:?}");
        drop(read);
    }
    let wire = Wire::to(server.address);
    let published = sockeye(&["pub", &url(wire.address), "news", "1"]).output();
    assert!(published.expect("the binary").status.success());
    assert_eq!(wire.closed(), [1000]);
}
