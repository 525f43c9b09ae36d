// SPDX-License-Identifier: LGPL-2.1-or-later

//! Robots as they are written: service accounts, and the empty secrets that their tokens live as
//! long as.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::apply::{MANAGED_BY, OURS};
use super::object::{Found, if_there, uid_of};
use super::robot_token::{self, EXPIRES, PURPOSE, ROBOT, RobotToken};
use super::service_account::{self, is_made_by_the_cluster};
use super::{Cluster, Error};
use crate::uri::escaped;

/// The longest part of a robot's name that stands in the names of its secrets, in bytes.
const LONGEST_PART: usize = 200;

/// A service account, with what says who made it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RobotObject {
    metadata: Metadata,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: String,
    labels: Option<BTreeMap<String, String>>,
    owner_references: Option<Vec<IgnoredAny>>,
}

impl RobotObject {
    /// Whether the cluster, or something that runs in it, made it for its own work.
    pub fn is_system(&self) -> bool {
        let is_owned = self.metadata.owner_references.as_ref().is_some_and(|all| !all.is_empty());
        is_owned || is_made_by_the_cluster(&self.metadata.name)
    }

    /// Whether it was made here.
    pub fn is_ours(&self) -> bool {
        let by = self.metadata.labels.as_ref().and_then(|labels| labels.get(MANAGED_BY));
        by.is_some_and(|by| by == OURS)
    }
}

/// A secret that a token is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSecret {
    /// Its name.
    pub name: String,
    /// Which one it is, among all that ever had its name.
    pub uid: String,
}

impl Cluster {
    /// A robot; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn find_robot(
        &self,
        project: &str,
        name: &str,
    ) -> Result<Option<Found<RobotObject>>, Error> {
        self.find(&robot_path(project, name)).await
    }

    /// Makes a robot.
    ///
    /// # Errors
    /// When the cluster refuses; [`Error::is_already_there`] when there is one of this name.
    pub async fn make_robot(&self, project: &str, name: &str) -> Result<(), Error> {
        let account = json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": { "name": name, "namespace": project, "labels": { MANAGED_BY: OURS } },
        });
        self.make_object(&service_account::list_path(project), &account).await.map(drop)
    }

    /// Deletes a robot, if it is this one. Its tokens end with it.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn delete_robot(&self, project: &str, name: &str, uid: &str) -> Result<(), Error> {
        self.delete_object(&robot_path(project, name), uid, None).await
    }

    /// Makes the empty secret for a token of this robot. The cluster deletes it with the robot.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn make_token_secret(
        &self,
        project: &str,
        robot: &str,
        robot_uid: &str,
        purpose: Option<&str>,
    ) -> Result<TokenSecret, Error> {
        let name = new_name(robot);
        let mut annotations = json!({ ROBOT: robot });
        if let Some(purpose) = purpose {
            annotations[PURPOSE] = purpose.into();
        }
        let owner = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "name": robot, "uid": robot_uid });
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {
                "name": name,
                "namespace": project,
                "labels": { MANAGED_BY: OURS },
                "annotations": annotations,
                "ownerReferences": [owner],
            },
        });
        let made = self.make_object(&robot_token::list_path(project), &secret).await?;
        Ok(TokenSecret { name, uid: uid_of(&made).unwrap_or_default().to_owned() })
    }

    /// Writes on the secret of a token when that ends, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// When the cluster refuses, also because there is another secret of that name by now.
    pub async fn date_token_secret(
        &self,
        project: &str,
        TokenSecret { name, uid }: &TokenSecret,
        expires: i64,
    ) -> Result<(), Error> {
        let Ok(time) = Timestamp::from_second(expires) else { return Ok(()) };
        let patch =
            json!({ "metadata": { "uid": uid, "annotations": { EXPIRES: time.to_string() } } });
        let path = secret_path(project, name);
        let bytes = Bytes::from(patch.to_string());
        self.patch::<IgnoredAny>(&path, "application/merge-patch+json", bytes).await.map(drop)
    }

    /// The secret of a token of this robot that was made here; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read. Its data is not asked for.
    pub async fn find_token_secret(
        &self,
        project: &str,
        robot: &str,
        name: &str,
    ) -> Result<Option<TokenSecret>, Error> {
        let secret = self.get_metadata::<Value>(&secret_path(project, name)).await;
        Ok(if_there(secret)?.and_then(|secret| token_secret(&secret, robot)))
    }

    /// The secrets of the tokens of this robot that were made here.
    ///
    /// # Errors
    /// When they cannot be listed. Their data is not asked for.
    pub async fn token_secrets(
        &self,
        project: &str,
        robot: &str,
    ) -> Result<Vec<TokenSecret>, Error> {
        let secrets = robot_token::collection(project);
        self.list_some(&secrets, |secret: Value| token_secret(&secret, robot)).await
    }

    /// Deletes the secret of a token, if it is this one. The token ends with it, as soon as the
    /// cluster has forgotten that it was good: after about ten seconds.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn delete_token_secret(
        &self,
        project: &str,
        TokenSecret { name, uid }: &TokenSecret,
    ) -> Result<(), Error> {
        self.delete_object(&secret_path(project, name), uid, None).await
    }
}

