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
  };
})();
