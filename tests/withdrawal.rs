//! R19 at its full size: who is cut off in two thousand groups reads none of them from the answer
//! on, though the server is killed when the job has written half of it and he is permitted again
//! meanwhile.

use crate::house::{Company, House};
use crate::people::talking::message;
use crate::people::{Person, hello, operation};
use crate::support::pen::Pen;
use crate::support::sealed::last_job;
use crate::support::search::copy;
use crosstalk_loadtest::admin::UserPatch;
use crosstalk_loadtest::{Client, Error};
use crosstalk_protocol::answer::{Accepted, Answer, Page};
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::envelope::{ServerFrame, parse_server_frame};
use crosstalk_protocol::ids::{RoomId, Seq, UserId};
use crosstalk_protocol::push::{CaughtUp, Gone, Item, NoticeKind, Push};
use crosstalk_protocol::request::{
    Add, CreateFromContacts, Cursor, History, Request, Resume, Rooms,
};
use crosstalk_protocol::words::{Cause, LeftOutReason};
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// The most groups that a person is in (R8).
const GROUPS: usize = 2_000;
/// Group Masters, who share them.
const MASTERS: usize = 8;
/// Groups in which he is not, and to which he is added while he is cut off.
const RACED: usize = 40;
/// Requests of one connection that wait for their answers.
const AT_ONCE: usize = 50;
/// Rooms in one `resume`.
const RESUMED: usize = 100;
/// How often the job may be too quick for what is asked beside it.
const TRIES: usize = 20;
/// How many groups at least are to be unwritten while he asks.
const UNWRITTEN: usize = 100;
const BEFORE: &str = "said before the cut";
const AFTER: &str = "said after the cut";

/// A connection that follows no room yet.
async fn enters(person: &Person) -> Client {
    let (mut client, _) = Client::sign_in(&person.target(), hello()).await.unwrap();
    client.set_patience(Duration::from_mins(1));
    client.keep_transcript();
    client
}

/// Asks all of it, many at a time; the answers in the same order.
async fn all(client: &mut Client, requests: Vec<Request>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for requests in requests.chunks(AT_ONCE) {
        let mut asked = Vec::new();
        for request in requests {
            asked.push(client.start(request.clone()).await.unwrap());
        }
        for id in asked {
            answers.push(client.answer(id).await.unwrap());
        }
    }
    answers
}

fn accepted(answer: &Answer) -> &Accepted {
    let Answer::Accepted(accepted) = answer else { panic!("{answer:?}") };
    accepted
}

/// The rooms that somebody is in.
async fn listed(client: &mut Client) -> BTreeSet<RoomId> {
    let (mut rooms, mut after) = (BTreeSet::new(), None);
    loop {
        let page = client.request(Rooms { after, limit: 100 }).await.unwrap();
        rooms.extend(page.rooms.iter().map(|summary| summary.room));
        after = page.rooms.last().map(|summary| summary.room);
        assert!(!page.more || after.is_some(), "a page of the list leads nowhere");
        if !page.more {
            return rooms;
        }
    }
}

/// Resumes rooms from these cursors; what was said of each.
async fn resumes(client: &mut Client, cursors: Vec<Cursor>) -> BTreeMap<RoomId, Push> {
    let mut said = BTreeMap::new();
    for rooms in cursors.chunks(RESUMED) {
        client.request(Resume { rooms: rooms.to_vec() }).await.unwrap();
        while let Some(push) = client.waiting() {
            if let Push::CaughtUp(CaughtUp { room, .. }) | Push::Gone(Gone { room }) = &push {
                said.insert(*room, push);
            }
        }
    }
    said
}

fn first_visit(rooms: &[RoomId]) -> Vec<Cursor> {
    rooms.iter().map(|room| Cursor { room: *room, stint: None, at: None }).collect()
}

/// Two companies. Bob of the one is in two thousand groups of the other's people.
struct Town {
    house: House,
    acme: Company,
    bob: Person,
    masters: Vec<Person>,
    /// The groups that Bob is in, in the order in which they were made.
    groups: Vec<RoomId>,
    /// Groups that he is not in yet.
    raced: Vec<RoomId>,
}

