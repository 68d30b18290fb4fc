//! Two companies on a server, with as many people and external groups as a bench needs.

use crate::line::Line;
use crate::server::{Server, sign};
use anyhow::Context as _;
use crosstalk::identity::mint::Mint;
use crosstalk_loadtest::admin::{Issuer, NewGroup, NewUser};
use crosstalk_loadtest::{Admin, Client, Target};
use crosstalk_protocol::ids::{CompanyId, DeviceId, OperationId, RoomId, UserId};
use crosstalk_protocol::request::{AcceptContact, Hello, RequestContact};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use std::net::SocketAddr;
use std::sync::Arc;
use uuid::Uuid;

const HEAD: &str = "head";
/// So many are asked for or opened at once.
const AT_ONCE: usize = 32;

/// Two companies whose people share groups, and the server they are on.
pub(crate) struct House {
    address: SocketAddr,
    acme: Arc<Company>,
    /// Of one company, and Group Master of every group.
    alice: Person,
    /// Of the other company, and in every group: without him it would be none.
    bob: Person,
}

struct Company {
    id: CompanyId,
    issuer: String,
    key: Mint,
    admin: Admin,
}

/// Somebody of a company.
#[derive(Clone)]
pub(crate) struct Person {
    user: UserId,
    subject: String,
    company: Arc<Company>,
}

impl House {
    /// Two companies, with Alice and Bob.
    pub(crate) async fn open(server: &Server) -> anyhow::Result<Self> {
        let acme = Arc::new(Company::found(server, "acme").await?);
        let globex = Arc::new(Company::found(server, "globex").await?);
        let alice = acme.hire("alice").await?;
        let bob = globex.hire("bob").await?;
        let house = Self { address: server.address, acme, alice, bob };
        let mut asking = house.client(&house.alice).await?;
        asking.request(RequestContact { address: address_of("bob") }).await?;
        let mut asked = house.client(&house.bob).await?;
        asked.request(AcceptContact { user: house.alice.user }).await?;
        Ok(house)
    }

    async fn client(&self, person: &Person) -> anyhow::Result<Client> {
        let target = Target::new(format!("ws://{}", self.address), person.token()?);
        let device = DeviceId(Uuid::new_v4());
        let hello = Hello { device, token: None, inbox: None, rooms: Vec::new(), client: None };
        Ok(Client::sign_in(&target, hello).await?.0)
    }

    /// So many people of Alice's company, she herself among them.
    pub(crate) async fn people(&self, count: usize) -> anyhow::Result<Vec<Person>> {
        let names = (1..count).map(|number| format!("person-{number}"));
        let hired = stream::iter(names).map(|name| async move { self.acme.hire(&name).await });
        let mut people: Vec<Person> = hired.buffered(AT_ONCE).try_collect().await?;
        people.push(self.alice.clone());
        Ok(people)
    }

    /// Bob, who is in every group.
    pub(crate) fn bob(&self) -> &Person {
        &self.bob
    }

    /// A group of these people with Alice and Bob.
    pub(crate) async fn group(&self, people: &[Person]) -> anyhow::Result<RoomId> {
        let alice = self.alice.user;
        let others = people.iter().map(|person| person.user).filter(|user| *user != alice);
        let group = NewGroup {
            name: "Bench".to_owned(),
            description: String::new(),
            masters: vec![alice],
            members: others.chain([self.bob.user]).collect(),
        };
        let Company { id, admin, .. } = &*self.acme;
        let made = admin.create_group(*id, OperationId(Uuid::now_v7()), &group).await?;
        anyhow::ensure!(made.left_out.is_empty(), "left out: {:?}", made.left_out);
        Ok(made.room)
    }

    /// Signs these people in, each with one connection that follows these rooms.
    pub(crate) async fn lines(&self, people: &[(&Person, &[RoomId])]) -> anyhow::Result<Vec<Line>> {
        let opened = stream::iter(people.to_vec()).map(|(person, rooms)| async move {
            Line::open(self.address, &person.token()?, rooms).await.context("signing in")
        });
        opened.buffered(AT_ONCE).try_collect().await
    }
}

impl Company {
    async fn found(server: &Server, name: &str) -> anyhow::Result<Self> {
        let base = format!("http://{}", server.address);
        let operator = Admin::new(base.clone(), server.operator_token()?);
        let key = Mint::create(&server.beside(name))?;
        let issuer = format!("https://{name}.example");
        let keys = serde_json::from_str(&key.jwks())?;
        let registered = Issuer { issuer: issuer.clone(), audience: None, keys };
        let id = operator.create_company(name, &registered).await?.company;
        operator.create_user(id, &NewUser { administrator: true, ..user(HEAD) }).await?;
        let admin = Admin::new(base, sign(&key, &issuer, HEAD)?);
        Ok(Self { id, issuer, key, admin })
    }

    async fn hire(self: &Arc<Self>, name: &str) -> anyhow::Result<Person> {
        let hired = self.admin.create_user(self.id, &user(name)).await?;
        let company = Arc::clone(self);
        Ok(Person { user: hired.user, subject: name.to_owned(), company })
    }
}

impl Person {
    fn token(&self) -> anyhow::Result<String> {
        sign(&self.company.key, &self.company.issuer, &self.subject)
    }
}

fn user(name: &str) -> NewUser {
    NewUser {
        subject: name.to_owned(),
        name: name.to_owned(),
        address: (name != HEAD).then(|| address_of(name)),
        administrator: false,
        connected: true,
    }
}

fn address_of(name: &str) -> String {
    format!("{name}@example.com")
}
