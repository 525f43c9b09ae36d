// SPDX-License-Identifier: LGPL-2.1-or-later

//! A registry on a real socket, and if wanted the image API of the cluster that it belongs to: they
//! do what they are asked to, with the faults that a test wants, and remember who asked for what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use images_proto::{Digest, Tag, TagRef};
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::cluster::Cluster;
use crate::cluster::fake::request::{self, Request};
use crate::registry::sha256;

const IMAGES: &str = "/apis/image.openshift.io/v1/";

/// Everything that there is.
#[derive(Default)]
pub(in crate::action) struct World {
    is_openshift: bool,
    /// It deletes tags by themselves, as distribution 3 does.
    pub(in crate::action) deletes_tags: bool,
    /// It takes that for a wish to delete the image with all its tags.
    pub(in crate::action) misunderstands_that: bool,
    pub(in crate::action) repositories: BTreeMap<String, Repository>,
    /// The text of each manifest that there ever was.
    manifests: BTreeMap<Digest, String>,
    /// What the storage holds, apart from manifests.
    pub(in crate::action) blobs: BTreeSet<Digest>,
    /// The cluster's images, and when they were made.
    pub(in crate::action) images: BTreeMap<Digest, i64>,
    /// Manifests whose data is gone.
    removed: BTreeSet<Digest>,
    pub(in crate::action) log: Vec<String>,
    /// It mounts no blobs.
    pub(in crate::action) mounts_nothing: bool,
    /// Bytes of blobs that were sent.
    pub(in crate::action) sent: usize,
    /// Rights that the user lacks: `VERB RESOURCE PROJECT`.
    pub(in crate::action) denied: BTreeSet<String>,
    faults: Vec<Fault>,
    refused: BTreeSet<String>,
    /// Done right before a request that begins so.
    before: Option<(String, Act)>,
    version: u64,
}

/// A repository, or image stream.
#[derive(Clone, Default)]
pub(in crate::action) struct Repository {
    /// The history of each tag, newest first; at a plain registry the newest alone counts.
    pub(in crate::action) tags: BTreeMap<String, Vec<Digest>>,
    pub(in crate::action) manifests: BTreeSet<Digest>,
    pub(in crate::action) links: BTreeSet<Digest>,
    version: u64,
}

type Act = Box<dyn FnOnce(&mut World) + Send>;

struct Fault {
    on: String,
    /// Requests that go well before.
    after: usize,
    times: usize,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// This status, with a `Retry-After` of no seconds.
    Status(u16),
    /// A good answer, and nothing is done.
    Pretend,
}

struct Asked {
    method: String,
    path: String,
    query: String,
    body: Vec<u8>,
}

struct Reply {
    status: u16,
    digest: Option<Digest>,
    location: Option<String>,
    body: String,
    length: usize,
}

fn reply(status: u16, body: impl ToString) -> Reply {
    let body = body.to_string();
    Reply { status, digest: None, location: None, length: body.len(), body }
}

fn registry_says(status: u16, code: &str) -> Reply {
    reply(status, json!({ "errors": [{ "code": code, "message": "no" }] }))
}

fn cluster_says(status: u16, reason: &str) -> Reply {
    reply(status, json!({ "kind": "Status", "code": status, "reason": reason, "message": "no" }))
}

/// The manifest of an image with this config and these layers, each named by a byte.
pub(in crate::action) fn image(config: u8, layers: &[u8]) -> String {
    let blob = |byte: &u8| json!({ "digest": digest(*byte), "size": u64::from(*byte) });
    json!({
        "schemaVersion": 2,
        "config": blob(&config),
        "layers": layers.iter().map(blob).collect::<Vec<_>>(),
    })
    .to_string()
}

/// An index of these images.
pub(in crate::action) fn index(children: &[&str]) -> String {
    let child = |text: &&str| json!({ "digest": sha256(text.as_bytes()), "size": text.len() });
    json!({ "schemaVersion": 2, "manifests": children.iter().map(child).collect::<Vec<_>>() })
        .to_string()
}

