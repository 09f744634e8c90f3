"use strict";
// How every number is made of others, and what comes back to those: the rules of origins.rs, said to readers.
//
// A reference {path, index} is one number of a pass; with `gradient` it is the gradient of the loss there. An account
// says how a number is made: { symbols, says, groups, value }. A group { title, terms, ends } is a list of terms, which
// are added, and what is made of their sum; without `ends` the sum is the value. A term is a list of factors, numbers or
// references, or { parts, value } with texts between them.

const range = (end) => Array.from({ length: Math.max(end, 0) }, (_, at) => at);
const totalOf = (lines) => lines.reduce((sum, line) => sum + line.value, 0);
const normal = (x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const normalBelow = (x) => 0.5 * (1 + erf(x / Math.SQRT2));

/// The error function, by its Taylor series.
function erf(x) {
  if (Math.abs(x) > 5) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; n < 120; n++) sum += (term *= (-x * x) / n) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/// A number with five digits, small ones with a power of ten.
function digitsOf(number) {
  if (Number.isNaN(number)) return "?";
  const isSmall = number !== 0 && Math.abs(number) < 1e-3;
  const text = isSmall ? String(Number(number.toPrecision(4)).toExponential()) : String(Number(number.toPrecision(5)));
  return text.replaceAll("-", "−").replace("Infinity", "∞");
}

/// The path without what is the same for all of a layer.
const nameOf = (path) =>
  path.replace(/^(encoder|decoder|outputs)\./, "").replace(/^layers\.\d+\./, "").replace(/^(self|cross)_attn\./, "");

/// An account that is a sum of terms, each a list of factors.
function sum(symbols, terms) {
  return { symbols, groups: [{ title: terms.length > 2 ? "every product, and the sum so far" : "", terms }] };
}

/// An account that is what is made of one number.
const made = (symbols, parts, value) => ({ symbols, groups: [{ title: "", terms: [], ends: { parts, value } }] });

/// The rules: how `y` is made of its operands, and under it what comes back to each of them, in symbols and in terms;
/// ∂y is the gradient at y. The first argument is what `Pass.use` says of y.
const RULES = {
  parameter: {
    account: ({ at, pass, path }, index) => ({
      says: "A parameter: it began at random, or as 0 or 1; every step of training changed it, by what the optimizer made of its gradients.",
      value: pass.recorded(at(path, ...index)),
    }),
  },
  embedding: {
    account({ o, at, y, pass }, [i, c]) {
      const { id, text } = pass.head[o.words][i];
      const zeros = "Nothing stands before the first: the decoder starts from a vector of zeros.";
      if (id == null) return { symbols: `${y}[0, c] = 0`, says: zeros, value: 0 };
      return sum(`${y}[i, c] = √d_model · ${o.table}[id of “${text}” = ${id}, c]`, [[o.scale, at(o.table, id, c)]]);
    },
    back: {
      table: ["Σᵢ ∂y[i, c] · √d_model, over the positions that have this id", ({ o, back, rows, pass }, [id, c]) =>
        rows.filter((row) => pass.head[o.words][row].id === id).map((row) => [back(row, c), o.scale])],
    },
  },
  sinusoid: {
    account({ o, y, cols }, [i, c]) {
      const [width, half] = [cols.length, cols.length / 2];
      const [k, isSine] = o.halves ? [c % half, c < half] : [Math.floor(c / 2), c % 2 === 0];
      const exponent = o.halves ? k / Math.max(half - 1, 1) : (2 * k) / width;
      const [angle, wave] = [i * 10000 ** -exponent, isSine ? "sin" : "cos"];
      const power = o.halves ? `k/${Math.max(half - 1, 1)}` : `2k/${width}`;
      const says = `Nothing is learned here. With i = ${i} and k = ${k}: ${wave}(${digitsOf(angle)}).`;
      return { symbols: `${y}[i, c] = ${wave}(i · 10000^(−${power}))`, says, value: Math[wave](angle) };
    },
  },
  zeros: {
    account: ({ y }) => ({ symbols: `${y}[i, c] = 0`, says: "This model has no positions.", value: 0 }),
  },
  rows: {
    account: ({ o, at, y }, [i, c]) => sum(`${y}[i, c] = ${o.table}[i, c]`, [[at(o.table, i, c)]]),
    back: { table: ["∂y[i, c]", ({ back, rows }, [i, c]) => (rows.includes(i) ? [[back(i, c)]] : [])] },
  },
  same: {
    account: ({ o, at, y }, index) => sum(`${y} = ${o.x}`, [[at(o.x, ...index)]]),
    back: { x: ["∂y", ({ back }, index) => [[back(...index)]]] },
  },
  sum: {
    account: ({ o, at, y, name }, [i, c]) =>
      sum(`${y}[i, c] = ${name("a")}[i, c] + ${name("b")}[i, c]`, [[at(o.a, i, c)], [at(o.b, i, c)]]),
    back: {
      a: ["∂y[i, c]", ({ back }, index) => [[back(...index)]]],
      b: ["∂y[i, c]", ({ back }, index) => [[back(...index)]]],
    },
  },
  linear: {
    account({ o, at, y, name, width }, [i, c]) {
      const products = range(width(o.x)).map((k) => [at(o.x, i, k), at(o.weight, c, k)]);
      const bias = o.bias ? ` + ${name("bias")}[c]` : "";
      const symbols = `${y}[i, c] = Σₖ ${name("x")}[i, k] · ${name("weight")}[c, k]${bias}`;
      return sum(symbols, o.bias ? [...products, [at(o.bias, c)]] : products);
    },
    back: {
      x: ["Σₖ ∂y[i, k] · weight[k, c]", ({ o, at, back, cols }, [i, c]) =>
        cols.map((k) => [back(i, k), at(o.weight, k, c)])],
      weight: ["Σᵢ ∂y[i, c] · x[i, k]", ({ o, at, back, rows }, [c, k]) =>
        rows.map((i) => [back(i, c), at(o.x, i, k)])],
      bias: ["Σᵢ ∂y[i, c]", ({ back, rows }, [c]) => rows.map((i) => [back(i, c)])],
    },
  },
  scores: {
    account({ o, at, y, width }, [h, i, j]) {
      const d = width(o.query) / o.n_heads;
      const columns = range(d).map((k) => h * d + k);
      const symbols = `${y}[h, i, j] = Σₖ query[i, h·${d} + k] · key[j, h·${d} + k]`;
      return sum(symbols, columns.map((c) => [at(o.query, i, c), at(o.key, j, c)]));
    },
    back: {
      query: ["Σⱼ ∂y[h, i, j] · key[j, c]", ({ o, at, back, cols, headOf }, [i, c]) =>
        cols.map((j) => [back(headOf(o.query, c), i, j), at(o.key, j, c)])],
      key: ["Σᵢ ∂y[h, i, j] · query[i, c]", ({ o, at, back, rows, headOf }, [j, c]) =>
        rows.map((i) => [back(headOf(o.key, c), i, j), at(o.query, i, c)])],
    },
  },
  scaled: {
    account: ({ o, at, y }, index) =>
      sum(`${y} = scores${o.factor === 1 ? ", not scaled" : " / √d_head"}`, [[at(o.x, ...index), o.factor]]),
    back: { x: ["∂y · factor", ({ o, back }, index) => [[back(...index), o.factor]]] },
  },
  masked: {
    account({ o, at, y }, [h, i, j]) {
      const symbols = `${y}[h, i, j] = scaled_scores[h, i, j]${o.causal ? ", but −∞ for j > i" : ""}`;
      const says = "Masked: a position must not see what comes later.";
      return o.causal && j > i ? { symbols, says, value: -Infinity } : sum(symbols, [[at(o.x, h, i, j)]]);
    },
    back: {
      x: ["∂y, nothing where it is masked", ({ o, back }, [h, i, j]) => (o.causal && j > i ? [] : [[back(h, i, j)]])],
    },
  },
  padded: {
    account({ o, at, y, width }, [h, i, j]) {
      const symbols = `${y}[h, i, j] = scaled_scores[h, i, j], and −∞ behind the sentence`;
      const says = "The sentence beside a longer one: nobody looks at the places behind it.";
      return j < width(o.x) ? sum(symbols, [[at(o.x, h, i, j)]]) : { symbols, says, value: -Infinity };
    },
  },
  softmax: {
    account({ o, at, y, cols, number }, [h, i, j]) {
      const scores = cols.map((k) => at(o.x, h, i, k));
      const terms = scores.map((x) => ({ parts: ["exp ", x], value: Math.exp(number(x)) }));
      const total = totalOf(terms);
      const ends = { parts: ["exp ", scores[j], ` / ${digitsOf(total)}`], value: terms[j].value / total };
      const symbols = `${y}[h, i, j] = exp x[h, i, j] / Σₖ exp x[h, i, k], x = masked_scores`;
      return { symbols, groups: [{ title: "the row: exp of every score, and the sum so far", terms, ends }] };
    },
    back: {
      x: ["y[j] · (∂y[j] − Σₖ y[k] · ∂y[k]), along the row", ({ at, back, cols, number, path, product }, [h, i, j]) => {
        const terms = cols.map((k) => product([at(path, h, i, k), back(h, i, k)]));
        const [y, gradient, total] = [at(path, h, i, j), back(h, i, j), totalOf(terms)];
        const parts = [y, " · (", gradient, ` − ${digitsOf(total)})`];
        return { terms, ends: { parts, value: number(y) * (number(gradient) - total) } };
      }],
    },
  },
  mix: {
    account({ o, at, y, length, headOf }, [i, c]) {
      const h = headOf(o.value, c);
      const symbols = `${y}[i, c] = Σⱼ weights[h, i, j] · value[j, c]; column ${c} belongs to head h = ${h}`;
      return sum(symbols, range(length(o.value)).map((j) => [at(o.weights, h, i, j), at(o.value, j, c)]));
    },
    back: {
      weights: ["Σ over the head's columns: ∂y[i, c] · value[j, c]", ({ o, at, back, width }, [h, i, j]) => {
        const d = width(o.value) / o.n_heads;
        return range(d).map((k) => [back(i, h * d + k), at(o.value, j, h * d + k)]);
      }],
      value: ["Σᵢ ∂y[i, c] · weights[h, i, j]", ({ o, at, back, rows, headOf }, [j, c]) =>
        rows.map((i) => [back(i, c), at(o.weights, headOf(o.value, c), i, j)])],
    },
  },
  weighted: {
    account({ o, at, y, width }, [h, i, j, k]) {
      const column = (h * width(o.value)) / o.n_heads + k;
      return sum(`${y}[h, i, j, k] = weights[h, i, j] · value[j, ${column}]`, [[at(o.weights, h, i, j), at(o.value, j, column)]]);
    },
  },
  mean: {
    account({ o, at, y, name, number, width }, [i]) {
      const xs = range(width(o.x)).map((c) => at(o.x, i, c));
      const mean = xs.reduce((sum, x) => sum + number(x), 0) / xs.length;
      const ends = { parts: [`Σ / ${xs.length}`], value: mean };
      return { symbols: `${y}[i] = Σ ${name("x")} / ${xs.length}, over the row`, groups: [{ title: "", terms: xs.map((x) => [x]), ends }] };
    },
  },
  variance: {
    account({ o, at, y, name, number, width }, [i]) {
      const xs = range(width(o.x)).map((c) => at(o.x, i, c));
      const mean = xs.reduce((sum, x) => sum + number(x), 0) / xs.length;
      const terms = xs.map((x) => ({ parts: ["(", x, ` − ${digitsOf(mean)})²`], value: (number(x) - mean) ** 2 }));
      const ends = { parts: [`Σ / ${xs.length}`], value: totalOf(terms) / xs.length };
      return { symbols: `${y}[i] = Σ (${name("x")} − mean)² / ${xs.length}, over the row`, groups: [{ title: "", terms, ends }] };
    },
  },
  norm: {
    account({ o, at, y, name, number, row }, [i, c]) {
      const { xs, mean, variance, scale } = row(i);
      const [x, gamma, beta] = [at(o.x, i, c), at(o.gamma, c), at(o.beta, c)];
      const squares = xs.map((x) => ({ parts: ["(", x, ` − ${digitsOf(mean)})²`], value: (number(x) - mean) ** 2 }));
      const parts = [gamma, " · (", x, ` − ${digitsOf(mean)}) / √(${digitsOf(variance)} + ${o.eps}) + `, beta];
      const value = number(gamma) * (number(x) - mean) * scale + number(beta);
      const share = (value) => ({ parts: [`Σ / ${xs.length}`], value });
      return {
        symbols: `${y}[i, c] = gamma[c] · (x[i, c] − mean) / √(variance + eps) + beta[c], x = ${name("x")}`,
        groups: [
          { title: "the mean of the row", terms: xs.map((x) => [x]), ends: share(mean) },
          { title: "the variance of the row", terms: squares, ends: share(variance) },
          { title: "normed, times gamma, plus beta", terms: [], ends: { parts, value } },
        ],
      };
    },
    back: {
      gamma: ["Σᵢ ∂y[i, c] · normed[i, c]", ({ back, rows, row }, [c]) =>
        rows.map((i) => [back(i, c), row(i).normed(c)])],
      beta: ["Σᵢ ∂y[i, c]", ({ back, rows }, [c]) => rows.map((i) => [back(i, c)])],
      x: ["(g[c] − mean g − n[c] · mean (g · n)) / √(variance + eps); g = ∂y · gamma, n = normed, along the row",
        ({ o, at, back, row, product }, [i, c]) => {
          // An element acts on its own output, on the mean and on the variance of its row.
          const { xs, scale, normed } = row(i);
          const terms = xs.map((_, k) => product([back(i, k), at(o.gamma, k)]));
          const mean = totalOf(terms) / terms.length;
          const along = terms.reduce((sum, term, k) => sum + term.value * normed(k), 0) / terms.length;
          const numbers = [terms[c].value, mean, normed(c), along, scale].map(digitsOf);
          const parts = [`(${numbers[0]} − ${numbers[1]} − ${numbers[2]} · ${numbers[3]}) · ${numbers[4]}`];
          return { terms, ends: { parts, value: scale * (terms[c].value - mean - normed(c) * along) } };
        }],
    },
  },
  relu: {
    account: ({ o, at, y, name, number }, index) =>
      made(`${y} = max(0, ${name("x")})`, ["max(0, ", at(o.x, ...index), ")"], Math.max(0, number(at(o.x, ...index)))),
    back: {
      x: ["∂y · 1 where x is positive, else · 0", ({ o, at, back, number }, index) =>
        [[back(...index), number(at(o.x, ...index)) > 0 ? 1 : 0]]],
    },
  },
  gelu: {
    account({ o, at, y, name, number }, index) {
      const x = at(o.x, ...index);
      return sum(`${y} = x · Φ(x), x = ${name("x")}`, [[x, normalBelow(number(x))]]);
    },
    back: {
      x: ["∂y · (Φ(x) + x · φ(x))", ({ o, at, back, number }, index) => {
        const x = number(at(o.x, ...index));
        return [[back(...index), normalBelow(x) + x * normal(x)]];
      }],
    },
  },
  logits: {
    account({ o, at, y, name, width, idAt }, [i, c]) {
      const id = idAt(i, c);
      const products = range(width(o.x)).map((k) => [at(o.x, i, k), at(o.weight, id, k)]);
      const bias = o.bias ? ` + ${name("bias")}[id]` : "";
      const symbols = `${y}[i, id] = Σₖ hidden[i, k] · ${o.weight}[id, k]${bias}, with id = ${id}`;
      return sum(symbols, o.bias ? [...products, [at(o.bias, id)]] : products);
    },
    back: {
      x: ["Σ over the vocabulary: ∂y[i, id] · weight[id, c]", ({ o, at, back, listed, idAt }, [i, c]) =>
        listed(i).map((k) => [back(i, k), at(o.weight, idAt(i, k), c)])],
      weight: ["Σᵢ ∂y[i, id] · hidden[i, k]", ({ o, at, back, said }, [id, k]) =>
        said(id).map(([i, c]) => [back(i, c), at(o.x, i, k)])],
      bias: ["Σᵢ ∂y[i, id]", ({ back, said }, [id]) => said(id).map(([i, c]) => [back(i, c)])],
    },
  },
  log_softmax: {
    account({ o, at, pass }, [i, c]) {
      const all = pass.outputs[i].log_sum_exp;
      const rest = { parts: [`− log Σ exp = −${digitsOf(all)}`], value: -all };
      return sum("log_prob = logit − log Σ exp of the logits of the whole vocabulary", [[at(o.x, i, c)], rest]);
    },
  },
  exp: {
    account: ({ o, at, number }, index) =>
      made("probability = exp log_prob", ["exp ", at(o.x, ...index)], Math.exp(number(at(o.x, ...index)))),
  },
  label: {
    account({ o, y, pass, idAt }, [i, c]) {
      const isLabel = idAt(i, c) === pass.head.tgt_out[i].id;
      const [spread, rest] = [o.smoothing / o.vocab_size, 1 - o.smoothing];
      const terms = [{ parts: [`${o.smoothing} / ${o.vocab_size} in the vocabulary`], value: spread }];
      if (isLabel) terms.push({ parts: [`${digitsOf(rest)}, for this is the label`], value: rest });
      return sum(`${y} = smoothing / vocab_size, and 1 − smoothing more for the label`, terms);
    },
  },
};
