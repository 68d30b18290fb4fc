//! What Group Masters and administrators set, and what it does to the others.

use crate::house::{House, refused};
use crate::people::governing::settings;
use crate::people::talking::message;
use crate::people::{Person, operation};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::RoomId;
use crosstalk_protocol::push::NoticeKind;
use crosstalk_protocol::request::{Convert, History, Read, Rename, Settings};
use crosstalk_protocol::words::{Feature, RoomKind};

async fn two_companies_in_a_group(house: &House) -> Scene {
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    Scene { acme, globex, alice, carol, group }
}

struct Scene {
    acme: crate::house::Company,
    globex: crate::house::Company,
    alice: Person,
    carol: Person,
    group: RoomId,
}

#[tokio::test]
async fn a_group_master_changes_name_and_description_and_nobody_else() {
    // R9
    let house = House::open().await;
    let Scene { alice, carol, group, .. } = two_companies_in_a_group(&house).await;
    let name = Some("Landing".to_owned());
    let description = Some("softly".to_owned());
    let change = Settings { name, description, ..settings(group) };
    carol.is_refused(change.clone(), RefusalCode::NotAllowed).await;
    let seq = alice.asks(change).await.unwrap().seq;
    let entry = carol.sees_at(group, seq).await.unwrap();
    assert_eq!(entry.content.unwrap().name.as_deref(), Some("Landing"));
    let about = carol.looks_at(group).await;
    assert_eq!((about.name.as_str(), about.description.as_str()), ("Landing", "softly"));
    let same = alice.asks(settings(group)).await.unwrap();
    assert_eq!(same.seq, seq, "nothing was changed");
}

#[tokio::test]
async fn names_and_descriptions_have_their_limits() {
    // R8
    let house = House::open().await;
    let Scene { alice, group, .. } = two_companies_in_a_group(&house).await;
    let named = |name: &str| Settings { name: Some(name.to_owned()), ..settings(group) };
    alice.asks(named(&"あ".repeat(100))).await.unwrap();
    alice.is_refused(named(&"a".repeat(101)), RefusalCode::TooLong).await;
    alice.is_refused(named(" "), RefusalCode::Empty).await;
    let description = Some("a".repeat(301));
    alice.is_refused(Settings { description, ..settings(group) }, RefusalCode::TooLong).await;
}

#[tokio::test]
async fn a_feature_that_is_off_refuses_writes_and_reads_and_comes_back_whole() {
    // R12
    let house = House::open().await;
    let Scene { alice, carol, group, .. } = two_companies_in_a_group(&house).await;
    let said = carol.says(group, "kept").await;
    let off = alice.switches(group, Feature::Message, false).await.unwrap().seq;
    carol.is_at(group, off).await;
    carol.is_refused(message(group, operation(), "no"), RefusalCode::FeatureOff).await;
    alice.is_refused(message(group, operation(), "no"), RefusalCode::FeatureOff).await;
    carol.is_refused(Read { room: group, seq: said }, RefusalCode::FeatureOff).await;
    let page = carol.asks(History { room: group, before: None, after: None, limit: 50 }).await;
    let page = serde_json::to_string(&page.unwrap()).unwrap();
    assert!(!page.contains("kept"), "{page}");
    // A device that comes now sees the governance and not the message.
    let fresh = carol.with_another_device();
    fresh.signs_in().await;
    fresh.is_at(group, off).await;
    assert!(fresh.texts(group).await.is_empty());
    // Governance still flows.
    let renamed = Settings { name: Some("Quiet".to_owned()), ..settings(group) };
    let renamed = alice.asks(renamed).await.unwrap().seq;
    assert!(matches!(carol.change_at(group, renamed).await, Change::Settings { .. }));
    alice.switches(group, Feature::Message, true).await.unwrap();
    let last = carol.says(group, "again").await;
    fresh.is_at(group, last).await;
    fresh.is_shown(group, "kept").await;
    assert_eq!(fresh.texts(group).await, ["kept", "again"]);
}

