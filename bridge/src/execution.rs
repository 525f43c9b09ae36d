// SPDX-License-Identifier: LGPL-2.1-or-later

//! How an image is run: the `config` object of an image's config (OCI image-spec, config.md), which
//! OpenShift's `dockerImageMetadata` repeats in the same words.

use std::collections::BTreeMap;

use images_proto::image::Config;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The execution parameters. Every one may be absent or `null`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Execution {
    user: Option<String>,
    exposed_ports: Option<BTreeMap<String, IgnoredAny>>,
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    volumes: Option<BTreeMap<String, IgnoredAny>>,
    working_dir: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

impl Execution {
    /// What is shown of it; everything else of the config is unknown.
    pub(crate) fn into_config(self) -> Config {
        Config {
            labels: self.labels.unwrap_or_default(),
            env: self.env.unwrap_or_default(),
            entrypoint: self.entrypoint.unwrap_or_default(),
            command: self.cmd.unwrap_or_default(),
            working_dir: not_empty(self.working_dir),
            ports: self.exposed_ports.unwrap_or_default().into_keys().collect(),
            volumes: self.volumes.unwrap_or_default().into_keys().collect(),
            user: not_empty(self.user),
            ..Config::default()
        }
    }
}

/// Builders write an empty text where they mean none.
pub(crate) fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
