// SPDX-License-Identifier: LGPL-2.1-or-later

use super::*;

fn rule(verbs: &str, groups: &str, resources: &str) -> Rule {
    let list = |text: &str| text.split_whitespace().map(|item| item.replace('-', "")).collect();
    Rule {
        verbs: list(verbs),
        api_groups: list(groups),
        resources: list(resources),
        resource_names: Vec::new(),
    }
}

fn verbs(rules: &[Rule]) -> Vec<Verb> {
    role(None, "r".into(), rules).verbs
}

/// A lone `-` is the group without a name.
const IMAGES: &str = "- image.openshift.io";

#[test]
fn the_roles_of_openshift_give_what_they_are_for() {
    let viewer = [
        rule("get list watch", IMAGES, "imagestreams imagestreamtags"),
        rule("get", IMAGES, "imagestreams/layers"),
    ];
    assert_eq!(verbs(&viewer), [Verb::See, Verb::Pull]);
    let editor = [
        rule("create delete get list update", IMAGES, "imagestreams imagestreams/secrets"),
        rule("get update", IMAGES, "imagestreams/layers"),
    ];
    assert_eq!(verbs(&editor), Verb::ALL);
    assert!(!role(None, "r".into(), &editor).grants);
    let admin = rule("create update", "rbac.authorization.k8s.io", "rolebindings roles");
    assert!(role(None, "r".into(), &[admin]).grants);
    assert_eq!(verbs(&[rule("get", IMAGES, "imagestreams/layers")]), [Verb::Pull]);
    let pruner = rule("get list watch", IMAGES, "images imagestreams");
    assert_eq!(verbs(&[pruner]), [Verb::See]);
    let cluster_admin = role(None, "r".into(), &[rule("*", "*", "*")]);
    assert_eq!((&cluster_admin.verbs[..], cluster_admin.grants), (&Verb::ALL[..], true));
    assert!(verbs(&[]).is_empty());
}

#[test]
fn wildcards_are_those_of_kubernetes() {
    let get = |resources| verbs(&[rule("get", "image.openshift.io", resources)]);
    assert_eq!(get("*"), [Verb::See, Verb::Pull]);
    assert_eq!(get("imagestreams"), [Verb::See]);
    assert_eq!(get("*/layers"), [Verb::Pull]);
    for nothing in ["imagestreams/*", "*/*", "imagestream", "layers", "imagestreams/", "/layers"] {
        assert!(get(nothing).is_empty(), "{nothing}");
    }
    assert_eq!(verbs(&[rule("*", "*", "*/layers")]), [Verb::Pull, Verb::Push]);
    let elder = rule("get", "-", "imagestreams");
    assert!(verbs(&[elder]).is_empty(), "the registry asks about image.openshift.io alone");
}

#[test]
fn rules_add_up_but_do_not_mix() {
    let apart = [
        rule("update", "image.openshift.io", "imagestreams"),
        rule("get", "apps", "imagestreams/layers"),
    ];
    assert!(verbs(&apart).is_empty());
}

#[test]
fn names_of_streams_give_only_a_part() {
    let named = |rule: Rule| Rule { resource_names: vec!["app".into()], ..rule };
    let layers = rule("get", "image.openshift.io", "imagestreams/layers");
    let part = role(Some("p".into()), "r".into(), &[named(layers.clone())]);
    assert!(part.partial && part.verbs.is_empty());
    let both = role(None, "r".into(), &[named(layers.clone()), layers]);
    assert!(!both.partial && both.verbs == [Verb::Pull]);
    let bindings = rule("update", "rbac.authorization.k8s.io", "rolebindings");
    assert!(!role(None, "r".into(), &[named(bindings)]).grants);
}

#[test]
fn who_writes_role_bindings_gives_roles() {
    let grants =
        |verbs, groups, resources| role(None, "r".into(), &[rule(verbs, groups, resources)]).grants;
    for verb in ["create", "update", "patch", "*"] {
        assert!(grants(verb, "rbac.authorization.k8s.io", "rolebindings"));
    }
    assert!(grants("create", "*", "*"));
    assert!(!grants("get list watch delete bind", "rbac.authorization.k8s.io", "rolebindings"));
    assert!(!grants("create", "authorization.openshift.io", "rolebindings"));
    assert!(!grants("create", "rbac.authorization.k8s.io", "roles rolebindings/status"));
}
