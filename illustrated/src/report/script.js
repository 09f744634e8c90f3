"use strict";
// What makes the page answer. It finds its way by attributes:
//
//   g.matrix   data-path, data-start, data-row, data-col, data-controls: where its numbers stand in a recording, as
//              look/place.rs says. Number (r, c) stands at start + r·row + c·col, and further by the controls, each
//              `name:stride`; `{name}` in the path is what the control says. data-rows, data-cols: how many there are,
//              folded ones included. data-pass: the place of the pass that it always shows, from 0; data-of="gradient": it
//              shows gradients in place of numbers. data-listed: the columns are the words that the output at that
//              position lists; data-heads: whether `words` or their `indices` stand above.
//   g.cell     data-r, data-c: its row and column. It is drawn as look/matrix.rs draws it. The script adds
//              data-number, which is `pass:path:offset`.
//   .above     data-c: the column that this text stands above; `.turned` too.
//   g.fold     data-r: columns of that row that are left out, or the first of the rows that are.
//   select     data-control: the name of a control of its figure. What it says is its value.
//   data-when  `name=value ..`: shown only if the controls of its figure stand so; `pass` is the number of the pass, from
//              0, which tells passes of one step apart. What is not shown at first has the class `off`.
//   .caption   what is said of a figure. The gzipped JSON of #captions has by the figure's id on what it depends (name and
//              count of controls, or `pass`), and the texts of all choices, those of the last control next to each other.
//
// The address of an open card is #path/index/../pass.

