//! Steps drawn at random.

use super::{
    ALICE, ANNA, Ask, BEA, BOB, CARL, CAROL, COMPANIES, CompanyId, Deed, EVERYBODY, GINA, GUS,
    History, Kind, Model, NORA, SAM, Step, UserId, Who,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

fn anybody() -> impl Strategy<Value = UserId> {
    // Alice, who knows everybody, acts most.
    prop_oneof![2 => Just(ALICE), 3 => select(EVERYBODY.to_vec())]
}

fn company() -> impl Strategy<Value = CompanyId> {
    select(COMPANIES.to_vec())
}

/// Mostly people who may be together in a group; three of North, so that there is a choice of heirs.
fn some_people() -> BoxedStrategy<Vec<UserId>> {
    let users = vec![ALICE, ANNA, BOB, BEA, CAROL, CARL, NORA];
    prop_oneof![
        4 => subsequence(users.clone(), 1..=3),
        1 => subsequence(users, 0..=7),
        1 => subsequence(EVERYBODY.to_vec(), 0..=7),
    ]
    .prop_shuffle()
    .boxed()
}

/// Below a hundred the number of a message, from it on a place as it is.
fn place() -> impl Strategy<Value = u64> {
    prop_oneof![5 => 0..20_u64, 1 => 100..140_u64]
}

fn talk() -> BoxedStrategy<Ask> {
    prop_oneof![
        6 => Just(Ask::Say),
        1 => place().prop_map(Ask::Reply),
        2 => place().prop_map(Ask::Edit),
        1 => place().prop_map(Ask::Unsend),
        1 => (place(), any::<bool>()).prop_map(|(at, on)| Ask::React(at, on)),
        1 => (place(), any::<bool>()).prop_map(|(at, on)| Ask::Pin(at, on)),
    ]
    .boxed()
}

fn governance() -> BoxedStrategy<Ask> {
    prop_oneof![
        5 => some_people().prop_map(Ask::Add),
        4 => some_people().prop_map(Ask::Remove),
        2 => anybody().prop_map(Ask::Appoint),
        2 => anybody().prop_map(Ask::Dismiss),
        1 => any::<bool>().prop_map(Ask::SwitchMessages),
        2 => any::<bool>().prop_map(Ask::ShowAll),
        1 => prop_oneof![1 => Just(Ask::Delete), 2 => Just(Ask::Leave)],
    ]
    .boxed()
}

fn general() -> BoxedStrategy<Ask> {
    prop_oneof![
        2 => Just(Ask::Leave),
        1 => Just(Ask::Rename),
        1 => Just(Ask::Convert),
        3 => some_people().prop_map(Ask::Invite),
    ]
    .boxed()
}

/// Who asks; members and Group Masters are found when it comes to it.
#[derive(Debug, Clone)]
enum Role {
    Master,
    Member,
    Is(Who),
}

/// A step to be: what depends on how things stand then is chosen by `index`.
#[derive(Debug, Clone)]
enum Drawn {
    Asks {
        room: usize,
        role: Role,
        index: usize,
        ask: Ask,
    },
    /// A Group Master is cut off (R20).
    Falls {
        room: usize,
        index: usize,
    },
    Is(Step),
}

fn asked() -> BoxedStrategy<(Role, Ask)> {
    let person = || anybody().prop_map(|user| Role::Is(Who::Person(user)));
    let member = || prop_oneof![4 => Just(Role::Member), 1 => person()];
    let master = prop_oneof![4 => Just(Role::Master), 1 => Just(Role::Member), 1 => person()];
    let making = prop_oneof![
        some_people().prop_map(|members| Ask::Create { masters: Vec::new(), members }),
        (any::<bool>(), some_people()).prop_map(|(shared, members)| Ask::Open { shared, members }),
    ];
    let administrator =
        || select(vec![NORA, NORA, SAM, ALICE]).prop_map(|user| Role::Is(Who::Administrator(user)));
    let naming = prop_oneof![
        1 => (some_people(), some_people())
            .prop_map(|(masters, members)| Ask::Create { masters, members }),
        2 => anybody().prop_map(Ask::NameMaster),
    ];
    let entering = (select(vec![GINA, GUS, BEA]), anybody())
        .prop_map(|(guest, inviter)| Ask::Enter { guest, inviter });
    let (operator, rule) = (Role::Is(Who::Operator), Role::Is(Who::Rule));
    let foreign = prop_oneof![Just(operator.clone()), Just(rule.clone()), administrator()];
    prop_oneof![
        10 => (member(), talk()),
        8 => (master, governance()),
        4 => (member(), general()),
        2 => (person(), making),
        2 => (administrator(), naming),
        1 => (Just(operator), company().prop_map(Ask::Hand)),
        1 => (Just(rule.clone()), Just(Ask::Settle)),
        1 => (Just(rule), entering),
        1 => (foreign, prop_oneof![governance(), talk(), Just(Ask::Settle)]),
    ]
    .boxed()
}

fn deed() -> BoxedStrategy<Deed> {
    let (person, on) = (select(EVERYBODY.to_vec()), any::<bool>());
    prop_oneof![
        8 => (person.clone(), on).prop_map(|(user, on)| Deed::Connect(user, on)),
        5 => (person.clone(), on).prop_map(|(user, on)| Deed::Suspend(user, on)),
        1 => person.clone().prop_map(Deed::DeletePerson),
        4 => (company(), on).prop_map(|(company, on)| Deed::External(company, on)),
        1 => company().prop_map(Deed::EndCompany),
        4 => (company(), on).prop_map(|(company, on)| Deed::DisableMessages(company, on)),
        2 => (company(), on).prop_map(|(company, on)| Deed::MembersCreate(company, on)),
        2 => (company(), on).prop_map(|(company, on)| Deed::GuestsAllowed(company, on)),
        3 => (person.clone(), person, on).prop_map(|(one, other, on)| Deed::Contacts(one, other, on)),
    ]
    .boxed()
}

fn drawn() -> BoxedStrategy<Drawn> {
    prop_oneof![
        14 => (0..2_usize, 0..60_usize, asked())
            .prop_map(|(room, index, (role, ask))| Drawn::Asks { room, role, index, ask }),
        3 => deed().prop_map(|deed| Drawn::Is(Step::Befalls(deed))),
        1 => (0..2_usize, 0..60_usize).prop_map(|(room, index)| Drawn::Falls { room, index }),
        1 => (0..6_usize).prop_map(|back| Drawn::Is(Step::Again(back))),
    ]
    .boxed()
}

/// A group and a general room, and what comes of them.
pub(crate) fn histories() -> impl Strategy<Value = History> {
    let members = vec![ANNA, BOB, CAROL];
    let alice = Who::Person(ALICE);
    let group = select(vec![members.clone(), vec![NORA, BOB, ANNA], vec![NORA, BOB, CAROL]])
        .prop_map(move |members| {
            let ask = Ask::Create { masters: Vec::new(), members };
            Step::Asks { room: 0, who: alice, ask }
        });
    let general = prop_oneof![
        2 => Just(Ask::Open { shared: true, members }),
        1 => Just(Ask::Open { shared: false, members: vec![ANNA] }),
    ];
    let steps = prop::collection::vec(drawn(), 1..80);
    (group, general, steps).prop_map(move |(group, general, drawn)| {
        let general = Step::Asks { room: 1, who: alice, ask: general };
        told(vec![group, general], drawn)
    })
}

/// The history that comes of what was drawn, as the model sees it.
fn told(mut steps: Vec<Step>, drawn: Vec<Drawn>) -> History {
    let mut model = super::beginning().1;
    for step in &steps {
        play(&mut model, step);
    }
    for one in drawn {
        let step = match one {
            Drawn::Is(step) => step,
            Drawn::Falls { room, index } => Step::Befalls(downfall(&model, room, index)),
            Drawn::Asks { room, role, index, ask } => {
                let room = where_it_belongs(&model, room, (&ask, index));
                let who = found(&model, room, &role, index);
                let ask = aimed(&model, room, who, (ask, index));
                Step::Asks { room, who, ask }
            }
        };
        play(&mut model, &step);
        steps.push(step);
    }
    History(steps)
}

fn play(model: &mut Model, step: &Step) {
    match step {
        Step::Befalls(deed) if model.is_news(*deed) => model.befalls(*deed),
        Step::Asks { room, who, ask } => {
            let makes = matches!(ask, Ask::Create { .. } | Ask::Open { .. });
            if makes && model.rooms[*room].head() > 0 {
                if !model.rooms[*room].gone {
                    return;
                }
                model.clear(*room);
            }
            // Refused or not: the history tells it.
            model.asked(*room, *who, ask).ok();
        }
        Step::Befalls(_) | Step::Again(_) => {}
    }
}

/// Governance mostly goes to a group, and what is for general rooms to one.
fn where_it_belongs(model: &Model, room: usize, (ask, index): (&Ask, usize)) -> usize {
    let group = match ask {
        Ask::Invite(_) | Ask::Rename | Ask::Convert | Ask::Leave | Ask::Enter { .. } => false,
        Ask::Add(_)
        | Ask::Remove(_)
        | Ask::Appoint(_)
        | Ask::Dismiss(_)
        | Ask::Hand(_)
        | Ask::SwitchMessages(_)
        | Ask::ShowAll(_)
        | Ask::Delete
        | Ask::NameMaster(_) => true,
        _ => return room,
    };
    let fits = |at: usize| (model.rooms[at].kind == Kind::Group) == group;
    if index % 8 == 0 || fits(room) || !fits(1 - room) { room } else { 1 - room }
}

/// What ends a Group Master's access in a group that has one.
fn downfall(model: &Model, room: usize, index: usize) -> Deed {
    let masters = [room, 1 - room].map(|room| nth(&model.rooms[room].masters, index));
    let user = masters.into_iter().flatten().next().unwrap_or(ALICE);
    if index.is_multiple_of(3) { Deed::Suspend(user, true) } else { Deed::Connect(user, false) }
}

/// An administrator mostly names one of his own company first (R2).
fn own_first(model: &Model, administrator: UserId, masters: Vec<UserId>) -> Vec<UserId> {
    let home = |user: &UserId| model.company(*user) == model.company(administrator);
    let (own, others): (Vec<UserId>, Vec<UserId>) = masters.into_iter().partition(home);
    [own, others].concat()
}

fn nth(users: &std::collections::BTreeSet<UserId>, index: usize) -> Option<UserId> {
    users.iter().nth(index.checked_rem(users.len())?).copied()
}

fn found(model: &Model, room: usize, role: &Role, index: usize) -> Who {
    let room = &model.rooms[room];
    let member = nth(&room.members(), index);
    match role {
        Role::Is(who) => *who,
        Role::Member => Who::Person(member.unwrap_or(ALICE)),
        Role::Master => Who::Person(nth(&room.masters, index).or(member).unwrap_or(ALICE)),
    }
}

/// Mostly at what is there: a room that is gone is made anew, members are governed, messages
/// edited by who wrote them.
fn aimed(model: &Model, room: usize, who: Who, (ask, index): (Ask, usize)) -> Ask {
    let room = &model.rooms[room];
    if room.gone && index % 3 == 0 && matches!(who, Who::Person(_)) {
        return Ask::Create { masters: Vec::new(), members: vec![ANNA, BOB, CAROL] };
    }
    let member = nth(&room.members(), index / 2).filter(|_| index % 4 != 0);
    let author = if let Who::Person(user) = who { Some(user) } else { None };
    let message = |at: u64, by: Option<UserId>| {
        let said = room.said(by);
        let index = usize::try_from(at).unwrap_or_default().checked_rem(said.len());
        let nth = index.and_then(|index| said.get(index)).copied();
        nth.filter(|_| at < 100).unwrap_or(at % 100)
    };
    match ask {
        Ask::Create { masters, members } => match who {
            Who::Administrator(user) if index % 4 != 0 => {
                Ask::Create { masters: own_first(model, user, masters), members }
            }
            _ => Ask::Create { masters, members },
        },
        Ask::Appoint(user) => Ask::Appoint(member.unwrap_or(user)),
        Ask::Dismiss(user) if index % 3 == 0 => Ask::Dismiss(member.unwrap_or(user)),
        Ask::Dismiss(user) => Ask::Dismiss(nth(&room.masters, index).unwrap_or(user)),
        Ask::NameMaster(user) => Ask::NameMaster(member.unwrap_or(user)),
        Ask::Remove(users) => match member.filter(|one| Some(*one) != author) {
            Some(one) => Ask::Remove(vec![one]),
            None => Ask::Remove(users),
        },
        Ask::Enter { guest, inviter } => Ask::Enter { guest, inviter: member.unwrap_or(inviter) },
        Ask::Edit(at) => Ask::Edit(message(at, author)),
        Ask::Unsend(at) => Ask::Unsend(message(at, author.filter(|_| index % 2 == 0))),
        Ask::Reply(at) => Ask::Reply(message(at, None)),
        Ask::React(at, on) => Ask::React(message(at, None), on),
        Ask::Pin(at, on) => Ask::Pin(message(at, None), on),
        other => other,
    }
}
