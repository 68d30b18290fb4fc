//! The key directory: one file a room, in one place or two.

use super::KeyError;
use super::cache::Cache;
use super::files::Place;
use super::inbox_cursors::InboxCursors;
use super::master::Master;
use super::sealing::{KEY_BYTES, RoomKey, random};
use super::start::{MASTER_FILE, Places, ROOM_SUFFIX, StartError, start};
use crate::mutants::{self, Mutant};
use crosstalk_protocol::ids::RoomId;
use parking_lot::Mutex;
use std::io::{self, ErrorKind};
use zeroize::Zeroizing;

/// The most opened keys that are kept at hand; each takes about 3 KB.
pub const CACHED_KEYS_MAX: usize = 10_000;

/// All rooms' keys. Its calls read and write the disk, but for a key at hand: on a task, ask
/// [`KeyDirectory::cached`] first and do the rest where blocking is allowed.
pub struct KeyDirectory {
    master: Master,
    /// The directory, and its copy if there is one.
    places: Vec<Place>,
    cache: Cache,
    /// Makings and destroyings go one by one: a making must not bring back what is destroyed.
    writing: Mutex<()>,
}

impl KeyDirectory {
    /// Opens the directory. If it (and its copy) is empty, this is the first start, and a master
    /// key is made; if one of the two is empty, it is filled from the other.
    ///
    /// # Errors
    /// [`StartError`], which says what to do.
    pub fn start(places: &Places) -> Result<Self, StartError> {
        let (master, places) = start(places)?;
        Ok(Self { master, places, cache: Cache::new(CACHED_KEYS_MAX), writing: Mutex::new(()) })
    }

    /// Which key directory this is. A store keeps it and refuses another one at the next start: an
    /// unmounted volume looks like an empty directory, and would silently be a first start.
    pub fn fingerprint(&self) -> [u8; 16] {
        self.master.fingerprint()
    }

    /// The cursors of inboxes in a store of this epoch.
    pub fn inbox_cursors(&self, epoch: u64) -> InboxCursors {
        InboxCursors::new(self.master.inboxes(), epoch)
    }

    /// Makes a room's key. When this returns, the key survives a power cut, in each place: only
    /// then may the room be committed.
    ///
    /// # Errors
    /// [`KeyError::Exists`], [`KeyError::Unreachable`].
    pub fn make(&self, room: RoomId) -> Result<RoomKey, KeyError> {
        let _one_by_one = self.writing.lock();
        let name = file_name(room);
        for place in &self.places {
            reachable(place)?;
            if place.holds(&name).map_err(unreachable)? {
                return Err(KeyError::Exists);
            }
        }
        let as_of = self.cache.cleared();
        let bytes = Zeroizing::new(random::<KEY_BYTES>());
        let file = self.master.wrap(room, &bytes);
        if let Err(error) = self.places.iter().try_for_each(|place| place.write(&name, &file)) {
            if error.kind() == ErrorKind::AlreadyExists {
                return Err(KeyError::Exists);
            }
            // A key without a room is no harm; what can be tidied up now need not stay.
            for place in &self.places {
                drop(place.scrub(&name));
            }
            return Err(unreachable(error));
        }
        let key = RoomKey::of_bytes(room, &bytes);
        self.cache.put(&key, as_of);
        Ok(key)
    }

    /// The room's key, if it is at hand. Never touches the disk.
    pub fn cached(&self, room: RoomId) -> Option<RoomKey> {
        self.cache.get(room)
    }

    /// The room's key: at hand, or from the directory, or from its copy.
    ///
    /// # Errors
    /// [`KeyError::Missing`] only where no place has it and all could be asked;
    /// [`KeyError::Unreachable`], [`KeyError::Damaged`].
    pub fn open(&self, room: RoomId) -> Result<RoomKey, KeyError> {
        if let Some(key) = self.cache.get(room) {
            return Ok(key);
        }
        let as_of = self.cache.cleared();
        let mut failed = KeyError::Missing;
        for place in &self.places {
            match self.read(place, room) {
                Ok(key) => {
                    if failed != KeyError::Missing {
                        tracing::warn!(room.id = %room, %failed, "a room's key came from the copy");
                    }
                    self.cache.put(&key, as_of);
                    return Ok(key);
                }
                Err(error) => failed = likelier(failed, error),
            }
        }
        Err(failed)
    }

    /// Drops the key from memory: at the fence of a deletion, on every node.
    pub fn forget(&self, room: RoomId) {
        self.cache.forget(room);
    }

    /// Drops every key from memory: where a node may have missed the fence of a deletion.
    pub fn forget_all(&self) {
        self.cache.clear();
    }

    /// Destroys the room's key in each place: when this returns, no byte of it is left, and what
    /// it sealed is noise. Done again, also after a kill in the middle, it does what is left.
    ///
    /// # Errors
    /// [`KeyError::Unreachable`] while any place can't be written, [`KeyError::Damaged`] where
    /// something that is no key file stands in its place: the key may be left, so try again.
    pub fn destroy(&self, room: RoomId) -> Result<(), KeyError> {
        if mutants::is(Mutant::KeyNotDestroyed) {
            return Ok(());
        }
        let _one_by_one = self.writing.lock();
        let name = file_name(room);
        self.cache.forget(room);
        for place in &self.places {
            reachable(place)?;
            place.scrub(&name).map_err(unreachable)?;
        }
        Ok(())
    }

