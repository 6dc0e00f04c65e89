//! The other side of SMTP: one session of somebody who hands us a mail, as a state machine over octets.
//!
//! Guarantees: a mailbox that nobody waits for, and that is no trap, is refused at RCPT; of a message only the headers are
//! kept, within a bound, unless a recipient reads reports: then it is handed on whole, and forgotten; lines, commands, mistakes, recipients and octets are bounded; only CR LF "." CR LF ends a message.
//! Never: relays, authenticates, starts TLS, or reads a clock or a socket. Trusts no header: who handed the mail over is the
//! TCP peer.

use crate::limits::{
    INBOX_COMMANDS_MAX, INBOX_HEADER_OCTETS_MAX, INBOX_LINE_OCTETS_MAX, INBOX_MAIL_OCTETS_MAX, INBOX_MISTAKES_MAX,
    INBOX_RECEIVED_MAX, INBOX_RECIPIENTS_MAX,
};
use std::{net::IpAddr, sync::Arc};

/// What somebody waits for at a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// That a mail arrives, and how it came.
    Headers,
    /// What it says.
    Whole,
}

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Who handed it over: the address of the TCP connection.
    pub peer: IpAddr,
    /// The mailboxes, in lower case, without our domain.
    pub mailboxes: Vec<String>,
    /// Whether it was sent to a trap as well.
    pub trapped: bool,
    /// The envelope's sender; empty for a bounce.
    pub sender: String,
    /// Its headers, control characters escaped, cut at the bound. Evidence.
    pub headers: String,
    /// The `Received` lines among them, the latest first, unfolded.
    pub received: Vec<String>,
    /// All octets of it, where one of its mailboxes wants them; else empty.
    pub whole: Vec<u8>,
}

/// Why a mail is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untaken {
    /// The mailroom cannot take it now.
    #[error("the mailroom cannot take it now")]
    NotNow,
    /// It never will, for this reason.
    #[error("{0}")]
    Refused(String),
}

/// What the driver is to do after a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Send this.
    Reply(String),
    /// Nothing yet.
    Wait,
    /// Find out whether somebody waits for mail to this mailbox, then call [`Server::checked`].
    Check(String),
    /// Hand it on, then call [`Server::handed_on`].
    HandOn(Box<Arrival>),
    /// Send this and close.
    Close(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Helo,
    Idle,
    Recipients,
    Message,
}

/// How a piece of a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// With CR LF, as the final dot needs it before itself.
    Line,
    /// With LF alone.
    Bare,
    /// Within a line that is longer than a piece.
    None,
}

/// One session.
#[derive(Debug)]
pub struct Server {
    name: String,
    domain: String,
    traps: Arc<[String]>,
    peer: IpAddr,
    at: At,
    sender: String,
    pending: Option<String>,
    mailboxes: Vec<String>,
    trapped: usize,
    /// Whether a recipient wants the mail whole.
    keeps_whole: bool,
    whole: Vec<u8>,
    headers: Vec<u8>,
    in_headers: bool,
    /// How what was read last of a message ended.
    end: End,
    octets: usize,
    commands: usize,
    mistakes: usize,
    line: Vec<u8>,
}

impl Server {
    /// A session with `peer`. `name` is ours; mail is taken for `domain`, and for every mailbox of the domains `traps`,
    /// which are in lower case.
    #[must_use]
    pub fn new(name: &str, domain: &str, traps: Arc<[String]>, peer: IpAddr) -> Self {
        Self {
            name: name.to_owned(),
            domain: domain.to_ascii_lowercase(),
            traps,
            peer: peer.to_canonical(),
            at: At::Helo,
            sender: String::new(),
            pending: None,
            mailboxes: Vec::new(),
            trapped: 0,
            keeps_whole: false,
            whole: Vec::new(),
            headers: Vec::new(),
            in_headers: false,
            end: End::Line,
            octets: 0,
            commands: 0,
            mistakes: 0,
            line: Vec::new(),
        }
    }

    /// What we say first. `contact` tells who is behind it.
    #[must_use]
    pub fn banner(&self, contact: &str) -> String {
        format!("220 {} ESMTP nobody reads mail here; contact {contact}", self.name)
    }

