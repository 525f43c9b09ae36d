// SPDX-License-Identifier: LGPL-2.1-or-later

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use images_proto::project::{Sharing, Window, Within};
use images_proto::subject::{Role, Subject, SubjectKind, Verb};
use images_proto::{Code, Failure, Method, lens, people, project, robot};
use proptest::prelude::*;

use super::lens::{Allowed, Asked, Lens};
use super::people::People;
use super::person::Person;
use super::project::Project;
use super::projects::Projects;
use super::reach::Reach;
use super::robots::Robots;
use super::{LiveView, Outside};
use crate::Roster;
use crate::facts::{self, Binding, Fact, Group, Kind, Robot, RoleRef, Token, User};
use crate::model::{PROJECTS, cluster, everybody, role_fact};
use crate::{Coverage, Scope};

fn look<V: LiveView>(
    roster: &Roster,
    params: <V::Method as Method>::Params,
) -> <V::Method as Method>::Answer {
    V::new(params).render(roster, &Outside { repositories: &|name| Some(name.len() as u32) })
}

fn all() -> Window {
    Window { limit: 500, ..Window::default() }
}

fn filter(text: &str) -> Window {
    Window { filter: text.to_owned(), ..all() }
}

fn project(roster: &Roster, name: &str) -> project::View {
    look::<Project>(roster, project::Params { name: name.to_owned(), window: all() })
}

fn lens(roster: &Roster, name: &str) -> lens::View {
    look::<Lens>(roster, Within { project: name.to_owned(), window: all() })
}

fn people(roster: &Roster, kind: SubjectKind, window: Window) -> people::List {
    look::<People>(roster, people::Params { kind, window })
}

fn put_binding(roster: &mut Roster, project: Option<&str>, name: &str, subjects: &[Subject]) {
    roster.put(Fact::Binding(Binding {
        project: project.map(str::to_owned),
        name: format!("{name}-{}", roster.generation()),
        role: RoleRef { cluster: true, name: name.to_owned() },
        subjects: subjects.to_vec(),
    }));
}

fn cover_all(roster: &mut Roster) {
    for kind in [
        Kind::Project,
        Kind::User,
        Kind::Group,
        Kind::Robot,
        Kind::Token,
        Kind::Role,
        Kind::Binding,
    ] {
        roster.set_coverage(kind, Scope::Cluster, Coverage::Whole);
        roster.set_coverage(kind, Scope::Everywhere, Coverage::Whole);
    }
}

fn named_project(name: &str) -> Fact {
    Fact::Project(facts::Project { name: name.to_owned(), ..facts::Project::default() })
}

/// Sarah's project skyfield, as OpenShift makes one, and its people.
fn skyfield() -> Roster {
    let mut roster = Roster::default();
    roster.set_about(Some(true), true);
    roster.put(Fact::Project(facts::Project {
        name: "skyfield".into(),
        display_name: Some("Codename Skyfield".into()),
        ..facts::Project::default()
    }));
    roster.put(role_fact(None, "registry-viewer", &[Verb::See, Verb::Pull], false));
    roster.put(role_fact(None, "registry-editor", &Verb::ALL, false));
    roster.put(role_fact(None, "admin", &Verb::ALL, true));
    roster.put(role_fact(None, "system:image-puller", &[Verb::Pull], false));
    for (name, full_name) in [("josh", "Joshua"), ("eric", "Eric"), ("jane", "Jane Doe")] {
        let full_name = Some(full_name.to_owned());
        roster.put(Fact::User(User { name: name.into(), full_name, ..User::default() }));
    }
    roster.put(Fact::Group(Group {
        name: "QA".into(),
        users: vec!["greg".into(), "jane".into()],
        filled_by: Some("ldap.example.com".into()),
        ..Group::default()
    }));
    roster.put(Fact::Robot(Robot {
        project: "skyfield".into(),
        name: "ci".into(),
        ..Robot::default()
    }));
    let robots = Subject::group("system:serviceaccounts:skyfield");
    let here = Some("skyfield");
    put_binding(&mut roster, here, "admin", &[Subject::user("sarah@example.com")]);
    put_binding(&mut roster, here, "system:image-puller", &[robots]);
    put_binding(&mut roster, here, "registry-viewer", &[Subject::group("QA")]);
    let editors = [
        Subject::user("josh"),
        Subject::user("system:serviceaccount:skyfield:ci"),
        Subject::robot("other", "gone"),
    ];
    put_binding(&mut roster, here, "registry-editor", &editors);
    put_binding(&mut roster, here, "registry-viewer", &editors[..2]);
    cover_all(&mut roster);
    roster
}

