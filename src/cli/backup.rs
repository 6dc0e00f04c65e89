//! `dnsbld backup`: a checkpoint of the running store, unpacked in a new directory.
//!
//! Guarantees: the directory appears whole or not at all, readable by its owner alone, synced to disk; a data directory
//! of a server can be replaced by it.
//! Never: writes outside of it, whatever the archive names; overwrites anything.

use super::{Connection, Failure, client::Client, say};
use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Component, Path, PathBuf},
};

/// Copy the store of the running server into a new directory.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  dnsbld --config dnsbld.toml backup /var/backups/dnsbld-2026-01-31

To go back: stop the server, put the directory in the place of data_dir, start the server.")]
pub struct Backup {
    /// The directory to make; it must not exist, or be empty
    dir: PathBuf,
}

impl Backup {
    /// Fetches and unpacks.
    pub fn run(&self, connection: &Connection) -> Result<(), Failure> {
        let dir = &self.dir;
        let failed = |error: io::Error| Failure::Refused(format!("cannot make the backup {}: {error}", dir.display()));
        let occupied = fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) || dir.is_file();
        if occupied {
            return Err(Failure::Refused(format!("{} exists already; name a new directory", dir.display())));
        }
        let mut archive = Client::find(connection)?.stream("/api/v1/backup")?;
        let name = dir.file_name().ok_or_else(|| Failure::Usage("name a directory to make".into()))?;
        let mut partial = name.to_owned();
        partial.push(format!(".partial-{}", std::process::id()));
        let partial = dir.with_file_name(partial);
        DirBuilder::new().mode(0o700).create(&partial).map_err(failed)?;
        let unpacked = unpack(&mut archive, &partial).and_then(|count| {
            fs::rename(&partial, dir)?;
            let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(parent)?.sync_all()?;
            Ok(count)
        });
        match unpacked {
            Ok(files) => say(&format!("{files} files in {}", dir.display())),
            Err(error) => {
                // What was unpacked so far is of no use to anyone.
                let _kept = fs::remove_dir_all(&partial);
                Err(failed(error))
            }
        }
    }
}

/// Unpacks plain files and directories below `dir`, syncs them, and counts the files.
pub fn unpack(archive: &mut dyn Read, dir: &Path) -> io::Result<usize> {
    let refused = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut archive = tar::Archive::new(archive);
    let mut files = 0;
    let mut made = BTreeSet::from([dir.to_owned()]);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if !path.components().all(plain) {
            return Err(refused("the archive names a path outside of the backup"));
        }
        let target = dir.join(&path);
        let mut make = |path: &Path| {
            made.extend(path.ancestors().take_while(|above| *above != dir).map(Path::to_owned));
            DirBuilder::new().mode(0o700).recursive(true).create(path)
        };
        match entry.header().entry_type() {
            tar::EntryType::Directory => make(&target)?,
            tar::EntryType::Regular => {
                make(target.parent().unwrap_or(dir))?;
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target)?;
                io::copy(&mut entry, &mut file)?;
                file.sync_all()?;
                files += 1;
            }
            _ => return Err(refused("the archive holds something that is neither file nor directory")),
        }
    }
    // A connection that was cut shows only here.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    if files == 0 {
        return Err(refused("the archive is empty"));
    }
    // A file is found after a power cut when its directory is on disk too.
    made.iter().try_for_each(|directory| File::open(directory)?.sync_all())?;
    Ok(files)
}
