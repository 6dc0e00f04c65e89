//! What a query asks: its name, type and class, and what its OPT record says. Read without allocating.
//!
//! Guarantees: the whole message is walked, once, in time linear in its length; a name in a question never points
//! elsewhere; pointers of other records are stepped over, never followed, so no loop exists. What is left over at the
//! end, a second OPT, an OPT whose owner is not the root, an option that runs out of its record, and a signature (we
//! hold no keys, RFC 8945 5.2) are malformed.
//! Never: looks at what a record other than OPT contains.

use super::wire::{HEADER, Header, kind, option};
use crate::limits::{UDP_PAYLOAD_MAX, UDP_PAYLOAD_MIN};
use arrayvec::ArrayVec;

/// Octets of the longest name, with its root.
const NAME_MAX: usize = 255;

/// What a query asks.
#[derive(Clone, Debug)]
pub(super) struct Question<'m> {
    /// Its header.
    pub header: Header,
    /// Name, type and class as they came, to be echoed.
    pub octets: &'m [u8],
    /// The type asked for.
    pub kind: u16,
    /// The class asked in.
    pub class: u16,
    /// What the OPT record says; `None` without one.
    pub edns: Option<Edns>,
}

/// What an OPT record says (RFC 6891).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edns {
    /// Octets of the longest answer over UDP that the client takes, between our own bounds.
    pub payload: u16,
    /// Only 0 is known.
    pub version: u8,
    /// DO: copied.
    pub dnssec_ok: bool,
    /// Whether the name of the server is asked for (RFC 5001).
    pub nsid: bool,
}

/// A message that cannot be read, and as much of it as could be: that much is echoed with FORMERR.
#[derive(Clone, Copy, Debug)]
pub(super) struct Malformed<'m> {
    /// The question, if it was readable.
    pub octets: Option<&'m [u8]>,
    /// The first OPT record, if it was readable.
    pub edns: Option<Edns>,
}

