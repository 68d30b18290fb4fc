//! Folding one timeline anew, by nothing but its entries.

use super::super::codes::{Sql, place, seq_of, target_of};
use super::super::entries::change;
use super::super::facts::whole_room;
use super::super::rows::{operation_id_if_any, user_id_if_any};
use super::Report;
use crate::authority::{Addressed, Entry, Room, Stint, Time, notices};
use crate::sql::{Connection, Row};
use crosstalk_protocol::entry::{Change, LeftOut};
use crosstalk_protocol::ids::{RoomId, UserId};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What a timeline says by itself.
pub(super) struct Folded {
    pub(super) room: Room,
    pub(super) stints: BTreeMap<UserId, Vec<Stint>>,
    /// Pinned places, with the seq of the pin.
    pub(super) pins: BTreeMap<i64, i64>,
    /// How many reactions stand on a place.
    pub(super) reactions: BTreeMap<i64, i64>,
    /// How often the message at a place was edited.
    pub(super) edits: BTreeMap<i64, i64>,
    /// Messages that were unsent.
    pub(super) unsent: BTreeSet<i64>,
    /// Who was left out, and by which entry.
    pub(super) named: BTreeSet<(UserId, i64)>,
    /// The entries that set name or description.
    pub(super) titles: Vec<i64>,
    pub(super) notices: Vec<Addressed>,
    number: i64,
    /// Ids of talk: each author's own.
    ids: HashSet<(Option<UserId>, [u8; 16])>,
    last_id: i64,
}

/// An entry and what its row says beside it.
struct Kept {
    id: i64,
    entry: Entry,
    client: Option<[u8; 16]>,
    answered: bool,
    body: bool,
}

/// Folds the entries of a room, and says what is wrong with them.
pub(super) fn fold(
    connection: &Connection,
    id: RoomId,
    number: i64,
    report: &mut Report,
) -> Sql<Folded> {
    let mut folded = Folded {
        room: Room::blank(id),
        stints: BTreeMap::new(),
        pins: BTreeMap::new(),
        reactions: BTreeMap::new(),
        edits: BTreeMap::new(),
        unsent: BTreeSet::new(),
        named: BTreeSet::new(),
        titles: Vec::new(),
        notices: Vec::new(),
        number,
        ids: HashSet::new(),
        last_id: 0,
    };
    let mut statement = connection.prepare_cached(
        "SELECT e.place, p.id, e.kind, e.time, e.tag, e.detail, e.client, e.target, e.id, \
           e.body IS NOT NULL, EXISTS (SELECT 1 FROM operation o WHERE o.client = e.client \
             AND o.author = coalesce(e.author, o.author) AND (o.room = ?3 OR o.made = ?3)) \
         FROM entry e LEFT JOIN person p ON p.person = e.author \
         WHERE e.place BETWEEN ?1 AND ?2 ORDER BY e.place",
    )?;
    let (first, last) = whole_room(number);
    let mut found = statement.query((first, last, number))?;
    while let Some(row) = &found.next()? {
        let kept = read(row)?;
        let seq = kept.entry.seq;
        if seq != folded.room.head.next() {
            report.fault(format!("room {id}: a hole before place {seq}"));
            break;
        }
        folded.take(&kept, report);
    }
    // A message that was unsent has no reactions; none is the same as no row.
    folded.reactions.retain(|_, count| *count != 0);
    Ok(folded)
}

fn read(row: &Row<'_>) -> Sql<Kept> {
    let detail = row.text(5)?;
    let (change, access) = change(row.get(2)?, operation_id_if_any(row, 6)?, detail, row.get(7)?)?;
    let entry = Entry {
        seq: seq_of(row.get(0)?),
        time: Time(row.get(3)?),
        tag: row.get::<i64>(4)?.cast_unsigned(),
        author: user_id_if_any(row, 1)?,
        change,
        access,
    };
    Ok(Kept {
        id: row.get(8)?,
        entry,
        client: row.get(6)?,
        answered: row.get(10)?,
        body: row.get(9)?,
    })
}

impl Folded {
    fn take(&mut self, kept: &Kept, report: &mut Report) {
        let Kept { entry, .. } = kept;
        let (id, seq) = (self.room.id, entry.seq);
        let in_order = kept.id > std::mem::replace(&mut self.last_id, kept.id);
        report
            .expect(in_order, || format!("room {id}: place {seq} is out of the order of commits"));
        let talk = entry.change.feature().is_some();
        if let Some(client) = kept.client {
            let own = !talk || self.ids.insert((entry.author, client));
            report.expect(own, || format!("room {id}: place {seq} repeats an id"));
            let answered = talk || kept.answered;
            report.expect(answered, || format!("room {id}: the answer of place {seq} is lost"));
        }
        self.notices.extend(notices(&self.room, seq, &entry.change));
        if talk {
            self.talk(kept);
        } else {
            self.begin_and_end(entry);
            let left_out = left_out_by(&entry.change).iter();
            self.named.extend(left_out.map(|one| (one.user, seq.0.cast_signed())));
        }
        self.room.apply(entry);
        if kept.body && !talk {
            self.titles.push(seq.0.cast_signed());
        }
        for (user, member) in &self.room.members {
            if member.stint == seq {
                let stint =
                    Stint { start: seq, end: None, history: member.history, severed: false };
                self.stints.entry(*user).or_default().push(stint);
            }
        }
    }

    fn talk(&mut self, kept: &Kept) {
        let Some(target) = target_of(&kept.entry.change) else { return };
        let target = place(self.number, target);
        let seq = kept.entry.seq.0.cast_signed();
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others have no target")]
        match &kept.entry.change {
            Change::Edited { .. } => *self.edits.entry(target).or_default() += 1,
            Change::Unsent { .. } => {
                self.unsent.insert(target);
                self.reactions.remove(&target);
                self.pins.remove(&target);
            }
            Change::Pinned { on: true, .. } => drop(self.pins.insert(target, seq)),
            Change::Pinned { on: false, .. } => drop(self.pins.remove(&target)),
            Change::Reacted { on, .. } => {
                *self.reactions.entry(target).or_default() += if *on { 1 } else { -1 };
            }
            _ => {}
        }
    }

    /// Stints that this entry ends.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these two end stints")]
    fn begin_and_end(&mut self, entry: &Entry) {
        let (ended, severed): (Vec<UserId>, bool) = match &entry.change {
            Change::Removed { users, cause } => (users.clone(), Room::severs(*cause)),
            Change::Deleted => (self.room.members.keys().copied().collect(), false),
            _ => return,
        };
        for user in ended {
            if let Some(last) = self.stints.get_mut(&user).and_then(|stints| stints.last_mut()) {
                last.end = Some(entry.seq);
                last.severed = severed;
            }
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only these three leave people out")]
fn left_out_by(change: &Change) -> &[LeftOut] {
    match change {
        Change::Created { left_out, .. }
        | Change::Converted { left_out, .. }
        | Change::Added { left_out, .. } => left_out,
        _ => &[],
    }
}