    /// The rooms that have a key in any place, in the order of their ids: to find keys of rooms
    /// whose creation was never committed.
    ///
    /// # Errors
    /// [`KeyError::Unreachable`].
    pub fn rooms(&self) -> Result<Vec<RoomId>, KeyError> {
        let mut rooms = Vec::new();
        for place in &self.places {
            reachable(place)?;
            let names = place.names().map_err(unreachable)?;
            rooms.extend(names.iter().filter_map(|name| room_of(name)));
        }
        rooms.sort_unstable();
        rooms.dedup();
        Ok(rooms)
    }

    fn read(&self, place: &Place, room: RoomId) -> Result<RoomKey, KeyError> {
        let Some(file) = place.read(&file_name(room)).map_err(unreachable)? else {
            reachable(place)?;
            return Err(KeyError::Missing);
        };
        let bytes = self.master.unwrap(room, &file).ok_or(KeyError::Damaged)?;
        Ok(RoomKey::of_bytes(room, &bytes))
    }
}

impl std::fmt::Debug for KeyDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyDirectory").finish_non_exhaustive()
    }
}

fn file_name(room: RoomId) -> String {
    format!("{room}{ROOM_SUFFIX}")
}

fn room_of(name: &str) -> Option<RoomId> {
    name.strip_suffix(ROOM_SUFFIX)?.parse().ok()
}

