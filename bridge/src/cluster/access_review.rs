// SPDX-License-Identifier: LGPL-2.1-or-later

//! What others may do, as the API server says.

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};

use super::access::Permission;
use super::{Cluster, Error, Kind};
use crate::body::excerpt;
use crate::uri::escaped;

/// The most names that are taken of an answer.
const MOST: usize = 100_000;

/// Somebody as the API server knows him when he does something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Caller {
    /// The name; absent for somebody who is known by a group alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// All groups: the server looks none of them up.
    pub groups: Vec<String>,
}

/// What the API server says about one permission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Its own words. Untrusted, bounded.
    pub reason: Option<String>,
}

/// Who may do something in a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Names of users, service accounts among them.
    pub users: Vec<String>,
    /// Names of groups.
    pub groups: Vec<String>,
    /// What the server could not look up, such as a role that a binding names and that is not
    /// there. Untrusted, bounded.
    pub trouble: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    kind: &'static str,
    api_version: &'static str,
    spec: Spec<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    resource_attributes: Permission<'a>,
    #[serde(flatten)]
    caller: Option<&'a Caller>,
}

#[derive(Deserialize)]
struct Answer {
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    allowed: bool,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    evaluation_error: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WhoMay<'a> {
    kind: &'static str,
    api_version: &'static str,
    namespace: &'a str,
    verb: &'a str,
    #[serde(rename = "resourceAPIGroup")]
    group: &'a str,
    resource: String,
}

#[derive(Deserialize)]
struct WhoMayAnswer {
    #[serde(default)]
    users: Option<Vec<String>>,
    #[serde(default)]
    groups: Option<Vec<String>>,
    /// The API spells it so.
    #[serde(default, rename = "evalutionError", alias = "evaluationError")]
    trouble: Option<String>,
}

impl Cluster {
    /// What the server says of the user's own permission.
    ///
    /// # Errors
    /// When it does not say.
    pub async fn may_i(&self, permission: Permission<'_>) -> Result<Verdict, Error> {
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        self.review(path, "SelfSubjectAccessReview", permission, None).await
    }

    /// What the server says of somebody's permission.
    ///
    /// # Errors
    /// When it does not say, above all because the user may not ask about others (403).
    pub async fn may_somebody(
        &self,
        caller: &Caller,
        permission: Permission<'_>,
    ) -> Result<Verdict, Error> {
        // Administrators of a project may ask about that project alone.
        if let Some(namespace) = permission.namespace {
            let path = format!(
                "/apis/authorization.k8s.io/v1/namespaces/{}/localsubjectaccessreviews",
                escaped(namespace)
            );
            let kind = "LocalSubjectAccessReview";
            match self.review(&path, kind, permission, Some(caller)).await {
                Err(error) if error.is_forbidden() => {}
                answer => return answer,
            }
        }
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        self.review(path, "SubjectAccessReview", permission, Some(caller)).await
    }

    async fn review(
        &self,
        path: &str,
        kind: &'static str,
        permission: Permission<'_>,
        caller: Option<&Caller>,
    ) -> Result<Verdict, Error> {
        let spec = Spec { resource_attributes: permission, caller };
        let review = Review { kind, api_version: "authorization.k8s.io/v1", spec };
        // Strings alone: writing them does not fail.
        let body = Bytes::from(serde_json::to_vec(&review).unwrap_or_default());
        let Status { allowed, reason, evaluation_error } =
            self.post::<Answer>(path, body).await?.status;
        let words = reason.filter(|reason| !reason.is_empty()).or(evaluation_error);
        let reason = words.map(|words| excerpt(words.as_bytes())).filter(|words| !words.is_empty());
        Ok(Verdict { allowed, reason })
    }

