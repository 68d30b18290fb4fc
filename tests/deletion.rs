//! P3: once a deletion is acknowledged nobody in any company gets anything.

use crate::house::{House, refused};
use crate::people::talking::message;
use crate::people::{Person, hello, operation};
use crosstalk_loadtest::Error;
use crosstalk_protocol::code::{FailureCode, RefusalCode};
use crosstalk_protocol::push::NoticeKind;
use crosstalk_protocol::request::Delete;

#[tokio::test]
async fn a_deleted_group_is_gone_for_every_member_of_every_company() {
    // R21, R17, R16
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let (carol, dan) = (globex.person("Carol").await, globex.person("Dan").await);
    alice.is_contact_of(&carol).await;
    alice.is_contact_of(&dan).await;
    let group = alice.creates_a_group("Launch", &[&bob, &carol, &dan]).await;
    bob.says(group, "everything").await;
    carol.is_shown(group, "everything").await;
    dan.loses_the_connection().await;
    refused(carol.deletes(group).await, RefusalCode::NotAllowed);
    let deleted = alice.deletes(group).await.unwrap();
    assert!(deleted.effective, "a deletion is answered once it is effective");
    dan.signs_in().await;
    for person in [&alice, &bob, &carol, &dan] {
        person.is_told(NoticeKind::Deleted { room: group }).await;
        person.is_shown_nothing_after(group, deleted.seq).await;
        person.finds_nothing(group).await;
    }
}

#[tokio::test]
async fn who_deleted_gets_his_answer_again_and_nothing_else() {
    // R21, R29
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    let said = message(group, operation(), "gone soon");
    alice.asks(said.clone()).await.unwrap();
    let delete = Delete { room: group, operation: operation() };
    let answer = alice.asks(delete.clone()).await.unwrap();
    house.jobs_are_done().await;
    assert_eq!(alice.asks(delete.clone()).await.unwrap(), answer);
    alice.is_refused(said, RefusalCode::NotFound).await;
    carol.is_refused(delete, RefusalCode::NotFound).await;
    let again = Delete { room: group, operation: operation() };
    alice.is_refused(again, RefusalCode::NotFound).await;
}

#[tokio::test]
async fn a_deletion_is_answered_when_the_key_is_gone_and_not_before() {
    // P3, R21, R29
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    // The disk with the keys is away.
    let (keys, away) = (house.server.keys(), house.server.home().join("away"));
    std::fs::rename(&keys, &away).unwrap();
    let delete = Delete { room: group, operation: operation() };
    for _ in 0..2 {
        let failed = alice.asks(delete.clone()).await.unwrap_err();
        let Error::Failed(failed) = failed else { panic!("{failed}") };
        assert_eq!(failed.code, FailureCode::Unavailable);
    }
    // It is gone for everybody all the same.
    carol.is_told(NoticeKind::Deleted { room: group }).await;
    carol.finds_nothing(group).await;
    std::fs::rename(&away, &keys).unwrap();
    let deleted = alice.asks(delete.clone()).await.unwrap();
    assert!(deleted.effective && !keys.join(format!("{group}.key")).exists());
    house.jobs_are_done().await;
    assert_eq!(alice.asks(delete).await.unwrap(), deleted);
    assert_eq!(house.server.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn a_group_whose_key_is_damaged_can_be_deleted() {
    // R21
    let mut house = House::open_apart(&[]);
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    house.server.kill();
    let key = house.server.keys().join(format!("{group}.key"));
    std::fs::write(&key, "what is this").unwrap();
    house.server.start_again();
    let mut alice = alice.connects().await;
    alice.hello(hello()).await.unwrap();
    let delete = Delete { room: group, operation: operation() };
    assert!(alice.request(delete).await.unwrap().effective);
    assert!(!key.exists());
    house.jobs_are_done().await;
    assert_eq!(house.server.faults(), Vec::<String>::new());
}

#[tokio::test]
async fn other_rooms_stay_as_they_were() {
    // R21
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let (one, other) = (
        alice.creates_a_group("One", &[&carol]).await,
        alice.creates_a_group("Two", &[&carol]).await,
    );
    let talk = async |person: &Person| person.says(other, &format!("by {}", person.name)).await;
    talk(&alice).await;
    alice.deletes(one).await.unwrap();
    house.jobs_are_done().await;
    let last = talk(&carol).await;
    alice.is_at(other, last).await;
    assert_eq!(alice.texts(other).await, ["by Alice", "by Carol"]);
    assert_eq!(alice.rooms().await, [other]);
}
