//! One person looks at everything, and is shown what the model says, no more and no less.

use super::super::support::{content, stored_seqs};
use super::Run;
use crate::authority::tests::model::{Kind, Sight as Seen};
use crate::timeline::{Place, Range, Read, Row, Sight, Stored, Timeline, Want};
use crosstalk_protocol::code::RefusalCode as Code;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use crosstalk_protocol::push::ResetReason;
use std::collections::{BTreeMap, BTreeSet};

/// What stands at each place for somebody; `None` where it is passed.
type Places = BTreeMap<u64, Option<Stored>>;

/// Takes the rows in, which must go on from place to place.
fn take(places: &mut Places, rows: &[Row]) {
    for row in rows {
        let (from, through, stored) = match row {
            Row::Entry(stored) => (stored.entry.seq.0, stored.entry.seq.0, Some(stored.clone())),
            Row::Passed(from, through, at) => {
                assert_eq!(at.seq, *through);
                (from.0, through.0, None)
            }
        };
        for at in from..=through {
            let next = places.last_key_value().map_or(at, |(last, _)| last + 1);
            assert_eq!(at, next, "neither hole nor double");
            places.insert(at, stored.clone());
        }
    }
}

fn wants(room: RoomId) -> Vec<Want> {
    vec![
        Want::Page { room, range: Range::Latest, limit: 5 },
        Want::Page { room, range: Range::After(Seq::ZERO), limit: 5 },
        Want::Resume(vec![Place { room, stint: None, at: None }]),
        Want::About { room },
        Want::Members { room, after: None, limit: 5 },
        Want::Readers { room, seq: Seq(1) },
        Want::Pins { room },
    ]
}

impl Run {
    /// Everybody looks at everything.
    pub(super) async fn look(&mut self) {
        self.all_is_written().await;
        for user in self.people.clone() {
            for room in 0..2 {
                self.looks_at(room, user).await;
            }
            for room in &self.gone {
                self.is_nothing(*room, user).await;
            }
            self.lists(user).await;
            self.looks_people_up(user).await;
            let groups = self.model.rooms.iter().filter(|room| room.kind == Kind::Group);
            let groups = groups.filter(|room| room.listed().contains(&user)).count();
            let counted = self.world.groups_of(user).await;
            assert_eq!(counted as usize, groups, "R8: the groups of {user}");
        }
    }

    /// R16: to him the room is one that never was.
    async fn is_nothing(&self, room: RoomId, user: UserId) {
        for want in wants(room) {
            let said = format!("{user}: {want:?}");
            let refusal = self.world.sees(user, want).await.expect_err(&said);
            assert_eq!(refusal.code, Code::NotFound, "{said}");
        }
    }

    async fn looks_at(&mut self, index: usize, user: UserId) {
        let room = self.rooms[index].id;
        let Some(sights) = self.model.sees(index, user) else {
            self.is_nothing(room, user).await;
            return;
        };
        let forwards = self.pages_on(index, user).await;
        assert_eq!(forwards.len(), sights.len(), "{user} gets every place");
        self.is_shown(index, user, &forwards, &sights);
        let backwards = self.pages_back(room, user).await;
        let first = backwards.first_key_value().map_or(u64::MAX, |(first, _)| *first);
        let seen = |places: &Places| -> Vec<(u64, bool)> {
            let later = places.range(first..);
            later.map(|(at, stored)| (*at, stored.is_some())).collect()
        };
        assert_eq!(seen(&backwards), seen(&forwards), "{user} reads back what he reads on");
        assert!(forwards.range(..first).all(|(_, stored)| stored.is_none()));
        self.resumes(index, user, &sights).await;
        self.meets_members(index, user).await;
        self.looks_at_pins(index, user, &sights).await;
        self.looks_at_readers(index, user, &sights).await;
    }

    /// R12, R14, R19, R25: what he is shown, with the texts of now.
    fn is_shown(&self, index: usize, user: UserId, places: &Places, sights: &[Seen]) {
        let life = &self.rooms[index];
        for (at, stored) in places {
            let expected = sights[usize::try_from(*at).unwrap() - 1] == Seen::Shown;
            assert_eq!(stored.is_some(), expected, "{user} at {at}");
            let Some(stored) = stored else { continue };
            let text = stored.body.as_ref().and_then(|body| content(body).text);
            let of = match stored.entry.change {
                Change::Posted { .. } => *at,
                Change::Edited { target } => target.0,
                _ => continue,
            };
            assert_eq!(text.as_ref(), life.texts.get(&of), "{user}: the text at {at}");
        }
    }

