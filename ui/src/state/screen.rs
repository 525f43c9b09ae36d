// SPDX-License-Identifier: LGPL-2.1-or-later

//! Which screen the page shows, by the `status` view.

use std::rc::Rc;

use images_proto::search::{self, Rows};
use images_proto::status::{self, Origin, Phase};
use images_proto::{Code, Failure, Progress};

use super::route::Route;
use super::view::{Line, ViewState};

/// What fills the page below its heading.
#[derive(Clone, Debug, PartialEq)]
pub enum Screen {
    /// The bridge, the cluster or the registry has not answered yet.
    Connecting,
    /// Nothing can be shown.
    Failed(Rc<Failure>),
    /// The bridge is lost before it said anything; it is being opened again.
    Disconnected,
    /// The bridge is gone for this session; Cockpit's words.
    Ended(String),
    /// There is, or will be, something to show.
    Content,
}

/// Of which cluster, and as whom, content was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    kubeconfig: Option<(Origin, Option<String>)>,
    server: Option<String>,
}

impl Whose {
    /// Whose content goes with this status.
    pub fn of(status: &status::View) -> Self {
        let kubeconfig = status.kubeconfig.as_ref();
        Self {
            kubeconfig: kubeconfig.map(|used| (used.origin.clone(), used.context.clone())),
            server: status.cluster.as_ref().map(|cluster| cluster.server.clone()),
        }
    }

    /// Whether it may still be shown with this status. What is not known yet contradicts nothing;
    /// but what was seen with the host's kubeconfig goes with that.
    fn fits(&self, status: &status::View) -> bool {
        let of_host = matches!(self.kubeconfig, Some((Origin::Host(_), _)));
        if of_host && matches!(&status.phase, Phase::Failed(why) if why.code == Code::NoCluster) {
            return false;
        }
        let now = Self::of(status);
        agree(&self.server, &now.server) && agree(&self.kubeconfig, &now.kubeconfig)
    }
}

fn agree<T: PartialEq>(was: &Option<T>, is: &Option<T>) -> bool {
    was.is_none() || is.is_none() || was == is
}

/// The screen for the state of the session. Content that was `shown` stays, whatever happens: it
/// may be out of date, but what the user was doing is not lost. It goes only with its cluster.
pub fn of_session(status: &ViewState<status::View>, shown: Option<&Whose>) -> Screen {
    let fits = |shown: &Whose| status.answer.as_ref().is_none_or(|answer| shown.fits(answer));
    if shown.is_some_and(fits) {
        return Screen::Content;
    }
    let Some(answer) = &status.answer else {
        return match (&status.line, &status.failure) {
            (Line::Ended(details), _) => Screen::Ended(details.clone()),
            (Line::Lost, _) => Screen::Disconnected,
            (_, Some(failure)) => Screen::Failed(failure.clone()),
            (Line::Opening | Line::Open, None) => Screen::Connecting,
        };
    };
    match &answer.phase {
        // What was read before the failure can still be looked at.
        Phase::Failed(_) if answer.counts.repositories > 0 => Screen::Content,
        Phase::Failed(failure) => Screen::Failed(Rc::new(failure.clone())),
        Phase::Connecting if answer.counts.repositories == 0 => Screen::Connecting,
        Phase::Connecting | Phase::Filling(_) | Phase::Ready => Screen::Content,
    }
}

/// Whether a place has something to show even while there is nothing of the registry.
pub fn stands_alone(place: &Route, status: &status::View) -> bool {
    match place {
        // The registry's page is there to say why nothing can be shown, and the records of what was
        // changed are on this host.
        Route::Registry | Route::History(_) | Route::Record(_) => true,
        // They are the cluster's.
        Route::Projects(_)
        | Route::Project { .. }
        | Route::People { .. }
        | Route::Person { .. } => {
            status.cluster.is_some()
                && match &status.phase {
                    Phase::Failed(failure) => {
                        matches!(failure.code, Code::NoRegistry | Code::RegistryUnreachable)
                    }
                    Phase::Connecting | Phase::Filling(_) | Phase::Ready => true,
                }
        }
        _ => false,
    }
}

/// Whether this is something to hold on to when the source fails later: rows, or the knowledge that
/// there are none. A catalog that is still empty while it fills is neither.
pub fn is_worth_keeping(status: &status::View) -> bool {
    status.counts.repositories > 0 || matches!(status.phase, Phase::Ready)
}

