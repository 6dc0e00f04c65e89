//! The calls.

use super::Server;
use crate::{limits::EXPLAINED_ENTRIES_MAX, list::Time};
use axum::{body::Body, http::Request};
use flate2::{Compression, write::GzEncoder};
use futures_util::StreamExt;

use serde_json::{Value, json};
use std::io::{Read, Write};
use tower::ServiceExt;

#[tokio::test]
async fn a_look_up_tells_list_source_reason_and_what_dns_answers() {
    let server = Server::start();
    server.put("compromised", "trap", "198.51.100.7 connected to a trap").await.ok();
    server.put("dynamic", "isp", "198.51.100.0/24 customers").await.ok();
    let found = server.get("/api/v1/lookup/198.51.100.7").await.ok();
    assert_eq!((&found["listed"], &found["test_point"]), (&json!(true), &json!(false)), "{found}");
    let matches = found["matches"].as_array().unwrap();
    assert_eq!(matches.len(), 2, "{found}");
    let by = |list: &str| matches.iter().find(|one| one["list"] == list).unwrap();
    assert_eq!(
        (&by("compromised")["reason"], &by("compromised")["source"]),
        (&json!("connected to a trap"), &json!("trap"))
    );
    assert_eq!((&by("dynamic")["entry"], &by("dynamic")["code"]), (&json!("198.51.100.0/24"), &json!("127.0.0.10")));
    assert_eq!(by("dynamic")["text"], "198.51.100.7 is in dynamic; see http://bl.test/198.51.100.7");
    assert!(by("dynamic")["expires"].is_null() && by("compromised")["expires"].is_string());
    assert_eq!(found["zones"], json!([{"origin": "bl.test", "answers": ["127.0.0.4", "127.0.0.10"]}]));
    for same in
        ["/api/v1/lookup/::ffff:198.51.100.7", "/api/v1/lookup/2002:c633:6407::1", "/api/v1/lookup/198.51.100.7%2F32"]
    {
        assert_eq!(server.get(same).await.ok()["key"], "198.51.100.7", "{same}");
    }
}

#[tokio::test]
async fn an_exclusion_and_the_list_never_say_so() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24\n!198.51.100.25 a mail server").await.ok();
    let found = server.get("/api/v1/lookup/198.51.100.25").await.ok();
    assert_eq!(
        (&found["listed"], &found["excluded_by"][0]["reason"]),
        (&json!(false), &json!("a mail server")),
        "{found}"
    );
    server
        .call(
            "POST",
            "/api/v1/lists/dynamic/entries?force=true",
            json!({"key": "10.0.0.0/16", "source": "operator"}).to_string(),
        )
        .await
        .ok();
    let found = server.get("/api/v1/lookup/10.0.0.1").await.ok();
    assert_eq!((&found["listed"], &found["excluded_by"][0]["list"]), (&json!(false), &json!("never")), "{found}");
    let test = server.get("/api/v1/lookup/127.0.0.2").await.ok();
    assert_eq!((&test["listed"], &test["test_point"]), (&json!(true), &json!(true)), "{test}");
    assert_eq!(server.get("/api/v1/lookup/127.0.0.1").await.ok()["listed"], false);
}

#[tokio::test]
async fn names_and_hashes_are_looked_up_too() {
    let server = Server::start();
    server.put("bad-names", "feed", "example.org\n=only.example.net\n*.below.example.net").await.ok();
    let listed = async |key: &str| server.get(&format!("/api/v1/lookup/{key}")).await.ok()["listed"] == true;
    for (key, expected) in [
        ("example.org", true),
        ("www.EXAMPLE.org.", true),
        ("only.example.net", true),
        ("www.only.example.net", false),
        ("below.example.net", false),
        ("www.below.example.net", true),
        ("example.com", false),
    ] {
        assert_eq!(listed(key).await, expected, "{key}");
    }
    server.put("bad-mail", "feed", "someone@example.org bad").await.ok();
    let entries = server.call("GET", "/api/v1/lists/bad-mail/entries", "").await.ok();
    let hash = entries["entries"][0]["key"].as_str().unwrap().to_owned();
    assert!(listed(&hash).await && !hash.contains('@'));
    assert_eq!(server.get("/api/v1/lookup/someone@example.org").await.status, 400);
}