    /// All pages from the beginning on, with the reactions that stand.
    async fn pages_on(&self, index: usize, user: UserId) -> Places {
        let (life, mut places) = (&self.rooms[index], Places::new());
        let (mut at, mut reactions) = (Seq::ZERO, BTreeSet::new());
        loop {
            let page = Want::Page { room: life.id, range: Range::After(at), limit: 5 };
            let sight = self.world.sees(user, page).await.unwrap();
            take(&mut places, &sight.rows);
            reactions.extend(sight.reactions.iter().map(|it| (it.target.0, it.user)));
            at = sight.at.seq;
            if !sight.more {
                break;
            }
        }
        let shown = |at: &u64| places.get(at).is_some_and(Option::is_some);
        let standing = life.reactions.iter();
        let standing = standing.filter(|((on, _), own)| shown(on) && shown(own));
        let expected: BTreeSet<(u64, UserId)> = standing.map(|(key, _)| *key).collect();
        assert_eq!(reactions, expected, "{user}: reactions");
        places
    }

    async fn pages_back(&self, room: RoomId, user: UserId) -> Places {
        let mut pages: Vec<Sight> = Vec::new();
        let mut range = Range::Latest;
        loop {
            let sight = self.world.sees(user, Want::Page { room, range, limit: 5 }).await.unwrap();
            let more = sight.more;
            range = stored_seqs(&sight).first().map_or(range, |first| Range::Before(*first));
            pages.push(sight);
            if !more {
                break;
            }
        }
        let mut places = Places::new();
        pages.iter().rev().for_each(|sight| take(&mut places, &sight.rows));
        places
    }

    /// From where he left off: neither hole nor double, and what he sees now.
    async fn resumes(&mut self, index: usize, user: UserId, sights: &[Seen]) {
        let room = self.rooms[index].id;
        let left = self.rooms[index].cursors.get(&user).copied();
        let (mut cursor, mut places) = (left, Places::new());
        let mut first = true;
        loop {
            let sight = self.world.resumes(user, room, cursor).await.unwrap();
            let stint = sight.view.stint();
            if first {
                let expected = match left {
                    None => Some(ResetReason::First),
                    Some((known, _)) => (known != stint).then_some(ResetReason::Stint),
                };
                assert_eq!(sight.reset, expected, "{user} comes back");
                if let (None, Some((_, at)), Some(next)) =
                    (expected, left, stored_seqs(&sight).first())
                {
                    assert_eq!(*next, at.seq.next(), "{user} goes on");
                }
            }
            first = false;
            take(&mut places, &sight.rows);
            cursor = Some((stint, sight.at));
            if !sight.more {
                break;
            }
        }
        for (at, stored) in &places {
            let shown = sights[usize::try_from(*at).unwrap() - 1] == Seen::Shown;
            assert_eq!(stored.is_some(), shown, "{user} comes back to {at}");
        }
        let (_, at) = cursor.unwrap();
        assert_eq!(at.seq.0, sights.len() as u64, "{user} is up to date");
        self.rooms[index].cursors.extend(cursor.map(|cursor| (user, cursor)));
    }

    async fn meets_members(&self, index: usize, user: UserId) {
        let (room, model) = (self.rooms[index].id, &self.model.rooms[index]);
        let about = self.world.sees(user, Want::About { room }).await.unwrap();
        let members: BTreeSet<UserId> = about.room.members.keys().copied().collect();
        assert_eq!(members, model.members(), "{user} meets the members");
        assert_eq!(about.room.masters, model.masters, "{user}: the Group Masters");
        let (mut met, mut after) = (Vec::new(), None);
        loop {
            let read = self.world.reads(user, Want::Members { room, after, limit: 2 }).await;
            let Read { people, more, .. } = read;
            after = people.last().map(|one| one.user);
            met.extend(people.into_iter().map(|one| (one.user, one.master)));
            if !more {
                break;
            }
        }
        let expected = members.iter().map(|one| (*one, model.masters.contains(one)));
        assert_eq!(met, expected.collect::<Vec<_>>(), "{user} pages through the members");
    }

