//! A real server: on a free port, with a data directory and keys of its own; in this process, or as
//! the program that can be killed.

mod apart;
pub(crate) mod bus;
mod cluster;
pub(crate) mod pair;
pub(crate) mod pen;
pub(crate) mod sealed;
pub(crate) mod search;

use apart::Apart;
use cluster::Kept;
use crosstalk::authority::Time;
use crosstalk::config::{Config, Layers};
use crosstalk::identity::mint::{Grant, Mint, PUBLIC_FILE};
use crosstalk::server::{self, Running};
use crosstalk::timeline::Reads;
use crosstalk::timeline::embedded::{Address, check, check_on_server};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// The `iss` of the operators of every test server.
const OPERATORS: &str = "urn:test:operators";
/// How long a token of the test server is good.
const LIFETIME: Duration = Duration::from_hours(1);

/// A server that runs, or can be started again on the same data.
pub(crate) struct TestServer {
    home: TempDir,
    config: Box<Config>,
    operators: Mint,
    running: Option<Running>,
    /// The other nodes, where it is tried with several.
    others: Vec<Running>,
    /// Whose turn it is: as behind any load balancer, each connection may come to another node.
    turn: AtomicUsize,
    flags: Vec<(String, String)>,
    apart: Option<Apart>,
    address: SocketAddr,
}

/// A node beside a server, which can be frozen and killed.
pub(crate) struct Another {
    apart: Apart,
    address: SocketAddr,
}

impl Another {
    /// Its address for sockets.
    pub(crate) fn ws(&self) -> String {
        format!("ws://{}/v1/connect", self.address)
    }

    /// Stops it where it is, as a machine that is suspended does.
    pub(crate) fn freeze(&self) {
        self.apart.freeze();
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.apart.thaw();
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) fn stops(&mut self) {
        self.apart.stop();
    }

    /// Kills it, as a power cut does.
    pub(crate) fn dies(&mut self) {
        self.apart.end();
    }
}

