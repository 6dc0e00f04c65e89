//! Cells of CSV (RFC 4180) that people open in a spreadsheet.
//!
//! Guarantees: a cell is one cell whatever it holds, and none is taken for a formula.
//! Never: drops a character that shows; what does not becomes a blank.

/// A cell: in quotes where it needs them, with a `'` before what a spreadsheet would calculate.
#[must_use]
pub fn cell(text: &str) -> String {
    let shown: String = text.chars().map(|c| if c.is_control() || is_unseen(c) { ' ' } else { c }).collect();
    let formula = shown.trim_start().starts_with(['=', '+', '-', '@']);
    let guarded = if formula { format!("'{shown}") } else { shown };
    if guarded.contains([',', '"', ';', '\'']) || guarded.starts_with(' ') || guarded.ends_with(' ') {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

/// What takes no room on a screen: it could stand before a formula and hide it from us, not from a spreadsheet.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// A line of cells.
#[must_use]
pub fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    cells.join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_line_reads_back_as_its_cells_and_none_is_a_formula(cells in prop::collection::vec(".{0,12}", 1..5)) {
            let texts: Vec<&str> = cells.iter().map(String::as_str).collect();
            let written = line(&texts);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(written.as_bytes());
            let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
            prop_assert!(rows.len() <= 1, "one line: {written:?}");
            if let [row] = &rows[..] {
                prop_assert_eq!(row.len(), cells.len());
                for read in row {
                    prop_assert!(!read.trim_start().starts_with(['=', '+', '-', '@']), "{}", read);
                }
            }
        }
    }
}
