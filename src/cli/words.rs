//! From what the API answers to sentences.
//!
//! Guarantees: pure; a member that an answer lacks is left out, never guessed.
//! Never: prints control characters that came from a server.

use serde_json::Value;
use std::fmt::Write as _;

/// A member as text: texts without quotes, `null` and what is missing as nothing.
pub fn text(value: &Value, key: &str) -> String {
    plain(&value[key])
}

/// A value as text.
pub fn plain(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The values of an array; none where it is missing.
pub fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// A number; 0 where it is missing.
pub fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or(0)
}

/// A refusal (RFC 9457) as sentences.
pub fn problem(problem: &Value) -> String {
    let detail = text(problem, "detail");
    let mut words = if detail.is_empty() { text(problem, "title") } else { detail };
    if words.is_empty() {
        words = format!("the server refused: {}", plain(problem));
    }
    words.push_str(&rejected(problem));
    words
}

/// A refusal of a call that named one key: which line it was says nothing.
pub fn problem_of_one(answer: &Value) -> String {
    match items(answer, "rejected") {
        [one] => text(one, "error"),
        _ => problem(answer),
    }
}

/// The rejected lines of an answer, a line each, with a leading line break.
pub fn rejected(answer: &Value) -> String {
    let mut words = String::new();
    let shown = items(answer, "rejected");
    for line in shown {
        let (file, column) = (text(line, "file"), text(line, "column"));
        let place = if file.is_empty() {
            format!("line {}, column {column}", text(line, "line"))
        } else {
            format!("{file}:{}:{column}", text(line, "file_line"))
        };
        // Writing into a String cannot fail.
        let _ = write!(words, "\n  {place}: {}: {}", text(line, "error"), text(line, "text"));
    }
    let all = number(answer, "rejected_count");
    if all > shown.len() as u64 {
        let _ = write!(words, "\n  and {} more", all - shown.len() as u64);
    }
    words
}

/// What a write did.
pub fn written(answer: &Value) -> String {
    let serial = text(answer, "serial");
    let when = if serial.is_empty() { String::new() } else { format!("; in force as of serial {serial}") };
    format!("{}{when}{}", counted(answer), rejected(answer))
}

/// What a write would do.
pub fn tried(answer: &Value) -> String {
    format!("{}; a dry run: nothing was changed and nothing of it is in force{}", counted(answer), rejected(answer))
}

/// How many keys came, went and stayed.
fn counted(answer: &Value) -> String {
    let counts = [
        ("added", "added"),
        ("removed", "removed"),
        ("renewed", "renewed"),
        ("unchanged", "unchanged"),
        ("duplicates", "given twice"),
        ("replaced_posts", "that came meanwhile replaced"),
        ("rejected_count", "left out"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(key, _)| number(answer, key) > 0)
        .map(|(key, words)| format!("{} {words}", number(answer, key)))
        .collect();
    if counts.is_empty() { "nothing to change".to_owned() } else { counts.join(", ") }
}

/// A table: columns as wide as their longest cell, two blanks between.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> =
            cells.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column))).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let head = line(head.to_vec());
    let rows = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
}