impl TestServer {
    /// Starts a server with these settings, `section.key` and value, besides those that every test
    /// server has.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let mut server = Self::prepare(settings, cluster::database().as_deref());
        server.run().await;
        server
    }

    /// The same with its data in files, for tests that look into them.
    pub(crate) async fn start_in_files(settings: &[(&str, &str)]) -> Self {
        let mut server = Self::prepare(settings, None);
        server.run().await;
        server
    }

    /// The same as a process of its own, which can be killed.
    pub(crate) fn start_apart(settings: &[(&str, &str)]) -> Self {
        Self::apart(Self::prepare(settings, cluster::database().as_deref()))
    }

    /// As a process, with its data in files.
    pub(crate) fn start_apart_in_files(settings: &[(&str, &str)]) -> Self {
        Self::apart(Self::prepare(settings, None))
    }

    fn apart(mut server: Self) -> Self {
        let (apart, address) = Apart::start(&server.flags);
        server.address = address;
        server.apart = Some(apart);
        server
    }

    fn prepare(settings: &[(&str, &str)], database: Option<&str>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let keys = home.path().join("operators");
        let operators = Mint::create(&keys).unwrap();
        let path = |name: &str| home.path().join(name).display().to_string();
        let mut flags = vec![
            ("listen.address", "127.0.0.1:0".to_owned()),
            ("data.directory", path("data")),
            ("data.keys_directory", path("keys")),
            ("operators.issuer", OPERATORS.to_owned()),
            ("operators.keys_file", keys.join(PUBLIC_FILE).display().to_string()),
            ("limits.drain_seconds", "5".to_owned()),
        ];
        flags.extend(database.map(|address| ("store.server", address.to_owned())));
        let bus = database.and_then(|_| cluster::bus());
        flags.extend(bus.map(|address| ("hints.server", address)));
        flags.extend(settings.iter().map(|(key, value)| (*key, (*value).to_owned())));
        let flags: Vec<(String, String)> =
            flags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let config = Layers::gather(None, &BTreeMap::new(), &flags).unwrap().into_config();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            home,
            config: Box::new(config),
            operators,
            running: None,
            others: Vec::new(),
            turn: AtomicUsize::new(0),
            flags,
            apart: None,
            address,
        }
    }

    /// Another node on the same store, in a process of its own.
    pub(crate) fn another(&self) -> Another {
        assert!(self.config.store.server.is_some(), "data in files is one process's");
        let (apart, address) = Apart::start(&self.flags);
        Another { apart, address }
    }

    /// Starts a node again that died, at its address.
    pub(crate) fn starts_again(&self, node: &mut Another) {
        let started = Apart::start_at(node.address, &self.flags);
        node.apart = started.unwrap_or_else(|log| panic!("it does not start again: {log}"));
    }

    /// Its nodes can read and write all but that they go on, until that ends.
    pub(crate) fn keeps_leases_from_being_renewed(&self) -> Kept {
        Kept::on(self.config.store.server.as_deref().expect("its data is in files"))
    }

    /// Kills the process it is, as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.apart.take().expect("it is no process of its own, or is dead").kill();
    }

    /// Starts it again as a process, on the same data and at the same address.
    pub(crate) fn start_again(&mut self) {
        self.apart = Some(Apart::start_at(self.address, &self.flags).unwrap());
    }

    /// The same, without waiting until it is ready.
    pub(crate) fn start_again_at_once(&mut self) {
        self.apart = Some(Apart::spawn(self.address, &self.flags));
    }

    /// The directory of the data.
    pub(crate) fn data(&self) -> PathBuf {
        self.home().join("data")
    }

    /// The directory of the keys.
    pub(crate) fn keys(&self) -> PathBuf {
        self.home().join("keys")
    }

    /// What `crosstalk check` finds wrong with the data.
    pub(crate) fn faults(&self) -> Vec<String> {
        let check = || match &self.config.store.server {
            Some(address) => check_on_server(&Address::new(address, None).unwrap()),
            None => check(&self.data()),
        };
        // Not on a thread that runs asynchronous tasks.
        std::thread::scope(|scope| scope.spawn(check).join().unwrap()).unwrap().faults
    }

    /// Stops it as SIGTERM does, and waits until it has.
    pub(crate) async fn stop(&mut self) {
        for other in self.others.drain(..) {
            other.stop().await;
        }
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Stops it, and starts it on the same data; its address is another one.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.run().await;
    }

    async fn run(&mut self) {
        let running = server::start(&self.config).await.unwrap();
        self.address = running.address();
        self.running = Some(running);
        let nodes = if self.config.store.server.is_some() { cluster::nodes() } else { 1 };
        for _ in 1..nodes {
            self.others.push(server::start(&self.config).await.unwrap());
        }
    }

    /// The address of the node whose turn it is.
    fn next(&self) -> SocketAddr {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % (self.others.len() + 1);
        turn.checked_sub(1).map_or(self.address, |other| self.others[other].address())
    }

    /// How much its store has been asked to read since it started.
    pub(crate) fn reads(&self) -> Reads {
        self.running.as_ref().unwrap().reads()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address for HTTP.
    pub(crate) fn http(&self) -> String {
        format!("http://{}", self.next())
    }

    /// Its address for sockets.
    pub(crate) fn ws(&self) -> String {
        format!("ws://{}/v1/connect", self.next())
    }

    /// The addresses of all its nodes for sockets, one of them first.
    pub(crate) fn sockets(&self) -> Vec<String> {
        (0..=self.others.len()).map(|_| self.ws()).collect()
    }

    /// Where it keeps everything.
    pub(crate) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// A token of an operator.
    pub(crate) fn operator_token(&self) -> String {
        sign(&self.operators, OPERATORS, "operator")
    }

    /// A token of this subject of a company whose key is [`TestServer::key_of`].
    pub(crate) fn mint(&self, company: &str, subject: &str) -> String {
        sign(&self.key_of(company), &issuer_of(company), subject)
    }

    /// The key of a company, made when it is first asked for; its issuer is [`issuer_of`].
    pub(crate) fn key_of(&self, company: &str) -> Mint {
        Mint::open_or_create(&self.home.path().join("companies").join(company)).unwrap()
    }
}

/// The `iss` of a company of the test server.
pub(crate) fn issuer_of(company: &str) -> String {
    format!("https://{company}.example")
}

/// A token that says so, made now.
pub(crate) fn sign(mint: &Mint, issuer: &str, subject: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "an issuer has a clock of its own")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let grant = Grant {
        issuer,
        audience: None,
        subject,
        name: None,
        address: None,
        issued_at: Time(i64::try_from(now.as_micros()).unwrap()),
        lifetime: LIFETIME,
    };
    mint.sign(&grant).unwrap().reveal().to_owned()
}
