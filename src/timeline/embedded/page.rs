//! Reading places: each asked for by its number, since seqs have no holes; shown as the view says.

use super::codes::{Sql, place, seq_of};
use super::entries::change;
use super::reader::Reader;
use super::rows::{operation_id_if_any, user_id_if_any};
use super::sight::{Opened, body, list};
use crate::authority::{Access, At, Entry, Time, View};
use crate::mutants::{self, Mutant};
use crate::sql::{Engine, Row};
use crate::timeline::{Row as Line, Stored, StoredReaction};
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{Seq, UserId};
use crosstalk_protocol::push::ResetReason;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Sealed bytes of one room in one answer: more than one frame takes. At more, the rest waits.
const ROOM_BYTES_MAX: usize = 96 << 10;
/// Sealed bytes of one answer.
const BYTES_MAX: usize = 4 << 20;
/// Places of one answer.
const PLACES_MAX: u64 = 10_000;
/// Reactions of one answer: more than the frames of all its rooms take.
const REACTIONS_MAX: i64 = 65_536;

/// A stretch of a room to be read, both ends included.
pub(super) struct Stretch {
    from: Seq,
    through: Seq,
    /// From the end on: what does not fit is left out at the beginning.
    backwards: bool,
    /// All from here to `from` is hidden from him, and is passed with it.
    passed_from: Seq,
    reset: Option<ResetReason>,
    cursor: Option<At>,
}

/// What was read of a room.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) lines: Vec<Line>,
    pub(super) reactions: Vec<StoredReaction>,
    pub(super) at: Option<At>,
    /// The last place passed on.
    pub(super) through: Seq,
    pub(super) reset: Option<ResetReason>,
    pub(super) more: bool,
}

/// A place as it was read: the cursor of it, and the entry if he may see it.
struct Seen {
    at: At,
    stored: Option<Stored>,
}

impl Stretch {
    /// What comes after a place, at most so many places.
    pub(super) fn after(seq: Seq, limit: u64, opened: &Opened, cursor: Option<At>) -> Self {
        // What lies before all that he may see is passed in one step.
        let hidden = opened.view.first().previous();
        let from = seq.next().max(hidden);
        let through = Seq(seq.0.max(from.0.saturating_sub(1)) + limit).min(opened.room.head);
        let passed_from = seq.next();
        Self { from, through, backwards: false, passed_from, reset: None, cursor }
    }

    /// What comes before a place, at most so many places, and none before all that he may see.
    pub(super) fn before(seq: Seq, limit: u64, opened: &Opened) -> Self {
        let through = seq.previous().min(opened.room.head);
        let from = Seq((through.0 + 1).saturating_sub(limit).max(1)).max(opened.view.first());
        let cursor = None;
        Self { from, through, backwards: true, passed_from: from, reset: None, cursor }
    }

    /// The latest, since the cursor can't be gone on from.
    pub(super) fn anew(reason: ResetReason, limit: u64, opened: &Opened) -> Self {
        let latest = Self::before(opened.room.head.next(), limit, opened);
        Self { reset: Some(reason), ..latest }
    }

    fn count(&self) -> u64 {
        (self.through.0 + 1).saturating_sub(self.from.0)
    }

    fn seqs(&self) -> Box<dyn Iterator<Item = Seq>> {
        let seqs = (self.from.0..=self.through.0).map(Seq);
        if self.backwards { Box::new(seqs.rev()) } else { Box::new(seqs) }
    }
}

impl Reader {
    /// Reads a stretch of each room.
    pub(super) fn rows(&self, stretches: &[(&Opened, Stretch)]) -> Sql<Vec<Rows>> {
        let mut places = Vec::new();
        let mut left = PLACES_MAX;
        for (index, (opened, stretch)) in stretches.iter().enumerate() {
            let take = stretch.count().min(left);
            left -= take;
            let take = usize::try_from(take).unwrap_or_default();
            places.extend(stretch.seqs().take(take).map(|seq| (index, place(opened.number, seq))));
        }
        let mut seen = self.see(stretches, &places)?;
        let mut lines = Vec::with_capacity(stretches.len());
        for (index, (opened, stretch)) in stretches.iter().enumerate() {
            lines.push(gather(opened, stretch, seen.remove(&index).unwrap_or_default()));
        }
        self.react(stretches, &mut lines)?;
        Ok(lines)
    }

