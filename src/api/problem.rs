//! Every answer that is not what was asked for: `application/problem+json` (RFC 9457).

use crate::authority::Refusal;
use crate::timeline::{Error, NotAppended};
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use crosstalk_protocol::code::{FailureCode, RefusalCode};
use crosstalk_protocol::ids::UserId;
use serde::Serialize;

/// When to come back after a failure, in milliseconds.
const RETRY_AFTER_MS: u64 = 1_000;

/// A refusal or failure, as HTTP says it. Two problems of one code and detail are the same bytes,
/// so that a foreign id can't be told from an unknown one (R31).
#[derive(Debug)]
pub struct Problem(Box<Answer>);

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

#[derive(Debug, Serialize)]
struct Body {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    /// The same words as on the socket.
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl Problem {
    /// The rules say no.
    pub fn refused(code: RefusalCode) -> Self {
        let problem = Self::new(status_of(code), code.word(), title_of(code));
        if code == RefusalCode::Unauthenticated {
            return problem.with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        problem
    }

    /// The request is not what the interface says; `detail` says where.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::refused(RefusalCode::BadRequest).because(detail)
    }

    /// There is no such thing for who asks: unknown, foreign or deleted. Always the same one.
    pub fn not_found() -> Self {
        Self::refused(RefusalCode::NotFound)
    }

    /// It could not be done now.
    pub fn failed(code: FailureCode) -> Self {
        Self::failed_for(code, RETRY_AFTER_MS)
    }

    /// It could not be done now, and will not be before so many milliseconds.
    pub fn failed_for(code: FailureCode, retry_after_ms: u64) -> Self {
        let mut problem = Self::new(status_of_failure(code), code.word(), code.advice());
        problem.0.body.retry_after_ms = Some(retry_after_ms);
        problem.with(RETRY_AFTER, HeaderValue::from(retry_after_ms.div_ceil(1_000)))
    }

    /// The path is there, but not for this method.
    pub fn method_not_allowed() -> Self {
        Self::bad_request("this path has other methods").at(StatusCode::METHOD_NOT_ALLOWED)
    }

    /// The same with another status than its code's.
    #[must_use]
    pub fn at(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self.0.body.status = status.as_u16();
        self
    }

    /// The same, saying where or why.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.0.body.detail = Some(detail.into());
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        let body = Body {
            kind: format!("urn:crosstalk:code:{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: None,
            users: Vec::new(),
            retry_after_ms: None,
        };
        Self(Box::new(Answer { status, headers: HeaderMap::new(), body }))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let mut problem = Self::refused(refusal.code);
        problem.0.body.users = refusal.users;
        match refusal.field {
            Some(field) => problem.because(format!("field `{field}`")),
            None => problem,
        }
    }
}

impl From<RefusalCode> for Problem {
    fn from(code: RefusalCode) -> Self {
        Self::refused(code)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        tracing::warn!(%error, "a request over HTTP could not be carried out now");
        Self::failed(FailureCode::Unavailable)
    }
}

impl From<NotAppended> for Problem {
    fn from(not_appended: NotAppended) -> Self {
        match not_appended {
            NotAppended::Refused(refusal) => refusal.into(),
            NotAppended::Failed(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // A list of ids and words is always JSON.
        let Answer { status, headers, body } = *self.0;
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
        (status, kind, headers, json).into_response()
    }
}

/// What to do, in the words of HTTP where those of the socket do not fit.
fn title_of(code: RefusalCode) -> &'static str {
    if code == RefusalCode::BadRequest {
        "The request is not as it has to be; `detail` says where. Mend the client."
    } else if code == RefusalCode::NotAllowed {
        "You may not do this: docs/http.md says who may."
    } else if code == RefusalCode::TooLong {
        "A text or list is longer than allowed; `detail` says which."
    } else if code == RefusalCode::Empty {
        "A text is empty; `detail` says which."
    } else {
        code.advice()
    }
}

fn status_of(code: RefusalCode) -> StatusCode {
    match code {
        RefusalCode::BadRequest
        | RefusalCode::UnknownType
        | RefusalCode::HelloFirst
        | RefusalCode::TooLong
        | RefusalCode::Empty => StatusCode::BAD_REQUEST,
        RefusalCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        RefusalCode::NotFound => StatusCode::NOT_FOUND,
        RefusalCode::NotAllowed
        | RefusalCode::NotAdministrator
        | RefusalCode::GroupCreationClosed
        | RefusalCode::ExternalRoomsClosed
        | RefusalCode::NotConnected
        | RefusalCode::FeatureOff
        | RefusalCode::FeatureLocked
        | RefusalCode::WindowClosed => StatusCode::FORBIDDEN,
        RefusalCode::FrameTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalCode::DifferentContent => StatusCode::UNPROCESSABLE_ENTITY,
        RefusalCode::NotContacts
        | RefusalCode::GuestsNotAllowed
        | RefusalCode::NobodyElse
        | RefusalCode::NotAGeneralRoom
        | RefusalCode::NotAGroup
        | RefusalCode::CannotLeaveGroup
        | RefusalCode::CannotRemoveYourself
        | RefusalCode::LastMaster
        | RefusalCode::NotAMember
        | RefusalCode::NotAMessage
        | RefusalCode::RoomFull
        | RefusalCode::TooManyGroups
        | RefusalCode::TooManyInvitations
        | RefusalCode::SameCompany
        | RefusalCode::Exists
        | RefusalCode::OwnerEnded
        | RefusalCode::PersonInactive
        | RefusalCode::TooManyDevices => StatusCode::CONFLICT,
    }
}

fn status_of_failure(code: FailureCode) -> StatusCode {
    match code {
        FailureCode::Unavailable | FailureCode::ChangedMeanwhile => StatusCode::SERVICE_UNAVAILABLE,
        FailureCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        FailureCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_status() {
        for code in RefusalCode::ALL {
            assert!(Problem::refused(*code).status().is_client_error(), "{code}");
        }
        for code in FailureCode::ALL {
            let problem = Problem::failed(*code);
            let status = problem.status();
            assert!(status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS);
            assert_eq!(problem.0.headers.get(RETRY_AFTER).unwrap(), "1");
        }
    }

    #[test]
    fn a_refusal_names_code_advice_people_and_field() {
        let user = UserId::of_bytes([7; 16]);
        let refusal = Refusal::naming(RefusalCode::NotContacts, vec![user]);
        let json = serde_json::to_value(Problem::from(refusal).0.body).unwrap();
        assert_eq!(json["code"], "not_contacts");
        assert_eq!(json["type"], "urn:crosstalk:code:not_contacts");
        assert_eq!(json["users"][0], user.to_string());
        assert_eq!(json["status"], 409);
        let refusal = Refusal::about(RefusalCode::TooLong, "name");
        let json = serde_json::to_value(Problem::from(refusal).0.body).unwrap();
        assert_eq!(json["detail"], "field `name`");
        assert!(json.get("users").is_none());
    }
}
