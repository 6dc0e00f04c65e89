//! Removals at the desk: asking, proving, deciding, taking back; and what time and newer evidence do to them.
//! Their rows are `request_rows`'.
//!
//! Guarantees: the moves are those of `request`; a grant and its exclusion are one commit, as are a return and its lock-out.
//! Never: lifts a wider listing but in lists of kind dynamic, or by an operator's word.

use super::{
    Desk, Entries, Fault, Sitting,
    course::{Course, wider_listing},
    read_row,
    request_rows::{active_row, forget_row, key_rows, lock_row, request_row},
    retests::NextTest,
    standing::{Standing, cut, ending_of, is_ours, listed_inside, removal_key},
};
use crate::{
    cases::{
        Field, Finding, Grounds, Id, NotYours, Obstacle, Secret, Unfit, Wait,
        lockout::{Lockout, blocks},
        proof,
        request::{Around, Ending, Event, Needs, NoMove, Request, State},
    },
    change::{Actor, What},
    limits::{CONTACT_CHARACTERS_MAX, NOTE_CHARACTERS_MAX, REMOVAL_ROWS_MAX, REQUESTS_PER_KEY},
    list::{Key, Kind, ListName, ListSettings, ProofKind, RemovalRule, SourceName, Time},
    store::CaseFamily,
};
use std::{net::IpAddr, sync::Arc};

/// The source of the exclusions that removals make.
pub(super) const SOURCE: &str = "removal";

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// The list.
    pub list: ListName,
    /// The key: an address, a name, a hash.
    pub key: String,
    /// When the cause was mended.
    pub repaired_at: Option<Time>,
    /// How to reach who asks.
    pub contact: String,
    /// What they say.
    pub note: String,
    /// Where they call from.
    pub from: IpAddr,
}

/// What came of asking.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The request.
    pub request: Request,
    /// What shows that somebody is who asked; told once.
    pub secret: Secret,
}

/// A request with what stands around it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The request.
    pub request: Request,
    /// Which proofs could be sent now.
    pub proofs: Vec<ProofKind>,
    /// Until when nobody may ask for this key again.
    pub lockout_until: Option<Time>,
    /// The test that it has to wait for, its machine having had one of late.
    pub next_test: Option<NextTest>,
}

/// A request by itself, without what stands around it.
impl From<Request> for Shown {
    fn from(request: Request) -> Self {
        Self { request, proofs: Vec::new(), lockout_until: None, next_test: None }
    }
}

/// Who decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decider {
    /// An operator, as commits name them.
    Operator(Box<str>),
    /// A network, by its name.
    Network(Box<str>),
}

pub(super) fn source() -> SourceName {
    SOURCE.parse().expect("a name of ours")
}

impl Desk {
    /// Somebody asks for the removal of a key.
    ///
    /// # Errors
    /// [`Fault::Unknown`]: no such list; [`Fault::Invalid`]; [`Fault::Conflict`]: it is not listed, or asked too often;
    /// [`Fault::Later`]: it is locked out and nothing can be shown.
    pub async fn ask_removal(&self, asking: Asking) -> Result<Asked, Fault> {
        let settings = self.list_settings(&asking.list)?;
        let key = removal_key(&settings, &asking)?;
        let mut sitting = self.sit().await;
        // What returned meanwhile counts for the lock-out: it is looked at first.
        for request in sitting.requests_for(&asking.list, &key)? {
            if request.state == State::Granted && sitting.settle_granted(&settings, &request)?.is_some() {
                sitting.commit().await?;
                sitting = self.sit().await;
            }
        }
        let (secret, from_key) = (Secret::draw(), proof::comes_from(&key, asking.from));
        let request = sitting.new_request(&settings, &asking, &key, &secret, from_key)?;
        let begun = request.clone().begun(sitting.around(&settings, &request)?, sitting.now);
        sitting.move_to(&settings, None, begun.clone(), "anyone").await?;
        self.look_soon();
        Ok(Asked { request: begun, secret })
    }

    /// A request as it stands now.
    ///
    /// # Errors
    /// [`Fault::Unknown`]
    pub async fn removal(&self, id: Id) -> Result<Shown, Fault> {
        let mut sitting = self.sit().await;
        let mut request = sitting.request(id)?;
        let Ok(settings) = self.list_settings(&request.list) else {
            return Ok(request.into());
        };
        if let Some(ended) = sitting.settle_granted(&settings, &request)? {
            sitting.commit().await?;
            sitting = self.sit().await;
            request = ended;
        }
        let (sitting, mut request) = sitting.at_its_owner(&settings, request).await?;
        // What waits for a proof goes on with one.
        let with_proof = request.proven.is_some() || request.state == State::Proving;
        // Where people decide, they decide about who comes again, too.
        let decided = needs_of(&settings, request.rule, with_proof).decision;
        let lockout_until = if decided { None } else { sitting.locked(&settings, &request.key, with_proof)? };
        let next_test = sitting.next_test(&settings, &request)?;
        if let Some(NextTest { at, .. }) = next_test {
            // The next check would find the same.
            request.why = Finding::TestLater { at }.into();
        }
        let helps = request.state == State::Proving || next_test.is_some_and(|next| next.sooner);
        let proofs = if helps { self.proofs_at_hand(&settings) } else { Vec::new() };
        Ok(Shown { request, proofs, lockout_until, next_test })
    }

