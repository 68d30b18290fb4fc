//! Opening views: rooms, stints and marks of one person, for any number of rooms in one statement.

use super::codes::{Sql, history_of, kind_of, place, seq};
use super::entries::seq_if_any;
use super::reader::{Asker, Reader};
use super::rows::{self, ROOM_COLUMNS, RoomRow, company_id, operation_id_if_any, room_columns};
use super::rows::{room_id, user_id_if_any};
use crate::authority::{At, Member, Refusal, Room, Stint, View};
use crate::keys::Sealed;
use crate::sql::Row;
use crate::timeline::Body;
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::words::{Features, RoomKind};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

/// A room that somebody wants to see, and the place of his cursor.
pub(super) struct Wanted {
    pub(super) room: RoomId,
    pub(super) cursor: Option<Seq>,
}

/// A room that he may see.
pub(super) struct Opened {
    pub(super) number: i64,
    pub(super) room: Arc<Room>,
    pub(super) view: View,
    /// All his stints in it.
    pub(super) stints: Vec<Stint>,
    pub(super) head_at: At,
    /// The tag of the entry at the cursor's place, if there is one.
    pub(super) cursor_tag: Option<u64>,
    pub(super) read: Seq,
    pub(super) unread: u32,
    pub(super) locked: Features,
    /// The seqs of the entries that named and described it.
    pub(super) titles: [Option<Seq>; 2],
    pub(super) name: Option<Body>,
    pub(super) description: Option<Body>,
}

/// What one row says of a room.
struct Found {
    row: RoomRow,
    owner_disabled: Features,
    head_tag: i64,
    cursor_tag: Option<i64>,
    mark: Option<i64>,
    member: Option<(Member, bool)>,
    stint: Stint,
}

impl Reader {
    /// The rooms as this person sees them, in the order asked.
    pub(super) fn open(
        &self,
        asker: &Asker,
        wanted: &[Wanted],
    ) -> Sql<Vec<Result<Opened, Refusal>>> {
        let mut statement = self.statement(concat!(
            "SELECT ",
            room_columns!(),
            ", o.disabled, (SELECT tag FROM entry WHERE place BETWEEN r.room << 40 AND \
             (r.room << 40) | 1099511627775 ORDER BY place DESC LIMIT 1), \
             (SELECT tag FROM entry WHERE place = (r.room << 40) | CAST(j.value ->> 1 AS BIGINT)), m.seq, \
             s.start, s.ended, s.history, s.severed, s.guest, s.master, s.person_outside, \
             s.person_whole, s.company_outside, s.company_whole, j.key \
             FROM json_each(?1) j CROSS JOIN room r ON r.id = unhex(j.value ->> 0) \
             JOIN stint s ON s.room = r.room AND s.person = ?2 \
             JOIN company o ON o.company = r.owner LEFT JOIN person f ON f.person = r.founder \
             LEFT JOIN mark m ON m.room = r.room AND m.person = ?2 ORDER BY j.key, s.start"
        ))?;
        let mut rows = statement.query((asked(wanted), asker.number))?;
        let mut found: HashMap<usize, Vec<Found>> = HashMap::new();
        while let Some(row) = &rows.next()? {
            let index: i64 = row.get(ROOM_COLUMNS + 14)?;
            let index = usize::try_from(index).unwrap_or_default();
            found.entry(index).or_default().push(read(asker, row)?);
        }
        let opened = (0..wanted.len()).map(|index| {
            found
                .remove(&index)
                .map_or_else(|| Err(Refusal::not_found()), |it| self.opened(asker, it))
        });
        Ok(opened.collect())
    }

    /// The view, from the rows of one room: one row a stint, oldest first.
    fn opened(&self, asker: &Asker, found: Vec<Found>) -> Result<Opened, Refusal> {
        let stints: Vec<Stint> = found.iter().map(|found| found.stint).collect();
        let Found { row, owner_disabled, head_tag, cursor_tag, mark, member, .. } =
            found.into_iter().next_back().ok_or_else(Refusal::not_found)?;
        let mut room = row.room;
        if let Some((member, master)) = member {
            room.members.insert(asker.person.id, member);
            if master {
                room.masters.insert(asker.person.id);
            }
        }
        let locked = if room.kind == RoomKind::Group { owner_disabled } else { Features::NONE };
        let disabled = locked.union(asker.company.disabled);
        let view = View::open(&room, asker.standing(), &stints, disabled, Seq::ZERO)?;
        let waiting = self.marks.waiting(row.number, asker.number).min(room.head);
        Ok(Opened {
            number: row.number,
            head_at: At { epoch: self.epoch, seq: room.head, tag: head_tag.cast_unsigned() },
            room: Arc::new(room),
            view,
            stints,
            cursor_tag: cursor_tag.map(i64::cast_unsigned),
            read: seq(mark.unwrap_or_default()).max(waiting),
            unread: 0,
            locked,
            titles: [row.named, row.described].map(seq_if_any),
            name: None,
            description: None,
        })
    }

