//! The load, and the kill in the middle of it.

use super::cast::{Cast, Member};
use super::dice::Dice;
use super::ledger::{Attempt, Ledger, Trace};
use crate::people::governing::creation;
use crate::people::operation;
use crate::people::talking::message;
use crate::program::Program;
use crosstalk_loadtest::{Client, Error};
use crosstalk_protocol::answer::Answer;
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::push::{Item, Push};
use crosstalk_protocol::request::{Delete, Edit, React, Read, Remove, Request, Unsend};
use futures::future::{join_all, join4};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// Requests that each writer has under way.
const PIPELINE: usize = 16;
/// Groups that are made before each kill, two of three to remove somebody, one to be deleted.
const GROUPS: usize = 6;
/// Of what was acknowledged, so much of each person's is asked again.
const SAMPLE: usize = 12;
/// At the latest so many acknowledgements or milliseconds into the load it is killed.
const ACKNOWLEDGEMENTS_MAX: usize = 600;
const MILLISECONDS_MAX: usize = 800;

/// Kills the server at a moment that chance has chosen: with an acknowledgement, before anybody
/// can do anything more, or at any time.
pub(super) enum Trap {
    With { acknowledgement: usize, so_far: Cell<usize> },
    After(Duration),
}

impl Trap {
    pub(super) fn set(dice: &mut Dice) -> Self {
        if dice.below(3) == 0 {
            let milliseconds = u64::try_from(1 + dice.below(MILLISECONDS_MAX)).unwrap();
            return Self::After(Duration::from_millis(milliseconds));
        }
        Self::With { acknowledgement: 1 + dice.below(ACKNOWLEDGEMENTS_MAX), so_far: Cell::new(0) }
    }

    fn acknowledged(&self, program: &Program) {
        if let Self::With { acknowledgement, so_far } = self {
            so_far.set(so_far.get() + 1);
            if so_far.get() == *acknowledgement {
                program.kill();
            }
        }
    }

    async fn waits(&self, program: &Program) {
        if let Self::After(time) = self {
            tokio::time::sleep(*time).await;
            program.kill();
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::With { acknowledgement, .. } => write!(f, "with answer {acknowledgement}"),
            Self::After(time) => write!(f, "after {} ms", time.as_millis()),
        }
    }
}

/// What is under way: an attempt of the ledger, or a read mark.
#[derive(Clone, Copy)]
enum Asked {
    Attempt(usize),
    Mark(RoomId, Seq),
}

/// What everybody has at hand during one load.
struct Load<'a> {
    cast: &'a Cast,
    program: &'a Program,
    ledger: &'a RefCell<Ledger>,
    trap: &'a Trap,
}

impl Cast {
    /// Everybody talks, and the Group Master governs, until the trap springs.
    pub(super) async fn is_busy_until_the_kill(
        &self,
        program: &Program,
        ledger: &mut Ledger,
        trap: &Trap,
        dice: &mut Dice,
    ) {
        let writers = join_all(self.writers.iter().map(|writer| writer.connects(program))).await;
        let master = self.alice.connects(program).await;
        let listener = self.alice.listens(program, &self.rooms).await;
        let shared = RefCell::new(std::mem::take(ledger));
        let load = Load { cast: self, program, ledger: &shared, trap };
        let talk = self.writers.iter().zip(writers);
        let talk = talk.map(|(writer, client)| load.talk(writer, client, dice.others()));
        join4(join_all(talk), load.govern(master), load.listen(listener), trap.waits(program))
            .await;
        *ledger = shared.into_inner();
    }

    /// R29: whatever was not answered is asked again, and some of what was; the same operation
    /// makes nothing new and is answered the same.
    pub(super) async fn asks_again(&self, program: &Program, ledger: &mut Ledger, dice: &mut Dice) {
        for member in self.everybody() {
            let again = ledger.to_be_asked_again(member.id, SAMPLE, dice);
            let mut client = member.connects(program).await;
            let mut waiting = Vec::new();
            for number in again {
                // Twice: "any number of times".
                for _ in 0..2 {
                    let request = ledger.attempts[number].request.clone();
                    waiting.push((client.start(request).await.unwrap(), number));
                }
            }
            for (id, number) in waiting {
                let answer = client.answer(id).await.unwrap();
                ledger.answered(number, answer);
            }
        }
    }
}

