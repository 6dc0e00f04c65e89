//! Measures dnsbld beside Debian's rbldnsd and a bare UDP echo, on the same data, in turns, in one run.
//!
//! ```text
//! batch      recvmmsg and sendmmsg, the only unsafe code      wire       queries encoded, replies read
//! queries    the file of queries with what is expected        generator  the closed loop that sends them
//! random     the seeded source of all data                    data, names  lists and queries made from it
//! figures    percentiles, min, median and max                 process    CPU time and memory of a server
//! server     how each server is started and stopped           api        the HTTP calls of dnsbld
//! contest    servers take turns: CPU time per reply           trials     import, freshness, start, memory
//! report     the table for the README, and JSON
//! ```
//! Programs: `load` (the generator alone), `echo`, `mkdata` (the data alone), `rounds` (the whole run of `ops/bench`).
//!
//! Guarantees: the same seed makes the same data; every reply is compared with what the data says.
//! Never: sends to another machine than this one, keeps running after its time.

pub mod api;
pub mod arguments;
pub mod batch;
pub mod contest;
pub mod data;
pub mod figures;
pub mod generator;
pub mod names;
pub mod process;
pub mod queries;
pub mod random;
pub mod report;
pub mod server;
pub mod trials;
pub mod wire;
