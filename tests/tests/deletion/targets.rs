// SPDX-License-Identifier: LGPL-2.1-or-later

//! Everything that can be deleted, at a plain registry and at OpenShift's, as everybody expects it
//! and with the data.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use images_proto::Code;
use images_proto::delete::{Extent, Fate, Orphan, Params, Step, Target, Verdict};
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;

use crate::removal::Removal;
use crate::support::{World, delete, digest, plan, purge, repository, set, tag};

use Extent::{Purge, Unlink};
use Face::{Openshift, Plain};

/// One test for each row: a function, and what it is called with.
macro_rules! rows {
    ($run:ident; $($name:ident { $($argument:expr),* $(,)? })*) => {
        $(
            #[tokio::test]
            async fn $name() -> Result<()> {
                $run($($argument),*).await
            }
        )*
    };
}

fn params(extent: Extent, targets: Vec<Target>) -> Params {
    Params { extent, ..Params::of(targets) }
}

async fn can_be_pulled(cluster: &Cluster, image: &str) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    Ok(cluster.skopeo("sarah")?.pull(image, &folder.path().join("image")).await.is_ok())
}

/// A tag whose image has other tags in its repository: they stay, on every registry.
async fn a_tag_alone(face: Face, extent: Extent) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let removal = Removal::of(
        &cluster,
        params(extent, vec![tag("skyfield/api:latest")?]),
        &set(&["skyfield/api:latest"]),
    )
    .await?;
    let image = removal.before.digest("skyfield/api:1.1")?.to_owned();
    ensure!(removal.plan.items[0].stays.iter().any(|tag| tag.to_string() == "skyfield/api:1.1"));
    ensure!(
        matches!(removal.verdict(&image), Some(Verdict::Reachable(_))),
        "{:#?}",
        removal.receipt
    );
    ensure!(removal.fate(&image) == Some(Fate::Stays), "{:#?}", removal.plan);
    ensure!(can_be_pulled(&cluster, "skyfield/api:1.1").await?, "the sibling is broken");
    let skopeo = cluster.skopeo("sarah")?;
    ensure!(skopeo.digest("skyfield/api:latest").await?.is_none(), "the tag is still there");
    ensure!(skopeo.digest("skyfield/api:1.1").await?.as_deref() == Some(&image), "it moved");
    Ok(())
}

rows! { a_tag_alone;
    a_tag_alone_plain { Plain, Unlink }
    a_tag_alone_openshift { Openshift, Unlink }
    a_tag_alone_purged_plain { Plain, Purge }
    a_tag_alone_purged_openshift { Openshift, Purge }
}

/// The last tag of an image: nothing leads to the image any more.
async fn the_last_tag(face: Face, extent: Extent) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let goes = set(&["shop/database:13"]);
    let removal =
        Removal::of(&cluster, params(extent, vec![tag("shop/database:13")?]), &goes).await?;
    let image = removal.before.digest("shop/database:13")?;
    let expected = if (face, extent) == (Openshift, Purge) { Fate::Removed } else { Fate::Waits };
    ensure!(removal.fate(image) == Some(expected), "{:#?}", removal.plan);
    let base = removal.before.disk.layers(image)?.first().cloned().context("no layer")?;
    ensure!(removal.fate(&base) == Some(Fate::Stays), "the common layer: {:#?}", removal.plan);
    ensure!(!can_be_pulled(&cluster, "shop/database:13").await?, "it can still be pulled");
    ensure!(can_be_pulled(&cluster, "shop/database:14").await?, "its neighbour is broken");
    Ok(())
}

rows! { the_last_tag;
    the_last_tag_plain { Plain, Unlink }
    the_last_tag_openshift { Openshift, Unlink }
    the_last_tag_purged_plain { Plain, Purge }
    the_last_tag_purged_openshift { Openshift, Purge }
}

/// A tag of an index, and the images that go with the index.
async fn an_index(face: Face, extent: Extent) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let index = World::look(&cluster).await?.digest("tools/cli:1.4")?.to_owned();
    let target = Target::Manifest { repository: repository("tools/cli")?, digest: digest(&index)? };
    let goes = set(&["tools/cli:1.4", "tools/cli:latest"]);
    let removal = Removal::of(&cluster, params(extent, vec![target]), &goes).await?;
    let children = removal.before.disk.images_of([&index]);
    ensure!(children.len() == 5, "{children:?}");
    for child in &children {
        ensure!(removal.fate(child).is_some_and(|fate| fate != Fate::Stays), "{child} stays");
        let image = format!("tools/cli@{child}");
        let is_there = cluster.skopeo("sarah")?.manifest(&image).await.is_ok();
        // What OpenShift's registry has no tag for it still serves by digest.
        ensure!(!is_there || (face, extent) == (Openshift, Unlink), "{image} is still there");
    }
    Ok(())
}

