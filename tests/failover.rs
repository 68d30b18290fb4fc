//! P2 where the database fails over to one that has lost commits: `make test-cluster`.

use crate::house::House;
use crate::scene::{Scene, scene_in};
use crate::support::pair::Pair;
use crosstalk_loadtest::{Error, Target};
use crosstalk_protocol::code::CloseCode;
use std::time::Duration;

#[tokio::test]
#[ignore = "needs a database and its standby: make test-cluster"]
async fn a_removal_that_the_database_has_lost_is_not_undone_in_silence() {
    // P2, P4: reliability.md 7, a failover to a standby that was behind.
    let pair = Pair::start();
    let address = pair.address();
    let settings = [("store.server", address.as_str()), ("store.lease_milliseconds", "1000")];
    let scene = scene_in(House::open_with(&settings).await).await;
    let Scene { mut house, alice, bob, carol, group, acme, .. } = scene;
    bob.says(group, "before").await;
    carol.is_shown(group, "before").await;
    pair.stops_copying();
    let removal = carol.is_removed_by(&alice, group).await;
    pair.fails_over();
    // Of the new one nothing is taken, as it may have lost anything.
    for _ in 0..20 {
        let Err(Error::Closed(closed)) = carol.tries_to_sign_in().await else {
            panic!("she was taken in, on the word of a database that has lost her removal");
        };
        assert_eq!(closed.known(), Some(CloseCode::Isolated));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    carol.has_heard_nothing_after(group, removal).await;
    let ready = house.operator().send(http::Method::GET, "/readyz", None).await.unwrap();
    assert_eq!(ready.status, 503);
    // Who runs it has looked, and starts it again.
    house.server.restart().await;
    let token = acme.token_of(&bob.subject);
    bob.moves_to(Target::new(house.server.ws(), token)).await;
    bob.signs_in().await;
    bob.says(group, "after").await;
    bob.is_shown(group, "after").await;
}
