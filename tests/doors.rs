//! R16: to a removed person the room is one that never was, on every door. Each way of losing a
//! room, each request of the protocol, each route: what is asked with his token, old cursors and
//! old ids is answered as the same request about ids that never were, byte for byte.

mod crawl;
mod named;
mod past;
mod places;
mod requests;
mod routes;

use crate::house::{Company, House};
use crate::people::governing::{creation, opening};
use crate::people::{Person, ids, operation};
use crawl::{Report, crawl, enter, frame, greet, hear};
use crosstalk_loadtest::admin::PolicyPatch;
use crosstalk_loadtest::{Admin, Client, Target};
use crosstalk_protocol::ids::{DeviceId, RoomId};
use crosstalk_protocol::push::{NoticeKind, Push};
use crosstalk_protocol::request::{Delete, Hello, InviteGuest, Leave, Request};
use crosstalk_protocol::words::RoomKind;
use past::{Life, Past, Twins};
use routes::{Caller, Named};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use uuid::Uuid;

/// Purges that stand in the way of whoever comes after them.
const PURGES: usize = 60;
/// Rooms whose purge is planned later.
const SPARE: usize = 5;
/// How often is looked whether a new token is good.
const LOOKS: usize = 100;

/// Alice and Bob of Acme, Carol and Dan of Globex; Carol is a Group Master and did all that one can.
struct Scene {
    house: House,
    acme: Company,
    globex: Company,
    alice: Person,
    bob: Person,
    carol: Person,
    dan: Person,
    group: RoomId,
    past: Past,
}

async fn scene() -> Scene {
    let often = ("limits.redemptions_per_minute", "10000");
    let house = House::open_with(&[often]).await;
    let (acme, globex) = house.two_connected_companies().await;
    for company in [&acme, &globex] {
        company.lets_guests_in().await;
    }
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let (carol, dan) = (globex.person("Carol").await, globex.person("Dan").await);
    alice.is_contact_of(&carol).await;
    let (group, past) = group_of(&alice, &bob, &carol, &dan).await;
    Scene { house, acme, globex, alice, bob, carol, dan, group, past }
}

/// A group in which `carol` was Group Master and did all that one can.
async fn group_of(alice: &Person, bob: &Person, carol: &Person, dan: &Person) -> (RoomId, Past) {
    let group = alice.creates_a_group("Launch", &[bob, carol]).await;
    alice.appoints(group, carol).await.unwrap();
    (group, Life::new(carol, group, bob, dan).governs().await)
}

/// Everything that one can ask on the socket: on the connection that he had, and on a new one.
async fn asks_everything(who: &Person, past: &Past) -> Report {
    let twins = past.twins();
    let there = {
        let mut hand = who.hand().await;
        Box::pin(crawl(hand.device.client().unwrap(), past, &twins)).await
    };
    there.and(Box::pin(greet(&who.target(), past, &twins)).await)
}

/// The members notice nothing of it: nobody typed, read or wrote.
async fn nobody_noticed(
    members: &[&Person],
    room: RoomId,
    work: impl Future<Output = Report>,
) -> Report {
    let mut before = Vec::new();
    for member in members {
        member.settles().await;
        before.push(of_room(member, room).await);
    }
    let report = work.await;
    for (member, before) in members.iter().zip(before) {
        member.settles().await;
        assert_eq!(of_room(member, room).await, before, "{} noticed something", member.name);
    }
    report
}

/// How many pushes of a room somebody was told.
async fn of_room(person: &Person, room: RoomId) -> usize {
    let hand = person.hand().await;
    let told = hand.told.iter().map(|push| serde_json::to_string::<Push>(push).unwrap());
    told.filter(|push| push.contains(&room.to_string())).count()
}

#[tokio::test]
async fn who_was_removed_by_a_group_master_finds_no_door_open() {
    // R16
    let Scene { house, acme, globex, alice, bob, carol, group, past, .. } = scene().await;
    carol.is_removed_by(&alice, group).await;
    carol.is_told(NoticeKind::Removed { room: group }).await;
    let all = asks_everything(&carol, &past);
    nobody_noticed(&[&alice, &bob], group, all).await.finds_nothing("removed");
    // Removed, added and removed again is no other than removed.
    alice.adds(group, &[&carol]).await.unwrap();
    carol.follows(group).await;
    carol.is_removed_by(&alice, group).await;
    asks_everything(&carol, &past).await.finds_nothing("removed twice");

    let named = Named { company: acme.id, user: bob.id, group, invitation: None };
    let twins = Twins::of(&[acme.id.0, bob.id.0, group.0]);
    let carols = globex.token_of(&carol.subject);
    let callers = [
        Caller { who: "the removed", token: Some(carols), governs: None },
        Caller { who: "her head", token: Some(globex.token_of("head")), governs: Some(globex.id) },
        Caller { who: "nobody", token: None, governs: None },
    ];
    routes::crawl(&house.server.http(), &callers, &named, &twins).await.finds_nothing("HTTP");
}

