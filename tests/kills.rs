//! P4: killed at any moment under load, the server has lost nothing that it had acknowledged, has
//! nothing twice, and its store is sound.
//!
//! `CROSSTALK_KILLS` says how often (20), `CROSSTALK_SEED` repeats a run's choices. What is killed
//! is a process, so the system keeps what was written to it: that a commit reaches the disk is the
//! store's own setting, and a matter for a power switch.

pub(crate) mod cast;
mod dice;
mod ledger;
mod load;
mod proof;

use crate::program::check;
use cast::Cast;
use dice::Dice;
use ledger::Ledger;
use load::Trap;
use proof::Proof;

/// How often CI kills it.
const KILLS: u64 = 20;
/// After so many kills everything is read again from its beginning, and at the end.
const READ_ALL_EVERY: u64 = 10;

#[tokio::test]
async fn whatever_was_acknowledged_is_there_once_after_every_kill() {
    // P4, R16, R29
    let (kills, seed) = (number("CROSSTALK_KILLS").unwrap_or(KILLS), seed());
    eprintln!("CROSSTALK_SEED={seed}");
    let mut dice = Dice::new(seed);
    let cast = Cast::gather().await;
    let mut ledger = Ledger::default();
    let mut proof = Proof::default();
    let mut program = cast.starts();
    for kill in 1..=kills {
        let trap = Trap::set(&mut dice);
        ledger.round = kill;
        cast.is_busy_until_the_kill(&program, &mut ledger, &trap, &mut dice).await;
        program.end();
        let (code, said) = check(&cast.data());
        assert_eq!(code, Some(0), "kill {kill}: {said}");
        program = cast.starts();
        let all = kill % READ_ALL_EVERY == 0 || kill == kills;
        proof.holds(&cast, &program, &ledger, all).await;
        cast.asks_again(&program, &mut ledger, &mut dice).await;
        proof.holds(&cast, &program, &ledger, false).await;
        eprintln!("kill {kill} of {kills}, {trap}: {ledger}");
    }
    program.tell("-TERM");
    let (status, log) = program.end();
    assert_eq!(status.code(), Some(0), "{log}");
    let (code, said) = check(&cast.data());
    assert_eq!(code, Some(0), "{said}");
}

/// A number of the environment.
fn number(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "the size of a test; no setting of the server")]
    let word = std::env::var(name).ok()?;
    Some(word.parse().unwrap_or_else(|_| panic!("{name}={word:?} is no number")))
}

fn seed() -> u64 {
    number("CROSSTALK_SEED").unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0)
}
