//! `[[namespace]]`: what fits together, and which of them has the channels of which.

use super::error::{SettingsError, Source};
use super::file::NamespaceTable;
use super::read_file;
use crate::schemas::{PayloadCheck, Schema, Schemas, parse_content_type};
use sockeye_hub::{Access, Namespace, Pattern};

/// The namespaces in their order, and what their payloads have to be.
///
/// # Errors
///
/// Settings of one exclude each other, or a namespace can have no channel because one before it has them all.
pub(super) fn read(
    source: &Source<'_>,
    tables: &[NamespaceTable],
) -> Result<(Vec<Namespace>, Schemas), SettingsError> {
    if tables.len() > NAMESPACES_MAX {
        return Err(source.whole(format!("expected at most {NAMESPACES_MAX} namespaces")));
    }
    for (index, table) in tables.iter().enumerate() {
        check_reach(source, table, &tables[..index])?;
        check_presence(source, table)?;
    }
    let checks = tables.iter().map(|table| payload_check(source, table));
    let schemas = Schemas::new(checks.collect::<Result<_, _>>()?);
    Ok((tables.iter().map(NamespaceTable::namespace).collect(), schemas))
}

fn check_reach(
    source: &Source<'_>,
    table: &NamespaceTable,
    before: &[NamespaceTable],
) -> Result<(), SettingsError> {
    let pattern = &table.pattern.get_ref().0;
    let has_all = |other: &&NamespaceTable| has_all_of(&other.pattern.get_ref().0, pattern);
    let Some(other) = before.iter().find(has_all) else {
        return Ok(());
    };
    let expected = format!(
        "expected it before \"{}\" of line {}, which has all its channels: the first that matches counts",
        other.pattern.get_ref().0,
        source.line(&other.pattern.span()),
    );
    Err(source.wrong(&table.pattern.span(), &expected))
}

/// Whether a pattern in front of another leaves it no channel. `{user}` is any name, and may have all signs that a channel
/// may have, so that `inbox:{user}` has the channels of `inbox:{user}:phone` too.
fn has_all_of(first: &Pattern, second: &Pattern) -> bool {
    let (text, other) = (first.text(), second.text());
    match text.split_once("{user}") {
        Some((before, "")) => other.len() > before.len() && other.starts_with(before),
        _ if first.is_prefix() => other.starts_with(text),
        _ => !second.is_prefix() && other == text,
    }
}

fn check_presence(source: &Source<'_>, table: &NamespaceTable) -> Result<(), SettingsError> {
    match &table.join_leave {
        Some(join_leave) if *join_leave.get_ref() && !table.presence => {
            Err(source.wrong(&join_leave.span(), "expected presence = true with it"))
        }
        // All subscribers would be told what nobody may see.
        Some(join_leave) if *join_leave.get_ref() && table.presence_access == Access::Nobody => {
            let expected = "expected presence_access to be another one than \"nobody\" with it: all subscribers are told who comes and goes";
            Err(source.wrong(&join_leave.span(), expected))
        }
        _ => Ok(()),
    }
}

fn payload_check(
    source: &Source<'_>,
    table: &NamespaceTable,
) -> Result<PayloadCheck, SettingsError> {
    let schema = match &table.schema_file {
        Some(file) => {
            let schema = Schema::new(&read_file(source, file)?);
            Some(schema.map_err(|expected| source.wrong(&file.span(), &expected))?)
        }
        None => None,
    };
    let mut content_types = Vec::new();
    for text in &table.content_types {
        let read = parse_content_type(text.get_ref());
        content_types.push(read.map_err(|expected| source.wrong(&text.span(), &expected))?);
    }
    Ok(PayloadCheck { schema, content_types })
}

/// How many there may be: each channel is looked for in them once, from the first.
const NAMESPACES_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_channel_left_is_known() {
        let has_all = |first, second| {
            let pattern = |text| Pattern::new(text).expect("a pattern");
            has_all_of(&pattern(first), &pattern(second))
        };
        for (first, second) in [
            ("*", "chat:*"),
            ("*", "inbox:{user}"),
            ("chat:*", "chat:vip"),
            ("chat:*", "chat:*"),
            ("chat:vip", "chat:vip"),
            ("inbox:*", "inbox:{user}"),
            ("inbox:{user}", "inbox:{user}"),
            ("inbox:{user}", "inbox:{user}:phone"),
            ("inbox:{user}", "inbox:{user}:*"),
            ("inbox:{user}", "inbox:ada"),
            ("inbox:{user}:*", "inbox:{user}:phone"),
        ] {
            assert!(has_all(first, second), "{first} before {second}");
        }
        for (first, second) in [
            ("chat:vip", "chat:*"),
            ("chat:*", "*"),
            ("chat:vip", "chat:vip:*"),
            ("inbox:{user}", "inbox:*"),
            ("inbox:{user}:phone", "inbox:{user}"),
            ("inbox:{user}:phone", "inbox:ada"),
            ("a*", "b*"),
        ] {
            assert!(!has_all(first, second), "{first} before {second}");
        }
    }
}
