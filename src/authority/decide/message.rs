//! Talking: posting, editing, unsending, reacting, pinning (R12, R25, R29).

use super::{Decision, Draft, refuse_if_any, sized};
use crate::authority::command::{Actor, Command, Intent};
use crate::authority::facts::{Facts, Reaction, Target, Time};
use crate::authority::refusal::Refusal;
use crate::authority::room::Room;
use crate::authority::view::View;
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::entry::Change;
use crosstalk_protocol::ids::{OperationId, Seq, UserId};
use crosstalk_protocol::words::{Feature, Features};

/// Decides a member's talk.
#[expect(clippy::wildcard_enum_match_arm, reason = "what is not decided here is not allowed here")]
pub(super) fn decide(
    room: &Room,
    facts: &Facts,
    intent: &Intent,
    now: Time,
) -> Result<Decision, Refusal> {
    let Actor::Person(user) = intent.actor else {
        return Err(RefusalCode::NotAllowed.into());
    };
    let view = own_view(room, facts, user)?;
    if view.hidden().has(Feature::Message) {
        return Err(RefusalCode::FeatureOff.into());
    }
    let asked = Asked { room, facts, user, view: &view, now };
    let change = match &intent.command {
        Command::Post { text, reply_to, mentions, mention_all } => {
            let mention = Mention { users: mentions, all: *mention_all };
            asked.post(intent.operation, text, *reply_to, &mention).map(Some)
        }
        Command::Edit { target, text } => asked.edit(*target, text).map(Some),
        Command::Unsend { target } => asked.unsend(*target).map(Some),
        Command::React { target, emoji, on } => asked.react(*target, emoji, *on),
        Command::Pin { target, on } => asked.pin(*target, *on),
        _ => Err(RefusalCode::NotAllowed.into()),
    }?;
    let draft = change.map(|change| Draft::by(user, change));
    let with_content = intent.command.content().is_some();
    let draft = draft.map(|draft| if with_content { draft.with_content() } else { draft });
    Ok(Decision::write(draft.into_iter().collect()))
}

/// The actor's own view, by which he sees what he answers, edits or reacts to.
fn own_view(room: &Room, facts: &Facts, user: UserId) -> Result<View, Refusal> {
    let standing = facts.standing(user).ok_or_else(Refusal::not_found)?;
    let owner = if room.kind == crosstalk_protocol::words::RoomKind::Group {
        facts.disabled_by(room.owner)
    } else {
        Features::NONE
    };
    let disabled = owner.union(standing.company.disabled);
    View::open(room, standing, &facts.stints, disabled, Seq::ZERO)
}

struct Mention<'a> {
    users: &'a [UserId],
    all: bool,
}

struct Asked<'a> {
    room: &'a Room,
    facts: &'a Facts,
    user: UserId,
    view: &'a View,
    now: Time,
}

impl Asked<'_> {
    fn post(
        &self,
        operation: OperationId,
        text: &str,
        reply_to: Option<Seq>,
        mention: &Mention<'_>,
    ) -> Result<Change, Refusal> {
        sized(text, 1, self.facts.limits.text_chars_max, "text")?;
        if let Some(target) = reply_to {
            self.message(target)?;
        }
        if mention.users.len() > self.facts.limits.mentions_max {
            return Err(Refusal::about(RefusalCode::TooLong, "mentions"));
        }
        let absent =
            mention.users.iter().filter(|one| self.room.member(**one, self.facts).is_none());
        refuse_if_any(RefusalCode::NotAMember, absent.copied().collect())?;
        Ok(Change::Posted {
            operation,
            reply_to,
            mentions: mention.users.to_vec(),
            mention_all: mention.all,
        })
    }

    /// The message at a place that he can see: what he can't see is none to him.
    fn message(&self, seq: Seq) -> Result<&Target, Refusal> {
        let target = self.facts.target.as_ref().filter(|target| target.seq == seq);
        let target = target.filter(|target| target.message && self.view.covers(seq));
        target.ok_or_else(|| RefusalCode::NotAMessage.into())
    }

    fn edit(&self, target: Seq, text: &str) -> Result<Change, Refusal> {
        sized(text, 1, self.facts.limits.text_chars_max, "text")?;
        let message = self.message(target)?;
        if message.author != Some(self.user) {
            return Err(RefusalCode::NotAllowed.into());
        }
        self.within_window(message)?;
        Ok(Change::Edited { target })
    }

    fn unsend(&self, target: Seq) -> Result<Change, Refusal> {
        let message = self.message(target)?;
        let master = self.room.masters.contains(&self.user);
        if message.author != Some(self.user) && !master {
            return Err(RefusalCode::NotAllowed.into());
        }
        if !master {
            self.within_window(message)?;
        }
        Ok(Change::Unsent { target })
    }

    fn within_window(&self, message: &Target) -> Result<(), Refusal> {
        let ends = message.time.0.saturating_add(self.facts.limits.edit_window_micros);
        if self.now.0 <= ends { Ok(()) } else { Err(RefusalCode::WindowClosed.into()) }
    }

    fn react(&self, target: Seq, emoji: &str, on: bool) -> Result<Option<Change>, Refusal> {
        if emoji.trim().is_empty() {
            return Err(Refusal::about(RefusalCode::Empty, "emoji"));
        }
        if emoji.len() > self.facts.limits.emoji_bytes_max {
            return Err(Refusal::about(RefusalCode::TooLong, "emoji"));
        }
        let stands = self.message(target)?.reaction == Some(Reaction::Stands);
        Ok((stands != on).then_some(Change::Reacted { target, on }))
    }

    fn pin(&self, target: Seq, on: bool) -> Result<Option<Change>, Refusal> {
        let pinned = self.message(target)?.pinned;
        Ok((pinned != on).then_some(Change::Pinned { target, on }))
    }
}
