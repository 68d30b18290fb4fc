//! A room with its whole story, kept as a store would keep it.

use crate::authority::{
    Actor, Addressed, Command, Decision, Earlier, Entry, Facts, Intent, Reaction, Refusal, Room,
    Stint, Target, Time, View, decide, notices,
};
use crosstalk_protocol::entry::{Change, Newcomer};
use crosstalk_protocol::ids::{OperationId, RoomId, Seq, UserId};
use crosstalk_protocol::words::RoomKind;
use std::collections::{BTreeMap, BTreeSet};

/// A message as the store knows it.
#[derive(Debug, Clone, Default)]
struct Message {
    unsent: bool,
    pinned: bool,
    reactions: BTreeSet<(UserId, String)>,
}

/// What an operation id did.
#[derive(Debug, Clone)]
struct Done {
    command: Command,
    earlier: Earlier,
}

/// A room and all that was ever said of it.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) room: Room,
    pub(super) timeline: Vec<Entry>,
    pub(super) notices: Vec<Addressed>,
    stints: BTreeMap<UserId, Vec<Stint>>,
    messages: BTreeMap<Seq, Message>,
    done: BTreeMap<(Option<UserId>, OperationId), Done>,
}

impl Told {
    pub(super) fn blank(id: u8) -> Self {
        Self {
            room: Room::blank(RoomId::of_bytes([id; 16])),
            timeline: Vec::new(),
            notices: Vec::new(),
            stints: BTreeMap::new(),
            messages: BTreeMap::new(),
            done: BTreeMap::new(),
        }
    }

    /// Decides and appends, as a store does in one transaction.
    pub(super) fn append(
        &mut self,
        directory: &Facts,
        intent: &Intent,
        now: Time,
    ) -> Result<Decision, Refusal> {
        let facts = self.facts(directory, intent);
        let decision = decide(&self.room, &facts, intent, now)?;
        for draft in &decision.drafts {
            let entry = Entry {
                seq: self.room.head.next(),
                time: now,
                tag: self.room.head.0 * 7,
                author: draft.author,
                change: draft.change.clone(),
                access: draft.access.clone(),
            };
            self.keep(entry, &intent.command);
        }
        let earlier = Earlier {
            same: true,
            seq: decision.repeated.unwrap_or(self.room.head),
            farewell: matches!(intent.command, Command::Leave | Command::Delete),
            left_out: decision.left_out.clone(),
            unchanged: decision.unchanged.clone(),
        };
        self.done
            .entry((intent.actor.person(), intent.operation))
            .or_insert_with(|| Done { command: intent.command.clone(), earlier });
        Ok(decision)
    }

    fn facts(&self, directory: &Facts, intent: &Intent) -> Facts {
        let person = intent.actor.person();
        let earlier = self
            .done
            .get(&(person, intent.operation))
            .map(|done| Earlier { same: done.command == intent.command, ..done.earlier.clone() });
        let stints = person.and_then(|user| self.stints.get(&user)).cloned().unwrap_or_default();
        let target = intent.command.target().and_then(|seq| self.target(seq, intent));
        Facts { stints, target, earlier, ..directory.clone() }
    }

    fn target(&self, seq: Seq, intent: &Intent) -> Option<Target> {
        let entry = self.entry(seq)?;
        let message = self.messages.get(&seq);
        let reaction = if let Command::React { emoji, .. } = &intent.command {
            let mine = intent.actor.person().map(|user| (user, emoji.clone()));
            let stands =
                message.zip(mine).is_some_and(|(message, one)| message.reactions.contains(&one));
            Some(if stands { Reaction::Stands } else { Reaction::Absent })
        } else {
            None
        };
        Some(Target {
            seq,
            author: entry.author,
            time: entry.time,
            message: message.is_some_and(|message| !message.unsent),
            pinned: message.is_some_and(|message| message.pinned),
            reaction,
        })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others begin and end no stint")]
    fn keep(&mut self, entry: Entry, command: &Command) {
        self.notices.extend(notices(&self.room, entry.seq, &entry.change));
        self.room.apply(&entry);
        self.keep_message(&entry, command);
        match &entry.change {
            Change::Opened { members, .. }
            | Change::Created { members, .. }
            | Change::Added { members, .. } => self.begin(members, entry.seq),
            Change::Removed { users, cause } => {
                for user in users {
                    self.end(*user, entry.seq, Room::severs(*cause));
                }
            }
            _ => {}
        }
        self.timeline.push(entry);
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are about no message")]
    fn keep_message(&mut self, entry: &Entry, command: &Command) {
        let author = entry.author;
        let mut message = |seq: &Seq| self.messages.entry(*seq).or_default().clone();
        let (seq, after) = match &entry.change {
            Change::Posted { .. } => (entry.seq, Message::default()),
            Change::Unsent { target } => (*target, Message { unsent: true, ..message(target) }),
            Change::Pinned { target, on } => (*target, Message { pinned: *on, ..message(target) }),
            Change::Reacted { target, on } => {
                let mut after = message(target);
                if let (Command::React { emoji, .. }, Some(author)) = (command, author) {
                    let one = (author, emoji.clone());
                    assert_eq!(after.reactions.contains(&one), !on, "it changes something");
                    if *on {
                        after.reactions.insert(one)
                    } else {
                        after.reactions.remove(&one)
                    };
                }
                (*target, after)
            }
            _ => return,
        };
        self.messages.insert(seq, after);
    }

    fn begin(&mut self, members: &[Newcomer], seq: Seq) {
        for member in members {
            let history = self.room.history;
            let stint = Stint { start: seq, end: None, history, severed: false };
            self.stints.entry(member.user).or_default().push(stint);
        }
    }

    fn end(&mut self, user: UserId, seq: Seq, severed: bool) {
        let last = self.stints.get_mut(&user).and_then(|stints| stints.last_mut());
        let last = last.expect("who is removed had a stint");
        assert_eq!(last.end, None, "a stint ends once");
        last.end = Some(seq);
        last.severed = severed;
    }

    pub(super) fn entry(&self, seq: Seq) -> Option<&Entry> {
        self.timeline.iter().find(|entry| entry.seq == seq)
    }

    /// Opens somebody's view, as a door does.
    pub(super) fn view(
        &self,
        directory: &Facts,
        user: UserId,
        shown: Seq,
    ) -> Result<View, Refusal> {
        let standing = directory.standing(user).ok_or_else(Refusal::not_found)?;
        let own = directory.disabled_by(standing.company.id);
        let owner = directory.disabled_by(self.room.owner);
        let group = self.room.kind == RoomKind::Group;
        let disabled = if group { own.union(owner) } else { own };
        let stints = self.stints.get(&user).cloned().unwrap_or_default();
        View::open(&self.room, standing, &stints, disabled, shown)
    }

    /// The last entry that was written.
    pub(super) fn last(&self) -> &Change {
        &self.timeline.last().expect("something was written").change
    }

    /// An intent under a new id.
    pub(super) fn fresh(&self, actor: Actor, command: Command) -> Intent {
        let number = 1_000 + self.done.len() as u128;
        let operation = OperationId::of_bytes(number.to_be_bytes());
        Intent { actor, operation, command }
    }
}
