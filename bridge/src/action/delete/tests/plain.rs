// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletions at a plain registry.

use images_proto::delete::Verdict;

use super::*;

/// Two tags on one image, another image, and the first one in another repository.
fn shop(world: &mut World) {
    let first = image(1, &[9, 8]);
    world.push("shop/api:latest", &first);
    world.push("shop/api:v1", &first);
    world.push("shop/api:v2", &image(2, &[9, 7]));
    world.push("tools/scan:v1", &first);
}

#[tokio::test]
async fn the_last_tag_takes_its_manifest_along() {
    let scene = Scene::plain(shop).await;
    let digest = scene.world().names("shop/api:v2").unwrap();
    let receipt = scene.delete(of_tags(&["shop/api:v2", "shop/api:gone"])).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted, Outcome::Absent]);
    assert_eq!(scene.tags("shop/api"), ["latest", "v1"]);
    assert_eq!(scene.world().changes(), [format!("DELETE /v2/shop/api/manifests/{digest}")]);
    assert_eq!(verdict(&receipt, &digest), Verdict::Waits);
    assert_eq!(verdict(&receipt, &world::digest(7)), Verdict::Reachable(Vec::new()));
    assert!(
        matches!(verdict(&receipt, &world::digest(9)), Verdict::Reachable(why) if !why.is_empty())
    );
    assert_eq!(receipt.space.freed, 0);
    assert!(receipt.id.is_some() && receipt.undo.open, "{receipt:?}");
    let catalog = scene.state.catalog();
    assert!(catalog.tag(&tag_ref("shop/api:v2")).is_none(), "before the receipt");
}

#[tokio::test]
async fn a_tag_alone_goes_by_something_else_in_its_place() {
    let scene = Scene::plain(shop).await;
    let before = scene.world().names("shop/api:v1");
    let receipt = scene.delete(of_tags(&["shop/api:latest"])).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted]);
    assert_eq!(scene.tags("shop/api"), ["v1", "v2"]);
    assert_eq!(scene.world().names("shop/api:v1"), before);
    let changes = scene.world().changes();
    let [by_tag, nothing, put, placeholder] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(by_tag, "DELETE /v2/shop/api/manifests/latest");
    assert!(nothing.contains(&"0".repeat(64)), "{nothing}");
    assert_eq!(put, "PUT /v2/shop/api/manifests/latest");
    assert!(placeholder.starts_with("DELETE /v2/shop/api/manifests/sha256:"), "{placeholder}");
    // The image stays, in both repositories.
    let digest = before.unwrap();
    assert!(matches!(verdict(&receipt, &digest), Verdict::Reachable(why) if why.len() == 2));
}

#[tokio::test]
async fn a_registry_that_deletes_tags_is_asked_for_that() {
    let scene = Scene::plain(shop).await;
    scene.world().deletes_tags = true;
    let receipt = scene.delete(of_tags(&["shop/api:latest"])).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted]);
    assert_eq!(scene.world().changes(), ["DELETE /v2/shop/api/manifests/latest"]);
    assert_eq!(scene.tags("shop/api"), ["v1", "v2"]);
}

#[tokio::test]
async fn a_registry_that_takes_the_whole_image_along_gets_it_back() {
    let scene = Scene::plain(|world| {
        shop(world);
        let first = image(1, &[9, 8]);
        world.push("shop/api:v3", &first);
    })
    .await;
    let digest = scene.world().names("shop/api:v1");
    {
        let mut world = scene.world();
        (world.deletes_tags, world.misunderstands_that) = (true, true);
    }
    let receipt = scene.delete(of_tags(&["shop/api:latest", "shop/api:v3"])).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted, Outcome::Deleted], "{receipt:?}");
    assert_eq!(scene.tags("shop/api"), ["v1", "v2"]);
    assert_eq!(scene.world().names("shop/api:v1"), digest);
}

#[tokio::test]
async fn a_tag_that_could_not_be_deleted_names_again_what_it_did() {
    let scene = Scene::plain(shop).await;
    let before = scene.world().names("shop/api:latest");
    // The first deletion is of nothing, to see whether there are any.
    scene.world().fail_after(1, "DELETE /v2/shop/api/manifests/sha256", 403, 9);
    let receipt = scene.delete(of_tags(&["shop/api:latest"])).await;
    kept(&receipt.items[0].outcome, Code::Forbidden, "delete the tag");
    assert_eq!(scene.world().names("shop/api:latest"), before);
}

#[tokio::test]
async fn what_was_left_in_a_tags_place_is_taken_away_the_next_time() {
    let scene = Scene::plain(shop).await;
    let params = of_tags(&["shop/api:latest"]);
    let plan = scene.plan(&params).await;
    let params = Params { agreed: Some(plan.fingerprint), ..params };
    let before = scene.world().names("shop/api:latest");
    {
        let mut world = scene.world();
        // Neither can it be deleted nor put back.
        world.fail_after(1, "DELETE /v2/shop/api/manifests/sha256", 403, 1);
        world.fail_after(1, "PUT ", 403, 1);
    }
    let receipt = scene.delete(params.clone()).await;
    kept(&receipt.items[0].outcome, Code::Forbidden, "names a placeholder now");
    assert_ne!(scene.world().names("shop/api:latest"), before);
    let receipt = scene.delete(params).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted]);
    assert_eq!(scene.tags("shop/api"), ["v1", "v2"]);
}

