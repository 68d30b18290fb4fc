//! `crosstalk chat`: a terminal client, to try everything by hand or from a script.
//!
//! It knows the protocol and the Rust client and nothing of the server: what it can do, any client
//! can. Lines that begin with `/` are commands, all others are said in the open room.

mod book;
mod carry;
mod change;
mod door;
mod help;
mod line;
mod list;
mod make;
mod screen;
mod sentence;
mod tell;
mod typed;

pub(crate) use door::{Arguments, EXAMPLES, USUAL_URL};

use book::Book;
use carry::Next;
use crosstalk_loadtest::{Closed, Device, Error};
use crosstalk_protocol::code::CloseCode;
use crosstalk_protocol::ids::{CompanyId, OperationId, RoomId, UserId};
use crosstalk_protocol::request::{Refresh, Typing};
use screen::Screen;
use std::io::{IsTerminal as _, Write as _, stdin, stdout};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use typed::{Heard, Input};
use uuid::Uuid;

/// How often a script tries to come back before it gives up.
const SCRIPT_ATTEMPTS_MAX: u32 = 5;
/// How often others are told that somebody is typing.
const TYPING_EVERY: Duration = Duration::from_secs(3);

/// Talks until the input ends, `/quit` or Ctrl-C.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let target = arguments.target().await?;
        let device = Device::with_id(target, arguments.device());
        let chat = Chat::new(device, arguments.clone())?;
        tokio::select! {
            outcome = chat.run() => outcome,
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
        }
    });
    // The thread that waits for a key is not waited for.
    runtime.shutdown_background();
    if stdout().is_terminal() {
        writeln!(stdout())?;
    }
    outcome
}

/// A conversation on a terminal.
struct Chat {
    arguments: Arguments,
    device: Device,
    screen: Screen,
    input: Input,
    book: Book,
    company: CompanyId,
    /// The open room.
    room: Option<RoomId>,
    /// A deletion that waits for the group's name.
    confirming: Option<RoomId>,
    /// Who is typing in the open room, and until when that is believed.
    typist: Option<(UserId, Instant)>,
    /// When others may be told again that somebody types here.
    type_again: Instant,
    by_hand: bool,
}

impl Chat {
    fn new(device: Device, arguments: Arguments) -> anyhow::Result<Self> {
        let by_hand = stdin().is_terminal();
        let is_typed = by_hand && stdout().is_terminal();
        Ok(Self {
            arguments,
            device,
            screen: Screen::of_stdout(is_typed),
            input: Input::of_stdin(is_typed)?,
            book: Book::default(),
            company: CompanyId(Uuid::nil()),
            room: None,
            confirming: None,
            typist: None,
            type_again: Instant::now(),
            by_hand,
        })
    }

    async fn run(mut self) -> anyhow::Result<()> {
        let welcome = match self.device.sign_in().await {
            Err(Error::Unreachable(error)) => anyhow::bail!(
                "no server answers at {} ({error}): start one with `crosstalk demo`, or name \
                 another with --url",
                self.arguments.server()
            ),
            outcome => outcome?,
        };
        self.book.me(welcome.user);
        self.company = welcome.company;
        self.greet().await?;
        loop {
            self.tell_news().await?;
            self.prompt()?;
            let typist_until = self.typist.map_or_else(Instant::now, |(_, until)| until);
            tokio::select! {
                heard = self.input.next() => if self.hears(heard?).await? == Next::Quit {
                    return Ok(());
                },
                heard = self.device.listen() => if let Err(error) = heard {
                    self.come_back(error).await?;
                },
                () = sleep_until(typist_until), if self.typist.is_some() => self.typist = None,
            }
        }
    }

    fn prompt(&mut self) -> anyhow::Result<()> {
        let room = self.room.map(|room| match self.typist {
            Some((who, _)) => {
                format!("{}, {} is typing", self.book.room(room), self.book.person(who))
            }
            None => self.book.room(room),
        });
        Ok(self.screen.prompt(room.as_deref(), &self.input.typed())?)
    }

    async fn greet(&mut self) -> anyhow::Result<()> {
        let user = self.book.who_am_i();
        self.book.learn_people(&mut self.device, vec![user]).await?;
        let me = self.book.person(user);
        self.screen.note(&format!("signed in as {me}; /help tells what can be done here"))?;
        while self.device.told().is_some() {}
        Ok(self.list_rooms().await?)
    }

