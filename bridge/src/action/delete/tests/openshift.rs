// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletions on OpenShift.

use images_proto::delete::{Reason, Verdict};

use super::*;

/// A tag with a history, another tag, and a layer that another project has too.
fn shop(world: &mut World) {
    world.push("shop/api:v1", &image(1, &[9, 8]));
    world.push("shop/api:v1", &image(2, &[9, 7]));
    world.push("shop/api:v2", &image(3, &[6]));
    world.push("tools/scan:v1", &image(4, &[9]));
}

fn names_of(texts: &[String]) -> Vec<Digest> {
    texts.iter().map(|text| crate::registry::sha256(text.as_bytes())).collect()
}

#[tokio::test]
async fn a_tag_goes_through_the_api_alone() {
    let scene = Scene::openshift(shop).await;
    let receipt = scene.delete(of_tags(&["shop/api:v1", "shop/api:none"])).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted, Outcome::Absent]);
    assert_eq!(scene.tags("shop/api"), ["v2"]);
    let path = "DELETE /apis/image.openshift.io/v1/namespaces/shop/imagestreamtags/api:v1";
    assert_eq!(scene.world().changes(), [path]);
    let digests = names_of(&[image(1, &[9, 8]), image(2, &[9, 7])]);
    for digest in digests {
        assert_eq!(verdict(&receipt, &digest), Verdict::Waits);
    }
    assert_eq!(scene.world().images.len(), 4);
}

#[tokio::test]
async fn a_revision_goes_and_the_one_before_comes_back() {
    let scene = Scene::openshift(shop).await;
    let [old, new] = names_of(&[image(1, &[9, 8]), image(2, &[9, 7])])[..] else { panic!() };
    scene.world().fail("PUT ", 409, 1);
    let revision = |digest| Target::Revision {
        repository: "shop/api".parse().unwrap(),
        tag: "v1".parse().unwrap(),
        digest,
    };
    let receipt = scene.delete(Params::of(vec![revision(new), revision(digest(99))])).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted, Outcome::Absent]);
    assert_eq!(scene.world().names("shop/api:v1"), Some(old));
}

#[tokio::test]
async fn a_tag_that_was_pushed_anew_is_left_alone() {
    let scene = Scene::openshift(shop).await;
    let params = of_tags(&["shop/api:v1", "shop/api:v2"]);
    let plan = scene.plan(&params).await;
    let pushed = scene.world().push("shop/api:v1", &image(5, &[5]));
    let receipt = scene.delete(Params { agreed: Some(plan.fingerprint), ..params }).await;
    kept(&receipt.items[0].outcome, Code::Conflict, "names another image by now");
    assert_eq!(receipt.items[1].outcome, Outcome::Deleted);
    assert_eq!(scene.world().names("shop/api:v1"), Some(pushed));
}

#[tokio::test]
async fn a_yes_that_does_nothing_is_no_deletion() {
    let scene = Scene::openshift(shop).await;
    scene.world().pretend("DELETE ");
    let receipt = scene.delete(of_tags(&["shop/api:v1"])).await;
    kept(&receipt.items[0].outcome, Code::Conflict, "still there");
}

#[tokio::test]
async fn a_stream_goes_at_once_unless_somebody_tagged_meanwhile() {
    let scene = Scene::openshift(shop).await;
    let params = Params::of(vec![Target::Repository("shop/api".parse().unwrap())]);
    let path = "DELETE /apis/image.openshift.io/v1/namespaces/shop/imagestreams/api";
    scene.world().before(path, |world| {
        world.push("shop/api:new", &image(5, &[5]));
    });
    let receipt = scene.delete(params.clone()).await;
    kept(&receipt.items[0].outcome, Code::Conflict, "such as new");
    assert_eq!(scene.tags("shop/api"), ["new", "v1", "v2"]);

    scene.world().log.clear();
    let receipt = scene.delete(params).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted]);
    assert_eq!(scene.world().changes(), [path]);
}

#[tokio::test]
async fn a_purge_asks_in_the_order_that_a_crash_forgives() {
    let scene = Scene::openshift(shop).await;
    let receipt = scene.delete(purge(vec![Target::Repository("shop/api".parse().unwrap())])).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted], "{receipt:?}");
    let changes = scene.world().changes();
    let kind = |line: &String| match line {
        line if line.contains("/imagestreamtags/") => 0,
        line if line.contains("/v2/") && line.contains("/manifests/") => 1,
        line if line.contains("/v2/") && line.contains("/blobs/") => 2,
        line if line.contains("/imagestreams/") => 3,
        line if line.contains("/admin/blobs/") => 4,
        line if line.contains("/images/") => 5,
        line => panic!("{line}"),
    };
    let kinds: Vec<_> = changes.iter().map(kind).collect();
    assert!(kinds.is_sorted(), "{changes:?}");
    for wanted in 0..=5 {
        assert!(kinds.contains(&wanted), "{wanted}: {changes:?}");
    }
    let world = scene.world();
    assert!(!world.repositories.contains_key("shop/api"));
    assert_eq!(world.images.len(), 1);
    let blobs: Vec<_> = world.blobs.iter().copied().collect();
    assert_eq!(blobs, [digest(4), digest(9)], "the layer that tools/scan has, too");
}