#[tokio::test]
async fn both_tags_of_an_image_are_one_request() {
    let scene = Scene::plain(shop).await;
    let receipt = scene.delete(of_tags(&["shop/api:latest", "shop/api:v1"])).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted, Outcome::Deleted]);
    assert_eq!(scene.world().changes().len(), 1);
    assert_eq!(scene.tags("tools/scan"), ["v1"]);
}

#[tokio::test]
async fn an_index_goes_before_its_children_and_they_only_with_the_last_index() {
    let scene = Scene::plain(|world| {
        let (arm, amd) = (image(1, &[9]), image(2, &[8]));
        world.put("shop/api", &arm);
        world.put("shop/api", &amd);
        world.push("shop/api:v1", &index(&[&arm, &amd]));
        world.push("shop/api:v2", &index(&[&arm]));
    })
    .await;
    let index = scene.world().names("shop/api:v1").unwrap();
    let [arm, amd] =
        [image(1, &[9]), image(2, &[8])].map(|t| crate::registry::sha256(t.as_bytes()));
    let receipt = scene.delete(of_tags(&["shop/api:v1"])).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted]);
    let path = |digest| format!("DELETE /v2/shop/api/manifests/{digest}");
    assert_eq!(scene.world().changes(), [path(index), path(amd)]);
    assert!(scene.world().repositories["shop/api"].manifests.contains(&arm));
}

#[tokio::test]
async fn who_agreed_to_another_plan_gets_nothing_done() {
    let scene = Scene::plain(shop).await;
    let agreed = Some("another".to_owned());
    let params = Params { agreed, ..of_tags(&["shop/api:v2"]) };
    let failure = scene.try_delete(params).await.unwrap_err();
    assert_eq!(failure.code, Code::Conflict);
    assert!(scene.world().changes().is_empty());
    assert!(scene.records.entries().is_empty());
}

#[tokio::test]
async fn a_tag_that_moved_since_the_plan_is_left_alone_and_the_others_go() {
    let scene = Scene::plain(|world| {
        shop(world);
        world.push("shop/api:v3", &image(3, &[6]));
    })
    .await;
    let params = of_tags(&["shop/api:latest", "shop/api:v2", "shop/api:v3"]);
    let plan = scene.plan(&params).await;
    scene.world().push("shop/api:latest", &image(4, &[5]));
    scene.world().push("shop/api:also", &image(2, &[9, 7]));
    let params = Params { agreed: Some(plan.fingerprint), ..params };
    let receipt = scene.delete(params).await;
    kept(&receipt.items[0].outcome, Code::Conflict, "names another image by now");
    kept(&receipt.items[1].outcome, Code::Conflict, "shop/api:also");
    assert_eq!(receipt.items[2].outcome, Outcome::Deleted);
    assert_eq!(scene.tags("shop/api"), ["also", "latest", "v1", "v2"]);
}

#[tokio::test]
async fn a_manifest_that_an_unread_tag_may_name_stays() {
    let scene = Scene::plain(shop).await;
    let params = of_tags(&["shop/api:v2"]);
    let plan = scene.plan(&params).await;
    let digest = scene.world().names("shop/api:v2").unwrap();
    scene.world().fail("HEAD /v2/shop/api/manifests/latest", 500, usize::MAX);
    let agreed = Params { agreed: Some(plan.fingerprint), ..params.clone() };
    let receipt = scene.delete(agreed).await;
    kept(&receipt.items[0].outcome, Code::BadAnswer, "did not say");
    assert!(scene.world().changes().is_empty());
    // A plan of now takes the tag alone.
    let receipt = scene.delete(params).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted]);
    assert!(scene.world().repositories["shop/api"].manifests.contains(&digest));
}

#[tokio::test]
async fn a_busy_registry_is_waited_for() {
    let scene = Scene::plain(shop).await;
    scene.world().fail("DELETE ", 429, 2);
    let receipt = scene.delete(of_tags(&["shop/api:v2"])).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted]);
    assert_eq!(scene.world().changes().len(), 3);
}

#[tokio::test]
async fn a_yes_that_does_nothing_is_no_deletion() {
    let scene = Scene::plain(shop).await;
    let digest = scene.world().names("shop/api:v2").unwrap();
    scene.world().pretend("DELETE ");
    let receipt = scene.delete(of_tags(&["shop/api:v2"])).await;
    kept(&receipt.items[0].outcome, Code::Conflict, "still there");
    assert!(matches!(verdict(&receipt, &digest), Verdict::Reachable(_)));
    assert_eq!((receipt.space.freed, receipt.space.later), (0, 0));
}

