//! Governing over HTTP: who may what, of which company, and what others learn from it (R31, R34).

use crate::support::{TestServer, issuer_of, sign};
use crosstalk::identity::mint::Mint;
use crosstalk_loadtest::http::{Reply, send};
use crosstalk_loadtest::{Client, Target};
use crosstalk_protocol::answer::Answer;
use crosstalk_protocol::ids::{DeviceId, OperationId, RoomId};
use crosstalk_protocol::request::{Hello, InviteGuest, Open};
use crosstalk_protocol::words::RoomKind;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Two companies, each with a head and a member, and a guest of the first.
struct Town {
    server: TestServer,
    operator: String,
    acme: Company,
    bolt: Company,
}

struct Company {
    name: &'static str,
    id: String,
    head: String,
    member: String,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Nobody,
    Operator,
    OwnHead,
    OtherHead,
    Member,
    Guest,
}

const ROLES: [Role; 6] =
    [Role::Nobody, Role::Operator, Role::OwnHead, Role::OtherHead, Role::Member, Role::Guest];

impl Town {
    async fn found() -> Self {
        Self::found_with(&[]).await
    }

    async fn found_with(settings: &[(&str, &str)]) -> Self {
        let server = TestServer::start(settings).await;
        let operator = server.operator_token();
        let acme = Company::found(&server, "acme").await;
        let bolt = Company::found(&server, "bolt").await;
        Self { server, operator, acme, bolt }
    }

    async fn ask(&self, token: Option<&str>, method: Method, path: &str, body: Value) -> Reply {
        ask(&self.server, token, method, path, body).await
    }

    /// A user who is made for one row of the table.
    async fn somebody(&self, company: &Company) -> String {
        let subject = Uuid::now_v7().to_string();
        let user = json!({ "subject": subject, "name": "Somebody" });
        let path = format!("/v1/companies/{}/users", company.id);
        made(&self.ask(Some(&self.operator), Method::POST, &path, user).await, "user")
    }

    /// A guest whom Acme's member invites.
    async fn guest(&self) -> (String, RoomId) {
        let (room, invitation) = self.invitation().await;
        let body = json!({ "invitation": invitation, "name": "Gus" });
        let reply = self.ask(None, Method::POST, "/v1/invitations/redeem", body).await;
        assert_eq!(reply.json()["company"], self.acme.id.as_str());
        (made(&reply, "token"), room)
    }

    async fn invitation(&self) -> (RoomId, String) {
        let policy = format!("/v1/companies/{}/policy", self.acme.id);
        let open = json!({ "guests": true });
        let reply = self.ask(Some(&self.operator), Method::PATCH, &policy, open).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let (mut member, _) = self.connect(&self.server.mint("acme", "member")).await;
        let operation = || OperationId(Uuid::now_v7());
        let open = Open {
            operation: operation(),
            room_kind: RoomKind::Internal,
            name: "Lobby".to_owned(),
            members: Vec::new(),
        };
        let room = member.request(open).await.unwrap().room;
        let invite = InviteGuest { room, operation: operation() };
        (room, member.request(invite).await.unwrap().invitation)
    }

    async fn connect(&self, token: &str) -> (Client, Answer) {
        let target = Target::new(self.server.ws(), token);
        let (client, welcome) = Client::sign_in(&target, hello()).await.unwrap();
        (client, Answer::Welcome(welcome))
    }
}

impl Company {
    async fn found(server: &TestServer, name: &'static str) -> Self {
        let operator = server.operator_token();
        let keys: Value = serde_json::from_str(&server.key_of(name).jwks()).unwrap();
        let body = json!({ "name": name, "issuer": issuer_of(name), "keys": keys });
        let reply = ask(server, Some(&operator), Method::POST, "/v1/companies", body).await;
        let id = made(&reply, "company");
        let users = format!("/v1/companies/{id}/users");
        let head = json!({
            "subject": "head", "name": "Head", "administrator": true, "connected": true,
        });
        let head = ask(server, Some(&operator), Method::POST, &users, head).await;
        let token = server.mint(name, "head");
        let member = json!({ "subject": "member", "name": "Member", "connected": true });
        let member = ask(server, Some(&token), Method::POST, &users, member).await;
        Self { name, id, head: made(&head, "user"), member: made(&member, "user") }
    }
}

fn hello() -> Hello {
    let device = DeviceId(Uuid::now_v7());
    Hello { device, token: None, inbox: None, rooms: Vec::new(), client: None }
}

