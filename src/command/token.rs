//! `crosstalk token`.

use super::Token;
use anyhow::{Context as _, ensure};
use crosstalk::authority::Time;
use crosstalk::config::fixed::TOKEN_BYTES_MAX;
use crosstalk::identity::mint::{Grant, Mint, PUBLIC_FILE};
use jiff::Timestamp;
use std::path::Path;
use std::time::Duration;

/// What is to be printed: a token and nothing else, or a key's public part.
pub(super) fn run(asked: &Token) -> anyhow::Result<String> {
    match (&asked.new_key, &asked.key) {
        (Some(directory), _) => new_key(directory),
        (None, Some(directory)) => token(asked, directory),
        (None, None) => anyhow::bail!("give --key DIR, or --new-key DIR to make one"),
    }
}

fn new_key(directory: &Path) -> anyhow::Result<String> {
    let public = directory.join(PUBLIC_FILE);
    ensure!(
        !public.exists(),
        "{} holds a key already, and its public part is {}: sign with `--key`, or name another \
         directory",
        directory.display(),
        public.display()
    );
    Ok(Mint::create(directory)?.jwks() + "\n")
}

fn token(asked: &Token, directory: &Path) -> anyhow::Result<String> {
    let mint = Mint::open(directory)
        .context("no key to sign with (`crosstalk token --new-key DIR` makes one)")?;
    let token = mint.sign(&Grant {
        issuer: asked.company.as_deref().context("give --company")?,
        audience: asked.audience.as_deref(),
        subject: asked.subject.as_deref().context("give --subject")?,
        name: asked.name.as_deref(),
        address: asked.address.as_deref(),
        issued_at: Time(Timestamp::now().as_microsecond()),
        lifetime: Duration::from_hours(asked.hours),
    })?;
    let text = token.reveal();
    ensure!(text.len() <= TOKEN_BYTES_MAX, "a token may have {TOKEN_BYTES_MAX} bytes: say less");
    Ok(format!("{text}\n"))
}
