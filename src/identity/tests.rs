//! Good tokens, and every way to forge one that is known to us (R34).

use super::mint::{self, Grant, Mint};
use super::{BadKeySet, Claims, Issuer, Issuers, KeySet, Realm, Taken, Token, Unauthenticated};
use crate::authority::Time;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use aws_lc_rs::{encoding::AsDer as _, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crosstalk_protocol::ids::CompanyId;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::sync::LazyLock;
use std::time::Duration;

const NOW: i64 = 1_800_000_000;
const MICROS: i64 = 1_000_000;
const LEEWAY: Duration = Duration::from_secs(30);
const ACME: CompanyId = CompanyId::of_bytes([1; 16]);
const BOLT: CompanyId = CompanyId::of_bytes([2; 16]);
const CORE: CompanyId = CompanyId::of_bytes([3; 16]);

/// Who signs, and with what.
struct Keys {
    ed25519: Ed25519KeyPair,
    other: Ed25519KeyPair,
    rsa: RsaKeyPair,
    secret: Vec<u8>,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    ed25519: Ed25519KeyPair::generate().unwrap(),
    other: Ed25519KeyPair::generate().unwrap(),
    rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
    secret: vec![7; 32],
});

/// What signs a token.
enum By<'a> {
    Ed25519(&'a Ed25519KeyPair),
    Rsa,
    Secret(&'a [u8]),
    Nobody,
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn ed25519_jwk(pair: &Ed25519KeyPair, kid: Option<&str>) -> Value {
    let mut jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key())});
    if let Some(kid) = kid {
        jwk["kid"] = kid.into();
    }
    jwk
}

fn rsa_jwk(kid: &str) -> Value {
    let public = KEYS.rsa.public_key();
    json!({
        "kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid,
        "n": b64(public.modulus().big_endian_without_leading_zero()),
        "e": b64(public.exponent().big_endian_without_leading_zero()),
    })
}

fn secret_jwk(kid: &str) -> Value {
    json!({"kty": "oct", "alg": "HS256", "kid": kid, "k": b64(&KEYS.secret)})
}

fn keys(jwks: &[Value]) -> Result<KeySet, BadKeySet> {
    KeySet::parse(&json!({ "keys": jwks }).to_string())
}

/// Acme has one key of each kind and wants an audience, Bolt a key of its own, Core two keys without ids.
fn issuers() -> Issuers {
    let issuers = Issuers::default();
    let acme = [ed25519_jwk(&KEYS.ed25519, Some("ed")), rsa_jwk("rsa"), secret_jwk("secret")];
    let bolt = [ed25519_jwk(&KEYS.other, Some("ed"))];
    let core = [ed25519_jwk(&KEYS.ed25519, None), ed25519_jwk(&KEYS.other, None)];
    let registered = [
        (Realm::Company(ACME), "https://acme", Some("crosstalk"), keys(&acme)),
        (Realm::Company(BOLT), "https://bolt", None, keys(&bolt)),
        (Realm::Company(CORE), "https://core", None, keys(&core)),
    ];
    for (realm, name, audience, keys) in registered {
        let audience = audience.map(str::to_owned);
        let issuer = Issuer::new(name.to_owned(), audience, keys.unwrap()).unwrap();
        issuers.register(realm, issuer).unwrap();
    }
    issuers
}

fn good() -> Value {
    json!({
        "iss": "https://acme", "aud": "crosstalk", "sub": "alice", "iat": NOW - 60,
        "exp": NOW + 3600, "jti": "t1", "name": "Alice", "email": "alice@acme.example",
    })
}

fn with(key: &str, value: impl Into<Value>) -> Value {
    let mut claims = good();
    claims[key] = value.into();
    claims
}

fn without(key: &str) -> Value {
    let mut claims = good();
    claims.as_object_mut().unwrap().remove(key);
    claims
}

fn signed(header: &Value, claims: &Value, by: &By<'_>) -> String {
    let text = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let signature = match by {
        By::Ed25519(pair) => b64(pair.sign(text.as_bytes())),
        By::Rsa => {
            let mut signature = vec![0; KEYS.rsa.public_modulus_len()];
            let rng = SystemRandom::new();
            KEYS.rsa
                .sign(&signature::RSA_PKCS1_SHA256, &rng, text.as_bytes(), &mut signature)
                .unwrap();
            b64(signature)
        }
        By::Secret(secret) => {
            b64(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes()))
        }
        By::Nobody => String::new(),
    };
    format!("{text}.{signature}")
}

