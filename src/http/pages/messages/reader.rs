//! Who reads a page: in which language, and whether it was chosen by hand.
//!
//! Guarantees: a choice in the address (`?lang=de`) beats the browser's `Accept-Language`, whose weights are kept to; what is
//! unreadable counts as not said.
//! Never: refuses a request; keeps a choice anywhere but in the links of the page.

use super::{Language, Messages};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
};
use std::convert::Infallible;

/// For whom a page is made. A handler of a page takes it as an argument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reader {
    /// The words.
    pub messages: Messages,
    /// Whether the language was chosen by hand: then the links of the page carry it on.
    pub chosen: bool,
    /// The query without the language: where the language switch leads.
    pub query: String,
    /// Whether the page is the answer to a form. It has no address of its own, and may show what is shown once only: it
    /// cannot be had in another language.
    pub sent_a_form: bool,
}

impl Reader {
    fn of(query: &str, headers: &HeaderMap) -> Self {
        let parts = || query.split('&').filter(|part| !part.is_empty());
        let language = parts().find_map(|part| part.strip_prefix("lang=")).and_then(Language::of_tag);
        let asked = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        let asked: Vec<_> = asked.collect();
        let rest: Vec<_> = parts().filter(|part| !part.starts_with("lang=")).collect();
        Self {
            messages: Messages::of(language.or_else(|| preferred(&asked.join(","))).unwrap_or_default()),
            chosen: language.is_some(),
            query: rest.join("&"),
            sent_a_form: false,
        }
    }

    /// A link inside the site; it carries a chosen language on.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        if !self.chosen {
            return path.to_owned();
        }
        let (path, fragment) = path.split_once('#').map_or((path, None), |(path, fragment)| (path, Some(fragment)));
        let joint = if path.contains('?') { '&' } else { '?' };
        let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
        format!("{path}{joint}lang={}{fragment}", self.messages.language().tag())
    }
}

/// The language that an `Accept-Language` asks for most (RFC 9110 12.5.4), of those that there are; the first of equals.
fn preferred(header: &str) -> Option<Language> {
    let mut best: Option<(Language, f32)> = None;
    for part in header.split(',') {
        let mut fields = part.split(';').map(str::trim);
        let tag = fields.next().unwrap_or_default();
        let language = if tag == "*" { Some(Language::default()) } else { Language::of_tag(tag) };
        let weight = fields.find_map(|field| field.strip_prefix("q=").or_else(|| field.strip_prefix("Q=")));
        let weight = weight.map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok()).unwrap_or(0.0);
        let Some(language) = language.filter(|_| weight > 0.0 && weight <= 1.0) else { continue };
        if best.is_none_or(|(_, so_far)| weight > so_far) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language)
}

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let reader = Self::of(parts.uri.query().unwrap_or_default(), &parts.headers);
        Ok(Self { sent_a_form: parts.method == Method::POST, ..reader })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_language_is_the_one_that_is_asked_for_most() {
        for (asked, language) in [
            ("de", Some(Language::German)),
            ("de-AT,de;q=0.9,en;q=0.8", Some(Language::German)),
            ("en;q=0.5, fr ; q=0.7", Some(Language::French)),
            ("it, nl;q=0.9, es-419;q=0.3", Some(Language::Spanish)),
            ("pl, *;q=0.1", Some(Language::English)),
            ("fr;q=0, de;q=0.1", Some(Language::German)),
            ("fr;q=high, de;q=2", None),
            ("pl", None),
            ("", None),
        ] {
            assert_eq!(preferred(asked), language, "{asked}");
        }
    }

    #[test]
    fn a_choice_in_the_address_beats_the_browsers_and_goes_on_in_links() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, "fr".parse().unwrap());
        let reader = Reader::of("key=192.0.2.1&lang=de", &headers);
        assert_eq!((reader.messages.language(), reader.query.as_str()), (Language::German, "key=192.0.2.1"));
        assert_eq!(reader.link("/lists/relay"), "/lists/relay?lang=de");
        assert_eq!(reader.link("/?a=b#lists"), "/?a=b&lang=de#lists");
        let reader = Reader::of("lang=xx", &headers);
        assert_eq!((reader.messages.language(), reader.link("/map#a")), (Language::French, "/map#a".to_owned()));
    }

    proptest! {
        #[test]
        fn no_header_or_query_is_too_strange(query in ".{0,80}", asked in "[ -~]{0,80}") {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, asked.parse().unwrap());
            let reader = Reader::of(&query, &headers);
            prop_assert!(Language::ALL.contains(&reader.messages.language()));
        }
    }
}
