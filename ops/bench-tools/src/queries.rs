//! The file of queries: one a line, `NAME TYPE OPT EXPECTED`, so that a run can be repeated and looked at.
//!
//! Guarantees: what is printed is read back the same.
//! Never: holds an id; that is the generator's.

use std::{fmt, fs, io, path::Path, str::FromStr};

use crate::wire::{self, Encoded};

/// The types that mail servers ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address: is it listed?
    A,
    /// A text: why?
    Txt,
}

/// The EDNS part of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opt {
    /// No OPT record.
    None,
    /// An OPT record without options.
    Plain,
    /// An OPT record with a client's COOKIE.
    Cookie,
}

/// What the data says the answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Records in the answer.
    Listed,
    /// None: not listed, or a name above an address.
    Clear,
}

/// One query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The whole name, the zone included.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Its EDNS part.
    pub opt: Opt,
    /// What must be answered.
    pub expect: Expect,
}

impl Kind {
    /// The number of the type, RFC 1035 3.2.2.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Txt => 16,
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::A => "A",
            Kind::Txt => "TXT",
        };
        let opt = match self.opt {
            Opt::None => "plain",
            Opt::Plain => "opt",
            Opt::Cookie => "cookie",
        };
        let expect = match self.expect {
            Expect::Listed => "listed",
            Expect::Clear => "clear",
        };
        write!(f, "{} {kind} {opt} {expect}", self.name)
    }
}

impl FromStr for Query {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let mut words = line.split_ascii_whitespace();
        let mut next = || words.next().ok_or_else(|| format!("not NAME TYPE OPT EXPECTED: {line}"));
        let name = next()?.to_owned();
        let kind = match next()? {
            "A" => Kind::A,
            "TXT" => Kind::Txt,
            other => return Err(format!("type {other} is none of A, TXT")),
        };
        let opt = match next()? {
            "plain" => Opt::None,
            "opt" => Opt::Plain,
            "cookie" => Opt::Cookie,
            other => return Err(format!("{other} is none of plain, opt, cookie")),
        };
        let expect = match next()? {
            "listed" => Expect::Listed,
            "clear" => Expect::Clear,
            other => return Err(format!("{other} is none of listed, clear")),
        };
        Ok(Self { name, kind, opt, expect })
    }
}

/// Reads a file of queries and encodes them.
pub fn read_encoded(path: &Path) -> io::Result<Vec<Encoded>> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
    let encoded: Vec<Encoded> = text
        .lines()
        .map(|line| {
            let query: Query = line.parse().map_err(wrong)?;
            wire::encode(&query).ok_or_else(|| wrong(format!("a label that cannot be encoded: {line}")))
        })
        .collect::<io::Result<_>>()?;
    if encoded.is_empty() { Err(wrong("no queries".into())) } else { Ok(encoded) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        for kind in [Kind::A, Kind::Txt] {
            for opt in [Opt::None, Opt::Plain, Opt::Cookie] {
                for expect in [Expect::Listed, Expect::Clear] {
                    let query = Query { name: "1.2.bl.test".into(), kind, opt, expect };
                    assert_eq!(query.to_string().parse(), Ok(query));
                }
            }
        }
    }

    #[test]
    fn a_line_that_is_no_query_says_why() {
        assert!("1.bl.test A".parse::<Query>().unwrap_err().contains("EXPECTED"));
        assert!("1.bl.test MX plain clear".parse::<Query>().unwrap_err().contains("MX"));
    }
}
