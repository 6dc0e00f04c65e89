//! The engine: our `RequestHandler` of hickory-server. It can answer every query that [`Question`] reads, and it is the
//! specification of the common path.
//!
//! Guarantees: polled once on the calling thread, so there is no queue and nothing waits; a poll that does not finish
//! is an answer SERVFAIL, as is an encoding that fails.
//! Never: keeps a listing in a store of hickory's: it asks the snapshot as the common path does.

use super::answer::{failed, truncated};
use super::authority::{self, Glue, Ttls};
use super::counters::{Outcome, Verdict};
use super::question::Question;
use super::wire::{Rcode, ede, option};
use super::{Identity, records};
use crate::limits::UDP_PAYLOAD_MAX;
use crate::list::Serial;
use crate::snapshot::{Found, Snapshot, Zone};
use hickory_proto::op::{Edns, Header, HeaderCounts, Metadata, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption, NSIDPayload};
use hickory_proto::rr::{DNSClass, Name, Record, RecordType};
use hickory_proto::serialize::binary::BinEncoder;
use hickory_server::net::runtime::{Time, TokioTime};
use hickory_server::net::{NetError, xfer::Protocol};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::{MessageResponse, MessageResponseBuilder};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

/// Answers through the engine.
pub(super) fn answer(
    snapshot: &Arc<Snapshot>,
    identity: &Arc<Identity>,
    question: &Question<'_>,
    limit: usize,
    out: &mut Vec<u8>,
) -> Verdict {
    let verdict = |outcome, truncated| Verdict { outcome, truncated, by_engine: true };
    let plain = question.to_plain_query();
    // The engine knows nothing of its client: no answer depends on who asks.
    let nobody = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let Ok(request) = Request::from_bytes(plain.clone(), nobody, Protocol::Udp) else {
        failed(&plain, out);
        return verdict(Outcome::Failed, false);
    };
    let engine = Engine { snapshot: Arc::clone(snapshot), identity: Arc::clone(identity), outcome: OnceLock::new() };
    let sink = Sink::default();
    let octets = {
        let mut answering = pin!(engine.handle_request::<Sink, TokioTime>(&request, sink.clone()));
        match answering.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(_) => sink.take(),
            Poll::Pending => None,
        }
    };
    let (Some(octets), Some(outcome)) = (octets, engine.outcome.get()) else {
        failed(&plain, out);
        return verdict(Outcome::Failed, false);
    };
    if octets.len() > limit {
        truncated(question, Rcode::of_flags(octets[3]), out);
        return verdict(*outcome, true);
    }
    out.clear();
    out.extend_from_slice(&octets);
    verdict(*outcome, false)
}

/// The handler: one snapshot, who we are, and how the one request that it is made for was answered.
struct Engine {
    snapshot: Arc<Snapshot>,
    identity: Arc<Identity>,
    outcome: OnceLock<Outcome>,
}

/// Takes the one message of an answer as octets.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Option<Vec<u8>>>>);

impl Sink {
    fn take(&self) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait::async_trait]
impl ResponseHandler for Sink {
    async fn send_response<'a>(
        &mut self,
        response: MessageResponse<
            '_,
            'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
        >,
    ) -> Result<ResponseInfo, NetError> {
        let mut octets = Vec::with_capacity(usize::from(UDP_PAYLOAD_MAX));
        let mut encoder = BinEncoder::new(&mut octets);
        encoder.set_max_size(u16::MAX);
        let info = response.destructive_emit(&mut encoder)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(octets);
        Ok(info)
    }
}

/// What is answered, before it is encoded.
struct Answer {
    rcode: ResponseCode,
    authoritative: bool,
    answers: Vec<Record>,
    authorities: Vec<Record>,
    additional: Vec<Record>,
    error: Option<u16>,
    outcome: Outcome,
}

