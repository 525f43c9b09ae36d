// SPDX-License-Identifier: LGPL-2.1-or-later

//! `cockpit-images-bridge call METHOD JSON`: the same methods from a terminal.
//!
//! Prints each message as a line of JSON. A view is printed once, when everything that it covers
//! has been read.

use std::io::Write;
use std::sync::Arc;

use images_proto::access::ShowToken;
use images_proto::account::UseAccount;
use images_proto::context::{ChooseContext, HandOver, UseOwn};
use images_proto::garbage::{Collect, Collected, Garbage};
use images_proto::grant::Grant;
use images_proto::history::{History, ShowRecord, Undo, Undone, UndoneItem};
use images_proto::installation::{AddRegistry, PlanRegistry, RemoveRegistry};
use images_proto::project::{ChangeProject, CreateProject, Share};
use images_proto::route::{ChooseRegistry, Login, Routes};
use images_proto::stage::{self, Promote};
use images_proto::status::Phase;
use images_proto::{Message, Method, Progress, lens, people, project, robot};
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use crate::channel::{Inbox, Outbox};
use crate::dispatch;
use crate::session::Session;
use crate::transport::Open;

/// What is done before anything was read, or where nothing can be read yet.
const NEED_NO_CATALOG: &[&str] = &[
    ChooseContext::NAME,
    HandOver::NAME,
    UseOwn::NAME,
    ChooseRegistry::NAME,
    UseAccount::NAME,
    ShowToken::NAME,
    PlanRegistry::NAME,
    AddRegistry::NAME,
    RemoveRegistry::NAME,
    Garbage::NAME,
    Collect::NAME,
    CreateProject::NAME,
    ChangeProject::NAME,
    Grant::NAME,
    Share::NAME,
];

/// What is done after the routes were tried, above all when they lead nowhere.
const NEED_NO_REGISTRY: &[&str] = &[
    Routes::NAME,
    Login::NAME,
    History::NAME,
    ShowRecord::NAME,
    project::Projects::NAME,
    project::Project::NAME,
    people::People::NAME,
    people::Person::NAME,
    robot::Robots::NAME,
    lens::Lens::NAME,
    lens::Reach::NAME,
    lens::Why::NAME,
];

/// Why a call ended without its answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The parameters are no JSON.
    #[error("the parameters are no JSON")]
    Params(#[source] serde_json::Error),
    /// The bridge refused the call.
    #[error("{0}")]
    Refused(String),
    /// The answer could not be printed.
    #[error("cannot print the answer")]
    Print(#[from] std::io::Error),
}

/// Runs one method and prints its messages to `output`. `Ok(false)`: it failed, and the last line
/// says why, or a deletion did not delete everything.
///
/// # Errors
/// When there is no answer to print.
pub async fn call(
    session: &Arc<Session>,
    method: &str,
    params: &str,
    output: &mut impl Write,
) -> Result<bool, Error> {
    let params: Box<RawValue> = serde_json::from_str(params).map_err(Error::Params)?;
    let _feed = session.feed();
    let needs_none = NEED_NO_CATALOG.contains(&method);
    if !needs_none && !fill(session, output).await? && !NEED_NO_REGISTRY.contains(&method) {
        return Ok(false);
    }
    let (frames, mut queue) = mpsc::channel(16);
    let (_page, inbox) = Inbox::new();
    let work = dispatch::work(
        session.clone(),
        Open {
            method: method.to_owned(),
            params: Some(params),
            outbox: Outbox::new("call".into(), frames, None),
            inbox,
            once: true,
        },
    );
    let print = async {
        let mut good = true;
        while let Some(frame) = queue.recv().await {
            output.write_all(&frame.payload)?;
            output.write_all(b"\n")?;
            good = is_good(method, &frame.payload);
        }
        Ok::<_, Error>(good)
    };
    let (close, good) = tokio::join!(work, print);
    match close.message {
        Some(message) => Err(Error::Refused(message)),
        None => good,
    }
}

/// Waits until the catalog holds everything that can be read, telling the progress.
async fn fill(session: &Arc<Session>, output: &mut impl Write) -> Result<bool, Error> {
    let mut changes = session.changes();
    let mut told = None;
    loop {
        changes.borrow_and_update();
        let said = match session.status().phase {
            Phase::Ready if session.is_settled() => return Ok(true),
            Phase::Failed(failure) => {
                print(output, &Message::Failed(failure))?;
                return Ok(false);
            }
            Phase::Ready => Progress { text: "reading configs".to_owned(), ..Progress::default() },
            Phase::Filling(progress) => progress,
            Phase::Connecting => Progress { text: "connecting".to_owned(), ..Progress::default() },
        };
        if told.as_ref() != Some(&said) {
            print(output, &Message::Progress(said.clone()))?;
            told = Some(said);
        }
        if changes.changed().await.is_err() {
            return Ok(false);
        }
    }
}

fn print(output: &mut impl Write, message: &Message<()>) -> Result<(), Error> {
    serde_json::to_writer(&mut *output, message).map_err(std::io::Error::from)?;
    output.write_all(b"\n")?;
    Ok(())
}

/// Whether the last message is an answer, of a deletion that everything is gone, and of an undo that
/// everything is back.
fn is_good(method: &str, message: &[u8]) -> bool {
    use images_proto::delete::Receipt;
    if method == Collect::NAME
        && let Ok(Message::Result(collected)) =
            serde_json::from_slice::<Message<Collected>>(message)
    {
        return collected.failure.is_none();
    }
    if method == Promote::NAME
        && let Ok(Message::Result(promoted)) =
            serde_json::from_slice::<Message<stage::Receipt>>(message)
    {
        return promoted.items.iter().all(|item| item.done);
    }
    if method == Undo::NAME
        && let Ok(Message::Result(undone)) = serde_json::from_slice::<Message<Undone>>(message)
    {
        let is_back = |item: &UndoneItem| item.left.is_none();
        return undone.failures.is_empty() && undone.items.iter().all(is_back);
    }
    match serde_json::from_slice::<Message<Receipt>>(message) {
        Ok(Message::Result(receipt)) => receipt.items.iter().all(|item| item.outcome.is_gone()),
        Ok(Message::Failed(_)) => false,
        // Another method's answer.
        Ok(_) | Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::kubeconfig::Places;
    use crate::registry::tests::{reply, serve};
    use crate::session::settings::Settings;

    #[tokio::test]
    async fn a_login_waits_for_the_registry_that_wants_one() {
        let server = serve(|_| {
            let body = r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#;
            reply("401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n", body)
        })
        .await;
        let session = Session::with_settings(Settings {
            registry: Some((server.address.clone(), "a test")),
            kubeconfig: Places::files(["/proc/no/such/kubeconfig".into()]),
            ..Settings::default()
        });
        let mut output = Vec::new();
        let params = r#"{"user":"jane","password":"wrong"}"#;
        assert!(!call(&session, Login::NAME, params, &mut output).await.unwrap());
        let output = String::from_utf8(output).unwrap();
        let last = output.lines().last().unwrap();
        assert!(last.contains("does not accept the login"), "{output}");
    }
}
