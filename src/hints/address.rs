//! Where the bus is.

use redis::io::tcp::TcpSettings;
use redis::{
    Client, ConnectionAddr, IntoConnectionInfo as _, ProtocolVersion, RedisError, TlsCertificates,
};

/// Why an address of a bus can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BadAddress {
    /// It can't be read.
    #[error(
        "hints.server is no address of a Redis server ({0}): write it as redis://host:6379, or rediss:// for TLS"
    )]
    Unreadable(String),
    /// Somebody is to vouch for a server that is not spoken to over TLS.
    #[error("hints.ca_file is set, and hints.server asks for no TLS: write it as rediss://")]
    NoTls,
}

/// Where the bus is.
#[derive(Clone)]
pub struct Address(Client);

impl Address {
    /// The address as Redis's own tools write it; the password, if it stands elsewhere; and the
    /// certificates (PEM) of who may vouch for the server, if the system's do not.
    ///
    /// # Errors
    /// [`BadAddress`].
    pub fn new(
        text: &str,
        password: Option<&str>,
        vouching: Option<Vec<u8>>,
    ) -> Result<Self, BadAddress> {
        let bad = |error: RedisError| BadAddress::Unreadable(error.to_string());
        let info = text.into_connection_info().map_err(bad)?;
        // No more than what is needed, so that its rights can be few.
        let mut settings = info.redis_settings().clone();
        settings = settings.set_protocol(ProtocolVersion::RESP3).set_skip_set_lib_name();
        if let Some(password) = password {
            settings = settings.set_password(password);
        }
        let tcp = TcpSettings::default().set_nodelay(true);
        let info = info.set_redis_settings(settings).set_tcp_settings(tcp);
        let is_tls = matches!(info.addr(), ConnectionAddr::TcpTls { .. });
        if vouching.is_some() && !is_tls {
            return Err(BadAddress::NoTls);
        }
        let certificates = TlsCertificates { client_tls: None, root_cert: vouching };
        let client =
            if is_tls { Client::build_with_tls(info, certificates) } else { Client::open(info) };
        client.map(Self).map_err(bad)
    }

    /// Who connects to it.
    pub(super) fn client(self) -> Client {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_vouch_is_asked_over_tls_only() {
        let refused = |text: &str, vouching: Option<&[u8]>| {
            Address::new(text, None, vouching.map(<[u8]>::to_vec)).err().unwrap().to_string()
        };
        assert!(refused("redis://db", Some(b"")).contains("rediss://"));
        assert!(refused("db", None).contains("redis://host:6379"));
        assert!(Address::new("redis://db", Some("secret"), None).is_ok());
    }
}
