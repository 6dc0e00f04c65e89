//! Sorting more than fits into memory: sorted runs on disk, merged while they are read.
//!
//! Guarantees: memory is bounded by [`IMPORT_RUN_OCTETS`] while records come and by [`IMPORT_MERGE_OCTETS`] a run while they
//! go; as many runs as [`IMPORT_RUNS_JOINED`] become one, so that few are open at a time however many records come; records come
//! out ordered by key, then by rank; what was sorted can be read again.
//! Never: drops or joins records.

use super::{BulkError, room::Room};
use crate::limits::{IMPORT_MERGE_OCTETS, IMPORT_RUN_OCTETS, IMPORT_RUNS_JOINED};
use std::{
    cmp::Ordering,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write as _},
    path::{Path, PathBuf},
};

/// key length (1), value length (4), rank (8): the head of a record.
const HEAD: usize = 13;

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub key: &'a [u8],
    pub rank: u64,
    pub value: &'a [u8],
}

impl<'a> Record<'a> {
    /// The record at the front of `octets`.
    fn read(octets: &'a [u8]) -> Self {
        let (key, value) = lengths(octets);
        let rank = u64::from_be_bytes(octets[5..HEAD].try_into().expect("eight octets"));
        let (key_end, value_end) = (HEAD + key, HEAD + key + value);
        Self { key: &octets[HEAD..key_end], rank, value: &octets[key_end..value_end] }
    }

    fn order(&self) -> (&'a [u8], u64) {
        (self.key, self.rank)
    }
}

fn lengths(head: &[u8]) -> (usize, usize) {
    let value = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    (head[0].into(), value as usize)
}

/// The first octets of a key as a number: decides most comparisons without a look at the key.
fn leading(key: &[u8]) -> u64 {
    let mut octets = [0; 8];
    let count = key.len().min(8);
    octets[..count].copy_from_slice(&key[..count]);
    u64::from_be_bytes(octets)
}

/// Takes records in any order.
pub struct Sorter {
    directory: PathBuf,
    name: &'static str,
    octets: Vec<u8>,
    /// Leading octets of the key, and where the record begins.
    index: Vec<(u64, u32)>,
    /// The long ones first.
    runs: Vec<Run>,
    /// Runs that were ever written: each has a name of its own.
    written: usize,
    run_octets: usize,
    joined: usize,
    room: Room,
}

/// A sorted file.
struct Run {
    path: PathBuf,
    /// How often it was joined from others: such runs are about as long as each other.
    rank: u32,
}

impl Sorter {
    /// Keeps its runs in `directory` as `name` and a number, as long as there is `room`.
    pub fn new(directory: &Path, name: &'static str, room: Room) -> Self {
        let (octets, index, runs) = (Vec::new(), Vec::new(), Vec::new());
        let (directory, run_octets, joined) = (directory.to_owned(), IMPORT_RUN_OCTETS, IMPORT_RUNS_JOINED);
        Self { directory, name, octets, index, runs, written: 0, run_octets, joined, room }
    }

    #[cfg(test)]
    pub fn with_room(self, room: Room) -> Self {
        Self { room, ..self }
    }

    #[cfg(test)]
    pub fn with_runs_of(self, run_octets: usize, joined: usize) -> Self {
        Self { run_octets, joined, ..self }
    }

    /// Takes one. A key has at most 255 octets.
    pub fn push(&mut self, key: &[u8], rank: u64, value: &[u8]) -> io::Result<()> {
        let length = u8::try_from(key.len()).expect("row keys are bounded by NAME_OCTETS_MAX");
        let whole = HEAD + key.len() + value.len() + size_of::<(u64, u32)>();
        let held = self.octets.len() + self.index.len() * size_of::<(u64, u32)>();
        if held + whole > self.run_octets && !self.index.is_empty() {
            self.spill()?;
        }
        self.index.push((leading(key), self.octets.len() as u32));
        self.octets.push(length);
        self.octets.extend((value.len() as u32).to_be_bytes());
        self.octets.extend(rank.to_be_bytes());
        self.octets.extend(key);
        self.octets.extend(value);
        Ok(())
    }

