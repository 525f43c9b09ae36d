// SPDX-License-Identifier: LGPL-2.1-or-later
//! The text of a list, made piece by piece.

use bytes::Bytes;
use serde_json::Value;

use super::style::Form;
use super::table;
use crate::resource::Resource;

/// Pieces are sent together until they are so long.
const CHUNK_BYTES: usize = 64 << 10;

/// A list: what comes before the items, and their texts.
pub(crate) struct List<I> {
    /// Up to the bracket that opens the items.
    pub(super) head: Head,
    pub(super) items: I,
}

/// What comes before the items of a list.
pub(crate) struct Head {
    /// The fields in their order, as JSON.
    fields: Vec<(&'static str, Value)>,
    /// The field of the items.
    items: &'static str,
}

impl List<()> {
    /// What comes before the items.
    pub(super) fn head(resource: &Resource, form: Form, metadata: &Value) -> Head {
        let (kind, version) = match form {
            Form::Whole | Form::Discovery => {
                (format!("{}List", resource.kind), resource.api_version())
            }
            Form::Metadata => ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned()),
            Form::Table => ("Table".to_owned(), "meta.k8s.io/v1".to_owned()),
        };
        let mut fields = vec![
            ("kind", kind.into()),
            ("apiVersion", version.into()),
            ("metadata", metadata.clone()),
        ];
        if form == Form::Table {
            fields.push(("columnDefinitions", table::columns(resource).into()));
            return Head { fields, items: "rows" };
        }
        Head { fields, items: "items" }
    }
}

impl<I: Iterator<Item = Bytes>> List<I> {
    /// The text in pieces, indented for people or not.
    pub(super) fn chunks(self, indented: bool) -> impl Iterator<Item = Bytes> {
        let mut items = self.items.peekable();
        let mut text = self.head.text(indented);
        let (between, end): (&[u8], &[u8]) =
            if indented { (b",\n    ", b"\n  ]\n}") } else { (b",", b"]}") };
        if indented && items.peek().is_some() {
            text.extend_from_slice(b"\n    ");
        }
        let mut is_over = false;
        std::iter::from_fn(move || {
            while text.len() < CHUNK_BYTES && !is_over {
                match items.next() {
                    Some(item) if indented => text.extend(pretty(&item)),
                    Some(item) => text.extend_from_slice(&item),
                    None => {}
                }
                is_over = items.peek().is_none();
                text.extend_from_slice(if is_over { end } else { between });
            }
            (!text.is_empty()).then(|| Bytes::from(std::mem::take(&mut text)))
        })
    }
}

impl Head {
    fn text(&self, indented: bool) -> Vec<u8> {
        let (start, between, colon) =
            if indented { ("{\n  ", ",\n  ", ": ") } else { ("{", ",", ":") };
        let mut text = start.to_owned();
        for (name, value) in &self.fields {
            let value = value.to_string();
            let value = if indented {
                String::from_utf8(pretty(value.as_bytes())).unwrap_or(value).replace("\n  ", "\n")
            } else {
                value
            };
            text += &format!("\"{name}\"{colon}{value}{between}");
        }
        (text + &format!("\"{}\"{colon}[", self.items)).into_bytes()
    }
}

/// JSON on lines of its own, as deep as items are.
fn pretty(item: &[u8]) -> Vec<u8> {
    let value = serde_json::from_slice::<Value>(item).unwrap_or_default();
    let text = serde_json::to_string_pretty(&value).unwrap_or_default();
    // Within JSON's texts no line ends.
    text.replace('\n', "\n    ").into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::IMAGES;

    fn text(items: &[&'static str], form: Form, indented: bool) -> String {
        let head = List::head(&IMAGES, form, &json!({"resourceVersion": "7"}));
        let items = items.iter().map(|item| Bytes::from_static(item.as_bytes()));
        let chunks = List { head, items }.chunks(indented);
        String::from_utf8(chunks.flatten().collect()).unwrap()
    }

    #[test]
    fn only_what_is_sent_next_is_made() {
        let made = std::cell::Cell::new(0);
        let items = (0..1000).map(|_| {
            made.set(made.get() + 1);
            Bytes::from(format!("\"{}\"", "x".repeat(10_000)))
        });
        let head = List::head(&IMAGES, Form::Whole, &json!({}));
        let mut chunks = List { head, items }.chunks(false);
        let first = chunks.next().unwrap();
        assert!(first.len() < 2 * CHUNK_BYTES, "{}", first.len());
        assert!(made.get() < 10, "{} items were made for one chunk", made.get());
        drop(chunks);
    }

    #[test]
    fn an_indented_list_says_the_same() {
        for items in [&[][..], &[r#"{"a":1}"#], &[r#"{"a":[1,{"b":"x"}]}"#, r#"{"a":2}"#]] {
            for form in [Form::Whole, Form::Metadata, Form::Table] {
                let (plain, indented) = (text(items, form, false), text(items, form, true));
                assert!(!plain.contains('\n'), "{plain}");
                assert!(indented.starts_with("{\n  \"kind\": \""), "{indented}");
                let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
                assert_eq!(read(&plain), read(&indented));
                let field = if form == Form::Table { "rows" } else { "items" };
                assert_eq!(read(&plain)[field].as_array().unwrap().len(), items.len());
            }
        }
    }
}
