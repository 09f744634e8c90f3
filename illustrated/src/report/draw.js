"use strict";
// What a figure shows, as its controls and those of the page stand. It finds its way by attributes:
//
//   g.matrix   data-path, data-start, data-row, data-col, data-controls: where its numbers stand in a recording, as
//              look/place.rs says. Number (r, c) stands at start + r·row + c·col, and further by the controls, each
//              `name:stride`; `{name}` in the path is what the control says. data-rows, data-cols: how many there are,
//              folded ones included. data-pass: the place of the pass that it always shows, from 0; data-of="gradient": it
//              shows gradients in place of numbers. data-listed: the columns are the words that the output at that
//              position lists; data-heads: whether `words` or their `indices` stand above.
//   g.cell     data-r, data-c: its row and column. It is drawn as look/matrix.rs draws it. The script adds
//              data-number, which is `pass:path:offset`.
//   .above     data-c: the column that this text stands above; `.turned` too.
//   g.fold     data-r: columns of that row that are left out, or the first of the rows that are.
//   select     data-control: the name of a control of its figure. What it says is its value.
//   data-when  `name=value ..`: shown only if the controls of its figure stand so; `pass` is the number of the pass, from
//              0, which tells passes of one step apart. What is not shown at first has the class `off`.
//   data-bottom  how far down a group reaches, and on the drawing what is always seen: it is as high as what is seen of it.
//   .caption   what is said of a figure. The gzipped JSON of #captions has by the figure's id on what it depends (name and
//              count of controls, or `pass`), and the texts of all choices, those of the last control next to each other.
// A page is its passes, its captions, and its state: the pass that is chosen, and the mode.

/// What the controls of a figure say.
function chosen(figure) {
  const selects = $$("select[data-control]", figure);
  return Object.fromEntries(selects.map((select) => [select.dataset.control, Number(select.value)]));
}

/// Where the numbers of a matrix stand, as the controls of its figure do.
function placeOf({ state, passes }, matrix) {
  const controls = chosen(matrix.closest("figure") ?? matrix);
  const { path, start, row, col, controls: strides, rows, cols, pass } = matrix.dataset;
  const moves = strides.split(" ").filter(Boolean).map((one) => one.split(":"));
  const first = moves.reduce((sum, [name, stride]) => sum + (controls[name] ?? 0) * stride, Number(start));
  return {
    pass: pass === undefined ? state.pass : passes[pass],
    path: Object.entries(controls).reduce((path, [name, at]) => path.replaceAll(`{${name}}`, at), path),
    offset: (r, c) => first + r * row + c * col,
    rows: Number(rows),
    cols: Number(cols),
  };
}

function drawMatrix(page, matrix) {
  const { pass, path, offset, rows, cols } = placeOf(page, matrix);
  const isGradient = matrix.dataset.of === "gradient";
  const values = (isGradient ? pass?.gradients : pass?.values)?.get(path)?.data; // a pass may be gone
  const gradients = isGradient ? undefined : pass?.gradients.get(path)?.data;
  const largest = (data) => {
    let max = 0;
    for (let r = 0; data && r < rows; r++) {
      for (let c = 0; c < cols; c++) {
        const size = Math.abs(data[offset(r, c)]);
        if (size > max && size < Infinity) max = size;
      }
    }
    return max;
  };
  const numberAt = (data, at) => (data?.[at] === undefined ? undefined : Math.fround(data[at]));
  const asGradient = page.state.mode === "gradients" && !isGradient;
  const isSmall = asGradient || isGradient;
  const isShare = matrix.classList.contains("weights") && !asGradient;
  const maxGradient = largest(gradients);
  const max = isShare ? 1 : asGradient ? maxGradient : largest(values);
  const hasBars = page.state.mode !== "values";
  for (const cell of $$(".cell", matrix)) {
    const at = offset(Number(cell.dataset.r), Number(cell.dataset.c));
    if (pass) cell.dataset.number = `${pass.at}:${path}:${at}`;
    else delete cell.dataset.number;
    drawCell(cell, numberAt(values, at), numberAt(gradients, at), { asGradient, isSmall, isShare, max, maxGradient, hasBars });
  }
  if (pass && matrix.dataset.listed) drawHeads(matrix, pass);
  const scale = $(".scale", matrix);
  const to = isShare ? "0 to 1" : `±${isSmall ? small(max) : short(max)}`;
  if (scale) scale.textContent = (asGradient ? gradients : values) ? to : "";
}

/// Of a large vocabulary, every pass and position lists other words.
function drawHeads(matrix, pass) {
  const words = pass.outputs[matrix.dataset.listed]?.words ?? [];
  if (words.length === pass.about.tgt_vocab_size) return;
  for (const head of $$(".above[data-c]", matrix)) {
    const word = words[head.dataset.c];
    head.textContent = matrix.dataset.heads === "indices" ? (word?.id ?? "") : fitted(word?.text ?? "");
  }
}

/// Shows in a figure what its controls and the page's say.
function drawFigure(page, figure) {
  const { state, captions } = page;
  const controls = { pass: state.pass.at, ...chosen(figure) };
  const caption = captions[figure.id];
  if (caption?.of.length) {
    const at = caption.of.reduce((at, { name, count }) => at * count + controls[name], 0);
    $("figcaption .caption", figure).textContent = caption.texts[at];
  }
  for (const part of $$("[data-when]", figure)) {
    const conditions = part.dataset.when.split(" ").map((one) => one.split("="));
    part.classList.toggle("off", !conditions.every(([name, choice]) => String(controls[name]) === choice));
  }
  $$("g.matrix", figure).forEach((matrix) => drawMatrix(page, matrix));
  fit($(".drawing svg", figure));
}

/// Makes a drawing as high as what is seen of it.
function fit(svg) {
  const seen = $$("[data-bottom]", svg).filter((part) => !part.closest(".off"));
  const height = Math.max(...[svg, ...seen].map((part) => Number(part.dataset.bottom)));
  svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${height}`);
  svg.setAttribute("height", height);
}

/// Readies a figure that is new on the page.
function ready(figure) {
  for (const matrix of $$("g.matrix", figure)) {
    matrix.setAttribute("role", "grid");
    $$(".cell, .fold", matrix).forEach((cell, at) => {
      cell.setAttribute("role", "gridcell");
      if (at === 0) cell.setAttribute("tabindex", 0);
    });
  }
}
