// Shows the cells behind the table. Everything comes from the data block and goes into the page as text,
// never as markup. The address says what is shown: #pair=producer/consumer&model=...&format=...&verdict=...&q=...
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("data").textContent);
  var root = document.documentElement;
  var form = document.getElementById("filters");
  var panel = document.getElementById("cells");
  var links = Array.prototype.slice.call(document.querySelectorAll("#heat td a"));
  var KEYS = ["model", "format", "verdict", "q"];
  var ORDER = ["silent", "fails", "noverdict", "works", "unsupported"];
  var SYMBOLS = { silent: "\u2260", fails: "\u2715", noverdict: "?", works: "\u2713", unsupported: "\u2013" };
  var WORDS = { silent: "silently different", fails: "fail", noverdict: "without a verdict", works: "work", unsupported: "unsupported" };
  var AGREEMENT = ["bit-equal", "within tolerance", "outside tolerance", "not comparable"];
  var STEP = 200;
  var state = {}, shown = STEP, words = [];
  // Positions in a row of data.cells.
  var MODEL = 0, FORMAT = 1, PRODUCER = 2, CONSUMER = 3, VERDICT = 4, STAGE = 5, STATUS = 6, SET = 7, DETAIL = 8, LOAD = 9, PREDICT = 10, MEMORY = 11;

  root.classList.add("js");

  function element(name, className, text) {
    var node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }
  function text(index) { return index < 0 ? "" : data.texts[index]; }
  function number(value) {
    if (typeof value !== "number") return String(value);
    if (value === 0) return "0";
    var size = Math.abs(value);
    if (size < 0.01 || size >= 99.5) return value.toExponential(1).replace("e+", "e");
    return value.toPrecision(2);
  }
  function count(value) {
    return typeof value === "number" && value < 1e6 ? String(value) : number(value);
  }
  function plural(n, noun) { return n + " " + noun + (n === 1 ? "" : "s"); }

  // ---- the address -------------------------------------------------------------------------------------
  function decode(part) { try { return decodeURIComponent(part); } catch (error) { return part; } }
  function read() {
    var next = { producer: -1, consumer: -1, model: "", format: "", verdict: "", q: "" };
    location.hash.slice(1).split("&").forEach(function (part) {
      var at = part.indexOf("=");
      var key = part.slice(0, at), value = part.slice(at + 1);
      if (key === "pair") {
        var ends = value.split("/");
        next.producer = data.producers.indexOf(decode(ends[0]));
        next.consumer = data.consumers.indexOf(decode(ends[1] || ""));
        if (next.producer < 0 || next.consumer < 0) next.producer = next.consumer = -1;
      } else if (KEYS.indexOf(key) >= 0) {
        next[key] = decode(value);
      }
    });
    state = next;
    KEYS.forEach(function (key) { if (form.elements[key].value !== state[key]) form.elements[key].value = state[key]; });
  }
  function address(change) {
    var to = Object.assign({}, state, change), parts = [];
    if (to.producer >= 0) parts.push("pair=" + encodeURIComponent(data.producers[to.producer]) + "/" + encodeURIComponent(data.consumers[to.consumer]));
    KEYS.forEach(function (key) { if (to[key]) parts.push(key + "=" + encodeURIComponent(to[key])); });
    return "#" + parts.join("&");
  }
  function go(change) {
    history.replaceState(null, "", address(change) === "#" ? location.pathname + location.search : address(change));
    update(false);
  }

  // ---- which cells -------------------------------------------------------------------------------------
  var haystacks = [];
  function haystack(index) {
    if (haystacks[index] === undefined) {
      var cell = data.cells[index], detail = cell[DETAIL] < 0 ? [] : data.details[cell[DETAIL]];
      haystacks[index] = [
        data.models[cell[MODEL]], data.formats[cell[FORMAT]], data.producers[cell[PRODUCER]], data.consumers[cell[CONSUMER]],
        data.verdicts[cell[VERDICT]], data.stages[cell[STAGE]], cell[STATUS] < 0 ? "" : data.statuses[cell[STATUS]]
      ].concat(detail.slice(0, 6).map(text), (detail[6] || []).map(text)).join("\n").toLowerCase();
    }
    return haystacks[index];
  }
  function matching() {
    var model = data.models.indexOf(state.model), format = data.formats.indexOf(state.format), verdict = data.verdicts.indexOf(state.verdict);
    words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    var found = [];
    data.cells.forEach(function (cell, index) {
      if (state.model && cell[MODEL] !== model) return;
      if (state.format && cell[FORMAT] !== format) return;
      if (state.verdict && cell[VERDICT] !== verdict) return;
      if (words.length && !words.every(function (word) { return haystack(index).indexOf(word) >= 0; })) return;
      found.push(index);
    });
    return found;
  }

  // ---- the table ---------------------------------------------------------------------------------------
  function table(found) {
    var columns = data.consumers.length, counts = {};
    found.forEach(function (index) {
      var cell = data.cells[index], key = cell[PRODUCER] * columns + cell[CONSUMER], group = data.groups[cell[VERDICT]];
      counts[key] = counts[key] || {};
      counts[key][group] = (counts[key][group] || 0) + 1;
    });
    links.forEach(function (link, key) {
      var groups = ORDER.filter(function (group) { return counts[key] && counts[key][group]; });
      var chosen = state.producer >= 0 && key === state.producer * columns + state.consumer;
      link.parentNode.className = (groups[0] || "empty") + (chosen ? " chosen" : "");
      var total = groups.reduce(function (sum, group) { return sum + counts[key][group]; }, 0);
      link.parentNode.style.setProperty("--share", total ? Math.floor(100 * counts[key][groups[0]] / total) + "%" : "0%");
      link.setAttribute("aria-label", data.producers[Math.floor(key / columns)] + " to " + data.consumers[key % columns] + ": " +
        (groups.map(function (group) { return counts[key][group] + " " + WORDS[group]; }).join(", ") || "no cells"));
      link.textContent = "";
      groups.forEach(function (group) { link.appendChild(element("span", group, SYMBOLS[group] + " " + counts[key][group])); });
      link.href = address({ producer: Math.floor(key / columns), consumer: key % columns });
      if (chosen) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    });
  }

  // ---- the cells ---------------------------------------------------------------------------------------
  // Each output as an object, whatever its form in the data.
  function output(index) {
    var row = data.outputs[index];
    return row.length === 2
      ? { name: text(row[0]), elements: row[1], agreement: 0, abs: 0, rel: 0, ulp: 0, flips: 0, ties: 0, moved: 0, mismatch: "", at: "", reference: "", observed: "" }
      : { name: text(row[0]), elements: row[1], agreement: row[2], abs: row[3], rel: row[4], ulp: row[5], flips: row[6], ties: row[7], moved: row[8], mismatch: text(row[9]), at: text(row[10]), reference: text(row[11]), observed: text(row[12]) };
  }
  function worse(a, b) { return b.agreement - a.agreement || (b.flips - b.ties) - (a.flips - a.ties) || b.abs - a.abs; }
  function difference(it) {
    var parts = [];
    if (it.mismatch) parts.push(it.mismatch);
    if (it.flips > it.ties) parts.push(it.flips - it.ties + " of " + plural(it.elements, "label") + " flip");
    if (it.ties) parts.push(plural(it.ties, "tie flip"));
    if (it.moved) parts.push("NaN or infinity moved in " + plural(it.moved, "place"));
    if (it.abs) parts.push("max abs " + number(it.abs));
    if (it.at) parts.push(it.at + ": " + it.reference + " \u2192 " + it.observed);
    return parts.join(", ") || "equal";
  }
  function outputsTable(outputs) {
    var wide = element("div", "wide"), table = element("table", "outputs"), head = element("tr");
    ["Output", "Agreement", "Max abs", "Max rel", "Max ULP", "Flips", "Worst row"].forEach(function (name) {
      var th = element("th", "", name);
      th.scope = "col";
      head.appendChild(th);
    });
    table.appendChild(element("thead")).appendChild(head);
    var body = table.appendChild(element("tbody"));
    outputs.forEach(function (it) {
      var row = body.appendChild(element("tr", it.agreement ? "differs" : ""));
      [it.name, it.mismatch || AGREEMENT[it.agreement], number(it.abs), number(it.rel), count(it.ulp),
        it.flips ? it.flips + (it.ties ? " (" + plural(it.ties, "tie") + ")" : "") : "0",
        it.at ? it.at + ": " + it.reference + " \u2192 " + it.observed : ""
      ].forEach(function (value) { row.appendChild(element("td", "", value)); });
    });
    wide.appendChild(table);
    return wide;
  }
  function what(cell) {
    var node = element("td"), detail = cell[DETAIL] < 0 ? [-1, -1, -1, -1, -1, -1, []] : data.details[cell[DETAIL]];
    var outputs = (cell[SET] < 0 ? [] : data.sets[cell[SET]]).map(output).sort(worse);
    if (detail[0] >= 0) node.appendChild(element("div", "message", text(detail[0])));
    if (detail[3] >= 0) node.appendChild(element("div", "", text(detail[3])));
    if (outputs.length && detail[0] < 0) node.appendChild(element("div", "", outputs[0].name + ": " + difference(outputs[0])));
    var facts = [];
    if (detail[2] >= 0) facts.push("blame " + text(detail[2]));
    if (detail[4] >= 0) facts.push("known cause " + text(detail[4]));
    if (detail[5] >= 0) facts.push("expected: " + text(detail[5]));
    if (detail[6].length) facts.push(plural(detail[6].length, "version warning"));
    if (facts.length) node.appendChild(element("div", "facts", facts.join(" \u00b7 ")));
    var more = element("details", "more");
    more.appendChild(element("summary", "", "Details"));
    // Filled when it is opened for the first time: a long list stays fast.
    more.addEventListener("toggle", function () {
      if (more.childNodes.length > 1) return;
      if (outputs.length) more.appendChild(outputsTable(outputs));
      if (detail[1] >= 0) more.appendChild(element("pre", "", text(detail[1])));
      detail[6].forEach(function (index) { more.appendChild(element("pre", "", "warned: " + text(index))); });
      var costs = [];
      if (cell[LOAD] >= 0) costs.push("load " + number(cell[LOAD]) + " ms");
      if (cell[PREDICT] >= 0) costs.push("predict " + number(cell[PREDICT]) + " ms");
      if (cell[MEMORY] >= 0) costs.push("peak memory " + Math.round(cell[MEMORY]) + " MiB");
      more.appendChild(element("p", "muted", costs.join(", ") || "Not executed."));
    });
    node.appendChild(more);
    return node;
  }
  function labelled(label, node) { node.dataset.label = label; return node; }
  function cellRow(index, withPair) {
    var cell = data.cells[index], row = element("tr"), group = data.groups[cell[VERDICT]], verdict = element("td");
    verdict.appendChild(element("span", "verdict " + group, SYMBOLS[group] + " " + data.verdicts[cell[VERDICT]]));
    if (cell[STATUS] >= 0) {
      verdict.appendChild(document.createTextNode(" "));
      verdict.appendChild(element("span", "status " + data.statuses[cell[STATUS]], data.statuses[cell[STATUS]]));
    }
    row.appendChild(verdict);
    row.appendChild(labelled("stage", element("td", "facts", data.stages[cell[STAGE]])));
    row.appendChild(labelled("model", element("td", "name", data.models[cell[MODEL]])));
    row.appendChild(labelled("format", element("td", "name", data.formats[cell[FORMAT]])));
    if (withPair) {
      var pair = labelled("pair", element("td")), link = element("a", "pair", data.producers[cell[PRODUCER]] + " \u2192 " + data.consumers[cell[CONSUMER]]);
      link.href = address({ producer: cell[PRODUCER], consumer: cell[CONSUMER] });
      pair.appendChild(link);
      row.appendChild(pair);
    }
    row.appendChild(what(cell));
    return row;
  }
  function cells(found) {
    var isPair = state.producer >= 0, isFiltered = KEYS.some(function (key) { return state[key]; });
    panel.textContent = "";
    panel.hidden = !isPair && !isFiltered;
    if (panel.hidden) return;
    var list = found.filter(function (index) {
      return !isPair || (data.cells[index][PRODUCER] === state.producer && data.cells[index][CONSUMER] === state.consumer);
    }).sort(function (a, b) { return data.cells[a][VERDICT] - data.cells[b][VERDICT] || a - b; });
    var top = panel.appendChild(element("div", "top"));
    top.appendChild(element("h3", "", isPair ? data.producers[state.producer] + " \u2192 " + data.consumers[state.consumer] : "All pairs"));
    top.appendChild(element("span", "muted", plural(list.length, "cell") + (isFiltered ? ", filtered" : "") + ", worst first"));
    var close = top.appendChild(element("button", "", isPair ? "Close" : "Reset"));
    close.type = "button";
    close.addEventListener("click", function () {
      var from = isPair ? links[state.producer * data.consumers.length + state.consumer] : form.elements.model;
      go(isPair ? { producer: -1, consumer: -1 } : { model: "", format: "", verdict: "", q: "" });
      from.focus();
    });
    if (!list.length) {
      panel.appendChild(element("p", "none", "No cell matches. Reset the filters to see all."));
      return;
    }
    var table = element("table", "cells"), head = element("tr");
    ["Verdict", "Stage", "Model", "Format"].concat(isPair ? [] : ["Pair"], ["What happened"]).forEach(function (name) {
      var th = element("th", "", name);
      th.scope = "col";
      head.appendChild(th);
    });
    table.appendChild(element("thead")).appendChild(head);
    var body = table.appendChild(element("tbody"));
    list.slice(0, shown).forEach(function (index) { body.appendChild(cellRow(index, !isPair)); });
    panel.appendChild(table);
    if (list.length > shown) {
      var more = panel.appendChild(element("button", "", "Show " + Math.min(STEP, list.length - shown) + " more of " + list.length));
      more.type = "button";
      more.addEventListener("click", function () { shown += STEP; cells(found); });
    }
  }

  function update(scroll) {
    var before = state.producer + "/" + state.consumer;
    read();
    shown = STEP;
    var found = matching();
    table(found);
    cells(found);
    if (scroll && state.producer >= 0) {
      panel.scrollIntoView({ block: "start" });
      if (before !== state.producer + "/" + state.consumer) panel.focus({ preventScroll: true });
    }
  }

  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("input", function () {
    var change = {};
    KEYS.forEach(function (key) { change[key] = form.elements[key].value; });
    go(change);
  });
  document.getElementById("reset").addEventListener("click", function () { go({ model: "", format: "", verdict: "", q: "" }); });
  window.addEventListener("hashchange", function () { update(true); });
  update(true);
})();
