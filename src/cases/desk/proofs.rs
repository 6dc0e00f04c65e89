//! Proofs and checks of removals: what asks DNS, what is mailed to postmasters, and what is found.
//!
//! Guarantees: nobody waits for DNS while holding the desk; a check without an answer is made again, and after the third
//! people decide.
//! Never: mails more than people.md allows; mails where nobody can send.

use super::{Desk, Fault, Sitting, removals::no_move, request_rows::request_row, standing::listed_inside};
use crate::{
    cases::{
        CodeError, Finding, Grounds, Id, NotYours, Obstacle, Secret, ShownProof, Task, Unanswered, Unfit, Wait,
        proof::{self, Mails},
        request::{Event, MailedCode, Request, State},
    },
    limits::{CASES_PIECE_ROWS, REQUEST_CHECK_AGAIN_SECONDS, REQUEST_CHECKS_MAX},
    list::{Duration, Key, Kind, ListSettings, Prefix, ProofKind, RemovalRule},
    store::CaseFamily,
};
use std::net::IpAddr;

/// What a check of a request found.
pub(super) enum Found {
    /// Something that moves it.
    Event(Event),
    /// No answer yet, and why.
    Silence(Box<str>),
    /// It takes its time: a test that waits, or whose messages may still arrive.
    Pending(Finding),
}

impl Desk {
    /// Somebody shows that the key of a request is theirs, or asks for the code.
    ///
    /// # Errors
    /// [`Fault::Unknown`], [`Fault::Forbidden`] with another secret, [`Fault::Invalid`] where nothing is shown,
    /// [`Fault::Conflict`] where no proof is lacking, [`Fault::Later`] where a mail was sent lately.
    pub async fn prove_removal(&self, id: Id, secret: &str, shown: ShownProof) -> Result<Request, Fault> {
        let sitting = self.sit().await;
        let request = sitting.request(id)?;
        if !request.secret.is(secret) {
            return Err(NotYours::Secret.into());
        }
        if !request.state.is_open() {
            return Err(Obstacle::NothingToProve(request.state).into());
        }
        let settings = self.list_settings(&request.list)?;
        // Before a code is mailed that could not count.
        sitting.may_prove(&settings, &request)?;
        drop(sitting);
        let kind = kind_of(&shown);
        if !self.proofs_at_hand(&settings).contains(&kind) {
            return Err(Unfit::ProofNotTaken(kind).into());
        }
        match shown {
            ShownProof::Address(from) => {
                let key = Key::parse(&request.key, settings.family());
                if !key.is_ok_and(|key| proof::comes_from(&key, from)) {
                    return Err(Unfit::Elsewhere { from, key: request.key }.into());
                }
            }
            ShownProof::RdnsTxt => self.txt_is_shown(&request).await?,
            ShownProof::AskForCode => return self.mail_code(&request).await,
            ShownProof::Code(told) => self.code_is_right(id, &told).await?,
        }
        self.proven(id, kind).await
    }

    async fn proven(&self, id: Id, kind: ProofKind) -> Result<Request, Fault> {
        let sitting = self.sit().await;
        // The check took its time: what holds is how the request stands now.
        let request = sitting.request(id)?;
        let settings = self.list_settings(&request.list)?;
        sitting.may_prove(&settings, &request)?;
        let next = sitting.happens(&request, Event::Proven(kind), "anyone").await?;
        self.look_soon();
        Ok(next)
    }

    async fn txt_is_shown(&self, request: &Request) -> Result<(), Fault> {
        let names = self.names_of(request).await?;
        let checks = self.checks().ok_or_else(no_resolver)?;
        let places: Vec<String> = names.iter().flat_map(|name| proof::txt_names(name)).collect();
        for place in &places {
            if proof::is_shown(&checks.texts(place).await.map_err(silent)?, &request.token) {
                return Ok(());
            }
        }
        let value = proof::txt_value(&request.token).into();
        Err(Unfit::NoTxt { value, places }.into())
    }

    /// The names of the address that lead back to it.
    async fn names_of(&self, request: &Request) -> Result<Vec<Box<str>>, Fault> {
        let address = address_of(&request.asked).ok_or(Unfit::NoAddress)?;
        let checks = self.checks().ok_or_else(no_resolver)?;
        let names = checks.confirmed_names(address).await.map_err(silent)?;
        if names.is_empty() {
            return Err(Unfit::NoName(address).into());
        }
        Ok(names)
    }

