//! The bare broadcast: a process that holds sockets and writes one frame to each of them, again and
//! again while it is told to. No WebSocket, no rooms, no rules: what writing alone costs.

use crate::fanout::EVERY;
use crate::frame;
use crate::gauge::Gauge;
use anyhow::Context as _;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{MissedTickBehavior, interval};

/// What this program is called with to be it.
pub(crate) const ROLE: &str = "--bare-broadcast";

/// Is it: listens, tells its address, takes so many sockets, and writes while standard input says
/// `go`, until it ends.
pub(crate) fn run(sockets: usize, bytes: usize) -> anyhow::Result<()> {
    // As the server has it.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let going = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&going);
    std::thread::spawn(move || {
        for line in io::stdin().lines() {
            told.store(line.is_ok_and(|line| line == "go"), Ordering::Relaxed);
        }
        std::process::exit(0);
    });
    runtime.block_on(async move {
        let broadcast = async move {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            writeln!(io::stdout(), "{}", listener.local_addr()?)?;
            let mut taken = Vec::with_capacity(sockets);
            while taken.len() < sockets {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                taken.push(stream);
            }
            broadcast(&taken, &frame::of_length(bytes)?, &going).await
        };
        // On a worker, where the server's follower is too.
        tokio::task::JoinSet::from_iter([broadcast]).join_next().await.context("no broadcast")??
    })
}

async fn broadcast(sockets: &[TcpStream], frame: &[u8], going: &AtomicBool) -> anyhow::Result<()> {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        if going.load(Ordering::Relaxed) {
            for socket in sockets {
                anyhow::ensure!(socket.try_write(frame)? == frame.len(), "a reader is too slow");
            }
        }
    }
}

/// The process, as it is started and told.
pub(crate) struct Bare {
    child: Child,
    stdin: ChildStdin,
    /// Where it takes sockets.
    pub(crate) address: SocketAddr,
}

impl Bare {
    /// Starts it.
    pub(crate) fn start(sockets: usize, bytes: usize) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([ROLE, &sockets.to_string(), &bytes.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().context("no standard input")?;
        let mut said = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut said)?;
        let address = said.trim().parse().context("it did not start")?;
        Ok(Self { child, stdin, address })
    }

    /// Lets it write, or not.
    pub(crate) fn tell(&mut self, going: bool) -> io::Result<()> {
        writeln!(self.stdin, "{}", if going { "go" } else { "stop" })
    }

    /// What it uses up.
    pub(crate) fn gauge(&self) -> Gauge {
        Gauge(self.child.id())
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            writeln!(io::stderr(), "the bare broadcast can't be stopped: {error}")
                .unwrap_or_default();
        }
    }
}
