//! P1, P2: nothing with a place after his removal reaches a removed person until he is added again.

use crate::house::{House, refused, refused_naming};
use crate::people::talking::message;
use crate::people::{Person, operation};
use crate::scene::{Scene, scene};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::push::NoticeKind;
use crosstalk_protocol::request::{History, People as AskPeople, Send};
use crosstalk_protocol::words::{Cause, HistoryVisibility, RoomKind};

#[tokio::test]
async fn a_removed_member_is_shown_nothing_after_the_removal() {
    // R16, R17
    let Scene { house: _house, alice, bob, carol, group, .. } = scene().await;
    bob.says(group, "hello").await;
    carol.is_shown(group, "hello").await;
    let removal = carol.is_removed_by(&alice, group).await;
    let change = bob.change_at(group, removal).await;
    let users = vec![carol.id];
    assert_eq!(change, Change::Removed { users, cause: Cause::Master });
    for number in 0..10 {
        bob.says(group, &format!("secret {number}")).await;
    }
    alice.is_shown(group, "secret 9").await;
    carol.is_told(NoticeKind::Removed { room: group }).await;
    carol.is_shown_nothing_after(group, removal).await;
    carol.finds_nothing(group).await;
}

#[tokio::test]
async fn all_devices_of_a_removed_member_are_told_and_shown_nothing() {
    // R16, R17
    let Scene { house: _house, alice, bob, carol, group, .. } = scene().await;
    let (tablet, laptop) = (carol.with_another_device(), carol.with_another_device());
    tablet.signs_in().await;
    laptop.signs_in().await;
    laptop.loses_the_connection().await;
    let removal = carol.is_removed_by(&alice, group).await;
    let last = bob.says(group, "secret").await;
    alice.is_at(group, last).await;
    laptop.signs_in().await;
    for device in [&carol, &tablet, &laptop] {
        device.is_told(NoticeKind::Removed { room: group }).await;
        device.is_shown_nothing_after(group, removal).await;
    }
}

#[tokio::test]
async fn who_is_removed_while_away_finds_a_room_that_never_was() {
    // R16, R17: old cursors and old ids open nothing.
    let Scene { house: _house, alice, bob, carol, group, .. } = scene().await;
    let mine = message(group, operation(), "mine");
    carol.asks(mine.clone()).await.unwrap();
    carol.loses_the_connection().await;
    let removal = carol.is_removed_by(&alice, group).await;
    bob.says(group, "secret").await;
    carol.signs_in().await;
    carol.is_told(NoticeKind::Removed { room: group }).await;
    carol.is_shown_nothing_after(group, removal).await;
    // R29: to a removed person a retry answers as R16's.
    refused(carol.asks(mine).await, RefusalCode::NotFound);
    carol.finds_nothing(group).await;
}

#[tokio::test]
async fn names_are_closed_with_the_room() {
    // R16: whom he saw only there, he can't look up any more; nor a stranger ever.
    let Scene { house, alice, bob, carol, group, .. } = scene().await;
    let look = |who: &Person| AskPeople { users: vec![who.id] };
    let seen = carol.asks(look(&bob)).await.unwrap().people;
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].name.as_str(), seen[0].company_name.as_str()), ("Bob", "Acme"));
    let mallory = house.company("Umbrella").await.person("Mallory").await;
    assert!(mallory.asks(look(&bob)).await.unwrap().people.is_empty());
    carol.is_removed_by(&alice, group).await;
    assert!(carol.asks(look(&bob)).await.unwrap().people.is_empty());
    // R18: the departed keep their name for the others.
    assert_eq!(bob.asks(look(&carol)).await.unwrap().people.len(), 1);
}

#[tokio::test]
async fn what_a_removed_member_wrote_stays_for_the_others() {
    // R18
    let Scene { house: _house, alice, bob, carol, group, .. } = scene().await;
    let said = carol.says(group, "my work").await;
    carol.is_removed_by(&alice, group).await;
    let entry = bob.sees_at(group, said).await.unwrap();
    assert_eq!(entry.author, Some(carol.id));
    assert_eq!(bob.texts(group).await, ["my work"]);
}

#[tokio::test]
async fn coming_back_shows_his_own_stints_and_not_the_time_between() {
    // R14: since_joined
    let Scene { house: _house, alice, bob, carol, group, .. } = scene().await;
    bob.says(group, "before").await;
    carol.is_shown(group, "before").await;
    carol.is_removed_by(&alice, group).await;
    let between = bob.says(group, "between").await;
    carol.is_told(NoticeKind::Removed { room: group }).await;
    let added = alice.adds(group, &[&carol]).await.unwrap().seq;
    carol.is_told(NoticeKind::Added { room: group, stint: added }).await;
    carol.follows(group).await;
    bob.says(group, "after").await;
    carol.is_shown(group, "after").await;
    assert_eq!(carol.texts(group).await, ["before", "after"]);
    assert!(carol.hand().await.device.replica().room(group).unwrap().is_passed(between));
    let page = serde_json::to_string(&carol.pages(group).await).unwrap();
    assert!(!page.contains("between"), "{page}");
    // A message of the time between is none for him.
    let reply = Send { reply_to: Some(between), ..message(group, operation(), "what?") };
    carol.is_refused(reply, RefusalCode::NotAMessage).await;
}