impl<'m> Question<'m> {
    /// Reads a message whose header has passed the screen.
    pub fn read(message: &'m [u8], header: Header) -> Result<Self, Malformed<'m>> {
        let mut malformed = Malformed { octets: None, edns: None };
        let after_name = name_end(message).ok_or(malformed)?;
        let (kind, class) = message[after_name..].first_chunk().copied().map(two_numbers).ok_or(malformed)?;
        let end = after_name + 4;
        malformed.octets = Some(&message[HEADER..end]);

        let mut rest = Rest { message, at: end, edns: None };
        let readable = rest.walk(header, kind);
        if readable.is_none() || rest.at != message.len() {
            return Err(Malformed { edns: rest.edns, ..malformed });
        }
        Ok(Self { header, octets: &message[HEADER..end], kind, class, edns: rest.edns })
    }

    /// The name in wire form with its root, in lower case. Length octets are below `A` and stay as they are. Made only where
    /// it is wanted: carried along, its 255 octets would be copied from hand to hand.
    pub fn lower_name(&self) -> ArrayVec<u8, NAME_MAX> {
        let (name, _) = self.octets.split_at(self.octets.len() - 4);
        let mut lower: ArrayVec<u8, NAME_MAX> = name.try_into().expect("a name was read, of at most 255 octets");
        lower.make_ascii_lowercase();
        lower
    }

    /// The query again, without what has no bearing on the answer: what the engine is fed with.
    pub fn to_plain_query(&self) -> Vec<u8> {
        let mut plain = Vec::with_capacity(HEADER + self.octets.len() + 15);
        plain.extend_from_slice(&self.header.id);
        plain.extend_from_slice(&self.header.flags);
        plain.extend_from_slice(&[0, 1, 0, 0, 0, 0, 0, u8::from(self.edns.is_some())]);
        plain.extend_from_slice(self.octets);
        if let Some(edns) = self.edns {
            let [high, low] = edns.payload.to_be_bytes();
            let dnssec_ok = u8::from(edns.dnssec_ok) << 7;
            plain.extend_from_slice(&[0, 0, kind::OPT as u8, high, low, 0, edns.version, dnssec_ok, 0, 0]);
            plain.extend_from_slice(if edns.nsid { &[4, 0, option::NSID as u8, 0, 0] } else { &[0] });
        }
        plain
    }
}

fn two_numbers(octets: [u8; 4]) -> (u16, u16) {
    (u16::from_be_bytes([octets[0], octets[1]]), u16::from_be_bytes([octets[2], octets[3]]))
}

/// Where the question's name ends. Labels only: nothing stands before it that it could point to.
fn name_end(message: &[u8]) -> Option<usize> {
    let mut at = HEADER;
    loop {
        match *message.get(at)? {
            0 => return (at + 1 - HEADER <= NAME_MAX).then_some(at + 1),
            length @ 1..=63 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
}

/// The OPT of a message that is no query of ours, whatever it carries: who speaks EDNS is answered so (RFC 6891 6.1.1).
pub(super) fn edns_anywhere(message: &[u8]) -> Option<Edns> {
    let [questions, records @ ..] = Header::read(message)?.counts;
    let mut rest = Rest { message, at: HEADER, edns: None };
    // Each step goes on by some octets, so the message bounds them, whatever its counts say.
    for _ in 0..questions {
        rest.owner()?;
        rest.at += 4;
    }
    for _ in 0..records.into_iter().map(u32::from).sum() {
        let at_root = message.get(rest.at) == Some(&0);
        let (kind, fixed, _) = rest.record()?;
        if kind == kind::OPT && at_root {
            return Some(Edns::from_fixed(fixed));
        }
    }
    None
}

/// What follows the question.
struct Rest<'m> {
    message: &'m [u8],
    at: usize,
    edns: Option<Edns>,
}

impl Rest<'_> {
    /// Walks the records. `None` where they are malformed.
    fn walk(&mut self, header: Header, asked: u16) -> Option<()> {
        let [_, _, authorities, additional] = header.counts;
        if authorities > 0 {
            // The SOA that the client has; only a request for what changed since carries one.
            if asked != kind::IXFR {
                return None;
            }
            self.record()?;
        }
        for _ in 0..additional {
            let start = self.at;
            let (found, fixed, data) = self.record()?;
            match found {
                kind::OPT if self.edns.is_some() || self.message[start] != 0 => return None,
                kind::OPT => {
                    let edns = Edns::from_fixed(fixed);
                    self.edns = Some(edns);
                    // A later version may have options of another form.
                    if edns.version == 0 {
                        let nsid = asks_for_nsid(&self.message[data..self.at])?;
                        self.edns = Some(Edns { nsid, ..edns });
                    }
                }
                kind::TSIG | kind::SIG => return None,
                _ => {}
            }
        }
        Some(())
    }

    /// Steps over one record: its type, its class and TTL, where its data begins.
    fn record(&mut self) -> Option<(u16, [u8; 6], usize)> {
        self.owner()?;
        let fixed: &[u8; 10] = self.message.get(self.at..)?.first_chunk()?;
        let [k1, k2, c1, c2, t1, t2, t3, t4, l1, l2] = *fixed;
        let data = self.at + fixed.len();
        self.at = data + usize::from(u16::from_be_bytes([l1, l2]));
        (self.at <= self.message.len()).then_some((u16::from_be_bytes([k1, k2]), [c1, c2, t1, t2, t3, t4], data))
    }

    /// Steps over an owner's name. A pointer ends it; it has to point backwards.
    fn owner(&mut self) -> Option<()> {
        let start = self.at;
        loop {
            let length = *self.message.get(self.at)?;
            match length {
                0 => self.at += 1,
                1..=63 => {
                    self.at += 1 + usize::from(length);
                    continue;
                }
                0xc0.. => {
                    let low = *self.message.get(self.at + 1)?;
                    let target = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                    if !(HEADER..start).contains(&target) {
                        return None;
                    }
                    self.at += 2;
                }
                _ => return None,
            }
            return (self.at - start <= NAME_MAX).then_some(());
        }
    }
}

impl Edns {
    /// From class and TTL of the OPT record: payload; extended RCODE, version, flags.
    fn from_fixed([high, low, _, version, flags, _]: [u8; 6]) -> Self {
        let payload = u16::from_be_bytes([high, low]).clamp(UDP_PAYLOAD_MIN, UDP_PAYLOAD_MAX);
        Self { payload, version, dnssec_ok: flags & 0x80 != 0, nsid: false }
    }
}

/// Walks the options; `None` where one runs out of the record.
fn asks_for_nsid(mut options: &[u8]) -> Option<bool> {
    let mut nsid = false;
    while !options.is_empty() {
        let (code, length) = options.first_chunk().copied().map(two_numbers)?;
        nsid |= code == option::NSID;
        options = options.get(4 + usize::from(length)..)?;
    }
    Some(nsid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAME: &[u8] = b"\x012\x010\x010\x03127\x02bL\x04TEST\x00";
    const A_IN: &[u8] = &[0, 1, 0, 1];

    fn message(authorities: u16, additional: u16, parts: &[&[u8]]) -> Vec<u8> {
        let mut message = vec![0xab, 0xcd, 1, 0];
        message.extend([1, 0, authorities, additional].into_iter().flat_map(u16::to_be_bytes));
        message.extend(parts.concat());
        message
    }

    fn read(message: &[u8]) -> Result<Question<'_>, Malformed<'_>> {
        Question::read(message, Header::read(message).unwrap())
    }

    fn opt(options: &[u8]) -> Vec<u8> {
        let mut record = vec![0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0];
        record.extend((options.len() as u16).to_be_bytes());
        record.extend_from_slice(options);
        record
    }

    #[test]
    fn a_question_is_read_with_its_case_kept_and_its_name_lowered() {
        let message = message(0, 1, &[NAME, A_IN, &opt(&[0, 10, 0, 2, 1, 2, 0, 3, 0, 0])]);
        let question = read(&message).unwrap();
        assert_eq!(question.lower_name()[..], *b"\x012\x010\x010\x03127\x02bl\x04test\x00");
        assert_eq!((question.kind, question.class), (kind::A, 1));
        assert_eq!(&question.octets[..NAME.len()], NAME);
        let edns = Edns { payload: 1232, version: 0, dnssec_ok: true, nsid: true };
        assert_eq!(question.edns, Some(edns));
        let plain = question.to_plain_query();
        let again = read(&plain).unwrap();
        assert_eq!((again.octets, again.edns), (question.octets, question.edns));
    }

    #[test]
    fn a_payload_is_held_between_512_and_1232() {
        for (said, taken) in [(0, 512), (511, 512), (512, 512), (900, 900), (1232, 1232), (4096, 1232), (65535, 1232)] {
            let mut record = opt(&[]);
            record[3..5].copy_from_slice(&u16::to_be_bytes(said));
            let message = message(0, 1, &[NAME, A_IN, &record]);
            assert_eq!(read(&message).unwrap().edns.unwrap().payload, taken);
        }
    }

    #[test]
    fn what_no_client_sends_is_malformed() {
        let root_a: &[u8] = &[0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0];
        let with_owner = [&b"\x01a"[..], &opt(&[])].concat();
        let tsig: &[u8] = &[0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 0];
        let forward: &[u8] = &[0xc0, 40, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0];
        let to_itself: &[u8] = &[0xc0, 35, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0];
        let into_header: &[u8] = &[0xc0, 4, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0];
        let cases: [(&str, Vec<u8>); 15] = [
            ("left over", message(0, 0, &[NAME, A_IN, &[0]])),
            ("no room for the type", message(0, 0, &[NAME, &A_IN[..3]])),
            ("pointer in the question", message(0, 0, &[&[0xc0, 12], A_IN])),
            ("label type 0x40", message(0, 0, &[&[0x41, 0], A_IN])),
            ("label type 0x80", message(0, 0, &[&[0x81, 0], A_IN])),
            ("a name of 256 octets", message(0, 0, &[&[15; 16 * 15], &[14; 15], &[0], A_IN])),
            ("two OPT", message(0, 2, &[NAME, A_IN, &opt(&[]), &opt(&[])])),
            ("OPT below a name", message(0, 1, &[NAME, A_IN, &with_owner])),
            ("an option beyond its record", message(0, 1, &[NAME, A_IN, &opt(&[0, 10, 0, 9, 1])])),
            ("half an option", message(0, 1, &[NAME, A_IN, &opt(&[0, 10, 0])])),
            ("data beyond the message", message(0, 1, &[NAME, A_IN, &[0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 1]])),
            ("a record announced and not there", message(0, 1, &[NAME, A_IN])),
            ("a signature", message(0, 1, &[NAME, A_IN, tsig])),
            ("an authority that is no IXFR's", message(1, 0, &[NAME, A_IN, root_a])),
            ("a pointer forwards", message(0, 1, &[NAME, A_IN, forward])),
        ];
        for (case, message) in cases {
            assert!(read(&message).is_err(), "{case}");
        }
        for owner in [to_itself, into_header] {
            let message = message(0, 1, &[NAME, A_IN, owner]);
            assert!(read(&message).is_err());
        }
        assert!(read(&message(0, 2, &[NAME, A_IN, root_a, &opt(&[])])).is_ok(), "an A beside the OPT is left alone");
        let ixfr = message(1, 0, &[NAME, &[0, 251, 0, 1], &[0xc0, 20, 0, 6, 0, 1, 0, 0, 0, 0, 0, 0]]);
        assert!(read(&ixfr).is_ok(), "an IXFR says what it has");
    }

    #[test]
    fn what_could_be_read_of_a_malformed_message_is_kept_for_the_answer() {
        let message = message(0, 2, &[NAME, A_IN, &opt(&[]), &opt(&[])]);
        let malformed = read(&message).unwrap_err();
        assert_eq!(malformed.octets.unwrap().len(), NAME.len() + 4);
        assert_eq!(malformed.edns.unwrap().payload, 1232);
    }

    proptest! {
        #[test]
        fn no_octets_end_the_reader(mut octets in proptest::collection::vec(any::<u8>(), 12..300), counts in any::<bool>()) {
            if counts {
                octets[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 1]);
            }
            let _ = read(&octets);
        }
    }

    #[test]
    fn an_opt_is_found_in_what_is_no_query_too() {
        const OPT: &[u8] = &[0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0];
        const SOA: &[u8] = &[0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 1, 0];
        for (counts, parts) in [
            ([1, 0, 0, 1], vec![NAME, A_IN, OPT]),
            ([1, 1, 0, 1], vec![NAME, A_IN, SOA, OPT]),
            ([0, 0, 0, 1], vec![OPT]),
            ([2, 0, 0, 1], vec![NAME, A_IN, NAME, A_IN, OPT]),
            ([1, 0, 0, 2], vec![NAME, A_IN, SOA, OPT]),
        ] {
            let counts: Vec<u8> = counts.into_iter().flat_map(u16::to_be_bytes).collect();
            let message = [&[0xab, 0xcd, 0x20, 0][..], &counts, &parts.concat()].concat();
            assert_eq!(edns_anywhere(&message).unwrap().payload, 1_232, "{message:?}");
            assert_eq!(edns_anywhere(&message[..message.len() - 1]), None);
            let mut answer = Vec::new();
            super::super::answer::bare(
                &message,
                super::super::wire::Rcode::NotImp,
                edns_anywhere(&message),
                &mut answer,
            );
            assert_eq!((answer.len(), &answer[3..15]), (23, &[4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 41][..]));
        }
        // Counts that promise more than there is end the search.
        assert_eq!(edns_anywhere(&[&[0xab, 0xcd, 0x20, 0][..], &[0xff; 8]].concat()), None);
    }

    proptest! {
        #[test]
        fn the_search_for_an_opt_ends(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = edns_anywhere(&octets);
        }
    }
}
