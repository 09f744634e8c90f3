// Holds the scripts of the live page to what they promise, without a browser: the form of settings and the tables.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import vm from "node:vm";

const web = new URL("../../illustrated/live/web/", import.meta.url);

/// An element as far as the scripts need one.
function element(name, attributes = {}, ...children) {
  const set = {};
  return {
    ...attributes, name, children, set, style: {},
    append: (...more) => children.push(...more),
    replaceChildren: (...others) => children.splice(0, children.length, ...others),
    setAttribute: (name, value) => (set[name] = value),
  };
}

const drawn = (name, attributes) => element(name, attributes);

/// What a script calls by these names.
async function from(file, names, host = {}) {
  const code = await readFile(new URL(file, web), "utf8");
  return vm.runInNewContext(`${code}\n({ ${names} })`, { element, drawn, ...host });
}
/// A value without the prototypes of the script's own world.
const plain = (value) => JSON.parse(JSON.stringify(value));

const defaults = {
  pairs: [["merci", "thanks"], ["je suis étudiant", "i am a student"]],
  held_out: [["je dors", "i sleep"]],
  tried: ["étudiant"],
  model: {
    d_model: 64, n_heads: 4, d_ff: 256, n_encoder_layers: 2, n_decoder_layers: 3, dropout: 0.03, attention_dropout: 0,
    norm: "post", scale_scores: true, causal_mask: false, positions: "sinusoidal", activation: "relu", max_len: 64,
  },
  optimizer: "adam_w", learning_rate: 0.0014, warmup_steps: 20, smoothing: 0.1, seed: 2 ** 53 - 1,
};

// What is shown in the form and read back is what it was.
{
  const fields = element("div");
  const { showSettings, settingsOf, pairsOf, textOf } = await from("settings.js", "showSettings, settingsOf, pairsOf, textOf", { $: () => fields });
  const back = (settings) => {
    const form = { elements: { pairs: {}, held_out: {}, tried: {} } };
    showSettings(form, settings);
    for (const { children: [, input] } of fields.children) form.elements[input.name] = input;
    return plain(settingsOf(form, settings));
  };
  assert.deepEqual(back(defaults), defaults);
  const odd = [
    ["a = b", "c = d"], ["=", "="], ["a\nb", "c\r\nd"], ["\\", "\\\\"], ["\\=", "\\u0041"], [" a ", "\t\u00a0b\u2028"], ["a\\", "=b\\"],
    ["", ""], ["no translation", ""], ["a=b=c", "\\\n"],
  ];
  const oddly = { ...defaults, pairs: odd, held_out: odd.slice(1), tried: ["a = b", "\\= \\n", " c\nd "] };
  assert.deepEqual(back(oddly), oddly);
  assert.deepEqual(plain(pairsOf(textOf(odd))), odd);
  // What people type means what it says.
  assert.deepEqual(plain(pairsOf("  merci=thanks \n\n a = b = c\nalone\na \\= b = c\nd\\ = e \\ f")),
    [["merci", "thanks"], ["a", "b = c"], ["alone", ""], ["a = b", "c"], ["d\\", "e \\ f"]]);
}

// A run is named by what is changed.
{
  const { differences, changed, withValue, CHANGES, FIELDS, valueAt } = await from("settings.js", "differences, changed, withValue, CHANGES, FIELDS, valueAt");
  const said = (path, value) => differences(withValue(defaults, path, value), defaults);
  assert.equal(differences(defaults, defaults), "");
  assert.equal(said("model.n_heads", 1), "heads: 1");
  assert.equal(said("model.n_heads", 2), "heads: 2");
  assert.equal(said("smoothing", 0), "label smoothing: 0");
  assert.equal(said("model.causal_mask", true), "causal mask: yes");
  assert.equal(said("model.positions", "none"), "positions: none");
  assert.equal(said("model.max_len", 32), "max_len: 32");
  assert.equal(said("tried", []), "0 sentences of its own to try");
  assert.equal(said("pairs", [["a", "b"]]), "1 pair of its own");
  assert.equal(said("held_out", [["a", "b"]]), "1 held out");
  for (const name of Object.keys(CHANGES)) {
    const isSame = Object.entries(CHANGES[name]).every(([path, to]) => valueAt(defaults, path) === to);
    assert.equal(differences(changed(defaults, name), defaults) === "", isSame, name);
  }
  assert.equal(differences(changed(defaults, "one layer"), defaults), "layers of the encoder: 1, layers of the decoder: 1");
  for (const [path] of FIELDS) assert.notEqual(valueAt(defaults, path), undefined, path);
}

