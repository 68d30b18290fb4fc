//! Resume, page, list, about, pins: what a person wants of rooms.

use super::codes::{POSTED, Sql, place};
use super::page::{Rows, Stretch};
use super::reader::{Asker, Reader, one_room};
use super::sight::{Opened, Wanted, rooms_after};
use crate::authority::{At, Refusal};
use crate::mutants::{self, Mutant};
use crate::timeline::{Place, Range, Read, Row};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::push::ResetReason;
use crosstalk_protocol::words::Feature;
use std::sync::Arc;

/// Unread messages are counted up to here.
const UNREAD_MAX: i64 = 1_000;
/// Pinned messages that are shown.
const PINS_MAX: i64 = 200;

impl Reader {
    /// What was missed in these rooms. However many they are, it takes four statements with the one
    /// that says who asks: rooms and stints, entries, reactions.
    pub(super) fn resume(&self, asker: &Asker, places: &[Place]) -> Sql<Read> {
        let wanted: Vec<Wanted> = places
            .iter()
            .map(|place| Wanted { room: place.room, cursor: place.at.map(|at| at.seq) })
            .collect();
        let opened = self.open(asker, &wanted)?;
        let stretches: Vec<(&Opened, Stretch)> = opened
            .iter()
            .zip(places)
            .filter_map(|(opened, place)| opened.as_ref().ok().map(|it| (it, place)))
            .map(|(opened, place)| (opened, self.missed(opened, place)))
            .collect();
        let mut rows = self.rows(&stretches)?.into_iter();
        drop(stretches);
        let rooms = opened.into_iter().zip(places).map(|(opened, place)| {
            let rows = opened.is_ok().then(|| rows.next()).flatten().unwrap_or_default();
            (place.room, opened.map(|opened| Self::sight(asker, opened, rows)))
        });
        Ok(Read { rooms: rooms.collect(), more: false, people: Vec::new(), readers: Vec::new() })
    }

    /// From the cursor on; or the latest, where the cursor is not what the store says.
    fn missed(&self, opened: &Opened, place: &Place) -> Stretch {
        let limit = u64::from(self.options.resume_places_max);
        match self.good_cursor(opened, place) {
            Ok(at) => Stretch::after(at.seq, limit, opened, Some(at)),
            Err(reason) => Stretch::anew(reason, u64::from(self.options.first_places_max), opened),
        }
    }

    /// A cursor is a hint, believed by nobody: epoch, stint and tag must be the store's.
    fn good_cursor(&self, opened: &Opened, place: &Place) -> Result<At, ResetReason> {
        let at = place.at.ok_or(ResetReason::First)?;
        if at.epoch != self.epoch {
            return Err(ResetReason::Epoch);
        }
        let beyond = at.seq > opened.room.head;
        if mutants::is(Mutant::CursorNotRechecked) && !beyond {
            return Ok(at);
        }
        if place.stint != Some(opened.view.stint()) {
            return Err(ResetReason::Stint);
        }
        if beyond || opened.cursor_tag != Some(at.tag) {
            return Err(ResetReason::Place);
        }
        Ok(at)
    }

    /// A page of the past.
    pub(super) fn page(&self, asker: &Asker, room: RoomId, range: Range, limit: u32) -> Sql<Read> {
        let opened = match self.one(asker, room)? {
            Ok(opened) => opened,
            Err(refusal) => return Ok(one_room(room, Err(refusal))),
        };
        let limit = u64::from(limit.clamp(1, self.options.page_places_max));
        let stretch = match range {
            Range::Latest => Stretch::before(opened.room.head.next(), limit, &opened),
            Range::Before(seq) => Stretch::before(seq.min(Seq::MAX), limit, &opened),
            Range::After(seq) => Stretch::after(seq.min(opened.room.head), limit, &opened, None),
        };
        let rows = self.rows(&[(&opened, stretch)])?.pop().unwrap_or_default();
        Ok(one_room(room, Ok(Self::sight(asker, opened, rows))))
    }

    /// The rooms that he is in, in the order of their ids.
    pub(super) fn list(&self, asker: &Asker, after: Option<RoomId>, limit: u32) -> Sql<Read> {
        let limit = usize::try_from(limit.clamp(1, self.options.page_places_max)).unwrap_or(1);
        let mut ids = rooms_after(self, asker, after, limit + 1)?;
        let more = ids.len() > limit;
        ids.truncate(limit);
        let wanted: Vec<Wanted> =
            ids.into_iter().map(|room| Wanted { room, cursor: None }).collect();
        let mut opened: Vec<Opened> =
            self.open(asker, &wanted)?.into_iter().filter_map(Result::ok).collect();
        self.title(&mut opened)?;
        self.count_unread(asker, &mut opened)?;
        let rooms = opened
            .into_iter()
            .map(|opened| (opened.room.id, Ok(Self::sight(asker, opened, Rows::default()))));
        Ok(Read { rooms: rooms.collect(), more, people: Vec::new(), readers: Vec::new() })
    }

