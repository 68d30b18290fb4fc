//! Cursors of inboxes. A store numbers all inboxes' entries in one order; two numbers would tell a
//! client how much happens to everybody else in between, so he is shown none.

use super::sealing::HashKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const TAG_BYTES: usize = 16;
const PLACE_BYTES: usize = 8;

/// Makes cursors of places, and reads them again. Equal places have equal cursors, on every node
/// with the same keys; nothing else about a place shows, and nobody can make one.
pub struct InboxCursors {
    key: HashKey,
    epoch: [u8; 8],
}

impl InboxCursors {
    /// The cursors of a store of this epoch: those of another are none.
    pub(super) fn new(key: HashKey, epoch: u64) -> Self {
        Self { key, epoch: epoch.to_be_bytes() }
    }

    /// Of a key that every test knows.
    #[cfg(test)]
    pub(crate) fn for_test() -> Self {
        Self::new(HashKey::of(&[7; 32], "test"), 1)
    }

    /// As clients keep it: 32 letters of URL-safe base64.
    pub fn encode(&self, place: u64) -> String {
        let place = place.to_be_bytes();
        let tag = self.tag(place);
        let mut bytes = [0; TAG_BYTES + PLACE_BYTES];
        let parts = tag.into_iter().chain(self.mask(tag, place));
        bytes.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a client hands back; nothing for what [`InboxCursors::encode`] did not make.
    pub fn decode(&self, cursor: &str) -> Option<u64> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, masked) = bytes.split_first_chunk::<TAG_BYTES>()?;
        let place = self.mask(*tag, masked.try_into().ok()?);
        (self.tag(place) == *tag).then(|| u64::from_be_bytes(place))
    }

    fn tag(&self, place: [u8; PLACE_BYTES]) -> [u8; TAG_BYTES] {
        self.key.hash(&[b"tag", &self.epoch, &place])
    }

    /// The tag is another one for every place, and so is what it masks the place with.
    fn mask(&self, tag: [u8; TAG_BYTES], mut place: [u8; PLACE_BYTES]) -> [u8; PLACE_BYTES] {
        let mask = self.key.hash(&[b"mask", &tag]);
        place.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        place
    }
}

impl std::fmt::Debug for InboxCursors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InboxCursors").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursors(epoch: u64) -> InboxCursors {
        InboxCursors::new(HashKey::of(&[7; 32], "test"), epoch)
    }

    #[test]
    fn a_place_comes_back_and_does_not_show() {
        let cursors = cursors(1);
        let mut seen = std::collections::HashSet::new();
        for place in (0..200).chain([u64::MAX]) {
            let cursor = cursors.encode(place);
            assert_eq!(cursor.len(), 32);
            assert_eq!(cursors.decode(&cursor), Some(place));
            let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            assert_ne!(bytes[TAG_BYTES..], place.to_be_bytes());
            assert!(seen.insert(bytes[TAG_BYTES..].to_vec()), "two places look alike");
        }
    }

    #[test]
    fn what_it_did_not_make_is_none() {
        let cursors = cursors(1);
        let cursor = cursors.encode(41);
        assert_eq!(self::cursors(2).decode(&cursor), None, "of another epoch");
        assert_eq!(InboxCursors::new(HashKey::of(&[8; 32], "test"), 1).decode(&cursor), None);
        for place in 0..cursor.len() {
            let mut other = cursor.clone().into_bytes();
            other[place] = if other[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                cursors.decode(std::str::from_utf8(&other).unwrap()),
                None,
                "letter {place}"
            );
        }
        for junk in ["", "41", "A", &cursor[1..], &format!("{cursor}AAAA"), "not base64 at all!"] {
            assert_eq!(cursors.decode(junk), None, "{junk:?}");
        }
    }
}
