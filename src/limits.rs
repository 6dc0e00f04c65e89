//! Every bound of the program: its name, value, unit and reason.
//!
//! Guarantees: whatever can grow by what others send has its bound here.
//! Never: holds a setting. What an operator may want to change is configuration.

use std::time::Duration;

/// Octets of a listed name. 255 octets of a DNS name, less an origin and a list label of usual length.
pub const NAME_OCTETS_MAX: usize = 200;

/// Prefixes that one written range may become. The worst IPv4 range needs 62, the worst IPv6 range 254.
pub const RANGE_PREFIXES_MAX: usize = 256;

/// Lists of a configuration: each has one bit of a 64-bit mask, `never` among them is not counted.
pub const LISTS_MAX: usize = 64;

/// Sources of one list in its life: the list of all of them is copied at each commit.
pub const SOURCES_PER_LIST_MAX: u16 = 10_000;

/// Distinct own texts of the entries of one list, beyond which writes are refused, as far as is known when they begin: they are
/// interned with 16 bits and served from memory.
pub const TEXTS_PER_LIST_MAX: usize = 4_096;

/// Numbers of own texts of a list: of those that it carries, and of those that left and that an undo may bring back. No list
/// carries more, whatever comes at once.
pub const TEXTS_NUMBERED_MAX: usize = 4 * TEXTS_PER_LIST_MAX;

/// Numbers for own texts that are left when the writer looks which ones nothing needs any more: a walk over the list.
pub const TEXTS_LEFT_FEW: usize = 512;

/// Octets of one line of a body. The longest honest lines seen carry a few hundred.
pub const LINE_OCTETS_MAX: usize = 4_096;

/// Octets of a reason. Longer remarks are cut at a character border.
pub const REASON_OCTETS_MAX: usize = 512;

/// Octets of an entry's own text: it has to fit into the TXT record's one string.
pub const TEXT_OCTETS_MAX: usize = 255;

/// Octets of each part of an entry's evidence.
pub const EVIDENCE_OCTETS_MAX: usize = 4_096;

/// Rejected lines that an answer shows; all are counted.
pub const REJECTED_SHOWN_MAX: usize = 100;

/// Octets of `public_url`: it goes into every TXT record, whose string holds 255.
pub const PUBLIC_URL_OCTETS_MAX: usize = 100;

/// Entries of one POST. More is a PUT, which streams.
pub const POST_ENTRIES_MAX: usize = 50_000;

/// Octets that all bodies that are held whole may hold together, as sent and unpacked: one of the largest, packed, and others
/// beside it.
pub const BODIES_OCTETS_MAX: usize = 192 << 20;

/// What each of them may hold without being counted: with [`HTTP_CONNECTIONS_MAX`] of them 32 MiB.
pub const BODY_FREE_OCTETS: usize = 64 << 10;

/// How often it is looked whether who sends an import may still write: a revoked token ends it, with the place that it holds.
pub const IMPORT_LOOK_TIME: Duration = Duration::from_secs(2);

/// When an import is tried again that found the disk full: somebody has to make room.
pub const RETRY_AFTER_DISK_FULL: Duration = Duration::from_secs(60);

/// For how long a body is read on that was refused on its way, so that its sender hears why.
pub const BODY_DRAIN_TIME: Duration = Duration::from_secs(5);

/// When a body is tried again that found no room.
pub const RETRY_AFTER_BODIES: Duration = Duration::from_secs(5);

/// Octets of the body of one POST: [`POST_ENTRIES_MAX`] entries of usual size.
pub const POST_OCTETS_MAX: usize = 64 << 20;

/// Octets of a POST's body that are read before it is looked whether it has too many lines.
pub const POST_PIECE_OCTETS: usize = 16 << 10;

/// Row changes up to which an import is one batch in the generation in force; beyond, it is staged as SST files.
pub const IMPORT_BATCH_ROWS_MAX: usize = 50_000;

/// Changes that the journal keeps in full for one commit; a larger one says `bulk`.
pub const JOURNAL_CHANGES_MAX: usize = 10_000;

/// Keys that one commit of expiry ends, or of a case: some tens of milliseconds of the writer.
pub const EXPIRY_KEYS_MAX: usize = 5_000;

/// Hops of `X-Forwarded-For` that are walked from the right. Chains of proxies seen in practice have two or three.
pub const FORWARDED_HOPS_MAX: usize = 16;

/// Cells in each of the two rows of the look-up limiter: 512 KiB in all, and with 1,000 busy clients one in 1,000 others
/// shares both of its cells with them.
pub const LIMITER_CELLS: usize = 32_768;

/// HTTP connections at once. Behind a proxy a few dozen are usual; each may hold a few buffers of 16 KiB.
pub const HTTP_CONNECTIONS_MAX: usize = 512;

/// HTTP connections of one client (IPv6: its /64); trusted proxies and this machine are not counted.
pub const HTTP_CONNECTIONS_PER_CLIENT_MAX: usize = 24;

/// Octets of a request's head. Browsers stay below 4 KiB here: there are no cookies.
pub const HTTP_HEAD_OCTETS_MAX: usize = 16 << 10;

/// Header lines of a request.
pub const HTTP_HEADERS_MAX: usize = 64;

/// Time for a request's head, and how long a connection may idle between requests.
pub const HTTP_HEAD_TIME: Duration = Duration::from_secs(10);

/// Time from a request's head to the head of its answer, for calls without a long body.
pub const HTTP_REQUEST_TIME: Duration = Duration::from_secs(30);

