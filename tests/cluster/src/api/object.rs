// SPDX-License-Identifier: LGPL-2.1-or-later
//! Reading stored objects: one, or a list.

use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::list::List;
use super::path::ResourcePath;
use super::refusal::Refusal;
use super::style::{Form, Style};
use super::table;
use crate::http::body::Body;
use crate::http::query::Query;
use crate::resource::Resource;
use crate::store::labels::Labels;
use crate::store::page::{Ask, NoPage, Page};
use crate::store::{Store, Stored, key};

/// One object.
///
/// # Errors
/// When it is not there.
pub(crate) fn get(
    store: &Store,
    resource: &Resource,
    path: &ResourcePath,
    style: &Style,
) -> Result<Response<Body>, Refusal> {
    let name = path.name.as_deref().unwrap_or_default();
    let found = store.read().get(resource, &key(path.namespace.as_deref(), name));
    let object = found.ok_or_else(|| Refusal::not_found(resource.group, resource.plural, name))?;
    Ok(match style.form {
        Form::Metadata => style.json(StatusCode::OK, &metadata_only(object.item())),
        Form::Table => {
            let rows = vec![table::row(resource, object.item(), table::Include::Metadata)];
            style.json(StatusCode::OK, &table::table(table::columns(resource), json!({}), rows))
        }
        Form::Whole | Form::Discovery => style.text(StatusCode::OK, object.alone(resource)),
    })
}

/// A list, or a page of it.
///
/// # Errors
/// When the continue token is broken or stale, the version unknown, or the selector not served.
pub(crate) fn list(
    store: &Store,
    resource: &'static Resource,
    path: &ResourcePath,
    query: &Query,
    style: &Style,
) -> Result<Response<Body>, Refusal> {
    let page = page(store, resource, path, query)?;
    let metadata = list_metadata(&page);
    let (head, include) = (List::head(resource, style.form, &metadata), table::Include::of(query));
    let form = style.form;
    let items = page.items.into_iter().map(move |item| match form {
        Form::Whole | Form::Discovery => item.stored().item().clone(),
        Form::Metadata => item.metadata_only().to_string().into(),
        Form::Table => table::row(resource, item.stored().item(), include).to_string().into(),
    });
    Ok(style.list(List { head, items }))
}

fn page(
    store: &Store,
    resource: &'static Resource,
    path: &ResourcePath,
    query: &Query,
) -> Result<Page, Refusal> {
    let selector = Selector::of(query)?;
    let version = version(query)?;
    let limit = query.get("limit").map(str::parse).transpose();
    let limit = limit.map_err(|_| Refusal::bad_request("invalid limit"))?;
    let token = query.get("continue").filter(|token| !token.is_empty());
    let objects = store.read();
    let now = objects.version();
    match version {
        Some(asked) if asked > now => return Err(Refusal::too_large(asked, now)),
        Some(asked)
            if query.get("resourceVersionMatch") == Some("Exact")
                && objects.since(asked).is_none() =>
        {
            return Err(Refusal::expired(asked, now));
        }
        _ => {}
    }
    // The watch cache answers these, and it does not cut lists into pages.
    let cached = version == Some(0) && token.is_none();
    let ask = Ask {
        namespace: path.namespace.as_deref().or(selector.namespace.as_deref()),
        name: selector.name.as_deref(),
        labels: Some(&selector.labels),
        limit: limit.filter(|_| !cached),
        token,
    };
    objects.page(resource, ask).map_err(|error| match error {
        NoPage::BadToken => Refusal::bad_request("continue key is not valid: invalid character"),
        NoPage::Expired(token) => Refusal::expired_continue(token),
    })
}

/// The `resourceVersion` of a request.
///
/// # Errors
/// When it is no number.
pub(crate) fn version(query: &Query) -> Result<Option<u64>, Refusal> {
    let text = query.get("resourceVersion").filter(|text| !text.is_empty());
    let number = text.map(str::parse).transpose();
    number.map_err(|_| Refusal::bad_request("Invalid value: resourceVersion must be a number"))
}

/// What a list or a watch selects: by fields only the name and the namespace, and by labels.
#[derive(Debug, Default)]
pub(crate) struct Selector {
    pub(crate) name: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) labels: Labels,
}

impl Selector {
    /// Reads it from a query.
    ///
    /// # Errors
    /// When it selects by another field, or cannot be read.
    pub(crate) fn of(query: &Query) -> Result<Self, Refusal> {
        let text = query.get("labelSelector").unwrap_or_default();
        let labels = Labels::parse(text)
            .ok_or_else(|| Refusal::bad_request(format!("unable to parse requirement: {text}")))?;
        let mut this = Self { labels, ..Self::default() };
        let fields = query.get("fieldSelector").unwrap_or_default().split(',');
        for part in fields.filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("metadata.name", value)) => {
                    this.name = Some(value.trim_start_matches('=').to_owned())
                }
                Some(("metadata.namespace", value)) => {
                    this.namespace = Some(value.trim_start_matches('=').to_owned());
                }
                _ => {
                    let field = part.split('=').next().unwrap_or_default();
                    let message =
                        format!("field label not supported: {}", field.trim_end_matches('!'));
                    return Err(Refusal::bad_request(message));
                }
            }
        }
        Ok(this)
    }

    /// Whether it selects that object.
    pub(crate) fn fits(&self, object: &Stored) -> bool {
        self.name.as_deref().is_none_or(|name| name == object.name())
            && self
                .namespace
                .as_deref()
                .is_none_or(|namespace| Some(namespace) == object.namespace())
            && self.labels.fit(object)
    }
}

fn list_metadata(page: &Page) -> Value {
    let mut metadata = json!({"resourceVersion": page.version.to_string()});
    if let Some(token) = &page.token {
        metadata["continue"] = json!(token);
    }
    if let Some(remaining) = page.remaining {
        metadata["remainingItemCount"] = json!(remaining);
    }
    metadata
}

/// An object of which only the metadata is shown.
pub(crate) fn metadata_only(item: &[u8]) -> Value {
    #[derive(Deserialize)]
    struct Meta<'a> {
        #[serde(borrow)]
        metadata: &'a RawValue,
    }
    let metadata = serde_json::from_slice::<Meta<'_>>(item).ok();
    let metadata =
        metadata.and_then(|object| serde_json::from_str::<Value>(object.metadata.get()).ok());
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
}
