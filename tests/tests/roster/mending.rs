// SPDX-License-Identifier: LGPL-2.1-or-later

//! The command of `why` mends what it says when somebody pastes it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use serde_json::{Value, json};

use super::{RBAC, answer, bind, make, text};

/// A kubectl that writes down what it is told.
const KUBECTL: &str = "#!/bin/sh
case \"$1\" in
apply) cat >\"$OUT/applied\" ;;
*) printf '%s\\n' \"$@\" >\"$OUT/created\" ;;
esac
";

/// Runs a command line in a shell, and has sarah do at the API what it told kubectl to do.
async fn paste(cluster: &Cluster, command: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let kubectl = folder.path().join("kubectl");
    fs::write(&kubectl, KUBECTL)?;
    fs::set_permissions(&kubectl, Permissions::from_mode(0o755))?;
    let path = std::env::var("PATH")?;
    let shell = Command::new("sh")
        .args(["-c", command])
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .env("OUT", folder.path())
        .status()?;
    ensure!(shell.success(), "{command}");
    if let Ok(applied) = fs::read(folder.path().join("applied")) {
        let object: Value = serde_json::from_slice(&applied)?;
        let place = match object["metadata"]["namespace"].as_str() {
            Some(project) => format!("{RBAC}/namespaces/{project}/roles"),
            None => format!("{RBAC}/clusterroles"),
        };
        make(cluster, &place, object).await?;
    }
    create(cluster, &folder.path().join("created")).await.with_context(|| command.to_owned())
}

/// `kubectl create rolebinding NAME --role=ROLE --user=NAME -n PROJECT`.
async fn create(cluster: &Cluster, words: &Path) -> Result<()> {
    let words = fs::read_to_string(words)?;
    let words: Vec<_> = words.lines().collect();
    let &["create", "rolebinding", binding, role, subject, "-n", project] = words.as_slice() else {
        anyhow::bail!("{words:?}");
    };
    let split = |word: &'_ str| -> Result<(String, String)> {
        let (option, value) = word.split_once('=').context("no value")?;
        Ok((option.trim_start_matches('-').to_owned(), value.to_owned()))
    };
    let ((kind, role), (whom, name)) = (split(role)?, split(subject)?);
    let kind = if kind == "role" { "Role" } else { "ClusterRole" };
    let subject = match whom.as_str() {
        "serviceaccount" => {
            let (project, name) = name.split_once(':').context("no project")?;
            json!({ "kind": "ServiceAccount", "namespace": project, "name": name })
        }
        whom => json!({ "kind": if whom == "user" { "User" } else { "Group" }, "name": name }),
    };
    let binding = json!({
        "metadata": { "name": binding },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role },
        "subjects": [subject],
    });
    make(cluster, &format!("{RBAC}/namespaces/{project}/rolebindings"), binding).await?;
    Ok(())
}

/// On a cluster that has none of the roles, and then has them.
#[tokio::test]
async fn the_command_of_why_can_be_pasted() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Plain)?;
    for name in ["moon", "mars"] {
        let namespace = json!({ "metadata": { "name": name } });
        make(&cluster, "/api/v1/namespaces", namespace).await?;
    }
    let account = json!({ "metadata": { "name": "ci" } });
    make(&cluster, "/api/v1/namespaces/moon/serviceaccounts", account).await?;
    // Somebody has a binding of the name that would be chosen.
    let taken = "cockpit-images-editor-jane";
    bind(&cluster, "moon", taken, ("ClusterRole", "view"), &[("User", "eric")]).await?;
    // First the user herself, who sees no roles and bindings: one of the project.
    let cases = [
        ("jane", "mars", json!({ "kind": "user", "name": "jane" }), true),
        ("sarah", "moon", json!({ "kind": "user", "name": "jane" }), true),
        ("sarah", "moon", json!({ "kind": "robot", "name": "ci", "project": "moon" }), false),
        ("sarah", "moon", json!({ "kind": "group", "name": "QA/it's; $HOME" }), false),
    ];
    for (asker, project, subject, makes_role) in cases {
        let question = json!({ "subject": subject, "project": project, "verb": "push" });
        let why = answer(&cluster, asker, "why", question.clone()).await?;
        ensure!(why["allowed"] == false, "{why:#}");
        let command = text(&why["command"]);
        ensure!(command.contains("kubectl apply") == makes_role, "{command}");
        paste(&cluster, command).await?;
        let why = answer(&cluster, asker, "why", question).await?;
        ensure!(why["allowed"] == true && why["command"].is_null(), "{why:#}");
    }
    Ok(())
}
