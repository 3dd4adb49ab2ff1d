//! Innocent clients, who talk to the server while it is attacked, and note how long it takes to answer.

use crate::PATIENCE;
use crate::client::Client;
use crate::figures::Heard;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

pub(crate) struct Bystanders {
    is_over: Arc<AtomicBool>,
    replies: Arc<AtomicUsize>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Bystanders {
    pub(crate) fn start(address: SocketAddr) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let replies = Arc::new(AtomicUsize::new(0));
        let (over, counted) = (Arc::clone(&is_over), Arc::clone(&replies));
        let thread = thread::spawn(move || talk(address, &over, &counted));
        Self { is_over, replies, thread }
    }

    /// Waits until each of them has had some more replies.
    pub(crate) fn wait_for_replies(&self) {
        let wanted = self.replies.load(Ordering::Acquire) + 5 * CLIENTS;
        let began = Instant::now();
        while self.replies.load(Ordering::Acquire) < wanted {
            assert!(!self.thread.is_finished(), "the innocent were not served");
            assert!(began.elapsed() < PATIENCE, "the innocent wait for ever");
            sleep(PAUSE);
        }
    }

    pub(crate) fn stop(self) -> Heard {
        self.is_over.store(true, Ordering::Release);
        Heard::of(self.thread.join().expect("the innocent were served"))
    }
}

/// Sends, awaits the same back, and pauses, until it is over; says how long each answer took.
fn talk(address: SocketAddr, is_over: &AtomicBool, replies: &AtomicUsize) -> Vec<Duration> {
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| Client::open(address, "/echo")).collect();
    let mut latencies = Vec::new();
    for number in 0_u64.. {
        if is_over.load(Ordering::Acquire) {
            break;
        }
        let client = &mut clients[number as usize % CLIENTS];
        let payload = [number.to_be_bytes(), [7; 8], [8; 8], [9; 8]].concat();
        let began = Instant::now();
        client.send(0x82, &payload);
        assert_eq!(client.frame(), (0x82, payload), "an innocent client's echo");
        latencies.push(began.elapsed());
        replies.fetch_add(1, Ordering::Release);
        sleep(PAUSE);
    }
    latencies
}

const CLIENTS: usize = 4;

const PAUSE: Duration = Duration::from_millis(1);
