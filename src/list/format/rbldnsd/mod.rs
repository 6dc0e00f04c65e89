//! Files of rbldnsd, read as an operator who moves from it expects.
//!
//! * Data sets: `ip4set`, `ip4tset`, `ip4trie`, `ip6trie`, `ip6tset`, `dnset`, and `combined`, of whose data sets those are
//!   taken that hold the list's kind of keys; `generic` and `acl` are passed over. In a file that this program wrote (its
//!   first line says so), or where the caller names a subset, a data set is taken by its name or subzone alone.
//! * `$SOA`, `$NS` and `$TTL` speak of the zone and are passed over: the zone is configuration here. A `$TIMESTAMP` in the
//!   future or run out rejects the body, as rbldnsd would not serve it; entries wider than `$MAXRANGE4` are left out, as the
//!   file itself asks. `$0` to `$9` and `$=` are put in where they are used; one that stands behind such an entry is rejected,
//!   for rbldnsd puts it in there as well. `#$FILE` begins another file of the same set, which ends defaults.
//! * An A value that the file states (on the line, or in a `:A:TXT` line before it) and that is not the list's own becomes
//!   the entry's code, which the list's policy accepts or refuses: nobody's codes change in silence. Where the file states
//!   none, the list's own code holds, not rbldnsd's 127.0.0.2.
//! * TXT becomes the entry's text where the list has entry texts (`$` becomes `{address}`), else its reason (with the key in
//!   place of `$`). A remark behind `#` or `;` is the reason and goes before a default TXT.
//! * Names keep rbldnsd's rule: `x` only itself, `.x` itself and all below, `*.x` all below.
//!
//! Differences: a line that cannot be read is rejected instead of skipped; ranges of `ip4set` are ranges here, so the most
//! specific decides, and a key has one value (the later line's) where `ip4set` and `dnset` would answer several; the first
//! `:` line of `ip4tset` and `ip6tset`, which holds for the whole set, has to stand before the entries.
//!
//! Guarantees: see [`super`]. Never: reads `dnhash` and the other sets of rspamd's fork.

mod directives;
mod keys;
mod value;

#[cfg(test)]
mod tests;

use self::{
    directives::Directive,
    keys::Set,
    value::{Late, Scope, Value},
};
use super::{
    DataSet, Dialect,
    reader::{Emit, Fault},
    remark,
};
use crate::list::{Key, KeyFamily, Mark, NewEntry};

/// The first line of the program's own `combined` files: their data sets are named after lists.
pub(super) const OWN_MARK: &str = "# dnsbld: each data set is the list of its name";

/// Data sets that an error names, when the wanted one is not among them.
const NAMED_SETS_MAX: usize = 20;

/// The state between two lines.
#[derive(Debug)]
pub(super) struct File {
    place: Place,
    /// The data set that is asked for by name.
    subset: Option<String>,
    /// Whether this program wrote the file: then names are those of lists, and subzones say nothing.
    own: bool,
    base: Scope,
    /// Addresses that an IPv4 entry may cover.
    max_range4: Option<u64>,
    /// A `combined` file: how many of its data sets were taken, and what the others are called.
    taken: usize,
    passed: Vec<String>,
    unfit: Option<String>,
}

/// Where in the file the next line stands.
#[derive(Debug)]
enum Place {
    /// Nothing but directives so far; the data set is that of the list's keys unless a `$DATASET` comes.
    Open,
    /// In the one data set of the file.
    Single(Set),
    /// In a `combined` file, before the first `$DATASET`.
    Head,
    /// In a data set of a `combined` file; `None`: one that is passed over.
    Section(Option<Set>, Box<Scope>),
}

impl File {
    pub(super) fn new(set: DataSet, dialect: &Dialect) -> Self {
        let place = match Set::of(set) {
            Some(set) => Place::Single(set),
            None if set == DataSet::Combined => Place::Head,
            None => Place::Open,
        };
        let unfit = match &place {
            Place::Single(asked) if !asked.fits(dialect.family) => {
                Some(format!("the list does not take the keys of a data set {set}"))
            }
            _ => None,
        };
        let subset = dialect.subset.clone();
        let (base, max_range4, taken, passed) = (Scope::default(), None, 0, Vec::new());
        Self { place, subset, own: false, base, max_range4, taken, passed, unfit }
    }

