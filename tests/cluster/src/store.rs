// SPDX-License-Identifier: LGPL-2.1-or-later
//! The cluster's objects and their history, as etcd keeps them.
//!
//! An object is stored as the JSON text that goes out, behind an [`Arc`]: a list of
//! many copies bytes and parses nothing. Every write has a version of its own; the
//! log of writes serves watches and the pages of a list that began before them.
//!
//! What a [`Load`] makes is not stored: it is there unless something was written over it.

pub(crate) mod items;
pub(crate) mod labels;
pub(crate) mod page;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::identifier;
use crate::image::layers::Contents;
use crate::load::Load;
use crate::resource::{GROUPS, IMAGES, RBAC, Resource, STORED};

/// Older writes are forgotten beyond this many, as a compaction of etcd does.
const MAX_LOG: usize = 100_000;

/// The same, in bytes of objects.
const MAX_LOG_BYTES: usize = 64 << 20;

/// One object as it was at one time.
#[derive(Debug)]
pub(crate) struct Stored {
    /// `NAMESPACE/NAME`, or the name of a cluster-wide object: etcd's order.
    pub(crate) key: String,
    /// Without `kind` and `apiVersion`, as items of a list are.
    json: Bytes,
    /// Whether it names owners.
    owned: bool,
}

impl Stored {
    /// An object that a load makes.
    fn made(load: &Load, resource: &Resource, rank: u32) -> Self {
        let json = load.item(resource, rank).into();
        Self { key: load.key(resource, rank), json, owned: false }
    }

    /// The text as it stands in a list.
    pub(crate) fn item(&self) -> &Bytes {
        &self.json
    }

    /// The text as it stands alone.
    pub(crate) fn alone(&self, resource: &Resource) -> Vec<u8> {
        let head =
            format!(r#"{{"kind":"{}","apiVersion":"{}","#, resource.kind, resource.api_version());
        [head.as_bytes(), self.json.get(1..).unwrap_or_default()].concat()
    }

    /// Parsed.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.json).unwrap_or_default()
    }

    /// Whether it names owners, with whom it goes.
    pub(crate) fn is_owned(&self) -> bool {
        self.owned
    }

    /// The part of the key before the slash.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.key.split_once('/').map(|(namespace, _)| namespace)
    }

    /// The part of the key after the slash.
    pub(crate) fn name(&self) -> &str {
        self.key.split_once('/').map_or(self.key.as_str(), |(_, name)| name)
    }
}

/// The key of an object.
pub(crate) fn key(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"))
}

/// One write.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// Its version.
    pub(crate) version: u64,
    /// What it wrote.
    pub(crate) resource: &'static Resource,
    /// Before it; none if it created the object.
    pub(crate) before: Option<Arc<Stored>>,
    /// After it; none if it deleted the object.
    pub(crate) after: Option<Arc<Stored>>,
}

impl Event {
    fn bytes(&self) -> usize {
        self.after.as_ref().or(self.before.as_ref()).map_or(0, |object| object.json.len())
    }
}

/// The objects behind one lock.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    version: u64,
    /// What was written; none where a made object was deleted.
    collections: BTreeMap<&'static str, BTreeMap<String, Option<Arc<Stored>>>>,
    /// What was made besides.
    load: Option<Arc<Load>>,
    log: VecDeque<Event>,
    log_bytes: usize,
    /// Writes up to this one are forgotten.
    compacted: u64,
    /// The version of the last write to a role, a binding or a group, to be read without the lock.
    rights: Arc<AtomicU64>,
}

impl Objects {
    /// The version of the last write.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The oldest version whose successors are known.
    pub(crate) fn oldest(&self) -> u64 {
        self.compacted
    }

    /// One object.
    pub(crate) fn get(&self, resource: &Resource, key: &str) -> Option<Arc<Stored>> {
        match self.collections.get(resource.collection()).and_then(|all| all.get(key)) {
            Some(written) => written.clone(),
            None => self.made(resource, key),
        }
    }