#[tokio::test]
async fn a_range_is_refused_and_the_refusal_names_the_call_for_ranges() {
    let server = Server::start();
    for path in ["/api/v1/lookup/198.51.100.0%2F24", "/api/v1/lookup/198.51.100.0/24", "/api/v1/lookup/198.51.100.9/24"]
    {
        let reply = server.get(path).await;
        assert_eq!((reply.status, reply.kind()), (400, "application/problem+json"), "{path}");
        assert!(
            reply.json()["detail"].as_str().unwrap().contains("entries?within=198.51.100.0/24"),
            "{}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn what_goes_wrong_is_problem_json_with_the_headers_of_every_answer() {
    let server = Server::start();
    let table: &[(&str, &str, &str, u16)] = &[
        ("GET", "/api", "", 404),
        ("GET", "/api/v1/nothing", "", 404),
        ("DELETE", "/api/v1/lookup/192.0.2.1", "", 405),
        ("GET", "/api/v1/lists/none", "", 404),
        ("GET", "/api/v1/lists/UPPER", "", 400),
        ("GET", "/api/v1/lists/%FF", "", 400),
        ("GET", "/api/v1/lists/dynamic/sources/none", "", 404),
        ("GET", "/api/v1/lists/dynamic/entries?limit=x", "", 400),
        ("GET", "/api/v1/lists/dynamic/entries?within=nonsense", "", 400),
        ("GET", "/api/v1/zones/none.test/export", "", 404),
        ("GET", "/api/v1/lists/dynamic/export?format=pdf", "", 400),
        ("GET", "/api/v1/lists/bad-mail/export?format=rpz", "", 422),
        ("GET", "/api/v1/changes?since=99999", "", 410),
        ("GET", "/api/v1/changes?since=abc:1", "", 410),
        ("PUT", "/api/v1/lists/dynamic/sources/isp?format=pdf", "", 400),
        ("PUT", "/api/v1/lists/dynamic/sources/isp?force=maybe", "", 400),
        ("PUT", "/api/v1/lists/none/sources/isp", "", 404),
        ("POST", "/api/v1/lists/dynamic/entries", "", 422),
        ("POST", "/api/v1/lists/dynamic/entries", "{\"key\": \"192.0.2.1\"}", 422),
        ("POST", "/api/v1/lists/dynamic/entries", "{", 422),
        ("POST", "/api/v1/tokens", "{", 400),
        ("POST", "/api/v1/tokens", "{\"name\": \"a b\", \"scopes\": [\"read\"]}", 422),
        ("POST", "/api/v1/tokens", "{\"name\": \"a\", \"scopes\": [\"write:x\"]}", 422),
        ("POST", "/api/v1/tokens", "{\"name\": \"a\", \"scopes\": [\"read\"], \"expires\": \"2001-01-01\"}", 422),
        ("DELETE", "/api/v1/tokens/none", "", 404),
        ("DELETE", "/api/v1/lists/dynamic", "", 409),
        ("DELETE", "/api/v1/lists/dynamic/entries?key=a@b.example&source=x", "", 400),
    ];
    for (method, path, body, status) in table {
        let reply = server.call(method, path, *body).await;
        assert_eq!(
            (reply.status, reply.kind()),
            (*status, "application/problem+json"),
            "{method} {path}: {}",
            reply.text()
        );
        assert_eq!(reply.json()["status"], *status);
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        assert!(reply.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    }
    let refused = server.call("DELETE", "/api/v1/lookup/192.0.2.1", "").await;
    assert!(refused.headers["allow"].to_str().unwrap().contains("GET"));
}

#[tokio::test]
async fn who_may_not_is_refused() {
    let server = Server::start();
    let feed = server.token(&["write:compromised/feed"]).await;
    let hole = server.token(&["exclude:compromised/feed"]).await;
    let reader = server.token(&["read"]).await;
    let path = "/api/v1/lists/compromised/sources/feed";
    let table: &[(&str, &str, &str, &str, u16)] = &[
        (&feed, "PUT", path, "198.51.100.1", 200),
        (&feed, "PUT", path, "!198.51.100.1", 403),
        (&feed, "PUT", "/api/v1/lists/compromised/sources/feed?force=true", "198.51.100.1", 403),
        (&feed, "PUT", "/api/v1/lists/compromised/sources/other", "198.51.100.1", 403),
        (&feed, "PUT", "/api/v1/lists/dynamic/sources/feed", "198.51.100.1", 403),
        (&feed, "GET", "/api/v1/lists/compromised/entries?source=feed", "", 200),
        (&feed, "GET", "/api/v1/lists/compromised/entries", "", 403),
        (&feed, "GET", path, "", 200),
        (&feed, "GET", "/api/v1/status", "", 200),
        (&feed, "GET", "/api/v1/tokens", "", 403),
        (&feed, "POST", "/api/v1/lists/compromised/entries", "{\"key\": \"198.51.100.2\", \"source\": \"feed\"}", 200),
        (
            &feed,
            "POST",
            "/api/v1/lists/compromised/entries",
            "{\"key\": \"198.51.100.2\", \"source\": \"feed\", \"exclude\": true}",
            403,
        ),
        (&feed, "POST", "/api/v1/lists/compromised/entries", "{\"key\": \"198.51.100.2\", \"source\": \"other\"}", 403),
        (&hole, "PUT", path, "!198.51.100.1", 200),
        (&reader, "PUT", path, "198.51.100.1", 403),
        (&reader, "GET", "/api/v1/lists/compromised/entries", "", 200),
        (&reader, "GET", "/api/v1/lists/compromised/export", "", 200),
        (&reader, "GET", "/api/v1/backup", "", 403),
        ("nonsense", "GET", "/api/v1/lists", "", 401),
    ];
    for (token, method, path, body, status) in table {
        let reply = server.call_as(Some(token), method, path, *body).await;
        assert_eq!(reply.status, *status, "{method} {path} {body}: {}", reply.text());
    }
    assert_eq!(server.call_as(None, "GET", "/api/v1/status", "").await.status, 401);
    for source in ["removal", "retest", "report", "config", "network.x"] {
        assert_eq!(server.put("compromised", source, "198.51.100.1").await.status, 403, "{source}");
    }
}

#[tokio::test]
async fn a_token_in_clear_from_elsewhere_is_refused() {
    let server = Server::start();
    let request = || {
        let request =
            Request::builder().uri("/api/v1/status").header("authorization", format!("Bearer {}", server.admin));
        request.body(Body::empty()).unwrap()
    };
    assert_eq!(server.from("127.0.0.1", request()).await.status, 200);
    let refused = server.from("203.0.113.9", request()).await;
    assert_eq!(refused.status, 403);
    assert!(!refused.text().contains(&server.admin));
    server.settings.send_modify(|settings| std::sync::Arc::make_mut(settings).plain_tokens = true);
    assert_eq!(server.from("203.0.113.9", request()).await.status, 200);
}

#[tokio::test]
async fn a_token_is_made_used_and_revoked() {
    let server = Server::start();
    let made = server
        .call("POST", "/api/v1/tokens", json!({"name": "feed", "scopes": ["read"], "expires": "90d"}).to_string())
        .await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let token = made["token"].as_str().unwrap();
    assert_eq!(server.call_as(Some(token), "GET", "/api/v1/status", "").await.status, 200);
    let shown = server.call("GET", "/api/v1/tokens", "").await;
    assert!(shown.text().contains("feed") && !shown.text().contains(token));
    let revoked = server.call("DELETE", &format!("/api/v1/tokens/{}", made["id"].as_str().unwrap()), "").await;
    assert_eq!(revoked.status, 204);
    assert_eq!(server.call_as(Some(token), "GET", "/api/v1/status", "").await.status, 401);
    let useless = json!({"name": "feed", "scopes": ["write:never/feed"]}).to_string();
    let refused = server.call("POST", "/api/v1/tokens", useless).await;
    assert_eq!((refused.status, refused.text().contains("for admins")), (422, true), "{}", refused.text());
}

#[tokio::test]
async fn a_wrong_line_changes_nothing_and_is_shown_with_its_place() {
    let server = Server::start();
    let reply = server.put("dynamic", "isp", "203.0.113.0/24\n  203.0.113.1/24\n").await;
    assert_eq!(reply.status, 422);
    let answer = reply.json();
    assert_eq!((&answer["rejected"][0]["line"], &answer["rejected"][0]["column"]), (&json!(2), &json!(3)), "{answer}");
    assert_eq!(server.get("/api/v1/lookup/203.0.113.1").await.ok()["listed"], false);
    let path = "/api/v1/lists/dynamic/sources/isp?skip_invalid=true";
    let skipped = server.call("PUT", path, "203.0.113.0/24\nnonsense..\n").await.ok();
    assert_eq!((&skipped["added"], &skipped["rejected_count"]), (&json!(1), &json!(1)), "{skipped}");
    let stopped = server.put("dynamic", "isp", "0.0.0.0/2").await;
    assert_eq!(stopped.status, 409);
    assert!(stopped.json()["guard"].is_string() && stopped.text().contains("force"), "{}", stopped.text());
}

#[tokio::test]
async fn a_packed_body_is_as_good_as_a_plain_one_and_a_cut_one_changes_nothing() {
    let server = Server::start();
    let lines: Vec<_> = (0..5_000u32).map(|n| format!("60.0.{}.{}\n", n >> 8, n & 255)).collect();
    let body = lines.concat();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let put = async |octets: Vec<u8>, encoding: &str| {
        let request = Request::builder()
            .method("PUT")
            .uri("/api/v1/lists/compromised/sources/feed")
            .header("authorization", format!("Bearer {}", server.admin))
            .header("content-encoding", encoding);
        server.from("127.0.0.1", request.body(octets.into()).unwrap()).await
    };
    assert_eq!(put(packed[..packed.len() / 2].to_vec(), "gzip").await.status, 400);
    assert_eq!(put(packed.clone(), "br").await.status, 415);
    assert_eq!(server.call("GET", "/api/v1/lists/compromised/entries", "").await.ok()["entries"], json!([]));
    assert_eq!(put(packed, "gzip").await.ok()["added"], 5_000);
    let source = server.call("GET", "/api/v1/lists/compromised/sources/feed", "").await.ok();
    let hash = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(body));
    assert_eq!((&source["keys"], &source["sha256"]), (&json!(5_000), &json!(hash)), "{source}");
}

#[tokio::test]
async fn several_sources_in_one_post_are_refused() {
    let server = Server::start();
    let path = "/api/v1/lists/dynamic/entries";
    let lines = "{\"key\": \"192.0.2.1\", \"source\": \"a\"}\n{\"key\": \"192.0.2.2\", \"source\": \"b\"}\n";
    assert_eq!(server.call("POST", path, lines).await.status, 422);
    let lines = lines.replace("\"b\"", "\"a\"");
    assert_eq!(server.call("POST", path, lines).await.ok()["added"], 2);
    let pretty = "{\n  \"key\": \"192.0.2.3\",\n  \"source\": \"a\",\n  \"evidence\": {\"public\": \"seen\", \"private\": \"hidden\"}\n}\n";
    assert_eq!(server.call("POST", path, pretty).await.ok()["added"], 1);
    let reader = server.token(&["read"]).await;
    let page = "/api/v1/lists/dynamic/entries?within=192.0.2.3";
    assert_eq!(server.call("GET", page, "").await.ok()["entries"][0]["evidence"]["private"], "hidden");
    assert!(!server.call_as(Some(&reader), "GET", page, "").await.text().contains("hidden"));
    assert!(!server.get("/api/v1/lookup/192.0.2.3").await.text().contains("hidden"));
}

#[tokio::test]
async fn entries_are_read_a_page_at_a_time_and_removed() {
    let server = Server::start();
    server.put("compromised", "one", "198.51.100.1\n198.51.100.2\n198.51.100.3\n203.0.113.1").await.ok();
    server.put("compromised", "two", "198.51.100.2").await.ok();
    for query in ["within=198.51.100.0/24&limit=1", "within=198.51.100.0/24&limit=2", "source=one&limit=1", "limit=3"] {
        let (mut keys, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/lists/compromised/entries?{query}{after}");
            let page = server.call("GET", &path, "").await.ok();
            keys.extend(
                page["entries"].as_array().unwrap().iter().map(|one| format!("{}/{}", one["key"], one["source"])),
            );
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let expected = if query.starts_with("limit") { 5 } else { 4 };
        keys.sort();
        let count = keys.len();
        keys.dedup();
        assert_eq!((keys.len(), count), (expected, expected), "{query}: {keys:?}");
    }
    let path = "/api/v1/lists/compromised/entries?key=198.51.100.2&source=one";
    assert_eq!(server.call("DELETE", path, "").await.ok()["removed"], 1);
    let again = server.call("DELETE", path, "").await.ok();
    assert_eq!((&again["removed"], &again["still_listed_by"][0]["source"]), (&json!(0), &json!("two")), "{again}");
}

/// What an admin excluded is not for everybody who writes the source to exclude again.
#[tokio::test]
async fn an_undo_brings_exclusions_back_only_for_who_may_exclude() {
    let server = Server::start();
    server.put("compromised", "feed", "!198.51.100.9").await.ok();
    server.put("compromised", "trap", "198.51.100.0/24").await.ok();
    server.put("compromised", "feed", "203.0.113.9").await.ok();
    let undo = "/api/v1/lists/compromised/sources/feed/undo";
    let token = server.token(&["write:compromised/feed"]).await;
    assert_eq!(server.call_as(Some(&token), "POST", undo, "").await.status, 403);
    let listed = async || server.get("/api/v1/lookup/198.51.100.9").await.ok()["listed"].clone();
    assert_eq!(listed().await, true);
    let token = server.token(&["exclude:compromised/feed"]).await;
    server.call_as(Some(&token), "POST", undo, "").await.ok();
    assert_eq!(listed().await, false);
}

#[tokio::test]
async fn a_source_is_undone_and_purged() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
    server.put("dynamic", "isp", "203.0.113.0/24").await.ok();
    let listed = async |key: &str| server.get(&format!("/api/v1/lookup/{key}")).await.ok()["listed"] == true;
    server.call("POST", "/api/v1/lists/dynamic/sources/isp/undo", "").await.ok();
    assert!(listed("198.51.100.1").await && !listed("203.0.113.1").await);
    assert_eq!(server.call("POST", "/api/v1/lists/dynamic/sources/isp/undo", "").await.status, 409);
    server.call("DELETE", "/api/v1/lists/dynamic/sources/isp", "").await.ok();
    assert!(!listed("198.51.100.1").await);
    let history = server.get("/api/v1/history/198.51.100.1").await.ok();
    assert!(history["stays"].as_array().unwrap().iter().any(|stay| stay["list"] == "dynamic"), "{history}");
    assert_eq!(server.get("/api/v1/history/198.51.100.0/24").await.status, 200);
}

/// A name server inside the zone had no address in the file, and BIND loads no such zone.
#[tokio::test]
async fn the_master_file_of_a_zone_has_what_stands_at_its_origin_and_its_glue() {
    let server = Server::start();
    let mut configuration = super::configuration();
    let zone = &mut configuration.zones[0];
    (zone.text, zone.a) = (Some("a \"list\"".repeat(40)), vec!["192.0.2.1".parse().unwrap()]);
    zone.glue =
        vec![("ns1.bl.test".parse().unwrap(), vec!["192.0.2.53".parse().unwrap(), "2001:db8::53".parse().unwrap()])];
    zone.closing = Some(Time::from_seconds(1_900_000_000));
    server.door.configure(configuration).await.unwrap();
    let file = server.call("GET", "/api/v1/zones/bl.test/export?format=bind", "").await;
    let has = |line: &str| file.text().lines().any(|one| one.starts_with(line));
    for line in [
        "bl.test. A 192.0.2.1",
        "ns1.bl.test. A 192.0.2.53",
        "ns1.bl.test. AAAA 2001:db8::53",
        "@ TXT \"a \\\"list\\\"a",
        "@ TXT \"bl.test will be closed on 2030-03-17",
    ] {
        assert!(has(line), "{line} in {}", file.text());
    }
}

/// Further name servers are fed by exports: they went on listing what this one no longer did.
#[tokio::test]
async fn the_exports_of_a_closed_zone_list_nothing() {
    let server = Server::start();
    server.put("dynamic", "isp", "192.0.2.0/24").await.ok();
    let export = async |format: &str| {
        let reply = server.call("GET", &format!("/api/v1/zones/bl.test/export?format={format}"), "").await;
        (reply.status, reply.text().to_owned())
    };
    assert!(export("rbldnsd").await.1.contains("192.0.2.0/24"));
    let mut configuration = super::configuration();
    configuration.zones[0].closing = Some(Time::from_seconds(1_700_000_000));
    server.door.configure(configuration).await.unwrap();
    for format in ["rbldnsd", "rpz", "bind"] {
        let (status, text) = export(format).await;
        assert_eq!(status, 200, "{text}");
        assert!(!text.contains("127.0.0.") && !text.contains("192.0.2") && !text.contains("2.0.192"), "{text}");
        assert!(text.contains("604800\n") && !text.contains(" 60\n"), "its SOA holds for seven days: {text}");
    }
    assert!(export("text").await.1.contains("192.0.2.0/24"), "what the entries are is still told");
}

/// A list alone, loaded into rbldnsd, listed what `never` takes off it here.
#[tokio::test]
async fn the_files_of_dns_of_one_list_have_the_holes_of_never() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
    server.post("never", &json!({"key": "198.51.100.7", "source": "operator"})).await.ok();
    let export = async |format: &str| {
        server.call("GET", &format!("/api/v1/lists/dynamic/export?format={format}"), "").await.text().to_owned()
    };
    assert!(export("rbldnsd").await.lines().any(|line| line == "!198.51.100.7"));
    assert!(export("rpz").await.contains("32.7.100.51.198.rpz-ip"));
    assert!(!export("text").await.contains("198.51.100.7"), "which says what the entries are");
}

#[tokio::test]
async fn exports_and_changes_tell_what_was_written() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24\n!198.51.100.25").await.ok();
    let export = server.call("GET", "/api/v1/lists/dynamic/export", "").await;
    assert!(export.text().lines().any(|line| line.starts_with("!198.51.100.25")), "{}", export.text());
    let serial = export.headers["dnsbld-serial"].to_str().unwrap().to_owned();
    for format in ["csv", "ndjson", "rbldnsd", "bind"] {
        let path = format!("/api/v1/zones/bl.test/export?format={format}");
        let export = server.call("GET", &path, "").await;
        assert!(
            export.status == 200 && export.text().contains("198.51.100") || format == "bind",
            "{format}: {}",
            export.text()
        );
    }
    let changes = server.call("GET", "/api/v1/changes?since=0", "").await;
    let commits: Vec<Value> = changes.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = commits.last().unwrap();
    assert_eq!(
        (last["serial"].to_string(), &last["act"], &last["added"]),
        (serial, &json!("replace"), &json!(2)),
        "{last}"
    );
    assert_eq!(
        commits.iter().map(|commit| commit["serial"].as_u64().unwrap()).collect::<Vec<_>>(),
        (1..=commits.len() as u64).collect::<Vec<_>>()
    );
    assert_eq!(server.call("GET", "/api/v1/changes?since=0&limit=1", "").await.text().lines().count(), 1);
}