    /// Reads one line.
    pub(super) fn line(&mut self, whole: &str, dialect: &Dialect, emit: Emit<'_>) -> Result<(), Fault> {
        if let Some(error) = self.unfit.take() {
            return Err(Fault::body(0, error));
        }
        let content = whole.trim_matches([' ', '\t', '\r']);
        let at = whole.len() - whole.trim_start_matches([' ', '\t', '\r']).len();
        if let Some((sign, directive)) = directives::split(content) {
            let at = at + sign.len();
            return match Directive::read(directive) {
                Ok(directive) => self.directive(directive, dialect).map_err(|error| Fault { at, ..error }),
                // `#$50 for the first who ...` is an ordinary comment.
                Err(_) if sign.starts_with(['#', ';']) => Ok(()),
                Err(error) => Err(Fault::line(at, error)),
            };
        }
        if content.starts_with(['#', ';']) || content.is_empty() {
            if content == OWN_MARK && matches!(self.place, Place::Open | Place::Head) {
                self.own = true;
                self.subset.get_or_insert_with(|| dialect.list.to_string());
            }
            return Ok(());
        }
        self.data(content, at, dialect, emit)
    }

    /// The body is complete.
    pub(super) fn finish(&self) -> Result<(), Fault> {
        if self.taken > 0 || self.passed.is_empty() {
            return Ok(());
        }
        let others = self.passed.join(", ");
        Err(match &self.subset {
            Some(name) => {
                Fault::body(0, format!("no data set is named {name} or served under that name; the file has {others}"))
            }
            None => Fault::body(0, format!("no data set holds the keys that this list takes; the file has {others}")),
        })
    }

    fn directive(&mut self, directive: Directive<'_>, dialect: &Dialect) -> Result<(), Fault> {
        let scope = match &mut self.place {
            Place::Section(_, scope) => scope,
            Place::Open | Place::Single(_) | Place::Head => &mut self.base,
        };
        match directive {
            Directive::Zone => {}
            Directive::Variable(digit, text) => return scope.set_variable(digit, text).map_err(too_late),
            Directive::Base(text) => return scope.set_base(text).map_err(too_late),
            Directive::MaxRange4(size) => self.max_range4 = Some(self.max_range4.map_or(size, |old| old.min(size))),
            Directive::TimeStamp { created, expires } => {
                if let Some(created) = created.filter(|created| *created > dialect.now) {
                    return Err(Fault::body(0, format!("the file is dated {created}, which is in the future")));
                }
                if let Some(expires) = expires.filter(|expires| *expires < dialect.now) {
                    return Err(Fault::body(0, format!("the file ran out on {expires}; fetch a newer one")));
                }
            }
            Directive::File => self.end_file(),
            Directive::DataSet { kind, name, subzones } => return self.section(kind, name, &subzones, dialect),
        }
        Ok(())
    }

    /// The files of a `combined` data set each name theirs; defaults end with a file, but for those of a whole set.
    fn end_file(&mut self) {
        match &self.place {
            Place::Section(..) => self.place = Place::Head,
            Place::Single(set) => self.base.end_file(set.has_one_value()),
            Place::Open | Place::Head => {}
        }
    }

    fn section(&mut self, kind: &str, name: &str, subzones: &[&str], dialect: &Dialect) -> Result<(), Fault> {
        if let Place::Single(_) = self.place {
            return Err(Fault::line(0, "$DATASET belongs into a combined file, before any entry"));
        }
        let set = match kind.parse::<DataSet>().ok().and_then(Set::of) {
            Some(set) => Some(set),
            None if matches!(kind, "generic" | "acl") => None,
            None => return Err(Fault::body(0, format!("data sets of type `{kind}` cannot be read"))),
        };
        let wanted = self.subset.as_deref().is_none_or(|wanted| {
            let by_zone = !self.own && subzones.iter().any(|zone| zone.eq_ignore_ascii_case(wanted));
            by_zone || name.eq_ignore_ascii_case(wanted)
        });
        let set = set.filter(|set| wanted && set.fits(dialect.family));
        if set.is_some() {
            self.taken += 1;
        } else if self.passed.len() < NAMED_SETS_MAX {
            let known_as = if name.is_empty() { subzones.first().copied().unwrap_or("@") } else { name };
            self.passed.push(format!("{kind}:{known_as}"));
        }
        self.place = Place::Section(set, Box::new(self.base.inner()));
        Ok(())
    }

