//! From the text of a configuration file to a [`Config`], or to all its mistakes.
//!
//! Guarantees: goes on after each mistake, so that one run names them all.
//! Never: takes a value that it had to guess.

use super::{
    Config, Dns, Http, Keep, Mistake, StoreBounds, check,
    fields::Fields,
    lists::{DeclaredList, read_list},
    mistake::{At, Page},
    options::Table,
    retest::{read_mail, read_retest},
    words::{Listen, Nsid, Span},
    zones::{DeclaredZone, read_zone},
};
use crate::{
    limits::{CONFIG_OCTETS_MAX, LISTS_MAX, ZONES_MAX},
    list::{Duration, Prefix},
};
use nix::unistd::User;
use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Why a configuration file gives no [`Config`].
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{file}: {error}", file = .file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// It can be read and is wrong.
    #[error("{}", written(.file, .mistakes))]
    Mistakes {
        /// Which.
        file: PathBuf,
        /// What is wrong with it, in its order.
        mistakes: Vec<Mistake>,
    },
}

fn written(file: &Path, mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(|mistake| format!("{}:{mistake}", file.display())).collect();
    lines.join("\n")
}

/// Reads a file. `data_dir` is taken relative to it.
///
/// # Errors
/// See [`ReadError`].
pub fn read_file(file: &Path) -> Result<Config, ReadError> {
    let failed = |error| ReadError::File { file: file.to_owned(), error };
    let mistaken = |mistakes| ReadError::Mistakes { file: file.to_owned(), mistakes };
    let mut octets = Vec::new();
    let opened = std::fs::File::open(file).map_err(failed)?;
    opened.take(CONFIG_OCTETS_MAX + 1).read_to_end(&mut octets).map_err(failed)?;
    if octets.len() as u64 > CONFIG_OCTETS_MAX {
        return Err(failed(io::Error::other(format!("longer than {CONFIG_OCTETS_MAX} octets"))));
    }
    let text = str::from_utf8(&octets).map_err(|error| {
        let page = Page::new(str::from_utf8(&octets[..error.valid_up_to()]).unwrap_or_default());
        page.mistake(error.valid_up_to(), "an octet that is no UTF-8: save the file in that encoding");
        mistaken(page.into_mistakes())
    })?;
    let mut config = read_on(text, &is_a_user).map_err(mistaken)?;
    let beside = file.parent().unwrap_or(Path::new(""));
    config.data_dir = beside.join(&config.data_dir);
    Ok(config)
}

/// Whether this machine knows the user. One that cannot be asked for now is not called a mistake of the file.
fn is_a_user(name: &str) -> bool {
    !matches!(User::from_name(name), Ok(None))
}

/// Reads a text, on a machine that has every user. `data_dir` stays as written.
///
/// # Errors
/// Every mistake, in the order of the text.
pub fn read(text: &str) -> Result<Config, Vec<Mistake>> {
    read_on(text, &|_| true)
}

/// Reads a text on a machine whose users `is_user` knows.
pub(super) fn read_on(text: &str, is_user: &dyn Fn(&str) -> bool) -> Result<Config, Vec<Mistake>> {
    let page = Page::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        page.mistake(error.span().map_or(0, |span| span.start), format!("this is not TOML: {}", error.message()));
    }
    // After an error of TOML itself the rest may be misread: its mistakes would be noise.
    let config = if errors.is_empty() { read_document(&page, document.get_ref(), is_user) } else { None };
    let mistakes = page.into_mistakes();
    match config {
        Some(config) if mistakes.is_empty() => Ok(config),
        _ => Err(mistakes),
    }
}

fn read_document(page: &Page<'_>, document: &DeTable<'_>, is_user: &dyn Fn(&str) -> bool) -> Option<Config> {
    let lists: Vec<DeclaredList> = repeated(page, document, Table::List, LISTS_MAX)
        .iter()
        .map(|(table, at)| read_list(page, table, *at))
        .collect();
    let zones: Vec<DeclaredZone> = repeated(page, document, Table::Zone, ZONES_MAX)
        .iter()
        .map(|(table, at)| read_zone(page, table, *at))
        .collect();
    check::lists(page, &lists);
    check::zones(page, &zones, &lists);

    let top = Fields::read(page, Table::Top, Some(document), 0);
    let dns = read_dns(&single(page, document, Table::Dns));
    let http = read_http(&single(page, document, Table::Http));
    let store = read_store(&single(page, document, Table::Store));
    let keep = read_keep(&single(page, document, Table::Keep));
    let mail = read_mail(&single(page, document, Table::Mail));
    let retest = read_retest(&single(page, document, Table::Retest));
    let never_builtin = single(page, document, Table::Never).flag("builtin");
    let data_dir = top.text("data_dir").filter(|text| {
        if text.value.is_empty() {
            page.mistake(text.offset, "data_dir: name a directory, for example \"var\"");
        }
        !text.value.is_empty()
    });
    let user = top.text("user").filter(|user| {
        let known = user.value.is_empty() || is_user(&user.value);
        if !known {
            page.mistake(
                user.offset,
                format!("user: there is no user \"{}\" on this machine; create it, or leave it empty", user.value),
            );
        }
        known
    });
    if let (Some(dns), Some(http), Some(retest)) = (&dns, &http, &retest) {
        check::listeners(page, &[&dns.1[..], &http.1, &retest.1].concat());
    }
    Some(Config {
        data_dir: PathBuf::from(data_dir?.value),
        user: Some(user?.value).filter(|name| !name.is_empty()),
        dns: dns?.0,
        http: http?.0,
        store: store?,
        never_builtin: never_builtin?,
        keep: keep?,
        mail: mail?,
        retest: retest?.0,
        lists: lists.into_iter().map(|list| list.settings).collect::<Option<_>>()?,
        zones: zones.into_iter().map(|zone| zone.settings).collect::<Option<_>>()?,
    })
}

