// SPDX-License-Identifier: LGPL-2.1-or-later

//! From a method's name to its work. One line for each method; nothing else to wire.

use std::sync::Arc;
use std::time::Duration;

use images_catalog::query;
use images_proto::access::{Addresses, ShowToken};
use images_proto::account::UseAccount;
use images_proto::context::{ChooseContext, HandOver, UseOwn};
use images_proto::delete::{Delete, PlanDelete};
use images_proto::garbage::{Collect, Garbage};
use images_proto::grant::Grant;
use images_proto::history::{History, Resume, ShowRecord, Undo};
use images_proto::image::Image;
use images_proto::installation::{AddRegistry, PlanRegistry, RemoveRegistry};
use images_proto::layer::Layer;
use images_proto::orphans::Orphans;
use images_proto::people::{ChangeGroup, ChangeUser, CreateGroup, CreateUser, DeletePerson};
use images_proto::project::{ChangeProject, CreateProject, CreateRepository, DeleteProject, Share};
use images_proto::raw::Raw;
use images_proto::repository::Repository;
use images_proto::robot::{CreateRobot, DeleteRobot, IssueToken, RevokeToken};
use images_proto::route::{ChooseRegistry, Login, Routes};
use images_proto::search::Search;
use images_proto::stage::{PlanPromotion, Promote, SetStages, Stages, Versions};
use images_proto::status::Status;
use images_proto::usage::Usage;
use images_proto::{Code, Failure, Message, Method, Progress, lens, people, project, robot};
use images_roster::query as roster;
use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::channel::{Close, Outbox};
use crate::history::HistoryView;
use crate::image::ImageView;
use crate::lens::{LensView, ReachView, why};
use crate::live::{self, CatalogView, StatusView};
use crate::orphans::OrphansView;
use crate::roster::RosterView;
use crate::routes::RoutesView;
use crate::session::Session;
use crate::stages::StagesView;
use crate::transport::Open;

/// Between two tellings of progress.
const REST: Duration = Duration::from_millis(50);