#[tokio::test]
async fn what_is_edited_while_a_feature_is_off_for_him_comes_with_it() {
    // R11, R12
    let house = House::open().await;
    let Scene { globex, alice, carol, group, .. } = two_companies_in_a_group(&house).await;
    let said = alice.says(group, "draft").await;
    carol.is_at(group, said).await;
    globex.disables(&[Feature::Message]).await;
    let edit = alice.edits(group, said, "final").await;
    carol.is_at(group, edit).await;
    assert_eq!(carol.sees_at(group, edit).await, None);
    globex.disables(&[]).await;
    carol.is_shown(group, "final").await;
}

#[tokio::test]
async fn the_owner_companys_lock_closes_the_switch_and_the_feature_for_all() {
    // R11
    let house = House::open().await;
    let Scene { acme, alice, carol, group, .. } = two_companies_in_a_group(&house).await;
    carol.says(group, "before").await;
    acme.disables(&[Feature::Message]).await;
    alice.is_told(NoticeKind::Policy { company: acme.id }).await;
    for (person, text) in [(&alice, "one"), (&carol, "two")] {
        person.is_refused(message(group, operation(), text), RefusalCode::FeatureOff).await;
        assert!(!person.looks_at(group).await.features.has(Feature::Message));
        assert!(person.looks_at(group).await.locked.has(Feature::Message));
    }
    for on in [false, true] {
        refused(alice.switches(group, Feature::Message, on).await, RefusalCode::FeatureLocked);
    }
    alice.switches(group, Feature::Note, false).await.unwrap();
    acme.disables(&[]).await;
    let last = carol.says(group, "after").await;
    alice.is_at(group, last).await;
    assert_eq!(alice.texts(group).await, ["before", "after"]);
}

#[tokio::test]
async fn what_another_company_enables_again_comes_to_who_was_away() {
    // R11, R12: no notice tells Carol, whose company did nothing.
    let house = House::open().await;
    let Scene { acme, carol, group, .. } = two_companies_in_a_group(&house).await;
    let said = carol.says(group, "kept").await;
    acme.disables(&[Feature::Message]).await;
    let (away, there) = (carol.with_another_device(), carol.with_another_device());
    for device in [&away, &there] {
        device.signs_in().await;
        assert_eq!(device.sees_at(group, said).await, None);
    }
    away.loses_the_connection().await;
    acme.disables(&[]).await;
    there.is_shown(group, "kept").await;
    away.signs_in().await;
    assert_eq!(away.texts(group).await, ["kept"]);
}

#[tokio::test]
async fn a_members_own_company_closes_a_feature_for_its_people_alone() {
    // R11, R12
    let house = House::open().await;
    let Scene { globex, alice, carol, group, .. } = two_companies_in_a_group(&house).await;
    globex.disables(&[Feature::Message]).await;
    carol.is_told(NoticeKind::Policy { company: globex.id }).await;
    let hidden = alice.says(group, "not for Globex").await;
    assert_eq!(carol.sees_at(group, hidden).await, None);
    carol.is_refused(message(group, operation(), "no"), RefusalCode::FeatureOff).await;
    alice.switches(group, Feature::Message, true).await.unwrap();
    assert!(!carol.looks_at(group).await.features.has(Feature::Message));
    globex.disables(&[]).await;
    assert_eq!(carol.is_shown(group, "not for Globex").await, hidden);
}

#[tokio::test]
async fn a_general_room_has_no_settings_and_a_group_no_room_commands() {
    // R9, R33
    let house = House::open().await;
    let Scene { acme, alice, carol, group, .. } = two_companies_in_a_group(&house).await;
    let bob = acme.person("Bob").await;
    let room = alice.opens(RoomKind::Internal, "ours", &[&bob]).await;
    alice.is_refused(settings(room), RefusalCode::NotAGroup).await;
    refused(alice.deletes(room).await, RefusalCode::NotAGroup);
    refused(alice.adds(room, &[&bob]).await, RefusalCode::NotAGroup);
    refused(alice.removes(room, &[&bob]).await, RefusalCode::NotAGroup);
    let name = String::new();
    let rename = Rename { room: group, operation: operation(), name: name.clone() };
    carol.is_refused(rename, RefusalCode::NotAGeneralRoom).await;
    refused(alice.invites(group, &[&bob]).await, RefusalCode::NotAGeneralRoom);
    let convert =
        Convert { room: group, operation: operation(), name: "x".into(), description: name };
    alice.is_refused(convert, RefusalCode::NotAGeneralRoom).await;
}
