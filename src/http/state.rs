//! What every handler works with: the door, the settings in force, and what `run` hands over.
//!
//! Guarantees: one place that names all that the web side depends on; a clone leads to the same.
//! Never: reads a file or a clock itself.

use super::{
    Problem, Settings,
    api::{self, Document},
    auth::{Act, Holder},
    forms::{Came, Forms, hourly},
    limiter::{Clients, Limiter},
    pages::{KeptDocs, KeptMaps, Trends},
    room::Room,
    sessions::Sessions,
};
use crate::{
    cases::{Desk, Fault, network::Network},
    change::{self, Clock},
    limits::{DETACHED_AT_ONCE, EXPORTS_AT_ONCE, FOLLOWERS_MAX},
    list::Prefix,
    metrics,
    snapshot::Snapshot,
    store::{Store, TokenHash, View},
    tasks,
};
use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, OnceLock},
};
use tokio::{
    runtime::Handle,
    sync::{Mutex, Semaphore, watch},
    task::spawn_blocking,
};
use tokio_util::sync::CancellationToken;

/// A function that says something of another room.
pub type Ask<T> = Arc<dyn Fn() -> T + Send + Sync>;

/// What `run` hands over.
#[derive(Clone)]
pub struct Parts {
    /// The one door.
    pub door: change::Door,
    /// Where removals, retests, networks and reports are dealt with.
    pub desk: Desk,
    /// The settings in force; a reload puts others in.
    pub settings: watch::Receiver<Arc<Settings>>,
    /// The hash of the token in `admin.token`.
    pub admin: TokenHash,
    /// Where times come from.
    pub clock: Clock,
    /// What this room counts.
    pub metrics: metrics::Http,
    /// The body of `/metrics`.
    pub scrape: Ask<String>,
    /// Whether DNS answers.
    pub dns_answers: Ask<bool>,
    /// The data directory: backups are made in it, for a moment.
    pub data_dir: PathBuf,
    /// Cancelled when the server stops: followers of the changes are let go then.
    pub stop: CancellationToken,
}

/// The state of the web side.
#[derive(Clone)]
pub struct State {
    pub(super) parts: Arc<Parts>,
    pub(super) limiter: Arc<Limiter>,
    pub(super) forms: Arc<Forms>,
    /// Tokens that were typed: that costs nothing, so it is counted apart from what does.
    pub(super) sign_ins: Arc<Clients>,
    pub(super) sessions: Arc<Sessions>,
    /// Claims of networks.
    pub(super) claims: Arc<Clients>,
    /// Requests for retests.
    pub(super) retests: Arc<Clients>,
    pub(super) map: Arc<KeptMaps>,
    pub(super) trends: Arc<Trends>,
    pub(super) exports: Arc<Semaphore>,
    /// For bodies that are held whole.
    pub(super) room: Room,
    pub(super) followers: Arc<Semaphore>,
    /// Work that goes on without the request that waits for it.
    pub(super) detached: Arc<Semaphore>,
    pub(super) backup: Arc<Mutex<()>>,
    /// `/openapi.json`, made once.
    pub(super) document: Arc<OnceLock<Document>>,
    /// `/docs`, which shows it.
    pub(super) docs: Arc<KeptDocs>,
}

