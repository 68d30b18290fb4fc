//! What a disk does to the server, seen from outside: it is full, it may not be written, it was torn,
//! or what lies there is somebody else's. Nothing acknowledged is lost, and the message says what to
//! do.

use crate::kills::cast::Cast;
use crate::people::talking::message;
use crate::program::{Program, by, check, itself};
use crosstalk_loadtest::{Client, Error};
use crosstalk_protocol::code::FailureCode;
use crosstalk_protocol::entry::Entry;
use crosstalk_protocol::ids::{OperationId, RoomId, Seq};
use crosstalk_protocol::push::Item;
use crosstalk_protocol::request::History;
use std::path::Path;
use std::process::{Command, Output};
use uuid::Uuid;

/// How the server comes onto a disk of its own that is soon full: a small file system, where the
/// system lets one be mounted; and a limit on the size of files, which every system has. What the
/// log tells then, and the script.
const SMALL_DISKS: [(&str, &str); 2] = [
    (
        "the disk is full: free some space",
        "cp -a $directory $directory.before && mount -t tmpfs -o size=5m none $directory \
         && cp -a $directory.before/. $directory && exec \"$@\"",
    ),
    ("the disk reports an error", "trap '' XFSZ; ulimit -f 2000; exec \"$@\""),
];

/// Whether mounts of one's own are allowed here, as they are to root and in most containers.
fn may_mount() -> bool {
    let mut tried = Command::new("unshare");
    tried.args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]);
    tried.output().is_ok_and(|output| output.status.success())
}

/// The script within mounts of its own.
fn within(script: &str) -> String {
    format!("exec unshare -rm sh -c '{}' sh \"$@\"", script.replace('\'', "'\\''"))
}

/// What is said in the room, in order; nothing is missing between.
async fn texts(client: &mut Client, room: RoomId) -> Vec<String> {
    let (mut after, mut texts) = (Some(Seq::ZERO), Vec::new());
    loop {
        let page = History { room, before: None, after, limit: 200 };
        let page = client.request(page).await.unwrap();
        let entries = page.items.into_iter().map(|item| match item {
            Item::Entry(entry) => entry,
            Item::Passed(_) => panic!("he may see everything"),
        });
        for entry in entries {
            let Entry { seq, content, .. } = entry;
            assert_eq!(seq, after.unwrap_or_default().next(), "a hole");
            after = Some(seq);
            texts.extend(content.and_then(|content| content.text));
        }
        if !page.more {
            return texts;
        }
    }
}

/// Somebody talks until it fails: what was acknowledged, and how it failed.
async fn talks_until_it_fails(client: &mut Client, room: RoomId) -> (Vec<String>, FailureCode) {
    let mut said = Vec::new();
    loop {
        let text = format!("message {} {}", said.len(), "x".repeat(9_000));
        let operation = OperationId(Uuid::now_v7());
        match client.request(message(room, operation, &text)).await {
            Ok(_) => said.push(text),
            Err(Error::Failed(failed)) => return (said, failed.code),
            Err(other) => panic!("{other}"),
        }
        assert!(said.len() < 5_000, "the disk never fills");
    }
}

#[tokio::test]
async fn a_disk_that_fills_loses_nothing_acknowledged_and_is_told_with_what_to_do() {
    for (advice, script) in SMALL_DISKS {
        let mounts = script.contains("mount");
        if mounts && !may_mount() {
            eprintln!("no mounts of one's own here: a full file system is not tried");
            continue;
        }
        let cast = Cast::gather().await;
        let script = if mounts { within(script) } else { script.to_owned() };
        let program = cast.starts_by(&script);
        let room = cast.rooms[0];
        let mut alice = cast.alice.connects(&program).await;
        let mut writer = cast.writers[1].connects(&program).await;
        let (said, code) = talks_until_it_fails(&mut alice, room).await;
        assert_eq!(code, FailureCode::Unavailable);
        assert!(!said.is_empty(), "there was some space");
        // What was written is read as ever, also by who comes back to a device that is known.
        assert_eq!(texts(&mut writer, room).await, said);
        let mut again = cast.writers[1].connects(&program).await;
        assert_eq!(texts(&mut again, room).await, said);
        let (data, after) = (cast.data(), cast.data().with_extension("after"));
        if mounts {
            // The small disk ends with the server.
            let small = program.root().join(data.strip_prefix("/").unwrap());
            let copied = Command::new("cp").arg("-a").args([&small, &after]).status();
            assert!(copied.unwrap().success());
        }
        program.tell("-TERM");
        let (status, log) = program.end();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(log.contains(advice), "{log}");
        if mounts {
            std::fs::remove_dir_all(&data).unwrap();
            std::fs::rename(&after, &data).unwrap();
        }
        let (code, told) = check(&cast.data());
        assert_eq!(code, Some(0), "{told}");
        let program = cast.starts();
        let mut writer = cast.writers[1].connects(&program).await;
        assert_eq!(texts(&mut writer, room).await, said, "{advice}");
        let mut alice = cast.alice.connects(&program).await;
        let more = message(room, OperationId(Uuid::now_v7()), "there is space again");
        alice.request(more).await.unwrap();
    }
}

