//! People and companies around a store.

use crate::authority::{
    Act, Actor, At, Command, Intent, Person, Policy, PolicyChange, Refusal, Time,
};
use crate::directory::{Deed, Directory, Done, OpenInvitation, Record};
use crate::keys::{Bound, KeyDirectory, Places, Sealed, Slot};
use crate::sql::{self, Address, Connection, Engine};
use crate::timeline::embedded::{Embedded, OpenError, Options};
use crate::timeline::embedded::{Report, check, check_on_server};
use crate::timeline::{
    Appended, Committed, NotAppended, Place, Proposal, Range, Read, Row, Sight, Timeline, Want,
};
use crosstalk_protocol::entry::{Change, Content, Switch};
use crosstalk_protocol::ids::{CompanyId, OperationId, RoomId, Seq, UserId};
use crosstalk_protocol::words::{Feature, RoomKind, Way};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use uuid::Uuid;

pub(super) const DAY: i64 = 24 * 3600 * 1_000_000;

/// A store in a directory of its own, which can be stopped and started again, and its clock.
pub(super) struct World {
    pub(super) root: tempfile::TempDir,
    store: Option<Arc<Embedded>>,
    keys: Arc<KeyDirectory>,
    pub(super) clock: Arc<AtomicI64>,
    pub(super) options: Options,
    /// The people of [`World::with_group`], with their companies.
    pub(super) people: Vec<(UserId, CompanyId)>,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(set: impl FnOnce(&mut Options)) -> Self {
        let root = tempfile::tempdir().unwrap();
        // Of now, like the ids: those of another time are looked up on another path.
        let clock = Arc::new(AtomicI64::new(jiff::Timestamp::now().as_microsecond()));
        let mut options = Options::at(root.path().join("data"));
        let hand = Arc::clone(&clock);
        options.clock = Arc::new(move || Time(hand.load(Ordering::Relaxed)));
        options.server = server();
        set(&mut options);
        let places = Places { directory: root.path().join("keys"), copy: None };
        let keys = Arc::new(KeyDirectory::start(&places).unwrap());
        let mut world = Self { root, store: None, keys, clock, options, people: Vec::new() };
        world.start().unwrap();
        world
    }

    /// Alice and Carol of Acme, Bob of Globex, and a group that Alice made.
    pub(super) async fn with_group() -> (Self, [UserId; 3], RoomId) {
        Self::new().grouped().await
    }

    /// The same, over a store in which hardly anything may wait.
    pub(super) async fn tiny_queue() -> (Self, [UserId; 3], RoomId) {
        Self::with(|options| options.writer_queue = 2).grouped().await
    }

    pub(super) async fn grouped(mut self) -> (Self, [UserId; 3], RoomId) {
        let (acme, globex) = (self.company("Acme").await, self.company("Globex").await);
        let (alice, carol) = (self.user(acme, "alice").await, self.user(acme, "carol").await);
        let bob = self.user(globex, "bob").await;
        self.contacts(alice, bob).await;
        let room = self.group(alice, &[bob, carol]).await;
        self.people = vec![(alice, acme), (bob, globex), (carol, acme)];
        (self, [alice, bob, carol], room)
    }