#[tokio::test]
async fn a_follower_hears_of_the_next_commit() {
    let server = Server::start();
    let since = server.put("dynamic", "isp", "198.51.100.0/24").await.ok()["serial"].as_u64().unwrap();
    let mut request = Request::builder()
        .uri(format!("/api/v1/changes?since={since}"))
        .header("accept", "text/event-stream")
        .header("authorization", format!("Bearer {}", server.admin))
        .body(Body::empty())
        .unwrap();
    let peer = super::Peer { address: ([127, 0, 0, 1], 1).into(), door: super::Door::Public };
    request.extensions_mut().insert(peer);
    let response = server.router.clone().oneshot(request).await.unwrap();
    let mut events = response.into_body().into_data_stream();
    server.post("dynamic", &json!({"key": "203.0.113.1", "source": "feed"})).await.ok();
    let event = events.next().await.unwrap().unwrap();
    let event = std::str::from_utf8(&event).unwrap();
    assert!(
        event.contains("event: commit") && event.contains("203.0.113.1") && event.contains(&format!(":{}", since + 1)),
        "{event}"
    );
    server.stop.cancel();
    assert!(events.next().await.is_none(), "a follower is let go when the server stops");
}

#[tokio::test]
async fn a_backup_is_an_archive_of_a_data_directory() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
    let reply = server.call("GET", "/api/v1/backup", "").await;
    assert_eq!((reply.status, reply.kind()), (200, "application/x-tar"));
    let mut archive = tar::Archive::new(&*reply.octets);
    let mut current = String::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path().unwrap().ends_with("rocksdb/CURRENT") {
            entry.read_to_string(&mut current).unwrap();
        }
    }
    assert!(current.starts_with("MANIFEST"), "{current}");
    assert_eq!(server.call("GET", "/api/v1/backup", "").await.status, 200, "a second one, after the first");
}

