//! How a connection ends.

use super::{Client, within};
use crate::error::{Closed, Error};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

impl Client {
    /// Why nothing can be sent any more.
    pub(super) async fn farewell(&mut self, error: &tungstenite::Error) -> Error {
        let patience = self.patience;
        let drained = async {
            loop {
                self.receive().await?;
            }
        };
        match within(patience, "close", drained).await {
            Err(end @ Error::Closed(_)) => end,
            Err(_) | Ok(()) => Error::Closed(self.end(error)),
        }
    }

    pub(super) fn closed_by(&mut self, frame: Option<CloseFrame>) -> Error {
        let closed = Closed {
            code: frame.as_ref().map(|frame| frame.code.into()),
            reason: frame.map(|frame| frame.reason.to_string()).unwrap_or_default(),
            closing: self.closing.clone(),
        };
        self.closed = Some(closed.clone());
        Error::Closed(closed)
    }

    /// Notes that the connection ended without a close frame.
    pub(super) fn end(&mut self, error: &tungstenite::Error) -> Closed {
        let closing = self.closing.clone();
        let cut = Closed { code: None, reason: error.to_string(), closing };
        self.closed.get_or_insert(cut).clone()
    }
}
