"use strict";
// Holds the module, and passes requests on to it: `{ id, request, bytes }` is answered by `{ id, json, bytes }`. A trap, which is
// a mistake of ours, is answered by `{ id, trap }`; nothing is asked after it.

let exports;
let begun;

const write = (bytes, room) => {
  const at = room(bytes.length); // memory may grow, and have another buffer then
  new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
};
const read = (start, len) => new Uint8Array(exports.memory.buffer, start() >>> 0, len() >>> 0);

/// What the module imports: subwords have hash tables, whose seeds come from the browser. The rest belongs to glue that is not
/// here, and is never called.
function importsOf(module) {
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const seeds = (at, len) => void crypto.getRandomValues(new Uint8Array(exports.memory.buffer, at >>> 0, len >>> 0));
    const stub = () => {
      throw new Error(`the module called ${from}.${name}, which it should not need`);
    };
    (imports[from] ??= {})[name] = name.startsWith("__wbg_getRandomValues") ? seeds : stub;
  }
  return imports;
}

async function begin(bytes) {
  const module = await WebAssembly.compile(bytes);
  ({ exports } = await WebAssembly.instantiate(module, importsOf(module)));
  exports.begin();
}

onmessage = async ({ data: { module, id, request, bytes } }) => {
  if (module) {
    begun = begin(module);
    return;
  }
  try {
    await begun;
    write(new TextEncoder().encode(JSON.stringify(request)), exports.request_room);
    if (bytes) write(bytes, exports.bytes_room);
    exports.answer();
    const json = JSON.parse(new TextDecoder().decode(read(exports.json_start, exports.json_len)));
    const answered = read(exports.bytes_start, exports.bytes_len).slice();
    postMessage({ id, json, bytes: answered }, [answered.buffer]);
  } catch (trap) {
    const said = exports ? new TextDecoder().decode(read(exports.panic_start, exports.panic_len)) : "";
    postMessage({ id, trap: said || String(trap) });
  }
};