    /// Visible messages of others, not unsent, above his mark, at most 1,000 a room.
    fn count_unread(&self, asker: &Asker, opened: &mut [Opened]) -> Sql<()> {
        let mut spans = Vec::new();
        for (index, it) in opened.iter().enumerate() {
            if it.view.hidden().has(Feature::Message) {
                continue;
            }
            for (from, through) in visible(it) {
                let (from, through) = (place(it.number, from), place(it.number, through));
                spans.push(format!("[{index},{from},{through}]"));
            }
        }
        let spans = format!("[{}]", spans.join(","));
        let mut statement = self.statement(
            "SELECT CAST(j.value ->> 0 AS BIGINT), (SELECT count(*) FROM (SELECT 1 FROM entry \
             WHERE place BETWEEN CAST(j.value ->> 1 AS BIGINT) AND CAST(j.value ->> 2 AS BIGINT) AND kind = ?2 AND author <> ?1 \
             AND body IS NOT NULL LIMIT ?3) x) FROM json_each(?4) j",
        )?;
        let mut found = statement.query((asker.number, POSTED, UNREAD_MAX, spans))?;
        while let Some(row) = &found.next()? {
            let index: i64 = row.get(0)?;
            let count: i64 = row.get(1)?;
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            if let Some(it) = opened.get_mut(index) {
                let sum = (i64::from(it.unread) + count).min(UNREAD_MAX);
                it.unread = u32::try_from(sum).unwrap_or_default();
            }
        }
        Ok(())
    }

    /// What a room is, with all its members.
    pub(super) fn about(&self, asker: &Asker, room: RoomId) -> Sql<Read> {
        let mut opened = match self.one(asker, room)? {
            Ok(opened) => opened,
            Err(refusal) => return Ok(one_room(room, Err(refusal))),
        };
        self.title(std::slice::from_mut(&mut opened))?;
        let mut whole = (*opened.room).clone();
        for present in self.present(&opened)? {
            if present.master {
                whole.masters.insert(present.user);
            }
            whole.members.insert(present.user, present.member);
        }
        opened.room = Arc::new(whole);
        Ok(one_room(room, Ok(Self::sight(asker, opened, Rows::default()))))
    }

    /// The pinned messages that he can see, oldest pin first.
    pub(super) fn pins(&self, asker: &Asker, room: RoomId) -> Sql<Read> {
        let opened = match self.with_messages(asker, room)? {
            Ok(opened) => opened,
            Err(refusal) => return Ok(one_room(room, Err(refusal))),
        };
        let mut statement = self.statement(
            "SELECT place FROM pin WHERE place BETWEEN ?1 AND ?2 ORDER BY seq LIMIT ?3",
        )?;
        let (first, last) = super::facts::whole_room(opened.number);
        let pinned: Vec<i64> = statement.query_map((first, last, PINS_MAX), |row| row.get(0))?;
        let stretches: Vec<(&Opened, Stretch)> = pinned
            .into_iter()
            .map(|place| (&opened, Stretch::before(super::codes::seq_of(place).next(), 1, &opened)))
            .collect();
        let mut rows = Rows { through: opened.room.head, ..Rows::default() };
        for pin in self.rows(&stretches)? {
            rows.lines.extend(pin.lines.into_iter().filter(|row| matches!(row, Row::Entry(_))));
        }
        drop(stretches);
        Ok(one_room(room, Ok(Self::sight(asker, opened, rows))))
    }

    /// A room in which messages are on for him (R12).
    pub(super) fn with_messages(
        &self,
        asker: &Asker,
        room: RoomId,
    ) -> Sql<Result<Opened, Refusal>> {
        let opened = self.one(asker, room)?;
        let off = |opened: &Opened| opened.view.hidden().has(Feature::Message);
        Ok(match opened {
            Ok(opened) if off(&opened) => Err(RefusalCode::FeatureOff.into()),
            other => other,
        })
    }
}

/// The stretches above his mark that he may see: cut where a stint of his begins or ends, each is
/// visible as a whole or not at all.
fn visible(opened: &Opened) -> Vec<(Seq, Seq)> {
    let from = opened.read.next().max(opened.view.first());
    let head = opened.room.head;
    let mut cuts: Vec<Seq> = opened
        .stints
        .iter()
        .flat_map(|stint| [Some(stint.start), stint.end])
        .flatten()
        .filter(|cut| from < *cut && *cut <= head)
        .chain([from, head.next()])
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    let stretches = cuts.iter().zip(cuts.iter().skip(1));
    let stretches = stretches.map(|(from, next)| (*from, next.previous()));
    stretches.filter(|(from, through)| from <= through && opened.view.covers(*from)).collect()
}