// Tables of long runs.
{
  const { thinLosses, curveOf, lossText, Answers, showRuns } = await from("tables.js", "thinLosses, curveOf, lossText, Answers, showRuns");
  const losses = Array.from({ length: 300000 }, (_, at) => [at + 1, 3 / (at + 1)]);
  assert.deepEqual(plain(thinLosses(losses.slice(0, 7), 6)), [1, 3, 5, 7].map((step) => [step, 3 / step]));
  assert.deepEqual(plain(thinLosses(losses.slice(0, 6), 5)), [2, 4, 6].map((step) => [step, 3 / step]));
  assert.equal(thinLosses(losses, 300000).length, 300000);
  const thin = thinLosses(losses, 4096);
  assert(thin.length <= 4096 && thin.length > 2000 && thin.at(-1)[0] === 300000);
  for (const most of [0, 1]) assert.equal(thinLosses(losses, most).length, 1);

  assert.deepEqual([0.5, 999.9996, 4e10, undefined].map((loss) => lossText(loss)), ["0.500", "1000.000", "4.00e+10", "–"]);
  const pointsOf = (losses) => curveOf(losses).children[0].points.split(" ").map((point) => point.split(",").map(Number));
  assert.deepEqual(pointsOf([[0, 4], [10, 2], [40, 1]]), [[0, 0], [40, 16], [160, 24]]);
  assert(pointsOf(losses).length <= 320);
  assert.deepEqual(pointsOf(losses).at(-1), [160, 32]);
  assert.deepEqual(pointsOf([[5, 1]]), [[0, 0]]);
  assert.equal(curveOf([]).set["aria-label"], "nothing yet");
  // What is held out has a curve of its own on the same scale.
  const [learned, heldOut] = curveOf([[1, 4], [11, 2]], [[0, 8], [1, 4], [11, 8]]).children.map(({ points }) => points);
  assert.deepEqual([learned, heldOut], ["0.0,16.0 160.0,24.0", "0.0,0.0 0.0,16.0 160.0,0.0"]);

  const answers = new Answers();
  for (let step = 0; step < 100; step++) answers.add(step, ["merci"], [`says ${Math.floor(step / 2)}`]);
  const steps = answers.rows.get("merci").map(({ step }) => step);
  assert.deepEqual(plain(steps), [0, 2, 4, 6, 8, 10, 88, 90, 92, 94, 96, 98]);
  answers.back(90);
  assert.equal(answers.rows.get("merci").at(-1).step, 90);

  const body = element("tbody");
  showRuns(body, Array.from({ length: 25 }, (_, at) => ({ name: `run ${at + 1}`, step: at, losses: [[at, 0.5]], validated: at % 2 ? [[0, 3], [at, 2]] : [], rightOfHeldOut: 1, settings: { held_out: [["a", "b"], ["c", "d"]] } })), () => undefined);
  assert.equal(body.children.length, 20);
  const [number, name, , loss] = body.children[0].children.map((cell) => cell.children[0]);
  assert.deepEqual([number, name, loss], ["6", "run 6", "0.500"]);
  assert.deepEqual(body.children.slice(0, 2).map((row) => row.children[4].children[0]), ["2.000, 1 of 2 right", "none"]);
}

// What is held out is told, and which loss is shown.
{
  const { saysOfHeldOut, saysOfLoss, expectedOf } = await from("tables.js", "saysOfHeldOut, saysOfLoss, expectedOf");
  const run = { settings: { held_out: [["a", "b"], ["c", "d"]] }, validated: [[0, 3], [4, 1], [9, 2]], rightOfHeldOut: 1 };
  assert.equal(saysOfHeldOut(run, { isToy: false, unknown: 0 }),
    "Held out: 2.000, 1 of 2 right; the loss is without smoothing. The loss on them was lowest after step 4: 1.000.");
  assert(saysOfHeldOut(run, { unknown: 1 }).endsWith(" 1 of their words is in no pair that is learned, and <unk> to the model."));
  const none = { settings: { held_out: [] }, validated: [] };
  assert(saysOfHeldOut(none, { isToy: true }).startsWith("Nothing is held out: of two sentences none can be spared."));
  assert(saysOfHeldOut(none, { isToy: false }).startsWith("Nothing is held out: pairs can be, under Settings."));
  assert(saysOfLoss(0.1, false).includes("smoothed by 0.1 as in training") && saysOfLoss(0, false).endsWith("step, without smoothing."));
  assert(saysOfLoss(0.1, true).includes("a model from a file is without smoothing"));
  const settings = { pairs: [["a", "b"]], held_out: [["c", "d"]] };
  assert.deepEqual(plain([...expectedOf(settings, { wanted: ["B"], held_out_wanted: ["D"] })]),
    [["c", { wanted: "D", isHeldOut: true }], ["a", { wanted: "B", isHeldOut: false }]]);
}

// Every change has an expectation.
{
  const { CHANGES } = await from("settings.js", "CHANGES");
  const { EXPECTED } = await from("expected.js", "EXPECTED");
  assert.deepEqual(Object.keys(EXPECTED), Object.keys(CHANGES));
}

