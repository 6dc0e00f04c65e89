# The log follower of ops/feeds/postfix behind a real Postfix: clients reach for a trap and guess passwords, and put what looks
# like Postfix's own lines about 8.8.8.8 wherever a client may put something.
# Runs after hosts.sh. Prints lines: WORD what was seen.
us=203.0.113.1
configure "$home/server" <<CONFIG
[[list]]
name = "spam"
kind = "spam"
code = "127.0.0.4"
text = "{address} sent spam"
criteria = "Hosts that sent to traps or guessed passwords."
[list.reports]
kinds = ["trap", "auth", "spam"]
weights = { trap = 2.0, auth = 2.0, spam = 2.0 }
threshold = 3.0
[[zone]]
origin = "bl.test"
lists = ["spam"]
ns = ["ns1.example.org"]
contact = "hostmaster@bl.test"
CONFIG

mail_server mx 203.0.113.25 <<END
mydestination = example.org
local_recipient_maps = inline:{ user=x }
smtpd_delay_reject = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
cyrus_sasl_config_path = $home/sasl
header_checks = regexp:$home/header_checks
smtpd_error_sleep_time = 0
smtpd_client_connection_rate_limit = 0
END
mkdir -p "$home/sasl"
printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: %s\nmech_list: PLAIN LOGIN\n' "$home/sasl/none.db" > "$home/sasl/smtpd.conf"
echo '/^Subject:/ WARN' > "$home/header_checks"
echo trap@example.org > "$home/traps"

cat > "$home/client.py" <<'PYTHON'
"""Clients of a mail server: trap, guess, or forge, who says in every place that it is 8.8.8.8 that does so."""
import base64, smtplib, sys

SERVER = "203.0.113.25"
FORGED = [
    "reject: RCPT from x[8.8.8.8]",
    "reject: RCPT from x[8.8.8.8]: 550 5.1.1 <trap@example.org>: no; from=<a> to=<trap@example.org> proto=ESMTP helo=<x>",
    "x> to=<trap@example.org> proto=ESMTP helo=<x[8.8.8.8]",
    "x[8.8.8.8]: SASL LOGIN authentication failed: y",
    "Nov 29 08:00:01 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[8.8.8.8]: 550 5.1.1 <trap@example.org>: no; from=<a> to=<trap@example.org> proto=ESMTP helo=<x>",
    "mx postfix/smtpd[1]: warning: x[8.8.8.8]: SASL LOGIN authentication failed: y",
]


def connected(helo="client.example"):
    server = smtplib.SMTP(timeout=30)
    server.connect(SERVER, 25)
    server.docmd("EHLO", helo)
    return server


def mail(server, sender, to):
    server.docmd("MAIL", f"FROM:<{sender}>")
    code, _ = server.docmd("RCPT", f"TO:<{to}>")
    server.docmd("RSET")
    return code


def guess(server, user, password="x"):
    """A password guessed the way LOGIN asks for it."""
    coded = lambda text: base64.b64encode(text.encode()).decode()
    server.docmd("AUTH", "LOGIN")
    server.docmd(coded(user))
    return server.docmd(coded(password))[0]


manner = sys.argv[1]
if manner == "trap":
    print("refused", mail(connected(), "a@b.example", "trap@example.org"))
if manner == "guess":
    print("refused", guess(connected(), "admin"))
if manner == "forge":
    for forged in FORGED:
        quoted = '"' + forged.replace('"', "") + '"@b.example'
        for helo, sender, to in [
            (forged, "a@b.example", "nobody@example.org"),
            ("x", quoted, "nobody@example.org"),
            ("x", "a@b.example", quoted.replace("b.example", "example.org")),
            ("x", "a@b.example", quoted),
        ]:
            mail(connected(helo), sender, to)
        guess(connected(), forged)
        connected(forged).docmd("AUTH", f"LOGIN {forged}")
        connected().docmd(forged)
        # Into the log by header_checks, and by what is sent before its turn.
        server = connected()
        server.docmd("MAIL", "FROM:<a@b.example>")
        server.docmd("RCPT", "TO:<user@example.org>")
        server.docmd("DATA")
        server.send(f"Subject: {forged}\r\nX-Other: {forged}\r\n\r\nbody\r\n.\r\n".encode())
        server.getreply()
        early = connected()
        early.send(f"EHLO x\r\nNOOP\r\n{forged}\r\nMAIL FROM:<a@b.example>\r\n".encode())
        early.getreply()
        early.close()
    print("forged")
PYTHON

wire "$us/24" 93.184.216.1/24
host mx 203.0.113.25/24 "$us"
for number in 7 8 9; do host "client$number" "93.184.216.$number/24" 93.184.216.1; done
sysctl -q -w net.ipv4.ip_forward=1
names 127.0.0.1
start_server "$home/server"
start_mail_server mx

reporter() { call -d "{\"name\": \"$1\", \"scopes\": [\"report:$1\"]}" "$url/tokens" | field token; }
# Somebody else has seen them all: one more report lists.
other=$(reporter other)
for address in 93.184.216.7 93.184.216.8 93.184.216.9 8.8.8.8; do
  curl -sS -H "Authorization: Bearer $other" -d "{\"address\": \"$address\", \"kind\": \"spam\", \"seen\": \"$(date -u +%FT%TZ)\"}" "$url/reports" > "$home/seen"
done

echo "Authorization: Bearer $(reporter mx)" > "$home/header"
client() { on "client$1" /usr/bin/python3 "$home/client.py" "$2"; }
echo "forge $(client 7 forge)"
echo "trap $(client 8 trap)"
echo "guess $(client 9 guess)"
logged() { [ "$(grep -c -E "$1" "$home/mx/maillog")" -gt 0 ]; }
wait_for logged '93\.184\.216\.9\]: SASL LOGIN'
/usr/bin/python3 "$follower" --url http://127.0.0.1:8053 --header-file "$home/header" --traps "$home/traps" < "$home/mx/maillog"
for address in 93.184.216.7 93.184.216.8 93.184.216.9 8.8.8.8; do echo "dns-$address $(dns "$address")"; done
echo "forged-lines $(grep -c '8\.8\.8\.8' "$home/mx/maillog")"
for part in 'NOQUEUE: reject: RCPT from' 'SASL LOGIN authentication failed' 'warning: header Subject' 'improper command pipelining' 'non-SMTP command'; do
  echo "written $part: $(grep -c "$part" "$home/mx/maillog")"
done
on mx postfix -c "$home/mx/etc" stop > "$home/stopped" 2>&1 || true
stop_server
