//! The Rust client of crosstalk: one connection ([`Client`]), what a device keeps ([`Replica`]), both
//! together ([`Device`]), and the administration over HTTP ([`Admin`]).
//!
//! It shares only the protocol crate with the server, so that what measures and proves is not what
//! is measured. Nothing here starts a task: whoever does not ask for the next push reads nothing,
//! which is how a test makes a client slow.

pub mod admin;
mod asks;
mod backoff;
pub mod client;
mod device;
mod error;
pub mod http;
pub mod replica;
mod socket;
mod target;

pub use admin::Admin;
pub use asks::Asks;
pub use backoff::Backoff;
pub use client::Client;
pub use device::Device;
pub use error::{Closed, Error};
pub use replica::Replica;
pub use socket::Gauge;
pub use target::{Target, TokenWay};
