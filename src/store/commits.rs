//! The journal: what each commit changed, so that others can follow.
//!
//! Guarantees: serials in the journal rise without a gap, but for the one of a restored backup; a commit of at most
//! [`JOURNAL_CHANGES_MAX`] changes holds them all, a larger one none.
//! Never: the truth about what is listed. That is `entry`.

use super::{
    ReadError,
    read::View,
    schema::{Column, RowKey, put_key, read_key},
    values::{Octets, damaged, put_entry, put_text, take_entry},
};
use crate::{
    limits::JOURNAL_CHANGES_MAX,
    list::{Entry, Key, ListName, Mark, ReturnCode, Serial, SourceName, TextId, Time},
};
use serde::{Deserialize, Serialize};

/// What kind of request made a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Entries added or renewed.
    Add,
    /// Entries taken back.
    Remove,
    /// A source's entries replaced by a body.
    Replace,
    /// A source or a list emptied.
    Purge,
    /// A source put back to what it held before its last body.
    Undo,
    /// Entries whose time had come.
    Expire,
    /// The configuration changed what is served.
    Configure,
    /// A backup was opened.
    Restore,
}

/// How many keys a commit touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Keys that the source did not hold.
    pub added: u64,
    /// Keys that it holds no more.
    pub removed: u64,
    /// Keys of which it says something else, or that it named anew.
    pub renewed: u64,
    /// Keys confirmed as they were.
    pub unchanged: u64,
}

/// What a source says of a key after a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Listed or excluded.
    pub mark: Mark,
    /// A code other than the list's.
    pub code: Option<ReturnCode>,
    /// An own text.
    pub text: Option<Box<str>>,
    /// The reason.
    pub reason: Box<str>,
    /// When the source first named it.
    pub first_seen: Time,
    /// When it was last seen.
    pub last_seen: Time,
    /// Its own end.
    pub expires: Option<Time>,
}

/// One key that a commit changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The list.
    pub list: ListName,
    /// The source.
    pub source: SourceName,
    /// The key.
    pub key: Key,
    /// What holds from now on; `None`: nothing.
    pub now: Option<Said>,
}

/// What a commit changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// Each key.
    Keys(Vec<KeyChange>),
    /// More than the journal keeps: followers export again.
    Bulk,
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRow {
    /// Its number.
    pub serial: Serial,
    /// When it was made.
    pub time: Time,
    /// Of an import: when it began. What it brings is first seen then.
    pub begun: Option<Time>,
    /// Who made it: a token's name, `expiry`, `config`, `restore`.
    pub actor: Box<str>,
    /// What kind of request it was.
    pub act: Act,
    /// The list; `None` where several.
    pub list: Option<ListName>,
    /// The source; `None` where several.
    pub source: Option<SourceName>,
    /// How many keys.
    pub counts: Counts,
    /// Which.
    pub changes: Changes,
}

/// What a commit was about, without its changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitHead {
    /// When it was made.
    pub time: Time,
    /// The list; `None` where several.
    pub list: Option<ListName>,
    /// How many keys.
    pub counts: Counts,
    /// Whether the journal holds its changes.
    pub whole: bool,
    /// Octets of its row.
    pub octets: usize,
}

/// How far a walk over the journal is that looks for old commits. It goes on over those that were written while the clock was
/// ahead, however many there are, and remembers no more of them than this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalWalk {
    /// All up to this one are old.
    old: Serial,
    /// Those behind that and up to here are as old as what follows.
    seen: Serial,
}

/// Why the journal cannot be read from there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Commits right after the serial are no longer kept. Export again.
    #[error("the journal is kept from serial {0} on; export again and follow from there")]
    Gone(Serial),
    /// The store failed.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// All but the changes, as JSON.
#[derive(Serialize, Deserialize)]
struct Head {
    time: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begun: Option<Time>,
    actor: Box<str>,
    act: Act,
    list: Option<ListName>,
    source: Option<SourceName>,
    counts: Counts,
    bulk: bool,
    /// The pairs that the changes name by their place.
    owners: Vec<(ListName, SourceName)>,
}

