// The ways of those who ask for a test, or for a removal that has to be proven or tested, with a real browser and real
// connections: the machines around the server are those of outside.mjs. Run by ops/test, or by hand: `npm ci && npm test`.
// SHOTS=FOLDER keeps a picture of every stop, in every look.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Server } from "./server.mjs";
import { everyLook, launch, visit } from "./browser.mjs";
import { MAIL_PORT, Outside } from "./outside.mjs";

const MORE = `
[mail]
relay = "127.0.0.1:${MAIL_PORT}"
from = "dnsbld@bl.test"
[retest]
enabled = true
from = ["198.51.100.1"]
ehlo = "probe.bl.test"
contact = "postmaster@bl.test"
inbox_listen = "198.51.100.1:25"
inbox_domain = "in.bl.test"
proxy_listen = "198.51.100.1:8000"
proxy_ports = { connect = [8080] }
per_second = 10
documentation_ranges = true
[[list]]
name = "relays"
kind = "relay"
code = "127.0.0.20"
text = "{address} relays for anyone"
criteria = "Mail servers that passed on a message of ours."
removal = "retest"
[[list]]
name = "proxies"
kind = "proxy"
code = "127.0.0.21"
text = "{address} is an open proxy"
criteria = "Proxies that connected to us."
removal = "retest"
[[list]]
name = "complaints"
kind = "spam"
code = "127.0.0.22"
text = "{address} sent unwanted mail"
criteria = "Servers that people complained about."
removal = "proof"
removal_proofs = ["address", "rdns-txt", "postmaster"]
`;

const OPEN = "192.0.2.66", CLOSED = "192.0.2.67", SWALLOWING = "192.0.2.68", NOBODY = "192.0.2.69";
const REPAIRED = "192.0.2.70", WEB_SERVER = "192.0.2.71", STILL_OPEN = "192.0.2.72";
const IN_A_RANGE = "198.51.100.200";

let server, browser, outside;
before(async () => {
  outside = await Outside.start();
  await Promise.all([
    outside.openRelay(OPEN), outside.openRelay(STILL_OPEN), outside.closedRelay(CLOSED), outside.closedRelay(REPAIRED),
    outside.swallowingRelay(SWALLOWING), outside.webServer(WEB_SERVER, 8080)]);
  server = await Server.start(MORE);
  await server.put("relays", "tester", [OPEN, CLOSED, SWALLOWING, NOBODY, REPAIRED, STILL_OPEN, "198.51.100.192/27"]);
  await server.put("proxies", "tester", [WEB_SERVER]);
  await server.put("complaints", "people", ["203.0.113.20", "203.0.113.21", "203.0.113.22", "203.0.113.23"]);
  browser = await launch();
}, { timeout: 120_000 });
after(async () => {
  await browser?.close();
  await server?.stop();
  outside?.stop();
});

// A form has to lie open for some seconds before it is taken.
const RIPE = 11_000;

const listed = async (key) => JSON.parse(await server.call("GET", `/api/v1/lookup/${key}`)).listed;
const asked = async (what, fields) => JSON.parse(await server.call("POST", `/api/v1/${what}`, JSON.stringify(fields)));

// Looks again, as the page says, until there is nothing to wait for.
async function patiently(page, until) {
  const again = page.getByRole("link", { name: "Look again" });
  for (let looks = 0; looks < 60; looks += 1) {
    if ((await page.locator("main").innerText()).match(until)) return;
    await page.waitForTimeout(500);
    await again.click();
  }
  assert.fail(`${until} never came: ${await page.locator("main").innerText()}`);
}

test("somebody has a relay tested: fast, then slowly, and reads what came through", async () => {
  const visitor = await visit(browser, server, { size: "phone" });
  const { page } = visitor;
  const found = [];
  const stop = async (name) => found.push(...await everyLook(visitor, name));
  await page.goto(`/${OPEN}`);
  await stop("relay-with-test");
  await page.getByRole("link", { name: "Ask for a new test" }).click();
  await stop("retest-form");
  assert.equal(await page.locator(".languages").count(), 1);
  await page.getByRole("button", { name: `Test ${OPEN} now` }).click();
  await page.getByText("That was fast").waitFor();
  assert.equal(await page.locator(".languages").count(), 0, "the answer to a form cannot be had in another language");
  await stop("retest-soon");
  await page.waitForTimeout(RIPE);
  await page.getByRole("button", { name: `Test ${OPEN} now` }).click();
  await page.waitForURL("**/retests/*");
  await stop("retest-begun");
  await patiently(page, /what this server sent came through/);
  await stop("retest-open");
  const table = await page.locator("table").innerText();
  assert.match(table, /came through/);
  assert.match(table, /refused/);
  assert.equal(await page.getByRole("link", { name: "Look again" }).count(), 0, "there is nothing to wait for");
  await page.getByRole("link", { name: `The page of ${OPEN}` }).click();
  await page.getByText("Listed in 1 list").waitFor();
  assert.deepEqual(found, []);
  assert.deepEqual([visitor.strangers, visitor.alerts], [[], []]);
  await visitor.context.close();
});

