// SPDX-License-Identifier: LGPL-2.1-or-later

//! Bringing a layer or config from one repository of a registry to another: mounted, which moves no
//! bytes, or else read and sent in pieces, so that it is never in memory as a whole
//! (distribution-spec, "Mounting a blob from another repository", "Pushing a blob in chunks").

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::LOCATION;
use http::{Request, StatusCode};
use images_proto::{Digest, RepositoryName};
use tokio::time::timeout;

use super::answer::{self, Answer, Bound};
use super::{Error, Kind, Registry, header, request};
use crate::body::{self, IDLE};

/// The bytes of a piece.
const PIECE: usize = 4 << 20;

/// An upload that was begun: where its next piece goes.
struct Upload {
    path: String,
}

impl Registry {
    /// Has `to` have the blob that `from` has. Returns how many bytes had to be sent for that.
    ///
    /// # Errors
    /// When `from` does not have it, or the registry refuses.
    pub async fn bring_blob(
        &self,
        from: &RepositoryName,
        to: &RepositoryName,
        digest: &Digest,
    ) -> Result<u64, Error> {
        // Whatever else comes back is told better by what follows.
        if self.send(&request::head_blob(to, digest), Bound::Small).await.is_ok() {
            return Ok(0);
        }
        let request = request::mount(to, digest, from);
        let answer = self.send(&request, Bound::Small).await?;
        if answer.status == StatusCode::CREATED {
            return Ok(0);
        }
        // The registry cannot, or does not, and has begun an upload instead.
        let upload = Upload::of(&request, &answer, to)?;
        self.pass_on(from, to, digest, upload).await
    }

    /// Reads a blob and sends it piece by piece.
    async fn pass_on(
        &self,
        from: &RepositoryName,
        to: &RepositoryName,
        digest: &Digest,
        mut upload: Upload,
    ) -> Result<u64, Error> {
        let reading = request::blob(from, digest);
        let failed = |kind| Error::new(&reading, kind);
        // The semaphore is never closed. The pieces take slots of their own.
        let (head, mut source) = {
            let _slot = self.slots.acquire().await;
            answer::begin(&*self.carrier, &reading).await.map_err(failed)?
        };
        if body::is_html(&head.headers, &[]) {
            return Err(failed(Kind::Html(String::new())));
        }
        let (mut piece, mut sent) = (BytesMut::new(), 0_u64);
        loop {
            let next = timeout(IDLE, source.next()).await;
            let next = next.map_err(|_| failed(Kind::Body(body::Error::Idle)))?;
            let is_over = next.is_none();
            if let Some(bytes) = next {
                let bytes =
                    bytes.map_err(|error| failed(Kind::Body(body::Error::Broken(error))))?;
                piece.extend_from_slice(&bytes);
            }
            while piece.len() >= PIECE || (is_over && !piece.is_empty()) {
                let part = piece.split_to(piece.len().min(PIECE)).freeze();
                let length = part.len() as u64;
                upload = self.send_piece(to, upload, sent, part).await?;
                sent += length;
            }
            if is_over {
                break;
            }
        }
        // The registry compares the bytes with the digest, so that nothing else can get there.
        let request = request::finish_upload(&upload.path, digest);
        self.send(&request, Bound::Small).await?;
        Ok(sent)
    }

    async fn send_piece(
        &self,
        to: &RepositoryName,
        upload: Upload,
        start: u64,
        piece: Bytes,
    ) -> Result<Upload, Error> {
        let request = request::piece(&upload.path, start, piece);
        let answer = self.send(&request, Bound::Small).await?;
        Upload::of(&request, &answer, to)
    }
}

