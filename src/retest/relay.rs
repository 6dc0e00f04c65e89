//! A mail server is asked to relay, in every form that fooled one: a state machine over octets.
//!
//! Guarantees: one session tries each form once, with a token of its own; sender and recipient name nobody but the target
//! itself and our own inbox; a line, a reply and a session have bounds, and what breaks them ends the session. Whatever
//! the other side sends, each form gets a verdict, and one that was refused for want of TLS is not refused.
//! Never: takes "250" for proof (the message has to arrive); starts TLS; logs in; reads a clock or a socket.

use super::converse::Dialogue;
use crate::{
    cases::retest::{Form, Token, Verdict},
    limits::{RETEST_LINE_OCTETS_MAX, RETEST_REPLY_LINES_MAX, RETEST_SESSION_OCTETS_MAX, RETEST_TRANSCRIPT_OCTETS_MAX},
};
use std::{fmt::Write as _, net::IpAddr};

/// Who we are, in the words that every message and session carries.
#[derive(Clone, Debug)]
pub struct Tester {
    /// The name in EHLO; it has the PTR of the address that connects.
    pub ehlo: String,
    /// Whom to write to, and how to opt out.
    pub contact: String,
    /// The domain whose mail our inbox takes.
    pub domain: String,
    /// The page that says why a machine is tested.
    pub page: String,
}

/// What one session tries.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who asks.
    pub tester: Tester,
    /// The target.
    pub address: IpAddr,
    /// The date of the messages, as RFC 5322 writes it.
    pub date: String,
    /// The forms, each with its token.
    pub trials: Vec<(Form, Token)>,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Every form was tried.
    Finished,
    /// Greeting or HELO were refused: nothing was tried.
    Unwelcome,
    /// The other side closed, or said that it closes.
    Dropped,
    /// What came is not SMTP, or too much of it.
    Unruly,
    /// The time was up.
    Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Banner,
    Ehlo,
    Helo,
    Sender,
    Recipient,
    Data,
    Body,
    Reset,
    Over(End),
}

/// One session.
#[derive(Debug)]
pub struct Session {
    plan: Plan,
    at: At,
    trial: usize,
    greeted: bool,
    /// The target's own name, as its greeting gives it.
    name: Option<String>,
    verdicts: Vec<(Form, Verdict)>,
    line: Vec<u8>,
    reply_lines: usize,
    /// Whether the reply that came last speaks of encryption.
    of_tls: bool,
    octets: usize,
    transcript: String,
}