    /// Who asked takes it back.
    ///
    /// # Errors
    /// [`Fault::Unknown`], [`Fault::Forbidden`] with another secret, [`Fault::Conflict`]: it is no longer open.
    pub async fn withdraw_removal(&self, id: Id, secret: Option<&str>) -> Result<Request, Fault> {
        let sitting = self.sit().await;
        let request = sitting.request(id)?;
        let own = secret.is_none_or(|secret| request.secret.is(secret));
        if !own {
            return Err(NotYours::Secret.into());
        }
        let actor = if secret.is_some() { "anyone" } else { "operator" };
        sitting.happens(&request, Event::Withdrawn, actor).await
    }

    /// The network or an operator decides; on a granted request "no" takes it back.
    ///
    /// # Errors
    /// [`Fault::Unknown`], [`Fault::Forbidden`] for another network, [`Fault::Conflict`] where there is nothing to decide.
    pub async fn decide_removal(&self, id: Id, who: &Decider, accept: bool, why: &str) -> Result<Request, Fault> {
        let mut sitting = self.sit().await;
        let mut request = sitting.request(id)?;
        let actor = match who {
            Decider::Operator(actor) => actor.to_string(),
            Decider::Network(name) => {
                let settings = self.list_settings(&request.list)?;
                (sitting, request) = sitting.at_its_owner(&settings, request).await?;
                if !request.is_for(name) {
                    return Err(NotYours::OtherNetwork.into());
                }
                format!("network.{name}")
            }
        };
        let why = cut(why, NOTE_CHARACTERS_MAX, Field::Why)?;
        let event = match (request.state, accept) {
            (State::Granted, false) => Event::Revoked(why),
            (_, true) => Event::Accepted(why),
            (_, false) => Event::Declined(why),
        };
        sitting.happens(&request, event, &actor).await
    }

    /// Requests that are open or granted, at most `limit` behind `after`, by their names.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn active_removals(&self, after: Option<Id>, limit: usize) -> Result<Vec<Request>, Fault> {
        let view = self.store().view();
        let after = after.map(active_row);
        let rows = view.cases_under(CaseFamily::Request, b"a", after.as_deref(), limit)?;
        let mut found = Vec::new();
        for (row, _) in rows {
            found.extend(read_row(&view, CaseFamily::Request, &[b"r", &row[1..]].concat())?);
        }
        Ok(found)
    }

    /// The settings of a list that is served.
    pub(in crate::cases) fn list_settings(&self, list: &ListName) -> Result<Arc<ListSettings>, Fault> {
        let snapshot = self.door().published().load();
        let served = snapshot.served();
        let settings = served.lists().find(|(_, settings)| settings.name == *list).map(|(_, settings)| settings);
        settings.cloned().ok_or(Fault::Unknown("list"))
    }

    /// The proofs that the list takes and that this server can look at.
    pub(in crate::cases) fn proofs_at_hand(&self, settings: &ListSettings) -> Vec<ProofKind> {
        let at_hand = |proof: &ProofKind| match proof {
            ProofKind::Address => true,
            ProofKind::RdnsTxt => self.checks().is_some(),
            ProofKind::Postmaster => self.checks().is_some() && self.settings().mails,
        };
        settings.removal.proofs.iter().copied().filter(at_hand).collect()
    }
}

impl Sitting {
    pub(super) fn request(&self, id: Id) -> Result<Request, Fault> {
        self.read(CaseFamily::Request, &request_row(id))?.ok_or(Fault::Unknown("request"))
    }

    /// The requests for a key of a list that are open or granted. Closed ones are not among them: they are as many as people
    /// like, and would hide the others.
    fn requests_for(&self, list: &ListName, key: &Key) -> Result<Vec<Request>, Fault> {
        let rows = self.under(CaseFamily::Request, &key_rows(list, &key.to_string()), REMOVAL_ROWS_MAX)?;
        let ids = rows.iter().filter_map(|(row, _)| row.last_chunk::<16>().map(|id| Id(*id)));
        let found: Result<Vec<Option<Request>>, _> =
            ids.map(|id| self.read(CaseFamily::Request, &request_row(id))).collect();
        Ok(found?.into_iter().flatten().collect())
    }

