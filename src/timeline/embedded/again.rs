//! Telling a repetition (R29): what an operation id did before, for the same author.

use super::codes::{Sql, last_place, place, seq_of};
use super::rows::room_id;
use crate::authority::Earlier;
use crate::mutants::{self, Mutant};
use crate::sql::{Row, Statement};
use crosstalk_protocol::entry::LeftOut;
use crosstalk_protocol::ids::{OperationId, RoomId, Seq, UserId};
use serde::{Deserialize, Serialize};
use std::hash::Hasher;

/// 15 bits stand beside the 48 of an id's time.
const HASH_BITS: u64 = 15;

/// Whose id it is, and where: of a creation the room is 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    pub(super) room: i64,
    pub(super) author: i64,
    pub(super) operation: OperationId,
    /// What [`Numbers::of`] makes of these three.
    pub(super) again: i64,
}

/// Makes the numbers by which repetitions are found: in the order of the ids' time, so that new
/// ones fall into the last pages of the index, whatever the room. The hash is keyed, or one author
/// could send thousands of ids with the same number, and each look would walk them all.
pub(super) struct Numbers(u64, u64);

impl Numbers {
    pub(super) fn new(key: [u8; 16]) -> Self {
        let [one, other] = [&key[..8], &key[8..]]
            .map(|half| half.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte)));
        Self(one, other)
    }

    pub(super) fn of(&self, room: i64, author: i64, operation: OperationId) -> Scope {
        #[expect(deprecated, reason = "the library's only hash with a key; SipHash-2-4 for good")]
        let mut hasher = std::hash::SipHasher::new_with_keys(self.0, self.1);
        hasher.write_i64(room);
        hasher.write_i64(author);
        hasher.write(&operation.bytes());
        let hash = hasher.finish() & ((1 << HASH_BITS) - 1);
        let time = operation.0.as_u128() >> 80;
        let time = u64::try_from(time).unwrap_or_default();
        Scope { room, author, operation, again: first_number(time) | hash.cast_signed() }
    }
}

/// The lowest number of ids of this time, in milliseconds.
pub(super) fn first_number(millis: u64) -> i64 {
    (millis << HASH_BITS).cast_signed()
}

/// Who was left out and for whom nothing changed, as an answer's row keeps them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct PeopleOfAnswer {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<LeftOut>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) unchanged: Vec<UserId>,
}

/// What an id did before.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) earlier: Earlier,
    /// The room that a creation made.
    pub(super) made: Option<RoomId>,
}

/// Talk is found by its entry, everything else by its row of answers.
pub(super) const SELECT_AGAIN: &str = "
    SELECT place, content, 0, NULL, NULL FROM entry
     WHERE again = ?1 AND client = ?2 AND author = ?3 AND place BETWEEN ?5 AND ?6
    UNION ALL
    SELECT o.seq, o.content, o.farewell, o.people, r.id
      FROM operation o LEFT JOIN room r ON r.room = o.made
     WHERE o.again = ?1 AND o.client = ?2 AND o.author = ?3 AND o.room = ?4";

/// What the same id did before, if it did.
pub(super) fn before(
    statement: &mut Statement<'_>,
    scope: &Scope,
    fingerprint: &[u8; 16],
) -> Sql<Option<Before>> {
    if mutants::is(Mutant::DedupeOff) {
        return Ok(None);
    }
    let (first, last) = (place(scope.room, Seq::ZERO), last_place(scope.room));
    let client = scope.operation.bytes();
    let values = (scope.again, client, scope.author, scope.room, first, last);
    let mut found = statement.query(values)?;
    found.next()?.map(|row| read(&row, fingerprint)).transpose()
}

fn read(row: &Row<'_>, fingerprint: &[u8; 16]) -> Sql<Before> {
    let content: [u8; 16] = row.get(1)?;
    let people: Option<String> = row.get(3)?;
    let people = people.map(|people| serde_json::from_str(&people)).transpose();
    let people: PeopleOfAnswer = people.map_err(super::entries::unreadable)?.unwrap_or_default();
    let earlier = Earlier {
        same: content == *fingerprint,
        seq: seq_of(row.get(0)?),
        farewell: row.get(2)?,
        left_out: people.left_out,
        unchanged: people.unchanged,
    };
    let made = !row.is_null(4)?;
    Ok(Before { earlier, made: if made { Some(room_id(row, 4)?) } else { None } })
}
