//! What stands in a column of any kind, to be carried elsewhere as it is.

use super::value::Raw;
use super::{Column, Params, Result, Value};

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing.
    Null,
    /// A number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Column for Cell {
    fn of(raw: Raw<'_>, _: usize) -> Result<Self> {
        Ok(match raw {
            Raw::Null => Self::Null,
            Raw::Integer(number) => Self::Integer(number),
            Raw::Text(text) => Self::Text(text.to_owned()),
            Raw::Blob(bytes) => Self::Blob(bytes.to_owned()),
        })
    }
}

impl Value for Cell {
    fn raw(&self) -> Raw<'_> {
        match self {
            Self::Null => Raw::Null,
            Self::Integer(number) => Raw::Integer(*number),
            Self::Text(text) => Raw::Text(text),
            Self::Blob(bytes) => Raw::Blob(bytes),
        }
    }
}

impl Params for &[Cell] {
    fn each(self, mut show: impl FnMut(usize, Raw<'_>) -> Result<()>) -> Result<()> {
        self.iter().enumerate().try_for_each(|(index, cell)| show(index + 1, cell.raw()))
    }
}
