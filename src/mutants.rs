//! Faults put in on purpose, so that the proofs can show that they would notice.
//!
//! A build with the feature `mutants` reads `CROSSTALK_MUTANT` once and breaks the one thing it
//! names; any other build holds none of this. Such a build is for proofs, never for people.

/// One thing to break. Its word is its name in snake case: `CROSSTALK_MUTANT=fence_off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// A removal is answered `effective` without waiting for the nodes (P2).
    FenceOff,
    /// A cut leaves the frames of the room that wait in the removed person's backlog (P1, P2).
    QueueKept,
    /// A cut lets a frame of the room that is half written be finished (P2).
    HalfFrameKept,
    /// A seat is taken without looking for cuts newer than its snapshot (P1).
    AttachNotRechecked,
    /// A cursor's stint is believed: who came back goes on from where he was before (R16).
    CursorNotRechecked,
    /// A page of the past is read without asking the view (R14, R16).
    PageWithoutView,
    /// An edit is shown to who may not see the message that it edits (R14).
    EditOfUnseenShown,
    /// A stint's access numbers are not compared: a withdrawal ends nothing by itself (R19).
    AccessNotCompared,
    /// A message is acknowledged before it is durable (P4).
    AcknowledgeBeforeFsync,
    /// An operation id sent again makes another entry (R29).
    DedupeOff,
    /// The purge leaves one table out (R22).
    PurgeSkipsTable,
    /// What people write is stored as it is, so that a scan for planted strings must find them (R22).
    SealingOff,
    /// The wire takes a frame whose permit is older than a narrowing (P1, P2).
    PermitNotCompared,
    /// A commit is confirmed before it is applied (P2).
    ConfirmedFirst,
    /// What a withdrawal has ended is not written into the rooms (R19, R20).
    SettleOff,
    /// A feature that a company disables stays on for who is connected (R11, R12).
    RelockOff,
    /// Who is removed is not told so (R17).
    NoticeLost,
    /// A deleted room's key stays (R22, P3).
    KeyNotDestroyed,
    /// A stint that a withdrawal has ended is shown to who is added again (R14, R19).
    SeveredShown,
    /// Revoked sign-ins go on on the connections that there are (R34).
    SignInsKept,
    /// A token from before a revocation opens the door still (R34).
    RevokedTaken,
    /// A removal waits for this node only, not for the others that share the store (P2).
    OthersNotAwaited,
    /// A node that does not confirm is waited for half as long as its lease lasts (P2).
    LeaseHalfWaitedOut,
    /// A lease is renewed before the hub has applied what was read with it (P2).
    LeaseBeforeApplied,
    /// Who signs in is taken in by a node without a lease (R34).
    LeaseNotAsked,
    /// A database that was promoted is taken for the one before (P2, P4).
    HistoryNotCompared,
    /// What was said on the bus before is taken once more.
    SignTakenAgain,
}

/// Whether this fault is put in.
#[cfg(not(feature = "mutants"))]
#[inline]
pub const fn is(_mutant: Mutant) -> bool {
    false
}

/// Whether this fault is put in.
///
/// # Panics
/// When `CROSSTALK_MUTANT` names no fault: a proof that ran without its fault would prove nothing.
#[cfg(feature = "mutants")]
pub fn is(mutant: Mutant) -> bool {
    static CHOSEN: std::sync::OnceLock<Option<Mutant>> = std::sync::OnceLock::new();
    *CHOSEN.get_or_init(chosen) == Some(mutant)
}

#[cfg(feature = "mutants")]
fn chosen() -> Option<Mutant> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a build for proofs only; no setting of the server"
    )]
    let word = std::env::var("CROSSTALK_MUTANT").ok().filter(|word| !word.is_empty())?;
    let mutant = Mutant::of_word(&word);
    assert!(mutant.is_some(), "CROSSTALK_MUTANT names no fault: {word:?}");
    mutant
}

impl Mutant {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::FenceOff,
        Self::QueueKept,
        Self::HalfFrameKept,
        Self::AttachNotRechecked,
        Self::CursorNotRechecked,
        Self::PageWithoutView,
        Self::EditOfUnseenShown,
        Self::AccessNotCompared,
        Self::AcknowledgeBeforeFsync,
        Self::DedupeOff,
        Self::PurgeSkipsTable,
        Self::SealingOff,
        Self::PermitNotCompared,
        Self::ConfirmedFirst,
        Self::SettleOff,
        Self::RelockOff,
        Self::NoticeLost,
        Self::KeyNotDestroyed,
        Self::SeveredShown,
        Self::SignInsKept,
        Self::RevokedTaken,
        Self::OthersNotAwaited,
        Self::LeaseHalfWaitedOut,
        Self::LeaseBeforeApplied,
        Self::LeaseNotAsked,
        Self::HistoryNotCompared,
        Self::SignTakenAgain,
    ];

    /// Its word in `CROSSTALK_MUTANT`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::FenceOff => "fence_off",
            Self::QueueKept => "queue_kept",
            Self::HalfFrameKept => "half_frame_kept",
            Self::AttachNotRechecked => "attach_not_rechecked",
            Self::CursorNotRechecked => "cursor_not_rechecked",
            Self::PageWithoutView => "page_without_view",
            Self::EditOfUnseenShown => "edit_of_unseen_shown",
            Self::AccessNotCompared => "access_not_compared",
            Self::AcknowledgeBeforeFsync => "acknowledge_before_fsync",
            Self::DedupeOff => "dedupe_off",
            Self::PurgeSkipsTable => "purge_skips_table",
            Self::SealingOff => "sealing_off",
            Self::PermitNotCompared => "permit_not_compared",
            Self::ConfirmedFirst => "confirmed_first",
            Self::SettleOff => "settle_off",
            Self::RelockOff => "relock_off",
            Self::NoticeLost => "notice_lost",
            Self::KeyNotDestroyed => "key_not_destroyed",
            Self::SeveredShown => "severed_shown",
            Self::SignInsKept => "sign_ins_kept",
            Self::RevokedTaken => "revoked_taken",
            Self::OthersNotAwaited => "others_not_awaited",
            Self::LeaseHalfWaitedOut => "lease_half_waited_out",
            Self::LeaseBeforeApplied => "lease_before_applied",
            Self::LeaseNotAsked => "lease_not_asked",
            Self::HistoryNotCompared => "history_not_compared",
            Self::SignTakenAgain => "sign_taken_again",
        }
    }

    #[cfg(feature = "mutants")]
    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mutant| mutant.word() == word)
    }
}
