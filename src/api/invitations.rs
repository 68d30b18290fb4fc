//! Redeeming an invitation: the one door that needs no token (R33).

use super::body::Body;
use super::{CameFrom, GUEST_ISSUER, Problem, Shared, checks};
use crate::authority::Time;
use crate::identity::invitation;
use crate::identity::mint::Grant;
use crate::rooms::show;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use crosstalk_protocol::code::FailureCode;
use crosstalk_protocol::ids::{CompanyId, RoomId, UserId};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Redemption {
    invitation: String,
    name: String,
}

/// What a guest needs to connect.
#[derive(Debug, Serialize)]
pub(super) struct Welcome {
    token: String,
    /// When the token ends (RFC 3339).
    token_ends: String,
    user: UserId,
    /// The company of who invited him.
    company: CompanyId,
    room: RoomId,
}

/// An invitation is redeemed, once: whoever brings it becomes a guest. Used, ended and invented
/// ones get the same answer.
pub(super) async fn redeem(
    Extension(CameFrom(address)): Extension<CameFrom>,
    State(api): State<Shared>,
    Body(asked): Body<Redemption>,
) -> Result<impl IntoResponse, Problem> {
    if let Err(wait) = api.redemptions.check(address) {
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        return Err(Problem::failed_for(FailureCode::RateLimited, wait));
    }
    let name = checks::name(&asked.name)?;
    let guest = UserId(Uuid::new_v4());
    let (signed_in, room) =
        api.parts.directory.redeem(invitation::hash(&asked.invitation), guest, name).await?;
    let (token, ends) = api.guest_token(signed_in.user)?;
    let welcome = Welcome {
        token,
        token_ends: show::time(ends),
        user: signed_in.user,
        company: signed_in.company,
        room,
    };
    Ok((StatusCode::CREATED, Json(welcome)))
}

impl super::Inner {
    fn guest_token(&self, user: UserId) -> Result<(String, Time), Problem> {
        let now = self.parts.timeline.now();
        let lifetime = Duration::from_hours(24 * self.parts.limits.guest_token_days);
        let grant = Grant {
            issuer: GUEST_ISSUER,
            audience: None,
            subject: &user.to_string(),
            name: None,
            address: None,
            issued_at: now,
            lifetime,
        };
        let token = self.parts.guests.sign(&grant).map_err(|error| {
            tracing::error!(%error, "a guest's token could not be made");
            Problem::failed(FailureCode::Internal)
        })?;
        let micros = i64::try_from(lifetime.as_micros()).unwrap_or(i64::MAX);
        Ok((token.reveal().to_owned(), Time(now.0.saturating_add(micros))))
    }
}
