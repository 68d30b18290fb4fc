//! One directory of key files on the disk: written durably, removed without remnant.

use super::sealing::random;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// No key file is longer; a longer one is no key file.
const FILE_BYTES_MAX: usize = 256;
const TEMPORARY: &str = ".new";

/// A directory for key files.
pub(super) struct Place {
    directory: PathBuf,
}

impl Place {
    /// The directory, made for this user alone if it is not there.
    pub(super) fn at(directory: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        Ok(Self { directory: directory.to_owned() })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// What is in the file; nothing where there is no such file.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.open(name, OpenOptions::new().read(true))? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > FILE_BYTES_MAX {
            return Err(ErrorKind::FileTooLarge.into());
        }
        Ok(Some(bytes))
    }

    /// Whether there is something of this name.
    pub(super) fn holds(&self, name: &str) -> io::Result<bool> {
        match fs::symlink_metadata(self.file(name)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes a file that is not there yet; when this returns, it survives a power cut. Killed
    /// between, it leaves at most a temporary file, which the next call and [`Place::scrub`] remove.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if self.holds(name)? {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let temporary = temporary(name);
        self.scrub_one(&temporary)?;
        let path = self.file(&temporary);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(path, self.file(name))?;
        self.sync()
    }

    /// Overwrites and removes a file and what a killed write left of it. When this returns, both
    /// are gone for good; called again, also after a kill between, it does what is left to do.
    ///
    /// What a copy-on-write file system or the disk's own controller keeps of overwritten blocks
    /// is out of reach from here: it is wrapped by the master key.
    pub(super) fn scrub(&self, name: &str) -> io::Result<()> {
        self.scrub_one(name)?;
        self.scrub_one(&temporary(name))?;
        // Also when nothing was there: a removal before a kill may not be durable yet.
        self.sync()
    }

    /// The names of the files here, temporary ones left out.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !name.ends_with(TEMPORARY) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn scrub_one(&self, name: &str) -> io::Result<()> {
        let Some(mut file) = self.open(name, OpenOptions::new().write(true))? else {
            return Ok(());
        };
        let length = file.metadata()?.len();
        if length > FILE_BYTES_MAX as u64 {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let noise = random::<FILE_BYTES_MAX>();
        io::copy(&mut noise.as_slice().take(length), &mut file)?;
        file.sync_all()?;
        match fs::remove_file(self.file(name)) {
            // Another node destroys it too, and was quicker.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Never through a link: a key file is a file, and nothing else is overwritten.
    fn open(&self, name: &str, options: &mut OpenOptions) -> io::Result<Option<File>> {
        let opened = options.custom_flags(libc::O_NOFOLLOW).open(self.file(name));
        match opened {
            Ok(file) if file.metadata()?.is_file() => Ok(Some(file)),
            Ok(_) => Err(ErrorKind::IsADirectory.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }
}

fn temporary(name: &str) -> String {
    format!("{name}{TEMPORARY}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, Place) {
        let directory = tempfile::tempdir().unwrap();
        let place = Place::at(&directory.path().join("keys")).unwrap();
        (directory, place)
    }

    #[test]
    fn directory_and_files_are_for_this_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (_keep, place) = place();
        place.write("a.key", b"bytes").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(place.directory()), 0o700);
        assert_eq!(mode(&place.file("a.key")), 0o600);
    }

    #[test]
    fn a_file_is_never_replaced() {
        let (_keep, place) = place();
        place.write("a.key", b"first").unwrap();
        assert_eq!(place.write("a.key", b"second").unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(place.read("a.key").unwrap().unwrap(), b"first");
    }

    #[test]
    fn a_write_that_was_killed_is_done_again() {
        let (_keep, place) = place();
        for remnant in ["", "hal", "a whole one"] {
            fs::write(place.file("a.key.new"), remnant).unwrap();
            place.write("a.key", b"bytes").unwrap();
            assert_eq!(place.read("a.key").unwrap().unwrap(), b"bytes");
            assert_eq!(fs::read_dir(place.directory()).unwrap().count(), 1);
            place.scrub("a.key").unwrap();
        }
    }

    #[test]
    fn scrubbing_overwrites_before_it_removes() {
        let (_keep, place) = place();
        place.write("a.key", b"a secret of some length").unwrap();
        // Another link to the same bytes shows what is left of them.
        fs::hard_link(place.file("a.key"), place.file("link")).unwrap();
        place.scrub("a.key").unwrap();
        let left = place.read("link").unwrap().unwrap();
        assert_eq!(left.len(), 23);
        assert!(
            left.windows(4).all(|left| !b"a secret of some length".windows(4).any(|w| w == left))
        );
        assert!(!place.holds("a.key").unwrap());
    }

    #[test]
    fn links_directories_and_long_files_are_left_alone() {
        let (keep, place) = place();
        let other = keep.path().join("other");
        fs::write(&other, "not a key").unwrap();
        std::os::unix::fs::symlink(&other, place.file("a.key")).unwrap();
        fs::create_dir(place.file("b.key")).unwrap();
        fs::write(place.file("c.key"), [0; FILE_BYTES_MAX + 1]).unwrap();
        for name in ["a.key", "b.key", "c.key"] {
            assert!(place.read(name).is_err(), "{name}");
            assert!(place.scrub(name).is_err(), "{name}");
            assert!(place.write(name, b"bytes").is_err(), "{name}");
        }
        assert_eq!(fs::read(&other).unwrap(), b"not a key");
    }
}
