//! Tests of the reader: what each format says, what is refused and with which words, and that no body breaks it.
//!
//! Guarantees: every example of DESIGN 4.3 is here; the data sets of the workplace are read where they are present.
//! Never: tests rbldnsd files, which have tests of their own.

use super::{csv::SHIELDED, *};
use crate::list::{HashKind, Kind, ListSettings, MailHash, Mark, NewEntry, Time};
use proptest::prelude::*;

pub(super) const NOW: Time = Time::from_seconds(1_767_225_600);

pub(super) fn dialect(kind: Kind) -> Dialect {
    let code = "127.0.0.10".parse().unwrap();
    let name = "dynamic".parse().unwrap();
    Dialect::of(&ListSettings { name, kind, code, hash: HashKind::Sha1, ..ListSettings::never() }, NOW)
}

pub(super) fn items_of(format: Format, dialect: &Dialect, chunks: &[&[u8]]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut reader = Reader::new(format, dialect.clone());
    for chunk in chunks {
        reader.push(chunk, &mut |item| items.push(item));
    }
    reader.finish(&mut |item| items.push(item));
    items
}

/// The entries as `!key reason`, the errors as `line:column text: error`.
pub(super) fn told(format: Format, dialect: &Dialect, body: &str) -> Vec<String> {
    items_of(format, dialect, &[body.as_bytes()]).into_iter().map(tell).collect()
}

fn tell(item: Item) -> String {
    match item {
        Item::Entry { entry, .. } => {
            let mut text = format!("{}{}", if entry.mark == Mark::Excluded { "!" } else { "" }, entry.key);
            let times = [("seen", entry.seen), ("first_seen", entry.first_seen), ("expires", entry.expires)];
            let code = entry.code.map(|code| format!(" code={code}"));
            let own = entry.text.map(|own| format!(" text={own}"));
            text.extend(code.into_iter().chain(own));
            text.extend(times.into_iter().filter_map(|(name, time)| time.map(|time| format!(" {name}={time}"))));
            if !entry.detail.reason.is_empty() {
                text.extend([" [", &*entry.detail.reason, "]"]);
            }
            text
        }
        Item::Rejected(error) => format!("{}:{} {}: {}", error.line, error.column, error.text, error.error),
        Item::BodyRejected(error) => format!("body {}:{} {}", error.line, error.column, error.error),
    }
}

fn text(kind: Kind, body: &str) -> Vec<String> {
    told(Format::Text, &dialect(kind), body)
}

#[test]
fn a_line_of_text_is_a_key_and_a_remark() {
    let body = "\u{feff}# head\n; head\n\n192.0.2.1\r\n 192.0.2.0/24\t10\n!192.0.2.9;why\n198.51.100.1,spam, again\n2001:db8::/32 # a # b\n203.0.113.7#x\n";
    let expected = [
        "192.0.2.1",
        "192.0.2.0/24 [10]",
        "!192.0.2.9 [why]",
        "198.51.100.1 [spam, again]",
        "2001:db8::/32 [a # b]",
        "203.0.113.7 [x]",
    ];
    assert_eq!(text(Kind::Spam, body), expected);
}

#[test]
fn a_range_is_the_prefixes_that_cover_it() {
    for body in
        ["192.0.2.3-192.0.2.4 x", "192.0.2.3 - 192.0.2.4 x", "192.0.2.3 -192.0.2.4,x", "192.0.2.3- 192.0.2.4 # x"]
    {
        assert_eq!(text(Kind::Spam, body), ["192.0.2.3 [x]", "192.0.2.4 [x]"], "{body}");
    }
    assert_eq!(text(Kind::Spam, "!2001:db8::-2001:db8::ffff"), ["!2001:db8::/112"]);
    assert_eq!(text(Kind::Spam, "192.0.2.3 - 5 reports"), ["192.0.2.3 [- 5 reports]"]);
    assert_eq!(text(Kind::Spam, "192.0.2.3 - dynamic"), ["192.0.2.3 [- dynamic]"]);
    for body in ["192.0.2.4-192.0.2.3", "192.0.2.3-9", "192.0.2.3 - 192.0.2.300", "192.0.2.3-2001:db8::"] {
        assert!(text(Kind::Spam, body)[0].contains("range"), "{:?}", text(Kind::Spam, body));
    }
}

