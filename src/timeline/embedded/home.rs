//! Where a store is: a directory of this process, or a database server.

use super::Options;
use super::meta::Meta;
use super::open::{Directory, OpenError};
use super::server::Server;
use crate::keys::KeyDirectory;
use crate::sql::{Connection, Error};
use std::path::PathBuf;

/// Where a store is. It is this process's while this lives.
pub(super) enum Home {
    Directory(Directory),
    Server(Server),
}

impl Home {
    /// Where the options say.
    pub(super) fn open(options: &Options) -> Result<Self, OpenError> {
        match &options.server {
            Some(address) => Ok(Self::Server(Server::at(address))),
            None => Ok(Self::Directory(Directory::lock(&options.directory)?)),
        }
    }

    /// The writer's connection, with the schema of now.
    pub(super) fn writer(&self, options: &Options) -> Result<Connection, OpenError> {
        match self {
            Self::Directory(directory) => directory.writer(options.pages_max),
            Self::Server(server) => server.writer(),
        }
    }

    /// A connection that reads.
    pub(super) fn reader(&self) -> Result<Connection, OpenError> {
        match self {
            Self::Directory(directory) => directory.reader(),
            Self::Server(server) => server.reader(),
        }
    }

    /// What the store keeps of itself; made at the first start, for these keys.
    pub(super) fn meta(
        &self,
        connection: &Connection,
        keys: &KeyDirectory,
    ) -> Result<Meta, OpenError> {
        let meta = Meta::of(connection, keys).map_err(|error| self.failed(error))?;
        meta.ok_or_else(|| OpenError::OtherKeys(self.name()))
    }

    /// Why it can't be opened, by an error of its database.
    pub(super) fn failed(&self, error: Error) -> OpenError {
        match self {
            Self::Directory(_) => OpenError::Sqlite(self.name(), error.into()),
            Self::Server(_) => OpenError::Server(error.into()),
        }
    }

    fn name(&self) -> PathBuf {
        match self {
            Self::Directory(directory) => directory.file(),
            Self::Server(_) => PathBuf::from(super::server::NAME),
        }
    }
}
