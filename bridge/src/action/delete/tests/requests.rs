// SPDX-License-Identifier: LGPL-2.1-or-later

//! How much a deletion asks of a plain registry: each request more is one for each of thousands of
//! tags.

use std::collections::BTreeMap;

use images_proto::delete::{Part, Verdict};

use super::*;

const REPOSITORIES: u8 = 3;
/// Tags of each of them, each on an image of its own, all of them on one common layer.
const TAGS: u8 = 20;
/// Their own blobs: a config and a layer each.
const OWN_BLOBS: usize = 2;

fn crowd(world: &mut World) {
    for (name, text) in names().zip(1..).map(|(name, byte)| (name, image(byte, &[200, byte + 100])))
    {
        world.push(&name, &text);
    }
}

fn names() -> impl Iterator<Item = String> {
    (0..REPOSITORIES)
        .flat_map(|repository| (0..TAGS).map(move |tag| format!("bulk/r{repository}:b{tag:02}")))
}

/// How often each kind of thing was asked for.
fn kinds(log: &[String]) -> BTreeMap<&'static str, usize> {
    let mut kinds = BTreeMap::new();
    for line in log {
        let by_digest = line.contains("sha256:");
        let kind = match line.split_once(' ') {
            Some((_, path)) if path.ends_with("/tags/list") => "lists",
            Some(("HEAD", path)) if path.contains("/blobs/") => "looks at a blob",
            Some(("HEAD" | "GET", _)) if !by_digest => "looks at a tag",
            Some(("GET", _)) => "manifests",
            Some(("DELETE", _)) => "deletions",
            _ => "others",
        };
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

/// Deletes all of them, and tells what was asked for.
async fn asked(scene: &Scene, params: Params) -> (Receipt, BTreeMap<&'static str, usize>) {
    scene.world().log.clear();
    let receipt = scene.delete(params).await;
    assert!(outcomes(&receipt).iter().all(|outcome| *outcome == Outcome::Deleted), "{receipt:?}");
    let kinds = kinds(&scene.world().log);
    (receipt, kinds)
}

fn everything() -> Params {
    Params::of(names().map(|name| Target::Tag(tag_ref(&name))).collect())
}

/// A look at the tag that brings its manifest for an undo, the deletion, and the look after it.
#[tokio::test]
async fn a_tag_costs_three_requests() {
    let (tags, repositories) = (usize::from(REPOSITORIES * TAGS), usize::from(REPOSITORIES));
    let scene = Scene::plain(crowd).await;
    let (_, direct) = asked(&scene, everything()).await;
    let agreed = {
        let scene = Scene::plain(crowd).await;
        let agreed = Some(scene.plan(&everything()).await.fingerprint);
        asked(&scene, Params { agreed, ..everything() }).await.1
    };
    for kinds in [direct, agreed] {
        assert_eq!(kinds.get("looks at a tag"), Some(&tags), "{kinds:?}");
        assert_eq!(kinds.get("deletions"), Some(&tags), "{kinds:?}");
        assert_eq!(kinds.get("manifests"), Some(&tags), "{kinds:?}");
        // Before and after.
        assert_eq!(kinds.get("lists"), Some(&(2 * repositories)), "{kinds:?}");
        assert_eq!(kinds.get("others"), None, "{kinds:?}");
    }
}

/// How many blobs were asked for, and of how many it is said that their links are as they were.
fn of_blobs((receipt, kinds): &(Receipt, BTreeMap<&'static str, usize>)) -> (usize, usize) {
    let reachable = receipt.digests.iter().filter(|probed| {
        probed.part != Part::Manifest && probed.verdict == Verdict::Reachable(Vec::new())
    });
    (kinds.get("looks at a blob").copied().unwrap_or_default(), reachable.count())
}

#[tokio::test]
async fn a_sample_tells_whether_links_to_blobs_are_as_they_were() {
    let blobs = usize::from(REPOSITORIES * TAGS) * OWN_BLOBS + 1;
    let scene = Scene::plain(crowd).await;
    let (looks, reachable) = of_blobs(&asked(&scene, everything()).await);
    assert_eq!(reachable, blobs);
    assert!(looks < blobs, "{looks}");

    // A registry that takes the links along is asked for each of them.
    let scene = Scene::plain(crowd).await;
    let first = "HEAD /v2/bulk/r0/blobs/";
    scene.world().before(first, |world| {
        world.repositories.values_mut().for_each(|repository| repository.links.clear());
    });
    let (looks, reachable) = of_blobs(&asked(&scene, everything()).await);
    assert_eq!((looks >= blobs, reachable), (true, 0));
}
