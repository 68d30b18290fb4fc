//! A company's users: making, finding, permitting, suspending, deleting.

use super::body::{Body, Page};
use super::caller::{Governor, GovernorOf};
use super::companies::{Carried, Changed};
use super::{Problem, Shared, checks};
use crate::authority::{Act, Person};
use crate::directory::{Deed, PersonRecord, Record};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use crosstalk_protocol::ids::{CompanyId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    subject: String,
    name: String,
    address: Option<String>,
    #[serde(default)]
    administrator: bool,
    #[serde(default)]
    connected: bool,
}

/// What shall change of a user; what is absent stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserPatch {
    connected: Option<bool>,
    administrator: Option<bool>,
    active: Option<bool>,
}

/// A user, as his administrator and the operator see him.
#[expect(clippy::struct_excessive_bools, reason = "independent switches, as the law names them")]
#[derive(Debug, Serialize)]
pub(super) struct AboutUser {
    user: UserId,
    company: CompanyId,
    subject: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    administrator: bool,
    connected: bool,
    active: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    guest: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct UserList {
    users: Vec<AboutUser>,
    /// Whether there are more after the last one.
    more: bool,
}

/// A user is made (R34). The operator makes a company's first administrator.
pub(super) async fn create(
    governor: Governor,
    State(api): State<Shared>,
    Body(asked): Body<NewUser>,
) -> Result<impl IntoResponse, Problem> {
    let (company, user) = (governor.company, UserId(Uuid::now_v7()));
    let record = asked.record()?;
    let person = Person {
        connected: asked.connected,
        administrator: asked.administrator,
        ..Person::user(user, company)
    };
    let act = Act::Provision { person, exists: false, first_sign_in: false };
    api.act(Deed { actor: governor.actor, act, record }).await?;
    let made = api.person(company, user).await?;
    let location = format!("/v1/companies/{company}/users/{user}");
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(AboutUser::from(made))))
}

/// A company's users, in the order of their ids.
pub(super) async fn list(
    governor: Governor,
    page: Page,
    State(api): State<Shared>,
) -> Result<Json<UserList>, Problem> {
    // An operator may name a company that is not there.
    api.company(governor.company).await?;
    let directory = &api.parts.directory;
    let (found, more) = directory.people_of(governor.company, page.after, page.limit).await?;
    Ok(Json(UserList { users: found.into_iter().map(AboutUser::from).collect(), more }))
}

/// A user.
pub(super) async fn show(
    GovernorOf { governor, user }: GovernorOf,
    State(api): State<Shared>,
) -> Result<Json<AboutUser>, Problem> {
    api.person(governor.company, user).await.map(|found| Json(found.into()))
}

/// A user's switches are changed, one by one; answered when what it cuts off is fenced (R19).
pub(super) async fn change(
    GovernorOf { governor, user }: GovernorOf,
    State(api): State<Shared>,
    Body(asked): Body<UserPatch>,
) -> Result<Json<Changed<AboutUser>>, Problem> {
    api.person(governor.company, user).await?;
    let acts = [
        asked.active.map(|active| Act::SetActive { user, active }),
        asked.connected.map(|connected| Act::SetConnected { user, connected }),
        asked.administrator.map(|administrator| Act::SetAdministrator { user, administrator }),
    ];
    for act in acts.into_iter().flatten() {
        api.act(Deed { actor: governor.actor, act, record: Record::default() }).await?;
    }
    let record = api.person(governor.company, user).await?.into();
    Ok(Json(Changed { record, effective: true }))
}

/// A user's account is deleted, for good.
pub(super) async fn delete(
    of: GovernorOf,
    State(api): State<Shared>,
) -> Result<Json<Carried>, Problem> {
    let act = Act::DeletePerson { user: of.user };
    act_on(&api, of, act).await
}

/// All older tokens of a user end at once, on live connections too (R34).
pub(super) async fn revoke_sign_ins(
    of: GovernorOf,
    State(api): State<Shared>,
) -> Result<Json<Carried>, Problem> {
    let act = Act::RevokeSignIns { user: of.user };
    act_on(&api, of, act).await
}

async fn act_on(api: &Shared, of: GovernorOf, act: Act) -> Result<Json<Carried>, Problem> {
    let GovernorOf { governor, user } = of;
    // The rules look at who acts and at the person; that he is of the company named in the path is
    // this door's own affair.
    api.person(governor.company, user).await?;
    api.act(Deed { actor: governor.actor, act, record: Record::default() }).await.map(Json)
}

impl NewUser {
    fn record(&self) -> Result<Record, Problem> {
        checks::subject(&self.subject)?;
        self.address.as_deref().map_or(Ok(()), checks::address)?;
        Ok(Record {
            name: checks::name(&self.name)?,
            subject: self.subject.clone(),
            address: self.address.clone(),
            ..Record::default()
        })
    }
}

impl From<PersonRecord> for AboutUser {
    fn from(found: PersonRecord) -> Self {
        let PersonRecord { person, record } = found;
        Self {
            user: person.id,
            company: person.company,
            subject: record.subject,
            name: record.name,
            address: record.address,
            administrator: person.administrator,
            connected: person.connected,
            active: person.active,
            guest: person.guest,
            deleted: person.deleted,
        }
    }
}
