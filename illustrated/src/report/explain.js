"use strict";
// Where numbers come from. No page is needed to run this: it takes a recording and the rules of `origins.rs`.
//
// A reference {path, index} is one number of a pass; with `gradient` it is the gradient of the loss there. An account says
// how a number is made: { symbols, says, groups, value }, each group { title, lines, total, ends } a list of terms with
// their sum, and what is made of the sum. A line is { parts, value }; its parts are texts and references.
// What was not recorded follows from the rules, if what it is made of was; else it is NaN.

const OPERANDS = ["a", "b", "x", "weight", "bias", "query", "key", "value", "weights", "table", "gamma", "beta"];

/// The passes of a recording, each with what belongs to it.
function passesOf(recording, origins) {
  const about = recording.events[0].about;
  const consumers = new Map();
  for (const [path, origin] of Object.entries(origins)) {
    for (const name of OPERANDS.filter((name) => typeof origin[name] === "string")) {
      consumers.set(origin[name], [...(consumers.get(origin[name]) ?? []), { path, name }]);
    }
  }
  const passes = [];
  for (const event of recording.events) {
    const pass = passes.at(-1);
    if (event.pass) passes.push(new Pass(event.pass, about, origins, consumers));
    else if (event.value) pass.values.set(event.value.path, arrayOf(event.value));
    else if (event.gradient) pass.gradients.set(event.gradient.path, arrayOf(event.gradient));
    else if (event.output) pass.outputs.push(event.output);
  }
  passes.forEach((pass) => pass.listOutputs());
  return passes;
}

/// An array as its numbers are: `null` is minus infinity, and all have 32 bits.
function arrayOf({ shape, rows, data }) {
  return { shape, rows, data: Float32Array.from(data, (number) => number ?? -Infinity) };
}

const range = (end, start = 0) => Array.from({ length: Math.max(end - start, 0) }, (_, at) => start + at);
const totalOf = (lines) => lines.reduce((sum, line) => sum + line.value, 0);

/// A number with five digits, small ones with a power of ten.
function digitsOf(number) {
  if (Number.isNaN(number)) return "?";
  const isSmall = number !== 0 && Math.abs(number) < 1e-3;
  const text = isSmall ? String(Number(number.toPrecision(4)).toExponential()) : String(Number(number.toPrecision(5)));
  return text.replaceAll("-", "−").replace("Infinity", "∞");
}

