// Trains the article's sentences in the module of the live page, and holds it to what the native program computed: the losses
// of every step to one part in ten thousand, and the translation. Says how fast it was.
import { readFile } from "node:fs/promises";

const TOLERANCE = 1e-4; // of the loss: WebAssembly has no fused multiply-add, which rounds once where this rounds twice

const [wasm, expected] = process.argv.slice(2);
const module = await WebAssembly.compile(await readFile(wasm));
const imports = {};
// Subwords, which the toy does without, bring imports of wasm-bindgen along. Nothing may call them here.
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  imports[from] ??= {};
  imports[from][name] = () => {
    throw new Error(`the module should need nothing of its host, but called ${from}.${name}`);
  };
}
const { exports } = await WebAssembly.instantiate(module, imports);
exports.begin();

const bytesAt = (start, len) => new Uint8Array(exports.memory.buffer, start() >>> 0, len());
function ask(request) {
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  const room = exports.request_room(bytes.length); // memory may grow, and have another buffer then
  new Uint8Array(exports.memory.buffer, room, bytes.length).set(bytes);
  exports.answer();
  const answer = JSON.parse(new TextDecoder().decode(bytesAt(exports.json_start, exports.json_len)));
  if (answer.error) throw new Error(`${JSON.stringify(request)}: ${answer.error}`);
  return answer;
}

const { settings } = ask({ ask: "defaults" });
ask({ ask: "begin", settings });
const native = JSON.parse(await readFile(expected, "utf8"));
const { losses } = ask({ ask: "train", steps: native.length, record: true });
losses.forEach(([loss], at) => {
  const far = Math.abs(loss - native[at]) / native[at];
  if (!(far < TOLERANCE)) throw new Error(`step ${at + 1}: the loss is ${loss}, natively ${native[at]}`);
});
const farthest = Math.max(...losses.map(([loss], at) => Math.abs(loss - native[at]) / native[at]));
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
const step = time(() => ask({ ask: "train", steps: 16, record: false }), 15) / 16;
const moment = time(() => ask({ ask: "train", steps: 1, record: true }), 15);
const memory = exports.memory.buffer.byteLength;
ask({ ask: "train", steps: 2000, record: true });
const grown = exports.memory.buffer.byteLength - memory;
console.log(`the losses of ${native.length} steps differ from the native ones by ${farthest.toExponential(1)} at most`);
console.log(`a step ${step.toFixed(2)} ms (${(1000 / step).toFixed(0)} a second), with all its numbers recorded ${moment.toFixed(1)} ms`);
console.log(`memory ${(memory / 1e6).toFixed(0)} MB, after 2000 steps more ${(grown / 1e6).toFixed(0)} MB more`);
