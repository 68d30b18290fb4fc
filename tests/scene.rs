//! Where most of what is told begins: two companies that talk with each other, and a group.

use crate::house::{Company, House};
use crate::people::Person;
use crate::support::Another;
use crosstalk_loadtest::Target;
use crosstalk_protocol::ids::RoomId;

/// Alice and Bob of Acme, Carol of Globex, in one group.
pub(crate) struct Scene {
    pub(crate) house: House,
    pub(crate) acme: Company,
    pub(crate) globex: Company,
    pub(crate) alice: Person,
    pub(crate) bob: Person,
    pub(crate) carol: Person,
    pub(crate) group: RoomId,
}

/// The scene: Alice is the Group Master, and all of them are there.
pub(crate) async fn scene() -> Scene {
    scene_in(House::open().await).await
}

/// The same in this house.
pub(crate) async fn scene_in(house: House) -> Scene {
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let carol = globex.person("Carol").await;
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&bob, &carol]).await;
    Scene { house, acme, globex, alice, bob, carol, group }
}

/// The scene, and another node with a device of Carol's that follows the group; with these settings.
pub(crate) async fn carol_is_elsewhere(settings: &[(&str, &str)]) -> (Scene, Another, Person) {
    let scene = scene_in(House::open_with(settings).await).await;
    let node = scene.house.server.another();
    let token = scene.globex.token_of(&scene.carol.subject);
    let there = scene.carol.at(Target::new(node.ws(), token));
    there.signs_in().await;
    there.follows(scene.group).await;
    (scene, node, there)
}
