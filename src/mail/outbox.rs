//! The doer of errands: mail by the operator's mail server, calls of webhooks.
//!
//! Guarantees: an errand is taken off only when it is done, or after [`ERRAND_TRIES_MAX`] tries, one of a webhook
//! that does not answer being one of all that waits for it; its id goes with every try (`Message-ID`, `Dnsbld-Delivery`), so
//! that whoever gets it twice can tell; mails and calls go their own ways, and a webhook that hangs is called once a round, so
//! that it holds up no mail and little of others.
//! Never: talks to the mail server of a recipient, or logs an address.

use super::webhook::{CallError, Caller, Signer, signature};
use crate::{
    cases::{Desk, Due, Fault, Task, on_a_thread},
    limits::{
        CASES_PIECE_ROWS, ERRAND_MAIL_TIME, ERRAND_TRIES_MAX, ERRAND_WAITS, ERRANDS_AT_ONCE, ERRANDS_EVERY,
        ERRANDS_PUT_OFF_MAX, ERRANDS_TO_ONE,
    },
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
use std::collections::HashMap;
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
    /// To be tried again, like all else for who did not answer.
    #[error("{0}")]
    Unanswered(String),
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

/// How an errand is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Mail,
    Call,
}

impl Way {
    fn of(task: &Task) -> Self {
        match task {
            Task::Mail { .. } => Self::Mail,
            Task::Webhook { .. } => Self::Call,
        }
    }
}

impl Outbox {
    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        tokio::join!(self.work(Way::Mail, &stop), self.work(Way::Call, &stop));
    }

    async fn work(&self, way: Way, stop: &CancellationToken) {
        loop {
            let more = tokio::select! {
                () = stop.cancelled() => return,
                more = self.round(way) => more.unwrap_or_else(|fault| {
                    tracing::error!(%fault, "errands cannot be read or written; they are tried again");
                    false
                }),
            };
            if !more {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(ERRANDS_EVERY) => {}
                }
            }
        }
    }

    /// Does what is due, at most [`ERRANDS_AT_ONCE`] side by side; gives whether more is.
    async fn round(&self, way: Way) -> Result<bool, Fault> {
        let due = self.due(way).await?;
        let ends: Vec<Result<bool, Fault>> = join_all(due.groups.iter().map(|to_one| self.settle(to_one))).await;
        ends.into_iter().try_fold(due.more, |more, end| Ok(more | end?))
    }

    /// What is due, by receiver. All of it is walked, should that be needed to find as many as are done at once: what waits
    /// for one of them hides nobody.
    async fn due(&self, way: Way) -> Result<ByReceiver, Fault> {
        let (mut found, mut last) = (ByReceiver::default(), None);
        loop {
            let (desk, after) = (self.desk.clone(), last);
            let piece = on_a_thread(move || desk.due_errands(after.as_ref(), CASES_PIECE_ROWS)).await?;
            let whole = piece.len() < CASES_PIECE_ROWS;
            last = piece.last().cloned();
            piece.into_iter().filter(|due| Way::of(&due.errand.task) == way).for_each(|due| found.take(due));
            if whole || found.more {
                return Ok(found);
            }
        }
    }

    /// Does errands to one receiver, at most [`ERRANDS_TO_ONE`], one after the other; gives whether more are due. Who does not
    /// answer one is not called for the others: that was a try of all of them.
    async fn settle(&self, to_one: &[Due]) -> Result<bool, Fault> {
        for (at, due) in to_one.iter().enumerate().take(ERRANDS_TO_ONE) {
            match self.attempt(due).await {
                Ok(()) => self.desk.errand_done(due).await?,
                Err(undone @ (Undone::ForGood(_) | Undone::ForNow(_))) => self.put_off(due, &undone).await?,
                Err(undone @ Undone::Unanswered(_)) => {
                    for due in &to_one[at..] {
                        self.put_off(due, &undone).await?;
                    }
                    return Ok(false);
                }
            }
        }
        Ok(to_one.len() > ERRANDS_TO_ONE)
    }

    /// The errand is tried again later, or given up.
    async fn put_off(&self, due: &Due, why: &Undone) -> Result<(), Fault> {
        let (id, tries) = (due.errand.id, due.errand.tries.saturating_add(1));
        let again = !matches!(why, Undone::ForGood(_)) && tries < ERRAND_TRIES_MAX;
        let wait = ERRAND_WAITS.get(usize::from(due.errand.tries)).filter(|_| again);
        tracing::warn!(%id, tries, %why, "an errand was not done{}", if again { ", it is tried again" } else { "" });
        match wait {
            Some(seconds) => self.desk.errand_later(due, Duration::from_seconds(*seconds)).await,
            None => self.desk.errand_done(due).await,
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
                    Ok(Err(error @ CallError::Status(_))) => Err(Undone::ForNow(error.to_string())),
                    Ok(Err(error @ CallError::Failed(_))) => Err(Undone::Unanswered(error.to_string())),
                    Err(broken) => Err(Undone::ForNow(broken.to_string())),
                }
            }
        }
    }
}

