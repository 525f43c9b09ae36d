// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::RepositoryName;
use images_proto::repository::Origin;
use images_proto::usage::{Params, User};

use super::meant::Meant;
use super::*;
use crate::{BlobFacts, Catalog, Content, ImageFacts, RevisionFacts, TagFacts};

const HOST: &str = "registry.example.com";

/// The images of the catalog: each is named by a byte, its config by that byte and 100.
const OLD: u8 = 1;
const NEW: u8 = 2;
/// An index with [`AMD64`] and [`ARM64`].
const INDEX: u8 = 3;
const AMD64: u8 = 4;
const ARM64: u8 = 5;

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn config(byte: u8) -> Digest {
    digest(byte + 100)
}

fn tag(text: &str) -> TagRef {
    let (repository, tag) = text.split_once(':').unwrap();
    TagRef { repository: repository.parse().unwrap(), tag: tag.parse().unwrap() }
}

/// `shop/api:v1` names NEW and named OLD, `shop/web:latest` names INDEX, `shop/cart:v1` nothing.
fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let named = |name: &str, digests: &[u8]| TagFacts {
        tag: name.parse().unwrap(),
        revisions: digests
            .iter()
            .map(|byte| RevisionFacts { digest: digest(*byte), created: None })
            .collect(),
        origin: Origin::Pushed,
        problem: None,
    };
    let image = |byte: u8| ImageFacts {
        digest: digest(byte),
        content: Content::Manifest {
            config: Some(BlobFacts { digest: config(byte), size: None }),
            layers: vec![],
        },
    };
    let repository = |text: &str| text.parse::<RepositoryName>().unwrap();
    catalog.put_repository(&repository("shop/api"), Some(vec![named("v1", &[NEW, OLD])]));
    catalog.put_images(&repository("shop/api"), vec![image(NEW), image(OLD)]);
    catalog.put_repository(&repository("shop/web"), Some(vec![named("latest", &[INDEX])]));
    let children = vec![digest(AMD64), digest(ARM64)];
    let index = ImageFacts { digest: digest(INDEX), content: Content::Index { children } };
    catalog.put_images(&repository("shop/web"), vec![index, image(AMD64), image(ARM64)]);
    catalog.put_repository(&repository("shop/cart"), Some(vec![named("v1", &[])]));
    catalog
}

fn places() -> Places {
    Places::new([HOST.to_owned(), "10.0.0.9:5000".to_owned()], ["shop/web".parse().unwrap()])
}

fn workload(kind: &str, name: &str, uses: Vec<Use>) -> Workload {
    Workload {
        kind: kind.into(),
        project: "shop".into(),
        name: name.into(),
        uid: Some(format!("uid of {name}").into()),
        owner: None,
        uses: uses.into(),
        hidden: false,
    }
}

fn owned(workload: Workload, kind: &str, name: &str, uid: Option<&str>) -> Workload {
    let owner = Owner { kind: kind.into(), name: name.into(), uid: uid.map(Into::into) };
    Workload { owner: Some(owner), ..workload }
}

fn runs(asks: &str, image_id: &str) -> Use {
    Use {
        container: Some("main".into()),
        asks: Asks::Image(asks.into()),
        runs: running(image_id),
        how: How::Running,
    }
}

fn names(asks: &str) -> Use {
    Use { how: How::Referenced, ..runs(asks, "") }
}

fn find(workloads: Vec<Workload>, digests: &[Digest], tags: &[&str]) -> Found {
    find_in(workloads, digests, tags, |_| ())
}

fn find_in(
    workloads: Vec<Workload>,
    digests: &[Digest],
    tags: &[&str],
    change: fn(&mut Catalog),
) -> Found {
    let params =
        Params { digests: digests.to_vec(), tags: tags.iter().map(|text| tag(text)).collect() };
    let workloads = Workloads::new(workloads);
    let understood = workloads.understood(&places());
    let mut catalog = catalog();
    change(&mut catalog);
    let known = catalog.known(&params, &understood);
    understood.users(&known)
}

fn of_pod(used: Use, digests: &[Digest], tags: &[&str]) -> Vec<(Digest, How, bool)> {
    let found = find(vec![workload("Pod", "p", vec![used])], digests, tags);
    found.users.into_iter().map(|user| (user.digest, user.how, user.moved)).collect()
}

