//! General rooms: internal and shared, leaving, guests (R33).

use crate::house::{House, refused, refused_naming};
use crate::people::governing::{creation, opening};
use crate::people::talking::message;
use crate::people::{Person, ids, operation};
use crosstalk_loadtest::admin::{PolicyPatch, Redeemed};
use crosstalk_loadtest::{Admin, Target};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::push::NoticeKind;
use crosstalk_protocol::request::{Colleagues, InviteGuest, Leave, Members, Rename};
use crosstalk_protocol::words::{Cause, RoomKind};

#[tokio::test]
async fn an_internal_room_is_for_one_companys_people() {
    // R33
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.unconnected_person("Bob").await);
    let carol = globex.person("Carol").await;
    alice.is_contact_of(&carol).await;
    let room = alice.opens(RoomKind::Internal, "", &[&bob]).await;
    bob.says(room, "hi").await;
    alice.is_shown(room, "hi").await;
    refused_naming(alice.invites(room, &[&carol]).await, RefusalCode::NotContacts, &[&carol]);
    let outcome = alice.asks(opening(RoomKind::Internal, "", ids(&[&carol]))).await;
    refused_naming(outcome, RefusalCode::NotContacts, &[&carol]);
    let group = alice.asks(opening(RoomKind::Group, "", ids(&[&bob]))).await;
    refused(group, RefusalCode::BadRequest);
}

#[tokio::test]
async fn a_shared_room_needs_the_policy_contacts_and_connected_members() {
    // R33, R4
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.unconnected_person("Bob").await);
    let (carol, dan) = (globex.person("Carol").await, globex.person("Dan").await);
    alice.is_contact_of(&carol).await;
    let shared = |members| opening(RoomKind::Shared, "talk", members);
    refused_naming(alice.asks(shared(ids(&[&dan]))).await, RefusalCode::NotContacts, &[&dan]);
    refused(alice.asks(shared(Vec::new())).await, RefusalCode::NobodyElse);
    refused(bob.asks(shared(ids(&[&carol]))).await, RefusalCode::NotConnected);
    let room = alice.opens(RoomKind::Shared, "talk", &[&carol]).await;
    let invited = alice.invites(room, &[&bob]).await.unwrap();
    assert_eq!(invited.left_out[0].user, bob.id);
    acme.sets(PolicyPatch { external_rooms: Some(false), ..PolicyPatch::default() }).await;
    refused(alice.asks(shared(ids(&[&carol]))).await, RefusalCode::ExternalRoomsClosed);
    // The room that there is stays.
    carol.says(room, "still").await;
}

#[tokio::test]
async fn any_member_invites_renames_and_leaves() {
    // R33, R15, R16
    let house = House::open().await;
    let acme = house.company("Acme").await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let dora = acme.person("Dora").await;
    let room = alice.opens(RoomKind::Internal, "one", &[&bob]).await;
    let added = bob.invites(room, &[&dora]).await.unwrap();
    dora.is_told(NoticeKind::Added { room, stint: added.seq }).await;
    let rename = Rename { room, operation: operation(), name: "two".to_owned() };
    dora.asks(rename).await.unwrap();
    assert_eq!(alice.looks_at(room).await.name, "two");
    let leave = Leave { room, operation: operation() };
    let left = bob.asks(leave.clone()).await.unwrap();
    assert!(left.effective);
    let change = alice.change_at(room, left.seq).await;
    assert_eq!(change, Change::Removed { users: vec![bob.id], cause: Cause::Left });
    dora.says(room, "secret").await;
    bob.is_told(NoticeKind::Removed { room }).await;
    bob.is_shown_nothing_after(room, left.seq).await;
    bob.finds_nothing(room).await;
    // R29: who left gets that answer again, and nothing else.
    assert_eq!(bob.asks(leave).await.unwrap(), left);
}