test("a repaired relay leaves the list by the keyboard alone", async () => {
  const visitor = await visit(browser, server);
  const { page } = visitor;
  const tabTo = async (name) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press("Tab");
      const here = await page.evaluate(() => document.activeElement.textContent.trim());
      if (here === name) return page.keyboard.press("Enter");
    }
    return assert.fail(`the keyboard does not reach ${name}`);
  };
  await page.goto(`/${CLOSED}`);
  await tabTo("Ask for a new test");
  await page.getByRole("heading", { name: `A new test of ${CLOSED}` }).waitFor();
  await page.waitForTimeout(RIPE);
  await tabTo(`Test ${CLOSED} now`);
  await page.waitForURL("**/retests/*");
  await patiently(page, /Clean: nothing came through/);
  assert.deepEqual(await everyLook(visitor, "retest-clean"), []);
  assert.doesNotMatch(await page.locator("table").innerText(), /came through|put off/);
  assert.equal(await listed(CLOSED), false);
  await visitor.context.close();
});

test("each way in which a test can stand is told apart, and says what comes next", async () => {
  const visitor = await visit(browser, server, { size: "phone" });
  const { page } = visitor;
  const found = [];
  for (const [name, list, key, until, more] of [
    ["retest-arriving", "relays", SWALLOWING, /Now it is waited whether one of them comes through/, /leaves the list on.*it may still come through/s],
    ["retest-waiting", "relays", NOBODY, /It is tried again on/, /Silence is no proof/],
    ["retest-proxy", "proxies", WEB_SERVER, /Clean: nothing came through/, /8080/],
    ["retest-not-tested", "relays", IN_A_RANGE, /There was no test/, /not listed there by itself/],
  ]) {
    const { id } = await asked("retests", { list, key });
    await page.goto(`/retests/${id}`);
    await patiently(page, until);
    assert.match(await page.locator("main").innerText(), more, name);
    assert.equal(await page.locator("table").count(), ["retest-waiting", "retest-not-tested"].includes(name) ? 0 : 1, name);
    found.push(...await everyLook(visitor, name));
  }
  assert.deepEqual(found, []);
  assert.deepEqual([await listed(SWALLOWING), await listed(NOBODY), await listed(WEB_SERVER)], [true, true, false]);
  await page.goto(`/${IN_A_RANGE}`);
  assert.equal(await page.getByRole("link", { name: "Ask for a new test" }).count(), 0, "a range is not tested");
  await visitor.context.close();
});

