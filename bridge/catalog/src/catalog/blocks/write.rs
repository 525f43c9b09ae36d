// SPDX-License-Identifier: LGPL-2.1-or-later

//! Writing.

use images_proto::RepositoryName;
use images_proto::repository::Origin;

use super::bytes::{Section, put_number, put_optional, put_text};
use crate::catalog::Catalog;
use crate::configs::Config;
use crate::digests::DigestId;
use crate::labels::LabelId;
use crate::names::NameId;
use crate::postings::Id;
use crate::repository::{Repository, Tags, Time};
use crate::stored::{Blob, Contents};

/// A block is full with so many bytes of repositories and images: some milliseconds of work.
const FULL: usize = 64 << 10;

/// Writes what a catalog holds, block by block.
///
/// The catalog may change between two blocks: each repository is written as it is when its turn
/// comes.
pub struct Writer {
    full: usize,
    /// The repository that was written last.
    last: Option<RepositoryName>,
    digests: Numbers<DigestId>,
    tags: Numbers<NameId>,
    keys: Numbers<NameId>,
    labels: Numbers<LabelId>,
    images: Marks,
    configs: Marks,
    block: Block,
}

/// What a block has besides digests, names and labels.
#[derive(Default)]
struct Block {
    configs: Section,
    images: Section,
    repositories: Section,
}

/// The numbers that ids get in the order in which they are needed.
struct Numbers<I> {
    given: Vec<u32>,
    /// Those that got one since the last block.
    new: Vec<I>,
    next: u32,
}

/// What was written.
#[derive(Default)]
struct Marks(Vec<bool>);

const NONE: u32 = u32::MAX;

impl<I> Default for Numbers<I> {
    fn default() -> Self {
        Self { given: Vec::new(), new: Vec::new(), next: 0 }
    }
}

impl<I: Id> Numbers<I> {
    fn of(&mut self, id: I) -> u64 {
        let place = id.index();
        if self.given.len() <= place {
            self.given.resize(place + 1, NONE);
        }
        let number = &mut self.given[place];
        if *number == NONE {
            *number = self.next;
            self.next += 1;
            self.new.push(id);
        }
        u64::from(*number)
    }

    fn take_new(&mut self) -> Vec<I> {
        std::mem::take(&mut self.new)
    }
}

impl Marks {
    /// Whether this is the first time.
    fn mark(&mut self, id: DigestId) -> bool {
        let place = id.index();
        if self.0.len() <= place {
            self.0.resize(place + 1, false);
        }
        !std::mem::replace(&mut self.0[place], true)
    }
}

impl Default for Writer {
    fn default() -> Self {
        Self::with_blocks_of(FULL)
    }
}

impl Writer {
    pub(super) fn with_blocks_of(full: usize) -> Self {
        Self {
            full,
            last: None,
            digests: Numbers::default(),
            tags: Numbers::default(),
            keys: Numbers::default(),
            labels: Numbers::default(),
            images: Marks::default(),
            configs: Marks::default(),
            block: Block::default(),
        }
    }

    /// The next block; `None` once all was written. A block is larger than most only where one
    /// repository is.
    pub fn next(&mut self, catalog: &Catalog) -> Option<Vec<u8>> {
        let mut last = None;
        for repository in catalog.repositories_after(self.last.as_ref()) {
            self.put_repository(catalog, repository);
            last = Some(&repository.name);
            if self.block.repositories.len() + self.block.images.len() >= self.full {
                break;
            }
        }
        self.last = Some(last?.clone());
        Some(self.whole(catalog))
    }

    /// The block, with what it is the first to need.
    fn whole(&mut self, catalog: &Catalog) -> Vec<u8> {
        let labels = self.labels.take_new();
        let mut told = Section::default();
        for label in &labels {
            let (_, rest) = catalog.labels.label(*label);
            let key = self.keys.of(catalog.labels.key_of(*label));
            let output = told.next();
            put_number(output, key);
            put_text(output, rest);
        }
        let tags = self.tags.take_new();
        // Whoever reads them looks for what they are attached to.
        let subjects = tags.iter().filter_map(|tag| catalog.tag_name(*tag).attached_to());
        for subject in subjects.filter_map(|subject| catalog.digests.get(&subject)) {
            self.digests.of(subject);
        }
        let digests = self.digests.take_new();
        let mut output = Vec::with_capacity(2 * self.full + digests.len() * 32);
        put_number(&mut output, digests.len() as u64);
        for digest in digests {
            output.extend_from_slice(catalog.digests.digest(digest).as_bytes());
        }
        put_number(&mut output, tags.len() as u64);
        for tag in tags {
            put_text(&mut output, catalog.tag_names.name(tag));
        }
        let keys = self.keys.take_new();
        put_number(&mut output, keys.len() as u64);
        for key in keys {
            put_text(&mut output, catalog.labels.key_text(key));
        }
        told.move_to(&mut output);
        let Block { configs, images, repositories } = &mut self.block;
        for section in [configs, images, repositories] {
            section.move_to(&mut output);
        }
        output
    }

