//! `crosstalk serve`.

use super::Settings;
use anyhow::{Context as _, bail};
use crosstalk::server::{self, Ended};
use crosstalk::telemetry;
use tokio::runtime::Builder;

/// Runs a server until it is told to stop. Nothing is to be printed.
pub(super) fn run(asked: &Settings) -> anyhow::Result<String> {
    let config = asked.layers()?.into_config();
    telemetry::start(&config.log)?;
    let runtime = Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    let ended = runtime.block_on(server::run(&config));
    // Whatever has not ended by now was given its time.
    runtime.shutdown_background();
    match ended? {
        Ended::Drained => Ok(String::new()),
        Ended::AtOnce => bail!("a second signal came: stopped without waiting for anybody"),
    }
}
