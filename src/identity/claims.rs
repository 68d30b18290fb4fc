//! What a token says, and whether that holds now.

use super::issuers::{Issuer, Realm};
use super::unauthenticated::Unauthenticated;
use crate::authority::Time;
use crate::config::fixed::{
    ADDRESS_BYTES_MAX, PERSON_NAME_CHARACTERS_MAX, SUBJECT_BYTES_MAX, TOKEN_ID_BYTES_MAX,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

const MICROS: i64 = 1_000_000;
const YEAR_10000: i64 = 253_402_300_800 * MICROS;

/// Who a verified token speaks of.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims {
    /// Of which company, or whether an operator or a guest: decided by the issuer alone.
    pub realm: Realm,
    /// Who, among those of the realm.
    pub subject: String,
    /// When the token was made. It may be cut to whole seconds, so it is never later than in truth:
    /// of a sign-in revoked in the same second, compare `issued_at <= revoked_at` and err by refusing.
    pub issued_at: Time,
    /// When it ends, leeway not counted.
    pub expires_at: Time,
    /// The token's own id (`jti`).
    pub token_id: Option<String>,
    /// How the person is called, for one who is made at his first sign-in. Cut to 100 characters.
    pub name: Option<String>,
    /// The exact address that others find him by, if the issuer vouches for it.
    pub address: Option<String>,
}

/// The claims as they stand in the token.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct RawClaims {
    pub(super) iss: Option<String>,
    pub(super) sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aud: Option<OneOrMany>,
    pub(super) iat: Option<NumericDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<NumericDate>,
    pub(super) exp: Option<NumericDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email_verified: Option<bool>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Seconds since 1970, whole or not (RFC 7519 2).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Number", into = "f64")]
pub(super) struct NumericDate(pub(super) Time);

impl RawClaims {
    /// What they say, if it holds now.
    pub(super) fn check(
        self,
        (realm, issuer): (Realm, &Issuer),
        now: Time,
        leeway: Duration,
    ) -> Result<Claims, Unauthenticated> {
        self.check_audience(issuer.audience())?;
        let (issued_at, expires_at) = self.check_times(now, leeway)?;
        let vouched = self.email_verified != Some(false);
        Ok(Claims {
            realm,
            subject: self.sub.filter(|sub| fits(sub)).ok_or(Unauthenticated::BadSubject)?,
            issued_at,
            expires_at,
            token_id: self.jti.filter(|id| id.len() <= TOKEN_ID_BYTES_MAX),
            name: self.name.as_deref().and_then(presentable),
            address: self.email.filter(|address| {
                vouched && is_plain(address) && address.len() <= ADDRESS_BYTES_MAX
            }),
        })
    }

    fn check_audience(&self, ours: Option<&str>) -> Result<(), Unauthenticated> {
        let said: &[String] = match &self.aud {
            None => &[],
            Some(OneOrMany::One(one)) => std::slice::from_ref(one),
            Some(OneOrMany::Many(many)) => many,
        };
        let meant = match ours {
            Some(ours) => said.iter().any(|name| name == ours),
            // RFC 7519 4.1.3: who does not find himself in the audience refuses the token.
            None => self.aud.is_none(),
        };
        if meant { Ok(()) } else { Err(Unauthenticated::WrongAudience) }
    }

    fn check_times(&self, now: Time, leeway: Duration) -> Result<(Time, Time), Unauthenticated> {
        let leeway = i64::try_from(leeway.as_micros()).unwrap_or(i64::MAX);
        let is_future = |date: NumericDate| date.0.0.saturating_sub(now.0) > leeway;
        let expiry = self.exp.ok_or(Unauthenticated::NoExpiry)?;
        if now.0.saturating_sub(expiry.0.0) >= leeway {
            return Err(Unauthenticated::Expired);
        }
        let issued = self.iat.ok_or(Unauthenticated::NoIssueTime)?;
        if is_future(issued) {
            return Err(Unauthenticated::IssuedInFuture);
        }
        if self.nbf.is_some_and(is_future) {
            return Err(Unauthenticated::NotYetValid);
        }
        Ok((issued.0, expiry.0))
    }
}

/// Whether a subject can be kept as a key: short, not empty, nothing invisible in it.
fn fits(subject: &str) -> bool {
    subject.len() <= SUBJECT_BYTES_MAX && is_plain(subject)
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// The name, without what would spoil a line; a name that is too long locks nobody out.
fn presentable(name: &str) -> Option<String> {
    let visible = name.trim().chars().filter(|c| !c.is_control());
    let name: String = visible.take(PERSON_NAME_CHARACTERS_MAX).collect();
    (!name.is_empty()).then_some(name)
}

impl TryFrom<serde_json::Number> for NumericDate {
    type Error = &'static str;

    fn try_from(number: serde_json::Number) -> Result<Self, Self::Error> {
        let whole = number.as_i64().and_then(|seconds| seconds.checked_mul(MICROS));
        #[expect(clippy::cast_possible_truncation, reason = "a float cast to an integer saturates")]
        let broken = || number.as_f64().map(|seconds| (seconds * 1e6).floor() as i64);
        let micros = whole.or_else(broken).filter(|micros| (0..YEAR_10000).contains(micros));
        // Some make their tokens with milliseconds; such a one would be good for 50,000 years.
        micros.map(|micros| Self(Time(micros))).ok_or("seconds since 1970, before the year 10000")
    }
}

impl From<NumericDate> for f64 {
    fn from(date: NumericDate) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of our age fit in 53 bits")]
        let micros = date.0.0 as Self;
        micros / 1e6
    }
}

/// Who it is about stands in no log.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("realm", &self.realm)
            .field("issued_at", &self.issued_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
