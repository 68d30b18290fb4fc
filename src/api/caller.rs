//! Who asks, and whether he may ask here at all.
//!
//! A right stands in the directory, never in the token (R34); what is found here is compared again
//! in the transaction that acts.

use super::{Problem, Shared};
use crate::authority::Actor;
use crate::directory::SignIn;
use crate::identity::{Claims, Realm, Token};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{CompanyId, UserId};
use std::str::FromStr;
use std::time::Duration;

/// The token of the `Authorization` header, if there is that header.
///
/// # Errors
/// A problem for what is no single `Bearer` token.
pub fn bearer(headers: &HeaderMap) -> Result<Option<Token>, Problem> {
    let mut said = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (said.next(), said.next()) else {
        let none = headers.get(AUTHORIZATION).is_none();
        return if none { Ok(None) } else { Err(Problem::bad_request("one Authorization header")) };
    };
    let (scheme, token) =
        value.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        Ok(Some(Token::from(token.trim_start_matches(' '))))
    } else {
        Err(RefusalCode::Unauthenticated.into())
    }
}

/// Who asks.
#[derive(Debug)]
pub(super) enum Caller {
    /// An operator of the server.
    Operator,
    /// A person.
    Person(SignIn),
}

impl Caller {
    /// As whom he governs this company (R31): its administrator, or the operator. To an
    /// administrator of another one there is no such company; who administers none is told so,
    /// whether it exists or not.
    fn governs(&self, company: CompanyId) -> Result<Actor, Problem> {
        match self {
            Self::Operator => Ok(Actor::Operator),
            Self::Person(person) if !person.administrator || person.guest => {
                Err(RefusalCode::NotAdministrator.into())
            }
            Self::Person(person) if person.company == company => {
                Ok(Actor::Administrator(person.user))
            }
            Self::Person(_) => Err(Problem::not_found()),
        }
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let token = bearer(&parts.headers)?.ok_or(RefusalCode::Unauthenticated)?;
        let now = api.parts.timeline.now();
        let leeway = Duration::from_secs(api.parts.limits.token_grace_seconds);
        let claims = api.parts.registry.issuers().verify(&token, now, leeway).map_err(|why| {
            tracing::debug!(why = why.word(), "a token was refused over HTTP");
            RefusalCode::Unauthenticated
        })?;
        // Asked after the keys: while it holds, no change of an issuer is effective that is unknown here (R34).
        api.holds_lease()?;
        sign_in(api, claims).await
    }
}

async fn sign_in(api: &Shared, claims: Claims) -> Result<Caller, Problem> {
    let issued = claims.issued_at;
    let directory = &api.parts.directory;
    let signed_in = match claims.realm {
        Realm::Operators => return Ok(Caller::Operator),
        Realm::Company(company) => directory.sign_in(company, claims.subject, issued).await?,
        Realm::Guests => {
            let user = claims.subject.parse().map_err(|_| RefusalCode::Unauthenticated)?;
            directory.sign_in_guest(user, issued).await?
        }
    };
    signed_in.map(Caller::Person).map_err(|why| {
        tracing::debug!(%why, "a sign-in was refused over HTTP");
        RefusalCode::Unauthenticated.into()
    })
}

/// Who governs the company that the path names.
#[derive(Debug)]
pub(super) struct Governor {
    /// The company.
    pub(super) company: CompanyId,
    /// As whom.
    pub(super) actor: Actor,
}

impl FromRequestParts<Shared> for Governor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, api).await?;
        // An id that is none is an unknown one, and for who may not ask it is not even that.
        let company: Option<CompanyId> = named(parts, "company").await;
        let nobody = CompanyId::of_bytes([0; 16]);
        let actor = caller.governs(company.unwrap_or(nobody))?;
        let company = company.ok_or_else(Problem::not_found)?;
        Ok(Self { company, actor })
    }
}

/// Who governs the company that the path names, and the person whom it names.
#[derive(Debug)]
pub(super) struct GovernorOf {
    /// Who governs.
    pub(super) governor: Governor,
    /// The person, who may be anybody's or nobody.
    pub(super) user: UserId,
}

impl FromRequestParts<Shared> for GovernorOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let governor = Governor::from_request_parts(parts, api).await?;
        let user = named(parts, "user").await.ok_or_else(Problem::not_found)?;
        Ok(Self { governor, user })
    }
}

/// The administrator of the company that the path names: what an operator may not do.
#[derive(Debug)]
pub(super) struct Administrator(pub(super) Actor);

impl FromRequestParts<Shared> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let governor = Governor::from_request_parts(parts, api).await?;
        if governor.actor == Actor::Operator {
            return Err(RefusalCode::NotAdministrator.into());
        }
        Ok(Self(governor.actor))
    }
}

/// An operator.
#[derive(Debug)]
pub(super) struct Operator;

impl FromRequestParts<Shared> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        match Caller::from_request_parts(parts, api).await? {
            Caller::Operator => Ok(Self),
            Caller::Person(_) => Err(RefusalCode::NotAdministrator.into()),
        }
    }
}

/// The id of this name in the path.
pub(super) async fn named<T: FromStr>(parts: &mut Parts, name: &str) -> Option<T> {
    let params = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    let found = params.iter().find(|(key, _)| *key == name)?;
    found.1.parse().ok()
}

/// The room that the path names as `group`.
#[derive(Debug)]
pub(super) struct Group(pub(super) crosstalk_protocol::ids::RoomId);

impl<S: Send + Sync> FromRequestParts<S> for Group {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        named(parts, "group").await.map(Self).ok_or_else(Problem::not_found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> Result<Option<String>, u16> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, line.parse().unwrap());
        }
        let token = bearer(&headers).map_err(|problem| problem.status().as_u16())?;
        Ok(token.map(|token| token.reveal().to_owned()))
    }

    #[test]
    fn one_bearer_token_or_none() {
        assert_eq!(said(&[]), Ok(None));
        assert_eq!(said(&["Bearer abc"]), Ok(Some("abc".to_owned())));
        assert_eq!(said(&["bearer  abc"]), Ok(Some("abc".to_owned())));
        assert_eq!(said(&["Basic abc"]), Err(401));
        assert_eq!(said(&["Bearer"]), Err(401));
        assert_eq!(said(&["Bearer a", "Bearer b"]), Err(400));
    }

    #[test]
    fn who_administers_nothing_learns_nothing() {
        let (own, other) = (CompanyId::of_bytes([1; 16]), CompanyId::of_bytes([2; 16]));
        let user = UserId::of_bytes([3; 16]);
        let person = |administrator, guest| {
            Caller::Person(SignIn { user, company: own, administrator, guest })
        };
        let status = |caller: &Caller, company| {
            caller.governs(company).map_err(|problem| problem.status().as_u16())
        };
        assert_eq!(status(&Caller::Operator, other), Ok(Actor::Operator));
        assert_eq!(status(&person(true, false), own), Ok(Actor::Administrator(user)));
        assert_eq!(status(&person(true, false), other), Err(404));
        for company in [own, other] {
            assert_eq!(status(&person(false, false), company), Err(403));
            assert_eq!(status(&person(true, true), company), Err(403));
        }
    }
}
