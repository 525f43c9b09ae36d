// SPDX-License-Identifier: LGPL-2.1-or-later

//! Cases that are easy to get wrong, one by one.

use std::collections::BTreeSet;

use images_proto::delete::{
    Extent, Fallback, Fate, LayerFate, List, Orphan, Params, Part, Plan, Reason, Step, Target,
};
use images_proto::repository::Origin;
use images_proto::status::Source;
use images_proto::{Code, Digest, RepositoryName, Tag, TagRef};

use super::super::model::{NOW, config, image, layer};
use super::super::{Surroundings, fingerprint};
use crate::{
    BlobFacts, Catalog, ClusterImage, Content, ImageFacts, References, RevisionFacts, TagFacts,
};

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

fn tag(text: &str) -> TagRef {
    let (repository, tag) = text.split_once(':').unwrap();
    TagRef { repository: name(repository), tag: tag.parse().unwrap() }
}

fn tags<const N: usize>(all: [&str; N]) -> Vec<TagRef> {
    all.map(tag).to_vec()
}

fn signature(of: &Digest) -> String {
    format!("sha256-{}.sig", of.hex())
}

fn facts(text: &str, revisions: &[u8]) -> TagFacts {
    let revision = |n: &u8| RevisionFacts { digest: image(*n), created: Some(1) };
    TagFacts {
        tag: text.parse().unwrap(),
        revisions: revisions.iter().map(revision).collect(),
        origin: Origin::Pushed,
        problem: None,
    }
}

fn blob(digest: Digest, size: u64) -> BlobFacts {
    BlobFacts { digest, size: Some(size) }
}

/// Image N has config N and layers N and 9, which all share; from 5 on they are indexes.
fn content(n: u8) -> Content {
    match n {
        5 => Content::Index { children: vec![image(0), image(1)] },
        _ => Content::Manifest {
            config: Some(blob(config(n), 10)),
            layers: vec![blob(layer(9), 1000), blob(layer(n), 100)],
        },
    }
}

fn put(catalog: &mut Catalog, repository: &str, tags: Vec<TagFacts>, images: &[u8]) {
    let repository = name(repository);
    catalog.put_repository(&repository, Some(tags));
    let images = images.iter().map(|n| ImageFacts { digest: image(*n), content: content(*n) });
    catalog.put_images(&repository, images.collect());
}

fn empty(source: Source) -> Catalog {
    let mut catalog = Catalog::default();
    catalog.set_source(Some(source));
    catalog.set_listed(true);
    catalog
}

/// `shop/api`: `latest` and `v1` on 1, and `v2` on 2; `tools/api:v1` on 1 too.
fn plain() -> Catalog {
    let mut catalog = empty(Source::Distribution);
    let all = vec![facts("latest", &[1]), facts("v1", &[1]), facts("v2", &[2])];
    put(&mut catalog, "shop/api", all, &[1, 2]);
    put(&mut catalog, "tools/api", vec![facts("v1", &[1])], &[1]);
    catalog
}

/// The same with history: `latest` was 2 and then 3 before, and `v2` was 1.
fn openshift() -> Catalog {
    let mut catalog = empty(Source::Openshift);
    let all = vec![facts("latest", &[1, 2, 3]), facts("v1", &[1]), facts("v2", &[2, 1])];
    put(&mut catalog, "shop/api", all, &[1, 2, 3]);
    put(&mut catalog, "tools/api", vec![facts("v1", &[1])], &[1]);
    catalog
}

fn around(catalog: &Catalog) -> Surroundings {
    let mut around = Surroundings::new(catalog.source().unwrap(), NOW);
    around.sizes = (0..10).map(|n| (image(n), 1)).collect();
    around
}

/// What a cluster tells whose streams are those of the catalog, with these images.
fn everywhere(catalog: &Catalog, images: &[u8]) -> References {
    let mut references = References::default();
    for repository in catalog.repository_names() {
        let all = ["latest", "v1", "v2"].iter().filter_map(|text| {
            let tag = TagRef { repository: repository.clone(), tag: text.parse().unwrap() };
            let known = catalog.tag(&tag)?;
            Some(TagFacts {
                tag: tag.tag,
                revisions: known.revisions,
                origin: known.origin,
                problem: None,
            })
        });
        references.add_stream(repository, &all.collect::<Vec<_>>(), false);
    }
    for n in images {
        references.add_image(image(*n), cluster_image(*n));
    }
    references
}

fn cluster_image(n: u8) -> ClusterImage {
    ClusterImage { created: Some(NOW - 7200), managed: true, content: Some(content(n)) }
}

fn plan(catalog: &Catalog, target: Target) -> Plan {
    catalog.plan_deletion(&Params::of(vec![target]), &around(catalog))
}

fn purge(catalog: &Catalog, around: &Surroundings, target: Target) -> Plan {
    let params = Params { extent: Extent::Purge, ..Params::of(vec![target]) };
    catalog.plan_deletion(&params, around)
}

fn untag(text: &str, n: u8) -> Step {
    Step::Tag { tag: tag(text), digest: Some(image(n)) }
}

fn unlink(repository: &str, n: u8, tags: &[&str]) -> Step {
    let tags: Vec<Tag> = tags.iter().map(|text| text.parse().unwrap()).collect();
    Step::Manifest { repository: name(repository), digest: image(n), tags }
}

