// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::Tag;
use images_proto::repository::Origin;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::model::{digest, names, some_update, told};
use crate::{RevisionFacts, TagFacts};

fn params(repository: &str) -> Params {
    Params {
        repository: repository.parse().unwrap(),
        filter: String::new(),
        attachments: false,
        offset: 0,
        limit: 500,
        refresh: 0,
    }
}

fn tag(name: &str, digests: &[u8]) -> TagFacts {
    TagFacts {
        tag: name.parse().unwrap(),
        revisions: digests
            .iter()
            .map(|n| RevisionFacts { digest: digest(&[*n]), created: Some(i64::from(*n)) })
            .collect(),
        origin: Origin::Pushed,
        problem: None,
    }
}

fn put(catalog: &mut Catalog, tags: Vec<TagFacts>) {
    catalog.put_repository(&"dev/api".parse().unwrap(), Some(tags));
}

fn shown(view: &View) -> Vec<&str> {
    view.tags.iter().map(|row| row.tag.as_str()).collect()
}

#[test]
fn tags_by_name_with_numbers_by_value() {
    let mut catalog = Catalog::default();
    let signature = format!("sha256-{}.sig", digest(&[1]).hex());
    put(
        &mut catalog,
        vec![tag("v10", &[3]), tag("latest", &[1, 2]), tag(&signature, &[4]), tag("v2", &[])],
    );
    let view = Repository::new(params("dev/api")).render(&catalog);
    assert_eq!(shown(&view), ["latest", "v2", "v10"]);
    assert_eq!((view.total, view.tag_count, view.attachment_count), (3, Some(4), 1));
    assert_eq!(view.tags[0].digest, Some(digest(&[1])));
    assert_eq!(view.tags[0].older, [RevisionRow { digest: digest(&[2]), created: Some(2) }]);
    assert_eq!((view.tags[1].digest, view.tags[1].kind), (None, Kind::Unknown));
    let all = Params { attachments: true, filter: " A".to_owned(), ..params("dev/api") };
    let view = Repository::new(all).render(&catalog);
    assert_eq!(shown(&view), ["latest", &signature]);
}

#[test]
fn what_is_not_there_is_told_from_what_is_not_read() {
    let mut catalog = Catalog::default();
    let mut view = Repository::new(params("dev/api"));
    assert_eq!(view.render(&catalog).tag_count, None);
    catalog.put_repository(&"dev/api".parse().unwrap(), None);
    catalog.set_listed(true);
    assert_eq!(view.render(&catalog).tag_count, None);
    put(&mut catalog, Vec::new());
    assert_eq!(view.render(&catalog).tag_count, Some(0));
    catalog.remove_repository(&"dev/api".parse().unwrap());
    assert_eq!(view.render(&catalog).tag_count, Some(0));
    catalog.set_listed(false);
    assert_eq!(view.render(&catalog).tag_count, None);
}

#[test]
fn a_stream_is_of_openshift() {
    let mut catalog = Catalog::default();
    catalog.set_host(Some("registry.example.com".to_owned()));
    let stream = |catalog: &Catalog, name| Repository::new(params(name)).render(catalog).stream;
    assert_eq!(stream(&catalog, "dev/api"), None);
    catalog.set_source(Some(Source::Openshift));
    let expected = Stream { project: "dev".to_owned(), name: "api".to_owned() };
    assert_eq!(stream(&catalog, "dev/api"), Some(expected));
    assert_eq!(stream(&catalog, "solo"), None);
    let view = Repository::new(params("dev/api")).render(&catalog);
    assert_eq!(view.host.as_deref(), Some("registry.example.com"));
}

