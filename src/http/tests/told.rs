//! What the pages said and was not so: of removals, exemptions, stays, and what others wrote.

use super::{Server, configuration, networks, removal_pages::hidden, retests};
use crate::{
    cases::retest::{Observed, Reach, Step, Verdict},
    change::CaseRow,
    list::{ListSettings, ProofKind, Removal, RemovalRule},
    store::CaseFamily,
};
use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use std::{collections::HashSet, sync::Arc};

impl Server {
    /// The page at a path, in readable form.
    async fn page(&self, path: &str) -> String {
        let reply = self.get(path).await;
        assert_eq!(reply.kind(), "text/html; charset=utf-8", "{path}");
        reply.text().replace("&#38;", "&").replace("&#39;", "'")
    }

    /// The configuration, with another rule for one list.
    async fn with_rule(&self, list: &str, rule: RemovalRule) {
        let mut configuration = configuration();
        for settings in configuration.lists.iter_mut().filter(|settings| settings.name.as_str() == list) {
            let removal = Removal { rule, proofs: ProofKind::fitting(settings.kind), ..settings.removal.clone() };
            *settings = Arc::new(ListSettings { removal, ..(**settings).clone() });
        }
        self.door.configure(configuration).await.unwrap();
    }

    /// Asks by the call, as an admin; gives the path of the request's page.
    async fn asked(&self, list: &str, key: &str) -> String {
        let body = json!({"list": list, "key": key, "repaired_at": "2027-01-15T08:00:00Z"}).to_string();
        let made = self.call("POST", "/api/v1/removals", body).await.ok();
        format!("/removals/{}", made["id"].as_str().unwrap())
    }

    async fn decide_on(&self, request: &str, accept: bool, why: &str) {
        let decision = json!({"accept": accept, "why": why}).to_string();
        self.call("POST", &format!("/api/v1{request}/decision"), decision).await.ok();
    }
}

/// Each line break became U+FFFD, and the form of a network put the damage into the store at its next use.
#[tokio::test]
async fn line_breaks_of_others_are_shown_and_come_back_from_the_field() {
    let server = Server::start();
    let evidence = json!({"public": "Received: a\r\n\tby b"});
    server.post("compromised", &json!({"key": "198.51.100.7", "source": "trap", "evidence": evidence})).await.ok();
    assert!(server.page("/198.51.100.7").await.contains(">Received: a\n by b</dd>"));

    let token = networks::network(&server).await;
    let signed = networks::form("/networks/isp/sign-in", None, format!("token={token}"));
    let signed = server.from("127.0.0.1", signed).await;
    let cookie = signed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let desk = || {
        let request = Request::get("/networks/isp/manage").header("cookie", &cookie).body(Body::empty()).unwrap();
        server.from("127.0.0.1", request)
    };
    let word = hidden(desk().await.text(), "word");
    let mut written = "Use our server.%0D%0A%0D%0ACall us".to_owned();
    for _ in 0..2 {
        let fields = format!("word={word}&prefix=203.0.113.0%2F24&text={written}");
        let saved = server.from("127.0.0.1", networks::form("/networks/isp/ranges", Some(&cookie), fields)).await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        let desk = desk().await;
        let field = desk.text().split("name=\"text\" maxlength=\"1000\">\n").nth(1).unwrap().split('<').next().unwrap();
        assert_eq!(field, "Use our server.\n\nCall us", "{}", desk.text());
        written = field.replace('\n', "%0D%0A");
    }
    assert!(server.page("/networks/isp").await.contains("<p class=\"foreign\">Use our server.\n\nCall us</p>"));
    let style = server.get("/style.css").await;
    assert!(style.text().contains(".foreign { unicode-bidi: isolate; white-space: pre-line; }"));

    server.put("bad-names", "feed", "example.org").await.ok();
    let request = server.asked("bad-names", "example.org").await;
    server.decide_on(&request, false, "first\nsecond").await;
    assert!(server.page(&request).await.contains("<p class=\"foreign\">first\nsecond</p>"));
}

