//! The store's promises, over real SQLite in a directory of their own, told by people.

mod cursors;
mod directory;
mod durable;
mod governing;
mod histories;
mod law;
mod measure;
mod migrate;
mod nodes;
mod support;
mod talk;
