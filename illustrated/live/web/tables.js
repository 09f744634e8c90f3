"use strict";
// Tables of the page: what the model makes of sentences as it learns, and the runs there were.

/// Losses are pairs of a step and the loss after it. Of more than `most`, every second is dropped, but never the last.
function thinLosses(losses, most) {
  if (losses.length <= Math.max(most, 1)) return losses;
  return thinLosses(losses.filter((_, at) => (losses.length - 1 - at) % 2 === 0), most);
}

/// A curve of losses over their steps, none above the highest.
function curveOf(losses, width = 160, height = 32) {
  const highest = losses.reduce((highest, [, loss]) => Math.max(highest, loss), Number.MIN_VALUE);
  const [first, last] = [losses[0] ?? [0, NaN], losses.at(-1) ?? [0, NaN]];
  const at = ([step, loss]) => {
    const x = (width * (step - first[0])) / Math.max(last[0] - first[0], 1);
    return `${x.toFixed(1)},${(height * (1 - loss / highest)).toFixed(1)}`;
  };
  const svg = drawn("svg", { width, height: height + 2, viewBox: `-1 -1 ${width + 2} ${height + 2}`, role: "img" });
  svg.setAttribute("aria-label", losses.length ? `from ${first[1].toFixed(3)} to ${last[1].toFixed(3)}` : "nothing yet");
  svg.append(drawn("polyline", { class: "curve", points: thinLosses(losses, 2 * width).map(at).join(" ") }));
  return svg;
}

/// The first words of an answer: a model that has learned nothing goes on to the end of its room.
function cutAnswer(text, most = 12) {
  const words = text.split(" ");
  const cut = words.length > most + 2;
  return cut ? `${words.slice(0, most).join(" ")} … ${words.length - most} more` : text || "(nothing)";
}

/// The answers to sentences: later ones stand beside earlier ones, where they differ. Of many to a sentence, the first and
/// the last ones are kept.
class Answers {
  static MOST = 12;

  constructor() {
    this.rows = new Map();
  }

  add(step, lines, said) {
    lines.forEach((line, at) => {
      const answers = this.rows.get(line) ?? this.rows.set(line, []).get(line);
      if (answers.at(-1)?.said !== said[at]) answers.push({ step, said: said[at] });
      if (answers.length > Answers.MOST) answers.splice(Answers.MOST / 2, 1);
    });
  }

  /// Forgets what was said after a step.
  back(step) {
    for (const [line, answers] of this.rows) this.rows.set(line, answers.filter((answer) => answer.step <= step));
  }

  show(body, learned) {
    const row = ([line, answers]) => {
      const wanted = learned.get(line);
      const some = answers.length > 6 ? [answers[0], ...answers.slice(-5)] : answers;
      const shown = some.map(({ step, said }) =>
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

/// So many runs are shown, the last ones.
const MAX_RUNS = 20;

/// The runs there were, the one in progress last.
function showRuns(body, runs, again) {
  const row = (run, at) => {
    const onclick = () => again(run.settings);
    const button = element("button", { type: "button", onclick }, "Take its settings");
    const [, last] = run.losses.at(-1) ?? [];
    return element("tr", {},
      element("th", { scope: "row" }, `${Math.max(runs.length - MAX_RUNS, 0) + at + 1}`),
      element("td", {}, run.name || "as the page has it"),
      element("td", {}, String(run.step)),
      element("td", {}, last === undefined ? "–" : last.toFixed(3)),
      element("td", {}, curveOf(run.losses)),
      element("td", {}, button));
  };
  body.replaceChildren(...runs.slice(-MAX_RUNS).map(row));
}
