//! Tests of the moves: each story of people.md's rules for "clean", then any order of events.

use super::*;
use proptest::prelude::*;

const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;
const START: u32 = 1_000_000;

fn terms() -> Terms {
    let days = |n| Duration::from_seconds(n * DAY);
    Terms { settle: Duration::from_seconds(HOUR), arrival: days(5), recheck: vec![days(1), days(7), days(30)] }
}

fn target() -> IpAddr {
    "192.0.2.7".parse().unwrap()
}

fn elsewhere() -> IpAddr {
    "192.0.2.99".parse().unwrap()
}

const TRIALS: [Variant; 3] =
    [Variant::Relay(Form::NullSender), Variant::Relay(Form::OurSender), Variant::Relay(Form::Bang)];

const PORTS: [Variant; 3] = [
    Variant::Proxy(Protocol::Connect, 1080),
    Variant::Proxy(Protocol::Post, 1080),
    Variant::Proxy(Protocol::Socks5, 1080),
];

fn at(seconds: u32) -> Time {
    Time::from_seconds(START + seconds)
}

/// A retest and what its moves judged, in order.
struct Story(Retest, Vec<Judgement>);

impl Story {
    fn new(kind: Suspicion) -> Self {
        let list = "relay".parse().unwrap();
        Self(Retest::queued(Id::draw(), list, "192.0.2.7", target(), kind, at(0)), Vec::new())
    }

    fn take(&mut self, event: Event, now: u32) -> Result<(), NoMove> {
        let (next, judged) = self.0.moved(event, &terms(), at(now))?;
        self.0 = next;
        self.1.extend(judged);
        Ok(())
    }

    fn test(&mut self, reach: Reach, verdicts: [Verdict; 3], now: u32) -> Vec<Token> {
        let trials = self.0.trials(&TRIALS, Token::random);
        self.take(Event::Started(trials.clone()), now).unwrap();
        let steps = TRIALS.into_iter().zip(verdicts).map(|(variant, verdict)| Step { variant, verdict }).collect();
        self.take(Event::Observed(Observed { reach, steps, transcript: String::new() }), now + 10).unwrap();
        trials.into_iter().map(|(_, token)| token).collect()
    }

    fn due(&mut self) -> u32 {
        let when = self.0.next_at.expect("something is due").seconds() - START;
        self.take(Event::Due { heard_since: Time::default() }, when).unwrap();
        when
    }

    fn stands(&self) -> (State, Option<Outcome>) {
        (self.0.state, self.0.result)
    }
}

use Verdict::{Accepted, Arrived, Barred, Deferred, Refused, Unanswered};

#[test]
fn each_form_refused_is_clean_and_is_looked_at_again_after_a_day_a_week_and_a_month() {
    let mut story = Story::new(Suspicion::Relay);
    story.test(Reach::Greeted, [Refused; 3], 0);
    assert_eq!(
        (story.stands(), story.1.as_slice()),
        ((State::Done, Some(Outcome::Clean)), [Judgement::Clear].as_slice())
    );
    let mut looked = Vec::new();
    for _ in 0..3 {
        looked.push(story.due() / DAY);
        assert_eq!(story.0.state, State::Queued);
        let now = looked.last().unwrap() * DAY + 100;
        story.test(Reach::Greeted, [Refused; 3], now);
    }
    assert_eq!(looked, [1, 8, 38]);
    assert_eq!((story.0.state, story.0.next_at), (State::Done, None));
}

#[test]
fn taken_and_not_arrived_is_clean_after_an_hour_and_a_late_arrival_lists_at_once() {
    let mut story = Story::new(Suspicion::Relay);
    let tokens = story.test(Reach::Greeted, [Accepted, Refused, Refused], 0);
    assert_eq!((story.stands(), story.1.len()), ((State::Arriving, None), 0));
    let settled = story.due();
    assert_eq!(settled, 10 + HOUR);
    assert_eq!(
        (story.stands(), story.1.as_slice()),
        ((State::Arriving, Some(Outcome::Clean)), [Judgement::Clear].as_slice())
    );
    assert_eq!(story.0.steps[0].verdict, Verdict::Vanished);
    story.take(Event::Arrived { token: tokens[0], from: target() }, 4 * DAY).unwrap();
    assert_eq!(story.stands(), (State::Done, Some(Outcome::Open)));
    assert_eq!(story.1[1], Judgement::List { variant: TRIALS[0], returned: true });
    let again = story.take(Event::Arrived { token: tokens[0], from: target() }, 4 * DAY);
    assert!(again.is_err(), "a token is used once");
}

