//! Each mistake that a configuration can have, with its place and the words that the operator reads.

use super::*;
use proptest::prelude::*;

const WHOLE: &str = r#"
[[list]]
name = "dynamic"
kind = "dynamic"
code = "127.0.0.10"

[[list]]
name = "relay"
kind = "relay"
code = "127.0.0.5"

[[list]]
name = "bad-domain"
kind = "domain"
code = "127.0.0.2"

[[list]]
name = "mails"
kind = "mail-hash"
code = "127.0.0.3"

[[zone]]
origin = "bl.example.org"
lists = ["relay", "dynamic"]
ns = ["ns1.bl.example.org", "ns2.example.net"]
contact = "hostmaster@example.org"
glue = { "ns1.bl.example.org" = ["192.0.2.53"] }
closing = 2027-06-30

[[zone]]
origin = "dbl.example.org"
lists = ["bad-domain"]
ns = ["ns2.example.net"]
contact = "hostmaster@example.org"
"#;

/// `WHOLE` with `old` replaced once, then read.
fn changed(old: &str, new: &str) -> Result<Config, Vec<Mistake>> {
    assert!(WHOLE.contains(old), "{old}");
    read(&WHOLE.replacen(old, new, 1))
}

#[test]
fn a_whole_file_is_read_with_the_defaults_of_each_kind() {
    let config = read(WHOLE).unwrap();
    assert_eq!(config.dns.listen, ["127.0.0.1:5300".parse().unwrap()]);
    assert_eq!(config.http.public_url.as_str(), "http://127.0.0.1:8053");
    assert_eq!(config.keep.history.seconds(), 2 * 365 * 86_400);
    let [dynamic, relay, ..] = &config.lists[..] else { panic!("four lists") };
    assert_eq!((dynamic.widest_v4, dynamic.widest_v6), (10, 24));
    assert_eq!((relay.widest_v4, relay.widest_v6), (16, 32));
    assert!(dynamic.covers_at_most > 49.9 && relay.covers_at_most < 5.1);
    assert_eq!(config.zones[0].closing.unwrap().to_string(), "2027-06-30T00:00:00Z");
    assert_eq!(config.zones[0].ttl.seconds(), 300);
}

#[test]
fn an_empty_file_is_the_defaults() {
    let config = read("").unwrap();
    assert!(config.lists.is_empty() && config.never_builtin && config.user.is_none());
}

