// SPDX-License-Identifier: LGPL-2.1-or-later

//! Every change is written down, for its user alone, and told to the system's journal.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;

use anyhow::{Context, Result, ensure};
use images_proto::delete::{Outcome, Params, Target};
use images_proto::history::{Act, Record, State};
use images_tests::cluster::{Cluster, Face};
use serde_json::json;

use crate::home::Home;
use crate::support::{repository, tag};

/// An entry of the journal, field by field.
type Entry = BTreeMap<String, String>;

/// What came to the socket so far.
fn entries(journal: &UnixDatagram) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut bytes = vec![0; 1 << 16];
    // Nobody writes any more: a call has sent all its entries before it ends.
    journal.set_nonblocking(true)?;
    while let Ok(length) = journal.recv(&mut bytes) {
        let text = std::str::from_utf8(&bytes[..length])?;
        let field = |line: &str| {
            let (name, value) = line.split_once('=').context("no field")?;
            Ok((name.to_owned(), value.to_owned()))
        };
        entries.push(text.lines().map(field).collect::<Result<_>>()?);
    }
    Ok(entries)
}

/// The values of a field, entry by entry.
fn values<'a>(entries: &'a [Entry], field: &str) -> Vec<&'a str> {
    entries.iter().filter_map(|entry| entry.get(field)).map(String::as_str).collect()
}

async fn changes_are_told(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let home = Home::of(&cluster, "sarah")?;
    let journal = UnixDatagram::bind(home.journal())?;
    let targets = vec![tag("shop/database:13")?, Target::Repository(repository("tools/cache")?)];
    let why = "no longer used";
    let params = Params { reason: Some(why.to_owned()), ..Params::of(targets) };
    let receipt = home.delete(&params).await?;
    let id = receipt.id.clone().context("no record")?;

    let told = entries(&journal)?;
    for (field, expected) in [
        ("SYSLOG_IDENTIFIER", "cockpit-images"),
        ("IMAGES_CHANGE", id.as_str()),
        ("IMAGES_ACT", "delete"),
        ("IMAGES_REASON", why),
        ("IMAGES_REGISTRY", receipt.registry.as_str()),
    ] {
        ensure!(values(&told, field) == [expected; 4], "{field}: {told:#?}");
    }
    if face == Face::Openshift {
        ensure!(values(&told, "IMAGES_USER") == ["sarah"; 4], "{told:#?}");
    }
    // It begins, one of each target, it ends.
    ensure!(values(&told, "IMAGES_TARGET")[0] == "shop/database:13", "{told:#?}");
    ensure!(values(&told, "IMAGES_TARGET")[1].contains("tools/cache"), "{told:#?}");
    ensure!(values(&told, "IMAGES_RESULT") == ["deleted", "deleted", "done"], "{told:#?}");
    let kinds = values(&told, "MESSAGE_ID");
    ensure!(kinds.len() == 4 && kinds[1] == kinds[2], "{told:#?}");
    ensure!(kinds[0] != kinds[1] && kinds[1] != kinds[3] && kinds[0] != kinds[3], "{told:#?}");

    let undone = home.undo(&id).await?;
    let told = entries(&journal)?;
    ensure!(values(&told, "IMAGES_UNDOES") == vec![id.as_str(); told.len()], "{told:#?}");
    ensure!(values(&told, "IMAGES_ACT") == vec!["undo"; told.len()], "{told:#?}");
    let back = values(&told, "IMAGES_RESULT").iter().filter(|result| **result == "back").count();
    ensure!(back == undone.items.len() && back >= 3, "{told:#?}");
    Ok(())
}

#[tokio::test]
async fn changes_are_told_openshift() -> Result<()> {
    changes_are_told(Face::Openshift).await
}

#[tokio::test]
async fn changes_are_told_plain() -> Result<()> {
    changes_are_told(Face::Plain).await
}

/// A deletion that was refused is in the journal, too, as that.
#[tokio::test]
async fn a_refusal_is_told() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let home = Home::of(&cluster, "sarah")?;
    let journal = UnixDatagram::bind(home.journal())?;
    cluster
        .fault(json!({
            "on": "api", "path": "/apis/image.openshift.io/*", "method": "DELETE",
            "kind": "status", "status": 403,
        }))
        .await?;
    let called = home.call("delete", &Params::of(vec![tag("shop/database:13")?])).await?;
    ensure!(called.status == Some(1), "{called:?}");
    let told = entries(&journal)?;
    ensure!(values(&told, "IMAGES_RESULT").last() == Some(&"failed"), "{told:#?}");
    let priorities = values(&told, "PRIORITY");
    ensure!(priorities.last() == Some(&"4"), "no warning: {told:#?}");
    Ok(())
}

/// The list, newest first, and each record with all that is known.
#[tokio::test]
async fn what_was_done_is_listed() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let home = Home::of(&cluster, "sarah")?;
    let first = Params {
        reason: Some("the first".to_owned()),
        ..Params::of(vec![tag("shop/database:13")?])
    };
    home.delete(&first).await?;
    let second = Params::of(vec![Target::Repository(repository("tools/cache")?)]);
    let receipt = home.delete(&second).await?;
    let changes = home.history().await?;
    let targets: Vec<_> = changes.iter().map(|change| change.targets.join(" ")).collect();
    ensure!(targets == ["repository tools/cache", "shop/database:13"], "{changes:#?}");
    ensure!(changes[1].reason.as_deref() == Some("the first"), "{changes:#?}");
    for change in &changes {
        ensure!(change.act == Act::Delete && change.user.as_deref() == Some("sarah"), "{change:?}");
        ensure!(
            matches!(change.state, State::Ended { good: 1, kept: 0, unproved: 0 }),
            "{change:?}"
        );
        ensure!(change.undo.open && change.ended.is_some(), "{change:?}");
    }
    let called = home.call("record", &json!({ "id": changes[0].id })).await?;
    let record: Record = serde_json::from_value(called.answer()?.clone())?;
    ensure!(record.params.as_ref() == Some(&second), "{record:#?}");
    ensure!(record.receipt.as_ref() == Some(&receipt), "{record:#?}");
    ensure!(record.plan.is_some_and(|plan| !plan.steps.is_empty()));
    ensure!(
        record.text.contains("tools/cache") && record.text.contains("sarah"),
        "{}",
        record.text
    );
    ensure!(receipt.steps.iter().all(|step| step.outcome == Outcome::Deleted), "{receipt:#?}");

    // Nobody else's eyes.
    let mode = |path: &std::path::Path| -> Result<u32> {
        Ok(fs::metadata(path)?.permissions().mode() & 0o777)
    };
    assert_eq!(mode(&home.records())?, 0o700);
    let mut files = 0;
    for file in fs::read_dir(home.records())? {
        assert_eq!(mode(&file?.path())?, 0o600);
        files += 1;
    }
    assert!(files >= 2);
    Ok(())
}

/// Where nothing can be written down nothing is deleted.
#[tokio::test]
async fn no_record_no_deletion() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let home = Home::of(&cluster, "sarah")?;
    let records = home.records();
    fs::create_dir_all(records.parent().context("no folder")?)?;
    // A file stands where the folder should be.
    fs::write(&records, "")?;
    let called = home.call("delete", &Params::of(vec![tag("shop/database:13")?])).await?;
    ensure!(called.status == Some(1) && called.failure().is_ok(), "{called:?}");
    ensure!(cluster.kept_digest("shop/database:13").await?.is_some(), "it was deleted");
    Ok(())
}