#[test]
fn a_project_shows_its_members_and_who_is_known() {
    let roster = skyfield();
    let view = project(&roster, "skyfield");
    let row = view.project.unwrap();
    assert_eq!((row.sharing, row.member_count), (Some(Sharing::Private), Some(4)));
    assert_eq!(
        row.members,
        [Subject::user("josh"), Subject::group("QA"), Subject::robot("skyfield", "ci")]
    );
    assert_eq!(row.repositories, Some(8));
    let members: Vec<_> = view
        .members
        .iter()
        .map(|member| (&member.subject.name[..], member.role, member.known, member.size))
        .collect();
    assert_eq!(
        members,
        [
            ("josh", Some(Role::Push), Some(true), None),
            ("sarah@example.com", None, Some(false), None),
            ("QA", Some(Role::Pull), Some(true), Some(2)),
            ("system:serviceaccounts:skyfield", None, Some(true), None),
            ("ci", Some(Role::Push), Some(true), None),
            ("gone", Some(Role::Push), Some(false), None),
        ]
    );
    assert_eq!(view.members[0].full_name.as_deref(), Some("Joshua"));
    assert_eq!(view.members[1].others, ["admin"]);
    assert!(!view.about.reading && view.about.unread.is_empty());
    let params = project::Params { name: "skyfield".into(), window: filter("JOSHUA") };
    assert_eq!(look::<Project>(&roster, params).total, 1);
    assert!(project(&roster, "nowhere").project.is_none());
}

#[test]
fn what_was_not_read_is_unknown_and_not_zero() {
    let mut roster = skyfield();
    for scope in [Scope::Everywhere, Scope::Project("skyfield".into())] {
        let failure = Failure::new(Code::Forbidden, "You may not list role bindings.");
        roster.set_coverage(Kind::Binding, scope, Coverage::Refused(failure));
    }
    roster.set_coverage(Kind::User, Scope::Cluster, Coverage::Reading);
    let view = project(&roster, "skyfield");
    let row = view.project.unwrap();
    assert_eq!((row.sharing, row.member_count), (None, None));
    assert!(row.members.is_empty());
    assert_eq!(view.members[1].known, None, "she may still come");
    assert!(view.about.reading);
    assert_eq!(view.about.unread.len(), 1);
    let list = look::<Projects>(&roster, all());
    assert_eq!((list.rows[0].member_count, list.about.unread.len()), (None, 1));
    assert!(!list.about.reading);
    assert_eq!(people(&roster, SubjectKind::User, all()).rows[0].projects, None);
    // On plain Kubernetes nobody lists users.
    roster.set_about(Some(false), false);
    let view = project(&roster, "skyfield");
    assert_eq!((view.members[1].known, view.about.reading), (None, false));
}

#[test]
fn sharing_is_told_apart_from_members() {
    let mut roster = skyfield();
    let sharing = |roster: &Roster| {
        let view = project(roster, "skyfield");
        let row = view.project.unwrap();
        let everybody = view.members.iter().filter(|member| {
            ["system:authenticated", "system:unauthenticated"].contains(&&member.subject.name[..])
        });
        (row.sharing, row.member_count, everybody.count(), view.shared_anyway)
    };
    let (logged_in, anybody) =
        (Subject::group("system:authenticated"), Subject::group("system:unauthenticated"));
    let here = Some("skyfield");
    put_binding(&mut roster, here, "registry-viewer", std::slice::from_ref(&logged_in));
    assert_eq!(sharing(&roster), (Some(Sharing::Shared), Some(4), 0, None));
    put_binding(&mut roster, here, "registry-viewer", &[logged_in.clone(), anybody]);
    assert_eq!(sharing(&roster), (Some(Sharing::Anonymous), Some(4), 0, None));
    put_binding(&mut roster, here, "registry-editor", std::slice::from_ref(&logged_in));
    let (_, count, everybody, anyway) = sharing(&roster);
    assert_eq!((count, everybody, anyway), (Some(4), 1, None), "pushing is more than sharing");
    put_binding(&mut roster, here, "system:image-puller", std::slice::from_ref(&logged_in));
    let anyway = sharing(&roster).3.unwrap();
    assert_eq!((&anyway.role[..], anyway.project.as_deref()), ("system:image-puller", here));
    assert_eq!(anyway.group.as_deref(), Some("system:authenticated"));
    let mut roster = skyfield();
    put_binding(&mut roster, None, "registry-viewer", &[logged_in]);
    let (shared, _, _, anyway) = sharing(&roster);
    assert_eq!((shared, anyway.unwrap().project), (Some(Sharing::Private), None));
}

