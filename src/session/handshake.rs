//! `hello`: who it is, whether he may be here, and what waits for him.

use super::answer::{Reply, refused, say};
use super::inbox;
use super::pace::Rate;
use super::read::{Incoming, next};
use super::running::Connected;
use super::{Services, catch_up};
use crate::authority::{Act, Actor, Person};
use crate::config::fixed::PERSON_NAME_CHARACTERS_MAX;
use crate::directory::{Deed, Greeting, Record, SignIn, SignInRefused};
use crate::hub::NotTaken;
use crate::identity::{Claims, Realm, Token};
use crate::mutants::{self, Mutant};
use crate::rooms::show;
use crate::timeline::{Error, NotAppended};
use crate::wire::{Wire, reader::Reader};
use crosstalk_protocol::answer::{Answer, Welcome};
use crosstalk_protocol::code::{CloseCode, RefusalCode};
use crosstalk_protocol::ids::{CompanyId, UserId};
use crosstalk_protocol::request::{Hello, Request};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// Waits for a good `hello`, answers it and begins to catch up; closes the connection otherwise.
pub(super) async fn hello(
    services: &Arc<Services>,
    (number, wire): (u64, &Arc<Wire>),
    mut reader: Box<Reader>,
    token: Option<Token>,
) -> Option<(Connected, Box<Reader>)> {
    let patience = Duration::from_secs(services.limits.first_frame_seconds);
    let deadline = Instant::now() + patience;
    let first = timeout_at(deadline, first_hello(wire, &mut reader)).await;
    let Ok(first) = first else {
        wire.close(CloseCode::NoHello, 0);
        return None;
    };
    let (id, hello) = first?;
    let token = token.or_else(|| hello.token.as_deref().map(Token::from));
    let signed_in = match token {
        Some(token) => sign_in(services, &token).await,
        None => Err(NotSignedIn::Refused),
    };
    match signed_in {
        Ok((claims, person)) => {
            let connected =
                connect(services, (number, wire), (claims, person), (id, hello)).await?;
            Some((connected, reader))
        }
        Err(NotSignedIn::Refused) => {
            say(wire, id, &refused(&RefusalCode::Unauthenticated.into()));
            wire.close(CloseCode::Unauthenticated, 0);
            None
        }
        Err(NotSignedIn::Unavailable) => {
            wire.close(CloseCode::Isolated, 0);
            None
        }
    }
}

/// Reads up to the first `hello`; whatever else comes before is refused.
async fn first_hello(wire: &Wire, reader: &mut Reader) -> Option<(u64, Hello)> {
    loop {
        match next(wire, reader).await {
            Incoming::Request(id, Request::Hello(hello)) => return Some((id, hello)),
            Incoming::Request(id, _) => say(wire, id, &refused(&RefusalCode::HelloFirst.into())),
            Incoming::Other => {}
            Incoming::End => return None,
        }
    }
}

pub(super) enum NotSignedIn {
    Refused,
    Unavailable,
}

/// Who a token speaks of, by the records of now.
pub(super) async fn sign_in(
    services: &Services,
    token: &Token,
) -> Result<(Claims, SignIn), NotSignedIn> {
    let now = services.timeline.now();
    let leeway = Duration::from_secs(services.limits.token_grace_seconds);
    let claims = services.issuers.verify(token, now, leeway).map_err(|reason| {
        tracing::debug!(reason = reason.word(), "a token was refused");
        NotSignedIn::Refused
    })?;
    // Asked after the keys: while it holds, no change of an issuer is effective that is unknown here (R34).
    if !services.lease.holds() && !mutants::is(Mutant::LeaseNotAsked) {
        return Err(NotSignedIn::Unavailable);
    }
    let person = person_of(services, &claims).await?;
    Ok((claims, person))
}

/// The person of verified claims, if he may be here now.
pub(super) async fn person_of(services: &Services, claims: &Claims) -> Result<SignIn, NotSignedIn> {
    let issued = claims.issued_at;
    let signed_in = match claims.realm {
        Realm::Company(company) => match sign_in_at(services, company, claims).await {
            Ok(Err(SignInRefused::Unknown)) => first_sign_in(services, company, claims).await,
            known => known,
        },
        Realm::Guests => {
            let guest = claims.subject.parse().map_err(|_| NotSignedIn::Refused)?;
            services.directory.sign_in_guest(guest, issued).await
        }
        // An operator runs the server; he is nobody in a room.
        Realm::Operators => return Err(NotSignedIn::Refused),
    };
    match signed_in {
        Ok(Ok(person)) => Ok(person),
        Ok(Err(reason)) => {
            tracing::debug!(%reason, "a sign-in was refused");
            Err(NotSignedIn::Refused)
        }
        Err(error) => {
            tracing::warn!(%error, "a sign-in could not be looked up");
            Err(NotSignedIn::Unavailable)
        }
    }
}

