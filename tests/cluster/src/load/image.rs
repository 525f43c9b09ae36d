// SPDX-License-Identifier: LGPL-2.1-or-later
//! Images of a load.

use std::fmt::Write as _;

use super::noise::For;
use super::plan::{Place, Stream};
use super::profile::Profile;
use super::{FIRST_VERSION, Load, NEWEST, reference, time};
use crate::image::layers::{Contents, Layer};
use crate::image::object::{INDEX, LIST, OCI, SCHEMA2};

const DAY: u64 = 86_400;

/// What builders start from.
const BASES: u64 = 12;

/// So many days pass until a base image is made anew.
const BASE_DAYS: u64 = 60;

/// So many builds in a row have the same dependencies.
const SAME_DEPENDENCIES: u32 = 4;

/// Platforms of an index, in order.
const PLATFORMS: [&str; 3] = ["amd64", "arm64", "s390x"];

/// One image in so many is signed.
const SIGNED: u64 = 33;

/// Who wrote an Image, as the API keeps it.
const MANAGED: &str = r#","fieldsType":"FieldsV1","fieldsV1":{"f:dockerImageConfig":{},"f:dockerImageLayers":{},"f:dockerImageManifest":{},"f:dockerImageManifestMediaType":{},"f:dockerImageMetadata":{},"f:dockerImageMetadataVersion":{},"f:dockerImageReference":{},"f:metadata":{"f:annotations":{".":{},"f:image.openshift.io/dockerLayersOrder":{},"f:image.openshift.io/manifestBlobStored":{},"f:openshift.io/image.managed":{}}}}}]"#;

/// What is known of an image by its number.
struct Facts {
    /// The stream that it was pushed to.
    stream: u32,
    /// The build of that stream.
    build: u32,
    /// Which of [`PLATFORMS`].
    platform: usize,
    /// The children of an index, by their numbers.
    children: Vec<u32>,
    /// When it was pushed, in seconds since 1970.
    pushed: i64,
}

impl Load {
    /// When a build of a stream was pushed, in seconds since 1970.
    pub(super) fn pushed(&self, stream: Stream, build: u32) -> i64 {
        let number = u64::from(stream.number);
        // Every fourth stream was given up some day.
        let idle = if self.noise.below(For::Interval, number, 4) == 0 { 600 } else { 20 };
        let age = self.noise.below(For::Interval, number | 1 << 32, idle * DAY);
        let interval = DAY / 4 + self.noise.below(For::Interval, number | 1 << 33, 10 * DAY);
        let later = u64::from(stream.builds() - 1 - build);
        NEWEST - i64::try_from(age + later * interval).unwrap_or_default()
    }

    fn facts(&self, number: u32) -> Facts {
        let facts = |stream: Stream, build, platform, children| Facts {
            stream: stream.number,
            build,
            platform,
            children,
            pushed: self.pushed(stream, build),
        };
        match self.plan.place(number) {
            Place::Build(stream, build) => {
                let children = stream.index(build).map(|index| {
                    (0..stream.children()).map(|child| stream.child(index, child)).collect()
                });
                facts(stream, build, 0, children.unwrap_or_default())
            }
            Place::Child(stream, build, child) => facts(stream, build, child as usize, Vec::new()),
            Place::Orphan(stream) => {
                let age = self.noise.below(For::Orphan, u64::from(number), 700 * DAY);
                let pushed = NEWEST - i64::try_from(age).unwrap_or_default();
                Facts { stream, build: number, platform: 0, children: Vec::new(), pushed }
            }
        }
    }

    fn profile(&self, stream: u32) -> Option<&Profile> {
        Profile::of(&self.profiles, self.noise, stream)
    }

    /// What an image consists of.
    pub(super) fn contents_of(&self, number: u32) -> Contents {
        self.contents_by(number, &self.facts(number))
    }

