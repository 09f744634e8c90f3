"use strict";
// Any value and any gradient, by its name: boxes of pixels, each of which can be opened.

/// So many boxes are shown at most, and so many numbers of each.
const [MAX_BOXES, MAX_PIXELS] = [24, 16384];

const sizes = (shape) => shape.join(" × ");

/// The paths that a query names: every word of it is somewhere in the path, `*` stands for anything.
function named(paths, query) {
  const words = query.trim().split(/\s+/).filter(Boolean);
  const patterns = words.map((word) => new RegExp(word.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")));
  return words.length ? paths.filter((path) => patterns.every((pattern) => pattern.test(path))) : [];
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const ruler = element("span", { hidden: true });
  document.body.append(ruler);
  const rgb = (name) => {
    ruler.style.color = style.getPropertyValue(name);
    return getComputedStyle(ruler).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  };
  const found = { paper: rgb("--paper"), positive: rgb("--positive"), negative: rgb("--negative") };
  ruler.remove();
  return found;
}

/// Paints numbers, a pixel each, the last axis from left to right.
function paint(canvas, data, shape, { paper, positive, negative }) {
  const width = Math.min(shape.at(-1) ?? 1, MAX_PIXELS);
  const height = Math.max(1, Math.min(Math.floor(data.length / width), Math.floor(MAX_PIXELS / width)));
  Object.assign(canvas, { width, height });
  let max = Number.MIN_VALUE;
  for (const number of data) if (Math.abs(number) > max && Number.isFinite(number)) max = Math.abs(number);
  const image = new ImageData(width, height);
  for (let at = 0; at < width * height; at++) {
    const number = data[at];
    const share = Number.isFinite(number) ? Math.min(Math.abs(number) / max, 1) ** 0.8 : 0;
    const full = number < 0 ? negative : positive;
    for (let c = 0; c < 3; c++) image.data[4 * at + c] = paper[c] + (full[c] - paper[c]) * share;
    image.data[4 * at + 3] = Number.isFinite(number) ? 255 : 60;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return max;
}

/// Of an array whose first axis are heads, a line between one and the next.
function headLines(shape, { height }) {
  if (shape.length !== 3) return [];
  const rows = shape[1];
  const tops = Array.from({ length: Math.ceil(height / rows) - 1 }, (_, at) => (100 * (at + 1) * rows) / height);
  return tops.map((top) => {
    const line = element("span", { className: "head-line" });
    line.style.top = `${top}%`;
    return line;
  });
}

/// The boxes of a query; none before there is a pass. `open` is told of the number that was clicked.
function showValues(list, pass, query, open) {
  if (!pass) {
    list.replaceChildren();
    return { found: 0, all: 0 };
  }
  const all = [...pass.values.keys()].filter((path) => !path.startsWith("outputs."));
  const found = named(all, query);
  const palette = found.length ? colours() : undefined;
  const boxes = found.slice(0, MAX_BOXES).flatMap((path) =>
    [["value", pass.values], ["gradient", pass.gradients]].flatMap(([kind, arrays]) => {
      const array = arrays.get(path);
      if (!array) return [];
      const canvas = element("canvas", { tabIndex: 0 });
      const max = paint(canvas, array.data, array.shape, palette);
      const says = `${kind} of ${path}, ${sizes(array.shape)}, up to ±${max.toPrecision(3)}`;
      canvas.setAttribute("role", "button");
      canvas.setAttribute("aria-label", `${says}: open its first number`);
      const at = ({ offsetX, offsetY }) =>
        Math.floor((offsetY / canvas.clientHeight) * canvas.height) * canvas.width +
        Math.floor((offsetX / canvas.clientWidth) * canvas.width);
      const reference = (offset) => ({ pass, path, index: pass.index(path, Math.min(offset, array.data.length - 1)) });
      canvas.onclick = (event) => open(reference(at(event)), canvas);
      canvas.onkeydown = (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault(); // Space would scroll
        open(reference(0), canvas);
      };
      const number = element("output");
      canvas.onpointermove = (event) => {
        const offset = Math.min(at(event), array.data.length - 1);
        number.textContent = ` ${pass.place(reference(offset))}: ${digitsOf(array.data[offset])}`;
      };
      canvas.style.aspectRatio = `${canvas.width} / ${canvas.height}`;
      canvas.style.width = `${Math.min(canvas.width * Math.max(2, Math.min(12, 480 / canvas.width)), 960)}px`;
      const box = element("div", { className: "box" }, canvas, ...headLines(array.shape, canvas));
      return [element("li", {}, element("div", {}, says, number), box)];
    }),
  );
  list.replaceChildren(...boxes);
  return { found: found.length, all: all.length };
}