/// What stands where the rows of the list would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The rows.
    Rows,
    /// The first answer is on its way.
    Waiting,
    /// Nothing yet, and the catalog is still being filled.
    Filling,
    /// Nothing in what was read before the source failed.
    Unread,
    /// The registry is empty: everything was read and there is nothing.
    Empty,
    /// Everything was read and nothing fits.
    NothingFound,
    /// The query is no query.
    Mistake(String),
}

/// Decides between rows and a screen. "Nothing" is said only when it is known.
pub fn of_list(answer: Option<&search::View>, status: Option<&status::View>) -> Place {
    let Some(answer) = answer else { return Place::Waiting };
    if let Some(mistake) = &answer.mistake {
        return Place::Mistake(mistake.clone());
    }
    let rows = match &answer.rows {
        Rows::Repositories(rows) => rows.len(),
        Rows::Hits(hits) => hits.len(),
    };
    if rows > 0 {
        return Place::Rows;
    }
    let phase = status.map(|status| &status.phase);
    let ready = matches!(phase, Some(Phase::Ready));
    let unread = answer.coverage.listing
        || (matches!(answer.rows, Rows::Hits(_)) && answer.coverage.repositories_unread > 0);
    match () {
        () if matches!(phase, Some(Phase::Failed(_))) => Place::Unread,
        () if !ready || unread => Place::Filling,
        // What stood there went before it was ever seen: rows exist.
        () if answer.total > 0 => Place::Rows,
        () if answer.query.trim().is_empty() && answer.projects.is_empty() => Place::Empty,
        () => Place::NothingFound,
    }
}

/// The progress to show above the list while the catalog fills.
pub fn filling(status: &status::View) -> Option<&Progress> {
    match &status.phase {
        Phase::Filling(progress) => Some(progress),
        _ => None,
    }
}

/// The name of a failure's screen, for tests and styles.
pub fn name_of(code: Code) -> &'static str {
    match code {
        Code::NoCluster => "no-cluster",
        Code::ClusterUnreachable | Code::RegistryUnreachable => "unreachable",
        Code::Unauthenticated => "unauthenticated",
        Code::Forbidden => "forbidden",
        Code::NoRegistry => "no-registry",
        _ => "failed",
    }
}

#[cfg(test)]
mod tests {
    use images_proto::Message;
    use images_proto::search::Coverage;
    use images_proto::status::Counts;

    use super::*;
    use crate::state::view::Event;

    fn failure(code: Code) -> Failure {
        Failure::new(code, "m").retryable()
    }

    fn anybodys() -> Whose {
        Whose { kubeconfig: None, server: None }
    }

    fn status(phase: Phase, repositories: u64) -> status::View {
        status::View {
            phase,
            cluster: None,
            kubeconfig: None,
            registry: None,
            counts: Counts { repositories, ..Counts::default() },
            problems: vec![],
        }
    }

    #[test]
    fn projects_are_shown_without_a_registry_but_not_without_a_cluster() {
        let cluster = status::Cluster {
            server: "https://c:6443".to_owned(),
            context: None,
            user: None,
            version: None,
            insecure: false,
        };
        let with = |phase| status::View { cluster: Some(cluster.clone()), ..status(phase, 0) };
        let failed = |code| Phase::Failed(failure(code));
        for (place, phase, alone) in [
            (Route::project("sky"), failed(Code::NoRegistry), true),
            (Route::project("sky"), Phase::Connecting, true),
            (Route::project("sky"), failed(Code::Unauthenticated), false),
            (Route::home(), failed(Code::NoRegistry), false),
            (Route::Registry, failed(Code::Unauthenticated), true),
        ] {
            assert_eq!(stands_alone(&place, &with(phase)), alone, "{place:?}");
        }
        assert!(!stands_alone(&Route::project("sky"), &status(Phase::Connecting, 0)));
    }

    fn session(phase: Phase, repositories: u64) -> ViewState<status::View> {
        ViewState::default().after(Event::Said(Message::View(status(phase, repositories))))
    }

    fn answer(query: &str, rows: Rows, coverage: Coverage) -> search::View {
        search::View {
            query: query.to_owned(),
            understood: None,
            mistake: None,
            exact: None,
            rows,
            offset: 0,
            total: 0,
            projects: vec![],
            changes: 0,
            coverage,
        }
    }

    #[test]
    fn a_failure_hides_nothing_that_was_read() {
        let failed = Phase::Failed(failure(Code::Forbidden));
        assert!(matches!(of_session(&session(failed.clone(), 0), None), Screen::Failed(_)));
        assert_eq!(of_session(&session(failed.clone(), 3), None), Screen::Content);
        assert_eq!(of_session(&session(Phase::Connecting, 0), None), Screen::Connecting);
        assert_eq!(of_session(&session(Phase::Connecting, 3), None), Screen::Content);
    }

