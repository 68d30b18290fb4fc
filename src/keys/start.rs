//! Opening the key directory: the first start, a later one, and one after a disk was replaced.

use super::files::Place;
use super::master::Master;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

pub(super) const MASTER_FILE: &str = "master.key";
pub(super) const ROOM_SUFFIX: &str = ".key";
const LOCK_FILE: &str = ".lock";
/// A node waits so long for another one that is starting in the same directory.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// Where the keys are.
#[derive(Debug, Clone)]
pub struct Places {
    /// The key directory: its own, away from data and backups; of a cluster, on a shared volume.
    pub directory: PathBuf,
    /// A second one, on another disk, which always holds the same: what is made is in both before
    /// it is used, and what is destroyed is destroyed in both.
    pub copy: Option<PathBuf>,
}

/// Why the server can't start with this key directory, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There are room keys, but not the master key that opens them.
    #[error(
        "{} holds room keys but no {MASTER_FILE}, and no room can be opened without it: put back \
         the {MASTER_FILE} that belongs to them", .0.display()
    )]
    MasterMissing(PathBuf),
    /// The master key's file is not what was written.
    #[error("{} is damaged: put back the {MASTER_FILE} that was made here", .0.display())]
    MasterDamaged(PathBuf),
    /// Directory and copy belong to different servers.
    #[error(
        "{} and {} hold different master keys: name a copy that belongs to the directory, or an \
         empty one", .0.display(), .1.display()
    )]
    MastersDiffer(PathBuf, PathBuf),
    /// A new key directory is not empty.
    #[error(
        "{} holds {}, which is no room key: give the keys an empty directory of their own",
        .0.display(), .1
    )]
    NotEmpty(PathBuf, String),
    /// Directory and copy are the same.
    #[error("{} can't be its own copy: name a directory on another disk", .0.display())]
    OwnCopy(PathBuf),
    /// Another node is starting, and does not come to an end.
    #[error("another process keeps {} locked: is a node hanging at its start?", .0.display())]
    Busy(PathBuf),
    /// The file or directory can't be read or written.
    #[error(
        "the key directory can't be used at {} ({}): check that it can be made there, belongs to \
         this user and is not mounted read-only", .0.display(), .1
    )]
    Unusable(PathBuf, io::Error),
}

/// The places, with the same keys in each, and their master key.
pub(super) fn start(places: &Places) -> Result<(Master, Vec<Place>), StartError> {
    let paths = std::iter::once(&places.directory).chain(&places.copy);
    let places = paths.map(|path| place(path)).collect::<Result<Vec<_>, _>>()?;
    reject_own_copy(&places)?;
    // One node after the other: two would make two master keys.
    let _locked = places.first().map(lock).transpose()?;
    let mut with = Vec::new();
    let mut without = Vec::new();
    for place in &places {
        match read(place, MASTER_FILE)? {
            Some(bytes) => with.push((place, bytes)),
            None => without.push(place),
        }
    }
    let master = match with.split_first() {
        None => first_start(&without)?,
        Some(((source, bytes), others)) => {
            let master = agreed(source, bytes, others)?;
            without.iter().try_for_each(|place| fill(place, source, bytes))?;
            master
        }
    };
    Ok((master, places))
}

fn first_start(places: &[&Place]) -> Result<Master, StartError> {
    places.iter().try_for_each(|place| must_be_empty(place))?;
    let bytes = Master::make();
    places.iter().try_for_each(|place| write(place, MASTER_FILE, &bytes))?;
    Master::of_file(&bytes).ok_or_else(|| StartError::MasterDamaged(MASTER_FILE.into()))
}

fn place(path: &Path) -> Result<Place, StartError> {
    let place = Place::at(path).map_err(|error| StartError::Unusable(path.to_owned(), error))?;
    let metadata = place.directory().metadata();
    let mode =
        metadata.map_err(|error| StartError::Unusable(path.to_owned(), error))?.permissions();
    if mode.mode() & 0o077 != 0 {
        tracing::warn!(
            "the key directory is open to other users of this machine: chmod it to 0700"
        );
    }
    Ok(place)
}

