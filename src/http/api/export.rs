//! Exports of lists and zones, as of one serial, of any size in bounded memory.
//!
//! Guarantees: the rows of one moment, whatever is written meanwhile; an export that fails half-way breaks off, so that
//! nobody takes a part for the whole.
//! Never: writes private evidence; runs more than [`EXPORTS_AT_ONCE`](crate::limits::EXPORTS_AT_ONCE) at once.

use super::lists;
use crate::{
    change::last_seen,
    http::{
        Problem, State,
        access::{Access, Asked, At},
        auth::Act,
        body::{self, AnswerWriter},
    },
    limits::ANSWER_PIECE_OCTETS,
    list::{
        Key, Kind, ListName, ListSettings, ListedName, Serial, TextId,
        format::{ExportFormat, Exported, Heading, Order, Part, Writer, ZoneHead},
    },
    snapshot::{self, Snapshot, ZoneSettings},
    store::{Entries, Held, ListId, ReadError, View},
};
use axum::{
    extract::State as Of,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::{
    collections::HashMap,
    io::{self, Write as _},
    iter::Peekable,
    net::IpAddr,
    sync::Arc,
    time::Duration,
};
use tokio::sync::oneshot;
use utoipa::IntoParams;

/// How an export is written.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportParameters {
    /// `text` (default), `csv`, `ndjson`, `rbldnsd`, `rpz` or `bind`.
    #[param(example = "text")]
    format: Option<String>,
}

