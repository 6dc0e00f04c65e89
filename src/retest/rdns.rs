//! What DNS and a mail server say about an address: names that lead back to it, TXT records, the greeting.
//!
//! Guarantees: "no such record" and "no answer" are told apart; names of an address and the time of all are bounded; a mail
//! server is connected to by the same rules as a target of a test.
//! Never: sends mail: it greets and leaves.

use super::{
    converse::converse,
    relay::{Plan, Session, Tester},
    target::{ConnectError, Rules},
};
use crate::{
    cases::{Checks, Unanswered, Unmet},
    limits::{RDNS_LOOKUP_TIME, RDNS_NAMES_MAX, RDNS_TXT_MAX, RETEST_TEST_TIME},
};
use async_trait::async_trait;
use hickory_resolver::{
    TokioResolver,
    net::NetError,
    proto::rr::{Name, RData, RecordType},
};
use std::{fmt, net::IpAddr};
use tokio::time::{Instant, timeout};

/// Asks the resolvers of the system (`/etc/resolv.conf`), and mail servers.
pub struct Resolver {
    dns: TokioResolver,
    rules: Rules,
    from: Vec<IpAddr>,
    tester: Tester,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

impl Resolver {
    /// By the system's settings. `tester` says who greets mail servers.
    ///
    /// # Errors
    /// The system's settings cannot be read.
    pub fn new(rules: Rules, from: Vec<IpAddr>, tester: Tester) -> Result<Self, Unanswered> {
        let unusable = |error: NetError| Unanswered(format!("the system's resolvers cannot be used: {error}"));
        let mut builder = TokioResolver::builder_tokio().map_err(unusable)?;
        builder.options_mut().timeout = RDNS_LOOKUP_TIME / 2;
        builder.options_mut().attempts = 1;
        builder.options_mut().cache_size = 0;
        Ok(Self { dns: builder.build().map_err(unusable)?, rules, from, tester })
    }

    /// The records of a name; none is an answer.
    async fn records(&self, name: &Name, kind: RecordType) -> Result<Vec<RData>, Unanswered> {
        let asked = timeout(RDNS_LOOKUP_TIME, self.dns.lookup(name.clone(), kind)).await;
        match asked {
            Ok(Ok(found)) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
            Ok(Err(error)) if error.is_no_records_found() => Ok(Vec::new()),
            Ok(Err(error)) => Err(Unanswered(format!("DNS gives no answer for {name}: {error}"))),
            Err(_) => Err(Unanswered(format!("DNS gives no answer for {name} in time"))),
        }
    }

    async fn leads_to(&self, name: &Name, address: IpAddr) -> Result<bool, Unanswered> {
        let kind = if address.is_ipv4() { RecordType::A } else { RecordType::AAAA };
        let found = self.records(name, kind).await?;
        Ok(found.iter().any(|data| match data {
            RData::A(a) => IpAddr::V4(a.0) == address,
            RData::AAAA(aaaa) => IpAddr::V6(aaaa.0) == address,
            _ => false,
        }))
    }

    /// The names of an address, whether they lead back or not.
    async fn names(&self, address: IpAddr) -> Result<Vec<Name>, Unanswered> {
        let mut reverse = Name::from(address);
        reverse.set_fqdn(true);
        let found = self.records(&reverse, RecordType::PTR).await?;
        let names = found.into_iter().filter_map(|data| if let RData::PTR(name) = data { Some(name.0) } else { None });
        Ok(names.take(RDNS_NAMES_MAX).collect())
    }

    /// What the mail server at the address calls itself.
    async fn greeting(&self, address: IpAddr) -> Result<Option<String>, Unanswered> {
        let deadline = Instant::now() + RETEST_TEST_TIME;
        let target = self.rules.reachable(address).map_err(|why| Unanswered(why.to_string()))?;
        let from = self.from.iter().copied().find(|from| from.is_ipv4() == address.is_ipv4());
        let mut stream = match self.rules.connect(target, 25, from).await {
            Ok(stream) => stream,
            Err(ConnectError::Refused) => return Ok(None),
            Err(error) => return Err(Unanswered(format!("port 25: {error}"))),
        };
        let plan = Plan { tester: self.tester.clone(), address, date: String::new(), trials: Vec::new() };
        let mut session = Session::new(plan);
        converse(&mut stream, &mut session, deadline).await;
        Ok(session.greeted().then(|| session.name().unwrap_or("(no name)").to_owned()))
    }
}

fn plain(name: &Name) -> Box<str> {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase().into()
}

#[async_trait]
impl Checks for Resolver {
    async fn confirmed_names(&self, address: IpAddr) -> Result<Vec<Box<str>>, Unanswered> {
        let address = address.to_canonical();
        let mut confirmed = Vec::new();
        for name in self.names(address).await? {
            if self.leads_to(&name, address).await? {
                confirmed.push(plain(&name));
            }
        }
        Ok(confirmed)
    }

