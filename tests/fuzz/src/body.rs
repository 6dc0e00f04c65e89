//! Any octets as the body of an import, in every format, for lists of every family, cut into chunks in two ways.
//!
//! Guarantees (else it crashes): no panic; the same items however the body is cut; no mail address in what is rejected.
#![no_main]

use dnsbld::list::{HashKind, KeyFamily, Time, format::{DataSet, Dialect, Format, Item, Reader}};
use libfuzzer_sys::fuzz_target;

fn read(format: Format, family: KeyFamily, body: &[u8], chunk: usize) -> Vec<String> {
    let dialect = Dialect {
        list: "fuzzed".parse().expect("a name"),
        family,
        code: "127.0.0.2".parse().expect("a code"),
        entry_texts: body.len() % 2 == 0,
        now: Time::from_seconds(1_800_000_000),
        source: None,
        reason_columns: vec!["asn".into()],
        may_say_first_seen: true,
        subset: None,
    };
    let mut items = Vec::new();
    let mut reader = Reader::new(format, dialect);
    let mut sink = |item: Item| items.push(format!("{item:?}"));
    for part in body.chunks(chunk) {
        reader.push(part, &mut sink);
    }
    reader.finish(&mut sink);
    items
}

fuzz_target!(|data: &[u8]| {
    let Some((head, body)) = data.split_first() else { return };
    let format = [
        Format::Text,
        Format::Csv,
        Format::Ndjson,
        Format::Rbldnsd(DataSet::Detect),
        Format::Rbldnsd(DataSet::Ip4set),
        Format::Rbldnsd(DataSet::Ip6trie),
        Format::Rbldnsd(DataSet::Dnset),
        Format::Rbldnsd(DataSet::Combined),
    ][usize::from(head % 8)];
    let family = [KeyFamily::Addresses, KeyFamily::Names, KeyFamily::Hashes(HashKind::Sha1), KeyFamily::Any]
        [usize::from(head / 8 % 4)];
    let whole = read(format, family, body, body.len().max(1));
    assert_eq!(whole, read(format, family, body, 1 + usize::from(head / 32)), "another cut, other items");
});
