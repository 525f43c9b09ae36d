// SPDX-License-Identifier: LGPL-2.1-or-later

//! Reading. Whatever the bytes are, it ends in a catalog that is whole or in [`Damaged`].

use images_proto::repository::Origin;
use images_proto::{RepositoryName, Tag};

use super::bytes::{Bytes, Damaged};
use crate::catalog::Catalog;
use crate::digests::DigestId;
use crate::labels::LabelId;
use crate::links::{ATTACHED, HOLDERS};
use crate::names::NameId;
use crate::postings::Id;
use crate::repository::{Held, Revision, TagRecord, Tags, Time};
use crate::stored::{Blob, Image, Stored};

/// The bytes that a digest takes, with all that is told of it, where most is known.
const EACH: u64 = 64;

/// Reads the blocks that a [`Writer`](super::Writer) wrote, in their order.
#[derive(Default)]
pub struct Reader {
    catalog: Catalog,
}

impl Reader {
    /// A reader of blocks of so many bytes in all, for which it makes room.
    pub fn of_bytes(bytes: u64) -> Self {
        let mut reader = Self::default();
        reader.catalog.digests.reserve((bytes / EACH) as usize);
        reader
    }

    /// Takes in the next block.
    ///
    /// # Errors
    /// When it is none, or not the next.
    pub fn add(&mut self, block: &[u8]) -> Result<(), Damaged> {
        let mut bytes = Bytes::of(block);
        for _ in 0..bytes.count()? {
            self.catalog.digests.append(&bytes.digest()?).ok_or(Damaged)?;
        }
        for _ in 0..bytes.count()? {
            self.tag_name(bytes.text()?)?;
        }
        for _ in 0..bytes.count()? {
            let known = self.catalog.labels.key_count();
            let key = self.catalog.labels.key(bytes.text()?);
            is_new(key.index(), known)?;
        }
        for _ in 0..bytes.count()? {
            let key: NameId = id(&mut bytes, self.catalog.labels.key_count())?;
            let known = self.catalog.labels.len();
            let label = self.catalog.labels.put(key, bytes.text()?);
            is_new(label.index(), known)?;
        }
        for _ in 0..bytes.count()? {
            self.config(&mut bytes)?;
        }
        for _ in 0..bytes.count()? {
            self.image(&mut bytes)?;
        }
        for _ in 0..bytes.count()? {
            self.repository(&mut bytes)?;
        }
        if bytes.len() == 0 { Ok(()) } else { Err(Damaged) }
    }

    /// The catalog, once all blocks were read.
    ///
    /// # Errors
    /// When something is missing.
    pub fn finish(mut self) -> Result<Catalog, Damaged> {
        if self.catalog.images.all().iter().any(|image| image.holders == 0) {
            return Err(Damaged);
        }
        self.catalog.digests.sort();
        for id in self.catalog.ids_by_name().collect::<Vec<_>>() {
            self.catalog.sum_up(id);
        }
        Ok(self.catalog)
    }

    fn tag_name(&mut self, text: &str) -> Result<(), Damaged> {
        let tag: Tag = text.parse().map_err(|_| Damaged)?;
        let known = self.catalog.tag_names.len();
        let name = self.catalog.tag_names.intern(tag.as_str());
        is_new(name.index(), known)?;
        if let Some(subject) = tag.attached_to() {
            let subject = self.catalog.digests.get(&subject).ok_or(Damaged)?;
            self.catalog.links.insert(subject, ATTACHED, name);
        }
        Ok(())
    }

    fn config(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
        let config = self.digest(bytes)?;
        if self.catalog.configs.has(config) {
            return Err(Damaged);
        }
        let created = time(bytes)?;
        let diff_ids = self.row(bytes, Self::digest)?;
        let labels = self.row(bytes, |reader, bytes| -> Result<LabelId, Damaged> {
            id(bytes, reader.catalog.labels.len())
        })?;
        let commit = match bytes.number()? {
            0 => None,
            1 => Some(None),
            2 => Some(Some(bytes.text()?)),
            _ => return Err(Damaged),
        };
        let Catalog { configs, labels: all, .. } = &mut self.catalog;
        configs.put(config, diff_ids, created.get(), labels, commit, all);
        // Its images may have come before it.
        self.catalog.cover(config);
        Ok(())
    }

    fn image(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
        let digest = self.digest(bytes)?;
        if self.catalog.images.get(digest).is_some() {
            return Err(Damaged);
        }
        let stored = match bytes.number()? {
            0 => {
                let config = match bytes.number()? {
                    0 => None,
                    1 => Some(self.blob(bytes)?),
                    _ => return Err(Damaged),
                };
                let layers = self.row(bytes, Self::blob)?;
                Stored::manifest(&mut self.catalog.sizes, config, layers)
            }
            1 => Stored::Index { children: self.row(bytes, Self::digest)?.into() },
            _ => return Err(Damaged),
        };
        self.catalog.link(digest, &stored);
        self.catalog.images.insert(Image { digest, holders: 0, stored });
        self.catalog.link_diff_ids(digest);
        Ok(())
    }