/// "Removed after a test finds it clean" was said of a list of compromised machines, which nobody tests.
#[tokio::test]
async fn a_list_that_goes_by_the_repair_says_so_on_its_page_its_form_and_its_requests() {
    let server = Server::start();
    server.with_rule("compromised", RemovalRule::Retest).await;
    server.listed("198.51.100.7", "trap").await;
    let request = server.asked("compromised", "198.51.100.7").await;
    for path in ["/lists/compromised", "/removals/new?list=compromised&key=198.51.100.7", &request] {
        let page = server.page(path).await;
        assert!(
            page.contains("if nothing new has been reported since that day") && !page.contains("after a test"),
            "{page}"
        );
    }
}

/// "The network decides" stood on the form where the network leaves it to its customers.
#[tokio::test]
async fn the_form_says_what_happens_for_the_address_that_it_is_opened_for() {
    let server = Server::start();
    networks::network(&server).await;
    server.with_rule("dynamic", RemovalRule::Owner).await;
    server.put("dynamic", "feed", "203.0.113.0/24\n198.51.100.0/24").await.ok();
    let form = async |key: &str| server.page(&format!("/removals/new?list=dynamic&key={key}")).await;
    assert!(
        form("203.0.113.9").await.contains("203.0.113.9 belongs to the network Example Networks: that network decides")
    );
    assert!(form("198.51.100.9").await.contains("for whoever shows that the address is theirs"));
    let range = r#"{"self_removal":true}"#;
    server.call("PUT", "/api/v1/networks/isp/ranges/203.0.113.0/25", range).await.ok();
    for (key, leaves) in [("203.0.113.9", true), ("203.0.113.200", false)] {
        let page = form(key).await;
        assert_eq!(page.contains("Example Networks, which leaves this to its customers"), leaves, "{page}");
        assert!(page.contains("it is checked first that a mail server stands there"), "{page}");
    }
    let request = server.page(&server.asked("dynamic", "203.0.113.9").await).await;
    assert!(request.contains("as soon as the check is passed") && request.contains("Before that it is checked"));
}

/// An operator decided in spite of the list's rule, and nothing said why; and "whoever asks gets it removed, at once" stood
/// below "Refused".
#[tokio::test]
async fn a_request_says_why_an_operator_decides_and_by_what_it_goes_only_while_it_goes() {
    let server = Server::start();
    server.listed("198.51.100.0/24", "trap").await;
    let because = "because the entry is wider than one address";
    let form = server.page("/removals/new?list=compromised&key=198.51.100.7").await;
    assert!(form.contains(&format!(
        "198.51.100.7 lies in the entry 198.51.100.0/24: an operator of this list decides, {because}"
    )));
    let request = server.asked("compromised", "198.51.100.7").await;
    assert!(server.page(&request).await.contains(because));
    server.decide_on(&request, false, "").await;
    let refused = server.page(&request).await;
    assert!(refused.contains(">Refused<") && !refused.contains(because) && !refused.contains("at once"), "{refused}");
    // Whether it is listed is not known by the request.
    assert!(!refused.contains("It stays listed") && refused.contains("took nothing off the list"), "{refused}");
    server.listed("192.0.2.7", "trap").await;
    assert!(!server.page("/removals/new?list=compromised&key=192.0.2.7").await.contains(because));
}

/// A test was promised by a service that makes none.
#[tokio::test]
async fn a_list_that_goes_by_tests_says_from_the_start_that_none_are_made() {
    let server = Server::start();
    server.put("proxies", "feed", "198.51.100.7").await.ok();
    for path in ["/lists/proxies", "/removals/new?list=proxies&key=198.51.100.7"] {
        let page = server.page(path).await;
        assert!(page.contains("because this service makes no tests") && !page.contains("after a test"), "{page}");
    }
}

