"use strict";
// The numbers of a recording, pass by pass. No page is needed to run this. What was not recorded follows from the rules,
// if what it is made of was; else it is NaN.

/// What each number is used in: by its path, the paths that are made of it, and as which operand.
function consumersOf(origins) {
  const consumers = new Map();
  for (const [path, origin] of Object.entries(origins)) {
    for (const operand of Object.keys(RULES[origin.rule].back ?? {}).filter((operand) => origin[operand])) {
      consumers.set(origin[operand], [...(consumers.get(origin[operand]) ?? []), { path, operand }]);
    }
  }
  return consumers;
}

/// The passes of a recording, each with what belongs to it.
function passesOf(recording, origins) {
  const about = recording.events[0].about;
  const consumers = consumersOf(origins);
  const passes = [];
  for (const event of recording.events) {
    const pass = passes.at(-1);
    if (event.pass) passes.push(new Pass(passes.length, event.pass, about, origins, consumers));
    else if (event.value) pass.values.set(event.value.path, arrayOf(event.value));
    else if (event.gradient) pass.gradients.set(event.gradient.path, arrayOf(event.gradient));
    else if (event.output) pass.outputs.push(event.output);
  }
  passes.forEach((pass) => pass.listOutputs());
  return passes;
}

/// What a token of the model is called.
const unitOf = (about) => (about.pieces ? "piece" : "word");

/// An array as its numbers are: `null` is minus infinity, and all have 32 bits.
function arrayOf({ shape, rows, data }) {
  return { shape, rows, data: Float32Array.from(data, (number) => number ?? -Infinity) };
}

class Pass {
  constructor(number, head, about, origins, consumers) {
    Object.assign(this, { at: number, head, about, origins, consumers, values: new Map(), gradients: new Map(), outputs: [] });
    this.memory = new Map();
    this.parameters = new Map(about.parameters.map(({ name, shape }) => [name, shape]));
  }

  /// Outputs as arrays [tgt_len, words listed], if equally many are listed at each position.
  listOutputs() {
    const shape = this.shape("outputs.logit");
    if (!this.outputs.every((output) => output.words.length === shape[1])) return;
    const array = (of) => ({ shape, data: this.outputs.flatMap(({ words }, i) => words.map((word) => of(word, i))) });
    this.values.set("outputs.logit", array((word) => word.logit));
    this.values.set("outputs.log_prob", array((word) => word.log_prob));
    this.values.set("outputs.probability", array((word) => Math.exp(word.log_prob)));
    this.values.set("outputs.target", array((word) => word.target));
    this.values.set("outputs.label", array((word, i) => (word.id === this.head.tgt_out[i].id ? 1 : 0)));
    this.gradients.set("outputs.logit", array((word) => word.gradient));
  }

  shape(path) {
    const known = this.values.get(path)?.shape ?? this.parameters.get(path);
    if (known) return known;
    const listed = this.outputs.map((output) => output.words.length);
    if (path.startsWith("outputs.")) return [listed.length, Math.max(0, ...listed)];
    const origin = this.origins[path] ?? {};
    if (origin.rule === "linear") return [this.shape(origin.x)[0], this.shape(origin.weight)[0]];
    if (origin.rule === "scores") return [origin.n_heads, this.shape(origin.query)[0], this.shape(origin.key)[0]];
    return origin.x || origin.a ? this.shape(origin.x ?? origin.a) : [0, 0];
  }

  /// Whether there is such a number.
  has({ path, index }) {
    const shape = this.origins[path] ? this.shape(path) : [];
    const rows = this.values.get(path)?.rows;
    if (path.startsWith("outputs.") && !this.outputs[index[0]]?.words[index[1]]) return false;
    const inside = (at, length) => Number.isInteger(at) && at >= 0 && at < length;
    const fits = (at, axis) => (rows && axis === 0 ? rows.includes(at) : inside(at, shape[axis]));
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
    if (!this.memory.has(key)) {
      this.memory.set(key, (reference.gradient ? this.wayBack(reference) : this.account(reference)).value);
    }
    return this.memory.get(key);
  }

  product(factors) {
    const parts = factors.flatMap((factor, at) => (at ? [" · ", factor] : [factor]));
    const number = (factor) => (typeof factor === "number" ? factor : this.number(factor));
    return { parts, value: factors.reduce((product, factor) => product * number(factor), 1) };
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
    const said = this.outputs.flatMap((output) => output.words);
    const tokens = ofSource ? this.head.src : [...this.head.tgt_in, ...this.head.tgt_out, ...said];
    return listed[id] ?? tokens.find((token) => token.id === id)?.text;
  }

