// SPDX-License-Identifier: LGPL-2.1-or-later

//! No token, password or private key stands in a log, a message, or in what others can see of a
//! process, whatever is done and however it fails. The log is as detailed as it can be.

use std::fs;
use std::os::unix::net::UnixDatagram;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use images_proto::access::{Addresses, Params as AccessParams, ShowToken};
use images_proto::account::{Params as AccountParams, UseAccount};
use images_proto::context::{ChooseContext, ContextChoice, HandOver, HandedOver};
use images_proto::delete::{self, Delete, PlanDelete, Target};
use images_proto::history::{self, History, ShowRecord, Undo, Which};
use images_proto::project::{Window, Within};
use images_proto::raw::{self, Raw, What};
use images_proto::robot::{CreateRobot, IssueToken, NewRobot, NewToken, Robots};
use images_proto::route::{Login, LoginParams};
use images_proto::search::{self, Search};
use images_proto::subject::Role;
use images_proto::{Secret, TagRef};
use images_tests::call;
use images_tests::cluster::{Cluster, Face};
use images_tests::connect_proxy::ConnectProxy;
use images_tests::exec_plugin::ExecPlugin;
use images_tests::identity::Identity;
use images_tests::inventory::Inventory;
use images_tests::kubeconfig::{Kubeconfig, by_token, replace, server};
use images_tests::process_watch::ProcessWatch;
use images_tests::session::Session;
use serde_json::json;

/// Everything that could give something away, each with a name.
struct Traces(Vec<(String, String)>);

impl Traces {
    /// Where a text stands, be it as it is or as base64 within something longer.
    fn place_of(&self, text: &str) -> Option<&str> {
        let forms = forms(text);
        let (place, _) =
            self.0.iter().find(|(_, trace)| forms.iter().any(|form| trace.contains(form)))?;
        Some(place)
    }

    /// Nothing of these is there. `known` is, or nothing was looked at.
    fn hide(&self, secrets: &[String], known: &str) -> Result<()> {
        for place in ["log", "message"] {
            let is_there = self.0.iter().any(|(name, trace)| {
                name.starts_with(place) && (place == "log" || trace.contains(known))
            });
            ensure!(is_there, "no {place} says {known:?}: this looks at nothing");
        }
        let log = self.0.iter().find(|(place, _)| place == "log").map_or("", |(_, log)| log);
        ensure!(log.contains("/version"), "the log is not detailed: {log}");
        for secret in secrets {
            ensure!(secret.len() >= 8, "{secret:?} is no secret");
            if let Some(place) = self.place_of(secret) {
                let head = &secret[..4];
                bail!("a secret that begins with {head} stands in the {place}");
            }
        }
        Ok(())
    }
}

/// A text, and how base64 writes it at each of the three places where it can begin.
fn forms(text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned()];
    for before in 0..3 {
        let padded = [&vec![b'-'; before], text.as_bytes()].concat();
        // The outer characters depend on what stands beside it.
        let (from, until) = ([0, 2, 3][before], padded.len() / 3 * 4);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&padded);
            forms.push(encoded[from..until].to_owned());
        }
    }
    forms
}

/// The lines of a private key: each of them is a secret.
fn key_lines(identity: &Identity) -> Vec<String> {
    let lines = identity.key.lines().filter(|line| line.len() > 20 && !line.starts_with('-'));
    lines.map(str::to_owned).collect()
}

/// A login that is overheard.
struct Overheard {
    session: Session,
    watch: ProcessWatch,
    /// What it tells the journal.
    journal: UnixDatagram,
}

impl Overheard {
    async fn start(mut session: Session) -> Result<Self> {
        session.overhear();
        let socket = session.home().join("journal");
        let journal = UnixDatagram::bind(&socket)?;
        session.set("COCKPIT_IMAGES_JOURNAL", socket);
        session.start().await?;
        let pid = session.peer()?.id().context("the bridge ended")?;
        Ok(Self { session, watch: ProcessWatch::of(pid), journal })
    }

    async fn with(kubeconfig: &Kubeconfig) -> Result<Self> {
        let session = Session::new()?;
        session.write(kubeconfig)?;
        Self::start(session).await
    }

