//! What waits for the writer, and what waits for its commit.

use crate::authority::Refusal;
use crate::directory::{Deed, Done, Greeting, OpenInvitation, SignIn};
use crate::timeline::{Appended, Error, Marked, NotAppended, Proposal};
use crosstalk_protocol::ids::{DeviceId, OperationId, RoomId, Seq, UserId};
use tokio::sync::oneshot;

/// What one of the writer's works comes to: an error of SQLite's, or what the rules say.
pub(super) type Attempt<T> = super::codes::Sql<Result<T, Refusal>>;
/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, NotAppended>>;

/// Something to be written.
pub(super) enum Task {
    Append(Box<Proposal>, Reply<Appended>),
    Act(Box<Deed>, Reply<Done>),
    Mark(RoomId, UserId, Seq, Reply<Marked>),
    Greet(UserId, DeviceId, Option<u64>, Reply<Greeting>),
    Acknowledge(UserId, DeviceId, u64, Reply<()>),
    Invite(Box<OpenInvitation>, OperationId, Reply<()>),
    Redeem([u8; 32], UserId, String, Reply<(SignIn, RoomId)>),
}

/// An answer that waits for the commit.
pub(super) trait Pending {
    /// Says it; or, where the commit failed, that.
    fn say(self: Box<Self>, failed: Option<&Error>);
}

struct Answer<T> {
    to: Reply<T>,
    outcome: Result<T, NotAppended>,
}

/// The answer, to be said after the commit.
pub(super) fn pending<T: 'static>(
    to: Reply<T>,
    outcome: Result<T, NotAppended>,
) -> Box<dyn Pending> {
    Box::new(Answer { to, outcome })
}

impl<T> Pending for Answer<T> {
    fn say(self: Box<Self>, failed: Option<&Error>) {
        let outcome = failed.map_or(self.outcome, |error| Err(error.clone().into()));
        // Who asked may be gone.
        drop(self.to.send(outcome));
    }
}
