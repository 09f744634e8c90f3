"use strict";
// The form of settings: what a run is, from the form and back, and in the address of the page.

/// A field: its place in the settings, its label, and its choices or the range of its number.
const FIELDS = [
  ["model.scale_scores", "scores divided by √d_head", { true: "yes", false: "no" }],
  ["model.causal_mask", "causal mask", { true: "yes", false: "no" }],
  ["model.positions", "positions", { sinusoidal: "sines", sinusoidal_concatenated: "sines, then cosines", learned: "learned", none: "none" }],
  ["model.norm", "norm", { post: "after the residual", pre: "before the sublayer", post_final: "after, and at the top" }],
  ["model.n_heads", "heads", [1, 16, 1]],
  ["model.n_layers", "layers of each stack", [1, 6, 1]],
  ["model.d_model", "d_model", [2, 256, 2]],
  ["model.d_ff", "d_ff", [1, 1024, 1]],
  ["model.activation", "activation", { relu: "ReLU", gelu: "GELU" }],
  ["model.dropout", "dropout", [0, 0.9, 0.05]],
  ["optimizer", "optimizer", { adam: "Adam", adam_w: "AdamW", sgd: "gradient descent", momentum: "with momentum" }],
  ["learning_rate", "learning rate", [0.0001, 10, "any"]],
  ["warmup_steps", "steps of warm-up", [0, 10000, 1]],
  ["smoothing", "label smoothing", [0, 0.9, 0.05]],
  ["seed", "seed", [0, 2 ** 32, 1]],
];

/// One thing to change, for a run beside this one.
const CHANGES = {
  "no scaling": { "model.scale_scores": false },
  "no causal mask": { "model.causal_mask": false },
  "no positions": { "model.positions": "none" },
  "norm before the sublayer": { "model.norm": "pre" },
  "one head": { "model.n_heads": 1 },
  "one layer": { "model.n_layers": 1 },
  "gradient descent": { optimizer: "sgd" },
  "no smoothing": { smoothing: 0 },
  "ten times the learning rate": { learning_rate: (rate) => 10 * rate },
  "another seed": { seed: (seed) => seed + 1 },
};

function valueAt(settings, path) {
  if (path === "model.n_layers") return settings.model.n_encoder_layers;
  return path.split(".").reduce((at, name) => at[name], settings);
}

/// The settings with another value there.
function withValue(settings, path, value) {
  const model = { ...settings.model };
  if (path === "model.n_layers") Object.assign(model, { n_encoder_layers: value, n_decoder_layers: value });
  else if (path.startsWith("model.")) model[path.slice(6)] = value;
  else return { ...settings, [path]: value };
  return { ...settings, model };
}

/// The settings with that one of the changes.
function changed(settings, name) {
  const change = Object.entries(CHANGES[name]);
  return change.reduce((settings, [path, to]) => {
    return withValue(settings, path, typeof to === "function" ? to(valueAt(settings, path)) : to);
  }, settings);
}

const pairsOf = (text) =>
  text.split("\n").filter((line) => line.trim()).map((line) => {
    const [src, ...tgt] = line.split("=");
    return [src.trim(), tgt.join("=").trim()];
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
  form.elements.pairs.value = settings.pairs.map((pair) => pair.join(" = ")).join("\n");
  form.elements.tried.value = settings.tried.join("\n");
}

/// The settings as the form has them; the rest as it was.
function settingsOf(form, settings) {
  const typed = (path, choices) => {
    const { value } = form.elements[path];
    return Array.isArray(choices) ? Number(value) : choices.true ? value === "true" : value;
  };
  const read = FIELDS.reduce((read, [path, , choices]) => withValue(read, path, typed(path, choices)), settings);
  const tried = form.elements.tried.value.split("\n").map((line) => line.trim()).filter(Boolean);
  return { ...read, pairs: pairsOf(form.elements.pairs.value), tried };
}

/// In what settings differ from others, in the words of the form.
function differences(settings, others) {
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const said = FIELDS.filter(([path]) => !same(valueAt(settings, path), valueAt(others, path))).map(
    ([path, label, choices]) => {
      const value = valueAt(settings, path);
      return `${label}: ${Array.isArray(choices) ? value : choices[String(value)]}`;
    },
  );
  if (!same(settings.pairs, others.pairs)) said.push(`${settings.pairs.length} pairs of its own`);
  return said.join(", ");
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