    /// Takes octets until a line is whole; what is left in `octets` belongs to the next ones.
    pub fn feed(&mut self, octets: &mut &[u8]) -> Option<Act> {
        while let Some((&octet, rest)) = octets.split_first() {
            *octets = rest;
            self.line.push(octet);
            if octet == b'\n' {
                let line = std::mem::take(&mut self.line);
                return Some(if self.at == At::Message { self.text(&line) } else { self.command(&line) });
            }
            // A piece does not end between the two octets that end a line.
            if self.line.len() > INBOX_LINE_OCTETS_MAX || (self.line.len() == INBOX_LINE_OCTETS_MAX && octet != b'\r') {
                if self.at != At::Message {
                    return Some(Act::Close("500 5.5.2 line too long".into()));
                }
                // A long line of a body is passed over in pieces.
                let line = std::mem::take(&mut self.line);
                return Some(self.text(&line));
            }
        }
        None
    }

    fn mistake(&mut self, reply: &str) -> Act {
        self.mistakes += 1;
        if self.mistakes > INBOX_MISTAKES_MAX {
            return Act::Close("421 4.7.0 too many errors".into());
        }
        Act::Reply(reply.into())
    }

    fn command(&mut self, line: &[u8]) -> Act {
        self.commands += 1;
        if self.commands > INBOX_COMMANDS_MAX {
            return Act::Close("421 4.7.0 too many commands".into());
        }
        let Some(text) = line.strip_suffix(b"\r\n").and_then(|line| std::str::from_utf8(line).ok()) else {
            return self.mistake("500 5.5.2 lines end with CR LF and are text");
        };
        if text.chars().any(char::is_control) {
            return self.mistake("500 5.5.2 no control characters here");
        }
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        match (verb.to_ascii_uppercase().as_str(), self.at) {
            ("EHLO", _) if !rest.is_empty() => {
                self.forget();
                Act::Reply(format!("250-{}\r\n250-SIZE {INBOX_MAIL_OCTETS_MAX}\r\n250 8BITMIME", self.name))
            }
            ("HELO", _) if !rest.is_empty() => {
                self.forget();
                Act::Reply(format!("250 {}", self.name))
            }
            ("QUIT", _) => Act::Close("221 2.0.0 bye".into()),
            ("NOOP", _) | ("RSET", At::Helo) => Act::Reply("250 2.0.0 ok".into()),
            ("RSET", _) => {
                self.forget();
                Act::Reply("250 2.0.0 ok".into())
            }
            ("MAIL", At::Idle) => self.mail(rest),
            ("RCPT", At::Recipients) => self.rcpt(rest),
            ("DATA", At::Recipients) if !self.mailboxes.is_empty() || self.trapped > 0 => {
                self.at = At::Message;
                (self.in_headers, self.end, self.octets) = (true, End::Line, 0);
                Act::Reply("354 end with a dot alone on a line".into())
            }
            ("MAIL" | "RCPT" | "DATA", _) => self.mistake("503 5.5.1 not now"),
            _ => self.mistake("502 5.5.1 not here"),
        }
    }

    fn forget(&mut self) {
        self.at = At::Idle;
        self.sender.clear();
        self.mailboxes.clear();
        self.trapped = 0;
        self.keeps_whole = false;
        self.whole = Vec::new();
        self.headers.clear();
    }

    fn mail(&mut self, rest: &str) -> Act {
        let Some((sender, parameters)) = path(rest, "FROM:") else {
            return self.mistake("501 5.1.7 MAIL FROM:<address>");
        };
        let size =
            parameters.split(' ').find_map(|word| word.to_ascii_uppercase().strip_prefix("SIZE=").map(str::to_owned));
        if size.is_some_and(|size| size.parse().is_ok_and(|size: u64| size > INBOX_MAIL_OCTETS_MAX as u64)) {
            return self.mistake("552 5.3.4 larger than any mail that we wait for");
        }
        sender.clone_into(&mut self.sender);
        self.at = At::Recipients;
        Act::Reply("250 2.1.0 ok".into())
    }

    fn rcpt(&mut self, rest: &str) -> Act {
        let Some((address, _)) = path(rest, "TO:") else {
            return self.mistake("501 5.1.3 RCPT TO:<address>");
        };
        if self.mailboxes.len() + self.trapped >= INBOX_RECIPIENTS_MAX {
            return Act::Reply("452 4.5.3 no more recipients at a time".into());
        }
        let address = address.to_ascii_lowercase();
        match address.rsplit_once('@') {
            Some((mailbox, domain)) if domain == self.domain && !mailbox.is_empty() => {
                self.pending = Some(mailbox.to_owned());
                Act::Check(mailbox.to_owned())
            }
            Some((mailbox, domain)) if self.traps.iter().any(|trap| trap == domain) => self.trap(mailbox),
            _ => self.mistake("550 5.7.1 we take no mail for others"),
        }
    }