    #[test]
    fn a_catalog_that_is_refused_while_it_is_empty_was_nothing_to_keep() {
        assert!(!is_worth_keeping(&status(Phase::Filling(Progress::default()), 0)));
        assert!(!is_worth_keeping(&status(Phase::Failed(failure(Code::Forbidden)), 0)));
        assert!(is_worth_keeping(&status(Phase::Filling(Progress::default()), 1)));
        assert!(is_worth_keeping(&status(Phase::Ready, 0)));
    }

    #[test]
    fn a_bridge_that_starts_again_replaces_nothing() {
        for phase in [Phase::Connecting, Phase::Failed(failure(Code::NoCluster))] {
            assert_ne!(of_session(&session(phase.clone(), 0), None), Screen::Content);
            assert_eq!(of_session(&session(phase, 0), Some(&anybodys())), Screen::Content);
        }
    }

    #[test]
    fn content_goes_with_its_cluster() {
        let of = |context: &str, server: &str| status::View {
            kubeconfig: Some(status::Kubeconfig {
                origin: Origin::Files(vec!["/home/amy/.kube/config".to_owned()]),
                contexts: vec![],
                context: Some(context.to_owned()),
            }),
            cluster: Some(status::Cluster {
                server: server.to_owned(),
                context: Some(context.to_owned()),
                user: None,
                version: None,
                insecure: false,
            }),
            ..status(Phase::Connecting, 0)
        };
        let shown = Whose::of(&of("dev", "https://dev"));
        let now = |status| {
            of_session(
                &ViewState::default().after(Event::Said(Message::View(status))),
                Some(&shown),
            )
        };
        assert_eq!(now(of("dev", "https://dev")), Screen::Content);
        // A bridge that starts again knows neither yet.
        assert_eq!(now(status(Phase::Connecting, 0)), Screen::Content);
        assert_eq!(now(of("prod", "https://dev")), Screen::Connecting);
        assert_eq!(now(of("dev", "https://prod")), Screen::Connecting);
        let mut handed_over = of("dev", "https://dev");
        handed_over.kubeconfig.as_mut().unwrap().origin = Origin::Host("/etc/x".to_owned());
        assert_eq!(now(handed_over), Screen::Connecting);
    }

    #[test]
    fn a_lost_bridge_keeps_the_content() {
        let lost = session(Phase::Ready, 3).after(Event::Lost);
        assert_eq!(of_session(&lost, None), Screen::Content);
        assert_eq!(
            of_session(&ViewState::default().after(Event::Lost), None),
            Screen::Disconnected
        );
        let ended = ViewState::default().after(Event::Ended("x".to_owned()));
        assert_eq!(of_session(&ended, None), Screen::Ended("x".to_owned()));
    }

    #[test]
    fn nothing_is_said_only_when_it_is_known() {
        let none = || Rows::Repositories(vec![]);
        let ready = status(Phase::Ready, 0);
        let filling = status(Phase::Filling(Progress::default()), 0);
        let read = Coverage::default();
        let place = |answer: &search::View, status| of_list(Some(answer), Some(status));
        assert_eq!(of_list(None, Some(&ready)), Place::Waiting);
        assert_eq!(of_list(Some(&answer("", none(), read)), None), Place::Filling);
        assert_eq!(place(&answer("", none(), read), &filling), Place::Filling);
        let failed = status(Phase::Failed(failure(Code::Busy)), 3);
        assert_eq!(place(&answer("", none(), read), &failed), Place::Unread);
        assert_eq!(place(&answer("", none(), read), &ready), Place::Empty);
        assert_eq!(place(&answer("x", none(), read), &ready), Place::NothingFound);
        let listing = Coverage { listing: true, ..read };
        assert_eq!(place(&answer("x", none(), listing), &ready), Place::Filling);
        let unread = Coverage { repositories_unread: 1, ..read };
        assert_eq!(place(&answer("x", none(), unread), &ready), Place::NothingFound);
        assert_eq!(place(&answer("abcdef", Rows::Hits(vec![]), unread), &ready), Place::Filling);
    }

    #[test]
    fn a_page_that_vanished_is_no_empty_registry() {
        let mut beyond = answer("", Rows::Repositories(vec![]), Coverage::default());
        beyond.total = 40;
        assert_eq!(of_list(Some(&beyond), Some(&status(Phase::Ready, 40))), Place::Rows);
    }
}
