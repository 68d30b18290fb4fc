//! Whereto, and as whom.

use crate::error::Error;
use crate::socket::Socket;
use crosstalk_protocol::{BEARER_SUBPROTOCOL_PREFIX, SUBPROTOCOL};
use http::{HeaderName, HeaderValue, Uri, header};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;

/// Where the server speaks WebSocket.
const SOCKET_PATH: &str = "/v1/connect";

/// By which way the token comes to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TokenWay {
    /// In the `Authorization` header.
    #[default]
    Header,
    /// As a second subprotocol, as browsers do.
    Subprotocol,
    /// In `hello`.
    Hello,
}

/// Whereto, and as whom.
#[derive(Clone)]
pub struct Target {
    /// `ws://host:port`, with or without a path.
    pub url: String,
    /// The token; without one the server will refuse.
    pub token: Option<String>,
    /// By which way it goes.
    pub way: TokenWay,
    /// The page that it pretends to come from, as browsers say.
    pub origin: Option<String>,
    /// The size of the kernel's receive buffer, for clients that are to be slow.
    pub receive_buffer: Option<u32>,
    /// After so many incoming bytes each connection is cut, the upgrade's answer included.
    pub cut_after: Option<u64>,
    /// How many connections have been cut so, by this or by [`crate::Gauge::cut_at`].
    pub cuts: Arc<AtomicU64>,
}

impl Target {
    /// This server as the person of this token.
    pub fn new(url: impl Into<String>, token: impl Into<String>) -> Self {
        let token = Some(token.into());
        let url = url.into();
        let way = TokenWay::default();
        let cuts = Arc::default();
        Self { url, token, way, origin: None, receive_buffer: None, cut_after: None, cuts }
    }

    /// This server as nobody.
    pub fn anonymous(url: impl Into<String>) -> Self {
        Self { token: None, ..Self::new(url, "") }
    }

    /// The token, if it goes in `hello`.
    pub(crate) fn hello_token(&self) -> Option<String> {
        if self.way == TokenWay::Hello { self.token.clone() } else { None }
    }

    pub(crate) async fn connect(&self) -> Result<Socket, Error> {
        let uri = self.uri()?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(80);
        let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
        for address in lookup_host((host, port)).await.map_err(Error::Unreachable)? {
            match self.connect_to(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(Error::Unreachable)?;
                    return Ok(Socket::new(stream, self.cut_after, &self.cuts));
                }
                Err(error) => last = error,
            }
        }
        Err(Error::Unreachable(last))
    }

    async fn connect_to(&self, address: std::net::SocketAddr) -> std::io::Result<TcpStream> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.connect(address).await
    }

    /// The address with the server's path where it names none.
    fn uri(&self) -> Result<Uri, Error> {
        let bad = || Error::Address(self.url.clone());
        let uri: Uri = self.url.parse().map_err(|_| bad())?;
        if uri.scheme_str() != Some("ws") || uri.host().is_none() {
            return Err(bad());
        }
        if uri.path() != "/" {
            return Ok(uri);
        }
        let mut parts = uri.into_parts();
        parts.path_and_query = SOCKET_PATH.parse().ok();
        Uri::from_parts(parts).map_err(|_| bad())
    }

    /// The request for the upgrade.
    pub(crate) fn request(&self) -> Result<Request, Error> {
        let bad = || Error::Address(self.url.clone());
        let mut request = self.uri()?.into_client_request().map_err(|_| bad())?;
        let mut protocols = SUBPROTOCOL.to_owned();
        let mut put = |name: HeaderName, value: &str| {
            let value = HeaderValue::from_str(value).map_err(|_| bad())?;
            request.headers_mut().insert(name, value);
            Ok::<(), Error>(())
        };
        match (&self.token, self.way) {
            (Some(token), TokenWay::Header) => {
                put(header::AUTHORIZATION, &format!("Bearer {token}"))?;
            }
            (Some(token), TokenWay::Subprotocol) => {
                protocols.push_str(", ");
                protocols.push_str(BEARER_SUBPROTOCOL_PREFIX);
                protocols.push_str(token);
            }
            (Some(_), TokenWay::Hello) | (None, _) => {}
        }
        put(header::SEC_WEBSOCKET_PROTOCOL, &protocols)?;
        if let Some(origin) = &self.origin {
            put(header::ORIGIN, origin)?;
        }
        Ok(request)
    }
}

/// The token stands in no log.
impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("url", &self.url)
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}
