//! Any octets as a DNS message over UDP and TCP, against zones with a bit of everything.
//!
//! Guarantees (else it crashes): no panic inside (a caught one counts as a crash here); no answer to a response; an answer
//! over UDP of at most 1,232 octets, with the query's id.
#![no_main]

use dnsbld::{
    dns::{Identity, Outcome, Transport, respond},
    list::Serial,
    snapshot::Snapshot,
};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

#[path = "zones.rs"]
mod zones;

static SERVED: LazyLock<(Arc<Snapshot>, Arc<Identity>)> =
    LazyLock::new(|| (Arc::new(zones::filled(Serial(7))), Arc::new(Identity::new("fuzzed"))));

fuzz_target!(|message: &[u8]| {
    let (snapshot, identity) = &*SERVED;
    for transport in [Transport::Udp, Transport::Stream] {
        let mut out = Vec::with_capacity(1_232);
        let verdict = respond(snapshot, identity, message, transport, &mut out);
        assert!(verdict.outcome != Outcome::Failed, "a caught panic");
        if message.len() < 12 || message[2] & 0x80 != 0 {
            assert!(out.is_empty(), "an answer to a response or to less than a header");
        }
        if !out.is_empty() {
            assert!(out.len() >= 12 && out[..2] == message[..2] && out[2] & 0x80 != 0);
            assert!(transport == Transport::Stream || out.len() <= 1_232);
        }
    }
});
