//! Who is there: a Group Master, people of two companies who talk, and two who come and go.

use crate::house::sign;
use crate::people::governing::creation;
use crate::program::{Program, by};
use crosstalk::identity::mint::{Mint, PUBLIC_FILE};
use crosstalk_loadtest::admin::{Issuer, NewUser};
use crosstalk_loadtest::{Admin, Client, Target};
use crosstalk_protocol::ids::{CompanyId, DeviceId, RoomId, UserId};
use crosstalk_protocol::request::{AcceptContact, Acknowledge, Cursor, Hello, RequestContact};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use uuid::Uuid;

const OPERATORS: &str = "https://operators.example";
const WRITERS: usize = 8;
const ROOMS: usize = 3;
const HOUR: Duration = Duration::from_hours(1);
/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A person, who needs no device in memory: what he knows stands in the ledger.
pub(crate) struct Member {
    pub(crate) id: UserId,
    firm: Rc<Firm>,
    subject: String,
    device: DeviceId,
}

/// Everybody, and the directory on which the server is started again and again.
pub(crate) struct Cast {
    home: tempfile::TempDir,
    /// The Group Master of everything.
    pub(crate) alice: Member,
    /// Half of hers, half of the other company; all of them in all rooms of talk.
    pub(crate) writers: Vec<Member>,
    /// Of the other company: they are in the groups that come and go.
    pub(crate) passers: Vec<Member>,
    /// The rooms of talk.
    pub(crate) rooms: Vec<RoomId>,
}

struct Firm {
    id: CompanyId,
    issuer: String,
    mint: Mint,
}

impl Cast {
    /// A new server, and all of them in it.
    pub(crate) async fn gather() -> Self {
        let home = tempfile::tempdir().unwrap();
        let operators = Mint::create(&home.path().join("operators")).unwrap();
        let program = start(&home);
        let url = format!("http://{}", program.address());
        let operator = Admin::new(url, sign(&operators, OPERATORS, "operator", HOUR));
        let acme = Firm::founded(&operator, "Acme", &home).await;
        let globex = Firm::founded(&operator, "Globex", &home).await;
        let alice = acme.hires(&operator, "alice").await;
        let mut writers = Vec::new();
        for number in 0..WRITERS {
            let firm = if number % 2 == 0 { &acme } else { &globex };
            writers.push(firm.hires(&operator, &format!("writer-{number}")).await);
        }
        let mut passers = Vec::new();
        for number in 0..2 {
            passers.push(globex.hires(&operator, &format!("passer-{number}")).await);
        }
        for other in writers.iter().filter(|one| one.firm.id == globex.id).chain(&passers) {
            alice.is_contact_of(other, &program).await;
        }
        let mut cast = Self { home, alice, writers, passers, rooms: Vec::new() };
        let mut client = cast.alice.connects(&program).await;
        for number in 0..ROOMS {
            let members = cast.writers.iter().map(|writer| writer.id).collect();
            let made = client.request(creation(&format!("Talk {number}"), members)).await.unwrap();
            cast.rooms.push(made.room);
        }
        cast
    }

    /// Starts the server on what is there.
    pub(crate) fn starts(&self) -> Program {
        start(&self.home)
    }

    /// The same, by a shell script that begins with `$1`, the directory, and runs the others.
    pub(crate) fn starts_by(&self, script: &str) -> Program {
        Program::start_as(by(script, &self.data()), &self.data(), &as_refs(&settings(&self.home)))
    }

    /// The server's directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Everybody.
    pub(crate) fn everybody(&self) -> impl Iterator<Item = &Member> {
        self.writers.iter().chain(&self.passers).chain([&self.alice])
    }
}

fn start(home: &tempfile::TempDir) -> Program {
    Program::start(&home.path().join("data"), &as_refs(&settings(home)))
}

fn as_refs(settings: &[String]) -> Vec<&str> {
    settings.iter().map(String::as_str).collect()
}

fn settings(home: &tempfile::TempDir) -> Vec<String> {
    let keys = home.path().join("operators").join(PUBLIC_FILE);
    vec![
        format!("operators.issuer={OPERATORS}"),
        format!("operators.keys_file={}", keys.display()),
        // Nobody is to be held up: the disk shall be the bottleneck.
        "limits.requests_per_second=100000".to_owned(),
        "limits.requests_burst=1000000".to_owned(),
        "limits.company_requests_per_second=1000000".to_owned(),
        "limits.company_requests_burst=1000000".to_owned(),
    ]
}

impl Firm {
    async fn founded(operator: &Admin, name: &str, home: &tempfile::TempDir) -> Rc<Self> {
        let mint = Mint::create(&home.path().join(name)).unwrap();
        let issuer = format!("https://{}.example", name.to_lowercase());
        let keys = serde_json::from_str(&mint.jwks()).unwrap();
        let registered = Issuer { issuer: issuer.clone(), audience: None, keys };
        let id = operator.create_company(name, &registered).await.unwrap().company;
        Rc::new(Self { id, issuer, mint })
    }

    async fn hires(self: &Rc<Self>, operator: &Admin, subject: &str) -> Member {
        let user = NewUser {
            subject: subject.to_owned(),
            name: subject.to_owned(),
            address: Some(address(subject)),
            connected: true,
            ..NewUser::default()
        };
        let id = operator.create_user(self.id, &user).await.unwrap().user;
        let device = DeviceId(Uuid::new_v4());
        Member { id, firm: Rc::clone(self), subject: subject.to_owned(), device }
    }
}

fn address(subject: &str) -> String {
    format!("{subject}@example")
}

impl Member {
    /// Signs in with his device, and follows nothing.
    pub(crate) async fn connects(&self, program: &Program) -> Client {
        self.connects_with(self.device, program, &[]).await
    }

    /// Signs in with another device, and follows these rooms from their latest page on.
    pub(crate) async fn listens(&self, program: &Program, rooms: &[RoomId]) -> Client {
        let (most, least) = self.device.0.as_u64_pair();
        let other = DeviceId(Uuid::from_u64_pair(most, !least));
        self.connects_with(other, program, rooms).await
    }

    async fn connects_with(&self, device: DeviceId, program: &Program, rooms: &[RoomId]) -> Client {
        let token = sign(&self.firm.mint, &self.firm.issuer, &self.subject, HOUR);
        let target = Target::new(format!("ws://{}", program.address()), token);
        let first = |room: &RoomId| Cursor { room: *room, stint: None, at: None };
        let rooms = rooms.iter().map(first).collect();
        let hello = Hello { device, token: None, inbox: None, rooms, client: None };
        let (mut client, welcome) = Client::sign_in(&target, hello).await.unwrap();
        client.set_patience(PATIENCE);
        if let Some(last) = welcome.notices.last() {
            client.request(Acknowledge { inbox: last.inbox.clone() }).await.unwrap();
        }
        client
    }

    async fn is_contact_of(&self, other: &Self, program: &Program) {
        let mut mine = self.connects(program).await;
        mine.request(RequestContact { address: address(&other.subject) }).await.unwrap();
        let mut his = other.connects(program).await;
        his.request(AcceptContact { user: self.id }).await.unwrap();
    }
}
