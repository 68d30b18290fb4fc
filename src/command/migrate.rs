//! `crosstalk migrate`.

use super::Migrate;
use anyhow::{Context as _, ensure};
use crosstalk::keys::{KeyDirectory, Places};
use crosstalk::server::{database, share_guest_key};
use crosstalk::timeline::embedded::{FILE, migrate};
use std::io::{Write as _, stderr};
use std::sync::Arc;

/// Moves the store, and says what to do next.
pub(super) fn run(asked: &Migrate) -> anyhow::Result<String> {
    let config = asked.settings.layers()?.into_config();
    let from = &asked.from;
    let server = database(&config.store)?
        .context("these settings name no server to move to: set store.server")?;
    ensure!(from.join(FILE).exists(), "{} holds no store of crosstalk", from.display());
    let keys = config.data.keys();
    // A new one would be made otherwise, and open nothing of the store.
    ensure!(
        keys.join("master.key").exists(),
        "{0} holds no keys: copy those of the store there first (`cp -a {1}/keys/. {0}/`, or from its data.keys_directory)",
        keys.display(),
        from.display()
    );
    let places = Places { directory: keys.clone(), copy: None };
    let directory = Arc::new(KeyDirectory::start(&places)?);
    migrate(from, &server, &directory, |table, rows| {
        // Progress is for people: nothing depends on it.
        drop(writeln!(stderr(), "{table:12} {rows:>12} rows, compared"));
    })?;
    let copied = share_guest_key(from, &keys)
        .context("the store was moved, but not the key of guests' tokens")?;
    let guests = if copied { " The key of guests' tokens was copied to the keys." } else { "" };
    Ok(format!(
        "The store is on the server, equal row by row, and sound.{guests}\nThe files in {} are as they were. Once you have seen it run, \
         remove them, and scrub the keys that you copied (`shred -u`):\nthey open what is deleted from now on.\n\
         Start the nodes: crosstalk serve, with these settings.\n",
        from.display()
    ))
}
