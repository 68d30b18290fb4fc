//! People as actors: each has a device that keeps what it is told and trusts nobody. Every wait is
//! for something that happens; ten seconds without it is a failure.

pub(crate) mod governing;
mod seeing;
pub(crate) mod talking;

use crosstalk_loadtest::{Asks, Client, Closed, Device, Error, Target};
use crosstalk_protocol::answer::Welcome;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{DeviceId, OperationId, RoomId, UserId};
use crosstalk_protocol::push::{NoticeKind, Push};
use crosstalk_protocol::request::Hello;
use std::time::Duration;
use tokio::sync::Mutex;
use uuid::Uuid;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A person with one device.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) id: UserId,
    /// The exact address that others find him by.
    pub(crate) address: String,
    /// Who he is at his company's issuer.
    pub(crate) subject: String,
    target: Target,
    hand: Mutex<Hand>,
}

/// A device and all that it was told.
pub(crate) struct Hand {
    pub(crate) device: Device,
    pub(crate) told: Vec<Push>,
    pub(crate) notices: Vec<NoticeKind>,
}

impl Person {
    pub(crate) fn new(
        name: &str,
        id: UserId,
        address: String,
        subject: String,
        target: Target,
    ) -> Self {
        let device = Device::new(target.clone());
        let hand = Mutex::new(Hand { device, told: Vec::new(), notices: Vec::new() });
        Self { name: name.to_owned(), id, address, subject, target, hand }
    }

    /// The same person with another device, not signed in yet.
    pub(crate) fn with_another_device(&self) -> Self {
        let Self { name, id, address, subject, target, .. } = self;
        Self::new(name, *id, address.clone(), subject.clone(), target.clone())
    }

    /// The same person with another device, which goes there.
    pub(crate) fn at(&self, target: Target) -> Self {
        let Self { name, id, address, subject, .. } = self;
        Self::new(name, *id, address.clone(), subject.clone(), target)
    }

    /// From now on this device goes there.
    pub(crate) async fn moves_to(&self, target: Target) {
        self.hand().await.device.move_to(target);
    }

    /// His device.
    pub(crate) async fn hand(&self) -> tokio::sync::MutexGuard<'_, Hand> {
        self.hand.lock().await
    }

    /// The server's address with his token.
    pub(crate) fn target(&self) -> Target {
        self.target.clone()
    }

    /// Connects with all his cursors and catches up.
    pub(crate) async fn signs_in(&self) -> Welcome {
        self.tries_to_sign_in().await.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Connects with all his cursors and catches up, if he may.
    pub(crate) async fn tries_to_sign_in(&self) -> Result<Welcome, Error> {
        let mut hand = self.hand().await;
        let signed_in = tokio::time::timeout(PATIENCE, hand.device.sign_in());
        let welcome = signed_in.await.unwrap_or(Err(Error::TimedOut("sign-in")))?;
        hand.notices.extend(welcome.notices.iter().map(|notice| notice.about.clone()));
        hand.device.client()?.keep_transcript();
        hand.take_told();
        Ok(welcome)
    }

    /// Loses the connection, as in a tunnel.
    pub(crate) async fn loses_the_connection(&self) {
        if let Some(client) = self.hand().await.device.disconnect() {
            client.cut();
        }
    }

    /// The connection as it is, without what the device keeps.
    pub(crate) async fn connects(&self) -> Client {
        Client::connect(&self.target).await.unwrap()
    }

    /// Asks for anything.
    pub(crate) async fn asks<R: Asks>(&self, request: R) -> Result<R::Answer, Error> {
        let mut hand = self.hand().await;
        let answer = hand.device.request(request).await;
        hand.take_told();
        answer
    }

    /// Asks for something that the rules refuse.
    pub(crate) async fn is_refused<R: Asks>(&self, request: R, code: RefusalCode)
    where
        R::Answer: std::fmt::Debug,
    {
        let name = &self.name;
        let refused = self.asks(request).await.expect_err("it was allowed");
        assert_eq!(refused.refusal(), Some(code), "{name}: {refused}");
    }

    /// Waits until his device has got what is looked for.
    pub(crate) async fn until<T>(&self, what: &str, found: impl Fn(&Hand) -> Option<T>) -> T {
        let mut hand = self.hand().await;
        let waited = async {
            loop {
                hand.device.work().await?;
                hand.take_told();
                if let Some(found) = found(&hand) {
                    return Ok::<T, Error>(found);
                }
                hand.device.listen().await?;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waited).await;
        let found = waited.unwrap_or(Err(Error::TimedOut("sign of it")));
        found.unwrap_or_else(|error| panic!("{} waits for {what}: {error}", self.name))
    }

    /// Takes in everything that the server has said so far.
    pub(crate) async fn settles(&self) {
        let mut hand = self.hand().await;
        hand.device.settle().await.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        hand.take_told();
    }

    /// Waits until the server has closed his connection, and says how.
    pub(crate) async fn is_disconnected(&self) -> Closed {
        let mut hand = self.hand().await;
        let closed = hand.device.client().unwrap().closed().await;
        closed.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Waits for a notice of his inbox.
    pub(crate) async fn is_told(&self, about: NoticeKind) {
        let what = format!("{about:?}");
        self.until(&what, |hand| hand.notices.contains(&about).then_some(())).await;
    }
}

impl Hand {
    fn take_told(&mut self) {
        while let Some(push) = self.device.told() {
            if let Push::Notice(notice) = &push {
                self.notices.push(notice.about.clone());
            }
            self.told.push(push);
        }
    }

    /// The texts of the messages that stand in a room, as this device keeps them.
    pub(crate) fn texts(&self, room: RoomId) -> Vec<String> {
        let kept = self.device.replica().room(room);
        let texts = kept.map(|kept| kept.messages().map(|message| message.text.to_owned()));
        texts.map(Iterator::collect).unwrap_or_default()
    }
}

/// The first words of a new device that follows no room yet.
pub(crate) fn hello() -> Hello {
    let device = DeviceId(Uuid::new_v4());
    Hello { device, token: None, inbox: None, rooms: Vec::new(), client: None }
}

/// A new id of something that is asked for.
pub(crate) fn operation() -> OperationId {
    OperationId(Uuid::now_v7())
}

/// The ids of people.
pub(crate) fn ids(people: &[&Person]) -> Vec<UserId> {
    people.iter().map(|person| person.id).collect()
}
