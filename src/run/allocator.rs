//! What the C library's allocator may keep of memory that is free.
//!
//! glibc raises the size from which it maps blocks on their own each time such a block is freed. After one large import
//! the buffers of the next lie among small blocks of many arenas, and what was free is never given back: 72 MiB stay
//! resident where 44 are in use (1.2 million keys). Both are settings that glibc reads from the environment when a process
//! begins, so the program begins once more with them.
//!
//! Guarantees: same process, same arguments; at most one new beginning; what an operator has set stays.
//! Never: fails. Where the program cannot be begun again it goes on as it is.

use std::{env, os::unix::process::CommandExt as _, process::Command};

/// Octets from which a block is mapped on its own and goes back to the system when it is freed.
const MAPPED_FROM: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "262144");
/// Arenas that threads share. Threads that allocate much at the same time: the writer and one import.
const ARENAS: (&str, &str) = ("MALLOC_ARENA_MAX", "2");

/// Begins the program again with the settings above, unless they are there. Called first, while there is one thread.
pub(super) fn settle() {
    if !cfg!(target_env = "gnu") || env::var_os(MAPPED_FROM.0).is_some() {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let Some(name) = arguments.next() else { return };
    let mut again = Command::new(program);
    again.arg0(name).args(arguments).env(MAPPED_FROM.0, MAPPED_FROM.1);
    if env::var_os(ARENAS.0).is_none() {
        again.env(ARENAS.0, ARENAS.1);
    }
    // Returns only where it failed.
    let error = again.exec();
    tracing::debug!(%error, "the program was not begun again; freed memory may stay resident");
}
