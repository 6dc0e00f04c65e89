//! `dnsbld export`: what a list holds, or what a zone serves, as of one serial.
//!
//! Guarantees: ends with 0 only when the whole export arrived.
//! Never: holds the export in memory.

use super::{
    Connection, Failure,
    client::{Client, escaped},
    done,
};
use std::io::{self, Read, Write as _};

/// Write a list or a zone to standard output.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dnsbld export dynamic > dynamic.txt
  dnsbld export bl.example.org --format rbldnsd
  dnsbld export dbl.example.org --format rpz

A name with a dot is a zone, one without is a list; --zone says so of an origin without a dot.
Formats: text, csv, ndjson, rbldnsd, rpz, bind.")]
pub struct Export {
    /// The list or the origin of the zone
    #[arg(value_name = "LIST|ZONE")]
    name: String,
    /// text, csv, ndjson, rbldnsd, rpz or bind
    #[arg(long)]
    format: Option<String>,
    /// The name is that of a zone
    #[arg(long)]
    zone: bool,
}

impl Export {
    /// Copies the answer to standard output.
    pub fn run(&self, connection: &Connection) -> Result<(), Failure> {
        let what = if self.zone || self.name.contains('.') { "zones" } else { "lists" };
        let format = self.format.as_ref().map(|format| format!("?format={}", escaped(format))).unwrap_or_default();
        let path = format!("/api/v1/{what}/{}/export{format}", escaped(&self.name));
        let mut answer = Client::find(connection)?.stream(&path)?;
        let mut out = io::stdout().lock();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = answer.read(&mut buffer);
            let octets = read.map_err(|error| Failure::Refused(format!("the export broke off: {error}")))?;
            if octets == 0 {
                return done(out.flush());
            }
            if let Err(error) = out.write_all(&buffer[..octets]) {
                return done(Err(error));
            }
        }
    }
}