/// What is changed, into what, and what the operator reads.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("code = \"127.0.0.5\"", "code = \"127.0.0.1\"", "reserved"),
    ("code = \"127.0.0.5\"", "code = \"127.255.255.7\"", "reserved"),
    ("code = \"127.0.0.5\"", "code = \"192.0.2.1\"", "outside 127.0.0.0/8"),
    ("code = \"127.0.0.5\"", "code = 5", "this is a whole number; write a text in quotes"),
    ("code = \"127.0.0.5\"", "code = \"127.0.0.5\"\ncodes = [\"127.0.0.5\"]", "twice, or is the list's own"),
    ("code = \"127.0.0.5\"", "code = \"127.0.0.5\"\nwidest_v4 = 33", "from 0 to 32"),
    ("code = \"127.0.0.5\"", "code = \"127.0.0.5\"\ncovers_at_most = 100.5", "from 0 to 100"),
    ("code = \"127.0.0.5\"", "code = \"127.0.0.5\"\nv6_hosts_as = 0", "from 1 to 127"),
    ("code = \"127.0.0.5\"", "code = \"127.0.0.5\"\nexpires_after = \"90\"", "write \"never\", or a number and a unit"),
    ("code = \"127.0.0.5\"", "code = \"127.0.0.5\"\nttl = \"0s\"", "not 0"),
    ("code = \"127.0.0.5\"", "code = \"127.0.0.5\"\nttl = \"31d\"", "at most 30d"),
    ("code = \"127.0.0.5\"", "code = \"127.0.0.5\"\ntext = \"{ip}\"", "{ip} is not known"),
    ("code = \"127.0.0.5\"", "code = \"127.0.0.5\"\nhash = \"md5\"", "hash is for mail-hash lists"),
    ("code = \"127.0.0.5\"", "code = \"127.0.0.5\"\nentry_texts = \"yes\"", "write true or false"),
    ("code = \"127.0.0.3\"", "code = \"127.0.0.3\"\nhash = \"crc\"", "sha1, md5 or sha256"),
    ("code = \"127.0.0.3\"", "code = \"127.0.0.3\"\nwidest_v4 = 8", "widest_v4 is for lists of addresses"),
    ("kind = \"relay\"", "kind = \"relays\"", "not a kind"),
    ("kind = \"relay\"", "kind = \"never\"", "not a kind"),
    ("kind = \"relay\"", "knd = \"relay\"", "did you mean `kind`?"),
    ("kind = \"relay\"", "kind = \"relay\"\norigin = \"a.org\"", "write it under [[zone]]"),
    ("kind = \"relay\"", "kind = \"relay\"\nxyz = 1", "[[list]] knows name, kind, code"),
    ("kind = \"relay\"\n", "", "[[list]] needs `kind`; for example: kind = \"dynamic\""),
    ("name = \"relay\"", "name = \"dynamic\"", "there is a list `dynamic` already"),
    ("name = \"relay\"", "name = \"never\"", "built in"),
    ("name = \"relay\"", "name = \"x\"", "2 to 32 characters"),
    (
        "[\"relay\", \"dynamic\"]",
        "[\"relay\", \"proxy\"]",
        "no list `proxy`; there are bad-domain, dynamic, mails, relay",
    ),
    ("[\"relay\", \"dynamic\"]", "[\"relay\", \"relay\"]", "stands twice in this zone"),
    ("[\"relay\", \"dynamic\"]", "[]", "at least one list"),
    ("[\"relay\", \"dynamic\"]", "[\"relay\", \"mails\"]", "`mails` holds sha1 hashes, `relay` holds addresses"),
    ("[\"relay\", \"dynamic\"]", "[\"relay\"]\nsublists_only = [\"relay\"]", "stands twice in this zone"),
    ("[\"relay\", \"dynamic\"]", "[\"relay\", 5]", "write a text in quotes"),
    ("[\"relay\", \"dynamic\"]", "\"relay\"", "texts in brackets"),
    ("origin = \"dbl.example.org\"", "origin = \"bl.example.org\"", "there is a zone bl.example.org already"),
    ("origin = \"dbl.example.org\"", "origin = \"relay.bl.example.org\"", "is the sublist `relay` of the zone"),
    ("origin = \"dbl.example.org\"", "origin = \"10.bl.example.org\"", "answers for addresses"),
    ("origin = \"dbl.example.org\"", "origin = \"*.example.org\"", "write a name as"),
    ("ns = [\"ns1.bl.example.org\", \"ns2.example.net\"]", "ns = []", "at least one name server"),
    ("ns = [\"ns1.bl.example.org\",", "ns = [\"ns3.bl.example.org\",", "give its address: glue ="),
    ("\"ns2.example.net\"]", "\"NS1.bl.example.org.\"]", "ns: ns1.bl.example.org stands twice in this zone"),
    ("contact = \"hostmaster@example.org\"", "contact = \"hostmaster.example.org\"", "write a mail address"),
    ("\"ns1.bl.example.org\" = [", "\"ns1.example.org\" = [", "is not inside bl.example.org"),
    ("\"ns1.bl.example.org\" = [", "\"ns1.relay.bl.example.org\" = [", "is in the sublist `relay`"),
    ("\"ns1.bl.example.org\" = [", "\"5.bl.example.org\" = [", "begins an address"),
    ("\"ns1.bl.example.org\" = [\"192.0.2.53\"]", "\"ns1.bl.example.org\" = []", "at least one address"),
    ("\"ns1.bl.example.org\" = [\"192.0.2.53\"]", "\"ns1.bl.example.org\" = [\"192.0.2\"]", "write an address as"),
    ("closing = 2027-06-30", "closing = \"soon\"", "not a time"),
    ("closing = 2027-06-30", "closing = 2027-06-31", "not TOML"),
    (
        "\n[[list]]",
        "\n[[list]]\nname='plain'\nkind='domain'\ncode='127.0.0.2'\n[[zone]]\norigin='x.org'\nlists=['plain']\n\
         ns=['ns.example.net']\ncontact='a@b.org'\n[[list]]",
        "needs a '-'",
    ),
    ("\n[[list]]", "\n[list]", "not TOML"),
    ("\n[[list]]", "\nlists = 1\n[[list]]", "did you mean [[list]]?"),
    ("\n[[list]]", "\n[dns]\nlisten = []\n[[list]]", "at least one address"),
    ("\n[[list]]", "\n[dns]\nlisten = [\"127.0.0.1\"]\n[[list]]", "write an address and a port"),
    ("\n[[list]]", "\n[dns]\nlisten = [\"127.0.0.1:8053\"]\n[[list]]", "taken by another listener"),
    ("\n[[list]]", "\n[dns]\nlisten = [\"0.0.0.0:53\", \"127.0.0.1:53\"]\n[[list]]", "127.0.0.1:53 is taken"),
    ("\n[[list]]", "\n[dns]\nlisten = [\"[::1]:53\", \"[::]:53\"]\n[[list]]", "[::]:53 is taken"),
    ("\n[[list]]", "\n[dns]\nlisten = [\"0.0.0.0:8053\"]\n[[list]]", "127.0.0.1:8053 is taken"),
    ("\n[[list]]", "\n[dns]\nudp_threads = -1\n[[list]]", "from 0 to 256"),
    ("\n[[list]]", "\n[dns]\nport = 53\n[[list]]", "[dns] knows listen, udp_threads, nsid"),
    ("\n[[list]]", "\n[http]\nadmin_listen = \"127.0.0.1:8053\"\n[[list]]", "taken by another listener"),
    ("\n[[list]]", "\n[http]\npublic_url = \"bl.example.org\"\n[[list]]", "begins with https://"),
    ("\n[[list]]", "\n[http]\ntrusted_proxies = [\"10.0.0.1/8\"]\n[[list]]", "did you mean 10.0.0.0/8?"),
    ("\n[[list]]", "\n[http]\nlookups_per_minute = 0\n[[list]]", "from 1 to 1000000"),
    ("\n[[list]]", "\n[keep]\nhistory = \"30d\"\n[[list]]", "longer than history"),
    ("\n[[list]]", "\n[keep]\naudit = \"0d\"\n[[list]]", "not 0"),
    ("\n[[list]]", "\nnever = true\n[[list]]", "never is a table: write its header [never]"),
    ("\n[[list]]", "\ndata_dir = \"\"\n[[list]]", "name a directory"),
];