#[tokio::test]
async fn a_client_without_a_token_has_so_many_look_ups_a_minute() {
    let server = Server::start();
    let ask = async |peer: &str, path: &str| {
        server.from(peer, Request::builder().uri(path).body(Body::empty()).unwrap()).await
    };
    for n in 0..60 {
        let path = ["/api/v1/lookup/192.0.2.1", "/192.0.2.1", "/", "/api/v1/history/192.0.2.1"][n % 4];
        assert_eq!(ask("2001:db8::1", path).await.status, 200);
    }
    let refused = ask("2001:db8::ffff", "/api/v1/lookup/192.0.2.1").await;
    assert_eq!((refused.status, refused.kind()), (429, "application/problem+json"));
    assert!(refused.headers.contains_key("retry-after"));
    let page = ask("2001:db8::1", "/192.0.2.1").await;
    assert_eq!((page.status, page.kind()), (429, "text/html; charset=utf-8"));
    assert!(page.headers.contains_key("retry-after"));
    assert_eq!(ask("2001:db8:0:1::1", "/192.0.2.1").await.status, 200, "another /64");
    let body = Request::builder().uri("/api/v1/lookup/192.0.2.1").body(Body::empty()).unwrap();
    assert_eq!(server.from("192.0.2.9", body).await.status, 200);
}

