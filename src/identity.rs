//! A token → who, of which company (R34).
//!
//! A company has its own issuer and its own keys, and the token's `iss` alone decides which company
//! somebody is of: no claim can say otherwise, so a token of one company is nothing at another.
//! Nothing here says what the person may do: rights stand in the directory, never in a token.
//! Whether a sign-in was revoked stands there too; it is compared with [`Claims::issued_at`].
//!
//! All of it is pure (keys and the time are inputs) but for [`mint`], which keeps its key in a file.

mod claims;
pub mod invitation;
mod issuers;
mod key_set;
pub mod mint;
#[cfg(test)]
mod tests;
mod token;
mod unauthenticated;
mod verify;

pub use claims::Claims;
pub use issuers::{BadIssuer, Issuer, Issuers, Realm, Taken};
pub use key_set::{BadKeySet, KeySet};
pub use token::Token;
pub use unauthenticated::Unauthenticated;

use jsonwebtoken::crypto::aws_lc;
use std::sync::Once;

/// Makes aws-lc the signature library of this process, once. Without it `jsonwebtoken` panics as
/// soon as another crate turns on its second library.
fn install_signatures() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        if aws_lc::DEFAULT_PROVIDER.install_default().is_err() {
            tracing::debug!("this process had chosen a signature library already");
        }
    });
}