    async fn texts(&self, name: &str) -> Result<Vec<Box<str>>, Unanswered> {
        let name = Name::from_ascii(format!("{}.", name.trim_end_matches('.')));
        let Ok(name) = name else { return Ok(Vec::new()) };
        let found = self.records(&name, RecordType::TXT).await?;
        let texts = found.into_iter().filter_map(|data| if let RData::TXT(txt) = data { Some(txt) } else { None });
        let text = |strings: &[Box<[u8]>]| String::from_utf8_lossy(&strings.concat()).into_owned().into_boxed_str();
        Ok(texts.take(RDNS_TXT_MAX).map(|txt| text(&txt.txt_data)).collect())
    }

    async fn mail_server(&self, address: IpAddr) -> Result<Result<Box<str>, Unmet>, Unanswered> {
        let address = address.to_canonical();
        let names = self.names(address).await?;
        let Some(first) = names.first().map(plain) else { return Ok(Err(Unmet::NoName)) };
        let confirmed = self.confirmed_names(address).await?;
        let Some(one) = confirmed.first().cloned() else { return Ok(Err(Unmet::NotConfirmed(first))) };
        let own: Vec<&Box<str>> = confirmed.iter().filter(|name| !is_generic(name, address)).collect();
        if own.is_empty() {
            return Ok(Err(Unmet::Generic(one)));
        }
        let Some(found) = self.greeting(address).await? else { return Ok(Err(Unmet::NoServer)) };
        match own.iter().find(|name| name.eq_ignore_ascii_case(&found)) {
            Some(name) => Ok(Ok((*name).clone())),
            None => Ok(Err(Unmet::OtherName { found: found.into(), name: own[0].clone() })),
        }
    }
}

/// Words that providers put into the names of customers' lines.
const GENERIC: [&str; 26] = [
    "adsl",
    "broadband",
    "cable",
    "client",
    "cpe",
    "cust",
    "customer",
    "dhcp",
    "dial",
    "dialin",
    "dialup",
    "dsl",
    "dyn",
    "dynamic",
    "dynip",
    "fiber",
    "ftth",
    "generic",
    "ip",
    "mobile",
    "pool",
    "ppp",
    "pppoe",
    "user",
    "vdsl",
    "wimax",
];

/// Whether a name is one that a provider gives out by itself: the address stands in it, or a word of customers' lines does.
#[must_use]
pub fn is_generic(name: &str, address: IpAddr) -> bool {
    let registrable = psl::domain_str(name).unwrap_or(name);
    let own = name.strip_suffix(registrable).unwrap_or(name).trim_end_matches('.');
    if own.is_empty() {
        return false;
    }
    let words: Vec<&str> = own.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let bare = |word: &&str| GENERIC.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit()));
    words.iter().any(bare) || holds_address(own, &words, address)
}

fn holds_address(own: &str, words: &[&str], address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let octets = v4.octets();
            let numbers: Vec<u8> = words.iter().filter_map(|word| digits(word)).collect();
            let stands = |wanted: &[u8]| numbers.windows(wanted.len()).any(|window| window == wanted);
            let mut reversed = octets;
            reversed.reverse();
            let joined = format!("{:03}{:03}{:03}{:03}", octets[0], octets[1], octets[2], octets[3]);
            let hex = data_encoding::HEXLOWER.encode(&octets);
            let packed = own.replace(|c: char| !c.is_ascii_alphanumeric(), "");
            // Two octets side by side are enough: the network is often in the domain.
            stands(&octets[1..])
                || stands(&reversed[..3])
                || stands(&octets[2..])
                || packed.contains(&joined)
                || packed.contains(&hex)
        }
        IpAddr::V6(v6) => {
            let lower = data_encoding::HEXLOWER.encode(&v6.octets());
            let packed = own.replace(|c: char| !c.is_ascii_hexdigit(), "");
            packed.len() >= 12 && lower.contains(&packed[packed.len() - 12..])
        }
    }
}

/// The number at the end of a word like `host17` or `17`.
fn digits(word: &str) -> Option<u8> {
    let number = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let number = number.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_providers_give_out_are_told_from_those_of_mail_servers() {
        let address: IpAddr = "192.0.2.77".parse().unwrap();
        for name in [
            "192-0-2-77.dyn.provider.example",
            "77.2.0.192.provider.example",
            "host-2-77.provider.example",
            "p4c000240.dip.provider.example",
            "192000002077.provider.example",
            "c000024d.provider.example",
            "pool-1.provider.example",
            "dsl17.provider.example",
            "cpe-5.city.provider.example",
        ] {
            assert_eq!(is_generic(name, address), name != "p4c000240.dip.provider.example", "{name}");
        }
        for name in
            ["mx.example.org", "mail2.example.org", "example.org", "smtp-out-01.example.co.uk", "mx77.example.org"]
        {
            assert!(!is_generic(name, address), "{name}");
        }
        let v6: IpAddr = "2001:db8:1:2::25".parse().unwrap();
        assert!(
            is_generic("2001-db8-1-2--25.provider.example", v6)
                || is_generic("dyn-20010db8000100020000000000000025.provider.example", v6)
        );
        assert!(!is_generic("mx.example.org", v6));
    }
}
