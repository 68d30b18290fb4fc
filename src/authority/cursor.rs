//! The opaque text of a place in a timeline: the `at` of entries and cursors.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crosstalk_protocol::ids::Seq;

const BYTES: usize = 24;
/// Every `at` is so long: 24 bytes make 32 characters without padding.
const TEXT_BYTES: usize = 32;

/// A place in a room's timeline as a client hands it back. A hint, believed by nobody: another
/// epoch or tag than the store's means that the place is not what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The store's epoch when the entry was sent; random per store and per restore.
    pub epoch: u64,
    /// The place.
    pub seq: Seq,
    /// The entry's random tag: after a restore the same place may hold another entry.
    pub tag: u64,
}

impl At {
    /// As clients keep it: URL-safe base64 of epoch, seq and tag.
    pub fn encode(self) -> String {
        let mut bytes = [0; BYTES];
        let parts = [self.epoch, self.seq.0, self.tag].map(u64::to_be_bytes);
        bytes.copy_from_slice(parts.as_flattened());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a client hands back; nothing for what [`At::encode`] never makes.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() != TEXT_BYTES {
            return None;
        }
        let mut bytes = [0; BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let ([epoch, seq, tag], []) = bytes.as_chunks::<8>().0.split_first_chunk::<3>()? else {
            return None;
        };
        let [epoch, seq, tag] = [epoch, seq, tag].map(|part| u64::from_be_bytes(*part));
        (length == BYTES && seq <= Seq::MAX.0).then_some(Self { epoch, seq: Seq(seq), tag })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_short_and_fit_for_an_address() {
        let text = At { epoch: u64::MAX, seq: Seq::MAX, tag: u64::MAX }.encode();
        assert_eq!(text, "__________8AH___________________");
        assert_eq!(text.len(), TEXT_BYTES);
    }

    #[test]
    fn what_was_never_made_is_nothing() {
        let beyond = At { epoch: 1, seq: Seq(1 << 53), tag: 1 }.encode();
        let good = At { epoch: 1, seq: Seq(1), tag: 1 }.encode();
        let longer = good.clone() + "A";
        let padded = good[..31].to_owned() + "=";
        let standard = good[..31].to_owned() + "+";
        let foreign = "é".repeat(16);
        for text in ["", "A", &beyond, &longer, &padded, &standard, &foreign, &good[..31]] {
            assert_eq!(At::decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_place_comes_back(epoch: u64, seq in 0..=Seq::MAX.0, tag: u64) {
            let at = At { epoch, seq: Seq(seq), tag };
            prop_assert_eq!(At::decode(&at.encode()), Some(at));
        }

        #[test]
        fn junk_never_panics_and_has_one_spelling(junk in "[A-Za-z0-9_-]{32}|.{0,40}") {
            if let Some(at) = At::decode(&junk) {
                prop_assert_eq!(at.encode(), junk);
            }
        }
    }
}