async fn ask(
    server: &TestServer,
    token: Option<&str>,
    method: Method,
    path: &str,
    body: Value,
) -> Reply {
    let headers: Vec<_> =
        token.map(|token| ("authorization", format!("Bearer {token}"))).into_iter().collect();
    let body = (!body.is_null()).then_some(&body);
    send(method, &format!("{}{path}", server.http()), &headers, body).await.unwrap()
}

/// The id (or whatever it is called) of what was made.
#[track_caller]
fn made(reply: &Reply, field: &str) -> String {
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()[field].as_str().unwrap().to_owned()
}

/// An answer to be compared.
type Whole = (u16, Vec<(String, Vec<u8>)>, Vec<u8>);

/// What is in an answer, but for the time of day.
fn all_of(reply: &Reply) -> Whole {
    let headers = reply.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    (reply.status.as_u16(), headers.collect(), reply.body.to_vec())
}

/// A route with a body, and the statuses that the roles get for a company that is there, in the
/// order of [`ROLES`]. `{c}` is the company, `{u}` a user of it, `{x}` an id of nothing.
type Row = (Method, &'static str, Value, [u16; 6]);

fn governing(town: &Town) -> Vec<Row> {
    let keys: Value = serde_json::from_str(&town.server.key_of("acme").jwks()).unwrap();
    let issuer = json!({ "issuer": issuer_of("acme"), "keys": keys });
    let group = json!({ "name": "Pact", "masters": [town.acme.head], "members": [] });
    let none = || Value::Null;
    vec![
        (Method::GET, "/v1/companies/{c}", none(), [401, 200, 200, 404, 403, 403]),
        (Method::PUT, "/v1/companies/{c}/issuer", issuer, [401, 200, 200, 404, 403, 403]),
        (
            Method::PATCH,
            "/v1/companies/{c}/policy",
            json!({ "external_rooms": true }),
            [401, 200, 200, 404, 403, 403],
        ),
        (
            Method::POST,
            "/v1/companies/{c}/users",
            json!({ "subject": "{x}", "name": "New" }),
            [401, 201, 201, 404, 403, 403],
        ),
        (Method::GET, "/v1/companies/{c}/users", none(), [401, 200, 200, 404, 403, 403]),
        (Method::GET, "/v1/companies/{c}/users/{u}", none(), [401, 200, 200, 404, 403, 403]),
        (
            Method::PATCH,
            "/v1/companies/{c}/users/{u}",
            json!({ "connected": true, "active": false }),
            [401, 200, 200, 404, 403, 403],
        ),
        (
            Method::POST,
            "/v1/companies/{c}/users/{u}/revoke-sign-ins",
            none(),
            [401, 200, 200, 404, 403, 403],
        ),
        (Method::DELETE, "/v1/companies/{c}/users/{u}", none(), [401, 200, 200, 404, 403, 403]),
        (Method::POST, "/v1/companies/{c}/groups", group, [401, 403, 409, 404, 403, 403]),
        (
            Method::PUT,
            "/v1/companies/{c}/groups/{x}/masters/{u}",
            none(),
            [401, 403, 404, 404, 403, 403],
        ),
    ]
}

#[tokio::test]
async fn everybody_governs_what_is_his_and_nothing_else() {
    let town = Town::found().await;
    let (guest, _) = town.guest().await;
    for (method, path, body, expected) in governing(&town) {
        for (role, status) in ROLES.into_iter().zip(expected) {
            let token = match role {
                Role::Nobody => None,
                Role::Operator => Some(town.operator.clone()),
                Role::OwnHead => Some(town.server.mint("acme", "head")),
                Role::OtherHead => Some(town.server.mint("bolt", "head")),
                Role::Member => Some(town.server.mint("acme", "member")),
                Role::Guest => Some(guest.clone()),
            };
            let user = town.somebody(&town.acme).await;
            let unknown = Uuid::now_v7().to_string();
            let body = body.to_string().replace("{x}", &unknown);
            let body: Value = serde_json::from_str(&body).unwrap();
            let fill = |company: &str, user: &str| {
                path.replace("{c}", company).replace("{u}", user).replace("{x}", &unknown)
            };
            let asked = async |path: String| {
                town.ask(token.as_deref(), method.clone(), &path, body.clone()).await
            };
            let nowhere = asked(fill(&unknown, &user)).await;
            let there = asked(fill(&town.acme.id, &user)).await;
            let what = format!("{method} {path} by {role:?}: {}", there.text());
            assert_eq!(there.status, status, "{what}");
            // A company that is there but not his is one that never was.
            if role != Role::Operator && role != Role::OwnHead {
                assert_eq!(all_of(&there), all_of(&nowhere), "{what}");
            }
            let expected = if status < 300 || role == Role::OwnHead { 404 } else { status };
            assert_eq!(nowhere.status, expected, "unknown: {what}: {}", nowhere.text());
        }
    }
}

#[tokio::test]
async fn only_an_operator_runs_the_server() {
    let town = Town::found().await;
    let (guest, _) = town.guest().await;
    let unknown = Uuid::now_v7();
    let rows = [
        (Method::POST, "/v1/companies".to_owned(), json!({}), 400),
        (Method::DELETE, format!("/v1/companies/{unknown}"), Value::Null, 404),
        (Method::POST, format!("/v1/groups/{unknown}/owner"), json!({ "company": unknown }), 404),
        (Method::GET, "/v1/jobs".to_owned(), Value::Null, 200),
    ];
    let head = town.server.mint("acme", "head");
    let member = town.server.mint("acme", "member");
    for (method, path, body, status) in rows {
        let asked = async |token: Option<&str>| {
            town.ask(token, method.clone(), &path, body.clone()).await.status.as_u16()
        };
        assert_eq!(asked(None).await, 401, "{path}");
        assert_eq!(asked(Some(&town.operator)).await, status, "{path}");
        let of_head = if method == Method::DELETE { 404 } else { 403 };
        assert_eq!(asked(Some(&head)).await, of_head, "{path}");
        for token in [&member, &guest] {
            assert_eq!(asked(Some(token)).await, 403, "{path}");
        }
    }
    let own = format!("/v1/companies/{}", town.acme.id);
    assert_eq!(town.ask(Some(&head), Method::DELETE, &own, Value::Null).await.status, 403);
}

#[tokio::test]
async fn a_foreign_user_is_an_unknown_one() {
    let town = Town::found().await;
    let head = town.server.mint("acme", "head");
    let rows = [
        (Method::GET, "", Value::Null),
        (Method::PATCH, "", json!({ "active": false })),
        (Method::DELETE, "", Value::Null),
        (Method::POST, "/revoke-sign-ins", Value::Null),
    ];
    let unknown = Uuid::now_v7().to_string();
    for token in [&head, &town.operator] {
        for (method, end, body) in &rows {
            let asked = async |user: &str| {
                let path = format!("/v1/companies/{}/users/{user}{end}", town.acme.id);
                all_of(&town.ask(Some(token), method.clone(), &path, body.clone()).await)
            };
            let foreign = asked(&town.bolt.member).await;
            assert_eq!(foreign.0, 404, "{method} {end}");
            assert_eq!(foreign, asked(&unknown).await, "{method} {end}");
            assert_eq!(foreign, asked("no-id-at-all").await, "{method} {end}");
        }
    }
    let token = town.server.mint("bolt", "member");
    town.connect(&token).await;
}

#[tokio::test]
async fn new_keys_are_live_at_once_and_old_ones_are_nothing() {
    let town = Town::found().await;
    let old = town.server.mint("acme", "head");
    let keys = tempfile::tempdir().unwrap();
    let mint = Mint::create(&keys.path().join("new")).unwrap();
    let jwks: Value = serde_json::from_str(&mint.jwks()).unwrap();
    let path = format!("/v1/companies/{}", town.acme.id);
    let issuer = json!({ "issuer": "https://login.acme.example", "keys": jwks });
    let set = town.ask(Some(&old), Method::PUT, &format!("{path}/issuer"), issuer).await;
    assert_eq!((set.status.as_u16(), set.json()), (200, json!({ "effective": true })));
    assert_eq!(town.ask(Some(&old), Method::GET, &path, Value::Null).await.status, 401);
    let new = sign(&mint, "https://login.acme.example", "head");
    let shown = town.ask(Some(&new), Method::GET, &path, Value::Null).await;
    assert_eq!(shown.json()["issuer"], "https://login.acme.example");
    assert!(!shown.text().contains("\"keys\""), "{}", shown.text());

    // The name that was given up is free for others, and one that is taken is not.
    let bolt = format!("/v1/companies/{}/issuer", town.bolt.id);
    let taken = json!({ "issuer": "https://login.acme.example", "keys": jwks });
    let taken = town.ask(Some(&town.operator), Method::PUT, &bolt, taken).await;
    assert_eq!((taken.status.as_u16(), &taken.json()["code"]), (409, &json!("exists")));
    for reserved in ["urn:crosstalk:guests", "urn:test:operators"] {
        let issuer = json!({ "issuer": reserved, "keys": jwks });
        let refused = town.ask(Some(&town.operator), Method::PUT, &bolt, issuer).await;
        assert_eq!(refused.status, 409, "{reserved}");
    }
    let free = json!({ "issuer": issuer_of("acme"), "keys": jwks });
    assert_eq!(town.ask(Some(&town.operator), Method::PUT, &bolt, free).await.status, 200);
    let moved = sign(&mint, &issuer_of("acme"), "head");
    let bolt = format!("/v1/companies/{}", town.bolt.id);
    assert_eq!(town.ask(Some(&moved), Method::GET, &bolt, Value::Null).await.status, 200);
}

#[tokio::test]
async fn what_ends_a_person_ends_his_tokens() {
    let town = Town::found().await;
    let path = |end: &str| format!("/v1/companies/{}/users/{}{end}", town.acme.id, town.acme.head);
    let company = format!("/v1/companies/{}", town.acme.id);
    let token = town.server.mint("acme", "head");
    let is_in = async |token: &str| {
        town.ask(Some(token), Method::GET, &company, Value::Null).await.status == 200
    };
    let operator = Some(town.operator.as_str());
    assert!(is_in(&token).await);
    let revoked = town.ask(operator, Method::POST, &path("/revoke-sign-ins"), Value::Null).await;
    assert_eq!(revoked.json(), json!({ "effective": true }));
    assert!(!is_in(&token).await);
    let token = town.server.mint("acme", "head");
    assert!(is_in(&token).await, "a new sign-in is another one");

    let active = |active: bool| json!({ "active": active });
    let changed = town.ask(operator, Method::PATCH, &path(""), active(false)).await;
    assert_eq!(
        (&changed.json()["active"], &changed.json()["effective"]),
        (&json!(false), &json!(true))
    );
    assert!(!is_in(&town.server.mint("acme", "head")).await);
    town.ask(operator, Method::PATCH, &path(""), active(true)).await;
    assert!(is_in(&town.server.mint("acme", "head")).await);

    assert_eq!(town.ask(operator, Method::DELETE, &path(""), Value::Null).await.status, 200);
    assert!(!is_in(&town.server.mint("acme", "head")).await);
    // R34: a deleted subject never comes back.
    let again = json!({ "subject": "head", "name": "Head", "administrator": true });
    let again = town.ask(operator, Method::POST, &format!("{company}/users"), again).await;
    assert_eq!((again.status.as_u16(), &again.json()["code"]), (409, &json!("exists")));

    // R19: an ended company's issuer is refused.
    let member = town.server.mint("acme", "member");
    let (mut client, _) = town.connect(&member).await;
    assert_eq!(town.ask(operator, Method::DELETE, &company, Value::Null).await.status, 200);
    assert_eq!(client.closed().await.unwrap().code, Some(4502));
    assert!(!is_in(&member).await);
}

#[tokio::test]
async fn users_are_listed_page_by_page() {
    let town = Town::found().await;
    for _ in 0..3 {
        town.somebody(&town.acme).await;
    }
    let head = town.server.mint("acme", "head");
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let path = format!("/v1/companies/{}/users?limit=2{after}", town.acme.id);
        let page = town.ask(Some(&head), Method::GET, &path, Value::Null).await.json();
        let users = page["users"].as_array().unwrap();
        assert!(users.iter().all(|user| user["company"] == town.acme.id.as_str()));
        seen.extend(users.iter().map(|user| user["user"].as_str().unwrap().to_owned()));
        after = format!("&after={}", seen.last().unwrap());
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());
    for query in ["limit=0", "limit=201", "limit=x", "after=x", "page=2"] {
        let path = format!("/v1/companies/{}/users?{query}", town.acme.id);
        assert_eq!(town.ask(Some(&head), Method::GET, &path, Value::Null).await.status, 400);
    }
}