    /// Waits until the store says this number.
    pub(super) async fn comes_to(&self, sql: &str, number: i64) {
        for _ in 0..100 {
            if self.sql(sql) == number {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{sql}: it is {}", self.sql(sql));
    }

    /// What a check of the store finds.
    pub(super) fn check(&self) -> Report {
        let check = || match &self.options.server {
            Some(address) => check_on_server(address),
            None => check(&self.data()),
        };
        std::thread::scope(|scope| scope.spawn(check).join().unwrap()).unwrap()
    }

    /// The same as [`World::with_group`], in a file, whatever the others are tried on.
    pub(super) async fn with_group_in_a_file() -> (Self, [UserId; 3], RoomId) {
        Self::with(|options| options.server = None).grouped().await
    }

    /// Beside the store, on a connection of one's own.
    pub(super) fn beside<T: Send>(
        &self,
        run: impl FnOnce(&Connection) -> sql::Result<T> + Send,
    ) -> T {
        let open = || match &self.options.server {
            Some(address) => Connection::to_server(address),
            None => Connection::to_file(&self.data().join("crosstalk.db")),
        };
        let run = || run(&open().unwrap()).unwrap();
        std::thread::scope(|scope| scope.spawn(run).join().unwrap())
    }

    /// Runs a statement beside the store; how many rows it changed.
    pub(super) fn change(&self, sql: &str) -> usize {
        self.beside(|connection| connection.prepare(sql)?.execute(()))
    }

    /// From now on no row that is so can be inserted into a table.
    pub(super) fn forbid(&self, table: &str, when: &str) {
        self.beside(|connection| match connection.engine() {
            Engine::Sqlite => connection.execute_batch(&format!(
                "CREATE TRIGGER forbidden BEFORE INSERT ON {table} WHEN {when} \
                 BEGIN SELECT RAISE(ABORT, 'forbidden'); END"
            )),
            Engine::Postgres => connection.execute_batch(&format!(
                "CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql \
                   AS 'BEGIN RAISE EXCEPTION $$forbidden$$; END'; \
                 CREATE TRIGGER forbidden BEFORE INSERT ON {table} FOR EACH ROW WHEN ({when}) \
                   EXECUTE FUNCTION forbid()"
            )),
        });
    }

    /// The server ends the store's sessions, whatever they are at. A file has none.
    pub(super) fn break_connections(&self) {
        self.beside(|connection| match connection.engine() {
            Engine::Sqlite => Ok(()),
            Engine::Postgres => connection.execute_batch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            ),
        });
    }

    /// What was forbidden is allowed again.
    pub(super) fn allow(&self, table: &str) {
        self.beside(|connection| match connection.engine() {
            Engine::Sqlite => connection.execute_batch("DROP TRIGGER forbidden"),
            Engine::Postgres => {
                connection.execute_batch(&format!("DROP TRIGGER forbidden ON {table}"))
            }
        });
    }

    /// A number from the database.
    pub(super) fn sql(&self, sql: &str) -> i64 {
        self.beside(|connection| connection.query_row(sql, (), |row| row.get(0)))
    }

    /// The tables that hold rows of a room still, but for those that stay.
    pub(super) fn rows_left(&self, room: RoomId) -> Vec<String> {
        let id = room.0.simple();
        let number = self.sql(&format!("SELECT room FROM room WHERE id = unhex('{id}')"));
        let tables = ["entry", "reaction", "pin", "stint", "named", "mark", "invitation"];
        let left = tables.into_iter().filter(|table| {
            let column =
                if ["entry", "reaction", "pin"].contains(table) { "place >> 40" } else { "room" };
            self.sql(&format!("SELECT count(*) FROM {table} WHERE {column} = {number}")) > 0
        });
        left.map(str::to_owned).collect()
    }

    /// Whether these words stand in any file of the store, after a checkpoint.
    pub(super) fn holds(&self, words: &str) -> bool {
        assert!(self.options.server.is_none(), "a server's files are its own");
        self.sql("PRAGMA wal_checkpoint(TRUNCATE)");
        std::fs::read_dir(self.data()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(words.len()).any(|window| window == words.as_bytes())
        })
    }

    /// In how many groups somebody is, as the rules count.
    pub(super) async fn groups_of(&self, user: UserId) -> u32 {
        let mut groups = None;
        for company in self.store().companies().await.unwrap() {
            let people = self.store().people_of(company.company.id, None, 100).await.unwrap().0;
            let found = people.iter().find(|one| one.person.id == user);
            groups = groups.or(found.map(|one| one.person.groups));
        }
        groups.unwrap()
    }