/// The value of a row of `commit`: length (4) and octets of the head, then the changes.
pub(super) fn commit_octets(commit: &CommitRow) -> Vec<u8> {
    let changes = match &commit.changes {
        Changes::Keys(changes) if changes.len() <= JOURNAL_CHANGES_MAX => Some(changes.as_slice()),
        Changes::Keys(_) | Changes::Bulk => None,
    };
    let mut owners: Vec<(ListName, SourceName)> = Vec::new();
    let mut body = Vec::new();
    for change in changes.unwrap_or_default() {
        // Changes of one owner stand together, so the last is looked at first.
        let known = owners.iter().rposition(|(list, source)| *list == change.list && *source == change.source);
        let owner = known.unwrap_or_else(|| {
            owners.push((change.list.clone(), change.source.clone()));
            owners.len() - 1
        });
        body.extend((owner as u16).to_be_bytes());
        let key_at = body.len() + 1;
        body.push(0);
        put_key(&mut body, &change.key);
        body[key_at - 1] = (body.len() - key_at) as u8;
        body.push(u8::from(change.now.is_some()));
        if let Some(said) = &change.now {
            put_said(&mut body, said);
        }
    }
    let CommitRow { time, begun, actor, act, list, source, counts, .. } = commit.clone();
    let head = Head { time, begun, actor, act, list, source, counts, bulk: changes.is_none(), owners };
    let head = serde_json::to_vec(&head).expect("names, numbers and texts are JSON");
    let mut out = Vec::with_capacity(4 + head.len() + body.len());
    out.extend((head.len() as u32).to_be_bytes());
    out.extend(head);
    out.extend(body);
    out
}

fn put_said(out: &mut Vec<u8>, said: &Said) {
    let text = said.text.as_ref().map(|_| TextId(0));
    let Said { mark, code, first_seen, last_seen, expires, .. } = *said;
    put_entry(out, &Entry { mark, code, text, first_seen, last_seen, expires });
    put_text(out, &said.reason);
    put_text(out, said.text.as_deref().unwrap_or_default());
}

pub(super) fn read_commit(serial: Serial, octets: &[u8]) -> Option<CommitRow> {
    let mut octets = Octets(octets);
    let length = octets.u32()? as usize;
    let head: Head = serde_json::from_slice(octets.take(length)?).ok()?;
    let mut changes = Vec::new();
    while !octets.0.is_empty() {
        let (list, source) = head.owners.get(usize::from(octets.u16()?))?.clone();
        let length = octets.u8()?;
        let key = read_key(octets.take(length.into())?)?;
        let now = match octets.u8()? {
            0 => None,
            1 => Some(take_said(&mut octets)?),
            _ => return None,
        };
        changes.push(KeyChange { list, source, key, now });
    }
    let Head { time, begun, actor, act, list, source, counts, bulk, .. } = head;
    let changes = if bulk { Changes::Bulk } else { Changes::Keys(changes) };
    Some(CommitRow { serial, time, begun, actor, act, list, source, counts, changes })
}

fn read_head(octets: &[u8]) -> Option<CommitHead> {
    let size = octets.len();
    let mut octets = Octets(octets);
    let length = octets.u32()? as usize;
    let Head { time, list, counts, bulk, .. } = serde_json::from_slice(octets.take(length)?).ok()?;
    Some(CommitHead { time, list, counts, whole: !bulk, octets: size })
}

fn take_said(octets: &mut Octets<'_>) -> Option<Said> {
    let Entry { mark, code, text, first_seen, last_seen, expires } = take_entry(octets)?;
    let reason = octets.text()?.into();
    let own = octets.text()?;
    Some(Said { mark, code, text: text.map(|_| own.into()), reason, first_seen, last_seen, expires })
}