/// The page of an address that was removed said "exempted, whatever a wider entry says" where there is no wider entry, and
/// nothing of what is said about the address.
#[tokio::test]
async fn an_exempted_address_shows_what_is_said_about_it_and_how_the_exemption_ends() {
    let server = Server::start();
    let evidence = json!({"public": "seen at 08:00"});
    let entry = json!({"key": "198.51.100.7", "source": "trap", "reason": "a bot", "evidence": evidence});
    server.post("compromised", &entry).await.ok();
    server.pass(60);
    server.asked("compromised", "198.51.100.7").await;
    let page = server.page("/198.51.100.7").await;
    for words in [
        "what is said about it below is not in force now",
        "What is said about it, and is not in force now",
        ">a bot<",
        ">seen at 08:00<",
        "If something newer is seen, it is listed again.",
        "If the entry still stands then, it is listed again.",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("wider"), "{page}");

    // A range is wider, and what is seen later says nothing against the one address.
    server.put("dynamic", "isp", "203.0.113.0/24 customers\n!203.0.113.25 a mail server").await.ok();
    let page = server.page("/203.0.113.25").await;
    for words in ["whatever a wider entry says", "written anew", ">203.0.113.0/24<", ">customers<"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("newer") && !page.contains("listed again"), "{page}");
    server.put("relay", "feed", "!192.0.2.25").await.ok();
    let alone = server.page("/192.0.2.25").await;
    assert!(alone.contains("nothing else is said about it") && !alone.contains("wider"), "{alone}");
}

/// "It stays until its source takes it off" stood below "Ask for its removal".
#[tokio::test]
async fn an_entry_without_a_date_also_ends_by_a_removal_or_a_clean_test() {
    for (server, tests) in [(Server::start(), false), (retests::server(), true)] {
        let mut configuration = configuration();
        for settings in &mut configuration.lists {
            *settings = Arc::new(ListSettings { expires_after: None, ..(**settings).clone() });
        }
        server.door.configure(configuration).await.unwrap();
        server.put("relay", "feed", "198.51.100.7").await.ok();
        let page = server.page("/198.51.100.7").await;
        let also =
            if tests { "or a test that finds nothing, also takes" } else { "A removal that is granted also takes" };
        assert!(page.contains("The entry has no date") && page.contains(also), "{page}");
        assert_eq!(page.contains("a test that finds nothing"), tests);
    }
}

/// `_dnsbld.example.org. TXT` stood there for every address, as if it were to be copied.
#[tokio::test]
async fn the_record_of_a_proof_says_that_its_name_is_an_example() {
    let server = Server::start();
    server.post("relay", &json!({"key": "198.51.100.7", "source": "tester"})).await.ok();
    let asked = server.ask("relay", "198.51.100.7").await;
    let path = format!("/removals/{}", asked["id"].as_str().unwrap());
    let shown = [("act", "record"), ("secret", asked["secret"].as_str().unwrap())];
    let page = server.send("203.0.113.9", &path, &shown).await;
    assert!(!page.text().contains("_dnsbld.example.org. TXT"), "{}", page.text());
    assert!(page.text().contains("For a server named mx.example.org it would be"), "{}", page.text());
}

/// A stay of a range stood on the page of an address as if it had been its own.
#[tokio::test]
async fn an_earlier_stay_names_the_wider_entry_that_it_was() {
    let server = Server::start();
    server.put("compromised", "trap", "198.51.100.0/24\n198.51.100.7\n192.0.2.1").await.ok();
    server.call("PUT", "/api/v1/lists/compromised/sources/trap?force=true", "192.0.2.1").await.ok();
    let page = server.page("/198.51.100.7").await;
    assert_eq!(page.matches("by the entry").count(), 1, "{page}");
    assert!(page.contains("by the entry 198.51.100.0/24"), "{page}");
}

