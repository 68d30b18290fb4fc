//! The rules, pure: no clock, no randomness, no I/O, no `async`.
//!
//! [`decide()`] says what a command makes of a room, or refuses; [`Room::apply`] folds an entry in;
//! [`View::open`] and [`View::admit`] say what one person may be shown; [`judge()`] decides the acts
//! of administrators and operators on companies and people. What they rest on besides the room
//! comes in as [`Facts`], loaded in the transaction that will write the result.

mod access;
mod act;
mod command;
mod cursor;
mod decide;
mod facts;
mod judge;
mod notices;
mod permit;
mod refusal;
mod room;
mod settle;
#[cfg(test)]
pub(crate) mod tests;
mod view;

pub use access::Access;
pub use act::{Act, Effect, Policy, PolicyChange, Subject};
pub use command::{Actor, Command, Intent};
pub use cursor::At;
pub use decide::{Decision, Draft, Earlier, decide};
pub use facts::{Company, Facts, Limits, Person, Reaction, Standing, Target, Time};
pub use judge::judge;
pub use notices::{Addressed, notices};
pub use permit::Permit;
pub use refusal::Refusal;
pub use room::{Entry, Member, Room, Stint};
pub use settle::settle;
pub use view::{Admission, View, lies_in_sight};
