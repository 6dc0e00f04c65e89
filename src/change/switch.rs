//! The end of an import: what was prepared beside the writer comes into force.
//!
//! Guarantees: one commit; what others changed while it was prepared is resolved again before; what the same source got by
//! POST meanwhile gives way and is counted. Where too much changed, the import goes back and prepares again, so that the
//! writer is never kept for long.
//! Never: reads the body.

use super::{
    draft::{Draft, UndoStep},
    edits::holding_at,
    keys,
    places::{Changed, Own},
    plan::Holding,
    request::{Actor, Committed, Refused},
    rows::{Looking, Overlay},
    state::{ListState, Registered},
    sweep::{Left, forget_left, leave},
    tally::{Leaving, day_at},
    writer::Writer,
};
use crate::{
    limits::{RETRY_AFTER_IMPORT, SWITCH_KEYS_MAX},
    list::{Key, SourceName},
    snapshot::{Edit, Snapshot},
    store::{Act, Arrival, Generation, ListId, ReadError, Source, SourceRow, View, Why},
};
use std::{collections::BTreeMap, sync::Arc};

/// What an import hands to the writer.
pub(super) struct Switch {
    pub place: u64,
    pub actor: Actor,
    pub list: Arc<ListState>,
    pub registered: Arc<Registered>,
    pub source: Arc<Source>,
    pub plan: Plan,
    pub sha256: Box<str>,
    pub committed: Committed,
    /// Exclusions of `removal` and `retest` that end by the body's newer evidence.
    pub outweighed: Vec<(Arc<Source>, Key, Holding)>,
    /// The snapshot on which `edit` builds.
    pub base: Arc<Snapshot>,
    pub edit: Edit,
}

/// How the body comes into force.
pub(super) enum Plan {
    /// Few rows change: in the generation in force.
    Rows(BTreeMap<Key, Planned>),
    /// A generation of its own is on disk; the source's row for it.
    Generation(Generation, Box<SourceRow>),
}

/// One row that the body changes.
#[derive(Clone)]
pub(super) struct Planned {
    pub before: Option<Holding>,
    pub after: Option<Holding>,
}

/// What became of a switch.
pub(super) enum Switched {
    Done(Committed),
    /// Too much has changed since it was prepared.
    Again(Box<Switch>),
}

/// Resolves again what others changed. `false`: too much for now, or everything.
pub(super) fn catch_up(
    edit: &mut Edit,
    registered: &Registered,
    view: &View<'_>,
    own: (ListId, &Overlay),
    changed: &[Changed],
) -> Result<(), ReadError> {
    let nothing = Overlay::default();
    let mut by_list = BTreeMap::<ListId, Vec<Key>>::new();
    for change in changed {
        if let Changed::Key(list, key) = change {
            by_list.entry(*list).or_default().push(keys::scope_of_change(key));
        }
    }
    for (id, changed) in by_list {
        let Some(list) = registered.by_id(id) else { continue };
        add_texts(edit, list);
        let overlay = if id == own.0 { own.1 } else { &nothing };
        let looking = Looking { view, list, overlay };
        for key in keys::outermost(changed) {
            looking.resolve(edit, &key)?;
        }
    }
    Ok(())
}

/// Adds the own texts that entries of the list may carry: those of the body, and those that came since the edit began.
fn add_texts(edit: &mut Edit, list: &ListState) {
    if list.settings.entry_texts {
        for (id, text) in list.texts.all() {
            edit.add_text(list.index, id, &text);
        }
    }
}

impl Writer {
    /// Brings an import into force.
    pub(super) fn switch(&mut self, mut switch: Switch) -> Result<Switched, Refused> {
        let shared = self.shared.clone();
        let (own, changed, replaced_posts) = {
            let mut running = shared.places.lock();
            let replaced_posts = running.posts_giving_way(switch.place);
            let meanwhile = running.meanwhile(switch.place);
            let everything = meanwhile.changed.iter().any(|(_, changed)| matches!(changed, Changed::Everything));
            if meanwhile.own_overflown {
                return Err(Refused::Busy { retry_after: RETRY_AFTER_IMPORT });
            }
            if meanwhile.overflown || everything || meanwhile.changed.len() > SWITCH_KEYS_MAX {
                return Ok(Switched::Again(Box::new(switch)));
            }
            // Copies: should it go back, it is told the same once more.
            let changed: Vec<Changed> = meanwhile.changed.iter().map(|(_, changed)| changed.clone()).collect();
            (meanwhile.own.clone(), changed, replaced_posts)
        };
        let plain = shared.store.view();
        let source = plain.catalog().source(switch.source.list, switch.source.id).cloned();
        let source = source.ok_or_else(|| unknown(&switch.list, &switch.source.name))?;
        let (mut draft, kept) = self.draft_of(&switch, &plain, &source, &own)?;
        draft.committed.replaced_posts = replaced_posts;
        let view = match &switch.plan {
            Plan::Rows(_) => plain,
            Plan::Generation(_, row) => plain.supposing(&source, (**row).clone()),
        };
        let overlay = draft.overlay();
        catch_up(&mut switch.edit, &switch.registered, &view, (switch.list.id, &overlay), &changed)?;
        add_texts(&mut switch.edit, &switch.list);
        let looking = Looking { view: &view, list: &switch.list, overlay: &overlay };
        let own = own.keys().filter(|_| matches!(switch.plan, Plan::Rows(_)));
        for key in own.chain(&kept) {
            looking.resolve(&mut switch.edit, key)?;
        }
        drop(view);
        if self.would_turn_back(&switch) {
            return Ok(Switched::Again(Box::new(switch)));
        }
        let bulk = matches!(switch.plan, Plan::Generation(..));
        let committed = self.commit_edit(draft, switch.edit)?;
        if bulk {
            shared.places.lock().touch_everything(committed.serial, Some(switch.place));
            self.sweep.look_soon();
        }
        Ok(Switched::Done(committed))
    }