fn eddsa(claims: &Value) -> String {
    signed(&json!({"alg": "EdDSA", "kid": "ed"}), claims, &By::Ed25519(&KEYS.ed25519))
}

fn verify(issuers: &Issuers, token: &str) -> Result<Claims, Unauthenticated> {
    issuers.verify(&Token::from(token), Time(NOW * MICROS), LEEWAY)
}

#[test]
fn a_good_token_of_each_kind_says_who_and_of_which_company() {
    let tokens = [
        eddsa(&good()),
        signed(&json!({"alg": "RS256", "kid": "rsa"}), &good(), &By::Rsa),
        signed(&json!({"alg": "HS256", "kid": "secret"}), &good(), &By::Secret(&KEYS.secret)),
        // One key of the set is for this algorithm, so none needs to be named.
        signed(&json!({"alg": "EdDSA"}), &good(), &By::Ed25519(&KEYS.ed25519)),
    ];
    for token in tokens {
        let claims = verify(&issuers(), &token).unwrap();
        assert_eq!(claims.realm, Realm::Company(ACME));
        assert_eq!(claims.subject, "alice");
        assert_eq!(claims.issued_at, Time((NOW - 60) * MICROS));
        assert_eq!(claims.expires_at, Time((NOW + 3600) * MICROS));
        assert_eq!(claims.token_id.as_deref(), Some("t1"));
        assert_eq!(claims.name.as_deref(), Some("Alice"));
        assert_eq!(claims.address.as_deref(), Some("alice@acme.example"));
    }
}

#[test]
fn claims_that_may_vary_are_taken() {
    let taken = [
        with("aud", json!(["elsewhere", "crosstalk"])),
        with("exp", NOW - 29),
        with("exp", json!(1_800_000_000.5)),
        with("iat", NOW + 30),
        with("nbf", NOW + 30),
        with("roles", json!(["administrator"])),
        with("company", "bolt"),
    ];
    for claims in taken {
        let said = verify(&issuers(), &eddsa(&claims)).map(|claims| claims.realm);
        assert_eq!(said, Ok(Realm::Company(ACME)), "{claims}");
    }
}

#[test]
fn claims_that_do_not_hold_are_refused() {
    use Unauthenticated as No;
    let refused = [
        (without("iss"), No::UnknownIssuer),
        (with("iss", "https://nobody"), No::UnknownIssuer),
        (with("iss", "https://ACME"), No::UnknownIssuer),
        (with("iss", json!(["https://acme"])), No::Malformed),
        (without("aud"), No::WrongAudience),
        (with("aud", "elsewhere"), No::WrongAudience),
        (with("aud", json!([])), No::WrongAudience),
        (without("exp"), No::NoExpiry),
        (with("exp", NOW - 30), No::Expired),
        (with("exp", 0), No::Expired),
        (with("exp", "1900000000"), No::Malformed),
        (with("exp", json!(1e300)), No::Malformed),
        (with("exp", json!(NOW * 1000)), No::Malformed),
        (without("iat"), No::NoIssueTime),
        (with("iat", NOW + 31), No::IssuedInFuture),
        (with("nbf", NOW + 31), No::NotYetValid),
        (without("sub"), No::BadSubject),
        (with("sub", ""), No::BadSubject),
        (with("sub", "a\nb"), No::BadSubject),
        (with("sub", "a b"), No::BadSubject),
        (with("sub", "a".repeat(256)), No::BadSubject),
        (with("sub", 7), No::Malformed),
    ];
    for (claims, reason) in refused {
        let said = verify(&issuers(), &eddsa(&claims));
        assert_eq!(said, Err(reason), "{claims}");
    }
}

fn header(alg: &str, kid: &str) -> Value {
    json!({"alg": alg, "kid": kid})
}

fn refused(forged: Vec<(&str, String, Unauthenticated)>) {
    for (what, token, reason) in forged {
        assert_eq!(verify(&issuers(), &token), Err(reason), "{what}");
    }
}

