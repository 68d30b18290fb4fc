//! The input: the lines of a script, or what somebody types, which is kept apart from what is told
//! meanwhile and shown again below it.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::collections::VecDeque;
use std::io;
use tokio::io::{AsyncReadExt as _, Stdin, stdin};

/// A message has at most 10,000 characters, which are at most four bytes each.
const LINE_BYTES_MAX: usize = 48 * 1024;

/// What came from the input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A line, to its end.
    Line(String),
    /// Something of a line that is not at its end yet.
    Typed,
    /// A line that can't be one, and why.
    NoLine(&'static str),
    /// There is no more.
    End,
}

/// Standard input.
pub(super) struct Input {
    stdin: Stdin,
    came: VecDeque<u8>,
    line: Typing,
    keyboard: Option<Keyboard>,
}

impl Input {
    /// Somebody who types sees what he typed only where it is shown to him: see [`Input::typed`].
    pub(super) fn of_stdin(is_typed: bool) -> io::Result<Self> {
        let keyboard = if is_typed { Some(Keyboard::quiet()?) } else { None };
        let line = Typing { is_edited: keyboard.is_some(), ..Typing::default() };
        Ok(Self { stdin: stdin(), came: VecDeque::new(), line, keyboard })
    }

    /// Waits for the next of it. May be dropped and called again.
    pub(super) async fn next(&mut self) -> io::Result<Heard> {
        let mut bytes = [0; 4_096];
        loop {
            while let Some(byte) = self.came.pop_front() {
                if let Some(heard) = self.line.take(byte) {
                    return Ok(heard);
                }
            }
            if std::mem::take(&mut self.line.is_new) && self.keyboard.is_some() {
                return Ok(Heard::Typed);
            }
            let count = self.stdin.read(&mut bytes).await?;
            if count == 0 {
                return Ok(self.line.rest());
            }
            self.came.extend(bytes.iter().take(count));
        }
    }

    /// What stands in the line that is being typed.
    pub(super) fn typed(&self) -> String {
        String::from_utf8_lossy(&self.line.bytes).into_owned()
    }
}

/// A terminal that shows nothing by itself and gives every key at once, until this is dropped.
struct Keyboard {
    before: Termios,
}

impl Keyboard {
    fn quiet() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet)?;
        Ok(Self { before })
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        tcsetattr(io::stdin(), OptionalActions::Now, &self.before).unwrap_or_default();
    }
}

/// A line that comes byte by byte.
#[derive(Debug, Default)]
struct Typing {
    bytes: Vec<u8>,
    /// Whether keys that delete do so.
    is_edited: bool,
    is_too_long: bool,
    /// Whether something has come since it was shown.
    is_new: bool,
    escape: Escape,
}

/// Keys without a letter send several bytes, beginning with ESC: they are let go.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Escape {
    #[default]
    No,
    Begun,
    Inside,
}

impl Typing {
    fn take(&mut self, byte: u8) -> Option<Heard> {
        if byte == b'\n' {
            return Some(self.end());
        }
        self.is_new = true;
        if !self.is_edited {
            self.push(byte);
            return None;
        }
        if self.escape != Escape::No || byte == 0x1b {
            self.escape = self.escape.then(byte);
            return None;
        }
        match byte {
            0x04 if self.bytes.is_empty() => return Some(Heard::End),
            b'\t' => self.push(b' '),
            0x08 | 0x7f => self.drop_character(),
            0x15 => self.bytes.clear(),
            0x17 => self.drop_word(),
            0x00..0x20 => {}
            _ => self.push(byte),
        }
        None
    }

    fn push(&mut self, byte: u8) {
        if self.bytes.len() < LINE_BYTES_MAX {
            self.bytes.push(byte);
        } else {
            self.is_too_long = true;
        }
    }

    fn end(&mut self) -> Heard {
        (self.is_new, self.escape) = (false, Escape::No);
        let bytes = std::mem::take(&mut self.bytes);
        if std::mem::take(&mut self.is_too_long) {
            return Heard::NoLine("that line is too long: a message has at most 10,000 characters");
        }
        String::from_utf8(bytes)
            .map_or(Heard::NoLine("that line is not UTF-8: nothing was sent"), Heard::Line)
    }

    /// The last line may lack its end.
    fn rest(&mut self) -> Heard {
        if self.bytes.is_empty() { Heard::End } else { self.end() }
    }

    fn drop_character(&mut self) {
        while self.bytes.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
    }

    fn drop_word(&mut self) {
        while self.bytes.pop_if(|byte| *byte == b' ').is_some() {}
        while self.bytes.pop_if(|byte| *byte != b' ').is_some() {}
    }
}

impl Escape {
    fn then(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::No, _) => Self::Begun,
            (Self::Begun, b'[' | b'O') | (Self::Inside, 0x00..0x40) => Self::Inside,
            (Self::Begun | Self::Inside, _) => Self::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(is_edited: bool, keys: &[u8]) -> (Vec<Heard>, String) {
        let mut typing = Typing { is_edited, ..Typing::default() };
        let heard = keys.iter().filter_map(|key| typing.take(*key)).collect();
        (heard, String::from_utf8(typing.bytes).unwrap())
    }

    fn line(text: &str) -> Heard {
        Heard::Line(text.to_owned())
    }

    #[test]
    fn what_is_typed_can_be_mended() {
        let keys = "Helo\u{7f}lo 世界\u{8}\u{7f}all of it\u{17}this\n".as_bytes();
        assert_eq!(heard(true, keys).0, [line("Hello all of this")]);
        assert_eq!(heard(true, b"wrong\x15right\x1b[A\x1bOP\x1b[3~\tend").1, "right end");
        assert_eq!(heard(true, b"\x7f\x17\x04").0, [Heard::End]);
        assert_eq!(heard(true, b"a\x04\x07b\n").0, [line("ab")], "only an empty line ends it");
    }

    #[test]
    fn a_script_is_taken_as_it_stands() {
        let (lines, rest) = heard(false, b"a\tb\x7f\n\nc");
        assert_eq!((lines, rest.as_str()), (vec![line("a\tb\u{7f}"), line("")], "c"));
        let (lines, _) = heard(false, b"\xff\xfe\nafter\n");
        assert!(
            matches!(lines.as_slice(), [Heard::NoLine(_), Heard::Line(after)] if after == "after")
        );
    }

    #[test]
    fn a_line_that_is_too_long_costs_only_itself() {
        let mut keys = vec![b'x'; LINE_BYTES_MAX + 1];
        keys.extend(b"\nafter\n");
        let (lines, _) = heard(false, &keys);
        assert!(
            matches!(lines.as_slice(), [Heard::NoLine(_), Heard::Line(after)] if after == "after")
        );
    }
}
