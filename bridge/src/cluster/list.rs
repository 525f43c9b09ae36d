// SPDX-License-Identifier: LGPL-2.1-or-later

//! Lists of objects, page by page. Whole lists cost the API server gigabytes on a big cluster.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::metadata::ListMetadata;
use super::{Cluster, Collection, Error};
use crate::uri::escaped;

/// Objects on one page.
const PAGE: usize = 500;

/// How often a list is begun anew because its continue token was too old.
const RESTARTS: u32 = 3;

/// One page of a list.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct List<T> {
    /// Its version and what follows.
    #[serde(default)]
    pub metadata: ListMetadata,
    /// The objects. Go writes an empty list as null.
    #[serde(default = "Option::default")]
    items: Option<Vec<T>>,
}

impl<T> List<T> {
    /// The objects.
    pub fn into_items(self) -> Vec<T> {
        self.items.unwrap_or_default()
    }

    /// The token for the next page, if there is one.
    pub fn next(&self) -> Option<&str> {
        self.metadata.r#continue.as_deref().filter(|token| !token.is_empty())
    }
}

impl Cluster {
    /// A page of the list at `path`: the first, or the one that `token` leads to.
    ///
    /// # Errors
    /// When it cannot be read; [`Error::is_expired`] when the token is too old.
    pub async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
    ) -> Result<List<T>, Error> {
        self.get(&page_query(path, "", token)).await
    }

    /// All objects of the list at `path`, of which there are not many.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn list_all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Error> {
        self.list_some(&Collection::whole(path), Some).await
    }

    /// What `pick` takes of the objects of a collection, of which there may be many.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn list_some<T: DeserializeOwned, U>(
        &self,
        of: &Collection,
        mut pick: impl FnMut(T) -> Option<U> + Send,
    ) -> Result<Vec<U>, Error> {
        let mut items = Vec::new();
        let (mut token, mut restarts): (Option<String>, u32) = (None, 0);
        loop {
            let page: List<T> = match self.page(of, token.as_deref()).await {
                Err(error) if error.is_expired() && token.is_some() && restarts < RESTARTS => {
                    restarts += 1;
                    items.clear();
                    token = None;
                    continue;
                }
                page => page?,
            };
            let next = page.next().map(str::to_owned);
            items.extend(page.into_items().into_iter().filter_map(&mut pick));
            match next {
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => return Ok(items),
            }
        }
    }
}

/// The path and query of a page of what `more` of the query selects.
pub(super) fn page_query(path: &str, more: &str, token: Option<&str>) -> String {
    // The API server indents for some user agents unless told not to.
    let mut query = format!("{path}?limit={PAGE}&pretty=false{more}");
    if let Some(token) = token {
        query.push_str("&continue=");
        query.push_str(&escaped(token));
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_may_be_null() {
        for text in [r#"{"metadata":{"continue":""},"items":null}"#, "{}", r#"{"items":[]}"#] {
            let list: List<u8> = serde_json::from_str(text).unwrap();
            assert_eq!(list.next(), None);
            assert!(list.into_items().is_empty());
        }
    }
}