test("a removal by test: asked on the page, followed to the test, and granted or refused by what it found", async () => {
  const visitor = await visit(browser, server, { size: "phone" });
  const { page } = visitor;
  const found = [];
  const stop = async (name) => found.push(...await everyLook(visitor, name));
  for (const [key, result, state] of [[REPAIRED, /Clean/, "Removed"], [STILL_OPEN, /Open/, "Refused"]]) {
    await page.goto(`/${key}`);
    await page.getByRole("link", { name: "Ask for its removal from relays" }).click();
    if (state === "Removed") await stop("removal-by-test-form");
    await page.waitForTimeout(RIPE);
    await page.getByRole("button", { name: "Ask for removal" }).click();
    await page.getByRole("heading", { name: "Keep this" }).waitFor();
    if (state === "Removed") await stop("removal-by-test-asked");
    await page.getByRole("link", { name: /\/removals\// }).click();
    await patiently(page, new RegExp(`^${state}$`, "m"));
    await stop(`removal-by-test-${state.toLowerCase()}`);
    await page.getByRole("link", { name: "The test and what it showed" }).click();
    await page.getByText(result).first().waitFor();
    await page.goBack();
    const again = await page.getByRole("link", { name: "Ask for its removal from relays" }).count();
    assert.equal(again, state === "Refused" ? 1 : 0, "who was refused finds the way to ask again");
    assert.equal(await listed(key), state === "Refused");
  }
  const { id } = await asked("removals", { list: "relays", key: NOBODY });
  await page.goto(`/removals/${id}`);
  await patiently(page, /A test of the machine decides/);
  await page.getByRole("link", { name: "The test and what it showed" }).click();
  await patiently(page, /It is tried again on/);
  await page.goto(`/removals/${id}`);
  await stop("removal-by-test-waits");
  assert.deepEqual(found, []);
  await visitor.context.close();
});

test("who calls from the address itself proves it by that, and from elsewhere nothing is changed", async () => {
  const key = "203.0.113.20";
  const visitor = await visit(browser, server, { size: "phone" });
  const { page } = visitor;
  const found = [];
  const stop = async (name) => found.push(...await everyLook(visitor, name));
  await page.goto(`/${key}`);
  await page.getByRole("link", { name: "Ask for its removal from complaints" }).click();
  await page.waitForTimeout(RIPE);
  await page.getByRole("button", { name: "Ask for removal" }).click();
  await page.getByRole("heading", { name: "Show that it is yours" }).waitFor();
  await stop("proof-asked");
  const secret = await page.locator("dd.key").last().innerText();
  await page.getByRole("button", { name: "I am there now" }).click();
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").innerText(), /Nothing was changed.*192\.0\.2\.200/s);
  await stop("proof-from-elsewhere");
  const place = page.url();

  // Later, on the machine itself.
  await visitor.context.setExtraHTTPHeaders({ "x-forwarded-for": key });
  await page.goto(place);
  await stop("proof-later");
  await page.locator("#secret-address").fill("a wrong secret");
  await page.getByRole("button", { name: "I am there now" }).click();
  await page.getByRole("alert").waitFor();
  await stop("proof-wrong-secret");
  await page.locator("#secret-address").fill(secret);
  await page.getByRole("button", { name: "I am there now" }).click();
  await page.getByText("Removed", { exact: true }).waitFor();
  await stop("proof-granted");
  assert.equal(await listed(key), false);
  await page.getByRole("link", { name: `The page of ${key}` }).click();
  await page.getByText("Exempted: not listed").first().waitFor();
  assert.deepEqual(found, []);
  assert.deepEqual([visitor.strangers, visitor.alerts], [[], []]);
  await visitor.context.close();
});

test("a record in DNS proves it, once the name leads back and the record is there", async () => {
  const key = "203.0.113.21";
  const { id, secret } = await asked("removals", { list: "complaints", key });
  const visitor = await visit(browser, server);
  const { page } = visitor;
  const found = [];
  const press = async () => {
    const field = page.locator("#secret-txt");
    if (await field.count()) await field.fill(secret);
    await page.getByRole("button", { name: "The record is there" }).click();
  };
  const refused = async (why) => {
    await press();
    assert.match(await page.getByRole("alert").innerText(), why);
  };
  await page.goto(`/removals/${id}`);
  await refused(/no name in reverse DNS/);
  found.push(...await everyLook(visitor, "proof-txt-no-name"));
  outside.call(key, "mx.shop.example");
  await refused(/_dnsbld\.mx\.shop\.example/);
  const record = (await page.locator("dd code").innerText()).match(/"(dnsbld=\S+)"/)[1];
  outside.say("_dnsbld.shop.example", "TXT", "dnsbld=of-another-request");
  await refused(/_dnsbld\.shop\.example/);
  found.push(...await everyLook(visitor, "proof-txt-lacking"));
  assert.equal(await listed(key), true);
  outside.say("_dnsbld.shop.example", "TXT", record);
  await press();
  await page.getByText("Removed", { exact: true }).waitFor();
  assert.equal(await listed(key), false);
  assert.deepEqual(found, []);
  await visitor.context.close();
});

test("a code by mail to the postmaster proves it, and a wrong one does not", async () => {
  const key = "203.0.113.22";
  outside.call(key, "mail.bakery.example");
  const { id, secret } = await asked("removals", { list: "complaints", key });
  const visitor = await visit(browser, server, { size: "phone" });
  const { page } = visitor;
  const found = [];
  const stop = async (name) => found.push(...await everyLook(visitor, name));
  await page.goto(`/removals/${id}`);
  await page.locator("#secret-mail").fill(secret);
  await page.getByRole("button", { name: "Mail a code" }).click();
  await page.getByText("A code was mailed to the postmaster of bakery.example").waitFor();
  await stop("proof-mailed");
  for (let waits = 0; outside.mails.length === 0 && waits < 100; waits += 1) await page.waitForTimeout(100);
  const [{ recipients, message }] = outside.mails;
  assert.deepEqual(recipients, ["postmaster@bakery.example"]);
  const code = message.match(/^ +(\d{9})$/m)[1];
  await page.getByLabel("The code", { exact: true }).fill("000000000");
  await page.getByRole("button", { name: "Send the code" }).click();
  await page.getByRole("alert").waitFor();
  await stop("proof-wrong-code");
  await page.getByLabel("The code", { exact: true }).fill(code);
  await page.getByRole("button", { name: "Send the code" }).click();
  await page.getByText("Removed", { exact: true }).waitFor();
  assert.equal(await listed(key), false);
  assert.equal(outside.mails.length, 1);
  assert.deepEqual(found, []);
  await visitor.context.close();
});

test("who asked takes it back, and finds the way to ask again", async () => {
  const key = "203.0.113.23";
  const { id, secret } = await asked("removals", { list: "complaints", key });
  const visitor = await visit(browser, server, { size: "phone" });
  const { page } = visitor;
  await page.goto(`/removals/${id}`);
  await page.getByText("Take the request back").click();
  await page.locator("#secret-withdraw").fill(secret);
  const found = await everyLook(visitor, "removal-withdraw");
  await page.getByRole("button", { name: "Take back" }).click();
  await page.getByText("Taken back", { exact: true }).waitFor();
  found.push(...await everyLook(visitor, "removal-withdrawn"));
  await page.getByRole("link", { name: "Ask for its removal from complaints" }).click();
  assert.equal(await page.locator("#removal-key").inputValue(), key);
  assert.deepEqual(found, []);
  await visitor.context.close();
});
