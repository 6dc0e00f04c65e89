//! One TOML table, held against the table of options.
//!
//! Guarantees: each key is one of the table's options and each value has its shape and bounds, or a mistake is noted; an
//! option that the file leaves out has the default of the table of options.
//! Never: fails. What cannot be read is `None`, and its mistake is noted.

use super::{
    mistake::{At, Page},
    options::{OPTIONS, Opt, Preset, Shape, Table},
};
use crate::{
    limits::{LISTENERS_MAX, PROXY_PORTS_MAX},
    list::{Kind, Protocol, TextFault},
};
use std::{collections::BTreeMap, fmt, str::FromStr};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A value of the right shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    /// [`Shape::Text`] and [`Shape::Date`]
    Text(String),
    /// [`Shape::Flag`]
    Flag(bool),
    /// [`Shape::Whole`]
    Whole(u64),
    /// [`Shape::Number`]
    Number(f64),
    /// [`Shape::Texts`]
    Texts(Vec<At<String>>),
    /// [`Shape::Addresses`]
    Addresses(Vec<(At<String>, Vec<At<String>>)>),
    /// [`Shape::Ports`]
    Ports(Vec<(Protocol, u16)>),
    /// [`Shape::Numbers`]
    Numbers(Vec<(At<String>, f64)>),
    /// [`Shape::Rows`]
    Rows(Vec<At<Vec<u64>>>),
}

/// The values of one table.
pub struct Fields<'p, 't> {
    page: &'p Page<'t>,
    /// Octets before the table's header.
    pub offset: usize,
    values: BTreeMap<&'static str, At<Plain>>,
}

impl<'p, 't> Fields<'p, 't> {
    /// Reads a table that stands in the file, or, without one, the defaults.
    pub fn read(page: &'p Page<'t>, table: Table, written: Option<&DeTable<'_>>, offset: usize) -> Self {
        let mut fields = Self { page, offset, values: BTreeMap::new() };
        let mut seen = Vec::new();
        for (key, value) in written.into_iter().flatten() {
            let name: &str = key.get_ref();
            if table.inner().any(|other| other.name() == name) {
                continue;
            }
            let Some(option) = table.options().find(|option| option.key == name) else {
                page.mistake(key.span().start, unknown_key(table, name));
                continue;
            };
            seen.push(option.key);
            let mut misfits = Misfits::new();
            if let Some(found) = plain(value, option.shape, &mut misfits) {
                fields.values.insert(option.key, At { value: found, offset: value.span().start });
            }
            for (offset, what) in misfits {
                page.mistake(offset, format!("{}: {what}", option.key));
            }
        }
        for option in table.options().filter(|option| !seen.contains(&option.key)) {
            match option.preset {
                Preset::Is(toml) => fields.set_default(option, toml),
                Preset::Required(example) => page.mistake(
                    offset,
                    format!("{} needs `{}`; for example: {} = {example}", table.header(), option.key, option.key),
                ),
                Preset::Absent(_) | Preset::ByKind(_) => {}
            }
        }
        fields
    }

    /// Fills in what depends on the list's kind.
    pub fn defaults_of_kind(&mut self, kind: Kind) {
        for option in Table::List.options() {
            if let Preset::ByKind(default) = option.preset
                && !self.values.contains_key(option.key)
            {
                self.set_default(option, default(kind));
            }
        }
    }

    fn set_default(&mut self, option: &Opt, toml: &'static str) {
        let value = default_value(option.shape, toml);
        self.values.insert(option.key, At { value, offset: self.offset });
    }

    /// Where the file writes `key`, if it does.
    pub fn written(&self, key: &str) -> Option<usize> {
        self.values.get(key).map(|at| at.offset).filter(|offset| *offset != self.offset)
    }

    /// Notes a mistake.
    pub fn mistake(&self, offset: usize, what: impl Into<String>) {
        self.page.mistake(offset, what);
    }

    /// A text.
    pub fn text(&self, key: &str) -> Option<At<String>> {
        match self.values.get(key)? {
            At { value: Plain::Text(text), offset } => Some(At { value: text.clone(), offset: *offset }),
            _ => None,
        }
    }

