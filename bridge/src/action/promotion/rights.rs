// SPDX-License-Identifier: LGPL-2.1-or-later

//! The rights that a promotion needs: asked before anything is done.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use images_proto::Failure;
use images_proto::account::MissingRight;
use images_proto::route::Ability;
use images_proto::stage::Change;

use super::Ground;
use crate::action::rights::{self, Tool};
use crate::cluster::access::Permission;
use crate::registry::Registry;
use crate::source::Source;

const GROUP: &str = "image.openshift.io";
/// Repositories that are asked for at once.
const CONCURRENCY: usize = 8;

/// The rights that the user lacks for these. Who asks for what is there already needs none.
///
/// # Errors
/// When nobody may write there at all.
pub(super) async fn missing(
    ground: Ground<'_>,
    changes: &[Change],
) -> Result<Vec<MissingRight>, Failure> {
    let moves = changes.iter().filter(|change| !change.same).map(|change| &change.wanted);
    match ground.connection.source() {
        Source::Openshift(source) => {
            let mut needed = BTreeSet::new();
            for wanted in moves {
                let (from, to) = (wanted.from.project(), wanted.to.repository.project());
                let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
                needed.insert((to, "create", "imagestreamtags", None));
                needed.insert((to, "update", "imagestreamtags", None));
                if from != to {
                    // To pull an image is the right to have it elsewhere.
                    needed.insert((from, "get", "imagestreams", Some("layers")));
                }
            }
            let permissions = needed.into_iter().map(|(namespace, verb, resource, subresource)| {
                let namespace = Some(namespace);
                Permission { verb, group: GROUP, resource, subresource, namespace, name: None }
            });
            let permissions: Vec<_> = permissions.collect();
            Ok(rights::missing(source.cluster(), Tool::Oc, &permissions).await)
        }
        Source::Distribution(source) => {
            let targets: BTreeSet<_> = moves.map(|wanted| &wanted.to.repository).collect();
            let registry = source.registry();
            let asking: Vec<_> = targets.into_iter().map(|name| may_push(registry, name)).collect();
            let asked = stream::iter(asking).buffered(CONCURRENCY);
            Ok(asked.filter_map(std::future::ready).collect().await)
        }
    }
}

/// The right to push to a repository, if it is missing. A registry that does not say is taken at its
/// word later, when it refuses.
async fn may_push(
    registry: &Registry,
    name: &images_proto::RepositoryName,
) -> Option<MissingRight> {
    match registry.takes_pushes(name).await {
        Ability::Yes | Ability::Unclear(_) => None,
        Ability::No(_) => Some(MissingRight {
            verb: "push to".to_owned(),
            resource: name.to_string(),
            namespace: None,
            command: None,
        }),
    }
}
