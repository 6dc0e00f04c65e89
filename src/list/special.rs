//! Addresses that no list of mail senders can mean: the built-in part of `never`.
//!
//! Guarantees: what DESIGN names, no more. Documentation ranges are ordinary addresses.
//! Never: decides anything. These are entries of the list `never` like any other.

/// Special-use prefixes (RFC 6890, RFC 1918, RFC 6598, RFC 4193), as text so that they are read as every other entry.
pub const BUILTIN_NEVER: [&str; 13] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
    "::/128",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::Prefix;

    #[test]
    fn each_is_a_canonical_prefix() {
        for text in BUILTIN_NEVER {
            assert!(text.parse::<Prefix>().is_ok(), "{text}");
        }
    }
}
