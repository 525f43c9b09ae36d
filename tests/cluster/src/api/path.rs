// SPDX-License-Identifier: LGPL-2.1-or-later
//! What a request to the API server is about, read from its path and method.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::access::rule::Attributes;

/// A resource, an object or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ResourcePath {
    /// Empty for the core group.
    pub(crate) group: String,
    pub(crate) namespace: Option<String>,
    pub(crate) resource: String,
    pub(crate) name: Option<String>,
    /// Empty if none.
    pub(crate) subresource: String,
    /// What follows the subresource, undecoded, from its slash on; none if there is no slash.
    pub(crate) rest: Option<String>,
}

impl ResourcePath {
    /// Reads `/api/v1/…` or `/apis/GROUP/v1/…`; none if it is neither.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let (group, rest) = if let Some(rest) = path.strip_prefix("/api/v1/") {
            (String::new(), rest)
        } else {
            let (group, rest) = path.strip_prefix("/apis/")?.split_once('/')?;
            (group.to_owned(), rest.strip_prefix("v1/")?)
        };
        let mut this = Self { group, ..Self::default() };
        let mut rest = rest;
        if let Some(inside) = rest.strip_prefix("namespaces/")
            && let Some((namespace, inside)) = inside.split_once('/')
        {
            this.namespace = Some(decode(namespace));
            rest = inside;
        }
        let mut parts = rest.splitn(4, '/');
        this.resource = parts.next().map(decode).filter(|name| !name.is_empty())?;
        this.name = parts.next().map(decode).filter(|name| !name.is_empty());
        this.subresource = parts.next().map(decode).unwrap_or_default();
        this.rest = parts.next().map(|rest| format!("/{rest}"));
        Some(this)
    }

    /// The verb of a method, as roles name it.
    pub(crate) fn verb(&self, method: &Method, watch: bool) -> &'static str {
        match (method, self.name.is_some()) {
            (&Method::GET | &Method::HEAD, true) => "get",
            (&Method::GET | &Method::HEAD, false) if watch => "watch",
            (&Method::GET | &Method::HEAD, false) => "list",
            (&Method::POST, _) => "create",
            (&Method::PUT, _) => "update",
            (&Method::PATCH, _) => "patch",
            (&Method::DELETE, true) => "delete",
            (&Method::DELETE, false) => "deletecollection",
            _ => "",
        }
    }

    /// What the caller needs the right for. A namespace, or a project, is within itself.
    pub(crate) fn attributes<'a>(&'a self, verb: &'a str) -> Attributes<'a> {
        let itself = self
            .name
            .as_deref()
            .filter(|_| matches!(self.resource.as_str(), "namespaces" | "projects"));
        Attributes {
            verb,
            group: &self.group,
            resource: &self.resource,
            subresource: &self.subresource,
            namespace: self.namespace.as_deref().or(itself),
            name: self.name.as_deref(),
            path: None,
        }
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_parts_and_rests() {
        let path =
            ResourcePath::parse("/apis/image.openshift.io/v1/namespaces/n/imagestreamtags/a%3Ab")
                .unwrap();
        assert_eq!(path.resource, "imagestreamtags");
        assert_eq!(path.name.as_deref(), Some("a:b"));
        let path =
            ResourcePath::parse("/api/v1/namespaces/n/services/https:r:p/proxy/v2/a%2Fb").unwrap();
        assert_eq!((path.subresource.as_str(), path.rest.as_deref()), ("proxy", Some("/v2/a%2Fb")));
        let path = ResourcePath::parse("/api/v1/namespaces/n/services/r/proxy").unwrap();
        assert_eq!(path.rest, None);
        let path = ResourcePath::parse("/api/v1/namespaces/n").unwrap();
        assert_eq!((path.resource.as_str(), path.name.as_deref()), ("namespaces", Some("n")));
        assert_eq!(ResourcePath::parse("/apis/apps/v1beta1/x"), None);
        assert_eq!(ResourcePath::parse("/api/v1/"), None);
    }

    #[test]
    fn verbs_follow_methods() {
        let list = ResourcePath::parse("/api/v1/pods").unwrap();
        assert_eq!(list.verb(&Method::GET, true), "watch");
        assert_eq!(list.verb(&Method::DELETE, false), "deletecollection");
        let one = ResourcePath::parse("/api/v1/namespaces/n/services/r/proxy/v2/").unwrap();
        assert_eq!(one.verb(&Method::HEAD, false), "get");
        assert_eq!(one.verb(&Method::PUT, false), "update");
    }
}
