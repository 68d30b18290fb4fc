//! Governing: rows follow the timeline; removals, withdrawals, deletions.

use super::support::*;
use crate::authority::{Act, Actor, Command, Intent, Subject};
use crate::directory::{Directory, Record};
use crate::timeline::{NotAppended, Proposal, Reach, Timeline, Want};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{OperationId, RoomId, Seq};
use crosstalk_protocol::push::NoticeKind;
use crosstalk_protocol::words::{Cause, RoomKind, Way};
use uuid::Uuid;

#[tokio::test]
async fn r16_a_removal_comes_with_a_fence_and_a_notice() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    let mut follower = world.store().follow();
    let command = Command::Remove { users: vec![bob] };
    let removal = world.does(alice, room, command).await.unwrap();
    let committed = next(&mut follower).await;
    assert_eq!(committed.entries[0].entry.seq, removal.seq);
    assert_eq!(committed.notices[0].inbox, Subject::Person(bob));
    assert_eq!(committed.notices[0].notice, NoticeKind::Removed { room });
    let fence = removal.fence.unwrap();
    let open = fence.clone();
    let pending = tokio::time::timeout(std::time::Duration::from_millis(20), fence.effective());
    assert!(pending.await.is_err(), "not effective before the follower has applied it");
    committed.confirm.confirm();
    open.effective().await.unwrap();
    assert!(removal.permit.is_some());
    let page = world.page(alice, room).await.unwrap();
    assert_eq!(brief(&page), ["1:created", "2:removed"]);
}

#[tokio::test]
async fn r29_a_removal_repeated_waits_for_a_fence_anew() {
    let (mut world, [alice, bob, _], room) = World::with_group().await;
    let id = OperationId(Uuid::now_v7());
    let stranger = world.user(world.people[0].1, "erin").await;
    let remove = Command::Remove { users: vec![bob, stranger] };
    let first = world.append(again(id, room, alice, remove.clone())).await.unwrap();
    assert_eq!(first.unchanged, [stranger]);
    world.restart();
    let mut follower = world.store().follow();
    let second = world.append(again(id, room, alice, remove)).await.unwrap();
    assert_eq!((second.seq, second.unchanged), (first.seq, first.unchanged));
    let committed = next(&mut follower).await;
    assert!(committed.entries.is_empty());
    drop(committed.confirm);
    assert!(
        second.fence.unwrap().effective().await.is_err(),
        "a follower that ends confirms nothing"
    );
}

#[tokio::test]
async fn r29_a_creation_repeated_names_the_room_made_then() {
    let (world, [alice, bob, _], _) = World::with_group().await;
    let id = OperationId(Uuid::now_v7());
    let rooms = [RoomId(Uuid::now_v7()), RoomId(Uuid::now_v7())];
    let first = world.append(again(id, rooms[0], alice, create(&[bob]))).await.unwrap();
    let second = world.append(again(id, rooms[1], alice, create(&[bob]))).await.unwrap();
    assert_eq!((first.room, second.room), (rooms[0], rooms[0]));
    world.does(alice, rooms[0], Command::Appoint { user: bob }).await.unwrap();
    world.does(bob, rooms[0], Command::Remove { users: vec![alice] }).await.unwrap();
    let third = world.append(again(id, rooms[1], alice, create(&[bob]))).await;
    assert!(
        matches!(third, Err(NotAppended::Refused(refusal)) if refusal.code == RefusalCode::NotFound)
    );
}

#[tokio::test]
async fn r6_who_is_left_out_is_told_and_named() {
    let (world, [alice, bob, carol], _) = World::with_group().await;
    world.connect(carol, false).await;
    let room = RoomId(Uuid::now_v7());
    let made = world.append(proposal(room, alice, create(&[bob, carol]))).await.unwrap();
    assert_eq!(made.left_out[0].user, carol);
    let people = world.reads(bob, Want::People { users: vec![carol, alice] }).await.people;
    let mut names: Vec<_> = people.into_iter().map(|one| one.name).collect();
    names.sort();
    assert_eq!(names, ["alice", "carol"]);
}

