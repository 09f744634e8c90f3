"use strict";
// The card of a number: its account and the way back, as elements of the page.

/// More terms than this are folded.
const MAX_TERMS = 12;

/// What a number is called in the address of the page: its path, its index, and the number of its pass.
const addressOf = (pass, { path, index }) => `#${[path, ...index, pass.at].join("/")}`;

/// What a number is called in `data-number`: the place of its pass, its path and its offset.
const keyOf = (pass, { path, index }) => `${pass.at}:${path}:${pass.offset(path, index)}`;

function referenceOf(passes, { dataset: { number } }) {
  const [at, path, offset] = number.split(":");
  return { pass: passes[at], path, index: passes[at].index(path, Number(offset)) };
}

/// A text, a number, or the link to a number's own card.
function partOf(pass, part) {
  if (typeof part === "string") return part;
  if (typeof part === "number") return digitsOf(part);
  const number = digitsOf(pass.number(part));
  const where = `${part.gradient ? "gradient at " : ""}${part.path}, ${pass.place(part)}`;
  const className = part.gradient ? "operand gradient" : "operand";
  const link = element("a", { href: addressOf(pass, part), className, title: where }, number);
  link.dataset.number = keyOf(pass, part);
  link.setAttribute("aria-label", `${number}: ${where}`);
  return link;
}

/// Terms, each with the sum so far.
function termsOf(pass, lines) {
  let sum = 0;
  const items = lines.map(({ parts, value }, at) => {
    sum += value;
    const item = element("li", { hidden: at >= MAX_TERMS }, ...parts.map((part) => partOf(pass, part)));
    if (parts.length > 1 || typeof parts[0] === "string") item.append(` = ${digitsOf(value)}`);
    if (lines.length > 1) item.append(" ", element("span", { className: "sum" }, `Σ ${digitsOf(sum)}`));
    return item;
  });
  const list = element("ol", {}, ...items);
  if (lines.length <= MAX_TERMS) return [list];
  const all = element("button", { type: "button", className: "all" }, `show all ${lines.length}`);
  all.onclick = () => {
    items.forEach((item) => (item.hidden = false));
    list.querySelector(`li:nth-child(${MAX_TERMS + 1}) a`)?.focus();
    all.remove();
  };
  return [list, all];
}

function groupOf(pass, { title, through, symbols, lines, ends }) {
  const group = element("div");
  const heading = through ? `through ${through}` : title;
  if (heading) group.append(paragraph("heading", heading));
  if (symbols) group.append(paragraph("symbols", symbols));
  if (lines.length) group.append(...termsOf(pass, lines));
  if (ends) group.append(paragraph("ends", ...ends.parts.map((part) => partOf(pass, part)), ` = ${digitsOf(ends.value)}`));
  return group;
}

/// How parameters come to be recorded.
const ASK = "To have them at every step, run the toy with --parameters; etudiant report and record take --parameters true.";

/// The numbers that an account is made of, as references.
const operandsOf = (groups) =>
  groups.flatMap(({ lines, ends }) => [...lines, ...(ends ? [ends] : [])].flatMap(({ parts }) => parts)).filter((part) => part.path);

/// Why it cannot be computed here, and what to do about it.
function whyMissing(pass, groups) {
  const missing = operandsOf(groups).filter((operand) => Number.isNaN(pass.number(operand)));
  const isParameter = ({ path, gradient }) => !gradient && pass.origins[path]?.rule === "parameter";
  if (!missing.some(isParameter)) return "What it is made of was not recorded at this step.";
  return `It is made of parameters, and these were not recorded at this step. ${ASK}`;
}

/// How well what was computed and what was recorded agree; `data-agrees` has to how many digits.
function agreement(pass, { value: computed, groups }, recorded) {
  const { digits } = pass.about;
  const [here, there] = [computed, recorded].map(Number.isNaN);
  if (here && there) return paragraph("result", `Not in this recording. ${whyMissing(pass, groups)}`);
  if (there) return paragraph("result", `= ${digitsOf(computed)}. Not in this recording: it follows from what is.`);
  if (here) return paragraph("result", `recorded: ${digitsOf(recorded)}. ${whyMissing(pass, groups)}`);
  const difference = computed === recorded ? 0 : Math.abs(computed - recorded);
  const share = difference / Math.max(Math.abs(recorded), Number.MIN_VALUE);
  const same = share === 0 ? 7 : Math.max(0, Math.min(7, Math.floor(-Math.log10(2 * share))));
  const kept = digits ? `; the recording keeps ${digits} digits of each number, and what is computed of rounded numbers is off by a little` : "";
  const to = same ? `they agree to ${same} ${same === 1 ? "digit" : "digits"}` : "large terms cancel, and their rounding shows";
  const how = same === 7 ? "they are the same" : `${to}${kept}`;
  const result = paragraph("result", `computed here ${digitsOf(computed)}, recorded ${digitsOf(recorded)}: ${how}.`);
  result.dataset.agrees = same;
  return result;
}