/// The secret, if a token of this robot is bound to it.
fn token_secret(secret: &Value, robot: &str) -> Option<TokenSecret> {
    let uid = uid_of(secret)?.to_owned();
    let RobotToken { metadata } = serde_json::from_value(secret.clone()).ok()?;
    let is_its = metadata.note(|notes| notes.robot.as_ref()) == Some(robot);
    let is_ours = secret["metadata"]["labels"][MANAGED_BY] == OURS;
    (is_its && is_ours).then_some(TokenSecret { name: metadata.name, uid })
}

fn robot_path(project: &str, name: &str) -> String {
    format!("{}/{}", service_account::list_path(project), escaped(name))
}

fn secret_path(project: &str, name: &str) -> String {
    format!("{}/{}", robot_token::list_path(project), escaped(name))
}

/// A name that no secret has yet.
fn new_name(robot: &str) -> String {
    let mut bytes = [0; 5];
    // Without randomness it is a name all the same, and the cluster says so when it is taken.
    let _ = SystemRandom::new().fill(&mut bytes);
    let lot: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    // Service accounts have ASCII names.
    let part = robot.get(..LONGEST_PART).unwrap_or(robot).trim_end_matches(['-', '.']);
    format!("{part}-token-{lot}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_fit_and_differ() {
        let long = format!("{}.{}", "x".repeat(199), "y".repeat(53));
        for robot in ["ci", "a.b", &long] {
            let name = new_name(robot);
            assert_eq!(images_proto::name::valid_robot_name(&name), Ok(()), "{name}");
            assert_ne!(name, new_name(robot));
        }
    }

    #[test]
    fn knows_its_own_secrets() {
        let secret = |label: &str, robot: &str| {
            json!({ "metadata": {
                "name": "s", "uid": "u",
                "labels": { "app.kubernetes.io/managed-by": label },
                "annotations": { "images.cockpit-project.org/robot": robot },
            } })
        };
        let own = TokenSecret { name: "s".to_owned(), uid: "u".to_owned() };
        assert_eq!(token_secret(&secret("cockpit-images", "ci"), "ci"), Some(own));
        assert_eq!(token_secret(&secret("cockpit-images", "other"), "ci"), None);
        assert_eq!(token_secret(&secret("Helm", "ci"), "ci"), None);
        assert_eq!(token_secret(&json!({ "metadata": { "name": "s" } }), "ci"), None);
    }

    #[test]
    fn system_accounts_are_known_by_name_or_owner() {
        let robot = |metadata: Value| -> RobotObject {
            serde_json::from_value(json!({ "metadata": metadata })).unwrap()
        };
        assert!(robot(json!({ "name": "builder" })).is_system());
        assert!(robot(json!({ "name": "ci", "ownerReferences": [{ "uid": "x" }] })).is_system());
        let own = json!({ "name": "ci", "labels": { MANAGED_BY: OURS }, "ownerReferences": null });
        assert!(!robot(own.clone()).is_system() && robot(own).is_ours());
    }
}