    /// Who may do this in its namespace. Only OpenShift has this question.
    ///
    /// # Errors
    /// When it does not say, above all because the user may not ask (403) or because it is no
    /// OpenShift (404).
    pub async fn who_may(&self, permission: Permission<'_>) -> Result<Allowed, Error> {
        let Permission { verb, group, resource, subresource, namespace, .. } = permission;
        let namespace = namespace.unwrap_or_default();
        let path = format!(
            "/apis/authorization.openshift.io/v1/namespaces/{}/localresourceaccessreviews",
            escaped(namespace)
        );
        if namespace.is_empty() {
            return Err(Error::new(Method::POST, &path, Kind::Path));
        }
        let part = subresource.map_or_else(String::new, |part| format!("/{part}"));
        let review = WhoMay {
            kind: "LocalResourceAccessReview",
            api_version: "authorization.openshift.io/v1",
            namespace,
            verb,
            group,
            resource: format!("{resource}{part}"),
        };
        let body = Bytes::from(serde_json::to_vec(&review).unwrap_or_default());
        let answer: WhoMayAnswer = self.post(&path, body).await?;
        let names = |names: Option<Vec<String>>| {
            let mut names = names.unwrap_or_default();
            names.truncate(MOST);
            names
        };
        let trouble = answer.trouble.map(|text| excerpt(text.as_bytes()));
        Ok(Allowed {
            users: names(answer.users),
            groups: names(answer.groups),
            trouble: trouble.filter(|text| !text.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::fake::{Fake, refusal};

    const PUSH: Permission<'static> = Permission {
        verb: "update",
        group: "image.openshift.io",
        resource: "imagestreams",
        subresource: Some("layers"),
        namespace: Some("skyfield"),
        name: None,
    };

    #[tokio::test]
    async fn who_may_is_asked_and_its_trouble_is_told() {
        let fake = Fake::start(|_| {
            (
                201,
                json!({
                    "kind": "ResourceAccessReviewResponse", "namespace": "skyfield",
                    "users": ["alice", "system:serviceaccount:a:b"], "groups": null,
                    "evalutionError": "clusterrole.rbac.authorization.k8s.io \"nosuch\" not found",
                }),
            )
        })
        .await;
        let allowed = fake.cluster.who_may(PUSH).await.unwrap();
        assert_eq!(allowed.users, ["alice", "system:serviceaccount:a:b"]);
        assert!(allowed.groups.is_empty());
        assert!(allowed.trouble.unwrap().contains("nosuch"));
        let asked = &fake.log()[0];
        let path =
            "/apis/authorization.openshift.io/v1/namespaces/skyfield/localresourceaccessreviews";
        assert_eq!(asked.target, path);
        let expected = json!({
            "kind": "LocalResourceAccessReview", "apiVersion": "authorization.openshift.io/v1",
            "namespace": "skyfield", "verb": "update",
            "resourceAPIGroup": "image.openshift.io", "resource": "imagestreams/layers",
        });
        assert_eq!(asked.body, expected);
    }

    #[tokio::test]
    async fn somebody_is_asked_about_in_the_project_first_and_with_all_groups() {
        let fake = Fake::start(|asked| {
            if asked.target.contains("/namespaces/") {
                return refusal(403);
            }
            (201, json!({ "status": { "allowed": false, "reason": "no\nreason" } }))
        })
        .await;
        let greg = Caller { user: Some("greg".to_owned()), groups: vec!["QA".to_owned()] };
        let verdict = fake.cluster.may_somebody(&greg, PUSH).await.unwrap();
        assert_eq!(verdict, Verdict { allowed: false, reason: Some("no reason".to_owned()) });
        let log = fake.log();
        let local = "/apis/authorization.k8s.io/v1/namespaces/skyfield/localsubjectaccessreviews";
        assert_eq!(log[0].target, local);
        assert_eq!(log[1].target, "/apis/authorization.k8s.io/v1/subjectaccessreviews");
        let expected = json!({
            "user": "greg", "groups": ["QA"],
            "resourceAttributes": {
                "namespace": "skyfield", "verb": "update", "group": "image.openshift.io",
                "resource": "imagestreams", "subresource": "layers",
            },
        });
        assert_eq!(log[1].body["spec"], expected);
        assert_eq!(log[0].body["spec"], expected);
    }
}
