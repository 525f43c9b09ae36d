// SPDX-License-Identifier: LGPL-2.1-or-later

use proptest::prelude::*;

use super::*;
use crate::model::{Update, digest, images, names, some_update, told};
use crate::{RevisionFacts, TagState};
use images_proto::repository::{Kind, Origin};
use images_proto::{Tag, TagRef};

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

fn tag(text: &str, digests: &[Digest]) -> TagFacts {
    TagFacts {
        tag: text.parse().unwrap(),
        revisions: digests
            .iter()
            .map(|digest| RevisionFacts { digest: *digest, created: None })
            .collect(),
        origin: Origin::Pushed,
        problem: None,
    }
}

fn image(image: Digest, config: Digest, layers: &[Digest]) -> ImageFacts {
    let blob = |digest| BlobFacts { digest, size: Some(1) };
    let layers = layers.iter().copied().map(blob).collect();
    ImageFacts { digest: image, content: Content::Manifest { config: Some(blob(config)), layers } }
}

#[test]
fn the_same_facts_again_change_nothing() {
    let mut catalog = Catalog::default();
    let api = name("dev/api");
    let tell = |catalog: &mut Catalog| {
        catalog.put_repository(&api, Some(vec![tag("v1", &[digest(&[1])])]));
        catalog.put_repository(&api, None);
        catalog.put_images(&api, vec![image(digest(&[1]), digest(&[2]), &[digest(&[3])])]);
        catalog.put_config(&digest(&[2]), ConfigFacts::default());
        catalog.set_listed(true);
        catalog.set_host(Some("registry.example.com".to_owned()));
        catalog.generation()
    };
    let first = tell(&mut catalog);
    assert_eq!(tell(&mut catalog), first);
    catalog.put_repository(&api, Some(vec![tag("v1", &[digest(&[9])])]));
    assert!(catalog.generation() > first);
}

#[test]
fn an_image_of_two_repositories_stays_until_both_let_it_go() {
    let mut catalog = Catalog::default();
    let (api, web) = (name("dev/api"), name("dev/web"));
    for name in [&api, &web] {
        catalog.put_repository(name, Some(Vec::new()));
        catalog.put_images(name, vec![image(digest(&[1]), digest(&[2]), &[])]);
    }
    assert_eq!(catalog.counts().images, 1);
    assert_eq!(catalog.unread_configs(9), [(api.clone(), digest(&[2]))]);
    catalog.remove_repository(&api);
    assert_eq!(catalog.counts().images, 1);
    assert_eq!(catalog.unread_configs(9), [(web.clone(), digest(&[2]))]);
    assert_eq!(catalog.repository_holding(&digest(&[1])), Some(web.clone()));
    catalog.put_images(&web, Vec::new());
    assert_eq!((catalog.counts().images, catalog.counts().configs_unread), (0, 0));
    assert!(catalog.unread_configs(9).is_empty());
    assert_eq!(catalog.repository_holding(&digest(&[1])), None);
}

#[test]
fn images_do_not_bring_a_deleted_repository_back() {
    let mut catalog = Catalog::default();
    let api = name("dev/api");
    catalog.put_repository(&api, None);
    assert!(catalog.unread_repositories().eq([&api]));
    catalog.remove_repository(&api);
    let generation = catalog.generation();
    catalog.put_images(&api, vec![image(digest(&[1]), digest(&[2]), &[])]);
    assert!(!catalog.has_repository(&api));
    assert_eq!((catalog.counts().images, catalog.generation()), (0, generation));
}

#[test]
fn a_failed_config_is_not_asked_for_until_it_is_retried() {
    let mut catalog = Catalog::default();
    let api = name("dev/api");
    catalog.put_repository(&api, Some(Vec::new()));
    catalog.put_images(&api, vec![image(digest(&[1]), digest(&[2]), &[])]);
    catalog.fail_config(&digest(&[2]));
    assert!(catalog.unread_configs(9).is_empty());
    assert_eq!(catalog.counts().configs_unread, 1);
    catalog.retry_configs();
    assert_eq!(catalog.unread_configs(9).len(), 1);
    catalog.put_config(&digest(&[2]), ConfigFacts::default());
    catalog.fail_config(&digest(&[2]));
    catalog.retry_configs();
    assert!(catalog.unread_configs(9).is_empty());
    assert_eq!(catalog.counts().configs_unread, 0);
}

#[test]
fn a_child_that_another_repository_misses_takes_no_space() {
    let mut catalog = Catalog::default();
    let (api, web) = (name("dev/api"), name("dev/web"));
    catalog.put_repository(&api, None);
    catalog.put_repository(&web, None);
    let content = Content::Index { children: vec![digest(&[1]), digest(&[2])] };
    let one = image(digest(&[1]), digest(&[3]), &[]);
    catalog.put_images(&api, vec![ImageFacts { digest: digest(&[9]), content }, one]);
    let size = |catalog: &Catalog| catalog.repository(catalog.id(&api).unwrap()).unwrap().size;
    assert_eq!(size(&catalog), None, "one child was not read");
    let missing = ImageFacts { digest: digest(&[2]), content: Content::Missing };
    catalog.put_images(&web, vec![missing]);
    assert_eq!(size(&catalog), Some(1));
    catalog.remove_repository(&web);
    assert_eq!(size(&catalog), None);
    catalog.put_repository(&web, None);
    catalog.put_images(&web, vec![image(digest(&[2]), digest(&[4]), &[digest(&[5])])]);
    assert_eq!(size(&catalog), Some(3));
    catalog.remove_repository(&web);
    assert_eq!(size(&catalog), None);
}

