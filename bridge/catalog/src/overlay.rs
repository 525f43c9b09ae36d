// SPDX-License-Identifier: LGPL-2.1-or-later

//! What only a manifest and its config say, laid over the view of an image.

use images_proto::Digest;
use images_proto::image::{Child, Config, Details, HistoryRow, LayerRow, View};
use images_proto::repository::Kind;

use crate::BlobFacts;

#[cfg(test)]
mod tests;

/// A manifest that was read, with its config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// One image.
    Image(Box<ReadImage>),
    /// An index of images.
    Index(ReadIndex),
}

/// The manifest and config of one image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadImage {
    /// The media type of the manifest.
    pub media_type: Option<String>,
    /// The config as the manifest describes it.
    pub config_blob: Option<BlobFacts>,
    /// The layers, lowest first.
    pub layers: Vec<ReadLayer>,
    /// The digests of the layers' content, as the config says.
    pub diff_ids: Vec<Digest>,
    /// What the config says.
    pub config: Config,
}

/// A layer as its manifest describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadLayer {
    /// Digest and size.
    pub blob: BlobFacts,
    /// Its media type.
    pub media_type: Option<String>,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadIndex {
    /// Its media type.
    pub media_type: Option<String>,
    /// Its images, in its order.
    pub children: Vec<Child>,
}

/// Lays over the view of an image what was read. What the catalog knows better (who shares a layer,
/// sizes of children) stays.
pub fn lay_over(view: &mut View, read: &Read) {
    match read {
        Read::Image(read) => lay_image(view, read),
        Read::Index(read) => lay_index(view, read),
    }
}

fn lay_image(view: &mut View, read: &ReadImage) {
    view.kind = Kind::Image;
    view.media_type.clone_from(&read.media_type);
    let commands = commands(read.config.history.as_deref(), read.layers.len());
    let diff_ids = if read.diff_ids.len() == read.layers.len() { &read.diff_ids[..] } else { &[] };
    let known = std::mem::take(&mut view.layers);
    let rows = read.layers.iter().enumerate().map(|(place, layer)| {
        let digest = layer.blob.digest;
        // The catalog has the same layers in the same places, unless it has not read them yet.
        let known = known.get(place).filter(|row| row.digest == digest);
        LayerRow {
            digest,
            size: layer.blob.size.or(known.and_then(|row| row.size)),
            media_type: layer.media_type.clone(),
            diff_id: diff_ids.get(place).copied().or(known.and_then(|row| row.diff_id)),
            command: commands.get(place).copied().flatten().map(str::to_owned),
            shared: known.map_or_else(Vec::new, |row| row.shared.clone()),
            shared_count: known.map_or(0, |row| row.shared_count),
        }
    });
    view.layers = rows.collect();
    view.size = view.size.or_else(|| size(read));
    view.details = Details::Read(Box::new(Config {
        image_id: read.config_blob.map(|blob| blob.digest).or(read.config.image_id),
        ..read.config.clone()
    }));
}

fn lay_index(view: &mut View, read: &ReadIndex) {
    view.kind = Kind::Index;
    view.media_type.clone_from(&read.media_type);
    let known = std::mem::take(&mut view.children);
    let children = read.children.iter().map(|child| {
        let known = known.iter().find(|known| known.digest == child.digest);
        Child { size: known.and_then(|known| known.size).or(child.size), ..child.clone() }
    });
    view.children = children.collect();
    view.layers.clear();
    view.details = Details::None;
}

/// The command of each layer: the steps of the history that made one are the layers in their order.
/// Builders that squash or rebase leave histories that do not fit; then none is better than a wrong
/// one.
fn commands(history: Option<&[HistoryRow]>, layers: usize) -> Vec<Option<&str>> {
    let steps = history.unwrap_or_default().iter().filter(|step| !step.empty_layer);
    let commands: Vec<_> = steps.map(|step| step.created_by.as_deref()).collect();
    if commands.len() == layers { commands } else { Vec::new() }
}

/// Bytes of the distinct blobs; `None` if the manifest leaves any out.
fn size(read: &ReadImage) -> Option<u64> {
    let mut blobs: Vec<_> = read.layers.iter().map(|layer| layer.blob).collect();
    blobs.push(read.config_blob?);
    blobs.sort_unstable_by_key(|blob| blob.digest);
    blobs.dedup_by_key(|blob| blob.digest);
    blobs.iter().try_fold(0_u64, |sum, blob| Some(sum.saturating_add(blob.size?)))
}
