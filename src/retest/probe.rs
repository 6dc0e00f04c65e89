//! One test of one target, over real sockets.
//!
//! Guarantees: at most [`RETEST_TEST_TIME`] from the first connection to the last; one connection at a time to a mail server,
//! and one that hangs up is called again [`RETEST_SESSIONS_MAX`] times in all, for the forms that it was not asked yet; one
//! connection for each trial of a proxy, side by side, so that a slow port takes no time from another; a proxy is asked for a
//! listener of its own IP version only.
//! Never: retries what was answered; touches the store.

use super::{
    converse::converse,
    proxy::{Secret, Trial},
    relay::{End, Plan, Session, Tester},
    target::{ConnectError, NotContacted, Rules, Target},
};
use crate::{
    cases::retest::{Form, Observed, Reach, Step, Suspicion, Token, Variant, Verdict},
    limits::{RETEST_SESSIONS_MAX, RETEST_TEST_TIME},
};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use std::net::{IpAddr, SocketAddr};
use tokio::{net::TcpStream, time::Instant};

/// Where mail servers listen.
const SMTP_PORT: u16 = 25;

/// What is to be tested.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The address.
    pub address: IpAddr,
    /// For what.
    pub suspicion: Suspicion,
    /// The trials, each with its token.
    pub trials: Vec<(Variant, Token)>,
    /// The time, as RFC 5322 writes it: messages carry it.
    pub date: String,
}

/// Why there was no test.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The address is not to be contacted.
    #[error(transparent)]
    NotContacted(#[from] NotContacted),
    /// A proxy there could not reach our listener: what it says about that says nothing about whom else it connects to.
    #[error("there is no listener for proxies of the IP version of {0}")]
    NoLure(IpAddr),
    /// This server is not able to.
    #[error("{0}")]
    Ours(String),
}

/// Makes tests.
#[derive(Clone, Debug)]
pub struct Prober {
    /// What may be contacted.
    pub rules: Rules,
    /// The source addresses: the first of the target's family is used.
    pub from: Vec<IpAddr>,
    /// Who we are.
    pub tester: Tester,
    /// Where our listener is reached by proxies; `None`: proxies are not tested, nor are those of the other IP version.
    pub lure: Option<SocketAddr>,
    /// Its key.
    pub secret: Secret,
}

impl Prober {
    /// Tests.
    pub async fn run(&self, probe: &Probe) -> Result<Observed, ProbeError> {
        let target = self.rules.target(probe.address)?;
        let deadline = Instant::now() + RETEST_TEST_TIME;
        match probe.suspicion {
            Suspicion::Relay => self.relay(target, probe, deadline).await,
            Suspicion::Proxy => self.proxy(target, probe, deadline).await,
        }
    }

    async fn connect(&self, target: Target, port: u16, deadline: Instant) -> Result<TcpStream, ConnectError> {
        let from = self.from.iter().copied().find(|from| from.is_ipv4() == target.address().is_ipv4());
        match tokio::time::timeout_at(deadline, self.rules.connect(target, port, from)).await {
            Ok(connected) => connected,
            Err(_) => Err(ConnectError::Silent(std::io::ErrorKind::TimedOut.into())),
        }
    }

    async fn relay(&self, target: Target, probe: &Probe, deadline: Instant) -> Result<Observed, ProbeError> {
        let forms = |(variant, token): &(Variant, Token)| match variant {
            Variant::Relay(form) => Some((*form, *token)),
            Variant::Proxy(..) => None,
        };
        let mut trials: Vec<(Form, Token)> = probe.trials.iter().filter_map(forms).collect();
        let mut seen = Observed { reach: Reach::Silent, steps: Vec::new(), transcript: String::new() };
        for _ in 0..RETEST_SESSIONS_MAX {
            let mut stream = match self.connect(target, SMTP_PORT, deadline).await {
                Ok(stream) => stream,
                Err(error) => {
                    missed(&mut seen, &error)?;
                    break;
                }
            };
            let plan = Plan {
                tester: self.tester.clone(),
                address: target.address(),
                date: probe.date.clone(),
                trials: trials.clone(),
            };
            let mut session = Session::new(plan);
            converse(&mut stream, &mut session, deadline).await;
            seen.transcript.push_str(session.transcript());
            let steps = session.verdicts().iter();
            seen.steps.extend(steps.map(|&(form, verdict)| Step { variant: Variant::Relay(form), verdict }));
            let silent = session.transcript().is_empty() && session.end() == Some(End::Late);
            if session.greeted() {
                seen.reach = Reach::Greeted;
            } else if seen.reach != Reach::Greeted && !silent {
                seen.reach = Reach::Unwelcome;
            }
            let progress = session.untried().len() < trials.len();
            trials = session.untried().to_vec();
            if trials.is_empty() || !progress || session.end() != Some(End::Dropped) {
                break;
            }
        }
        // A machine that refused the connection has answered no form; nor is a form that needs the target's name a trial where
        // it gave none.
        let verdict = if seen.reach == Reach::Closed { Verdict::Closed } else { Verdict::Unanswered };
        seen.steps.extend(trials.iter().map(|&(form, _)| Step { variant: Variant::Relay(form), verdict }));
        Ok(seen)
    }

