// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who uses images, by what was asked for and by what really runs.

use images_proto::usage::{Params, Used};
use images_proto::{Code, Failure, Offer};

use crate::session::state::State;
use crate::source::{Connection, Source};

/// Who uses these images and tags. What could not be looked at is told in [`Used::unread`]. Asked
/// again within seconds it costs the cluster nothing.
pub async fn usage(connection: &Connection, state: &State, params: &Params) -> Used {
    let survey = connection.workloads(state).await;
    let places = match connection.source() {
        Source::Openshift(_) => survey.places.clone(),
        // A plain registry may have names of which the cluster knows nothing.
        Source::Distribution(_) => {
            let more = state.catalog().hosts_by_evidence(&survey.workloads);
            survey.places.with_hosts(more)
        }
    };
    let understood = survey.workloads.understood(&places);
    let known = state.catalog().known(params, &understood);
    let found = understood.users(&known);
    let total = found.users.len() as u32;
    let mut users = found.users;
    users.truncate(Used::MAX_USERS);
    let hidden = survey.is_whole.then_some(found.hidden);
    let mut unread = survey.unread.clone();
    unread.extend((found.unclear > 0).then(|| unclear(found.unclear)));
    Used { users, total, hidden, unread }
}

/// Of some containers only the config is known, of some images everything else.
fn unclear(count: u32) -> Failure {
    let message = format!(
        "{count} running containers may use it or not: their nodes tell no digest but only an image \
         ID, and not all image IDs are known."
    );
    Failure::new(Code::RegistryUnreachable, message)
        .with_fix("Let the bridge reach the registry, where the IDs of its images are read.")
        .offering(Offer::Routes)
}
