//! What the messages must be: the same in every language, all that the code asks for, and no markup.

use super::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The ids of a language's file with the arguments that each names.
fn ids(file: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut id = String::new();
    for line in file.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, _)) = line.split_once('=')
            && line.starts_with(|c: char| c.is_ascii_lowercase())
        {
            name.trim().clone_into(&mut id);
            assert!(found.insert(id.clone(), BTreeSet::new()).is_none(), "{id} stands there twice");
        }
        let names = line.split('$').skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap());
        if let Some(args) = found.get_mut(&id) {
            args.extend(names.map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_message_is_there_in_every_language_with_the_same_arguments() {
    for (topic, files) in TOPICS {
        let english = ids(files[0]);
        assert!(!english.is_empty(), "{topic}");
        for (language, file) in Language::ALL.iter().zip(files) {
            let (there, wanted) = (ids(file), &english);
            let missing: Vec<_> = wanted.keys().filter(|id| !there.contains_key(*id)).collect();
            let more: Vec<_> = there.keys().filter(|id| !wanted.contains_key(*id)).collect();
            assert!(
                missing.is_empty() && more.is_empty(),
                "{topic} {language:?}: lacks {missing:?}, has also {more:?}"
            );
            for (id, args) in wanted {
                assert_eq!(&there[id], args, "{topic} {language:?} {id}");
            }
        }
    }
}

#[test]
fn every_file_reads_without_a_mistake_and_holds_no_markup() {
    let mut all = BTreeSet::new();
    for (topic, files) in TOPICS {
        for (language, file) in Language::ALL.iter().zip(files) {
            let read = FluentResource::try_new((*file).to_owned());
            assert!(read.is_ok(), "{topic} {language:?}: {:?}", read.err().map(|(_, errors)| errors));
            assert!(!file.contains('<') && !file.contains("&amp;"), "{topic} {language:?}");
        }
        for id in ids(files[0]).into_keys() {
            assert!(all.insert(id.clone()), "{id} stands in two topics");
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/pages/messages");
    for language in Language::ALL {
        let files = fs::read_dir(folder.join(language.tag())).unwrap().count();
        assert_eq!(files, TOPICS.len(), "a file of {language:?} is in no topic");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "html") {
            found.push(path);
        }
    }
}

#[test]
fn every_message_that_pages_ask_for_is_there() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http"), &mut files);
    let mut asked = 0;
    for file in files.iter().filter(|file| !file.ends_with("messages/tests.rs")) {
        let text = fs::read_to_string(file).unwrap();
        for call in [".say(\"", ".with(\"", ".count(\"", "messages.get(\"", "words.get(\""] {
            for id in text.split(call).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(Messages::default().has(id), "{id} of {}", file.display());
                asked += 1;
            }
        }
        for stem in text.split(".all(\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(Messages::default().has(&format!("{stem}-1")), "{stem} of {}", file.display());
        }
    }
    assert!(asked > 10);
}

#[test]
fn numbers_are_written_as_each_language_writes_them() {
    let written = |number| Language::ALL.map(|language| Messages::of(language).number(number));
    assert_eq!(written(999), ["999"; 4].map(str::to_owned));
    assert_eq!(
        written(1_234_567),
        ["1,234,567", "1.234.567", "1.234.567", "1\u{202F}234\u{202F}567"].map(str::to_owned)
    );
    let entries = |number: u64| Language::ALL.map(|language| Messages::of(language).count("entries", number));
    assert_eq!(entries(1), ["1 entry", "1 Eintrag", "1 entrada", "1 entrée"].map(str::to_owned));
    assert_eq!(entries(1_000)[1], "1.000 Einträge");
}

#[test]
fn what_is_put_into_a_message_comes_out_as_it_went_in() {
    let foreign = "<b>{ $x } { \"y\" }\u{2019}";
    assert!(Messages::default().with("title-of", "site", foreign).contains(foreign));
}
