//! Tests of reports by mail: what is read from each shape, and what is no report.

use super::*;
use crate::limits::{FEEDBACK_DEPTH_MAX, FEEDBACK_PARTS_MAX, INBOX_MAIL_OCTETS_MAX};
use proptest::prelude::*;

/// A mail of these parts, each with its headers.
fn mail(kind: &str, parts: &[(&str, &str)]) -> String {
    let mut mail = format!(
        "From: abuse@example.org\r\nSubject: report\r\nMIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary=\"b\"\r\n\r\n"
    );
    for (headers, body) in parts {
        mail += &format!("--b\r\n{headers}\r\n\r\n{body}\r\n");
    }
    mail + "--b--\r\n"
}

/// An ARF mail with these fields; the mail that it is about tells lies.
fn arf(fields: &str) -> String {
    mail(
        "report; report-type=feedback-report",
        &[
            ("Content-Type: text/plain", "Source-IP: 198.51.100.1\r\nFeedback-Type: abuse"),
            ("Content-Type: message/feedback-report", fields),
            (
                "Content-Type: message/rfc822",
                "From: a@example.com\r\nContent-Type: message/feedback-report\r\n\r\nSource-IP: 198.51.100.2\r\n",
            ),
        ],
    )
}

const FIELDS: &str = "Feedback-Type: abuse\r\nUser-Agent: Some/1.0\r\nVersion: 1\r\nSource-IP: 192.0.2.25\r\n\
    Arrival-Date: Thu, 26 Nov 2026 12:30:00 +0100 (CET)\r\nIncidents: 3\r\nOriginal-Mail-From: <a@example.com>";

fn seen(text: &str) -> Time {
    text.parse().unwrap()
}

#[test]
fn an_arf_mail_says_who_and_when_in_its_own_part_alone() {
    let found = read(arf(FIELDS).as_bytes()).unwrap();
    assert_eq!(found.address, "192.0.2.25".parse::<IpAddr>().unwrap());
    assert_eq!((found.kind, found.count, found.id), (Some(ReportKind::Spam), 3, None));
    assert_eq!(found.seen, seen("2026-11-26T11:30:00Z"));
    assert!(found.evidence.starts_with("Feedback-Type: abuse\nUser-Agent") && !found.evidence.contains('\r'));

    for (from, to, address) in [
        ("192.0.2.25", "[192.0.2.7]", "192.0.2.7"),
        ("192.0.2.25", "192.0.2.7 (mx.example)", "192.0.2.7"),
        ("192.0.2.25", "IPv6:2001:db8::7", "2001:db8::7"),
        ("192.0.2.25", "::ffff:192.0.2.7", "192.0.2.7"),
        ("Source-IP: ", "source-ip:\r\n ", "192.0.2.25"),
        ("Arrival-Date", "Received-Date", "192.0.2.25"),
    ] {
        let found = read(arf(&FIELDS.replace(from, to)).as_bytes());
        assert_eq!(found.map(|found| found.address), Ok(address.parse().unwrap()), "{to}");
    }
    for (kind, counts) in
        [("fraud", true), ("VIRUS", true), ("not-spam", false), ("auth-failure", false), ("opt-out", false)]
    {
        let found = read(arf(&FIELDS.replace("abuse", kind)).as_bytes()).unwrap();
        assert_eq!(found.kind.is_some(), counts, "{kind}");
    }
}

/// A folded Feedback-Type was taken and counted for nothing, while other folded fields counted.
#[test]
fn folded_fields_count_as_they_do_on_one_line() {
    let (plain, folded) = (read(arf(FIELDS).as_bytes()), read(arf(&FIELDS.replace(": ", ":\r\n\t ")).as_bytes()));
    let said = |found: Feedback| (found.address, found.kind, found.seen, found.count);
    assert_eq!(folded.map(said), plain.map(said));
}

