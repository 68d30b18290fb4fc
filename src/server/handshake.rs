//! Whether a request opens a WebSocket (RFC 6455, 4.2.1), and what crosstalk asks besides.

use crate::api::{Problem, bearer};
use crate::config::Origins;
use crate::identity::Token;
use axum::extract::Query;
use axum::http::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crosstalk_protocol::{BEARER_SUBPROTOCOL_PREFIX, SUBPROTOCOL};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Names by which people put tokens into addresses, where every proxy writes them down.
const TOKEN_PARAMETERS: [&str; 7] =
    ["token", "access_token", "id_token", "jwt", "auth", "authorization", "bearer"];
/// How every JWT begins: `{"` in base64url.
const JWT_START: &str = "eyJ";

/// A request that opens a WebSocket.
#[derive(Debug)]
pub(super) struct Opening {
    /// What proves that its key was read.
    accept: HeaderValue,
    /// Whether the subprotocol is to be confirmed; who offers none is not told one.
    confirm: bool,
    /// The token, if it came in a header.
    pub(super) token: Option<Token>,
}

impl Opening {
    /// The opening that this request's head asks for.
    pub(super) fn of(head: &Parts, origins: &Origins) -> Result<Self, Problem> {
        if head.method != Method::GET {
            let get = HeaderValue::from_static("GET");
            return Err(Problem::method_not_allowed().with(ALLOW, get));
        }
        let headers = &head.headers;
        no_body(headers)?;
        single(headers, &HOST)?;
        // HTTP/1.0 knows no upgrade, whatever its headers say (RFC 9110, 7.8).
        let asks = has_token(headers, &CONNECTION, "upgrade")
            && has_token(headers, &UPGRADE, "websocket")
            && head.version == Version::HTTP_11;
        if !asks {
            return Err(upgrade_required("this path speaks WebSocket over HTTP/1.1 only"));
        }
        if single(headers, &SEC_WEBSOCKET_VERSION).ok() != Some("13") {
            return Err(upgrade_required("the version is to be 13"));
        }
        let accept = accept(single(headers, &SEC_WEBSOCKET_KEY)?)?;
        check_origin(headers, origins)?;
        let offered = Offered::of(headers)?;
        let token = match (bearer(headers)?, offered.token) {
            (Some(_), Some(_)) => return Err(Problem::bad_request("the token came twice")),
            (one, other) => one.or(other),
        };
        Ok(Self { accept, confirm: offered.ours, token })
    }

    /// The headers of the answer 101. Extensions are never among them.
    pub(super) fn answer(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept.clone());
        if self.confirm {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        }
        headers
    }
}

/// Whether the query string holds a token: refused on every path, because addresses are written
/// into logs by all who pass them on.
pub(super) fn has_token_in_query(uri: &Uri) -> bool {
    let Some(query) = uri.query() else { return false };
    // What can't be taken apart is nothing that any path takes.
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
    pairs.map_or(true, |Query(pairs)| {
        let named = |name: &String| TOKEN_PARAMETERS.contains(&name.to_ascii_lowercase().as_str());
        pairs
            .iter()
            .any(|(name, value)| named(name) || is_like_a_token(name) || is_like_a_token(value))
    }) || query.contains(BEARER_SUBPROTOCOL_PREFIX)
}

fn is_like_a_token(text: &str) -> bool {
    text.starts_with(JWT_START) && text.matches('.').count() == 2
}

/// A body after the head would be taken for the first frame.
fn no_body(headers: &HeaderMap) -> Result<(), Problem> {
    let length = headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
    if headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|length| length != b"0") {
        return Err(Problem::bad_request("an opening has no body"));
    }
    Ok(())
}

/// The value of a header that is there exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, Problem> {
    let mut values = headers.get_all(name).iter();
    let value = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    };
    value.ok_or_else(|| Problem::bad_request(format!("exactly one {name} header is needed")))
}

/// Whether a list of tokens, over all headers of the name, has this one.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    words(headers, name).any(|word| word.eq_ignore_ascii_case(token))
}

fn words<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).filter(|word| !word.is_empty())
}

fn upgrade_required(detail: &str) -> Problem {
    Problem::bad_request(detail)
        .at(StatusCode::UPGRADE_REQUIRED)
        .with(UPGRADE, HeaderValue::from_static("websocket"))
        .with(CONNECTION, HeaderValue::from_static("Upgrade"))
        .with(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
}

fn accept(key: &str) -> Result<HeaderValue, Problem> {
    let bad = || Problem::bad_request("Sec-WebSocket-Key is to be 16 bytes in base64");
    let bytes = STANDARD.decode(key).map_err(|_| bad())?;
    if bytes.len() != 16 {
        return Err(bad());
    }
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| bad())
}

/// A browser always says from which page it comes, a program never. A page can't make a browser
/// send another origin than its own, so this keeps foreign pages out; `null` is what any sandboxed
/// page says.
fn check_origin(headers: &HeaderMap, origins: &Origins) -> Result<(), Problem> {
    if !headers.contains_key(ORIGIN) {
        return Ok(());
    }
    let origin = single(headers, &ORIGIN)?;
    if origin != "null" && origins.allowed.iter().any(|allowed| allowed == origin) {
        return Ok(());
    }
    Err(Problem::bad_request("this Origin is not in `origins.allowed` of the server's settings")
        .at(StatusCode::FORBIDDEN))
}

/// What subprotocols are offered.
struct Offered {
    ours: bool,
    token: Option<Token>,
}

impl Offered {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut offered = Self { ours: false, token: None };
        let mut any = false;
        for word in words(headers, &SEC_WEBSOCKET_PROTOCOL) {
            any = true;
            offered.ours |= word == SUBPROTOCOL;
            let Some(token) = word.strip_prefix(BEARER_SUBPROTOCOL_PREFIX) else { continue };
            if offered.token.replace(Token::from(token)).is_some() {
                return Err(Problem::bad_request("the token came twice"));
            }
        }
        if any && !offered.ours {
            // Better now than at the first frame, which would be of another protocol.
            let detail = format!("only the subprotocol {SUBPROTOCOL} is spoken here: offer it");
            return Err(Problem::bad_request(detail));
        }
        Ok(offered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_the_query_is_found_however_it_is_called() {
        for query in [
            "token=a",
            "x=1&Access_Token=a",
            "%74oken=a",
            "jwt",
            "x=eyJhbGciOiJub25lIn0.e30.x",
            "eyJhbGciOiJub25lIn0.e30.x",
            "x=eyJhbGciOiJub25lIn0%2Ee30%2Ex",
            "p=crosstalk.bearer.abc",
        ] {
            let uri = format!("/v1/connect?{query}").parse().unwrap();
            assert!(has_token_in_query(&uri), "{query}");
        }
        for path in ["/v1/connect", "/v1/connect?", "/v1/companies/x/users?after=1&limit=2"] {
            assert!(!has_token_in_query(&path.parse().unwrap()), "{path}");
        }
    }
}
