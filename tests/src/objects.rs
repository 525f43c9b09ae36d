// SPDX-License-Identifier: LGPL-2.1-or-later

//! Objects of any cluster, by whatever way its kubeconfig logs in there.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result};
use http::{Method, Request};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;

/// Asks the API server of a kubeconfig's current context.
#[derive(Clone)]
pub struct Objects(kube::Client);

impl Objects {
    /// With a kubeconfig as in the environment: one file or several, those that are not there do
    /// not count.
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn of(kubeconfig: &OsStr) -> Result<Self> {
        // The only TLS provider; an error means that it is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut merged = Kubeconfig::default();
        for file in std::env::split_paths(kubeconfig).filter(|file| Path::new(file).exists()) {
            let read = Kubeconfig::read_from(&file)
                .with_context(|| format!("cannot use {}", file.display()))?;
            merged = merged.merge(read)?;
        }
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(merged, &options).await?;
        Ok(Self(kube::Client::try_from(config)?))
    }

    /// The object at a path such as `/api/v1/namespaces/x`; `None` when there is none.
    ///
    /// # Errors
    /// When the cluster answers anything else.
    pub async fn get(&self, path: &str) -> Result<Option<Value>> {
        none_if_gone(self.ask(Method::GET, path, Vec::new()).await).with_context(|| path.to_owned())
    }

    /// Creates one; the path is that of the list.
    ///
    /// # Errors
    /// When the cluster does not take it.
    pub async fn create(&self, path: &str, object: &Value) -> Result<Value> {
        let created = self.ask(Method::POST, path, object.to_string().into_bytes()).await;
        created.with_context(|| format!("cannot create one of {path}"))
    }

    /// Deletes one; `None` when there is none.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn delete(&self, path: &str) -> Result<Option<Value>> {
        let deleted = none_if_gone(self.ask(Method::DELETE, path, Vec::new()).await);
        deleted.with_context(|| format!("cannot delete {path}"))
    }

    async fn ask(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Value, kube::Error> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Content-Type", "application/json")
            .body(body)
            .map_err(kube::Error::HttpError)?;
        self.0.request(request).await
    }
}

/// Whether the cluster does not let this user do that.
pub fn is_forbidden(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<kube::Error>();
    matches!(error, Some(kube::Error::Api(status)) if status.code == 403)
}

fn none_if_gone(answer: Result<Value, kube::Error>) -> Result<Option<Value>, kube::Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(error) => Err(error),
    }
}
