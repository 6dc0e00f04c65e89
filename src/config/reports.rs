//! `[list.reports]` of one `[[list]]`.
//!
//! Guarantees: a rule that is read can list something, and never on the word of one reporter.
//! Never: looks at another list.

use super::{fields::Fields, mistake::Page, options::Table, words::Span};
use crate::{
    limits::REPORTS_WITHIN_MAX,
    list::{Kind, Prefix, ReportKind, ReportRule, Widening},
};
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// The kinds of lists that reports may fill.
const REPORTED: [Kind; 4] = [Kind::Compromised, Kind::Relay, Kind::Proxy, Kind::Spam];

/// Reads the table inside `list`, if it is there. Nothing where it has mistakes: they are noted.
pub fn read_reports(page: &Page<'_>, list: &DeTable<'_>, kind: Kind, widest_v6: u8) -> Option<Arc<ReportRule>> {
    let written = list.get(Table::Reports.name())?;
    let offset = written.span().start;
    let DeValue::Table(values) = written.get_ref() else {
        page.mistake(offset, "reports is a table of a list: write its header [list.reports] below the list's options");
        return None;
    };
    if !REPORTED.contains(&kind) {
        let kind = kind.as_str();
        page.mistake(
            offset,
            format!("[list.reports]: reports list single hosts, in lists of kind compromised, relay, proxy or spam; this list is of kind {kind}"),
        );
    }
    let fields = Fields::read(page, Table::Reports, Some(values), offset);
    let weights = read_weights(&fields);
    let within = fields.parsed::<Span>("within");
    if let Some(within) = within.filter(|within| within.value.0.seconds() > REPORTS_WITHIN_MAX) {
        fields.mistake(within.offset, "within: reports are kept for 90d at most");
    }
    let widen_v6 = read_widening(&fields, widest_v6);
    let spare = fields.parsed_all::<Prefix>("spare").into_iter().map(|at| at.value).collect();
    let span = |key| fields.parsed::<Span>(key).map(|at| at.value.0);
    let rule = || {
        Some(ReportRule {
            weights,
            threshold: fields.number("threshold")?,
            reporters: fields.whole("reporters")?,
            within: within?.value.0,
            half_life: span("half_life")?,
            per_reporter: fields.number("per_reporter")?,
            expires: span("expires")?,
            widen_v6,
            spare,
        })
    };
    rule().map(Arc::new)
}

/// The kinds that count, with their weights.
fn read_weights(fields: &Fields<'_, '_>) -> Vec<(ReportKind, f64)> {
    let given = fields.numbers::<ReportKind>("weights");
    let kinds = fields.parsed_all::<ReportKind>("kinds");
    if fields.is_empty("kinds") {
        fields.mistake(fields.offset, "kinds: name at least one, for example kinds = [\"trap\"]");
    }
    let mut weights: Vec<(ReportKind, f64)> = Vec::new();
    for kind in &kinds {
        if weights.iter().any(|(other, _)| *other == kind.value) {
            fields.mistake(kind.offset, format!("kinds: `{}` stands here twice; leave one out", kind.value));
            continue;
        }
        match given.iter().find(|(named, _)| named.value == kind.value) {
            Some((_, weight)) => weights.push((kind.value, *weight)),
            None => fields.mistake(kind.offset, format!("kinds: `{}` has no weight; add it to weights", kind.value)),
        }
    }
    if let Some(place) = fields.written("weights") {
        for (named, _) in given.iter().filter(|(named, _)| !kinds.iter().any(|kind| kind.value == named.value)) {
            let what = format!("weights: `{}` is not in kinds, so it would not count; add it there", named.value);
            fields.mistake(named.offset.max(place), what);
        }
    }
    weights
}

fn read_widening(fields: &Fields<'_, '_>, widest: u8) -> Vec<Widening> {
    let mut steps: Vec<Widening> = Vec::new();
    for row in fields.rows("widen_v6") {
        let [from, to, count] = row.value[..] else { continue };
        if from > 128 || to >= from || !(2..=65_536).contains(&count) {
            fields.mistake(
                row.offset,
                "widen_v6: a row is [length, shorter length, how many], as [64, 56, 3]: lengths up to 128, two to 65,536 of them",
            );
            continue;
        }
        let step = Widening { from: from as u8, to: to as u8, count: count as u32 };
        if step.to < widest {
            let what = format!("widen_v6: a /{to} is wider than the list's widest_v6, which is {widest}");
            fields.mistake(row.offset, what);
        }
        if steps.last().is_some_and(|last| step.from != last.to) {
            fields.mistake(row.offset, "widen_v6: each row begins with the length that the one before it ends with");
        }
        steps.push(step);
    }
    steps
}
