//! The plots, as SVG. Their colours are numbers that the page's style gives a meaning, so that there is a dark one as well.

use crate::summary::{Summary, thousands};
use hdrhistogram::Histogram;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;
use std::ops::Range;

pub(super) type PlotError = Box<dyn std::error::Error + Send + Sync>;

/// How long messages took, from the quickest to the slowest; each step is a tenth of those before.
pub(super) fn percentiles(summary: &Summary) -> Result<String, PlotError> {
    let latency = &summary.latency;
    let nines_max = (latency.len().max(10) as f64).log10().ceil().clamp(2.0, 7.0);
    let steps = 200;
    let points: Vec<_> = (0..=steps)
        .map(|step| {
            let nines = nines_max * f64::from(step) / f64::from(steps);
            (nines, latency.value_at_quantile(1.0 - 10_f64.powf(-nines)).max(1) as f64)
        })
        .collect();
    let (least, most) = (latency.min().max(1), latency.max());
    let label = |nines: &f64| match nines.round() as i32 {
        0 => "0 %".to_owned(),
        nines @ 1..=2 => format!("{} %", 100 - 10_i32.pow(2 - nines as u32)),
        nines => format!("99.{} %", "9".repeat(nines as usize - 2)),
    };
    plot(Plot {
        x: 0.0..nines_max,
        y: decades(least, most).log_scale(),
        x_labels: nines_max as usize + 1,
        x_label: &label,
        y_label: &|nanoseconds| short_time(*nanoseconds),
        lines: &[(SECOND, vec![points])],
    })
}

/// How long messages took, in each stretch of time.
pub(super) fn latency_over_time(summary: &Summary) -> Result<String, PlotError> {
    let series = |of: fn(&Histogram<u64>) -> u64| {
        pieces(summary.statistics.intervals(), move |histogram| of(histogram).max(1) as f64)
    };
    let median = series(|histogram| histogram.value_at_quantile(0.5));
    let slow = series(|histogram| histogram.value_at_quantile(0.99));
    let slowest = series(Histogram::max);
    let values =
        || [&median, &slow, &slowest].into_iter().flatten().flatten().map(|point| point.1 as u64);
    let (least, most) = (values().min().unwrap_or(1), values().max().unwrap_or(1));
    plot(Plot {
        x: 0.0..seconds(summary),
        y: decades(least, most).log_scale(),
        x_labels: 11,
        x_label: &|seconds| format!("{} s", round(*seconds)),
        y_label: &|nanoseconds| short_time(*nanoseconds),
        lines: &[(THIRD, slowest), (FIRST, slow), (SECOND, median)],
    })
}

/// How many messages arrived, in each stretch of time.
pub(super) fn rate_over_time(summary: &Summary) -> Result<String, PlotError> {
    let intervals = || summary.statistics.intervals();
    let whole = intervals().next().map_or(0, |(_, length, _)| length);
    let rates: Vec<_> = intervals()
        // What is left of the last one, where a run was ended early, is too short to have a rate.
        .filter(|(_, length, _)| 2 * length >= whole)
        .map(|(start, length, histogram)| {
            (middle(start, length), histogram.len() as f64 * 1e9 / length as f64)
        })
        .collect();
    let most = rates.iter().map(|point| point.1).fold(1.0, f64::max);
    plot(Plot {
        x: 0.0..seconds(summary),
        y: 0.0..most * 1.1,
        x_labels: 11,
        x_label: &|seconds| format!("{} s", round(*seconds)),
        y_label: &|rate| thousands(*rate as u64),
        lines: &[(SECOND, vec![rates])],
    })
}

/// A point in the middle of each stretch of time in which something arrived. Where nothing did, there is nothing to say: a new
/// piece begins behind it.
fn pieces<'h>(
    intervals: impl Iterator<Item = (u64, u64, &'h Histogram<u64>)>,
    value: impl Fn(&Histogram<u64>) -> f64,
) -> Vec<Points> {
    let mut pieces = vec![Points::new()];
    for (start, length, histogram) in intervals {
        match pieces.last_mut() {
            Some(piece) if !histogram.is_empty() => {
                piece.push((middle(start, length), value(histogram)));
            }
            Some(piece) if piece.is_empty() => {}
            _ => pieces.push(Points::new()),
        }
    }
    pieces
}

