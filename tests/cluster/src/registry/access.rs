// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who asks the registry, and may they.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, header};
use serde_json::{Value, json};

use super::route::{Repository, Route};
use crate::access::rule::Attributes;
use crate::access::{Access, User};
use crate::resource::IMAGE_GROUP;

/// What a request shows of its sender.
#[derive(Debug)]
pub(crate) enum Credential {
    /// Nothing at all: not even anonymous.
    None,
    /// Something that nobody knows.
    Wrong,
    /// Somebody, with the token that was shown.
    Known(User, String),
}

impl Credential {
    /// Reads Basic (any name, the token as password) or Bearer.
    pub(crate) fn of(headers: &HeaderMap, access: &Access) -> Self {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Self::None };
        let Some((scheme, rest)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
            return Self::Wrong;
        };
        let token = match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Some(rest.to_owned()),
            "basic" => basic(headers).map(|(_, password)| password),
            _ => None,
        };
        match token {
            Some(token) if token == "anonymous" => Self::Known(User::anonymous(), token),
            Some(token) => match access.by_token(&token) {
                Some(user) => Self::Known(user.clone(), token),
                None => Self::Wrong,
            },
            None => Self::Wrong,
        }
    }
}

/// The name and password of a Basic login.
pub(crate) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (_, encoded) =
        value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    text.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}

/// The rights that a request needs and its sender lacks, as the refusal lists them:
/// all that were needed. None if nothing is lacking.
pub(crate) fn lacking(
    access: &Access,
    user: &User,
    method: &Method,
    route: &Route<'_>,
) -> Option<Value> {
    let record = |kind: &str, name: &str, action: &str| {
        let class = "";
        json!({"Type": kind, "Class": class, "Name": name, "Action": action})
    };
    let repository = match route {
        Route::Catalog => {
            let list = Attributes {
                verb: "list",
                group: IMAGE_GROUP,
                resource: "imagestreams",
                ..Attributes::default()
            };
            return (!access.allows(user, &list))
                .then(|| json!([record("registry", "catalog", "*")]));
        }
        Route::AdminBlob(_) => {
            return (!may_delete(access, user)).then(|| json!([record("admin", "", "prune")]));
        }
        Route::Tags(repository)
        | Route::Manifest(repository, _)
        | Route::Blob(repository, _)
        | Route::Signatures(repository, _)
        | Route::Upload(repository) => *repository,
        Route::Health | Route::Token | Route::Base | Route::BadName | Route::Unknown => {
            return None;
        }
    };
    let name = repository.name();
    let (allowed, actions): (bool, &[&str]) = match *method {
        // Who is known may ask which methods there are.
        Method::OPTIONS => return None,
        Method::GET | Method::HEAD => (may_pull(access, user, repository), &["pull"]),
        Method::DELETE if !matches!(route, Route::Upload(_)) => {
            (may_delete(access, user), &["delete"])
        }
        _ => (
            may_pull(access, user, repository) && may_push(access, user, repository),
            &["pull", "push"],
        ),
    };
    let needed = || actions.iter().map(|action| record("repository", &name, action)).collect();
    (!allowed).then(needed)
}

/// Whether somebody may read a stream's manifests and blobs.
pub(crate) fn may_pull(access: &Access, user: &User, repository: Repository<'_>) -> bool {
    layers(access, user, repository, "get")
}

fn may_push(access: &Access, user: &User, repository: Repository<'_>) -> bool {
    layers(access, user, repository, "update")
}

fn layers(access: &Access, user: &User, repository: Repository<'_>, verb: &str) -> bool {
    let what = Attributes {
        verb,
        group: IMAGE_GROUP,
        resource: "imagestreams",
        subresource: "layers",
        namespace: Some(repository.namespace),
        name: Some(repository.stream),
        path: None,
    };
    access.allows(user, &what)
}

/// Whether somebody may make a stream in a project.
pub(crate) fn may_create(access: &Access, user: &User, namespace: &str) -> bool {
    let what = Attributes {
        verb: "create",
        group: IMAGE_GROUP,
        resource: "imagestreams",
        namespace: Some(namespace),
        ..Attributes::default()
    };
    access.allows(user, &what)
}

/// Every delete needs the right to delete images everywhere.
fn may_delete(access: &Access, user: &User) -> bool {
    let what = Attributes {
        verb: "delete",
        group: IMAGE_GROUP,
        resource: "images",
        ..Attributes::default()
    };
    access.allows(user, &what)
}