/// Makes the figures of the page answer; an aborted `signal` ends it. On a live page, passes change and figures are drawn
/// anew: there somebody else moves through time, and open cards stay out of the address.
function openPage({ passes, captions, signal, isLive = false }) {
  const mode = $("input[name=mode]:checked")?.value ?? "both";
  const state = { pass: passes.at(-1), mode, open: null };
  document.documentElement.classList.add("live");

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
    const values = (isGradient ? pass?.gradients : pass?.values)?.get(path)?.data; // a pass may be gone
    const gradients = isGradient ? undefined : pass?.gradients.get(path)?.data;
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
    const hasBars = state.mode !== "values";
    for (const cell of $$(".cell", matrix)) {
      const at = offset(Number(cell.dataset.r), Number(cell.dataset.c));
      if (pass) cell.dataset.number = `${pass.at}:${path}:${at}`;
      else delete cell.dataset.number;
      drawCell(cell, numberAt(values, at), numberAt(gradients, at), { asGradient, isShare, max, maxGradient, hasBars });
    }
    if (pass && matrix.dataset.listed) drawHeads(matrix, pass);
    const scale = $(".scale", matrix);
    const to = isShare ? "0 to 1" : `±${asGradient ? small(max) : short(max)}`;
    if (scale) scale.textContent = (asGradient ? gradients : values) ? to : "";
  }

  /// Of a large vocabulary, every pass and position lists other words.
  function drawHeads(matrix, pass) {
    const words = pass.outputs[matrix.dataset.listed]?.words ?? [];
    if (words.length === pass.about.tgt_vocab_size) return;
    for (const head of $$(".above[data-c]", matrix)) {
      const word = words[head.dataset.c];
      head.textContent = matrix.dataset.heads === "indices" ? (word?.id ?? "") : fitted(word?.text ?? "");
    }
  }

  function drawFigure(figure) {
    const controls = { pass: state.pass.at, ...chosen(figure) };
    const caption = captions[figure.id];
    if (caption?.of.length) {
      const at = caption.of.reduce((at, { name, count }) => at * count + controls[name], 0);
      $("figcaption .caption", figure).textContent = caption.texts[at];
    }
    for (const part of $$("[data-when]", figure)) {
      const conditions = part.dataset.when.split(" ").map((one) => one.split("="));
      part.classList.toggle("off", !conditions.every(([name, choice]) => String(controls[name]) === choice));
    }
    $$("g.matrix", figure).forEach(drawMatrix);
  }

  function drawAll() {
    const { step, loss } = state.pass.head;
    const time = $("#time");
    const isOneOfMany = passes.some((other) => other !== state.pass && other.head.step === step);
    const which = isOneOfMany ? `, pass ${state.pass.at + 1} of ${passes.length}` : "";
    const now = `step ${step}, loss ${loss.toFixed(3)}${which}`;
    $("#now").textContent = now;
    if (time && !isLive) {
      const at = passes.indexOf(state.pass);
      time.value = at;
      time.setAttribute("aria-valuetext", now);
      $("#previous").disabled = at === 0;
      $("#next").disabled = at === passes.length - 1;
    }
    $$("figure").forEach(drawFigure);
    showCard();
  }

  /// Readies a figure that is new on the page.
  function ready(figure) {
    for (const matrix of $$("g.matrix", figure)) {
      matrix.setAttribute("role", "grid");
      $$(".cell, .fold", matrix).forEach((cell, at) => {
        cell.setAttribute("role", "gridcell");
        if (at === 0) cell.setAttribute("tabindex", 0);
      });
    }
  }

  /// Puts a figure that was drawn anew in the place of the old one. What was chosen stays, and what had the focus has it.
  function replace(old, figure, caption) {
    const before = chosen(old);
    for (const select of $$("select[data-control]", figure)) {
      const choice = before[select.dataset.control];
      if (choice < select.options.length) select.value = choice;
    }
    captions[figure.id] = caption;
    const focused = $$(FOCUSABLE, old).indexOf(document.activeElement);
    const scrolled = $(".drawing", old)?.scrollLeft ?? 0;
    old.replaceWith(figure);
    ready(figure);
    offerFile(figure);
    drawFigure(figure);
    if (scrolled) $(".drawing", figure).scrollLeft = scrolled;
    if (focused >= 0) $$(FOCUSABLE, figure)[focused]?.focus({ preventScroll: true });
  }

  /// A figure that shows other numbers in the same places.
  function redraw(figure, caption) {
    captions[figure.id] = caption;
    $("figcaption .caption", figure).textContent = caption.texts[0];
    drawFigure(figure);
  }

  const FOCUSABLE = "select, button, .drawing, .cell, .fold";

  /// The passes are others now, and the last of them is shown; a card of the one that was shown goes with it.
  function show(others) {
    const { open, pass: before } = state;
    passes.splice(0, passes.length, ...others);
    passes.forEach((pass, at) => (pass.at = at));
    state.pass = passes.at(-1);
    if (open?.pass && (open.pass === before || !passes.includes(open.pass))) open.pass = state.pass;
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

  const folds = () => $$(".fold");
  $("#card")?.remove();
  document.documentElement.classList.remove("carded");
  const card = element("aside", { id: "card", hidden: true, tabIndex: -1 });
  card.setAttribute("aria-labelledby", "card-title");
  $("main").after(card);

  function showCard() {
    $$(".opened, .of-opened").forEach((cell) => cell.classList.remove("opened", "of-opened"));
    const { open } = state;
    if (!open) return;
    if (open.fold) return showFold(open);
    const { pass } = open;
    if (!pass.has(open)) return closeCard();
    fillCard(open.path, ...cardOf(pass, open, pictureOf(open)));
    const operands = new Set($$("a.operand", card).map((link) => link.dataset.number));
    const key = keyOf(pass, open);
    for (const cell of $$("figure .cell")) {
      const { number } = cell.dataset;
      cell.classList.toggle("opened", number === key);
      cell.classList.toggle("of-opened", number !== key && operands.has(number));
    }
  }

  /// The matrix that shows a number, and its cell, if it is not folded: the one that was opened, or the first to be seen.
  function pictureOf({ pass, ...reference }) {
    const key = keyOf(pass, reference);
    const seen = (all) => all.find((one) => one === state.from) ?? all.find((one) => !one.closest(".off")) ?? all[0];
    const cell = seen($$("figure .cell").filter((cell) => cell.dataset.number === key));
    const shows = (matrix) => [placeOf(matrix)].some((place) => place.pass === pass && place.path === reference.path);
    const matrix = cell?.closest("g.matrix") ?? seen($$("figure g.matrix").filter(shows));
    return { matrix, cell };
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
    const address = addressOf(reference.pass, reference);
    if (!isLive && location.hash !== address) history.pushState(null, "", address);
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
    const isInAddress = !isLive && (location.hash.includes("/") || history.state?.fold !== undefined);
    if (isInAddress) history.pushState(null, "", location.href.split("#")[0]);
    from?.focus({ preventScroll: true });
  }

  /// What is folded: the whole matrix as a table, from the page with that row on if it is large.
  function openFold(fold, row = Number(fold.dataset.r)) {
    if (!card.contains(document.activeElement)) state.from = fold;
    state.open = { fold, row };
    showCard();
    card.focus({ preventScroll: true });
  }

  /// The same, so that going back leads to it.
  function goToFold(fold) {
    const here = { fold: folds().indexOf(fold), row: Number(fold.dataset.r) };
    if (!isLive) history.pushState(here, "", location.href.split("#")[0]);
    openFold(fold);
  }

  function showFold({ fold, row }) {
    const matrix = fold.closest("g.matrix");
    const place = placeOf(matrix);
    if (!place.pass) return closeCard();
    const rows = pageOf(place, row);
    const { path, pass, cols } = place;
    const isGradient = state.mode === "gradients" || matrix.dataset.of === "gradient";
    const data = (isGradient ? pass.gradients : pass.values).get(path)?.data;
    const numbers = `${place.rows} × ${cols} ${isGradient ? "gradients" : "numbers"}`;
    const says = `${nameIn(matrix) || path}: ${numbers}, after step ${pass.head.step}. Each can be opened.`;
    const turn = (row, className) => {
      state.open.row = row;
      if (!isLive) history.replaceState({ fold: folds().indexOf(fold), row }, "");
      showCard();
      ($(`button.${className}:enabled`, card) ?? $("button.turn:enabled", card)).focus();
    };
    const pages = rows.length < place.rows ? [pagesOf(place, rows, turn)] : [];
    fillCard(path, paragraph("", says), ...pages, tableOf(data, { ...place, rows }, headsOf(matrix)));
  }

  function activate(stop) {
    if (stop.matches(".fold")) goToFold(stop);
    else if (stop.dataset.number) openCard(referenceOf(passes, stop), stop);
  }

  // What readers do.

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.operand");
    const stop = event.target.closest(STOPS);
    if (link) {
      event.preventDefault();
      openCard(referenceOf(passes, link));
    } else if (stop) activate(stop);
  }, { signal });
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
  }, { signal });
  document.addEventListener("focusin", (event) => {
    const stop = event.target.closest(STOPS);
    if (stop) rove(stop);
    point(stop);
  }, { signal });
  document.addEventListener("pointerover", (event) => {
    point(event.target.closest(STOPS) ?? document.activeElement?.closest(STOPS));
  }, { signal });
  document.addEventListener("change", (event) => {
    if (event.target.matches("select[data-control]")) {
      drawFigure(event.target.closest("figure"));
      showCard();
    }
    if (event.target.name === "mode") {
      state.mode = event.target.value;
      drawAll();
    }
  }, { signal });
  if (!isLive) {
    $("#time")?.addEventListener("input", (event) => goTo(Number(event.target.value)), { signal });
    $("#previous")?.addEventListener("click", () => goTo(passes.indexOf(state.pass) - 1), { signal });
    $("#next")?.addEventListener("click", () => goTo(passes.indexOf(state.pass) + 1), { signal });
    addEventListener("popstate", openAddress, { signal });
  }

  /// Opens the card that the address names, or the table that was open at this place of the history.
  function openAddress() {
    const fold = folds()[history.state?.fold];
    if (fold) return openFold(fold, history.state.row);
    const [path, ...numbers] = location.hash.slice(1).split("/");
    if (numbers.length < 2) return state.open && closeCard();
    state.pass = passes[Number(numbers.pop())] ?? state.pass;
    drawAll();
    openCard({ pass: state.pass, path, index: numbers.map(Number) });
  }

  $$("figure").forEach(ready);
  if (passes.length) {
    $("#controls").hidden = false;
    drawAll();
    if (!isLive && (location.hash.includes("/") || history.state?.fold !== undefined)) openAddress();
  }
  return { state, show, replace, redraw, showCard, openCard };
}