#[tokio::test]
async fn health_and_status_say_how_it_stands() {
    let server = Server::start();
    let serial = server.put("dynamic", "isp", "198.51.100.0/24").await.ok()["serial"].clone();
    assert_eq!(server.get("/health").await.ok()["status"], "ok");
    assert_eq!(server.get("/health/live").await.status, 200);
    let status = server.call("GET", "/api/v1/status", "").await.ok();
    assert_eq!((&status["stored_serial"], &status["served_serial"]), (&serial, &serial), "{status}");
    assert!(status["lists"].as_array().unwrap().iter().any(|list| list["name"] == "dynamic" && list["entries"] == 1));
    assert_eq!(server.get("/metrics").await.status, 200);
    let elsewhere = Request::builder().uri("/metrics").body(Body::empty()).unwrap();
    assert_eq!(server.from("203.0.113.9", elsewhere).await.status, 403);
    assert_eq!(server.call("POST", "/api/v1/expiry/resume", "").await.status, 204);
}

#[tokio::test]
async fn a_body_that_is_larger_than_a_post_may_be_is_413() {
    let server = Server::start();
    let large = vec![b' '; crate::limits::JSON_OCTETS_MAX + 1];
    assert_eq!(server.call("POST", "/api/v1/tokens", large).await.status, 413);
}

