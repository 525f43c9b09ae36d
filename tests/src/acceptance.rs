// SPDX-License-Identifier: LGPL-2.1-or-later

//! The acceptance tests: an image of our own is pushed, found, looked at and deleted, in any
//! cluster. Whatever happens, what was created is removed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use images_proto::access::{self, Addresses, Login, ShowToken, Trust};
use images_proto::delete::{self, Delete, Outcome, PlanDelete, Target};
use images_proto::image::{self, Details, Image};
use images_proto::raw::{self, Raw, What};
use images_proto::route::{self, Ability, LoginParams};
use images_proto::search::{self, Rows, Search};
use images_proto::status::{Phase, Source};
use images_proto::{Code, Offer, RepositoryName, Secret, TagRef};
use serde_json::{Value, json};

use crate::layout::{Layout, random_name};
use crate::objects::{self, Objects};
use crate::session::Session;
use crate::skopeo::Skopeo;
use crate::wait;

/// How long a cluster with many images may take until all of them are listed.
const PATIENCE: Duration = Duration::from_secs(900);
/// How long a project may take to be gone.
const REMOVAL: Duration = Duration::from_secs(120);

/// The cluster, and what is not left to be found out.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// As in the environment: one file or several.
    pub kubeconfig: OsString,
    /// The project to push into, on OpenShift; absent: one of our own is created.
    pub project: Option<String>,
    /// Where to push to, as `HOST:PORT`, with `http://` if it has no TLS; absent: where the bridge
    /// says that clients reach the registry.
    pub registry: Option<String>,
    /// Logins at registries, as `podman login` leaves them.
    pub auth_file: Option<PathBuf>,
}

/// What was created, to be removed.
#[derive(Debug, Default)]
struct Created {
    project: Option<String>,
    /// Namespace and name of an image stream in a project that is not ours.
    stream: Option<(String, String)>,
    /// Images at a plain registry, as `repository:tag`.
    images: Vec<String>,
    /// Their digests.
    digests: BTreeSet<String>,
    skopeo: Option<Arc<Skopeo>>,
}

/// Runs all checks, telling what is being done, until `interrupted` is ready.
///
/// # Errors
/// When a check failed, or something could not be removed afterwards.
pub async fn check(
    settings: &Settings,
    interrupted: impl Future<Output = ()>,
    mut tell: impl FnMut(&str),
) -> Result<()> {
    let objects = Objects::of(&settings.kubeconfig).await?;
    let mut created = Created::default();
    let checked = tokio::select! {
        checked = run(settings, &objects, &mut created, &mut tell) => checked,
        () = interrupted => Err(anyhow::anyhow!("it was interrupted")),
    };
    tell("removing what was created");
    let removed = remove(&objects, created, &mut tell).await;
    match (checked, removed) {
        (Ok(()), removed) => removed,
        (Err(error), Ok(())) => Err(error),
        (Err(error), Err(left)) => Err(error.context(format!("and something is left: {left:#}"))),
    }
}

async fn run(
    settings: &Settings,
    objects: &Objects,
    created: &mut Created,
    tell: &mut impl FnMut(&str),
) -> Result<()> {
    let mut session = Session::new()?;
    session.patience = PATIENCE;
    session.set("KUBECONFIG", &settings.kubeconfig);
    // Programs that log in may need hers; our own choices stay out of it.
    session.set("XDG_CONFIG_HOME", session.home().as_os_str().to_owned());
    if let Some(home) = std::env::var_os("HOME") {
        session.set("HOME", home);
    }
    session.start().await?;
    let source = connect(settings, &mut session, tell).await?;
    let ladder = session.ladder().await?;
    let reached = ladder.reached.context("nothing is known of the registry")?;

    let name = format!("cockpit-images-check-{}", random_name()?);
    let repository = match source {
        Source::Openshift => project(settings, objects, created, &name, tell).await?,
        Source::Distribution => name,
    };
    let (registry, skopeo) = at_registry(settings, &mut session).await?;
    let skopeo = Arc::new(skopeo);
    created.skopeo = Some(Arc::clone(&skopeo));
    tell(&format!("pushing to {registry}/{repository}"));
    let (first, second) = (Layout::small()?, Layout::small()?);
    for (layout, tag) in [(&first, "one"), (&first, "two"), (&second, "three")] {
        let image = format!("{repository}:{tag}");
        if source == Source::Distribution {
            created.images.push(image.clone());
        }
        created.digests.insert(layout.manifest.clone());
        // The rights in a new project take a moment to be known everywhere.
        wait::until(&format!("a push to {image}"), async || {
            skopeo.push(layout.path(), &image).await.map(Some)
        })
        .await?;
    }

    let repository: RepositoryName = repository.parse()?;
    let checks = Checks { source, repository, first, second, skopeo: &skopeo };
    checks.search(&mut session, tell).await?;
    checks.look(&mut session, tell).await?;
    checks.delete(&mut session, &reached.deletes, tell).await
}

