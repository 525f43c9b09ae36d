// SPDX-License-Identifier: LGPL-2.1-or-later

//! The page takes a name while it is typed just as the server does when it is sent.

use anyhow::Result;
use images_proto::name::{self, NameError};
use images_tests::cluster::{Cluster, Face};
use serde_json::{Value, json};

const NAMES: &[&str] = &[
    "a1",
    "sky-field",
    "0-9",
    "a--b",
    "x",
    "-",
    "__",
    "a-",
    "-a",
    ".a",
    "a.",
    "a_",
    "_a",
    "Aa",
    "a.b",
    "a b",
    "é",
    "a/b",
    "a%b",
    "a:b",
    "aa_bb-cc.dd",
    "a__b",
    "a..b",
    "a.-b",
    "~",
    "kube",
    "kube-x",
    "openshift-x",
    "kubernetes",
    "kubernetic",
    "jane@example.com",
    "QA",
];

/// Whether the server makes an object of this name.
async fn takes(cluster: &Cluster, path: &str, object: Value) -> Result<bool> {
    let answer =
        cluster.curl("sarah").post(&format!("{}{path}", cluster.ready.api), &object).await?;
    assert!(answer.is_good() || [403, 422].contains(&answer.status), "{}", answer.text());
    Ok(answer.is_good())
}

#[tokio::test]
async fn what_is_taken_here_is_taken_there() -> Result<()> {
    type Rule = fn(&str) -> Result<(), NameError>;
    let project = "/api/v1/namespaces/skyfield";
    let kinds: [(&str, &str, &str, Rule); 5] = [
        (
            "/apis/project.openshift.io/v1/projectrequests",
            "project.openshift.io/v1",
            "ProjectRequest",
            name::valid_project_name,
        ),
        (
            "/apis/image.openshift.io/v1/namespaces/skyfield/imagestreams",
            "image.openshift.io/v1",
            "ImageStream",
            |name| name::valid_repository_name("skyfield", name),
        ),
        ("/apis/user.openshift.io/v1/users", "user.openshift.io/v1", "User", name::valid_user_name),
        (
            "/apis/user.openshift.io/v1/groups",
            "user.openshift.io/v1",
            "Group",
            name::valid_group_name,
        ),
        (&format!("{project}/serviceaccounts"), "v1", "ServiceAccount", name::valid_robot_name),
    ];
    let cluster = Cluster::start_empty(Face::Openshift)?;
    let long = [63, 64, 246, 247, 253, 254].map(|length| "x".repeat(length));
    for (path, version, kind, rule) in kinds {
        // Nobody but us bounds the names of people.
        let is_person = matches!(kind, "User" | "Group");
        let long = long.iter().map(String::as_str).filter(|_| !is_person);
        for name in NAMES.iter().copied().chain(long) {
            let object =
                json!({ "apiVersion": version, "kind": kind, "metadata": { "name": name } });
            let (here, there) = (rule(name).is_ok(), takes(&cluster, path, object).await?);
            assert_eq!(here, there, "{kind} {name}");
        }
    }
    Ok(())
}
