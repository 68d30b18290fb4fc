//! crosstalk: a real-time server for external groups. `ARCHITECTURE.md` is the map.

pub mod api;
pub mod authority;
pub mod config;
pub mod directory;
pub mod hints;
pub mod hub;
pub mod identity;
pub mod keys;
pub mod mutants;
pub mod rooms;
pub mod server;
pub mod session;
mod sql;
pub mod telemetry;
pub mod timeline;
pub mod uptime;
pub mod wire;