#[test]
fn each_mistake_is_named_on_its_line_with_what_to_write_instead() {
    for (old, new, words) in MISTAKES {
        let mistakes = changed(old, new).expect_err(new);
        let mistake = mistakes.iter().find(|mistake| mistake.what.contains(words));
        let mistake = mistake.unwrap_or_else(|| panic!("{new:?} gives {mistakes:?}, not {words:?}"));
        let first = WHOLE[..WHOLE.find(old).unwrap()].matches('\n').count() + 1;
        // A zone's header stands one line above its first key, a list's two above its second.
        let last = first + new.matches('\n').count();
        assert!(
            (first.saturating_sub(4)..=last).contains(&mistake.line)
                || words.contains("longer")
                || words.contains("not TOML"),
            "{new:?}: {mistake}"
        );
    }
}

#[test]
fn a_single_list_or_zone_needs_the_header_of_several() {
    for table in ["list", "zone"] {
        let mistakes = read(&format!("\n[{table}]\n")).unwrap_err();
        assert!(mistakes[0].line == 2 && mistakes[0].what.contains(&format!("[[{table}]]")), "{mistakes:?}");
    }
}

#[test]
fn all_mistakes_come_at_once_in_the_order_of_the_file() {
    let text = "bad = 1\n[dns]\nlisten = 5\n[[list]]\nname = \"é\"\nkind = \"é\", code = 1\n";
    assert_eq!(read(text).unwrap_err().len(), 1, "an error of TOML stands alone");
    let text = "bad = 1\n[dns]\nlisten = 5\n[[list]]\nname = \"é\"\nkind = \"x\"\n[[zone]]\norigin = \"\"\nlists = [\"né\", 5]\n";
    let mistakes = read(text).unwrap_err();
    let places: Vec<(usize, usize)> = mistakes.iter().map(|mistake| (mistake.line, mistake.column)).collect();
    assert_eq!(
        places,
        [(1, 1), (3, 10), (4, 1), (5, 8), (6, 8), (7, 1), (7, 1), (8, 10), (9, 10), (9, 16)],
        "{mistakes:?}"
    );
}