pub(in crate::action) fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

pub(in crate::action) fn tag_ref(text: &str) -> TagRef {
    let (repository, tag) = text.split_once(':').unwrap();
    TagRef { repository: repository.parse().unwrap(), tag: tag.parse().unwrap() }
}

impl World {
    /// Somebody pushes an image or index, long ago.
    pub(in crate::action) fn push(&mut self, tag: &str, text: &str) -> Digest {
        let TagRef { repository, tag } = tag_ref(tag);
        let digest = self.put(repository.as_str(), text);
        self.version += 1;
        let repository = self.repositories.get_mut(repository.as_str()).unwrap();
        repository.version = self.version;
        let history = repository.tags.entry(tag.to_string()).or_default();
        history.insert(0, digest);
        digest
    }

    /// Somebody pushes a manifest without a tag.
    pub(in crate::action) fn put(&mut self, repository: &str, text: &str) -> Digest {
        let digest = sha256(text.as_bytes());
        let repository = self.repositories.entry(repository.to_owned()).or_default();
        repository.manifests.insert(digest);
        repository.links.extend(blobs(text));
        self.blobs.extend(blobs(text));
        self.manifests.insert(digest, text.to_owned());
        if self.is_openshift {
            self.images.entry(digest).or_insert(0);
        }
        digest
    }

    /// The first requests that begin so get this status.
    pub(in crate::action) fn fail(&mut self, on: &str, status: u16, times: usize) {
        self.fail_after(0, on, status, times);
    }

    pub(in crate::action) fn fail_after(
        &mut self,
        after: usize,
        on: &str,
        status: u16,
        times: usize,
    ) {
        let what = What::Status(status);
        self.faults.push(Fault { on: on.to_owned(), after, times, what });
    }

    /// This very request is forbidden.
    pub(in crate::action) fn refuse(&mut self, on: &str) {
        self.refused.insert(on.to_owned());
    }

    /// Requests that begin so are answered well, and nothing is done.
    pub(in crate::action) fn pretend(&mut self, on: &str) {
        let (after, times, what) = (0, usize::MAX, What::Pretend);
        self.faults.push(Fault { on: on.to_owned(), after, times, what });
    }

    /// Does this right before the first request that begins so.
    pub(in crate::action) fn before(
        &mut self,
        on: &str,
        act: impl FnOnce(&mut World) + Send + 'static,
    ) {
        self.before = Some((on.to_owned(), Box::new(act)));
    }

    /// The requests that changed something, or were to.
    pub(in crate::action) fn changes(&self) -> Vec<String> {
        let changes = |line: &&String| {
            ["DELETE ", "PUT ", "PATCH "].iter().any(|method| line.starts_with(method))
        };
        self.log.iter().filter(changes).cloned().collect()
    }

    pub(in crate::action) fn names(&self, tag: &str) -> Option<Digest> {
        let TagRef { repository, tag } = tag_ref(tag);
        self.repositories.get(repository.as_str())?.tags.get(tag.as_str())?.first().copied()
    }

