// SPDX-License-Identifier: LGPL-2.1-or-later

//! All that there is, object by object and file by file, to be compared with another time.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use serde_json::Value;

/// What is another one each time.
const FLEETING: &[&str] = &[
    "created",
    "creationTimestamp",
    // Counts the changes of a stream's spec, to which putting it back adds one.
    "generation",
    "lastTransitionTime",
    "managedFields",
    "openshift.io/image.dockerRepositoryCheck",
    "publicDockerImageRepository",
    "resourceVersion",
    "uid",
];

/// Objects of the API and files of the registry.
#[derive(Debug, PartialEq)]
pub(crate) struct Place {
    /// Image streams and images, as `KIND/NAMESPACE/NAME`, without times, versions, identities
    /// and the registry's port.
    pub(crate) objects: BTreeMap<String, Value>,
    /// Every file of the registry's storage with its bytes. Uploads that nobody finished are not
    /// in it.
    pub(crate) files: BTreeMap<String, u64>,
}

impl Place {
    pub(crate) async fn of(cluster: &Cluster) -> Result<Self> {
        let (root, mut files) = (cluster.storage(), BTreeMap::new());
        read_files(&root, &root, &mut files)?;
        ensure!(!files.is_empty(), "nothing is stored in {}", root.display());
        Ok(Self { objects: objects(cluster).await?, files })
    }

    /// The same without links of repositories to blobs that the other one does not have.
    pub(crate) fn without_links_beyond(mut self, other: &Self) -> Self {
        let is_link = |name: &str| name.starts_with("repositories/") && name.ends_with("/link");
        self.files.retain(|name, _| other.files.contains_key(name) || !is_link(name));
        self
    }

    /// It is as the other one, or else what differs is told.
    pub(crate) fn is_like(&self, other: &Self) -> Result<()> {
        let mut differs = Vec::new();
        compare(&self.objects, &other.objects, &mut differs, |name, found, wanted| {
            difference(name, found, wanted)
        });
        compare(&self.files, &other.files, &mut differs, |name, found, wanted| {
            format!("{name}: {found} bytes, and should have {wanted}")
        });
        ensure!(differs.is_empty(), "not as it should be:\n{}", differs.join("\n"));
        Ok(())
    }
}

fn compare<T: PartialEq>(
    found: &BTreeMap<String, T>,
    wanted: &BTreeMap<String, T>,
    differs: &mut Vec<String>,
    tell: impl Fn(&str, &T, &T) -> String,
) {
    for (name, value) in found {
        match wanted.get(name) {
            None => differs.push(format!("there, and should not be: {name}")),
            Some(other) if other != value => differs.push(tell(name, value, other)),
            Some(_) => {}
        }
    }
    let missing = wanted.keys().filter(|name| !found.contains_key(*name));
    differs.extend(missing.map(|name| format!("missing: {name}")));
}

/// The innermost place where two values differ.
fn difference(place: &str, found: &Value, wanted: &Value) -> String {
    let inner = match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) if found.len() == wanted.len() => {
            found.iter().find_map(|(name, value)| {
                let other = wanted.get(name).filter(|other| *other != value)?;
                Some(difference(&format!("{place}/{name}"), value, other))
            })
        }
        (Value::Array(found), Value::Array(wanted)) if found.len() == wanted.len() => {
            let mut both = found.iter().zip(wanted).enumerate();
            both.find(|(_, (value, other))| value != other).map(|(index, (value, other))| {
                difference(&format!("{place}/{index}"), value, other)
            })
        }
        _ => None,
    };
    inner.unwrap_or_else(|| format!("{place}: {found}, and should be {wanted}"))
}

fn read_files(root: &Path, folder: &Path, files: &mut BTreeMap<String, u64>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if !entry.file_type()?.is_dir() {
            let name = path.strip_prefix(root)?.display().to_string();
            files.insert(name, entry.metadata()?.len());
        } else if entry.file_name() != "_uploads" {
            read_files(root, &path, files)?;
        }
    }
    Ok(())
}

async fn objects(cluster: &Cluster) -> Result<BTreeMap<String, Value>> {
    let mut objects = BTreeMap::new();
    if cluster.face == Face::Plain {
        return Ok(objects);
    }
    for kind in ["imagestreams", "images"] {
        let list = cluster.api("sarah", &format!("/apis/image.openshift.io/v1/{kind}")).await?;
        for object in list["items"].as_array().context("no list")? {
            let metadata = &object["metadata"];
            let name = metadata["name"].as_str().context("no name")?;
            let namespace = metadata["namespace"].as_str().unwrap_or_default();
            objects.insert(format!("{kind}/{namespace}/{name}"), lasting(object.clone()));
        }
    }
    Ok(objects)
}

/// Without what is another one each time.
fn lasting(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|name, _| !FLEETING.contains(&name.as_str()));
            fields.values_mut().for_each(|value| *value = lasting(value.take()));
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|value| *value = lasting(value.take()));
        }
        _ => {}
    }
    value
}

/// The revisions of a tag as they stand in its stream, newest first, times and all; empty if there
/// is no such tag or stream.
pub(crate) async fn revisions(cluster: &Cluster, name: &str) -> Result<Vec<Value>> {
    let (repository, tag) = name.rsplit_once(':').context("no tag")?;
    let (project, stream) = repository.split_once('/').context("no project")?;
    let path = format!("/apis/image.openshift.io/v1/namespaces/{project}/imagestreams/{stream}");
    let answer = cluster.curl("sarah").get(&format!("{}{path}", cluster.ready.api)).await?;
    if answer.status == 404 {
        return Ok(Vec::new());
    }
    let stream = answer.json()?;
    let tags = stream["status"]["tags"].as_array().cloned().unwrap_or_default();
    let found = tags.into_iter().find(|entry| entry["tag"] == *tag);
    Ok(found.and_then(|entry| entry["items"].as_array().cloned()).unwrap_or_default())
}
