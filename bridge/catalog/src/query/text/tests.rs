// SPDX-License-Identifier: LGPL-2.1-or-later

use proptest::prelude::*;

use super::*;

fn word(text: &str) -> Term {
    Term::Word { text: text.to_owned(), hex: None }
}

fn hex_word(text: &str) -> Term {
    Term::Word { text: text.to_owned(), hex: DigestPrefix::from_hex(text) }
}

fn spec(names: &[&str], tag: Option<&str>) -> Term {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Term::Spec { names, tag: tag.map(str::to_owned) }
}

fn wanted(hex: &str, role: Role) -> Wanted {
    Wanted { prefix: DigestPrefix::from_hex(hex).unwrap(), role }
}

const HEX: &str = "4f2a91c0d3e14f2a91c0d3e14f2a91c0d3e14f2a91c0d3e14f2a91c0d3e1abcd";

#[test]
fn names_and_pull_specs() {
    for (text, expected) in [
        ("api", word("api")),
        ("  API\t", word("api")),
        ("dev/api", word("dev/api")),
        ("dev/", word("dev/")),
        ("\"api\",", word("api")),
        ("api:", word("api")),
        ("beef", word("beef")),
        ("decade", hex_word("decade")),
        ("DECADE", hex_word("decade")),
        ("4f2a9", word("4f2a9")),
        (HEX, hex_word(HEX)),
        ("api:V1.0", spec(&["api"], Some("V1.0"))),
        ("dev/api:v1", spec(&["dev/api"], Some("v1"))),
        ("quay.io/dev/api", spec(&["dev/api", "quay.io/dev/api"], None)),
        ("quay.io/dev/api:v1", spec(&["dev/api", "quay.io/dev/api"], Some("v1"))),
        ("docker://localhost:5000/api:v1", spec(&["api", "localhost:5000/api"], Some("v1"))),
        ("[::1]:5000/api", spec(&["api", "::1]:5000/api"], None)),
        ("https://r.example/v2/dev/api/manifests/v1", spec(&["dev/api"], Some("v1"))),
        ("https://r.example/v2/dev/api/tags/list", spec(&["dev/api"], None)),
        ("mysha256:v1", spec(&["mysha256"], Some("v1"))),
        ("sha256-", word("sha256-")),
    ] {
        let query = Query::parse(text).unwrap();
        assert_eq!(query.terms, [expected], "{text}");
        assert!(query.digests.is_empty(), "{text}");
    }
}

#[test]
fn digests_in_whatever_is_around_them() {
    for text in [
        "sha256:HEX",
        "SHA256:HEX",
        "dev/api@sha256:HEX",
        "quay.io/dev/api:v1@sha256:HEX",
        "docker-pullable://quay.io/dev/api@sha256:HEX",
        "containerd://sha256:HEX",
        "https://r.example/v2/dev/api/blobs/sha256:HEX?ns=x",
        "\"sha256:HEX\",",
        "(sha256:HEX)",
        "sha256:HEX…",
        "sha256:HEX...",
        "sha256-HEX.sig",
        "dev/api:sha256-HEX.att",
        "digest:HEX",
        "digest:sha256:HEX",
    ] {
        for hex in [HEX, &HEX[..6], &HEX[..13]] {
            let query = Query::parse(&text.replace("HEX", hex)).unwrap();
            assert_eq!(query.digests, [wanted(hex, Role::Any)], "{text}");
            assert!(query.terms.is_empty(), "{text}");
        }
    }
    let line = format!("quay.io/dev/api@sha256:{HEX} (debian 12.1)");
    let query = Query::parse(&line).unwrap();
    assert_eq!(query.digests, [wanted(HEX, Role::Any)]);
}

#[test]
fn filters() {
    let query =
        Query::parse("project:dev tag:V1 label:Team=A layer:sha256:4f2a91 ID:4f2a91c api").unwrap();
    let expected = Query {
        terms: vec![word("api")],
        digests: vec![wanted("4f2a91", Role::Layer), wanted("4f2a91c", Role::ImageId)],
        tags: vec!["v1".to_owned()],
        labels: vec!["team=a".to_owned()],
        projects: vec!["dev".to_owned()],
    };
    assert_eq!(query, expected);
}

#[test]
fn mistakes_are_sentences() {
    let many = "a ".repeat(MAX_TERMS + 1);
    let long = "a".repeat(MAX_BYTES + 1);
    let too_many_digits = format!("sha256:{HEX}0");
    let sha512 = format!("api@sha512:{HEX}{HEX}");
    for (text, part) in [
        ("layer:xyz", "“xyz” is no digest"),
        ("layer:4f2a9", "At least 6"),
        ("sha256:", "At least 6"),
        ("api@sha256:4f2a9", "At least 6"),
        ("sha256:4f2a91xyz", "no digest"),
        ("tag:", "Write behind “tag:”"),
        (&too_many_digits, "64 hex digits"),
        (&sha512, "Only sha256"),
        (&many, "at most 16 words"),
        (&long, "at most 1000 bytes"),
    ] {
        let mistake = Query::parse(text).unwrap_err();
        assert!(mistake.contains(part), "{text}: {mistake}");
        assert!(mistake.ends_with('.'), "{mistake}");
    }
    assert!(Query::parse(&"a".repeat(MAX_BYTES)).is_ok());
    assert!(Query::parse(&"a ".repeat(MAX_TERMS)).is_ok());
    assert!(Query::parse(" \t “” : … ").unwrap().is_empty());
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let _ = Query::parse(&text);
    }

    #[test]
    fn no_text_that_looks_like_a_query_panics(
        text in "((tag|label|layer|id|digest|project|sha256|SHA256|sha512|v2|docker|é|…|[a-f0-9]{0,9})[:/@. -]{0,3}){0,9}",
    ) {
        if let Ok(query) = Query::parse(&text) {
            for wanted in query.digests {
                prop_assert!(wanted.prefix.len() >= MIN_DIGITS);
            }
        }
    }

    #[test]
    fn every_name_is_a_query_for_itself(name in "[a-z0-9]{1,5}(/[a-z0-9]{1,5}){0,2}", tag in "[a-zA-Z0-9_][a-zA-Z0-9_.]{0,5}x") {
        prop_assume!(filter(&name).is_none());
        let query = Query::parse(&format!("{name}:{tag}")).unwrap();
        prop_assert!(query.fits(&name, Some(&tag.to_lowercase())));
        let query = Query::parse(&format!("docker://registry.example:5000/{name}:{tag}")).unwrap();
        prop_assert!(query.fits(&name, Some(&tag.to_lowercase())));
        let query = Query::parse(&name).unwrap();
        prop_assert!(query.fits(&name, None));
    }
}
