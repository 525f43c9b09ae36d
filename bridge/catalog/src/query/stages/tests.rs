// SPDX-License-Identifier: LGPL-2.1-or-later

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use images_proto::repository::Origin;
use images_proto::stage::State;
use images_proto::{Tag, natural};
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;
use crate::model::{Model, digest, images, names, some_update, tags, told};
use crate::{ConfigFacts, Content, ImageFacts, RevisionFacts, TagFacts};

fn params() -> Params {
    let mut params = Params::default();
    params.window.limit = 500;
    params
}

fn board(catalog: &Catalog, around: Around, params: Params) -> View {
    let mut stages = Stages::new(params);
    stages.set_around(around);
    stages.render(catalog)
}

fn setting(by: By, stages: &[&str]) -> Setting {
    Setting { by, stages: stages.iter().map(|stage| (*stage).to_owned()).collect() }
}

fn around(setting: Setting) -> Around {
    Around { setting, ..Around::default() }
}

fn tag(name: &str, digests: &[u8]) -> TagFacts {
    let revision = |n: &u8| RevisionFacts { digest: digest(&[*n]), created: Some(i64::from(*n)) };
    TagFacts {
        tag: name.parse().unwrap(),
        revisions: digests.iter().map(revision).collect(),
        origin: Origin::Pushed,
        problem: None,
    }
}

/// `dev/api` and so on, each with a tag `v1` of this history.
fn catalog(repositories: &[(&str, &[u8])]) -> Catalog {
    let mut catalog = Catalog::default();
    for (name, digests) in repositories {
        catalog.put_repository(&name.parse().unwrap(), Some(vec![tag("v1", digests)]));
    }
    catalog.set_listed(true);
    catalog.set_source(Some(Source::Openshift));
    catalog
}

fn shown(view: &View) -> Vec<Vec<State>> {
    view.rows.iter().map(|row| row.cells.iter().map(|cell| cell.state).collect()).collect()
}

#[test]
fn each_stage_is_compared_with_the_one_before() {
    let catalog = catalog(&[
        ("dev/api", &[3, 2, 1]),
        ("test/api", &[2]),
        ("prod/api", &[2]),
        ("dev/web", &[5]),
        ("prod/web", &[5]),
        ("dev/x", &[7]),
        ("test/x", &[8]),
    ]);
    let all = around(setting(By::Project, &["dev", "test", "prod"]));
    let view = board(&catalog, all.clone(), params());
    use State::{Behind, Drifted, Equal, First, Missing};
    assert_eq!(
        shown(&view),
        [vec![First, Behind, Equal], vec![First, Missing, Drifted], vec![First, Drifted, Missing]]
    );
    assert_eq!((view.total, view.differing, view.reading), (3, 3, false));
    let api = &view.rows[0];
    assert_eq!((&*api.repository, api.tag.as_ref().map(Tag::as_str)), ("api", Some("v1")));
    assert_eq!(api.cells[1].tag.to_string(), "test/api:v1");
    assert_eq!((api.cells[1].digest, api.cells[1].since), (Some(digest(&[2])), Some(2)));
    let mut only = params();
    only.window.filter = " API:v ".to_owned();
    assert_eq!(board(&catalog, all.clone(), only.clone()).total, 1);
    only.window.filter = "V1".to_owned();
    assert_eq!(board(&catalog, all, only).total, 3);
}

#[test]
fn a_plain_registry_has_the_history_of_our_promotions() {
    let mut catalog = catalog(&[("dev/api", &[3]), ("test/api", &[2])]);
    catalog.set_source(Some(Source::Distribution));
    let mut around = around(setting(By::Project, &["dev", "test"]));
    assert_eq!(shown(&board(&catalog, around.clone(), params())), [[State::First, State::Differs]]);
    let dev: TagRef = TagRef { repository: "dev/api".parse().unwrap(), tag: "v1".parse().unwrap() };
    around.past.add(&dev, digest(&[2]));
    assert_eq!(shown(&board(&catalog, around, params())), [[State::First, State::Behind]]);
}

