//! Tests of the relay session: its forms, its verdicts, and what hostile peers can do to it.

use super::*;
use proptest::prelude::*;
use std::{collections::BTreeMap, net::Ipv4Addr};

fn plan() -> Plan {
    Plan {
        tester: Tester {
            ehlo: "probe.dnsbl.example".into(),
            contact: "postmaster@dnsbl.example".into(),
            domain: "in.dnsbl.example".into(),
            page: "https://dnsbl.example".into(),
        },
        address: Ipv4Addr::new(192, 0, 2, 7).into(),
        date: "Wed, 25 Nov 2026 03:00:00 +0000".into(),
        trials: Form::ALL.into_iter().enumerate().map(|(n, form)| (form, Token::new([n as u8; 16]))).collect(),
    }
}

/// A mail server whose answer to each command is a function; returns what it was told, line by line.
fn against(mut answer: impl FnMut(&str) -> &'static str) -> (Session, Vec<String>) {
    let mut session = Session::new(plan());
    let mut said = session.received(b"220 mx.target.example ESMTP\r\n");
    let mut told = Vec::new();
    let mut in_message = false;
    while !said.is_empty() && !session.is_over() {
        let text = String::from_utf8(said).unwrap();
        told.extend(text.lines().map(str::to_owned));
        if in_message {
            assert!(text.ends_with("\r\n.\r\n") && text.contains("opt out"), "{text}");
        }
        let command = if in_message { "." } else { text.trim_end() };
        let reply = answer(command);
        in_message = reply.starts_with("354");
        said = session.received(format!("{reply}\r\n").as_bytes());
    }
    told.extend(String::from_utf8(said).unwrap().lines().map(str::to_owned));
    (session, told)
}

fn verdicts(session: &Session) -> Vec<Verdict> {
    session.verdicts().iter().map(|(_, verdict)| *verdict).collect()
}

/// Our inbox refuses mail to the postmaster of its domain, and so every answer to a test message.
#[test]
fn an_answer_to_a_test_message_reaches_the_operator() {
    let message = |contact: &str| {
        let mut plan = plan();
        plan.tester.contact = contact.into();
        String::from_utf8(Session::new(plan).message(Token::new([1; 16]))).unwrap()
    };
    for contact in ["postmaster@dnsbl.example", "mailto:postmaster@dnsbl.example"] {
        assert!(message(contact).contains("\r\nReply-To: <postmaster@dnsbl.example>\r\nTo: <t-"), "{contact}");
    }
    let page = message("https://dnsbl.example/tests");
    assert!(!page.contains("Reply-To") && page.contains("opt out of tests: https://dnsbl.example/tests\r\n"));
}

#[test]
fn every_form_is_tried_as_the_table_of_relay_tests_has_it() {
    let (session, told) = against(|command| if command.starts_with("RCPT") { "550 no" } else { "250 ok" });
    assert_eq!(session.end(), Some(End::Finished));
    assert_eq!(verdicts(&session), [Verdict::Refused; 18]);
    let token = |n: u8| format!("t-{}", Token::new([n; 16]));
    let sent = |n: u8| {
        let mut mails = told.iter().filter_map(|l| l.strip_prefix("MAIL FROM:"));
        let mut rcpts = told.iter().filter_map(|l| l.strip_prefix("RCPT TO:"));
        (mails.nth(n.into()).unwrap().to_owned(), rcpts.nth(n.into()).unwrap().to_owned())
    };
    let literal = "<relaytest@[192.0.2.7]>";
    let bounce = format!("<s-{}@in.dnsbl.example>", Token::new([1; 16]));
    let expected: BTreeMap<u8, (&str, &str)> = BTreeMap::from([
        (0, ("<>", "<U@D>")),
        (1, (bounce.as_str(), "<U@D>")),
        (2, ("<relaytest@mx.target.example>", "<U@D>")),
        (3, (literal, "<U@D>")),
        (4, ("<relaytest@localhost>", "<U@D>")),
        (5, ("<relaytest>", "<U@D>")),
        (6, (literal, "<U%D@[192.0.2.7]>")),
        (7, (literal, "<U%D@mx.target.example>")),
        (8, (literal, "<\"U@D\">")),
        (9, (literal, "<\"U%D\">")),
        (10, (literal, "<U@D@[192.0.2.7]>")),
        (11, (literal, "<\"U@D\"@[192.0.2.7]>")),
        (12, (literal, "<U@D@mx.target.example>")),
        (13, (literal, "<@[192.0.2.7]:U@D>")),
        (14, (literal, "<@mx.target.example:U@D>")),
        (15, (literal, "<D!U>")),
        (16, (literal, "<D!U@[192.0.2.7]>")),
        (17, (literal, "<D!U@mx.target.example>")),
    ]);
    for (n, (sender, recipient)) in expected {
        let recipient = recipient.replace('D', "in.dnsbl.example").replace('U', &token(n));
        assert_eq!(sent(n), (sender.to_owned(), recipient), "{n}");
    }
}

