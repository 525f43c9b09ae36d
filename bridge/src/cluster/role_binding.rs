// SPDX-License-Identifier: LGPL-2.1-or-later

//! Bindings of a project as whole objects, with all that nobody here knows: they are sent back with
//! somebody more or less in them (`rbac.authorization.k8s.io/v1`).

use bytes::Bytes;
use http::Method;
use images_proto::subject::{Subject, SubjectKind};
use images_roster::facts::RoleRef;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::binding::{list_path, subject_of};
use super::error::Kind;
use super::{Cluster, Error};
use crate::uri::escaped;

/// The API group of roles and bindings.
pub const RBAC: &str = "rbac.authorization.k8s.io";

/// A binding of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleBinding {
    object: Value,
}

impl RoleBinding {
    /// A binding that is not in the cluster yet.
    pub fn new(project: &str, name: &str, role: &RoleRef, subjects: &[Subject]) -> Self {
        let kind = if role.cluster { "ClusterRole" } else { "Role" };
        let subjects: Vec<_> = subjects.iter().map(written).collect();
        Self {
            object: json!({
                "metadata": { "name": name, "namespace": project },
                "roleRef": { "apiGroup": RBAC, "kind": kind, "name": role.name },
                "subjects": subjects,
            }),
        }
    }

    /// A binding that was read; `None`: it is none.
    fn of(project: &str, mut object: Value) -> Option<Self> {
        // The path of a change must not come from the answer.
        object.get_mut("metadata")?.as_object_mut()?.insert("namespace".into(), json!(project));
        Some(Self { object })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// The role that it gives.
    pub fn role(&self) -> RoleRef {
        RoleRef {
            cluster: self.text("/roleRef/kind") == "ClusterRole",
            name: self.text("/roleRef/name").to_owned(),
        }
    }

    /// Those who have it, as far as they are of a kind that is known. A service account that is
    /// named as a user is the robot that it is.
    pub fn subjects(&self) -> Vec<Subject> {
        self.written().iter().filter_map(read).collect()
    }

    /// Whether somebody has it.
    pub fn has(&self, subject: &Subject) -> bool {
        self.written().iter().any(|one| read(one).as_ref() == Some(subject))
    }

    /// The same binding with these in it too.
    #[must_use]
    pub fn with(&self, subjects: &[Subject]) -> Self {
        let more = subjects.iter().filter(|subject| !self.has(subject)).map(written);
        self.among(self.written().iter().cloned().chain(more).collect())
    }

    /// The same binding without these, however they are named in it.
    #[must_use]
    pub fn without(&self, subjects: &[Subject]) -> Self {
        let stays = |one: &&Value| !read(one).is_some_and(|subject| subjects.contains(&subject));
        self.among(self.written().iter().filter(stays).cloned().collect())
    }

    /// Whether nobody has it, nor anything that is not known here.
    pub fn is_empty(&self) -> bool {
        self.written().is_empty()
    }

    fn among(&self, subjects: Vec<Value>) -> Self {
        let mut object = self.object.clone();
        object["subjects"] = Value::Array(subjects);
        Self { object }
    }

    fn written(&self) -> &[Value] {
        self.object["subjects"].as_array().map_or(&[], Vec::as_slice)
    }

    fn text(&self, pointer: &str) -> &str {
        self.object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn path(&self) -> String {
        format!("{}/{}", list_path(self.text("/metadata/namespace")), escaped(self.name()))
    }

    /// Lists leave out what each of their objects is.
    fn body(&self, method: Method, path: &str) -> Result<Bytes, Error> {
        let mut object = self.object.clone();
        object["kind"] = json!("RoleBinding");
        object["apiVersion"] = json!("rbac.authorization.k8s.io/v1");
        let bytes = serde_json::to_vec(&object);
        bytes.map(Bytes::from).map_err(|error| Error::new(method, path, Kind::Json(error)))
    }
}

/// A subject as a binding names it.
fn written(Subject { kind, name, project }: &Subject) -> Value {
    match kind {
        SubjectKind::User => json!({ "kind": "User", "apiGroup": RBAC, "name": name }),
        SubjectKind::Group => json!({ "kind": "Group", "apiGroup": RBAC, "name": name }),
        SubjectKind::Robot => {
            json!({ "kind": "ServiceAccount", "name": name, "namespace": project })
        }
    }
}

fn read(subject: &Value) -> Option<Subject> {
    let text = |key: &str| subject[key].as_str();
    subject_of(text("kind")?, text("name")?, text("namespace"))
}

impl Cluster {
    /// The bindings of a project, by name. A project that is not there has none.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn role_bindings(&self, project: &str) -> Result<Vec<RoleBinding>, Error> {
        let objects: Vec<Value> = self.list_all(&list_path(project)).await?;
        let bindings = objects.into_iter().filter_map(|object| RoleBinding::of(project, object));
        let mut bindings: Vec<_> = bindings.collect();
        bindings.sort_by(|one, other| one.name().cmp(other.name()));
        Ok(bindings)
    }

    /// Creates a binding.
    ///
    /// # Errors
    /// When the cluster refuses; [`Error::is_already_there`] when its name is taken.
    pub async fn create_role_binding(&self, binding: &RoleBinding) -> Result<(), Error> {
        let path = list_path(binding.text("/metadata/namespace"));
        let body = binding.body(Method::POST, &path)?;
        self.post::<IgnoredAny>(&path, body).await.map(drop)
    }

    /// Puts a binding that was read and changed.
    ///
    /// # Errors
    /// When the cluster refuses; a conflict when somebody changed it meanwhile.
    pub async fn put_role_binding(&self, binding: &RoleBinding) -> Result<(), Error> {
        let path = binding.path();
        let body = binding.body(Method::PUT, &path)?;
        self.put(&path, body).await
    }

    /// Deletes a binding as it was read, and no other state of it.
    ///
    /// # Errors
    /// When the cluster refuses; a conflict when somebody changed it meanwhile.
    pub async fn delete_role_binding(&self, binding: &RoleBinding) -> Result<(), Error> {
        let options = json!({
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "preconditions": {
                "uid": binding.text("/metadata/uid"),
                "resourceVersion": binding.text("/metadata/resourceVersion"),
            },
        });
        self.delete_with(&binding.path(), Bytes::from(options.to_string())).await
    }
}

impl Error {
    /// Whether somebody wanted to give a role that can do more than they can.
    pub fn is_escalation(&self) -> bool {
        self.is_refused_with("attempting to grant RBAC permissions not currently held")
    }