#[test]
fn stages_may_be_tags_of_one_repository() {
    let mut catalog = Catalog::default();
    let all = vec![tag("dev", &[2, 1]), tag("prod", &[1]), tag("x", &[9])];
    catalog.put_repository(&"a".parse().unwrap(), Some(all));
    catalog.put_repository(&"b/c".parse().unwrap(), Some(vec![tag("x", &[1])]));
    catalog.put_repository(&"b/unread".parse().unwrap(), None);
    catalog.set_listed(true);
    catalog.set_source(Some(Source::Openshift));
    let view = board(&catalog, around(setting(By::Tag, &["dev", "test", "prod"])), params());
    assert_eq!(shown(&view), [[State::First, State::Missing, State::Drifted]]);
    assert_eq!((&*view.rows[0].repository, &view.rows[0].tag), ("a", &None));
    assert_eq!(view.rows[0].cells[2].tag.to_string(), "a:prod");
    assert!(view.reading, "one repository was not read");
}

#[test]
fn what_was_not_read_is_unknown() {
    let mut catalog = catalog(&[("dev/api", &[1]), ("test/api", &[])]);
    catalog.put_repository(&"prod/api".parse().unwrap(), None);
    catalog.set_listed(false);
    let view =
        board(&catalog, around(setting(By::Project, &["dev", "test", "prod", "late"])), params());
    use State::{First, Unknown};
    assert_eq!(shown(&view), [[First, Unknown, Unknown, Unknown]]);
    assert_eq!(view.differing, 0);
}

#[test]
fn the_commit_is_what_a_label_says() {
    let mut catalog = catalog(&[("dev/api", &[1]), ("prod/api", &[2])]);
    let (config, name) = (digest(&[9]), "dev/api".parse().unwrap());
    let content = Content::Manifest {
        config: Some(crate::BlobFacts { digest: config, size: None }),
        layers: Vec::new(),
    };
    let index = Content::Index { children: vec![digest(&[8])] };
    catalog.put_images(
        &name,
        vec![
            ImageFacts { digest: digest(&[8]), content },
            ImageFacts { digest: digest(&[1]), content: index },
        ],
    );
    let labels = vec![("vcs-ref".to_owned(), "Cafe1".to_owned())];
    catalog.put_config(&config, ConfigFacts { labels, ..ConfigFacts::default() });
    let view = board(&catalog, around(setting(By::Project, &["dev", "prod"])), params());
    let commits: Vec<_> = view.rows[0].cells.iter().map(|cell| cell.commit.as_deref()).collect();
    assert_eq!(commits, [Some("Cafe1"), None]);
}

#[test]
fn without_stages_there_are_no_rows_but_choices() {
    let catalog = catalog(&[("dev/api", &[1]), ("prod/api", &[2])]);
    let view = board(&catalog, Around::default(), params());
    assert_eq!((view.rows.len(), view.total), (0, 0));
    assert_eq!(view.choices, ["dev", "prod"]);
    let tags = board(&catalog, Around::default(), Params { by: Some(By::Tag), ..params() });
    assert_eq!(tags.choices, ["v1"]);
}

