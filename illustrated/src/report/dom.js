"use strict";
// Elements of the page: how they are found and made.

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

function element(name, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

const paragraph = (className, ...children) => element("p", { className }, ...children);

/// Does what changes how high the page is above what is read, and leaves that where it stands.
function inPlace(change) {
  const top = $("#controls")?.getBoundingClientRect().bottom ?? 0;
  const read = $$("section > *").find((one) => one.getBoundingClientRect().bottom > top);
  const before = read?.getBoundingClientRect().top;
  change();
  if (read?.isConnected) scrollBy(0, read.getBoundingClientRect().top - before);
}

/// An element of a drawing.
function drawn(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  return made;
}
