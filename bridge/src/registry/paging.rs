// SPDX-License-Identifier: LGPL-2.1-or-later

//! Pages of names: of repositories and of tags.
//!
//! The address of the next page is built here, not taken from `Link`: what the registry writes
//! there is its own address, which the API server's proxy does not translate. Only whether there is
//! a `Link` counts, and where it is missing, whether the page was full.

use http::header::LINK;
use serde::Deserialize;

use super::answer::Answer;
use super::error::Kind;
use super::request::PAGE;

/// The names after which a walk through pages ends, however many there are.
pub(super) const MAX_NAMES: usize = 200_000;

/// A page of names.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// The names as the registry wrote them: unchecked.
    pub names: Vec<String>,
    /// The name after which the next page starts, if there is one.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct Repositories {
    /// Required, but null when there are none.
    repositories: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Tags {
    /// Null after the last tag was deleted.
    tags: Option<Vec<String>>,
}

pub(super) fn repositories(answer: &Answer, last: Option<&str>) -> Result<Page, Kind> {
    let body: Repositories = serde_json::from_slice(&answer.body).map_err(Kind::Json)?;
    Ok(page(body.repositories.unwrap_or_default(), answer, last))
}

pub(super) fn tags(answer: &Answer, last: Option<&str>) -> Result<Page, Kind> {
    let body: Tags = serde_json::from_slice(&answer.body).map_err(Kind::Json)?;
    let names = body.tags.unwrap_or_default();
    // Registries that ignore `n` send everything at once, more than was asked for.
    let whole = names.len() > PAGE;
    let mut page = page(names, answer, last);
    if whole && !has_next_link(answer) {
        page.next = None;
    }
    Ok(page)
}

fn page(names: Vec<String>, answer: &Answer, last: Option<&str>) -> Page {
    let more = has_next_link(answer) || names.len() >= PAGE;
    // A registry that ignores `last` sends the same page for ever.
    let next = names.last().filter(|name| more && Some(name.as_str()) != last).cloned();
    Page { names, next }
}

fn has_next_link(answer: &Answer) -> bool {
    answer
        .headers
        .get_all(LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("rel=\"next\"") || value.contains("rel=next"))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn answer(body: &str, link: bool) -> Answer {
        let mut headers = HeaderMap::new();
        if link {
            headers.insert(LINK, r#"</v2/_catalog?last=b%2Fone&n=3>; rel="next""#.parse().unwrap());
        }
        Answer { status: http::StatusCode::OK, headers, body: body.to_owned().into() }
    }

    #[test]
    fn a_link_means_another_page() {
        let page =
            repositories(&answer(r#"{"repositories":["a/one","b/one"]}"#, true), None).unwrap();
        assert_eq!(page.next.as_deref(), Some("b/one"));
        let page =
            repositories(&answer(r#"{"repositories":["a/one","b/one"]}"#, false), None).unwrap();
        assert_eq!(page.next, None);
    }

    #[test]
    fn a_full_page_without_link_is_not_trusted_to_be_the_last() {
        let names: Vec<_> = (0..PAGE).map(|idx| format!("r{idx:04}")).collect();
        let body = format!(r#"{{"repositories":{}}}"#, serde_json::to_string(&names).unwrap());
        let page = repositories(&answer(&body, false), None).unwrap();
        assert_eq!(page.next.as_deref(), Some("r0999"));
        let again = repositories(&answer(&body, true), Some("r0999")).unwrap();
        assert_eq!(again.next, None, "the same page again ends the walk");
    }

    #[test]
    fn more_tags_than_asked_for_are_all_of_them() {
        let names: Vec<_> = (0..=PAGE).map(|idx| format!("t{idx}")).collect();
        let body = format!(r#"{{"name":"x","tags":{}}}"#, serde_json::to_string(&names).unwrap());
        assert_eq!(tags(&answer(&body, false), None).unwrap().next, None);
    }

    #[test]
    fn none_is_written_as_null() {
        assert!(
            tags(&answer(r#"{"name":"x","tags":null}"#, false), None).unwrap().names.is_empty()
        );
        assert!(matches!(tags(&answer("[]", false), None), Err(Kind::Json(_))));
        assert!(matches!(repositories(&answer("{}", true), None), Ok(page) if page.next.is_none()));
    }
}
