// SPDX-License-Identifier: LGPL-2.1-or-later

//! Projects, people, roles and rights as the bridge shows them, against what curl hears from the
//! API.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use images_tests::call::{self, call};
use images_tests::cluster::{Cluster, Face};
use images_tests::peer::Peer;
use serde_json::{Value, json};

const PROJECTS: &str = "/apis/project.openshift.io/v1/projects";
const PEOPLE: &str = "/apis/user.openshift.io/v1";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
/// The roles of ours.
const OURS: [&str; 3] = ["registry-viewer", "registry-editor", "registry-admin"];
/// What is asked about: the name on the wire, the verb, and the part of image streams.
const VERBS: [(&str, &str, Option<&str>); 4] = [
    ("see", "get", None),
    ("pull", "get", Some("layers")),
    ("push", "update", Some("layers")),
    ("delete", "delete", None),
];

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn names(values: &[Value], pointer: &str) -> BTreeSet<String> {
    values.iter().filter_map(|value| value.pointer(pointer)?.as_str()).map(str::to_owned).collect()
}

async fn answer(cluster: &Cluster, user: &str, method: &str, params: Value) -> Result<Value> {
    let called = call(cluster, user, method, params).await?;
    ensure!(called.status == Some(0), "{called:?}");
    Ok(called.answer()?.clone())
}

async fn make(cluster: &Cluster, path: &str, object: Value) -> Result<Value> {
    let url = format!("{}{path}", cluster.ready.api);
    let answer = cluster.curl("sarah").post(&url, &object).await?;
    ensure!(answer.status == 201, "{path}: {}: {}", answer.status, answer.text());
    answer.json()
}

async fn bind(
    cluster: &Cluster,
    project: &str,
    name: &str,
    role: (&str, &str),
    subjects: &[(&str, &str)],
) -> Result<()> {
    let subjects: Vec<_> = subjects
        .iter()
        .map(|(kind, name)| {
            json!({ "kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io" })
        })
        .collect();
    let (kind, role) = role;
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role });
    let path = format!("{RBAC}/namespaces/{project}/rolebindings");
    let binding = json!({ "metadata": { "name": name }, "roleRef": role, "subjects": subjects });
    make(cluster, &path, binding).await.map(drop)
}

#[tokio::test]
async fn lists_are_what_the_api_says() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    for name in ["jürgen", "jane@example.com", "b-user"] {
        let user = json!({ "metadata": { "name": name }, "fullName": "Some Body" });
        make(&cluster, &format!("{PEOPLE}/users"), user).await?;
    }
    let group = json!({ "metadata": { "name": "QA" }, "users": ["jane", "nobody-yet"] });
    make(&cluster, &format!("{PEOPLE}/groups"), group).await?;
    let subjects = [("Group", "QA"), ("User", "b-user"), ("Group", "system:authenticated")];
    bind(&cluster, "skyfield", "more", ("ClusterRole", "registry-viewer"), &subjects).await?;

    let whole = json!({ "limit": 500 });
    let projects = answer(&cluster, "sarah", "projects", whole.clone()).await?;
    let said = cluster.api("sarah", PROJECTS).await?;
    assert_eq!(
        names(list(&projects, "rows"), "/name"),
        names(list(&said, "items"), "/metadata/name")
    );
    assert_eq!(projects["about"]["unread"], json!([]));
    for row in list(&projects, "rows") {
        let path = format!("{RBAC}/namespaces/{}/rolebindings", text(&row["name"]));
        let bindings = cluster.api("sarah", &path).await?;
        let ours = list(&bindings, "items")
            .iter()
            .filter(|binding| OURS.contains(&text(&binding["roleRef"]["name"])));
        let members: BTreeSet<_> = ours
            .flat_map(|binding| list(binding, "subjects"))
            .map(|subject| (text(&subject["kind"]), text(&subject["name"])))
            .filter(|(_, name)| !name.ends_with("authenticated"))
            .collect();
        assert_eq!(row["member_count"], members.len(), "{row} {members:?}");
    }
    let skyfield = list(&projects, "rows").iter().find(|row| row["name"] == "skyfield");
    assert_eq!(skyfield.context("no skyfield")?["sharing"], "shared");

    for (kind, path) in [("user", "users"), ("group", "groups")] {
        let params = json!({ "kind": kind, "window": whole });
        let people = answer(&cluster, "sarah", "people", params).await?;
        let said = cluster.api("sarah", &format!("{PEOPLE}/{path}")).await?;
        let known: Vec<_> = list(&people, "rows")
            .iter()
            .filter(|row| row["known"] == true)
            .map(|row| row["subject"].clone())
            .collect();
        assert_eq!(names(&known, "/name"), names(list(&said, "items"), "/metadata/name"));
        let unknown = list(&people, "rows").iter().any(|row| row["known"] == false);
        assert_eq!(unknown, kind == "user", "nobody-yet is shown: {people}");
    }
    let which = json!({ "subject": { "kind": "user", "name": "jane" } });
    let jane = answer(&cluster, "sarah", "person", which).await?;
    assert_eq!(jane["row"]["groups"], json!(["QA"]));
    assert_eq!(jane["may_change"], true);
    Ok(())
}