/// The page of a request told what its test had been a minute ago, beside a link to the test.
#[tokio::test]
async fn a_request_shows_its_test_as_it_stands_now() {
    let server = retests::server();
    server.put("proxies", "feed", "198.51.100.7").await.ok();
    let request = server.asked("proxies", "198.51.100.7").await;
    server.desk.upkeep().await.unwrap();
    assert!(server.page(&request).await.contains("The test waits for its turn"));
    let order = server.desk.next_retest(&HashSet::new()).await.unwrap().unwrap();
    assert!(server.page(&request).await.contains("The test is running"));
    let steps = vec![Step { variant: order.trials[0].0, verdict: Verdict::Deferred }];
    let observed = Observed { reach: Reach::Greeted, steps, transcript: String::new() };
    server.desk.retest_observed(order.id, Some(observed)).await.unwrap();
    assert!(server.page(&request).await.contains("The test said nothing yet. It is tried again on"));
}

/// What cannot be read as a part of the map led to the field of the look-up only.
#[tokio::test]
async fn a_part_of_the_map_that_cannot_be_read_leads_to_the_maps_own_field() {
    let server = Server::start();
    for (path, at) in
        [("/map?at=300", "300"), ("/lists/relay/map?at=300", "300"), ("/map?at=%22%3E%3Cb%3E", "&#34;&#62;")]
    {
        let page = server.get(path).await;
        assert_eq!(page.status, 400, "{path}");
        let text = page.text();
        assert!(
            text.contains("action=\"/map\"") && text.contains(&format!("name=\"at\" type=\"text\" value=\"{at}")),
            "{text}"
        );
        assert_eq!(text.contains("<option selected>relay"), path.contains("relay"), "{text}");
    }
}

/// The privacy page and the description of the API kept back that networks read requests, and that everybody reads a part.
#[tokio::test]
async fn who_reads_a_request_is_said_as_it_is() {
    let server = Server::start();
    let page = server.page("/privacy").await;
    assert!(
        page.contains("the network that your address belongs to")
            && page.contains("everyone who has the address of its page")
    );
    let document = server.get("/openapi.json").await.ok();
    let told = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let read = told("/paths/~1api~1v1~1removals~1{id}/get/description");
    assert!(read.contains("key, rule, state, why and dates"), "{read}");
    for field in ["contact", "note"] {
        let told = told(&format!("/components/schemas/Removal/properties/{field}/description"));
        assert!(told.contains("the network that the address belongs to"), "{field}: {told}");
    }
}

/// No link led to the page of a network.
#[tokio::test]
async fn the_pages_lead_to_what_networks_say_and_where_they_sign_in() {
    let server = Server::start();
    let token = networks::network(&server).await;
    let source = "/api/v1/lists/dynamic/sources/network.isp";
    server.call_as(Some(&token), "PUT", source, "203.0.113.0/24\n").await.ok();
    let range = r#"{"text":"Use our server.","smarthost":"smtp.example.org"}"#;
    server.call("PUT", "/api/v1/networks/isp/ranges/203.0.113.0/24", range).await.ok();
    let page = server.page("/203.0.113.9").await;
    assert!(page.contains("<a href=\"/networks/isp\">All that Example Networks says here</a>"), "{page}");
    let front = server.page("/").await;
    assert!(front.contains("/networks/NAME/manage") && front.contains("<a href=\"/claim\">"), "{front}");
    assert!(server.page("/docs").await.contains("id=\"claim\""));
}

