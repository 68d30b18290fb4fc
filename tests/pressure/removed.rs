//! Somebody who is removed again and again, and cut off in the other ways in between.

use super::talk::Talk;
use super::watched::{Frame, Reading, Watched, device, hello, resume};
use super::window::Closed;
use crate::house::Company;
use crate::people::governing::creation;
use crate::people::talking::message;
use crate::people::{Person, operation};
use crosstalk_loadtest::Client;
use crosstalk_protocol::ids::{DeviceId, RoomId, Seq};
use crosstalk_protocol::request::{Add, Delete, Remove};
use futures::future::join_all;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// Messages that have come to who reads before he is cut off.
const SHOWN: usize = 5;
/// Bytes that the server's kernel holds for who does not: they came after his own were full.
const HELD: [u64; 2] = [4_000, 12_000];

/// What his first device does when he is cut off; a second one reads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    ReadsOn,
    HasStalled,
    /// What his kernel is full of is of another group: it is kept, and what waits behind it is not.
    HasStalledElsewhere,
    HasHalfAFrame,
    ComesBack,
    TurnsPages,
}

const MANNERS: [Manner; 6] = [
    Manner::ReadsOn,
    Manner::HasStalled,
    Manner::HasStalledElsewhere,
    Manner::HasHalfAFrame,
    Manner::ComesBack,
    Manner::TurnsPages,
];

/// By what he is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Removal,
    Withdrawal,
    Suspension,
    SignIns,
    Deletion,
}

/// After so many removals each of the other ways has its turn.
const OTHERS_EVERY: usize = 10;
const OTHERS: [By; 4] = [By::Withdrawal, By::Deletion, By::SignIns, By::Suspension];

/// He and his devices.
pub(super) struct Removed {
    company: Arc<Company>,
    person: Arc<Person>,
    /// A connection of his Group Master.
    master: Client,
    talk: Arc<Talk>,
    server: SocketAddr,
    devices: Vec<(DeviceId, Watched)>,
    /// The places from his removal on, and before he was added again.
    absences: Vec<(Seq, Seq)>,
    tally: Tally,
}

/// What was done, and what should not have come.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) removals: usize,
    others: usize,
    /// Connections that were ended by it, of how many.
    ended: usize,
    devices: usize,
    /// Bytes that the kernel held at the acknowledgement, of connections that went on.
    held: u64,
    messages: usize,
    pub(super) leaks: Vec<String>,
}

impl Removed {
    pub(super) fn new(
        (company, person): (Arc<Company>, Arc<Person>),
        master: Client,
        talk: Arc<Talk>,
        server: SocketAddr,
    ) -> Self {
        let (devices, absences, tally) = (Vec::new(), Vec::new(), Tally::default());
        Self { company, person, master, talk, server, devices, absences, tally }
    }

    /// Connects with so many devices.
    pub(super) async fn connects(&mut self, devices: usize) {
        for _ in 0..devices {
            let device = device();
            let connected = self.connection(device).await;
            self.devices.push((device, connected));
        }
    }

    /// Is removed so many times, and cut off in the other ways in between.
    pub(super) async fn lives(mut self, number: usize, removals: usize) -> Tally {
        for round in number..number + removals {
            self.is_cut_off(By::Removal, MANNERS[round % MANNERS.len()]).await;
            if round % OTHERS_EVERY == 0 {
                let turn = round / OTHERS_EVERY;
                let by = OTHERS[(number + turn) % OTHERS.len()];
                self.is_cut_off(by, MANNERS[turn % MANNERS.len()]).await;
            }
        }
        self.tally
    }

    async fn connection(&self, device: DeviceId) -> Watched {
        let token = self.company.token_of(&self.person.subject);
        Watched::connect(self.server, &token, &hello(device)).await
    }

    async fn is_cut_off(&mut self, by: By, manner: Manner) {
        let group =
            if by == By::Deletion { self.is_in_a_new_group().await } else { self.talk.group };
        self.sits_down(group).await;
        self.does(manner, group, by == By::Deletion).await;
        let removed = self.cut(by, group).await;
        // This is the moment: nothing stands between the acknowledgement and the question.
        let closed: Vec<Closed> =
            self.devices.iter().map(|(_, watched)| watched.is_closed_to(group)).collect();
        self.count(by);
        join_all(self.devices.iter().map(|(_, watched)| watched.reads_all())).await;
        let removed = match (by, removed) {
            (By::Deletion | By::SignIns, _) => None,
            (_, Some(seq)) => Some(seq),
            // What ends by a number has no place yet: what is said now comes after it in any case.
            (_, None) => Some(self.master_says("now", group).await),
        };
        if let Some(seq) = removed {
            self.talk.goes_beyond(seq).await;
        }
        self.judge(by, group, &closed);
        if by != By::SignIns {
            self.comes_back_to_nothing(by, group).await;
        }
        self.comes_again(by, removed).await;
    }

