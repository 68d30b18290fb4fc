//! HTTP requests to the server's `/v1`, one connection each.

use crate::error::Error;
use bytes::Bytes;
use futures::future::{Either, select};
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpStream;

/// No answer of the administration is longer.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends one request: `headers` are names with values, `body` goes as JSON.
///
/// # Errors
/// [`Error::Address`], [`Error::Unreachable`], [`Error::Http`], [`Error::TimedOut`].
pub async fn send(
    method: Method,
    url: &str,
    headers: &[(&str, String)],
    body: Option<&Value>,
) -> Result<Reply, Error> {
    let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    let uri: Uri = url.parse().map_err(|_| Error::Address(url.to_owned()))?;
    let authority = uri.authority().ok_or_else(|| Error::Address(url.to_owned()))?.clone();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder().method(method).uri(path);
    request = request.header(header::HOST, authority.as_str());
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(bytes)).map_err(failed)?;
    let port = authority.port_u16().unwrap_or(80);
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    let exchanged = async {
        let stream = TcpStream::connect((host, port)).await.map_err(Error::Unreachable)?;
        exchange(stream, request).await
    };
    tokio::time::timeout(PATIENCE, exchanged).await.unwrap_or(Err(Error::TimedOut("HTTP answer")))
}

async fn exchange(stream: TcpStream, request: Request<Full<Bytes>>) -> Result<Reply, Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let reply = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|error| Error::Http(error.to_string()))?.to_bytes();
        Ok(Reply { status: head.status, headers: head.headers, body })
    };
    driven(reply, connection).await
}

/// The connection moves only while somebody polls it.
async fn driven<T>(
    reply: impl Future<Output = Result<T, Error>>,
    connection: impl Future<Output = hyper::Result<()>>,
) -> Result<T, Error> {
    match select(pin!(reply), pin!(connection)).await {
        Either::Left((reply, _)) => reply,
        // It may have ended with the answer's last byte.
        Either::Right((_, reply)) => reply.await,
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Http(error.to_string())
}
