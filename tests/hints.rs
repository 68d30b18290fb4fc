//! P2, P4 where the bus of hints is away, or in the hands of strangers. These need nodes that share a store:
//! `make test-cluster`.

use crate::people::{PATIENCE, Person};
use crate::scene::{self, Scene};
use crate::support::Another;
use crate::support::bus::{OwnBus, RIGHTS, Said};
use crosstalk_protocol::ids::RoomId;
use crosstalk_protocol::push::Push;
use std::collections::BTreeSet;
use std::time::Duration;

/// The scene, and another node with a device of Carol's that follows the group; both on a bus of their own.
async fn carol_is_elsewhere() -> (Scene, OwnBus, Another, Person) {
    let bus = OwnBus::start();
    let settings = bus.settings();
    let settings = settings.each_ref().map(|(key, value)| (*key, value.as_str()));
    let (scene, node, there) = Box::pin(scene::carol_is_elsewhere(&settings)).await;
    (scene, bus, node, there)
}

/// How often somebody was told that this person types in a room.
async fn typing_told(person: &Person, typist: &Person, room: RoomId) -> usize {
    let is_it = |push: &&Push| matches!(push, Push::Typing(sign) if sign.user == typist.id && sign.room == room);
    person.settles().await;
    person.hand().await.told.iter().filter(is_it).count()
}

/// He types until somebody at another node is told so: once hints are heard.
async fn types_until_told(typist: &Person, person: &Person, room: RoomId) {
    let told = async {
        let before = typing_told(person, typist, room).await;
        while typing_told(person, typist, room).await == before {
            typist.types(room).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("hints are heard");
}

#[test]
fn the_rights_that_are_tried_are_those_that_are_told_and_given() {
    for place in [include_str!("../docs/operations.md"), include_str!("../deploy/prepare")] {
        assert!(place.contains(RIGHTS), "{RIGHTS}");
    }
}

#[tokio::test]
#[ignore = "needs nodes that share a store: make test-cluster"]
async fn without_the_bus_messages_and_removals_go_on_and_with_it_signs_come_back() {
    // P2, P4, R25: reliability.md 7, the bus is killed and comes back.
    let (Scene { house: _house, alice, bob, carol, group, .. }, mut bus, _node, there) =
        Box::pin(carol_is_elsewhere()).await;
    types_until_told(&bob, &there, group).await;
    bus.kill();
    bob.says(group, "without it").await;
    there.is_shown(group, "without it").await;
    bus.start_again();
    types_until_told(&bob, &there, group).await;
    bob.says(group, "with it").await;
    there.is_shown(group, "with it").await;
    bus.kill();
    let removal = carol.is_removed_by(&alice, group).await;
    there.is_shown_nothing_after(group, removal).await;
}

/// What was said, said again, garbled, cut short and on every topic; nothing, and too much.
pub(crate) fn lies(overheard: &[Said]) -> Vec<Said> {
    let topics: BTreeSet<_> = overheard.iter().map(|(topic, _)| topic).collect();
    let of = |what: &[u8]| {
        let garbled = what.iter().map(|byte| byte ^ 1).collect();
        [what.to_vec(), garbled, what[..what.len() / 2].to_vec()]
    };
    let mut lies: Vec<_> = overheard.iter().flat_map(|(_, what)| of(what)).collect();
    // The start of a probe, which is its node's name, with a number that was never said.
    let probe = overheard.iter().find(|(_, what)| what.first() == Some(&b'p'));
    lies.extend(probe.map(|(_, what)| [&what[..what.len() - 8], &[0xff; 8]].concat()));
    lies.extend([Vec::new(), vec![b's'; 1 << 20], vec![b'w'; 1 << 20]]);
    let everywhere = |lie: Vec<u8>| topics.iter().map(move |topic| ((*topic).clone(), lie.clone()));
    lies.into_iter().flat_map(everywhere).collect()
}

#[tokio::test]
#[ignore = "needs nodes that share a store: make test-cluster"]
async fn what_strangers_say_on_the_bus_changes_nothing() {
    // P2, P4, R25: said again, garbled, cut short, huge, and where it does not belong.
    let (Scene { house: _house, alice, bob, carol, group, .. }, bus, _node, there) =
        Box::pin(carol_is_elsewhere()).await;
    let other = alice.creates_a_group("Other", &[&bob, &carol]).await;
    there.follows(other).await;
    let said = bus.overhears();
    types_until_told(&bob, &there, group).await;
    types_until_told(&bob, &there, other).await;
    bob.says(group, "one").await;
    there.is_shown(group, "one").await;
    let told =
        async || (typing_told(&there, &bob, group).await, typing_told(&there, &bob, other).await);
    // What is on its way still comes within it, and each node tries whether it hears itself.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let before = told().await;
    let overheard: Vec<_> = said.try_iter().collect();
    for (word, kind) in [(b's', "sign"), (b'p', "probe"), (b'w', "word")] {
        assert!(
            overheard.iter().any(|(_, what)| what.first() == Some(&word)),
            "no {kind} was said"
        );
    }
    bus.says(&lies(&overheard));
    bob.says(group, "two").await;
    there.is_shown(group, "two").await;
    assert_eq!(told().await, before, "a sign was taken twice, or was none");
    let heard = there.texts(group);
    assert!(heard.await.ends_with(&["one".to_owned(), "two".to_owned()]));
    // And hints are heard still.
    types_until_told(&bob, &there, other).await;
}