const normal = (x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/// The error function, by its Taylor series.
function erf(x) {
  if (Math.abs(x) > 5) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; n < 120; n++) sum += (term *= (-x * x) / n) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/// The path without what is the same for all of a layer.
const nameOf = (path) => path.replace(/^(encoder|decoder|outputs)\./, "").replace(/^layers\.\d+\./, "").replace(/^(self|cross)_attn\./, "");

/// What comes back to an operand, in symbols: y is what was made of it, ∂ the gradient of the loss there.
const BACK = {
  "sum a": "∂y[i, c]",
  "sum b": "∂y[i, c]",
  "same x": "∂y[i, c]",
  "masked x": "∂y[h, i, j], nothing where it is masked",
  "scaled x": "∂y[h, i, j] · factor",
  "rows table": "∂y[i, c]",
  "embedding table": "Σᵢ ∂y[i, c] · √d_model, over the positions of this word",
  "linear x": "Σₖ ∂y[i, k] · weight[k, c]",
  "linear weight": "Σᵢ ∂y[i, c] · x[i, k]",
  "linear bias": "Σᵢ ∂y[i, c]",
  "logits x": "Σ over the words: ∂y[i, word] · weight[word, c]",
  "logits weight": "Σᵢ ∂y[i, word] · x[i, k]",
  "logits bias": "Σᵢ ∂y[i, word]",
  "scores query": "Σⱼ ∂y[h, i, j] · key[j, c]",
  "scores key": "Σᵢ ∂y[h, i, j] · query[i, c]",
  "mix weights": "Σ over the head's columns: ∂y[i, c] · value[j, c]",
  "mix value": "Σᵢ ∂y[i, c] · weights[h, i, j]",
  "softmax x": "y[j] · (∂y[j] − Σₖ y[k] · ∂y[k]), along the row",
  "relu x": "∂y[i, c] · 1 where x is positive, else · 0",
  "gelu x": "∂y[i, c] · (Φ(x) + x · φ(x))",
  "norm gamma": "Σᵢ ∂y[i, c] · normed[i, c]",
  "norm beta": "Σᵢ ∂y[i, c]",
  "norm x": "(g[c] − mean g − n[c] · mean (g · n)) / √(variance + eps); g = ∂y · gamma, n = normed, along the row",
};

class Pass {
  constructor(head, about, origins, consumers) {
    Object.assign(this, { head, about, origins, consumers, values: new Map(), gradients: new Map(), outputs: [] });
    this.memory = new Map();
    this.parameters = new Map(about.parameters.map(({ name, shape }) => [name, shape]));
  }

  /// Outputs as arrays [tgt_len, words listed].
  listOutputs() {
    if (!this.outputs.length) return;
    const shape = [this.outputs.length, this.outputs[0].words.length];
    const array = (of) => ({ shape, data: this.outputs.flatMap((output) => output.words.map(of)) });
    this.values.set("outputs.logit", array((word) => word.logit));
    this.values.set("outputs.log_prob", array((word) => word.log_prob));
    this.values.set("outputs.probability", array((word) => Math.exp(word.log_prob)));
    this.values.set("outputs.target", array((word) => word.target));
    this.gradients.set("outputs.logit", array((word) => word.gradient));
  }

  shape(path) {
    const known = this.values.get(path)?.shape ?? this.parameters.get(path);
    if (known) return known;
    const origin = this.origins[path] ?? {};
    if (origin.rule === "linear") return [this.shape(origin.x)[0], this.shape(origin.weight)[0]];
    if (origin.rule === "scores") return [origin.n_heads, this.shape(origin.query)[0], this.shape(origin.key)[0]];
    return origin.x || origin.a ? this.shape(origin.x ?? origin.a) : [0, 0];
  }

  /// Whether there is such a number.
  has({ path, index }) {
    const shape = this.origins[path] ? this.shape(path) : [];
    const rows = this.values.get(path)?.rows;
    const fits = (at, axis) => (rows && axis === 0 ? rows.includes(at) : Number.isInteger(at) && at >= 0 && at < shape[axis]);
    return shape.length > 0 && shape.length === index.length && index.every(fits);
  }

  offset(path, index) {
    const array = this.values.get(path);
    const [first, ...rest] = index;
    const row = array?.rows ? array.rows.indexOf(first) : first;
    return row < 0 ? -1 : [row, ...rest].reduce((offset, at, axis) => offset * this.shape(path)[axis] + at, 0);
  }

  index(path, offset) {
    const index = [];
    for (const length of [...this.shape(path)].reverse()) {
      index.unshift(offset % length);
      offset = Math.floor(offset / length);
    }
    const rows = this.values.get(path)?.rows;
    return rows ? [rows[index[0]], ...index.slice(1)] : index;
  }

  recorded({ path, index, gradient }) {
    return (gradient ? this.gradients : this.values).get(path)?.data[this.offset(path, index)] ?? NaN;
  }

  /// The number as it was recorded, or as it follows from others.
  number(reference) {
    const recorded = this.recorded(reference);
    if (!Number.isNaN(recorded)) return recorded;
    const key = `${reference.gradient ? "∂" : ""}${reference.path}:${reference.index}`;
    if (!this.memory.has(key)) this.memory.set(key, (reference.gradient ? this.wayBack(reference) : this.account(reference)).value);
    return this.memory.get(key);
  }

  line(...parts) {
    const factors = parts.filter((part) => typeof part === "object");
    return { parts, value: factors.reduce((product, part) => product * (part.number ?? this.number(part)), 1) };
  }

  products(pairs) {
    return pairs.map(([a, b]) => (b ? this.line(a, " · ", b) : this.line(a)));
  }

  /// The words that the rows of a path stand for.
  rowWords(path) {
    const ofSource = path.startsWith("encoder") || /cross_attn\.(key|value)$/.test(path);
    return ofSource ? this.head.src : this.head.tgt_in;
  }

  /// The word of an id in a table of words; of large vocabularies only words of the pass are known.
  wordOf(path, id) {
    const ofSource = path.startsWith("encoder");
    const listed = ofSource ? this.about.src_words : this.about.tgt_words;
    const tokens = ofSource ? this.head.src : [...this.head.tgt_in, ...this.head.tgt_out, ...this.outputs.flatMap((output) => output.words)];
    return listed[id] ?? tokens.find((token) => token.id === id)?.text;
  }

  /// Where a number stands, in words.
  place({ path, index }) {
    const word = (words, at) => (words[at] ? `“${words[at].text}” (${at})` : `${at}`);
    if (this.origins[path]?.rule === "parameter") {
      const text = /(embedding|projection)\.weight$/.test(path) ? this.wordOf(path, index[0]) : undefined;
      const row = text ? `the word “${text}” (${index[0]})` : `row ${index[0]}`;
      return index.length > 1 ? `${row}, column ${index[1]}` : `number ${index[0]}`;
    }
    if (path.startsWith("outputs.")) {
      const said = this.outputs[index[0]]?.words[index[1]];
      return `after ${word(this.head.tgt_in, index[0])}, the word “${said?.text}”`;
    }
    if (index.length < 3) return `row ${word(this.rowWords(path), index[0])}, column ${index[1]}`;
    const keys = path.includes("cross_attn") ? this.head.src : this.rowWords(path);
    return `head ${index[0]}, row ${word(this.rowWords(path), index[1])}, column ${word(keys, index[2])}`;
  }

  idAt(i, c) {
    return this.outputs[i].words[c].id;
  }

  /// How a number is made of others.
  account({ path, index }) {
    const origin = this.origins[path];
    if (!origin) return { symbols: "", says: "Where it comes from is not known.", groups: [], value: NaN };
    const [i, c] = index.slice(-2);
    const at = (path, ...index) => ({ path, index });
    const y = nameOf(path);
    const given = (symbols, lines, title = "term by term") => ({ symbols, groups: [{ title, lines }], value: totalOf(lines) });
    const plain = (symbols, says, value) => ({ symbols, says, groups: [], value });
    const named = (name) => nameOf(origin[name]);
    switch (origin.rule) {
      case "parameter":
        return plain("", "A parameter: it was drawn at random, or began as 0 or 1, and every step of training moved it against its gradient.", this.recorded({ path, index }));
      case "embedding": {
        const { id, text } = this.head[origin.words][i];
        if (id == null) return plain(`${y}[0, c] = 0`, "There is no word before the first: the decoder starts from a vector of zeros.", 0);
        return given(`${y}[i, c] = √d_model · ${origin.table}[id of “${text}” = ${id}, c]`, [this.line({ number: origin.scale }, " · ", at(origin.table, id, c))]);
      }
      case "sinusoid": {
        const width = this.shape(path)[1];
        const half = width / 2;
        const k = origin.halves ? c % half : Math.floor(c / 2);
        const isSine = origin.halves ? c < half : c % 2 === 0;
        const exponent = origin.halves ? k / Math.max(half - 1, 1) : (2 * k) / width;
        const angle = i * 10000 ** -exponent;
        const power = origin.halves ? `k/${Math.max(half - 1, 1)}` : `2k/${width}`;
        const says = `Nothing is learned here. With i = ${i} and k = ${k}: ${isSine ? "sin" : "cos"}(${digitsOf(angle)}).`;
        return plain(`${y}[i, c] = ${isSine ? "sin" : "cos"}(i · 10000^(−${power}))`, says, isSine ? Math.sin(angle) : Math.cos(angle));
      }
      case "zeros":
        return plain(`${y}[i, c] = 0`, "This model has no positions.", 0);
      case "rows":
        return given(`${y}[i, c] = ${origin.table}[i, c]`, [this.line(at(origin.table, i, c))]);
      case "same":
        return given(`${y} = ${origin.x}`, [this.line(at(origin.x, ...index))]);
      case "sum":
        return given(`${y}[i, c] = ${named("a")}[i, c] + ${named("b")}[i, c]`, [this.line(at(origin.a, ...index)), this.line(at(origin.b, ...index))]);
      case "linear":
      case "logits": {
        const row = origin.rule === "logits" ? this.idAt(i, c) : c;
        const pairs = range(this.shape(origin.x)[1]).map((k) => [at(origin.x, i, k), at(origin.weight, row, k)]);
        const bias = origin.bias ? [[at(origin.bias, row)]] : [];
        const which = origin.rule === "logits" ? "id of word c" : "c";
        const symbols = `${y}[i, c] = Σₖ ${named("x")}[i, k] · ${named("weight")}[${which}, k]${origin.bias ? ` + ${named("bias")}[${which}]` : ""}`;
        return given(symbols, this.products([...pairs, ...bias]), "every product, and the sum so far");
      }
      case "scores": {
        const d = this.shape(origin.query)[1] / origin.n_heads;
        const columns = range(d).map((k) => index[0] * d + k);
        const pairs = columns.map((k) => [at(origin.query, i, k), at(origin.key, c, k)]);
        return given(`scores[h, i, j] = Σₖ query[i, h·${d} + k] · key[j, h·${d} + k]`, this.products(pairs), "every product, and the sum so far");
      }
      case "scaled":
        return given(origin.factor === 1 ? "no scaling in this model" : "scaled_scores = scores / √d_head", [this.line(at(origin.x, ...index), " · ", { number: origin.factor })]);
      case "masked":
        if (origin.causal && c > i) return plain("masked_scores[h, i, j] = −∞ for j > i", "Masked: a position must not see what comes later.", -Infinity);
        return given("masked_scores[h, i, j] = scaled_scores[h, i, j], but −∞ where j is not seen", [this.line(at(origin.x, ...index))]);
      case "softmax": {
        const [h] = index;
        const lines = range(this.shape(origin.x)[2]).map((j) => {
          const x = at(origin.x, h, i, j);
          return { parts: ["exp ", x], value: Math.exp(this.number(x)) };
        });
        const total = totalOf(lines);
        const ends = { parts: ["exp ", at(origin.x, ...index), ` / ${digitsOf(total)}`], value: lines[c].value / total };
        return { symbols: "weights[h, i, j] = exp masked_scores[h, i, j] / Σₖ exp masked_scores[h, i, k]", groups: [{ title: "the row: exp of every score, and the sum so far", lines, ends }], value: ends.value };
      }
      case "mix": {
        const h = Math.floor(c / (this.shape(origin.value)[1] / origin.n_heads));
        const pairs = range(this.shape(origin.value)[0]).map((j) => [at(origin.weights, h, i, j), at(origin.value, j, c)]);
        return given(`context[i, c] = Σⱼ weights[h, i, j] · value[j, c]; column ${c} belongs to head h = ${h}`, this.products(pairs), "every product, and the sum so far");
      }
      case "norm": {
        const { row, mean, variance, scale } = this.statistics(origin, i);
        const [x, gamma, beta] = [at(origin.x, i, c), at(origin.gamma, c), at(origin.beta, c)];
        const normed = (this.number(x) - mean) * scale;
        const squares = row.map((x) => ({ parts: ["(", x, ` − ${digitsOf(mean)})²`], value: (this.number(x) - mean) ** 2 }));
        const ends = { parts: [gamma, " · (", x, ` − ${digitsOf(mean)}) / √(${digitsOf(variance)} + ${origin.eps}) + `, beta], value: this.number(gamma) * normed + this.number(beta) };
        return {
          symbols: `${y}[i, c] = gamma[c] · (x[i, c] − mean) / √(variance + eps) + beta[c], x = ${named("x")}`,
          groups: [
            { title: "the mean of the row", lines: this.products(row.map((x) => [x])), ends: { parts: [`sum / ${row.length}`], value: mean } },
            { title: "the variance of the row", lines: squares, ends: { parts: [`sum / ${row.length}`], value: variance } },
            { title: "normed, times gamma, plus beta", lines: [], ends },
          ],
          value: ends.value,
        };
      }
      case "relu": {
        const x = at(origin.x, ...index);
        return { symbols: `${y} = max(0, ${named("x")})`, groups: [{ title: "what is negative becomes 0", lines: [], ends: { parts: ["max(0, ", x, ")"], value: Math.max(0, this.number(x)) } }], value: Math.max(0, this.number(x)) };
      }
      case "gelu": {
        const x = at(origin.x, ...index);
        const share = 0.5 * (1 + erf(this.number(x) / Math.SQRT2));
        return given(`${y} = x · Φ(x), x = ${named("x")}`, [this.line(x, " · ", { number: share })]);
      }
      case "log_softmax": {
        const all = this.outputs[i].log_sum_exp;
        return given("log_prob = logit − log Σ exp of the logits of all words", [this.line(at(origin.x, ...index)), { parts: [`− log Σ exp = −${digitsOf(all)}`], value: -all }]);
      }
      case "exp": {
        const value = Math.exp(this.number(at(origin.x, ...index)));
        return { symbols: "probability = exp log_prob", groups: [{ title: "", lines: [], ends: { parts: ["exp ", at(origin.x, ...index)], value } }], value };
      }
      case "label": {
        const isLabel = this.idAt(i, c) === this.head.tgt_out[i].id;
        const spread = origin.smoothing / origin.vocab_size;
        const rest = { parts: [`${digitsOf(1 - origin.smoothing)}, for this is the label`], value: 1 - origin.smoothing };
        const lines = [{ parts: [`${origin.smoothing} / ${origin.vocab_size} words`], value: spread }, ...(isLabel ? [rest] : [])];
        return given("target = smoothing / vocab_size, and 1 − smoothing more for the label", lines);
      }
    }
    throw new Error(`no rule ${origin.rule}`);
  }

  statistics(origin, i) {
    const row = range(this.shape(origin.x)[1]).map((k) => ({ path: origin.x, index: [i, k] }));
    const numbers = row.map((x) => this.number(x));
    const mean = numbers.reduce((sum, x) => sum + x, 0) / row.length;
    const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
    return { row, mean, variance, scale: 1 / Math.sqrt(variance + origin.eps), normed: (k) => (numbers[k] - mean) / Math.sqrt(variance + origin.eps) };
  }

  /// The gradient at a number: a group for everything that the number is used in.
  wayBack({ path, index }) {
    if (path === "outputs.logit") {
      const parts = [{ path: "outputs.probability", index }, " − ", { path: "outputs.target", index }];
      const value = (this.number(parts[0]) - this.number(parts[2])) / this.head.tgt_out.length;
      const groups = [{ title: "p − y: what the model says less what it should say", lines: [], ends: { parts: ["(", ...parts, `) / ${this.head.tgt_out.length} labels`], value } }];
      return { says: "The loss is the cross-entropy, a mean over the labels.", groups, value };
    }
    if (path.startsWith("outputs.")) return { says: "The way back begins at the logits: p − y, a mean over the labels.", groups: [], value: NaN };
    const groups = (this.consumers.get(path) ?? []).map(({ path: out, name }) => ({ through: out, symbols: BACK[`${this.origins[out].rule} ${name}`], ...this.contribution(out, this.origins[out], name, index) }));
    const used = groups.filter(({ lines, ends }) => lines.length || ends);
    const listed = this.outputs[0]?.words.length ?? 0;
    const isPart = used.some(({ through }) => through === "outputs.logit") && listed < this.about.tgt_vocab_size;
    const missing = isPart ? `Of ${this.about.tgt_vocab_size} words ${listed} are in this recording: of the sum over all words, this is a part.` : "";
    const says = used.length ? missing : "Nothing that the loss depends on is made of it.";
    return { says, groups: used, value: used.reduce((sum, { lines, ends }) => sum + (ends?.value ?? totalOf(lines)), 0) };
  }

  /// What comes back to an operand through one path that is made of it.
  contribution(out, origin, name, index) {
    const at = (path, ...index) => ({ path, index });
    const back = (...index) => ({ path: out, index, gradient: true });
    const [i, c] = index.slice(-2);
    const rows = range(this.shape(out)[this.shape(out).length - 2]);
    const sum = (pairs) => ({ lines: this.products(pairs) });
    switch (`${origin.rule} ${name}`) {
      case "sum a":
      case "sum b":
      case "same x":
        return sum([[back(...index)]]);
      case "masked x":
        return sum(origin.causal && c > i ? [] : [[back(...index)]]);
      case "scaled x":
        return sum([[back(...index), { number: origin.factor }]]);
      case "rows table":
        return sum(rows.includes(i) ? [[back(...index)]] : []);
      case "embedding table":
        return sum(rows.filter((row) => this.head[origin.words][row].id === i).map((row) => [back(row, c), { number: origin.scale }]));
      case "linear x":
        return sum(range(this.shape(out)[1]).map((k) => [back(i, k), at(origin.weight, k, c)]));
      case "linear weight":
        return sum(rows.map((row) => [back(row, i), at(origin.x, row, c)]));
      case "linear bias":
        return sum(rows.map((row) => [back(row, index[0])]));
      case "logits x":
        return sum(range(this.shape(out)[1]).map((k) => [back(i, k), at(origin.weight, this.idAt(i, k), c)]));
      case "logits weight":
      case "logits bias": {
        const said = rows.flatMap((row) => range(this.shape(out)[1]).filter((k) => this.idAt(row, k) === index[0]).map((k) => [row, k]));
        return sum(said.map(([row, k]) => (name === "bias" ? [back(row, k)] : [back(row, k), at(origin.x, row, c)])));
      }
      case "scores query":
      case "scores key": {
        const h = Math.floor(c / (this.shape(origin.query)[1] / origin.n_heads));
        if (name === "key") return sum(rows.map((row) => [back(h, row, i), at(origin.query, row, c)]));
        return sum(range(this.shape(origin.key)[0]).map((j) => [back(h, i, j), at(origin.key, j, c)]));
      }
      case "mix weights": {
        const d = this.shape(origin.value)[1] / origin.n_heads;
        return sum(range(d).map((k) => index[0] * d + k).map((k) => [back(i, k), at(origin.value, c, k)]));
      }
      case "mix value": {
        const h = Math.floor(c / (this.shape(origin.value)[1] / origin.n_heads));
        return sum(rows.map((row) => [back(row, c), at(origin.weights, h, row, i)]));
      }
      case "softmax x": {
        const lines = this.products(range(this.shape(out)[2]).map((j) => [at(out, index[0], i, j), back(index[0], i, j)]));
        const [weight, gradient] = [at(out, ...index), back(...index)];
        const value = this.number(weight) * (this.number(gradient) - totalOf(lines));
        return { lines, ends: { parts: [weight, " · (", gradient, ` − ${digitsOf(totalOf(lines))})`], value } };
      }
      case "relu x":
        return sum([[back(...index), { number: this.number(at(origin.x, ...index)) > 0 ? 1 : 0 }]]);
      case "gelu x": {
        const x = this.number(at(origin.x, ...index));
        return sum([[back(...index), { number: 0.5 * (1 + erf(x / Math.SQRT2)) + x * normal(x) }]]);
      }
      case "norm beta":
        return sum(rows.map((row) => [back(row, index[0])]));
      case "norm gamma":
        return sum(rows.map((row) => [back(row, index[0]), { number: this.statistics(origin, row).normed(index[0]) }]));
      case "norm x":
        return this.throughNorm(origin, i, c, back, at);
    }
    return sum([]); // log-probabilities and what follows: their way back begins at the logits
  }

  /// An element acts on its own output, on the mean and on the variance of its row.
  throughNorm(origin, i, c, back, at) {
    const { row, scale, normed } = this.statistics(origin, i);
    const lines = this.products(row.map((_, k) => [back(i, k), at(origin.gamma, k)]));
    const mean = totalOf(lines) / lines.length;
    const along = lines.reduce((sum, line, k) => sum + line.value * normed(k), 0) / lines.length;
    const value = scale * (lines[c].value - mean - normed(c) * along);
    const numbers = `(${digitsOf(lines[c].value)} − ${digitsOf(mean)} − ${digitsOf(normed(c))} · ${digitsOf(along)}) · ${digitsOf(scale)}`;
    return { lines, ends: { parts: [numbers], value } };
  }
}
