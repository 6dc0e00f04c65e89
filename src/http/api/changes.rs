//! `GET /api/v1/changes`: the commits in their order, for those who follow the lists.
//!
//! Guarantees: no commit is left out between two lines: where the journal no longer reaches, or the serial is of another
//! lineage, the answer is 410. Followers are let go when the server stops, and go on with `Last-Event-ID`.
//! Never: shows evidence.

use crate::{
    http::{
        Problem, State,
        access::{Access, Asked},
        auth::Act,
        body::{self, AnswerWriter},
        state::blocking,
    },
    limits::{CHANGES_READ_AT_ONCE, CHANGES_SHOWN_MAX, HTTP_STALL_TIME},
    list::{Key, Mark, Serial, Time},
    store::{Act as Done, Changes, CommitRow, JournalError, KeyChange, Lineage},
};
use axum::{
    extract::State as Of,
    http::{HeaderMap, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, io::Write as _, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::{IntoParams, ToSchema};

/// From where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangesParameters {
    /// Commits after this serial; `LINEAGE:SERIAL` makes sure that it is of this store.
    #[param(example = "0")]
    since: Option<String>,
    /// How many commits at most.
    #[param(example = 100)]
    limit: Option<usize>,
}

/// One commit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Commit {
    /// Its number.
    serial: u64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    /// Who made it: `token:NAME`, `admin.token` or `network.NAME`; of removals, tests and reports `anyone`, `check`, `retest`,
    /// `trap`, `network` or `time`; else `expiry`, `config` or `restore`. Further ones may come.
    actor: String,
    /// What it was: add, remove, replace, purge, undo, expire, configure or restore.
    #[schema(value_type = String)]
    act: Done,
    /// The list; null where several, or none.
    list: Option<String>,
    /// The source; null where several, or none.
    source: Option<String>,
    /// Keys that the source did not hold.
    added: u64,
    /// Keys that it holds no more.
    removed: u64,
    /// Keys of which it says something else.
    renewed: u64,
    /// Keys confirmed as they were.
    unchanged: u64,
    /// Whether the changes are not told, because they are many or of several lists: export the list again, or all where it
    /// names none.
    bulk: bool,
    /// The changes, where it is not `bulk`.
    changes: Vec<KeyChanged>,
}

/// One key of a commit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyChanged {
    /// The list.
    list: String,
    /// The source.
    source: String,
    /// The key.
    key: String,
    /// What the source says of it from now on; null: nothing.
    now: Option<Said>,
}

/// What a source says of a key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Said {
    /// Whether it makes a hole.
    exclude: bool,
    /// Why.
    reason: String,
    /// Its own code; null: the list's.
    code: Option<String>,
    /// Its own text; null: the list's.
    text: Option<String>,
    /// When the source first named it.
    #[schema(value_type = String, format = DateTime)]
    first_seen: Time,
    /// When it was last seen.
    #[schema(value_type = String, format = DateTime)]
    last_seen: Time,
    /// Its own end; null: by the list's rule.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
}

/// Follow the changes
///
/// Commits after `since`, one a line. With `Accept: text/event-stream` the answer does not end: further commits come as
/// they are made, each an event whose id (`LINEAGE:SERIAL`) is taken as `Last-Event-ID`.
#[utoipa::path(get, path = "/api/v1/changes", tag = "exports", security(("token" = ["read"])),
    params(ChangesParameters),
    responses(
        (status = 200, description = "The commits", content((Commit = "application/x-ndjson"), (String = "text/event-stream")),
            headers(("Dnsbld-Lineage" = String, description = "What the serials belong to"))),
        (status = 410, description = "The journal does not reach back that far, or the serial is of another lineage: export again", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn changes(
    Of(state): Of<State>,
    access: Access,
    Asked(asked): Asked<ChangesParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    access.may(Act::Read)?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let follows = text(header::ACCEPT).is_some_and(|accept| accept.contains("text/event-stream"));
    let last = text(header::HeaderName::from_static("last-event-id")).filter(|_| follows);
    let store = Arc::clone(state.store());
    let since = since(last.or(asked.since.as_deref()).unwrap_or("0"), store.lineage(), store.serial())?;
    let lineage = [("dnsbld-lineage", store.lineage().to_string())];
    // Whether the journal reaches that far is known before the answer begins.
    let reading = state.clone();
    let first = blocking(move || after(&reading, since)).await?;
    if follows {
        let busy = || Problem::busy("enough followers are connected", Duration::from_secs(60));
        let permit = Arc::clone(&state.followers).try_acquire_owned().map_err(|_| busy())?;
        return Ok((lineage, follow(state, since, first, permit)).into_response());
    }
    let left = asked.limit.unwrap_or(CHANGES_SHOWN_MAX).min(CHANGES_SHOWN_MAX);
    let (writer, body) = body::answer();
    // The thread ends with the body, at the latest when its reader goes.
    drop(tokio::task::spawn_blocking(move || {
        if let Err(error) = write(&state, since, first, left, writer) {
            tracing::info!(%error, "an answer of changes broke off");
        }
    }));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], lineage, body).into_response())
}