#[tokio::test]
async fn when_the_last_user_leaves_the_room_is_purged() {
    // R33, R22
    let house = House::open().await;
    let acme = house.company("Acme").await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let room = alice.opens(RoomKind::Internal, "ours", &[&bob]).await;
    alice.leaves(room).await.unwrap();
    bob.leaves(room).await.unwrap();
    house.jobs_are_done().await;
    bob.finds_nothing(room).await;
}

#[tokio::test]
async fn a_withdrawn_member_loses_shared_rooms_and_keeps_internal_ones() {
    // R19, R33
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    let dan = globex.person("Dan").await;
    alice.is_contact_of(&carol).await;
    let shared = alice.opens(RoomKind::Shared, "talk", &[&carol]).await;
    let internal = dan.opens(RoomKind::Internal, "ours", &[&carol]).await;
    globex.withdraws(&carol).await;
    carol.is_told(NoticeKind::Withdrawn {}).await;
    carol.finds_nothing(shared).await;
    dan.says(internal, "hello").await;
    carol.is_shown(internal, "hello").await;
}

#[tokio::test]
async fn a_conversion_leaves_out_who_may_not_be_in_a_group() {
    // R7, R6, R16
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let (carol, dan) = (globex.person("Carol").await, globex.person("Dan").await);
    alice.is_contact_of(&carol).await;
    let room = alice.opens(RoomKind::Shared, "talk", &[&bob, &carol]).await;
    carol.is_contact_of(&bob).await;
    // Whoever converts must know everyone: Bob knows Carol, and Dan he does not.
    carol.invites(room, &[&dan]).await.unwrap();
    refused_naming(bob.converts(room, "Mine").await, RefusalCode::NotContacts, &[&dan]);
    dan.leaves(room).await.unwrap();
    alice.says(room, "kept").await;
    let converted = bob.converts(room, "Ours").await.unwrap();
    assert!(converted.left_out.is_empty());
    carol.is_at(room, converted.seq).await;
    assert_eq!(carol.looks_at(room).await.masters, [bob.id]);
    assert_eq!(carol.texts(room).await, ["kept"]);
    // Whoever follows it live goes on seeing what is said.
    bob.says(room, "as a group").await;
    carol.is_shown(room, "as a group").await;
    refused(alice.leaves(room).await, RefusalCode::CannotLeaveGroup);
}

/// Somebody from the consumer network, with the token that his invitation brought.
async fn guest(house: &House, redeemed: &Redeemed, name: &str) -> Person {
    let target = Target::new(house.server.ws(), redeemed.token.clone());
    let guest = Person::new(name, redeemed.user, String::new(), String::new(), target);
    guest.signs_in().await;
    guest
}

#[tokio::test]
async fn a_guest_comes_by_an_invitation_once_and_never_into_a_group() {
    // R33, R5
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let room = alice.opens(RoomKind::Shared, "talk", &[&carol]).await;
    let invite = || InviteGuest { room, operation: operation() };
    acme.sets(PolicyPatch { guests: Some(false), ..PolicyPatch::default() }).await;
    alice.is_refused(invite(), RefusalCode::GuestsNotAllowed).await;
    acme.sets(PolicyPatch { guests: Some(true), ..PolicyPatch::default() }).await;
    let invitation = alice.asks(invite()).await.unwrap().invitation;
    let visitor = Admin::anonymous(house.server.http());
    refused(visitor.redeem("no such invitation", "Eve").await, RefusalCode::NotFound);
    let redeemed = visitor.redeem(&invitation, "Gus").await.unwrap();
    assert_eq!((redeemed.company, redeemed.room), (acme.id, room));
    refused(visitor.redeem(&invitation, "Gus").await, RefusalCode::NotFound);
    let gus = guest(&house, &redeemed, "Gus").await;
    gus.follows(room).await;
    gus.says(room, "hello from outside").await;
    carol.is_shown(room, "hello from outside").await;
    let members = carol.asks(Members { room, after: None, limit: 10 }).await.unwrap().members;
    let line = members.iter().find(|line| line.person.user == gus.id).unwrap();
    assert!(line.person.guest && line.person.company_name == "Acme");

    refused_naming(alice.converts(room, "Group").await, RefusalCode::GuestsNotAllowed, &[&gus]);
    let with_gus = creation("Group", ids(&[&carol, &gus]));
    let outcome = alice.asks(with_gus).await;
    refused_naming(outcome, RefusalCode::GuestsNotAllowed, &[&gus]);
    refused(gus.asks(creation("Mine", ids(&[&carol]))).await, RefusalCode::NotAllowed);
    refused(gus.invites(room, &[&carol]).await, RefusalCode::NotAllowed);
    let colleagues = gus.asks(Colleagues { after: None, limit: 10 }).await.unwrap();
    assert_eq!(colleagues.people, [], "who invited him shows him no company");

    // An open invitation ends with the conversion.
    gus.leaves(room).await.unwrap();
    let late = alice.asks(invite()).await.unwrap().invitation;
    alice.converts(room, "Group").await.unwrap();
    refused(visitor.redeem(&late, "Late").await, RefusalCode::NotFound);
}

