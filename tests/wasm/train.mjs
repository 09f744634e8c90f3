// Trains the article's sentences in the module of the live page, and holds it to what the native program computed: the losses
// of every step to one part in ten thousand, the translation, and how much memory a long run takes. Opens a model of subwords. Says
// how fast it was.
import { readFile } from "node:fs/promises";

const TOLERANCE = 1e-4; // of the loss: WebAssembly has no fused multiply-add, which rounds once where this rounds twice

const MAX_GROWTH = 24e6; // bytes, of 3000 steps after the first 1000: the module's memory never shrinks, so what leaks shows

const [wasm, expected, subwords] = process.argv.slice(2);
const module = await WebAssembly.compile(await readFile(wasm));
const imports = {};
// Subwords bring imports of wasm-bindgen along. Of these only the seeds of hash tables are called, as in worker.js.
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  const seeds = (at, len) => void crypto.getRandomValues(new Uint8Array(exports.memory.buffer, at >>> 0, len >>> 0));
  const stub = () => {
    throw new Error(`the module should need nothing of its host, but called ${from}.${name}`);
  };
  (imports[from] ??= {})[name] = name.startsWith("__wbg_getRandomValues") ? seeds : stub;
}
const { exports } = await WebAssembly.instantiate(module, imports);
exports.begin();

const bytesAt = (start, len) => new Uint8Array(exports.memory.buffer, start() >>> 0, len() >>> 0);
function write(bytes, room) {
  const at = room(bytes.length); // memory may grow, and have another buffer then
  new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
}
function ask(request, bytes) {
  write(new TextEncoder().encode(JSON.stringify(request)), exports.request_room);
  if (bytes) write(bytes, exports.bytes_room);
  exports.answer();
  const answer = JSON.parse(new TextDecoder().decode(bytesAt(exports.json_start, exports.json_len)));
  if (answer.error) throw new Error(`${JSON.stringify(request)}: ${answer.error}`);
  return answer;
}

ask({ ask: "begin", settings: {} }); // what is not said is as the page begins with
const native = JSON.parse(await readFile(expected, "utf8"));
const { losses } = ask({ ask: "train", steps: native.length });
losses.forEach(([, loss], at) => {
  const far = Math.abs(loss - native[at]) / native[at];
  if (!(far < TOLERANCE)) throw new Error(`step ${at + 1}: the loss is ${loss}, natively ${native[at]}`);
});
const farthest = Math.max(...losses.map(([, loss], at) => Math.abs(loss - native[at]) / native[at]));
const { learned } = ask({ ask: "try" });
if (learned.join("|") !== "thanks|i am a student") throw new Error(`it says ${learned.join(", ")}`);

const time = (work, times) => {
  const took = [];
  for (let at = 0; at < times; at++) {
    const began = performance.now();
    work();
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b)[Math.floor(times / 2)];
};
const step = time(() => ask({ ask: "train", steps: 16 }), 15) / 16;
let now = native.length + 15 * 16;
const moment = time(() => {
  ask({ ask: "train", steps: 1 });
  ask({ ask: "view", step: ++now, figures: [], held: [] });
}, 15);

/// The run goes on to that step, with moments that are looked at, as the page does.
function trainTo(last) {
  for (; now < last; now += 10) {
    const { step } = ask({ ask: "train", steps: 10 });
    ask({ ask: "view", step, figures: ["loss"], held: [] });
  }
  return exports.memory.buffer.byteLength;
}
const memory = trainTo(1000);
const grown = trainTo(4000) - memory;
if (grown > MAX_GROWTH) throw new Error(`from step 1000 to 4000 memory grew by ${(grown / 1e6).toFixed(0)} MB`);

// A model of subwords opens and explains; what it says, native tests hold.
ask({ ask: "open", name: "subwords.safetensors" }, await readFile(subwords));
const { said, unknown } = ask({ ask: "show", line: "je suis étudiant" });
if (typeof said !== "string" || unknown !== 0) throw new Error(`of subwords it says ${said}, ${unknown} unknown`);
const { drawn } = ask({ ask: "view", step: 0, held: [] });
if (!drawn.html.includes("self-attention")) throw new Error("the model of subwords has no figure of self-attention");

console.log(`the losses of ${native.length} steps differ from the native ones by ${farthest.toExponential(1)} at most`);
console.log(`a step ${step.toFixed(2)} ms (${(1000 / step).toFixed(0)} a second), one that is looked at ${moment.toFixed(1)} ms`);
console.log(`memory ${(memory / 1e6).toFixed(0)} MB after 1000 steps, after 3000 more ${(grown / 1e6).toFixed(0)} MB more`);