/// The exclusion was the 65th entry at its key: DNS said no, the page said listed.
#[tokio::test]
async fn an_exclusion_behind_many_sources_is_still_told() {
    let server = Server::start();
    for source in 0..EXPLAINED_ENTRIES_MAX {
        server.post("dynamic", &json!({ "key": "198.51.100.9", "source": format!("feed-{source:03}") })).await.ok();
    }
    server.post("dynamic", &json!({ "key": "198.51.100.9", "source": "z", "exclude": true })).await.ok();
    let found = server.get("/api/v1/lookup/198.51.100.9").await.ok();
    assert_eq!(
        (found["listed"].as_bool(), found["excluded_by"][0]["source"].as_str()),
        (Some(false), Some("z")),
        "{found}"
    );
}

/// `?dry-run=true` in place of `dry_run` was passed over, and the import was in force.
#[tokio::test]
async fn a_parameter_that_a_call_does_not_know_is_refused() {
    let server = Server::start();
    for path in [
        "/api/v1/lists/dynamic/sources/isp?dry-run=true",
        "/api/v1/lists/dynamic/sources/isp?skip-invalid=true",
        "/api/v1/lists/dynamic/sources/isp?nope",
    ] {
        let reply = server.call("PUT", path, "203.0.113.0/24\n").await;
        assert_eq!((reply.status, reply.kind()), (400, "application/problem+json"), "{path}: {}", reply.text());
    }
    for path in [
        "/api/v1/lists/dynamic/entries?sources=isp",
        "/api/v1/lists/dynamic/export?formt=csv",
        "/api/v1/changes?after=1",
    ] {
        assert_eq!(server.call("GET", path, "").await.status, 400, "{path}");
    }
    assert_eq!(server.get("/api/v1/lookup/203.0.113.1").await.ok()["listed"], false);
}

#[tokio::test]
async fn a_token_for_two_networks_or_two_reporters_is_refused() {
    let server = Server::start();
    for scopes in [["network:a", "network:b"], ["report:a", "report:b"]] {
        let body = json!({ "name": "two", "scopes": scopes }).to_string();
        assert_eq!(server.call("POST", "/api/v1/tokens", body).await.status, 422, "{scopes:?}");
    }
    server.token(&["network:a", "report:a", "read"]).await;
}
