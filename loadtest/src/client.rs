//! One connection: requests with exactly one answer each, pushes in the order they came.
//!
//! It reads only while somebody waits for something. [`raw`] is for tests that send what no client
//! should.

mod ends;
pub mod raw;
#[cfg(test)]
mod tests;

use crate::asks::Asks;
use crate::error::{Closed, Error};
use crate::socket::{Gauge, Socket};
use crate::target::Target;
use crosstalk_protocol::answer::{Answer, Welcome};
use crosstalk_protocol::envelope::{RequestFrame, ServerFrame, parse_server_frame};
use crosstalk_protocol::push::{Closing, Push};
use crosstalk_protocol::request::{Hello, Request};
use futures::{SinkExt as _, StreamExt as _};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// Pushes that wait to be read; a client that lets more pile up is wrong.
const PUSHES_MAX: usize = 100_000;
/// Small, so that ten thousand clients fit in one process; tungstenite's own is 128 KiB.
const READ_BUFFER_BYTES: usize = 8 * 1024;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection to a server.
#[derive(Debug)]
pub struct Client {
    stream: WebSocketStream<Socket>,
    gauge: Arc<Gauge>,
    hello_token: Option<String>,
    last_id: u64,
    unanswered: BTreeSet<u64>,
    answers: BTreeMap<u64, Answer>,
    /// Answers to frames whose id the server could not read.
    nameless: VecDeque<Answer>,
    pushes: VecDeque<Push>,
    closing: Option<Closing>,
    closed: Option<Closed>,
    transcript: Option<Vec<String>>,
    patience: Duration,
}

impl Client {
    /// Connects and upgrades; says no `hello` yet.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::NoUpgrade`], [`Error::TimedOut`].
    pub async fn connect(target: &Target) -> Result<Self, Error> {
        within(PATIENCE, "connection", Self::upgrade(target)).await
    }

    async fn upgrade(target: &Target) -> Result<Self, Error> {
        let socket = target.connect().await?;
        let gauge = socket.gauge();
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
        let upgraded = client_async_with_config(target.request()?, socket, Some(config)).await;
        let (stream, _) = upgraded.map_err(no_upgrade)?;
        Ok(Self {
            stream,
            gauge,
            hello_token: target.hello_token(),
            last_id: 0,
            unanswered: BTreeSet::new(),
            answers: BTreeMap::new(),
            nameless: VecDeque::new(),
            pushes: VecDeque::new(),
            closing: None,
            closed: None,
            transcript: None,
            patience: PATIENCE,
        })
    }

    /// Connects and says `hello`, with the token where it belongs.
    ///
    /// # Errors
    /// Those of [`Client::connect`] and [`Client::request`].
    pub async fn sign_in(target: &Target, hello: Hello) -> Result<(Self, Welcome), Error> {
        let mut client = Self::connect(target).await?;
        let welcome = client.hello(hello).await?;
        Ok((client, welcome))
    }

    /// Says `hello`, with the token where it belongs.
    ///
    /// # Errors
    /// Those of [`Client::request`].
    pub async fn hello(&mut self, hello: Hello) -> Result<Welcome, Error> {
        let token = hello.token.or_else(|| self.hello_token.clone());
        self.request(Hello { token, ..hello }).await
    }

