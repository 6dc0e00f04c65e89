//! WHAT IS SERVED. Immutable, no locks, no I/O.
//!
//! ```text
//! rows of the lists ──> sweep ──> what one list says, as ranges ──> Resolver ──> one index a family
//!   (most specific wins)             (holes cut out)                 (sets of tags over all lists)
//! v4: a tree of /8, /16, /24           v6, names, hashes: ordered ranges in pages; both are changed by path-copying
//! ```
//! All lists are resolved when they are written: an index maps every address, name and hash to the number of a set of
//! tags. A question is one look-up; an empty non-terminal is a range in which some set shows one of the zone's lists.
//!
//! Guarantees: a [`Snapshot`] never changes; it answers by the rule of match, as of one serial; an [`Edit`] makes the
//! next one without copying what stays; many edits in any order lead to what a fresh build would give.
//! Never: knows sources, reasons or times of entries; keeps the rows it was made of.

mod build;
mod census;
mod chunk;
mod edit;
mod encode;
mod find;
mod key;
mod order;
mod publish;
mod served;
mod sets;
mod sweep;
mod text;
mod v4;
mod v4edit;
mod wirename;
mod zone;

pub use build::Rows;
pub use census::Census;
pub use edit::Edit;
pub use find::{Found, Listed, guess_v4};
pub use publish::{Published, Reader};
pub use served::{ListIndex, Served, Zone, ZoneFamily};
pub use text::TXT_OCTETS_MAX;
pub use wirename::AnswerName;
pub use zone::ZoneSettings;

use crate::list::{Decision, ListedName, MailHash, Serial, TextId};
use order::Ordered;
use sets::Sets;
use std::sync::Arc;
use text::Template;
use v4::V4;

/// An IPv4 prefix (lowest address, length) and what a list says there.
pub type V4Row = (u32, u8, Decision);
/// An IPv6 prefix (lowest address, length) and what a list says there.
pub type V6Row = (u128, u8, Decision);
/// A name and what a list says there.
pub type NameRow = (ListedName, Decision);
/// A hash and what a list says there.
pub type HashRow = (MailHash, Decision);

/// All that DNS serves, as of one serial. A clone shares everything.
#[derive(Clone, Debug)]
pub struct Snapshot {
    served: Arc<Served>,
    serial: Serial,
    zone_serials: Arc<[Serial]>,
    sets: Arc<Sets>,
    v4: Arc<V4>,
    v6: Arc<Ordered>,
    names: Arc<Ordered>,
    hashes: Arc<Ordered>,
    texts: Arc<[Texts]>,
    covered: Arc<[u64]>,
}

/// The own texts of one list's entries, by id.
type Texts = Arc<Vec<Option<Arc<Template>>>>;

/// Octets on the heap, by what they are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The index of IPv4.
    pub v4: usize,
    /// The index of IPv6.
    pub v6: usize,
    /// The index of names.
    pub names: usize,
    /// The index of hashes.
    pub hashes: usize,
    /// Sets of tags and texts.
    pub sets: usize,
}

impl Snapshot {
    /// The last commit that is in it.
    #[must_use]
    pub const fn serial(&self) -> Serial {
        self.serial
    }

    /// What it serves.
    #[must_use]
    pub const fn served(&self) -> &Arc<Served> {
        &self.served
    }

    /// Whether this is what it serves, and not an equal configuration of another time.
    #[must_use]
    pub fn serves(&self, served: &Arc<Served>) -> bool {
        Arc::ptr_eq(&self.served, served)
    }

    /// The last serial that changed what `zone` (one of this snapshot's) serves.
    #[must_use]
    pub fn zone_serial(&self, zone: &Zone) -> Serial {
        self.zone_serials[zone.place()]
    }

    /// [`Served::zone_of`] of what is served.
    #[must_use]
    pub fn zone_of(&self, name: &[u8]) -> Option<(&Zone, usize)> {
        self.served.zone_of(name)
    }

    /// IPv4 addresses that `list` lists: the union of its entries, exclusions taken off, `never` not regarded.
    #[must_use]
    pub fn covered_v4(&self, list: ListIndex) -> u64 {
        self.covered[list.place()]
    }

    /// Begins the next snapshot.
    #[must_use]
    pub fn edit(&self) -> Edit {
        Edit::new(self.clone())
    }

    /// What it takes.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let texts = self.texts.iter().flat_map(|texts| texts.iter()).flatten().map(|text| text.octets()).sum::<usize>();
        Memory {
            v4: self.v4.octets(),
            v6: self.v6.octets(),
            names: self.names.octets(),
            hashes: self.hashes.octets(),
            sets: self.sets.octets() + texts,
        }
    }

    fn text(&self, list: ListIndex, text: TextId) -> Option<&Template> {
        self.texts[list.place()].get(usize::from(text.0))?.as_deref()
    }
}

#[cfg(test)]
mod facts;
#[cfg(test)]
mod measure;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
