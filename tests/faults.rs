//! P2, P4 over three nodes while something fails: `make faults`, some of it in `make test-cluster`.
//!
//! Alice's groups have many members of another company, whose devices are at three nodes, two of them
//! processes of their own. Bob talks without a pause. Meanwhile Alice removes them one after the other,
//! and something fails again and again. Whatever fails: once Alice was answered, no byte of the group comes
//! to any device of who was removed, and none ever of what came after the removal; and everything that Bob
//! was told is kept stands in Alice's list, once.
//!
//! `CROSSTALK_ROUNDS` sets the number of groups of each. How long removals took is printed, and no test.

use crate::house::House;
use crate::people::{Person, ids, operation};
use crate::support::Another;
use crate::support::bus::{OwnBus, Said};
use crate::support::pair::Pair;
use crosstalk_loadtest::{Error, Target};
use crosstalk_protocol::answer::Accepted;
use crosstalk_protocol::ids::{RoomId, Seq};
use crosstalk_protocol::request::Remove;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};

/// Members whom Alice removes from each group.
const MEMBERS: usize = 20;
const LEASE_MILLISECONDS: &str = "1000";
/// Within it a device has taken what lay ready for it.
const AT_HAND: Duration = Duration::from_millis(2);
/// Between two faults, and how long one lasts that ends.
const PAUSE: Duration = Duration::from_millis(200);
const LASTING: Duration = Duration::from_millis(600);
/// How long somebody waits for what he is to be shown, before he connects anew.
const WAIT: Duration = Duration::from_secs(3);
/// How often what could not be done because of a fault is tried again.
const TRIES: usize = 300;
const TRY_PAUSE: Duration = Duration::from_millis(50);

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Nothing,
    /// The bus is killed, and comes back.
    BusDies,
    /// All that was said on the bus is said again, garbled, and elsewhere.
    BusLies,
    /// A node hangs, and goes on before or after its lease has run out.
    NodeHangs,
    /// A node is killed, and comes back.
    NodeDies,
    /// One node after the other is told to stop, as at an upgrade, and comes back.
    NodesRestart,
    /// The database ends all sessions.
    SessionsEnd,
    /// The database is killed, and comes back with all it had promised.
    DatabaseDies,
}

/// What may fail.
struct Props {
    bus: OwnBus,
    said: Receiver<Said>,
    pair: Pair,
    nodes: Vec<Another>,
}

/// Who is there.
struct Cast {
    house: House,
    alice: Person,
    bob: Person,
    /// Each with a device at the first node, and one at another.
    members: Vec<[Person; 2]>,
}

async fn stage() -> (Props, Cast) {
    let (bus, pair) = (OwnBus::start(), Pair::start());
    let (said, address, of_bus) = (bus.overhears(), pair.address(), bus.settings());
    let mut settings = of_bus.each_ref().map(|(key, value)| (*key, value.as_str())).to_vec();
    settings.push(("store.server", &address));
    settings.push(("store.lease_milliseconds", LEASE_MILLISECONDS));
    let house = House::open_with(&settings).await;
    let nodes = vec![house.server.another(), house.server.another()];
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
    let mut members = Vec::new();
    for number in 0..MEMBERS {
        let member = globex.person(&format!("Carol{number}")).await;
        alice.is_contact_of(&member).await;
        let node = &nodes[number % nodes.len()];
        let elsewhere = member.at(Target::new(node.ws(), globex.token_of(&member.subject)));
        members.push([member, elsewhere]);
    }
    (Props { bus, said, pair, nodes }, Cast { house, alice, bob, members })
}

