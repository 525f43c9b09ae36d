// SPDX-License-Identifier: LGPL-2.1-or-later

//! Every way in which a kubeconfig reaches a cluster and logs in there: with each of them the
//! cluster knows who we are and the catalog fills; and what is said when it does not work.

use std::fs;

use anyhow::{Context, Result, ensure};
use images_proto::Code::{BadRequest, NoCluster, Unauthenticated};
use images_proto::Offer::HostKubeconfig;
use images_proto::Secret;
use images_proto::context::{
    ChooseContext, ContextChoice, HandOver, HandedOver, OwnKubeconfig, UseOwn,
};
use images_proto::status::{Origin, Phase, View};
use images_tests::cluster::{Cluster, Face};
use images_tests::connect_proxy::ConnectProxy;
use images_tests::exec_plugin::{self, ExecPlugin};
use images_tests::host_file::HostFile;
use images_tests::identity::Identity;
use images_tests::kubeconfig::{Kubeconfig, by_token, replace, server};
use images_tests::said::Said;
use images_tests::session::Session;
use images_tests::stranger::nobody;
use images_tests::wait;
use serde_json::{Value, json};

use crate::rows;

/// What a row may need: a cluster, and what must live as long as the login.
struct World {
    cluster: Cluster,
    folder: tempfile::TempDir,
    plugin: Option<ExecPlugin>,
    proxy: Option<ConnectProxy>,
}

impl World {
    fn start(options: &[&str]) -> Result<Self> {
        let cluster = Cluster::start_with(Face::Plain, false, options)?;
        Ok(Self { cluster, folder: tempfile::tempdir()?, plugin: None, proxy: None })
    }

    /// A kubeconfig with this user.
    fn user(&self, user: Value) -> Kubeconfig {
        Kubeconfig::of("lab", server(&self.cluster), user)
    }

    /// One whose cluster is written in this way, and whose user is sarah.
    fn server(&self, server: Value) -> Result<Kubeconfig> {
        Ok(Kubeconfig::of("lab", server, by_token(&self.cluster, "sarah")?))
    }

    /// Writes a file of the user's and tells its path.
    fn file(&self, name: &str, text: &str) -> Result<String> {
        let path = self.folder.path().join(name);
        replace(&path, text)?;
        Ok(path.display().to_string())
    }
}

/// Logs in, and the cluster says that it is `user`.
async fn login(
    options: &[&str],
    kubeconfig: impl AsyncFnOnce(&mut World) -> Result<Kubeconfig>,
    user: Option<&str>,
    afterwards: impl AsyncFnOnce(&mut World, &View) -> Result<()>,
) -> Result<()> {
    let mut world = World::start(options)?;
    let kubeconfig = kubeconfig(&mut world).await?;
    let mut session = Session::with(&kubeconfig).await?;
    let view = session.ready().await?;
    let known = view.cluster.as_ref().and_then(|cluster| cluster.user.clone());
    ensure!(known.as_deref() == user, "it is {known:?}");
    afterwards(&mut world, &view).await
}

/// Nothing more is expected.
async fn well(_: &mut World, view: &View) -> Result<()> {
    ensure!(view.cluster.as_ref().is_some_and(|cluster| !cluster.insecure), "it warns");
    Ok(())
}