    /// Whether the namespace is being deleted, so that nothing comes into it any more.
    pub fn is_about_terminating(&self) -> bool {
        self.is_refused_with("because it is being terminated")
    }

    /// The API tells these apart by its words alone.
    fn is_refused_with(&self, words: &str) -> bool {
        matches!(&self.kind, Kind::Refused(refusal)
            if self.is_forbidden() && refusal.message.contains(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::fake::Fake;

    fn binding() -> RoleBinding {
        RoleBinding {
            object: json!({
                "metadata": { "name": "a:b", "namespace": "sky", "uid": "u-1",
                    "resourceVersion": "7", "labels": { "of": "somebody" } },
                "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": "registry-viewer" },
                "subjects": [
                    { "kind": "User", "apiGroup": RBAC, "name": "amy" },
                    { "kind": "User", "name": "system:serviceaccount:sky:ci" },
                    { "kind": "ServiceAccount", "namespace": "sky", "name": "ci" },
                    { "kind": "Martian", "name": "amy" },
                ],
            }),
        }
    }

    #[test]
    fn a_robot_is_the_same_by_both_its_names() {
        let robot = Subject::robot("sky", "ci");
        assert!(binding().has(&robot));
        assert_eq!(binding().subjects().len(), 3);
        let left = binding().without(&[robot]);
        assert_eq!(left.subjects(), [Subject::user("amy")]);
        let left = left.without(&[Subject::user("amy")]);
        assert!(!left.is_empty(), "somebody is in it whom nobody here knows");
        assert_eq!(left.object["metadata"]["labels"]["of"], "somebody");
        assert!(left.without(&[]).subjects().is_empty());
    }

    #[test]
    fn nobody_is_in_it_twice() {
        let both = [Subject::user("amy"), Subject::group("QA")];
        let more = binding().with(&both);
        assert_eq!(more.written().len(), 5);
        assert_eq!(more.with(&both), more);
        assert_eq!(more.role(), RoleRef { cluster: true, name: "registry-viewer".to_owned() });
    }

    #[test]
    fn what_is_no_binding_has_nobody() {
        for object in [json!(null), json!([]), json!(7), json!({ "metadata": 7 })] {
            assert_eq!(RoleBinding::of("sky", object), None);
        }
        let object = json!({ "metadata": {}, "subjects": 7, "roleRef": [] });
        let strange = RoleBinding::of("sky", object).unwrap();
        assert!(strange.is_empty() && strange.subjects().is_empty(), "{strange:?}");
        assert_eq!((strange.name(), strange.role()), ("", RoleRef::default()));
        assert!(strange.with(&[Subject::user("amy")]).has(&Subject::user("amy")));
    }

    #[tokio::test]
    async fn a_change_is_of_what_was_read() {
        let listed = json!({ "items": [
            { "metadata": { "name": "b", "namespace": "elsewhere" } }, binding().object,
        ] });
        let fake = Fake::start(move |_| (200, listed.clone())).await;
        let bindings = fake.cluster.role_bindings("sky").await.unwrap();
        assert_eq!(bindings.iter().map(RoleBinding::name).collect::<Vec<_>>(), ["a:b", "b"]);
        fake.cluster.put_role_binding(&bindings[0]).await.unwrap();
        fake.cluster.delete_role_binding(&bindings[0]).await.unwrap();
        fake.cluster.delete_role_binding(&bindings[1]).await.unwrap();
        let log = fake.log();
        let path = "/apis/rbac.authorization.k8s.io/v1/namespaces/sky/rolebindings";
        assert_eq!(log[1].target, format!("{path}/a:b"));
        assert_eq!(log[1].body["kind"], "RoleBinding");
        assert_eq!(log[1].body["metadata"]["resourceVersion"], "7");
        assert_eq!(log[1].body["metadata"]["labels"]["of"], "somebody");
        assert_eq!(log[2].body["preconditions"], json!({ "uid": "u-1", "resourceVersion": "7" }));
        assert_eq!(log[3].target, format!("{path}/b"), "not elsewhere");
    }
}
