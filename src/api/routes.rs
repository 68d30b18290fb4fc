//! The doors of the HTTP side, in one table: the router is made from it, and the crawl of
//! `tests/doors.rs` walks along it, so that there is no door which it does not try.

use super::{Shared, companies, groups, healthy, invitations, jobs, people, ready};
use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};

/// One door: what is asked by which method, and what answers.
struct Route {
    method: Method,
    path: &'static str,
    answers: MethodRouter<Shared>,
}

/// Method and path of every door; the parts of a path in braces are ids.
pub fn routes() -> Vec<(Method, &'static str)> {
    table().into_iter().map(|route| (route.method, route.path)).collect()
}

/// The router of the table.
pub(super) fn router() -> Router<Shared> {
    let doors = table().into_iter();
    doors.fold(Router::new(), |router, door| router.route(door.path, door.answers))
}

fn table() -> Vec<Route> {
    let mut table = of_companies();
    table.extend(of_groups());
    table.extend([
        get("/v1/jobs", jobs::list),
        post("/v1/invitations/redeem", invitations::redeem),
        get("/healthz", healthy),
        get("/readyz", ready),
    ]);
    table
}

fn of_companies() -> Vec<Route> {
    const COMPANY: &str = "/v1/companies/{company}";
    const USERS: &str = "/v1/companies/{company}/users";
    const USER: &str = "/v1/companies/{company}/users/{user}";
    vec![
        post("/v1/companies", companies::create),
        get(COMPANY, companies::show),
        delete(COMPANY, companies::end),
        put("/v1/companies/{company}/issuer", companies::set_issuer),
        patch("/v1/companies/{company}/policy", companies::set_policy),
        post(USERS, people::create),
        get(USERS, people::list),
        get(USER, people::show),
        patch(USER, people::change),
        delete(USER, people::delete),
        post("/v1/companies/{company}/users/{user}/revoke-sign-ins", people::revoke_sign_ins),
    ]
}

fn of_groups() -> Vec<Route> {
    vec![
        post("/v1/companies/{company}/groups", groups::create),
        put("/v1/companies/{company}/groups/{group}/masters/{user}", groups::name_master),
        post("/v1/groups/{group}/owner", groups::hand),
    ]
}

macro_rules! methods {
    ($($name:ident $method:ident),+ $(,)?) => {$(
        fn $name<T: 'static>(path: &'static str, answer: impl Handler<T, Shared>) -> Route {
            Route { method: Method::$method, path, answers: on(MethodFilter::$method, answer) }
        }
    )+};
}

methods!(get GET, post POST, put PUT, patch PATCH, delete DELETE);
