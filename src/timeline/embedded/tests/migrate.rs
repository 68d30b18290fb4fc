//! A store that moves from files to a server. `make test-postgres` starts one; elsewhere these are passed over.

use super::support::{World, server};
use crate::authority::Command;
use crate::timeline::embedded::{MigrateError, migrate};
use crosstalk_protocol::ids::{RoomId, UserId};

impl World {
    /// What somebody reads in a room.
    async fn opens(&self, user: UserId, room: RoomId) -> Vec<String> {
        self.opened(&self.page(user, room).await.unwrap())
    }

    /// Moves the store, which is in files, to a server that has none; the tables that were told of.
    fn moves(&mut self) -> Result<Vec<(String, u64)>, MigrateError> {
        let to = self.options.server.get_or_insert_with(|| server().expect("make test-postgres"));
        let (to, from, keys) = (to.clone(), self.data(), self.keys());
        let mut told = Vec::new();
        let note = |table: &str, rows| told.push((table.to_owned(), rows));
        let run = || migrate(&from, &to, &keys, note);
        std::thread::scope(|scope| scope.spawn(run).join().unwrap())?;
        Ok(told)
    }
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn a_store_in_files_goes_on_on_a_server_as_it_was() {
    // P4
    let (mut world, [alice, bob, carol], room) = World::with_group_in_a_file().await;
    for number in 0..230 {
        world.append(world.sealed(alice, room, &format!("number {number}"))).await.unwrap();
    }
    world.does(alice, room, Command::Remove { users: vec![carol] }).await.unwrap();
    let last = world.append(world.sealed(bob, room, "last")).await.unwrap().seq;
    let before = (world.opens(bob, room).await, world.opens(alice, room).await);
    assert!(before.0.ends_with(&["last".to_owned()]));
    world.stop();
    world.change("INSERT INTO job (kind, owner) VALUES (0, 2)");
    let told = world.moves().unwrap();
    assert_eq!(world.sql("SELECT count(*) FROM job WHERE finished IS NULL"), 1, "it goes on there");
    let entries = told.iter().find(|(table, _)| table == "entry").unwrap();
    assert!(entries.1 > 230, "{told:?}");
    world.start().unwrap();
    assert_eq!((world.opens(bob, room).await, world.opens(alice, room).await), before);
    assert!(world.page(carol, room).await.is_err(), "she was removed");
    world.comes_to("SELECT count(*) FROM job WHERE finished IS NULL", 0).await;
    // Numbers go on where they were: in the room, and of people, rooms and operations.
    let next = world.append(world.sealed(bob, room, "after")).await.unwrap().seq;
    assert_eq!(next, last.next());
    let other = world.group(alice, &[bob]).await;
    world.append(world.sealed(bob, other, "elsewhere")).await.unwrap();
    assert!(world.check().is_sound());
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: make test-postgres"]
async fn a_store_is_not_moved_over_another_one() {
    let (mut world, ..) = World::with_group_in_a_file().await;
    world.stop();
    world.moves().unwrap();
    let rooms = world.sql("SELECT count(*) FROM room");
    assert!(matches!(world.moves(), Err(MigrateError::NotEmpty)));
    assert_eq!(world.sql("SELECT count(*) FROM room"), rooms);
}
