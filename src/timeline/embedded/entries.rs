//! Writing an entry, and what talk makes of other rows; reading it back.

use super::again::Scope;
use super::codes::{
    POSTED, REACTED, REACTION_TAKEN_BACK, Sql, brief_change, change_code, place, seq, target_of,
};
use super::meta::random;
use super::rooms::Held;
use super::writer::Writer;
use crate::authority::{Access, At, Command, Draft, Entry, notices};
use crate::keys::Sealed;
use crate::timeline::Live;
use crosstalk_protocol::entry::{Change, Content};
use crosstalk_protocol::ids::{OperationId, Seq, UserId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub(super) const INSERT_ENTRY: &str = "
    INSERT INTO entry (id, place, author, kind, time, tag, client, content, detail, target, body, again)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// So many tags are drawn at once.
const TAGS: usize = 128;

/// Random tags of entries. They tell a restored timeline from the one before it; nobody's secret
/// hangs on them, so they may be drawn ahead.
#[derive(Default)]
pub(super) struct Tags(Vec<u64>);

impl Tags {
    fn next(&mut self) -> u64 {
        if self.0.is_empty() {
            let bytes: [u8; TAGS * 8] = random();
            self.0 = bytes.as_chunks().0.iter().map(|tag| u64::from_be_bytes(*tag)).collect();
        }
        self.0.pop().unwrap_or_default()
    }
}

/// What a command brings along for the entry that takes its content.
pub(super) struct Carried<'a> {
    pub(super) command: &'a Command,
    /// Under which id, for whom; `None` where a rule acts.
    pub(super) scope: Option<Scope>,
    pub(super) fingerprint: [u8; 16],
    pub(super) content: Option<Arc<Content>>,
    pub(super) sealed: Option<Sealed>,
    pub(super) mark: [u8; 16],
}

/// A change as its column keeps it, with the access numbers of the stints it begins.
#[derive(Debug, Serialize, Deserialize)]
struct Detail {
    change: Change,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    access: Vec<(UserId, [u32; 4])>,
}

impl Writer<'_> {
    /// Writes a draft as the room's next entry, with all that follows from it.
    pub(super) fn write_draft(
        &mut self,
        held: &mut Held,
        draft: Draft,
        carried: &Carried<'_>,
    ) -> Sql<()> {
        let entry = Entry {
            seq: held.room.head.next(),
            time: self.now,
            tag: self.tags.next(),
            author: draft.author,
            change: draft.change,
            access: draft.access,
        };
        let addressed = notices(&held.room, entry.seq, &entry.change);
        self.insert(held.number, &entry, draft.content, carried)?;
        let mut version = 0;
        if entry.change.feature().is_some() {
            version = self.talk(held.number, &entry, carried)?;
            held.room.apply(&entry);
        } else {
            self.govern(held, &entry, draft.content.then_some(carried.command))?;
        }
        for one in addressed {
            self.notify(crate::authority::Subject::Person(one.user), one.notice)?;
        }
        let at = At { epoch: self.epoch, seq: entry.seq, tag: entry.tag };
        let content = carried.content.clone().filter(|_| draft.content);
        let entry = Arc::new(entry);
        self.batch.live.push(Live { room: held.room.id, entry, content, at, version });
        Ok(())
    }

    fn insert(
        &mut self,
        room: i64,
        entry: &Entry,
        with_content: bool,
        carried: &Carried<'_>,
    ) -> Sql<()> {
        let author = match entry.author {
            Some(user) => self.people.number(self.connection, user)?,
            None => None,
        };
        let talk = entry.change.feature().is_some();
        let scope = carried.scope.as_ref().filter(|_| with_content || entry.author.is_some());
        // The text of an edit stands at the message.
        let elsewhere = matches!(entry.change, Change::Edited { .. } | Change::Unsent { .. });
        let body = carried.sealed.as_ref().filter(|_| with_content && !elsewhere);
        let nothing = Sealed(Vec::new());
        // A message without a body is one that was unsent.
        let posted = matches!(entry.change, Change::Posted { .. });
        let body = body.or_else(|| posted.then_some(&nothing));
        self.hot.insert.execute((
            self.next_entry,
            place(room, entry.seq),
            author,
            change_code(&entry.change),
            entry.time.0,
            entry.tag.cast_signed(),
            scope.map(|scope| scope.operation.bytes()),
            talk.then_some(carried.fingerprint),
            detail(entry)?,
            target_of(&entry.change).map(|target| place(room, target)),
            body.map(|body| &body.0),
            scope.filter(|_| talk).map(|scope| scope.again),
        ))?;
        self.next_entry += 1;
        Ok(())
    }

    /// What talk makes of other rows; of an edit the target's version.
    fn talk(&mut self, room: i64, entry: &Entry, carried: &Carried<'_>) -> Sql<u32> {
        match &entry.change {
            Change::Posted { .. } => {
                // R25: an own send moves the own mark.
                if let Some(scope) = &carried.scope {
                    self.batch.moved.push((room, scope.author, entry.seq));
                }
            }
            Change::Edited { target } => return self.replace(place(room, *target), carried),
            Change::Unsent { target } => self.erase(place(room, *target))?,
            Change::Reacted { target, on } => {
                let author = carried.scope.map_or(0, |scope| scope.author);
                self.react((place(room, *target), author), carried.mark, on.then_some(entry.seq))?;
            }
            Change::Pinned { target, on } => {
                self.pin(place(room, *target), on.then_some(entry.seq))?;
            }
            Change::Opened { .. }
            | Change::Created { .. }
            | Change::Converted { .. }
            | Change::Added { .. }
            | Change::Removed { .. }
            | Change::Masters { .. }
            | Change::Settings { .. }
            | Change::Handed { .. }
            | Change::Deleted => {}
        }
        Ok(0)
    }

    /// An edit replaces the text in place; the old one is overwritten in the file.
    fn replace(&self, target: i64, carried: &Carried<'_>) -> Sql<u32> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE entry SET body = ?2, sealed_by = ?3, version = version + 1 \
             WHERE place = ?1 RETURNING version",
        )?;
        let body = carried.sealed.as_ref().map_or(&[][..], |sealed| &sealed.0);
        let sealed_by = carried.scope.as_ref().map(|scope| scope.operation.bytes());
        statement.query_row((target, body, sealed_by), |row| row.get(0))
    }

    /// Unsending erases the text, the reactions on it, and its pin.
    fn erase(&self, target: i64) -> Sql<()> {
        for sql in [
            "UPDATE entry SET body = NULL, sealed_by = NULL WHERE place = ?1",
            "DELETE FROM reaction WHERE place = ?1",
            "DELETE FROM pin WHERE place = ?1",
        ] {
            self.connection.prepare_cached(sql)?.execute([target])?;
        }
        let mut statement = self.connection.prepare_cached(
            "UPDATE entry SET body = NULL WHERE target = ?1 AND kind IN (?2, ?3)",
        )?;
        statement.execute((target, REACTED, REACTION_TAKEN_BACK)).map(drop)
    }

    fn react(&self, of: (i64, i64), mark: [u8; 16], stands: Option<Seq>) -> Sql<()> {
        let (target, person) = of;
        if let Some(seq) = stands {
            let sql = "INSERT INTO reaction VALUES (?1, ?2, ?3, ?4)";
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.execute((target, person, mark, seq.0.cast_signed())).map(drop)
        } else {
            let sql = "DELETE FROM reaction WHERE place = ?1 AND person = ?2 AND mark = ?3";
            self.connection.prepare_cached(sql)?.execute((target, person, mark)).map(drop)
        }
    }

    fn pin(&self, target: i64, stands: Option<Seq>) -> Sql<()> {
        if let Some(seq) = stands {
            let sql = "INSERT INTO pin VALUES (?1, ?2)";
            self.connection.prepare_cached(sql)?.execute((target, seq.0.cast_signed())).map(drop)
        } else {
            let sql = "DELETE FROM pin WHERE place = ?1";
            self.connection.prepare_cached(sql)?.execute([target]).map(drop)
        }
    }
}

