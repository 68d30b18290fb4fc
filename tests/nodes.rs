//! P2, P4 where a node hangs or dies. These need nodes that share a store: `make test-cluster`.

use crate::people::Person;
use crate::scene::{self, Scene};
use crate::support::Another;
use crosstalk_loadtest::{Error, Target};
use crosstalk_protocol::code::{CloseCode, FailureCode};
use crosstalk_protocol::push::NoticeKind;
use http::Method;
use std::time::{Duration, Instant};

const LEASE: Duration = Duration::from_secs(1);

/// The scene, where leases are short; and another node, with a device of Carol's that follows the group.
async fn carol_is_elsewhere() -> (Scene, Another, Person) {
    let settings = [("store.lease_milliseconds", "1000")];
    let (scene, node, there) = Box::pin(scene::carol_is_elsewhere(&settings)).await;
    scene.bob.says(scene.group, "before").await;
    there.is_shown(scene.group, "before").await;
    (scene, node, there)
}

#[tokio::test]
#[ignore = "needs nodes that share a store: make test-cluster"]
async fn a_frozen_node_shows_nothing_once_the_removal_is_effective() {
    // P2, R16: reliability.md 7, a node that is stopped and goes on.
    let (Scene { house: _house, alice, bob, carol, group, .. }, node, there) =
        Box::pin(carol_is_elsewhere()).await;
    node.freeze();
    bob.says(group, "while it is frozen").await;
    let began = now();
    let removal = carol.is_removed_by(&alice, group).await;
    assert!(began.elapsed() > LEASE, "the node may have shown something until then");
    // The others take its row away: when it goes on it begins anew, without those who are there.
    tokio::time::sleep(LEASE).await;
    node.thaw();
    let closed = there.is_disconnected().await;
    assert_eq!(closed.code, Some(CloseCode::Isolated.number()));
    there.has_heard_nothing_after(group, removal).await;
    assert!(!there.had_heard("while it is frozen").await);
    there.signs_in().await;
    there.is_told(NoticeKind::Removed { room: group }).await;
    there.is_shown_nothing_after(group, removal).await;
    assert!(!there.has_heard("while it is frozen").await);
    there.finds_nothing(group).await;
}

#[tokio::test]
#[ignore = "needs nodes that share a store: make test-cluster"]
async fn a_node_that_was_frozen_for_a_moment_applies_the_removal_and_keeps_who_is_there() {
    // P2, R16, R17
    let (Scene { house: _house, alice, carol, group, .. }, node, there) =
        Box::pin(carol_is_elsewhere()).await;
    node.freeze();
    let thaws = async {
        tokio::time::sleep(LEASE / 3).await;
        node.thaw();
    };
    let (removal, ()) = tokio::join!(carol.is_removed_by(&alice, group), thaws);
    there.is_told(NoticeKind::Removed { room: group }).await;
    there.is_shown_nothing_after(group, removal).await;
    there.finds_nothing(group).await;
}

#[tokio::test]
#[ignore = "needs nodes that share a store: make test-cluster"]
async fn a_dead_node_delays_a_removal_by_no_more_than_its_lease() {
    // P2, P4, R16
    let (Scene { house: _house, alice, bob, carol, group, .. }, mut node, _there) =
        Box::pin(carol_is_elsewhere()).await;
    node.dies();
    let last = bob.says(group, "after the node has died").await;
    carol.is_at(group, last).await;
    let removal = carol.is_removed_by(&alice, group).await;
    carol.is_shown_nothing_after(group, removal).await;
    // Its row is taken away, and nobody waits for it any more.
    tokio::time::sleep(LEASE * 2).await;
    let began = now();
    alice.removes(group, &[&bob]).await.unwrap();
    assert!(began.elapsed() < LEASE, "a dead node is waited for still");
}

#[tokio::test]
#[ignore = "needs nodes that share a store: make test-cluster"]
async fn who_was_at_a_node_that_died_comes_back_elsewhere_and_misses_nothing() {
    // P4
    let (Scene { house, alice, bob, carol, group, globex, .. }, mut node, there) =
        Box::pin(carol_is_elsewhere()).await;
    node.dies();
    let mut said = Vec::new();
    for number in 0..20 {
        let who = if number % 2 == 0 { &alice } else { &bob };
        said.push(who.says(group, &format!("missed {number}")).await);
    }
    let token = globex.token_of(&carol.subject);
    there.loses_the_connection().await;
    there.moves_to(Target::new(house.server.ws(), token)).await;
    there.signs_in().await;
    there.is_at(group, *said.last().unwrap()).await;
    let heard = there.texts(group).await;
    let missed: Vec<_> = (0..20).map(|number| format!("missed {number}")).collect();
    assert!(heard.ends_with(&missed), "{heard:?}");
}

#[tokio::test]
#[ignore = "needs nodes that share a store: make test-cluster"]
async fn a_node_whose_lease_has_run_out_takes_nobody_in() {
    // R34: the token may be one of an issuer that was replaced meanwhile, at another node.
    let (Scene { house, alice, acme, .. }, ..) = Box::pin(carol_is_elsewhere()).await;
    let tablet = alice.with_another_device();
    // It reads what it likes, and can't renew.
    let kept = house.server.keeps_leases_from_being_renewed();
    tokio::time::sleep(LEASE * 2).await;
    let Err(Error::Closed(closed)) = tablet.tries_to_sign_in().await else {
        panic!("a node without a lease took somebody in");
    };
    assert_eq!(closed.known(), Some(CloseCode::Isolated));
    let Err(Error::Failed(failed)) = acme.admin.company(acme.id).await else {
        panic!("a node without a lease answered over HTTP");
    };
    assert_eq!(failed.code, FailureCode::Unavailable);
    let ready = acme.admin.send(Method::GET, "/readyz", None).await.unwrap();
    assert_eq!(ready.status, 503, "who asks sends people elsewhere");
    kept.ends();
    while tablet.tries_to_sign_in().await.is_err() {
        tokio::time::sleep(LEASE / 10).await;
    }
    let ready = acme.admin.send(Method::GET, "/readyz", None).await.unwrap();
    assert_eq!(ready.status, 200);
}

#[expect(clippy::disallowed_methods, reason = "how long people wait is what is looked at")]
fn now() -> Instant {
    Instant::now()
}