/// A table that stands once, or not at all.
fn single<'p, 't>(page: &'p Page<'t>, document: &DeTable<'_>, table: Table) -> Fields<'p, 't> {
    let Some(written) = document.get(table.name()) else { return Fields::read(page, table, None, 0) };
    let offset = written.span().start;
    let DeValue::Table(values) = written.get_ref() else {
        page.mistake(offset, format!("{} is a table: write its header {}", table.name(), table.header()));
        return Fields::read(page, table, None, offset);
    };
    Fields::read(page, table, Some(values), offset)
}

/// The tables of an array of tables.
fn repeated<'d, 'i>(
    page: &Page<'_>,
    document: &'d DeTable<'i>,
    table: Table,
    most: usize,
) -> Vec<(&'d DeTable<'i>, usize)> {
    let Some(written) = document.get(table.name()) else { return Vec::new() };
    let wrong = |value: &Spanned<DeValue<'_>>| {
        let header = table.header();
        page.mistake(value.span().start, format!("there can be several: write the header {header}"));
    };
    let DeValue::Array(items) = written.get_ref() else {
        wrong(written);
        return Vec::new();
    };
    let mut tables = Vec::new();
    for item in items {
        match item.get_ref() {
            DeValue::Table(values) => tables.push((values, item.span().start)),
            _ => wrong(item),
        }
    }
    if let Some((_, offset)) = tables.get(most) {
        page.mistake(*offset, format!("at most {most} {} are possible; these are {}", table.header(), tables.len()));
    }
    tables
}

fn read_dns(fields: &Fields<'_, '_>) -> Option<(Dns, Vec<At<Listen>>)> {
    let listen: Vec<At<Listen>> = fields.parsed_all("listen");
    if fields.is_empty("listen") {
        fields.mistake(
            fields.offset,
            "listen: [dns] needs at least one address, for example listen = [\"127.0.0.1:53\"]",
        );
    }
    let nsid = fields.parsed::<Nsid>("nsid");
    let udp_threads = fields.whole("udp_threads");
    let addresses = listen.iter().map(|at| at.value.0).collect();
    Some((Dns { listen: addresses, udp_threads: udp_threads?, nsid: nsid?.value.0 }, listen))
}

fn read_http(fields: &Fields<'_, '_>) -> Option<(Http, Vec<At<Listen>>)> {
    let listen = fields.parsed::<Listen>("listen");
    let public_url = fields.parsed("public_url");
    let admin_listen = fields.parsed_unless_empty::<Listen>("admin_listen");
    let plain_tokens = fields.flag("plain_tokens");
    let lookups_per_minute = fields.whole("lookups_per_minute");
    let prefixes =
        |key| fields.parsed_all::<Prefix>(key).into_iter().map(|at: At<Prefix>| at.value).collect::<Vec<_>>();
    let (trusted_proxies, metrics_from) = (prefixes("trusted_proxies"), prefixes("metrics_from"));
    let (listen, admin_listen) = (listen?, admin_listen?);
    let http = Http {
        listen: listen.value.0,
        public_url: public_url?.value,
        admin_listen: admin_listen.value.map(|listen| listen.0),
        plain_tokens: plain_tokens?,
        lookups_per_minute: lookups_per_minute?,
        trusted_proxies,
        metrics_from,
    };
    let admin = admin_listen.value.map(|value| At { value, offset: admin_listen.offset });
    Some((http, [Some(listen), admin].into_iter().flatten().collect()))
}

fn read_store(fields: &Fields<'_, '_>) -> Option<StoreBounds> {
    Some(StoreBounds {
        write_buffer_mib: fields.whole("write_buffer_mib")?,
        block_cache_mib: fields.whole("block_cache_mib")?,
        log_mib: fields.whole("log_mib")?,
        jobs: fields.whole("jobs")?,
    })
}

fn read_keep(fields: &Fields<'_, '_>) -> Option<Keep> {
    let keys = ["history", "public_history", "changes", "evidence", "audit", "requests", "transcripts"];
    let spans = keys.map(|key| fields.parsed::<Span>(key));
    if let [Some(history), Some(public), ..] = &spans
        && public.value > history.value
    {
        let offset = fields.written("public_history").unwrap_or(history.offset);
        fields.mistake(
            offset,
            format!(
                "public_history ({}) is longer than history ({}): nobody can read what is no longer kept",
                public.value.0, history.value.0
            ),
        );
    }
    let [history, public_history, changes, evidence, audit, requests, transcripts] = spans;
    let length = |span: Option<At<Span>>| -> Option<Duration> { span.map(|at| at.value.0) };
    Some(Keep {
        history: length(history)?,
        public_history: length(public_history)?,
        changes: length(changes)?,
        evidence: length(evidence)?,
        audit: length(audit)?,
        requests: length(requests)?,
        transcripts: length(transcripts)?,
    })
}
