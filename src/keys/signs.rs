//! Signs that nodes pass on to each other over a bus that others may write to: sealed with a key of
//! their own, derived from the room's, so that leave to read a sign is no leave to read content.

use super::sealing::{KEY_BYTES, NONCE_BYTES, cipher, must, random};
use aws_lc_rs::aead::{Aad, Nonce};
use zeroize::Zeroizing;

/// The key of one room's signs. Made ready at each use: signs are few beside messages.
pub(super) struct SignKey(Zeroizing<[u8; KEY_BYTES]>);

impl SignKey {
    /// Derived from the room's key.
    pub(super) fn of(key: &[u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(blake3::derive_key("crosstalk 1: signs of one room", key)))
    }

    /// Nonce, ciphertext and tag.
    pub(super) fn seal(&self, sign: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random();
        let mut sealed = nonce.to_vec();
        let mut text = sign.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        must(cipher(&self.0).seal_in_place_append_tag(nonce, Aad::empty(), &mut text));
        sealed.append(&mut text);
        sealed
    }

    /// What was sealed; `None` for anything else.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let mut text = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = cipher(&self.0).open_in_place(nonce, Aad::empty(), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_opens_with_its_rooms_key_and_as_it_was_only() {
        let key = SignKey::of(&[1; KEY_BYTES]);
        let sealed = key.seal(b"typing");
        assert_eq!(key.open(&sealed).unwrap(), b"typing");
        assert_eq!(SignKey::of(&[2; KEY_BYTES]).open(&sealed), None);
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert_eq!(key.open(&other), None, "byte {at}");
            assert_eq!(key.open(&sealed[..at]), None, "{at} bytes");
        }
    }
}
