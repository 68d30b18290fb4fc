//! The secret of an invitation for a guest (R33).

use aws_lc_rs::digest;
use uuid::Uuid;

/// A new secret: 244 random bits, so nobody guesses one.
pub fn secret() -> String {
    [Uuid::new_v4(), Uuid::new_v4()].map(|half| half.simple().to_string()).concat()
}

/// What is kept of a secret: its SHA-256, so that who reads the store can't redeem it.
pub fn hash(secret: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, secret.as_bytes());
    let mut hash = [0; 32];
    hash.iter_mut().zip(digest.as_ref()).for_each(|(byte, digest)| *byte = *digest);
    hash
}
