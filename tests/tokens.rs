//! R34: a token of one company is nothing at another, and ends when it is told to.

use crate::house::{House, key_in, now, refused, sign};
use crosstalk_loadtest::admin::{Issuer, PolicyPatch, UserPatch};
use crosstalk_loadtest::{Client, Error, Target};
use crosstalk_protocol::code::{CloseCode, RefusalCode};
use crosstalk_protocol::ids::DeviceId;
use crosstalk_protocol::push::Push;
use crosstalk_protocol::request::{Hello, Refresh, Rest};
use std::time::Duration;
use uuid::Uuid;

fn hello() -> Hello {
    let device = DeviceId(Uuid::new_v4());
    Hello { device, token: None, inbox: None, rooms: Vec::new(), client: None }
}

/// The server says no, and closes the connection as it should.
async fn is_turned_away(target: &Target) {
    let mut client = Client::connect(target).await.unwrap();
    let outcome = client.hello(hello()).await;
    refused(outcome, RefusalCode::Unauthenticated);
    let closed = client.closed().await.unwrap();
    assert_eq!(closed.known(), Some(CloseCode::Unauthenticated), "{closed}");
}

#[tokio::test]
async fn only_the_companys_own_good_tokens_open_the_door() {
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let alice = acme.person("Alice").await;
    let hour = Duration::from_hours(1);
    for token in [
        String::new(),
        "junk".to_owned(),
        // Signed by another company, or by nobody's key, in Acme's name.
        sign(&globex.mint, &acme.issuer, &alice.subject, hour),
        sign(&key_in(&tempfile::tempdir().unwrap().path().join("k")), &acme.issuer, "x", hour),
        // Of Globex, where there is no such person.
        sign(&globex.mint, &globex.issuer, &alice.subject, hour),
        // Nobody's subject.
        acme.token_of("nobody"),
    ] {
        let mut target = acme.target(token);
        target.way = crosstalk_loadtest::TokenWay::Hello;
        is_turned_away(&target).await;
    }
    let mut nobody = Client::connect(&Target::anonymous(house.server.ws())).await.unwrap();
    refused(nobody.hello(hello()).await, RefusalCode::Unauthenticated);
}

#[tokio::test]
async fn an_operator_is_nobody_in_a_room() {
    let house = House::open().await;
    is_turned_away(&Target::new(house.server.ws(), house.server.operator_token())).await;
}

#[tokio::test]
async fn an_unknown_subject_becomes_a_user_only_if_the_company_says_so() {
    let house = House::open().await;
    let acme = house.company("Acme").await;
    let target = acme.target(acme.token_of("newcomer"));
    is_turned_away(&target).await;
    acme.sets(PolicyPatch { first_sign_in: Some(true), ..PolicyPatch::default() }).await;
    let (_, first) = Client::sign_in(&target, hello()).await.unwrap();
    let (_, second) = Client::sign_in(&target, hello()).await.unwrap();
    assert_eq!(first.user, second.user);
    assert_eq!(first.company, acme.id);
    acme.admin.delete_user(acme.id, first.user).await.unwrap();
    is_turned_away(&target).await;
}

#[tokio::test]
async fn revoking_sign_ins_ends_older_tokens_on_live_connections_too() {
    let house = House::open().await;
    let acme = house.company("Acme").await;
    let alice = acme.person("Alice").await;
    let tablet = alice.with_another_device();
    tablet.signs_in().await;
    acme.revokes_sign_ins_of(&alice).await;
    for device in [&alice, &tablet] {
        let closed = device.is_disconnected().await;
        assert_eq!(closed.known(), Some(CloseCode::Revoked), "{closed}");
        assert!(!closed.reconnect());
    }
    is_turned_away(&alice.target()).await;
    // A token made after that is good.
    let newer = acme.target(acme.token_of(&alice.subject));
    let (_, welcome) = Client::sign_in(&newer, hello()).await.unwrap();
    assert_eq!(welcome.user, alice.id);
}

#[tokio::test]
async fn a_suspended_user_comes_back_with_a_new_token() {
    let house = House::open().await;
    let acme = house.company("Acme").await;
    let alice = acme.person("Alice").await;
    acme.suspends(&alice).await;
    assert_eq!(alice.is_disconnected().await.known(), Some(CloseCode::Revoked));
    is_turned_away(&acme.target(acme.token_of(&alice.subject))).await;
    acme.reinstates(&alice).await;
    let newer = acme.target(acme.token_of(&alice.subject));
    Client::sign_in(&newer, hello()).await.unwrap();
}

#[tokio::test]
async fn another_issuer_is_in_force_at_once() {
    let house = House::open().await;
    let acme = house.company("Acme").await;
    let alice = acme.stranger("Alice", true).await;
    let keys = tempfile::tempdir().unwrap();
    let mint = key_in(&keys.path().join("new"));
    let jwks = serde_json::from_str(&mint.jwks()).unwrap();
    let issuer = "https://new.acme.example".to_owned();
    let new = Issuer { issuer: issuer.clone(), audience: Some("chat".to_owned()), keys: jwks };
    acme.admin.set_issuer(acme.id, &new).await.unwrap();
    is_turned_away(&alice.target()).await;
    let hour = Duration::from_hours(1);
    is_turned_away(&acme.target(sign(&mint, &issuer, &alice.subject, hour))).await;
    let grant = crosstalk::identity::mint::Grant {
        issuer: &issuer,
        audience: Some("chat"),
        subject: &alice.subject,
        name: None,
        address: None,
        issued_at: now(),
        lifetime: hour,
    };
    let token = mint.sign(&grant).unwrap().reveal().to_owned();
    Client::sign_in(&acme.target(token), hello()).await.unwrap();
    // The old administrator's token is nothing any more either.
    let patch = UserPatch::default();
    let outcome = acme.admin.change_user(acme.id, alice.id, patch).await;
    refused(outcome, RefusalCode::Unauthenticated);
}

#[tokio::test]
async fn a_token_that_ends_is_refreshed_or_the_connection_ends() {
    let house = House::open_with(&[("limits.token_grace_seconds", "1")]).await;
    let (acme, globex) = house.two_connected_companies().await;
    let alice = acme.stranger("Alice", true).await;
    let short = acme.target(acme.token_for(&alice.subject, Duration::from_secs(2)));
    let (mut kept, _) = Client::sign_in(&short, hello()).await.unwrap();
    let (mut left, _) = Client::sign_in(&short, hello()).await.unwrap();
    loop {
        let told = tokio::time::timeout(Duration::from_secs(10), kept.next()).await;
        if let Push::Expiring(_) = told.expect("it was not told").unwrap() {
            break;
        }
    }
    let carol = globex.stranger("Carol", true).await;
    let of_another = Refresh { token: globex.token_of(&carol.subject) };
    refused(kept.request(of_another).await, RefusalCode::Unauthenticated);
    let token = acme.token_of(&alice.subject);
    kept.request(Refresh { token }).await.unwrap();
    let closed = left.closed().await.unwrap();
    assert_eq!(closed.known(), Some(CloseCode::TokenExpired), "{closed}");
    let still: Result<(), Error> = kept.request(Rest { rooms: Vec::new() }).await;
    still.unwrap();
}
