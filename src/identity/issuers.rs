//! Whose tokens are taken, and for whom.

use super::key_set::KeySet;
use crate::config::fixed::ISSUER_BYTES_MAX;
use arc_swap::ArcSwap;
use crosstalk_protocol::ids::CompanyId;
use std::collections::HashMap;
use std::sync::Arc;

/// For whom an issuer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Realm {
    /// The users of one company, administrators included.
    Company(CompanyId),
    /// The operators of the server.
    Operators,
    /// Guests; their issuer is the server itself (R33).
    Guests,
}

/// Who signs tokens, and how they are known.
#[derive(Debug, Clone)]
pub struct Issuer {
    name: String,
    audience: Option<String>,
    keys: KeySet,
}

/// An issuer whose name or audience is empty or longer than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an issuer and an audience have 1 to {ISSUER_BYTES_MAX} bytes")]
pub struct BadIssuer;

/// The name (`iss`) is another realm's already: two companies can't share one, because it is what
/// tells their people apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this issuer speaks for somebody else already; each company needs one of its own")]
pub struct Taken;

/// The issuers known to this node, one a realm. Verifying reads a snapshot and waits for nobody.
#[derive(Debug, Default)]
pub struct Issuers {
    by_name: ArcSwap<HashMap<String, Entry>>,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) realm: Realm,
    pub(super) issuer: Arc<Issuer>,
}

impl Issuer {
    /// An issuer that is known by `name` (the token's `iss`) and these keys. Without an audience, a
    /// token that names one was made for somebody else and is refused.
    pub fn new(name: String, audience: Option<String>, keys: KeySet) -> Result<Self, BadIssuer> {
        let fits = |text: &str| !text.is_empty() && text.len() <= ISSUER_BYTES_MAX;
        if fits(&name) && audience.as_deref().is_none_or(fits) {
            Ok(Self { name, audience, keys })
        } else {
            Err(BadIssuer)
        }
    }

    /// The `iss` of its tokens.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `aud` of its tokens.
    pub fn audience(&self) -> Option<&str> {
        self.audience.as_deref()
    }

    /// Its keys.
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }
}

impl Issuers {
    /// From now on `issuer` speaks for `realm`, and the one before no longer.
    ///
    /// # Errors
    /// [`Taken`] if another realm has an issuer of this name; then nothing is changed.
    pub fn register(&self, realm: Realm, issuer: Issuer) -> Result<(), Taken> {
        let issuer = Arc::new(issuer);
        let before = self.by_name.rcu(|known| {
            if is_taken(known, realm, issuer.name()) {
                return Arc::clone(known);
            }
            let mut next = without(known, realm);
            next.insert(issuer.name.clone(), Entry { realm, issuer: Arc::clone(&issuer) });
            Arc::new(next)
        });
        if is_taken(&before, realm, issuer.name()) { Err(Taken) } else { Ok(()) }
    }

    /// From now on nobody speaks for `realm`: an ended company's tokens are nothing (R19).
    pub fn end(&self, realm: Realm) {
        self.by_name.rcu(|known| without(known, realm));
    }

    /// Whom this `iss` speaks for.
    pub(super) fn find(&self, name: &str) -> Option<Entry> {
        self.by_name.load().get(name).cloned()
    }
}

fn is_taken(known: &HashMap<String, Entry>, realm: Realm, name: &str) -> bool {
    known.get(name).is_some_and(|entry| entry.realm != realm)
}

fn without(known: &HashMap<String, Entry>, realm: Realm) -> HashMap<String, Entry> {
    let others = known.iter().filter(|(_, entry)| entry.realm != realm);
    others.map(|(name, entry)| (name.clone(), entry.clone())).collect()
}