fn refused(plan: &Plan) -> Code {
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    plan.items[0].refused.as_ref().unwrap().code
}

fn fate(plan: &Plan, digest: Digest) -> &LayerFate {
    plan.layers.iter().find(|layer| layer.digest == digest).unwrap()
}

#[test]
fn a_tag_goes_alone_as_long_as_another_is_on_its_manifest() {
    let catalog = plain();
    let plan = plan(&catalog, Target::Tag(tag("shop/api:v1")));
    assert_eq!(plan.steps, [untag("shop/api:v1", 1)]);
    let item = &plan.items[0];
    assert_eq!(item.digest, Some(image(1)));
    assert_eq!(item.goes, tags(["shop/api:v1"]));
    assert_eq!(item.stays, tags(["shop/api:latest", "tools/api:v1"]));
    assert_eq!((item.stay_count, item.images, &item.steps[..]), (2, 0, &[0][..]));
    assert_eq!(plan.images[0].fate, Fate::Stays);
    let because = |text| Reason::Tag { tag: tag(text), age: 0 };
    assert_eq!(plan.images[0].because, ["shop/api:latest", "tools/api:v1"].map(because));
    assert_eq!((plan.space.later, plan.space.shared), (0, 1111));
}

#[test]
fn the_last_tag_goes_with_its_manifest() {
    let plan = plan(&plain(), Target::Tag(tag("shop/api:v2")));
    assert_eq!(plan.steps, [unlink("shop/api", 2, &["v2"])]);
    assert_eq!((plan.items[0].images, plan.items[0].stay_count), (1, 0));
    // The layer that all share stays.
    assert_eq!((plan.space.freed, plan.space.later, plan.space.shared), (0, 111, 1000));
    assert_eq!(fate(&plan, layer(9)).because, [Reason::Image(image(1))]);
    assert_eq!(fate(&plan, config(2)).part, Part::Config);
}

#[test]
fn all_targets_together_decide_what_stays() {
    let catalog = plain();
    let targets = ["shop/api:latest", "shop/api:v1"].map(|text| Target::Tag(tag(text))).to_vec();
    let plan = catalog.plan_deletion(&Params::of(targets), &around(&catalog));
    assert_eq!(plan.steps, [unlink("shop/api", 1, &["latest", "v1"])]);
    for item in &plan.items {
        assert_eq!((&item.stays, &item.steps[..]), (&tags(["tools/api:v1"]), &[0][..]));
    }
    assert_eq!(plan.images[0].fate, Fate::Stays);
}

#[test]
fn an_index_takes_along_what_only_it_contains() {
    let mut catalog = empty(Source::Distribution);
    put(&mut catalog, "a/b", vec![facts("multi", &[5]), facts("arm", &[1])], &[0, 1, 5]);
    let gone = plan(&catalog, Target::Tag(tag("a/b:multi")));
    assert_eq!(gone.steps, [unlink("a/b", 5, &["multi"]), unlink("a/b", 0, &[])]);
    assert_eq!(gone.items[0].images, 2);
    // One of its images cannot go without it.
    let manifest = |n| Target::Manifest { repository: name("a/b"), digest: image(n) };
    let broken = plan(&catalog, manifest(0));
    assert_eq!(refused(&broken), Code::Conflict);
    assert_eq!(broken.items[0].breaks, [image(5)]);
    // Its own tag can.
    let untagged = plan(&catalog, manifest(1));
    assert_eq!(untagged.steps, [untag("a/b:arm", 1)]);
    assert_eq!(untagged.items[0].breaks, [image(5)]);
    assert_eq!(untagged.images[0].because, [Reason::Image(image(5))]);
    // Both together go both.
    let params = Params::of(vec![manifest(1), manifest(5)]);
    let both = catalog.plan_deletion(&params, &around(&catalog));
    let expected =
        [unlink("a/b", 5, &["multi"]), unlink("a/b", 0, &[]), unlink("a/b", 1, &["arm"])];
    assert_eq!(both.steps, expected);
    assert!(both.items.iter().all(|item| item.breaks.is_empty()));
}

#[test]
fn no_manifest_goes_while_a_tag_of_the_repository_is_unread() {
    let mut catalog = empty(Source::Distribution);
    put(&mut catalog, "a/b", vec![facts("v1", &[1]), facts("odd", &[])], &[1]);
    let manifest = Target::Manifest { repository: name("a/b"), digest: image(1) };
    assert_eq!(refused(&plan(&catalog, manifest)), Code::Conflict);
    assert_eq!(refused(&plan(&catalog, Target::Repository(name("a/b")))), Code::Conflict);
    // A tag alone harms no other.
    let alone = plan(&catalog, Target::Tag(tag("a/b:v1")));
    assert_eq!(alone.steps, [untag("a/b:v1", 1)]);
    assert_eq!(alone.images[0].because, [Reason::Unread]);
    let odd = plan(&catalog, Target::Tag(tag("a/b:odd")));
    assert_eq!(odd.steps, [Step::Tag { tag: tag("a/b:odd"), digest: None }]);
}

