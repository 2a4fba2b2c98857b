// Opens reports in a headless Chromium and says what is there, as JSON.
import path from "node:path";
import { answer, audit, finished, narrow, open, picture, pictures } from "../common/browser.mjs";

for (const name of ["survey", "judged", "gated", "hostile", "history"]) {
  for (const scheme of ["light", "dark"]) {
    const page = await open(name, "#q=a", { colorScheme: scheme });
    await audit(page, `${name}, ${scheme}`);
    await picture(page, `${name}-${scheme}`);
    await page.context().close();
  }
  await narrow(name, "#q=a");
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
await finished();
