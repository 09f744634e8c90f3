"use strict";
// Cells are walked through by arrow keys; each matrix and each table is one stop of the tab key. Whole figures are passed
// by Page Down and Page Up.

const STOPS = ".cell, .fold, td[data-number]";
const gridOf = (stop) => stop.closest("g.matrix, table");

/// Makes this the one cell of its matrix at which the tab key stops.
function rove(stop) {
  $$('[tabindex="0"]', gridOf(stop)).forEach((other) => other.setAttribute("tabindex", -1));
  stop.setAttribute("tabindex", 0);
}

/// What the key leads to from here.
function walk(stop, key) {
  const rows = $$("[role=row], tr", gridOf(stop)).map((row) => $$(STOPS, row)).filter((row) => row.length);
  const r = rows.findIndex((row) => row.includes(stop));
  const c = rows[r].indexOf(stop);
  const [down, right] = {
    ...{ ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] },
    ...{ Home: [0, -c], End: [0, rows[r].length - 1 - c] },
  }[key];
  return rows[r + down]?.[c + right];
}

/// The first number in a figure, of what is seen of it.
const firstNumber = (within) => $$('.cell[tabindex="0"]', within).find((cell) => !cell.closest(".off"));

/// The first number of the next figure that has any, or of the one before.
function leap(stop, key) {
  const from = stop.closest("figure");
  const figures = $$("figure").filter((figure) => figure === from || firstNumber(figure));
  const next = figures[figures.indexOf(from) + (key === "PageDown" ? 1 : -1)];
  return from && next && firstNumber(next);
}