rows! { an_index;
    an_index_plain { Plain, Unlink }
    an_index_openshift { Openshift, Unlink }
    an_index_purged_plain { Plain, Purge }
    an_index_purged_openshift { Openshift, Purge }
}

/// An older revision of a tag: the tag keeps its name and the rest of its history.
async fn a_revision(extent: Extent) -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let before = World::look(&cluster).await?;
    let history = &before.tags["skyfield/frontend:latest"];
    ensure!(history.len() == 3, "{history:?}");
    let target = Target::Revision {
        repository: repository("skyfield/frontend")?,
        tag: "latest".parse()?,
        digest: digest(&history[1])?,
    };
    let removal = Removal::of(&cluster, params(extent, vec![target]), &BTreeSet::new()).await?;
    let left = &removal.after.tags["skyfield/frontend:latest"];
    ensure!(*left == [history[0].clone(), history[2].clone()], "{left:?}");
    // v2 and stable still name it.
    ensure!(removal.fate(&history[1]) == Some(Fate::Stays), "{:#?}", removal.plan);
    Ok(())
}

rows! { a_revision;
    a_revision_openshift { Unlink }
    a_revision_purged_openshift { Purge }
}

/// The newest revision of a tag: the tag falls back to the one before.
#[tokio::test]
async fn the_current_revision_openshift() -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let before = World::look(&cluster).await?;
    let history = &before.tags["skyfield/frontend:latest"];
    let target = Target::Revision {
        repository: repository("skyfield/frontend")?,
        tag: "latest".parse()?,
        digest: digest(&history[0])?,
    };
    let removal = Removal::of(&cluster, Params::of(vec![target]), &BTreeSet::new()).await?;
    ensure!(removal.after.digest("skyfield/frontend:latest")? == history[1]);
    let pulled = cluster.skopeo("sarah")?.digest("skyfield/frontend:latest").await?;
    ensure!(pulled.as_ref() == Some(&history[1]), "{pulled:?}");
    Ok(())
}

#[tokio::test]
async fn a_plain_registry_has_no_revisions() -> Result<()> {
    let cluster = Cluster::start(Plain)?;
    let before = World::look(&cluster).await?;
    let target = Target::Revision {
        repository: repository("skyfield/frontend")?,
        tag: "latest".parse()?,
        digest: digest(before.digest("skyfield/frontend:v2")?)?,
    };
    let plan = plan(&cluster, "sarah", &Params::of(vec![target])).await?;
    let refused = plan.items[0].refused.as_ref().context("it is not refused")?;
    ensure!(refused.code == Code::Unsupported && plan.steps.is_empty(), "{plan:#?}");
    Ok(())
}

/// An image everywhere, with all tags and revisions that lead to it.
async fn an_image_everywhere(face: Face, extent: Extent) -> Result<()> {
    let cluster = Cluster::start(face)?;
    // A second repository has it, too.
    let copied = "shop/api:promoted";
    cluster.skopeo("sarah")?.copy("skyfield/api:1.1", copied).await?;
    let before = World::look(&cluster).await?;
    let image = before.digest("skyfield/api:1.1")?.to_owned();
    let mut goes = before.tags_on(&image);
    ensure!(goes.len() == 3 && goes.contains(copied), "{goes:?}");
    // Its signature goes with it.
    goes.insert(format!("skyfield/api:{}.sig", image.replace(':', "-")));
    let params = Params { insist: true, ..params(extent, vec![Target::Image(digest(&image)?)]) };
    let removal = Removal::of(&cluster, params, &goes).await?;
    ensure!(!removal.after.named().contains(&image), "a tag leads there");
    for tag in goes {
        ensure!(cluster.skopeo("sarah")?.digest(&tag).await?.is_none(), "{tag} is there");
    }
    Ok(())
}

rows! { an_image_everywhere;
    an_image_everywhere_plain { Plain, Unlink }
    an_image_everywhere_openshift { Openshift, Unlink }
    an_image_everywhere_purged_plain { Plain, Purge }
    an_image_everywhere_purged_openshift { Openshift, Purge }
}