    /// An invitation's hash.
    pub(super) async fn invites(
        &self,
        inviter: UserId,
        room: RoomId,
        operation: OperationId,
    ) -> Result<[u8; 32], NotAppended> {
        let mut hash = [0; 32];
        hash[..16].copy_from_slice(Uuid::now_v7().as_bytes());
        let ends = Time(self.clock.load(Ordering::Relaxed) + DAY);
        let invitation = OpenInvitation { hash, room, inviter, ends };
        self.store().invite_guest(invitation, operation).await.map(|()| hash)
    }

    pub(super) fn keys(&self) -> Arc<KeyDirectory> {
        Arc::clone(&self.keys)
    }

    pub(super) fn start(&mut self) -> Result<(), OpenError> {
        let keys = self.keys();
        self.store = Some(Arc::new(Embedded::open(self.options.clone(), keys)?));
        Ok(())
    }

    pub(super) fn stop(&mut self) {
        let store = self.store.take().unwrap();
        drop(Arc::try_unwrap(store).expect("nobody else holds the store"));
    }

    pub(super) fn restart(&mut self) {
        self.stop();
        self.start().unwrap();
    }

    pub(super) fn data(&self) -> PathBuf {
        self.options.directory.clone()
    }

    pub(super) fn store(&self) -> &Embedded {
        self.store.as_ref().unwrap()
    }

    pub(super) fn pass(&self, micros: i64) {
        self.clock.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) async fn company(&self, name: &str) -> CompanyId {
        let company = CompanyId(Uuid::now_v7());
        let record = Record { name: name.to_owned(), ..Record::default() };
        self.act(Actor::Operator, Act::CreateCompany { company }, record).await.unwrap();
        company
    }

    /// A user who may talk with other companies.
    pub(super) async fn user(&self, company: CompanyId, name: &str) -> UserId {
        let user = UserId(Uuid::now_v7());
        let record = Record {
            name: name.to_owned(),
            subject: name.to_owned(),
            address: Some(format!("{name}@{company}")),
            ..Record::default()
        };
        let person = person(user, company);
        let act = Act::Provision { person, exists: false, first_sign_in: false };
        self.act(Actor::Operator, act, record).await.unwrap();
        let connect = Act::SetConnected { user, connected: true };
        self.act(Actor::Operator, connect, Record::default()).await.unwrap();
        user
    }

    pub(super) async fn contacts(&self, one: UserId, other: UserId) {
        let ask = Act::RequestContact { of: Some(other), asked: false };
        self.act(Actor::Person(one), ask, Record::default()).await.unwrap();
        let accept = Act::AcceptContact { of: one, asked: false };
        self.act(Actor::Person(other), accept, Record::default()).await.unwrap();
    }

    pub(super) async fn act(
        &self,
        actor: Actor,
        act: Act,
        record: Record,
    ) -> Result<Done, NotAppended> {
        self.store().act(Deed { actor, act, record }).await
    }

    pub(super) async fn policy(&self, company: CompanyId, policy: Policy, on: bool) -> Done {
        let change = PolicyChange::Switch(policy, on);
        let act = Act::SetPolicy { company, change };
        self.act(Actor::Operator, act, Record::default()).await.unwrap()
    }

    pub(super) async fn connect(&self, user: UserId, connected: bool) -> Done {
        let act = Act::SetConnected { user, connected };
        self.act(Actor::Operator, act, Record::default()).await.unwrap()
    }

    pub(super) async fn disable(&self, company: CompanyId, feature: Feature, off: bool) {
        let act = Act::SetPolicy { company, change: PolicyChange::Disabled(feature, off) };
        self.act(Actor::Operator, act, Record::default()).await.unwrap();
    }

    /// A group of the creator and these people, who are his contacts already.
    pub(super) async fn group(&self, creator: UserId, others: &[UserId]) -> RoomId {
        let room = RoomId(Uuid::now_v7());
        self.keys().make(room).unwrap();
        let command = create(others);
        self.append(proposal(room, creator, command)).await.unwrap();
        room
    }

