// SPDX-License-Identifier: LGPL-2.1-or-later
//! How an answer is written: whole, as a table or as metadata; indented; compressed.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use super::list::List;
use super::refusal::Refusal;
use crate::http::body::{self, Body, BodyError};
use crate::http::query::Query;

/// Smaller bodies are never compressed.
const GZIP_FROM_BYTES: usize = 128 << 10;

/// What is shown of each object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The whole object.
    Whole,
    /// Rows for people.
    Table,
    /// Only the metadata.
    Metadata,
    /// A discovery document of all groups, for `/api` and `/apis`.
    Discovery,
}

/// How to write an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) form: Form,
    indented: bool,
    gzip: bool,
}

impl Style {
    /// Plain JSON, for answers to requests that cannot be read.
    pub(crate) const PLAIN: Self = Self { form: Form::Whole, indented: false, gzip: false };

    /// Reads the wishes of a request.
    ///
    /// # Errors
    /// When it accepts nothing of what is served.
    pub(crate) fn of(headers: &HeaderMap, query: &Query) -> Result<Self, Refusal> {
        let text =
            |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let agent = text(header::USER_AGENT);
        let by_people =
            ["curl", "Wget", "Mozilla/5.0"].iter().any(|start| agent.starts_with(start));
        Ok(Self {
            form: form(text(header::ACCEPT)).ok_or_else(Refusal::not_acceptable)?,
            indented: query
                .get("pretty")
                .map_or(by_people, |value| !matches!(value, "false" | "0")),
            gzip: text(header::ACCEPT_ENCODING)
                .split(',')
                .any(|part| part.trim().starts_with("gzip")),
        })
    }

    /// An answer from a value.
    pub(crate) fn json(&self, status: StatusCode, value: &Value) -> Response<Body> {
        let text = if self.indented {
            serde_json::to_vec_pretty(value)
        } else {
            serde_json::to_vec(value)
        };
        self.finish(status, text.unwrap_or_default())
    }

    /// An answer from text that is JSON already.
    pub(crate) fn text(&self, status: StatusCode, text: Vec<u8>) -> Response<Body> {
        if self.indented
            && let Ok(value) = serde_json::from_slice::<Value>(&text)
        {
            return self.json(status, &value);
        }
        self.finish(status, text)
    }

    /// An answer that is a list. A short one is sent whole, of a long one only what comes next is
    /// ever made.
    pub(crate) fn list<I>(&self, list: List<I>) -> Response<Body>
    where
        I: Iterator<Item = Bytes> + Send + 'static,
    {
        let mut chunks = list.chunks(self.indented);
        let mut first = Vec::new();
        for chunk in chunks.by_ref() {
            first.extend_from_slice(&chunk);
            if first.len() > GZIP_FROM_BYTES {
                let all = std::iter::once(Bytes::from(first)).chain(chunks);
                return self.stream(all);
            }
        }
        self.finish(StatusCode::OK, first)
    }

    fn stream(&self, chunks: impl Iterator<Item = Bytes> + Send + 'static) -> Response<Body> {
        let mut response = Response::new(if self.gzip {
            body::stream(stream::iter(Packed::new(chunks)))
        } else {
            body::stream(stream::iter(chunks.map(Ok)))
        });
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        mark(headers, self.gzip);
        response
    }

    fn finish(&self, status: StatusCode, text: Vec<u8>) -> Response<Body> {
        let compress = self.gzip && text.len() > GZIP_FROM_BYTES;
        let packed = compress.then(|| gzip(&text)).flatten();
        let is_packed = packed.is_some();
        let mut response = body::answer(status, "application/json", packed.unwrap_or(text));
        mark(response.headers_mut(), is_packed);
        response
    }
}

fn mark(headers: &mut HeaderMap, is_packed: bool) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

/// Chunks, compressed one after the other.
struct Packed<I> {
    chunks: I,
    /// None once the end is sent.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl<I> Packed<I> {
    fn new(chunks: I) -> Self {
        Self { chunks, encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())) }
    }
}

impl<I: Iterator<Item = Bytes>> Packed<I> {
    fn pack(&mut self) -> io::Result<Option<Bytes>> {
        while let Some(encoder) = &mut self.encoder {
            match self.chunks.next() {
                Some(chunk) => encoder.write_all(&chunk)?,
                None => return self.encoder.take().map(|end| Ok(end.finish()?.into())).transpose(),
            }
            let packed = std::mem::take(encoder.get_mut());
            if !packed.is_empty() {
                return Ok(Some(packed.into()));
            }
        }
        Ok(None)
    }
}

impl<I: Iterator<Item = Bytes>> Iterator for Packed<I> {
    type Item = Result<Bytes, BodyError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pack().map_err(|error| BodyError(error.to_string())).transpose()
    }
}

fn gzip(text: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).ok()?;
    encoder.finish().ok()
}

/// The first of the accepted forms that is served; none if there is none.
fn form(accept: &str) -> Option<Form> {
    if accept.is_empty() {
        return Some(Form::Whole);
    }
    accept.split(',').find_map(|part| {
        let mut part = part.split(';').map(str::trim);
        let media = part.next()?;
        let mut wanted = Form::Whole;
        for parameter in part {
            wanted = match parameter {
                "as=Table" => Form::Table,
                "as=PartialObjectMetadataList" | "as=PartialObjectMetadata" => Form::Metadata,
                "as=APIGroupDiscoveryList" => Form::Discovery,
                _ => wanted,
            };
        }
        matches!(media, "application/json" | "application/*" | "*/*").then_some(wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_served_form_wins() {
        assert_eq!(form(""), Some(Form::Whole));
        assert_eq!(
            form("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
            Some(Form::Table)
        );
        assert_eq!(form("application/vnd.kubernetes.protobuf,application/json"), Some(Form::Whole));
        assert_eq!(
            form("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
            Some(Form::Metadata)
        );
        assert_eq!(form("application/cbor"), None);
    }

    #[test]
    fn only_large_bodies_are_compressed() {
        let style = Style { gzip: true, ..Style::PLAIN };
        let small = style.text(StatusCode::OK, vec![b' '; GZIP_FROM_BYTES]);
        assert!(!small.headers().contains_key(header::CONTENT_ENCODING));
        let large = style.text(StatusCode::OK, vec![b' '; GZIP_FROM_BYTES + 1]);
        assert_eq!(large.headers()[header::CONTENT_ENCODING], "gzip");
    }
}