/// Time for the body of a POST, which may have [`POST_OCTETS_MAX`] octets.
pub const HTTP_POST_TIME: Duration = Duration::from_secs(300);

/// How long a body may stand still in either direction before the connection is dropped.
pub const HTTP_STALL_TIME: Duration = Duration::from_secs(30);

/// How long the body of an import may take: it holds one of few places. 20 million keys come through 1 Mbit/s in 40 minutes.
pub const HTTP_PUT_TIME: Duration = Duration::from_secs(3_600);

/// How long running requests may go on after the stop. The whole stop has 3 s.
pub const HTTP_DRAIN_TIME: Duration = Duration::from_millis(1_500);

/// Pause after a failed `accept`: without one, a process out of file descriptors would spin.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// File descriptors that connections of others leave to everything else: the store's [`STORE_OPEN_FILES_MAX`] and its logs,
/// the runs of [`IMPORTS_MAX`] imports, tests and errands.
pub const DESCRIPTORS_KEPT: u64 = 1_024;

/// Octets of the body of a call that takes one small JSON object.
pub const JSON_OCTETS_MAX: usize = 64 << 10;

/// Pieces of a body that wait between the socket and its parser. hyper's pieces have at most 16 KiB or so.
pub const BODY_PIECES_WAITING: usize = 32;

/// Octets of one piece of a streamed answer.
pub const ANSWER_PIECE_OCTETS: usize = 64 << 10;

/// Pieces of a streamed answer that wait for a slow reader.
pub const ANSWER_PIECES_WAITING: usize = 4;

/// Exports that run at once: each holds an iterator of the store open.
pub const EXPORTS_AT_ONCE: usize = 4;

/// Changes of networks and tokens, requests and claims of forms, that are carried to their end, whoever waits for them, at
/// once: each holds one of tokio's 512 threads
/// while it waits for the desk, and whoever has the desk needs one of them to go on.
pub const DETACHED_AT_ONCE: usize = 64;

/// Entries of one page of `GET entries`.
pub const ENTRIES_PAGE_MAX: usize = 10_000;

/// Rows that one page of `GET entries` walks to find those of one source.
pub const ENTRIES_WALKED_MAX: usize = 200_000;

/// How long DNS may answer by an older state than the stored one before `/health` says so.
pub const PUBLICATION_LAG_MAX: Duration = Duration::from_secs(2);

/// Commits that `GET changes` reads at a time: one may hold [`JOURNAL_CHANGES_MAX`] changes.
pub const CHANGES_READ_AT_ONCE: usize = 16;

/// Commits of one answer of `GET changes`.
pub const CHANGES_SHOWN_MAX: usize = 1_000_000;

/// Followers of the changes (`text/event-stream`) at once.
pub const FOLLOWERS_MAX: usize = 64;

/// Past stays of one key that are walked, before a time and from it on, for the one that ended next: a key that came and went
/// every hour for a year.
pub const HISTORY_WALKED_MAX: usize = 10_000;

/// Past stays of one key that `GET history` shows.
pub const HISTORY_SHOWN_MAX: usize = 1_000;

/// Entries of one list at one key that an explanation reads: as many sources name it, at most that many are shown.
pub const EXPLAINED_ENTRIES_MAX: usize = 64;

/// Tokens that may be kept at once: they are listed in one answer.
pub const TOKENS_MAX: usize = 1_000;

/// Seconds that an expired token stays in the list of tokens, so that whoever looks why a feed is refused finds it: a month.
pub const EXPIRED_TOKEN_SHOWN_SECONDS: u32 = 30 * 86_400;

/// Characters of a token's name.
pub const TOKEN_NAME_MAX: usize = 64;

/// Scopes of one token.
pub const TOKEN_SCOPES_MAX: usize = 64;

/// Octets of all memtables of the store together.
pub const STORE_MEMTABLE_OCTETS: usize = 8 << 20;

/// Octets of the store's block cache, indexes of files among them.
pub const STORE_BLOCK_CACHE_OCTETS: usize = 8 << 20;

/// Octets of the write-ahead log: what a start after a kill replays.
pub const STORE_WAL_OCTETS: u64 = 16 << 20;

/// Background threads of the store: one flushes, one compacts.
pub const STORE_JOBS: i32 = 2;

/// Octets of a file of rows that compaction writes: what the rewrite of a few deleted rows costs at most. Four octets a
/// v4 entry, so a million of them.
pub const STORE_FILE_OCTETS: u64 = 4 << 20;

/// Files that the store keeps open at a time.
pub const STORE_OPEN_FILES_MAX: i32 = 256;

/// Octets of RocksDB's own log file before it begins another; two are kept.
pub const STORE_LOG_OCTETS: usize = 1 << 20;

/// Octets read ahead by a walk over a whole list.
pub const SCAN_READAHEAD_OCTETS: usize = 2 << 20;

/// Octets of the disk that imports leave free, or a sixteenth of a disk smaller than 4 GiB: what the log of the store and a
/// compaction need, without which writes are off until a restart.
pub const IMPORT_DISK_KEPT_OCTETS: u64 = 256 << 20;

/// Octets of an import's rows for which the log is to have room: of more the difference alone goes through it, 50,000 rows of
/// 160 octets ([`IMPORT_BATCH_ROWS_MAX`]).
pub const IMPORT_LOG_OCTETS_MAX: u64 = 8 << 20;

/// An import looks at the disk each time that it has written so many octets: a system call of a microsecond or two.
pub const IMPORT_DISK_LOOK_OCTETS: u64 = 1 << 20;

/// Octets of the rows that an import sorts in memory before it writes them to disk as a run.
pub const IMPORT_RUN_OCTETS: usize = 32 << 20;

