//! Networks over HTTP: never outside their prefixes, and what they say is on the pages.

use super::{Reply, Server, bodies::slow_body};
use crate::{
    change::{Actor, CaseRow, Change, What},
    list::{Mark, NewEntry, Prefix},
    store::CaseFamily,
};
use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, mpsc::channel};
use tokio_util::sync::CancellationToken;

const NEW: &str = r#"{"name":"isp","title":"Example Networks","contacts":["noc@example.org"],
    "public_contact":"abuse@example.org","prefixes":["203.0.113.0/24","2001:db8:7::/48"]}"#;

pub(super) async fn network(server: &Server) -> String {
    assert_eq!(server.call("POST", "/api/v1/networks", NEW).await.status, 201);
    let body = r#"{"name":"isp","scopes":["network:isp"]}"#;
    server.call("POST", "/api/v1/tokens", body).await.ok()["token"].as_str().unwrap().to_owned()
}

async fn as_isp(server: &Server, token: &str, method: &str, path: &str, body: impl Into<Body>) -> Reply {
    server.call_as(Some(token), method, path, body).await
}

const SOURCE: &str = "/api/v1/lists/dynamic/sources/network.isp";

async fn listed(server: &Server, key: &str) -> bool {
    server.call("GET", &format!("/api/v1/lookup/{key}"), "").await.ok()["listed"].as_bool().unwrap()
}

#[tokio::test]
async fn a_network_lists_and_holes_its_own_ranges_and_nothing_else() {
    let server = Server::start();
    let token = network(&server).await;
    let put = |body: &'static str| as_isp(&server, &token, "PUT", SOURCE, body);
    assert_eq!(put("203.0.113.0/24 customers\n!203.0.113.25 a mail server\n2001:db8:7::/56\n").await.ok()["added"], 3);
    assert!(listed(&server, "203.0.113.9").await && !listed(&server, "203.0.113.25").await);

    let outside = put("203.0.113.0/25\n203.0.112.7\n203.0.113.129\n").await;
    assert_eq!(outside.status, 403);
    assert!(outside.json()["detail"].as_str().unwrap().contains("line 2: 203.0.112.7"), "{}", outside.text());
    assert!(listed(&server, "203.0.113.9").await && !listed(&server, "203.0.112.7").await, "nothing changed");
    for body in ["203.0.112.0/23\n", "!203.0.112.0/24\n", "2001:db8:8::1\n"] {
        assert_eq!(put(body).await.status, 403, "{body}");
    }
    let entry = |key: &str| json!({ "key": key, "source": "network.isp" }).to_string();
    let post = |list: &'static str, key: &'static str| {
        let path = format!("/api/v1/lists/{list}/entries");
        let (server, token) = (&server, &token);
        async move { as_isp(server, token, "POST", &path, entry(key)).await.status }
    };
    assert_eq!(post("dynamic", "203.0.113.77").await, 200);
    assert_eq!(post("dynamic", "198.51.100.1").await, 403);
    assert_eq!(post("relay", "203.0.113.77").await, 403, "lists of kind dynamic only");
    let path = "/api/v1/lists/dynamic/entries?source=network.isp&key=198.51.100.1";
    assert_eq!(as_isp(&server, &token, "DELETE", path, "").await.status, 403);
    assert_eq!(as_isp(&server, &token, "POST", &format!("{SOURCE}/undo"), "").await.status, 403);
    let other = "/api/v1/lists/dynamic/sources/network.other";
    assert_eq!(as_isp(&server, &token, "PUT", other, "203.0.113.1\n").await.status, 403);
    assert_eq!(server.call("PUT", SOURCE, "203.0.113.1\n").await.status, 403, "not even an admin");
}

/// A list that widens IPv6 hosts widens what a network writes, too: it must not reach over the network's edge.
#[tokio::test]
async fn a_key_counts_as_wide_as_the_list_makes_it() {
    let server = Server::start();
    let body = r#"{"name":"tiny","title":"T","contacts":["noc@example.org"],"prefixes":["2001:db8:7:1:8000::/65"]}"#;
    assert_eq!(server.call("POST", "/api/v1/networks", body).await.status, 201);
    let scope = r#"{"name":"tiny","scopes":["network:tiny"]}"#;
    let token = server.call("POST", "/api/v1/tokens", scope).await.ok()["token"].as_str().unwrap().to_owned();
    let source = "/api/v1/lists/wide/sources/network.tiny";
    assert_eq!(as_isp(&server, &token, "PUT", source, "2001:db8:7:1:8000::5\n").await.status, 403);
    assert_eq!(as_isp(&server, &token, "PUT", source, "!2001:db8:7:1:8000::5\n").await.ok()["added"], 1);
}

