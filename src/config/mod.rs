//! WHAT THE OPERATOR WANTS. One TOML file, read whole or not at all.
//!
//! ```text
//! text > fields (one table against the table of options) > lists, zones > check (what spans several) > Config
//! ```
//! Guarantees: a [`Config`] is valid in itself; a file with mistakes gives all of them at once, each with its line and
//! what to write instead; the template, the reader and the README's table come from one table ([`options`]).
//! Never: opens a socket, a store or any file but the configuration.

mod check;
mod fields;
mod lists;
mod mistake;
pub mod options;
mod read;
mod reports;
mod retest;
mod template;
#[cfg(test)]
mod tests;
mod words;
mod zones;

pub use mistake::Mistake;
pub use read::{ReadError, read, read_file};
pub use retest::{Mail, Retest};
pub use template::{markdown, template};
pub use words::PublicUrl;

use crate::{
    list::{Duration, ListSettings, Prefix},
    snapshot::ZoneSettings,
};
use std::{net::SocketAddr, path::PathBuf};

/// All that a configuration file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where the store and `admin.token` are, as the program can open it.
    pub data_dir: PathBuf,
    /// Whom to become after binding.
    pub user: Option<String>,
    /// `[dns]`
    pub dns: Dns,
    /// `[http]`
    pub http: Http,
    /// `[store]`
    pub store: StoreBounds,
    /// `[never] builtin`
    pub never_builtin: bool,
    /// `[keep]`
    pub keep: Keep,
    /// `[mail]`
    pub mail: Mail,
    /// `[retest]`
    pub retest: Retest,
    /// `[[list]]`, in the order of the file.
    pub lists: Vec<ListSettings>,
    /// `[[zone]]`, in the order of the file.
    pub zones: Vec<ZoneSettings>,
}

/// `[dns]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    /// At least one address.
    pub listen: Vec<SocketAddr>,
    /// 0: one for each core.
    pub udp_threads: usize,
    /// Empty: the host's name.
    pub nsid: String,
}

/// `[http]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Pages and API.
    pub listen: SocketAddr,
    /// What stands in TXT records and pages.
    pub public_url: PublicUrl,
    /// Where calls with a token go instead.
    pub admin_listen: Option<SocketAddr>,
    /// Whether tokens may come in clear from other machines.
    pub plain_tokens: bool,
    /// Of one client without a token.
    pub lookups_per_minute: u32,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Prefix>,
    /// Who may read `/metrics`.
    pub metrics_from: Vec<Prefix>,
}

/// `[store]`: what the store may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreBounds {
    /// MiB of rows that are not yet in files.
    pub write_buffer_mib: usize,
    /// MiB of blocks read from files.
    pub block_cache_mib: usize,
    /// MiB of the write-ahead log.
    pub log_mib: u64,
    /// Threads that flush and compact.
    pub jobs: u8,
}

/// `[keep]`: how long things are kept that are no longer in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// What left a list.
    pub history: Duration,
    /// What anyone may read of it.
    pub public_history: Duration,
    /// The journal of commits.
    pub changes: Duration,
    /// Evidence of what left a list.
    pub evidence: Duration,
    /// Who did what.
    pub audit: Duration,
    /// Requests that are closed, with contact and note.
    pub requests: Duration,
    /// Conversations of retests.
    pub transcripts: Duration,
}

impl Config {
    /// The options whose new values need a restart: `new` differs from this one in them.
    #[must_use]
    pub fn needs_restart_for(&self, new: &Self) -> Vec<&'static str> {
        let differs = [
            ("data_dir", self.data_dir != new.data_dir),
            ("user", self.user != new.user),
            ("dns.listen", self.dns.listen != new.dns.listen),
            ("dns.udp_threads", self.dns.udp_threads != new.dns.udp_threads),
            ("dns.nsid", self.dns.nsid != new.dns.nsid),
            ("http.listen", self.http.listen != new.http.listen),
            ("http.admin_listen", self.http.admin_listen != new.http.admin_listen),
            ("store.write_buffer_mib", self.store.write_buffer_mib != new.store.write_buffer_mib),
            ("store.block_cache_mib", self.store.block_cache_mib != new.store.block_cache_mib),
            ("store.log_mib", self.store.log_mib != new.store.log_mib),
            ("store.jobs", self.store.jobs != new.store.jobs),
        ];
        let differs = differs.into_iter().chain(self.mail.differs(&new.mail)).chain(self.retest.differs(&new.retest));
        differs.filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
    }

    /// `new` with this one's values of what only a restart changes.
    #[must_use]
    pub fn reloaded_with(&self, new: Self) -> Self {
        Self {
            data_dir: self.data_dir.clone(),
            user: self.user.clone(),
            dns: self.dns.clone(),
            store: self.store,
            mail: self.mail.clone(),
            retest: self.retest.clone(),
            http: Http { listen: self.http.listen, admin_listen: self.http.admin_listen, ..new.http },
            ..new
        }
    }
}
