"use strict";
// The card of a number: its account and the way back, as elements of the page.

/// More terms than this are folded.
const MAX_TERMS = 12;

function element(name, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

const paragraph = (className, ...children) => element("p", { className }, ...children);

/// What a number is called in the address of the page.
const addressOf = (pass, { path, index }) => `#${[path, ...index, pass.head.step].join("/")}`;

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

/// How well what was computed and what was recorded agree; `data-agrees` has to how many digits.
function agreement({ about: { digits } }, computed, recorded) {
  const [here, there] = [computed, recorded].map(Number.isNaN);
  if (here && there) return paragraph("result", "Not in this recording, nor all that it is made of.");
  if (there) return paragraph("result", `= ${digitsOf(computed)}. Not in this recording: it follows from what is.`);
  const missing = "What it is made of was not recorded at this step.";
  if (here) return paragraph("result", `recorded: ${digitsOf(recorded)}. ${missing}`);
  const difference = computed === recorded ? 0 : Math.abs(computed - recorded);
  const share = difference / Math.max(Math.abs(recorded), Number.MIN_VALUE);
  const same = share === 0 ? 7 : Math.max(0, Math.min(7, Math.floor(-Math.log10(2 * share))));
  const kept = digits ? `; the recording keeps ${digits} digits of each number` : "";
  const cancelled = "large terms cancel, and their rounding shows";
  const to = same ? `the same to ${same} ${same === 1 ? "digit" : "digits"}` : cancelled;
  const how = same === 7 ? "the same" : `${to}${kept}`;
  const result = paragraph("result", `computed here ${digitsOf(computed)}, recorded ${digitsOf(recorded)}: ${how}.`);
  result.dataset.agrees = same;
  return result;
}

/// What the card of a number says.
function cardOf(pass, reference) {
  const [account, back] = [pass.account(reference), pass.wayBack(reference)];
  const recorded = pass.recorded(reference);
  const gradient = pass.recorded({ ...(back.at ?? reference), gradient: true });
  const groups = (groups) => groups.map((group) => groupOf(pass, group));
  const says = ({ says }) => (says ? [paragraph("", says)] : []);
  const isParameter = pass.origins[reference.path].rule === "parameter";
  const ofParameter = Number.isNaN(recorded) ? "Not in this recording at this step." : `recorded: ${digitsOf(recorded)}`;
  return [
    paragraph("where", `${pass.place(reference)}, after step ${pass.head.step}`),
    ...(account.symbols ? [paragraph("symbols", account.symbols)] : []),
    ...says(account),
    ...groups(account.groups),
    isParameter ? paragraph("result", ofParameter) : agreement(pass, account.value, recorded),
    element("h3", {}, "The way back: the gradient of the loss here"),
    ...says(back),
    ...groups(back.groups),
    ...(back.groups.length > 1 ? [paragraph("ends", `all of them together = ${digitsOf(back.value)}`)] : []),
    ...(back.groups.length ? [agreement(pass, back.value, gradient)] : []),
  ];
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
  const names = range(cols).map((c) => (labels.cols.length === cols ? labels.cols[c] : c));
  const head = element("tr", {}, th("row", "col"), ...names.map((name) => th(name, "col")));
  const body = rows.map((r, at) =>
    element("tr", {}, th(labels.rows[r] ?? r, "row"), ...range(cols).map((c) => td(r, c, at + c === 0))),
  );
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  const frame = element("div", { className: "whole", tabIndex: 0 }, table);
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", `all numbers of ${path}`);
  return frame;
}
