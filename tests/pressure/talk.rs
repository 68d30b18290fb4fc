//! People who talk in a group, so many messages a second.

use crate::people::operation;
use crate::people::talking::message;
use crosstalk_loadtest::Client;
use crosstalk_protocol::answer::Answer;
use crosstalk_protocol::ids::{RoomId, Seq};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// Messages that wait for their answers at once.
const IN_FLIGHT: usize = 8;
/// How long they are, one after the other. The fifty with which a newcomer begins fit in one page:
/// on a busy machine he would else come back more slowly than is talked, and never be done.
const LENGTHS: [usize; 4] = [100, 300, 600, 1_200];

/// What is said in a group.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) group: RoomId,
    /// The place of the newest message that was acknowledged.
    head: AtomicU64,
    is_over: AtomicBool,
}

/// The talk goes on.
pub(super) struct GoingOn {
    talk: Arc<Talk>,
    talking: JoinHandle<u64>,
}

impl Talk {
    pub(super) fn in_group(group: RoomId) -> Self {
        Self { group, head: AtomicU64::new(0), is_over: AtomicBool::new(false) }
    }

    /// Somebody begins to talk.
    pub(super) fn begins(self: &Arc<Self>, client: Client, a_second: u32) -> GoingOn {
        let (talk, words) = (Arc::clone(self), Arc::clone(self));
        #[expect(clippy::disallowed_methods, reason = "a client's task, not the server's")]
        let talking = tokio::spawn(async move { words.goes_on(client, a_second).await });
        GoingOn { talk, talking }
    }

    /// Waits until some messages after this place were acknowledged.
    pub(super) async fn goes_beyond(&self, seq: Seq) {
        let waited = async {
            while self.head.load(Ordering::Relaxed) < seq.0 + 3 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(3), waited).await.expect("nobody talks");
    }

    /// Waits until some more messages were acknowledged.
    pub(super) async fn goes_on_a_while(&self) {
        self.goes_beyond(Seq(self.head.load(Ordering::Relaxed))).await;
    }

    async fn goes_on(&self, mut client: Client, a_second: u32) -> u64 {
        let mut beat = tokio::time::interval(Duration::from_secs(1) / a_second);
        beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (mut said, mut asked) = (0, VecDeque::new());
        while !self.is_over.load(Ordering::Relaxed) {
            beat.tick().await;
            let text = format!("{said} {}", "x".repeat(LENGTHS[said % LENGTHS.len()]));
            let words = message(self.group, operation(), &text);
            asked.push_back(client.start(words).await.unwrap());
            said += 1;
            if asked.len() > IN_FLIGHT {
                self.is_answered(&mut client, asked.pop_front().unwrap()).await;
            }
        }
        for id in asked {
            self.is_answered(&mut client, id).await;
        }
        said as u64
    }

    async fn is_answered(&self, client: &mut Client, id: u64) {
        let answer = client.answer(id).await.unwrap();
        let Answer::Accepted(accepted) = answer else { panic!("{answer:?}") };
        self.head.store(accepted.seq.0, Ordering::Relaxed);
    }
}

impl GoingOn {
    /// Nobody says more; says how many messages it were.
    pub(super) async fn ends(self) -> u64 {
        self.talk.is_over.store(true, Ordering::Relaxed);
        self.talking.await.unwrap()
    }
}