    /// Whether some zone's serial would go back: it changed since, and back again, so that this edit does not see it.
    fn would_turn_back(&self, switch: &Switch) -> bool {
        let current = self.base();
        let moved = current.served().zones().iter().filter(|zone| {
            let before = switch.base.served().zones().iter().find(|old| old.origin() == zone.origin());
            before.is_none_or(|old| switch.base.zone_serial(old) < current.zone_serial(zone))
        });
        let changed: Vec<_> = switch.edit.changed_zones().collect();
        moved.into_iter().any(|zone| !changed.contains(&&zone.settings().origin))
    }

    /// The draft, and the keys of exclusions that were to end and do not.
    fn draft_of(
        &self,
        switch: &Switch,
        view: &View<'_>,
        source: &Arc<Source>,
        own: &BTreeMap<Key, Own>,
    ) -> Result<(Draft, Vec<Key>), Refused> {
        let now = self.shared.clock.now();
        let mut draft = Draft::new(&switch.actor, Act::Replace, &switch.list, now);
        draft.source = Some(source.name.clone());
        draft.committed = switch.committed.clone();
        let party = draft.party(source, Leaving::ByWill, Arrival::Imported, UndoStep::Begin);
        let seen = |row: SourceRow| SourceRow { complete_at: Some(now), sha256: Some(switch.sha256.clone()), ..row };
        match &switch.plan {
            Plan::Rows(planned) => {
                // What the source got meanwhile gives way to what the body says: a change that was planned, or else what
                // the source held when the body was compared with it.
                for (key, own) in own {
                    let wanted = planned.get(key).map_or_else(|| own.before.clone(), |planned| planned.after.clone());
                    let held = held_now(view, source, key)?;
                    if held != wanted {
                        draft.change(party, key.clone(), held, wanted, Why::Replaced);
                    }
                }
                for (key, Planned { before, after }) in planned {
                    if !own.contains_key(key) {
                        draft.change(party, key.clone(), before.clone(), after.clone(), Why::Replaced);
                    }
                }
                let row = draft.parties[party].tally.settle(&source.row, Leaving::ByWill, now);
                draft.parties[party].settled = Some(seen(row));
            }
            Plan::Generation(generation, row) => {
                draft.bulk = true;
                let day = row.day.or_else(|| day_at(&source.row, now));
                draft.parties[party].settled = Some(seen(SourceRow { day, ..(**row).clone() }));
                let left = Left { until: now, serial: self.next_serial(), why: Why::Replaced, by: *generation };
                leave(&mut draft.batch, source.owner(), left);
                forget_left(&mut draft.batch, crate::store::Owner { generation: *generation, ..source.owner() });
            }
        }
        let mut kept = Vec::new();
        for (source, key, before) in switch.outweighed.clone() {
            // Renewed or taken back meanwhile: then it is another exclusion.
            if held_now(view, &source, &key)?.as_ref() == Some(&before) {
                let current = view.catalog().source(source.list, source.id).cloned().unwrap_or(source);
                let party = draft.party(&current, Leaving::ByItself, Arrival::Posted, UndoStep::Extend);
                draft.change(party, key, Some(before), None, Why::Outweighed);
            } else {
                kept.push(key);
            }
        }
        Ok((draft, kept))
    }
}

fn unknown(list: &ListState, source: &SourceName) -> Refused {
    Refused::UnknownSource(list.settings.name.clone(), source.clone())
}

fn held_now(view: &View<'_>, source: &Source, key: &Key) -> Result<Option<Holding>, ReadError> {
    let Some(current) = view.catalog().source(source.list, source.id) else { return Ok(None) };
    holding_at(view, current.owner(), key)
}