/// Digests by which a node says what it runs, in all the forms that there are.
#[test]
fn each_form_of_an_image_id() {
    let is = |text: String, expected: Option<Runs>| assert_eq!(running(&text), expected, "{text}");
    let one = digest(1);
    for form in ["quay.io/a/b@", "docker-pullable://quay.io:5000/a/b@", "docker://", "", "b@"] {
        let is_config = !form.contains('@');
        is(format!("{form}{one}"), Some(Runs { digest: one, is_config }));
    }
    let manifest = Runs { digest: one, is_config: false };
    is(format!("docker.io/library/nginx:1@{one}"), Some(manifest));
    for nothing in ["", "sha256:12", "docker://", "quay.io/a/b:v1", "@", "://", "sha512:00"] {
        is(nothing.to_owned(), None);
    }
}

#[test]
fn what_a_pull_spec_means() {
    let places = places();
    let means = |text: &str| places.meaning("shop", text);
    let ours = |text: &str| Some(Meant::Tag(tag(text)));
    assert_eq!(means("registry.example.com/shop/api:v1"), ours("shop/api:v1"));
    assert_eq!(means("Registry.Example.com:443/shop/api"), ours("shop/api:latest"));
    assert_eq!(means("10.0.0.9:5000/a/b/c:x"), ours("a/b/c:x"));
    assert_eq!(means("10.0.0.9/shop/api:v1"), None, "another port");
    // Only a stream that wants it is meant by its bare name.
    assert_eq!(means("web"), ours("shop/web:latest"));
    assert_eq!(means("api:v1"), None);
    assert_eq!(places.meaning("bank", "web"), None);
    assert_eq!(means("shop/web"), None, "Docker's own");
    assert_eq!(means("docker.io/shop/api:v1"), None);
    let by_digest = format!("quay.io/any/thing:v1@{}", digest(1));
    assert_eq!(means(&by_digest), Some(Meant::Digest(digest(1))));
    for nonsense in ["", " ", "@", "registry.example.com/", "registry.example.com/A:b", "web:"] {
        assert_eq!(means(nonsense), None, "{nonsense}");
    }
}

#[test]
fn a_host_is_ours_if_what_runs_from_there_is_here() {
    let hosts = |asks: &str, told: Digest| {
        let pod = workload("Pod", "p", vec![runs(asks, &format!("x@{told}"))]);
        let mut hosts: Vec<_> =
            catalog().hosts_by_evidence(&Workloads::new(vec![pod])).into_iter().collect();
        hosts.sort();
        hosts
    };
    for told in [digest(NEW), digest(OLD), config(OLD)] {
        assert_eq!(hosts("localhost:5001/shop/api:v1", told), ["localhost:5001"]);
    }
    assert_eq!(hosts("localhost:5001/shop/web:v1", digest(AMD64)), ["localhost:5001"]);
    assert!(hosts("localhost:5001/shop/api:v1", digest(AMD64)).is_empty(), "not in there");
    assert!(hosts("localhost:5001/shop/other:v1", digest(NEW)).is_empty(), "another name");
    assert!(hosts("quay.io/shop/api:v1", digest(NEW)).is_empty(), "a copy of a public one");
    let known = places().with_hosts(["localhost:5001".to_owned()]);
    let meant = Some(Meant::Tag(tag("shop/api:v1")));
    assert_eq!(known.meaning("shop", "localhost:5001/shop/api:v1"), meant);
}

#[test]
fn who_runs_an_image_uses_it_however_it_is_told() {
    for told in [digest(NEW), config(NEW)] {
        let used = of_pod(runs("quay.io/x:1", &told.to_string()), &[digest(NEW)], &[]);
        assert_eq!(used, [(digest(NEW), How::Running, false)], "{told}");
    }
    assert_eq!(of_pod(runs("quay.io/x:1", &digest(9).to_string()), &[digest(NEW)], &[]), []);
}

#[test]
fn an_index_and_what_it_contains_are_used_together() {
    let spec = format!("{HOST}/shop/web");
    // Whichever of them the node tells, whichever is asked about.
    for told in [digest(INDEX), digest(AMD64), config(AMD64)] {
        for asked in [digest(INDEX), digest(AMD64)] {
            let used = of_pod(runs(&spec, &told.to_string()), &[asked], &[]);
            assert_eq!(used, [(asked, How::Running, false)], "{told} {asked}");
        }
    }
    // Its neighbour in the index is not used.
    let told = digest(AMD64).to_string();
    assert_eq!(of_pod(runs("quay.io/x", &told), &[digest(ARM64)], &[]), []);
    // It is one user, even if both are asked about.
    let both = [digest(INDEX), digest(AMD64)];
    let used = of_pod(runs(&spec, &told), &both, &[]);
    assert_eq!(used, [(digest(INDEX), How::Running, false)]);
    let by_digest = format!("{HOST}/shop/web@{}", digest(INDEX));
    let used = of_pod(runs(&by_digest, &told), &both, &[]);
    assert_eq!(used, [(digest(INDEX), How::Running, false)]);
}

