// SPDX-License-Identifier: LGPL-2.1-or-later

//! Random people, groups, rules and bindings, and what the objects of the API say of them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use images_tests::cluster::{Cluster, Face};
use serde_json::{Value, json};

use super::{PEOPLE, RBAC, list, make, text};

/// What is asked about: the name on the wire, the verb, and the part of image streams.
pub(crate) const VERBS: [(&str, &str, Option<&str>); 4] = [
    ("see", "get", None),
    ("pull", "get", Some("layers")),
    ("push", "update", Some("layers")),
    ("delete", "delete", None),
];

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// At least one of them, mostly one or two.
    fn some<'a>(&mut self, of: &[&'a str]) -> Vec<&'a str> {
        (0..=self.below(2)).map(|_| self.one(of)).collect()
    }
}

/// What was made of one seed.
pub(crate) struct World {
    /// What all its names begin with.
    pub(crate) prefix: String,
    pub(crate) projects: Vec<String>,
    /// Everybody to ask about: users that the cluster knows or not, groups, robots, and the user.
    pub(crate) subjects: Vec<Value>,
}

impl World {
    /// Makes one in a cluster.
    pub(crate) async fn make(cluster: &Cluster, seed: u64) -> Result<Self> {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (seed << 7));
        let prefix = format!("w{seed}");
        let name = |what: &str, number: usize| format!("{prefix}-{what}{number}");
        let people: Vec<_> = (0..4).map(|number| name("person", number)).collect();
        let groups: Vec<_> = (0..3).map(|number| name("group", number)).collect();
        let projects: Vec<_> = (0..3).map(|number| name("project", number)).collect();
        if cluster.face == Face::Openshift {
            make_people(cluster, &mut dice, &people, &groups).await?;
        }
        for project in &projects {
            let (path, object) = match cluster.face {
                Face::Openshift => {
                    ("/apis/project.openshift.io/v1/projectrequests", json!({ "name": project }))
                }
                Face::Plain => ("/api/v1/namespaces", json!({ "name": project })),
            };
            make(cluster, path, json!({ "metadata": object })).await?;
            let account = json!({ "metadata": { "name": "ci" } });
            make(cluster, &format!("/api/v1/namespaces/{project}/serviceaccounts"), account)
                .await?;
        }
        let mut roles = make_roles(cluster, &mut dice, &prefix, &projects).await?;
        if cluster.face == Face::Openshift {
            roles.extend(
                ["registry-viewer", "registry-editor"].map(|role| ("ClusterRole", role.into())),
            );
        }
        // One of them is nobody whom the cluster knows.
        let named = [&people[..], &[name("stranger", 0)]].concat();
        let subject = |dice: &mut Dice| subject(dice, &named, &groups, &projects);
        for project in &projects {
            for number in 0..4 + dice.below(4) {
                let subjects: Vec<_> = (0..=dice.below(2)).map(|_| subject(&mut dice)).collect();
                let role = &roles[dice.below(roles.len())];
                let path = format!("{RBAC}/namespaces/{project}/rolebindings");
                make(cluster, &path, binding(&format!("b{number}"), role, &subjects)).await?;
            }
        }
        // Everybody's rights are nobody's affair in the whole cluster: then nothing is left to ask.
        let narrow = |subject: &Value| text(&subject["name"]).starts_with(&prefix);
        for number in 0..2 {
            let one = std::iter::repeat_with(|| subject(&mut dice)).find(narrow);
            let of_cluster: Vec<_> =
                roles.iter().filter(|(kind, _)| *kind == "ClusterRole").collect();
            let role = of_cluster[dice.below(of_cluster.len())];
            let path = format!("{RBAC}/clusterrolebindings");
            let subjects = [one.context("nobody")?];
            make(cluster, &path, binding(&name("everywhere", number), role, &subjects)).await?;
        }

        let plain = |kind: &str, name: &String| json!({ "kind": kind, "name": name });
        let robots = projects
            .iter()
            .map(|project| json!({ "kind": "robot", "name": "ci", "project": project }));
        let sarah = plain("user", &"sarah".to_owned());
        let subjects = named.iter().map(|name| plain("user", name)).chain([sarah]);
        let subjects = subjects.chain(groups.iter().map(|name| plain("group", name)));
        Ok(Self { subjects: subjects.chain(robots).collect(), prefix, projects })
    }
}

