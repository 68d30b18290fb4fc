//! Every promise that the replica checks, broken once; and that what came live equals what is read
//! anew.

use super::*;
use crosstalk_protocol::answer::{Page, Reaction};
use crosstalk_protocol::entry::{Change, Content, Entry, Switch};
use crosstalk_protocol::ids::{CompanyId, OperationId, UserId};
use crosstalk_protocol::push::{Gone, Item, Notice, NoticeKind, Passed, ResetReason};
use crosstalk_protocol::words::{Feature, Features, RoomKind};
use uuid::Uuid;

const ROOM: RoomId = RoomId::of_bytes([1; 16]);
const USER: UserId = UserId::of_bytes([2; 16]);

fn entry(seq: u64, change: Change, content: Option<Content>) -> Entry {
    let version = u32::from(matches!(change, Change::Edited { .. }));
    Entry {
        room: ROOM,
        seq: Seq(seq),
        at: format!("at {seq}"),
        time: String::new(),
        author: Some(USER),
        change,
        content,
        version,
    }
}

fn said(seq: u64, text: &str) -> Entry {
    let change = Change::Posted {
        operation: OperationId(Uuid::nil()),
        reply_to: None,
        mentions: Vec::new(),
        mention_all: false,
    };
    entry(seq, change, Some(Content::text(text)))
}

fn passed(from: u64, through: u64) -> Passed {
    Passed { room: ROOM, from: Seq(from), through: Seq(through), at: format!("at {through}") }
}

fn page(reset: Option<ResetReason>, items: Vec<Item>, head: u64, more: bool) -> Push {
    Push::CaughtUp(CaughtUp {
        room: ROOM,
        stint: Seq(1),
        reset,
        items,
        reactions: Vec::new(),
        at: format!("at {head}"),
        head: Seq(head),
        features: Features::ALL,
        more,
    })
}

fn notice(about: NoticeKind) -> Push {
    Push::Notice(Notice { inbox: "7".to_owned(), about })
}

/// A device that follows the room live, with one message at place 1.
fn following() -> Replica {
    let mut replica = Replica::new(DeviceId(Uuid::nil()));
    assert_eq!(replica.task(), Some(Task::List));
    replica.list(&[], true);
    replica.push(&notice(NoticeKind::Added { room: ROOM, stint: Seq(1) })).unwrap();
    assert_eq!(replica.task(), Some(Task::Acknowledge("7".to_owned())));
    let cursor = Cursor { room: ROOM, stint: None, at: None };
    assert_eq!(replica.task(), Some(Task::Resume(vec![cursor])));
    let items = vec![Item::Entry(said(1, "one"))];
    replica.push(&page(Some(ResetReason::First), items, 1, false)).unwrap();
    assert!(replica.is_live(ROOM));
    assert_eq!(replica.task(), None);
    replica
}

fn texts(replica: &Replica) -> Vec<&str> {
    replica.room(ROOM).unwrap().messages().map(|message| message.text).collect()
}

#[test]
fn places_come_once_and_without_holes() {
    let mut replica = following();
    let hole = Broken::Hole { room: ROOM, expected: Seq(2), came: Seq(3) };
    assert_eq!(replica.push(&Push::Entry(said(3, "three"))), Err(hole));
    let twice = Broken::Twice { room: ROOM, expected: Seq(2), came: Seq(1) };
    assert_eq!(replica.push(&Push::Entry(said(1, "one"))), Err(twice));
    let backwards = Broken::Backwards { room: ROOM, from: Seq(2), through: Seq(1) };
    assert_eq!(replica.push(&Push::Passed(passed(2, 1))), Err(backwards));
    replica.push(&Push::Passed(passed(2, 4))).unwrap();
    replica.push(&Push::Entry(said(5, "five"))).unwrap();
    assert_eq!(texts(&replica), ["one", "five"]);
    assert!(replica.room(ROOM).unwrap().is_passed(Seq(3)));
}

#[test]
fn pages_are_folded_until_nothing_is_missing() {
    let mut replica = following();
    replica.push(&Push::Behind(Gone { room: ROOM })).unwrap();
    let cursor = Cursor { room: ROOM, stint: Some(Seq(1)), at: Some("at 1".to_owned()) };
    assert_eq!(replica.task(), Some(Task::Resume(vec![cursor])));
    replica.push(&page(None, vec![Item::Entry(said(2, "two"))], 3, true)).unwrap();
    assert_eq!(replica.push(&Push::Entry(said(3, "three"))), Err(Broken::TooEarly(ROOM)));
    assert!(matches!(replica.task(), Some(Task::Resume(_))));
    let short = Broken::Short { room: ROOM, through: Seq(2), head: Seq(3) };
    assert_eq!(replica.clone().push(&page(None, Vec::new(), 3, false)), Err(short));
    replica.push(&page(None, vec![Item::Entry(said(3, "three"))], 3, false)).unwrap();
    assert_eq!(texts(&replica), ["one", "two", "three"]);
}

