//! Why a token is no good, for the operator's counters.

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $word:literal,)+) => {
        /// Why a token was refused. It is counted and never shown: who knocks learns only that the
        /// token is not good.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
        pub enum Unauthenticated { $($(#[$doc])* #[error($word)] $variant,)+ }

        impl Unauthenticated {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word that counts it.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

reasons! {
    /// It is longer than a token may be.
    TooLong "too_long",
    /// It is no signed JWT, or a claim is not of its type.
    Malformed "malformed",
    /// Its header demands an extension that is not known here.
    CriticalExtension "critical_extension",
    /// Its issuer is nobody's.
    UnknownIssuer "unknown_issuer",
    /// It names a key that its issuer does not have, or none of them is for its algorithm.
    UnknownKey "unknown_key",
    /// It names no key, and several would fit.
    AmbiguousKey "ambiguous_key",
    /// Its algorithm is not that of its key, or is none that is taken.
    WrongAlgorithm "wrong_algorithm",
    /// Its signature is not by its key.
    BadSignature "bad_signature",
    /// It was made for somebody else.
    WrongAudience "wrong_audience",
    /// It does not say who, or says it in a way that can't be kept.
    BadSubject "bad_subject",
    /// It does not say when it ends.
    NoExpiry "no_expiry",
    /// It has ended.
    Expired "expired",
    /// It does not say when it was made, so that it could not be revoked.
    NoIssueTime "no_issue_time",
    /// It says that it is made in the future.
    IssuedInFuture "issued_in_future",
    /// Its time has not begun.
    NotYetValid "not_yet_valid",
}
