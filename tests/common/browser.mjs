// Drives a headless Chromium: opens pages, looks them over and takes pictures. Arguments of the script that imports it: the
// folder of node_modules, Chromium, a folder of pages, and a folder for pictures.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [modules, chromium, pages] = process.argv.slice(2);
export const pictures = process.argv[5];
const require = createRequire(path.join(modules, "package.json"));
const { chromium: engine } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const browser = await engine.launch({ executablePath: chromium, args: ["--no-sandbox"] });
const address = (name, hash = "") => pathToFileURL(path.join(pages, name + ".html")).href + hash;
export const answer = { serious: [], errors: [] };

export async function open(name, hash, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, bypassCSP: true, reducedMotion: "reduce", ...options });
  // A busy machine is no failure.
  context.setDefaultTimeout(300_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => answer.errors.push(`${name}: ${error.message}`));
  await page.goto(address(name, hash), { waitUntil: "load" });
  return page;
}
export async function audit(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document));
  for (const rule of found.violations.filter((it) => ["serious", "critical"].includes(it.impact))) {
    answer.serious.push(`${name}: ${rule.id}: ${rule.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
  }
}
// Pictures are for people: a machine that is too busy to take one says nothing about the page.
export async function picture(page, name) {
  try {
    await page.screenshot({ path: path.join(pictures, name + ".png"), fullPage: true });
  } catch (error) {
    process.stderr.write(`no picture of ${name}: ${error.message.split("\n")[0]}\n`);
  }
}
// On a screen of 360 pixels nothing but tables and lists that say so may be wider.
export async function narrow(name, hash) {
  const page = await open(name, hash, { viewport: { width: 360, height: 740 } });
  await audit(page, `${name}, narrow`);
  await picture(page, `${name.replaceAll("/", "-")}-narrow`);
  const widest = await page.evaluate(() => document.documentElement.scrollWidth);
  if (widest > 360) {
    const wide = await page.evaluate(() => Array.from(document.querySelectorAll("body *"))
      .filter((it) => it.getBoundingClientRect().right > 361 && !it.closest(".scroll, .wide")).slice(0, 3).map((it) => it.outerHTML.slice(0, 200)));
    answer.errors.push(`${name}: a narrow screen scrolls sideways (${widest} pixels): ${wide.join(" | ")}`);
  }
  await page.context().close();
}
export async function finished() {
  await browser.close();
  process.stdout.write(JSON.stringify(answer));
}
