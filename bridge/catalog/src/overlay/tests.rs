// SPDX-License-Identifier: LGPL-2.1-or-later

use images_proto::image::{Platform, SharedBy};

use super::*;

fn digest(n: u8) -> Digest {
    Digest::from_bytes([n; 32])
}

fn view(layers: &[u8]) -> View {
    let row = |n: &u8| LayerRow {
        digest: digest(*n),
        size: Some(5),
        media_type: None,
        diff_id: None,
        command: None,
        shared: vec![SharedBy {
            digest: digest(99),
            repository: "dev/web".parse().unwrap(),
            tag: None,
        }],
        shared_count: 1,
    };
    View {
        digest: digest(0),
        kind: Kind::Unknown,
        repository: None,
        host: None,
        media_type: None,
        size: None,
        tags: Vec::new(),
        tag_count: 0,
        indexes: Vec::new(),
        children: Vec::new(),
        layers: layers.iter().map(row).collect(),
        details: Details::Reading,
    }
}

fn step(command: &str, empty_layer: bool) -> HistoryRow {
    HistoryRow { created_by: Some(command.to_owned()), empty_layer, ..HistoryRow::default() }
}

fn read(layers: &[u8], history: Option<Vec<HistoryRow>>) -> Read {
    let blob = |n: u8| BlobFacts { digest: digest(n), size: Some(u64::from(n)) };
    let layer = |n: &u8| ReadLayer { blob: blob(*n), media_type: Some("layer".to_owned()) };
    Read::Image(Box::new(ReadImage {
        media_type: Some("manifest".to_owned()),
        config_blob: Some(blob(50)),
        layers: layers.iter().map(layer).collect(),
        diff_ids: layers.iter().map(|n| digest(100 + n)).collect(),
        config: Config { history, ..Config::default() },
    }))
}

fn commands_of(view: &View) -> Vec<Option<&str>> {
    view.layers.iter().map(|row| row.command.as_deref()).collect()
}

#[test]
fn steps_that_made_layers_are_the_layers() {
    let history =
        vec![step("ADD", false), step("ENV", true), step("RUN", false), step("CMD", true)];
    let mut view = view(&[1, 2]);
    lay_over(&mut view, &read(&[1, 2], Some(history)));
    assert_eq!(commands_of(&view), [Some("ADD"), Some("RUN")]);
    assert_eq!(view.layers[1].diff_id, Some(digest(102)));
    assert_eq!(view.layers[1].media_type.as_deref(), Some("layer"));
    assert_eq!((view.layers[1].shared_count, view.layers[1].shared.len()), (1, 1));
    assert_eq!((view.kind, view.size), (Kind::Image, Some(50 + 1 + 2)));
    let Details::Read(config) = view.details else { panic!("{:?}", view.details) };
    assert_eq!(config.image_id, Some(digest(50)));
}

#[test]
fn a_history_that_does_not_fit_names_no_commands() {
    for history in
        [None, Some(vec![]), Some(vec![step("A", false)]), Some(vec![step("A", false); 3])]
    {
        let mut view = view(&[1, 2]);
        lay_over(&mut view, &read(&[1, 2], history));
        assert_eq!(commands_of(&view), [None, None]);
    }
}

#[test]
fn what_was_read_stands_where_the_catalog_knows_nothing_or_else() {
    let mut unknown = view(&[]);
    lay_over(&mut unknown, &read(&[1], None));
    assert_eq!((unknown.layers[0].digest, unknown.layers[0].shared_count), (digest(1), 0));
    let mut other = view(&[7, 8]);
    lay_over(&mut other, &read(&[1], None));
    assert_eq!((other.layers.len(), other.layers[0].shared_count), (1, 0));
}

#[test]
fn laying_over_twice_is_laying_over_once() {
    let mut once = view(&[1, 2]);
    let read = read(&[1, 2], Some(vec![step("ADD", false), step("RUN", false)]));
    lay_over(&mut once, &read);
    let mut twice = once.clone();
    lay_over(&mut twice, &read);
    assert_eq!(once, twice);
}

#[test]
fn children_get_their_platforms_and_keep_their_sizes() {
    let child = |n, size, architecture: Option<&str>| Child {
        digest: digest(n),
        platform: architecture.map(|architecture| Platform {
            os: None,
            architecture: architecture.to_owned(),
            variant: None,
        }),
        size,
        attestation: false,
    };
    let mut view = view(&[]);
    view.children = vec![child(2, Some(20), None)];
    let children = vec![child(1, None, Some("arm64")), child(2, None, Some("amd64"))];
    lay_over(&mut view, &Read::Index(ReadIndex { media_type: None, children }));
    assert_eq!(view.children, [child(1, None, Some("arm64")), child(2, Some(20), Some("amd64"))]);
    assert_eq!((view.kind, view.details), (Kind::Index, Details::None));
}
