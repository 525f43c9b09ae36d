// SPDX-License-Identifier: LGPL-2.1-or-later
//! What a request to the registry is about.

/// A stream as the registry names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repository<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) stream: &'a str,
}

impl<'a> Repository<'a> {
    /// Two parts, no more and no less.
    pub(crate) fn parse(name: &'a str) -> Option<Self> {
        let (namespace, stream) = name.split_once('/')?;
        let good = |part: &str| !part.is_empty() && !part.contains('/');
        (good(namespace) && good(stream)).then_some(Self { namespace, stream })
    }

    /// `NAMESPACE/STREAM`.
    pub(crate) fn name(self) -> String {
        format!("{}/{}", self.namespace, self.stream)
    }
}

/// A path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// `/` and `/healthz`.
    Health,
    Token,
    Base,
    Catalog,
    Tags(Repository<'a>),
    /// With a tag or a digest.
    Manifest(Repository<'a>, &'a str),
    Blob(Repository<'a>, &'a str),
    Upload(Repository<'a>),
    /// The signatures of an image.
    Signatures(Repository<'a>, &'a str),
    /// A blob of the storage, whoever uses it.
    AdminBlob(&'a str),
    /// A repository name of one part or of more than two.
    BadName,
    Unknown,
}

impl<'a> Route<'a> {
    /// Reads a path.
    pub(crate) fn parse(path: &'a str) -> Self {
        match path {
            "/" | "/healthz" => return Self::Health,
            "/openshift/token" => return Self::Token,
            "/v2" | "/v2/" => return Self::Base,
            "/v2/_catalog" => return Self::Catalog,
            _ => {}
        }
        if let Some(digest) = path.strip_prefix("/admin/blobs/") {
            return Self::AdminBlob(digest);
        }
        if let Some(rest) = path.strip_prefix("/extensions/v2/") {
            return match rest.rsplit_once("/signatures/") {
                Some((name, digest)) => Repository::parse(name)
                    .map_or(Self::BadName, |name| Self::Signatures(name, digest)),
                None => Self::Unknown,
            };
        }
        let Some(rest) = path.strip_prefix("/v2/") else { return Self::Unknown };
        let repository = |name, route: fn(Repository<'a>) -> Self| {
            Repository::parse(name).map_or(Self::BadName, route)
        };
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return repository(name, Self::Tags);
        }
        if let Some((name, _)) = rest.split_once("/blobs/uploads") {
            return repository(name, Self::Upload);
        }
        for (between, route) in [
            ("/manifests/", Self::Manifest as fn(Repository<'a>, &'a str) -> Self),
            ("/blobs/", Self::Blob as fn(Repository<'a>, &'a str) -> Self),
        ] {
            if let Some((name, reference)) = rest.rsplit_once(between) {
                return Repository::parse(name)
                    .map_or(Self::BadName, |name| route(name, reference));
            }
        }
        Self::Unknown
    }
}

impl Route<'_> {
    /// The methods that it takes, sorted. None if it does not look at them.
    pub(crate) fn methods(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::Health | Self::Token | Self::Base | Self::BadName | Self::Unknown => None,
            Self::Catalog | Self::Tags(_) => Some(&["GET"]),
            Self::Manifest(..) => Some(&["DELETE", "GET", "HEAD", "PUT"]),
            Self::Blob(..) => Some(&["DELETE", "GET", "HEAD"]),
            Self::Upload(_) => Some(&["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]),
            Self::Signatures(..) => Some(&["GET", "PUT"]),
            Self::AdminBlob(_) => Some(&["DELETE"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_two_parts() {
        let repository = Repository { namespace: "n", stream: "s" };
        assert_eq!(Route::parse("/v2/n/s/manifests/latest"), Route::Manifest(repository, "latest"));
        assert_eq!(Route::parse("/v2/n/s/blobs/uploads/x-y"), Route::Upload(repository));
        assert_eq!(Route::parse("/v2/n/s/blobs/sha256:0"), Route::Blob(repository, "sha256:0"));
        assert_eq!(Route::parse("/v2/s/manifests/latest"), Route::BadName);
        assert_eq!(Route::parse("/v2/a/b/c/tags/list"), Route::BadName);
        assert_eq!(Route::parse("/v2/_catalog"), Route::Catalog);
        assert_eq!(
            Route::parse("/extensions/v2/n/s/signatures/sha256:0"),
            Route::Signatures(repository, "sha256:0")
        );
        assert_eq!(Route::parse("/v1/x"), Route::Unknown);
    }
}
