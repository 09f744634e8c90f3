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
  const within = async (mode, work) => {
    const database = await open;
    if (!database) return undefined;
    return new Promise((resolve) => {
      const request = work(database.transaction("runs", mode).objectStore("runs"));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(undefined);
    });
  };
  return {
    put: (key, value) => within("readwrite", (runs) => runs.put(value, key)),
    get: (key) => within("readonly", (runs) => runs.get(key)),
  };
})();