    /// A recipient in a domain where nobody ever had a mailbox. What innocent senders may try is refused: a bounce of a mail
    /// that somebody else forged, and the two mailboxes to which people write about mail (RFC 2142).
    fn trap(&mut self, mailbox: &str) -> Act {
        if self.sender.is_empty() || matches!(mailbox, "" | "postmaster" | "abuse") {
            return self.mistake("550 5.1.1 no such mailbox; the greeting says whom to write to");
        }
        self.trapped += 1;
        Act::Reply("250 2.1.5 ok".into())
    }

    /// What somebody waits for at the mailbox that was asked about.
    pub fn checked(&mut self, wanted: Result<Option<Wanted>, ()>) -> Act {
        let mailbox = self.pending.take();
        match (wanted, mailbox) {
            (Ok(Some(wanted)), Some(mailbox)) => {
                self.keeps_whole |= wanted == Wanted::Whole;
                if !self.mailboxes.contains(&mailbox) {
                    self.mailboxes.push(mailbox);
                }
                Act::Reply("250 2.1.5 ok".into())
            }
            (Err(()), _) => Act::Reply("451 4.3.0 try again later".into()),
            _ => self.mistake("550 5.1.1 nobody waits for mail to this address"),
        }
    }

    fn text(&mut self, line: &[u8]) -> Act {
        if line == b".\r\n" && self.end == End::Line {
            return Act::HandOn(Box::new(self.arrival()));
        }
        if self.in_headers && self.end != End::None && matches!(line, b"\r\n" | b"\n") {
            self.in_headers = false;
        }
        let end = match line {
            [.., b'\r', b'\n'] => End::Line,
            [.., b'\n'] => End::Bare,
            _ => End::None,
        };
        let line = if self.end == End::Line { line.strip_prefix(b".").unwrap_or(line) } else { line };
        // Neither the last dot nor one that was put before another counts (RFC 1870 6.1).
        self.octets += line.len();
        if self.octets > INBOX_MAIL_OCTETS_MAX {
            return Act::Close("552 5.3.4 larger than any mail that we wait for".into());
        }
        if self.keeps_whole {
            self.whole.extend_from_slice(line);
        }
        if self.in_headers {
            let room = INBOX_HEADER_OCTETS_MAX - self.headers.len();
            self.headers.extend_from_slice(&line[..line.len().min(room)]);
        }
        self.end = end;
        Act::Wait
    }

    fn arrival(&mut self) -> Arrival {
        let shown = |line: &[u8]| line.escape_ascii().to_string();
        let lines: Vec<&[u8]> =
            self.headers.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
        let mut received: Vec<String> = Vec::new();
        let mut inside = false;
        for line in &lines {
            let folded = line.first().is_some_and(|b| matches!(b, b' ' | b'\t'));
            if folded {
                if inside && let Some(last) = received.last_mut() {
                    last.push(' ');
                    last.push_str(shown(line.trim_ascii()).as_str());
                }
                continue;
            }
            inside = line.get(..9).is_some_and(|name| name.eq_ignore_ascii_case(b"received:"))
                && received.len() < INBOX_RECEIVED_MAX;
            if inside {
                received.push(shown(line[9..].trim_ascii()));
            }
        }
        let headers = lines.iter().map(|line| shown(line)).collect::<Vec<_>>().join("\n").trim_end().to_owned();
        Arrival {
            peer: self.peer,
            mailboxes: std::mem::take(&mut self.mailboxes),
            trapped: std::mem::take(&mut self.trapped) > 0,
            sender: std::mem::take(&mut self.sender),
            headers,
            received,
            whole: std::mem::take(&mut self.whole),
        }
    }

    /// What became of the mail; what is answered to its last line.
    pub fn handed_on(&mut self, taken: Result<(), Untaken>) -> Act {
        self.forget();
        Act::Reply(match taken {
            Ok(()) => "250 2.0.0 it arrived".into(),
            Err(Untaken::NotNow) => "451 4.3.0 try again later".into(),
            Err(Untaken::Refused(why)) => {
                let plain = why.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' });
                format!("550 5.7.1 {}", plain.collect::<String>())
            }
        })
    }
}

/// The address between the angle brackets after `word`, and what follows. A source route before it is passed over.
fn path<'a>(rest: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let (named, rest) = rest.split_at_checked(word.len())?;
    let rest = named.eq_ignore_ascii_case(word).then(|| rest.trim_start())?;
    let inside = rest.strip_prefix('<')?;
    let end = inside.find('>')?;
    let (address, parameters) = (&inside[..end], inside[end + 1..].trim_start());
    let address =
        if address.starts_with('@') { address.split_once(':').map_or(address, |(_, last)| last) } else { address };
    Some((address, parameters))
}

#[cfg(test)]
mod tests;