    fn sort(&mut self) {
        let octets = &self.octets;
        self.index.sort_unstable_by(|(a, a_at), (b, b_at)| {
            a.cmp(b).then_with(|| {
                let (a, b) = (Record::read(&octets[*a_at as usize..]), Record::read(&octets[*b_at as usize..]));
                a.order().cmp(&b.order())
            })
        });
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let (path, mut file) = self.next_run()?;
        for (_, at) in &self.index {
            let record = &self.octets[*at as usize..];
            let (key, value) = lengths(record);
            self.room.take(HEAD + key + value)?;
            file.write_all(&record[..HEAD + key + value])?;
        }
        file.flush()?;
        self.runs.push(Run { path, rank: 0 });
        self.octets.clear();
        self.index.clear();
        while let Some(from) = self.runs.len().checked_sub(self.joined)
            && self.runs[from].rank == self.runs[self.runs.len() - 1].rank
        {
            self.join(from)?;
        }
        Ok(())
    }

    fn next_run(&mut self) -> io::Result<(PathBuf, BufWriter<File>)> {
        let path = self.directory.join(format!("{}-{}", self.name, self.written));
        self.written += 1;
        let file = BufWriter::with_capacity(1 << 18, File::create_new(&path)?);
        Ok((path, file))
    }

    /// Makes one run of those from `from` on.
    fn join(&mut self, from: usize) -> io::Result<()> {
        let (path, mut file) = self.next_run()?;
        let parts = self.runs.split_off(from);
        let mut merge = Merge::of(&parts)?;
        while let Some(record) = merge.next_octets()? {
            self.room.take(record.len())?;
            file.write_all(record)?;
        }
        file.flush()?;
        for part in &parts {
            fs::remove_file(&part.path)?;
        }
        self.runs.push(Run { path, rank: parts[0].rank + 1 });
        Ok(())
    }

    /// All records have come.
    pub fn finish(mut self) -> io::Result<Sorted> {
        if self.runs.is_empty() {
            self.sort();
        } else if !self.index.is_empty() {
            self.spill()?;
            (self.octets, self.index) = (Vec::new(), Vec::new());
        }
        Ok(Sorted { octets: self.octets, index: self.index, runs: self.runs })
    }
}

/// All records, in order: in memory where they fit, else in runs.
pub struct Sorted {
    octets: Vec<u8>,
    index: Vec<(u64, u32)>,
    runs: Vec<Run>,
}

impl Sorted {
    /// Reads them from the first on.
    pub fn records(&self) -> io::Result<Records<'_>> {
        if self.runs.is_empty() {
            return Ok(Records::Memory { octets: &self.octets, index: self.index.iter() });
        }
        Ok(Records::Runs(Merge::of(&self.runs)?))
    }
}

/// Records in order.
pub enum Records<'s> {
    Memory { octets: &'s [u8], index: std::slice::Iter<'s, (u64, u32)> },
    Runs(Merge),
}

impl Records<'_> {
    /// The next record.
    pub fn next(&mut self) -> Result<Option<Record<'_>>, BulkError> {
        match self {
            Self::Memory { octets, index } => Ok(index.next().map(|(_, at)| Record::read(&octets[*at as usize..]))),
            Self::Runs(merge) => Ok(merge.next()?),
        }
    }
}

/// The record that a run has to give next.
struct Head {
    file: BufReader<File>,
    record: Vec<u8>,
    leading: u64,
    ended: bool,
}

impl Head {
    fn advance(&mut self) -> io::Result<()> {
        let mut head = [0; HEAD];
        if let Err(error) = self.file.read_exact(&mut head) {
            self.ended = error.kind() == io::ErrorKind::UnexpectedEof;
            return if self.ended { Ok(()) } else { Err(error) };
        }
        let (key, value) = lengths(&head);
        self.record.clear();
        self.record.extend(head);
        self.record.resize(HEAD + key + value, 0);
        self.file.read_exact(&mut self.record[HEAD..])?;
        self.leading = leading(&self.record[HEAD..HEAD + key]);
        Ok(())
    }
}

