//! Tokens of the API: kept as their SHA-256, so that a stolen store opens no door.
//!
//! Guarantees: what is kept does not lead back to a token of 128 random bits or more.
//! Never: knows what a scope allows; that is `http`.

use super::{ReadError, read::View, schema::Column, values::damaged};
use crate::list::Time;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// SHA-256 of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// What it is called in the API: shown, listed, revoked by.
    pub id: Box<str>,
    /// Who has it, in the words of the admin. The actor of its commits.
    pub name: Box<str>,
    /// What it may do.
    pub scopes: Vec<Box<str>>,
    /// When it was made.
    pub created: Time,
    /// When it ends.
    pub expires: Option<Time>,
}

impl TokenRow {
    /// Whether it has not ended by `now`.
    #[must_use]
    pub fn is_in_force(&self, now: Time) -> bool {
        self.expires.is_none_or(|end| now < end)
    }
}

impl TokenHash {
    /// The hash of a token as it is sent.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(sha2::Sha256::digest(token).into())
    }
}

impl View<'_> {
    /// The token with this hash, if it has not ended by `now`.
    pub fn token_in_force(&self, hash: TokenHash, now: Time) -> Result<Option<TokenRow>, ReadError> {
        let Some(octets) = self.get(Column::Token, &hash.0)? else { return Ok(None) };
        let row: TokenRow = serde_json::from_slice(&octets).map_err(|_| damaged(Column::Token, &hash.0))?;
        Ok(Some(row).filter(|row| row.is_in_force(now)))
    }

    /// All tokens, by their hash.
    pub fn tokens(&self) -> Result<Vec<(TokenHash, TokenRow)>, ReadError> {
        let mut rows = self.range(Column::Token, Vec::new(), None);
        let mut found = Vec::new();
        while let Some((row, octets)) = rows.next()? {
            let read = <[u8; 32]>::try_from(row).ok().zip(serde_json::from_slice(octets).ok());
            let (hash, token) = read.ok_or_else(|| damaged(Column::Token, row))?;
            found.push((TokenHash(hash), token));
        }
        Ok(found)
    }
}
