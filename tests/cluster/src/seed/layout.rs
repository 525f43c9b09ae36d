// SPDX-License-Identifier: LGPL-2.1-or-later
//! Images on disk in the OCI layout, from which skopeo pushes.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::layer::Layer;
use crate::identifier::digest_of;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// The payload of a signature by cosign.
const SIGNATURE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// The day that the ages of images count from: 2026-11-20.
const TODAY: i64 = 1_795_132_800;

/// What an image is made of.
#[derive(Debug)]
pub(crate) struct Image<'a> {
    pub(crate) layers: Vec<&'a Layer>,
    /// The `config` of the configuration: environment, command, labels, …
    pub(crate) config: Value,
    pub(crate) author: &'a str,
    pub(crate) architecture: &'a str,
    /// Age in days when it was built.
    pub(crate) days: i64,
    /// Whether the configuration has what only Docker's own builder wrote.
    pub(crate) docker: bool,
}

/// A folder of images; each has a reference name.
#[derive(Debug)]
pub(crate) struct Layout {
    dir: PathBuf,
    references: Vec<Value>,
}

impl Layout {
    /// An empty layout.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub(crate) fn create(dir: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(dir.join("blobs/sha256"))?;
        std::fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(Self { dir: dir.to_owned(), references: Vec::new() })
    }

    /// Where skopeo finds an image.
    pub(crate) fn source(&self, reference: &str) -> String {
        format!("oci:{}:{reference}", self.dir.display())
    }

    /// Adds an image under a reference; returns its descriptor.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn add(&mut self, reference: &str, image: &Image<'_>) -> std::io::Result<Value> {
        let config = self.blob(configuration(image).to_string().as_bytes(), CONFIG)?;
        let layers = image.layers.iter().map(|layer| self.blob(&layer.packed, LAYER));
        let layers = layers.collect::<std::io::Result<Vec<_>>>()?;
        let mut manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers,
        });
        if !image.docker {
            manifest["annotations"] = json!({"org.opencontainers.image.created": time(image.days)});
        }
        let mut descriptor = self.blob(manifest.to_string().as_bytes(), MANIFEST)?;
        descriptor["platform"] = json!({"architecture": image.architecture, "os": "linux"});
        if image.architecture == "arm64" {
            descriptor["platform"]["variant"] = json!("v8");
        }
        self.name(reference, &descriptor)?;
        Ok(descriptor)
    }

    /// Adds an index of images under a reference.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn add_index(&mut self, reference: &str, children: &[Value]) -> std::io::Result<()> {
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": children});
        let descriptor = self.blob(index.to_string().as_bytes(), INDEX)?;
        self.name(reference, &descriptor)
    }

    /// Adds what cosign stores beside the image that it signed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn add_signature(
        &mut self,
        reference: &str,
        repository: &str,
        signed: &str,
    ) -> std::io::Result<()> {
        let payload = json!({
            "critical": {
                "identity": {"docker-reference": repository},
                "image": {"docker-manifest-digest": signed},
                "type": "cosign container image signature",
            },
            "optional": null,
        });
        let mut layer = self.blob(payload.to_string().as_bytes(), SIGNATURE)?;
        layer["annotations"] =
            json!({"dev.cosignproject.cosign/signature": "MEUCIQDZmFrZS1zaWduYXR1cmU="});
        let diff_ids = [layer["digest"].clone()];
        let config = json!({
            "architecture": "", "os": "", "created": "0001-01-01T00:00:00Z", "config": {},
            "history": [{"created": "0001-01-01T00:00:00Z"}],
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = self.blob(config.to_string().as_bytes(), CONFIG)?;
        let manifest =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        let descriptor = self.blob(manifest.to_string().as_bytes(), MANIFEST)?;
        self.name(reference, &descriptor)
    }

    fn name(&mut self, reference: &str, descriptor: &Value) -> std::io::Result<()> {
        let mut named = descriptor.clone();
        named["annotations"] = json!({"org.opencontainers.image.ref.name": reference});
        self.references.push(named);
        let index = json!({"schemaVersion": 2, "manifests": self.references});
        std::fs::write(self.dir.join("index.json"), index.to_string())
    }

    fn blob(&self, bytes: &[u8], media_type: &str) -> std::io::Result<Value> {
        let digest = digest_of(bytes);
        std::fs::write(self.dir.join("blobs").join(digest.replace(':', "/")), bytes)?;
        Ok(json!({"mediaType": media_type, "digest": digest, "size": bytes.len()}))
    }
}

/// The time some days before the day that ages count from.
pub(crate) fn time(days: i64) -> String {
    let then = Timestamp::from_second(TODAY).ok();
    let then = then.and_then(|today| today.checked_sub(SignedDuration::from_hours(24 * days)).ok());
    then.map(|then| then.to_string()).unwrap_or_default()
}

/// The configuration of an image, with one entry of history for each layer and one without.
pub(crate) fn configuration(image: &Image<'_>) -> Value {
    let created = time(image.days);
    let entry = |command: &str| json!({"created": created, "created_by": command});
    let mut history: Vec<_> = image.layers.iter().map(|layer| entry(&layer.command)).collect();
    let mut last = entry(&format!("CMD {}", image.config["Cmd"]));
    last["empty_layer"] = json!(true);
    history.push(last);
    let diff_ids: Vec<_> = image.layers.iter().map(|layer| &layer.diff_id).collect();
    let mut configuration = json!({
        "architecture": image.architecture, "os": "linux", "created": created,
        "author": image.author,
        "config": image.config, "history": history,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    if image.architecture == "arm64" {
        configuration["variant"] = json!("v8");
    }
    if image.docker {
        configuration["container_config"] = image.config.clone();
        configuration["docker_version"] = json!("20.10.7");
    }
    configuration
}