// Moments are kept once each; those of another run go.
{
  const stored = new Map([["last", "run"], ["old/3", "three"], ["new/4", "four"]]);
  const answered = (work) => {
    const transaction = {};
    transaction.objectStore = () => ({
      put: (value, key) => ({ result: value === "too large" ? undefined : stored.set(key, value) && key }),
      delete: (key) => ({ result: stored.delete(key) }),
      get: (key) => ({ result: stored.get(key) }),
      getAllKeys: () => ({ result: [...stored.keys()] }),
    });
    setTimeout(() => transaction.oncomplete());
    return transaction;
  };
  const opening = { result: { transaction: answered } };
  const indexedDB = { open: () => (setTimeout(() => opening.onsuccess()), opening) };
  const { keepMoments, momentsKept, saysOfMoments } = await from("keep.js", "keepMoments, momentsKept, saysOfMoments", { indexedDB });
  const asked = [];
  const bytesOf = async (step) => (asked.push(step), `bytes ${step}`);
  assert.equal(await keepMoments("new", [4, 8], bytesOf), true);
  assert.deepEqual([asked, [...stored.keys()]], [[8], ["last", "new/4", "new/8"]]);
  assert.deepEqual(plain(await momentsKept("new")), ["four", "bytes 8"]);
  assert.equal(await keepMoments("new", [4, 16], async () => "too large"), false);
  assert.deepEqual([...stored.keys()], ["last", "new/4"]);
  assert.equal(saysOfMoments({ step: 0, moments: [0] }), "");
  assert.equal(saysOfMoments({ step: 9, moments: [0, 9] }), " No moment between its beginning and now was kept.");
  assert.equal(saysOfMoments({ step: 9, moments: [0, 4, 9] }), " 1 moment between its beginning and now can be gone back to.");
}

// A line parts the heads of an array that has them.
{
  const { headLines } = await from("values.js", "headLines");
  const lines = headLines([4, 5, 3], { height: 20 }).map(({ style }) => style.top);
  assert.deepEqual(plain(lines), ["25%", "50%", "75%"]);
  assert.equal(headLines([4, 5], { height: 4 }).length, 0);
  assert.equal(headLines([1, 5, 5], { height: 5 }).length, 0);
}

// A figure keeps its form while only its numbers change.
{
  const { formOf } = await from("moments.js", "formOf");
  const figure = (cell, word) => `<figure id="a"><svg><g class="matrix"><text class="above">${word}</text>${cell}<text class="scale" x="1">±2.49</text></g></svg>`;
  const cell = (sign, v, number, bar, c = 0) =>
    `<g class="cell ${sign}" role="cell" data-r="0" data-c="${c}" style="--v:${v}" transform="translate(${46 * c} 0)"><rect width="46"></rect><text x="23" y="17">${number}</text>${bar}</g>`;
  const bar = (length, way) => `<rect class="bar ${way}" x="4" width="${length}"></rect>`;
  const form = formOf(figure(cell("positive", 10, "0.12", bar(12, "up")), "je"));
  assert.equal(formOf(figure(cell("negative", 100, "-2.49", bar(38, "down")), "je").replace("±2.49", "±0.12")), form);
  assert.equal(formOf(figure(cell("masked", 0, "masked", ""), "je")), form);
  assert.notEqual(formOf(figure(cell("positive", 10, "0.12", ""), "tu")), form);
  assert.notEqual(formOf(figure(cell("positive", 10, "0.12", "", 1), "je")), form);
  assert.notEqual(formOf(figure(cell("positive", 10, "0.12", "") + cell("positive", 10, "0.12", "", 1), "je")), form);
}

// What the browser keeps is kept when all of it is.
{
  const run = (ends) => {
    const transaction = { objectStore: () => ({ put: (value, key) => ({ result: key }) }) };
    const database = { transaction: ends === "is closed" ? () => { throw new Error("closed"); } : () => transaction };
    const opening = { result: database };
    const indexedDB = { open: () => (setTimeout(() => opening.onsuccess()), opening) };
    return { indexedDB, end: () => transaction[ends]?.() };
  };
  for (const [ends, expected] of [["oncomplete", "last"], ["onabort", undefined], ["is closed", undefined]]) {
    const { indexedDB, end } = run(ends);
    const { kept } = await from("keep.js", "kept", { indexedDB });
    const putting = kept.put("last", 1);
    setTimeout(end, 10);
    assert.equal(await putting, expected, ends);
  }
}

// Without a pass there are no values, and no mistake.
{
  const { showValues } = await from("values.js", "showValues");
  const list = element("ul", {}, "old");
  assert.deepEqual(plain(showValues(list, undefined, "decoder", () => undefined)), { found: 0, all: 0 });
  assert.equal(list.children.length, 0);
}
console.log("the scripts do what they promise");
