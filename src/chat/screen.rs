//! What stands on the screen: the prompt with what is being typed, lines above it, colours only
//! where somebody looks.

use rustix::termios::tcgetwinsize;
use std::io::{self, IsTerminal as _, Write as _, stdout};

const DIM: &str = "2";
const BOLD: &str = "1";
const RED: &str = "31";
const CYAN: &str = "36";

/// Where a terminal does not say how wide it is.
const USUAL_COLUMNS: u16 = 80;

/// Standard output.
pub(super) struct Screen {
    colours: bool,
    prompts: bool,
    /// The prompt that stands on the last line.
    prompted: Option<(String, String)>,
}

impl Screen {
    /// Prompts are for who types.
    pub(super) fn of_stdout(is_typed: bool) -> Self {
        Self { colours: stdout().is_terminal(), prompts: is_typed, prompted: None }
    }

    /// Asks for the next line, with what has been typed of it; of more than fits, the end.
    pub(super) fn prompt(&mut self, room: Option<&str>, typed: &str) -> io::Result<()> {
        let wanted = (room.unwrap_or("no room").to_owned(), typed.to_owned());
        if !self.prompts || self.prompted.as_ref() == Some(&wanted) {
            return Ok(());
        }
        let columns = usize::from(columns());
        let room = start_of(&wanted.0, columns * 2 / 3);
        let typed = end_of(typed, columns.saturating_sub(cells(room) + 3));
        write!(stdout(), "\r\x1b[K{}> {typed}", self.painted(CYAN, room))?;
        stdout().flush()?;
        self.prompted = Some(wanted);
        Ok(())
    }

    /// A line was typed to its end, and stays.
    pub(super) fn entered(&mut self, typed: &str) -> io::Result<()> {
        if let Some((room, _)) = &self.prompted {
            let line = format!("{}> {}", self.painted(CYAN, room), harmless(typed));
            self.line(&line)?;
        }
        Ok(())
    }

    /// Takes the prompt away; it is asked again below.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        if self.prompted.take().is_some() {
            stdout().write_all(b"\r\x1b[K")?;
            stdout().flush()?;
        }
        Ok(())
    }

    /// A line.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        self.clear()?;
        writeln!(stdout(), "{text}")?;
        stdout().flush()
    }

    /// A line about the chat itself.
    pub(super) fn note(&mut self, text: &str) -> io::Result<()> {
        let text = self.painted(DIM, &format!("— {text}"));
        self.line(&text)
    }

    /// A line about what did not go.
    pub(super) fn complain(&mut self, text: &str) -> io::Result<()> {
        let text = self.painted(RED, &format!("! {text}"));
        self.line(&text)
    }

    /// Less important.
    pub(super) fn dim(&self, text: &str) -> String {
        self.painted(DIM, text)
    }

    /// More important.
    pub(super) fn bold(&self, text: &str) -> String {
        self.painted(BOLD, text)
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// What others wrote, without what would move the cursor or change the colours.
pub(super) fn harmless(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    text.chars().map(shown).collect::<String>().replace('\n', "\n    ")
}

fn columns() -> u16 {
    let size = tcgetwinsize(stdout()).map_or(0, |size| size.ws_col);
    if size == 0 { USUAL_COLUMNS } else { size }
}

/// The columns that a terminal gives to a text, roughly: Chinese, Japanese and Korean and most
/// emoji take two. Where a terminal differs, a very long line is cut a little early.
fn cells(text: &str) -> usize {
    text.chars().map(cells_of).sum()
}

fn cells_of(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

fn start_of(text: &str, columns: usize) -> &str {
    let mut left = columns;
    let mut fits = |c: char| left.checked_sub(cells_of(c)).map(|less| left = less).is_some();
    let end = text.char_indices().find(|(_, c)| !fits(*c)).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

fn end_of(text: &str, columns: usize) -> &str {
    let mut left = columns;
    let mut fits = |c: char| left.checked_sub(cells_of(c)).map(|less| left = less).is_some();
    let cut = text.char_indices().rev().find(|(_, c)| !fits(*c));
    let start = cut.map_or(0, |(at, c)| at + c.len_utf8());
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_write_can_not_steer_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb\u{9b}c\rd"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        assert_eq!(harmless("a\nb"), "a\n    b");
    }

    #[test]
    fn of_what_is_too_wide_the_start_or_the_end_is_shown() {
        assert_eq!((start_of("hello", 9), end_of("hello", 9)), ("hello", "hello"));
        assert_eq!((start_of("hello", 3), end_of("hello", 3)), ("hel", "llo"));
        assert_eq!((start_of("世界の", 5), end_of("世界の", 5)), ("世界", "界の"));
        assert_eq!((start_of("世", 1), end_of("", 0)), ("", ""));
    }
}
