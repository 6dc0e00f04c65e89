# Postfix's smtpd with reject_rbl_client against the program, in a network name space of its own where DNS is on port 53.
# $1: a folder to work in, $2: the program. Prints "LISTED code ..." and "CLEAN code ..." for a listed and another client.
set -eu
home=$1 program=$2
mkdir -p "$home/server"
cat > "$home/server/dnsbld.toml" <<CONFIG
data_dir = "var"
[dns]
listen = ["127.0.0.1:53"]
[http]
listen = "127.0.0.1:8053"
public_url = "http://bl.test"
[[list]]
name = "dynamic"
kind = "dynamic"
code = "127.0.0.10"
text = "{address} is in a dynamic range"
criteria = "Ranges assigned to customers for a session."
[[zone]]
origin = "bl.test"
lists = ["dynamic"]
ns = ["ns1.example.org"]
contact = "hostmaster@bl.test"
ttl = "5m"
negative_ttl = "1m"
CONFIG
cat > "$home/etc/main.cf" <<CONFIG
compatibility_level = 3.6
queue_directory = $home/queue
data_directory = $home/data
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.org
mydestination = example.org
local_recipient_maps =
inet_interfaces = all
inet_protocols = ipv4
smtpd_client_restrictions = permit_mynetworks, reject_rbl_client bl.test
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = reject_unauth_destination
maillog_file = $home/maillog
maillog_file_prefixes = $home
smtpd_authorized_xclient_hosts = 127.0.0.1
CONFIG
cat > "$home/etc/master.cf" <<CONFIG
10025 inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
pickup unix n - n 60 1 pickup
qmgr unix n - n 300 1 qmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
local unix - n n - - local
CONFIG
cat > "$home/inside" <<'INSIDE'
set -eu
home=$1 program=$2
ip link set lo up
echo "nameserver 127.0.0.1" > "$home/resolv.conf"
mount --bind "$home/resolv.conf" /etc/resolv.conf
"$program" serve --config "$home/server/dnsbld.toml" > "$home/ready" 2> "$home/log" &
server=$!
for _ in $(seq 200); do [ -s "$home/ready" ] && break; sleep 0.05; done
echo "198.51.100.0/24" | "$program" import dynamic --source isp --config "$home/server/dnsbld.toml" -
chown postfix "$home/data"
postfix -c "$home/etc" start > "$home/started" 2>&1 || { cat "$home/started" "$home/maillog"; exit 1; }
talk() {
  exec 3<>/dev/tcp/127.0.0.1/10025
  read -r -u 3 _
  printf 'EHLO client.example\r\n' >&3
  while read -r -u 3 line; do case $line in 250\ *) break;; esac; done
  printf 'XCLIENT ADDR=%s NAME=[UNAVAILABLE]\r\n' "$1" >&3
  read -r -u 3 line
  printf 'EHLO client.example\r\n' >&3
  while read -r -u 3 line2; do line=$line2; case $line in 250\ *|5*|4*) break;; esac; done
  printf 'MAIL FROM:<a@client.example>\r\n' >&3
  read -r -u 3 line
  printf 'RCPT TO:<b@example.org>\r\n' >&3
  read -r -u 3 line
  printf '%s %s\n' "$2" "$line"
  exec 3>&-
}
talk 198.51.100.7 LISTED
talk 192.0.2.1 CLEAN
postfix -c "$home/etc" stop > /dev/null 2>&1 || true
kill $server
wait $server || true
INSIDE
chmod 755 "$home"
timeout 60 unshare --net --mount bash "$home/inside" "$home" "$program" || { cat "$home/maillog" "$home/log" 2>/dev/null; exit 1; }