#[test]
fn signatures_leave_with_their_image_and_after_it() {
    let mut catalog = empty(Source::Distribution);
    let all = vec![facts("v1", &[1]), facts(&signature(&image(1)), &[3]), facts("v2", &[1])];
    put(&mut catalog, "a/b", all, &[1, 3]);
    let sibling = plan(&catalog, Target::Tag(tag("a/b:v1")));
    assert_eq!(sibling.steps, [untag("a/b:v1", 1)]);
    let all = plan(&catalog, Target::Image(image(1)));
    let signature = signature(&image(1));
    let expected = [unlink("a/b", 1, &["v1", "v2"]), unlink("a/b", 3, &[&signature])];
    assert_eq!(all.steps, expected);
    assert_eq!(all.items[0].goes.len(), 3);
    assert_eq!(all.items[0].steps, [0, 1]);
}

#[test]
fn a_repository_goes_as_far_as_the_registry_can() {
    let plain_plan = plan(&plain(), Target::Repository(name("shop/api")));
    let expected = [unlink("shop/api", 1, &["latest", "v1"]), unlink("shop/api", 2, &["v2"])];
    assert_eq!(plain_plan.steps, expected);
    let stream = plan(&openshift(), Target::Repository(name("shop/api")));
    assert_eq!(stream.steps, [Step::Repository(name("shop/api"))]);
    let item = &stream.items[0];
    assert_eq!(item.goes, tags(["shop/api:latest", "shop/api:v1", "shop/api:v2"]));
    assert_eq!((item.history, item.images), (3, 3));
    let mut empty = plain();
    put(&mut empty, "shop/api", vec![], &[]);
    assert_eq!(refused(&plan(&empty, Target::Repository(name("shop/api")))), Code::Unsupported);
    assert_eq!(refused(&plan(&empty, Target::Repository(name("no/where")))), Code::NotFound);
}

#[test]
fn on_openshift_a_tag_goes_with_its_history() {
    let plan = plan(&openshift(), Target::Tag(tag("shop/api:latest")));
    assert_eq!(plan.steps, [untag("shop/api:latest", 1)]);
    let item = &plan.items[0];
    assert_eq!((item.history, &item.stays), (2, &tags(["shop/api:v1", "tools/api:v1"])));
    // Of its history only 3 is nowhere else.
    let waits: Vec<_> = plan.images.iter().filter(|i| i.fate == Fate::Waits).collect();
    assert_eq!(waits.iter().map(|image| image.digest).collect::<Vec<_>>(), [image(3)]);
    assert_eq!(item.images, 1);
    assert_eq!(plan.space.later, 111);
}

#[test]
fn an_image_takes_exactly_its_revisions() {
    let plan = plan(&openshift(), Target::Image(image(1)));
    let revision = |text, n| Step::Revision { tag: tag(text), digest: image(n) };
    assert_eq!(
        plan.steps,
        [
            revision("shop/api:latest", 1),
            untag("shop/api:v1", 1),
            revision("shop/api:v2", 1),
            untag("tools/api:v1", 1),
        ]
    );
    let item = &plan.items[0];
    assert_eq!(item.goes, tags(["shop/api:v1", "tools/api:v1"]));
    let fallback = Fallback { tag: tag("shop/api:latest"), digest: image(2) };
    assert_eq!((&item.falls_back[..], item.history), (&[fallback][..], 0));
}

#[test]
fn without_the_right_to_change_history_a_tag_goes_whole_or_stays() {
    let catalog = openshift();
    let mut around = around(&catalog);
    around.rights.no_history.insert("shop".to_owned());
    let params = Params::of(vec![Target::Image(image(1))]);
    let image_plan = catalog.plan_deletion(&params, &around);
    let expected = [untag("shop/api:latest", 1), untag("shop/api:v1", 1), untag("tools/api:v1", 1)];
    assert_eq!(image_plan.steps, expected);
    // The tag that only named it earlier keeps it, for lack of a right.
    assert_eq!(image_plan.missing[0].code, Code::Forbidden);
    let stays = image_plan.images.iter().find(|fate| fate.digest == image(1)).unwrap();
    assert_eq!(stays.because, [Reason::Tag { tag: tag("shop/api:v2"), age: 1 }]);
    assert_eq!(image_plan.items[0].history, 2);
    // What was asked of one revision never takes more.
    let revision = |text: &str, n| Target::Revision {
        repository: tag(text).repository,
        tag: tag(text).tag,
        digest: image(n),
    };
    for target in [revision("shop/api:latest", 1), revision("shop/api:v2", 1)] {
        let plan = catalog.plan_deletion(&Params::of(vec![target]), &around);
        assert_eq!(refused(&plan), Code::Forbidden);
    }
    let only = Params::of(vec![revision("shop/api:v1", 1)]);
    assert_eq!(catalog.plan_deletion(&only, &around).steps, [untag("shop/api:v1", 1)]);
}

#[test]
fn without_the_right_to_delete_tags_their_revisions_go_one_by_one() {
    let catalog = openshift();
    let mut around = around(&catalog);
    around.rights.no_tags.insert("shop".to_owned());
    let params = Params::of(vec![Target::Tag(tag("shop/api:v2"))]);
    let plan = catalog.plan_deletion(&params, &around);
    let revision = |n| Step::Revision { tag: tag("shop/api:v2"), digest: image(n) };
    assert_eq!(plan.steps, [revision(1), revision(2)]);
    assert_eq!(plan.items[0].goes, tags(["shop/api:v2"]));
    around.rights.no_history.insert("shop".to_owned());
    assert_eq!(refused(&catalog.plan_deletion(&params, &around)), Code::Forbidden);
}

