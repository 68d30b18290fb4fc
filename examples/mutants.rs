//! Puts every fault of `crosstalk::mutants` in, one after the other, and fails if one is not
//! noticed: `make mutants`.
//!
//! One build, in a directory of its own, holds all of them. First every proof has to pass without a
//! fault; then each fault is put in for each of its proofs, which has to fail, by an assertion of its
//! own: a second proof of the same fault counts only if it would have noticed without the first.

use anyhow::{Context as _, bail, ensure};
use crosstalk::mutants::Mutant;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What notices each fault: see there.
const PROOFS: &str = include_str!("../tests/mutants/proofs.txt");
/// So often a fault that shows only now and then may go unnoticed.
const ATTEMPTS: u32 = 10;
/// A proof that has not ended by then does not notice anything.
const PATIENCE: Duration = Duration::from_mins(5);
/// Proofs that need nodes which share a store, and where that is: `tests/cluster/with-servers`.
const NODES: [&str; 4] =
    ["::nodes::", "promises::hints::", "promises::failover::", "promises::faults::"];
const SERVER: &str = "CROSSTALK_TEST_SERVER";
/// Where the build with the faults goes: it must never be taken for the program.
const TARGET: &str = "target/mutants";

fn main() -> anyhow::Result<()> {
    let rows: Vec<(&str, &str)> = PROOFS
        .lines()
        .filter(|row| !row.starts_with('#'))
        .filter_map(|row| row.split_once(char::is_whitespace))
        .map(|(fault, proof)| (fault, proof.trim()))
        .collect();
    for fault in Mutant::ALL.iter().map(|mutant| mutant.word()) {
        let has_row = rows.iter().any(|(of, _)| *of == fault);
        ensure!(has_row, "{fault} has no row in tests/mutants/proofs.txt");
    }
    let tests = Tests::build()?;
    let proofs: BTreeSet<&str> = rows.iter().map(|(_, proof)| *proof).collect();
    for proof in &proofs {
        let outcome = tests.run(proof, None)?;
        ensure!(outcome == Outcome::Passed, "{proof} fails without any fault: {outcome:?}");
    }
    say(&format!("{} proofs pass without a fault", proofs.len()))?;
    let mut survived = BTreeSet::new();
    for (fault, proof) in &rows {
        if !tests.notice(fault, proof)? {
            survived.insert(*fault);
        }
    }
    ensure!(survived.is_empty(), "these faults are not noticed as they should be: {survived:?}");
    say(&format!("all {} faults are noticed", Mutant::ALL.len()))
}

/// The binaries of the tests, by the crate whose they are.
struct Tests(BTreeMap<String, PathBuf>);

/// What came of a proof.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    /// It noticed: its own words.
    Failed(String),
}

impl Tests {
    fn build() -> anyhow::Result<Self> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["test", "--locked", "--no-run", "--lib", "--test", "promises"]);
        cargo.args(["--features", "mutants", "--target-dir", TARGET]);
        cargo.args(["--message-format", "json-render-diagnostics"]);
        let built = cargo.stderr(Stdio::inherit()).output().context("cargo does not start")?;
        ensure!(built.status.success(), "the build with the faults failed");
        let mut binaries = BTreeMap::new();
        for line in String::from_utf8(built.stdout)?.lines() {
            let artifact: Value = serde_json::from_str(line)?;
            let executable = artifact.get("executable").and_then(Value::as_str);
            let is_test = artifact.pointer("/profile/test") == Some(&Value::Bool(true));
            let name = artifact.pointer("/target/name").and_then(Value::as_str);
            if let (Some(executable), true, Some(name)) = (executable, is_test, name) {
                binaries.insert(name.to_owned(), PathBuf::from(executable));
            }
        }
        Ok(Self(binaries))
    }

    /// Whether a proof notices a fault; says at which attempt, and what it says.
    fn notice(&self, fault: &str, proof: &str) -> anyhow::Result<bool> {
        let began = now();
        for attempt in 1..=ATTEMPTS {
            if let Outcome::Failed(words) = self.run(proof, Some(fault))? {
                let seconds = began.elapsed().as_secs_f32();
                say(&format!(
                    "{fault:24} caught at attempt {attempt} by {proof} ({seconds:.1} s)"
                ))?;
                say(&format!("{:24} {words}", ""))?;
                return Ok(true);
            }
        }
        say(&format!("{fault:24} SURVIVED {ATTEMPTS} attempts of {proof}"))?;
        Ok(false)
    }

    /// Runs one test with a fault, or without. A test that does not run, or ends otherwise than by
    /// passing or failing, is an error: it would prove nothing.
    fn run(&self, proof: &str, fault: Option<&str>) -> anyhow::Result<Outcome> {
        let (krate, test) = proof.split_once("::").context("a proof is named by its crate")?;
        let binary = self.0.get(krate).with_context(|| format!("there are no tests of {krate}"))?;
        let mut command = Command::new(binary);
        command
            .args([test, "--exact", "--include-ignored"])
            .env("RUST_BACKTRACE", "0")
            .env_remove("CROSSTALK_MUTANT");
        // A history that a fault makes fail is no regression to be kept.
        command.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1");
        if !NODES.iter().any(|of_nodes| proof.contains(of_nodes)) {
            // The others are tried where nothing but this repository is needed.
            command.env_remove(SERVER);
        }
        if let Some(fault) = fault {
            command.env("CROSSTALK_MUTANT", fault);
        }
        let output = ended(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?)
            .with_context(|| format!("{proof} with {fault:?}"))?;
        if output.contains(&format!("test {test} ... ok")) {
            return Ok(Outcome::Passed);
        }
        if output.contains(&format!("test {test} ... FAILED")) {
            return Ok(Outcome::Failed(own_words(&output)));
        }
        bail!("{proof} with {fault:?} neither passed nor failed:\n{output}")
    }
}

/// What a test said until it ended by itself.
fn ended(mut child: Child) -> anyhow::Result<String> {
    let mut stdout = child.stdout.take().context("it has an output")?;
    let reading = std::thread::spawn(move || {
        let mut output = String::new();
        stdout.read_to_string(&mut output).map(|_| output)
    });
    let began = now();
    while child.try_wait()?.is_none() {
        if began.elapsed() > PATIENCE {
            child.kill()?;
            bail!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(reading.join().ok().context("it has an output")??)
}

/// Where and with which words a test failed: its last panic.
fn own_words(output: &str) -> String {
    let panic = output.rsplit_once("panicked at ").map_or(output, |(_, panic)| panic);
    let words: Vec<&str> = panic.lines().take(2).collect();
    words.join(" ").chars().take(160).collect()
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

#[expect(clippy::disallowed_methods, reason = "other processes have no clock to be paused")]
fn now() -> Instant {
    Instant::now()
}
