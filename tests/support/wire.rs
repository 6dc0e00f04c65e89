//! DNS messages as a client writes and reads them, by a reader of its own: it shares no code with the program.
//!
//! Guarantees: what is malformed can be built; what comes back is checked for its lengths and pointers.
//! Never: resolves, retries or caches.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

pub const A: u16 = 1;
pub const NS: u16 = 2;
pub const SOA: u16 = 6;
pub const TXT: u16 = 16;
pub const AAAA: u16 = 28;
pub const OPT: u16 = 41;
pub const ANY: u16 = 255;

/// One record, its data as it stands on the wire but for names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    pub name: String,
    pub rtype: u16,
    pub class: u16,
    pub ttl: u32,
    pub data: Vec<u8>,
}

/// A response.
#[derive(Clone, Debug)]
pub struct Answer {
    pub id: u16,
    pub flags: u16,
    pub rcode: u8,
    pub question: Option<(String, u16, u16)>,
    pub answers: Vec<Record>,
    pub authority: Vec<Record>,
    pub additional: Vec<Record>,
}

/// A query of one question; `additional` is appended as it is and counted as one record if not empty.
pub fn query(name: &str, qtype: u16, additional: &[u8]) -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(!additional.is_empty())];
    for label in name.trim_end_matches('.').split('.').filter(|label| !label.is_empty()) {
        message.push(u8::try_from(label.len()).expect("a label"));
        message.extend_from_slice(label.as_bytes());
    }
    message.push(0);
    message.extend_from_slice(&qtype.to_be_bytes());
    message.extend_from_slice(&1u16.to_be_bytes());
    message.extend_from_slice(additional);
    message
}

/// An OPT record: payload size, version, flags and options as (code, data).
pub fn opt(payload: u16, version: u8, flags: u16, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut data = Vec::new();
    for (code, value) in options {
        data.extend_from_slice(&code.to_be_bytes());
        data.extend_from_slice(&u16::try_from(value.len()).expect("short").to_be_bytes());
        data.extend_from_slice(value);
    }
    let mut record = vec![0, 0, 41];
    record.extend_from_slice(&payload.to_be_bytes());
    record.extend_from_slice(&[0, version]);
    record.extend_from_slice(&flags.to_be_bytes());
    record.extend_from_slice(&u16::try_from(data.len()).expect("short").to_be_bytes());
    record.extend_from_slice(&data);
    record
}

/// One message over TCP (RFC 7766).
pub fn exchange_tcp(to: SocketAddr, message: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(to).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut framed = u16::try_from(message.len()).ok()?.to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    stream.write_all(&framed).ok()?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer).ok()?;
    Some(answer)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn octet(&mut self) -> u8 {
        self.at += 1;
        self.bytes[self.at - 1]
    }

    fn short(&mut self) -> u16 {
        u16::from(self.octet()) << 8 | u16::from(self.octet())
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        let mut jumped = None;
        for _ in 0..256 {
            let length = self.octet();
            if length & 0xc0 == 0xc0 {
                let to = usize::from(length & 0x3f) << 8 | usize::from(self.octet());
                assert!(to < self.at - 2, "a pointer points backwards");
                jumped.get_or_insert(self.at);
                self.at = to;
            } else if length == 0 {
                self.at = jumped.unwrap_or(self.at);
                return name;
            } else {
                let label = &self.bytes[self.at..self.at + usize::from(length)];
                if !name.is_empty() {
                    name.push('.');
                }
                name += &String::from_utf8_lossy(label);
                self.at += usize::from(length);
            }
        }
        panic!("a name without end")
    }

    fn record(&mut self) -> Record {
        let name = self.name();
        let (rtype, class) = (self.short(), self.short());
        let ttl = u32::from(self.short()) << 16 | u32::from(self.short());
        let length = usize::from(self.short());
        let end = self.at + length;
        let data = match rtype {
            NS => self.name().into_bytes(),
            SOA => {
                let names = format!("{} {} ", self.name(), self.name());
                [names.into_bytes(), self.bytes[self.at..end].to_vec()].concat()
            }
            _ => self.bytes[self.at..end].to_vec(),
        };
        self.at = end;
        Record { name, rtype, class, ttl, data }
    }
}

impl Answer {
    /// Reads a whole message; panics where it is not one.
    pub fn read(bytes: &[u8]) -> Self {
        let mut reader = Reader { bytes, at: 0 };
        let (id, flags) = (reader.short(), reader.short());
        let counts = [reader.short(), reader.short(), reader.short(), reader.short()];
        let question = (counts[0] == 1).then(|| (reader.name(), reader.short(), reader.short()));
        let mut section = |count: u16| (0..count).map(|_| reader.record()).collect::<Vec<_>>();
        let (answers, authority, additional) = (section(counts[1]), section(counts[2]), section(counts[3]));
        assert_eq!(reader.at, bytes.len(), "octets behind the message");
        Self { id, flags, rcode: (flags & 15) as u8, question, answers, authority, additional }
    }

    /// The A records, else `NODATA`, `NXDOMAIN` or `RCODE n`; a negative answer without SOA says so.
    pub fn summary(&self) -> String {
        let addresses: Vec<String> = self
            .answers
            .iter()
            .filter(|r| r.rtype == A)
            .map(|r| r.data.iter().map(u8::to_string).collect::<Vec<_>>().join("."))
            .collect();
        let soa = if self.authority.iter().any(|r| r.rtype == SOA) { "" } else { " without SOA" };
        match self.rcode {
            0 if !addresses.is_empty() => addresses.join(" "),
            0 => format!("NODATA{soa}"),
            3 => format!("NXDOMAIN{soa}"),
            other => format!("RCODE {other}"),
        }
    }

    /// The strings of the one TXT record.
    pub fn text(&self) -> Option<String> {
        let records: Vec<&Record> = self.answers.iter().filter(|r| r.rtype == TXT).collect();
        assert!(records.len() < 2, "at most one TXT record");
        let data = &records.first()?.data;
        assert_eq!(usize::from(data[0]) + 1, data.len(), "one string");
        Some(String::from_utf8(data[1..].to_vec()).expect("printable"))
    }

    /// The OPT record of the additional section.
    pub fn opt(&self) -> Option<&Record> {
        self.additional.iter().find(|r| r.rtype == OPT)
    }
}