#[test]
fn revisions_that_are_all_of_a_tag_are_the_tag() {
    let catalog = openshift();
    let revision = |n| Target::Revision {
        repository: name("shop/api"),
        tag: "v2".parse().unwrap(),
        digest: image(n),
    };
    let params = Params::of(vec![revision(1), revision(2)]);
    let plan = catalog.plan_deletion(&params, &around(&catalog));
    assert_eq!(plan.steps, [untag("shop/api:v2", 2)]);
    assert!(plan.items.iter().all(|item| item.steps == [0] && item.falls_back.is_empty()));
}

#[test]
fn what_comes_back_is_told() {
    let mut catalog = empty(Source::Openshift);
    let scheduled = Origin::Imported { from: "quay.io/a/b".to_owned(), scheduled: true };
    let imported = TagFacts { origin: scheduled, ..facts("latest", &[1, 2]) };
    put(&mut catalog, "a/b", vec![imported], &[1, 2]);
    let newest = Target::Manifest { repository: name("a/b"), digest: image(1) };
    let returns = plan(&catalog, newest).items[0].returns.clone().unwrap();
    assert!(returns.contains("quay.io/a/b"), "{returns}");
    // With the tag goes its import.
    let whole = plan(&catalog, Target::Tag(tag("a/b:latest")));
    assert_eq!(whole.items[0].returns, None);
    // Its data was never here.
    assert_eq!((whole.space.later, whole.space.shared, whole.space.unknown), (0, 0, 0));
    assert_eq!(fate(&whole, layer(1)).because, [Reason::Elsewhere]);
}

#[test]
fn data_goes_in_an_order_that_can_be_taken_up_again() {
    let catalog = openshift();
    let mut around = around(&catalog);
    around.everywhere = Some(everywhere(&catalog, &[1, 2, 3]));
    let plan = purge(&catalog, &around, Target::Tag(tag("shop/api:latest")));
    let link = |digest| Step::Link { repository: name("shop/api"), digest };
    assert_eq!(
        plan.steps,
        [
            untag("shop/api:latest", 1),
            unlink("shop/api", 3, &[]),
            link(layer(3)),
            link(config(3)),
            Step::Blob(layer(3)),
            Step::Blob(config(3)),
            Step::Blob(image(3)),
            Step::Image(image(3)),
        ]
    );
    assert_eq!((plan.space.freed, plan.space.later, plan.space.unknown), (111, 0, 0));
    assert_eq!(plan.items[0].steps.len(), 8);
    // The stream goes behind its links.
    let plan = purge(&catalog, &around, Target::Repository(name("shop/api")));
    let place = |wanted: &Step| plan.steps.iter().position(|step| step == wanted).unwrap();
    assert!(place(&link(layer(9))) < place(&Step::Repository(name("shop/api"))));
    assert!(place(&Step::Repository(name("shop/api"))) < place(&Step::Blob(layer(2))));
    assert!(!plan.steps.contains(&Step::Blob(layer(9))), "tools/api needs it");
}

#[test]
fn data_that_is_young_or_of_unknown_age_stays_unless_somebody_insists() {
    let catalog = openshift();
    for created in [Some(NOW - 3599), None] {
        let mut around = around(&catalog);
        let mut references = everywhere(&catalog, &[1, 2]);
        references.add_image(image(3), ClusterImage { created, ..cluster_image(3) });
        around.everywhere = Some(references);
        let target = Target::Tag(tag("shop/api:latest"));
        let plan = purge(&catalog, &around, target.clone());
        assert_eq!(plan.steps, [untag("shop/api:latest", 1)]);
        let image = plan.images.iter().find(|fate| fate.digest == image(3)).unwrap();
        assert_eq!(image.fate, Fate::Waits);
        assert_eq!(image.because, [created.map_or(Reason::Unread, Reason::Young)]);
        assert_eq!((plan.space.freed, plan.space.later), (0, 111));
        let mut params = Params::of(vec![target]);
        (params.extent, params.insist) = (Extent::Purge, true);
        assert_eq!(catalog.plan_deletion(&params, &around).space.freed, 111);
    }
}

#[test]
fn what_a_hidden_project_uses_stays() {
    let catalog = openshift();
    let mut around = around(&catalog);
    let mut references = everywhere(&catalog, &[1, 2, 3, 4]);
    references.add_stream(&name("secret/vault"), &[facts("v1", &[3])], true);
    around.everywhere = Some(references.clone());
    let hidden = purge(&catalog, &around, Target::Tag(tag("shop/api:latest")));
    let stays = hidden.images.iter().find(|fate| fate.digest == image(3)).unwrap();
    assert_eq!((stays.fate, &stays.because[..]), (Fate::Stays, &[Reason::Hidden][..]));
    assert_eq!(fate(&hidden, layer(3)).because, [Reason::Image(image(3))]);
    assert_eq!(hidden.space.freed, 0);
    assert!(!hidden.steps.iter().any(|s| matches!(s, Step::Blob(_) | Step::Image(_))));
    // A layer of it, too: 4 is hidden and shares the layer that all share.
    let mut references = References::default();
    references.add_stream(&name("secret/vault"), &[facts("v1", &[4])], true);
    (1..5).for_each(|n| references.add_image(image(n), cluster_image(n)));
    around.everywhere = Some(references);
    let layer_plan = purge(&catalog, &around, Target::Layer(layer(9)));
    assert_eq!(fate(&layer_plan, layer(9)).because, [Reason::Hidden]);
    assert_eq!(layer_plan.space.freed, 333);
}

