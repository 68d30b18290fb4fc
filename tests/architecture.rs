//! The arrows between the parts of the server, and the rules of the house that a reader of one file
//! can't see. `ARCHITECTURE.md` says why; whoever breaks one is told the file and the line.

use crosstalk::mutants::Mutant;
use std::fs;
use std::path::{Path, PathBuf};

/// The parts, from the highest down. Each may use those on lower lines; parts on one line do not
/// know each other.
const LINES: &[&[&str]] = &[
    &["main", "command"],
    &["demo"],
    // The terminal client knows the protocol and the Rust client, and nothing of the server.
    &["server", "chat"],
    &["session", "api"],
    &["hub"],
    &["wire"],
    &["rooms"],
    &["features"],
    &["timeline", "directory"],
    // The databases, which know no more of the store than bytes and numbers; the bus, on which is nothing
    // that anybody believes.
    &["sql", "hints"],
    &["keys", "identity"],
    &["authority"],
];

/// Two ports of one store, which share its errors, times and transactions: they may know each other.
const ONE_STORE: [&str; 2] = ["timeline", "directory"];

/// Leaves that any part may use: settings, whose sections are handed down as plain options, the
/// faults that proofs put in, and what is printed for a shell.
const LEAVES: [&str; 4] = ["config", "mutants", "shell", "uptime"];

/// Who starts the log; others only write to it, and that is `tracing`'s.
const MAY_USE_TELEMETRY: [&str; 3] = ["main", "command", "server"];

/// How the tests at the end of a file begin.
const TESTS: &str = "#[cfg(test)]\nmod ";

const LINES_MAX: usize = 300;

/// Files that are one list, which would be no easier to read in pieces.
const LISTS: [&str; 3] = [
    // Every request with its fields.
    "protocol/src/request.rs",
    // Every answer with its fields.
    "protocol/src/answer.rs",
    // The port: what a store promises, operation by operation.
    "src/timeline.rs",
];

/// What the rules may not know: the time, chance, the world, waiting.
const IMPURE: [&str; 16] = [
    "async",
    "await",
    "tokio",
    "futures",
    "rand",
    "getrandom",
    "new_v4",
    "now_v7",
    "Instant",
    "SystemTime",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::thread",
    "std::time",
];

/// A file's place and its code: comments are blanked, so that lines keep their numbers.
struct Source {
    path: String,
    code: String,
    /// Where the tests at its end begin.
    tests: usize,
}

impl Source {
    fn of(path: &str, text: &str) -> Self {
        let uncommented: Vec<_> = text.lines().map(|line| before(line, "//")).collect();
        let code = uncommented.join("\n");
        let opens = |at: &usize| code[at + TESTS.len()..].lines().next().unwrap().ends_with('{');
        let begins = code.match_indices(TESTS).map(|(at, _)| at).find(opens);
        let all_tests = path.ends_with("/tests.rs");
        let tests = if all_tests { 0 } else { begins.unwrap_or(code.len()) };
        Self { path: path.to_owned(), code, tests }
    }

    fn line(&self, at: usize) -> String {
        format!("{}:{}", self.path, self.code[..at].matches('\n').count() + 1)
    }

    /// The part that it is of: `hub` of `src/hub.rs` and of `src/hub/seats.rs`.
    fn part(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap();
        before(before(inside, "/"), ".rs")
    }

    /// How many modules deep the file is below the crate's root.
    fn depth(&self) -> usize {
        self.path.matches('/').count()
    }

    /// Where a word stands by itself.
    fn places(&self, word: &str) -> Vec<usize> {
        let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
        let alone = |at: &usize| {
            !self.code[..*at].ends_with(part_of_name)
                && !self.code[at + word.len()..].starts_with(part_of_name)
        };
        self.code.match_indices(word).map(|(at, _)| at).filter(alone).collect()
    }
}

fn before<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or(text, |(before, _)| before)
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut waiting = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.push(Source::of(name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

/// The parts named by `crate::part` and `crate::{part, …}`, and where.
fn uses(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, root) in source.code.match_indices("crate::") {
        let path = &source.code[at + root.len()..];
        let Some(group) = path.strip_prefix('{') else {
            found.push((at, name(path)));
            continue;
        };
        let start = source.code.len() - group.len();
        found.extend(
            members(group).into_iter().map(|inside| (start + inside, name(&group[inside..]))),
        );
    }
    found
}

/// Where the members of a group begin that is opened already: `a::{b, c}, d}` has two.
fn members(group: &str) -> Vec<usize> {
    let (mut depth, mut expected, mut found) = (0, true, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expected = true,
            _ if expected && !c.is_whitespace() => {
                found.push(at);
                expected = false;
            }
            _ => {}
        }
    }
    found
}

