// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is asked for: a pull spec, or a tag of an image stream.

use std::sync::Arc;

use images_proto::{Tag, TagRef};
use serde::Deserialize;

use super::Texts;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A pull spec.
    Image(Arc<str>),
    /// A tag of an image stream.
    Tag {
        /// As it is written there.
        text: Arc<str>,
        /// What that means.
        tag: Arc<TagRef>,
    },
}

/// An `ObjectReference` to an image.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference {
    kind: String,
    namespace: Option<String>,
    name: String,
}

impl Reference {
    /// What it asks for in a project. `None` for what is no image.
    pub(super) fn asks(self, project: &str, texts: &mut Texts) -> Option<Asks> {
        let Self { kind, namespace, name } = self;
        match &*kind {
            "ImageStreamTag" => {
                let project = namespace.as_deref().filter(|n| !n.is_empty()).unwrap_or(project);
                let (stream, tag) = name.split_once(':').unwrap_or((&name, "latest"));
                let repository = format!("{project}/{stream}").parse().ok()?;
                let tag: Tag = tag.parse().ok()?;
                let tag = Arc::new(TagRef { repository, tag });
                Some(Asks::Tag { text: texts.keep(tag.to_string()), tag })
            }
            // By their digest, these are as good as a pull spec.
            "ImageStreamImage" | "DockerImage" if !name.is_empty() => {
                Some(Asks::Image(texts.keep(name)))
            }
            _ => None,
        }
    }
}
