// SPDX-License-Identifier: LGPL-2.1-or-later

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::cluster::fake::{Fake, refusal};

const REGISTRY: &str = "HTTP/1.1 401 Unauthorized\r\nDocker-Distribution-Api-Version: registry/2.0\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";
const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\
    Connection: close\r\n\r\n<p>x";

/// An authority and what it signed, or what signed itself.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
    authority: Option<String>,
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = params("authority.example.com");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "authority");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn signed(name: &str, presents_authority: bool) -> Identity {
    let (authority, key) = (authority(), KeyPair::generate().unwrap());
    let own = params(name).signed_by(&key, &authority).unwrap();
    let mut chain = vec![own.der().clone()];
    if presents_authority {
        chain.push(authority.der().clone());
    }
    Identity { chain, key, authority: Some(authority.pem()) }
}

fn own_authority(name: &str) -> Identity {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let own = params.self_signed(&key).unwrap();
    Identity { chain: vec![own.der().clone()], key, authority: Some(own.pem()) }
}

/// A server on a port of its own, with TLS if it has an identity.
async fn serve(identity: Option<&Identity>, answer: &'static str) -> (String, JoinSet<()>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let acceptor = identity.map(|identity| {
        let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        TlsAcceptor::from(Arc::new(config.with_single_cert(identity.chain.clone(), key).unwrap()))
    });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            match &acceptor {
                Some(acceptor) => {
                    if let Ok(socket) = acceptor.accept(socket).await {
                        respond(socket, answer).await;
                    }
                }
                None => respond(socket, answer).await,
            }
        }
    });
    (host, tasks)
}

async fn respond(mut socket: impl AsyncRead + AsyncWrite + Unpin, answer: &str) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
        // The hello of somebody who expects TLS.
        if head[0] != b'G' {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("GET /v2/ "), "{head}");
    assert!(!head.to_ascii_lowercase().contains("authorization"), "{head}");
    let _ = socket.write_all(answer.as_bytes()).await;
    let _ = socket.shutdown().await;
}

async fn configured(host: &str, cluster: Option<&Cluster>) -> Address {
    let known = Known { configured: Some(format!("amy:x@{host}")), ..Known::default() };
    let mut answer = addresses(cluster, known).await;
    assert_eq!(answer.addresses.len(), 1);
    let address = answer.addresses.remove(0);
    assert_eq!((&*address.host, address.way), (host, Way::Configured));
    address
}

/// PEM without regard to line ends.
fn text(pem: &str) -> String {
    pem.split_whitespace().collect()
}

#[tokio::test]
async fn the_authority_that_a_server_presents_is_offered() {
    for identity in [signed("127.0.0.1", true), own_authority("127.0.0.1")] {
        let (host, _server) = serve(Some(&identity), REGISTRY).await;
        let address = configured(&host, None).await;
        assert!(address.answers);
        let Trust::Authority { pem, vouched, subject, fingerprint } = address.trust else {
            panic!("{:?}", address.trust)
        };
        assert_eq!(text(&pem), text(identity.authority.as_deref().unwrap()));
        assert!(!vouched, "only the server itself said so");
        assert!(subject.unwrap().contains("CN="));
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let digest = ring::digest::digest(&ring::digest::SHA256, &der);
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(fingerprint.unwrap().replace(':', ""), hex);
    }
}

#[tokio::test]
async fn the_clusters_own_authority_is_enough() {
    let identity = signed("127.0.0.1", false);
    let (host, _server) = serve(Some(&identity), REGISTRY).await;
    // Without the cluster, only the server's own certificate can be trusted.
    let Trust::Authority { pem: own, vouched: false, .. } = configured(&host, None).await.trust
    else {
        panic!()
    };
    assert_ne!(text(&own), text(identity.authority.as_deref().unwrap()));
    let bundle = identity.authority.clone().unwrap();
    let fake = Fake::start(move |asked| match &*asked.target {
        "/api/v1/namespaces/openshift-config-managed/configmaps/default-ingress-cert" => {
            (200, json!({ "data": { "ca-bundle.crt": bundle } }))
        }
        _ => refusal(404),
    })
    .await;
    let trust = configured(&host, Some(&fake.cluster)).await.trust;
    let Trust::Authority { pem, vouched: true, .. } = trust else { panic!("{trust:?}") };
    assert_eq!(text(&pem), text(identity.authority.as_deref().unwrap()));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_worth_trusting() {
    for identity in [signed("registry.example.com", true), own_authority("registry.example.com")] {
        let (host, _server) = serve(Some(&identity), REGISTRY).await;
        let address = configured(&host, None).await;
        assert_eq!((address.answers, address.trust), (true, Trust::Unclear));
    }
}

#[tokio::test]
async fn what_speaks_no_tls_or_is_no_registry_is_told_apart() {
    let (host, _server) = serve(None, REGISTRY).await;
    let address = configured(&host, None).await;
    assert_eq!((address.answers, address.trust), (true, Trust::Plain));
    let (host, _server) = serve(None, PAGE).await;
    assert!(!configured(&host, None).await.answers);
    let identity = own_authority("127.0.0.1");
    let (host, _server) = serve(Some(&identity), PAGE).await;
    let address = configured(&host, None).await;
    assert_eq!((address.answers, address.trust), (false, Trust::Unclear));
    // Nothing listens there any more.
    drop(_server);
    assert!(!configured(&host, None).await.answers);
}

#[tokio::test]
async fn what_must_speak_tls_is_never_plain() {
    let (host, _server) = serve(None, REGISTRY).await;
    let asked = async |known: Known| addresses(None, known).await.addresses.remove(0);
    let configured = |address: String| Known { configured: Some(address), ..Known::default() };
    for (known, trust) in [
        (configured(format!("https://{host}")), Trust::Unclear),
        (configured(format!("http://{host}")), Trust::Plain),
        // It takes the cluster's tokens.
        (Known { needs_login: Login::Token, ..configured(host.clone()) }, Trust::Unclear),
        // OpenShift's route.
        (Known { public: Some(host.clone()), ..Known::default() }, Trust::Unclear),
    ] {
        let address = asked(known.clone()).await;
        assert_eq!((address.answers, &address.trust), (trust == Trust::Plain, &trust), "{known:?}");
    }
}

/// A server that speaks TLS, and swallows what is not.
async fn firewalled(identity: &Identity) -> (String, JoinSet<()>) {
    let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(identity.chain.clone(), key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            connections.spawn(async move {
                let mut first = [0];
                match socket.peek(&mut first).await {
                    Ok(_) if first == *b"G" => std::future::pending().await,
                    Ok(_) => {}
                    Err(_) => return,
                }
                if let Ok(socket) = acceptor.accept(socket).await {
                    respond(socket, REGISTRY).await;
                }
            });
        }
    });
    (host, tasks)
}

