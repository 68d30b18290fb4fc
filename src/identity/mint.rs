//! Making tokens: for guests, in the server's own name (R33), and for developers.
//!
//! The key is one file that only its owner can read. Whoever has it can be anybody of the realm
//! that trusts it.

use super::claims::{NumericDate, OneOrMany, RawClaims};
use super::token::Token;
use crate::authority::Time;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The private key's file in its directory, PKCS#8.
pub const PRIVATE_FILE: &str = "signing-key.pk8";
/// The public key's file beside it, a JWKS: what is registered with a company.
pub const PUBLIC_FILE: &str = "jwks.json";

/// A key that signs tokens (EdDSA).
pub struct Mint {
    signing: EncodingKey,
    id: String,
    point: String,
}

/// What a token shall say.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// In whose name (`iss`).
    pub issuer: &'a str,
    /// For whom (`aud`).
    pub audience: Option<&'a str>,
    /// Of whom (`sub`).
    pub subject: &'a str,
    /// How he is called.
    pub name: Option<&'a str>,
    /// His exact address.
    pub address: Option<&'a str>,
    /// When it is made.
    pub issued_at: Time,
    /// How long it is good.
    pub lifetime: Duration,
}

/// Why there is no key, or no token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read or written.
    #[error("{}: {problem}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: io::Error,
    },
    /// Others than its owner can read the private key.
    #[error("{} can be read by others: make a new key, or `chmod 600` it if nobody has", .0.display())]
    Readable(PathBuf),
    /// The file holds no Ed25519 key.
    #[error("{} holds no Ed25519 key (PKCS#8)", .0.display())]
    NotAKey(PathBuf),
    /// The system has no randomness, or the library failed.
    #[error("no key or signature could be made")]
    Failed,
}

impl Mint {
    /// Makes a new key in a directory, which is made too. A key that is there stays, and it is an
    /// error: tokens signed with it would be lost.
    pub fn create(directory: &Path) -> Result<Self, Error> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        let pkcs8 = pkcs8.map_err(|_| Error::Failed)?;
        let private = directory.join(PRIVATE_FILE);
        let mint = Self::of_pkcs8(pkcs8.as_ref()).ok_or(Error::Failed)?;
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(at(directory))?;
        write(&private, 0o600, pkcs8.as_ref()).map_err(at(&private))?;
        let public = directory.join(PUBLIC_FILE);
        write(&public, 0o644, mint.jwks().as_bytes()).map_err(at(&public))?;
        File::open(directory).and_then(|folder| folder.sync_all()).map_err(at(directory))?;
        Ok(mint)
    }

    /// The key that was made in this directory.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(PRIVATE_FILE);
        let mut file = File::open(&path).map_err(at(&path))?;
        if file.metadata().map_err(at(&path))?.mode() & 0o077 != 0 {
            return Err(Error::Readable(path));
        }
        let mut pkcs8 = Zeroizing::new(Vec::new());
        file.read_to_end(&mut pkcs8).map_err(at(&path))?;
        Self::of_pkcs8(&pkcs8).ok_or(Error::NotAKey(path))
    }

    /// The key of this directory, made at the first time.
    pub fn open_or_create(directory: &Path) -> Result<Self, Error> {
        match Self::open(directory) {
            Err(Error::File { problem, .. }) if problem.kind() == io::ErrorKind::NotFound => {
                match Self::create(directory) {
                    // Of two nodes that start at once the other was quicker.
                    Err(Error::File { problem, .. })
                        if problem.kind() == io::ErrorKind::AlreadyExists =>
                    {
                        Self::open(directory)
                    }
                    created => created,
                }
            }
            opened => opened,
        }
    }

    /// Its public part, as a JWKS of one key.
    pub fn jwks(&self) -> String {
        let key = serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
            "kid": self.id, "x": self.point,
        });
        serde_json::json!({ "keys": [key] }).to_string()
    }

    /// A token that says so, in microseconds: who was signed out may be signed in again at once.
    pub fn sign(&self, grant: &Grant<'_>) -> Result<Token, Error> {
        let lifetime = i64::try_from(grant.lifetime.as_micros()).unwrap_or(i64::MAX);
        let expiry = Time(grant.issued_at.0.saturating_add(lifetime));
        let claims = RawClaims {
            iss: Some(grant.issuer.to_owned()),
            sub: Some(grant.subject.to_owned()),
            aud: grant.audience.map(|name| OneOrMany::One(name.to_owned())),
            iat: Some(NumericDate(grant.issued_at)),
            exp: Some(NumericDate(expiry)),
            name: grant.name.map(str::to_owned),
            email: grant.address.map(str::to_owned),
            ..RawClaims::default()
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.id.clone());
        let text = jsonwebtoken::encode(&header, &claims, &self.signing);
        text.map(Token::from).map_err(|_| Error::Failed)
    }

    fn of_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        super::install_signatures();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
        let point = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        // The thumbprint of RFC 7638: the required members, in the order of their names.
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{point}"}}"#);
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()));
        Some(Self { signing: EncodingKey::from_ed_der(pkcs8), id, point })
    }
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mint").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Writes a file that was not there, whole or not at all: a half-written key would stop every later
/// start. The directory's own entry is the caller's to sync.
fn write(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_added_extension(Uuid::new_v4().simple().to_string());
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        // A link, unlike a rename, never replaces what is there.
        .and_then(|()| fs::hard_link(&unfinished, path));
    fs::remove_file(&unfinished)?;
    written
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |problem| Error::File { path, problem }
}