/// An image that is the newest of some tags and an older one of others.
async fn an_image_with_history(extent: Extent) -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let before = World::look(&cluster).await?;
    let image = before.digest("skyfield/frontend:v2")?.to_owned();
    let holding = before.tags.iter().filter(|(_, history)| history.contains(&image));
    let goes = holding.filter(|(_, history)| history.iter().all(|digest| *digest == image));
    let goes: BTreeSet<_> = goes.map(|(tag, _)| tag.clone()).collect();
    let targets = vec![Target::Image(digest(&image)?)];
    let removal = Removal::of(&cluster, params(extent, targets), &goes).await?;
    ensure!(!removal.after.named().contains(&image), "a revision leads there");
    ensure!(removal.after.tags.contains_key("skyfield/frontend:latest"), "latest is gone");
    ensure!(removal.count(|step| matches!(step, Step::Revision { .. })) > 0);
    Ok(())
}

rows! { an_image_with_history;
    an_image_with_history_openshift { Unlink }
    an_image_with_history_purged_openshift { Purge }
}

/// A whole repository, also where no such call is known.
async fn a_whole_repository(face: Face, extent: Extent) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let before = World::look(&cluster).await?;
    let name = "skyfield/worker";
    let goes: BTreeSet<_> =
        before.tags.keys().filter(|tag| tag.starts_with("skyfield/worker:")).cloned().collect();
    ensure!(goes.len() == 4, "{goes:?}");
    let targets = vec![Target::Repository(repository(name)?)];
    let removal = Removal::of(&cluster, params(extent, targets), &goes).await?;
    match face {
        Openshift => ensure!(!removal.after.repositories.contains(name), "it is there"),
        Plain => {
            let left = removal.after.disk.revisions.get(name);
            ensure!(left.is_none_or(BTreeSet::is_empty), "there are manifests: {left:?}");
        }
    }
    for tag in goes {
        ensure!(!can_be_pulled(&cluster, &tag).await?, "{tag} can be pulled");
    }
    Ok(())
}

rows! { a_whole_repository;
    a_whole_repository_plain { Plain, Unlink }
    a_whole_repository_openshift { Openshift, Unlink }
    a_whole_repository_purged_plain { Plain, Purge }
    a_whole_repository_purged_openshift { Openshift, Purge }
}

/// Every image with a layer that should never have been in one, and the layer itself.
async fn a_leaked_layer(face: Face, extent: Extent) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let secret = Inventory::read_inside(&cluster).await?.layer_made_by("COPY .aws")?;
    let goes = set(&["shop/checkout:beta", "skyfield/worker:2026-06", "skyfield/worker:rollback"]);
    let targets = vec![Target::Layer(digest(&secret)?)];
    let removal = Removal::of(&cluster, params(extent, targets), &goes).await?;
    let curl = cluster.registry_curl("sarah");
    for repository in ["shop/checkout", "skyfield/worker"] {
        let url = format!("{}/v2/{repository}/blobs/{secret}", cluster.ready.registry_url);
        let status = curl.head(&url).await?.status;
        match extent {
            Purge => ensure!(status == 404, "{url}: {status}"),
            // Whoever knows its digest can have it, and is told so.
            Unlink => {}
        }
    }
    let expected = match (face, extent) {
        (_, Unlink) => removal.verdict(&secret) != Some(&Verdict::Gone),
        (Openshift, Purge) => removal.verdict(&secret) == Some(&Verdict::Gone),
        (Plain, Purge) => {
            matches!(removal.verdict(&secret), Some(Verdict::Gone | Verdict::Waits))
        }
    };
    ensure!(expected, "{:?}", removal.verdict(&secret));
    Ok(())
}

rows! { a_leaked_layer;
    a_leaked_layer_plain { Plain, Unlink }
    a_leaked_layer_openshift { Openshift, Unlink }
    a_leaked_layer_purged_plain { Plain, Purge }
    a_leaked_layer_purged_openshift { Openshift, Purge }
}

/// A layer that an image contains is not taken from under it.
async fn a_blob_in_use(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let before = World::look(&cluster).await?;
    let image = before.digest("shop/database:13")?;
    let layer = before.disk.layers(image)?.pop().context("no layer")?;
    let params = Params { insist: true, ..purge(vec![Target::Blob(digest(&layer)?)]) };
    let planned = plan(&cluster, "sarah", &params).await?;
    ensure!(planned.items[0].refused.is_some() && planned.steps.is_empty(), "{planned:#?}");
    let (all_gone, receipt) = delete(&cluster, "sarah", &params).await?;
    ensure!(!all_gone, "{receipt:#?}");
    ensure!(World::look(&cluster).await? == before, "something was changed");
    Ok(())
}