#[tokio::test]
async fn an_edit_between_the_stints_is_not_told_apart_from_the_text_of_now() {
    // R14: a visible message shows its text of now, though the edit fell between.
    let Scene { house: _house, alice, bob, carol, group, .. } = scene().await;
    let said = bob.says(group, "draft").await;
    carol.is_at(group, said).await;
    carol.is_removed_by(&alice, group).await;
    let edit = bob.edits(group, said, "final").await;
    alice.adds(group, &[&carol]).await.unwrap();
    carol.follows(group).await;
    assert_eq!(carol.is_shown(group, "final").await, said);
    assert!(carol.hand().await.device.replica().room(group).unwrap().is_passed(edit));
    // And an edit of a message that he may not see stays hidden.
    carol.is_removed_by(&alice, group).await;
    let hidden = bob.says(group, "hidden").await;
    alice.adds(group, &[&carol]).await.unwrap();
    carol.follows(group).await;
    let edit = bob.edits(group, hidden, "still hidden").await;
    carol.is_at(group, edit).await;
    assert_eq!(carol.sees_at(group, edit).await, None);
}

#[tokio::test]
async fn a_newcomer_sees_the_past_only_if_the_group_says_so() {
    // R14: what is set when a stint begins holds for that stint.
    let Scene { house: _house, acme, alice, bob, group, .. } = scene().await;
    bob.says(group, "old").await;
    let late = acme.person("Dora").await;
    alice.adds(group, &[&late]).await.unwrap();
    late.follows(group).await;
    assert!(late.texts(group).await.is_empty());
    alice.shows_history(group, HistoryVisibility::All).await;
    late.settles().await;
    assert!(late.texts(group).await.is_empty(), "his stint began under since_joined");
    let later = acme.person("Emil").await;
    alice.adds(group, &[&later]).await.unwrap();
    later.follows(group).await;
    assert_eq!(later.texts(group).await, ["old"]);
    let first = History { room: group, before: Some(Seq(2)), after: None, limit: 10 };
    assert_eq!(later.asks(first).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn removing_the_absent_and_adding_the_present_say_so() {
    // R13
    let Scene { house: _house, acme, alice, bob, carol, group, .. } = scene().await;
    let stranger = acme.person("Dora").await;
    let removed = alice.removes(group, &[&stranger]).await.unwrap();
    assert_eq!(removed.unchanged, [stranger.id]);
    let added = alice.adds(group, &[&bob]).await.unwrap();
    assert_eq!(added.unchanged, [bob.id]);
    assert_eq!(added.seq, removed.seq, "nothing was written");
    carol.is_refused_to_govern(group, &bob).await;
}

impl Person {
    /// R9: what only a Group Master may do, a mere member may not.
    async fn is_refused_to_govern(&self, group: RoomId, other: &Self) {
        refused(self.adds(group, &[other]).await, RefusalCode::NotAllowed);
        refused(self.removes(group, &[other]).await, RefusalCode::NotAllowed);
        refused(self.appoints(group, other).await, RefusalCode::NotAllowed);
        refused(self.dismisses(group, other).await, RefusalCode::NotAllowed);
        refused(self.deletes(group).await, RefusalCode::NotAllowed);
    }
}

#[tokio::test]
async fn nobody_leaves_a_group_and_no_master_removes_himself() {
    // R15
    let Scene { house: _house, alice, carol, group, .. } = scene().await;
    refused(carol.leaves(group).await, RefusalCode::CannotLeaveGroup);
    refused(alice.leaves(group).await, RefusalCode::CannotLeaveGroup);
    refused(alice.removes(group, &[&alice]).await, RefusalCode::CannotRemoveYourself);
}

#[tokio::test]
async fn there_is_always_a_group_master() {
    // R10
    let Scene { house: _house, acme, alice, bob, carol, group, .. } = scene().await;
    refused(alice.dismisses(group, &alice).await, RefusalCode::LastMaster);
    let stranger = acme.person("Dora").await;
    let absent = alice.appoints(group, &stranger).await;
    refused_naming(absent, RefusalCode::NotAMember, &[&stranger]);
    alice.appoints(group, &carol).await.unwrap();
    alice.dismisses(group, &alice).await.unwrap();
    refused(alice.adds(group, &[&stranger]).await, RefusalCode::NotAllowed);
    let removal = alice.is_removed_by(&carol, group).await;
    bob.is_at(group, removal).await;
    assert_eq!(bob.looks_at(group).await.masters, [carol.id]);
    refused(carol.dismisses(group, &carol).await, RefusalCode::LastMaster);
}

#[tokio::test]
async fn a_withdrawal_removes_from_all_groups_at_once_and_for_good() {
    // R19, R17
    let Scene { house, globex, alice, bob, carol, group, .. } = scene().await;
    let second = alice.creates_a_group("Second", &[&carol]).await;
    let colleague = globex.person("Dan").await;
    let internal = carol.opens(RoomKind::Internal, "ours", &[&colleague]).await;
    carol.says(internal, "stays").await;
    bob.says(group, "before").await;
    carol.is_shown(group, "before").await;
    globex.withdraws(&carol).await;
    carol.is_told(NoticeKind::Withdrawn {}).await;
    for room in [group, second] {
        carol.finds_nothing(room).await;
    }
    house.jobs_are_done().await;
    let last = bob.says(group, "secret").await;
    let removal = removal_of(&alice, group, &carol).await;
    alice.is_at(group, last).await;
    carol.is_shown_nothing_after(group, removal).await;
    assert_eq!(carol.texts(internal).await, ["stays"]);
    // Permitting him again revives nothing: he must be added.
    globex.permits(&carol).await;
    carol.is_told(NoticeKind::Connected {}).await;
    carol.finds_nothing(group).await;
    alice.adds(group, &[&carol]).await.unwrap();
    carol.follows(group).await;
    let seen = carol.texts(group).await;
    assert!(seen.is_empty(), "R14: a stint that a withdrawal ended is closed: {seen:?}");
}

#[tokio::test]
async fn a_company_without_external_messaging_is_out_of_every_group() {
    // R19
    let Scene { house, globex, alice, bob, carol, group, .. } = scene().await;
    let dan = globex.person("Dan").await;
    alice.is_contact_of(&dan).await;
    alice.adds(group, &[&dan]).await.unwrap();
    dan.follows(group).await;
    let off = crosstalk_loadtest::admin::PolicyPatch {
        external_messaging: Some(false),
        ..Default::default()
    };
    globex.sets(off).await;
    bob.says(group, "secret").await;
    house.jobs_are_done().await;
    for person in [&carol, &dan] {
        let removal = removal_of(&alice, group, person).await;
        person.is_shown_nothing_after(group, removal).await;
        person.finds_nothing(group).await;
    }
    assert_eq!(alice.looks_at(group).await.members, 2);
}

#[tokio::test]
async fn suspension_and_deletion_close_every_room_and_the_door() {
    // R19, R34, R18
    let Scene { house, globex, alice, bob, carol, group, .. } = scene().await;
    let dan = globex.person("Dan").await;
    let internal = dan.opens(RoomKind::Internal, "ours", &[&carol]).await;
    carol.says(group, "my work").await;
    globex.suspends(&carol).await;
    let closed = carol.is_disconnected().await;
    assert_eq!(closed.code, Some(4502), "{closed}");
    house.jobs_are_done().await;
    for (room, witness) in [(group, &alice), (internal, &dan)] {
        removal_of(witness, room, &carol).await;
    }
    refused(carol.tries_to_sign_in().await, RefusalCode::Unauthenticated);
    globex.deletes(&dan).await;
    assert_eq!(dan.is_disconnected().await.code, Some(4502));
    // What he wrote stays, under his name.
    assert_eq!(bob.texts(group).await, ["my work"]);
    let look = AskPeople { users: vec![carol.id] };
    assert_eq!(bob.asks(look).await.unwrap().people[0].name, "Carol");
}

#[tokio::test]
async fn the_longest_member_of_the_owner_company_succeeds() {
    // R20
    let Scene { house, acme, alice, bob, carol, group, .. } = scene().await;
    let late = acme.person("Dora").await;
    alice.adds(group, &[&late]).await.unwrap();
    acme.suspends(&alice).await;
    house.jobs_are_done().await;
    let removal = removal_of(&carol, group, &alice).await;
    carol.is_at(group, removal.next()).await;
    assert_eq!(carol.looks_at(group).await.masters, [bob.id]);
    let appointed = vec![bob.id];
    let succeeded = carol.change_at(group, removal.next()).await;
    assert_eq!(succeeded, Change::Masters { appointed, dismissed: Vec::new() });
}

#[tokio::test]
async fn without_a_successor_the_owner_companys_administrator_names_one() {
    // R20
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    refused(acme.names_master(group, &carol).await, RefusalCode::Exists);
    acme.withdraws(&alice).await;
    house.jobs_are_done().await;
    assert!(carol.looks_at(group).await.masters.is_empty());
    refused(globex.names_master(group, &carol).await, RefusalCode::NotFound);
    // Any member may be named, also one of another company.
    let named = acme.admin.name_master(acme.id, group, carol.id).await;
    named.unwrap();
    assert_eq!(carol.looks_at(group).await.masters, [carol.id]);
}

/// The place at which the person was removed, as this member is told.
async fn removal_of(witness: &Person, room: RoomId, person: &Person) -> Seq {
    witness
        .until("a removal", |hand| {
            let kept = hand.device.replica().room(room)?;
            let removed = |change: &Change| {
                matches!(change, Change::Removed { users, .. } if users.contains(&person.id))
            };
            kept.entries().rev().find(|entry| removed(&entry.change)).map(|entry| entry.seq)
        })
        .await
}
