//! Promises, one file each.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails, and says where"
)]

mod administration;
mod architecture;
mod by_hand;
mod companies;
mod cuts;
mod deletion;
mod delivery;
mod disk;
mod doors;
mod erasure;
mod failover;
mod faults;
mod general_rooms;
mod handshake;
mod hints;
mod house;
mod hygiene;
mod inbox;
mod kills;
mod leaks;
mod many_rooms;
mod nodes;
mod people;
mod pressure;
mod process;
mod program;
mod reconnect;
mod removal;
mod scene;
mod settings;
mod support;
mod tokens;
mod withdrawal;
