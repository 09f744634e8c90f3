"use strict";
// The moments of a run, one of which is shown: its figures as the module draws them, and its numbers.

/// So long at most, in ms, are figures drawn before the browser lays them out; the next ones are drawn in the next frame.
const DRAWN = 3;

/// What is seen: the figure that is looked at, the last that begins above the middle, and where it stands; before all of
/// them, the other one, or how far down that is.
function placeSeen(otherwise) {
  const topOf = (figure) => figure.getBoundingClientRect().top;
  const figure = $$("#chapters figure").findLast((figure) => topOf(figure) < innerHeight / 2) ?? otherwise;
  return figure ? { figure: figure.id, top: topOf(figure) } : { top: scrollY };
}

/// Scrolls to where the same is seen.
function goToPlace({ figure, top }) {
  const found = figure && $(`#chapters figure#${figure}`);
  if (found) scrollBy({ top: found.getBoundingClientRect().top - top, behavior: "instant" });
  else if (!figure) scrollTo({ top, behavior: "instant" });
}

/// A figure without what a script can draw: the numbers in its cells, and its caption. If it stays the same, so does the figure.
const formOf = (html) =>
  html
    .replace(/( (?:masked|share|negative|positive)"| style="--v:\d+")(?=[^>]*>)/g, "")
    .replace(/(<g class="[^"]*\bcell\b[^>]*><rect [^>]*><\/rect><text [^>]*>)[^<]*<\/text>(<rect class="bar[^>]*><\/rect>)?/g, "$1")
    .replace(/(<text class="scale"[^>]*>|<span class="caption">)[^<]*/g, "$1");

class Moments {
  /// `doing` puts work into the queue of the page; `moved` is told when another moment is shown.
  constructor(ask, { doing, moved }) {
    Object.assign(this, { ask, moved, steps: [], at: 0, held: new Map(), passes: [], stale: new Set(), forms: new Map(), page: null });
    this.refresh = doing(() => this.look());
    const settle = doing(() => this.chapters());
    const go = (at) => {
      this.at = Math.min(Math.max(at, 0), this.steps.length - 1);
      this.showTime();
      this.refresh();
      clearTimeout(this.resting);
      this.resting = setTimeout(settle, 400); // the texts follow once the reader rests
    };
    this.goTo = (step) => (this.at = Math.max(0, this.steps.indexOf(step)));
    $("#time").oninput = ({ target }) => go(Number(target.value));
    $("#previous").onclick = () => go(this.at - 1);
    $("#next").onclick = () => go(this.at + 1);
    $("#query").oninput = () => this.findValues();
    this.watcher = new IntersectionObserver((entries) => {
      const isStale = ({ target, isIntersecting }) => isIntersecting && this.stale.has(target.id);
      if (entries.some(isStale)) this.refresh();
    }, { rootMargin: "200px" });
  }

  step() {
    return this.steps[this.at];
  }

  isAtEnd() {
    return this.at === this.steps.length - 1;
  }

  /// The moments there are now. Who looks at the last one looks at the last one; else at the same or the next.
  set(steps) {
    const [wasAtEnd, step] = [this.isAtEnd(), this.step()];
    const same = steps.findIndex((one) => one >= step);
    this.steps = steps;
    this.at = wasAtEnd || same < 0 ? steps.length - 1 : same;
    this.showTime();
  }

  showTime() {
    const time = $("#time");
    Object.assign(time, { max: this.steps.length - 1, value: this.at });
    $("#previous").disabled = this.at === 0;
    $("#next").disabled = this.isAtEnd();
    time.setAttribute("aria-valuetext", `step ${this.step()}`);
    this.moved();
  }

  /// What was seen is of another sentence now.
  forget() {
    this.held.clear();
  }

  /// Nothing is shown.
  end() {
    this.ended?.abort();
    clearTimeout(this.resting);
    Object.assign(this, { page: null, ended: null, steps: [], at: 0 });
    this.held.clear();
    this.passes.length = 0;
    this.stale.clear();
    this.forms.clear();
    $("#card")?.remove();
    document.documentElement.classList.remove("carded");
    $("#chapters").replaceChildren();
    $("#values").replaceChildren();
    $("#controls").hidden = true;
  }

  /// Asks for the moment that is shown, and takes its passes.
  async view(figures) {
    const { json, bytes } = await this.ask({ ask: "view", step: this.step(), held: [...this.held.keys()], ...figures });
    if (json.drawn.origins) {
      const { about, origins } = json.drawn;
      this.shared = { about, origins, consumers: consumersOf(origins) };
    }
    for (const pass of json.passes) this.held.set(pass.head.step, this.passOf(pass, bytes));
    for (const step of this.held.keys()) if (!json.seen.includes(step)) this.held.delete(step);
    return { drawn: json.drawn, passes: json.seen.map((step) => this.held.get(step)) };
  }

  passOf({ head, arrays, outputs }, bytes) {
    const { about, origins, consumers } = this.shared;
    const pass = new Pass(0, head, about, origins, consumers);
    for (const [isGradient, path, shape, rows, start] of arrays) {
      const length = shape.reduce((product, size) => product * size, 1);
      const data = new Float32Array(bytes.buffer, 4 * start, length);
      (isGradient ? pass.gradients : pass.values).set(path, { shape, rows: rows ?? undefined, data });
    }
    pass.outputs = outputs;
    pass.listOutputs();
    return pass;
  }

  /// The figures in view, as they are at the moment that is shown; the others wait until they are seen. A figure in which
  /// somebody is choosing waits too. Of those in view, a large one takes a frame of its own.
  async look() {
    if (!this.page) return;
    const all = $$("#chapters figure");
    const isSeen = (figure) => {
      const { top, bottom } = figure.getBoundingClientRect();
      return bottom > -200 && top < innerHeight + 200;
    };
    const seen = all.filter((figure) => isSeen(figure) && !figure.contains($("select:focus")));
    const { drawn, passes } = await this.view({ figures: seen.map((figure) => figure.id) });
    this.page.show(passes);
    all.forEach((figure) => this.stale.add(figure.id));
    let began = performance.now();
    for (const old of seen) {
      if (performance.now() - began > DRAWN) {
        await new Promise(requestAnimationFrame);
        began = performance.now();
      }
      const { html, caption } = drawn.figures[old.id] ?? {};
      if (!html) continue;
      this.stale.delete(old.id);
      const form = formOf(html);
      const isOfThisForm = this.forms.get(old.id) === form;
      this.forms.set(old.id, form);
      if (isOfThisForm) {
        this.page.redraw(old, caption);
        continue;
      }
      const figure = document.createRange().createContextualFragment(html).firstElementChild;
      this.watcher.unobserve(old);
      this.page.replace(old, figure, caption);
      this.watcher.observe(figure);
    }
    this.page.showCard();
    this.showNow();
    this.findValues();
  }

  /// All chapters, as they are at the moment that is shown. What was chosen and opened stays.
  async chapters() {
    clearTimeout(this.resting);
    const { drawn, passes } = await this.view({});
    const choices = new Map($$("#chapters select[data-control]").map((select) => [keyOfSelect(select), select.value]));
    const { open } = this.page?.state ?? {};
    const focused = document.activeElement.closest?.("#chapters figure")?.id;
    const place = placeSeen();
    this.ended?.abort();
    this.watcher.disconnect();
    this.ended = new AbortController();
    $("#chapters").innerHTML = drawn.html;
    for (const select of $$("#chapters select[data-control]")) {
      const choice = choices.get(keyOfSelect(select));
      if (choice < select.options.length) select.value = choice;
    }
    $$("#chapters figure").forEach(offerFile);
    this.passes = passes;
    passes.forEach((pass, at) => (pass.at = at));
    this.page = openPage({ passes, captions: drawn.captions, signal: this.ended.signal, isLive: true });
    if (open?.path) {
      this.page.state.open = { ...open, pass: passes.at(-1) };
      this.page.showCard();
    }
    this.stale.clear();
    this.forms.clear();
    $$("#chapters figure").forEach((figure) => this.watcher.observe(figure));
    if (focused) $(".drawing", document.getElementById(focused) ?? undefined)?.focus({ preventScroll: true });
    goToPlace(place);
    this.showTime();
    this.showNow();
    this.findValues();
  }

  showNow() {
    const { step, loss } = this.page.state.pass.head;
    $("#now").textContent = `step ${step}, loss ${lossText(loss)}`;
  }

  findValues() {
    if (!this.page) return;
    const query = $("#query").value;
    const { found, all } = showValues($("#values"), this.page.state.pass, query, this.page.openCard);
    const text = found > MAX_BOXES ? `${found} of ${all} values, the first ${MAX_BOXES} shown` : `${found} of ${all} values`;
    $("#found").textContent = query.trim() ? text : `${all} values have a name`;
  }
}

const keyOfSelect = (select) => `${select.closest("figure").id} ${select.dataset.control}`;
