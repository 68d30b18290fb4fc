//! What shall change of a group's settings, as it is typed.

use crosstalk_protocol::entry::Switch;
use crosstalk_protocol::words::{Feature, HistoryVisibility};

/// What shall change of a group's settings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) switches: Vec<Switch>,
    pub(super) history: Option<HistoryVisibility>,
}

impl Change {
    /// `key=value` pairs; a value goes on until the next key.
    pub(super) fn parse(rest: &str) -> Option<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for word in rest.split_whitespace() {
            match (word.split_once('='), pairs.last_mut()) {
                (Some((key, value)), _) => pairs.push((key.to_owned(), value.to_owned())),
                (None, Some((_, value))) => {
                    value.push(' ');
                    value.push_str(word);
                }
                (None, None) => return None,
            }
        }
        let mut change = Self::default();
        for (key, value) in pairs {
            change.take(&key, value)?;
        }
        (change != Self::default()).then_some(change)
    }

    fn take(&mut self, key: &str, value: String) -> Option<()> {
        let feature = match key {
            "name" => {
                self.name = Some(value);
                return Some(());
            }
            "description" => {
                self.description = Some(value);
                return Some(());
            }
            "history" => {
                self.history = Some(match value.as_str() {
                    "all" => HistoryVisibility::All,
                    "since_joined" => HistoryVisibility::SinceJoined,
                    _ => return None,
                });
                return Some(());
            }
            "message" => Feature::Message,
            "note" => Feature::Note,
            "event" => Feature::Event,
            "folder" => Feature::Folder,
            _ => return None,
        };
        let on = on_or_off(&value)?;
        self.switches.push(Switch { feature, on });
        Some(())
    }
}

fn on_or_off(word: &str) -> Option<bool> {
    match word {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_pairs_and_a_value_may_have_spaces() {
        let change = Change {
            name: Some("New name".to_owned()),
            switches: vec![Switch { feature: Feature::Message, on: false }],
            history: Some(HistoryVisibility::All),
            ..Change::default()
        };
        assert_eq!(Change::parse("name=New name message=off history=all"), Some(change));
    }
}
