//! The first look at a message: its header alone decides whether it is dropped, answered at once, or read on.
//!
//! Guarantees: an answer (QR=1) and anything shorter than a header gets nothing, so that two servers never talk to each
//! other in a loop; what the header alone makes wrong is answered with a header alone, never longer than what came.
//! Never: reads beyond the first twelve octets.

use super::counters::Outcome;
use super::wire::{self, Header, Rcode};

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Screened {
    /// Nothing is sent.
    Drop,
    /// A bare header is sent.
    Bare(Rcode, Outcome),
    /// The question is read.
    Read(Header),
}

/// Additional records that are looked at: an OPT, and one that is left alone.
const ADDITIONAL_MAX: u16 = 2;

/// Decides by the header.
pub(super) fn screen(message: &[u8]) -> Screened {
    let Some(header) = Header::read(message) else {
        return Screened::Drop;
    };
    if header.is_answer() {
        return Screened::Drop;
    }
    if header.opcode() != wire::OPCODE_QUERY {
        return Screened::Bare(Rcode::NotImp, Outcome::NotImplemented);
    }
    // One question (RFC 9619) and no records that a query cannot have; an IXFR carries the SOA it has (RFC 1995).
    let [questions, answers, authorities, additional] = header.counts;
    if questions != 1 || answers != 0 || authorities > 1 || additional > ADDITIONAL_MAX {
        return Screened::Bare(Rcode::FormErr, Outcome::Malformed);
    }
    Screened::Read(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(flags: u16, counts: [u16; 4]) -> Vec<u8> {
        let mut message = vec![0xab, 0xcd];
        message.extend(flags.to_be_bytes());
        message.extend(counts.into_iter().flat_map(u16::to_be_bytes));
        message
    }

    #[test]
    fn less_than_a_header_and_every_answer_get_nothing() {
        let whole = header(0, [1, 0, 0, 0]);
        for length in 0..12 {
            assert_eq!(screen(&whole[..length]), Screened::Drop, "{length}");
        }
        for flags in 0x8000..=0xffff {
            assert_eq!(screen(&header(flags, [1, 0, 0, 0])), Screened::Drop, "{flags:x}");
        }
    }

    #[test]
    fn other_opcodes_are_not_implemented_whatever_they_carry() {
        for opcode in 1..16 {
            for counts in [[0; 4], [1, 0, 0, 0], [9, 9, 9, 9]] {
                let screened = screen(&header(opcode << 11, counts));
                assert_eq!(screened, Screened::Bare(Rcode::NotImp, Outcome::NotImplemented));
            }
        }
    }

    #[test]
    fn counts_that_no_query_has_are_malformed() {
        for counts in [[0, 0, 0, 0], [2, 0, 0, 0], [1, 1, 0, 0], [1, 0, 2, 0], [1, 0, 0, 3], [0xffff; 4]] {
            assert_eq!(screen(&header(0x0100, counts)), Screened::Bare(Rcode::FormErr, Outcome::Malformed));
        }
        for counts in [[1, 0, 0, 0], [1, 0, 0, 2], [1, 0, 1, 0]] {
            assert!(matches!(screen(&header(0x0100, counts)), Screened::Read(_)));
        }
    }
}
