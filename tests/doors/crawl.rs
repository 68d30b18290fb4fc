//! The crawl over one connection: every row is asked twice, about what was and about what never
//! was, and the frames that come are compared as bytes.

use super::past::{Past, Twins};
use super::requests::{Alike, examples, row};
use crosstalk_loadtest::{Client, Error, Target};
use crosstalk_protocol::envelope::RequestFrame;
use crosstalk_protocol::ids::DeviceId;
use crosstalk_protocol::request::{About, Hello, Request};
use uuid::Uuid;

/// The id of every request of the crawl, so that answers differ by nothing of ours.
const ID: u64 = 7;
/// A request of which nothing depends: when it is answered, all before it has been.
const FENCE: &str = r#"{"id":8,"type":"rest","data":{"rooms":[]}}"#;
const NO_SUCH_ROOM: &str = r#""code":"not_found""#;
/// How often is looked whether all that a `hello` asked for has come.
const LOOKS: usize = 1_000;

/// What was found: doors that tell what was from what never was.
#[derive(Debug, Default)]
pub(crate) struct Report {
    asked: usize,
    open: Vec<String>,
}

impl Report {
    /// No door told anything, and doors there were.
    #[track_caller]
    pub(crate) fn finds_nothing(&self, who: &str) {
        let Self { asked, open } = self;
        assert!(*asked > 0, "{who} asked nothing");
        assert!(open.is_empty(), "{who}: {} of {asked} are open:\n{}", open.len(), open.join("\n"));
    }

    pub(super) fn compare(&mut self, asked: &str, real: &[String], invented: &[String]) {
        self.asked += 1;
        if real != invented {
            self.open.push(told(asked, real, invented));
        }
    }

    /// Takes in what another crawl found.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.asked += other.asked;
        self.open.extend(other.open);
        self
    }
}

fn told(asked: &str, real: &[String], invented: &[String]) -> String {
    let short = |text: &str| text.chars().take(300).collect::<String>();
    let all = |frames: &[String]| frames.iter().map(|frame| short(frame)).collect::<Vec<_>>();
    format!("{}\n  is {:?}\n  as {:?}", short(asked), all(real), all(invented))
}

/// A frame that asks this.
pub(crate) fn frame(request: &Request) -> String {
    serde_json::to_string(&RequestFrame { id: ID, request }).unwrap()
}

/// All frames that come of one that is sent, as bytes.
pub(crate) async fn hear(client: &mut Client, frame: &str) -> Vec<String> {
    client.keep_transcript();
    let before = client.transcript().len();
    client.exchange(frame).await.unwrap_or_else(|error| panic!("{error}: {frame:.300}"));
    let fence = client.exchange(FENCE).await.unwrap();
    assert!(fence.contains("rested"), "{fence}");
    while client.waiting().is_some() {}
    let heard = &client.transcript()[before..];
    heard.iter().filter(|frame| **frame != fence).cloned().collect()
}

/// Takes in what waits: what was told before is none of an answer.
pub(crate) async fn settle(client: &mut Client) {
    hear(client, FENCE).await;
}

/// Every request, on a connection that is there.
pub(crate) async fn crawl(client: &mut Client, past: &Past, twins: &Twins) -> Report {
    let mut report = Report::default();
    settle(client).await;
    for example in examples() {
        let name = example.name();
        let row = row(example, past);
        assert!(!row.asks.is_empty(), "{name} asks nothing");
        for ask in &row.asks {
            try_door(client, (&frame(ask), row.alike), twins, &mut report).await;
        }
    }
    for command in &past.done {
        retry(client, command, &mut report).await;
    }
    report
}

/// One request, about what was and about what never was.
pub(crate) async fn try_door(
    client: &mut Client,
    (ask, alike): (&str, Alike),
    twins: &Twins,
    report: &mut Report,
) {
    let mut real = hear(client, ask).await;
    let invented = hear(client, &twins.in_place(&under_another_id(ask))).await;
    if alike == Alike::SaidBack {
        real = real.iter().map(|frame| twins.in_place(frame)).collect();
    }
    report.compare(ask, &real, &invented);
    if alike == Alike::NoSuchRoom && !matches!(&*real, [one] if one.contains(NO_SUCH_ROOM)) {
        report.open.push(told(ask, &real, &["not_found".to_owned()]));
    }
}

/// The same under another operation id: it is no repetition.
fn under_another_id(ask: &str) -> String {
    const FIELD: &str = r#""operation":""#;
    let Some(at) = ask.find(FIELD) else { return ask.to_owned() };
    let at = at + FIELD.len();
    let (before, rest) = ask.split_at(at);
    let (id, after) = rest.split_at(36);
    format!("{before}{}{after}", Twins::of(&[id.parse().unwrap()]).in_place(id))
}

/// R29: a retry of what he did is answered as anything is that names no room.
async fn retry(client: &mut Client, command: &Request, report: &mut Report) {
    let room = crosstalk_protocol::ids::RoomId(Uuid::now_v7());
    let ask = frame(command);
    let real = hear(client, &ask).await;
    let invented = hear(client, &frame(&About { room }.into())).await;
    report.compare(&ask, &real, &invented);
}

/// The first frame of a connection, with cursors of what was and of what never was.
pub(crate) async fn greet(target: &Target, past: &Past, twins: &Twins) -> Report {
    let mut report = Report::default();
    let device = DeviceId(Uuid::new_v4());
    let rooms = past.cursors();
    let hello = Hello { device, token: None, inbox: None, rooms, client: None };
    let ask = frame(&hello.clone().into());
    // The device is to be known both times, or unknown.
    enter(target, &frame(&Hello { rooms: Vec::new(), ..hello }.into()), 0).await;
    let wanted = past.cursors().len();
    let real = enter(target, &ask, wanted).await;
    let real: Vec<_> = real.iter().map(|frame| twins.in_place(frame)).collect();
    let invented = enter(target, &twins.in_place(&ask), wanted).await;
    report.compare(&ask, &real, &invented);
    report
}

/// All that a connection is told from its `hello` to what it asked for, or to its end, which is
/// said last.
pub(crate) async fn enter(target: &Target, hello: &str, rooms: usize) -> Vec<String> {
    let mut client = match Client::connect(target).await {
        Ok(client) => client,
        Err(error) => return vec![error.to_string()],
    };
    client.keep_transcript();
    let answer = client.exchange(hello).await.unwrap();
    let mut told = if answer.contains(r#""type":"welcome""#) {
        let mut heard = Vec::new();
        for _ in 0..LOOKS {
            hear(&mut client, FENCE).await;
            heard = client.transcript().to_vec();
            heard.retain(|frame| !frame.contains(r#""type":"rested""#));
            if heard.len() > rooms {
                break;
            }
        }
        heard
    } else {
        let closed = client.closed().await.unwrap_or_else(|error| panic!("{error}: {answer}"));
        let mut heard = client.transcript().to_vec();
        heard.push(format!("closed with {:?} {:?}", closed.code, closed.reason));
        return heard;
    };
    let ended: Result<_, Error> = client.close().await;
    told.push(format!("closed with {:?}", ended.unwrap().code));
    told
}