    fn contents_by(&self, number: u32, facts: &Facts) -> Contents {
        let docker = self.profile(facts.stream).is_some_and(|profile| profile.docker);
        if !facts.children.is_empty() {
            return Contents {
                media_type: if docker { LIST } else { INDEX }.to_owned(),
                layers: Vec::new(),
                children: facts.children.iter().map(|child| self.digest(*child)).collect(),
                config: self.digest(number),
            };
        }
        Contents {
            media_type: if docker { SCHEMA2 } else { OCI }.to_owned(),
            layers: self.layers(number, facts, docker),
            children: Vec::new(),
            config: self.noise.digest(For::Config, number.into()),
        }
    }

    /// Those of a base image, of the dependencies and of the build itself.
    fn layers(&self, number: u32, facts: &Facts, docker: bool) -> Vec<Layer> {
        let stream = u64::from(facts.stream);
        let base = self.noise.below(For::Layer, stream, BASES);
        let age = u64::try_from(NEWEST - facts.pushed).unwrap_or_default() / DAY / BASE_DAYS;
        let platform = facts.platform as u64;
        let own = 1 + self.noise.below(For::Layer, u64::from(number) | 1 << 40, 2);
        let of_base = (0..3 + base % 5)
            .map(|layer| (1 << 60 | base << 48 | age << 40 | layer << 4 | platform, 90 << 20));
        let dependencies = (
            2 << 60 | stream << 32 | u64::from(facts.build / SAME_DEPENDENCIES) << 4 | platform,
            80 << 20,
        );
        let of_build = (0..own).map(|layer| (3 << 60 | u64::from(number) << 4 | layer, 8 << 20));
        let media_type = if docker {
            "application/vnd.docker.image.rootfs.diff.tar.gzip"
        } else {
            "application/vnd.oci.image.layer.v1.tar+gzip"
        };
        let all = of_base.chain([dependencies]).chain(of_build);
        all.map(|(key, most)| Layer {
            digest: self.noise.digest(For::Layer, key),
            size: 500 + self.noise.below(For::Size, key, most),
            media_type: media_type.to_owned(),
        })
        .collect()
    }

    /// An image's metadata.
    pub(super) fn image_metadata(&self, number: u32) -> String {
        let facts = self.facts(number);
        let mut text = String::with_capacity(1024);
        self.put_metadata(&mut text, number, &facts);
        text
    }

    fn put_metadata(&self, text: &mut String, number: u32, facts: &Facts) {
        let order = if facts.children.is_empty() { "ascending" } else { "" };
        let (version, pushed) = (FIRST_VERSION + u64::from(number), time(facts.pushed));
        let _ = write!(
            text,
            r#"{{"name":"{}","uid":"{}","resourceVersion":"{version}","creationTimestamp":"{pushed}","annotations":{{"image.openshift.io/dockerLayersOrder":"{order}","image.openshift.io/manifestBlobStored":"true","openshift.io/image.managed":"true"}}"#,
            self.digest(number),
            self.noise.uid(number.into()),
        );
        if facts.children.is_empty() && number.is_multiple_of(4) {
            let _ = write!(
                text,
                r#","managedFields":[{{"manager":"dockerregistry","operation":"Update","apiVersion":"image.openshift.io/v1","time":"{pushed}"{MANAGED}"#
            );
        }
        text.push('}');
    }