#[tokio::test]
async fn a_removed_founder_finds_no_door_open() {
    // R29, R16: not even by asking for its creation again.
    let Scene { house, alice, bob, carol, past, .. } = scene().await;
    let mallory = house.company("Umbrella").await.person("Mallory").await;
    let creation = creation("Lunch", ids(&[&bob, &carol]));
    let room = alice.asks(creation.clone()).await.unwrap().room;
    alice.appoints(room, &carol).await.unwrap();
    alice.is_removed_by(&carol, room).await;
    let past = Past { room, done: vec![creation.into()], ..past.about(&mallory) };
    asks_everything(&alice, &past).await.finds_nothing("the founder");
}

#[tokio::test]
async fn who_was_never_a_member_finds_no_door_open() {
    // R8, R16, R31: with ids and cursors that leaked.
    let Scene { house, acme, globex, alice, bob, carol, dan, group, past } = scene().await;
    let umbrella = house.company("Umbrella").await;
    let (erin, mallory) = (acme.person("Erin").await, umbrella.person("Mallory").await);
    let gus = guest_of(&house, &dan).await;
    // A colleague is nobody's secret: who asks names somebody of the other company.
    let of_acme = past.about(&carol);
    for (who, past, why) in [
        (&dan, &past, "a colleague of the removed"),
        (&erin, &of_acme, "a colleague of the Group Master"),
        (&mallory, &past, "a stranger"),
        (&gus, &past, "a guest"),
    ] {
        let all = asks_everything(who, past);
        nobody_noticed(&[&alice, &bob, &carol], group, all).await.finds_nothing(why);
    }
    for (company, past, why) in
        [(&acme, &of_acme, "the owner's head"), (&globex, &past, "the member's head")]
    {
        let target = company.target(company.token_of("head"));
        let mut client = signed_in(&target).await;
        let all = async {
            let twins = past.twins();
            let there = Box::pin(crawl(&mut client, past, &twins)).await;
            there.and(Box::pin(greet(&target, past, &twins)).await)
        };
        nobody_noticed(&[&alice, &bob, &carol], group, all).await.finds_nothing(why);
    }

    let named = Named { company: acme.id, user: bob.id, group, invitation: None };
    let twins = Twins::of(&[acme.id.0, bob.id.0, group.0]);
    let callers = [
        Caller { who: "a stranger", token: mallory.target().token, governs: None },
        Caller {
            who: "a stranger's head",
            token: Some(umbrella.token_of("head")),
            governs: Some(umbrella.id),
        },
        Caller { who: "a guest", token: gus.target().token, governs: None },
        Caller { who: "a member", token: bob.target().token, governs: None },
    ];
    routes::crawl(&house.server.http(), &callers, &named, &twins).await.finds_nothing("HTTP");
}

#[tokio::test]
async fn an_operator_is_turned_away_whatever_he_names() {
    // R34: he is nobody in a room, and his cursors tell him nothing.
    let Scene { house, past, .. } = scene().await;
    let target = Target::new(house.server.ws(), house.server.operator_token());
    greet(&target, &past, &past.twins()).await.finds_nothing("an operator");
    let Hello { device, .. } = hello();
    let greeting = Hello { device, rooms: past.cursors(), ..hello() };
    let told = enter(&target, &frame(&greeting.into()), 0).await;
    assert!(told.last().unwrap().contains("Some(4501)"), "{told:?}");
}

fn hello() -> Hello {
    let device = DeviceId(Uuid::new_v4());
    Hello { device, token: None, inbox: None, rooms: Vec::new(), client: None }
}

async fn signed_in(target: &Target) -> Client {
    Client::sign_in(target, hello()).await.unwrap().0
}

/// A guest in a room of the host's own.
async fn guest_of(house: &House, host: &Person) -> Person {
    let room = host.opens(RoomKind::Internal, "lobby", &[]).await;
    guest_in(house, host, room).await
}

/// A guest whom the host brings into a room.
async fn guest_in(house: &House, host: &Person, room: RoomId) -> Person {
    let invite = InviteGuest { room, operation: operation() };
    let invitation = host.asks(invite).await.unwrap().invitation;
    let redeemed = Admin::anonymous(house.server.http()).redeem(&invitation, "Gus").await.unwrap();
    let target = Target::new(house.server.ws(), redeemed.token);
    let gus = Person::new("Gus", redeemed.user, String::new(), String::new(), target);
    gus.signs_in().await;
    gus.follows(room).await;
    gus
}

