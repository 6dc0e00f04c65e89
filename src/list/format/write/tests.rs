//! Tests of exports: the words of each format, and that it reads back.
//!
//! Guarantees: what is written in a format of bodies reads back as the same entries.
//! Never: asks what the words mean to other servers; the tests of the rule of match do.

use super::*;
use crate::list::{
    HashKind, Kind, ListName, NewEntry, Prefix,
    format::{DataSet, Dialect, Format, Item, Reader},
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn settings(name: &str, kind: Kind, code: &str) -> Arc<ListSettings> {
    Arc::new(ListSettings {
        name: name.parse().unwrap(),
        kind,
        code: code.parse().unwrap(),
        codes: vec!["127.0.0.11".parse().unwrap(), "127.0.0.12".parse().unwrap()],
        text: "{address} is listed, see {url}".into(),
        entry_texts: true,
        hash: HashKind::Sha1,
        ..ListSettings::never()
    })
}

fn heading(zone: bool) -> Heading {
    let name = |text: &str| text.parse::<ListedName>().unwrap();
    let zone = zone.then(|| ZoneHead {
        origin: name("bl.example.org"),
        ns: vec![name("ns1.example.org"), name("ns2.example.org")],
        contact: "host.master@example.org".into(),
        ttl: Duration::from_seconds(300),
        negative_ttl: Duration::from_seconds(60),
        serial: Serial(7),
        texts: Vec::new(),
        addresses: Vec::new(),
    });
    Heading { zone, serial: Serial(9), public_url: "https://bl.example".into() }
}

/// An entry of one source with nothing left out.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub part: usize,
    pub source: SourceName,
    pub entry: NewEntry,
}

pub(super) fn row(part: usize, key: &str, family: KeyFamily) -> Row {
    let (mark, key) = key.strip_prefix('!').map_or((Mark::Listed, key), |key| (Mark::Excluded, key));
    let entry = NewEntry::plain(Key::parse(key, family).unwrap(), mark);
    Row { part, source: "feed".parse().unwrap(), entry }
}

