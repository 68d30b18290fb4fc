//! The directory: contacts, sign-ins, devices, inboxes, people.

use super::support::*;
use crate::authority::{Act, Actor, Subject};
use crate::directory::{Directory, Record, SignInRefused};
use crate::timeline::{NotAppended, Timeline, Want};
use crosstalk_protocol::answer::ContactState;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{CompanyId, DeviceId, UserId};
use crosstalk_protocol::push::NoticeKind;
use uuid::Uuid;

#[tokio::test]
async fn contacts_are_asked_by_exact_address_and_are_mutual() {
    let world = World::new();
    let (acme, globex) = (world.company("Acme").await, world.company("Globex").await);
    let (alice, bob) = (world.user(acme, "alice").await, world.user(globex, "bob").await);
    let ask = |address: &str| {
        let record = Record { asked_address: Some(address.to_owned()), ..Record::default() };
        let act = Act::RequestContact { of: None, asked: false };
        world.act(Actor::Person(alice), act, record)
    };
    assert!(ask("nobody@nowhere").await.unwrap().effects.is_empty(), "the same answer");
    let address = format!("bob@{globex}");
    assert!(!ask(&address).await.unwrap().effects.is_empty());
    assert!(ask(&address).await.unwrap().effects.is_empty(), "he is not told twice");
    let contacts = |user| world.store().contacts(user, None, 10);
    assert!(contacts(alice).await.unwrap().0.is_empty());
    assert_eq!(contacts(bob).await.unwrap().0[0].state, ContactState::AskedMe);
    let accept = Act::AcceptContact { of: alice, asked: false };
    world.act(Actor::Person(bob), accept, Record::default()).await.unwrap();
    let of_alice = contacts(alice).await.unwrap().0;
    assert_eq!((of_alice[0].profile.user, of_alice[0].state), (bob, ContactState::Accepted));
    assert_eq!(of_alice[0].profile.company_name, "Globex");
    world.act(Actor::Person(bob), Act::EndContact { of: alice }, Record::default()).await.unwrap();
    assert!(contacts(alice).await.unwrap().0.is_empty());
}

#[tokio::test]
async fn r34_sign_ins_end_with_revocation_suspension_and_deletion() {
    let world = World::new();
    let acme = world.company("Acme").await;
    let alice = world.user(acme, "alice").await;
    let now = world.store().now();
    let sign_in = |issued| world.store().sign_in(acme, "alice".to_owned(), issued);
    assert_eq!(sign_in(now).await.unwrap().unwrap().user, alice);
    let act = |act| world.act(Actor::Operator, act, Record::default());
    act(Act::RevokeSignIns { user: alice }).await.unwrap();
    assert_eq!(sign_in(now).await.unwrap(), Err(SignInRefused::Revoked));
    world.pass(1_000_000);
    let later = world.store().now();
    assert!(sign_in(later).await.unwrap().is_ok());
    act(Act::SetActive { user: alice, active: false }).await.unwrap();
    assert_eq!(sign_in(later).await.unwrap(), Err(SignInRefused::Inactive));
    act(Act::DeletePerson { user: alice }).await.unwrap();
    let unknown = world.store().sign_in(acme, "bob".to_owned(), later).await.unwrap();
    assert_eq!(unknown, Err(SignInRefused::Unknown));
    let record = Record { name: "x".to_owned(), subject: "alice".to_owned(), ..Record::default() };
    let person = person(UserId(Uuid::now_v7()), acme);
    let again = Act::Provision { person, exists: false, first_sign_in: false };
    let again = world.act(Actor::Operator, again, record).await;
    assert!(
        matches!(again, Err(NotAppended::Refused(it)) if it.code == RefusalCode::Exists),
        "a deleted subject never again"
    );
}