/// Waits until the bridge has listed everything; logs in at the registry if it must.
async fn connect(
    settings: &Settings,
    session: &mut Session,
    tell: &mut impl FnMut(&str),
) -> Result<Source> {
    tell("connecting and listing");
    let failure = session
        .status(|view| match &view.phase {
            Phase::Ready => Some(None),
            Phase::Failed(failure) => Some(Some(failure.clone())),
            Phase::Connecting | Phase::Filling(_) => None,
        })
        .await?;
    if let Some(failure) = failure {
        let login = match failure.offers.contains(&Offer::Login) {
            true => login(settings, None)?,
            false => None,
        };
        let Some((user, password)) = login else {
            bail!("{} {}", failure.message, failure.fix.unwrap_or_default());
        };
        let login = LoginParams { user, password: Secret::new(password) };
        session.done::<route::Login>(login).await?;
    }
    let view = session.ready().await?;
    let route = session.reached().await?;
    tell(&format!("the registry is reached at {route}"));
    Ok(view.registry.context("no registry")?.source)
}

/// The repository to push to; its project is created if none was given.
async fn project(
    settings: &Settings,
    objects: &Objects,
    created: &mut Created,
    name: &str,
    tell: &mut impl FnMut(&str),
) -> Result<String> {
    if let Some(project) = &settings.project {
        created.stream = Some((project.clone(), name.to_owned()));
        return Ok(format!("{project}/{name}"));
    }
    tell(&format!("creating the project {name}"));
    created.project = Some(name.to_owned());
    let request = json!({
        "apiVersion": "project.openshift.io/v1", "kind": "ProjectRequest",
        "metadata": { "name": name },
    });
    let requested = objects.create("/apis/project.openshift.io/v1/projectrequests", &request).await;
    if let Err(refused) = requested {
        let namespace =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        let made = objects.create("/api/v1/namespaces", &namespace).await;
        made.context(refused).context("no project can be created: name one with PROJECT=")?;
    }
    Ok(format!("{name}/app"))
}

/// Where images are pushed to.
async fn at_registry(settings: &Settings, session: &mut Session) -> Result<(String, Skopeo)> {
    let known = session.done::<Addresses>(access::Params {}).await?;
    let (host, trust) = match &settings.registry {
        Some(registry) => {
            let host = registry.split_once("://").map_or(&**registry, |(_, host)| host);
            let address = known.addresses.iter().find(|address| address.host == host);
            let trust = match (address, registry.starts_with("http://")) {
                (_, true) => Trust::Plain,
                (Some(address), false) => address.trust.clone(),
                (None, false) => Trust::Trusted,
            };
            (host.to_owned(), trust)
        }
        None => {
            let answers = known.addresses.iter().find(|address| address.answers);
            let address = answers.with_context(|| {
                format!("no address of the registry answers here; set REGISTRY=: {known:?}")
            })?;
            (address.host.clone(), address.trust.clone())
        }
    };
    let login = match login(settings, Some(&host))? {
        Some(login) => Some(login),
        None if known.login == Login::Token => {
            let token = session.done::<ShowToken>(access::Params {}).await?;
            Some((token.user, token.token.expose().to_owned()))
        }
        None => None,
    };
    let login = login.as_ref().map(|(user, password)| (user.as_str(), password.as_str()));
    let authority = match &trust {
        Trust::Authority { pem, .. } => Some(pem.as_str()),
        Trust::Trusted | Trust::Plain | Trust::Unclear => None,
    };
    let skopeo = Skopeo::new(&host, login, trust != Trust::Plain, authority)?;
    Ok((host, skopeo))
}

