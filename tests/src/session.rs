// SPDX-License-Identifier: LGPL-2.1-or-later

//! A login's bridge with a home of its own, asked as the page asks it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use images_proto::status::{self, Phase};
use images_proto::{Failure, Message, Method, Progress, route};
use serde_json::{Value, json};

use crate::kubeconfig::Kubeconfig;
use crate::peer::Peer;

/// The bridge may wait up to a minute before it tries again.
const PATIENCE: Duration = Duration::from_secs(75);

/// The channels of the two views that are open all the time.
const STATUS: &str = "status";
const ROUTES: &str = "routes";

/// The bridge and what it said last.
#[derive(Debug)]
pub struct Session {
    home: tempfile::TempDir,
    environment: Vec<(&'static str, OsString)>,
    peer: Option<Peer>,
    status: Option<status::View>,
    routes: Option<route::View>,
    asked: u32,
    is_overheard: bool,
    /// The time after which a state is not expected any more.
    pub patience: Duration,
}

impl Session {
    /// A login whose home is empty. The bridge is not started yet.
    ///
    /// # Errors
    /// When no folder can be made.
    pub fn new() -> Result<Self> {
        let home = tempfile::Builder::new().prefix("images-home-").tempdir()?;
        let environment = vec![("HOME", home.path().into())];
        Ok(Self {
            home,
            environment,
            peer: None,
            status: None,
            routes: None,
            asked: 0,
            is_overheard: false,
            patience: PATIENCE,
        })
    }

    /// A login with this at `~/.kube/config`, and its bridge.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn with(kubeconfig: &Kubeconfig) -> Result<Self> {
        let mut session = Self::new()?;
        session.write(kubeconfig)?;
        session.start().await?;
        Ok(session)
    }