/// The name that stands over a matrix.
const nameIn = (matrix) => $(".name", matrix)?.textContent ?? "";

/// What the figure calls the matrix that shows a number, and where in it that stands.
function inFigure({ matrix, cell }) {
  const name = matrix && nameIn(matrix);
  if (!name) return [];
  const figure = $("figcaption strong", matrix.closest("figure"))?.textContent;
  const where = cell ? `: row ${cell.dataset.r}, column ${cell.dataset.c} there` : "";
  return [paragraph("where", `“${name}” in the figure “${figure}”${where}.`, ...turnedOf(matrix))];
}

/// Of a picture that has as columns what the array has as rows, that this is so.
function turnedOf({ dataset: { path, rows, row, col } }) {
  if (!path.endsWith(".weight") || rows < 2 || Number(row) >= Number(col)) return [];
  return [" The model keeps it as weight[out, in], as this card counts; the picture turns it, so that a row is what goes in."];
}

/// What the card of a number says; `picture` shows it.
function cardOf(pass, reference, picture) {
  const [account, back] = [pass.account(reference), pass.wayBack(reference)];
  const recorded = pass.recorded(reference);
  const gradient = pass.recorded({ ...(back.at ?? reference), gradient: true });
  const groups = (groups) => groups.map((group) => groupOf(pass, group));
  const says = ({ says }) => (says ? [paragraph("", says)] : []);
  const isParameter = pass.origins[reference.path].rule === "parameter";
  const ofParameter = Number.isNaN(recorded) ? `Parameters were not recorded at this step. ${ASK}` : `recorded: ${digitsOf(recorded)}`;
  return [
    paragraph("where", `${pass.place(reference)}, after step ${pass.head.step}`),
    ...inFigure(picture),
    ...(account.symbols ? [paragraph("symbols", account.symbols)] : []),
    ...says(account),
    ...groups(account.groups),
    isParameter ? paragraph("result", ofParameter) : agreement(pass, account, recorded),
    element("h3", {}, "The way back: the gradient of the loss here"),
    ...says(back),
    ...groups(back.groups),
    ...(back.groups.length > 1 ? [paragraph("ends", `all of them together = ${digitsOf(back.value)}`)] : []),
    ...(back.groups.length ? [agreement(pass, back, gradient)] : []),
  ];
}

/// A table holds at most so many numbers, or one row.
const MAX_NUMBERS = 4000;

/// The rows of the page of a matrix on which a row stands.
function pageOf({ rows, cols }, row) {
  const perPage = Math.max(Math.floor(MAX_NUMBERS / cols), 1);
  const first = Math.floor(row / perPage) * perPage;
  return range(Math.min(perPage, rows - first)).map((at) => first + at);
}

/// Where in the matrix the page is, and the ways to those before and after.
function pagesOf(place, rows, turn) {
  const [first, last] = [rows[0], rows.at(-1)];
  const button = (className, text, row) => {
    const onclick = () => turn(row, className);
    return element("button", { type: "button", className: `turn ${className}`, disabled: row < 0 || row >= place.rows, onclick }, text);
  };
  const now = ` rows ${first} to ${last} of ${place.rows} `;
  return element("p", { className: "pages" }, button("earlier", "‹ previous rows", first - 1), now, button("later", "next rows ›", last + 1));
}

/// The words beside the rows and above the columns of a matrix, by their numbers; of folded ones there are none.
function headsOf(matrix) {
  const [rows, cols] = [new Map(), new Map()];
  for (const label of $$(".beside", matrix)) rows.set(Number($(".cell", label.parentNode)?.dataset.r), label.textContent);
  for (const label of $$(".label[data-c]", matrix)) cols.set(Number(label.dataset.c), label.textContent);
  return { rows, cols };
}

/// All numbers of a matrix, or these rows of it, as a table in a frame that scrolls.
function tableOf(data, { pass, path, offset, rows, cols }, labels) {
  const th = (text, scope) => element("th", { scope }, String(text));
  const td = (r, c, isFirst) => {
    const number = data?.[offset(r, c)];
    const text = number === undefined ? "–" : number === -Infinity ? "masked" : digitsOf(number);
    const cell = element("td", { tabIndex: isFirst ? 0 : -1 }, text);
    cell.dataset.number = `${pass.at}:${path}:${offset(r, c)}`;
    return cell;
  };
  const names = range(cols).map((c) => labels.cols.get(c) ?? c);
  const head = element("tr", {}, th("row", "col"), ...names.map((name) => th(name, "col")));
  const body = rows.map((r, at) =>
    element("tr", {}, th(labels.rows.get(r) ?? r, "row"), ...range(cols).map((c) => td(r, c, at + c === 0))),
  );
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  const frame = element("div", { className: "whole", tabIndex: 0 }, table);
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", `all numbers of ${path}`);
  return frame;
}
