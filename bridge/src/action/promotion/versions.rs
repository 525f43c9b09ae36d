// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a tag named before: on OpenShift by its own revisions, elsewhere by what the record of our
//! promotions says.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use images_proto::stage::{Known, Version};
use images_proto::{Digest, Failure, TagRef};

use super::super::delete::persistence::ask;
use super::look::resolve;
use crate::record::{Planned, Promotion};
use crate::registry::Registry;
use crate::source::{Connection, Source};

/// The most versions that are told.
const MOST: usize = 100;
/// Versions that are looked for at once.
const CONCURRENCY: usize = 8;
/// How far the clocks of a cluster and of this host may be apart, in seconds.
const APART: i64 = 5 * 60;

/// What a tag named, the newest first. `promotions` are those at this registry, the newest first.
///
/// # Errors
/// When it cannot be read.
pub async fn versions(
    connection: &Connection,
    promotions: &[Promotion],
    tag: &TagRef,
) -> Result<Known, Failure> {
    let here = moves_to(promotions, tag);
    let mut versions = match connection.source() {
        Source::Openshift(source) => {
            let stream = ask(|| source.cluster().stream_now(&tag.repository)).await;
            let stream = stream.map_err(|error| {
                error.failure(format_args!("read the image stream {}", tag.repository))
            })?;
            let revisions = stream.map(|stream| stream.revisions(&tag.tag)).unwrap_or_default();
            of_revisions(revisions, &here)
        }
        Source::Distribution(source) => of_records(resolve(source.registry(), tag).await?, &here),
    };
    versions.truncate(MOST);
    match connection.source() {
        Source::Openshift(source) => {
            // Without the right to pull, nobody says what is left.
            if let Ok(layers) = source.cluster().layers(&tag.repository).await {
                let images = layers.images.unwrap_or_default();
                for version in &mut versions {
                    let image = images.get(&version.digest);
                    version.there = Some(image.is_some_and(|image| !image.image_missing));
                }
            }
        }
        Source::Distribution(source) => look_for(source.registry(), tag, &mut versions).await,
    }
    Ok(Known { versions })
}

/// Moves to this tag that were done, the newest first, with when and by whom.
fn moves_to<'a>(promotions: &'a [Promotion], tag: &TagRef) -> Vec<(&'a Promotion, &'a Planned)> {
    let all =
        promotions.iter().flat_map(|promotion| promotion.done().map(move |it| (promotion, it)));
    all.filter(|(_, planned)| planned.wanted.to == *tag).collect()
}

/// The revisions of a tag, each with the promotion that made it.
fn of_revisions(
    revisions: Vec<(Digest, Option<i64>)>,
    moves: &[(&Promotion, &Planned)],
) -> Vec<Version> {
    let mut used = Vec::new();
    let versions = revisions.into_iter().map(|(digest, since)| {
        let candidates = moves.iter().enumerate().filter(|(idx, (promotion, planned))| {
            planned.wanted.digest == digest
                && since.is_none_or(|since| (since - promotion.started).abs() <= APART)
                && !used.contains(idx)
        });
        // Of several the one that was nearest.
        let nearest = candidates.min_by_key(|(_, (promotion, _))| {
            since.map_or(0, |since| (since - promotion.started).abs())
        });
        let (by, from) = match nearest {
            Some((idx, (promotion, planned))) => {
                used.push(idx);
                (promotion.user.clone(), planned.from.clone())
            }
            None => (None, None),
        };
        Version { digest, since, by, from, there: None }
    });
    versions.collect()
}

/// What a tag names now, and what it named by our own record. What others pushed in between is known
/// where a promotion replaced it.
fn of_records(now: Option<Digest>, moves: &[(&Promotion, &Planned)]) -> Vec<Version> {
    let unknown = |digest| Version { digest, since: None, by: None, from: None, there: None };
    let mut versions: Vec<Version> = now.map(unknown).into_iter().collect();
    for (promotion, planned) in moves {
        let made = Version {
            digest: planned.wanted.digest,
            since: Some(promotion.started),
            by: promotion.user.clone(),
            from: planned.from.clone(),
            there: None,
        };
        match versions.last_mut() {
            Some(last) if last.digest == made.digest && last.since.is_none() => *last = made,
            _ => versions.push(made),
        }
        versions.extend(planned.was.filter(|was| *was != planned.wanted.digest).map(unknown));
    }
    versions
}