    /// A login that uses another file, and its bridge.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn using(file: &Path) -> Result<Self> {
        let mut session = Self::new()?;
        session.set("KUBECONFIG", file);
        session.start().await?;
        Ok(session)
    }

    /// Her home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// `~/.kube/config`.
    pub fn kubeconfig(&self) -> PathBuf {
        self.home().join(".kube/config")
    }

    /// Writes `~/.kube/config`.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn write(&self, kubeconfig: &Kubeconfig) -> Result<()> {
        kubeconfig.write(&self.kubeconfig())
    }

    /// Sets a variable for the next start.
    pub fn set(&mut self, variable: &'static str, value: impl Into<OsString>) {
        self.environment.push((variable, value.into()));
    }

    /// From the next start on, the bridge writes all that it ever logs to [`Session::log`], and the
    /// transcript of its frames is kept.
    pub fn overhear(&mut self) {
        self.is_overheard = true;
        self.set("COCKPIT_IMAGES_LOG", "trace");
    }

    /// Where the log goes of a session that is overheard.
    pub fn log(&self) -> PathBuf {
        self.home().join("bridge.log")
    }

    /// Starts the bridge and looks at the status.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(&mut self) -> Result<()> {
        let log = match self.is_overheard {
            true => fs::File::options().create(true).append(true).open(self.log())?.into(),
            false => Stdio::inherit(),
        };
        let mut peer = Peer::start_logging(&self.environment, log)?;
        peer.transcript = self.is_overheard.then(Vec::new);
        peer.patience = self.patience;
        peer.greet().await?;
        peer.open(STATUS, status::Status::NAME, json!({})).await?;
        (self.status, self.routes) = (None, None);
        self.peer = Some(peer);
        Ok(())
    }

    /// Ends the bridge, as a logout does. The home stays.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn end(&mut self) -> Result<()> {
        let peer = self.peer.take().context("the bridge does not run")?;
        ensure!(peer.end().await?.success(), "the bridge ended badly");
        Ok(())
    }

    /// The bridge.
    ///
    /// # Errors
    /// When it was not started.
    pub fn peer(&mut self) -> Result<&mut Peer> {
        self.peer.as_mut().context("the bridge does not run")
    }

    /// Has it try again now, as the button does.
    ///
    /// # Errors
    /// When it does not read any more.
    pub async fn retry(&mut self) -> Result<()> {
        self.asked += 1;
        let params = json!({ "params": { "retry": self.asked } });
        self.peer()?.message(STATUS, &params).await
    }

    /// The first status from the last one on for which `pick` gives something.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn status<T>(&mut self, pick: impl Fn(&status::View) -> Option<T>) -> Result<T> {
        let patience = self.patience;
        let looking = async {
            loop {
                if let Some(picked) = self.status.as_ref().and_then(&pick) {
                    return Ok(picked);
                }
                self.status = Some(self.view(STATUS).await?);
            }
        };
        let looked = tokio::time::timeout(patience, looking).await;
        looked
            .unwrap_or_else(|_| bail!("it did not come"))
            .with_context(|| format!("the last status was {:#?}", self.status))
    }

    /// Waits until everything is listed.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn ready(&mut self) -> Result<status::View> {
        self.status(|view| (view.phase == Phase::Ready).then(|| view.clone())).await
    }

    /// Waits until the source has stopped, and tells why.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn failure(&mut self) -> Result<Failure> {
        self.status(|view| match &view.phase {
            Phase::Failed(failure) => Some(failure.clone()),
            _ => None,
        })
        .await
    }

    /// Waits until the registry is not reached, and tells why.
    ///
    /// # Errors
    /// When it is reached.
    pub async fn unreachable(&mut self) -> Result<Failure> {
        self.look_at_routes().await?;
        self.status(|view| view.registry.as_ref()?.unreachable.clone()).await
    }

    /// Waits until the registry is reached, and tells by which route, in words.
    ///
    /// # Errors
    /// When it is not.
    pub async fn reached(&mut self) -> Result<String> {
        self.look_at_routes().await?;
        self.status(|view| {
            let registry = view.registry.as_ref()?;
            registry.route.clone().filter(|_| registry.unreachable.is_none())
        })
        .await
    }

    /// Waits until it is known whether the registry is reached.
    ///
    /// # Errors
    /// When that does not come to be known.
    pub async fn tried(&mut self) -> Result<()> {
        self.look_at_routes().await?;
        self.status(|view| {
            let registry = view.registry.as_ref()?;
            (registry.route.is_some() || registry.unreachable.is_some()).then_some(())
        })
        .await
    }

    /// The first ladder from the last one on for which `pick` gives something.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn routes<T>(&mut self, pick: impl Fn(&route::View) -> Option<T>) -> Result<T> {
        self.look_at_routes().await?;
        let patience = self.patience;
        let looking = async {
            loop {
                if let Some(picked) = self.routes.as_ref().and_then(&pick) {
                    return Ok(picked);
                }
                self.routes = Some(self.view(ROUTES).await?);
            }
        };
        let looked = tokio::time::timeout(patience, looking).await;
        looked
            .unwrap_or_else(|_| bail!("it did not come"))
            .with_context(|| format!("the last ladder was {:#?}", self.routes))
    }

    /// The ladder once what is at its end is known.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn ladder(&mut self) -> Result<route::View> {
        self.routes(|view| view.reached.is_some().then(|| view.clone())).await
    }

    /// Opens the view of the routes, which has them tried.
    async fn look_at_routes(&mut self) -> Result<()> {
        if self.routes.is_none() {
            self.routes = Some(route::View::default());
            self.peer()?.open(ROUTES, route::Routes::NAME, json!({})).await?;
        }
        Ok(())
    }

    async fn view<T: serde::de::DeserializeOwned>(&mut self, channel: &str) -> Result<T> {
        let message = self.peer()?.receive(channel).await?;
        match serde_json::from_value(message.clone()) {
            Ok(Message::View(view)) => Ok(view),
            _ => bail!("no view but {message}"),
        }
    }

    /// Asks one thing and waits for its result.
    ///
    /// # Errors
    /// When there is none; a failure is a result.
    pub async fn ask<M: Method>(
        &mut self,
        params: M::Params,
    ) -> Result<Result<M::Answer, Failure>> {
        let (_, result) = self.ask_listening::<M>(params).await?;
        Ok(result)
    }

    /// Asks one thing that must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub async fn done<M: Method>(&mut self, params: M::Params) -> Result<M::Answer> {
        match self.ask::<M>(params).await? {
            Ok(answer) => Ok(answer),
            Err(failure) => bail!("{}: {failure:#?}", M::NAME),
        }
    }

    /// Asks one thing that must fail.
    ///
    /// # Errors
    /// When it does not.
    pub async fn refused<M: Method>(&mut self, params: M::Params) -> Result<Failure> {
        let answer = self.ask::<M>(params).await?;
        answer.err().with_context(|| format!("{} was not refused", M::NAME))
    }

    /// Asks one thing, and tells the progress before its result.
    ///
    /// # Errors
    /// When there is no result.
    pub async fn ask_listening<M: Method>(
        &mut self,
        params: M::Params,
    ) -> Result<(Vec<Progress>, Result<M::Answer, Failure>)> {
        self.asked += 1;
        let channel = format!("ask-{}", self.asked);
        let params = serde_json::to_value(params)?;
        self.peer()?.open(&channel, M::NAME, params).await?;
        let mut told = Vec::new();
        loop {
            let text = self.next(&channel).await.with_context(|| M::NAME.to_owned())?;
            match serde_json::from_value(text.clone()) {
                Ok(Message::Progress(progress)) => told.push(progress),
                Ok(Message::Result(answer)) => return Ok((told, Ok(answer))),
                Ok(Message::Failed(failure)) => return Ok((told, Err(failure))),
                _ => bail!("no result of {} but {text}", M::NAME),
            }
        }
    }

    /// The first view of a method that is looked at only once, such as a search.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn look<M: Method, T>(
        &mut self,
        params: M::Params,
        pick: impl Fn(&M::Answer) -> Option<T>,
    ) -> Result<T> {
        self.asked += 1;
        let channel = format!("look-{}", self.asked);
        let params = serde_json::to_value(params)?;
        self.peer()?.open(&channel, M::NAME, params).await?;
        let mut last = Value::Null;
        let patience = self.patience;
        let looking = async {
            loop {
                let message = self.next(&channel).await?;
                let view: Result<Message<M::Answer>, _> = serde_json::from_value(message.clone());
                last = message;
                match view {
                    Ok(Message::View(view)) => {
                        if let Some(picked) = pick(&view) {
                            return Ok(picked);
                        }
                    }
                    Ok(Message::Progress(_) | Message::Failed(_)) => {}
                    Ok(Message::Result(_)) | Err(_) => bail!("no view"),
                }
            }
        };
        let looked = tokio::time::timeout(patience, looking).await;
        let looked = looked.unwrap_or_else(|_| bail!("it did not come"));
        let picked = looked.with_context(|| format!("{}: the last message was {last}", M::NAME))?;
        self.peer()?.close(&channel).await?;
        Ok(picked)
    }

    /// The next message on a channel.
    async fn next(&mut self, channel: &str) -> Result<Value> {
        self.peer()?.receive(channel).await
    }
}
