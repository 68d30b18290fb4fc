//! What a line of input asks for.

use crosstalk_protocol::entry::Switch;
use crosstalk_protocol::ids::Seq;
use crosstalk_protocol::words::{Feature, HistoryVisibility};

/// What can be done, for `/help`.
pub(super) const HELP: &str = "\
  /rooms                         my rooms, numbered
  /open ROOM                     open one, by its number or name
  TEXT  or  /say TEXT            say something in the open room
  /reply N TEXT                  answer message #N
  /edit N TEXT                   replace my message #N
  /unsend N                      erase message #N
  /react N EMOJI [off]           react, or take it back
  /pin N [off]                   pin, or unpin
  /history [COUNT]               the last messages
  /readers [N]                   who has read message #N (the last one)
  /who                           who is in the open room
  /contacts                      my contacts, and who asks to be one
  /contact ADDRESS               ask somebody of another company
  /accept NAME                   accept who asked
  /create NAME with A, B         make a group with contacts
  /message NAME with A, B        make a group from Message
  /talk NAME with A, B           open a general room (shared if somebody is of another company)
  /convert NAME                  make a group of the open general room
  /invite A, B                   bring people into the open general room
  /leave                         leave the open general room
  /add A, B    /remove A, B      members of the open group
  /appoint A   /dismiss A        its Group Masters
  /settings name=… description=… message=off history=all
  /delete                        delete the open group for everyone; asks for its name
  /quit";

/// A line of input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Nothing.
    Nothing,
    /// What can be done.
    Help,
    /// My rooms.
    Rooms,
    /// Open a room, by its number or name.
    Open(String),
    /// Say something.
    Say(String),
    /// Answer a message.
    Reply(Seq, String),
    /// Replace a message.
    Edit(Seq, String),
    /// Erase a message.
    Unsend(Seq),
    /// React or take it back.
    React(Seq, String, bool),
    /// Pin or unpin.
    Pin(Seq, bool),
    /// The last messages.
    History(u32),
    /// Who has read a message, the last one where none is named.
    Readers(Option<Seq>),
    /// Who is in the room.
    Who,
    /// My contacts.
    Contacts,
    /// Ask somebody.
    Contact(String),
    /// Accept who asked.
    Accept(String),
    /// Make a group from Contacts.
    Create(String, Vec<String>),
    /// Make a group from Message.
    Message(String, Vec<String>),
    /// Open a general room.
    Talk(String, Vec<String>),
    /// Make a group of a general room.
    Convert(String),
    /// Bring people into a general room.
    Invite(Vec<String>),
    /// Leave a general room.
    Leave,
    /// Add members.
    Add(Vec<String>),
    /// Remove members.
    Remove(Vec<String>),
    /// Make a member a Group Master.
    Appoint(String),
    /// Make a Group Master a mere member.
    Dismiss(String),
    /// Change settings.
    Settings(Change),
    /// Delete the group.
    Delete,
    /// Go.
    Quit,
}

/// What shall change of a group's settings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) switches: Vec<Switch>,
    pub(super) history: Option<HistoryVisibility>,
}

/// How a command is written, where it was written otherwise.
pub(super) type Usage = &'static str;

impl Line {
    /// What a line asks for, or how it should be written.
    pub(super) fn parse(line: &str) -> Result<Self, Usage> {
        let line = line.trim();
        let Some(command) = line.strip_prefix('/') else {
            return Ok(if line.is_empty() { Self::Nothing } else { Self::Say(line.to_owned()) });
        };
        let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let rest = rest.trim();
        Self::plain(word)
            .or_else(|| Self::talking(word, rest))
            .unwrap_or_else(|| Self::governing(word, rest))
    }

    fn plain(word: &str) -> Option<Result<Self, Usage>> {
        Some(Ok(match word {
            "help" => Self::Help,
            "rooms" => Self::Rooms,
            "who" => Self::Who,
            "contacts" => Self::Contacts,
            "leave" => Self::Leave,
            "delete" => Self::Delete,
            "quit" | "exit" => Self::Quit,
            _ => return None,
        }))
    }

    fn talking(word: &str, rest: &str) -> Option<Result<Self, Usage>> {
        Some(match word {
            "say" => text(rest).map(Self::Say).ok_or("/say TEXT"),
            "reply" => place_and_text(rest)
                .map(|(place, text)| Self::Reply(place, text))
                .ok_or("/reply N TEXT, with the number of the message"),
            "edit" => place_and_text(rest)
                .map(|(place, text)| Self::Edit(place, text))
                .ok_or("/edit N TEXT, with the number of the message"),
            "unsend" => place(rest).map(Self::Unsend).ok_or("/unsend N"),
            "react" => react(rest).ok_or("/react N EMOJI, or /react N EMOJI off"),
            "pin" => pin(rest).ok_or("/pin N, or /pin N off"),
            "history" if rest.is_empty() => Ok(Self::History(20)),
            "history" => rest.parse().map(Self::History).map_err(|_| "/history COUNT"),
            "readers" if rest.is_empty() => Ok(Self::Readers(None)),
            "readers" => place(rest).map(Some).map(Self::Readers).ok_or("/readers N"),
            _ => return None,
        })
    }

