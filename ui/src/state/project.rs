// SPDX-License-Identifier: LGPL-2.1-or-later

//! The changes of a project that one dialog asks for, and what they mean to the bridge.

use images_proto::name::{
    NameError, valid_display_name, valid_namespace_name, valid_project_name, valid_repository_name,
    valid_robot_name, valid_subject,
};
use images_proto::project::{self, NewRepository, Sharing, SharingChoice, Wording};
use images_proto::robot::{self, NewRobot, WhichRobot, WhichToken};
use images_proto::subject::{Role, Subject, SubjectKind};
use images_proto::{RepositoryName, grant};

use super::change::{Agreed, Wish};
use super::names::names;

/// A change. What is filled in is at the places that each of them names.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Makes a project: 0 is its name, 1 what it is called, 2 what it is for.
    Create,
    /// Says anew what it is called (0) and what it is for (1).
    Describe(project::Row),
    /// Shares it: 0 is with whom.
    Share(String, Option<Sharing>),
    /// Makes a repository: 0 is its name.
    Repository(String),
    /// Gives a role: 0 are names, 1 is their kind, 2 the role.
    Add(String),
    /// Gives another role: 0 is the role.
    Role(String, Subject, Option<Role>),
    /// Takes the role.
    Remove(String, Subject),
    /// Makes a robot account: 0 is its name, 1 its role.
    Robot(String),
    /// Deletes one.
    DeleteRobot(String, String),
    /// Ends a token.
    Revoke(String, String, robot::Token),
}

/// The roles with their values in a choice, the least first.
pub const ROLES: [(Role, &str); 3] =
    [(Role::Pull, "pull"), (Role::Push, "push"), (Role::Admin, "admin")];

/// With whom projects are shared, with the values in a choice.
pub const SHARINGS: [(Sharing, &str); 3] =
    [(Sharing::Private, "private"), (Sharing::Shared, "shared"), (Sharing::Anonymous, "anonymous")];

/// The kinds of members, with the values in a choice.
pub const KINDS: [(SubjectKind, &str); 3] =
    [(SubjectKind::User, "user"), (SubjectKind::Group, "group"), (SubjectKind::Robot, "robot")];

/// What a value of a choice stands for.
pub fn chosen<T: Copy>(choices: &[(T, &str)], value: &str) -> Option<T> {
    choices.iter().find(|(_, name)| *name == value).map(|(choice, _)| *choice)
}

