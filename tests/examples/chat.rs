//! The chat example: people come, talk and go.

use super::client::{Client, Told, get};
use super::program::Program;
use sockeye::protocol::CloseCode;

#[test]
fn people_in_a_room_hear_each_other_come_talk_and_go() {
    let program = Program::run("chat");
    let mut ada = join(&program, "kitchen", "Ada");
    let mut bob = join(&program, "kitchen", "Bob");
    assert_eq!(ada.text(), "* Bob joins");
    bob.send("hello");
    assert_eq!(ada.text(), "Bob: hello");
    // Who came before him he may still hear of, from another worker.
    assert_eq!(bob.text_like(|line| !line.starts_with("* Ada ")), "Bob: hello");
    bob.send("/name Robert");
    assert_eq!(ada.text(), "* Bob is now Robert");
    bob.close(CloseCode::NORMAL);
    assert_eq!(ada.text(), "* Robert leaves");
}

#[test]
fn rooms_are_apart() {
    let program = Program::run("chat");
    let mut ada = join(&program, "kitchen", "Ada");
    let mut eve = join(&program, "cellar", "Eve");
    eve.send("anybody here?");
    assert_eq!(eve.text(), "Eve: anybody here?");
    ada.send("only me");
    assert_eq!(ada.text(), "Ada: only me");
}

/// The kernel spreads connections over the workers, so with this many no worker knows all of them by itself.
#[test]
fn everybody_is_listed_whichever_worker_serves_them() {
    let program = Program::run("chat");
    let names: Vec<String> = (10..42).map(|number| format!("guest-{number}")).collect();
    let mut guests: Vec<Client> =
        names.iter().map(|name| join(&program, "kitchen", name)).collect();
    let _elsewhere = join(&program, "cellar", "Eve");
    let all = format!("* here: {}", names.join(", "));
    for guest in &mut guests {
        // News travels between workers: ask until it has arrived.
        let mut listed = String::new();
        for _ in 0..ATTEMPTS {
            guest.send("/who");
            listed = guest.text_like(|line| line.starts_with("* here: "));
            if listed == all {
                break;
            }
        }
        assert_eq!(listed, all);
    }
}

#[test]
fn what_is_no_line_to_say_is_answered() {
    let program = Program::run("chat");
    let mut ada = join(&program, "kitchen", "Ada");
    ada.send("/name no spaces");
    assert_eq!(ada.text(), "* try /who, or /name and a name");
    ada.send([0].as_slice());
    assert_eq!(ada.told(), Told::Close(1003, "this chat takes text".to_owned()));
    for path in ["/", "/kitchen", "/kitchen?name=", "/kitchen?name=a%20b", "/?name=Ada"] {
        let answer = get(program.address, path);
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{path}: {answer}");
        assert!(answer.ends_with("expected /ROOM?name=YOU\n"), "{path}: {answer}");
    }
}

/// Joins, and waits for the own line that says so.
fn join(program: &Program, room: &str, name: &str) -> Client {
    let mut client = Client::open(program.address, &format!("/{room}?name={name}"));
    let own = format!("* {name} joins");
    // Before it there may be news of who came a moment ago, to another worker.
    assert_eq!(client.text_like(|line| line == own || !line.ends_with(" joins")), own);
    client
}

/// News is there after one turn of each worker, as a rule.
const ATTEMPTS: usize = 1000;
