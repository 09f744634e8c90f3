"use strict";
// A page whose recording stands in it, and does not change.

(async () => {
  async function unpacked(selector) {
    const bytes = Uint8Array.from(atob($(selector).textContent), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  }
  const json = await unpacked("#recording");
  const passes = passesOf(JSON.parse(json), JSON.parse($("#origins").textContent));
  const captions = JSON.parse(await unpacked("#captions"));
  const parts = JSON.parse(await unpacked("#parts"));
  for (const group of $$("[data-part]")) group.innerHTML = parts[group.dataset.part];
  offerFiles(json);
  openPage({ passes, captions });
})();
