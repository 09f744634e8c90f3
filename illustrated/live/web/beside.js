"use strict";
// A run beside this one, in a frame: the same page with one thing changed, which does what this one does.

/// Whether this page is one beside another: whoever opened it wrote so into it.
const isBeside = "beside" in document.documentElement.dataset;

class Beside {
  constructor(source) {
    Object.assign(this, { source, frame: $("#beside"), isReady: false });
    addEventListener("message", ({ data, source }) => {
      if (source !== this.frame.contentWindow) return;
      if (data.ready) this.ready?.();
      if (data.done) this.done?.();
      if (data.progress) $("#beside-says").textContent = `With ${$("#change").value}: ${data.progress}`;
    });
  }

  /// Opens it, or, without a change, closes it.
  async open(change) {
    this.isReady = false;
    this.frame.hidden = !change;
    document.documentElement.classList.toggle("with-beside", Boolean(change));
    $("#beside-says").textContent = "";
    URL.revokeObjectURL(this.frame.src);
    this.frame.removeAttribute("src");
    if (!change) return;
    this.frame.title = `the same run with ${change}`;
    const page = this.source.replace("<html ", "<html data-beside ");
    await new Promise((resolve) => {
      this.ready = resolve;
      this.frame.src = URL.createObjectURL(new Blob(["<!DOCTYPE html>", page], { type: "text/html" }));
    });
    this.isReady = true;
  }

  /// Where two pages stand side by side, the other scrolls along.
  follow() {
    const isBeside = this.isReady && matchMedia("(min-width: 1100px)").matches;
    if (isBeside) this.frame.contentWindow.postMessage({ place: placeSeen($("#chapters figure")) }, "*");
  }

  /// Tells it what to do, and waits until it has.
  async tell(message) {
    if (!this.isReady) return;
    await new Promise((resolve) => {
      this.done = resolve;
      this.frame.contentWindow.postMessage(message, "*");
    });
  }
}

/// What the run beside is told, it does, and says that it has.
function obey({ doing, begin, train, takeBack, settle, show, moments }) {
  addEventListener("message", ({ data, source }) => {
    if (source !== window.parent) return;
    if (data.place) return goToPlace(data.place); // nobody waits for it
    doing(async () => {
      if (data.settings) await begin(data.settings);
      if (data.train) await train(data.train).then(() => moments.look());
      if (data.back !== undefined) {
        moments.goTo(data.back);
        await takeBack(data.back);
        await settle();
      }
      if (data.line !== undefined) await show(data.line);
      if (data.settle) await settle();
    })().then(() => window.parent.postMessage({ done: true }, "*"));
  });
  window.parent.postMessage({ ready: true }, "*");
}
