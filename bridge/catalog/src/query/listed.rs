// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the rows of a list delete, each by itself.

use images_proto::delete::{List, Target};
use images_proto::{TagRef, repository, search};

use super::hits::Goals;
use super::{repository as tags, search as found};
use crate::Catalog;

/// A target for each row that the list would have now, whatever the window, in order and once.
///
/// # Errors
/// A sentence for the user that says what is wrong with the query.
pub(crate) fn targets(catalog: &Catalog, list: &List) -> Result<Vec<Target>, String> {
    let mut targets = match list {
        List::Search { query, project } => {
            let project = project.clone();
            let params = search::Params { query: query.clone(), project, ..Default::default() };
            found::targets(catalog, &params)?
        }
        List::Tags { repository, filter, attachments } => {
            let params = repository::Params {
                repository: repository.clone(),
                filter: filter.clone(),
                attachments: *attachments,
                offset: 0,
                limit: 0,
                refresh: 0,
            };
            let tag = |tag| TagRef { repository: repository.clone(), tag };
            tags::tags(catalog, &params).into_iter().map(|name| Target::Tag(tag(name))).collect()
        }
        List::Layer(digest) => {
            let layer = catalog.digests.get(digest);
            let rows =
                layer.map(|layer| Goals::of_layer(catalog, layer).rows(catalog, |_, _| true));
            rows.into_iter().flatten().filter_map(|row| row.target(catalog)).collect()
        }
    };
    // What a digest leads to in several ways has a row for each.
    targets.sort_unstable();
    targets.dedup();
    Ok(targets)
}
