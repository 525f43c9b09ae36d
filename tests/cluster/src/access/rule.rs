// SPDX-License-Identifier: LGPL-2.1-or-later
//! Roles and their rules.

use serde::{Deserialize, Serialize};

/// Some verbs on some resources, or on some paths.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    api_groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resource_names: Vec<String>,
    #[serde(default, rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    paths: Vec<String>,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Attributes<'a> {
    pub(crate) verb: &'a str,
    pub(crate) group: &'a str,
    pub(crate) resource: &'a str,
    /// Empty if none.
    pub(crate) subresource: &'a str,
    /// None at the scope of the cluster.
    pub(crate) namespace: Option<&'a str>,
    /// None for lists and creations.
    pub(crate) name: Option<&'a str>,
    /// A path that is no resource; the fields before are empty then.
    pub(crate) path: Option<&'a str>,
}

impl Attributes<'_> {
    /// `imagestreams/layers`, as in rules.
    pub(crate) fn full_resource(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.to_owned()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }
}

impl Rule {
    /// Whether it allows that.
    pub(crate) fn covers(&self, what: &Attributes<'_>) -> bool {
        let among = |all: &[String], one: &str| all.iter().any(|each| each == "*" || each == one);
        if !among(&self.verbs, what.verb) {
            return false;
        }
        if let Some(path) = what.path {
            return self.paths.iter().any(|own| match own.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => own == path,
            });
        }
        // `*/proxy` is that part of every resource.
        let part = format!("*/{}", what.subresource);
        among(&self.api_groups, what.group)
            && (among(&self.resources, &what.full_resource())
                || !what.subresource.is_empty() && self.resources.contains(&part))
            && (self.resource_names.is_empty()
                || what.name.is_some_and(|name| self.resource_names.iter().any(|own| own == name)))
    }

    /// Whether these rules together allow all that this one does.
    pub(crate) fn is_within(&self, held: &[Self]) -> bool {
        let part = |verb: &String| Self { verbs: vec![verb.clone()], ..Self::default() };
        let names: Vec<_> = match self.resource_names.as_slice() {
            [] => vec![Vec::new()],
            names => names.iter().map(|name| vec![name.clone()]).collect(),
        };
        self.verbs.iter().all(|verb| {
            let paths =
                self.paths.iter().map(|path| Self { paths: vec![path.clone()], ..part(verb) });
            let groups = self
                .api_groups
                .iter()
                .flat_map(|group| self.resources.iter().map(move |resource| (group, resource)));
            let resources = groups.flat_map(|(group, resource)| {
                names.iter().map(|name| Self {
                    api_groups: vec![group.clone()],
                    resources: vec![resource.clone()],
                    resource_names: name.clone(),
                    ..part(verb)
                })
            });
            paths.chain(resources).all(|one| held.iter().any(|held| held.includes(&one)))
        })
    }

    /// Whether it allows all that another one does, which has at most one of each.
    fn includes(&self, one: &Self) -> bool {
        let within = |own: &[String], theirs: &[String]| {
            own.iter().any(|own| own == "*") || theirs.iter().all(|each| own.contains(each))
        };
        let path = |path: &String| {
            self.paths.iter().any(|own| {
                own == path || own.strip_suffix('*').is_some_and(|prefix| path.starts_with(prefix))
            })
        };
        let resource = |resource: &String| match resource.split_once('/') {
            Some((_, part)) => self.resources.contains(&format!("*/{part}")),
            None => false,
        };
        within(&self.verbs, &one.verbs)
            && within(&self.api_groups, &one.api_groups)
            && (within(&self.resources, &one.resources) || one.resources.iter().all(resource))
            && (self.resource_names.is_empty()
                || !one.resource_names.is_empty()
                    && one.resource_names.iter().all(|name| self.resource_names.contains(name)))
            && one.paths.iter().all(path)
    }

    /// As refusals write it, in Go's manner.
    pub(crate) fn words(&self) -> String {
        let list = |name: &str, all: &[String]| {
            let all: Vec<_> = all.iter().map(|one| format!("\"{one}\"")).collect();
            (!all.is_empty()).then(|| format!("{name}:[{}]", all.join(" ")))
        };
        let parts = [
            list("NonResourceURLs", &self.paths),
            list("APIGroups", &self.api_groups),
            list("Resources", &self.resources),
            list("ResourceNames", &self.resource_names),
            list("Verbs", &self.verbs),
        ];
        format!("{{{}}}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }

    /// Whether it is about resources, not paths.
    pub(crate) fn is_about_resources(&self) -> bool {
        self.paths.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &[&str], resources: &[&str], names: &[&str]) -> Rule {
        let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Rule {
            verbs: all(verbs),
            api_groups: vec![String::new()],
            resources: all(resources),
            resource_names: all(names),
            paths: Vec::new(),
        }
    }

    #[test]
    fn several_rules_may_hold_what_one_grants() {
        let wanted = rule(&["get", "list"], &["pods", "secrets"], &[]);
        let pods = rule(&["get", "list"], &["pods"], &[]);
        let secrets = rule(&["*"], &["secrets"], &[]);
        assert!(wanted.is_within(&[pods.clone(), secrets.clone()]));
        assert!(!wanted.is_within(&[pods.clone(), rule(&["get"], &["secrets"], &[])]));
        assert!(!wanted.is_within(&[pods, rule(&["*"], &["secrets"], &["one"])]));
        assert!(rule(&["get"], &["secrets"], &["one"]).is_within(&[secrets]));
        let words = "{APIGroups:[\"\"], Resources:[\"pods\" \"secrets\"], \
                     Verbs:[\"get\" \"list\"]}";
        assert_eq!(wanted.words(), words);
    }

    #[test]
    fn parts_of_all_resources_are_covered() {
        let what = Attributes {
            verb: "get",
            resource: "services",
            subresource: "proxy",
            ..Attributes::default()
        };
        assert!(rule(&["get"], &["*/proxy"], &[]).covers(&what));
        assert!(rule(&["get"], &["*"], &[]).covers(&what));
        assert!(!rule(&["get"], &["services"], &[]).covers(&what));
    }
}
