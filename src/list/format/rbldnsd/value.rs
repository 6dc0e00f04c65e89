//! The values of rbldnsd entries: `:A:TXT`, defaults, variables and the base template.
//!
//! Guarantees: `$` and variables are put in as rbldnsd does it: an unknown `$n` stays, `$$` is a dollar sign, a `=` before a
//! text keeps the base template off it; what a variable or `$=` brings in stands as it is, its `$` too; where an entry has no
//! text, `$=` is the key.
//! Never: expands more than [`TEXT_OCTETS_MAX`] octets of template; the longest result is bounded with it.

use super::{super::remark, keys::octets};
use crate::{limits::TEXT_OCTETS_MAX, list::ReturnCode};
use std::{borrow::Cow, cell::Cell, net::Ipv4Addr};

/// What a line says about A and TXT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Value {
    code: Option<ReturnCode>,
    /// `None`: the default; empty: no TXT.
    text: Option<Box<str>>,
}

/// What holds for the lines of a data set.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    variables: [Option<Box<str>>; 10],
    base: Option<Box<str>>,
    default: Option<Value>,
    /// What entries would have used that was not there: rbldnsd, which reads the file whole, would put in what comes later.
    missed: Cell<Missed>,
}

/// Of which variables, and whether of the base template or the default, an entry has found none.
#[derive(Clone, Copy, Debug, Default)]
struct Missed {
    variables: [bool; 10],
    base: bool,
    default: bool,
}

impl Value {
    /// Reads `:A:TXT`, `:A`, or `TXT`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let Some(behind) = text.strip_prefix(':') else {
            let text = Some(text.trim()).filter(|text| !text.is_empty());
            return Ok(Self { code: None, text: text.map(template) });
        };
        let wrong = || "write the value as :127.0.0.2:text, or :2: for 127.0.0.2".to_owned();
        let (address, bits, rest) = octets(behind.trim_start()).map_err(|_| wrong())?;
        let address = match bits {
            8 => Ipv4Addr::new(127, 0, 0, (address >> 24) as u8),
            32 => Ipv4Addr::from(address),
            _ => return Err(wrong()),
        };
        let code = Some(ReturnCode::try_from(address).map_err(|error| error.to_string())?);
        let rest = rest.trim_start();
        match rest.strip_prefix(':') {
            Some(text) => Ok(Self { code, text: Some(template(text.trim())) }),
            None if rest.is_empty() => Ok(Self { code, text: None }),
            None => Err(wrong()),
        }
    }

    pub(super) const fn code(&self) -> Option<ReturnCode> {
        self.code
    }

    pub(super) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }
}

/// An entry that stands before uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entry before this line uses it, since rbldnsd takes it for the whole set: put it before the first entry")]
pub(super) struct Late;

const fn late(is: bool) -> Result<(), Late> {
    if is { Err(Late) } else { Ok(()) }
}

fn template(text: &str) -> Box<str> {
    remark::cut(text, TEXT_OCTETS_MAX).into()
}

impl Scope {
    /// What a data set inside of a `combined` file begins with.
    pub(super) fn inner(&self) -> Self {
        Self { default: None, ..self.clone() }
    }

    /// The first value stays. Late is one that an entry before it uses.
    pub(super) fn set_variable(&mut self, digit: u8, text: &str) -> Result<(), Late> {
        let place = usize::from(digit);
        late(self.variables[place].is_none() && self.missed.get().variables[place])?;
        self.variables[place].get_or_insert_with(|| template(text));
        Ok(())
    }

    pub(super) fn set_base(&mut self, text: &str) -> Result<(), Late> {
        late(self.base.is_none() && self.missed.get().base)?;
        self.base.get_or_insert_with(|| template(text));
        Ok(())
    }

    /// In data sets with one value for all, the first line counts, and for all.
    pub(super) fn set_default(&mut self, value: Value, one_for_all: bool) -> Result<(), Late> {
        late(one_for_all && self.default.is_none() && self.missed.get().default)?;
        if !one_for_all || self.default.is_none() {
            self.default = Some(value);
        }
        Ok(())
    }

    /// Another file begins; variables hold for all files of a data set.
    pub(super) fn end_file(&mut self, one_for_all: bool) {
        if !one_for_all {
            self.default = None;
        }
    }

    fn miss(&self, what: impl FnOnce(&mut Missed)) {
        let mut missed = self.missed.get();
        what(&mut missed);
        self.missed.set(missed);
    }

    pub(super) fn default_code(&self) -> Option<ReturnCode> {
        self.default.as_ref().and_then(Value::code)
    }

    /// The template of an entry with this value: its own or the default, set into the base template.
    pub(super) fn text_of<'a>(&'a self, value: &'a Value) -> Option<Cow<'a, str>> {
        let default = self.default.as_ref().and_then(|default| default.text.as_deref());
        let text = value.text.as_deref().or(default).filter(|text| !text.is_empty());
        let plain = text.is_none_or(|text| !text.starts_with('='));
        self.miss(|missed| {
            missed.base |= plain && self.base.is_none();
            missed.default |= self.default.is_none();
        });
        match (text, &self.base) {
            (Some(text), base) => match (text.strip_prefix('='), base) {
                (Some(bare), _) => Some(Cow::Borrowed(bare)),
                (None, Some(base)) => Some(Cow::Owned(into_base(base, &text.replace('$', "$$")))),
                (None, None) => Some(Cow::Borrowed(text)),
            },
            (None, Some(base)) => Some(Cow::Owned(into_base(base, "$"))),
            (None, None) => None,
        }
    }

    /// Puts variables in, and `key` for `$`.
    pub(super) fn expand(&self, template: &str, key: &str) -> String {
        let mut text = String::with_capacity(template.len() + key.len());
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            text.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let sign = rest.chars().next();
            let variable = sign.and_then(|sign| sign.to_digit(10));
            match (sign, variable) {
                (Some('$'), _) => {
                    text.push('$');
                    rest = &rest[1..];
                }
                (_, Some(digit)) => {
                    if let Some(value) = &self.variables[digit as usize] {
                        text.push_str(value);
                    } else {
                        self.miss(|missed| missed.variables[digit as usize] = true);
                        text.extend(['$', char::from_digit(digit, 10).expect("it was a digit")]);
                    }
                    rest = &rest[1..];
                }
                (Some('='), _) => text.push('$'),
                _ => text.push_str(key),
            }
        }
        text.push_str(rest);
        text
    }
}

/// The base template with `$=` replaced. A `$$` before a `=` is a dollar sign and an equals sign.
fn into_base(base: &str, text: &str) -> String {
    let mut whole = String::with_capacity(base.len() + text.len());
    let mut rest = base;
    while let Some(at) = rest.find('$') {
        let (before, behind) = rest.split_at(at);
        whole.push_str(before);
        let (sign, length) = if behind.starts_with("$=") {
            (text, 2)
        } else if behind.starts_with("$$") {
            ("$$", 2)
        } else {
            ("$", 1)
        };
        whole.push_str(sign);
        rest = &behind[length..];
    }
    whole.push_str(rest);
    whole
}