impl View<'_> {
    /// The commit with this serial.
    pub fn commit(&self, serial: Serial) -> Result<Option<CommitRow>, ReadError> {
        let row = RowKey::default().u64(serial.0).0;
        let Some(octets) = self.get(Column::Commit, &row)? else { return Ok(None) };
        read_commit(serial, &octets).map(Some).ok_or_else(|| damaged(Column::Commit, &row))
    }

    /// What the commit with this serial was about.
    pub fn commit_head(&self, serial: Serial) -> Result<Option<CommitHead>, ReadError> {
        let row = RowKey::default().u64(serial.0).0;
        let Some(octets) = self.get(Column::Commit, &row)? else { return Ok(None) };
        read_head(&octets).map(Some).ok_or_else(|| damaged(Column::Commit, &row))
    }

    /// The first commit still kept.
    pub fn oldest_commit(&self) -> Result<Option<Serial>, ReadError> {
        let mut rows = self.range(Column::Commit, Vec::new(), None);
        let first = rows.next()?;
        first.map(|(row, _)| serial_of(row).ok_or_else(|| damaged(Column::Commit, row))).transpose()
    }

    /// At most `limit` commits after `since`, oldest first.
    pub fn journal(&self, since: Serial, limit: usize) -> Result<Vec<CommitRow>, JournalError> {
        if since < self.serial() {
            // After a restored backup the next serial is not `since + 1`: then the commit itself must be there still.
            let oldest = self.oldest_commit()?.unwrap_or(self.serial());
            if oldest > since.next() && self.commit(since)?.is_none() {
                return Err(JournalError::Gone(oldest));
            }
        }
        let mut rows = self.range(Column::Commit, RowKey::default().u64(since.next().0).0, None);
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((row, octets)) = rows.next()?
        {
            let commit = serial_of(row).and_then(|serial| read_commit(serial, octets));
            found.push(commit.ok_or_else(|| damaged(Column::Commit, row))?);
        }
        Ok(found)
    }

    /// A piece of a walk over the journal: at most `limit` commits older than `before`, in their order from the first one on,
    /// never the last one; and where to go on, if there is more. One whose time has not come `now` was written while the
    /// clock was ahead: it is as old as the next.
    pub fn commits_before(
        &self,
        before: Time,
        now: Time,
        walk: JournalWalk,
        limit: usize,
    ) -> Result<(Vec<Serial>, Option<JournalWalk>), ReadError> {
        let from = |serial: Serial| RowKey::default().u64(serial.0).0;
        let (mut walk, mut more) = (walk, true);
        let mut rows = self.range(Column::Commit, from(walk.seen.next()), Some(from(self.serial())));
        for _ in 0..limit {
            let Some((row, octets)) = rows.next()? else {
                more = false;
                break;
            };
            let read = serial_of(row).and_then(|serial| Some((serial, time_of(octets)?)));
            let (serial, time) = read.ok_or_else(|| damaged(Column::Commit, row))?;
            if time <= now && time >= before {
                more = false;
                break;
            }
            walk.seen = serial;
            if time < before {
                walk.old = serial;
            }
        }
        let mut rows = self.range(Column::Commit, Vec::new(), Some(from(walk.old.next())));
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((row, _)) = rows.next()?
        {
            found.push(serial_of(row).ok_or_else(|| damaged(Column::Commit, row))?);
        }
        let more = more || found.len() == limit;
        Ok((found, more.then_some(walk)))
    }
}

fn serial_of(row: &[u8]) -> Option<Serial> {
    Some(Serial(u64::from_be_bytes(row.try_into().ok()?)))
}

fn time_of(octets: &[u8]) -> Option<Time> {
    #[derive(Deserialize)]
    struct OnlyTime {
        time: Time,
    }
    let mut octets = Octets(octets);
    let length = octets.u32()? as usize;
    serde_json::from_slice::<OnlyTime>(octets.take(length)?).ok().map(|head| head.time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{schema::any_key, values::tests::any_entry};
    use proptest::prelude::*;

    fn any_change() -> impl Strategy<Value = KeyChange> {
        let said = (any_entry(), any::<[String; 2]>()).prop_map(|(entry, [text, reason])| Said {
            mark: entry.mark,
            code: entry.code,
            text: entry.text.map(|_| text.into()),
            reason: reason.into(),
            first_seen: entry.first_seen,
            last_seen: entry.last_seen,
            expires: entry.expires,
        });
        ("[a-c]{2}", "[a-c]", any_key(), proptest::option::of(said)).prop_map(|(list, source, key, now)| KeyChange {
            list: list.parse().unwrap(),
            source: source.parse().unwrap(),
            key,
            now,
        })
    }

    fn commit(changes: Changes) -> CommitRow {
        CommitRow {
            serial: Serial(7),
            time: Time::from_seconds(9),
            begun: Some(Time::from_seconds(8)),
            actor: "feed".into(),
            act: Act::Add,
            list: Some("dynamic".parse().unwrap()),
            source: None,
            counts: Counts { added: 1, ..Counts::default() },
            changes,
        }
    }

    proptest! {
        #[test]
        fn a_commit_reads_back(changes in proptest::collection::vec(any_change(), 0..20)) {
            let commit = commit(Changes::Keys(changes));
            prop_assert_eq!(read_commit(Serial(7), &commit_octets(&commit)), Some(commit));
        }

        #[test]
        fn a_broken_commit_is_refused_and_never_panics(octets in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert_eq!(read_commit(Serial(7), &octets), None);
        }
    }

    #[test]
    fn a_commit_of_more_changes_than_the_journal_keeps_says_bulk() {
        let change = KeyChange {
            list: "dynamic".parse().unwrap(),
            source: "isp".parse().unwrap(),
            key: Key::parse_any("192.0.2.1").unwrap(),
            now: None,
        };
        let kept = commit(Changes::Keys(vec![change.clone(); JOURNAL_CHANGES_MAX]));
        assert_eq!(read_commit(Serial(7), &commit_octets(&kept)), Some(kept));
        let large = commit(Changes::Keys(vec![change; JOURNAL_CHANGES_MAX + 1]));
        assert_eq!(read_commit(Serial(7), &commit_octets(&large)).unwrap().changes, Changes::Bulk);
    }
}
