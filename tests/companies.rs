//! Who may create what with whom, and what a company's people are to another one's.

use crate::house::{House, refused, refused_naming};
use crate::people::governing::{creation, opening};
use crate::people::ids;
use crosstalk_loadtest::admin::{NewUser, PolicyPatch, UserPatch};
use crosstalk_loadtest::{Admin, Error};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::{Change, LeftOut};
use crosstalk_protocol::ids::Seq;
use crosstalk_protocol::push::NoticeKind;
use crosstalk_protocol::request::{
    AcceptContact, Colleagues, Contacts, CreateFromContacts, EndContact, Members, RequestContact,
};
use crosstalk_protocol::words::{GroupCreation, LeftOutReason, RoomKind, Way};

#[tokio::test]
async fn four_ways_lead_to_a_group() {
    // R1, R2, R7
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let contacts = alice.creates_a_group("From Contacts", &[&carol]).await;
    let message = alice.creates_from_message("From Message", &[&carol]).await.unwrap().room;
    let shared = alice.opens(RoomKind::Shared, "talk", &[&carol]).await;
    alice.says(shared, "kept").await;
    let converted = alice.converts(shared, "Converted").await.unwrap().room;
    assert_eq!(converted, shared, "the room keeps its id");
    let made = acme.makes_a_group("By Head", &[&alice], &[&carol]).await.unwrap().room;
    for (room, way) in [
        (contacts, Some(Way::Contacts)),
        (message, Some(Way::Message)),
        (converted, None),
        (made, Some(Way::Administrator)),
    ] {
        carol.follows(room).await;
        let about = carol.looks_at(room).await;
        assert_eq!(about.room_kind, RoomKind::Group);
        assert_eq!((about.founder, about.masters), (Some(alice.id), vec![alice.id]));
        assert_eq!(about.owner, acme.id);
        if let Some(expected) = way {
            let Change::Created { way, .. } = carol.change_at(room, Seq(1)).await else {
                panic!("no creation")
            };
            assert_eq!(way, expected);
        }
    }
    assert_eq!(carol.texts(converted).await, ["kept"]);
    refused(alice.converts(converted, "again").await, RefusalCode::NotAGeneralRoom);
}

#[tokio::test]
async fn external_people_must_be_contacts() {
    // R4
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let (carol, dan) = (globex.person("Carol").await, globex.person("Dan").await);
    alice.is_contact_of(&carol).await;
    let outcome = alice.asks(creation("Launch", ids(&[&bob, &carol, &dan]))).await;
    refused_naming(outcome, RefusalCode::NotContacts, &[&dan]);
    let outcome = alice.creates_from_message("Launch", &[&carol, &dan]).await;
    refused_naming(outcome, RefusalCode::NotContacts, &[&dan]);
    let outcome = acme.makes_a_group("Launch", &[&alice, &bob], &[&dan]).await;
    refused_naming(outcome, RefusalCode::NotContacts, &[&dan]);
    assert!(alice.rooms().await.is_empty());
    // Of any of the named Group Masters is enough.
    acme.makes_a_group("Launch", &[&bob, &alice], &[&carol]).await.unwrap();
    // R13: and of the one who adds.
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    refused_naming(alice.adds(group, &[&dan]).await, RefusalCode::NotContacts, &[&dan]);
}

#[tokio::test]
async fn colleagues_find_each_other_and_nobody_of_another_company_does() {
    // R4, R8, R30
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.stranger("Bob", false).await);
    let (sue, carol) = (acme.stranger("Sue", true).await, globex.person("Carol").await);
    let suspended = UserPatch { active: Some(false), ..UserPatch::default() };
    acme.admin.change_user(acme.id, sue.id, suspended).await.unwrap();

    let first = alice.asks(Colleagues { after: None, limit: 1 }).await.unwrap();
    assert!(first.more && first.people[0].name == "Head of Acme");
    let after = Some(first.people[0].user);
    let rest = alice.asks(Colleagues { after, limit: 100 }).await.unwrap();
    let found = [(bob.id, "Bob", acme.id, "Acme")];
    let named = rest.people.iter();
    let named = named.map(|one| (one.user, one.name.as_str(), one.company, &*one.company_name));
    assert!(named.eq(found) && !rest.more, "neither herself nor who is suspended: {rest:?}");

    let others = carol.asks(Colleagues { after: None, limit: 100 }).await.unwrap().people;
    assert!(others.iter().all(|person| person.company == globex.id));
    // Whom she found she may take along, though they share nothing yet.
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    assert_eq!(alice.adds(group, &[&bob]).await.unwrap().left_out[0].user, bob.id);
}

