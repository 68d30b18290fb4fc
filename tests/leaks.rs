//! What leaked elsewhere, each by its number: advisories and issues of other systems, told again
//! here, so that it does not happen twice. What other files prove is not told twice: the kicked
//! member who still hears (Rocket.Chat #6589, ejabberd #4410) in `removal`, who still finds, lists,
//! posts or deletes (Zulip GHSA-c9wc-65fh-9x8p, CVE-2026-2458, CVE-2021-39164, CVE-2025-41436,
//! CVE-2026-28759, Rocket.Chat #20542, #32246) in `doors`, the removal of which one is not told
//! (synapse #1762, matrix-rust-sdk #3315) in `inbox`, the archive that a newcomer reads (ejabberd
//! #703, #4031) in `removal` and `doors::places`, what a purge leaves (Rocket.Chat #15779, Mattermost
//! #22343) in `deletion`.

use crate::house::{House, refused};
use crate::people::talking::message;
use crate::people::{Person, ids, operation};
use crate::scene::{Scene, scene};
use crosstalk_loadtest::admin::{PolicyPatch, Redeemed};
use crosstalk_loadtest::{Admin, Client, Error, Target};
use crosstalk_protocol::answer::Answer;
use crosstalk_protocol::code::{CloseCode, RefusalCode};
use crosstalk_protocol::ids::{DeviceId, RoomId, Seq};
use crosstalk_protocol::push::{NoticeKind, Push};
use crosstalk_protocol::request::{
    About, Cursor, Hello, History, InviteGuest, Members, Read, Refresh, Rename, Resume, Rooms, Send,
};
use crosstalk_protocol::words::RoomKind;
use futures::future::join;
use uuid::Uuid;

/// How often a race is run.
const RACES: usize = 25;

impl Person {
    /// His cursor of a room.
    async fn cursor(&self, room: RoomId) -> Cursor {
        let hand = self.hand().await;
        let kept = hand.device.replica().room(room).unwrap();
        Cursor { room, stint: Some(kept.stint()), at: Some(kept.at().to_owned()) }
    }
}

fn hello(rooms: Vec<Cursor>) -> Hello {
    Hello { device: DeviceId(Uuid::new_v4()), token: None, inbox: None, rooms, client: None }
}

/// Whoever has this token is turned away.
async fn is_turned_away(target: &Target) {
    let outcome = Client::sign_in(target, hello(Vec::new())).await;
    refused(outcome.map(|_| ()), RefusalCode::Unauthenticated);
}

/// Another connection, which comes with these cursors; what it is told is kept.
async fn comes(target: &Target, rooms: Vec<Cursor>) -> Client {
    arrives(target, hello(rooms)).await
}

async fn arrives(target: &Target, hello: Hello) -> Client {
    let mut client = Client::connect(target).await.unwrap();
    client.keep_transcript();
    client.hello(hello).await.unwrap();
    client
}

/// Whether any frame held this, once all that waits has been read.
async fn heard(client: &mut Client, words: &str) -> bool {
    client.request(Rooms { after: None, limit: 1 }).await.unwrap();
    client.transcript().iter().any(|frame| frame.contains(words))
}

#[tokio::test]
async fn cve_2024_53867_and_synapse_1448_what_happens_after_leaving_is_not_synchronised() {
    // R16, R33: state changes, by live frames, by a cursor from before, by a fresh listing.
    let Scene { house: _house, globex, alice, bob, carol, .. } = scene().await;
    let room = alice.opens(RoomKind::Shared, "talk", &[&bob, &carol]).await;
    let cursor = carol.cursor(room).await;
    carol.leaves(room).await.unwrap();
    let dan = globex.person("Dan").await;
    alice.is_contact_of(&dan).await;
    alice.invites(room, &[&dan]).await.unwrap();
    let rename = Rename { room, operation: operation(), name: "planted name".to_owned() };
    alice.asks(rename).await.unwrap();
    let last = bob.says(room, "planted text").await;
    alice.is_at(room, last).await;
    let mut again = comes(&carol.target(), vec![cursor]).await;
    assert!(!heard(&mut again, "planted").await && !carol.has_heard("planted").await);
    assert!(!heard(&mut again, &dan.id.to_string()).await);
    assert!(!carol.rooms().await.contains(&room));
}