#[tokio::test]
async fn r17_an_inbox_waits_for_each_device() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    let phone = DeviceId(Uuid::now_v7());
    let first = world.store().greet(bob, phone, None).await.unwrap();
    assert!(first.notices.is_empty() && !first.wipe, "a new device starts at the end");
    world.does(alice, room, crate::authority::Command::Remove { users: vec![bob] }).await.unwrap();
    let policy = crate::authority::Policy::FirstSignIn;
    world.policy(world.people[1].1, policy, true).await;
    for _ in 0..2 {
        let greeting = world.store().greet(bob, phone, None).await.unwrap();
        assert_eq!(greeting.notices.len(), 2, "until it has acknowledged");
        assert_eq!(greeting.notices[0].notice, NoticeKind::Removed { room });
        assert_eq!(greeting.notices[1].inbox, Subject::Company(world.people[1].1));
    }
    let waiting = world.store().inbox(bob, 0, 100).await.unwrap().0;
    let last = waiting.last().unwrap().place;
    world.store().acknowledge(bob, phone, last).await.unwrap();
    world.store().acknowledge(bob, phone, 1).await.unwrap();
    assert!(world.store().greet(bob, phone, None).await.unwrap().notices.is_empty());
}

#[tokio::test]
async fn r17_a_notice_is_kept_until_each_device_has_dealt_with_it() {
    let (world, [alice, bob, carol], room) = World::with_group().await;
    let [phone, laptop] = [(); 2].map(|()| DeviceId(Uuid::now_v7()));
    for device in [phone, laptop] {
        world.store().greet(bob, device, None).await.unwrap();
    }
    let remove = |user| crate::authority::Command::Remove { users: vec![user] };
    world.does(alice, room, remove(bob)).await.unwrap();
    world.does(alice, room, remove(carol)).await.unwrap();
    let places = |inbox: (Vec<crate::timeline::Noticed>, bool)| {
        inbox.0.iter().map(|one| one.place).collect::<Vec<_>>()
    };
    let before = places(world.store().inbox(bob, 0, 100).await.unwrap());
    let last = *before.last().unwrap();
    world.store().acknowledge(bob, phone, last).await.unwrap();
    assert_eq!(places(world.store().inbox(bob, 0, 100).await.unwrap()), before);
    assert_eq!(world.store().greet(bob, laptop, None).await.unwrap().notices.len(), 1);
    world.store().greet(bob, laptop, Some(last)).await.unwrap();
    assert!(world.store().inbox(bob, 0, 100).await.unwrap().0.is_empty());
    let of_carol = places(world.store().inbox(carol, 0, 100).await.unwrap());
    assert!(of_carol.last().unwrap() > &last, "another one's wait as before");
    let report = world.check();
    assert!(report.is_sound(), "{report:?}");
}

#[tokio::test]
async fn r17_the_place_of_a_notice_never_comes_again_and_a_lost_one_is_found() {
    let (world, [alice, bob, carol], room) = World::with_group().await;
    let phone = DeviceId(Uuid::now_v7());
    world.store().greet(bob, phone, None).await.unwrap();
    let remove = |user| crate::authority::Command::Remove { users: vec![user] };
    world.does(alice, room, remove(bob)).await.unwrap();
    let last = world.store().inbox(bob, 0, 100).await.unwrap().0.last().unwrap().place;
    world.store().acknowledge(bob, phone, last).await.unwrap();
    world.does(alice, room, remove(carol)).await.unwrap();
    let next = world.store().inbox(carol, 0, 100).await.unwrap().0.last().unwrap().place;
    assert!(next > last, "{next}");
    assert!(world.check().is_sound());
    world.sql("DELETE FROM notice WHERE place = (SELECT max(place) FROM notice) RETURNING place");
    let report = world.check();
    assert!(report.faults.iter().any(|fault| fault.contains(&carol.to_string())), "{report:?}");
}

#[tokio::test]
async fn a_person_has_twenty_devices_and_unseen_ones_are_forgotten() {
    let (world, [_, bob, _], _) = World::with_group().await;
    let devices: Vec<DeviceId> = (0..20).map(|_| DeviceId(Uuid::now_v7())).collect();
    for device in &devices {
        world.store().greet(bob, *device, None).await.unwrap();
    }
    let more = DeviceId(Uuid::now_v7());
    let refused = world.store().greet(bob, more, None).await.unwrap_err();
    assert!(matches!(refused, NotAppended::Refused(it) if it.code == RefusalCode::TooManyDevices));
    world.pass(91 * DAY);
    world.store().greet(bob, more, None).await.unwrap();
    let forgotten = world.store().greet(bob, devices[0], Some(1)).await.unwrap();
    assert!(forgotten.wipe);
}