#[test]
fn a_token_that_arrives_after_its_time_moves_nothing() {
    let mut story = Story::new(Suspicion::Relay);
    let tokens = story.test(Reach::Greeted, [Accepted, Refused, Refused], 0);
    story.due();
    assert!(story.take(Event::Arrived { token: tokens[0], from: target() }, 5 * DAY + 100).is_err());
    assert_eq!(story.0.result, Some(Outcome::Clean));
}

/// Whoever held all places of the inbox for an hour had the relay that they used found clean.
#[test]
fn what_was_taken_while_we_turned_mail_away_has_its_hour_anew() {
    let mut story = Story::new(Suspicion::Relay);
    let tokens = story.test(Reach::Greeted, [Accepted, Refused, Refused], 0);
    let busy = HOUR / 2;
    story.take(Event::Due { heard_since: at(busy) }, HOUR + 10).unwrap();
    assert_eq!((story.stands(), story.1.len()), ((State::Arriving, None), 0));
    assert!(story.0.is_open(), "whoever asks waits on");
    assert_eq!(story.due(), busy + HOUR);
    assert_eq!((story.0.result, story.1.as_slice()), (Some(Outcome::Clean), [Judgement::Clear].as_slice()));
    story.take(Event::Arrived { token: tokens[0], from: target() }, DAY).unwrap();
    assert_eq!(story.0.result, Some(Outcome::Open));
}

#[test]
fn where_we_never_hear_for_long_enough_nothing_is_known_and_nobody_waits_for_ever() {
    let mut story = Story::new(Suspicion::Relay);
    story.test(Reach::Greeted, [Accepted, Refused, Refused], 0);
    let mut looks = 0;
    while story.0.state == State::Arriving {
        let when = story.0.next_at.unwrap().seconds() - START;
        assert!(when <= 10 + 5 * DAY);
        story.take(Event::Due { heard_since: at(when) }, when).unwrap();
        looks += 1;
    }
    assert_eq!((story.stands(), story.1.len()), ((State::Waiting, Some(Outcome::Inconclusive)), 0));
    assert_eq!((looks, story.0.steps[0].verdict), (120, Accepted));
}

#[test]
fn an_arrival_while_the_session_runs_is_open_and_the_session_is_heard_to_its_end() {
    let mut story = Story::new(Suspicion::Relay);
    let trials = story.0.trials(&TRIALS, Token::random);
    story.take(Event::Started(trials.clone()), 0).unwrap();
    story.take(Event::Arrived { token: trials[0].1, from: target() }, 5).unwrap();
    assert_eq!(story.stands(), (State::Running, Some(Outcome::Open)));
    let steps = TRIALS.map(|variant| Step { variant, verdict: Accepted }).to_vec();
    story.take(Event::Observed(Observed { reach: Reach::Greeted, steps, transcript: String::new() }), 9).unwrap();
    assert_eq!(story.stands(), (State::Done, Some(Outcome::Open)));
    assert_eq!(story.1, [Judgement::List { variant: TRIALS[0], returned: false }; 2]);
    assert_eq!(story.0.steps[0].verdict, Arrived);
}

#[test]
fn through_another_machine_is_multihop_which_neither_lists_nor_clears() {
    let mut story = Story::new(Suspicion::Relay);
    let tokens = story.test(Reach::Greeted, [Accepted, Refused, Refused], 0);
    story.take(Event::Arrived { token: tokens[0], from: elsewhere() }, 60).unwrap();
    story.due();
    assert_eq!((story.stands(), story.1.len()), ((State::Done, Some(Outcome::Multihop)), 0));
}

