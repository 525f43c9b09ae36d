// SPDX-License-Identifier: LGPL-2.1-or-later
//! Images that nobody pushes: written into a storage before docker-registry starts, as its own
//! pushes would have, and many times faster.

use jiff::SignedDuration;
use serde_json::json;

use super::layer::Layer;
use super::layout::{Image, configuration};
use super::recipe;
use crate::image::mapping;
use crate::image::object::{self, SCHEMA2};
use crate::ready::Face;
use crate::storage::Files;
use crate::store::Store;

/// The project of which only the administrator knows.
pub(crate) const VAULT: &str = "vault";

/// The project with more tags than anybody reads.
pub(crate) const CROWD: &str = "bulk";

const CONFIGURATION: &str = "application/vnd.docker.container.image.v1+json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// How many repositories the crowd is spread over.
const REPOSITORIES: usize = 20;

/// How old all of it is.
const DAYS: i64 = 90;

/// A storage at rest, and the objects about it.
pub(crate) struct Direct<'a> {
    pub(crate) face: Face,
    pub(crate) files: Files,
    pub(crate) store: &'a Store,
}

impl Direct<'_> {
    /// An image on layers that visible ones are made of.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn vault(&self) -> std::io::Result<()> {
        let layers = recipe::Layers::pack()?;
        let own = Layer::pack("COPY ledger /opt/ledger", &[("opt/ledger", "1.0\n")], 20_000)?;
        let all = vec![&layers.base, &layers.python, &own];
        self.put("ledger", VAULT, &["1.0", "latest"], &image(all, "ledger"))
    }

    /// So many tags, each on an image of its own, all of them on one common layer.
    ///
    /// # Errors
    /// When one cannot be written.
    pub(crate) fn crowd(&self, tags: usize) -> std::io::Result<()> {
        let base = Layer::pack("ADD base.tar in /", &[("etc/base", "bulk\n")], 50_000)?;
        for number in 0..tags {
            let repository = format!("r{:02}", number % REPOSITORIES + 1);
            let tag = format!("b{:04}", number / REPOSITORIES + 1);
            let text = format!("{repository} {tag}\n");
            let own = Layer::pack(&format!("COPY {text}"), &[("opt/build", text.as_str())], 500)?;
            let image = image(vec![&base, &own], text.trim());
            self.put(&repository, CROWD, &[&tag], &image)?;
        }
        Ok(())
    }

    fn put(
        &self,
        stream: &str,
        namespace: &str,
        tags: &[&str],
        image: &Image<'_>,
    ) -> std::io::Result<()> {
        let repository = format!("{namespace}/{stream}");
        let configuration = configuration(image);
        let text = configuration.to_string();
        let config = self.files.put(text.as_bytes())?;
        let mut layers = Vec::new();
        for layer in &image.layers {
            let digest = self.files.put(&layer.packed)?;
            layers.push(json!({"mediaType": LAYER, "size": layer.packed.len(), "digest": digest}));
        }
        let manifest = json!({
            "schemaVersion": 2, "mediaType": SCHEMA2,
            "config": {"mediaType": CONFIGURATION, "size": text.len(), "digest": config},
            "layers": layers,
        });
        let digest = self.files.put(manifest.to_string().as_bytes())?;
        let blobs = image.layers.iter().map(|layer| layer.digest.as_str());
        self.files.link_layers(&repository, blobs.chain([config.as_str()]))?;
        self.files.link_manifest(&repository, &digest)?;
        if self.face == Face::Plain {
            return tags.iter().try_for_each(|tag| self.files.tag(&repository, tag, &digest));
        }
        let clock = &self.store.clock;
        clock.set_back(SignedDuration::from_hours(24 * DAYS));
        let reference = object::reference(namespace, stream, &digest);
        let now = clock.now();
        let object = object::image(&digest, SCHEMA2, &manifest, &configuration, &reference, &now);
        for tag in tags {
            mapping::record(self.store, (namespace, stream), tag, object.clone());
        }
        clock.set_back(SignedDuration::ZERO);
        Ok(())
    }
}

fn image<'a>(layers: Vec<&'a Layer>, name: &str) -> Image<'a> {
    let config = json!({"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["run"], "Labels": {"name": name}});
    Image {
        layers,
        config,
        author: "Build team <build@example.com>",
        architecture: "amd64",
        days: DAYS,
        docker: true,
    }
}
