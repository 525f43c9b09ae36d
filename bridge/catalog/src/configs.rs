// SPDX-License-Identifier: LGPL-2.1-or-later

//! Configs as the catalog keeps them. A digest has one content and what was read once is kept, so
//! they only grow and stand without gaps.

mod commit;

use hashbrown::HashMap;

use crate::dense::{Dense, Keyed};
use crate::digests::DigestId;
use crate::labels::{LabelId, Labels};
use crate::postings::{Id, id};
use crate::repository::Time;

/// The configs that were read, by their own digest.
#[derive(Default)]
pub(crate) struct Configs {
    all: Dense<Record>,
    diff_ids: Vec<DigestId>,
    labels: Vec<LabelId>,
    /// The commits that cannot be told from the labels as they are kept.
    commits: HashMap<ConfigPlace, Option<Box<str>>>,
}

/// The place of a config, in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ConfigPlace(u32);

id!(ConfigPlace);

/// What a config says.
#[derive(Clone, Copy)]
pub(crate) struct Config<'a> {
    configs: &'a Configs,
    place: ConfigPlace,
}

struct Record {
    digest: DigestId,
    /// Where its diff IDs end; they start where those of the config before end.
    diff_ids: u32,
    /// Where its labels end, likewise.
    labels: u32,
    created: Time,
}

impl Keyed for Record {
    fn digest(&self) -> DigestId {
        self.digest
    }
}

impl Configs {
    /// What this config says, if it was read.
    pub(crate) fn get(&self, config: DigestId) -> Option<Config<'_>> {
        let place = ConfigPlace(self.all.place(config)?);
        Some(Config { configs: self, place })
    }

    /// Whether this config was read.
    pub(crate) fn has(&self, config: DigestId) -> bool {
        self.all.place(config).is_some()
    }

    /// The configs by place.
    pub(crate) fn digests(&self) -> impl ExactSizeIterator<Item = DigestId> {
        self.all.all().iter().map(|record| record.digest)
    }

    /// Adds a config that was not read before.
    pub(crate) fn insert(
        &mut self,
        config: DigestId,
        diff_ids: impl IntoIterator<Item = DigestId>,
        created: Option<i64>,
        texts: &[(String, String)],
        labels: &mut Labels,
    ) {
        let all: Vec<_> = texts.iter().map(|(key, value)| labels.intern(key, value)).collect();
        let place = self.push(config, diff_ids, created, all, labels);
        let commit = commit::of(texts.iter().map(|(key, value)| (&**key, &**value)));
        let kept = Config { configs: self, place };
        if commit != kept.commit(labels) {
            self.commits.insert(place, commit.map(Into::into));
        }
    }

    /// Adds a config that was not read before, whose labels are known. Its commit is what they say,
    /// unless it stands apart.
    pub(crate) fn put(
        &mut self,
        config: DigestId,
        diff_ids: impl IntoIterator<Item = DigestId>,
        created: Option<i64>,
        known: impl IntoIterator<Item = LabelId>,
        commit: Option<Option<&str>>,
        labels: &mut Labels,
    ) {
        let place = self.push(config, diff_ids, created, known, labels);
        if let Some(commit) = commit {
            self.commits.insert(place, commit.map(Into::into));
        }
    }

    fn push(
        &mut self,
        config: DigestId,
        diff_ids: impl IntoIterator<Item = DigestId>,
        created: Option<i64>,
        known: impl IntoIterator<Item = LabelId>,
        labels: &mut Labels,
    ) -> ConfigPlace {
        let place = ConfigPlace(self.all.all().len() as u32);
        self.diff_ids.extend(diff_ids);
        for label in known {
            labels.link(label, place);
            self.labels.push(label);
        }
        self.all.insert(Record {
            digest: config,
            diff_ids: self.diff_ids.len() as u32,
            labels: self.labels.len() as u32,
            created: Time::new(created),
        });
        place
    }

    /// Calls for each config with a label that contains a text, which is in lower case; for some
    /// more than once.
    pub(crate) fn each_with(&self, labels: &Labels, text: &str, mut each: impl FnMut(ConfigPlace)) {
        let found = labels.containing(text);
        // From many labels to their configs is a walk all over memory; all configs are in a row.
        if found.len() < self.labels.len() / 64 {
            found.into_iter().flat_map(|label| labels.configs(label)).for_each(each);
            return;
        }
        let mut fits = vec![false; labels.len()];
        for label in found {
            fits[label.index()] = true;
        }
        let mut start = 0;
        for (place, record) in (0..).map(ConfigPlace).zip(self.all.all()) {
            let end = record.labels as usize;
            if self.labels[start..end].iter().any(|label| fits[label.index()]) {
                each(place);
            }
            start = end;
        }
    }

    /// Bytes in use.
    pub(crate) fn bytes(&self) -> usize {
        let apart: usize =
            self.commits.values().flatten().map(|commit| commit.len()).sum::<usize>();
        self.all.bytes()
            + size_of_val(&*self.diff_ids)
            + size_of_val(&*self.labels)
            + self.commits.allocation_size()
            + apart
    }
}

impl<'a> Config<'a> {
    /// The digests of the layers' content, lowest first.
    pub(crate) fn diff_ids(self) -> &'a [DigestId] {
        let end = |record: &Record| record.diff_ids as usize;
        &self.configs.diff_ids[self.range(end)]
    }

    /// The labels.
    pub(crate) fn labels(self) -> &'a [LabelId] {
        let end = |record: &Record| record.labels as usize;
        &self.configs.labels[self.range(end)]
    }

    /// When the image was built, as the builder says.
    pub(crate) fn created(self) -> Option<i64> {
        self.record().created.get()
    }

    /// The commit that it was built from, as a label says.
    pub(crate) fn commit(self, labels: &'a Labels) -> Option<&'a str> {
        if let Some(apart) = self.commit_apart() {
            return apart;
        }
        let texts = self.labels().iter().map(|label| labels.label(*label));
        commit::of(texts.map(|(key, value)| (key, value.get(1..).unwrap_or_default())))
    }

    /// The commit, or that there is none, where the labels as they are kept do not say it.
    pub(crate) fn commit_apart(self) -> Option<Option<&'a str>> {
        self.configs.commits.get(&self.place).map(Option::as_deref)
    }

    fn record(self) -> &'a Record {
        &self.configs.all.all()[self.place.index()]
    }

    fn range(self, end: impl Fn(&Record) -> usize) -> std::ops::Range<usize> {
        let all = self.configs.all.all();
        let before = self.place.index().checked_sub(1);
        before.map_or(0, |before| end(&all[before]))..end(&all[self.place.index()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_kept_as_it_was_written() {
        let (mut configs, mut labels) = (Configs::default(), Labels::default());
        let long = "c".repeat(90);
        let key = "org.opencontainers.image.revision";
        let all = [
            (key, "0a1b", Some("0a1b")),
            (key, "0A1B", Some("0A1B")),
            (key, " 0a1b ", Some("0a1b")),
            ("ORG.opencontainers.image.revision", "0a1b", None),
            (key, &long, Some(&*long)),
            ("version", "1", None),
        ];
        for (number, (key, value, _)) in (0..).zip(all) {
            let texts = [(key.to_owned(), value.to_owned())];
            configs.insert(DigestId::from_number(number), [], None, &texts, &mut labels);
        }
        for (number, (key, value, commit)) in (0..).zip(all) {
            let config = configs.get(DigestId::from_number(number)).unwrap();
            assert_eq!(config.commit(&labels), commit, "{key}={value}");
        }
        assert_eq!(configs.commits.len(), 2, "only what the labels do not say");
    }
}
