//! The doer of errands: mail by the operator's mail server, calls of webhooks.
//!
//! Guarantees: an errand is taken off only when it is done, or after [`ERRAND_TRIES_MAX`] tries; its id goes with every try
//! (`Message-ID`, `Dnsbld-Delivery`), so that whoever gets it twice can tell; those of a round are done side by side, and the
//! next round waits for the slowest of them, [`ERRAND_MAIL_TIME`] at most.
//! Never: talks to the mail server of a recipient, or logs an address.

use super::webhook::{CallError, Caller, Signer, signature};
use crate::{
    cases::{Desk, Due, Fault, Task},
    limits::{ERRAND_MAIL_TIME, ERRAND_TRIES_MAX, ERRAND_WAITS, ERRANDS_AT_ONCE, ERRANDS_EVERY},
    list::Duration,
};
use futures_util::future::join_all;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::extension::ClientId,
};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// How mail leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The operator's mail server, a host and a port; `None`: no mail is sent.
    pub relay: Option<(String, u16)>,
    /// The sender.
    pub from: String,
}

/// Hands mail to the operator's mail server.
#[derive(Clone, Debug)]
pub struct Post(pub Settings);

/// Why an errand was not done.
#[derive(Debug, thiserror::Error)]
enum Undone {
    /// To be tried again.
    #[error("{0}")]
    ForNow(String),
    /// Trying again is of no use.
    #[error("{0}")]
    ForGood(String),
}

/// Does errands.
pub struct Outbox {
    /// Where they wait.
    pub desk: Desk,
    /// How mail leaves.
    pub post: Post,
    /// How webhooks are called.
    pub caller: Caller,
    /// With which keys.
    pub signer: Signer,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outbox")
    }
}

impl Post {
    async fn send(&self, id: &str, to: &str, subject: &str, text: &str) -> Result<(), Undone> {
        let Settings { relay, from } = &self.0;
        let (host, port) = relay.clone().ok_or_else(|| Undone::ForGood("mail.relay is not set".into()))?;
        let message = message(id, from, to, subject, text)?;
        let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain).to_owned();
        let relay = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .hello_name(ClientId::Domain(domain))
            .timeout(Some(ERRAND_MAIL_TIME))
            .build();
        match relay.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(Undone::ForGood("the mail server refuses it (5xx)".into())),
            Err(error) if error.is_transient() => Err(Undone::ForNow("the mail server puts it off (4xx)".into())),
            Err(error) => Err(Undone::ForNow(format!("the mail server: {error}"))),
        }
    }
}

fn message(id: &str, from: &str, to: &str, subject: &str, text: &str) -> Result<Message, Undone> {
    let unusable = |what: &str| Undone::ForGood(format!("{what} is no mail address"));
    let sender: Mailbox = from.parse().map_err(|_| unusable("mail.from"))?;
    let recipient: Mailbox = to.parse().map_err(|_| unusable("the recipient"))?;
    let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let built = Message::builder()
        .from(sender)
        .to(recipient)
        .subject(subject)
        .message_id(Some(format!("<{id}@{domain}>")))
        .date_now()
        .header(ContentType::TEXT_PLAIN)
        .body(text.to_owned());
    let mut message = built.map_err(|error| Undone::ForGood(format!("no message can be made of it: {error}")))?;
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    message.headers_mut().insert_raw(HeaderValue::new(automatic, "auto-generated".into()));
    Ok(message)
}

impl Outbox {
    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let all_done = tokio::select! {
                () = stop.cancelled() => return,
                done = self.round() => match done {
                    Ok(done) => done < ERRANDS_AT_ONCE,
                    Err(fault) => {
                        tracing::error!(%fault, "errands cannot be read or written; they are tried again");
                        true
                    }
                },
            };
            if all_done {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(ERRANDS_EVERY) => {}
                }
            }
        }
    }

    /// Does what is due, at most [`ERRANDS_AT_ONCE`]; gives how many that were.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn round(&self) -> Result<usize, Fault> {
        let due = self.desk.due_errands(ERRANDS_AT_ONCE)?;
        let ends: Vec<Result<(), Fault>> = join_all(due.iter().map(|due| self.settle(due))).await;
        ends.into_iter().collect::<Result<(), Fault>>()?;
        Ok(due.len())
    }

    async fn settle(&self, due: &Due) -> Result<(), Fault> {
        let id = due.errand.id;
        let tries = due.errand.tries.saturating_add(1);
        match self.attempt(due).await {
            Ok(()) => self.desk.errand_done(due).await,
            Err(undone) => {
                let again = matches!(undone, Undone::ForNow(_)) && tries < ERRAND_TRIES_MAX;
                let wait = ERRAND_WAITS.get(usize::from(due.errand.tries)).filter(|_| again);
                tracing::warn!(%id, tries, why = %undone, "an errand was not done{}", if again { ", it is tried again" } else { "" });
                match wait {
                    Some(seconds) => self.desk.errand_later(due, Duration::from_seconds(*seconds)).await,
                    None => self.desk.errand_done(due).await,
                }
            }
        }
    }

    async fn attempt(&self, due: &Due) -> Result<(), Undone> {
        let id = due.errand.id.to_string();
        match &due.errand.task {
            Task::Mail { to, subject, text } => self.post.send(&id, to, subject, text).await,
            Task::Webhook { network, url, body } => {
                let key = (self.signer)(network).ok_or_else(|| Undone::ForGood("the network has no key".into()))?;
                let signed = signature(&key, self.desk.now().seconds(), body);
                let (caller, url, body) = (self.caller.clone(), url.clone(), body.clone());
                let called = spawn_blocking(move || caller.call(&url, &id, &signed, &body)).await;
                match called {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error @ CallError::Address)) => Err(Undone::ForGood(error.to_string())),
                    Ok(Err(error)) => Err(Undone::ForNow(error.to_string())),
                    Err(broken) => Err(Undone::ForNow(broken.to_string())),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_carries_the_name_of_its_errand_and_says_that_a_program_wrote_it() {
        let message =
            message("00ff", "dnsbl@lists.example", "postmaster@mx.example", "Your code", "Code: 1\n").unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        for line in [
            "Message-ID: <00ff@lists.example>",
            "To: postmaster@mx.example",
            "Auto-Submitted: auto-generated",
            "Subject: Your code",
        ] {
            assert!(text.contains(&format!("{line}\r\n")), "{line}\n{text}");
        }
    }

    #[test]
    fn a_recipient_cannot_bring_headers_or_further_recipients() {
        for to in ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "", "a"] {
            assert!(message("1", "x@lists.example", to, "s", "t").is_err(), "{to:?}");
        }
        let folded = message("1", "x@lists.example", "a@b.example", "s\r\nBcc: c@d.example", "t").unwrap();
        let text = String::from_utf8(folded.formatted()).unwrap();
        assert!(!text.contains("\r\nBcc:"), "{text}");
    }

    #[tokio::test]
    async fn without_a_mail_server_nothing_is_tried_again() {
        let undone = Post(Settings::default()).send("1", "a@b.example", "s", "t").await;
        assert!(matches!(undone, Err(Undone::ForGood(_))));
        let relay = Some(("127.0.0.1".to_owned(), 1));
        let undone = Post(Settings { relay, from: "x@lists.example".into() }).send("1", "a@b.example", "s", "t").await;
        assert!(matches!(undone, Err(Undone::ForNow(_))), "{undone:?}");
    }
}