impl Answer {
    fn refused(rcode: ResponseCode, outcome: Outcome, error: Option<u16>) -> Self {
        let (answers, authorities, additional) = (Vec::new(), Vec::new(), Vec::new());
        Self { rcode, authoritative: false, answers, authorities, additional, error, outcome }
    }

    fn records(answers: Vec<Record>, outcome: Outcome) -> Self {
        let rcode = ResponseCode::NoError;
        Self { answers, authoritative: true, ..Self::refused(rcode, outcome, None) }
    }

    /// The SOA in the authority section (RFC 2308).
    fn negative(zone: &Place<'_>, rcode: ResponseCode, outcome: Outcome) -> Self {
        let authorities = vec![zone.soa(Ttls::of(zone.zone).negative)];
        Self { authorities, authoritative: true, ..Self::refused(rcode, outcome, None) }
    }

    /// The records, or NOERROR without data.
    fn records_or_none(answers: Vec<Record>, zone: &Place<'_>, outcome: Outcome) -> Self {
        if answers.is_empty() {
            return Self::negative(zone, ResponseCode::NoError, outcome);
        }
        Self::records(answers, outcome)
    }
}

/// A zone at its serial.
struct Place<'a> {
    zone: &'a Zone,
    serial: Serial,
    /// Its origin in the case of the question, as the common path points to it there.
    origin: Name,
}

impl<'a> Place<'a> {
    fn of(zone: &'a Zone, serial: Serial, asked: &Name) -> Self {
        let labels = zone.settings().origin.name().split('.').count();
        Self { zone, serial, origin: asked.trim_to(labels) }
    }

    fn soa(&self, ttl: u32) -> Record {
        records::soa(self.zone, &self.origin, self.serial, ttl)
    }
}

impl Engine {
    fn decide(&self, request: &Request) -> Answer {
        let [query] = request.queries.queries() else {
            return Answer::refused(ResponseCode::FormErr, Outcome::Malformed, None);
        };
        if request.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
            return Answer::refused(ResponseCode::BADVERS, Outcome::BadVersion, None);
        }
        let name = query.original().name();
        match query.query_class() {
            DNSClass::IN => self.decide_in_zone(name, query.query_type()),
            DNSClass::CH => self.decide_chaos(name, query.query_type()),
            _ => Answer::refused(ResponseCode::Refused, Outcome::Refused, None),
        }
    }

    fn decide_in_zone(&self, name: &Name, kind: RecordType) -> Answer {
        let wire = lower_wire(name);
        let Some((zone, relative)) = self.snapshot.zone_of(&wire) else {
            return Answer::refused(ResponseCode::Refused, Outcome::Refused, Some(ede::NOT_AUTHORITATIVE));
        };
        if matches!(kind, RecordType::AXFR | RecordType::IXFR) {
            return Answer::refused(ResponseCode::Refused, Outcome::Refused, Some(ede::NOT_SUPPORTED));
        }
        let place = &Place::of(zone, self.snapshot.zone_serial(zone), name);
        let labels = &wire[..relative];
        if labels.is_empty() {
            return apex(place, kind);
        }
        let glue = authority::glue(zone, labels);
        if let Glue::Itself(addresses) = glue {
            let records = records::addresses(name, addresses, kind, Ttls::of(zone).records);
            return Answer::records_or_none(records, place, Outcome::Apex);
        }
        match self.snapshot.find(zone, labels) {
            Found::Listed(listed) => {
                let answers = match kind {
                    RecordType::A | RecordType::ANY => records::codes(name, &listed),
                    RecordType::TXT => vec![records::text(name, &listed)],
                    _ => Vec::new(),
                };
                Answer::records_or_none(answers, place, Outcome::Listed)
            }
            Found::Above => Answer::negative(place, ResponseCode::NoError, Outcome::Above),
            // A name above the glue exists; one that is listed has its records besides.
            Found::Nothing if matches!(glue, Glue::Above) => {
                Answer::negative(place, ResponseCode::NoError, Outcome::Above)
            }
            Found::Nothing => Answer::negative(place, ResponseCode::NXDomain, Outcome::NotListed),
            Found::Apex => apex(place, kind),
        }
    }

    /// Who the server is (RFC 4892). Its version is nobody's concern.
    fn decide_chaos(&self, name: &Name, kind: RecordType) -> Answer {
        let lower = name.to_lowercase().to_ascii();
        let asks_who = matches!(lower.as_str(), "id.server." | "hostname.bind.");
        if asks_who && matches!(kind, RecordType::TXT | RecordType::ANY) && !self.identity.nsid().is_empty() {
            let record = records::chaos_text(name, self.identity.nsid());
            return Answer::records(vec![record], Outcome::Chaos);
        }
        Answer::refused(ResponseCode::Refused, Outcome::Refused, None)
    }

    /// The OPT record of the answer: there whenever the query had one.
    fn edns(&self, request: &Request, answer: &Answer) -> Option<Edns> {
        let asked = request.edns.as_ref()?;
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_PAYLOAD_MAX).set_dnssec_ok(asked.flags().dnssec_ok);
        let readable = asked.version() == 0;
        if readable && asked.option(EdnsCode::NSID).is_some() && !self.identity.nsid().is_empty() {
            let payload = NSIDPayload::new(self.identity.nsid()).expect("at most 64 octets");
            edns.options_mut().insert(EdnsOption::NSID(payload));
        }
        if let Some(error) = answer.error {
            edns.options_mut().insert(EdnsOption::Unknown(option::EDE, error.to_be_bytes().to_vec()));
        }
        Some(edns)
    }
}