#[tokio::test]
async fn who_is_no_connected_member_is_left_out_and_all_are_told() {
    // R6, R13
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.unconnected_person("Bob").await);
    let (carol, dan) = (globex.person("Carol").await, globex.person("Dan").await);
    alice.is_contact_of(&carol).await;
    alice.is_contact_of(&dan).await;
    globex.withdraws(&dan).await;
    let made = alice.asks(creation("Launch", ids(&[&bob, &carol, &dan]))).await.unwrap();
    let reason = LeftOutReason::NotConnected;
    let mut expected = vec![LeftOut { user: bob.id, reason }, LeftOut { user: dan.id, reason }];
    let mut told = made.left_out.clone();
    expected.sort_by_key(|left_out| left_out.user);
    told.sort_by_key(|left_out| left_out.user);
    assert_eq!(told, expected);
    carol.follows(made.room).await;
    let Change::Created { left_out, members, .. } = carol.change_at(made.room, Seq(1)).await else {
        panic!("no creation")
    };
    assert_eq!((left_out, members.len()), (made.left_out, 2));
    assert!(bob.rooms().await.is_empty());
    let added = alice.adds(made.room, &[&bob]).await.unwrap();
    assert_eq!(added.left_out, [LeftOut { user: bob.id, reason }]);
    let Change::Added { members, left_out } = carol.change_at(made.room, added.seq).await else {
        panic!("nothing was told")
    };
    assert_eq!((members.len(), left_out), (0, added.left_out));
    // If nobody of another company is left, there is no group.
    let alone = alice.asks(creation("Alone", ids(&[&dan]))).await;
    refused_naming(alone, RefusalCode::NobodyElse, &[&dan]);
    // A creator who is not one himself is refused.
    refused(bob.asks(creation("Mine", ids(&[&alice]))).await, RefusalCode::NotConnected);
    let by_head = acme.makes_a_group("His", &[&bob], &[&alice]).await;
    refused(by_head, RefusalCode::NotConnected);
}

#[tokio::test]
async fn a_company_may_keep_creation_to_its_administrators() {
    // R3
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let shared = alice.opens(RoomKind::Shared, "talk", &[&carol]).await;
    let closed = Some(GroupCreation::Administrators);
    acme.sets(PolicyPatch { group_creation: closed, ..PolicyPatch::default() }).await;
    let code = RefusalCode::GroupCreationClosed;
    refused(alice.asks(creation("Launch", ids(&[&carol]))).await, code);
    refused(alice.creates_from_message("Launch", &[&carol]).await, code);
    refused(alice.converts(shared, "Launch").await, code);
    acme.makes_a_group("Launch", &[&alice], &[&carol]).await.unwrap();
}

#[tokio::test]
async fn groups_and_rooms_are_no_larger_than_they_may_be() {
    // R8
    let small = [("limits.group_members", "2"), ("limits.groups_per_user", "1")];
    let house = House::open_with(&small).await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let carol = globex.person("Carol").await;
    alice.is_contact_of(&carol).await;
    bob.is_contact_of(&carol).await;
    let outcome = alice.asks(creation("Launch", ids(&[&bob, &carol]))).await;
    refused(outcome, RefusalCode::RoomFull);
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    refused(alice.adds(group, &[&bob]).await, RefusalCode::RoomFull);
    let second = alice.asks(creation("Second", ids(&[&carol]))).await;
    refused_naming(second, RefusalCode::TooManyGroups, &[&alice]);
    let of_bob = bob.asks(creation("Third", ids(&[&carol]))).await;
    refused_naming(of_bob, RefusalCode::TooManyGroups, &[&carol]);
}

#[tokio::test]
async fn names_are_neither_empty_nor_endless() {
    // R8
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    alice.is_refused(creation("", ids(&[&carol])), RefusalCode::Empty).await;
    alice.is_refused(creation(&"a".repeat(101), ids(&[&carol])), RefusalCode::TooLong).await;
    let description = "a".repeat(301);
    let long = CreateFromContacts { description, ..creation("Launch", ids(&[&carol])) };
    alice.is_refused(long, RefusalCode::TooLong).await;
}

#[tokio::test]
async fn contacts_are_made_by_exact_address_and_acceptance() {
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let carol = globex.person("Carol").await;
    let ask = |address: &str| RequestContact { address: address.to_owned() };
    // The answer is the same whether there is such an address or not.
    alice.asks(ask("nobody@nowhere.example")).await.unwrap();
    alice.is_refused(ask(&bob.address), RefusalCode::SameCompany).await;
    carol.is_refused(AcceptContact { user: alice.id }, RefusalCode::NotFound).await;
    alice.asks(ask(&carol.address)).await.unwrap();
    carol.is_told(NoticeKind::ContactRequested { user: alice.id }).await;
    let waiting = carol.asks(Contacts { after: None, limit: 10 }).await.unwrap().contacts;
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].person.name.as_str(), waiting[0].person.company), ("Alice", acme.id));
    refused(alice.asks(creation("Early", ids(&[&carol]))).await, RefusalCode::NotContacts);
    // Asking who asked accepts.
    carol.asks(ask(&alice.address)).await.unwrap();
    alice.is_told(NoticeKind::ContactAccepted { user: carol.id }).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    // Ending it ends no membership.
    alice.asks(EndContact { user: carol.id }).await.unwrap();
    carol.says(group, "still here").await;
    refused(alice.asks(creation("Second", ids(&[&carol]))).await, RefusalCode::NotContacts);
}