#[test]
fn indexes_in_a_circle_end() {
    let mut catalog = Catalog::default();
    let api = name("dev/api");
    let index = |start, child| ImageFacts {
        digest: digest(&[start]),
        content: Content::Index { children: vec![digest(&[child])] },
    };
    catalog.put_repository(&api, Some(vec![tag("v1", &[digest(&[1])])]));
    catalog.put_images(&api, vec![index(1, 2), index(2, 1), index(3, 3)]);
    assert_eq!(catalog.indexes_containing(&api, &digest(&[3])), [digest(&[3])]);
    assert_eq!(catalog.kind(Some(&api), &digest(&[2])), Kind::Index);
}

#[test]
fn clear_forgets_all_but_the_generation() {
    let mut catalog = Catalog::default();
    catalog.put_repository(&name("dev/api"), Some(vec![tag("v1", &[])]));
    let generation = catalog.generation();
    catalog.clear();
    assert!(catalog.generation() > generation);
    assert_eq!(catalog.counts(), status::Counts::default());
}

proptest! {
    #[test]
    fn answers_for_actions_agree_with_the_model(
        updates in prop::collection::vec(some_update(), 0..30),
    ) {
        let (catalog, model) = told(&updates);
        prop_assert_eq!(catalog.counts(), model.counts());
        prop_assert!(catalog.repository_names().eq(model.repositories.keys()));
        let wanted = catalog.unread_configs(usize::MAX);
        let configs: BTreeSet<_> = wanted.iter().map(|(_, config)| *config).collect();
        prop_assert_eq!(configs.len(), wanted.len());
        prop_assert_eq!(configs, model.wanted_configs());
        for (repository, config) in &wanted {
            // The repository does hold an image of the config.
            let held = |image: &Digest| {
                let kind = catalog.kind(Some(repository), image);
                kind == Kind::Image
                    && model.config_digest(image) == Some(*config)
                    && catalog.repository(catalog.id(repository).unwrap()).unwrap()
                        .holds(catalog.digests.get(image).unwrap())
            };
            prop_assert!(images().iter().any(held));
        }
        for image in images() {
            prop_assert_eq!(catalog.tags_of_digest(None, &image), model.tags_of(&image));
            for name in names() {
                let there = catalog.tags_of_digest(Some(&name), &image);
                let expected = model.tags_of(&image).into_iter();
                prop_assert_eq!(
                    there, expected.filter(|(tag, _)| tag.repository == name).collect::<Vec<_>>()
                );
                prop_assert_eq!(catalog.kind(Some(&name), &image), model.kind(&name, &image));
                let indexes = model.indexes_of(&image).into_iter().filter(|index| {
                    catalog.id(&name).is_some_and(|id| {
                        catalog.repository(id).unwrap().holds(catalog.digests.get(index).unwrap())
                    })
                });
                prop_assert_eq!(
                    catalog.indexes_containing(&name, &image), indexes.collect::<Vec<_>>()
                );
            }
        }
        for (name, repository) in &model.repositories {
            for facts in repository.tags() {
                let tag = TagRef { repository: name.clone(), tag: facts.tag.clone() };
                prop_assert_eq!(catalog.tag(&tag), Some(TagState {
                    revisions: facts.revisions.clone(),
                    origin: facts.origin.clone(),
                    problem: facts.problem.clone(),
                }));
            }
            let none: Tag = "no-such-tag".parse().unwrap();
            prop_assert_eq!(catalog.tag(&TagRef { repository: name.clone(), tag: none }), None);
        }
    }

    #[test]
    fn a_changed_answer_has_a_new_generation(
        updates in prop::collection::vec(some_update(), 1..20),
    ) {
        let mut catalog = Catalog::default();
        let mut model = crate::model::Model::default();
        for update in updates {
            let before = (catalog.counts(), format!("{model:?}"), catalog.generation());
            update.tell(&mut catalog);
            model.tell(&update);
            // What was failed is asked for no more, but no reader sees that.
            let unseen = |update: &Update| {
                matches!(update, Update::FailConfig(_) | Update::RetryConfigs | Update::Recall)
            };
            let seen = !unseen(&update);
            if before.0 != catalog.counts() {
                prop_assert!(catalog.generation() > before.2);
            }
            if before.1 == format!("{model:?}") && seen {
                prop_assert_eq!(catalog.generation(), before.2, "{:?}", update);
            }
        }
    }
}
