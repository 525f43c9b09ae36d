// SPDX-License-Identifier: LGPL-2.1-or-later

//! Whether somebody may do one thing, through what, and what mends it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use images_proto::Failure;
use images_proto::lens::{Answer, Question};
use images_proto::project::{About, Window, Within};
use images_proto::subject::{Role, Verb};
use images_roster::query::LiveView;
use images_roster::query::lens::Lens;
use tokio::time::timeout;

use super::NOTHING;
use super::reviews::caller;
use super::words::{self, Case};
use crate::action::{Found, find_role};
use crate::cluster::access_review::Caller;
use crate::roster::complete;
use crate::session::Session;
use crate::session::roster::Want;

/// How long the answer waits for bindings and groups to be read, which explain it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers the question.
///
/// # Errors
/// When there is no cluster, or it does not answer.
pub async fn why(session: Arc<Session>, question: Question) -> Result<Answer, Failure> {
    let cluster = session.cluster().await?;
    let Question { subject, project, verb } = question;
    let about = read(&session, &project).await;
    // Above all for a user who asks as another than the kubeconfig says.
    let me = cluster.me().await;
    let myself = me.as_ref().map(|me| images_roster::subject_of_user(&me.name));
    let is_me = subject.is_none() || subject == myself;
    let Some(subject) = subject.or(myself) else {
        let failure =
            Failure::new(images_proto::Code::Unsupported, "The cluster does not say who you are.");
        return Err(failure.with_fix("Ask about somebody by name."));
    };
    let (Caller { user, groups }, rights, via) = {
        let roster = session.roster().look();
        let (rights, via) = roster.rights(&project, &subject);
        (caller(&roster, &subject), rights, via)
    };
    let asked = crate::roster::Question::images(verb, &project);
    let (groups, verdict) = match me.filter(|_| is_me) {
        Some(me) => (me.groups, cluster.may_i(asked.permission()).await),
        None => {
            let caller = Caller { user, groups };
            let verdict = cluster.may_somebody(&caller, asked.permission()).await;
            (caller.groups, verdict)
        }
    };
    let (allowed, reason) = match verdict {
        Ok(verdict) => (Some(verdict.allowed), verdict.reason),
        Err(error) if error.is_forbidden() => (None, None),
        Err(error) => return Err(error.failure(format_args!("ask who may do what in {project}"))),
    };
    // What mends it has to be there when the command is run.
    let lacks_role = allowed != Some(true) && !about.openshift;
    let role = match lacks_role {
        true => find_role(&cluster, false, &project, least_role(verb)).await.ok(),
        false => None,
    };
    let role = role.unwrap_or_else(|| Found::usual(least_role(verb), about.openshift));
    let binding = {
        let roster = session.roster().look();
        let name = words::binding_name(&role, &subject);
        let numbered = (2..100).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        let free = names.find(|name| !roster.has_binding(&project, name));
        free.unwrap_or_else(|| name.clone())
    };
    let giving: Vec<_> = via.iter().filter(|via| via.verbs.contains(&verb)).cloned().collect();
    let case = Case {
        subject: &subject,
        is_me,
        project: &project,
        verb,
        allowed,
        by_bindings: rights.get(verb),
        giving: &giving,
        others: &via,
        decides: about.decides,
        is_openshift: about.openshift,
        role: &role,
        binding: &binding,
    };
    let (api_verb, resource) = words::rule(verb);
    Ok(Answer {
        message: words::message(&case),
        command: (allowed != Some(true)).then(|| words::command(&case)),
        role: (allowed != Some(true)).then(|| least_role(verb)),
        allowed,
        verb: api_verb.to_owned(),
        resource,
        groups,
        reason,
        via: giving,
        subject,
        project,
    })
}

/// The least role of ours that gives it.
pub(super) fn least_role(verb: Verb) -> Role {
    match verb {
        Verb::See | Verb::Pull => Role::Pull,
        Verb::Push | Verb::Delete => Role::Push,
    }
}

/// Has read what explains rights in a project, as far as it comes in time.
async fn read(session: &Arc<Session>, project: &str) -> About {
    let feed = session.roster_feed();
    let near = BTreeSet::from([project.to_owned()]);
    feed.want(Want { near, ..Want::default() });
    let window = Window { limit: 0, ..Window::default() };
    let lens = Lens::new(Within { project: project.to_owned(), window });
    let look = || {
        let mut about = lens.render(&session.roster().look(), &NOTHING).about;
        complete(&mut about, session);
        about
    };
    let mut changes = session.roster().changes();
    let reading = async {
        loop {
            changes.borrow_and_update();
            let about = look();
            if !about.reading || changes.changed().await.is_err() {
                return about;
            }
        }
    };
    match timeout(PATIENCE, reading).await {
        Ok(about) => about,
        Err(_) => look(),
    }
}