impl Session {
    /// A session that waits for the greeting.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            at: At::Banner,
            trial: 0,
            greeted: false,
            name: None,
            verdicts: Vec::new(),
            line: Vec::new(),
            reply_lines: 0,
            of_tls: false,
            octets: 0,
            transcript: String::new(),
        }
    }

    /// Whether a mail server greeted us.
    #[must_use]
    pub const fn greeted(&self) -> bool {
        self.greeted
    }

    /// What the server calls itself.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// How it ended; `None` while it goes on.
    #[must_use]
    pub const fn end(&self) -> Option<End> {
        match self.at {
            At::Over(end) => Some(end),
            _ => None,
        }
    }

    /// The forms that were tried.
    #[must_use]
    pub fn verdicts(&self) -> &[(Form, Verdict)] {
        &self.verdicts
    }

    /// The forms that this session did not come to, for another one.
    #[must_use]
    pub fn untried(&self) -> &[(Form, Token)] {
        self.plan.trials.get(self.trial..).unwrap_or_default()
    }

    /// The conversation, one line a line, control characters escaped, tokens as sent.
    #[must_use]
    pub fn transcript(&self) -> &str {
        &self.transcript
    }

    fn note(&mut self, who: char, line: &[u8]) {
        if self.transcript.len() < RETEST_TRANSCRIPT_OCTETS_MAX {
            let _infallible = writeln!(self.transcript, "{who} {}", line.escape_ascii());
        }
    }

    fn say(&mut self, command: &str) -> Vec<u8> {
        self.note('>', command.as_bytes());
        format!("{command}\r\n").into_bytes()
    }

    /// Ends the session; a form under trial without an answer has none. One that had just begun when the other side hung up
    /// over those before it (Exim does after four mistakes) is left for the next session.
    fn finish(&mut self, end: End) {
        let open = matches!(self.at, At::Sender | At::Recipient | At::Data | At::Body);
        let just_begun = self.at == At::Sender && end == End::Dropped && !self.verdicts.is_empty();
        if open && !just_begun {
            self.settle(Verdict::Unanswered);
        }
        self.at = At::Over(end);
    }

    fn settle(&mut self, verdict: Verdict) {
        if let Some((form, _)) = self.plan.trials.get(self.trial) {
            self.verdicts.push((*form, verdict));
            self.trial += 1;
        }
    }

    /// The next form that this target can be asked in, or the farewell.
    fn next_trial(&mut self) -> Vec<u8> {
        while let Some((form, token)) = self.plan.trials.get(self.trial).copied() {
            if let Some((sender, _)) = self.envelope(form, token) {
                self.at = At::Sender;
                return self.say(&format!("MAIL FROM:<{sender}>"));
            }
            self.trial += 1;
        }
        self.at = At::Over(End::Finished);
        self.say("QUIT")
    }

    /// Sender and recipient of a form; `None` where it needs a name and the target has given none.
    fn envelope(&self, form: Form, token: Token) -> Option<(String, String)> {
        let domain = &self.plan.tester.domain;
        let mailbox = format!("{}{token}", super::MAILBOX_PREFIX);
        let literal = match self.plan.address {
            IpAddr::V4(v4) => format!("[{v4}]"),
            IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
        };
        let name = || self.name.as_deref();
        let ours = format!("{mailbox}@{domain}");
        let sender = match form {
            Form::NullSender => String::new(),
            Form::OurSender => format!("{}{token}@{domain}", super::SENDER_PREFIX),
            Form::LocalSender => format!("relaytest@{}", name()?),
            Form::LocalhostSender => "relaytest@localhost".into(),
            Form::BareSender => "relaytest".into(),
            _ => format!("relaytest@{literal}"),
        };
        let recipient = match form {
            Form::PercentLiteral => format!("{mailbox}%{domain}@{literal}"),
            Form::PercentName => format!("{mailbox}%{domain}@{}", name()?),
            Form::Quoted => format!("\"{ours}\""),
            Form::QuotedPercent => format!("\"{mailbox}%{domain}\""),
            Form::DoubleLiteral => format!("{ours}@{literal}"),
            Form::QuotedLiteral => format!("\"{ours}\"@{literal}"),
            Form::DoubleName => format!("{ours}@{}", name()?),
            Form::RouteLiteral => format!("@{literal}:{ours}"),
            Form::RouteName => format!("@{}:{ours}", name()?),
            Form::Bang => format!("{domain}!{mailbox}"),
            Form::BangLiteral => format!("{domain}!{mailbox}@{literal}"),
            Form::BangName => format!("{domain}!{mailbox}@{}", name()?),
            _ => ours,
        };
        Some((sender, recipient))
    }

    fn message(&self, token: Token) -> Vec<u8> {
        let Plan { tester, address, date, .. } = &self.plan;
        let Tester { ehlo, contact, domain, page } = tester;
        let mailbox = format!("{}{token}@{domain}", super::MAILBOX_PREFIX);
        // Our inbox takes tests and bounces only: an answer goes to whom the operator named. Not as the sender, of whose domain a
        // server could refuse what is not signed by it (DMARC), and that would pass for a refusal to relay.
        let person = contact.strip_prefix("mailto:").unwrap_or(contact);
        let page_only = person.contains("://");
        let reply_to = if page_only { String::new() } else { format!("Reply-To: <{person}>\r\n") };
        format!(
            "From: Open relay test <postmaster@{domain}>\r\n{reply_to}To: <{mailbox}>\r\nDate: {date}\r\n\
             Message-ID: <{token}@{domain}>\r\nAuto-Submitted: auto-generated\r\n\
             Subject: Test whether {address} is an open relay\r\n\r\n\
             {ehlo} tests whether the mail server at {address} passes on mail of\r\nstrangers to strangers. \
             The address is on a list of open relays, and somebody\r\nasked for the test. If this message arrives at the \
             mailbox above, it does.\r\n\r\nAbout this list: {page}\r\nContact, and to opt out of tests: {contact}\r\n.\r\n"
        )
        .into_bytes()
    }

    /// A whole reply came.
    fn replied(&mut self, code: u16) -> Vec<u8> {
        let class = code / 100;
        match (self.at, class) {
            (At::Banner, 2) => {
                self.greeted = true;
                self.at = At::Ehlo;
                let ehlo = format!("EHLO {}", self.plan.tester.ehlo);
                self.say(&ehlo)
            }
            (At::Ehlo, 5) => {
                self.at = At::Helo;
                let helo = format!("HELO {}", self.plan.tester.ehlo);
                self.say(&helo)
            }
            (At::Ehlo | At::Helo | At::Reset, 2) => self.next_trial(),
            (At::Banner | At::Ehlo | At::Helo, _) => {
                self.at = At::Over(End::Unwelcome);
                self.say("QUIT")
            }
            (At::Sender | At::Recipient | At::Data | At::Body, 4 | 5) => {
                let verdict = match class {
                    // It refuses how we came, and not what was asked. A login that it wants first refuses strangers.
                    5 if self.of_tls => Verdict::Barred,
                    5 => Verdict::Refused,
                    _ => Verdict::Deferred,
                };
                let mail_open = matches!(self.at, At::Recipient | At::Data);
                self.settle(verdict);
                if code == 421 {
                    self.at = At::Over(End::Dropped);
                    return Vec::new();
                }
                if mail_open { self.reset() } else { self.next_trial() }
            }
            (At::Sender, 2) => {
                self.at = At::Recipient;
                let recipient = self.plan.trials.get(self.trial).and_then(|(form, token)| self.envelope(*form, *token));
                let (_, recipient) = recipient.expect("a form without an envelope is not begun");
                self.say(&format!("RCPT TO:<{recipient}>"))
            }
            (At::Recipient, 2) => {
                self.at = At::Data;
                self.say("DATA")
            }
            (At::Data, 3) => {
                self.at = At::Body;
                self.note('>', b"(message)");
                let token = self.plan.trials.get(self.trial).map(|(_, token)| *token);
                self.message(token.expect("a message belongs to a form"))
            }
            (At::Body, 2) => {
                self.settle(Verdict::Accepted);
                self.next_trial()
            }
            _ => {
                let end = if code == 421 { End::Dropped } else { End::Unruly };
                self.finish(end);
                Vec::new()
            }
        }
    }

    fn reset(&mut self) -> Vec<u8> {
        self.at = At::Reset;
        self.say("RSET")
    }

    /// One line of a reply; the code where it is the last one.
    fn line(&mut self) -> Result<Option<u16>, End> {
        let line = std::mem::take(&mut self.line);
        let text = line.strip_suffix(b"\r").unwrap_or(&line);
        self.note('<', text);
        let (code, rest) = text.split_at_checked(3).ok_or(End::Unruly)?;
        let code = std::str::from_utf8(code).ok().and_then(|code| code.parse::<u16>().ok()).ok_or(End::Unruly)?;
        self.reply_lines += 1;
        self.of_tls = speaks_of_tls(rest) || (self.of_tls && self.reply_lines > 1);
        if !(200..600).contains(&code) || text.contains(&0) || self.reply_lines > RETEST_REPLY_LINES_MAX {
            return Err(End::Unruly);
        }
        if matches!(self.at, At::Banner | At::Ehlo) && self.name.is_none() {
            self.name = rest.get(1..).and_then(own_name);
        }
        match rest.first() {
            Some(b'-') => Ok(None),
            Some(b' ') | None => {
                self.reply_lines = 0;
                Ok(Some(code))
            }
            Some(_) => Err(End::Unruly),
        }
    }
}

