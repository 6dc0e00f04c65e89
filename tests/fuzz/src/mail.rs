//! A mail that claims to be a report: any octets end in a report or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|mail: &[u8]| {
    if let Ok(report) = dnsbld::mail::feedback::read(mail) {
        assert!(report.count >= 1 && report.evidence.len() <= dnsbld::limits::EVIDENCE_OCTETS_MAX);
    }
});
