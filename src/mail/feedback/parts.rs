//! The parts that a mail itself has (RFC 2045, 2046).
//!
//! Guarantees: at most [`FEEDBACK_PARTS_MAX`] parts, multiparts in multiparts to [`FEEDBACK_DEPTH_MAX`], and work that is linear
//! in the octets of the mail.
//! Never: looks into a mail that is a part. What it says is not said by the sender, and a mail can be mails within mails to any
//! depth, which the parser follows with a call for each.

use super::FeedbackError;
use crate::limits::{FEEDBACK_DEPTH_MAX, FEEDBACK_PARTS_MAX};
use mail_parser::{
    Message, MessageParser, MimeHeaders as _,
    decoders::{base64::base64_decode, charsets::map::charset_decoder, quoted_printable::quoted_printable_decode},
};

/// A part that holds no others.
pub(super) struct Part<'m> {
    headers: Message<'m>,
    body: &'m [u8],
}

impl Part<'_> {
    /// Whether its `Content-Type` is this.
    pub(super) fn is(&self, kind: &str, subtype: &str) -> bool {
        self.headers.is_content_type(kind, subtype)
    }

    /// The name that it is to be kept under.
    pub(super) fn name(&self) -> Option<&str> {
        self.headers.attachment_name()
    }

    /// Its text, decoded; what cannot be read is replaced.
    pub(super) fn text(&self) -> String {
        let encoding = self.headers.content_transfer_encoding().unwrap_or_default();
        let decoded = if encoding.eq_ignore_ascii_case("base64") {
            base64_decode(self.body)
        } else if encoding.eq_ignore_ascii_case("quoted-printable") {
            quoted_printable_decode(self.body)
        } else {
            None
        };
        let octets = decoded.as_deref().unwrap_or(self.body);
        let charset = self.headers.content_type().and_then(|kind| kind.attribute("charset"));
        match charset.and_then(|charset| charset_decoder(charset.as_bytes())) {
            Some(read) => read(octets),
            None => String::from_utf8_lossy(octets).into_owned(),
        }
    }
}

/// The parts of a mail, in no order.
///
/// # Errors
/// [`FeedbackError::Parts`] for more than are read.
pub(super) fn of(mail: &[u8]) -> Result<Vec<Part<'_>>, FeedbackError> {
    let parser = MessageParser::new().with_mime_headers();
    let mut found = Vec::new();
    let mut waiting = vec![(mail, 0)];
    while let Some((entity, depth)) = waiting.pop() {
        // A part without headers is plain text without a name, which is no report.
        let Some(headers) = parser.parse_headers(entity) else { continue };
        let body = body(entity);
        let kind = headers.content_type();
        let boundary = kind.filter(|kind| kind.ctype() == "multipart").and_then(|kind| kind.attribute("boundary"));
        if let Some(boundary) = boundary {
            for part in split(body, boundary) {
                waiting.push((part, depth + 1));
                if depth == FEEDBACK_DEPTH_MAX || found.len() + waiting.len() > FEEDBACK_PARTS_MAX {
                    return Err(FeedbackError::Parts);
                }
            }
        } else {
            found.push(Part { headers, body });
        }
    }
    Ok(found)
}

/// What comes after the first empty line.
fn body(entity: &[u8]) -> &[u8] {
    let mut at = 0;
    for line in entity.split_inclusive(|octet| *octet == b'\n') {
        at += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
    }
    &entity[at..]
}

/// What stands between the lines with this boundary. A body that ends before the last of them is taken as if it were there.
fn split<'m>(body: &'m [u8], boundary: &str) -> impl Iterator<Item = &'m [u8]> {
    let (mut at, mut begun, mut ended) = (0, None, false);
    let mut lines = body.split_inclusive(|octet| *octet == b'\n');
    std::iter::from_fn(move || {
        while !ended {
            let (line, here) = (lines.next(), at);
            at += line.map_or(0, <[u8]>::len);
            let delimiter = match line {
                Some(line) => {
                    line.trim_ascii_end().strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary.as_bytes()))
                }
                None => Some(&b"--"[..]),
            };
            let next = match delimiter {
                Some(b"") => Some(at),
                Some(b"--") => None,
                _ => continue,
            };
            ended = next.is_none();
            if let Some(begun) = std::mem::replace(&mut begun, next) {
                return Some(&body[begun..here]);
            }
        }
        None
    })
}
