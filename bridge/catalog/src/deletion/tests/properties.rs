// SPDX-License-Identifier: LGPL-2.1-or-later

//! What holds of every plan, whatever the registry and the targets.

use std::collections::BTreeSet;

use images_proto::Digest;
use images_proto::delete::{Extent, Fate, Orphan, Plan, Step, Target};
use images_proto::status::Source;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::model::{World, image, layer, names, size, some_target, some_world};
use crate::Content;

fn some_extent() -> impl Strategy<Value = Extent> {
    prop::bool::ANY.prop_map(|purge| if purge { Extent::Purge } else { Extent::Unlink })
}

fn some_source() -> impl Strategy<Value = Source> {
    select(vec![Source::Openshift, Source::Distribution])
}

fn worlds() -> impl Strategy<Value = World> {
    some_source().prop_flat_map(some_world)
}

fn sum(blobs: impl IntoIterator<Item = Digest>) -> u64 {
    blobs.into_iter().map(|blob| size(&blob)).sum()
}

/// The kinds of steps in the order in which they come.
fn rank(step: &Step) -> u32 {
    match step {
        Step::Tag { .. } | Step::Revision { .. } => 0,
        Step::Manifest { .. } => 1,
        Step::Link { .. } => 2,
        Step::Repository(_) => 3,
        Step::Blob(_) => 4,
        Step::Image(_) => 5,
    }
}

