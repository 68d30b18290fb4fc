//! What each request is answered with.

use super::answer::Reply;
use super::intent::Addressed;
use super::running::Connected;
use super::{catch_up, handshake, inbox};
use crate::authority::{Act, Actor, Permit, Refusal, Time};
use crate::directory::{Deed, OpenInvitation, Record};
use crate::identity::invitation;
use crate::rooms::{Keep, show};
use crate::timeline::{Error, NotAppended, Profile, Range, Read, Sight, Want};
use crosstalk_protocol::answer::{
    Answer, ColleagueList, ContactLine, ContactList, Invitation, MemberLine, MemberList,
    PeopleList, Person, ReaderList, RoomList,
};
use crosstalk_protocol::code::RefusalCode;
use crosstalk_protocol::ids::{RoomId, UserId};
use crosstalk_protocol::push::ReadMark;
use crosstalk_protocol::request::{self, Request};
use futures::FutureExt as _;
use std::time::Duration;
use tokio::time::Instant;

/// At most one typing sign of a room in this time is passed on.
const TYPING_EVERY: Duration = Duration::from_secs(3);
/// Rooms whose last typing sign is remembered.
const TYPED_ROOMS_MAX: usize = 64;

/// Carries a command out. What it is answered is of the room: who was removed meanwhile is told
/// what everyone is told of a room that is none (R29).
pub(super) fn command(
    connected: &Connected,
    addressed: Addressed,
) -> impl Future<Output = Reply> + Send {
    let rooms = &connected.services.rooms;
    let doing = match addressed.room {
        Some(room) => rooms.execute(room, addressed.intent).left_future(),
        None => rooms.make(addressed.intent).boxed().right_future(),
    };
    doing.map(|done| match done {
        Ok((accepted, Some(permit))) => Reply::of_room(Answer::Accepted(accepted), permit),
        Ok((accepted, None)) => Reply::plain(Answer::Accepted(accepted)),
        Err(not) => not.into(),
    })
}

/// Answers a request that is no command.
pub(super) async fn answer(connected: &Connected, request: Request) -> Reply {
    other(connected, request).await.unwrap_or_else(Reply::from)
}

type Answered = Result<Reply, NotAppended>;

#[expect(clippy::wildcard_enum_match_arm, reason = "commands have been taken out before")]
async fn other(connected: &Connected, request: Request) -> Answered {
    match request {
        // It is said once, as the first frame.
        Request::Hello(_) => Ok(Reply::refusal(&RefusalCode::HelloFirst.into())),
        Request::Refresh(refresh) => Ok(handshake::refresh(connected, &refresh.token).await),
        Request::Resume(resume) => {
            catch_up::check(&connected.services, &resume.rooms)?;
            catch_up::run(connected, resume.rooms).await;
            Ok(Reply::plain(Answer::Resumed {}))
        }
        Request::Rest(rest) => {
            at_most(rest.rooms.len(), connected.services.limits.resume_rooms, "rooms")?;
            for room in rest.rooms {
                connected.services.hub.rest(&connected.connection, room);
            }
            Ok(Reply::plain(Answer::Rested {}))
        }
        Request::Acknowledge(acknowledge) => {
            let place = inbox::place_of(&connected.services.inboxes, &acknowledge.inbox);
            let place = connected.inbox.told(place);
            let (user, device) = (connected.connection.user, connected.connection.device);
            connected.services.directory.acknowledge(user, device, place).await?;
            Ok(Reply::plain(Answer::Acknowledged {}))
        }
        Request::Read(read) => mark(connected, &read).await,
        Request::Typing(typing) => Ok(type_in(connected, typing.room)),
        Request::InviteGuest(invite) => invite_guest(connected, &invite).await,
        Request::Colleagues(colleagues) => list_colleagues(connected, &colleagues).await,
        Request::Contacts(contacts) => list_contacts(connected, &contacts).await,
        Request::RequestContact(_) | Request::AcceptContact(_) | Request::EndContact(_) => {
            contact(connected, request).await
        }
        reading => look(connected, reading).await,
    }
}

