// SPDX-License-Identifier: LGPL-2.1-or-later

//! `layer`: which tags and images contain a layer.

use serde::{Deserialize, Serialize};

use crate::search::{Coverage, Hit};
use crate::{Digest, Method};

/// The live view of one layer.
pub struct Layer;

impl Method for Layer {
    const NAME: &'static str = "layer";
    type Params = Params;
    type Answer = View;
}

/// Which layer, and which window of the images that contain it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// The digest of the compressed layer.
    pub digest: Digest,
    /// The first row wanted, from 0.
    #[serde(default)]
    pub offset: u32,
    /// How many rows, at most [`crate::search::Params::MAX_LIMIT`]; absent: 50.
    #[serde(default = "default_limit")]
    pub limit: u32,
}

fn default_limit() -> u32 {
    50
}

/// A layer and a window of the tags and images that contain it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The digest of the compressed layer.
    pub digest: Digest,
    /// Its compressed bytes.
    pub size: Option<u64>,
    /// The digest of its content, when a config that was read says so.
    pub diff_id: Option<Digest>,
    /// How many distinct images contain it.
    pub images: u32,
    /// The window.
    pub hits: Vec<Hit>,
    /// The place of the first row among all.
    pub offset: u32,
    /// How many rows there are in all.
    pub total: u32,
    /// What is not known yet.
    pub coverage: Coverage,
}