/// The steps one after the other; nothing is broken after any of them.
fn replay(world: &World, plan: &Plan) -> Result<World, TestCaseError> {
    let mut after = world.clone();
    for step in &plan.steps {
        after.apply(step);
        let broken = after.broken();
        prop_assert!(broken.is_empty(), "after {step:?}: {broken:?}");
    }
    Ok(after)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn exactly_the_tags_of_the_targets_go_and_nothing_is_broken_on_the_way(
        world in worlds(),
        targets in prop::collection::vec(some_target(), 1..4),
        extent in some_extent(),
        insist in any::<bool>(),
    ) {
        prop_assert!(world.broken().is_empty());
        let plan = world.plan(&targets, extent, insist);
        let after = replay(&world, &plan)?;
        prop_assert_eq!(after.tags_now(), world.tags_without(&targets));
        let hidden = |world: &World| {
            let all = world.tags.iter().filter(|(name, _)| world.hidden.contains(*name));
            all.map(|(name, tags)| (name.clone(), tags.clone())).collect::<Vec<_>>()
        };
        prop_assert_eq!(hidden(&after), hidden(&world));
    }

    #[test]
    fn bytes_are_those_that_nothing_leads_to_afterwards(
        world in worlds(),
        targets in prop::collection::vec(some_target(), 1..4),
        extent in some_extent(),
        insist in any::<bool>(),
    ) {
        let plan = world.plan(&targets, extent, insist);
        let after = replay(&world, &plan)?;
        let reached = world.blobs_of(world.led_to());
        let still = after.blobs_of(after.led_to());
        let gone: BTreeSet<_> = reached.difference(&still).copied().collect();
        // What is in the storage and goes, and what goes later. Layers of no image are not reached
        // in the first place.
        let fates = |fate| plan.layers.iter().filter(move |layer| layer.fate == fate);
        let removed: BTreeSet<_> = fates(Fate::Removed).map(|layer| layer.digest).collect();
        let waits: BTreeSet<_> = fates(Fate::Waits).map(|layer| layer.digest).collect();
        prop_assert!(gone.is_subset(&removed.union(&waits).copied().collect()));
        prop_assert!(still.is_disjoint(&removed), "a blob that is needed is removed");
        prop_assert!(still.is_disjoint(&waits), "a blob that is needed waits");
        let unreached = targets.iter().any(|target| matches!(
            target,
            Target::Blob(_) | Target::Orphans(_) | Target::Image(_) | Target::Layer(_)
        ));
        if extent == Extent::Unlink || !unreached {
            let targeted: BTreeSet<_> = targets.iter().filter_map(|target| match target {
                Target::Blob(digest) => Some(*digest),
                _ => None,
            }).collect();
            let more = removed.union(&waits).filter(|blob| targeted.contains(*blob));
            let more: BTreeSet<_> = more.copied().collect();
            prop_assert_eq!(
                plan.space.freed + plan.space.later,
                sum(gone.union(&more).copied())
            );
        }
        prop_assert_eq!(plan.space.freed, sum(removed.iter().copied()));
        let freed: BTreeSet<_> = world.blobs.difference(&after.blobs).copied().collect();
        prop_assert!(freed.is_subset(&removed));
        // A blob that was a target need not have been there.
        let absent = removed.difference(&freed).filter(|blob| world.blobs.contains(*blob));
        prop_assert_eq!(absent.count(), 0);
        // No blob goes that an image contains of which the cluster knows.
        if world.is_openshift() {
            let kept = after.blobs_of(after.images.keys().copied());
            prop_assert!(kept.is_disjoint(&removed));
            prop_assert!(insist || removed.is_disjoint(&young_blobs(&world)));
        }
        prop_assert_eq!(plan.space.unknown, 0);
    }

    #[test]
    fn every_step_is_there_once_in_order_and_for_somebody(
        world in worlds(),
        targets in prop::collection::vec(some_target(), 1..6),
        extent in some_extent(),
    ) {
        let plan = world.plan(&targets, extent, false);
        let distinct: BTreeSet<_> = plan.steps.iter().collect();
        prop_assert_eq!(distinct.len(), plan.steps.len());
        prop_assert!(plan.steps.iter().map(rank).is_sorted());
        let mut used = BTreeSet::new();
        for item in &plan.items {
            prop_assert!(item.steps.is_sorted());
            prop_assert_eq!(item.refused.is_some(), item.steps.is_empty(), "{:?}", item);
            used.extend(item.steps.iter().copied());
        }
        prop_assert_eq!(used.len(), plan.steps.len(), "a step is done for nobody");
        // Two plans of the same have the same name, whatever order facts came in.
        prop_assert_eq!(&world.plan(&targets, extent, false), &plan);
        let other = world.plan(&targets, extent, true);
        prop_assert_ne!(other.fingerprint, plan.fingerprint);
    }

    #[test]
    fn what_a_crash_left_is_found_again(
        world in worlds(),
        target in prop_oneof![
            (0_u8..8).prop_map(|n| Target::Image(image(n))),
            (0_u8..5).prop_map(|n| Target::Layer(layer(n))),
            select(names()).prop_map(Target::Repository),
        ],
        extent in some_extent(),
    ) {
        // A signature whose image is gone is no part of it any more: it is an orphan.
        let mut world = world;
        for tags in world.tags.values_mut() {
            tags.retain(|tag, _| tag.attached_to().is_none());
        }
        let targets = [target];
        let plan = world.plan(&targets, extent, false);
        let clean = replay(&world, &plan)?;
        let mut crashed = world.clone();
        for step in &plan.steps {
            crashed.apply(step);
            let again = crashed.plan(&targets, extent, false);
            let after = replay(&crashed, &again)?;
            prop_assert_eq!(after.tags_now(), clean.tags_now());
            if matches!(targets[0], Target::Repository(_)) {
                continue;
            }
            prop_assert_eq!(&after.images, &clean.images, "after {:?}", step);
            prop_assert_eq!(&after.blobs, &clean.blobs, "after {:?}", step);
        }
    }

    #[test]
    fn an_image_that_nothing_leads_to_is_removed_if_it_is_an_orphan(
        world in some_world(Source::Openshift),
        insist in any::<bool>(),
    ) {
        let plan = world.plan(&[Target::Orphans(Orphan::Images)], Extent::Purge, insist);
        let after = replay(&world, &plan)?;
        prop_assert_eq!(&after.tags, &world.tags);
        let orphans: BTreeSet<_> =
            world.images.keys().filter(|image| !world.led_to().contains(*image)).copied().collect();
        let left: BTreeSet<_> = after.images.keys().copied().collect();
        let kept: BTreeSet<_> = orphans.intersection(&left).copied().collect();
        if insist {
            prop_assert!(kept.is_empty());
            prop_assert_eq!(&after.blobs, &world.blobs_of(world.led_to()));
        } else {
            // Those that are young, and what is in them.
            let young = world.images.iter().filter(|(_, created)| **created > 996_400);
            let young: BTreeSet<_> = young.map(|(image, _)| *image).collect();
            let young = orphans.intersection(&young).copied();
            let inside = world.closure(young);
            prop_assert_eq!(kept, inside.intersection(&orphans).copied().collect());
        }
    }
}

/// The blobs of images that are younger than an hour.
fn young_blobs(world: &World) -> BTreeSet<Digest> {
    let young = world.images.iter().filter(|(_, created)| **created > 996_400);
    let young = young.map(|(image, _)| *image).filter(|image| {
        matches!(world.contents.get(image), Some(Content::Manifest { .. } | Content::Index { .. }))
    });
    world.blobs_of(young)
}
