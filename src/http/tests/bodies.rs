//! Bodies that take their time: whose sender loses the right meanwhile, and whose sender never had it.

use super::Server;
use axum::body::Body;
use futures_util::stream;
use serde_json::{Value, json};
use std::{sync::Arc, task::Poll, time::Duration};
use tokio::sync::{
    Notify,
    mpsc::{Receiver, channel},
};

/// A body that comes piece by piece: `begun` tells when it is waited for, `ended` when its end was read.
pub(super) fn slow_body(mut pieces: Receiver<&'static str>, begun: Arc<Notify>, ended: Arc<Notify>) -> Body {
    Body::from_stream(stream::poll_fn(move |context| {
        begun.notify_one();
        let piece = pieces.poll_recv(context);
        if matches!(piece, Poll::Ready(None)) {
            ended.notify_one();
        }
        piece.map(|piece| piece.map(Ok::<_, std::io::Error>))
    }))
}

/// A body of which nothing ever comes.
fn endless_body() -> Body {
    Body::from_stream(stream::poll_fn(|_| Poll::<Option<Result<&str, std::io::Error>>>::Pending))
}

async fn listed(server: &Server, key: &str) -> bool {
    server.call("GET", &format!("/api/v1/lookup/{key}"), "").await.ok()["listed"].as_bool().unwrap()
}

async fn made(server: &Server, scope: &str) -> Value {
    server.call("POST", "/api/v1/tokens", json!({"name": "feed", "scopes": [scope]}).to_string()).await.ok()
}

/// What is answered to a call whose token is revoked while its body is on the way.
async fn revoked_meanwhile(server: &Server, scope: &str, method: &str, path: &str, said: &'static str) -> u16 {
    let made = made(server, scope).await;
    let token = made["token"].as_str().unwrap();
    let (pieces, waiting) = channel(4);
    let (begun, ended) = (Arc::<Notify>::default(), Arc::<Notify>::default());
    let call = server.call_as(Some(token), method, path, slow_body(waiting, begun.clone(), ended.clone()));
    let revoked = async {
        begun.notified().await;
        pieces.send(said).await.unwrap();
        let gone = server.call("DELETE", &format!("/api/v1/tokens/{}", made["id"].as_str().unwrap()), "").await;
        assert_eq!(gone.status, 204, "{}", gone.text());
        drop(pieces);
    };
    let (reply, ()) = tokio::join!(call, revoked);
    reply.status
}

/// A token is revoked because it got into the wrong hands: what they are sending must not come in.
#[tokio::test]
async fn the_import_of_a_token_that_is_revoked_meanwhile_changes_nothing() {
    let server = Server::start();
    let path = "/api/v1/lists/relay/sources/feed";
    assert_eq!(revoked_meanwhile(&server, "write:relay/feed", "PUT", path, "203.0.113.7\n").await, 401);
    assert!(!listed(&server, "203.0.113.7").await);
}

#[tokio::test]
async fn the_post_of_a_token_that_is_revoked_meanwhile_changes_nothing() {
    let server = Server::start();
    let (path, said) = ("/api/v1/lists/relay/entries", r#"{"key":"203.0.113.7","source":"feed"}"#);
    assert_eq!(revoked_meanwhile(&server, "write:relay/feed", "POST", path, said).await, 401);
    assert!(!listed(&server, "203.0.113.7").await);
}

#[tokio::test]
async fn the_reports_of_a_token_that_is_revoked_meanwhile_do_not_count() {
    let server = Server::start();
    let said = r#"{"address":"203.0.113.7","kind":"trap","seen":"2027-01-15T08:00:00Z","id":"a"}"#;
    assert_eq!(revoked_meanwhile(&server, "report:mx1", "POST", "/api/v1/reports", said).await, 401);
    let again = server.token(&["report:mx1"]).await;
    let answer = server.call_as(Some(&again), "POST", "/api/v1/reports", said).await.ok();
    assert_eq!(answer[0]["state"], "counted", "it was not taken before");
}

/// Else whoever held an admin's token would make himself another one with a call that waits for its end.
#[tokio::test]
async fn an_admins_token_that_is_revoked_meanwhile_makes_no_other() {
    let server = Server::start();
    let said = r#"{"name":"mine","scopes":["admin"]}"#;
    assert_eq!(revoked_meanwhile(&server, "admin", "POST", "/api/v1/tokens", said).await, 401);
    let tokens = server.call("GET", "/api/v1/tokens", "").await.ok();
    assert_eq!(tokens["tokens"], json!([]));
}

/// Any token made the server hold bodies of 64 MiB, each connection one, and then said that it may not write.
#[tokio::test]
async fn who_may_not_write_is_told_before_the_body_is_read() {
    let server = Server::start();
    super::networks::network(&server).await;
    // Where something of the network is in force it writes to lists of kind dynamic; of the other one nothing is.
    let told = [
        ("relay", "read"),
        ("relay", "report:trap"),
        ("relay", "write:dynamic/isp"),
        ("relay", "network:isp"),
        ("dynamic", "network:unproven"),
    ];
    for (list, scope) in told {
        let made = made(&server, scope).await;
        let path = format!("/api/v1/lists/{list}/entries");
        let asked = server.call_as(made["token"].as_str(), "POST", &path, endless_body());
        let reply = tokio::time::timeout(Duration::from_secs(20), asked).await.expect("the body is not waited for");
        assert_eq!(reply.status, 403, "{scope}");
    }
}

/// Who sends an octet now and then held the place of an import for an hour, and a network could not be forgotten.
#[tokio::test]
async fn an_import_whose_token_is_revoked_ends_while_its_body_still_comes() {
    let server = Server::start();
    let made = made(&server, "write:relay/feed").await;
    let (pieces, waiting) = channel(1);
    let (begun, ended) = (Arc::<Notify>::default(), Arc::<Notify>::default());
    let put = server.call_as(
        Some(made["token"].as_str().unwrap()),
        "PUT",
        "/api/v1/lists/relay/sources/feed",
        slow_body(waiting, begun.clone(), ended),
    );
    let trickling = async {
        begun.notified().await;
        server.call("DELETE", &format!("/api/v1/tokens/{}", made["id"].as_str().unwrap()), "").await;
        while pieces.send("\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let ended = async { tokio::join!(put, trickling).0.status };
    assert_eq!(tokio::time::timeout(Duration::from_secs(60), ended).await.ok(), Some(401));
}
