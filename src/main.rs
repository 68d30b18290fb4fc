//! The program: arguments → settings → what was asked for.

mod chat;
mod command;
mod demo;
mod shell;

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
    writeln!(io::stderr(), "crosstalk: {}", told_once(error)).unwrap_or_default();
    ExitCode::FAILURE
}

/// An error and its causes, less what the error before has said of its cause already.
fn told_once(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.contains(&cause) {
            told.push_str(": ");
            told.push_str(&cause);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let cause = || anyhow::anyhow!("the disk is gone");
        assert_eq!(told_once(&cause().context("no start")), "no start: the disk is gone");
        let quoting = cause().context("no start (the disk is gone)");
        assert_eq!(told_once(&quoting), "no start (the disk is gone)");
    }
}