impl Town {
    async fn with_two_thousand_groups() -> Self {
        let house = House::open_apart_in_files(&[
            ("limits.company_requests_per_second", "1000000"),
            ("limits.company_requests_burst", "1000000"),
            // With those that race the cut he is in more than two thousand for a moment.
            ("limits.groups_per_user", "2100"),
        ]);
        let (acme, globex) = house.two_connected_companies().await;
        let bob = acme.person("Bob").await;
        let mut masters = Vec::new();
        for number in 0..MASTERS {
            let master = globex.person(&format!("Master{number}")).await;
            master.is_contact_of(&bob).await;
            master.loses_the_connection().await;
            masters.push(master);
        }
        bob.loses_the_connection().await;
        // Somebody else of Bob's company, so that groups without him are groups too.
        let ann = acme.person("Ann").await;
        for master in &masters {
            master.signs_in().await;
            master.is_contact_of(&ann).await;
            master.loses_the_connection().await;
        }
        let mut town = Self { house, acme, bob, masters, groups: Vec::new(), raced: Vec::new() };
        town.groups = town.make(GROUPS, &[town.bob.id, ann.id]).await;
        town.raced = town.make(RACED, &[ann.id]).await;
        town
    }

    /// Every Group Master makes his share of so many groups, and says something in each.
    async fn make(&self, count: usize, members: &[UserId]) -> Vec<RoomId> {
        let each = self.masters.iter().map(async |master| {
            let mut client = enters(master).await;
            let create = |number: usize| CreateFromContacts {
                operation: operation(),
                name: format!("Group {number}"),
                description: String::new(),
                members: members.to_vec(),
            };
            let creations = (0..count / MASTERS).map(|number| create(number).into()).collect();
            let made = all(&mut client, creations).await;
            let rooms: Vec<_> = made.iter().map(|answer| accepted(answer).room).collect();
            says(&mut client, &rooms, BEFORE).await;
            rooms
        });
        // Room by room from each, as they were made about the same time.
        let shares = join_all(each).await;
        let turns = (0..count / MASTERS).flat_map(|turn| shares.iter().map(move |of| of[turn]));
        turns.collect()
    }

    /// The groups of each Group Master among these.
    fn shares<'t>(
        &'t self,
        rooms: &'t [RoomId],
    ) -> impl Iterator<Item = (&'t Person, Vec<RoomId>)> {
        let of = |number| rooms.iter().skip(number).step_by(MASTERS).copied().collect();
        self.masters.iter().enumerate().map(move |(number, master)| (master, of(number)))
    }

    /// The Group Masters say something in these rooms.
    async fn all_say(&self, rooms: &[RoomId], text: &str) {
        let each = self.shares(rooms).map(async |(master, rooms)| {
            says(&mut enters(master).await, &rooms, text).await;
        });
        join_all(each).await;
    }

    /// The administrator takes Bob off the Connected-members while every Group Master adds him to
    /// groups; of the groups that took him, the stints that began.
    async fn is_cut_off_while_he_is_added(&self) -> Vec<(RoomId, Seq)> {
        let add =
            |room: &RoomId| Add { room: *room, operation: operation(), users: vec![self.bob.id] };
        let mut hands = Vec::new();
        for (master, rooms) in self.shares(&self.raced) {
            hands.push((enters(master).await, rooms));
        }
        let adds = join_all(hands.iter_mut().map(async |(client, rooms)| {
            let mut answers = Vec::new();
            for room in rooms.iter() {
                answers.push((*room, client.request(add(room)).await.unwrap()));
            }
            answers
        }));
        let cut = self.sets_connected(false);
        let (adds, ()) = tokio::join!(adds, cut);
        let mut took = Vec::new();
        for (room, added) in adds.concat() {
            match added.left_out.as_slice() {
                [] => took.push((room, added.seq)),
                [left_out] => {
                    assert_eq!(left_out.user, self.bob.id);
                    assert_eq!(left_out.reason, LeftOutReason::NotConnected);
                }
                more => panic!("{more:?}"),
            }
        }
        took
    }

    async fn sets_connected(&self, on: bool) {
        let change = UserPatch { connected: Some(on), ..UserPatch::default() };
        self.acme.admin.change_user(self.acme.id, self.bob.id, change).await.unwrap();
    }

    /// Waits until the job has written so many groups.
    async fn job_has_done(&self, rooms: u64) {
        let done = async {
            loop {
                let jobs = self.house.operator().jobs().await.unwrap();
                if jobs.iter().any(|job| job.kind == "withdrawal" && job.done >= rooms) {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_mins(1), done).await.expect("the job does nothing");
    }

    /// How many groups the job has written, as the store says.
    fn written(&self) -> usize {
        let job = last_job(&self.house.server.data()).unwrap();
        usize::try_from(job.done).unwrap()
    }

    /// Bob has no room, and what he kept of these he is to wipe.
    async fn bob_reads_none(&self, mut bob: Client, cursors: &[Cursor]) -> Client {
        assert_eq!(listed(&mut bob).await, BTreeSet::new());
        let said = resumes(&mut bob, cursors.to_vec()).await;
        assert_eq!(said.len(), cursors.len());
        assert!(said.values().all(|push| matches!(push, Push::Gone(_))), "a room is not gone");
        bob
    }

    /// On the doors to what a room is and holds, each of these is one that never was, byte for byte;
    /// and Bob was shown nothing of any.
    async fn bob_finds_none(&self, mut bob: Client, rooms: &[RoomId]) {
        let never = RoomId(Uuid::now_v7());
        for kind in ["room", "history", "members", "pins"] {
            let ask = |room: RoomId| {
                format!(r#"{{"id":1000000,"type":"{kind}","data":{{"room":"{room}"}}}}"#)
            };
            let unknown = bob.exchange(ask(never)).await.unwrap();
            assert!(unknown.contains("not_found"), "{unknown}");
            for rooms in rooms.chunks(AT_ONCE) {
                for room in rooms {
                    bob.send_text(ask(*room)).await.unwrap();
                }
                for room in rooms {
                    assert_eq!(bob.next_answer().await.unwrap(), unknown, "{kind} of {room}");
                }
            }
        }
        assert_shown_nothing(bob.transcript());
    }

    /// What stands in these groups of Bob's coming and going: by the eyes of their Group Masters.
    async fn comings_and_goings(&self, rooms: &[RoomId]) -> BTreeMap<RoomId, Vec<&'static str>> {
        let each = self.shares(rooms).map(async |(master, rooms)| {
            let page =
                |room: &RoomId| History { room: *room, before: None, after: None, limit: 50 };
            let asked = rooms.iter().map(|room| page(room).into()).collect();
            let pages = all(&mut enters(master).await, asked).await;
            let of = |answer: &Answer| {
                let Answer::History(page) = answer else { panic!("{answer:?}") };
                (page.room, marks_of(page, self.bob.id))
            };
            pages.iter().map(of).collect::<Vec<_>>()
        });
        join_all(each).await.into_iter().flatten().collect()
    }
}

async fn says(client: &mut Client, rooms: &[RoomId], text: &str) {
    let said = rooms.iter().map(|room| message(*room, operation(), text).into()).collect();
    for answer in all(client, said).await {
        accepted(&answer);
    }
}

/// Whether he came or went at each place of a page that says so.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are no coming or going")]
fn marks_of(page: &Page, user: UserId) -> Vec<&'static str> {
    let mut marks = Vec::new();
    for item in &page.items {
        let Item::Entry(entry) = item else { continue };
        match &entry.change {
            Change::Created { members, .. } | Change::Added { members, .. } => {
                marks.extend(members.iter().any(|member| member.user == user).then_some("in"));
            }
            Change::Removed { users, cause } if users.contains(&user) => {
                assert_eq!((users.as_slice(), *cause), ([user].as_slice(), Cause::Administrator));
                assert_eq!(entry.author, None, "nobody of the group did it");
                marks.push("out");
            }
            _ => {}
        }
    }
    marks
}

