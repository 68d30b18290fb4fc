//! What has to hold after a kill, as the people themselves see it.

use super::cast::{Cast, Member};
use super::ledger::{Ledger, Trace};
use crate::program::Program;
use crosstalk_loadtest::Client;
use crosstalk_protocol::answer::RoomSummary;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::{Content, Entry};
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::push::Item;
use crosstalk_protocol::request::{About, History, Rooms};
use std::collections::{BTreeMap, HashMap};

/// The timelines as they were read: what was read once stays.
#[derive(Default)]
pub(super) struct Proof {
    read: BTreeMap<RoomId, Vec<Trace>>,
}

impl Proof {
    /// What was acknowledged or shown is in its timeline, at its place and once; what was not is
    /// there once at most; marks, removals and deletions stand. Of timelines what is new is read,
    /// or `all`.
    pub(super) async fn holds(
        &mut self,
        cast: &Cast,
        program: &Program,
        ledger: &Ledger,
        all: bool,
    ) {
        let mut client = cast.alice.connects(program).await;
        let groups = groups_are_right(&mut client, ledger, cast).await;
        for room in cast.rooms.iter().chain(groups.values()) {
            let now = |ledger: &Ledger| {
                ledger.of_room(*room).any(|attempt| attempt.round == ledger.round)
            };
            if all || now(ledger) {
                self.timeline_is_right(&mut client, *room, ledger, all).await;
            }
        }
        for passer in &cast.passers {
            removals_stand(passer, program, &groups, ledger).await;
        }
        for writer in &cast.writers {
            marks_stand(writer, program, ledger).await;
        }
    }

    async fn timeline_is_right(
        &mut self,
        client: &mut Client,
        room: RoomId,
        ledger: &Ledger,
        all: bool,
    ) {
        let read = self.read.entry(room).or_default();
        let known = if all { 0 } else { read.len() };
        let entries = entries_after(client, room, Seq(u64::try_from(known).unwrap())).await;
        let traces = entries.iter().map(Trace::of);
        let again: Vec<Trace> = read[..known].iter().copied().chain(traces).collect();
        assert!(again.starts_with(read), "{room}: what was read before is another now");
        *read = again;

        let mut places = HashMap::new();
        for (place, trace) in (1..).zip(read.iter()) {
            let before = places.insert(*trace, Seq(place));
            assert_eq!(
                before, None,
                "{room}: {trace:?} is there twice, the second time at {place}"
            );
        }
        for attempt in ledger.of_room(room).filter(|attempt| attempt.trace != Trace::Deleted) {
            if let Some(accepted) = &attempt.answer {
                let place = places.get(&attempt.trace);
                assert_eq!(
                    place,
                    Some(&accepted.seq),
                    "it was acknowledged, where is it? {attempt:?}"
                );
            }
        }
        for (&(_, seq), trace) in ledger.shown.range((room, Seq::ZERO)..=(room, Seq::MAX)) {
            assert_eq!(places.get(trace), Some(&seq), "{room}: {trace:?} was shown, where is it?");
        }
        words_are_right(&entries, &places, ledger);
    }
}

/// Every entry was asked for, and says what was asked: the newest text, none where it was unsent.
fn words_are_right(entries: &[Entry], places: &HashMap<Trace, Seq>, ledger: &Ledger) {
    let Some(room) = entries.first().map(|entry| entry.room) else { return };
    let asked: HashMap<_, _> =
        ledger.of_room(room).map(|attempt| (attempt.trace, attempt)).collect();
    for entry in entries {
        let trace = Trace::of(entry);
        if trace == Trace::Created {
            continue;
        }
        let attempt = asked.get(&trace).unwrap_or_else(|| panic!("nobody asked for {entry:?}"));
        assert_eq!(entry.author, Some(attempt.by), "{entry:?}");
        let is_there = |trace: Trace| places.contains_key(&trace);
        let text = match trace {
            Trace::Posted(_) if is_there(Trace::Unsent(entry.seq)) => None,
            Trace::Posted(_) if is_there(Trace::Edited(entry.seq)) => {
                Some(&asked[&Trace::Edited(entry.seq)].text)
            }
            Trace::Posted(_) | Trace::Edited(_) => Some(&attempt.text),
            Trace::Created
            | Trace::Unsent(_)
            | Trace::Reacted(_)
            | Trace::Removed(_)
            | Trace::Deleted => continue,
        };
        assert_eq!(entry.content, text.map(Content::text), "place {} of {room}", entry.seq);
    }
}

