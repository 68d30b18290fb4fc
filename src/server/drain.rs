//! Telling everybody to come back later, in waves, so that they do not all come back at once.

use super::doors::Doors;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// In how many waves connections are told.
const WAVES: u32 = 16;
/// So few connections are told at once: nobody notices that they come back together.
const CROWD_MIN: usize = 100;

/// The waves in which sessions are told to go. Each session belongs to one.
#[derive(Clone)]
pub(super) struct Waves {
    all: Arc<[CancellationToken]>,
    next: Arc<AtomicUsize>,
}

impl Waves {
    /// Waves that have not begun.
    pub(super) fn new() -> Self {
        let all = (0..WAVES).map(|_| CancellationToken::new()).collect();
        Self { all, next: Arc::default() }
    }

    /// The wave of one more session.
    pub(super) fn next(&self) -> CancellationToken {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.all.get(turn % self.all.len()).cloned().unwrap_or_default()
    }

    /// Tells all of them, spread over this time if they are many.
    pub(super) async fn tell(&self, doors: &Doors, spread: Duration) {
        for wave in self.all.iter() {
            wave.cancel();
            if doors.connections() > CROWD_MIN {
                sleep(spread / WAVES).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;
    use futures::FutureExt as _;

    #[tokio::test]
    async fn a_crowd_is_told_in_waves_and_a_few_at_once() {
        let limits = Limits { unauthenticated_connections: 1_000, ..Limits::default() };
        let doors = Arc::new(Doors::new(&limits));
        let (waves, hour) = (Waves::new(), Duration::from_hours(1));
        let sessions: Vec<_> = (0..160).map(|_| (doors.admit(), waves.next())).collect();
        let told = || sessions.iter().filter(|(_, stop)| stop.is_cancelled()).count();
        assert_eq!(waves.tell(&doors, hour).now_or_never(), None, "not all at once");
        assert_eq!(told(), 10, "the first of sixteen waves");
        waves.tell(&doors, Duration::ZERO).await;
        assert_eq!(told(), 160);

        drop(sessions);
        assert_eq!(Waves::new().tell(&doors, hour).now_or_never(), Some(()));
    }
}