#[test]
fn a_name_covers_what_its_sign_says() {
    let body = "Example.ORG bad\n=only.example\n*.below.example\n!.cookie.example.\nbücher.example";
    let expected =
        ["example.org [bad]", "=only.example", "*.below.example", "!cookie.example", "xn--bcher-kva.example"];
    assert_eq!(text(Kind::Domain, body), expected);
    assert_eq!(text(Kind::Never, "1.2.3.4-5.example.org\n1.2.3.4"), ["1.2.3.4-5.example.org", "1.2.3.4"]);
}

#[test]
fn a_rejected_line_says_where_and_what_to_write() {
    let found = text(Kind::Spam, "192.0.2.1\n  192.0.2.1/24 é\n!\n# x\nexample.org");
    assert_eq!(
        found[1],
        "2:3   192.0.2.1/24 é: 192.0.2.1/24 has bits set below its prefix length; did you mean 192.0.2.0/24?"
    );
    assert_eq!(found[2], "3:2 !: no key before the remark");
    assert!(found[3].starts_with("5:1 example.org: not an address"), "{}", found[3]);
    let long = format!("192.0.2.1 {}\n192.0.2.2", "x".repeat(5_000));
    let found = text(Kind::Spam, &long);
    assert!(found[0].starts_with("1:1 192.0.2.1 xxx") && found[0].ends_with("shorten the remark"), "{}", found[0]);
    assert!(found[0].len() < 300 && found[1] == "192.0.2.2");
    assert_eq!(text(Kind::Spam, &format!("# {}\n192.0.2.2", "x".repeat(5_000))), ["192.0.2.2"]);
}

#[test]
fn latin_1_remarks_and_control_characters_do_not_spoil_a_line() {
    let items = items_of(Format::Text, &dialect(Kind::Spam), &[b"192.0.2.1 caf\xe9\0\x1b[31m"]);
    assert_eq!(items.into_iter().map(tell).collect::<Vec<_>>(), ["192.0.2.1 [caf\u{fffd}[31m]"]);
    let found = items_of(Format::Text, &dialect(Kind::Spam), &[b"x\0\x1b"]);
    assert!(matches!(&found[0], Item::Rejected(error) if error.text == "x  "), "{found:?}");
}

