//! `/`: what this is, the look-up, the lists, and how mail servers ask.
//!
//! Guarantees: a query (`?ip=`, `?key=`, `?ADDRESS`) leads to the page of that key.
//! Never: looks anything up by itself: the visitor's own address is a link.

use super::{
    Access, Asked, Of, Reader, Response, Site, State, key, messages::Messages, problem_page, rendered, words::visible,
};
use crate::snapshot::{Zone, ZoneFamily};
use askama::Template;

#[derive(Template)]
#[template(path = "front.html", config = "src/http/pages/askama.toml")]
struct FrontPage {
    site: Site,
    you: Option<String>,
    lists: Vec<FrontList>,
    zones: Vec<FrontZone>,
    postfix: Vec<String>,
    /// A sublist's name, as an example.
    alone: Option<String>,
}

struct FrontList {
    name: String,
    entries: String,
    criteria: String,
}

struct FrontZone {
    origin: String,
    lists: Vec<String>,
    contact: String,
}

/// `/`: what this is, the form, the lists. With a query (`?ip=`, `?key=`, `?ADDRESS`) the page of that key.
pub(in crate::http) async fn front(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    Asked(query): Asked<Vec<(String, String)>>,
) -> Response {
    let named = query.iter().find(|(name, _)| name == "ip" || name == "key").map(|(_, value)| value);
    let bare = query.iter().find(|(name, value)| value.is_empty() && name != "lang").map(|(name, _)| name);
    if let Some(asked) = named.or(bare) {
        return key::answer(&state, &access, &reader, asked).await;
    }
    if let Err(problem) = access.count_look_up(&state) {
        return problem_page(&state, &reader, &problem);
    }
    let (here, for_whom) = (state.clone(), reader.clone());
    let you = Some(access.caller.address).filter(|address| !address.is_loopback()).map(|address| address.to_string());
    let page = state.read(move |view, snapshot| {
        let lists = crate::http::api::all_lists(view, snapshot).into_iter().filter(|list| list.kind != "never");
        let mut served: Vec<_> = snapshot.served().zones().iter().collect();
        served.sort_by_key(|zone| (zone.family() as u8, zone.origin().len()));
        let zones = served.iter().map(|zone| zone.settings());
        let postfix = served.iter().filter(|zone| !zone.closed()).map(|zone| postfix_line(zone, for_whom.messages));
        Ok(FrontPage {
            site: Site::of(&here, snapshot, "front", &for_whom),
            you,
            lists: lists
                .map(|list| FrontList {
                    entries: for_whom.messages.count("entries", list.entries),
                    name: list.name,
                    criteria: visible(&list.criteria),
                })
                .collect(),
            zones: zones
                .map(|zone| FrontZone {
                    origin: zone.origin.name().to_owned(),
                    lists: zone.lists.iter().chain(&zone.sublists_only).map(ToString::to_string).collect(),
                    contact: zone.contact.clone(),
                })
                .collect(),
            postfix: postfix.collect(),
            alone: served.iter().find_map(|zone| {
                let settings = zone.settings();
                settings.lists.first().map(|list| format!("{list}.{}", settings.origin.name()))
            }),
        })
    });
    rendered(&state, &reader, page.await)
}

fn postfix_line(zone: &Zone, words: Messages) -> String {
    let origin = zone.settings().origin.name();
    match zone.family() {
        ZoneFamily::Addresses => format!("smtpd_client_restrictions = reject_rbl_client {origin}"),
        ZoneFamily::Names => format!("smtpd_sender_restrictions = reject_rhsbl_sender {origin}"),
        ZoneFamily::Hashes => format!("# {origin}: {}", words.say("zones-hashes")),
    }
}
