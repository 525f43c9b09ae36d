// SPDX-License-Identifier: LGPL-2.1-or-later

use super::super::openshift::{add, plan, remove};
use super::*;

const CONFIG: &str = "/apis/imageregistry.operator.openshift.io/v1/configs/cluster";
const SERVICE: &str = "/api/v1/namespaces/openshift-image-registry/services/image-registry";

fn world(spec: Value) -> World {
    let mut world = World::new();
    world.put(CONFIG, json!({ "metadata": {}, "spec": spec }));
    world.put(SERVICE, json!({ "spec": { "selector": { "docker-registry": "default" } } }));
    // OpenShift's registry wants a login, which the service proxy keeps to itself.
    world.registry = (401, json!({ "errors": [{ "code": "UNAUTHORIZED" }] }));
    world
}

fn config(world: &Mutex<World>) -> Value {
    world.lock().unwrap().objects[CONFIG].clone()
}

#[tokio::test]
async fn switches_the_registry_on_and_off_again() {
    let (fake, world) =
        world(json!({ "managementState": "Removed", "logLevel": "Normal" })).serve().await;
    let storage = Storage::Claim { class: Some("fast".to_owned()), size: 1 << 30 };
    let shown = plan(&fake.cluster, &storage).await.unwrap();
    let kinds: Vec<_> = shown.objects.iter().map(|object| &*object.kind).collect();
    assert_eq!(kinds, ["PersistentVolumeClaim", "Config"]);
    assert!(fake.changes().is_empty() && !shown.added);
    let receipt = add(&fake.cluster, &storage, IMPATIENT, drop).await.unwrap();
    assert!(receipt.done, "{:?}", receipt.notes);
    let spec = config(&world)["spec"].clone();
    assert_eq!(spec["managementState"], "Managed");
    assert_eq!(spec["storage"], json!({ "pvc": { "claim": "cockpit-images-registry" } }));
    assert_eq!((&spec["defaultRoute"], &spec["logLevel"]), (&json!(true), &json!("Normal")));
    assert!(plan(&fake.cluster, &storage).await.unwrap().added);

    let shown = remove(&fake.cluster, false, IMPATIENT, drop).await.unwrap();
    assert!(!shown.done && shown.notes[0].contains("lost"));
    assert_eq!(config(&world)["spec"]["managementState"], "Managed");
    let receipt = remove(&fake.cluster, true, IMPATIENT, drop).await.unwrap();
    assert!(receipt.done);
    assert_eq!(receipt.objects.len(), 2);
    let left = config(&world);
    assert_eq!(
        left["spec"],
        json!({ "managementState": "Removed", "logLevel": "Normal", "defaultRoute": false,
            "replicas": 1, "rolloutStrategy": "Recreate", "storage": {} })
    );
    assert_eq!(left["metadata"]["annotations"], json!({}));
    assert_eq!(world.lock().unwrap().objects.len(), 2);
}

#[tokio::test]
async fn storage_that_is_set_is_kept() {
    let s3 = json!({ "s3": { "bucket": "images" } });
    let spec = json!({ "managementState": "Removed", "defaultRoute": true, "storage": s3 });
    let (fake, world) = world(spec).serve().await;
    let shown = plan(&fake.cluster, &Storage::Pod).await.unwrap();
    assert!(shown.warnings.iter().any(|warning| warning.contains("which is kept")));
    add(&fake.cluster, &Storage::default(), IMPATIENT, drop).await.unwrap();
    remove(&fake.cluster, true, IMPATIENT, drop).await.unwrap();
    let spec = config(&world)["spec"].clone();
    assert_eq!(spec, json!({ "managementState": "Removed", "defaultRoute": true, "storage": s3 }));
}

#[tokio::test]
async fn what_others_switched_on_is_not_switched_off() {
    let (fake, world) = world(json!({ "managementState": "Managed" })).serve().await;
    add(&fake.cluster, &Storage::Pod, IMPATIENT, drop).await.unwrap();
    assert_eq!(config(&world)["spec"]["storage"], json!({ "emptyDir": {} }));
    let failure = remove(&fake.cluster, true, IMPATIENT, drop).await.unwrap_err();
    assert_eq!(failure.code, Code::Conflict);
    assert_eq!(config(&world)["spec"]["managementState"], "Managed");
}

#[tokio::test]
async fn the_operator_says_why_it_does_not_come_up() {
    let mut world = world(json!({ "managementState": "Removed" }));
    world.pod = json!({ "phase": "Pending" });
    world.objects.get_mut(CONFIG).unwrap()["status"] = json!({ "conditions": [
        { "type": "Degraded", "status": "True", "message": "no storage class" } ] });
    let (fake, _) = world.serve().await;
    let receipt = add(&fake.cluster, &Storage::default(), IMPATIENT, drop).await.unwrap();
    assert!(receipt.notes[0].contains("the operator: no storage class"), "{:?}", receipt.notes);
}

#[tokio::test]
async fn without_the_right_or_the_operator_one_is_told() {
    let mut world = world(json!({ "managementState": "Removed" }));
    world.denied = vec!["patch configs"];
    let (fake, _) = world.serve().await;
    let shown = plan(&fake.cluster, &Storage::Pod).await.unwrap();
    let [right] = &shown.missing[..] else { panic!("{:?}", shown.missing) };
    assert_eq!(right.resource, "configs.imageregistry.operator.openshift.io");
    assert!(right.command.as_deref().unwrap().contains("--resource-name=cluster"));
    let (fake, _) = World::new().serve().await;
    assert_eq!(plan(&fake.cluster, &Storage::Pod).await.unwrap_err().code, Code::Unsupported);
}