#[tokio::test]
async fn what_is_no_proper_request_is_refused_with_what_to_do() {
    let town = Town::found().await;
    let base = town.server.http();
    let users = format!("{base}/v1/companies/{}/users", town.acme.id);
    let bearer = ("authorization", format!("Bearer {}", town.operator));
    let asked = async |url: &str, headers: &[(&str, String)], body: Value| {
        send(Method::POST, url, headers, Some(&body)).await.unwrap()
    };
    let good = json!({ "subject": "s", "name": "n" });
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    let wrong = [
        (with("rights", json!("all")), 400, "unknown field"),
        (with("name", json!(7)), 400, "invalid type"),
        (with("name", json!("")), 400, "field `name`"),
        (with("name", json!("n".repeat(101))), 400, "field `name`"),
        (with("subject", json!("a b")), 400, "field `subject`"),
        (with("address", json!("a b")), 400, "field `address`"),
        (with("name", json!("n".repeat(200_000))), 413, "bytes"),
    ];
    for (body, status, detail) in wrong {
        let reply = asked(&users, std::slice::from_ref(&bearer), body).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        assert_eq!(reply.headers["content-type"], "application/problem+json");
        let problem = reply.json();
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
        assert_eq!(problem["status"], status);
        let kind = format!("urn:crosstalk:code:{}", problem["code"].as_str().unwrap());
        assert_eq!(problem["type"], kind);
        assert!(!problem["title"].as_str().unwrap().is_empty());
    }
    let plain = [bearer.clone(), ("content-type", "text/plain".to_owned())];
    let wrong = send(Method::POST, &users, &plain, None).await.unwrap();
    assert_eq!(wrong.status, 415);
    let method = send(Method::PUT, &users, &[], None).await.unwrap();
    assert_eq!(
        (method.status.as_u16(), &method.headers["allow"]),
        (405, &"POST,GET,HEAD".parse().unwrap())
    );
    let nowhere = send(Method::GET, &format!("{base}/v2/x"), &[], None).await.unwrap();
    assert_eq!((nowhere.status.as_u16(), &nowhere.json()["code"]), (404, &json!("not_found")));
    let healthy = send(Method::GET, &format!("{base}/healthz"), &[], None).await.unwrap();
    assert_eq!((healthy.status.as_u16(), healthy.text().as_str()), (200, "ok\n"));
    assert_eq!(healthy.headers["cache-control"], "no-store");
    let ready = send(Method::GET, &format!("{base}/readyz"), &[], None).await.unwrap();
    assert_eq!((ready.status.as_u16(), ready.text().as_str()), (200, "ready\n"));
    let nobody = send(Method::GET, &format!("{base}/v1/jobs"), &[], None).await.unwrap();
    assert_eq!(nobody.headers["www-authenticate"], "Bearer");
}