#[test]
fn nothing_is_removed_while_an_image_of_the_cluster_is_unread() {
    let catalog = openshift();
    let mut around = around(&catalog);
    let mut references = everywhere(&catalog, &[1, 2, 3]);
    references.add_image(image(8), ClusterImage { content: None, ..cluster_image(8) });
    around.everywhere = Some(references);
    let plan = purge(&catalog, &around, Target::Tag(tag("shop/api:latest")));
    assert_eq!(plan.steps, [untag("shop/api:latest", 1)]);
    let image = plan.images.iter().find(|fate| fate.digest == image(3)).unwrap();
    assert_eq!((image.fate, &image.because[..]), (Fate::Waits, &[Reason::Unread][..]));
}

#[test]
fn what_lost_its_tags_before_goes_with_the_repository_it_was_pushed_to() {
    let catalog = openshift();
    let mut around = around(&catalog);
    let mut references = everywhere(&catalog, &[1, 2, 3]);
    for loose in [7, 8] {
        references.add_image(image(loose), cluster_image(loose));
    }
    assert_eq!(references.loose(), [image(7), image(8)]);
    around.everywhere = Some(references);
    let of = |name: Option<&str>| name.map(|name| name.parse().unwrap());
    let gone = around.clone();
    around.pushed_to = [(image(7), of(Some("shop/api"))), (image(8), of(Some("tools/api")))].into();
    let manifest = |repository, n| unlink(repository, n, &[]);
    let link = |repository, digest| Step::Link { repository: name(repository), digest };

    let plan = purge(&catalog, &around, Target::Repository(name("shop/api")));
    for step in [manifest("shop/api", 7), link("shop/api", layer(7)), Step::Image(image(7))] {
        assert!(plan.steps.contains(&step), "{step:?}: {:#?}", plan.steps);
    }
    let place = |step: &Step| plan.steps.iter().position(|known| known == step);
    assert!(place(&link("shop/api", layer(7))) < place(&Step::Repository(name("shop/api"))));
    assert!(!plan.steps.contains(&Step::Image(image(8))), "{:#?}", plan.steps);

    let orphans = || Target::Orphans(Orphan::Images);
    let plan = purge(&catalog, &around, orphans());
    assert_eq!(plan.steps[..2], [manifest("shop/api", 7), manifest("tools/api", 8)]);
    assert!(plan.steps.contains(&link("tools/api", layer(8))), "{:#?}", plan.steps);
    assert!(!plan.steps.contains(&link("shop/api", layer(9))), "others have it");
    assert!(plan.missing.is_empty(), "{:?}", plan.missing);

    // Where the repository is gone, the registry's own pruning is all there is.
    around = gone;
    around.pushed_to = [(image(7), of(Some("gone/api"))), (image(8), None)].into();
    let plan = purge(&catalog, &around, orphans());
    assert!(!plan.steps.iter().any(|step| matches!(step, Step::Manifest { .. })));
    assert!(plan.missing[0].message.contains("2 images"), "{:?}", plan.missing);
    assert!(plan.missing[0].command.as_ref().is_some_and(|command| command.contains("-prune")));
}

#[test]
fn an_image_in_no_stream_that_stays_is_there_and_says_why() {
    let catalog = openshift();
    let mut around = around(&catalog);
    let target = Target::Image(image(8));
    let mut refusal = |references: References, extent| {
        around.everywhere = Some(references);
        let params = Params { extent, ..Params::of(vec![target.clone()]) };
        let plan = catalog.plan_deletion(&params, &around);
        let why = plan.items[0].refused.clone().unwrap();
        (why.code, why.message)
    };
    let with = |created| {
        let mut references = everywhere(&catalog, &[1, 2, 3]);
        references.add_image(image(8), ClusterImage { created, ..cluster_image(8) });
        references
    };
    let old = Some(NOW - 7200);
    let mut unread = with(old);
    unread.add_image(image(7), ClusterImage { content: None, ..cluster_image(7) });
    let mut hidden = with(old);
    hidden.add_stream(&name("secret/vault"), &[facts("v1", &[8])], true);
    for (references, extent, words) in [
        (with(old), Extent::Unlink, "its data waits for pruning"),
        (with(Some(NOW - 60)), Extent::Purge, "younger than an hour"),
        (with(None), Extent::Purge, "How old it is nobody knows"),
        (hidden, Extent::Purge, "Something that you may not see"),
    ] {
        let (code, message) = refusal(references, extent);
        assert_eq!(code, Code::Conflict, "{message}");
        assert!(message.contains(words), "{message}");
    }
    let (code, message) = refusal(unread, Extent::Purge);
    assert_eq!(code, Code::Busy, "{message}");
    // An index is young, and what it contains is not.
    let index = Content::Index { children: vec![image(7)] };
    let mut young = everywhere(&catalog, &[1, 2, 3, 7]);
    let created = Some(NOW - 60);
    young.add_image(image(8), ClusterImage { created, content: Some(index), managed: true });
    let (_, message) = refusal(young, Extent::Purge);
    assert!(message.contains("younger than an hour"), "{message}");
    assert_eq!(refusal(everywhere(&catalog, &[1]), Extent::Purge).0, Code::NotFound);
}

