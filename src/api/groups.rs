//! What reaches groups from outside: an administrator's creation (R1, R2), naming a Group Master
//! (R20), and handing over the group of an ended company (R20).

use super::body::{Body, Operation};
use super::caller::{Administrator, GovernorOf, Group, Operator};
use super::{Problem, Shared};
use crate::authority::{Actor, Command, Intent};
use crate::rooms::Done;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use crosstalk_protocol::answer::Accepted;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{CompanyId, RoomId, UserId};
use crosstalk_protocol::words::Way;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGroup {
    name: String,
    #[serde(default)]
    description: String,
    /// The Group Masters; the first one, of the administrator's own company, is the founder.
    masters: Vec<UserId>,
    /// Who else shall be in it.
    #[serde(default)]
    members: Vec<UserId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOwner {
    company: CompanyId,
}

/// An administrator makes a group (R1, R2).
pub(super) async fn create(
    Administrator(actor): Administrator,
    Operation(operation): Operation,
    State(api): State<Shared>,
    Body(asked): Body<NewGroup>,
) -> Result<impl IntoResponse, Problem> {
    let command = Command::Create {
        way: Way::Administrator,
        name: asked.name,
        description: asked.description,
        members: asked.members,
        masters: asked.masters,
    };
    let (rooms, intent) = (api.parts.rooms.clone(), Intent { actor, operation, command });
    let made = api.finish(async move { Ok(told(rooms.make(intent).await?)) }).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// The administrator of the owner company names a Group Master of a group that has none (R20).
pub(super) async fn name_master(
    GovernorOf { governor, user }: GovernorOf,
    Group(group): Group,
    Operation(operation): Operation,
    State(api): State<Shared>,
) -> Result<Json<Accepted>, Problem> {
    if governor.actor == Actor::Operator {
        return Err(RefusalCode::NotAdministrator.into());
    }
    let command = Command::NameMaster { user };
    let intent = Intent { actor: governor.actor, operation, command };
    execute(&api, group, intent).await
}

/// The operator hands the group of an ended company to another one (R20).
pub(super) async fn hand(
    _: Operator,
    Group(group): Group,
    Operation(operation): Operation,
    State(api): State<Shared>,
    Body(asked): Body<NewOwner>,
) -> Result<Json<Accepted>, Problem> {
    let command = Command::Hand { to: asked.company };
    let intent = Intent { actor: Actor::Operator, operation, command };
    execute(&api, group, intent).await
}

async fn execute(api: &Shared, group: RoomId, intent: Intent) -> Result<Json<Accepted>, Problem> {
    let rooms = api.parts.rooms.clone();
    api.finish(async move { Ok(told(rooms.execute(group, intent).await?)) }).await.map(Json)
}

/// The answer to who acts from outside: he is told by his right to govern (R31), not as a member,
/// and nothing that is written in the group.
fn told((accepted, _): Done) -> Accepted {
    accepted
}
