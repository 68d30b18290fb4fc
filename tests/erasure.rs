//! P3: what is left of a deleted group. What people wrote in it stands readable nowhere, before the
//! deletion and after; once the purge is done no key opens what may be left; and a purge that is
//! killed goes on until its receipt is there.

use crate::house::House;
use crate::people::governing::{creation, settings};
use crate::people::talking::message;
use crate::people::{Person, hello, ids, operation};
use crate::support::sealed::{JobRow, Remnant, keys_in, last_job, receipt, remnants};
use crate::support::search::{Wanted, copy, files_in, planted};
use crosstalk::keys::{KeyDirectory, Places, RoomKey};
use crosstalk_loadtest::Client;
use crosstalk_protocol::answer::Answer;
use crosstalk_protocol::ids::{CompanyId, RoomId, Seq};
use crosstalk_protocol::request::{CreateFromContacts, Delete, React, Settings};
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// Strings of each kind: with names and descriptions, 1,000 in all.
const KEPT: usize = 440;
const EDITED: usize = 160;
const UNSENT: usize = 110;
const REACTIONS: usize = 120;
const TITLES: usize = 5;

/// Who does it (a place in the list of people), to which message, with what text.
type Deed = (usize, Seq, String);

/// A group in which people of two companies have written a thousand strings.
struct Written {
    house: House,
    people: Vec<Person>,
    companies: [CompanyId; 2],
    group: RoomId,
    strings: Vec<String>,
    reactions: Vec<Deed>,
    /// All that was ever sealed in it, as it stood in the store.
    sealed: BTreeSet<Remnant>,
}

impl Written {
    async fn new() -> Self {
        let house = House::open_in_files().await;
        let (acme, globex) = house.two_connected_companies().await;
        let (alice, bob) = (acme.person("Alice").await, acme.person("Bob").await);
        let (carol, dan) = (globex.person("Carol").await, globex.person("Dan").await);
        alice.is_contact_of(&carol).await;
        alice.is_contact_of(&dan).await;
        let (name, description) = (planted(), planted());
        let made = creation(&name, ids(&[&bob, &carol, &dan]));
        let made = CreateFromContacts { description: description.clone(), ..made };
        let group = alice.asks(made).await.unwrap().room;
        let mut written = Self {
            house,
            people: vec![alice, bob, carol, dan],
            companies: [acme.id, globex.id],
            group,
            strings: vec![name, description],
            reactions: Vec::new(),
            sealed: BTreeSet::new(),
        };
        written.fill().await;
        assert_eq!(written.strings.iter().collect::<BTreeSet<_>>().len(), 1_000);
        written
    }

    async fn fill(&mut self) {
        let group = self.group;
        for _ in 1..TITLES {
            let [name, description] = [(); 2].map(|()| Some(self.string()));
            let change = Settings { name, description, ..settings(group) };
            self.people[0].asks(change).await.unwrap();
        }
        self.say(KEPT).await;
        let edited = self.say(EDITED).await;
        let unsent = self.say(UNSENT).await;
        self.look();
        let edits = self.with_strings(&edited, EDITED);
        self.all_do(&edits, async |who, target, text| who.edits(group, target, text).await).await;
        self.reactions = self.with_strings(&edited, REACTIONS);
        self.react(&self.reactions, true).await;
        self.look();
        self.all_do(&unsent, async |who, target, _| who.unsends(group, target).await).await;
        // Some are taken back.
        self.react(&self.reactions[..REACTIONS / 3], false).await;
        self.look();
    }

    fn string(&mut self) -> String {
        self.strings.push(planted());
        self.strings.last().unwrap().clone()
    }

    /// The first so many of these messages, each with a string of its own.
    fn with_strings(&mut self, said: &[Deed], count: usize) -> Vec<Deed> {
        let said = said.iter().take(count);
        said.map(|(author, seq, _)| (*author, *seq, self.string())).collect()
    }

    /// Messages of all, each with a string of its own.
    async fn say(&mut self, count: usize) -> Vec<Deed> {
        let four = self.people.len();
        let texts: Vec<Deed> =
            (0..count).map(|number| (number % four, Seq::ZERO, self.string())).collect();
        let group = self.group;
        self.all_do(&texts, async |who, _, text| who.says(group, text).await).await
    }

    async fn react(&self, reactions: &[Deed], on: bool) {
        let group = self.group;
        let react = async |who: &Person, target: Seq, emoji: &str| {
            who.reacts(group, target, emoji, on).await
        };
        self.all_do(reactions, react).await;
    }

