//! What people ask, in few words.

use crate::authority::Command;
use crosstalk_protocol::entry::Switch;
use crosstalk_protocol::ids::{Seq, UserId};
use crosstalk_protocol::words::{Feature, HistoryVisibility, RoomKind, Way};

pub(super) fn post(text: &str) -> Command {
    let (reply_to, mentions, mention_all) = (None, Vec::new(), false);
    Command::Post { text: text.to_owned(), reply_to, mentions, mention_all }
}

pub(super) fn edit(target: Seq) -> Command {
    Command::Edit { target, text: "edited".to_owned() }
}

pub(super) fn react(target: Seq, on: bool) -> Command {
    Command::React { target, emoji: "👍".to_owned(), on }
}

/// A group by way of Contacts.
pub(super) fn group(members: &[UserId]) -> Command {
    made(Way::Contacts, members, &[])
}

/// A group by an administrator.
pub(super) fn named(masters: &[UserId], members: &[UserId]) -> Command {
    made(Way::Administrator, members, masters)
}

pub(super) fn made(way: Way, members: &[UserId], masters: &[UserId]) -> Command {
    Command::Create {
        way,
        name: "Bridge".to_owned(),
        description: String::new(),
        members: members.to_vec(),
        masters: masters.to_vec(),
    }
}

pub(super) fn opening(kind: RoomKind, members: &[UserId]) -> Command {
    Command::Open { kind, name: String::new(), members: members.to_vec() }
}

pub(super) fn convert() -> Command {
    Command::Convert { name: "Bridge".to_owned(), description: String::new() }
}

pub(super) fn add(users: &[UserId]) -> Command {
    Command::Add { users: users.to_vec() }
}

pub(super) fn remove(users: &[UserId]) -> Command {
    Command::Remove { users: users.to_vec() }
}

pub(super) fn invite(users: &[UserId]) -> Command {
    Command::Invite { users: users.to_vec() }
}

pub(super) fn switch(feature: Feature, on: bool) -> Command {
    settings(None, vec![Switch { feature, on }], None)
}

pub(super) fn history(history: HistoryVisibility) -> Command {
    settings(None, Vec::new(), Some(history))
}

pub(super) fn settings(
    name: Option<&str>,
    switches: Vec<Switch>,
    history: Option<HistoryVisibility>,
) -> Command {
    Command::Settings { name: name.map(str::to_owned), description: None, switches, history }
}
