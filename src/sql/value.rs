//! What is bound to parameters and read from columns.

use super::{Error, Result};
use rusqlite::types as sqlite;

/// A value on its way into or out of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Raw<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl rusqlite::ToSql for Raw<'_> {
    fn to_sql(&self) -> rusqlite::Result<sqlite::ToSqlOutput<'_>> {
        Ok(sqlite::ToSqlOutput::Borrowed(match self {
            Self::Null => sqlite::ValueRef::Null,
            Self::Integer(number) => sqlite::ValueRef::Integer(*number),
            Self::Text(text) => sqlite::ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => sqlite::ValueRef::Blob(bytes),
        }))
    }
}

/// What can be bound to a parameter.
pub(crate) trait Value {
    /// It, as the database takes it.
    fn raw(&self) -> Raw<'_>;
}

/// Integers that are integers in the database.
macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Value for $integer {
            fn raw(&self) -> Raw<'_> {
                Raw::Integer(i64::from(*self))
            }
        }
    )*};
}
integers!(i64, i32, u32, u8, bool);

impl Value for str {
    fn raw(&self) -> Raw<'_> {
        Raw::Text(self)
    }
}

impl Value for String {
    fn raw(&self) -> Raw<'_> {
        Raw::Text(self)
    }
}

impl Value for [u8] {
    fn raw(&self) -> Raw<'_> {
        Raw::Blob(self)
    }
}

impl Value for Vec<u8> {
    fn raw(&self) -> Raw<'_> {
        Raw::Blob(self)
    }
}

impl<const N: usize> Value for [u8; N] {
    fn raw(&self) -> Raw<'_> {
        Raw::Blob(self)
    }
}

impl<T: Value + ?Sized> Value for &T {
    fn raw(&self) -> Raw<'_> {
        T::raw(self)
    }
}

impl<T: Value> Value for Option<T> {
    fn raw(&self) -> Raw<'_> {
        self.as_ref().map_or(Raw::Null, Value::raw)
    }
}

/// The parameters of a statement, in order.
pub(crate) trait Params {
    /// Shows each with its number, from 1 on; the first error ends it.
    fn each(self, show: impl FnMut(usize, Raw<'_>) -> Result<()>) -> Result<()>;
}

impl<T: Value, const N: usize> Params for [T; N] {
    fn each(self, mut show: impl FnMut(usize, Raw<'_>) -> Result<()>) -> Result<()> {
        self.iter().enumerate().try_for_each(|(index, value)| show(index + 1, value.raw()))
    }
}

/// No parameters.
impl Params for () {
    fn each(self, _: impl FnMut(usize, Raw<'_>) -> Result<()>) -> Result<()> {
        Ok(())
    }
}

macro_rules! tuples {
    ($(($($number:literal $name:ident),+))+) => {$(
        impl<$($name: Value),+> Params for ($($name,)+) {
            fn each(self, mut show: impl FnMut(usize, Raw<'_>) -> Result<()>) -> Result<()> {
                #[expect(non_snake_case, reason = "one name for a type and its value")]
                let ($($name,)+) = self;
                $(show($number, $name.raw())?;)+
                Ok(())
            }
        }
    )+};
}
tuples! {
    (1 A, 2 B)
    (1 A, 2 B, 3 C)
    (1 A, 2 B, 3 C, 4 D)
    (1 A, 2 B, 3 C, 4 D, 5 E)
    (1 A, 2 B, 3 C, 4 D, 5 E, 6 F)
    (1 A, 2 B, 3 C, 4 D, 5 E, 6 F, 7 G)
    (1 A, 2 B, 3 C, 4 D, 5 E, 6 F, 7 G, 8 H)
    (1 A, 2 B, 3 C, 4 D, 5 E, 6 F, 7 G, 8 H, 9 I)
    (1 A, 2 B, 3 C, 4 D, 5 E, 6 F, 7 G, 8 H, 9 I, 10 J)
    (1 A, 2 B, 3 C, 4 D, 5 E, 6 F, 7 G, 8 H, 9 I, 10 J, 11 K)
    (1 A, 2 B, 3 C, 4 D, 5 E, 6 F, 7 G, 8 H, 9 I, 10 J, 11 K, 12 L)
    (1 A, 2 B, 3 C, 4 D, 5 E, 6 F, 7 G, 8 H, 9 I, 10 J, 11 K, 12 L, 13 M)
}

/// What a column may be read as.
pub(crate) trait Column: Sized {
    /// It, or why not.
    fn of(raw: Raw<'_>, column: usize) -> Result<Self>;
}

fn unfit<T>(raw: Raw<'_>, column: usize) -> Result<T> {
    let what = match raw {
        Raw::Null => "nothing".to_owned(),
        Raw::Integer(number) => format!("the number {number}"),
        // Never what it says: names are in there.
        Raw::Text(text) => format!("a text of {} bytes", text.len()),
        Raw::Blob(bytes) => format!("{} bytes", bytes.len()),
    };
    Err(Error::Column(column, what))
}

impl Column for i64 {
    fn of(raw: Raw<'_>, column: usize) -> Result<Self> {
        match raw {
            Raw::Integer(number) => Ok(number),
            Raw::Null | Raw::Text(_) | Raw::Blob(_) => unfit(raw, column),
        }
    }
}

impl Column for u32 {
    fn of(raw: Raw<'_>, column: usize) -> Result<Self> {
        Self::try_from(i64::of(raw, column)?).or_else(|_| unfit(raw, column))
    }
}

impl Column for bool {
    fn of(raw: Raw<'_>, column: usize) -> Result<Self> {
        Ok(i64::of(raw, column)? != 0)
    }
}

impl Column for String {
    fn of(raw: Raw<'_>, column: usize) -> Result<Self> {
        match raw {
            Raw::Text(text) => Ok(text.to_owned()),
            Raw::Null | Raw::Integer(_) | Raw::Blob(_) => unfit(raw, column),
        }
    }
}

impl Column for Vec<u8> {
    fn of(raw: Raw<'_>, column: usize) -> Result<Self> {
        match raw {
            Raw::Blob(bytes) => Ok(bytes.to_owned()),
            Raw::Null | Raw::Integer(_) | Raw::Text(_) => unfit(raw, column),
        }
    }
}

impl<const N: usize> Column for [u8; N] {
    fn of(raw: Raw<'_>, column: usize) -> Result<Self> {
        match raw {
            Raw::Blob(bytes) => bytes.try_into().or_else(|_| unfit(raw, column)),
            Raw::Null | Raw::Integer(_) | Raw::Text(_) => unfit(raw, column),
        }
    }
}

impl<T: Column> Column for Option<T> {
    fn of(raw: Raw<'_>, column: usize) -> Result<Self> {
        match raw {
            Raw::Null => Ok(None),
            Raw::Integer(_) | Raw::Text(_) | Raw::Blob(_) => T::of(raw, column).map(Some),
        }
    }
}
