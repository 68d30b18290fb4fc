//! `crosstalk nodes`.

use super::Settings;
use anyhow::Context as _;
use crosstalk::server::database;
use crosstalk::timeline::embedded::{NodeState, nodes_of};

/// The nodes that share the server of these settings, a line each.
pub(super) fn run(asked: &Settings) -> anyhow::Result<String> {
    let config = asked.layers()?.into_config();
    let server = database(&config.store)?.context(
        "these settings keep the store in files, which are one process's: nodes share the PostgreSQL server that store.server names",
    )?;
    let nodes = nodes_of(&server)?;
    if nodes.is_empty() {
        return Ok("no node is there: start one with crosstalk serve\n".to_owned());
    }
    Ok(table(&nodes))
}

fn table(nodes: &[NodeState]) -> String {
    let width = nodes.iter().map(|node| node.name.chars().count()).fold(4, usize::max);
    let line = |name: &str, lease: &str, behind: &str, connections: &str| {
        format!("{name:width$}  {lease:15}  {behind:>7}  {connections:>11}\n")
    };
    let lines = nodes.iter().map(|node| {
        let NodeState { name, lease_micros, behind, connections } = node;
        line(name, &lease(*lease_micros), &behind.to_string(), &connections.to_string())
    });
    let head = line("NODE", "LEASE", "BEHIND", "CONNECTIONS");
    std::iter::once(head).chain(lines).collect()
}

fn lease(micros: i64) -> String {
    let tenths = micros.unsigned_abs() / 100_000;
    let seconds = format!("{}.{} s", tenths / 10, tenths % 10);
    if micros > 0 { format!("for {seconds}") } else { format!("out for {seconds}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_has_its_line() {
        let node = |name: &str, lease_micros, behind| NodeState {
            name: name.to_owned(),
            lease_micros,
            behind,
            connections: 12,
        };
        let told = table(&[node("one", 2_640_000, 0), node("two", -61_000_000, 1_204)]);
        let lines: Vec<_> = told.lines().collect();
        assert_eq!(
            lines,
            [
                "NODE  LEASE             BEHIND  CONNECTIONS",
                "one   for 2.6 s              0           12",
                "two   out for 61.0 s      1204           12",
            ]
        );
    }
}
