// SPDX-License-Identifier: LGPL-2.1-or-later

//! Programs that are a few lines of shell.

use tempfile::TempDir;

use super::*;

/// A program in a folder of its own.
fn program(script: &str) -> (TempDir, Program) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin.sh");
    std::fs::write(&file, script).unwrap();
    let config = ExecConfig {
        command: Some("/bin/sh".to_owned()),
        args: Some(vec![file.to_str().unwrap().to_owned()]),
        env: Some(vec![HashMap::from([
            ("name".to_owned(), "CLIENT_SECRET".to_owned()),
            ("value".to_owned(), "hunter2hunter2".to_owned()),
        ])]),
        ..ExecConfig::default()
    };
    (folder, Program::new(config))
}

#[tokio::test]
async fn a_token_is_taken_from_its_answer() {
    let (_folder, program) = program(
        r#"
        case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 3;; esac
        test "$CLIENT_SECRET" = hunter2hunter2 || exit 4
        read line && exit 5
        echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",
               "status":{"token":"abc","expirationTimestamp":"2030-01-02T03:04:05Z"}}'
        "#,
    );
    let credential = program.run().await.unwrap();
    assert_eq!(credential.token.unwrap().expose_secret(), "abc");
    assert_eq!(credential.expires, Some("2030-01-02T03:04:05Z".parse().unwrap()));
    assert!(credential.certificate.is_none());
}

#[tokio::test]
async fn its_messages_are_shown_and_its_secrets_are_not() {
    let (_folder, program) = program(
        "echo TOKEN_ON_STDOUT; printf 'x%.0s' $(seq 5000) >&2; echo >&2\n\
         echo \"bad \u{1b}[31m login with $CLIENT_SECRET and eyJhbGciOi.x.y\" >&2; exit 7",
    );
    let error = program.run().await.err().unwrap();
    assert!(matches!(&error, Error::Failed { status, .. } if status.code() == Some(7)));
    let messages = error.messages().unwrap();
    assert!(messages.ends_with("bad [31m login with (…) and (…)"), "{messages:?}");
    let all = format!("{error} {error:?}");
    assert!(!all.contains("TOKEN_ON_STDOUT") && !all.contains("hunter2"), "{all}");
    assert!(messages.len() <= MESSAGES_SHOWN);
}

#[tokio::test]
async fn one_that_does_not_end_is_killed_with_all_that_it_started() {
    let (folder, mut program) =
        program("cd \"$(dirname \"$0\")\"; sleep 600 & echo $! > child; echo waiting >&2; wait");
    program.patience = Duration::from_millis(700);
    let error = program.run().await.err().unwrap();
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
    assert_eq!(error.messages(), Some("waiting"));
    child_is_gone(&folder).await;
}

/// Returns when the process whose number stands in the file `child` has ended.
async fn child_is_gone(folder: &TempDir) {
    let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
    let process = std::path::PathBuf::from(format!("/proc/{}/stat", child.trim()));
    let gone = async {
        // Killed, though perhaps not yet waited for by whoever inherited it.
        while std::fs::read_to_string(&process).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), gone).await.unwrap();
}

#[tokio::test]
async fn what_it_leaves_running_is_not_waited_for_and_killed() {
    for open in ["> /dev/null", "2> /dev/null", ""] {
        let script = format!(
            "cd \"${{0%/*}}\"; sleep 600 {open} & echo $! > child; \
             echo '{{\"status\":{{\"token\":\"a\"}}}}'"
        );
        let (folder, mut program) = self::program(&script);
        program.patience = Duration::from_secs(20);
        let credential = program.run().await.unwrap();
        assert_eq!(credential.token.unwrap().expose_secret(), "a");
        child_is_gone(&folder).await;
    }
}

#[tokio::test]
async fn a_secret_among_its_arguments_is_not_shown() {
    let (_folder, mut program) = program("echo \"bad: $1 ($2)\" >&2; exit 1");
    program
        .arguments
        .extend(["--oidc-client-secret=hunter3hunter3".to_owned(), "--a=b".to_owned()]);
    let error = program.run().await.err().unwrap();
    assert_eq!(error.messages(), Some("bad: --oidc-client-secret=(…) (--a=b)"));
}

#[tokio::test]
async fn nonsense_is_told_without_being_quoted() {
    for (output, why) in [
        ("SECRET", "is no ExecCredential"),
        ("{}", "has no status"),
        (r#"{"status":{"token":""}}"#, "has neither token nor certificate"),
        (r#"{"status":{"token":{"SECRET":1}}}"#, "is no ExecCredential"),
        (
            r#"{"status":{"clientKeyData":"SECRET"}}"#,
            "has a certificate without a key, or a key without a certificate",
        ),
    ] {
        let (_folder, program) = program(&format!("echo '{output}'"));
        let error = program.run().await.err().unwrap();
        let Error::Answer { why: said, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*said, why);
        assert!(!format!("{error:?}").contains("SECRET"));
    }
    let (_folder, endless) = program("yes");
    assert!(matches!(
        endless.run().await,
        Err(Error::Answer { why: "is too long", .. }) | Err(Error::Failed { .. })
    ));
}

#[tokio::test]
async fn one_that_is_not_installed_or_asks_is_told() {
    let config = |mode| ExecConfig {
        command: Some("no-such-plugin-anywhere".to_owned()),
        install_hint: Some("Install it with dnf.".to_owned()),
        interactive_mode: mode,
        ..ExecConfig::default()
    };
    let error = Program::new(config(None)).run().await.err().unwrap();
    assert!(matches!(error, Error::Start { hint: Some(_), .. }), "{error:?}");
    let asks = Program::new(config(Some(ExecInteractiveMode::Always))).run().await;
    assert!(matches!(asks, Err(Error::Interactive { .. })));
}