    /// A text of a TXT record, in which `faults` finds nothing.
    pub fn txt(&self, key: &str, faults: fn(&str) -> Vec<(usize, TextFault)>) -> Option<At<String>> {
        let text = self.text(key)?;
        let found = faults(&text.value);
        for (at, fault) in &found {
            let place = self.page.inside(&text, *at);
            self.mistake(place, format!("{key}: \"{}\": {fault}", text.value));
        }
        found.is_empty().then_some(text)
    }

    /// A text that `T` reads.
    pub fn parsed<T: FromStr<Err: fmt::Display>>(&self, key: &str) -> Option<At<T>> {
        self.parse(key, &self.text(key)?)
    }

    /// A text that `T` reads, or nothing where it is empty.
    pub fn parsed_unless_empty<T: FromStr<Err: fmt::Display>>(&self, key: &str) -> Option<At<Option<T>>> {
        let text = self.text(key)?;
        if text.value.is_empty() { Some(text.map(|_| None)) } else { Some(self.parse(key, &text)?.map(Some)) }
    }

    /// Texts that `T` reads; those that it does not are left out.
    pub fn parsed_all<T: FromStr<Err: fmt::Display>>(&self, key: &str) -> Vec<At<T>> {
        let Some(At { value: Plain::Texts(texts), .. }) = self.values.get(key) else { return Vec::new() };
        texts.iter().filter_map(|text| self.parse(key, text)).collect()
    }

    /// Whether the option is there, of the right shape, and empty.
    pub fn is_empty(&self, key: &str) -> bool {
        matches!(self.values.get(key), Some(At { value: Plain::Texts(texts), .. }) if texts.is_empty())
    }

    /// Names and their addresses.
    pub fn addresses<N, A>(&self, key: &str) -> Vec<(At<N>, Vec<At<A>>)>
    where
        N: FromStr<Err: fmt::Display>,
        A: FromStr<Err: fmt::Display>,
    {
        let Some(At { value: Plain::Addresses(rows), .. }) = self.values.get(key) else { return Vec::new() };
        let read = |(name, addresses): &(At<String>, Vec<At<String>>)| {
            let addresses = addresses.iter().filter_map(|text| self.parse(key, text)).collect();
            Some((self.parse(key, name)?, addresses))
        };
        rows.iter().filter_map(read).collect()
    }

    /// Protocols of proxies and their ports.
    pub fn ports(&self, key: &str) -> Option<Vec<(Protocol, u16)>> {
        match &self.values.get(key)?.value {
            Plain::Ports(ports) => Some(ports.clone()),
            _ => None,
        }
    }

    /// Names, each with a number.
    pub fn numbers<N: FromStr<Err: fmt::Display>>(&self, key: &str) -> Vec<(At<N>, f64)> {
        let Some(At { value: Plain::Numbers(rows), .. }) = self.values.get(key) else { return Vec::new() };
        rows.iter().filter_map(|(name, number)| Some((self.parse(key, name)?, *number))).collect()
    }

    /// Rows of whole numbers.
    pub fn rows(&self, key: &str) -> &[At<Vec<u64>>] {
        match self.values.get(key) {
            Some(At { value: Plain::Rows(rows), .. }) => rows,
            _ => &[],
        }
    }

    fn parse<T: FromStr<Err: fmt::Display>>(&self, key: &str, text: &At<String>) -> Option<At<T>> {
        match text.value.parse() {
            Ok(value) => Some(At { value, offset: text.offset }),
            Err(error) => {
                self.mistake(text.offset, format!("{key}: \"{}\": {error}", text.value));
                None
            }
        }
    }

    /// A flag.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.values.get(key)?.value {
            Plain::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// A whole number; its bounds are those of the table of options.
    pub fn whole<T: TryFrom<u64>>(&self, key: &str) -> Option<T> {
        match self.values.get(key)?.value {
            Plain::Whole(number) => T::try_from(number).ok(),
            _ => None,
        }
    }

    /// A number.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.values.get(key)?.value {
            Plain::Number(number) => Some(number),
            _ => None,
        }
    }
}

/// A default or an example of the table of options as a value.
pub fn default_value(shape: Shape, toml: &'static str) -> Plain {
    let value = DeValue::parse(toml).expect("a default is TOML; a test reads each");
    let mut misfits = Misfits::new();
    let value = plain(&value, shape, &mut misfits).filter(|_| misfits.is_empty());
    value.expect("a default has the shape of its option; a test reads each")
}

