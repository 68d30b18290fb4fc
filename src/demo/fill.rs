//! Playing the script, through the doors that everybody uses.

use super::cast::{Cast, Company, Person, sign};
use super::script::{Act, Line, lines};
use anyhow::Context as _;
use crosstalk::identity::mint::Mint;
use crosstalk_loadtest::Device;
use crosstalk_loadtest::admin::{NewUser, PolicyPatch};
use crosstalk_protocol::ids::{OperationId, RoomId, Seq, UserId};
use crosstalk_protocol::request::{
    AcceptContact, CreateFromContacts, Edit, Open, Pin, React, Remove, RequestContact, Send,
};
use crosstalk_protocol::words::RoomKind;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The `iss` of the demonstration's operator.
pub(super) const OPERATORS: &str = "urn:crosstalk:demo:operators";

/// Everybody at his device, and where the talk is.
struct Stage {
    players: BTreeMap<&'static str, Player>,
    room: Option<RoomId>,
    /// What was said last.
    last: Seq,
    /// What each one said last.
    last_of: BTreeMap<String, Seq>,
}

struct Player {
    id: UserId,
    company: &'static str,
    address: String,
    device: Device,
}

/// Makes companies and people and lets them talk.
pub(super) async fn fill(cast: &Cast, operators: &Mint) -> anyhow::Result<()> {
    let operator = cast.admin(sign(operators, OPERATORS, "operator")?);
    let mut players = BTreeMap::new();
    for company in &cast.companies {
        let made = operator.create_company(company.name, &company.registration()?).await?;
        // Everything that can be tried by hand.
        let policy = PolicyPatch {
            external_rooms: Some(true),
            guests: Some(true),
            external_read_marks: Some(true),
            ..PolicyPatch::default()
        };
        operator.set_policy(made.company, policy).await?;
        for person in people_of(cast, company) {
            let user = NewUser {
                subject: person.key.to_owned(),
                name: person.name.to_owned(),
                address: Some(person.address()),
                administrator: person.administrator,
                connected: true,
            };
            let id = operator.create_user(made.company, &user).await?.user;
            let mut device = Device::new(cast.target(person)?);
            device.sign_in().await?;
            let address = person.address();
            let player = Player { id, company: company.key, address, device };
            players.insert(person.key, player);
        }
    }
    let mut stage = Stage { players, room: None, last: Seq::ZERO, last_of: BTreeMap::new() };
    stage.make_contacts().await?;
    for line in lines() {
        stage.play(line?).await?;
    }
    Ok(())
}

fn people_of<'a>(cast: &'a Cast, company: &Company) -> impl Iterator<Item = &'a Person> {
    let key = company.key;
    cast.people.iter().filter(move |person| person.company == key)
}

impl Stage {
    /// Everybody of one company knows everybody of the other.
    async fn make_contacts(&mut self) -> anyhow::Result<()> {
        let known: Vec<(&'static str, &'static str)> =
            self.players.iter().map(|(key, player)| (*key, player.company)).collect();
        let hana = known.iter().filter(|(_, company)| *company == "hana");
        for (one, _) in hana {
            for (other, _) in known.iter().filter(|(_, company)| *company != "hana") {
                let address = self.player(other)?.address.clone();
                self.player(one)?.device.request(RequestContact { address }).await?;
                let user = self.player(one)?.id;
                self.player(other)?.device.request(AcceptContact { user }).await?;
            }
        }
        Ok(())
    }

    async fn play(&mut self, line: Line<'_>) -> anyhow::Result<()> {
        match line {
            Line::Room { name, is_group, maker, members } => {
                let members = members.into_iter().map(|key| Ok(self.player(key)?.id));
                let members = members.collect::<anyhow::Result<Vec<UserId>>>()?;
                self.make_room(name, is_group, maker, members).await
            }
            Line::Act(who, act) => self.act(who, act).await,
        }
    }

    async fn make_room(
        &mut self,
        name: &str,
        is_group: bool,
        maker: &str,
        members: Vec<UserId>,
    ) -> anyhow::Result<()> {
        let (operation, name, description) = (operation(), name.to_owned(), String::new());
        let device = &mut self.player(maker)?.device;
        let made = if is_group {
            device.request(CreateFromContacts { operation, name, description, members }).await?
        } else {
            let room_kind = RoomKind::Shared;
            device.request(Open { operation, room_kind, name, members }).await?
        };
        self.room = Some(made.room);
        Ok(())
    }

    async fn act(&mut self, who: &str, act: Act<'_>) -> anyhow::Result<()> {
        let room = self.room.context("somebody talks before there is a room")?;
        let (last, operation) = (self.last, operation());
        let own = self.last_of.get(who).copied();
        let removed =
            if let Act::Remove(whom) = act { vec![self.player(whom)?.id] } else { vec![] };
        let device = &mut self.player(who)?.device;
        let said = match act {
            Act::Say(text) => Some(device.request(message(room, text, None)).await?.seq),
            Act::Reply(text) => Some(device.request(message(room, text, Some(last))).await?.seq),
            Act::Edit(text) => {
                let target = own.context("somebody edits and has said nothing")?;
                let edit = Edit { room, operation, target, text: text.to_owned() };
                device.request(edit).await.map(|_| None)?
            }
            Act::React(emoji) => {
                let emoji = emoji.to_owned();
                let react = React { room, operation, target: last, emoji, on: true };
                device.request(react).await.map(|_| None)?
            }
            Act::Pin => {
                let pin = Pin { room, operation, target: last, on: true };
                device.request(pin).await.map(|_| None)?
            }
            Act::Remove(_) => {
                let remove = Remove { room, operation, users: removed };
                device.request(remove).await.map(|_| None)?
            }
        };
        if let Some(seq) = said {
            self.last = seq;
            self.last_of.insert(who.to_owned(), seq);
        }
        Ok(())
    }

    fn player(&mut self, key: &str) -> anyhow::Result<&mut Player> {
        self.players.get_mut(key).with_context(|| format!("nobody is called {key:?}"))
    }
}

fn message(room: RoomId, text: &str, reply_to: Option<Seq>) -> Send {
    let (mentions, mention_all) = (Vec::new(), false);
    Send { room, operation: operation(), text: text.to_owned(), reply_to, mentions, mention_all }
}

fn operation() -> OperationId {
    OperationId(Uuid::now_v7())
}
