"use strict";
// What makes the page answer. The address of an open card is #path/index/../pass.

/// Makes the figures of the page answer; an aborted `signal` ends it. On a live page, passes change and figures are drawn
/// anew: there somebody else moves through time, and open cards stay out of the address.
function openPage({ passes, captions, signal, isLive = false }) {
  const mode = $("input[name=mode]:checked")?.value ?? "both";
  const state = { pass: passes.at(-1), mode, open: null };
  const page = { passes, captions, state };
  document.documentElement.classList.add("live");

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
    inPlace(() => $$("figure").forEach((figure) => drawFigure(page, figure)));
    showCard();
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
    inPlace(() => {
      old.replaceWith(figure);
      ready(figure);
      offerFile(figure);
      drawFigure(page, figure);
    });
    if (scrolled) $(".drawing", figure).scrollLeft = scrolled;
    if (focused >= 0) $$(FOCUSABLE, figure)[focused]?.focus({ preventScroll: true });
  }

  /// A figure that shows other numbers in the same places.
  function redraw(figure, caption) {
    captions[figure.id] = caption;
    inPlace(() => {
      $("figcaption .caption", figure).textContent = caption.texts[0];
      drawFigure(page, figure);
    });
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
    const shows = (matrix) => [placeOf(page, matrix)].some((place) => place.pass === pass && place.path === reference.path);
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
    const place = placeOf(page, matrix);
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
    const first = event.target.closest("a[data-numbers]") && firstNumber($("main"));
    if (first) {
      event.preventDefault();
      first.focus();
    } else if (link) {
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
    if (/^Page(Down|Up)$/.test(event.key) && stop.closest("figure")) {
      event.preventDefault();
      return leap(stop, event.key)?.focus();
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
      drawFigure(page, event.target.closest("figure"));
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