  /// Where a number stands, in words.
  place({ path, index }) {
    const word = (words, at) => (words[at] ? `“${words[at].text}” (${at})` : `${at}`);
    if (this.origins[path]?.rule === "parameter") {
      const text = /(embedding|projection)\.weight$/.test(path) ? this.wordOf(path, index[0]) : undefined;
      const isLinear = (this.consumers.get(path) ?? []).some(({ path: made }) => this.origins[made].rule === "linear");
      const [out, into] = isLinear ? [" (comes out)", " (goes in)"] : ["", ""];
      const row = text ? `the ${unitOf(this.about)} “${text}” (${index[0]})` : `row ${index[0]}${out}`;
      return index.length > 1 ? `${row}, column ${index[1]}${into}` : `number ${index[0]}`;
    }
    if (path.startsWith("outputs.")) {
      const said = this.outputs[index[0]]?.words[index[1]];
      return `after ${word(this.head.tgt_in, index[0])}, the ${unitOf(this.about)} “${said?.text}”`;
    }
    if (index.length === 1) return `row ${word(this.rowWords(path), index[0])}`;
    if (index.length < 3) return `row ${word(this.rowWords(path), index[0])}, column ${index[1]}`;
    const keys = path.includes("cross_attn") ? this.head.src : this.rowWords(path);
    const within = index.length > 3 ? `, number ${index[3]}` : "";
    return `head ${index[0]}, row ${word(this.rowWords(path), index[1])}, column ${word(keys, index[2])}${within}`;
  }

  /// What a rule wants to know of the path that it makes.
  use(path) {
    const o = this.origins[path];
    const [n, m] = this.shape(path).slice(-2);
    const at = (path, ...index) => ({ path, index });
    const width = (path) => this.shape(path).at(-1);
    const idAt = (i, c) => this.outputs[i].words[c].id;
    const [rows, cols] = [range(n), range(m)];
    return {
      ...{ pass: this, o, path, y: nameOf(path), rows, cols, at, width, idAt },
      name: (operand) => nameOf(o[operand]),
      back: (...index) => ({ path, index, gradient: true }),
      number: (reference) => this.number(reference),
      product: (factors) => this.product(factors),
      length: (path) => this.shape(path)[0],
      headOf: (path, c) => Math.floor(c / (width(path) / o.n_heads)),
      listed: (i) => range(this.outputs[i].words.length),
      said: (id) => this.outputs.flatMap(({ words }, i) => words.flatMap((word, c) => (word.id === id ? [[i, c]] : []))),
      row: (i) => this.statistics(o, i),
    };
  }

  statistics({ x: path, eps }, i) {
    const xs = range(this.shape(path)[1]).map((k) => ({ path, index: [i, k] }));
    const numbers = xs.map((x) => this.number(x));
    const mean = numbers.reduce((sum, x) => sum + x, 0) / xs.length;
    const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / xs.length;
    const scale = 1 / Math.sqrt(variance + eps);
    return { xs, mean, variance, scale, normed: (k) => (numbers[k] - mean) * scale };
  }

  /// A group, with the value of each of its terms and what they come to.
  group({ terms, ...group }) {
    const lines = terms.map((term) => (Array.isArray(term) ? this.product(term) : term));
    return { ...group, lines, value: group.ends?.value ?? totalOf(lines) };
  }

  /// How a number is made of others.
  account({ path, index }) {
    const origin = this.origins[path];
    if (!origin) return { symbols: "", says: "Where it comes from is not known.", groups: [], value: NaN };
    const { symbols = "", says = "", groups = [], value } = RULES[origin.rule].account(this.use(path), index);
    const filled = groups.map((group) => this.group(group));
    return { symbols, says, groups: filled, value: value ?? filled.at(-1).value };
  }

  /// The gradient at a number, or `at` another: a group for everything that the number is used in.
  wayBack({ path, index }) {
    if (["mean", "variance", "weighted"].includes(this.origins[path]?.rule)) {
      const says = "Worked out beside the way of the loss, for readers: what comes back goes through the numbers it is made of.";
      return { says, groups: [], value: NaN };
    }
    if (path === "outputs.target" || path === "outputs.label") {
      return { says: "A label is given: nothing comes back to it.", groups: [], value: NaN };
    }
    if (path.startsWith("outputs.")) {
      const [p, y, at] = ["probability", "target", "logit"].map((name) => ({ path: `outputs.${name}`, index }));
      const n = this.head.tgt_out.length;
      const ends = { parts: ["(", p, " − ", y, `) / ${n} labels`], value: (this.number(p) - this.number(y)) / n };
      const group = this.group({ title: "p − y: what the model says less what it should say", terms: [], ends });
      const says = `The loss is the cross-entropy, a mean over the labels. Its way back is told from the logit of this ${unitOf(this.about)} on, at which the gradient is:`;
      return { says, groups: [group], value: ends.value, at };
    }
    const through = ({ path: out, operand }) => {
      const [symbols, back] = RULES[this.origins[out].rule].back[operand];
      const terms = back(this.use(out), index);
      return this.group({ through: out, symbols, ...(Array.isArray(terms) ? { terms } : terms) });
    };
    const groups = (this.consumers.get(path) ?? []).map(through).filter(({ lines, ends }) => lines.length || ends);
    return { says: this.remark(groups), groups, value: totalOf(groups) };
  }

  remark(groups) {
    if (!groups.length) return "Nothing that the loss depends on is made of it.";
    const [listed, all] = [this.outputs[0]?.words.length ?? 0, this.about.tgt_vocab_size];
    if (!groups.some(({ through }) => through === "outputs.logit") || listed === all) return "";
    return `Of ${all} ${unitOf(this.about)}s ${listed} are in this recording: of the sum over all, this is a part.`;
  }
}
