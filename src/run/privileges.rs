//! What the process may do: whose it is, and how many files it may open.
//!
//! Guarantees: after [`become_user`] the process has no group and no right of the user who started it.
//! Never: gains a right.

use super::RunError;
use crate::{descriptors, limits::DESCRIPTORS_KEPT};
use nix::{
    sys::{
        resource::{Resource, getrlimit, setrlimit},
        stat::{Mode, umask},
    },
    unistd::{Uid, User, chown, setgid, setgroups, setuid},
};
use std::path::Path;

/// What the store writes holds private evidence: nobody else may read it, whatever the directory allows.
pub fn keep_files_private() {
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
}

/// Raises the number of files to what the system allows: each connection takes one.
pub fn raise_file_limit() {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    if descriptors::kept(hard) < DESCRIPTORS_KEPT {
        tracing::warn!("at most {hard} files may be open, half of them connections: raise LimitNOFILE (ulimit -Hn)");
    }
    if soft < hard
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
    {
        tracing::warn!(%error, "the limit of open files stays at {soft}");
    }
}

/// Makes `data_dir` the user's and becomes that user for good.
pub fn become_user(name: &str, data_dir: &Path) -> Result<(), RunError> {
    let failed = |why: String| RunError::User { name: name.to_owned(), why };
    let system = |error: nix::Error| failed(error.desc().to_owned());
    let user = User::from_name(name).map_err(system)?.ok_or_else(|| failed("there is no such user".into()))?;
    if user.uid == Uid::effective() {
        return Ok(());
    }
    if !Uid::effective().is_root() {
        return Err(failed("only root can become another user; start as root or leave `user` empty".into()));
    }
    chown(data_dir, Some(user.uid), Some(user.gid)).map_err(system)?;
    setgroups(&[user.gid]).map_err(system)?;
    setgid(user.gid).map_err(system)?;
    setuid(user.uid).map_err(system)
}