#[tokio::test]
async fn namespaces_are_what_the_api_says() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let projects = answer(&cluster, "sarah", "projects", json!({ "limit": 500 })).await?;
    let said = cluster.api("sarah", "/api/v1/namespaces").await?;
    assert_eq!(
        names(list(&projects, "rows"), "/name"),
        names(list(&said, "items"), "/metadata/name")
    );
    assert_eq!(
        (&projects["about"]["openshift"], &projects["about"]["decides"]),
        (&json!(false), &json!(false))
    );
    Ok(())
}

#[tokio::test]
async fn who_may_not_list_bindings_sees_unknown_and_not_zero() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let projects = answer(&cluster, "greg", "projects", json!({})).await?;
    let row = &projects["rows"][0];
    assert_eq!(row["name"], "skyfield");
    assert_eq!((&row["member_count"], &row["sharing"]), (&Value::Null, &Value::Null));
    assert!(!list(&projects["about"], "unread").is_empty());

    let params = json!({ "name": "skyfield" });
    let project = answer(&cluster, "greg", "project", params).await?;
    let mine = json!({ "see": true, "pull": true, "push": false, "delete": false });
    assert_eq!(project["mine"], mine);
    assert_eq!((&project["may_grant"], &project["may_change"]), (&json!(false), &json!(false)));

    let subject = json!({ "kind": "user", "name": "greg" });
    let reached = answer(&cluster, "greg", "reach", json!({ "subject": subject })).await?;
    assert_eq!((&reached["asked"], &reached["rows"][0]["rights"]), (&json!(true), &mine));

    let why = json!({ "project": "skyfield", "verb": "push" });
    let why = answer(&cluster, "greg", "why", why).await?;
    assert_eq!((&why["allowed"], &why["role"]), (&json!(false), &json!("push")));
    let command = "oc policy add-role-to-user registry-editor greg -n skyfield";
    assert_eq!(why["command"], command);
    let why = json!({ "subject": { "kind": "user", "name": "jane" }, "project": "skyfield", "verb": "push" });
    let why = answer(&cluster, "greg", "why", why).await?;
    assert_eq!(why["allowed"], Value::Null, "nobody tells greg about jane");
    Ok(())
}

#[tokio::test]
async fn an_open_view_follows_what_others_do() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let mut peer = Peer::greeted(&call::environment(&cluster, "sarah")?).await?;
    peer.open("1", "project", json!({ "name": "skyfield" })).await?;
    peer.open("2", "projects", json!({ "limit": 500 })).await?;
    let total = |message: &Value| message["view"]["total"].as_u64();
    let read =
        |message: &Value| total(message).filter(|_| message["view"]["about"]["reading"] == false);
    let members = peer.until("1", read).await?;
    let projects = peer.until("2", read).await?;

    let role = ("ClusterRole", "registry-viewer");
    bind(&cluster, "skyfield", "by-curl", role, &[("User", "frank")]).await?;
    peer.until("1", |message| total(message).filter(|now| *now == members + 1)).await?;
    let request = json!({ "metadata": { "name": "by-curl" } });
    make(&cluster, "/apis/project.openshift.io/v1/projectrequests", request).await?;
    peer.until("2", |message| total(message).filter(|now| *now == projects + 1)).await?;

    let url = format!("{}{RBAC}/namespaces/skyfield/rolebindings/by-curl", cluster.ready.api);
    ensure!(cluster.curl("sarah").delete(&url).await?.is_good(), "the binding stays");
    peer.until("1", |message| total(message).filter(|now| *now == members)).await?;
    peer.end().await?;
    Ok(())
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Roles that give some of it, all of it, some of it to single streams, and nothing.
async fn make_roles(cluster: &Cluster) -> Result<()> {
    let rules = [
        (
            "every-verb",
            json!({ "verbs": ["*"], "apiGroups": ["image.openshift.io"], "resources": ["*"] }),
        ),
        (
            "pull-only",
            json!({ "verbs": ["get"], "apiGroups": ["*"], "resources": ["imagestreams/layers"] }),
        ),
        (
            "elder-group",
            json!({ "verbs": ["*"], "apiGroups": [""], "resources": ["imagestreams"] }),
        ),
        (
            "push-part",
            json!({ "verbs": ["update"], "apiGroups": ["image.openshift.io"], "resources": ["*/layers"] }),
        ),
        (
            "no-part",
            json!({ "verbs": ["*"], "apiGroups": ["image.openshift.io"], "resources": ["imagestreams"] }),
        ),
        (
            "one-stream",
            json!({ "verbs": ["get"], "apiGroups": ["image.openshift.io"], "resources": ["imagestreams"], "resourceNames": ["x"] }),
        ),
    ];
    for (name, rule) in rules {
        let role = json!({ "metadata": { "name": name }, "rules": [rule] });
        make(cluster, &format!("{RBAC}/clusterroles"), role).await?;
    }
    Ok(())
}

