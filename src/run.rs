//! The running process as one struct: `Process` names everything that is in force.
//!
//! ```text
//! configuration > data_dir > bind > drop user > store > first snapshot > writer, DNS, web > ready
//!   SIGHUP: read again, lists and zones by the door          SIGTERM, SIGINT: abort imports, drain, close
//! ```
//! Guarantees: what goes wrong before the ready line has an exit code of its own and one sentence; a wrong file at a reload
//! changes nothing; the process ends within 3 seconds after SIGTERM; a part that ends unexpectedly ends the whole.
//! Never: answers anything itself; goes into the background.

mod allocator;
mod figures;
mod logs;
mod mailroom;
mod outside;
mod privileges;
mod rooms;

use crate::{
    cases,
    change::{self, Clock, Door, Writer},
    clock,
    config::{self, Config, ReadError},
    dns, http,
    limits::DRAIN_SECONDS,
    list::{Duration as Lasting, Time},
    metrics::{Metrics, Reloaded, scrape},
    store::{self, Store},
    tasks::Supervisor,
};
use sd_notify::NotifyState;
use std::{
    fs, io,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU32},
    thread,
    time::Duration,
};
use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::spawn_blocking,
};
use tokio_util::sync::CancellationToken;

/// Why the server did not start, or ended by itself. `cli` gives each its exit code.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration cannot be read, or not be served from this store.
    #[error("{0}")]
    Config(String),
    /// `user` cannot be had.
    #[error("user = \"{name}\": {why}")]
    User {
        /// As configured.
        name: String,
        /// In words.
        why: String,
    },
    /// An address is taken or not ours.
    #[error("{0}")]
    Bind(String),
    /// The data directory is in use or not usable.
    #[error("data_dir {}: {why}", .dir.display())]
    DataDir {
        /// Which.
        dir: PathBuf,
        /// In words.
        why: String,
    },
    /// The store is damaged, newer, or failing.
    #[error("the store in {}: {why}", .dir.display())]
    Store {
        /// Where.
        dir: PathBuf,
        /// In words.
        why: String,
    },
    /// A part of the program ended, or the system does not give what it needs.
    #[error("{0}")]
    Failed(String),
}

impl From<ReadError> for RunError {
    fn from(error: ReadError) -> Self {
        Self::Config(error.to_string())
    }
}

/// Every socket, bound before rights are dropped.
struct Sockets {
    dns: dns::Listeners,
    web: http::Listeners,
    outside: outside::Listeners,
}

/// The running process.
struct Process {
    /// Where the configuration is read from again.
    file: PathBuf,
    /// What of it is in force.
    config: Config,
    /// The one way to change a list; through it the store, and what is served.
    door: Door,
    /// What the web side goes by; a reload sends new settings.
    web: watch::Sender<Arc<http::Settings>>,
    /// What the desk goes by; a reload sends new settings.
    cases: watch::Sender<Arc<cases::Settings>>,
    /// What is counted as it happens.
    metrics: Metrics,
    /// Every thread and task: the writer, the DNS workers, the web side.
    units: Supervisor,
    /// Tells them to end.
    stop: CancellationToken,
}

/// What the process listens to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// Serves by the configuration in `file` until a signal or a failure ends it.
///
/// # Errors
/// See [`RunError`].
pub fn serve(file: &Path) -> Result<(), RunError> {
    allocator::settle();
    logs::begin();
    let config = config::read_file(file)?;
    privileges::keep_files_private();
    privileges::raise_file_limit();
    make_data_dir(&config.data_dir)?;
    let sockets = Sockets::bind(&config)?;
    if let Some(user) = &config.user {
        privileges::become_user(user, &config.data_dir)?;
    }
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| RunError::Failed(format!("the system gives no threads: {error}")))?;
    let ended = runtime.block_on(run(file, config, sockets));
    // What an aborted import still does is of no use to anyone.
    runtime.shutdown_timeout(Duration::from_millis(500));
    ended
}

async fn run(file: &Path, config: Config, sockets: Sockets) -> Result<(), RunError> {
    let mut signals = Signals::listen().map_err(|error| RunError::Failed(format!("no signals: {error}")))?;
    let settings = config.clone();
    let opened = tokio::select! {
        opened = spawn_blocking(move || open(&settings)) => opened,
        () = signals.end() => return Ok(()),
    };
    let (door, writer) = opened.map_err(|error| RunError::Failed(format!("opening the store: {error}")))??;
    let mut process = Process::begin(file, config, sockets, door, writer)?;
    let ended = process.live(&mut signals).await;
    process.end().await;
    ended
}

