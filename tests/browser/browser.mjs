// The browser: Debian's Chromium, with nothing that asks anyone for anything.
//
// Guarantees: requests to other places than the server under test are refused and make the test fail.
// Never: keeps a profile.

import { readFile } from "node:fs/promises";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export const SIZES = { phone: { width: 375, height: 740 }, desktop: { width: 1280, height: 900 } };

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// Where screenshots go, if anyone wants to see them.
const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: FLAGS });
}

// A visitor. `strangers` are requests to other places, `alerts` what opened a dialog.
export async function visit(browser, server, { size = "desktop", dark = false, script = false, locale = "en-GB", from = "192.0.2.200" } = {}) {
  const context = await browser.newContext({
    baseURL: server.url, viewport: SIZES[size], locale, javaScriptEnabled: script,
    colorScheme: dark ? "dark" : "light", extraHTTPHeaders: { "x-forwarded-for": from },
  });
  const strangers = [];
  const alerts = [];
  await context.route("**/*", (route) => {
    if (route.request().url().startsWith(server.url)) return route.continue();
    strangers.push(route.request().url());
    return route.abort();
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("dialog", (dialog) => { alerts.push(dialog.message()); dialog.dismiss(); });
  return { page, context, strangers, alerts, name: `${size}-${dark ? "dark" : "light"}` };
}

export async function shot(visitor, name) {
  if (shots) await visitor.page.screenshot({ path: join(shots, `${name}-${visitor.name}.png`), fullPage: true });
}

// What axe finds that keeps somebody from using the page.
export async function hindrances(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations
    .filter((one) => ["serious", "critical", "moderate"].includes(one.impact))
    .map((one) => `${one.impact} ${one.id}: ${one.help} ${one.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
}

// Whether the page has to be pushed sideways.
export async function overflows(page) {
  // A press of a button waits for no style sheet.
  await page.waitForLoadState("load");
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

export const LOOKS = [["phone", false], ["phone", true], ["desktop", false], ["desktop", true]];

// The narrowest that a page has to do with: 1280 pixels, enlarged four times (WCAG 1.4.10).
const NARROWEST = { width: 320, height: 740 };

// What is wrong with the page that stands there, whichever way it is looked at. It is shown once more to a browser with
// script, which axe needs: many of these pages come once only, as the answer to a form, and to visitors without script.
export async function everyLook({ page }, stop) {
  const found = [];
  const context = await page.context().browser().newContext({ javaScriptEnabled: true });
  const twin = await context.newPage();
  const body = await page.content();
  await twin.route(page.url(), (route) => route.fulfill({ body, contentType: "text/html; charset=utf-8" }));
  await twin.goto(page.url());
  for (const [size, dark] of LOOKS) {
    const look = `${size}-${dark ? "dark" : "light"}`;
    await twin.setViewportSize(SIZES[size]);
    await twin.emulateMedia({ colorScheme: dark ? "dark" : "light" });
    await shot({ page: twin, name: look }, stop);
    const here = await hindrances(twin);
    if (await overflows(twin) > 0) here.push("it is wider than the screen");
    if (await twin.locator("h1").count() !== 1) here.push("it has not one heading");
    found.push(...here.map((what) => `${stop} ${look}: ${what}`));
  }
  await twin.setViewportSize(NARROWEST);
  if (await overflows(twin) > 0) found.push(`${stop}: it is wider than the narrowest screen`);
  await context.close();
  return found;
}
