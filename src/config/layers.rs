//! Command line over environment over file over defaults.

use super::error::{Error, Source};
use super::schema::{self, Kind};
use super::{Config, FILE_VARIABLE, PREFIX, check, fixed};
use serde::Deserialize as _;
use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// What Kubernetes puts into every container beside a service that is called `crosstalk`.
const KUBERNETES: [&str; 2] = ["CROSSTALK_SERVICE_", "CROSSTALK_PORT"];

/// The settings, and where each came from.
#[derive(Debug, Clone)]
pub struct Layers {
    config: Config,
    sources: BTreeMap<(String, String), Source>,
}

/// The values that were set, so far.
#[derive(Default)]
struct Values {
    table: Table,
    sources: BTreeMap<(String, String), Source>,
}

impl Layers {
    /// Puts the layers together: `file`, or the one that the environment names; `environment`, of
    /// which only `CROSSTALK_SECTION_KEY` counts; `flags`, pairs of `section.key` and a value.
    ///
    /// # Errors
    /// [`Error`] for the first thing that is wrong. Nothing is passed over: a misspelt limit would
    /// be no limit.
    pub fn gather(
        file: Option<&Path>,
        environment: &BTreeMap<String, String>,
        flags: &[(String, String)],
    ) -> Result<Self, Error> {
        let mut values = Values::default();
        if let Some(path) = file.or_else(|| environment.get(FILE_VARIABLE).map(Path::new)) {
            values.read_file(path)?;
        }
        for (name, value) in environment {
            let Some(key) = setting_of_variable(name) else { continue };
            values.set(&key, value, Source::Environment(name.clone()))?;
        }
        for (key, value) in flags {
            values.set(key, value, Source::Flag)?;
        }
        let Values { table, sources } = values;
        let config = Config::deserialize(table)
            .map_err(|error| unfit(Source::Default, "", "", error.message()))?;
        let layers = Self { config, sources };
        check::check(&layers)?;
        Ok(layers)
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The settings, without where they came from.
    pub fn into_config(self) -> Config {
        self.config
    }

    /// Where the value of `section.key` came from.
    pub fn source(&self, section: &str, key: &str) -> Source {
        let place = (section.to_owned(), key.to_owned());
        self.sources.get(&place).cloned().unwrap_or(Source::Default)
    }
}

impl Values {
    fn read_file(&mut self, path: &Path) -> Result<(), Error> {
        let text =
            read(path).map_err(|problem| Error::Unreadable { path: path.to_owned(), problem })?;
        // Read as the typed settings first: only that reading knows the line of a wrong key or type.
        toml::from_str::<Config>(&text).map_err(|error| in_file(path, &text, &error))?;
        self.table = text.parse::<Table>().map_err(|error| in_file(path, &text, &error))?;
        for (section, keys) in &self.table {
            for (key, _) in keys.as_table().into_iter().flatten() {
                let place = (section.clone(), key.clone());
                self.sources.insert(place, Source::File(path.to_owned()));
            }
        }
        Ok(())
    }

    fn set(&mut self, name: &str, text: &str, origin: Source) -> Result<(), Error> {
        let known = name.split_once('.').and_then(|(section, key)| {
            schema::setting(section, key).map(|setting| (section, key, setting.kind()))
        });
        let Some((section, key, kind)) = known else {
            let hint = schema::hint(name);
            return Err(Error::Unknown { origin, key: format!("`{name}`"), hint });
        };
        let value =
            read_value(kind, text).map_err(|problem| unfit(origin.clone(), name, text, problem))?;
        // Alone, so that what does not fit is told of this source and no other.
        let alone = Table::from_iter([(key.to_owned(), value.clone())]);
        let alone = Table::from_iter([(section.to_owned(), Value::Table(alone))]);
        Config::deserialize(alone)
            .map_err(|error| unfit(origin.clone(), name, text, error.message()))?;
        let keys = self.table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        if let Some(keys) = keys.as_table_mut() {
            keys.insert(key.to_owned(), value);
        }
        self.sources.insert((section.to_owned(), key.to_owned()), origin);
        Ok(())
    }
}

/// `limits.pong_seconds` of `CROSSTALK_LIMITS_PONG_SECONDS`; nothing of what is not for us.
fn setting_of_variable(name: &str) -> Option<String> {
    let foreign = KUBERNETES.iter().any(|prefix| name.starts_with(prefix));
    // Only a build for proofs knows it: in any other, whoever sets it shall hear that it is nothing.
    let mutant = cfg!(feature = "mutants") && name == "CROSSTALK_MUTANT";
    if foreign || mutant || name == FILE_VARIABLE {
        return None;
    }
    // Only the first `_` parts section and key: no section has one in its name.
    name.strip_prefix(PREFIX).map(|rest| rest.to_ascii_lowercase().replacen('_', ".", 1))
}

fn read_value(kind: Kind, text: &str) -> Result<Value, &'static str> {
    match kind {
        Kind::Number => {
            let number = text.trim().replace('_', "").parse();
            number.map(Value::Integer).map_err(|_| "it is to be a whole number")
        }
        Kind::Switch => {
            let switch = text.trim().parse();
            switch.map(Value::Boolean).map_err(|_| "it is to be true or false")
        }
        Kind::List => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Ok(Value::Array(parts.map(|part| Value::String(part.to_owned())).collect()))
        }
        Kind::Text => Ok(Value::String(text.to_owned())),
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(fixed::FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn in_file(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    // The list of all that would have been possible fills a screen; the hint says it better.
    let problem = error.message().split(", expected one of").next().unwrap_or_default();
    let word = error.span().and_then(|span| text.get(span)).unwrap_or_default();
    let unknown = problem.starts_with("unknown field");
    let hint = if unknown { schema::hint(word) } else { String::new() };
    Error::File { path: PathBuf::from(path), line, problem: problem.to_owned(), hint }
}

fn unfit(origin: Source, key: &str, value: &str, problem: &str) -> Error {
    let (key, value, problem) = (key.to_owned(), value.to_owned(), problem.to_owned());
    Error::Value { origin, key, value, problem }
}
