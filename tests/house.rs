//! A house: one server with companies, told in the words of the product.

use crate::people::Person;
use crate::support::TestServer;
use crosstalk::authority::Time;
use crosstalk::identity::mint::{Grant, Mint};
use crosstalk_loadtest::admin::{Issuer, NewGroup, NewUser, PolicyPatch, UserPatch};
use crosstalk_loadtest::{Admin, Error, Target};
use crosstalk_protocol::answer::Accepted;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{CompanyId, OperationId, RoomId, UserId};
use crosstalk_protocol::words::{Feature, Features};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// How long a token of the house is good.
const TOKEN_LIFETIME: Duration = Duration::from_hours(1);

/// People here say more in a second than people do; `hygiene` sets its own rates.
const QUICK: [(&str, &str); 2] =
    [("limits.requests_per_second", "100000"), ("limits.requests_burst", "100000")];

/// A running server, and who may do everything there.
pub(crate) struct House {
    pub(crate) server: TestServer,
    operator: Admin,
    companies: AtomicU32,
}

impl House {
    /// A server with nobody in it, as it comes.
    pub(crate) async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// The same with settings, as `section.key` and value.
    pub(crate) async fn open_with(settings: &[(&str, &str)]) -> Self {
        Self::of(TestServer::start(&[&QUICK, settings].concat()).await)
    }

    /// The same as a process of its own, which can be killed.
    pub(crate) fn open_apart(settings: &[(&str, &str)]) -> Self {
        Self::of(TestServer::start_apart(&[&QUICK, settings].concat()))
    }

    /// With its data in files, for tests that look into them.
    pub(crate) async fn open_in_files() -> Self {
        Self::of(TestServer::start_in_files(&QUICK).await)
    }

    /// The same as a process of its own.
    pub(crate) fn open_apart_in_files(settings: &[(&str, &str)]) -> Self {
        Self::of(TestServer::start_apart_in_files(&[&QUICK, settings].concat()))
    }

    fn of(server: TestServer) -> Self {
        let operator = Admin::new(server.http(), server.operator_token());
        Self { server, operator, companies: AtomicU32::new(0) }
    }

    /// The operator's administration.
    pub(crate) fn operator(&self) -> &Admin {
        &self.operator
    }

    /// A company with an administrator.
    pub(crate) async fn company(&self, name: &str) -> Company {
        let number = self.companies.fetch_add(1, Ordering::Relaxed);
        let issuer = format!("https://{}-{number}.example", name.to_lowercase());
        let keys = tempfile::tempdir().unwrap();
        let mint = Mint::create(&keys.path().join("key")).unwrap();
        let jwks = serde_json::from_str(&mint.jwks()).unwrap();
        let registered = Issuer { issuer: issuer.clone(), audience: None, keys: jwks };
        let company = self.operator.create_company(name, &registered).await.unwrap().company;
        let head = NewUser {
            subject: "head".to_owned(),
            name: format!("Head of {name}"),
            administrator: true,
            connected: true,
            ..NewUser::default()
        };
        self.operator.create_user(company, &head).await.unwrap();
        let token = sign(&mint, &issuer, "head", TOKEN_LIFETIME);
        Company {
            id: company,
            admin: Admin::new(self.server.http(), token),
            issuer,
            mint: Arc::new(mint),
            sockets: self.server.sockets(),
            turn: AtomicUsize::new(0),
            people: AtomicU32::new(0),
        }
    }

    /// Two companies whose people may talk with each other, in groups and in shared rooms.
    pub(crate) async fn two_connected_companies(&self) -> (Company, Company) {
        let companies = (self.company("Acme").await, self.company("Globex").await);
        for company in [&companies.0, &companies.1] {
            company
                .sets(PolicyPatch { external_rooms: Some(true), ..PolicyPatch::default() })
                .await;
        }
        companies
    }

    /// Waits until every durable job has finished.
    pub(crate) async fn jobs_are_done(&self) {
        let done = async {
            while !self.operator.jobs().await.unwrap().iter().all(|job| job.finished) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), done).await.expect("the jobs do not finish");
    }
}

/// A company: its administrator, its issuer, and the key that signs its people's tokens.
pub(crate) struct Company {
    pub(crate) id: CompanyId,
    pub(crate) admin: Admin,
    pub(crate) issuer: String,
    pub(crate) mint: Arc<Mint>,
    sockets: Vec<String>,
    turn: AtomicUsize,
    people: AtomicU32,
}

