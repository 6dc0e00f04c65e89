//! Retests at the desk: who asks, which is next, what was seen, what arrived.
//!
//! Guarantees: a retest's move, the change of the list that follows and the rows by which it is found are one commit; for one
//! key of a list there is one retest, whoever asks; whoever asks gets the same answer, whether there will be a test or not.
//! Never: connects to a target; says to who asks for a test why there is none.

use super::{
    Desk, Entries, Sitting,
    course::wider_listing,
    proofs::{Found, address_of},
    read_row,
    retest_rows::{Evidence, FAMILY, Named, id_at_end, row, same_key},
    standing::listed_over,
    value,
};
use crate::{
    cases::{
        Fault, Finding, Id, Obstacle, OwnReason, Unfit,
        request::{Event as Moves, Request, State as Stand},
        retest::{
            Admission, Asker, Event, Judgement, Known, Observed, Outcome, Protocol, Retest, State, Suspicion, Terms,
            Token, Variant, admit,
        },
    },
    change::{Actor, What},
    limits::{CASES_PIECE_ROWS, RETEST_EVIDENCE_OCTETS_MAX, RETEST_REFUSED_SHOWN_MAX},
    list::{
        Detail, Duration, Key, Kind, ListName, ListSettings, Mark, NewEntry, Prefix, RemovalRule, SourceName, Time,
    },
};
use std::{
    collections::{HashSet, VecDeque},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// What the configuration says about retests.
#[derive(Clone, Debug, PartialEq)]
pub struct RetestSettings {
    /// The terms of "clean".
    pub terms: Terms,
    /// The bounds.
    pub bounds: crate::cases::retest::Bounds,
    /// Where proxies are looked for.
    pub proxy_ports: Vec<(Protocol, u16)>,
    /// How long transcripts are kept.
    pub keep_transcripts: Duration,
}

/// A test to be made.
#[derive(Clone, Debug)]
pub struct Order {
    /// Of which retest.
    pub id: Id,
    /// The target.
    pub address: IpAddr,
    /// For what.
    pub kind: Suspicion,
    /// The trials, each with its token.
    pub trials: Vec<(Variant, Token)>,
    /// When it began.
    pub at: Time,
}

/// What was asked and not taken: shown as "not-tested" to who knows the id, for a while.
#[derive(Debug, Default)]
pub struct Declined(Mutex<VecDeque<Retest>>);

impl Declined {
    fn add(&self, retest: Retest) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= RETEST_REFUSED_SHOWN_MAX {
            all.pop_front();
        }
        all.push_back(retest);
    }

    fn find(&self, id: Id) -> Option<Retest> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|retest| retest.id == id).cloned()
    }
}

/// The next test of a machine that has had its test of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextTest {
    /// Not before then.
    pub at: Time,
    /// Whether it is made at once for who shows that the address is theirs.
    pub sooner: bool,
}

/// What a kind of list is suspected of.
#[must_use]
pub fn suspicion(kind: Kind) -> Option<Suspicion> {
    match kind {
        Kind::Relay => Some(Suspicion::Relay),
        Kind::Proxy => Some(Suspicion::Proxy),
        _ => None,
    }
}

impl Sitting {
    /// What a request in `checking` waits for where its machine has had its test of the day. `None`: a test is under way, or may
    /// be asked for, or decides nothing.
    pub(super) fn next_test(&self, list: &ListSettings, request: &Request) -> Result<Option<NextTest>, Fault> {
        let (desk, settings) = (self.desk(), self.desk().settings());
        let tested = request.rule == RemovalRule::Retest && suspicion(list.kind).is_some();
        let (Some(retest), Some(address)) = (&settings.retest, address_of(&request.asked)) else { return Ok(None) };
        if !tested || request.state != Stand::Checking || desk.test_of(request)?.is_some() {
            return Ok(None);
        }
        let Some(key) = desk.decides(list, address)?.map(|key| key.to_string()) else { return Ok(None) };
        let known = self.known(&key, address, None)?;
        let (asker, locked) = (asker_of(request), |asker| self.locked(list, &key, asker == Asker::InControl));
        let Some(until) = known.used_up_until(asker) else { return Ok(None) };
        let sooner = asker == Asker::Person
            && !desk.proofs_at_hand(list).is_empty()
            && admit(&known, Asker::InControl, retest.bounds, self.now) == Admission::Queue
            && locked(Asker::InControl)?.is_none();
        Ok(Some(NextTest { at: until.max(locked(asker)?.unwrap_or_default()), sooner }))
    }