/// Runs of an import that become one: a merge has all of them open. 2 GiB, more than 20 million keys; 128 GiB of rows have
/// twice as many runs.
pub const IMPORT_RUNS_JOINED: usize = 64;

/// Octets of each run that are in memory while runs are merged.
pub const IMPORT_MERGE_OCTETS: usize = 64 << 10;
/// Octets of the longest answer over UDP, whatever a client offers: never fragmented (DNS flag day 2020).
pub const UDP_PAYLOAD_MAX: u16 = 1_232;

/// Octets that every client of DNS over UDP takes (RFC 1035 4.2.1, RFC 6891 6.2.3).
pub const UDP_PAYLOAD_MIN: u16 = 512;

/// Octets of the longest query over UDP that is read. An honest one has 255 for its name and some for its OPT.
pub const UDP_QUERY_OCTETS_MAX: usize = 1_232;

/// Datagrams of one recvmmsg and one sendmmsg. Linux gives the memory of received datagrams back to the core that took them
/// from the network, and interrupts it once half of `net.core.skb_defer_max` (64) lie there: a batch stays at that. Beyond,
/// little is won and the last one waits longer.
pub const UDP_BATCH: usize = 32;

/// Octets asked for as the receive buffer of a UDP socket: a burst that comes while the thread is not running.
pub const UDP_RECEIVE_BUFFER_OCTETS: usize = 4 << 20;

/// Milliseconds after which a UDP thread without queries looks whether it shall stop.
pub const UDP_STOP_LATENCY_MILLISECONDS: u64 = 250;

/// Octets of the longest query over TCP. The length prefix of a client must not reserve 64 KiB.
pub const TCP_QUERY_OCTETS_MAX: usize = 4_096;

/// Octets of the longest answer over TCP: what its length prefix can say (RFC 1035 4.2.2).
pub const TCP_ANSWER_OCTETS_MAX: usize = 65_535;

/// TCP connections at once, in all.
pub const TCP_CONNECTIONS_MAX: usize = 512;

/// TCP connections at once of one client (v6: of its /64). A resolver behind one address needs few.
pub const TCP_CONNECTIONS_PER_CLIENT_MAX: u32 = 32;

/// Queries of one TCP connection; the client opens another one.
pub const TCP_QUERIES_PER_CONNECTION_MAX: u32 = 1_000;

/// Seconds a new TCP connection has for the first octet.
pub const TCP_FIRST_OCTET_SECONDS: u64 = 3;

/// Seconds a message over TCP may take from its first octet to its last.
pub const TCP_WHOLE_MESSAGE_SECONDS: u64 = 3;

/// Seconds without a query after which a TCP connection is closed (RFC 7766 6.2.3).
pub const TCP_IDLE_SECONDS: u64 = 10;

/// Seconds that a TCP connection lives at most, [`TCP_PARTING_SECONDS`] aside.
pub const TCP_TOTAL_SECONDS: u64 = 60;

/// Seconds that a client may take to take an answer over TCP; less than the process has to stop.
pub const TCP_WRITE_SECONDS: u64 = 2;

/// Seconds that a TCP connection is kept after its last answer, until the client closes it too: a round trip with one loss.
pub const TCP_PARTING_SECONDS: u64 = 2;

/// Octets that are read and thrown away in that time: what a client may have sent ahead of the answers.
pub const TCP_PARTING_OCTETS_MAX: usize = 1 << 20;

/// Milliseconds of rest after an error of `accept`: without file descriptors it would spin.
pub const TCP_ACCEPT_REST_MILLISECONDS: u64 = 100;
/// Octets of one object or record of a body in `ndjson` or `csv`: a reason and two full pieces of evidence, escaped.
pub const RECORD_OCTETS_MAX: usize = 64 << 10;

/// Characters of a rejected line that an answer shows: enough to find it again.
pub const REJECTED_TEXT_CHARACTERS_MAX: usize = 200;

/// Characters of the error that goes with a rejected line: it may quote a name from the line.
pub const REJECTED_ERROR_CHARACTERS_MAX: usize = 400;

/// Columns of a CSV body that `reason_columns` may name.
pub const REASON_COLUMNS_MAX: usize = 16;

/// Columns of a CSV row. The widest feed seen has 40.
pub const CSV_COLUMNS_MAX: usize = 256;

/// Zones of a configuration. Every question is held against all origins by its labels; more wants a second server.
pub const ZONES_MAX: usize = 256;

/// Octets of an origin: the 64 of a reversed IPv6 address, a list label and it fit into the 255 of a DNS name.
pub const ORIGIN_OCTETS_MAX: usize = 150;

/// Addresses to listen at, and addresses of one name of `glue`.
pub const LISTENERS_MAX: usize = 16;

/// Threads that answer UDP at one address. More than any machine has cores to give.
pub const UDP_THREADS_MAX: usize = 256;

/// Octets of the server's NSID: it must leave room for the answer in 512 octets.
pub const NSID_OCTETS_MAX: usize = 64;

/// Octets of a configuration file. 64 lists and 256 zones with long texts need a tenth of it.
pub const CONFIG_OCTETS_MAX: u64 = 4 << 20;

/// Longest TTL that a configuration may ask for, in seconds: 30 days. A wrong answer must not outlive a month.
pub const TTL_SECONDS_MAX: u32 = 30 * 86_400;

/// Seconds that a command waits for its connection to the server.
pub const CLIENT_CONNECT_SECONDS: u64 = 5;