fn name(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn height(part: &str) -> Option<usize> {
    LINES.iter().rev().position(|line| line.contains(&part))
}

fn is_allowed(part: &str, other: &str) -> bool {
    if part == other || LEAVES.contains(&other) {
        return true;
    }
    if other == "telemetry" {
        return MAY_USE_TELEMETRY.contains(&part);
    }
    if ONE_STORE.contains(&part) && ONE_STORE.contains(&other) {
        return true;
    }
    // Neither a leaf nor what the root itself may hold is on a line: they use none, and nobody them.
    height(part).zip(height(other)).is_some_and(|(part, other)| other < part)
}

fn arrows_up(source: &Source) -> Vec<String> {
    let part = source.part();
    let wrong = uses(source).into_iter().filter(|(_, other)| !is_allowed(part, other));
    wrong.map(|(at, other)| format!("{}: {part} uses {other}", source.line(at))).collect()
}

/// Chains of `super::` that leave the part, and would hide an arrow.
fn ways_around(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in source.code.match_indices("super::") {
        let chain = source.code[at..].split("super::").take_while(|rest| rest.is_empty()).count();
        let inside_tests = usize::from(at > source.tests);
        if chain >= source.depth() + inside_tests {
            found.push(format!("{}: `super` leaves the part; say `crate::`", source.line(at)));
        }
    }
    found
}

fn none(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn arrows_point_down_only() {
    let parts = sources("src");
    let parts = parts.iter().filter(|source| source.path != "src/lib.rs");
    none(&parts.flat_map(arrows_up).collect::<Vec<_>>());
}

#[test]
fn no_part_is_reached_around_its_name() {
    none(&sources("src").iter().flat_map(ways_around).collect::<Vec<_>>());
}

#[test]
fn every_part_has_its_line() {
    let known = |part: &str| {
        height(part).is_some() || LEAVES.contains(&part) || ["lib", "telemetry"].contains(&part)
    };
    let parts = sources("src");
    let unknown = parts.iter().filter(|source| !known(source.part()));
    none(&unknown.map(|source| format!("{}: on which line?", source.path)).collect::<Vec<_>>());
}

#[test]
fn the_rules_are_pure() {
    let parts = sources("src");
    let rules = parts.iter().filter(|source| source.part() == "authority");
    let impure = rules.flat_map(|source| {
        IMPURE.iter().flat_map(move |word| {
            let places = source.places(word).into_iter();
            places.map(move |at| format!("{}: the rules may not know `{word}`", source.line(at)))
        })
    });
    none(&impure.collect::<Vec<_>>());
}

#[test]
fn a_file_fits_in_a_head() {
    // A folder of tests is all tests.
    let all = ["src", "protocol/src", "loadtest/src"].into_iter().flat_map(sources);
    let all = all.filter(|source| !source.path.contains("/tests"));
    let (lists, files): (Vec<_>, Vec<_>) =
        all.partition(|source| LISTS.contains(&source.path.as_str()));
    let length = |source: &Source| source.code[..source.tests].lines().count();
    let long = files.iter().filter(|source| length(source) > LINES_MAX).map(|source| {
        let length = length(source);
        format!("{}: {length} lines before the tests: find the missing noun", source.path)
    });
    let short = lists.iter().filter(|source| length(source) <= LINES_MAX);
    let short = short.map(|source| format!("{}: take it off the list of lists", source.path));
    none(&long.chain(short).collect::<Vec<_>>());
}

#[test]
fn a_file_is_named_after_what_it_is() {
    let all = ["src", "protocol/src", "loadtest/src", "tests"].into_iter().flat_map(sources);
    let vague = ["util", "utils", "helper", "helpers", "common", "misc", "manager"];
    let named = all.filter(|source| {
        let stem = Path::new(&source.path).file_stem().unwrap().to_str().unwrap().to_owned();
        stem.split('_').any(|word| vague.contains(&word))
    });
    none(&named.map(|source| format!("{}: says nothing", source.path)).collect::<Vec<_>>());
}

#[test]
fn only_the_follower_opens_what_no_view_admits() {
    // Its hub asks the view of each seat; anybody else would be a second door to content.
    let may = ["src/authority/permit.rs", "src/timeline/embedded/nodes/news.rs"];
    let all = sources("src");
    let others = all.iter().filter(|source| !may.contains(&source.path.as_str()));
    let found = others.flat_map(|source| {
        source.places("of_follower").into_iter().map(|at| source.line(at)).collect::<Vec<_>>()
    });
    none(&found.collect::<Vec<_>>());
    assert!(all.iter().any(|source| !source.places("of_follower").is_empty()), "it is looked for");
}

#[test]
fn a_promise_names_no_backend() {
    let backends = ["embedded", "sqlite", "postgres", "redis", "valkey", "simulation"];
    // The conformance suite is there to name them, and the support to choose one.
    let exempt = |path: &str| {
        ["tests/architecture", "tests/conformance", "tests/support"]
            .iter()
            .any(|start| path.starts_with(start))
    };
    let all = sources("tests");
    let promises = all.iter().filter(|source| !exempt(&source.path));
    let named = promises.flat_map(|source| {
        let code = source.code.to_ascii_lowercase();
        let places: Vec<_> = backends
            .iter()
            .flat_map(|word| code.match_indices(word).map(|(at, word)| (at, word.to_owned())))
            .collect();
        let told = |(at, word)| format!("{}: names {word}", source.line(at));
        places.into_iter().map(told).collect::<Vec<_>>()
    });
    none(&named.collect::<Vec<_>>());
}

#[test]
fn every_fault_has_a_proof_that_is_there() {
    let table = include_str!("mutants/proofs.txt");
    let rows: Vec<(&str, &str)> = table
        .lines()
        .filter(|row| !row.is_empty() && !row.starts_with('#'))
        .map(|row| row.split_once(char::is_whitespace).unwrap())
        .map(|(fault, proof)| (fault, proof.trim()))
        .collect();
    let faults: Vec<&str> = Mutant::ALL.iter().map(|mutant| mutant.word()).collect();
    for fault in &faults {
        assert!(rows.iter().any(|(of, _)| of == fault), "no proof notices {fault}");
    }
    let all: Vec<Source> = ["src", "tests"].into_iter().flat_map(sources).collect();
    for (fault, proof) in rows {
        assert!(faults.contains(&fault), "there is no fault {fault}");
        let path: Vec<&str> = proof.split("::").collect();
        let [folder, modules @ .., name] = path.as_slice() else { panic!("{proof}: no test") };
        let folder = if *folder == "promises" { "tests" } else { "src" };
        let inside = format!("{folder}/{}", modules.join("/"));
        let test = format!("fn {name}()");
        // Tests stand in a file of their own, or at the end of what they test.
        let is_there = all.iter().any(|source| {
            let file = source.path.trim_end_matches(".rs");
            inside.trim_end_matches("/tests") == file.trim_end_matches("/tests")
                && source.code.contains(&test)
        });
        assert!(is_there, "{fault}: there is no test {proof}");
    }
}

/// The checks themselves: each must see what it is there for.
#[test]
fn what_is_forbidden_is_seen() {
    let up = Source::of("src/hub/seats.rs", "use std::mem;\nuse crate::session::Session;\n");
    assert_eq!(arrows_up(&up), ["src/hub/seats.rs:2: hub uses session"]);
    let group = "use crate::{\n    authority::{View, Room}, config,\n    api,\n};\nfn f(x: crate::server::S) {}";
    let seen = arrows_up(&Source::of("src/hub.rs", group));
    assert_eq!(seen, ["src/hub.rs:3: hub uses api", "src/hub.rs:5: hub uses server"]);
    let beside = Source::of("src/keys.rs", "use crate::identity::Token;");
    assert_eq!(arrows_up(&beside), ["src/keys.rs:1: keys uses identity"]);
    let leaf = Source::of("src/config/limits.rs", "use crate::authority::Room;");
    assert_eq!(arrows_up(&leaf), ["src/config/limits.rs:1: config uses authority"]);
    let down = "/// See [`crate::server`].\nuse crate::{authority::View, config::Limits};\nuse crate::wire::Wire;";
    assert!(arrows_up(&Source::of("src/hub.rs", down)).is_empty());

    let around =
        Source::of("src/hub/seats.rs", "use super::Hub;\nuse super::super::session::Session;");
    assert_eq!(ways_around(&around).len(), 1);
    let tests = Source::of("src/hub.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n}");
    assert!(ways_around(&tests).is_empty());

    let clock = Source::of("src/authority.rs", "let instants = 1;\nlet now = Instant::now();");
    assert_eq!(clock.places("Instant").len(), 1);
}
