// SPDX-License-Identifier: LGPL-2.1-or-later

use super::super::kubernetes::{add, plan, remove};
use super::super::objects;
use super::*;

const OURS: &str = "/api/v1/namespaces/cockpit-images-registry";

fn claim() -> Storage {
    Storage::default()
}

#[tokio::test]
async fn adds_in_order_and_waits_for_the_answer() {
    let (fake, world) = World::new().serve().await;
    let shown = plan_registry(&fake.cluster, false, Params::default()).await.unwrap();
    assert!(fake.changes().is_empty() && !shown.added && shown.missing.is_empty());
    let (told, tell) = listener();
    let receipt = add(&fake.cluster, &claim(), IMPATIENT, tell).await.unwrap();
    assert!(receipt.done && receipt.notes.is_empty(), "{:?}", receipt.notes);
    assert_eq!(receipt.objects, shown.objects);
    let patched = [
        format!("PATCH {OURS}?fieldManager=cockpit-images"),
        format!("PATCH {OURS}/persistentvolumeclaims/registry?fieldManager=cockpit-images"),
        format!("PATCH {OURS}/secrets/registry?fieldManager=cockpit-images"),
        "PATCH /apis/apps/v1/namespaces/cockpit-images-registry/deployments/registry?fieldManager=cockpit-images".to_owned(),
        format!("PATCH {OURS}/services/registry?fieldManager=cockpit-images"),
    ];
    assert_eq!(fake.changes(), patched);
    // What was shown is what was sent, but for the secret.
    let sent = fake.log().into_iter().filter(|asked| asked.method == "PATCH");
    for (object, asked) in shown.objects.iter().zip(sent) {
        let mut read: Value = serde_saphyr::from_str(&object.yaml).unwrap();
        if object.kind == "Secret" {
            let secret = asked.body["stringData"]["http-secret"].as_str().unwrap();
            assert_eq!(secret.len(), 64);
            assert_eq!(read["stringData"]["http-secret"], objects::RANDOM);
            read["stringData"]["http-secret"] = json!(secret);
        }
        assert_eq!(read, asked.body);
    }
    let told: Vec<_> = told.lock().unwrap().iter().map(|told| (told.done, told.total)).collect();
    assert_eq!(told, [(0, Some(6)), (1, Some(6)), (2, Some(6)), (3, Some(6)), (4, Some(6))]);
    // A second time changes neither the volume nor the secret.
    let before = world.lock().unwrap().objects[&format!("{OURS}/secrets/registry")].clone();
    assert!(add(&fake.cluster, &claim(), IMPATIENT, drop).await.unwrap().done);
    assert_eq!(world.lock().unwrap().objects[&format!("{OURS}/secrets/registry")], before);
    assert_eq!(fake.changes().len(), 8);
    assert!(plan(&fake.cluster, &claim()).await.unwrap().added);
}

#[tokio::test]
async fn the_pods_reason_is_told_until_patience_ends() {
    let mut world = World::new();
    world.pod = json!({ "phase": "Pending", "containerStatuses": [{ "name": "registry",
        "state": { "waiting": { "reason": "ImagePullBackOff", "message": "Back-off pulling" } } }] });
    let (fake, _) = world.serve().await;
    let (told, tell) = listener();
    let receipt = add(&fake.cluster, &Storage::Pod, IMPATIENT, tell).await.unwrap();
    assert!(!receipt.done);
    let words = "pod registry-1: ImagePullBackOff: Back-off pulling";
    assert!(receipt.notes[0].contains(words), "{:?}", receipt.notes);
    let told = told.lock().unwrap();
    assert_eq!(told.last().unwrap().text, format!("Waiting for {words}"));
    assert_eq!(told.iter().filter(|told| told.text.contains("ImagePull")).count(), 1);
}

#[tokio::test]
async fn a_registry_that_nobody_may_ask_is_not_called_done() {
    let mut world = World::new();
    world.registry = refusal(403);
    let (fake, _) = world.serve().await;
    let receipt = add(&fake.cluster, &Storage::Pod, IMPATIENT, drop).await.unwrap();
    assert!(!receipt.done && receipt.notes[0].contains("services/proxy"), "{:?}", receipt.notes);
    let mut world = World::new();
    world.registry = (503, json!({ "kind": "Status", "message": "connection refused" }));
    let (fake, _) = world.serve().await;
    let receipt = add(&fake.cluster, &Storage::Pod, IMPATIENT, drop).await.unwrap();
    assert!(!receipt.done && receipt.notes[0].contains("connection refused"));
}

#[tokio::test]
async fn nothing_is_taken_from_others() {
    let mut world = World::new();
    world.manager = Some("kubectl");
    let (fake, _) = world.serve().await;
    let failure = add(&fake.cluster, &claim(), IMPATIENT, drop).await.unwrap_err();
    assert_eq!(failure.code, Code::Conflict);
    assert!(failure.message.contains("changed by kubectl"), "{}", failure.message);
    let mut world = World::new();
    world.put(&format!("{OURS}/services/registry"), json!({ "metadata": {} }));
    let (fake, _) = world.serve().await;
    let failure = add(&fake.cluster, &claim(), IMPATIENT, drop).await.unwrap_err();
    assert_eq!(failure.code, Code::Conflict);
    assert!(failure.message.starts_with("There is another Service"), "{}", failure.message);
    assert!(failure.fix.unwrap().contains("4 of 5 objects were added"));
}

