//! The template of a configuration file and the README's table, printed from the table of options.
//!
//! Guarantees: the template reads without mistakes, and each value that it does not comment out is the default.
//! Never: says what the table of options does not say.

use super::options::{Opt, Preset, Shape, Table};
use crate::list::Kind;

const HEAD: &str = "\
# dnsbld: every option with its default, and one list and one zone to start from.
# What stands behind # in front of an option has no default, or one that depends on the list's kind.
# `dnsbld check-config FILE` names every mistake with its line. SIGHUP takes a changed file, but for what needs a restart.
";

/// A whole configuration file.
#[must_use]
pub fn template() -> String {
    let mut page = String::from(HEAD);
    for table in Table::ALL {
        // A table inside another one is there only for those who want what it does.
        let off = if table.parent() == Table::Top { "" } else { "# " };
        if table != Table::Top {
            page.extend(["\n", off, table.header(), "\n"]);
        }
        for option in table.options() {
            page.push('\n');
            for line in option.doc.lines() {
                page.extend(["# ", line, "\n"]);
            }
            if !option.reloads {
                page.push_str("# A new value needs a restart.\n");
            }
            let (hidden, value) = match option.preset {
                Preset::Is(value) | Preset::Required(value) => (off, value),
                Preset::Absent(value) => ("# ", value),
                Preset::ByKind(value) => ("# ", value(Kind::Dynamic)),
            };
            page.extend([hidden, option.key, " = ", value, "\n"]);
        }
    }
    page
}

/// A Markdown table of all options.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from("| option | value | default | meaning |\n|---|---|---|---|\n");
    for table in Table::ALL {
        for option in table.options() {
            page.push_str(&row(table, option));
        }
    }
    page
}

fn row(table: Table, option: &Opt) -> String {
    let name = match table {
        Table::Top => option.key.to_owned(),
        _ => format!("{} {}", table.header(), option.key),
    };
    let shape = match option.shape {
        Shape::Text => "text".to_owned(),
        Shape::Date => "date".to_owned(),
        Shape::Flag => "true, false".to_owned(),
        Shape::Whole(least, most) => format!("{least} to {most}"),
        Shape::Number(least, most) => format!("{least} to {most}, decimals too"),
        Shape::Texts(most) => format!("up to {most} texts"),
        Shape::Addresses => "names with addresses".to_owned(),
        Shape::Ports => "protocols with ports".to_owned(),
        Shape::Numbers(least, most) => format!("names, each with {least} to {most}"),
        Shape::Rows(width) => format!("rows of {width} whole numbers"),
    };
    let default = match option.preset {
        Preset::Is(value) => format!("`{value}`"),
        Preset::Required(example) => format!("needed, as `{example}`"),
        Preset::Absent(example) => format!("none; as `{example}`"),
        Preset::ByKind(value) => format!("`{}` (kind dynamic: `{}`)", value(Kind::Spam), value(Kind::Dynamic)),
    };
    let restart = if option.reloads { "" } else { " A new value needs a restart." };
    let cells = [format!("`{name}`"), shape, default, format!("{}{restart}", option.doc.replace('\n', " "))];
    format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
}