/// What had the wrong shape hid the mistakes beside it.
#[test]
fn all_mistakes_of_one_value_are_named_each_in_its_place() {
    let places = |text: &str| {
        let mistakes = read(text).expect_err(text);
        mistakes.iter().map(|mistake| (mistake.line, mistake.column)).collect::<Vec<_>>()
    };
    let listen = "[dns]\nlisten = [\"127.0.0.1\", \"localhost:53\", \"127.0.0.1:99999\", 7]\n";
    assert_eq!(places(listen), [(2, 11), (2, 24), (2, 40), (2, 59)]);
    let list =
        |text: &str| format!("[[list]]\nname = \"spam\"\nkind = \"spam\"\ncode = \"127.0.0.9\"\ntext = {text}\n");
    assert_eq!(places(&list("\"\u{fc} {bogus} {x}\"")), [(5, 9), (5, 11), (5, 19)]);
    assert_eq!(places(&list("\"\\u00fc {bogus}\"")), [(5, 8), (5, 9)], "behind an escape: the text");
    assert_eq!(places("[retest]\nproxy_ports = { connect = [0, 70000], fax = [1], socks5 = 1 }\n").len(), 4);
    let rows = "kinds = [5, \"fax\"]\nweights = { trap = \"x\", auth = -1 }\nwiden_v6 = [5, [64, 56, 3], [1]]\n";
    assert_eq!(places(&format!("{REPORTED}{rows}"))[..2], [(6, 10), (6, 13)]);
    assert!(places(&format!("{REPORTED}{rows}")).len() >= 6);
    assert_eq!(places("[http]\nmetrics_from = [5]\n"), [(2, 17)]);
}

#[test]
fn listeners_of_two_families_or_of_any_port_do_not_collide() {
    for listen in
        ["\"0.0.0.0:53\", \"[::]:53\"", "\"0.0.0.0:0\", \"127.0.0.1:0\"", "\"127.0.0.2:53\", \"127.0.0.1:53\""]
    {
        let read = read(&format!("[dns]\nlisten = [{listen}]\n"));
        assert!(read.is_ok(), "{listen}: {read:?}");
    }
}

#[test]
fn no_more_lists_than_a_mask_has_bits() {
    let lists = |number: usize| -> String {
        (0..number).map(|n| format!("[[list]]\nname = \"list-{n}\"\nkind = \"spam\"\ncode = \"127.0.0.2\"\n")).collect()
    };
    assert_eq!(read(&lists(64)).unwrap().lists.len(), 64);
    let mistakes = read(&lists(65)).unwrap_err();
    assert!(mistakes[0].what.contains("at most 64") && mistakes[0].line == 64 * 4 + 1, "{mistakes:?}");
}

#[test]
fn the_template_reads_and_says_the_defaults() {
    let config = read(&template()).unwrap();
    let bare = format!("{}{}", "", &template()[template().find("[[list]]").unwrap()..]);
    assert_eq!(config, read(&bare).unwrap(), "what the template writes before the lists is the default");
    let short = "[[list]]\nname='dynamic'\nkind='dynamic'\ncode='127.0.0.10'\n[[zone]]\norigin='bl.example.org'\n\
         lists=['dynamic']\nns=['ns1.example.org', 'ns2.example.org']\ncontact='hostmaster@example.org'\n";
    assert_eq!(config, read(short).unwrap());
    for option in options::OPTIONS {
        assert!(template().contains(&format!("{} = ", option.key)), "{}", option.key);
        assert!(markdown().contains(option.key));
    }
}

