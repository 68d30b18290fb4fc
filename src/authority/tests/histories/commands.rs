//! What is asked and done, as the authority takes it.

use super::{
    Act, Actor, Ask, Command, Deed, Feature, GroupCreation, HistoryVisibility, Policy,
    PolicyChange, RoomKind, Seq, Who, add, convert, edit, history, invite, made, opening, post,
    react, remove, switch,
};
use crosstalk_protocol::words::Way;

pub(crate) fn actor_of(who: Who) -> Actor {
    match who {
        Who::Person(user) => Actor::Person(user),
        Who::Administrator(user) => Actor::Administrator(user),
        Who::Operator => Actor::Operator,
        Who::Rule => Actor::Rule,
    }
}

pub(crate) fn command_of(who: Who, ask: &Ask) -> Command {
    let by_person = matches!(who, Who::Person(_));
    match ask {
        Ask::Create { masters, members } => {
            let way = if by_person { Way::Message } else { Way::Administrator };
            made(way, members, masters)
        }
        Ask::Open { shared, members } => {
            opening(if *shared { RoomKind::Shared } else { RoomKind::Internal }, members)
        }
        Ask::Say => post("hello"),
        Ask::Reply(at) => Command::Post {
            text: "yes".to_owned(),
            reply_to: Some(Seq(*at)),
            mentions: Vec::new(),
            mention_all: true,
        },
        Ask::Edit(at) => edit(Seq(*at)),
        Ask::Unsend(at) => Command::Unsend { target: Seq(*at) },
        Ask::React(at, on) => react(Seq(*at), *on),
        Ask::Pin(at, on) => Command::Pin { target: Seq(*at), on: *on },
        Ask::Convert => convert(),
        Ask::Invite(users) => invite(users),
        Ask::Enter { guest, inviter } => Command::Enter { guest: *guest, inviter: *inviter },
        Ask::Rename => Command::Rename { name: "Chat".to_owned() },
        Ask::Leave => Command::Leave,
        Ask::Add(users) => add(users),
        Ask::Remove(users) => remove(users),
        Ask::Appoint(user) => Command::Appoint { user: *user },
        Ask::Dismiss(user) => Command::Dismiss { user: *user },
        Ask::SwitchMessages(on) => switch(Feature::Message, *on),
        Ask::ShowAll(true) => history(HistoryVisibility::All),
        Ask::ShowAll(false) => history(HistoryVisibility::SinceJoined),
        Ask::Delete => Command::Delete,
        Ask::NameMaster(user) => Command::NameMaster { user: *user },
        Ask::Hand(to) => Command::Hand { to: *to },
        Ask::Settle => Command::Settle,
    }
}

/// The act that a deed is; contacts come and go in the directory alone.
pub(crate) fn act_of(deed: Deed) -> Option<Act> {
    let policy = |company, change| Some(Act::SetPolicy { company, change });
    match deed {
        Deed::Connect(user, connected) => Some(Act::SetConnected { user, connected }),
        Deed::Suspend(user, suspended) => Some(Act::SetActive { user, active: !suspended }),
        Deed::DeletePerson(user) => Some(Act::DeletePerson { user }),
        Deed::External(company, on) => {
            policy(company, PolicyChange::Switch(Policy::ExternalMessaging, on))
        }
        Deed::EndCompany(company) => Some(Act::EndCompany { company }),
        Deed::DisableMessages(company, off) => {
            policy(company, PolicyChange::Disabled(Feature::Message, off))
        }
        Deed::MembersCreate(company, on) => {
            let who = if on { GroupCreation::AlsoMembers } else { GroupCreation::Administrators };
            policy(company, PolicyChange::GroupCreation(who))
        }
        Deed::GuestsAllowed(company, on) => {
            policy(company, PolicyChange::Switch(Policy::Guests, on))
        }
        Deed::Contacts(..) => None,
    }
}
