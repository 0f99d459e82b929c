"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const LISTED = 12; // operators that the inspector lists
  const SHORT = 40; // rows of a faulty group that is open from the start

  // Dark and light: the system's choice until the reader takes another one.

  const theme = one("#theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  const stored = (change) => { try { return change(localStorage); } catch { return null; } };
  const remembered = stored((storage) => storage.getItem("cnnlint-theme"));
  if (remembered === "dark" || remembered === "light") root.dataset.theme = remembered;
  theme.hidden = false;
  nameTheme();
  dark.addEventListener("change", nameTheme);
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    stored((storage) => storage.setItem("cnnlint-theme", root.dataset.theme));
    nameTheme();
  });

  // One file and one model at a time. Without this script all are shown, one below the other.

  const files = all("article.file");
  const links = all("nav.files a");

  function showFile(file) {
    files.forEach((other) => { other.hidden = other !== file; });
    links.forEach((link) => {
      if (link.hash === `#${file.id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }

  function showModel(index) {
    const file = one(`section.model[data-model="${index}"]`).closest("article");
    showFile(file);
    all("section[data-model]", file).forEach((part) => { part.hidden = part.dataset.model !== `${index}`; });
    all(".models button", file).forEach((button) => {
      button.setAttribute("aria-pressed", button.dataset.model === `${index}`);
    });
  }

  function showLevel(model, level) {
    all(".net", model).forEach((picture) => { picture.toggleAttribute("hidden", picture.dataset.level !== level); });
    all(".levels input", model).forEach((input) => { input.checked = input.value === level; });
    revealBox(model);
  }

  // Groups of rows.

  function open(button, state) {
    button.setAttribute("aria-expanded", state);
    all("tr.row", button.closest("tbody")).forEach((row) => { row.hidden = !state; });
  }

  // What is chosen: boxes, rows of the table and lines of the source that belong together.

  const span = (box) => box.dataset.rows.split("-").map(Number);
  const model = (index) => one(`section.model[data-model="${index}"]`);
  const hints = new Map(all(".inspector").map((inspector) => [inspector, inspector.firstElementChild]));

  function clear() {
    all(".selected").forEach((item) => item.classList.remove("selected"));
    all(".finding a[aria-current]").forEach((link) => link.removeAttribute("aria-current"));
    hints.forEach((hint, inspector) => inspector.replaceChildren(hint));
  }

  function chooseRows(index, numbers, title) {
    if (!numbers.length) return [];
    showModel(index);
    const part = model(index);
    const rows = numbers.map((number) => one(`#r${index}-${number}`)).filter(Boolean);
    rows.forEach((row) => {
      row.classList.add("selected");
      const button = one("tr.group button", row.closest("tbody"));
      if (button && rows.length <= LISTED) open(button, true);
    });
    const boxes = all(".box", part).filter((box) => {
      const [first, last] = span(box);
      return numbers.some((number) => first <= number && number <= last);
    });
    boxes.forEach((box) => box.classList.add("selected"));
    all(".net", part).forEach((picture) => {
      const own = all(".box", picture);
      const chosen = new Set(own.flatMap((box, place) => (box.classList.contains("selected") ? [place] : [])));
      all(".arc", picture).forEach((arc) => {
        if (chosen.has(Number(arc.dataset.from)) || chosen.has(Number(arc.dataset.to))) arc.classList.add("selected");
      });
    });
    inspect(part, rows, title);
    revealBox(part);
    return rows;
  }

  function inspect(part, rows, title) {
    const heading = document.createElement("h4");
    const box = one(".net:not([hidden]) .box.selected title", part);
    heading.textContent = title || (box ? box.textContent : "");
    const list = document.createElement("ul");
    rows.slice(0, LISTED).forEach((row) => {
      const item = document.createElement("li");
      const bars = all("td.bar", row).map((cell) => {
        const header = all("thead th", row.closest("table"))[cell.cellIndex].textContent;
        return `${header} ${cell.textContent}`;
      });
      const texts = [one(".formula", row).textContent, one(".output", row).textContent, ...bars];
      const link = one(".operator a", row).cloneNode(true);
      const layer = one("th", row).textContent;
      if (layer) link.prepend(`${layer}: `);
      item.append(link);
      texts.filter(Boolean).forEach((text) => {
        const piece = document.createElement("span");
        piece.textContent = text;
        item.append(piece);
      });
      const fault = one(".fault", row);
      if (fault) item.append(fault.cloneNode(true));
      list.append(item);
    });
    if (rows.length > LISTED) {
      const more = document.createElement("li");
      more.textContent = `and ${rows.length - LISTED} more operators`;
      list.append(more);
    }
    one(".inspector", part).replaceChildren(heading, list);
  }

  function revealBox(part) {
    const box = one(".net:not([hidden]) .box.selected", part);
    if (!box) return;
    const canvas = one(".canvas", part);
    const inner = box.getBoundingClientRect();
    const outer = canvas.getBoundingClientRect();
    canvas.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  }

  function chooseLines(lines, reveal) {
    lines.forEach((line) => line.classList.add("selected"));
    if (!lines.length || !reveal) return;
    const pane = lines[0].closest(".code");
    pane.scrollTop = lines[0].offsetTop - pane.clientHeight / 2;
  }

  const lineOf = (id) => document.getElementById(id);

  function chooseFinding(finding) {
    clear();
    const { file, lines, rows } = finding.dataset;
    showFile(one(`#file-${file}`));
    finding.classList.add("selected");
    one("a", finding).setAttribute("aria-current", "true");
    const numbers = rows ? rows.split(" ").map(Number) : [];
    if (finding.dataset.model !== undefined) {
      showModel(finding.dataset.model);
      chooseRows(finding.dataset.model, numbers, "");
    }
    chooseLines((lines ? lines.split(" ") : []).map((line) => lineOf(`s${file}-${line}`)).filter(Boolean), true);
    const list = finding.closest("ol");
    if (finding.offsetTop < list.scrollTop || finding.offsetTop > list.scrollTop + list.clientHeight) {
      finding.scrollIntoView({ block: "nearest" });
    }
  }

  function chooseRow(row) {
    clear();
    const [index, number] = row.id.slice(1).split("-");
    chooseRows(index, [Number(number)], "");
    if (row.dataset.line) chooseLines([lineOf(row.dataset.line)].filter(Boolean), true);
  }

  function chooseBox(box) {
    clear();
    const [first, last] = span(box);
    const index = box.closest("section.model").dataset.model;
    const numbers = Array.from({ length: last - first + 1 }, (_, place) => first + place);
    const rows = chooseRows(index, numbers, one("title", box).textContent);
    const places = [...new Set(rows.map((row) => row.dataset.line).filter(Boolean))];
    chooseLines(places.map(lineOf).filter(Boolean), true);
  }

  /** Follows an address within the page; false where it means nothing here. */
  function follow(hash) {
    const target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    if (!target) return false;
    if (target.matches(".finding")) chooseFinding(target);
    else if (target.matches("tr.row")) chooseRow(target);
    else if (target.matches(".line")) { clear(); chooseLines([target], true); }
    else if (target.matches("article.file")) { clear(); showFile(target); }
    else return false;
    return true;
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    const box = target.closest(".box");
    const link = target.closest("a[href^='#']");
    const mark = target.closest("mark[data-finding]");
    const group = target.closest("tr.group button");
    const row = target.closest("tr.row");
    const finding = target.closest(".finding");
    const button = target.closest(".models button");
    if (group) open(group, group.getAttribute("aria-expanded") !== "true");
    else if (button) { clear(); showModel(button.dataset.model); }
    else if (target.matches("button.all")) {
      all("tr.group button", target.closest("section")).forEach((item) => open(item, true));
      target.hidden = true;
    } else if (box) { event.preventDefault(); chooseBox(box); }
    else if (link && follow(link.hash)) { event.preventDefault(); history.replaceState(null, "", link.hash); }
    else if (mark) follow(`#f${mark.dataset.finding}`);
    else if (row) chooseRow(row);
    else if (finding && !getSelection().toString()) chooseFinding(finding);
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches(".levels input")) showLevel(event.target.closest("section.model"), event.target.value);
  });

  // The keyboard: one tab stop in a drawing, the arrow keys walk through it; Escape lets go.

  all(".net").forEach((picture) => {
    all(".box", picture).forEach((box, place) => { box.setAttribute("tabindex", place ? -1 : 0); });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
    const box = event.target.closest && event.target.closest(".box");
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!box || !step) return;
    event.preventDefault();
    const boxes = all(".box", box.closest("svg"));
    const next = boxes[boxes.indexOf(box) + step];
    if (!next) return;
    box.setAttribute("tabindex", -1);
    next.setAttribute("tabindex", 0);
    next.focus();
  });

  all(".levels, .models, button.all").forEach((item) => { item.hidden = false; });
  all("tr.group button").forEach((button) => {
    const group = button.closest("tr");
    open(button, group.matches(".error, .warning") && group.closest("tbody").rows.length <= SHORT);
  });
  files.forEach((file) => {
    all("section[data-model]", file).forEach((part) => {
      part.hidden = part.dataset.model !== one("section.model", file).dataset.model;
    });
  });
  if (files.length) showFile(files.find((file) => one(".finding.error, .finding.warning", file)) || files[0]);
  if (location.hash) follow(location.hash);
  addEventListener("hashchange", () => follow(location.hash));
})();