#[tokio::test]
async fn a_layer_that_a_hidden_project_has_is_never_removed() {
    let fill = |world: &mut World| {
        shop(world);
        world.push("vault/ledger:1.0", &image(5, &[6, 5]));
    };
    let scene = Scene::openshift_seen(fill, |name| name.project() != Some("vault")).await;
    let receipt = scene.delete(purge(vec![Target::Tag(tag_ref("shop/api:v2"))])).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted], "{receipt:?}");
    assert!(scene.world().blobs.contains(&digest(6)));
    assert!(!scene.world().blobs.contains(&digest(3)), "its config was its own");
    assert!(matches!(verdict(&receipt, &digest(6)), Verdict::Reachable(_)), "{receipt:?}");
}

#[tokio::test]
async fn a_push_between_plan_and_removal_keeps_the_blob() {
    let scene = Scene::openshift(shop).await;
    let params = purge(vec![Target::Tag(tag_ref("shop/api:v2"))]);
    // After the first link is gone, somebody pushes an image on the same layer elsewhere.
    scene.world().before("DELETE /v2/", |world| {
        world.push("tools/new:v1", &image(5, &[6]));
    });
    let receipt = scene.delete(params).await;
    let world = scene.world();
    assert!(world.blobs.contains(&digest(6)), "{:?}", world.changes());
    assert!(world.blobs.contains(&digest(5)));
    kept(&receipt.items[0].outcome, Code::Conflict, "left alone");
}

#[tokio::test]
async fn a_tag_that_stays_keeps_its_data() {
    let scene = Scene::openshift(shop).await;
    let tag = "DELETE /apis/image.openshift.io/v1/namespaces/shop/imagestreamtags/api:v2";
    scene.world().fail(tag, 403, usize::MAX);
    let receipt = scene.delete(purge(vec![Target::Tag(tag_ref("shop/api:v2"))])).await;
    kept(&receipt.items[0].outcome, Code::Forbidden, "");
    assert_eq!(scene.world().changes(), [tag], "nothing else was even asked for");
    assert!(receipt.steps.iter().all(|step| matches!(step.outcome, Outcome::Kept(_))));
    assert!(scene.world().blobs.contains(&digest(6)));
}

#[tokio::test]
async fn what_is_young_stays_unless_somebody_insists() {
    let scene = Scene::openshift(shop).await;
    let digest = scene.world().names("shop/api:v2").unwrap();
    let params = purge(vec![Target::Tag(tag_ref("shop/api:v2"))]);
    let plan = scene.plan(&params).await;
    // It was old when the plan was made; now it is not.
    scene.world().images.insert(digest, super::super::super::now());
    let params = Params { agreed: Some(plan.fingerprint), ..params };
    let receipt = scene.delete(params).await;
    kept(&receipt.items[0].outcome, Code::Conflict, "younger than an hour");
    assert!(scene.world().blobs.contains(&world::digest(6)));
    assert!(scene.world().images.contains_key(&digest));
    assert_eq!(scene.tags("shop/api"), ["v1"]);
}

#[tokio::test]
async fn an_image_whose_data_could_not_all_be_removed_is_not_forgotten() {
    let scene = Scene::openshift(shop).await;
    let image = scene.world().names("shop/api:v2").unwrap();
    scene.world().fail(&format!("DELETE /admin/blobs/{}", digest(6)), 403, usize::MAX);
    let receipt = scene.delete(purge(vec![Target::Tag(tag_ref("shop/api:v2"))])).await;
    kept(&receipt.items[0].outcome, Code::Forbidden, "remove the blob");
    assert!(scene.world().images.contains_key(&image));
    assert_eq!(verdict(&receipt, &image), Verdict::Waits);
    // Going on is another deletion by then: of the image that nothing leads to.
    scene.world().log.clear();
    let left = Target::Orphans(images_proto::delete::Orphan::Images);
    let receipt = scene.delete(purge(vec![left])).await;
    assert!(matches!(receipt.items[0].outcome, Outcome::Kept(_)), "{receipt:?}");
}

