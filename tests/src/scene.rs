// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a browser test begins with: a cluster, a Cockpit that knows it, a browser that shows it.

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;

use anyhow::{Context, Result, anyhow, ensure};
use futures_util::FutureExt;

use crate::browser::Browser;
use crate::cluster::{Cluster, Face};
use crate::cockpit::{Cockpit, Version};
use crate::evidence;

/// The cast of a test.
#[derive(Clone, Debug)]
pub struct Scene {
    face: Option<Face>,
    version: Version,
    user: String,
    seeded: bool,
    options: Vec<&'static str>,
    path: String,
    login: bool,
}

/// The scene while it is played. What it holds ends with it.
#[derive(Debug)]
pub struct Stage {
    /// The browser, inside the page unless the scene says otherwise.
    pub browser: Browser,
    /// Cockpit.
    pub cockpit: Cockpit,
    cluster: Option<Cluster>,
}

impl Stage {
    /// The cluster.
    ///
    /// # Errors
    /// When the scene has none.
    pub fn cluster(&self) -> Result<&Cluster> {
        self.cluster.as_ref().context("this scene has no cluster")
    }

    /// The cluster, to end it.
    ///
    /// # Errors
    /// When the scene has none.
    pub fn cluster_mut(&mut self) -> Result<&mut Cluster> {
        self.cluster.as_mut().context("this scene has no cluster")
    }
}

/// Cockpit's own bridge ended by a fault of its own.
#[derive(Debug)]
struct CockpitDied;

impl std::fmt::Display for CockpitDied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cockpit's own bridge died of a segmentation fault")
    }
}

impl std::error::Error for CockpitDied {}

impl Scene {
    /// Sarah's session in the installed Cockpit, with a seeded cluster.
    pub fn new(face: Face) -> Self {
        Self {
            face: Some(face),
            version: Version::Installed,
            user: "sarah".to_owned(),
            seeded: true,
            options: Vec::new(),
            path: "/images".to_owned(),
            login: false,
        }
    }

    /// A machine that belongs to no cluster.
    pub fn without_cluster() -> Self {
        Self { face: None, ..Self::new(Face::Plain) }
    }

    /// Another Cockpit.
    #[must_use]
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Another user of the cluster.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// A registry without a single image.
    #[must_use]
    pub fn empty(mut self) -> Self {
        self.seeded = false;
        self
    }

    /// An option of `loopback-cluster serve`.
    #[must_use]
    pub fn option(mut self, option: &'static str) -> Self {
        self.options.push(option);
        self
    }

    /// Where the browser goes first; `/images` is the list.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Cockpit asks for name and password.
    #[must_use]
    pub fn login(mut self) -> Self {
        self.login = true;
        self
    }

    /// Plays it. The console must not have complained when it is over.
    ///
    /// Cockpit 287's own bridge, a C program, dies of a segmentation fault once in some hundred
    /// sessions. That says nothing about us, so it is said aloud and the scene is played again, once.
    ///
    /// # Errors
    /// Those of `act`; then evidence is kept under `name`.
    #[expect(clippy::print_stderr, reason = "a second try must be seen")]
    pub async fn play(self, name: &str, act: impl AsyncFn(&mut Stage) -> Result<()>) -> Result<()> {
        let first = self.try_to_play(name, &act).await;
        match first {
            Err(error) if error.is::<CockpitDied>() => {
                eprintln!("{name}: {error:#}; played again");
                self.try_to_play(name, &act).await
            }
            played => played,
        }
    }

    async fn try_to_play(
        &self,
        name: &str,
        act: &impl AsyncFn(&mut Stage) -> Result<()>,
    ) -> Result<()> {
        let mut stage = self.build().await?;
        let acted = AssertUnwindSafe(async {
            if !self.login {
                stage.browser.go(&stage.cockpit.url(&self.path)).await?;
                if self.path.starts_with("/images") {
                    stage.browser.enter_page().await?;
                }
            }
            act(&mut stage).await?;
            let faults: Vec<_> = stage.browser.console().await?;
            let faults: Vec<_> =
                faults.iter().filter(|entry| entry.is_fault()).map(ToString::to_string).collect();
            ensure!(faults.is_empty(), "the console says:\n{}", faults.join("\n"));
            Ok(())
        })
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(anyhow!("{}", words.unwrap_or("the test panicked")))
        });
        match acted {
            Ok(()) => stage.browser.close().await,
            Err(_) if stage.cockpit.has_died()? => Err(CockpitDied.into()),
            Err(error) => {
                let Stage { browser, cockpit, cluster } = &stage;
                let kept = evidence::collect(name, browser, cockpit, cluster.as_ref()).await?;
                Err(error.context(format!("evidence is in {}", kept.display())))
            }
        }
    }

    async fn build(&self) -> Result<Stage> {
        let options = &self.options;
        let cluster = self.face.map(|face| Cluster::start_with(face, self.seeded, options));
        let cluster = cluster.transpose()?;
        let kubeconfig = cluster.as_ref().map(|cluster| cluster.kubeconfig(&self.user));
        let kubeconfig = kubeconfig.transpose()?;
        let cockpit = if self.login {
            let kubeconfig = kubeconfig.context("somebody who logs in has a cluster")?;
            Cockpit::with_login(0, &kubeconfig).await?
        } else {
            let environment: Vec<(&str, OsString)> =
                kubeconfig.map(|path| ("KUBECONFIG", path.into())).into_iter().collect();
            Cockpit::local(self.version, 0, &environment).await?
        };
        let browser = Browser::start().await?;
        Ok(Stage { browser, cockpit, cluster })
    }
}
