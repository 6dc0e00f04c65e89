//! The one table of options: the name, shape, default, bounds and meaning of each.
//!
//! Guarantees: the reader, the printed template and the README's table all come from here, so they cannot disagree.
//! Never: checks what spans several options; that is `config::check`.

use crate::{
    limits::{LISTENERS_MAX, PUBLIC_URL_OCTETS_MAX, UDP_THREADS_MAX},
    list::Kind,
};

/// The tables of a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// What stands before the first header.
    Top,
    /// `[dns]`
    Dns,
    /// `[http]`
    Http,
    /// `[never]`
    Never,
    /// `[store]`
    Store,
    /// `[keep]`
    Keep,
    /// `[mail]`
    Mail,
    /// `[retest]`
    Retest,
    /// `[[list]]`, any number of times.
    List,
    /// `[list.reports]`, at most once under a `[[list]]`.
    Reports,
    /// `[[zone]]`, any number of times.
    Zone,
}

/// What TOML value an option takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// `"text"`
    Text,
    /// `"2027-06-30"`, or the same without quotes.
    Date,
    /// `true` or `false`
    Flag,
    /// An integer, both bounds included.
    Whole(u64, u64),
    /// An integer or a decimal, both bounds included.
    Number(f64, f64),
    /// `["text", "text"]`, at most so many.
    Texts(usize),
    /// `{ "name" = ["address"] }`
    Addresses,
    /// `{ protocol = [port, port] }`, for the protocols of proxies.
    Ports,
    /// `{ name = 1.5 }`, each number between the bounds.
    Numbers(f64, f64),
    /// `[[64, 56, 3]]`: rows of so many whole numbers.
    Rows(usize),
}

/// What an option is when the file does not name it.
#[derive(Clone, Copy)]
pub enum Preset {
    /// This TOML value.
    Is(&'static str),
    /// It has to be written; the value is the template's example.
    Required(&'static str),
    /// Nothing; the value is an example.
    Absent(&'static str),
    /// This TOML value, by the list's kind.
    ByKind(fn(Kind) -> &'static str),
}

/// One option.
pub struct Opt {
    /// Where it stands.
    pub table: Table,
    /// Its name.
    pub key: &'static str,
    /// What value it takes.
    pub shape: Shape,
    /// Its default.
    pub preset: Preset,
    /// What it does, in sentences. A line of the text is a line of the template.
    pub doc: &'static str,
    /// Whether SIGHUP takes a new value; otherwise a restart does.
    pub reloads: bool,
}

impl Table {
    /// Every table, in the order of the template.
    pub const ALL: [Self; 11] = [
        Self::Top,
        Self::Dns,
        Self::Http,
        Self::Store,
        Self::Never,
        Self::Keep,
        Self::Mail,
        Self::Retest,
        Self::List,
        Self::Reports,
        Self::Zone,
    ];

    /// The name inside its header; empty for [`Table::Top`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Top => "",
            Self::Dns => "dns",
            Self::Http => "http",
            Self::Store => "store",
            Self::Never => "never",
            Self::Keep => "keep",
            Self::Mail => "mail",
            Self::Retest => "retest",
            Self::List => "list",
            Self::Reports => "reports",
            Self::Zone => "zone",
        }
    }

    /// Its header as it is written.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::Top => "the top of the file",
            Self::Dns => "[dns]",
            Self::Http => "[http]",
            Self::Store => "[store]",
            Self::Never => "[never]",
            Self::Keep => "[keep]",
            Self::Mail => "[mail]",
            Self::Retest => "[retest]",
            Self::List => "[[list]]",
            Self::Reports => "[list.reports]",
            Self::Zone => "[[zone]]",
        }
    }

    /// Whether it may stand more than once.
    #[must_use]
    pub const fn repeats(self) -> bool {
        matches!(self, Self::List | Self::Zone)
    }

    /// The table that it stands in.
    #[must_use]
    pub const fn parent(self) -> Self {
        if matches!(self, Self::Reports) { Self::List } else { Self::Top }
    }

    /// The tables that stand in this one.
    pub fn inner(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |table| *table != Self::Top && table.parent() == self)
    }

    /// Its options, in the order of the template.
    pub fn options(self) -> impl Iterator<Item = &'static Opt> {
        OPTIONS.iter().filter(move |option| option.table == self)
    }
}

