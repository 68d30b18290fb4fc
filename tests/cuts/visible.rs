//! What a person may see of a room: as read anew, page by page; as the rules say; and as a device
//! keeps it.

use super::history::History;
use super::reader::Reader;
use crate::people::Person;
use crosstalk_loadtest::Device;
use crosstalk_loadtest::replica::Kept;
use crosstalk_protocol::answer::Reaction;
use crosstalk_protocol::entry::{Change, Entry};
use crosstalk_protocol::ids::{DeviceId, RoomId, Seq, UserId};
use crosstalk_protocol::push::Item;
use crosstalk_protocol::request;
use crosstalk_protocol::words::{Cause, HistoryVisibility};
use std::collections::{BTreeMap, BTreeSet};

/// Every place of a room: its entry, or nothing where it was passed.
pub(crate) type List = BTreeMap<Seq, Option<Entry>>;

/// What somebody reads of a room when he has nothing of it yet.
struct Anew {
    list: List,
    reactions: BTreeSet<(Seq, UserId, String)>,
}

/// Compares what every device keeps with what its person may see.
pub(crate) async fn compare(history: &History<'_>, readers: &mut [Reader]) {
    let mut masters = BTreeMap::new();
    for room in history.rooms() {
        let all = reads_anew(history.alice(), room).await;
        let list = all.as_ref().map(|anew| &anew.list).expect("Alice is in all rooms");
        assert!(list.values().all(Option::is_some), "the Group Master is not shown everything");
        history.is_all_in(room, list);
        masters.extend(all.map(|anew| (room, anew)));
    }
    for person in history.readers() {
        let mut seen = BTreeMap::new();
        for (room, all) in &masters {
            let anew = reads_anew(&person, *room).await;
            let allowed = allowed(person.id, &all.list);
            let read = anew.as_ref().map(|anew| &anew.list);
            agree(&format!("{} reads {room} anew", person.name), read, allowed.as_ref());
            seen.extend(anew.map(|anew| (*room, anew)));
        }
        let heads: Vec<(RoomId, Seq)> = seen
            .iter()
            .map(|(room, anew)| (*room, *anew.list.keys().next_back().unwrap()))
            .collect();
        for reader in readers.iter_mut().filter(|reader| reader.person.id == person.id) {
            reader.catches_up(&heads).await;
            let kept: Vec<RoomId> = reader.device.replica().rooms().map(Kept::room).collect();
            let rooms: Vec<RoomId> = seen.keys().copied().collect();
            assert_eq!(kept, rooms, "{} keeps other rooms than he is in", person.name);
            for (kept, anew) in reader.device.replica().rooms().zip(seen.values()) {
                keeps(&person.name, kept, anew);
            }
        }
    }
}

/// All places of a room from the first on, by pages; nothing if he is not in it.
async fn reads_anew(person: &Person, room: RoomId) -> Option<Anew> {
    // One device a person for all that is read so: it keeps nothing.
    let mut device = Device::with_id(person.target(), DeviceId(person.id.0));
    device.greet().await.unwrap();
    let mut anew = Anew { list: List::new(), reactions: BTreeSet::new() };
    let mut last = Seq::ZERO;
    loop {
        let ask = request::History { room, before: None, after: Some(last), limit: 200 };
        let page = match device.request(ask).await {
            Ok(page) => page,
            Err(error) => {
                assert!(error.refusal().is_some() && last == Seq::ZERO, "{}: {error}", person.name);
                return None;
            }
        };
        for item in page.items {
            let (from, through, entry) = match item {
                Item::Entry(entry) => (entry.seq, entry.seq, Some(entry)),
                Item::Passed(passed) => (passed.from, passed.through, None),
            };
            assert_eq!(from, last.next(), "{}: a page leaves a hole", person.name);
            anew.list.extend((from.0..=through.0).map(|seq| (Seq(seq), entry.clone())));
            last = through;
        }
        let reactions = page.reactions.into_iter();
        anew.reactions
            .extend(reactions.map(|Reaction { target, user, emoji }| (target, user, emoji)));
        if !page.more {
            assert_eq!(last, page.head, "{}: the pages end early", person.name);
            return Some(anew);
        }
    }
}