    async fn mail_code(&self, request: &Request) -> Result<Request, Fault> {
        let names = self.names_of(request).await?;
        let domain = names.iter().find_map(|name| proof::registered(name)).map(str::to_owned);
        let domain = domain.ok_or(Unfit::NoDomain)?;
        if self.settings().no_mail_to.iter().any(|opted| **opted == *domain) {
            return Err(Unfit::NoCodes(domain.into()).into());
        }
        let mut sitting = self.sit().await;
        let mut request = sitting.request(request.id)?;
        if !request.state.is_open() {
            return Err(no_move(crate::cases::NoMove(request.state)));
        }
        let (of_domain, of_day) = ([b"m", domain.as_bytes()].concat(), day_row(sitting.now.seconds()));
        let known: (Option<Mails>, Option<Mails>) =
            (sitting.read(CaseFamily::Request, &of_domain)?, sitting.read(CaseFamily::Request, &of_day)?);
        let (next_domain, next_day) = proof::count_mail(known.0, known.1, sitting.now)
            .map_err(|until| Fault::Later { why: Wait::CodeMailed(domain.as_str().into()), until })?;
        sitting.put(CaseFamily::Request, of_domain, &next_domain);
        sitting.put(CaseFamily::Request, of_day, &next_day);
        let code = proof::draw_code();
        sitting.send(self.letter(&request, &domain, &code));
        request.code =
            Some(MailedCode { domain: domain.into(), hash: Secret::hash_of(&code), at: sitting.now, wrong: 0 });
        sitting.put_unmoved(&request);
        sitting.commit().await?;
        Ok(request)
    }

    fn letter(&self, request: &Request, domain: &str, code: &str) -> Task {
        let url = &self.settings().public_url;
        let text = format!(
            "Hello,\n\nsomebody asked at {url} to take the address {} off the list \"{}\".\n\
             Its name in reverse DNS belongs to {domain}. If it was you, type this code on the page of the request:\n\n    \
             {code}\n\n    {url}/removals/{}\n\nIt is good for a day. If it was not you, do nothing: without the code the request \
             ends by itself.\nThere is at most one such mail a day for {domain}. Whoever wants none at all answers to this one.\n",
            request.asked, request.list, request.id
        );
        let subject = format!("Code for the removal of {} from a blocklist", request.asked);
        Task::Mail { to: format!("postmaster@{domain}").into(), subject: subject.into(), text: text.into() }
    }

    async fn code_is_right(&self, id: Id, told: &str) -> Result<(), Fault> {
        let mut sitting = self.sit().await;
        let mut request = sitting.request(id)?;
        match proof::is_code(request.code.as_ref(), told, sitting.now) {
            Err(CodeError::Wrong) => {
                if let Some(code) = &mut request.code {
                    code.wrong += 1;
                }
                sitting.put_unmoved(&request);
                sitting.commit().await?;
                Err(Unfit::Code(CodeError::Wrong).into())
            }
            other => Ok(other.map_err(Unfit::from)?),
        }
    }

    /// The same of a request as it stands now: it may have waited for its turn.
    pub(super) async fn check_named(&self, id: Id) -> Result<Found, Fault> {
        let octets = self.store().view().case(CaseFamily::Request, &request_row(id))?;
        let request: Request = super::value(CaseFamily::Request, &octets.ok_or(Fault::Unknown("request"))?)?;
        self.check_removal(&request).await
    }

    /// Looks at what a request in `checking` waits for. Takes as long as DNS and a mail server take, where it asks them.
    pub(super) async fn check_removal(&self, request: &Request) -> Result<Found, Fault> {
        let settings = self.list_settings(&request.list)?;
        match (settings.kind, request.rule) {
            _ if asks_server(&settings) => Ok(self.check_server(request).await),
            (Kind::Compromised, RemovalRule::Retest) => self.check_evidence(request),
            (Kind::Relay | Kind::Proxy, RemovalRule::Retest) => self.check_retest(request).await,
            _ => Ok(Found::Event(Event::Unchecked(Finding::NoTest))),
        }
    }

    async fn check_server(&self, request: &Request) -> Found {
        let (Some(checks), Some(address)) = (self.checks(), address_of(&request.asked)) else {
            return Found::Event(Event::Unchecked(Finding::NoReverseDns));
        };
        match checks.mail_server(address).await {
            Ok(Ok(_)) => Found::Event(Event::Passed),
            Ok(Err(unmet)) => Found::Event(Event::Failed(Finding::NoServer { unmet })),
            Err(Unanswered(detail)) => Found::Silence(detail.into()),
        }
    }

