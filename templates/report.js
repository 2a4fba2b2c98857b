// Shows the cells behind the table. Everything comes from the data block and goes into the page as text,
// never as markup. The address says what is shown: #pair=producer/consumer&model=...&format=...&verdict=...&q=...
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("data").textContent);
  var root = document.documentElement;
  var form = document.getElementById("filters");
  var panel = document.getElementById("cells");
  var links = Array.prototype.slice.call(document.querySelectorAll("#heat td a"));
  var FILTERS = ["model", "format", "verdict", "q"];
  var KEYS = FILTERS.concat("sort");
  var NONE = { model: "", format: "", verdict: "", q: "", sort: "" };
  var STEP = 200;
  var state = {}, shown = STEP, words = [];
  // Rows are arrays; the data names their columns. Here each is an object that reads its row by these names.
  function named(columns) {
    function Row(row) { this.row = row; }
    columns.forEach(function (name, column) {
      Object.defineProperty(Row.prototype, name, { get: function () { return this.row[column]; } });
    });
    return function (row) { return new Row(row); };
  }
  var cellList = data.cells.map(named(data.columns.cell));
  var detailList = data.details.map(named(data.columns.detail));
  var outputList = data.outputs.map(named(data.columns.output));

  root.classList.add("js");

  function element(name, className, text) {
    var node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }
  function has(index) { return index >= 0; }
  function text(index) { return has(index) ? data.texts[index] : ""; }
  function groupOf(verdict) { return data.groups[data.verdict_groups[verdict]]; }
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

  // ---- on paper ----------------------------------------------------------------------------------------
  // What is folded is printed, also by browsers whose styles cannot unfold it.
  var unfolded = [];
  window.addEventListener("beforeprint", function () {
    unfolded = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    unfolded.forEach(function (details) {
      details.open = true;
      // What fills it when it is opened would be asked after the page is printed.
      details.dispatchEvent(new Event("toggle"));
    });
  });
  window.addEventListener("afterprint", function () {
    unfolded.forEach(function (details) { details.open = false; });
    unfolded = [];
  });

  // ---- the address -------------------------------------------------------------------------------------
  function decode(part) { try { return decodeURIComponent(part); } catch (error) { return part; } }
  function read() {
    var next = Object.assign({ producer: -1, consumer: -1 }, NONE);
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
        if (key === "sort" && !Object.prototype.hasOwnProperty.call(ORDERS, next[key])) next[key] = "";
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
      var cell = cellList[index], found = [
        data.models[cell.model], data.formats[cell.format], data.producers[cell.producer], data.consumers[cell.consumer],
        data.verdicts[cell.verdict], data.stages[cell.stage], has(cell.status) ? data.statuses[cell.status] : ""
      ];
      if (has(cell.detail)) {
        var detail = detailList[cell.detail];
        found = found.concat(
          [detail.error, detail.frames, detail.blame, detail.reason, detail.rule, detail.expected].map(text), detail.warned.map(text));
      }
      haystacks[index] = found.join("\n").toLowerCase();
    }
    return haystacks[index];
  }
  function matching() {
    var model = data.models.indexOf(state.model), format = data.formats.indexOf(state.format), verdict = data.verdicts.indexOf(state.verdict);
    words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    var found = [];
    cellList.forEach(function (cell, index) {
      if (state.model && cell.model !== model) return;
      if (state.format && cell.format !== format) return;
      if (state.verdict && cell.verdict !== verdict) return;
      if (words.length && !words.every(function (word) { return haystack(index).indexOf(word) >= 0; })) return;
      found.push(index);
    });
    return found;
  }

  // ---- the table ---------------------------------------------------------------------------------------
  function table(found) {
    var columns = data.consumers.length, counts = {};
    found.forEach(function (index) {
      var cell = cellList[index], key = cell.producer * columns + cell.consumer;
      var count = counts[key] || (counts[key] = data.verdicts.map(function () { return 0; }));
      count[cell.verdict] += 1;
    });
    links.forEach(function (link, key) {
      var count = counts[key] || [], sums = data.groups.map(function () { return 0; }), total = 0, sentence = [];
      count.forEach(function (cells, verdict) {
        sums[data.verdict_groups[verdict]] += cells;
        total += cells;
        if (cells) sentence.push(cells + " " + data.verdicts[verdict]);
      });
      var groups = data.groups.map(function (group, at) { return { class: group.class, symbol: group.symbol, cells: sums[at] }; })
        .filter(function (group) { return group.cells; });
      var producer = Math.floor(key / columns), consumer = key % columns;
      var chosen = state.producer === producer && state.consumer === consumer;
      link.parentNode.className = (groups.length ? groups[0].class : "empty") + (chosen ? " chosen" : "");
      link.parentNode.style.setProperty("--share", (total ? Math.floor(100 * groups[0].cells / total) : 0) + "%");
      link.textContent = "";
      link.appendChild(element("span", "sr", data.producers[producer] + " to " + data.consumers[consumer] + ": " + (sentence.join(", ") || "no cells")));
      groups.forEach(function (group) {
        link.appendChild(element("span", group.class, group.symbol + " " + group.cells)).setAttribute("aria-hidden", "true");
      });
      link.href = address({ producer: producer, consumer: consumer });
      if (chosen) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    });
  }

  // ---- the cells ---------------------------------------------------------------------------------------
  // A row of a bit-equal output ends early: what it does not say is 0 or nothing.
  function output(index) {
    var it = outputList[index];
    return {
      name: text(it.name), elements: it.elements, agreement: it.agreement || 0, abs: it.abs || 0, rel: it.rel || 0, ulp: it.ulp || 0,
      flips: it.flips || 0, ties: it.ties || 0, moved: it.moved || 0, mismatch: said(it.mismatch), at: said(it.at),
      reference: said(it.reference), observed: said(it.observed)
    };
  }
  function said(index) { return index === undefined ? "" : text(index); }
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
      [it.name, it.mismatch || data.agreements[it.agreement], number(it.abs), number(it.rel), count(it.ulp),
        it.flips ? it.flips + (it.ties ? " (" + plural(it.ties, "tie") + ")" : "") : "0",
        it.at ? it.at + ": " + it.reference + " \u2192 " + it.observed : ""
      ].forEach(function (value) { row.appendChild(element("td", "", value)); });
    });
    wide.appendChild(table);
    return wide;
  }
  function what(cell) {
    var node = element("td"), detail = has(cell.detail) ? detailList[cell.detail] : null, facts = [];
    var outputs = (has(cell.set) ? data.sets[cell.set] : []).map(output).sort(worse);
    if (detail && has(detail.error)) node.appendChild(element("div", "message", text(detail.error)));
    if (detail && has(detail.reason)) node.appendChild(element("div", "", text(detail.reason)));
    if (outputs.length && !(detail && has(detail.error))) node.appendChild(element("div", "", outputs[0].name + ": " + difference(outputs[0])));
    if (detail) {
      if (has(detail.blame)) facts.push("blame " + text(detail.blame));
      if (has(detail.rule)) facts.push("known cause " + text(detail.rule));
      if (has(detail.expected)) facts.push("expected: " + text(detail.expected));
      if (detail.warned.length) facts.push(plural(detail.warned.length, "version warning"));
    }
    if (facts.length) node.appendChild(element("div", "facts", facts.join(" \u00b7 ")));
    var more = element("details", "more");
    more.appendChild(element("summary", "", "Details"));
    // Filled when it is opened for the first time: a long list stays fast.
    more.addEventListener("toggle", function () {
      if (more.childNodes.length > 1) return;
      if (outputs.length) more.appendChild(outputsTable(outputs));
      if (detail && has(detail.frames)) more.appendChild(element("pre", "", text(detail.frames)));
      if (detail) detail.warned.forEach(function (index) { more.appendChild(element("pre", "", "warned: " + text(index))); });
      var costs = [];
      if (has(cell.load)) costs.push("load " + number(cell.load) + " ms");
      if (has(cell.predict)) costs.push("predict " + number(cell.predict) + " ms");
      if (has(cell.memory)) costs.push("peak memory " + Math.round(cell.memory) + " MiB");
      more.appendChild(element("p", "muted", costs.join(", ") || "Not executed."));
    });
    node.appendChild(more);
    return node;
  }
  // Why, and what to do: said once where cells of one finding follow one another.
  function advice(cell, before) {
    var finding = has(cell.finding) ? data.findings[cell.finding] : null, node = element("div", "advice-of-cell");
    if (!finding) return null;
    var isSame = before && before.finding === cell.finding;
    var link = element("a", "", isSame ? "why, and what next: as above" : "the finding");
    link.href = "#" + finding.id;
    if (!isSame) {
      [["why", finding.why], ["next", finding.next]].forEach(function (said) {
        if (!said[1]) return;
        var line = node.appendChild(element("p", "next"));
        line.appendChild(element("b", "", said[0]));
        line.appendChild(document.createTextNode(" " + said[1]));
      });
    }
    node.appendChild(link);
    return node;
  }
  // The address of one cell, and what can be copied of it.
  function addressOf(cell) {
    return address(Object.assign({}, NONE, { producer: cell.producer, consumer: cell.consumer, model: data.models[cell.model], format: data.formats[cell.format] }));
  }
  function plain(text) { return text.replace(/\s+/g, " ").replace(/[\\`*_\[\]<>|#@~]/g, "\\$&"); }
  // What stands between backticks stays code.
  function withCode(text) {
    var parts = text.split("`");
    if (parts.length % 2 === 0) return plain(text);
    return parts.map(function (part, at) { return at % 2 ? "`" + part + "`" : plain(part); }).join("");
  }
  // What is typed to try a cell again: its own words, or those of its run with the names of the cell.
  function command(cell) {
    var detail = has(cell.detail) ? detailList[cell.detail] : null;
    if (detail && has(detail.command)) return text(detail.command);
    if (!data.again || data.trained.indexOf(cell.model) < 0) return "";
    return data.again + " --model " + data.models[cell.model] + " --format " + data.formats[cell.format] +
      " --producer " + data.producers[cell.producer] + " --consumer " + data.consumers[cell.consumer];
  }
  function asMarkdown(cell) {
    var detail = has(cell.detail) ? detailList[cell.detail] : null, finding = has(cell.finding) ? data.findings[cell.finding] : null;
    var outputs = (has(cell.set) ? data.sets[cell.set] : []).map(output).sort(worse), lines = [];
    lines.push("**" + plain(data.models[cell.model] + " (" + data.formats[cell.format] + "), written by " + data.producers[cell.producer] +
      ", read by " + data.consumers[cell.consumer]) + "**: " + data.verdicts[cell.verdict] + (has(cell.status) ? " (" + data.statuses[cell.status] + ")" : ""));
    if (detail && has(detail.error)) lines.push("", "    " + text(detail.error).replace(/\n/g, "\n    "), "");
    else if (outputs.length) lines.push("- " + plain(outputs[0].name + ": " + difference(outputs[0])));
    if (detail && has(detail.reason)) lines.push("- " + plain(text(detail.reason)));
    if (finding && finding.why) lines.push("- why: " + withCode(finding.why));
    if (finding && finding.next) lines.push("- next: " + withCode(finding.next));
    if (command(cell)) lines.push("- tried again by:", "", "      " + command(cell));
    return lines.join("\n");
  }
  function tools(cell) {
    var node = element("p", "tools"), link = node.appendChild(element("a", "", "Link to this"));
    link.href = addressOf(cell);
    node.appendChild(copier("Copy as Markdown", function () { return asMarkdown(cell); }));
    if (command(cell)) node.appendChild(copier("Copy the command that tries it again", function () { return command(cell); }));
    return node;
  }

  // ---- copying -----------------------------------------------------------------------------------------
  var copied = document.getElementById("copied");
  function tell(label) { copied.textContent = label; }
  function copy(what) {
    function done() { tell("Copied."); }
    function otherwise() {
      // A page that was opened from a disk may have no clipboard of its own.
      var area = element("textarea");
      area.value = what;
      document.body.appendChild(area);
      area.select();
      var ok = document.execCommand("copy");
      document.body.removeChild(area);
      tell(ok ? "Copied." : "This browser does not let a page copy.");
    }
    if (navigator.clipboard) navigator.clipboard.writeText(what).then(done, otherwise); else otherwise();
  }
  function copier(label, make) {
    var button = element("button", "", label);
    button.type = "button";
    button.addEventListener("click", function () { copy(make()); });
    return button;
  }
  Array.prototype.slice.call(document.querySelectorAll("[data-copy]")).forEach(function (button) {
    button.addEventListener("click", function () { copy(button.dataset.copy); });
  });
  // What a link leads to is opened, with everything around it.
  function reveal() {
    var target = /^#finding-[0-9a-f-]+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (var around = target; around; around = around.parentNode) if ("open" in around) around.open = true;
    target.scrollIntoView({ block: "start" });
  }

  function labelled(label, node) { node.dataset.label = label; return node; }
  function cellRow(index, withPair, before) {
    var cell = cellList[index], row = element("tr"), group = groupOf(cell.verdict), verdict = element("td");
    verdict.appendChild(element("span", "verdict " + group.class, group.symbol + " " + data.verdicts[cell.verdict]));
    if (has(cell.status)) {
      verdict.appendChild(document.createTextNode(" "));
      verdict.appendChild(element("span", "status " + data.statuses[cell.status], data.statuses[cell.status]));
    }
    row.appendChild(verdict);
    row.appendChild(labelled("stage", element("td", "facts", data.stages[cell.stage])));
    row.appendChild(labelled("model", element("td", "name", data.models[cell.model])));
    row.appendChild(labelled("format", element("td", "name", data.formats[cell.format])));
    if (withPair) {
      var pair = labelled("pair", element("td")), link = element("a", "pair", data.producers[cell.producer] + " \u2192 " + data.consumers[cell.consumer]);
      link.href = address({ producer: cell.producer, consumer: cell.consumer });
      pair.appendChild(link);
      row.appendChild(pair);
    }
    var last = what(cell), why = advice(cell, before);
    if (why) last.appendChild(why);
    last.appendChild(tools(cell));
    row.appendChild(last);
    return row;
  }
  var ORDERS = {
    "": { words: "worst first", of: function (cell) { return cell.verdict; } },
    difference: { words: "largest difference first", of: function (cell) { return -largest(cell); } },
    model: { words: "by model", of: function (cell) { return cell.model; } },
    format: { words: "by format", of: function (cell) { return cell.format; } },
    producer: { words: "by what wrote them", of: function (cell) { return cell.producer; } },
    consumer: { words: "by what reads them", of: function (cell) { return cell.consumer; } },
    load: { words: "slowest to load first", of: function (cell) { return -cell.load; } }
  };
  function largest(cell) {
    return (has(cell.set) ? data.sets[cell.set] : []).reduce(function (most, index) {
      var size = Number(outputList[index].rel) || 0;
      return size > most ? size : most;
    }, 0);
  }
  function inOrder(list) {
    var of = ORDERS[state.sort].of, keys = {};
    list.forEach(function (index) { keys[index] = of(cellList[index]); });
    list.sort(function (a, b) { return keys[a] - keys[b] || cellList[a].verdict - cellList[b].verdict || a - b; });
  }
  function cells(found) {
    var isPair = state.producer >= 0, isFiltered = FILTERS.some(function (key) { return state[key]; });
    panel.textContent = "";
    panel.hidden = !isPair && !isFiltered && !state.sort;
    if (panel.hidden) return;
    var list = found.filter(function (index) {
      return !isPair || (cellList[index].producer === state.producer && cellList[index].consumer === state.consumer);
    });
    inOrder(list);
    var top = panel.appendChild(element("div", "top"));
    top.appendChild(element("h3", "", isPair ? data.producers[state.producer] + " \u2192 " + data.consumers[state.consumer] : "All pairs"));
    top.appendChild(element("span", "muted", plural(list.length, "cell") + (isFiltered ? ", filtered" : "") + ", " + ORDERS[state.sort].words));
    var close = top.appendChild(element("button", "", isPair ? "Close" : "Reset"));
    close.type = "button";
    close.addEventListener("click", function () {
      var from = isPair ? links[state.producer * data.consumers.length + state.consumer] : form.elements.model;
      go(isPair ? { producer: -1, consumer: -1 } : NONE);
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
    list.slice(0, shown).forEach(function (index, at) { body.appendChild(cellRow(index, !isPair, at ? cellList[list[at - 1]] : null)); });
    panel.appendChild(table);
    // A single cell is what somebody was sent to: nothing of it is folded.
    if (list.length === 1) {
      var only = body.childNodes[0].childNodes, details = only[only.length - 1].childNodes;
      Array.prototype.slice.call(details).forEach(function (node) { if ("open" in node) node.open = true; });
    }
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
  document.getElementById("reset").addEventListener("click", function () { go(NONE); });
  window.addEventListener("hashchange", function () { update(true); reveal(); });
  update(true);
  reveal();
})();
