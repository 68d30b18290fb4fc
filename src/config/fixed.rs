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
/// The longest lease of a node, in milliseconds: so long a removal waits where nobody can be asked how
/// long the others' last.
pub const LEASE_MILLISECONDS_MAX: u64 = 60_000;
/// How long a connection to the database server may take, in seconds: two fit into the first request of
/// who waits for it.
pub const DATABASE_CONNECT_SECONDS: u64 = 5;
/// After so long a silence a connection to the database server is given up, in seconds: the network or
/// the machine is gone. Until then leases have run out, and nothing is handed out.
pub const DATABASE_SILENT_SECONDS: u64 = 10;
/// The longest that one statement may run, in seconds; ours take milliseconds.
pub const DATABASE_STATEMENT_SECONDS: u64 = 10;
/// The longest that one statement waits for another node's transaction, in seconds.
pub const DATABASE_LOCK_SECONDS: u64 = 5;
/// After so long without a statement a transaction is ended by the server, in seconds: its process hangs,
/// and the other nodes wait for their turn.
pub const DATABASE_IDLE_SECONDS: u64 = 2;
/// So many commits of entries, cuts and notices a node may be behind; one that is further behind sends
/// who is there away and begins anew, as they read what they missed anyway. About a second at the
/// highest rate at which a store is written.
pub const BEHIND_MAX: u64 = 20_000;
/// How long a connection to the bus of hints may take, in seconds.
pub const HINTS_CONNECT_SECONDS: u64 = 2;
/// How long the bus may take to answer, in seconds: it answers in less than a millisecond, and nothing
/// waits for it.
pub const HINTS_ANSWER_SECONDS: u64 = 2;
/// So many hints that came may wait to be heard; where there are more, the store is looked at instead.
pub const HINTS_WAITING_MAX: usize = 4_096;
