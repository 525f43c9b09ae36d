// SPDX-License-Identifier: LGPL-2.1-or-later

//! Jane does what the page tells her: she has her host trust the registry, copies the lines for
//! skopeo into a shell, and runs them as they stand. Needs root, for the files of the trust.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use images_tests::browser::Browser;
use images_tests::cluster::Face;
use images_tests::host_file::HostFile;
use images_tests::page;
use images_tests::scene::Scene;
use tokio::process::Command;

/// A shell of somebody who is logged in nowhere, in a folder of its own.
struct Shell(tempfile::TempDir);

impl Shell {
    fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    /// What a line says on standard error.
    async fn run(&self, line: &str) -> Result<(bool, String)> {
        let shell = Command::new("sh")
            .args(["-c", line])
            .current_dir(self.folder())
            .env("HOME", self.folder())
            .env("REGISTRY_AUTH_FILE", self.folder().join("auth.json"))
            .env_remove("XDG_RUNTIME_DIR")
            .kill_on_drop(true)
            .output();
        let output = shell.await?;
        Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    async fn works(&self, line: &str) -> Result<()> {
        let (works, error) = self.run(line).await?;
        ensure!(works, "{line}: {error}");
        Ok(())
    }
}

/// The lines for skopeo.
async fn lines(browser: &Browser) -> Result<(String, String)> {
    page::press(browser, "access-tool-skopeo").await?;
    browser.wait_text(&page::named("access-pull"), "skopeo copy").await?;
    // The list, of which the example comes, may arrive after the addresses.
    let pull = page::named("access-pull");
    browser
        .wait_script(
            "a real image as the example",
            "return !document.querySelector(arguments[0]).innerText.includes('PROJECT')",
            vec![pull.into()],
        )
        .await?;
    Ok((page::words(browser, "access-pull").await?, page::words(browser, "access-push").await?))
}

/// `FOLDER:TAG`, where a pulled image goes.
fn pulled(line: &str) -> Result<&str> {
    line.split(" oci:").nth(1).map(str::trim).with_context(|| format!("no folder: {line}"))
}

/// The line that pushes, for the image that was pulled, by the name `pushed:by-hand`.
fn push_of(line: &str, pulled: &str) -> Result<(String, String)> {
    let line = line.replace("oci:NAME:TAG", &format!("oci:{pulled}"));
    let line = line.replace("NAME:TAG", "pushed:by-hand");
    let (_, target) = line.split_once("docker://").context("no target")?;
    let (_, image) = target.trim().split_once('/').context("no repository")?;
    let image = image.to_owned();
    Ok((line, image))
}

#[tokio::test]
async fn with_tls_and_a_token() -> Result<()> {
    Scene::new(Face::Openshift)
        .user("jane")
        .path("/images#/registry")
        .play("commands-token", async |stage| {
            let browser = &stage.browser;
            let cluster = stage.cluster()?;
            let host = &cluster.ready.registry;
            let podman = HostFile::at(format!("/etc/containers/certs.d/{host}/ca.crt"))?;
            let docker = HostFile::at(format!("/etc/docker/certs.d/{host}/ca.crt"))?;
            let shell = Shell::new()?;
            let (pull, push) = lines(browser).await?;

            page::press(browser, "access-show-token").await?;
            let token = page::words(browser, "access-token").await?;
            std::fs::write(shell.folder().join("FILE"), &token)?;
            page::press(browser, "access-hide-token").await?;
            browser.wait_gone(&page::named("access-token")).await?;
            let login = page::words(browser, "access-login-script").await?;
            ensure!(login.ends_with(" < FILE") && !login.contains(&token), "{login}");

            // Nobody here knows who signed the certificate.
            let (works, error) = shell.run(&login).await?;
            ensure!(!works && error.contains("certificate"), "{works}: {error}");

            page::press(browser, "trust-open").await?;
            browser.wait_text(&page::named("trust-file-0"), "ca.crt").await?;
            page::press(browser, "trust-apply").await?;
            browser.wait(&page::named("trust-done")).await?;
            ensure!(podman.path().exists(), "nothing was written");
            shell.works(&login).await?;
            shell.works(&pull).await?;
            let (push, image) = push_of(&push, pulled(&pull)?)?;
            ensure!(cluster.skopeo("sarah")?.digest(&image).await?.is_none(), "{image}");
            shell.works(&push).await?;
            let digest = cluster.skopeo("sarah")?.digest(&image).await?;
            ensure!(digest.is_some(), "{image} is not there");

            page::press(browser, "trust-remove").await?;
            browser.wait_gone(&page::named("trust-remove")).await?;
            browser.wait(&page::named("trust-apply")).await?;
            ensure!(!podman.path().exists() && !docker.path().exists(), "a file is still there");
            let (works, error) = shell.run(&pull).await?;
            ensure!(!works && error.contains("certificate"), "{works}: {error}");
            page::close_dialog(browser).await?;

            // And the page shows what was pushed.
            let (repository, _) = image.rsplit_once(':').context("no tag")?;
            browser.go(&stage.cockpit.url("/images")).await?;
            browser.enter_page().await?;
            page::search(browser, repository).await?;
            browser.wait(&page::row(repository)).await
        })
        .await
}

#[tokio::test]
async fn plain_and_without_a_login() -> Result<()> {
    Scene::new(Face::Plain)
        .option("--announce")
        .path("/images#/registry")
        .play("commands-plain", async |stage| {
            let browser = &stage.browser;
            let cluster = stage.cluster()?;
            let (pull, push) = lines(browser).await?;
            browser.wait(&page::named("access-plain")).await?;
            browser.wait_count(&page::named("access-login"), 0).await?;
            let shell = Shell::new()?;
            ensure!(pull.contains(&cluster.ready.registry), "{pull}");
            shell.works(&pull).await?;
            let (push, image) = push_of(&push, pulled(&pull)?)?;
            shell.works(&push).await?;
            ensure!(cluster.skopeo("sarah")?.digest(&image).await?.is_some(), "{image}");
            Ok(())
        })
        .await
}

/// A user with a password at the registry: the line asks for both.
#[tokio::test]
async fn plain_with_a_password() -> Result<()> {
    let scene = Scene::new(Face::Plain).option("--announce");
    scene
        .option("--registry-auth")
        .option("htpasswd")
        .play("commands-password", async |stage| {
            let browser = &stage.browser;
            let cluster = stage.cluster()?;
            let password = &cluster.ready.registry_passwords["sarah"];
            page::press(browser, "offer-login").await?;
            browser.type_into("#login-user", "sarah").await?;
            browser.type_into("#login-password", password).await?;
            page::press(browser, "dialog-login-confirm").await?;
            browser.wait_gone("dialog[open]").await?;
            browser.wait("[data-row]").await?;
            page::press(browser, "registry-link").await?;
            let (pull, _) = lines(browser).await?;
            let login = page::words(browser, "access-login").await?;
            browser.wait_count(&page::named("access-show-token"), 0).await?;

            let shell = Shell::new()?;
            let (works, error) = shell.run(&pull).await?;
            ensure!(!works && error.contains("authentication"), "{works}: {error}");
            // Without a terminal skopeo reads the password by another option.
            let login = login.replace("skopeo login", "skopeo login -u sarah --password-stdin");
            std::fs::write(shell.folder().join("FILE"), password)?;
            shell.works(&format!("{login} < FILE")).await?;
            shell.works(&pull).await
        })
        .await
}
