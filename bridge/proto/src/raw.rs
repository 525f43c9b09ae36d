// SPDX-License-Identifier: LGPL-2.1-or-later

//! `raw`: a manifest or config as the registry stores it.

use serde::{Deserialize, Serialize};

use crate::{Digest, Method, RepositoryName};

/// One question, one result.
pub struct Raw;

impl Method for Raw {
    const NAME: &'static str = "raw";
    type Params = Params;
    type Answer = Document;
}

/// Which document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// The repository to read it from.
    pub repository: RepositoryName,
    /// Its digest.
    pub digest: Digest,
    /// Whether the digest is a manifest's (or index's) or a config's.
    pub what: What,
}

/// The two kinds of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A manifest or an index.
    Manifest,
    /// A config blob.
    Config,
}

/// The document, byte for byte. Untrusted text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its media type, as the registry says.
    pub media_type: Option<String>,
    /// Its text.
    pub text: String,
}
