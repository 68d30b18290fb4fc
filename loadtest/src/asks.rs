//! Which answer belongs to which request.

use crosstalk_protocol::answer::{
    AboutRoom, Accepted, Answer, ColleagueList, ContactList, Invitation, MemberList, Page,
    PeopleList, PinList, ReaderList, Refreshed, RoomList, Welcome,
};
use crosstalk_protocol::request::{
    About, AcceptContact, Acknowledge, Add, Appoint, Colleagues, Contacts, Convert,
    CreateFromContacts, CreateFromMessage, Delete, Dismiss, Edit, EndContact, Hello, History,
    Invite, InviteGuest, Leave, Members, Open, People, Pin, Pins, React, Read, Readers, Refresh,
    Remove, Rename, Request, RequestContact, Rest, Resume, Rooms, Send, Settings, Typing, Unsend,
};

/// A request whose answer has a type of its own.
pub trait Asks: Into<Request> {
    /// What it is answered with.
    type Answer;

    /// Takes the answer, or gives it back where it is of another kind.
    ///
    /// # Errors
    /// The answer, if it is of another kind.
    fn take(answer: Answer) -> Result<Self::Answer, Box<Answer>>;
}

macro_rules! answers {
    ($($variant:ident($kind:ty): $($request:ident)+;)+) => {$($(
        impl Asks for $request {
            type Answer = $kind;

            fn take(answer: Answer) -> Result<Self::Answer, Box<Answer>> {
                if let Answer::$variant(data) = answer { Ok(data) } else { Err(Box::new(answer)) }
            }
        }
    )+)+};
}

macro_rules! nods {
    ($($variant:ident: $($request:ident)+;)+) => {$($(
        impl Asks for $request {
            type Answer = ();

            fn take(answer: Answer) -> Result<Self::Answer, Box<Answer>> {
                if let Answer::$variant {} = answer { Ok(()) } else { Err(Box::new(answer)) }
            }
        }
    )+)+};
}

answers! {
    Welcome(Welcome): Hello;
    Refreshed(Refreshed): Refresh;
    Rooms(RoomList): Rooms;
    Room(AboutRoom): About;
    Members(MemberList): Members;
    People(PeopleList): People;
    History(Page): History;
    Readers(ReaderList): Readers;
    Pins(PinList): Pins;
    Colleagues(ColleagueList): Colleagues;
    Accepted(Accepted): Send Edit Unsend React Pin CreateFromContacts CreateFromMessage Convert
        Open Invite Rename Leave Add Remove Appoint Dismiss Settings Delete;
    Invitation(Invitation): InviteGuest;
    Contacts(ContactList): Contacts;
}

nods! {
    Resumed: Resume;
    Rested: Rest;
    Acknowledged: Acknowledge;
    Noted: Read Typing RequestContact AcceptContact EndContact;
}