    /// Ends it and tells all that could be heard and seen.
    async fn end(mut self) -> Result<Traces> {
        let frames = self.session.peer()?.transcript.take().context("no transcript")?;
        self.session.end().await?;
        let mut traces: Vec<_> = frames
            .iter()
            .map(|frame| {
                let text = String::from_utf8_lossy(&frame.payload).into_owned();
                (format!("message on the channel {:?}", frame.channel), text)
            })
            .collect();
        traces.push(("log".to_owned(), fs::read_to_string(self.session.log())?));
        let seen = self.watch.end()?.into_iter();
        traces.extend(seen.map(|text| ("process list".to_owned(), text)));
        for folder in [".config", ".local", ".cache"] {
            for file in files_below(&self.session.home().join(folder))? {
                let text = String::from_utf8_lossy(&fs::read(&file)?).into_owned();
                traces.push((file.display().to_string(), text));
            }
        }
        self.journal.set_nonblocking(true)?;
        let mut entry = vec![0; 1 << 16];
        while let Ok(length) = self.journal.recv(&mut entry) {
            let text = String::from_utf8_lossy(&entry[..length]).into_owned();
            traces.push(("journal".to_owned(), text));
        }
        Ok(Traces(traces))
    }

    /// Asks everything that there is; what is refused is said in words, which are overheard too.
    async fn use_it(&mut self, cluster: &Cluster) -> Result<()> {
        let session = &mut self.session;
        session.ready().await?;
        session.tried().await?;
        let all = search::Params::default();
        session.look::<Search, _>(all, |view| (!view.coverage.listing).then_some(())).await?;
        let inventory = Inventory::read_inside(cluster).await?;
        let ((repository, tag), digest) = inventory.tags.iter().next().context("no images")?;
        let manifest = || -> Result<raw::Params> {
            Ok(raw::Params {
                repository: repository.parse()?,
                digest: digest.parse()?,
                what: What::Manifest,
            })
        };
        let _ = session.ask::<Raw>(manifest()?).await?;
        let tag: TagRef = serde_json::from_value(json!({ "repository": repository, "tag": tag }))?;
        let plan = delete::Params::of(vec![Target::Tag(tag)]);
        let _ = session.ask::<PlanDelete>(plan.clone()).await?;
        let receipt = session.done::<Delete>(plan).await?;
        let which = Which { id: receipt.id.context("no record was kept")? };
        session.done::<Undo>(which.clone()).await?;
        session.done::<ShowRecord>(which).await?;
        let records = session.home().join(".local/state/cockpit-images/changes");
        ensure!(files_below(&records)?.len() >= 2, "no records in {}", records.display());
        let _ = session.ask::<Addresses>(AccessParams {}).await?;
        let _ = session.ask::<UseAccount>(AccountParams { agreed: false }).await?;
        // And what goes wrong.
        let wrong = [
            json!({ "on": "registry", "path": "/v2/*/manifests/*", "kind": "html" }),
            json!({ "on": "registry", "path": "/v2/", "kind": "status", "status": 401 }),
            json!({ "on": "registry", "path": "/v2/", "kind": "status", "status": 500 }),
        ];
        for fault in wrong {
            cluster.fault(fault).await?;
            let _ = session.ask::<Raw>(manifest()?).await?;
            cluster.heal().await?;
        }
        cluster
            .fault(json!({
                "on": "api", "path": "/version", "kind": "status", "status": 401,
                "body": "{\"kind\":\"Status\",\"message\":\"Unauthorized\",\"code\":401}",
            }))
            .await?;
        session.done::<ChooseContext>(ContextChoice { context: None }).await?;
        session.failure().await?;
        cluster.heal().await?;
        session.retry().await?;
        session.ready().await?;
        Ok(())
    }
}

fn files_below(folder: &std::path::Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(files) };
    for entry in entries {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => files.extend(files_below(&entry.path())?),
            false => files.push(entry.path()),
        }
    }
    Ok(files)
}

/// The search finds what is there, in every form.
#[test]
fn what_is_there_is_found() {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    let secret = "hunter2-and-more?>";
    for before in ["", "a", "ab", "abc"] {
        let login = format!("{before}{secret}:x");
        for text in [login.clone(), STANDARD.encode(&login), URL_SAFE.encode(&login)] {
            let traces = Traces(vec![("log".to_owned(), format!("Authorization: Basic {text}"))]);
            assert_eq!(traces.place_of(secret), Some("log"), "{text}");
            assert_eq!(traces.place_of("hunter3-and-more?>"), None, "{text}");
        }
    }
}

