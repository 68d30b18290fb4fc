//! What happens while devices are cut off, drawn from the seed.

use super::dice::Dice;
use crate::house::{Company, House};
use crate::people::governing::{creation, opening, settings};
use crate::people::talking::message;
use crate::people::{Person, ids, operation};
use crosstalk_loadtest::Error;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{OperationId, RoomId, Seq};
use crosstalk_protocol::request::{Edit, Pin, React, Read, Settings, Unsend};
use crosstalk_protocol::words::{Feature, HistoryVisibility, RoomKind};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

const EMOJI: [&str; 4] = ["👍", "🎉", "❤", "了解"];

/// A message that somebody sent.
#[derive(Debug, Clone, Copy)]
struct Sent {
    author: usize,
    seq: Seq,
}

/// A room, as those who make its history know it.
struct Stage {
    room: RoomId,
    kind: RoomKind,
    sent: Vec<Sent>,
    /// Which of those who come and go are in it.
    inside: Vec<bool>,
    message_on: bool,
}

/// The steps that the history is to take: asked for by those who are cut off, so that it goes on as
/// long as they do.
pub(crate) struct Steps {
    asked: Semaphore,
    taken: watch::Sender<u64>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { asked: Semaphore::new(0), taken: watch::Sender::new(0) }
    }

    /// Asks for so many.
    pub(crate) fn ask(&self, count: usize) {
        self.asked.add_permits(count);
    }

    /// Waits until so many more have been taken.
    pub(crate) async fn go_by(&self, count: u64) {
        let mut taken = self.taken.subscribe();
        let until = *taken.borrow() + count;
        self.ask(usize::try_from(count).unwrap());
        taken.wait_for(|taken| *taken >= until).await.unwrap();
    }

    /// No more are asked for.
    pub(crate) fn end(&self) {
        self.asked.close();
    }

    async fn next(&self) -> bool {
        self.asked.acquire().await.map(tokio::sync::SemaphorePermit::forget).is_ok()
    }
}

/// The rooms, and who makes their history.
pub(crate) struct History<'a> {
    house: &'a House,
    acme: Company,
    globex: Company,
    /// Those who write: Alice, the Group Master, first.
    writers: Vec<Person>,
    /// Who only reads, and stays.
    stayers: Vec<Arc<Person>>,
    /// Who reads, comes and goes.
    movers: Vec<Arc<Person>>,
    stages: Vec<Stage>,
    /// A group that is deleted on the way.
    doomed: Option<RoomId>,
    disabled: [bool; 2],
    dice: Dice,
    /// What was acknowledged.
    pub(crate) acknowledged: Vec<(RoomId, Seq, OperationId)>,
    /// How often each kind of thing happened.
    happened: BTreeMap<&'static str, u32>,
}

impl<'a> History<'a> {
    pub(crate) async fn begin(house: &'a House, dice: Dice) -> Self {
        let (acme, globex) = house.two_connected_companies().await;
        let alice = acme.person("Alice").await;
        let writers = vec![acme.person("Bob").await, globex.person("Gina").await];
        let stayers = vec![acme.person("Ann").await, globex.person("Hugo").await];
        let movers = vec![globex.person("Rosa").await, globex.person("Lars").await];
        for one in [&writers[1], &stayers[1], &movers[0], &movers[1]] {
            one.is_contact_of(&alice).await;
        }
        let everyone: Vec<&Person> = writers.iter().chain(&stayers).chain(&movers).collect();
        let without_lars = ids(&everyone[..everyone.len() - 1]);
        let everyone = ids(&everyone);
        let mut stages = Vec::new();
        for (number, members) in
            [everyone.clone(), without_lars, everyone.clone()].iter().enumerate()
        {
            let (kind, room) = if number == 2 {
                let open = opening(RoomKind::Shared, "shared, for now", members.clone());
                (RoomKind::Shared, alice.asks(open).await.unwrap().room)
            } else {
                let made = alice.asks(creation(&format!("group {number}"), members.clone())).await;
                (RoomKind::Group, made.unwrap().room)
            };
            let inside = vec![true, number != 1];
            stages.push(Stage { room, kind, sent: Vec::new(), inside, message_on: true });
        }
        let doomed = alice.asks(creation("doomed", everyone)).await.unwrap().room;
        for reader in stayers.iter().chain(&movers) {
            // It is their other devices that are cut off.
            reader.loses_the_connection().await;
        }
        let writers = std::iter::once(alice).chain(writers).collect();
        let share = |people: Vec<Person>| people.into_iter().map(Arc::new).collect();
        Self {
            house,
            acme,
            globex,
            writers,
            stayers: share(stayers),
            movers: share(movers),
            stages,
            doomed: Some(doomed),
            disabled: [false; 2],
            dice,
            acknowledged: Vec::new(),
            happened: BTreeMap::new(),
        }
    }

