//! Companies: making, their issuers, their policies, their end.

use super::body::Body;
use super::caller::{Governor, Operator};
use super::{Problem, Shared, checks};
use crate::authority::{Act, Actor, Policy, PolicyChange};
use crate::directory::{CompanyRecord, Deed, Record};
use crate::identity::{Issuer, KeySet};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::CompanyId;
use crosstalk_protocol::words::{Feature, Features, GroupCreation};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// An act that has been carried out.
#[derive(Debug, Serialize)]
pub(super) struct Carried {
    /// Every connection has been fenced: nothing that was cut off goes on anywhere (P2).
    pub(super) effective: bool,
}

/// A record after it has been changed, and the change is effective.
#[derive(Debug, Serialize)]
pub(super) struct Changed<T> {
    #[serde(flatten)]
    pub(super) record: T,
    pub(super) effective: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCompany {
    name: String,
    issuer: String,
    audience: Option<String>,
    keys: Box<RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewIssuer {
    issuer: String,
    audience: Option<String>,
    keys: Box<RawValue>,
}

/// A company, as its administrator and the operator see it. Its keys are not shown: of `oct` keys,
/// what verifies also signs.
#[derive(Debug, Serialize)]
pub(super) struct AboutCompany {
    company: CompanyId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ended: bool,
    policy: Switches,
}

#[expect(clippy::struct_excessive_bools, reason = "independent switches, as the law names them")]
#[derive(Debug, Serialize)]
struct Switches {
    group_creation: GroupCreation,
    external_messaging: bool,
    external_rooms: bool,
    guests: bool,
    external_read_marks: bool,
    first_sign_in: bool,
    disabled: Features,
}

/// What shall change of a policy; what is absent stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyPatch {
    group_creation: Option<GroupCreation>,
    external_messaging: Option<bool>,
    external_rooms: Option<bool>,
    guests: Option<bool>,
    external_read_marks: Option<bool>,
    first_sign_in: Option<bool>,
    /// All features that shall be disabled, and no others (R11).
    disabled: Option<Features>,
}

/// The operator makes a company (R34).
pub(super) async fn create(
    _: Operator,
    State(api): State<Shared>,
    Body(asked): Body<NewCompany>,
) -> Result<impl IntoResponse, Problem> {
    let company = CompanyId(Uuid::now_v7());
    let issuer = NewIssuer { issuer: asked.issuer, audience: asked.audience, keys: asked.keys };
    let record = Record { name: checks::name(&asked.name)?, ..issuer.record(&api)? };
    let act = Act::CreateCompany { company };
    api.act(Deed { actor: Actor::Operator, act, record }).await?;
    let made = api.company(company).await?;
    let location = format!("/v1/companies/{company}");
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(AboutCompany::from(made))))
}

/// A company.
pub(super) async fn show(
    governor: Governor,
    State(api): State<Shared>,
) -> Result<Json<AboutCompany>, Problem> {
    api.company(governor.company).await.map(|found| Json(found.into()))
}

/// The operator ends a company (R19).
pub(super) async fn end(
    governor: Governor,
    State(api): State<Shared>,
) -> Result<Json<Carried>, Problem> {
    if governor.actor != Actor::Operator {
        return Err(RefusalCode::NotAllowed.into());
    }
    let act = Act::EndCompany { company: governor.company };
    api.act(Deed { actor: governor.actor, act, record: Record::default() }).await.map(Json)
}

/// Issuer and keys are set; the old ones are nothing from then on (R34).
pub(super) async fn set_issuer(
    governor: Governor,
    State(api): State<Shared>,
    Body(asked): Body<NewIssuer>,
) -> Result<Json<Carried>, Problem> {
    let act = Act::SetIssuer { company: governor.company };
    let record = asked.record(&api)?;
    api.act(Deed { actor: governor.actor, act, record }).await.map(Json)
}

/// Policies are changed, one by one: what was changed before a failure stays, and asking again
/// does the rest.
pub(super) async fn set_policy(
    governor: Governor,
    State(api): State<Shared>,
    Body(asked): Body<PolicyPatch>,
) -> Result<Json<Changed<AboutCompany>>, Problem> {
    let company = governor.company;
    for change in asked.changes() {
        let act = Act::SetPolicy { company, change };
        api.act(Deed { actor: governor.actor, act, record: Record::default() }).await?;
    }
    let record = api.company(company).await?.into();
    Ok(Json(Changed { record, effective: true }))
}

impl NewIssuer {
    /// What the directory is to keep, once it is sure that it can be used.
    fn record(self, api: &Shared) -> Result<Record, Problem> {
        if api.parts.registry.is_reserved(&self.issuer) {
            return Err(Problem::refused(RefusalCode::Exists).because("field `issuer`"));
        }
        let keys = KeySet::parse(self.keys.get())
            .map_err(|bad| Problem::bad_request(format!("field `keys`: {bad}")))?;
        Issuer::new(self.issuer.clone(), self.audience.clone(), keys)
            .map_err(|bad| Problem::bad_request(format!("fields `issuer`, `audience`: {bad}")))?;
        Ok(Record {
            issuer: Some(self.issuer),
            audience: self.audience,
            keys: Some(self.keys.get().to_owned()),
            ..Record::default()
        })
    }
}

impl PolicyPatch {
    fn changes(&self) -> Vec<PolicyChange> {
        let switches = [
            (Policy::ExternalMessaging, self.external_messaging),
            (Policy::ExternalRooms, self.external_rooms),
            (Policy::Guests, self.guests),
            (Policy::ExternalReadMarks, self.external_read_marks),
            (Policy::FirstSignIn, self.first_sign_in),
        ];
        let switches =
            switches.into_iter().filter_map(|(policy, on)| Some(PolicyChange::Switch(policy, on?)));
        let disabled = self.disabled.into_iter().flat_map(|all| {
            Feature::ALL.map(|feature| PolicyChange::Disabled(feature, all.has(feature)))
        });
        let creation = self.group_creation.map(PolicyChange::GroupCreation);
        creation.into_iter().chain(switches).chain(disabled).collect()
    }
}

impl From<CompanyRecord> for AboutCompany {
    fn from(found: CompanyRecord) -> Self {
        let CompanyRecord { company, record } = found;
        Self {
            company: company.id,
            name: record.name,
            issuer: record.issuer,
            audience: record.audience,
            ended: company.ended,
            policy: Switches {
                group_creation: company.group_creation,
                external_messaging: company.external_messaging,
                external_rooms: company.external_rooms,
                guests: company.guests,
                external_read_marks: company.external_read_marks,
                first_sign_in: company.first_sign_in,
                disabled: company.disabled,
            },
        }
    }
}
