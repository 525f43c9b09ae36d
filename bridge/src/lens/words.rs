// SPDX-License-Identifier: LGPL-2.1-or-later

//! The words of an answer: what is missing or what gives it, and the command that mends it.

use images_proto::subject::{Subject, SubjectKind, Verb, Via};

use crate::action::Found;
use crate::shell::word;

/// What is told about.
pub(super) struct Case<'a> {
    pub(super) subject: &'a Subject,
    pub(super) is_me: bool,
    pub(super) project: &'a str,
    pub(super) verb: Verb,
    /// What the cluster says.
    pub(super) allowed: Option<bool>,
    /// What the bindings say.
    pub(super) by_bindings: Option<bool>,
    /// The bindings that give it.
    pub(super) giving: &'a [Via],
    /// All that reach the subject.
    pub(super) others: &'a [Via],
    /// Whether the registry asks the cluster.
    pub(super) decides: Option<bool>,
    pub(super) is_openshift: bool,
    /// The least role that gives it.
    pub(super) role: &'a Found,
    /// A name for a new binding of it.
    pub(super) binding: &'a str,
}

/// The verb of the API, and the resource with its group.
pub(super) fn rule(verb: Verb) -> (&'static str, String) {
    let (verb, resource, part) = verb.rule();
    let part = part.map_or_else(String::new, |part| format!("/{part}"));
    (verb, format!("{resource}{part}.image.openshift.io"))
}

/// One or two sentences.
pub(super) fn message(case: &Case<'_>) -> String {
    let who = match (case.is_me, case.subject.kind) {
        (true, _) => "You".to_owned(),
        (false, SubjectKind::User) => case.subject.name.clone(),
        (false, SubjectKind::Group) => format!("The group {}", case.subject.name),
        (false, SubjectKind::Robot) => format!("The robot {}", case.subject.name),
    };
    let (what, project) = (deed(case.verb), case.project);
    let told = match case.allowed {
        Some(true) => format!("{who} may {what} {project}: {}.", given(case)),
        Some(false) => format!("{who} may not {what} {project}: {}.", missing(case)),
        None => {
            let hint = match case.by_bindings {
                Some(true) => "; by the role bindings that you can read, it is allowed",
                Some(false) => "; by the role bindings, it is not allowed",
                None => "",
            };
            let who = if case.is_me { "you".to_owned() } else { who };
            format!("The cluster does not tell you whether {who} may {what} {project}{hint}.")
        }
    };
    match case.decides {
        Some(false) => {
            format!("{told} The registry keeps users of its own and does not ask the cluster.")
        }
        _ => told,
    }
}

fn deed(verb: Verb) -> &'static str {
    match verb {
        Verb::See => "see the repositories of",
        Verb::Pull => "pull from",
        Verb::Push => "push to",
        Verb::Delete => "delete repositories of",
    }
}

fn given(case: &Case<'_>) -> String {
    let Some(via) = case.giving.first() else {
        return "what gives it cannot be read".to_owned();
    };
    let place = if via.project.is_some() { "" } else { " of the whole cluster" };
    let group = via.group.as_ref();
    let group = group.map_or_else(String::new, |group| format!(", through the group {group}"));
    format!("the role {} gives it, by the binding {}{place}{group}", via.role, via.binding)
}

fn missing(case: &Case<'_>) -> String {
    let (verb, resource) = rule(case.verb);
    let mut roles: Vec<_> = case.others.iter().map(|via| via.role.as_str()).collect();
    roles.sort_unstable();
    roles.dedup();
    match roles.as_slice() {
        [] => format!("nothing gives the right to {verb} {resource} there"),
        [role] => format!("the role {role} does not give the right to {verb} {resource}"),
        roles => {
            let roles = roles.join(", ");
            format!("the roles {roles} do not give the right to {verb} {resource}")
        }
    }
}

/// What a binding that gives somebody a role is called, in the words that a path takes.
pub(super) fn binding_name(role: &Found, subject: &Subject) -> String {
    let safe = |char: char| if "/%".contains(char) { '-' } else { char };
    let name: String = subject.name.chars().map(safe).collect();
    format!("{}-{name}", role.reference().name)
}

/// The command line that gives the least role, and makes it where there is none.
pub(super) fn command(case: &Case<'_>) -> String {
    let (name, project) = (word(&case.subject.name), word(case.project));
    let role = &case.role.reference().name;
    if case.is_openshift {
        return match (case.subject.kind, case.subject.project.as_deref()) {
            (SubjectKind::Group, _) => {
                format!("oc policy add-role-to-group {role} {name} -n {project}")
            }
            (SubjectKind::Robot, Some(own)) if own == case.project => {
                format!("oc policy add-role-to-user {role} -z {name} -n {project}")
            }
            (SubjectKind::Robot, own) => {
                let user = format!(
                    "system:serviceaccount:{}:{}",
                    own.unwrap_or(case.project),
                    case.subject.name
                );
                format!("oc policy add-role-to-user {role} {} -n {project}", word(&user))
            }
            (SubjectKind::User, _) => {
                format!("oc policy add-role-to-user {role} {name} -n {project}")
            }
        };
    }
    let make = case.role.draft().map_or_else(String::new, |draft| {
        format!("echo {} | kubectl apply -f - && ", word(&draft.body().to_string()))
    });
    let subject = match (case.subject.kind, case.subject.project.as_deref()) {
        (SubjectKind::Group, _) => format!("--group={name}"),
        (SubjectKind::Robot, own) => {
            let account = format!("{}:{}", own.unwrap_or(case.project), case.subject.name);
            format!("--serviceaccount={}", word(&account))
        }
        (SubjectKind::User, _) => format!("--user={name}"),
    };
    let kind = if case.role.reference().cluster { "clusterrole" } else { "role" };
    let binding = word(case.binding);
    format!("{make}kubectl create rolebinding {binding} --{kind}={role} {subject} -n {project}")
}

