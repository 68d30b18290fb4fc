//! Many devices in one group where much is said, so that the node has something to do.

use super::Scene;
use super::talk::{GoingOn, Talk};
use super::watched::{Watched, device, hello};
use crate::people::governing::creation;
use crate::people::{Person, ids};
use futures::future::join_all;
use std::sync::Arc;

const PEOPLE: usize = 6;
const DEVICES: usize = 15;
const MESSAGES_A_SECOND: u32 = 400;

/// They are there until they go.
pub(super) struct Crowd {
    _devices: Vec<Watched>,
    talk: GoingOn,
}

/// Comes together in a group of its own and begins to talk.
pub(super) async fn gathers(scene: &mut Scene) -> Crowd {
    let people = (0..PEOPLE).map(|_| scene.acme.stranger("Somebody", true));
    let people: Vec<Person> = join_all(people).await;
    let members: Vec<&Person> = people.iter().chain([&scene.carol]).collect();
    let group = scene.alice.request(creation("Crowd", ids(&members))).await.unwrap().room;
    let mut devices = Vec::new();
    for person in &people {
        let token = scene.acme.token_of(&person.subject);
        for _ in 0..DEVICES {
            let address = scene.house.server.address();
            let one = Watched::connect_with(None, address, &token, &hello(device())).await;
            assert!(one.sits_down(group).await);
            one.forgets();
            devices.push(one);
        }
    }
    let talk = Arc::new(Talk::in_group(group));
    let talker = super::signed_in(&scene.master).await;
    Crowd { _devices: devices, talk: talk.begins(talker, MESSAGES_A_SECOND) }
}

impl Crowd {
    pub(super) async fn goes(self) {
        self.talk.ends().await;
    }
}
