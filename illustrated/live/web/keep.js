"use strict";
// A run survives a reload: the browser keeps it. Where it may not, the page works all the same.

const kept = (() => {
  const open = new Promise((resolve) => {
    try {
      const opening = indexedDB.open("etudiant live", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("runs");
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  /// What the work gives, once all of it is done for good: what is written may still be refused at the end, for want of room.
  /// If it is not done, undefined.
  const within = async (mode, work) => {
    const database = await open;
    if (!database) return undefined;
    return new Promise((resolve) => {
      try {
        const transaction = database.transaction("runs", mode);
        const request = work(transaction.objectStore("runs"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => resolve(undefined);
      } catch {
        resolve(undefined); // the browser has closed it
      }
    });
  };
  return {
    put: (key, value) => within("readwrite", (runs) => runs.put(value, key)),
    drop: (key) => within("readwrite", (runs) => runs.delete(key)),
    get: (key) => within("readonly", (runs) => runs.get(key)),
    keys: () => within("readonly", (runs) => runs.getAllKeys()),
  };
})();

/// Moments are kept beside the run that is called so: those that are not yet, each once; others go. Whether all are.
async function keepMoments(id, steps, bytesOf) {
  const keys = new Map(steps.map((step) => [`${id}/${step}`, step]));
  const there = (await kept.keys()) ?? [];
  for (const key of there) if (key !== "last" && !keys.has(key)) await kept.drop(key);
  for (const [key, step] of keys) if (!there.includes(key) && !(await kept.put(key, await bytesOf(step)))) return false;
  return true;
}

/// The moments that are kept beside a run.
async function momentsKept(id) {
  const there = ((await kept.keys()) ?? []).filter((key) => key.startsWith(`${id}/`));
  return (await Promise.all(there.map((key) => kept.get(key)))).filter(Boolean);
}

/// The browser keeps the run, if it can: a run goes on without that. Its moments are kept when it rests, for they are large.
/// Says what was kept.
async function keepRun(ask, { id, runs, answers, settings }, isAtRest) {
  const { json, bytes } = await ask({ ask: "keep" });
  const isKept = await kept.put("last", { id, bytes, runs, answers: [...answers.rows], settings: JSON.stringify(settings) });
  if (!isKept) return "";
  const bytesOf = (step) => ask({ ask: "keep_moment", step }).then(({ bytes }) => bytes);
  return isAtRest && !(await keepMoments(id, json.moments, bytesOf)) ? "kept without its moments" : "kept";
}

/// What a run that was kept has of its moments beside the first and the last, after a reload.
function saysOfMoments({ step, moments }) {
  const count = Math.max(moments.length - 2, 0);
  if (!step) return "";
  if (!count) return " No moment between its beginning and now was kept.";
  return ` ${count} ${count === 1 ? "moment" : "moments"} between its beginning and now can be gone back to.`;
}
