//! No file, variable or flag makes the reading of settings panic, and what is wrong is said in words.
#![no_main]

use crosstalk::config::Config;
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::io::{Seek as _, Write as _};
use std::sync::{LazyLock, Mutex};
use tempfile::NamedTempFile;

static FILE: LazyLock<Mutex<NamedTempFile>> =
    LazyLock::new(|| Mutex::new(NamedTempFile::new().unwrap()));

// Up to the first NUL the file, then names and values of variables and flags.
fuzz_target!(|text: &str| {
    let mut parts = text.split('\0');
    let contents = parts.next().unwrap_or_default();
    let mut environment = BTreeMap::new();
    let mut flags = Vec::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        // Another file would be read from the disk of whoever runs this.
        if name != crosstalk::config::FILE_VARIABLE {
            environment.insert(name.to_owned(), value.to_owned());
        }
        flags.push((name.to_owned(), value.to_owned()));
    }
    let mut file = FILE.lock().unwrap();
    file.as_file().set_len(0).unwrap();
    file.rewind().unwrap();
    file.write_all(contents.as_bytes()).unwrap();
    for flags in [&[][..], &flags] {
        if let Err(error) = Config::load(Some(file.path()), &environment, flags) {
            assert!(!error.to_string().is_empty());
        }
    }
});
