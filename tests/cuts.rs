//! Coming back, ten thousand times: whatever byte a connection is cut at, what a device keeps in the
//! end is what its person may see, each place once: shown, or `passed`.
//!
//! Eight people of two companies share three rooms. What happens there is drawn from a seed: talk,
//! edits, erasures, reactions, switches, companies' policies, removals, withdrawals, a conversion, a
//! deletion. Meanwhile the devices of four of them are cut off, again and again, each at a byte
//! drawn from the same seed, and go on from the cursors they keep. Now and then everything stands
//! still, and three lists are compared: what each device keeps; what its person reads anew, page by
//! page; and what the rules let him see of what the Group Master sees, computed here.
//!
//! `CROSSTALK_SEED` sets the seed and `CROSSTALK_CUTS` the number of cuts.

mod dice;
mod history;
mod reader;
mod visible;

use crate::house::House;
use dice::Dice;
use futures::future::join_all;
use history::{History, Steps};
use reader::Reader;

/// How often everything stands still and is compared.
const ROUNDS: u64 = 5;
/// Devices of each reader that are cut off.
const DEVICES: usize = 4;
/// So many cuts go by, on average, between two things that happen.
const CUTS_A_STEP: u64 = 8;
/// After one cut of so many a device stays away for a while.
const CUTS_AN_ABSENCE: u64 = 100;

/// Tells the seed of a run that fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to draw the same again: CROSSTALK_SEED={}", self.0);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a proof is set by the environment, not the server")]
fn number_of(variable: &str, otherwise: u64) -> u64 {
    let set = std::env::var(variable).ok();
    set.map_or(otherwise, |number| number.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cuts_leave_no_hole_and_no_double() {
    // P1, P4, R12, R14, R16
    let seed = Seed(number_of("CROSSTALK_SEED", 20_260_408));
    let cuts = number_of("CROSSTALK_CUTS", 10_240);
    let dice = Dice::new(seed.0);
    // Short pages: a device that was away long comes back in several steps.
    let house = House::open_with(&[("limits.catch_up_entries", "25")]).await;
    let mut history = History::begin(&house, dice.branch(0)).await;
    let people = history.readers();
    let mut readers: Vec<Reader> = Vec::new();
    for (number, person) in (1..).zip(people.iter().cycle().take(DEVICES * people.len())) {
        readers.push(Reader::new(person, dice.branch(number)));
    }
    let quota = cuts.div_ceil(ROUNDS * readers.len() as u64);
    for round in 1..=ROUNDS {
        if round == ROUNDS - 1 {
            history.does_the_rest().await;
        }
        let steps = Steps::new();
        let reading = async {
            let all = readers.iter_mut().map(|reader| reader.is_cut_off(quota * round, &steps));
            join_all(all).await;
            steps.end();
        };
        futures::future::join(reading, history.goes_on(&steps)).await;
        history.stands_still().await;
        visible::compare(&history, &mut readers).await;
    }
    let happened: u64 = readers.iter().map(Reader::cuts).sum();
    assert!(happened >= cuts, "{happened} cuts");
    history.was_eventful();
    let when: [u64; 3] = std::array::from_fn(|it| readers.iter().map(|one| one.when[it]).sum());
    eprintln!("{happened} cuts: {when:?} before the welcome, while catching up, later");
    assert!(when.iter().all(|often| *often > happened / 10), "not at any byte: {when:?}");
}
