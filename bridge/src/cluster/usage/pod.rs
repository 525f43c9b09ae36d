// SPDX-License-Identifier: LGPL-2.1-or-later

//! Pods: what their containers and volumes ask for, and what their nodes say runs.

use images_proto::usage::How;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Annotations, Asks, Metadata, Object, Texts, Use};

/// A pod.
#[derive(Deserialize)]
pub(super) struct Pod {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

/// What a pod is made of, or a template for pods.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Spec {
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
    ephemeral_containers: Option<Vec<Container>>,
    volumes: Option<Vec<Volume>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Container {
    name: String,
    image: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Volume {
    name: String,
    image: Option<ImageVolume>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ImageVolume {
    reference: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    phase: String,
    container_statuses: Option<Vec<ContainerStatus>>,
    init_container_statuses: Option<Vec<ContainerStatus>>,
    ephemeral_container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContainerStatus {
    name: String,
    #[serde(rename = "imageID")]
    image_id: String,
    state: State,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct State {
    terminated: Option<IgnoredAny>,
}

impl Spec {
    /// Containers and image volumes, called `volume NAME`, with the pull spec of each.
    fn images(self) -> impl Iterator<Item = (String, String)> {
        let containers = [self.containers, self.init_containers, self.ephemeral_containers];
        let containers = containers.into_iter().flatten().flatten();
        let containers =
            containers.filter_map(|container| Some((container.name, container.image?)));
        let volumes = self.volumes.into_iter().flatten();
        let volumes = volumes.filter_map(|Volume { name, image }| {
            Some((format!("volume {name}"), image?.reference?))
        });
        containers.chain(volumes).filter(|(_, image)| !image.trim().is_empty())
    }

    /// What pods made by this template would use.
    pub(super) fn referenced(self, texts: &mut Texts) -> Vec<Use> {
        let named = self.images().map(|(name, image)| Use {
            container: Some(texts.keep(name)),
            asks: Asks::Image(texts.keep(image)),
            image_id: None,
            how: How::Referenced,
        });
        named.collect()
    }
}

impl Status {
    fn of(&self, container: &str) -> Option<&ContainerStatus> {
        let all = [
            &self.container_statuses,
            &self.init_container_statuses,
            &self.ephemeral_container_statuses,
        ];
        let mut all = all.into_iter().flatten().flatten();
        all.find(|status| status.name == container)
    }
}

impl Object for Pod {
    fn metadata(&mut self) -> Metadata {
        std::mem::take(&mut self.metadata)
    }

    fn uses(self, _project: &str, _annotations: &Annotations, texts: &mut Texts) -> Vec<Use> {
        let Self { spec, status, .. } = self;
        if matches!(&*status.phase, "Succeeded" | "Failed") {
            // It has run, and does not run again.
            return Vec::new();
        }
        let used = spec.images().map(|(name, image)| {
            let status = status.of(&name);
            // What has ended may be started again, as init containers are with their pod.
            let ended = status.is_some_and(|status| status.state.terminated.is_some());
            let image_id = status.map(|status| status.image_id.as_str());
            Use {
                image_id: image_id.filter(|id| !id.is_empty()).map(|id| texts.keep(id.to_owned())),
                container: Some(texts.keep(name)),
                asks: Asks::Image(texts.keep(image)),
                how: if ended { How::Referenced } else { How::Running },
            }
        });
        used.collect()
    }
}
