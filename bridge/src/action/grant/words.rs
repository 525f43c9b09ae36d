// SPDX-License-Identifier: LGPL-2.1-or-later

//! The words for who gets what, and the commands by which an administrator does the same.

use images_proto::account::MissingRight;
use images_proto::subject::{Role, Subject, SubjectKind};

use super::roles;
use crate::action::rights::{self, Tool};
use crate::cluster::Cluster;
use crate::cluster::access::Permission;
use crate::shell::word;

/// The most that are named one by one.
const MOST: usize = 3;

/// Somebody, inside a sentence.
pub(super) fn somebody(Subject { kind, name, project }: &Subject) -> String {
    match (kind, &**name) {
        (SubjectKind::Group, "system:authenticated") => "everybody who logs in".to_owned(),
        (SubjectKind::Group, "system:unauthenticated") => "everybody without a login".to_owned(),
        (SubjectKind::Group, name) => format!("the group {name}"),
        (SubjectKind::User, name) => name.to_owned(),
        (SubjectKind::Robot, name) => {
            format!("the robot {name} of {}", project.as_deref().unwrap_or_default())
        }
    }
}

/// Several of them.
pub(super) fn all(subjects: &[Subject]) -> String {
    let mut named: Vec<_> = subjects.iter().take(MOST).map(somebody).collect();
    match subjects.len().saturating_sub(MOST) {
        0 => {}
        more => named.push(format!("{more} more")),
    }
    match named.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "nobody".to_owned(),
    }
}

/// A role as the page calls it.
pub(in crate::action) fn role(role: Role) -> &'static str {
    match role {
        Role::Pull => "Pull",
        Role::Push => "Push",
        Role::Admin => "Admin",
    }
}

/// The command by which somebody else gives the role, or takes those of ours.
pub(super) fn command(
    tool: Tool,
    project: &str,
    subjects: &[Subject],
    wanted: Option<Role>,
) -> String {
    let kinds = [SubjectKind::User, SubjectKind::Group, SubjectKind::Robot];
    let of = |kind| subjects.iter().filter(move |subject| subject.kind == kind);
    let commands = kinds.into_iter().filter(|kind| of(*kind).next().is_some());
    let commands: Vec<_> = match (tool, wanted) {
        (Tool::Oc, Some(role)) => commands
            .map(|kind| oc("add", roles::openshifts(role), project, kind, of(kind)))
            .collect(),
        (Tool::Oc, None) => commands
            .flat_map(|kind| {
                let all = [Role::Pull, Role::Push, Role::Admin].map(roles::openshifts);
                all.map(|name| oc("remove", name, project, kind, of(kind)))
            })
            .collect(),
        (Tool::Kubectl, Some(role)) => {
            let name = roles::ours(role);
            let who = subjects.iter().map(|subject| match subject.kind {
                SubjectKind::User => format!(" --user={}", word(&subject.name)),
                SubjectKind::Group => format!(" --group={}", word(&subject.name)),
                SubjectKind::Robot => {
                    let project = subject.project.as_deref().unwrap_or_default();
                    format!(" --serviceaccount={}", word(&format!("{project}:{}", subject.name)))
                }
            });
            let who: String = who.collect();
            vec![format!(
                "kubectl create rolebinding {name}-more --clusterrole={name}{who} -n {project}"
            )]
        }
        // kubectl takes nobody out of a binding.
        (Tool::Kubectl, None) => vec![format!("kubectl edit rolebindings -n {project}")],
    };
    commands.join(" && ")
}

fn oc<'a>(
    what: &str,
    role: &str,
    project: &str,
    kind: SubjectKind,
    subjects: impl Iterator<Item = &'a Subject>,
) -> String {
    let preposition = if what == "add" { "to" } else { "from" };
    let whom = if kind == SubjectKind::Group { "group" } else { "user" };
    let names: Vec<_> = subjects.map(|subject| word(&user_name(subject)).into_owned()).collect();
    format!("oc policy {what}-role-{preposition}-{whom} {role} {} -n {project}", names.join(" "))
}

/// The name by which the cluster knows somebody who asks it.
fn user_name(Subject { kind, name, project }: &Subject) -> String {
    match kind {
        SubjectKind::User | SubjectKind::Group => name.clone(),
        SubjectKind::Robot => {
            format!("system:serviceaccount:{}:{name}", project.as_deref().unwrap_or_default())
        }
    }
}

/// Those rights about a project's bindings that the user lacks. One role gives them all.
pub(super) async fn missing(
    cluster: &Cluster,
    tool: Tool,
    project: &str,
    permissions: &[Permission<'_>],
) -> Vec<MissingRight> {
    let mut missing = rights::missing(cluster, tool, permissions).await;
    let command = to_administer(cluster, tool, project, !missing.is_empty()).await;
    for right in &mut missing {
        right.command.clone_from(&command);
    }
    missing
}

async fn to_administer(
    cluster: &Cluster,
    tool: Tool,
    project: &str,
    is_needed: bool,
) -> Option<String> {
    if !is_needed {
        return None;
    }
    if tool == Tool::Kubectl {
        return Some(rights::to_administer(cluster, project, true).await);
    }
    let user = cluster.user().await.unwrap_or_else(|| "USER".to_owned());
    Some(command(tool, project, &[Subject::user(user)], Some(Role::Admin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_named_and_the_others_counted() {
        let users = |count: usize| -> Vec<_> {
            ["amy", "bob", "cal", "dan", "eve"].into_iter().take(count).map(Subject::user).collect()
        };
        assert_eq!(all(&users(1)), "amy");
        assert_eq!(all(&users(2)), "amy and bob");
        assert_eq!(all(&users(5)), "amy, bob, cal and 2 more");
        let others = [Subject::group("QA"), Subject::robot("sky", "ci")];
        assert_eq!(all(&others), "the group QA and the robot ci of sky");
        assert_eq!(all(&[Subject::group("system:authenticated")]), "everybody who logs in");
    }

    #[test]
    fn commands_can_be_copied() {
        let all = [
            Subject::user("amy"),
            Subject::user("b c"),
            Subject::group("QA"),
            Subject::robot("ci", "bot"),
        ];
        assert_eq!(
            command(Tool::Oc, "sky", &all, Some(Role::Pull)),
            "oc policy add-role-to-user registry-viewer amy 'b c' -n sky && \
             oc policy add-role-to-group registry-viewer QA -n sky && \
             oc policy add-role-to-user registry-viewer system:serviceaccount:ci:bot -n sky"
        );
        assert_eq!(
            command(Tool::Oc, "sky", &[Subject::group("QA")], None),
            "oc policy remove-role-from-group registry-viewer QA -n sky && \
             oc policy remove-role-from-group registry-editor QA -n sky && \
             oc policy remove-role-from-group registry-admin QA -n sky"
        );
        assert_eq!(
            command(Tool::Kubectl, "sky", &all, Some(Role::Push)),
            "kubectl create rolebinding cockpit-images-editor-more \
             --clusterrole=cockpit-images-editor --user=amy --user='b c' --group=QA \
             --serviceaccount=ci:bot -n sky"
        );
        assert_eq!(command(Tool::Kubectl, "sky", &all, None), "kubectl edit rolebindings -n sky");
    }
}
