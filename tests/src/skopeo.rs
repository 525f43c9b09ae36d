// SPDX-License-Identifier: LGPL-2.1-or-later

//! The second opinion on what is in a registry: skopeo.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::cluster::Ready;
use crate::kubeconfig::replace;

/// skopeo with the rights of one user at one registry.
#[derive(Debug)]
pub struct Skopeo {
    registry: String,
    https: bool,
    /// Holds the authority's certificate, and the login: it does not belong into arguments.
    folder: tempfile::TempDir,
}

impl Skopeo {
    /// At a registry, with a name and a password and the certificates of its authority, as PEM,
    /// where these are needed. `https`: whether it speaks TLS.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub fn new(
        registry: &str,
        login: Option<(&str, &str)>,
        https: bool,
        authority: Option<&str>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        if let Some(authority) = authority {
            fs::write(folder.path().join("ca.crt"), authority)?;
        }
        let logins = match login {
            Some((user, password)) => {
                json!({ registry: { "auth": STANDARD.encode(format!("{user}:{password}")) } })
            }
            None => json!({}),
        };
        replace(&folder.path().join("auth.json"), &json!({ "auths": logins }).to_string())?;
        Ok(Self { registry: registry.to_owned(), https, folder })
    }

    pub(crate) fn of_cluster(ready: &Ready, token: Option<&str>) -> Result<Self> {
        let https = ready.registry_url.starts_with("https:");
        let authority = fs::read_to_string(&ready.ca)
            .with_context(|| format!("cannot read {}", ready.ca.display()))?;
        let login = token.filter(|_| https).map(|token| ("unused", token));
        Self::new(&ready.registry, login, https, https.then_some(&authority))
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
        self.copy_to(&from, &["src-", "dest-"], to).await
    }

    /// Pushes an OCI image layout.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn push(&self, layout: &Path, to: &str) -> Result<()> {
        self.copy_to(&format!("oci:{}", layout.display()), &["dest-"], to).await
    }

    /// Pulls an image whole, all of an index, into a folder of files that is made for it.
    ///
    /// # Errors
    /// When something of it is not served.
    pub async fn pull(&self, image: &str, folder: &Path) -> Result<()> {
        let image = format!("docker://{}/{image}", self.registry);
        let to = format!("dir:{}", folder.display());
        let options = ["--all", "--remove-signatures"];
        self.run("copy", &self.access("src-"), &[&options[..], &[&image, &to]].concat()).await?;
        Ok(())
    }

    /// Deletes the manifest of an image, with all its tags.
    ///
    /// # Errors
    /// When the registry does not do that.
    pub async fn delete(&self, image: &str) -> Result<()> {
        let image = format!("docker://{}/{image}", self.registry);
        self.run("delete", &self.access(""), &[&image]).await?;
        Ok(())
    }

    async fn copy_to(&self, from: &str, sides: &[&str], to: &str) -> Result<()> {
        let to = format!("docker://{}/{to}", self.registry);
        let access: Vec<_> = sides.iter().flat_map(|side| self.access(side)).collect();
        let options = ["--preserve-digests", "--all", "--remove-signatures"];
        self.run("copy", &access, &[&options[..], &[from, &to]].concat()).await?;
        Ok(())
    }

    async fn inspect(&self, options: &[&str], image: &str) -> Result<String> {
        let image = format!("docker://{}/{image}", self.registry);
        let mut arguments = options.to_vec();
        arguments.push(&image);
        self.run("inspect", &self.access(""), &arguments).await
    }

    fn access(&self, side: &str) -> Vec<String> {
        vec![if self.https {
            format!("--{side}cert-dir={}", self.folder.path().display())
        } else {
            format!("--{side}tls-verify=false")
        }]
    }

    async fn run(&self, verb: &str, access: &[String], arguments: &[&str]) -> Result<String> {
        let output = Command::new("skopeo")
            .args(["--insecure-policy", verb])
            .arg(format!("--authfile={}", self.folder.path().join("auth.json").display()))
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
