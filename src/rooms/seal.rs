//! From what is asked to what is proposed: content sealed, repetition told by a fingerprint.

use crate::authority::{Actor, Command, Intent};
use crate::keys::{Bound, RoomKey, Slot};
use crate::timeline::{Error, Proposal};
use crosstalk_protocol::entry::Content;
use crosstalk_protocol::ids::{OperationId, RoomId, UserId};

/// The proposal of an intent. `key` is absent only for a farewell to a room that is gone, which
/// has no content.
pub(super) fn proposal(
    room: RoomId,
    key: Option<&RoomKey>,
    intent: Intent,
) -> Result<Proposal, Error> {
    let content = intent.command.content();
    let slot = Slot::Operation(intent.operation);
    let bound = Bound { room, author: author(intent.actor), slot };
    let sealed = match (&content, key) {
        (Some(content), Some(key)) => Some(key.seal(&bound, &plain(content)?)),
        _ => None,
    };
    let fingerprint = fingerprint(key, &intent);
    let mark = match (&intent.command, key) {
        (Command::React { target, emoji, .. }, Some(key)) => Some(key.mark(*target, emoji)),
        _ => None,
    };
    Ok(Proposal { room, intent, content, sealed, fingerprint, mark })
}

/// As whom the entry will name the author: what an administrator does stands under nobody's name.
fn author(actor: Actor) -> Option<UserId> {
    match actor {
        Actor::Person(user) => Some(user),
        Actor::Administrator(_) | Actor::Operator | Actor::Rule => None,
    }
}

fn plain(content: &Content) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(content).map_err(|error| Error::Write(error.to_string().into()))
}

/// By what a repetition is told from another command under the same id (R29): keyed by the room's
/// key, so that it tells nothing once that is destroyed. A creation has no room yet at its second
/// try: it is keyed by its own id, and the purge erases it. A farewell says nothing but itself.
fn fingerprint(key: Option<&RoomKey>, intent: &Intent) -> [u8; 16] {
    match (&intent.command, key) {
        (Command::Delete, _) => *b"crosstalk delete",
        (Command::Leave, _) => *b"crosstalk leave.",
        (command, Some(key)) if !command.makes_room() => key.content_hash(&said(command)),
        (command, _) => of_creation(intent.operation, &said(command)),
    }
}

fn of_creation(operation: OperationId, said: &[u8]) -> [u8; 16] {
    let hash = blake3::Hasher::new().update(&operation.bytes()).update(said).finalize();
    let mut half = [0; 16];
    half.iter_mut().zip(hash.as_bytes()).for_each(|(byte, full)| *byte = *full);
    half
}

/// What a command says, in bytes: equal for equal commands only.
fn said(command: &Command) -> Vec<u8> {
    if let Command::Post { text, reply_to, mentions, mention_all } = command {
        // The hot path; the rest is rare.
        let mut bytes = Vec::with_capacity(text.len() + 32 + 16 * mentions.len());
        bytes.push(u8::from(*mention_all));
        bytes.extend_from_slice(&reply_to.map_or(0, |seq| seq.0).to_be_bytes());
        bytes.extend_from_slice(&mentions.len().to_be_bytes());
        for user in mentions {
            bytes.extend_from_slice(&user.bytes());
        }
        bytes.extend_from_slice(text.as_bytes());
        return bytes;
    }
    format!("{command:?}").into_bytes()
}