#[test]
fn a_room_that_was_asked_for_is_told_of_before_the_answer() {
    let mut replica = following();
    replica.push(&Push::Behind(Gone { room: ROOM })).unwrap();
    let Some(Task::Resume(cursors)) = replica.task() else { panic!("nothing to resume") };
    assert_eq!(replica.resumed(&cursors), Err(Broken::Unmentioned(ROOM)));
    replica.push(&Push::Unavailable(Gone { room: ROOM })).unwrap();
    assert_eq!(replica.resumed(&cursors), Ok(()));
    assert!(replica.misses_any() && replica.retry_unavailable() && !replica.misses_any());
    assert!(matches!(replica.task(), Some(Task::Resume(_))));
}

#[test]
fn what_was_wiped_must_not_come_back_unasked() {
    for about in [NoticeKind::Removed { room: ROOM }, NoticeKind::Deleted { room: ROOM }] {
        let mut replica = following();
        replica.push(&notice(about)).unwrap();
        assert_eq!(replica.room(ROOM), None);
        assert_eq!(replica.push(&Push::Entry(said(2, "two"))), Err(Broken::NotOurs(ROOM)));
    }
    let mut replica = following();
    replica.push(&Push::Gone(Gone { room: ROOM })).unwrap();
    assert_eq!(replica.push(&page(None, Vec::new(), 1, false)), Err(Broken::NotOurs(ROOM)));
}

#[test]
fn who_is_added_again_may_be_shown_it_before_he_is_told() {
    for about in [NoticeKind::Removed { room: ROOM }, NoticeKind::Deleted { room: ROOM }] {
        let mut replica = following();
        replica.hello("test");
        replica.push(&notice(about)).unwrap();
        assert_eq!(replica.room(ROOM), None);
        assert_eq!(replica.push(&Push::Entry(said(2, "two"))), Err(Broken::NotOurs(ROOM)));
        let nothing = page(None, Vec::new(), 1, false);
        assert_eq!(replica.push(&nothing), Err(Broken::NothingToGoOnFrom(ROOM)));
        let mut gone = replica.clone();
        gone.push(&Push::Gone(Gone { room: ROOM })).unwrap();
        let anew = page(Some(ResetReason::Stint), vec![Item::Entry(said(3, "three"))], 3, false);
        assert_eq!(gone.push(&anew), Err(Broken::NotOurs(ROOM)));
        replica.push(&anew).unwrap();
        assert_eq!(texts(&replica), ["three"]);
    }
}

#[test]
fn a_withdrawal_wipes_groups_and_leaves_internal_rooms() {
    let opened = |room_kind| {
        let (owner, members) = (CompanyId::of_bytes([3; 16]), Vec::new());
        vec![Item::Entry(entry(1, Change::Opened { room_kind, owner, members }, None))]
    };
    for (kind, stays) in [(RoomKind::Internal, true), (RoomKind::Shared, false)] {
        let mut replica = following();
        replica.push(&page(Some(ResetReason::Epoch), opened(kind), 1, false)).unwrap();
        replica.push(&notice(NoticeKind::Withdrawn {})).unwrap();
        assert_eq!(replica.room(ROOM).is_some(), stays, "{kind:?}");
    }
    // Whose kind is not known is wiped and asked for again.
    let mut replica = following();
    replica.push(&notice(NoticeKind::Withdrawn {})).unwrap();
    assert_eq!(replica.room(ROOM), None);
    assert_eq!(replica.push(&Push::Entry(said(2, "two"))), Ok(()));
}

#[test]
fn a_new_stint_wipes_the_old_one() {
    let mut replica = following();
    let Push::CaughtUp(later) = page(None, vec![Item::Entry(said(9, "nine"))], 9, false) else {
        panic!("no page")
    };
    let later = CaughtUp { stint: Seq(9), ..later };
    let changed = Err(Broken::StintChanged(ROOM));
    assert_eq!(replica.clone().push(&Push::CaughtUp(later.clone())), changed);
    let later = CaughtUp { reset: Some(ResetReason::Stint), ..later };
    replica.push(&Push::CaughtUp(later)).unwrap();
    assert_eq!(texts(&replica), ["nine"]);
}

