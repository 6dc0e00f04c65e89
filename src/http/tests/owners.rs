//! Whose a request is: that of the network to which its address belongs now, and of nobody else.

use super::{
    Server,
    networks::{form, network},
};
use crate::{
    cases::Id,
    change::CaseRow,
    limits::{NETWORK_LISTINGS_MAX, NETWORK_PAGE_ROWS},
    store::CaseFamily,
};
use axum::{body::Body, http::Request};
use serde_json::{Value, json};

/// Somebody asks for an address of the network; the path of the request.
async fn asked(server: &Server) -> String {
    server.put("dynamic", "feed", "203.0.113.0/24").await.ok();
    let ask = r#"{"list":"dynamic","key":"203.0.113.25","contact":"me@example.org","note":"my server"}"#;
    let asked = server.call("POST", "/api/v1/removals", ask).await.ok();
    assert_eq!(asked["state"], "deciding", "{asked}");
    format!("/api/v1/removals/{}", asked["id"].as_str().unwrap())
}

async fn decide(server: &Server, token: &str, request: &str, accept: bool) -> u16 {
    let body = json!({ "accept": accept, "why": "" }).to_string();
    server.call_as(Some(token), "POST", &format!("{request}/decision"), body).await.status
}

async fn requests(server: &Server, token: &str, name: &str) -> usize {
    let found = server.call_as(Some(token), "GET", &format!("/api/v1/networks/{name}/requests"), "").await.ok();
    found["requests"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_network_that_lost_a_prefix_neither_reads_nor_decides_its_requests() {
    let server = Server::start();
    let token = network(&server).await;
    let request = asked(&server).await;
    let note = async || server.call_as(Some(&token), "GET", &request, "").await.ok()["note"].clone();
    assert_eq!((requests(&server, &token, "isp").await, note().await), (1, json!("my server")));
    let give_up = r#"{"remove_prefixes":["203.0.113.0/24"]}"#;
    server.call("PATCH", "/api/v1/networks/isp", give_up).await.ok();
    assert_eq!(requests(&server, &token, "isp").await, 0);
    assert_eq!(decide(&server, &token, &request, true).await, 403);
    assert_eq!(note().await, Value::Null);
    let shown = server.call("GET", &request, "").await.ok();
    assert_eq!((&shown["state"], &shown["rule"]), (&json!("proving"), &json!("proof")), "it waits for nobody: {shown}");
}

#[tokio::test]
async fn what_was_granted_is_taken_back_only_by_whose_the_address_is_now() {
    let server = Server::start();
    let token = network(&server).await;
    let request = asked(&server).await;
    assert_eq!(decide(&server, &token, &request, true).await, 200);
    let inner = r#"{"name":"reseller","title":"R","contacts":["noc@example.org"],"prefixes":["203.0.113.0/25"]}"#;
    assert_eq!(server.call("POST", "/api/v1/networks", inner).await.status, 201);
    let reseller = server.token(&["network:reseller"]).await;
    assert_eq!(decide(&server, &token, &request, false).await, 403, "the longest prefix decides");
    server.desk.upkeep().await.unwrap();
    assert_eq!((requests(&server, &token, "isp").await, requests(&server, &reseller, "reseller").await), (0, 1));
    assert_eq!(decide(&server, &reseller, &request, false).await, 200);
    assert_eq!(server.call("GET", &request, "").await.ok()["state"], "ended");
}

#[tokio::test]
async fn a_request_that_waits_goes_to_the_network_that_comes() {
    let server = Server::start();
    let token = network(&server).await;
    let request = asked(&server).await;
    let inner = r#"{"name":"reseller","title":"R","contacts":["noc@example.org"],"prefixes":["203.0.113.0/25"]}"#;
    assert_eq!(server.call("POST", "/api/v1/networks", inner).await.status, 201);
    let reseller = server.token(&["network:reseller"]).await;
    assert_eq!(decide(&server, &token, &request, true).await, 403);
    assert_eq!(decide(&server, &reseller, &request, true).await, 200);
}

#[tokio::test]
async fn a_network_that_is_forgotten_leaves_neither_a_token_nor_a_request_behind() {
    let server = Server::start();
    let token = network(&server).await;
    let both = server.token(&["network:isp", "read"]).await;
    let request = asked(&server).await;
    assert_eq!(server.call("DELETE", "/api/v1/networks/isp", "").await.status, 204);
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.call("GET", &request, "").await.ok()["state"], "proving");
    // Who gets the name and the prefix later is not under the tokens of before.
    let again = r#"{"name":"isp","title":"Other","contacts":["noc@example.net"],"prefixes":["203.0.113.0/24"]}"#;
    assert_eq!(server.call("POST", "/api/v1/networks", again).await.status, 201);
    assert_eq!(server.call_as(Some(&token), "GET", "/api/v1/networks/isp/requests", "").await.status, 401);
    assert_eq!(server.call_as(Some(&both), "GET", "/api/v1/networks/isp/requests", "").await.status, 403);
    assert_eq!(server.call_as(Some(&both), "GET", "/api/v1/lists/dynamic/entries", "").await.status, 200);
}

/// A network that proved its claim, was agreed to, and whose records are gone for three weeks.
async fn lapsed(server: &Server, token: &str, cookie: &mut String) {
    let claim = r#"{"name":"isp","title":"C","contacts":["noc@example.net"],"prefixes":["203.0.113.0/24"]}"#;
    let made = server.call("POST", "/api/v1/networks/claims", claim).await.ok();
    let record = made["records"][0].as_str().unwrap().to_owned();
    server.checks.texts.lock().unwrap().push((record, made["txt"].as_str().unwrap().into()));
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.call("GET", "/api/v1/status", "").await.ok()["claims_waiting"], 1);
    server.call("PATCH", "/api/v1/networks/isp", r#"{"approve":["203.0.113.0/24"]}"#).await.ok();
    let signed = server.from("127.0.0.1", form("/networks/isp/sign-in", None, format!("token={token}"))).await;
    signed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().clone_into(cookie);
    server.checks.texts.lock().unwrap().clear();
    for _ in 0..3 {
        server.pass(7 * 86_400);
        server.desk.upkeep().await.unwrap();
    }
}

#[tokio::test]
async fn the_token_of_a_lapsed_network_shows_and_claims_and_does_nothing_else() {
    let server = Server::start();
    let token = server.token(&["network:isp"]).await;
    let mut cookie = String::new();
    lapsed(&server, &token, &mut cookie).await;
    let call = async |method: &str, path: &str, body: &str| {
        server.call_as(Some(&token), method, &format!("/api/v1/networks/{path}"), body.to_owned()).await.status
    };
    let shown = server.call_as(Some(&token), "GET", "/api/v1/networks/isp", "").await.ok();
    assert_eq!(shown["prefixes"][0]["state"], "lapsed", "{shown}");
    assert_eq!(call("PATCH", "isp", r#"{"title":"Mine"}"#).await, 403);
    assert_eq!(call("PUT", "isp/ranges/203.0.113.0%2F25", r#"{"text":"x"}"#).await, 403);
    assert_eq!(call("DELETE", "isp/ranges/203.0.113.0%2F25", "").await, 403);
    assert_eq!(call("GET", "isp/listings", "").await, 403);
    assert_eq!(call("GET", "isp/requests", "").await, 403);
    let further = r#"{"name":"isp","prefixes":["198.51.100.0/24"]}"#;
    assert_eq!(call("POST", "claims", further).await, 201);
    let page = Request::get("/networks/isp/manage").header("cookie", &cookie).body(Body::empty()).unwrap();
    assert_eq!(server.from("127.0.0.1", page).await.status, 404);
}

#[tokio::test]
async fn a_session_ends_when_nothing_of_its_network_is_in_force() {
    let server = Server::start();
    let token = network(&server).await;
    let signed = server.from("127.0.0.1", form("/networks/isp/sign-in", None, format!("token={token}"))).await;
    let cookie = signed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let manage = async || {
        let page = Request::get("/networks/isp/manage").header("cookie", &cookie).body(Body::empty()).unwrap();
        server.from("127.0.0.1", page).await.text().contains("name=\"word\"")
    };
    assert!(manage().await);
    server.call("DELETE", "/api/v1/networks/isp", "").await;
    let again = r#"{"name":"isp","title":"Other","contacts":["noc@example.net"],"prefixes":["203.0.113.0/24"]}"#;
    assert_eq!(server.call("POST", "/api/v1/networks", again).await.status, 201);
    assert!(!manage().await, "the name is another's now");
}

/// The removals that stand were looked for among the first 10,000 rows, those that wait before them; and nothing said that a
/// page shows only the first.
#[tokio::test]
async fn removals_that_stand_are_found_behind_any_number_that_wait_and_a_page_says_that_there_are_more() {
    let server = Server::start();
    let token = network(&server).await;
    server.put("dynamic", "feed", "203.0.113.0/24\n").await.ok();
    let mut asked = Vec::new();
    for key in ["203.0.113.1", "203.0.113.2"] {
        let ask = json!({ "list": "dynamic", "key": key }).to_string();
        asked.push(server.call("POST", "/api/v1/removals", ask).await.ok()["id"].as_str().unwrap().to_owned());
    }
    let yes = json!({ "accept": true, "why": "" }).to_string();
    server.call("POST", &format!("/api/v1/removals/{}/decision", asked[0]), yes).await.ok();
    let row = |key: Vec<u8>, value: &[u8]| CaseRow { family: CaseFamily::Request, key, value: Some(value.to_vec()) };
    let of_owner = |turn: &[u8], id: Id| row([b"oisp\0", turn, &id.0].concat(), b"null");
    // Rows of what waited once; each round of upkeep and each page passes over them.
    let id = |number: u32| Id([[0; 12].as_slice(), &number.to_be_bytes()].concat().try_into().unwrap());
    let waited: Vec<CaseRow> = (0..NETWORK_LISTINGS_MAX as u32).map(|number| of_owner(b"d", id(number))).collect();
    server.put_cases(waited).await;

    let signed = server.from("127.0.0.1", form("/networks/isp/sign-in", None, format!("token={token}"))).await;
    let cookie = signed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = async || {
        let manage = Request::get("/networks/isp/manage").header("cookie", &cookie).body(Body::empty()).unwrap();
        server.from("127.0.0.1", manage).await.text().to_owned()
    };
    let shown = page().await;
    assert!(shown.contains("Removals that stand") && shown.contains("203.0.113.1<"), "{shown}");
    assert!(!shown.contains("there are more"), "{shown}");

    let gone = |number| CaseRow { value: None, ..of_owner(b"d", id(number)) };
    server.put_cases((0..NETWORK_LISTINGS_MAX as u32).map(gone).collect()).await;
    let mut more = Vec::new();
    for (turn, like) in [(b"d", &asked[1]), (b"g", &asked[0])] {
        let like = server.desk.removal(like.parse().unwrap()).await.unwrap().request;
        for number in 0..NETWORK_PAGE_ROWS as u32 {
            let id = id(u32::MAX - 2 * number - u32::from(turn[0] == b'd'));
            let request = crate::cases::Request { id, ..like.clone() };
            more.extend([row([b"r", &id.0[..]].concat(), &serde_json::to_vec(&request).unwrap()), of_owner(turn, id)]);
        }
    }
    server.put_cases(more).await;
    let shown = page().await;
    assert!(shown.contains("the first 200; the others follow") && shown.contains("the first 200; there are more"));
}

/// They stood in the order of their random numbers: of more than a page shows, the oldest could lapse unseen.
#[tokio::test]
async fn the_request_that_waits_for_the_longest_time_stands_first() {
    let server = Server::start();
    network(&server).await;
    server.put("dynamic", "feed", "203.0.113.0/24\n").await.ok();
    let mut asked = Vec::new();
    for host in 1..=8 {
        let ask = json!({ "list": "dynamic", "key": format!("203.0.113.{host}") }).to_string();
        asked.push(server.call("POST", "/api/v1/removals", ask).await.ok()["id"].clone());
        server.pass(60);
    }
    let all = server.call("GET", "/api/v1/networks/isp/requests", "").await.ok();
    let shown: Vec<Value> = all["requests"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(shown, asked);
    let first = server.desk.requests_waiting_for(&"isp".parse().unwrap(), 3).unwrap();
    let first: Vec<Value> = first.0.iter().map(|request| json!(request.id.to_string())).collect();
    assert_eq!(first, asked[..3], "of a page, too");
}