#[tokio::test]
async fn people_are_shown_with_their_company() {
    // R30
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    let asked = Members { room: group, after: None, limit: 10 };
    let mut members = carol.asks(asked).await.unwrap().members;
    members.sort_by(|one, other| one.person.name.cmp(&other.person.name));
    let shown: Vec<_> = members
        .iter()
        .map(|line| (line.person.name.as_str(), line.person.company_name.as_str(), line.master))
        .collect();
    assert_eq!(shown, [("Alice", "Acme", true), ("Carol", "Globex", false)]);
}

#[tokio::test]
async fn an_administrator_governs_his_own_company_only() {
    // R31
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    let as_alice = Admin::new(house.server.http(), acme.token_of(&alice.subject));
    let suspended = UserPatch { active: Some(false), ..UserPatch::default() };
    let of_globex = |admin: &Admin| {
        let admin = admin.clone();
        async move { admin.change_user(globex.id, carol.id, suspended).await }
    };
    refused(of_globex(&acme.admin).await, RefusalCode::NotFound);
    refused(of_globex(&as_alice).await, RefusalCode::NotAdministrator);
    let nobody = Admin::anonymous(house.server.http());
    refused(of_globex(&nobody).await, RefusalCode::Unauthenticated);
    let user = NewUser { subject: "x".to_owned(), name: "X".to_owned(), ..NewUser::default() };
    refused(acme.admin.create_user(globex.id, &user).await, RefusalCode::NotFound);
    let policy = acme.admin.set_policy(globex.id, PolicyPatch::default()).await;
    refused(policy, RefusalCode::NotFound);
    refused(acme.admin.end_company(acme.id).await, RefusalCode::NotAllowed);
    // By being administrator he reads no content.
    let group = {
        alice.is_contact_of(&carol).await;
        alice.creates_a_group("Launch", &[&carol]).await
    };
    let head = acme.target(acme.token_of("head"));
    let mut head = crosstalk_loadtest::Device::new(head);
    head.sign_in().await.unwrap();
    let look = crosstalk_protocol::request::About { room: group };
    let outcome: Result<_, Error> = head.request(look).await;
    refused(outcome, RefusalCode::NotFound);
}

#[tokio::test]
async fn a_subject_and_an_address_are_taken_once() {
    // R34
    let house = House::open().await;
    let acme = house.company("Acme").await;
    let user = NewUser {
        subject: "dora".to_owned(),
        name: "Dora".to_owned(),
        address: Some("dora@acme.example".to_owned()),
        ..NewUser::default()
    };
    let dora = acme.admin.create_user(acme.id, &user).await.unwrap().user;
    refused(acme.admin.create_user(acme.id, &user).await, RefusalCode::Exists);
    acme.admin.delete_user(acme.id, dora).await.unwrap();
    refused(acme.admin.create_user(acme.id, &user).await, RefusalCode::Exists);
}

#[tokio::test]
async fn a_suspended_colleague_is_refused_by_name() {
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let carol = globex.person("Carol").await;
    alice.is_contact_of(&carol).await;
    acme.suspends(&bob).await;
    let outcome = alice.asks(creation("Launch", ids(&[&bob, &carol]))).await;
    refused_naming(outcome, RefusalCode::PersonInactive, &[&bob]);
    let outcome = alice.asks(opening(RoomKind::Internal, "", ids(&[&bob]))).await;
    refused_naming(outcome, RefusalCode::PersonInactive, &[&bob]);
}

#[tokio::test]
async fn an_ended_company_is_out_and_its_groups_are_handed_over() {
    // R19, R20
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    let operator = house.operator();
    refused(operator.hand(group, globex.id).await, RefusalCode::NotAllowed);
    operator.end_company(acme.id).await.unwrap();
    refused(alice.tries_to_sign_in().await, RefusalCode::Unauthenticated);
    house.jobs_are_done().await;
    let rooms = PolicyPatch { external_rooms: Some(false), ..PolicyPatch::default() };
    refused(operator.set_policy(acme.id, rooms).await, RefusalCode::OwnerEnded);
    refused(operator.hand(group, acme.id).await, RefusalCode::OwnerEnded);
    let handed = operator.hand(group, globex.id).await.unwrap().seq;
    carol.is_at(group, handed).await;
    let about = carol.looks_at(group).await;
    // R20: the member of the new owner company succeeds.
    assert_eq!((about.owner, about.masters, about.members), (globex.id, vec![carol.id], 1));
}