#[tokio::test]
async fn token_and_token_file() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let token = cluster.token("sarah")?.to_owned();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    replace(&file, &token)?;
    for user in [by_token(&cluster, "sarah")?, json!({ "tokenFile": file })] {
        let mut heard = Overheard::with(&Kubeconfig::of("lab", server(&cluster), user)).await?;
        heard.use_it(&cluster).await?;
        // This one is meant to tell it.
        let kept = heard.session.peer()?.transcript.take();
        let shown = heard.session.done::<ShowToken>(AccessParams {}).await?;
        ensure!(shown.token.expose() == token, "it is another one");
        heard.session.peer()?.transcript = kept;
        heard.end().await?.hide(std::slice::from_ref(&token), "sarah")?;
    }
    Ok(())
}

/// A token that is refused is not repeated either.
#[tokio::test]
async fn a_token_that_is_refused() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let token = "sha256~a-token-that-nobody-gave-out";
    let user = json!({ "token": token });
    let mut heard = Overheard::with(&Kubeconfig::of("lab", server(&cluster), user)).await?;
    heard.session.failure().await?;
    heard.end().await?.hide(&[token.to_owned()], "lab")
}

/// And the tokens of the service account that stands in for it.
#[tokio::test]
async fn client_certificate_and_service_account() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let admin = Identity::of_admin(&cluster)?;
    let kubeconfig = Kubeconfig::of("lab", server(&cluster), admin.as_data());
    let mut heard = Overheard::with(&kubeconfig).await?;
    heard.session.ready().await?;
    heard.session.done::<UseAccount>(AccountParams { agreed: true }).await?;
    heard.use_it(&cluster).await?;
    let kept = heard.session.peer()?.transcript.take();
    let shown = heard.session.done::<ShowToken>(AccessParams {}).await?;
    heard.session.peer()?.transcript = kept;
    ensure!(shown.token.expose().starts_with("eyJ"), "it is no JWT");
    let traces = heard.end().await?;
    traces.hide(
        &[key_lines(&admin), vec![shown.token.expose().to_owned()]].concat(),
        "system:admin",
    )?;
    // Whatever other tokens there were.
    let jwt = traces.0.iter().find(|(_, text)| text.contains("eyJ"));
    ensure!(jwt.is_none(), "a token stands in the {:?}", jwt.map(|(place, _)| place));
    Ok(())
}

#[tokio::test]
async fn user_and_password() -> Result<()> {
    let cluster = Cluster::start_with(Face::Openshift, true, &["--old"])?;
    let password = cluster.ready.passwords.get("sarah").context("no password")?.clone();
    let user = json!({ "username": "sarah", "password": password });
    let mut heard = Overheard::with(&Kubeconfig::of("lab", server(&cluster), user)).await?;
    heard.use_it(&cluster).await?;
    heard.end().await?.hide(&[password], "lab")
}

/// What a program answers, and what is in the environment that a kubeconfig gives it alone.
#[tokio::test]
async fn exec_program() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let admin = Identity::of_admin(&cluster)?;
    let token = cluster.token("sarah")?.to_owned();
    for status in [
        json!({ "token": token, "expirationTimestamp": "2001-01-01T00:00:00Z" }),
        json!({ "clientCertificateData": admin.certificate, "clientKeyData": admin.key }),
    ] {
        let plugin = ExecPlugin::answering(&status)?;
        let user = plugin.user();
        let mut heard = Overheard::with(&Kubeconfig::of("lab", server(&cluster), user)).await?;
        heard.use_it(&cluster).await?;
        let traces = heard.end().await?;
        ensure!(plugin.runs()? > 0, "it did not run");
        traces.hide(&[key_lines(&admin), vec![token.clone()]].concat(), "lab")?;
    }
    Ok(())
}