#[test]
fn what_decides_stands_there_once_and_can_be_read() {
    use FeedbackError::{Missing, Twice, Unreadable};
    for (from, to, error) in [
        ("Source-IP: 192.0.2.25\r\n", "", Missing("Source-IP")),
        ("Version: 1", "Source-IP: 198.51.100.3", Twice("Source-IP")),
        ("Version: 1", "feedback-type: fraud", Twice("Feedback-Type")),
        ("Feedback-Type: abuse\r\n", "", Missing("Feedback-Type")),
        ("192.0.2.25", "192.0.2.0/24", Unreadable("Source-IP")),
        ("192.0.2.25", "mx.example", Unreadable("Source-IP")),
        ("Arrival-Date: Thu", "X: Thu", Missing("Arrival-Date")),
        ("Thu, 26 Nov 2026 12:30:00", "yesterday", Unreadable("Arrival-Date")),
        ("Version: 1", "Arrival-Date: Thu, 26 Nov 2026 12:30:00 +0100", Twice("Arrival-Date")),
    ] {
        assert_eq!(read(arf(&FIELDS.replace(from, to)).as_bytes()), Err(error), "{to}");
    }
    let part = ("Content-Type: message/feedback-report", FIELDS);
    assert_eq!(read(mail("report", &[part, part]).as_bytes()), Err(FeedbackError::Several));
    for other in ["", "x", "Subject: hello\r\n\r\nSource-IP: 192.0.2.1\r\nFeedback-Type: abuse\r\n"] {
        assert_eq!(read(other.as_bytes()), Err(FeedbackError::NoReport), "{other}");
    }
    let inside = arf(FIELDS).replace("\"b\"", "\"c\"").replace("--b", "--c");
    let forwarded = mail("mixed", &[("Content-Type: message/rfc822", &inside)]);
    assert_eq!(
        read(forwarded.as_bytes()),
        Err(FeedbackError::NoReport),
        "what a mail inside says is not said by its sender"
    );
}

#[test]
fn an_x_arf_mail_of_either_shape_is_read() {
    let report = "---\r\nReported-From: abuse@example.org\r\nCategory: abuse\r\nReport-Type: login-attack\r\nService: ssh\r\n\
        Report-ID: 1234@example.org\r\nDate: Thu, 26 Nov 2026 11:30:00 +0000\r\nSource-Type: ipv4\r\nSource: \"192.0.2.25\"\r\n";
    let named = "Content-Type: text/plain; charset=utf-8; name=\"report.txt\"";
    let parts =
        [("Content-Type: text/plain", "Dear team"), (named, report), ("Content-Type: text/plain; name=\"a.log\"", "x")];
    let found = read(mail("mixed", &parts).as_bytes()).unwrap();
    assert_eq!(found.kind, Some(ReportKind::Auth));
    assert_eq!((found.id.as_deref(), found.seen), (Some("1234@example.org"), seen("2026-11-26T11:30:00Z")));

    let announced = ("Content-Type: message/feedback-report", "Feedback-Type: xarf\r\nUser-Agent: x\r\nVersion: 1");
    let fourth = r#"{"xarf_version": "4.2.0", "report_id": "a1", "timestamp": "2026-11-26T11:30:00Z", "source_identifier":
        "2001:db8::25", "category": "messaging", "type": "spam", "evidence_source": "spamtrap", "evidence": []}"#;
    let third = r#"{"Version": "3", "ReporterInfo": {}, "Report": {"ReportClass": "Activity", "ReportType": "LoginAttack",
        "Date": "2026-11-26T11:30:00Z", "Source": {"IP": "192.0.2.25", "Type": "ip"}}}"#;
    let by_json = |json: &str| {
        read(mail("report", &[announced, ("Content-Type: application/json; name=xarf.json", json)]).as_bytes())
    };
    let found = by_json(fourth).unwrap();
    assert_eq!((found.kind, found.address), (Some(ReportKind::Trap), "2001:db8::25".parse().unwrap()));
    assert_eq!((found.id.as_deref(), found.seen), (Some("a1"), seen("2026-11-26T11:30:00Z")));
    assert_eq!(by_json(third).map(|found| found.kind), Ok(Some(ReportKind::Auth)));
    assert_eq!(by_json(&third.replace("\"IP\"", "\"Port\"")), Err(FeedbackError::Missing("Report.Source.IP")));
    assert_eq!(by_json("{"), Err(FeedbackError::Json));
    assert_eq!(by_json(&fourth.replace("spam\"", "copyright\"")).map(|found| found.kind), Ok(None));
    assert_eq!(read(mail("report", &[announced]).as_bytes()), Err(FeedbackError::NoReport));
}

