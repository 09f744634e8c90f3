"use strict";
// How a number is drawn in its cell, as look/number.rs and look/cell.rs draw it.

const readsAsNothing = (text) => /^[0.]*$/.test(text);

function short(number) {
  const size = Math.abs(number);
  const decimals = size < Math.fround(99.995) ? 2 : size < Math.fround(999.95) ? 1 : 0;
  const scaled = size * 10 ** decimals;
  const whole = Math.floor(scaled);
  const isTie = scaled - whole === 0.5; // it goes to the even digit
  const text = (isTie ? (whole + (whole % 2)) / 10 ** decimals : size).toFixed(decimals);
  return number < 0 && !readsAsNothing(text) ? `-${text}` : text;
}

/// A gradient is mostly small: what `short` would show as nothing has its first digit and a power of ten.
const small = (number) => (number !== 0 && Math.abs(number) < Math.fround(0.0095) ? number.toExponential(0) : short(number));

/// How much of the colour, in percent: none of what reads as nothing.
function strength(number, text, max, isShare) {
  const share = Math.abs(number) / Math.max(max, Number.MIN_VALUE);
  const isSeen = Number.isFinite(share) && !readsAsNothing(text);
  return isSeen ? 100 * Math.min(share, 1) ** (isShare ? 0.7 : 0.8) : 0;
}

/// Draws a number, and the bar of its gradient; `scales` says which of both is the number, whether it is
/// one of the small ones, and what is largest.
function drawCell(cell, value, gradient, { asGradient, isSmall, isShare, max, maxGradient, hasBars }) {
  const number = asGradient ? gradient : value;
  const missing = number === undefined;
  const masked = value !== undefined && (number === -Infinity || "masked" in cell.dataset);
  const text = masked ? "masked" : missing ? "–" : isSmall ? small(number) : short(number);
  const sign = masked ? "masked" : missing ? "missing" : isShare ? "share" : text.startsWith("-") ? "negative" : "positive";
  if (!cell.classList.contains(sign)) {
    cell.classList.remove("missing", "masked", "share", "negative", "positive");
    cell.classList.add(sign);
  }
  set(cell.style.getPropertyValue("--v"), missing ? "0" : strength(number, text, max, isShare).toFixed(0), (v) => cell.style.setProperty("--v", v));
  const shown = $("text", cell);
  set(shown.textContent, text, (text) => (shown.textContent = text));
  const bar = $(".bar", cell);
  if (!hasBars || !gradient || masked) return bar?.remove();
  const length = Math.max((38 * Math.abs(gradient)) / Math.max(maxGradient, Number.MIN_VALUE), 1);
  const x = ((46 - length) / 2).toFixed(1);
  const way = gradient < 0 ? "up" : "down";
  const attributes = { class: `bar ${way}`, x, y: 23, width: length.toFixed(1), height: 3, rx: 1.5 };
  if (!bar) return void cell.append(drawn("rect", attributes));
  for (const name of ["class", "x", "width"]) set(bar.getAttribute(name), attributes[name], (to) => bar.setAttribute(name, to));
}

/// What is as it should be is left alone: the browser would lay it out again.
function set(is, to, change) {
  if (is !== to) change(to);
}

const ruler = document.createElement("canvas").getContext("2d");

/// A word, cut where it would be wider than the column that it stands above.
function fitted(word, room = 46) {
  ruler.font = "12px system-ui, sans-serif";
  const isTooWide = (text) => ruler.measureText(text).width > room;
  if (!isTooWide(word)) return word;
  const kept = [...word];
  while (kept.length && isTooWide(`${kept.join("")}…`)) kept.pop();
  return `${kept.join("")}…`;
}