/// "The network or an operator took it back" stood there without what they had said.
#[tokio::test]
async fn a_removal_that_was_taken_back_shows_the_words_given() {
    let server = Server::start();
    server.listed("198.51.100.7", "trap").await;
    server.pass(60);
    let request = server.asked("compromised", "198.51.100.7").await;
    server.decide_on(&request, false, "").await;
    for (why, shown) in [("the pool was given\nto others", true), ("revoked", false)] {
        let row = server.door.store().view().cases(CaseFamily::Request, b"r", b"s", 10).unwrap().remove(0);
        let mut value: Value = serde_json::from_slice(&row.1).unwrap();
        value["why"] = why.into();
        let value = Some(serde_json::to_vec(&value).unwrap());
        server.put_cases(vec![CaseRow { family: CaseFamily::Request, key: row.0, value }]).await;
        let page = server.page(&request).await;
        assert!(page.contains("took the removal back"), "{page}");
        assert_eq!(page.contains(&format!("<p class=\"foreign\">{why}</p>")), shown, "{page}");
    }
}

/// Asked within a day of the last test, a removal was to be "checked within some minutes" for a day, with "nothing to do",
/// while a proof would have brought a test at once.
#[tokio::test]
async fn a_removal_asked_within_a_day_of_a_test_says_when_the_next_can_be_made_and_offers_the_proofs() {
    let server = retests::server();
    server.with_rule("relay", RemovalRule::Retest).await;
    server.put("relay", "feed", "198.51.100.7").await.ok();
    server.put("proxies", "feed", "198.51.100.7").await.ok();
    let first = server.asked("relay", "198.51.100.7").await;
    server.desk.upkeep().await.unwrap();
    let order = server.desk.next_retest(&HashSet::new()).await.unwrap().unwrap();
    let steps = vec![Step { variant: order.trials[0].0, verdict: Verdict::Arrived }];
    let observed = Observed { reach: Reach::Greeted, steps, transcript: String::new() };
    server.desk.retest_observed(order.id, Some(observed)).await.unwrap();
    server.desk.upkeep().await.unwrap();
    assert!(server.page(&first).await.contains(">Refused<"));
    server.pass(600);

    let asked = server.ask("relay", "198.51.100.7").await;
    let (page, secret) = (format!("/removals/{}", asked["id"].as_str().unwrap()), asked["secret"].as_str().unwrap());
    let call = format!("/api/v1{page}");
    // From the first moment on, and not only once the request was looked at.
    for _ in 0..2 {
        let page = server.page(&page).await;
        assert!(page.contains("The next test can be made on 16 January 2027"), "{page}");
        assert!(
            page.contains("tested once more at once") && page.contains("name=\"act\" value=\"rdns-txt\""),
            "{page}"
        );
        assert!(!page.contains("within some minutes") && !page.contains("on its way"), "{page}");
        let told = server.call_with(secret, "GET", &call, Value::Null).await.ok();
        assert_eq!((&told["state"], &told["proofs"]), (&json!("checking"), &json!(["rdns-txt"])), "{told}");
        for (field, part) in [
            ("test_after", "2027-01-16T08:0"),
            ("why", "the next test can be made at 2027-01-16T08:0"),
            ("next_step", "or show that the address is yours"),
            ("txt", "dnsbld="),
        ] {
            assert!(told[field].as_str().unwrap_or_default().contains(part), "{field}: {told}");
        }
        server.desk.upkeep().await.unwrap();
    }
    assert!(server.page(&format!("{page}?lang=de")).await.contains("frühestens am 16. Januar 2027"));
    assert!(server.desk.next_retest(&HashSet::new()).await.unwrap().is_none());
    // Another list's test of the machine counts as well; where the list takes no proofs, none are offered.
    let other = server.page(&server.asked("proxies", "198.51.100.7").await).await;
    assert!(other.contains("The next test can be made on") && !other.contains("at once"), "{other}");

    let txt = server.call_with(secret, "GET", &call, Value::Null).await.ok()["txt"].as_str().unwrap().to_owned();
    *server.checks.names.lock().unwrap() = vec!["mx.example.org".into()];
    server.checks.texts.lock().unwrap().push(("_dnsbld.mx.example.org".into(), txt.into()));
    let proven = server.prove(&asked, json!({"proof": "rdns-txt"})).await.ok();
    assert!(proven["why"].is_null(), "it waits for the next day no more: {proven}");
    server.desk.upkeep().await.unwrap();
    assert!(server.page(&page).await.contains("The test waits for its turn"));
    assert!(server.desk.next_retest(&HashSet::new()).await.unwrap().is_some());
}

