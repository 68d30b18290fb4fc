//! The real program, built for release, in a process and a directory of its own.

use crate::gauge::Gauge;
use anyhow::Context as _;
use crosstalk::authority::Time;
use crosstalk::identity::mint::{Grant, Mint, PUBLIC_FILE};
use std::io::{self, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const OPERATORS: &str = "urn:bench:operators";
const LIFETIME: Duration = Duration::from_hours(3);
/// Nobody types as fast as a bench, and here one address is everybody.
const SETTINGS: [&str; 5] = [
    "limits.requests_per_second=100000",
    "limits.requests_burst=100000",
    "limits.company_requests_per_second=10000000",
    "limits.company_requests_burst=10000000",
    "log.format=json",
];

/// A server that runs until this is dropped.
pub(crate) struct Server {
    child: Child,
    home: TempDir,
    operators: Mint,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts one, on an empty store in the build directory: what is in memory only has no fsync.
    pub(crate) fn start(settings: &[&str]) -> anyhow::Result<Self> {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let operators = Mint::create(&home.path().join("operators"))?;
        let key_file = home.path().join("operators").join(PUBLIC_FILE);
        let mut command = Command::new(env!("CARGO_BIN_EXE_crosstalk"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(home.path().join("data"));
        command
            .arg("--set")
            .arg(format!("data.keys_directory={}", home.path().join("keys").display()));
        command.arg("--set").arg(format!("operators.issuer={OPERATORS}"));
        command.arg("--set").arg(format!("operators.keys_file={}", key_file.display()));
        for setting in SETTINGS.iter().chain(settings) {
            command.args(["--set", setting]);
        }
        let mut child = command.env_clear().stderr(Stdio::piped()).spawn()?;
        let mut log = BufReader::new(child.stderr.take().context("its log")?);
        let address = ready(&mut log)?;
        // What it still says is read, so that it never waits for us, and passed on.
        std::thread::spawn(move || io::copy(&mut log, &mut io::stderr()));
        Ok(Self { child, home, operators, address })
    }

    /// What it uses up.
    pub(crate) fn gauge(&self) -> Gauge {
        Gauge(self.child.id())
    }

    /// Its database.
    pub(crate) fn database(&self) -> PathBuf {
        self.home.path().join("data").join("crosstalk.db")
    }

    /// A path on the same file system.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A token of its operator.
    pub(crate) fn operator_token(&self) -> anyhow::Result<String> {
        sign(&self.operators, OPERATORS, "operator")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            writeln!(io::stderr(), "the server can't be stopped: {error}").unwrap_or_default();
        }
    }
}

/// Reads the log up to where it says that it listens.
fn ready(log: &mut impl io::BufRead) -> anyhow::Result<SocketAddr> {
    let mut logged = String::new();
    loop {
        let start = logged.len();
        anyhow::ensure!(log.read_line(&mut logged)? > 0, "it did not start: {logged}");
        let line = logged.get(start..).unwrap_or_default();
        let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        if line.get("message").is_some_and(|message| message == "crosstalk is ready") {
            let address = line.get("address").and_then(|address| address.as_str());
            return Ok(address.context("it says no address")?.parse()?);
        }
    }
}

/// A token that says so, made now.
pub(crate) fn sign(mint: &Mint, issuer: &str, subject: &str) -> anyhow::Result<String> {
    let grant = Grant {
        issuer,
        audience: None,
        subject,
        name: None,
        address: None,
        issued_at: Time(now_micros()),
        lifetime: LIFETIME,
    };
    Ok(mint.sign(&grant)?.reveal().to_owned())
}

/// The time of now, as entries say it.
pub(crate) fn now_micros() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}