fn make_data_dir(dir: &Path) -> Result<(), RunError> {
    let failed = |error: io::Error| RunError::DataDir { dir: dir.to_owned(), why: error.to_string() };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    if dir.is_dir() { Ok(()) } else { Err(failed(io::ErrorKind::NotADirectory.into())) }
}

/// Opens the store and builds the first snapshot. Takes as long as the store is large.
fn open(config: &Config) -> Result<(Door, Writer), RunError> {
    let dir = config.data_dir.clone();
    let store = match Store::open(&dir, &rooms::store_settings(config)) {
        Ok(store) => store,
        Err(error @ (store::OpenError::InUse(_) | store::OpenError::Io(_))) => {
            return Err(RunError::DataDir { dir, why: error.to_string() });
        }
        Err(error @ (store::OpenError::Newer { .. } | store::OpenError::Damaged(_))) => {
            return Err(RunError::Store { dir, why: error.to_string() });
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let settings = change::Settings { configuration: rooms::configuration(config), threads };
    Door::open(Arc::new(store), settings, system_clock()).map_err(|error| match error {
        change::OpenError::Configuration(refused) => RunError::Config(refused.to_string()),
        change::OpenError::Store(why) => RunError::Store { dir, why },
    })
}

fn system_clock() -> Clock {
    let wall = || Time::from_seconds(clock::wall_seconds());
    Clock::new(wall, || Lasting::from_seconds(clock::boot_seconds()))
}

impl Sockets {
    fn bind(config: &Config) -> Result<Self, RunError> {
        let dns = dns::Listeners::bind(&rooms::dns_settings(config)).map_err(|e| RunError::Bind(e.to_string()))?;
        let web = http::Listeners::bind(&rooms::http_settings(config)).map_err(|e| RunError::Bind(e.to_string()))?;
        Ok(Self { dns, web, outside: outside::Listeners::bind(config)? })
    }

    /// The ready line: DNS first, then the web, then the admins' address.
    fn said(&self) -> io::Result<String> {
        let joined =
            |addresses: &[SocketAddr]| addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let web = self.web.addresses()?;
        Ok(format!("dnsbld is ready: DNS {}; HTTP {}", joined(self.dns.addresses()), joined(&web)))
    }
}

impl Process {
    /// Starts every unit and says that the server is ready.
    fn begin(file: &Path, config: Config, sockets: Sockets, door: Door, writer: Writer) -> Result<Self, RunError> {
        let failed = |error: io::Error| RunError::Failed(error.to_string());
        let ready = sockets.said().map_err(failed)?;
        let admin = http::admin_token(&config.data_dir)
            .map_err(|error| RunError::DataDir { dir: config.data_dir.clone(), why: error.to_string() })?;
        let (stop, mut units, metrics) = (CancellationToken::new(), Supervisor::default(), Metrics::default());
        let writer = writer.counting(metrics.change.clone());
        units.thread("writer", move || writer.run()).map_err(failed)?;

        let service = sockets.dns.serve(&door.published(), &stop);
        for worker in service.udp {
            units.thread(&worker.name(), move || worker.run()).map_err(failed)?;
        }
        units.task("dns-tcp", async move {
            service.tcp.run().await;
            Ok::<(), io::Error>(())
        });

        let (cases, case_settings) = watch::channel(Arc::new(rooms::cases_settings(&config)));
        let dns = outside::checks(&config);
        let desk = cases::Desk::new(cases::Parts {
            door: door.clone(),
            clock: system_clock(),
            settings: case_settings,
            checks: dns.clone(),
        });
        let mail = metrics.mail.clone();
        let mailroom = Arc::new(mailroom::Room { desk: desk.clone(), dns, metrics: mail, logged: AtomicU32::new(0) });
        outside::start(&config, sockets.outside, &desk, mailroom, &mut units, &stop).map_err(failed)?;
        let (upkeep, stopping) = (desk.clone(), stop.clone());
        units.task("desk", async move {
            Box::pin(upkeep.run(stopping)).await;
            Ok::<(), io::Error>(())
        });

        let (web, settings) = watch::channel(Arc::new(rooms::http_settings(&config)));
        let (counters, scraped, started) = (service.counters, door.clone(), clock::wall_seconds());
        let asked = desk.clone();
        let registry = metrics.registry(move || figures::read(&asked, &scraped, &counters, started));
        let stopping = stop.clone();
        let router = http::router(http::State::new(http::Parts {
            door: door.clone(),
            desk,
            settings: settings.clone(),
            admin,
            clock: system_clock(),
            metrics: metrics.http.clone(),
            scrape: Arc::new(move || scrape(&registry)),
            // A worker that ended would have ended the process.
            dns_answers: Arc::new(move || !stopping.is_cancelled()),
            data_dir: config.data_dir.clone(),
            stop: stop.clone(),
        }));
        units.task("web", sockets.web.serve(router, settings, stop.clone()));
        announce(&ready);
        Ok(Self { file: file.to_owned(), config, door, web, cases, metrics, units, stop })
    }

    /// Lives until a signal or the end of a unit.
    async fn live(&mut self, signals: &mut Signals) -> Result<(), RunError> {
        loop {
            tokio::select! {
                ended = self.units.next_end() => return Err(RunError::Failed(ended.to_string())),
                word = signals.next() => match word {
                    Word::End => return Ok(()),
                    Word::Reload => {}
                },
            }
            // A reload that waits behind an import does not keep the process from ending.
            tokio::select! {
                () = self.reload() => {}
                () = signals.end() => return Ok(()),
            }
        }
    }

    /// Reads the configuration again and takes what can change while running.
    async fn reload(&mut self) {
        let outcome = self.try_reload().await;
        let taken = outcome.is_ok();
        self.metrics.run.reload_failed.set(i64::from(!taken));
        let label = if taken { "taken" } else { "refused" };
        self.metrics.run.reloads.get_or_create(&Reloaded { outcome: label }).inc();
        if let Err(why) = outcome {
            tracing::error!(file = %self.file.display(), "the configuration is not taken, nothing changes: {why}");
        }
    }

    async fn try_reload(&mut self) -> Result<(), RunError> {
        let file = self.file.clone();
        let new = config::read_file(&file)?;
        if new.zones.is_empty() && !self.config.zones.is_empty() {
            // A file that is being written, or that a full disk cut short, is empty.
            return Err(RunError::Config("it has no [[zone]]; to serve none, start the server anew".into()));
        }
        for option in self.config.needs_restart_for(&new) {
            tracing::warn!(option, "a new value needs a restart; the old one stays in force");
        }
        let new = self.config.reloaded_with(new);
        let taken = self.door.configure(rooms::configuration(&new)).await;
        let taken = taken.map_err(|refused| RunError::Config(refused.to_string()))?;
        self.cases.send_replace(Arc::new(rooms::cases_settings(&new)));
        self.web.send_replace(Arc::new(rooms::http_settings(&new)));
        self.config = new;
        tracing::info!(serial = taken.serial.0, "the configuration is read again and in force");
        Ok(())
    }

    /// Aborts imports, lets what was asked be answered, and closes the store.
    async fn end(self) {
        tell_service_manager(&[NotifyState::Stopping]);
        self.door.close();
        self.stop.cancel();
        for fault in self.units.drain(Duration::from_secs(DRAIN_SECONDS)).await {
            tracing::warn!("{fault}");
        }
        // A unit that did not end may hold it, so that it is not closed.
        self.door.store().give_up_compacting();
    }
}

/// What a signal asks for.
enum Word {
    End,
    Reload,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        let [terminate, interrupt, hangup] =
            [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        Ok(Self { terminate: terminate?, interrupt: interrupt?, hangup: hangup? })
    }

    async fn next(&mut self) -> Word {
        tokio::select! {
            _ = self.terminate.recv() => Word::End,
            _ = self.interrupt.recv() => Word::End,
            _ = self.hangup.recv() => Word::Reload,
        }
    }

    /// Waits for the word to end; one to reload waits meanwhile.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Says on standard output and to the service manager that the server is ready.
fn announce(ready: &str) {
    // Who started us may have closed its end of the pipe: that is no reason not to serve.
    let _closed = writeln!(io::stdout(), "{ready}").and_then(|()| io::stdout().flush());
    tell_service_manager(&[NotifyState::Ready, NotifyState::Status(ready)]);
    tracing::info!("{ready}");
}

/// systemd's protocol; without a service manager nothing is said.
fn tell_service_manager(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager does not listen");
    }
}
