//! Parameters onto SQLite's statements.

use super::{Params, Result};
use rusqlite::{Rows, Statement};

pub(super) fn execute(statement: &mut Statement<'_>, params: impl Params) -> Result<usize> {
    bind(statement, params)?;
    Ok(statement.raw_execute()?)
}

pub(super) fn query<'s>(statement: &'s mut Statement<'_>, params: impl Params) -> Result<Rows<'s>> {
    bind(statement, params)?;
    Ok(statement.raw_query())
}

fn bind(statement: &mut Statement<'_>, params: impl Params) -> Result<()> {
    let mut bound = 0;
    params.each(|number, value| {
        bound = number;
        Ok(statement.raw_bind_parameter(number, value)?)
    })?;
    // Of one left out the value of the last time would stand.
    match statement.parameter_count() {
        wanted if wanted == bound => Ok(()),
        wanted => Err(rusqlite::Error::InvalidParameterCount(bound, wanted).into()),
    }
}
