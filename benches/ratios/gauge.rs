//! What another process has used up, as the kernel says it.

use anyhow::Context as _;
use std::fs;

/// `USER_HZ`: 100 on every Linux that Rust knows.
const TICKS_A_SECOND: f64 = 100.0;

/// The gauge of one process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gauge(pub(crate) u32);

impl Gauge {
    /// Its CPU so far in seconds, in user space and for it in the kernel, in steps of 10 ms.
    pub(crate) fn cpu(self) -> anyhow::Result<f64> {
        let stat = self.text("stat")?;
        // The name before may hold anything; of what follows, these are numbers 14 and 15.
        let (_, numbers) = stat.rsplit_once(')').context("no stat")?;
        let ticks = numbers.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        let ticks: u64 = ticks.sum::<Result<u64, _>>()?;
        Ok(ticks as f64 / TICKS_A_SECOND)
    }

    /// Its memory in user space that nobody else has: what it has written, in bytes. Buffers of
    /// sockets are the kernel's and not in it.
    pub(crate) fn private_bytes(self) -> anyhow::Result<u64> {
        let rollup = self.text("smaps_rollup")?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Private_Dirty:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kilobytes.context("no Private_Dirty")?.parse::<u64>()? * 1024)
    }

    fn text(self, file: &str) -> anyhow::Result<String> {
        let path = format!("/proc/{}/{file}", self.0);
        fs::read_to_string(&path).with_context(|| path)
    }
}