    /// The request that asking makes, before anything has happened to it.
    fn new_request(
        &self,
        settings: &ListSettings,
        asking: &Asking,
        key: &Key,
        secret: &Secret,
        from_key: bool,
    ) -> Result<Request, Fault> {
        let standing = self.standing(settings, key)?;
        if standing == Standing::Free {
            let (key, list) = (asking.key.as_str().into(), settings.name.clone());
            return Err(Obstacle::NotListed { key, list }.into());
        }
        let open = self.requests_for(&settings.name, key)?;
        let open = open.iter().filter(|one| one.state.is_open() && one.from_key == from_key).count();
        if open >= REQUESTS_PER_KEY {
            return Err(Obstacle::ManyRequests.into());
        }
        let removal = &settings.removal;
        let proven = (from_key && removal.proofs.contains(&ProofKind::Address)).then_some(ProofKind::Address);
        let networks = self.desk().networks()?;
        let Course { rule, owner, .. } = Course::of(&self.desk().store().view(), &networks, settings, key)?;
        let needs = self.needs_now(settings, key, needs_of(settings, rule, proven.is_some()), proven.is_some())?;
        let declared = asking.repaired_at.filter(|at| *at <= self.now);
        if rule == RemovalRule::Retest && settings.kind == Kind::Compromised && declared.is_none() {
            return Err(Unfit::Repaired.into());
        }
        Ok(Request {
            v: 1,
            id: Id::draw(),
            secret: secret.hash(),
            list: settings.name.clone(),
            asked: Key::parse(&asking.key, settings.family())
                .map_or_else(|_| key.to_string(), |key| key.to_string())
                .into(),
            key: key.to_string().into(),
            rule,
            owner: owner.map(|network| network.name.as_str().into()),
            state: State::Proving,
            since: self.now,
            asked_at: self.now,
            needs,
            proven,
            from_key,
            token: Secret::draw().reveal().into(),
            code: None,
            repaired_at: declared,
            contact: cut(&asking.contact, CONTACT_CHARACTERS_MAX, Field::Contact)?.into(),
            note: cut(&asking.note, NOTE_CHARACTERS_MAX, Field::Note)?.into(),
            until: None,
            ending: None,
            why: Grounds::default(),
            check_again: None,
            checks: 0,
        })
    }

    /// What a request needs now: where its key is locked out a proof too, if one may be given. `proven`: there is one.
    fn needs_now(&self, settings: &ListSettings, key: &Key, mut needs: Needs, proven: bool) -> Result<Needs, Fault> {
        let (key, at_hand) = (key.to_string(), !self.desk().proofs_at_hand(settings).is_empty());
        let locked = self.locked(settings, &key, proven)?;
        if let (Some(until), false) = (locked, needs.decision || needs.proof) {
            // A stranger's returns do not lock out whom the key belongs to: who shows that it is theirs goes on.
            if proven || !at_hand {
                return Err(Fault::Later { why: Wait::LockedOut, until });
            }
            needs.proof = true;
        }
        let needs = needs.with(at_hand);
        // Who may not prove yet had better not be led to try.
        if needs.proof
            && let Some(until) = self.locked(settings, &key, true)?
        {
            return Err(Fault::Later { why: Wait::LockedOut, until: until.max(locked.unwrap_or_default()) });
        }
        Ok(needs)
    }

    /// Until when the key is locked out for requests that are proven, or that are not.
    pub(super) fn locked(&self, settings: &ListSettings, key: &str, proven: bool) -> Result<Option<Time>, Fault> {
        let Ok(key) = Key::parse(key, settings.family()) else { return Ok(None) };
        let mut until = None;
        for block in blocks(&key) {
            let known: Option<Lockout> = self.read(CaseFamily::Request, &lock_row(&settings.name, &block, proven))?;
            until = until.max(known.map(|known| known.until).filter(|until| self.now < *until));
        }
        Ok(until)
    }

    /// What stands around a request now.
    pub(super) fn around(&self, settings: &ListSettings, request: &Request) -> Result<Around, Fault> {
        let view = self.desk().store().view();
        let list = view.catalog().list_id(&settings.name);
        let key = Key::parse(&request.key, settings.family()).ok();
        let (held, wider) = match list.zip(key) {
            Some((list, key)) => (listed_inside(&view, list, &key)?, wider_listing(&view, settings, &key)?),
            None => (Vec::new(), None),
        };
        Ok(Around {
            locked_until: self.locked(settings, &request.key, request.proven.is_some())?,
            wider: wider.is_some(),
            newer_evidence: held.iter().map(|held| held.entry.last_seen).max(),
            lasts: settings.removal.lasts,
        })
    }

