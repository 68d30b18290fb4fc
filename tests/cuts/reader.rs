//! A device whose connection is cut, and what it keeps nevertheless.

use super::dice::Dice;
use super::history::Steps;
use crate::people::{PATIENCE, Person};
use crosstalk_loadtest::{Device, Error};
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::request::{History, Members, Rest};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A device of a reader.
pub(crate) struct Reader {
    pub(crate) person: Arc<Person>,
    pub(crate) device: Device,
    dice: Dice,
    cuts: Arc<AtomicU64>,
    /// How often it was cut off before it was welcome, while it caught up, and later.
    pub(crate) when: [u64; 3],
}

impl Reader {
    pub(crate) fn new(person: &Arc<Person>, dice: Dice) -> Self {
        let mut device = Device::new(person.target());
        let cuts = Arc::default();
        device.target_mut().cuts = Arc::clone(&cuts);
        Self { person: Arc::clone(person), device, dice, cuts, when: [0; 3] }
    }

    /// How often it was cut off so far.
    pub(crate) fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }

    /// Is cut off until that has happened so often altogether; comes back at once, or after a while.
    pub(crate) async fn is_cut_off(&mut self, times: u64, steps: &Steps) {
        while self.cuts() < times {
            let before = self.cuts();
            let (signed_in, end) = self.connects_and_is_cut().await;
            let welcome = self.device.disconnect().is_some();
            if matches!(end, Error::Failed(_)) {
                // What it may see changed while a page was made: it comes back for it.
                continue;
            }
            let torn = matches!(end, Error::Closed(_) | Error::Unreachable(_) | Error::Socket(_));
            assert!(torn, "{}: {end}", self.person.name);
            let cut = self.cuts() - before;
            assert_eq!(cut, 1, "{} was not cut, and yet: {end}", self.person.name);
            self.when[usize::from(welcome) + usize::from(signed_in)] += 1;
            if self.dice.one_in(super::CUTS_AN_ABSENCE) {
                let steps_away = 5 + self.dice.below(20);
                steps.go_by(steps_away).await;
            } else if self.dice.one_in(super::CUTS_A_STEP) {
                steps.ask(1);
            }
        }
    }

    /// Whether it had caught up, and how the connection ended.
    async fn connects_and_is_cut(&mut self) -> (bool, Error) {
        // In the upgrade's answer, in `welcome` or the pages of what was missed, or later.
        let early = match self.dice.below(100) {
            0..25 => Some(1 + self.dice.below(600)),
            25..55 => Some(500 + self.dice.below(1_500)),
            55..65 => Some(self.dice.of_any_magnitude(15)),
            _ => None,
        };
        self.device.target_mut().cut_after = early;
        match self.device.sign_in().await {
            Ok(_) => {
                let gauge = self.device.client().unwrap().gauge();
                gauge.cut_at(gauge.received() + self.dice.of_any_magnitude(11));
                (true, self.listens_until_it_ends().await)
            }
            Err(error) => (false, error),
        }
    }

    /// Takes in what comes, and asks for this and that, so that something does.
    async fn listens_until_it_ends(&mut self) -> Error {
        loop {
            let ended = self.asks_for_something().await.err();
            while self.device.told().is_some() {}
            match ended {
                // The room was there when it asked.
                None | Some(Error::Refused(_)) => {}
                Some(error) => return error,
            }
        }
    }

    async fn asks_for_something(&mut self) -> Result<(), Error> {
        let room = self.device.replica().rooms().next().map(|kept| (kept.room(), kept.through()));
        match (room, self.dice.below(20)) {
            (Some((room, seq)), 0) => {
                let before = Some(seq);
                self.device.request(History { room, before, after: None, limit: 5 }).await?;
            }
            (Some((room, _)), 1) => {
                self.device.request(Members { room, after: None, limit: 10 }).await?;
            }
            _ => self.device.request(Rest { rooms: Vec::new() }).await?,
        }
        self.device.work().await
    }

    /// Connects, uncut, and waits until it has all of these rooms, up to these places.
    pub(crate) async fn catches_up(&mut self, heads: &[(RoomId, Seq)]) {
        self.device.target_mut().cut_after = None;
        let name = &self.person.name;
        let device = &mut self.device;
        let caught_up = async {
            device.sign_in().await?;
            while !heads.iter().all(|(room, head)| has(device, *room, *head)) {
                device.listen().await?;
                device.work().await?;
            }
            for (room, _) in heads {
                device.read_back(*room).await?;
            }
            device.settle().await
        };
        let caught_up = tokio::time::timeout(PATIENCE * 3, caught_up).await;
        let caught_up = caught_up.unwrap_or(Err(Error::TimedOut("end of what was missed")));
        while device.told().is_some() {}
        caught_up.unwrap_or_else(|error| panic!("{name}: {error}"));
        drop(device.disconnect());
    }
}

fn has(device: &Device, room: RoomId, head: Seq) -> bool {
    device.replica().room(room).is_some_and(|kept| kept.through() >= head)
}