/// Seconds that a command waits for an answer after its request: the largest import with room to spare.
pub const CLIENT_WAIT_SECONDS: u64 = 600;

/// Octets of an answer that a command holds in memory; exports and backups are streamed.
pub const CLIENT_ANSWER_OCTETS_MAX: u64 = 64 << 20;

/// Octets of a file that holds a token.
pub const TOKEN_FILE_OCTETS_MAX: u64 = 1_024;
/// Keys from which on a source that shrinks is looked at: below, a few removals are many percent.
pub const SHRINK_KEYS_MIN: u64 = 100;

/// Percent of its keys that a source may lose in a day without `force`.
pub const SHRINK_PERCENT_MAX: u64 = 30;

/// Keys from which on turnover and growth are looked at: small sources turn over and multiply honestly.
pub const TURNOVER_KEYS_MIN: u64 = 1_000;

/// Percent of the keys held at the start of a day that may be gone without `force`: more looks like another feed.
pub const GONE_PERCENT_MAX: u64 = 90;

/// Times that keys or covered addresses of a source may grow in a day without `force`.
pub const GROWTH_FACTOR_MAX: u64 = 10;

/// A shorter IPv4 exclusion needs `force`: it frees more than any one customer has.
pub const EXCLUSION_WIDEST_V4: u8 = 16;

/// A shorter IPv6 exclusion needs `force`: /32 is what a registry gives a provider.
pub const EXCLUSION_WIDEST_V6: u8 = 32;

/// Characters of an unreadable look-up that a page repeats.
pub const ASKED_SHOWN_MAX: usize = 80;

/// Past stays that the page of a key shows; the API shows more.
pub const PAST_SHOWN_MAX: usize = 20;
/// Requests that wait for the writer. A group takes a quarter; more than four groups behind is an answer of 503.
pub const WRITER_QUEUE_MAX: usize = 1_024;

/// Requests that share one fsync and one publication.
pub const GROUP_REQUESTS_MAX: usize = 256;

/// Seconds after which a request that found the queue full may come again.
pub const RETRY_AFTER_QUEUE: u32 = 1;

/// Seconds after which an import that found no place may come again.
pub const RETRY_AFTER_IMPORT: u32 = 10;

/// Imports side by side: each sorts in memory of its own.
pub const IMPORTS_MAX: usize = 4;

/// Imports of one token that is not an admin's.
pub const IMPORTS_PER_TOKEN: usize = 2;

/// Keys that change during an import and are remembered for it; beyond, it looks at everything anew.
pub const MEANWHILE_KEYS_MAX: usize = 200_000;

/// Keys that the writer resolves again at a switch: a few milliseconds.
pub const SWITCH_KEYS_MAX: usize = 256;

/// Times an import prepares its switch before it gives up because everything else changes as fast.
pub const IMPORT_ATTEMPTS_MAX: usize = 8;

/// How often the writer looks at the time when nobody asks for anything.
pub const TICK: Duration = Duration::from_secs(1);

/// How long what a source held is the measure of its guards.
pub const GUARD_DAY_SECONDS: u32 = 86_400;

/// How long an import can be undone.
pub const UNDO_KEPT_SECONDS: u32 = 86_400;

/// Keys that a way back may hold, where it goes key by key: what was posted since the import is among them. Beyond, the import
/// can no longer be undone; all of them are read, and changed in one commit.
pub const UNDO_ROWS_MAX: u64 = 2 * IMPORT_BATCH_ROWS_MAX as u64;

/// Rows whose hints an undo writes in one batch.
pub const UNDO_PIECE_ROWS: usize = 5_000;

/// An hour: entries that came by POST are looked at by the hour of their last sight.
pub const HOUR_SECONDS: u32 = 3_600;

/// How often at least the hour in which a list's term ends is looked at.
pub const EXPIRY_LOOK_EVERY_SECONDS: u32 = 60;

/// How far the clock may stand before the last commit: a correction of some seconds is no broken clock.
pub const CLOCK_BEHIND_MAX_SECONDS: u32 = 60;

/// How far after the last commit the clock may stand at the start.
pub const CLOCK_AHEAD_MAX_SECONDS: u32 = 30 * 86_400;

/// Seconds by which the clock may move against the time since boot.
pub const CLOCK_JUMP_SECONDS_MAX: u64 = 3_600;

/// How often it is looked for what can be cleared away.
pub const SWEEP_EVERY_SECONDS: u32 = 60;

/// Rows of an old generation that one piece deletes: few enough that a request that waits for it does not feel it.
pub const SWEEP_ROWS: usize = 1_000;

/// Between two pieces while nobody waits for the writer: forty of them a second at most, so that twenty million rows are gone
/// in some ten minutes and imports do not come faster than what they replace is cleared away.
pub const SWEEP_PAUSE: Duration = Duration::from_millis(20);

/// Between two pieces while requests come without a pause.
pub const SWEEP_BUSY_PAUSE: Duration = Duration::from_millis(100);

/// How often it is looked for texts that nothing carries while somebody finds no number for his: the whole list is walked.
pub const TEXTS_LOOK_EVERY_SECONDS: u32 = 10;

/// Commits that one piece looks at, and takes out of the journal.
pub const SWEEP_COMMITS: usize = 500;

/// Rows of history that one piece looks at.
pub const SWEEP_HISTORY_ROWS: usize = 2_000;

/// Entries whose evidence one piece looks at.
pub const SWEEP_EVIDENCE_ROWS: usize = 500;

