//! A token as it came, which nothing prints.

use std::fmt;
use zeroize::Zeroizing;

/// A bearer token. Its `Debug` says nothing and it has no `Display`, so that it reaches no log; its
/// memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// The token itself: to verify it, or to hand it to whom it was made for.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
