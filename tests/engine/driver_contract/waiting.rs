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
    is_in_time(&mut near.driver, |driver| {
        // A later one, which nobody waits for in the end, and an earlier one; one after that has come, and a nearer one.
        waker.wake();
        wait_for(driver, Duration::from_secs(3600), false);
        wait_for(driver, Duration::from_millis(10), true);
        wait_for(driver, Duration::from_millis(10), true);
        waker.wake();
        wait_for(driver, Duration::from_millis(30), false);
        wait_for(driver, Duration::from_millis(5), true);
        wait_for(driver, Duration::from_millis(50), true);
    });
}

/// Waits once for this long, or again until so much time is over.
fn wait_for<D: Driver>(driver: &mut D, duration: Duration, to_the_end: bool) {
    let until = SystemClock.now() + duration;
    loop {
        driver.poll_until(SystemClock.now(), until).expect("waiting works");
        while driver.next().is_some() {}
        if !to_the_end || SystemClock.now() >= until {
            return;
        }
    }
}

/// Fails where somebody had to wake the driver.
fn is_in_time<D: Driver>(driver: &mut D, wait: impl FnOnce(&mut D)) {
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
    wait(driver);
    drop(done);
    assert!(!watch.join().expect("it does not panic"), "a wait had no end");
}
