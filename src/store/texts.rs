//! The own texts of a list's entries: each is kept once, and entries name it by its number.
//!
//! Guarantees: [`View::texts_in_use`] names every text that a row still needs: those of all generations, in force or kept for
//! an undo, and of what an undo would bring back. History and journal hold their texts themselves.
//! Never: gives numbers; that is `change`.

use super::{
    ReadError,
    read::View,
    schema::{Column, ListId, RowKey},
    values::{damaged, read_entry},
    write::Batch,
};
use crate::list::TextId;
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

    /// The numbers of the texts that a list still needs. Walks the whole list.
    pub fn texts_in_use(&self, list: ListId) -> Result<HashSet<TextId>, ReadError> {
        let from = RowKey::list(list);
        let mut rows = self.whole_range(Column::Entry, from.0.clone(), from.end());
        let mut used = HashSet::new();
        while let Some((row, value)) = rows.next()? {
            let entry = read_entry(value).ok_or_else(|| damaged(Column::Entry, row))?;
            used.extend(entry.text);
        }
        for source in self.catalog().sources(list) {
            let before = self.undo_keys(list, source.id)?;
            used.extend(before.into_iter().filter_map(|(_, before)| before?.0.text));
        }
        Ok(used)
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