#[tokio::test]
async fn a_network_may_shrink_and_what_it_gives_up_leaves_the_lists() {
    let server = Server::start();
    let token = network(&server).await;
    let many: String = (0..256).map(|n| format!("203.0.113.{n}\n")).collect();
    as_isp(&server, &token, "PUT", SOURCE, many + "2001:db8:7:1::/64\n").await.ok();
    server.pass(90_000);
    as_isp(&server, &token, "PUT", SOURCE, "203.0.113.7\n2001:db8:7:1::/64\n").await.ok();
    assert!(!listed(&server, "203.0.113.9").await && listed(&server, "203.0.113.7").await);

    let give_up = r#"{"remove_prefixes":["203.0.113.0/24"]}"#;
    as_isp(&server, &token, "PATCH", "/api/v1/networks/isp", give_up).await.ok();
    assert!(!listed(&server, "203.0.113.7").await && listed(&server, "2001:db8:7:1::5").await);
    assert_eq!(as_isp(&server, &token, "PUT", SOURCE, "203.0.113.7\n").await.status, 403);
    let take = r#"{"add_prefixes":["198.51.100.0/24"]}"#;
    assert_eq!(as_isp(&server, &token, "PATCH", "/api/v1/networks/isp", take).await.status, 403);
    assert_eq!(server.call("DELETE", "/api/v1/networks/isp", "").await.status, 204);
    assert!(!listed(&server, "2001:db8:7:1::5").await);
    assert_eq!(as_isp(&server, &token, "PUT", SOURCE, "2001:db8:7::1\n").await.status, 401, "its token went along");
}

#[tokio::test]
async fn more_than_one_commit_takes_leaves_with_a_prefix() {
    let server = Server::start();
    let token = network(&server).await;
    let many = (0..5_100).map(|n| format!("2001:db8:7:{n:x}::/64\n"));
    let body = many.chain(["203.0.113.7\n".to_owned()]).collect::<String>();
    assert_eq!(as_isp(&server, &token, "PUT", SOURCE, body).await.ok()["added"], 5_101);
    let give_up = r#"{"remove_prefixes":["2001:db8:7::/48"]}"#;
    as_isp(&server, &token, "PATCH", "/api/v1/networks/isp", give_up).await.ok();
    let path = "/api/v1/lists/dynamic/entries?source=network.isp";
    let left = server.call("GET", path, "").await.ok();
    assert_eq!(left["entries"].as_array().unwrap().len(), 1, "{left}");
}

#[tokio::test]
async fn a_change_that_is_refused_takes_no_entry_along() {
    let server = Server::start();
    let token = network(&server).await;
    as_isp(&server, &token, "PUT", SOURCE, "203.0.113.7\n2001:db8:7:1::/64\n").await.ok();
    for body in [
        r#"{"remove_prefixes":["203.0.113.0/24"],"title":""}"#,
        r#"{"remove_prefixes":["203.0.113.0/24","2001:db8:7::/48"]}"#,
    ] {
        assert_eq!(as_isp(&server, &token, "PATCH", "/api/v1/networks/isp", body).await.status, 422, "{body}");
        assert!(listed(&server, "203.0.113.7").await && listed(&server, "2001:db8:7:1::5").await, "{body}");
    }
}

/// Whoever asked goes away while their change is being written: the next comes behind it, and nothing of before is in memory.
#[tokio::test]
async fn a_change_that_nobody_waits_for_any_more_is_there_for_the_next() {
    let server = Server::start();
    network(&server).await;
    let name = "isp".parse().unwrap();
    let rename = server.desk.change_network("test", &name, "changed", |network, _| {
        network.title = "Renamed".into();
        Ok(())
    });
    assert!(futures_util::future::poll_immediate(Box::pin(rename)).await.is_none(), "it is under way");
    let next = server.desk.change_network("test", &name, "changed", |_, _| Ok(())).await.unwrap();
    assert_eq!(next.title, "Renamed");
    assert_eq!(server.desk.network(&name).unwrap().title, "Renamed");
}

