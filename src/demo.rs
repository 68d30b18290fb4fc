//! `crosstalk demo`: a server with two companies of people who talk, to look around in.
//!
//! It is filled through the doors that everybody uses, HTTP and WebSocket, and keeps its data: the
//! second start finds what the first one left.

mod cast;
mod fill;
mod script;

use anyhow::{Context as _, bail};
use cast::Cast;
use clap::Args;
use crosstalk::config::{Config, Layers};
use crosstalk::identity::mint::{Mint, PUBLIC_FILE};
use crosstalk::server;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Write as _, stdout};
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};

/// Written before anything is said, and when everything has been: a filling that was interrupted is
/// noticed.
const BEGUN: &str = "begun";
const FILLED: &str = "filled";

/// Where, and at which address.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The directory that keeps it; made and filled at the first start.
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    data: PathBuf,
    /// Where clients connect.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7600")]
    listen: SocketAddr,
}

/// Runs the demonstration until it is told to stop.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(demonstrate(arguments))
}

async fn demonstrate(arguments: &Arguments) -> anyhow::Result<()> {
    let home = &arguments.data;
    let is_filled = home.join(FILLED).exists();
    if !is_filled && home.join(BEGUN).exists() {
        bail!("{} was not filled to the end: remove it and start again", home.display());
    }
    let operators = Mint::open_or_create(&home.join("operators"))?;
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let running = server::start(&settings(arguments)?).await?;
    let cast = Cast::open(home, running.address())?;
    let prepared = async {
        if !is_filled {
            say("filling the demonstration …\n")?;
            fs::write(home.join(BEGUN), "")?;
            fill::fill(&cast, &operators).await.context("the demonstration could not be filled")?;
            fs::write(home.join(FILLED), "")?;
        }
        cast.write_tokens()?;
        say(&invitation(&cast))
    };
    let stay = async {
        prepared.await?;
        std::future::pending::<anyhow::Result<()>>().await
    };
    let outcome = tokio::select! {
        outcome = stay => outcome,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    running.stop().await;
    outcome
}

fn settings(arguments: &Arguments) -> anyhow::Result<Config> {
    let home = &arguments.data;
    let path = |name: &str| home.join(name).display().to_string();
    let keys = home.join("operators").join(PUBLIC_FILE).display().to_string();
    let flags = [
        ("listen.address", arguments.listen.to_string()),
        ("data.directory", path("data")),
        ("data.keys_directory", path("keys")),
        ("operators.issuer", fill::OPERATORS.to_owned()),
        ("operators.keys_file", keys),
        // Everybody is here in one process, and nobody needs long to go.
        ("limits.drain_seconds", "3".to_owned()),
    ];
    let flags: Vec<_> = flags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Ok(Layers::gather(None, &BTreeMap::new(), &flags)?.into_config())
}

/// How to sign in as each person.
fn invitation(cast: &Cast) -> String {
    let mut text = String::from("\nThe demonstration is ready. In another terminal, be one of:\n");
    for company in &cast.companies {
        line(&mut text, &format!("\n  {}", company.name));
        for person in cast.people.iter().filter(|person| person.company == company.key) {
            let token = cast.token_file(person);
            let role = if person.administrator { ", administrator" } else { "" };
            line(&mut text, &format!("    {}{role}", person.name));
            line(
                &mut text,
                &format!("      crosstalk chat --url ws://{} --token-file {token}", cast.address),
            );
        }
    }
    line(&mut text, "\nTry /help, /rooms and /open 1 there. Ctrl-C here stops the server.");
    text
}

fn line(text: &mut String, content: &str) {
    // Writing to a string can't fail.
    text.write_fmt(format_args!("{content}\n")).unwrap_or_default();
}

fn say(text: &str) -> anyhow::Result<()> {
    stdout().write_all(text.as_bytes())?;
    Ok(stdout().flush()?)
}
