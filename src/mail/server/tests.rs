//! Tests of the receiving side: what it takes, what it refuses, and what strangers can make it hold.

use super::*;
use proptest::prelude::*;

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 5));

/// Sends octets to a server that waits for mail to `t-1` and `t-2`; gives its replies and what arrived.
fn session(sent: &[u8]) -> (Server, Vec<String>, Vec<Arrival>) {
    let mut server = Server::new("mx.example", "In.Example", ["trap.example".to_owned()].into(), PEER);
    let (mut replies, mut arrived) = (Vec::new(), Vec::new());
    let mut rest = sent;
    while let Some(mut act) = server.feed(&mut rest) {
        loop {
            act = match act {
                Act::Check(mailbox) => server.checked(Ok(match &*mailbox {
                    "t-1" | "t-2" => Some(Wanted::Headers),
                    "r-1" => Some(Wanted::Whole),
                    _ => None,
                })),
                Act::HandOn(arrival) => {
                    arrived.push(*arrival);
                    server.handed_on(Ok(()))
                }
                Act::Reply(reply) => {
                    replies.push(reply);
                    break;
                }
                Act::Close(reply) => {
                    replies.push(reply);
                    return (server, replies, arrived);
                }
                Act::Wait => break,
            }
        }
    }
    (server, replies, arrived)
}

fn codes(replies: &[String]) -> Vec<&str> {
    replies.iter().map(|reply| &reply[..3]).collect()
}

#[test]
fn a_mail_to_a_mailbox_that_is_waited_for_arrives_as_its_headers() {
    let (_, replies, arrived) = session(
        b"EHLO relay.example\r\nMAIL FROM:<relaytest@[192.0.2.5]> SIZE=500\r\nRCPT TO:<T-1@in.example>\r\nDATA\r\n\
          Received: from x by relay.example\r\n\twith SMTP id 7; today\r\nRECEIVED: from a by x\r\nSubject: t\x1b\r\n..dot\r\n\r\nbody\r\nsecret\r\n.\r\nQUIT\r\n",
    );
    assert_eq!(codes(&replies), ["250", "250", "250", "354", "250", "221"]);
    let [arrival] = arrived.as_slice() else { panic!("{arrived:?}") };
    assert_eq!((arrival.peer, arrival.mailboxes.as_slice()), (PEER, ["t-1".to_owned()].as_slice()));
    assert_eq!(arrival.received, ["from x by relay.example with SMTP id 7; today", "from a by x"]);
    assert!(arrival.headers.contains("Subject: t\\x1b") && !arrival.headers.contains("secret"), "{}", arrival.headers);
}

#[test]
fn any_mailbox_of_a_trap_takes_mail_but_for_bounces_and_letters_about_mail() {
    let (_, replies, arrived) = session(
        b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<Postmaster@trap.example>\r\nRCPT TO:<abuse@trap.example>\r\nDATA\r\n\
          RCPT TO:<x@sub.trap.example>\r\nRCPT TO:<Anyone@Trap.Example>\r\nDATA\r\nSubject: buy\r\n\r\nnow\r\n.\r\n\
          MAIL FROM:<>\r\nRCPT TO:<anyone@trap.example>\r\nDATA\r\n",
    );
    assert_eq!(codes(&replies), ["250", "250", "550", "550", "503", "550", "250", "354", "250", "250", "550", "503"]);
    let [arrival] = arrived.as_slice() else { panic!("{arrived:?}") };
    assert!(arrival.trapped && arrival.mailboxes.is_empty() && arrival.headers == "Subject: buy", "{arrival:?}");
}