impl Props {
    /// Something fails, again and again.
    async fn fail(&mut self, fault: Fault, house: &House, over: &AtomicBool) {
        let mut turn = 0;
        while !over.load(Ordering::Relaxed) {
            sleep(PAUSE).await;
            turn += 1;
            let node = turn % self.nodes.len();
            match fault {
                Fault::Nothing => {}
                Fault::BusDies => {
                    block_in_place(|| self.bus.kill());
                    sleep(LASTING).await;
                    block_in_place(|| self.bus.start_again());
                }
                Fault::BusLies => block_in_place(|| {
                    let overheard: Vec<_> = self.said.try_iter().take(20).collect();
                    self.bus.says(&crate::hints::lies(&overheard));
                }),
                Fault::NodeHangs => {
                    self.nodes[node].freeze();
                    sleep(if turn % 3 == 0 { LASTING * 4 } else { LASTING }).await;
                    self.nodes[node].thaw();
                }
                Fault::NodeDies => {
                    block_in_place(|| self.nodes[node].dies());
                    sleep(LASTING).await;
                    block_in_place(|| house.server.starts_again(&mut self.nodes[node]));
                    sleep(LASTING).await;
                }
                Fault::NodesRestart => {
                    block_in_place(|| self.nodes[node].stops());
                    block_in_place(|| house.server.starts_again(&mut self.nodes[node]));
                }
                Fault::SessionsEnd => block_in_place(|| self.pair.ends_sessions()),
                Fault::DatabaseDies => {
                    block_in_place(|| self.pair.dies_and_comes_back());
                    sleep(LASTING * 2).await;
                }
            }
        }
    }
}

impl Cast {
    /// A new group that everybody follows.
    async fn gather(&self) -> RoomId {
        let others: Vec<&Person> = self.members.iter().map(|[member, _]| member).collect();
        let others: Vec<&Person> = others.into_iter().chain([&self.bob]).collect();
        let devices: Vec<&Person> =
            self.members.iter().flatten().chain([&self.alice, &self.bob]).collect();
        for device in &devices {
            comes_back(device).await;
        }
        let group = self.alice.creates_a_group("Launch", &others).await;
        for device in devices {
            follows(device, group).await;
        }
        group
    }

    /// Bob talks until it is over: what he was told is kept.
    async fn talk(&self, group: RoomId, over: &AtomicBool) -> Vec<String> {
        let mut said = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let text = format!("{group} {}", said.len());
            let message = crate::people::talking::message(group, operation(), &text);
            surely(&self.bob, async || self.bob.asks(message.clone()).await).await;
            said.push(text);
            sleep(Duration::from_millis(2)).await;
        }
        said
    }

    /// Removes all members, one after the other.
    async fn remove_all(&self, group: RoomId) -> Vec<Removed> {
        let mut removed = Vec::new();
        for devices in &self.members {
            let [member, elsewhere] = devices;
            let (operation, began) = (operation(), now());
            let remove = || Remove { room: group, operation, users: ids(&[member]) };
            let ask = async || self.alice.asks(remove()).await;
            let Accepted { seq, effective, .. } = surely(&self.alice, ask).await;
            assert!(effective, "a removal is answered once it is effective");
            let took = began.elapsed();
            let heard = [takes_in(member, group).await, takes_in(elsewhere, group).await];
            removed.push(Removed { seq, took, heard });
            sleep(PAUSE / 2).await;
        }
        removed
    }
}

/// A removal that was answered: at which place it stands, how long it took, and of what each of the
/// devices had been told at that moment.
struct Removed {
    seq: Seq,
    took: Duration,
    heard: [Seq; 2],
}

/// Takes in what lies ready on a connection, whatever its server does; the highest place told.
async fn takes_in(device: &Person, group: RoomId) -> Seq {
    while let Ok(Ok(())) =
        timeout(AT_HAND, async { device.hand().await.device.listen().await }).await
    {}
    device.highest_heard(group).await
}

/// Does something that any server may be unable to do now, with the same id (R29).
async fn surely<T>(person: &Person, does: impl AsyncFn() -> Result<T, Error>) -> T {
    for _ in 0..TRIES {
        match does().await {
            Ok(done) => return done,
            Err(error) if error.refusal().is_some() => panic!("{}: {error}", person.name),
            Err(Error::Failed(_)) => {}
            Err(_) => comes_back(person).await,
        }
        sleep(TRY_PAUSE).await;
    }
    panic!("{} could not do it", person.name)
}

/// Connects anew if the connection is lost.
async fn comes_back(person: &Person) {
    for _ in 0..TRIES {
        let settled = timeout(WAIT, async { person.hand().await.device.settle().await }).await;
        if matches!(settled, Ok(Ok(()))) || person.tries_to_sign_in().await.is_ok() {
            return;
        }
        sleep(TRY_PAUSE).await;
    }
    panic!("{} can't come back", person.name)
}

