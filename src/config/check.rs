//! What a type can't say: ranges, and settings that do not go together.

use super::error::Error;
use super::layers::Layers;
use super::{Config, SECTIONS, schema};
use toml::{Table, Value};

/// Whether the server can be started with these settings.
pub(super) fn check(layers: &Layers) -> Result<(), Error> {
    let table = Table::try_from(layers.config()).unwrap_or_default();
    for (section, keys) in SECTIONS {
        for key in *keys {
            let value = table.get(*section).and_then(|keys| keys.get(*key));
            check_range(layers, (section, key), value)?;
        }
    }
    check_origins(layers)?;
    check_together(layers.config()).map_or(Ok(()), |problem| Err(Error::Together(problem)))
}

fn check_range(
    layers: &Layers,
    (section, key): (&str, &str),
    value: Option<&Value>,
) -> Result<(), Error> {
    let range = schema::setting(section, key).and_then(schema::Setting::range);
    let Some(((min, max), value)) = range.zip(value.and_then(Value::as_integer)) else {
        return Ok(());
    };
    if u64::try_from(value).is_ok_and(|value| (min..=max).contains(&value)) {
        return Ok(());
    }
    Err(Error::Value {
        origin: layers.source(section, key),
        key: format!("{section}.{key}"),
        value: value.to_string(),
        problem: format!("it is to be from {min} to {max}"),
    })
}

fn check_origins(layers: &Layers) -> Result<(), Error> {
    let wrong = layers.config().origins.allowed.iter().find(|origin| !is_origin(origin));
    wrong.map_or(Ok(()), |origin| {
        Err(Error::Value {
            origin: layers.source("origins", "allowed"),
            key: "origins.allowed".to_owned(),
            value: origin.clone(),
            problem: "an origin is scheme, host and port and nothing after, like https://chat.example.com"
                .to_owned(),
        })
    })
}

/// `null` is what any sandboxed page sends, and a `*` would let every page in.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:[]".contains(c);
        !host.is_empty() && host.chars().all(plain)
    })
}

fn check_together(config: &Config) -> Option<&'static str> {
    let Config { listen, data, store, hints, operators, limits, .. } = config;
    let problems = [
        (
            !listen.address.ip().is_loopback() && !listen.tls_in_front,
            "listen.address can be reached from outside, and crosstalk speaks no TLS itself: put a \
             proxy that does in front and set listen.tls_in_front = true, or listen on 127.0.0.1",
        ),
        (
            store.server.is_none() && store.password_file.is_some(),
            "store.password_file is nothing without store.server: set both, or take it away",
        ),
        (
            store.server.is_none() && store.ca_file.is_some(),
            "store.ca_file is nothing without store.server: set both, or take it away",
        ),
        (
            store.server.is_none() && hints.server.is_some(),
            "hints.server is for nodes that share store.server: set both, or take it away",
        ),
        (
            hints.server.is_none() && (hints.password_file.is_some() || hints.ca_file.is_some()),
            "hints.password_file and hints.ca_file are nothing without hints.server: set it, or take them away",
        ),
        (
            store.server.is_some() && data.keys_directory.is_none(),
            "nodes that share store.server share the room keys: set data.keys_directory to a directory \
             on a volume of all of them",
        ),
        (
            operators.issuer.is_some() != operators.keys_file.is_some(),
            "operators.issuer and operators.keys_file go together: set both or neither",
        ),
        (
            operators.audience.is_some() && operators.issuer.is_none(),
            "operators.audience is nothing without operators.issuer: set both, or take it away",
        ),
        (
            limits.reserve_bytes >= limits.backlog_bytes,
            "limits.reserve_bytes is to be less than limits.backlog_bytes",
        ),
        (
            limits.backlog_bytes < limits.frame_bytes,
            "limits.backlog_bytes is to be at least limits.frame_bytes: one frame must be able to wait",
        ),
        (
            limits.first_frame_seconds > limits.handshake_seconds,
            "limits.first_frame_seconds is to be at most limits.handshake_seconds, which counts it in",
        ),
    ];
    problems.into_iter().find_map(|(wrong, problem)| wrong.then_some(problem))
}
