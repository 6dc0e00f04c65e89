//! DNS messages, as far as a load generator needs them: queries encoded once, replies judged by their header.
//!
//! Guarantees: a query is what a resolver would send (RFC 1035, 6891, 7873); reading a reply never panics.
//! Never: decompresses names or reads records.

use crate::queries::{Expect, Opt, Query};

/// A DNS header.
const HEADER: usize = 12;
/// The longest label, RFC 1035 2.3.4.
const LONGEST_LABEL: usize = 63;
/// OPT: root name, type 41, a payload of 1,232 octets, no flags; then the length of its options.
const OPT: [u8; 9] = [0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0];
/// Option 10 (COOKIE) with the 8 octets of a client that has no server cookie yet, as its first query carries.
const COOKIE: [u8; 12] = [0, 10, 0, 8, 0x4d, 0x21, 0x93, 0xe7, 0x0b, 0x58, 0xca, 0x36];

/// A query as it goes out, but for its id, and what its answer must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The message; the first two octets are free for the id.
    pub octets: Vec<u8>,
    /// What the data says about it.
    pub expect: Expect,
}

/// Encodes a query; `None` where a label is empty or too long.
#[must_use]
pub fn encode(query: &Query) -> Option<Encoded> {
    let additional = u8::from(query.opt != Opt::None);
    let mut octets = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, additional];
    for label in query.name.trim_end_matches('.').split('.') {
        if label.is_empty() || label.len() > LONGEST_LABEL {
            return None;
        }
        octets.push(label.len() as u8);
        octets.extend_from_slice(label.as_bytes());
    }
    octets.push(0);
    octets.extend_from_slice(&query.kind.code().to_be_bytes());
    octets.extend_from_slice(&[0, 1]);
    match query.opt {
        Opt::None => {}
        Opt::Plain => octets.extend_from_slice(&[&OPT[..], &[0, 0]].concat()),
        Opt::Cookie => octets.extend_from_slice(&[&OPT[..], &[0, COOKIE.len() as u8], &COOKIE].concat()),
    }
    Some(Encoded { octets, expect: query.expect })
}

/// What the header of a reply says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// As in the query.
    pub id: u16,
    /// False for what an echo sends back.
    pub is_response: bool,
    /// 0 NOERROR, 3 NXDOMAIN, 5 REFUSED and so on.
    pub rcode: u8,
    /// Records in the answer section.
    pub answers: u16,
}

impl Reply {
    /// Reads the header; `None` where the datagram is shorter than one.
    #[must_use]
    pub fn read(datagram: &[u8]) -> Option<Self> {
        let header = datagram.get(..HEADER)?;
        Some(Self {
            id: u16::from_be_bytes([header[0], header[1]]),
            is_response: header[2] & 0x80 != 0,
            rcode: header[3] & 15,
            answers: u16::from_be_bytes([header[6], header[7]]),
        })
    }

    /// Does the reply agree with what the data says?
    #[must_use]
    pub fn agrees_with(self, expect: Expect) -> bool {
        self.is_response
            && match expect {
                Expect::Listed => self.rcode == 0 && self.answers > 0,
                Expect::Clear => (self.rcode == 3 || self.rcode == 0) && self.answers == 0,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queries::Kind;

    fn query(name: &str, opt: Opt) -> Query {
        Query { name: name.into(), kind: Kind::Txt, opt, expect: Expect::Listed }
    }

    #[test]
    fn a_plain_query_is_encoded_octet_for_octet() {
        let encoded = encode(&query("2.b.test.", Opt::None)).unwrap();
        let wanted = b"\0\0\0\0\0\x01\0\0\0\0\0\0\x012\x01b\x04test\0\0\x10\0\x01";
        assert_eq!(encoded.octets, wanted);
    }

    #[test]
    fn a_cookie_stands_in_an_opt_record_whose_lengths_are_right() {
        let plain = encode(&query("b.test", Opt::Plain)).unwrap().octets;
        let cookie = encode(&query("b.test", Opt::Cookie)).unwrap().octets;
        assert_eq!(plain[11], 1, "one additional record");
        assert_eq!(&plain[plain.len() - 2..], [0, 0]);
        assert_eq!(cookie.len(), plain.len() + 12);
        assert_eq!(&cookie[cookie.len() - 14..cookie.len() - 8], [0, 12, 0, 10, 0, 8]);
    }

    #[test]
    fn names_that_cannot_be_encoded_are_refused() {
        assert_eq!(encode(&query("a..test", Opt::None)), None);
        assert_eq!(encode(&query(&"x".repeat(64), Opt::None)), None);
        assert!(encode(&query(&"x".repeat(63), Opt::None)).is_some());
    }

    #[test]
    fn a_reply_is_judged_by_what_was_expected() {
        let nxdomain = Reply::read(&[0, 7, 0x84, 3, 0, 1, 0, 0, 0, 1, 0, 0]).unwrap();
        assert_eq!(nxdomain, Reply { id: 7, is_response: true, rcode: 3, answers: 0 });
        assert!(nxdomain.agrees_with(Expect::Clear));
        assert!(!nxdomain.agrees_with(Expect::Listed));
        let listed = Reply { rcode: 0, answers: 1, ..nxdomain };
        assert!(listed.agrees_with(Expect::Listed));
        assert!(!listed.agrees_with(Expect::Clear));
        assert!(!Reply { rcode: 5, ..nxdomain }.agrees_with(Expect::Clear), "REFUSED is no answer");
        assert!(!Reply { is_response: false, ..listed }.agrees_with(Expect::Listed), "an echo is no answer");
        assert_eq!(Reply::read(&[0; 11]), None);
    }
}