    /// Reads names and descriptions of opened rooms.
    pub(super) fn title(&self, opened: &mut [Opened]) -> Sql<()> {
        let places = opened
            .iter()
            .flat_map(|it| it.titles.iter().flatten().map(|seq| place(it.number, *seq)));
        let mut statement = self.statement(
            "SELECT e.place, e.body, p.id, e.client FROM json_each(?1) j \
             CROSS JOIN entry e ON e.place = CAST(j.value AS BIGINT) LEFT JOIN person p ON p.person = e.author",
        )?;
        let mut rows = statement.query([list(places)])?;
        let mut bodies = HashMap::new();
        while let Some(row) = &rows.next()? {
            if let Some(body) = body(row, 1)? {
                bodies.insert(row.get::<i64>(0)?, body);
            }
        }
        for it in opened {
            let [name, description] =
                it.titles.map(|seq| bodies.get(&place(it.number, seq?)).cloned());
            it.name = name;
            it.description = description;
        }
        Ok(())
    }
}

fn read(asker: &Asker, row: &Row<'_>) -> Sql<Found> {
    let from = ROOM_COLUMNS;
    let stint = Stint {
        start: seq(row.get(from + 4)?),
        end: seq_if_any(row.get(from + 5)?),
        history: history_of(row.get(from + 6)?),
        severed: row.get(from + 7)?,
    };
    let member = Member {
        company: asker.company.id,
        guest: row.get(from + 8)?,
        stint: stint.start,
        history: stint.history,
        access: rows::access(row, from + 10)?,
    };
    let master: bool = row.get(from + 9)?;
    Ok(Found {
        row: rows::room(row, 0)?,
        owner_disabled: super::codes::features_of(row.get(from)?),
        head_tag: row.get::<Option<i64>>(from + 1)?.unwrap_or_default(),
        cursor_tag: row.get(from + 2)?,
        mark: row.get(from + 3)?,
        member: stint.end.is_none().then_some((member, master)),
        stint,
    })
}

/// Rooms and cursors as a list that SQL reads.
fn asked(wanted: &[Wanted]) -> String {
    let mut text = String::with_capacity(64 * wanted.len() + 2);
    text.push('[');
    for (index, one) in wanted.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let room = one.room.0.simple();
        // Writing into a string can't fail.
        let _written = match one.cursor {
            Some(seq) => write!(text, "{comma}[\"{room}\",{seq}]"),
            None => write!(text, "{comma}[\"{room}\",null]"),
        };
    }
    text.push(']');
    text
}

/// Numbers as a list that SQL reads.
pub(super) fn list(numbers: impl Iterator<Item = i64>) -> String {
    let mut text = String::from("[");
    for number in numbers {
        if text.len() > 1 {
            text.push(',');
        }
        // Writing into a string can't fail.
        let _written = write!(text, "{number}");
    }
    text.push(']');
    text
}

/// Body, author and operation in three columns.
pub(super) fn body(row: &Row<'_>, from: usize) -> Sql<Option<Body>> {
    let sealed: Option<Vec<u8>> = row.get(from)?;
    let operation = operation_id_if_any(row, from + 2)?;
    let author = user_id_if_any(row, from + 1)?;
    Ok(sealed.zip(operation).map(|(sealed, operation)| Body {
        sealed: Sealed(sealed),
        author,
        operation,
    }))
}

/// The rooms that somebody is in, after one of them, in the order of their ids. Where his access has
/// ended (R19) he is in none, though the job that writes it has not come there: counted with the
/// others, such rooms would tell how many they are, and leave pages without a last room to go on from.
pub(super) fn rooms_after(
    reader: &Reader,
    asker: &Asker,
    after: Option<RoomId>,
    limit: usize,
) -> Sql<Vec<RoomId>> {
    let mut statement = reader.statement(
        "SELECT r.id, r.kind, s.person_outside, s.person_whole, s.company_outside, \
         s.company_whole, p.outside, p.whole, c.outside, c.whole FROM stint s \
         JOIN room r ON r.room = s.room JOIN person p ON p.person = s.person \
         JOIN company c ON c.company = s.company \
         WHERE s.person = ?1 AND s.ended IS NULL AND (r.id > ?2 OR ?2 IS NULL) ORDER BY r.id",
    )?;
    let mut found = statement.query((asker.number, after.map(RoomId::bytes)))?;
    let mut rooms = Vec::new();
    while rooms.len() < limit
        && let Some(row) = found.next()?
    {
        let (noted, now) = (rows::access(&row, 2)?, rows::access(&row, 6)?);
        if noted.holds(now, kind_of(row.get(1)?).is_outside()) {
            rooms.push(room_id(&row, 0)?);
        }
    }
    Ok(rooms)
}

/// Names of companies, for who is shown with his.
pub(super) fn company_and_name(
    row: &Row<'_>,
    from: usize,
) -> Sql<(crosstalk_protocol::ids::CompanyId, String)> {
    Ok((company_id(row, from)?, row.get(from + 1)?))
}
