//! Keeps the issuers that are known to this node in step with the directory (R34).

use crate::directory::{CompanyRecord, Directory};
use crate::identity::{Issuer, Issuers, KeySet, Realm};
use crate::timeline::Error;
use crosstalk_protocol::ids::CompanyId;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The `iss` of guests' tokens: the server itself (R33).
pub const GUEST_ISSUER: &str = "urn:crosstalk:guests";

/// Whose tokens are taken, as the directory says.
pub struct Registry {
    issuers: Arc<Issuers>,
    directory: Arc<dyn Directory>,
    /// The operators' issuer, which no company can take.
    operators: Option<String>,
    known: Mutex<HashMap<CompanyId, Known>>,
}

/// What is registered of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    issuer: String,
    audience: Option<String>,
    keys: String,
}

impl Registry {
    /// A registry that knows no company yet: [`Registry::refresh`] it.
    pub fn new(
        issuers: Arc<Issuers>,
        directory: Arc<dyn Directory>,
        operators: Option<String>,
    ) -> Self {
        Self { issuers, directory, operators, known: Mutex::default() }
    }

    /// The issuers, for verifying.
    pub fn issuers(&self) -> &Issuers {
        &self.issuers
    }

    /// Whether an issuer's name is the server's or the operators', which no company may have.
    pub fn is_reserved(&self, issuer: &str) -> bool {
        issuer == GUEST_ISSUER || self.operators.as_deref() == Some(issuer)
    }

    /// Takes over what the directory says now: from then on the old keys are nothing.
    ///
    /// # Errors
    /// [`Error`] if the directory can't be read.
    pub async fn refresh(&self) -> Result<(), Error> {
        // Read inside: of two refreshes the later one must not take over the older list.
        let mut known = self.known.lock().await;
        let wanted: HashMap<CompanyId, Known> =
            self.directory.companies().await?.into_iter().filter_map(live).collect();
        // First all that goes, so that a name which one company gave up is free for another.
        known.retain(|company, now| {
            let stays = wanted.get(company).is_some_and(|wanted| wanted.issuer == now.issuer);
            if !stays {
                self.issuers.end(Realm::Company(*company));
            }
            stays
        });
        for (company, wanted) in wanted {
            if known.get(&company) != Some(&wanted) && self.register(company, &wanted) {
                known.insert(company, wanted);
            }
        }
        Ok(())
    }

    fn register(&self, company: CompanyId, wanted: &Known) -> bool {
        let issuer = KeySet::parse(&wanted.keys).ok().and_then(|keys| {
            Issuer::new(wanted.issuer.clone(), wanted.audience.clone(), keys).ok()
        });
        let realm = Realm::Company(company);
        let taken = issuer.map(|issuer| self.issuers.register(realm, issuer).is_err());
        if taken != Some(false) {
            // What was checked before it was stored can fail here only after a change of settings.
            tracing::error!(company.id = %company, "a company's issuer can't be used; set it anew");
            self.issuers.end(realm);
        }
        taken == Some(false)
    }
}

/// What a company's issuer is to be; nothing where the company was ended (R19) or has none.
fn live(company: CompanyRecord) -> Option<(CompanyId, Known)> {
    if company.company.ended {
        return None;
    }
    let (issuer, keys) = (company.record.issuer?, company.record.keys?);
    Some((company.company.id, Known { issuer, audience: company.record.audience, keys }))
}
