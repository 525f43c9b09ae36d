// SPDX-License-Identifier: LGPL-2.1-or-later

//! A big cluster: 2,000 projects, 5,000 users, 300 groups of 500 members and 20,000 bindings.

use std::cell::Cell;
use std::mem::size_of;

use images_proto::people::{self, Identity};
use images_proto::project;
use images_proto::project::{Window, Within};
use images_proto::subject::{Subject, SubjectKind, Verb};

use super::lens::Lens;
use super::people::People;
use super::project::Project;
use super::projects::Projects;
use super::reach::Reach;
use super::{LiveView, Outside};
use crate::facts::{self, Binding, Fact, Group, Kind, Robot, RoleRef, User};
use crate::model::role_fact;
use crate::names::NameId;
use crate::roster::Place;
use crate::who::Who;
use crate::{Coverage, Roster, Scope, roster};

const PROJECTS: usize = 2_000;
const USERS: usize = 5_000;
const GROUPS: usize = 300;
const MEMBERS: usize = 500;

fn user(number: usize) -> String {
    format!("user-{}@example.com", number % USERS)
}

fn big() -> Roster {
    let mut roster = Roster::default();
    roster.set_about(Some(true), true);
    roster.set_me(Some(&user(0)), vec!["system:authenticated".into()]);
    for kind in [Kind::Project, Kind::User, Kind::Group, Kind::Role, Kind::Binding, Kind::Robot] {
        roster.set_coverage(kind, Scope::Cluster, Coverage::Whole);
        roster.set_coverage(kind, Scope::Everywhere, Coverage::Whole);
    }
    roster.put(role_fact(None, "registry-viewer", &[Verb::See, Verb::Pull], false));
    roster.put(role_fact(None, "registry-editor", &Verb::ALL, false));
    roster.put(role_fact(None, "admin", &Verb::ALL, true));
    roster.put(role_fact(None, "system:image-puller", &[Verb::Pull], false));
    for role in 0..250 {
        roster.put(role_fact(None, &format!("system:role-{role}"), &[], false));
    }
    for number in 0..USERS {
        roster.put(Fact::User(User {
            name: user(number),
            full_name: Some(format!("Somebody of Number {number}")),
            created: Some(number as i64),
            identities: vec![Identity { provider: "ldap".into(), name: user(number) }],
        }));
    }
    for number in 0..GROUPS {
        roster.put(Fact::Group(Group {
            name: format!("group-{number}"),
            users: (0..MEMBERS).map(|member| user(number * 17 + member)).collect(),
            ..Group::default()
        }));
    }
    for number in 0..PROJECTS {
        let name = format!("project-{number}");
        roster.put(Fact::Project(facts::Project {
            name: name.clone(),
            display_name: Some(format!("The project of number {number}")),
            requester: Some(user(number)),
            ..facts::Project::default()
        }));
        for robot in ["default", "builder", "deployer"] {
            roster.put(Fact::Robot(Robot {
                project: name.clone(),
                name: robot.to_owned(),
                created: None,
                system: true,
            }));
        }
        let mut bind = |binding: String, role: &str, subjects: Vec<Subject>| {
            let role = RoleRef { cluster: true, name: role.to_owned() };
            let project = Some(name.clone());
            roster.put(Fact::Binding(Binding { project, name: binding, role, subjects }));
        };
        let robots = Subject::group(format!("system:serviceaccounts:{name}"));
        bind("system:image-pullers".into(), "system:image-puller", vec![robots]);
        let builder = Subject::robot(&name, "builder");
        bind("system:image-builders".into(), "system:role-1", vec![builder]);
        bind("system:deployers".into(), "system:role-2", vec![Subject::robot(&name, "deployer")]);
        bind("admin".into(), "admin", vec![Subject::user(user(number))]);
        let group = Subject::group(format!("group-{}", number % GROUPS));
        bind("registry-viewer".into(), "registry-viewer", vec![group]);
        for more in 0..5 {
            let subjects = (0..3).map(|one| Subject::user(user(number * 7 + more * 31 + one)));
            bind(format!("registry-editor-{more}"), "registry-editor", subjects.collect());
        }
    }
    for number in 0..250 {
        roster.put(Fact::Binding(Binding {
            project: None,
            name: format!("system:binding-{number}"),
            role: RoleRef { cluster: true, name: format!("system:role-{number}") },
            subjects: vec![Subject::robot("kube-system", format!("controller-{number}"))],
        }));
    }
    roster
}

