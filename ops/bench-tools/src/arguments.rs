//! The few flags of these programs: `--name value` and bare `--name`.
//!
//! Guarantees: a flag that nobody asked for is an error that names it.
//! Never: guesses.

use std::{fmt::Display, str::FromStr};

/// What stood behind the program's name.
#[derive(Clone, Debug)]
pub struct Arguments {
    words: Vec<String>,
}

impl Arguments {
    /// Takes the words of the command line, without the program's name.
    pub fn new(words: impl Iterator<Item = String>) -> Self {
        Self { words: words.collect() }
    }

    /// Takes a bare flag away; was it there?
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() < before
    }

    /// Takes a flag with its value away.
    pub fn value<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Option<T>, String> {
        let Some(at) = self.words.iter().position(|word| word == name) else { return Ok(None) };
        if at + 1 >= self.words.len() {
            return Err(format!("{name} needs a value"));
        }
        let value = self.words.drain(at..at + 2).nth(1).expect("two words were there");
        value.parse().map(Some).map_err(|e| format!("{name} {value}: {e}"))
    }

    /// As [`Arguments::value`], where it must be there.
    pub fn needed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T, String> {
        self.value(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    /// Nothing may be left.
    pub fn finish(self) -> Result<(), String> {
        if self.words.is_empty() { Ok(()) } else { Err(format!("not understood: {}", self.words.join(" "))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_taken_and_the_rest_is_an_error() {
        let mut arguments = Arguments::new(["--n", "3", "--quick", "what"].map(String::from).into_iter());
        assert_eq!(arguments.value("--n"), Ok(Some(3)));
        assert_eq!(arguments.value::<u32>("--n"), Ok(None));
        assert!(arguments.flag("--quick"));
        assert!(!arguments.flag("--quick"));
        assert!(arguments.finish().unwrap_err().contains("what"));
        let mut arguments = Arguments::new(["--n", "x"].map(String::from).into_iter());
        assert!(arguments.value::<u32>("--n").unwrap_err().starts_with("--n x"));
    }
}