    /// Asks and waits for the answer, whatever it is. Pushes that come before it wait for
    /// [`Client::next`].
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::Closed`].
    pub async fn ask(&mut self, request: impl Into<Request>) -> Result<Answer, Error> {
        let id = self.start(request).await?;
        self.answer(id).await
    }

    /// Asks and takes the answer that belongs to the request.
    ///
    /// # Errors
    /// Those of [`Client::ask`], [`Error::Refused`], [`Error::Failed`] and [`Error::OtherAnswer`].
    pub async fn request<R: Asks>(&mut self, request: R) -> Result<R::Answer, Error> {
        let answer = self.ask(request).await?;
        taken::<R>(answer)
    }

    /// Sends a request and does not wait; [`Client::answer`] does. Returns its id.
    ///
    /// # Errors
    /// [`Error::TimedOut`] if the server does not read, [`Error::Closed`].
    pub async fn start(&mut self, request: impl Into<Request>) -> Result<u64, Error> {
        self.last_id += 1;
        let id = self.last_id;
        let request = request.into();
        let frame = serde_json::to_string(&RequestFrame { id, request: &request });
        self.unanswered.insert(id);
        self.send(Message::text(frame.map_err(|error| Error::NoFrame(error.to_string()))?)).await?;
        Ok(id)
    }

    /// Waits for the answer to this request.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::Closed`], [`Error::Unasked`] for a second answer to anything.
    pub async fn answer(&mut self, id: u64) -> Result<Answer, Error> {
        let patience = self.patience;
        let answered = async {
            loop {
                if let Some(answer) = self.answers.remove(&id) {
                    return Ok(answer);
                }
                self.receive().await?;
            }
        };
        within(patience, "answer", answered).await
    }

    /// Waits for the next push. May be dropped and called again: nothing is lost.
    ///
    /// # Errors
    /// [`Error::Closed`], and what the server did wrong.
    pub async fn next(&mut self) -> Result<Push, Error> {
        loop {
            if let Some(push) = self.pushes.pop_front() {
                return Ok(push);
            }
            self.receive().await?;
        }
    }

    /// The next push that has come already, if any.
    pub fn waiting(&mut self) -> Option<Push> {
        self.pushes.pop_front()
    }

    /// How long answers may take from now on.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// The count of incoming bytes, by which the connection can be cut.
    pub fn gauge(&self) -> Arc<Gauge> {
        Arc::clone(&self.gauge)
    }

    /// Says goodbye and waits until the server has closed too.
    ///
    /// # Errors
    /// [`Error::TimedOut`] if the server does not.
    pub async fn close(mut self) -> Result<Closed, Error> {
        let closing = self.stream.close(None).await.map_err(Box::new);
        match closing.map_err(|error| *error) {
            Ok(()) | Err(tungstenite::Error::ConnectionClosed) => self.closed().await,
            Err(error) => Ok(self.end(&error)),
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Error> {
        if let Some(closed) = &self.closed {
            return Err(Error::Closed(closed.clone()));
        }
        let patience = self.patience;
        let sent = async { Ok(self.stream.send(message).await) };
        match within(patience, "room to write", sent).await? {
            Ok(()) => Ok(()),
            // What the server said before it closed may still wait to be read: it tells why.
            Err(error) => Err(self.farewell(&error).await),
        }
    }

    /// Reads one frame and puts it where it belongs.
    async fn receive(&mut self) -> Result<(), Error> {
        let text = self.receive_text().await?;
        self.file(&text)
    }

    async fn receive_text(&mut self) -> Result<String, Error> {
        if let Some(closed) = &self.closed {
            return Err(Error::Closed(closed.clone()));
        }
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    if let Some(transcript) = &mut self.transcript {
                        transcript.push(text.to_string());
                    }
                    return Ok(text.to_string());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Binary(_))) => {
                    return Err(Error::NoFrame("a binary one".to_owned()));
                }
                Some(Ok(Message::Close(frame))) => return Err(self.closed_by(frame)),
                Some(Err(error)) => return Err(Error::Closed(self.end(&error))),
                None => return Err(Error::Closed(self.end(&tungstenite::Error::ConnectionClosed))),
            }
        }
    }

    fn file(&mut self, text: &str) -> Result<(), Error> {
        let frame = parse_server_frame(text);
        match frame.map_err(|error| Error::NoFrame(format!("{error}: {text}")))? {
            ServerFrame::Answer(Some(id), answer) => {
                if !self.unanswered.remove(&id) {
                    return Err(Error::Unasked(id));
                }
                self.answers.insert(id, answer);
            }
            ServerFrame::Answer(None, answer) => self.nameless.push_back(answer),
            ServerFrame::Push(push) => {
                if let Push::Closing(closing) = &push {
                    self.closing = Some(closing.clone());
                }
                if self.pushes.len() >= PUSHES_MAX {
                    return Err(Error::Flooded);
                }
                self.pushes.push_back(push);
            }
        }
        Ok(())
    }
}

/// The answer that belongs to the request.
fn taken<R: Asks>(answer: Answer) -> Result<R::Answer, Error> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the request knows its own answer")]
    match answer {
        Answer::Refused(refused) => Err(Error::Refused(refused)),
        Answer::Failed(failed) => Err(Error::Failed(failed)),
        other => R::take(other).map_err(Error::OtherAnswer),
    }
}

async fn within<T>(
    patience: Duration,
    what: &'static str,
    future: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(patience, future).await.unwrap_or(Err(Error::TimedOut(what)))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others have no answer of the server")]
fn no_upgrade(error: tungstenite::Error) -> Error {
    match error {
        tungstenite::Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            let body = String::from_utf8_lossy(body).into_owned();
            Error::NoUpgrade { status: response.status().as_u16(), body }
        }
        tungstenite::Error::Io(error) => Error::Unreachable(error),
        other => Error::Socket(Box::new(other)),
    }
}
