//! R17: what concerns a person alone comes to each of his devices until it has acknowledged it.

use crate::house::House;
use crate::people::governing::opening;
use crosstalk_loadtest::Client;
use crosstalk_protocol::ids::DeviceId;
use crosstalk_protocol::push::{Notice, NoticeKind};
use crosstalk_protocol::request::{Acknowledge, Hello};
use crosstalk_protocol::words::RoomKind;
use uuid::Uuid;

fn hello(device: DeviceId, inbox: Option<String>) -> Hello {
    Hello { device, token: None, inbox, rooms: Vec::new(), client: None }
}

fn about(notices: &[Notice]) -> Vec<NoticeKind> {
    notices.iter().map(|notice| notice.about.clone()).collect()
}

#[tokio::test]
async fn a_removal_is_told_until_each_device_has_acknowledged_it() {
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    let (phone, desk) = (DeviceId(Uuid::new_v4()), DeviceId(Uuid::new_v4()));
    for device in [phone, desk] {
        Client::sign_in(&carol.target(), hello(device, None)).await.unwrap();
    }
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    carol.is_removed_by(&alice, group).await;
    let removed = NoticeKind::Removed { room: group };

    let greeted =
        async |device, inbox| Client::sign_in(&carol.target(), hello(device, inbox)).await.unwrap();
    // Told and not acknowledged: it comes again.
    for _ in 0..2 {
        let (_, welcome) = greeted(phone, None).await;
        assert!(about(&welcome.notices).contains(&removed), "{:?}", welcome.notices);
    }
    let (mut client, welcome) = greeted(phone, None).await;
    let inbox = welcome.notices.last().unwrap().inbox.clone();
    client.request(Acknowledge { inbox: inbox.clone() }).await.unwrap();
    let (_, welcome) = greeted(phone, Some(inbox.clone())).await;
    assert!(welcome.notices.is_empty(), "{:?}", welcome.notices);
    // The other device has a place of its own; `hello` acknowledges too.
    let (_, welcome) = greeted(desk, None).await;
    assert!(about(&welcome.notices).contains(&removed));
    let (_, welcome) = greeted(desk, Some(inbox)).await;
    assert!(welcome.notices.is_empty(), "{:?}", welcome.notices);
}

#[tokio::test]
async fn being_added_removed_and_added_again_comes_in_order() {
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    carol.loses_the_connection().await;
    carol.is_removed_by(&alice, group).await;
    let again = alice.adds(group, &[&carol]).await.unwrap().seq;
    carol.signs_in().await;
    carol.follows(group).await;
    let notices = carol.hand().await.notices.clone();
    let of_group: Vec<&NoticeKind> = notices
        .iter()
        .filter(|notice| {
            matches!(notice, NoticeKind::Added { room, .. } | NoticeKind::Removed { room } if *room == group)
        })
        .collect();
    let expected = [
        &NoticeKind::Added { room: group, stint: crosstalk_protocol::ids::Seq(1) },
        &NoticeKind::Removed { room: group },
        &NoticeKind::Added { room: group, stint: again },
    ];
    assert_eq!(of_group, expected);
}

#[tokio::test]
async fn a_long_inbox_comes_whole() {
    let house = House::open().await;
    let acme = house.company("Acme").await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    bob.loses_the_connection().await;
    let mut rooms = Vec::new();
    for _ in 0..130 {
        let open = opening(RoomKind::Internal, "", vec![bob.id]);
        rooms.push(alice.asks(open).await.unwrap().room);
    }
    bob.signs_in().await;
    for room in &rooms {
        bob.follows(*room).await;
    }
    let hand = bob.hand().await;
    let told: Vec<_> =
        hand.notices
            .iter()
            .filter_map(|notice| {
                if let NoticeKind::Added { room, .. } = notice { Some(*room) } else { None }
            })
            .collect();
    assert_eq!(told, rooms);
}

#[tokio::test]
async fn a_forgotten_device_wipes_all() {
    // A device that names a place of an inbox which does not know it.
    let house = House::open().await;
    let acme = house.company("Acme").await;
    let alice = acme.person("Alice").await;
    let unknown = DeviceId(Uuid::new_v4());
    let (_, welcome) =
        Client::sign_in(&alice.target(), hello(unknown, Some("1".to_owned()))).await.unwrap();
    assert!(welcome.wipe);
    let (_, welcome) =
        Client::sign_in(&alice.target(), hello(DeviceId(Uuid::new_v4()), None)).await.unwrap();
    assert!(!welcome.wipe && welcome.notices.is_empty());
}

// R17, R30: a cursor is the server's word. A number would tell how much happens in other companies,
// and a guessed one would acknowledge what was never told.
#[tokio::test]
async fn a_cursor_that_was_not_given_acknowledges_nothing() {
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    let phone = DeviceId(Uuid::new_v4());
    Client::sign_in(&carol.target(), hello(phone, None)).await.unwrap();
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    carol.is_removed_by(&alice, group).await;

    let (mut client, welcome) = Client::sign_in(&carol.target(), hello(phone, None)).await.unwrap();
    let told = welcome.notices;
    let cursors: Vec<&str> = told.iter().map(|notice| notice.inbox.as_str()).collect();
    assert!(cursors.len() >= 3, "{told:?}");
    assert!(cursors.iter().all(|cursor| cursor.len() == 32), "{cursors:?}");
    let last = *cursors.last().unwrap();
    let altered = last.replacen(&last[..1], if last.starts_with('A') { "B" } else { "A" }, 1);
    for forged in ["1", "999999999", "18446744073709551615", &altered, ""] {
        let inbox = forged.to_owned();
        client.request(Acknowledge { inbox: inbox.clone() }).await.unwrap();
        for named in [None, Some(inbox)] {
            let (_, welcome) = Client::sign_in(&carol.target(), hello(phone, named)).await.unwrap();
            assert_eq!(about(&welcome.notices), about(&told), "after {forged:?}");
        }
        (client, _) = Client::sign_in(&carol.target(), hello(phone, None)).await.unwrap();
    }
}
