//! The common path: what real resolvers ask, answered in place.
//!
//! Guarantees: nothing is allocated as long as the buffer holds the answer; every answer is what the engine would have
//! said (a property test holds it to that). An answer that does not fit goes out empty with TC set.
//! Never: answers for ANY, AXFR, IXFR, an apex, glue, class CH or NSID; those are the engine's.

use super::authority::{self, Glue, Ttls};
use super::counters::{Outcome, Verdict};
use super::question::{Edns, Malformed, Question};
use super::wire::{self, Authority, HEADER, Header, OPT, POINTER_TO_QUESTION, Rcode, class, ede, kind, option};
use crate::limits::UDP_PAYLOAD_MAX;
use crate::snapshot::{Found, Listed, Snapshot, Zone};
use arrayvec::ArrayVec;

/// A bare header: what is said to a message whose header is all that was read; with an OPT, where it has one.
pub(super) fn bare(message: &[u8], rcode: Rcode, edns: Option<Edns>, out: &mut Vec<u8>) {
    if let Some(header) = Header::read(message) {
        out.clear();
        out.extend_from_slice(&header.answer(rcode, Authority::None, [0, 0, 0, u16::from(edns.is_some())]));
        push_opt(out, edns, rcode, None);
    }
}

/// FORMERR with as much of the message as could be read, so that the client knows its question and that EDNS is spoken.
pub(super) fn malformed(header: Header, malformed: Malformed<'_>, out: &mut Vec<u8>) {
    let counts = [u16::from(malformed.octets.is_some()), 0, 0, u16::from(malformed.edns.is_some())];
    out.clear();
    out.extend_from_slice(&header.answer(Rcode::FormErr, Authority::None, counts));
    out.extend_from_slice(malformed.octets.unwrap_or_default());
    push_opt(out, malformed.edns, Rcode::FormErr, None);
}

/// Answers, or leaves it to the engine.
pub(super) fn common(snapshot: &Snapshot, question: &Question<'_>, limit: usize, out: &mut Vec<u8>) -> Option<Verdict> {
    if question.class != class::IN || question.edns.is_some_and(|edns| edns.nsid) {
        return None;
    }
    let mut answer = Answer { snapshot, question, limit, out };
    if question.edns.is_some_and(|edns| edns.version > 0) {
        return Some(answer.without_records(Rcode::BadVers, Outcome::BadVersion, None));
    }
    let name = question.lower_name();
    let Some((zone, relative)) = snapshot.zone_of(&name) else {
        return Some(answer.without_records(Rcode::Refused, Outcome::Refused, Some(ede::NOT_AUTHORITATIVE)));
    };
    if relative == 0 || matches!(question.kind, kind::ANY | kind::AXFR | kind::IXFR) {
        return None;
    }
    let labels = &name[..relative];
    if !matches!(authority::glue(zone, labels), Glue::Elsewhere) {
        return None;
    }
    match snapshot.find(zone, labels) {
        Found::Listed(listed) => Some(match question.kind {
            kind::A => answer.addresses(&listed),
            kind::TXT => answer.text(&listed),
            _ => answer.negative(zone, relative, Rcode::NoError, Outcome::Listed),
        }),
        Found::Above => Some(answer.negative(zone, relative, Rcode::NoError, Outcome::Above)),
        Found::Nothing => Some(answer.negative(zone, relative, Rcode::NxDomain, Outcome::NotListed)),
        Found::Apex => None,
    }
}

/// Where one answer is put together.
struct Answer<'a, 'm> {
    snapshot: &'a Snapshot,
    question: &'a Question<'m>,
    limit: usize,
    out: &'a mut Vec<u8>,
}

impl Answer<'_, '_> {
    /// The question without records, and one Extended DNS Error where there is an OPT to hold it.
    fn without_records(&mut self, rcode: Rcode, outcome: Outcome, error: Option<u16>) -> Verdict {
        self.open();
        push_opt(self.out, self.question.edns, rcode, error);
        self.close(rcode, Authority::None, [0, 0], outcome)
    }

    fn addresses(&mut self, listed: &Listed<'_>) -> Verdict {
        self.open();
        let [t1, t2, t3, t4] = listed.ttl().to_be_bytes();
        let [p1, p2] = POINTER_TO_QUESTION;
        let mut count = 0;
        for code in listed.codes() {
            let [a, b, c, d] = code.rdata();
            let record = [p1, p2, 0, kind::A as u8, 0, class::IN as u8, t1, t2, t3, t4, 0, 4, a, b, c, d];
            self.out.extend_from_slice(&record);
            count += 1;
        }
        push_opt(self.out, self.question.edns, Rcode::NoError, None);
        self.close(Rcode::NoError, Authority::Ours, [count, 0], Outcome::Listed)
    }

