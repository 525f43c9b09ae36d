// SPDX-License-Identifier: LGPL-2.1-or-later

//! The board of the stages.

use anyhow::{Context, Result, ensure};
use images_proto::stage::{By, Row, State, View};
use images_tests::cluster::{Cluster, Face};

use crate::support::{Promoter, a_move, kept};

fn row<'a>(view: &'a View, repository: &str, tag: Option<&str>) -> Result<&'a Row> {
    let fits = |row: &&Row| {
        row.repository == repository && row.tag.as_ref().map(|tag| tag.as_str()) == tag
    };
    view.rows.iter().find(fits).with_context(|| format!("no {repository}: {view:#?}"))
}

fn states(row: &Row) -> Vec<State> {
    row.cells.iter().map(|cell| cell.state).collect()
}

/// Projects are chosen, remembered, and shown with what is equal, behind and missing.
async fn projects(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let sarah = Promoter::of(&cluster, "sarah")?;
    let empty = sarah.board().await?;
    ensure!(empty.setting.stages.is_empty() && empty.rows.is_empty(), "{empty:#?}");
    ensure!(empty.choices.iter().any(|name| name == "skyfield"), "{empty:#?}");
    sarah.set_stages(By::Project, &["skyfield", "shop"]).await?;
    let view = sarah.board().await?;
    ensure!(view.setting.stages == ["skyfield", "shop"], "{view:#?}");
    let latest = row(&view, "frontend", Some("latest"))?;
    ensure!(states(latest) == [State::First, State::Missing], "{latest:#?}");
    ensure!(latest.cells[1].tag.to_string() == "shop/frontend:latest", "{latest:#?}");
    let digest = kept(&cluster, "skyfield/frontend:latest").await?;
    ensure!(latest.cells[0].digest.map(|digest| digest.to_string()) == Some(digest));

    let old = a_move(&cluster, "skyfield/frontend:v2", "shop/frontend:latest").await?;
    sarah.promote(&[old]).await?;
    let view = sarah.board().await?;
    let latest = row(&view, "frontend", Some("latest"))?;
    // A plain registry does not know what its tags named.
    let expected = if face == Face::Openshift { State::Behind } else { State::Differs };
    ensure!(states(latest) == [State::First, expected], "{latest:#?}");

    let now = a_move(&cluster, "skyfield/frontend:latest", "shop/frontend:latest").await?;
    sarah.promote(&[now]).await?;
    let view = sarah.board().await?;
    let latest = row(&view, "frontend", Some("latest"))?;
    ensure!(states(latest) == [State::First, State::Equal], "{latest:#?}");

    // dev moves on: prod is behind, on a plain registry by the record of the promotion.
    cluster.skopeo("sarah")?.copy("skyfield/frontend:v1", "skyfield/frontend:latest").await?;
    let view = sarah.board().await?;
    let latest = row(&view, "frontend", Some("latest"))?;
    ensure!(states(latest) == [State::First, State::Behind], "{latest:#?}");
    ensure!(view.differing > 0 && view.differing <= view.total, "{view:#?}");
    Ok(())
}

#[tokio::test]
async fn projects_openshift() -> Result<()> {
    projects(Face::Openshift).await
}

#[tokio::test]
async fn projects_plain() -> Result<()> {
    projects(Face::Plain).await
}

#[tokio::test]
async fn tags_of_one_repository() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let sarah = Promoter::of(&cluster, "sarah")?;
    sarah.set_stages(By::Tag, &["latest", "stable"]).await?;
    let view = sarah.board().await?;
    let frontend = row(&view, "skyfield/frontend", None)?;
    ensure!(states(frontend) == [State::First, State::Behind], "{frontend:#?}");
    let now = a_move(&cluster, "skyfield/frontend:latest", "skyfield/frontend:stable").await?;
    sarah.promote(&[now]).await?;
    let view = sarah.board().await?;
    let frontend = row(&view, "skyfield/frontend", None)?;
    ensure!(states(frontend) == [State::First, State::Equal], "{frontend:#?}");
    Ok(())
}
