// SPDX-License-Identifier: LGPL-2.1-or-later

//! Configs of images (OCI image-spec, config.md; Docker's is the same in what we read).

use images_proto::Digest;
use images_proto::image::{Config as Shown, HistoryRow};
use serde::Deserialize;

use super::error::Kind;
use super::manifest::platform;
use crate::execution::{Execution, not_empty};
use crate::timestamp::seconds;

/// A config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What people look at. Its `image_id` and `annotations` are the manifest's to say.
    pub shown: Shown,
    /// The digests of the layers' content, lowest first.
    pub diff_ids: Vec<Digest>,
}

impl Config {
    /// Parses a config. Artefacts that are no images have one too, of which little may be known.
    ///
    /// # Errors
    /// When it is no JSON object, or a field is not what the specification says.
    pub fn parse(bytes: &[u8]) -> Result<Self, Kind> {
        let document: Document = serde_json::from_slice(bytes).map_err(Kind::Json)?;
        let shown = Shown {
            platform: platform(document.os, document.architecture, document.variant),
            created: document.created.as_deref().and_then(seconds),
            author: not_empty(document.author),
            history: document.history.map(|steps| steps.into_iter().map(Step::into_row).collect()),
            ..document.config.unwrap_or_default().into_config()
        };
        let diff_ids = document.rootfs.and_then(|rootfs| rootfs.diff_ids).unwrap_or_default();
        Ok(Self { shown, diff_ids })
    }
}

#[derive(Deserialize)]
struct Document {
    created: Option<String>,
    author: Option<String>,
    architecture: Option<String>,
    os: Option<String>,
    variant: Option<String>,
    config: Option<Execution>,
    rootfs: Option<RootFs>,
    history: Option<Vec<Step>>,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Option<Vec<Digest>>,
}

#[derive(Deserialize)]
struct Step {
    created: Option<String>,
    created_by: Option<String>,
    comment: Option<String>,
    #[serde(default)]
    empty_layer: bool,
}

impl Step {
    fn into_row(self) -> HistoryRow {
        HistoryRow {
            created: self.created.as_deref().and_then(seconds),
            created_by: not_empty(self.created_by),
            comment: not_empty(self.comment),
            empty_layer: self.empty_layer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_look_at() {
        let text = r#"{"created":"2026-03-17T10:11:12.5Z","author":"A","architecture":"amd64","os":"linux",
            "config":{"User":"1001","ExposedPorts":{"8080/tcp":{}},"Env":["A=b"],"Entrypoint":null,
            "Cmd":["npm","start"],"WorkingDir":"/","Labels":{"x":"y"},"Volumes":{"/data":{}}},
            "rootfs":{"type":"layers","diff_ids":["sha256:0101010101010101010101010101010101010101010101010101010101010101"]},
            "history":[{"created":"0001-01-01T00:00:00Z","created_by":"ADD","empty_layer":true},{"created_by":"RUN"}]}"#;
        let config = Config::parse(text.as_bytes()).unwrap();
        assert_eq!(config.diff_ids, [Digest::from_bytes([1; 32])]);
        let shown = config.shown;
        assert_eq!(shown.created, Some(1_773_742_272));
        assert_eq!(shown.platform.unwrap().architecture, "amd64");
        assert_eq!(shown.ports, ["8080/tcp"]);
        assert_eq!(shown.volumes, ["/data"]);
        assert_eq!(shown.command, ["npm", "start"]);
        let history = shown.history.unwrap();
        assert!(history[0].empty_layer && history[0].created.is_none());
        assert!(!history[1].empty_layer);
    }

    #[test]
    fn unknown_is_not_empty() {
        let config = Config::parse(b"{}").unwrap();
        assert_eq!(config.shown.history, None);
        assert_eq!(config.shown.created, None);
    }

    #[test]
    fn refuses_what_is_no_config() {
        for text in
            ["", "7", "\"\"", r#"{"config":{"Labels":[1]}}"#, r#"{"rootfs":{"diff_ids":["x"]}}"#]
        {
            assert!(Config::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
