//! The broadcast example: one encoded message reaches all who watch.

use super::client::{Client, get};
use super::program::Program;

#[test]
fn all_who_watch_get_the_same_prices_in_order() {
    let program = Program::run("prepared_broadcast");
    let mut watchers = [(); 4].map(|()| Client::open(program.address, "/GBPUSD"));
    let mut prices = watchers.each_mut().map(|watcher| {
        assert!(watcher.text().starts_with("prices follow"));
        (0..5).map(|_| watcher.text()).collect::<Vec<_>>()
    });
    for prices in &prices {
        assert!(prices.iter().all(|price| price.starts_with("GBPUSD ")), "{prices:?}");
        let numbers: Vec<u64> = prices.iter().map(|price| number(price)).collect();
        assert!(numbers.is_sorted_by(|a, b| a + 1 == *b), "{prices:?}");
    }
    // From the first price that the last of them has got, all have the same.
    let first = prices.iter().map(|prices| number(&prices[0])).max().expect("there are four");
    for (watcher, prices) in watchers.iter_mut().zip(&mut prices) {
        while number(&prices[prices.len() - 1]) < first + 4 {
            prices.push(watcher.text());
        }
        prices.retain(|price| (first..first + 5).contains(&number(price)));
    }
    assert!(prices.iter().all(|others| *others == prices[0]), "{prices:?}");
}

#[test]
fn who_watches_everything_gets_every_symbol() {
    let program = Program::run("prepared_broadcast");
    let mut watcher = Client::open(program.address, "/");
    for symbol in ["EURUSD ", "GBPUSD ", "USDJPY "] {
        watcher.text_like(|line| line.starts_with(symbol));
    }
}

/// With a price every millisecond, what has no room in the kernel and in 64 KiB of backlog is there after a few thousand.
#[test]
fn who_does_not_read_for_a_while_skips_prices_and_then_follows_again() {
    let program = Program::run_with("prepared_broadcast", &["1"]);
    let mut slow = Client::open_narrow(program.address, "/");
    let mut fast = Client::open(program.address, "/");
    fast.text_like(|line| line.starts_with("EURUSD") && number(line) >= 5000);
    let mut next = || number(&slow.text_like(|line| line.starts_with("EURUSD")));
    let mut before = next();
    let first = before;
    loop {
        let number = next();
        if number != before + 1 {
            assert!(number > before + 1, "{number} after {before}");
            break;
        }
        before = number;
        assert!(number < first + 5000, "it got everything, and much later");
    }
    before = next();
    for _ in 0..10 {
        let number = next();
        assert_eq!(number, before + 1);
        before = number;
    }
}

#[test]
fn there_are_no_other_symbols() {
    let program = Program::run("prepared_broadcast");
    let answer = get(program.address, "/BTCUSD");
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
}

fn number(price: &str) -> u64 {
    let (_, number) = price.split_once('#').expect("each price has a number");
    number.parse().expect("a number")
}
