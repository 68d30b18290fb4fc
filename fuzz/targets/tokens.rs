//! Nothing verifies but what was signed: neither junk nor a good token with anything changed. Claims
//! that were signed never panic, and those that are taken hold at the time.
#![no_main]

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crosstalk::authority::Time;
use crosstalk::identity::{Issuer, Issuers, KeySet, Realm, Token};
use crosstalk_protocol::ids::CompanyId;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use std::time::Duration;

const NOW: Time = Time(1_800_000_000_000_000);
const LEEWAY: Duration = Duration::from_secs(30);
const SECRET: [u8; 32] = [7; 32];
const GOOD: &str =
    r#"{"iss":"https://id.example","sub":"haruka","iat":1799999990,"exp":1800003600}"#;

struct World {
    issuers: Issuers,
    good: [String; 2],
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let keys = serde_json::json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(pair.public_key()) },
        { "kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET) },
    ]});
    let keys = KeySet::parse(&keys.to_string()).unwrap();
    let issuer = Issuer::new("https://id.example".to_owned(), None, keys).unwrap();
    let issuers = Issuers::default();
    issuers.register(Realm::Company(CompanyId::of_bytes([1; 16])), issuer).unwrap();
    let by_pair = |text: &str| pair.sign(text.as_bytes()).as_ref().to_vec();
    let good = [
        signed(r#"{"alg":"EdDSA"}"#, GOOD, by_pair),
        signed(r#"{"alg":"HS256"}"#, GOOD, by_secret),
    ];
    let world = World { issuers, good };
    for token in &world.good {
        world.issuers.verify(&Token::from(token.as_str()), NOW, LEEWAY).unwrap();
    }
    world
});

fn by_secret(text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &SECRET);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn signed(header: &str, claims: &str, sign: impl FnOnce(&str) -> Vec<u8>) -> String {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = sign(&text);
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The token with some of its bytes exchanged: pairs of place and value.
fn changed(token: &str, pairs: &[u8]) -> Option<String> {
    let mut bytes = token.as_bytes().to_vec();
    for [high, low, value] in pairs.as_chunks::<3>().0 {
        let place = usize::from(u16::from_be_bytes([*high, *low])) % bytes.len();
        bytes[place] = *value;
    }
    String::from_utf8(bytes).ok()
}

fn verify_forged(text: &str) {
    let verified = WORLD.issuers.verify(&Token::from(text), NOW, LEEWAY).is_ok();
    assert!(!verified || WORLD.good.iter().any(|good| good == text), "forged: {text}");
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => {
            if let Ok(text) = std::str::from_utf8(rest) {
                verify_forged(text);
            }
        }
        1 | 2 => {
            let good = &WORLD.good[usize::from(kind % 4) - 1];
            if let Some(text) = changed(good, rest) {
                verify_forged(&text);
            }
        }
        _ => {
            let Ok(claims) = std::str::from_utf8(rest) else { return };
            let token = signed(r#"{"alg":"HS256"}"#, claims, by_secret);
            if let Ok(claims) = WORLD.issuers.verify(&Token::from(token), NOW, LEEWAY) {
                let leeway = i64::try_from(LEEWAY.as_micros()).unwrap();
                assert!(claims.expires_at.0 > NOW.0 - leeway);
                assert!(claims.issued_at.0 <= NOW.0 + leeway);
                assert!(!claims.subject.is_empty());
            }
        }
    }
});