    /// Each does his own, one after the other; all at the same time. The same deeds, with the places
    /// that they were answered.
    async fn all_do(
        &self,
        deeds: &[Deed],
        does: impl AsyncFn(&Person, Seq, &str) -> Seq,
    ) -> Vec<Deed> {
        let does = &does;
        let each = self.people.iter().enumerate().map(|(number, person)| async move {
            let mut done = Vec::new();
            for (_, target, text) in deeds.iter().filter(|deed| deed.0 == number) {
                done.push((number, does(person, *target, text).await, text.clone()));
            }
            done
        });
        join_all(each).await.concat()
    }

    /// Takes down what is sealed in the group now.
    fn look(&mut self) {
        self.sealed.extend(remnants(&self.house.server.data(), self.group));
    }

    /// The key of the group, as the server has it.
    fn key(&self) -> RoomKey {
        let kept = tempfile::tempdir().unwrap();
        let directory = kept.path().join("keys");
        copy(&self.house.server.keys(), &directory);
        let keys = KeyDirectory::start(&Places { directory, copy: None }).unwrap();
        keys.open(self.group).unwrap()
    }

    /// By what else than strings the group could be known: the reactions' keyed hashes, and the file
    /// of its key.
    fn traces(&self) -> Wanted {
        let mut wanted = Wanted::default();
        let key = self.key();
        for (_, target, emoji) in &self.reactions[REACTIONS / 3..] {
            wanted.and("a reaction's hash", key.mark(*target, emoji));
        }
        let file = self.house.server.keys().join(format!("{}.key", self.group));
        wanted.and("the wrapped key", std::fs::read(file).unwrap());
        wanted
    }

    /// What of this stands in the files of data and keys, the log of the database included.
    fn found(&self, wanted: &Wanted) -> BTreeSet<String> {
        let server = &self.house.server;
        let found = wanted.found_in(&files_in(&[server.data(), server.keys()]));
        let names: BTreeSet<_> = found.iter().map(|(name, ..)| name).collect();
        eprintln!("{} of {} are found", names.len(), wanted.count());
        let told = |file: &Path| file.file_name().unwrap().display().to_string();
        found.iter().map(|(name, how, file)| format!("{name}, {how}, in {}", told(file))).collect()
    }

    /// How many of all that was ever sealed the keys on the disk open.
    fn opened(&self) -> usize {
        let keys = keys_in(&self.house.server.keys());
        assert!(!keys.is_empty());
        let opens = |remnant: &&Remnant| keys.iter().any(|key| remnant.opened_by(key).is_some());
        self.sealed.iter().filter(opens).count()
    }
}

#[tokio::test]
async fn what_people_write_stands_readable_in_no_file() {
    // R22
    let written = Written::new().await;
    let strings = Wanted::strings(&written.strings);
    let found = written.found(&strings);
    assert!(found.is_empty(), "one of {}: {:?}", found.len(), found.first());
    // Written and sealed it is: the same search finds its traces, and the keys beside it open all.
    assert!(written.found(&written.traces()).len() >= 2);
    assert_eq!(written.opened(), written.sealed.len());
    let sealed_strings = TITLES + KEPT + EDITED + UNSENT + EDITED + REACTIONS;
    assert!(written.sealed.len() >= sealed_strings, "{} were seen", written.sealed.len());
}

#[tokio::test]
async fn once_the_purge_is_done_no_byte_is_left_that_a_key_opens() {
    // R22
    let mut written = Written::new().await;
    let (strings, traces) = (Wanted::strings(&written.strings), written.traces());
    assert_eq!(written.opened(), written.sealed.len(), "the keys on the disk open all of it");
    let end = written.people[0].deletes(written.group).await.unwrap().seq;
    written.house.jobs_are_done().await;
    let nothing_is_left = |written: &Written, when: &str| {
        assert_eq!(written.found(&strings), BTreeSet::new(), "{when}");
        assert_eq!(written.found(&traces), BTreeSet::new(), "{when}");
        assert_eq!(written.opened(), 0, "{when}: a key opens a remnant");
        assert_eq!(written.house.server.faults(), Vec::<String>::new(), "{when}");
    };
    nothing_is_left(&written, "while the server runs");
    written.house.server.stop().await;
    nothing_is_left(&written, "when it has stopped");
    written.house.server.restart().await;
    nothing_is_left(&written, "when it has started again");
    is_accounted_for(&written.house, (written.group, end), &written.companies);
}

