// Runs the example `je_suis_etudiant`, compiled for wasm32-unknown-unknown, which ends with 0 if "je suis étudiant" became
// "i am a student".
import { readFile } from "node:fs/promises";

const module = await WebAssembly.compile(await readFile(process.argv[2]));
// Subwords, which the toy does without, bring imports of wasm-bindgen along. Nothing may call them here.
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  imports[from] ??= {};
  imports[from][name] = () => {
    throw new Error(`the toy should need nothing of its host, but called ${from}.${name}`);
  };
}
const { exports } = await WebAssembly.instantiate(module, imports);
const started = performance.now();
const code = exports.main(0, 0);
if (code !== 0) {
  throw new Error(`the toy ended with ${code}: it did not learn to translate`);
}
console.log(`the toy trained and translated in ${(performance.now() - started).toFixed(0)} ms`);
