# What leaves the program for people, among real peers, each a host of its own: codes to postmasters by a Postfix that relays
# to the customer's, DNS checks with NSD's reverse zone, webhooks to an HTTPS server that verifies the signature. And reports
# that come by mail, signed by dkimpy.
# Runs after hosts.sh. Prints lines: WORD what was seen.
us=203.0.113.1
mkdir -p "$home/zones" "$home/hooks"
configure "$home/server" <<CONFIG
[mail]
relay = "203.0.113.25:25"
from = "dnsbld@bl.test"
[retest]
documentation_ranges = true
ehlo = "in.bl.test"
contact = "postmaster@bl.test"
inbox_listen = "203.0.113.1:25"
inbox_domain = "in.bl.test"
[[list]]
name = "dynamic"
kind = "dynamic"
code = "127.0.0.10"
text = "{address} is in a dynamic range"
criteria = "Ranges assigned to customers for a session."
removal = "self"
[[list]]
name = "owned"
kind = "dynamic"
code = "127.0.0.11"
text = "{address} is in a dynamic range"
criteria = "Ranges whose network decides."
removal = "owner"
[[list]]
name = "spam"
kind = "spam"
code = "127.0.0.4"
text = "{address} sent spam"
criteria = "Hosts that sent to traps."
removal = "proof"
removal_proofs = ["postmaster"]
[list.reports]
kinds = ["spam"]
weights = { spam = 2.0 }
threshold = 3.0
[[zone]]
origin = "bl.test"
lists = ["dynamic"]
ns = ["ns1.example.org"]
contact = "hostmaster@bl.test"
[[zone]]
origin = "spam.bl.test"
lists = ["spam"]
ns = ["ns1.example.org"]
contact = "hostmaster@bl.test"
CONFIG

# The operator's mail server takes the program's mails, and those of nobody else; the customer's has the mailbox.
mail_server relay 203.0.113.25 <<END
mynetworks = $us
transport_maps = inline:{ customer.example=smtp:[198.51.100.25]:25 }
END
mail_server mx 198.51.100.25 <<END
myhostname = mx.customer.example
virtual_mailbox_domains = customer.example
virtual_mailbox_base = $home/mail
virtual_mailbox_maps = inline:{ postmaster@customer.example=postmaster }
virtual_uid_maps = static:$(id -u postfix)
virtual_gid_maps = static:$(id -g postfix)
END
# Has a name that leads back to it, and greets with another.
mail_server other 198.51.100.29 <<END
myhostname = mx.elsewhere.example
END
mkdir -p "$home/mail"
chown postfix "$home/mail"

openssl genrsa -out "$home/dkim.key" 2048 2> "$home/openssl.log"
soa='@ 60 IN SOA ns.isp.example. hostmaster.isp.example. 1 3600 600 86400 60
@ 60 IN NS ns.isp.example.'
cat > "$home/zones/example" <<ZONE
$soa
ns.isp 60 IN A 203.0.113.53
hooks.isp 60 IN A 203.0.113.80
inside.isp 60 IN A 127.0.0.1
mx.customer 60 IN A 198.51.100.25
198-51-100-26.dyn.customer 60 IN A 198.51.100.26
mx2.customer 60 IN A 198.51.100.99
mx3.customer 60 IN A 198.51.100.29
mx4.customer 60 IN A 198.51.100.30
s._domainkey.reporter 60 IN TXT "v=DKIM1; p=$(openssl rsa -in "$home/dkim.key" -pubout -outform DER 2>> "$home/openssl.log" | base64 -w 100 | sed '1!s/^/" "/' | tr -d '\n')"
ZONE
cat > "$home/zones/reverse" <<ZONE
$soa
25 60 IN PTR mx.customer.example.
26 60 IN PTR 198-51-100-26.dyn.customer.example.
27 60 IN PTR mx2.customer.example.
29 60 IN PTR mx3.customer.example.
30 60 IN PTR mx4.customer.example.
ZONE
cat > "$home/nsd.conf" <<CONFIG
server:
  ip-address: 203.0.113.53
  username: ""
  chroot: ""
  zonesdir: "$home/zones"
  pidfile: "$home/nsd.pid"
  zonelistfile: "$home/nsd.zones"
  xfrdfile: "$home/nsd.xfrd"
  xfrdir: "$home"
  logfile: "$home/nsd.log"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "example"
  zonefile: "example"