fn reject_own_copy(places: &[Place]) -> Result<(), StartError> {
    let real = |place: &Place| place.directory().canonicalize().ok();
    match places {
        [one, other] if real(one) == real(other) => {
            Err(StartError::OwnCopy(one.directory().to_owned()))
        }
        _ => Ok(()),
    }
}

/// The lock ends when the file is dropped, or with the process.
fn lock(place: &Place) -> Result<File, StartError> {
    let path = place.file(LOCK_FILE);
    let unusable = |error| StartError::Unusable(path.clone(), error);
    let options = File::options().create(true).truncate(false).write(true).open(&path);
    let file = options.map_err(unusable)?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
    }
    Err(StartError::Busy(path))
}

/// The master key of the one place, the same in all others that have one.
fn agreed(
    source: &Place,
    bytes: &[u8],
    others: &[(&Place, Zeroizing<Vec<u8>>)],
) -> Result<Master, StartError> {
    let master = master_of(source, bytes)?;
    for (place, bytes) in others {
        if master_of(place, bytes)?.fingerprint() != master.fingerprint() {
            let (one, other) = (source.directory().to_owned(), place.directory().to_owned());
            return Err(StartError::MastersDiffer(one, other));
        }
    }
    Ok(master)
}

fn master_of(place: &Place, bytes: &[u8]) -> Result<Master, StartError> {
    Master::of_file(bytes).ok_or_else(|| StartError::MasterDamaged(place.file(MASTER_FILE)))
}

/// Nothing but what a fresh volume holds by itself. Room keys without a master key are not
/// nothing: a new master key would hide that the old one is missing.
fn must_be_empty(place: &Place) -> Result<(), StartError> {
    let directory = || place.directory().to_owned();
    for name in names(place)? {
        if name.ends_with(ROOM_SUFFIX) {
            return Err(StartError::MasterMissing(directory()));
        }
        if !name.starts_with('.') && name != "lost+found" {
            return Err(StartError::NotEmpty(directory(), name));
        }
    }
    Ok(())
}

/// Fills a place that was lost, or is new, from the other one. The master key comes last: without
/// it the place is not used, and a killed filling goes on at the next start.
fn fill(place: &Place, source: &Place, master: &[u8]) -> Result<(), StartError> {
    let there = names(source)?;
    let foreign =
        names(place)?.into_iter().find(|n| n.ends_with(ROOM_SUFFIX) && !there.contains(n));
    if foreign.is_some() {
        return Err(StartError::MasterMissing(place.directory().to_owned()));
    }
    for name in there.iter().filter(|name| name.ends_with(ROOM_SUFFIX) && *name != MASTER_FILE) {
        let Some(bytes) = read(source, name)? else { continue };
        match read(place, name)? {
            None => write(place, name, &bytes)?,
            Some(same) if same == bytes => {}
            Some(_) => return Err(StartError::MasterMissing(place.directory().to_owned())),
        }
    }
    write(place, MASTER_FILE, master)
}