/// In seconds.
fn middle(start: u64, length: u64) -> f64 {
    (start + length / 2) as f64 / 1e9
}

type Points = Vec<(f64, f64)>;

struct Plot<'p, Y> {
    x: Range<f64>,
    y: Y,
    x_labels: usize,
    x_label: &'p dyn Fn(&f64) -> String,
    y_label: &'p dyn Fn(&f64) -> String,
    /// Each in pieces.
    lines: &'p [(RGBColor, Vec<Points>)],
}

fn plot<Y>(plot: Plot<'_, Y>) -> Result<String, PlotError>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .margin(8)
        .margin_right(40)
        .x_label_area_size(28)
        .y_label_area_size(78)
        .build_cartesian_2d(plot.x, plot.y)
        .map_err(other)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(("sans-serif", 15).into_font().color(&INK))
        .x_labels(plot.x_labels)
        .y_labels(6)
        .x_label_formatter(plot.x_label)
        .y_label_formatter(plot.y_label)
        .draw()
        .map_err(other)?;
    for (colour, pieces) in plot.lines {
        for points in pieces {
            let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
            chart.draw_series(line).map_err(other)?;
            if let [point] = points[..] {
                // A line of one point is none.
                let dot = Circle::new(point, 3, colour.filled());
                chart.draw_series([dot]).map_err(other)?;
            }
        }
    }
    area.present().map_err(other)?;
    drop(chart);
    drop(area);
    // As wide as the page is.
    let (width, height) = SIZE;
    Ok(svg.replacen(&format!("width=\"{width}\" height=\"{height}\" "), "", 1))
}

fn other(error: impl std::error::Error) -> PlotError {
    error.to_string().into()
}

/// The range of a logarithmic scale on which these are, with a power of ten in it, so that there is something to read.
fn decades(least: u64, most: u64) -> Range<f64> {
    let (least, most) = (least as f64, most.max(least + 1) as f64);
    if most / least < 10.0 {
        return 10_f64.powf(least.log10().floor())..10_f64.powf(most.log10().ceil());
    }
    least * 0.8..most * 1.25
}

/// Nanoseconds for an axis, where they are mostly round.
fn short_time(nanoseconds: f64) -> String {
    let (number, unit) = match nanoseconds {
        ..1e3 => (nanoseconds, "ns"),
        1e3..1e6 => (nanoseconds / 1e3, "µs"),
        1e6..1e9 => (nanoseconds / 1e6, "ms"),
        _ => (nanoseconds / 1e9, "s"),
    };
    format!("{} {unit}", round(number))
}

fn seconds(summary: &Summary) -> f64 {
    summary.seconds().max(0.001)
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

const SIZE: (u32, u32) = (900, 280);
const INK: RGBColor = RGBColor(1, 1, 1);
const GRID: RGBColor = RGBColor(2, 2, 2);
const FIRST: RGBColor = RGBColor(3, 3, 3);
const SECOND: RGBColor = RGBColor(4, 4, 4);
const THIRD: RGBColor = RGBColor(5, 5, 5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{Statistics, Window};

    #[test]
    fn no_line_is_drawn_through_a_stretch_without_answers() {
        let tenth = 100_000_000;
        let mut statistics = Statistics::new(Window::new(0, 6 * tenth));
        // In the second, third and fifth of six.
        for now in [tenth, 2 * tenth, 4 * tenth] {
            statistics.record(now, now + 1000, 1);
        }
        statistics.total();
        let pieces = pieces(statistics.intervals(), |histogram| histogram.len() as f64);
        let filled: Vec<_> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        assert_eq!(filled, [vec![(0.15, 1.0), (0.25, 1.0)], vec![(0.45, 1.0)]]);
    }

    #[test]
    fn every_scale_has_a_power_of_ten_in_it() {
        for (least, most) in [(1, 1), (60_000, 90_000), (97_000, 10_520_000), (1000, 1000)] {
            let range = decades(least, most);
            assert!(range.contains(&(least as f64)) && range.end >= most as f64, "{range:?}");
            let power = 10_f64.powf(range.start.log10().ceil());
            assert!(range.start <= power && power <= range.end, "{range:?}");
        }
    }
}
