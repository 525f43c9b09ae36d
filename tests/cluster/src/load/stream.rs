// SPDX-License-Identifier: LGPL-2.1-or-later
//! Streams of a load: tags with their histories, some set in the spec.

use std::fmt::Write as _;

use super::noise::For;
use super::plan::Stream;
use super::{FIRST_VERSION, INTERNAL, Load, reference, time};

/// A tag and the builds that it was on, newest first.
struct Tag {
    name: String,
    builds: Vec<u32>,
    /// In the spec, as an image or as another tag of the stream.
    from: Option<From>,
}

#[derive(Clone, Copy)]
enum From {
    Image,
    Latest,
}

impl Load {
    /// A stream, as it stands in a list.
    pub(super) fn stream(&self, number: u32) -> String {
        let stream = self.plan.stream(number);
        let (namespace, name) = self.stream_name(number);
        let tags = self.tags(stream);
        let mut text = String::with_capacity(16 << 10);
        text.push_str(r#"{"metadata":"#);
        text.push_str(&self.stream_metadata(number));
        text.push_str(r#","spec":{"lookupPolicy":{"local":false}"#);
        let set = tags.iter().filter_map(|tag| Some((tag, tag.from?)));
        for (at, (tag, from)) in set.enumerate() {
            text.push_str(if at == 0 { r#","tags":["# } else { "," });
            let (kind, source) = match from {
                From::Latest => ("ImageStreamTag", "latest".to_owned()),
                From::Image => {
                    let newest = tag.builds.first().copied().unwrap_or_default();
                    let digest = self.digest(stream.build(newest));
                    ("ImageStreamImage", format!("{name}@{digest}"))
                }
            };
            let _ = write!(
                text,
                r#"{{"name":"{}","annotations":null,"from":{{"kind":"{kind}","namespace":"{namespace}","name":"{source}"}},"generation":2,"importPolicy":{{"importMode":"Legacy"}},"referencePolicy":{{"type":"Source"}}}}"#,
                tag.name
            );
        }
        text.push_str(if tags.iter().any(|tag| tag.from.is_some()) { "]}" } else { "}" });
        let _ =
            write!(text, r#","status":{{"dockerImageRepository":"{INTERNAL}/{namespace}/{name}""#);
        if let Some(public) = &self.public {
            let _ = write!(text, r#","publicDockerImageRepository":"{public}/{namespace}/{name}""#);
        }
        text.push_str(r#","tags":["#);
        // The same builds are in many histories.
        let items: Vec<_> = (0..stream.builds())
            .map(|build| {
                let digest = self.digest(stream.build(build));
                let (created, reference) =
                    (time(self.pushed(stream, build)), reference(&namespace, &name, &digest));
                format!(
                    r#"{{"created":"{created}","dockerImageReference":"{reference}","image":"{digest}","generation":"#
                )
            })
            .collect();
        for (at, tag) in tags.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let _ = write!(text, r#"{comma}{{"tag":"{}","items":["#, tag.name);
            let generation = if tag.from.is_some() { "2}" } else { "1}" };
            let history = tag.builds.iter().filter_map(|build| items.get(*build as usize));
            for (at, item) in history.enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                text.push_str(item);
                text.push_str(generation);
            }
            text.push_str("]}");
        }
        text.push_str("]}}");
        text
    }

    /// A stream's metadata.
    pub(super) fn stream_metadata(&self, number: u32) -> String {
        let (namespace, name) = self.stream_name(number);
        let stream = self.plan.stream(number);
        let generation = if self.is_promoted(number) || self.is_followed(number) { 2 } else { 1 };
        format!(
            r#"{{"name":"{name}","namespace":"{namespace}","uid":"{}","resourceVersion":"{}","generation":{generation},"creationTimestamp":"{}"}}"#,
            self.noise.uid(u64::from(number) | 1 << 41),
            FIRST_VERSION + u64::from(self.plan.images()) + u64::from(number),
            time(self.pushed(stream, 0) - 1),
        )
    }

    fn is_promoted(&self, number: u32) -> bool {
        self.noise.below(For::Tags, number.into(), 10) < 3
    }

    fn is_followed(&self, number: u32) -> bool {
        self.noise.below(For::Tags, u64::from(number) | 1 << 32, 10) < 2
    }

    /// The tags of a stream in their order.
    fn tags(&self, stream: Stream) -> Vec<Tag> {
        let number = u64::from(stream.number);
        let all: Vec<_> = (0..stream.builds()).rev().collect();
        let pushed = |name: String, builds| Tag { name, builds, from: None };
        let mut tags = vec![pushed("latest".to_owned(), all.clone())];
        match self.noise.below(For::Tags, number | 1 << 33, 4) {
            // By version, with tags that move along.
            0 | 1 => {
                tags.push(pushed("1".to_owned(), all.clone()));
                for minor in 0..stream.builds().div_ceil(5) {
                    let of_minor = all.iter().copied().filter(|build| build / 5 == minor);
                    tags.push(pushed(format!("1.{minor}"), of_minor.clone().collect()));
                    tags.extend(
                        of_minor
                            .map(|build| pushed(format!("1.{minor}.{}", build % 5), vec![build])),
                    );
                }
            }
            2 => tags.extend(all.iter().map(|build| {
                let commit = self.noise.hex(For::Commit, stream.build(*build).into(), 8);
                pushed(format!("git-{commit}"), vec![*build])
            })),
            _ => tags.extend(
                all.iter().map(|build| pushed(format!("build-{}", 100 + build), vec![*build])),
            ),
        }
        if self.is_promoted(stream.number) {
            let fourth = all.iter().copied().filter(|build| build % 4 == 0).collect();
            tags.push(Tag { name: "prod".to_owned(), builds: fourth, from: Some(From::Image) });
        }
        if self.is_followed(stream.number) {
            tags.push(Tag { name: "test".to_owned(), builds: all, from: Some(From::Latest) });
        }
        tags.sort_by(|one, other| one.name.cmp(&other.name));
        tags
    }
}
