//! The HTTP side: what administrators and operators do to companies, people and groups, the
//! redeeming of invitations, and whether the process is alive.
//!
//! The handlers are thin. Who asks is looked up first, the rules are judged where the records
//! are written ([`Directory::act`], [`Rooms`]), and every refusal is a [`Problem`] with the same
//! codes as on the socket.

mod body;
mod caller;
mod checks;
mod companies;
mod groups;
mod invitations;
mod jobs;
mod people;
mod problem;
mod redemptions;
mod registry;
mod routes;

pub use caller::bearer;
pub use problem::Problem;
pub use redemptions::network;
pub use registry::{GUEST_ISSUER, Registry};
pub use routes::routes;

use crate::authority::Act;
use crate::config::Limits;
use crate::directory::{CompanyRecord, Deed, Directory, PersonRecord};
use crate::identity::mint::Mint;
use crate::rooms::Rooms;
use crate::timeline::Timeline;
use crate::wire::Lease;
use axum::Router;
use axum::extract::State;
use companies::Carried;
use crosstalk_protocol::code::FailureCode;
use crosstalk_protocol::ids::{CompanyId, UserId};
use redemptions::Redemptions;
use std::net::IpAddr;
use std::sync::Arc;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// What the HTTP side works with.
pub struct Api {
    /// Companies and people.
    pub directory: Arc<dyn Directory>,
    /// The timelines, whose clock this is.
    pub timeline: Arc<dyn Timeline>,
    /// The rooms.
    pub rooms: Rooms,
    /// Whose tokens are taken.
    pub registry: Arc<Registry>,
    /// The key of the server's own issuer, for guests' tokens (R33).
    pub guests: Mint,
    /// Leave of this node to take anybody in.
    pub lease: Arc<Lease>,
    /// How much of everything.
    pub limits: Limits,
    /// Where acts run: one that was begun is carried out, also when who asked for it hangs up.
    pub tasks: TaskTracker,
}

/// From where a request comes, for limits: what accepts connections puts it into each request.
#[derive(Debug, Clone, Copy)]
pub struct CameFrom(pub IpAddr);

struct Inner {
    parts: Api,
    redemptions: Redemptions,
}

type Shared = Arc<Inner>;

/// What answers: the table of [`routes()`], and a problem for everything else.
pub fn router(parts: Api) -> Router {
    let redemptions = Redemptions::new(parts.limits.redemptions_per_minute);
    routes::router()
        .fallback(nowhere)
        .method_not_allowed_fallback(no_such_method)
        .with_state(Arc::new(Inner { parts, redemptions }))
}

/// The process is alive; nothing else is asked.
async fn healthy() -> &'static str {
    "ok\n"
}

/// New connections may come: this node hands out content.
async fn ready(State(api): State<Shared>) -> Result<&'static str, Problem> {
    api.holds_lease().map(|()| "ready\n")
}

async fn nowhere() -> Problem {
    Problem::not_found()
}

async fn no_such_method() -> Problem {
    Problem::method_not_allowed()
}

impl Inner {
    /// A node that can't follow the store that it shares knows nothing of what others did meanwhile.
    fn holds_lease(&self) -> Result<(), Problem> {
        let why = "this server can't reach the store that it shares with others";
        let holds = self.parts.lease.holds();
        if holds { Ok(()) } else { Err(Problem::failed(FailureCode::Unavailable).because(why)) }
    }

    /// Carries an act out and waits until it is effective.
    async fn act(self: &Arc<Self>, deed: Deed) -> Result<Carried, Problem> {
        let api = Arc::clone(self);
        self.finish(async move {
            let of_issuers = matches!(
                deed.act,
                Act::CreateCompany { .. } | Act::SetIssuer { .. } | Act::EndCompany { .. }
            );
            let done = api.parts.directory.act(deed).await?;
            if of_issuers {
                api.parts.registry.refresh().await?;
            }
            done.fence.effective().await?;
            Ok(Carried { effective: true })
        })
        .await
    }

    /// Runs to its end what must not stop half-way: who asked may hang up at any time, and his
    /// handler is dropped then.
    async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let finished = self.parts.tasks.spawn(work).await;
        finished.unwrap_or_else(|_| Err(Problem::failed(FailureCode::Internal)))
    }

    /// The record of a company.
    async fn company(&self, company: CompanyId) -> Result<CompanyRecord, Problem> {
        let found = self.parts.directory.companies().await?;
        let found = found.into_iter().find(|one| one.company.id == company);
        found.ok_or_else(Problem::not_found)
    }

    /// The record of a person, who is of this company.
    async fn person(&self, company: CompanyId, user: UserId) -> Result<PersonRecord, Problem> {
        // The first one after the id before his.
        let before = user.0.as_u128().checked_sub(1).map(|id| UserId(Uuid::from_u128(id)));
        let (found, _) = self.parts.directory.people_of(company, before, 1).await?;
        let found = found.into_iter().find(|one| one.person.id == user);
        found.ok_or_else(Problem::not_found)
    }
}