/// What does not have the shape of its option, each with its place.
type Misfits = Vec<(usize, String)>;

/// A value of this shape. Of a value with several parts those that fit come in, so that they can be judged as well; one of
/// which nothing fits is none.
fn plain(value: &Spanned<DeValue<'_>>, shape: Shape, misfits: &mut Misfits) -> Option<Plain> {
    let offset = value.span().start;
    let wanted = match (shape, value.get_ref()) {
        (Shape::Text | Shape::Date, DeValue::String(text)) => return Some(Plain::Text(text.to_string())),
        (Shape::Date, DeValue::Datetime(date)) => return Some(Plain::Text(date.to_string())),
        (Shape::Flag, DeValue::Boolean(flag)) => return Some(Plain::Flag(*flag)),
        (Shape::Whole(least, most), DeValue::Integer(_)) => {
            return whole(value, least, most, misfits).map(Plain::Whole);
        }
        (Shape::Number(least, most), DeValue::Integer(_) | DeValue::Float(_)) => {
            return number(value, least, most, misfits).map(Plain::Number);
        }
        (Shape::Texts(most), DeValue::Array(_)) => return texts(value, most, misfits).map(Plain::Texts),
        (Shape::Addresses, DeValue::Table(rows)) => {
            let read = |row| texts_of_row(row, misfits);
            return some_of(rows.iter().map(read)).map(Plain::Addresses);
        }
        (Shape::Ports, DeValue::Table(rows)) => {
            let read = |row| ports(row, misfits);
            return some_of(rows.iter().map(read)).map(|rows| Plain::Ports(rows.concat()));
        }
        (Shape::Numbers(least, most), DeValue::Table(rows)) => {
            let read = |(name, value)| Some((named(name), number(value, least, most, misfits)?));
            return some_of(rows.iter().map(read)).map(Plain::Numbers);
        }
        (Shape::Rows(width), DeValue::Array(rows)) => {
            let read = |row| row_of(row, width, misfits);
            return some_of(rows.iter().map(read)).map(Plain::Rows);
        }
        (Shape::Numbers(..), _) => "{ name = 1.0 }",
        (Shape::Rows(_), _) => "rows of whole numbers: [[64, 56, 3]]",
        (Shape::Text, _) => "a text in quotes",
        (Shape::Date, _) => "a date as 2027-06-30",
        (Shape::Flag, _) => "true or false",
        (Shape::Whole(..), _) => "a whole number",
        (Shape::Number(..), _) => "a number",
        (Shape::Texts(_), _) => "texts in brackets: [\"...\"]",
        (Shape::Addresses, _) => "{ \"name\" = [\"address\"] }",
        (Shape::Ports, _) => "{ connect = [8080], socks5 = [1080] }",
    };
    misfits.push((offset, format!("this is {}; write {wanted}", described(value.get_ref()))));
    None
}

/// What fits of several; none where there were some and none of them fits.
fn some_of<T>(parts: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let (mut all, mut fitting) = (0, Vec::new());
    for part in parts {
        all += 1;
        fitting.extend(part);
    }
    (all == 0 || !fitting.is_empty()).then_some(fitting)
}

type Name<'i> = Spanned<std::borrow::Cow<'i, str>>;
type Row<'r, 'i> = (&'r Name<'i>, &'r Spanned<DeValue<'i>>);

fn named(name: &Name<'_>) -> At<String> {
    At { value: name.get_ref().to_string(), offset: name.span().start }
}

fn texts_of_row((name, value): Row<'_, '_>, misfits: &mut Misfits) -> Option<(At<String>, Vec<At<String>>)> {
    Some((named(name), texts(value, LISTENERS_MAX, misfits)?))
}

