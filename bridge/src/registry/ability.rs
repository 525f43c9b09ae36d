// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a registry can do, found out by asking for things that do not exist: nothing is changed.

use http::header::ALLOW;
use http::{HeaderMap, StatusCode};
use images_proto::route::Ability;
use images_proto::{Digest, RepositoryName};

use super::answer::Bound;
use super::{Error, Kind, Registry, header, request};

/// The largest first page of a catalog, in bytes.
const PAGE_LIMIT: usize = 1 << 20;

/// The media type of what is sent to be refused.
const NO_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

const READ_ONLY: &str = "It is read-only: pushes and deletions are refused. That is set in the \
                         registry's configuration (storage.maintenance.readonly).";

/// The program's name and version, as far as the headers of its answers tell.
pub(super) fn product(headers: &HeaderMap) -> Option<String> {
    if let Some(version) = header(headers, "gitlab-container-registry-version") {
        return Some(format!("GitLab's registry {}", crate::body::excerpt(version.as_bytes())));
    }
    // The extension that only OpenShift's registry has.
    header(headers, "x-registry-supports-signatures")
        .map(|_| "OpenShift's image registry".to_owned())
}

impl Registry {
    /// Whether it lists its repositories.
    pub async fn lists(&self) -> Ability {
        let request = request::first_of_catalog();
        match self.send(&request, Bound::Bytes(PAGE_LIMIT)).await {
            Ok(_) => Ability::Yes,
            Err(error) => no(&error, |refusal| {
                matches!(refusal, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
                    .then_some("It has no list of its repositories.")
            }),
        }
    }

    /// Whether it accepts pushes, told by the methods that it allows for a manifest (RFC 9110,
    /// section 9.3.7). A read-only one does not name PUT.
    pub async fn writes(&self, repository: &RepositoryName) -> Ability {
        let request = request::manifest_methods(repository, &nothing());
        match self.send(&request, Bound::Small).await {
            Ok(answer) => match header(&answer.headers, ALLOW.as_str()) {
                Some(allowed) if names(allowed, "PUT") => Ability::Yes,
                Some(_) => Ability::No(READ_ONLY.to_owned()),
                None => Ability::Unclear("It does not say which methods it allows.".to_owned()),
            },
            Err(error) => unclear(&error),
        }
    }

    /// Whether this login may push there, told by its answer to a manifest that is none, by a digest
    /// that it cannot have: it can only be refused, and for its content only by a registry that would
    /// take another one.
    pub async fn takes_pushes(&self, repository: &RepositoryName) -> Ability {
        let reference = nothing().to_string();
        let nonsense = bytes::Bytes::from_static(b"{}");
        let request = request::put_manifest(repository, &reference, NO_MANIFEST, nonsense);
        match self.send(&request, Bound::Small).await {
            Ok(_) => Ability::Yes,
            Err(error) if error.is_a_registry() && error.is_status(StatusCode::BAD_REQUEST) => {
                Ability::Yes
            }
            // Where the way leads through the API server, that has a word in it.
            Err(error) if error.is_status(StatusCode::FORBIDDEN) => {
                Ability::No("You may not: pushing there is refused to you.".to_owned())
            }
            Err(error) => {
                no(&error, |status| (status == StatusCode::METHOD_NOT_ALLOWED).then_some(READ_ONLY))
            }
        }
    }

    /// Whether it is read-only for everybody, told in the same way.
    ///
    /// # Errors
    /// When it does not say.
    pub async fn is_read_only(&self, repository: &RepositoryName) -> Result<bool, Error> {
        let request = request::manifest_methods(repository, &nothing());
        let answer = self.send(&request, Bound::Small).await?;
        let allowed = header(&answer.headers, ALLOW.as_str());
        Ok(allowed.is_some_and(|allowed| !names(allowed, "PUT")))
    }

    /// Whether it deletes, told by its answer to the wish to delete a manifest that is nowhere.
    pub async fn deletes(&self, repository: &RepositoryName) -> Ability {
        let request = request::delete_manifest(repository, &nothing());
        match self.send(&request, Bound::Small).await {
            Ok(_) => Ability::Yes,
            Err(error) if error.is_not_found() => Ability::Yes,
            // A read-only one has no such method, and says so in nobody's words.
            Err(error) if error.refusal().is_some_and(|refusal| refusal.code.is_none()) => {
                no(&error, |status| (status == StatusCode::METHOD_NOT_ALLOWED).then_some(READ_ONLY))
            }
            Err(error) => no(&error, |status| {
                (status == StatusCode::METHOD_NOT_ALLOWED).then_some(
                    "Deletion is switched off in the registry's configuration \
                     (storage.delete.enabled, or REGISTRY_STORAGE_DELETE_ENABLED=true).",
                )
            }),
        }
    }

    /// Whether it answers which images refer to another (distribution-spec, "Listing Referrers").
    pub async fn has_referrers(&self, repository: &RepositoryName) -> Ability {
        let request = request::referrers(repository, &nothing());
        match self.send(&request, Bound::Bytes(PAGE_LIMIT)).await {
            Ok(_) => Ability::Yes,
            // Where the API is, a digest that nobody refers to has an empty list.
            Err(error) => no(&error, |status| {
                (status == StatusCode::NOT_FOUND)
                    .then_some("It has no such API: signatures are found by their tags.")
            }),
        }
    }
}

/// A digest that is of nothing: nobody knows bytes that have it, and two of us differ.
fn nothing() -> Digest {
    let mut bytes = [0; 32];
    let random = ring::rand::SystemRandom::new();
    // Without randomness it is still the digest of nothing known.
    let _ = ring::rand::SecureRandom::fill(&random, &mut bytes);
    Digest::from_bytes(bytes)
}

fn names(allowed: &str, method: &str) -> bool {
    allowed.split(',').any(|name| name.trim().eq_ignore_ascii_case(method))
}

fn no(error: &Error, words: impl Fn(StatusCode) -> Option<&'static str>) -> Ability {
    let refusal = match &error.kind {
        Kind::Refused(refusal) if !refusal.by_api_server => refusal,
        _ => return unclear(error),
    };
    match (words(refusal.status), refusal.status) {
        (Some(words), _) => Ability::No(words.to_owned()),
        (None, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            Ability::No("You may not: the registry refuses it to this login.".to_owned())
        }
        (None, _) => unclear(error),
    }
}

fn unclear(error: &Error) -> Ability {
    Ability::Unclear(error.failure("find that out").message)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{reply, serve};
    use super::*;

    fn name() -> RepositoryName {
        "shop/api".parse().unwrap()
    }

    #[tokio::test]
    async fn what_a_registry_answers_is_believed() {
        let server = serve(|line| {
            let error = |code: &str| format!(r#"{{"errors":[{{"code":"{code}"}}]}}"#);
            match line.split(' ').next().unwrap_or_default() {
                "OPTIONS" => reply("200 OK", "Allow: DELETE, GET, HEAD, OPTIONS, PUT\r\n", ""),
                "DELETE" => reply("404 Not Found", "", &error("MANIFEST_UNKNOWN")),
                "PUT" => reply("400 Bad Request", "", &error("DIGEST_INVALID")),
                _ if line.contains("/referrers/") => {
                    reply("404 Not Found", "Content-Type: text/plain\r\n", "404 page not found\n")
                }
                _ => reply("200 OK", "", r#"{"repositories":["a"]}"#),
            }
        })
        .await;
        assert_eq!(server.registry.lists().await, Ability::Yes);
        assert_eq!(server.registry.writes(&name()).await, Ability::Yes);
        assert_eq!(server.registry.deletes(&name()).await, Ability::Yes);
        assert_eq!(server.registry.takes_pushes(&name()).await, Ability::Yes);
        assert!(matches!(server.registry.has_referrers(&name()).await, Ability::No(_)));
        assert!(!server.registry.is_read_only(&name()).await.unwrap());
    }

    #[tokio::test]
    async fn a_registry_that_only_reads() {
        let server = serve(|line| match line.split(' ').next().unwrap_or_default() {
            "OPTIONS" => reply("200 OK", "Allow: GET, HEAD, OPTIONS\r\n", ""),
            "DELETE" => {
                let body = r#"{"errors":[{"code":"UNSUPPORTED"}]}"#;
                reply("405 Method Not Allowed", "", body)
            }
            _ => reply("401 Unauthorized", "", r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#),
        })
        .await;
        assert!(matches!(server.registry.lists().await, Ability::No(_)));
        assert!(
            matches!(server.registry.writes(&name()).await, Ability::No(words) if words.contains("read-only"))
        );
        assert!(
            matches!(server.registry.deletes(&name()).await, Ability::No(words) if words.contains("switched off"))
        );
        assert!(
            matches!(server.registry.takes_pushes(&name()).await, Ability::No(words) if words.contains("You may not"))
        );
        assert!(server.registry.is_read_only(&name()).await.unwrap());
    }

    #[tokio::test]
    async fn a_fault_says_nothing_about_what_it_can_do() {
        let server = serve(|_| reply("500 Internal Server Error", "", "")).await;
        for ability in [
            server.registry.lists().await,
            server.registry.writes(&name()).await,
            server.registry.takes_pushes(&name()).await,
            server.registry.deletes(&name()).await,
            server.registry.has_referrers(&name()).await,
        ] {
            assert!(matches!(ability, Ability::Unclear(_)), "{ability:?}");
        }
    }

    #[test]
    fn the_wish_for_nothing_is_another_each_time() {
        assert_ne!(nothing(), nothing());
    }
}
