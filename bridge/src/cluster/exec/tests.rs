// SPDX-License-Identifier: LGPL-2.1-or-later

use serde_json::json;

use super::*;
use crate::cluster::fake::Fake;
use crate::cluster::fake::node::{Act, command};

/// Runs a command on a node that does this for it.
async fn run(
    acts: Result<Vec<Act>, u16>,
    silence: Duration,
) -> (Result<Ended, ExecError>, Vec<String>) {
    let fake = Fake::with_node(|_| (200, json!({})), move |_| acts.clone()).await;
    run_at(&fake, silence).await
}

async fn run_at(fake: &Fake, silence: Duration) -> (Result<Ended, ExecError>, Vec<String>) {
    let container = Container {
        namespace: "shop".to_owned(),
        pod: "registry-1".to_owned(),
        name: Some("registry".to_owned()),
    };
    let command = ["registry", "garbage-collect", "/etc/a b.yml"].map(str::to_owned);
    let mut lines = Vec::new();
    let ended =
        fake.cluster.exec(&container, &command, silence, |line| lines.push(line.to_owned()));
    let ended = ended.await;
    (ended, lines)
}

const PATIENT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn its_lines_and_its_exit_code() {
    let acts = vec![
        Act::out("shop/api\nshop/api: mark"),
        Act::Err("time=now level=info\n"),
        Act::out(*b"ing\n\n\xff\n"),
        Act::out("the end"),
        Act::success(),
    ];
    let fake = Fake::with_node(|_| (200, json!({})), move |_| Ok(acts.clone())).await;
    let (ended, lines) = run_at(&fake, PATIENT).await;
    assert_eq!(ended.unwrap(), Ended { code: 0, errors: "time=now level=info".to_owned() });
    assert_eq!(lines, ["shop/api", "shop/api: marking", "\u{fffd}", "the end"]);
    let asked = fake.log().pop().unwrap().target;
    assert!(asked.starts_with("/api/v1/namespaces/shop/pods/registry-1/exec?"), "{asked}");
    assert!(asked.contains("container=registry&"), "{asked}");
    assert_eq!(command(&asked), ["registry", "garbage-collect", "/etc/a b.yml"]);
    assert!(!asked.contains("stdin=true") && !asked.contains("tty=true"), "{asked}");
}

#[tokio::test]
async fn a_command_that_fails() {
    let (ended, lines) = run(Ok(vec![Act::Err("no such config"), Act::failure(1)]), PATIENT).await;
    assert_eq!(ended.unwrap(), Ended { code: 1, errors: "no such config".to_owned() });
    assert!(lines.is_empty());
}

#[tokio::test]
async fn a_program_that_is_not_there() {
    let message = "Internal error occurred: error executing command in container: exec: \
                   \"registry\": executable file not found in $PATH: unknown";
    let status = json!({ "status": "Failure", "reason": "InternalError", "code": 500,
        "message": message });
    let error = run(Ok(vec![Act::Status(status)]), PATIENT).await.0.unwrap_err();
    assert!(matches!(&error, ExecError::NoProgram { program, .. } if program == "registry"));
    let failure = error.failure("collect");
    assert_eq!(failure.code, Code::Unsupported);
    assert_eq!(failure.details.as_deref(), Some(message));
}

#[tokio::test]
async fn no_right_and_no_pod() {
    let error = run(Err(403), PATIENT).await.0.unwrap_err();
    assert!(matches!(error, ExecError::Forbidden { .. }), "{error:?}");
    assert!(matches!(run(Err(404), PATIENT).await.0.unwrap_err(), ExecError::Gone { .. }));
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_success() {
    let (ended, lines) = run(Ok(vec![Act::out("half\n")]), PATIENT).await;
    assert!(matches!(ended.unwrap_err(), ExecError::Failed(_)));
    assert_eq!(lines, ["half"]);
}

#[tokio::test]
async fn silence_is_not_waited_out() {
    let acts = vec![Act::out("a\n"), Act::Hang];
    let (ended, lines) = run(Ok(acts), Duration::from_millis(300)).await;
    assert!(matches!(ended.unwrap_err(), ExecError::Silent { .. }));
    assert_eq!(lines, ["a"]);
}

#[tokio::test]
async fn a_flood_is_given_up() {
    let (ended, _) = run(Ok(vec![Act::out(vec![b'x'; MOST]); 2]), PATIENT).await;
    assert!(matches!(ended.unwrap_err(), ExecError::Flood));
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_not_asked_for() {
    let fake = Fake::with_node(|_| (200, json!({})), |_| Ok(vec![Act::success()])).await;
    let container = Container { namespace: "a/b".to_owned(), pod: "p".to_owned(), name: None };
    let asked = fake.cluster.exec(&container, &["x".to_owned()], PATIENT, |_| {}).await;
    assert!(asked.is_err() && fake.log().is_empty());
}

#[test]
fn lines_are_bounded() {
    let (mut lines, mut seen) = (Lines::default(), Vec::new());
    let long = vec![b'a'; LONGEST_LINE + 9];
    lines.push(&long, &mut |line| seen.push(line.len()));
    lines.push(b"b\nc\n", &mut |line| seen.push(line.len()));
    lines.end(&mut |line| seen.push(line.len()));
    assert_eq!(seen, [LONGEST_LINE, 1]);
}
