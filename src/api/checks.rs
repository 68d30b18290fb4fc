//! What names, subjects and addresses may look like.

use super::Problem;
use crate::config::fixed::{ADDRESS_BYTES_MAX, PERSON_NAME_CHARACTERS_MAX, SUBJECT_BYTES_MAX};
use crosstalk_protocol::code::RefusalCode;

/// The name of a company or a person: 1–100 characters, on one line.
pub(super) fn name(text: &str) -> Result<String, Problem> {
    let name = text.trim();
    if name.is_empty() {
        return Err(Problem::refused(RefusalCode::Empty).because("field `name`"));
    }
    if name.chars().count() > PERSON_NAME_CHARACTERS_MAX {
        return Err(Problem::refused(RefusalCode::TooLong).because("field `name`"));
    }
    if name.chars().any(char::is_control) {
        return Err(Problem::bad_request("field `name` holds control characters"));
    }
    Ok(name.to_owned())
}

/// A subject, as it stands in tokens.
pub(super) fn subject(text: &str) -> Result<(), Problem> {
    plain(text, "subject", SUBJECT_BYTES_MAX)
}

/// An address, by which others find somebody exactly.
pub(super) fn address(text: &str) -> Result<(), Problem> {
    plain(text, "address", ADDRESS_BYTES_MAX)
}

fn plain(text: &str, field: &str, max: usize) -> Result<(), Problem> {
    let field_detail = format!("field `{field}`");
    if text.is_empty() {
        return Err(Problem::refused(RefusalCode::Empty).because(field_detail));
    }
    if text.len() > max {
        return Err(Problem::refused(RefusalCode::TooLong).because(field_detail));
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Problem::bad_request(format!(
            "{field_detail} holds blanks or control characters"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_and_so_have_something_to_show() {
        assert_eq!(name("  Kim 김 ").unwrap(), "Kim 김");
        for (text, status) in [("", 400), (" \t", 400), ("a\nb", 400)] {
            assert_eq!(name(text).unwrap_err().status().as_u16(), status, "{text:?}");
        }
        assert!(name(&"김".repeat(100)).is_ok());
        assert!(name(&"김".repeat(101)).is_err());
    }

    #[test]
    fn subjects_and_addresses_have_nothing_invisible() {
        assert!(subject("auth0|17").is_ok() && address("kim@bolt.example").is_ok());
        for text in ["", "a b", "a\u{a0}b", "a\0"] {
            assert!(subject(text).is_err() && address(text).is_err(), "{text:?}");
        }
        assert!(subject(&"s".repeat(256)).is_err() && address(&"a".repeat(255)).is_err());
    }
}
