// SPDX-License-Identifier: LGPL-2.1-or-later

//! What somebody can do about users, groups and robots.

use std::time::Duration;

use images_proto::access::{Login, Way};
use images_proto::people::{Changed, Deletion, Goes, GroupChange, NewUser, UserChange};
use images_proto::robot::{self, Issued, NewRobot, NewToken, WhichRobot, WhichToken};
use images_proto::{Failure, access};
use tokio::time::timeout;

use super::Session;
use super::registry::is_openshift;
use crate::action;

/// How long a token waits for the address to use it at.
const PATIENCE: Duration = Duration::from_secs(10);
/// What somebody should know whose registry does not ask the cluster.
const KEEPS_ITS_OWN: &str = "This registry does not ask the cluster who may pull and push, so a robot's token does not open it.";

impl Session {
    /// Makes a user.
    ///
    /// # Errors
    /// When the cluster keeps no users, the name is taken, or it refuses.
    pub async fn create_user(&self, params: NewUser) -> Result<Changed, Failure> {
        action::create_user(&self.cluster().await?, params).await
    }

    /// Changes a user.
    ///
    /// # Errors
    /// When there is no such user, or the cluster refuses.
    pub async fn change_user(&self, params: UserChange) -> Result<Changed, Failure> {
        action::change_user(&self.cluster().await?, params).await
    }

    /// Makes a group.
    ///
    /// # Errors
    /// When the cluster keeps no groups, the name is taken, or it refuses.
    pub async fn create_group(&self, params: GroupChange) -> Result<Changed, Failure> {
        action::create_group(&self.cluster().await?, params).await
    }

    /// Takes users into a group and out of it.
    ///
    /// # Errors
    /// When there is no such group, or the cluster refuses.
    pub async fn change_group(&self, params: GroupChange) -> Result<Changed, Failure> {
        action::change_group(&self.cluster().await?, params).await
    }

    /// Says what goes with a user or group, and deletes it once that is agreed to.
    ///
    /// # Errors
    /// When there is no such user or group, or the cluster refuses.
    pub async fn delete_person(&self, params: Deletion) -> Result<Goes, Failure> {
        action::delete_person(&self.cluster().await?, params).await
    }

    /// Makes a robot.
    ///
    /// # Errors
    /// When the name is taken, or the cluster refuses.
    pub async fn create_robot(&self, params: NewRobot) -> Result<robot::Changed, Failure> {
        let cluster = self.cluster().await?;
        let is_openshift = is_openshift(&cluster).await?;
        let mut changed = action::create_robot(&cluster, is_openshift, params).await?;
        if changed.done && !is_openshift {
            changed.notes.push(KEEPS_ITS_OWN.to_owned());
        }
        Ok(changed)
    }

    /// Gives out a token of a robot, with the address to use it at.
    ///
    /// # Errors
    /// When there is no such robot, or the cluster refuses.
    pub async fn issue_token(&self, params: NewToken) -> Result<Issued, Failure> {
        let cluster = self.cluster().await?;
        let is_openshift = is_openshift(&cluster).await?;
        // Looked for first: a token whose answer waits for silent addresses may never be seen.
        let registry = timeout(PATIENCE, self.addresses()).await;
        let registry = registry.ok().and_then(Result::ok).unwrap_or_default();
        let mut issued = action::issue_token(&cluster, is_openshift, params).await?;
        if issued.done {
            issued.host = host(&registry);
            if matches!(registry.login, Login::Password | Login::None) {
                issued.notes.push(KEEPS_ITS_OWN.to_owned());
            }
        }
        Ok(issued)
    }

    /// Ends a token of a robot.
    ///
    /// # Errors
    /// When there is no such token, or the cluster refuses.
    pub async fn revoke_token(&self, params: WhichToken) -> Result<robot::Changed, Failure> {
        let cluster = self.cluster().await?;
        action::revoke_token(&cluster, is_openshift(&cluster).await?, params).await
    }

    /// Deletes a robot once that is agreed to.
    ///
    /// # Errors
    /// When there is no such robot, or the cluster refuses.
    pub async fn delete_robot(&self, params: WhichRobot) -> Result<robot::Changed, Failure> {
        let cluster = self.cluster().await?;
        action::delete_robot(&cluster, is_openshift(&cluster).await?, params).await
    }
}

/// The first host that answers clients.
fn host(access::Answer { addresses, .. }: &access::Answer) -> Option<String> {
    let mut reached =
        addresses.iter().filter(|address| address.answers && address.way != Way::Service);
    reached.next().map(|address| address.host.clone())
}