#[cfg(test)]
mod tests {
    use images_proto::subject::Role;
    use images_roster::facts::RoleRef;
    use serde_json::json;

    use super::*;
    use crate::cluster::apply::Draft;

    fn there(cluster: bool, name: &str) -> Found {
        Found::There(RoleRef { cluster, name: name.to_owned() })
    }

    fn case<'a>(subject: &'a Subject, role: &'a Found) -> Case<'a> {
        Case {
            subject,
            is_me: false,
            project: "skyfield",
            verb: Verb::Push,
            allowed: Some(false),
            by_bindings: Some(false),
            giving: &[],
            others: &[],
            decides: Some(true),
            is_openshift: true,
            role,
            binding: "viewer-jane",
        }
    }

    fn via(role: &str, group: Option<&str>) -> Via {
        Via {
            binding: format!("{role}-0"),
            project: Some("skyfield".to_owned()),
            role: role.to_owned(),
            group: group.map(str::to_owned),
            verbs: vec![Verb::See, Verb::Pull],
        }
    }

    #[test]
    fn a_refusal_says_what_is_missing_and_what_mends_it() {
        let (greg, role) = (Subject::user("greg"), Found::usual(Role::Push, true));
        let bound = [via("registry-viewer", Some("QA"))];
        let case = Case { others: &bound, ..case(&greg, &role) };
        assert_eq!(
            message(&case),
            "greg may not push to skyfield: the role registry-viewer does not give the right to \
             update imagestreams/layers.image.openshift.io."
        );
        assert_eq!(command(&case), "oc policy add-role-to-user registry-editor greg -n skyfield");
        let nothing = Case { others: &[], is_me: true, ..case };
        assert_eq!(
            message(&nothing),
            "You may not push to skyfield: nothing gives the right to update \
             imagestreams/layers.image.openshift.io there."
        );
    }

    #[test]
    fn a_permission_says_through_what() {
        let (greg, role) = (Subject::user("greg"), Found::usual(Role::Push, true));
        let giving = [via("registry-viewer", Some("QA"))];
        let case = Case {
            verb: Verb::Pull,
            allowed: Some(true),
            giving: &giving,
            decides: Some(false),
            ..case(&greg, &role)
        };
        assert_eq!(
            message(&case),
            "greg may pull from skyfield: the role registry-viewer gives it, by the binding \
             registry-viewer-0, through the group QA. The registry keeps users of its own and \
             does not ask the cluster."
        );
        let dark = Case { allowed: None, by_bindings: None, decides: None, ..case };
        assert_eq!(
            message(&dark),
            "The cluster does not tell you whether greg may pull from skyfield."
        );
    }

    #[test]
    fn commands_are_for_everybody_and_every_cluster() {
        let told = |subject: Subject, role: Found, is_openshift| {
            command(&Case { is_openshift, verb: Verb::See, ..case(&subject, &role) })
        };
        let usual = || Found::usual(Role::Pull, true);
        let group = || Subject::group("QA; rm -rf /");
        let robot = || Subject::robot("skyfield", "ci");
        assert_eq!(
            told(group(), usual(), true),
            "oc policy add-role-to-group registry-viewer 'QA; rm -rf /' -n skyfield"
        );
        assert_eq!(
            told(robot(), usual(), true),
            "oc policy add-role-to-user registry-viewer -z ci -n skyfield"
        );
        assert_eq!(
            told(Subject::robot("other", "ci"), usual(), true),
            "oc policy add-role-to-user registry-viewer system:serviceaccount:other:ci -n skyfield"
        );
        assert_eq!(
            told(robot(), there(false, "registry-pullers"), false),
            "kubectl create rolebinding viewer-jane --role=registry-pullers \
             --serviceaccount=skyfield:ci -n skyfield"
        );
        assert_eq!(
            told(Subject::user("jane@example.com"), Found::usual(Role::Pull, false), false),
            "kubectl create rolebinding viewer-jane --clusterrole=cockpit-images-viewer \
             --user=jane@example.com -n skyfield"
        );
        assert_eq!(binding_name(&usual(), &group()), "registry-viewer-QA; rm -rf -");
    }

    #[test]
    fn a_role_that_is_not_there_is_made_first() {
        let reference = RoleRef { cluster: false, name: "ours".to_owned() };
        let draft = Draft::new("/roles", json!({ "kind": "Role" }));
        let (jane, role) = (Subject::user("jane"), Found::Lacking(reference, draft));
        let case = Case { is_openshift: false, ..case(&jane, &role) };
        assert_eq!(
            command(&case),
            "echo '{\"kind\":\"Role\"}' | kubectl apply -f - && kubectl create rolebinding \
             viewer-jane --role=ours --user=jane -n skyfield"
        );
    }
}