#[tokio::test]
async fn deletion_switched_off_is_told_with_the_remedy() {
    let scene = Scene::plain(shop).await;
    scene.world().fail("DELETE ", 405, usize::MAX);
    let receipt = scene.delete(of_tags(&["shop/api:v2", "shop/api:latest"])).await;
    for outcome in outcomes(&receipt) {
        kept(&outcome, Code::Unsupported, "switched off");
        let Outcome::Kept(failure) = outcome else { unreachable!() };
        assert!(failure.fix.unwrap().contains("REGISTRY_STORAGE_DELETE_ENABLED"));
    }
    assert!(!scene.world().changes().iter().any(|line| line.starts_with("PUT")), "nothing stays");
}

#[tokio::test]
async fn a_registry_that_fails_half_way_leaves_an_exact_receipt() {
    let scene = Scene::plain(|world| {
        for number in 0..20 {
            world.push(&format!("shop/api:v{number:02}"), &image(number, &[100 + number]));
        }
    })
    .await;
    scene.world().fail_after(12, "DELETE ", 403, usize::MAX);
    let names: Vec<_> = (0..20).map(|number| format!("shop/api:v{number:02}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let receipt = scene.delete(of_tags(&names)).await;
    let left = scene.tags("shop/api");
    assert_eq!(left.len(), 8);
    for (item, name) in receipt.items.iter().zip(&names) {
        let is_left = left.iter().any(|tag| name.ends_with(tag));
        match &item.outcome {
            Outcome::Deleted => assert!(!is_left, "{name}"),
            Outcome::Kept(failure) => {
                assert!(is_left, "{name}");
                assert_eq!(failure.code, Code::Forbidden);
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    assert!(
        scene
            .records
            .unfinished(&Place::of(&scene.connection, &scene.state), &of_tags(&names))
            .is_none()
    );
}

#[tokio::test]
async fn what_was_broken_off_goes_on_where_it_was() {
    let scene = Scene::plain(|world| {
        for number in 0..40 {
            world.push(&format!("shop/api:v{number:02}"), &image(number, &[100 + number]));
        }
    })
    .await;
    let names: Vec<_> = (0..40).map(|number| format!("shop/api:v{number:02}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let params = of_tags(&names);
    let (tell, mut told) = tokio::sync::watch::channel(0);
    tokio::select! {
        _ = delete(scene.workplace(), params.clone(), |progress| {
            let _ = tell.send(progress.done);
        }) => {
            panic!("it was to be broken off");
        }
        _ = told.wait_for(|done| *done >= 20) => {}
    }
    let id = scene.records.entries()[0].change.id.clone();
    let earlier = scene.world().changes();
    let before = scene.tags("shop/api").len();
    assert!(before > 0 && earlier.len() >= 20);
    scene.world().log.clear();
    let receipt = scene.delete(params).await;
    assert_eq!(receipt.id, Some(id), "the same change");
    assert!(outcomes(&receipt).iter().all(Outcome::is_gone));
    assert!(scene.tags("shop/api").is_empty());
    // What was on its way when it was broken off is asked for once more, and nothing else.
    let again = scene.world().changes().iter().filter(|line| earlier.contains(line)).count();
    assert!(again <= 16, "{again} of {}", earlier.len());
}

#[tokio::test]
async fn a_purge_breaks_the_links_that_nothing_needs() {
    let scene = Scene::plain(shop).await;
    let targets = vec![Target::Tag(tag_ref("shop/api:v2"))];
    let receipt = scene.delete(purge(targets)).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted], "{receipt:?}");
    let links = &scene.world().repositories["shop/api"].links.clone();
    assert!(
        links.contains(&digest(9)) && !links.contains(&digest(7)) && !links.contains(&digest(2))
    );
    assert_eq!(verdict(&receipt, &digest(7)), Verdict::Waits);
    assert!(!receipt.undo.open);
}

#[tokio::test]
async fn a_deletion_has_no_say_in_another_clusters_catalog() {
    let scene = Scene::plain(shop).await;
    // Somebody chooses another cluster before the first step.
    let forget = |progress: Progress| {
        if progress.done == 0 {
            scene.state.forget();
        }
    };
    let receipt = delete(scene.workplace(), of_tags(&["shop/api:v2"]), forget).await.unwrap();
    kept(&receipt.items[0].outcome, Code::Conflict, "Another cluster");
    assert!(scene.world().changes().is_empty());
    assert_eq!(scene.state.catalog().counts().repositories, 0);
}

#[tokio::test]
async fn an_image_goes_everywhere_also_from_where_nobody_has_looked_yet() {
    let scene = Scene::plain(shop).await;
    let digest = scene.world().names("shop/api:v2").unwrap();
    {
        let mut world = scene.world();
        world.push("shop/new:v1", &image(2, &[9, 7]));
        world.push("tools/scan:also", &image(2, &[9, 7]));
    }
    let receipt = scene.delete(Params::of(vec![Target::Image(digest)])).await;
    assert_eq!(outcomes(&receipt), [Outcome::Deleted], "{receipt:?}");
    assert!(scene.tags("shop/new").is_empty());
    assert_eq!(scene.tags("tools/scan"), ["v1"]);
}