/// A PUT of the prefix was answered 200 though the prefix was gone, and stood in a commit until another took it off.
#[tokio::test]
async fn a_put_whose_prefix_was_lost_while_it_came_in_is_refused() {
    let server = Server::start();
    let token = network(&server).await;
    for (prefix, key, status) in [("203.0.113.0/24", "203.0.113.7\n", 403), ("2001:db8:9::/48", "2001:db8:7::1\n", 200)]
    {
        let add = format!(r#"{{"add_prefixes":["{prefix}"]}}"#);
        if prefix.contains(':') {
            server.call("PATCH", "/api/v1/networks/isp", add).await.ok();
        }
        let (pieces, waiting) = channel(4);
        let (begun, ended) = (Arc::<Notify>::default(), Arc::<Notify>::default());
        let put = as_isp(&server, &token, "PUT", SOURCE, slow_body(waiting, begun.clone(), ended));
        let lost = async {
            begun.notified().await;
            pieces.send(key).await.unwrap();
            let change = match status {
                403 => format!(r#"{{"remove_prefixes":["{prefix}"]}}"#),
                // That more is its own, or that it was looked at again, is no loss.
                _ => r#"{"title":"Renamed","add_prefixes":["198.51.100.0/24"]}"#.to_owned(),
            };
            server.call("PATCH", "/api/v1/networks/isp", change).await.ok();
            let serial = server.door.store().serial();
            drop(pieces);
            serial
        };
        let (reply, serial) = tokio::join!(put, lost);
        assert_eq!(reply.status, status, "{}", reply.text());
        assert_eq!(server.door.store().serial() == serial, status == 403);
    }
}

/// What is lost between the last look and the commit.
#[tokio::test]
async fn what_a_put_brings_into_a_prefix_that_was_lost_at_its_switch_goes_though_its_client_is_gone() {
    let server = Server::start();
    let token = network(&server).await;
    let (pieces, waiting) = channel(4);
    let (begun, ended) = (Arc::<Notify>::default(), Arc::<Notify>::default());
    let (desk, runtime) = (server.desk.clone(), tokio::runtime::Handle::current());
    server.door.before_switch(move || {
        let name = "isp".parse().unwrap();
        let give_up = desk.change_network("isp", &name, "changed", |network, _| {
            network.prefixes.retain(|held| held.prefix.first().is_ipv6());
            Ok(())
        });
        // It takes off what is there, and comes to its own end behind that.
        runtime.block_on(Box::pin(give_up)).unwrap();
    });
    let put = as_isp(&server, &token, "PUT", SOURCE, slow_body(waiting, begun.clone(), ended.clone()));
    let gone = async {
        begun.notified().await;
        pieces.send("203.0.113.7\n2001:db8:7:1::/64\n").await.unwrap();
        drop(pieces);
        ended.notified().await;
    };
    tokio::select! {
        biased;
        () = gone => {}
        reply = put => panic!("the client went away before it was answered: {}", reply.text()),
    }
    let settled = async {
        while !listed(&server, "2001:db8:7:1::5").await || listed(&server, "203.0.113.7").await {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), settled).await.is_ok(), "it stayed");
}

/// It was answered 409, and the network's tokens were gone.
#[tokio::test]
async fn a_network_that_cannot_be_forgotten_while_it_imports_keeps_its_tokens_and_entries() {
    let server = Server::start();
    let token = network(&server).await;
    as_isp(&server, &token, "PUT", SOURCE, "203.0.113.7\n").await.ok();
    let (pieces, waiting) = channel(4);
    let (begun, ended) = (Arc::<Notify>::default(), Arc::<Notify>::default());
    let wide = "/api/v1/lists/wide/sources/network.isp";
    let put = as_isp(&server, &token, "PUT", wide, slow_body(waiting, begun.clone(), ended));
    let refused = async {
        begun.notified().await;
        let delete = server.call("DELETE", "/api/v1/networks/isp", "").await;
        assert_eq!(delete.status, 409, "{}", delete.text());
        assert!(listed(&server, "203.0.113.7").await, "nothing was changed");
        pieces.send("2001:db8:7:1::1\n").await.unwrap();
        drop(pieces);
    };
    let (reply, ()) = tokio::join!(put, refused);
    assert_eq!(reply.ok()["added"], 1);
    assert_eq!(server.call("DELETE", "/api/v1/networks/isp", "").await.status, 204);
    assert!(!listed(&server, "203.0.113.7").await && !listed(&server, "2001:db8:7:1::1").await);
    assert_eq!(as_isp(&server, &token, "PUT", SOURCE, "203.0.113.7\n").await.status, 401);
}

#[tokio::test]
async fn what_is_posted_while_a_prefix_is_given_up_does_not_stay() {
    let server = Server::start();
    let token = network(&server).await;
    let posts = (0..200).map(async |n: u8| {
        let entry = json!({ "key": format!("203.0.113.{n}"), "source": "network.isp" }).to_string();
        as_isp(&server, &token, "POST", "/api/v1/lists/dynamic/entries", entry).await.status
    });
    let give_up = r#"{"remove_prefixes":["203.0.113.0/24"]}"#;
    let change = as_isp(&server, &token, "PATCH", "/api/v1/networks/isp", give_up);
    let (statuses, changed) = tokio::join!(futures_util::future::join_all(posts), change);
    changed.ok();
    assert!(statuses.contains(&200), "{statuses:?}");
    let left = server.call("GET", "/api/v1/lists/dynamic/entries?source=network.isp", "").await.ok();
    assert_eq!(left["entries"], json!([]));
}

/// Who has the desk needs a thread of the pool to go on; those who wait for the desk must not have them all.
#[test]
fn many_writes_of_a_network_leave_the_desk_a_thread() {
    let threads = crate::limits::DETACHED_AT_ONCE + 2;
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(threads).enable_all().build();
    let runtime = runtime.unwrap();
    let done = runtime.block_on(async {
        let server = Server::start();
        let token = network(&server).await;
        let keys = (0..threads).map(|n| format!("2001:db8:7:{n:x}::/64"));
        let body = keys.map(|key| key + "\n").collect::<String>();
        as_isp(&server, &token, "PUT", SOURCE, body).await.ok();
        let give_up = r#"{"remove_prefixes":["2001:db8:7::/48"]}"#;
        let change = as_isp(&server, &token, "PATCH", "/api/v1/networks/isp", give_up);
        let posts = (0..2 * threads).map(async |n| {
            let entry = json!({ "key": format!("203.0.113.{n}"), "source": "network.isp" }).to_string();
            as_isp(&server, &token, "POST", "/api/v1/lists/dynamic/entries", entry).await.status
        });
        let all = async { tokio::join!(change, futures_util::future::join_all(posts)) };
        let done = tokio::time::timeout(Duration::from_secs(60), all).await;
        done.map(|(change, statuses)| (change.status, statuses))
    });
    // Without waiting for threads that wait for each other.
    runtime.shutdown_background();
    let (changed, statuses) = done.expect("nobody goes on any more");
    assert_eq!(changed, 200);
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
}

/// A process may end between a write of a network and the look after it: the next start looks.
#[tokio::test]
async fn what_an_ended_process_left_outside_goes_at_the_next_start() {
    let server = Server::start();
    let token = network(&server).await;
    as_isp(&server, &token, "PUT", SOURCE, "203.0.113.7\n").await.ok();
    for (source, key) in [("network.isp", "198.51.100.7"), ("network.gone", "203.0.113.9"), ("feed", "198.51.100.9")] {
        let (list, source) = ("dynamic".parse().unwrap(), source.parse().unwrap());
        let what = What::Add(vec![(1, NewEntry::plain(key.parse::<Prefix>().unwrap().into(), Mark::Listed))]);
        let change = Change { actor: Actor::new("isp"), list, source, admin: false, force: false, what, cases: vec![] };
        server.door.submit(change).await.unwrap();
    }
    let stop = CancellationToken::new();
    let upkeep = tokio::spawn(server.desk.clone().run(stop.clone()));
    let settled = async {
        while listed(&server, "198.51.100.7").await || listed(&server, "203.0.113.9").await {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), settled).await.is_ok(), "it stayed");
    assert!(
        listed(&server, "203.0.113.7").await && listed(&server, "198.51.100.9").await,
        "only what lies outside goes"
    );
    // A list that comes back may hold what a network wrote that is gone since.
    server.drop_list("dynamic").await;
    assert_eq!(server.call("DELETE", "/api/v1/networks/isp", "").await.status, 204);
    server.door.configure(super::configuration()).await.unwrap();
    assert!(listed(&server, "203.0.113.7").await, "its list was not there");
    let next = r#"{"name":"next","title":"N","contacts":["a@b.example"],"prefixes":["192.0.2.0/24"]}"#;
    server.call("POST", "/api/v1/networks", next).await.ok();
    let settled = async {
        while listed(&server, "203.0.113.7").await {
            // Any change of a network wakes the desk.
            server.call("PATCH", "/api/v1/networks/next", r#"{"title":"N"}"#).await.ok();
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), settled).await.is_ok(), "it stayed");
    stop.cancel();
    upkeep.await.unwrap();
}

