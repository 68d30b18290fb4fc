//! What can go wrong between a client and the server.

use crate::replica::Broken;
use crosstalk_protocol::answer::{Answer, Failed, Refused};
use crosstalk_protocol::code::{CloseCode, RefusalCode};
use crosstalk_protocol::push::Closing;
use std::io;
use tokio_tungstenite::tungstenite;

/// What a client can't go on with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is none of a server.
    #[error("{0:?} is no address of a server: it is to be like ws://127.0.0.1:7600")]
    Address(String),
    /// The server can't be reached.
    #[error("the server can't be reached: {0}")]
    Unreachable(io::Error),
    /// The server did not make a WebSocket of the connection.
    #[error("the server refused the connection with HTTP status {status}: {body}")]
    NoUpgrade {
        /// The status.
        status: u16,
        /// What it said.
        body: String,
    },
    /// The connection is at its end.
    #[error("{0}")]
    Closed(Closed),
    /// The server did not answer in time.
    #[error("no {0} in time")]
    TimedOut(&'static str),
    /// The rules say no.
    #[error("refused: {}: {}", .0.code, .0.message)]
    Refused(Refused),
    /// It could not be done now.
    #[error("failed: {}: {}", .0.code, .0.message)]
    Failed(Failed),
    /// The server sent what is no frame of the protocol.
    #[error("the server sent no frame of the protocol: {0}")]
    NoFrame(String),
    /// The answer is not of the request's kind.
    #[error("an answer of another kind came: {0:?}")]
    OtherAnswer(Box<Answer>),
    /// A second answer to a request, or one to none.
    #[error("an answer came to request {0}, which waits for none")]
    Unasked(u64),
    /// More pushes wait than a client keeps.
    #[error("more pushes wait than a client keeps: read them")]
    Flooded,
    /// What the server sent does not fit what is kept.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// HTTP went wrong.
    #[error("HTTP: {0}")]
    Http(String),
    /// The socket library gave up.
    #[error("WebSocket: {0}")]
    Socket(Box<tungstenite::Error>),
}

impl Error {
    /// Which rule refused, if one did.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other is a refusal")]
    pub fn refusal(&self) -> Option<RefusalCode> {
        match self {
            Self::Refused(refused) => Some(refused.code),
            _ => None,
        }
    }
}

/// How a connection ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closed {
    /// The number of the close frame; `None` if the connection was cut without one.
    pub code: Option<u16>,
    /// The reason in it, or what the system said.
    pub reason: String,
    /// The `closing` push before it.
    pub closing: Option<Closing>,
}

impl Closed {
    /// The number as one of the protocol's.
    pub fn known(&self) -> Option<CloseCode> {
        let number = self.code?;
        CloseCode::ALL.iter().copied().find(|code| code.number() == number)
    }

    /// Whether to come back unchanged: a connection that was merely cut, too.
    pub fn reconnect(&self) -> bool {
        self.known().is_none_or(CloseCode::reconnect)
    }
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code {
            Some(code) => write!(f, "the server closed the connection: {code} {}", self.reason),
            None => write!(f, "the connection was cut: {}", self.reason),
        }
    }
}
