// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the user may do, asked of the cluster for what a view shows.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use images_proto::subject::Verb;

use super::asker::{Asker, CONCURRENCY};
use crate::cluster::Cluster;
use crate::cluster::access::Permission;
use crate::session::Session;

/// A permission, owned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    subresource: Option<&'static str>,
    project: Option<String>,
    name: Option<String>,
}

impl Question {
    /// Something in the whole cluster.
    pub(crate) fn new(verb: &'static str, group: &'static str, resource: &'static str) -> Self {
        Self { verb, group, resource, subresource: None, project: None, name: None }
    }

    /// The same in a project.
    pub(crate) fn within(self, project: &str) -> Self {
        Self { project: Some(project.to_owned()), ..self }
    }

    /// The same with one object.
    pub(crate) fn named(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// Something with the images of a project.
    pub(crate) fn images(verb: Verb, project: &str) -> Self {
        let (verb, resource, subresource) = verb.rule();
        let question = Self::new(verb, "image.openshift.io", resource).within(project);
        Self { subresource, ..question }
    }

    /// As the cluster is asked.
    pub(crate) fn permission(&self) -> Permission<'_> {
        Permission {
            verb: self.verb,
            group: self.group,
            resource: self.resource,
            subresource: self.subresource,
            namespace: self.project.as_deref(),
            name: self.name.as_deref(),
        }
    }
}

/// The answers of a view; `None`: the cluster does not say.
pub(crate) type Own = Asker<Question, Option<bool>>;

impl Own {
    /// Nothing is asked yet.
    pub(crate) fn of(session: Arc<Session>) -> Self {
        Self::new(session, ask)
    }

    /// Whether the user may; `None` while that is unknown.
    pub(crate) fn may(&self, question: &Question) -> Option<bool> {
        self.answer(question).copied().flatten()
    }
}

fn ask(
    cluster: Cluster,
    questions: Vec<Question>,
) -> BoxFuture<'static, HashMap<Question, Option<bool>>> {
    async move {
        let asking: Vec<_> = questions
            .into_iter()
            .map(|question| {
                let cluster = cluster.clone();
                async move {
                    let may = cluster.may(question.permission()).await.ok();
                    (question, may)
                }
            })
            .collect();
        stream::iter(asking).buffer_unordered(CONCURRENCY).collect().await
    }
    .boxed()
}