    /// The Group Master, who is there from the beginning and sees everything.
    pub(crate) fn alice(&self) -> &Person {
        &self.writers[0]
    }

    /// Those whose devices are cut off.
    pub(crate) fn readers(&self) -> Vec<Arc<Person>> {
        self.stayers.iter().chain(&self.movers).cloned().collect()
    }

    /// The rooms that are there still.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = RoomId> {
        self.stages.iter().map(|stage| stage.room).chain(self.doomed)
    }

    /// Goes on, a step for each that is asked for, until no more are.
    pub(crate) async fn goes_on(&mut self, steps: &Steps) {
        while steps.next().await {
            let stage = self.dice.place_of(self.stages.len());
            self.takes_a_step(stage).await;
            steps.taken.send_modify(|taken| *taken += 1);
        }
    }

    async fn takes_a_step(&mut self, stage: usize) {
        let off = !self.stages[stage].message_on || self.disabled.contains(&true);
        let what = if off && self.dice.one_in(4) { 90 } else { self.dice.below(200) };
        match what {
            0..90 => self.somebody_speaks(stage).await,
            90 => self.everything_is_on().await,
            91..120 => self.a_message_is_edited(stage).await,
            120..132 => self.a_message_is_unsent(stage).await,
            132..155 => self.somebody_reacts(stage).await,
            155..160 => self.a_message_is_pinned(stage).await,
            160..164 => self.somebody_reads(stage).await,
            164..178 => {
                let who = self.dice.place_of(2);
                self.somebody_comes_or_goes(stage, who).await;
                if self.dice.one_in(2) {
                    // Who is away meanwhile comes back with the cursor of a stint that is over.
                    self.somebody_comes_or_goes(stage, who).await;
                }
            }
            178..180 => self.somebody_is_withdrawn().await,
            180..185 => self.the_master_switches(stage).await,
            185..191 => self.a_company_switches().await,
            191..198 => self.the_settings_change(stage).await,
            198 => self.the_room_is_converted().await,
            _ => self.the_doomed_group_is_deleted().await,
        }
    }

    /// Counts what was done; a feature that is off, or a message that is gone, refuses.
    fn count<T>(&mut self, what: &'static str, outcome: Result<T, Error>) -> Option<T> {
        match outcome {
            Ok(done) => {
                *self.happened.entry(what).or_default() += 1;
                Some(done)
            }
            Err(error) => {
                let refused = error.refusal();
                let expected = [Some(RefusalCode::FeatureOff), Some(RefusalCode::NotAMessage)];
                assert!(expected.contains(&refused), "{what}: {error}");
                None
            }
        }
    }

    async fn somebody_speaks(&mut self, stage: usize) {
        let author = self.dice.place_of(self.writers.len());
        let room = self.stages[stage].room;
        // Now and then several in a row, and now and then a long one.
        let count = if self.dice.one_in(12) { 30 } else { 1 + self.dice.below(3) };
        for _ in 0..count {
            let words = if self.dice.one_in(40) { 1_500 } else { 1 + self.dice.place_of(12) };
            let text = format!("{}: {}", self.dice.below(1_000), "word ".repeat(words));
            let post = message(room, operation(), text.trim());
            let operation = post.operation;
            let sent = self.writers[author].asks(post).await;
            if let Some(accepted) = self.count("sent", sent) {
                self.acknowledged.push((room, accepted.seq, operation));
                self.stages[stage].sent.push(Sent { author, seq: accepted.seq });
            }
        }
    }

    /// One of the messages, of late rather than of old.
    fn draws_a_message(&mut self, stage: usize) -> Option<Sent> {
        let sent = &self.stages[stage].sent;
        let late = if self.dice.one_in(3) { 0 } else { sent.len().saturating_sub(12) };
        (!sent.is_empty()).then(|| *self.dice.one_of(&sent[late..]))
    }

    async fn a_message_is_edited(&mut self, stage: usize) {
        let Some(Sent { author, seq: target }) = self.draws_a_message(stage) else { return };
        let room = self.stages[stage].room;
        let text = format!("edited {}", self.dice.below(1_000_000));
        let edit = Edit { room, operation: operation(), target, text };
        let outcome = self.writers[author].asks(edit).await;
        self.count("edited", outcome);
    }

    async fn a_message_is_unsent(&mut self, stage: usize) {
        let Some(Sent { author, seq: target }) = self.draws_a_message(stage) else { return };
        let Stage { room, kind, .. } = self.stages[stage];
        // R25: a Group Master unsends any.
        let master = kind == RoomKind::Group && self.dice.one_in(2);
        let who = if master { 0 } else { author };
        let unsend = Unsend { room, operation: operation(), target };
        let outcome = self.writers[who].asks(unsend).await;
        self.count("unsent", outcome);
    }

    async fn somebody_reacts(&mut self, stage: usize) {
        let Some(Sent { seq: target, .. }) = self.draws_a_message(stage) else { return };
        let (who, on) = (self.dice.place_of(self.writers.len()), !self.dice.one_in(3));
        let (emoji, room) = (self.dice.one_of(&EMOJI).to_string(), self.stages[stage].room);
        let react = React { room, operation: operation(), target, emoji, on };
        let outcome = self.writers[who].asks(react).await;
        self.count("reacted", outcome);
    }

    async fn a_message_is_pinned(&mut self, stage: usize) {
        let Some(Sent { seq: target, .. }) = self.draws_a_message(stage) else { return };
        let (room, on) = (self.stages[stage].room, !self.dice.one_in(3));
        let outcome = self.alice().asks(Pin { room, operation: operation(), target, on }).await;
        self.count("pinned", outcome);
    }

    async fn somebody_reads(&mut self, stage: usize) {
        let Some(Sent { seq, .. }) = self.draws_a_message(stage) else { return };
        let read = Read { room: self.stages[stage].room, seq };
        let outcome = self.writers[1].asks(read).await;
        self.count("read", outcome);
    }

    /// A mover is removed from a group, or added again.
    async fn somebody_comes_or_goes(&mut self, stage: usize, who: usize) {
        let Stage { room, kind, .. } = self.stages[stage];
        if kind != RoomKind::Group {
            return;
        }
        let (alice, mover) = (self.alice(), &self.movers[who]);
        let inside = self.stages[stage].inside[who];
        let (what, outcome) = if inside {
            ("removed", alice.removes(room, &[mover]).await)
        } else {
            ("added", alice.adds(room, &[mover]).await)
        };
        self.count(what, outcome).unwrap();
        self.stages[stage].inside[who] = !inside;
    }

    /// R19: a mover is taken off the Connected-members and permitted again; he is in no group then.
    async fn somebody_is_withdrawn(&mut self) {
        let who = self.dice.place_of(2);
        self.globex.withdraws(&self.movers[who]).await;
        self.globex.permits(&self.movers[who]).await;
        self.count("withdrawn", Ok(()));
        for stage in &mut self.stages {
            stage.inside[who] = false;
        }
    }

    async fn the_master_switches(&mut self, stage: usize) {
        let Stage { room, kind, message_on, .. } = self.stages[stage];
        if kind != RoomKind::Group {
            return;
        }
        let feature = if self.dice.one_in(4) { Feature::Note } else { Feature::Message };
        let on = if feature == Feature::Message { !message_on } else { self.dice.one_in(2) };
        let outcome = self.alice().switches(room, feature, on).await;
        match outcome {
            // R11: the owner company has disabled it.
            Err(error) if error.refusal() == Some(RefusalCode::FeatureLocked) => {}
            outcome => {
                self.count("switched", outcome);
                if feature == Feature::Message {
                    self.stages[stage].message_on = on;
                }
            }
        }
    }

    /// R11: a company disables messages, for its people and in its groups, or no longer does.
    async fn a_company_switches(&mut self) {
        let which = self.dice.place_of(2);
        self.disabled[which] = !self.disabled[which];
        let features = if self.disabled[which] { vec![Feature::Message] } else { Vec::new() };
        let company = [&self.acme, &self.globex][which];
        company.disables(&features).await;
        self.count("disabled or enabled", Ok(()));
    }

    /// Everything that was off is on again.
    async fn everything_is_on(&mut self) {
        for company in [&self.acme, &self.globex] {
            company.disables(&[]).await;
        }
        self.disabled = [false; 2];
        for stage in 0..self.stages.len() {
            let Stage { room, message_on, .. } = self.stages[stage];
            if !message_on {
                let outcome = self.alice().switches(room, Feature::Message, true).await;
                self.count("switched on", outcome);
                self.stages[stage].message_on = true;
            }
        }
    }

    async fn the_settings_change(&mut self, stage: usize) {
        let Stage { room, kind, .. } = self.stages[stage];
        if kind != RoomKind::Group {
            return;
        }
        let number = self.dice.below(1_000);
        let change = if self.dice.one_in(2) {
            let all = self.dice.one_in(3);
            let history = if all { HistoryVisibility::All } else { HistoryVisibility::SinceJoined };
            Settings { history: Some(history), ..settings(room) }
        } else {
            Settings { name: Some(format!("name {number}")), ..settings(room) }
        };
        let outcome = self.alice().asks(change).await;
        self.count("settings", outcome);
    }

    async fn the_room_is_converted(&mut self) {
        if self.stages[2].kind == RoomKind::Group {
            return;
        }
        let outcome = self.alice().converts(self.stages[2].room, "a group from now on").await;
        self.count("converted", outcome);
        self.stages[2].kind = RoomKind::Group;
    }

    async fn the_doomed_group_is_deleted(&mut self) {
        let Some(doomed) = self.doomed.take() else { return };
        let outcome = self.alice().deletes(doomed).await;
        self.count("deleted", outcome);
    }

    /// What happens once, and must have happened before the end.
    pub(crate) async fn does_the_rest(&mut self) {
        self.the_room_is_converted().await;
        self.the_doomed_group_is_deleted().await;
        self.somebody_is_withdrawn().await;
    }

    /// Nothing is off and nothing is under way any more.
    pub(crate) async fn stands_still(&mut self) {
        self.everything_is_on().await;
        self.house.jobs_are_done().await;
        for stage in &self.stages {
            if stage.kind == RoomKind::Group {
                let name = Some("all is quiet".to_owned());
                // Governance is answered when every follower has applied it, and all before it.
                self.alice().asks(Settings { name, ..settings(stage.room) }).await.unwrap();
            }
        }
    }

    /// All that was to happen did: a run in which nothing goes on proves nothing.
    pub(crate) fn was_eventful(&self) {
        let kinds = [
            "sent",
            "converted",
            "deleted",
            "edited",
            "unsent",
            "reacted",
            "pinned",
            "removed",
            "added",
            "withdrawn",
            "switched",
            "disabled or enabled",
            "settings",
        ];
        let missing: Vec<_> =
            kinds.iter().filter(|what| !self.happened.contains_key(**what)).collect();
        assert!(missing.is_empty(), "never happened: {missing:?}");
        eprintln!("meanwhile: {:?}", self.happened);
    }

    /// What was acknowledged is there, once.
    pub(crate) fn is_all_in(&self, room: RoomId, all: &super::visible::List) {
        for (_, seq, operation) in self.acknowledged.iter().filter(|(of, ..)| *of == room) {
            let entry = all.get(seq).and_then(Option::as_ref);
            let posted = entry.map(|entry| &entry.change);
            let is_it =
                matches!(posted, Some(Change::Posted { operation: one, .. }) if one == operation);
            assert!(is_it, "place {seq} was acknowledged, and holds {posted:?}");
        }
    }
}
