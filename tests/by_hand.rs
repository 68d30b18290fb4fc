//! What a person meets who tries it: the demonstration's printed lines, and the chat.

use crate::program::itself;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A demonstration that stays up, and what it has printed.
struct Demonstration {
    child: Child,
    stdout: BufReader<ChildStdout>,
    said: String,
}

impl Demonstration {
    /// Starts it, and waits until it has said how to sign in.
    fn start(home: &Path) -> Self {
        let mut command = itself();
        command.args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(home);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("Ctrl-C here stops the server") {
            assert_ne!(stdout.read_line(&mut said).unwrap(), 0, "it ended: {said}");
        }
        Self { child, stdout, said }
    }

    /// The lines that somebody is to paste into a terminal.
    fn sign_in_lines(&self) -> Vec<String> {
        let lines = self.said.lines().map(str::trim);
        lines.filter(|line| line.contains(" chat ")).map(str::to_owned).collect()
    }

    /// The line of who has this token.
    fn line_of(&self, name: &str) -> String {
        let file = format!("/{name}.token");
        self.sign_in_lines().into_iter().find(|line| line.contains(&file)).unwrap()
    }

    /// Ctrl-C: its exit code, and what it says last.
    fn interrupt(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let mut last = String::new();
        self.stdout.read_to_string(&mut last).unwrap();
        (self.child.wait().unwrap().code(), last)
    }
}

impl Drop for Demonstration {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Runs a line in a shell somewhere else, with this typed into it; all that is told.
fn pasted(line: &str, somewhere: &Path, typed: &[u8]) -> String {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("exec {line} 2>&1")]).env_clear().current_dir(somewhere);
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Who has ended already reads no more.
    stdin.write_all(typed).ok();
    drop(stdin);
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[track_caller]
fn tells_in_order(told: &str, expected: &[&str]) {
    let mut rest = told;
    for part in expected {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} is missing in:\n{told}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn every_printed_line_signs_somebody_in_and_a_second_start_keeps_the_data() {
    let (home, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = home.path().join("it's a demo");
    let demo = Demonstration::start(&data);
    assert!(demo.said.contains("filling the demonstration"));
    let lines = demo.sign_in_lines();
    assert_eq!(lines.len(), 9);
    for line in &lines {
        let told = pasted(line, elsewhere.path(), b"/rooms\n");
        assert!(told.contains("signed in as"), "{line}\n{told}");
    }
    let told = pasted(&demo.line_of("yuki"), elsewhere.path(), "/open 1\nKept 世界\n".as_bytes());
    assert!(told.contains("Yuki Tanaka (Hana Trading): Kept 世界"), "{told}");
    let line = demo.line_of("emma");
    let (code, last) = demo.interrupt();
    assert_eq!(code, Some(0), "{last}");
    tells_in_order(&last, &["stopping: everybody is told to come back", "keeps all that was said"]);
    let told = pasted(&line, elsewhere.path(), b"");
    assert!(told.contains("no server answers at ws://127.0.0.1:"), "{told}");

    let again = Demonstration::start(&data);
    assert!(!again.said.contains("filling"), "{}", again.said);
    let told = pasted(&again.line_of("emma"), elsewhere.path(), b"/open 1\n");
    assert!(told.contains("Yuki Tanaka (Hana Trading): Kept 世界"), "{told}");
}

#[test]
fn everything_can_be_done_by_hand() {
    let home = tempfile::tempdir().unwrap();
    let demo = Demonstration::start(&home.path().join("demo"));
    let typed = b"/colleagues\n/create By hand with Emma, Lars\nHello @Emma\n/reply 2 and more\n\
        /edit 2 Hello again\n/unsend 3\n/react 2 +1\n/pin 2\n/pins\n\
        /settings description=All of it history=all note=off\n/about\n/add Piet, Haruto\n\
        /appoint Emma\n/remove Lars\n/history 1 before 3\n\xff\n/nonsense\n/leave\n/remove Yuki\n\
        /talk A talk with Emma, Kenji\n/rename Talk 2\n/convert Group 2\n/delete\nno\n\
        /delete\nGroup 2\n/message Another with Emma, Tom\n/end Tom\n/add Sofia, Tom\n";
    let told = pasted(&demo.line_of("yuki"), home.path(), typed);
    tells_in_order(
        &told,
        &[
            "— signed in as Yuki Tanaka (Hana Trading)",
            "Aiko Mori (Hana Trading)",
            "#1 Yuki Tanaka (Hana Trading) created By hand with",
            "— By hand is open",
            "#2 Yuki Tanaka (Hana Trading): Hello @Emma",
            "#3 Yuki Tanaka (Hana Trading): (to #2) and more",
            "#4 Yuki Tanaka (Hana Trading) edited #2: Hello again",
            "#5 Yuki Tanaka (Hana Trading) unsent #3",
            "#6 Yuki Tanaka (Hana Trading) reacted to #2: +1",
            "#7 Yuki Tanaka (Hana Trading) pinned #2",
            "#2 Yuki Tanaka (Hana Trading): Hello again (edited)",
            "#8 Yuki Tanaka (Hana Trading) changed the settings: description: All of it, note: off, newcomers see the past",
            "By hand  (group, 3 members)",
            "All of it",
            "Group Masters: Yuki Tanaka (Hana Trading)",
            "message on, note off, event on, folder on",
            "#9 Yuki Tanaka (Hana Trading) added",
            "#10 Yuki Tanaka (Hana Trading) made Emma de Vries (Northwind Logistics) Group Master",
            "— effective",
            "#11 Yuki Tanaka (Hana Trading) removed Lars Jansen (Northwind Logistics)",
            "#2 Yuki Tanaka (Hana Trading): Hello again (edited)",
            "! that line is not UTF-8",
            "! there is no such command",
            "! A group can't be left. Ask a Group Master. (cannot_leave_group)",
            "! A Group Master can't remove himself",
            "#1 Yuki Tanaka (Hana Trading) opened a shared room A talk",
            "#2 Yuki Tanaka (Hana Trading) changed the settings: name: Talk 2",
            "#3 Yuki Tanaka (Hana Trading) made a group of this room: Group 2",
            "Type its name to go on",
            "— that is not its name: nothing was deleted",
            "— Deleted for everyone: Group 2: wiped",
            "— Another is open",
            "— you are no contacts; rooms that you share go on",
            "— nothing changed for Tom Becker (Northwind Logistics)",
        ],
    );
}

#[test]
fn an_administrator_founds_a_group_and_a_guest_comes_by_hand() {
    let home = tempfile::tempdir().unwrap();
    let demo = Demonstration::start(&home.path().join("demo"));
    let typed = b"/found Plan by Piet, Emma with Yuki\n/talk For guests with Emma\n/guest\n";
    let told = pasted(&demo.line_of("tom"), home.path(), typed);
    tells_in_order(&told, &["— Plan was made", "— For guests is open", "one guest can come in"]);
    let invitation = told.lines().find(|line| line.contains("--invitation")).unwrap().trim();
    let told = pasted(invitation, home.path(), b"/open 1\nHello from outside\n/colleagues\n");
    tells_in_order(
        &told,
        &["signed in as Guest (guest of Northwind", "Hello from outside", "no colleagues"],
    );
    let told = pasted(&invitation.replace("guest.token", "again.token"), home.path(), b"");
    assert!(told.contains("this invitation was used already"), "{told}");
    let told = pasted(&demo.line_of("emma"), home.path(), b"/rooms\n");
    assert!(
        told.contains("Plan  (group)") && told.contains("For guests  (internal room"),
        "{told}"
    );
}