#[test]
fn removing_data_needs_its_right() {
    let catalog = openshift();
    let mut around = around(&catalog);
    let target = Target::Tag(tag("shop/api:latest"));
    assert_eq!(refused(&purge(&catalog, &around, target.clone())), Code::Forbidden);
    around.everywhere = Some(everywhere(&catalog, &[1, 2, 3]));
    around.rights.prune = false;
    assert_eq!(refused(&purge(&catalog, &around, target)), Code::Forbidden);
}

#[test]
fn on_a_plain_registry_purging_breaks_the_links() {
    let catalog = plain();
    let plan = purge(&catalog, &around(&catalog), Target::Tag(tag("shop/api:v2")));
    let link = |digest| Step::Link { repository: name("shop/api"), digest };
    assert_eq!(plan.steps, [unlink("shop/api", 2, &["v2"]), link(layer(2)), link(config(2))]);
    assert_eq!((plan.space.freed, plan.space.later), (0, 111));
    assert_eq!(plan.missing[0].code, Code::Unsupported);
}

#[test]
fn a_layer_takes_every_image_and_index_that_has_it() {
    let mut catalog = empty(Source::Distribution);
    put(&mut catalog, "a/b", vec![facts("multi", &[5]), facts("v2", &[2])], &[0, 1, 2, 5]);
    put(&mut catalog, "c/d", vec![facts("arm", &[1])], &[1]);
    let mut around = around(&catalog);
    // A manifest of this one was deleted, and its layer was not.
    put(&mut catalog, "e/f", vec![facts("v2", &[2])], &[2]);
    around.holds_blob.insert(layer(1), vec![name("a/b"), name("c/d"), name("e/f")]);
    let plan = purge(&catalog, &around, Target::Layer(layer(1)));
    let goes = tags(["a/b:multi", "c/d:arm"]);
    assert_eq!((&plan.items[0].goes, plan.items[0].images), (&goes, 3));
    for repository in ["a/b", "c/d", "e/f"] {
        let link = Step::Link { repository: name(repository), digest: layer(1) };
        assert!(plan.steps.contains(&link), "{repository}");
    }
    let shared = Step::Link { repository: name("a/b"), digest: layer(9) };
    assert!(!plan.steps.contains(&shared), "a/b:v2 needs it");
    assert_eq!(refused(&purge(&catalog, &around, Target::Layer(layer(8)))), Code::NotFound);
}

#[test]
fn what_a_young_image_needs_can_still_be_pulled() {
    let mut catalog = empty(Source::Openshift);
    put(&mut catalog, "shop/api", vec![facts("v1", &[1]), facts("v2", &[2])], &[1, 2]);
    let mut around = around(&catalog);
    let mut references = everywhere(&catalog, &[1]);
    let young = ClusterImage { created: Some(NOW - 60), ..cluster_image(2) };
    references.add_image(image(2), young);
    around.everywhere = Some(references);
    let plan = purge(&catalog, &around, Target::Repository(name("shop/api")));
    let link = |digest| Step::Link { repository: name("shop/api"), digest };
    assert!(plan.steps.contains(&link(layer(1))));
    for needed in [layer(9), layer(2)] {
        assert!(!plan.steps.contains(&link(needed)) && !plan.steps.contains(&Step::Blob(needed)));
    }
    assert_eq!(fate(&plan, layer(9)).because, [Reason::Young(NOW - 60)]);
}

#[test]
fn no_link_goes_where_something_unknown_may_need_it() {
    let mut catalog = empty(Source::Distribution);
    put(&mut catalog, "a/b", vec![facts("v1", &[1]), facts("odd", &[7])], &[1]);
    put(&mut catalog, "c/d", vec![facts("v1", &[1]), facts("unread", &[])], &[1]);
    let mut around = around(&catalog);
    catalog.put_repository(&name("e/f"), Some(vec![facts("v3", &[8])]));
    let all = ["a/b", "c/d", "e/f"].map(name).to_vec();
    around.holds_blob.insert(layer(1), all);
    let plan = purge(&catalog, &around, Target::Layer(layer(1)));
    // `a/b` has an image of unknown content, `c/d` keeps the image, and `e/f` was not read.
    assert_eq!(plan.steps, [unlink("a/b", 1, &["v1"])]);
    assert_eq!(plan.items[0].refused, None);
    let because = |text| Reason::Tag { tag: tag(text), age: 0 };
    assert!(plan.images[0].because.contains(&because("c/d:v1")));
}

#[test]
fn a_blob_goes_only_if_no_image_contains_it() {
    let catalog = plain();
    let mut around = around(&catalog);
    for digest in [layer(2), layer(7)] {
        around.holds_blob.insert(digest, vec![name("shop/api")]);
    }
    around.sizes.insert(layer(7), 70);
    let params = |digest| Params::of(vec![Target::Blob(digest)]);
    let ask = |digest| catalog.plan_deletion(&params(digest), &around);
    assert_eq!(refused(&ask(layer(2))), Code::Conflict);
    assert_eq!(refused(&ask(layer(6))), Code::NotFound);
    assert_eq!(refused(&ask(image(2))), Code::BadRequest);
    let free = ask(layer(7));
    assert_eq!(free.steps, [Step::Link { repository: name("shop/api"), digest: layer(7) }]);
    assert_eq!(free.space.later, 70);
    // On OpenShift nobody knows how old it is.
    let catalog = openshift();
    let mut around = super::super::Surroundings { source: Source::Openshift, ..around };
    around.everywhere = Some(everywhere(&catalog, &[1, 2, 3]));
    let mut params = params(layer(7));
    params.extent = Extent::Purge;
    assert_eq!(refused(&catalog.plan_deletion(&params, &around)), Code::Conflict);
    params.insist = true;
    let plan = catalog.plan_deletion(&params, &around);
    assert_eq!(plan.steps.last(), Some(&Step::Blob(layer(7))));
    assert_eq!(plan.space.freed, 70);
}

