//! The moves of a request, against the table of people.md's states.

use super::*;
use crate::cases::{Secret, grounds::tests::any_finding};
use State::{Checking, Deciding, Ended, Granted, Lapsed, Proving, Refused, Withdrawn};
use proptest::prelude::*;

const T0: Time = Time::from_seconds(1_800_000_000);
const LASTS: Duration = Duration::from_seconds(30 * 86_400);

/// Every move there is.
const MOVES: &[(State, State)] = &[
    (Proving, Checking),
    (Proving, Deciding),
    (Proving, Granted),
    (Proving, Refused),
    (Proving, Withdrawn),
    (Proving, Lapsed),
    (Checking, Deciding),
    (Checking, Granted),
    (Checking, Refused),
    (Checking, Withdrawn),
    (Checking, Lapsed),
    (Deciding, Proving),
    (Deciding, Checking),
    (Deciding, Granted),
    (Deciding, Refused),
    (Deciding, Withdrawn),
    (Deciding, Lapsed),
    (Granted, Ended),
];

fn request(needs: Needs) -> Request {
    Request {
        v: 1,
        id: Id::draw(),
        secret: Secret::draw().hash(),
        list: "spam".parse().unwrap(),
        asked: "192.0.2.1".into(),
        key: "192.0.2.1".into(),
        rule: RemovalRule::SelfService,
        owner: None,
        state: Proving,
        since: T0,
        asked_at: T0,
        needs,
        proven: None,
        from_key: false,
        token: "token".into(),
        code: None,
        repaired_at: None,
        contact: Box::default(),
        note: Box::default(),
        until: None,
        ending: None,
        why: Grounds::default(),
        check_again: None,
        checks: 0,
    }
}

fn around() -> Around {
    Around { lasts: Some(LASTS), ..Around::default() }
}

#[test]
fn what_needs_nothing_is_granted_at_once_and_ends_once() {
    let granted = request(Needs::default()).begun(around(), T0);
    assert_eq!((granted.state, granted.until), (Granted, Some(T0.plus(LASTS))));
    let ended = granted.step(Event::Over(Ending::Returned), around(), T0).unwrap();
    assert_eq!((ended.state, ended.ending), (Ended, Some(Ending::Returned)));
    assert_eq!(ended.step(Event::Over(Ending::Expired), around(), T0), Err(NoMove(Ended)));
    assert_eq!(granted.step(Event::Withdrawn, around(), T0), Err(NoMove(Granted)));
}

#[test]
fn stages_come_in_order_and_none_is_left_out() {
    let all = Needs { proof: true, check: true, decision: true };
    let asked = request(all).begun(around(), T0);
    let proven = asked.step(Event::Proven(ProofKind::Address), around(), T0).unwrap();
    let checked = proven.step(Event::Passed, around(), T0).unwrap();
    let granted = checked.step(Event::Accepted("ours".into()), around(), T0).unwrap();
    let states = [&asked, &proven, &checked, &granted].map(|request| request.state);
    assert_eq!(states, [Proving, Checking, Deciding, Granted]);
    assert_eq!(asked.step(Event::Accepted("too early".into()), around(), T0), Err(NoMove(Proving)));
    assert_eq!(proven.step(Event::Unchecked(Finding::NoTest), around(), T0).unwrap().state, Deciding);
}

#[test]
fn lock_outs_and_newer_evidence_stop_all_but_those_who_decide() {
    let locked = Around { locked_until: Some(T0.plus(LASTS)), ..around() };
    let newer = Around { newer_evidence: Some(T0.plus(Duration::from_seconds(1))), ..around() };
    let older = Around { newer_evidence: Some(T0), ..around() };
    assert_eq!(request(Needs::default()).begun(locked, T0).state, Refused);
    assert_eq!(request(Needs::default()).begun(newer, T0).state, Refused);
    assert_eq!(request(Needs::default()).begun(older, T0).state, Granted);
    let deciding = request(Needs { decision: true, ..Needs::default() }).begun(locked, T0);
    assert_eq!(deciding.step(Event::Accepted("we know".into()), locked, T0).unwrap().state, Granted);
}

#[test]
fn an_open_request_lapses_after_seven_days_and_not_before() {
    let open = request(Needs { proof: true, ..Needs::default() }).begun(around(), T0);
    let day = |days: u32| T0.plus(Duration::from_seconds(days * 86_400));
    assert_eq!(open.step(Event::Tick, around(), day(6)), Err(NoMove(Proving)));
    assert_eq!(open.step(Event::Tick, around(), day(7)).unwrap().state, Lapsed);
}

