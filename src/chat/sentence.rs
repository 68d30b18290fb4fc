//! What happened, in sentences.

use super::book::Book;
use super::screen::harmless;
use crosstalk_protocol::entry::{Change, Content, Entry};
use crosstalk_protocol::ids::UserId;
use crosstalk_protocol::words::{Cause, HistoryVisibility, RoomKind};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The time of day here; the server's own words where they are no time.
pub(super) fn clock(time: &str) -> String {
    shown_as("%H:%M", time)
}

/// The day and the time here.
pub(super) fn moment(time: &str) -> String {
    shown_as("%Y-%m-%d %H:%M", time)
}

fn shown_as(format: &str, time: &str) -> String {
    time.parse::<Timestamp>().map_or_else(
        |_| harmless(time),
        |moment| moment.to_zoned_datetime(TimeZone::system()).strftime(format).to_string(),
    )
}

/// Everyone whom an entry names.
pub(super) fn people_in(entry: &Entry) -> Vec<UserId> {
    let mut people: Vec<UserId> = entry.author.into_iter().collect();
    match &entry.change {
        Change::Opened { members, .. } => people.extend(members.iter().map(|one| one.user)),
        Change::Created { members, left_out, .. } | Change::Added { members, left_out } => {
            people.extend(members.iter().map(|one| one.user));
            people.extend(left_out.iter().map(|one| one.user));
        }
        Change::Converted { left_out, .. } => people.extend(left_out.iter().map(|one| one.user)),
        Change::Removed { users, .. } => people.extend(users),
        Change::Masters { appointed, dismissed } => {
            people.extend(appointed);
            people.extend(dismissed);
        }
        Change::Settings { .. }
        | Change::Handed { .. }
        | Change::Deleted
        | Change::Posted { .. }
        | Change::Edited { .. }
        | Change::Unsent { .. }
        | Change::Reacted { .. }
        | Change::Pinned { .. } => {}
    }
    people
}

/// What an entry says.
pub(super) fn sentence(book: &Book, entry: &Entry) -> String {
    let who = entry.author.map_or_else(|| "The administration".to_owned(), |one| book.person(one));
    let content = entry.content.clone().unwrap_or_default();
    let text = content.text.as_deref().map(harmless);
    match &entry.change {
        Change::Posted { reply_to, mentions, mention_all, .. } => {
            let reply = reply_to.map(|seq| format!("(to #{seq}) ")).unwrap_or_default();
            let edited = if entry.version > 0 { " (edited)" } else { "" };
            let is_mine = *mention_all || mentions.contains(&book.who_am_i());
            let mine = if is_mine { " (mentions you)" } else { "" };
            text.map_or_else(
                || "(unsent)".to_owned(),
                |text| format!("{reply}{text}{edited}{mine}"),
            )
        }
        Change::Edited { target } => {
            format!("{who} edited #{target}: {}", text.unwrap_or_else(|| "(unsent)".to_owned()))
        }
        Change::Unsent { target } => format!("{who} unsent #{target}"),
        Change::Reacted { target, on } => {
            let emoji = harmless(&content.emoji.unwrap_or_default());
            let verb = if *on { "reacted to" } else { "took back from" };
            format!("{who} {verb} #{target}: {emoji}")
        }
        Change::Pinned { target, on: true } => format!("{who} pinned #{target}"),
        Change::Pinned { target, on: false } => format!("{who} unpinned #{target}"),
        Change::Opened { .. }
        | Change::Created { .. }
        | Change::Converted { .. }
        | Change::Added { .. }
        | Change::Removed { .. }
        | Change::Masters { .. }
        | Change::Settings { .. }
        | Change::Handed { .. }
        | Change::Deleted => governance(book, &who, &entry.change, &content),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "talk has been told before")]
fn governance(book: &Book, who: &str, change: &Change, content: &Content) -> String {
    let name = harmless(content.name.as_deref().unwrap_or_default());
    match change {
        Change::Opened { room_kind: RoomKind::Internal, .. } => {
            format!("{who} opened a room {name}")
        }
        Change::Opened { .. } => format!("{who} opened a shared room {name}"),
        Change::Created { members, left_out, .. } => {
            let users: Vec<UserId> = members.iter().map(|one| one.user).collect();
            format!("{who} created {name} with {}{}", book.people(&users), without(book, left_out))
        }
        Change::Converted { left_out, .. } => {
            format!("{who} made a group of this room: {name}{}", without(book, left_out))
        }
        Change::Added { members, left_out } => {
            let users: Vec<UserId> = members.iter().map(|one| one.user).collect();
            format!("{who} added {}{}", book.people(&users), without(book, left_out))
        }
        Change::Removed { users, cause: Cause::Left } => format!("{} left", book.people(users)),
        Change::Removed { users, .. } => format!("{who} removed {}", book.people(users)),
        Change::Masters { appointed, dismissed } => masters(book, who, appointed, dismissed),
        Change::Settings { switches, history } => {
            let written = |what: &str, text: &Option<String>| {
                text.as_ref().map(|text| format!("{what}: {}", harmless(text)))
            };
            let mut parts: Vec<String> = Vec::new();
            parts.extend(written("name", &content.name));
            parts.extend(written("description", &content.description));
            for switch in switches {
                let how = if switch.on { "on" } else { "off" };
                parts.push(format!("{:?}: {how}", switch.feature).to_lowercase());
            }
            parts.extend(history.map(|history| match history {
                HistoryVisibility::All => "newcomers see the past".to_owned(),
                HistoryVisibility::SinceJoined => "newcomers see nothing of the past".to_owned(),
            }));
            format!("{who} changed the settings: {}", parts.join(", "))
        }
        Change::Handed { .. } => format!("{who} handed the group to another company"),
        _ => format!("{who} deleted the group"),
    }
}

fn masters(book: &Book, who: &str, appointed: &[UserId], dismissed: &[UserId]) -> String {
    let mut parts = Vec::new();
    if !appointed.is_empty() {
        parts.push(format!("{who} made {} Group Master", book.people(appointed)));
    }
    if !dismissed.is_empty() {
        parts.push(format!("{who} dismissed {} as Group Master", book.people(dismissed)));
    }
    parts.join("; ")
}

fn without(book: &Book, left_out: &[crosstalk_protocol::entry::LeftOut]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let users: Vec<UserId> = left_out.iter().map(|one| one.user).collect();
    format!("; left out (no Connected-members): {}", book.people(&users))
}