/// What the API server says of a user with groups, or of a group.
async fn reviewed(
    cluster: &Cluster,
    project: &str,
    who: &Value,
) -> Result<BTreeMap<&'static str, bool>> {
    let mut rights = BTreeMap::new();
    for (name, verb, part) in VERBS {
        let mut spec = who.clone();
        let mut attributes = json!({
            "namespace": project, "verb": verb, "group": "image.openshift.io",
            "resource": "imagestreams",
        });
        if let Some(part) = part {
            attributes["subresource"] = json!(part);
        }
        spec["resourceAttributes"] = attributes;
        let review = json!({
            "kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "spec": spec,
        });
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        let answer = make(cluster, path, review).await?;
        let allowed = answer["status"]["allowed"].as_bool().context("no verdict")?;
        rights.insert(name, allowed);
    }
    Ok(rights)
}

#[tokio::test]
async fn the_lens_says_what_access_reviews_say() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    make_roles(&cluster).await?;
    let mut dice = Dice(0x5eed);
    let people: Vec<_> = (0..6).map(|number| format!("person{number}")).collect();
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in &people {
        let user = json!({ "metadata": { "name": name } });
        make(&cluster, &format!("{PEOPLE}/users"), user).await?;
    }
    for number in 0..3 {
        let users: Vec<_> = people.iter().filter(|_| dice.below(3) == 0).cloned().collect();
        let name = format!("group{number}");
        let group = json!({ "metadata": { "name": name }, "users": users });
        make(&cluster, &format!("{PEOPLE}/groups"), group).await?;
        groups.insert(name, users);
    }
    let roles = [
        "registry-viewer",
        "registry-editor",
        "registry-admin",
        "every-verb",
        "pull-only",
        "elder-group",
        "push-part",
        "no-part",
        "one-stream",
        "nosuch",
    ];
    let projects: Vec<_> = (0..4).map(|number| format!("random{number}")).collect();
    for project in &projects {
        let request = json!({ "metadata": { "name": project } });
        make(&cluster, "/apis/project.openshift.io/v1/projectrequests", request).await?;
        for number in 0..dice.below(7) {
            let subject = match dice.below(4) {
                0 => ("Group", groups.keys().nth(dice.below(3)).context("no group")?.as_str()),
                1 if dice.below(3) == 0 => ("Group", "system:authenticated:oauth"),
                _ => ("User", people[dice.below(people.len())].as_str()),
            };
            let role = ("ClusterRole", roles[dice.below(roles.len())]);
            bind(&cluster, project, &format!("b{number}"), role, &[subject]).await?;
        }
    }

    let (mut allowed, mut refused) = (0, 0);
    for project in &projects {
        let params = json!({ "project": project, "window": { "limit": 500 } });
        let lens = answer(&cluster, "sarah", "lens", params).await?;
        assert_eq!(lens["asked"], true, "{lens}");
        let row = |kind: &str, name: &str| {
            list(&lens, "rows")
                .iter()
                .find(|row| row["subject"]["kind"] == kind && row["subject"]["name"] == name)
        };
        let users = people.iter().map(|name| {
            let mut all = vec!["system:authenticated", "system:authenticated:oauth"];
            let own = groups.iter().filter(|(_, users)| users.contains(name));
            all.extend(own.map(|(group, _)| group.as_str()));
            ("user", name, json!({ "user": name, "groups": all }))
        });
        let of_groups = groups.keys().map(|name| ("group", name, json!({ "groups": [name] })));
        for (kind, name, who) in users.chain(of_groups) {
            let said = reviewed(&cluster, project, &who).await?;
            let row = row(kind, name);
            for (verb, may) in said {
                // Whom everybody's binding reaches alone is not listed one by one.
                let everybody = row.is_none().then(|| {
                    row_of_everybody(&lens).is_some_and(|row| row["rights"][verb] == true)
                });
                let shown = row.map(|row| row["rights"][verb] == true);
                let shown = shown.or(everybody.filter(|_| kind == "user")).unwrap_or(false);
                assert_eq!(shown, may, "{name} {verb} {project}: {lens:#}");
                if let Some(row) = row.filter(|_| may) {
                    let gives = |via: &&Value| list(via, "verbs").iter().any(|given| given == verb);
                    assert!(list(row, "via").iter().any(|via| gives(&via)), "through what? {row}");
                }
                *if may { &mut allowed } else { &mut refused } += 1;
            }
        }
        let missing = list(&lens["about"], "unread")
            .iter()
            .any(|failure| text(&failure["details"]).contains("nosuch"));
        let path = format!("{RBAC}/namespaces/{project}/rolebindings");
        let bindings = cluster.api("sarah", &path).await?;
        let dangles = names(list(&bindings, "items"), "/roleRef/name").contains("nosuch");
        assert_eq!(missing, dangles, "a role that is not there is told: {lens:#}");
    }
    ensure!(allowed > 10 && refused > 10, "the dice are loaded: {allowed} {refused}");

    // The other way round: whom it shows where.
    for name in &people {
        let subject = json!({ "kind": "user", "name": name });
        let params = json!({ "subject": subject, "window": { "filter": "random" } });
        let reached = answer(&cluster, "sarah", "reach", params).await?;
        let mut all = vec!["system:authenticated", "system:authenticated:oauth"];
        let own = groups.iter().filter(|(_, users)| users.contains(name));
        all.extend(own.map(|(group, _)| group.as_str()));
        for project in &projects {
            let who = json!({ "user": name, "groups": all });
            let said = reviewed(&cluster, project, &who).await?;
            let place = list(&reached, "rows").iter().find(|row| row["project"] == **project);
            for (verb, may) in said {
                let shown = place.is_some_and(|place| place["rights"][verb] == true);
                assert_eq!(shown, may, "{name} {verb} {project}: {reached:#}");
            }
        }
    }
    Ok(())
}

