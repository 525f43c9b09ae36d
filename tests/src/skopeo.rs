// SPDX-License-Identifier: LGPL-2.1-or-later

//! The second opinion on what is in a registry: skopeo.

use std::fs;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::cluster::Ready;

/// skopeo with the rights of one user at one registry.
#[derive(Debug)]
pub struct Skopeo {
    registry: String,
    token: Option<String>,
    https: bool,
    certificates: tempfile::TempDir,
}

impl Skopeo {
    pub(crate) fn new(ready: &Ready, token: Option<&str>) -> Result<Self> {
        let certificates = tempfile::tempdir()?;
        let https = ready.registry_url.starts_with("https:");
        if https {
            fs::copy(&ready.ca, certificates.path().join("ca.crt"))
                .with_context(|| format!("cannot copy {}", ready.ca.display()))?;
        }
        let token = token.filter(|_| https).map(str::to_owned);
        Ok(Self { registry: ready.registry.clone(), token, https, certificates })
    }

    /// The manifest, byte for byte, of `repository:tag` or `repository@digest`.
    ///
    /// # Errors
    /// When the registry does not serve it.
    pub async fn manifest(&self, image: &str) -> Result<Value> {
        let text = self.inspect(&["--raw"], image).await?;
        serde_json::from_str(&text).with_context(|| format!("{image}: no manifest: {text}"))
    }

    /// The digest of `repository:tag`; `None` if the registry does not know it.
    ///
    /// # Errors
    /// When the registry answers anything else.
    pub async fn digest(&self, image: &str) -> Result<Option<String>> {
        match self.inspect(&["--no-tags", "--format", "{{.Digest}}"], image).await {
            Ok(digest) => Ok(Some(digest.trim().to_owned())),
            Err(error) if is_unknown(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The config of an image.
    ///
    /// # Errors
    /// When the registry does not serve it.
    pub async fn config(&self, image: &str) -> Result<Value> {
        let text = self.inspect(&["--config"], image).await?;
        serde_json::from_str(&text).with_context(|| format!("{image}: no config"))
    }

    /// The tags of a repository, sorted.
    ///
    /// # Errors
    /// When the registry does not tell them.
    pub async fn tags(&self, repository: &str) -> Result<Vec<String>> {
        let image = format!("docker://{}/{repository}", self.registry);
        let text = self.run("list-tags", &self.access(""), &[&image]).await?;
        let answer: Value = serde_json::from_str(&text)?;
        let tags = answer["Tags"].as_array().context("no list of tags")?;
        let mut tags: Vec<_> =
            tags.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect();
        tags.sort();
        Ok(tags)
    }

    /// Gives an image another name, as a push from elsewhere does.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn copy(&self, from: &str, to: &str) -> Result<()> {
        let from = format!("docker://{}/{from}", self.registry);
        let to = format!("docker://{}/{to}", self.registry);
        let mut access = self.access("src-");
        access.extend(self.access("dest-"));
        let options = ["--preserve-digests", "--all", "--remove-signatures"];
        self.run("copy", &access, &[&options[..], &[&from, &to]].concat()).await?;
        Ok(())
    }

    async fn inspect(&self, options: &[&str], image: &str) -> Result<String> {
        let image = format!("docker://{}/{image}", self.registry);
        let mut arguments = options.to_vec();
        arguments.push(&image);
        self.run("inspect", &self.access(""), &arguments).await
    }

    fn access(&self, side: &str) -> Vec<String> {
        let mut options = vec![if self.https {
            format!("--{side}cert-dir={}", self.certificates.path().display())
        } else {
            format!("--{side}tls-verify=false")
        }];
        // The token of a cluster that lives as long as the test.
        options.push(match &self.token {
            Some(token) => format!("--{side}creds=unused:{token}"),
            None => format!("--{side}no-creds"),
        });
        options
    }

    async fn run(&self, verb: &str, access: &[String], arguments: &[&str]) -> Result<String> {
        let output = Command::new("skopeo")
            .args(["--insecure-policy", verb])
            .args(access)
            .args(arguments)
            .kill_on_drop(true)
            .output()
            .await
            .context("cannot start skopeo")?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), anyhow!("skopeo {verb}: {}", error.trim()));
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// Whether skopeo says that there is no such thing, as opposed to any other failure.
fn is_unknown(error: &anyhow::Error) -> bool {
    let text = error.to_string();
    ["manifest unknown", "name unknown", "404", "repository name not known"]
        .iter()
        .any(|words| text.to_lowercase().contains(words))
}
