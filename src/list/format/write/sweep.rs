//! Lays what lists say at their keys over what they say at wider ones, key after key.
//!
//! The keys come in order, so all that covers a key is on a stack when the key comes: that is the rule of match without an
//! index. Where the list `never` (if it takes part) holds a place, no list answers there.
//!
//! Guarantees: memory for the keys around the current one only.
//! Never: looks ahead: what lies inside a key is not known yet when the key is placed.

use super::gather::{Decided, Tag};
use crate::list::{Key, ListedName, Prefix, Scope};
use std::rc::Rc;

/// What one list says for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub part: usize,
    pub tag: Tag,
    /// The name that decides, where a text has to tell it.
    pub decides: Option<Rc<str>>,
}

/// The place in a walk over keys.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// Which part is the list `never`.
    never: Option<usize>,
    prefixes: Vec<(Prefix, Vec<Said>)>,
    names: Vec<Node>,
}

/// What is answered at a key, and what would be if the key were not there.
#[derive(Debug)]
pub(super) struct Placed {
    pub key: Key,
    pub inherited: Vec<Said>,
    pub answer: Vec<Said>,
}

impl Placed {
    /// Whether a format that lists and exempts has to name the key.
    pub(super) fn tells(&self) -> bool {
        !self.answer.is_empty() || !self.inherited.is_empty()
    }
}

impl Sweep {
    pub(super) fn new(never: Option<usize>) -> Self {
        Self { never, ..Self::default() }
    }

    /// Takes what the lists say at the next prefix, name (with all its scopes) or hash. A name gives two answers.
    pub(super) fn place(&mut self, decided: &[&Decided]) -> Vec<Placed> {
        match decided.first().map(|one| &one.key) {
            Some(Key::Prefix(prefix)) => vec![self.prefix(*prefix, decided)],
            Some(Key::Name(name)) => self.name(name.name(), decided).into(),
            Some(Key::Hash(hash)) => {
                let said = at_name(decided, Asked::Itself);
                let answer = over(&[], said.iter().map(|(part, tags)| (*part, tags.as_deref())), None);
                vec![Placed { key: Key::Hash(*hash), inherited: Vec::new(), answer: served(self.never, &answer) }]
            }
            None => Vec::new(),
        }
    }

    fn prefix(&mut self, prefix: Prefix, decided: &[&Decided]) -> Placed {
        while self.prefixes.last().is_some_and(|(wide, _)| !wide.covers(prefix)) {
            self.prefixes.pop();
        }
        let inherited = self.prefixes.last().map_or(&[][..], |(_, said)| said);
        let answer = over(inherited, at_prefix(decided), None);
        let placed = Placed {
            key: Key::Prefix(prefix),
            inherited: served(self.never, inherited),
            answer: served(self.never, &answer),
        };
        self.prefixes.push((prefix, answer));
        placed
    }

    fn name(&mut self, name: &str, decided: &[&Decided]) -> [Placed; 2] {
        climb(&mut self.names, name);
        let inherited = self.names.last().map_or(&[][..], |node| &node.below);
        let answer = |asked| {
            let said = at_name(decided, asked);
            over(inherited, said.iter().map(|(part, tags)| (*part, tags.as_deref())), None)
        };
        let (itself, below) = (answer(Asked::Itself), answer(Asked::Below));
        let placed = [(Scope::Itself, &itself), (Scope::Below, &below)].map(|(scope, answer)| Placed {
            key: Key::Name(ListedName::new(name, scope).expect("it is a name already")),
            inherited: served(self.never, inherited),
            answer: served(self.never, answer),
        });
        self.names.push(Node { name: name.into(), below });
        placed
    }
}

/// What is left of an answer: nothing, where `never` holds the place.
pub(super) fn served(never: Option<usize>, answer: &[Said]) -> Vec<Said> {
    let masked = answer.iter().any(|said| Some(said.part) == never);
    if masked { Vec::new() } else { answer.to_vec() }
}

/// What the lists say at one prefix.
pub(super) fn at_prefix<'a>(decided: &'a [&Decided]) -> impl Iterator<Item = (usize, Option<&'a [Tag]>)> {
    decided.iter().map(|one| (one.part, (!one.tags.is_empty()).then_some(&*one.tags)))
}

/// An answer with what the lists say at a narrower place laid over it: `None` for a list that excludes it. `name` is that
/// place, where texts have to tell it.
pub(super) fn over<'a>(
    inherited: &[Said],
    here: impl IntoIterator<Item = (usize, Option<&'a [Tag]>)>,
    name: Option<&Rc<str>>,
) -> Vec<Said> {
    let mut answer = inherited.to_vec();
    for (part, tags) in here {
        answer.retain(|said| said.part != part);
        let tags = tags.unwrap_or_default();
        answer.extend(tags.iter().map(|tag| Said { part, tag: tag.clone(), decides: name.cloned() }));
    }
    answer.sort_by_key(|said| (said.part, said.tag.code));
    answer
}

/// Whether a question is for a listed name itself or for one below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Itself,
    Below,
}

/// What the lists say at one name, to a question of one sort: exclusions that cover it win, codes come together.
pub(super) fn at_name(decided: &[&Decided], asked: Asked) -> Vec<(usize, Option<Vec<Tag>>)> {
    let mut said: Vec<(usize, Option<Vec<Tag>>)> = Vec::new();
    for one in decided.iter().filter(|one| reaches(&one.key, asked)) {
        let excluded = one.tags.is_empty();
        match said.last_mut().filter(|(part, _)| *part == one.part) {
            Some((_, tags)) if excluded => *tags = None,
            Some((_, Some(tags))) => {
                tags.extend(one.tags.iter().cloned());
                tags.sort_by_key(|tag| (tag.code, tag.text.is_none()));
                tags.dedup_by_key(|tag| tag.code);
            }
            Some((_, None)) => {}
            None => said.push((one.part, (!excluded).then(|| one.tags.clone()))),
        }
    }
    said
}

fn reaches(key: &Key, asked: Asked) -> bool {
    match key {
        Key::Name(name) => match name.scope() {
            Scope::All => true,
            Scope::Itself => asked == Asked::Itself,
            Scope::Below => asked == Asked::Below,
        },
        Key::Hash(_) => asked == Asked::Itself,
        Key::Prefix(_) => false,
    }
}

/// A name and below, with what decides below it.
#[derive(Debug)]
pub(super) struct Node {
    pub name: Box<str>,
    pub below: Vec<Said>,
}

/// Leaves on the stack only the nodes that `name` lies below.
pub(super) fn climb(stack: &mut Vec<Node>, name: &str) {
    while let Some(top) = stack.last() {
        let inside = name.strip_suffix(&*top.name).is_some_and(|before| before.ends_with('.'));
        if inside {
            return;
        }
        stack.pop();
    }
}
