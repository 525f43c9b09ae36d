// SPDX-License-Identifier: LGPL-2.1-or-later
//! Logging somebody in while the cluster runs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::access::login::{Login, Mapping, enter};
use crate::kubeconfig::{self, Credential};
use crate::ready::Face;
use crate::store::Store;

/// The login server, and where it leaves kubeconfigs.
#[derive(Debug)]
pub(crate) struct Doorkeeper {
    pub(crate) face: Face,
    /// `https://127.0.0.1:PORT` of the API server.
    pub(crate) api: String,
    /// The certificate of its authority, PEM.
    pub(crate) ca: String,
    /// Where the run keeps its files.
    pub(crate) dir: PathBuf,
}

/// Who wants to be let in.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    /// The name at the identity provider.
    user: String,
    #[serde(default = "htpasswd")]
    provider: String,
    #[serde(default)]
    mapping: Mapping,
    /// Only where the cluster keeps no users.
    #[serde(default)]
    groups: Vec<String>,
}

fn htpasswd() -> String {
    "htpasswd".to_owned()
}

/// Who was let in.
#[derive(Debug, Serialize)]
pub(super) struct Entered {
    /// The name in the cluster.
    user: String,
    token: String,
    kubeconfig: PathBuf,
}

impl Doorkeeper {
    /// Lets somebody in; at the first login on OpenShift, that makes their user.
    ///
    /// # Errors
    /// When the identity leads to no user, or the kubeconfig cannot be written.
    pub(super) fn let_in(
        &self,
        store: &Store,
        access: &Access,
        wish: Wish,
    ) -> Result<Entered, String> {
        let Wish { user, provider, mapping, groups } = wish;
        if user.is_empty() || user.contains(['/', '%', ':']) {
            return Err(format!("nobody is called \"{user}\""));
        }
        let login = match self.face {
            Face::Openshift => enter(store, &provider, &user, mapping)?,
            Face::Plain => Login { user, uid: None, groups },
        };
        let user = login.user.clone();
        let token = access.logins.hand_out(login);
        let kubeconfig = self.dir.join(format!("{user}.kubeconfig"));
        let credential = Credential::token(&token);
        kubeconfig::write(&kubeconfig, &user, &credential, &self.api, &self.ca)
            .map_err(|error| error.to_string())?;
        Ok(Entered { user, token, kubeconfig })
    }
}
