//! Administration over HTTP: companies, users, policies, as an operator or an administrator.

mod records;

pub use records::{
    Company, Issuer, Job, NewGroup, NewUser, PolicyPatch, Redeemed, User, UserPatch,
};

use crate::error::Error;
use crate::http::{self as door, Reply};
use ::http::Method;
use crosstalk_protocol::answer::{Accepted, Failed, Refused};
use crosstalk_protocol::code::{FailureCode, RefusalCode};
use crosstalk_protocol::ids::{CompanyId, OperationId, RoomId, UserId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A server's administration, as whom the token speaks of.
#[derive(Clone)]
pub struct Admin {
    base: String,
    token: Option<String>,
}

impl Admin {
    /// The administration of the server at `http://host:port`, as who has this token.
    pub fn new(base: impl Into<String>, token: impl Into<String>) -> Self {
        Self { base: base.into(), token: Some(token.into()) }
    }

    /// The administration as nobody.
    pub fn anonymous(base: impl Into<String>) -> Self {
        Self { base: base.into(), token: None }
    }

    /// Sends one request and gives back the answer, whatever it is.
    ///
    /// # Errors
    /// Those of [`crate::http::send`].
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Error> {
        let bearer = self.token.as_ref().map(|token| ("authorization", format!("Bearer {token}")));
        let headers: Vec<_> = bearer.into_iter().collect();
        door::send(method, &format!("{}{path}", self.base), &headers, body).await
    }

    /// The operator makes a company.
    ///
    /// # Errors
    /// As for all of these: [`Error::Refused`] and [`Error::Failed`] as on the socket, and those of
    /// [`crate::http::send`].
    pub async fn create_company(&self, name: &str, issuer: &Issuer) -> Result<Company, Error> {
        let Issuer { issuer, audience, keys } = issuer;
        let mut body = json!({ "name": name, "issuer": issuer, "keys": keys });
        if let (Some(audience), Some(body)) = (audience, body.as_object_mut()) {
            body.insert("audience".to_owned(), json!(audience));
        }
        self.ask(Method::POST, "/v1/companies", Some(&body)).await
    }

    /// A company as it stands, in the server's own words.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn company(&self, company: CompanyId) -> Result<Value, Error> {
        self.ask(Method::GET, &format!("/v1/companies/{company}"), None).await
    }

    /// The operator ends a company.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn end_company(&self, company: CompanyId) -> Result<(), Error> {
        self.tell(Method::DELETE, &format!("/v1/companies/{company}"), None).await
    }

    /// Sets a company's issuer and keys.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn set_issuer(&self, company: CompanyId, issuer: &Issuer) -> Result<(), Error> {
        let body = json!(issuer);
        self.tell(Method::PUT, &format!("/v1/companies/{company}/issuer"), Some(&body)).await
    }

    /// Changes a company's policy.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn set_policy(&self, company: CompanyId, change: PolicyPatch) -> Result<(), Error> {
        let path = format!("/v1/companies/{company}/policy");
        self.tell(Method::PATCH, &path, Some(&json!(change))).await
    }

    /// Makes a user.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn create_user(&self, company: CompanyId, user: &NewUser) -> Result<User, Error> {
        let path = format!("/v1/companies/{company}/users");
        self.ask(Method::POST, &path, Some(&json!(user))).await
    }

    /// A user as he stands.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn user(&self, company: CompanyId, user: UserId) -> Result<User, Error> {
        self.ask(Method::GET, &format!("/v1/companies/{company}/users/{user}"), None).await
    }

    /// Changes a user's switches.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn change_user(
        &self,
        company: CompanyId,
        user: UserId,
        change: UserPatch,
    ) -> Result<(), Error> {
        let path = format!("/v1/companies/{company}/users/{user}");
        self.tell(Method::PATCH, &path, Some(&json!(change))).await
    }

    /// Deletes a user's account.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn delete_user(&self, company: CompanyId, user: UserId) -> Result<(), Error> {
        self.tell(Method::DELETE, &format!("/v1/companies/{company}/users/{user}"), None).await
    }

    /// Ends a user's older tokens.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn revoke_sign_ins(&self, company: CompanyId, user: UserId) -> Result<(), Error> {
        let path = format!("/v1/companies/{company}/users/{user}/revoke-sign-ins");
        self.tell(Method::POST, &path, None).await
    }

    /// An administrator makes a group. The same operation makes it once.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn create_group(
        &self,
        company: CompanyId,
        operation: OperationId,
        group: &NewGroup,
    ) -> Result<Accepted, Error> {
        let path = format!("/v1/companies/{company}/groups");
        self.operate(Method::POST, &path, operation, Some(&json!(group))).await
    }

    /// An administrator names the Group Master of a group that has none.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn name_master(
        &self,
        company: CompanyId,
        group: RoomId,
        user: UserId,
    ) -> Result<Accepted, Error> {
        let path = format!("/v1/companies/{company}/groups/{group}/masters/{user}");
        self.ask(Method::PUT, &path, None).await
    }

    /// The operator hands the group of an ended company to another one.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn hand(&self, group: RoomId, to: CompanyId) -> Result<Accepted, Error> {
        let body = json!({ "company": to });
        self.ask(Method::POST, &format!("/v1/groups/{group}/owner"), Some(&body)).await
    }

    /// Redeems a guest's invitation.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn redeem(&self, invitation: &str, name: &str) -> Result<Redeemed, Error> {
        let body = json!({ "invitation": invitation, "name": name });
        self.ask(Method::POST, "/v1/invitations/redeem", Some(&body)).await
    }

    /// The durable jobs, as the operator sees them.
    ///
    /// # Errors
    /// See [`Admin::create_company`].
    pub async fn jobs(&self) -> Result<Vec<Job>, Error> {
        #[derive(Deserialize)]
        struct List {
            jobs: Vec<Job>,
        }
        self.ask(Method::GET, "/v1/jobs", None).await.map(|list: List| list.jobs)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Error> {
        read(&self.send(method, path, body).await?)
    }

    async fn tell(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(), Error> {
        self.ask(method, path, body).await.map(|_: Value| ())
    }

    async fn operate<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        operation: OperationId,
        body: Option<&Value>,
    ) -> Result<T, Error> {
        let mut headers = vec![("idempotency-key", operation.to_string())];
        if let Some(token) = &self.token {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        read(&door::send(method, &format!("{}{path}", self.base), &headers, body).await?)
    }
}

/// The answer, or what the server says against it.
fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T, Error> {
    if reply.status.is_success() {
        let body = if reply.body.is_empty() { b"null".as_slice() } else { &reply.body };
        return serde_json::from_slice(body)
            .map_err(|error| Error::Http(format!("{error}: {}", reply.text())));
    }
    Err(problem(reply).unwrap_or_else(|| Error::Http(format!("{} {}", reply.status, reply.text()))))
}

fn problem(reply: &Reply) -> Option<Error> {
    #[derive(Deserialize)]
    struct Problem {
        code: String,
        #[serde(default)]
        detail: Option<String>,
        title: String,
        #[serde(default)]
        users: Vec<UserId>,
        #[serde(default)]
        retry_after_ms: u64,
    }
    let problem: Problem = serde_json::from_slice(&reply.body).ok()?;
    let message = match problem.detail {
        Some(detail) => format!("{} ({detail})", problem.title),
        None => problem.title,
    };
    if let Some(code) = RefusalCode::ALL.iter().find(|code| code.word() == problem.code) {
        return Some(Error::Refused(Refused { code: *code, message, users: problem.users }));
    }
    let code = FailureCode::ALL.iter().find(|code| code.word() == problem.code)?;
    let retry_after_ms = problem.retry_after_ms;
    Some(Error::Failed(Failed { code: *code, message, retry_after_ms }))
}

/// The token stands in no log.
impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("base", &self.base).finish_non_exhaustive()
    }
}
