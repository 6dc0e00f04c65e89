//! Whether the machine has run on since the store was last open.
//!
//! A power cut tears the end of the newest log: any part of what was not synced may be missing, and what stands behind the
//! tear was never acknowledged. While the machine runs on, what was written is there whatever ended the process. A hole in the
//! log is damage then, and what stands behind it was acknowledged.
//!
//! Guarantees: who cannot tell takes it for another run of the machine.
//! Never: is needed. Without its file a store opens as after a power cut: up to the hole.

use std::{fs, io, path::Path};

/// In the data directory: the run of the machine in which the store was last open, as the kernel names it.
pub(super) const FILE: &str = "boot";

fn this_run() -> io::Result<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(id.trim().to_owned())
}

/// Whether the machine runs as it did when the store was last open.
pub(super) fn runs_on(directory: &Path) -> bool {
    let noted = fs::read_to_string(directory.join(FILE)).ok();
    noted.is_some_and(|noted| !noted.is_empty() && this_run().is_ok_and(|id| id == noted))
}

/// Notes in which run of the machine the store is open.
///
/// # Errors
/// The kernel does not tell, or the file cannot be written.
pub(super) fn note(directory: &Path) -> io::Result<()> {
    let id = this_run()?;
    if runs_on(directory) { Ok(()) } else { fs::write(directory.join(FILE), id) }
}
