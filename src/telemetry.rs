//! Where the log goes and how its lines look. Content, tokens and names are in none of them.

use crate::config::{Log, LogFormat};
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The level is none.
    #[error("log.level can't be {level:?}: {problem}")]
    Level {
        /// What was set.
        level: String,
        /// What is wrong with it.
        problem: tracing_subscriber::filter::ParseError,
    },
    /// The log was started before.
    #[error("the log was started before")]
    Started,
}

/// Starts the log of this process, once. It goes to standard error: standard output is for what a
/// command was asked for.
pub fn start(options: &Log) -> Result<(), Error> {
    let filter = filter(&options.level)?;
    let human = match options.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if human {
        lines.with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        lines.json().flatten_event(true).try_init()
    };
    started.map_err(|_| Error::Started)
}

fn filter(level: &str) -> Result<EnvFilter, Error> {
    EnvFilter::try_new(level).map_err(|problem| Error::Level { level: level.to_owned(), problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_one_word_or_one_for_each_part() {
        for level in ["info", "warn,crosstalk::hub=debug"] {
            assert!(filter(level).is_ok(), "{level}");
        }
    }

    #[test]
    fn a_level_that_is_none_is_named() {
        let error = filter("crosstalk=loud").unwrap_err().to_string();
        assert!(error.contains("log.level can't be \"crosstalk=loud\""), "{error}");
    }

    #[test]
    fn the_log_starts_once() {
        assert!(start(&Log::default()).is_ok());
        assert!(matches!(start(&Log::default()), Err(Error::Started)));
    }
}