    async fn proxy(&self, target: Target, probe: &Probe, deadline: Instant) -> Result<Observed, ProbeError> {
        let lure = self.lure.filter(|lure| lure.is_ipv4() == target.address().is_ipv4());
        let lure = lure.ok_or_else(|| ProbeError::NoLure(target.address()))?;
        let mut trials: FuturesUnordered<_> = probe
            .trials
            .iter()
            .filter_map(|&(variant, token)| match variant {
                Variant::Proxy(protocol, port) if Trial::can_name(protocol, lure) => {
                    let trial = Trial::new(protocol, target.address(), lure, token, self.secret.clone());
                    Some(async move { (variant, self.port(target, port, trial, deadline).await) })
                }
                _ => None,
            })
            .collect();
        let mut seen = Observed { reach: Reach::Closed, steps: Vec::new(), transcript: String::new() };
        while let Some((variant, tried)) = trials.next().await {
            let (verdict, transcript) = tried?;
            seen.transcript.push_str(&format!("= {variant}\n{transcript}"));
            seen.steps.push(Step { variant, verdict });
            if verdict == Verdict::Arrived {
                break;
            }
        }
        let any = |of: fn(Verdict) -> bool| seen.steps.iter().any(|step| of(step.verdict));
        // One silent port is enough: nothing is known of this machine then.
        if any(|verdict| verdict == Verdict::Unanswered) {
            seen.reach = Reach::Silent;
        } else if any(|verdict| verdict != Verdict::Closed) {
            seen.reach = Reach::Greeted;
        }
        // As they are configured, not as they ended.
        seen.steps.sort_by_key(|step| probe.trials.iter().position(|(variant, _)| *variant == step.variant));
        Ok(seen)
    }

    /// What `trial` of one port showed, and how it went.
    async fn port(
        &self,
        target: Target,
        port: u16,
        mut trial: Trial,
        deadline: Instant,
    ) -> Result<(Verdict, String), ProbeError> {
        match self.connect(target, port, deadline).await {
            Ok(mut stream) => {
                converse(&mut stream, &mut trial, deadline).await;
                Ok((trial.verdict(), trial.transcript().to_owned()))
            }
            Err(ConnectError::Refused) => Ok((Verdict::Closed, "! connection refused\n".into())),
            Err(ConnectError::Silent(why)) => Ok((Verdict::Unanswered, format!("! no answer: {why}\n"))),
            Err(ConnectError::NotContacted(why)) => Err(why.into()),
            Err(error @ ConnectError::Ours(_)) => Err(ProbeError::Ours(error.to_string())),
        }
    }
}

/// A connection that was not made says something about the target, or about us.
fn missed(seen: &mut Observed, error: &ConnectError) -> Result<(), ProbeError> {
    seen.transcript.push_str(&format!("! {error}\n"));
    match error {
        ConnectError::NotContacted(why) => Err((*why).into()),
        ConnectError::Ours(_) => Err(ProbeError::Ours(error.to_string())),
        ConnectError::Refused => {
            if seen.reach != Reach::Greeted {
                seen.reach = Reach::Closed;
            }
            Ok(())
        }
        ConnectError::Silent(_) => {
            if seen.reach != Reach::Greeted {
                seen.reach = Reach::Silent;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