    /// The places one after the other, by the index of their room.
    fn see(
        &self,
        stretches: &[(&Opened, Stretch)],
        places: &[(usize, i64)],
    ) -> Sql<HashMap<usize, Vec<Seen>>> {
        let mut seen: HashMap<usize, Vec<Seen>> = HashMap::new();
        if places.is_empty() {
            return Ok(seen);
        }
        let mut statement = match self.connection.engine() {
            Engine::Sqlite => self.statement(&ENTRIES)?,
            // There it is not said in which order a join answers.
            Engine::Postgres => self.statement(&format!("{} ORDER BY j.key", *ENTRIES))?,
        };
        let mut rows = statement.query([list(places.iter().map(|(_, place)| *place))])?;
        let mut bytes: HashMap<usize, usize> = HashMap::new();
        let mut total = 0;
        for (index, asked) in places {
            let Some(row) = rows.next()? else { return Err(crate::sql::Error::NoRows) };
            if row.get::<i64>(0)? != *asked {
                // Seqs have no holes: the store is damaged.
                return Err(crate::sql::Error::misplaced(0, *asked));
            }
            let of_room = bytes.entry(*index).or_default();
            if *of_room > ROOM_BYTES_MAX || total > BYTES_MAX {
                continue;
            }
            let Some((opened, _)) = stretches.get(*index) else { continue };
            let one = self.one_place(&opened.view, &row)?;
            let size = one.stored.as_ref().and_then(|it| it.body.as_ref());
            let size = size.map_or(0, |body| body.sealed.0.len());
            *of_room += size;
            total += size;
            seen.entry(*index).or_default().push(one);
        }
        Ok(seen)
    }

    fn one_place(&self, view: &View, row: &Row<'_>) -> Sql<Seen> {
        let at = at(row, self.epoch)?;
        let (change, access) = change_of(row)?;
        let shown = view.shows(at.seq, &change) || mutants::is(Mutant::PageWithoutView);
        if !shown {
            return Ok(Seen { at, stored: None });
        }
        Ok(Seen { at, stored: Some(stored(row, self.epoch, (change, access))?) })
    }

    /// The reactions that stand on the messages shown, where their own entry may be seen too.
    fn react(&self, stretches: &[(&Opened, Stretch)], lines: &mut [Rows]) -> Sql<()> {
        let mut of_room: HashMap<i64, usize> = HashMap::new();
        let mut places = Vec::new();
        for (index, ((opened, _), lines)) in stretches.iter().zip(lines.iter()).enumerate() {
            of_room.insert(opened.number, index);
            let posted = lines.lines.iter().filter_map(|line| match line {
                Line::Entry(stored) => {
                    matches!(stored.entry.change, Change::Posted { .. }).then_some(stored.entry.seq)
                }
                Line::Passed(..) => None,
            });
            places.extend(posted.map(|seq| place(opened.number, seq)));
        }
        if places.is_empty() {
            return Ok(());
        }
        let mut statement = self.statement(
            "SELECT x.place, x.seq, p.id, e.body, p.id, e.client FROM json_each(?1) j \
             CROSS JOIN reaction x ON x.place = CAST(j.value AS BIGINT) \
             JOIN person p ON p.person = x.person \
             JOIN entry e ON e.place = ((x.place >> 40) << 40) | x.seq LIMIT ?2",
        )?;
        let mut rows = statement.query((list(places.into_iter()), REACTIONS_MAX))?;
        while let Some(row) = &rows.next()? {
            let target: i64 = row.get(0)?;
            let Some(index) = of_room.get(&(target >> 40)) else { continue };
            let Some(((opened, _), lines)) = stretches.get(*index).zip(lines.get_mut(*index))
            else {
                continue;
            };
            let own = super::codes::seq(row.get(1)?);
            let user = super::rows::user_id(row, 2)?;
            if let Some(body) = body(row, 3)?.filter(|_| opened.view.covers(own)) {
                lines.reactions.push(StoredReaction { target: seq_of(target), user, body });
            }
        }
        Ok(())
    }
}