#[test]
fn every_default_and_example_has_the_shape_of_its_option() {
    use options::{OPTIONS, Preset};
    for option in OPTIONS {
        match option.preset {
            Preset::Is(toml) | Preset::Required(toml) | Preset::Absent(toml) => {
                fields::default_value(option.shape, toml);
            }
            Preset::ByKind(toml) => {
                fields::default_value(option.shape, toml(crate::list::Kind::Dynamic));
                fields::default_value(option.shape, toml(crate::list::Kind::Spam));
            }
        }
    }
    // What the template comments out reads as well; reports are for a list of hosts.
    let all = template()
        .replace("\n# hash = ", "\n# # ")
        .replace("\n# [list.reports]", "\n[list.reports]")
        .replace("\nkind = \"dynamic\"", "\nkind = \"spam\"")
        .lines()
        .map(|line| {
            let assigned = line.strip_prefix("# ").filter(|rest| {
                rest.split_once(" = ").is_some_and(|(key, _)| OPTIONS.iter().any(|option| option.key == key))
            });
            format!("{}\n", assigned.unwrap_or(line))
        })
        .collect::<String>();
    let config = read(&all).unwrap();
    assert_eq!(config.lists[0].v6_hosts_as, Some(64));
    assert!(config.lists[0].reports.is_some());
    assert!(config.zones[0].closing.is_some());
}

#[test]
fn the_example_of_the_repository_reads() {
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/example.toml");
    if example.exists() {
        let config = read_file(&example).unwrap_or_else(|error| panic!("{error}"));
        assert!(config.data_dir.starts_with(example.parent().unwrap()) || config.data_dir.is_absolute());
        assert!(!config.zones.is_empty());
        let text = std::fs::read_to_string(&example).unwrap();
        for option in options::OPTIONS {
            let shown = text.lines().any(|line| {
                line.trim_start_matches("# ").split_once('=').is_some_and(|(key, _)| key.trim() == option.key)
            });
            assert!(shown, "{} is not in the example", option.key);
        }
    }
}

#[test]
fn a_reload_keeps_what_needs_a_restart() {
    let old = read(WHOLE).unwrap();
    let new =
        read(&format!("data_dir = \"x\"\n[dns]\nlisten = [\"127.0.0.1:1\"]\n[http]\nplain_tokens = true\n{WHOLE}"))
            .unwrap();
    assert_eq!(old.needs_restart_for(&new), ["data_dir", "dns.listen"]);
    let reloaded = old.reloaded_with(new);
    assert_eq!((reloaded.data_dir, reloaded.dns), (old.data_dir, old.dns));
    assert!(reloaded.http.plain_tokens);
}

#[test]
fn what_needs_a_restart_is_what_the_table_says() {
    use options::OPTIONS;
    let said: Vec<String> = OPTIONS
        .iter()
        .filter(|option| !option.reloads)
        .map(|option| {
            if option.table.name().is_empty() {
                option.key.into()
            } else {
                format!("{}.{}", option.table.name(), option.key)
            }
        })
        .collect();
    let old = read("").unwrap();
    let new = read("data_dir='x'\nuser='x'\n[dns]\nlisten=['[::1]:1']\nudp_threads=1\nnsid='x'\n[http]\nlisten='[::1]:2'\nadmin_listen='[::1]:3'\n[store]\nwrite_buffer_mib=1\nblock_cache_mib=1\nlog_mib=1\njobs=1\n[mail]\nrelay='x:1'\nfrom='a@x.example'\nopt_out=['x.example']\n[retest]\nenabled=true\nfrom=['192.0.2.1']\nehlo='x.example'\ncontact='a@x.example'\ninbox_listen='192.0.2.1:25'\ninbox_domain='x.example'\ntrap_domains=['y.example']\nproxy_listen='192.0.2.1:80'\nproxy_ports={}\nparallel=1\nper_second=2\nqueue=1\nautomatic_per_day=1\nsettle='2h'\narrival='3d'\nrecheck=[]\nopt_out=['192.0.2.2']\ndocumentation_ranges=true\n").unwrap();
    assert_eq!(old.needs_restart_for(&new), said);
}

proptest! {
    #[test]
    fn no_text_ends_the_reader(text in "(?s).{0,200}|(\\[\\[?(list|zone|dns|http)\\]?\\]\n|[a-z_]{1,8} = (\"[a-z.]{0,9}\"|[0-9]{1,3}|\\[\\]|\\{\\})\n){0,12}") {
        let lines = text.lines().count() + 1;
        for mistake in read(&text).err().unwrap_or_default() {
            prop_assert!((1..=lines.max(1)).contains(&mistake.line) && mistake.column >= 1);
        }
    }
}

