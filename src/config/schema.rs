//! What the types say about each setting.

use super::{Config, SECTIONS};
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::sync::LazyLock;

/// One setting, as its type and its doc comment describe it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting(&'static Value);

/// What kind of value a setting has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Switch,
    List,
    Text,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
});

static NOTHING: Value = Value::Null;

/// The description of a section.
pub(super) fn section(section: &str) -> Setting {
    Setting(SCHEMA.pointer(&format!("/properties/{section}")).unwrap_or(&NOTHING))
}

/// The setting `section.key`, if there is one.
pub(super) fn setting(section: &str, key: &str) -> Option<Setting> {
    SCHEMA.pointer(&format!("/properties/{section}/properties/{key}")).map(Setting)
}

/// What was perhaps meant by `key`: a hint to be put behind a message, or nothing.
pub(super) fn hint(key: &str) -> String {
    let all = SECTIONS.iter().flat_map(|(section, keys)| {
        let names =
            keys.iter().flat_map(move |name| [(*name).to_owned(), format!("{section}.{name}")]);
        names.chain([(*section).to_owned()])
    });
    let likeness = |name: &String| {
        let part = name.starts_with(key) || name.ends_with(key);
        if part && key.len() > 2 { 1.0 } else { strsim::normalized_damerau_levenshtein(name, key) }
    };
    let nearest = all.map(|name| (likeness(&name), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    let meant = nearest.filter(|(likeness, _)| *likeness > 0.6);
    let meant = meant.map_or_else(String::new, |(_, name)| format!(" Did you mean `{name}`?"));
    format!(".{meant} `crosstalk config default` lists all settings.")
}

impl Setting {
    /// Its doc comment.
    pub(super) fn description(self) -> &'static str {
        self.0.get("description").and_then(Value::as_str).unwrap_or_default()
    }

    /// The least and the most that it may be, if it is a number.
    pub(super) fn range(self) -> Option<(u64, u64)> {
        let bound = |name| self.0.get(name).and_then(Value::as_u64);
        bound("minimum").zip(bound("maximum"))
    }

    /// A value for the example, of a setting that has none by default.
    pub(super) fn example(self) -> Option<&'static Value> {
        self.0.pointer("/examples/0")
    }

    pub(super) fn kind(self) -> Kind {
        match self.0.get("type").and_then(Value::as_str) {
            Some("integer") => Kind::Number,
            Some("boolean") => Kind::Switch,
            Some("array") => Kind::List,
            _ => Kind::Text,
        }
    }
}