/// The login for a host, or the only one that there is.
fn login(settings: &Settings, host: Option<&str>) -> Result<Option<(String, String)>> {
    let Some(file) = &settings.auth_file else { return Ok(None) };
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let file: Value = serde_json::from_slice(&text).context("the logins are no JSON")?;
    let logins = file["auths"].as_object();
    let mut logins = logins.into_iter().flatten();
    let found = logins.find(|(place, _)| host.is_none_or(|host| host == *place));
    let Some(auth) = found.and_then(|(_, login)| login["auth"].as_str()) else { return Ok(None) };
    let login = STANDARD.decode(auth).ok().and_then(|login| String::from_utf8(login).ok());
    let login = login.context("the login is not in base64")?;
    let (user, password) = login.split_once(':').context("the login has no password")?;
    Ok(Some((user.to_owned(), password.to_owned())))
}

/// What is checked once the images are there.
struct Checks<'a> {
    source: Source,
    repository: RepositoryName,
    /// Tagged `one` and `two`.
    first: Layout,
    /// Tagged `three`.
    second: Layout,
    skopeo: &'a Skopeo,
}

impl Checks<'_> {
    fn tag(&self, tag: &str) -> Result<TagRef> {
        Ok(serde_json::from_value(json!({ "repository": self.repository, "tag": tag }))?)
    }

    fn image(&self, tag: &str) -> String {
        format!("{}:{tag}", self.repository)
    }

    async fn search(&self, session: &mut Session, tell: &mut impl FnMut(&str)) -> Result<()> {
        // A plain registry is read again when that is asked for, OpenShift tells by itself.
        if self.source == Source::Distribution {
            session.retry().await?;
        }
        tell("searching by name and by tag");
        for (query, tag) in [(self.repository.to_string(), None), (self.image("one"), Some("one"))]
        {
            let query = search::Params { query, ..search::Params::default() };
            session
                .look::<Search, _>(query, |view| {
                    let exact = view.exact.as_ref()?;
                    let found = exact.tag.as_ref().map(ToString::to_string);
                    (exact.repository == self.repository && found.as_deref() == tag).then_some(())
                })
                .await?;
        }
        let cases = [
            ("manifest", &self.first.manifest, &["one", "two"][..]),
            ("layer", &self.second.layer, &["three"]),
            ("image ID", &self.first.config, &["one", "two"]),
        ];
        for (what, digest, expected) in cases {
            tell(&format!("searching by {what}"));
            let query = search::Params { query: digest.clone(), ..search::Params::default() };
            session
                .look::<Search, _>(query, |view| {
                    let Rows::Hits(hits) = &view.rows else { return None };
                    let ours = hits.iter().filter(|hit| hit.repository == self.repository);
                    let mut tags: Vec<_> = ours
                        .filter_map(|hit| hit.tag.as_ref())
                        .filter(|tag| tag.age == 0)
                        .map(|tag| tag.name.to_string())
                        .collect();
                    tags.sort();
                    (tags == expected).then_some(())
                })
                .await
                .with_context(|| format!("by {what} {digest}"))?;
        }
        Ok(())
    }

    async fn look(&self, session: &mut Session, tell: &mut impl FnMut(&str)) -> Result<()> {
        tell("looking at the image");
        let params = image::Params {
            digest: self.first.manifest.parse()?,
            repository: Some(self.repository.clone()),
        };
        let (layers, config) = session
            .look::<Image, _>(params, |view| match &view.details {
                Details::Read(config) => Some((view.layers.clone(), config.clone())),
                _ => None,
            })
            .await?;
        let layers: Vec<_> = layers.iter().map(|layer| layer.digest.to_string()).collect();
        ensure!(layers == [self.first.layer.clone()], "{layers:?}");
        let image_id = config.image_id.as_ref().map(ToString::to_string);
        ensure!(image_id.as_ref() == Some(&self.first.config), "{image_id:?}");
        ensure!(config.command == ["/check"], "{config:?}");

        let digest = &self.first.manifest;
        let params = raw::Params {
            repository: self.repository.clone(),
            digest: digest.parse()?,
            what: What::Manifest,
        };
        let document = session.done::<Raw>(params).await?;
        let ours: Value = serde_json::from_str(&document.text)?;
        let theirs = self.skopeo.manifest(&format!("{}@{digest}", self.repository)).await?;
        ensure!(ours == theirs, "skopeo has another manifest: {theirs}");
        Ok(())
    }

    async fn delete(
        &self,
        session: &mut Session,
        deletes: &Ability,
        tell: &mut impl FnMut(&str),
    ) -> Result<()> {
        tell("planning a deletion");
        let plan = |tag: &str| -> Result<delete::Params> {
            Ok(delete::Params::of(vec![Target::Tag(self.tag(tag)?)]))
        };
        let planned = session.done::<PlanDelete>(plan("three")?).await?;
        let goes = &planned.items.first().context("an empty plan")?.goes;
        ensure!(*goes == [self.tag("three")?], "{planned:?}");
        let planned = session.done::<PlanDelete>(plan("one")?).await?;
        let item = planned.items.first().context("an empty plan")?;
        ensure!(item.stays.contains(&self.tag("two")?), "{planned:?}");

        if let (Source::Distribution, Ability::No(why)) = (self.source, deletes) {
            tell(&format!("it does not delete: {why}"));
            let receipt = session.done::<Delete>(plan("three")?).await?;
            let outcome = receipt.items.first().map(|item| &item.outcome);
            let Some(Outcome::Kept(failure)) = outcome else { bail!("{receipt:?}") };
            ensure!(failure.code == Code::Unsupported, "{failure:?}");
            return self.is_there("three", true).await;
        }
        tell("deleting");
        for tag in ["three", "one"] {
            let receipt = session.done::<Delete>(plan(tag)?).await?;
            let outcome = receipt.items.first().map(|item| &item.outcome);
            ensure!(outcome == Some(&Outcome::Deleted), "{receipt:?}");
            self.is_there(tag, false).await?;
        }
        self.is_there("two", true).await
    }

    /// Asks skopeo.
    async fn is_there(&self, tag: &str, expected: bool) -> Result<()> {
        let digest = self.skopeo.digest(&self.image(tag)).await?;
        ensure!(digest.is_some() == expected, "skopeo has {} as {digest:?}", self.image(tag));
        Ok(())
    }
}