/// Everything that reads rooms.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others have been taken out before")]
async fn look(connected: &Connected, request: Request) -> Answered {
    let limits = &connected.services.limits;
    let rooms = &connected.services.rooms;
    match request {
        Request::Rooms(list) => {
            let limit = within(list.limit, 100)?;
            let read = read(connected, Want::List { after: list.after, limit }).await?;
            Ok(list_rooms(connected, read).await?)
        }
        Request::About(about) => {
            let (sight, _) = one(read(connected, Want::About { room: about.room }).await?)?;
            let answer = Answer::Room(rooms.about(&sight).await?);
            Ok(Reply::of_room(answer, sight.permit))
        }
        Request::Members(members) => {
            let limit = within(members.limit, 200)?;
            let want = Want::Members { room: members.room, after: members.after, limit };
            let (sight, read) = one(read(connected, want).await?)?;
            let lines = read.people.into_iter().map(|profile| {
                let master = profile.master;
                MemberLine { person: person(profile), master }
            });
            let list = MemberList { members: lines.collect(), more: read.more };
            Ok(Reply::of_room(Answer::Members(list), sight.permit))
        }
        Request::People(people) => {
            at_most(people.users.len(), 100, "users")?;
            let read = read(connected, Want::People { users: people.users }).await?;
            let permits = permits(&read);
            let people = read.people.into_iter().map(person).collect();
            Ok(Reply::of_rooms(Answer::People(PeopleList { people }), permits))
        }
        Request::History(history) => {
            let page_max = u32::try_from(limits.page_entries).unwrap_or(u32::MAX);
            let limit = within(history.limit, page_max)?;
            let (range, keep) = range(&history)?;
            let want = Want::Page { room: history.room, range, limit };
            let (sight, _) = one(read(connected, want).await?)?;
            let answer = Answer::History(rooms.page(&sight, keep).await?);
            Ok(Reply::of_room(answer, sight.permit))
        }
        Request::Readers(readers) => {
            let want = Want::Readers { room: readers.room, seq: readers.seq };
            let (sight, read) = one(read(connected, want).await?)?;
            let answer = Answer::Readers(ReaderList { users: read.readers });
            Ok(Reply::of_room(answer, sight.permit))
        }
        Request::Pins(pins) => {
            let (sight, _) = one(read(connected, Want::Pins { room: pins.room }).await?)?;
            Ok(Reply::of_room(Answer::Pins(rooms.pins(&sight).await?), sight.permit))
        }
        _ => Ok(Reply::refusal(&RefusalCode::UnknownType.into())),
    }
}

async fn read(connected: &Connected, want: Want) -> Result<Read, Error> {
    connected.services.rooms.read(connected.connection.user, want).await
}

/// The only room of an answer.
fn one(mut read: Read) -> Result<(Sight, Read), NotAppended> {
    match read.rooms.pop() {
        Some((_, Ok(sight))) => Ok((sight, read)),
        Some((_, Err(refusal))) => Err(refusal.into()),
        None => Err(Refusal::not_found().into()),
    }
}

fn permits(read: &Read) -> Vec<Permit> {
    read.rooms.iter().filter_map(|(_, sight)| Some(sight.as_ref().ok()?.permit.clone())).collect()
}

async fn list_rooms(connected: &Connected, read: Read) -> Result<Reply, Error> {
    let permits = permits(&read);
    let mut rooms = Vec::with_capacity(read.rooms.len());
    for (_, sight) in &read.rooms {
        if let Ok(sight) = sight {
            rooms.push(connected.services.rooms.summary(sight).await?);
        }
    }
    Ok(Reply::of_rooms(Answer::Rooms(RoomList { rooms, more: read.more }), permits))
}

fn person(profile: Profile) -> Person {
    let Profile { user, name, company, company_name, guest, master: _ } = profile;
    Person { user, name, company, company_name, guest }
}

fn range(history: &request::History) -> Result<(Range, Keep), Refusal> {
    match (history.before, history.after) {
        (None, None) => Ok((Range::Latest, Keep::Last)),
        (Some(before), None) => Ok((Range::Before(before), Keep::Last)),
        (None, Some(after)) => Ok((Range::After(after), Keep::First)),
        (Some(_), Some(_)) => Err(Refusal::about(RefusalCode::BadRequest, "before, after")),
    }
}