/// The value of a choice; nothing for none.
pub fn value<T: PartialEq>(choices: &[(T, &'static str)], of: Option<T>) -> &'static str {
    let of = of.as_ref();
    choices.iter().find(|(choice, _)| Some(choice) == of).map_or("", |(_, value)| value)
}

impl Change {
    /// What is filled in at first.
    pub fn first(&self) -> [&str; 3] {
        match self {
            Self::Describe(row) => [
                row.display_name.as_deref().unwrap_or_default(),
                row.description.as_deref().unwrap_or_default(),
                "",
            ],
            Self::Share(_, sharing) => [value(&SHARINGS, *sharing), "", ""],
            Self::Add(_) => ["", "user", "pull"],
            Self::Role(_, _, role) => [value(&ROLES, *role), "", ""],
            Self::Robot(_) => ["", "pull", ""],
            _ => [""; 3],
        }
    }

    /// What is wrong with the first of what is filled in. On OpenShift projects have rules that
    /// other namespaces do not have.
    pub fn mistake(&self, values: [&str; 3], openshift: bool) -> Option<NameError> {
        let first = values[0];
        match self {
            Self::Create if openshift => valid_project_name(first).err(),
            Self::Create => valid_namespace_name(first).err(),
            Self::Describe(_) => valid_display_name(first).err(),
            Self::Repository(project) => valid_repository_name(project, first).err(),
            Self::Add(project) => {
                members(project, values).iter().find_map(|member| valid_subject(member).err())
            }
            Self::Robot(_) => valid_robot_name(first).err(),
            _ => None,
        }
    }

    /// What the bridge is to do, once all that it needs is filled in.
    pub fn wish(&self, values: [&str; 3], openshift: bool, agreed: Agreed) -> Option<Wish> {
        if self.mistake(values, openshift).is_some() {
            return None;
        }
        let [first, second, third] = values;
        let grant = |project: &str, subjects: Vec<Subject>, role: Option<Role>| {
            Wish::of::<grant::Grant>(&grant::Params {
                project: project.to_owned(),
                subjects,
                role,
                agreed: agreed.creates,
                even_own: agreed.own,
            })
        };
        Some(match self {
            Self::Create => Wish::of::<project::CreateProject>(&Wording {
                name: first.to_owned(),
                display_name: filled(second),
                description: filled(third),
            }),
            Self::Describe(row) => Wish::of::<project::ChangeProject>(&Wording {
                name: row.name.clone(),
                display_name: Some(first.to_owned()),
                description: Some(second.to_owned()),
            }),
            Self::Share(project, _) => Wish::of::<project::Share>(&SharingChoice {
                project: project.clone(),
                sharing: chosen(&SHARINGS, first)?,
                agreed: agreed.creates,
            }),
            Self::Repository(project) => Wish::of::<project::CreateRepository>(&NewRepository {
                name: [project, first].join("/").parse::<RepositoryName>().ok()?,
            }),
            Self::Add(project) => {
                let members = members(project, values);
                if members.is_empty() || members.len() > grant::Params::MAX_SUBJECTS {
                    return None;
                }
                grant(project, members, Some(chosen(&ROLES, third)?))
            }
            Self::Role(project, subject, _) => {
                grant(project, vec![subject.clone()], Some(chosen(&ROLES, first)?))
            }
            Self::Remove(project, subject) => grant(project, vec![subject.clone()], None),
            Self::Robot(project) => Wish::of::<robot::CreateRobot>(&NewRobot {
                project: project.clone(),
                name: first.to_owned(),
                role: chosen(&ROLES, second),
                agreed: agreed.creates,
            }),
            Self::DeleteRobot(project, name) => Wish::of::<robot::DeleteRobot>(&WhichRobot {
                project: project.clone(),
                name: name.clone(),
                agreed: true,
            }),
            Self::Revoke(project, robot, token) => Wish::of::<robot::RevokeToken>(&WhichToken {
                project: project.clone(),
                robot: robot.clone(),
                token: token.name.clone(),
            }),
        })
    }
}

/// Those whose names were typed.
fn members(project: &str, [typed, kind, _]: [&str; 3]) -> Vec<Subject> {
    let member = |name: String| match chosen(&KINDS, kind) {
        Some(SubjectKind::Robot) => match name.split_once('/') {
            Some((project, name)) => Subject::robot(project, name),
            None => Subject::robot(project, name),
        },
        Some(SubjectKind::Group) => Subject::group(name),
        _ => Subject::user(name),
    };
    names(typed).into_iter().map(member).collect()
}

fn filled(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(change: &Change, values: [&str; 3], agreed: Agreed) -> Option<(String, String)> {
        let wish = change.wish(values, true, agreed)?;
        Some((wish.method.to_owned(), wish.params))
    }

    fn params<T: serde::de::DeserializeOwned>(change: &Change, values: [&str; 3]) -> T {
        let wish = change.wish(values, true, Agreed::default()).unwrap();
        crate::json::read(&wish.params).unwrap()
    }

    #[test]
    fn nothing_is_asked_before_the_name_is_one() {
        for name in ["", "-a", "a_b", "Aa"] {
            assert_eq!(sent(&Change::Create, [name, "", ""], Agreed::default()), None, "{name}");
            let robot = Change::Robot("sky".to_owned());
            assert_eq!(sent(&robot, [name, "pull", ""], Agreed::default()), None, "{name}");
        }
        let wording: Wording = params(&Change::Create, ["sky", " Sky Field ", ""]);
        assert_eq!(wording.display_name.as_deref(), Some("Sky Field"));
        assert_eq!(wording.description, None);
        // One character is enough for a namespace.
        assert!(Change::Create.mistake(["s", "", ""], true).is_some());
        assert!(Change::Create.mistake(["s", "", ""], false).is_none());
    }

    #[test]
    fn a_text_that_is_emptied_is_removed() {
        let row = project::Row {
            name: "sky".to_owned(),
            display_name: Some("Sky".to_owned()),
            description: Some("x".to_owned()),
            requester: None,
            created: None,
            sharing: None,
            member_count: None,
            members: Vec::new(),
            repositories: None,
        };
        let change = Change::Describe(row);
        assert_eq!(change.first(), ["Sky", "x", ""]);
        let wording: Wording = params(&change, ["", "y", ""]);
        assert_eq!(wording.display_name.as_deref(), Some(""));
        assert_eq!(wording.description.as_deref(), Some("y"));
    }

    #[test]
    fn several_get_a_role_at_once() {
        let add = Change::Add("sky".to_owned());
        let asked: grant::Params = params(&add, ["jane, josh", "user", "push"]);
        assert_eq!(asked.subjects, [Subject::user("jane"), Subject::user("josh")]);
        assert_eq!(asked.role, Some(Role::Push));
        let asked: grant::Params = params(&add, ["ci,other/bot", "robot", "pull"]);
        assert_eq!(asked.subjects, [Subject::robot("sky", "ci"), Subject::robot("other", "bot")]);
        assert_eq!(sent(&add, [" , ", "user", "pull"], Agreed::default()), None);
        assert_eq!(sent(&add, ["jane", "user", ""], Agreed::default()), None);
        let many = (0..=500).map(|idx| format!("x{idx}")).collect::<Vec<_>>().join(",");
        assert_eq!(sent(&add, [&many, "user", "pull"], Agreed::default()), None);
    }

    #[test]
    fn only_what_was_agreed_to_is_said_so() {
        let remove = Change::Remove("sky".to_owned(), Subject::user("sarah"));
        let asked: grant::Params = params(&remove, [""; 3]);
        assert!(asked.role.is_none() && !asked.agreed && !asked.even_own);
        let agreed = Agreed { creates: false, own: true };
        let wish = remove.wish([""; 3], true, agreed).unwrap();
        let asked: grant::Params = crate::json::read(&wish.params).unwrap();
        assert!(asked.even_own && !asked.agreed);
    }

    #[test]
    fn sharing_is_chosen_before_it_is_changed() {
        // What it is now cannot be read: nothing is chosen at first.
        let share = Change::Share("sky".to_owned(), None);
        assert_eq!(sent(&share, share.first(), Agreed::default()), None);
        let asked: SharingChoice = params(&share, ["anonymous", "", ""]);
        assert_eq!(asked.sharing, Sharing::Anonymous);
    }
}
