//! Receivers that answer well, badly, late or not at all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::any;
use futures::FutureExt as _;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::*;
use crate::notices::system_lookup;

fn quick() -> Limits {
    Limits { connect: Duration::from_millis(400), total: Duration::from_millis(600), body_bytes: 4_096 }
}

fn poster() -> Poster {
    Poster::new(Allow::loopback(), &system_lookup(), quick(), "1.2.3").unwrap()
}

async fn serve(router: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Reads a little of each connection, writes `answer`, and hangs up; `None` keeps silent.
async fn raw(answer: Option<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut bytes = [0; 2_048];
                let _ = stream.read(&mut bytes).await;
                match answer {
                    Some(answer) => {
                        let _ = stream.write_all(&answer).await;
                        let _ = stream.shutdown().await;
                    }
                    None => std::future::pending().await,
                }
            });
        }
    });
    address
}

async fn post(url: &str) -> Outcome {
    poster().post(&Url::parse(url).unwrap(), HeaderMap::new(), Bytes::from_static(b"{}")).await
}

async fn post_raw(answer: &[u8]) -> Outcome {
    let address = raw(Some(answer.to_vec())).await;
    post(&format!("http://{address}/")).await
}

#[tokio::test]
async fn body_and_headers_arrive_and_the_answer_is_kept() {
    let echo = |headers: HeaderMap, body: Bytes| async move {
        let seen = format!(
            "{} {} {}",
            headers["user-agent"].to_str().unwrap(),
            headers["webhook-id"].to_str().unwrap(),
            String::from_utf8_lossy(&body)
        );
        (StatusCode::ACCEPTED, [("x-trace", "t-1"), ("set-cookie", "s=1"), ("x-api-key", "k")], seen)
    };
    let address = serve(axum::Router::new().route("/hook", any(echo))).await;
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", "evt_1".parse().unwrap());
    let url = Url::parse(&format!("http://{address}/hook")).unwrap();
    let outcome = poster().post(&url, headers, Bytes::from_static(b"{\"a\":1}")).await;
    assert_eq!(outcome.status, Some(202));
    assert_eq!(outcome.error_kind, None);
    assert_eq!(outcome.response_body_cut, "concord/1.2.3 evt_1 {\"a\":1}");
    assert!(!outcome.is_cut);
    assert!(outcome.response_head.starts_with("HTTP/1.1 202 Accepted\n"), "{}", outcome.response_head);
    assert!(outcome.response_head.contains("\nx-trace: t-1"));
    assert!(outcome.response_head.contains("\nset-cookie: …") && outcome.response_head.contains("\nx-api-key: …"));
}

#[tokio::test]
async fn names_under_localhost_are_reached_over_the_guarded_resolver() {
    let address = serve(axum::Router::new().route("/", any(|| async { "fine" }))).await;
    let outcome = post(&format!("http://sink.localhost:{}/", address.port())).await;
    assert_eq!((outcome.status, outcome.error_kind), (Some(200), None));
}

