//! The durable jobs: withdrawals and purges, as the operator sees them.

use super::caller::Operator;
use super::{Problem, Shared};
use axum::Json;
use axum::extract::State;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct JobList {
    jobs: Vec<Job>,
}

#[derive(Debug, Serialize)]
struct Job {
    number: u64,
    kind: &'static str,
    done: u64,
    finished: bool,
}

/// The jobs that are not finished, and the last finished ones.
pub(super) async fn list(_: Operator, State(api): State<Shared>) -> Result<Json<JobList>, Problem> {
    let found = api.parts.directory.jobs().await?.into_iter();
    let jobs = found.map(|job| Job {
        number: job.number,
        kind: job.kind,
        done: job.done,
        finished: job.finished,
    });
    Ok(Json(JobList { jobs: jobs.collect() }))
}
