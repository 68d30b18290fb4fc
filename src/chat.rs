//! `crosstalk chat`: a terminal client, to try everything by hand or from a script.
//!
//! It knows the protocol and the Rust client and nothing of the server: what it can do, any client
//! can. Lines that begin with `/` are commands, all others are said in the open room.

mod book;
mod carry;
mod line;
mod list;
mod screen;
mod sentence;
mod tell;

use anyhow::Context as _;
use aws_lc_rs::digest::{SHA256, digest};
use book::Book;
use carry::Next;
use clap::Args;
use crosstalk_loadtest::{Closed, Device, Error, Target};
use crosstalk_protocol::ids::{DeviceId, RoomId};
use screen::Screen;
use std::io::{IsTerminal as _, Read as _, stdin};
use std::path::PathBuf;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use uuid::Uuid;

/// A token is not longer; what is is no file of one.
const TOKEN_BYTES_MAX: u64 = 16 * 1024;
/// How often a script tries to come back before it gives up.
const SCRIPT_ATTEMPTS_MAX: u32 = 5;

/// Examples, for `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  crosstalk chat --token-file alice.token
  crosstalk chat --url ws://chat.example.com:7600 --token-file alice.token
  printf '/open 1\\nHello!\\n' | crosstalk chat --token-file alice.token

Type /help inside. Lines that do not begin with / are said in the open room.";

/// Whereto, and as whom.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The server.
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:7600")]
    url: String,
    /// A file that holds the token.
    #[arg(long, value_name = "FILE", required_unless_present = "token")]
    token_file: Option<PathBuf>,
    /// The token itself. Others may see it in the list of processes: a file is better.
    #[arg(long, env = "CROSSTALK_TOKEN", hide_env_values = true, conflicts_with = "token_file")]
    token: Option<String>,
    /// The name of this device: the same name is the same device, and its newest connection stays.
    #[arg(long, value_name = "NAME", default_value = "terminal")]
    device: String,
}

/// Talks until the input ends or `/quit`.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let target = Target::new(arguments.url.clone(), arguments.token()?);
    let device = Device::with_id(target, device_of(&arguments.device));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(Chat::new(device).run())
}

impl Arguments {
    fn token(&self) -> anyhow::Result<String> {
        let Some(path) = &self.token_file else {
            return self.token.clone().context("a token is needed: --token-file FILE");
        };
        let mut token = String::new();
        let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
        file.take(TOKEN_BYTES_MAX)
            .read_to_string(&mut token)
            .with_context(|| path.display().to_string())?;
        Ok(token.trim().to_owned())
    }
}

/// The id of a device of this name: the same each time, so that it keeps its place in the inbox.
fn device_of(name: &str) -> DeviceId {
    let hash = digest(&SHA256, format!("crosstalk chat {name}").as_bytes());
    let bytes = hash.as_ref().first_chunk::<16>().copied().unwrap_or_default();
    DeviceId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// A conversation on a terminal.
struct Chat {
    device: Device,
    screen: Screen,
    book: Book,
    /// The open room.
    room: Option<RoomId>,
    /// A deletion that waits for the group's name.
    confirming: Option<RoomId>,
    by_hand: bool,
}

impl Chat {
    fn new(device: Device) -> Self {
        let by_hand = stdin().is_terminal();
        let (screen, book) = (Screen::of_stdout(by_hand), Book::default());
        Self { device, screen, book, room: None, confirming: None, by_hand }
    }

    async fn run(mut self) -> anyhow::Result<()> {
        let welcome = self.device.sign_in().await?;
        self.book.me(welcome.user);
        self.greet().await?;
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        loop {
            self.tell_news().await?;
            self.screen.prompt(self.room.map(|room| self.book.room(room)).as_deref())?;
            tokio::select! {
                line = lines.next_line() => match line? {
                    Some(line) => {
                        self.screen.entered();
                        if self.takes(&line).await? == Next::Quit {
                            return Ok(());
                        }
                    }
                    None => return self.end().await,
                },
                heard = self.device.listen() => if let Err(error) = heard {
                    self.come_back(error).await?;
                },
            }
        }
    }

    async fn greet(&mut self) -> anyhow::Result<()> {
        let user = self.book.who_am_i();
        self.book.learn_people(&mut self.device, vec![user]).await?;
        let me = self.book.person(user);
        self.screen.note(&format!("signed in as {me}; /help tells what can be done here"))?;
        while self.device.told().is_some() {}
        Ok(self.list_rooms().await?)
    }

    /// One line of the input, and in a script all that the server says to it.
    async fn takes(&mut self, line: &str) -> anyhow::Result<Next> {
        let next = match self.carry_out(line).await {
            Ok(next) => next,
            Err(error @ (Error::Refused(_) | Error::Failed(_) | Error::TimedOut(_))) => {
                self.screen.complain(&error.to_string())?;
                Next::Line
            }
            Err(error) => {
                self.come_back(error).await?;
                Next::Line
            }
        };
        if !self.by_hand {
            self.settle().await?;
        }
        Ok(next)
    }

    async fn settle(&mut self) -> anyhow::Result<()> {
        if let Err(error) = self.device.settle().await {
            self.come_back(error).await?;
        }
        Ok(())
    }

    /// The input has ended: what is on its way is still told.
    async fn end(&mut self) -> anyhow::Result<()> {
        self.settle().await?;
        self.tell_news().await
    }

    /// Comes back after the connection was lost, if that makes sense.
    async fn come_back(&mut self, error: Error) -> anyhow::Result<()> {
        let Error::Closed(lost) = error else {
            return Err(error.into());
        };
        if !lost.reconnect() {
            return Err(Error::Closed(lost).into());
        }
        let mut closed: Option<Closed> = Some(lost);
        for attempt in 1_u32.. {
            self.screen.note("the connection is lost, coming back …")?;
            match self.device.come_back(closed.as_ref()).await {
                Ok(_) => {
                    self.screen.note("connected again")?;
                    return Ok(());
                }
                Err(Error::Closed(again)) if again.reconnect() => closed = Some(again),
                Err(Error::Unreachable(_) | Error::TimedOut(_) | Error::NoUpgrade { .. })
                    if self.by_hand || attempt < SCRIPT_ATTEMPTS_MAX => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// A new id of something that is asked for.
fn operation() -> crosstalk_protocol::ids::OperationId {
    crosstalk_protocol::ids::OperationId(Uuid::now_v7())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_keeps_its_id_by_its_name() {
        assert_eq!(device_of("terminal"), device_of("terminal"));
        assert_ne!(device_of("terminal"), device_of("other"));
    }
}