/// What a place is read from. 0 place, 1 author, 2 kind, 3 time, 4 tag, 5 detail, 6 client, 7
/// target, 8 body with author and operation, 11 the target's, 14 the target's version, 15 the own.
pub(super) const ENTRY_COLUMNS: &str = "
    e.place, p.id, e.kind, e.time, e.tag, e.detail, e.client, e.target,
    e.body, p.id, coalesce(e.sealed_by, e.client),
    t.body, p.id, coalesce(t.sealed_by, t.client), t.version, e.version";
/// The column after them.
pub(super) const ROOM_COLUMN: usize = 16;
/// Where they come from, besides the entry itself.
pub(super) const ENTRY_SOURCES: &str = "
      LEFT JOIN person p ON p.person = e.author
      LEFT JOIN entry t ON e.kind = 11 AND t.place = e.target";

static ENTRIES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY_COLUMNS} FROM json_each(?1) j \
         CROSS JOIN entry e ON e.place = CAST(j.value AS BIGINT) {ENTRY_SOURCES}"
    )
});

fn at(row: &Row<'_>, epoch: u64) -> Sql<At> {
    Ok(At { epoch, seq: seq_of(row.get(0)?), tag: row.get::<i64>(4)?.cast_unsigned() })
}

/// What happened at a place, with the access numbers it noted.
pub(super) fn change_of(row: &Row<'_>) -> Sql<(Change, Vec<(UserId, Access)>)> {
    change(row.get(2)?, operation_id_if_any(row, 6)?, row.text(5)?, row.get(7)?)
}

/// An entry, of which is known what happened.
pub(super) fn stored(
    row: &Row<'_>,
    epoch: u64,
    (change, access): (Change, Vec<(UserId, Access)>),
) -> Sql<Stored> {
    let at = at(row, epoch)?;
    // An edit shows the text of its target as it stands now.
    let is_edit = matches!(change, Change::Edited { .. });
    let body = body(row, if is_edit { 11 } else { 8 })?;
    let version = if is_edit { row.get(14)? } else { row.get(15)? };
    let entry = Entry {
        seq: at.seq,
        time: Time(row.get(3)?),
        tag: at.tag,
        author: user_id_if_any(row, 1)?,
        change,
        access,
    };
    Ok(Stored { entry, at, body, version })
}

/// The places of a room in order, hidden ones merged.
fn gather(opened: &Opened, stretch: &Stretch, mut seen: Vec<Seen>) -> Rows {
    if stretch.backwards {
        seen.reverse();
    }
    let first = seen.first().map(|one| one.at.seq);
    let at = seen.last().map(|one| one.at).or(stretch.cursor);
    let mut rows: Vec<Line> = Vec::with_capacity(seen.len());
    for Seen { at, stored } in seen {
        match (stored, rows.last_mut()) {
            (Some(stored), _) => rows.push(Line::Entry(stored)),
            (None, Some(Line::Passed(_, through, last))) => (*through, *last) = (at.seq, at),
            (None, _) => rows.push(Line::Passed(at.seq, at.seq, at)),
        }
    }
    if let Some(Line::Passed(from, ..)) = rows.first_mut()
        && *from == stretch.from
    {
        *from = stretch.passed_from;
    }
    let more = if stretch.backwards && stretch.reset.is_none() {
        first.unwrap_or(stretch.from) > opened.view.first().max(Seq(1))
    } else {
        at.is_some_and(|at| at.seq < opened.room.head)
    };
    let through = at.map_or(opened.room.head, |at| at.seq);
    Rows { lines: rows, reactions: Vec::new(), at, through, reset: stretch.reset, more }
}