pub(super) fn write(
    format: ExportFormat,
    zone: bool,
    lists: &[Arc<ListSettings>],
    rows: &[Row],
) -> Result<String, ExportError> {
    let mut rows = rows.to_vec();
    match format.order() {
        Order::ByList => rows.sort_by(|a, b| (a.part, &a.entry.key).cmp(&(b.part, &b.entry.key))),
        Order::ByKey => rows.sort_by(|a, b| a.entry.key.cmp(&b.entry.key)),
    }
    let parts = lists
        .iter()
        .map(|list| Part { list: Arc::clone(list), combined: !["trial", "never"].contains(&list.name.as_str()) });
    let mut out = Vec::new();
    let mut writer = Writer::new(format, heading(zone), parts.collect(), &mut out)?;
    for Row { part, source, entry } in &rows {
        let exported = Exported {
            key: &entry.key,
            mark: entry.mark,
            source,
            code: entry.code,
            text: entry.text.as_deref(),
            detail: &entry.detail,
            first_seen: entry.first_seen.unwrap_or_default(),
            last_seen: entry.seen.unwrap_or_default(),
            expires: entry.expires,
        };
        writer.entry(*part, &exported, &mut out)?;
    }
    writer.finish(&mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

pub(super) fn read(format: Format, list: &ListSettings, body: &str) -> Vec<NewEntry> {
    let mut dialect = Dialect::of(list, Time::default());
    dialect.may_say_first_seen = true;
    let mut entries = Vec::new();
    let mut reader = Reader::new(format, dialect);
    let mut take = |item| match item {
        Item::Entry { entry, .. } => entries.push(entry),
        error => panic!("{error:?} in {body}"),
    };
    reader.push(body.as_bytes(), &mut take);
    reader.finish(&mut take);
    entries
}

fn example() -> (Vec<Arc<ListSettings>>, Vec<Row>) {
    let lists = vec![
        settings("relay", Kind::Relay, "127.0.0.3"),
        settings("dynamic", Kind::Dynamic, "127.0.0.10"),
        settings("trial", Kind::Spam, "127.0.0.9"),
    ];
    let address = |part, key| row(part, key, KeyFamily::Addresses);
    let mut rows = vec![
        address(0, "192.0.2.7"),
        address(0, "2001:db8::/32"),
        address(1, "192.0.2.0/30"),
        address(1, "!192.0.2.2"),
        address(2, "192.0.2.7"),
    ];
    rows[0].entry.text = Some("relay $5 \"x\" {address}".into());
    rows[0].entry.detail.reason = "=cmd|' \"x\"".into();
    rows[2].entry.code = Some("127.0.0.11".parse().unwrap());
    rows.push(Row { source: "other".parse().unwrap(), ..address(1, "192.0.2.0/30") });
    (lists, rows)
}

#[test]
fn text_has_one_line_a_key() {
    let (lists, mut rows) = example();
    rows.retain(|row| row.part < 2);
    let expected = "# relay, serial 9\n192.0.2.7 # =cmd|' \"x\"\n2001:db8::/32\n# dynamic, serial 9\n192.0.2.0/30\n!192.0.2.2\n# trial, serial 9\n";
    assert_eq!(write(ExportFormat::Text, true, &lists, &rows).unwrap(), expected);
}

#[test]
fn csv_cells_are_quoted_and_never_computed() {
    let (lists, rows) = example();
    let found = write(ExportFormat::Csv, false, &lists[..1], &rows[..1]).unwrap();
    let expected = "\"key\",\"exclude\",\"reason\",\"code\",\"text\",\"source\",\"seen\",\"expires\",\"first_seen\"\r\n\
        \"192.0.2.7\",\"\",\"'=cmd|' \"\"x\"\"\",\"\",\"relay $5 \"\"x\"\" {address}\",\"feed\",\"1970-01-01T00:00:00Z\",\"\",\"1970-01-01T00:00:00Z\"\r\n";
    assert_eq!(found, expected);
    assert!(write(ExportFormat::Csv, true, &lists, &rows).unwrap().starts_with("\"list\",\"key\","));
}

#[test]
fn ndjson_is_the_object_of_a_post() {
    let (lists, rows) = example();
    let found = write(ExportFormat::Ndjson, false, &lists[..1], &rows[..1]).unwrap();
    let expected = r#"{"key":"192.0.2.7","source":"feed","reason":"=cmd|' \"x\"","text":"relay $5 \"x\" {address}","first_seen":"1970-01-01T00:00:00Z","seen":"1970-01-01T00:00:00Z"}"#;
    assert_eq!(found, format!("{expected}\n"));
    assert!(write(ExportFormat::Ndjson, true, &lists, &rows).unwrap().starts_with("{\"list\":\"relay\","));
}

#[test]
fn rbldnsd_gets_a_data_set_for_each_list_and_family() {
    let (lists, rows) = example();
    let expected = "\
# dnsbld: each data set is the list of its name
# serial 9
$SOA 300 ns1.example.org host\\.master.example.org 7 3600 600 604800 60
$NS 300 ns1.example.org ns2.example.org
$TTL 300
$DATASET ip4trie:_test relay @
127.0.0.2 :127.0.0.3:This is a test entry (RFC 5782)
127.0.0.3 :127.0.0.3:This is a test entry (RFC 5782)
$DATASET ip4trie:relay relay @
:127.0.0.3:$ is listed, see https://bl.example/$
192.0.2.7 :127.0.0.3:relay $$5 \"x\" $ https://bl.example/$
$DATASET ip6trie:relay relay @
:127.0.0.3:$ is listed, see https://bl.example/$
2001:db8::/32
$DATASET ip4trie:_test dynamic @
127.0.0.2 :127.0.0.10:This is a test entry (RFC 5782)
127.0.0.10 :127.0.0.10:This is a test entry (RFC 5782)
$DATASET ip4trie:dynamic dynamic @
:127.0.0.10:$ is listed, see https://bl.example/$
192.0.2.0/30
!192.0.2.2
$DATASET ip4trie:dynamic dynamic @
:127.0.0.10:$ is listed, see https://bl.example/$
192.0.2.0/30 :127.0.0.11:
!192.0.2.2
$DATASET ip4trie:_test trial
127.0.0.2 :127.0.0.9:This is a test entry (RFC 5782)
127.0.0.9 :127.0.0.9:This is a test entry (RFC 5782)
$DATASET ip4trie:trial trial
:127.0.0.9:$ is listed, see https://bl.example/$
192.0.2.7
";
    assert_eq!(write(ExportFormat::Rbldnsd, true, &lists, &rows).unwrap(), expected);
    let dynamic = read(Format::Rbldnsd(DataSet::Detect), &lists[1], expected);
    assert_eq!(
        dynamic.iter().map(|entry| entry.key.to_string()).collect::<BTreeSet<_>>(),
        BTreeSet::from(["192.0.2.0/30".to_owned(), "192.0.2.2".to_owned()])
    );
}

/// Two codes with a text each were two TXT records to those who ask the mirror, and are one here.
#[test]
fn a_mirror_shows_the_text_of_the_lowest_code_alone() {
    let coded = |family, key: &str, code: Option<&str>, text: &str, source: &str| {
        let mut row = row(0, key, family);
        (row.entry.code, row.entry.text) = (code.map(|code| code.parse().unwrap()), Some(text.into()));
        Row { source: source.parse().unwrap(), ..row }
    };
    for (kind, key, written) in [(Kind::Spam, "192.0.2.7", "192.0.2.7"), (Kind::Domain, "b.example", ".b.example")] {
        let list = settings("spam", kind, "127.0.0.12");
        let family = list.family();
        let rows =
            [coded(family, key, None, "own", "a"), coded(family, key, Some("127.0.0.11"), "other {address}", "b")];
        let found = write(ExportFormat::Rbldnsd, false, &[list], &rows).unwrap();
        let lines: Vec<&str> = found.lines().filter(|line| line.starts_with(written)).collect();
        let first = format!("{written} :127.0.0.11:other $ https://bl.example/$");
        assert_eq!(lines, [first, format!("{written} :127.0.0.12:")], "{found}");
    }
}

#[test]
fn rpz_lists_and_passes_through() {
    let (lists, rows) = example();
    let expected = "\
$TTL 300
@ SOA ns1.example.org. host\\.master.example.org. 7 3600 600 604800 60
@ NS localhost.
30.0.2.0.192.rpz-ip CNAME .
32.2.2.0.192.rpz-ip CNAME rpz-passthru.
32.7.2.0.192.rpz-ip CNAME .
32.zz.db8.2001.rpz-ip CNAME .
";
    assert_eq!(write(ExportFormat::Rpz, true, &lists, &rows).unwrap(), expected);
    let names = [settings("bad", Kind::Domain, "127.0.1.2")];
    let rows = ["bad.example", "!=good.bad.example", "!other.example", "*.b.example", "=i.example"];
    let rows = rows.map(|name| row(0, name, KeyFamily::Names));
    let found = write(ExportFormat::Rpz, false, &names, &rows).unwrap();
    let expected = "\
bad.example CNAME .
*.bad.example CNAME .
good.bad.example CNAME rpz-passthru.
*.good.bad.example CNAME .
*.b.example CNAME .
i.example CNAME .
";
    assert_eq!(found.split_once("@ NS localhost.\n").map(|(_, rest)| rest).map(sorted), Some(sorted(expected)));
    let hashes = [settings("mail", Kind::MailHash, "127.0.1.2")];
    assert_eq!(write(ExportFormat::Rpz, false, &hashes, &[]), Err(ExportError::Hashes));
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_v6_trigger_shortens_the_longest_run_of_zeros() {
    let lists = [settings("dynamic", Kind::Dynamic, "127.0.0.10")];
    for (key, owner) in [
        ("2001:db8::1", "128.1.zz.db8.2001"),
        ("2001:0:0:1::/64", "64.zz.1.0.0.2001"),
        ("2001:db8:1:2:3:4:5:6", "128.6.5.4.3.2.1.db8.2001"),
        ("2001:db8:0:1:1:1:1:1", "128.1.1.1.1.1.0.db8.2001"),
        ("::/3", "3.zz"),
    ] {
        let found = write(ExportFormat::Rpz, false, &lists, &[row(0, key, KeyFamily::Addresses)]).unwrap();
        assert!(found.ends_with(&format!("\n{owner}.rpz-ip CNAME .\n")), "{found}");
    }
}

#[test]
fn bind_gets_wildcards_at_the_dots() {
    let (lists, rows) = example();
    let found = write(ExportFormat::Bind, true, &lists, &rows).unwrap();
    let expected = "\
$ORIGIN bl.example.org.
$TTL 300
@ SOA ns1.example.org. host\\.master.example.org. 7 3600 600 604800 60
@ NS ns1.example.org.
@ NS ns2.example.org.
2.0.0.127 A 127.0.0.3
2.0.0.127 A 127.0.0.10
2.0.0.127 TXT \"This is a test entry (RFC 5782)\"
2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 A 127.0.0.3
2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 A 127.0.0.10
2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 TXT \"This is a test entry (RFC 5782)\"
3.0.0.127 A 127.0.0.3
3.0.0.127 TXT \"This is a test entry (RFC 5782)\"
10.0.0.127 A 127.0.0.10
";
    assert!(found.starts_with(expected), "{found}");
    let v6 =
        "*.8.b.d.0.1.0.0.2 A 127.0.0.3\n*.8.b.d.0.1.0.0.2 TXT \"2001:db8::/32 is listed, see https://bl.example/\"\n";
    for part in [
        "7.2.0.192 A 127.0.0.3\n7.2.0.192 TXT \"relay $5 \\\"x\\\" 192.0.2.7 https://bl.example/192.0.2.7\"\n",
        "7.2.0.192.trial A 127.0.0.9\n",
        "1.2.0.192 A 127.0.0.10\n1.2.0.192 A 127.0.0.11\n1.2.0.192 TXT \"192.0.2.1 is listed, see https://bl.example/192.0.2.1\"\n",
        v6,
    ] {
        assert!(found.contains(part), "{part} in {found}");
    }
    assert!(!found.contains("\n2.2.0.192"), "a hole");
    let list = [settings("dynamic", Kind::Dynamic, "127.0.0.10")];
    let found = write(ExportFormat::Bind, false, &list, &[row(0, "10.0.0.0/15", KeyFamily::Addresses)]).unwrap();
    assert_eq!(
        found.lines().filter(|line| line.contains(" A ")).collect::<Vec<_>>(),
        ["*.0.10 A 127.0.0.10", "*.1.10 A 127.0.0.10"]
    );
}

/// DNS answers nothing for `invalid` and the test point for `test`, whatever a list says of names below them.
#[test]
fn a_mirror_has_test_points_in_place_of_entries_at_them() {
    let kinds = [(Kind::Domain, "127.0.1.2"), (Kind::MailHash, "127.0.1.3")];
    let noemail = served::noemail(HashKind::Sha1);
    let keys: [&[&str]; 2] = [&["a.2.invalid", "invalid", "b.c.test", "test", "a.example"], &[&noemail]];
    for ((kind, code), keys) in kinds.into_iter().zip(keys) {
        let list = [settings("bad", kind, code)];
        let rows: Vec<Row> = keys.iter().map(|key| row(0, key, list[0].family())).collect();
        for format in [ExportFormat::Rbldnsd, ExportFormat::Bind] {
            let zone = write(format, true, &list, &rows).unwrap();
            let of = |key: &str| zone.lines().filter(|line| line.contains(key)).count();
            assert_eq!((of("invalid"), of("c.test")), (0, 0), "{zone}");
            let others = if kind == Kind::Domain { of("a.example") > 0 } else { of(&noemail) > 0 };
            assert!(others, "{zone}");
            let alone = write(format, false, &list, &rows).unwrap();
            assert!(keys.iter().all(|key| alone.contains(key)), "a list alone has all of its keys: {alone}");
        }
    }
}

/// DNS says y.com of every name below it; the wildcard said nobody's.
#[test]
fn the_text_of_a_wildcard_names_the_name_that_decides_below_it() {
    let lists = [settings("bad-one", Kind::Domain, "127.0.1.2"), settings("bad-two", Kind::Domain, "127.0.1.3")];
    let rows = [(0, "y.com"), (1, "a.b.y.com"), (0, "!c.y.com"), (0, "=d.y.com")];
    let rows = rows.map(|(part, key)| row(part, key, KeyFamily::Names));
    let found = write(ExportFormat::Bind, true, &lists, &rows).unwrap();
    let of = |name: &str, also: &str| format!("TXT \"{name} is listed, see https://bl.example/{name}{also}\"");
    for (owner, text) in [
        ("y.com", of("y.com", "")),
        ("*.y.com", of("y.com", "")),
        ("b.y.com", of("y.com", "")),
        ("*.b.y.com", of("y.com", "")),
        ("a.b.y.com", of("y.com", "; also bad-two")),
        ("*.a.b.y.com", of("y.com", "; also bad-two")),
        ("d.y.com", of("d.y.com", "")),
        ("*.d.y.com", of("y.com", "")),
        ("*.a.b.y.com.bad-two", of("a.b.y.com", "")),
    ] {
        assert!(found.contains(&format!("\n{owner} {text}\n")), "{owner} {text} in {found}");
    }
    assert!(!found.contains("\nc.y.com TXT") && found.contains("\nc.y.com HINFO"), "{found}");
}

fn any_times() -> impl Strategy<Value = (Option<Time>, Option<Time>, Option<Time>)> {
    let time = || any::<u32>().prop_map(Time::from_seconds);
    (time().prop_map(Some), time().prop_map(Some), proptest::option::of(time()))
}

/// Entries of one source: each key once, reasons and texts as they come out of a reader.
fn any_rows(kind: Kind) -> impl Strategy<Value = Vec<Row>> {
    let family = settings("dynamic", kind, "127.0.0.10").family();
    let key = match kind {
        Kind::Domain => "[=]?([a-z]{1,2}\\.){0,2}[a-z]{2}|\\*\\.[a-z]{1,2}\\.[a-z]{2}".boxed(),
        Kind::MailHash => "[0-9a-f]{40}".boxed(),
        _ => (any::<u32>(), 0u8..=32, any::<u128>(), 0u8..=128, any::<bool>())
            .prop_map(|(four, length4, six, length6, v6)| {
                let v6 = v6.then(|| Prefix::new(ipnet::Ipv6Net::new(six.into(), length6).unwrap().trunc().into()));
                v6.and_then(Result::ok).unwrap_or(Prefix::v4(four.into(), length4)).to_string()
            })
            .boxed(),
    };
    let code = proptest::option::of(prop_oneof![Just("127.0.0.11"), Just("127.0.0.12")]);
    let text = proptest::option::of("[!-~]([ -~]{0,20}[!-~])?");
    let words = || "[a-zé'=+@\"#;,\\\\!-]?([ -~é]{0,20}[!-~])?";
    let one = (key, any::<bool>(), code, text, any_times(), words(), words());
    proptest::collection::vec(one, 0..8).prop_map(move |rows| {
        let mut unique = BTreeMap::new();
        for (key, hole, code, text, (seen, first_seen, expires), reason, public) in rows {
            let mut row = row(0, &key, family);
            row.entry.mark = if hole { Mark::Excluded } else { Mark::Listed };
            row.entry.code = code.map(|code| code.parse().unwrap()).filter(|_| !hole);
            row.entry.text = text.map(Into::into).filter(|_| !hole);
            (row.entry.seen, row.entry.first_seen, row.entry.expires) = (seen, first_seen, expires);
            let clean = |text: &str| if kind == Kind::MailHash { text.replace('@', "") } else { text.to_owned() };
            row.entry.detail.reason = clean(&reason).trim().into();
            row.entry.detail.public = clean(&public).into();
            unique.insert(row.entry.key.clone(), row);
        }
        unique.into_values().collect()
    })
}

fn round_trip(kind: Kind, rows: &[Row], export: ExportFormat, format: Format, kept: fn(&mut NewEntry)) {
    let list = settings("dynamic", kind, "127.0.0.10");
    let written = write(export, false, &[Arc::clone(&list)], rows).unwrap();
    let mut expected: Vec<NewEntry> = rows.iter().map(|row| row.entry.clone()).collect();
    expected.iter_mut().for_each(kept);
    assert_eq!(read(format, &list, &written), expected, "{written}");
}

fn drop_times(entry: &mut NewEntry) {
    (entry.seen, entry.first_seen, entry.expires) = (None, None, None);
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        (kind, rows) in proptest::sample::select(&[Kind::Spam, Kind::Domain, Kind::MailHash][..])
            .prop_flat_map(|kind| (Just(kind), any_rows(kind))),
    ) {
        round_trip(kind, &rows, ExportFormat::Ndjson, Format::Ndjson, |_| {});
        round_trip(kind, &rows, ExportFormat::Csv, Format::Csv, |entry| entry.detail.public = Box::default());
        round_trip(kind, &rows, ExportFormat::Text, Format::Text, |entry| {
            drop_times(entry);
            (entry.code, entry.text) = (None, None);
            entry.detail.public = Box::default();
        });
        // What rbldnsd cannot say: reasons, times; a text of its own it has for every listing, from the default.
        let mut rows = rows;
        for row in &mut rows {
            let own = row.entry.text.take().map_or("own".to_owned(), |text| text.replace(['{', '}'], ""));
            let own = Some(own.trim()).filter(|own| row.entry.mark == Mark::Listed && !own.is_empty());
            row.entry.text = own.map(Into::into);
            if row.entry.text.is_none() {
                row.entry.mark = Mark::Excluded;
                row.entry.code = None;
            }
        }
        round_trip(kind, &rows, ExportFormat::Rbldnsd, Format::Rbldnsd(DataSet::Detect), |entry| {
            drop_times(entry);
            entry.detail = Detail::default();
            // The URL that this server puts behind a text stands in the file.
            entry.text = entry.text.take().map(|own| format!("{own} https://bl.example/{{address}}").into());
        });
    }
}

#[test]
fn a_list_name_is_no_test_name() {
    assert!("_test".parse::<ListName>().is_err(), "data sets named so are never a list's");
}