/// Waits until a device follows a group live, and connects anew where that does not come.
async fn follows(device: &Person, group: RoomId) {
    for _ in 0..TRIES {
        comes_back(device).await;
        let live = async {
            let mut hand = device.hand().await;
            while !hand.device.replica().is_live(group) {
                hand.device.listen().await?;
                hand.device.work().await?;
            }
            Ok::<(), Error>(())
        };
        if matches!(timeout(WAIT, live).await, Ok(Ok(()))) {
            return;
        }
    }
    panic!("{} does not come to follow the group", device.name)
}

/// Takes in what the server has said, as far as there is a connection.
async fn listens(device: &Person) {
    let settled = timeout(WAIT, async { device.hand().await.device.settle().await });
    drop(settled.await);
}

async fn nothing_is_shown_to_who_was_removed_while(fault: Fault) {
    let (mut props, cast) = Box::pin(stage()).await;
    let mut took = Vec::new();
    for _ in 0..rounds() {
        let group = cast.gather().await;
        let over = AtomicBool::new(false);
        let removing = async {
            let removed = cast.remove_all(group).await;
            over.store(true, Ordering::Relaxed);
            removed
        };
        let failing = props.fail(fault, &cast.house, &over);
        let (removed, said, ()) = tokio::join!(removing, cast.talk(group, &over), failing);
        assert!(said.len() > MEMBERS, "Bob hardly spoke");
        for (removal, devices) in removed.iter().zip(&cast.members) {
            for (device, heard) in devices.iter().zip(removal.heard) {
                listens(device).await;
                device.has_heard_nothing_after(group, removal.seq).await;
                let came = device.highest_heard(group).await;
                assert_eq!(came, heard, "{} was told of it after the answer", device.name);
            }
        }
        follows(&cast.alice, group).await;
        cast.alice.is_shown(group, said.last().unwrap()).await;
        let kept = cast.alice.texts(group).await;
        assert_eq!(kept, said, "what was acknowledged is there once, in order");
        took.extend(removed.iter().map(|removal| removal.took.as_millis()));
    }
    took.sort_unstable();
    let of = |percent: usize| took[(took.len() - 1) * percent / 100];
    eprintln!(
        "{fault:?}: {} removals in ms: half {}, 99 % {}, all {}",
        took.len(),
        of(50),
        of(99),
        of(100)
    );
}

#[expect(clippy::disallowed_methods, reason = "a proof is set by the environment, not the server")]
fn rounds() -> usize {
    std::env::var("CROSSTALK_ROUNDS").map_or(1, |rounds| rounds.parse().expect("a number"))
}

#[expect(clippy::disallowed_methods, reason = "how long people wait is what is looked at")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database, its standby and a bus: make faults"]
async fn nothing_fails() {
    Box::pin(nothing_is_shown_to_who_was_removed_while(Fault::Nothing)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database, its standby and a bus: make faults"]
async fn the_bus_dies_and_comes_back() {
    Box::pin(nothing_is_shown_to_who_was_removed_while(Fault::BusDies)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database, its standby and a bus: make faults"]
async fn strangers_speak_on_the_bus() {
    Box::pin(nothing_is_shown_to_who_was_removed_while(Fault::BusLies)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database, its standby and a bus: make faults"]
async fn nodes_hang_and_go_on() {
    Box::pin(nothing_is_shown_to_who_was_removed_while(Fault::NodeHangs)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database, its standby and a bus: make faults"]
async fn nodes_die_and_come_back() {
    Box::pin(nothing_is_shown_to_who_was_removed_while(Fault::NodeDies)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database, its standby and a bus: make faults"]
async fn the_database_ends_all_sessions() {
    Box::pin(nothing_is_shown_to_who_was_removed_while(Fault::SessionsEnd)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database, its standby and a bus: make faults"]
async fn the_database_dies_and_comes_back() {
    Box::pin(nothing_is_shown_to_who_was_removed_while(Fault::DatabaseDies)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database, its standby and a bus: make faults"]
async fn nodes_are_restarted_one_after_the_other() {
    Box::pin(nothing_is_shown_to_who_was_removed_while(Fault::NodesRestart)).await;
}
