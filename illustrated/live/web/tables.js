"use strict";
// Tables of the page: what the model makes of sentences as it learns, and the runs there were.

/// Losses are pairs of a step and the loss after it. Of more than `most`, every second is dropped, but never the last.
function thinLosses(losses, most) {
  if (losses.length <= Math.max(most, 1)) return losses;
  return thinLosses(losses.filter((_, at) => (losses.length - 1 - at) % 2 === 0), most);
}

/// A loss as it is read; one that has run away has a power of ten.
const lossText = (loss, unknown = "–") => (loss === undefined ? unknown : loss < 1000 ? loss.toFixed(3) : loss.toExponential(2));

/// A curve of losses over their steps, none above the highest, and with it that of what is held out.
function curveOf(losses, validated = [], width = 160, height = 32) {
  const highest = [...losses, ...validated].reduce((highest, [, loss]) => Math.max(highest, loss), Number.MIN_VALUE);
  const [first, last] = [losses[0] ?? [0, NaN], losses.at(-1) ?? [0, NaN]];
  const at = ([step, loss]) => {
    const x = (width * Math.max(step - first[0], 0)) / Math.max(last[0] - first[0], 1);
    return `${x.toFixed(1)},${(height * (1 - loss / highest)).toFixed(1)}`;
  };
  const svg = drawn("svg", { width, height: height + 2, viewBox: `-1 -1 ${width + 2} ${height + 2}`, role: "img" });
  svg.setAttribute("aria-label", losses.length ? `from ${lossText(first[1])} to ${lossText(last[1])}` : "nothing yet");
  const curve = (name, points) => drawn("polyline", { class: `curve ${name}`, points: thinLosses(points, 2 * width).map(at).join(" ") });
  svg.append(curve("learned", losses));
  if (validated.length) svg.append(curve("held-out", validated));
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

  constructor(rows = []) {
    this.rows = new Map(rows);
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

  /// `expected` has for a sentence what it should become, and whether it is held out.
  show(body, expected) {
    const row = ([line, answers]) => {
      const { wanted, isHeldOut } = expected.get(line) ?? {};
      const some = answers.length > 6 ? [answers[0], ...answers.slice(-5)] : answers;
      const shown = some.map(({ step, said }) =>
        element("li", { className: wanted === undefined ? "" : said === wanted ? "right" : "wrong" },
          element("small", {}, `step ${step} `), cutAnswer(said), said === wanted ? " ✓" : ""));
      const kind = wanted === undefined ? "not learned" : `${isHeldOut ? "held out: should be" : "learned as"} “${wanted}”`;
      return element("tr", {},
        element("th", { scope: "row" }, line, element("small", {}, ` ${kind}`)),
        element("td", {}, element("ol", {}, ...shown)));
    };
    body.replaceChildren(...[...this.rows].map(row));
  }
}

/// So many runs are shown, the last ones.
const MAX_RUNS = 20;

/// What a run makes of what is held out: the loss, and how many are said rightly.
function heldOutOf({ settings, validated, rightOfHeldOut }) {
  const [, last] = validated.at(-1) ?? [];
  if (last === undefined) return "none";
  return `${lossText(last)}, ${rightOfHeldOut} of ${settings.held_out.length} right`;
}

/// The same in words, for the run in progress.
function saysOfHeldOut(run, { isToy, unknown }) {
  if (!run.settings.held_out.length) {
    const why = isToy ? "of two sentences none can be spared. Of pairs of your own, some can be" : "pairs can be";
    return `Nothing is held out: ${why}, under Settings. They are tried as training goes on, and not learned.`;
  }
  const [lowest, loss] = run.validated.reduce((best, one) => (one[1] < best[1] ? one : best), [0, Infinity]);
  const found = loss < Infinity ? ` The loss on them was lowest after step ${lowest}: ${lossText(loss)}.` : "";
  const words = unknown === 1 ? "1 of their words is" : `${unknown} of their words are`;
  const strange = unknown ? ` ${words} in no pair that is learned, and <unk> to the model.` : "";
  return `Held out: ${heldOutOf(run)}; the loss is without smoothing.${found}${strange}`;
}

/// Which loss stands beside the slider.
function saysOfLoss(smoothing, isModel) {
  if (isModel) return "The loss of a model from a file is without smoothing, as `etudiant report` shows it.";
  const how = smoothing
    ? `smoothed by ${smoothing} as in training; \`etudiant report\` shows that of the saved model without smoothing`
    : "without smoothing";
  return `The loss beside the slider is that of the shown sentence after the step, ${how}.`;
}

/// What sentences should become, by what the module answered.
function expectedOf({ pairs, held_out }, { wanted, held_out_wanted }) {
  const of = (pairs, wanted, isHeldOut) => pairs.map(([src], at) => [src, { wanted: wanted[at], isHeldOut }]);
  return new Map([...of(held_out, held_out_wanted, true), ...of(pairs, wanted, false)]);
}

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
      element("td", {}, lossText(last)),
      element("td", {}, heldOutOf(run)),
      element("td", {}, curveOf(run.losses, run.validated)),
      element("td", {}, button));
  };
  body.replaceChildren(...runs.slice(-MAX_RUNS).map(row));
}
