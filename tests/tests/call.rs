// SPDX-License-Identifier: LGPL-2.1-or-later

//! The bridge's methods from a terminal, against what skopeo and curl say, with both faces.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use images_tests::call::{self, Called, call};
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;
use serde_json::{Value, json};

async fn search(cluster: &Cluster, query: &str) -> Result<Value> {
    let called = call(cluster, "sarah", "search", json!({ "query": query, "limit": 500 })).await?;
    ensure!(called.status == Some(0), "{called:?}");
    Ok(called.answer()?.clone())
}

/// The hits on tags as they are now, as `repository:tag`.
fn hits(view: &Value) -> Result<BTreeSet<String>> {
    let hits = view.pointer("/rows/hits").and_then(Value::as_array);
    let hits = hits.with_context(|| format!("no hits: {view}"))?;
    Ok(hits
        .iter()
        .filter(|hit| hit["tag"]["age"] == 0)
        .map(|hit| format!("{}:{}", text(&hit["repository"]), text(&hit["tag"]["name"])))
        .collect())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

async fn everything_is_listed(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let view = search(&cluster, "").await?;
    let rows = view.pointer("/rows/repositories").and_then(Value::as_array).context("no rows")?;
    let listed: BTreeSet<_> = rows.iter().map(|row| text(&row["name"]).to_owned()).collect();
    // OpenShift has streams whose import failed; the registry does not know them.
    let missing: Vec<_> = inventory.repositories.difference(&listed).collect();
    assert!(missing.is_empty(), "not listed: {missing:?}");
    let skopeo = cluster.skopeo("sarah")?;
    for row in rows {
        let name = text(&row["name"]);
        if inventory.repositories.contains(name) {
            let tags = skopeo.tags(name).await?;
            assert_eq!(row["tag_count"], tags.len(), "{row} has {tags:?}");
        }
    }
    assert_eq!(view["total"], rows.len());
    Ok(())
}

#[tokio::test]
async fn everything_is_listed_plain() -> Result<()> {
    everything_is_listed(Face::Plain).await
}

#[tokio::test]
async fn everything_is_listed_openshift() -> Result<()> {
    everything_is_listed(Face::Openshift).await
}

/// Every digest there is leads to exactly the tags that a look at every manifest finds.
async fn every_digest_leads_to_its_tags(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    // One of each kind is asked for in each way; a call fills a whole catalog.
    let index = inventory.manifests.iter().find(|(_, content)| content["manifests"].is_array());
    let (index, content) = index.context("the seed has no index")?;
    let child = text(&content["manifests"][0]["digest"]).to_owned();
    let image = inventory.tags.values().find(|digest| !inventory.layers(digest).is_empty());
    let image = image.context("the seed has no image")?;
    let config = inventory.config(image).context("no config")?.to_owned();
    let layer = inventory.layers(image).pop().context("no layer")?;
    let diff_id = inventory.diff_ids(image).pop().context("no diff ID")?;
    let cases = [
        (index.clone(), "index"),
        (child, "child"),
        (image.clone(), "manifest"),
        (config, "image-id"),
        (layer, "layer"),
        (diff_id, "diff-id"),
    ];
    for (digest, matched) in cases {
        let expected = inventory.leading_to(&digest);
        ensure!(!expected.is_empty(), "{digest} leads nowhere");
        let view = search(&cluster, &digest).await?;
        assert_eq!(hits(&view)?, expected, "{matched} {digest}");
        let all = view.pointer("/rows/hits").and_then(Value::as_array).context("no hits")?;
        assert!(all.iter().any(|hit| hit["matched"] == matched), "{matched}: {view}");
        assert!(all.iter().all(|hit| hit["matched_digest"] == *digest), "{matched}: {view}");

        let bare = digest.trim_start_matches("sha256:");
        for shorter in [bare, &bare[..12]] {
            assert_eq!(hits(&search(&cluster, shorter).await?)?, expected, "{matched} {shorter}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_digest_leads_to_its_tags_plain() -> Result<()> {
    every_digest_leads_to_its_tags(Face::Plain).await
}

#[tokio::test]
async fn every_digest_leads_to_its_tags_openshift() -> Result<()> {
    every_digest_leads_to_its_tags(Face::Openshift).await
}

async fn names_and_pull_specs(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let ((repository, tag), _) = inventory.tags.iter().next().context("the seed is empty")?;
    let cases = [
        repository.clone(),
        format!("{repository}:{tag}"),
        format!("{}/{repository}:{tag}", cluster.ready.registry),
    ];
    for query in cases {
        let view = search(&cluster, &query).await?;
        assert_eq!(view["exact"]["repository"], **repository, "{query}: {view}");
        if query != *repository {
            assert_eq!(view["exact"]["tag"], **tag, "{query}: {view}");
        }
    }
    let nothing = search(&cluster, "there-is-no-such-thing").await?;
    assert_eq!(nothing["total"], 0);
    assert_eq!(nothing["coverage"]["listing"], false);
    Ok(())
}

#[tokio::test]
async fn names_and_pull_specs_plain() -> Result<()> {
    names_and_pull_specs(Face::Plain).await
}

#[tokio::test]
async fn names_and_pull_specs_openshift() -> Result<()> {
    names_and_pull_specs(Face::Openshift).await
}

/// What the image view says of a config is what skopeo reads in it.
async fn an_image_is_shown_as_it_is(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let labelled = inventory.tags.iter().find(|(_, digest)| {
        let config = inventory.config(digest).and_then(|config| inventory.configs.get(config));
        config.is_some_and(|config| config["config"]["Labels"].is_object())
    });
    let ((repository, tag), digest) = labelled.context("no image has labels")?;
    let called = call(&cluster, "sarah", "image", json!({ "digest": digest })).await?;
    let view = called.answer()?;
    let shown = &view["details"]["read"];
    ensure!(shown.is_object(), "no details: {view}");

    let skopeo = cluster.skopeo("sarah")?;
    let name = format!("{repository}:{tag}");
    let config = skopeo.config(&name).await?;
    let manifest = skopeo.manifest(&name).await?;
    assert_eq!(shown["labels"], config["config"]["Labels"]);
    assert_eq!(shown["image_id"], manifest["config"]["digest"]);
    assert_eq!(shown["platform"]["architecture"], config["architecture"]);
    for (ours, theirs) in [("env", "Env"), ("command", "Cmd"), ("entrypoint", "Entrypoint")] {
        let theirs = &config["config"][theirs];
        if theirs.is_array() {
            assert_eq!(shown[ours], *theirs, "{ours}");
        }
    }
    let layers = view["layers"].as_array().context("no layers")?;
    let digests: Vec<_> = layers.iter().map(|layer| text(&layer["digest"]).to_owned()).collect();
    assert_eq!(digests, inventory.layers(digest));
    let diff_ids: Vec<_> = layers.iter().map(|layer| text(&layer["diff_id"]).to_owned()).collect();
    assert_eq!(diff_ids, inventory.diff_ids(digest));
    let commands: Vec<_> = layers.iter().filter_map(|layer| layer["command"].as_str()).collect();
    let history = config["history"].as_array().context("no history")?;
    let built: Vec<_> = history
        .iter()
        .filter(|step| step["empty_layer"] != true)
        .filter_map(|step| step["created_by"].as_str())
        .collect();
    assert_eq!(commands, built);
    Ok(())
}

#[tokio::test]
async fn an_image_is_shown_as_it_is_plain() -> Result<()> {
    an_image_is_shown_as_it_is(Face::Plain).await
}

#[tokio::test]
async fn an_image_is_shown_as_it_is_openshift() -> Result<()> {
    an_image_is_shown_as_it_is(Face::Openshift).await
}

/// The documents are the registry's, byte for byte.
#[tokio::test]
async fn raw_documents_are_the_registrys() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let ((repository, _), digest) = inventory
        .tags
        .iter()
        .find(|(_, digest)| inventory.config(digest).is_some())
        .context("the seed has no image")?;
    let config = inventory.config(digest).context("no config")?;
    for (what, digest, expected) in [
        ("manifest", digest.as_str(), &inventory.manifests[digest]),
        ("config", config, &inventory.configs[config]),
    ] {
        let params = json!({ "repository": repository, "digest": digest, "what": what });
        let called = call(&cluster, "sarah", "raw", params).await?;
        let document: Value = serde_json::from_str(text(&called.answer()?["text"]))?;
        assert_eq!(document, *expected, "{what}");
    }
    Ok(())
}

fn tag_ref(image: &str) -> Value {
    let (repository, tag) = image.rsplit_once(':').unwrap_or((image, ""));
    json!({ "repository": repository, "tag": tag })
}

fn outcome(called: &Called) -> Result<&Value> {
    called.answer()?.pointer("/items/0/outcome").context("no outcome")
}

/// OpenShift: a tag goes alone.
#[tokio::test]
async fn deleting_a_tag_leaves_its_sibling_openshift() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let found = inventory.siblings("shop/")?;
    let (goes, stays, digest) = (found.name(), found.sibling_name(), found.digest);
    let params = json!({ "targets": [{ "tag": tag_ref(&goes) }] });

    let planned = call(&cluster, "sarah", "plan", params.clone()).await?;
    let item = &planned.answer()?["items"][0];
    assert_eq!(item["goes"], json!([tag_ref(&goes)]), "{item}");
    let stay = item["stays"].as_array().context("no stays")?;
    assert!(stay.contains(&tag_ref(&stays)), "{item}");

    let deleted = call(&cluster, "sarah", "delete", params.clone()).await?;
    assert_eq!(outcome(&deleted)?, "deleted", "{deleted:?}");
    assert_eq!(deleted.status, Some(0));
    let skopeo = cluster.skopeo("sarah")?;
    assert_eq!(skopeo.digest(&goes).await?, None);
    assert_eq!(skopeo.digest(&stays).await?, Some(digest));

    let again = call(&cluster, "sarah", "delete", params).await?;
    assert_eq!(outcome(&again)?, "absent", "{again:?}");
    Ok(())
}

/// A plain registry can only delete manifests; all the same the sibling stays.
#[tokio::test]
async fn deleting_a_tag_leaves_its_sibling_plain() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let found = inventory.siblings("shop/")?;
    let (goes, sibling, digest) = (found.name(), found.sibling_name(), found.digest);
    let target = json!({ "tag": tag_ref(&goes) });

    let planned = call(&cluster, "sarah", "plan", json!({ "targets": [target] })).await?;
    let item = &planned.answer()?["items"][0];
    assert_eq!(item["goes"], json!([tag_ref(&goes)]), "{item}");
    let stay = item["stays"].as_array().context("no stays")?;
    assert!(stay.contains(&tag_ref(&sibling)), "{item}");

    let skopeo = cluster.skopeo("sarah")?;
    let another = json!({ "targets": [target], "agreed": "of another plan" });
    let refused = call(&cluster, "sarah", "delete", another).await?;
    assert_eq!(refused.failure()?["code"], "conflict", "{refused:?}");
    assert_eq!(skopeo.digest(&goes).await?.as_ref(), Some(&digest));

    let agreed = &planned.answer()?["fingerprint"];
    let params = json!({ "targets": [target], "agreed": agreed });
    let deleted = call(&cluster, "sarah", "delete", params).await?;
    assert_eq!(outcome(&deleted)?, "deleted", "{deleted:?}");
    assert_eq!(skopeo.digest(&goes).await?, None);
    assert_eq!(skopeo.digest(&sibling).await?.as_ref(), Some(&digest));
    Ok(())
}

/// A registry with deletion switched off says so, and nothing is reported as deleted.
#[tokio::test]
async fn deletion_switched_off_is_said() -> Result<()> {
    let cluster = Cluster::start_with(Face::Plain, true, &["--no-delete"])?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let ((repository, tag), digest) = inventory.tags.iter().next().context("empty")?;
    let image = format!("{repository}:{tag}");
    let params = json!({ "targets": [{ "tag": tag_ref(&image) }] });
    let called = call(&cluster, "sarah", "delete", params).await?;
    assert_eq!(called.status, Some(1), "{called:?}");
    let kept = &outcome(&called)?["kept"];
    assert_eq!(kept["code"], "unsupported", "{called:?}");
    assert!(kept["fix"].is_string(), "{called:?}");
    assert_eq!(cluster.skopeo("sarah")?.digest(&image).await?.as_ref(), Some(digest));
    Ok(())
}

/// A viewer deletes nothing, whatever he asks.
#[tokio::test]
async fn a_viewer_deletes_nothing() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let found = Inventory::read(&cluster, "sarah").await?.siblings("skyfield/")?;
    let (image, digest) = (found.name(), found.digest);
    let params = json!({ "targets": [{ "tag": tag_ref(&image) }] });
    let called = call(&cluster, "greg", "delete", params).await?;
    assert_eq!(called.status, Some(1), "{called:?}");
    let code = called.failure().or_else(|_| outcome(&called).map(|outcome| &outcome["kept"]));
    assert_eq!(code?["code"], "forbidden", "{called:?}");
    assert_eq!(cluster.skopeo("greg")?.digest(&image).await?, Some(digest));
    Ok(())
}

#[tokio::test]
async fn exit_status_and_words() -> Result<()> {
    let usage = call::run(&[], &["no-such-command"]).await?;
    assert_eq!(usage.status, Some(2));
    assert!(usage.complaint.contains("Usage"), "{usage:?}");

    let no_cluster = call::run(&[], &["call", "search", "{}"]).await?;
    assert_eq!(no_cluster.status, Some(1));
    assert_eq!(no_cluster.failure()?["code"], "no-cluster", "{no_cluster:?}");

    let no_json = call::run(&[], &["call", "search", "{"]).await?;
    assert_eq!(no_json.status, Some(1));
    assert!(no_json.complaint.contains("JSON"), "{no_json:?}");
    Ok(())
}