const fn opt(table: Table, key: &'static str, shape: Shape, preset: Preset, doc: &'static str) -> Opt {
    Opt { table, key, shape, preset, doc, reloads: true }
}

/// An option that only a restart changes.
const fn fixed(table: Table, key: &'static str, shape: Shape, preset: Preset, doc: &'static str) -> Opt {
    Opt { table, key, shape, preset, doc, reloads: false }
}

fn widest_v4(kind: Kind) -> &'static str {
    if kind == Kind::Dynamic { "10" } else { "16" }
}

fn widest_v6(kind: Kind) -> &'static str {
    if kind == Kind::Dynamic { "24" } else { "32" }
}

fn covers_at_most(kind: Kind) -> &'static str {
    if kind == Kind::Dynamic { "50" } else { "5" }
}

use Preset::{Absent, ByKind, Is, Required};
use Shape::{Addresses, Date, Flag, Number, Numbers, Ports, Rows, Text, Texts, Whole};
use Table::{Dns, Http, Keep, List, Mail, Never, Reports, Retest, Store, Top, Zone};

/// Every option there is.
pub const OPTIONS: &[Opt] = &[
    fixed(
        Top,
        "data_dir",
        Text,
        Is("\"var\""),
        "Where the store and admin.token are kept, relative to this file. Created for its owner alone (0700).",
    ),
    fixed(
        Top,
        "user",
        Text,
        Is("\"\""),
        "Become this user once the addresses are bound; data_dir is made his. Empty: stay who started the program.",
    ),
    fixed(
        Dns,
        "listen",
        Texts(LISTENERS_MAX),
        Is("[\"127.0.0.1:5300\"]"),
        "Each address answers over UDP and TCP. A wildcard (0.0.0.0:53, [::]:53) answers from the address asked.",
    ),
    fixed(
        Dns,
        "udp_threads",
        Whole(0, UDP_THREADS_MAX as u64),
        Is("0"),
        "Threads that answer UDP, for each address. 0: one for each core.",
    ),
    fixed(
        Dns,
        "nsid",
        Text,
        Is("\"\""),
        "Answered to who asks for it (NSID, RFC 5001), so that one can tell servers apart. Empty: the host's name.",
    ),
    fixed(Http, "listen", Text, Is("\"127.0.0.1:8053\""), "The address of the pages and of the API."),
    opt(
        Http,
        "public_url",
        Text,
        Is("\"http://127.0.0.1:8053\""),
        "Where people reach the pages: it goes into TXT records and pages. http or https, at most 100 octets.",
    ),
    fixed(
        Http,
        "admin_listen",
        Text,
        Is("\"\""),
        "If set, calls that need a token are answered at this address only (elsewhere: 403).",
    ),
    opt(
        Http,
        "plain_tokens",
        Flag,
        Is("false"),
        "Tokens are taken only from this machine or from a trusted proxy (which speaks TLS), unless this is true.",
    ),
    opt(
        Http,
        "lookups_per_minute",
        Whole(1, 1_000_000),
        Is("60"),
        "Look-ups, history and pages for one client (IPv6: its /64) without a token; then 429 with Retry-After.",
    ),
    opt(Http, "trusted_proxies", Texts(256), Is("[]"), "Prefixes whose X-Forwarded-For is believed."),
    opt(Http, "metrics_from", Texts(256), Is("[\"127.0.0.0/8\", \"::1/128\"]"), "Prefixes that may read /metrics."),
    fixed(
        Store,
        "write_buffer_mib",
        Whole(1, 1_024),
        Is("8"),
        "Memory for what is written and not yet in files, in MiB, for the whole store.",
    ),
    fixed(
        Store,
        "block_cache_mib",
        Whole(1, 65_536),
        Is("8"),
        "Memory for what is read from the store's files, in MiB. DNS never reads them: this is for pages and imports.",
    ),
    fixed(
        Store,
        "log_mib",
        Whole(1, 4_096),
        Is("16"),
        "How long the write-ahead log may get, in MiB: what is read again at a start.",
    ),
    fixed(Store, "jobs", Whole(1, 64), Is("2"), "Threads that write and merge the store's files."),
    opt(
        Never,
        "builtin",
        Flag,
        Is("true"),
        "Whether private, loopback, link-local, shared and multicast addresses can never be listed.\n\
         false is for those who list their own network.",
    ),
    opt(Keep, "history", Text, Is("\"2y\""), "How long what left a list can be read."),
    opt(Keep, "public_history", Text, Is("\"90d\""), "How much of it anyone may read; at most `history`."),
    opt(Keep, "changes", Text, Is("\"30d\""), "How long /api/v1/changes goes back."),
    opt(
        Keep,
        "evidence",
        Text,
        Is("\"90d\""),
        "How long evidence is kept after what it shows was last seen; no longer than it is listed.",
    ),
    opt(
        Keep,
        "audit",
        Text,
        Is("\"2y\""),
        "How long the steps of requests, tests and networks are kept: who did what. Who changed entries is in `changes`.",
    ),
    opt(
        Keep,
        "requests",
        Text,
        Is("\"90d\""),
        "How long a request, with its contact and note, is kept once it is closed.",
    ),
    opt(
        Keep,
        "transcripts",
        Text,
        Is("\"30d\""),
        "How long the conversations of a retest are kept, as private evidence.",
    ),
    fixed(
        Mail,
        "relay",
        Text,
        Is("\"\""),
        "Your mail server, which takes this program's mails (codes, news for networks), as 127.0.0.1:25. Empty: no mail.",
    ),
    fixed(Mail, "from", Text, Is("\"\""), "The sender of these mails."),
    fixed(Mail, "opt_out", Texts(4_096), Is("[]"), "Domains whose postmasters want no codes by mail."),
    fixed(
        Retest,
        "enabled",
        Flag,
        Is("false"),
        "Whether listed relays and proxies may be tested when somebody asks. This connects to machines of others:\n\
         turn it on knowingly, with a PTR record, a contact and a page that say who tests.",
    ),
    fixed(
        Retest,
        "from",
        Texts(LISTENERS_MAX),
        Is("[]"),
        "Source addresses of tests, the first of each family; their PTR and forward names are `ehlo`. Empty: the system's.",
    ),
    fixed(Retest, "ehlo", Text, Is("\"\""), "The name that tests say in EHLO, and the inbox in its greeting."),
    fixed(
        Retest,
        "contact",
        Text,
        Is("\"\""),
        "Whom to ask about tests, and to opt out: a mail address or a URL. It stands in each test message and greeting.",
    ),
    fixed(
        Retest,
        "inbox_listen",
        Text,
        Is("\"\""),
        "Where the inbox takes test messages that come through, and reports by mail: usually port 25 of the machine that\n\
         inbox_domain's MX names. Works without `enabled`.",
    ),
    fixed(
        Retest,
        "inbox_domain",
        Text,
        Is("\"\""),
        "The domain of the mailboxes of tests and reporters. Its MX leads to inbox_listen.",
    ),
    fixed(
        Retest,
        "trap_domains",
        Texts(64),
        Is("[]"),
        "Domains in which nobody ever had a mailbox, whose MX leads to inbox_listen: all mail to them is reported, by its\n\
         sending address, as the operator's own trap. Works without `enabled`.",
    ),
    fixed(
        Retest,
        "proxy_listen",
        Text,
        Is("\"\""),
        "The address and port that proxies under test are asked to connect to: public, no wildcard. Proxies at addresses of the other IP version are not tested; empty: none are.",
    ),
    fixed(
        Retest,
        "proxy_ports",
        Ports,
        Is("{ connect = [80, 3128, 8080], post = [80], socks4 = [1080], socks5 = [1080] }"),
        "Where proxies are looked for.",
    ),
    fixed(Retest, "parallel", Whole(1, 256), Is("8"), "Tests at once."),
    fixed(Retest, "per_second", Whole(1, 100), Is("1"), "Tests that begin in a second."),
    fixed(Retest, "queue", Whole(1, 1_000_000), Is("10000"), "Tests that may wait."),
    fixed(
        Retest,
        "automatic_per_day",
        Whole(0, 100_000),
        Is("200"),
        "Tests in 24 hours that no person asked for: a machine that was found clean is looked at again.",
    ),
    fixed(
        Retest,
        "settle",
        Text,
        Is("\"1h\""),
        "What was accepted, but has not arrived within this time, counts as clean for now.",
    ),
    fixed(
        Retest,
        "arrival",
        Text,
        Is("\"5d\""),
        "How long a test message may still arrive; one that does lists the machine again at once.",
    ),
    fixed(
        Retest,
        "recheck",
        Texts(16),
        Is("[\"1d\", \"7d\", \"30d\"]"),
        "When a machine that was found clean is tested again, each after the one before; at least 1d.",
    ),
    fixed(Retest, "opt_out", Texts(4_096), Is("[]"), "Prefixes whose owners want no tests: not tested, still listed."),
    fixed(
        Retest,
        "documentation_ranges",
        Flag,
        Is("false"),
        "Lets tests reach documentation addresses (192.0.2.0/24, 2001:db8::/32, ...). For this program's own tests only.",
    ),
    opt(
        List,
        "name",
        Text,
        Required("\"dynamic\""),
        "2 to 32 characters: a to z, 0 to 9 and '-', the first a letter. Also the label of the sublist.\n\
         In a zone of names it needs a '-', so that it cannot be a top-level domain.",
    ),
    opt(
        List,
        "kind",
        Text,
        Required("\"dynamic\""),
        "Addresses: dynamic, compromised, relay, proxy, spam. Names: domain, new-domain, spf-abuse.\n\
         Hashes of mail addresses: mail-hash.",
    ),
    opt(
        List,
        "code",
        Text,
        Required("\"127.0.0.10\""),
        "The A record of what is listed: in 127.0.0.0/8, not 127.0.0.1, not in 127.255.255.0/24.",
    ),
    opt(
        List,
        "text",
        Text,
        Is("\"{address} is on the list {list}. See {url}\""),
        "The TXT record: printable ASCII with {address}, {list}, {code} and {url}.",
    ),
    opt(List, "codes", Texts(64), Absent("[\"127.0.0.11\"]"), "Further codes that single entries may carry."),
    opt(List, "entry_texts", Flag, Is("false"), "Whether single entries may carry a text of their own."),
    opt(
        List,
        "widest_v4",
        Whole(0, 32),
        ByKind(widest_v4),
        "A shorter IPv4 prefix needs force. Lists of kind dynamic: 10, others: 16.",
    ),
    opt(
        List,
        "widest_v6",
        Whole(0, 128),
        ByKind(widest_v6),
        "A shorter IPv6 prefix needs force. Lists of kind dynamic: 24, others: 32.",
    ),
    opt(
        List,
        "covers_at_most",
        Number(0.0, 100.0),
        ByKind(covers_at_most),
        "Percent of all IPv4 addresses that the list may cover without force. Kind dynamic: 50, others: 5.",
    ),
    opt(List, "criteria", Text, Is("\"\""), "What gets a key listed, in words that people read on the pages."),
    opt(
        List,
        "expires_after",
        Text,
        Is("\"never\""),
        "An entry ends so long after it was last seen: \"never\" or a time as 90d or 12h.",
    ),
    opt(List, "ttl", Text, Absent("\"1h\""), "TTL of the answers of this list; else the zone's."),
    opt(
        List,
        "v6_hosts_as",
        Whole(1, 127),
        Absent("64"),
        "Longer IPv6 listings are widened to this length, at every write and removal; exclusions stay as written.",
    ),
    opt(
        List,
        "hash",
        Text,
        Absent("\"sha1\""),
        "Lists of kind mail-hash only: sha1 (else) or md5, in hex, or sha256, in base32.",
    ),
    opt(
        List,
        "removal",
        Text,
        Is("\"operator\""),
        "Who lets a key out when somebody asks: self (who asks), retest (a clean test), proof (who shows that it is theirs),\n\
         owner (the range's network; without one: proof), operator. Names and hashes: operator.",
    ),
    opt(
        List,
        "removal_proofs",
        Texts(3),
        Absent("[\"rdns-txt\", \"postmaster\"]"),
        "What shows that an address is somebody's: address (the request comes from it; not for proxy, relay and\n\
         compromised), rdns-txt (a token in TXT under its name), postmaster (a code mailed there). Else all that fit.",
    ),
    opt(
        List,
        "removal_lasts",
        Text,
        Is("\"30d\""),
        "How long a removed key stays exempt, unless newer evidence comes. \"never\" (to end): only for kind dynamic.",
    ),
    opt(
        List,
        "lockout",
        Text,
        Is("\"24h\""),
        "How long nobody may ask again without proof for a key that came back; doubled with each return, at most 180 days.",
    ),
    opt(List, "lockout_memory", Text, Is("\"1y\""), "After so long without a return the lock-out begins anew."),
    opt(
        Reports,
        "kinds",
        Texts(5),
        Is("[\"trap\", \"spam\"]"),
        "With this table reports list addresses, under the source report, in a list of kind compromised, relay, proxy or\n\
         spam. The kinds that count: trap, spam, auth, relay, proxy; each needs a weight.",
    ),
    opt(Reports, "threshold", Number(0.1, 1_000.0), Is("3.0"), "The score from which an address is listed."),
    opt(
        Reports,
        "reporters",
        Whole(2, 100),
        Is("2"),
        "So many reporters have to agree. The operator's own trap (a token with report:operator) is believed alone.",
    ),
    opt(Reports, "within", Text, Is("\"7d\""), "Older reports do not count; at most 90d."),
    opt(Reports, "half_life", Text, Is("\"48h\""), "After so long a report counts half."),
    opt(Reports, "per_reporter", Number(0.1, 1_000.0), Is("2.0"), "The most that one reporter adds to the score."),
    opt(
        Reports,
        "weights",
        Numbers(0.01, 100.0),
        Is("{ trap = 2.0, spam = 1.0 }"),
        "What one report of a kind adds to the score.",
    ),
    opt(
        Reports,
        "expires",
        Text,
        Is("\"7d\""),
        "How long after the last report a listing ends; each report renews it.",
    ),
    opt(
        Reports,
        "widen_v6",
        Rows(3),
        Is("[]"),
        "[[64, 56, 3], [56, 48, 3], [48, 32, 8]]: three /64 that reports list inside a /56 list that /56, and so on.",
    ),
    opt(Reports, "spare", Texts(4_096), Is("[]"), "Prefixes that reports never list: forwarders, large mailers."),
    opt(Zone, "origin", Text, Required("\"bl.example.org\""), "Where the zone stands in DNS."),
    opt(
        Zone,
        "lists",
        Texts(64),
        Required("[\"dynamic\"]"),
        "The lists of the combined answer, all of one key family, the most severe first.",
    ),
    opt(
        Zone,
        "sublists_only",
        Texts(64),
        Is("[]"),
        "Lists on trial: served as LIST.ORIGIN, not in the combined answer.",
    ),
    opt(Zone, "ns", Texts(16), Required("[\"ns1.example.org\", \"ns2.example.org\"]"), "The zone's name servers."),
    opt(
        Zone,
        "contact",
        Text,
        Required("\"hostmaster@example.org\""),
        "The mail address of the SOA record: who answers for the zone.",
    ),
    opt(Zone, "ttl", Text, Is("\"5m\""), "TTL of the answers."),
    opt(Zone, "negative_ttl", Text, Is("\"1m\""), "TTL of \"not listed\"."),
    opt(Zone, "text", Text, Absent("\"A blocklist of example.org\""), "A TXT record at the origin."),
    opt(Zone, "a", Texts(16), Absent("[\"192.0.2.80\"]"), "A records at the origin."),
    opt(Zone, "aaaa", Texts(16), Absent("[\"2001:db8::80\"]"), "AAAA records at the origin."),
    opt(
        Zone,
        "glue",
        Addresses,
        Absent("{ \"ns1.bl.example.org\" = [\"192.0.2.53\"] }"),
        "Addresses of names inside the zone: each name server that stands there needs them.",
    ),
    opt(
        Zone,
        "closing",
        Date,
        Absent("\"2027-06-30\""),
        "The day on which the zone ends (RFC 6471 3.4): announced at the origin and on the pages. From that day on\n\
         nothing is listed, not even the test points, and answers hold for 7 days.",
    ),
];

const _: () = assert!(PUBLIC_URL_OCTETS_MAX == 100, "the text of public_url names its bound");
