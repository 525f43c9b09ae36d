// SPDX-License-Identifier: LGPL-2.1-or-later

//! The registry client against a server on a real socket that answers whatever a test says.

use std::sync::Arc;
use std::time::Duration;

use images_proto::Code;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::direct::{Address, Direct};
use super::*;

/// Answers every request as its maker says. Ends with the test.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) registry: Registry,
    _tasks: JoinSet<()>,
}

/// Answers with what `answer` makes of a request's first line.
pub(crate) async fn serve(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Server {
    serve_heads(move |head| answer(head.lines().next().unwrap_or_default())).await
}

/// Answers with what `answer` makes of a request's first line and headers.
pub(crate) async fn serve_heads(
    answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
) -> Server {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match socket.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            // The client may have heard enough before the end.
            let _ = socket.write_all(&answer(&String::from_utf8_lossy(&head))).await;
        }
    });
    let direct = Direct::new(Address::parse(&address).unwrap(), &[], None).unwrap();
    Server { address, registry: Registry::new(Arc::new(direct)), _tasks: tasks }
}

pub(crate) fn reply(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn name() -> RepositoryName {
    "shop/api".parse().unwrap()
}

#[tokio::test]
async fn a_manifest_is_what_its_digest_says() {
    let server = serve(|_| reply("200 OK", "Content-Type: application/x; a=b\r\n", "{}")).await;
    let digest = answer::sha256(b"{}");
    let document = server.registry.manifest(&name(), &digest).await.unwrap();
    assert_eq!(document.bytes, "{}");
    assert_eq!(document.media_type.as_deref(), Some("application/x"));
    let error = server.registry.manifest(&name(), &answer::sha256(b"{ }")).await.unwrap_err();
    assert!(matches!(error.kind, Kind::Digest { .. }));
    assert_eq!(error.failure("read it").code, Code::BadAnswer);
}

#[tokio::test]
async fn a_missing_digest_header_is_made_up_for() {
    let server = serve(|line| {
        assert!(line.starts_with("HEAD ") || line.starts_with("GET "), "{line}");
        let body = if line.starts_with("HEAD ") { "" } else { "{}" };
        reply("200 OK", "", body)
    })
    .await;
    let resolved = server.registry.resolve(&name(), "v1").await.unwrap().unwrap();
    assert_eq!(resolved.digest, answer::sha256(b"{}"));
}

#[tokio::test]
async fn what_is_not_there_is_no_error() {
    let server = serve(|line| {
        let body = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
        reply("404 Not Found", "", if line.starts_with("HEAD ") { "" } else { body })
    })
    .await;
    assert_eq!(server.registry.resolve(&name(), "v1").await.unwrap(), None);
    assert!(server.registry.tags(&name()).await.unwrap().is_empty());
    let error = server.registry.delete_manifest(&name(), &answer::sha256(b"")).await.unwrap_err();
    assert!(error.is_not_found());
}

/// Whatever stands before a registry may answer 404 too, which proves nothing.
#[tokio::test]
async fn a_404_of_somebody_else_is_no_answer() {
    for body in ["404 page not found", "<!doctype html><h1>no</h1>", r#"{"kind":"Status"}"#] {
        let server = serve(move |line| {
            reply("404 Not Found", "", if line.starts_with("HEAD ") { "" } else { body })
        })
        .await;
        assert!(server.registry.resolve(&name(), "v1").await.is_err(), "{body}");
        assert!(server.registry.tags(&name()).await.is_err(), "{body}");
        let deleted = server.registry.delete_manifest(&name(), &answer::sha256(b"")).await;
        assert!(!deleted.unwrap_err().is_not_found(), "{body}");
    }
}

#[tokio::test]
async fn a_deletion_follows_nobody() {
    let server = serve(|line| match line.starts_with("GET /elsewhere ") {
        true => reply("200 OK", "", ""),
        false => reply("303 See Other", "Location: /elsewhere\r\n", ""),
    })
    .await;
    assert!(server.registry.delete_manifest(&name(), &answer::sha256(b"")).await.is_err());
}

#[tokio::test]
async fn pages_are_followed_by_the_last_name() {
    let server = serve(|line| match line {
        "GET /v2/shop/api/tags/list?n=1000 HTTP/1.1" => {
            reply("200 OK", "Link: </elsewhere>; rel=\"next\"\r\n", r#"{"tags":["a","b"]}"#)
        }
        "GET /v2/shop/api/tags/list?n=1000&last=b HTTP/1.1" => {
            reply("200 OK", "", r#"{"tags":["c","not a tag"]}"#)
        }
        other => panic!("{other}"),
    })
    .await;
    let tags: Vec<_> =
        server.registry.tags(&name()).await.unwrap().iter().map(Tag::to_string).collect();
    assert_eq!(tags, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_web_page_is_no_registry() {
    let server = serve(|_| reply("200 OK", "", "<!DOCTYPE html><title>Log in</title>")).await;
    let error = server.registry.ping().await.unwrap_err();
    assert!(matches!(error.kind, Kind::Html(_)));
    assert!(error.failure("reach it").message.contains("a web page came back"));
    let server = serve(|_| reply("200 OK", "", r#"{"hello":"world"}"#)).await;
    assert!(matches!(server.registry.ping().await.unwrap_err().kind, Kind::NoRegistry));
}

#[tokio::test]
async fn an_endless_or_broken_body_ends() {
    let server = serve(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n{".to_vec()).await;
    let error = server.registry.config(&name(), &answer::sha256(b"")).await.unwrap_err();
    assert!(matches!(error.kind, Kind::Body(crate::body::Error::TooLarge { .. })), "{error:?}");

    let server = serve(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}".to_vec()).await;
    let error = server.registry.config(&name(), &answer::sha256(b"")).await.unwrap_err();
    assert!(matches!(error.kind, Kind::Body(crate::body::Error::Broken(_))), "{error:?}");
    assert_eq!(error.failure("read it").code, Code::RegistryUnreachable);
}

#[tokio::test]
async fn nobody_there_is_said_so() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let address = Address::parse(&format!("http://{closed}")).unwrap();
    let registry = Registry::new(Arc::new(Direct::new(address, &[], None).unwrap()));
    let error = registry.ping().await.unwrap_err();
    let failure = error.failure("reach the registry");
    assert_eq!(failure.code, Code::RegistryUnreachable);
    assert!(failure.retryable && error.is_about_the_route());
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_hangs_is_given_up() {
    struct Hang;
    impl Carrier for Hang {
        fn carry(
            &self,
            _request: Request<Bytes>,
        ) -> futures_util::future::BoxFuture<
            '_,
            Result<http::Response<crate::body::Body>, crate::body::BoxError>,
        > {
            Box::pin(std::future::pending())
        }
        fn standing(&self) -> Standing {
            Standing::Unknown
        }
    }
    let registry = Registry::new(Arc::new(Hang));
    let started = tokio::time::Instant::now();
    let error = registry.ping().await.unwrap_err();
    assert!(matches!(error.kind, Kind::Timeout { .. }));
    assert_eq!(started.elapsed(), Duration::from_secs(30));
}

#[tokio::test]
async fn what_a_user_waits_for_does_not_stand_behind_the_background() {
    /// Answers nothing until told, then everything.
    struct Gate(tokio::sync::watch::Receiver<usize>, std::sync::Mutex<Vec<String>>);
    impl Carrier for Gate {
        fn carry(
            &self,
            request: Request<Bytes>,
        ) -> futures_util::future::BoxFuture<
            '_,
            Result<http::Response<crate::body::Body>, crate::body::BoxError>,
        > {
            self.1.lock().unwrap().push(request.uri().to_string());
            Box::pin(async move {
                let mut open = self.0.clone();
                open.wait_for(|open| *open > 0).await?;
                let body: crate::body::Body = Box::pin(futures_util::stream::empty());
                Ok(http::Response::new(body))
            })
        }
        fn standing(&self) -> Standing {
            Standing::Unknown
        }
    }
    let (gate, open) = tokio::sync::watch::channel(0);
    let carrier = Arc::new(Gate(open, std::sync::Mutex::default()));
    let registry = Registry::new(carrier.clone());
    let background = registry.in_background();
    let many = futures_util::future::join_all((0..1_000).map(|_| background.ping()));
    let digest = answer::sha256(b"");
    let mut many = std::pin::pin!(many);
    let repository = name();
    let mut one = std::pin::pin!(registry.config(&repository, &digest));
    // Each is polled once: what got a slot was sent.
    assert!(futures_util::poll!(&mut many).is_pending());
    assert!(futures_util::poll!(&mut one).is_pending());
    let sent = carrier.1.lock().unwrap().clone();
    assert_eq!(sent.len(), BACKGROUND + 1);
    assert!(sent.last().unwrap().contains("/blobs/"));
    gate.send(1).unwrap();
    assert!(one.await.is_ok());
    assert!(many.await.into_iter().all(|result| result.is_ok()));
}

#[tokio::test]
async fn an_answer_that_was_on_its_way_does_not_end_an_outage() {
    /// Answers a request when its turn has come, the first with success, the second with none.
    struct Turns(tokio::sync::watch::Receiver<usize>, std::sync::atomic::AtomicUsize);
    impl Carrier for Turns {
        fn carry(
            &self,
            _request: Request<Bytes>,
        ) -> futures_util::future::BoxFuture<
            '_,
            Result<http::Response<crate::body::Body>, crate::body::BoxError>,
        > {
            let number = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Box::pin(async move {
                let mut turn = self.0.clone();
                turn.wait_for(|turn| *turn > 0 || number > 0).await?;
                match number {
                    1 => Err("nobody is there".into()),
                    _ => Ok(http::Response::new(Box::pin(futures_util::stream::empty()) as _)),
                }
            })
        }
        fn standing(&self) -> Standing {
            Standing::Unknown
        }
    }
    let (turn, turns) = tokio::sync::watch::channel(0);
    let registry = Registry::new(Arc::new(Turns(turns, Default::default())));
    let mut early = std::pin::pin!(registry.ping());
    assert!(futures_util::poll!(&mut early).is_pending());
    assert!(registry.ping().await.is_err());
    assert!(registry.is_broken());
    turn.send(1).unwrap();
    assert!(early.await.is_ok());
    assert!(registry.is_broken(), "it was sent while the registry was still there");
    assert!(registry.ping().await.is_ok());
    assert!(!registry.is_broken());
}