/// Removes all that was created, and looks whether it is gone.
async fn remove(objects: &Objects, created: Created, tell: &mut impl FnMut(&str)) -> Result<()> {
    let mut left = Vec::new();
    if let Some(project) = &created.project {
        left.extend(project_gone(objects, project).await.err());
    }
    if let Some((project, name)) = &created.stream {
        let path = format!("/apis/image.openshift.io/v1/namespaces/{project}/imagestreams/{name}");
        left.extend(gone(objects, &path).await.err());
    }
    if created.project.is_some() || created.stream.is_some() {
        for digest in &created.digests {
            let path = format!("/apis/image.openshift.io/v1/images/{digest}");
            if objects.delete(&path).await.is_err() {
                tell(&format!("the image {digest} stays until the cluster is pruned"));
            }
        }
    }
    if let Some(skopeo) = &created.skopeo {
        for image in &created.images {
            left.extend(unpushed(skopeo, image, tell).await.err());
        }
    } else {
        left.extend(created.images.first().map(|image| anyhow::anyhow!("{image} may be there")));
    }
    match left.into_iter().reduce(|first, next| first.context(next)) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Who may delete a project need not have the right to delete the namespace that it is; clusters
/// without projects have only that.
async fn project_gone(objects: &Objects, name: &str) -> Result<()> {
    let project = format!("/apis/project.openshift.io/v1/projects/{name}");
    let namespace = format!("/api/v1/namespaces/{name}");
    if !matches!(objects.delete(&project).await, Ok(Some(_))) {
        objects.delete(&namespace).await?;
    }
    wait::until_within(REMOVAL, &format!("the end of the project {name}"), async || {
        match objects.get(&namespace).await {
            Ok(there) => Ok(there.is_none().then_some(())),
            // Those who may not see all projects are not told which ones there are not.
            Err(error) if objects::is_forbidden(&error) => Ok(Some(())),
            Err(error) => Err(error),
        }
    })
    .await
}

async fn gone(objects: &Objects, path: &str) -> Result<()> {
    objects.delete(path).await?;
    wait::until_within(REMOVAL, &format!("the end of {path}"), async || {
        Ok(objects.get(path).await?.is_none().then_some(()))
    })
    .await
}

/// Takes an image away from a plain registry, if that is possible.
async fn unpushed(skopeo: &Skopeo, image: &str, tell: &mut impl FnMut(&str)) -> Result<()> {
    if skopeo.digest(image).await?.is_none() {
        return Ok(());
    }
    match skopeo.delete(image).await {
        Ok(()) => {
            ensure!(skopeo.digest(image).await?.is_none(), "{image} is still there");
            Ok(())
        }
        Err(error) if error.to_string().to_lowercase().contains("unsupported") => {
            tell(&format!("{image} stays: the registry does not delete"));
            Ok(())
        }
        Err(error) => Err(error),
    }
}
