// SPDX-License-Identifier: LGPL-2.1-or-later

//! What `registry garbage-collect` prints (distribution 2.8 and 3), line by line.

use std::collections::{BTreeMap, HashSet};

use images_proto::{Digest, RepositoryName};

/// The manifests that are told by name, at most.
const TOLD: usize = 100;
/// The end of what it said that is kept for people: lines and bytes.
const LAST_LINES: usize = 20;
const LONGEST: usize = 300;

/// What was printed so far.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// The repository that is looked at.
    repository: Option<RepositoryName>,
    /// Manifests and blobs that are needed, for the question what is damaged.
    marked: HashSet<Digest>,
    /// How often something was marked.
    marks: u64,
    /// Blobs that go.
    blobs: HashSet<Digest>,
    /// Manifests that go, with the repository they are in.
    manifests: BTreeMap<(String, Digest), Option<RepositoryName>>,
    last: std::collections::VecDeque<String>,
}

impl Output {
    /// Reads a line. Whether it is about another repository than the one before.
    pub(super) fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        if line.is_empty() {
            return false;
        }
        if let Some(digest) = line.strip_prefix("blob eligible for deletion: ") {
            self.blobs.extend(digest.parse::<Digest>());
        } else if let Some(what) = line.strip_prefix("manifest eligible for deletion: ") {
            self.manifest(what);
        } else if let Some((_, what)) = line.split_once(": marking ") {
            // Both kinds: `manifest DIGEST` and `blob DIGEST`.
            let digest = what.split(' ').nth(1).and_then(|digest| digest.parse::<Digest>().ok());
            self.marked.extend(digest);
            self.marks += 1;
            return false;
        } else if let Ok(name) = line.parse() {
            self.repository = Some(name);
            return true;
        }
        self.keep(line);
        false
    }

    /// Up to 2.8 a digest, in the part of its repository; since 3.0 `{REPOSITORY DIGEST [TAG …]}`.
    fn manifest(&mut self, what: &str) {
        let (repository, digest) = match what.strip_prefix('{') {
            Some(what) => {
                let mut words = what.trim_end_matches('}').split(' ');
                let repository = words.next().and_then(|name| name.parse().ok());
                (repository, words.next().and_then(|digest| digest.parse().ok()))
            }
            None => (self.repository.clone(), what.parse().ok()),
        };
        let Some(digest) = digest else { return };
        let name = repository.as_ref().map(|name: &RepositoryName| name.as_str().to_owned());
        self.manifests.insert((name.unwrap_or_default(), digest), repository);
    }

    fn keep(&mut self, line: &str) {
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        let shown = line[..line.floor_char_boundary(LONGEST)].chars();
        self.last.push_back(shown.filter(|char| !char.is_control()).collect());
    }

    /// The repository that is looked at.
    pub(super) fn repository(&self) -> Option<&RepositoryName> {
        self.repository.as_ref()
    }

    /// The blobs that go.
    pub(super) fn blobs(&self) -> &HashSet<Digest> {
        &self.blobs
    }

    /// The first manifests that go.
    pub(super) fn manifests(&self) -> Vec<(RepositoryName, String)> {
        let told = self.manifests.iter().filter_map(|((_, digest), repository)| {
            Some((repository.clone()?, digest.to_string()))
        });
        told.take(TOLD).collect()
    }

    /// Manifests that would go although something that stays needs them: those of indexes, which
    /// registries up to 2.8 take for untagged ones.
    pub(super) fn damaged(&self) -> usize {
        self.manifests.keys().filter(|(_, digest)| self.marked.contains(digest)).count()
    }

    /// The end of what it said, for people.
    pub(super) fn last_words(&self) -> String {
        self.last.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A recording of docker-registry 2.8.2: an image that was deleted, an index with two images,
    /// an image without a tag, and a blob of no image.
    const WITH_UNTAGGED: &str = include_str!("recorded/delete-untagged-2.8.2.txt");
    const PLAIN: &str = include_str!("recorded/dry-run-2.8.2.txt");

    fn read(text: &str) -> Output {
        let mut output = Output::default();
        for line in text.lines() {
            output.line(line);
        }
        output
    }

    #[test]
    fn a_recorded_dry_run() {
        let output = read(PLAIN);
        assert_eq!((output.blobs().len(), output.marks), (4, 16));
        assert!(output.manifests().is_empty());
        assert_eq!(output.damaged(), 0);
        let sum = "14 blobs marked, 4 blobs and 0 manifests eligible for deletion";
        assert!(output.last_words().starts_with(sum), "{}", output.last_words());
    }

    #[test]
    fn the_images_of_an_index_are_seen_to_be_damaged() {
        let output = read(WITH_UNTAGGED);
        assert_eq!(output.blobs().len(), 11);
        let manifests = output.manifests();
        let repositories: Vec<_> = manifests.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(repositories, ["shop/web", "shop/web", "tools"]);
        assert_eq!(output.damaged(), 2);
    }

    #[test]
    fn version_3_says_the_repository_too() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        let output = read(&format!(
            "shop/api\nshop/api: marking manifest sha256:{a} \nmanifest tags path of repository x does not exist\n\
             manifest eligible for deletion: {{shop/api sha256:{b} [v1 v2]}}\n\n\
             1 blobs marked, 1 blobs and 1 manifests eligible for deletion\n\
             blob eligible for deletion: sha256:{b}\n\
             shop/api: layer link eligible for deletion: sha256:{b}\n"
        ));
        assert_eq!(output.manifests(), [("shop/api".parse().unwrap(), format!("sha256:{b}"))]);
        assert_eq!((output.blobs().len(), output.damaged()), (1, 0));
    }

    #[test]
    fn nonsense_is_no_digest() {
        let output = read(
            "blob eligible for deletion: sha256:xyz\nmanifest eligible for deletion: {\n\
             manifest eligible for deletion: {a}\nx: marking \n\u{1b}[31mred\u{1b}[0m\n",
        );
        assert!(output.blobs().is_empty() && output.manifests().is_empty());
        assert!(!output.last_words().contains('\u{1b}'));
        assert!(read(&"x y\n".repeat(100)).last_words().lines().count() == LAST_LINES);
    }
}
