// SPDX-License-Identifier: LGPL-2.1-or-later

//! The page in a browser: how soon it is there, and what it weighs.

use anyhow::Result;
use images_tests::browser::Browser;
use images_tests::cluster::{Cluster, Face};
use images_tests::cockpit::{Cockpit, Version};
use images_tests::seed;

use crate::ROUNDS;
use crate::table::{Budget, Row, Samples};

/// From the click to the first row, and the bytes over the wire.
pub(crate) async fn measure() -> Result<Vec<Row>> {
    seed::seed()?;
    let cluster = Cluster::start(Face::Openshift)?;
    let mut times = Vec::new();
    let mut weight = 0;
    for _ in 0..ROUNDS {
        let environment = [("KUBECONFIG", cluster.kubeconfig("sarah")?.into())];
        let cockpit = Cockpit::local(Version::Installed, 0, &environment).await?;
        let browser = Browser::start().await?;
        browser.go(&cockpit.url("/system")).await?;
        browser.click_images().await?;
        times.push(browser.first_row().await?);
        weight = browser.weight().await?;
        browser.close().await?;
    }
    Ok(vec![
        Row {
            what: "click on Images to the first rows, cold, the seed".to_owned(),
            ours: Samples::times(times),
            yardstick: None,
            budget: Budget::AtMost(1.0),
            note: String::new(),
        },
        Row {
            what: "what a click on Images loads".to_owned(),
            ours: Samples::bytes(weight),
            yardstick: None,
            budget: Budget::AtMost(500.0 * 1024.0),
            note: "over the wire, without what Cockpit's shell has loaded".to_owned(),
        },
    ])
}
