// SPDX-License-Identifier: LGPL-2.1-or-later

//! The garbage collection of a plain registry: what it would free, and doing it in the registry's
//! own pod. Pushes are kept away meanwhile; what is freed is told by the pod's own file system,
//! looked at before and after.

mod aftermath;
mod collection;
mod output;
mod place;
mod program;
mod pruned;
mod read_only;
mod site;
mod sizes;
mod words;

use std::sync::Arc;

use images_proto::garbage::{Collected, Params, View};
use images_proto::history::{self, Act};
use images_proto::{Code, Failure, Progress};
use serde_json::json;

pub use self::aftermath::Aftermath;
use self::collection::Collection;
use self::program::{dry_run, options};
use self::read_only::{ROLLOUT, Way, in_the_way};
use self::site::{InUse, Site};
use self::words::{OLD_UNTAGGED, damage, warnings};
use crate::cluster::maintenance::Maker;
use crate::record::{Header, Records};
use crate::session::state::State;
use crate::source::{Connection, Source};

/// Says what garbage collection would free, and on OpenShift when it is pruned next.
/// Why it could not be asked is in the view.
pub async fn garbage(
    connection: &Connection,
    state: &State,
    records: &Records,
    params: Params,
    mut progress: impl FnMut(Progress) + Send,
) -> View {
    if let (Source::Openshift(_), Some(cluster)) = (connection.source(), connection.cluster()) {
        let host = state.catalog().host().map(str::to_owned);
        return pruned::view(cluster, host.as_deref()).await;
    }
    view(&InUse { connection, state }, records, &params, &mut |text| {
        progress(Progress { text, done: 0, total: None });
    })
    .await
}

/// What the pod of a plain registry says.
async fn view(
    site: &impl Site,
    records: &Records,
    params: &Params,
    tell: &mut (dyn FnMut(String) + Send),
) -> View {
    let options = options(params);
    let place = match site.place().await {
        Ok(place) => place,
        Err(outside) => {
            let mut view = View { command: Some(outside.command(&options)), ..View::default() };
            view.warnings.extend(params.untagged.then(|| OLD_UNTAGGED.to_owned()));
            view.failure = Some(outside.failure);
            return view;
        }
    };
    let way = Way::find(&place, site).await;
    let busy = match &way {
        Way::Left(maker, mark) => in_the_way(mark, maker, records),
        Way::Already | Way::Make(_) | Way::None(_) => None,
    };
    let mut view = View {
        pod: Some(place.program.container.to_string()),
        command: place.program.configs.first().map(|config| place.command(config, &options)),
        read_only: match &way {
            Way::Already => None,
            Way::Make(_) | Way::Left(..) => Some(true),
            Way::None(_) => Some(false),
        },
        // What another collection leaves behind is its own business while it goes on.
        warnings: if busy.is_some() { Vec::new() } else { warnings(&place, &way) },
        ..View::default()
    };
    match dry_run(&place, params, tell).await {
        Ok((output, config)) => {
            view.command = Some(place.command(&config, &options));
            view.blobs = Some(count(output.blobs().len()));
            view.manifests = output.manifests();
            view.bytes = match output.blobs().is_empty() {
                true => Some(0),
                false => sizes::look(&place).await.map(|sizes| sizes.of(output.blobs())),
            };
            view.failure = damage(&output);
        }
        Err(failure) => view.failure = Some(failure),
    }
    view.failure = busy.or(view.failure);
    view
}

/// Collects. Dropping it stops the work; a registry that was made read-only for it is made
/// writable again by the session then.
///
/// # Errors
/// When nothing was done. What did not end well later is in the answer.
pub async fn collect(
    connection: &Connection,
    state: &State,
    records: &Records,
    aftermath: &Arc<Aftermath>,
    params: Params,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Collected, Failure> {
    if matches!(connection.source(), Source::Openshift(_)) {
        let message = "OpenShift's registry collects no garbage: its images are pruned.";
        return Err(Failure::new(Code::Unsupported, message)
            .with_fix("Wait for the next pruning, or have somebody run the command.")
            .with_command("oc adm prune images --confirm"));
    }
    let here = crate::record::Place::of(connection, state);
    let is_running = records.entries().into_iter().any(|entry| {
        entry.change.act == Act::Collect
            && entry.change.state == history::State::Running
            && entry.key == here.key
    });
    if is_running {
        let message = "The registry's garbage is being collected right now.";
        return Err(Failure::new(Code::Conflict, message)
            .retryable()
            .with_fix("Wait until that collection is over."));
    }
    let site = InUse { connection, state };
    let place = site.place().await.map_err(|outside| {
        let command = outside.command(&options(&params));
        outside.failure.with_command(command)
    })?;
    let maker = match Way::find(&place, &site).await {
        Way::Already => None,
        Way::Left(maker, mark) => match in_the_way(&mark, &maker, records) {
            Some(failure) => return Err(failure),
            None => Some(maker),
        },
        Way::Make(_) | Way::None(_) if params.insist => None,
        Way::Make(maker) => Some(maker),
        Way::None(failure) => {
            return Err(failure.with_fix(
                "Collect while nobody pushes, and say that pushes may be damaged; or have somebody else make the registry read-only before.",
            ));
        }
    };
    let note = json!({
        "pod": place.program.container.to_string(),
        "read_only": maker.as_ref().map(Maker::words),
        "set_back": maker.as_ref().map(Maker::set_back_command),
    });
    let header = Header::collection(here, &params);
    let writing = records.begin(header.with_note(note))?;
    let work = Collection::new(place.cluster.clone(), writing, aftermath.clone());
    Ok(work.run(&site, &params, place, maker, ROLLOUT, &mut progress).await)
}

fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
