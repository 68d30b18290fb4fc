//! The lease of a node: how it says that it goes on and how far it has come, who else no longer does, and
//! what the log is told.

use super::super::codes::Sql;
use super::fences::waited_out;
use super::{Node, Standing, nanos, rows};
use crate::uptime;
use std::error::Error;

/// A lease is renewed so many times in its term: two renewals may fail.
const RENEWALS_A_TERM: u64 = 3;

impl Node {
    /// A node that follows no more, whatever it is that keeps it, says no longer that it goes on: the
    /// others would wait for it. Its lease has run out.
    pub(super) fn is_stuck(&self, now: u64) -> bool {
        now.saturating_sub(self.applied_at) > waited_out(self.term())
    }

    /// Says that this node goes on.
    pub(super) fn renew(&mut self, sent: u64) -> Sql<()> {
        let connections = (self.options.node.connections)();
        if !rows::renew(&self.connection, self.id, (sent, self.applied), connections)? {
            // Others thought it gone, and so its lease has run out: it begins anew, and without those
            // who are here. What it missed may have been erased meanwhile. Noted first: the row may
            // come to be there without an answer.
            self.standing = Standing::TakenForGone;
            let called = (self.options.node.name.as_str(), self.term());
            rows::join(&self.connection, self.id, called, (sent, self.applied))?;
        }
        self.renew_at = sent + self.term() / RENEWALS_A_TERM;
        self.confirmed = self.applied.turn;
        Ok(())
    }

    /// Tells the others how far this node has come.
    pub(super) fn confirm(&mut self) -> Sql<()> {
        if !self.others.is_empty() && self.confirmed < self.applied.turn {
            rows::confirm(&self.connection, self.id, self.applied)?;
            self.confirmed = self.applied.turn;
        }
        Ok(())
    }

    /// Takes away the rows of those that are gone. The rows have just been read: old ones say nothing.
    pub(super) fn reap(&mut self) -> Sql<()> {
        for (node, beat) in self.sightings.look(&self.others, uptime::now()) {
            tracing::warn!("a node has not renewed its lease, and counts as gone");
            rows::remove(&self.connection, node, Some(beat))?;
        }
        Ok(())
    }

    pub(super) fn extend(&mut self, sent: u64) {
        (self.options.node.extend)(sent + self.term());
    }

    pub(super) fn term(&self) -> u64 {
        nanos(self.options.node.term)
    }

    /// Tells the log when the store can't be followed any more, and when it can again.
    pub(super) fn note(&mut self, error: Option<Box<dyn Error + Send + Sync>>) {
        match error {
            Some(error) if !self.is_cut_off => {
                tracing::error!(%error, "the store can't be followed: without it the lease runs out, and no content is handed out");
                self.is_cut_off = true;
            }
            None if self.is_cut_off => {
                tracing::info!("the store is followed again");
                self.is_cut_off = false;
            }
            Some(_) | None => {}
        }
    }
}