rows! { login;

token { &[], async |world| Ok(world.user(by_token(&world.cluster, "sarah")?)), Some("sarah"), well }

token_file {
    &[],
    async |world| {
        let token = world.cluster.token("sarah")?.to_owned();
        Ok(world.user(json!({ "tokenFile": world.file("token", &token)? })))
    },
    Some("sarah"),
    well,
}

client_certificate_as_data {
    &[],
    async |world| Ok(world.user(Identity::of_admin(&world.cluster)?.as_data())),
    Some("system:admin"),
    well,
}

client_certificate_as_files {
    &[],
    async |world| {
        let admin = Identity::of_admin(&world.cluster)?;
        Ok(world.user(json!({
            "client-certificate": world.file("admin.crt", &admin.certificate)?,
            "client-key": world.file("admin.key", &admin.key)?,
        })))
    },
    Some("system:admin"),
    well,
}

/// Clusters of old know no `SelfSubjectReview`: nobody says who that is.
user_and_password {
    &["--old"],
    async |world| {
        let password = world.cluster.ready.passwords.get("sarah").context("no password")?;
        Ok(world.user(json!({ "username": "sarah", "password": password })))
    },
    None,
    well,
}

exec_program_with_a_token {
    &[],
    async |world| {
        let token = world.cluster.token("sarah")?.to_owned();
        let plugin = ExecPlugin::answering(&json!({ "token": token }))?;
        let user = plugin.user();
        world.plugin = Some(plugin);
        Ok(world.user(user))
    },
    Some("sarah"),
    async |world, _| {
        let plugin = world.plugin.as_ref().context("no program")?;
        ensure!(plugin.runs()? == 1, "it ran {} times", plugin.runs()?);
        let info = plugin.info()?;
        ensure!(info["kind"] == "ExecCredential", "{info}");
        ensure!(info["spec"]["interactive"] == false, "{info}");
        Ok(())
    },
}

exec_program_with_a_certificate {
    &[],
    async |world| {
        let admin = Identity::of_admin(&world.cluster)?;
        let plugin = ExecPlugin::answering(&json!({
            "clientCertificateData": admin.certificate,
            "clientKeyData": admin.key,
        }))?;
        let user = plugin.user();
        world.plugin = Some(plugin);
        Ok(world.user(user))
    },
    Some("system:admin"),
    well,
}

authority_as_data {
    &[],
    async |world| {
        use base64::Engine as _;
        let authority = fs::read(&world.cluster.ready.ca)?;
        let authority = base64::engine::general_purpose::STANDARD.encode(authority);
        let api = world.cluster.ready.api.clone();
        world.server(json!({ "server": api, "certificate-authority-data": authority }))
    },
    Some("sarah"),
    well,
}

tls_server_name {
    &[],
    async |world| {
        let mut server = server(&world.cluster);
        server["tls-server-name"] = "kubernetes".into();
        world.server(server)
    },
    Some("sarah"),
    well,
}

proxy_url {
    &[],
    async |world| {
        let proxy = ConnectProxy::start().await?;
        let mut server = server(&world.cluster);
        server["proxy-url"] = proxy.url().into();
        world.proxy = Some(proxy);
        world.server(server)
    },
    Some("sarah"),
    async |world, _| {
        let tunnels = world.proxy.as_ref().context("no proxy")?.tunnels();
        ensure!(tunnels > 0, "nothing went through the proxy");
        Ok(())
    },
}

/// It works, and it is told.
insecure_skip_tls_verify {
    &[],
    async |world| {
        let api = world.cluster.ready.api.clone();
        world.server(json!({ "server": api, "insecure-skip-tls-verify": true }))
    },
    Some("sarah"),
    async |_, view| {
        ensure!(view.cluster.as_ref().is_some_and(|cluster| cluster.insecure), "{view:#?}");
        Ok(())
    },
}
}

/// What a program that does not log in leads to.
async fn no_login(
    user: impl FnOnce(&mut World) -> Result<Value>,
    says: Said,
    afterwards: impl AsyncFnOnce(&World) -> Result<()>,
) -> Result<()> {
    let mut world = World::start(&[])?;
    let user = user(&mut world)?;
    let mut session = Session::with(&world.user(user)).await?;
    says.check(&session.failure().await?)?;
    afterwards(&world).await?;
    let good = by_token(&world.cluster, "sarah")?;
    session.write(&world.user(good))?;
    session.ready().await?;
    Ok(())
}

/// Sets the program that logs in.
fn by(world: &mut World, plugin: ExecPlugin) -> Value {
    let user = plugin.user();
    world.plugin = Some(plugin);
    user
}