fn within(limit: u32, max: u32) -> Result<u32, Refusal> {
    let fits = (1..=max).contains(&limit);
    if fits { Ok(limit) } else { Err(Refusal::about(RefusalCode::BadRequest, "limit")) }
}

fn at_most(length: usize, max: usize, field: &'static str) -> Result<(), Refusal> {
    if length <= max { Ok(()) } else { Err(Refusal::about(RefusalCode::TooLong, field)) }
}

async fn mark(connected: &Connected, read: &request::Read) -> Answered {
    let user = connected.connection.user;
    let marked = connected.services.rooms.mark(read.room, user, read.seq).await?;
    if marked.moved {
        let mark = ReadMark { room: read.room, user, seq: marked.seq };
        connected.services.hub.read(&connected.connection, &mark, marked.external);
    }
    Ok(Reply::plain(Answer::Noted {}))
}

/// Passed on to seats only, from a seat only: who has none is answered the same.
fn type_in(connected: &Connected, room: RoomId) -> Reply {
    let now = Instant::now();
    let mut typed = connected.typed.lock();
    typed.retain(|_, last| now.duration_since(*last) < TYPING_EVERY);
    if typed.len() < TYPED_ROOMS_MAX && !typed.contains_key(&room) {
        typed.insert(room, now);
        connected.services.hub.typing(&connected.connection, room);
    }
    Reply::plain(Answer::Noted {})
}

async fn invite_guest(connected: &Connected, invite: &request::InviteGuest) -> Answered {
    let secret = invitation::secret();
    let days = i64::try_from(connected.services.limits.invitation_days).unwrap_or(i64::MAX);
    let lifetime = days.saturating_mul(24 * 3600 * 1_000_000);
    let ends = Time(connected.services.timeline.now().0.saturating_add(lifetime));
    let kept = OpenInvitation {
        hash: invitation::hash(&secret),
        room: invite.room,
        inviter: connected.connection.user,
        ends,
    };
    connected.services.directory.invite_guest(kept, invite.operation).await?;
    let invitation = Invitation { invitation: secret, ends: show::time(ends) };
    Ok(Reply::plain(Answer::Invitation(invitation)))
}

async fn list_colleagues(connected: &Connected, asked: &request::Colleagues) -> Answered {
    let limit = within(asked.limit, 200)?;
    let user = connected.connection.user;
    let directory = &connected.services.directory;
    let (profiles, more) = directory.colleagues(user, asked.after, limit).await?;
    let people = profiles.into_iter().map(person).collect();
    Ok(Reply::plain(Answer::Colleagues(ColleagueList { people, more })))
}

async fn list_contacts(connected: &Connected, contacts: &request::Contacts) -> Answered {
    let limit = within(contacts.limit, 200)?;
    let user: UserId = connected.connection.user;
    let (lines, more) = connected.services.directory.contacts(user, contacts.after, limit).await?;
    let lines = lines
        .into_iter()
        .map(|contact| ContactLine { person: person(contact.profile), state: contact.state });
    let list = ContactList { contacts: lines.collect(), more };
    Ok(Reply::plain(Answer::Contacts(list)))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only these three come here")]
async fn contact(connected: &Connected, request: Request) -> Answered {
    let (act, asked_address) = match request {
        // Whom the address names, and who has asked whom, the store finds in its transaction.
        Request::RequestContact(ask) => {
            (Act::RequestContact { of: None, asked: false }, Some(ask.address))
        }
        Request::AcceptContact(accept) => {
            (Act::AcceptContact { of: accept.user, asked: false }, None)
        }
        Request::EndContact(end) => (Act::EndContact { of: end.user }, None),
        _ => return Ok(Reply::refusal(&RefusalCode::UnknownType.into())),
    };
    let actor = Actor::Person(connected.connection.user);
    let record = Record { asked_address, ..Record::default() };
    connected.services.directory.act(Deed { actor, act, record }).await?;
    Ok(Reply::plain(Answer::Noted {}))
}