/// Does what the page asked for until it is done or dropped. The sources run meanwhile.
pub async fn work(session: Arc<Session>, open: Open) -> Close {
    let _feed = session.feed();
    let session = &session;
    match open.method.as_str() {
        Status::NAME => view::<Status, _>(session, open, StatusView::new).await,
        Search::NAME => {
            view::<Search, _>(session, open, CatalogView::<query::search::Search>::new).await
        }
        Repository::NAME => {
            view::<Repository, _>(session, open, CatalogView::<query::repository::Repository>::new)
                .await
        }
        Layer::NAME => {
            view::<Layer, _>(session, open, CatalogView::<query::layer::Layer>::new).await
        }
        Image::NAME => view::<Image, _>(session, open, ImageView::new).await,
        History::NAME => view::<History, _>(session, open, HistoryView::new).await,
        Routes::NAME => view::<Routes, _>(session, open, RoutesView::new).await,
        Orphans::NAME => view::<Orphans, _>(session, open, OrphansView::new).await,
        project::Projects::NAME => {
            view::<project::Projects, _>(
                session,
                open,
                RosterView::<roster::projects::Projects>::new,
            )
            .await
        }
        project::Project::NAME => {
            view::<project::Project, _>(session, open, RosterView::<roster::project::Project>::new)
                .await
        }
        people::People::NAME => {
            view::<people::People, _>(session, open, RosterView::<roster::people::People>::new)
                .await
        }
        people::Person::NAME => {
            view::<people::Person, _>(session, open, RosterView::<roster::person::Person>::new)
                .await
        }
        robot::Robots::NAME => {
            view::<robot::Robots, _>(session, open, RosterView::<roster::robots::Robots>::new).await
        }
        lens::Lens::NAME => view::<lens::Lens, _>(session, open, LensView::new).await,
        lens::Reach::NAME => view::<lens::Reach, _>(session, open, ReachView::new).await,
        lens::Why::NAME => {
            once::<lens::Why, _>(session, open, |session, params, _| why(session, params)).await
        }
        Stages::NAME => view::<Stages, _>(session, open, StagesView::new).await,
        SetStages::NAME => {
            once::<SetStages, _>(session, open, |session, params, _| async move {
                session.set_stages(params).await
            })
            .await
        }
        Versions::NAME => {
            once::<Versions, _>(session, open, |session, params, _| async move {
                session.versions(params).await
            })
            .await
        }
        PlanPromotion::NAME => {
            once::<PlanPromotion, _>(session, open, |session, params, _| async move {
                session.plan_promotion(params).await
            })
            .await
        }
        Promote::NAME => {
            once::<Promote, _>(session, open, |session, params, tell| async move {
                session.promote(params, tell).await
            })
            .await
        }
        Raw::NAME => {
            once::<Raw, _>(
                session,
                open,
                |session, params, _| async move { session.raw(params).await },
            )
            .await
        }
        PlanDelete::NAME => {
            once::<PlanDelete, _>(session, open, |session, params, _| async move {
                session.plan(params).await
            })
            .await
        }
        Delete::NAME => {
            once::<Delete, _>(session, open, |session, params, tell| async move {
                session.delete(params, tell).await
            })
            .await
        }
        CreateUser::NAME => {
            once::<CreateUser, _>(session, open, |session, params, _| async move {
                session.create_user(params).await
            })
            .await
        }
        ChangeUser::NAME => {
            once::<ChangeUser, _>(session, open, |session, params, _| async move {
                session.change_user(params).await
            })
            .await
        }
        CreateGroup::NAME => {
            once::<CreateGroup, _>(session, open, |session, params, _| async move {
                session.create_group(params).await
            })
            .await
        }
        ChangeGroup::NAME => {
            once::<ChangeGroup, _>(session, open, |session, params, _| async move {
                session.change_group(params).await
            })
            .await
        }
        DeletePerson::NAME => {
            once::<DeletePerson, _>(session, open, |session, params, _| async move {
                session.delete_person(params).await
            })
            .await
        }
        CreateRobot::NAME => {
            once::<CreateRobot, _>(session, open, |session, params, _| async move {
                session.create_robot(params).await
            })
            .await
        }
        IssueToken::NAME => {
            once::<IssueToken, _>(session, open, |session, params, _| async move {
                session.issue_token(params).await
            })
            .await
        }
        RevokeToken::NAME => {
            once::<RevokeToken, _>(session, open, |session, params, _| async move {
                session.revoke_token(params).await
            })
            .await
        }
        DeleteRobot::NAME => {
            once::<DeleteRobot, _>(session, open, |session, params, _| async move {
                session.delete_robot(params).await
            })
            .await
        }
        Usage::NAME => {
            once::<Usage, _>(session, open, |session, params, _| async move {
                session.usage(params).await
            })
            .await
        }
        Garbage::NAME => {
            once::<Garbage, _>(session, open, |session, params, tell| async move {
                session.garbage(params, tell).await
            })
            .await
        }
        Collect::NAME => {
            once::<Collect, _>(session, open, |session, params, tell| async move {
                session.collect(params, tell).await
            })
            .await
        }
        ShowRecord::NAME => {
            once::<ShowRecord, _>(session, open, |session, params, _| async move {
                session.record(params).await
            })
            .await
        }
        Resume::NAME => {
            once::<Resume, _>(session, open, |session, params, tell| async move {
                session.resume(params, tell).await
            })
            .await
        }
        Undo::NAME => {
            once::<Undo, _>(session, open, |session, params, tell| async move {
                session.undo(params, tell).await
            })
            .await
        }
        ChooseContext::NAME => {
            once::<ChooseContext, _>(session, open, |session, params, _| async move {
                session.choose_context(params).await
            })
            .await
        }
        HandOver::NAME => {
            once::<HandOver, _>(session, open, |session, params, _| async move {
                session.hand_over(params).await
            })
            .await
        }
        UseOwn::NAME => {
            once::<UseOwn, _>(session, open, |session, params, _| async move {
                session.use_own(params).await
            })
            .await
        }
        ChooseRegistry::NAME => {
            once::<ChooseRegistry, _>(session, open, |session, params, _| async move {
                session.choose_registry(params).await
            })
            .await
        }
        Login::NAME => {
            once::<Login, _>(session, open, |session, params, _| async move {
                session.login(params).await
            })
            .await
        }
        UseAccount::NAME => {
            once::<UseAccount, _>(session, open, |session, params, _| async move {
                session.account(params).await
            })
            .await
        }
        PlanRegistry::NAME => {
            once::<PlanRegistry, _>(session, open, |session, params, _| async move {
                session.plan_registry(params).await
            })
            .await
        }
        AddRegistry::NAME => {
            once::<AddRegistry, _>(session, open, |session, params, tell| async move {
                session.add_registry(params, tell).await
            })
            .await
        }
        RemoveRegistry::NAME => {
            once::<RemoveRegistry, _>(session, open, |session, params, tell| async move {
                session.remove_registry(params, tell).await
            })
            .await
        }
        Addresses::NAME => {
            once::<Addresses, _>(
                session,
                open,
                |session, _, _| async move { session.addresses().await },
            )
            .await
        }
        ShowToken::NAME => {
            once::<ShowToken, _>(
                session,
                open,
                |session, _, _| async move { session.token().await },
            )
            .await
        }
        CreateProject::NAME => {
            once::<CreateProject, _>(session, open, |session, params, _| async move {
                session.create_project(params).await
            })
            .await
        }
        ChangeProject::NAME => {
            once::<ChangeProject, _>(session, open, |session, params, _| async move {
                session.change_project(params).await
            })
            .await
        }
        DeleteProject::NAME => {
            once::<DeleteProject, _>(session, open, |session, params, _| async move {
                session.delete_project(params).await
            })
            .await
        }
        CreateRepository::NAME => {
            once::<CreateRepository, _>(session, open, |session, params, _| async move {
                session.create_repository(params).await
            })
            .await
        }
        Grant::NAME => {
            once::<Grant, _>(session, open, |session, params, _| async move {
                session.grant(params).await
            })
            .await
        }
        Share::NAME => {
            once::<Share, _>(session, open, |session, params, _| async move {
                session.share(params).await
            })
            .await
        }
        "" => Close::protocol_error("a channel names its method"),
        method => Close::protocol_error(format!("there is no method {method:?}")),
    }
}