    /// Makes the move durable, with what it says about the list.
    async fn commit_judged(self, retest: &Retest, judged: Option<Judgement>) -> Result<(), Fault> {
        let (desk, speaks) = (self.desk().clone(), judged.is_some() || !retest.is_open());
        match judged {
            Some(judged) => self.commit_judgement(retest, judged).await?,
            None => self.commit().await?,
        }
        // A removal may wait for the end of this test, which may come after what it said about the list.
        if speaks {
            desk.look_soon();
        }
        Ok(())
    }

    async fn commit_judgement(mut self, retest: &Retest, judged: Judgement) -> Result<(), Fault> {
        // A list that the configuration no longer names takes no entries; the other retests go on.
        let Ok(settings) = self.desk().list_settings(&retest.list) else { return self.commit().await };
        if let Judgement::List { returned: true, .. } = judged {
            self.count_return(&settings, &retest.key, false, self.now)?;
        }
        let key = retest.key.parse::<Prefix>().map_err(|error| Unfit::Key(error.into()))?;
        let wider = wider_listing(&self.desk().store().view(), &settings, &Key::Prefix(key))?;
        if judged == Judgement::Clear && wider.is_some() {
            return self.commit().await;
        }
        let (mark, reason) = match judged {
            Judgement::Clear => (Mark::Excluded, OwnReason::Clean(retest.id)),
            Judgement::List { variant, .. } => (Mark::Listed, OwnReason::Open(retest.kind, variant)),
        };
        let seen = (mark == Mark::Listed).then_some(self.now);
        // A removal ends by the list's rule, whatever it was granted for.
        let expires = settings.removal.lasts.filter(|_| mark == Mark::Excluded).map(|lasts| self.now.plus(lasts));
        let detail = Detail { reason: reason.to_string().into(), ..Detail::default() };
        let key = Key::Prefix(key);
        // A first sight is since when a source holds a key, whatever it says of it. What a test says now begins now.
        let turns = self.desk().retests_say(&settings.name, &key)?.is_some_and(|said| said != mark);
        let first_seen = turns.then_some(self.now);
        let entry = NewEntry { seen, first_seen, expires, detail, ..NewEntry::plain(key, mark) };
        let entries = Entries {
            actor: Actor::new("retest"),
            list: retest.list.clone(),
            source: source(),
            what: What::Add(vec![(1, entry)]),
        };
        self.commit_with(entries).await.map(drop)
    }
}

/// On whose account the test of a request is.
fn asker_of(request: &Request) -> Asker {
    if request.proven.is_some() { Asker::InControl } else { Asker::Person }
}

fn source() -> SourceName {
    "retest".parse().expect("a valid name")
}

impl Desk {
    fn retest_settings(&self) -> Result<RetestSettings, Fault> {
        let settings = self.settings();
        settings.retest.clone().ok_or_else(|| Obstacle::NoRetests.into())
    }

    /// Whether retests are made here.
    #[must_use]
    pub fn makes_retests(&self) -> bool {
        self.settings().retest.is_some()
    }

    /// What our tests say of a key so far.
    fn retests_say(&self, list: &ListName, key: &Key) -> Result<Option<Mark>, Fault> {
        let view = self.store().view();
        let catalog = view.catalog();
        let known = catalog.list_id(list).and_then(|id| catalog.source_named(id, &source()));
        let held = known.map(|known| view.entry(known.owner(), key)).transpose()?.flatten();
        Ok(held.map(|entry| entry.mark))
    }

    /// The key by which `address` is listed where it may be tested: the address itself, or its block of the list's size.
    fn decides(&self, list: &ListSettings, address: IpAddr) -> Result<Option<Prefix>, Fault> {
        let view = self.store().view();
        let Some(id) = view.catalog().list_id(&list.name) else { return Ok(None) };
        let host = Key::Prefix(Prefix::host(address));
        let Some(Key::Prefix(nearest)) = listed_over(&view, id, &host)? else { return Ok(None) };
        // What a test says of one address lifts no wider listing.
        let alone = list.is_single(nearest) && wider_listing(&view, list, &Key::Prefix(nearest))?.is_none();
        Ok(alone.then_some(nearest))
    }