/// After a test the next day brings another, without a proof and without anybody asking anew.
#[tokio::test]
async fn a_removal_that_waits_for_the_next_day_gets_its_test_then() {
    let server = retests::server();
    server.put("proxies", "feed", "198.51.100.7").await.ok();
    server.desk.ask_retest(&"proxies".parse().unwrap(), "198.51.100.7".parse().unwrap(), true).await.unwrap();
    let order = server.desk.next_retest(&HashSet::new()).await.unwrap().unwrap();
    let steps = vec![Step { variant: order.trials[0].0, verdict: Verdict::Arrived }];
    let observed = Observed { reach: Reach::Greeted, steps, transcript: String::new() };
    server.desk.retest_observed(order.id, Some(observed)).await.unwrap();
    server.pass(600);
    let request = server.asked("proxies", "198.51.100.7").await;
    server.desk.upkeep().await.unwrap();
    assert!(server.desk.next_retest(&HashSet::new()).await.unwrap().is_none());
    server.pass(86_400);
    server.desk.upkeep().await.unwrap();
    assert!(server.page(&request).await.contains("The test waits for its turn"));
    assert!(server.desk.next_retest(&HashSet::new()).await.unwrap().is_some());
}

/// A request that waited for an operator was said to lie in a wider entry, for no reason but that the list's rule had changed.
#[tokio::test]
async fn a_request_whose_list_has_got_another_rule_names_no_wider_entry() {
    let server = Server::start();
    server.with_rule("compromised", RemovalRule::Operator).await;
    server.listed("198.51.100.7", "trap").await;
    let request = server.asked("compromised", "198.51.100.7").await;
    server.with_rule("compromised", RemovalRule::SelfService).await;
    let page = server.page(&request).await;
    assert!(page.contains("An operator of this list decides.") && !page.contains("wider than one address"), "{page}");
}

/// Two lists of one kind had regions and headings of one name, so that who hears the page could not tell them apart.
#[tokio::test]
async fn the_regions_of_two_lists_of_one_kind_have_names_of_their_own() {
    let server = Server::start();
    for list in ["relay", "blocks"] {
        server.put(list, "feed", "198.51.100.7").await.ok();
    }
    let page = server.page("/198.51.100.7").await;
    let text = |id: &str| page.split(&format!("id=\"{id}\">")).nth(1).map(|rest| rest.split('<').next().unwrap());
    let regions = page.split("aria-labelledby=\"list-").skip(1);
    let names: Vec<String> = regions
        .map(|rest| format!("list-{}", rest.split('"').next().unwrap()))
        .map(|ids| ids.split(' ').map(|id| text(id).unwrap_or_else(|| panic!("{id}: {page}"))).collect())
        .collect();
    assert_eq!(names.len(), 2, "{page}");
    assert_ne!(names[0], names[1]);
}

/// "Not to be asked again before then", where nobody kept to it: an operator decides about who comes again, too.
#[tokio::test]
async fn no_lock_out_is_told_where_people_decide() {
    let server = Server::start();
    server.with_rule("compromised", RemovalRule::Operator).await;
    server.listed("198.51.100.7", "trap").await;
    let request = server.asked("compromised", "198.51.100.7").await;
    server.decide_on(&request, true, "").await;
    server.pass(60);
    server.listed("198.51.100.7", "trap").await;
    let told = async || server.get(&format!("/api/v1{request}")).await.ok();
    let ended = told().await;
    assert_eq!((&ended["state"], &ended["lockout_until"]), (&json!("ended"), &json!(null)), "{ended}");
    assert!(server.page(&request).await.contains("/removals/new?list=compromised"), "and the way is shown");
    server.asked("compromised", "198.51.100.7").await;
}
