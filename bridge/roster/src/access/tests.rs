// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::subject::Verb;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::facts::{Binding, Fact, Group, RoleRef};
use crate::model::{Model, PROJECTS, cluster, everybody, role_fact, scope_of, scopes};
use crate::{Coverage, Roster, Scope};

fn binding(project: Option<&str>, name: &str, role: &str, subjects: &[Subject]) -> Fact {
    Fact::Binding(Binding {
        project: project.map(str::to_owned),
        name: name.to_owned(),
        role: RoleRef { cluster: true, name: role.to_owned() },
        subjects: subjects.to_vec(),
    })
}

/// QA may pull from skyfield, and greg is of QA.
fn skyfield() -> Roster {
    let mut roster = Roster::default();
    roster.set_about(Some(true), true);
    roster.put(role_fact(None, "registry-viewer", &[Verb::See, Verb::Pull], false));
    roster.put(role_fact(None, "registry-admin", &Verb::ALL, true));
    roster.put(Fact::Group(Group {
        name: "QA".into(),
        users: vec!["greg".into()],
        ..Group::default()
    }));
    roster.put(binding(Some("skyfield"), "viewers", "registry-viewer", &[Subject::group("QA")]));
    roster
}

fn cover(roster: &mut Roster) {
    for kind in [Kind::Role, Kind::Binding, Kind::Group] {
        roster.set_coverage(kind, Scope::Cluster, Coverage::Whole);
        roster.set_coverage(kind, Scope::Everywhere, Coverage::Whole);
    }
}

#[test]
fn a_known_right_is_known_and_a_missing_one_only_when_all_was_read() {
    let mut roster = skyfield();
    let greg = Subject::user("greg");
    let (rights, via) = roster.rights("skyfield", &greg);
    assert_eq!((rights.see, rights.pull), (Some(true), Some(true)));
    assert_eq!((rights.push, rights.delete), (None, None));
    let [via] = &via[..] else { panic!("{via:?}") };
    assert_eq!((&via.binding[..], via.group.as_deref()), ("viewers", Some("QA")));
    assert_eq!(via.verbs, [Verb::See, Verb::Pull]);
    cover(&mut roster);
    let (rights, _) = roster.rights("skyfield", &greg);
    assert_eq!((rights.push, rights.delete), (Some(false), Some(false)));
    assert_eq!(roster.rights("elsewhere", &greg).0.pull, Some(false));
    roster.set_coverage(Kind::Group, Scope::Cluster, Coverage::Reading);
    assert_eq!(roster.rights("skyfield", &greg).0.push, None, "another group may give it");
    assert_eq!(roster.rights("skyfield", &Subject::group("QA")).0.push, Some(false));
    assert_eq!(roster.rights("skyfield", &Subject::robot("skyfield", "ci")).0.push, Some(false));
}

#[test]
fn a_role_that_was_not_read_may_give_anything_and_a_missing_one_nothing() {
    let mut roster = skyfield();
    cover(&mut roster);
    let jane = Subject::user("jane");
    roster.put(binding(Some("skyfield"), "b", "nosuch", std::slice::from_ref(&jane)));
    let (rights, via) = roster.rights("skyfield", &jane);
    assert!(rights.pull == Some(false) && via.is_empty());
    roster.set_coverage(Kind::Role, Scope::Cluster, Coverage::Reading);
    let (rights, via) = roster.rights("skyfield", &jane);
    assert!(rights.pull.is_none() && via.len() == 1 && via[0].verbs.is_empty());
}