/// A place without its master key is not there: its volume is not mounted, and a missing key
/// would mean nothing.
fn reachable(place: &Place) -> Result<(), KeyError> {
    match place.holds(MASTER_FILE) {
        Ok(true) => Ok(()),
        Ok(false) => Err(KeyError::Unreachable(ErrorKind::NotFound)),
        Err(error) => Err(KeyError::Unreachable(error.kind())),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn unreachable(error: io::Error) -> KeyError {
    // Something stands in the file's place that no key directory makes.
    let foreign = [ErrorKind::IsADirectory, ErrorKind::FileTooLarge].contains(&error.kind())
        || error.raw_os_error() == Some(libc::ELOOP);
    if foreign { KeyError::Damaged } else { KeyError::Unreachable(error.kind()) }
}

/// Of two failures, the one that leaves more hope: a place that can't be asked may hold the key.
fn likelier(one: KeyError, other: KeyError) -> KeyError {
    let hope = |error| match error {
        KeyError::Unreachable(_) => 2,
        KeyError::Damaged => 1,
        KeyError::Missing | KeyError::Exists | KeyError::WrongRoom | KeyError::Altered => 0,
    };
    if hope(other) > hope(one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;
    use uuid::Uuid;

    struct Disk {
        root: tempfile::TempDir,
    }

    impl Disk {
        fn new() -> Self {
            Self { root: tempfile::tempdir().unwrap() }
        }

        fn places(&self) -> Places {
            let root = self.root.path();
            Places { directory: root.join("keys"), copy: Some(root.join("copy")) }
        }

        fn start(&self) -> KeyDirectory {
            KeyDirectory::start(&self.places()).unwrap()
        }

        fn file(&self, place: &str, room: RoomId) -> std::path::PathBuf {
            self.root.path().join(place).join(file_name(room))
        }

        /// Whether eight bytes in a row of these are left in any file, whatever its name.
        fn holds_any_of(&self, secret: &[u8]) -> bool {
            let files = ["keys", "copy"].map(|place| fs::read_dir(self.root.path().join(place)));
            let mut files = files.into_iter().flatten().flatten().map(|file| file.unwrap().path());
            files.any(|file| {
                let bytes = fs::read(file).unwrap();
                secret.windows(8).any(|part| bytes.windows(8).any(|found| found == part))
            })
        }
    }

    fn room() -> RoomId {
        RoomId(Uuid::now_v7())
    }

    fn same(one: &RoomKey, other: &RoomKey) -> bool {
        one.content_hash(b"x") == other.content_hash(b"x")
    }

    #[test]
    fn a_key_is_there_after_a_restart_and_never_made_twice() {
        let (disk, room) = (Disk::new(), room());
        let made = disk.start().make(room).unwrap();
        let keys = disk.start();
        assert!(keys.cached(room).is_none());
        assert!(same(&keys.open(room).unwrap(), &made));
        assert!(keys.cached(room).is_some());
        assert_eq!(keys.make(room).unwrap_err(), KeyError::Exists);
        assert_eq!(keys.rooms().unwrap(), [room]);
        keys.forget(room);
        assert!(keys.cached(room).is_none());
        assert!(same(&keys.open(room).unwrap(), &made));
    }

    #[test]
    fn a_destroyed_key_leaves_no_remnant() {
        let (disk, room) = (Disk::new(), room());
        let keys = disk.start();
        keys.make(room).unwrap();
        let other = super::tests::room();
        keys.make(other).unwrap();
        let wrapped = fs::read(disk.file("keys", room)).unwrap()[5..].to_vec();
        assert!(disk.holds_any_of(&wrapped));
        keys.destroy(room).unwrap();
        assert!(!disk.holds_any_of(&wrapped));
        assert_eq!(keys.open(room).unwrap_err(), KeyError::Missing);
        keys.destroy(room).unwrap();
        assert_eq!(keys.rooms().unwrap(), [other]);
        assert!(disk.start().open(other).is_ok());
    }

    /// Each state of one place that a kill in `destroy` or `make` can leave.
    const KILLED: [fn(&Path); 6] = [
        |_| {},
        |file| fs::write(file, [0x5a; 30]).unwrap(),
        |file| fs::write(file, [0x5a; 65]).unwrap(),
        |file| fs::remove_file(file).unwrap(),
        |file| fs::rename(file, file.with_extension("key.new")).unwrap(),
        |file| assert!(fs::copy(file, file.with_extension("key.new")).is_ok()),
    ];

    #[test]
    fn destroying_resumes_after_a_kill_at_any_step() {
        for (step, first) in KILLED.into_iter().enumerate() {
            for (copy_step, second) in KILLED.into_iter().enumerate() {
                let (disk, room) = (Disk::new(), room());
                disk.start().make(room).unwrap();
                let wrapped = fs::read(disk.file("keys", room)).unwrap()[5..].to_vec();
                first(&disk.file("keys", room));
                second(&disk.file("copy", room));
                let keys = disk.start();
                keys.destroy(room).unwrap();
                assert!(!disk.holds_any_of(&wrapped), "killed at {step}, {copy_step}");
                assert_eq!(keys.open(room).unwrap_err(), KeyError::Missing);
                keys.make(room).unwrap();
            }
        }
    }

    #[test]
    fn making_resumes_after_a_kill_before_the_key_had_its_name() {
        for remnant in [0, 1, 64, 65] {
            let (disk, room) = (Disk::new(), room());
            let keys = disk.start();
            fs::write(disk.file("keys", room).with_extension("key.new"), vec![1; remnant]).unwrap();
            let made = keys.make(room).unwrap();
            assert!(same(&disk.start().open(room).unwrap(), &made));
            let names = fs::read_dir(disk.places().directory).unwrap();
            assert_eq!(names.count(), 3, "the lock, the master key, the room's key");
        }
    }

    #[test]
    fn one_place_lost_or_damaged_leaves_the_other() {
        let (disk, room) = (Disk::new(), room());
        let made = disk.start().make(room).unwrap();
        fs::write(disk.file("keys", room), [0x5a; 65]).unwrap();
        assert!(same(&disk.start().open(room).unwrap(), &made));
        fs::remove_dir_all(disk.places().directory).unwrap();
        let keys = disk.start();
        assert!(same(&keys.open(room).unwrap(), &made));
        fs::remove_dir_all(disk.places().copy.unwrap()).unwrap();
        keys.forget(room);
        assert!(same(&keys.open(room).unwrap(), &made), "the directory was filled from its copy");
        fs::write(disk.file("keys", room), [0x5a; 65]).unwrap();
        keys.forget(room);
        let failed = keys.open(room).unwrap_err();
        assert!(matches!(failed, KeyError::Unreachable(_)), "the copy may have it: {failed}");
    }

    #[test]
    fn an_unmounted_place_is_unreachable_and_never_missing() {
        let (disk, room) = (Disk::new(), room());
        let keys = disk.start();
        keys.make(room).unwrap();
        keys.forget(room);
        let Places { directory, copy } = disk.places();
        for place in [directory, copy.unwrap()] {
            fs::rename(&place, place.with_extension("away")).unwrap();
            assert!(matches!(keys.destroy(room), Err(KeyError::Unreachable(_))));
            fs::create_dir(&place).unwrap();
            assert!(matches!(keys.destroy(room), Err(KeyError::Unreachable(_))));
            assert!(matches!(keys.make(super::tests::room()), Err(KeyError::Unreachable(_))));
            assert!(keys.rooms().is_err());
        }
        assert_eq!(keys.open(room).unwrap_err(), KeyError::Unreachable(ErrorKind::NotFound));
    }

    #[test]
    fn what_is_no_key_file_is_damaged() {
        let disk = Disk::new();
        let keys = KeyDirectory::start(&Places { copy: None, ..disk.places() }).unwrap();
        let (foreign, swapped, link) = (room(), room(), room());
        fs::write(disk.file("keys", foreign), "a letter to a friend").unwrap();
        keys.make(room()).unwrap();
        let other = keys.rooms().unwrap().pop().unwrap();
        fs::copy(disk.file("keys", other), disk.file("keys", swapped)).unwrap();
        std::os::unix::fs::symlink(disk.file("keys", other), disk.file("keys", link)).unwrap();
        for room in [foreign, swapped, link] {
            assert_eq!(keys.open(room).unwrap_err(), KeyError::Damaged);
        }
        assert_eq!(keys.destroy(link).unwrap_err(), KeyError::Damaged);
        assert!(keys.open(other).is_ok());
    }
}