fn row_of_everybody(lens: &Value) -> Option<&Value> {
    let rows = list(lens, "rows").iter();
    let mut rows = rows.filter(|row| row["subject"]["kind"] == "group");
    rows.find(|row| row["subject"]["name"] == "system:authenticated:oauth")
}

/// 2,000 projects, 5,000 users, 300 groups and 20,000 bindings.
#[tokio::test]
async fn a_big_cluster_shows_its_projects_before_all_is_read() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    cluster.order("organization", &json!({})).await?;
    let mut peer = Peer::greeted(&call::environment(&cluster, "sarah")?).await?;
    peer.open("1", "projects", json!({ "limit": 50 })).await?;
    let first = |message: &Value| {
        let view = &message["view"];
        (view["total"].as_u64()? > 0).then(|| view.clone())
    };
    let view = peer.until("1", first).await?;
    ensure!(view["total"].as_u64() > Some(2_000), "{view}");
    assert_eq!(view["about"]["reading"], true, "the bindings are still being read");
    let unread = list(&view, "rows").iter().filter(|row| row["member_count"].is_null()).count();
    assert_eq!(unread, 50, "what is not read is unknown");
    let whole = |message: &Value| {
        let view = &message["view"];
        let counted = list(view, "rows").iter().all(|row| row["member_count"].is_u64());
        (counted && view["about"]["reading"] == false).then_some(())
    };
    peer.until("1", whole).await?;
    cluster.forget_requests().await?;
    // Another view of what was read asks for nothing but what the user may do.
    peer.open("2", "people", json!({ "kind": "user" })).await?;
    let people = peer.until("2", first).await?;
    ensure!(people["total"].as_u64() >= Some(5_000), "{people}");
    peer.until("2", |message| message["view"]["may_create"].as_bool()).await?;
    let requests = cluster.requests().await?;
    let lists = requests.iter().filter(|request| request["method"] == "GET").count();
    assert_eq!(lists, 0, "{requests:?}");
    peer.end().await?;
    Ok(())
}