#[test]
fn being_added_while_a_resume_is_under_way_is_not_lost() {
    let mut replica = following();
    replica.push(&Push::Behind(Gone { room: ROOM })).unwrap();
    assert!(matches!(replica.task(), Some(Task::Resume(_))));
    replica.push(&notice(NoticeKind::Added { room: ROOM, stint: Seq(9) })).unwrap();
    replica.push(&Push::Gone(Gone { room: ROOM })).unwrap();
    let cursor = Cursor { room: ROOM, stint: None, at: None };
    assert_eq!(replica.task(), Some(Task::Resume(vec![cursor])));
}

#[test]
fn being_removed_and_added_while_a_resume_is_under_way_is_not_lost_with_the_connection() {
    let mut replica = following();
    replica.hello("test");
    replica.push(&notice(NoticeKind::Removed { room: ROOM })).unwrap();
    replica.push(&notice(NoticeKind::Added { room: ROOM, stint: Seq(5) })).unwrap();
    // The connection is cut before the answer, and the inbox has been dealt with.
    let cursor = Cursor { room: ROOM, stint: None, at: None };
    assert_eq!(replica.hello("test").rooms, [cursor]);
    replica.push(&notice(NoticeKind::Removed { room: ROOM })).unwrap();
    assert!(replica.hello("test").rooms.is_empty());
}

#[test]
fn what_came_live_equals_what_is_read_anew() {
    let reaction = |emoji: &str| Content { emoji: Some(emoji.to_owned()), ..Content::default() };
    let target = Seq(1);
    let live = [
        entry(2, Change::Edited { target }, Some(Content::text("uno"))),
        entry(3, Change::Reacted { target, on: true }, Some(reaction("👍"))),
        entry(4, Change::Reacted { target, on: true }, Some(reaction("🎉"))),
        entry(5, Change::Reacted { target, on: false }, Some(reaction("👍"))),
        entry(6, Change::Pinned { target, on: true }, None),
        said(7, "seven"),
        entry(8, Change::Unsent { target: Seq(7) }, None),
    ];
    let mut replica = following();
    for entry in &live {
        replica.push(&Push::Entry(entry.clone())).unwrap();
    }
    let now = Entry { version: 1, ..said(1, "uno") };
    let erased = Entry { content: None, ..live[5].clone() };
    let anew: Vec<Entry> = std::iter::once(now)
        .chain(live[..5].iter().cloned())
        .chain([erased, live[6].clone()])
        .collect();
    let items = anew.into_iter().map(Item::Entry).collect();
    let Push::CaughtUp(page) = page(Some(ResetReason::First), items, 8, false) else {
        panic!("no page")
    };
    let reactions = vec![Reaction { target, user: USER, emoji: "🎉".to_owned() }];
    let mut fresh = following();
    fresh.push(&Push::CaughtUp(CaughtUp { reactions, ..page })).unwrap();
    assert_eq!(replica.room(ROOM), fresh.room(ROOM));
    assert_eq!(texts(&replica), ["uno"]);
    let kept = replica.room(ROOM).unwrap();
    assert_eq!(kept.reactions(target).collect::<Vec<_>>(), [(USER, "🎉")]);
    assert_eq!(kept.pins().collect::<Vec<_>>(), [target]);
}

#[test]
fn passed_places_are_paged_again_when_a_feature_comes_back() {
    let mut replica = following();
    replica.push(&Push::Passed(passed(2, 4))).unwrap();
    let on = vec![Switch { feature: Feature::Message, on: true }];
    let back = entry(5, Change::Settings { switches: on, history: None }, None);
    replica.push(&Push::Entry(back)).unwrap();
    assert_eq!(replica.task(), Some(Task::Fill { room: ROOM, after: Seq(1) }));
    let page = |items, more| Page {
        room: ROOM,
        stint: Seq(1),
        items,
        reactions: Vec::new(),
        head: Seq(5),
        more,
    };
    replica.fill(&page(vec![Item::Entry(said(2, "two"))], true));
    assert_eq!(replica.task(), Some(Task::Fill { room: ROOM, after: Seq(2) }));
    let items = vec![Item::Passed(passed(3, 3)), Item::Entry(said(4, "four"))];
    replica.fill(&page(items, true));
    assert_eq!(texts(&replica), ["one", "two", "four"]);
    assert!(replica.room(ROOM).unwrap().is_passed(Seq(3)));
    assert_eq!(replica.task(), None);
}

#[test]
fn what_was_switched_on_while_away_is_paged_again_whatever_is_cut() {
    let mut replica = following();
    replica.push(&Push::Passed(passed(2, 4))).unwrap();
    replica.hello("test");
    let on = vec![Switch { feature: Feature::Message, on: true }];
    let back = entry(5, Change::Settings { switches: on, history: None }, None);
    replica.push(&page(None, vec![Item::Entry(back)], 5, false)).unwrap();
    let fill = Some(Task::Fill { room: ROOM, after: Seq(1) });
    assert_eq!(replica.task(), fill);
    assert_eq!(replica.task(), None);
    // The page does not come: the connection is cut.
    replica.hello("test");
    replica.push(&page(None, Vec::new(), 5, false)).unwrap();
    assert_eq!(replica.task(), fill);
    replica.fill_nothing();
    replica.hello("test");
    assert_eq!(replica.task(), None);
}