/// Serials that a restored store leaves out: more than the original can have given since the backup.
pub const RESTORE_GAP: u64 = 1 << 20;
/// Sources that `/metrics` shows by name: more would make every scrape slow, and nobody reads them.
pub const METRICS_SOURCES_MAX: usize = 1_000;

/// Seconds that the units have to end after SIGTERM; the process ends within 3.
pub const DRAIN_SECONDS: u64 = 2;
/// Records of a zone file (`bind`). A /8 with one host taken out is 765 wildcards; more than this no name server loads well.
pub const EXPORT_RECORDS_MAX: u64 = 50_000_000;

/// Octets of data sets that an export for rbldnsd holds back: second and further codes of keys, which are rare.
pub const EXPORT_HELD_OCTETS_MAX: usize = 16 << 20;

/// Octets of `never` that an export for rbldnsd holds: some hundred thousand keys, where an operator writes some dozens.
pub const EXPORT_NEVER_OCTETS_MAX: usize = 32 << 20;

/// How often an import looks whether the commits that it saw are served: they are within a group's fsync.
pub const PUBLICATION_WAIT: Duration = Duration::from_millis(1);

/// Keys of one request that are looked up in `never` on disk, before its addresses are read into memory: a POST has few, and
/// a look-up costs as much as reading some ten ranges.
pub const NEVER_LOOK_UPS: u32 = 64;

/// Ranges of `never` that a request keeps in memory, 32 octets each at most; beyond them each key is looked up on disk.
pub const NEVER_RANGES_MAX: usize = 1 << 18;
/// Parts of the address space of which a check remembers whether `never` touches them; then it begins anew.
pub const NEVER_PARTS_MAX: usize = 1 << 17;

/// Time for a connection to a retest's target: a SYN and two repetitions.
pub const RETEST_CONNECT_TIME: Duration = Duration::from_secs(5);

/// A refusal that comes later than this is a box in between that gave up waiting, not a machine without a listener.
pub const RETEST_REFUSED_CONNECT_TIME: Duration = Duration::from_secs(3);

/// Time for one test of one target, all its connections together.
pub const RETEST_TEST_TIME: Duration = Duration::from_secs(30);

/// Sessions of one relay test: mail servers hang up after some errors (Exim after 3, Postfix after 20), and 18 forms are tried.
pub const RETEST_SESSIONS_MAX: usize = 5;

/// Octets of one line of a mail server under test. RFC 5321 4.5.3.1.5 has 512.
pub const RETEST_LINE_OCTETS_MAX: usize = 1_024;

/// Lines of one reply of a mail server under test. EHLO of large ones has 15.
pub const RETEST_REPLY_LINES_MAX: usize = 64;

/// Octets that a mail server under test may send in a session: 18 forms, three replies each, 200 octets a reply, twice.
pub const RETEST_SESSION_OCTETS_MAX: usize = 24 << 10;

/// Octets of the transcript of one session that are kept.
pub const RETEST_TRANSCRIPT_OCTETS_MAX: usize = 24 << 10;

/// Octets that a proxy under test may send, and a client of our listener.
pub const RETEST_PROXY_OCTETS_MAX: usize = 4 << 10;

/// Connections at once to the listener that proxies are asked for.
pub const LURE_CONNECTIONS_MAX: usize = 64;

/// Time for one connection to the listener that proxies are asked for: a slow proxy has as long as its test.
pub const LURE_TIME: Duration = RETEST_TEST_TIME;

/// Tokens that came to that listener and wait for the desk: one of each connection.
pub const LURE_CAME_MAX: usize = LURE_CONNECTIONS_MAX;

/// Seconds by which a day begins before it does in UTC, where it begins first: UTC+14.
pub const DAY_BEGINS_EARLIER_SECONDS: u32 = 14 * 3_600;

/// Seconds after the first try of a retest at which the second, third and fourth are made: four in seven days.
pub const RETEST_TRIES: [u32; 4] = [0, 86_400, 3 * 86_400, 7 * 86_400];

/// Tests in which a machine refused every connection before it counts as a mail server or proxy that is gone, and not as one
/// that refuses us alone.
pub const RETEST_REFUSED_TESTS: u8 = 3;

/// Requests for a retest of one /32 of IPv6 in an hour: a provider with all its customers.
pub const RETEST_REQUESTS_PER_PROVIDER_HOUR: u32 = 200;

/// Seconds between two tests of one target, whoever asks.
pub const RETEST_TARGET_APART_SECONDS: u32 = 86_400;

/// Tests in 24 hours within one /24, or one /48 of IPv6.
pub const RETEST_BLOCK_TESTS_MAX: usize = 20;

/// Requests for a retest of one client (IPv6: its /48) in an hour.
pub const RETEST_REQUESTS_PER_HOUR: u32 = 10;

/// Seconds by which an automatic test that finds its budget used up comes again.
pub const RETEST_BUDGET_PAUSE_SECONDS: u32 = 3_600;
/// Seconds that a report's time may be ahead of our clock: clocks of mail servers are kept by NTP, some minutes off at worst.
pub const REPORT_AHEAD_MAX: u32 = 300;

/// How often one report may say that it happened: the cap of a reporter makes more of no use.
pub const REPORT_COUNT_MAX: u32 = 10_000;

/// Networks that are kept: each is read whole when a request is decided.
pub const NETWORKS_MAX: usize = 1_000;

/// Octets of a network's name: with `network.` before it, it is the name of a source, which has 64.
pub const NETWORK_NAME_OCTETS_MAX: usize = 56;

/// Prefixes of one network. The largest providers announce some hundred aggregates.
pub const NETWORK_PREFIXES_MAX: usize = 1_024;

