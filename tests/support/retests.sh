# Retests against real mail servers and proxies, each a host of its own with a documentation address. Runs after hosts.sh.
# $EXIM: Exim's program, or nothing. Prints one line a target: NAME, whether it is listed, and what GET /api/v1/retests/ID says.
us=198.51.100.1
us6=2001:db8::1
configure "$home/server" <<CONFIG
[retest]
enabled = true
from = ["$us", "$us6"]
ehlo = "probe.bl.test"
contact = "postmaster@bl.test"
inbox_listen = "[::]:25"
inbox_domain = "in.bl.test"
proxy_listen = "$us:8000"
proxy_ports = { connect = [8080], post = [8080], socks4 = [1080], socks5 = [1080] }
per_second = 10
settle = "8s"
documentation_ranges = true
[[list]]
name = "relays"
kind = "relay"
code = "127.0.0.2"
text = "{address} relays for anyone"
criteria = "Open relays."
removal = "retest"
v6_hosts_as = 64
[[list]]
name = "proxies"
kind = "proxy"
code = "127.0.0.3"
text = "{address} is an open proxy"
criteria = "Open proxies."
[[zone]]
origin = "bl.test"
lists = ["relays", "proxies"]
ns = ["ns1.example.org"]
contact = "hostmaster@bl.test"
CONFIG

# Where the domain of the inbox is: there is no DNS here.
to_us="transport_maps = inline:{ in.bl.test=smtp:[$us]:25 }"
mail_server open 192.0.2.10 <<END
mynetworks = 0.0.0.0/0
$to_us
END
mail_server closed 192.0.2.11 < /dev/null
# The same by IPv6: each is listed as its block, in which it alone answers.
mail_server open6 2001:db8:6:1::25 <<END
mynetworks = [::]/0
transport_maps = inline:{ in.bl.test=smtp:[$us6]:25 }
END
mail_server closed6 2001:db8:6:2::25 < /dev/null
mail_server repaired 192.0.2.17 < /dev/null
# Relays for anyone who encrypts first.
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=encrypting.example -keyout "$home/key.pem" -out "$home/cert.pem" 2> "$home/openssl.log"
mail_server encrypting 192.0.2.18 <<END
mynetworks = 0.0.0.0/0
$to_us
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = $home/key.pem, $home/cert.pem
END
# Takes everything, hands it to one that refuses, and so bounces it; the bounces reach their sender. (What Postfix itself would
# bounce by the transport `error` it refuses at RCPT.)
cat > "$home/bouncing.map" <<END
/^t-/ smtp:[192.0.2.11]:25
/./ smtp:[$us]:25
END
mail_server bouncing 192.0.2.12 <<END
mynetworks = 0.0.0.0/0
transport_maps = regexp:$home/bouncing.map
END
# Takes everything and throws it away.
mail_server swallowing 192.0.2.13 <<'END'
mynetworks = 0.0.0.0/0
transport_maps = static:discard
END
mail_server greylisting 192.0.2.14 <<END
mynetworks = 0.0.0.0/0
$to_us
smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10023, permit_mynetworks, reject
END
# Passes on by another machine.
mail_server forwarding 192.0.2.15 <<'END'
mynetworks = 0.0.0.0/0
transport_maps = static:smtp:[192.0.2.10]:25
END

cat > "$home/open-proxy.conf" <<'CONFIG'
Port 8080
Listen 192.0.2.20
Bind 192.0.2.20
Timeout 60
MaxClients 10
ConnectPort 8000
CONFIG
cat > "$home/closed-proxy.conf" <<'CONFIG'
Port 8080
Listen 192.0.2.22
Timeout 60
MaxClients 10
Allow 203.0.113.1
CONFIG
# dante ADDRESS VERSION: one that speaks that version of SOCKS only.
dante() {
  cat <<CONFIG
logoutput: stderr
internal: $1 port = 1080
external: $1
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 proxyprotocol: socks_v$2 }
CONFIG
}
dante 192.0.2.24 4 > "$home/dante4.conf"
dante 192.0.2.25 5 > "$home/dante5.conf"

# Exim, unpacked beside: its package cannot be installed together with Postfix.
if [ -n "${EXIM:-}" ]; then
  mkdir -p "$home/exim/spool"
  chmod 777 "$home/exim" "$home/exim/spool"
  cat > "$home/exim/exim.conf" <<CONFIG
primary_hostname = exim.example
spool_directory = $home/exim/spool
log_file_path = $home/exim/%slog
local_interfaces = 192.0.2.16
daemon_smtp_ports = 25
exim_user = Debian-exim
exim_group = Debian-exim
never_users = root
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = acl_check_rcpt
domainlist local_domains = exim.example
begin acl
acl_check_rcpt:
  accept domains = +local_domains
  deny message = relay not permitted
begin routers
begin transports
CONFIG
fi


wire 192.0.2.1/24 "$us/32" 2001:db8:6:1::1/64 2001:db8:6:2::1/64 "$us6/128"
number=10
for name in open closed bouncing swallowing greylisting forwarding exim repaired encrypting; do
  host "$name" "192.0.2.$number/24" 192.0.2.1
  number=$((number + 1))
done
number=20
for name in open-proxy open-socks closed-proxy nobody dante4 dante5 no-proxy; do
  host "$name" "192.0.2.$number/24" 192.0.2.1
  number=$((number + 1))
