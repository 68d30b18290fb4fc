//! Which topics a node holds: those of the rooms that somebody follows there, and for a while those of
//! the rooms that nobody follows any more.

use super::Listener;
use crosstalk_protocol::ids::RoomId;
use foldhash::HashSet;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// So long the topic of a room is held after nobody follows it any more: who changes between rooms, or
/// comes back after a lost connection, costs nothing.
pub(super) const LEAVE_AFTER: Duration = Duration::from_secs(10);

/// The topics of rooms that this node holds on its connection.
#[derive(Default)]
pub(super) struct Topics {
    held: HashSet<RoomId>,
    leaving: VecDeque<(Instant, RoomId)>,
}

impl Topics {
    /// Which of the rooms that changed are to be subscribed; they count as held from now on.
    pub(super) fn joined(
        &mut self,
        changed: impl IntoIterator<Item = RoomId>,
        listener: &dyn Listener,
        now: Instant,
    ) -> Vec<RoomId> {
        let mut joined = Vec::new();
        for room in changed {
            // How it is now counts: what was said of it may have come in another order.
            if !listener.follows(room) {
                if self.held.contains(&room) {
                    self.leaving.push_back((now + LEAVE_AFTER, room));
                }
            } else if self.held.insert(room) {
                joined.push(room);
            }
        }
        joined
    }

    /// Which rooms are to be left; they count as left from now on.
    pub(super) fn left(&mut self, listener: &dyn Listener, now: Instant) -> Vec<RoomId> {
        let mut left = Vec::new();
        while let Some((_, room)) = self.leaving.pop_front_if(|(due, _)| *due <= now) {
            if !listener.follows(room) && self.held.remove(&room) {
                left.push(room);
            }
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sign;
    use super::*;
    use parking_lot::Mutex;
    use uuid::Uuid;

    #[derive(Default)]
    struct Followed(Mutex<HashSet<RoomId>>);

    impl Listener for Followed {
        fn follows(&self, room: RoomId) -> bool {
            self.0.lock().contains(&room)
        }

        fn followed(&self) -> Vec<RoomId> {
            self.0.lock().iter().copied().collect()
        }

        fn look(&self, _: bool) {}

        fn hear(&self, _: &Sign) {}
    }

    #[tokio::test]
    async fn a_topic_is_held_once_and_left_after_a_while() {
        let (room, followed, mut topics) =
            (RoomId(Uuid::now_v7()), Followed::default(), Topics::default());
        let now = Instant::now();
        followed.0.lock().insert(room);
        assert_eq!(topics.joined([room], &followed, now), [room]);
        assert!(topics.joined([room], &followed, now).is_empty(), "held already");
        followed.0.lock().remove(&room);
        assert!(topics.joined([room], &followed, now).is_empty());
        assert!(topics.left(&followed, now).is_empty(), "too early");
        followed.0.lock().insert(room);
        assert!(topics.left(&followed, now + LEAVE_AFTER).is_empty(), "somebody came back");
        followed.0.lock().remove(&room);
        topics.joined([room], &followed, now);
        assert_eq!(topics.left(&followed, now + LEAVE_AFTER), [room]);
        followed.0.lock().insert(room);
        assert_eq!(topics.joined([room], &followed, now), [room], "anew");
    }
}