#[tokio::test]
async fn truxify_532_what_was_followed_before_a_restart_is_not_followed_after() {
    // R16: nothing of a subscription outlives the right to it.
    let Scene { mut house, acme, alice, bob, carol, group, .. } = scene().await;
    let cursor = carol.cursor(group).await;
    carol.loses_the_connection().await;
    carol.is_removed_by(&alice, group).await;
    bob.says(group, "planted while away").await;
    house.server.restart().await;
    let at = |person: &Person| Target { url: house.server.ws(), ..person.target() };
    let mut carols = comes(&at(&carol), vec![cursor]).await;
    let mut bobs = comes(&at(&bob), Vec::new()).await;
    bobs.request(message(group, operation(), "planted after")).await.unwrap();
    assert!(!heard(&mut carols, "planted").await);
    let gone = std::iter::from_fn(|| carols.waiting());
    assert!(gone.into_iter().any(|push| matches!(push, Push::Gone(what) if what.room == group)));
    drop(acme);
}

#[tokio::test]
async fn bisq_4961_a_right_that_ends_between_the_check_and_the_listing_gives_nothing() {
    // P1, P2: removed while he resumes, again and again.
    let Scene { house: _house, alice, bob, carol, group, .. } = scene().await;
    let hello = hello(Vec::new());
    for round in 0..RACES {
        let mut racing = arrives(&carol.target(), hello.clone()).await;
        let cursor = Cursor { room: group, stint: None, at: None };
        for _ in 0..5 {
            racing.start(Resume { rooms: vec![cursor.clone()] }).await.unwrap();
        }
        carol.is_removed_by(&alice, group).await;
        let secret = format!("planted in round {round}");
        let said = bob.says(group, &secret).await;
        alice.is_at(group, said).await;
        assert!(!heard(&mut racing, &secret).await, "{round}: {:?}", racing.transcript());
        let _closed = racing.close().await;
        alice.adds(group, &[&carol]).await.unwrap();
        carol.follows(group).await;
    }
}

#[tokio::test]
async fn cve_2022_31017_and_cve_2026_2578_changes_of_what_one_may_not_see_carry_nothing() {
    // R14: edits, erasures, reactions, pins and replies, live and by pages (CVE-2026-1629 too: what
    // is quoted is not shown with it; zulip #37747: an erasure names places only).
    let Scene { house: _house, alice, bob, carol, group, .. } = scene().await;
    carol.is_removed_by(&alice, group).await;
    let hidden = bob.says(group, "planted before").await;
    let erased = bob.says(group, "planted and erased").await;
    alice.adds(group, &[&carol]).await.unwrap();
    carol.follows(group).await;
    bob.edits(group, hidden, "planted edit").await;
    bob.reacts(group, hidden, "🤫", true).await;
    bob.pins(group, hidden, true).await;
    bob.unsends(group, erased).await;
    let reply = bob.replies(group, hidden, "an answer").await;
    carol.is_at(group, reply).await;
    let page = serde_json::to_string(&carol.pages(group).await).unwrap();
    let mut fresh =
        comes(&carol.target(), vec![Cursor { room: group, stint: None, at: None }]).await;
    for words in ["planted", "🤫"] {
        assert!(!carol.has_heard(words).await && !page.contains(words), "{page}");
        assert!(!heard(&mut fresh, words).await);
    }
    assert!(carol.has_heard("an answer").await);
}

#[tokio::test]
async fn synapse_and_twake_keep_originals_an_edit_or_erasure_leaves_none_to_read() {
    // R25: nobody reads what was there before, a Group Master neither.
    let Scene { house: _house, alice, bob, carol, group, .. } = scene().await;
    let edited = bob.says(group, "planted original").await;
    let erased = bob.says(group, "planted and erased").await;
    bob.replies(group, edited, "an answer").await;
    bob.edits(group, edited, "what it says now").await;
    let last = bob.unsends(group, erased).await;
    carol.is_at(group, last).await;
    for person in [&alice, &carol, &bob] {
        let page = serde_json::to_string(&person.pages(group).await).unwrap();
        assert!(page.contains("what it says now") && !page.contains("planted"), "{page}");
        let first = vec![Cursor { room: group, stint: None, at: None }];
        let mut fresh = comes(&person.target(), first).await;
        assert!(!heard(&mut fresh, "planted").await);
    }
}

