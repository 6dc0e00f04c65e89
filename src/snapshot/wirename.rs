//! Names in wire form, made once from the configuration for every answer that holds them.
//!
//! Guarantees: a label has at most 63 octets; what a name shares with its zone's origin is left out, so that an answer can
//! point there (RFC 1035 4.1.4).
//! Never: allocates when it answers.

/// Octets of the longest label.
const LABEL_MAX: usize = 63;

/// A name that the answers of a zone hold: its labels, without the origin where it ends in that.
#[derive(Debug)]
pub struct AnswerName {
    labels: Box<[u8]>,
    in_zone: bool,
}

impl AnswerName {
    /// From dotted names in lower case.
    pub(super) fn new(name: &str, origin: &str) -> Self {
        let mut labels = Vec::new();
        let in_zone = push_name(name, origin, &mut labels);
        Self { labels: labels.into(), in_zone }
    }

    /// A mail address as the name that a SOA holds: its local part is one label, dots and all (RFC 1035 8).
    pub(super) fn of_mailbox(mailbox: &str, origin: &str) -> Self {
        let mut labels = Vec::new();
        let domain = mailbox.split_once('@').map_or(mailbox, |(local, domain)| {
            push_label(local, &mut labels);
            domain
        });
        let in_zone = push_name(domain, origin, &mut labels);
        Self { labels: labels.into(), in_zone }
    }

    /// Its labels in wire form, without root.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Whether the origin follows its labels; else the root does.
    #[must_use]
    pub const fn in_zone(&self) -> bool {
        self.in_zone
    }
}

/// Appends the labels of `name` that do not belong to `origin`; whether it ends in that.
fn push_name(name: &str, origin: &str, out: &mut Vec<u8>) -> bool {
    let own = name.strip_suffix(origin).filter(|own| own.is_empty() || own.ends_with('.'));
    push_labels(own.unwrap_or(name), out);
    own.is_some()
}

/// Appends the labels of a dotted name, without the root.
pub(super) fn push_labels(name: &str, out: &mut Vec<u8>) {
    name.split('.').filter(|label| !label.is_empty()).for_each(|label| push_label(label, out));
}

/// Configured names have no longer labels; the local part of a mail address is cut.
fn push_label(label: &str, out: &mut Vec<u8>) {
    let octets = &label.as_bytes()[..label.len().min(LABEL_MAX)];
    out.push(octets.len() as u8);
    out.extend_from_slice(octets);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_where_its_zone_begins_and_nowhere_else() {
        let cut = |name: &str| {
            let name = AnswerName::new(name, "bl.test");
            (name.labels().to_vec(), name.in_zone())
        };
        assert_eq!(cut("ns1.bl.test"), (b"\x03ns1".to_vec(), true));
        assert_eq!(cut("bl.test"), (Vec::new(), true));
        assert_eq!(cut("xbl.test"), (b"\x03xbl\x04test".to_vec(), false), "a label that ends alike is another");
        assert_eq!(cut("ns.example"), (b"\x02ns\x07example".to_vec(), false));
    }

    #[test]
    fn the_local_part_of_a_mailbox_is_one_label() {
        let name = AnswerName::of_mailbox("first.last@bl.test", "bl.test");
        assert_eq!((name.labels(), name.in_zone()), (&b"\x0afirst.last"[..], true));
        let long = format!("{}@example.org", "a".repeat(64));
        assert_eq!(AnswerName::of_mailbox(&long, "bl.test").labels()[0], 63);
    }
}
