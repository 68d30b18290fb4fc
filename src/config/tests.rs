//! Who comes before whom, and what is said of a setting that is wrong.

use super::*;
use std::fs;
use std::path::PathBuf;

/// A directory with a file of settings, and the layers above it.
struct Given {
    home: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    flags: Vec<(String, String)>,
}

fn given(file: &str) -> Given {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("crosstalk.toml"), file).unwrap();
    Given { home, environment: BTreeMap::new(), flags: Vec::new() }
}

impl Given {
    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        self.flags.push((key.to_owned(), value.to_owned()));
        self
    }

    fn load(&self) -> Result<Layers, Error> {
        let file = self.home.path().join("crosstalk.toml");
        Layers::gather(Some(&file), &self.environment, &self.flags)
    }

    fn complaint(&self) -> String {
        self.load().unwrap_err().to_string()
    }
}

#[test]
fn without_anything_the_defaults_are_in_force() {
    let config = Config::load(None, &BTreeMap::new(), &[]).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.data.keys(), PathBuf::from("data/keys"));
    assert_eq!(config.limits.frame_bytes, crosstalk_protocol::FRAME_BYTES_MAX);
}

#[test]
fn the_command_line_comes_before_the_environment_and_that_before_the_file() {
    let file = "[limits]\npong_seconds = 11\nmentions = 12\nemoji_bytes = 13\n";
    let given = given(file)
        .env("CROSSTALK_LIMITS_MENTIONS", "22")
        .env("CROSSTALK_LIMITS_EMOJI_BYTES", "23")
        .flag("limits.emoji_bytes", "33");
    let layers = given.load().unwrap();
    let limits = &layers.config().limits;
    assert_eq!((limits.pong_seconds, limits.mentions, limits.emoji_bytes), (11, 22, 33));
    assert_eq!(limits.page_entries, 200);

    let source = |key| layers.source("limits", key);
    assert_eq!(source("page_entries"), Source::Default);
    assert!(matches!(source("pong_seconds"), Source::File(_)));
    assert_eq!(source("mentions"), Source::Environment("CROSSTALK_LIMITS_MENTIONS".to_owned()));
    assert_eq!(source("emoji_bytes"), Source::Flag);
    let shown = layers.show();
    assert!(shown.contains("emoji_bytes = 33 # command line\n"), "{shown}");
    assert!(shown.contains("frame_bytes = 65_536\n"), "{shown}");
    assert!(shown.contains("#keys_directory is not set\n"), "{shown}");
    assert_eq!(toml::from_str::<Config>(&shown).unwrap(), *layers.config());
}

#[test]
fn the_environment_may_name_the_file() {
    let given = given("[data]\ndirectory = \"/srv/chat\"\n");
    let path = given.home.path().join("crosstalk.toml").display().to_string();
    let environment = BTreeMap::from([(FILE_VARIABLE.to_owned(), path)]);
    let config = Config::load(None, &environment, &[]).unwrap();
    assert_eq!(config.data.keys(), PathBuf::from("/srv/chat/keys"));
}

#[test]
fn values_of_every_kind_can_be_given_as_text() {
    let given = given("")
        .env("CROSSTALK_LISTEN_ADDRESS", "[::]:80")
        .env("CROSSTALK_LISTEN_TLS_IN_FRONT", "true")
        .env("CROSSTALK_ORIGINS_ALLOWED", "https://a.example, http://localhost:5173")
        .env("CROSSTALK_DATA_KEYS_DIRECTORY", "/keys")
        .env("CROSSTALK_LOG_FORMAT", "json")
        .flag("limits.backlog_bytes", "1_000_000");
    let config = given.load().unwrap().into_config();
    assert_eq!(config.listen.address.to_string(), "[::]:80");
    assert_eq!(config.origins.allowed, ["https://a.example", "http://localhost:5173"]);
    assert_eq!(config.data.keys(), PathBuf::from("/keys"));
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.limits.backlog_bytes, 1_000_000);
}

#[test]
fn what_kubernetes_puts_beside_a_service_of_our_name_is_passed_over() {
    let given = given("")
        .env("CROSSTALK_SERVICE_HOST", "10.0.0.1")
        .env("CROSSTALK_PORT_7600_TCP_ADDR", "10.0.0.1");
    assert_eq!(given.load().unwrap().into_config(), Config::default());
}

