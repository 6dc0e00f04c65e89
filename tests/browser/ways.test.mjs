// The ways of people through the pages, with a real browser: run by ops/test, or by hand: `npm ci && npm test`.
// SHOTS=FOLDER keeps a picture of every stop.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { HOSTILE, Server } from "./server.mjs";
import { LOOKS, hindrances, launch, overflows, shot, visit } from "./browser.mjs";

let server, browser;
before(async () => {
  server = await Server.start();
  await server.seed();
  browser = await launch();
}, { timeout: 120_000 });
after(async () => {
  await browser?.close();
  await server?.stop();
});

const PLACES = {
  front: "/", dynamic: "/198.51.100.7", compromised: "/203.0.113.7", relay: "/192.0.2.66", domain: "/www.spam.example.org",
  clear: "/192.0.2.1", past: "/203.0.113.9", exempt: "/198.51.100.25", special: "/192.168.1.1", test: "/127.0.0.2",
  unread: "/192.0.2.256", range: "/198.51.100.0/24", mailbox: "/someone@example.org", nothing: "/a/b/c",
  list: "/lists/compromised", never: "/lists/never", map: "/map", net: "/map?at=203", nearer: "/map?at=203.0",
  privacy: "/privacy", claim: "/claim", docs: "/docs", hostile: "/192.0.2.101",
};

for (const [size, dark] of LOOKS) {
  test(`nothing hinders anyone and nothing sticks out, ${size} ${dark ? "dark" : "light"}`, async () => {
    const visitor = await visit(browser, server, { size, dark, script: true });
    const found = {};
    for (const [name, path] of Object.entries(PLACES)) {
      await visitor.page.goto(path);
      await shot(visitor, name);
      const here = await hindrances(visitor.page);
      if (await overflows(visitor.page) > 0) here.push("it is wider than the screen");
      if (await visitor.page.locator("h1").count() !== 1) here.push("it has not one heading");
      if (here.length) found[path] = here;
    }
    assert.deepEqual(found, {});
    assert.deepEqual([visitor.strangers, visitor.alerts], [[], []]);
    await visitor.context.close();
  });

  test(`a refused home user finds the way through the provider, ${size} ${dark ? "dark" : "light"}, without script`, async () => {
    const visitor = await visit(browser, server, { size, dark });
    const { page } = visitor;
    await page.goto("/");
    await page.getByLabel("Address, domain or hash").fill(
      "550 5.7.1 Client host [198.51.100.7] blocked using bl.test; see http://bl.test/198.51.100.7");
    await page.getByRole("button", { name: "Look up" }).click();
    await page.getByRole("link", { name: "198.51.100.7", exact: true }).click();
    await page.getByText("This is not an accusation").waitFor();
    const text = await page.locator("main").innerText();
    assert.ok(text.indexOf("port 587") < text.indexOf("Why it is listed"), "what to do stands before why");
    assert.match(text, /At home, in an office or on the phone/);
    assert.match(text, /customers of Example Net/);
    await visitor.context.close();
  });
}

test("the operator of a server learns what was seen, when it ends, and reads the list's rules", async () => {
  const visitor = await visit(browser, server);
  const { page } = visitor;
  await page.goto("/203.0.113.7");
  const text = await page.locator("main").innerText();
  for (const words of [/sent 14 mails to a spam trap/, /If you run the machine at this address/, /ends by itself on/, /trap/]) {
    assert.match(text, words);
  }
  await page.getByRole("link", { name: /^List compromised/ }).click();
  await page.getByText("How an entry leaves").waitFor();
  await page.getByRole("link", { name: "See it on a map" }).click();
  await page.getByRole("link", { name: "192.0.0.0/8" }).click();
  await page.getByRole("link", { name: "192.0.0.0/16" }).click();
  assert.match(await page.locator("table").innerText(), /192\.0\.2\.0\/24/);
  await page.getByRole("link", { name: /^Back to/ }).click();
  await visitor.context.close();
});

