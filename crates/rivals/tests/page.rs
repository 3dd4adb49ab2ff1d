//! The pages that the server serves at `/` and `/try`, in headless Chromium.
//!
//! `browser/page.mjs` does what people do with them: chat, look at frames and times, lose the server and find it again,
//! on a phone and on a desk, by day and by night. Its screenshots are left in `target/rivals/browser/screenshots/`.

use std::io::{self, Write};
use std::path::Path;

use sockeye_rivals::browser::Browser;
use sockeye_rivals::{driver, server};

#[test]
fn people_can_use_the_pages_in_chromium() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let directory = target.expect("tmp lies in the target directory").join("rivals");
    let browser = Browser::start(&directory).unwrap_or_else(|problem| panic!("{problem}"));
    let binary = server::binary().unwrap_or_else(|problem| panic!("{problem}"));

    // The program starts the server itself, because some checks end it.
    let binary = binary.to_str().expect("the path of the server is UTF-8");
    let results = driver::check(browser.program("page.mjs"), binary, &CHECKS);
    let problems: Vec<String> = results
        .iter()
        .filter_map(|(check, result)| {
            result.as_ref().err().map(|problem| format!("{check}\n  {problem}"))
        })
        .collect();
    // Past the test harness, which would keep this to itself.
    writeln!(
        io::stdout(),
        "\nChromium {}: {} of {} checks of the pages hold; screenshots in {}",
        browser.version(),
        results.len() - problems.len(),
        CHECKS.len(),
        browser.screenshots().display()
    )
    .expect("standard output takes a line");
    assert!(problems.is_empty(), "\n\n{}\n", problems.join("\n\n"));
    assert_eq!(results.len(), CHECKS.len(), "each was made, and no other: {:?}", results.keys());
}

const CHECKS: [&str; 38] = [
    "chat: two tabs talk, and see each other come and go",
    "chat: rooms are apart, and tell what is unread",
    "chat: a reload shows the history, and is the same person",
    "chat: earlier messages come when they are asked for",
    "chat: what arrives stays text",
    "chat: a burst is drawn by frames, and bounded",
    "chat: phone, light",
    "chat: phone, dark",
    "chat: desk, light",
    "chat: desk, dark",
    "chat: everything has a name, and the keyboard reaches it",
    "chat: the page is small, and runs no other script than its own",
    "chat: a cut connection recovers everything, once",
    "chat: a message whose answer was cut off is published once",
    "chat: a gap is noticed and closed",
    "chat: a killed server is an honest loss, and what was typed is kept",
    "chat: a copy of a tab becomes another person",
    "chat: a server that wants a token gets one, and its refusals are shown",
    "chat: who may only listen is asked for a token on speaking",
    "two tabs talk",
    "a topic is in the address",
    "a name that no topic can have is refused",
    "a reload keeps topic and name",
    "what arrives stays text",
    "other clients on the topic are shown as well",
    "lines are bounded in number and length",
    "every frame is listed",
    "many messages, and the median of their times",
    "messages under way at once have times of their own",
    "the close code is shown",
    "a killed server is missed, and found again",
    "a server that shuts down says so",
    "phone, light",
    "phone, dark",
    "desk, light",
    "desk, dark",
    "everything has a name, and the keyboard reaches it",
    "the page is small, and runs no other script than its own",
];