/// The timeline of a room from a place on, of who may see all of it: without a hole, to its head.
async fn entries_after(client: &mut Client, room: RoomId, after: Seq) -> Vec<Entry> {
    let (mut last, mut entries) = (after, Vec::new());
    loop {
        let ask = History { room, before: None, after: Some(last), limit: 200 };
        let page = client.request(ask).await.unwrap();
        for item in page.items {
            let Item::Entry(entry) = item else { panic!("she may see everything: {item:?}") };
            assert_eq!(entry.seq, last.next(), "{room}: a hole, or a place twice");
            last = entry.seq;
            entries.push(entry);
        }
        if !page.more {
            assert_eq!(last, page.head, "{room}: the last place is missing");
            return entries;
        }
    }
}

/// Every acknowledged group is there once, unless it was deleted: by name.
async fn groups_are_right(
    client: &mut Client,
    ledger: &Ledger,
    cast: &Cast,
) -> BTreeMap<String, RoomId> {
    let mut groups = BTreeMap::new();
    for summary in all_rooms(client).await {
        if !cast.rooms.contains(&summary.room) {
            let twice = groups.insert(summary.name.clone(), summary.room);
            assert_eq!(twice, None, "{:?} was made twice", summary.name);
        }
    }
    let mut unknown = groups.clone();
    for made in ledger.attempts.iter().filter(|attempt| attempt.trace == Trace::Created) {
        let found = unknown.remove(&made.text);
        let Some(room) = made.room else { continue };
        match ledger.deletion_of(made.room).map(|deletion| deletion.answer.is_some()) {
            None => assert_eq!(found, Some(room), "where is it? {made:?}"),
            Some(false) => assert!(found.is_none_or(|found| found == room), "{made:?}"),
            Some(true) => assert_eq!(found, None, "it was deleted: {made:?}"),
        }
        if found.is_none() && made.round == ledger.round {
            let about = client.request(About { room }).await.unwrap_err();
            assert_eq!(about.refusal(), Some(RefusalCode::NotFound), "{about}");
        }
    }
    assert!(unknown.is_empty(), "nobody made {unknown:?}");
    groups
}

/// R16: who was removed is; who was not is a member.
async fn removals_stand(
    passer: &Member,
    program: &Program,
    groups: &BTreeMap<String, RoomId>,
    ledger: &Ledger,
) {
    let mut client = passer.connects(program).await;
    let mut his = all_rooms(&mut client).await;
    for (name, room) in groups {
        let mut removals =
            ledger.of_room(*room).filter(|attempt| attempt.trace == Trace::Removed(passer.id));
        let is_there = his.iter().position(|summary| summary.room == *room);
        let is_there = is_there.map(|place| his.swap_remove(place)).is_some();
        match removals.next().map(|removal| removal.answer.is_some()) {
            None => assert!(is_there, "nobody removed him from {name}"),
            Some(true) => assert!(!is_there, "he was removed from {name}"),
            Some(false) => {}
        }
    }
    assert!(his.is_empty(), "he is in what is not there: {his:?}");
}

/// R25: marks are where they were acknowledged, or further on.
async fn marks_stand(writer: &Member, program: &Program, ledger: &Ledger) {
    let mut client = writer.connects(program).await;
    for RoomSummary { room, read, head, .. } in all_rooms(&mut client).await {
        let least = ledger.marks.get(&(writer.id, room)).copied().unwrap_or_default();
        assert!(least <= read && read <= head, "{room}: {least} ≤ {read} ≤ {head}");
    }
}

async fn all_rooms(client: &mut Client) -> Vec<RoomSummary> {
    let mut all = Vec::new();
    loop {
        let after = all.last().map(|last: &RoomSummary| last.room);
        let page = client.request(Rooms { after, limit: 100 }).await.unwrap();
        all.extend(page.rooms);
        if !page.more {
            return all;
        }
    }
}