    fn governing(word: &str, rest: &str) -> Result<Self, Usage> {
        let with = || named_with(rest);
        match word {
            "open" => text(rest).map(Self::Open).ok_or("/open ROOM, its number or name"),
            "contact" => text(rest).map(Self::Contact).ok_or("/contact ADDRESS"),
            "accept" => text(rest).map(Self::Accept).ok_or("/accept NAME"),
            "create" => with()
                .map(|(name, people)| Self::Create(name, people))
                .ok_or("/create NAME with A, B"),
            "message" => with()
                .map(|(name, people)| Self::Message(name, people))
                .ok_or("/message NAME with A, B"),
            "talk" => {
                with().map(|(name, people)| Self::Talk(name, people)).ok_or("/talk NAME with A, B")
            }
            "convert" => text(rest).map(Self::Convert).ok_or("/convert NAME"),
            "invite" => people(rest).map(Self::Invite).ok_or("/invite A, B"),
            "add" => people(rest).map(Self::Add).ok_or("/add A, B"),
            "remove" => people(rest).map(Self::Remove).ok_or("/remove A, B"),
            "appoint" => text(rest).map(Self::Appoint).ok_or("/appoint NAME"),
            "dismiss" => text(rest).map(Self::Dismiss).ok_or("/dismiss NAME"),
            "settings" => Change::parse(rest)
                .map(Self::Settings)
                .ok_or("/settings name=… description=… message=on|off history=since_joined|all"),
            _ => Err("there is no such command; /help lists them"),
        }
    }
}

impl Change {
    /// `key=value` pairs; a value goes on until the next key.
    fn parse(rest: &str) -> Option<Self> {
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

fn text(rest: &str) -> Option<String> {
    (!rest.is_empty()).then(|| rest.to_owned())
}

fn place(word: &str) -> Option<Seq> {
    word.trim_start_matches('#').parse().ok().map(Seq)
}

fn place_and_text(rest: &str) -> Option<(Seq, String)> {
    let (number, rest) = rest.split_once(char::is_whitespace)?;
    Some((place(number)?, text(rest.trim())?))
}

fn react(rest: &str) -> Option<Line> {
    let (place, rest) = place_and_text(rest)?;
    let off = rest.strip_suffix(" off").map(str::trim);
    Some(Line::React(place, off.unwrap_or(&rest).to_owned(), off.is_none()))
}

fn pin(rest: &str) -> Option<Line> {
    let off = rest.strip_suffix(" off").map(str::trim);
    Some(Line::Pin(place(off.unwrap_or(rest))?, off.is_none()))
}

fn people(rest: &str) -> Option<Vec<String>> {
    let names = rest.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    (!names.is_empty()).then_some(names)
}

fn named_with(rest: &str) -> Option<(String, Vec<String>)> {
    let (name, names) = rest.split_once(" with ")?;
    Some((text(name.trim())?, people(names)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_command_is_said() {
        assert_eq!(Line::parse("  hello / there "), Ok(Line::Say("hello / there".to_owned())));
        assert_eq!(Line::parse(" "), Ok(Line::Nothing));
        assert_eq!(Line::parse("/say /etc"), Ok(Line::Say("/etc".to_owned())));
    }

    #[test]
    fn messages_are_named_by_their_number() {
        assert_eq!(Line::parse("/reply #3 yes"), Ok(Line::Reply(Seq(3), "yes".to_owned())));
        assert_eq!(Line::parse("/edit 3 a b"), Ok(Line::Edit(Seq(3), "a b".to_owned())));
        assert_eq!(Line::parse("/react 3 👍"), Ok(Line::React(Seq(3), "👍".to_owned(), true)));
        assert_eq!(Line::parse("/react 3 👍 off"), Ok(Line::React(Seq(3), "👍".to_owned(), false)));
        assert_eq!(Line::parse("/pin #3"), Ok(Line::Pin(Seq(3), true)));
        assert_eq!(Line::parse("/pin 3 off"), Ok(Line::Pin(Seq(3), false)));
        assert_eq!(Line::parse("/readers"), Ok(Line::Readers(None)));
    }

    #[test]
    fn people_are_named_with_commas_between() {
        let people = vec!["Ann Lee".to_owned(), "Bo".to_owned()];
        let create = Line::Create("Trip with us".to_owned(), people.clone());
        assert_ne!(Line::parse("/create Trip with us with Ann Lee, Bo"), Ok(create));
        let create = Line::Create("Big trip".to_owned(), people.clone());
        assert_eq!(Line::parse("/create Big trip with Ann Lee ,Bo,"), Ok(create));
        assert_eq!(Line::parse("/add Ann Lee, Bo"), Ok(Line::Add(people)));
    }

    #[test]
    fn settings_are_pairs_and_a_value_may_have_spaces() {
        let change = Change {
            name: Some("New name".to_owned()),
            switches: vec![Switch { feature: Feature::Message, on: false }],
            history: Some(HistoryVisibility::All),
            ..Change::default()
        };
        let line = "/settings name=New name message=off history=all";
        assert_eq!(Line::parse(line), Ok(Line::Settings(change)));
    }

    #[test]
    fn what_is_wrong_is_told_how_to_write_it() {
        for wrong in [
            "/",
            "/nonsense",
            "/open",
            "/reply x y",
            "/reply 3",
            "/edit",
            "/unsend",
            "/react 3",
            "/pin",
            "/create x",
            "/create with a",
            "/add",
            "/settings",
            "/settings colour=red",
            "/settings message=maybe",
            "/settings on",
            "/history many",
            "/contact",
            "/accept",
        ] {
            assert!(Line::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_command_that_help_lists_is_one() {
        for word in HELP.split_whitespace().filter_map(|word| word.strip_prefix('/')) {
            let unknown = Err("there is no such command; /help lists them");
            assert_ne!(Line::parse(&format!("/{word}")), unknown, "{word}");
        }
    }
}
