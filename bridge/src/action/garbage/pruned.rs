// SPDX-License-Identifier: LGPL-2.1-or-later

//! OpenShift's registry has no garbage collection of its own: its images are pruned.

use images_proto::delete::Window;
use images_proto::garbage::View;

use crate::cluster::Cluster;
use crate::cluster::pruner::Pruner;
use crate::shell::word;

/// When the images are pruned next, and how somebody does it by hand.
pub(super) async fn view(cluster: &Cluster, host: Option<&str>) -> View {
    let unknown = |words: &str| Window { open: true, until: None, words: words.to_owned() };
    let pruner = cluster.pruner().await;
    let now = jiff::Timestamp::now().as_second();
    let prune = match &pruner {
        Ok(Some(pruner)) => pruner.window(now),
        Ok(None) => unknown(
            "The cluster has no pruning of its own: data that nothing leads to stays until somebody prunes by hand.",
        ),
        Err(error) if error.is_forbidden() => unknown(
            "You may not see when the cluster prunes its images (get imagepruners.imageregistry.operator.openshift.io).",
        ),
        Err(error) => unknown(&error.failure("read when the cluster prunes its images").message),
    };
    let pruner = pruner.ok().flatten();
    View { command: Some(command(pruner.as_ref(), host)), prune: Some(prune), ..View::default() }
}

/// The command line that prunes as the cluster does.
fn command(pruner: Option<&Pruner>, host: Option<&str>) -> String {
    let spared = pruner.map_or_else(String::new, |pruner| {
        let Pruner { keep_tag_revisions, keep_younger_than, .. } = pruner;
        let age = match keep_younger_than % 60 {
            0 => format!("{}m", keep_younger_than / 60),
            _ => format!("{keep_younger_than}s"),
        };
        format!(" --keep-tag-revisions={keep_tag_revisions} --keep-younger-than={age}")
    });
    let registry = host.map_or_else(String::new, |host| {
        format!(" --registry-url={}", word(&format!("https://{host}")))
    });
    format!("oc adm prune images{spared}{registry} --confirm")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::fake::{Fake, refusal};

    #[tokio::test]
    async fn when_it_is_pruned_and_how() {
        let spec = json!({ "keepTagRevisions": 5, "keepYoungerThanDuration": "2h" });
        let fake = Fake::start(move |_| (200, json!({ "spec": spec }))).await;
        let view = view(&fake.cluster, Some("registry.example.com")).await;
        assert!(view.prune.unwrap().until.is_some());
        assert_eq!(
            view.command.unwrap(),
            "oc adm prune images --keep-tag-revisions=5 --keep-younger-than=120m \
             --registry-url=https://registry.example.com --confirm"
        );
        assert!(view.pod.is_none() && view.blobs.is_none());
    }

    #[tokio::test]
    async fn whoever_may_not_look_is_told_which_right_is_missing() {
        for (status, words) in [(403, "get imagepruners"), (404, "by hand"), (500, "could not")] {
            let fake = Fake::start(move |_| refusal(status)).await;
            let view = view(&fake.cluster, None).await;
            let window = view.prune.unwrap();
            assert!(window.open && window.until.is_none());
            assert!(window.words.contains(words), "{}", window.words);
            assert_eq!(view.command.as_deref(), Some("oc adm prune images --confirm"));
        }
    }
}