/// Ranges of one network that have words of their own.
pub const NETWORK_RANGES_MAX: usize = 4_096;

/// Mail addresses of one network.
pub const NETWORK_CONTACTS_MAX: usize = 8;

/// Characters of a network's title and of the name of a smarthost.
pub const NETWORK_TITLE_CHARACTERS_MAX: usize = 120;

/// Characters of a range's text: a paragraph of a policy, not a page.
pub const NETWORK_TEXT_CHARACTERS_MAX: usize = 1_000;

/// Prefixes of one claim of a new network: anyone may send one, and each is looked at every hour. Once the network is known
/// it claims the others.
pub const CLAIM_PREFIXES_MAX: usize = 16;

/// Reverse zone cuts that one claim may have to prove: a /8 in /16s; what is wider an operator enters.
pub const CLAIM_CUTS_MAX: usize = 256;

/// Claims that are looked at side by side: their zones are other people's, and slow ones must not keep the others waiting.
pub const CLAIM_LOOKS_AT_ONCE: usize = 16;

/// Questions to DNS side by side for one claim: the 128 zones of a /9 are asked within seconds.
pub const CLAIM_QUESTIONS_AT_ONCE: usize = 4;

/// Time for one look at a claim: three questions to a resolver that is silent ([`RDNS_LOOKUP_TIME`]).
pub const CLAIM_LOOK_TIME: Duration = Duration::from_secs(24);

/// How long one round begins looks: with the last of them it ends within a minute.
pub const CLAIM_ROUND_TIME: Duration = Duration::from_secs(30);

/// Checks of a claim that may fail one after the other before its prefix lapses: three weeks.
pub const CLAIM_FAILURES_MAX: u8 = 3;

/// Seconds from one check of a claim to the next: a week.
pub const CLAIM_CHECK_SECONDS: u32 = 7 * 86_400;

/// Seconds for which the entries of a lapsed network stay: 30 days, in which it can prove its claim again.
pub const CLAIM_LAPSED_SECONDS: u32 = 30 * 86_400;

/// Seconds for which a report is kept at most, whatever a list's `within` says: 90 days.
pub const REPORTS_WITHIN_MAX: u32 = 90 * 86_400;
/// Rows of cases that are read, or deleted in one write, at a time.
pub const CASES_PIECE_ROWS: usize = 1_000;

/// How often the desk looks what time asks for.
pub const DESK_UPKEEP_EVERY: Duration = Duration::from_secs(60);

/// How long an errand may wait for who does it: after a week nobody waits for a mail any more.
pub const ERRAND_KEPT_SECONDS: u32 = 7 * 86_400;

/// Octets of a form: a key, a contact and a note.
pub const FORM_OCTETS_MAX: usize = 16 << 10;

/// How long a form may lie open before it is sent.
pub const FORM_TOKEN_SECONDS: u32 = 7_200;

/// How long a form has to lie open: less than anyone takes to fill it in, more than a robot wants to wait.
pub const FORM_RIPE_SECONDS: u32 = 10;

/// Tokens of forms that are remembered as used: 12 octets each, twice, and what came of it, at most some 300 octets.
pub const FORM_TOKENS_USED_MAX: usize = 65_536;

/// Zero bits of a proof of work: about a quarter of a million hashes, a second of a slow machine.
pub const FORM_WORK_BITS: u32 = 18;

/// Requests of one client (an IPv4 address, a /64 of IPv6) in an hour.
pub const FORMS_PER_HOUR: u32 = 10;

/// Requests of one /48 of IPv6 in an hour: what one customer may have, and what a small office shares.
pub const FORMS_PER_SITE_HOUR: u32 = 30;

/// Requests of one /32 of IPv6 in an hour: a provider with all its customers. Without it one provider, with 65,536 sites, could
/// use up the table for everybody.
pub const FORMS_PER_PROVIDER_HOUR: u32 = 600;

/// Reports of one body: a mail server that was away for a while sends its backlog in parts.
pub const REPORTS_AT_ONCE: usize = 1_000;

/// Octets of a body of reports: [`REPORTS_AT_ONCE`] with evidence of usual size.
pub const REPORTS_OCTETS_MAX: usize = 4 << 20;

/// Reports of one kind that one reporter has at one prefix: an older one goes for a new one. So many are a week of one in
/// two hours, and what one reporter adds has a bound.
pub const REPORTS_OF_ONE_MAX: usize = 100;

/// Reports of one prefix that are counted, the newest first: ten reporters that say nothing but the same without end.
pub const REPORTS_PER_PREFIX_MAX: usize = 1_000;

/// Entries of reports that are walked to count what is listed inside a wider IPv6 prefix; what lies inside one that counts is
/// passed over, so that this is never near.
pub const WIDENED_WALK_MAX: usize = 50_000;

/// Characters of a reporter's own id for a report.
pub const REPORT_ID_CHARACTERS_MAX: usize = 200;

/// Seconds for which a claim waits for its records: a week, in which whoever runs the zones can put them there.
pub const CLAIM_UNSEEN_SECONDS: u32 = 7 * 86_400;

/// Claims of one client (an IPv4 address, a /64 of IPv6) for as long as claims wait; as many come back meanwhile, so that six
/// of one client can be open, and thirty clients do not fill the places.
pub const CLAIMS_PER_CLIENT: u32 = 3;

/// Claims of one /48 of IPv6 for as long.
pub const CLAIMS_PER_SITE: u32 = 3;

/// Claims of one /32 of IPv6 for as long: a provider with its customers.
pub const CLAIMS_PER_PROVIDER: u32 = 12;