/// What stands at the origin itself.
fn apex(place: &Place<'_>, kind: RecordType) -> Answer {
    let Place { zone, origin, .. } = place;
    let ttls = Ttls::of(zone);
    let settings = zone.settings();
    let addresses: Vec<IpAddr> =
        settings.a.iter().copied().map(IpAddr::from).chain(settings.aaaa.iter().copied().map(IpAddr::from)).collect();
    let answers = match kind {
        RecordType::SOA => vec![place.soa(ttls.soa)],
        // One RRset for ANY (RFC 8482 4.1): the addresses, else the SOA, which every apex has.
        RecordType::ANY if addresses.is_empty() => vec![place.soa(ttls.soa)],
        RecordType::NS => records::name_servers(zone, origin, ttls.records),
        RecordType::TXT => records::apex_texts(zone, origin, ttls.records),
        _ => records::addresses(origin, &addresses, kind, ttls.records),
    };
    let additional = if kind == RecordType::NS { records::glue(zone, ttls.records) } else { Vec::new() };
    Answer { additional, ..Answer::records_or_none(answers, place, Outcome::Apex) }
}

/// The name in wire form with its root, in lower case, as the snapshot takes it.
fn lower_wire(name: &Name) -> Vec<u8> {
    let mut wire = Vec::with_capacity(name.len() + 1);
    for label in name {
        wire.push(label.len() as u8);
        wire.extend(label.iter().map(u8::to_ascii_lowercase));
    }
    wire.push(0);
    wire
}

#[async_trait::async_trait]
impl RequestHandler for Engine {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut sink: R) -> ResponseInfo {
        let answer = self.decide(request);
        let edns = self.edns(request, &answer);
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.response_code = answer.rcode;
        metadata.authoritative = answer.authoritative;
        metadata.checking_disabled = false;
        let failed = ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() });
        let builder = MessageResponseBuilder::new(&request.queries, edns.as_ref());
        let (answers, authorities, additional) = (&answer.answers, &answer.authorities, &answer.additional);
        let message = builder.build(metadata, answers, authorities, [], additional);
        // One engine a request: it is empty.
        let _ = self.outcome.set(answer.outcome);
        sink.send_response(message).await.unwrap_or(failed)
    }
}

#[cfg(test)]
mod tests;