// A form has to lie open for some seconds before it is taken: less than anyone takes to fill it in.
const RIPE = 11_000;

test("the operator of a server asks for removal without script, and the request has a page of its own", async () => {
  const visitor = await visit(browser, server, { size: "phone" });
  const { page } = visitor;
  await page.goto("/192.0.2.66");
  await page.getByRole("link", { name: "Ask for its removal from relay" }).click();
  await shot(visitor, "removal-form");
  assert.equal(await page.getByLabel("Address, domain or hash that is listed").inputValue(), "192.0.2.66");
  await page.locator("textarea").fill(HOSTILE[0] + HOSTILE[1]);
  await page.waitForTimeout(RIPE);
  await page.getByRole("button", { name: "Ask for removal" }).click();
  await page.getByRole("heading", { name: "Keep this" }).waitFor();
  await shot(visitor, "removal-page");
  const secret = await page.locator("dd.key").last().innerText();
  assert.match(secret, /^[0-9A-Za-z_-]{20,}$/);
  await page.getByRole("link", { name: /\/removals\// }).click();
  assert.ok(!(await page.content()).includes(secret), "the secret is shown once");
  assert.equal(await page.locator("main script, main img").count(), 0);
  await visitor.context.close();
});

test("a network's owner signs in, says how customers send, and customers read it", async () => {
  const visitor = await visit(browser, server);
  const { page } = visitor;
  await page.goto("/networks/example-net/manage");
  await shot(visitor, "network-sign-in");
  await page.locator("#token").fill("not the token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#token").fill(server.networkToken);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#prefix-new").fill("203.0.112.0/21");
  await page.locator("#text-new").fill(HOSTILE.slice(0, 5).join(" "));
  await page.locator("#smarthost-new").fill("smtp.example.net");
  await page.getByRole("button", { name: "Save" }).last().click();
  await page.getByText("Saved.").waitFor();
  await shot(visitor, "network-desk");
  assert.equal(await page.locator("main script, main img, main svg, [onerror]").count(), 0);
  const csv = await (await page.context().request.get("/networks/example-net/listings.csv")).text();
  assert.match(csv, /203\.0\.120\.0\/24.*=1\+1/);
  for (const cell of csv.split(/","|"\r?\n"|,|^"/m)) assert.doesNotMatch(cell, /^[=+@\t]/, cell);
  await page.goto("/203.0.113.77");
  const text = await page.locator("main").innerText();
  assert.match(text, /smtp\.example\.net/);
  assert.equal(await page.locator("main script, main img, main svg, [onerror]").count(), 0);
  await shot(visitor, "dynamic-policy");
  await visitor.context.close();
});

test("a network's owner decides a request that a stranger wrote, and the address leaves the list", async () => {
  const note = HOSTILE.slice(0, 5).join(" ");
  await server.call("POST", "/api/v1/removals", JSON.stringify({ list: "pool", key: "203.0.120.9", note, contact: "me@example.org" }));
  const visitor = await visit(browser, server, { size: "phone" });
  const { page } = visitor;
  await page.goto("/networks/example-net/manage");
  await page.locator("#token").fill(server.networkToken);
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.equal(await page.locator("section.card dd.foreign").first().innerText(), note);
  assert.equal(await page.locator("main script, main img, main svg, [onerror]").count(), 0);
  assert.equal(await overflows(page), 0);
  await shot(visitor, "network-decides");
  await page.locator("#why-1").fill("a static line");
  await page.getByRole("button", { name: "Take it off" }).click();
  await page.getByRole("status").getByText("203.0.120.9 was taken off pool.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Take it off" }).count(), 0, "nothing is left to decide");
  assert.equal(await page.getByRole("button", { name: "Take it back" }).count(), 1, "but it can be taken back");
  assert.equal(await page.locator("main script, main img, main svg, [onerror]").count(), 0);
  const pooled = async (key) =>
    JSON.parse(await server.call("GET", `/api/v1/lookup/${key}`)).matches.some((one) => one.list === "pool");
  assert.deepEqual([await pooled("203.0.120.9"), await pooled("203.0.120.10")], [false, true]);
  await server.call("POST", "/api/v1/removals", JSON.stringify({ list: "pool", key: "203.0.120.11", note, contact: "me@example.org" }));
  await page.goto("/networks/example-net/manage");
  await page.locator("#why-1").fill("a dynamic line");
  await page.locator("#why-1").press("Enter");
  await page.getByRole("status").getByText("203.0.120.11 stays on pool.").waitFor();
  assert.equal(await pooled("203.0.120.11"), true, "Enter grants nothing");
  assert.deepEqual([visitor.strangers, visitor.alerts], [[], []]);
  await visitor.context.close();
});

test("somebody who runs a network claims its prefixes without script, and is told which records prove it", async () => {
  const title = HOSTILE[0];
  for (const [size, dark] of [["phone", true], ["desktop", false]]) {
    const visitor = await visit(browser, server, { size, dark });
    const { page } = visitor;
    await page.goto("/");
    await page.getByRole("link", { name: "Enter your network" }).click();
    await page.getByLabel("What people call the network").fill(title);
    await page.getByLabel("Short name").fill(`claimed-${visitor.name}`.replaceAll(/[^\w-]/g, "-"));
    await page.getByLabel("Prefixes, one to a line").fill("203.0.113.0/25");
    await page.getByLabel("Your mail address").fill("noc@example.net");
    const send = async () => {
      await new Promise((resolve) => setTimeout(resolve, 10_500));
      await page.getByRole("button", { name: "Claim these prefixes" }).click();
    };
    await send();
    assert.match(await page.getByRole("alert").innerText(), /203\.0\.113\.0\/25 is too small/);
    await shot(visitor, "claim-wrong");
    await page.getByLabel("Prefixes, one to a line").fill("203.0.112.0/23\n2001:db8:40::/44");
    await send();
    await page.getByText("Waiting for the records", { exact: true }).waitFor();
    await shot(visitor, "claim-stands");
    const records = await page.locator("main pre").allInnerTexts();
    assert.equal(records.join("\n").match(/_dnsbld\.(112|113)\.0\.203\.in-addr\.arpa\. TXT "dnsbld=\w+"/g).length, 2);
    assert.match(records.join("\n"), /_dnsbld\.4\.0\.0\.8\.b\.d\.0\.1\.0\.0\.2\.ip6\.arpa\. TXT/);
    assert.equal(await overflows(page), 0);
    assert.equal(await page.locator("main script, main img, main svg, [onerror]").count(), 0);
    await visitor.context.close();
  }
});

test("nothing hinders anyone on the pages of requests and networks", async () => {
  for (const [size, dark] of LOOKS) {
    const visitor = await visit(browser, server, { size, dark, script: true });
    const { page } = visitor;
    const found = {};
    const look = async (name) => {
      await shot(visitor, name);
      const here = await hindrances(page);
      if (await overflows(page) > 0) here.push("it is wider than the screen");
      if (here.length) found[name] = here;
    };
    for (const [name, path] of [["removal-new", "/removals/new?list=relay&key=192.0.2.66"], ["network", "/networks/example-net"]]) {
      await page.goto(path);
      await look(name);
    }
    await page.goto("/networks/example-net/manage");
    await page.locator("#token").fill(server.networkToken);
    await page.getByRole("button", { name: "Sign in" }).click();
    await look("desk");
    assert.deepEqual(found, {}, visitor.name);
    await visitor.context.close();
  }
});

test("the keyboard alone is enough, and one sees where one is", async () => {
  const visitor = await visit(browser, server, { script: true });
  const { page } = visitor;
  const focused = () => page.evaluate(() => {
    const one = document.activeElement, style = getComputedStyle(one);
    if (one === document.body) return null;
    return { name: one.textContent.trim() || one.name, seen: style.outlineStyle !== "none" && one.getBoundingClientRect().width > 0 };
  });
  await page.goto("/");
  await page.keyboard.press("Tab");
  assert.deepEqual(await focused(), { name: "Skip to the content", seen: true });
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.deepEqual(await focused(), { name: "key", seen: true });
  await page.keyboard.type("198.51.100.7");
  await page.keyboard.press("Enter");
  await page.getByText("Listed in 1 list").waitFor();
  const stops = [];
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    const stop = await focused();
    if (!stop) break;
    stops.push(stop);
  }
  assert.ok(stops.every((stop) => stop.seen), JSON.stringify(stops));
  assert.ok(stops.some((stop) => stop.name.startsWith("For administrators")));
  await page.goto("/map");
  let presses = 0;
  while ((await focused())?.name !== "203.0.0.0/8" && presses < 60) {
    await page.keyboard.press("Tab");
    presses += 1;
  }
  assert.ok(presses < 60, "the table's links are within reach of the keyboard");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /203\.0\.0\.0\/8/ }).waitFor();
  await visitor.context.close();
});