#[test]
fn ten_thousand_repositories_are_looked_at_in_milliseconds() {
    let mut catalog = Catalog::default();
    for stage in ["dev", "test", "prod"] {
        for idx in 0..10_000_u32 {
            let tags = (0..2).map(|tag_idx| {
                let [.., a, b] = (idx * 2 + tag_idx).to_be_bytes();
                let mut facts = tag(&format!("v{tag_idx}"), &[]);
                let old = u8::from(stage == "prod" && idx % 3 == 0);
                for revision in 0..2 {
                    let digest = digest(&[a, b, revision + old]);
                    facts.revisions.push(RevisionFacts { digest, created: None });
                }
                facts
            });
            let name = format!("{stage}/r{idx}").parse().unwrap();
            catalog.put_repository(&name, Some(tags.collect()));
        }
    }
    catalog.set_listed(true);
    let mut stages = Stages::new(Params::default());
    stages.set_around(around(setting(By::Project, &["dev", "test", "prod"])));
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..5 {
        let before = Instant::now();
        let view = stages.render(&catalog);
        times.push(before.elapsed());
        assert_eq!((view.total, view.differing), (20_000, 6_668));
        assert_eq!(view.rows.len(), 50);
    }
    let best = times.into_iter().min().unwrap();
    // Without optimisation it takes many times as long.
    let most = if cfg!(debug_assertions) { 400 } else { 20 };
    assert!(best < Duration::from_millis(most), "{best:?}");
}

/// The board as a child would make it.
struct Slow<'a> {
    model: &'a Model,
    setting: &'a Setting,
    past: &'a [(TagRef, images_proto::Digest)],
    openshift: bool,
}

impl Slow<'_> {
    fn tag_of(&self, repository: &str, stage: &str, tag: Option<&Tag>) -> TagRef {
        match tag {
            Some(tag) => TagRef {
                repository: format!("{stage}/{repository}").parse().unwrap(),
                tag: tag.clone(),
            },
            None => TagRef { repository: repository.parse().unwrap(), tag: stage.parse().unwrap() },
        }
    }

    /// What a tag named, the newest first; `None`: nobody knows. Empty: it is not there.
    fn named(&self, tag: &TagRef) -> Option<Vec<images_proto::Digest>> {
        let Some(repository) = self.model.repositories.get(&tag.repository) else {
            return self.model.listed.then(Vec::new);
        };
        let facts = repository.tags.as_ref()?.iter().find(|facts| facts.tag == tag.tag);
        match facts {
            None => Some(Vec::new()),
            Some(facts) if facts.revisions.is_empty() => None,
            Some(facts) => Some(facts.revisions.iter().map(|revision| revision.digest).collect()),
        }
    }

    fn states(&self, tags: &[TagRef]) -> Vec<State> {
        let state = |idx: usize| {
            let now = match self.named(&tags[idx]) {
                None => return State::Unknown,
                Some(named) => match named.first() {
                    None => return State::Missing,
                    Some(now) => *now,
                },
            };
            if idx == 0 {
                return State::First;
            }
            let Some(before) = self.named(&tags[idx - 1]) else { return State::Unknown };
            let earlier = before.contains(&now)
                || (!before.is_empty() && self.past.contains(&(tags[idx - 1].clone(), now)));
            match (before.first() == Some(&now), earlier, self.openshift) {
                (true, ..) => State::Equal,
                (false, true, _) => State::Behind,
                (false, false, true) => State::Drifted,
                (false, false, false) => State::Differs,
            }
        };
        (0..tags.len()).map(state).collect()
    }

    fn rows(&self) -> Vec<(String, Option<Tag>, Vec<State>)> {
        let mut keys: BTreeSet<(String, Option<Tag>)> = BTreeSet::new();
        for (name, repository) in &self.model.repositories {
            for facts in repository.tags() {
                match self.setting.by {
                    By::Project => {
                        let is_stage = |project: &str| {
                            self.setting.stages.iter().any(|stage| stage == project)
                        };
                        if name.project().is_some_and(is_stage) && facts.tag.attached_to().is_none()
                        {
                            let rest = name.name_in_project().to_owned();
                            keys.insert((rest, Some(facts.tag.clone())));
                        }
                    }
                    By::Tag if self.setting.stages.iter().any(|s| s == facts.tag.as_str()) => {
                        keys.insert((name.to_string(), None));
                    }
                    By::Tag => {}
                }
            }
        }
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_by(|(name, tag), (other, other_tag)| {
            let text = |tag: &Option<Tag>| {
                tag.as_ref().map(|tag| tag.as_str().to_owned()).unwrap_or_default()
            };
            name.cmp(other).then_with(|| natural::compare(&text(tag), &text(other_tag)))
        });
        let row = |(name, tag): (String, Option<Tag>)| {
            let stages = self.setting.stages.iter();
            let tags: Vec<_> =
                stages.map(|stage| self.tag_of(&name, stage, tag.as_ref())).collect();
            let states = self.states(&tags);
            (name, tag, states)
        };
        keys.into_iter().map(row).collect()
    }
}