async fn look_for(registry: &Registry, tag: &TagRef, versions: &mut [Version]) {
    let mut wanted: Vec<_> = versions.iter().map(|version| version.digest).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let looking: Vec<_> = wanted
        .into_iter()
        .map(|digest| async move {
            let found = ask(|| registry.find_manifest(&tag.repository, &digest)).await.ok()?;
            Some((digest, found.is_some()))
        })
        .collect();
    let found = stream::iter(looking).buffer_unordered(CONCURRENCY);
    let found: BTreeMap<_, _> = found.filter_map(std::future::ready).collect().await;
    for version in versions {
        version.there = found.get(&version.digest).copied();
    }
}

#[cfg(test)]
mod tests {
    use images_proto::stage::{Item, Move};

    use super::*;

    fn digest(byte: u8) -> Digest {
        Digest::from_bytes([byte; 32])
    }

    fn tag() -> TagRef {
        TagRef { repository: "prod/api".parse().unwrap(), tag: "v1".parse().unwrap() }
    }

    fn promotion(started: i64, was: Option<u8>, is: u8, done: bool) -> Promotion {
        let wanted = Move { from: "dev/api".parse().unwrap(), digest: digest(is), to: tag() };
        let from = TagRef { repository: "dev/api".parse().unwrap(), tag: "v1".parse().unwrap() };
        let item = Item {
            wanted: wanted.clone(),
            was: None,
            done,
            failure: None,
            attachments: Vec::new(),
            sent: None,
        };
        let planned = Planned { wanted, was: was.map(digest), from: Some(from) };
        let user = Some(format!("sarah{started}"));
        Promotion { id: started.to_string(), started, user, moves: vec![(planned, Some(item))] }
    }

    fn told(versions: &[Version]) -> Vec<(u8, Option<i64>, Option<&str>)> {
        let told = versions
            .iter()
            .map(|version| (version.digest.as_bytes()[0], version.since, version.by.as_deref()));
        told.collect()
    }

    #[test]
    fn a_plain_registry_has_the_history_of_our_promotions() {
        let all = [
            promotion(30, Some(7), 2, true),
            promotion(25, Some(1), 9, false),
            promotion(20, Some(1), 2, true),
            promotion(10, None, 1, true),
        ];
        let versions = of_records(Some(digest(2)), &moves_to(&all, &tag()));
        let expected = [
            (2, Some(30), Some("sarah30")),
            (7, None, None),
            (2, Some(20), Some("sarah20")),
            (1, Some(10), Some("sarah10")),
        ];
        assert_eq!(told(&versions), expected);
        assert_eq!(versions[0].from.as_ref().unwrap().to_string(), "dev/api:v1");
        let pushed = of_records(Some(digest(8)), &moves_to(&all[3..], &tag()));
        assert_eq!(told(&pushed), [(8, None, None), (1, Some(10), Some("sarah10"))]);
        assert!(of_records(None, &[]).is_empty());
    }

    #[test]
    fn a_revision_is_joined_with_the_promotion_of_its_time() {
        let all = [promotion(5_000, Some(1), 2, true), promotion(1_000, None, 2, true)];
        let revisions = vec![
            (digest(2), Some(5_002)),
            (digest(1), Some(3_000)),
            (digest(2), Some(999)),
            (digest(2), Some(100_000)),
        ];
        let versions = of_revisions(revisions, &moves_to(&all, &tag()));
        let expected = [
            (2, Some(5_002), Some("sarah5000")),
            (1, Some(3_000), None),
            (2, Some(999), Some("sarah1000")),
            (2, Some(100_000), None),
        ];
        assert_eq!(told(&versions), expected);
    }
}
