//! The settings written down: the example file, and what is in force.

use super::error::Source;
use super::layers::Layers;
use super::schema::{self, Setting};
use super::{Config, SECTIONS};
use std::fmt::Write as _;
use toml::{Table, Value};

const WIDTH: usize = 96;
const HEAD: &str = "\
# crosstalk.example.toml: every setting, with its default and the reason for it.
#
# Made by `crosstalk config default`; a test fails when it is stale. Take the `#` away from a line to
# change it. The command line (`--set limits.pong_seconds=5`) comes before the environment
# (CROSSTALK_LIMITS_PONG_SECONDS=5), the environment before this file.
";

/// The example file: everything, commented, as a comment.
pub fn example() -> String {
    let defaults = Table::try_from(Config::default()).unwrap_or_default();
    let mut text = HEAD.to_owned();
    for (section, keys) in SECTIONS {
        comment(&mut text, "\n", schema::section(section).description());
        line(&mut text, &format!("[{section}]"));
        for (key, setting) in
            keys.iter().filter_map(|key| Some((key, schema::setting(section, key)?)))
        {
            let value = defaults.get(*section).and_then(|keys| keys.get(*key));
            entry(&mut text, key, setting, value);
        }
    }
    text
}

fn entry(text: &mut String, key: &str, setting: Setting, value: Option<&Value>) {
    let range = setting.range().map(|(min, max)| format!(" ({}–{})", grouped(min), grouped(max)));
    let unset = if value.is_none() { " Not set; for example:" } else { "" };
    let range = range.unwrap_or_default();
    comment(text, "\n", &format!("{}{range}{unset}", setting.description()));
    let example = || setting.example().and_then(|example| Value::try_from(example).ok());
    if let Some(value) = value.cloned().or_else(example) {
        line(text, &format!("#{key} = {}", written(&value)));
    }
}

impl Layers {
    /// The settings in force, each with where it came from, as TOML.
    pub fn show(&self) -> String {
        let table = Table::try_from(self.config()).unwrap_or_default();
        let mut text = String::new();
        for (section, keys) in SECTIONS {
            let before = if text.is_empty() { "" } else { "\n" };
            line(&mut text, &format!("{before}[{section}]"));
            for key in *keys {
                let value = table.get(*section).and_then(|keys| keys.get(*key));
                let said = match value {
                    Some(value) => format!("{key} = {}", written(value)),
                    None => format!("#{key} is not set"),
                };
                let source = self.source(section, key);
                let origin = if source == Source::Default { "" } else { &format!(" # {source}") };
                line(&mut text, &format!("{said}{origin}"));
            }
        }
        text
    }
}

fn line(text: &mut String, content: &str) {
    text.push_str(content);
    text.push('\n');
}

/// A comment, wrapped anew: the doc comments' own lines are those of the code.
fn comment(text: &mut String, before: &str, description: &str) {
    text.push_str(before);
    let mut length = 0;
    for word in description.split_whitespace() {
        if length == 0 || length + 1 + word.chars().count() > WIDTH {
            text.push_str(if length == 0 { "#" } else { "\n#" });
            length = 1;
        }
        text.push(' ');
        text.push_str(word);
        length += 1 + word.chars().count();
    }
    text.push('\n');
}

fn written(value: &Value) -> String {
    let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
    number.map_or_else(|| value.to_string(), grouped)
}

/// `262_144`: TOML reads it, and so do people.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        let separator =
            if index > 0 && (digits.len() - index).is_multiple_of(3) { "_" } else { "" };
        // Writing to a string can't fail.
        text.write_fmt(format_args!("{separator}{digit}")).unwrap_or_default();
    }
    text
}
