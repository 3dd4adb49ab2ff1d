//! A report with plots: one page of HTML that needs nothing else.

mod plots;

use crate::summary::{Summary, thousands, time};
use std::io;
use std::path::Path;

/// Writes the page. What was in the file is gone.
pub(crate) fn write(summary: &Summary, file: &Path) -> io::Result<()> {
    let page = page(summary).map_err(io::Error::other)?;
    std::fs::write(file, page)
}

/// Whether the page can be written there: that is not to be found out after the run. What is in the file stays.
pub(crate) fn try_file(file: &Path) -> io::Result<()> {
    let is_new = !file.exists();
    std::fs::OpenOptions::new().create(true).append(true).open(file)?;
    if is_new {
        std::fs::remove_file(file)?;
    }
    Ok(())
}

fn page(summary: &Summary) -> Result<String, plots::PlotError> {
    let percentiles_plot = plots::percentiles(summary)?;
    let latency_plot = plots::latency_over_time(summary)?;
    let rate_plot = plots::rate_over_time(summary)?;
    let (url, load) = summary.title.split_once(": ").unwrap_or((&summary.title, ""));
    let json = serde_json::to_string_pretty(&summary.to_json()).unwrap_or_default();
    Ok(fill(TEMPLATE, |name| match name {
        "title" => escape(&summary.title),
        "url" => escape(url),
        "load" => escape(load),
        "tiles" => tiles(summary),
        "remarks" => remarks(summary),
        "latency_means" => summary.latency_means().to_owned(),
        "percentiles_plot" => percentiles_plot.clone(),
        "latency_plot" => latency_plot.clone(),
        "rate_plot" => rate_plot.clone(),
        "percentiles" => rows(&summary.percentiles()),
        "lines" => rows(&summary.lines()),
        "json" => escape(&json),
        _ => unreachable!("the template has no other names"),
    }))
}

/// Puts what belongs there in the place of each `{{name}}`.
fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut page = String::new();
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        page += before;
        page += &value(name);
        rest = after;
    }
    page + rest
}

fn tiles(summary: &Summary) -> String {
    let errors = summary.errors().named().iter().map(|(_, count)| count).sum();
    let class = if errors == 0 { "good" } else { "bad" };
    let tiles = [
        ("", "messages/s", thousands(summary.messages_per_second() as u64)),
        ("", "p50", time(summary.latency(0.5))),
        ("", "p99", time(summary.latency(0.99))),
        ("", "p99.9", time(summary.latency(0.999))),
        (class, "errors", thousands(errors)),
    ];
    tiles
        .iter()
        .map(|(class, name, value)| {
            format!("<div class=\"{class}\"><span>{name}</span><b>{value}</b></div>")
        })
        .collect()
}

fn remarks(summary: &Summary) -> String {
    let remarks: String =
        summary.remarks().iter().map(|remark| format!("<li>{}</li>", escape(remark))).collect();
    match remarks.is_empty() {
        true => remarks,
        false => format!("<section><ul class=\"remarks\">{remarks}</ul></section>"),
    }
}

fn rows(rows: &[(String, String)]) -> String {
    rows.iter()
        .map(|(name, value)| {
            format!("<tr><td>{}</td><td>{}</td></tr>", escape(name), escape(value))
        })
        .collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const TEMPLATE: &str = include_str!("report/report.html");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_once_whatever_the_values_are() {
        let value = |name: &str| format!("<{{{{{name}}}}}>");
        assert_eq!(fill("a{{b}}c{{d}}", value), "a<{{b}}>c<{{d}}>");
        assert_eq!(fill("{{", value), "{{");
    }

    #[test]
    fn what_others_wrote_is_no_markup() {
        assert_eq!(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