#[tokio::test]
async fn a_broken_off_purge_goes_on_to_the_same_end() {
    let clean = Scene::openshift(shop).await;
    let params = purge(vec![Target::Repository("shop/api".parse().unwrap())]);
    clean.delete(params.clone()).await;
    let total = clean.world().changes().len();
    for cut in 0..total {
        let scene = Scene::openshift(shop).await;
        {
            let mut deleting = Box::pin(delete(scene.workplace(), params.clone(), |_| ()));
            while scene.world().changes().len() <= cut {
                // Each poll goes on a little; what is on its way is done or not.
                tokio::select! {
                    biased;
                    _ = &mut deleting => break,
                    () = tokio::task::yield_now() => {}
                }
            }
        }
        let receipt = scene.delete(params.clone()).await;
        assert!(outcomes(&receipt).iter().all(Outcome::is_gone), "cut at {cut}: {receipt:?}");
        let (world, clean) = (scene.world(), clean.world());
        assert_eq!(world.blobs, clean.blobs, "cut at {cut}");
        assert_eq!(world.images, clean.images, "cut at {cut}");
        assert_eq!(
            world.repositories.keys().collect::<Vec<_>>(),
            clean.repositories.keys().collect::<Vec<_>>(),
            "cut at {cut}"
        );
    }
}

/// Such as by a scheduled import.
#[tokio::test]
async fn a_tag_that_came_back_since_it_was_deleted_is_not_told_as_deleted() {
    let scene = Scene::openshift(shop).await;
    let params = of_tags(&["shop/api:v1", "tools/scan:v1"]);
    let (tell, mut told) = tokio::sync::watch::channel(0);
    let tag = "DELETE /apis/image.openshift.io/v1/namespaces/tools/imagestreamtags/scan:v1";
    scene.world().fail(tag, 500, 1);
    tokio::select! {
        _ = Box::pin(delete(scene.workplace(), params.clone(), |progress| {
            let _ = tell.send(progress.done);
        })) => panic!("it was to be broken off"),
        _ = told.wait_for(|done| *done == 1) => {}
    }
    scene.world().push("shop/api:v1", &image(2, &[9, 7]));
    let receipt = Box::pin(scene.delete(params)).await;
    kept(&receipt.items[0].outcome, Code::Conflict, "still, or again");
    assert_eq!(receipt.items[1].outcome, Outcome::Deleted);
}

#[tokio::test]
async fn an_image_that_was_pushed_in_the_very_moment_is_told_loudly() {
    let scene = Scene::openshift(shop).await;
    let blob = format!("DELETE /admin/blobs/{}", digest(6));
    // After the last look, before the removal.
    scene.world().before(&blob, |world| {
        world.push("tools/new:v1", &image(5, &[6]));
    });
    let receipt = scene.delete(purge(vec![Target::Tag(tag_ref("shop/api:v2"))])).await;
    kept(&receipt.items[0].outcome, Code::Conflict, "in the very moment");
    let reasons = verdict(&receipt, &digest(6));
    assert!(!matches!(reasons, Verdict::Reachable(ref why) if why.contains(&Reason::Hidden)));
}

/// What is pushed between the list of images and that of streams.
async fn pushed_between_the_lists(push: impl FnOnce(&mut World) + Send + 'static) -> Scene {
    let scene = Box::pin(Scene::openshift(shop)).await;
    let params = purge(vec![Target::Tag(tag_ref("shop/api:v2"))]);
    let plan = Box::pin(scene.plan(&params)).await;
    scene.world().before("GET /apis/image.openshift.io/v1/imagestreams", push);
    let params = Params { agreed: Some(plan.fingerprint), ..params };
    let receipt = Box::pin(scene.delete(params)).await;
    kept(&receipt.items[0].outcome, Code::Conflict, "left alone");
    scene
}

#[tokio::test]
async fn the_images_of_an_index_that_was_just_pushed_are_seen() {
    let scene = pushed_between_the_lists(|world| {
        let child = image(5, &[6]);
        world.put("tools/new", &child);
        world.push("tools/new:v1", &index(&[&child]));
    })
    .await;
    assert!(scene.world().blobs.contains(&digest(6)));
}

#[tokio::test]
async fn an_image_that_was_just_pushed_and_cannot_be_read_keeps_everything() {
    let scene = pushed_between_the_lists(|world| {
        let pushed = world.push("tools/new:v1", &image(5, &[6]));
        let path = format!("GET /apis/image.openshift.io/v1/images/{pushed}");
        world.fail(&path, 500, usize::MAX);
    })
    .await;
    assert!(scene.world().blobs.contains(&digest(6)));
}

/// Without its stream, the registry would never find the rest again.
#[tokio::test]
async fn a_stream_stays_while_the_registry_keeps_something_for_it() {
    let scene = Scene::openshift(shop).await;
    scene.world().fail(&format!("DELETE /v2/shop/api/blobs/{}", digest(6)), 403, usize::MAX);
    let target = Target::Repository("shop/api".parse().unwrap());
    let receipt = scene.delete(purge(vec![target])).await;
    kept(&receipt.items[0].outcome, Code::Forbidden, "");
    assert!(scene.world().repositories.contains_key("shop/api"));
}
