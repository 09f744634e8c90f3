"use strict";
// Files to take away: each figure, and the recording.

function save(text, type, name) {
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function saveFigure(figure, svg) {
  const copy = svg.cloneNode(true);
  const marks = ["pointed", "opened", "of-opened"];
  $$(".cell", copy).forEach((cell) => cell.classList.remove(...marks));
  $$(".off", copy).forEach((part) => part.remove());
  const style = drawn("style", {});
  style.textContent = $("#figure-style").textContent;
  addNotes(copy, $$(".notes li:not(.off)", figure));
  copy.prepend(style, drawn("rect", { class: "paper", width: "100%", height: "100%" }));
  save(new XMLSerializer().serializeToString(copy), "image/svg+xml", `${figure.id}.svg`);
}

/// Puts what is said under a drawing into it.
function addNotes(svg, notes) {
  const [width, height] = ["width", "height"].map((name) => Number(svg.getAttribute(name)));
  const lines = notes.map(({ textContent }, at) => {
    const line = drawn("text", { class: "note", x: 4, y: height + 18 * at + 12 });
    line.textContent = textContent;
    return line;
  });
  const size = { width: Math.max(width, ...lines.map((line) => 7.2 * line.textContent.length)), height: height + 18 * lines.length };
  svg.append(...lines);
  Object.entries({ ...size, viewBox: `0 0 ${size.width} ${size.height}` }).forEach(([name, value]) => svg.setAttribute(name, value));
}

/// Puts what saves a figure under it.
function offerFile(figure) {
  const svg = $("svg", figure);
  if (!svg) return;
  const onclick = () => saveFigure(figure, svg);
  const button = element("button", { type: "button", className: "save", onclick }, "Save as SVG");
  button.setAttribute("aria-label", `Save as SVG: ${$("figcaption strong", figure)?.textContent ?? figure.id}`);
  figure.append(button);
}

/// Under each figure what saves it, and the recording at the foot of the page.
function offerFiles(json) {
  $$("figure").forEach(offerFile);
  const href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
  const download = element("a", { href, download: "recording.json" }, "Download the recording");
  const foot = $("#download") ?? $("main").appendChild(element("p", { id: "download" }));
  foot.append(" ", download, ": every number of this page, as JSON.");
}