/// R14, R16: of all that happened, what this person may see while every feature is on; nothing if
/// he is no member now.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others change nobody's view")]
fn allowed(user: UserId, all: &List) -> Option<List> {
    let (mut history, mut stints) = (HistoryVisibility::SinceJoined, Vec::new());
    let mut open: Option<(Seq, HistoryVisibility)> = None;
    for entry in all.values().flatten() {
        match &entry.change {
            Change::Opened { members, .. } | Change::Added { members, .. }
                if members.iter().any(|one| one.user == user) =>
            {
                open = Some((entry.seq, history));
            }
            Change::Created { members, history: set, .. } => {
                history = *set;
                let is_in = members.iter().any(|one| one.user == user);
                open = is_in.then_some((entry.seq, history));
            }
            Change::Converted { history: set, .. } => history = *set,
            Change::Settings { history: set, .. } => history = set.unwrap_or(history),
            Change::Removed { users, cause } if users.contains(&user) => {
                let (start, _) = open.take().expect("who is removed was a member");
                // R19: what an administrator ended never opens again.
                if *cause != Cause::Administrator {
                    stints.push(start..entry.seq);
                }
            }
            _ => {}
        }
    }
    let (start, history) = open?;
    stints.push(start..Seq::MAX);
    let covers = |seq: Seq| {
        history == HistoryVisibility::All || stints.iter().any(|stint| stint.contains(&seq))
    };
    let shown = |entry: &Entry| covers(entry.seq) && entry.change.rewrites().is_none_or(covers);
    Some(all.iter().map(|(seq, entry)| (*seq, entry.clone().filter(shown))).collect())
}

fn agree(what: &str, read: Option<&List>, allowed: Option<&List>) {
    assert_eq!(read.is_some(), allowed.is_some(), "{what}: is he in it?");
    let both = read.into_iter().flatten().zip(allowed.into_iter().flatten());
    for ((seq, read), (_, allowed)) in both {
        assert_eq!(read, allowed, "{what}: place {seq}");
    }
    assert_eq!(read.map(BTreeMap::len), allowed.map(BTreeMap::len), "{what}");
}

/// What a device keeps is what is read anew: every place once, shown or passed.
fn keeps(name: &str, kept: &Kept, anew: &Anew) {
    let room = kept.room();
    let visible = |seq: &Seq| anew.list.get(seq).is_some_and(Option::is_some);
    let mut shown = 0;
    for (seq, entry) in &anew.list {
        if *seq < kept.first() {
            assert!(entry.is_none(), "{name} misses {seq} of {room}, before {}", kept.first());
            continue;
        }
        let has = kept.at_place(*seq);
        shown += usize::from(has.is_some());
        assert_ne!(has.is_some(), kept.is_passed(*seq), "{name}: place {seq} of {room}");
        // Who may not see a message may not see that it was erased either; the emoji of a reaction
        // to it went with it.
        let blind = |entry: &Entry| {
            let hidden =
                matches!(entry.change, Change::Reacted { target, .. } if !visible(&target));
            Entry { content: entry.content.clone().filter(|_| !hidden), ..entry.clone() }
        };
        let (has, is) = (has.map(blind), entry.as_ref().map(blind));
        assert_eq!(has, is, "{name} keeps something else at {seq} of {room}");
    }
    assert_eq!(kept.entries().count(), shown, "{name} keeps places that are none, of {room}");
    assert_eq!(kept.through(), *anew.list.keys().next_back().unwrap(), "{name}: {room}");
    for seq in anew.list.keys().filter(|seq| visible(seq)) {
        let has: BTreeSet<_> =
            kept.reactions(*seq).map(|(user, emoji)| (*seq, user, emoji.to_owned())).collect();
        let is: BTreeSet<_> =
            anew.reactions.iter().filter(|(target, ..)| target == seq).cloned().collect();
        assert_eq!(has, is, "{name}: the reactions on {seq} of {room}");
    }
}
