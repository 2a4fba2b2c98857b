// Opens pages in a headless Chromium and says what is there, as JSON. Arguments: the folder of node_modules, Chromium, a
// folder of pages, and a folder for pictures.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [modules, chromium, pages, pictures] = process.argv.slice(2);
const require = createRequire(path.join(modules, "package.json"));
const { chromium: engine } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const browser = await engine.launch({ executablePath: chromium, args: ["--no-sandbox"] });
const address = (name, hash = "") => pathToFileURL(path.join(pages, name + ".html")).href + hash;
const answer = { serious: [], errors: [] };

async function open(name, hash, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, bypassCSP: true, reducedMotion: "reduce", ...options });
  // A busy machine is no failure.
  context.setDefaultTimeout(600_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => answer.errors.push(`${name}: ${error.message}`));
  await page.goto(address(name, hash), { waitUntil: "load" });
  return page;
}
async function audit(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document));
  for (const rule of found.violations.filter((it) => ["serious", "critical"].includes(it.impact))) {
    answer.serious.push(`${name}: ${rule.id}: ${rule.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
  }
}
// Pictures are for people: a machine that is too busy to take one says nothing about the page.
async function picture(page, name) {
  try {
    await page.screenshot({ path: path.join(pictures, name + ".png"), fullPage: true });
  } catch (error) {
    process.stderr.write(`no picture of ${name}: ${error.message.split("\n")[0]}\n`);
  }
}

for (const name of ["survey", "judged", "gated", "hostile", "history"]) {
  for (const scheme of ["light", "dark"]) {
    const page = await open(name, "#q=a", { colorScheme: scheme });
    await audit(page, `${name}, ${scheme}`);
    await picture(page, `${name}-${scheme}`);
    await page.context().close();
  }
  const narrow = await open(name, "#q=a", { viewport: { width: 360, height: 740 } });
  await audit(narrow, `${name}, narrow`);
  await picture(narrow, `${name}-narrow`);
  const widest = await narrow.evaluate(() => document.documentElement.scrollWidth);
  if (widest > 360) {
    const wide = await narrow.evaluate(() => Array.from(document.querySelectorAll("body *"))
      .filter((it) => it.getBoundingClientRect().right > 361 && !it.closest(".scroll, .wide")).slice(0, 3).map((it) => it.outerHTML.slice(0, 200)));
    answer.errors.push(`${name}: a narrow screen scrolls sideways (${widest} pixels): ${wide.join(" | ")}`);
  }
  await narrow.context().close();
  const bare = await open(name, "", { javaScriptEnabled: false });
  await picture(bare, `${name}-without-script`);
  await bare.context().close();
  const paper = await open(name);
  await paper.emulateMedia({ media: "print" });
  await paper.pdf({ path: path.join(pictures, name + ".pdf"), landscape: true });
  await paper.context().close();
}

// Charts, as they are without a script.
const bare = await open("survey", "", { javaScriptEnabled: false });
answer.charts = await bare.locator(".charts figcaption").allInnerTexts();
await bare.context().close();
const nights = await open("history", "", { javaScriptEnabled: false });
answer.bars = await nights.locator("svg").filter({ has: nights.locator(".axis") }).locator("rect").count();
await nights.context().close();

// A cell of a matrix is tried again by a part of the matrix.
const matrix = await open("survey", "#pair=sk1.0.2/sk1.2.2&model=kmeans");
await matrix.context().grantPermissions(["clipboard-read", "clipboard-write"]);
await matrix.locator("#cells .tools button").nth(1).click();
answer.part = await matrix.evaluate(() => navigator.clipboard.readText());
await matrix.context().close();

// The page of a gate.
const gate = await open("gated");
await gate.context().grantPermissions(["clipboard-read", "clipboard-write"]);
answer.answer = await gate.locator(".answer").innerText();
answer.first = await gate.locator("main section").first().getAttribute("id");
answer.heads = await gate.locator("#files .files").first().locator("thead th").allInnerTexts();
answer.rows = await gate.locator("#files > .scroll .files tbody tr").allInnerTexts();
answer.folded = await gate.locator("#files > details").evaluate((it) => [it.open, it.querySelector("summary").textContent]);
// From a cell to what it is, by the keyboard alone.
await gate.locator("#files tbody td a.verdict").nth(1).focus();
await gate.keyboard.press("Enter");
await gate.waitForSelector("#cells table");
answer.cell = await gate.locator("#cells tbody tr").allInnerTexts();
answer.address = await gate.evaluate(() => location.hash);
answer.opened = await gate.locator("#cells tbody tr details").first().evaluate((it) => it.open);
await gate.locator("#cells .tools button").first().click();
answer.markdown = await gate.evaluate(() => navigator.clipboard.readText());
await gate.locator("#cells .tools button").nth(1).click();
answer.command = await gate.evaluate(() => navigator.clipboard.readText());
answer.told = await gate.locator("#copied").innerText();
// From there to its finding, which is opened and in view.
await gate.locator("#cells .advice-of-cell a").first().click();
const finding = await gate.evaluate(() => location.hash);
await gate.context().close();
const linked = await open("gated", finding);
answer.finding = await linked.evaluate(() => {
  const node = document.getElementById(location.hash.slice(1));
  const box = node.getBoundingClientRect();
  return { shown: box.height > 0, above: Math.round(box.top) < 300, text: node.innerText };
});
await linked.context().close();

// Many cells.
const begun = performance.now();
const large = await open("large");
await large.waitForFunction(() => document.documentElement.classList.contains("js"));
answer.seconds = (performance.now() - begun) / 1000;
await large.selectOption("select[name=sort]", "difference");
answer.sorted = await large.locator("#cells .top .muted").innerText();
await large.fill("input[name=q]", "estimator-07 drift");
answer.searched = await large.locator("#cells .top .muted").innerText();
await audit(large, "large");
await large.context().close();
await browser.close();
process.stdout.write(JSON.stringify(answer));