    fn made(&self, resource: &Resource, key: &str) -> Option<Arc<Stored>> {
        let load = self.load.as_deref().filter(|load| load.count(resource) > 0)?;
        let rank = load.position(resource, key).ok()?;
        Some(Arc::new(Stored::made(load, resource, rank)))
    }

    /// What an Image consists of.
    pub(crate) fn contents(&self, digest: &str) -> Option<Contents> {
        match self.collections.get(IMAGES.collection()).and_then(|all| all.get(digest)) {
            Some(written) => written.as_ref().map(|image| Contents::of(&image.value())),
            None => self.load.as_deref()?.contents(digest),
        }
    }

    /// All objects of a kind that were written, in order: of most kinds that is all of them. See
    /// [`Objects::items`] for what was made too.
    pub(crate) fn all(&self, resource: &Resource) -> impl Iterator<Item = &Arc<Stored>> {
        let collection = self.collections.get(resource.collection()).into_iter();
        collection.flat_map(BTreeMap::values).flatten()
    }

    /// Writes an object; fills in uid, time and version.
    pub(crate) fn put(
        &mut self,
        resource: &'static Resource,
        mut object: Value,
        clock: &Clock,
    ) -> Arc<Stored> {
        self.version += 1;
        let meta = &mut object["metadata"];
        let key = key(meta["namespace"].as_str(), meta["name"].as_str().unwrap_or_default());
        if meta["uid"].is_null() {
            meta["uid"] = json!(identifier::uid());
        }
        if meta["creationTimestamp"].is_null() {
            meta["creationTimestamp"] = json!(clock.now());
        }
        meta["resourceVersion"] = json!(self.version.to_string());
        if let Some(fields) = object.as_object_mut() {
            fields.remove("kind");
            fields.remove("apiVersion");
        }
        let owners = object["metadata"]["ownerReferences"].as_array();
        let owned = owners.is_some_and(|owners| !owners.is_empty());
        let stored = Arc::new(Stored { key, json: object.to_string().into(), owned });
        let collection = self.collections.entry(resource.collection()).or_default();
        let before = collection.insert(stored.key.clone(), Some(Arc::clone(&stored)));
        let before = before.unwrap_or_else(|| self.made(resource, &stored.key));
        self.note(resource, before, Some(Arc::clone(&stored)));
        stored
    }

    /// Deletes an object and returns what it was.
    pub(crate) fn delete(&mut self, resource: &'static Resource, key: &str) -> Option<Arc<Stored>> {
        let before = self.get(resource, key)?;
        let collection = self.collections.entry(resource.collection()).or_default();
        if self.load.as_deref().is_some_and(|load| load.position(resource, key).is_ok()) {
            collection.insert(key.to_owned(), None);
        } else {
            collection.remove(key);
        }
        self.version += 1;
        self.note(resource, Some(Arc::clone(&before)), None);
        Some(before)
    }

    fn note(
        &mut self,
        resource: &'static Resource,
        before: Option<Arc<Stored>>,
        after: Option<Arc<Stored>>,
    ) {
        let resource = resource.home();
        if resource.group == RBAC || resource == &GROUPS {
            self.rights.store(self.version, Ordering::Release);
        }
        let event = Event { version: self.version, resource, before, after };
        self.log_bytes += event.bytes();
        self.log.push_back(event);
        while self.log.len() > MAX_LOG || self.log_bytes > MAX_LOG_BYTES {
            let Some(oldest) = self.log.pop_front() else { return };
            self.log_bytes -= oldest.bytes();
            self.compacted = oldest.version;
        }
    }

    /// The writes after a version; none if some of them are forgotten.
    pub(crate) fn since(&self, version: u64) -> Option<impl DoubleEndedIterator<Item = &Event>> {
        let from = self.log.partition_point(|event| event.version <= version);
        (version >= self.compacted).then(|| self.log.range(from..))
    }
}