#[test]
fn only_the_window_is_looked_at_closely() {
    let roster = big();
    let looked_at = Cell::new(0);
    let repositories = |_: &str| {
        looked_at.set(looked_at.get() + 1);
        None
    };
    let outside = Outside { repositories: &repositories };
    let list = Projects::new(Window::default()).render(&roster, &outside);
    assert_eq!((list.total as usize, list.rows.len(), looked_at.get()), (PROJECTS, 50, 50));
    let window = Window { offset: 0, limit: u32::MAX, filter: String::new() };
    let list = Projects::new(window).render(&roster, &outside);
    assert_eq!((list.rows.len(), looked_at.get()), (500, 550));
}

/// Bytes of what is kept for each object, with a third more for the room in maps and trees.
fn bytes(roster: &Roster) -> usize {
    let texts = |texts: &[&Option<String>]| -> usize {
        texts.iter().map(|text| text.as_ref().map_or(0, |text| text.capacity() + 16)).sum()
    };
    let projects = roster.projects.values().map(|project| {
        let facts::Project { name, display_name, description, requester, .. } = project;
        size_of::<(NameId, facts::Project)>()
            + name.capacity()
            + texts(&[display_name, description, requester])
    });
    let users = roster.users.values().map(|user| {
        let identities = user.identities.iter().map(|identity| {
            size_of::<Identity>() + identity.provider.capacity() + identity.name.capacity() + 48
        });
        size_of::<(NameId, User)>()
            + user.name.capacity()
            + texts(&[&user.full_name])
            + identities.sum::<usize>()
    });
    let groups = roster.groups.values().map(|group| {
        size_of::<(NameId, roster::Group)>() + group.users.len() * size_of::<NameId>()
    });
    let bindings = roster.bindings.values().map(|binding| {
        size_of::<(Place, roster::Binding)>() + 16 + binding.subjects.len() * size_of::<Who>()
    });
    let objects = projects.chain(users).chain(groups).chain(bindings).sum::<usize>();
    let ways_back = roster.bound.len() * size_of::<(Who, Place)>()
        + roster.memberships.len() * size_of::<(NameId, NameId)>()
        + roster.mentions.len() * size_of::<(Who, u32)>()
        + roster.robots.len() * size_of::<(Place, roster::Robot)>();
    (objects + ways_back + roster.names.bytes()) * 4 / 3
}

#[test]
fn a_big_cluster_is_small() {
    let mut roster = big();
    assert_eq!((roster.bindings.len(), roster.memberships.len()), (20_250, GROUPS * MEMBERS));
    let before = bytes(&roster);
    assert!(before < 12 << 20, "{before} bytes");
    // The same again, and somebody in and out of a group: nothing is kept twice.
    let group = |users: &[String]| {
        Fact::Group(Group { name: "group-0".into(), users: users.to_vec(), ..Group::default() })
    };
    for number in 0..100 {
        roster.put(group(&[user(number)]));
    }
    assert!(bytes(&roster) <= before);
}

#[test]
#[ignore = "prints how long the first windows take; run it with --release"]
fn first_windows() {
    let started = std::time::Instant::now();
    let roster = big();
    println!("{:>10.1?} to fill it", started.elapsed());
    println!("{:>10} bytes", bytes(&roster));
    let outside = Outside { repositories: &|_| None };
    let time = |name: &str, look: &dyn Fn() -> u32| {
        let looked = (0..50).map(|_| {
            let started = std::time::Instant::now();
            let total = look();
            (started.elapsed(), total)
        });
        let (best, total) = looked.min().unwrap();
        println!("{best:>10.1?} {name} of {total}");
    };
    for filter in ["", "number 1"] {
        let window = || Window { filter: filter.to_owned(), ..Window::default() };
        let name = |name: &str| format!("{name} {filter:?}");
        time(&name("projects"), &|| Projects::new(window()).render(&roster, &outside).total);
        let params = || project::Params { name: "project-7".into(), window: window() };
        time(&name("project"), &|| Project::new(params()).render(&roster, &outside).total);
        for kind in [SubjectKind::User, SubjectKind::Group] {
            let params = || people::Params { kind, window: window() };
            time(&name("people"), &|| People::new(params()).render(&roster, &outside).total);
        }
        let params = || Within { project: "project-7".into(), window: window() };
        time(&name("lens"), &|| Lens::new(params()).render(&roster, &outside).total);
        let whose = || people::Which { subject: Subject::user(user(7)), window: window() };
        time(&name("reach"), &|| Reach::new(whose()).render(&roster, &outside).total);
    }
}