async fn view<M, L>(
    session: &Arc<Session>,
    open: Open,
    new: impl FnOnce(Arc<Session>, M::Params) -> L,
) -> Close
where
    M: Method,
    L: live::Live<Params = M::Params, Answer = M::Answer>,
{
    match params::<M>(open.params.as_deref()) {
        Ok(params) => live::run(session, new(session.clone(), params), open).await,
        Err(close) => close,
    }
}

/// One question with one result, and progress on the way.
async fn once<M, A>(
    session: &Arc<Session>,
    open: Open,
    ask: impl FnOnce(Arc<Session>, M::Params, Box<dyn FnMut(Progress) + Send>) -> A,
) -> Close
where
    M: Method,
    A: Future<Output = Result<M::Answer, Failure>> + Send,
{
    let params = match params::<M>(open.params.as_deref()) {
        Ok(params) => params,
        Err(close) => return close,
    };
    let mut outbox = open.outbox;
    // Progress is told at once and then as often as eyes can follow it; what is left out is overtaken
    // by the next.
    let (tell, mut told) = watch::channel(None);
    let mut asking = std::pin::pin!(ask(
        session.clone(),
        params,
        Box::new(move |progress| drop(tell.send(Some(progress))))
    ));
    let mut rest = std::pin::pin!(sleep(Duration::ZERO));
    let mut rested = true;
    let answer = loop {
        tokio::select! {
            biased;
            answer = &mut asking => break answer,
            () = &mut rest, if !rested => rested = true,
            Ok(()) = told.changed(), if rested => {
                rested = false;
                rest.as_mut().reset(Instant::now() + REST);
                let progress = told.borrow_and_update().clone();
                if let Some(progress) = progress
                    && outbox.send(&Message::<()>::Progress(progress)).await.is_err()
                {
                    return Close::default();
                }
            }
        }
    };
    let sent = match answer {
        Ok(answer) => outbox.send(&Message::Result(answer)).await,
        Err(failure) => send_failure(&mut outbox, failure).await,
    };
    let sent = match sent {
        Err(crate::channel::SendError::Message) => send_failure(&mut outbox, too_long()).await,
        sent => sent,
    };
    // A closed transport needs no word; a message that cannot be written does.
    match sent {
        Ok(()) | Err(crate::channel::SendError::Closed) => Close::default(),
        Err(error @ crate::channel::SendError::Message) => Close {
            problem: Some(crate::control::Problem::InternalError),
            message: Some(error.to_string()),
        },
    }
}

/// The answer is longer than any message may be, such as a plan that takes 100,000 tags.
fn too_long() -> Failure {
    Failure::new(Code::Unsupported, "The answer is too long to be sent.")
        .with_fix("Choose less at a time. What was done until now is in the history.")
}

async fn send_failure(
    outbox: &mut Outbox,
    failure: Failure,
) -> Result<(), crate::channel::SendError> {
    outbox.send(&Message::<()>::Failed(failure)).await
}

fn params<M: Method>(text: Option<&RawValue>) -> Result<M::Params, Close> {
    serde_json::from_str(text.map_or("{}", RawValue::get))
        .map_err(|error| Close::protocol_error(format!("bad parameters of {}: {error}", M::NAME)))
}
