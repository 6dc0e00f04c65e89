//! dnsbld: a DNS blocklist server. This page is its map.
//!
//! Mail servers ask it over DNS whether an address, a name or a mail address is listed; people whose mail was refused read
//! its pages; network owners and feeds change its lists over HTTP. [`store`] is the only truth, on disk; what DNS serves is
//! an immutable [`snapshot`] in memory, changed by copy-on-write at every commit.
//!
//! # Two ways through the house
//!
//! ```text
//! QUERY    no lock, no await, no disk, no allocation on the common path
//!   datagram > dns::listen > dns::screen > dns::question > snapshot::find > dns::answer > datagram
//!                             drop          REFUSED, apex   (one snapshot per batch, loaded after recvmmsg returns)
//!
//! CHANGE   one door, one writer; acknowledged only after fsync and publication
//!   request  > http::auth > list::format > change::submit [ list::policy > store commit, fsync > snapshot publish ] > {serial}
//!              expiry, undo, removals, configuration changes: all enter by the same door
//! ```
//!
//! # Rooms
//!
//! Lowest floor first: a room names those of lower floors only; `tests/tidy.rs` checks it.
//!
//! ```text
//! limits      every bound: name, value, unit, reason
//! clock       the only caller of the system's clocks
//! descriptors how many connections may take
//! metrics     every metric, declared once
//! tasks       the supervisor: the only place that spawns
//! list        WHAT IS LISTED. Pure: no I/O, no async, no clock.   prefix, name, mailhash, code, entry, policy, format/*
//! store       WHERE IT IS KEPT. The only room that names rocksdb. schema, entries, commits, history, tokens, backup
//! snapshot    WHAT IS SERVED. Immutable, no locks, no I/O.        v4, names, sets of tags, build, edit, publish
//! change      HOW IT CHANGES. The one door: submit > serial.      door, writer, plan, import, expiry
//! cases       WHAT PEOPLE ASK OF US. Pure moves and their desk.      desk, request, proof
//! dns         HOW DNS IS ANSWERED. Only room of hickory-server.   listen, stream, screen, question, answer, engine
//! http        HOW PEOPLE AND PROGRAMS TALK TO US. Only axum room. auth, caller, api/*, pages/*, problem
//! retest      HOW WE CHECK AGAIN. Pure dialogues over sockets.    target, relay, proxy, lure, probe, queue, rdns
//! mail        HOW MAIL REACHES AND LEAVES US.                     server, inbox, dkim, feedback, outbox, webhook
//! config      WHAT THE OPERATOR WANTS.                            options (the one table), read, check, template
//! run         the running process as one struct: bind, drop user, open, serve, reload, drain, close
//! cli         HOW PEOPLE TYPE. One file a command.
//! main        exit codes, nothing else
//! ```
//! `store` and `snapshot` do not name each other, nor do `dns` and `http`. Snapshots are built from an iterator of rows;
//! where a room needs a peer, `run` hands it a function or a watch of the published serial.
//!
//! # What holds everywhere
//!
//! Guarantees: a key is in its one canonical form; a commit is whole or absent and its serial is used once; no input ends the
//! process; everything that can grow has its bound in [`limits`].
//! Never: unsafe code; a detached task; a query or an address in a log.
//!
//! Without the default feature `store` only [`list`], [`snapshot`], [`dns`], [`config`], [`mail::feedback`] and what they stand on are compiled: that is
//! what the fuzz targets use, so they never build RocksDB.

#[cfg(feature = "store")]
pub mod cases;
#[cfg(feature = "store")]
pub mod change;
#[cfg(feature = "store")]
pub mod cli;
pub mod clock;
pub mod config;
pub mod descriptors;
pub mod dns;
#[cfg(feature = "store")]
pub mod http;
pub mod limits;
pub mod list;
pub mod mail;
pub mod metrics;
#[cfg(feature = "store")]
pub mod retest;
#[cfg(feature = "store")]
pub mod run;
pub mod snapshot;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "store")]
pub mod tasks;