#[tokio::test]
async fn r19_a_withdrawal_ends_stints_at_once_and_the_job_writes_the_removals() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    let inside = world.open(alice, RoomKind::Internal, &[world.people[2].0]).await;
    let mut follower = world.store().follow();
    let done = world.connect(alice, false).await;
    assert!(done.job.is_some());
    // R16 at once: on the very next snapshot he sees nothing, job or no job.
    assert_eq!(world.page(alice, room).await.unwrap_err().code, RefusalCode::NotFound);
    assert!(world.page(alice, inside).await.is_ok(), "internal rooms stay");
    let cut = next(&mut follower).await;
    assert_eq!((cut.cuts[0].subject, cut.cuts[0].reach), (Subject::Person(alice), Reach::Outside));
    world.jobs_are_done().await;
    let page = world.page(bob, room).await.unwrap();
    assert_eq!(brief(&page), ["1:created", "2:removed", "3:masters"], "R20: one succeeds");
    let removed = &stored(&page, Seq(2)).entry;
    assert!(
        matches!(&removed.change, Change::Removed { users, cause: Cause::Administrator } if users == &[alice])
    );
    assert_eq!(removed.author, None);
    // Permitting him again revives nothing.
    world.connect(alice, true).await;
    assert!(world.page(alice, room).await.is_err());
    assert!(page.permit.cut() >= cut.cuts[0].number);
}

#[tokio::test]
async fn r19_a_companys_withdrawal_reaches_all_its_people_also_after_a_kill() {
    let mut world = World::new();
    let (acme, globex) = (world.company("Acme").await, world.company("Globex").await);
    let alice = world.user(acme, "alice").await;
    let mut others = Vec::new();
    for index in 0..5 {
        let user = world.user(globex, &format!("bob{index}")).await;
        world.contacts(alice, user).await;
        others.push(user);
    }
    let mut rooms = Vec::new();
    for _ in 0..60 {
        rooms.push(world.group(alice, &others).await);
    }
    world.policy(globex, crate::authority::Policy::ExternalMessaging, false).await;
    // Stopped and started while it goes on: it goes on from there.
    for _ in 0..4 {
        world.restart();
    }
    world.jobs_are_done().await;
    for room in rooms {
        let page = world.page(alice, room).await.unwrap();
        assert_eq!(brief(&page), ["1:created", "2:removed"]);
        let about = world.sees(alice, Want::About { room }).await.unwrap();
        assert_eq!(about.room.members.len(), 1);
    }
    let jobs = world.store().jobs().await.unwrap();
    assert!(jobs.iter().any(|job| job.kind == "withdrawal" && job.done == 60));
}

#[tokio::test]
async fn r8_the_groups_of_a_person_are_counted() {
    let (world, [alice, bob, carol], room) = World::with_group().await;
    assert_eq!(world.groups_of(bob).await, 1);
    let shared = world.open(carol, RoomKind::Internal, &[alice]).await;
    assert_eq!(world.groups_of(alice).await, 1, "a general room is no group");
    world.does(alice, room, Command::Remove { users: vec![bob] }).await.unwrap();
    assert_eq!(world.groups_of(bob).await, 0);
    world.does(alice, room, Command::Delete).await.unwrap();
    assert_eq!((world.groups_of(alice).await, world.groups_of(carol).await), (0, 0));
    assert!(world.page(carol, shared).await.is_ok());
}

