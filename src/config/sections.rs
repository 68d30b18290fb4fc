//! The settings that are no limits, by concern.

use super::section::section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

section! {
    /// Where clients connect.
    Listen {
        /// Address and port. By default nobody else can reach it, so that a first try is safe.
        address: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 7600));
        /// Whether a proxy in front ends TLS. Without it only a loopback address is listened on:
        /// tokens and messages would cross the network readable.
        tls_in_front: bool = false;
    }
}

section! {
    /// Where things are kept.
    Data {
        /// The directory of the database and the files.
        directory: PathBuf = PathBuf::from("data");
        /// The directory of the room keys; `keys` in the directory above when not set. Put it on
        /// another disk, and never in the same backup: a deletion destroys the key, and a backup that
        /// holds both would bring the content back.
        #[schemars(example = &"/srv/crosstalk-keys")]
        keys_directory: Option<PathBuf> = None;
    }
}

impl Data {
    /// The directory of the room keys.
    pub fn keys(&self) -> PathBuf {
        self.keys_directory.clone().unwrap_or_else(|| self.directory.join("keys"))
    }
}

section! {
    /// Where the database is.
    Store {
        /// The address of a PostgreSQL server (15 or newer), as its own tools write it. Not set, the
        /// database is a file in `data.directory`, of one process; set, any number of nodes share the
        /// server. They share `data.keys_directory` as well: it has to be on a volume of all of them.
        #[schemars(example = &"host=db.example.com user=crosstalk dbname=crosstalk")]
        server: Option<String> = None;
        /// A file that holds the password for it, so that no secret stands in the settings.
        #[schemars(example = &"/etc/crosstalk/database-password")]
        password_file: Option<PathBuf> = None;
        /// The certificates (PEM) of who may vouch for it. Set, it is spoken to over TLS only, and has to
        /// be the one that its address says.
        #[schemars(example = &"/etc/crosstalk/database-ca.pem")]
        ca_file: Option<PathBuf> = None;
        /// What people call this node.
        node: String = "node".to_owned();
        /// So long a node hands out content after it last said that it goes on, in milliseconds; and so
        /// long, and a tenth more, a removal waits for a node that is gone. All nodes have the same.
        lease_milliseconds: u64 = 3_000, 300 to 60_000;
        /// How often a node looks for what others have written where no hints are heard, in milliseconds:
        /// so late a message of another node comes at most.
        sweep_milliseconds: u64 = 25, 1 to 1_000;
    }
}

section! {
    /// Over what nodes that share a store tell each other early. Nothing depends on it: without, another
    /// node's messages come a sweep later, and signs (typing, read marks) stay at their node.
    Hints {
        /// The address of a Redis server (7 or newer), as its own tools write it; `rediss://` for TLS.
        #[schemars(example = &"redis://crosstalk@redis.example.com:6379")]
        server: Option<String> = None;
        /// A file that holds the password for it, so that no secret stands in the settings.
        #[schemars(example = &"/etc/crosstalk/redis-password")]
        password_file: Option<PathBuf> = None;
        /// The certificates (PEM) of who may vouch for it, where the system's do not.
        #[schemars(example = &"/etc/crosstalk/redis-ca.pem")]
        ca_file: Option<PathBuf> = None;
        /// How often a node looks for what others have written while hints are heard, in milliseconds: so
        /// late something comes of which the hint was lost.
        sweep_milliseconds: u64 = 250, 1 to 1_000;
    }
}

section! {
    /// From which pages browsers may connect.
    Origins {
        /// Scheme, host and port of each, exactly as a browser sends them in `Origin`. A browser with
        /// another one is refused; programs send none, and are not concerned.
        #[schemars(example = &["https://chat.example.com"])]
        allowed: Vec<String> = Vec::new();
    }
}

section! {
    /// Who runs the server (R34). Without an issuer nobody can act as an operator.
    Operators {
        /// The `iss` of operators' tokens.
        #[schemars(example = &"https://login.example.com/operators")]
        issuer: Option<String> = None;
        /// The `aud` of operators' tokens. Without it, a token that names one is refused.
        #[schemars(example = &"crosstalk")]
        audience: Option<String> = None;
        /// The file of the issuer's public keys, a JWKS. `crosstalk token --new-key DIR` makes one.
        #[schemars(example = &"/etc/crosstalk/operators.jwks.json")]
        keys_file: Option<PathBuf> = None;
    }
}

section! {
    /// What the server says about itself. Never content, tokens or names.
    Log {
        /// `human`, `json` (one object a line), or `auto`: human on a terminal, JSON otherwise.
        format: LogFormat = LogFormat::Auto;
        /// `error`, `warn`, `info`, `debug` or `trace`, also by part: `info,crosstalk::hub=debug`.
        level: String = "info".to_owned();
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Human on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}
