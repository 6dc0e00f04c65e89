//! The octets of a DNS message: the header, the values that we use, names in their wire form.
//!
//! Guarantees: what is written here is read by every resolver; writing a name that a configuration can hold cannot fail.
//! Never: decides what is answered.

use crate::snapshot::AnswerName;

/// Octets of a header (RFC 1035 4.1.1).
pub(super) const HEADER: usize = 12;

/// A standard query.
pub(super) const OPCODE_QUERY: u8 = 0;

/// Where the question's name stands, as a compression pointer.
pub(super) const POINTER_TO_QUESTION: [u8; 2] = [0xc0, HEADER as u8];

/// Octets of an OPT record without options: root, type, payload, TTL, length.
pub(super) const OPT: usize = 11;

/// Types of records and questions.
pub(super) mod kind {
    pub const A: u16 = 1;
    pub const SOA: u16 = 6;
    pub const TXT: u16 = 16;
    pub const SIG: u16 = 24;
    pub const OPT: u16 = 41;
    pub const TSIG: u16 = 250;
    pub const IXFR: u16 = 251;
    pub const AXFR: u16 = 252;
    pub const ANY: u16 = 255;
}

/// Classes. CH is the engine's.
pub(super) mod class {
    pub const IN: u16 = 1;
}

/// Options of EDNS.
pub(super) mod option {
    pub const NSID: u16 = 3;
    pub const EDE: u16 = 15;
}

/// Codes of Extended DNS Errors (RFC 8914).
pub(super) mod ede {
    /// The server is not authoritative for the name.
    pub const NOT_AUTHORITATIVE: u16 = 20;
    /// The type of question is not supported.
    pub const NOT_SUPPORTED: u16 = 21;
}

/// Response codes. Beyond four bits the rest goes into the OPT record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rcode {
    /// No error.
    NoError = 0,
    /// The message cannot be read.
    FormErr = 1,
    /// The server failed.
    ServFail = 2,
    /// The name does not exist.
    NxDomain = 3,
    /// The opcode is not known.
    NotImp = 4,
    /// Not for us.
    Refused = 5,
    /// A later version of EDNS.
    BadVers = 16,
}

impl Rcode {
    /// The code that the last octet of a header's flags carries.
    pub const fn of_flags(low: u8) -> Self {
        match low & 15 {
            0 => Self::NoError,
            1 => Self::FormErr,
            3 => Self::NxDomain,
            4 => Self::NotImp,
            5 => Self::Refused,
            _ => Self::ServFail,
        }
    }
}

/// The header of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Chosen by the client.
    pub id: [u8; 2],
    /// QR, opcode, AA, TC, RD; RA, Z, AD, CD, RCODE.
    pub flags: [u8; 2],
    /// Questions, answers, authorities, additional records.
    pub counts: [u16; 4],
}

impl Header {
    const QR: u8 = 0x80;
    const AA: u8 = 0x04;
    const TC: u8 = 0x02;
    const RD: u8 = 0x01;

    /// Reads the first twelve octets.
    pub fn read(message: &[u8]) -> Option<Self> {
        let octets: &[u8; HEADER] = message.first_chunk()?;
        let count = |at: usize| u16::from_be_bytes([octets[at], octets[at + 1]]);
        Some(Self {
            id: [octets[0], octets[1]],
            flags: [octets[2], octets[3]],
            counts: [count(4), count(6), count(8), count(10)],
        })
    }

    /// Whether the message is an answer.
    pub const fn is_answer(self) -> bool {
        self.flags[0] & Self::QR != 0
    }

    /// What is wanted.
    pub const fn opcode(self) -> u8 {
        (self.flags[0] >> 3) & 0x0f
    }

    /// The header of the answer: id and opcode kept, RD copied (RFC 1035 4.1.1), the rest ours. AD and CD are between
    /// those who validate (RFC 4035 3.2); we do not, and leave them 0.
    pub fn answer(self, rcode: Rcode, authority: Authority, counts: [u16; 4]) -> [u8; HEADER] {
        let said = match authority {
            Authority::None => 0,
            Authority::Ours => Self::AA,
            Authority::OursCut => Self::AA | Self::TC,
        };
        let first = Self::QR | (self.flags[0] & (0x78 | Self::RD)) | said;
        let mut octets = [self.id[0], self.id[1], first, rcode as u8 & 0x0f, 0, 0, 0, 0, 0, 0, 0, 0];
        for (place, count) in octets[4..].chunks_exact_mut(2).zip(counts) {
            place.copy_from_slice(&count.to_be_bytes());
        }
        octets
    }
}

/// Whether the zone is ours, and whether the answer was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    /// An error or a refusal.
    None,
    /// AA.
    Ours,
    /// AA and TC.
    OursCut,
}

/// A pointer to the octet `at` of the message.
pub(super) fn pointer(at: usize) -> [u8; 2] {
    (0xc000 | (at as u16 & 0x3fff)).to_be_bytes()
}

/// Appends a name of an answer; `origin` is where the zone's own name stands in the message.
pub(super) fn push_name(out: &mut Vec<u8>, name: &AnswerName, origin: usize) {
    out.extend_from_slice(name.labels());
    if name.in_zone() {
        out.extend_from_slice(&pointer(origin));
    } else {
        out.push(0);
    }
}
