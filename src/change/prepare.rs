//! What comes in place of all that a source holds, on its way into force: the body of an import, the way back, nothing.
//!
//! ```text
//! resolve by a snapshot ──> catch up with what others change meanwhile ──> the writer switches
//!      └──────────────── too much has changed: once more ────────────────┘
//! ```
//! Guarantees: the writer does not wait for it: others change the same list while it is resolved. When the server stops, it
//! ends within some rows.
//! Never: decides what comes. Holds the lock of the places while it reads rows.

use super::{
    door::{Door, Request, Shared},
    keys,
    places::Place,
    plan::{Holding, decides_differently},
    request::{Actor, Committed, Refused},
    rows::{Looking, Overlay, StoreRows},
    state::{ListState, Registered},
    switch::{Cause, Plan, Switch, Switched, catch_up},
};
use crate::{
    limits::{IMPORT_ATTEMPTS_MAX, PUBLICATION_WAIT, RETRY_AFTER_IMPORT, SWITCH_KEYS_MAX},
    list::{Key, KeyFamily, Serial, policy::covers_too_much},
    snapshot::{Edit, ListIndex, Rows as _, Snapshot},
    store::{Source, View},
};
use std::sync::Arc;

/// What is to come into force.
pub(super) struct Coming {
    pub actor: Actor,
    pub list: Arc<ListState>,
    pub source: Arc<Source>,
    pub cause: Cause,
    pub plan: Plan,
    pub committed: Committed,
    /// Exclusions of `removal` and `retest` that end by the body's newer evidence.
    pub outweighed: Vec<(Arc<Source>, Key, Holding)>,
}

/// Who prepares.
pub(super) struct Preparation<'a> {
    pub door: &'a Door,
    pub shared: &'a Shared,
    /// That of the source, which hears of what others change.
    pub place: &'a Place,
    /// The last commit that whoever decided what comes has seen.
    pub seen: Serial,
    /// Whether `covers_at_most` is looked at.
    pub guarded: bool,
    /// Look at the guards, change nothing.
    pub dry_run: bool,
}

