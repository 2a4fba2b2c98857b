// As much of a browser as templates/report.js needs, and nothing that turns text into markup.
(function (global) {
  "use strict";
  function listen(target) {
    var listeners = {};
    target.addEventListener = function (name, listener) { (listeners[name] = listeners[name] || []).push(listener); };
    target.fire = function (name) {
      (listeners[name] || []).forEach(function (listener) { listener({ preventDefault: function () {} }); });
    };
    target.dispatchEvent = function (event) { target.fire(event.name); };
    return target;
  }
  global.Event = function (name) { this.name = name; };
  function Node(name) {
    listen(this);
    this.name = name;
    this.childNodes = [];
    this.attributes = {};
    this.dataset = {};
    this.className = "";
    this.hidden = false;
    this.style = { setProperty: function () {} };
  }
  Node.prototype = {
    appendChild: function (child) { child.parentNode = this; this.childNodes.push(child); return child; },
    setAttribute: function (name, value) { this.attributes[name] = String(value); },
    removeAttribute: function (name) { delete this.attributes[name]; },
    focus: function () {},
    scrollIntoView: function () {},
    get textContent() {
      return this.name === "#text" ? this.data : this.childNodes.map(function (child) { return child.textContent; }).join("");
    },
    set textContent(text) {
      this.childNodes = [];
      if (text !== "") this.appendChild(document.createTextNode(String(text)));
    },
    set innerHTML(markup) { throw new Error("the page makes markup of a text"); }
  };

  var heads = {}, root = new Node("html"), form = new Node("form"), links = [];
  root.classList = { add: function () {} };
  form.elements = {};
  ["model", "format", "verdict", "q", "sort"].forEach(function (name) { form.elements[name] = Object.assign(new Node("input"), { value: "" }); });
  ["cells", "reset", "copied"].forEach(function (id) { heads[id] = new Node("div"); });
  heads.filters = form;
  heads.data = new Node("script");
  for (var link = 0; link < LINKS; link++) links.push(new Node("td").appendChild(new Node("a")));

  global.document = {
    documentElement: root,
    getElementById: function (id) { return heads[id]; },
    querySelectorAll: function (selector) {
      if (selector === "details:not([open])") return all(heads.cells, "details").filter(function (details) { return !details.open; });
      if (selector === "[data-copy]") return [];
      if (selector !== "#heat td a") throw new Error(selector);
      return links;
    },
    createElement: function (name) { return new Node(name); },
    createTextNode: function (text) { return Object.assign(new Node("#text"), { data: text }); }
  };
  heads.data.textContent = DATA;
  global.window = listen({});
  global.navigator = { clipboard: { writeText: function (text) { page.copied = text; return { then: function (done) { done(); } }; } } };
  global.location = { hash: "", pathname: "/report.html", search: "" };
  global.history = { replaceState: function (state, title, address) { location.hash = address[0] === "#" ? address : ""; } };

  // ---- what a person does and sees ---------------------------------------------------------------------
  function all(node, name) {
    return node.childNodes.reduce(function (found, child) {
      return found.concat(child.name === name ? [child] : [], all(child, name));
    }, []);
  }
  function textOf(node) { return node.textContent; }
  function rows(table) { return all(all(table, "tbody")[0], "tr"); }
  var page = global.page = {
    open: function (hash) { location.hash = hash; window.fire("hashchange"); },
    filter: function (name, value) { form.elements[name].value = value; form.fire("input"); },
    reset: function () { heads.reset.fire("click"); },
    // How many details are open with something in them while the page is printed, and how many are open afterwards.
    print: function () {
      var open = function (details) { return details.open && details.childNodes.length > 1; };
      window.fire("beforeprint");
      var printed = all(heads.cells, "details").filter(open).length;
      window.fire("afterprint");
      return [printed, all(heads.cells, "details").filter(function (details) { return details.open; }).length];
    },
    address: function () { return location.hash; },
    hidden: function () { return heads.cells.hidden; },
    more: function () { var buttons = all(heads.cells, "button"); buttons[buttons.length - 1].fire("click"); },
    heading: function () { return all(heads.cells, "h3").map(textOf).join() + "|" + all(heads.cells, "span")[0].textContent; },
    // The cells that are listed: each with its fields and, when its details are opened, its outputs.
    cells: function (opened) {
      var table = all(heads.cells, "table")[0];
      return !table ? [] : rows(table).map(function (row) {
        var verdict = row.childNodes[0].childNodes.filter(function (child) { return child.name === "span"; }).map(textOf);
        var last = row.childNodes[row.childNodes.length - 1], details = all(last, "details")[0];
        if (opened) details.fire("toggle");
        var outputs = all(details, "table")[0];
        return {
          verdict: verdict[0], status: verdict[1] || "",
          fields: row.childNodes.slice(1, -1).map(textOf),
          what: last.childNodes.filter(function (child) { return child.name === "div" && child.className !== "advice-of-cell"; }).map(textOf),
          advice: last.childNodes.filter(function (child) { return child.className === "advice-of-cell"; }).map(textOf),
          outputs: outputs ? rows(outputs).map(function (output) { return output.childNodes.map(textOf); }) : [],
          more: all(details, "pre").concat(all(details, "p")).map(textOf)
        };
      });
    },
    // The pairs of the table: label, address and what is shown.
    pairs: function () {
      return links.map(function (link) { return [link.childNodes[0].textContent, link.href, link.textContent]; });
    },
    // Every name of an element and every address that the script made.
    made: function () {
      var names = {}, hrefs = [];
      (function walk(node) {
        names[node.name] = true;
        if (node.href !== undefined) hrefs.push(node.href);
        node.childNodes.forEach(walk);
      })(heads.cells);
      links.forEach(function (link) { hrefs.push(link.href); });
      return { names: Object.keys(names).sort(), hrefs: hrefs };
    }
  };
})(globalThis);
