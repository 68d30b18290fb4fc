//! Searching files for planted strings, however they are written down.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The letters of planted strings.
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Letters of each half: more than 59 bits, so that no chance brings one about.
const HALF: usize = 10;
/// Between the halves, so that encodings differ in more than Latin letters.
const MIDDLE: char = '秘';

/// A string that stands nowhere else in the world: 23 bytes.
pub(crate) fn planted() -> String {
    let half = || {
        let mut chance = Uuid::new_v4().as_u128();
        let mut letters = String::new();
        for _ in 0..HALF {
            letters.push(char::from(LETTERS[usize::try_from(chance % 62).unwrap()]));
            chance /= 62;
        }
        letters
    };
    format!("{}{MIDDLE}{}", half(), half())
}

/// What is searched for: patterns with their names.
#[derive(Default)]
pub(crate) struct Wanted {
    patterns: Vec<Vec<u8>>,
    names: Vec<(String, &'static str)>,
}

impl Wanted {
    /// Planted strings in every encoding. Each half counts: a page or a record may cut them in two.
    pub(crate) fn strings<'s>(strings: impl IntoIterator<Item = &'s String>) -> Self {
        let mut wanted = Self::default();
        for string in strings {
            let (first, second) = string.split_once(MIDDLE).unwrap();
            for half in [format!("{first}{MIDDLE}"), format!("{MIDDLE}{second}")] {
                for (encoding, bytes) in encodings(&half) {
                    wanted.patterns.push(bytes);
                    wanted.names.push((string.clone(), encoding));
                }
            }
        }
        wanted
    }

    /// These bytes as they are.
    pub(crate) fn and(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.patterns.push(bytes.into());
        self.names.push((name.to_owned(), "as it is"));
    }

    /// How many things are searched for, however they are written.
    pub(crate) fn count(&self) -> usize {
        self.names.iter().map(|(name, _)| name).collect::<BTreeSet<_>>().len()
    }

    /// What of it stands in which of these files: name, encoding, file. Files that vanish meanwhile
    /// hold nothing.
    pub(crate) fn found_in(&self, files: &[PathBuf]) -> BTreeSet<(String, &'static str, PathBuf)> {
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        let search = AhoCorasick::builder().kind(kind).build(&self.patterns).unwrap();
        let mut found = BTreeSet::new();
        for file in files {
            let bytes = std::fs::read(file).unwrap_or_default();
            for hit in search.find_overlapping_iter(&bytes) {
                let (name, encoding) = &self.names[hit.pattern().as_usize()];
                found.insert((name.clone(), *encoding, file.clone()));
            }
        }
        found
    }
}

/// A text as programs write texts down.
pub(crate) fn encodings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = text.as_bytes();
    let units: Vec<u16> = text.encode_utf16().collect();
    let each = |write: &dyn Fn(u8) -> String| bytes.iter().map(|byte| write(*byte)).collect();
    let hex: String = each(&|byte| format!("{byte:02x}"));
    let percent: String = each(&|byte| format!("%{byte:02X}"));
    let partly: String = each(&|byte| match byte {
        0..128 => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    let escape = |unit: &u16| format!("\\u{unit:04x}");
    let escaped: Vec<_> = units.iter().map(escape).collect();
    let where_needed = |unit: &u16| match u8::try_from(*unit) {
        Ok(byte) => char::from(byte).to_string(),
        Err(_) => escape(unit),
    };
    let partly_escaped: Vec<_> = units.iter().map(where_needed).collect();
    let mut found = vec![
        ("UTF-8", bytes.to_vec()),
        ("UTF-8, backwards", bytes.iter().rev().copied().collect()),
        ("UTF-16LE", units.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
        ("UTF-16BE", units.iter().flat_map(|unit| unit.to_be_bytes()).collect()),
        ("UTF-32LE", text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()),
        ("hexadecimal, capitals", hex.to_uppercase().into_bytes()),
        ("hexadecimal", hex.into_bytes()),
        ("percent", percent.into_bytes()),
        ("percent where needed", partly.into_bytes()),
        ("JSON escapes", escaped.concat().into_bytes()),
        ("JSON escapes where needed", partly_escaped.concat().into_bytes()),
    ];
    for offset in 0..3 {
        found.push(("base64", base64_within(&STANDARD_NO_PAD, offset, bytes)));
        found.push(("base64 of URLs", base64_within(&URL_SAFE_NO_PAD, offset, bytes)));
    }
    found
}

/// What stands in base64 of anything that holds these bytes after so many others (modulo 3): the
/// characters that depend on nothing else.
fn base64_within(engine: &GeneralPurpose, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let encoded = engine.encode([&[0; 2][..offset], bytes].concat());
    let (from, to) = ((offset * 8).div_ceil(6), (offset + bytes.len()) * 8 / 6);
    encoded.as_bytes()[from..to].to_vec()
}

/// Every file below these directories.
pub(crate) fn files_in(directories: &[PathBuf]) -> Vec<PathBuf> {
    let mut waiting = directories.to_vec();
    let mut files = Vec::new();
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { waiting.push(path) } else { files.push(path) }
        }
    }
    files
}

/// Copies a directory and all in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// The search itself: it must see each string in each encoding, at whatever place, and nothing else.
#[test]
fn what_is_planted_is_found_however_it_is_written() {
    let (string, other) = (planted(), planted());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    for (encoding, bytes) in encodings(&string) {
        for before in ["", "a", "of the"] {
            let surrounded = [before.as_bytes(), &bytes, b"and more of it"].concat();
            std::fs::write(&file, surrounded).unwrap();
            let found = Wanted::strings([&string, &other])
                .found_in(&files_in(&[directory.path().to_owned()]));
            assert!(found.contains(&(string.clone(), encoding, file.clone())), "{encoding}");
            assert!(found.iter().all(|(name, ..)| *name == string), "{encoding}");
        }
    }
    // Within base64 of something larger, whatever stands before it.
    for before in 0..6 {
        let whole = [&b"0123456"[..before], string.as_bytes(), b"0123456"].concat();
        std::fs::write(&file, STANDARD_NO_PAD.encode(whole)).unwrap();
        assert!(!Wanted::strings([&string]).found_in(std::slice::from_ref(&file)).is_empty());
    }
}
