// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::project::Within;
use images_proto::subject::SubjectKind;
use images_proto::{people, project};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::model::{Model, PROJECTS, Thing, everybody, scope_of, scopes, thing};
use crate::query::{self, LiveView, Outside};

/// What happens to a roster.
#[derive(Clone, Debug)]
enum Happening {
    Put(Thing),
    Forget(Thing),
    /// A whole list without these.
    List(usize, Vec<bool>),
    Cover(usize, bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => thing().prop_map(Happening::Put),
        2 => thing().prop_map(Happening::Forget),
        1 => (0..scopes().len() + 2, prop::collection::vec(any::<bool>(), 1..6))
            .prop_map(|(scope, kept)| Happening::List(scope, kept)),
        1 => (0..scopes().len(), any::<bool>())
            .prop_map(|(scope, whole)| Happening::Cover(scope, whole)),
    ]
}

/// Everything that can be seen of a roster.
fn everything(roster: &Roster) -> Vec<String> {
    let outside = Outside { repositories: &|_| None };
    let window = project::Window { limit: 500, ..project::Window::default() };
    let mut seen = Vec::new();
    fn look<V: LiveView>(
        seen: &mut Vec<String>,
        roster: &Roster,
        outside: &Outside<'_>,
        params: <V::Method as images_proto::Method>::Params,
    ) where
        <V::Method as images_proto::Method>::Answer: std::fmt::Debug,
    {
        seen.push(format!("{:?}", V::new(params).render(roster, outside)));
    }
    look::<query::projects::Projects>(&mut seen, roster, &outside, window.clone());
    for name in PROJECTS {
        let name = name.to_owned();
        let params = project::Params { name: name.clone(), window: window.clone() };
        look::<query::project::Project>(&mut seen, roster, &outside, params);
        let params = Within { project: name.clone(), window: window.clone() };
        look::<query::robots::Robots>(&mut seen, roster, &outside, params);
        let params = Within { project: name, window: window.clone() };
        look::<query::lens::Lens>(&mut seen, roster, &outside, params);
    }
    for kind in [SubjectKind::User, SubjectKind::Group] {
        let params = people::Params { kind, window: window.clone() };
        look::<query::people::People>(&mut seen, roster, &outside, params);
    }
    for subject in everybody() {
        let which = people::Which { subject: subject.clone(), window: window.clone() };
        look::<query::person::Person>(&mut seen, roster, &outside, which);
        let whose = people::Which { subject, window: window.clone() };
        look::<query::reach::Reach>(&mut seen, roster, &outside, whose);
    }
    seen
}

/// The lists of a cluster, and those of all projects at once.
fn list(place: usize) -> (Kind, Scope) {
    let mut scopes = scopes();
    scopes.extend([(Kind::Binding, Scope::Everywhere), (Kind::Robot, Scope::Everywhere)]);
    scopes.swap_remove(place)
}

fn is_in(key: &Key, (kind, scope): &(Kind, Scope)) -> bool {
    key.kind == *kind
        && match scope {
            Scope::Everywhere => key.project.is_some(),
            _ => scope_of(key).1 == *scope,
        }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn how_it_came_about_does_not_matter(
        happenings in prop::collection::vec(happening(), 0..60),
        openshift in any::<bool>(),
        me in select(vec![None, Some("u1"), Some("system:serviceaccount:p1:r1")]),
    ) {
        let mut roster = Roster::default();
        roster.set_about(None, openshift);
        roster.set_me(me, Vec::new());
        let mut model = Model { openshift, ..Model::default() };
        let mut coverage: HashMap<(Kind, Scope), Coverage> = HashMap::new();
        for happening in happenings {
            let (before, generation) = (everything(&roster), roster.generation());
            let is_new = match happening {
                Happening::Put(thing) => {
                    let is_new = roster.put(thing.fact());
                    model.put(thing);
                    is_new
                }
                Happening::Forget(thing) => {
                    let key = thing.fact().key();
                    let was_there = model.things.remove(&key).is_some();
                    prop_assert_eq!(roster.forget(&key), was_there);
                    was_there
                }
                Happening::List(place, kept) => {
                    let list = list(place);
                    let mut kept = kept.into_iter().cycle();
                    let mut seen = HashSet::new();
                    model.things.retain(|key, _| {
                        if is_in(key, &list) && kept.next() == Some(false) {
                            return false;
                        }
                        seen.insert(key.clone());
                        true
                    });
                    roster.keep_only(list.0, &list.1, &seen)
                }
                Happening::Cover(place, is_whole) => {
                    let (kind, scope) = list(place);
                    let how = if is_whole { Coverage::Whole } else { Coverage::Reading };
                    coverage.insert((kind, scope.clone()), how.clone());
                    roster.set_coverage(kind, scope, how)
                }
            };
            prop_assert_eq!(roster.generation() > generation, is_new);
            if !is_new {
                prop_assert_eq!(everything(&roster), before);
            }
        }
        let mut anew = Roster::default();
        anew.set_about(None, openshift);
        anew.set_me(me, Vec::new());
        for ((kind, scope), how) in coverage {
            anew.set_coverage(kind, scope, how);
        }
        for thing in model.things.values().rev() {
            anew.put(thing.fact());
        }
        prop_assert_eq!(everything(&roster), everything(&anew));
        roster.clear();
        prop_assert_eq!(everything(&roster), everything(&Roster::default()));
    }
}

#[test]
fn a_change_matters_for_the_rights_where_it_was() {
    let mut roster = Roster::default();
    let binding = |project: Option<&str>, name: &str| {
        Fact::Binding(facts::Binding {
            project: project.map(str::to_owned),
            name: name.to_owned(),
            role: facts::RoleRef { cluster: true, name: "registry-viewer".into() },
            subjects: vec![Subject::user("jane")],
        })
    };
    let seen = |roster: &Roster| (roster.access("a"), roster.access("b"));
    assert!(roster.put(binding(Some("a"), "x")));
    let (a, b) = seen(&roster);
    assert!(a > b);
    assert!(!roster.put(binding(Some("a"), "x")));
    roster.put(Fact::Project(facts::Project { name: "b".into(), ..Default::default() }));
    assert_eq!(seen(&roster), (a, b));
    roster.put(binding(None, "x"));
    let (a_after, b_after) = seen(&roster);
    assert!(a_after > a && b_after == a_after);
    roster.set_coverage(Kind::Role, Scope::Project("b".into()), Coverage::Whole);
    assert!(roster.access("b") > roster.access("a"));
    let access = roster.access("b");
    roster.clear();
    assert!(roster.access("b") > access && roster.generation() > access);
}
