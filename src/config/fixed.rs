//! Limits that are no settings: nobody needs to turn them, and a foreign one could hurt by being
//! large.

/// The longest token, in bytes. It comes in a header or the first frame, before anybody is known.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// The longest JWKS, in bytes.
pub const KEY_SET_BYTES_MAX: usize = 64 * 1024;
/// The most keys in one JWKS: each token without a `kid` looks at all of them.
pub const KEYS_MAX: usize = 16;
/// The longest `iss` and `aud`, in bytes.
pub const ISSUER_BYTES_MAX: usize = 255;
/// The longest `sub`, in bytes; OpenID Connect allows no longer ones either.
pub const SUBJECT_BYTES_MAX: usize = 255;
/// The longest `jti` that is kept, in bytes.
pub const TOKEN_ID_BYTES_MAX: usize = 255;
/// The longest address of a person, in bytes (RFC 5321).
pub const ADDRESS_BYTES_MAX: usize = 254;
/// The longest name of a person, in characters; the rest of a longer one is left out.
pub const PERSON_NAME_CHARACTERS_MAX: usize = 100;
/// The longest configuration file, in bytes.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The longest body of a request over HTTP that is no file, in bytes: a JWKS and what goes around it.
pub const API_BODY_BYTES_MAX: usize = 128 * 1024;
/// The longest head of an HTTP request, in bytes: a token and what proxies add.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
