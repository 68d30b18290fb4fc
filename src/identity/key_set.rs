//! An issuer's keys, read strictly from a JWKS (RFC 7517).

use super::unauthenticated::Unauthenticated;
use crate::config::fixed::{KEY_SET_BYTES_MAX, KEYS_MAX};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::HashSet;
use zeroize::Zeroizing;

/// RFC 7518 3.3; what the signature library takes begins here too.
const RSA_BITS_MIN: usize = 2048;
/// RFC 7518 3.2: as long as the hash.
const SECRET_BYTES_MIN: usize = 32;
const ED25519_BYTES: usize = 32;

/// The keys of one issuer. Each is for exactly one algorithm, which follows from what kind of key it
/// is and never from a token: Ed25519 is for EdDSA, RSA for RS256, a secret (`oct`) for HS256.
#[derive(Debug, Clone)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// Why a JWKS is not taken. Keys are counted from 0.
#[derive(Debug, thiserror::Error)]
pub enum BadKeySet {
    /// It is longer than a key set may be.
    #[error("a key set may have {KEY_SET_BYTES_MAX} bytes")]
    TooLong,
    /// It is not `{"keys": […]}`.
    #[error("this is no JWKS, an object with a list `keys`: {0}")]
    NotJwks(serde_json::Error),
    /// It has more keys than a key set may have.
    #[error("a key set may have {KEYS_MAX} keys; leave out those no longer in use")]
    TooMany,
    /// A private key was given; whoever has it can sign in as anybody of the company.
    #[error("key {0} is a private key: make a new one, and give only its public part")]
    Private(usize),
    /// A key can be guessed.
    #[error(
        "key {0} is too weak: RSA keys have at least {RSA_BITS_MIN} bits, secrets {SECRET_BYTES_MIN} bytes"
    )]
    Weak(usize),
    /// A key lacks a part, or a part is not base64url or of the wrong length.
    #[error("key {0} lacks a part, or a part is not base64url of the right length")]
    Broken(usize),
    /// Two keys have the same `kid`.
    #[error("key {0} has the same `kid` as one before it; each needs its own")]
    SameId(usize),
    /// No key is for signatures that are taken.
    #[error("no key can be used: they are to be Ed25519, RSA (RS256) or `oct` (HS256) keys")]
    NoneUsable,
}

#[derive(Debug, Clone)]
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) material: DecodingKey,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    n: Option<String>,
    e: Option<String>,
    k: Option<String>,
    d: Option<IgnoredAny>,
}

impl KeySet {
    /// Reads a JWKS. Keys for other purposes and algorithms are passed over, since identity
    /// providers publish them in the same set; a key that is for us and not sound is an error.
    pub fn parse(json: &str) -> Result<Self, BadKeySet> {
        super::install_signatures();
        if json.len() > KEY_SET_BYTES_MAX {
            return Err(BadKeySet::TooLong);
        }
        let jwks: Jwks = serde_json::from_str(json).map_err(BadKeySet::NotJwks)?;
        if jwks.keys.len() > KEYS_MAX {
            return Err(BadKeySet::TooMany);
        }
        let mut keys = Vec::with_capacity(jwks.keys.len());
        let mut ids = HashSet::new();
        for (index, jwk) in jwks.keys.into_iter().enumerate() {
            let Some(key) = jwk.read(index)? else { continue };
            if key.id.clone().is_some_and(|id| !ids.insert(id)) {
                return Err(BadKeySet::SameId(index));
            }
            keys.push(key);
        }
        if keys.is_empty() { Err(BadKeySet::NoneUsable) } else { Ok(Self { keys }) }
    }

    /// The key that a token of this header is to be verified with.
    pub(super) fn choose(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&Key, Unauthenticated> {
        if let Some(id) = id {
            let named = self.keys.iter().find(|key| key.id.as_deref() == Some(id));
            let key = named.ok_or(Unauthenticated::UnknownKey)?;
            let fits = key.algorithm == algorithm;
            return if fits { Ok(key) } else { Err(Unauthenticated::WrongAlgorithm) };
        }
        let mut fitting = self.keys.iter().filter(|key| key.algorithm == algorithm);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(Unauthenticated::AmbiguousKey),
            (None, _) => Err(Unauthenticated::UnknownKey),
        }
    }
}

impl Jwk {
    /// The key, or nothing if it is not for signatures that are taken.
    fn read(self, index: usize) -> Result<Option<Key>, BadKeySet> {
        let verifies = |operations: &Vec<String>| operations.iter().any(|name| name == "verify");
        let signs = self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.key_ops.as_ref().is_none_or(verifies);
        let (algorithm, name) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => (Algorithm::EdDSA, "EdDSA"),
            ("RSA", _) => (Algorithm::RS256, "RS256"),
            ("oct", _) => (Algorithm::HS256, "HS256"),
            _ => return Ok(None),
        };
        // Said even of a key that is for another purpose: it has leaked all the same.
        if self.d.is_some() {
            return Err(BadKeySet::Private(index));
        }
        if !signs || self.alg.as_deref().is_some_and(|said| said != name) {
            return Ok(None);
        }
        let material = match name {
            "EdDSA" => read_ed25519(self.x.as_deref(), index),
            "RS256" => read_rsa(self.n.as_deref(), self.e.as_deref(), index),
            _ => read_secret(self.k.as_deref(), index),
        }?;
        Ok(Some(Key { id: self.kid, algorithm, material }))
    }
}

fn read_ed25519(x: Option<&str>, index: usize) -> Result<DecodingKey, BadKeySet> {
    let point = decode(x, index)?;
    let whole = point.len() == ED25519_BYTES;
    if whole { Ok(DecodingKey::from_ed_der(&point)) } else { Err(BadKeySet::Broken(index)) }
}

fn read_rsa(n: Option<&str>, e: Option<&str>, index: usize) -> Result<DecodingKey, BadKeySet> {
    let (modulus, exponent) = (decode(n, index)?, decode(e, index)?);
    let zeros: usize = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(zeros).map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = (modulus.len() - zeros) * 8 - first;
    if bits < RSA_BITS_MIN {
        return Err(BadKeySet::Weak(index));
    }
    Ok(DecodingKey::from_rsa_raw_components(modulus.get(zeros..).unwrap_or_default(), &exponent))
}

fn read_secret(k: Option<&str>, index: usize) -> Result<DecodingKey, BadKeySet> {
    let secret = decode(k, index)?;
    let long = secret.len() >= SECRET_BYTES_MIN;
    if long { Ok(DecodingKey::from_secret(&secret)) } else { Err(BadKeySet::Weak(index)) }
}

fn decode(part: Option<&str>, index: usize) -> Result<Zeroizing<Vec<u8>>, BadKeySet> {
    let text = part.filter(|text| !text.is_empty()).ok_or(BadKeySet::Broken(index))?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadKeySet::Broken(index))?;
    Ok(Zeroizing::new(bytes))
}
