// SPDX-License-Identifier: LGPL-2.1-or-later
//! What happens in a load: pushes, mostly, in an order that the seed decides.

use serde_json::{Value, json};

use super::noise::For;
use super::{Load, reference};
use crate::image::{mapping, stream};
use crate::resource::IMAGE_STREAMS;
use crate::store::{Store, key};

impl Load {
    /// Lets the event with that number happen: it writes one stream, once.
    ///
    /// Of ten events seven put a new image on `latest` and one puts one on a new tag. One puts an
    /// old image back on `latest` and one deletes a tag; where they would change nothing a new
    /// image is put there too.
    pub(crate) fn happen(&self, store: &Store, number: u64) {
        let draw = |what: u64| self.noise.draw(For::Event, number << 8 | what);
        let count = u64::from(self.plan.streams());
        let rank = u32::try_from(draw(0) % count).unwrap_or_default();
        let stream = self.plan.stream(rank);
        let (namespace, name) = self.stream_name(rank);
        let old = u32::try_from(draw(1) % u64::from(stream.builds())).unwrap_or_default();
        let old = self.digest(stream.build(old));
        let kind = draw(2) % 10;
        let is_done = match kind {
            8 => change(store, &namespace, &name, |known, now| {
                stream::push(known, "latest", &old, now);
            }),
            9 => change(store, &namespace, &name, |known, _| {
                let tags = stream::tags(known).filter(|tag| tag["items"][0]["image"] == *old);
                let names = tags.filter_map(|tag| tag["tag"].as_str());
                let gone = names.filter(|name| *name != "latest").max().map(str::to_owned);
                if let Some(gone) = gone {
                    stream::remove_tag(known, &gone);
                }
            }),
            _ => false,
        };
        if !is_done {
            let tag = if kind == 7 { format!("event-{number}") } else { "latest".to_owned() };
            let image = self.pushed_image(number, stream.build(0), &namespace, &name, store);
            mapping::record(store, (&namespace, &name), &tag, image);
        }
    }

    /// The image of a stream's oldest build, built anew.
    fn pushed_image(
        &self,
        number: u64,
        from: u32,
        namespace: &str,
        name: &str,
        store: &Store,
    ) -> Value {
        let text = self.image(from);
        let mut image: Value = serde_json::from_str(&text).unwrap_or_default();
        let new = |what: u64| self.noise.digest(For::Event, number << 8 | what);
        let digest = new(3);
        let annotations = image["metadata"]["annotations"].take();
        image["metadata"] = json!({"name": digest, "annotations": annotations});
        image["dockerImageReference"] = json!(reference(namespace, name, &digest));
        image["dockerImageMetadata"]["Id"] = json!(new(4));
        image["dockerImageMetadata"]["Created"] = json!(store.clock.now());
        if let Some(own) = image["dockerImageLayers"].as_array_mut().and_then(|all| all.last_mut())
        {
            own["name"] = json!(new(5));
        }
        if let Some(fields) = image.as_object_mut() {
            fields.remove("signatures");
        }
        image
    }
}

/// Changes a stream if it is there; says whether there was something to change.
fn change(store: &Store, namespace: &str, name: &str, how: impl FnOnce(&mut Value, &str)) -> bool {
    store.write(|objects, clock| {
        let found = objects.get(&IMAGE_STREAMS, &key(Some(namespace), name));
        let Some(before) = found.map(|stream| stream.value()) else { return false };
        let mut after = before.clone();
        how(&mut after, &clock.now());
        let is_other = after != before;
        if is_other {
            objects.put(&IMAGE_STREAMS, after, clock);
        }
        is_other
    })
}
