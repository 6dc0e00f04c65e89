//! The table for the README, and the same figures as JSON.
//!
//! Guarantees: every line says what was promised, what was measured, and whether the promise was kept.
//! Never: leaves out a line that was measured because its figure is bad.

use std::fmt::Write;

use serde_json::{Value, json};

/// A promise that a figure keeps or breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Promise {
    /// The figure is at most this.
    AtMost(f64),
    /// The figure is at least this.
    AtLeast(f64),
    /// Nothing was promised; the figure is stated.
    Stated,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Line {
    /// What was measured.
    pub what: String,
    /// What was promised.
    pub promise: Promise,
    /// The figure that the promise is about.
    pub figure: f64,
    /// How it is shown, with its spread.
    pub shown: String,
    /// What the peer needed, where one was measured.
    pub peer: String,
}

/// All lines of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    lines: Vec<Line>,
    details: Vec<(String, Value)>,
}

impl Promise {
    fn kept_by(self, figure: f64) -> Option<bool> {
        match self {
            Self::AtMost(bound) => Some(figure <= bound),
            Self::AtLeast(bound) => Some(figure >= bound),
            Self::Stated => None,
        }
    }

    fn show(self) -> String {
        match self {
            Self::AtMost(bound) => format!("at most {bound}"),
            Self::AtLeast(bound) => format!("at least {bound}"),
            Self::Stated => "stated".into(),
        }
    }
}

impl Report {
    /// Adds a line and prints it, so that a long run shows how far it is.
    pub fn line(&mut self, what: impl Into<String>, promise: Promise, figure: f64, shown: String, peer: String) {
        let line = Line { what: what.into(), promise, figure, shown, peer };
        eprintln!("   {}: {} (promised: {})", line.what, line.shown, promise.show());
        self.lines.push(line);
    }

    /// Keeps raw figures for the JSON.
    pub fn detail(&mut self, name: impl Into<String>, value: Value) {
        self.details.push((name.into(), value));
    }

    /// How many promises were broken.
    #[must_use]
    pub fn broken(&self) -> usize {
        self.lines.iter().filter(|line| line.promise.kept_by(line.figure) == Some(false)).count()
    }

    /// The table as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut table = String::from("| what | promised | dnsbld | kept | peer |\n|---|---|---|---|---|\n");
        for Line { what, promise, figure, shown, peer } in &self.lines {
            let kept = match promise.kept_by(*figure) {
                Some(true) => "yes",
                Some(false) => "**no**",
                None => "",
            };
            writeln!(table, "| {what} | {} | {shown} | {kept} | {peer} |", promise.show()).expect("a String takes all");
        }
        table
    }

    /// The lines and the raw figures.
    #[must_use]
    pub fn json(&self) -> Value {
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|line| {
                json!({
                    "what": line.what, "promised": line.promise.show(), "figure": line.figure, "shown": line.shown,
                    "kept": line.promise.kept_by(line.figure), "peer": line.peer,
                })
            })
            .collect();
        let details: serde_json::Map<String, Value> = self.details.iter().cloned().collect();
        json!({ "lines": lines, "details": details })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_promise_is_counted_and_shown() {
        let mut report = Report::default();
        report.line("speed", Promise::AtLeast(0.9), 0.95, "0.95".into(), String::new());
        report.line("start", Promise::AtMost(0.3), 0.5, "0.5 s".into(), "0.15 s".into());
        report.line("names", Promise::Stated, 7.0, "7".into(), String::new());
        assert_eq!(report.broken(), 1);
        let table = report.markdown();
        assert!(table.contains("| start | at most 0.3 | 0.5 s | **no** | 0.15 s |"), "{table}");
        assert_eq!(report.json()["lines"][0]["kept"], true);
        assert_eq!(report.json()["lines"][2]["kept"], Value::Null);
    }
}