rows! { a_blob_in_use;
    a_blob_in_use_plain { Plain }
    a_blob_in_use_openshift { Openshift }
}

/// A layer that was left when its image went: it can be pulled no more.
#[tokio::test]
async fn a_left_blob_plain() -> Result<()> {
    let cluster = Cluster::start(Plain)?;
    let before = World::look(&cluster).await?;
    let layer =
        before.disk.layers(before.digest("shop/database:13")?)?.pop().context("no layer")?;
    delete(&cluster, "sarah", &Params::of(vec![tag("shop/database:13")?])).await?;
    ensure!(before.disk.links["shop/database"].contains(&layer));
    let params = purge(vec![Target::Blob(digest(&layer)?)]);
    let (all_gone, receipt) = delete(&cluster, "sarah", &params).await?;
    ensure!(all_gone, "{receipt:#?}");
    let after = World::look(&cluster).await?;
    ensure!(!after.disk.links["shop/database"].contains(&layer), "it can be pulled");
    let (registry, curl) = cluster.inside().await?;
    let answer = curl.head(&format!("{registry}/v2/shop/database/blobs/{layer}")).await?;
    ensure!(answer.status == 404, "{}", answer.status);
    Ok(())
}

/// A layer of which the cluster has forgotten all images: no pruning finds it.
#[tokio::test]
async fn a_left_blob_openshift() -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let before = World::look(&cluster).await?;
    let image = before.digest("shop/database:13")?.to_owned();
    let layer = before.disk.layers(&image)?.pop().context("no layer")?;
    delete(&cluster, "sarah", &Params::of(vec![tag("shop/database:13")?])).await?;
    let url = format!("{}/apis/image.openshift.io/v1/images/{image}", cluster.ready.api);
    let forgotten = cluster.curl("sarah").delete(&url).await?;
    ensure!(forgotten.is_good(), "{}", forgotten.text());

    let target = vec![Target::Blob(digest(&layer)?)];
    let timid = plan(&cluster, "sarah", &purge(target.clone())).await?;
    ensure!(timid.items[0].refused.is_some(), "nobody knows its age: {timid:#?}");
    let params = Params { insist: true, ..purge(target) };
    let planned = plan(&cluster, "sarah", &params).await?;
    ensure!(planned.space.freed == before.disk.blobs[&layer], "{:?}", planned.space);
    let (all_gone, receipt) = delete(&cluster, "sarah", &params).await?;
    ensure!(all_gone, "{receipt:#?}");
    ensure!(receipt.space.freed == before.disk.blobs[&layer], "{:?}", receipt.space);
    let after = World::look(&cluster).await?;
    ensure!(before.disk.lost(&after.disk) == BTreeSet::from([layer]), "other blobs went");
    Ok(())
}

/// Everything that a search finds, as many tags as it shows.
async fn everything_found(face: Face, extent: Extent) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let before = World::look(&cluster).await?;
    let goes = before.tags.keys().filter(|tag| tag.starts_with("skyfield/nightly:2026-07"));
    let goes: BTreeSet<_> = goes.cloned().collect();
    ensure!(goes.len() == 11, "{goes:?}");
    let target = Target::Found { query: "nightly 2026-07".to_owned(), project: None };
    Removal::of(&cluster, params(extent, vec![target]), &goes).await?;
    Ok(())
}

rows! { everything_found;
    everything_found_plain { Plain, Unlink }
    everything_found_purged_plain { Plain, Purge }
    everything_found_openshift { Openshift, Unlink }
    everything_found_purged_openshift { Openshift, Purge }
}

/// Images that are in no image stream any more.
#[tokio::test]
async fn orphaned_images_openshift() -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    let before = World::look(&cluster).await?;
    let orphan = before.digest("shop/database:13")?.to_owned();
    let index = before.digest("tools/cli:1.4")?.to_owned();
    let targets = ["shop/database:13", "tools/cli:1.4", "tools/cli:latest"];
    let targets = targets.into_iter().map(tag).collect::<Result<_>>()?;
    let (all_gone, _) = delete(&cluster, "sarah", &Params::of(targets)).await?;
    ensure!(all_gone);
    let goes = BTreeSet::new();
    let orphans = purge(vec![Target::Orphans(Orphan::Images)]);
    let removal = Removal::of(&cluster, orphans, &goes).await?;
    for digest in removal.before.disk.images_of([&orphan, &index]) {
        ensure!(!removal.after.images.contains(&digest), "{digest} is there");
    }
    Ok(())
}