impl Upload {
    /// Where the registry wants the next piece. Only a place in the uploads of this repository is
    /// one, on whatever host it says that it is: we know only the way that led here.
    fn of(request: &Request<Bytes>, answer: &Answer, to: &RepositoryName) -> Result<Self, Error> {
        let location = header(&answer.headers, LOCATION.as_str()).unwrap_or_default();
        let start = format!("/v2/{to}/blobs/uploads/");
        // Something in between may have put a path before it.
        match location.find(&start) {
            Some(at) if location.len() > at + start.len() && !location.contains("..") => {
                Ok(Self { path: location[at..].to_owned() })
            }
            _ => {
                let words = "the registry does not say where the bytes of a blob are to go";
                Err(Error::new(request, Kind::Document(words)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::super::tests::{Server, reply, serve, serve_heads};
    use super::*;

    fn names() -> (RepositoryName, RepositoryName) {
        ("dev/api".parse().unwrap(), "prod/api".parse().unwrap())
    }

    async fn bring(server: &Server) -> Result<u64, Error> {
        let (from, to) = names();
        server.registry.bring_blob(&from, &to, &Digest::from_bytes([7; 32])).await
    }

    #[tokio::test]
    async fn a_mounted_blob_is_not_read() {
        let digest = Digest::from_bytes([7; 32]);
        let server = serve(move |line| {
            if line.starts_with("HEAD ") {
                return reply("404 Not Found", "", "");
            }
            let wanted = format!("POST /v2/prod/api/blobs/uploads/?mount={digest}&from=dev%2Fapi ");
            assert!(line.starts_with(&wanted), "{line}");
            reply("201 Created", "", "")
        })
        .await;
        assert_eq!(bring(&server).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_cannot_be_mounted_is_sent_in_pieces() {
        let log = Arc::<Mutex<Vec<String>>>::default();
        let heads = log.clone();
        let server = serve_heads(move |head| {
            heads.lock().unwrap().push(head.to_ascii_lowercase());
            let line = head.lines().next().unwrap_or_default();
            let next = |count: usize| {
                let place = "http://elsewhere/proxy/v2/prod/api/blobs/uploads/u";
                reply("202 Accepted", &format!("Location: {place}{count}?_state=x\r\n"), "")
            };
            match line.split(' ').next().unwrap_or_default() {
                "HEAD" => reply("404 Not Found", "", ""),
                "POST" => next(0),
                "GET" => reply("200 OK", "", &"x".repeat(PIECE + 5)),
                "PATCH" if line.contains("/u0?") => next(1),
                "PATCH" => next(2),
                _ => reply("201 Created", "", ""),
            }
        })
        .await;
        assert_eq!(bring(&server).await.unwrap(), PIECE as u64 + 5);
        let log = log.lock().unwrap();
        let lines: Vec<_> =
            log.iter().skip(3).map(|head| head.lines().next().unwrap_or_default()).collect();
        assert_eq!(lines[0], "patch /v2/prod/api/blobs/uploads/u0?_state=x http/1.1");
        assert_eq!(lines[1], "patch /v2/prod/api/blobs/uploads/u1?_state=x http/1.1");
        assert!(
            lines[2].starts_with("put /v2/prod/api/blobs/uploads/u2?_state=x&digest=sha256:0707"),
            "{lines:?}"
        );
        let last = PIECE + 4;
        assert!(log[4].contains(&format!("content-range: {PIECE}-{last}")), "{}", log[4]);
        assert!(log[4].contains("content-length: 5"), "{}", log[4]);
    }

    #[tokio::test]
    async fn bytes_go_nowhere_else() {
        for place in ["", "/v2/other/blobs/uploads/u", "/v2/prod/api/blobs/uploads/../../x", "/x"] {
            let server = serve(move |line| {
                if line.starts_with("HEAD ") {
                    return reply("404 Not Found", "", "");
                }
                assert!(line.starts_with("POST "), "{line}");
                reply("202 Accepted", &format!("Location: {place}\r\n"), "")
            })
            .await;
            let error = bring(&server).await.unwrap_err();
            assert!(matches!(error.kind, Kind::Document(_)), "{place}");
        }
    }

    #[tokio::test]
    async fn a_source_that_is_gone_leaves_nothing_behind() {
        let server = serve(|line| match line.split(' ').next().unwrap_or_default() {
            "POST" => reply("202 Accepted", "Location: /v2/prod/api/blobs/uploads/u\r\n", ""),
            "HEAD" => reply("404 Not Found", "", ""),
            "GET" => reply("404 Not Found", "", r#"{"errors":[{"code":"BLOB_UNKNOWN"}]}"#),
            _ => panic!("{line}"),
        })
        .await;
        assert!(bring(&server).await.unwrap_err().is_not_found());
    }
}