#[test]
fn a_message_is_accepted_only_after_its_last_line_and_each_goes_to_a_mailbox_of_its_own() {
    let (session, told) = against(|command| match command {
        "DATA" => "354 go",
        _ => "250 ok",
    });
    assert_eq!(verdicts(&session), [Verdict::Accepted; 18]);
    let mailboxes: std::collections::BTreeSet<_> = told.iter().filter(|l| l.starts_with("To: ")).collect();
    assert_eq!(mailboxes.len(), 18);
    assert_eq!(told.last().unwrap(), "QUIT");
}

#[test]
fn refused_at_data_or_after_it_is_refused_and_four_hundreds_are_for_now() {
    let (session, _) = against(|command| match command {
        "DATA" => "554 no",
        _ => "250 ok",
    });
    assert_eq!(verdicts(&session), [Verdict::Refused; 18]);
    let (session, _) = against(|command| match command {
        "DATA" => "354 go",
        "." => "451 later",
        _ => "250 ok",
    });
    assert_eq!(verdicts(&session), [Verdict::Deferred; 18]);
}

/// A relay that is open to everyone who encrypts was taken for closed.
#[test]
fn a_server_that_wants_encryption_first_has_refused_no_form() {
    let at = |command: &'static str, reply: &'static str| {
        let (session, _) = against(move |said| if said.starts_with(command) { reply } else { "250 ok" });
        assert_eq!((session.end(), session.verdicts().len()), (Some(End::Finished), 18), "{reply}");
        verdicts(&session)[0]
    };
    for reply in [
        "530 5.7.0 Must issue a STARTTLS command first",
        "550 5.7.1 TLSv1.2 or better, please",
        "554-Sorry.\r\n554-A session has to be TLS-encrypted\r\n554 first",
        "503 (starttls) required.",
        "550 5.7.1 Session encryption is required",
        "554 5.7.10 Not in clear",
    ] {
        assert_eq!(at("MAIL", reply), Verdict::Barred, "{reply}");
    }
    for reply in ["530 5.7.0 Must issue a STARTTLS command first", "550 5.7.10 SSL/TLS required"] {
        assert_eq!(at("RCPT", reply), Verdict::Barred, "{reply}");
    }
    for reply in [
        "530 5.7.1 Authentication required",
        "550 5.7.1 mx.tls.example, tls-1.example: <t-1@in.tls.example> may not relay. Listings settled",
        "550-Relaying denied\r\n550 Bye",
    ] {
        assert_eq!(at("RCPT", reply), Verdict::Refused, "{reply}");
    }
    for reply in ["550 5.7.1 Authentication required", "530 5.7.57 Client was not authenticated"] {
        assert_eq!(at("MAIL", reply), Verdict::Refused, "{reply}");
    }
    assert_eq!(at("MAIL", "450 4.7.0 Must issue a STARTTLS command first"), Verdict::Deferred);
}

/// What one reply said is no part of the next.
#[test]
fn encryption_that_a_server_offers_is_none_that_it_wants() {
    let (session, _) = against(|said| match said {
        _ if said.starts_with("EHLO") => "250-mx.target.example\r\n250-STARTTLS\r\n250 HELP",
        _ if said.starts_with("RCPT") => "550 no",
        _ => "250 ok",
    });
    assert_eq!(verdicts(&session), [Verdict::Refused; 18]);
}

#[test]
fn a_greeting_of_554_refuses_us_and_says_nothing_about_relaying() {
    let mut session = Session::new(plan());
    session.received(b"554 mx.target.example no service for you\r\n");
    assert_eq!((session.end(), session.greeted(), session.verdicts().len()), (Some(End::Unwelcome), false, 0));
}

