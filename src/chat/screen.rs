//! What stands on the screen: the prompt, lines above it, colours only where somebody looks.

use std::io::{self, IsTerminal as _, Write as _, stdout};

const DIM: &str = "2";
const BOLD: &str = "1";
const RED: &str = "31";
const CYAN: &str = "36";

/// Standard output.
pub(super) struct Screen {
    colours: bool,
    prompts: bool,
    /// Whether the prompt stands on the last line.
    prompted: bool,
}

impl Screen {
    /// Prompts are for who types.
    pub(super) fn of_stdout(by_hand: bool) -> Self {
        let colours = stdout().is_terminal();
        Self { colours, prompts: by_hand && colours, prompted: false }
    }

    /// Asks for the next line.
    pub(super) fn prompt(&mut self, room: Option<&str>) -> io::Result<()> {
        if self.prompts && !self.prompted {
            let room = self.painted(CYAN, room.unwrap_or("no room"));
            write!(stdout(), "{room}> ")?;
            stdout().flush()?;
            self.prompted = true;
        }
        Ok(())
    }

    /// A line was typed: the prompt is used up.
    pub(super) fn entered(&mut self) {
        self.prompted = false;
    }

    /// A line.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        if self.prompted {
            // Over the prompt, which is asked again below.
            write!(stdout(), "\r\x1b[K")?;
            self.prompted = false;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_write_can_not_steer_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb\u{9b}c\rd"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        assert_eq!(harmless("a\nb"), "a\n    b");
    }
}
