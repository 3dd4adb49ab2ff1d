//! How a wait ends of which nothing comes.

use super::far::Far;
use super::near::Near;
use sockeye::driver::{Driver, Waker};
use sockeye::worker::{Clock, SystemClock};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

pub(super) fn each_moment_ends_its_wait<F: Far>(mut near: Near<F::Driver>, _: &F) {
    let waker: Waker = near.driver.waker();
    let polls = is_in_time(&mut near.driver, |driver| {
        // A later one, which nobody waits for in the end, and an earlier one; one after that has come, and a nearer one.
        waker.wake();
        let mut polls = wait_for(driver, Duration::from_secs(3600), false);
        polls += wait_for(driver, Duration::from_millis(10), true);
        polls += wait_for(driver, Duration::from_millis(10), true);
        waker.wake();
        polls += wait_for(driver, Duration::from_millis(30), false);
        polls += wait_for(driver, Duration::from_millis(5), true);
        polls += wait_for(driver, Duration::from_millis(50), true);
        polls + wait_for(driver, Duration::ZERO, true)
    });
    // One each, one where an earlier moment's timer rings, and as many again for what nobody asked for.
    assert!(!F::WAITS || polls <= 16, "{polls} polls, so it does not sleep");
}

/// Waits once for this long, or again until so much time is over. Gives the number of polls.
fn wait_for<D: Driver>(driver: &mut D, duration: Duration, to_the_end: bool) -> usize {
    let moment = SystemClock.now() + duration;
    let mut polls = 0;
    loop {
        polls += 1;
        driver.poll_until(moment, || SystemClock.now()).expect("waiting works");
        while driver.next().is_some() {}
        if !to_the_end || SystemClock.now() >= moment {
            return polls;
        }
    }
}

/// Fails where somebody had to wake the driver.
fn is_in_time<D: Driver, T>(driver: &mut D, wait: impl FnOnce(&mut D) -> T) -> T {
    let waker = driver.waker();
    let (done, is_done) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        let mut is_late = false;
        let mut patience = Duration::from_secs(5);
        while is_done.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            is_late = true;
            patience = Duration::from_millis(10);
            waker.wake();
        }
        is_late
    });
    let waited = wait(driver);
    drop(done);
    assert!(!watch.join().expect("it does not panic"), "a wait had no end");
    waited
}