    /// A compromised machine is not tested: it is clean when nothing was reported since the repair.
    fn check_evidence(&self, request: &Request) -> Result<Found, Fault> {
        let view = self.store().view();
        let key = Key::parse_any(&request.key).ok();
        let held = match view.catalog().list_id(&request.list).zip(key) {
            Some((list, key)) => listed_inside(&view, list, &key)?,
            None => Vec::new(),
        };
        let repaired = request.repaired_at.unwrap_or_default();
        let newest = held.iter().map(|held| crate::change::last_seen(&held.entry, None)).max();
        Ok(Found::Event(match newest.filter(|seen| *seen > repaired) {
            Some(at) => Event::Failed(Finding::SeenAgain { at }),
            None => Event::Passed,
        }))
    }

    /// Puts what a check found.
    pub(super) async fn checked(&self, id: Id, found: Found) -> Result<(), Fault> {
        let mut sitting = self.sit().await;
        let mut request = sitting.request(id)?;
        if request.state != State::Checking {
            return Ok(());
        }
        match found {
            Found::Event(event) => sitting.happens(&request, event, "check").await.map(drop),
            Found::Silence(detail) if request.checks + 1 >= REQUEST_CHECKS_MAX => {
                let event = Event::Unchecked(Finding::SilenceAgain { detail });
                sitting.happens(&request, event, "check").await.map(drop)
            }
            // Looked at in each round: that asks nobody, and its end is not to be waited for.
            Found::Pending(why) if request.check_again.is_none() && request.why == Grounds::Found(why.clone()) => {
                Ok(())
            }
            Found::Pending(why) => {
                (request.why, request.check_again) = (why.into(), None);
                sitting.put_unmoved(&request);
                sitting.commit().await
            }
            Found::Silence(detail) => {
                request.checks += 1;
                request.why = Finding::Silence { detail }.into();
                request.check_again = Some(sitting.now.plus(Duration::from_seconds(REQUEST_CHECK_AGAIN_SECONDS)));
                sitting.put_unmoved(&request);
                sitting.commit().await
            }
        }
    }
}

/// Whether the checks of a list's requests ask DNS and a mail server.
pub(super) fn asks_server(settings: &ListSettings) -> bool {
    settings.kind == Kind::Dynamic
}

pub(super) fn day_row(seconds: u32) -> Vec<u8> {
    [b"d", &(seconds / 86_400).to_be_bytes()[..]].concat()
}

const fn kind_of(shown: &ShownProof) -> ProofKind {
    match shown {
        ShownProof::Address(_) => ProofKind::Address,
        ShownProof::RdnsTxt => ProofKind::RdnsTxt,
        ShownProof::AskForCode | ShownProof::Code(_) => ProofKind::Postmaster,
    }
}

/// The single address that was asked for.
pub(super) fn address_of(asked: &str) -> Option<IpAddr> {
    asked.parse::<Prefix>().ok().filter(|prefix| prefix.is_host()).map(Prefix::first)
}

fn silent(silence: Unanswered) -> Fault {
    Obstacle::Silence(silence).into()
}

fn no_resolver() -> Fault {
    Unfit::NoResolver.into()
}

impl Sitting {
    /// Whether a proof that a request waits for could count now: its key may have come back too often with proof.
    fn may_prove(&self, settings: &ListSettings, request: &Request) -> Result<(), Fault> {
        let waits = request.state == State::Proving;
        let locked = if waits { self.locked(settings, &request.key, true)? } else { None };
        locked.map_or(Ok(()), |until| Err(Fault::Later { why: Wait::LockedOut, until }))
    }

    /// Forgets mails that are too old to count.
    pub(super) fn forget_mails(&mut self) -> Result<(), Fault> {
        let before = self.now.minus(Duration::from_seconds(crate::limits::POSTMASTER_MAIL_SECONDS));
        let desk = self.desk().clone();
        let view = desk.store().view();
        for prefix in [b"m", b"d"] {
            let mut after = None;
            loop {
                let piece = view.cases_under(CaseFamily::Request, prefix, after.as_deref(), CASES_PIECE_ROWS)?;
                for (row, octets) in &piece {
                    let mails: Mails = super::value(CaseFamily::Request, octets)?;
                    if mails.last < before {
                        self.delete(CaseFamily::Request, row.clone());
                    }
                }
                after = piece.last().map(|(row, _)| row.clone());
                if piece.len() < CASES_PIECE_ROWS {
                    break;
                }
            }
        }
        Ok(())
    }
}