#[test]
fn a_mistake_is_told_with_its_place_and_what_to_do() {
    let long = "[limits]\nmentions = 3\n\npong = 5\n";
    let mistakes = [
        (given(long), "line 4: unknown field `pong`. Did you mean `pong_seconds`?"),
        (given("[limit]\n"), "line 1: unknown field `limit`. Did you mean"),
        (given("[limits]\npong_seconds = \"5 s\"\n"), "line 2: invalid type"),
        (given("[limits]\npong_seconds = -5\n"), "line 2: invalid value"),
        (given("[listen\n"), "line 1:"),
        (given("[listen]\naddress = \"here\"\n"), "line 2: invalid socket address"),
        (
            given("[limits]\npong_seconds = 0\n"),
            "limits.pong_seconds can't be \"0\": it is to be from 1 to 600",
        ),
        (
            given("").env("CROSSTALK_LIMITS_PONG", "5"),
            "CROSSTALK_LIMITS_PONG: there is no setting `limits.pong`. Did you mean `limits.pong_seconds`?",
        ),
        (
            given("").env("CROSSTALK_LIMITS_MENTIONS", "many"),
            "CROSSTALK_LIMITS_MENTIONS: limits.mentions can't be \"many\": it is to be a whole number",
        ),
        (given("").env("CROSSTALK_LISTEN_TLS_IN_FRONT", "yes"), "it is to be true or false"),
        (
            given("").flag("log.format", "xml"),
            "command line: log.format can't be \"xml\": unknown variant",
        ),
        (given("").flag("limits", "5"), "command line: there is no setting `limits`"),
        (
            given("").flag("limits.mentions", "501"),
            "command line: limits.mentions can't be \"501\": it is to be from 0 to 500",
        ),
        (given("").flag("listen.address", "0.0.0.0:7600"), "set listen.tls_in_front = true"),
        (
            given("").flag("operators.issuer", "https://ops"),
            "operators.issuer and operators.keys_file go together",
        ),
        (given("").flag("operators.audience", "chat"), "operators.audience is nothing without"),
        (
            given("").flag("limits.handshake_seconds", "2"),
            "limits.first_frame_seconds is to be at most",
        ),
        (
            given("").flag("limits.reserve_bytes", "1000000"),
            "limits.reserve_bytes is to be less than",
        ),
    ];
    for (given, message) in mistakes {
        let complaint = given.complaint();
        assert!(complaint.contains(message), "expected {message:?} in {complaint:?}");
    }
    let missing = Config::load(Some(Path::new("/nowhere.toml")), &BTreeMap::new(), &[]);
    assert!(missing.unwrap_err().to_string().starts_with("/nowhere.toml: No such file"));
}

#[test]
fn an_origin_is_exact() {
    for wrong in [
        "null",
        "*",
        "https://",
        "chat.example.com",
        "https://a.example/",
        "https://*.example",
        "HTTPS://a",
    ] {
        let complaint = given("").flag("origins.allowed", wrong).complaint();
        assert!(complaint.contains("an origin is scheme, host and port"), "{wrong}: {complaint}");
    }
}

#[test]
fn the_example_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("crosstalk.example.toml");
    let kept = fs::read_to_string(path).unwrap_or_default();
    let stale = "stale: cargo run -- config default > crosstalk.example.toml";
    assert!(kept == example(), "{stale}");
}

#[test]
fn the_example_uncommented_says_the_defaults() {
    let uncommented: Vec<_> = example()
        .lines()
        .filter(|line| !line.starts_with("# ") && *line != "#")
        .map(|line| line.trim_start_matches('#').to_owned())
        .collect();
    let mut said: Config = toml::from_str(&uncommented.join("\n")).unwrap();
    assert!(said.operators.issuer.is_some() && said.data.keys_directory.is_some());
    said.operators = Operators::default();
    said.data.keys_directory = None;
    assert!(said.store.server.is_some() && said.store.password_file.is_some());
    assert!(said.store.ca_file.is_some());
    said.store = Store { server: None, password_file: None, ca_file: None, ..said.store };
    assert!(said.hints.server.is_some() && said.hints.password_file.is_some());
    said.hints = Hints { server: None, password_file: None, ca_file: None, ..said.hints };
    assert_eq!(said, Config::default());
}

#[test]
fn every_setting_has_a_reason_and_every_number_a_range() {
    for (section, keys) in SECTIONS {
        assert!(!schema::section(section).description().is_empty(), "{section}");
        for key in *keys {
            let setting = schema::setting(section, key).unwrap();
            assert!(setting.description().len() > 20, "{section}.{key}");
            let is_number = setting.kind() == schema::Kind::Number;
            assert_eq!(is_number, setting.range().is_some(), "{section}.{key}");
        }
    }
}
