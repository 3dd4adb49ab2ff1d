//! A table of checks by clients, as Markdown, and what is wrong with it.
//!
//! Every cell has to be filled: with a pass, with a failure, or with the reason why the client by its nature cannot
//! make this check. An empty cell is a failure, so nothing is skipped silently.

use std::collections::BTreeMap;
use std::fmt::Write;

/// One row: something that a client does, and what has to come of it.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name in the table, and the word by which a client is asked for it.
    pub name: &'static str,
    /// What has to be seen.
    pub expected: &'static str,
}

/// What one client saw in one check.
#[derive(Clone, Debug)]
pub struct Cell(Outcome);

#[derive(Clone, Debug)]
enum Outcome {
    Passed,
    Failed { seen: String },
    NotApplicable { why: &'static str },
}

impl Cell {
    /// The client saw what was expected.
    #[must_use]
    pub fn passed() -> Self {
        Self(Outcome::Passed)
    }

    /// The client saw something else.
    #[must_use]
    pub fn failed(seen: impl Into<String>) -> Self {
        Self(Outcome::Failed { seen: seen.into() })
    }

    /// The client cannot make this check, and this is why.
    #[must_use]
    pub fn not_applicable(why: &'static str) -> Self {
        Self(Outcome::NotApplicable { why })
    }
}

/// The table.
#[derive(Debug)]
pub struct Matrix {
    corner: &'static str,
    rows: Vec<Check>,
    columns: Vec<String>,
    cells: BTreeMap<(usize, usize), Cell>,
    strays: Vec<String>,
}

impl Matrix {
    /// A table with nothing in its cells; `corner` is the heading of its first column.
    #[must_use]
    pub fn new(corner: &'static str, rows: &[Check], columns: Vec<String>) -> Self {
        Self { corner, rows: rows.to_vec(), columns, cells: BTreeMap::new(), strays: Vec::new() }
    }

    /// Fills a cell. One that is outside of the table, or filled already, is a complaint.
    pub fn record(&mut self, row: &str, column: usize, cell: Cell) {
        let known = self.rows.iter().position(|check| check.name == row);
        match known {
            Some(row)
                if column < self.columns.len() && !self.cells.contains_key(&(row, column)) =>
            {
                self.cells.insert((row, column), cell);
            }
            _ => self
                .strays
                .push(format!("no cell is waiting for {row:?} in column {column}: {cell:?}")),
        }
    }

    /// The table as Markdown, with the reasons for what is not applicable below it, each once.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = self.table();
        for (index, why) in self.reasons().iter().enumerate() {
            let break_before = if index == 0 { "\n" } else { "" };
            writeln!(text, "{break_before}{}. {why}", index + 1)
                .expect("a String takes everything");
        }
        text
    }

    fn table(&self) -> String {
        let mut lines = vec![self.heading(), vec!["---".into(); self.columns.len() + 1]];
        for (row, check) in self.rows.iter().enumerate() {
            let cells = (0..self.columns.len()).map(|column| self.cell_text(row, column));
            lines.push([check.name.to_owned()].into_iter().chain(cells).collect());
        }
        align(&lines)
    }

    /// What is wrong, one entry per cell that failed or is empty, with what was expected and what was seen.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = self.strays.clone();
        for (column, client) in self.columns.iter().enumerate() {
            for (row, Check { name, expected }) in self.rows.iter().enumerate() {
                let seen = match self.cells.get(&(row, column)) {
                    Some(Cell(Outcome::Passed | Outcome::NotApplicable { .. })) => continue,
                    Some(Cell(Outcome::Failed { seen })) => seen,
                    None => "nothing: the check was not made",
                };
                complaints
                    .push(format!("{client}, {name}\n  expected: {expected}\n  seen: {seen}"));
            }
        }
        complaints
    }

    /// Why cells are not applicable, in the order of the rows.
    fn reasons(&self) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        for cell in self.cells.values() {
            if let Cell(Outcome::NotApplicable { why }) = cell
                && !reasons.contains(why)
            {
                reasons.push(*why);
            }
        }
        reasons
    }

    fn heading(&self) -> Vec<String> {
        [self.corner.to_owned()].into_iter().chain(self.columns.iter().cloned()).collect()
    }

    fn cell_text(&self, row: usize, column: usize) -> String {
        match self.cells.get(&(row, column)) {
            Some(Cell(Outcome::Passed)) => "ok".into(),
            Some(Cell(Outcome::Failed { .. })) => "**FAILED**".into(),
            Some(Cell(Outcome::NotApplicable { why })) => {
                let reason = self.reasons().iter().position(|reason| reason == why);
                format!("n/a {}", reason.map_or(0, |index| index + 1))
            }
            None => "**MISSING**".into(),
        }
    }
}

/// Pads the cells, so that the table is one in a terminal too.
fn align(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).filter_map(width).collect();
    let mut text = String::new();
    for line in lines {
        for (cell, &width) in line.iter().zip(&widths) {
            write!(text, "| {cell:<width$} ").expect("a String takes everything");
        }
        text.push_str("|\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKS: [Check; 2] = [
        Check { name: "text", expected: "the same text" },
        Check { name: "ping", expected: "a pong" },
    ];

    fn matrix() -> Matrix {
        Matrix::new("check", &CHECKS, vec!["one".into(), "two".into()])
    }

    #[test]
    fn a_full_table_has_no_complaints() {
        let mut matrix = matrix();
        matrix.record("text", 0, Cell::passed());
        matrix.record("text", 1, Cell::passed());
        matrix.record("ping", 0, Cell::passed());
        matrix.record("ping", 1, Cell::not_applicable("it has none"));
        assert_eq!(matrix.complaints(), Vec::<String>::new());
        assert_eq!(
            matrix.to_markdown(),
            "| check | one | two   |\n\
             | ---   | --- | ---   |\n\
             | text  | ok  | ok    |\n\
             | ping  | ok  | n/a 1 |\n\
             \n\
             1. it has none\n"
        );
    }

    #[test]
    fn failed_and_empty_cells_are_complaints() {
        let mut matrix = matrix();
        matrix.record("text", 0, Cell::passed());
        matrix.record("text", 1, Cell::failed("another text"));
        matrix.record("ping", 0, Cell::passed());
        let expected = [
            "two, text\n  expected: the same text\n  seen: another text",
            "two, ping\n  expected: a pong\n  seen: nothing: the check was not made",
        ];
        assert_eq!(matrix.complaints(), expected);
        assert!(matrix.to_markdown().contains("| ping  | ok  | **MISSING** |"));
    }

    #[test]
    fn a_result_that_nobody_asked_for_is_a_complaint() {
        let mut matrix = matrix();
        matrix.record("pong", 0, Cell::passed());
        matrix.record("text", 0, Cell::passed());
        matrix.record("text", 0, Cell::passed());
        let complaints = matrix.complaints();
        assert!(complaints[0].contains("\"pong\"") && complaints[1].contains("\"text\""));
    }
}
