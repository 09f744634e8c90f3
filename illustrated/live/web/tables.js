"use strict";
// Tables of the page: what the model makes of sentences as it learns, and the runs there were.

/// Of `[step, loss]` at most so many: every second is forgotten, but for the last.
function thinLosses(losses, most) {
  return losses.length <= most ? losses : losses.filter((_, at) => (losses.length - 1 - at) % 2 === 0);
}

/// A curve of `[step, loss]`, from 0 up.
function curveOf(losses, width = 160, height = 32) {
  const max = losses.reduce((max, [, loss]) => Math.max(max, loss), Number.MIN_VALUE);
  const last = losses.at(-1)?.[0] ?? 1;
  const stride = Math.max(1, Math.ceil(losses.length / width));
  const points = losses.filter((_, at) => at % stride === 0 || at === losses.length - 1);
  const at = ([step, loss]) => `${((width * step) / last).toFixed(1)},${(height * (1 - loss / max)).toFixed(1)}`;
  const svg = drawn("svg", { width, height: height + 2, viewBox: `-1 -1 ${width + 2} ${height + 2}`, role: "img" });
  const [from, to] = [losses[0], losses.at(-1)].map((one) => one?.[1].toFixed(3) ?? "nothing");
  svg.setAttribute("aria-label", `from ${from} to ${to}`);
  svg.append(drawn("polyline", { class: "curve", points: points.map(at).join(" ") }));
  return svg;
}

/// The first words of an answer: a model that has learned nothing goes on to the end of its room.
function cutAnswer(text, most = 12) {
  const words = text.split(" ");
  const cut = words.length > most + 2;
  return cut ? `${words.slice(0, most).join(" ")} … ${words.length - most} more` : text || "(nothing)";
}

/// So many answers to a sentence are remembered: the first and the last.
const MAX_ANSWERS = 12;

/// The answers to sentences: later ones stand beside earlier ones, where they differ.
class Answers {
  constructor() {
    this.rows = new Map();
  }

  add(step, lines, said) {
    lines.forEach((line, at) => {
      const answers = this.rows.get(line) ?? this.rows.set(line, []).get(line);
      if (answers.at(-1)?.said === said[at]) return;
      answers.push({ step, said: said[at] });
      if (answers.length > MAX_ANSWERS) answers.splice(1, 1); // the first stays
    });
  }

  /// Forgets what was said after a step.
  back(step) {
    for (const [line, answers] of this.rows) this.rows.set(line, answers.filter((answer) => answer.step <= step));
  }

  show(body, learned) {
    const row = ([line, answers]) => {
      const wanted = learned.get(line);
      const shown = answers.slice(-6).map(({ step, said }) =>
        element("li", { className: wanted === undefined ? "" : said === wanted ? "right" : "wrong" },
          element("small", {}, `step ${step} `), cutAnswer(said), said === wanted ? " ✓" : ""));
      const kind = wanted === undefined ? "not learned" : `learned as “${wanted}”`;
      return element("tr", {},
        element("th", { scope: "row" }, line, element("small", {}, ` ${kind}`)),
        element("td", {}, element("ol", {}, ...shown)));
    };
    body.replaceChildren(...[...this.rows].map(row));
  }
}

/// The runs there were, the one in progress last.
function showRuns(body, runs, again) {
  const row = (run, at) => {
    const onclick = () => again(run.settings);
    const button = element("button", { type: "button", onclick }, "Take its settings");
    const last = run.losses.at(-1)?.[1];
    return element("tr", {},
      element("th", { scope: "row" }, `${at + 1}`),
      element("td", {}, run.name || "as the page has it"),
      element("td", {}, String(run.step)),
      element("td", {}, last === undefined ? "–" : last.toFixed(3)),
      element("td", {}, curveOf(run.losses)),
      element("td", {}, button));
  };
  body.replaceChildren(...runs.map(row));
}
