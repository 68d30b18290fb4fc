//! `crosstalk demo`: a server with two companies of people who talk, to look around in.
//!
//! It is filled through the doors that everybody uses, HTTP and WebSocket, and keeps its data: the
//! second start finds what the first one left.

mod cast;
mod fill;
mod script;

use crate::chat::USUAL_URL;
use crate::shell::{key_and_value, program, quoted};
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

/// Examples, for `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  crosstalk demo
  crosstalk demo --data /tmp/demo --listen 127.0.0.1:8000

It prints how to sign in as each person. What is said stays in the directory: the next start finds it
again. Remove the directory to begin anew.";

/// Where, and at which address.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The directory that keeps it; made and filled at the first start.
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    data: PathBuf,
    /// Where clients connect.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7600")]
    listen: SocketAddr,
    /// A further setting, as `store.server=host=db`; may be given several times.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE", value_parser = key_and_value)]
    set: Vec<(String, String)>,
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
        bail!(
            "the filling of {0} was interrupted: remove it (`rm -r {0}`) and start again",
            home.display()
        );
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
        say(&invitation(&cast, &program())?)
    };
    let stay = async {
        prepared.await?;
        std::future::pending::<anyhow::Result<()>>().await
    };
    let outcome = tokio::select! {
        outcome = stay => outcome,
        _ = interrupt.recv() => say("\nstopping: everybody is told to come back …\n"),
        _ = terminate.recv() => Ok(()),
    };
    tokio::select! {
        () = running.stop() => {}
        _ = interrupt.recv() => bail!("stopped without waiting for anybody"),
    }
    outcome?;
    if home.join(FILLED).exists() {
        say(&format!("stopped; {} keeps all that was said\n", home.display()))
    } else {
        bail!("stopped before all was said: remove {0} (`rm -r {0}`)", home.display())
    }
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
    let flags = flags.into_iter().map(|(key, value)| (key.to_owned(), value));
    let flags: Vec<_> = flags.chain(arguments.set.iter().cloned()).collect();
    Ok(Layers::gather(None, &BTreeMap::new(), &flags)?.into_config())
}

/// How to sign in as each person.
fn invitation(cast: &Cast, program: &str) -> anyhow::Result<String> {
    let mut text =
        String::from("\nThe demonstration is ready. In other terminals, be one or more of:\n");
    let url = format!("ws://{}", cast.address);
    let whereto = if url == USUAL_URL { String::new() } else { format!(" --url {url}") };
    for company in &cast.companies {
        line(&mut text, &format!("\n  {}", company.name));
        for person in cast.people.iter().filter(|person| person.company == company.key) {
            let role = if person.administrator { ", administrator" } else { "" };
            let token = quoted(&cast.token_file(person)?.display().to_string());
            line(&mut text, &format!("    {}{role}", person.name));
            line(&mut text, &format!("      {program} chat{whereto} --token-file {token}"));
        }
    }
    line(
        &mut text,
        "\nThere, /help tells what can be done: try /rooms and /open 1. Ctrl-C here stops the server.",
    );
    Ok(text)
}

fn line(text: &mut String, content: &str) {
    // Writing to a string can't fail.
    text.write_fmt(format_args!("{content}\n")).unwrap_or_default();
}

fn say(text: &str) -> anyhow::Result<()> {
    stdout().write_all(text.as_bytes())?;
    Ok(stdout().flush()?)
}