#[tokio::test]
async fn a_firewall_around_the_other_port_does_not_hide_the_registry() {
    let identity = own_authority("127.0.0.1");
    let (host, _server) = firewalled(&identity).await;
    let patience = Duration::from_millis(1500);
    assert_eq!(
        probe::probe(&host, false, patience).await,
        Probed::Encrypted(identity.chain.clone())
    );
}

/// A cluster with a registry that `spec` makes reachable.
async fn cluster(spec: Value, status: Value, with_ingress: bool) -> Fake {
    Fake::start(move |asked| {
        let path = asked.target.split('?').next().unwrap();
        let to = |name: &str| json!({ "kind": "Service", "name": name });
        match path {
            "/api/v1/namespaces/shop/services/registry" => {
                (200, json!({ "metadata": { "name": "registry" }, "spec": spec, "status": status }))
            }
            "/apis/route.openshift.io/v1/namespaces/shop/routes" if with_ingress => (
                200,
                json!({ "items": [
                    { "spec": { "host": "other.invalid", "to": to("web") } },
                    { "spec": { "host": "stale.invalid", "to": to("registry") },
                      "status": { "ingress": [{ "host": "route.invalid" }] } },
                    { "spec": { "host": "bad host/..", "to": to("registry") } },
                ] }),
            ),
            "/apis/networking.k8s.io/v1/namespaces/shop/ingresses" if with_ingress => {
                let backend = json!({ "service": { "name": "registry" } });
                let rule = |host: &str, path: &str| {
                    json!({ "host": host,
                        "http": { "paths": [{ "path": path, "backend": backend }] } })
                };
                let rules = [
                    rule("ingress.invalid", "/v2/"),
                    rule("ui.invalid", "/ui"),
                    rule("*.invalid", "/"),
                ];
                (200, json!({ "items": [{ "spec": { "rules": rules } }] }))
            }
            "/api/v1/nodes" => {
                let ready = json!([{ "type": "Ready", "status": "True" }]);
                let addresses = json!([
                    { "type": "Hostname", "address": "node-1" },
                    { "type": "InternalIP", "address": "127.0.0.1" },
                ]);
                (
                    200,
                    json!({ "items": [
                    { "status": { "addresses": [{ "type": "InternalIP", "address": "9.9.9.9" }] } },
                    { "status": { "addresses": addresses, "conditions": ready } },
                ] }),
                )
            }
            _ => refusal(404),
        }
    })
    .await
}

fn known() -> Known {
    let services = vec![("shop".to_owned(), "registry".to_owned())];
    Known { services, needs_login: Login::Password, ..Known::default() }
}

fn found(answer: &Answer) -> Vec<(&str, Way)> {
    answer.addresses.iter().map(|address| (&*address.host, address.way)).collect()
}

#[tokio::test]
async fn finds_every_way_and_puts_first_what_answers() {
    let (host, _server) = serve(None, REGISTRY).await;
    let node_port: u16 = host.rsplit_once(':').unwrap().1.parse().unwrap();
    let spec = json!({ "type": "LoadBalancer", "clusterIP": "127.9.9.9",
        "ports": [{ "port": 5000, "nodePort": node_port }] });
    let status = json!({ "loadBalancer": { "ingress": [{ "hostname": "balancer.invalid" }] } });
    let fake = cluster(spec, status, true).await;
    let known = Known { public: Some("route.invalid".to_owned()), ..known() };
    let answer = addresses(Some(&fake.cluster), known).await;
    assert_eq!(
        found(&answer),
        [
            (&*host, Way::NodePort),
            ("route.invalid", Way::Route),
            ("ingress.invalid", Way::Ingress),
            ("balancer.invalid:5000", Way::LoadBalancer),
        ]
    );
    assert!(answer.addresses[0].answers && !answer.addresses[1].answers);
    assert_eq!(answer.login, Login::Password);
}

#[tokio::test]
async fn a_services_own_address_is_the_last_resort() {
    let spec =
        || json!({ "type": "ClusterIP", "clusterIP": "127.9.9.9", "ports": [{ "port": 5000 }] });
    let fake = cluster(spec(), json!({}), false).await;
    let answer = addresses(Some(&fake.cluster), known()).await;
    assert_eq!(found(&answer), [("127.9.9.9:5000", Way::Service)]);
    let announced = Some("localhost:1".to_owned());
    let known = Known { announced, ..known() };
    let answer = addresses(Some(&fake.cluster), known).await;
    assert_eq!(found(&answer), [("localhost:1", Way::Announced)]);
    let nobody = Fake::start(|_| refusal(403)).await;
    let answer = addresses(Some(&nobody.cluster), self::known()).await;
    assert!(answer.addresses.is_empty());
}