    async fn hears(&mut self, heard: Heard) -> anyhow::Result<Next> {
        match heard {
            Heard::Line(line) => {
                // What is said is shown where it belongs; a command stays above its outcome.
                if line.starts_with('/') || self.confirming.is_some() {
                    self.screen.entered(&line)?;
                } else {
                    self.screen.clear()?;
                }
                self.takes(&line).await
            }
            Heard::Typed => {
                self.type_on().await?;
                Ok(Next::Line)
            }
            Heard::NoLine(why) => {
                self.screen.complain(why)?;
                Ok(Next::Line)
            }
            Heard::End => {
                self.end().await?;
                Ok(Next::Quit)
            }
        }
    }

    /// One line of the input, and in a script all that the server says to it.
    async fn takes(&mut self, line: &str) -> anyhow::Result<Next> {
        let next = match self.carry_out(line).await {
            Ok(next) => next,
            Err(
                error
                @ (Error::Refused(_) | Error::Failed(_) | Error::TimedOut(_) | Error::Http(_)),
            ) => {
                self.tell_refused(line, &error)?;
                Next::Line
            }
            Err(error) => {
                self.come_back(error).await?;
                self.screen
                    .complain(&format!("it may not have been done: {}", screen::harmless(line)))?;
                Next::Line
            }
        };
        if !self.by_hand {
            self.settle().await?;
        }
        Ok(next)
    }

    /// Why something was not done; what was to be said is not lost.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these two are of the protocol")]
    fn tell_refused(&mut self, line: &str, error: &Error) -> std::io::Result<()> {
        let why = match error {
            Error::Refused(refused) if refused.users.is_empty() => {
                format!("{} ({})", refused.message, refused.code)
            }
            Error::Refused(refused) => {
                let message = refused.message.replace("The people in `users`", "These people");
                format!("{message} ({}: {})", refused.code, self.book.people(&refused.users))
            }
            Error::Failed(failed) => format!("{} ({})", failed.message, failed.code),
            error => error.to_string(),
        };
        self.screen.complain(&screen::harmless(&why))?;
        if self.by_hand && !line.starts_with('/') {
            self.screen.note(&format!("not said: {}", screen::harmless(line)))?;
        }
        Ok(())
    }

    /// Others in the open room see that something is being typed.
    async fn type_on(&mut self) -> anyhow::Result<()> {
        let typed = self.input.typed();
        let Some(room) = self.room.filter(|_| !typed.is_empty() && !typed.starts_with('/')) else {
            return Ok(());
        };
        if Instant::now() < self.type_again {
            return Ok(());
        }
        self.type_again = Instant::now() + TYPING_EVERY;
        match self.device.request(Typing { room }).await {
            Ok(()) | Err(Error::Refused(_) | Error::Failed(_)) => Ok(()),
            Err(error) => self.come_back(error).await,
        }
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

    /// The token ends soon: a new one may lie in the file already.
    async fn renew(&mut self, ends: &str) -> Result<(), Error> {
        let token = self.arguments.token().map_err(|error| Error::Http(error.to_string()))?;
        if self.device.target_mut().token.as_ref() == Some(&token) {
            let ends = sentence::clock(ends);
            let where_to = self.arguments.token_is_in();
            return self.note(&format!("your token ends at {ends}: put a new one {where_to}"));
        }
        self.device.request(Refresh { token: token.clone() }).await?;
        self.device.target_mut().token = Some(token);
        self.note("your token was renewed")
    }

    /// Comes back after the connection was lost, if that makes sense.
    async fn come_back(&mut self, error: Error) -> anyhow::Result<()> {
        let Error::Closed(lost) = error else {
            return Err(error.into());
        };
        if lost.known() == Some(CloseCode::Replaced) {
            anyhow::bail!(
                "this device connected again elsewhere: give each window a name of its own, \
                 with --device NAME"
            );
        }
        if !lost.reconnect() {
            return Err(Error::Closed(lost).into());
        }
        let mut closed: Option<Closed> = Some(lost);
        self.screen.note("the connection is lost; coming back as soon as the server is there …")?;
        for attempt in 1_u32.. {
            self.device.target_mut().token = Some(self.arguments.token()?);
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
fn operation() -> OperationId {
    OperationId(Uuid::now_v7())
}
