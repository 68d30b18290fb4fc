//! What stands on the bus: how topics are called, and what is said on them.

use crosstalk_protocol::ids::RoomId;

/// What a node is called on the bus: drawn at every start.
type NodeId = [u8; 16];

/// How topics of one store are called, and by whom.
pub(super) struct Words {
    store: String,
    own: NodeId,
}

/// Where something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// To every node.
    Nodes,
    /// To those where somebody follows the room.
    Room(RoomId),
}

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// Another node has written something.
    Wrote,
    /// A sign, sealed.
    Sign(&'a [u8]),
    /// This node tries whether it hears itself.
    Probe(u64),
}

const WROTE: u8 = b'w';
const SIGN: u8 = b's';
const PROBE: u8 = b'p';

impl Words {
    /// Of the store of this epoch.
    pub(super) fn of(epoch: u64, own: NodeId) -> Self {
        Self { store: format!("crosstalk:{epoch:016x}"), own }
    }

    /// How a topic is called.
    pub(super) fn topic(&self, topic: Topic) -> String {
        match topic {
            Topic::Nodes => format!("{}:nodes", self.store),
            Topic::Room(room) => format!("{}:room:{room}", self.store),
        }
    }

    /// The topic that is called so.
    pub(super) fn topic_of(&self, name: &[u8]) -> Option<Topic> {
        let name = std::str::from_utf8(name).ok()?.strip_prefix(&self.store)?;
        match name.strip_prefix(":room:") {
            Some(room) => Some(Topic::Room(room.parse().ok()?)),
            None => (name == ":nodes").then_some(Topic::Nodes),
        }
    }

    /// As this node says it.
    pub(super) fn say(&self, word: Word<'_>) -> Vec<u8> {
        let of = |kind, by: &[u8], rest: &[u8]| [&[kind], by, rest].concat();
        match word {
            Word::Wrote => of(WROTE, &self.own, &[]),
            Word::Sign(sealed) => of(SIGN, &[], sealed),
            Word::Probe(number) => of(PROBE, &self.own, &number.to_be_bytes()),
        }
    }

    /// What was said, where it is something for this node to hear: not what it has written itself, nor
    /// another's probe, nor anything that no node says.
    pub(super) fn heard<'a>(&self, said: &'a [u8]) -> Option<Word<'a>> {
        let (kind, rest) = said.split_first()?;
        match *kind {
            WROTE => (rest.len() == self.own.len() && rest != self.own).then_some(Word::Wrote),
            SIGN => Some(Word::Sign(rest)),
            PROBE => {
                let number = rest.strip_prefix(&self.own)?.try_into().ok()?;
                Some(Word::Probe(u64::from_be_bytes(number)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    #[test]
    fn topics_are_the_stores_own() {
        let words = Words::of(7, [1; 16]);
        let room = RoomId(Uuid::now_v7());
        for topic in [Topic::Nodes, Topic::Room(room)] {
            let name = words.topic(topic);
            assert_eq!(words.topic_of(name.as_bytes()), Some(topic));
            assert_eq!(Words::of(8, [1; 16]).topic_of(name.as_bytes()), None);
        }
        assert_eq!(words.topic_of(b"crosstalk:0000000000000007:room:junk"), None);
    }

    #[test]
    fn others_hear_what_one_says_and_oneself_only_probes() {
        let (one, other) = (Words::of(7, [1; 16]), Words::of(7, [2; 16]));
        let wrote = one.say(Word::Wrote);
        assert_eq!((one.heard(&wrote), other.heard(&wrote)), (None, Some(Word::Wrote)));
        let probe = one.say(Word::Probe(9));
        assert_eq!((one.heard(&probe), other.heard(&probe)), (Some(Word::Probe(9)), None));
        assert_eq!(other.heard(&one.say(Word::Sign(b"x"))), Some(Word::Sign(b"x")));
    }

    proptest! {
        #[test]
        fn junk_is_heard_by_nobody(name: Vec<u8>, said in proptest::collection::vec(0..97_u8, 0..99)) {
            let words = Words::of(7, [1; 16]);
            prop_assert_eq!(words.topic_of(&name), None);
            prop_assert_eq!(words.heard(&said), None);
        }
    }
}