    pub(super) async fn open(&self, user: UserId, kind: RoomKind, others: &[UserId]) -> RoomId {
        let room = RoomId(Uuid::now_v7());
        self.keys().make(room).unwrap();
        let command = Command::Open { kind, name: "room".to_owned(), members: others.to_vec() };
        self.append(proposal(room, user, command)).await.unwrap();
        room
    }

    pub(super) async fn append(&self, proposal: Proposal) -> Result<Appended, NotAppended> {
        self.store().append(proposal).await
    }

    pub(super) async fn does(
        &self,
        user: UserId,
        room: RoomId,
        command: Command,
    ) -> Result<Appended, Refusal> {
        match self.append(proposal(room, user, command)).await {
            Ok(appended) => Ok(appended),
            Err(NotAppended::Refused(refusal)) => Err(refusal),
            Err(NotAppended::Failed(error)) => panic!("{error}"),
        }
    }

    pub(super) async fn says(&self, user: UserId, room: RoomId, text: &str) -> Seq {
        self.does(user, room, post(text)).await.unwrap().seq
    }

    /// What somebody says, sealed as rooms seal it: whoever follows a server has to open it.
    pub(super) fn sealed(&self, user: UserId, room: RoomId, text: &str) -> Proposal {
        let mut said = proposal(room, user, post(text));
        let slot = Slot::Operation(said.intent.operation);
        let bound = Bound { room, author: Some(user), slot };
        let plain = serde_json::to_vec(&said.content).unwrap();
        said.sealed = Some(self.keys().open(room).unwrap().seal(&bound, &plain));
        said
    }

    /// The texts of what was sealed so.
    pub(super) fn opened(&self, sight: &Sight) -> Vec<String> {
        let key = self.keys().open(sight.view.room()).unwrap();
        let bodies = sight.rows.iter().filter_map(|row| match row {
            Row::Entry(stored) => stored.body.as_ref(),
            Row::Passed(..) => None,
        });
        bodies.filter_map(|body| body.open(&key, &sight.permit).ok()?.text).collect()
    }

    pub(super) async fn reads(&self, user: UserId, want: Want) -> Read {
        self.store().read(user, want).await.unwrap()
    }

    /// What somebody sees of one room.
    pub(super) async fn sees(&self, user: UserId, want: Want) -> Result<Sight, Refusal> {
        self.reads(user, want).await.rooms.pop().unwrap().1
    }

    pub(super) async fn page(&self, user: UserId, room: RoomId) -> Result<Sight, Refusal> {
        self.sees(user, Want::Page { room, range: Range::Latest, limit: 200 }).await
    }

    /// The texts of the latest page, in order.
    pub(super) async fn texts(&self, user: UserId, room: RoomId) -> Vec<String> {
        texts(&self.page(user, room).await.unwrap())
    }

    pub(super) async fn resumes(
        &self,
        user: UserId,
        room: RoomId,
        cursor: Option<(Seq, At)>,
    ) -> Result<Sight, Refusal> {
        let (stint, at) = cursor.unzip();
        self.sees(user, Want::Resume(vec![Place { room, stint, at }])).await
    }