    fn text(&mut self, listed: &Listed<'_>) -> Verdict {
        self.open();
        let mut text = ArrayVec::<u8, 255>::new();
        listed.text(&mut text);
        self.out.extend_from_slice(&POINTER_TO_QUESTION);
        self.out.extend_from_slice(&[0, kind::TXT as u8, 0, class::IN as u8]);
        self.out.extend_from_slice(&listed.ttl().to_be_bytes());
        self.out.extend_from_slice(&(text.len() as u16 + 1).to_be_bytes());
        self.out.push(text.len() as u8);
        self.out.extend_from_slice(&text);
        push_opt(self.out, self.question.edns, Rcode::NoError, None);
        self.close(Rcode::NoError, Authority::Ours, [1, 0], Outcome::Listed)
    }

    /// The SOA alone: NXDOMAIN, or NOERROR without data.
    fn negative(&mut self, zone: &Zone, relative: usize, rcode: Rcode, outcome: Outcome) -> Verdict {
        let serial = self.snapshot.zone_serial(zone);
        self.open();
        let ttls = Ttls::of(zone);
        let origin = HEADER + relative;
        self.out.extend_from_slice(&wire::pointer(origin));
        self.out.extend_from_slice(&[0, kind::SOA as u8, 0, class::IN as u8]);
        self.out.extend_from_slice(&ttls.negative.to_be_bytes());
        let length_at = self.out.len();
        self.out.extend_from_slice(&[0, 0]);
        wire::push_name(self.out, zone.primary(), origin);
        wire::push_name(self.out, zone.mailbox(), origin);
        for number in [serial.0 as u32, authority::REFRESH, authority::RETRY, authority::EXPIRE, ttls.minimum] {
            self.out.extend_from_slice(&number.to_be_bytes());
        }
        let length = (self.out.len() - length_at - 2) as u16;
        self.out[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
        push_opt(self.out, self.question.edns, rcode, None);
        self.close(rcode, Authority::Ours, [0, 1], outcome)
    }

    /// Room for the header, and the question as it came.
    fn open(&mut self) {
        self.out.clear();
        self.out.extend_from_slice(&[0; HEADER]);
        self.out.extend_from_slice(self.question.octets);
    }

    /// Writes the header once the numbers of answers and authorities are known.
    fn close(&mut self, rcode: Rcode, authority: Authority, records: [u16; 2], outcome: Outcome) -> Verdict {
        if self.out.len() > self.limit {
            truncated(self.question, rcode, self.out);
            return Verdict { outcome, truncated: true, by_engine: false };
        }
        let counts = [1, records[0], records[1], u16::from(self.question.edns.is_some())];
        self.out[..HEADER].copy_from_slice(&self.question.header.answer(rcode, authority, counts));
        Verdict::common(outcome)
    }
}

/// The answer that did not fit: question, OPT, TC (RFC 2181 9). The client asks again over TCP.
pub(super) fn truncated(question: &Question<'_>, rcode: Rcode, out: &mut Vec<u8>) {
    out.clear();
    let counts = [1, 0, 0, u16::from(question.edns.is_some())];
    out.extend_from_slice(&question.header.answer(rcode, Authority::OursCut, counts));
    out.extend_from_slice(question.octets);
    push_opt(out, question.edns, rcode, None);
}

/// SERVFAIL to a message that was readable up to its header.
pub(super) fn failed(message: &[u8], out: &mut Vec<u8>) {
    bare(message, Rcode::ServFail, None, out);
}

/// The OPT record of an answer, if the query had one: our payload, the upper bits of the code, version 0, DO as it came.
fn push_opt(out: &mut Vec<u8>, edns: Option<Edns>, rcode: Rcode, error: Option<u16>) {
    let Some(edns) = edns else { return };
    let [high, low] = UDP_PAYLOAD_MAX.to_be_bytes();
    let upper = rcode as u8 >> 4;
    let dnssec_ok = u8::from(edns.dnssec_ok) << 7;
    let octets: [u8; OPT] = [0, 0, kind::OPT as u8, high, low, upper, 0, dnssec_ok, 0, 0, 0];
    out.extend_from_slice(&octets);
    if let Some(error) = error {
        let [high, low] = error.to_be_bytes();
        if let Some(length) = out.last_mut() {
            *length = 6;
        }
        out.extend_from_slice(&[0, option::EDE as u8, 0, 2, high, low]);
    }
}