    /// An event happens to a request, and what follows is committed.
    pub(super) async fn happens(mut self, request: &Request, event: Event, actor: &str) -> Result<Request, Fault> {
        // These end a request whatever becomes of its list, which the configuration may no longer name.
        if matches!(event, Event::Withdrawn | Event::Tick) {
            let next = request.step(event, Around::default(), self.now).map_err(no_move)?;
            self.put_request(Some(request), &next, actor);
            self.commit().await?;
            return Ok(next);
        }
        let settings = self.desk().list_settings(&request.list)?;
        let mut around = self.around(&settings, request)?;
        if let Event::Proven(_) = event {
            around.locked_until = self.locked(&settings, &request.key, true)?;
        }
        let next = request.step(event, around, self.now).map_err(no_move)?;
        let moved = next.clone();
        self.move_to(&settings, Some(request), next, actor).await?;
        Ok(moved)
    }

    /// Writes the request with all that follows from where it stands now.
    async fn move_to(
        mut self,
        settings: &ListSettings,
        before: Option<&Request>,
        next: Request,
        actor: &str,
    ) -> Result<(), Fault> {
        let granted = before.map(|before| before.state) == Some(State::Granted);
        let lines = if next.state == State::Granted && !granted {
            self.exclusions(settings, before, &next)?
        } else {
            Vec::new()
        };
        let revoked =
            if next.ending == Some(Ending::Revoked) && granted { self.exempted(settings, &next)? } else { Vec::new() };
        self.put_request(before, &next, actor);
        let entries = |what| Entries { actor: Actor::new(actor), list: next.list.clone(), source: source(), what };
        if !lines.is_empty() {
            self.commit_with(entries(What::Add(lines))).await?;
        } else if !revoked.is_empty() {
            self.commit_with(entries(What::Remove(revoked))).await?;
        } else {
            self.commit().await?;
        }
        Ok(())
    }

    /// Ends a granted request whose exclusion is gone: by newer evidence, by its time, or by somebody. The rows are put.
    pub(super) fn settle_granted(
        &mut self,
        settings: &ListSettings,
        request: &Request,
    ) -> Result<Option<Request>, Fault> {
        if request.state != State::Granted {
            return Ok(None);
        }
        let (over, at) = {
            let view = self.desk().store().view();
            let list = view.catalog().list_id(&settings.name);
            let Some((list, key)) = list.zip(Key::parse(&request.key, settings.family()).ok()) else { return Ok(None) };
            if view.at(list, &key)?.iter().any(is_ours) {
                return Ok(None);
            }
            let left = view.history(list, &key, request.since, REMOVAL_ROWS_MAX)?;
            let left = left.iter().find(|(at, past)| *at == key && past.source.as_str() == SOURCE);
            left.map_or((Ending::Revoked, self.now), |(_, past)| (ending_of(past.why), past.until))
        };
        let Ok(next) = request.step(Event::Over(over), Around::default(), self.now) else { return Ok(None) };
        if over == Ending::Returned {
            self.count_return(settings, &request.key, request.proven.is_some(), at)?;
        }
        self.put_request(Some(request), &next, "time");
        Ok(Some(next))
    }

    /// The key came back: those who ask like this are locked out for a while.
    pub(super) fn count_return(
        &mut self,
        settings: &ListSettings,
        key: &str,
        proven: bool,
        at: Time,
    ) -> Result<(), Fault> {
        let Ok(key) = Key::parse(key, settings.family()) else { return Ok(()) };
        for block in blocks(&key) {
            let row = lock_row(&settings.name, &block, proven);
            let known: Option<Lockout> = self.read(CaseFamily::Request, &row)?;
            if known.is_some_and(|known| known.has_counted(at)) {
                continue;
            }
            if let Some(known) = known {
                self.delete(CaseFamily::Request, forget_row(known.forgotten, &row));
            }
            let next = Lockout::after_return(known.as_ref(), at, &settings.removal);
            self.put(CaseFamily::Request, forget_row(next.forgotten, &row), &());
            self.put(CaseFamily::Request, row, &next);
        }
        Ok(())
    }
}

/// What a rule asks for.
pub(super) fn needs_of(settings: &ListSettings, rule: RemovalRule, proven: bool) -> Needs {
    Needs {
        proof: rule == RemovalRule::Proof && !proven,
        check: rule == RemovalRule::Retest
            || settings.kind == Kind::Dynamic && matches!(rule, RemovalRule::SelfService | RemovalRule::Proof),
        decision: matches!(rule, RemovalRule::Owner | RemovalRule::Operator),
    }
}

pub(super) fn no_move(NoMove(state): NoMove) -> Fault {
    Obstacle::NoMove(state).into()
}
