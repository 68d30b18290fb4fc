//! Where a PostgreSQL server is, and how it is spoken to.

use super::{Error, Result};
use crate::config::fixed::{
    DATABASE_CONNECT_SECONDS, DATABASE_IDLE_SECONDS, DATABASE_LOCK_SECONDS,
    DATABASE_SILENT_SECONDS, DATABASE_STATEMENT_SECONDS,
};
use crate::mutants::{self, Mutant};
use ::postgres::config::{SslMode, TargetSessionAttrs};
use ::postgres::{Client, Config, NoTls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Why an address can't be used. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It can't be read.
    #[error(
        "store.server is no address of a PostgreSQL server ({0}): write it as host=db user=crosstalk dbname=crosstalk"
    )]
    Unreadable(String),
    /// TLS without knowing whom to trust.
    #[error(
        "store.server asks for TLS: set store.ca_file to the certificates of who may vouch for the server"
    )]
    NobodyVouches,
    /// TLS is both wanted and not.
    #[error("store.server says sslmode=disable, and store.ca_file is set: take one of them away")]
    TlsDisabled,
    /// The certificates can't be read.
    #[error("store.ca_file {0} can't be used ({1}): it has to hold certificates in PEM")]
    Certificates(PathBuf, String),
}

/// Where a PostgreSQL server is, and how it is spoken to. All clones speak to a server with one history.
#[derive(Clone)]
pub struct Address {
    config: Box<Config>,
    tls: Option<MakeRustlsConnect>,
    met: Arc<OnceLock<History>>,
}

/// Which server it is, and how often it, or whom it follows, was promoted or restored.
#[derive(Debug, Clone, PartialEq, Eq)]
struct History {
    system: i64,
    timeline: String,
}

/// What tells a server's history; the first part of the name of its log is its timeline.
const HISTORY: &str = "SELECT (SELECT system_identifier FROM pg_control_system()), \
     substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";

impl Address {
    /// The address as `libpq` writes it; with certificates of who may vouch for the server, it is
    /// spoken to over TLS only, and has to be the one that it is called.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn new(text: &str, vouching: Option<&Path>) -> std::result::Result<Self, AddressError> {
        let mut config: Config = text
            .parse()
            .map_err(|error: ::postgres::Error| AddressError::Unreadable(error.to_string()))?;
        let tls = match (vouching, config.get_ssl_mode()) {
            (Some(_), SslMode::Disable) => return Err(AddressError::TlsDisabled),
            (Some(file), _) => {
                config.ssl_mode(SslMode::Require);
                Some(MakeRustlsConnect::new(trusting(file)?))
            }
            (None, SslMode::Disable | SslMode::Prefer) => None,
            (None, _) => return Err(AddressError::NobodyVouches),
        };
        be_impatient(&mut config);
        // A standby shows what was, and nobody was removed there yet.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_application_name().is_none() {
            config.application_name("crosstalk");
        }
        Ok(Self { config: Box::new(config), tls, met: Arc::default() })
    }

    /// The same with a password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// A session, which knows our schema.
    ///
    /// # Errors
    /// [`Error::OtherHistory`] where it is another server than before, or one that was promoted or
    /// restored meanwhile: it may have lost what was acknowledged, a removal for one.
    pub(super) fn connect(&self) -> Result<Client> {
        let mut client = match &self.tls {
            Some(tls) => self.config.connect(tls.clone())?,
            None => self.config.connect(NoTls)?,
        };
        client.batch_execute(&settings())?;
        let row = client.query_one(HISTORY, &[])?;
        let history = History { system: row.try_get(0)?, timeline: row.try_get(1)? };
        let is_the_same = *self.met.get_or_init(|| history.clone()) == history;
        if is_the_same || mutants::is(Mutant::HistoryNotCompared) {
            return Ok(client);
        }
        Err(Error::OtherHistory)
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It leaves the password out.
        f.debug_tuple("Address").field(&*self.config).finish()
    }
}

/// A server that is silent is given up in time, unless the address says otherwise.
fn be_impatient(config: &mut Config) {
    let silent = Duration::from_secs(DATABASE_SILENT_SECONDS);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(DATABASE_CONNECT_SECONDS));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(silent);
    }
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config.keepalives_idle(silent / 2);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(silent / 4);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(2);
    }
}