#[test]
fn a_server_that_wants_encryption_or_a_login_first_is_never_clean() {
    let mut story = Story::new(Suspicion::Relay);
    for _ in RETEST_TRIES {
        let now = if story.0.state == State::Waiting { story.due() } else { 0 };
        story.test(Reach::Greeted, [Barred, Refused, Barred], now);
        assert_eq!(story.0.result, Some(Outcome::Inconclusive));
    }
    assert_eq!((story.0.state, story.1.len()), (State::Done, 0));
    // Nor where what it took in one form came to nothing.
    story.take(Event::Asked(target()), 9 * DAY).unwrap();
    story.test(Reach::Greeted, [Accepted, Barred, Refused], 9 * DAY);
    story.due();
    assert_eq!((story.0.result, story.1.len()), (Some(Outcome::Inconclusive), 0));
}

#[test]
fn greylisting_is_tried_again_with_the_same_token() {
    let mut story = Story::new(Suspicion::Relay);
    let first = story.test(Reach::Greeted, [Deferred, Refused, Deferred], 0);
    assert_eq!(story.stands(), (State::Waiting, Some(Outcome::Inconclusive)));
    let when = story.due();
    assert!(when >= DAY);
    let second = story.test(Reach::Greeted, [Accepted, Refused, Refused], when + 1);
    assert_eq!((first[0], first[2]), (second[0], second[2]));
    assert_ne!(first[1], second[1]);
    story.take(Event::Arrived { token: second[0], from: target() }, when + 60).unwrap();
    assert_eq!(story.stands(), (State::Done, Some(Outcome::Open)));
}

#[test]
fn silence_is_never_clean_and_ends_after_four_tries() {
    let mut story = Story::new(Suspicion::Relay);
    let (mut now, mut tries) = (0, 0);
    while story.0.state != State::Done {
        story.test(Reach::Silent, [Unanswered; 3], now);
        tries += 1;
        if story.0.state == State::Waiting {
            now = story.due() + 5;
        }
    }
    assert_eq!((tries, story.stands(), story.1.len()), (4, (State::Done, Some(Outcome::Unreachable)), 0));
}

#[test]
fn a_machine_that_refuses_every_connection_is_clean_at_the_third_test_that_finds_it_closed() {
    let refused = |variant| Step { variant, verdict: Verdict::Closed };
    for (kind, steps) in [(Suspicion::Relay, Vec::new()), (Suspicion::Proxy, PORTS.map(refused).to_vec())] {
        let mut story = Story::new(kind);
        let mut now = 0;
        for expected in [Outcome::Unreachable, Outcome::Unreachable, Outcome::Clean] {
            assert_eq!(story.1, [], "{kind:?}");
            let trials = story.0.trials(&TRIALS, Token::random);
            story.take(Event::Started(trials), now).unwrap();
            let closed = Observed { reach: Reach::Closed, steps: steps.clone(), transcript: String::new() };
            story.take(Event::Observed(closed), now + 1).unwrap();
            assert_eq!(story.0.result, Some(expected), "{kind:?}");
            if expected == Outcome::Unreachable {
                now = story.due();
            }
        }
        assert_eq!(story.1, [Judgement::Clear]);
        assert!((2 * DAY..7 * DAY).contains(&now));
    }
}

#[test]
fn a_proxy_of_which_no_port_could_be_tried_is_never_clean() {
    let mut story = Story::new(Suspicion::Proxy);
    let mut now = 0;
    while story.0.state != State::Done {
        story.take(Event::Started(Vec::new()), now).unwrap();
        let nothing = Observed { reach: Reach::Closed, steps: Vec::new(), transcript: String::new() };
        story.take(Event::Observed(nothing), now + 1).unwrap();
        if story.0.state == State::Waiting {
            now = story.due();
        }
    }
    assert_eq!((story.0.result, story.1.as_slice()), (Some(Outcome::Unreachable), [].as_slice()));
}