fn since(text: &str, lineage: Lineage, stored: Serial) -> Result<Serial, Problem> {
    let unreadable = || Problem::malformed("since: write SERIAL or LINEAGE:SERIAL");
    let (named, serial) = match text.split_once(':') {
        None => (None, text),
        Some((named, serial)) => (Some(named.parse::<Lineage>().map_err(|_| unreadable())?), serial),
    };
    let serial = Serial(serial.parse().map_err(|_| unreadable())?);
    if named.is_some_and(|named| named != lineage) || serial > stored {
        return Err(Problem::gone(format!(
            "this store's lineage is {lineage}, its last serial {stored}; export again"
        )));
    }
    Ok(serial)
}

/// Some commits after a serial.
fn after(state: &State, since: Serial) -> Result<Vec<CommitRow>, Problem> {
    state.store().view().journal(since, CHANGES_READ_AT_ONCE).map_err(|error| match error {
        JournalError::Gone(_) => Problem::gone(error.to_string()),
        JournalError::Read(error) => error.into(),
    })
}

/// Writes lines until nothing is left.
fn write(
    state: &State,
    mut since: Serial,
    mut rows: Vec<CommitRow>,
    mut left: usize,
    mut writer: AnswerWriter,
) -> std::io::Result<()> {
    while !rows.is_empty() && left > 0 {
        for row in rows.into_iter().take(left) {
            left -= 1;
            since = row.serial;
            serde_json::to_writer(&mut writer, &Commit::from(row))?;
            writer.write_all(b"\n")?;
        }
        rows = after(state, since).map_err(|problem| std::io::Error::other(String::from(problem.detail)))?;
    }
    writer.end()
}

/// One follower.
struct Follower {
    state: State,
    served: watch::Receiver<Serial>,
    since: Serial,
    rows: VecDeque<CommitRow>,
    /// Whether the last look found nothing.
    idle: bool,
    _permit: OwnedSemaphorePermit,
}

fn follow(
    state: State,
    since: Serial,
    first: Vec<CommitRow>,
    permit: OwnedSemaphorePermit,
) -> Sse<impl Stream<Item = Result<Event, axum::Error>>> {
    let served = state.parts.door.published().watch();
    let follower = Follower { state, served, since, rows: first.into(), idle: false, _permit: permit };
    let events = stream::unfold(follower, |mut follower| async move {
        let row = follower.next().await?;
        let id = format!("{}:{}", follower.state.store().lineage(), row.serial);
        Some((Event::default().id(id).event("commit").json_data(Commit::from(row)), follower))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(HTTP_STALL_TIME / 2))
}

impl Follower {
    /// Waits until more is served.
    async fn wait(&mut self) -> Option<()> {
        // A configuration may be published without a commit of its own: then there is nothing to read yet.
        if self.idle {
            self.served.changed().await.ok()?;
        }
        let since = self.since;
        self.served.wait_for(|serial| *serial > since).await.ok()?;
        Some(())
    }

    /// The next commit, once it is served; `None` when the server stops or the journal was cut before the follower.
    async fn next(&mut self) -> Option<CommitRow> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                self.since = row.serial;
                return Some(row);
            }
            let (since, stop) = (self.since, self.state.parts.stop.clone());
            tokio::select! {
                () = stop.cancelled() => return None,
                waited = self.wait() => waited?,
            }
            let state = self.state.clone();
            self.rows = blocking(move || after(&state, since)).await.ok()?.into();
            self.idle = self.rows.is_empty();
        }
    }
}

impl From<CommitRow> for Commit {
    fn from(row: CommitRow) -> Self {
        let (bulk, changes) = match row.changes {
            Changes::Bulk => (true, Vec::new()),
            Changes::Keys(keys) => (false, keys.into_iter().map(KeyChanged::from).collect()),
        };
        Self {
            serial: row.serial.0,
            time: row.time,
            actor: row.actor.into(),
            act: row.act,
            list: row.list.map(|list| list.to_string()),
            source: row.source.map(|source| source.to_string()),
            added: row.counts.added,
            removed: row.counts.removed,
            renewed: row.counts.renewed,
            unchanged: row.counts.unchanged,
            bulk,
            changes,
        }
    }
}

impl From<KeyChange> for KeyChanged {
    fn from(change: KeyChange) -> Self {
        let now = change.now.map(|said| Said {
            exclude: said.mark == Mark::Excluded,
            reason: said.reason.into(),
            code: said.code.map(|code| code.to_string()),
            text: said.text.map(Into::into),
            first_seen: said.first_seen,
            last_seen: said.last_seen,
            expires: said.expires,
        });
        let key: Key = change.key;
        Self { list: change.list.to_string(), source: change.source.to_string(), key: key.to_string(), now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_of_another_lineage_or_of_the_future_is_gone() {
        let ours = Lineage(7);
        let since = |text: &str| since(text, ours, Serial(10)).map_err(|problem| problem.status);
        assert_eq!(since("0"), Ok(Serial(0)));
        assert_eq!(since("10"), Ok(Serial(10)));
        assert_eq!(since(&format!("{ours}:3")), Ok(Serial(3)));
        assert_eq!(since(&format!("{}:3", Lineage(8))), Err(410));
        assert_eq!(since("11"), Err(410));
        for text in ["", "x", "-1", ":3", "xyz:3", "7:"] {
            assert_eq!(since(text), Err(400), "{text}");
        }
    }
}
