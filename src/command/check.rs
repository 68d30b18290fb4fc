//! `crosstalk check`.

use super::Settings;
use anyhow::{bail, ensure};
use crosstalk::server::database;
use crosstalk::timeline::embedded::{FILE, Report, check, check_on_server};
use std::fmt::Write as _;
use std::path::Path;

/// What is to be printed of a store that is sound; a fault is an error.
pub(super) fn run(asked: &Settings) -> anyhow::Result<String> {
    let config = asked.layers()?.into_config();
    let report = match database(&config.store)? {
        Some(server) => check_on_server(&server)?,
        None => check_files(&config.data.directory)?,
    };
    if report.is_sound() {
        return Ok(format!("{}\nEverything is as it has to be.\n", counts(&report)));
    }
    bail!("{}", damage(&report)?)
}

fn check_files(directory: &Path) -> anyhow::Result<Report> {
    ensure!(
        directory.join(FILE).exists(),
        "{} holds no store of crosstalk: name the directory with --data DIR",
        directory.display()
    );
    Ok(check(directory)?)
}

fn counts(report: &Report) -> String {
    let Report { rooms, entries, purged, .. } = report;
    format!(
        "rooms: {rooms}, with {entries} entries\ndeleted rooms of which nothing is left: {purged}"
    )
}

fn damage(report: &Report) -> Result<String, std::fmt::Error> {
    let mut text =
        format!("the store is damaged\n{}\nfaults: {}", counts(report), report.fault_count);
    for fault in &report.faults {
        write!(text, "\n  {fault}")?;
    }
    let told = u64::try_from(report.faults.len()).unwrap_or(u64::MAX);
    if told < report.fault_count {
        write!(text, "\n  and {} more", report.fault_count - told)?;
    }
    text.push_str(
        "\nStop the server, keep a copy of the database, and restore the last good backup.",
    );
    Ok(text)
}