test("pages come in the reader's language, and a chosen one goes along", async () => {
  for (const [locale, word] of [["de-DE", "Nachsehen"], ["es-MX", "Consultar"], ["fr-CA", "Vérifier"]]) {
    const visitor = await visit(browser, server, { locale, size: "phone" });
    await visitor.page.goto("/198.51.100.7");
    assert.equal(await visitor.page.locator("html").getAttribute("lang"), locale.slice(0, 2));
    await visitor.page.getByRole("link", { name: word, exact: true }).first().waitFor();
    await shot(visitor, `dynamic-${locale}`);
    await visitor.context.close();
  }
  const visitor = await visit(browser, server);
  await visitor.page.goto("/192.0.2.1");
  await visitor.page.getByRole("link", { name: "Français" }).click();
  await visitor.page.getByText("Pas listée", { exact: true }).first().waitFor();
  await visitor.page.locator("#key").fill("203.0.113.7");
  await visitor.page.getByRole("button", { name: "Vérifier" }).click();
  await visitor.page.getByText("Ce qui se passe ensuite").first().waitFor();
  await visitor.context.close();
});

test("what a listed party wrote stays text in the browser, in headers and in a spreadsheet", async () => {
  const visitor = await visit(browser, server, { script: true });
  const { page } = visitor;
  for (const [place, text] of HOSTILE.entries()) {
    const reply = await page.goto(`/192.0.2.${100 + place}`);
    assert.notEqual(await page.title(), "owned", text);
    assert.equal(await page.locator("main script, main img, main svg, main iframe, main form[action^=http], [onerror], [onload]").count(), 0, text);
    assert.equal(reply.headers()["set-cookie"], undefined);
    const shown = await page.locator("dd.foreign").first().innerText();
    // Line breaks are spaces since the import; what does not show as itself is replaced.
    const plain = (words) => words.replace(/[\u0000-\u0020\u202a-\u202e\ufffd]+/g, " ").trim();
    assert.equal(plain(shown), plain(text));
    const asked = await page.goto(`/lookup?key=${encodeURIComponent(text)}`);
    assert.equal(asked.headers()["set-cookie"], undefined);
    assert.equal(await page.locator("main script, main img, [onerror], [onload]").count(), 0, text);
  }
  assert.deepEqual([visitor.strangers, visitor.alerts], [[], []]);
  const csv = await server.call("GET", "/api/v1/lists/compromised/export?format=csv");
  assert.match(csv, /1\+1/);
  for (const cell of csv.split(/","|"\r?\n"|^"/)) assert.doesNotMatch(cell, /^[=+\-@\t\r]/, cell);
  assert.doesNotMatch(server.log(), /owned/);
  await visitor.context.close();
});