zone:
  name: "100.51.198.in-addr.arpa"
  zonefile: "reverse"
CONFIG

# An authority for the test alone, and the network's HTTPS server with a certificate of it.
(
  cd "$home/hooks"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout authority.key -out authority.pem \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=hooks.isp.example -keyout key.pem -out request.pem
  printf 'subjectAltName=DNS:hooks.isp.example\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n' > extensions
  openssl x509 -req -in request.pem -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 -extfile extensions -out certificate.pem
) >> "$home/openssl.log" 2>&1
export SSL_CERT_FILE="$home/hooks/authority.pem"
cat > "$home/hooks/serve.py" <<'PYTHON'
"""The network's side of a webhook: verifies the signature as the README says, and writes down what it was told."""
import hashlib, hmac, http.server, json, os, ssl, sys, time

folder = sys.argv[1]


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = bytes.fromhex(open(f"{folder}/webhook.key").read().strip())
        parts = dict(part.split("=", 1) for part in self.headers["Dnsbld-Signature"].split(","))
        wanted = hmac.new(key, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
        signed = hmac.compare_digest(wanted, parts["v1"]) and abs(time.time() - int(parts["t"])) < 300
        told = json.loads(body)
        with open(f"{folder}/told", "a") as out:
            request = told.get("request", {})
            print(told["event"], told["network"], request.get("key"), request.get("state"),
                  "signed" if signed else "FORGED", self.headers["Dnsbld-Delivery"], file=out)
        self.send_response(204 if signed else 403)
        self.end_headers()


server = http.server.HTTPServer(("203.0.113.80", 443), Hook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{folder}/certificate.pem", f"{folder}/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
PYTHON

cat > "$home/report.py" <<'PYTHON'
"""Sends an ARF mail as a reporter does, signed by dkimpy; prints what the inbox says of it."""
import dkim, smtplib, sys, time

to, domain, manner, address = sys.argv[1:]
mail = f"""From: Reports <abuse@{domain}>
To: {to}
Subject: abuse report
Date: {time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="parts"

--parts
Content-Type: text/plain

A reader calls this mail spam.
--parts
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Reporter/1
Version: 1
Source-IP: {address}
Arrival-Date: {time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(time.time() - 600))}
--parts
Content-Type: message/rfc822

From: someone@example.com
Received: from [198.51.100.99] by reporter.example
.
...the end of a dot
--parts--
""".replace("\n", "\r\n").encode()
if manner != "unsigned":
    headers = [b"from", b"to", b"subject", b"date", b"content-type", b"mime-version"]
    mail = dkim.sign(mail, b"s", domain.encode(), open("dkim.key", "rb").read(), include_headers=headers) + mail
if manner == "changed":
    mail = mail.replace(b"Source-IP: ", b"Source-IP:  1.1.1.1")
with smtplib.SMTP("203.0.113.1", 25, "mx.reporter.example", timeout=60) as server:
    try:
        server.sendmail(f"abuse@{domain}", [to], mail)
        print("250")
    except smtplib.SMTPDataError as error:
        print(error.smtp_code, error.smtp_error.decode())
    except smtplib.SMTPRecipientsRefused as error:
        print(*[f"{code} {text.decode()}" for code, text in error.recipients.values()])
PYTHON

wire "$us/24" 198.51.100.1/24
host relay 203.0.113.25/24 "$us"
host name-server 203.0.113.53/24 "$us"
host hooks 203.0.113.80/24 "$us"
host reporter 203.0.113.90/24 "$us"
for number in 25 26 27 28 29 30; do host "customer$number" "198.51.100.$number/24" 198.51.100.1; done
sysctl -q -w net.ipv4.ip_forward=1
# The mail servers of the customers stand where their names say.
ln -s customer25 /run/netns/mx
ln -s customer29 /run/netns/other
names 203.0.113.53
cd "$home"
on name-server nsd -d -c "$home/nsd.conf" > nsd.out 2>&1 &
on hooks python3 hooks/serve.py "$home/hooks" > hooks.log 2>&1 &
start_server server
for name in relay mx other; do start_mail_server "$name"; done
echo 198.51.100.0/24 | put dynamic
echo 198.51.100.0/24 | put owned
echo 198.51.100.25 | put spam

# remove NAME LIST ADDRESS; then how that request stands.
remove() { call -d "{\"list\": \"$2\", \"key\": \"$3\"${4:-}}" "$url/removals" > "removal.$1"; }
removal() { call "$url/removals/$(field id < "removal.$1")"; }
decided() { case $(removal "$1" | field state) in checking | proving | deciding) return 1 ;; esac; }

# Removals from a dynamic range: what reverse DNS, forward DNS and the greeting say.
for number in 25 26 27 28 29 30; do remove "$number" dynamic "198.51.100.$number"; done
for number in 25 26 27 28 29 30; do
  wait_for decided "$number"
  echo "checked-$number $(removal "$number" | field state): $(removal "$number" | field why)"
  echo "dns-$number $(dns "198.51.100.$number")"
done

# A code to the postmaster, by two mail servers.
remove code spam 198.51.100.25 ', "proof": "postmaster"'
wait_for test -s mail/postmaster
grep -E '^(From|To|Subject|Auto-Submitted):|by relay\.example' mail/postmaster | sed 's/^/mail /'
code=$(grep -Eo '^ +[0-9]{9} *$' mail/postmaster | tr -d ' ')
prove() {
  call -H "X-Request-Secret: $(field secret < removal.code)" -d "{\"proof\": \"postmaster\", \"code\": \"$1\"}" \
    "$url/removals/$(field id < removal.code)/proof"
}
echo "wrong-code $(prove 000000000 | field status)"
prove "$code" > proved
wait_for decided code
echo "code $(removal code | field state)"
echo "mails $(grep -c '^Message-ID:' mail/postmaster)"

# A webhook: told of a request and of its end, to one that can tell us from others.
call -d '{"name": "isp", "title": "Example ISP", "contacts": ["noc@isp.example"], "prefixes": ["198.51.100.0/24"]}' "$url/networks" > network
hook() { call -X PATCH -d "{\"webhook\": \"$1\"}" "$url/networks/isp" > network; }
hook https://hooks.isp.example/dnsbl
field key < network > hooks/webhook.key
remove hook owned 198.51.100.30
told() { [ -e hooks/told ] && [ "$(wc -l < hooks/told)" -ge "$1" ]; }
wait_for told 1
call -d '{"accept": true, "why": "a customer with a line of its own"}' "$url/removals/$(field id < removal.hook)/decision" > decided
wait_for told 2
sed 's/^/told /' hooks/told
echo "deliveries $(awk '{ print $6 }' hooks/told | sort -u | wc -l)"
# Nor is it called where its name leads inside.
hook https://inside.isp.example/dnsbl
remove inside owned 198.51.100.31
not_done() { grep -q 'an errand was not done' log; }
wait_for not_done
grep 'an errand was not done' log | sed 's/^/errand /'

# Reports by mail: two reporters, whose mailboxes are theirs and of whom each must have signed.
mailbox() { call -d "{\"name\": \"$1\", \"scopes\": [\"mail:$1/$2\"]}" "$url/tokens" | field address; }
report() { echo "report-$1 $(on reporter /usr/bin/python3 report.py "$2" "$3" "$4" "$5" 2>&1 | tail -1)"; }
one=$(mailbox one reporter.example)
two=$(mailbox two reporter.example)
echo "mailbox $one" | sed 's/r-[0-9a-f]\{32\}/r-TOKEN/'
report first "$one" reporter.example signed 198.51.100.77
report again "$one" reporter.example signed 198.51.100.77
echo "one-reporter $(dns 198.51.100.77 spam.bl.test)"
report unsigned "$two" reporter.example unsigned 198.51.100.77
report changed "$two" reporter.example changed 198.51.100.77
report stranger "$two" stranger.example signed 198.51.100.77
report nobody "r-00000000000000000000000000000000@in.bl.test" reporter.example signed 198.51.100.77
report range "$two" reporter.example signed 198.51.100.0/24
echo "still-one $(dns 198.51.100.77 spam.bl.test)"
report second "$two" reporter.example signed 198.51.100.77
echo "two-reporters $(dns 198.51.100.77 spam.bl.test)"
echo "as-bearer $(curl -s -o bearer -w '%{http_code}' -H "Authorization: Bearer ${one%@*}" "$url/status")"
kill "$(cat "$home/nsd.pid")"
report silence "$two" reporter.example signed 198.51.100.78
for name in relay mx other; do on "$name" postfix -c "$home/$name/etc" stop > stopped 2>&1 || true; done
stop_server
