//! The rows of the nodes that share a store.

use super::super::codes::Sql;
use super::super::open::OpenError;
use super::super::server::Server;
use crate::sql::{Address, Connection};

/// What a node is called in its row: drawn at every start.
pub(super) type NodeId = [u8; 16];

/// A node, as its row tells.
pub(super) struct NodeRow {
    pub(super) id: NodeId,
    /// How long its lease lasts, in nanoseconds.
    pub(super) term: u64,
    /// When its last renewal was sent, by its own clock: it never comes again, not even where a
    /// renewal is lost with the server.
    pub(super) beat: i64,
    /// The last turn of which its hub has applied all.
    pub(super) confirmed: i64,
}

/// How far a node's hub has come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Applied {
    pub(super) turn: i64,
    pub(super) notice: i64,
}

/// The server's clock, in microseconds since 1970.
const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// Writes a node's row, durably: from now on removals wait for it.
pub(super) fn join(
    connection: &Connection,
    node: NodeId,
    (name, term): (&str, u64),
    (sent, at): (u64, Applied),
) -> Sql<()> {
    connection.prepare("BEGIN")?.execute(())?;
    let sql = "INSERT INTO node (node, name, term, beat, confirmed, noticed) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    connection.prepare(sql)?.execute((
        node,
        name,
        term.cast_signed(),
        sent.cast_signed(),
        at.turn,
        at.notice,
    ))?;
    connection.execute_batch("COMMIT")
}

/// Says that a node goes on, and how far it has come; whether its row is there still. Durably, as
/// whatever else is acknowledged: a primary whose standby has taken over renews no lease.
pub(super) fn renew(
    connection: &Connection,
    node: NodeId,
    (sent, at): (u64, Applied),
    connections: u64,
) -> Sql<bool> {
    connection.prepare("BEGIN")?.execute(())?;
    let sql = format!(
        "UPDATE node SET beat = ?2, confirmed = ?3, noticed = ?4, renewed = {NOW}, connections = ?5 \
         WHERE node = ?1"
    );
    let connected = i64::try_from(connections).unwrap_or(i64::MAX);
    let values = (node, sent.cast_signed(), at.turn, at.notice, connected);
    let renewed = connection.prepare(&sql)?.execute(values)?;
    connection.execute_batch("COMMIT")?;
    Ok(renewed == 1)
}

/// Says how far a node has come, without waiting for the disk: forgotten, others wait longer. It renews
/// no lease.
pub(super) fn confirm(connection: &Connection, node: NodeId, at: Applied) -> Sql<()> {
    connection.prepare("BEGIN")?.execute(())?;
    connection.execute_batch("SET LOCAL synchronous_commit = off")?;
    let sql = "UPDATE node SET confirmed = ?2, noticed = ?3 WHERE node = ?1";
    connection.prepare(sql)?.execute((node, at.turn, at.notice))?;
    connection.execute_batch("COMMIT")
}

/// Takes a node's row away, if it is as it was seen.
pub(super) fn remove(connection: &Connection, node: NodeId, beat: Option<i64>) -> Sql<()> {
    let sql = "DELETE FROM node WHERE node = ?1 AND beat = coalesce(CAST(?2 AS BIGINT), beat)";
    connection.prepare(sql)?.execute((node, beat)).map(drop)
}

/// All that are there.
pub(super) fn all(connection: &Connection) -> Sql<Vec<NodeRow>> {
    let mut statement =
        connection.prepare_cached("SELECT node, term, beat, confirmed FROM node")?;
    statement.query_map((), |row| {
        Ok(NodeRow {
            id: row.get(0)?,
            term: row.get::<i64>(1)?.cast_unsigned(),
            beat: row.get(2)?,
            confirmed: row.get(3)?,
        })
    })
}

/// A node, as who asks how the nodes are is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeState {
    /// What people call it.
    pub name: String,
    /// How long its lease lasts still, in microseconds, by the server's clock; below 0 it has run out. A
    /// node that could renew it and is just starting may be a little ahead of what stands here.
    pub lease_micros: i64,
    /// How many commits it has not applied.
    pub behind: i64,
    /// Connections to it, at its last renewal.
    pub connections: i64,
}

/// How the nodes are that share a server, by name. Must not be called on a thread that runs asynchronous tasks.
///
/// # Errors
/// [`OpenError`] where it can't be read.
pub fn nodes_of(address: &Address) -> Result<Vec<NodeState>, OpenError> {
    let connection = Server::at(address).reader()?;
    states(&connection).map_err(|error| OpenError::Server(error.into()))
}

fn states(connection: &Connection) -> Sql<Vec<NodeState>> {
    let sql = format!(
        "SELECT n.name, n.renewed + n.term / 1000 - {NOW}, t.number - n.confirmed, n.connections \
         FROM node n, turn t ORDER BY n.name, n.node"
    );
    connection.prepare(&sql)?.query_map((), |row| {
        Ok(NodeState {
            name: row.get(0)?,
            lease_micros: row.get(1)?,
            behind: row.get(2)?,
            connections: row.get(3)?,
        })
    })
}
