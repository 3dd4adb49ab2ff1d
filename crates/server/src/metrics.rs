//! `/metrics`: what happens in the server, in numbers.
//!
//! Each worker has figures of its own, which nobody else writes; who asks adds them up. So nothing is locked, and a message
//! costs nothing: what the hub counts is copied at the end of a tick.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use sockeye::WorkerId;
use sockeye::protocol::http::{Response, Status};
use sockeye_hub::Stats;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The figures of all workers.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Arc<[Figures]>);

impl Metrics {
    pub(crate) fn new(workers: usize) -> Self {
        Self((0..workers).map(|_| Figures::default()).collect())
    }

    pub(crate) fn workers(&self) -> usize {
        self.0.len()
    }

    /// Where this worker writes, and no other.
    pub(crate) fn of(&self, worker: WorkerId) -> &Figures {
        &self.0[usize::from(worker.0)]
    }

    /// All of them, as Prometheus reads them.
    pub(crate) fn response(&self) -> Response {
        let mut registry = Registry::with_prefix("sockeye");
        registry.register_collector(Box::new(self.clone()));
        let mut text = String::new();
        encode(&mut text, &registry).expect("a string takes every character");
        Response::new(Status::OK)
            .with_body(
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                text.into_bytes(),
            )
            .expect("a type that is written in this file")
    }

    fn sum(&self, index: usize) -> u64 {
        self.0.iter().map(|figures| figures.hub[index].load(Ordering::Relaxed)).sum()
    }
}

/// Numbers of one worker, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Figures {
    opened: AtomicU64,
    closed: AtomicU64,
    hub: [AtomicU64; HUB.len()],
}

impl Figures {
    pub(crate) fn count_opened(&self) {
        count(&self.opened);
    }

    pub(crate) fn count_closed(&self) {
        count(&self.closed);
    }

    /// Notes what the hub has counted.
    pub(crate) fn note(&self, stats: &Stats) {
        for (cell, figure) in self.hub.iter().zip(&HUB) {
            cell.store((figure.read)(stats), Ordering::Relaxed);
        }
    }
}

/// The worker is the only one that writes, so nothing is lost in between.
fn count(cell: &AtomicU64) {
    cell.store(cell.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// One of the hub's figures. A name without `_total`, which is added to counters.
struct Figure {
    name: &'static str,
    help: &'static str,
    is_counter: bool,
    read: fn(&Stats) -> u64,
}

const fn counter(name: &'static str, help: &'static str, read: fn(&Stats) -> u64) -> Figure {
    Figure { name, help, is_counter: true, read }
}

const fn gauge(name: &'static str, help: &'static str, read: fn(&Stats) -> u64) -> Figure {
    Figure { name, help, is_counter: false, read }
}

static HUB: [Figure; 20] = [
    gauge("sessions", "Sessions, those without a connection included", |stats| stats.sessions),
    gauge("sessions_detached", "Sessions that await that their client comes back", |stats| {
        stats.sessions_detached
    }),
    gauge("subscriptions", "Subscriptions of all sessions", |stats| stats.subscriptions),
    gauge("subscriptions_behind", "Subscriptions that are not live", |stats| {
        stats.subscriptions_behind
    }),
    gauge("channels", "Channels that exist", |stats| stats.channels),
    counter("published", "Publications that were numbered", |stats| stats.published),
    counter("published_volatile", "Publications that were volatile", |stats| {
        stats.published_volatile
    }),
    counter("duplicates", "Publications that came twice, and were published once", |stats| {
        stats.duplicates
    }),
    counter("refused", "Commands that were refused", |stats| stats.refused),
    counter("lagged", "Subscriptions that became too slow", |stats| stats.lagged),
    counter("caught_up", "Publications sent to subscribers that were behind", |stats| {
        stats.caught_up
    }),
    counter("lost", "Times that a subscriber was told of a loss", |stats| stats.lost),
    gauge("fan_out_under_way", "Letters to other workers that can be left out", |stats| {
        stats.fan_out_under_way
    }),
    gauge("relays_behind", "Relays to which too much was under way", |stats| stats.relays_behind),
    counter("relays_lagged", "Times that a relay fell behind", |stats| stats.relays_lagged),
    counter("relays_caught_up", "Publications sent to relays that were behind", |stats| {
        stats.relays_caught_up
    }),
    counter("relays_lost", "Times that a relay's subscribers were told of a loss", |stats| {
        stats.relays_lost
    }),
    counter("volatile_dropped", "Volatile publications left out of mail to a worker", |stats| {
        stats.volatile_dropped
    }),
    counter("resumed", "Sessions that came back", |stats| stats.resumed),
    counter("expired", "Sessions that did not come back in time", |stats| stats.expired),
];

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let sum = |cell: fn(&Figures) -> &AtomicU64| {
            self.0.iter().map(|figures| cell(figures).load(Ordering::Relaxed)).sum::<u64>()
        };
        let (opened, closed) = (sum(|figures| &figures.opened), sum(|figures| &figures.closed));
        write_gauge(
            &mut encoder,
            ("connections", "WebSockets that are open"),
            opened.saturating_sub(closed),
        )?;
        write_counter(&mut encoder, ("connections_opened", "WebSockets that were opened"), opened)?;
        write_gauge(&mut encoder, ("workers", "Threads that serve"), self.workers() as u64)?;
        for (index, figure) in HUB.iter().enumerate() {
            let (name, value) = ((figure.name, figure.help), self.sum(index));
            match figure.is_counter {
                true => write_counter(&mut encoder, name, value)?,
                false => write_gauge(&mut encoder, name, value)?,
            }
        }
        Ok(())
    }
}

fn write_counter(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    value: u64,
) -> fmt::Result {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
}

fn write_gauge(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    value: u64,
) -> fmt::Result {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_all_workers_are_added_up_under_their_names() {
        let metrics = Metrics::new(2);
        let stats = Stats { sessions: 3, published: 7, ..Stats::default() };
        for worker in [WorkerId(0), WorkerId(1)] {
            metrics.of(worker).note(&stats);
            metrics.of(worker).count_opened();
        }
        metrics.of(WorkerId(1)).count_closed();
        let response = metrics.response();
        let text = str::from_utf8(response.body()).expect("text");
        for line in [
            "# HELP sockeye_published Publications that were numbered",
            "# TYPE sockeye_published counter",
            "sockeye_published_total 14",
            "# TYPE sockeye_sessions gauge",
            "sockeye_sessions 6",
            "sockeye_connections 1",
            "sockeye_connections_opened_total 2",
            "sockeye_workers 2",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is missing in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