/// Networks that may wait for their proof or for an operator at once.
pub const CLAIMS_OPEN_MAX: usize = 200;

/// Seconds between two looks at a claim that is not proved yet: an hour.
pub const CLAIM_RETRY_SECONDS: u32 = 3_600;

/// Entries, or requests, that are walked for one page of what is inside a network.
pub const NETWORK_LISTINGS_MAX: usize = 10_000;

/// Addresses found in a pasted text that are offered for a look-up.
pub const MEANT_SHOWN_MAX: usize = 3;

/// Seconds after its last use for which a network stays signed in at its pages: half an hour.
pub const SESSION_SECONDS: u32 = 1_800;

/// Networks that may be signed in at once.
pub const SESSIONS_MAX: usize = 1_000;

/// Listings and requests that one page of a network shows; the CSV has all.
pub const NETWORK_PAGE_ROWS: usize = 200;
/// Connections at once to the inbox. What is waited for is a few mails a day.
pub const INBOX_CONNECTIONS_MAX: usize = 64;

/// Connections at once to the inbox of one client (IPv6: its /64): a relay may hand over the mails of a test side by side.
pub const INBOX_CONNECTIONS_PER_CLIENT_MAX: usize = 8;

/// Connections at once to the inbox of one site (IPv4: its /24; IPv6: its /48): that many addresses cost nothing more.
pub const INBOX_CONNECTIONS_PER_SITE_MAX: usize = 16;

/// Connections at once to the inbox of one network (IPv4: its /16; IPv6: its /32): half of the places are left to others.
pub const INBOX_CONNECTIONS_PER_NETWORK_MAX: usize = 32;

/// How long a connection to the inbox may go without naming a mailbox that is waited for before it counts as no mail that
/// was lost, should it have to leave for another. A mail server names one within a second or two of being greeted.
pub const INBOX_PATIENCE: Duration = Duration::from_secs(20);

/// Neighbourhoods of which is known when their mail was turned away; beyond, it counts as everybody's.
pub const INBOX_UNHEARD_MAX: usize = 1_024;

/// How often at most it is logged that the inbox turns mail away, in seconds.
pub const INBOX_UNHEARD_LOG_SECONDS: u32 = 60;

/// Time for a session with the inbox.
pub const INBOX_SESSION_TIME: Duration = Duration::from_secs(300);

/// How long a session with the inbox may stand still.
pub const INBOX_PAUSE_TIME: Duration = Duration::from_secs(60);

/// Octets of a line to the inbox. RFC 5321 4.5.3.1.6 has 1,000.
pub const INBOX_LINE_OCTETS_MAX: usize = 2_048;

/// Octets of a mail to the inbox. A test message has one KiB; a report holds the mail that it is about.
pub const INBOX_MAIL_OCTETS_MAX: usize = 1 << 20;

/// Octets of a mail's headers that are read for DKIM. Long ones, with the seals of many relays, have 20 KiB.
pub const DKIM_HEADERS_OCTETS_MAX: usize = 64 << 10;

/// DKIM signatures of one domain that are tried for a mail: each costs a question to DNS. A mail has one or two.
pub const DKIM_SIGNATURES_MAX: usize = 4;

/// Headers that a DKIM signature may cover: each is looked for among all of the mail. Signers name 10 to 40.
pub const DKIM_COVERED_MAX: usize = 100;

/// Bits of a key that a DKIM signature counts by. RFC 8301 3.2.
pub const DKIM_KEY_BITS_MIN: usize = 1_024;

/// Fields of a report by mail that are read. RFC 5965 names 16.
pub const FEEDBACK_FIELDS_MAX: usize = 200;

/// Parts of a report by mail. ARF has three, X-ARF as many as it has logs.
pub const FEEDBACK_PARTS_MAX: usize = 64;

/// Parts in parts of a report by mail. A report is one multipart; what adds a footer on the way puts it into another.
pub const FEEDBACK_DEPTH_MAX: usize = 4;

/// Octets of the headers of a mail that are kept.
pub const INBOX_HEADER_OCTETS_MAX: usize = 16 << 10;

/// `Received` lines of a mail that are told apart. RFC 5321 6.3 takes 100 for a loop.
pub const INBOX_RECEIVED_MAX: usize = 30;

/// Recipients of one mail to the inbox.
pub const INBOX_RECIPIENTS_MAX: usize = 20;

/// Commands of one session with the inbox: 18 mails of a test, five commands each, and some to spare.
pub const INBOX_COMMANDS_MAX: usize = 200;

/// Mistakes of one session with the inbox.
pub const INBOX_MISTAKES_MAX: usize = 10;

/// Octets of the headers of arrived test messages that are kept with a retest.
pub const RETEST_EVIDENCE_OCTETS_MAX: usize = 64 << 10;

/// Requests for a retest that were not taken and are still shown to who knows their name.
pub const RETEST_REFUSED_SHOWN_MAX: usize = 1_024;

/// How long any request for a retest takes to answer: the answer shall not tell whether the target could be tested.
pub const RETEST_ANSWER_TIME: Duration = Duration::from_secs(1);

/// What tests saw and could not be written down yet, while writes are off or all places at the writer are taken.
pub const RETEST_UNTOLD_MAX: usize = 1_024;

/// How often it is tried to write that down, once a second: what fails for an hour fails for good.
pub const RETEST_TELL_TRIES: u32 = 3_600;

/// How often the queue of retests is looked at when nothing is waited for.
pub const RETEST_LOOK_EVERY: Duration = Duration::from_secs(1);

