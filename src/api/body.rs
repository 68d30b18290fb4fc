//! Reading what was sent: JSON of the right type, of a bounded size, in bounded time.

use super::{Problem, Shared};
use crate::config::fixed::API_BODY_BYTES_MAX;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use crosstalk_protocol::ids::{OperationId, UserId};
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// The body as a `T`, which refuses unknown fields.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Shared) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::bad_request("the body is to be application/json")
                .at(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        // Who sends a byte a second holds the connection no longer than a handshake may take.
        let patience = Duration::from_secs(api.parts.limits.handshake_seconds);
        let body = Limited::new(request.into_body(), API_BODY_BYTES_MAX).collect();
        let body = timeout(patience, body).await.map_err(|_| {
            Problem::bad_request("the body came too slowly").at(StatusCode::REQUEST_TIMEOUT)
        })?;
        let bytes = body.map_err(|error| unreadable(&error))?.to_bytes();
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| Problem::bad_request(error.to_string()))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

fn unreadable(error: &axum::BoxError) -> Problem {
    if error.is::<http_body_util::LengthLimitError>() {
        let allowed = format!("a body may have {API_BODY_BYTES_MAX} bytes");
        return Problem::bad_request(allowed).at(StatusCode::PAYLOAD_TOO_LARGE);
    }
    Problem::bad_request("the body broke off")
}

/// Which part of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Those after this one.
    pub(super) after: Option<UserId>,
    /// At most so many (1–200).
    #[serde(default = "hundred")]
    pub(super) limit: u32,
}

const fn hundred() -> u32 {
    100
}

impl FromRequestParts<Shared> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let Query(page) = Query::<Self>::try_from_uri(&parts.uri)
            .map_err(|_| Problem::bad_request("the query takes `after` (an id) and `limit`"))?;
        if (1..=200).contains(&page.limit) {
            Ok(page)
        } else {
            Err(Problem::bad_request("`limit` is to be from 1 to 200"))
        }
    }
}

/// The operation id of a command to a room: the `Idempotency-Key`, a UUID, if there is one (R29).
#[derive(Debug)]
pub(super) struct Operation(pub(super) OperationId);

impl FromRequestParts<Shared> for Operation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let Some(key) = parts.headers.get("idempotency-key") else {
            return Ok(Self(OperationId(Uuid::now_v7())));
        };
        let id = key.to_str().ok().and_then(|text| text.parse().ok());
        id.map(Self).ok_or_else(|| Problem::bad_request("the Idempotency-Key is to be a UUID"))
    }
}
