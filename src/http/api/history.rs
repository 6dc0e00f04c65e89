//! `GET /api/v1/history/{key}`: where a key was listed before.
//!
//! Guarantees: without a token only what ended within `[keep] public_history`; with one that reads, all that is kept.
//! Never: shows evidence.

use crate::{
    change::{ended_with, how_left},
    http::{
        Problem, State,
        access::{Access, At},
        auth::Act,
        explain,
    },
    limits::HISTORY_SHOWN_MAX,
    list::{Key, KeyFamily, ListSettings, Mark, Time},
    store::{ListId, View},
};
use axum::{Json, extract::State as Of};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Where a key was listed or exempted before.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct History {
    /// The key.
    pub key: String,
    /// Its stays, the latest first; those of wider keys that cover it among them.
    pub stays: Vec<Stay>,
}

/// One stay that has ended.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Stay {
    /// The list.
    pub list: String,
    /// The entry: the key or a wider one.
    pub entry: String,
    /// Who said so.
    pub source: String,
    /// Whether it was an exclusion.
    pub exclude: bool,
    /// The code.
    pub code: String,
    /// Why it was listed, in the source's words.
    pub reason: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub from: Time,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    pub until: Time,
    /// Why it left: removed, expired, replaced, changed, purged, undone or outweighed.
    pub why: &'static str,
    /// The commit that ended it.
    pub serial: u64,
}

impl Stay {
    /// Whether both tell the same end.
    fn is_end_of(&self, other: &Self) -> bool {
        let end = |stay: &Self| (stay.serial, stay.until);
        end(self) == end(other) && (&self.list, &self.entry, &self.source) == (&other.list, &other.entry, &other.source)
    }
}

/// Past stays of a key
///
/// What is in force is told by the look-up. Without a token only stays that ended within the configured
/// `public_history` are shown; a token with the scope read sees all that is kept.
#[utoipa::path(get, path = "/api/v1/history/{key}", tag = "look-ups",
    params(("key" = String, Path, description = "An address, a prefix, a name or a hash", example = "192.0.2.1")),
    responses((status = 200, description = "The stays, the latest first", body = History)))]
pub(super) async fn history(
    Of(state): Of<State>,
    access: Access,
    At(key): At<String>,
) -> Result<Json<History>, Problem> {
    told(&state, &access, &key).await
}

/// The history of a prefix, whose slash makes one part more of the path.
pub(in crate::http) async fn of_range(
    Of(state): Of<State>,
    access: Access,
    At((first, length)): At<(String, String)>,
) -> Result<Json<History>, Problem> {
    told(&state, &access, &format!("{first}/{length}")).await
}

async fn told(state: &State, access: &Access, key: &str) -> Result<Json<History>, Problem> {
    access.count_look_up(state)?;
    let key = read(key)?;
    let since = since(state, access);
    state
        .read(move |view, snapshot| {
            let lists: Vec<_> = snapshot.served().lists().map(|(_, list)| Arc::clone(list)).collect();
            Ok(History { key: explain::written(&key), stays: stays(view, &lists, &key, since)? })
        })
        .await
        .map(Json)
}

/// How far back this caller may read.
pub(in crate::http) fn since(state: &State, access: &Access) -> Time {
    if access.could(Act::Read) {
        return Time::default();
    }
    state.parts.clock.now().minus(access.settings.public_history)
}

fn read(text: &str) -> Result<Key, Problem> {
    match explain::read_key(text) {
        Ok(key) => Ok(key),
        Err(explain::Unasked::Range(prefix)) => Ok(prefix.into()),
        Err(other) => Err(other.into()),
    }
}

/// The ended stays of a key in these lists, the latest first.
///
/// # Errors
/// 500 where the store fails.
pub(in crate::http) fn stays(
    view: &View<'_>,
    lists: &[Arc<ListSettings>],
    key: &Key,
    since: Time,
) -> Result<Vec<Stay>, Problem> {
    let never = Arc::new(ListSettings::never());
    let mut stays = Vec::new();
    for list in lists.iter().chain([&never]).filter(|list| takes(list, key)) {
        let Some(id) = view.catalog().list_id(&list.name) else { continue };
        for (entry, past) in view.history(id, key, since, HISTORY_SHOWN_MAX)? {
            stays.push(Stay {
                list: list.name.to_string(),
                entry: entry.to_string(),
                source: past.source.to_string(),
                exclude: past.mark == Mark::Excluded,
                code: past.code.unwrap_or(list.code).to_string(),
                reason: past.reason.into(),
                from: past.from,
                until: past.until,
                why: past.why.as_str(),
                serial: past.serial.0,
            });
        }
        // Of a generation that was about to come back, and did not, this is history already.
        let left = just_left(view, list, id, key, since)?;
        let is_told = |left: &Stay| stays.iter().any(|stay| stay.is_end_of(left));
        let untold: Vec<Stay> = left.into_iter().filter(|left| !is_told(left)).collect();
        stays.extend(untold);
    }
    stays.sort_by_key(|stay| std::cmp::Reverse(stay.until));
    stays.truncate(HISTORY_SHOWN_MAX);
    Ok(stays)
}

fn takes(list: &ListSettings, key: &Key) -> bool {
    list.family() == KeyFamily::Any || list.family().takes(key)
}

/// What left with a generation in the last day: its rows stand as long as that can be undone, and become history then.
fn just_left(view: &View<'_>, list: &ListSettings, id: ListId, key: &Key, since: Time) -> Result<Vec<Stay>, Problem> {
    let mut stays = Vec::new();
    for (owner, entry) in view.left_at(id, key)? {
        let Some(source) = view.catalog().source(id, owner.source) else { continue };
        let Some(left) = how_left(view, owner)?.filter(|left| left.until >= since) else { continue };
        let Some(why) = ended_with(view, owner, &left, key, &entry)? else { continue };
        let detail = view.detail(owner, key)?;
        stays.push(Stay {
            list: list.name.to_string(),
            entry: key.to_string(),
            source: source.name.to_string(),
            exclude: entry.mark == Mark::Excluded,
            code: entry.code.unwrap_or(list.code).to_string(),
            reason: detail.reason.into(),
            from: entry.first_seen,
            until: left.until,
            why: why.as_str(),
            serial: left.serial.0,
        });
    }
    Ok(stays)
}