/// An image that only the history of a tag names is no untagged one: the tag can go back to it.
#[tokio::test]
async fn older_revisions_are_not_untagged_openshift() -> Result<()> {
    let cluster = Cluster::start(Openshift)?;
    for name in ["v1", "v2", "stable"] {
        let target = vec![tag(&format!("skyfield/frontend:{name}"))?];
        ensure!(delete(&cluster, "sarah", &Params::of(target)).await?.0);
    }
    let world = World::look(&cluster).await?;
    ensure!(world.tags["skyfield/frontend:latest"].len() == 3, "the history is another one");
    for extent in [Unlink, Purge] {
        let target = params(extent, vec![Target::Orphans(Orphan::Untagged)]);
        let plan = plan(&cluster, "sarah", &target).await?;
        ensure!(plan.items[0].refused.is_some() && plan.steps.is_empty(), "{plan:#?}");
    }
    Ok(())
}

/// Signatures whose image is gone.
async fn lone_signatures(face: Face, extent: Extent) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let before = World::look(&cluster).await?;
    let image = before.digest("skyfield/api:1.1")?.to_owned();
    let signature = format!("skyfield/api:{}.sig", image.replace(':', "-"));
    ensure!(before.tags.contains_key(&signature), "the seed has no {signature}");
    let none = Target::Orphans(Orphan::Signatures);
    let early = plan(&cluster, "sarah", &Params::of(vec![none.clone()])).await?;
    ensure!(early.steps.is_empty(), "its image is there: {early:#?}");
    // We would take the signature along; others do not.
    match face {
        Plain => cluster.skopeo("sarah")?.delete("skyfield/api:1.1").await?,
        Openshift => {
            for name in ["api:1.1", "api:latest"] {
                let path = format!("namespaces/skyfield/imagestreamtags/{name}");
                let url = format!("{}/apis/image.openshift.io/v1/{path}", cluster.ready.api);
                let answer = cluster.curl("sarah").delete(&url).await?;
                ensure!(answer.is_good(), "{}", answer.text());
            }
        }
    }
    Removal::of(&cluster, params(extent, vec![none]), &set(&[&signature])).await?;
    Ok(())
}

rows! { lone_signatures;
    lone_signatures_plain { Plain, Unlink }
    lone_signatures_purged_plain { Plain, Purge }
    lone_signatures_openshift { Openshift, Unlink }
    lone_signatures_purged_openshift { Openshift, Purge }
}

/// Several targets that share tags, images and layers: each thing is done once, each byte counted
/// once.
async fn several_at_once(face: Face, extent: Extent) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let before = World::look(&cluster).await?;
    let leaky = before.digest("skyfield/worker:rollback")?.to_owned();
    let goes = set(&["skyfield/worker:2026-06", "skyfield/worker:rollback", "shop/checkout:beta"]);
    let targets = vec![
        tag("skyfield/worker:2026-06")?,
        Target::Image(digest(&leaky)?),
        tag("shop/checkout:beta")?,
        Target::Manifest { repository: repository("skyfield/worker")?, digest: digest(&leaky)? },
    ];
    Removal::of(&cluster, params(extent, targets), &goes).await?;
    Ok(())
}

rows! { several_at_once;
    several_at_once_plain { Plain, Unlink }
    several_at_once_openshift { Openshift, Unlink }
    several_at_once_purged_openshift { Openshift, Purge }
}

/// A plan that would be another one by now is not done.
async fn another_plan(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let target = vec![tag("shop/database:13")?];
    let planned = plan(&cluster, "sarah", &Params::of(target.clone())).await?;
    cluster.skopeo("sarah")?.copy("shop/database:14", "shop/database:13").await?;
    let before = World::look(&cluster).await?;
    let agreed = Params { agreed: Some(planned.fingerprint), ..Params::of(target) };
    let failure =
        crate::support::failure(&cluster, "sarah", "delete", serde_json::to_value(&agreed)?)
            .await?;
    ensure!(failure.code == Code::Conflict, "{failure:?}");
    ensure!(World::look(&cluster).await? == before, "something was done");
    Ok(())
}

rows! { another_plan;
    another_plan_plain { Plain }
    another_plan_openshift { Openshift }
}