fn read(place: &Place, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StartError> {
    let bytes = place.read(name).map_err(|error| StartError::Unusable(place.file(name), error))?;
    Ok(bytes.map(Zeroizing::new))
}

fn write(place: &Place, name: &str, bytes: &[u8]) -> Result<(), StartError> {
    place.write(name, bytes).map_err(|error| StartError::Unusable(place.file(name), error))
}

fn names(place: &Place) -> Result<Vec<String>, StartError> {
    place.names().map_err(|error| StartError::Unusable(place.directory().to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyDirectory;
    use crosstalk_protocol::ids::RoomId;
    use std::fs;
    use uuid::Uuid;

    fn disk() -> (tempfile::TempDir, Places) {
        let root = tempfile::tempdir().unwrap();
        let copy = Some(root.path().join("copy"));
        let directory = root.path().join("keys");
        (root, Places { directory, copy })
    }

    fn refused(places: &Places) -> String {
        KeyDirectory::start(places).unwrap_err().to_string()
    }

    #[test]
    fn the_master_key_is_made_once_and_is_in_both_places() {
        let (_root, places) = disk();
        let first = KeyDirectory::start(&places).unwrap().fingerprint();
        assert_eq!(KeyDirectory::start(&places).unwrap().fingerprint(), first);
        let copy = Places { directory: places.copy.clone().unwrap(), copy: None };
        assert_eq!(KeyDirectory::start(&copy).unwrap().fingerprint(), first);
        let path = places.directory.join(MASTER_FILE);
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        let (_other, places) = disk();
        assert_ne!(KeyDirectory::start(&places).unwrap().fingerprint(), first);
    }

    #[test]
    fn a_missing_master_key_is_never_made_anew() {
        let (_root, places) = disk();
        KeyDirectory::start(&places).unwrap().make(RoomId(Uuid::now_v7())).unwrap();
        fs::remove_file(places.directory.join(MASTER_FILE)).unwrap();
        fs::remove_file(places.copy.clone().unwrap().join(MASTER_FILE)).unwrap();
        assert!(refused(&places).contains("put back the master.key"), "{}", refused(&places));
    }

    #[test]
    fn foreign_and_damaged_directories_are_refused_with_advice() {
        let (root, places) = disk();
        fs::create_dir(&places.directory).unwrap();
        fs::write(places.directory.join("crosstalk.db"), "").unwrap();
        assert!(refused(&places).contains("holds crosstalk.db"), "{}", refused(&places));
        fs::remove_file(places.directory.join("crosstalk.db")).unwrap();
        fs::create_dir(places.directory.join("lost+found")).unwrap();
        KeyDirectory::start(&places).unwrap();
        fs::write(places.directory.join(MASTER_FILE), "what is this").unwrap();
        assert!(refused(&places).contains("master.key is damaged"), "{}", refused(&places));
        let own = Places { copy: Some(places.directory.join("../keys")), ..places };
        assert!(refused(&own).contains("its own copy"), "{}", refused(&own));
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(refused(&Places { directory: file, copy: None }).contains("can't be used at"));
    }

    #[test]
    fn a_copy_of_another_server_is_refused() {
        let (_root, mut places) = disk();
        let (_other_root, other) = disk();
        KeyDirectory::start(&places).unwrap();
        KeyDirectory::start(&other).unwrap();
        places.copy = other.copy;
        assert!(refused(&places).contains("different master keys"), "{}", refused(&places));
    }

    #[test]
    fn a_new_copy_is_filled_also_after_a_kill() {
        let (_root, places) = disk();
        let rooms = [(); 3].map(|()| RoomId(Uuid::now_v7()));
        let keys = KeyDirectory::start(&Places { copy: None, ..places.clone() }).unwrap();
        for room in rooms {
            keys.make(room).unwrap();
        }
        let copy = places.copy.clone().unwrap();
        KeyDirectory::start(&places).unwrap();
        fs::remove_file(copy.join(MASTER_FILE)).unwrap();
        fs::remove_file(copy.join(format!("{}.key", rooms[1]))).unwrap();
        KeyDirectory::start(&places).unwrap();
        fs::remove_dir_all(&places.directory).unwrap();
        let keys = KeyDirectory::start(&Places { directory: copy, copy: None }).unwrap();
        for room in rooms {
            keys.open(room).unwrap();
        }
    }

    #[test]
    fn a_node_that_hangs_at_its_start_is_named() {
        let (_root, places) = disk();
        KeyDirectory::start(&places).unwrap();
        let lock = File::open(places.directory.join(LOCK_FILE)).unwrap();
        lock.lock().unwrap();
        let started = std::thread::spawn(move || KeyDirectory::start(&places).map(drop));
        std::thread::sleep(LOCK_PAUSE * 2);
        assert!(!started.is_finished());
        drop(lock);
        started.join().unwrap().unwrap();
    }
}