    fn put_repository(&mut self, catalog: &Catalog, repository: &Repository) {
        for held in repository.images().iter().filter(|held| !held.missing) {
            if let Some(content) = catalog.content(held.digest)
                && self.images.mark(held.digest)
            {
                self.put_image(catalog, held.digest, content);
            }
        }
        let output = self.block.repositories.next();
        put_text(output, repository.name.as_str());
        match &repository.tags {
            None => put_number(output, 0),
            Some(tags) => put_tags(output, tags, &mut self.tags, &mut self.digests),
        }
        put_optional(output, repository.images.as_ref().map(|images| images.len() as u64));
        for held in repository.images() {
            put_number(output, self.digests.of(held.digest) << 1 | u64::from(held.missing));
        }
    }

    fn put_image(&mut self, catalog: &Catalog, digest: DigestId, content: Contents<'_>) {
        if let Some(digest) = content.config()
            && let Some(config) = catalog.configs.get(digest)
            && self.configs.mark(digest)
        {
            self.put_config(digest, config);
        }
        let output = self.block.images.next();
        put_number(output, self.digests.of(digest));
        if content.is_index() {
            put_number(output, 1);
            put_number(output, content.children().len() as u64);
            for child in content.children() {
                put_number(output, self.digests.of(*child));
            }
            return;
        }
        put_number(output, 0);
        let config = content.config_blob();
        put_number(output, u64::from(config.is_some()));
        if let Some(Blob { digest, size }) = config {
            put_number(output, self.digests.of(digest));
            put_optional(output, size);
        }
        put_number(output, content.layer_count() as u64);
        for Blob { digest, size } in content.layers() {
            put_number(output, self.digests.of(digest));
            put_optional(output, size);
        }
    }

    fn put_config(&mut self, digest: DigestId, config: Config<'_>) {
        let output = self.block.configs.next();
        put_number(output, self.digests.of(digest));
        put_time(output, Time::new(config.created()));
        put_number(output, config.diff_ids().len() as u64);
        for diff_id in config.diff_ids() {
            put_number(output, self.digests.of(*diff_id));
        }
        put_number(output, config.labels().len() as u64);
        for label in config.labels() {
            put_number(output, self.labels.of(*label));
        }
        match config.commit_apart() {
            None => put_number(output, 0),
            Some(None) => put_number(output, 1),
            Some(Some(commit)) => {
                put_number(output, 2);
                put_text(output, commit);
            }
        }
    }
}

fn put_tags(
    output: &mut Vec<u8>,
    tags: &Tags,
    names: &mut Numbers<NameId>,
    digests: &mut Numbers<DigestId>,
) {
    put_number(output, tags.records.len() as u64 + 1);
    let mut start = 0;
    for record in &tags.records {
        put_number(output, names.of(record.name));
        put_number(output, u64::from(record.origin));
        put_number(output, u64::from(record.end - start));
        start = record.end;
    }
    for revision in &tags.revisions {
        put_number(output, digests.of(revision.digest));
        put_time(output, revision.created);
    }
    put_number(output, tags.origins.len() as u64);
    for origin in &tags.origins {
        let (kind, from) = match origin {
            Origin::Unknown => (0, None),
            Origin::Pushed => (1, None),
            Origin::Follows { from } => (2, Some(from)),
            Origin::Imported { from, scheduled } => (3 + u64::from(*scheduled), Some(from)),
        };
        put_number(output, kind);
        if let Some(from) = from {
            put_text(output, from);
        }
    }
    put_number(output, tags.problems.len() as u64);
    for (place, problem) in &tags.problems {
        put_number(output, u64::from(*place));
        put_text(output, problem);
    }
}

fn put_time(output: &mut Vec<u8>, time: Time) {
    put_optional(output, time.get().and_then(|seconds| u64::try_from(seconds).ok()));
}