#[test]
fn tags_stay_where_they_are_until_asked() {
    let mut catalog = Catalog::default();
    put(&mut catalog, vec![tag("b", &[1]), tag("c", &[2])]);
    let mut view = Repository::new(params("dev/api"));
    assert_eq!(shown(&view.render(&catalog)), ["b", "c"]);
    put(&mut catalog, vec![tag("a", &[1]), tag("c", &[3, 2])]);
    let after = view.render(&catalog);
    assert_eq!((shown(&after), after.changes, after.total), (vec!["b", "c"], 2, 2));
    assert_eq!(after.tags[1].digest, Some(digest(&[3])));
    assert_eq!(after.tag_count, Some(2));
    view.set_params(Params { refresh: 1, ..params("dev/api") });
    let after = view.render(&catalog);
    assert_eq!((shown(&after), after.changes), (vec!["a", "c"], 0));
}

#[test]
fn siblings_are_bounded_and_counted() {
    let mut catalog = Catalog::default();
    put(&mut catalog, (0..30).map(|n| tag(&format!("v{n}"), &[1])).collect());
    let other = "a/first".parse().unwrap();
    catalog.put_repository(&other, Some(vec![tag("x", &[1]), tag("old", &[2, 1])]));
    let view = Repository::new(params("dev/api")).render(&catalog);
    let row = &view.tags[0];
    assert_eq!((row.sibling_count, row.siblings.len()), (30, 20));
    // Its own repository first.
    assert_eq!(row.siblings[0].to_string(), "dev/api:v1");
}

proptest! {
    #[test]
    fn rows_agree_with_the_model(
        updates in prop::collection::vec(some_update(), 0..30),
        name in select(names()),
        filter in select(vec!["", "v1", "A", "sha256"]),
        attachments: bool,
    ) {
        let (catalog, model) = told(&updates);
        let params = Params {
            filter: filter.to_owned(),
            attachments,
            ..params(name.as_str())
        };
        let view = Repository::new(params).render(&catalog);
        let repository = model.repositories.get(&name).cloned().unwrap_or_default();
        let attached = |tag: &Tag| tag.attached_to().is_some();
        let expected: Vec<_> = repository
            .tags()
            .iter()
            .filter(|tag| attachments || !attached(&tag.tag))
            .filter(|tag| tag.tag.as_str().to_lowercase().contains(&filter.to_lowercase()))
            .collect();
        prop_assert_eq!(view.total as usize, expected.len());
        prop_assert_eq!(view.size, model.repository_size(&name));
        prop_assert_eq!(view.untagged, model.untagged(&repository));
        prop_assert_eq!(
            view.attachment_count as usize,
            repository.tags().iter().filter(|tag| attached(&tag.tag)).count()
        );
        for (row, facts) in view.tags.iter().zip(expected) {
            prop_assert_eq!(&row.tag, &facts.tag);
            prop_assert_eq!(&row.origin, &facts.origin);
            prop_assert_eq!(&row.problem, &facts.problem);
            prop_assert_eq!(row.older.len(), facts.revisions.len().saturating_sub(1));
            let Some(now) = facts.revisions.first() else {
                prop_assert_eq!((row.digest, row.kind), (None, Kind::Unknown));
                continue;
            };
            let kind = model.kind(&name, &now.digest);
            let there = matches!(kind, Kind::Image | Kind::Index);
            prop_assert_eq!((row.digest, row.created), (Some(now.digest), now.created));
            prop_assert_eq!(row.kind, kind);
            prop_assert_eq!(row.size, model.size(&now.digest).filter(|_| there));
            prop_assert_eq!(row.built, model.built(&now.digest).filter(|_| there));
            prop_assert_eq!(row.top_layer, model.top_layer(&now.digest).filter(|_| there));
            let own = TagRef { repository: name.clone(), tag: facts.tag.clone() };
            let siblings = model.tags_of(&now.digest).into_iter();
            let mut siblings: Vec<_> = siblings
                .filter(|(tag, age)| *age == 0 && *tag != own)
                .map(|(tag, _)| tag)
                .collect();
            siblings.sort_by_key(|tag| tag.repository != name);
            prop_assert_eq!(row.sibling_count as usize, siblings.len());
            siblings.truncate(20);
            prop_assert_eq!(&row.siblings, &siblings);
        }
    }
}
