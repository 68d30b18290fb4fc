//! The directory's port, over the same writer and readers.

use super::Embedded;
use super::task::Task;
use super::{inbox, jobs};
use crate::authority::Time;
use crate::directory::{
    CompanyRecord, Contact, Deed, Directory, Done, Greeting, Job, OpenInvitation, PersonRecord,
    SignIn, SignInRefused,
};
use crate::timeline::{Error, NotAppended, Noticed, Profile};
use crosstalk_protocol::ids::{CompanyId, DeviceId, OperationId, RoomId, UserId};
use futures::FutureExt;
use futures::future::BoxFuture;

impl Directory for Embedded {
    fn act(&self, deed: Deed) -> BoxFuture<'_, Result<Done, NotAppended>> {
        self.write(|reply| Task::Act(Box::new(deed), reply)).boxed()
    }

    fn sign_in(
        &self,
        company: CompanyId,
        subject: String,
        issued: Time,
    ) -> BoxFuture<'_, Result<Result<SignIn, SignInRefused>, Error>> {
        self.ask(move |reader| reader.sign_in(company, &subject, issued)).boxed()
    }

    fn sign_in_guest(
        &self,
        user: UserId,
        issued: Time,
    ) -> BoxFuture<'_, Result<Result<SignIn, SignInRefused>, Error>> {
        self.ask(move |reader| reader.sign_in_guest(user, issued)).boxed()
    }

    fn greet(
        &self,
        user: UserId,
        device: DeviceId,
        place: Option<u64>,
    ) -> BoxFuture<'_, Result<Greeting, NotAppended>> {
        let greeted = self.write(move |reply| Task::Greet(user, device, place, reply));
        async move {
            let greeted = greeted.await;
            let Err(NotAppended::Failed(Error::Write(_))) = &greeted else { return greeted };
            // A full disk keeps nobody from reading: a known device needs no row.
            let known =
                self.ask(move |reader| inbox::known(&reader.connection, user, device, place));
            known.await?.map_or(greeted, Ok)
        }
        .boxed()
    }

    fn inbox(
        &self,
        user: UserId,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<(Vec<Noticed>, bool), Error>> {
        self.ask(move |reader| reader.inbox(user, after, limit)).boxed()
    }

    fn acknowledge(
        &self,
        user: UserId,
        device: DeviceId,
        inbox: u64,
    ) -> BoxFuture<'_, Result<(), Error>> {
        async move {
            let task = |reply| Task::Acknowledge(user, device, inbox, reply);
            match self.write(task).await {
                // Who is nobody has no inbox: there is nothing to acknowledge.
                Ok(()) | Err(NotAppended::Refused(_)) => Ok(()),
                Err(NotAppended::Failed(error)) => Err(error),
            }
        }
        .boxed()
    }

    fn contacts(
        &self,
        user: UserId,
        after: Option<UserId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<(Vec<Contact>, bool), Error>> {
        self.ask(move |reader| reader.contacts(user, after, limit)).boxed()
    }

    fn colleagues(
        &self,
        user: UserId,
        after: Option<UserId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<(Vec<Profile>, bool), Error>> {
        self.ask(move |reader| reader.colleagues(user, after, limit)).boxed()
    }

    fn companies(&self) -> BoxFuture<'_, Result<Vec<CompanyRecord>, Error>> {
        self.ask(super::reader::Reader::companies).boxed()
    }

    fn people_of(
        &self,
        company: CompanyId,
        after: Option<UserId>,
        limit: u32,
    ) -> BoxFuture<'_, Result<(Vec<PersonRecord>, bool), Error>> {
        self.ask(move |reader| reader.people_of(company, after, limit)).boxed()
    }

    fn invite_guest(
        &self,
        invitation: OpenInvitation,
        operation: OperationId,
    ) -> BoxFuture<'_, Result<(), NotAppended>> {
        self.write(move |reply| Task::Invite(Box::new(invitation), operation, reply)).boxed()
    }

    fn redeem(
        &self,
        hash: [u8; 32],
        guest: UserId,
        name: String,
    ) -> BoxFuture<'_, Result<(SignIn, RoomId), NotAppended>> {
        self.write(move |reply| Task::Redeem(hash, guest, name, reply)).boxed()
    }

    fn jobs(&self) -> BoxFuture<'_, Result<Vec<Job>, Error>> {
        self.ask(|reader| jobs::jobs(&reader.connection)).boxed()
    }
}