rows! { no_login;

/// Its own words are shown.
exec_program_that_fails {
    |world| {
        let plugin = ExecPlugin::running(
            "echo '{\"status\":{\"token\":\"half-a-token\"}}'\n\
             echo 'your session is over: run example login' >&2\nexit 3",
        )?;
        Ok(by(world, plugin))
    },
    Said::new(Unauthenticated, "log-in, with which the kubeconfig logs in, failed")
        .and("3")
        .fix("in a terminal")
        .details("your session is over: run example login")
        .offers(&[HostKubeconfig]),
    async |_| Ok(()),
}

exec_program_that_is_not_installed {
    |_| {
        let mut user = exec_plugin::user("/nonexistent/example-login".as_ref());
        user["exec"]["installHint"] = "Install it with: apt install example-login".into();
        Ok(user)
    },
    Said::new(Unauthenticated, "example-login, with which the kubeconfig logs in, is not installed")
        .fix("Install it with: apt install example-login")
        .offers(&[HostKubeconfig]),
    async |_| Ok(()),
}

/// Nobody could answer its questions, so it is not even started.
exec_program_that_asks_questions {
    |world| {
        let plugin = ExecPlugin::running("read answer")?;
        let mut user = by(world, plugin);
        user["exec"]["interactiveMode"] = "Always".into();
        Ok(user)
    },
    Said::new(Unauthenticated, "has to ask questions")
        .fix("Log in in a terminal")
        .offers(&[HostKubeconfig]),
    async |world| {
        let plugin = world.plugin.as_ref().context("no program")?;
        ensure!(plugin.runs()? == 0, "it ran");
        Ok(())
    },
}

/// It is ended, with all that it started.
exec_program_that_hangs {
    |world| {
        let plugin = ExecPlugin::running("echo 'waiting for a browser' >&2\nsleep 1000\n:")?;
        Ok(by(world, plugin))
    },
    Said::new(Unauthenticated, "did not end within 30 seconds")
        .fix("in a terminal")
        .details("waiting for a browser")
        .offers(&[HostKubeconfig]),
    async |world| {
        let plugin = world.plugin.as_ref().context("no program")?;
        wait::until("the end of the program", async || {
            Ok((!plugin.is_running()?).then_some(()))
        })
        .await
    },
}

exec_program_that_answers_nonsense {
    |world| {
        let plugin = ExecPlugin::running("echo 'Welcome!'")?;
        Ok(by(world, plugin))
    },
    Said::new(Unauthenticated, "the answer of")
        .fix("apiVersion")
        .offers(&[HostKubeconfig]),
    async |_| Ok(()),
}

token_file_that_is_not_there {
    |_| Ok(json!({ "tokenFile": "/nonexistent/token" })),
    Said::new(Unauthenticated, "the token file /nonexistent/token cannot be read")
        .fix("Make the file readable")
        .offers(&[HostKubeconfig]),
    async |_| Ok(()),
}
}

/// The token in the file is the one that is sent, each time.
#[tokio::test]
async fn a_token_file_that_is_replaced() -> Result<()> {
    let world = World::start(&[])?;
    let file = world.file("token", "sha256~an-old-token")?;
    let mut session = Session::with(&world.user(json!({ "tokenFile": &file }))).await?;
    Said::new(Unauthenticated, "the cluster does not accept the login")
        .fix("Log in again")
        .offers(&[HostKubeconfig])
        .check(&session.failure().await?)?;
    // As kubelets and agents do it: without a word to us.
    world.file("token", world.cluster.token("sarah")?)?;
    let view = session.ready().await?;
    ensure!(view.cluster.and_then(|cluster| cluster.user).as_deref() == Some("sarah"));

    // While it runs, too: the next request carries what stands in the file then.
    world.file("token", "sha256~an-old-token")?;
    session.retry().await?;
    let failure = session.failure().await?;
    ensure!(failure.code == Unauthenticated, "{failure:#?}");
    world.file("token", world.cluster.token("sarah")?)?;
    session.ready().await?;
    Ok(())
}

/// A client certificate in a file that has expired; somebody renews it.
#[tokio::test]
async fn a_client_certificate_that_is_renewed() -> Result<()> {
    let world = World::start(&[])?;
    let expired = Identity::of_years(2019, 2021)?;
    let user = json!({
        "client-certificate": world.file("admin.crt", &expired.certificate)?,
        "client-key": world.file("admin.key", &expired.key)?,
    });
    let mut session = Session::with(&world.user(user)).await?;
    Said::new(Unauthenticated, "the client certificate in the kubeconfig expired on 2021-12-31")
        .fix("kubeadm certs renew")
        .offers(&[HostKubeconfig])
        .check(&session.failure().await?)?;
    let good = Identity::of_admin(&world.cluster)?;
    // For a moment they do not fit together.
    world.file("admin.crt", &good.certificate)?;
    world.file("admin.key", &good.key)?;
    let view = session.ready().await?;
    ensure!(view.cluster.and_then(|cluster| cluster.user).as_deref() == Some("system:admin"));
    Ok(())
}

