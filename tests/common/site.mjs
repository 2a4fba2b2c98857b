// Opens the site of the map in a headless Chromium and says what is there, as JSON.
import { answer, audit, finished, narrow, open, picture } from "./browser.mjs";

const PAGES = ["index", "causes", "estimators/RandomForestClassifier", "estimators/SVC", "pairs/1.2.2-1.9.1", "pairs/1.4.2-1.4.2"];
for (const name of PAGES) {
  for (const scheme of ["light", "dark"]) {
    const page = await open(name, "", { colorScheme: scheme });
    await audit(page, `${name}, ${scheme}`);
    await picture(page, `map-${name.replaceAll("/", "-")}-${scheme}`);
    await page.context().close();
  }
  await narrow(name, "");
}

// The search, by the keyboard alone; what was typed stands in the address, and Enter opens what was found first.
const index = await open("index");
const shown = () => index.locator(".module li:visible").allInnerTexts();
await index.focus("#search");
await index.keyboard.type("ensemble forestcl");
answer.found = (await shown()).map((it) => it.split(" ")[0]);
answer.told = await index.locator("#found").innerText();
answer.address = await index.evaluate(() => location.hash);
await index.keyboard.press("Enter");
await index.waitForURL(/estimators/);
answer.opened = await index.locator("h1").innerText();
await index.context().close();

// A search that was handed on, and one that finds nothing.
const again = await open("index", "#q=SVC");
answer.again = (await again.locator(".module li:visible").allInnerTexts()).map((it) => it.split(" ")[0]);
await again.fill("#search", "nothing of this name");
answer.nothing = await again.locator("#found").innerText();
await again.context().close();

// From a cell of the heat map to the release that wrote, and from there to the cause.
const forest = await open("estimators/RandomForestClassifier");
const cell = forest.locator("table.heat").first().locator("tbody tr", { hasText: /^1\.2\.2/ }).locator("td a").last();
answer.cell = await cell.getAttribute("title");
await cell.focus();
await forest.keyboard.press("Enter");
answer.writer = await forest.evaluate(() => {
  const node = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  return { id: node.id, top: Math.round(node.getBoundingClientRect().top) };
});
const table = forest.locator(`[aria-labelledby="${answer.writer.id}"]`);
answer.lines = await table.innerText();
await table.locator("a[href*='causes.html#']").last().click();
await forest.waitForURL(/causes/);
answer.cause = await forest.evaluate(() => {
  const node = document.getElementById(location.hash.slice(1));
  return { id: node.id, top: Math.round(node.getBoundingClientRect().top) };
});
await forest.context().close();

// Without a script: no search that does nothing, every estimator, and the same facts.
const bare = await open("index", "", { javaScriptEnabled: false });
answer.bare = { search: await bare.locator("#search").isVisible(), estimators: await bare.locator(".module li").count() };
await picture(bare, "map-index-without-script");
await bare.context().close();
await finished();