/// Times that an errand is tried.
pub const ERRAND_TRIES_MAX: u8 = 5;

/// Seconds to the second, third, fourth and fifth try of an errand: four hours in all.
pub const ERRAND_WAITS: [u32; 4] = [60, 300, 1_800, 10_800];

/// Mails that are handed over side by side, and webhooks that are called so.
pub const ERRANDS_AT_ONCE: usize = 16;

/// Errands to one webhook before others have their turn: a slow one takes ten seconds for each.
pub const ERRANDS_TO_ONE: usize = 4;

/// Errands to one webhook that one call without success puts off: more than come while it is waited for.
pub const ERRANDS_PUT_OFF_MAX: usize = 250;

/// How often it is looked for errands.
pub const ERRANDS_EVERY: Duration = Duration::from_secs(2);

/// Time for handing one mail to the operator's mail server.
pub const ERRAND_MAIL_TIME: Duration = Duration::from_secs(30);

/// Time for one call of a webhook, connection and all.
pub const WEBHOOK_TIME: Duration = Duration::from_secs(10);

/// Ports of one protocol at which proxies are looked for: a test has 30 seconds, and a silent port takes five.
pub const PROXY_PORTS_MAX: usize = 16;

/// Time for one question to the system's resolvers.
pub const RDNS_LOOKUP_TIME: Duration = Duration::from_secs(8);

/// Names of one address in reverse DNS that are looked at.
pub const RDNS_NAMES_MAX: usize = 8;

/// TXT records of one name that are looked at.
pub const RDNS_TXT_MAX: usize = 32;
/// The longest lock-out, however often a key returns: half a year.
pub const LOCKOUT_SECONDS_MAX: u32 = 180 * 86_400;

/// Seconds between two returns that are one: what a test found is counted at its time, and the removal that it ends at that of
/// the commit, a moment later. A real second return is a lock-out away.
pub const RETURN_TOGETHER_SECONDS: u32 = 60;

/// How long a request stays open while nothing happens to it.
pub const REQUEST_OPEN_SECONDS: u32 = 7 * 86_400;

/// Open requests for one key of one list, so that a stranger's do not stand in its user's way, and do not pile up.
pub const REQUESTS_PER_KEY: usize = 8;

/// Characters of a contact.
pub const CONTACT_CHARACTERS_MAX: usize = 200;

/// Characters of a note, or of the reason of a decision.
pub const NOTE_CHARACTERS_MAX: usize = 2_000;

/// Between two mails to the postmaster of one domain.
pub const POSTMASTER_MAIL_SECONDS: u32 = 86_400;

/// Mails to postmasters on one day: more is no service for removals but a source of mail that nobody asked for.
pub const POSTMASTER_MAILS_PER_DAY: u32 = 100;

/// How long a mailed code is good.
pub const POSTMASTER_CODE_SECONDS: u32 = 86_400;

/// Wrong codes before another has to be mailed: of a thousand million possible ones.
pub const POSTMASTER_CODE_TRIES: u8 = 5;

/// Rows inside a block that a removal looks at, and exempts one by one.
pub const REMOVAL_ROWS_MAX: usize = 256;

/// Checks of requests that run side by side.
pub const REQUEST_CHECKS_AT_ONCE: usize = 8;

/// Time for one check of a request: a server that takes the time of a test to greet ([`RETEST_TEST_TIME`]), and some seconds
/// of DNS. Name servers that answer slowly could draw it out to minutes.
pub const REQUEST_CHECK_TIME: Duration = Duration::from_secs(40);

/// How long one round begins checks of requests: with the last of them it ends within a minute.
pub const REQUEST_ROUND_TIME: Duration = Duration::from_secs(20);

/// How long after a check without an answer the next is made.
pub const REQUEST_CHECK_AGAIN_SECONDS: u32 = 600;

/// Checks without an answer after which people decide.
pub const REQUEST_CHECKS_MAX: u8 = 3;

/// Rows of the audit trail, or requests, on one page.
pub const AUDIT_PAGE_MAX: usize = 500;

/// Counts of maps that are kept, 256 KiB each.
pub const MAPS_KEPT: usize = 16;

/// A map need not be newer than this, so that a stream of commits does not make every visitor count anew.
pub const MAP_FRESH_TIME: Duration = Duration::from_secs(10);

/// Rows of the table beside a map: what fits into a look.
pub const MAP_ROWS_SHOWN: usize = 20;

/// Days that the charts of a list show.
pub const TREND_DAYS: u32 = 90;

/// Commits that are read at most to bring the charts up to date: half a second of reading.
pub const TREND_COMMITS_MAX: usize = 20_000;

/// Octets of the journal that are read at most for that.
pub const TREND_OCTETS_MAX: usize = 64 << 20;
/// How nice (`nice(2)`) an import's thread is: a query beside it gets nine times as much of a processor that both want.
pub const ASIDE_NICENESS: i32 = 10;

/// Seconds between two mails to a network about what was listed: an hour, however much is listed.
pub const NETWORK_MAIL_SECONDS: u32 = 3_600;

/// Commits of the journal that are looked through at a time for what was listed inside networks.
pub const NEWS_COMMITS: usize = 500;

/// Keys that a network is told of in one call of its webhook: 50 KiB.
pub const NEWS_KEYS_MAX: usize = 1_000;

/// Keys of one list that a mail to a network names: with [`LISTS_MAX`] lists a mail, and what waits for one, of 300 KiB.
pub const NEWS_MAIL_KEYS_MAX: usize = 100;

/// How often networks are told at most.
pub const NEWS_EVERY: Duration = Duration::from_secs(1);