/// Several runs as one: `order` is a heap of runs, the one with the least record first.
pub struct Merge {
    heads: Vec<Head>,
    order: Vec<usize>,
    begun: bool,
}

impl Merge {
    fn of(runs: &[Run]) -> io::Result<Self> {
        let mut heads = Vec::with_capacity(runs.len());
        for run in runs {
            let file = BufReader::with_capacity(IMPORT_MERGE_OCTETS, File::open(&run.path)?);
            let mut head = Head { file, record: Vec::new(), leading: 0, ended: false };
            head.advance()?;
            heads.push(head);
        }
        let mut merge = Self { order: (0..heads.len()).collect(), heads, begun: false };
        for at in (0..merge.order.len() / 2).rev() {
            merge.sift_down(at);
        }
        Ok(merge)
    }

    fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        Ok(self.next_octets()?.map(Record::read))
    }

    /// The next record as it stands in its run.
    fn next_octets(&mut self) -> io::Result<Option<&[u8]>> {
        if self.begun {
            self.heads[self.order[0]].advance()?;
            self.sift_down(0);
        }
        self.begun = true;
        let least = &self.heads[self.order[0]];
        Ok((!least.ended).then_some(&*least.record))
    }

    /// A run that has ended is greater than all others.
    fn compare(&self, a: usize, b: usize) -> Ordering {
        let (a, b) = (&self.heads[self.order[a]], &self.heads[self.order[b]]);
        if a.ended || b.ended {
            return a.ended.cmp(&b.ended);
        }
        a.leading.cmp(&b.leading).then_with(|| Record::read(&a.record).order().cmp(&Record::read(&b.record).order()))
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let left = 2 * at + 1;
            if left >= self.order.len() {
                return;
            }
            let right = left + 1;
            let smaller =
                if right < self.order.len() && self.compare(right, left) == Ordering::Less { right } else { left };
            if self.compare(at, smaller) != Ordering::Greater {
                return;
            }
            self.order.swap(at, smaller);
            at = smaller;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Owned = (Vec<u8>, u64, Vec<u8>);

    fn read_all(sorted: &Sorted) -> Vec<Owned> {
        let mut records = sorted.records().unwrap();
        let mut found = Vec::new();
        while let Some(record) = records.next().unwrap() {
            found.push((record.key.to_vec(), record.rank, record.value.to_vec()));
        }
        found
    }

    proptest! {
        #[test]
        fn records_come_out_in_order_whatever_the_size_of_runs(
            mut keys in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..12), ".{0,9}"), 0..80),
            run_octets in 30usize..2000,
            joined in 2usize..6,
        ) {
            // Keys of few distinct octets meet often.
            for octet in keys.iter_mut().flat_map(|(key, _)| key) {
                *octet &= 0x81;
            }
            let directory = tempfile::tempdir().unwrap();
            let mut sorter = Sorter::new(directory.path(), "run", Room::on_disk_of(directory.path())).with_runs_of(run_octets, joined);
            for (rank, (key, value)) in keys.iter().enumerate() {
                sorter.push(key, rank as u64, value.as_bytes()).unwrap();
            }
            let sorted = sorter.finish().unwrap();
            // Eighty runs at most, so seven ranks at most: fewer than `joined` of each.
            prop_assert!(sorted.runs.len() <= 7 * (joined - 1), "{} runs, joined by {joined}", sorted.runs.len());
            let mut expected: Vec<Owned> = keys.into_iter().enumerate()
                .map(|(rank, (key, value))| (key, rank as u64, value.into_bytes())).collect();
            expected.sort();
            prop_assert_eq!(read_all(&sorted), expected.clone());
            prop_assert_eq!(read_all(&sorted), expected, "a second time");
        }
    }
}