#[test]
fn what_a_company_enabled_while_away_is_paged_again() {
    // Another company's policy is told by nothing else.
    let mut replica = following();
    let pages = |features, items: Vec<Item>, head| {
        let Push::CaughtUp(page) = page(None, items, head, false) else { panic!("no page") };
        Push::CaughtUp(CaughtUp { features, ..page })
    };
    replica.push(&Push::Behind(Gone { room: ROOM })).unwrap();
    let off = Features::ALL.with(Feature::Message, false);
    replica.push(&pages(off, vec![Item::Passed(passed(2, 4))], 4)).unwrap();
    replica.hello("test");
    assert_eq!(replica.task(), None);
    replica.push(&pages(Features::ALL, Vec::new(), 4)).unwrap();
    assert_eq!(replica.task(), Some(Task::Fill { room: ROOM, after: Seq(1) }));
}

#[test]
fn a_page_older_than_what_came_live_changes_nothing() {
    let (target, emoji) = (Seq(2), "👍".to_owned());
    let reaction = Content { emoji: Some(emoji.clone()), ..Content::default() };
    let mut replica = following();
    replica.push(&Push::Passed(passed(2, 4))).unwrap();
    for entry in [
        entry(5, Change::Edited { target }, Some(Content::text("dos"))),
        entry(6, Change::Reacted { target, on: true }, Some(reaction)),
        entry(7, Change::Pinned { target, on: false }, None),
        entry(8, Change::Unsent { target: Seq(3) }, None),
    ] {
        replica.push(&Push::Entry(entry)).unwrap();
    }
    // It was made when place 4 was the last one.
    let pinned = entry(4, Change::Pinned { target, on: true }, None);
    let items = [said(2, "two"), said(3, "three"), pinned].map(Item::Entry).to_vec();
    let (head, stint, reactions) = (Seq(4), Seq(1), Vec::new());
    replica.fill(&Page { room: ROOM, stint, items, reactions, head, more: false });
    let kept = replica.room(ROOM).unwrap();
    assert_eq!(texts(&replica), ["one", "dos"]);
    assert_eq!(kept.reactions(target).collect::<Vec<_>>(), [(USER, emoji.as_str())]);
    assert_eq!(kept.pins().count(), 0);
}

#[test]
fn the_past_is_put_in_front_without_holes_and_doubles() {
    let mut replica = following();
    let items = vec![Item::Entry(said(6, "six"))];
    replica.push(&page(Some(ResetReason::Place), items, 6, false)).unwrap();
    let page = |items: Vec<Item>| Page {
        room: ROOM,
        stint: Seq(1),
        items,
        reactions: Vec::new(),
        head: Seq(6),
        more: true,
    };
    let hole = Broken::Hole { room: ROOM, expected: Seq(5), came: Seq(6) };
    assert_eq!(replica.precede(&page(vec![Item::Entry(said(4, "four"))])), Err(hole));
    let twice = Broken::Twice { room: ROOM, expected: Seq(7), came: Seq(6) };
    assert_eq!(replica.precede(&page(vec![Item::Entry(said(6, "six"))])), Err(twice));
    let inside = Broken::Hole { room: ROOM, expected: Seq(4), came: Seq(5) };
    let items = vec![Item::Entry(said(3, "three")), Item::Entry(said(5, "five"))];
    assert_eq!(replica.precede(&page(items)), Err(inside));
    let items = vec![Item::Passed(passed(2, 4)), Item::Entry(said(5, "five"))];
    replica.precede(&page(items)).unwrap();
    assert_eq!(texts(&replica), ["five", "six"]);
    let kept = replica.room(ROOM).unwrap();
    assert!(kept.first() == Seq(2) && kept.is_passed(Seq(4)));
}

#[test]
fn a_list_of_rooms_that_was_cut_is_asked_for_again() {
    let mut replica = Replica::new(DeviceId(Uuid::nil()));
    replica.hello("test");
    assert_eq!(replica.task(), Some(Task::List));
    assert_eq!(replica.task(), None);
    replica.list(&[], false);
    replica.hello("test");
    assert_eq!(replica.task(), Some(Task::List));
    replica.list(&[], true);
    replica.hello("test");
    assert_eq!(replica.task(), None);
}