#[tokio::test]
async fn r7_a_conversion_counts_and_cancels_invitations() {
    let (world, [alice, bob, carol], _) = World::with_group().await;
    let (acme, globex) = (world.people[0].1, world.people[1].1);
    for company in [acme, globex] {
        world.policy(company, crate::authority::Policy::ExternalRooms, true).await;
        world.policy(company, crate::authority::Policy::Guests, true).await;
    }
    let room = world.open(alice, RoomKind::Shared, &[bob, carol]).await;
    let hash = world.invites(alice, room, OperationId(Uuid::now_v7())).await.unwrap();
    let convert = Command::Convert { name: "Group".to_owned(), description: String::new() };
    world.does(alice, room, convert).await.unwrap();
    assert_eq!(world.groups_of(bob).await, 2);
    let guest = crosstalk_protocol::ids::UserId(Uuid::now_v7());
    let late = world.store().redeem(hash, guest, "Gina".to_owned()).await;
    assert!(
        matches!(late, Err(NotAppended::Refused(refusal)) if refusal.code == RefusalCode::NotFound)
    );
    assert_eq!(world.sql("SELECT count(*) FROM invitation WHERE state = 0"), 0, "cancelled");
}

#[tokio::test]
async fn r33_an_invitation_lets_one_guest_in_once() {
    let (mut world, [alice, _, carol], _) = World::with_group_in_a_file().await;
    world.policy(world.people[0].1, crate::authority::Policy::Guests, true).await;
    let room = world.open(alice, RoomKind::Internal, &[carol]).await;
    let operation = OperationId(Uuid::now_v7());
    let lost = world.invites(alice, room, operation).await.unwrap();
    let hash = world.invites(alice, room, operation).await.unwrap();
    let guest = crosstalk_protocol::ids::UserId(Uuid::now_v7());
    let redeem = |hash| world.store().redeem(hash, guest, "Gina".to_owned());
    assert!(redeem(lost).await.is_err(), "replaced by the same operation");
    let (sign_in, entered) = redeem(hash).await.unwrap();
    assert!(sign_in.guest && entered == room);
    assert!(redeem(hash).await.is_err(), "once");
    world.says(guest, room, "hello from Gina").await;
    assert!(world.store().sign_in_guest(guest, world.store().now()).await.unwrap().is_ok());
    let members = world.reads(carol, Want::Members { room, after: None, limit: 10 }).await.people;
    assert!(members.iter().any(|one| one.guest && one.name == "Gina"));
    // Who has nobody to invite him has no room either: the last user leaves, it is purged.
    world.does(alice, room, Command::Leave).await.unwrap();
    world.does(carol, room, Command::Leave).await.unwrap();
    world.jobs_are_done().await;
    assert!(world.page(guest, room).await.is_err());
    world.restart();
    assert!(!world.holds("hello from Gina"));
}

#[tokio::test]
async fn r20_the_operator_hands_a_group_of_an_ended_company_on() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    let globex = world.people[1].1;
    let end = Act::EndCompany { company: world.people[0].1 };
    world.act(Actor::Operator, end, Record::default()).await.unwrap();
    world.jobs_are_done().await;
    assert!(world.page(alice, room).await.is_err());
    let intent = Intent {
        actor: Actor::Operator,
        operation: OperationId(Uuid::now_v7()),
        command: Command::Hand { to: globex },
    };
    let hand = Proposal { intent, ..proposal(room, alice, Command::Leave) };
    let handed = world.append(hand).await.unwrap();
    assert!(handed.permit.is_none());
    let about = world.sees(bob, Want::About { room }).await.unwrap();
    assert_eq!(about.room.owner, globex);
    assert!(about.room.masters.contains(&bob));
}