#[test]
fn a_search_gives_what_its_view_shows() {
    let catalog = plain();
    let found = |query: &str, project: Option<&str>| {
        let (query, project) = (query.to_owned(), project.map(str::to_owned));
        plan(&catalog, Target::Found { query, project })
    };
    assert_eq!(found("tag:v1", None).items[0].goes, tags(["shop/api:v1", "tools/api:v1"]));
    assert_eq!(found("tag:v1", Some("tools")).items[0].goes, tags(["tools/api:v1"]));
    let all = tags(["shop/api:latest", "shop/api:v1", "shop/api:v2"]);
    assert_eq!(found("shop/", None).items[0].goes, all);
    assert_eq!(found("", Some("shop")).items[0].goes, all);
    let layer_tags = found(&format!("layer:{}", layer(2).hex()), None);
    assert_eq!(layer_tags.items[0].goes, tags(["shop/api:v2"]));
    let words = found(&format!("{} tag:v1", image(1)), None);
    assert_eq!(words.items[0].goes, tags(["shop/api:v1", "tools/api:v1"]));
    assert_eq!(refused(&found(" ", None)), Code::BadRequest);
    assert_eq!(refused(&found("md5:", None)), Code::NotFound);
    assert_eq!(refused(&found("tag:", None)), Code::BadRequest);
    let needs = catalog.deletion_needs(&Params::of(vec![Target::Found {
        query: "tag:v1".to_owned(),
        project: None,
    }]));
    assert_eq!(needs.repositories, [name("shop/api"), name("tools/api")].into());
}

#[test]
fn a_search_that_finds_revisions_takes_those() {
    let query = format!("digest:{}", image(3).hex());
    let plan = plan(&openshift(), Target::Found { query, project: None });
    let step = Step::Revision { tag: tag("shop/api:latest"), digest: image(3) };
    assert_eq!(plan.steps, [step]);
    assert!(plan.items[0].goes.is_empty() && plan.items[0].falls_back.is_empty());
}

/// The plan of a list is the one of all its rows, each named by itself; only the targets differ.
#[track_caller]
fn ensure_rows(catalog: &Catalog, list: List, except: Vec<Target>, rows: Vec<Target>) {
    let around = around(catalog);
    let whole = Target::Rows { list, except };
    let whole = catalog.plan_deletion(&Params::of(vec![whole]), &around);
    let each = catalog.plan_deletion(&Params::of(rows), &around);
    assert_eq!(whole.fingerprint, each.fingerprint);
    assert_eq!(
        (&whole.steps, &whole.images, &whole.layers, whole.space),
        (&each.steps, &each.images, &each.layers, each.space)
    );
    assert_eq!((whole.items.len(), whole.items[0].digest), (1, None));
    let goes = |plan: &Plan| -> BTreeSet<TagRef> {
        plan.items.iter().flat_map(|item| item.goes.clone()).collect()
    };
    assert_eq!(goes(&whole), goes(&each));
}

#[test]
fn the_rows_of_a_list_go_as_if_each_was_named() {
    let catalog = plain();
    let tag_target = |text: &str| Target::Tag(tag(text));
    let tags_of = |filter: &str| List::Tags {
        repository: name("shop/api"),
        filter: filter.to_owned(),
        attachments: false,
    };
    let search = |query: &str, project: Option<&str>| List::Search {
        query: query.to_owned(),
        project: project.map(str::to_owned),
    };
    let of_shop = ["shop/api:latest", "shop/api:v1", "shop/api:v2"].map(tag_target);
    ensure_rows(&catalog, tags_of(""), vec![], of_shop.to_vec());
    ensure_rows(&catalog, tags_of("V"), vec![], of_shop[1..].to_vec());
    ensure_rows(
        &catalog,
        tags_of(""),
        vec![of_shop[1].clone()],
        vec![of_shop[0].clone(), of_shop[2].clone()],
    );
    let [shop, tools] = ["shop/api", "tools/api"].map(|text| Target::Repository(name(text)));
    ensure_rows(&catalog, search("", None), vec![], vec![shop.clone(), tools.clone()]);
    ensure_rows(&catalog, search("api", Some("shop")), vec![], vec![shop.clone()]);
    ensure_rows(&catalog, search("", None), vec![tools], vec![shop]);
    // A digest leads to tags, whatever they name besides.
    let by_digest = vec![tag_target("shop/api:v2")];
    ensure_rows(&catalog, search(&format!("layer:{}", layer(2).hex()), None), vec![], by_digest);
    let by_layer =
        ["shop/api:latest", "shop/api:v1", "shop/api:v2", "tools/api:v1"].map(tag_target);
    ensure_rows(&catalog, List::Layer(layer(9)), vec![], by_layer.to_vec());

    let rows = |list| plan(&catalog, Target::Rows { list, except: vec![] });
    assert_eq!(refused(&rows(tags_of("nothing"))), Code::NotFound);
    assert_eq!(refused(&rows(search("tag:", None))), Code::BadRequest);
    let all = Target::Rows { list: tags_of("v1"), except: vec![tag_target("shop/api:v1")] };
    assert_eq!(refused(&plan(&catalog, all)), Code::NotFound);
}