#[test]
fn the_key_decides_the_algorithm_and_no_token_another() {
    use Unauthenticated::{BadSignature, WrongAlgorithm};
    let ed = By::Ed25519(&KEYS.ed25519);
    let secret = By::Secret(&KEYS.secret);
    let wrong = [
        ("none", header("none", "ed"), By::Nobody),
        ("None", header("None", "ed"), ed),
        ("RS256 of a secret", header("RS256", "secret"), By::Rsa),
        ("PS256", header("PS256", "rsa"), By::Rsa),
        ("HS512", header("HS512", "secret"), secret),
    ];
    let sign = |header: &Value, by: &By<'_>| signed(header, &good(), by);
    refused(wrong.map(|(what, header, by)| (what, sign(&header, &by), WrongAlgorithm)).into());

    // The oldest trick: a public key, in each form that it has, taken for a secret.
    let rsa = KEYS.rsa.public_key();
    let publics = [
        ("rsa", rsa.as_ref().to_vec()),
        ("rsa", rsa.as_der().unwrap().as_ref().to_vec()),
        ("rsa", rsa.modulus().big_endian_without_leading_zero().to_vec()),
        ("ed", KEYS.ed25519.public_key().as_ref().to_vec()),
    ];
    for (kid, public) in publics {
        let named = sign(&header("HS256", kid), &By::Secret(&public));
        let unnamed = sign(&json!({"alg": "HS256"}), &By::Secret(&public));
        refused(vec![("named", named, WrongAlgorithm), ("unnamed", unnamed, BadSignature)]);
    }
}

#[test]
fn forged_tokens_are_refused() {
    use Unauthenticated as No;
    let ed = By::Ed25519(&KEYS.ed25519);
    let other = By::Ed25519(&KEYS.other);
    let unnamed = json!({"alg": "EdDSA"});
    let bolt = with("iss", "https://bolt");
    let core = with("iss", "https://core");
    let own_key = json!({"alg": "EdDSA", "jwk": ed25519_jwk(&KEYS.other, None)});
    let critical = json!({"alg": "EdDSA", "kid": "ed", "crit": ["b64"], "b64": false});
    let long = with("name", "n".repeat(9000));
    let numbered = json!({"alg": "EdDSA", "kid": 1});
    let forged = [
        ("cut off", header("EdDSA", "ed"), &good(), &By::Nobody, No::BadSignature),
        ("empty secret", header("HS256", "secret"), &good(), &By::Secret(b""), No::BadSignature),
        ("unknown kid", header("EdDSA", "old"), &good(), &ed, No::UnknownKey),
        ("a path", header("HS256", "/dev/null"), &good(), &By::Secret(b""), No::UnknownKey),
        ("kid no text", numbered, &good(), &ed, No::Malformed),
        ("own key in the header", own_key, &good(), &other, No::BadSignature),
        ("critical extension", critical, &good(), &ed, No::CriticalExtension),
        ("no algorithm", json!({"kid": "ed"}), &good(), &ed, No::Malformed),
        ("Acme's key, Bolt's name", header("EdDSA", "ed"), &bolt, &ed, No::BadSignature),
        ("Bolt's key, Acme's name", header("EdDSA", "ed"), &good(), &other, No::BadSignature),
        ("an audience unexpected", header("EdDSA", "ed"), &bolt, &other, No::WrongAudience),
        ("two keys, no kid", unnamed, &core, &ed, No::AmbiguousKey),
        ("keys without kid", header("EdDSA", "ed"), &core, &ed, No::UnknownKey),
        ("no key of the kind", json!({"alg": "RS256"}), &bolt, &By::Rsa, No::UnknownKey),
        ("oversize", header("EdDSA", "ed"), &long, &ed, No::TooLong),
    ];
    let sign = |(what, header, claims, by, reason): (_, Value, &Value, &By<'_>, _)| {
        (what, signed(&header, claims, by), reason)
    };
    refused(forged.map(sign).into());
}