impl Preparation<'_> {
    /// Resolves beside the writer, catches up, and lets the writer switch. Waits: for a thread that may.
    pub fn bring_into_force(&self, mut coming: Box<Coming>) -> Result<Committed, Refused> {
        let overlay = overlay_of(&coming);
        for _ in 0..IMPORT_ATTEMPTS_MAX {
            let (registered, base) = self.base()?;
            let name = &coming.list.settings.name;
            let list = registered.list(name).filter(|list| list.id == coming.list.id).cloned();
            let list = list.ok_or_else(|| Refused::UnknownList(name.clone()))?;
            if list.settings.family() != coming.list.settings.family() {
                return Err(Refused::FamilyChanged(name.clone()));
            }
            if !Arc::ptr_eq(&list.texts, &coming.list.texts) {
                // It left the configuration and came back: the numbers of the texts may be others' now.
                return Err(Refused::Busy { retry_after: RETRY_AFTER_IMPORT });
            }
            coming.list = list;
            let Some(edit) = self.resolve(&registered, &base, &coming, &overlay)? else { continue };
            #[cfg(test)]
            self.shared.run_acts_of_test();
            if self.dry_run {
                return Ok(Committed { serial: self.shared.store.serial(), ..coming.committed });
            }
            let switch = Box::new(Switch { place: self.place.number, coming, registered, base, edit });
            match self.door.ask_waiting(|reply| Request::Switch(switch, reply))? {
                Switched::Done(committed) => return Ok(committed),
                Switched::Again(back) => coming = back,
            }
        }
        Err(Refused::Busy { retry_after: RETRY_AFTER_IMPORT })
    }

    /// The configuration and the snapshot to build on: by that configuration, and with all in it that is not told key by key.
    fn base(&self) -> Result<(Arc<Registered>, Arc<Snapshot>), Refused> {
        loop {
            let registered = self.shared.registered();
            {
                let mut running = self.shared.places.lock();
                let base = self.shared.published.load();
                let meanwhile = running.meanwhile(self.place.number);
                if meanwhile.whole.max(Some(self.seen)) <= Some(base.serial()) && base.serves(&registered.served) {
                    meanwhile.changed.retain(|(serial, ..)| *serial > base.serial());
                    meanwhile.whole = None;
                    return Ok((registered, base));
                }
            }
            // It is written and waits for its group's publication.
            if self.shared.writes_off() {
                return Err(Refused::WritesOff);
            }
            self.shared.go_on()?;
            std::thread::sleep(PUBLICATION_WAIT);
        }
    }

    /// The answers with it in force, nearly up to date; `None` where more changed meanwhile than is told key by key.
    fn resolve(
        &self,
        registered: &Registered,
        base: &Snapshot,
        coming: &Coming,
        overlay: &Overlay,
    ) -> Result<Option<Edit>, Refused> {
        let list = &*coming.list;
        let mut edit = base.edit();
        let before = edit.covered_v4(list.index);
        let view = self.supposed(coming);
        let shared = self.shared;
        let stops = || shared.stopping();
        if let Plan::Generation(..) = coming.plan {
            let rows = StoreRows::new(&view, registered).until(&stops);
            resolve_whole(&mut edit, &rows, list.index, list.settings.family());
            rows.finish()?;
        }
        let looking = Looking { view: &view, list, overlay };
        for key in keys::outermost(overlay.keys().map(keys::scope_of_change).collect()) {
            self.shared.go_on()?;
            looking.resolve_until(&mut edit, &key, &stops)?;
        }
        // Before anything is made of it: it may have ended on the way.
        self.shared.go_on()?;
        drop(view);
        let after = edit.covered_v4(list.index);
        if self.guarded
            && let Some(guard) = covers_too_much(&list.settings, before, after)
        {
            return Err(Refused::Guard(guard));
        }
        loop {
            let changed = {
                let mut running = self.shared.places.lock();
                let meanwhile = running.meanwhile(self.place.number);
                if meanwhile.whole.is_some() {
                    return Ok(None);
                }
                if meanwhile.changed.len() <= SWITCH_KEYS_MAX {
                    return Ok(Some(edit));
                }
                std::mem::take(&mut meanwhile.changed)
            };
            self.shared.go_on()?;
            catch_up(&mut edit, registered, &self.supposed(coming), (list.id, overlay), &changed)?;
        }
    }

    /// The store as if it were in force.
    fn supposed(&self, coming: &Coming) -> View<'_> {
        let view = self.shared.store.view();
        match &coming.plan {
            Plan::Rows(_) => view,
            Plan::Generation(_, row) => view.supposing(&coming.source, (**row).clone()),
        }
    }
}

fn overlay_of(coming: &Coming) -> Overlay {
    let mut overlay = Overlay::default();
    if let Plan::Rows(rows) = &coming.plan {
        for (key, planned) in rows {
            let entry = |holding: &Option<Holding>| holding.as_ref().map(|holding| holding.entry);
            let (before, after) = (entry(&planned.before), entry(&planned.after));
            if decides_differently(before.as_ref(), after.as_ref()) {
                overlay.put(key.clone(), coming.source.clone(), after);
            }
        }
    }
    for (by, key, _) in &coming.outweighed {
        overlay.put(key.clone(), by.clone(), None);
    }
    overlay
}

/// Resolves a whole list anew.
pub(super) fn resolve_whole(edit: &mut Edit, rows: &StoreRows<'_>, index: ListIndex, family: KeyFamily) {
    if matches!(family, KeyFamily::Addresses | KeyFamily::Any) {
        edit.resolve_v4(index, (0, 0), None, rows.v4(index, 0, u32::MAX));
        edit.resolve_v6(index, (0, 0), None, rows.v6(index));
    }
    if matches!(family, KeyFamily::Names | KeyFamily::Any) {
        edit.resolve_names(index, "", &[], rows.names(index));
    }
    if matches!(family, KeyFamily::Hashes(_) | KeyFamily::Any) {
        edit.resolve_hashes(index, rows.hashes(index));
    }
}