#[test]
fn a_tag_that_moved_has_users_of_both_images() {
    let spec = format!("{HOST}/shop/api:v1");
    let told = format!("{HOST}/shop/api@{}", digest(OLD));
    let pod = || runs(&spec, &told);
    assert_eq!(of_pod(pod(), &[digest(OLD)], &[]), [(digest(OLD), How::Running, true)]);
    assert_eq!(of_pod(pod(), &[digest(NEW)], &[]), [(digest(NEW), How::Referenced, false)]);
    assert_eq!(of_pod(pod(), &[], &["shop/api:v1"]), [(digest(NEW), How::Referenced, false)]);
    let both = of_pod(pod(), &[digest(OLD), digest(NEW)], &["shop/api:v1"]);
    assert_eq!(both, [(digest(OLD), How::Running, true), (digest(NEW), How::Referenced, false)]);
}

#[test]
fn who_asks_for_a_tag_uses_it() {
    let spec = format!("{HOST}/shop/api:v1");
    let used = [(digest(NEW), How::Running, false)];
    assert_eq!(of_pod(runs(&spec, &digest(NEW).to_string()), &[], &["shop/api:v1"]), used);
    assert_eq!(of_pod(runs(&spec, &config(NEW).to_string()), &[], &["shop/api:v1"]), used);
    // It waits for its image, or is about to pull it.
    assert_eq!(of_pod(runs(&spec, ""), &[], &["shop/api:v1"]), used);
    assert_eq!(of_pod(runs(&spec, ""), &[digest(NEW)], &[]), used);
    assert_eq!(of_pod(names(&spec), &[digest(NEW)], &[]), [(digest(NEW), How::Referenced, false)]);
    // The same image by another name is no user of the tag.
    assert_eq!(of_pod(runs("quay.io/x", &digest(NEW).to_string()), &[], &["shop/api:v1"]), []);
    let by_digest = format!("{HOST}/shop/api:v1@{}", digest(NEW));
    assert_eq!(of_pod(runs(&by_digest, ""), &[], &["shop/api:v1"]), []);
    // A tag that names nothing we know may well name what runs.
    let lost = format!("{HOST}/shop/cart:v1");
    let used = of_pod(runs(&lost, &digest(9).to_string()), &[], &["shop/cart:v1"]);
    assert_eq!(used, [(digest(9), How::Running, false)]);
}

#[test]
fn a_digest_counts_from_any_registry_and_a_tag_only_from_ours() {
    let foreign = format!("quay.io/any/thing@{}", digest(NEW));
    assert_eq!(of_pod(names(&foreign), &[digest(NEW)], &[]).len(), 1);
    assert_eq!(of_pod(names("quay.io/shop/api:v1"), &[digest(NEW)], &["shop/api:v1"]), []);
    assert_eq!(of_pod(names("web"), &[digest(INDEX)], &[]).len(), 1);
}

#[test]
fn what_runs_by_a_config_that_nobody_read_may_be_it() {
    fn bare(catalog: &mut Catalog) {
        let content = Content::Manifest { config: None, layers: vec![] };
        let image = |byte| ImageFacts { digest: digest(byte), content: content.clone() };
        catalog.put_images(&"shop/api".parse().unwrap(), vec![image(NEW), image(OLD)]);
    }
    let spec = format!("{HOST}/shop/api:v1");
    let told = config(NEW).to_string();
    let find = |asks: &str, digests: &[Digest], tags: &[&str], change: fn(&mut Catalog)| {
        let pod = workload("Pod", "p", vec![runs(asks, &told)]);
        let found = find_in(vec![pod], digests, tags, change);
        let users = found.users.iter().map(|user| (user.digest, user.how, user.moved));
        (users.collect::<Vec<_>>(), found.unclear)
    };
    let running = vec![(digest(NEW), How::Running, false)];
    assert_eq!(find(&spec, &[digest(NEW)], &[], bare), (running.clone(), 0));
    assert_eq!(find(&spec, &[], &["shop/api:v1"], bare), (running, 0));
    // Nothing else leads to it: that is told, and not taken for unused.
    assert_eq!(find("quay.io/x", &[digest(NEW)], &[], bare), (vec![], 1));
    assert_eq!(find("quay.io/x", &[digest(OLD)], &[], |_| ()), (vec![], 0));
}