#[tokio::test]
async fn guests_go_when_the_last_user_goes() {
    // R33
    let house = House::open().await;
    let acme = house.company("Acme").await;
    acme.sets(PolicyPatch { guests: Some(true), ..PolicyPatch::default() }).await;
    let alice = acme.person("Alice").await;
    let room = alice.opens(RoomKind::Internal, "ours", &[]).await;
    let invite = InviteGuest { room, operation: operation() };
    let invitation = alice.asks(invite).await.unwrap().invitation;
    let visitor = Admin::anonymous(house.server.http());
    let gus = guest(&house, &visitor.redeem(&invitation, "Gus").await.unwrap(), "Gus").await;
    gus.follows(room).await;
    let left = alice.leaves(room).await.unwrap();
    gus.is_told(NoticeKind::Removed { room }).await;
    gus.is_shown_nothing_after(room, left.seq.next()).await;
    refused(gus.asks(message(room, operation(), "hello?")).await, RefusalCode::NotFound);
}

#[tokio::test]
async fn a_room_has_so_many_open_invitations_and_no_more() {
    // R33: whoever finds a list of them finds a short one.
    let house = House::open_with(&[("limits.open_invitations", "2")]).await;
    let (acme, _) = house.two_connected_companies().await;
    acme.sets(PolicyPatch { guests: Some(true), ..PolicyPatch::default() }).await;
    let alice = acme.person("Alice").await;
    let room = alice.opens(RoomKind::Internal, "ours", &[]).await;
    let invite = || InviteGuest { room, operation: operation() };
    let (first, second) = (invite(), invite());
    alice.asks(first).await.unwrap();
    alice.asks(second.clone()).await.unwrap();
    alice.is_refused(invite(), RefusalCode::TooManyInvitations).await;
    // Asked again, an invitation replaces itself; redeemed, it is open no longer.
    let invitation = alice.asks(second).await.unwrap().invitation;
    Admin::anonymous(house.server.http()).redeem(&invitation, "Gus").await.unwrap();
    alice.asks(invite()).await.unwrap();
}

#[tokio::test]
async fn the_inviting_company_revokes_its_guests() {
    // R33, R34
    let house = House::open().await;
    let acme = house.company("Acme").await;
    acme.sets(PolicyPatch { guests: Some(true), ..PolicyPatch::default() }).await;
    let alice = acme.person("Alice").await;
    let room = alice.opens(RoomKind::Internal, "ours", &[]).await;
    let invite = InviteGuest { room, operation: operation() };
    let invitation = alice.asks(invite).await.unwrap().invitation;
    let redeemed = Admin::anonymous(house.server.http()).redeem(&invitation, "Gus").await.unwrap();
    let gus = guest(&house, &redeemed, "Gus").await;
    gus.follows(room).await;
    acme.revokes_sign_ins_of(&gus).await;
    assert_eq!(gus.is_disconnected().await.code, Some(4502));
    refused(gus.tries_to_sign_in().await, RefusalCode::Unauthenticated);
}