/// What it had answered before it failed, and the variables that the kubeconfig gives it.
#[tokio::test]
async fn exec_program_that_fails() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Plain)?;
    let plugin = ExecPlugin::running(
        "echo '{\"status\":{\"token\":\"a-token-before-the-end\"}}'\n\
         echo \"no way with $CLIENT_SECRET\" >&2\nexit 1",
    )?;
    let mut user = plugin.user();
    user["exec"]["env"] = json!([{ "name": "CLIENT_SECRET", "value": "a-secret-of-the-client" }]);
    let mut heard = Overheard::with(&Kubeconfig::of("lab", server(&cluster), user)).await?;
    let failure = heard.session.failure().await?;
    ensure!(failure.details.is_some_and(|details| details.contains("no way with")));
    let mut traces = heard.end().await?;
    // The program's own environment is where it belongs.
    traces.0.retain(|(place, _)| place != "process list");
    let secrets = ["a-token-before-the-end", "a-secret-of-the-client"].map(str::to_owned);
    traces.hide(&secrets, "lab").or_else(|error| {
        match traces.0.iter().any(|(place, _)| place == "log") {
            // Nothing was asked of the cluster: the log has no /version.
            true if error.to_string().contains("not detailed") => Ok(()),
            _ => Err(error),
        }
    })
}

#[tokio::test]
async fn proxy_with_a_password() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let proxy = ConnectProxy::start().await?;
    let mut through = server(&cluster);
    let url = proxy.url().replace("http://", "http://amy:a-password-for-the-proxy@");
    through["proxy-url"] = url.into();
    let user = by_token(&cluster, "sarah")?;
    let mut heard = Overheard::with(&Kubeconfig::of("lab", through, user)).await?;
    heard.use_it(&cluster).await?;
    let token = cluster.token("sarah")?.to_owned();
    heard.end().await?.hide(&["a-password-for-the-proxy".to_owned(), token], "sarah")
}

#[tokio::test]
async fn handed_over() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let admin = Identity::of_admin(&cluster)?;
    let token = cluster.token("sarah")?.to_owned();
    let good = Kubeconfig::of("lab", server(&cluster), json!({ "token": token })).and(
        "other",
        server(&cluster),
        admin.as_data(),
    );
    let mut heard = Overheard::start(Session::new()?).await?;
    heard.session.failure().await?;
    let over = |text: String| HandedOver {
        path: "/etc/kubernetes/admin.conf".to_owned(),
        kubeconfig: Secret::new(text),
    };
    // One that is broken is not quoted.
    let broken = good.text().replace("\"users\":", "\"users\" [");
    heard.session.refused::<HandOver>(over(broken)).await?;
    heard.session.done::<HandOver>(over(good.text())).await?;
    heard.use_it(&cluster).await?;
    heard.end().await?.hide(&[key_lines(&admin), vec![token]].concat(), "sarah")
}

/// A login at the registry, and the tokens that a token server gives for it.
async fn registry_login(auth: &str) -> Result<()> {
    let options = ["--announce", "--registry-tls", "--registry-auth", auth];
    let cluster = Cluster::start_with(Face::Plain, true, &options)?;
    let kubeconfig = Kubeconfig::of("lab", server(&cluster), by_token(&cluster, "sarah")?);
    let mut heard = Overheard::with(&kubeconfig).await?;
    heard.session.failure().await?;
    let password = cluster.ready.registry_passwords.get("sarah").context("no password")?.clone();
    let wrong = "a-password-that-is-not-hers";
    for password in [wrong, &password] {
        let login = LoginParams { user: "sarah".to_owned(), password: Secret::new(password) };
        let _ = heard.session.ask::<Login>(login).await?;
    }
    heard.session.ready().await?;
    heard.session.ladder().await?;
    let _ = heard.session.ask::<Addresses>(AccessParams {}).await?;
    let traces = heard.end().await?;
    let token = cluster.token("sarah")?.to_owned();
    traces.hide(&[password, wrong.to_owned(), token], "sarah")?;
    let jwt = traces.0.iter().find(|(_, text)| text.contains("eyJ"));
    ensure!(jwt.is_none(), "a token stands in the {:?}", jwt.map(|(place, _)| place));
    Ok(())
}

#[tokio::test]
async fn registry_with_a_password_file() -> Result<()> {
    registry_login("htpasswd").await
}

