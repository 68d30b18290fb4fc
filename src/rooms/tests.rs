//! What becomes of keys when a creation ends in the middle; what an answer waits for.

use super::Rooms;
use crate::authority::{Act, Actor, Command, Intent, Person};
use crate::directory::{Deed, Directory as _, Record};
use crate::keys::{KeyDirectory, Places};
use crate::timeline::embedded::{Embedded, Options};
use crate::timeline::{Error, NotAppended, Timeline};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{CompanyId, OperationId, UserId};
use crosstalk_protocol::words::RoomKind;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Rooms over a store with one person in it.
struct World {
    rooms: Rooms,
    keys: Arc<KeyDirectory>,
    store: Arc<Embedded>,
    alice: UserId,
    _root: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let places = Places { directory: root.path().join("keys"), copy: None };
        let keys = Arc::new(KeyDirectory::start(&places).unwrap());
        let options = Options::at(root.path().join("data"));
        let store = Arc::new(Embedded::open(options, Arc::clone(&keys)).unwrap());
        let (company, alice) = (CompanyId(Uuid::now_v7()), UserId(Uuid::now_v7()));
        let founding = Act::CreateCompany { company };
        let person = Person::user(alice, company);
        let provision = Act::Provision { person, exists: false, first_sign_in: false };
        for (act, name) in [(founding, "Acme"), (provision, "Alice")] {
            let (name, subject) = (name.to_owned(), name.to_lowercase());
            let record = Record { name, subject, ..Record::default() };
            store.act(Deed { actor: Actor::Operator, act, record }).await.unwrap();
        }
        let timeline: Arc<dyn Timeline> = Arc::<Embedded>::clone(&store);
        let rooms = Rooms::new(timeline, Arc::clone(&keys));
        Self { rooms, keys, store, alice, _root: root }
    }

    fn opening(&self, operation: OperationId, name: &str) -> Intent {
        let (kind, name) = (RoomKind::Internal, name.to_owned());
        let command = Command::Open { kind, name, members: Vec::new() };
        Intent { actor: Actor::Person(self.alice), operation, command }
    }
}

#[tokio::test]
async fn a_room_that_was_written_keeps_its_key_though_nobody_was_told() {
    // P4
    let world = World::new().await;
    let mut follower = world.store.follow();
    let operation = OperationId(Uuid::now_v7());
    let made = world.rooms.make(world.opening(operation, "Plans"));
    // The server stops: it has written the room, and will never show it to anybody.
    let (made, ()) = tokio::join!(made, async { drop(follower.recv().await) });
    assert!(matches!(made, Err(NotAppended::Failed(Error::Closed))), "{made:?}");
    let again = world.rooms.make(world.opening(operation, "Plans"));
    let (again, ()) = tokio::join!(again, async {
        follower.recv().await.unwrap().confirm.confirm();
    });
    let again = again.unwrap().0;
    world.keys.forget(again.room);
    assert!(world.keys.open(again.room).is_ok(), "its name can be read by nobody");
}

#[tokio::test]
async fn what_was_refused_or_made_before_leaves_no_key() {
    // R29
    let world = World::new().await;
    let operation = OperationId(Uuid::now_v7());
    let first = world.rooms.make(world.opening(operation, "Plans")).await.unwrap().0;
    let again = world.rooms.make(world.opening(operation, "Plans")).await.unwrap().0;
    assert_eq!(first, again);
    let other = world.rooms.make(world.opening(operation, "Other plans")).await;
    let Err(NotAppended::Refused(refusal)) = other else { panic!("{other:?}") };
    assert_eq!(refusal.code, RefusalCode::DifferentContent);
    assert_eq!(world.keys.rooms().unwrap(), [first.room]);
}

#[tokio::test]
async fn who_cuts_somebody_off_is_answered_when_all_have_applied_it() {
    // P2
    let world = World::new().await;
    let operation = OperationId(Uuid::now_v7());
    let room = world.rooms.make(world.opening(operation, "Plans")).await.unwrap().0.room;
    let mut follower = world.store.follow();
    let actor = Actor::Person(world.alice);
    let leave = Intent { actor, operation: OperationId(Uuid::now_v7()), command: Command::Leave };
    let mut leaving = std::pin::pin!(world.rooms.execute(room, leave));
    let applied = tokio::select! {
        biased;
        early = &mut leaving => panic!("{early:?} before anybody could apply it"),
        committed = follower.recv() => committed.unwrap(),
    };
    // It is committed, and here it could be said, were it not for the fence.
    let early = tokio::time::timeout(Duration::from_millis(100), &mut leaving).await;
    assert!(early.is_err(), "{early:?} before it was applied");
    applied.confirm.confirm();
    assert!(leaving.await.unwrap().0.effective);
}
