// SPDX-License-Identifier: LGPL-2.1-or-later

//! Kubeconfigs that come, change and go while somebody looks.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use images_proto::status::{Origin, Phase};
use images_proto::{RepositoryName, Secret};
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::cluster::kubeconfig::Places;
use crate::session::choices::Choices;
use crate::session::settings::Settings;
use crate::source::tests::api::Api;

struct Home {
    folder: TempDir,
    settings: Settings,
}

impl Home {
    /// A home without a kubeconfig.
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            kubeconfig: Places::files([folder.path().join(".kube/config")]),
            choices: Arc::new(Choices::load_from(folder.path().join("choices.json"))),
            ..Settings::default()
        };
        Self { folder, settings }
    }

    fn session(&self) -> Arc<Session> {
        Session::with_settings(self.settings.clone())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join(".kube/config")
    }

    fn write(&self, kubeconfig: &str) {
        fs::create_dir_all(self.file().parent().unwrap()).unwrap();
        let new = self.folder.path().join(".kube/new");
        fs::write(&new, kubeconfig).unwrap();
        fs::rename(new, self.file()).unwrap();
    }
}

/// A kubeconfig with a context for each of these servers, the first of which is the current one.
fn kubeconfig(servers: &[(&str, &str)]) -> String {
    let mut text = format!("current-context: {}\nclusters:\n", servers[0].0);
    for (name, server) in servers {
        text += &format!("- {{name: {name}, cluster: {{server: '{server}'}}}}\n");
    }
    text += "users: [{name: u, user: {token: hunter2hunter2}}]\ncontexts:\n";
    for (name, _) in servers {
        text += &format!("- {{name: {name}, context: {{cluster: {name}, user: u}}}}\n");
    }
    text
}

async fn until(session: &Session, what: &str, check: impl Fn() -> bool) {
    let mut changes = session.changes();
    let waiting = async {
        while !check() {
            changes.changed().await.unwrap();
        }
    };
    if timeout(Duration::from_secs(15), waiting).await.is_err() {
        panic!("never: {what}; {:?}", session.status());
    }
}

async fn failure(session: &Session) -> Failure {
    until(session, "failed", || session.state.failure().is_some()).await;
    session.state.failure().unwrap()
}

fn has(session: &Session, repository: &str) -> bool {
    let repository: RepositoryName = repository.parse().unwrap();
    session.catalog().has_repository(&repository)
}

#[tokio::test]
async fn a_kubeconfig_that_comes_into_being_is_used_without_a_word() {
    let (home, api) = (Home::new(), Api::start().await);
    api.push("shop", "api", "v1", 1);
    let session = home.session();
    let _feed = session.feed();
    let failed = failure(&session).await;
    assert_eq!((failed.code, failed.offers), (Code::NoCluster, vec![Offer::HostKubeconfig]));
    assert_eq!(session.status().kubeconfig, None);

    home.write("contexts: [{");
    until(&session, "unusable", || {
        session.state.failure().is_some_and(|failure| failure.message.contains("line 1"))
    })
    .await;

    home.write(&kubeconfig(&[("a", api.cluster().server())]));
    until(&session, "read", || session.is_settled()).await;
    let shown = session.status().kubeconfig.unwrap();
    assert_eq!(shown.origin, Origin::Files(vec![home.file().display().to_string()]));
    assert_eq!(shown.context.as_deref(), Some("a"));
}

#[tokio::test]
async fn another_context_shows_nothing_of_the_old_cluster() {
    let (home, first, second) = (Home::new(), Api::start().await, Api::start().await);
    first.push("shop", "api", "v1", 1);
    second.push("bank", "api", "v1", 2);
    let (first, second) = (first.cluster(), second.cluster());
    home.write(&kubeconfig(&[
        ("a", first.server()),
        ("b", second.server()),
        ("c", "http://127.0.0.1:1"),
    ]));
    let session = home.session();
    let _feed = session.feed();
    until(&session, "read", || session.is_settled() && has(&session, "shop/api")).await;

    let choose = |name: &str| ContextChoice { context: Some(name.to_owned()) };
    let unknown = session.choose_context(choose("moon")).await.unwrap_err();
    assert_eq!(unknown.code, Code::BadRequest);
    assert!(has(&session, "shop/api"), "nothing happened");

    session.choose_context(choose("c")).await.unwrap();
    assert_eq!(session.catalog().counts().repositories, 0, "at once");
    let failed = failure(&session).await;
    assert_eq!(failed.code, Code::ClusterUnreachable);
    assert_eq!(failed.offers, [Offer::ChooseContext]);
    assert_eq!(session.status().cluster, None);
    assert!(session.state.connected().is_none(), "nothing works on the old cluster");
    let plan = session.plan_registry(images_proto::installation::Params::default()).await;
    assert_eq!(plan.unwrap_err().code, Code::ClusterUnreachable);

    session.choose_context(choose("b")).await.unwrap();
    until(&session, "read", || session.is_settled() && has(&session, "bank/api")).await;
    assert!(!has(&session, "shop/api"));
    assert_eq!(session.status().kubeconfig.unwrap().context.as_deref(), Some("b"));

    let next = Home {
        folder: home.folder,
        settings: Settings {
            choices: Arc::new(Choices::load_from(session_choices(&session))),
            ..home.settings.clone()
        },
    };
    let next_session = next.session();
    let _next_feed = next_session.feed();
    until(&next_session, "remembered", || has(&next_session, "bank/api")).await;

    // A choice that is gone is none.
    next.write(&kubeconfig(&[("a", first.server())]));
    until(&next_session, "fell back", || has(&next_session, "shop/api")).await;
    assert!(!has(&next_session, "bank/api"));
}