    fn fault(&mut self, line: &str) -> Option<What> {
        for fault in &mut self.faults {
            if !line.starts_with(&fault.on) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
            } else if fault.times > 0 {
                fault.times -= 1;
                return Some(fault.what);
            }
        }
        None
    }

    fn answer(&mut self, asked: &Asked) -> Reply {
        let line = format!("{} {}", asked.method, asked.path);
        if self.before.as_ref().is_some_and(|(on, _)| line.starts_with(on)) {
            let (_, act) = self.before.take().unwrap();
            act(self);
        }
        self.log.push(line.clone());
        if self.refused.contains(&line) {
            return cluster_says(403, "Forbidden");
        }
        let is_registry = asked.path.starts_with("/v2/") || asked.path.starts_with("/admin/");
        match self.fault(&line) {
            Some(What::Status(status)) if is_registry => return registry_says(status, "UNKNOWN"),
            Some(What::Status(status)) => return cluster_says(status, "InternalError"),
            Some(What::Pretend) if is_registry => return reply(202, ""),
            Some(What::Pretend) => return reply(200, json!({ "kind": "Status" })),
            None => {}
        }
        if let Some(blob) = asked.path.strip_prefix("/admin/blobs/") {
            let blob: Digest = blob.parse().unwrap();
            self.blobs.remove(&blob);
            self.removed.insert(blob);
            return reply(204, "");
        }
        match asked.path.strip_prefix("/v2/") {
            Some("") => reply(200, "{}"),
            Some(path) => self.registry(asked, path),
            None => self.cluster(asked),
        }
    }

    fn registry(&mut self, asked: &Asked, path: &str) -> Reply {
        let (method, body) = (&*asked.method, &*asked.body);
        if path == "_catalog" {
            let names: Vec<_> = self.repositories.keys().collect();
            return reply(200, json!({ "repositories": names }));
        }
        if let Some(name) = path.strip_suffix("/tags/list") {
            let Some(repository) = self.repositories.get(name) else {
                return registry_says(404, "NAME_UNKNOWN");
            };
            let tags: Vec<_> = repository.tags.keys().collect();
            return reply(200, json!({ "name": name, "tags": tags }));
        }
        if let Some((name, reference)) = path.split_once("/manifests/") {
            return self.manifest(method, name, reference, body);
        }
        let Some((name, blob)) = path.split_once("/blobs/") else {
            return registry_says(404, "UNSUPPORTED");
        };
        if blob.starts_with("uploads/") {
            return self.upload(name, asked);
        }
        let blob: Digest = blob.parse().unwrap();
        let Some(repository) = self.repositories.get_mut(name) else {
            return registry_says(404, "NAME_UNKNOWN");
        };
        let has = repository.links.contains(&blob) && self.blobs.contains(&blob);
        match method {
            _ if !has => registry_says(404, "BLOB_UNKNOWN"),
            "DELETE" => {
                repository.links.remove(&blob);
                reply(202, "")
            }
            _ => Reply { length: usize::from(blob.as_bytes()[0]), ..reply(200, "") },
        }
    }

    /// Mounting, or else the pieces of an upload.
    fn upload(&mut self, name: &str, asked: &Asked) -> Reply {
        let said = |key: &str| {
            let pairs = asked.query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .filter(|(name, _)| *name == key)
                .map(|(_, value)| value.replace("%2F", "/"))
                .next()
        };
        self.sent += asked.body.len();
        let from = said("from").filter(|_| !self.mounts_nothing);
        let mounted = said("mount").map(|blob| blob.parse::<Digest>().unwrap()).filter(|blob| {
            from.and_then(|from| self.repositories.get(&from))
                .is_some_and(|r| r.links.contains(blob))
        });
        let finished = said("digest").map(|blob| blob.parse::<Digest>().unwrap());
        match mounted.or(finished) {
            Some(blob) => {
                self.repositories.entry(name.to_owned()).or_default().links.insert(blob);
                self.blobs.insert(blob);
                reply(201, "")
            }
            None => {
                let location = Some(format!("/v2/{name}/blobs/uploads/1?_state=x"));
                Reply { location, ..reply(202, "") }
            }
        }
    }

    fn manifest(&mut self, method: &str, name: &str, reference: &str, body: &[u8]) -> Reply {
        let is_openshift = self.is_openshift;
        if method == "PUT" {
            let text = String::from_utf8(body.to_vec()).unwrap();
            match reference.parse::<Digest>() {
                Ok(said) if said != sha256(body) => return registry_says(400, "DIGEST_INVALID"),
                Ok(_) => self.put(name, &text),
                Err(_) => {
                    let digest = self.put(name, &text);
                    let repository = self.repositories.get_mut(name).unwrap();
                    repository.tags.insert(reference.to_owned(), vec![digest]);
                    digest
                }
            };
            return reply(201, "");
        }
        let Some(repository) = self.repositories.get_mut(name) else {
            // As OpenShift's does where the stream is gone.
            let status = if is_openshift { 500 } else { 404 };
            return registry_says(status, "UNKNOWN");
        };
        let by_tag = repository.tags.get(reference).map(|history| history[0]);
        let Some(digest) = by_tag.or_else(|| reference.parse().ok()) else {
            return match method {
                "DELETE" if !self.deletes_tags => registry_says(400, "DIGEST_INVALID"),
                _ => registry_says(404, "MANIFEST_UNKNOWN"),
            };
        };
        let has = repository.manifests.contains(&digest)
            && self.manifests.contains_key(&digest)
            && !self.removed.contains(&digest);
        let named = repository.tags.values().any(|history| history.contains(&digest));
        match method {
            "DELETE" if by_tag.is_some() && !self.deletes_tags => {
                registry_says(400, "DIGEST_INVALID")
            }
            _ if !has => registry_says(404, "MANIFEST_UNKNOWN"),
            "DELETE" if by_tag.is_some() && !self.misunderstands_that => {
                repository.tags.remove(reference);
                reply(202, "")
            }
            "DELETE" if is_openshift && named => registry_says(405, "UNSUPPORTED"),
            "DELETE" => {
                repository.manifests.remove(&digest);
                repository.tags.retain(|_, history| history[0] != digest);
                reply(202, "")
            }
            _ => Reply { digest: Some(digest), ..reply(200, &self.manifests[&digest]) },
        }
    }

    fn cluster(&mut self, asked: &Asked) -> Reply {
        match &*asked.path {
            _ if !self.is_openshift => return cluster_says(404, "NotFound"),
            "/version" => return reply(200, json!({ "gitVersion": "v1.33.0" })),
            "/apis/image.openshift.io/v1" => {
                return reply(200, json!({ "kind": "APIResourceList" }));
            }
            "/apis/authentication.k8s.io/v1/selfsubjectreviews" => {
                return reply(201, json!({ "status": { "userInfo": { "username": "amy" } } }));
            }
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
                let body: Value = serde_json::from_slice(&asked.body).unwrap();
                let asked = &body["spec"]["resourceAttributes"];
                let said = |field: &str| asked[field].as_str().unwrap_or_default().to_owned();
                let right = format!("{} {} {}", said("verb"), said("resource"), said("namespace"));
                let allowed = !self.denied.contains(&right);
                return reply(201, json!({ "status": { "allowed": allowed } }));
            }
            _ => {}
        }
        let Some(path) = asked.path.strip_prefix(IMAGES) else {
            return cluster_says(404, "NotFound");
        };
        let parts: Vec<_> = path.split('/').collect();
        match (&*asked.method, &parts[..]) {
            ("GET", ["imagestreams"]) => {
                let streams: Vec<_> =
                    self.repositories.keys().map(|name| self.stream(name)).collect();
                reply(200, json!({ "items": streams }))
            }
            ("GET", ["images"]) => {
                let items: Vec<_> =
                    self.images.keys().map(|digest| self.metadata(digest)).collect();
                reply(200, json!({ "items": items }))
            }
            (method, ["images", digest]) => {
                let digest: Digest = digest.parse().unwrap();
                match (method, self.images.contains_key(&digest)) {
                    (_, false) => cluster_says(404, "NotFound"),
                    ("DELETE", true) => {
                        self.images.remove(&digest);
                        reply(200, json!({ "kind": "Status" }))
                    }
                    (_, true) => reply(200, self.object(&digest)),
                }
            }
            ("PUT", ["namespaces", project, "imagestreamtags", _])
            | ("POST", ["namespaces", project, "imagestreamtags"]) => {
                self.name_image(project, &asked.method, &asked.body)
            }
            (method, ["namespaces", project, "imagestreamtags", tag]) => {
                let (name, tag) = tag.split_once(':').unwrap();
                let Some(stream) = self.repositories.get_mut(&format!("{project}/{name}")) else {
                    return cluster_says(404, "NotFound");
                };
                if !stream.tags.contains_key(tag) {
                    return cluster_says(404, "NotFound");
                }
                if method == "DELETE" {
                    stream.tags.remove(tag);
                    self.version += 1;
                    stream.version = self.version;
                }
                reply(200, json!({ "kind": "Status", "metadata": {} }))
            }
            (method, ["namespaces", project, "imagestreams", name, rest @ ..]) => {
                self.stream_request(method, &format!("{project}/{name}"), rest, asked)
            }
            _ => cluster_says(404, "NotFound"),
        }
    }

    /// Has a tag name what another stream has.
    fn name_image(&mut self, project: &str, method: &str, body: &[u8]) -> Reply {
        let body: Value = serde_json::from_slice(body).unwrap();
        let (name, tag) = body["metadata"]["name"].as_str().unwrap().split_once(':').unwrap();
        let name = format!("{project}/{name}");
        let there = self.repositories.get(&name);
        let wanted = &body["metadata"]["resourceVersion"];
        match (there, method) {
            (None, "PUT") => return cluster_says(404, "NotFound"),
            (Some(there), "PUT") if *wanted != *there.version.to_string() => {
                return cluster_says(409, "Conflict");
            }
            _ => {}
        }
        let from = body["tag"]["from"]["name"].as_str().unwrap();
        let digest: Digest = from.split_once('@').unwrap().1.parse().unwrap();
        let text = self.manifests[&digest].clone();
        for child in children(&text) {
            let text = self.manifests[&child].clone();
            self.put(&name, &text);
        }
        self.push(&format!("{name}:{tag}"), &text);
        reply(200, json!({ "kind": "ImageStreamTag" }))
    }

    fn stream_request(&mut self, method: &str, name: &str, rest: &[&str], asked: &Asked) -> Reply {
        let Some(stream) = self.repositories.get(name).cloned() else {
            return cluster_says(404, "NotFound");
        };
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        match (method, rest) {
            ("GET", []) => reply(200, self.stream(name)),
            ("GET", ["layers"]) => reply(200, self.layers(&stream)),
            ("DELETE", []) => {
                let wanted = body.pointer("/preconditions/resourceVersion").cloned();
                if wanted.is_some_and(|wanted| wanted != *stream.version.to_string()) {
                    return cluster_says(409, "Conflict");
                }
                self.repositories.remove(name);
                reply(200, json!({ "kind": "Status" }))
            }
            ("PUT", ["status"]) => {
                if body["metadata"]["resourceVersion"] != *stream.version.to_string() {
                    return cluster_says(409, "Conflict");
                }
                let tags = body["status"]["tags"].as_array().unwrap().iter().map(|tag| {
                    let items = tag["items"].as_array().unwrap().iter();
                    let items = items.map(|item| item["image"].as_str().unwrap().parse().unwrap());
                    (tag["tag"].as_str().unwrap().to_owned(), items.collect())
                });
                let tags = tags.collect();
                self.version += 1;
                let version = self.version;
                self.repositories.insert(name.to_owned(), Repository { tags, version, ..stream });
                reply(200, self.stream(name))
            }
            _ => cluster_says(404, "NotFound"),
        }
    }

    fn stream(&self, name: &str) -> Value {
        let stream = &self.repositories[name];
        let (project, short) = name.split_once('/').unwrap();
        let tags = stream.tags.iter().map(|(tag, history)| {
            let items = history.iter().map(|digest| json!({ "image": digest }));
            json!({ "tag": tag, "items": items.collect::<Vec<_>>() })
        });
        json!({
            "metadata": {
                "name": short, "namespace": project, "resourceVersion": stream.version.to_string(),
            },
            "spec": {}, "status": { "tags": tags.collect::<Vec<_>>() },
        })
    }

    fn layers(&self, stream: &Repository) -> Value {
        let mut digests: Vec<Digest> = stream.tags.values().flatten().copied().collect();
        let (mut images, mut known) = (json!({}), json!({}));
        while let Some(digest) = digests.pop() {
            let text = &self.manifests[&digest];
            let children = children(text);
            digests.extend(&children);
            let all = blobs(text);
            let (config, layers) = all.split_first().map_or((None, &[][..]), |(a, b)| (Some(a), b));
            for blob in layers {
                known[blob.to_string()] = json!({ "size": blob.as_bytes()[0] });
            }
            images[digest.to_string()] =
                json!({ "config": config, "layers": layers, "manifests": children });
        }
        json!({ "blobs": known, "images": images })
    }

    fn metadata(&self, digest: &Digest) -> Value {
        let created = jiff::Timestamp::from_second(self.images[digest]).unwrap().to_string();
        json!({ "metadata": {
            "name": digest, "creationTimestamp": created,
            "annotations": { "openshift.io/image.managed": "true" },
        } })
    }

    fn object(&self, digest: &Digest) -> Value {
        let mut object = self.metadata(digest);
        let text = self.manifests.get(digest).cloned().unwrap_or_default();
        let all = blobs(&text);
        if let Some((config, layers)) = all.split_first() {
            let layer = |blob: &Digest| json!({ "name": blob, "size": blob.as_bytes()[0] });
            object["dockerImageMetadata"] = json!({ "Id": config });
            object["dockerImageLayers"] = layers.iter().map(layer).collect();
        }
        let children = children(&text).into_iter().map(|digest| json!({ "digest": digest }));
        object["dockerImageManifests"] = children.collect();
        object
    }
}

