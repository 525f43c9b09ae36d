// SPDX-License-Identifier: LGPL-2.1-or-later

//! The names that may be stages, those that sound like some first.

use std::cmp::{Ordering, Reverse};

use images_proto::stage::By;

use crate::Catalog;
use images_proto::natural;

/// The most that are proposed.
const MOST: usize = 500;

/// What people call their stages, in the order in which images pass through them.
const LIKELY: [&[&str]; 4] = [
    &["dev", "devel", "develop", "development", "latest", "main", "nightly", "snapshot"],
    &["test", "testing", "qa", "int", "integration", "ci", "sit"],
    &["stage", "staging", "uat", "preprod", "acceptance", "candidate", "beta", "rc"],
    &["prod", "production", "live", "release", "stable"],
];

/// What was proposed, and of which state of the catalog.
#[derive(Default)]
pub(super) struct Choices {
    known: Option<(u64, By)>,
    names: Vec<String>,
}

impl Choices {
    /// The names; found anew only if the catalog changed.
    pub(super) fn get(&mut self, catalog: &Catalog, by: By, projects: &[String]) -> Vec<String> {
        let now = (catalog.generation(), by);
        if self.known != Some(now) {
            self.names = match by {
                By::Project => of_projects(catalog, projects),
                By::Tag => of_tags(catalog),
            };
            self.known = Some(now);
        }
        self.names.clone()
    }
}

/// Projects of the same purpose stand together: `shop-dev`, `shop-test`, `shop-prod`.
fn of_projects(catalog: &Catalog, others: &[String]) -> Vec<String> {
    let others = others.iter().map(String::as_str);
    let mut names: Vec<_> = catalog.projects().chain(others).collect();
    names.sort_unstable();
    names.dedup();
    let rank = |name| if is_clusters_own(name) { 2 } else { 1 };
    let key = |name| likely(name).map_or((rank(name), "", 0), |(rest, stage)| (0, rest, stage));
    let mut names: Vec<_> = names.into_iter().map(|name| (key(name), name)).collect();
    names.sort_by(order);
    names.into_iter().take(MOST).map(|(_, name)| name.to_owned()).collect()
}

/// Projects of the cluster itself, of which OpenShift has some seventy: nobody's stages.
fn is_clusters_own(name: &str) -> bool {
    matches!(name, "default" | "openshift")
        || name.starts_with("kube-")
        || name.starts_with("openshift-")
}

/// Tags that many repositories have are more likely than the others.
fn of_tags(catalog: &Catalog) -> Vec<String> {
    let tags = catalog.named_tags().filter(|(name, _)| !catalog.is_attachment(*name));
    let mut tags: Vec<_> = tags
        .map(|(name, count)| {
            let text = catalog.tag_names.name(name);
            let stage = likely(text).filter(|(rest, _)| rest.is_empty()).map(|(_, stage)| stage);
            ((stage.is_none(), stage, Reverse(count)), text)
        })
        .collect();
    if tags.len() > MOST {
        tags.select_nth_unstable_by(MOST, order);
        tags.truncate(MOST);
    }
    tags.sort_unstable_by(order);
    tags.into_iter().map(|(_, text)| text.to_owned()).collect()
}

fn order<K: Ord>((key, name): &(K, &str), (other_key, other): &(K, &str)) -> Ordering {
    key.cmp(other_key).then_with(|| natural::compare(name, other))
}

/// Which stage a name sounds like, and what else is in it. Only whole words count: `latest` is no
/// test.
fn likely(name: &str) -> Option<(&str, usize)> {
    let separator = |char: char| matches!(char, '-' | '_' | '.');
    let last = name.rsplit_once(separator).unwrap_or(("", name));
    let first = name.split_once(separator).map_or((name, ""), |(first, rest)| (first, rest));
    [(last.1, last.0), (first.0, first.1)].into_iter().find_map(|(word, rest)| {
        let stage = LIKELY
            .iter()
            .position(|words| words.iter().any(|likely| likely.eq_ignore_ascii_case(word)));
        stage.map(|stage| (rest, stage))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TagFacts;
    use images_proto::repository::Origin;

    #[test]
    fn whole_words_sound_like_a_stage() {
        assert_eq!(likely("shop-dev"), Some(("shop", 0)));
        assert_eq!(likely("prod"), Some(("", 3)));
        assert_eq!(likely("QA_shop"), Some(("shop", 1)));
        assert_eq!(likely("contest"), None);
        assert_eq!(likely("shop"), None);
        assert_eq!(likely(""), None);
    }

    #[test]
    fn likely_projects_come_first_and_together() {
        let mut catalog = Catalog::default();
        for name in ["b-prod/a", "b-dev/a", "a/b", "a-test/x"] {
            catalog.put_repository(&name.parse().unwrap(), None);
        }
        let others = ["a-prod", "b-dev", "zoo", "openshift-etcd", "default"].map(str::to_owned);
        let mut choices = Choices::default();
        let names = choices.get(&catalog, By::Project, &others);
        assert_eq!(names[..6], ["a-test", "a-prod", "b-dev", "b-prod", "a", "zoo"]);
        assert_eq!(names[6..], ["default", "openshift-etcd"]);
    }

    #[test]
    fn likely_tags_come_first_and_then_the_common_ones() {
        let mut catalog = Catalog::default();
        let tag = |name: &str| TagFacts {
            tag: name.parse().unwrap(),
            revisions: Vec::new(),
            origin: Origin::Pushed,
            problem: None,
        };
        let attached = format!("sha256-{}.sig", images_proto::Digest::from_bytes([1; 32]).hex());
        for idx in 0..3 {
            let mut tags = vec![tag("v1"), tag(&attached), tag(&format!("x{idx}"))];
            tags.extend((idx == 0).then(|| tag("prod")));
            tags.extend((idx == 1).then(|| tag("dev")));
            catalog.put_repository(&format!("a/r{idx}").parse().unwrap(), Some(tags));
        }
        let mut choices = Choices::default();
        assert_eq!(choices.get(&catalog, By::Tag, &[]), ["dev", "prod", "v1", "x0", "x1", "x2"]);
        catalog.remove_repository(&"a/r0".parse().unwrap());
        assert_eq!(choices.get(&catalog, By::Tag, &[]), ["dev", "v1", "x1", "x2"]);
    }
}
