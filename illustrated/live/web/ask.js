"use strict";
// Asks the module, which a worker holds: the page never waits for it.

async function unpackedBytes(selector) {
  const packed = Uint8Array.from(atob($(selector).textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/// Begins the worker. Returns what asks it: a request is answered by `{ json, bytes }`; what cannot be done is an error
/// whose message is for people.
async function beginWorker() {
  const source = new Blob([$("#worker").textContent], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(source));
  const waiting = new Map();
  let [next, broken] = [0, null];
  const ended = (what) => new Error(`This should not have happened, and the run has ended: ${what}. Load the page again.`);
  worker.onmessage = ({ data: { id, json, bytes, trap } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (trap) reject(ended(trap));
    else if (json.error) reject(Object.assign(new Error(json.error), { good: json.good }));
    else resolve({ json, bytes });
  };
  worker.onerror = ({ message }) => {
    broken = ended(message);
    waiting.forEach(({ reject }) => reject(broken));
    waiting.clear();
  };
  const module = await unpackedBytes("#module");
  worker.postMessage({ module }, [module]);
  return (request, bytes) =>
    new Promise((resolve, reject) => {
      if (broken) return reject(broken);
      waiting.set(next, { resolve, reject });
      worker.postMessage({ id: next++, request, bytes });
    });
}
