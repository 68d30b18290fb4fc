//! `make bench`: three figures of one run, each against what it is to be measured by.
//!
//! 1. Durable messages a second from pipelining writers over WebSocket, against one thread that
//!    writes the very same rows, in the very same batches, with as many fsyncs.
//! 2. The server's CPU for a delivery in a room of 1,000, against a program that only writes.
//! 3. The server's memory for an idle connection.
//!
//! The server is the real program in a process of its own, so that its CPU and memory are told
//! apart from those of its clients. What is compared takes turns within the run, and medians are
//! taken, since machines drift. Whether a goal is met is printed and is no failure: only a run that
//! could not be made exits with another code than 0. `--only durable`, `fanout` or `idle` runs one.

#![expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]

mod bare;
mod durable;
mod fanout;
mod frame;
mod gauge;
mod house;
mod idle;
mod line;
mod replay;
mod report;
mod server;

use anyhow::Context as _;
use report::Report;
use std::io::{self, Write as _};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let only = match arguments.as_slice() {
        [] => None,
        ["--only", which @ ("durable" | "fanout" | "idle")] => Some(*which),
        [bare::ROLE, sockets, bytes] => return bare::run(sockets.parse()?, bytes.parse()?),
        other => anyhow::bail!("{other:?}: say nothing, or --only durable, fanout or idle"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(all(only))
}

async fn all(only: Option<&str>) -> anyhow::Result<()> {
    let is_wanted = |which| only.is_none_or(|only| only == which);
    let mut report = Report::of_this_machine();
    if is_wanted("durable") {
        say("durable messages …")?;
        report.add(durable::measure().await.context("durable messages")?);
    }
    if is_wanted("fanout") {
        say("a room of 1,000 …")?;
        report.add(fanout::measure().await.context("a room of 1,000")?);
    }
    if is_wanted("idle") {
        say("idle connections …")?;
        report.add(idle::measure().await.context("idle connections")?);
    }
    io::stdout().write_all(report.to_string().as_bytes())?;
    Ok(())
}

fn say(what: &str) -> io::Result<()> {
    writeln!(io::stderr(), "{what}")
}

/// The middle one; of an even number the lower of the two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or(f64::NAN)
}
