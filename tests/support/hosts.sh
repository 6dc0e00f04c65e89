# Hosts for a test, each in a network name space of its own, all on one wire with the tester. For scripts that run in name
# spaces of their own (unshare --net --mount --pid --fork --kill-child): with those all of it ends, and what two runs call by
# one name is two things.
# $home: the folder of the test.

# has ADDRESS/LENGTH DEVICE [NAME]: the machine of that name, or the tester, has this address from now on.
has() {
  local whole=()
  # There is nobody whose address it could be: it need not be asked around first.
  case $1 in *:*) whole=(nodad) ;; esac
  ip ${3:+-n "$3"} address add "$1" dev "$2" "${whole[@]}"
}

# wire ADDRESS/LENGTH...: the wire, and the addresses that the tester has on it.
wire() {
  local address
  mount -t proc proc /proc
  mkdir -p /run/netns
  mount -t tmpfs tmpfs /run/netns
  ip link set lo up
  ip link add wire type bridge
  ip link set wire up
  for address; do has "$address" wire; done
}

# host NAME ADDRESS/LENGTH GATEWAY: a machine on the wire.
hosts=0
host() {
  hosts=$((hosts + 1))
  ip netns add "$1"
  ip link add "to$hosts" type veth peer name eth0 netns "$1"
  ip link set "to$hosts" master wire up
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  has "$2" eth0 "$1"
  ip -n "$1" route add default via "$3"
}

# on NAME COMMAND...: runs it on that machine.
on() {
  local name=$1
  shift
  nsenter --net="/run/netns/$name" "$@"
}

# names ADDRESS: the resolver that everybody asks.
names() {
  echo "nameserver $1" > "$home/resolv.conf"
  mount --bind "$home/resolv.conf" /etc/resolv.conf
}

# mail_server NAME ADDRESS: a Postfix of its own; what makes it differ comes on standard input.
mail_server() {
  local at="$home/$1" protocols=ipv4 bind=smtp_bind_address
  case $2 in *:*) protocols=ipv6 bind=smtp_bind_address6 ;; esac
  mkdir -p "$at/etc" "$at/queue" "$at/data"
  { cat <<MAIN
compatibility_level = 3.6
queue_directory = $at/queue
data_directory = $at/data
mail_owner = postfix
setgid_group = postdrop
myhostname = $1.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
alias_maps =
alias_database =
inet_interfaces = $2
inet_protocols = $protocols
$bind = $2
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtp_tls_security_level = none
maillog_file = $at/maillog
maillog_file_prefixes = $home
MAIN
    cat
  } > "$at/etc/main.cf"
  cat > "$at/etc/master.cf" <<'MASTER'
smtp inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
MASTER
}

# start_mail_server NAME: on the machine of that name.
start_mail_server() {
  chown postfix "$home/$1/data"
  on "$1" postfix -c "$home/$1/etc" start > "$home/$1.started" 2>&1 || cat "$home/$1.started" "$home/$1/maillog" >&2
}

# configure FOLDER: its dnsbld.toml, of a server on the ports of its kind; what comes on standard input goes behind that.
configure() {
  mkdir -p "$1"
  { cat <<CONFIG
data_dir = "var"
[dns]
listen = ["127.0.0.1:53"]
[http]
listen = "127.0.0.1:8053"
public_url = "http://bl.test"
CONFIG
    cat
  } > "$1/dnsbld.toml"
}

# start_server FOLDER [AHEAD]: the program with FOLDER/dnsbld.toml, its clock AHEAD of the system's. Sets $server and $token.
start_server() {
  local clock=() faked
  if [ -n "${2:-}" ]; then
    faked=$(echo /usr/lib/*/faketime/libfaketimeMT.so.1)
    clock=("LD_PRELOAD=$faked" "FAKETIME=$2" FAKETIME_DONT_FAKE_MONOTONIC=1)
  fi
  : > "$home/ready"
  env "${clock[@]}" "$program" serve --config "$1/dnsbld.toml" > "$home/ready" 2>> "$home/log" &
  server=$!
  for _ in $(seq 400); do [ -s "$home/ready" ] && break; sleep 0.05; done
  token=$(cat "$1/var/admin.token")
}

stop_server() {
  kill "$server"
  wait "$server" || true
}

url=http://127.0.0.1:8053/api/v1
call() { curl -sS -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@"; }
# put LIST: replaces what the source `feed` holds there by the keys on standard input.
put() { curl -sS -X PUT -H "Authorization: Bearer $token" -H 'Content-Type: text/plain' --data-binary @- "$url/lists/$1/sources/feed?format=text" > "$home/put.json"; }
# field NAME: that of the object on standard input: a string without quotes in it, a number, or null.
field() { sed -nE "s/.*\"$1\":(\"([^\"]*)\"|(null|[0-9]+)).*/\2\3/p"; }
# dns ADDRESS [ZONE]: what the zone, bl.test, says of it: a code, or NXDOMAIN.
dns() {
  local name
  name=$(echo "$1" | awk -F. '{ print $4 "." $3 "." $2 "." $1 }').${2:-bl.test}
  dig @127.0.0.1 +time=2 +tries=2 "$name" A | awk '/status:/ { gsub(",", "", $6); status = $6 } $4 == "A" { code = $5 } END { print code != "" ? code : status }'
}
# wait_for COMMAND...: until it succeeds; fails after some time.
wait_for() {
  for _ in $(seq 480); do
    if "$@"; then return 0; fi
    sleep 0.25
  done
  echo "waited in vain: $*" >&2
  return 1
}
