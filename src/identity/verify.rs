//! Verifying a token.

use super::claims::{Claims, RawClaims};
use super::issuers::Issuers;
use super::token::Token;
use super::unauthenticated::Unauthenticated;
use crate::authority::Time;
use crate::config::fixed::TOKEN_BYTES_MAX;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::time::Duration;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl Issuers {
    /// Who the token speaks of, at `now`, with clocks up to `leeway` apart.
    ///
    /// What is read before the signature serves only to find the key; every claim that is answered
    /// comes from the verified text.
    pub fn verify(
        &self,
        token: &Token,
        now: Time,
        leeway: Duration,
    ) -> Result<Claims, Unauthenticated> {
        let text = token.reveal();
        if text.len() > TOKEN_BYTES_MAX {
            return Err(Unauthenticated::TooLong);
        }
        let (header, unverified) = read(text)?;
        if header.crit.is_some() {
            return Err(Unauthenticated::CriticalExtension);
        }
        let name = unverified.iss.ok_or(Unauthenticated::UnknownIssuer)?;
        let entry = self.find(&name).ok_or(Unauthenticated::UnknownIssuer)?;
        let algorithm = algorithm(&header.alg)?;
        let key = entry.issuer.keys().choose(header.kid.as_deref(), algorithm)?;
        let verified = jsonwebtoken::decode::<RawClaims>(text, &key.material, &only(key.algorithm))
            .map_err(|_| Unauthenticated::BadSignature)?;
        verified.claims.check((entry.realm, &entry.issuer), now, leeway)
    }
}

/// The three algorithms that are taken. `none` is no algorithm.
fn algorithm(name: &str) -> Result<Algorithm, Unauthenticated> {
    match name {
        "EdDSA" => Ok(Algorithm::EdDSA),
        "RS256" => Ok(Algorithm::RS256),
        "HS256" => Ok(Algorithm::HS256),
        _ => Err(Unauthenticated::WrongAlgorithm),
    }
}

/// The library checks the signature by this algorithm and nothing else: it would ask the machine's
/// clock for the times, and the claims are checked here.
fn only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn read(text: &str) -> Result<(Header, RawClaims), Unauthenticated> {
    let mut parts = text.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(claims), Some(_), None) => Ok((part(header)?, part(claims)?)),
        _ => Err(Unauthenticated::Malformed),
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, Unauthenticated> {
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unauthenticated::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| Unauthenticated::Malformed)
}
