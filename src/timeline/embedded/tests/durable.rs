//! Durable and recoverable: full disks, kills, foreign files, second processes, purges.

use super::support::*;
use crate::authority::{Act, Actor, Command};
use crate::directory::{Directory, Record};
use crate::keys::KeyDirectory;
use crate::timeline::embedded::{Embedded, OpenError, Options};
use crate::timeline::{Error, NotAppended, Range, Timeline, Want};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{DeviceId, OperationId, RoomId, Seq};
use crosstalk_protocol::words::{Feature, RoomKind};
use rusqlite::Connection;
use std::sync::Arc;
use uuid::Uuid;

fn database(world: &World) -> std::path::PathBuf {
    world.data().join("crosstalk.db")
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_half_kept() {
    let (mut world, [alice, bob, _], room) = World::with_group_in_a_file().await;
    let kept = world.says(alice, room, "kept").await;
    world.stop();
    let pages: i64 = Connection::open(database(&world))
        .unwrap()
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    world.options.pages_max = Some(pages + 4);
    world.start().unwrap();
    let mut failed = 0;
    let mut seqs = Vec::new();
    for _ in 0..60 {
        match world.append(proposal(room, bob, post(&"x".repeat(900)))).await {
            Ok(appended) => seqs.push(appended.seq),
            Err(NotAppended::Failed(Error::Write(advice))) => {
                assert!(advice.contains("free some space"), "{advice}");
                failed += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(failed > 0);
    let end = seqs.last().copied().unwrap_or(kept);
    world.stop();
    world.options.pages_max = None;
    world.start().unwrap();
    assert_eq!(world.says(bob, room, "room again").await, end.next(), "no place was lost");
    let report = world.check();
    assert!(report.is_sound(), "{report:?}");
}

#[tokio::test]
async fn a_second_process_a_foreign_file_a_newer_schema_and_other_keys_are_told_apart() {
    let mut world = World::with(|options| options.server = None);
    let keys = world.keys();
    let open = |options: &Options, keys: &Arc<KeyDirectory>| {
        Embedded::open(options.clone(), Arc::clone(keys)).map(drop).unwrap_err()
    };
    assert!(matches!(open(&world.options, &keys), OpenError::InUse(_)));
    world.stop();
    let elsewhere = World::with(|options| options.server = None);
    assert!(matches!(open(&world.options, &elsewhere.keys()), OpenError::OtherKeys(_)));
    let connection = Connection::open(database(&world)).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let newer = open(&world.options, &keys);
    assert!(matches!(newer, OpenError::Newer { found: 99, .. }));
    assert!(newer.to_string().contains("newer crosstalk"));
    let foreign = Options::at(world.root.path().join("foreign"));
    std::fs::create_dir(&foreign.directory).unwrap();
    let connection = Connection::open(foreign.directory.join("crosstalk.db")).unwrap();
    connection.execute_batch("CREATE TABLE recipe (name)").unwrap();
    drop(connection);
    assert!(matches!(open(&foreign, &keys), OpenError::Foreign(_)));
    std::fs::write(foreign.directory.join("crosstalk.db"), "a letter to a friend".repeat(99))
        .unwrap();
    assert!(matches!(open(&foreign, &keys), OpenError::Foreign(_)));
    let nowhere = Options::at(foreign.directory.join("crosstalk.db").join("data"));
    assert!(matches!(open(&nowhere, &keys), OpenError::Unwritable(..)));
}

#[tokio::test]
async fn a_store_of_an_older_version_is_brought_up_to_date_and_keeps_what_it_has() {
    let (mut world, [alice, bob, _], room) = World::with_group_in_a_file().await;
    let said = world.says(bob, room, "said before").await;
    world.stop();
    let connection = Connection::open(database(&world)).unwrap();
    connection.execute_batch("ALTER TABLE person DROP COLUMN dealt").unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    drop(connection);
    let older = super::super::check(&world.data()).unwrap_err();
    assert!(matches!(older, OpenError::Older { found: 1, .. }), "{older}");
    world.start().unwrap();
    assert_eq!(texts(&world.page(alice, room).await.unwrap()).last().unwrap(), "said before");
    assert_eq!(world.says(alice, room, "said after").await, said.next());
    let report = world.check();
    assert!(report.is_sound(), "{report:?}");
}

#[tokio::test]
async fn r21_r22_a_deleted_group_is_gone_at_once_and_erased_soon() {
    let (mut world, [alice, bob, _], room) = World::with_group_in_a_file().await;
    let said = world.says(bob, room, "the secret plan").await;
    world.does(alice, room, react(said, true)).await.unwrap();
    world.does(alice, room, Command::Pin { target: said, on: true }).await.unwrap();
    world.store().mark(room, alice, said).await.unwrap();
    let id = OperationId(Uuid::now_v7());
    let deleted = world.append(again(id, room, alice, Command::Delete)).await.unwrap();
    assert!(deleted.permit.is_none());
    for user in [alice, bob] {
        assert_eq!(world.page(user, room).await.unwrap_err().code, RefusalCode::NotFound);
        assert_eq!(
            world.does(user, room, post("x")).await.unwrap_err().code,
            RefusalCode::NotFound
        );
    }
    world.jobs_are_done().await;
    assert_eq!(world.rows_left(room), Vec::<String>::new());
    assert!(!world.holds("the secret plan"));
    let guessable = "SELECT count(*) FROM operation WHERE made AND content <> zeroblob(16)";
    assert_eq!(world.sql(guessable), 0, "no hash by which the name could be guessed");
    assert!(world.keys().open(room).is_err(), "the key is destroyed");
    world.restart();
    assert!(!world.holds("the secret plan"));
    let again = world.append(again(id, room, alice, Command::Delete)).await.unwrap();
    assert_eq!(again.seq, deleted.seq, "who deleted gets that answer again");
    let receipt = world.sql("SELECT CAST(sum(entries) AS BIGINT) FROM receipt");
    assert_eq!(receipt, 5);
    // R29 and the sweep: ids and places never come again.
    let other = world.group(alice, &[bob]).await;
    world.says(alice, other, "new").await;
    assert_eq!(world.sql("SELECT min(id) > 5 FROM entry"), 1);
    let report = world.check();
    assert!(report.is_sound(), "{report:?}");
}

#[tokio::test]
async fn r22_a_purge_killed_at_any_slice_goes_on_from_there() {
    let (mut world, [alice, bob, _], room) = World::with_group_in_a_file().await;
    let sends = (0..1_800).map(|_| world.append(proposal(room, bob, post("secret words"))));
    futures::future::join_all(sends).await;
    world.does(alice, room, Command::Delete).await.unwrap();
    let mut restarts = 0;
    while world.sql("SELECT count(*) FROM job WHERE finished IS NULL") > 0 {
        // Each start does one slice before it looks at anything else, if it is stopped at once.
        world.restart();
        restarts += 1;
        assert!(restarts < 50);
    }
    assert_eq!(world.rows_left(room), Vec::<String>::new());
    assert!(!world.holds("secret words"));
    assert_eq!(world.sql("SELECT CAST(sum(entries) AS BIGINT) FROM receipt"), 1_802);
}

#[tokio::test]
async fn r22_a_purge_waits_for_the_key_directory() {
    let (world, [alice, _, _], room) = World::with_group().await;
    let keys = world.root.path().join("keys");
    let away = world.root.path().join("away");
    std::fs::rename(&keys, &away).unwrap();
    world.does(alice, room, Command::Delete).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let jobs = world.store().jobs().await.unwrap();
    assert!(jobs.iter().any(|job| job.kind == "purge" && !job.finished && job.done == 0));
    std::fs::rename(&away, &keys).unwrap();
    world.jobs_are_done().await;
}

#[tokio::test]
async fn everything_is_there_after_a_restart_and_the_check_finds_it_sound() {
    let (mut world, [alice, bob, carol], room) = World::with_group().await;
    world.says(bob, room, "one").await;
    world.does(alice, room, Command::Remove { users: vec![carol] }).await.unwrap();
    world.does(alice, room, Command::Add { users: vec![carol] }).await.unwrap();
    world.does(alice, room, Command::Appoint { user: bob }).await.unwrap();
    let before = brief(&world.page(alice, room).await.unwrap());
    let epoch = world.store().epoch();
    world.restart();
    assert_eq!(world.store().epoch(), epoch);
    assert_eq!(brief(&world.page(alice, room).await.unwrap()), before);
    assert_eq!(world.says(bob, room, "two").await, Seq(6));
    let report = world.check();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.rooms, 1);
}

/// A store with something of everything: people of two companies, a group that somebody was removed
/// from and somebody left out of, one that is deleted, edits, reactions, pins, an invitation, a cut.
async fn with_everything() -> World {
    let (world, [alice, bob, carol], room) = World::with_group_in_a_file().await;
    let [(_, acme), (_, globex), _] = world.people[..] else { panic!("three") };
    let said = world.says(bob, room, "one").await;
    world.does(alice, room, react(said, true)).await.unwrap();
    world.does(alice, room, Command::Pin { target: said, on: true }).await.unwrap();
    let edit = Command::Edit { target: said, text: "one and a half".to_owned() };
    world.does(bob, room, edit).await.unwrap();
    let unsent = world.says(bob, room, "two").await;
    world.does(bob, room, Command::Unsend { target: unsent }).await.unwrap();
    world.does(alice, room, Command::Remove { users: vec![carol] }).await.unwrap();
    world.store().mark(room, alice, said).await.unwrap();
    let zoe = world.user(globex, "zoe").await;
    world.contacts(alice, zoe).await;
    world.connect(zoe, false).await;
    world.does(alice, room, Command::Add { users: vec![zoe] }).await.unwrap();
    let deleted = world.group(alice, &[bob]).await;
    world.does(alice, deleted, Command::Delete).await.unwrap();
    world.policy(acme, crate::authority::Policy::Guests, true).await;
    let chat = world.open(alice, RoomKind::Internal, &[carol]).await;
    world.invites(alice, chat, OperationId(Uuid::now_v7())).await.unwrap();
    world.disable(globex, Feature::Note, true).await;
    let device = DeviceId(Uuid::now_v7());
    world.store().greet(alice, device, None).await.unwrap();
    world.jobs_are_done().await;
    world
}

/// Each kind of damage, and a word by which it is told.
const ALTERATIONS: &[(&str, &str)] = &[
    ("DELETE FROM entry WHERE place = (1 << 40) | 2", "a hole"),
    ("DELETE FROM entry WHERE place = (1 << 40) | 9", "its rows say"),
    ("UPDATE entry SET id = id + 1000 WHERE place = (1 << 40) | 2", "order of commits"),
    (
        "UPDATE entry SET client = (SELECT client FROM entry WHERE place = (1 << 40) | 2), \
      author = (SELECT author FROM entry WHERE place = (1 << 40) | 2) \
      WHERE place = (1 << 40) | 6",
        "repeats an id",
    ),
    ("UPDATE entry SET again = again + 1 WHERE place = (1 << 40) | 2", "written again"),
    ("UPDATE operation SET again = 1", "written again"),
    ("UPDATE entry SET body = NULL WHERE place = (1 << 40) | 2", "lost their text"),
    ("UPDATE entry SET body = x'00' WHERE place = (1 << 40) | 6", "have a text still"),
    ("UPDATE entry SET version = 0", "edits are not"),
    ("UPDATE entry SET body = NULL WHERE place = (1 << 40) | 1", "its name is elsewhere"),
    ("UPDATE stint SET ended = NULL WHERE ended IS NOT NULL", "stints are not"),
    ("UPDATE stint SET severed = 1", "stints are not"),
    ("UPDATE stint SET history = 1", "its rows say"),
    ("UPDATE stint SET master = 1", "its rows say"),
    ("UPDATE stint SET person_outside = 9", "its rows say"),
    ("UPDATE room SET revision = 1 WHERE deleted = 0", "its rows say"),
    ("UPDATE room SET owner = 2 WHERE deleted = 0", "its rows say"),
    ("UPDATE room SET features = 0 WHERE deleted = 0", "its rows say"),
    ("UPDATE room SET named = 3 WHERE deleted = 0", "its name is elsewhere"),
    ("DELETE FROM job", "nobody purges it"),
    ("DELETE FROM receipt", "no receipt"),
    ("INSERT INTO pin VALUES ((2 << 40) | 2, 9)", "has 1 rows in pin"),
    ("INSERT INTO mark VALUES (77, 1, 1)", "of no room"),
    (
        "INSERT INTO entry SELECT 9999, (77 << 40) | 1, author, kind, time, tag, client, content, \
      detail, target, body, sealed_by, version, again FROM entry LIMIT 1",
        "of no room",
    ),
    ("UPDATE person SET groups = 7", "groups"),
    ("UPDATE person SET outside = outside + 1", "access numbers"),
    ("UPDATE company SET whole = whole + 1", "access numbers"),
    (
        "UPDATE person SET whole = 1 WHERE subject = 'bob'; \
      INSERT INTO cut (owner, reach, time) SELECT person << 1, 1, 0 FROM person \
      WHERE subject = 'bob'",
        "nobody writes their end",
    ),
    ("DELETE FROM cut WHERE cut = 1", "gaps"),
    ("DELETE FROM contact WHERE person = 1", "one-sided"),
    ("UPDATE contact SET state = 0 WHERE person = 1", "one-sided"),
    ("DELETE FROM notice", "the inbox of"),
    ("INSERT INTO notice (owner, detail) SELECT owner, detail FROM notice", "the inbox of"),
    ("UPDATE device SET inbox = 9999", "ahead of the inbox"),
    ("DELETE FROM reaction", "reactions are not"),
    ("UPDATE reaction SET person = 2", "reactions of no entry"),
    ("DELETE FROM pin", "pins are not"),
    ("INSERT INTO pin VALUES ((1 << 40) | 6, 9)", "pins are not"),
    ("DELETE FROM named", "left out"),
    ("DELETE FROM operation", "is lost"),
    ("UPDATE operation SET seq = 99", "places that are none"),
    ("UPDATE mark SET seq = 99", "read marks after its end"),
    ("UPDATE room SET kind = 2 WHERE kind = 0", "lead into groups"),
    ("DELETE FROM meta WHERE name = 'hash_key'", "is lost"),
];

#[tokio::test]
async fn the_check_finds_every_kind_of_damage_and_says_which() {
    let mut world = with_everything().await;
    world.stop();
    let sound = world.check();
    assert!(sound.is_sound() && sound.purged == 1, "{sound:?}");
    for (alteration, word) in ALTERATIONS {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(database(&world), copy.path().join("crosstalk.db")).unwrap();
        let connection = Connection::open(copy.path().join("crosstalk.db")).unwrap();
        connection.execute_batch(alteration).unwrap();
        drop(connection);
        let report = super::super::check(copy.path()).unwrap();
        let told = report.faults.iter().any(|fault| fault.contains(word));
        assert!(told, "{alteration}: {report:?}");
    }
}

#[tokio::test]
async fn a_busy_store_says_so() {
    let (world, [alice, _, _], room) = World::tiny_queue().await;
    let sends = (0..500).map(|_| world.append(proposal(room, alice, post("x"))));
    let answers = futures::future::join_all(sends).await;
    let busy =
        answers.iter().filter(|answer| matches!(answer, Err(NotAppended::Failed(Error::Busy))));
    assert!(busy.count() > 0);
    let never = RoomId(Uuid::now_v7());
    assert!(world.page(alice, never).await.is_err());
}

/// What is asked of a store one of whose tables takes no rows.
async fn asks_for_a_row(world: &World, table: &str, room: RoomId) -> Result<(), NotAppended> {
    let [(alice, _), (bob, _), (carol, _), (dave, _)] = world.people[..] else { panic!("four") };
    let command = match table {
        "cut" => {
            let act = Act::SetConnected { user: bob, connected: false };
            return world.act(Actor::Operator, act, Record::default()).await.map(drop);
        }
        "stint" => Command::Add { users: vec![dave] },
        "job" => Command::Delete,
        "operation" => Command::Appoint { user: bob },
        _ => Command::Remove { users: vec![carol] },
    };
    world.append(proposal(room, alice, command)).await.map(drop)
}

/// What memory and store say of the room and its people.
async fn as_it_stands(world: &World, room: RoomId) -> (Vec<String>, Vec<u32>, Vec<(Seq, u32)>) {
    let (mut groups, mut marks) = (Vec::new(), Vec::new());
    for (user, _) in &world.people {
        groups.push(world.groups_of(*user).await);
        let list = world.reads(*user, Want::List { after: None, limit: 10 }).await.rooms;
        marks.extend(
            list.into_iter().map(|(_, sight)| sight.unwrap()).map(|it| (it.read, it.unread)),
        );
    }
    (brief(&world.page(world.people[0].0, room).await.unwrap()), groups, marks)
}

#[tokio::test]
async fn what_fails_halfway_leaves_memory_and_store_as_they_were() {
    for table in ["entry", "stint", "notice", "job", "operation", "cut"] {
        for failure in ["ABORT", "ROLLBACK"] {
            let said = format!("{table}, {failure}");
            let (mut world, [alice, bob, _], room) = World::with_group_in_a_file().await;
            let acme = world.people[0].1;
            world.people.push((world.user(acme, "dave").await, acme));
            // A statement that fails alone, and one that takes the transaction with it.
            let connection = Connection::open(database(&world)).unwrap();
            let trigger = format!(
                "CREATE TRIGGER broken BEFORE INSERT ON {table} \
                 BEGIN SELECT RAISE({failure}, 'broken'); END"
            );
            world.says(bob, room, "his mark waits in memory").await;
            let before = as_it_stands(&world, room).await;
            connection.execute_batch(&trigger).unwrap();
            let failed = asks_for_a_row(&world, table, room).await;
            assert!(matches!(failed, Err(NotAppended::Failed(Error::Write(_)))), "{said}");
            connection.execute_batch("DROP TRIGGER broken").unwrap();
            assert_eq!(as_it_stands(&world, room).await, before, "{said}");
            world.says(alice, room, "memory goes on").await;
            asks_for_a_row(&world, table, room).await.unwrap();
            world.jobs_are_done().await;
            world.stop();
            let report = world.check();
            assert!(report.is_sound(), "{said}: {report:?}");
        }
    }
}

/// The store as a kill at this moment leaves it: its files as they are, on another directory.
fn killed(world: &World, tear: impl FnOnce(&mut Vec<u8>)) -> (tempfile::TempDir, Embedded) {
    let copy = tempfile::tempdir().unwrap();
    let log = std::fs::read(world.data().join("crosstalk.db-wal"));
    let mut log = log.unwrap_or_default();
    tear(&mut log);
    std::fs::copy(database(world), copy.path().join("crosstalk.db")).unwrap();
    std::fs::write(copy.path().join("crosstalk.db-wal"), log).unwrap();
    let options = Options { directory: copy.path().to_owned(), ..world.options.clone() };
    let store = Embedded::open(options, world.keys()).unwrap();
    (copy, store)
}

#[tokio::test]
async fn r25_own_sends_have_moved_the_mark_after_a_kill() {
    let (world, [alice, bob, _], room) = World::with_group_in_a_file().await;
    world.says(bob, room, "one").await;
    let said = world.says(alice, room, "two").await;
    let (_home, store) = killed(&world, |_| {});
    let list = store.read(alice, Want::List { after: None, limit: 10 }).await.unwrap();
    let sight = list.rooms[0].1.as_ref().unwrap();
    assert_eq!((sight.read, sight.unread), (said, 0));
}

#[tokio::test]
async fn a_torn_write_costs_only_what_was_not_acknowledged() {
    type Tear = fn(&mut Vec<u8>);
    // The last commit is one frame: 24 bytes of head and a page. A write that was torn before it
    // was acknowledged leaves a part of one more; what tears one that was takes that one alone.
    let tears: [(&str, Tear, usize); 5] = [
        ("nothing", |_| {}, 0),
        ("half a frame more", |log| log.extend(vec![7; 2_000]), 0),
        ("zeros", |log| log.extend(vec![0; 40_000]), 0),
        ("an old frame again", |log| log.extend(log[log.len() - 4_120..].to_vec()), 0),
        ("the last byte is lost", |log| log.truncate(log.len() - 1), 1),
    ];
    let (world, [alice, bob, _], room) = World::with_group_in_a_file().await;
    let mut texts = Vec::new();
    for index in 0..20 {
        texts.push(format!("message {index}"));
        world.says(bob, room, &texts[index]).await;
    }
    for (what, tear, lost) in tears {
        let (home, store) = killed(&world, tear);
        let page = Want::Page { room, range: Range::Latest, limit: 200 };
        let sight = store.read(alice, page).await.unwrap().rooms.pop().unwrap().1.unwrap();
        assert_eq!(super::support::texts(&sight), texts[..texts.len() - lost], "{what}");
        let again = store.append(proposal(room, alice, post("goes on"))).await.unwrap();
        assert_eq!(again.seq, Seq(22 - lost as u64), "{what}");
        drop(store);
        let report = super::super::check(home.path()).unwrap();
        assert!(report.is_sound(), "{what}: {report:?}");
    }
}

/// R29, however the store comes to know the id: from memory, or by looking it up.
#[tokio::test]
async fn r29_an_id_of_any_time_is_known_again_at_once_and_after_a_restart() {
    let (mut world, [alice, ..], room) = World::with_group().await;
    let now = world.store().now().0;
    let times =
        [0, now - 400 * DAY, now - DAY / 24, now - 1_000_000, now, now + DAY, now + 400 * DAY];
    let mut kept = Vec::new();
    for time in times {
        let operation = of_time(time);
        let seq = world.append(again(operation, room, alice, post("once"))).await.unwrap().seq;
        kept.push((operation, seq));
    }
    for restarted in [false, true] {
        for (operation, seq) in &kept {
            let repeated =
                world.append(again(*operation, room, alice, post("once"))).await.unwrap();
            assert_eq!(repeated.seq, *seq, "{operation:?}, restarted: {restarted}");
            let other = world.append(again(*operation, room, alice, post("else"))).await;
            assert!(matches!(other, Err(NotAppended::Refused(_))), "{other:?}");
        }
        world.restart();
    }
    assert_eq!(world.texts(alice, room).await, vec!["once"; times.len()]);
}

/// An operation's id that says this time, in microseconds.
fn of_time(micros: i64) -> OperationId {
    let millis = u64::try_from(micros / 1_000).unwrap();
    OperationId(uuid::Builder::from_unix_timestamp_millis(millis, &random_bytes()).into_uuid())
}

fn random_bytes() -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&Uuid::new_v4().as_bytes()[..10]);
    bytes
}

/// R29: who does not know what became of his message sends it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_break_lose_nothing_and_write_nothing_twice() {
    let (world, [alice, bob, _], room) = World::with_group().await;
    let world = Arc::new(world);
    let breaking = {
        let world = Arc::clone(&world);
        tokio::task::spawn_blocking(move || {
            for _ in 0..20 {
                std::thread::sleep(std::time::Duration::from_millis(25));
                world.break_connections();
            }
        })
    };
    let mut said = Vec::new();
    while !breaking.is_finished() {
        let (text, operation) = (said.len().to_string(), OperationId(Uuid::now_v7()));
        loop {
            match world.append(again(operation, room, bob, post(&text))).await {
                Ok(_) => break,
                Err(NotAppended::Failed(Error::Write(_))) => {}
                Err(other) => panic!("{other}"),
            }
        }
        said.push(text);
    }
    breaking.await.unwrap();
    let read = loop {
        let range = Range::Latest;
        match world.store().read(alice, Want::Page { room, range, limit: 200 }).await {
            Ok(read) => break read,
            Err(Error::Read(_)) => {}
            Err(other) => panic!("{other}"),
        }
    };
    let last = texts(read.rooms[0].1.as_ref().unwrap());
    assert!(!last.is_empty() && said.ends_with(&last), "{last:?}");
    let posts = world.sql("SELECT count(*) FROM entry WHERE kind = 10");
    assert_eq!(usize::try_from(posts).unwrap(), said.len());
    assert!(world.check().is_sound());
}