async fn make_people(
    cluster: &Cluster,
    dice: &mut Dice,
    people: &[String],
    groups: &[String],
) -> Result<()> {
    for name in people {
        make(cluster, &format!("{PEOPLE}/users"), json!({ "metadata": { "name": name } })).await?;
    }
    for (number, name) in groups.iter().enumerate() {
        let users: Vec<_> = people.iter().filter(|_| dice.below(2) == 0).collect();
        let mut metadata = json!({ "name": name });
        if number == 0 {
            metadata["annotations"] = json!({ "openshift.io/ldap.url": "ldap.example.com:636" });
            metadata["labels"] = json!({ "openshift.io/ldap.host": "ldap.example.com" });
        }
        let group = json!({ "metadata": metadata, "users": users });
        make(cluster, &format!("{PEOPLE}/groups"), group).await?;
    }
    Ok(())
}

/// Roles with random rules: in the cluster, and of the same name in one of the projects, where it
/// is another role. One that everybody else uses for all, one that is not there.
async fn make_roles(
    cluster: &Cluster,
    dice: &mut Dice,
    prefix: &str,
    projects: &[String],
) -> Result<Vec<(&'static str, String)>> {
    let mut roles = Vec::new();
    for number in 0..8 {
        let rules: Vec<_> = (0..=dice.below(2)).map(|_| rule(dice)).collect();
        let name = format!("{prefix}-role{number}");
        let role = json!({ "metadata": { "name": name }, "rules": rules });
        make(cluster, &format!("{RBAC}/clusterroles"), role).await?;
        roles.push(("ClusterRole", name));
    }
    for project in projects {
        let name = format!("{prefix}-role{}", dice.below(2));
        let role = json!({ "metadata": { "name": name }, "rules": [rule(dice)] });
        make(cluster, &format!("{RBAC}/namespaces/{project}/roles"), role).await?;
        roles.push(("Role", name));
    }
    let master = json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] });
    let name = format!("{prefix}-all");
    let role = json!({ "metadata": { "name": name }, "rules": [master] });
    make(cluster, &format!("{RBAC}/clusterroles"), role).await?;
    roles.push(("ClusterRole", name));
    roles.push(("ClusterRole", format!("{prefix}-nosuch")));
    Ok(roles)
}

fn rule(dice: &mut Dice) -> Value {
    let resources = [
        "imagestreams",
        "imagestreams",
        "imagestreams/layers",
        "imagestreams/layers",
        "*/layers",
        "imagestreams/*",
        "pods",
        "*",
    ];
    let mut rule = json!({
        "verbs": dice.some(&["get", "get", "update", "delete", "list", "*"]),
        "apiGroups": dice.some(&["image.openshift.io", "image.openshift.io", "", "apps", "*"]),
        "resources": dice.some(&resources),
    });
    if dice.below(6) == 0 {
        rule["resourceNames"] = json!(["app"]);
    }
    rule
}

fn subject(dice: &mut Dice, people: &[String], groups: &[String], projects: &[String]) -> Value {
    let of_rbac = |kind: &str, name: &str| json!({ "kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io" });
    let project = &projects[dice.below(projects.len())];
    match dice.below(16) {
        0..4 => of_rbac("Group", &groups[dice.below(groups.len())]),
        4 => of_rbac("Group", "system:authenticated"),
        5 => of_rbac("Group", "system:authenticated:oauth"),
        6 => of_rbac("Group", &format!("system:serviceaccounts:{project}")),
        7 => of_rbac("User", &format!("system:serviceaccount:{project}:ci")),
        8 | 9 => json!({ "kind": "ServiceAccount", "name": "ci", "namespace": project }),
        _ => of_rbac("User", &people[dice.below(people.len())]),
    }
}

fn binding(name: &str, (kind, role): &(&str, String), subjects: &[Value]) -> Value {
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role });
    json!({ "metadata": { "name": name }, "roleRef": role, "subjects": subjects })
}

