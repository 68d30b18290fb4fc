//! Naming people: whom one can't see is as good as nobody, wherever one may name somebody.

use super::crawl::{Report, frame, settle, try_door};
use super::past::Twins;
use super::requests::Alike;
use super::routes::{self, Caller, Named};
use super::{Scene, guest_of, scene};
use crate::house::Company;
use crate::people::talking::message;
use crate::people::{Person, operation};
use crosstalk_protocol::ids::{RoomId, UserId};
use crosstalk_protocol::request::{
    AcceptContact, Add, Appoint, Contacts, CreateFromContacts, CreateFromMessage, Dismiss,
    EndContact, Invite, Members, Open, People, Remove, Request, RequestContact, Send,
};
use crosstalk_protocol::words::RoomKind;

/// Every request that names a person, by a Group Master of `group` who is in a shared room too.
fn asks(group: RoomId, shared: RoomId, user: UserId) -> Vec<Request> {
    let (users, name, description) = (vec![user], "Named".to_owned(), String::new());
    let mention = Send { mentions: users.clone(), ..message(group, operation(), "look") };
    let open = |room_kind| Open {
        operation: operation(),
        room_kind,
        name: name.clone(),
        members: users.clone(),
    };
    let members = users.clone();
    vec![
        People { users: users.clone() }.into(),
        Members { room: group, after: Some(user), limit: 10 }.into(),
        Contacts { after: Some(user), limit: 10 }.into(),
        mention.into(),
        open(RoomKind::Internal).into(),
        open(RoomKind::Shared).into(),
        CreateFromMessage { operation: operation(), name: name.clone(), members: members.clone() }
            .into(),
        CreateFromContacts { operation: operation(), name, description, members }.into(),
        Invite { room: shared, operation: operation(), users: users.clone() }.into(),
        Add { room: group, operation: operation(), users: users.clone() }.into(),
        Remove { room: group, operation: operation(), users }.into(),
        Appoint { room: group, operation: operation(), user }.into(),
        Dismiss { room: group, operation: operation(), user }.into(),
        AcceptContact { user }.into(),
        EndContact { user }.into(),
    ]
}

async fn names(who: &Person, (group, shared): (RoomId, RoomId), other: &Person) -> Report {
    let twins = Twins::of(&[other.id.0]).and_text(&other.address);
    let mut report = Report::default();
    let mut hand = who.hand().await;
    let client = hand.device.client().unwrap();
    settle(client).await;
    let ask = RequestContact { address: other.address.clone() };
    for ask in asks(group, shared, other.id).into_iter().chain([ask.into()]) {
        try_door(client, (&frame(&ask), Alike::SaidBack), &twins, &mut report).await;
    }
    report
}

/// Strangers of all kinds, whom nobody of the scene has ever seen.
async fn strangers(scene: &Scene, umbrella: &Company) -> Vec<(&'static str, Person)> {
    let suspended = umbrella.person("Sue").await;
    umbrella.suspends(&suspended).await;
    let deleted = umbrella.person("Del").await;
    umbrella.deletes(&deleted).await;
    let host = umbrella.person("Hostess").await;
    vec![
        ("a stranger", umbrella.person("Mallory").await),
        ("who never signed in", umbrella.stranger("Nora", true).await),
        ("who is no Connected-member", umbrella.unconnected_person("Una").await),
        ("who is suspended", suspended),
        ("who is deleted", deleted),
        ("a guest", guest_of(&scene.house, &host).await),
        ("her host", host),
    ]
}

#[tokio::test]
async fn naming_whom_one_can_not_see_is_naming_nobody() {
    // R4, R8, R13, R30, R31: nobody is found by guessing.
    let scene = scene().await;
    let umbrella = scene.house.company("Umbrella").await;
    umbrella.lets_guests_in().await;
    let Scene { house, acme, alice, bob, group, carol, .. } = &scene;
    let shared = alice.opens(RoomKind::Shared, "talk", &[bob, carol]).await;
    for (kind, other) in Box::pin(strangers(&scene, &umbrella)).await {
        for who in [alice, carol] {
            names(who, (*group, shared), &other).await.finds_nothing(kind);
        }
        let named = Named { company: acme.id, user: other.id, group: *group, invitation: None };
        let head = [Caller {
            who: "the owner's head",
            token: Some(acme.token_of("head")),
            governs: Some(acme.id),
        }];
        let twins = Twins::of(&[other.id.0]);
        routes::crawl(&house.server.http(), &head, &named, &twins).await.finds_nothing(kind);
    }
}
