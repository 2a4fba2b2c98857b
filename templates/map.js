// The search of the index: every word that is typed must be in the name of an estimator, or in that of its module. What is
// typed stands in the address, so that a search can be handed on.
"use strict";
(function () {
  document.documentElement.classList.add("js");
  const input = document.getElementById("search");
  const found = document.getElementById("found");
  const modules = Array.from(document.querySelectorAll(".module"));
  function show() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    let total = 0;
    for (const module of modules) {
      const name = module.querySelector("h3").textContent.toLowerCase();
      let shown = 0;
      for (const item of module.querySelectorAll("li")) {
        const text = name + " " + item.querySelector("a").textContent.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
        total += 1;
        shown += item.hidden ? 0 : 1;
      }
      module.hidden = shown === 0;
      count += shown;
    }
    found.textContent = words.length > 0 ? count + " of " + total + " estimators" : "";
  }
  function remember() {
    const text = input.value.trim();
    history.replaceState(null, "", text ? "#q=" + encodeURIComponent(text) : location.pathname);
  }
  const asked = /^#q=(.*)$/.exec(location.hash);
  if (asked) {
    input.value = decodeURIComponent(asked[1]);
  }
  input.addEventListener("input", function () {
    show();
    remember();
  });
  input.form.addEventListener("submit", function (event) {
    event.preventDefault();
    const first = document.querySelector(".module:not([hidden]) li:not([hidden]) a");
    if (first) {
      location.href = first.href;
    }
  });
  show();
})();