    /// Waits until no job is open.
    pub(super) async fn jobs_are_done(&self) {
        for _ in 0..500 {
            let jobs = self.store().jobs().await.unwrap();
            if jobs.iter().all(|job| job.finished) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a job is not finished");
    }
}

/// A database of a test's own on the server that the tests are to run on, if they are to
/// (`make test-postgres`); without one they run on files.
#[expect(clippy::disallowed_methods, reason = "tests have no settings but this one")]
pub(super) fn server() -> Option<Address> {
    let address = std::env::var("CROSSTALK_TEST_SERVER").ok()?;
    let name = format!("test_{}", Uuid::new_v4().simple());
    let make = || {
        let server = Address::new(&address, None).unwrap();
        let connection = Connection::to_server(&server).unwrap();
        connection.execute_batch(&format!("CREATE DATABASE {name}")).unwrap();
    };
    std::thread::scope(|scope| scope.spawn(make).join().unwrap());
    let own = address.replace("dbname=postgres", &format!("dbname={name}"));
    Some(Address::new(&own, None).unwrap())
}

pub(super) fn person(id: UserId, company: CompanyId) -> Person {
    Person::user(id, company)
}

pub(super) fn create(others: &[UserId]) -> Command {
    Command::Create {
        way: Way::Contacts,
        name: "Falcon".to_owned(),
        description: "The launch".to_owned(),
        members: others.to_vec(),
        masters: Vec::new(),
    }
}

pub(super) fn post(text: &str) -> Command {
    Command::Post {
        text: text.to_owned(),
        reply_to: None,
        mentions: Vec::new(),
        mention_all: false,
    }
}

pub(super) fn react(target: Seq, on: bool) -> Command {
    Command::React { target, emoji: "👍".to_owned(), on }
}

pub(super) fn switch(feature: Feature, on: bool) -> Command {
    Command::Settings {
        name: None,
        description: None,
        switches: vec![Switch { feature, on }],
        history: None,
    }
}

/// A proposal whose sealed content is the content itself, so that tests can read it.
pub(super) fn proposal(room: RoomId, user: UserId, command: Command) -> Proposal {
    again(OperationId(Uuid::now_v7()), room, user, command)
}

pub(super) fn again(
    operation: OperationId,
    room: RoomId,
    user: UserId,
    command: Command,
) -> Proposal {
    let content = command.content();
    let sealed = content.as_ref().map(|content| Sealed(serde_json::to_vec(content).unwrap()));
    let mut fingerprint = [0; 16];
    let said = format!("{command:?}");
    for (index, byte) in said.bytes().enumerate() {
        fingerprint[index % 16] = byte ^ u8::rotate_left(fingerprint[index % 16], 3);
    }
    let mark = matches!(command, Command::React { .. }).then_some([7; 16]);
    let intent = Intent { actor: Actor::Person(user), operation, command };
    Proposal { room, intent, content, sealed, fingerprint, mark }
}

pub(super) fn content(body: &crate::timeline::Body) -> Content {
    serde_json::from_slice(&body.sealed.0).unwrap()
}

pub(super) fn texts(sight: &Sight) -> Vec<String> {
    let stored = sight.rows.iter().filter_map(|row| match row {
        Row::Entry(stored) => Some(stored),
        Row::Passed(..) => None,
    });
    let posted = stored.filter(|it| matches!(it.entry.change, Change::Posted { .. }));
    posted.filter_map(|it| content(it.body.as_ref()?).text).collect()
}

/// The rows in brief: kinds of entries, `from-through` of passed ones.
pub(super) fn brief(sight: &Sight) -> Vec<String> {
    let brief = sight.rows.iter().map(|row| match row {
        Row::Entry(stored) => format!("{}:{}", stored.entry.seq, stored.entry.change.kind()),
        Row::Passed(from, through, at) => {
            assert_eq!(at.seq, *through);
            format!("{from}-{through}")
        }
    });
    brief.collect()
}

pub(super) fn stored(sight: &Sight, seq: Seq) -> &crate::timeline::Stored {
    let found = sight.rows.iter().find_map(|row| match row {
        Row::Entry(stored) if stored.entry.seq == seq => Some(stored),
        Row::Entry(_) | Row::Passed(..) => None,
    });
    found.unwrap()
}

pub(super) fn stored_seqs(sight: &Sight) -> Vec<Seq> {
    let seqs = sight.rows.iter().map(|row| match row {
        Row::Entry(stored) => stored.entry.seq,
        Row::Passed(from, ..) => *from,
    });
    seqs.collect()
}

pub(super) async fn next(follower: &mut tokio::sync::mpsc::Receiver<Committed>) -> Committed {
    tokio::time::timeout(Duration::from_secs(5), follower.recv()).await.unwrap().unwrap()
}