/// Config and layers of an image, by its manifest.
fn blobs(text: &str) -> Vec<Digest> {
    let manifest: Value = serde_json::from_str(text).unwrap_or_default();
    let config = manifest.get("config").into_iter();
    let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
    let all = config.cloned().chain(layers);
    all.map(|blob| blob["digest"].as_str().unwrap().parse().unwrap()).collect()
}

fn children(text: &str) -> Vec<Digest> {
    let manifest: Value = serde_json::from_str(text).unwrap_or_default();
    let children = manifest["manifests"].as_array().cloned().unwrap_or_default().into_iter();
    children.map(|child| child["digest"].as_str().unwrap().parse().unwrap()).collect()
}

/// The server. It ends with this value.
pub(in crate::action) struct Server {
    world: Arc<Mutex<World>>,
    pub(in crate::action) address: String,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(in crate::action) async fn start(is_openshift: bool) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World { is_openshift, ..World::default() }));
        let mut tasks = JoinSet::new();
        let at = world.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let at = at.clone();
                connections.spawn(async move { drop(serve(socket, &at).await) });
            }
        });
        Self { world, address, _tasks: tasks }
    }

    pub(in crate::action) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(in crate::action) fn cluster(&self) -> Cluster {
        let config = kube::Config::new(self.address.parse().unwrap());
        Cluster::with_config(config, None).unwrap()
    }
}

