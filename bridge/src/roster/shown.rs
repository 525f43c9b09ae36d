// SPDX-License-Identifier: LGPL-2.1-or-later

//! What each view of the roster wants read, what it asks the cluster, and where the answers go.

use std::collections::BTreeSet;

use images_proto::project::{self, About, Within};
use images_proto::subject::{SubjectKind, Verb};
use images_proto::{Method, people, robot};
use images_roster::query::{self, LiveView};

use super::{Own, Question};
use crate::session::roster::Want;

const PROJECTS: &str = "project.openshift.io";
const USERS: &str = "user.openshift.io";

/// The parameters of a view.
type Params<V> = <<V as LiveView>::Method as Method>::Params;
/// Its answer.
type Answer<V> = <<V as LiveView>::Method as Method>::Answer;

/// A view of the roster as the page is shown it.
pub(crate) trait Shown: LiveView + Send
where
    Params<Self>: Clone + Send,
    Answer<Self>: PartialEq + Send + Sync,
{
    /// What all views say.
    fn about(answer: &mut Answer<Self>) -> &mut About;

    /// What has to be read for it.
    fn want(params: &Params<Self>, answer: &Answer<Self>) -> Want;

    /// The project whose bindings decide what the user may do; empty for those of the cluster.
    fn project(_params: &Params<Self>) -> &str {
        ""
    }

    /// What the user may do is asked with these.
    fn questions(params: &Params<Self>, is_openshift: bool) -> Vec<Question>;

    /// Puts the answers in.
    fn complete(params: &Params<Self>, answer: &mut Answer<Self>, own: &Own);
}

fn one(name: &str) -> BTreeSet<String> {
    BTreeSet::from([name.to_owned()])
}

/// Whether all of them are allowed, whether or not some are not known yet.
fn any(own: &Own, questions: &[Question]) -> Option<bool> {
    let answers: Vec<_> = questions.iter().map(|question| own.may(question)).collect();
    if answers.contains(&Some(true)) {
        return Some(true);
    }
    (!answers.contains(&None)).then_some(false)
}

fn create_project(is_openshift: bool) -> Question {
    match is_openshift {
        true => Question::new("create", PROJECTS, "projectrequests"),
        false => Question::new("create", "", "namespaces"),
    }
}

impl Shown for query::projects::Projects {
    fn about(answer: &mut project::List) -> &mut About {
        &mut answer.about
    }

    fn want(_: &project::Window, answer: &project::List) -> Want {
        let rows = answer.rows.iter().map(|row| row.name.clone()).collect();
        Want { rows, ..Want::default() }
    }

    fn questions(_: &project::Window, is_openshift: bool) -> Vec<Question> {
        vec![create_project(is_openshift)]
    }

    fn complete(_: &project::Window, answer: &mut project::List, own: &Own) {
        answer.may_create = own.may(&create_project(answer.about.openshift));
    }
}

/// Changing a project and deleting it.
fn change_project(name: &str, is_openshift: bool) -> [Question; 2] {
    ["update", "delete"].map(|verb| {
        let question = match is_openshift {
            true => Question::new(verb, PROJECTS, "projects"),
            false => Question::new(verb, "", "namespaces"),
        };
        // The API server takes the name of a namespace for its namespace, too.
        question.within(name).named(name)
    })
}

fn grant(project: &str) -> Question {
    Question::new("create", "rbac.authorization.k8s.io", "rolebindings").within(project)
}

impl Shown for query::project::Project {
    fn about(answer: &mut project::View) -> &mut About {
        &mut answer.about
    }

    fn want(params: &project::Params, _: &project::View) -> Want {
        Want { near: one(&params.name), robots: one(&params.name), ..Want::default() }
    }

    fn project(params: &project::Params) -> &str {
        &params.name
    }

    fn questions(params: &project::Params, is_openshift: bool) -> Vec<Question> {
        let name = &params.name;
        let images = Verb::ALL.map(|verb| Question::images(verb, name));
        let changes = change_project(name, is_openshift);
        images.into_iter().chain(changes).chain([grant(name)]).collect()
    }

    fn complete(params: &project::Params, answer: &mut project::View, own: &Own) {
        let name = &params.name;
        answer.may_grant = own.may(&grant(name)).or(answer.may_grant);
        answer.may_change = any(own, &change_project(name, answer.about.openshift));
        for verb in Verb::ALL {
            let asked = own.may(&Question::images(verb, name));
            let place = answer.mine.get_mut(verb);
            *place = asked.or(*place);
        }
    }
}

/// What is done to objects of users or groups; nothing to robots, and nothing on plain Kubernetes.
fn of_people(verb: &'static str, kind: SubjectKind, is_openshift: bool) -> Option<Question> {
    let resource = match kind {
        SubjectKind::User => "users",
        SubjectKind::Group => "groups",
        SubjectKind::Robot => return None,
    };
    is_openshift.then(|| Question::new(verb, USERS, resource))
}

impl Shown for query::people::People {
    fn about(answer: &mut people::List) -> &mut About {
        &mut answer.about
    }

    fn want(_: &people::Params, _: &people::List) -> Want {
        Want { all: true, ..Want::default() }
    }

    fn questions(params: &people::Params, is_openshift: bool) -> Vec<Question> {
        of_people("create", params.kind, is_openshift).into_iter().collect()
    }

    fn complete(params: &people::Params, answer: &mut people::List, own: &Own) {
        answer.may_create = match of_people("create", params.kind, answer.about.openshift) {
            Some(question) => own.may(&question),
            None => Some(false),
        };
    }
}

fn change_person(which: &people::Which, is_openshift: bool) -> Option<Question> {
    let question = of_people("update", which.subject.kind, is_openshift)?;
    Some(question.named(&which.subject.name))
}

impl Shown for query::person::Person {
    fn about(answer: &mut people::View) -> &mut About {
        &mut answer.about
    }

    fn want(_: &people::Which, _: &people::View) -> Want {
        Want { all: true, ..Want::default() }
    }

    fn questions(which: &people::Which, is_openshift: bool) -> Vec<Question> {
        change_person(which, is_openshift).into_iter().collect()
    }

    fn complete(which: &people::Which, answer: &mut people::View, own: &Own) {
        answer.may_change = match change_person(which, answer.about.openshift) {
            Some(question) => own.may(&question),
            None => Some(false),
        };
    }
}

fn create_robot(project: &str) -> Question {
    Question::new("create", "", "serviceaccounts").within(project)
}

impl Shown for query::robots::Robots {
    fn about(answer: &mut robot::List) -> &mut About {
        &mut answer.about
    }

    fn want(params: &Within, _: &robot::List) -> Want {
        let project = one(&params.project);
        Want { near: project.clone(), robots: project, ..Want::default() }
    }

    fn project(params: &Within) -> &str {
        &params.project
    }

    fn questions(params: &Within, _: bool) -> Vec<Question> {
        vec![create_robot(&params.project)]
    }

    fn complete(params: &Within, answer: &mut robot::List, own: &Own) {
        answer.may_create = own.may(&create_robot(&params.project));
    }
}