#[tokio::test]
async fn a_long_body_is_cut_and_no_error() {
    let address = serve(axum::Router::new().route("/", any(|| async { "ä".repeat(100_000) }))).await;
    let outcome = post(&format!("http://{address}/")).await;
    assert_eq!(outcome.status, Some(200));
    assert!(outcome.is_cut);
    assert_eq!(outcome.response_body_cut.len(), 4_096);
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_the_status() {
    let outcome = post_raw(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf\0").await;
    assert_eq!((outcome.status, outcome.error_kind), (Some(200), None));
    assert!(outcome.is_cut);
    assert_eq!(outcome.response_body_cut, "half\u{fffd}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let reached = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    let router = axum::Router::new()
        .route("/", any(|| async { (StatusCode::TEMPORARY_REDIRECT, [("location", "/inner")]).into_response() }))
        .route(
            "/inner",
            any(move || {
                count.fetch_add(1, Ordering::SeqCst);
                async { "reached" }
            }),
        );
    let address = serve(router).await;
    let outcome = post(&format!("http://{address}/")).await;
    assert_eq!(outcome.status, Some(307));
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_wish_to_wait_is_read() {
    let outcome = post_raw(b"HTTP/1.1 503 Busy\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(outcome.retry_after, Some(RetryAfter::Seconds(120)));
    let outcome = post_raw(b"HTTP/1.1 503 Busy\r\nretry-after: soon\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!((outcome.status, outcome.retry_after), (Some(503), None));
}

#[tokio::test]
async fn failures_are_told_apart() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(post(&format!("http://{closed}/")).await.error_kind, Some(ErrorKind::Connect));

    let silent = raw(None).await;
    let outcome = post(&format!("http://{silent}/")).await;
    assert_eq!(outcome.error_kind, Some(ErrorKind::Timeout));
    assert!((600..2_000).contains(&outcome.elapsed_ms), "{}", outcome.elapsed_ms);
    assert_eq!(post(&format!("https://{silent}/")).await.error_kind, Some(ErrorKind::Timeout));

    assert_eq!(post_raw(b"").await.error_kind, Some(ErrorKind::Reset));
    assert_eq!(post_raw(b"220 mail.carrier.example ESMTP\r\n").await.error_kind, Some(ErrorKind::Protocol));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-a: b\r\n".repeat(200));
    assert_eq!(post_raw(many.as_bytes()).await.error_kind, Some(ErrorKind::TooLarge));

    let plain = serve(axum::Router::new()).await;
    assert_eq!(post(&format!("https://{plain}/")).await.error_kind, Some(ErrorKind::Tls));
    let hangs_up = raw(Some(Vec::new())).await;
    assert_eq!(post(&format!("https://{hangs_up}/")).await.error_kind, Some(ErrorKind::Tls));
}

#[tokio::test]
async fn an_unknown_name_is_a_dns_failure() {
    let lookup: Lookup = Arc::new(|_| std::future::ready(Err(io::Error::other("no such name"))).boxed());
    let poster = Poster::new(Allow::none(), &lookup, quick(), "0").unwrap();
    let url = Url::parse("https://hooks.carrier.example/").unwrap();
    let outcome = poster.post(&url, HeaderMap::new(), Bytes::new()).await;
    assert_eq!((outcome.status, outcome.error_kind), (None, Some(ErrorKind::Dns)));
}

#[tokio::test]
async fn nothing_connects_to_a_forbidden_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let inward: Lookup =
        Arc::new(|_| std::future::ready(Ok(vec!["93.184.216.34".parse().unwrap(), "127.0.0.1".parse().unwrap()])).boxed());
    let poster = Poster::new(Allow::none(), &inward, quick(), "0").unwrap();
    for url in [
        format!("https://hooks.carrier.example:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://0x7f.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        format!("http://hooks.carrier.example:{port}/"),
    ] {
        let outcome = poster.post(&Url::parse(&url).unwrap(), HeaderMap::new(), Bytes::new()).await;
        assert_eq!((outcome.status, outcome.error_kind), (None, Some(ErrorKind::AddressForbidden)), "{url}");
    }
    let connected = listener.accept().now_or_never();
    assert!(connected.is_none(), "something connected");
}

#[tokio::test]
async fn plain_http_to_a_public_address_is_not_sent_even_with_ranges_opened() {
    let public: Lookup = Arc::new(|_| std::future::ready(Ok(vec!["93.184.216.34".parse().unwrap()])).boxed());
    let poster = Poster::new(Allow::loopback(), &public, quick(), "0").unwrap();
    let url = Url::parse("http://hooks.carrier.example/").unwrap();
    let outcome = poster.post(&url, HeaderMap::new(), Bytes::new()).await;
    assert_eq!(outcome.error_kind, Some(ErrorKind::AddressForbidden));
}

#[tokio::test]
async fn connections_are_kept_and_used_again() {
    let seen = |axum::extract::ConnectInfo(peer): axum::extract::ConnectInfo<SocketAddr>| async move { peer.to_string() };
    let router = axum::Router::new().route("/", any(seen));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    let poster = poster();
    let url = Url::parse(&format!("http://{address}/")).unwrap();
    let first = poster.post(&url, HeaderMap::new(), Bytes::new()).await;
    let second = poster.post(&url, HeaderMap::new(), Bytes::new()).await;
    assert_eq!(first.status, Some(200));
    assert_eq!(first.response_body_cut, second.response_body_cut);
}

#[test]
fn kinds_survive_their_names() {
    for kind in ErrorKind::ALL {
        assert_eq!(ErrorKind::parse(kind.slug()), Some(kind));
    }
    assert_eq!(ErrorKind::parse("bored"), None);
}