#[test]
fn a_server_that_hangs_up_after_some_refusals_leaves_the_rest_for_another_session() {
    let mut refused = 0;
    let (session, _) = against(|command| {
        if command.starts_with("RCPT") {
            refused += 1;
            if refused == 3 {
                return "421 too many errors";
            }
            return "550 no";
        }
        "250 ok"
    });
    assert_eq!(session.end(), Some(End::Dropped));
    assert_eq!(verdicts(&session), [Verdict::Refused, Verdict::Refused, Verdict::Deferred]);
    assert_eq!(session.untried().len(), 15);
}

#[test]
fn a_reset_in_the_middle_of_a_form_leaves_it_unanswered() {
    let mut session = Session::new(plan());
    session.received(b"220 hi\r\n");
    session.received(b"250 ok\r\n");
    session.closed();
    assert_eq!(verdicts(&session), [Verdict::Unanswered]);
    assert_eq!(session.end(), Some(End::Dropped));
}

#[test]
fn a_form_that_had_just_begun_when_the_server_hung_up_over_the_others_is_asked_in_the_next_session() {
    let mut session = Session::new(plan());
    for reply in ["220 mx.target.example\r\n", "250 ok\r\n", "501 no\r\n", "501-no\r\n501 too many mistakes\r\n"] {
        session.received(reply.as_bytes());
    }
    session.closed();
    assert_eq!(verdicts(&session), [Verdict::Refused; 2]);
    assert_eq!((session.end(), session.untried().len()), (Some(End::Dropped), 16));
}

#[test]
fn without_a_name_in_the_greeting_the_forms_that_need_one_are_left_out() {
    let mut session = Session::new(plan());
    let mut said = session.received(b"220 hello\r\n");
    while !said.is_empty() && !session.is_over() {
        said = session.received(b"250 fine\r\n");
        if said.starts_with(b"RCPT") {
            said = session.received(b"550 no\r\n");
        }
    }
    assert_eq!(session.end(), Some(End::Finished));
    let tried: Vec<Form> = session.verdicts().iter().map(|(form, _)| *form).collect();
    assert_eq!(tried.len(), 13, "{tried:?}");
    assert!(!tried.contains(&Form::PercentName) && tried.contains(&Form::PercentLiteral));
}

#[test]
fn a_greeting_cannot_put_words_of_its_own_into_our_commands() {
    for name in ["a.b>\tx", "x.example,@victim", "-x.example", "nodots", "192.0.2.1", "[192.0.2.1]", "é.example"] {
        assert_eq!(own_name(name.as_bytes()).filter(|n| n.contains(['>', ',', '[', '@'])), None, "{name}");
    }
    assert_eq!(own_name(b"MX.Target.example ESMTP Postfix"), Some("mx.target.example".into()));
    assert_eq!(own_name(b"192.0.2.1 ready"), None);
}

#[test]
fn endless_lines_endless_replies_and_nuls_end_the_session() {
    for flood in [vec![b'2'; 10_000], b"220-x\r\n".repeat(1_000), b"220 \0x\r\n".to_vec(), b"HTTP/1.1 400\r\n".to_vec()]
    {
        let mut session = Session::new(plan());
        for piece in flood.chunks(100) {
            session.received(piece);
        }
        assert_eq!(session.end(), Some(End::Unruly));
        assert!(session.line.len() <= RETEST_LINE_OCTETS_MAX);
    }
}

proptest! {
    /// Random replies, honest ones among them, in random pieces.
    #[test]
    fn whatever_the_other_side_sends_the_session_stays_within_its_bounds(
        replies in prop::collection::vec(prop_oneof![
            8 => Just(b"250 ok\r\n".to_vec()),
            2 => Just(b"354 go\r\n".to_vec()),
            2 => Just(b"550-no\r\n550 no\r\n".to_vec()),
            1 => Just(b"450 later\n".to_vec()),
            1 => Just(b"421 bye\r\n".to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..50),
        ], 0..200),
        piece in 1_usize..40,
    ) {
        let mut session = Session::new(plan());
        let octets: Vec<u8> = [b"220 mx.target.example\r\n".to_vec(), replies.concat()].concat();
        for piece in octets.chunks(piece) {
            let said = session.received(piece);
            prop_assert!(said.len() < 40 * 2_000);
        }
        session.timed_out();
        prop_assert!(session.is_over());
        prop_assert!(session.verdicts().len() + session.untried().len() <= 18);
        prop_assert!(session.transcript().len() < 2 * RETEST_TRANSCRIPT_OCTETS_MAX);
        prop_assert!(session.transcript().bytes().all(|b| b == b'\n' || (0x20..0x7f).contains(&b)));
    }
}
