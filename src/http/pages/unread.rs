//! Kind words for what cannot be looked up: what is wrong with it, and what may have been meant.
//!
//! Guarantees: an address inside a pasted refusal or a link is found and offered, first the one that the refusal is about; what
//! was typed is shown stripped and cut.
//! Never: guesses a name.

use super::{MessagePage, Reader, Response, Site, State, StatusCode, html, messages::Messages, visible};
use crate::{
    http::explain::{self, Unasked},
    limits::{ASKED_SHOWN_MAX, MEANT_SHOWN_MAX, NAME_OCTETS_MAX},
};
use std::net::{IpAddr, SocketAddr};

/// The page for `asked`, which cannot be looked up because of `unasked`.
pub(super) fn page(state: &State, reader: &Reader, asked: &str, unasked: &Unasked) -> Response {
    let shown: String = visible(asked).chars().take(ASKED_SHOWN_MAX).collect();
    let words = reader.messages;
    let mut meant = inside(asked, state.settings().site());
    let (heading, lines) = match unasked {
        Unasked::Range(prefix) => {
            let (range, first) = (prefix.to_string(), prefix.first().to_string());
            meant = vec![first.clone()];
            let parts = [("range", range.into()), ("first", first.into())];
            (words.say("range-heading"), vec![words.get("range-text", &parts)])
        }
        // A refusal names whom the message was for; it is about the address that stands in it, too.
        Unasked::MailAddress if meant.is_empty() => {
            (words.say("mailbox-heading"), vec![words.say("mailbox-hashes"), words.say("mailbox-server")])
        }
        Unasked::Unreadable(_) if asked.trim().is_empty() => {
            (words.say("empty-heading"), vec![words.say("empty-text")])
        }
        Unasked::Unreadable(_) | Unasked::MailAddress => {
            let lines = if meant.is_empty() {
                let unread = words.with("unread-text", "asked", &shown);
                [Some(unread), wrong(asked.trim(), words), Some(words.say("unread-where"))]
                    .into_iter()
                    .flatten()
                    .collect()
            } else {
                vec![words.say("found-inside")]
            };
            (words.say("unread-heading"), lines)
        }
    };
    let site = Site::of(state, &state.snapshot(), "", reader);
    let page = MessagePage { site, heading, lines, meant, asked: shown, examples: true, again: None };
    html(StatusCode::BAD_REQUEST, reader, &page)
}

/// How likely a refusal is about what stands in it, the likeliest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// In a link to this site.
    OurLink,
    /// Where mail servers name whom they refused.
    ClientHost,
    /// Elsewhere: it may be the host that refused.
    Elsewhere,
    /// The host of a link.
    Link,
}

/// The addresses that stand in a longer text, what links to `site` lead to, and the hosts of other links: what a pasted refusal is
/// about.
fn inside(text: &str, site: &str) -> Vec<String> {
    let key = |text: &str| explain::read_key(text).ok().map(|key| explain::written(&key));
    let mut found: Vec<(Place, String)> = Vec::new();
    let mut before = ["", ""];
    for word in text.split_whitespace() {
        let link = word.split_once("://").map(|(_, rest)| rest.trim_end_matches(['.', ',', ';', ')', '>', ']', '"']));
        let (host, path) = link.map_or(("", ""), |link| link.split_once(['/', '?', '#']).unwrap_or((link, "")));
        let ours = host.eq_ignore_ascii_case(site);
        let place = if ours {
            Place::OurLink
        } else if before[0].eq_ignore_ascii_case("client") && before[1].eq_ignore_ascii_case("host") {
            Place::ClientHost
        } else {
            Place::Elsewhere
        };
        // This site may be called by its address, which is not what anybody asks about.
        found.extend(addresses(if ours { path } else { word }).map(|address| (place, address)));
        let last = path.rsplit('/').next().unwrap_or_default();
        let (linked, place) = if ours { (last, Place::OurLink) } else { (host, Place::Link) };
        found.extend(key(linked).map(|key| (place, key)));
        before = [before[1], word];
    }
    found.sort_by_key(|(place, _)| *place);
    let mut meant: Vec<String> = Vec::new();
    for (_, one) in found {
        if meant.len() < MEANT_SHOWN_MAX && !meant.contains(&one) {
            meant.push(one);
        }
    }
    meant
}

fn addresses(word: &str) -> impl Iterator<Item = String> {
    let parts = word.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ':')));
    parts.filter_map(|part| {
        let part = part.trim_matches(['.', ':']);
        let address = part.parse::<IpAddr>().ok();
        address.or_else(|| part.parse::<SocketAddr>().ok().map(|socket| socket.ip())).map(|address| address.to_string())
    })
}

/// What is wrong with it, where that can be said.
fn wrong(text: &str, words: Messages) -> Option<String> {
    let parts: Vec<_> = text.split('.').collect();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_digit());
    if parts.iter().all(|part| digits(part)) {
        if let Some(zero) = parts.iter().find(|part| part.len() > 1 && part.starts_with('0')) {
            return Some(words.with("wrong-zero", "part", shortened(zero)));
        }
        if let Some(big) = parts.iter().find(|part| part.len() > 3 || part.parse::<u8>().is_err()) {
            return Some(words.with("wrong-big", "part", shortened(big)));
        }
        return (parts.len() != 4).then(|| words.count("wrong-count", parts.len() as u64));
    }
    if text.matches(':').count() > 1
        && text.bytes().all(|octet| octet.is_ascii_hexdigit() || matches!(octet, b':' | b'.'))
    {
        return Some(words.say("wrong-colons"));
    }
    if text.len() > NAME_OCTETS_MAX {
        return Some(words.say("wrong-long"));
    }
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '*' | '=');
    (!text.chars().all(fits)).then(|| words.say("wrong-signs"))
}

fn shortened(part: &str) -> String {
    part.chars().take(ASKED_SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_address_in_a_pasted_refusal_is_found() {
        let refusal = "550 5.7.1 Service unavailable; Client host [203.0.113.7] blocked using bl.test; see http://bl.test/203.0.113.7";
        assert_eq!(inside("see http://127.0.0.1:8053/203.0.113.7", "127.0.0.1:8053"), ["203.0.113.7"]);
        let inside = |text| inside(text, "bl.test");
        assert_eq!(inside(refusal), ["203.0.113.7"]);
        assert_eq!(inside("198.51.100.1:25"), ["198.51.100.1"]);
        assert_eq!(inside("host [2001:db8::25]."), ["2001:db8::25"]);
        assert_eq!(inside("https://www.example.org/page?x=1"), ["www.example.org"]);
        assert!(inside("nothing at all").is_empty());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let words = Messages::default();
        for (text, part) in [
            ("192.0.2.256", "at most 255; here stands 256"),
            ("192.0.02.1", "begins with a zero"),
            ("192.0.2", "here stand 3"),
            ("192.0.2.1.2", "here stand 5"),
            ("2001:db8:::1", "IPv6"),
            ("a b", "consists of letters"),
        ] {
            let wrong = wrong(text, words).unwrap_or_default();
            assert!(wrong.contains(part), "{text}: {wrong}");
        }
        assert!(wrong(&"a".repeat(400), words).unwrap().contains("longer"));
    }

    proptest! {
        #[test]
        fn nothing_is_too_strange(text in "\\PC{0,100}|[0-9a-f.:/ ]{0,60}") {
            let _ = wrong(&text, Messages::default());
            for one in inside(&text, "bl.test") {
                prop_assert!(explain::read_key(&one).is_ok(), "{}", one);
            }
        }
    }
}
