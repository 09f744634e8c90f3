"use strict";
// The page in which a Transformer trains: what can be pressed, and what follows. `moments.js` shows what is seen of it.

(async () => {
  /// While it runs, so long goes into training between two looks at the figures, in ms.
  const SLICE = 60;
  /// Answers are asked for, and the run is kept, so often at most, in ms.
  const [ANSWERED, KEPT] = [500, 3000];
  /// So many losses of a run are remembered here.
  const MAX_LOSSES = 4096;

  const form = $("#settings");
  const live = { settings: null, defaults: null, runs: [], answers: null, isRunning: false, isModel: false, steps: 1 };
  const source = document.documentElement.outerHTML;

  function say(text, isProblem = false) {
    $("#says").textContent = text;
    $("#says").classList.toggle("problem", isProblem);
  }

  // All that is done is done one after the other; a problem is told, and what comes after it is done all the same.

  let last = Promise.resolve();
  const doing = (work) => (event) => {
    event?.preventDefault?.();
    last = last.then(() => work(event)).catch((problem) => {
      live.isRunning = false;
      showControls();
      say(problem.message, true);
    });
    return last;
  };

  showSettings(form, (live.defaults = JSON.parse($("#defaults").textContent)));
  const ask = await beginWorker();
  const moments = new Moments(ask, { doing, moved: showControls });
  const beside = new Beside(source);
  const run = () => live.runs.at(-1);

  // A run.

  async function begin(settings) {
    live.isRunning = false;
    const { json } = await ask({ ask: "begin", settings });
    await begun(json);
    say("Ready. Start, or take one step at a time.");
  }

  async function begun({ settings, step, shown, moments: steps, losses }) {
    const name = differences(settings, live.defaults);
    Object.assign(live, { settings, isModel: false, answers: new Answers(), steps: 1 });
    live.runs = [...live.runs, { settings, name, step, losses }].slice(-20);
    showSettings(form, settings);
    $("#sentence").value = shown;
    $("#reference").hidden = true;
    if (!isBeside) history.replaceState(null, "", name ? linkOf(settings) : location.href.split("#")[0]);
    if (beside.isReady) await beside.tell({ settings: changed(settings, $("#change").value) });
    moments.end();
    moments.set(steps);
    await settle();
  }

  async function train(steps) {
    const { json } = await ask({ ask: "train", steps });
    run().step = json.step;
    run().losses = thinLosses([...run().losses, ...json.losses], MAX_LOSSES);
    moments.set(json.moments);
    showControls();
    await beside.tell({ train: steps });
  }

  /// All that waits while it runs.
  async function settle() {
    await answer();
    await moments.chapters();
    showTables();
    showControls();
    await keep();
  }

  /// Trains until told to stop. Between two slices the page draws, and answers whoever presses something.
  async function start() {
    const mine = (live.run = {});
    const due = { answered: 0, kept: performance.now() + KEPT };
    live.isRunning = true;
    showControls();
    say("");
    $("#pause").focus();
    while (live.isRunning && live.run === mine) {
      await doing(async () => {
        const began = performance.now();
        if (!live.isRunning) return;
        await train(live.steps);
        const took = performance.now() - began;
        live.steps = Math.max(1, Math.min(512, Math.round(live.steps * Math.min(2, SLICE / took))));
        await moments.look();
        if (performance.now() > due.answered) {
          await answer();
          showTables();
          due.answered = performance.now() + ANSWERED;
        }
        if (performance.now() > due.kept) {
          await keep();
          due.kept = performance.now() + KEPT;
        }
      })();
      await new Promise(requestAnimationFrame);
    }
  }

  async function pause() {
    live.isRunning = false;
    showControls();
    await doing(settle)();
    await doing(() => beside.tell({ settle: true }))();
  }

  async function answer() {
    const { json } = await ask({ ask: "try" });
    const { pairs, tried } = live.settings;
    live.answers.add(json.step, pairs.map(([src]) => src), json.learned);
    live.answers.add(json.step, tried, json.tried);
    $("#said").textContent = `→ ${cutAnswer(json.shown)}`;
    const right = json.learned.filter((said, at) => said === json.wanted[at]).length;
    live.wanted = new Map(pairs.map(([src], at) => [src, json.wanted[at]]));
    $("#learned").textContent = `${right} of ${pairs.length} learned`;
  }

  /// The browser keeps the run, if it can: a run goes on without that.
  async function keep() {
    if (isBeside) return;
    $("#kept").textContent = "";
    const { bytes } = await ask({ ask: "keep" });
    const isKept = await kept.put("last", { bytes, settings: JSON.stringify(live.settings), runs: live.runs }).catch(() => undefined);
    $("#kept").textContent = isKept ? "kept" : "";
  }

  // What is shown of it.

  function showControls() {
    const isRun = live.runs.length > 0 && !live.isModel;
    const hadFocus = document.activeElement === $("#pause");
    $("#start").hidden = live.isRunning;
    $("#pause").hidden = !live.isRunning;
    [$("#start"), $("#step")].forEach((button) => (button.disabled = !isRun || live.isRunning));
    if (hadFocus && !live.isRunning) $("#start").focus();
    $("#back").disabled = !isRun || live.isRunning || moments.isAtEnd();
    [$("#save"), $("#link")].forEach((button) => (button.disabled = !isRun));
    $("#again").disabled = !live.settings;
    if (!isRun) return;
    const progress = `step ${run().step}, loss ${run().losses.at(-1)?.[1].toFixed(3) ?? "not yet known"}`;
    $("#progress").textContent = progress;
    if (isBeside) window.parent.postMessage({ progress }, "*");
  }

  function showTables() {
    live.answers.show($("#answers tbody"), live.wanted);
    showRuns($("#runs tbody"), live.runs, (settings) => showSettings(form, settings));
  }

  // What readers do.

  const press = (selector, work) => ($(selector).onclick = doing(work));
  $("#start").onclick = () => live.isRunning || start();
  $("#pause").onclick = pause;
  press("#step", async () => {
    if (live.isRunning) return;
    await train(1);
    await settle();
    say("");
    await beside.tell({ settle: true });
  });
  press("#back", async () => {
    const step = moments.step();
    const { json } = await ask({ ask: "back", step });
    Object.assign(run(), { step, losses: run().losses.filter(([taken]) => taken <= step) });
    live.answers.back(step);
    moments.set(json.moments);
    await beside.tell({ back: step });
    await settle();
    say(`Back after step ${step}. From here the run goes on as it did before.`);
  });
  press("#again", () => begin(settingsOf(form, live.settings)));
  press("#save", async () => {
    const { bytes } = await ask({ ask: "save" });
    save(bytes, "application/octet-stream", "model.safetensors");
    say("Saved. `etudiant translate --model model.safetensors` takes it, and so does this page.");
  });
  press("#link", async () => {
    history.replaceState(null, "", linkOf(live.settings));
    await navigator.clipboard?.writeText(location.href).catch(() => undefined);
    say("The address of this page now holds these settings, and was copied if the browser allows it.");
  });
  press("#recording", async () => {
    const { bytes } = await ask({ ask: "recording", step: moments.step() });
    save(bytes, "application/json", "recording.json");
  });
  form.onsubmit = doing(() => begin(settingsOf(form, live.settings ?? live.defaults)));

  async function show(line, reference) {
    const { json } = await ask({ ask: "show", line, ...(live.isModel && reference ? { reference } : {}) });
    moments.forget();
    if (live.isModel) {
      $("#said").textContent = `→ ${cutAnswer(json.said ?? "")}`;
      await moments.chapters();
    } else await settle();
    say(json.unknown ? `${json.unknown} of its words were not learned: they are <unk> to the model.` : "");
  }
  $("#translate").onsubmit = doing(async () => {
    const line = $("#sentence").value;
    if (live.isModel) say("Translating …");
    await show(line, $("#reference").value);
    await beside.tell({ line });
  });

  $("#change").onchange = doing(async ({ target }) => {
    live.isRunning = false;
    await beside.open(target.value);
    if (target.value) await begin(live.settings);
  });

  async function openModel(file) {
    live.isRunning = false;
    const { json } = await ask({ ask: "open", name: file.name }, new Uint8Array(await file.arrayBuffer()));
    live.isModel = true;
    moments.end();
    moments.set([json.step]);
    $("#reference").hidden = false;
    $("#learned").textContent = $("#kept").textContent = $("#said").textContent = "";
    showControls();
    const count = json.n_parameters.toLocaleString("en");
    $("#progress").textContent = `${file.name}: ${count} parameters, after step ${json.step}`;
    $("#answers tbody").replaceChildren();
    say("The model is open. Type a sentence to see it translated and explained; Restart begins a run again.");
    $("#sentence").value = "";
    $("#sentence").focus();
  }
  $("#open").onchange = doing(({ target }) => target.files[0] && openModel(target.files[0]));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", doing(({ dataTransfer }) => dataTransfer.files[0] && openModel(dataTransfer.files[0])));

  // The beginning.

  $("#change").append(...Object.keys(CHANGES).map((name) => element("option", { value: name }, name)));

  /// What the run beside is told, it does, and says that it has.
  if (isBeside) {
    addEventListener("message", ({ data, source }) => {
      if (source !== window.parent) return;
      doing(async () => {
        if (data.settings) await begin(data.settings);
        if (data.train) await train(data.train).then(() => moments.look());
        if (data.back !== undefined) {
          moments.goTo(data.back);
          const { json } = await ask({ ask: "back", step: data.back });
          Object.assign(run(), { step: data.back, losses: run().losses.filter(([taken]) => taken <= data.back) });
          moments.set(json.moments);
          await settle();
        }
        if (data.line !== undefined) await show(data.line);
        if (data.settle) await settle();
      })().then(() => window.parent.postMessage({ done: true }, "*"));
    });
    window.parent.postMessage({ ready: true }, "*");
    return;
  }

  doing(async () => {
    const asked = settingsInAddress();
    const before = await kept.get("last").catch(() => undefined);
    if (!before || (asked && JSON.stringify(asked) !== before.settings)) return begin(asked ?? live.defaults);
    const { json } = await ask({ ask: "resume" }, before.bytes);
    live.runs = before.runs.slice(0, -1);
    await begun(json);
    say("This is your last run, as you left it. Start goes on; Restart begins it anew.");
  })().then(() => {
    if (live.settings) return undefined;
    const problem = $("#says").textContent;
    kept.drop("last").catch(() => undefined);
    return doing(() => begin(live.defaults).then(() => say(`${problem} So this is a run with the usual settings.`, true)))();
  });
})();