#[test]
fn a_proxy_that_answers_without_our_secret_is_clean_and_one_that_is_silent_or_closed_at_every_port_is_not() {
    for (reach, last, expected) in [
        (Reach::Closed, Verdict::Closed, Outcome::Unreachable),
        (Reach::Greeted, Verdict::Closed, Outcome::Clean),
        (Reach::Greeted, Refused, Outcome::Clean),
        (Reach::Silent, Unanswered, Outcome::Unreachable),
        (Reach::Greeted, Unanswered, Outcome::Inconclusive),
        (Reach::Greeted, Verdict::ArrivedElsewhere, Outcome::Multihop),
        (Reach::Greeted, Arrived, Outcome::Open),
    ] {
        let mut story = Story::new(Suspicion::Proxy);
        let trials = story.0.trials(&PORTS, Token::random);
        story.take(Event::Started(trials), 0).unwrap();
        let verdicts = [Refused, Refused, last];
        let steps = PORTS.into_iter().zip(verdicts).map(|(variant, verdict)| Step { variant, verdict }).collect();
        story.take(Event::Observed(Observed { reach, steps, transcript: String::new() }), 9).unwrap();
        assert_eq!(story.0.result, Some(expected), "{reach:?} {last:?}");
    }
}

#[test]
fn a_proxy_that_was_open_at_a_port_is_not_clean_because_it_refuses_there_and_answers_elsewhere() {
    let mut story = Story::new(Suspicion::Proxy);
    let mut now = 0;
    let mut test = |story: &mut Story, last| {
        let trials = story.0.trials(&PORTS, Token::random);
        story.take(Event::Started(trials), now).unwrap();
        let verdicts = [Refused, Verdict::Closed, last];
        let steps = PORTS.into_iter().zip(verdicts).map(|(variant, verdict)| Step { variant, verdict }).collect();
        let observed = Observed { reach: Reach::Greeted, steps, transcript: String::new() };
        story.take(Event::Observed(observed), now + 1).unwrap();
        if story.0.state == State::Done {
            now += 2 * DAY;
        } else {
            now = story.due();
        }
        story.0.result
    };
    assert_eq!(test(&mut story, Arrived), Some(Outcome::Open));
    for expected in [Outcome::Unreachable, Outcome::Unreachable, Outcome::Clean] {
        if story.0.state == State::Done {
            story.take(Event::Asked(target()), 2 * DAY).unwrap();
        }
        assert_eq!(test(&mut story, Verdict::Closed), Some(expected));
    }
    // That it once was is forgotten with that.
    story.take(Event::Asked(target()), 30 * DAY).unwrap();
    assert_eq!(test(&mut story, Verdict::Closed), Some(Outcome::Clean));
}

#[test]
fn a_result_answers_what_was_asked_before_it_and_not_what_was_asked_since() {
    let mut story = Story::new(Suspicion::Relay);
    story.test(Reach::Closed, [Unanswered; 3], 0);
    // Somebody asks while it waits: the next result is theirs.
    assert!(story.0.is_open() && !story.0.has_said(at(HOUR)));
    let when = story.due();
    story.test(Reach::Greeted, [Refused; 3], when);
    assert!(!story.0.is_open() && story.0.has_said(at(HOUR)) && !story.0.has_said(at(when + HOUR)));
    // Asked again: what it said the last time stands there, and answers nothing, until what was taken had its time.
    let later = when + 2 * DAY;
    story.take(Event::Asked(target()), later).unwrap();
    story.test(Reach::Greeted, [Accepted, Refused, Refused], later);
    assert_eq!(story.stands(), (State::Arriving, Some(Outcome::Clean)));
    assert!(story.0.is_open() && !story.0.has_said(at(later)));
    story.due();
    assert!(!story.0.is_open() && story.0.has_said(at(later)));
}

#[test]
fn a_restart_puts_a_running_test_back_and_counts_it() {
    let mut story = Story::new(Suspicion::Relay);
    let trials = story.0.trials(&TRIALS, Token::random);
    story.take(Event::Started(trials.clone()), 0).unwrap();
    story.take(Event::Restarted, 60).unwrap();
    assert_eq!((story.0.state, story.0.tries), (State::Queued, 1));
    assert_ne!(story.0.trials(&TRIALS, Token::random), trials);
    story.take(Event::Arrived { token: trials[0].1, from: target() }, 90).unwrap();
    assert_eq!(story.0.result, Some(Outcome::Open), "what was sent before the restart still counts");
}

