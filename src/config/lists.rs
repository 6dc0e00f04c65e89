//! One `[[list]]`.
//!
//! Guarantees: what the settings of a list say fits its kind.
//! Never: knows the other lists or the zones.

use super::{
    fields::Fields,
    mistake::{At, Page},
    options::Table,
    reports::read_reports,
    words::{Lasting, Span},
    zones::read_ttl,
};
use crate::list::{HashKind, KeyFamily, Kind, ListName, ListSettings, ProofKind, Removal, ReturnCode, template_faults};
use std::str::FromStr;
use toml::de::DeTable;

/// What could be read of a list: enough to check zones against lists that have mistakes of their own.
pub struct DeclaredList {
    /// Its name.
    pub name: Option<At<ListName>>,
    /// Which keys it takes.
    pub family: Option<KeyFamily>,
    /// All of it.
    pub settings: Option<ListSettings>,
}

/// A kind that a configuration can name.
struct NamedKind(Kind);

#[derive(Debug, thiserror::Error)]
#[error(
    "not a kind; write dynamic, compromised, relay, proxy or spam (addresses), domain, new-domain or spf-abuse (names) \
     or mail-hash (hashes)"
)]
struct NamedKindError;

impl FromStr for NamedKind {
    type Err = NamedKindError;

    fn from_str(text: &str) -> Result<Self, NamedKindError> {
        Kind::CONFIGURED.into_iter().find(|kind| kind.as_str() == text).map(Self).ok_or(NamedKindError)
    }
}

struct NamedHash(HashKind);

#[derive(Debug, thiserror::Error)]
#[error("write sha1, md5 or sha256")]
struct NamedHashError;

impl FromStr for NamedHash {
    type Err = NamedHashError;

    fn from_str(text: &str) -> Result<Self, NamedHashError> {
        match text {
            "sha1" => Ok(Self(HashKind::Sha1)),
            "md5" => Ok(Self(HashKind::Md5)),
            "sha256" => Ok(Self(HashKind::Sha256)),
            _ => Err(NamedHashError),
        }
    }
}

/// Reads one `[[list]]` whose header stands at `offset`.
pub fn read_list(page: &Page<'_>, written: &DeTable<'_>, offset: usize) -> DeclaredList {
    let mut fields = Fields::read(page, Table::List, Some(written), offset);
    let kind = fields.parsed::<NamedKind>("kind").map(|at| at.value.0);
    let written_keys =
        ["widest_v4", "widest_v6", "covers_at_most", "v6_hosts_as", "hash"].map(|key| (key, fields.written(key)));
    if let Some(kind) = kind {
        for (key, place) in written_keys {
            let fits = if key == "hash" { kind == Kind::MailHash } else { takes_addresses(kind) };
            if let (Some(place), false) = (place, fits) {
                let whose = if key == "hash" { "mail-hash lists" } else { "lists of addresses" };
                fields
                    .mistake(place, format!("{key} is for {whose}; leave it out of a list of kind {}", kind.as_str()));
            }
        }
        fields.defaults_of_kind(kind);
    }
    let name = read_name(&fields);
    let code = fields.parsed::<ReturnCode>("code");
    let codes = read_codes(&fields, code.as_ref());
    let text = fields.txt("text", template_faults);
    let entry_texts = fields.flag("entry_texts");
    let criteria = fields.text("criteria");
    let expires_after = fields.parsed::<Lasting>("expires_after");
    let ttl = read_ttl(&fields, "ttl");
    let hash = fields.parsed::<NamedHash>("hash").map_or(HashKind::Sha1, |at| at.value.0);
    let removal = read_removal(&fields, kind);
    let reports = kind.map(|kind| read_reports(page, written, kind, fields.whole("widest_v6").unwrap_or(0)));
    let settings = || {
        Some(ListSettings {
            name: name.as_ref()?.value.clone(),
            kind: kind?,
            code: code?.value,
            codes,
            text: text?.value,
            entry_texts: entry_texts?,
            widest_v4: fields.whole("widest_v4")?,
            widest_v6: fields.whole("widest_v6")?,
            covers_at_most: fields.number("covers_at_most")?,
            criteria: criteria?.value,
            expires_after: expires_after?.value.0,
            ttl: ttl.map(|at| at.value),
            v6_hosts_as: fields.whole("v6_hosts_as"),
            hash,
            removal: removal?,
            reports: reports?,
        })
    };
    let settings = settings();
    let family = kind.map(|kind| family_of(kind, hash));
    DeclaredList { name, family, settings }
}

fn read_removal(fields: &Fields<'_, '_>, kind: Option<Kind>) -> Option<Removal> {
    let rule = fields.parsed("removal");
    let proofs = match fields.written("removal_proofs") {
        Some(_) => fields.parsed_all("removal_proofs").into_iter().map(|at| at.value).collect(),
        None => kind.map(ProofKind::fitting).unwrap_or_default(),
    };
    let lasts = fields.parsed::<Lasting>("removal_lasts");
    let [lockout, memory] = ["lockout", "lockout_memory"].map(|key| fields.parsed::<Span>(key));
    let removal = Removal {
        rule: rule?.value,
        proofs,
        lasts: lasts?.value.0,
        lockout: lockout?.value.0,
        lockout_memory: memory?.value.0,
    };
    for (option, what) in removal.unfit(kind?) {
        fields.mistake(fields.written(option).unwrap_or(fields.offset), what);
    }
    Some(removal)
}

fn family_of(kind: Kind, hash: HashKind) -> KeyFamily {
    ListSettings { kind, hash, ..ListSettings::never() }.family()
}

fn takes_addresses(kind: Kind) -> bool {
    family_of(kind, HashKind::Sha1) == KeyFamily::Addresses
}

fn read_name(fields: &Fields<'_, '_>) -> Option<At<ListName>> {
    let name = fields.parsed::<ListName>("name")?;
    if name.value.is_never() {
        fields.mistake(name.offset, "name: the list `never` is built in and stands in no configuration; see [never]");
        return None;
    }
    Some(name)
}

fn read_codes(fields: &Fields<'_, '_>, own: Option<&At<ReturnCode>>) -> Vec<ReturnCode> {
    let mut codes: Vec<ReturnCode> = Vec::new();
    for At { value: code, offset } in fields.parsed_all("codes") {
        if codes.contains(&code) || own.is_some_and(|own| own.value == code) {
            fields.mistake(offset, format!("codes: {code} stands here twice, or is the list's own; leave it out"));
        }
        codes.push(code);
    }
    codes
}
