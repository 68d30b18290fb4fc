//! What a line of input asks for.

use super::change::Change;
use crosstalk_protocol::ids::Seq;

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
    /// What happened last, or before a place.
    History(u32, Option<Seq>),
    /// What the room is.
    About,
    /// What is pinned.
    Pins,
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
    /// Be contacts no longer.
    End(String),
    /// The people of my company.
    Colleagues,
    /// Make a group from Contacts.
    Create(String, Vec<String>),
    /// Make a group from Message.
    Message(String, Vec<String>),
    /// Make a group as an administrator: its name, its Group Masters, the others.
    Found(String, Vec<String>, Vec<String>),
    /// Open a general room.
    Talk(String, Vec<String>),
    /// Make a group of a general room.
    Convert(String),
    /// Bring people into a general room.
    Invite(Vec<String>),
    /// Make an invitation for a guest.
    Guest,
    /// Call a general room something else.
    Rename(String),
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
            "about" => Self::About,
            "pins" => Self::Pins,
            "guest" => Self::Guest,
            "colleagues" => Self::Colleagues,
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
            "history" => history(rest).ok_or("/history, /history COUNT or /history COUNT before N"),
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
            "end" => text(rest).map(Self::End).ok_or("/end NAME"),
            "rename" => text(rest).map(Self::Rename).ok_or("/rename NAME"),
            "found" => founding(rest).ok_or("/found NAME by MASTER, MASTER with A, B"),
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
            "settings" => Change::parse(rest).map(Self::Settings).ok_or(
                "/settings with any of name=… description=… history=all|since_joined \
                 message=on|off note=on|off event=on|off folder=on|off",
            ),
            _ => Err("there is no such command; /help lists them"),
        }
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

/// The last entries, or those before one.
const HISTORY_ENTRIES: u32 = 20;

fn history(rest: &str) -> Option<Line> {
    let (count, before) = match rest.split_once("before") {
        Some((count, before)) => (count.trim(), Some(place(before.trim())?)),
        None => (rest, None),
    };
    let count = if count.is_empty() { HISTORY_ENTRIES } else { count.parse().ok()? };
    (count > 0).then_some(Line::History(count, before))
}

fn founding(rest: &str) -> Option<Line> {
    let (rest, members) = match rest.rsplit_once(" with ") {
        Some((rest, members)) => (rest, people(members)?),
        None => (rest, Vec::new()),
    };
    let (name, masters) = rest.rsplit_once(" by ")?;
    Some(Line::Found(text(name.trim())?, people(masters)?, members))
}

fn people(rest: &str) -> Option<Vec<String>> {
    let names = rest.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    (!names.is_empty()).then_some(names)
}

fn named_with(rest: &str) -> Option<(String, Vec<String>)> {
    let (name, names) = rest.rsplit_once(" with ")?;
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
        assert_eq!(Line::parse("/history"), Ok(Line::History(HISTORY_ENTRIES, None)));
        assert_eq!(Line::parse("/history 5"), Ok(Line::History(5, None)));
        let before = Some(Seq(9));
        assert_eq!(Line::parse("/history before 9"), Ok(Line::History(HISTORY_ENTRIES, before)));
        assert_eq!(Line::parse("/history 5 before #9"), Ok(Line::History(5, before)));
    }

    #[test]
    fn people_are_named_with_commas_between() {
        let people = vec!["Ann Lee".to_owned(), "Bo".to_owned()];
        let create = Line::Create("Trip with us".to_owned(), people.clone());
        assert_eq!(Line::parse("/create Trip with us with Ann Lee, Bo"), Ok(create));
        let create = Line::Create("Big trip".to_owned(), people.clone());
        assert_eq!(Line::parse("/create Big trip with Ann Lee ,Bo,"), Ok(create));
        assert_eq!(Line::parse("/add Ann Lee, Bo"), Ok(Line::Add(people.clone())));
        let found = Line::Found("Day by day".to_owned(), people.clone(), vec!["Cy".to_owned()]);
        assert_eq!(Line::parse("/found Day by day by Ann Lee, Bo with Cy"), Ok(found));
        let found = Line::Found("Trip".to_owned(), people.clone(), vec!["Cy".to_owned()]);
        assert_eq!(Line::parse("/found Trip by Ann Lee, Bo with Cy"), Ok(found));
        let alone = Line::Found("Trip".to_owned(), people, Vec::new());
        assert_eq!(Line::parse("/found Trip by Ann Lee, Bo"), Ok(alone));
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
            "/history 0",
            "/history before",
            "/end",
            "/rename",
            "/found Trip with A",
            "/found by A",
            "/contact",
            "/accept",
        ] {
            assert!(Line::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_command_that_help_lists_is_one() {
        let help = super::super::help::HELP;
        for word in help.split_whitespace().filter_map(|word| word.strip_prefix('/')) {
            let unknown = Err("there is no such command; /help lists them");
            assert_ne!(Line::parse(&format!("/{word}")), unknown, "{word}");
        }
    }
}