#[test]
fn everything_else_is_refused_at_rcpt() {
    for recipient in [
        "t-3@in.example",
        "t-1@other.example",
        "postmaster",
        "t-1%other.example@in.example",
        "@in.example",
        "t-1@in.example.evil.example",
    ] {
        let sent = format!("HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n");
        let (_, replies, arrived) = session(sent.as_bytes());
        assert_eq!(codes(&replies), ["250", "250", "550", "503"], "{recipient}");
        assert!(arrived.is_empty());
    }
    let (_, replies, _) = session(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<@a,@b:t-1@in.example>\r\n");
    assert_eq!(codes(&replies), ["250", "250", "250"], "a source route is passed over");
}

#[test]
fn a_dot_that_does_not_stand_between_line_ends_does_not_end_a_message() {
    let (_, replies, arrived) = session(
        b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<t-1@in.example>\r\nDATA\r\nA: b\r\n\r\nx\n.\r\nMAIL FROM:<smuggled@x>\r\n.\n\r\n.\r\n",
    );
    assert_eq!((codes(&replies), arrived.len()), (vec!["250", "250", "250", "354", "250"], 1));
}

#[test]
fn commands_come_in_their_order_and_mistakes_are_counted() {
    let (_, replies, _) = session(b"MAIL FROM:<>\r\nHELO x\r\nRCPT TO:<t-1@in.example>\r\nSTARTTLS\r\nVRFY x\r\n");
    assert_eq!(codes(&replies), ["503", "250", "503", "502", "502"]);
    let (_, replies, _) = session(&b"AUTH PLAIN\r\n".repeat(50));
    assert_eq!((replies.len(), replies.last().unwrap().starts_with("421")), (INBOX_MISTAKES_MAX + 1, true));
}

#[test]
fn a_mail_too_large_and_a_line_without_end_close_the_session() {
    let head = b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<t-1@in.example>\r\nDATA\r\n".to_vec();
    let (server, replies, arrived) = session(&[head.clone(), b"a".repeat(INBOX_MAIL_OCTETS_MAX + 10_000)].concat());
    assert!(replies.last().unwrap().starts_with("552") && arrived.is_empty());
    assert!(server.headers.len() <= INBOX_HEADER_OCTETS_MAX && server.line.len() <= INBOX_LINE_OCTETS_MAX);
    let (_, replies, _) = session(&b"N".repeat(INBOX_LINE_OCTETS_MAX + 1));
    assert_eq!(codes(&replies), ["500"]);
}

/// A piece of a long line ended with its CR: the LF that came next was a line of its own, and the last dot was text.
#[test]
fn a_mail_whose_last_line_is_as_long_as_a_piece_ends() {
    let head = b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<t-1@in.example>\r\nDATA\r\n".to_vec();
    for length in (INBOX_LINE_OCTETS_MAX - 2..INBOX_LINE_OCTETS_MAX + 2)
        .chain(2 * INBOX_LINE_OCTETS_MAX - 2..2 * INBOX_LINE_OCTETS_MAX + 2)
    {
        let line = b"a".repeat(length);
        let (_, replies, arrived) =
            session(&[&head[..], b"X: ", &line, b"\r\nReceived: x\r\n\r\n", &line, b"\r\n.\r\n"].concat());
        assert_eq!((arrived.len(), codes(&replies).last().copied()), (1, Some("250")), "{length}");
        assert_eq!(arrived[0].received, ["x"], "{length}");
    }
}

/// SIZE says so many octets; the last line and the dots that stand before others were counted too.
#[test]
fn a_mail_as_large_as_we_say_is_taken() {
    let head = b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<t-1@in.example>\r\nDATA\r\n".to_vec();
    let line = [b"..", &b"a".repeat(997)[..], b"\r\n"].concat();
    let whole = INBOX_MAIL_OCTETS_MAX / 1_000;
    let rest = b"a".repeat(INBOX_MAIL_OCTETS_MAX - whole * 1_000 - 2);
    let body = [line.repeat(whole), rest].concat();
    let (_, _, arrived) = session(&[&head[..], &body, b"\r\n.\r\n"].concat());
    assert_eq!(arrived.len(), 1);
    let (_, replies, arrived) = session(&[&head[..], &body, b"a\r\n.\r\n"].concat());
    assert!(arrived.is_empty() && replies.iter().any(|reply| reply.starts_with("552")));
}

proptest! {
    #[test]
    fn whatever_strangers_send_stays_within_bounds_and_arrives_only_at_waited_for_mailboxes(
        lines in prop::collection::vec(prop_oneof![
            2 => Just(b"HELO x\r\n".to_vec()),
            3 => Just(b"MAIL FROM:<a@b>\r\n".to_vec()),
            3 => Just(b"RCPT TO:<t-1@in.example>\r\n".to_vec()),
            1 => Just(b"RCPT TO:<t-9@in.example>\r\n".to_vec()),
            2 => Just(b"DATA\r\n".to_vec()),
            2 => Just(b".\r\n".to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..200),
        ], 0..80),
    ) {
        let (server, replies, arrived) = session(&lines.concat());
        prop_assert!(server.headers.len() <= INBOX_HEADER_OCTETS_MAX && server.line.len() <= INBOX_LINE_OCTETS_MAX);
        prop_assert!(replies.iter().all(|reply| reply.len() >= 4 && reply[..3].parse::<u16>().is_ok()));
        for arrival in arrived {
            prop_assert_eq!(arrival.mailboxes, ["t-1"]);
            prop_assert!(arrival.headers.bytes().all(|b| b == b'\n' || (0x20..0x7f).contains(&b)));
        }
    }
}

#[test]
fn a_mailbox_that_reads_gets_the_mail_octet_for_octet_and_no_other_does() {
    let mail = b"HELO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<r-1@in.example>\r\nDATA\r\nA: b\r\n\r\n..dot\r\nbare\nend\r\n.\r\n\
        MAIL FROM:<a@b.example>\r\nRCPT TO:<t-1@in.example>\r\nDATA\r\nA: b\r\n\r\nbody\r\n.\r\n";
    let (server, _, arrived) = session(mail);
    assert_eq!(arrived[0].whole, b"A: b\r\n\r\n.dot\r\nbare\nend\r\n");
    assert!(arrived[1].whole.is_empty() && server.whole.is_empty());
}

#[test]
fn a_refusal_is_one_line_whatever_its_reason() {
    let mut server = session(b"").0;
    let Act::Reply(reply) = server.handed_on(Err(Untaken::Refused("no\r\n250 ok".into()))) else { panic!("a reply") };
    assert_eq!(reply, "550 5.7.1 no??250 ok");
}