/// Export a list
///
/// What all its sources hold, as of the commit in the header `Dnsbld-Serial`.
#[utoipa::path(get, path = "/api/v1/lists/{list}/export", tag = "exports", security(("token" = ["read"])),
    params(("list" = String, Path, description = "The list", example = "dynamic"), ExportParameters),
    responses(
        (status = 200, description = "The entries", content((String = "text/plain"), (String = "text/csv"), (String = "application/x-ndjson"), (String = "text/dns")),
            headers(("Dnsbld-Serial" = u64, description = "As of this commit"))),
        (status = 422, description = "The format cannot say this", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    Of(state): Of<State>,
    access: Access,
    At(name): At<ListName>,
    Asked(asked): Asked<ExportParameters>,
) -> Result<Response, Problem> {
    access.may(Act::Read)?;
    let format = format(&asked)?;
    let list = Part { list: lists::settings(&state.snapshot(), &name)?, combined: true };
    // A file of DNS that other servers load has the holes of `never`.
    let holes = format.is_of_dns() && list.list.kind != Kind::Never;
    let parts = holes.then(never).into_iter().chain([list]).collect();
    export(state, format, None, parts).await
}

/// Export a zone
///
/// Its lists together, for another server: rbldnsd, a response policy zone, or a master file. Written as of the commit in
/// the header `Dnsbld-Serial`. Of a closed zone these hold nothing, as DNS says nothing of it.
#[utoipa::path(get, path = "/api/v1/zones/{origin}/export", tag = "exports", security(("token" = ["read"])),
    params(("origin" = String, Path, description = "The zone", example = "bl.example.org"), ExportParameters),
    responses(
        (status = 200, description = "The entries", content((String = "text/plain"), (String = "text/csv"), (String = "application/x-ndjson"), (String = "text/dns")),
            headers(("Dnsbld-Serial" = u64, description = "As of this commit"))),
        (status = 422, description = "The format cannot say this", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn zone(
    Of(state): Of<State>,
    access: Access,
    At(origin): At<String>,
    Asked(asked): Asked<ExportParameters>,
) -> Result<Response, Problem> {
    access.may(Act::Read)?;
    let format = format(&asked)?;
    let origin = origin.trim_end_matches('.').to_ascii_lowercase();
    let snapshot = state.snapshot();
    let served = snapshot.served();
    let zone = served.zones().iter().find(|zone| zone.settings().origin.name() == origin);
    let zone = zone.ok_or_else(|| Problem::not_found(format!("there is no zone {origin}")))?;
    if zone.closed() && format.is_of_dns() {
        // A mirror of it lists nothing either, not even the test points.
        return export(state, format, Some(zone.settings().clone()), Vec::new()).await;
    }
    let zone = zone.settings();
    let combined = zone.lists.iter().map(|name| (name, true));
    let parts = combined.chain(zone.sublists_only.iter().map(|name| (name, false)));
    // A copy of the zone has its holes too.
    let lists = parts.filter_map(|(name, combined)| {
        let list = served.list(name).and_then(|index| served.settings(index))?;
        Some(Part { list: Arc::clone(list), combined })
    });
    let parts = std::iter::once(never()).chain(lists).collect();
    let zone = zone.clone();
    export(state, format, Some(zone), parts).await
}

/// `never`, which stands before the lists that it takes keys off.
fn never() -> Part {
    Part { list: Arc::new(ListSettings::never()), combined: false }
}

fn format(asked: &ExportParameters) -> Result<ExportFormat, Problem> {
    match asked.format.as_deref() {
        None => Ok(ExportFormat::default()),
        Some(text) => text.parse().map_err(|error| Problem::malformed(format!("format: {error}"))),
    }
}

/// Writes the export on a thread of its own while the answer is read.
async fn export(
    state: State,
    format: ExportFormat,
    zone: Option<ZoneSettings>,
    parts: Vec<Part>,
) -> Result<Response, Problem> {
    let busy = || Problem::busy("enough exports are running", Duration::from_secs(10));
    let permit = Arc::clone(&state.exports).try_acquire_owned().map_err(|_| busy())?;
    let (writer, body) = body::answer();
    let (begun, beginning) = oneshot::channel();
    // The thread goes on after the head of the answer is sent; it ends with the body, at the latest when its reader goes.
    drop(tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let view = state.store().view();
        let snapshot = state.snapshot();
        let heading = heading(&snapshot, zone.as_ref(), view.serial());
        let mut out = Vec::with_capacity(2 * ANSWER_PIECE_OCTETS);
        let export = match Writer::new(format, heading, parts.clone(), &mut out) {
            Ok(lines) => Export { view: &view, parts: &parts, lines, out, writer, texts: HashMap::new() },
            Err(error) => {
                // Whoever asked may be gone.
                let _ = begun.send(Err(Problem::unprocessable(error.to_string())));
                return;
            }
        };
        let _ = begun.send(Ok(view.serial()));
        if let Err(error) = export.write(format.order()) {
            tracing::info!(%error, "an export broke off");
        }
    }));
    let serial = beginning.await.unwrap_or_else(|_| Err(Problem::internal()))?;
    let headers = [(header::CONTENT_TYPE, format.media_type().to_owned())];
    let serial = [("dnsbld-serial", serial.to_string())];
    Ok((headers, serial, body).into_response())
}

/// The addresses of the names that a zone has besides its lists.
fn addresses(zone: &ZoneSettings) -> Vec<(ListedName, Vec<IpAddr>)> {
    let (v4, v6) = (zone.a.iter().copied().map(IpAddr::from), zone.aaaa.iter().copied().map(IpAddr::from));
    let origin = (zone.origin.clone(), v4.chain(v6).collect());
    std::iter::once(origin).chain(zone.glue.iter().cloned()).collect()
}

fn heading(snapshot: &Snapshot, zone: Option<&ZoneSettings>, serial: Serial) -> Heading {
    let served = snapshot.served();
    let own = zone.and_then(|zone| served.zones().iter().find(|one| one.settings().origin == zone.origin));
    let held_for = own.filter(|own| own.closed()).map(|_| ZoneSettings::CLOSED_TTL);
    let head = zone.map(|zone| ZoneHead {
        origin: zone.origin.clone(),
        ns: zone.ns.clone(),
        contact: zone.contact.clone(),
        ttl: held_for.unwrap_or(zone.ttl),
        negative_ttl: held_for.unwrap_or(zone.negative_ttl),
        serial: own.map_or(serial, |own| snapshot.zone_serial(own)),
        texts: own.map(snapshot::Zone::texts).unwrap_or_default(),
        addresses: addresses(zone),
    });
    Heading { zone: head, serial, public_url: served.public_url().to_owned() }
}

/// Why an export ends before its end.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Store(#[from] ReadError),
    #[error(transparent)]
    Format(#[from] crate::list::format::ExportError),
    #[error(transparent)]
    Reader(#[from] io::Error),
}

/// One export under way.
struct Export<'e> {
    view: &'e View<'e>,
    parts: &'e [Part],
    lines: Writer,
    out: Vec<u8>,
    writer: AnswerWriter,
    texts: HashMap<(ListId, TextId), Option<Box<str>>>,
}

impl<'e> Export<'e> {
    fn write(mut self, order: Order) -> Result<(), Broken> {
        let mut walks: Vec<_> = (0..self.parts.len()).filter_map(|part| self.walk(part)).collect();
        match order {
            Order::ByList => {
                for (part, id, entries) in walks {
                    for held in entries {
                        self.line(part, id, held?)?;
                    }
                }
            }
            Order::ByKey => {
                while let Some(next) = next_walk(&mut walks)? {
                    let (part, id, entries) = &mut walks[next];
                    if let Some(held) = entries.next() {
                        self.line(*part, *id, held?)?;
                    }
                }
            }
        }
        self.lines.finish(&mut self.out)?;
        self.writer.write_all(&self.out)?;
        Ok(self.writer.end()?)
    }

    fn walk(&self, part: usize) -> Option<(usize, ListId, Peekable<Entries<'e>>)> {
        let id = self.view.catalog().list_id(&self.parts[part].list.name)?;
        Some((part, id, self.view.entries(id).peekable()))
    }

    fn line(&mut self, part: usize, list: ListId, held: Held) -> Result<(), Broken> {
        let Held { key, source, entry } = held;
        let mut detail = self.view.detail(source.owner(), &key)?;
        detail.private = Box::default();
        // As DNS says it, and as an import into the same list takes it.
        let said = self.parts[part].list.tag(&entry);
        let text = match said.text {
            None => None,
            Some(id) => match self.texts.entry((list, id)) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut().as_deref(),
                std::collections::hash_map::Entry::Vacant(new) => new.insert(self.view.text(list, id)?).as_deref(),
            },
        };
        let exported = Exported {
            key: &key,
            mark: entry.mark,
            source: &source.name,
            code: entry.code.filter(|code| *code == said.code),
            text,
            detail: &detail,
            first_seen: entry.first_seen,
            last_seen: last_seen(&entry, source.row.complete_at),
            expires: entry.expires,
        };
        self.lines.entry(part, &exported, &mut self.out)?;
        if self.out.len() >= ANSWER_PIECE_OCTETS {
            self.writer.write_all(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }
}

/// The walk whose next key is the first of all; an error counts as the first.
fn next_walk(walks: &mut [(usize, ListId, Peekable<Entries<'_>>)]) -> Result<Option<usize>, ReadError> {
    let mut first: Option<(usize, Key)> = None;
    for (place, (_, _, entries)) in walks.iter_mut().enumerate() {
        match entries.peek() {
            None => {}
            Some(Err(error)) => return Err(error.clone()),
            Some(Ok(held)) if first.as_ref().is_some_and(|(_, key)| *key <= held.key) => {}
            Some(Ok(held)) => first = Some((place, held.key.clone())),
        }
    }
    Ok(first.map(|(place, _)| place))
}
