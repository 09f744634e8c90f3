"use strict";
// The form of settings: what a run is, from the form and back, and in the address of the page.

/// A field: its place in the settings, its label, and its choices, or the least, the greatest and the step of its number;
/// the first two are those of `settings.rs`.
const FIELDS = [
  ["model.scale_scores", "scores divided by √d_head", { true: "yes", false: "no" }],
  ["model.causal_mask", "causal mask", { true: "yes", false: "no" }],
  ["model.positions", "positions", { sinusoidal: "sines", sinusoidal_concatenated: "sines, then cosines", learned: "learned", none: "none" }],
  ["model.norm", "norm", { post: "after the residual", pre: "before the sublayer", post_final: "after, and at the top" }],
  ["model.n_heads", "heads", [1, 16, 1]],
  ["model.n_encoder_layers", "layers of the encoder", [1, 12, 1]],
  ["model.n_decoder_layers", "layers of the decoder", [1, 12, 1]],
  ["model.d_model", "d_model", [1, 1024, 1]],
  ["model.d_ff", "d_ff", [1, 4096, 1]],
  ["model.activation", "activation", { relu: "ReLU", gelu: "GELU" }],
  ["model.dropout", "dropout", [0, 0.99, "any"]],
  ["optimizer", "optimizer", { adam: "Adam", adam_w: "AdamW", sgd: "gradient descent", momentum: "with momentum" }],
  ["learning_rate", "learning rate", [0.000001, 10, "any"]],
  ["warmup_steps", "steps of warm-up", [0, 10000, 1]],
  ["smoothing", "label smoothing", [0, 0.99, "any"]],
  ["seed", "seed", [0, 9007199254740991, 1]],
];

/// The fields that are lists of sentences.
const LISTS = ["pairs", "held_out", "tried"];

/// One thing to change, for a run beside this one.
const CHANGES = {
  "no scaling": { "model.scale_scores": false },
  "no causal mask": { "model.causal_mask": false },
  "no positions": { "model.positions": "none" },
  "norm before the sublayer": { "model.norm": "pre" },
  "one head": { "model.n_heads": 1 },
  "one layer": { "model.n_encoder_layers": 1, "model.n_decoder_layers": 1 },
  "gradient descent": { optimizer: "sgd" },
  "no smoothing": { smoothing: 0 },
  "ten times the learning rate": { learning_rate: (rate) => 10 * rate },
  "another seed": { seed: (seed) => seed + 1 },
};

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const valueAt = (settings, path) => path.split(".").reduce((at, name) => at[name], settings);

/// The settings with another value there.
function withValue(settings, path, value) {
  const [first, ...others] = path.split(".");
  return { ...settings, [first]: others.length ? withValue(settings[first], others.join("."), value) : value };
}

/// The settings with that one of the changes.
function changed(settings, name) {
  const change = Object.entries(CHANGES[name]);
  return change.reduce((settings, [path, to]) => {
    return withValue(settings, path, typeof to === "function" ? to(valueAt(settings, path)) : to);
  }, settings);
}