impl Company {
    /// A Connected-member, signed in.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let person = self.stranger(name, true).await;
        person.signs_in().await;
        person
    }

    /// A user who may not talk with other companies, signed in.
    pub(crate) async fn unconnected_person(&self, name: &str) -> Person {
        let person = self.stranger(name, false).await;
        person.signs_in().await;
        person
    }

    /// A user who has not signed in yet.
    pub(crate) async fn stranger(&self, name: &str, connected: bool) -> Person {
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        let subject = format!("{}-{number}", name.to_lowercase());
        let address = format!("{subject}@{}", self.issuer.trim_start_matches("https://"));
        let user = NewUser {
            subject: subject.clone(),
            name: name.to_owned(),
            address: Some(address.clone()),
            administrator: false,
            connected,
        };
        let user = self.admin.create_user(self.id, &user).await.unwrap().user;
        let target = self.target(self.token_of(&subject));
        Person::new(name, user, address, subject, target)
    }

    /// A good token of this subject.
    pub(crate) fn token_of(&self, subject: &str) -> String {
        self.token_for(subject, TOKEN_LIFETIME)
    }

    /// A token of this subject that is good so long.
    pub(crate) fn token_for(&self, subject: &str, lifetime: Duration) -> String {
        sign(&self.mint, &self.issuer, subject, lifetime)
    }

    /// The server's address for whoever has this token: each may come to another node.
    pub(crate) fn target(&self, token: impl Into<String>) -> Target {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.sockets.len();
        Target::new(self.sockets[turn].clone(), token)
    }

    /// The administrator takes a user off the Connected-members.
    pub(crate) async fn withdraws(&self, person: &Person) {
        self.changes(person, UserPatch { connected: Some(false), ..UserPatch::default() }).await;
    }

    /// The administrator permits him to talk with other companies.
    pub(crate) async fn permits(&self, person: &Person) {
        self.changes(person, UserPatch { connected: Some(true), ..UserPatch::default() }).await;
    }

    /// The administrator suspends him.
    pub(crate) async fn suspends(&self, person: &Person) {
        self.changes(person, UserPatch { active: Some(false), ..UserPatch::default() }).await;
    }

    /// The administrator lets him back in.
    pub(crate) async fn reinstates(&self, person: &Person) {
        self.changes(person, UserPatch { active: Some(true), ..UserPatch::default() }).await;
    }

    /// The administrator deletes his account.
    pub(crate) async fn deletes(&self, person: &Person) {
        self.admin.delete_user(self.id, person.id).await.unwrap();
    }

    /// The administrator ends all his older tokens.
    pub(crate) async fn revokes_sign_ins_of(&self, person: &Person) {
        self.admin.revoke_sign_ins(self.id, person.id).await.unwrap();
    }

    async fn changes(&self, person: &Person, patch: UserPatch) {
        self.admin.change_user(self.id, person.id, patch).await.unwrap();
    }

    /// The administrator changes the policy.
    pub(crate) async fn sets(&self, patch: PolicyPatch) {
        self.admin.set_policy(self.id, patch).await.unwrap();
    }

    /// The administrator allows guests.
    pub(crate) async fn lets_guests_in(&self) {
        self.sets(PolicyPatch { guests: Some(true), ..PolicyPatch::default() }).await;
    }

    /// The administrator disables these features, and no others.
    pub(crate) async fn disables(&self, features: &[Feature]) {
        let disabled = Some(Features::from(features.to_vec()));
        self.sets(PolicyPatch { disabled, ..PolicyPatch::default() }).await;
    }

    /// The administrator makes a group.
    pub(crate) async fn makes_a_group(
        &self,
        name: &str,
        masters: &[&Person],
        members: &[&Person],
    ) -> Result<Accepted, Error> {
        let ids = |people: &[&Person]| people.iter().map(|person| person.id).collect();
        let group = NewGroup {
            name: name.to_owned(),
            description: String::new(),
            masters: ids(masters),
            members: ids(members),
        };
        self.admin.create_group(self.id, OperationId(Uuid::now_v7()), &group).await
    }

    /// The administrator names a Group Master of a group that has none.
    pub(crate) async fn names_master(
        &self,
        group: RoomId,
        person: &Person,
    ) -> Result<Accepted, Error> {
        self.admin.name_master(self.id, group, person.id).await
    }
}

/// What was asked was refused for this reason.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>, code: RefusalCode) {
    let refused = outcome.expect_err("it was allowed");
    assert_eq!(refused.refusal(), Some(code), "{refused}");
}

/// What was asked was refused for this reason, naming these people.
#[track_caller]
pub(crate) fn refused_naming<T: std::fmt::Debug>(
    outcome: Result<T, Error>,
    code: RefusalCode,
    people: &[&Person],
) {
    let Err(Error::Refused(refused)) = outcome else { panic!("not refused: {outcome:?}") };
    let mut named: Vec<UserId> = people.iter().map(|person| person.id).collect();
    let mut users = refused.users.clone();
    named.sort_unstable();
    users.sort_unstable();
    assert_eq!((refused.code, users), (code, named));
}

/// The time of now, as tokens say it.
pub(crate) fn now() -> Time {
    #[expect(clippy::disallowed_methods, reason = "a company's sign-in has a clock of its own")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Time(i64::try_from(since.as_micros()).unwrap())
}

/// A token that says so.
pub(crate) fn sign(mint: &Mint, issuer: &str, subject: &str, lifetime: Duration) -> String {
    let grant = Grant {
        issuer,
        audience: None,
        subject,
        name: None,
        address: None,
        issued_at: now(),
        lifetime,
    };
    mint.sign(&grant).unwrap().reveal().to_owned()
}

/// The files of a key in this directory.
pub(crate) fn key_in(directory: &Path) -> Mint {
    Mint::open_or_create(directory).unwrap()
}
