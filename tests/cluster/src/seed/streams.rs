// SPDX-License-Identifier: LGPL-2.1-or-later
//! Streams that no push makes: imported, failed to import, promoted, following.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::layer::Layer;
use super::layout::{Image, configuration};
use crate::identifier::digest_of;
use crate::image::object::{self, SCHEMA2};
use crate::image::stream;
use crate::resource::{IMAGE_STREAMS, IMAGES};
use crate::store::Store;

/// Where imported images come from.
const OUTSIDE: &str = "registry.example.com";

/// Adds them.
///
/// # Errors
/// When the pushes did not leave what these refer to.
pub(crate) fn add(store: &Store) -> anyhow::Result<()> {
    let imported = imported_image()?;
    let digest = imported["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let mut frontend = {
        let objects = store.read();
        objects
            .get(&IMAGE_STREAMS, "skyfield/frontend")
            .context("skyfield/frontend is missing")?
            .value()
    };
    let promoted =
        stream::tag(&frontend, "stable").context("skyfield/frontend:stable is missing")?;
    let promoted = promoted["items"][0]["image"].as_str().unwrap_or_default().to_owned();
    let latest =
        stream::head(&frontend, "latest").context("skyfield/frontend:latest is missing")?;
    let latest = latest["image"].as_str().unwrap_or_default().to_owned();
    store.write(|objects, clock| {
        let now = clock.now();
        objects.put(&IMAGES, imported, clock);
        objects.put(&IMAGE_STREAMS, vendor(&digest, &now), clock);
        objects.put(&IMAGE_STREAMS, failed(&now), clock);
        let from = format!("frontend@{promoted}");
        let mut stream = stream::empty("shop", "frontend", None);
        stream["spec"]["tags"] = json!([follows("prod", "ImageStreamImage", "skyfield", &from, 1)]);
        stream::push(&mut stream, "prod", &promoted, &now);
        objects.put(&IMAGE_STREAMS, stream, clock);
        frontend["metadata"]["generation"] = json!(2);
        frontend["spec"]["tags"] =
            json!([follows("test", "ImageStreamTag", "skyfield", "frontend:latest", 2)]);
        stream::push(&mut frontend, "test", &latest, &now);
        objects.put(&IMAGE_STREAMS, frontend, clock);
    });
    Ok(())
}

fn follows(tag: &str, kind: &str, namespace: &str, name: &str, generation: u64) -> Value {
    json!({
        "name": tag, "annotations": null,
        "from": {"kind": kind, "namespace": namespace, "name": name},
        "generation": generation, "importPolicy": {"importMode": "Legacy"},
        "referencePolicy": {"type": "Source"},
    })
}

fn import(tag: &str, from: &str) -> Value {
    json!({
        "name": tag, "annotations": null, "from": {"kind": "DockerImage", "name": from},
        "generation": 1,
        "importPolicy": {"scheduled": true, "importMode": "Legacy"},
        "referencePolicy": {"type": "Source"},
    })
}

/// An imported stream: its image is not in this registry.
fn vendor(digest: &str, now: &str) -> Value {
    let mut stream = stream::empty("tools", "vendor", None);
    stream["metadata"]["annotations"] = json!({"openshift.io/image.dockerRepositoryCheck": now});
    stream["spec"]["tags"] = json!([import("1.2", &format!("{OUTSIDE}/vendor/external:1.2"))]);
    let reference = format!("{OUTSIDE}/vendor/external@{digest}");
    let item = json!({
        "created": now, "dockerImageReference": reference, "image": digest, "generation": 1,
    });
    stream::put_item(&mut stream, "1.2", item);
    stream
}

/// An import that failed.
fn failed(now: &str) -> Value {
    let from = format!("{OUTSIDE}/nope/nope:latest");
    let mut stream = stream::empty("tools", "missing", None);
    stream["metadata"]["annotations"] = json!({"openshift.io/image.dockerRepositoryCheck": now});
    stream["spec"]["tags"] = json!([import("latest", &from)]);
    stream["status"]["tags"] = json!([{
        "tag": "latest", "items": null, "conditions": [{
            "type": "ImportSuccess", "status": "False", "lastTransitionTime": now,
            "reason": "NotFound",
            "message": format!("dockerimage.image.openshift.io \"{from}\" not found"),
            "generation": 1,
        }],
    }]);
    stream
}

fn imported_image() -> anyhow::Result<Value> {
    let layer = Layer::pack("ADD vendor.tar in /", &[("etc/vendor", "external\n")], 1000)?;
    let config = json!({
        "Env": ["container=oci"], "Cmd": ["external"], "WorkingDir": "/",
        "Labels": {"version": "1.2"},
    });
    let image = Image {
        layers: vec![&layer],
        config,
        author: "Vendor <images@example.com>",
        architecture: "amd64",
        days: 70,
        docker: true,
    };
    let config = configuration(&image);
    let text = config.to_string();
    let layer_type = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    let manifest = json!({
        "schemaVersion": 2, "mediaType": SCHEMA2,
        "config": {"digest": digest_of(text.as_bytes()), "size": text.len()},
        "layers": [{"digest": layer.digest, "size": layer.packed.len(), "mediaType": layer_type}],
    });
    let digest = digest_of(manifest.to_string().as_bytes());
    let reference = format!("{OUTSIDE}/vendor/external@{digest}");
    let mut image = object::image(&digest, SCHEMA2, &manifest, &config, &reference, "");
    // The registry did not store it.
    if let Some(annotations) = image["metadata"]["annotations"].as_object_mut() {
        annotations.retain(|name, _| name == "image.openshift.io/dockerLayersOrder");
    }
    Ok(image)
}