fn some_setting() -> impl Strategy<Value = Setting> {
    let projects = subsequence(vec!["dev", "prod", "dev-test", "nowhere"], 0..=4).prop_shuffle();
    let tags = subsequence(vec!["latest", "v1", "v2", "V10", "none"], 0..=4).prop_shuffle();
    prop_oneof![
        projects.prop_map(|stages| setting(By::Project, &stages)),
        tags.prop_map(|stages| setting(By::Tag, &stages)),
    ]
}

fn some_past() -> impl Strategy<Value = Vec<(TagRef, images_proto::Digest)>> {
    use proptest::sample::select;
    let tag = (select(names()), select(tags()));
    let tag = tag.prop_map(|(repository, tag)| TagRef { repository, tag });
    prop::collection::vec((tag, select(images())), 0..6)
}

proptest! {
    #[test]
    fn the_board_agrees_with_brute_force(
        updates in prop::collection::vec(some_update(), 0..30),
        setting in some_setting(),
        past in some_past(),
        openshift in any::<bool>(),
        differing in any::<bool>(),
        (offset, limit) in (0_u32..8, 0_u32..6),
        filter in "[adv1]{0,2}",
    ) {
        let (mut catalog, model) = told(&updates);
        catalog.set_source(openshift.then_some(Source::Openshift));
        let slow = Slow { model: &model, setting: &setting, past: &past, openshift };
        let all = slow.rows();
        let differs = |states: &[State]| {
            states.iter().any(|s| !matches!(s, State::First | State::Equal | State::Unknown))
        };
        let mut around = around(setting.clone());
        for (tag, digest) in &past {
            around.past.add(tag, *digest);
        }
        let params = Params {
            window: images_proto::project::Window { filter: filter.clone(), offset, limit },
            differing,
            by: None,
        };
        let view = board(&catalog, around, params);
        let tag_text = |tag: &Option<Tag>| {
            tag.as_ref().map(|tag| tag.as_str().to_lowercase()).unwrap_or_default()
        };
        let fitting: Vec<_> = all
            .iter()
            .filter(|(name, tag, _)| name.contains(&filter) || tag_text(tag).contains(&filter))
            .filter(|(_, _, states)| !differing || differs(states))
            .collect();
        prop_assert_eq!(view.total as usize, fitting.len());
        let count = all.iter().filter(|(_, _, states)| differs(states)).count();
        prop_assert_eq!(view.differing as usize, count);
        let rows: Vec<_> = view
            .rows
            .iter()
            .map(|row| {
                let states: Vec<_> = row.cells.iter().map(|cell| cell.state).collect();
                (row.repository.clone(), row.tag.clone(), states)
            })
            .collect();
        let window = view.offset as usize..(view.offset as usize + rows.len());
        prop_assert_eq!(rows.iter().collect::<Vec<_>>(), fitting[window.clone()].to_vec());
        if (offset as usize) < fitting.len() {
            prop_assert_eq!(window.start, offset as usize);
            prop_assert_eq!(window.len(), (limit as usize).min(fitting.len() - window.start));
        }
        for row in &view.rows {
            for (cell, stage) in row.cells.iter().zip(&setting.stages) {
                let tag = slow.tag_of(&row.repository, stage, row.tag.as_ref());
                let now = slow.named(&tag).and_then(|named| named.first().copied());
                prop_assert_eq!(cell.digest, now);
                prop_assert_eq!(&cell.tag, &tag);
            }
        }
    }
}
