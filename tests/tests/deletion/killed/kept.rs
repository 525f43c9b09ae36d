// SPDX-License-Identifier: LGPL-2.1-or-later

//! Everything as it is at one time, to go back to: much cheaper than another cluster for each kill.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use serde_json::Value;

/// All that a deletion can change.
const KINDS: [(&str, &str); 2] = [("imagestreams", "ImageStream"), ("images", "Image")];
const VERSION: &str = "image.openshift.io/v1";

/// The objects of the API and the files of the registry.
#[derive(Debug)]
pub(super) struct Kept {
    objects: Vec<Value>,
    /// Folders, each before what is in it, and files with what they hold.
    files: Vec<(PathBuf, Option<Vec<u8>>)>,
}

impl Kept {
    pub(super) async fn of(cluster: &Cluster) -> Result<Self> {
        let mut files = Vec::new();
        read(cluster.storage(), &mut files)?;
        Ok(Self { objects: objects(cluster).await?, files })
    }

    /// Makes everything as it was. Nobody may be working on it.
    pub(super) async fn restore(&self, cluster: &Cluster) -> Result<()> {
        fs::remove_dir_all(cluster.storage())?;
        for (path, content) in &self.files {
            match content {
                None => fs::create_dir(path)?,
                Some(bytes) => fs::write(path, bytes)?,
            }
        }
        let now = objects(cluster).await?;
        let wanted: BTreeSet<_> = self.objects.iter().map(path).collect();
        for object in now.iter().filter(|object| !wanted.contains(&path(object))) {
            let url = format!("{}{}", cluster.ready.api, path(object));
            ensure!(cluster.curl("sarah").delete(&url).await?.is_good(), "{url} stays");
        }
        let now: BTreeSet<_> = now.iter().map(without_version).collect();
        for object in self.objects.iter().filter(|object| !now.contains(&without_version(object))) {
            cluster.order("objects", &Value::from([object.clone()].as_slice())).await?;
        }
        Ok(())
    }
}

/// All of an object but the number of its last change.
fn without_version(object: &Value) -> String {
    let mut object = object.clone();
    object["metadata"]["resourceVersion"].take();
    object.to_string()
}

fn read(path: PathBuf, files: &mut Vec<(PathBuf, Option<Vec<u8>>)>) -> Result<()> {
    if !path.is_dir() {
        let content = fs::read(&path)?;
        files.push((path, Some(content)));
        return Ok(());
    }
    files.push((path.clone(), None));
    for entry in fs::read_dir(Path::new(&path))? {
        read(entry?.path(), files)?;
    }
    Ok(())
}

/// Where the API has an object.
fn path(object: &Value) -> String {
    let named = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    match (object["kind"].as_str(), named("name")) {
        (Some("Image"), name) => format!("/apis/{VERSION}/images/{name}"),
        (_, name) => {
            format!("/apis/{VERSION}/namespaces/{}/imagestreams/{name}", named("namespace"))
        }
    }
}

async fn objects(cluster: &Cluster) -> Result<Vec<Value>> {
    let mut objects = Vec::new();
    if cluster.face == Face::Plain {
        return Ok(objects);
    }
    for (plural, kind) in KINDS {
        let list = cluster.api("sarah", &format!("/apis/{VERSION}/{plural}")).await?;
        for mut object in list["items"].as_array().context("no list")?.iter().cloned() {
            object["kind"] = kind.into();
            object["apiVersion"] = VERSION.into();
            objects.push(object);
        }
    }
    Ok(objects)
}
