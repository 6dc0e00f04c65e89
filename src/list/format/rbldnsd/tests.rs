//! Tests of rbldnsd files. What is expected here was asked of rbldnsd 1.0 itself.
//!
//! Guarantees: every data set and every directive is here.
//! Never: needs rbldnsd to run.

use super::super::tests::{NOW, dialect, told};
use super::super::{DataSet, Format};
use super::OWN_MARK;
use crate::list::Kind;

fn read(set: &str, body: &str) -> Vec<String> {
    let set: DataSet = set.parse().unwrap();
    let kind = if set == DataSet::Dnset { Kind::Domain } else { Kind::Spam };
    told(Format::Rbldnsd(set), &dialect(kind), body)
}

#[test]
fn ip4set_writes_prefixes_and_ranges_in_many_ways() {
    for text in ["127.0.0.0/24", "127.0.0", "127-127.0.0", "127.0.0.0-127.0.0.255", "127.0.0/24", "127.0.0.0-255"] {
        let expected = if text == "127-127.0.0" { "2" } else { "127.0.0.0/24" };
        let found = read("ip4set", text);
        assert!(found[0].contains(expected), "{text}: {found:?}");
    }
    for text in
        ["127.16.0.0-127.31.255.255", "127.16.0-127.31.255", "127.16-127.31", "127.16-31", "127.16.0/12", "127.16/12"]
    {
        assert_eq!(read("ip4set", text), ["127.16.0.0/12"], "{text}");
    }
    assert_eq!(read("ip4set", "127.16.0-31"), ["127.16.0.0/19"]);
    assert_eq!(read("ip4set", "1.2.3.4-5"), ["1.2.3.4/31"]);
    assert_eq!(read("ip4set", "10/8"), ["10.0.0.0/8"]);
    assert_eq!(read("ip4set", "0/0"), ["0.0.0.0/0"]);
    assert_eq!(read("ip4set", "010.1.2.3"), ["10.1.2.3"]);
    for text in
        ["10", "1.2.3.4.5", "1.2-1.2.3.4", "1.2.3.5-4", "1.2.3.4/24", "1.2.3.256", "1.2.3.4x", "1.2.3.4/", "-", "x"]
    {
        assert!(read("ip4set", text)[0].starts_with("1:1 "), "{text}: {:?}", read("ip4set", text));
    }
}

/// rbldnsd takes these for the whole set, wherever they stand; taking them from there on would answer otherwise in silence.
#[test]
fn what_holds_for_entries_before_it_is_rejected() {
    for (set, body) in [
        ("ip4tset", "1.1.1.1\n:5:five\n"),
        ("ip6tset", "2001:db8::/64\n:5:five\n"),
        ("ip4trie", "1.1.1.1 :3:a\n$= base $=\n"),
        ("ip4set", "1.1.1.1\n$= base $\n"),
        ("ip4trie", "1.1.1.1 :3:a $1\n$1 late\n"),
    ] {
        let found = read(set, body);
        assert!(
            found.iter().any(|line| line.starts_with("2:") && line.contains("before the first entry")),
            "{found:?}"
        );
    }
    for (set, body) in [
        ("ip4tset", ":5:five\n1.1.1.1\n:6:six\n1.1.1.2\n"),
        ("ip4trie", "$1 early\n1.1.1.1 :3:a $1\n$1 later\n$2 of nobody\n"),
        ("ip4trie", "1.1.1.1 :3:=a\n$= base\n"),
        ("ip4set", "1.1.1.1\n:5:five\n1.1.1.2\n"),
    ] {
        let found = read(set, body);
        assert!(!found.iter().any(|line| line.contains("before the first entry")), "{found:?}");
    }
}