#[test]
fn projects_are_found_by_what_they_are_called_and_stand_in_natural_order() {
    let mut roster = skyfield();
    for name in ["p10", "p9", "P"] {
        roster.put(named_project(name));
    }
    roster.put(Fact::Project(facts::Project {
        name: "going".into(),
        terminating: true,
        ..facts::Project::default()
    }));
    let names = |window| {
        let list = look::<Projects>(&roster, window);
        let names: Vec<_> = list.rows.into_iter().map(|row| row.name).collect();
        (names, list.total)
    };
    assert_eq!(names(all()).0, ["P", "p9", "p10", "skyfield"]);
    assert_eq!(names(filter("codeNAME")).0, ["skyfield"]);
    let window = Window { offset: 1, limit: 2, ..Window::default() };
    assert_eq!(names(window), (vec!["p9".to_owned(), "p10".to_owned()], 4));
    assert!(project(&roster, "going").project.is_none());
}

#[test]
fn people_are_also_those_that_were_only_named() {
    let mut roster = skyfield();
    let rows = people(&roster, SubjectKind::User, all()).rows;
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (&row.subject.name[..], row.known, row.count, row.projects))
        .collect();
    assert_eq!(
        seen,
        [
            ("eric", Some(true), Some(0), Some(0)),
            ("greg", Some(false), Some(1), Some(0)),
            ("jane", Some(true), Some(1), Some(0)),
            ("josh", Some(true), Some(0), Some(1)),
            ("sarah@example.com", Some(false), Some(0), Some(0)),
        ]
    );
    assert_eq!(rows[1].groups, ["QA"]);
    let groups = people(&roster, SubjectKind::Group, all());
    let [qa] = &groups.rows[..] else { panic!("{groups:?}") };
    assert_eq!((qa.count, qa.projects), (Some(2), Some(1)));
    assert_eq!(qa.filled_by.as_deref(), Some("ldap.example.com"));
    assert_eq!(people(&roster, SubjectKind::User, filter("doe")).total, 1);
    assert_eq!(people(&roster, SubjectKind::Robot, all()).total, 0);
    roster.set_coverage(Kind::Group, Scope::Cluster, Coverage::Reading);
    assert_eq!(people(&roster, SubjectKind::User, all()).rows[0].count, None);
}

#[test]
fn a_person_has_groups_and_a_group_members() {
    let roster = skyfield();
    let person =
        |subject: Subject| look::<Person>(&roster, people::Which { subject, window: all() });
    let names = |view: &people::View| -> Vec<_> {
        view.members.iter().map(|row| (row.subject.name.clone(), row.known)).collect()
    };
    let qa = person(Subject::group("QA"));
    assert_eq!(names(&qa), [("greg".into(), Some(false)), ("jane".into(), Some(true))]);
    let greg = person(Subject::user("greg"));
    assert_eq!(names(&greg), [("QA".into(), Some(true))]);
    assert_eq!(greg.row.unwrap().known, Some(false));
    assert!(person(Subject::user("sarah@example.com")).row.is_some());
    for nobody in [Subject::user("QA"), Subject::group("greg"), Subject::robot("skyfield", "ci")] {
        assert!(person(nobody).row.is_none());
    }
}

#[test]
fn robots_have_roles_and_tokens() {
    let mut roster = skyfield();
    let token = |name: &str, robot: &str, created| {
        Fact::Token(Token {
            project: "skyfield".into(),
            name: name.into(),
            robot: robot.into(),
            created: Some(created),
            ..Token::default()
        })
    };
    roster.put(token("old", "ci", 1));
    roster.put(token("new", "ci", 2));
    roster.put(token("others", "cd", 3));
    let robots = |roster: &Roster| {
        let params = Within { project: "skyfield".into(), window: all() };
        look::<Robots>(roster, params).rows
    };
    let [ci] = &robots(&roster)[..] else { panic!() };
    assert_eq!((&ci.name[..], ci.role), ("ci", Some(Role::Push)));
    let names = |tokens: &[robot::Token]| -> Vec<_> {
        tokens.iter().map(|token| token.name.clone()).collect()
    };
    assert_eq!(names(ci.tokens.as_ref().unwrap()), ["new", "old"]);
    roster.put(token("old", "cd", 1));
    assert_eq!(names(robots(&roster)[0].tokens.as_ref().unwrap()), ["new"]);
    roster.set_coverage(Kind::Token, Scope::Everywhere, Coverage::Reading);
    assert_eq!(robots(&roster)[0].tokens, None);
}