/// What a session is told at its start. Plans are made once for all values. A transaction whose
/// process hangs must not keep the others waiting; what was answered must be on the disk.
fn settings() -> String {
    format!(
        "SET plan_cache_mode = force_generic_plan; SET jit = off; \
         SET statement_timeout = '{DATABASE_STATEMENT_SECONDS}s'; \
         SET lock_timeout = '{DATABASE_LOCK_SECONDS}s'; \
         SET idle_in_transaction_session_timeout = '{DATABASE_IDLE_SECONDS}s'; \
         SET search_path = crosstalk; SET client_min_messages = warning; \
         SELECT set_config('synchronous_commit', 'on', false) \
         WHERE current_setting('synchronous_commit') = 'off'"
    )
}

/// TLS that takes a server for whom these certificates vouch.
fn trusting(file: &Path) -> std::result::Result<ClientConfig, AddressError> {
    let bad = |why: String| AddressError::Certificates(file.to_owned(), why);
    let read = CertificateDer::pem_file_iter(file).map_err(|error| bad(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in read {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("there is none in it".to_owned()));
    }
    let provider = rustls::crypto::aws_lc_rs::default_provider().into();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, vouching: Option<&Path>) -> String {
        Address::new(text, vouching).unwrap_err().to_string()
    }

    #[test]
    fn what_the_address_leaves_open_is_limited() {
        let address = Address::new("host=db user=crosstalk", None).unwrap();
        assert_eq!(address.config.get_connect_timeout(), Some(&Duration::from_secs(5)));
        assert_eq!(address.config.get_tcp_user_timeout(), Some(&Duration::from_secs(10)));
        assert_eq!(address.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        let said =
            Address::new("host=db connect_timeout=1 target_session_attrs=any", None).unwrap();
        assert_eq!(said.config.get_connect_timeout(), Some(&Duration::from_secs(1)));
        assert_eq!(said.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
    }

    #[test]
    fn a_bad_address_is_told_with_what_to_do() {
        assert!(refused("host", None).contains("host=db user=crosstalk"));
        assert!(refused("host=db sslmode=require", None).contains("store.ca_file"));
        let nothing = tempfile::NamedTempFile::new().unwrap();
        assert!(refused("host=db", Some(nothing.path())).contains("PEM"));
        assert!(refused("host=db sslmode=disable", Some(nothing.path())).contains("take one"));
        assert!(refused("host=db", Some(Path::new("/nowhere"))).contains("/nowhere"));
    }

    #[test]
    fn nobody_reads_the_password_in_a_log() {
        let address = Address::new("host=db", None).unwrap().with_password("it's a \\ secret");
        assert_eq!(address.config.get_password(), Some(b"it's a \\ secret".as_slice()));
        assert!(!format!("{address:?}").contains("secret"));
    }

    #[expect(clippy::disallowed_methods, reason = "where the server is, who starts it says")]
    fn said(name: &str) -> String {
        std::env::var(name).expect("make test-postgres says it")
    }

    #[test]
    #[ignore = "needs a PostgreSQL server: make test-postgres"]
    fn over_tls_it_has_to_be_the_server_that_is_meant() {
        let (text, authorities) = (said("CROSSTALK_TEST_TLS"), said("CROSSTALK_TEST_AUTHORITIES"));
        let authority = &Path::new(&authorities).join("authority.pem");
        let connect =
            |text: &str, vouching: &Path| Address::new(text, Some(vouching)).unwrap().connect();
        let mut client = connect(&text, authority).unwrap();
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        assert!(client.query_one(sql, &[]).unwrap().get::<_, bool>(0));
        let elsewhere = text.replace("host=localhost", "host=database.example");
        assert!(connect(&elsewhere, authority).is_err(), "it is called otherwise");
        let stranger = &Path::new(&authorities).join("stranger.pem");
        assert!(connect(&text, stranger).is_err(), "nobody vouches for it");
        assert!(Address::new(&text, None).unwrap().connect().is_err(), "it speaks TLS only");
    }
}