/// The cluster's objects.
#[derive(Debug)]
pub(crate) struct Store {
    objects: Mutex<Objects>,
    version: watch::Sender<u64>,
    rights: Arc<AtomicU64>,
    /// The time that new objects get.
    pub(crate) clock: Clock,
}

impl Default for Store {
    fn default() -> Self {
        // A young cluster has written a few hundred objects of its own already, and
        // forgotten how.
        let objects = Objects { version: 600, compacted: 600, ..Objects::default() };
        Self {
            rights: Arc::clone(&objects.rights),
            objects: Mutex::new(objects),
            version: watch::Sender::new(600),
            clock: Clock::default(),
        }
    }
}

impl Store {
    /// With what a load makes, which is older than all that is written later.
    pub(crate) fn with_load(load: Load) -> Self {
        let this = Self::default();
        let mut objects = this.read();
        objects.version = load.version();
        objects.compacted = objects.version;
        this.version.send_replace(objects.version);
        objects.load = Some(Arc::new(load));
        drop(objects);
        this
    }

    /// What is made, if anything is.
    pub(crate) fn made(&self) -> Option<Arc<Load>> {
        self.read().load.clone()
    }

    /// To read; do not keep it across an await.
    pub(crate) fn read(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To write; watches are told afterwards.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut Objects, &Clock) -> T) -> T {
        let mut objects = self.read();
        let result = change(&mut objects, &self.clock);
        let version = objects.version;
        drop(objects);
        self.version.send_if_modified(|told| std::mem::replace(told, version) != version);
        result
    }

    /// Changes when something was written.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// The version of the last write to a role, a binding or a group.
    pub(crate) fn rights_version(&self) -> u64 {
        self.rights.load(Ordering::Acquire)
    }

    /// Forgets all history.
    pub(crate) fn compact(&self) {
        let mut objects = self.read();
        objects.compacted = objects.version;
        objects.log.clear();
        objects.log_bytes = 0;
    }

    /// All objects of some kinds, to be kept in a file.
    pub(crate) fn save(&self, resources: &[&'static Resource]) -> Value {
        let objects = self.read();
        let collections = resources.iter().map(|resource| {
            let items = objects.items(resource, None).map(|item| item.stored().value());
            let items = items.collect::<Vec<_>>();
            (resource.plural.to_owned(), Value::from(items))
        });
        Value::Object(collections.collect())
    }

    /// Writes the objects of a file; their times and uids stay.
    pub(crate) fn load(&self, saved: &Value) {
        self.write(|objects, clock| {
            for resource in STORED {
                for object in saved[resource.plural].as_array().into_iter().flatten() {
                    objects.put(resource, object.clone(), clock);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{CONFIG_MAPS, IMAGES};

    #[test]
    fn a_write_is_seen_and_logged() {
        let store = Store::default();
        let start = store.read().version();
        let object =
            json!({"kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}, "data": {}});
        store.write(|objects, clock| objects.put(&CONFIG_MAPS, object, clock));
        store.write(|objects, _| objects.delete(&CONFIG_MAPS, "n/a"));
        let objects = store.read();
        assert!(objects.get(&CONFIG_MAPS, "n/a").is_none());
        assert_eq!(objects.since(start).unwrap().count(), 2);
        let first = objects.since(start).unwrap().next().unwrap();
        let alone: Value =
            serde_json::from_slice(&first.after.as_ref().unwrap().alone(&CONFIG_MAPS)).unwrap();
        assert_eq!(alone["kind"], "ConfigMap");
        assert_eq!(alone["metadata"]["resourceVersion"], (start + 1).to_string());
    }

    #[test]
    fn compacted_history_is_gone() {
        let store = Store::default();
        let start = store.read().version();
        store.write(|objects, clock| {
            objects.put(&IMAGES, json!({"metadata": {"name": "x"}}), clock)
        });
        store.compact();
        assert!(store.read().since(start).is_none());
        assert_eq!(store.read().since(start + 1).unwrap().count(), 0);
    }
}
