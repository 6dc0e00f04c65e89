//! Any text as a configuration file.
//!
//! Guarantees (else it crashes): no panic; a configuration, or mistakes in the order of the file, each with words and a
//! place that the file has; the same text is read in the same way twice; a comment before it changes nothing.
#![no_main]

use dnsbld::config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = config::read(text);
    assert_eq!(read, config::read(text), "read twice");
    match read {
        Ok(config) => {
            let again = config::read(&format!("# a comment\n{text}"));
            assert_eq!(again.as_ref(), Ok(&config), "a comment changes nothing");
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty(), "refused without a reason");
            assert!(mistakes.is_sorted(), "in the order of the file");
            for mistake in &mistakes {
                let line = text.split('\n').nth(mistake.line - 1).expect("a line that the file has");
                assert!(mistake.column >= 1 && mistake.column <= line.chars().count() + 1, "{mistake} in {line:?}");
                assert!(!mistake.what.is_empty());
            }
        }
    }
});