const REPORTED: &str = "[[list]]\nname = \"spam\"\nkind = \"spam\"\ncode = \"127.0.0.9\"\n[list.reports]\n";

#[test]
fn a_list_may_be_filled_by_reports() {
    let rule = |text: &str| read(&format!("{REPORTED}{text}")).map(|config| config.lists[0].reports.clone());
    let defaults = rule("").unwrap().expect("the table alone turns it on");
    assert_eq!((defaults.threshold.to_bits(), defaults.reporters), (3.0_f64.to_bits(), 2));
    assert_eq!(defaults.within.to_string(), "7d");
    assert!(read(REPORTED.trim_end_matches("[list.reports]\n")).unwrap().lists[0].reports.is_none());

    let own = rule(
        "kinds = [\"auth\"]\nweights = { auth = 1.5 }\nwiden_v6 = [[64, 56, 3], [56, 48, 3]]\nspare = [\"192.0.2.0/24\"]\n",
    );
    let own = own.unwrap().unwrap();
    assert_eq!(own.weights, [(crate::list::ReportKind::Auth, 1.5)]);
    assert_eq!((own.widen_v6[1].from, own.widen_v6[1].to, own.widen_v6[1].count), (56, 48, 3));
    assert!(own.spares("192.0.2.9".parse().unwrap()));
}

#[test]
fn a_rule_of_reports_that_cannot_work_is_a_mistake() {
    let mistakes = |text: &str| {
        let found = read(&format!("{REPORTED}{text}\n")).unwrap_err();
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    for (text, said) in [
        ("kinds = []", "name at least one"),
        ("kinds = [\"auth\"]", "`auth` has no weight"),
        ("kinds = [\"trap\", \"trap\"]", "twice"),
        ("kinds = [\"fax\"]", "not a kind of report"),
        ("reporters = 1", "from 2 to 100"),
        ("weights = { trap = 1, spam = 1, proxy = 1 }", "`proxy` is not in kinds"),
        ("within = \"1y\"", "90d at most"),
        ("widen_v6 = [[64, 56]]", "3 whole numbers"),
        ("widen_v6 = [[56, 64, 3]]", "shorter length"),
        ("widen_v6 = [[64, 56, 3], [48, 40, 3]]", "the one before it ends with"),
        ("widen_v6 = [[64, 24, 3]]", "widest_v6"),
        ("spare = [\"192.0.2.1/24\"]", "did you mean 192.0.2.0/24"),
        ("treshold = 2", "did you mean `threshold`"),
    ] {
        assert!(mistakes(text).contains(said), "{text}: {}", mistakes(text));
    }
    let dynamic = REPORTED.replace("\"spam\"\ncode", "\"dynamic\"\ncode");
    assert!(read(&dynamic).unwrap_err()[0].what.contains("kind dynamic"));
    assert!(read("[reports]\n").is_err());
}

#[test]
fn an_octet_that_is_no_utf8_is_named_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dnsbld.toml");
    std::fs::write(&file, b"data_dir = \"var\"\n# caf\xe9\n").unwrap();
    let error = read_file(&file).unwrap_err().to_string();
    assert!(error.contains("dnsbld.toml:2:6: an octet that is no UTF-8"), "{error}");
}

#[test]
fn a_user_that_the_machine_lacks_is_named_on_its_line() {
    let text = |user: &str| format!("data_dir = \"var\"\nuser = \"{user}\"\n{WHOLE}");
    let known = |text: &str| read::read_on(text, &|name| name == "dnsbld");
    assert_eq!(known(&text("dnsbld")).unwrap().user.as_deref(), Some("dnsbld"));
    assert_eq!(known(&text("")).unwrap().user, None, "nobody else is to be become");
    let [mistake] = &known(&text("dnsbdl")).unwrap_err()[..] else { panic!("one mistake") };
    assert_eq!((mistake.line, mistake.column), (2, 8));
    assert!(mistake.what.contains("no user \"dnsbdl\""), "{mistake}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dnsbld.toml");
    for (user, fits) in [("root", true), ("no-such-user-here", false)] {
        std::fs::write(&file, text(user)).unwrap();
        assert_eq!(read_file(&file).is_ok(), fits, "{user}");
    }
}