/// A sentence as a line of the form. What would end the line, or is lost at its ends, is written as `\u000a`; so that this
/// can be meant as it stands, `\` is written twice.
function lineOf(sentence) {
  const escaped = (char) => (char === "\\" ? "\\\\" : `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return sentence.replace(/[\\\r\n]|^\s|\s$/g, escaped);
}

/// The sentence of a line; a `\` that begins nothing stands for itself.
function sentenceOf(line) {
  const meant = (_, char) => (char.length > 1 ? String.fromCharCode(parseInt(char.slice(1), 16)) : char);
  return line.trim().replace(/\\(u[0-9a-f]{4}|[\\=])/g, meant);
}

const linesOf = (text) => text.split("\n").filter((line) => line.trim());

/// A pair a line: a sentence, `=`, and its translation. In the sentence, `\=` is an equals sign.
const textOf = (pairs) => pairs.map(([src, tgt]) => `${lineOf(src).replaceAll("=", "\\=")} = ${lineOf(tgt)}`).join("\n");

const pairsOf = (text) =>
  linesOf(text).map((line) => {
    const [, src, tgt] = line.match(/^((?:\\.|[^=])*)=?(.*)$/s);
    return [sentenceOf(src), sentenceOf(tgt)];
  });

/// Makes the form.
function fieldsOf(settings) {
  return FIELDS.map(([path, label, choices]) => {
    const value = valueAt(settings, path);
    const input = Array.isArray(choices)
      ? element("input", { type: "number", min: choices[0], max: choices[1], step: choices[2], required: true })
      : element("select", {}, ...Object.entries(choices).map(([value, text]) => element("option", { value }, text)));
    input.name = path;
    input.value = String(value);
    return element("label", {}, element("span", {}, label), input);
  });
}

function showSettings(form, settings) {
  $("#fields", form).replaceChildren(...fieldsOf(settings));
  form.elements.pairs.value = textOf(settings.pairs);
  form.elements.held_out.value = textOf(settings.held_out);
  form.elements.pairs.title = form.elements.held_out.title = "sentence = translation; in a sentence, \\= is an equals sign";
  form.elements.tried.value = settings.tried.map(lineOf).join("\n");
}

/// The settings as the form has them; the rest as it was.
function settingsOf(form, settings) {
  const typed = (path, choices) => {
    const { value } = form.elements[path];
    return Array.isArray(choices) ? Number(value) : choices.true ? value === "true" : value;
  };
  const read = FIELDS.reduce((read, [path, , choices]) => withValue(read, path, typed(path, choices)), settings);
  const { pairs, held_out, tried } = form.elements;
  return { ...read, pairs: pairsOf(pairs.value), held_out: pairsOf(held_out.value), tried: linesOf(tried.value).map(sentenceOf) };
}

/// In what settings differ from others, in the words of the form; of what is not in the form, by its name.
function differences(settings, others) {
  const inForm = FIELDS.map(([path]) => path);
  const names = [...Object.keys(settings), ...Object.keys(settings.model).map((name) => `model.${name}`)];
  const beside = names.filter((name) => ![...inForm, "model", ...LISTS].includes(name));
  const said = [...FIELDS, ...beside.map((name) => [name, name.replace("model.", ""), {}])]
    .map(([path, label, choices]) => [label, choices, valueAt(settings, path), valueAt(others, path)])
    .filter(([, , value, other]) => value !== other)
    .map(([label, choices, value]) => `${label}: ${Array.isArray(choices) ? value : (choices[String(value)] ?? value)}`);
  const many = ({ length }, what) => `${length} ${what}${length === 1 ? "" : "s"} of its own`;
  if (!same(settings.pairs, others.pairs)) said.push(many(settings.pairs, "pair"));
  if (!same(settings.held_out, others.held_out)) said.push(`${settings.held_out.length} held out`);
  if (!same(settings.tried, others.tried)) said.push(`${many(settings.tried, "sentence")} to try`);
  return said.join(", ");
}

/// Marks the fields that are not as the run has them: they wait for it to begin anew. Says how many they are.
function markWaiting(form, settings) {
  const typed = settingsOf(form, settings);
  const names = [...LISTS, ...FIELDS.map(([path]) => path)];
  const waiting = names.filter((name) => !same(valueAt(typed, name), valueAt(settings, name)));
  for (const name of names) form.elements[name].closest("label").classList.toggle("waiting", waiting.includes(name));
  if (!waiting.length) return "";
  return waiting.length === 1 ? "1 setting waits for Restart" : `${waiting.length} settings wait for Restart`;
}

const linkOf = (settings) => `#settings=${encodeURIComponent(JSON.stringify(settings))}`;

/// The settings that the address names, if it names any.
function settingsInAddress() {
  const [, json] = location.hash.split("#settings=");
  try {
    return json ? JSON.parse(decodeURIComponent(json)) : undefined;
  } catch {
    throw new Error("The settings in this page's address are cut short or changed; the run is as the page has it.");
  }
}