#[test]
fn a_default_ends_with_its_file_but_for_sets_with_one_value() {
    let body = "$1 one\n:5:five $1\n1.1.1.1\n#$FILE\n2.2.2.2\n3.3.3.3 :6:six $1\n";
    assert_eq!(
        read("ip4trie", body),
        ["1.1.1.1 code=127.0.0.5 [five one]", "2.2.2.2", "3.3.3.3 code=127.0.0.6 [six one]"]
    );
    let body = ":5:five\n1.1.1.1\n#$FILE\n2.2.2.2\n";
    assert_eq!(read("ip4tset", body), ["1.1.1.1 code=127.0.0.5 [five]", "2.2.2.2 code=127.0.0.5 [five]"]);
    let body = "$DATASET ip4set:a @\n:5:five\n1.1.1.1\n#$FILE\n$DATASET ip4set:b @\n2.2.2.2\n";
    assert_eq!(read("combined", body), ["1.1.1.1 code=127.0.0.5 [five]", "2.2.2.2"]);
}

#[test]
fn values_are_what_rbldnsd_would_answer() {
    let body = "1.1.1.0\n:5:default $\n1.1.1.1\n1.1.1.2 :6:own $\n1.1.1.3 :7:\n1.1.1.4 :8\n1.1.1.5 only text # more\n1.1.1.6 # remark\n!1.1.1.7 # hole\n1.1.1.8:9:tight\n1.1.1.9 :10:#hash\n1.1.1.10 :127.0.1.2:\n";
    assert_eq!(
        read("ip4set", body),
        [
            "1.1.1.0",
            "1.1.1.1 code=127.0.0.5 [default 1.1.1.1]",
            "1.1.1.2 code=127.0.0.6 [own 1.1.1.2]",
            "1.1.1.3 code=127.0.0.7",
            "1.1.1.4 code=127.0.0.8 [default 1.1.1.4]",
            "1.1.1.5 code=127.0.0.5 [only text # more]",
            "1.1.1.6 code=127.0.0.5 [remark]",
            "!1.1.1.7 [hole]",
            "1.1.1.8 code=127.0.0.9 [tight]",
            "1.1.1.9 [#hash]",
            "1.1.1.10 code=127.0.1.2",
        ]
    );
    for value in [":1:x", ":127.0:x", ":10.0.0.1:x", ":5 # x", ":x"] {
        let found = read("ip4set", &format!("1.1.1.1 {value}"));
        assert!(found[0].starts_with("1:8 "), "{value}: {found:?}");
    }
}

/// Asked of Debian's rbldnsd: it does not look for `$` in what `$=` or a variable brings in, and takes the key for no text.
#[test]
fn templates_are_filled_in_as_by_rbldnsd() {
    let body = "$1 see http://x.example\n$= Listed: $= ($)\n1.1.1.1 a $1/$ $2 $$ b\n1.1.1.2 =bare $\n1.1.1.3\n$1 second\n1.1.1.4 $1";
    assert_eq!(
        read("ip4set", body),
        [
            "1.1.1.1 [Listed: a $1/$ $2 $$ b (1.1.1.1)]",
            "1.1.1.2 [bare 1.1.1.2]",
            "1.1.1.3 [Listed: 1.1.1.3 (1.1.1.3)]",
            "1.1.1.4 [Listed: $1 (1.1.1.4)]",
        ]
    );
    let body = "$1 see http://x.example/$\n1.1.1.1 a $1 $2 $$ $\n1.1.1.2";
    assert_eq!(read("ip4set", body), ["1.1.1.1 [a see http://x.example/$ $2 $ 1.1.1.1]", "1.1.1.2"]);
    let mut dialect = dialect(Kind::Spam);
    dialect.entry_texts = true;
    let found = told(Format::Rbldnsd(DataSet::Ip4set), &dialect, ":2:see $\n1.1.1.0/24 # why\n1.1.1.1 :2:\n!1.1.1.2 x");
    assert_eq!(found, ["1.1.1.0/24 code=127.0.0.2 text=see {address} [why]", "1.1.1.1 code=127.0.0.2", "!1.1.1.2 [x]"]);
}

