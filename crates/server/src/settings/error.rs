//! What is wrong with a configuration, and where.

use super::file::File;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is wrong with a configuration: the file, the line and the column, and what was expected.
#[derive(Debug)]
pub(crate) struct SettingsError {
    file: PathBuf,
    /// Line and column, from 1. `None`: the whole file.
    place: Option<(usize, usize)>,
    what: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {}", self.what)
    }
}

impl std::error::Error for SettingsError {}

/// A configuration as it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'s> {
    pub(super) file: &'s Path,
    pub(super) text: &'s str,
}

impl Source<'_> {
    /// Its tables.
    ///
    /// # Errors
    ///
    /// It is no TOML, has a setting that is none, or a value that is not what was expected.
    pub(super) fn parse(&self) -> Result<File, SettingsError> {
        toml::from_str(self.text).map_err(|error| self.not_toml(&error))
    }

    /// Something about the file as a whole.
    pub(super) fn whole(&self, what: impl Into<String>) -> SettingsError {
        SettingsError { file: self.file.to_owned(), place: None, what: what.into() }
    }

    /// Something at a place.
    pub(super) fn at(&self, span: &Range<usize>, what: impl Into<String>) -> SettingsError {
        let place = Some((self.line(span), self.column(span)));
        SettingsError { file: self.file.to_owned(), place, what: what.into() }
    }

    /// A value that is not what was expected.
    pub(super) fn wrong(&self, value: &Range<usize>, expected: &str) -> SettingsError {
        let key = self.key_of(value);
        let what = match SECRETS.contains(&key) {
            // Errors are logged.
            true => format!("{key} is not good: {expected}"),
            false => format!("{key} is {}: {expected}", self.value(value)),
        };
        self.at(value, what)
    }

    /// What the reader of TOML has found.
    fn not_toml(&self, error: &toml::de::Error) -> SettingsError {
        let message = error.message();
        let span = error.span().unwrap_or(0..0);
        if message.starts_with("expected ") {
            return self.wrong(&span, message);
        }
        if let Some((_, expected)) = message.split_once(", expected ")
            && ["invalid type", "invalid value", "unknown variant"]
                .iter()
                .any(|kind| message.starts_with(kind))
            && self.has_value(&span)
        {
            return self.wrong(&span, &format!("expected {}", expected.replace('`', "")));
        }
        let what = match message.split_once(", expected ") {
            Some((found, expected)) => format!("{found}: expected {expected}"),
            None => message.to_owned(),
        };
        self.at(&span, what.replace('`', "").replace("unknown field", "unknown setting"))
    }

    /// Which line it is on, from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.before(span).matches('\n').count() + 1
    }

    fn column(&self, span: &Range<usize>) -> usize {
        let before = self.before(span);
        let line = before.rsplit('\n').next().unwrap_or(before);
        line.chars().count() + 1
    }

    fn before(&self, span: &Range<usize>) -> &str {
        self.text.get(..span.start).unwrap_or(self.text)
    }

    /// Whether it is a value behind its name.
    fn has_value(&self, span: &Range<usize>) -> bool {
        !span.is_empty() && self.before(span).trim_end().ends_with(['=', '[', ','])
    }

    /// The value's text, or the beginning of a long one.
    fn value(&self, span: &Range<usize>) -> String {
        let text = self.text.get(span.clone()).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        match line.char_indices().nth(SHOWN_MAX) {
            Some((end, _)) => format!("{}...", &line[..end]),
            None => line.to_owned(),
        }
    }

    /// The name of a value: what is in front of the last `=`.
    fn key_of(&self, value: &Range<usize>) -> &str {
        let before = self.before(value);
        let name = before.rsplit_once('=').map_or("", |(name, _)| name);
        name.rsplit(['\n', ',', '{']).next().unwrap_or_default().trim()
    }
}

/// What is not shown in an error.
const SECRETS: &[&str] = &["secret", "keys"];

/// Characters of a value that are shown.
const SHOWN_MAX: usize = 60;