impl State {
    /// The state of a server that begins.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
            limiter: Arc::default(),
            forms: Arc::default(),
            sign_ins: Arc::new(hourly()),
            sessions: Arc::default(),
            claims: Arc::new(api::claims_of_strangers()),
            retests: Arc::new(api::retests::hourly()),
            map: Arc::default(),
            trends: Arc::default(),
            exports: Arc::new(Semaphore::new(EXPORTS_AT_ONCE)),
            room: Room::default(),
            followers: Arc::new(Semaphore::new(FOLLOWERS_MAX)),
            detached: Arc::new(Semaphore::new(DETACHED_AT_ONCE)),
            backup: Arc::default(),
            document: Arc::default(),
            docs: Arc::default(),
        }
    }

    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.parts.settings.borrow())
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.parts.door.published().load()
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.parts.desk
    }

    /// Turns what the desk says into the answer to a request, as of now.
    pub(super) fn faulty(&self) -> impl Fn(Fault) -> Problem + Copy + Send + use<> {
        let now = self.parts.clock.now();
        move |fault| Problem::of_case(fault, now)
    }

    /// What is known of networks. For a thread that may wait.
    pub(super) fn networks(&self) -> Result<Arc<Vec<Network>>, Problem> {
        self.desk().networks().map_err(self.faulty())
    }

    pub(super) fn store(&self) -> &Arc<Store> {
        self.parts.door.store()
    }

    /// Reads from the store on a thread that may wait, with the snapshot that goes with what it sees.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        reading: impl FnOnce(&View<'_>, &Arc<Snapshot>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let state = self.clone();
        blocking(move || {
            // A commit is in the store a moment before it is served: what a page says and what DNS answers should be of
            // one serial. Under a stream of commits the last try is good enough.
            for _ in 0..SAME_SERIAL_TRIES {
                let view = state.store().view();
                let snapshot = state.snapshot();
                if view.serial() == snapshot.serial() {
                    return reading(&view, &snapshot);
                }
                drop(view);
                std::thread::yield_now();
            }
            reading(&state.store().view(), &state.snapshot())
        })
        .await
    }

    /// Who holds a token by now, after its holder's body was waited for: a token is revoked because it got into the wrong
    /// hands, and what they are sending must not come in. For a thread that may wait.
    ///
    /// # Errors
    /// 401 where it was revoked or has ended.
    pub(super) fn still(&self, holder: &Holder) -> Result<Holder, Problem> {
        if holder.id.is_empty() {
            return Ok(Holder::admin_file());
        }
        let now = self.parts.clock.now();
        let tokens = self.store().view().tokens()?;
        let row = tokens.iter().map(|(_, row)| row).find(|row| row.id == holder.id);
        row.filter(|row| row.is_in_force(now))
            .map(Holder::of)
            .ok_or_else(|| Problem::unauthorized("the token was revoked or has ended meanwhile; nothing was changed"))
    }

    /// [`State::still`], where it may still do this.
    ///
    /// # Errors
    /// Its own; 403 where the token has lost that right.
    pub(super) fn still_may(&self, holder: &Holder, act: Act<'_>) -> Result<Holder, Problem> {
        let holder = self.still(holder)?;
        holder.may(act)?;
        Ok(holder)
    }

    /// Acts on a form whose token was taken, to the end: what came of it is kept for who sends the form again, and where nothing
    /// did, the token is good again. Inside, why nothing did.
    pub(super) fn act_on_form<T: Send + 'static, E: Send + 'static>(
        &self,
        purpose: &'static str,
        client: Prefix,
        token: &str,
        act: impl Future<Output = Result<(T, Came), E>> + Send + 'static,
    ) -> impl Future<Output = Result<Result<T, E>, Problem>> {
        let (here, token, act) = (self.clone(), token.to_owned(), Box::pin(act));
        self.to_the_end(async move {
            let acted = act.await.inspect_err(|_| here.forms.give_back(purpose, client, &token));
            Ok(acted.map(|(told, came)| {
                here.forms.keep(purpose, client, &token, came);
                told
            }))
        })
    }

    /// Runs work to its end, also where the request that waits for it goes away meanwhile: what has begun is not left half done.
    ///
    /// It holds a thread while it waits for its turn, and who has the turn needs one too: some are always left.
    pub(super) async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.detached).acquire_owned().await.map_err(|_| Problem::internal())?;
        let runtime = Handle::current();
        blocking(move || {
            let _permit = permit;
            runtime.block_on(work)
        })
        .await
    }
}

/// How often a reader looks for a moment in which store and snapshot are of one serial.
const SAME_SERIAL_TRIES: usize = 200;

/// Runs what waits on a thread for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    spawn_blocking(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request ended in a panic");
        Err(Problem::internal())
    })
}

/// As [`blocking`] for long work, on a thread that gives way to those that answer.
pub(super) async fn aside<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    blocking(move || {
        tasks::aside(name, work).unwrap_or_else(|_| {
            tracing::error!(name, "long work ended in a panic, or got no thread");
            Err(Problem::internal())
        })
    })
    .await
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State")
    }
}
