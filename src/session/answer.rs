//! Writing answers: with the permits of what they carry, or without content.

use crate::authority::{Permit, Refusal};
use crate::timeline::{Error, NotAppended};
use crate::wire::{Otherwise, Wire, frame};
use bytes::Bytes;
use crosstalk_protocol::answer::{Answer, Failed, Refused};
use crosstalk_protocol::code::{FailureCode, RefusalCode};
use crosstalk_protocol::envelope::{AnswerFrame, BadFrame};

/// How long to wait before a try after the store was busy.
const RETRY_MS: u64 = 500;

/// An answer with leave for what it carries of rooms.
pub(super) struct Reply {
    answer: Answer,
    permits: Vec<Permit>,
    /// What is answered to this id should a permit go stale before the answer is written.
    otherwise: fn(u64) -> Bytes,
}

impl Reply {
    /// An answer that carries nothing of any room.
    pub(super) fn plain(answer: Answer) -> Self {
        Self { answer, permits: Vec::new(), otherwise: not_found }
    }

    /// The rules say no.
    pub(super) fn refusal(refusal: &Refusal) -> Self {
        Self::plain(refused(refusal))
    }

    /// It can't be done now.
    pub(super) fn unavailable() -> Self {
        Self::plain(failed(FailureCode::Unavailable, RETRY_MS))
    }

    /// An answer that carries content of one room: for who may no longer see it, there is no such
    /// room.
    pub(super) fn of_room(answer: Answer, permit: Permit) -> Self {
        Self { answer, permits: vec![permit], otherwise: not_found }
    }

    /// An answer that carries content of several rooms: asked again, it is made anew.
    pub(super) fn of_rooms(answer: Answer, permits: Vec<Permit>) -> Self {
        Self { answer, permits, otherwise: changed_meanwhile }
    }

    /// Writes it.
    pub(super) fn write(self, wire: &Wire, id: u64) {
        let frame = encode(Some(id), &self.answer);
        if self.permits.is_empty() {
            let _delivered = wire.push(frame);
        } else {
            let otherwise = Otherwise::Answer(id, self.otherwise);
            let _delivered = wire.answer(&self.permits, frame, otherwise);
        }
    }
}

impl From<NotAppended> for Reply {
    fn from(not_appended: NotAppended) -> Self {
        match not_appended {
            NotAppended::Refused(refusal) => Self::refusal(&refusal),
            NotAppended::Failed(error) => error.into(),
        }
    }
}

impl From<Error> for Reply {
    fn from(error: Error) -> Self {
        if !matches!(error, Error::Busy) {
            tracing::warn!(%error, "a request could not be carried out now");
        }
        Self::unavailable()
    }
}

/// The rules say no: which one, and what to do.
pub(super) fn refused(refusal: &Refusal) -> Answer {
    let advice = refusal.code.advice();
    let message = match (refusal.field, refusal.code) {
        (Some(field), RefusalCode::TooLong) => format!("`{field}` is longer than allowed."),
        (Some(field), RefusalCode::BadRequest) => {
            format!("`{field}`: see what the schema says of it.")
        }
        (Some(field), RefusalCode::Empty) => format!("`{field}` is empty."),
        (Some(field), _) => format!("`{field}`: {advice}"),
        (None, _) => advice.to_owned(),
    };
    Answer::Refused(Refused { code: refusal.code, message, users: refusal.users.clone() })
}

/// It could not be done now.
pub(super) fn failed(code: FailureCode, retry_after_ms: u64) -> Answer {
    Answer::Failed(Failed { code, message: code.advice().to_owned(), retry_after_ms })
}

/// Writes an answer without content of any room.
pub(super) fn say(wire: &Wire, id: u64, answer: &Answer) {
    let _delivered = wire.push(encode(Some(id), answer));
}

/// Answers what is no request.
pub(super) fn say_bad(wire: &Wire, bad: BadFrame) {
    let BadFrame { id, code, message } = bad;
    let message = if code == RefusalCode::BadRequest || code == RefusalCode::UnknownType {
        message
    } else {
        code.advice().to_owned()
    };
    let answer = Answer::Refused(Refused { code, message, users: Vec::new() });
    let _delivered = wire.push(encode(id, &answer));
}

/// To who may no longer see the room there is none.
fn not_found(id: u64) -> Bytes {
    encode(Some(id), &refused(&Refusal::not_found()))
}

/// Asked again, the answer is made anew.
fn changed_meanwhile(id: u64) -> Bytes {
    encode(Some(id), &failed(FailureCode::ChangedMeanwhile, 0))
}

fn encode(id: Option<u64>, answer: &Answer) -> Bytes {
    // Serialising our own types fails only for maps with foreign keys, which they have none of.
    frame::json(&AnswerFrame { id, answer }).unwrap_or_default()
}