#[tokio::test]
async fn element_17432_and_cve_2023_42453_signs_come_from_and_go_to_those_who_are_there() {
    // R16, R25: typing and read marks; a forged mark is none.
    let Scene { house: _house, alice, bob, carol, group, .. } = scene().await;
    let head = carol.says(group, "hello").await;
    bob.is_at(group, head).await;
    bob.asks(Read { room: group, seq: Seq::MAX }).await.unwrap();
    let mark =
        alice.until("a mark", |hand| hand.device.replica().room(group)?.read_by(bob.id)).await;
    assert_eq!(mark, head, "nobody has read what nobody has written");
    carol.is_removed_by(&alice, group).await;
    alice.settles().await;
    let told = alice.hand().await.told.len();
    carol.types(group).await;
    refused(carol.asks(Read { room: group, seq: head }).await, RefusalCode::NotFound);
    bob.types(group).await;
    let signs = alice
        .until("a sign of Bob's", |hand| {
            let signs: Vec<_> = hand.told[told..].iter().filter(|push| is_sign(push)).collect();
            (!signs.is_empty()).then(|| format!("{signs:?}"))
        })
        .await;
    assert!(signs.contains(&bob.id.to_string()) && !signs.contains(&carol.id.to_string()));
    assert!(!carol.has_heard(r#""type":"typing""#).await);
}

fn is_sign(push: &Push) -> bool {
    matches!(push, Push::Typing(_) | Push::Read(_))
}

#[tokio::test]
async fn centrifugo_543_a_new_token_brings_no_old_right_back() {
    // R34: rights stand in the directory, never in a token.
    let Scene { house: _house, globex, alice, bob, carol, group, .. } = scene().await;
    let old = globex.token_of(&carol.subject);
    carol.is_removed_by(&alice, group).await;
    for token in [old, globex.token_of(&carol.subject)] {
        carol.asks(Refresh { token }).await.unwrap();
        bob.says(group, "planted").await;
        carol.finds_nothing(group).await;
    }
    assert!(!carol.has_heard("planted").await);
}

#[tokio::test]
async fn tolgee_3809_and_mattermost_30388_losing_one_room_disturbs_no_other() {
    // The connection stays, nothing is asked for again, and nothing is missed.
    let Scene { house: _house, alice, bob, carol, group, .. } = scene().await;
    let mut others = Vec::new();
    for number in 0..20 {
        others.push(alice.creates_a_group(&format!("Group {number}"), &[&bob, &carol]).await);
    }
    carol.settles().await;
    let told = carol.hand().await.told.len();
    carol.is_removed_by(&alice, group).await;
    for room in &others {
        bob.says(*room, "on it goes").await;
    }
    for room in &others {
        carol.is_shown(*room, "on it goes").await;
    }
    let hand = carol.hand().await;
    let again = hand.told[told..].iter().filter(|push| {
        matches!(
            push,
            Push::CaughtUp(_) | Push::Behind(_) | Push::Unavailable(_) | Push::Closing(_)
        )
    });
    assert_eq!(again.count(), 0);
}

#[tokio::test]
async fn rome_211_saying_ok_twice_is_saying_it_twice() {
    // R29: what makes a repetition is its id, never its text.
    let Scene { house: _house, bob, carol, group, .. } = scene().await;
    let said = message(group, operation(), "ok");
    let first = bob.asks(said.clone()).await.unwrap().seq;
    let second = bob.says(group, "ok").await;
    assert_eq!(bob.asks(said).await.unwrap().seq, first);
    carol.is_at(group, second).await;
    assert_eq!(carol.texts(group).await, ["ok", "ok"]);
}

#[tokio::test]
async fn zulip_cloud_march_18_nobody_is_served_what_was_made_for_another() {
    // House rule 2: what each may see, asked for by all at once.
    let Scene { house: _house, acme, alice, bob, carol, group, .. } = scene().await;
    bob.says(group, "seen by the first").await;
    let erin = acme.person("Erin").await;
    alice.adds(group, &[&erin]).await.unwrap();
    erin.follows(group).await;
    bob.says(group, "seen by all").await;
    let people = [&alice, &bob, &carol, &erin];
    let mut alone = Vec::new();
    for person in people {
        person.settles().await;
        alone.push(looks_around(person, group).await);
    }
    assert!(alone[0].contains("seen by the first") && !alone[3].contains("seen by the first"));
    for _ in 0..RACES {
        let looks = people.map(|person| looks_around(person, group));
        assert_eq!(futures::future::join_all(looks).await, alone);
    }
}

/// All that a room's doors show a member.
async fn looks_around(person: &Person, room: RoomId) -> String {
    let page = person.asks(History { room, before: None, after: None, limit: 50 }).await.unwrap();
    let about = person.asks(About { room }).await.unwrap();
    let members = person.asks(Members { room, after: None, limit: 50 }).await.unwrap();
    let rooms = person.asks(Rooms { after: None, limit: 50 }).await.unwrap();
    serde_json::to_string(&(page, about, members, rooms)).unwrap()
}

/// Somebody from the consumer network, with the token that his invitation brought.
async fn guest(house: &House, redeemed: &Redeemed) -> Person {
    let target = Target::new(house.server.ws(), redeemed.token.clone());
    let guest = Person::new("Gus", redeemed.user, String::new(), String::new(), target);
    guest.signs_in().await;
    guest.follows(redeemed.room).await;
    guest
}

#[tokio::test]
async fn cve_2026_100404_a_guest_hears_of_the_room_that_he_is_in_and_of_no_other() {
    // R33, R16
    let Scene { house, acme, alice, bob, group, .. } = scene().await;
    acme.lets_guests_in().await;
    let lobby = alice.opens(RoomKind::Internal, "lobby", &[&bob]).await;
    let inside = alice.opens(RoomKind::Internal, "inside", &[&bob]).await;
    let invite = InviteGuest { room: lobby, operation: operation() };
    let invitation = alice.asks(invite).await.unwrap().invitation;
    let visitor = Admin::anonymous(house.server.http());
    let gus = guest(&house, &visitor.redeem(&invitation, "Gus").await.unwrap()).await;
    for room in [group, inside] {
        let planted = Send { mention_all: true, ..message(room, operation(), "planted") };
        bob.asks(planted).await.unwrap();
        alice.types(room).await;
    }
    let last = bob.says(lobby, "hello").await;
    gus.is_at(lobby, last).await;
    for words in ["planted".to_owned(), group.to_string(), inside.to_string()] {
        assert!(!gus.has_heard(&words).await, "{words}");
    }
    assert_eq!(gus.rooms().await, [lobby]);
}

#[tokio::test]
async fn cve_2022_21706_an_invitation_of_one_company_opens_nothing_at_another() {
    // R33, R34: who comes by it is a guest of the inviter's company, in that room, with no right.
    let Scene { house, acme, globex, alice, carol, .. } = scene().await;
    acme.lets_guests_in().await;
    globex.lets_guests_in().await;
    let room = alice.opens(RoomKind::Shared, "talk", &[&carol]).await;
    let visitor = Admin::anonymous(house.server.http());
    for (host, company) in [(&alice, &acme), (&carol, &globex)] {
        let invite = InviteGuest { room, operation: operation() };
        let invitation = host.asks(invite).await.unwrap().invitation;
        let redeemed = visitor.redeem(&invitation, "Gus").await.unwrap();
        assert_eq!((redeemed.company, redeemed.room), (company.id, room));
        let gus = guest(&house, &redeemed).await;
        let admin = Admin::new(house.server.http(), redeemed.token);
        for company in [&acme, &globex] {
            refused(admin.company(company.id).await, RefusalCode::NotAdministrator);
        }
        // Nor is he let in as a user of either.
        for company in [&acme, &globex] {
            let subject = gus.id.to_string();
            is_turned_away(&company.target(company.token_of(&subject))).await;
        }
    }
}

#[tokio::test]
async fn ghsa_fxwj_v664_wv5g_a_revoked_invitation_is_an_invented_one() {
    // R33: revoked by whatever ends the inviter's right or the room's openness.
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    acme.lets_guests_in().await;
    let alice = acme.person("Alice").await;
    let carol = globex.person("Carol").await;
    alice.is_contact_of(&carol).await;
    let visitor = Admin::anonymous(house.server.http());
    let invented = visitor.redeem("invented", "Gus").await.unwrap_err().to_string();
    for end in ["left", "withdrawn", "suspended", "deleted account", "converted", "company ended"] {
        let host = acme.person("Host").await;
        host.is_contact_of(&carol).await;
        let room = host.opens(RoomKind::Shared, "talk", &[&carol]).await;
        let invite = InviteGuest { room, operation: operation() };
        let invitation = host.asks(invite).await.unwrap().invitation;
        match end {
            "left" => drop(host.leaves(room).await.unwrap()),
            "withdrawn" => acme.withdraws(&host).await,
            "suspended" => acme.suspends(&host).await,
            "deleted account" => acme.deletes(&host).await,
            "converted" => drop(host.converts(room, "Ours").await.unwrap()),
            _ => house.operator().end_company(acme.id).await.unwrap(),
        }
        let revoked = visitor.redeem(&invitation, "Gus").await.unwrap_err().to_string();
        assert_eq!(revoked, invented, "{end}");
    }
}

#[tokio::test]
async fn cve_2016_4427_and_cve_2023_32682_who_is_deactivated_does_not_get_in_by_a_new_token() {
    // R34: however good the token is, and also where a first sign-in makes a user.
    let Scene { house, globex, alice, carol, .. } = scene().await;
    let first = PolicyPatch { first_sign_in: Some(true), ..PolicyPatch::default() };
    globex.sets(first).await;
    let dan = globex.person("Dan").await;
    globex.suspends(&carol).await;
    globex.deletes(&dan).await;
    for person in [&carol, &dan] {
        let fresh = globex.target(globex.token_of(&person.subject));
        is_turned_away(&fresh).await;
        let admin = Admin::new(house.server.http(), fresh.token.unwrap());
        refused(admin.company(globex.id).await, RefusalCode::Unauthenticated);
    }
    assert!(alice.asks(Rooms { after: None, limit: 1 }).await.is_ok());
}

#[tokio::test]
async fn cve_2026_9162_every_socket_of_whose_sign_ins_end_is_closed() {
    // R34, R19: of one person, and of a whole company.
    let Scene { house, acme, globex, alice, bob, carol, group } = scene().await;
    let mut second = comes(&carol.target(), Vec::new()).await;
    globex.revokes_sign_ins_of(&carol).await;
    assert_eq!(second.closed().await.unwrap().known(), Some(CloseCode::Revoked));
    assert_eq!(carol.is_disconnected().await.known(), Some(CloseCode::Revoked));
    refused(carol.tries_to_sign_in().await, RefusalCode::Unauthenticated);
    bob.says(group, "on it goes").await;
    let mut idle = comes(&bob.target(), Vec::new()).await;
    house.operator().end_company(acme.id).await.unwrap();
    for closed in
        [alice.is_disconnected().await, bob.is_disconnected().await, idle.closed().await.unwrap()]
    {
        assert_eq!(closed.known(), Some(CloseCode::Revoked), "{closed}");
    }
    is_turned_away(&acme.target(acme.token_of(&bob.subject))).await;
}

#[tokio::test]
async fn cve_2026_20796_who_comes_in_while_he_is_deactivated_learns_nothing() {
    // R19, R34: the race of a sign-in with the suspension, again and again.
    let Scene { house: _house, globex, alice, group, .. } = scene().await;
    for round in 0..RACES {
        let dan = globex.stranger("Dan", true).await;
        let target = globex.target(globex.token_of(&dan.subject));
        let coming = async {
            let (mut client, _) = Client::sign_in(&target, hello(Vec::new())).await?;
            client.keep_transcript();
            Ok::<_, Error>(client)
        };
        let (came, ()) = join(coming, globex.suspends(&dan)).await;
        // The suspension has been answered: from here on he is told nothing.
        if let Ok(mut client) = came {
            let answer = client.ask(Rooms { after: None, limit: 100 }).await;
            let told = answer.is_ok_and(|answer| matches!(answer, Answer::Rooms(_)));
            assert!(!told, "round {round}");
            assert_eq!(client.closed().await.unwrap().known(), Some(CloseCode::Revoked));
        }
    }
    alice.says(group, "on it goes").await;
}

#[tokio::test]
async fn ejabberd_4410_a_second_removal_is_as_good_as_the_first() {
    // R16, R17: removed, added, removed; nothing is left over of either membership.
    let Scene { house: _house, alice, bob, carol, group, .. } = scene().await;
    let tablet = carol.with_another_device();
    tablet.signs_in().await;
    for round in 0..3 {
        let removal = carol.is_removed_by(&alice, group).await;
        bob.says(group, &format!("planted {round}")).await;
        for device in [&carol, &tablet] {
            device.is_told(NoticeKind::Removed { room: group }).await;
            assert!(!device.has_heard("planted").await);
            device.finds_nothing(group).await;
        }
        let about = alice.looks_at(group).await;
        assert_eq!((about.members, ids(&[&alice])), (2, about.masters));
        let stint = alice.adds(group, &[&carol]).await.unwrap().seq;
        assert!(stint > removal);
        for device in [&carol, &tablet] {
            device.is_told(NoticeKind::Added { room: group, stint }).await;
            device.follows(group).await;
            assert!(!device.has_heard("planted").await);
        }
    }
}