#[test]
fn bounds_of_the_api_hold_for_mail() {
    let found = read(arf(&FIELDS.replace("Incidents: 3", "Incidents: 4000000000")).as_bytes()).unwrap();
    assert_eq!(found.count, REPORT_COUNT_MAX);
    let found = read(arf(&format!("{FIELDS}\r\nX: {}", "ä\u{1b}".repeat(EVIDENCE_OCTETS_MAX))).as_bytes()).unwrap();
    assert!(found.evidence.len() <= EVIDENCE_OCTETS_MAX && !found.evidence.contains('\u{1b}'));
}

/// A megabyte of mails in mails ended the process: the parser follows each level with a call, and so does what it leaves.
#[test]
fn mails_in_mails_are_not_followed() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(INBOX_MAIL_OCTETS_MAX / 32);
    assert_eq!(read(nested.as_bytes()), Err(FeedbackError::NoReport));
    let part = ("Content-Type: message/feedback-report", FIELDS);
    let beside = mail("report", &[part, ("Content-Type: message/rfc822", &nested)]);
    assert!(read(beside.as_bytes()).is_ok());
    let digest = mail("digest", &[("", &nested), part]);
    assert!(read(digest.as_bytes()).is_ok());
}

#[test]
fn parts_and_parts_in_parts_are_bounded() {
    let part = |depth: usize| {
        let report = format!("Content-Type: message/feedback-report\r\n\r\n{FIELDS}");
        let wrapped = (0..depth).fold(report, |inside, n| {
            format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n{inside}\r\n--b{n}--\r\n")
        });
        read(wrapped.as_bytes()).map(drop)
    };
    assert_eq!((part(1), part(FEEDBACK_DEPTH_MAX)), (Ok(()), Ok(())));
    assert_eq!(part(FEEDBACK_DEPTH_MAX + 1), Err(FeedbackError::Parts));
    let many = |count: usize| read(mail("mixed", &vec![("Content-Type: text/plain", "x"); count]).as_bytes());
    assert_eq!(many(FEEDBACK_PARTS_MAX), Err(FeedbackError::NoReport));
    assert_eq!(many(FEEDBACK_PARTS_MAX + 1), Err(FeedbackError::Parts));
}

#[test]
fn a_part_is_read_as_it_is_encoded() {
    let encoded = |headers: &str, body: &str| {
        let headers = format!("Content-Type: message/feedback-report{headers}");
        read(mail("report", &[(&headers, body)]).as_bytes()).map(|found| found.address)
    };
    let address = "192.0.2.25".parse::<IpAddr>().unwrap();
    let base64 = data_encoding::BASE64.encode(FIELDS.as_bytes());
    let lines: Vec<&str> = (0..base64.len()).step_by(76).map(|at| &base64[at..base64.len().min(at + 76)]).collect();
    assert_eq!(encoded("\r\nContent-Transfer-Encoding: BASE64", &lines.join("\r\n")), Ok(address));
    let quoted = FIELDS.replace("Source-IP", "Sou=\r\nrce=2DIP");
    assert_eq!(encoded("\r\nContent-Transfer-Encoding: quoted-printable", &quoted), Ok(address));
    // No last boundary, and line ends of one octet.
    let cut = mail("report", &[("Content-Type: message/feedback-report", FIELDS)]).replace("--b--", "");
    assert_eq!(read(cut.replace('\r', "").as_bytes()).map(|found| found.address), Ok(address));
}

proptest! {
    #[test]
    fn no_octets_end_it(mail in prop::collection::vec(any::<u8>(), 0..400), place in 0usize..900) {
        read(&mail).ok();
        let mut broken = arf(FIELDS).into_bytes();
        let place = place.min(broken.len());
        broken.splice(place..(place + mail.len() / 2).min(place.max(broken.len())).min(broken.len()), mail);
        read(&broken).ok();
    }
}
