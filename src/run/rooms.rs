//! From the configuration to what each room wants to know.
//!
//! Guarantees: each setting goes to its room here and nowhere else.
//! Never: reads a file or a clock.

use crate::{cases, change, config::Config, dns, http, store};
use std::sync::Arc;

/// For the room `dns`.
pub fn dns_settings(config: &Config) -> dns::Settings {
    let crate::config::Dns { listen, udp_threads, nsid } = config.dns.clone();
    dns::Settings { listen, udp_threads, nsid }
}

/// For the room `http`.
pub fn http_settings(config: &Config) -> http::Settings {
    let http = &config.http;
    http::Settings {
        listen: http.listen,
        public_url: http.public_url.as_str().to_owned(),
        admin_listen: http.admin_listen,
        plain_tokens: http.plain_tokens,
        lookups_per_minute: http.lookups_per_minute,
        inbox_domain: super::mailroom::takes_reports(&config.retest).then(|| config.retest.inbox_domain.clone()),
        trusted_proxies: http.trusted_proxies.iter().map(|prefix| prefix.net()).collect(),
        metrics_from: http.metrics_from.iter().map(|prefix| prefix.net()).collect(),
        public_history: config.keep.public_history,
        kept: http::Kept {
            history: config.keep.history,
            changes: config.keep.changes,
            evidence: config.keep.evidence,
            audit: config.keep.audit,
            requests: config.keep.requests,
            transcripts: config.keep.transcripts,
        },
    }
}

/// For the room `cases`.
pub fn cases_settings(config: &Config) -> cases::Settings {
    cases::Settings {
        public_url: config.http.public_url.as_str().to_owned(),
        keep_audit: config.keep.audit,
        keep_requests: config.keep.requests,
        retest: super::outside::case_settings(config),
        mails: config.mail.relay.is_some(),
        no_mail_to: config.mail.opt_out.iter().map(|domain| domain.as_str().into()).collect(),
    }
}

/// For the room `change`.
pub fn configuration(config: &Config) -> change::Configuration {
    let keep = config.keep;
    change::Configuration {
        lists: config.lists.iter().cloned().map(Arc::new).collect(),
        zones: config.zones.clone(),
        public_url: config.http.public_url.as_str().to_owned(),
        never_builtin: config.never_builtin,
        keep: change::Keep { history: keep.history, changes: keep.changes, evidence: keep.evidence },
    }
}

/// For the room `store`.
pub fn store_settings(config: &Config) -> store::Settings {
    let bounds = config.store;
    store::Settings {
        memtables: bounds.write_buffer_mib << 20,
        block_cache: bounds.block_cache_mib << 20,
        wal: bounds.log_mib << 20,
        jobs: i32::from(bounds.jobs),
        ..store::Settings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_configuration_is_what_the_rooms_take_for_their_defaults() {
        let config = crate::config::read("").expect("an empty file has no mistakes");
        assert_eq!(store_settings(&config), store::Settings::default());
        assert_eq!(http_settings(&config), http::Settings::default());
    }
}