#[test]
fn sets_with_one_value_take_the_first() {
    let body = ":5:first\n1.1.1.1 :6:passed over\n:7:second\n1.1.1.2\n1.1.1.0/24";
    let found = read("ip4tset", body);
    assert_eq!(found[..2], ["1.1.1.1 code=127.0.0.5 [:6:passed over]", "1.1.1.2 code=127.0.0.5 [first]"]);
    assert!(found[2].contains("single addresses"), "{found:?}");
    let found = read("ip6tset", "2001:db8:1:2\n2001:db8:1:3::/64\n!2001:db8:1:2::7\n2001:db8::1\n!2001:db8:1:2");
    assert_eq!(found[..3], ["2001:db8:1:2::/64", "2001:db8:1:3::/64", "!2001:db8:1:2::7"]);
    assert!(found[3].contains("lists /64s") && found[4].contains("lists /64s"), "{found:?}");
}

#[test]
fn ip6trie_completes_groups_and_knows_an_address_that_begins_with_colons() {
    let body = ":127.0.1.2: Listed $\n2001:21ab:c000/36\n2001:21ab:def7:4242 :127.0.1.3: odd\n2605:6001:42::/52\n::1  # localhost\n!2605:6001:42::bead\n::/0:4:all\n2001/16";
    assert_eq!(
        read("ip6trie", body),
        [
            "2001:21ab:c000::/36 code=127.0.1.2 [Listed 2001:21ab:c000::/36]",
            "2001:21ab:def7:4242::/64 code=127.0.1.3 [odd]",
            "2605:6001:42::/52 code=127.0.1.2 [Listed 2605:6001:42::/52]",
            "::1 code=127.0.1.2 [localhost]",
            "!2605:6001:42::bead",
            "::/0 code=127.0.0.4 [all]",
            "2001::/16 code=127.0.1.2 [Listed 2001::/16]",
        ]
    );
    for text in ["2001:db8::1/64", "1:2:3:4:5:6:7:8:9", "2001:db8::x", "12345::"] {
        assert!(read("ip6trie", text)[0].starts_with("1:1 "), "{text}");
    }
}

#[test]
fn dnset_keeps_its_own_rule_for_names() {
    let body = ":2:see $\nexample.com\n.both.example\n*.below.example x\n!No.Both.Example.\n192.0.2.1";
    let found = read("dnset", body);
    assert_eq!(
        found[..4],
        [
            "=example.com code=127.0.0.2 [see example.com]",
            "both.example code=127.0.0.2 [see both.example]",
            "*.below.example code=127.0.0.2 [x]",
            "!=no.both.example",
        ]
    );
    assert!(found[4].contains("an address, not a name"));
}

#[test]
fn directives_about_the_zone_are_passed_over_and_others_hold() {
    let body = "$SOA 1w ns1.ex.com admin.ex.com 0 2h 2h 1w 1h\n#$NS 1w ns1.ex.com -ns2.ex.com\n;$TTL 35m\n:$MAXRANGE4 /24\n$MAXRANGE4 65536\n1.1.1.0/24\n1.1.0.0/16\n2.2.2.1-2.2.3.1\n#$50 reward\n$MAXRANGE4 16\n3.3.3.0/27\n3.3.3.0/28";
    assert_eq!(read("ip4set", body), ["1.1.1.0/24", "3.3.3.0/28"]);
    for text in ["$WHAT 1", "$MAXRANGE4 0", "$MAXRANGE4 /33", "$1", "$=", ":$X", "$DATASET ip4set @", "$TIMESTAMP x"] {
        assert!(read("ip4set", text)[0].starts_with("1:"), "{text}: {:?}", read("ip4set", text));
    }
}

