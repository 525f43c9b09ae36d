// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::people::Deletion;
use images_proto::subject::Subject;

use super::*;

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

fn binding(name: &str, role: &str, subject: (&str, &str)) -> Value {
    let (kind, who) = subject;
    named(
        name,
        json!({
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
            "subjects": [
                { "kind": kind, "apiGroup": "rbac.authorization.k8s.io", "name": who },
                { "kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "amy" },
            ],
        }),
    )
}

fn in_project(project: &str, mut binding: Value) -> (String, Value) {
    binding["metadata"]["namespace"] = project.into();
    (format!("{RBAC}/namespaces/{project}/rolebindings"), binding)
}

/// Josh with roles of ours in two projects, one of somebody else's and one in the cluster.
fn with_roles() -> Store {
    let mut store = store();
    let josh = ("User", "josh");
    for (project, name, role, who) in [
        ("shop", "registry-viewer", "registry-viewer", josh),
        ("demo", "registry-editor", "registry-editor", josh),
        ("demo", "edit", "edit", josh),
        ("demo", "registry-viewer", "registry-viewer", ("Group", "QA")),
    ] {
        let (list, binding) = in_project(project, binding(name, role, who));
        store.add(&list, binding);
    }
    for role in ["registry-viewer", "registry-editor", "registry-admin"] {
        store.add(&format!("{RBAC}/clusterroles"), named(role, json!({ "rules": [] })));
    }
    store.add(&format!("{RBAC}/clusterrolebindings"), binding("readers", "cluster-reader", josh));
    for project in ["shop", "demo"] {
        store.add("/apis/project.openshift.io/v1/projects", named(project, json!({})));
    }
    store
}

fn user(name: &str, agreed: bool) -> Deletion {
    Deletion { subject: Subject::user(name), agreed }
}

fn subjects(kept: &Kept, project: &str, name: &str) -> Vec<String> {
    let binding = kept.get(&format!("{RBAC}/namespaces/{project}/rolebindings/{name}"));
    let binding = binding.unwrap_or_default();
    let subjects = binding["subjects"].as_array().cloned().unwrap_or_default();
    subjects.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn tells_what_goes_and_stays() {
    let kept = with_roles().serve().await;
    let goes = delete_person(&kept.fake.cluster, user("josh", false)).await.unwrap();
    assert!(!goes.done && goes.missing.is_empty(), "{goes:?}");
    assert_eq!(goes.projects, ["demo", "shop"]);
    assert_eq!(goes.groups, ["QA"]);
    assert_eq!(goes.identities.len(), 1);
    let stays = goes.stays.join("\n");
    for words in [
        "oc policy remove-role-from-user edit josh -n demo",
        "oc adm policy remove-cluster-role-from-user cluster-reader josh",
        "As long as htpasswd knows josh",
    ] {
        assert!(stays.contains(words), "{words}: {stays}");
    }
    assert!(kept.fake.changes().is_empty(), "{:?}", kept.fake.changes());
}

#[tokio::test]
async fn takes_rights_first_and_the_object_last() {
    let kept = with_roles().serve().await;
    let goes = delete_person(&kept.fake.cluster, user("josh", true)).await.unwrap();
    assert!(goes.done, "{goes:?}");
    assert_eq!(subjects(&kept, "shop", "registry-viewer"), ["amy"]);
    assert_eq!(subjects(&kept, "demo", "registry-editor"), ["amy"]);
    assert_eq!(subjects(&kept, "demo", "edit"), ["josh", "amy"], "not of ours");
    assert_eq!(users(&kept, "QA"), json!(["ghost"]));
    assert_eq!(kept.get(&format!("{IDENTITIES}/htpasswd:josh")), None);
    assert_eq!(kept.get(&format!("{USERS}/josh")), None);
    let changes = kept.fake.changes();
    let place = |part: &str| {
        let found = changes.iter().position(|change| change.contains(part));
        found.unwrap_or_else(|| panic!("{part}: {changes:?}"))
    };
    let roles = changes.iter().rposition(|change| change.contains("rolebindings")).unwrap();
    assert!(roles < place("/groups/QA"), "{changes:?}");
    assert!(place("/groups/QA") < place("/identities/"), "{changes:?}");
    assert!(place("/identities/") < place("/users/josh"), "{changes:?}");
}

#[tokio::test]
async fn what_is_broken_off_is_told_and_goes_on() {
    let delete = "DELETE /apis/user.openshift.io/v1/identities/htpasswd:josh";
    let kept = Store { broken: vec![(delete, 500)], ..with_roles() }.serve().await;
    let failure = delete_person(&kept.fake.cluster, user("josh", true)).await.unwrap_err();
    assert!(failure.message.contains("the roles in demo were taken away"), "{failure:?}");
    assert!(failure.message.contains("josh was taken out of QA"), "{failure:?}");
    assert!(kept.get(&format!("{USERS}/josh")).is_some());
    kept.store().broken.clear();
    let goes = delete_person(&kept.fake.cluster, user("josh", true)).await.unwrap();
    assert!(goes.done && goes.projects.is_empty() && goes.groups.is_empty(), "{goes:?}");
}

#[tokio::test]
async fn groups_and_names_without_an_object_go_too() {
    let kept = with_roles().serve().await;
    let group = |agreed| Deletion { subject: Subject::group("QA"), agreed };
    let goes = delete_person(&kept.fake.cluster, group(false)).await.unwrap();
    assert_eq!((goes.projects, goes.groups), (texts(&["demo"]), texts(&[])));
    assert!(delete_person(&kept.fake.cluster, group(true)).await.unwrap().done);
    assert_eq!(kept.get(&format!("{GROUPS}/QA")), None);
    assert_eq!(subjects(&kept, "demo", "registry-viewer"), ["amy"]);

    let kept = with_roles().serve().await;
    assert!(delete_person(&kept.fake.cluster, user("ghost", true)).await.unwrap().done);
    assert_eq!(users(&kept, "QA"), json!(["josh"]));
    let failure = delete_person(&kept.fake.cluster, user("ghost", true)).await.unwrap_err();
    assert_eq!(failure.code, Code::NotFound);
}

#[tokio::test]
async fn nobody_deletes_himself_nor_without_the_right() {
    let mut store = with_roles();
    store.add(USERS, named("sarah", json!({})));
    store.denied = vec!["delete users", "list rolebindings"];
    let kept = store.serve().await;
    let failure = delete_person(&kept.fake.cluster, user("sarah", true)).await.unwrap_err();
    assert_eq!(failure.code, Code::Unsupported);
    let goes = delete_person(&kept.fake.cluster, user("josh", true)).await.unwrap();
    assert!(!goes.done);
    assert_eq!(goes.missing[0].resource, "users.user.openshift.io");
    assert!(goes.stays[0].contains("may not list the role bindings of all projects"), "{goes:?}");
    assert!(kept.fake.changes().is_empty());
}