#[test]
fn a_proof_on_the_sixth_day_begins_seven_days_for_who_decides() {
    let day = |days: u32| T0.plus(Duration::from_seconds(days * 86_400));
    let asked = request(Needs { proof: true, decision: true, ..Needs::default() }).begun(around(), T0);
    let proven = asked.step(Event::Proven(ProofKind::RdnsTxt), around(), day(6)).unwrap();
    assert_eq!(proven.step(Event::Tick, around(), day(12)), Err(NoMove(Deciding)));
    assert_eq!(proven.step(Event::Tick, around(), day(13)).unwrap().state, Lapsed);
}

#[test]
fn what_waits_for_a_network_that_is_gone_goes_on_by_proof() {
    let waits = Request { rule: RemovalRule::Owner, owner: Some("isp".into()), ..request(Needs::default()) };
    let waits = Request { needs: Needs { decision: true, ..Needs::default() }, ..waits }.begun(around(), T0);
    let proof = Needs { proof: true, check: true, decision: false };
    let gone = waits.step(Event::OwnerGone(proof), around(), T0).unwrap();
    assert_eq!((gone.state, gone.rule, gone.owner.clone()), (Proving, RemovalRule::Proof, None));
    assert_eq!(gone.step(Event::OwnerGone(proof), around(), T0), Err(NoMove(Proving)));
    let known = waits.step(Event::OwnerGone(Needs { check: true, ..Needs::default() }), around(), T0).unwrap();
    assert_eq!(known.state, Checking, "what was proven is not asked for again");
    let other = request(Needs { decision: true, ..Needs::default() }).begun(around(), T0);
    assert_eq!(other.step(Event::OwnerGone(proof), around(), T0), Err(NoMove(Deciding)), "it waits for an operator");
}

fn any_event() -> impl Strategy<Value = Event> {
    let why = || "[a-z]{0,5}".prop_map(String::from);
    prop_oneof![
        prop_oneof![Just(ProofKind::Address), Just(ProofKind::Postmaster)].prop_map(Event::Proven),
        Just(Event::Passed),
        any_finding().prop_map(Event::Failed),
        any_finding().prop_map(Event::Unchecked),
        why().prop_map(Event::Accepted),
        why().prop_map(Event::Declined),
        any::<bool>().prop_map(|proof| Event::OwnerGone(Needs { proof, ..Needs::default() })),
        Just(Event::Withdrawn),
        Just(Event::Tick),
        prop_oneof![Just(Ending::Returned), Just(Ending::Expired), Just(Ending::Revoked)].prop_map(Event::Over),
    ]
}

proptest! {
    #[test]
    fn there_are_no_other_moves(
        proof in any::<bool>(),
        check in any::<bool>(),
        decision in any::<bool>(),
        locked in any::<bool>(),
        events in proptest::collection::vec((any_event(), 0u32..4 * 86_400), 0..12),
    ) {
        let locked_until = locked.then(|| T0.plus(LASTS));
        let around = Around { locked_until, ..around() };
        let needs = Needs { proof, check, decision };
        let mut at = T0;
        let mut now = request(needs).begun(around, T0);
        prop_assert!(now.state.is_open() || now.state == Granted || (locked && now.state == Refused));
        let (mut decided, mut passed) = (false, false);
        for (event, wait) in events {
            at = at.plus(Duration::from_seconds(wait));
            let (accepted, checked) = (matches!(event, Event::Accepted(_)), event == Event::Passed);
            match now.step(event, around, at) {
                Ok(next) => {
                    prop_assert!(next.state == now.state || MOVES.contains(&(now.state, next.state)), "{now:?} {next:?}");
                    prop_assert!(!now.state.is_closed());
                    decided |= accepted;
                    passed |= checked;
                    if now.state != Granted && next.state == Granted {
                        prop_assert!(!proof || next.proven.is_some());
                        prop_assert!(!check || passed || decided);
                        prop_assert!(!decision || decided);
                        prop_assert!(!locked || decided);
                    }
                    now = next;
                }
                Err(NoMove(state)) => prop_assert_eq!(state, now.state),
            }
        }
    }

    #[test]
    fn a_row_reads_back(proof in any::<bool>(), note in "\\PC{0,40}", event in any_event()) {
        let mut one = request(Needs { proof, ..Needs::default() }).begun(around(), T0);
        one.note = note.into();
        let one = one.step(event, around(), T0).unwrap_or(one);
        prop_assert_eq!(serde_json::from_slice::<Request>(&serde_json::to_vec(&one).unwrap()).unwrap(), one);
    }
}
