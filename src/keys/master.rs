//! The master key, which wraps the rooms' keys, and how both look in their files.

use super::sealing::{HashKey, KEY_BYTES, cipher, must, random};
use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use crosstalk_protocol::ids::RoomId;
use zeroize::Zeroizing;

/// A file begins with what it is and the version of its form.
const MASTER_HEAD: [u8; 5] = *b"XTMK\x01";
const ROOM_HEAD: [u8; 5] = *b"XTRK\x01";
const NONCE_BYTES: usize = 12;
const ROOM_AAD_BYTES: usize = 21;

/// The master key, ready to wrap.
pub(super) struct Master {
    cipher: LessSafeKey,
    inboxes: HashKey,
    fingerprint: [u8; 16],
}

impl Master {
    /// A new one, as its file holds it: head, key, fingerprint.
    pub(super) fn make() -> Zeroizing<Vec<u8>> {
        let key = Zeroizing::new(random::<KEY_BYTES>());
        Zeroizing::new([&MASTER_HEAD[..], &key[..], &fingerprint(&key)].concat())
    }

    /// The one in this file; nothing where the bytes are not those that were written.
    pub(super) fn of_file(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&MASTER_HEAD)?;
        let (key, kept) = rest.split_first_chunk::<KEY_BYTES>()?;
        let fingerprint = fingerprint(key);
        let inboxes = HashKey::of(key, "crosstalk 1: cursors of inboxes");
        (kept == fingerprint).then(|| Self { cipher: cipher(key), inboxes, fingerprint })
    }

    /// Which master key it is; tells nothing about it.
    pub(super) fn fingerprint(&self) -> [u8; 16] {
        self.fingerprint
    }

    /// For the cursors of inboxes.
    pub(super) fn inboxes(&self) -> HashKey {
        self.inboxes.clone()
    }

    /// A room's key as its file holds it: head, nonce, wrapped key, tag.
    pub(super) fn wrap(&self, room: RoomId, key: &[u8; KEY_BYTES]) -> Vec<u8> {
        let nonce = random::<NONCE_BYTES>();
        let mut wrapped = Zeroizing::new(*key);
        let tag = self.cipher.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(room_aad(room)),
            &mut *wrapped,
        );
        [&ROOM_HEAD[..], &nonce, &*wrapped, must(tag).as_ref()].concat()
    }

    /// The room's key in this file; nothing where the file is damaged, of another room or wrapped
    /// by another master key.
    pub(super) fn unwrap(&self, room: RoomId, file: &[u8]) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
        let rest = file.strip_prefix(&ROOM_HEAD)?;
        let (nonce, wrapped) = rest.split_first_chunk::<NONCE_BYTES>()?;
        let mut wrapped = Zeroizing::new(wrapped.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let key = self.cipher.open_in_place(nonce, Aad::from(room_aad(room)), &mut wrapped).ok()?;
        <[u8; KEY_BYTES]>::try_from(&*key).ok().map(Zeroizing::new)
    }
}

fn fingerprint(key: &[u8; KEY_BYTES]) -> [u8; 16] {
    HashKey::of(key, "crosstalk 1: fingerprint of the master key").hash(&[b"master key"])
}

fn room_aad(room: RoomId) -> [u8; ROOM_AAD_BYTES] {
    let mut bytes = [0; ROOM_AAD_BYTES];
    let parts = ROOM_HEAD.into_iter().chain(room.bytes());
    bytes.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn master() -> Master {
        Master::of_file(&Master::make()).unwrap()
    }

    #[test]
    fn a_wrapped_key_opens_for_its_room_and_master_only() {
        let (master, room) = (master(), RoomId(Uuid::now_v7()));
        let file = master.wrap(room, &[7; KEY_BYTES]);
        assert_eq!(file.len(), 65);
        assert_eq!(*master.unwrap(room, &file).unwrap(), [7; KEY_BYTES]);
        assert!(master.unwrap(RoomId(Uuid::now_v7()), &file).is_none());
        assert!(super::tests::master().unwrap(room, &file).is_none());
    }

    #[test]
    fn every_bit_of_both_files_counts() {
        let (bytes, room) = (Master::make(), RoomId(Uuid::now_v7()));
        let master = Master::of_file(&bytes).unwrap();
        let file = master.wrap(room, &[7; KEY_BYTES]);
        for bit in 0..8 {
            for place in 0..bytes.len() {
                let mut altered = bytes.clone();
                altered[place] ^= 1 << bit;
                assert!(Master::of_file(&altered).is_none(), "master, byte {place}, bit {bit}");
            }
            for place in 0..file.len() {
                let mut altered = file.clone();
                altered[place] ^= 1 << bit;
                assert!(master.unwrap(room, &altered).is_none(), "room, byte {place}, bit {bit}");
            }
        }
    }

    proptest! {
        #[test]
        fn junk_is_no_key(junk in proptest::collection::vec(any::<u8>(), 0..120), headed: bool) {
            let mut file = if headed { ROOM_HEAD.to_vec() } else { Vec::new() };
            file.extend(&junk);
            prop_assert!(master().unwrap(RoomId(Uuid::nil()), &file).is_none());
            let mut file = if headed { MASTER_HEAD.to_vec() } else { Vec::new() };
            file.extend(junk);
            prop_assert!(Master::of_file(&file).is_none());
        }
    }
}
