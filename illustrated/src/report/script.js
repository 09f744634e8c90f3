"use strict";
// What makes the page answer. It finds its way by attributes:
//
//   g.matrix  data-path, data-start, data-row, data-col, data-controls: where its numbers stand in a recording, as
//             look/place.rs says: number (r, c) at start + r·row + c·col, and further by the controls `name:stride`; `{name}`
//             in the path is what the control says. data-rows, data-cols: how many there are, folded ones included.
//   g.cell    data-r, data-c: its row and column. It is drawn as look/matrix.rs draws it.
//   g.fold    data-r: columns that are left out.
//   select    data-control: the name of a control of its figure.
//   data-when "name=choice ..": shown only if the controls of its figure stand so; `step` is the step of training, where the
//             figure has no control of that name. What is not shown at first has the class `off`.
//
// The address of an open card is #path/index/../step.

(async () => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const element = (name, attributes = {}, ...children) => {
    const made = Object.assign(document.createElement(name), attributes);
    made.append(...children);
    return made;
  };
  const bytes = Uint8Array.from(atob($("#recording").textContent), (letter) => letter.charCodeAt(0));
  const json = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const passes = passesOf(JSON.parse(json), JSON.parse($("#origins").textContent));
  const state = { pass: passes.at(-1), mode: "both", open: null };
  document.documentElement.classList.add("live");

  // Numbers in cells, as look/number.rs and look/matrix.rs write them.

  function short(number) {
    const size = Math.abs(number);
    const decimals = size < Math.fround(99.995) ? 2 : size < Math.fround(999.95) ? 1 : 0;
    const scaled = size * 10 ** decimals;
    const whole = Math.floor(scaled);
    const text = scaled - whole === 0.5 ? ((whole + (whole % 2)) / 10 ** decimals).toFixed(decimals) : size.toFixed(decimals);
    return number < 0 && /[1-9]/.test(text) ? `-${text}` : text;
  }

  /// A gradient is mostly small: what `short` would show as nothing has its first digit and a power of ten.
  const small = (number) => (number !== 0 && Math.abs(number) < 0.095 ? number.toExponential(0) : short(number));

  function strength(number, max, isShare) {
    const share = Math.abs(number) / Math.max(max, Number.MIN_VALUE);
    return Number.isFinite(share) ? 100 * Math.min(share, 1) ** (isShare ? 0.7 : 0.8) : 0;
  }

  function drawCell(cell, value, gradient, scales) {
    const { asGradient, isShare, max, maxGradient } = scales;
    const number = asGradient ? gradient : value;
    const missing = number === undefined;
    const masked = number === -Infinity;
    const sign = missing ? "missing" : masked ? "masked" : isShare ? "share" : number < 0 ? "negative" : "positive";
    cell.classList.remove("missing", "masked", "share", "negative", "positive");
    cell.classList.add(sign);
    cell.style.setProperty("--v", missing ? 0 : strength(number, max, isShare).toFixed(0));
    $("text", cell).textContent = missing ? "–" : masked ? "masked" : asGradient ? small(number) : short(number);
    $(".bar", cell)?.remove();
    if (state.mode === "values" || !gradient) return;
    const length = Math.max((38 * Math.abs(gradient)) / Math.max(maxGradient, Number.MIN_VALUE), 1);
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const attributes = { class: `bar ${gradient < 0 ? "up" : "down"}`, x: ((46 - length) / 2).toFixed(1), y: 23, width: length.toFixed(1), height: 3, rx: 1.5 };
    Object.entries(attributes).forEach(([name, value]) => bar.setAttribute(name, value));
    cell.append(bar);
  }

  // Matrices and figures, as the controls stand.

  const chosen = (figure) => Object.fromEntries($$("select[data-control]", figure).map((select) => [select.dataset.control, Number(select.value)]));

  function placeOf(matrix) {
    const controls = chosen(matrix.closest("figure") ?? matrix);
    const { path, start, row, col, controls: strides, rows, cols } = matrix.dataset;
    const moved = strides.split(" ").filter(Boolean).map((one) => one.split(":")).reduce((sum, [name, stride]) => sum + (controls[name] ?? 0) * stride, 0);
    const first = Number(start) + moved;
    return {
      path: Object.entries(controls).reduce((path, [name, at]) => path.replaceAll(`{${name}}`, at), path),
      offset: (r, c) => first + r * row + c * col,
      rows: Number(rows),
      cols: Number(cols),
    };
  }

  function drawMatrix(matrix) {
    const { path, offset, rows, cols } = placeOf(matrix);
    const [values, gradients] = [state.pass.values.get(path)?.data, state.pass.gradients.get(path)?.data];
    const largest = (data) => {
      let max = 0;
      for (let r = 0; data && r < rows; r++) {
        for (let c = 0; c < cols; c++) {
          const size = Math.abs(data[offset(r, c)]);
          if (size > max && size < Infinity) max = size;
        }
      }
      return max;
    };
    const numberAt = (data, at) => (data?.[at] === undefined ? undefined : Math.fround(data[at]));
    const asGradient = state.mode === "gradients";
    const isShare = matrix.classList.contains("weights") && !asGradient;
    const maxGradient = largest(gradients);
    const max = isShare ? 1 : asGradient ? maxGradient : largest(values);
    for (const cell of $$(".cell", matrix)) {
      const at = offset(Number(cell.dataset.r), Number(cell.dataset.c));
      cell.dataset.at = `${path}:${at}`;
      drawCell(cell, numberAt(values, at), numberAt(gradients, at), { asGradient, isShare, max, maxGradient });
    }
    const scale = $(".scale", matrix);
    if (scale) scale.textContent = !(asGradient ? gradients : values) ? "" : isShare ? "0 to 1" : `±${asGradient ? small(max) : short(max)}`;
  }

  function drawFigure(figure) {
    const controls = { step: state.pass.head.step, ...chosen(figure) };
    for (const part of $$("[data-when]", figure)) {
      const holds = part.dataset.when.split(" ").every((one) => String(controls[one.split("=")[0]]) === one.split("=")[1]);
      part.classList.toggle("off", !holds);
    }
    $$("g.matrix", figure).forEach(drawMatrix);
  }

  function drawAll() {
    const { step, loss } = state.pass.head;
    const time = $("#time");
    const now = `step ${step}, loss ${loss.toFixed(3)}`;
    $("#now").textContent = now;
    if (time) {
      const at = passes.indexOf(state.pass);
      time.value = at;
      time.setAttribute("aria-valuetext", now);
      $("#previous").disabled = at === 0;
      $("#next").disabled = at === passes.length - 1;
    }
    $$("figure").forEach(drawFigure);
    showCard();
  }

  function goTo(at) {
    state.pass = passes[Math.min(Math.max(at, 0), passes.length - 1)];
    if (state.open?.path) history.replaceState(null, "", addressOf(state.open));
    drawAll();
  }

  // Cells are walked through by arrow keys; each matrix and each table is one stop of the tab key.

  const STOPS = ".cell, .fold, td[data-at]";
  const tableOf = (stop) => stop.closest("g.matrix, table");

  function rove(stop) {
    $$('[tabindex="0"]', tableOf(stop)).forEach((other) => other.setAttribute("tabindex", -1));
    stop.setAttribute("tabindex", 0);
  }

  function walk(stop, key) {
    const rows = $$("[role=row], tr", tableOf(stop)).map((row) => $$(STOPS, row)).filter((row) => row.length);
    const r = rows.findIndex((row) => row.includes(stop));
    const c = rows[r].indexOf(stop);
    const [down, right] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], Home: [0, -c], End: [0, rows[r].length - 1 - c] }[key] ?? [0, 0];
    return rows[r + down]?.[c + right];
  }

  function point(stop) {
    $$(".pointed").forEach((other) => other.classList.remove("pointed"));
    $("#pointed").textContent = "";
    if (!stop?.dataset.at) return;
    stop.classList.add("pointed");
    const reference = referenceOf(stop);
    const [value, gradient] = [state.pass.recorded(reference), state.pass.recorded({ ...reference, gradient: true })];
    const back = Number.isNaN(gradient) ? "" : `, gradient ${digitsOf(gradient)}`;
    $("#pointed").textContent = `${nameOf(reference.path)}, ${state.pass.place(reference)}: ${digitsOf(value)}${back}`;
  }

  // The card: where a number comes from.

  const card = element("aside", { id: "card", hidden: true, tabIndex: -1 });
  card.setAttribute("aria-labelledby", "card-title");
  $("main").after(card);

  function referenceOf(stop) {
    const colon = stop.dataset.at.lastIndexOf(":");
    const path = stop.dataset.at.slice(0, colon);
    return { path, index: state.pass.index(path, Number(stop.dataset.at.slice(colon + 1))) };
  }

  const addressOf = ({ path, index }) => `#${[path, ...index, state.pass.head.step].join("/")}`;
  const keyOf = ({ path, index }) => `${path}:${state.pass.offset(path, index)}`;

  function partOf(part) {
    if (typeof part === "string") return part;
    if (part.number !== undefined) return digitsOf(part.number);
    const number = digitsOf(state.pass.number(part));
    const of = part.gradient ? "gradient at " : "";
    const where = state.pass.place(part);
    const link = element("a", { href: addressOf(part), className: part.gradient ? "operand gradient" : "operand", title: `${of}${part.path}, ${where}` }, number);
    link.dataset.at = keyOf(part);
    link.setAttribute("aria-label", `${number}: ${of}${nameOf(part.path)}, ${where}`);
    return link;
  }

  /// Terms with the sum so far; more than 12 are folded.
  function termsOf(lines) {
    let sum = 0;
    const items = lines.map((line, at) => {
      sum += line.value;
      const item = element("li", { hidden: at >= 12 }, ...line.parts.map(partOf));
      if (line.parts.length > 1 || typeof line.parts[0] === "string") item.append(` = ${digitsOf(line.value)}`);
      if (lines.length > 1) item.append(" ", element("span", { className: "sum" }, `Σ ${digitsOf(sum)}`));
      return item;
    });
    const list = element("ol", {}, ...items);
    if (lines.length <= 12) return [list];
    const all = element("button", { type: "button", className: "all" }, `show all ${lines.length}`);
    all.onclick = () => {
      items.forEach((item) => (item.hidden = false));
      $("a", items[12])?.focus();
      all.remove();
    };
    return [list, all];
  }

  function groupOf({ title, through, symbols, lines, ends }) {
    const section = element("div");
    const heading = through ? `through ${through}` : title;
    if (heading) section.append(element("p", { className: "heading" }, heading));
    if (symbols) section.append(element("p", { className: "symbols" }, symbols));
    if (lines.length) section.append(...termsOf(lines));
    if (ends) section.append(element("p", { className: "ends" }, ...ends.parts.map(partOf), ` = ${digitsOf(ends.value)}`));
    return section;
  }

  /// How well what was computed and what was recorded agree.
  function agreement(computed, recorded) {
    const result = element("p", { className: "result" });
    const { digits } = state.pass.about;
    const kept = digits ? `; the recording keeps ${digits} digits of each number` : "";
    if (Number.isNaN(recorded) && Number.isNaN(computed)) result.append("Not in this recording, and not all that it is made of is.");
    else if (Number.isNaN(recorded)) result.append(`= ${digitsOf(computed)}. Not in this recording: it follows from what is.`);
    else if (Number.isNaN(computed)) result.append(`recorded: ${digitsOf(recorded)}. What it is made of is not in this recording.`);
    else {
      const error = computed === recorded ? 0 : Math.abs(computed - recorded) / Math.max(Math.abs(recorded), Number.MIN_VALUE);
      const same = error === 0 ? 7 : Math.max(0, Math.min(7, Math.floor(-Math.log10(2 * error))));
      const how = same >= 7 ? "the same" : same ? `the same to ${same} ${same === 1 ? "digit" : "digits"}${kept}` : `they differ by ${digitsOf(Math.abs(computed - recorded))}, for large terms cancel${kept}`;
      result.append(`computed here ${digitsOf(computed)}, recorded ${digitsOf(recorded)}: ${how}.`);
      result.dataset.agrees = same;
    }
    return result;
  }

  function showCard() {
    $$(".opened, .of-opened").forEach((cell) => cell.classList.remove("opened", "of-opened"));
    const { pass, open } = state;
    if (!open) return;
    if (open.fold) return showFold(open.fold);
    if (!pass.has(open)) return closeCard();
    const [account, back] = [pass.account(open), pass.wayBack(open)];
    const ofParameter = pass.origins[open.path].rule === "parameter";
    fillCard(
      open.path,
      element("p", { className: "where" }, `${pass.place(open)}, after step ${pass.head.step}`),
      ...(account.symbols ? [element("p", { className: "symbols" }, account.symbols)] : []),
      ...(account.says ? [element("p", {}, account.says)] : []),
      ...account.groups.map(groupOf),
      ofParameter ? recordedOnly(pass.recorded(open)) : agreement(account.value, pass.recorded(open)),
      element("h3", {}, "The way back: the gradient of the loss here"),
      ...(back.says ? [element("p", {}, back.says)] : []),
      ...back.groups.map(groupOf),
      ...(back.groups.length > 1 ? [element("p", { className: "ends" }, `all of them together = ${digitsOf(back.value)}`)] : []),
      ...(back.groups.length ? [agreement(back.value, pass.recorded({ ...open, gradient: true }))] : []),
    );
    const operands = new Set($$("a.operand", card).map((link) => link.dataset.at));
    const key = keyOf(open);
    for (const cell of $$("figure .cell")) {
      cell.classList.toggle("opened", cell.dataset.at === key);
      cell.classList.toggle("of-opened", cell.dataset.at !== key && operands.has(cell.dataset.at));
    }
  }

  const recordedOnly = (number) => element("p", { className: "result" }, Number.isNaN(number) ? "Not in this recording at this step." : `recorded: ${digitsOf(number)}`);

  function fillCard(title, ...parts) {
    const close = element("button", { type: "button", className: "close", onclick: closeCard }, "Close");
    card.replaceChildren(element("header", {}, element("h2", { id: "card-title" }, title), close), ...parts);
    card.hidden = false;
    document.documentElement.classList.add("carded");
  }

  function openCard(reference, from) {
    if (from && !card.contains(from)) state.from = from;
    state.open = reference;
    if (location.hash !== addressOf(reference)) history.pushState(null, "", addressOf(reference));
    showCard();
    card.scrollTop = 0;
    card.focus({ preventScroll: true });
    $(".opened")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function closeCard() {
    const from = state.from ?? $(".opened");
    card.hidden = true;
    document.documentElement.classList.remove("carded");
    Object.assign(state, { open: null, from: null });
    showCard();
    if (location.hash.includes("/")) history.pushState(null, "", location.href.split("#")[0]);
    from?.focus({ preventScroll: true });
  }

  /// What is folded: the whole matrix as a table, or its row if it is large.
  function openFold(fold) {
    Object.assign(state, { open: { fold }, from: fold });
    showCard();
    card.focus({ preventScroll: true });
  }

  function showFold(fold) {
    const matrix = fold.closest("g.matrix");
    const { path, offset, rows, cols } = placeOf(matrix);
    const shown = rows * cols <= 4000 ? range(rows) : [Number(fold.dataset.r)];
    const labels = $$(".beside", matrix).map((label) => label.textContent);
    const above = $$(".above", matrix).map((label) => label.textContent);
    const data = (state.mode === "gradients" ? state.pass.gradients : state.pass.values).get(path)?.data;
    const cell = (r, c, first) => {
      const at = offset(r, c);
      const number = data?.[at] === undefined ? "–" : data[at] === -Infinity ? "masked" : digitsOf(data[at]);
      const td = element("td", { tabIndex: first ? 0 : -1 }, number);
      td.dataset.at = `${path}:${at}`;
      return td;
    };
    const th = (text, scope) => element("th", { scope }, String(text));
    const head = element("tr", {}, th("row", "col"), ...range(cols).map((c) => th(above.length === cols ? above[c] : c, "col")));
    const body = shown.map((r, at) => element("tr", {}, th(labels[r] ?? r, "row"), ...range(cols).map((c) => cell(r, c, at + c === 0))));
    const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
    const scroller = element("div", { className: "whole", tabIndex: 0, role: "region" }, table);
    scroller.setAttribute("aria-label", `all numbers of ${path}`);
    fillCard(path, element("p", {}, `${$(".name", matrix)?.textContent ?? path}: ${shown.length} × ${cols} numbers${state.mode === "gradients" ? ", gradients" : ""}, after step ${state.pass.head.step}. Each can be opened.`), scroller);
  }

  const activate = (stop) => (stop.matches(".fold") ? openFold(stop) : openCard(referenceOf(stop), stop));

  // What readers do.

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.operand");
    const stop = event.target.closest(STOPS);
    if (link) {
      event.preventDefault();
      openCard(referenceOf(link));
    } else if (stop) activate(stop);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !card.hidden) return closeCard();
    const stop = event.target.closest?.(STOPS);
    if (!stop || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      return activate(stop);
    }
    if (!/^Arrow|^Home$|^End$/.test(event.key)) return;
    event.preventDefault();
    walk(stop, event.key)?.focus();
  });
  document.addEventListener("focusin", (event) => {
    const stop = event.target.closest(STOPS);
    if (stop) rove(stop);
    point(stop);
  });
  document.addEventListener("pointerover", (event) => {
    const stop = event.target.closest(STOPS);
    if (stop) point(stop);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("select[data-control]")) {
      drawFigure(event.target.closest("figure"));
      showCard();
    }
    if (event.target.name === "mode") {
      state.mode = event.target.value;
      drawAll();
    }
  });
  $("#time")?.addEventListener("input", (event) => goTo(Number(event.target.value)));
  $("#previous")?.addEventListener("click", () => goTo(passes.indexOf(state.pass) - 1));
  $("#next")?.addEventListener("click", () => goTo(passes.indexOf(state.pass) + 1));
  addEventListener("popstate", openAddress);

  /// Opens the card that the address names.
  function openAddress() {
    const [path, ...numbers] = location.hash.slice(1).split("/");
    if (numbers.length < 2) return state.open && closeCard();
    const step = Number(numbers.pop());
    state.pass = passes.findLast((pass) => pass.head.step === step) ?? state.pass;
    drawAll();
    openCard({ path, index: numbers.map(Number) });
  }

  // Files to take away.

  function save(text, type, name) {
    const link = element("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function saveFigure(figure, svg) {
    const copy = svg.cloneNode(true);
    $$(".pointed, .opened, .of-opened", copy).forEach((cell) => cell.classList.remove("pointed", "opened", "of-opened"));
    $$(".off", copy).forEach((part) => part.remove());
    const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
    style.textContent = $("#figure-style").textContent;
    const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    Object.entries({ class: "paper", width: "100%", height: "100%" }).forEach(([name, value]) => paper.setAttribute(name, value));
    copy.prepend(style, paper);
    save(new XMLSerializer().serializeToString(copy), "image/svg+xml", `${figure.id}.svg`);
  }

  for (const figure of $$("figure")) {
    const svg = $("svg", figure);
    if (!svg) continue;
    const button = element("button", { type: "button", className: "save", onclick: () => saveFigure(figure, svg) }, "Save as SVG");
    button.setAttribute("aria-label", `Save as SVG: ${$("figcaption strong", figure)?.textContent ?? figure.id}`);
    figure.append(button);
  }
  const download = element("a", { href: URL.createObjectURL(new Blob([json], { type: "application/json" })), download: "recording.json" }, "Download the recording");
  $("main").append(element("p", { id: "download" }, download, ": every number of this page, as JSON."));
  for (const matrix of $$("g.matrix")) {
    matrix.setAttribute("role", "grid");
    $$(".cell, .fold", matrix).forEach((cell, at) => {
      cell.setAttribute("role", "gridcell");
      if (at === 0) cell.setAttribute("tabindex", 0);
    });
  }
  if (!passes.length) return;
  $("#controls").hidden = false;
  drawAll();
  if (location.hash.includes("/")) openAddress();
})();
