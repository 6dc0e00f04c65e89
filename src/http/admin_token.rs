//! The file `admin.token`: the first token, made at the first start so that there is somebody who can make others.
//!
//! Guarantees: the file is readable by its owner only (0600) and never followed through a symbolic link; an existing one
//! is kept as it is.
//! Never: logs the token.

use super::auth::FreshToken;
use crate::store::TokenHash;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Name of the file in the data directory.
pub const ADMIN_TOKEN_FILE: &str = "admin.token";

/// Why there is no admin token.
#[derive(Debug, thiserror::Error)]
pub enum AdminTokenError {
    /// The file cannot be read or written.
    #[error("{ADMIN_TOKEN_FILE} in the data directory cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// Somebody else could read it.
    #[error("{ADMIN_TOKEN_FILE} is readable by others; type: chmod 600 {ADMIN_TOKEN_FILE}")]
    Open,
    /// The file holds something else.
    #[error("{ADMIN_TOKEN_FILE} holds no token; delete it to have a new one made at the next start")]
    Empty,
    /// The system gave no randomness.
    #[error("the system has no randomness to make a token of: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// The hash of the token in `data_dir`, which is made where it is missing.
///
/// # Errors
/// See [`AdminTokenError`].
pub fn admin_token(data_dir: &Path) -> Result<TokenHash, AdminTokenError> {
    let path = data_dir.join(ADMIN_TOKEN_FILE);
    let mut options = OpenOptions::new();
    options.custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits());
    match options.clone().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            let fresh = FreshToken::draw()?;
            writeln!(file, "{}", fresh.reveal())?;
            file.sync_all()?;
            File::open(data_dir)?.sync_all()?;
            Ok(fresh.hash())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = options.read(true).open(&path)?;
            if file.metadata()?.permissions().mode() & 0o077 != 0 {
                return Err(AdminTokenError::Open);
            }
            let mut text = String::new();
            file.take(1_024).read_to_string(&mut text)?;
            let token = text.trim();
            if token.len() < 32 { Err(AdminTokenError::Empty) } else { Ok(TokenHash::of(token)) }
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(ADMIN_TOKEN_FILE);
        let first = admin_token(dir.path()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(first == admin_token(dir.path()).unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(first == TokenHash::of(text.trim()));
    }

    #[test]
    fn one_that_others_can_read_or_that_leads_elsewhere_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(ADMIN_TOKEN_FILE);
        admin_token(dir.path()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(admin_token(dir.path()), Err(AdminTokenError::Open)));
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
        assert!(matches!(admin_token(dir.path()), Err(AdminTokenError::Io(_))));
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(admin_token(dir.path()), Err(AdminTokenError::Empty)));
    }
}
