//! Every setting, with its default and the reason for it.
//!
//! A value comes from the command line, else from the environment (`CROSSTALK_SECTION_KEY`), else
//! from the file (TOML), else it is the default. Nothing else in the program reads the environment.
//! `crosstalk.example.toml` is made from the doc comments here. Any part may use this module, a leaf
//! that uses none; each is given the section it needs.

mod check;
mod error;
mod example;
pub mod fixed;
mod layers;
mod limits;
mod schema;
mod section;
mod sections;
#[cfg(test)]
mod tests;

pub use error::{Error, Source};
pub use example::example;
pub use layers::Layers;
pub use limits::Limits;
pub use sections::{Data, Hints, Listen, Log, LogFormat, Operators, Origins, Store};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The variable that names the file when no flag does.
pub const FILE_VARIABLE: &str = "CROSSTALK_CONFIG";
/// What the names of all variables begin with.
const PREFIX: &str = "CROSSTALK_";

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where clients connect.
    pub listen: Listen,
    /// Where things are kept.
    pub data: Data,
    /// Where the database is.
    pub store: Store,
    /// Over what nodes tell each other early.
    pub hints: Hints,
    /// From which pages browsers may connect.
    pub origins: Origins,
    /// Who runs the server (R34). Without an issuer nobody can act as an operator.
    pub operators: Operators,
    /// What the server says about itself: on standard error, and never content, tokens or names.
    pub log: Log,
    /// What anybody may use up. What has no limit is a way to bring the server down.
    pub limits: Limits,
}

/// The sections and their keys, in the order of the example.
const SECTIONS: &[(&str, &[&str])] = &[
    ("listen", Listen::KEYS),
    ("data", Data::KEYS),
    ("store", Store::KEYS),
    ("hints", Hints::KEYS),
    ("origins", Origins::KEYS),
    ("operators", Operators::KEYS),
    ("log", Log::KEYS),
    ("limits", Limits::KEYS),
];

impl Config {
    /// The settings from a file (or the one that the environment names), the environment, and the
    /// command line's `section.key` and value pairs; see [`Layers::gather`].
    pub fn load(
        file: Option<&Path>,
        environment: &BTreeMap<String, String>,
        flags: &[(String, String)],
    ) -> Result<Self, Error> {
        Layers::gather(file, environment, flags).map(Layers::into_config)
    }
}

/// The variables of this process that are for crosstalk.
pub fn environment() -> Result<BTreeMap<String, String>, Error> {
    let ours = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| name.starts_with(PREFIX))?;
        Some(value.into_string().map_err(|_| Error::NotText(name.clone())).map(|text| (name, text)))
    });
    ours.collect()
}
