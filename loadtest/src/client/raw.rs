//! What no client should do: frames that are none, bytes that are none, torn connections.

use super::{Client, within};
use crate::error::{Closed, Error};
use bytes::Bytes;
use crosstalk_protocol::answer::Answer;
use crosstalk_protocol::envelope::{ServerFrame, parse_server_frame};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

impl Client {
    /// Sends a text frame, whatever it says.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::TimedOut`].
    pub async fn send_text(&mut self, text: impl Into<String>) -> Result<(), Error> {
        self.send(Message::text(text.into())).await
    }

    /// Sends a binary frame.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::TimedOut`].
    pub async fn send_binary(&mut self, bytes: impl Into<Bytes>) -> Result<(), Error> {
        self.send(Message::binary(bytes)).await
    }

    /// Sends a frame that says it is text and may be anything.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::TimedOut`].
    pub async fn send_as_text(&mut self, bytes: impl Into<Bytes>) -> Result<(), Error> {
        let frame = Frame::message(bytes, OpCode::Data(Data::Text), true);
        self.send(Message::Frame(frame)).await
    }

    /// Sends a part of a text message that goes on in a later frame.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::TimedOut`].
    pub async fn send_fragment(
        &mut self,
        text: &str,
        first: bool,
        last: bool,
    ) -> Result<(), Error> {
        let kind = if first { Data::Text } else { Data::Continue };
        let frame = Frame::message(text.as_bytes().to_vec(), OpCode::Data(kind), last);
        self.send(Message::Frame(frame)).await
    }

    /// Writes bytes past the WebSocket, straight into the connection.
    ///
    /// # Errors
    /// [`Error::Unreachable`] if they can't be written.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let socket = self.stream.get_mut();
        socket.write_all(bytes).await.map_err(Error::Unreachable)?;
        socket.flush().await.map_err(Error::Unreachable)
    }

    /// Sends a text frame and waits for the next answer, as the bytes it came in.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::TimedOut`].
    pub async fn exchange(&mut self, text: impl Into<String>) -> Result<String, Error> {
        self.send_text(text).await?;
        self.next_answer().await
    }

    /// Waits for the next answer to anything, as the bytes it came in.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::TimedOut`].
    pub async fn next_answer(&mut self) -> Result<String, Error> {
        let patience = self.patience;
        let answered = async {
            loop {
                let text = self.receive_text().await?;
                match parse_server_frame(&text) {
                    Ok(ServerFrame::Push(push)) => self.pushes.push_back(push),
                    Ok(ServerFrame::Answer(..)) => return Ok(text),
                    Err(error) => return Err(Error::NoFrame(format!("{error}: {text}"))),
                }
            }
        };
        within(patience, "answer", answered).await
    }

    /// Waits for an answer to a frame whose id the server could not read.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::TimedOut`].
    pub async fn nameless(&mut self) -> Result<Answer, Error> {
        let patience = self.patience;
        let answered = async {
            loop {
                if let Some(answer) = self.nameless.pop_front() {
                    return Ok(answer);
                }
                self.receive().await?;
            }
        };
        within(patience, "answer without an id", answered).await
    }

    /// Waits until the connection is at its end and says how it ended.
    ///
    /// # Errors
    /// [`Error::TimedOut`] if it stays open, and what the server did wrong meanwhile.
    pub async fn closed(&mut self) -> Result<Closed, Error> {
        let patience = self.patience;
        let ended = async {
            loop {
                match self.receive().await {
                    Ok(()) => {}
                    Err(Error::Closed(closed)) => return Ok(closed),
                    Err(error) => return Err(error),
                }
            }
        };
        within(patience, "end of the connection", ended).await
    }

    /// Tears the connection at once, as a network does.
    pub fn cut(mut self) {
        self.stream.get_mut().cut();
    }

    /// Keeps every text frame from now on, as it came.
    pub fn keep_transcript(&mut self) {
        self.transcript.get_or_insert_default();
    }

    /// The frames kept so far.
    pub fn transcript(&self) -> &[String] {
        self.transcript.as_deref().unwrap_or_default()
    }
}