    /// An image, as it stands in a list.
    pub(super) fn image(&self, number: u32) -> String {
        let facts = self.facts(number);
        let contents = self.contents_by(number, &facts);
        let mut text = String::with_capacity(26 << 10);
        text.push_str(r#"{"metadata":"#);
        self.put_metadata(&mut text, number, &facts);
        let (namespace, name) = self.stream_name(facts.stream);
        let digest = self.digest(number);
        let _ = write!(
            text,
            r#","dockerImageReference":"{}","dockerImageMetadata":{{"kind":"DockerImage","apiVersion":"image.openshift.io/1.0","Id":"{}","Created":"{}","ContainerConfig":"#,
            reference(&namespace, &name, &digest),
            contents.config,
            // Building takes a while.
            time(facts.pushed - if facts.children.is_empty() { 90 } else { 0 }),
        );
        if contents.children.is_empty() {
            self.put_config(&mut text, number, &facts, &contents);
        } else {
            text.push_str("{}");
        }
        text.push_str(r#"},"dockerImageMetadataVersion":"1.0""#);
        if contents.children.is_empty() {
            put_layers(&mut text, &contents.layers);
        }
        if !contents.layers.is_empty()
            && self.noise.below(For::Signature, number.into(), SIGNED) == 0
        {
            self.put_signature(&mut text, number, &facts);
        }
        let _ = write!(text, r#","dockerImageManifestMediaType":"{}""#, contents.media_type);
        for (at, child) in contents.children.iter().enumerate() {
            text.push_str(if at == 0 { r#","dockerImageManifests":["# } else { "," });
            let architecture = PLATFORMS[at % PLATFORMS.len()];
            let of_child = if contents.media_type == LIST { SCHEMA2 } else { OCI };
            let _ = write!(
                text,
                r#"{{"digest":"{child}","mediaType":"{of_child}","manifestSize":{},"architecture":"{architecture}","os":"linux""#,
                700 + self.noise.below(For::Size, number.into(), 900),
            );
            text.push_str(if architecture == "arm64" { r#","variant":"v8"}"# } else { "}" });
        }
        text.push_str(if contents.children.is_empty() { "}" } else { "]}" });
        text
    }

    fn put_config(&self, text: &mut String, number: u32, facts: &Facts, contents: &Contents) {
        let Some(profile) = self.profile(facts.stream) else { return };
        let commit = self.noise.hex(For::Commit, number.into(), 40);
        let labels = format!(
            r#""build-date":"{}","io.openshift.build.commit.id":"{commit}","io.openshift.build.commit.ref":"main","release":"{}","version":"1.{}""#,
            time(facts.pushed - 100),
            facts.build,
            facts.build / SAME_DEPENDENCIES,
        );
        let config = [profile.head.as_str(), &labels, &profile.tail];
        if profile.docker {
            text.extend(config);
            text.push_str(r#","DockerVersion":"20.10.7","#);
        } else {
            text.push_str("{},");
        }
        text.push_str(r#""Author":"Build team <build@example.com>","Config":"#);
        text.extend(config);
        let size: u64 = contents.layers.iter().map(|layer| layer.size).sum();
        let config_size = config.iter().map(|part| part.len() as u64).sum::<u64>();
        let architecture = PLATFORMS[facts.platform % PLATFORMS.len()];
        let _ =
            write!(text, r#","Architecture":"{architecture}","Size":{}"#, size + config_size + 900);
    }

    fn put_signature(&self, text: &mut String, number: u32, facts: &Facts) {
        let name = self.noise.hex(For::Signature, u64::from(number) | 1 << 40, 32);
        let (digest, pushed) = (self.digest(number), time(facts.pushed + 60));
        let uid = self.noise.uid(u64::from(number) | 1 << 40);
        let _ = write!(
            text,
            r#","signatures":[{{"metadata":{{"name":"{digest}@sig-{name}","uid":"{uid}","creationTimestamp":"{pushed}","managedFields":[{{"manager":"dockerregistry","operation":"Update","apiVersion":"image.openshift.io/v1","time":"{pushed}","fieldsType":"FieldsV1","fieldsV1":{{"f:content":{{}},"f:type":{{}}}}}}]}},"type":"atomic","content":"c2lnbmF0dXJl"}}]"#
        );
    }
}

fn put_layers(text: &mut String, layers: &[Layer]) {
    text.push_str(r#","dockerImageLayers":["#);
    for (at, layer) in layers.iter().enumerate() {
        let Layer { digest, size, media_type } = layer;
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"name":"{digest}","size":{size},"mediaType":"{media_type}"}}"#
        );
    }
    text.push(']');
}