    fn data(&mut self, content: &str, at: usize, dialect: &Dialect, emit: Emit<'_>) -> Result<(), Fault> {
        if matches!(self.place, Place::Open) {
            self.place = Place::Single(Set::of_list(dialect.family));
        }
        let (set, scope) = match &mut self.place {
            Place::Single(set) => (*set, &mut self.base),
            Place::Section(Some(set), scope) => (*set, &mut **scope),
            Place::Section(None, _) => return Ok(()),
            Place::Open | Place::Head => {
                return Err(Fault::body(at, "a combined file has no entries before its first $DATASET"));
            }
        };
        // `::1` is an address: no default can begin with an empty A.
        if let (Some(_), false) = (content.strip_prefix(':'), content.starts_with("::")) {
            let value = Value::read(content).map_err(|error| Fault::line(at, error))?;
            return scope.set_default(value, set.has_one_value()).map_err(|late| Fault::line(at, late.to_string()));
        }
        let (mark, key) = match content.strip_prefix('!') {
            Some(rest) => (Mark::Excluded, rest.trim_start_matches([' ', '\t'])),
            None => (Mark::Listed, content),
        };
        let at = at + content.len() - key.len();
        let (keys, rest) = keys::read(key, set, mark, dialect.family).map_err(|error| Fault::line(at, error))?;
        if let Some(max) = self.max_range4
            && covered_v4(&keys) > max
        {
            return Ok(());
        }
        let value_at = at + key.len() - rest.len();
        let rest = rest.trim_start_matches([' ', '\t']);
        let stated = Stated::read(rest, set).map_err(|error| Fault::line(value_at, error))?;
        for key in keys {
            emit(None, stated.entry(key, mark, scope, dialect));
        }
        Ok(())
    }
}

fn too_late(late: Late) -> Fault {
    Fault::line(0, late.to_string())
}

/// IPv4 addresses that the keys of a line cover together.
fn covered_v4(keys: &[Key]) -> u64 {
    let sizes = keys.iter().map(|key| match key {
        Key::Prefix(prefix) if prefix.first().is_ipv4() => prefix.size(),
        Key::Prefix(_) | Key::Name(_) | Key::Hash(_) => 0,
    });
    sizes.sum()
}

/// What a line states behind its key.
struct Stated<'a> {
    value: Value,
    comment: &'a str,
}

impl<'a> Stated<'a> {
    fn read(rest: &'a str, set: Set) -> Result<Self, String> {
        if let Some(comment) = rest.strip_prefix(['#', ';']) {
            return Ok(Self { value: Value::default(), comment });
        }
        // Sets with one value for all pass over what stands behind a key.
        if set.has_one_value() {
            return Ok(Self { value: Value::default(), comment: rest });
        }
        Ok(Self { value: Value::read(rest)?, comment: "" })
    }

    fn entry(&self, key: Key, mark: Mark, scope: &Scope, dialect: &Dialect) -> NewEntry {
        let mut reason = remark::reason(self.comment, dialect);
        if mark == Mark::Excluded {
            if reason.is_empty() {
                reason = remark::reason(&scope.expand(self.value.text(), &key.to_string()), dialect);
            }
            let mut entry = NewEntry::plain(key, mark);
            entry.detail.reason = reason;
            return entry;
        }
        let code = self.value.code().or(scope.default_code()).filter(|code| *code != dialect.code);
        let template = scope.text_of(&self.value);
        let mut text = None;
        if let Some(template) = template {
            // Names and hashes stand in texts as addresses do.
            if dialect.entry_texts {
                let own = scope.expand(&template, "{address}");
                text = Some(own.trim()).filter(|own| !own.is_empty()).map(Into::into);
            } else if reason.is_empty() {
                reason = remark::reason(&scope.expand(&template, &shown(&key)), dialect);
            }
        }
        let mut entry = NewEntry::plain(key, mark);
        (entry.code, entry.text) = (code, text);
        entry.detail.reason = reason;
        entry
    }
}

/// A key as rbldnsd puts it in for `$`: names bare.
fn shown(key: &Key) -> String {
    match key {
        Key::Name(name) => name.name().to_owned(),
        Key::Prefix(_) | Key::Hash(_) => key.to_string(),
    }
}

impl Set {
    /// The data set of a list whose body does not say which it is.
    const fn of_list(family: KeyFamily) -> Self {
        match family {
            KeyFamily::Addresses | KeyFamily::Any => Self::ByForm,
            KeyFamily::Names | KeyFamily::Hashes(_) => Self::Names,
        }
    }
}