#[tokio::test]
async fn what_a_network_says_of_a_range_stands_on_the_page_of_its_addresses() {
    let server = Server::start();
    let token = network(&server).await;
    as_isp(&server, &token, "PUT", SOURCE, "203.0.113.0/24\n").await.ok();
    let range = r#"{"text":"Customers send through our server <b>only</b>.","smarthost":"smtp.example.org"}"#;
    let path = "/api/v1/networks/isp/ranges/203.0.113.0%2F25";
    as_isp(&server, &token, "PUT", path, range).await.ok();
    let outside = "/api/v1/networks/isp/ranges/198.51.100.0%2F25";
    assert_eq!(as_isp(&server, &token, "PUT", outside, range).await.status, 422);
    assert_eq!(as_isp(&server, &token, "PUT", path, r#"{"smarthost":"not a host"}"#).await.status, 422);
    assert_eq!(as_isp(&server, &token, "PUT", path, r#"{"smarthost":"-x.com"}"#).await.status, 422);
    let plain = path.replace("%2F", "/");
    assert_ne!(plain, path);
    as_isp(&server, &token, "PUT", &plain, range).await.ok();

    let page = server.call_as(None, "GET", "/203.0.113.9", "").await;
    assert!(page.text().contains("smtp.example.org") && page.text().contains("&#60;b&#62;only"), "{}", page.text());
    assert!(!server.call_as(None, "GET", "/203.0.113.200", "").await.text().contains("smtp.example.org"));
    let found = server.call_as(None, "GET", "/api/v1/lookup/203.0.113.9", "").await.ok();
    assert_eq!(found["network"]["smarthost"], "smtp.example.org", "{found}");
    let public = server.call_as(None, "GET", "/api/v1/networks/isp", "").await.ok();
    assert!(public["contacts"].is_null() && public["ranges"][0]["prefix"] == "203.0.113.0/25", "{public}");
    let page = server.call_as(None, "GET", "/networks/isp", "").await;
    assert!(page.status == 200 && !page.text().contains("noc@") && page.text().contains("abuse@example.org"));

    let csv = as_isp(&server, &token, "GET", "/api/v1/networks/isp/listings?format=csv", "").await;
    assert!(csv.text().contains("dynamic,203.0.113.0/24,network.isp,false"), "{}", csv.text());
    assert_eq!(server.call_as(None, "GET", "/api/v1/networks/isp/listings", "").await.status, 401);
    assert_eq!(as_isp(&server, &token, "DELETE", path, "").await.status, 204);
    assert_eq!(as_isp(&server, &token, "DELETE", path, "").await.status, 404);
}

#[tokio::test]
async fn a_claim_names_its_records_and_is_nothing_until_an_operator_agrees() {
    let server = Server::start();
    let claim = json!({ "name": "claimed", "title": "C", "contacts": ["noc@example.net"],
        "prefixes": ["198.51.100.0/23"] });
    assert_eq!(server.call_as(None, "POST", "/api/v1/networks/claims", claim.to_string()).await.status, 422, "no pow");
    let made = server.call("POST", "/api/v1/networks/claims", claim.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let records = json!(["_dnsbld.100.51.198.in-addr.arpa.", "_dnsbld.101.51.198.in-addr.arpa."]);
    assert_eq!(made.json()["records"], records);
    assert!(made.json()["txt"].as_str().unwrap().starts_with("dnsbld="));
    assert_eq!(server.call_as(None, "GET", "/api/v1/networks/claimed", "").await.status, 404);
    assert_eq!(server.call_as(None, "GET", "/networks/claimed", "").await.status, 404);
    // Who claimed sees how it stands, and nobody else.
    let look = made.json()["look"].as_str().unwrap().to_owned();
    let told = server.call_as(None, "GET", &look, "").await.ok();
    assert_eq!((&told["prefixes"][0]["state"], &told["contacts"]), (&json!("claimed"), &json!(null)), "{told}");
    assert_eq!(server.call_as(None, "GET", "/api/v1/networks/claimed?claim=", "").await.status, 404);
    assert_eq!(server.call_as(None, "GET", "/api/v1/networks/claimed?claim=dnsbld=5f2c", "").await.status, 404);
    let approve = r#"{"approve":["198.51.100.0/23"]}"#;
    assert_eq!(server.call("PATCH", "/api/v1/networks/claimed", approve).await.status, 409, "not proven");
    let long = json!({ "name": "c2", "title": "C", "contacts": ["noc@example.net"], "prefixes": ["198.51.100.0/25"] });
    assert_eq!(server.call("POST", "/api/v1/networks/claims", long.to_string()).await.status, 422);
    let all = server.call("GET", "/api/v1/networks", "").await.ok();
    assert_eq!(all["networks"][0]["prefixes"][0]["state"], "claimed", "{all}");
    // What nobody proves is forgotten.
    server.pass(31 * 86_400);
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.call("GET", "/api/v1/networks", "").await.ok()["networks"], json!([]));
}

#[tokio::test]
async fn a_network_is_told_of_what_is_listed_inside_its_prefixes_by_whomever() {
    let server = Server::start();
    server.post("relay", &json!({"key": "203.0.113.66", "source": "tester"})).await.ok();
    let token = network(&server).await;
    server.desk.upkeep().await.unwrap();
    let hook = r#"{"webhook":"https://hooks.example.org/x"}"#;
    let changed = as_isp(&server, &token, "PATCH", "/api/v1/networks/isp", hook).await.ok();
    assert_eq!(changed["webhook"]["key"].as_str().unwrap().len(), 32);
    let again = as_isp(&server, &token, "GET", "/api/v1/networks/isp", "").await.ok();
    assert!(again["webhook"]["key"].is_null() && again["webhook"]["url"] == "https://hooks.example.org/x");
    assert!(server.desk.webhook_key("isp").is_some());
    let bad = r#"{"webhook":"https://127.0.0.1/x"}"#;
    assert_eq!(as_isp(&server, &token, "PATCH", "/api/v1/networks/isp", bad).await.status, 422);

    let report = |address: &str, id: u32| {
        json!({ "address": address, "kind": "trap", "seen": "2027-01-15T08:00:00Z", "id": id.to_string() }).to_string()
    };
    let body = [("203.0.113.9", 1), ("203.0.113.9", 2), ("198.18.0.1", 3), ("192.88.98.7", 4), ("192.88.98.7", 5)]
        .map(|(address, id)| report(address, id))
        .join("\n");
    server.call("POST", "/api/v1/reports", body).await.ok();
    server.desk.upkeep().await.unwrap();
    let due = server.desk.due_errands(None, 10).unwrap();
    let told: Vec<String> = due.iter().map(|due| format!("{:?}", due.errand.task)).collect();
    assert_eq!(told.len(), 2, "a call and a mail: {told:?}");
    assert!(told.iter().all(|one| one.contains("203.0.113.9") && !one.contains("192.88.98.7")), "{told:?}");
    server.pass(2);
    server.call("POST", "/api/v1/reports", report("203.0.113.9", 6)).await.ok();
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.desk.due_errands(None, 10).unwrap().len(), 2, "a renewal is no news");

    // An operator lists, a feed is imported, the network itself says something of its range.
    server.pass(60);
    server.post("relay", &json!({"key": "203.0.113.10", "source": "tester"})).await.ok();
    server.put("compromised", "feed", "203.0.113.11\n192.88.98.9\n!203.0.113.12\n").await.ok();
    as_isp(&server, &token, "PUT", SOURCE, "203.0.113.0/25\n").await.ok();
    server.desk.upkeep().await.unwrap();
    server.pass(60);
    server.post("relay", &json!({"key": "203.0.113.10", "source": "tester"})).await.ok();
    server.put("compromised", "feed", "203.0.113.11 again\n203.0.113.13\n").await.ok();
    server.desk.upkeep().await.unwrap();
    let due = server.desk.due_errands(None, 10).unwrap();
    let told: Vec<String> = due[2..].iter().map(|due| format!("{:?}", due.errand.task)).collect();
    assert_eq!(told.len(), 3, "calls, and no mail within the hour: {told:?}");
    // What was listed while there was no network is no news for the next.
    server.call("DELETE", "/api/v1/networks/isp", "").await;
    server.post("relay", &json!({"key": "203.0.113.99", "source": "tester"})).await.ok();
    server.desk.upkeep().await.unwrap();
    let token = network(&server).await;
    as_isp(&server, &token, "PATCH", "/api/v1/networks/isp", hook).await.ok();
    server.desk.upkeep().await.unwrap();
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.desk.due_errands(None, 10).unwrap().len(), 5);
    for (key, list) in [("203.0.113.11", "compromised"), ("203.0.113.10", "relay"), ("203.0.113.13", "compromised")] {
        let with_key = told.iter().filter(|one| one.contains(key) && one.contains(list));
        assert_eq!(with_key.count(), 1, "{key}: {told:?}");
    }
}

/// An import of more changes than the journal holds.
#[tokio::test]
async fn a_network_is_told_of_what_a_large_import_lists_inside_its_prefixes() {
    let server = Server::start();
    let token = network(&server).await;
    let hook = r#"{"webhook":"https://hooks.example.org/x"}"#;
    as_isp(&server, &token, "PATCH", "/api/v1/networks/isp", hook).await.ok();
    server.desk.upkeep().await.unwrap();
    let many: String =
        (0..crate::limits::JOURNAL_CHANGES_MAX).map(|n| format!("198.18.{}.{}\n", n / 256, n % 256)).collect();
    for (body, told) in [("203.0.113.11\n", 1), ("203.0.113.11\n203.0.113.12\n", 2), ("203.0.113.12\n", 2)] {
        server.put("compromised", "feed?force=true", &format!("{body}{many}")).await.ok();
        server.desk.upkeep().await.unwrap();
        let due = server.desk.due_errands(None, 10).unwrap();
        let calls = due.iter().filter(|due| format!("{:?}", due.errand.task).contains("Webhook")).count();
        assert_eq!(calls, told, "{due:?}");
        server.pass(60);
    }
}

pub(super) fn form(path: &str, cookie: Option<&str>, body: String) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("origin", "http://bl.test");
    let request = if let Some(cookie) = cookie { request.header("cookie", cookie) } else { request };
    request.body(body.into()).unwrap()
}

#[tokio::test]
async fn a_network_signs_in_with_its_token_and_says_something_of_a_range() {
    let server = Server::start();
    let token = network(&server).await;
    let wrong = server.from("127.0.0.1", form("/networks/isp/sign-in", None, "token=dnsbld_no".into())).await;
    assert!(wrong.status == 403 && wrong.headers.get("set-cookie").is_none());
    let signed = server.from("127.0.0.1", form("/networks/isp/sign-in", None, format!("token={token}"))).await;
    let set = signed.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && !set.contains(&token), "{set}");
    let cookie = set.split(';').next().unwrap();

    let manage =
        |cookie: &str| Request::get("/networks/isp/manage").header("cookie", cookie).body(Body::empty()).unwrap();
    let page = server.from("127.0.0.1", manage(cookie)).await;
    // It lasts from its last use, in the browser as here.
    assert_eq!(page.headers["set-cookie"].to_str().unwrap(), set);
    let word = page.text().split("name=\"word\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(!page.text().contains(&token));
    let said = |word: &str| format!("word={word}&prefix=203.0.113.0%2F24&text=All+of+them&smarthost=smtp.example.org");
    // Neither without the session's word nor from another site.
    server.from("127.0.0.1", form("/networks/isp/ranges", Some(cookie), said("x"))).await;
    let mut foreign = form("/networks/isp/ranges", Some(cookie), said(&word));
    foreign.headers_mut().insert("origin", "http://evil.test".parse().unwrap());
    let refused = server.from("127.0.0.1", foreign).await;
    assert!(refused.status == 403 && refused.text().contains("did not come from a page of this site"));
    assert!(refused.text().contains("<a href=\"/networks/isp/manage\">Open the form again"), "{}", refused.text());
    let torn = server.from("127.0.0.1", form("/networks/isp/decide", Some(cookie), "word".into())).await;
    assert!(torn.status == 400 && torn.text().contains("could not be read"), "{}", torn.text());
    let ranges = |found: Value| found["ranges"].as_array().unwrap().len();
    assert_eq!(ranges(server.call("GET", "/api/v1/networks/isp", "").await.ok()), 0);
    let saved = server.from("127.0.0.1", form("/networks/isp/ranges", Some(cookie), said(&word))).await;
    assert_eq!(saved.status, 303);
    assert_eq!(ranges(server.call("GET", "/api/v1/networks/isp", "").await.ok()), 1);

    // A revoked token ends the session.
    let tokens = server.call("GET", "/api/v1/tokens", "").await.ok();
    let id = tokens["tokens"][0]["id"].as_str().unwrap();
    server.call("DELETE", &format!("/api/v1/tokens/{id}"), "").await;
    assert!(!server.from("127.0.0.1", manage(cookie)).await.text().contains("name=\"word\""));
}

#[tokio::test]
async fn the_network_decides_on_requests_for_its_addresses() {
    let server = Server::start();
    let token = network(&server).await;
    as_isp(&server, &token, "PUT", SOURCE, "203.0.113.0/24\n").await.ok();
    let ask = r#"{"list":"dynamic","key":"203.0.113.25","note":"my server"}"#;
    let asked = server.call("POST", "/api/v1/removals", ask).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    assert_eq!(asked.json()["state"], "deciding", "{}", asked.text());
    let open = as_isp(&server, &token, "GET", "/api/v1/networks/isp/requests", "").await.ok();
    assert_eq!(open["requests"][0]["note"], "my server", "{open}");
    let path = format!("/api/v1/removals/{}/decision", asked.json()["id"].as_str().unwrap());
    let other = r#"{"name":"other","scopes":["network:other"]}"#;
    let other = server.call("POST", "/api/v1/tokens", other).await.ok()["token"].as_str().unwrap().to_owned();
    let yes = r#"{"accept":true,"why":"it is a static line"}"#;
    assert_eq!(as_isp(&server, &other, "POST", &path, yes).await.status, 403);
    assert_eq!(as_isp(&server, &token, "POST", &path, yes).await.ok()["state"], "granted");
    assert!(!listed(&server, "203.0.113.25").await && listed(&server, "203.0.113.26").await);
    // It stays exempt when the network imports its range anew.
    as_isp(&server, &token, "PUT", SOURCE, "203.0.113.0/24\n").await.ok();
    assert!(!listed(&server, "203.0.113.25").await);
}

#[tokio::test]
async fn a_network_finds_its_own_requests_and_those_that_wait_first() {
    let server = Server::start();
    network(&server).await;
    let other = r#"{"name":"isp2","title":"T","contacts":["noc@example.org"],"prefixes":["198.51.100.0/24"]}"#;
    assert_eq!(server.call("POST", "/api/v1/networks", other).await.status, 201);
    server.put("dynamic", "feed", "203.0.113.0/24\n198.51.100.0/24\n").await.ok();
    let mut asked = Vec::new();
    for key in ["203.0.113.1", "198.51.100.1", "203.0.113.2", "198.51.100.2", "203.0.113.3"] {
        let ask = json!({ "list": "dynamic", "key": key }).to_string();
        asked.push(server.call("POST", "/api/v1/removals", ask).await.ok()["id"].as_str().unwrap().to_owned());
    }
    let decide = async |id: &str, accept: bool| {
        let body = json!({ "accept": accept, "why": "" }).to_string();
        server.call("POST", &format!("/api/v1/removals/{id}/decision"), body).await.ok()
    };
    let sorted = |found: Vec<crate::cases::Request>| {
        let mut keys: Vec<String> = found.iter().map(|request| request.key.to_string()).collect();
        keys.sort();
        keys
    };
    let all = |name: &str| sorted(server.desk.requests_of(&name.parse().unwrap(), 10).unwrap());
    let waiting = |name: &str| sorted(server.desk.requests_waiting_for(&name.parse().unwrap(), 10).unwrap().0);
    assert_eq!((all("isp").len(), all("isp2").len(), waiting("isp").len()), (3, 2, 3));

    decide(&asked[0], true).await;
    decide(&asked[2], false).await;
    assert_eq!(all("isp"), ["203.0.113.1", "203.0.113.3"]);
    assert_eq!(waiting("isp"), ["203.0.113.3"]);
    assert_eq!(server.desk.requests_of(&"isp".parse().unwrap(), 1).unwrap()[0].key.as_ref(), "203.0.113.3");
    decide(&asked[0], false).await;
    assert_eq!(all("isp"), ["203.0.113.3"], "what was taken back is closed");

    // A store of before has no such rows: the next round gives them.
    let view = |from: &[u8], until: &[u8]| {
        let view = server.door.store().view();
        view.cases(CaseFamily::Request, from, until, 100).unwrap().into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    let rows = view(b"o", b"p");
    assert_eq!(rows.len(), 3);
    let gone = |key: &Vec<u8>| CaseRow { family: CaseFamily::Request, key: key.clone(), value: None };
    server.put_cases(rows.iter().map(gone).collect()).await;
    assert!(all("isp").is_empty() && all("isp2").is_empty());
    server.desk.upkeep().await.unwrap();
    assert_eq!(view(b"o", b"p"), rows);
}