/// The address of a mail-hash list is hashed and seen no more, whatever else the line says or does wrong.
#[test]
fn a_mail_address_is_never_kept_or_shown() {
    let hash = "1ffff7d2d2b7f100df95b70e659c88e5b38ec4e6";
    let hidden = |format, body: &str| {
        let found = told(format, &dialect(Kind::MailHash), body);
        assert!(!found.concat().to_lowercase().contains("noemail"), "{found:?}");
        found
    };
    assert_eq!(
        hidden(Format::Text, "NoEmail@Example.com wrote noemail@example.com"),
        [format!("{hash} [wrote (address)]")]
    );
    assert_eq!(text(Kind::MailHash, hash), [hash]);
    let long = format!("noemail{}@example.com", "x".repeat(5_000));
    for body in ["noemail@", "noemail@exa mple", "noemail@example.com/8", "noemail%40example.com", &long] {
        hidden(Format::Text, body);
    }
    hidden(Format::Csv, "key,reason\nnoemail@,x\n\"noemail@example.com\",\"by noemail@example.com\"");
    hidden(Format::Csv, "key,code\nnoemail@example.com,noemail@example.com");
    for body in [
        r#"{"key":"noemail\u0040example.com","reason":"noemail\u0040example.com"}"#,
        r#"{"key":"noemail\u0040example.com","noemail\u0040example.com":1}"#,
        r#"{"key":"noemail@example.com","exclude":"noemail@example.com"}"#,
        r#"{"key":"a@example.com","evidence":{"private":"To: <noemail@example.com>"}}"#,
        r#"{"key":"noemail@example.com""#,
    ] {
        hidden(Format::Ndjson, body);
    }
    let items = items_of(
        Format::Ndjson,
        &dialect(Kind::MailHash),
        &[br#"{"key":"a@b.example","evidence":{"public":"x y@z.example"}}"#],
    );
    assert!(matches!(&items[0], Item::Entry { entry, .. } if &*entry.detail.public == "x (address)"), "{items:?}");
    assert!(text(Kind::Never, "noemail@example.com")[0].contains("(not shown"));
    hidden(Format::Rbldnsd(DataSet::Detect), ":2:$ of $\nnoemail@example.com\nnoemail@x_ 1");
}

#[test]
fn a_line_that_is_no_mail_address_is_refused_and_says_what_is_one() {
    for body in ["mailto:q@b.example", "a@b@c.example", "\"q@b.example"] {
        let [said] = &text(Kind::MailHash, body)[..] else { panic!("one line") };
        assert!(said.contains("(not shown") && said.contains("local part, at sign and domain"), "{said}");
    }
    let hash = |address| MailHash::of_address(HashKind::Sha1, address).unwrap();
    assert_eq!(
        text(Kind::MailHash, "\"x, y@z\"@b.example why\n\"a\\\" b\"@b.example"),
        [format!("{} [why]", hash("\"x, y@z\"@b.example")), hash("\"a\\\" b\"@b.example").to_string()]
    );
}

/// It was called no mail address, which it is.
#[test]
fn a_mail_address_in_the_list_never_is_answered_with_what_to_write_there() {
    for format in [Format::Text, Format::Csv, Format::Rbldnsd(DataSet::Detect)] {
        let [said] = &told(format, &dialect(Kind::Never), "foo@bar.example")[..] else { panic!("one line") };
        assert!(said.contains("write the hash as its list has it: SHA-1") && !said.contains("foo"), "{said}");
    }
}

fn csv(kind: Kind, body: &str) -> Vec<String> {
    told(Format::Csv, &dialect(kind), body)
}

#[test]
fn a_csv_without_header_is_key_and_reason() {
    assert_eq!(
        csv(Kind::Spam, "# c,\"\n192.0.2.1,\"a \"\"b\"\",\nc\",more\n!192.0.2.2\n"),
        ["192.0.2.1 [a \"b\", c]", "!192.0.2.2"]
    );
    assert_eq!(csv(Kind::Spam, "192.0.2.1,text,x\n,x")[0], "192.0.2.1 [text]");
    assert!(csv(Kind::Spam, ",x")[0].contains("no key in column 1"));
}

#[test]
fn a_csv_header_names_the_columns_in_any_case_and_order() {
    let body = "time,IP,Reason,seen,expires,first_seen,exclude,code,text,secret\n\
        1,192.0.2.1,why,2025-12-01,2d,2024-01-01,no,127.0.0.11,own,hush\n\
        2,192.0.2.2,,,2026-02-01T00:00:00Z,,yes,127.0.0.10,,hush\n";
    let mut admin = dialect(Kind::Spam);
    assert_eq!(
        told(Format::Csv, &admin, body),
        [
            "192.0.2.1 code=127.0.0.11 text=own seen=2025-12-01T00:00:00Z expires=2026-01-03T00:00:00Z [why]",
            "!192.0.2.2 expires=2026-02-01T00:00:00Z"
        ]
    );
    admin.may_say_first_seen = true;
    admin.reason_columns = vec!["TIME".into(), "secret".into()];
    let found = told(Format::Csv, &admin, body);
    assert!(
        found[0].contains("first_seen=2024-01-01") && found[0].ends_with("[why; TIME=1; secret=hush]"),
        "{found:?}"
    );
    assert!(found[1].ends_with("[TIME=2; secret=hush]"), "{found:?}");
    admin.reason_columns = vec!["none".into()];
    assert_eq!(told(Format::Csv, &admin, body), ["body 1:1 no column is named `none`, which reason_columns asks for"]);
    assert!(told(Format::Csv, &admin, "192.0.2.1")[0].contains("needs a first row"));
    assert_eq!(csv(Kind::Domain, "ip,domain\n192.0.2.1,example.org"), ["example.org"]);
}

/// `ip,cidr` was taken by its first column alone, and every prefix of the second left out.
#[test]
fn a_csv_header_with_two_key_columns_is_refused() {
    let said = "body 1:11 two columns name keys, `ip` (column 1) and `CIDR` (column 3); rename the one that does not hold them";
    assert_eq!(csv(Kind::Spam, "ip,reason,CIDR\n192.0.2.1,x,192.0.2.0/24\n"), [said]);
    for (kind, header) in [
        (Kind::Spam, "ip,ip"),
        (Kind::Spam, "key,network"),
        (Kind::Domain, "domain,key"),
        (Kind::Domain, "ip,cidr"),
        (Kind::Never, "ip,domain"),
    ] {
        assert!(csv(kind, &format!("{header}\n"))[0].contains("two columns name keys"), "{header}");
    }
    assert_eq!(csv(Kind::Spam, "domain,ip\nexample.org,192.0.2.1"), ["192.0.2.1"]);
}

#[test]
fn a_csv_error_points_at_its_cell() {
    let found =
        csv(Kind::Spam, "key,code,expires,exclude\n192.0.2.1,\"é\"\n192.0.2.1,,x\n192.0.2.1,,,maybe\n192.0.2.1 x,,\n");
    let places: Vec<_> = found.iter().map(|error| error.split(' ').next().unwrap()).collect();
    assert_eq!(places, ["2:11", "3:12", "4:13", "5:1"], "{found:?}");
    assert_eq!(
        csv(Kind::Spam, "192.0.2.1\n\"192.0.2.2\n192.0.2.3\n"),
        ["192.0.2.1", "body 2:1 a quote opens in this record and is never closed"]
    );
    assert!(csv(Kind::Spam, &",".repeat(300))[0].contains("at most 256 columns"));
}

fn ndjson(body: &str) -> Vec<String> {
    told(Format::Ndjson, &dialect(Kind::Spam), body)
}

#[test]
fn an_object_says_all_that_an_entry_has() {
    let body = r#"{"key":"192.0.2.0/24","source":"trap","exclude":true,"reason":"a\nb","code":"127.0.0.11","text":"own",
"#
    .replace('\n', "")
        + r#""seen":"2025-12-01","expires":"90d","evidence":{"public":"p","private":"q"}}"#;
    let items = items_of(Format::Ndjson, &dialect(Kind::Spam), &[body.as_bytes()]);
    let [Item::Entry { line: 1, source: Some(source), entry }] = &items[..] else { panic!("{items:?}") };
    assert_eq!((source.as_str(), &*entry.detail.public, &*entry.detail.private), ("trap", "p", "q"));
    let shown = tell(items[0].clone());
    assert_eq!(
        shown,
        "!192.0.2.0/24 code=127.0.0.11 text=own seen=2025-12-01T00:00:00Z expires=2026-04-01T00:00:00Z [a b]"
    );
}

#[test]
fn an_object_that_cannot_be_read_says_which_field() {
    let found = ndjson(
        "{\"key\":\"192.0.2.1\",\"expire\":1}\n\n[]\n{\"key\":\"x\"}\n{\"key\":\"192.0.2.1\", \"first_seen\":\"2025-01-01\"}\n{\"key\":\"192.0.2.1\",\"source\":\"a b\"}",
    );
    assert!(found[0].starts_with("1:27 ") && found[0].contains("unknown field `expire`"), "{found:?}");
    assert!(found[1].starts_with("3:1 ") && found[1].contains("a line is one object"), "{found:?}");
    assert!(found[2].starts_with("4:2 ") && found[2].contains("key: not an address"), "{found:?}");
    assert!(found[3].starts_with("5:21 ") && found[3].contains("only admins"), "{found:?}");
    assert!(found[4].contains("the name of a source"), "{found:?}");
    let deep = format!("{{\"key\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(ndjson(&deep)[0].starts_with("1:"), "nesting is bounded");
    let long = format!(r#"{{"key":"192.0.2.1","evidence":{{"public":"{}"}}}}"#, "x".repeat(5_000));
    assert!(ndjson(&long)[0].contains("at most 4096 octets"));
}

#[test]
fn an_end_beyond_the_times_that_are_kept_is_told_from_what_is_no_end() {
    for end in ["2300-01-01T00:00:00Z", "2106-02-08", "99999999999d", "40000d"] {
        let [said] = &ndjson(&format!(r#"{{"key":"192.0.2.1","expires":"{end}"}}"#))[..] else { panic!("one line") };
        assert!(said.contains("expires: an end later than 2106-02-07T06:28:15Z"), "{said}");
        assert!(csv(Kind::Spam, &format!("ip,expires\n192.0.2.1,{end}"))[0].contains("later than 2106-02-07"), "{end}");
    }
    assert!(ndjson(r#"{"key":"192.0.2.1","expires":"soon"}"#)[0].contains("expires: not an end"));
    assert!(ndjson(r#"{"key":"192.0.2.1","expires":"1960-01-01"}"#)[0].contains("before 1970"));
}

/// The export of a list with several sources, put as one of them: the error showed no line and no way on.
#[test]
fn a_line_of_another_source_is_shown_with_the_ways_to_take_it() {
    let own = Dialect { source: Some("isp".parse().unwrap()), ..dialect(Kind::Spam) };
    let body = "{\"key\":\"192.0.2.1\",\"source\":\"isp\"}\n{\"key\":\"192.0.2.2\"}\n{\"key\":\"192.0.2.3\",\"source\":\"trap\"}\n";
    let found = told(Format::Ndjson, &own, body);
    assert_eq!(found[..2], ["192.0.2.1", "192.0.2.2"]);
    assert!(
        found[2].starts_with("3:20 {\"key\":\"192.0.2.3\",\"source\":\"trap\"}: source: this line is of trap"),
        "{found:?}"
    );
    assert!(found[2].contains("format=csv"), "{found:?}");
    assert_eq!(ndjson(body).len(), 3, "a body that is of no source in particular");
}

#[test]
fn an_array_in_the_place_of_an_object_is_refused() {
    let [said] = &ndjson(r#"{"key":"192.0.2.1","evidence":[null,"q"]}"#)[..] else { panic!("one line") };
    assert!(said.contains("expected an object"), "{said}");
    assert!(ndjson(r#"["192.0.2.1"]"#)[0].contains("a line is one object"));
}

#[test]
fn one_object_may_spread_over_lines() {
    let read = |body: &str| {
        let mut items = Vec::new();
        read_object(body.as_bytes(), &dialect(Kind::Spam), &mut |item| items.push(item));
        items.into_iter().map(tell).collect::<Vec<_>>()
    };
    assert_eq!(read("{\n  \"key\": \"192.0.2.1\"\n}\n"), ["192.0.2.1"]);
    assert!(read("{\n  \"key\": \"x\"\n}")[0].starts_with("2:3   \"key\": \"x\": key: not an address"));
    assert!(read("{\n \"key\": \"192.0.2.1\",\n \"a\": 1}")[0].starts_with("3:"));
    assert!(read(" \n")[0].contains("empty"));
}

const ALL: [Format; 6] = [
    Format::Text,
    Format::Csv,
    Format::Ndjson,
    Format::Rbldnsd(DataSet::Detect),
    Format::Rbldnsd(DataSet::Ip6trie),
    Format::Rbldnsd(DataSet::Combined),
];
const KINDS: [Kind; 4] = [Kind::Spam, Kind::Domain, Kind::MailHash, Kind::Never];

fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[!]?[0-9]{1,3}(\\.[0-9]{1,3}){0,3}([/-][0-9]{1,3})?( :[0-9]{1,3}:.{0,5})?( ?[#;,] ?.{0,9})?",
        "[!]?[0-9a-f:]{0,20}(/[0-9]{1,3})?(:2:x)?( .{0,9})?",
        "[!=*.]{0,2}[a-zé@%$.-]{0,20}( .{0,9})?",
        "[#;:]?\\$(SOA|NS|TTL|TIMESTAMP|MAXRANGE4|DATASET|[0-9=]) ?(/?[0-9:+]{0,15}|ip4set:x|dnset y|generic)( @| [a-z0-9]{0,5})?",
        "(key|ip|reason|\"?[0-9.]{0,15}\"{0,2}|,|'=|x){0,8}",
        "\\{\"key\":\"[0-9.]{0,12}\"(,\"(expires|seen|code|source|a@b)\":(\"[0-9a-z.-]{0,12}\"|null|1))?\\}?",
        ".{0,20}",
    ]
}

proptest! {
    #[test]
    fn every_way_of_cutting_a_body_gives_the_same_items(
        lines in proptest::collection::vec(any_line(), 0..12), end in "(\r?\n)?",
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8),
        format in proptest::sample::select(&ALL[..]), kind in proptest::sample::select(&KINDS[..]),
    ) {
        let body = lines.join("\n") + &end;
        let body = body.as_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut from = 0;
        for at in cuts {
            chunks.push(&body[from..at]);
            from = at;
        }
        chunks.push(&body[from..]);
        let whole = items_of(format, &dialect(kind), &[body]);
        prop_assert_eq!(items_of(format, &dialect(kind), &chunks), whole);
    }

    #[test]
    fn no_octets_break_a_reader(
        body in proptest::collection::vec(any::<u8>(), 0..200), lines in proptest::collection::vec(any_line(), 0..6),
        format in proptest::sample::select(&ALL[..]), kind in proptest::sample::select(&KINDS[..]), texts in any::<bool>(),
    ) {
        let mut dialect = dialect(kind);
        dialect.entry_texts = texts;
        let lines = lines.join("\n");
        for item in items_of(format, &dialect, &[lines.as_bytes(), &body]) {
            if let Item::Rejected(error) | Item::BodyRejected(error) = item {
                prop_assert!(error.line >= 1 && error.column >= 1 && !error.error.is_empty());
                prop_assert!(error.text.chars().count() <= 200 && !error.text.contains(char::is_control));
            }
        }
        read_object(&body, &dialect, &mut |_| {});
    }

    /// Against the csv crate, where both take the same for a record.
    #[test]
    fn csv_cells_are_those_of_the_csv_crate(rows in proptest::collection::vec(
        proptest::collection::vec("[a-z\"',\n =é]{0,6}", 1..4), 1..4,
    )) {
        let mut written = ::csv::WriterBuilder::new().quote_style(::csv::QuoteStyle::Always).from_writer(Vec::new());
        written.write_record(["key", "a", "b", "c"]).unwrap();
        for row in &rows {
            let mut cells: Vec<&str> = row.iter().map(String::as_str).collect();
            cells.resize(3, "");
            written.write_record(["192.0.2.1"].into_iter().chain(cells)).unwrap();
        }
        let body = written.into_inner().unwrap();
        let mut dialect = dialect(Kind::Spam);
        dialect.reason_columns = ["a", "b", "c"].map(String::from).into();
        let items = items_of(Format::Csv, &dialect, &[&body]);
        prop_assert_eq!(items.len(), rows.len());
        for (item, row) in items.into_iter().zip(&rows) {
            let Item::Entry { entry: NewEntry { detail, .. }, .. } = item else { panic!("{item:?}") };
            let unshielded = row.iter().map(|cell| match cell.strip_prefix('\'') {
                Some(rest) if rest.starts_with(SHIELDED) => rest,
                _ => cell,
            });
            let cells = ["a", "b", "c"].into_iter().zip(unshielded).filter(|(_, cell)| !cell.trim().is_empty());
            let reason: Vec<_> = cells.map(|(name, cell)| format!("{name}={}", cell.trim())).collect();
            prop_assert_eq!(detail.reason.into_string(), reason.join("; ").replace('\n', " "));
        }
    }
}

/// Real lists of others: those of the repository, and more where `DNSBLD_REAL_DATA` names a directory with them. Nothing of
/// them is rejected but what is no key.
#[test]
fn real_lists_are_taken_as_they_are_found() {
    let own = format!("{}/data/lists", env!("CARGO_MANIFEST_DIR"));
    let others = std::env::var("DNSBLD_REAL_DATA").unwrap_or_default();
    let files = OWN.iter().map(|file| (&own, file)).chain(OTHERS.iter().map(|file| (&others, file)));
    for (root, (path, format, kind, rejected_at_most)) in files {
        let Some(body) = body(&format!("{root}/{path}")) else { continue };
        let items = items_of(format.parse().unwrap(), &dialect(*kind), &[&body]);
        let rejected: Vec<_> = items.iter().filter(|item| !matches!(item, Item::Entry { .. })).collect();
        let some = &rejected[..rejected.len().min(5)];
        assert!(rejected.len() <= *rejected_at_most, "{path}: {} rejected: {some:?}", rejected.len());
        assert!(items.len() > 10, "{path}: {}", items.len());
    }
}

/// The unpacked body of a file, if it is there and this build can unpack it.
fn body(path: &str) -> Option<Vec<u8>> {
    let body = std::fs::read(path).ok()?;
    if !body.starts_with(b"\x1f\x8b") {
        return Some(body);
    }
    #[cfg(feature = "store")]
    {
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*body), &mut plain).unwrap();
        Some(plain)
    }
    #[cfg(not(feature = "store"))]
    None
}

/// Path, format, kind of list, and how many lines of it are no key.
type Real = (&'static str, &'static str, Kind, usize);

const OWN: [Real; 6] = [
    ("honeypot.csv", "csv", Kind::Compromised, 0),
    ("ipsum-3.txt", "text", Kind::Compromised, 0),
    ("oxl-proxy.txt", "text", Kind::Proxy, 0),
    ("oxl-maybe-hacked.txt", "text", Kind::Compromised, 0),
    ("oxl-dynamic-nets.txt.gz", "text", Kind::Dynamic, 0),
    ("disposable-email-domains.txt", "text", Kind::Domain, 0),
];

const OTHERS: [Real; 23] = [
    ("hosts/ipsum.txt.gz", "text", Kind::Compromised, 0),
    ("hosts/oxl-proxy.txt", "text", Kind::Proxy, 0),
    ("hosts/oxl-maybe_hacked.txt", "text", Kind::Compromised, 0),
    ("hosts/oxl-scanner.txt", "text", Kind::Compromised, 0),
    ("hosts/oxl-reports-2024-11-05.csv.gz", "csv", Kind::Compromised, 0),
    ("hosts/honeypot-blocklist.csv", "csv", Kind::Compromised, 0),
    ("ranges/lordalfred-all-ipv4.txt.gz", "text", Kind::Dynamic, 0),
    ("ranges/oxl-dynamic-hosts.txt.gz", "text", Kind::Dynamic, 0),
    ("ranges/oxl-dynamic-nets.txt.gz", "text", Kind::Dynamic, 0),
    ("ranges/spfbl-block-v4-2023-06-03.txt.gz", "text", Kind::Dynamic, 0),
    ("ranges/rir-country-ipv4-2026-02-01.txt.gz", "text", Kind::Dynamic, 0),
    ("v6/x4b-datacenter-ipv6.txt", "text", Kind::Dynamic, 0),
    ("v6/oxl-dynamic-hosts-v6.txt", "text", Kind::Dynamic, 0),
    ("v6/oxl-dynamic-nets-v6.txt", "text", Kind::Dynamic, 0),
    ("v6/lordalfred-all-ipv6_merged.txt", "text", Kind::Dynamic, 0),
    ("domains/disposable_email_blocklist.conf", "text", Kind::Domain, 0),
    ("domains/maltrail-domain.txt", "text", Kind::Domain, 1),
    ("domains/xruffkez-nrd-phishing-30day.txt", "text", Kind::NewDomain, 0),
    ("rbldnsd/expurgate-resolver_output__spf-google-com", "rbldnsd", Kind::Spam, 0),
    ("rbldnsd/expurgate-resolver_output_google-xpg8-tk", "rbldnsd", Kind::Spam, 0),
    ("rbldnsd/expurgate-resolver_output_mailgun-org", "rbldnsd", Kind::Spam, 0),
    ("rbldnsd/expurgate-resolver_output_outbound-mailhop-org", "rbldnsd", Kind::Spam, 0),
    ("rbldnsd/expurgate-resolver_output_sendgrid-net", "rbldnsd", Kind::Spam, 0),
];