/// Whether a reply names encryption. Host names and addresses may hold these letters, and say nothing.
fn speaks_of_tls(text: &[u8]) -> bool {
    let version = |word: &[u8]| word.iter().all(|octet| matches!(octet, b'v' | b'V' | b'.' | b'0'..=b'9'));
    let names = |word: &[u8]| {
        let (head, rest) = word.split_at_checked(3).unwrap_or_default();
        let whole: [&[u8]; 4] = [b"STARTTLS", b"encryption", b"encrypted", b"5.7.10"];
        whole.iter().any(|name| word.eq_ignore_ascii_case(name)) || (head.eq_ignore_ascii_case(b"TLS") && version(rest))
    };
    text.split(|octet| !(octet.is_ascii_alphanumeric() || b".-@".contains(octet)))
        .map(|word| word.strip_suffix(b".").unwrap_or(word))
        .any(|word| names(word) || (!word.contains(&b'.') && word.split(|octet| *octet == b'-').any(names)))
}

/// The first word of a greeting where it is a host name: what the target calls itself.
fn own_name(words: &[u8]) -> Option<String> {
    let word = std::str::from_utf8(words).ok()?.split_ascii_whitespace().next()?;
    let labels = word.split('.').count();
    let plain = word.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
    });
    let letters = word.bytes().any(|b| b.is_ascii_alphabetic());
    (plain && letters && labels > 1 && word.len() <= 200).then(|| word.to_ascii_lowercase())
}

impl Dialogue for Session {
    fn opening(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn received(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut said = Vec::new();
        for &octet in octets {
            if self.is_over() {
                break;
            }
            self.octets += 1;
            if self.octets > RETEST_SESSION_OCTETS_MAX || self.line.len() >= RETEST_LINE_OCTETS_MAX {
                let line = std::mem::take(&mut self.line);
                self.note('<', &line[..line.len().min(80)]);
                self.finish(End::Unruly);
                break;
            }
            if octet != b'\n' {
                self.line.push(octet);
                continue;
            }
            match self.line() {
                Ok(None) => {}
                // An honest server answers one command at a time; what it sends beyond is read as the next answer.
                Ok(Some(code)) => said.extend(self.replied(code)),
                Err(end) => self.finish(end),
            }
        }
        said
    }

    fn closed(&mut self) {
        if !self.is_over() {
            self.finish(End::Dropped);
        }
    }

    fn timed_out(&mut self) {
        if !self.is_over() {
            self.finish(End::Late);
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.at, At::Over(_))
    }
}

#[cfg(test)]
mod tests;