#[tokio::test]
async fn registry_with_a_token_server() -> Result<()> {
    registry_login("token").await
}

/// The address that an administrator set may hold a login.
#[tokio::test]
async fn configured_address_with_a_password() -> Result<()> {
    let cluster = Cluster::start_with(Face::Plain, true, &["--registry-auth", "htpasswd"])?;
    let password = cluster.ready.registry_passwords.get("sarah").context("no password")?.clone();
    let mut session = Session::new()?;
    session.write(&Kubeconfig::of("lab", server(&cluster), by_token(&cluster, "sarah")?))?;
    let address =
        cluster.ready.registry_url.replace("http://", &format!("http://sarah:{password}@"));
    session.set("COCKPIT_IMAGES_REGISTRY", address);
    let mut heard = Overheard::start(session).await?;
    heard.session.ready().await?;
    heard.session.ladder().await?;
    let _ = heard.session.ask::<Addresses>(AccessParams {}).await?;
    let mut traces = heard.end().await?;
    // The bridge's own environment is where it was set.
    traces.0.retain(|(place, _)| place != "process list");
    traces.hide(&[password], "lab")
}

/// The tokens of a robot: each stands in the one answer that gives it out, and no look at the robot
/// shows it again.
#[tokio::test]
async fn tokens_of_a_robot() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Openshift)?;
    let kubeconfig = Kubeconfig::of("lab", server(&cluster), by_token(&cluster, "sarah")?);
    let mut heard = Overheard::with(&kubeconfig).await?;
    let session = &mut heard.session;
    session.ready().await?;
    let (project, name) = ("skyfield".to_owned(), "ci".to_owned());
    let robot = NewRobot { project, name, role: Some(Role::Push), agreed: false };
    ensure!(session.done::<CreateRobot>(robot).await?.done, "no robot");
    let new = |replaces: Option<String>| NewToken {
        project: "skyfield".to_owned(),
        robot: "ci".to_owned(),
        purpose: Some("nightly builds".to_owned()),
        seconds: 3600,
        replaces,
    };
    let first = session.done::<IssueToken>(new(None)).await?;
    let second = session.done::<IssueToken>(new(Some(first.name.clone()))).await?;
    let within = Within { project: "skyfield".to_owned(), window: Window::default() };
    session
        .look::<Robots, _>(within, |view| {
            let ci = view.rows.iter().find(|row| row.name == "ci")?;
            let tokens = ci.tokens.as_ref()?;
            tokens.iter().any(|token| token.name == second.name).then_some(())
        })
        .await?;
    session.look::<History, _>(history::Params::default(), |_| Some(())).await?;

    // The same from a terminal.
    let home = session.home().as_os_str().to_owned();
    let environment = [
        ("KUBECONFIG", session.kubeconfig().into()),
        ("HOME", home),
        ("COCKPIT_IMAGES_LOG", "trace".into()),
    ];
    let params = serde_json::to_string(&new(None))?;
    let called = call::run(&environment, &["call", "issue-token", &params]).await?;
    let third = called.answer()?["token"].as_str().context("no token")?.to_owned();
    let mut traces = heard.end().await?;
    ensure!(called.complaint.contains("/version"), "the log is not detailed");
    traces.0.push(("log of the call".to_owned(), called.complaint));
    let lines =
        called.messages.iter().map(|line| ("line of the call".to_owned(), line.to_string()));
    traces.0.extend(lines);

    let of = |issued: &images_proto::robot::Issued| {
        issued.token.as_ref().map(|token| token.expose().to_owned()).context("no token")
    };
    let tokens = [of(&first)?, of(&second)?, third];
    for token in &tokens {
        let has = |(place, trace): &(String, String)| {
            let is_answer = place.starts_with("message on") || place.starts_with("line of");
            is_answer && forms(token).iter().any(|form| trace.contains(form))
        };
        let answers = traces.0.extract_if(.., |trace| has(trace)).count();
        ensure!(answers == 1, "it stands in {answers} answers");
    }
    traces.hide(&tokens, "sarah")?;
    let jwt = traces.0.iter().find(|(_, text)| text.contains("eyJ"));
    ensure!(jwt.is_none(), "a token stands in the {:?}", jwt.map(|(place, _)| place));
    Ok(())
}