/// Through which binding somebody has something: binding, project, role, group, and what it gives.
pub(crate) type Through = (String, Option<String>, String, Option<String>, BTreeSet<&'static str>);

/// The objects of the API that give rights, as curl reads them.
pub(crate) struct Objects {
    is_openshift: bool,
    groups: Vec<Value>,
    bindings: Vec<Value>,
    /// By project, empty for those of the cluster, and name.
    roles: BTreeMap<(String, String), Value>,
}

impl Objects {
    pub(crate) async fn read(cluster: &Cluster) -> Result<Self> {
        let is_openshift = cluster.face == Face::Openshift;
        let read = async |path: String| {
            Ok::<_, anyhow::Error>(list(&cluster.api("sarah", &path).await?, "items").to_vec())
        };
        let of_rbac = async |resource: &str| read(format!("{RBAC}/{resource}")).await;
        let groups = match is_openshift {
            true => read(format!("{PEOPLE}/groups")).await?,
            false => Vec::new(),
        };
        let mut bindings = of_rbac("rolebindings").await?;
        bindings.extend(of_rbac("clusterrolebindings").await?);
        let mut roles = of_rbac("clusterroles").await?;
        roles.extend(of_rbac("roles").await?);
        let key = |role: &Value| {
            let metadata = &role["metadata"];
            (text(&metadata["namespace"]).to_owned(), text(&metadata["name"]).to_owned())
        };
        let roles = roles.into_iter().map(|role| (key(&role), role)).collect();
        Ok(Self { is_openshift, groups, bindings, roles })
    }

    /// As an access review names somebody, with all groups that the cluster finds for who logs in.
    pub(crate) fn caller(&self, subject: &Value) -> Value {
        let (name, project) = (text(&subject["name"]), text(&subject["project"]));
        let mut groups = vec!["system:authenticated".to_owned()];
        match text(&subject["kind"]) {
            "group" => return json!({ "groups": [name] }),
            "robot" => {
                groups.push("system:serviceaccounts".to_owned());
                groups.push(format!("system:serviceaccounts:{project}"));
                let user = format!("system:serviceaccount:{project}:{name}");
                return json!({ "user": user, "groups": groups });
            }
            _ if name.starts_with("system:") => {}
            _ if self.is_openshift => groups.push("system:authenticated:oauth".to_owned()),
            _ => {}
        }
        let listing = self
            .groups
            .iter()
            .filter(|group| list(group, "users").iter().any(|user| text(user) == name));
        groups.extend(listing.map(|group| text(&group["metadata"]["name"]).to_owned()));
        json!({ "user": name, "groups": groups })
    }

    /// Everything by which somebody has something in a project.
    pub(crate) fn through(&self, caller: &Value, project: &str) -> BTreeSet<Through> {
        let mut all = BTreeSet::new();
        for binding in &self.bindings {
            let own = text(&binding["metadata"]["namespace"]);
            if !own.is_empty() && own != project {
                continue;
            }
            let (name, role) = (text(&binding["metadata"]["name"]), &binding["roleRef"]);
            let of = if role["kind"] == "Role" { own } else { "" };
            let role = text(&role["name"]);
            let Some(rules) = self.roles.get(&(of.to_owned(), role.to_owned())) else { continue };
            let rules = list(rules, "rules");
            let gives = |(_, verb, part): &(&str, &str, Option<&str>), named: bool| {
                rules.iter().any(|rule| covers(rule, verb, *part, named))
            };
            let verbs = VERBS.iter().filter(|verb| gives(verb, false));
            let verbs: BTreeSet<_> = verbs.map(|(name, ..)| *name).collect();
            if verbs.is_empty() && !VERBS.iter().any(|verb| gives(verb, true)) {
                continue;
            }
            for subject in list(binding, "subjects") {
                if let Some(group) = reaches(subject, own, caller) {
                    let place = Some(own.to_owned()).filter(|own| !own.is_empty());
                    all.insert((name.to_owned(), place, role.to_owned(), group, verbs.clone()));
                }
            }
        }
        all
    }
}

/// Whether a rule allows something, to whoever names an image stream or to all.
fn covers(rule: &Value, verb: &str, part: Option<&str>, named: bool) -> bool {
    let has = |list_name: &str, wanted: &[&str]| {
        list(rule, list_name).iter().any(|one| wanted.contains(&text(one)))
    };
    let (whole, of_all) = match part {
        Some(part) => (format!("imagestreams/{part}"), format!("*/{part}")),
        None => ("imagestreams".to_owned(), "*".to_owned()),
    };
    has("verbs", &["*", verb])
        && has("apiGroups", &["*", "image.openshift.io"])
        && has("resources", &["*", &whole, &of_all])
        && (named || list(rule, "resourceNames").is_empty())
}

/// Whether a subject of a binding is somebody or one of the groups, and which.
fn reaches(subject: &Value, own: &str, caller: &Value) -> Option<Option<String>> {
    let name = text(&subject["name"]);
    match text(&subject["kind"]) {
        "User" => (caller["user"] == name).then_some(None),
        "Group" => {
            let is_in = list(caller, "groups").iter().any(|group| text(group) == name);
            let itself = caller["user"].is_null();
            is_in.then(|| (!itself).then(|| name.to_owned()))
        }
        _ => {
            let project = subject["namespace"].as_str().unwrap_or(own);
            let user = format!("system:serviceaccount:{project}:{name}");
            (caller["user"] == user).then_some(None)
        }
    }
}