#[tokio::test]
async fn r30_people_are_named_only_where_they_can_be_seen() {
    let (world, [alice, bob, carol], room) = World::with_group().await;
    let stranger = world.user(world.people[1].1, "zoe").await;
    let names = |user| world.reads(user, Want::People { users: vec![bob, carol, stranger] });
    let read = names(alice).await;
    let [(through, Ok(sight))] = read.rooms.as_slice() else { panic!("{:?}", read.rooms) };
    assert_eq!((*through, sight.permit.room()), (room, room), "R16: under the permit of a room");
    let seen = read.people;
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|one| !one.company_name.is_empty()));
    world.does(alice, room, crate::authority::Command::Remove { users: vec![bob] }).await.unwrap();
    assert_eq!(names(alice).await.people.len(), 2, "the departed included");
    let bobs = names(bob).await;
    assert!(bobs.rooms.is_empty());
    assert_eq!(bobs.people.iter().map(|one| one.user).collect::<Vec<_>>(), [bob], "himself alone");
    // R14: who comes after him does not see him.
    let dave = world.user(world.people[0].1, "dave").await;
    world.does(alice, room, crate::authority::Command::Add { users: vec![dave] }).await.unwrap();
    let seen = names(dave).await.people;
    assert_eq!(seen.iter().map(|one| one.user).collect::<Vec<_>>(), [carol]);
}

#[tokio::test]
async fn a_name_that_the_database_does_not_keep_costs_nobody_else() {
    let world = World::new();
    let company = |name: String| {
        let act = Act::CreateCompany { company: CompanyId(Uuid::now_v7()) };
        world.act(Actor::Operator, act, Record { name, ..Record::default() })
    };
    // Together: they share commits.
    let names = (0..30).map(|index| if index % 3 == 0 { "a\0b".into() } else { index.to_string() });
    let made = futures::future::join_all(names.map(company)).await;
    let others = made.iter().enumerate().filter(|(index, _)| index % 3 != 0);
    for (_, made) in others {
        assert!(made.is_ok(), "{made:?}");
    }
    let kept = made.iter().filter(|made| made.is_ok()).count();
    assert_eq!(world.store().companies().await.unwrap().len(), kept);
}

#[tokio::test]
async fn what_must_be_unique_is() {
    let world = World::new();
    let acme = world.company("Acme").await;
    let issuer = Record { issuer: Some("https://login.example".to_owned()), ..Record::default() };
    let set = |company| world.act(Actor::Operator, Act::SetIssuer { company }, issuer.clone());
    set(acme).await.unwrap();
    set(acme).await.unwrap();
    let globex = world.company("Globex").await;
    let taken = set(globex).await.unwrap_err();
    assert!(matches!(taken, NotAppended::Refused(it) if it.code == RefusalCode::Exists));
    let companies = world.store().companies().await.unwrap();
    assert_eq!(companies.iter().filter(|it| it.record.issuer.is_some()).count(), 1);
    let alice = world.user(acme, "alice").await;
    let people = world.store().people_of(acme, None, 10).await.unwrap().0;
    assert_eq!((people[0].person.id, people[0].record.subject.as_str()), (alice, "alice"));
}

#[tokio::test]
async fn r17_a_known_device_is_greeted_though_nothing_can_be_written() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    let phone = DeviceId(Uuid::now_v7());
    world.store().greet(bob, phone, None).await.unwrap();
    world.does(alice, room, crate::authority::Command::Remove { users: vec![bob] }).await.unwrap();
    world.forbid("device", "new.seen > 0");
    let greeting = world.store().greet(bob, phone, None).await.unwrap();
    assert!(!greeting.wipe);
    let told: Vec<_> = greeting.notices.iter().map(|one| one.notice.clone()).collect();
    assert_eq!(told, [NoticeKind::Removed { room }]);
    // Of another one nobody could say later what it has kept.
    let other = world.store().greet(bob, DeviceId(Uuid::now_v7()), None).await;
    assert!(matches!(other, Err(NotAppended::Failed(crate::timeline::Error::Write(_)))));
    world.allow("device");
    let last = greeting.notices[0].place;
    assert!(world.store().greet(bob, phone, Some(last)).await.unwrap().notices.is_empty());
}