#[test]
fn a_tag_of_a_stream_is_one_of_ours() {
    let asks = Asks::Tag { text: "shop/api:v1".into(), tag: Arc::new(tag("shop/api:v1")) };
    let used = Use { container: None, asks, runs: None, how: How::Referenced };
    let found = find(vec![workload("BuildConfig", "b", vec![used])], &[digest(NEW)], &[]);
    let [User { kind, container: None, asks: Some(asks), .. }] = &found.users[..] else {
        panic!("{found:?}")
    };
    assert_eq!((&**kind, &**asks), ("BuildConfig", "shop/api:v1"));
}

/// A deployment with two replica sets, of which the older one waits for a rollback.
fn deployment() -> Vec<Workload> {
    let (new, old) = (format!("{HOST}/shop/api@{}", digest(NEW)), format!("x@{}", digest(OLD)));
    let set = |name: &str, asks: &str| {
        let set = workload("ReplicaSet", name, vec![names(asks)]);
        owned(set, "Deployment", "api", Some("uid of api"))
    };
    let pod = |name: &str| {
        let pod = workload("Pod", name, vec![runs(&new, &digest(NEW).to_string())]);
        owned(pod, "ReplicaSet", "api-2", Some("uid of api-2"))
    };
    vec![
        pod("api-2-a"),
        pod("api-2-b"),
        set("api-2", &new),
        set("api-1", &old),
        workload("Deployment", "api", vec![names(&new)]),
    ]
}

#[test]
fn pods_are_told_as_one_user_under_what_owns_them() {
    let found = find(deployment(), &[digest(NEW), digest(OLD)], &[]);
    let shown: Vec<_> = found
        .users
        .iter()
        .map(|user| {
            let through: Vec<_> = user.through.iter().map(|link| &*link.name).collect();
            (&*user.kind, &*user.name, user.digest, user.how, user.count, through.join(" "))
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("Deployment", "api", digest(NEW), How::Running, 2, "api-2 api-2-a".to_owned()),
            ("Deployment", "api", digest(OLD), How::Referenced, 1, "api-1".to_owned()),
        ]
    );
}

#[test]
fn a_chain_ends_where_nothing_more_is_known() {
    let top = |workloads: Vec<Workload>| {
        let found = find(workloads, &[digest(NEW)], &[]);
        let [user] = &found.users[..] else { panic!("{found:?}") };
        let through = user.through.iter().map(|link| format!("/{}", link.name));
        format!("{} {}{}", user.kind, user.name, through.collect::<String>())
    };
    let pod = || workload("Pod", "p", vec![runs("x", &digest(NEW).to_string())]);
    assert_eq!(top(vec![pod()]), "Pod p");
    // The owner could not be read, or is gone.
    let by = |kind, name, uid| owned(pod(), kind, name, uid);
    assert_eq!(top(vec![by("Rollout", "r", Some("1"))]), "Rollout r/p");
    // One of the same name came later.
    let another = owned(workload("ReplicaSet", "s", vec![]), "Deployment", "d", Some("2"));
    assert_eq!(top(vec![by("ReplicaSet", "s", Some("1")), another.clone()]), "ReplicaSet s/p");
    assert_eq!(
        top(vec![by("ReplicaSet", "s", Some("uid of s")), another.clone()]),
        "Deployment d/s/p"
    );
    // An annotation tells no uid.
    assert_eq!(top(vec![by("ReplicaSet", "s", None), another.clone()]), "Deployment d/s/p");
    let elsewhere = Workload { project: "bank".into(), ..another };
    assert_eq!(top(vec![by("ReplicaSet", "s", None), elsewhere]), "ReplicaSet s/p");
    // A circle is no chain, and does not hang.
    let circle = owned(workload("A", "a", vec![]), "A", "a", Some("uid of a"));
    assert!(top(vec![by("A", "a", Some("uid of a")), circle]).starts_with("A a/"));
}

#[test]
fn what_is_hidden_is_only_counted() {
    let hidden = |name: &str| Workload {
        hidden: true,
        project: "secret".into(),
        ..workload("Pod", name, vec![runs("x", &digest(NEW).to_string())])
    };
    let seen = workload("Pod", "p", vec![runs("x", &digest(NEW).to_string())]);
    let found = find(vec![hidden("a"), hidden("b"), seen], &[digest(NEW)], &[]);
    assert_eq!((found.hidden, found.users.len()), (2, 1));
    assert!(!format!("{found:?}").contains("secret"));
}

#[test]
fn running_users_come_first() {
    let pod = |name: &str| workload("Pod", name, vec![runs("x", &digest(NEW).to_string())]);
    let job = workload("Job", "a", vec![names(&format!("x@{}", digest(NEW)))]);
    let found = find(vec![pod("z"), job, pod("y")], &[digest(NEW)], &[]);
    let order: Vec<_> = found.users.iter().map(|user| &*user.name).collect();
    assert_eq!(order, ["y", "z", "a"]);
}