async fn serve(socket: TcpStream, world: &Mutex<World>) -> std::io::Result<()> {
    let mut socket = BufReader::new(socket);
    while let Some(request) = request::read(&mut socket).await? {
        let Request { method, target, body, .. } = request;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let asked = Asked { method, path: path.to_owned(), query: query.to_owned(), body };
        let reply = world.lock().unwrap().answer(&asked);
        let location = reply.location.map(|location| format!("Location: {location}\r\n"));
        let digest = reply.digest.map(|digest| format!("Docker-Content-Digest: {digest}\r\n"));
        let is_head = asked.method == "HEAD";
        let length = if is_head { reply.length } else { reply.body.len() };
        let head = format!(
            "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nRetry-After: 0\r\n{}{}\
             Docker-Distribution-Api-Version: registry/2.0\r\nContent-Length: {length}\r\n\r\n",
            reply.status,
            digest.unwrap_or_default(),
            location.unwrap_or_default(),
        );
        let body = if is_head { String::new() } else { reply.body };
        socket.write_all(format!("{head}{body}").as_bytes()).await?;
    }
    Ok(())
}

/// The names of tags, for what is asserted.
pub(in crate::action) fn tags(world: &World, repository: &str) -> Vec<String> {
    let tags = world.repositories.get(repository).map(|repository| repository.tags.keys().cloned());
    tags.into_iter().flatten().map(|tag| tag.parse::<Tag>().unwrap().to_string()).collect()
}