/// The durable jobs stand still as long as the keys are not there: purges that were planned before
/// can't go on, and whoever comes after them waits for his turn.
struct StandingStill {
    somebody: Person,
    spare: Vec<RoomId>,
    keys: PathBuf,
    away: PathBuf,
}

impl StandingStill {
    async fn begin(house: &House, somebody: Person) -> Self {
        let mut rooms = Vec::with_capacity(PURGES + SPARE);
        for _ in 0..PURGES + SPARE {
            let opened = somebody.asks(opening(RoomKind::Internal, "", Vec::new())).await;
            rooms.push(opened.unwrap().room);
        }
        let spare = rooms.split_off(PURGES);
        let keys = house.server.home().join("keys");
        let away = house.server.home().join("keys-away");
        fs::rename(&keys, &away).unwrap();
        for room in rooms {
            somebody.leaves(room).await.unwrap();
        }
        Self { somebody, spare, keys, away }
    }

    /// A job more, and all of them begin again with the first: whoever waits goes on waiting.
    async fn goes_on(&mut self) {
        let room = self.spare.pop().unwrap();
        self.somebody.leaves(room).await.unwrap();
    }

    /// The jobs go on, and are done.
    async fn end(self, house: &House) {
        let Self { keys, away, .. } = self;
        fs::rename(away, keys).unwrap();
        house.jobs_are_done().await;
    }
}

/// How many jobs of this kind wait.
async fn waiting(house: &House, kind: &str) -> usize {
    let jobs = house.operator().jobs().await.unwrap();
    jobs.iter().filter(|job| job.kind == kind && !job.finished).count()
}

#[tokio::test]
async fn who_was_cut_off_finds_no_door_open_before_and_after_the_job() {
    // R19, R16: one transaction ends the stints; the entries come later.
    let Scene { house, acme, globex, alice, bob, carol, dan, group, past } = scene().await;
    let erin = globex.person("Erin").await;
    alice.is_contact_of(&erin).await;
    let (hers, of_erin) = group_of(&alice, &bob, &erin, &dan).await;
    let initech = house.company("Initech").await;
    let (frank, gina) = (initech.person("Frank").await, initech.person("Gina").await);
    alice.is_contact_of(&frank).await;
    let (franks, of_frank) = group_of(&alice, &bob, &frank, &gina).await;
    let mut jobs = StandingStill::begin(&house, acme.person("Olga").await).await;
    globex.withdraws(&carol).await;
    globex.suspends(&erin).await;
    erin.is_disconnected().await;
    greet(&erin.target(), &of_erin, &of_erin.twins()).await.finds_nothing("suspended");
    globex.reinstates(&erin).await;
    let erin = comes_back(&globex, &erin).await;
    let off = PolicyPatch { external_messaging: Some(false), ..PolicyPatch::default() };
    initech.sets(off).await;
    let lost = [
        (&carol, &past, "withdrawn", group),
        (&erin, &of_erin, "suspended", hers),
        (&frank, &of_frank, "of a company that is off", franks),
    ];
    for (who, past, why, room) in lost {
        jobs.goes_on().await;
        let all = asks_everything(who, past);
        nobody_noticed(&[&alice, &bob], room, all).await.finds_nothing(why);
    }
    assert_eq!(waiting(&house, "withdrawal").await, 3, "the entries were written meanwhile");
    jobs.end(&house).await;
    for (who, past, why, room) in lost {
        let all = asks_everything(who, past);
        nobody_noticed(&[&alice, &bob], room, all).await.finds_nothing(why);
    }
    // Permitted again, they are what they were: strangers to the group.
    globex.permits(&carol).await;
    let on = PolicyPatch { external_messaging: Some(true), ..PolicyPatch::default() };
    initech.sets(on).await;
    for (who, past) in [(&carol, &past), (&frank, &of_frank)] {
        asks_everything(who, past).await.finds_nothing("permitted again");
    }
}