done
host open6 2001:db8:6:1::25/64 2001:db8:6:1::1
host closed6 2001:db8:6:2::25/64 2001:db8:6:2::1
# Hears us and never answers.
host silent 192.0.2.98/24 192.0.2.1
ip -n silent route add blackhole "$us/32"
names 127.0.0.1
# The user that Debian's Exim is built for; here only.
{ cat /etc/passwd; echo 'Debian-exim:x:64999:64999::/nonexistent:/usr/sbin/nologin'; } > "$home/passwd"
{ cat /etc/group; echo 'Debian-exim:x:64999:'; } > "$home/group"
mount --bind "$home/passwd" /etc/passwd
mount --bind "$home/group" /etc/group
cd "$home"
start_server server
mkdir -p grey
chown postgrey grey
on greylisting ip link set lo up
on greylisting postgrey --inet=127.0.0.1:10023 --delay=2 --dbdir="$home/grey" --user=postgrey --group=nogroup > postgrey.log 2>&1 &
on open-proxy tinyproxy -d -c open-proxy.conf > tinyproxy-open.log 2>&1 &
on closed-proxy tinyproxy -d -c closed-proxy.conf > tinyproxy-closed.log 2>&1 &
on open-socks microsocks -i 192.0.2.21 -b 192.0.2.21 -p 1080 > microsocks.log 2>&1 &
on dante4 danted -f dante4.conf -p "$home/dante4.pid" > dante4.log 2>&1 &
on dante5 danted -f dante5.conf -p "$home/dante5.pid" > dante5.log 2>&1 &
if [ -n "${EXIM:-}" ]; then on exim "$EXIM" -C "$home/exim/exim.conf" -bdf -q1h > exim.log 2>&1 & fi
mail_servers='open closed open6 closed6 bouncing swallowing greylisting forwarding repaired encrypting'
for name in $mail_servers; do start_mail_server "$name"; done

relays='open:10 closed:11 bouncing:12 swallowing:13 greylisting:14 forwarding:15 silent:98 nobody:23 encrypting:18'
proxies='open-proxy:20 open-socks:21 closed-proxy:22 dante4:24 dante5:25 no-proxy:26'
if [ -n "${EXIM:-}" ]; then relays="$relays exim:16"; fi
{
  for target in $relays repaired:17; do echo "192.0.2.${target##*:}"; done
  echo 2001:db8:6:1::/64
  echo 2001:db8:6:2::25
} | put relays
for target in $proxies; do echo "192.0.2.${target##*:}"; done | put proxies
ask() { call -d "{\"list\": \"$2\", \"key\": \"$3\"}" "$url/retests" | field id > "asked.$1"; }
targets=' open6:relays:2001:db8:6:1::25 closed6:relays:2001:db8:6:2::25'
for target in $relays unlisted:77; do targets="$targets ${target%%:*}:relays:192.0.2.${target##*:}"; done
for target in $proxies; do targets="$targets ${target%%:*}:proxies:192.0.2.${target##*:}"; done
asking=
for target in $targets; do
  IFS=: read -r name list key <<END
$target
END
  ask "$name" "$list" "$key" &
  asking="$asking $!"
done

# remove NAME ADDRESS: asks for the removal of a relay.
remove() { call -d "{\"list\": \"relays\", \"key\": \"$2\", \"contact\": \"$1@example.org\"}" "$url/removals" > "removal.$1"; }
removal() { call -H "X-Request-Secret: $(field secret < "removal.$1")" "$url/removals/$(field id < "removal.$1")"; }
removal_is() { [ "$(removal "$1" | field state)" = "$2" ]; }
echo "dns-before-removal $(dns 192.0.2.17)"
remove repaired 192.0.2.17
# shellcheck disable=SC2086  # a list of numbers
wait $asking

# Nothing queued or running, nothing that arrives still without a result.
settled() {
  for target in $targets; do
    name=${target%%:*}
    call "$url/retests/$(cat "asked.$name")" > "said.$name"
    case $(cat "said.$name") in
      *'"state":"queued"'* | *'"state":"running"'*) return 1 ;;
      *'"state":"arriving"'*'"result":null'* | *'"state":"arriving"'*'"result":"multihop"'*) return 1 ;;
    esac
  done
}
# say PREFIX NAME...: how these targets stand.
say() {
  local prefix=$1 target name list key
  shift
  for target in $targets; do
    IFS=: read -r name list key <<END
$target
END
    case " $* " in
      *" $name "* | "  ") ;;
      *) continue ;;
    esac
    call "$url/retests/$(cat "asked.$name")" > "said.$name"
    echo "$prefix$name $(call "$url/lookup/$key" | grep -o '"listed":[a-z]*' | head -1) $(cat "said.$name")"
  done
}
wait_for settled
say ''
wait_for removal_is repaired granted
echo "dns-after-removal $(dns 192.0.2.17)"

# A removal whose test waits is open while the store is copied; the copy goes on from there, a day later.
remove nobody 192.0.2.23
wait_for removal_is nobody checking
"$program" backup "$home/copy" --config server/dnsbld.toml > backup.log
stop_server
mv server/var server/lost
mv copy server/var
retest() { call "$url/retests/$(cat "asked.$1")"; }
before_nobody=$(field next_at < said.nobody)
before_no_proxy=$(field next_at < said.no-proxy)
tried_again() { [ "$(retest "$1" | field state)" = waiting ] && [ "$(retest "$1" | field next_at)" != "$2" ]; }
is_done() { [ "$(retest "$1" | field state)" = done ]; }
start_server server +25h
echo "restored-request $(removal nobody | field state) $(removal nobody | field contact)"
wait_for is_done greylisting
wait_for tried_again nobody "$before_nobody"
wait_for tried_again no-proxy "$before_no_proxy"
say second- greylisting nobody no-proxy
stop_server
start_server server +73h
wait_for is_done nobody
wait_for is_done no-proxy
wait_for removal_is nobody granted
say third- nobody no-proxy
echo "dns-third $(dns 192.0.2.23)"
stop_server
for name in $mail_servers; do on "$name" postfix -c "$home/$name/etc" stop > stopped 2>&1 || true; done
