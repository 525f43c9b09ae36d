// SPDX-License-Identifier: LGPL-2.1-or-later

//! A real login: PAM, a password, an ordinary user with an own kubeconfig.

use anyhow::{Context, Result, ensure};
use images_tests::browser::Browser;
use images_tests::cluster::Face;
use images_tests::page;
use images_tests::scene::Scene;

#[tokio::test]
async fn jane_logs_in_and_sees_her_images() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("jane")
        .login()
        .play("login", async |stage| {
            let browser = &stage.browser;
            let user = stage.cockpit.user().context("nobody can log in")?;
            browser.go(&stage.cockpit.url("/images")).await?;
            log_in(browser, &user.name, "wrong").await?;
            browser.wait_text("#login-error-message", "Wrong").await?;
            ensure!(stage.cockpit.bridges()?.is_empty(), "a wrong password started the bridge");

            log_in(browser, &user.name, &user.password).await?;
            browser.enter_page().await?;
            browser.wait("[data-row]").await?;

            // What she sees is what her token may list, no more.
            let streams = "/apis/image.openshift.io/v1/namespaces/skyfield/imagestreams";
            let streams = stage.cluster()?.api("jane", streams).await?;
            let expected = streams["items"]
                .as_array()
                .context("no items")?
                .iter()
                .filter_map(|stream| stream["metadata"]["name"].as_str())
                .map(|name| format!("skyfield/{name}"))
                .collect();
            page::wait_rows(browser, &expected).await?;

            // One process, and it is hers: not root's.
            ensure!(stage.cockpit.bridges()?.len() == 1, "{:?}", stage.cockpit.bridges()?);
            Ok(())
        })
        .await
}

async fn log_in(browser: &Browser, name: &str, password: &str) -> Result<()> {
    browser.wait("#login-user-input").await?;
    browser.type_into("#login-user-input", name).await?;
    browser.type_into("#login-password-input", password).await?;
    browser.click("#login-button").await
}
