// Everything here is an addition: without it the report is whole, and its parts open and close all the same.
(function () {
  "use strict";
  var root = document.documentElement;
  var find = function (selector, inside) { return Array.prototype.slice.call((inside || document).querySelectorAll(selector)); };
  var byId = function (id) { return document.getElementById(id); };

  // The theme is remembered where the browser lets a file do so.
  var themes = ["auto", "light", "dark"];
  var theme = "auto";
  try { theme = localStorage.getItem("minke-theme") || "auto"; } catch (ignored) { /* It is "auto" then. */ }
  var button = byId("theme");
  function showTheme() {
    if (themes.indexOf(theme) < 0) { theme = "auto"; }
    if (theme === "auto") { root.removeAttribute("data-theme"); } else { root.setAttribute("data-theme", theme); }
    button.textContent = "Theme: " + theme;
  }
  function nextTheme() {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    try { localStorage.setItem("minke-theme", theme); } catch (ignored) { /* It lasts as long as the page. */ }
    showTheme();
  }
  showTheme();
  button.hidden = false;
  button.addEventListener("click", nextTheme);

  find("time").forEach(function (time) { time.title = new Date(time.dateTime).toLocaleString(); });

  // Commands can be copied.
  find(".command pre").forEach(function (pre) {
    var text = pre.textContent;
    var copy = document.createElement("button");
    copy.type = "button";
    copy.textContent = "Copy";
    copy.addEventListener("click", function () {
      var selection = getSelection();
      selection.selectAllChildren(pre.querySelector("code"));
      if (navigator.clipboard) {
        navigator.clipboard.writeText(text).then(function () { copy.textContent = "Copied"; }, function () { copy.textContent = "Selected"; });
      } else {
        copy.textContent = "Selected";
      }
    });
    pre.insertBefore(copy, pre.firstChild);
  });

  // What a link leads to is opened.
  function reveal() {
    var target = location.hash.length > 1 && byId(decodeURIComponent(location.hash.slice(1)));
    if (!target) { return; }
    if (target.closest("[hidden]")) { clear(); }
    for (var node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") { node.open = true; }
    }
    target.scrollIntoView({ block: "start" });
  }

  // Search and filter. The index is made when it is first needed.
  var search = byId("search"), matches = byId("matches"), none = byId("none");
  var filters = find("[data-filter]");
  var index = null, others = [];
  var opened = [];
  function makeIndex() {
    var articles = {};
    find("article[data-unit]").forEach(function (article) { articles[article.dataset.unit] = article; });
    return find("details.unit").map(function (unit, place) {
      var rows = [];
      find("tbody", unit).forEach(function (body) {
        var group = body.querySelector("tr.g");
        var groupText = group ? group.textContent.toLowerCase() : "";
        find("tr:not(.g)", body).forEach(function (row) {
          rows.push({ row: row, group: group, text: groupText + " " + row.textContent.toLowerCase(), outcome: row.className.split(" ") });
        });
      });
      var summary = unit.querySelector("summary");
      var article = articles[place];
      return {
        unit: unit, rows: rows, outcome: unit.dataset.o, article: article,
        name: summary.textContent.toLowerCase(),
        cases: article ? find("details.case", article).map(function (one) { return { node: one, text: one.textContent.toLowerCase(), outcome: one.classList.contains("errored") ? "errored" : "failed" }; }) : [],
        text: article ? article.textContent.toLowerCase() : ""
      };
    });
  }
  function chosen() {
    return filters.filter(function (filter) { return filter.getAttribute("aria-pressed") === "true"; }).map(function (filter) { return filter.dataset.filter; });
  }
  function count(number, noun) { return number.toLocaleString("en") + " " + noun + (number === 1 ? "" : "s"); }
  function apply() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var outcomes = chosen();
    var isAll = words.length === 0 && outcomes.length === 0;
    if (isAll && !index) { return; }
    if (!index) {
      index = makeIndex();
      others = find("#failures article:not([data-unit])").map(function (article) {
        return { node: article, text: article.textContent.toLowerCase(), outcome: article.classList.contains("notrun") ? "notrun" : "errored" };
      });
    }
    var has = function (text) { return words.every(function (word) { return text.indexOf(word) >= 0; }); };
    var fits = function (list) { return outcomes.length === 0 || list.some(function (outcome) { return outcomes.indexOf(outcome) >= 0; }); };
    var units = 0, cases = 0;
    opened.forEach(function (unit) { unit.open = false; });
    opened = [];
    var shown = [];
    index.forEach(function (entry) {
      var isNamed = has(entry.name);
      var found = 0;
      var groups = [];
      entry.rows.forEach(function (row) {
        var isFound = fits(row.outcome) && (isNamed || has(row.text) || has(entry.name + " " + row.text));
        row.row.hidden = !isFound;
        if (isFound) { found += 1; groups.push(row.group); }
      });
      entry.rows.forEach(function (row) { if (row.group) { row.group.hidden = groups.indexOf(row.group) < 0; } });
      // The unit's own outcome counts where no case has it: an error, or a unit that was not run.
      var isOwn = fits([entry.outcome]) && (isNamed || has(entry.text)) && (outcomes.length > 0 ? found > 0 || entry.outcome === "errored" || entry.outcome === "notrun" : true);
      var isShown = isAll || found > 0 || isOwn;
      if (isShown && found === 0) { entry.rows.forEach(function (row) { row.row.hidden = false; if (row.group) { row.group.hidden = false; } }); }
      entry.unit.hidden = !isShown;
      if (isShown) { units += 1; cases += found; shown.push(entry); }
      if (entry.article) {
        var inside = 0;
        entry.cases.forEach(function (one) {
          var isFound = fits([one.outcome]) && (isNamed || has(one.text));
          one.node.hidden = !isFound;
          if (isFound) { inside += 1; }
        });
        var isTold = isAll || inside > 0 || (isOwn && entry.outcome === "errored");
        if (isTold && inside === 0) { entry.cases.forEach(function (one) { one.node.hidden = false; }); }
        entry.article.hidden = !isTold;
      }
    });
    others.forEach(function (other) { other.node.hidden = !(fits([other.outcome]) && has(other.text)); });
    if (!isAll && shown.length <= 20) {
      shown.forEach(function (entry) {
        if (entry.rows.length > 0 && !entry.unit.open) { entry.unit.open = true; opened.push(entry.unit); }
      });
    }
    matches.textContent = isAll ? "" : count(cases, "case") + " in " + count(units, "unit");
    none.hidden = units > 0;
  }
  var timer = 0;
  function later() { clearTimeout(timer); timer = setTimeout(apply, 120); }
  function clear() {
    search.value = "";
    filters.forEach(function (filter) { filter.setAttribute("aria-pressed", "false"); });
    apply();
  }
  search.addEventListener("input", later);
  filters.forEach(function (filter) {
    if (!document.querySelector("details.unit[data-o='" + filter.dataset.filter + "'], tr." + filter.dataset.filter)) { filter.hidden = true; }
    filter.addEventListener("click", function () {
      filter.setAttribute("aria-pressed", String(filter.getAttribute("aria-pressed") !== "true"));
      apply();
    });
  });
  byId("controls").hidden = false;

  // Keys.
  var place = -1;
  function step(by) {
    var stops = find("#failures details.case > summary, #failures article > header .name").filter(function (stop) {
      var article = stop.closest("article");
      return !stop.closest("[hidden]") && (stop.tagName === "SUMMARY" || !article.querySelector("details.case:not([hidden])"));
    });
    if (stops.length === 0) { return; }
    var now = stops.indexOf(document.activeElement);
    if (now >= 0) { place = now; }
    place = Math.max(0, Math.min(stops.length - 1, place + by));
    var stop = stops[place];
    if (stop.tagName === "SUMMARY") { stop.parentElement.open = true; }
    stop.focus({ preventScroll: true });
    stop.scrollIntoView({ block: "center" });
  }
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.key === "Escape") {
      clear();
      if (document.activeElement === search) { search.blur(); }
      return;
    }
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) { return; }
    switch (event.key) {
      case "/": event.preventDefault(); search.focus(); search.select(); break;
      case "j": step(1); break;
      case "k": step(-1); break;
      case "t": nextTheme(); break;
    }
  });

  // On paper, failures are open.
  var closed = [];
  addEventListener("beforeprint", function () {
    closed = find("#failures details:not([open])");
    closed.forEach(function (details) { details.open = true; });
  });
  addEventListener("afterprint", function () { closed.forEach(function (details) { details.open = false; }); });

  addEventListener("hashchange", reveal);
  reveal();
})();
