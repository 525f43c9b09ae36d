// SPDX-License-Identifier: LGPL-2.1-or-later

//! Reads the configs of all images in the background, each once, for diff IDs and labels.

use futures_util::{StreamExt, stream};
use images_catalog::{Catalog, ConfigFacts};
use images_proto::{Digest, Failure, RepositoryName};

use crate::registry::config::Config;
use crate::registry::{Error, Registry, Standing};
use crate::session::state::State;

/// Configs between two writes to the catalog.
const BATCH: usize = 64;
/// Configs read at once.
const CONCURRENCY: usize = 16;

/// Requests that may fail as if the registry were gone before that is believed: one broken blob may
/// make it hang, and must not keep all others from being read.
pub(super) const TOLERATED: usize = 3;

/// Reads what has not been read until nothing is left.
///
/// # Errors
/// When the registry cannot be spoken to (any more). What it does not have, or what is no config,
/// is passed over.
pub(super) async fn read(state: &State, registry: &Registry) -> Result<(), Failure> {
    let mut failures = 0;
    loop {
        let wanted = state.catalog().unread_configs(BATCH);
        if wanted.is_empty() {
            return Ok(());
        }
        let mut reading = stream::iter(wanted)
            .map(|(repository, digest)| async move {
                (digest, read_one(registry, &repository, &digest).await)
            })
            .buffer_unordered(CONCURRENCY);
        let (mut read, mut broken) = (Vec::with_capacity(BATCH), None);
        while let Some((digest, result)) = reading.next().await {
            match result {
                Err(error) if is_about_everything(&error) && failures == TOLERATED => {
                    broken = Some(error.failure("read the configs of the images"));
                    break;
                }
                result => {
                    failures += usize::from(result.as_ref().is_err_and(is_about_everything));
                    read.push((digest, result));
                }
            }
        }
        state.update(|catalog| {
            for (digest, result) in read {
                match result {
                    Ok(facts) => catalog.put_config(&digest, facts),
                    Err(error) => {
                        tracing::debug!(%digest, error = %crate::body::chain(&error), "config passed over");
                        catalog.fail_config(&digest);
                    }
                }
            }
        });
        if let Some(failure) = broken {
            // Those that were tolerated were none.
            state.update(Catalog::retry_configs);
            return Err(failure);
        }
    }
}

fn is_about_everything(error: &Error) -> bool {
    let no_login = error.refusal().is_some_and(|refusal| {
        refusal.status == http::StatusCode::UNAUTHORIZED && refusal.standing != Standing::Known
    });
    no_login || error.is_about_the_route()
}

async fn read_one(
    registry: &Registry,
    repository: &RepositoryName,
    digest: &Digest,
) -> Result<ConfigFacts, Error> {
    let document = registry.config(repository, digest).await?;
    // An artefact's config may be anything: then there is nothing in it to search for.
    let Ok(Config { shown, diff_ids }) = Config::parse(&document.bytes) else {
        return Ok(ConfigFacts::default());
    };
    Ok(ConfigFacts { diff_ids, labels: shown.labels.into_iter().collect(), created: shown.created })
}