/// A machine that was open the last time: after a restart in the midst of its new test there was no new test, and no answer.
#[test]
fn a_restart_in_a_new_test_of_what_was_open_before_makes_it_again() {
    let mut story = Story::new(Suspicion::Relay);
    story.test(Reach::Greeted, [Arrived, Refused, Refused], 0);
    story.take(Event::Asked(target()), 2 * DAY).unwrap();
    let trials = story.0.trials(&TRIALS, Token::random);
    story.take(Event::Started(trials), 2 * DAY).unwrap();
    story.take(Event::Restarted, 2 * DAY + 60).unwrap();
    assert_eq!(story.0.state, State::Queued);
}

/// Within the hour that a relay held a message somebody asked for a closed neighbour in its block: the block was clean, and
/// the message, which came from another address than the one tested last, counted as passed on by another machine.
#[test]
fn a_neighbour_in_the_block_does_not_clear_what_was_open_or_holds_what_it_took() {
    let neighbour = "192.0.2.8".parse().unwrap();
    let mut story = Story::new(Suspicion::Relay);
    story.test(Reach::Greeted, [Accepted, Refused, Refused], 0);
    assert!(story.0.is_open(), "whoever asks now shares what comes out");
    story.due();
    // Clean for now, and asked again: the address that may still pass on what it took is the one to test.
    story.take(Event::Asked(neighbour), DAY).unwrap();
    assert_eq!(story.0.address, target());
    story.test(Reach::Greeted, [Refused; 3], DAY);
    story.take(Event::Asked(neighbour), 9 * DAY).unwrap();
    assert_eq!(story.0.address, neighbour, "nothing may come any more");
}

#[test]
fn what_comes_from_the_address_that_it_was_sent_to_is_open_whichever_is_tested_since() {
    let neighbour = "192.0.2.8".parse().unwrap();
    let mut story = Story::new(Suspicion::Relay);
    let mut tokens = story.test(Reach::Greeted, [Unanswered, Refused, Refused], 0);
    while story.0.state == State::Waiting {
        let when = story.due();
        tokens = story.test(Reach::Greeted, [Unanswered, Refused, Refused], when);
    }
    story.take(Event::Asked(neighbour), 8 * DAY).unwrap();
    story.test(Reach::Greeted, [Refused; 3], 8 * DAY);
    assert_eq!((story.0.address, story.0.result), (neighbour, Some(Outcome::Clean)));
    // It had taken it, though it never said so.
    story.take(Event::Arrived { token: tokens[0], from: target() }, 9 * DAY).unwrap();
    assert_eq!((story.stands(), story.0.address), ((State::Done, Some(Outcome::Open)), target()));
    assert_eq!(story.1.last(), Some(&Judgement::List { variant: TRIALS[0], returned: true }));
    story.take(Event::Asked(neighbour), 10 * DAY).unwrap();
    assert_eq!(story.0.address, target(), "the one that was open");
}

#[test]
fn a_bounce_is_no_relaying_and_the_others_still_have_their_hour() {
    let mut story = Story::new(Suspicion::Relay);
    let tokens = story.test(Reach::Greeted, [Refused, Accepted, Refused], 0);
    story.take(Event::Bounced(tokens[1]), 30).unwrap();
    assert_eq!((story.0.state, story.0.steps[1].verdict), (State::Arriving, Verdict::Bounced));
    story.due();
    assert_eq!((story.0.result, story.1.as_slice()), (Some(Outcome::Clean), [Judgement::Clear].as_slice()));
}

#[test]
fn a_row_is_read_back_as_it_was_written() {
    let mut story = Story::new(Suspicion::Relay);
    story.test(Reach::Greeted, [Accepted, Deferred, Refused], 0);
    let text = serde_json::to_string(&story.0).unwrap();
    assert_eq!(serde_json::from_str::<Retest>(&text).unwrap(), story.0);
}

/// By which trial a token is out.
fn used_by(story: &Retest, token: Token) -> Variant {
    story.sent.iter().find(|sent| sent.token == token).expect("it arrived").variant
}