    /// Somebody asks for a test of `address`, for its listing in `list`. `within_limit` is false where the one who asked has
    /// asked too often: the answer is the same.
    ///
    /// # Errors
    /// Where there are no retests, no such list, or one that is not about relays or proxies.
    pub async fn ask_retest(&self, list: &ListName, address: IpAddr, within_limit: bool) -> Result<Id, Fault> {
        self.ask_retest_as(Asker::Person, list, address, within_limit).await
    }

    async fn ask_retest_as(
        &self,
        asker: Asker,
        list: &ListName,
        address: IpAddr,
        within_limit: bool,
    ) -> Result<Id, Fault> {
        let settings = self.retest_settings()?;
        let of_list = self.list_settings(list)?;
        let kind = suspicion(of_list.kind).ok_or_else(|| Unfit::NotTestable(list.clone()))?;
        let address = address.to_canonical();
        let decided = if within_limit { self.decides(&of_list, address)? } else { None };
        let mut sitting = self.sit().await;
        let key = decided.map_or_else(|| address.to_string(), |key| key.to_string());
        let fresh = Retest::queued(Id::draw(), list.clone(), &key, address, kind, sitting.now);
        if decided.is_none() {
            return Ok(self.decline(fresh));
        }
        let same: Option<Named> = sitting.read(FAMILY, &same_key(list, &key))?;
        let same = same.map(|named| sitting.retest(named.id)).transpose()?.flatten();
        let known = sitting.known(&key, address, same.as_ref())?;
        let known = Known { queued: sitting.queued(settings.bounds.queue)?, ..known };
        let mut admission = admit(&known, asker, settings.bounds, sitting.now);
        // It came back after a test before: nobody takes it off so soon again, by whatever way.
        if let (Admission::Queue, Some(until)) = (admission, sitting.locked(&of_list, &key, asker == Asker::InControl)?)
        {
            admission = Admission::Later(until);
        }
        let later = match admission {
            Admission::Share(id) => return Ok(id),
            Admission::Full => return Ok(self.decline(fresh)),
            Admission::Queue => None,
            Admission::Later(until) => Some(until),
        };
        let next = match &same {
            Some(same) => {
                let asked = same.moved(Event::Asked(address), &settings.terms, sitting.now);
                asked.map_err(Obstacle::Retest)?.0
            }
            None => fresh,
        };
        let next = later.into_iter().fold(next, Retest::put_off);
        if next.state == State::Queued {
            sitting.count_test(next.id, next.address, asker);
        }
        sitting.keep(same.as_ref(), &next, "anyone");
        sitting.commit().await?;
        Ok(next.id)
    }

    fn decline(&self, fresh: Retest) -> Id {
        let id = fresh.id;
        self.declined().add(Retest { state: State::Done, result: Some(Outcome::NotTested), ..fresh });
        id
    }

    /// A retest.
    ///
    /// # Errors
    /// [`Fault::Unknown`]
    pub fn retest(&self, id: Id) -> Result<Retest, Fault> {
        if let Some(declined) = self.declined().find(id) {
            return Ok(declined);
        }
        let octets = self.store().view().case(FAMILY, &row(b'c', &[&id.0]))?.ok_or(Fault::Unknown("retest"))?;
        value(FAMILY, &octets)
    }