/// A program's token is used until it expires, and then asked for again before it is needed.
#[tokio::test]
async fn an_exec_program_whose_token_expires() -> Result<()> {
    let mut world = World::start(&[])?;
    let token = world.cluster.token("sarah")?.to_owned();
    let status = |until: &str| json!({ "token": token, "expirationTimestamp": until });
    let plugin = ExecPlugin::answering(&status("2001-01-01T00:00:00Z"))?;
    let user = by(&mut world, plugin);
    let mut session = Session::with(&world.user(user)).await?;
    session.ready().await?;
    let plugin = world.plugin.as_ref().context("no program")?;
    let runs = plugin.runs()?;
    ensure!(runs > 1, "what has expired was used again: it ran {runs} times");

    plugin.answer(&status("2090-01-01T00:00:00Z"))?;
    session.retry().await?;
    wait::until("the new token", async || Ok((plugin.runs()? > runs).then_some(()))).await?;
    session.ready().await?;
    Ok(())
}

/// A token that the cluster no longer knows is asked for again, though it has not expired.
#[tokio::test]
async fn an_exec_program_whose_token_is_refused() -> Result<()> {
    let mut world = World::start(&[])?;
    let (refused, good) = ("sha256~revoked", world.cluster.token("sarah")?.to_owned());
    let plugin = ExecPlugin::running(&format!(
        "runs=$(wc -l <\"$(dirname \"$0\")/runs\")\n\
         if [ \"$runs\" -gt 1 ]; then token={good}; else token={refused}; fi\n\
         echo '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\
         \"status\":{{\"token\":\"'$token'\"}}}}'",
    ))?;
    let user = by(&mut world, plugin);
    let mut session = Session::with(&world.user(user)).await?;
    session.ready().await?;
    let runs = world.plugin.as_ref().context("no program")?.runs()?;
    ensure!(runs == 2, "it ran {runs} times");
    Ok(())
}

/// Several files: the first that says something wins, those that are not there do not count.
#[tokio::test]
async fn several_files_are_merged() -> Result<()> {
    let world = World::start(&[])?;
    let first = Kubeconfig::of("lab", server(&world.cluster), by_token(&world.cluster, "sarah")?);
    let nowhere = format!("https://{}", nobody().await?);
    let second = Kubeconfig::of("lab", json!({ "server": nowhere }), json!({}))
        .and("away", json!({ "server": nowhere }), json!({}))
        .current(Some("away"));
    let files = [
        "/nonexistent/config".to_owned(),
        world.file("first", &first.text())?,
        world.file("second", &second.text())?,
    ];
    let mut session = Session::new()?;
    session.set("KUBECONFIG", files.join(":"));
    session.start().await?;
    let view = session.ready().await?;
    let known = view.kubeconfig.context("no kubeconfig")?;
    let names: Vec<_> = known.contexts.iter().map(|context| context.name.as_str()).collect();
    ensure!(names == ["lab", "away"], "{names:?}");
    ensure!(known.context.as_deref() == Some("lab"), "{known:?}");
    ensure!(known.origin == Origin::Files(files[1..].to_vec()), "{known:?}");
    ensure!(known.contexts[0].server.as_deref() == Some(&*world.cluster.ready.api), "{known:?}");
    Ok(())
}