type SignedIn = Result<Result<SignIn, SignInRefused>, Error>;

async fn sign_in_at(services: &Services, company: CompanyId, claims: &Claims) -> SignedIn {
    services.directory.sign_in(company, claims.subject.clone(), claims.issued_at).await
}

/// R34: an unknown subject becomes a user, if his company says so; without rights, and no
/// Connected-member.
async fn first_sign_in(services: &Services, company: CompanyId, claims: &Claims) -> SignedIn {
    let person = Person::user(UserId(Uuid::now_v7()), company);
    let called = claims.name.as_ref().unwrap_or(&claims.subject);
    let record = Record {
        name: called.chars().take(PERSON_NAME_CHARACTERS_MAX).collect(),
        subject: claims.subject.clone(),
        address: claims.address.clone(),
        ..Record::default()
    };
    let act = Act::Provision { person, exists: false, first_sign_in: true };
    match services.directory.act(Deed { actor: Actor::Rule, act, record }).await {
        // Refused, too, if another connection of his was quicker: the record decides.
        Ok(_) | Err(NotAppended::Refused(_)) => sign_in_at(services, company, claims).await,
        Err(NotAppended::Failed(error)) => Err(error),
    }
}

/// Takes the connection in, asks once more whether he may be here (a cut may have been applied in
/// between, and did not find this connection), greets, and catches up.
async fn connect(
    services: &Arc<Services>,
    (number, wire): (u64, &Arc<Wire>),
    (claims, person): (Claims, SignIn),
    (id, hello): (u64, Hello),
) -> Option<Connected> {
    let who = (person.user, person.company);
    if let Err(refusal) = catch_up::check(services, &hello.rooms) {
        say(wire, id, &refused(&refusal));
        wire.close(CloseCode::BadFrame, 0);
        return None;
    }
    let connection = match services.hub.connect(number, who, hello.device, Arc::clone(wire)) {
        Ok(connection) => connection,
        Err(NotTaken::TooMany) => {
            wire.close(CloseCode::TooManyConnections, 0);
            return None;
        }
        Err(NotTaken::Replaced) => {
            wire.close(CloseCode::Replaced, 0);
            return None;
        }
    };
    let rate = Rate::of(&services.limits);
    let connected = Connected::new(Arc::clone(services), connection, rate, claims.expires_at);
    if person_of(services, &claims).await.is_err() {
        wire.close(CloseCode::Revoked, 0);
        return None;
    }
    let place = hello.inbox.as_deref().map(|cursor| inbox::place_of(&services.inboxes, cursor));
    let greeting = services.directory.greet(person.user, hello.device, place).await;
    let greeting = match greeting {
        Ok(greeting) => greeting,
        Err(NotAppended::Refused(refusal)) => {
            say(wire, id, &refused(&refusal));
            wire.close(CloseCode::TooManyConnections, 0);
            return None;
        }
        Err(NotAppended::Failed(error)) => {
            tracing::warn!(%error, "a device could not be greeted");
            wire.close(CloseCode::Isolated, 0);
            return None;
        }
    };
    say(wire, id, &welcome(&connected, &person, &greeting));
    connected.inbox.begin(&greeting);
    connected.waiting.lock().extend(hello.rooms);
    Some(connected)
}

fn welcome(connected: &Connected, person: &SignIn, greeting: &Greeting) -> Answer {
    let ping = Duration::from_secs(connected.services.limits.ping_after_seconds);
    let inboxes = &connected.services.inboxes;
    Answer::Welcome(Welcome {
        user: person.user,
        company: person.company,
        device: connected.connection.device,
        wipe: greeting.wipe,
        notices: greeting.notices.iter().map(|noticed| inbox::show(inboxes, noticed)).collect(),
        ping_ms: u64::try_from(ping.as_millis()).unwrap_or(u64::MAX),
        token_ends: show::time(connected.token_ends()),
    })
}

/// `refresh`: a new token of the same person.
pub(super) async fn refresh(connected: &Connected, token: &str) -> Reply {
    let (claims, person) = match sign_in(&connected.services, &Token::from(token)).await {
        Ok(known) => known,
        Err(NotSignedIn::Refused) => {
            return Reply::refusal(&RefusalCode::Unauthenticated.into());
        }
        Err(NotSignedIn::Unavailable) => return Reply::unavailable(),
    };
    if person.user != connected.connection.user {
        return Reply::refusal(&RefusalCode::Unauthenticated.into());
    }
    connected.renew(claims.expires_at);
    let token_ends = show::time(claims.expires_at);
    Reply::plain(Answer::Refreshed(crosstalk_protocol::answer::Refreshed { token_ends }))
}