/// The change, where kind, target and client id do not say it all.
fn detail(entry: &Entry) -> Sql<Option<String>> {
    let plain = matches!(
        &entry.change,
        Change::Posted { reply_to: None, mentions, mention_all: false, .. } if mentions.is_empty()
    );
    let brief = plain || entry.change == Change::Deleted || target_of(&entry.change).is_some();
    if brief {
        return Ok(None);
    }
    let numbers = |access: &Access| {
        let Access { person_outside, person_whole, company_outside, company_whole } = *access;
        [person_outside, person_whole, company_outside, company_whole]
    };
    let access = entry.access.iter().map(|(user, access)| (*user, numbers(access))).collect();
    let detail = Detail { change: entry.change.clone(), access };
    serde_json::to_string(&detail).map(Some).map_err(unreadable)
}

/// The change that an entry's columns say, with the access numbers it noted.
pub(super) fn change(
    kind: i64,
    client: Option<OperationId>,
    detail: Option<&str>,
    target: Option<i64>,
) -> Sql<(Change, Vec<(UserId, Access)>)> {
    if let Some(detail) = detail {
        let Detail { change, access } = serde_json::from_str(detail).map_err(unreadable)?;
        let numbers = |[person_outside, person_whole, company_outside, company_whole]: [u32; 4]| {
            Access { person_outside, person_whole, company_outside, company_whole }
        };
        return Ok((
            change,
            access.into_iter().map(|(user, noted)| (user, numbers(noted))).collect(),
        ));
    }
    let target = target.map_or(Seq::ZERO, super::codes::seq_of);
    let change = match (kind, client) {
        (POSTED, Some(operation)) => {
            Change::Posted { operation, reply_to: None, mentions: Vec::new(), mention_all: false }
        }
        (9, _) => Change::Deleted,
        _ => brief_change(kind, target).ok_or(crate::sql::Error::misplaced(0, kind))?,
    };
    Ok((change, Vec::new()))
}

/// A text in a column that is not what was written there.
pub(super) fn unreadable(error: serde_json::Error) -> crate::sql::Error {
    crate::sql::Error::Unreadable(error)
}

/// A seq that a column may hold.
pub(super) fn seq_if_any(column: Option<i64>) -> Option<Seq> {
    column.map(seq)
}