/// Errands by whom they go to, each with its own in their order. A mail is for itself: who refuses one recipient may take the
/// next.
#[derive(Default)]
struct ByReceiver {
    groups: Vec<Vec<Due>>,
    called: HashMap<Box<str>, usize>,
    /// Whether there are more receivers than are served at once.
    more: bool,
}

impl ByReceiver {
    fn take(&mut self, due: Due) {
        let place = match &due.errand.task {
            Task::Mail { .. } => self.groups.len(),
            Task::Webhook { url, .. } => self.called.get(url).copied().unwrap_or(self.groups.len()),
        };
        let full = self.groups.len() == ERRANDS_AT_ONCE;
        match self.groups.get_mut(place) {
            Some(group) if group.len() == ERRANDS_PUT_OFF_MAX => {}
            Some(group) => group.push(due),
            None if full => self.more = true,
            None => {
                if let Task::Webhook { url, .. } = &due.errand.task {
                    self.called.insert(url.clone(), place);
                }
                self.groups.push(vec![due]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::testing::{desk, desk_at, send};
    use std::sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    };

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

    /// Of all that was due only the first thousand was looked at, which was one slow webhook's.
    #[tokio::test]
    async fn a_webhook_with_very_much_to_hear_hides_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicU32::new(1_800_000_000));
        let desk = desk_at(dir.path(), Arc::clone(&now));
        let call = |url: &str| Task::Webhook { network: "n".into(), url: url.into(), body: "{}".into() };
        send(&desk, (0..=CASES_PIECE_ROWS).map(|_| call("https://127.0.0.1/slow"))).await;
        now.fetch_add(1, Ordering::Relaxed);
        let mail = Task::Mail { to: "a@b.example".into(), subject: "s".into(), text: "t".into() };
        send(&desk, [call("https://127.0.0.1/other"), mail]).await;
        let (caller, signer) = (Caller::new(Arc::new(|_| false)), Arc::new(|_: &str| Some(vec![1])));
        let outbox = Outbox { desk: desk.clone(), post: Post(Settings::default()), caller, signer };
        assert_eq!(outbox.due(Way::Mail).await.unwrap().groups.len(), 1);
        let calls = outbox.due(Way::Call).await.unwrap();
        assert_eq!((calls.groups.len(), calls.more), (2, false));
        assert!(calls.groups.iter().all(|to_one| to_one.len() <= ERRANDS_PUT_OFF_MAX));
    }

    /// A host that swallowed its calls held up mail, and each call to it was waited for.
    #[tokio::test]
    async fn a_webhook_that_does_not_answer_is_called_once_and_holds_up_no_mail() {
        let dir = tempfile::tempdir().unwrap();
        let (desk, called) = (desk(dir.path()), Arc::new(AtomicUsize::new(0)));
        let counted = called.clone();
        let outbox = Outbox {
            desk: desk.clone(),
            post: Post(Settings::default()),
            caller: Caller::new(Arc::new(move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
                false
            })),
            signer: Arc::new(|_| Some(vec![1])),
        };
        let calls = ["a", "b"].repeat(ERRANDS_TO_ONE).into_iter().map(|network| {
            let url = format!("https://127.0.0.1/{network}").into();
            Task::Webhook { network: network.into(), url, body: "{}".into() }
        });
        let mail = Task::Mail { to: "a@b.example".into(), subject: "s".into(), text: "t".into() };
        send(&desk, calls.chain([mail])).await;
        assert_eq!(desk.due_errands(None, 100).unwrap().len(), 2 * ERRANDS_TO_ONE + 1);

        assert!(!outbox.round(Way::Mail).await.unwrap());
        assert_eq!(
            desk.due_errands(None, 100).unwrap().len(),
            2 * ERRANDS_TO_ONE,
            "without a mail server there is none"
        );
        assert!(!outbox.round(Way::Call).await.unwrap());
        assert_eq!(called.load(Ordering::Relaxed), 2, "each webhook once");
        assert!(desk.due_errands(None, 100).unwrap().is_empty(), "they are due again later");
    }
}
