//! The rules say no.

use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::UserId;

/// A refusal: which rule, and whom it is about. It is an answer, not an error: asking again
/// unchanged gets the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which rule, as a stable word.
    pub code: RefusalCode,
    /// Whom it names.
    pub users: Vec<UserId>,
    /// Which field, where the code alone does not say.
    pub field: Option<&'static str>,
}

impl Refusal {
    /// A refusal that names nobody.
    pub const fn of(code: RefusalCode) -> Self {
        Self { code, users: Vec::new(), field: None }
    }

    /// A refusal that names people.
    pub const fn naming(code: RefusalCode, users: Vec<UserId>) -> Self {
        Self { code, users, field: None }
    }

    /// A refusal about one field.
    pub const fn about(code: RefusalCode, field: &'static str) -> Self {
        Self { code, users: Vec::new(), field: Some(field) }
    }

    /// The answer to everyone for whom there is no such room: unknown, foreign, deleted or removed
    /// from (R16). Always the same one.
    pub const fn not_found() -> Self {
        Self::of(RefusalCode::NotFound)
    }
}

impl From<RefusalCode> for Refusal {
    fn from(code: RefusalCode) -> Self {
        Self::of(code)
    }
}