/// The receipt: counts for each company, together the whole timeline.
fn is_accounted_for(house: &House, (group, end): (RoomId, Seq), companies: &[CompanyId]) {
    let receipt = receipt(&house.server.data(), group);
    let entries: i64 = receipt.iter().map(|(_, entries, _)| entries).sum();
    assert_eq!(entries.cast_unsigned(), end.0, "{receipt:?}");
    let of: BTreeMap<_, _> =
        receipt.iter().map(|(company, entries, bodies)| (company, (entries, bodies))).collect();
    for company in companies {
        let (entries, bodies) = of[&company.0.as_bytes().to_vec()];
        assert!(entries >= bodies && *bodies > 0, "{receipt:?}");
    }
    assert_eq!(of.len(), companies.len(), "{receipt:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_killed_again_and_again_goes_on_until_its_receipt_is_there() {
    // R22, P3
    let mut house = House::open_apart_in_files(&[]);
    let (acme, globex) = house.two_connected_companies().await;
    let (alice, carol) = (acme.person("Alice").await, globex.person("Carol").await);
    alice.is_contact_of(&carol).await;
    let group = alice.creates_a_group("Launch", &[&carol]).await;
    let strings: Vec<String> = (0..4_000).map(|_| planted()).collect();
    // Nobody else reads along: that would only take time.
    alice.loses_the_connection().await;
    let said = writes(&carol, group, &strings).await;
    let (master, mut alice) = (&alice, enters(&alice).await);
    for target in &said[..40] {
        let (target, emoji, on) = (*target, "👍".to_owned(), true);
        let react = React { room: group, operation: operation(), target, emoji, on };
        alice.request(react).await.unwrap();
    }
    // Its keys are not mounted: the deletion is there, and the purge can't begin.
    let (keys, away) = (house.server.keys(), house.server.home().join("away"));
    std::fs::rename(&keys, &away).unwrap();
    let delete = Delete { room: group, operation: operation() };
    assert!(alice.request(delete.clone()).await.is_err(), "the key is not gone yet");
    house.server.kill();
    std::fs::rename(&away, &keys).unwrap();
    let data = house.server.data();
    let mut seen = vec![last_job(&data).unwrap()];
    assert_eq!(seen[0], JobRow { step: 0, done: 0, finished: false });
    while !seen.last().unwrap().finished {
        // It is killed as soon as it has done anything.
        house.server.start_again_at_once();
        let before = *seen.last().unwrap();
        seen.push(tokio::task::block_in_place(|| goes_on_from(&data, before)));
        house.server.kill();
        assert!(seen.len() < 500, "it never ends: {seen:?}");
    }
    assert!(seen.len() > 4, "it was hardly killed: {seen:?}");
    assert!(seen.is_sorted(), "it began anew: {seen:?}");
    house.server.start_again();
    house.jobs_are_done().await;
    let end = enters(master).await.request(delete).await.unwrap().seq;
    let files = files_in(&[house.server.data(), house.server.keys()]);
    assert_eq!(Wanted::strings(&strings[..200]).found_in(&files), BTreeSet::new());
    assert!(files.iter().all(|file| !file.display().to_string().contains(&group.to_string())));
    assert_eq!(house.server.faults(), Vec::<String>::new());
    is_accounted_for(&house, (group, end), &[acme.id, globex.id]);
}

/// A connection that follows no room.
async fn enters(person: &Person) -> Client {
    Client::sign_in(&person.target(), hello()).await.unwrap().0
}

/// Says all of it, many at a time.
async fn writes(person: &Person, group: RoomId, texts: &[String]) -> Vec<Seq> {
    person.loses_the_connection().await;
    let mut client = enters(person).await;
    let mut said = Vec::new();
    for texts in texts.chunks(50) {
        let mut asked = Vec::new();
        for text in texts {
            asked.push(client.start(message(group, operation(), text)).await.unwrap());
        }
        for id in asked {
            let answer = client.answer(id).await.unwrap();
            let Answer::Accepted(accepted) = answer else { panic!("{answer:?}") };
            said.push(accepted.seq);
        }
    }
    said
}

/// Waits until the newest job is no longer as it was.
fn goes_on_from(data: &Path, before: JobRow) -> JobRow {
    for _ in 0..200_000 {
        // Nothing where the store is being opened, or is locked.
        match last_job(data) {
            Some(job) if job != before => return job,
            Some(_) | None => std::thread::sleep(Duration::from_micros(100)),
        }
    }
    panic!("it does not go on from {before:?}");
}