    fn repository(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
        let name: RepositoryName = bytes.text()?.parse().map_err(|_| Damaged)?;
        if self.catalog.has_repository(&name) {
            return Err(Damaged);
        }
        let tags = self.tags(bytes)?;
        let images = self.held(bytes)?;
        let id = self.catalog.ensure(&name);
        let catalog = &mut self.catalog;
        for held in images.iter().flatten().filter(|held| !held.missing) {
            catalog.images.get_mut(held.digest).ok_or(Damaged)?.holders += 1;
        }
        let repository = catalog.repositories[id.0.index()].as_mut().ok_or(Damaged)?;
        repository.newest = tags.as_ref().and_then(Tags::newest);
        (repository.tags, repository.images) = (tags, images);
        for digest in repository.digests() {
            catalog.links.insert(digest, HOLDERS, id);
        }
        for tag in repository.tags() {
            catalog.named.insert(tag.name, id);
        }
        catalog.tag_count += u64::from(repository.tag_count().unwrap_or_default());
        catalog.tags_unread -= u64::from(repository.tags.is_some());
        catalog.images_unread -= u64::from(repository.images.is_some());
        Ok(())
    }

    /// The tags of a repository, if they were read.
    fn tags(&mut self, bytes: &mut Bytes<'_>) -> Result<Option<Tags>, Damaged> {
        let Some(count) = bytes.optional_count()? else { return Ok(None) };
        let (mut records, mut end) = (Vec::with_capacity(count), 0_u32);
        for _ in 0..count {
            let name = id(bytes, self.catalog.tag_names.len())?;
            let origin = u32::try_from(bytes.number()?).map_err(|_| Damaged)?;
            let revisions = u32::try_from(bytes.count()?).map_err(|_| Damaged)?;
            end = end.checked_add(revisions).ok_or(Damaged)?;
            records.push(TagRecord { name, end, origin });
        }
        let mut names: Vec<_> = records.iter().map(|record| record.name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Damaged);
        }
        let mut revisions = Vec::with_capacity((end as usize).min(bytes.len()));
        for _ in 0..end {
            revisions.push(Revision { digest: self.digest(bytes)?, created: time(bytes)? });
        }
        let origins = self.row(bytes, |_, bytes| origin(bytes))?;
        if records.iter().any(|record| record.origin as usize >= origins.len()) {
            return Err(Damaged);
        }
        let problems = self.row(bytes, |_, bytes| {
            let place = u32::try_from(bytes.number()?).map_err(|_| Damaged)?;
            Ok((place, Box::from(bytes.text()?)))
        })?;
        Ok(Some(Tags {
            records: records.into(),
            revisions: revisions.into(),
            origins: origins.into(),
            problems: problems.into(),
        }))
    }

    /// The images of a repository, if they were read.
    fn held(&mut self, bytes: &mut Bytes<'_>) -> Result<Option<Box<[Held]>>, Damaged> {
        let Some(count) = bytes.optional_count()? else { return Ok(None) };
        let mut images = Vec::with_capacity(count);
        for _ in 0..count {
            let number = bytes.number()?;
            let digest = checked(number >> 1, self.catalog.digests.len())?;
            images.push(Held { digest, missing: number & 1 == 1 });
        }
        images.sort_unstable_by_key(|held| held.digest);
        if images.windows(2).any(|pair| pair[0].digest == pair[1].digest) {
            return Err(Damaged);
        }
        Ok(Some(images.into()))
    }

    fn blob(&self, bytes: &mut Bytes<'_>) -> Result<Blob, Damaged> {
        Ok(Blob { digest: self.digest(bytes)?, size: bytes.optional()? })
    }

    fn digest(&self, bytes: &mut Bytes<'_>) -> Result<DigestId, Damaged> {
        id(bytes, self.catalog.digests.len())
    }

    fn row<T>(
        &self,
        bytes: &mut Bytes<'_>,
        each: impl Fn(&Self, &mut Bytes<'_>) -> Result<T, Damaged>,
    ) -> Result<Vec<T>, Damaged> {
        let count = bytes.count()?;
        (0..count).map(|_| each(self, bytes)).collect()
    }
}

/// The id of one of so many.
fn id<I: Id>(bytes: &mut Bytes<'_>, known: usize) -> Result<I, Damaged> {
    checked(bytes.number()?, known)
}

fn checked<I: Id>(number: u64, known: usize) -> Result<I, Damaged> {
    let number = u32::try_from(number).map_err(|_| Damaged)?;
    if (number as usize) < known { Ok(I::from_number(number)) } else { Err(Damaged) }
}

/// Something that was written once got the next id.
fn is_new(id: usize, known: usize) -> Result<(), Damaged> {
    if id == known { Ok(()) } else { Err(Damaged) }
}

fn time(bytes: &mut Bytes<'_>) -> Result<Time, Damaged> {
    let seconds = bytes.optional()?.map(i64::try_from).transpose().map_err(|_| Damaged)?;
    Ok(Time::new(seconds))
}

fn origin(bytes: &mut Bytes<'_>) -> Result<Origin, Damaged> {
    Ok(match bytes.number()? {
        0 => Origin::Unknown,
        1 => Origin::Pushed,
        2 => Origin::Follows { from: bytes.text()?.to_owned() },
        kind @ 3..=4 => Origin::Imported { from: bytes.text()?.to_owned(), scheduled: kind == 4 },
        _ => return Err(Damaged),
    })
}
