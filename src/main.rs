//! The program: arguments → settings → what was asked for.

mod chat;
mod command;
mod demo;

use clap::Parser as _;
use command::Arguments;
use std::io::{self, Write as _};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    io::stdout().write_all(arguments.command.run()?.as_bytes())?;
    Ok(())
}

/// A reader who has seen enough (`| head`) is no mistake.
fn complain(error: &anyhow::Error) -> ExitCode {
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if error.downcast_ref::<io::Error>().is_some_and(closed) {
        return ExitCode::SUCCESS;
    }
    // Where the complaint itself can't be written, the exit code says it.
    writeln!(io::stderr(), "crosstalk: {error:#}").unwrap_or_default();
    ExitCode::FAILURE
}
