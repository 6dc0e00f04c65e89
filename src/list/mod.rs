//! WHAT IS LISTED. Pure: no I/O, no async, no clock.
//!
//! A **key** (an address prefix, a domain name, the hash of a mail address) is listed or excluded by an **entry** of a
//! **source** in a **list**. The most specific key that covers a question decides, whoever wrote it; at the same key an
//! exclusion beats every listing ([`decide()`]).
//!
//! Guarantees: a value of one of these types is valid and in its one canonical form, so equal things compare equal.
//! Never: knows where entries are kept, how they are served or who asks.

mod code;
mod decide;
mod entry;
mod key;
mod label;
mod mailhash;
mod name;
mod object;
mod prefix;
mod protocol;
mod removal;
mod reports;
mod settings;
mod special;
mod text;
mod time;

pub mod format;
pub mod policy;

pub use code::{ReturnCode, ReturnCodeError};
pub use decide::{Decision, Tag, decide};
pub use entry::{Detail, Entry, Mark, NewEntry, TextId};
pub use key::{Family, Key, KeyError, KeyFamily};
pub use label::{LabelError, ListName, SourceName};
pub use mailhash::{HashKind, MailHash, MailHashError};
pub use name::{ListedName, NameError, Scope};
pub use object::FromObject;
pub use prefix::{Prefix, PrefixError, embedded_v4, range_to_prefixes};
pub use protocol::Protocol;
pub use removal::{ProofKind, Removal, RemovalRule, RemovalWordError};
pub use reports::{ReportKind, ReportKindError, ReportRule, Widening};
pub use settings::{Kind, ListSettings};
pub use special::BUILTIN_NEVER;
pub use text::{TextFault, string_faults, template_faults};
pub use time::{Duration, DurationError, Serial, Time, TimeError};