    async fn is_in_a_new_group(&mut self) -> RoomId {
        let made = creation("Brief", vec![self.person.id]);
        self.master.request(made).await.unwrap().room
    }

    async fn sits_down(&mut self, group: RoomId) {
        for place in 0..self.devices.len() {
            while !self.devices[place].1.sits_down(group).await {
                // Its connection had ended, or was too slow for what came meanwhile.
                self.devices[place].1 = self.connection(self.devices[place].0).await;
            }
        }
    }

    /// Until a good number of messages has come, and then what he does when he is cut off. Of a
    /// group that nobody talks in, the Group Master does.
    async fn does(&mut self, manner: Manner, group: RoomId, is_quiet: bool) {
        let from: Vec<usize> = self.devices.iter().map(|(_, watched)| watched.count()).collect();
        let stalls = match manner {
            Manner::HasStalled => Some(Reading::Stalled),
            Manner::HasHalfAFrame => Some(Reading::HalfAFrame),
            Manner::ReadsOn
            | Manner::HasStalledElsewhere
            | Manner::ComesBack
            | Manner::TurnsPages => None,
        };
        let elsewhere = manner == Manner::HasStalledElsewhere;
        if elsewhere {
            self.stalls_elsewhere().await;
        }
        if let Some(how) = stalls {
            self.devices[0].1.reads(how);
        }
        if is_quiet {
            for _ in 0..20 {
                self.master_starts(&"x".repeat(1_000), group).await;
            }
        }
        let held = HELD[self.tally.removals / MANNERS.len() % HELD.len()];
        let flowed = self.devices.iter().zip(from).enumerate().map(async |(place, (it, from))| {
            if place == 0 && stalls.is_some() {
                it.1.is_stalled(held).await;
            } else if place == 0 && elsewhere {
                if !is_quiet {
                    self.talk.goes_on_a_while().await;
                }
            } else {
                let is_message = |frame: &Frame| frame.is_message_of(group);
                it.1.until_some("messages", (from, SHOWN), is_message).await;
            }
        });
        join_all(flowed).await;
        let first = &self.devices[0].1;
        match manner {
            Manner::ReadsOn
            | Manner::HasStalled
            | Manner::HasStalledElsewhere
            | Manner::HasHalfAFrame => {}
            Manner::ComesBack => {
                for _ in 0..4 {
                    first.says(&resume(&[group])).await;
                }
            }
            Manner::TurnsPages => {
                first.reads(Reading::Stalled);
                let page = format!(r#""type":"history","data":{{"room":"{group}","limit":50}}"#);
                for _ in 0..4 {
                    first.says(&page).await;
                }
            }
        }
    }

    async fn stalls_elsewhere(&mut self) {
        let other = self.is_in_a_new_group().await;
        let first = &self.devices[0].1;
        if first.sits_down(other).await {
            first.reads(Reading::Stalled);
            for _ in 0..8 {
                self.master_starts(&"x".repeat(4_000), other).await;
            }
            self.devices[0].1.is_stalled(12_000).await;
        }
    }

    async fn master_starts(&mut self, text: &str, group: RoomId) -> u64 {
        self.master.start(message(group, operation(), text)).await.unwrap()
    }

    async fn master_says(&mut self, text: &str, group: RoomId) -> Seq {
        self.master.request(message(group, operation(), text)).await.unwrap().seq
    }

    /// Returns when it is acknowledged; with its place, where it has one.
    async fn cut(&mut self, by: By, room: RoomId) -> Option<Seq> {
        match by {
            By::Removal => {
                let users = vec![self.person.id];
                let remove = Remove { room, operation: operation(), users };
                let removed = self.master.request(remove).await.unwrap();
                assert!(removed.effective && removed.unchanged.is_empty());
                return Some(removed.seq);
            }
            By::Deletion => {
                let deleted = self.master.request(Delete { room, operation: operation() }).await;
                assert!(deleted.unwrap().effective);
            }
            By::Withdrawal => self.company.withdraws(&self.person).await,
            By::Suspension => self.company.suspends(&self.person).await,
            By::SignIns => self.company.revokes_sign_ins_of(&self.person).await,
        }
        None
    }

    fn count(&mut self, by: By) {
        if by == By::Removal {
            self.tally.removals += 1;
        } else {
            self.tally.others += 1;
        }
        for (_, watched) in &self.devices {
            self.tally.devices += 1;
            self.tally.held += watched.progress().map_or(0, |progress| progress.held);
        }
    }

    /// P2: nothing of the group came after the acknowledgement. P1: nothing of what was written
    /// between his stints ever came. R17: he was told.
    fn judge(&mut self, by: By, group: RoomId, closed: &[Closed]) {
        for ((_, watched), closed) in self.devices.iter().zip(closed) {
            let leaks = watched.leaks(*closed);
            self.tally.leaks.extend(leaks.into_iter().map(|leak| format!("{by:?}: {leak}")));
            self.tally.ended += usize::from(watched.has_ended());
            let told = match by {
                By::Removal => format!(r#"{{"kind":"removed","room":"{group}"}}"#),
                By::Deletion => format!(r#"{{"kind":"deleted","room":"{group}"}}"#),
                By::Withdrawal => r#"{"kind":"withdrawn"}"#.to_owned(),
                By::Suspension | By::SignIns => String::new(),
            };
            let is_told = watched.heard(|heard| {
                heard.ended || heard.frames.iter().any(|frame| frame.text.contains(&told))
            });
            if !is_told {
                self.tally.leaks.push(format!("{by:?}: he was not told"));
            }
        }
        self.look_back();
    }

    fn look_back(&mut self) {
        let group = self.talk.group;
        for (_, watched) in &self.devices {
            for frame in watched.takes() {
                self.tally.messages += usize::from(frame.is_message_of(group));
                for seq in frame.places(group) {
                    let between = |absence: &&(Seq, Seq)| absence.0 <= seq && seq < absence.1;
                    if let Some(absence) = self.absences.iter().find(between) {
                        let text = format!("he was shown {seq}, but was away for {absence:?}");
                        self.tally.leaks.push(text);
                    }
                }
            }
        }
    }

    /// Whoever's connection ended comes back, if he may, and asks for the group.
    async fn comes_back_to_nothing(&mut self, by: By, group: RoomId) {
        if by == By::Suspension {
            return;
        }
        for place in 0..self.devices.len() {
            let (device, watched) = &self.devices[place];
            let (mut from, mut closed) = (watched.count(), watched.is_closed_to(group));
            if watched.has_ended() {
                let again = self.connection(*device).await;
                self.devices[place].1 = again;
                (from, closed) = (0, Watched::was_always_closed_to(group));
            }
            let watched = &self.devices[place].1;
            watched.says(&resume(&[group])).await;
            let gone = format!(r#"{{"type":"gone","data":{{"room":"{group}""#);
            let is_gone = watched.until("gone", from, |frame| frame.text.starts_with(&gone)).await;
            assert!(is_gone, "the connection of who is removed is his own");
            let leaks = watched.leaks(closed);
            self.tally.leaks.extend(leaks.into_iter().map(|leak| format!("back, {by:?}: {leak}")));
        }
    }

    /// He is let in again.
    async fn comes_again(&mut self, by: By, removed: Option<Seq>) {
        match by {
            By::Removal | By::Deletion | By::SignIns => {}
            By::Withdrawal => self.company.permits(&self.person).await,
            By::Suspension => self.company.reinstates(&self.person).await,
        }
        if let Some(removed) = removed {
            let users = vec![self.person.id];
            let add = Add { room: self.talk.group, operation: operation(), users };
            let added = self.master.request(add).await.unwrap();
            assert!(added.unchanged.is_empty() && added.left_out.is_empty());
            self.absences.push((removed, added.seq));
        }
    }
}

impl Tally {
    pub(super) fn and(mut self, other: Self) -> Self {
        self.removals += other.removals;
        self.others += other.others;
        self.ended += other.ended;
        self.devices += other.devices;
        self.held += other.held;
        self.messages += other.messages;
        self.leaks.extend(other.leaks);
        self
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { removals, others, ended, devices, messages, .. } = self;
        write!(
            f,
            "{removals} removals and {others} other cuts: of {devices} connections {ended} were \
             ended by them, the others read all; {messages} messages had come to them"
        )
    }
}
