//! Generations that left: when and why, and which of their entries ended then.
//!
//! The rows of a generation that left stand as long as it can be undone. What of them ended is told by what came in their place,
//! as it was at that moment: an entry keeps its first sight over an import, so that one first seen later came later; and
//! what ended or changed since stands in the history.
//!
//! Guarantees: an entry that went on as it was has not ended, whatever became of it later; one that did not has, even if it came
//! back since. Times are of seconds: what came, left, and came back within one is taken for what went on.
//! Never: writes; a batch is handed in.

use super::{
    draft::past,
    plan::{Holding, decides_differently},
    state::ListState,
};
use crate::{
    list::{Entry, Key, Serial, SourceName, Time},
    store::{Batch, Generation, Owner, Past, ReadError, View, Why},
};
use serde::{Deserialize, Serialize};

/// When and why a generation left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// When.
    pub until: Time,
    /// With which commit.
    pub serial: Serial,
    /// Why.
    pub why: Why,
    /// What came in its place.
    pub by: Generation,
}

#[derive(Serialize, Deserialize)]
struct LeftNote {
    until: Time,
    serial: Serial,
    why: String,
    by: Generation,
}

fn note_name(owner: Owner) -> String {
    format!("left/{}/{}/{}", owner.list.0, owner.source.0, owner.generation.0)
}

/// Remembers, in the commit that does it, that a generation leaves.
pub(super) fn leave(batch: &mut Batch, owner: Owner, left: Left) {
    let note = LeftNote { until: left.until, serial: left.serial, why: left.why.as_str().into(), by: left.by };
    let note = serde_json::to_vec(&note).expect("numbers and a word are JSON");
    batch.put_note(&note_name(owner), &note);
}

/// The generation is in force again, or cleared away.
pub(super) fn forget_left(batch: &mut Batch, owner: Owner) {
    batch.delete_note(&note_name(owner));
}

/// When and why a generation left that [`View::left_at`] still shows; `None` for one that never was in force.
pub fn how_left(view: &View<'_>, owner: Owner) -> Result<Option<Left>, ReadError> {
    let Some(note) = view.note(&note_name(owner))? else { return Ok(None) };
    let Ok(note) = serde_json::from_slice::<LeftNote>(&note) else { return Ok(None) };
    let why = [Why::Replaced, Why::Undone, Why::Purged].into_iter().find(|why| why.as_str() == note.why);
    Ok(why.map(|why| Left { until: note.until, serial: note.serial, why, by: note.by }))
}

/// The history of an entry that ended with its generation; `None` where it did not.
pub(super) fn past_with(
    view: &View<'_>,
    (list, source): (&ListState, &SourceName),
    owner: Owner,
    left: &Left,
    (key, entry): (&Key, &Entry),
) -> Result<Option<Past>, ReadError> {
    let Some(why) = ended_with(view, owner, left, key, entry)? else { return Ok(None) };
    let holding = Holding { entry: *entry, detail: view.detail(owner, key)? };
    Ok(Some(past(list, source, &holding, left.until, why, left.serial)))
}

/// Why an entry of a generation that left ended with it; `None`: it went on as it was.
///
/// # Errors
/// The store cannot be read.
pub fn ended_with(
    view: &View<'_>,
    owner: Owner,
    left: &Left,
    key: &Key,
    entry: &Entry,
) -> Result<Option<Why>, ReadError> {
    let was_there = |first_seen: Time| first_seen == entry.first_seen || first_seen < left.until;
    let as_before = match view.next_past(owner, key, left.until, left.serial)? {
        Some(past) if was_there(past.from) => {
            let text = entry.text.map(|id| view.text(owner.list, id)).transpose()?.flatten();
            (past.mark, past.code, past.text) == (entry.mark, entry.code, text)
        }
        Some(_) => return Ok(Some(left.why)),
        None => match view.entry(Owner { generation: left.by, ..owner }, key)? {
            Some(next) if was_there(next.first_seen) => !decides_differently(Some(entry), Some(&next)),
            _ => return Ok(Some(left.why)),
        },
    };
    let changed = if left.why == Why::Replaced { Why::Changed } else { left.why };
    Ok((!as_before).then_some(changed))
}
