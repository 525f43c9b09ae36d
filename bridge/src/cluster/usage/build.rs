// SPDX-License-Identifier: LGPL-2.1-or-later

//! OpenShift's builds: the images that they start from and take files from, and the tag that they
//! push to.

use images_proto::usage::How;
use serde::Deserialize;

use super::reference::Reference;
use super::{Annotations, Metadata, Object, Texts, Use};

/// The most images of one build.
const MOST: usize = 100;

/// A build.
#[derive(Deserialize)]
pub(super) struct Build {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

/// What builds are made by.
#[derive(Deserialize)]
pub(super) struct BuildConfig {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    strategy: Strategy,
    source: Source,
    output: Output,
    triggers: Option<Vec<Trigger>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Strategy {
    source_strategy: Option<From>,
    docker_strategy: Option<From>,
    custom_strategy: Option<From>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source {
    images: Option<Vec<From>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct From {
    from: Option<Reference>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Output {
    to: Option<Reference>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Trigger {
    /// Without a `from` it is that of the strategy.
    image_change: Option<From>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    phase: String,
}

impl Spec {
    fn uses(self, project: &str, how: How, texts: &mut Texts) -> Vec<Use> {
        let Self { strategy, source, output, triggers } = self;
        let Strategy { source_strategy, docker_strategy, custom_strategy } = strategy;
        let strategy = [source_strategy, docker_strategy, custom_strategy].into_iter().flatten();
        let pulled = strategy.chain(source.images.into_iter().flatten());
        let pulled = pulled.filter_map(|from| from.from).map(|from| (from, how));
        let triggers = triggers.into_iter().flatten();
        let others = triggers.filter_map(|trigger| trigger.image_change?.from).chain(output.to);
        let others = others.map(|other| (other, How::Referenced));
        let uses = pulled.chain(others).take(MOST).filter_map(|(reference, how)| {
            let asks = reference.asks(project, texts)?;
            Some(Use { container: None, asks, image_id: None, how })
        });
        uses.collect()
    }
}

impl Object for Build {
    fn metadata(&mut self) -> Metadata {
        std::mem::take(&mut self.metadata)
    }

    fn uses(self, project: &str, _annotations: &Annotations, texts: &mut Texts) -> Vec<Use> {
        if matches!(&*self.status.phase, "Complete" | "Failed" | "Error" | "Cancelled") {
            return Vec::new();
        }
        self.spec.uses(project, How::Running, texts)
    }
}

impl Object for BuildConfig {
    fn metadata(&mut self) -> Metadata {
        std::mem::take(&mut self.metadata)
    }

    fn uses(self, project: &str, _annotations: &Annotations, texts: &mut Texts) -> Vec<Use> {
        self.spec.uses(project, How::Referenced, texts)
    }
}