    /// What was said and what arrived: private evidence.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn retest_evidence(&self, id: Id) -> Result<Option<Evidence>, Fault> {
        read_row(&self.store().view(), FAMILY, &row(b'e', &[&id.0]))
    }

    /// What a removal by the rule `retest` waits for: the retest that was asked for with it, or is now.
    pub(super) async fn check_retest(&self, request: &Request) -> Result<Found, Fault> {
        let people = |why| Ok(Found::Event(Moves::Unchecked(why)));
        let Some(address) = address_of(&request.asked).filter(|_| self.makes_retests()) else {
            return people(Finding::NoTest);
        };
        let Some(retest) = self.test_of(request)? else {
            let of_list = self.list_settings(&request.list)?;
            if self.decides(&of_list, address)?.is_none() {
                return people(Finding::Undecided { result: Some(Outcome::NotTested) });
            }
            // To ask now would only lead to the test that was made before.
            if let Some(next) = self.sit().await.next_test(&of_list, request)? {
                return Ok(Found::Pending(Finding::TestLater { at: next.at }));
            }
            self.ask_retest_as(asker_of(request), &request.list, address, true).await?;
            return Ok(Found::Pending(Finding::TestAsked));
        };
        let said = retest.result.filter(|_| retest.has_said(request.asked_at));
        match (retest.state, said) {
            // Not while a new test of it is on its way: that one counts.
            (State::Done | State::Arriving, Some(Outcome::Clean)) if !retest.is_open() => {
                Ok(Found::Event(Moves::Passed))
            }
            (State::Done, Some(Outcome::Open)) => Ok(Found::Event(Moves::Failed(Finding::FoundOpen))),
            (State::Done, result) => people(Finding::Undecided { result }),
            (state, _) => Ok(Found::Pending(Finding::Testing { state })),
        }
    }

    /// The test that a request waits for, or that has spoken since it was asked: the address itself is tested where it is
    /// listed itself, and its block where that is listed. A request is for the block always.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn test_of(&self, request: &Request) -> Result<Option<Retest>, Fault> {
        let address = address_of(&request.asked).map(|address| Prefix::host(address).to_string());
        for key in address.as_deref().into_iter().chain([&*request.key]) {
            let found = self.retest_of(&request.list, key)?;
            let found = found.filter(|retest| retest.is_open() || retest.has_said(request.asked_at));
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The retest that this key of this list has, if any.
    fn retest_of(&self, list: &ListName, key: &str) -> Result<Option<Retest>, Fault> {
        let Some(octets) = self.store().view().case(FAMILY, &same_key(list, key))? else { return Ok(None) };
        let Named { id } = value(FAMILY, &octets)?;
        self.retest(id).map(Some)
    }

    /// The program was started: what ran then is put back, and mail that came meanwhile was not heard.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn retests_restarted(&self) -> Result<(), Fault> {
        self.mail_unheard(None);
        let terms = self.retest_settings()?.terms;
        let mut sitting = self.sit().await;
        for (key, _) in sitting.under(FAMILY, b"r", CASES_PIECE_ROWS)? {
            let Some(before) = id_at_end(&key).map(|id| sitting.retest(id)).transpose()?.flatten() else { continue };
            if let Ok((after, _)) = before.moved(Event::Restarted, &terms, sitting.now) {
                if after.state == State::Queued {
                    sitting.count_test(after.id, after.address, after.asker());
                }
                sitting.keep(Some(&before), &after, "time");
            }
        }
        sitting.commit().await
    }

    /// The next test to be made, at none of the `busy` addresses.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn next_retest(&self, busy: &HashSet<IpAddr>) -> Result<Option<Order>, Fault> {
        let settings = self.retest_settings()?;
        let mut sitting = self.sit().await;
        for (key, _) in sitting.under(FAMILY, b"q", CASES_PIECE_ROWS)? {
            let Some(before) = id_at_end(&key).map(|id| sitting.retest(id)).transpose()?.flatten() else { continue };
            if busy.contains(&before.address) {
                continue;
            }
            let trials = before.trials(&settings.variants(before.kind), Token::random);
            // Off the list since it was asked for: nothing to test. A recheck is of a key that we took off ourselves.
            let listed = before.rechecks > 0
                || self
                    .list_settings(&before.list)
                    .is_ok_and(|list| self.decides(&list, before.address).is_ok_and(|key| key.is_some()));
            let event = if listed { Event::Started(trials.clone()) } else { Event::LeftOut };
            let moved = before.moved(event, &settings.terms, sitting.now);
            let (after, _) = moved.map_err(Obstacle::Retest)?;
            sitting.keep(Some(&before), &after, "time");
            if !listed {
                sitting.evidence(&after, settings.keep_transcripts, |_| {})?;
            }
            let order = Order { id: after.id, address: after.address, kind: after.kind, trials, at: sitting.now };
            sitting.commit().await?;
            return Ok(listed.then_some(order));
        }
        Ok(None)
    }

    /// A test was made; `None`: it could not be.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn retest_observed(&self, id: Id, observed: Option<Observed>) -> Result<(), Fault> {
        let settings = self.retest_settings()?;
        let mut sitting = self.sit().await;
        let Some(before) = sitting.retest(id)? else { return Ok(()) };
        let transcript = observed.as_ref().map(|observed| observed.transcript.clone()).unwrap_or_default();
        let event = observed.map_or(Event::LeftOut, Event::Observed);
        let Ok((after, judged)) = before.moved(event, &settings.terms, sitting.now) else { return Ok(()) };
        sitting.keep(Some(&before), &after, "retest");
        sitting.evidence(&after, settings.keep_transcripts, |evidence| evidence.transcript = transcript)?;
        sitting.commit_judged(&after, judged).await
    }

    /// Whether a token is out that this is.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn retest_waits_for(&self, token: Token) -> Result<bool, Fault> {
        Ok(self.store().view().case(FAMILY, &row(b'k', &[&token.bits()]))?.is_some())
    }

    /// A token arrived, handed over by `from`, with these headers; or a bounce for it.
    ///
    /// # Errors
    /// The store cannot be read or written: it has to be handed over again.
    pub async fn retest_arrived(&self, token: Token, from: IpAddr, bounce: bool, headers: &str) -> Result<(), Fault> {
        let settings = self.retest_settings()?;
        let mut sitting = self.sit().await;
        let Some(Named { id }) = sitting.read(FAMILY, &row(b'k', &[&token.bits()]))? else { return Ok(()) };
        let Some(before) = sitting.retest(id)? else { return Ok(()) };
        let event = if bounce { Event::Bounced(token) } else { Event::Arrived { token, from } };
        let Ok((after, judged)) = before.moved(event, &settings.terms, sitting.now) else { return Ok(()) };
        sitting.keep(Some(&before), &after, "retest");
        sitting.evidence(&after, settings.keep_transcripts, |evidence| {
            let known: usize = evidence.arrived.iter().map(String::len).sum();
            if known + headers.len() < RETEST_EVIDENCE_OCTETS_MAX {
                evidence.arrived.push(format!("from {from}\n{headers}"));
            }
        })?;
        sitting.commit_judged(&after, judged).await
    }

    /// Moves what waits for its time, at most [`CASES_PIECE_ROWS`] of them, and forgets counts of yesterday.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn retests_due(&self) -> Result<(), Fault> {
        if self.door().doubts_clock() {
            return Ok(());
        }
        let settings = self.retest_settings()?;
        let until = self.now().seconds().saturating_add(1);
        let due = self.rows(FAMILY, vec![b'd'], row(b'd', &[&until.to_be_bytes()])).await?;
        let mut automatic = if due.is_empty() { 0 } else { self.automatic_tests().await? };
        for (key, _) in due {
            let Some(id) = id_at_end(&key) else { continue };
            let mut sitting = self.sit().await;
            let Some(before) = sitting.retest(id)? else { continue };
            let mut event = Event::Due { heard_since: self.heard_since(before.address) };
            if before.due_for_a_test(&settings.terms, sitting.now) {
                let known = sitting.known(&before.key, before.address, None)?;
                let known = Known { automatic, ..known };
                if let Admission::Later(at) = admit(&known, before.asker(), settings.bounds, sitting.now) {
                    event = Event::PutOff(at);
                } else {
                    automatic += usize::from(before.asker() == Asker::Recheck);
                    sitting.count_test(id, before.address, before.asker());
                }
            }
            let Ok((after, judged)) = before.moved(event, &settings.terms, sitting.now) else { continue };
            sitting.keep(Some(&before), &after, "time");
            sitting.commit_judged(&after, judged).await?;
        }
        self.forget_retests().await
    }
}

impl RetestSettings {
    /// The trials of a test for this.
    fn variants(&self, kind: Suspicion) -> Vec<Variant> {
        match kind {
            Suspicion::Relay => crate::cases::retest::Form::ALL.into_iter().map(Variant::Relay).collect(),
            Suspicion::Proxy => {
                self.proxy_ports.iter().map(|(protocol, port)| Variant::Proxy(*protocol, *port)).collect()
            }
        }
    }
}
