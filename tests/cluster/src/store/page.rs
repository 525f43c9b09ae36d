// SPDX-License-Identifier: LGPL-2.1-or-later
//! Lists: whole, of one namespace, and by pages of one consistent state.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::items::{Item, Items, Keys};
use super::labels::Labels;
use super::{Objects, Stored};
use crate::resource::Resource;

/// What a list asks for.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// Only this namespace.
    pub(crate) namespace: Option<&'a str>,
    /// Only this name.
    pub(crate) name: Option<&'a str>,
    /// Only with these labels.
    pub(crate) labels: Option<&'a Labels>,
    /// At most this many items.
    pub(crate) limit: Option<usize>,
    /// Where the previous page ended.
    pub(crate) token: Option<&'a str>,
}

impl Ask<'_> {
    /// Whether name and labels are those that are asked for.
    fn fits(&self, item: &Item) -> bool {
        let name = |key: &str| key.rsplit('/').next().map(str::to_owned);
        self.name.is_none_or(|wanted| name(&item.key()).as_deref() == Some(wanted))
            && self.labels.is_none_or(|labels| labels.is_empty() || labels.fit(&item.stored()))
    }
}

/// A part of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    /// The state that the list shows.
    pub(crate) version: u64,
    /// For the next page.
    pub(crate) token: Option<String>,
    /// How many more there are, if that is known.
    pub(crate) remaining: Option<u64>,
}

/// Why there is no page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoPage {
    /// The token is none of ours.
    BadToken,
    /// The state that the list began with is forgotten; this token goes on with another one.
    Expired(String),
}

/// A continue token in the form of Kubernetes.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    v: String,
    /// -1: whatever the state is then.
    rv: i64,
    start: String,
}

impl Token {
    fn after(version: i64, key: &str) -> Self {
        Self { v: "meta.k8s.io/v1".to_owned(), rv: version, start: format!("/{key}\0") }
    }

    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn read(text: &str) -> Option<Self> {
        let token: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        (token.v == "meta.k8s.io/v1" && token.rv != 0).then_some(token)
    }
}

impl Objects {
    /// Lists objects of a kind.
    ///
    /// # Errors
    /// When the token cannot be followed.
    pub(crate) fn page(&self, resource: &'static Resource, ask: Ask<'_>) -> Result<Page, NoPage> {
        let (mut version, mut start) = (self.version(), String::new());
        let mut then = BTreeMap::new();
        if let Some(text) = ask.token {
            let token = Token::read(text).ok_or(NoPage::BadToken)?;
            token.start.strip_prefix('/').ok_or(NoPage::BadToken)?.clone_into(&mut start);
            if let Ok(asked) = u64::try_from(token.rv) {
                let Some(events) = self.since(asked) else {
                    return Err(NoPage::Expired(Token { rv: -1, ..token }.text()));
                };
                version = asked;
                // Undone from the newest to the oldest, so the state before them remains.
                for event in events.rev().filter(|event| event.resource == resource) {
                    let Some(object) = event.before.as_ref().or(event.after.as_ref()) else {
                        continue;
                    };
                    then.insert(object.key.clone(), event.before.clone());
                }
            }
        }
        // Keys of a namespace stand together; behind a slash comes a zero.
        let within = ask.namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let behind = ask.namespace.map(|namespace| format!("{namespace}0"));
        let mut keys = Keys { from: start.as_str().max(&within), to: behind.as_deref() };
        // One name is found without a look at the others.
        let alone = ask.name.filter(|_| ask.namespace.is_some() || !resource.namespaced);
        let alone = alone.map(|name| (format!("{within}{name}"), format!("{within}{name}\0")));
        if let Some((from, to)) = &alone {
            keys = Keys { from: keys.from.max(from), to: Some(to) };
        }
        // Hardly ever is anything undone: merge only then.
        Ok(if then.is_empty() {
            cut(self.items(resource, Some(keys)), ask, version)
        } else {
            cut(self.items_before(resource, keys, &then), ask, version)
        })
    }
}

/// The first of the items that are asked for.
fn cut<'a, W>(mut all: Items<'a, W>, ask: Ask<'_>, version: u64) -> Page
where
    W: Iterator<Item = (&'a str, Option<Arc<Stored>>)>,
{
    let limit = ask.limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let selects = ask.name.is_some() || ask.labels.is_some_and(|labels| !labels.is_empty());
    let items: Vec<_> = if selects {
        all.by_ref().filter(|item| ask.fits(item)).take(limit).collect()
    } else {
        all.by_ref().take(limit).collect()
    };
    let left = if selects { usize::from(all.any(|item| ask.fits(&item))) } else { all.count() };
    let last = items.last().filter(|_| left > 0);
    let token =
        last.map(|last| Token::after(i64::try_from(version).unwrap_or(-1), &last.key()).text());
    // With a selector Kubernetes does not know how many will fit.
    let remaining = (left > 0 && !selects).then_some(left as u64);
    Page { items, version, token, remaining }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::IMAGES;
    use crate::store::Store;

    fn three() -> Store {
        let store = Store::default();
        for name in ["a", "b", "c"] {
            store.write(|objects, clock| {
                objects.put(&IMAGES, json!({"metadata": {"name": name}}), clock)
            });
        }
        store
    }

    fn names(page: &Page) -> Vec<String> {
        page.items.iter().map(Item::key).collect()
    }

    #[test]
    fn a_later_page_shows_the_state_of_the_first() {
        let store = three();
        let ask = Ask { limit: Some(1), ..Ask::default() };
        let first = store.read().page(&IMAGES, ask).unwrap();
        assert_eq!((names(&first), first.remaining), (vec!["a".to_owned()], Some(2)));
        store.write(|objects, _| objects.delete(&IMAGES, "b"));
        store.write(|objects, clock| {
            objects.put(&IMAGES, json!({"metadata": {"name": "bb"}}), clock)
        });
        let rest = Ask { token: first.token.as_deref(), ..Ask::default() };
        assert_eq!(names(&store.read().page(&IMAGES, rest).unwrap()), ["b", "c"]);
    }

    #[test]
    fn a_stale_token_is_replaced() {
        let store = three();
        let ask = Ask { limit: Some(1), ..Ask::default() };
        let first = store.read().page(&IMAGES, ask).unwrap();
        store.write(|objects, _| objects.delete(&IMAGES, "b"));
        store.compact();
        let rest = Ask { token: first.token.as_deref(), ..Ask::default() };
        let Err(NoPage::Expired(token)) = store.read().page(&IMAGES, rest) else {
            panic!("not expired")
        };
        let rest = Ask { token: Some(&token), ..Ask::default() };
        assert_eq!(names(&store.read().page(&IMAGES, rest).unwrap()), ["c"]);
        let broken = Ask { token: Some("x"), ..Ask::default() };
        assert_eq!(store.read().page(&IMAGES, broken).unwrap_err(), NoPage::BadToken);
    }
}
