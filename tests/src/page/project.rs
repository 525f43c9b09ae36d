// SPDX-License-Identifier: LGPL-2.1-or-later

//! Projects on the page, and who has a role in them as the API says it.

use anyhow::{Context, Result};

use super::{choose, named, press, wait_address, wait_closed};
use crate::browser::{Browser, Key};
use crate::cluster::Cluster;

/// On the list of projects: makes one, and waits for its page.
///
/// # Errors
/// When it is not made.
pub async fn create(browser: &Browser, name: &str, display_name: &str) -> Result<()> {
    press(browser, "create-project").await?;
    browser.type_into("#project-name", name).await?;
    browser.type_into("#project-display-name", display_name).await?;
    browser.press("#project-display-name", Key::Enter).await?;
    browser.wait_text("#heading", name).await?;
    wait_address(browser, &format!("project/{name}")).await?;
    browser.wait_text(&named("display-name"), display_name).await
}

/// On the page of a project: gives a role to users (`user`), groups (`group`) or robots (`robot`),
/// with commas between their names.
///
/// # Errors
/// When it is not given.
pub async fn add_members(browser: &Browser, kind: &str, names: &str, role: &str) -> Result<()> {
    press(browser, "add-members").await?;
    choose(browser, "member-kind", kind).await?;
    choose(browser, "member-role", role).await?;
    browser.type_into("#member-names", names).await?;
    browser.press("#member-names", Key::Enter).await?;
    wait_closed(browser).await
}

/// The names of those who have a role by bindings of the project, as curl reads them, sorted.
///
/// # Errors
/// When the API does not tell.
pub async fn holders(cluster: &Cluster, project: &str, role: &str) -> Result<Vec<String>> {
    let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{project}/rolebindings");
    let list = cluster.api("sarah", &path).await?;
    let bindings = list["items"].as_array().context("no list")?;
    let of_role = bindings.iter().filter(|binding| binding["roleRef"]["name"] == role);
    let subjects = of_role.filter_map(|binding| binding["subjects"].as_array()).flatten();
    let mut names: Vec<String> =
        subjects.filter_map(|subject| subject["name"].as_str().map(str::to_owned)).collect();
    names.sort();
    Ok(names)
}
