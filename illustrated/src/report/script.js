"use strict";
// What makes the page answer. It finds its way by attributes:
//
//   g.matrix   data-path, data-start, data-row, data-col, data-controls: where its numbers stand in a recording, as
//              look/place.rs says. Number (r, c) stands at start + r·row + c·col, and further by the controls, each
//              `name:stride`; `{name}` in the path is what the control says. data-rows, data-cols: how many there are,
//              folded ones included. data-pass: the place of the pass that it always shows, from 0; data-of="gradient": it
//              shows gradients in place of numbers.
//   g.cell     data-r, data-c: its row and column. It is drawn as look/matrix.rs draws it. The script adds
//              data-number, which is `pass:path:offset`.
//   g.fold     data-r: columns of that row that are left out.
//   select     data-control: the name of a control of its figure. What it says is its value.
//   data-when  `name=value ..`: shown only if the controls of its figure stand so; `step` is the step of training, where
//              the figure has no control of that name. What is not shown at first has the class `off`.
//
// The address of an open card is #path/index/../step.

(async () => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const drawn = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
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
    const isTie = scaled - whole === 0.5; // it goes to the even digit
    const text = (isTie ? (whole + (whole % 2)) / 10 ** decimals : size).toFixed(decimals);
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
    const masked = number === -Infinity || "masked" in cell.dataset;
    const sign = missing ? "missing" : masked ? "masked" : isShare ? "share" : number < 0 ? "negative" : "positive";
    cell.classList.remove("missing", "masked", "share", "negative", "positive");
    cell.classList.add(sign);
    cell.style.setProperty("--v", missing ? 0 : strength(number, max, isShare).toFixed(0));
    $("text", cell).textContent = missing ? "–" : masked ? "masked" : asGradient ? small(number) : short(number);
    $(".bar", cell)?.remove();
    if (state.mode === "values" || !gradient || masked) return;
    const length = Math.max((38 * Math.abs(gradient)) / Math.max(maxGradient, Number.MIN_VALUE), 1);
    const x = ((46 - length) / 2).toFixed(1);
    const way = gradient < 0 ? "up" : "down";
    cell.append(drawn("rect", { class: `bar ${way}`, x, y: 23, width: length.toFixed(1), height: 3, rx: 1.5 }));
  }

  // Matrices and figures, as the controls stand.

  function chosen(figure) {
    const selects = $$("select[data-control]", figure);
    return Object.fromEntries(selects.map((select) => [select.dataset.control, Number(select.value)]));
  }

  function placeOf(matrix) {
    const controls = chosen(matrix.closest("figure") ?? matrix);
    const { path, start, row, col, controls: strides, rows, cols, pass } = matrix.dataset;
    const moves = strides.split(" ").filter(Boolean).map((one) => one.split(":"));
    const first = moves.reduce((sum, [name, stride]) => sum + (controls[name] ?? 0) * stride, Number(start));
    return {
      pass: pass === undefined ? state.pass : passes[pass],
      path: Object.entries(controls).reduce((path, [name, at]) => path.replaceAll(`{${name}}`, at), path),
      offset: (r, c) => first + r * row + c * col,
      rows: Number(rows),
      cols: Number(cols),
    };
  }

  function drawMatrix(matrix) {
    const { pass, path, offset, rows, cols } = placeOf(matrix);
    const isGradient = matrix.dataset.of === "gradient";
    const values = (isGradient ? pass.gradients : pass.values).get(path)?.data;
    const gradients = isGradient ? undefined : pass.gradients.get(path)?.data;
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
    const asGradient = state.mode === "gradients" && !isGradient;
    const isShare = matrix.classList.contains("weights") && !asGradient;
    const maxGradient = largest(gradients);
    const max = isShare ? 1 : asGradient ? maxGradient : largest(values);
    for (const cell of $$(".cell", matrix)) {
      const at = offset(Number(cell.dataset.r), Number(cell.dataset.c));
      cell.dataset.number = `${pass.at}:${path}:${at}`;
      drawCell(cell, numberAt(values, at), numberAt(gradients, at), { asGradient, isShare, max, maxGradient });
    }
    const scale = $(".scale", matrix);
    const to = isShare ? "0 to 1" : `±${asGradient ? small(max) : short(max)}`;
    if (scale) scale.textContent = (asGradient ? gradients : values) ? to : "";
  }

  function drawFigure(figure) {
    const controls = { step: state.pass.head.step, ...chosen(figure) };
    for (const part of $$("[data-when]", figure)) {
      const conditions = part.dataset.when.split(" ").map((one) => one.split("="));
      part.classList.toggle("off", !conditions.every(([name, choice]) => String(controls[name]) === choice));
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
    const { open, pass: before } = state;
    state.pass = passes[Math.min(Math.max(at, 0), passes.length - 1)];
    if (open?.pass === before) {
      open.pass = state.pass; // a card of the chosen step goes with it
      history.replaceState(null, "", addressOf(open.pass, open));
    }
    drawAll();
  }

  // Cells are walked through by arrow keys; each matrix and each table is one stop of the tab key.

  const STOPS = ".cell, .fold, td[data-number]";
  const gridOf = (stop) => stop.closest("g.matrix, table");

  function rove(stop) {
    $$('[tabindex="0"]', gridOf(stop)).forEach((other) => other.setAttribute("tabindex", -1));
    stop.setAttribute("tabindex", 0);
  }

  function walk(stop, key) {
    const rows = $$("[role=row], tr", gridOf(stop)).map((row) => $$(STOPS, row)).filter((row) => row.length);
    const r = rows.findIndex((row) => row.includes(stop));
    const c = rows[r].indexOf(stop);
    const [down, right] = {
      ...{ ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] },
      ...{ Home: [0, -c], End: [0, rows[r].length - 1 - c] },
    }[key];
    return rows[r + down]?.[c + right];
  }

  function point(stop) {
    $$(".pointed").forEach((other) => other.classList.remove("pointed"));
    $("#pointed").textContent = "";
    if (!stop?.dataset.number) return;
    stop.classList.add("pointed");
    const { pass, ...reference } = referenceOf(passes, stop);
    const gradient = pass.recorded({ ...reference, gradient: true });
    const back = Number.isNaN(gradient) ? "" : `, gradient ${digitsOf(gradient)}`;
    const value = digitsOf(pass.recorded(reference));
    $("#pointed").textContent = `${nameOf(reference.path)}, ${pass.place(reference)}: ${value}${back}`;
  }

  // The card: where a number comes from.

  const card = element("aside", { id: "card", hidden: true, tabIndex: -1 });
  card.setAttribute("aria-labelledby", "card-title");
  $("main").after(card);

  function showCard() {
    $$(".opened, .of-opened").forEach((cell) => cell.classList.remove("opened", "of-opened"));
    const { open } = state;
    if (!open) return;
    if (open.fold) return showFold(open.fold);
    const { pass } = open;
    if (!pass.has(open)) return closeCard();
    fillCard(open.path, ...cardOf(pass, open));
    const operands = new Set($$("a.operand", card).map((link) => link.dataset.number));
    const key = keyOf(pass, open);
    for (const cell of $$("figure .cell")) {
      const { number } = cell.dataset;
      cell.classList.toggle("opened", number === key);
      cell.classList.toggle("of-opened", number !== key && operands.has(number));
    }
  }

  function fillCard(title, ...parts) {
    const close = element("button", { type: "button", className: "close", onclick: closeCard }, "Close");
    card.replaceChildren(element("header", {}, element("h2", { id: "card-title" }, title), close), ...parts);
    card.hidden = false;
    document.documentElement.classList.add("carded");
  }

  function openCard(reference, from) {
    if (from && !card.contains(from)) state.from = from;
    state.open = reference;
    if (location.hash !== addressOf(reference.pass, reference)) history.pushState(null, "", addressOf(reference.pass, reference));
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
    const place = placeOf(matrix);
    const rows = place.rows * place.cols <= 4000 ? range(place.rows) : [Number(fold.dataset.r)];
    const texts = (selector) => $$(selector, matrix).map((label) => label.textContent);
    const isGradient = state.mode === "gradients" || matrix.dataset.of === "gradient";
    const data = (isGradient ? place.pass.gradients : place.pass.values).get(place.path)?.data;
    const numbers = `${rows.length} × ${place.cols} ${isGradient ? "gradients" : "numbers"}`;
    const says = `${texts(".name")[0] ?? place.path}: ${numbers}, after step ${place.pass.head.step}. Each can be opened.`;
    const table = tableOf(data, { ...place, rows }, { rows: texts(".beside"), cols: texts(".above") });
    fillCard(place.path, paragraph("", says), table);
  }

  const activate = (stop) => (stop.matches(".fold") ? openFold(stop) : openCard(referenceOf(passes, stop), stop));

  // What readers do.

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.operand");
    const stop = event.target.closest(STOPS);
    if (link) {
      event.preventDefault();
      openCard(referenceOf(passes, link));
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
    if (!/^(Arrow(Down|Up|Right|Left)|Home|End)$/.test(event.key)) return;
    event.preventDefault();
    walk(stop, event.key)?.focus();
  });
  document.addEventListener("focusin", (event) => {
    const stop = event.target.closest(STOPS);
    if (stop) rove(stop);
    point(stop);
  });
  document.addEventListener("pointerover", (event) => {
    point(event.target.closest(STOPS) ?? document.activeElement?.closest(STOPS));
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
    openCard({ pass: state.pass, path, index: numbers.map(Number) });
  }

  // Files to take away.

  function save(text, type, name) {
    const link = element("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function saveFigure(figure, svg) {
    const copy = svg.cloneNode(true);
    const marks = ["pointed", "opened", "of-opened"];
    $$(".cell", copy).forEach((cell) => cell.classList.remove(...marks));
    $$(".off", copy).forEach((part) => part.remove());
    const style = drawn("style", {});
    style.textContent = $("#figure-style").textContent;
    copy.prepend(style, drawn("rect", { class: "paper", width: "100%", height: "100%" }));
    save(new XMLSerializer().serializeToString(copy), "image/svg+xml", `${figure.id}.svg`);
  }

  for (const figure of $$("figure")) {
    const svg = $("svg", figure);
    if (!svg) continue;
    const onclick = () => saveFigure(figure, svg);
    const button = element("button", { type: "button", className: "save", onclick }, "Save as SVG");
    button.setAttribute("aria-label", `Save as SVG: ${$("figcaption strong", figure)?.textContent ?? figure.id}`);
    figure.append(button);
  }
  const href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
  const download = element("a", { href, download: "recording.json" }, "Download the recording");
  const foot = $("#download") ?? $("main").appendChild(element("p", { id: "download" }));
  foot.append(" ", download, ": every number of this page, as JSON.");
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