fn any_event() -> impl Strategy<Value = u8> {
    0_u8..9
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    /// Any order of events, with any answers: the promises of the head hold after each.
    #[test]
    fn in_any_order_of_events_silence_is_not_clean_and_arrivals_list(
        events in prop::collection::vec((any_event(), 0_u8..4, prop::collection::vec(0_u8..5, 3), 1_u32..3 * DAY), 1..60),
        proxy in prop::bool::ANY,
    ) {
        let mut story = Story::new(if proxy { Suspicion::Proxy } else { Suspicion::Relay });
        let (mut now, mut starts, mut used) = (0, Vec::new(), Vec::new());
        for (what, reach, verdicts, pause) in events {
            now += pause;
            let before = story.0.clone();
            let reach = [Reach::Closed, Reach::Silent, Reach::Unwelcome, Reach::Greeted][usize::from(reach)];
            let verdicts: Vec<Verdict> = verdicts.iter().map(|v| [Refused, Deferred, Accepted, Unanswered, Barred][usize::from(*v)]).collect();
            let token = before.sent.first().map(|sent| (sent.token, sent.until));
            let event = match what {
                0 | 1 => Event::Started(before.trials(&TRIALS, Token::random)),
                2 | 3 => {
                    let steps = TRIALS.into_iter().zip(verdicts.clone()).map(|(variant, verdict)| Step { variant, verdict });
                    Event::Observed(Observed { reach, steps: steps.collect(), transcript: String::new() })
                }
                4 | 5 => {
                    now = now.max(before.next_at.map_or(0, |at| at.seconds() - START));
                    let heard_since = if pause % 3 == 0 { at(now - pause.min(now)) } else { Time::default() };
                    Event::Due { heard_since }
                }
                6 => Event::Arrived { token: token.map_or(Token::new([0; 16]), |(t, _)| t), from: if pause % 2 == 0 { target() } else { elsewhere() } },
                7 => Event::Restarted,
                _ => Event::Bounced(token.map_or(Token::new([0; 16]), |(t, _)| t)),
            };
            let Ok((after, judged)) = before.moved(event.clone(), &terms(), at(now)) else { continue };
            // No moves but these.
            let moves = (before.state, after.state);
            let known = before.state == after.state || after.state == State::Done || matches!(moves,
                (State::Queued | State::Waiting | State::Done | State::Arriving, State::Queued)
                | (State::Queued, State::Running)
                | (State::Running, State::Queued | State::Arriving | State::Waiting)
                | (State::Arriving, State::Waiting));
            prop_assert!(known, "{:?} by {:?}", moves, event);
            match (&event, judged) {
                (Event::Observed(_), Some(Judgement::Clear)) => {
                    let untold = verdicts.iter().any(|verdict| verdict.leaves_open()) && before.closed < 2;
                    prop_assert!(!untold && !matches!(reach, Reach::Silent | Reach::Unwelcome));
                    prop_assert!(reach != Reach::Closed || before.closed >= 2);
                }
                (Event::Due { heard_since }, Some(Judgement::Clear)) => {
                    prop_assert!(before.settle_until.is_some());
                    let accepted = before.steps.iter().any(|step| step.verdict == Accepted);
                    prop_assert!(!accepted || heard_since.plus(terms().settle) <= at(now), "cleared unheard");
                }
                (_, Some(Judgement::Clear)) => prop_assert!(false, "cleared by {:?}", event),
                (Event::Arrived { from, token }, judged) => {
                    prop_assert!(!used.contains(token), "used twice");
                    used.push(*token);
                    if *from == target() {
                        prop_assert_eq!(after.result, Some(Outcome::Open));
                        prop_assert_eq!(judged, Some(Judgement::List { variant: used_by(&before, *token), returned: before.cleared }));
                    } else {
                        prop_assert!(judged.is_none());
                    }
                }
                (Event::Observed(_), Some(Judgement::List { .. })) => prop_assert_eq!(before.result, Some(Outcome::Open)),
                (_, Some(Judgement::List { .. })) => prop_assert!(false, "listed by {:?}", event),
                _ => {}
            }
            if let Event::Started(_) = event {
                starts.push(now);
                prop_assert!(after.tries <= 4 || starts.len() > 4);
            }
            // What waits has a time to wait for, and nobody waits for ever.
            prop_assert_eq!(matches!(after.state, State::Waiting | State::Arriving) && after.next_at.is_none(), false);
            prop_assert!(after.sent.len() <= 3 * 16 && after.steps.len() <= 3);
            story.0 = after;
        }
    }
}
