//! The own texts of a list's entries: each is kept once, and entries name it by its number.
//!
//! Guarantees: [`View::texts_in_use`] names every text that a row still needs: those of all generations, in force or kept for
//! an undo, and of what an undo would bring back. History and journal hold their texts themselves.
//! Never: gives numbers; that is `change`.

use super::{
    ReadError,
    read::View,
    schema::{Column, ListId, RowKey, SourceId, split_entry_row},
    values::{damaged, read_entry},
    write::Batch,
};
use crate::list::{SourceName, TextId};
use std::{collections::HashSet, sync::Arc};

impl View<'_> {
    /// The texts of a list, by number.
    pub fn texts(&self, list: ListId) -> Result<Vec<(TextId, Arc<str>)>, ReadError> {
        let from = RowKey::list(list);
        let mut rows = self.range(Column::Text, from.0.clone(), from.end());
        let mut found = Vec::new();
        while let Some((row, value)) = rows.next()? {
            let id = row.get(2..).and_then(|id| Some(u16::from_be_bytes(id.try_into().ok()?)));
            let read = id.zip(std::str::from_utf8(value).ok());
            let (id, text) = read.ok_or_else(|| damaged(Column::Text, row))?;
            found.push((TextId(id), text.into()));
        }
        Ok(found)
    }

    /// One text of a list.
    pub fn text(&self, list: ListId, id: TextId) -> Result<Option<Box<str>>, ReadError> {
        let row = RowKey::list(list).u16(id.0).0;
        let Some(octets) = self.get(Column::Text, &row)? else { return Ok(None) };
        let text = String::from_utf8(octets).map_err(|_| damaged(Column::Text, &row))?;
        Ok(Some(text.into()))
    }

    /// The numbers of the texts that entries in force carry, and of all that the list still needs. Walks the whole list.
    pub fn texts_in_use(&self, list: ListId) -> Result<(HashSet<TextId>, HashSet<TextId>), ReadError> {
        let (mut carried, mut used) = (HashSet::new(), HashSet::new());
        self.each_text(list, &|| false, |text, _, in_force| {
            used.insert(text);
            if in_force {
                carried.insert(text);
            }
        })?;
        for source in self.catalog().sources(list) {
            let before = self.undo_keys(list, source.id)?;
            used.extend(before.into_iter().filter_map(|(_, before)| before?.0.text));
        }
        Ok((carried, used))
    }

    /// The numbers of the texts that entries in force of other sources carry. Walks the whole list; some of them, where it
    /// `stops` on the way.
    pub fn texts_of_others(
        &self,
        list: ListId,
        than: &SourceName,
        stops: &dyn Fn() -> bool,
    ) -> Result<HashSet<TextId>, ReadError> {
        let than = self.catalog().source_named(list, than).map(|source| source.id);
        let mut carried = HashSet::new();
        self.each_text(list, stops, |text, source, in_force| {
            if in_force && Some(source) != than {
                carried.insert(text);
            }
        })?;
        Ok(carried)
    }

    /// Every text that an entry names, until it `stops`: whose, and whether it is in force.
    fn each_text(
        &self,
        list: ListId,
        stops: &dyn Fn() -> bool,
        mut each: impl FnMut(TextId, SourceId, bool),
    ) -> Result<(), ReadError> {
        let from = RowKey::list(list);
        let mut rows = self.whole_range(Column::Entry, from.0.clone(), from.end());
        while !stops()
            && let Some((row, value)) = rows.next()?
        {
            let entry = read_entry(value).ok_or_else(|| damaged(Column::Entry, row))?;
            let Some(text) = entry.text else { continue };
            let split = row.get(2..).and_then(split_entry_row);
            let (_, source, generation) = split.ok_or_else(|| damaged(Column::Entry, row))?;
            let known = self.catalog().source(list, source);
            each(text, source, known.is_some_and(|source| source.row.generation == generation));
        }
        Ok(())
    }
}

impl Batch {
    /// Gives a text of a list its number.
    pub fn put_text(&mut self, list: ListId, id: TextId, text: &str) {
        self.put(Column::Text, text_row(list, id), text.as_bytes().to_vec());
    }

    /// The number is free again: no row names it any more.
    pub fn delete_text(&mut self, list: ListId, id: TextId) {
        self.delete(Column::Text, text_row(list, id));
    }
}

fn text_row(list: ListId, id: TextId) -> Vec<u8> {
    RowKey::list(list).u16(id.0).0
}