#[test]
fn a_project_s_role_in_a_cluster_binding_gives_nothing() {
    let mut roster = skyfield();
    cover(&mut roster);
    let jane = Subject::user("jane");
    roster.put(role_fact(Some("skyfield"), "own", &Verb::ALL, true));
    let own = |project: Option<&str>, name: &str| {
        Fact::Binding(Binding {
            project: project.map(str::to_owned),
            name: name.to_owned(),
            role: RoleRef { cluster: false, name: "own".into() },
            subjects: vec![jane.clone()],
        })
    };
    roster.put(own(None, "b"));
    roster.put(own(Some("other"), "b"));
    assert_eq!(roster.rights("skyfield", &jane).0.pull, Some(false));
    assert_eq!(roster.rights("other", &jane).0.pull, Some(false), "the role is of skyfield");
    roster.put(own(Some("skyfield"), "b"));
    assert_eq!(roster.rights("skyfield", &jane).0.delete, Some(true));
}

#[test]
fn the_user_s_groups_are_what_the_cluster_says() {
    let mut roster = skyfield();
    cover(&mut roster);
    roster.set_about(Some(true), false);
    let jane = Subject::user("jane");
    assert_eq!(roster.rights("skyfield", &jane).0.push, None, "her certificate may name a group");
    roster.set_me(Some("jane"), vec!["QA".into(), "system:authenticated".into()]);
    let (rights, via) = roster.rights("skyfield", &jane);
    assert_eq!((rights.pull, rights.push), (Some(true), Some(false)));
    assert_eq!(via[0].group.as_deref(), Some("QA"));
    assert_eq!(roster.groups_of(&jane), ["QA", "system:authenticated"]);
    roster.set_me(Some("root"), vec!["system:masters".into()]);
    assert_eq!(roster.rights("anywhere", &Subject::user("root")).0.delete, Some(true));
}

#[test]
fn the_last_right_to_give_roles_is_noticed() {
    let mut roster = skyfield();
    let (me, other) = (Subject::user("sarah"), Subject::user("josh"));
    let lose = |roster: &Roster, who: &Subject, role| {
        roster.would_lose_grants("skyfield", std::slice::from_ref(who), role)
    };
    assert_eq!(lose(&roster, &me, None), None, "nobody said who the user is");
    roster.set_me(Some("sarah"), vec!["system:authenticated".into()]);
    let both = [me.clone(), other.clone()];
    roster.put(binding(Some("skyfield"), "admins", "registry-admin", &both));
    assert_eq!(lose(&roster, &me, None), None, "the cluster's bindings were not read");
    assert_eq!(lose(&roster, &other, None), Some(false));
    cover(&mut roster);
    assert_eq!(lose(&roster, &me, None), Some(true));
    assert_eq!(lose(&roster, &me, Some(Role::Push)), Some(true));
    assert_eq!(lose(&roster, &me, Some(Role::Admin)), Some(false));
    assert_eq!(roster.would_lose_grants("other", &both, None), Some(false));
    let all = Subject::group("system:authenticated");
    assert_eq!(lose(&roster, &all, Some(Role::Admin)), Some(false));
    roster.put(binding(None, "all", "registry-admin", &[all]));
    assert_eq!(lose(&roster, &me, None), Some(false), "the cluster gives it too");
}

#[test]
fn our_roles_are_known_by_name_where_roles_cannot_be_read() {
    let mut roster = Roster::default();
    roster.set_about(Some(true), true);
    roster.set_me(Some("sarah"), Vec::new());
    roster.set_coverage(Kind::Binding, Scope::Cluster, Coverage::Whole);
    roster.set_coverage(Kind::Binding, Scope::Project("p".into()), Coverage::Whole);
    let me = Subject::user("sarah");
    let grants = |roster: &Roster| roster.may_grant("p", &me);
    roster.put(binding(Some("p"), "b", "registry-editor", std::slice::from_ref(&me)));
    assert_eq!(grants(&roster), Some(false));
    roster.put(binding(Some("p"), "b", "edit", std::slice::from_ref(&me)));
    assert_eq!(grants(&roster), None);
    roster.put(binding(Some("p"), "b", "registry-admin", std::slice::from_ref(&me)));
    assert_eq!(grants(&roster), Some(true));
}