#[tokio::test]
async fn an_invitation_is_redeemed_once_and_guessing_is_slow() {
    let town = Town::found_with(&[("limits.redemptions_per_minute", "4")]).await;
    let (_, invitation) = town.invitation().await;
    let redeem = async |invitation: &str| {
        let body = json!({ "invitation": invitation, "name": "Gus" });
        // At one node: each counts its own.
        let path = format!("http://{}/v1/invitations/redeem", town.server.address());
        send(Method::POST, &path, &[], Some(&body)).await.unwrap()
    };
    let redeemed = redeem(&invitation).await;
    let token = made(&redeemed, "token");
    let (_client, welcome) = town.connect(&token).await;
    let Answer::Welcome(welcome) = welcome else { panic!("no welcome") };
    assert_eq!(welcome.company.to_string(), town.acme.id);
    assert_eq!(welcome.user.to_string(), redeemed.json()["user"].as_str().unwrap());

    // R33: used is as good as invented.
    let again = all_of(&redeem(&invitation).await);
    assert_eq!(again.0, 404);
    assert_eq!(again, all_of(&redeem("invented").await));

    // His administrator can revoke him.
    let head = town.server.mint("acme", "head");
    let users = format!("/v1/companies/{}/users", town.acme.id);
    let path = format!("{users}/{}/revoke-sign-ins", welcome.user);
    let revoked = town.ask(Some(&head), Method::POST, &path, Value::Null).await;
    assert_eq!(revoked.status, 200);
    let refused = Client::sign_in(&Target::new(town.server.ws(), token), hello()).await;
    assert!(refused.is_err());

    redeem("invented").await;
    let slow = redeem("invented").await;
    assert_eq!((slow.status.as_u16(), &slow.json()["code"]), (429, &json!("rate_limited")));
    assert!(slow.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn what_was_done_is_still_so_after_a_restart() {
    let mut town = Town::found().await;
    town.server.restart().await;
    let head = town.server.mint("acme", "head");
    let path = format!("/v1/companies/{}", town.acme.id);
    let shown = town.ask(Some(&head), Method::GET, &path, Value::Null).await;
    assert_eq!(shown.json()["name"], town.acme.name);
    town.connect(&town.server.mint("acme", "member")).await;
}

#[tokio::test]
async fn a_server_that_stops_tells_who_is_connected_when_to_come_back() {
    let mut town = Town::found().await;
    let (mut client, _) = town.connect(&town.server.mint("acme", "member")).await;
    town.server.stop().await;
    let closed = client.closed().await.unwrap();
    assert_eq!(closed.code, Some(4001));
    let closing = closed.closing.unwrap();
    assert!(closing.reconnect && closing.after_ms <= 5_000, "{closing:?}");
}
