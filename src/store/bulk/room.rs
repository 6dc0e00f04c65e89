//! Room on the disk for what an import writes: the log of the store needs some, too, and without it writes are off.
//!
//! Guarantees: an import that is refused for want of room has left [`IMPORT_DISK_KEPT_OCTETS`] of the disk, or a sixteenth of
//! a small one, but for what is written between two looks.
//! Never: takes room; others may fill the disk all the same.

use crate::limits::{IMPORT_DISK_KEPT_OCTETS, IMPORT_DISK_LOOK_OCTETS};
use nix::sys::statvfs::statvfs;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Octets of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Disk {
    pub whole: u64,
    /// What this user may still have.
    pub free: u64,
}

/// Looks at the disk now and then while an import is written.
#[derive(Clone, Debug)]
pub(super) struct Room {
    directory: PathBuf,
    disk: fn(&Path) -> io::Result<Disk>,
    /// Octets written since the last look.
    unseen: u64,
}

impl Room {
    pub fn on_disk_of(directory: &Path) -> Self {
        Self::told_by(directory, disk)
    }

    pub fn told_by(directory: &Path, disk: fn(&Path) -> io::Result<Disk>) -> Self {
        Self { directory: directory.to_owned(), disk, unseen: IMPORT_DISK_LOOK_OCTETS }
    }

    /// So many octets are about to be written.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`] where only what is kept is left.
    pub fn take(&mut self, octets: usize) -> io::Result<()> {
        self.unseen += octets as u64;
        if self.unseen < IMPORT_DISK_LOOK_OCTETS {
            return Ok(());
        }
        self.unseen = 0;
        self.look(0)
    }

    /// Whether `octets` can be written yet.
    ///
    /// # Errors
    /// As [`Room::take`].
    pub fn look(&self, octets: u64) -> io::Result<()> {
        let disk = (self.disk)(&self.directory)?;
        if disk.free <= kept(disk.whole).saturating_add(octets) {
            let text = format!("of {} octets {} are free, and kept for the store", disk.whole, disk.free);
            return Err(io::Error::new(io::ErrorKind::StorageFull, text));
        }
        Ok(())
    }
}

/// What an import leaves of a disk of so many octets.
fn kept(whole: u64) -> u64 {
    IMPORT_DISK_KEPT_OCTETS.min(whole / 16)
}

fn disk(directory: &Path) -> io::Result<Disk> {
    let found = statvfs(directory)?;
    let octets = |blocks: u64| blocks.saturating_mul(found.fragment_size());
    Ok(Disk { whole: octets(found.blocks()), free: octets(found.blocks_available()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sixteenth_of_a_small_disk_is_left_and_no_more_than_the_bound_of_a_large_one() {
        for (whole, left) in [(0, 0), (48 << 20, 3 << 20), (4 << 30, 256 << 20), (1 << 40, IMPORT_DISK_KEPT_OCTETS)] {
            assert_eq!(kept(whole), left);
        }
    }

    #[test]
    fn the_disk_is_looked_at_first_and_after_so_many_octets() {
        let full = |_: &Path| Ok(Disk { whole: 160, free: 10 });
        let mut room = Room::told_by(Path::new("/"), full);
        assert_eq!(room.take(1).unwrap_err().kind(), io::ErrorKind::StorageFull);
        room.take(1).unwrap();
        assert!(room.take(IMPORT_DISK_LOOK_OCTETS as usize).is_err());
        let with_room = |_: &Path| Ok(Disk { whole: 160, free: 11 });
        Room::told_by(Path::new("/"), with_room).take(1).unwrap();
        assert!(disk(Path::new("/")).unwrap().free > 0);
    }
}