/// What somebody was able to read of a cluster: some lists wholly, of others some objects.
fn glimpse(model: &Model, whole: &[bool], seen: &[bool]) -> Roster {
    let mut roster = Roster::default();
    roster.set_about(Some(true), model.openshift);
    let scopes = scopes();
    for ((kind, scope), is_whole) in scopes.iter().zip(whole) {
        let coverage = if *is_whole { Coverage::Whole } else { Coverage::Reading };
        roster.set_coverage(*kind, scope.clone(), coverage);
    }
    for ((key, thing), is_seen) in model.things.iter().zip(seen.iter().cycle()) {
        let place = scopes.iter().position(|scope| *scope == scope_of(key));
        if *is_seen || place.is_none_or(|place| whole[place]) {
            roster.put(thing.fact());
        }
    }
    roster
}

proptest! {
    #[test]
    fn rights_are_what_the_rules_say(model in cluster()) {
        let mut roster = model.roster();
        // Where the cluster keeps no groups, memberships are known of the user alone.
        for subject in everybody() {
            if !model.openshift {
                let name = Named::of(&subject).user_name();
                roster.set_me(name.as_deref(), Vec::new());
            }
            for project in PROJECTS {
                let (rights, via) = roster.rights(project, &subject);
                for verb in Verb::ALL {
                    let may = model.may(&subject, project, verb);
                    prop_assert_eq!(rights.get(verb), Some(may), "{:?} {}", subject, project);
                    let is_told = via.iter().any(|via| via.verbs.contains(&verb));
                    let is_master = Named::of(&subject) == Named::group(MASTERS);
                    prop_assert!(is_told == may || is_master);
                }
                for via in via {
                    let is_there = |binding: &&Binding| {
                        binding.name == via.binding && binding.project == via.project
                    };
                    prop_assert!(model.holding(project).any(|binding| is_there(&binding)));
                }
                let may = model.may_grant(&subject, project);
                prop_assert_eq!(roster.may_grant(project, &subject), Some(may));
            }
        }
    }

    #[test]
    fn what_was_not_read_is_never_guessed(
        model in cluster(),
        whole in prop::collection::vec(any::<bool>(), scopes().len()),
        seen in prop::collection::vec(any::<bool>(), 1..20),
    ) {
        let roster = glimpse(&model, &whole, &seen);
        for subject in everybody() {
            for project in PROJECTS {
                let (rights, _) = roster.rights(project, &subject);
                for verb in Verb::ALL {
                    if let Some(may) = rights.get(verb) {
                        prop_assert_eq!(may, model.may(&subject, project, verb));
                    }
                }
                if let Some(may) = roster.may_grant(project, &subject) {
                    prop_assert_eq!(may, model.may_grant(&subject, project));
                }
            }
        }
    }

    #[test]
    fn the_last_right_is_as_if_it_was_done(
        model in cluster(),
        whole in prop::collection::vec(prop::bool::weighted(0.9), scopes().len()),
        seen in prop::collection::vec(any::<bool>(), 1..20),
        me in select(everybody()).prop_filter("a user", |who| who.kind != SubjectKind::Group),
        subjects in prop::collection::vec(select(everybody()), 1..3),
        role in prop_oneof![
            Just(None),
            select(vec![Role::Pull, Role::Push, Role::Admin]).prop_map(Some)
        ],
    ) {
        let mut roster = glimpse(&model, &whole, &seen);
        roster.set_me(Named::of(&me).user_name().as_deref(), Vec::new());
        // The cluster says the groups of whoever asks.
        let groups = model.roster().groups_of(&me);
        roster.set_me(Named::of(&me).user_name().as_deref(), groups);
        for project in PROJECTS {
            let expected = model.may_grant(&me, project)
                && !model.after(project, &subjects, role).may_grant(&me, project);
            let answer = roster.would_lose_grants(project, &subjects, role);
            if whole.iter().all(|is_whole| *is_whole) {
                prop_assert_eq!(answer, Some(expected));
            } else if let Some(answer) = answer {
                prop_assert_eq!(answer, expected);
            }
        }
    }
}