#[test]
fn a_time_stamp_ahead_or_run_out_rejects_the_body() {
    assert_eq!(NOW.to_string(), "2026-01-01T00:00:00Z");
    let with = |stamp: &str| read("ip4set", &format!("$TIMESTAMP {stamp}\n1.1.1.1"));
    for good in ["2026:01:01", "20251231 +1d", "2025-12-31-12 +12h1s", "0 -", "2025:12:31:23:59:59 2026:01:01:00:00:00"]
    {
        assert_eq!(with(good), ["1.1.1.1"], "{good}");
    }
    for bad in ["2026:01:01:00:00:01", "2026:01:02 0", "2025:12:31 +86399", "0 20251231235959"] {
        let found = with(bad);
        assert!(found.len() == 1 && found[0].starts_with("body 1:2 "), "{bad}: {found:?}");
    }
    assert!(with("2026:13:01")[0].contains("yyyy:mm:dd"));
}

const COMBINED: &str = "$NS 1w ns1.ex.com\n$1 common\n$DATASET ip4set:proxy proxies @ # why\n:2:open $1\n127.0.0.2\n$1 inner\n$DATASET dnset:names names\nexample.org\n$DATASET generic:common @\n@ A 127.0.0.8\n$DATASET ip6trie:six proxies\n2001:db8::/32\n";

#[test]
fn of_a_combined_file_the_sets_of_the_lists_keys_are_taken() {
    assert_eq!(read("rbldnsd", COMBINED), ["127.0.0.2 code=127.0.0.2 [open common]", "2001:db8::/32"]);
    assert_eq!(told(Format::Rbldnsd(DataSet::Detect), &dialect(Kind::Domain), COMBINED), ["=example.org"]);
    assert_eq!(read("combined", COMBINED), read("rbldnsd", COMBINED));
    let mut six = dialect(Kind::Spam);
    for (subset, expected) in [("six", 1), ("proxies", 2), ("proxy", 1)] {
        six.subset = Some(subset.into());
        assert_eq!(told(Format::Rbldnsd(DataSet::Detect), &six, COMBINED).len(), expected, "{subset}");
    }
    six.subset = Some("seven".into());
    let found = told(Format::Rbldnsd(DataSet::Detect), &six, COMBINED);
    assert!(
        found[0].contains("no data set is named seven") && found[0].contains("ip4set:proxy, dnset:names"),
        "{found:?}"
    );
}

#[test]
fn a_file_of_this_program_names_its_lists() {
    let body = format!(
        "{OWN_MARK}\n$DATASET ip4trie:relay relay @\n192.0.2.1\n$DATASET ip4trie:_test dynamic @\n127.0.0.2\n$DATASET ip4trie:dynamic dynamic @\n192.0.2.2\n"
    );
    assert_eq!(read("rbldnsd", &body), ["192.0.2.2"]);
    let missing = body.replace("ip4trie:dynamic", "ip4trie:other");
    assert!(read("rbldnsd", &missing)[0].starts_with("body "));
}

#[test]
fn what_rbldnsd_would_not_serve_rejects_the_body() {
    assert!(read("combined", "192.0.2.1")[0].starts_with("body 1:1 a combined file has no entries"));
    assert!(read("rbldnsd", "$DATASET what @")[0].contains("`what` cannot be read"));
    assert!(read("rbldnsd", "$DATASET dnset @\nexample.org")[0].contains("no data set holds the keys"));
    let names = told(Format::Rbldnsd(DataSet::Ip4set), &dialect(Kind::Domain), "192.0.2.1");
    assert_eq!(names, ["body 1:1 the list does not take the keys of a data set ip4set"]);
}

#[test]
fn without_a_data_set_named_keys_show_what_they_are() {
    let body = "192.0.2 x\n2001:db8::/32 :4:six\n127/8:2:\n::1\n1.2.3.4-5";
    assert_eq!(
        read("rbldnsd", body),
        ["192.0.2.0/24 [x]", "2001:db8::/32 code=127.0.0.4 [six]", "127.0.0.0/8 code=127.0.0.2", "::1", "1.2.3.4/31"]
    );
    let never = told(
        Format::Rbldnsd(DataSet::Detect),
        &dialect(Kind::Never),
        "10/8\n.example.org\n1.2.3.4.example.org\n2001:db8::1",
    );
    assert_eq!(never, ["10.0.0.0/8", "example.org", "=1.2.3.4.example.org", "2001:db8::1"]);
}
