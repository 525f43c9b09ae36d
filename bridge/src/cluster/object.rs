// SPDX-License-Identifier: LGPL-2.1-or-later

//! Whole objects, with all that nobody here knows: made, read, changed and put back, and deleted.
//!
//! A change is a PUT of what was read, which the API server refuses with 409 when somebody else
//! changed the object meanwhile. Then it is read again and changed again, so that of two editors
//! neither loses anything.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::error::Kind;
use super::{Cluster, Error};

/// How often a change is tried while others change the same object.
const TRIES: u32 = 12;
/// The longest wait before the second try. It grows with each one, and is drawn by lot.
const PAUSE: Duration = Duration::from_millis(20);

/// What came of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// There is no such object.
    NotThere,
    /// It was so already.
    Same(Value),
    /// It is so now.
    Done(Value),
}

/// An object as it was read, and which one it is.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// Which one it is, among all that ever had its name.
    pub uid: String,
    /// What it says.
    pub object: T,
}

impl Cluster {
    /// The object at this path, as far as it is understood; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<Found<T>>, Error> {
        let Some(object) = self.object(path).await? else { return Ok(None) };
        let uid = uid_of(&object).unwrap_or_default().to_owned();
        let wrong = |error| Error::new(Method::GET, path, Kind::Json(error));
        Ok(Some(Found { uid, object: serde_json::from_value(object).map_err(wrong)? }))
    }

    /// The object at this path; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn object<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Error> {
        if_there(self.get(path).await)
    }

    /// Makes an object in the list at `collection`, and returns it as it is then.
    ///
    /// # Errors
    /// When the cluster refuses; [`Error::is_already_there`] when the name is taken.
    pub async fn make_object(&self, collection: &str, object: &Value) -> Result<Value, Error> {
        self.post(collection, Bytes::from(object.to_string())).await
    }

    /// Changes the object at this path by `change`, which says whether it changed anything and is
    /// called again when somebody else was faster.
    ///
    /// # Errors
    /// When the cluster refuses; a conflict when others were faster again and again.
    pub async fn change_object(
        &self,
        path: &str,
        mut change: impl FnMut(&mut Value) -> bool + Send,
    ) -> Result<Change, Error> {
        let mut tries = 1;
        loop {
            let Some(mut object) = self.object(path).await? else { return Ok(Change::NotThere) };
            if !change(&mut object) {
                return Ok(Change::Same(object));
            }
            match self.put(path, Bytes::from(object.to_string())).await {
                Ok(()) => return Ok(Change::Done(object)),
                Err(error) if error.is_not_found() => return Ok(Change::NotThere),
                Err(error) if error.status() == Some(StatusCode::CONFLICT) && tries < TRIES => {
                    sleep(by_lot(PAUSE * tries)).await;
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Deletes the object at this path if it is this one, and in this version where one is given.
    /// That it is gone, or another one has its name by now, is no error.
    ///
    /// # Errors
    /// When the cluster refuses; a conflict when it has another version by now.
    pub async fn delete_object(
        &self,
        path: &str,
        uid: &str,
        resource_version: Option<&str>,
    ) -> Result<(), Error> {
        if uid.is_empty() {
            // A precondition that is empty is none.
            return Err(Error::new(Method::DELETE, path, Kind::Path));
        }
        let mut preconditions = json!({ "uid": uid });
        if let Some(version) = resource_version {
            preconditions["resourceVersion"] = version.into();
        }
        let options = json!({
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "preconditions": preconditions,
        });
        match self.delete_with(path, Bytes::from(options.to_string())).await {
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) if error.status() == Some(StatusCode::CONFLICT) => {
                let now = self.object(path).await?;
                let is_another = now.as_ref().and_then(uid_of).is_none_or(|now| now != uid);
                if is_another { Ok(()) } else { Err(error) }
            }
            answer => answer,
        }
    }
}

/// What was read, or that it is not there.
pub(super) fn if_there<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Which object it is, among all that ever had its name.
pub fn uid_of(object: &Value) -> Option<&str> {
    object.pointer("/metadata/uid")?.as_str().filter(|uid| !uid.is_empty())
}

/// A time of up to this one.
fn by_lot(most: Duration) -> Duration {
    // Each RandomState has other keys: randomness enough, without a crate.
    most.mul_f64((RandomState::new().hash_one(most) % 1_000) as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::cluster::fake::{Fake, refusal};

    const PATH: &str = "/apis/user.openshift.io/v1/groups/QA";

    fn add(object: &mut Value) -> bool {
        let users = object["users"].as_array_mut().unwrap();
        let is_new = !users.contains(&json!("josh"));
        if is_new {
            users.push(json!("josh"));
        }
        is_new
    }

    #[tokio::test]
    async fn somebody_else_is_faster_and_loses_nothing() {
        let puts = AtomicU32::new(0);
        let fake = Fake::start(move |asked| match &*asked.method {
            "GET" => {
                let by_others = format!("user-{}", puts.load(Ordering::SeqCst));
                (200, json!({ "metadata": { "resourceVersion": "7" }, "users": [by_others] }))
            }
            _ if puts.fetch_add(1, Ordering::SeqCst) < 3 => refusal(409),
            _ => (200, asked.body.clone()),
        })
        .await;
        let change = fake.cluster.change_object(PATH, add).await.unwrap();
        let Change::Done(object) = change else { panic!("{change:?}") };
        assert_eq!(object["users"], json!(["user-3", "josh"]));
        let last = fake.log().pop().unwrap();
        assert_eq!(
            (&*last.method, &last.body["metadata"]["resourceVersion"]),
            ("PUT", &json!("7"))
        );
    }

    #[tokio::test]
    async fn gives_up_when_others_are_always_faster() {
        let fake = Fake::start(|asked| match &*asked.method {
            "GET" => (200, json!({ "users": [] })),
            _ => refusal(409),
        })
        .await;
        let error = fake.cluster.change_object(PATH, add).await.unwrap_err();
        assert_eq!(error.status(), Some(StatusCode::CONFLICT));
        assert_eq!(fake.changes().len(), TRIES as usize);
    }

    #[tokio::test]
    async fn what_is_so_already_is_not_sent() {
        let fake = Fake::start(|_| (200, json!({ "users": ["josh"] }))).await;
        let change = fake.cluster.change_object(PATH, add).await.unwrap();
        assert!(matches!(change, Change::Same(_)));
        assert!(fake.changes().is_empty());
        let gone = Fake::start(|_| refusal(404)).await;
        assert_eq!(gone.cluster.change_object(PATH, add).await.unwrap(), Change::NotThere);
    }

    #[tokio::test]
    async fn deletes_this_one_alone() {
        let fake = Fake::start(|asked| match &*asked.method {
            "GET" => (200, json!({ "metadata": { "uid": "u-2" } })),
            _ => refusal(409),
        })
        .await;
        // Another one has the name.
        fake.cluster.delete_object(PATH, "u-1", None).await.unwrap();
        assert_eq!(fake.log()[0].body["preconditions"], json!({ "uid": "u-1" }));
        // It was changed.
        let error = fake.cluster.delete_object(PATH, "u-2", Some("7")).await.unwrap_err();
        assert_eq!(error.status(), Some(StatusCode::CONFLICT));
        let before = fake.log().len();
        assert!(fake.cluster.delete_object(PATH, "", None).await.is_err());
        assert_eq!(fake.log().len(), before, "never without a precondition");
    }
}