/// Runs the server to its end: it is not to start.
fn fails_to_start(mut command: Command, data: &Path, settings: &[&str]) -> String {
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    command.args(settings.iter().flat_map(|setting| ["--set", setting]));
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = String::from_utf8([stdout, stderr].concat()).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    said
}

#[test]
fn a_directory_that_can_not_be_written_is_told_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let elsewhere = format!("data.keys_directory={}", home.path().join("keys").display());
    let settings = [elsewhere.as_str()];
    let program = Program::start(&data, &settings);
    program.tell("-TERM");
    program.end();
    let nowhere = Path::new("/proc/crosstalk");
    let mut said = vec![
        fails_to_start(itself(), nowhere, &settings),
        // The keys, which lie in it where nothing is said, are looked for first.
        fails_to_start(itself(), nowhere, &[]),
    ];
    if may_mount() {
        let script = "mount --bind $directory $directory && \
                      mount -o remount,ro,bind $directory && exec \"$@\"";
        said.push(fails_to_start(by(&within(script), &data), &data, &settings));
    }
    for said in said {
        assert!(said.contains("check that it") && said.contains("read-only"), "{said}");
        assert_eq!(said.matches("os error").count(), 1, "told once: {said}");
    }
    let program = Program::start(&data, &settings);
    program.tell("-TERM");
    assert_eq!(program.end().0.code(), Some(0), "nothing was broken by trying");
}

#[test]
fn a_directory_that_is_in_use_foreign_or_newer_is_told_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let program = Program::start(&data, &[]);
    let said = fails_to_start(itself(), &data, &[]);
    assert!(said.contains("in use by another crosstalk"), "{said}");
    program.tell("-TERM");
    program.end();
    let file = data.join("crosstalk.db");
    let ours = std::fs::read(&file).unwrap();
    // Where the file keeps the number of its schema, and its mark.
    for (at, number, word) in
        [(60, 99_u32, "run the newer crosstalk"), (68, 7, "is not a crosstalk")]
    {
        let mut altered = ours.clone();
        altered[at..at + 4].copy_from_slice(&number.to_be_bytes());
        std::fs::write(&file, altered).unwrap();
        let said = fails_to_start(itself(), &data, &[]);
        assert!(said.contains(word), "{said}");
    }
    std::fs::write(&file, "Dear friend, ".repeat(900)).unwrap();
    let said = fails_to_start(itself(), &data, &[]);
    assert!(said.contains("is not a crosstalk"), "{said}");
    std::fs::write(&file, ours).unwrap();
    let program = Program::start(&data, &[]);
    program.tell("-TERM");
    assert_eq!(program.end().0.code(), Some(0), "nothing was broken by trying");
}

#[tokio::test]
async fn a_write_that_was_torn_by_a_kill_costs_nothing_acknowledged() {
    let cast = Cast::gather().await;
    let room = cast.rooms[0];
    let mut said = Vec::new();
    for torn in [0_usize, 1, 24, 2_000, 4_119, 4_120, 60_000] {
        let program = cast.starts();
        let mut alice = cast.alice.connects(&program).await;
        for number in 0..5 {
            let text = format!("before {torn} bytes are torn: {number}");
            let sent = message(room, OperationId(Uuid::now_v7()), &text);
            alice.request(sent).await.unwrap();
            said.push(text);
        }
        program.kill();
        program.end();
        tear(&cast.data(), torn);
        let program = cast.starts();
        let mut writer = cast.writers[1].connects(&program).await;
        assert_eq!(texts(&mut writer, room).await, said, "{torn}");
        program.kill();
        program.end();
        let (code, told) = check(&cast.data());
        assert_eq!(code, Some(0), "{torn}: {told}");
    }
}

/// What the system had written of a next commit when the power went: so many bytes of anything at
/// the end of what was written last.
fn tear(data: &Path, bytes: usize) {
    let files = std::fs::read_dir(data).unwrap().map(|file| file.unwrap().path());
    let logs = files.filter(|path| path.to_string_lossy().ends_with("-wal"));
    let logs: Vec<_> = logs.collect();
    assert_eq!(logs.len(), 1, "what a kill leaves");
    for log in logs {
        let mut content = std::fs::read(&log).unwrap();
        content.extend((0..bytes).map(|at| u8::try_from(at * 31 % 251).unwrap()));
        std::fs::write(&log, content).unwrap();
    }
}
