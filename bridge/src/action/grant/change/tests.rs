// SPDX-License-Identifier: LGPL-2.1-or-later

use proptest::prelude::*;

use super::*;

const ROLES: [(&str, Option<Role>); 5] = [
    ("registry-viewer", Some(Role::Pull)),
    ("registry-editor", Some(Role::Push)),
    ("registry-admin", Some(Role::Admin)),
    ("cockpit-images-editor", Some(Role::Push)),
    ("edit", None),
];

fn reference(name: &str) -> RoleRef {
    RoleRef { cluster: true, name: name.to_owned() }
}

fn binding(name: &str, role: &str, subjects: &[Subject]) -> RoleBinding {
    RoleBinding::new("sky", name, &reference(role), subjects)
}

fn change<'a>(subjects: &'a [Subject], role: Option<usize>) -> Change<'a> {
    let role = role.and_then(|idx| Some((ROLES[idx].1?, reference(ROLES[idx].0))));
    Change { project: "sky", subjects, role, tool: Tool::Oc }
}

/// The steps, in words, and what is there in the end.
fn steps(change: &Change<'_>, bindings: &mut Vec<RoleBinding>) -> Vec<String> {
    let mut steps = Vec::new();
    while let Some(step) = change.next(bindings) {
        let name = match &step {
            Step::Create(binding, _)
            | Step::Add(binding, _)
            | Step::Remove(binding, _)
            | Step::Delete(binding, _) => binding.name().to_owned(),
        };
        steps.push(format!("{} {name}", step.verb()));
        step.apply(bindings);
    }
    steps
}

#[test]
fn the_new_role_comes_before_the_old_one_goes() {
    let (amy, bob) = (Subject::user("amy"), Subject::user("bob"));
    let mut bindings = vec![
        binding("a", "edit", std::slice::from_ref(&amy)),
        binding("b", "registry-viewer", std::slice::from_ref(&amy)),
        binding("c", "registry-viewer", &[amy.clone(), bob.clone()]),
        binding("d", "registry-editor", std::slice::from_ref(&bob)),
        binding("e", "registry-editor", &[]),
    ];
    let subjects = [amy.clone()];
    let taken = steps(&change(&subjects, Some(1)), &mut bindings);
    assert_eq!(taken, ["update d", "delete b", "update c"]);
    assert_eq!(bindings[1].subjects(), std::slice::from_ref(&bob), "c");
    assert_eq!(bindings[2].subjects(), [bob.clone(), amy.clone()], "d");
    assert!(steps(&change(&subjects, Some(1)), &mut bindings).is_empty());
    let taken = steps(&change(&[amy, bob], None), &mut bindings);
    assert_eq!(taken, ["delete c", "delete d"]);
    assert_eq!(bindings.len(), 2, "another role, and what was empty before");
}

#[test]
fn a_taken_name_gets_a_number() {
    let subjects = [Subject::group("QA")];
    let taken = |name| binding(name, "edit", &[]);
    let mut bindings = vec![taken("registry-viewer"), taken("registry-viewer-0")];
    let steps = steps(&change(&subjects, Some(0)), &mut bindings);
    assert_eq!(steps, ["create registry-viewer-1"]);
    // A role of the project has nothing to do with one of the cluster.
    let local = RoleRef { cluster: false, name: "registry-viewer".to_owned() };
    let bindings = [RoleBinding::new("sky", "registry-viewer", &local, &subjects)];
    assert!(matches!(change(&subjects, Some(0)).next(&bindings), Some(Step::Create(..))));
}

#[test]
fn pauses_grow_and_differ() {
    assert!(pause(1) >= PAUSE && pause(1) <= PAUSE * 2);
    assert!(pause(100) <= PAUSE * 32);
}

proptest! {
    #[test]
    fn everybody_else_keeps_everything_at_each_step(
        given in prop::collection::vec((0..5_usize, prop::collection::btree_set(0..6_usize, 0..4)), 0..8),
        chosen in prop::collection::btree_set(0..6_usize, 1..4),
        wanted in prop::option::of(0..3_usize),
    ) {
        let people: Vec<_> = ["a", "b", "c", "d"].into_iter().map(Subject::user)
            .chain([Subject::group("a"), Subject::robot("sky", "a")]).collect();
        let of = |all: &std::collections::BTreeSet<usize>| -> Vec<Subject> {
            all.iter().map(|idx| people[*idx].clone()).collect()
        };
        let subjects = of(&chosen);
        let before: Vec<_> = given.iter().enumerate()
            .map(|(idx, (role, who))| binding(&format!("b{idx}"), ROLES[*role].0, &of(who)))
            .collect();
        let change = change(&subjects, wanted);
        let has = |bindings: &[RoleBinding], subject: &Subject, role: Option<Role>| {
            bindings.iter().any(|one| role_of(&one.role()) == role && one.has(subject))
        };
        let ours = [Role::Pull, Role::Push, Role::Admin];
        let had: Vec<_> = people.iter()
            .map(|one| ours.iter().any(|role| has(&before, one, Some(*role)))).collect();
        let mut bindings = before.clone();
        let mut count = 0;
        while let Some(step) = change.next(&bindings) {
            step.apply(&mut bindings);
            count += 1;
            prop_assert!(count < 100);
            for (one, had) in people.iter().zip(&had) {
                let is_bare = !ours.iter().any(|role| has(&bindings, one, Some(*role)));
                prop_assert!(!*had || !is_bare || wanted.is_none(), "{one:?} is without a role");
            }
        }
        for one in &people {
            prop_assert_eq!(has(&before, one, None), has(&bindings, one, None), "other roles");
            for role in ours {
                let expected = match subjects.contains(one) {
                    true => wanted.map(|idx| ours[idx]) == Some(role),
                    false => has(&before, one, Some(role)),
                };
                prop_assert_eq!(has(&bindings, one, Some(role)), expected, "{:?} {:?}", one, role);
            }
        }
        let mut foreseen = before;
        prop_assert_eq!(change.foresee(&mut foreseen).len(), count);
        prop_assert_eq!(foreseen, bindings);
    }
}