#[test]
fn the_cluster_s_own_answer_comes_before_the_bindings() {
    let roster = skyfield();
    let params = Within { project: "skyfield".into(), window: all() };
    let mut view = Lens::new(params.clone());
    let allowed = Allowed {
        users: ["boss", "system:serviceaccount:skyfield:ci"].map(str::to_owned).into(),
        groups: HashSet::from(["QA".to_owned()]),
    };
    view.set_asked(Some(Asked(HashMap::from([(Verb::Push, allowed)]))));
    let outside = Outside { repositories: &|_| None };
    let answer = view.render(&roster, &outside);
    assert!(answer.asked);
    let push: BTreeMap<_, _> =
        answer.rows.iter().map(|row| (&row.subject.name[..], row.rights.push)).collect();
    assert_eq!(push["boss"], Some(true));
    assert_eq!(push["ci"], Some(true));
    assert_eq!(push["greg"], Some(true), "he is of QA");
    assert_eq!(push["josh"], Some(false), "the bindings say otherwise, the cluster decides");
    let josh = answer.rows.iter().find(|row| row.subject.name == "josh").unwrap();
    assert_eq!(josh.rights.pull, Some(true), "nobody asked for this verb");
    view.set_params(Within { project: "other".into(), ..params });
    assert!(!view.render(&roster, &outside).asked);
}

proptest! {
    #[test]
    fn the_lens_is_what_the_access_reviews_say(model in cluster()) {
        let roster = model.roster();
        for name in PROJECTS {
            let view = lens(&roster, name);
            prop_assert!(!view.about.reading);
            let rows: BTreeMap<_, _> =
                view.rows.iter().map(|row| (row.subject.clone(), row)).collect();
            prop_assert_eq!(rows.len(), view.rows.len());
            let reached = model.reached(name);
            prop_assert!(rows.keys().eq(&reached), "{:?} {:?}", rows.keys(), reached);
            for (subject, row) in rows {
                for verb in Verb::ALL {
                    let may = model.may(&subject, name, verb);
                    match row.rights.get(verb) {
                        Some(told) => prop_assert_eq!(told, may),
                        None => prop_assert!(
                            !model.openshift && subject.kind == SubjectKind::User && !may
                        ),
                    }
                }
            }
        }
    }

    #[test]
    fn a_reach_is_what_the_access_reviews_say(model in cluster()) {
        let roster = model.roster();
        for subject in everybody() {
            let whose = people::Which { subject: subject.clone(), window: all() };
            let view = look::<Reach>(&roster, whose);
            let reached: BTreeSet<_> = view.rows.iter().map(|row| &row.project[..]).collect();
            let mut expected = model.projects();
            expected.retain(|project| model.reaches(&subject, project));
            prop_assert_eq!(reached, expected);
            for row in &view.rows {
                for verb in Verb::ALL {
                    let may = model.may(&subject, &row.project, verb);
                    prop_assert_eq!(row.rights.get(verb).unwrap_or_default(), may);
                }
            }
        }
    }

    #[test]
    fn members_are_the_subjects_of_the_bindings(model in cluster()) {
        let roster = model.roster();
        for name in PROJECTS.into_iter().filter(|name| model.projects().contains(name)) {
            let view = project(&roster, name);
            let row = view.project.unwrap();
            let mut expected = model.members(name);
            let role = |who: &str| expected.get(&Subject::group(who)).and_then(|member| member.0);
            let everybody = ["system:authenticated", "system:unauthenticated"];
            let sharing = match everybody.map(role) {
                [_, Some(_)] => Sharing::Anonymous,
                [Some(_), None] => Sharing::Shared,
                [None, None] => Sharing::Private,
            };
            prop_assert_eq!(row.sharing, Some(sharing));
            let is_shared = |who: &Subject| {
                who.kind == SubjectKind::Group && everybody.contains(&&who.name[..])
            };
            let ours = expected.iter().filter(|(who, member)| {
                member.0.is_some() && !is_shared(who)
            });
            prop_assert_eq!(row.member_count, Some(ours.count() as u32));
            expected.retain(|who, (role, others)| {
                !(is_shared(who) && *role == Some(Role::Pull) && others.is_empty())
            });
            let members: BTreeMap<_, _> = view
                .members
                .into_iter()
                .map(|member| (member.subject, (member.role, member.others.into_iter().collect())))
                .collect();
            prop_assert_eq!(members, expected);
        }
    }
}