/// The ports of one protocol.
fn ports((name, value): Row<'_, '_>, misfits: &mut Misfits) -> Option<Vec<(Protocol, u16)>> {
    let protocol = Protocol::ALL.into_iter().find(|protocol| protocol.as_str() == name.get_ref().as_ref());
    if protocol.is_none() {
        let known = Protocol::ALL.map(Protocol::as_str).join(", ");
        misfits.push((name.span().start, format!("there is no protocol `{}`; there are {known}", name.get_ref())));
    }
    let DeValue::Array(items) = value.get_ref() else {
        misfits.push((value.span().start, "write ports in brackets: [8080, 3128]".into()));
        return None;
    };
    if items.len() > PROXY_PORTS_MAX {
        misfits.push((value.span().start, format!("at most {PROXY_PORTS_MAX} ports are possible for a protocol")));
        return None;
    }
    let port = |item: &Spanned<DeValue<'_>>| match plain(item, Shape::Whole(1, 65_535), misfits)? {
        Plain::Whole(port) => Some(port as u16),
        _ => None,
    };
    let ports: Vec<u16> = items.iter().filter_map(port).collect();
    let protocol = protocol?;
    Some(ports.into_iter().map(|port| (protocol, port)).collect())
}

fn whole(value: &Spanned<DeValue<'_>>, least: u64, most: u64, misfits: &mut Misfits) -> Option<u64> {
    let number = integer(value).filter(|number| (least..=most).contains(number));
    if number.is_none() {
        misfits.push((value.span().start, format!("write a whole number from {least} to {most}")));
    }
    number
}

fn integer(value: &Spanned<DeValue<'_>>) -> Option<u64> {
    match value.get_ref() {
        DeValue::Integer(number) => u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok(),
        _ => None,
    }
}

fn number(value: &Spanned<DeValue<'_>>, least: f64, most: f64, misfits: &mut Misfits) -> Option<f64> {
    let text = match value.get_ref() {
        DeValue::Integer(number) => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        _ => "",
    };
    let number = text.replace('_', "").parse().ok().filter(|number| (least..=most).contains(number));
    if number.is_none() {
        misfits.push((value.span().start, format!("write a number from {least} to {most}")));
    }
    number
}

fn row_of(row: &Spanned<DeValue<'_>>, width: usize, misfits: &mut Misfits) -> Option<At<Vec<u64>>> {
    let offset = row.span().start;
    let cells = match row.get_ref() {
        DeValue::Array(cells) => cells.iter().map(integer).collect::<Option<Vec<u64>>>(),
        _ => None,
    };
    let cells = cells.filter(|cells| cells.len() == width);
    if cells.is_none() {
        misfits.push((offset, format!("write {width} whole numbers in brackets")));
    }
    cells.map(|value| At { value, offset })
}

fn texts(value: &Spanned<DeValue<'_>>, most: usize, misfits: &mut Misfits) -> Option<Vec<At<String>>> {
    let mut misfit = |value: &Spanned<DeValue<'_>>, wanted| {
        misfits.push((value.span().start, format!("this is {}; write {wanted}", described(value.get_ref()))));
    };
    let DeValue::Array(items) = value.get_ref() else {
        misfit(value, "texts in brackets: [\"...\"]");
        return None;
    };
    if items.len() > most {
        misfits.push((value.span().start, format!("at most {most} are possible here, these are {}", items.len())));
        return None;
    }
    some_of(items.iter().map(|item| {
        if let DeValue::String(text) = item.get_ref() {
            return Some(At { value: text.to_string(), offset: item.span().start });
        }
        misfit(item, "a text in quotes");
        None
    }))
}

fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

fn unknown_key(table: Table, name: &str) -> String {
    let near = |word: &&str| distance(word, name) <= 1 + word.len() / 5;
    if let Some(key) = table.options().map(|option| option.key).find(near) {
        return format!("unknown key `{name}`; did you mean `{key}`?");
    }
    let tables = Table::ALL.iter().filter(|other| **other != Table::Top);
    if table == Table::Top
        && let Some(other) = tables.clone().find(|other| near(&other.name()) || name == format!("{}s", other.name()))
    {
        return format!("unknown key `{name}`; did you mean {}?", other.header());
    }
    let homes: Vec<&str> = OPTIONS.iter().filter(|option| option.key == name).map(|o| o.table.header()).collect();
    if !homes.is_empty() {
        return format!("`{name}` does not stand in {}; write it under {}", table.header(), homes.join(" or "));
    }
    let known: Vec<&str> = table.options().map(|option| option.key).collect();
    format!("unknown key `{name}`; {} knows {}", table.header(), known.join(", "))
}

/// How many characters differ (Levenshtein), for words of a few characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