/// The same person with a token of now, once that is good: tokens say whole seconds, and one of the
/// second of the suspension is old.
async fn comes_back(company: &Company, person: &Person) -> Person {
    for _ in 0..LOOKS {
        let target = company.target(company.token_of(&person.subject));
        let Person { name, id, address, subject, .. } = person;
        let back = Person::new(name, *id, address.clone(), subject.clone(), target);
        if back.tries_to_sign_in().await.is_ok() {
            return back;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} does not come in", person.name)
}

#[tokio::test]
async fn a_deleted_group_is_one_that_never_was_before_and_after_the_purge() {
    // R21, R16
    let Scene { house, acme, globex, alice, bob, carol, dan, group, past } = scene().await;
    let mut jobs = StandingStill::begin(&house, acme.person("Olga").await).await;
    let deletion = Delete { room: group, operation: operation() };
    // P3: not answered while its key can't be destroyed; it is gone for everybody all the same.
    let not_yet = alice.hears(&deletion.clone().into()).await;
    assert!(not_yet.iter().any(|frame| frame.contains("unavailable")), "{not_yet:?}");
    // She knows Dan from the group alone.
    let alices = Past { done: Vec::new(), ..past.about(&dan) };
    asks_everything(&carol, &past).await.finds_nothing("before the purge");
    jobs.goes_on().await;
    asks_everything(&alice, &alices).await.finds_nothing("who deleted it");
    assert!(waiting(&house, "purge").await > PURGES, "the purge went on meanwhile");
    jobs.end(&house).await;
    asks_everything(&carol, &past).await.finds_nothing("after the purge");
    asks_everything(&alice, &alices).await.finds_nothing("who deleted it, after the purge");
    // R29: who deleted it gets that answer, again and again, for its id, and nothing else.
    let deletion = deletion.into();
    let answer = alice.hears(&deletion).await;
    assert!(answer.iter().any(|frame| frame.contains("\"effective\":true")), "{answer:?}");
    is_answered_again(&alice, &deletion, &answer).await;
    // Those who govern it from outside find nothing either.
    let named = Named { company: acme.id, user: bob.id, group, invitation: None };
    let callers = [
        Caller {
            who: "its owner's head",
            token: Some(acme.token_of("head")),
            governs: Some(acme.id),
        },
        Caller { who: "an operator", token: Some(house.server.operator_token()), governs: None },
        Caller { who: "the head of a member", token: Some(globex.token_of("head")), governs: None },
    ];
    let twins = Twins::of(&[group.0]);
    let report = routes::crawl_groups(&house.server.http(), &callers, &named, &twins).await;
    report.finds_nothing("HTTP");
}

impl Person {
    /// All frames that come of a request, as bytes.
    async fn hears(&self, request: &Request) -> Vec<String> {
        let mut hand = self.hand().await;
        hear(hand.device.client().unwrap(), &frame(request)).await
    }
}

/// R29: the one door that stays open, to who closed it.
async fn is_answered_again(who: &Person, farewell: &Request, answer: &[String]) {
    let again = who.hears(farewell).await;
    assert!(again.len() == 1 && answer.contains(&again[0]), "{again:?} after {answer:?}");
}

#[tokio::test]
async fn who_left_a_room_finds_no_door_open() {
    // R33, R7, R16
    let Scene { house, globex, alice, bob, dan, .. } = scene().await;
    let erin = globex.person("Erin").await;
    alice.is_contact_of(&erin).await;
    let shared = alice.opens(RoomKind::Shared, "talk", &[&bob, &erin]).await;
    let past = Life::new(&erin, shared, &bob, &dan).hosts().await;
    let leaving = Leave { room: shared, operation: operation() };
    let farewell = erin.hears(&leaving.clone().into()).await;
    asks_everything(&erin, &past).await.finds_nothing("who left");
    // R29: who left gets that answer again for its id, and nothing else.
    is_answered_again(&erin, &leaving.into(), &farewell).await;
    // R7: what was hers as a room is not hers as a group.
    alice.is_contact_of(&dan).await;
    alice.converts(shared, "Ours").await.unwrap();
    asks_everything(&erin, &past).await.finds_nothing("who left, after the conversion");

    // Her invitation is as good as an invented one.
    let twins = past.twins();
    let invitation = past.invitations.first().cloned();
    let named = Named { company: globex.id, user: bob.id, group: shared, invitation };
    let nobody = [Caller { who: "who holds the invitation", token: None, governs: None }];
    routes::crawl(&house.server.http(), &nobody, &named, &twins).await.finds_nothing("HTTP");
}

#[tokio::test]
async fn a_guest_whose_room_is_over_finds_no_door_open() {
    // R33, R16
    let Scene { house, bob, dan, .. } = scene().await;
    let room = dan.opens(RoomKind::Internal, "lobby", &[]).await;
    let gus = guest_in(&house, &dan, room).await;
    let past = Life::new(&gus, room, &dan, &bob).visits().await;
    dan.leaves(room).await.unwrap();
    gus.is_told(NoticeKind::Removed { room }).await;
    asks_everything(&gus, &past).await.finds_nothing("a guest");
    house.jobs_are_done().await;
    asks_everything(&gus, &past).await.finds_nothing("a guest after the purge");
}
