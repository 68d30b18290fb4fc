//! The table of HTTP doors, and the crawl along it. It walks along the server's own table of
//! routes: a route without a row fails.

use super::crawl::Report;
use super::past::Twins;
use crosstalk_loadtest::http::{Reply, send};
use crosstalk_protocol::ids::{CompanyId, RoomId, UserId};
use http::Method;
use serde_json::{Value, json};

/// What the paths name, and whose it is not.
pub(super) struct Named {
    pub(super) company: CompanyId,
    pub(super) user: UserId,
    pub(super) group: RoomId,
    /// An invitation that is nothing any more.
    pub(super) invitation: Option<String>,
}

/// Who asks: his token, and the company that he does govern.
pub(super) struct Caller {
    pub(super) who: &'static str,
    pub(super) token: Option<String>,
    pub(super) governs: Option<CompanyId>,
}

/// The body that goes with a door; nothing where it takes none.
fn body(method: &Method, path: &str, named: &Named) -> Value {
    let Named { company, user, invitation, .. } = named;
    match (method.as_str(), path) {
        ("POST", "/v1/companies") => json!({ "name": "Mine", "issuer": "urn:mine", "keys": {} }),
        ("PUT", "/v1/companies/{company}/issuer") => json!({ "issuer": "urn:mine", "keys": {} }),
        ("PATCH", "/v1/companies/{company}/policy") => json!({ "external_messaging": false }),
        ("POST", "/v1/companies/{company}/users") => json!({ "subject": "eve", "name": "Eve" }),
        ("PATCH", "/v1/companies/{company}/users/{user}") => json!({ "active": false }),
        ("POST", "/v1/companies/{company}/groups") => {
            json!({ "name": "Mine", "masters": [user], "members": [user] })
        }
        ("POST", "/v1/groups/{group}/owner") => json!({ "company": company }),
        ("POST", "/v1/invitations/redeem") => {
            json!({ "invitation": invitation.as_deref().unwrap_or("none"), "name": "Eve" })
        }
        (
            "GET",
            "/v1/companies/{company}"
            | "/v1/companies/{company}/users"
            | "/v1/companies/{company}/users/{user}"
            | "/v1/jobs"
            | "/healthz"
            | "/readyz",
        )
        | ("DELETE", "/v1/companies/{company}" | "/v1/companies/{company}/users/{user}")
        | ("POST", "/v1/companies/{company}/users/{user}/revoke-sign-ins")
        | ("PUT", "/v1/companies/{company}/groups/{group}/masters/{user}") => Value::Null,
        (method, path) => panic!("{method} {path} has no row in tests/doors/routes.rs"),
    }
}

/// Every route, as each of these people, about what is not theirs and about what never was.
pub(super) async fn crawl(base: &str, callers: &[Caller], named: &Named, twins: &Twins) -> Report {
    let mut report = Report::default();
    for (method, path) in crosstalk::api::routes() {
        for caller in callers {
            for company in [Some(named.company), caller.governs].into_iter().flatten() {
                // What he governs is his to see and to change; what he names there may not be.
                let own = caller.governs == Some(company);
                if own && !path.contains("{user}") && !path.ends_with("/groups") {
                    continue;
                }
                let asked = Asked::of(&method, path, company, named);
                report.try_route(base, caller, &asked, twins).await;
            }
        }
    }
    report
}

/// The routes that name a group, as people to whom everything else in the path may be known.
pub(super) async fn crawl_groups(
    base: &str,
    callers: &[Caller],
    named: &Named,
    twins: &Twins,
) -> Report {
    let mut report = Report::default();
    let routes = crosstalk::api::routes().into_iter();
    for (method, path) in routes.filter(|(_, path)| path.contains("{group}")) {
        for caller in callers {
            let company = caller.governs.unwrap_or(named.company);
            report.try_route(base, caller, &Asked::of(&method, path, company, named), twins).await;
        }
    }
    report
}

/// One request.
struct Asked {
    method: Method,
    path: String,
    body: Value,
}

impl Asked {
    fn of(method: &Method, path: &str, company: CompanyId, named: &Named) -> Self {
        let body = body(method, path, named);
        let path = path.replace("{company}", &company.to_string());
        let path = path.replace("{user}", &named.user.to_string());
        let path = path.replace("{group}", &named.group.to_string());
        assert!(!path.contains('{'), "{path} names what the crawl does not know");
        Self { method: method.clone(), path, body }
    }

    fn in_place(&self, twins: &Twins) -> Self {
        let body = twins.in_place(&self.body.to_string());
        let path = twins.in_place(&self.path);
        Self { method: self.method.clone(), path, body: serde_json::from_str(&body).unwrap() }
    }

    async fn by(&self, base: &str, caller: &Caller) -> Reply {
        let token = caller.token.as_ref().map(|token| ("authorization", format!("Bearer {token}")));
        let headers: Vec<_> = token.into_iter().collect();
        let body = (!self.body.is_null()).then_some(&self.body);
        send(self.method.clone(), &format!("{base}{}", self.path), &headers, body).await.unwrap()
    }
}

impl Report {
    async fn try_route(&mut self, base: &str, caller: &Caller, asked: &Asked, twins: &Twins) {
        let real = told(&asked.by(base, caller).await);
        let invented = told(&asked.in_place(twins).by(base, caller).await);
        let Asked { method, path, body } = asked;
        // A refusal says back whom the request named.
        let real = if body["members"].is_array() { twins.in_place(&real) } else { real };
        self.compare(&format!("{}: {method} {path} {body}", caller.who), &[real], &[invented]);
    }
}

/// Status, headers and body, but for the time of day.
fn told(reply: &Reply) -> String {
    let headers = reply.headers.iter().filter(|(name, _)| *name != "date");
    let headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    format!("{} {headers:?} {}", reply.status, reply.text())
}
