//! As many groups as a person may be in, and something missed in each: they come back in small
//! frames, and the store is hardly asked.

use crate::house::House;
use crate::people::governing::creation;
use crate::people::talking::message;
use crate::people::{Person, operation};
use crosstalk_loadtest::{Client, Device, Error};
use crosstalk_protocol::answer::{Accepted, Answer};
use crosstalk_protocol::ids::{DeviceId, RoomId, Seq};
use crosstalk_protocol::request::{Hello, Request};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// R8
const GROUPS: usize = 2_000;
/// Rooms where more was missed than one frame holds.
const LONG: usize = 20;
/// Requests on their way at once.
const AT_ONCE: usize = 200;
/// For everything at once, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_rooms_resume_in_small_frames_and_few_reads() {
    let house = House::open().await;
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, gina) = (acme.person("Alice").await, globex.person("Gina").await);
    alice.is_contact_of(&gina).await;
    gina.loses_the_connection().await;
    let mut writing = writes(&alice).await;

    let names = (0..GROUPS).map(|number| creation(&format!("group {number}"), vec![gina.id]));
    let groups = all_accepted(&mut writing, names).await;
    let groups: Vec<RoomId> = groups.iter().map(|accepted| accepted.room).collect();
    let mut device = Device::new(gina.target());
    in_time(device.sign_in()).await;
    assert!(groups.iter().all(|group| device.replica().is_live(*group)));
    device.disconnect().unwrap().cut();

    let word = "missed";
    let short = groups.iter().map(|group| message(*group, operation(), word));
    let long = "x".repeat(9_000);
    let longs = groups.iter().step_by(GROUPS / LONG).cycle().take(LONG * 12);
    let longs = longs.map(|group| message(*group, operation(), &long));
    let sent = all_accepted(&mut writing, short.chain(longs)).await;
    let heads: BTreeMap<RoomId, Seq> = sent.iter().map(|sent| (sent.room, sent.seq)).collect();
    drop(writing);

    let before = house.server.reads();
    let frames = in_time(comes_back(&mut device)).await;
    let after = house.server.reads();

    for (room, head) in &heads {
        assert!(device.replica().is_live(*room), "{room} is not followed");
        let kept = device.replica().room(*room).unwrap();
        assert_eq!(kept.through(), *head);
        assert!(kept.messages().any(|message| message.text == word), "{room}");
    }
    let longest = frames.iter().map(String::len).max().unwrap();
    assert!(longest <= 65_536, "a frame of {longest} bytes");
    assert!(longest > 32_768, "nothing was long enough to be cut: {longest} bytes");
    let pages = frames.iter().filter(|frame| frame.contains(r#""type":"caught_up""#)).count();
    assert!(pages > GROUPS + LONG, "{pages} pages: nothing was cut");
    let questions = after.questions - before.questions;
    let statements = after.statements - before.statements;
    eprintln!(
        "{pages} pages, the longest frame {longest} bytes, {questions} reads, {statements} statements"
    );
    assert!(questions <= 3 * GROUPS as u64 / 100, "the store was asked {questions} times");
    // And a read is not many in disguise.
    assert!(statements <= 4 * questions, "{statements} statements in {questions} reads");
}

/// A connection on which nothing is followed.
async fn writes(person: &Person) -> Client {
    let mut client = person.connects().await;
    let device = DeviceId(Uuid::new_v4());
    let hello = Hello { device, token: None, inbox: None, rooms: Vec::new(), client: None };
    client.hello(hello).await.unwrap();
    client.set_patience(PATIENCE);
    client
}

/// Asks for all of these, many at a time, and waits for what they are answered.
async fn all_accepted<R: Into<Request>>(
    client: &mut Client,
    requests: impl Iterator<Item = R>,
) -> Vec<Accepted> {
    let mut requests = requests.peekable();
    let mut accepted = Vec::new();
    while requests.peek().is_some() {
        let mut asked = Vec::new();
        for request in requests.by_ref().take(AT_ONCE) {
            asked.push(client.start(request).await.unwrap());
        }
        for id in asked {
            let Answer::Accepted(one) = client.answer(id).await.unwrap() else {
                panic!("not accepted")
            };
            accepted.push(one);
        }
        while client.waiting().is_some() {}
    }
    accepted
}

/// Comes back with all cursors; says which frames came after the welcome.
async fn comes_back(device: &mut Device) -> Result<Vec<String>, Error> {
    device.greet().await?;
    device.client()?.keep_transcript();
    device.work().await?;
    while device.replica().is_waiting() {
        device.listen().await?;
        device.work().await?;
    }
    Ok(device.client()?.transcript().to_vec())
}

async fn in_time<T>(done: impl Future<Output = Result<T, Error>>) -> T {
    tokio::time::timeout(PATIENCE, done).await.expect("it takes too long").unwrap()
}
