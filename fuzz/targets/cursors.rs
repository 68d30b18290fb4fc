//! A cursor that is read has one spelling, and every place comes back from its own.
#![no_main]

use crosstalk::authority::At;
use crosstalk_protocol::ids::Seq;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some((text, at)) =
        std::str::from_utf8(bytes).ok().and_then(|text| Some((text, At::decode(text)?)))
    {
        assert!(at.seq <= Seq::MAX);
        assert_eq!(at.encode(), text);
    }
    if let Some(([epoch, seq, tag], _)) = bytes.as_chunks::<8>().0.split_first_chunk::<3>() {
        let [epoch, seq, tag] = [epoch, seq, tag].map(|part| u64::from_be_bytes(*part));
        let at = At { epoch, seq: Seq(seq & Seq::MAX.0), tag };
        assert_eq!(At::decode(&at.encode()), Some(at));
    }
});
