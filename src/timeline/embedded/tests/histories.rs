//! Random histories: whatever people do, rows and timelines say the same, also after restarts.

use super::support::*;
use crate::authority::{Command, Room};
use crate::directory::Directory;
use crate::timeline::{Range, Row, Timeline, Want};
use crosstalk_protocol::ids::{DeviceId, RoomId, Seq, UserId};
use crosstalk_protocol::words::{Feature, HistoryVisibility, RoomKind};

/// A small generator of its own, so that a seed gives the same history for ever.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }
}

struct History {
    world: World,
    dice: Dice,
    people: Vec<UserId>,
    rooms: Vec<RoomId>,
}

impl History {
    async fn new(seed: u64) -> Self {
        let world = World::new();
        let companies = [world.company("Acme").await, world.company("Globex").await];
        let mut people = Vec::new();
        for index in 0..6 {
            people.push(world.user(companies[index % 2], &format!("user{index}")).await);
        }
        for one in 0..6 {
            for other in one + 1..6 {
                if one % 2 != other % 2 {
                    world.contacts(people[one], people[other]).await;
                }
            }
        }
        Self { world, dice: Dice(seed | 1), people, rooms: Vec::new() }
    }

    /// Somebody does something; most of it the rules refuse, and that is a history too.
    async fn step(&mut self) {
        let (actor, other) = (self.dice.one(&self.people), self.dice.one(&self.people));
        if self.rooms.is_empty() || self.dice.roll(12) == 0 {
            let others: Vec<UserId> =
                self.people.iter().copied().filter(|_| self.dice.roll(2) == 0).collect();
            let room = RoomId(uuid::Uuid::now_v7());
            self.world.keys().make(room).unwrap();
            let command = match self.dice.roll(3) {
                0 => Command::Open {
                    kind: RoomKind::Internal,
                    name: "room".to_owned(),
                    members: others,
                },
                _ => create(&others),
            };
            if self.world.does(actor, room, command).await.is_ok() {
                self.rooms.push(room);
            }
            return;
        }
        let room = self.dice.one(&self.rooms);
        let target = Seq(u64::try_from(self.dice.roll(40) + 1).unwrap());
        let on = self.dice.roll(2) == 0;
        let command = match self.dice.roll(18) {
            0 => Command::Add { users: vec![other] },
            1 => Command::Remove { users: vec![other] },
            2 => Command::Appoint { user: other },
            3 => Command::Dismiss { user: other },
            4 => switch(Feature::Message, self.dice.roll(4) > 0),
            5 => Command::Settings {
                name: on.then(|| "renamed".to_owned()),
                description: (!on).then(|| "described".to_owned()),
                switches: Vec::new(),
                history: Some(if on {
                    HistoryVisibility::All
                } else {
                    HistoryVisibility::SinceJoined
                }),
            },
            6 => Command::Convert { name: "group".to_owned(), description: String::new() },
            7 => Command::Leave,
            8 => Command::Invite { users: vec![other] },
            9 if self.dice.roll(8) == 0 => Command::Delete,
            9 | 10 => react(target, on),
            11 => Command::Pin { target, on },
            12 => Command::Unsend { target },
            13 => Command::Edit { target, text: "edited".to_owned() },
            _ => post("message"),
        };
        self.world.does(actor, room, command).await.ok();
    }

    /// One of two devices of somebody's deals with what waits for it.
    async fn deal_with_inbox(&mut self, user: UserId) {
        let first = self.dice.roll(2) == 0;
        let second = uuid::Uuid::from_u128(user.0.as_u128() + 1);
        let device = DeviceId(if first { user.0 } else { second });
        let greeting = self.world.store().greet(user, device, None).await.unwrap();
        if let Some(last) = greeting.notices.last() {
            self.world.store().acknowledge(user, device, last.place).await.unwrap();
        }
    }

    async fn interfere(&mut self) {
        let user = self.dice.one(&self.people);
        self.deal_with_inbox(user).await;
        match self.dice.roll(4) {
            0 => drop(self.world.connect(user, false).await),
            1 => drop(self.world.connect(user, true).await),
            2 => self.world.restart(),
            _ => {
                let room = self.rooms.first().copied();
                if let Some(room) = room {
                    self.world.store().mark(room, user, Seq(3)).await.ok();
                }
            }
        }
    }
}

#[tokio::test]
async fn whatever_happens_the_check_finds_the_store_sound() {
    let mut dealt_with = 0;
    for seed in 1..=6_u64 {
        let mut history = History::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).await;
        for step in 0..250 {
            history.step().await;
            if step % 10 == 9 {
                history.interfere().await;
            }
        }
        history.world.jobs_are_done().await;
        let report = history.world.check();
        assert!(report.is_sound(), "seed {seed}: {report:#?}");
        assert!(report.rooms > 0 && report.entries > 20, "seed {seed}: {report:?}");
        dealt_with += history.world.sql("SELECT CAST(sum(dealt) AS BIGINT) FROM person");
    }
    assert!(dealt_with > 20, "{dealt_with} notices");
}

#[tokio::test]
async fn a_stale_room_and_the_entries_since_make_the_room_of_now() {
    let (world, [alice, bob, carol], room) = World::with_group().await;
    let about = Want::About { room };
    let dave = world.user(world.people[1].1, "dave").await;
    world.contacts(alice, dave).await;
    let mut stale: Room = (*world.sees(alice, about.clone()).await.unwrap().room).clone();
    let commands = [
        Command::Appoint { user: bob },
        post("hello"),
        Command::Remove { users: vec![carol] },
        Command::Add { users: vec![dave, carol] },
        switch(Feature::Note, false),
        Command::Dismiss { user: bob },
        Command::Settings {
            name: Some("Kite".to_owned()),
            description: None,
            switches: Vec::new(),
            history: Some(HistoryVisibility::All),
        },
    ];
    for command in commands {
        world.does(alice, room, command).await.unwrap();
    }
    let page = Want::Page { room, range: Range::After(stale.head), limit: 100 };
    for row in world.sees(alice, page).await.unwrap().rows {
        let Row::Entry(stored) = row else { panic!("nothing is hidden from her") };
        stale.apply(&stored.entry);
    }
    assert_eq!(stale, *world.sees(alice, about.clone()).await.unwrap().room);
    // The name is the last entry's, the description still the first one's.
    let sight = world.sees(alice, about).await.unwrap();
    assert_eq!(content(&sight.name.unwrap()).name.as_deref(), Some("Kite"));
    let described = content(&sight.description.unwrap()).description;
    assert_eq!(described.as_deref(), Some("The launch"));
}

#[tokio::test]
async fn followers_hear_every_entry_once_in_order_and_without_holes() {
    let (world, [alice, bob, carol], room) = World::with_group().await;
    let mut follower = world.store().follow();
    let people = [alice, bob, carol];
    let sends = (0..300).map(|index| world.append(proposal(room, people[index % 3], post("x"))));
    let answers = futures::future::join_all(sends);
    let hear = async {
        let mut next_seq = Seq(2);
        while next_seq.0 < 302 {
            for live in next(&mut follower).await.entries {
                assert_eq!(live.entry.seq, next_seq);
                next_seq = next_seq.next();
            }
        }
    };
    let (answers, ()) = tokio::join!(answers, hear);
    assert!(answers.iter().all(Result::is_ok));
}
