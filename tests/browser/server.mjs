// A server of its own for the tests: the real program on free loopback ports with a store in a temporary folder.
//
// Guarantees: ends with the tests; every wait is bounded.
// Never: talks to anything but loopback.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const READY_WITHIN = 60_000;

const CONFIG = `
data_dir = "var"
[dns]
listen = ["127.0.0.1:0"]
udp_threads = 1
[http]
listen = "127.0.0.1:0"
public_url = "http://bl.test"
lookups_per_minute = 1000000
trusted_proxies = ["127.0.0.0/8"]
[[list]]
name = "dynamic"
kind = "dynamic"
code = "127.0.0.10"
text = "{address} is in a dynamic range"
criteria = "Ranges that networks assign to their customers."
covers_at_most = 100
[[list]]
name = "compromised"
kind = "compromised"
code = "127.0.0.4"
text = "{address} is controlled by someone else"
criteria = "Hosts that sent to traps."
expires_after = "90d"
[[list]]
name = "relay"
kind = "relay"
code = "127.0.0.2"
text = "{address} relays for anyone"
criteria = "Open relays."
removal = "operator"
[[list]]
name = "bad-names"
kind = "domain"
code = "127.0.1.2"
text = "{address} is a bad name"
criteria = "Names in spam."
[[list]]
name = "pool"
kind = "dynamic"
code = "127.0.0.11"
text = "{address} is in a pool"
criteria = "Pools whose networks decide who leaves them."
covers_at_most = 100
removal = "owner"
[[zone]]
origin = "bl.test"
lists = ["compromised", "relay", "dynamic"]
ns = ["ns1.example.org"]
contact = "hostmaster@bl.test"
[[zone]]
origin = "dbl.test"
lists = ["bad-names"]
ns = ["ns1.example.org"]
contact = "hostmaster@bl.test"
`;

// What somebody who is listed may have written, in the hope that a page, a header, a log or a spreadsheet takes it for more.
export const HOSTILE = [
  "<script>document.title='owned'</script>",
  "\"><img src=x onerror=\"document.title='owned'\">",
  "'--><svg onload=alert(1)>",
  "</dd></dl></section><form action=http://203.0.113.5/><input name=password>",
  "=1+1",
  "@SUM(1+1)*cmd|' /C calc'!A0",
  "x\r\nSet-Cookie: owned=1\r\n\r\n<b>body</b>",
  "\u202Egnp.exe\u202C \u0000\u001b[31m",
  "javascript:alert(1)",
  "{{ 7 * 7 }} ${7*7} #{7*7} <%= 7*7 %>",
];

export class Server {
  static async start(more = "") {
    const home = await mkdtemp(join(tmpdir(), "dnsbld-browser-"));
    await writeFile(join(home, "dnsbld.toml"), CONFIG + more);
    const program = process.env.DNSBLD ?? new URL("../../target/release/dnsbld", import.meta.url).pathname;
    const child = spawn(program, ["serve", "--config", join(home, "dnsbld.toml")], { stdio: ["ignore", "pipe", "pipe"] });
    let log = "";
    child.stderr.on("data", (text) => (log += text));
    const http = await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`not ready: ${log}`)), READY_WITHIN);
      let out = "";
      child.on("exit", () => reject(new Error(`ended: ${log}`)));
      child.stdout.on("data", (text) => {
        out += text;
        if (!out.includes("\n")) return;
        clearTimeout(late);
        resolve(out.match(/127\.0\.0\.1:\d+/g).at(-1));
      });
    });
    const token = (await readFile(join(home, "var/admin.token"), "utf8")).trim();
    return new Server(home, child, `http://${http}`, token, () => log);
  }

  constructor(home, child, url, token, log) {
    Object.assign(this, { home, child, url, token, log });
  }

  async call(method, path, body, kind = "application/json") {
    const headers = { authorization: `Bearer ${this.token}`, "content-type": kind };
    const reply = await fetch(this.url + path, { method, headers, body });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return text;
  }

  put(list, source, lines) {
    return this.call("PUT", `/api/v1/lists/${list}/sources/${source}`, lines.join("\n"), "text/plain");
  }

  post(list, entry) {
    return this.call("POST", `/api/v1/lists/${list}/entries`, JSON.stringify(entry));
  }

  // What the ways below come across.
  async seed() {
    await this.put("dynamic", "isp", ["198.51.100.0/24 customers of Example Net", "!198.51.100.25 a mail server", "203.0.112.0/20"]);
    await this.put("compromised", "trap", ["203.0.113.7 sent 14 mails to a spam trap", "203.0.113.9 seen once"]);
    await this.put("compromised", "trap", ["203.0.113.7 sent 14 mails to a spam trap"]);
    await this.post("relay", { key: "192.0.2.66", source: "tester", reason: "passed on a probe", evidence: { public: "Received: from probe.example" } });
    await this.call("POST", "/api/v1/networks", JSON.stringify({
      name: "example-net", title: "Example Net", contacts: ["noc@example.org"], prefixes: ["203.0.112.0/20"] }));
    const made = await this.call("POST", "/api/v1/tokens", JSON.stringify({ name: "example-net", scopes: ["network:example-net"] }));
    this.networkToken = JSON.parse(made).token;
    await this.put("pool", "isp", ["203.0.120.0/24 =1+1"]);
    await this.put("bad-names", "feed", ["spam.example.org in the links of a mail"]);
    for (const [place, text] of HOSTILE.entries()) {
      const key = `192.0.2.${100 + place}`;
      await this.post("compromised", { key, source: "hostile", reason: text, evidence: { public: text } });
    }
  }

  async stop() {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(late);
    await rm(this.home, { recursive: true, force: true });
  }
}