#[tokio::test]
async fn r2_an_administrator_creates_and_is_answered_again() {
    let (world, [alice, bob, carol], _) = World::with_group().await;
    let administer = Act::SetAdministrator { user: carol, administrator: true };
    world.act(Actor::Operator, administer, Record::default()).await.unwrap();
    let command = Command::Create {
        way: Way::Administrator,
        name: "Group".to_owned(),
        description: String::new(),
        members: vec![bob],
        masters: vec![alice],
    };
    let operation = OperationId(Uuid::now_v7());
    let ask = |room| {
        let intent =
            Intent { actor: Actor::Administrator(carol), operation, command: command.clone() };
        world.append(Proposal { intent, ..again(operation, room, carol, command.clone()) })
    };
    let rooms = [RoomId(Uuid::now_v7()), RoomId(Uuid::now_v7())];
    assert_eq!(ask(rooms[0]).await.unwrap().room, rooms[0]);
    assert_eq!(ask(rooms[1]).await.unwrap().room, rooms[0]);
    assert!(world.page(alice, rooms[0]).await.is_ok());
    assert!(world.page(carol, rooms[0]).await.is_err(), "R31: by administering he reads nothing");
}

#[tokio::test]
async fn r18_r19_who_is_cut_off_counts_no_more_though_nothing_says_so_yet() {
    let (world, [alice, bob, carol], room) = World::with_group().await;
    let said = world.says(alice, room, "hello").await;
    for user in [bob, carol] {
        world.store().mark(room, user, said).await.unwrap();
    }
    // No `removed` entry can be written: the job tries again and again.
    world.forbid("entry", "new.kind = 5");
    world.connect(carol, false).await;
    assert!(world.page(carol, room).await.is_err());
    let about = world.sees(alice, Want::About { room }).await.unwrap();
    assert!(!about.room.members.contains_key(&carol));
    let members = world.reads(alice, Want::Members { room, after: None, limit: 10 }).await.people;
    let members: Vec<_> = members.into_iter().map(|one| one.user).collect();
    assert_eq!(members, [alice, bob]);
    let readers = world.reads(alice, Want::Readers { room, seq: said }).await.readers;
    assert!(!readers.contains(&carol));
    let mention = Command::Post {
        text: "Carol?".to_owned(),
        reply_to: None,
        mentions: vec![carol],
        mention_all: false,
    };
    let refusal = world.does(alice, room, mention).await.unwrap_err();
    assert_eq!((refusal.code, refusal.users), (RefusalCode::NotAMember, vec![carol]));
    // The check knows that the job is on its way.
    let report = world.check();
    assert!(report.is_sound(), "{report:?}");
    world.allow("entry");
    world.jobs_are_done().await;
    assert_eq!(brief(&world.page(alice, room).await.unwrap()).last().unwrap(), "3:removed");
}

#[tokio::test]
async fn r8_r19_groups_of_before_a_cut_do_not_count_though_nothing_says_so_yet() {
    let world = World::with(|options| options.limits.groups_max = 2);
    let (acme, globex) = (world.company("Acme").await, world.company("Globex").await);
    let (alice, dora) = (world.user(acme, "alice").await, world.user(acme, "dora").await);
    let (bob, eve) = (world.user(globex, "bob").await, world.user(acme, "eve").await);
    for other in [alice, dora, eve] {
        world.contacts(other, bob).await;
    }
    for _ in 0..2 {
        world.group(alice, &[bob]).await;
    }
    let room = RoomId(Uuid::now_v7());
    let full = world.does(dora, room, create(&[bob])).await.unwrap_err();
    assert_eq!((full.code, full.users), (RefusalCode::TooManyGroups, vec![bob]));
    world.forbid("entry", "new.kind = 5");
    world.connect(bob, false).await;
    world.connect(bob, true).await;
    let third = world.group(dora, &[bob]).await;
    assert!(world.page(bob, third).await.is_ok());
    let fourth = world.group(dora, &[bob]).await;
    assert!(world.page(bob, fourth).await.is_ok());
    let full = world.does(eve, room, create(&[bob])).await.unwrap_err();
    assert_eq!((full.code, full.users), (RefusalCode::TooManyGroups, vec![bob]));
    world.allow("entry");
    world.jobs_are_done().await;
    assert_eq!(world.groups_of(bob).await, 2);
    let report = world.check();
    assert!(report.is_sound(), "{report:?}");
}
