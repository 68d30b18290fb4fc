//! What is wrong with the settings, said so that it can be mended.

use std::io;
use std::path::PathBuf;

/// Why there are no settings to start with. Each says where the value came from.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("{}: {problem}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        problem: io::Error,
    },
    /// The file is no TOML, or a key is not one, or a value is not of its key's type.
    #[error("{}, line {line}: {problem}{hint}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What the parser says.
        problem: String,
        /// What was perhaps meant.
        hint: String,
    },
    /// There is no such setting.
    #[error("{origin}: there is no setting {key}{hint}")]
    Unknown {
        /// A flag or a variable.
        origin: Source,
        /// What it named.
        key: String,
        /// What was perhaps meant.
        hint: String,
    },
    /// A value that its key can't have.
    #[error("{origin}: {key} can't be {value:?}: {problem}")]
    Value {
        /// Where it came from.
        origin: Source,
        /// Which setting.
        key: String,
        /// The value.
        value: String,
        /// What it may be.
        problem: String,
    },
    /// Two settings that do not go together.
    #[error("{0}")]
    Together(&'static str),
    /// A variable whose value is no text.
    #[error("the environment variable {0} is not UTF-8")]
    NotText(String),
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody said otherwise.
    Default,
    /// The file.
    File(PathBuf),
    /// An environment variable of this name.
    Environment(String),
    /// The command line.
    Flag,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag => f.write_str("command line"),
        }
    }
}
