//! The embedding example: the program's own work and its clients share a thread.

use super::client::{Client, Told};
use super::program::Program;

#[test]
fn clients_and_the_programs_own_work_take_turns() {
    let program = Program::run("embed");
    let mut client = Client::open(program.address, "/");
    // It heats up, step by step.
    let mut before = 20.0;
    for _ in 0..3 {
        let celsius = celsius(&client.text());
        assert!(before < celsius && celsius < 180.0, "{celsius} after {before}");
        before = celsius;
    }
    client.send("0");
    client.text_like(|line| celsius(line) < 20.0);
    client.send("very hot");
    let expected = "a target is a number from 0 to 300";
    client.text_like(|line| line == expected);
}

#[test]
fn what_another_thread_says_reaches_everybody() {
    let mut program = Program::run("embed");
    let mut clients = [(); 3].map(|()| Client::open(program.address, "/"));
    // The first temperature shows that a client has subscribed.
    for client in &mut clients {
        client.text();
    }
    program.type_line("dinner is ready");
    for client in &mut clients {
        client.text_like(|line| line == "dinner is ready");
    }
}

#[test]
fn the_end_of_its_input_ends_it_in_an_orderly_way() {
    let mut program = Program::run("embed");
    let mut client = Client::open(program.address, "/");
    client.text();
    let status = program.end_input();
    assert!(status.success(), "{status}");
    let end = loop {
        match client.told() {
            Told::Text(_) => {}
            other => break other,
        }
    };
    assert_eq!(end, Told::Close(1001, "the server shuts down".to_owned()));
}

fn celsius(line: &str) -> f64 {
    let number = line.strip_suffix(" °C").expect("a temperature");
    number.parse().expect("a number")
}
