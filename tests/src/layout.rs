// SPDX-License-Identifier: LGPL-2.1-or-later

//! Images that nobody else has, as OCI image layouts (image-spec, image-layout.md).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use crate::curl::Curl;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An image of one layer.
#[derive(Debug)]
pub struct Layout {
    folder: tempfile::TempDir,
    /// The digest of its manifest.
    pub manifest: String,
    /// The digest of its config.
    pub config: String,
    /// The config, byte for byte.
    pub config_text: String,
    /// The digest of its layer, which is not compressed: it is the diff ID, too.
    pub layer: String,
}

impl Layout {
    /// A small one.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn small() -> Result<Self> {
        Self::with_config_of(0)
    }

    /// One whose config has about that many bytes.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn with_config_of(size: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::create_dir_all(folder.path().join("blobs/sha256"))?;
        let layer = write(folder.path(), &layer()?)?;
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-01-02T03:04:05Z",
            "config": { "Labels": { "about": "x".repeat(size) }, "Cmd": ["/check"] },
            "rootfs": { "type": "layers", "diff_ids": [layer.digest] },
            "history": [{ "created_by": "COPY check /check" }],
        });
        Self::finish(folder, &config, &layer, "application/vnd.oci.image.layer.v1.tar")
    }

    fn finish(
        folder: tempfile::TempDir,
        config: &Value,
        layer: &Blob,
        layer_type: &str,
    ) -> Result<Self> {
        let config_text = config.to_string();
        let config = write(folder.path(), config_text.as_bytes())?;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.descriptor("application/vnd.oci.image.config.v1+json"),
            "layers": [layer.descriptor(layer_type)],
        });
        let manifest = write(folder.path(), manifest.to_string().as_bytes())?;
        let index = json!({
            "schemaVersion": 2,
            "manifests": [manifest.descriptor(MANIFEST)],
        });
        fs::write(folder.path().join("index.json"), index.to_string())?;
        fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(Self {
            folder,
            manifest: manifest.digest,
            config: config.digest,
            config_text,
            layer: layer.digest.clone(),
        })
    }

    /// One of its own on a layer that is there already: the blob `layer`, gzipped, which is in a
    /// file.
    ///
    /// # Errors
    /// When the file cannot be read, or the folder cannot be written to.
    pub fn on(layer: &str, file: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::create_dir_all(folder.path().join("blobs/sha256"))?;
        let written = write(folder.path(), &fs::read(file)?)?;
        ensure!(written.digest == layer, "{} is not {layer}", file.display());
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-01-02T03:04:05Z",
            "config": { "Labels": { "about": random()? } },
            "rootfs": { "type": "layers", "diff_ids": [layer] },
            "history": [{ "created_by": "COPY check /check" }],
        });
        Self::finish(folder, &config, &written, "application/vnd.oci.image.layer.v1.tar+gzip")
    }

    /// Pushes it without skopeo. `registry` is a URL.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn push(
        &self,
        curl: &Curl,
        registry: &str,
        repository: &str,
        tag: &str,
    ) -> Result<()> {
        self.push_mounting(curl, registry, "", repository, tag).await
    }

    /// Pushes it as clients do that know where else its layer is: it is mounted from the repository
    /// `from`, or uploaded if that is refused. `registry` is a URL.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn push_mounting(
        &self,
        curl: &Curl,
        registry: &str,
        from: &str,
        repository: &str,
        tag: &str,
    ) -> Result<()> {
        let base = format!("{registry}/v2/{repository}");
        for digest in [&self.config, &self.layer] {
            let mounting = match from {
                "" => String::new(),
                from => format!("?mount={digest}&from={from}"),
            };
            let uploads = format!("{base}/blobs/uploads/{mounting}");
            let begun = curl.post(&uploads, &Value::Null).await?;
            if begun.status == 201 {
                continue;
            }
            let place = begun.header("Location").context("no place for the upload")?;
            let place = match place.starts_with('/') {
                true => format!("{registry}{place}"),
                false => place.to_owned(),
            };
            let separator = if place.contains('?') { '&' } else { '?' };
            let place = format!("{place}{separator}digest={digest}");
            let done = curl.put(&place, &self.blob(digest), "application/octet-stream").await?;
            ensure!(done.is_good(), "{digest}: {}", done.text());
        }
        let place = format!("{base}/manifests/{tag}");
        let done = curl.put(&place, &self.blob(&self.manifest), MANIFEST).await?;
        ensure!(done.is_good(), "the manifest: {}", done.text());
        Ok(())
    }

    fn blob(&self, digest: &str) -> PathBuf {
        self.folder.path().join("blobs").join(digest.replace(':', "/"))
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Some random characters for names, lower case.
///
/// # Errors
/// When the system has no randomness.
pub fn random_name() -> Result<String> {
    Ok(random()?[..8].to_owned())
}

fn random() -> Result<String> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| anyhow::anyhow!("the system has no randomness"))?;
    Ok(hex(&bytes))
}

/// A layer with one small file, which is another one each time.
fn layer() -> Result<Vec<u8>> {
    let content = random()?;
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "check", content.as_bytes())?;
    Ok(tar.into_inner()?)
}

struct Blob {
    digest: String,
    size: usize,
}

impl Blob {
    fn descriptor(&self, media_type: &str) -> Value {
        json!({ "mediaType": media_type, "digest": self.digest, "size": self.size })
    }
}

fn write(folder: &Path, content: &[u8]) -> Result<Blob> {
    let hex = hex(digest(&SHA256, content).as_ref());
    fs::write(folder.join("blobs/sha256").join(&hex), content)?;
    Ok(Blob { digest: format!("sha256:{hex}"), size: content.len() })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