#[test]
fn the_rows_of_a_digest_are_revisions_where_tags_have_a_history() {
    let list = List::Search { query: format!("digest:{}", image(3).hex()), project: None };
    let catalog = openshift();
    let revision = Target::Revision {
        repository: name("shop/api"),
        tag: "latest".parse().unwrap(),
        digest: image(3),
    };
    ensure_rows(&catalog, list.clone(), vec![], vec![revision]);
    let rows = Target::Rows { list, except: vec![] };
    let needs = catalog.deletion_needs(&Params::of(vec![rows]));
    assert_eq!(needs.repositories, [name("shop/api")].into());
}

#[test]
fn signatures_of_nothing_are_found_and_what_is_unknown_is_left() {
    let mut catalog = empty(Source::Distribution);
    let (lone, other) = (signature(&image(7)), signature(&image(8)));
    let all = vec![facts(&lone, &[3]), facts(&other, &[4]), facts(&signature(&image(1)), &[2])];
    put(&mut catalog, "a/b", [all, vec![facts("v1", &[1])]].concat(), &[1, 2, 3, 4]);
    let params = Params::of(vec![Target::Orphans(Orphan::Signatures)]);
    let needs = catalog.deletion_needs(&params);
    let asked = |n| (name("a/b"), image(n));
    assert_eq!(needs.subjects, [asked(7), asked(8)].into());
    let mut around = around(&catalog);
    assert_eq!(refused(&catalog.plan_deletion(&params, &around)), Code::NotFound);
    around.present = [(asked(7), false), (asked(8), true)].into();
    let plan = catalog.plan_deletion(&params, &around);
    assert_eq!(plan.steps, [unlink("a/b", 3, &[&lone])]);
}

#[test]
fn a_target_that_is_not_there_adds_nothing_and_the_others_go_on() {
    let catalog = plain();
    let targets = vec![Target::Tag(tag("shop/api:v9")), Target::Tag(tag("shop/api:v2"))];
    let plan = catalog.plan_deletion(&Params::of(targets), &around(&catalog));
    assert_eq!(plan.items[0].refused.as_ref().unwrap().code, Code::NotFound);
    assert_eq!((&plan.items[0].steps[..], &plan.items[1].steps[..]), (&[][..], &[0][..]));
}

#[test]
fn sizes_that_nobody_knows_are_wanted_and_counted() {
    let catalog = plain();
    let mut around = around(&catalog);
    around.sizes.clear();
    let params = Params::of(vec![Target::Tag(tag("shop/api:v2"))]);
    let plan = catalog.plan_deletion(&params, &around);
    assert_eq!((plan.space.later, plan.space.unknown), (110, 1));
    assert_eq!(catalog.wanted_sizes(&plan), [(name("shop/api"), image(2))]);
}

#[test]
fn a_config_of_no_bytes_is_one_of_unknown_size() {
    let mut catalog = empty(Source::Openshift);
    let config_only = |size| Content::Manifest {
        config: Some(BlobFacts { digest: config(1), size: Some(size) }),
        layers: Vec::new(),
    };
    catalog.put_repository(&name("a/b"), Some(vec![facts("v1", &[1])]));
    let content = config_only(0);
    catalog.put_images(&name("a/b"), vec![ImageFacts { digest: image(1), content }]);
    let params = Params::of(vec![Target::Tag(tag("a/b:v1"))]);
    let mut around = around(&catalog);
    let plan = catalog.plan_deletion(&params, &around);
    assert_eq!((plan.space.later, plan.space.unknown), (1, 1));
    assert_eq!(catalog.wanted_sizes(&plan), [(name("a/b"), config(1))]);
    around.sizes.insert(config(1), 20);
    let plan = catalog.plan_deletion(&params, &around);
    assert_eq!((plan.space.later, plan.space.unknown), (21, 0));
    assert_eq!(catalog.wanted_sizes(&plan), []);
}

#[test]
fn plans_that_differ_in_anything_have_different_names() {
    let steps = [
        untag("a/b:c", 1),
        Step::Tag { tag: tag("a/b:c"), digest: None },
        Step::Revision { tag: tag("a/b:c"), digest: image(1) },
        unlink("a/b", 1, &["c"]),
        unlink("a/b", 1, &["c", "d"]),
        unlink("a/b", 1, &[]),
        Step::Link { repository: name("a/b"), digest: image(1) },
        Step::Repository(name("a/b")),
        Step::Blob(image(1)),
        Step::Image(image(1)),
    ];
    let mut names = std::collections::BTreeSet::new();
    for extent in [Extent::Unlink, Extent::Purge] {
        for insist in [false, true] {
            names.insert(fingerprint(&[], extent, insist));
            for step in &steps {
                names.insert(fingerprint(std::slice::from_ref(step), extent, insist));
            }
            names.insert(fingerprint(&steps, extent, insist));
            let mut turned = steps.clone();
            turned.reverse();
            names.insert(fingerprint(&turned, extent, insist));
        }
    }
    assert_eq!(names.len(), 4 * (steps.len() + 3));
    assert!(names.iter().all(|name| name.len() == 64));
}
