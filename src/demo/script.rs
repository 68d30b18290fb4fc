//! The script: what is said, line by line.

use anyhow::{Context as _, bail};

const TEXT: &str = include_str!("script.txt");

/// One line of the script.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// A room is made.
    Room { name: &'a str, is_group: bool, maker: &'a str, members: Vec<&'a str> },
    /// Somebody does something in it.
    Act(&'a str, Act<'a>),
}

/// What somebody does in the room that was made last.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act<'a> {
    /// Says something.
    Say(&'a str),
    /// Answers what was said last.
    Reply(&'a str),
    /// Replaces what he said last.
    Edit(&'a str),
    /// Reacts to what was said last.
    React(&'a str),
    /// Pins what was said last.
    Pin,
    /// Removes somebody.
    Remove(&'a str),
}

/// The lines of the demonstration.
pub(super) fn lines() -> impl Iterator<Item = anyhow::Result<Line<'static>>> {
    let lines = TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| parse(line).with_context(|| format!("the script says {line:?}")))
}

fn parse(line: &str) -> anyhow::Result<Line<'_>> {
    if let Some(room) = line.strip_prefix("== ") {
        return parse_room(room).context("a room is made of a name, a kind and people");
    }
    let (word, rest) = line.split_once(' ').context("somebody does something")?;
    if let Some(speaker) = word.strip_suffix(':') {
        return Ok(Line::Act(speaker, Act::Say(rest)));
    }
    let (sign, rest) = rest.split_once(' ').context("a sign stands before what is done")?;
    let act = match sign {
        ">" => Act::Reply(rest),
        "=" => Act::Edit(rest),
        "+" => Act::React(rest),
        "!" => Act::Pin,
        "-" => Act::Remove(rest),
        _ => bail!("{sign:?} is no sign"),
    };
    Ok(Line::Act(word, act))
}

fn parse_room(text: &str) -> Option<Line<'_>> {
    let (name, rest) = text.split_once(" [")?;
    let (kind, rest) = rest.split_once("] by ")?;
    let (maker, members) = rest.split_once(" with ")?;
    let members = members.split_whitespace().collect();
    Some(Line::Room { name, is_group: kind == "group", maker, members })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_can_be_played() {
        let lines: Vec<Line<'_>> = lines().collect::<Result<_, _>>().unwrap();
        let said =
            lines.iter().filter(|line| matches!(line, Line::Act(_, Act::Say(_) | Act::Reply(_))));
        assert!(said.count() >= 60);
        let rooms = lines.iter().filter(|line| matches!(line, Line::Room { .. }));
        assert_eq!(rooms.count(), 3);
    }

    #[test]
    fn what_is_no_line_is_refused() {
        for wrong in ["hello", "yuki ~ what", "== Room by yuki", "yuki +"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