#[test]
fn what_is_no_token_is_refused() {
    let token = eddsa(&good());
    let (text, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = text.split_once('.').unwrap();
    let tampered = format!("{header}.{}.{signature}", b64(with("sub", "bob").to_string()));
    assert_eq!(verify(&issuers(), &tampered), Err(Unauthenticated::BadSignature));
    let twice =
        format!("{header}.{}.{signature}", b64(r#"{"iss":"https://bolt","iss":"https://acme"}"#));
    let array = format!("{}.{}.{signature}", b64("[]"), b64("[]"));
    for junk in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "=.=.=",
        "é.é.é",
        text,
        &format!("{token}.x"),
        &twice,
        &array,
    ] {
        assert_eq!(verify(&issuers(), junk), Err(Unauthenticated::Malformed), "{junk}");
    }
    for junk in [format!("{token}="), format!(" {token}"), token.replace('.', "..")] {
        assert!(verify(&issuers(), &junk).is_err(), "{junk}");
    }
}

#[test]
fn what_the_issuer_does_not_vouch_for_or_spoils_a_line_is_left_out() {
    let mut claims = with("email_verified", false);
    claims["name"] = " Al\u{7}ice\n".into();
    let said = verify(&issuers(), &eddsa(&claims)).unwrap();
    assert_eq!((said.address, said.name.as_deref()), (None, Some("Alice")));
    let long = verify(&issuers(), &eddsa(&with("name", "語".repeat(150)))).unwrap();
    assert_eq!(long.name.unwrap().chars().count(), 100);
}

#[test]
fn two_companies_never_share_an_issuer() {
    let issuers = issuers();
    let bolts = || Issuer::new("https://bolt".to_owned(), None, keys(&[rsa_jwk("r")]).unwrap());
    assert_eq!(issuers.register(Realm::Company(ACME), bolts().unwrap()), Err(Taken));
    assert_eq!(issuers.register(Realm::Operators, bolts().unwrap()), Err(Taken));
    assert!(verify(&issuers, &eddsa(&good())).is_ok(), "the refused one changed nothing");

    issuers.end(Realm::Company(ACME));
    assert_eq!(verify(&issuers, &eddsa(&good())), Err(Unauthenticated::UnknownIssuer));
}

#[test]
fn a_new_issuer_of_a_company_ends_the_one_before() {
    let issuers = issuers();
    let next = Issuer::new("https://acme/2".to_owned(), None, keys(&[rsa_jwk("r")]).unwrap());
    issuers.register(Realm::Company(ACME), next.unwrap()).unwrap();
    assert_eq!(verify(&issuers, &eddsa(&good())), Err(Unauthenticated::UnknownIssuer));
}

#[test]
fn unsound_key_sets_are_refused_and_foreign_keys_passed_over() {
    let mut private = ed25519_jwk(&KEYS.ed25519, None);
    private["d"] = "c2VjcmV0".into();
    let mut short = rsa_jwk("short");
    short["n"] = format!("{}{}", b64([0; 3]), b64([255; 252])).into();
    let mut encrypting = rsa_jwk("enc");
    encrypting["use"] = "enc".into();
    let foreign = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "ec"});
    let refused = [
        ("private", keys(&[private]), "key 0 is a private key"),
        ("weak RSA", keys(&[rsa_jwk("a"), short]), "key 1 is too weak"),
        ("weak secret", keys(&[json!({"kty": "oct", "k": b64("password")})]), "key 0 is too weak"),
        ("no point", keys(&[json!({"kty": "OKP", "crv": "Ed25519"})]), "key 0 lacks a part"),
        (
            "half a point",
            keys(&[json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"})]),
            "key 0 lacks",
        ),
        ("padded", keys(&[json!({"kty": "OKP", "crv": "Ed25519", "x": "AA=="})]), "key 0 lacks"),
        ("same id", keys(&[rsa_jwk("a"), secret_jwk("a")]), "key 1 has the same `kid`"),
        ("only foreign", keys(&[foreign.clone(), encrypting.clone()]), "no key can be used"),
        ("empty", keys(&[]), "no key can be used"),
        ("many", keys(&vec![foreign.clone(); 17]), "may have 16 keys"),
        ("not JSON", KeySet::parse("ssh-ed25519 AAAA"), "this is no JWKS"),
        ("long", KeySet::parse(&" ".repeat(70_000)), "may have 65536 bytes"),
    ];
    for (what, parsed, message) in refused {
        let error = parsed.unwrap_err().to_string();
        assert!(error.contains(message), "{what}: {error}");
    }
    assert!(keys(&[foreign, encrypting, rsa_jwk("mine")]).is_ok());
}

#[test]
fn a_minted_token_is_good_where_its_public_key_is_registered() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("dev");
    let mint = Mint::open_or_create(&directory).unwrap();
    let issued_at = Time(NOW * MICROS + 123_456);
    let grant = Grant {
        issuer: "urn:guests",
        audience: Some("crosstalk"),
        subject: "guest-1",
        name: Some("Gus"),
        address: None,
        issued_at,
        lifetime: Duration::from_hours(12),
    };
    let token = mint.sign(&grant).unwrap();

    let issuers = Issuers::default();
    let public = std::fs::read_to_string(directory.join(mint::PUBLIC_FILE)).unwrap();
    assert_eq!(public, mint.jwks());
    let audience = Some("crosstalk".to_owned());
    let issuer = Issuer::new("urn:guests".to_owned(), audience, KeySet::parse(&public).unwrap());
    issuers.register(Realm::Guests, issuer.unwrap()).unwrap();
    let claims = issuers.verify(&token, issued_at, Duration::ZERO).unwrap();
    assert_eq!((claims.realm, claims.subject.as_str()), (Realm::Guests, "guest-1"));
    let early = issued_at.0 - claims.issued_at.0;
    assert!((0..=1).contains(&early), "{early} µs");

    let again = Mint::open_or_create(&directory).unwrap();
    assert_eq!(again.jwks(), mint.jwks(), "the key that is there is used");
}

#[test]
fn a_private_key_is_its_owners_and_is_never_replaced() {
    let home = tempfile::tempdir().unwrap();
    Mint::create(home.path()).unwrap();
    let private = home.path().join(mint::PRIVATE_FILE);
    let mode = std::fs::metadata(&private).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let files = std::fs::read_dir(home.path()).unwrap().count();
    assert_eq!(files, 2, "nothing unfinished is left");
    let before = std::fs::read(&private).unwrap();
    assert!(matches!(Mint::create(home.path()), Err(mint::Error::File { .. })));
    assert_eq!(std::fs::read(&private).unwrap(), before);

    std::fs::set_permissions(&private, PermissionsExt::from_mode(0o640)).unwrap();
    assert!(matches!(Mint::open(home.path()), Err(mint::Error::Readable(_))));
    std::fs::set_permissions(&private, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(&private, b"half").unwrap();
    assert!(matches!(Mint::open(home.path()), Err(mint::Error::NotAKey(_))));
}

#[test]
fn nothing_that_is_printed_tells_a_token_a_key_or_a_person() {
    let home = tempfile::tempdir().unwrap();
    let mint = Mint::create(home.path()).unwrap();
    let claims = verify(&issuers(), &eddsa(&good())).unwrap();
    let printed = format!("{:?} {:?} {claims:?} {mint:?}", Token::from("s3cret"), issuers());
    for secret in ["s3cret", "alice", "Alice", &b64(&KEYS.secret), "[7, 7"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

proptest! {
    #[test]
    fn junk_never_panics_and_is_never_good(text in ".{0,300}") {
        prop_assert!(verify(&issuers(), &text).is_err());
    }

    #[test]
    fn junk_in_three_parts_never_panics_and_is_never_good(
        header in "\\{\"alg\":\"(EdDSA|HS256|RS256|none)\"(,\"kid\":\"(ed|rsa|secret)\")?\\}",
        claims in "\\{\"iss\":\"https://(acme|bolt|core)\"(,\"exp\":-?[0-9]{1,25}(\\.[0-9]{1,5})?)?(,\"sub\":\".{0,5}\")?\\}",
        signature in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let token = format!("{}.{}.{}", b64(header), b64(claims), b64(signature));
        prop_assert!(verify(&issuers(), &token).is_err());
    }

    #[test]
    fn any_claims_well_signed_never_panic(
        exp in any::<f64>(), iat in any::<i64>(), sub in ".{0,400}", name in ".{0,300}",
    ) {
        let mut claims = with("exp", exp);
        claims["iat"] = iat.into();
        claims["sub"] = sub.into();
        claims["name"] = name.into();
        if let Ok(said) = verify(&issuers(), &eddsa(&claims)) {
            prop_assert!(said.expires_at >= Time((NOW - 30) * MICROS));
        }
    }

    #[test]
    fn one_bit_turned_is_refused(at in 0_usize..400, bit in 0_u32..6) {
        let mut bytes = eddsa(&good()).into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        prop_assert!(verify(&issuers(), &text).is_err());
    }

    #[test]
    fn a_junk_key_set_never_panics(text in ".{0,200}") {
        prop_assert!(KeySet::parse(&text).is_err());
    }
}