/// A context is chosen in the page, and is still chosen after the next login.
#[tokio::test]
async fn a_context_is_chosen_and_remembered() -> Result<()> {
    let (one, two) = (Cluster::start(Face::Plain)?, Cluster::start_empty(Face::Plain)?);
    let kubeconfig = Kubeconfig::of("one", server(&one), by_token(&one, "sarah")?).and(
        "two",
        server(&two),
        by_token(&two, "jane")?,
    );
    let mut session = Session::with(&kubeconfig).await?;
    let view = session.ready().await?;
    ensure!(view.counts.repositories > 0, "{view:#?}");

    let choose = |context: &str| ContextChoice { context: Some(context.to_owned()) };
    Said::new(BadRequest, "no context of that name")
        .fix("Choose one")
        .check(&session.refused::<ChooseContext>(choose("three")).await?)?;
    session.done::<ChooseContext>(choose("two")).await?;
    let at = |api: &str| {
        let api = api.to_owned();
        move |view: &View| {
            let there = view.cluster.as_ref().is_some_and(|cluster| cluster.server == api);
            (view.phase == Phase::Ready && there).then(|| view.clone())
        }
    };
    let view = session.status(at(&two.ready.api)).await?;
    ensure!(view.counts.repositories == 0, "the other cluster's are still there: {view:#?}");
    let user = view.cluster.and_then(|cluster| cluster.user);
    ensure!(user.as_deref() == Some("jane"), "{user:?}");

    session.end().await?;
    session.start().await?;
    session.status(at(&two.ready.api)).await?;

    // It is gone: the kubeconfig's own current one is taken.
    session.end().await?;
    session.write(&Kubeconfig::of("one", server(&one), by_token(&one, "sarah")?))?;
    session.start().await?;
    session.status(at(&one.ready.api)).await?;
    Ok(())
}

/// The host's own kubeconfig is used, and forgotten with the login.
#[tokio::test]
async fn a_kubeconfig_that_is_handed_over() -> Result<()> {
    let world = World::start(&[])?;
    let mut session = Session::new()?;
    session.start().await?;
    session.failure().await?;

    let over = |text: String| HandedOver {
        path: "/etc/kubernetes/admin.conf".to_owned(),
        kubeconfig: Secret::new(text),
    };
    let failure = session.refused::<HandOver>(over("a: [".to_owned())).await?;
    Said::new(NoCluster, "/etc/kubernetes/admin.conf is no kubeconfig")
        .fix("kubectl config view")
        .check(&failure)?;
    let good = world.user(Identity::of_admin(&world.cluster)?.as_data());
    session.done::<HandOver>(over(good.text())).await?;
    let view = session.ready().await?;
    let known = view.kubeconfig.context("no kubeconfig")?;
    ensure!(known.origin == Origin::Host("/etc/kubernetes/admin.conf".to_owned()), "{known:?}");
    let user = view.cluster.and_then(|cluster| cluster.user);
    ensure!(user.as_deref() == Some("system:admin"), "{user:?}");

    // Back to what is her own, which is nothing; and once more.
    session.done::<UseOwn>(OwnKubeconfig {}).await?;
    let failure = session.failure().await?;
    ensure!(failure.code == NoCluster, "{failure:#?}");
    session.done::<HandOver>(over(good.text())).await?;
    session.ready().await?;

    session.end().await?;
    session.start().await?;
    let failure = session.failure().await?;
    ensure!(failure.code == NoCluster, "{failure:#?}");
    let written = files_below(session.home())?;
    for file in written {
        let text = fs::read_to_string(&file)?;
        ensure!(!text.contains("client-key-data"), "{} holds it", file.display());
    }
    Ok(())
}

fn files_below(folder: &std::path::Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files.extend(files_below(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// The service account of a pod, at its fixed place: that takes root, and a machine that is no pod.
#[tokio::test]
async fn service_account_of_a_pod() -> Result<()> {
    const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
    let world = World::start(&[])?;
    let [token, authority, namespace] =
        ["token", "ca.crt", "namespace"].map(|name| HostFile::at(format!("{FOLDER}/{name}")));
    let (token, authority, namespace) = (token?, authority?, namespace?);
    token.write(world.cluster.token("sarah")?)?;
    authority.write(&fs::read_to_string(&world.cluster.ready.ca)?)?;
    namespace.write("skyfield")?;
    let address = world.cluster.ready.api.strip_prefix("https://").context("no TLS")?;
    let (host, port) = address.rsplit_once(':').context("no port")?;
    let mut session = Session::new()?;
    session.set("KUBERNETES_SERVICE_HOST", host);
    session.set("KUBERNETES_SERVICE_PORT", port);
    session.start().await?;
    let view = session.ready().await?;
    let known = view.cluster.as_ref().and_then(|cluster| cluster.user.as_deref());
    ensure!(known == Some("sarah"), "it is {known:?}");
    ensure!(view.kubeconfig.is_some_and(|used| used.origin == Origin::Pod), "it is no pod");
    Ok(())
}