#[tokio::test]
async fn missing_rights_come_with_one_command() {
    let mut world = World::new();
    world.denied = vec!["create namespaces", "patch secrets"];
    let (fake, _) = world.serve().await;
    let shown = plan(&fake.cluster, &claim()).await.unwrap();
    let [namespaces, secrets] = &shown.missing[..] else { panic!("{:?}", shown.missing) };
    assert_eq!((&*namespaces.resource, &namespaces.namespace), ("namespaces", &None));
    assert_eq!((&*secrets.verb, &secrets.command), ("patch", &None));
    assert_eq!(
        namespaces.command.as_deref().unwrap(),
        "kubectl create namespace cockpit-images-registry && kubectl create rolebinding \
         cockpit-images --clusterrole=admin --user=sarah -n cockpit-images-registry"
    );
}

#[tokio::test]
async fn storage_that_nobody_provides_is_warned_of() {
    let (fake, world) = World::new().serve().await;
    let warned = async |storage: Storage, words: &str| {
        let plan = plan_registry(&fake.cluster, false, Params { storage }).await.unwrap();
        plan.warnings.iter().any(|warning| warning.contains(words))
    };
    assert!(warned(Storage::Pod, "All images are lost").await);
    assert!(warned(claim(), "has no storage class").await);
    let class = "/apis/storage.k8s.io/v1/storageclasses/fast";
    world.lock().unwrap().put(class, json!({ "metadata": {} }));
    assert!(warned(claim(), "no default storage class").await);
    let chosen = Storage::Claim { class: Some("fast".to_owned()), size: 1 << 30 };
    assert!(!warned(chosen, "storage class").await);
    let annotations = json!({ "storageclass.kubernetes.io/is-default-class": "true" });
    world.lock().unwrap().put(class, json!({ "metadata": { "annotations": annotations } }));
    assert!(!warned(claim(), "storage class").await);
}

#[tokio::test]
async fn removes_what_it_added_and_nothing_else() {
    let (fake, world) = World::new().serve().await;
    let failure = remove(&fake.cluster, true, IMPATIENT, drop).await.unwrap_err();
    assert_eq!(failure.code, Code::NotFound);
    add(&fake.cluster, &claim(), IMPATIENT, drop).await.unwrap();
    let added = fake.changes().len();
    let shown = remove(&fake.cluster, false, IMPATIENT, drop).await.unwrap();
    assert!(!shown.done && shown.notes[0].contains("images"));
    assert_eq!(fake.changes().len(), added);
    // What every namespace has does not keep it.
    world.lock().unwrap().put(&format!("{OURS}/configmaps/kube-root-ca.crt"), json!({}));
    let (told, tell) = listener();
    let receipt = remove(&fake.cluster, true, IMPATIENT, tell).await.unwrap();
    assert!(receipt.done && receipt.notes.is_empty(), "{:?}", receipt.notes);
    assert_eq!(receipt.objects, shown.objects);
    let kinds: Vec<_> = receipt.objects.iter().map(|object| &*object.kind).collect();
    assert_eq!(kinds, ["Service", "Deployment", "Secret", "PersistentVolumeClaim", "Namespace"]);
    assert_eq!(told.lock().unwrap().len(), 5);
    let left = world.lock().unwrap().objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(left, [format!("{OURS}/configmaps/kube-root-ca.crt")]);
}

#[tokio::test]
async fn a_namespace_with_something_of_others_stays() {
    let (fake, world) = World::new().serve().await;
    add(&fake.cluster, &claim(), IMPATIENT, drop).await.unwrap();
    world.lock().unwrap().put(&format!("{OURS}/configmaps/notes"), json!({}));
    world.lock().unwrap().objects.get_mut(&format!("{OURS}/secrets/registry")).unwrap()["metadata"]
        ["labels"] = json!({});
    let receipt = remove(&fake.cluster, true, IMPATIENT, drop).await.unwrap();
    assert!(receipt.notes[0].contains("which is not ours"), "{:?}", receipt.notes);
    let left = world.lock().unwrap().objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        left,
        [OURS.to_owned(), format!("{OURS}/configmaps/notes"), format!("{OURS}/secrets/registry")]
    );
}

#[tokio::test]
async fn what_does_not_go_is_not_called_gone() {
    let (fake, world) = World::new().serve().await;
    add(&fake.cluster, &claim(), IMPATIENT, drop).await.unwrap();
    world.lock().unwrap().lingering = "/persistentvolumeclaims/registry";
    let failure = remove(&fake.cluster, true, IMPATIENT, drop).await.unwrap_err();
    assert!(failure.message.starts_with("PersistentVolumeClaim"), "{}", failure.message);
    // And nothing is put in its place meanwhile.
    let failure = add(&fake.cluster, &claim(), IMPATIENT, drop).await.unwrap_err();
    assert!(failure.message.contains("still being deleted"), "{}", failure.message);
}
