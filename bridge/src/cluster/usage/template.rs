// SPDX-License-Identifier: LGPL-2.1-or-later

//! What makes pods, by a template for them.

use images_proto::usage::How;
use serde::Deserialize;

use super::pod::Spec as PodSpec;
use super::reference::Reference;
use super::{Annotations, Metadata, Object, Texts, Use};

/// The most triggers of one object.
const MOST_TRIGGERS: usize = 100;

/// What has a template at the usual place.
#[derive(Deserialize)]
pub(super) struct Templated {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

/// A cron job, whose template is that of a job.
#[derive(Deserialize)]
pub(super) struct CronJob {
    metadata: Metadata,
    #[serde(default)]
    spec: CronSpec,
}

/// OpenShift's deployment, which follows tags by itself.
#[derive(Deserialize)]
pub(super) struct DeploymentConfig {
    metadata: Metadata,
    #[serde(default)]
    spec: ConfigSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    template: Option<Template>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Template {
    spec: PodSpec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CronSpec {
    job_template: Option<JobTemplate>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobTemplate {
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ConfigSpec {
    template: Option<Template>,
    triggers: Option<Vec<Trigger>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Trigger {
    image_change_params: Option<From>,
}

/// What follows a tag: an entry of the annotation `image.openshift.io/triggers`, or the parameters
/// of a deployment config's trigger.
#[derive(Default, Deserialize)]
#[serde(default)]
struct From {
    from: Reference,
}

fn named(template: Option<Template>, texts: &mut Texts) -> Vec<Use> {
    template.map_or_else(Vec::new, |template| template.spec.referenced(texts))
}

/// The tags that are followed, as users of what these name.
fn followed(from: impl IntoIterator<Item = From>, project: &str, texts: &mut Texts) -> Vec<Use> {
    let followed = from.into_iter().take(MOST_TRIGGERS).filter_map(|From { from }| {
        let asks = from.asks(project, texts)?;
        Some(Use { container: None, asks, image_id: None, how: How::Referenced })
    });
    followed.collect()
}

impl Object for Templated {
    fn metadata(&mut self) -> Metadata {
        std::mem::take(&mut self.metadata)
    }

    fn uses(self, project: &str, annotations: &Annotations, texts: &mut Texts) -> Vec<Use> {
        // Somebody's own text: what is no list of triggers has none.
        let triggers = annotations.triggers.as_deref();
        let triggers: Vec<From> =
            triggers.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let mut uses = named(self.spec.template, texts);
        uses.extend(followed(triggers, project, texts));
        uses
    }
}

impl Object for CronJob {
    fn metadata(&mut self) -> Metadata {
        std::mem::take(&mut self.metadata)
    }

    fn uses(self, _project: &str, _annotations: &Annotations, texts: &mut Texts) -> Vec<Use> {
        named(self.spec.job_template.and_then(|job| job.spec.template), texts)
    }
}

impl Object for DeploymentConfig {
    fn metadata(&mut self) -> Metadata {
        std::mem::take(&mut self.metadata)
    }

    fn uses(self, project: &str, _annotations: &Annotations, texts: &mut Texts) -> Vec<Use> {
        let ConfigSpec { template, triggers } = self.spec;
        let triggers = triggers.into_iter().flatten();
        let mut uses = named(template, texts);
        let from = triggers.filter_map(|trigger| trigger.image_change_params);
        uses.extend(followed(from, project, texts));
        uses
    }
}
