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

/// An element of a drawing.
function drawn(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  return made;
}