    async fn looks_at_pins(&self, index: usize, user: UserId, sights: &[Seen]) {
        let life = &self.rooms[index];
        let pins = self.world.sees(user, Want::Pins { room: life.id }).await;
        if self.model.are_messages_off(index, user) {
            assert_eq!(pins.unwrap_err().code, Code::FeatureOff);
            return;
        }
        let shown = |at: &u64| sights[usize::try_from(*at).unwrap() - 1] == Seen::Shown;
        let expected: Vec<Seq> = life.pins.iter().copied().filter(shown).map(Seq).collect();
        assert_eq!(stored_seqs(&pins.unwrap()), expected, "{user}: pins");
    }

    /// Who has read a message: members now, who could see it (R18).
    async fn looks_at_readers(&self, index: usize, user: UserId, sights: &[Seen]) {
        let (life, model) = (&self.rooms[index], &self.model);
        for at in (1..=sights.len()).step_by(3) {
            let seq = Seq(at as u64);
            let read = self.world.reads(user, Want::Readers { room: life.id, seq }).await;
            let refused = read.rooms[0].1.as_ref().err().map(|refusal| refusal.code);
            if model.are_messages_off(index, user) {
                assert_eq!(refused, Some(Code::FeatureOff));
                continue;
            }
            if !model.lies_in_sight(index, user, at) {
                assert_eq!(refused, Some(Code::NotAMessage));
                continue;
            }
            let marked = life.marks.iter().filter(|(_, mark)| **mark >= seq.0);
            let readers = marked.map(|(one, _)| *one);
            let readers = readers.filter(|one| model.lies_in_sight(index, *one, at));
            let got: BTreeSet<UserId> = read.readers.into_iter().collect();
            assert_eq!(got, readers.collect(), "{user}: who has read {at}");
        }
    }

    /// His rooms, each with his read mark and what is unread.
    async fn lists(&self, user: UserId) {
        let (mut listed, mut after) = (BTreeMap::new(), None);
        loop {
            let read = self.world.reads(user, Want::List { after, limit: 1 }).await;
            for (room, sight) in read.rooms {
                let sight = sight.unwrap();
                assert_eq!(listed.insert(room, (sight.read.0, sight.unread as usize)), None);
                after = Some(room);
            }
            if !read.more {
                break;
            }
        }
        let mut expected = BTreeMap::new();
        for (index, life) in self.rooms.iter().enumerate() {
            let Some(sights) = self.model.sees(index, user) else { continue };
            let mark = life.marks.get(&user).copied().unwrap_or_default();
            let unread = (1..=sights.len()).filter(|at| {
                let message = self.model.rooms[index].message(*at);
                let of_others = message.is_some_and(|it| !it.unsent && it.by != user);
                of_others && *at as u64 > mark && sights[*at - 1] == Seen::Shown
            });
            expected.insert(life.id, (mark, unread.count()));
        }
        assert_eq!(listed, expected, "{user}: his rooms, marks and unread");
    }

    /// Names of those who were there, or were left out, in what he may see of his rooms.
    async fn looks_people_up(&self, user: UserId) {
        let asked: Vec<UserId> = self.people.iter().copied().collect();
        let read = self.world.store().read(user, Want::People { users: asked }).await.unwrap();
        let got: BTreeSet<UserId> = read.people.iter().map(|one| one.user).collect();
        let mut expected = BTreeSet::from([user]);
        for (index, life) in self.rooms.iter().enumerate() {
            let head = self.model.rooms[index].head();
            let sees = |at: usize| self.model.lies_in_sight(index, user, at);
            let there =
                |(from, to): &(usize, Option<usize>)| (*from..to.unwrap_or(head + 1)).any(sees);
            let members = self.people.iter().copied();
            expected.extend(
                members.filter(|one| self.model.rooms[index].stays_of(*one).iter().any(there)),
            );
            let named = life.named.iter().filter(|(_, at)| sees(usize::try_from(*at).unwrap()));
            expected.extend(named.map(|(one, _)| *one));
        }
        assert_eq!(got, expected, "{user}: whom he knows");
    }
}