fn session_choices(session: &Session) -> PathBuf {
    let file = session.settings.kubeconfig.seen().into_keys().next().unwrap();
    file.parent().unwrap().parent().unwrap().join("choices.json")
}

#[tokio::test]
async fn only_changes_of_the_connection_connect_anew() {
    let (home, api) = (Home::new(), Api::start().await);
    api.push("shop", "api", "v1", 1);
    let cluster = api.cluster();
    let server = cluster.server();
    home.write(&kubeconfig(&[("a", server)]));
    let session = home.session();
    let _feed = session.feed();
    until(&session, "read", || session.is_settled()).await;
    let lists = || api.log().iter().filter(|line| line.contains("limit=500")).count();
    let before = lists();
    home.write(&kubeconfig(&[("a", server), ("b", "http://127.0.0.1:1")]));
    let contexts = || session.status().kubeconfig.unwrap().contexts.len();
    until(&session, "the new context is shown", || contexts() == 2).await;
    assert_eq!((lists(), session.status().phase), (before, Phase::Ready));

    home.write(&kubeconfig(&[("a", server)]).replace("hunter2", "hunter3"));
    until(&session, "read again", || lists() > before && session.is_settled()).await;
    assert_eq!(contexts(), 1);
}

#[tokio::test]
async fn a_token_file_that_is_repaired_connects() {
    let (home, api) = (Home::new(), Api::start().await);
    api.push("shop", "api", "v1", 1);
    let text = kubeconfig(&[("a", api.cluster().server())]);
    home.write(&text.replace("token: hunter2hunter2", "tokenFile: token"));
    let session = home.session();
    let _feed = session.feed();
    let failed = failure(&session).await;
    assert_eq!(failed.code, Code::Unauthenticated);
    assert_eq!(failed.offers, [Offer::HostKubeconfig], "there is no other context");
    fs::write(home.folder.path().join(".kube/token"), "t").unwrap();
    until(&session, "read", || session.is_settled()).await;
}

#[tokio::test]
async fn a_kubeconfig_that_is_handed_over_is_used_instead() {
    let (home, first, second) = (Home::new(), Api::start().await, Api::start().await);
    first.push("shop", "api", "v1", 1);
    second.push("bank", "api", "v1", 2);
    home.write(&kubeconfig(&[("a", first.cluster().server())]));
    let session = home.session();
    let _feed = session.feed();
    until(&session, "read", || has(&session, "shop/api")).await;
    let path = "/etc/kubernetes/admin.conf";
    let hand_over = |text: &str| {
        session.hand_over(HandedOver { path: path.to_owned(), kubeconfig: Secret::new(text) })
    };
    let refused = hand_over("hunter2: [").await.unwrap_err();
    assert!(refused.message.contains(path) && !format!("{refused:?}").contains("hunter2"));
    assert!(refused.offers.is_empty());

    let text = kubeconfig(&[("x", "http://127.0.0.1:1"), ("y", second.cluster().server())]);
    hand_over(&text).await.unwrap();
    assert!(!has(&session, "shop/api"), "at once");
    assert_eq!(failure(&session).await.offers, [Offer::ChooseContext]);
    let refused = Failure::new(Code::Unauthenticated, "x").offering(Offer::HostKubeconfig);
    let offers = session.fitting(refused).offers;
    assert_eq!(offers, [Offer::HostKubeconfig], "another one may be handed over");
    let y = ContextChoice { context: Some("y".to_owned()) };
    session.choose_context(y).await.unwrap();
    until(&session, "read", || session.is_settled() && has(&session, "bank/api")).await;
    let shown = session.status().kubeconfig.unwrap();
    assert_eq!(shown.origin, Origin::Host(path.to_owned()));
    assert_eq!(shown.context.as_deref(), Some("y"));
    assert_eq!(session.settings.choices.context(), None, "it is not ours to remember");

    session.use_own(OwnKubeconfig {}).await.unwrap();
    assert!(!has(&session, "bank/api"), "at once");
    until(&session, "read", || session.is_settled() && has(&session, "shop/api")).await;
    let shown = session.status().kubeconfig.unwrap();
    assert_eq!(shown.origin, Origin::Files(vec![home.file().display().to_string()]));
    let again = session.use_own(OwnKubeconfig {}).await.unwrap_err();
    assert_eq!(again.code, Code::BadRequest);
}

#[tokio::test]
async fn a_login_that_was_exchanged_leaves_no_old_one_to_work_with() {
    let (home, api) = (Home::new(), Api::start().await);
    api.push("shop", "api", "v1", 1);
    let text = kubeconfig(&[("a", api.cluster().server())]);
    home.write(&text);
    let session = home.session();
    let _feed = session.feed();
    until(&session, "read", || session.is_settled()).await;
    assert!(session.state.connected().is_some());
    home.write(&text.replace("token: hunter2hunter2", "tokenFile: nowhere"));
    assert_eq!(failure(&session).await.code, Code::Unauthenticated);
    assert!(session.state.connected().is_none());
}