/// None of these frames holds anything of a room, but that he is no longer in it.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others tell of a room")]
fn assert_shown_nothing(frames: &[String]) {
    for frame in frames {
        assert!(!frame.contains(AFTER) && !frame.contains(BEFORE), "{frame}");
        let ServerFrame::Push(push) = parse_server_frame(frame).unwrap() else { continue };
        let told = match &push {
            // A connection that has lost a thousand rooms is told to begin anew.
            Push::Gone(_) | Push::Closing(_) => true,
            Push::Notice(notice) => !matches!(notice.about, NoticeKind::Added { .. }),
            _ => false,
        };
        assert!(told, "{frame}");
    }
}

/// Bob's live connection in all his groups, with the cursors that he keeps.
async fn follows_all(town: &Town) -> (Client, Vec<Cursor>) {
    let mut live = enters(&town.bob).await;
    assert_eq!(listed(&mut live).await, town.groups.iter().copied().collect());
    let caught_up = resumes(&mut live, first_visit(&town.groups)).await;
    let cursors = caught_up.into_values().map(|push| {
        let Push::CaughtUp(caught_up) = push else { panic!("{push:?}") };
        let (stint, at) = (Some(caught_up.stint), Some(caught_up.at));
        Cursor { room: caught_up.room, stint, at }
    });
    let cursors = cursors.collect();
    (live, cursors)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_cut_off_in_two_thousand_groups_reads_none_though_the_job_is_killed_halfway() {
    // R19, R16, R13, P1, P2
    let mut town = Town::with_two_thousand_groups().await;
    let (mut live, mut cursors) = follows_all(&town).await;
    let everywhere = [town.groups.as_slice(), &town.raced].concat();

    let took = town.is_cut_off_while_he_is_added().await;
    eprintln!("{} of {RACED} additions were before the cut", took.len());
    // What came before the answer was his; from here on nothing is.
    live.request(Rooms { after: None, limit: 1 }).await.unwrap();
    let until_then = live.transcript().len();
    let first_and_last = [&everywhere[..5 * MASTERS], &everywhere[GROUPS - 5 * MASTERS..]].concat();
    let half = async {
        town.all_say(&first_and_last, AFTER).await;
        town.job_has_done(GROUPS as u64 / 2).await;
        town.house.server.kill();
    };
    // His device reads on, to the end.
    let (end, ()) = tokio::join!(live.closed(), half);
    assert!(end.is_ok(), "{end:?}");
    assert_shown_nothing(&live.transcript()[until_then..]);
    let written = town.written();
    eprintln!("killed when {written} groups were written");
    assert!((GROUPS / 2..GROUPS).contains(&written), "it was killed too late");

    let begun = |(room, seq): &(RoomId, Seq)| Cursor { room: *room, stint: Some(*seq), at: None };
    cursors.extend(took.iter().map(begun));
    is_permitted_while_half_is_unwritten(&mut town, &cursors).await;
    town.house.server.start_again();
    // Only who adds him now brings him back, to groups that the job has met and to others.
    let back = [town.groups[0], town.groups[GROUPS / 2], town.groups[GROUPS - 1]];
    is_back_in(&town, &back).await;
    cursors.retain(|cursor| !back.contains(&cursor.room));
    let mut bob = enters(&town.bob).await;
    assert_eq!(listed(&mut bob).await, back.into_iter().collect());
    let said = resumes(&mut bob, cursors).await;
    assert!(said.values().all(|push| matches!(push, Push::Gone(_))), "a room is not gone");
    let closed: Vec<_> = everywhere.iter().copied().filter(|room| !back.contains(room)).collect();
    town.house.jobs_are_done().await;
    town.bob_finds_none(enters(&town.bob).await, &closed).await;
    let took: BTreeSet<_> = took.into_iter().map(|(room, _)| room).collect();
    for (room, marks) in town.comings_and_goings(&everywhere).await {
        let was_in = town.groups.contains(&room) || took.contains(&room);
        let expected: &[_] = match (was_in, back.contains(&room)) {
            (false, _) => &[],
            (true, false) => &["in", "out"],
            (true, true) => &["in", "out", "in"],
        };
        assert_eq!(marks, expected, "{room}");
    }
    assert_eq!(town.house.server.faults(), Vec::<String>::new());
}

/// From a disk on which half is written: he is permitted again, the job is held where it is, he asks
/// for everything, and the server is killed once more. Should the job be too quick to be held, all is
/// begun again from the same disk.
async fn is_permitted_while_half_is_unwritten(town: &mut Town, cursors: &[Cursor]) {
    let kept = tempfile::tempdir().unwrap();
    let home = town.house.server.home().to_owned();
    let parts = ["data", "keys"].map(|part| (home.join(part), kept.path().join(part)));
    for (part, kept) in &parts {
        copy(part, kept);
    }
    let (data, _) = &parts[0];
    let rooms: Vec<_> = cursors.iter().map(|cursor| cursor.room).collect();
    for _ in 0..TRIES {
        town.house.server.start_again();
        let (bob, ()) = tokio::join!(enters(&town.bob), town.sets_connected(true));
        let pen = tokio::task::block_in_place(|| Pen::take(data));
        let written = town.written();
        eprintln!("permitted, and the job held when {written} groups were written");
        let held = written <= GROUPS - UNWRITTEN;
        if held {
            let bob = town.bob_reads_none(bob, cursors).await;
            town.bob_finds_none(bob, &rooms).await;
            assert_eq!(town.written(), written, "the job was not held");
        }
        town.house.server.kill();
        drop(pen);
        if held {
            return;
        }
        for (part, kept) in &parts {
            std::fs::remove_dir_all(part).unwrap();
            copy(kept, part);
        }
    }
    panic!("the job is always too quick");
}

/// Bob is added to these groups again, and sees what is said from then on.
async fn is_back_in(town: &Town, groups: &[RoomId]) {
    for room in groups {
        let number = town.groups.iter().position(|group| group == room).unwrap();
        let mut master = enters(&town.masters[number % MASTERS]).await;
        let add = Add { room: *room, operation: operation(), users: vec![town.bob.id] };
        let added: Result<Accepted, Error> = master.request(add).await;
        let added = added.unwrap();
        assert!(added.left_out.is_empty(), "{added:?}");
        says(&mut master, &[*room], "welcome back").await;
        let mut bob = enters(&town.bob).await;
        let page = History { room: *room, before: None, after: None, limit: 50 };
        let page = bob.request(page).await.unwrap();
        let seqs = page.items.iter().filter_map(|item| match item {
            Item::Entry(entry) => Some(entry.seq),
            Item::Passed(_) => None,
        });
        assert_eq!(seqs.collect::<Vec<_>>(), [added.seq, added.seq.next()]);
    }
}