impl Load<'_> {
    /// A writer keeps many requests under way, until the connection ends.
    async fn talk(&self, writer: &Member, mut client: Client, mut dice: Dice) {
        let mut waiting = VecDeque::new();
        'open: loop {
            while waiting.len() < PIPELINE {
                let (asked, request) = self.next(writer, &mut dice);
                let Ok(id) = client.start(request).await else { break 'open };
                waiting.push_back((id, asked));
            }
            let Some((id, asked)) = waiting.pop_front() else { break };
            if !self.is_answered(writer, &mut client, id, asked).await {
                break;
            }
        }
        // What has come before the end was acknowledged, too.
        for (id, asked) in waiting {
            self.is_answered(writer, &mut client, id, asked).await;
        }
    }

    fn next(&self, writer: &Member, dice: &mut Dice) -> (Asked, Request) {
        let room = self.cast.rooms[dice.below(self.cast.rooms.len())];
        let mut ledger = self.ledger.borrow_mut();
        let choice = dice.below(100);
        if choice < 5
            && let Some(seq) = ledger.head(room)
        {
            return (Asked::Mark(room, seq), Read { room, seq }.into());
        }
        let text = format!("{} says {}", ledger.attempts.len(), "bla ".repeat(dice.below(40)));
        let own = if choice < 25 { ledger.own_message(writer.id) } else { None };
        let operation = operation();
        let (room, request, trace) = match (own, choice % 4) {
            (None, _) => {
                let send = message(room, operation, &text);
                (room, send.into(), Trace::Posted(operation))
            }
            (Some((room, target)), 0 | 1) => {
                let edit = Edit { room, operation, target, text: text.clone() };
                (room, edit.into(), Trace::Edited(target))
            }
            (Some((room, target)), 2) => {
                let react = React { room, operation, target, emoji: "👍".to_owned(), on: true };
                (room, react.into(), Trace::Reacted(target))
            }
            (Some((room, target)), _) => {
                (room, Unsend { room, operation, target }.into(), Trace::Unsent(target))
            }
        };
        let attempt = attempt(writer, Some(room), request, (trace, text));
        let request = attempt.request.clone();
        (Asked::Attempt(ledger.asked(attempt)), request)
    }

    /// The Group Master makes groups, removes people from some and deletes others.
    async fn govern(&self, mut client: Client) {
        for number in 0..GROUPS {
            let name = format!("Group {} of round {}", number, self.ledger.borrow().round);
            let people: Vec<_> = self.cast.passers.iter().map(|passer| passer.id).collect();
            let passer = people[number % people.len()];
            let make = creation(&name, people);
            let Some(room) = self.does(&mut client, None, make, (Trace::Created, name)).await
            else {
                return;
            };
            let operation = operation();
            let (request, trace) = if number % 3 == 2 {
                (Delete { room, operation }.into(), Trace::Deleted)
            } else {
                let users = vec![passer];
                (Remove { room, operation, users }.into(), Trace::Removed(passer))
            };
            let done = (trace, String::new());
            if self.does::<Request>(&mut client, Some(room), request, done).await.is_none() {
                return;
            }
        }
    }

    /// The Group Master asks for one thing; the room it was done in, if it was acknowledged.
    async fn does<R: Into<Request>>(
        &self,
        client: &mut Client,
        room: Option<RoomId>,
        request: R,
        left: (Trace, String),
    ) -> Option<RoomId> {
        let alice = &self.cast.alice;
        let attempt = attempt(alice, room, request.into(), left);
        let request = attempt.request.clone();
        let number = self.ledger.borrow_mut().asked(attempt);
        let id = client.start(request).await.ok()?;
        let asked = Asked::Attempt(number);
        let answered = self.is_answered(alice, client, id, asked).await;
        if answered { self.ledger.borrow().attempts[number].room } else { None }
    }

    /// Whether an acknowledgement came before the kill; then it is noted.
    async fn is_answered(&self, who: &Member, client: &mut Client, id: u64, asked: Asked) -> bool {
        let answer = match client.answer(id).await {
            Ok(answer) => answer,
            Err(Error::Closed(_)) => return false,
            Err(error) => panic!("{error}"),
        };
        self.trap.acknowledged(self.program);
        let mut ledger = self.ledger.borrow_mut();
        match asked {
            Asked::Attempt(number) => ledger.answered(number, answer),
            Asked::Mark(room, seq) => {
                assert_eq!(answer, Answer::Noted {});
                ledger.marked(who.id, room, seq);
            }
        }
        true
    }

    /// Notes all that is shown live: it is no less a promise than an acknowledgement.
    async fn listen(&self, mut client: Client) {
        loop {
            let items = match client.next().await {
                Ok(Push::Entry(entry)) => vec![Item::Entry(entry)],
                Ok(Push::CaughtUp(page)) => page.items,
                Ok(_) => Vec::new(),
                Err(Error::Closed(_)) => return,
                Err(error) => panic!("{error}"),
            };
            let mut ledger = self.ledger.borrow_mut();
            for item in items {
                let Item::Entry(entry) = item else { panic!("she may see everything: {item:?}") };
                ledger.was_shown(&entry);
            }
        }
    }
}

fn attempt(
    by: &Member,
    room: Option<RoomId>,
    request: Request,
    (trace, text): (Trace, String),
) -> Attempt {
    Attempt { by: by.id, room, request, trace, text, answer: None, round: 0 }
}
