"use strict";
// The page in which a Transformer trains: what can be pressed, and what follows.

(async () => {
  /// While it runs, so long goes into training between two looks at the figures, in ms.
  const SLICE = 60;
  /// Figures that are drawn anew, tables and the kept run wait at least so long, in ms.
  const [REDRAWN, ANSWERED, KEPT] = [250, 500, 3000];

  const form = $("#settings");
  const live = { ask: null, settings: null, defaults: null, page: null, runs: [], answers: null, running: false, steps: 1 };
  const isBeside = window.parent !== window;

  const say = (text, isProblem = false) => {
    $("#says").textContent = text;
    $("#says").classList.toggle("problem", isProblem);
  };
  /// What readers do: a problem is told, and nothing else happens.
  const doing = (work) => async (event) => {
    event?.preventDefault?.();
    try {
      await work(event);
    } catch (problem) {
      live.running = false;
      showControls();
      say(problem.message, true);
    }
  };
  const run = () => live.runs.at(-1);

  // Passes come as numbers, and figures as the module draws them.

  function passOf({ head, arrays, outputs }, bytes, shared) {
    const pass = new Pass(live.passes.length, head, shared.about, shared.origins, shared.consumers);
    for (const [isGradient, path, shape, rows, start] of arrays) {
      const length = shape.reduce((product, size) => product * size, 1);
      const data = new Float32Array(bytes.buffer, 4 * start, length);
      (isGradient ? pass.gradients : pass.values).set(path, { shape, rows: rows ?? undefined, data });
    }
    pass.outputs = outputs;
    pass.listOutputs();
    return pass;
  }

  async function passesAfter(steps) {
    const { json, bytes } = await live.ask({ ask: "passes", steps });
    return json.passes.map((pass) => passOf(pass, bytes, live.shared));
  }

  /// All chapters anew, of what is open.
  async function showChapters(moments) {
    live.ended?.abort();
    live.ended = new AbortController();
    const { json } = await live.ask({ ask: "chapters" });
    const { html, captions, about, origins, follow } = json;
    Object.assign(live, { shared: { about, origins, consumers: consumersOf(origins) }, follow, passes: [] });
    for (const pass of await passesAfter(moments)) {
      pass.at = live.passes.length;
      live.passes.push(pass);
    }
    $("#chapters").innerHTML = html;
    $$("#chapters figure").forEach(offerFile);
    live.page = openPage({ passes: live.passes, captions, signal: live.ended.signal, isLive: true });
    findValues();
  }

  /// Figures by their names, as the module draws them now; those that nobody sees wait. Of some there was nothing to draw
  /// before: with the first of these, the chapters are shown anew.
  async function redraw(names) {
    const missing = names.filter((name) => !document.getElementById(name));
    if (missing.length && live.asked !== run()?.step) {
      live.asked = run()?.step;
      const { json } = await live.ask({ ask: "figures", names: missing });
      if (Object.keys(json.figures).length) return showChapters(live.passes.map((pass) => pass.head.step));
    }
    const inView = (name) => {
      const box = document.getElementById(name)?.getBoundingClientRect();
      return box && box.bottom > -200 && box.top < innerHeight + 200;
    };
    const wanted = names.filter(inView);
    names.filter((name) => !wanted.includes(name)).forEach((name) => live.stale.add(name));
    if (!wanted.length) return;
    const { json } = await live.ask({ ask: "figures", names: wanted });
    for (const [name, { html, caption }] of Object.entries(json.figures)) {
      const figure = document.createRange().createContextualFragment(html).firstElementChild;
      const old = document.getElementById(name);
      if (old) live.page.replace(old, figure, caption);
      live.stale.delete(name);
    }
  }

  // A run.

  async function begin(settings) {
    live.running = false;
    const { json } = await live.ask({ ask: "begin", settings });
    await begun(json);
    say("Ready. Start, or take one step at a time.");
  }

  async function begun({ settings, n_parameters: count, step, shown, moments, steps }) {
    const name = differences(settings, live.defaults);
    Object.assign(live, { settings, isModel: false, answers: new Answers(), stale: new Set(), steps: 1 });
    live.runs.push({ settings, name, step, losses: steps.map((taken) => taken.loss), count });
    showSettings(form, settings);
    $("#sentence").value = shown;
    $("#reference").hidden = true;
    if (!isBeside) history.replaceState(null, "", name ? linkOf(settings) : location.pathname);
    await showChapters(moments);
    await answer();
    await search();
    showControls();
    showTables();
    if (live.isBesideReady) sendBeside({ settings: changed(settings, $("#change").value) });
  }

  async function train(steps) {
    const { json } = await live.ask({ ask: "train", steps, record: true });
    run().step = json.step;
    run().losses.push(...json.losses.map(([loss]) => loss));
    const [pass] = await passesAfter([json.step]);
    live.page.add(pass);
    live.page.forget((pass) => !json.moments.includes(pass.head.step));
    showControls();
    await trainedBeside(steps);
  }

  /// Trains until told to stop. Between steps the page draws, and answers whoever presses something.
  async function keepRunning() {
    const due = { redrawn: 0, answered: 0, kept: 0 };
    live.running = true;
    showControls();
    say("");
    while (live.running) {
      const began = performance.now();
      await train(live.steps);
      const took = performance.now() - began;
      live.steps = Math.max(1, Math.min(512, Math.round(live.steps * Math.min(2, SLICE / took))));
      const now = performance.now();
      if (now > due.redrawn) {
        await redraw(live.follow.steps);
        showTables();
        due.redrawn = performance.now() + REDRAWN;
      }
      if (now > due.answered) {
        await answer();
        due.answered = performance.now() + ANSWERED;
      }
      if (now > due.kept) {
        await keep();
        due.kept = performance.now() + KEPT;
      }
      await new Promise(requestAnimationFrame);
    }
    await settled();
  }

  /// All that waits while it runs.
  async function settled() {
    await answer();
    await search();
    await redraw([...live.follow.steps, ...live.stale]);
    findValues();
    showTables();
    await keep();
  }

  async function answer() {
    if (live.isModel) return;
    const { json } = await live.ask({ ask: "try" });
    const { pairs, tried } = live.settings;
    live.answers.add(json.step, pairs.map(([src]) => src), json.learned);
    live.answers.add(json.step, tried, json.tried);
    $("#said").textContent = `→ ${cutAnswer(json.shown)}`;
    const right = json.learned.filter((said, at) => said === json.wanted[at]).length;
    live.wanted = new Map(pairs.map(([src], at) => [src, json.wanted[at]]));
    $("#learned").textContent = `${right} of ${pairs.length} learned`;
  }

  async function search() {
    if (!live.isModel) await live.ask({ ask: "search", beam: 4 });
    await redraw(live.follow.search);
  }

  async function keep() {
    if (isBeside || live.isModel) return;
    $("#kept").textContent = "";
    const { bytes } = await live.ask({ ask: "keep" });
    const isKept = await kept.put("last", { bytes, runs: live.runs.map(({ losses, ...run }) => ({ ...run, losses: losses.slice(-4096) })) });
    if (isKept) $("#kept").textContent = "kept";
  }

  // What is shown.

  function showControls() {
    const isRun = live.runs.length > 0 && !live.isModel;
    $("#start").hidden = live.running;
    $("#pause").hidden = !live.running;
    [$("#start"), $("#step")].forEach((button) => (button.disabled = !isRun || live.running));
    $("#back").disabled = !isRun || live.running || live.page?.state.pass === live.passes?.at(-1);
    [$("#again"), $("#save")].forEach((button) => (button.disabled = !isRun));
    if (!isRun) return;
    const progress = `step ${run().step}, loss ${run().losses.at(-1)?.toFixed(3) ?? "not yet known"}`;
    $("#progress").textContent = progress;
    if (isBeside) window.parent.postMessage({ progress }, "*");
  }

  function showTables() {
    live.answers.show($("#answers tbody"), live.wanted);
    showRuns($("#runs tbody"), live.runs, (settings) => showSettings(form, settings));
  }

  function findValues() {
    const { found, all } = showValues($("#values"), live.page.state.pass, $("#query").value, live.page.openCard);
    const text = found > MAX_BOXES ? `${found} of ${all} values, the first ${MAX_BOXES} shown` : `${found} of ${all} values`;
    $("#found").textContent = $("#query").value.trim() ? text : `${all} values have a name`;
  }

  // A run beside this one, in a frame: the same page with one thing changed, which does what this one does.

  const frame = $("#beside");
  function sendBeside(message) {
    frame.contentWindow?.postMessage(message, "*");
  }

  /// Lets the run beside take as many steps, and waits for it.
  async function trainedBeside(steps) {
    if (frame.hidden || !live.isBesideReady) return;
    await new Promise((resolve) => {
      live.besideDone = resolve;
      sendBeside({ train: steps, isRunning: live.running });
    });
  }

  async function runBeside(name) {
    Object.assign(live, { isBesideReady: false });
    live.besideDone?.();
    frame.hidden = !name;
    $("#beside-says").textContent = "";
    document.documentElement.classList.toggle("with-beside", Boolean(name));
    URL.revokeObjectURL(frame.src);
    frame.removeAttribute("src");
    if (!name) return;
    live.running = false;
    frame.title = `the same run with ${name}`;
    frame.dataset.settings = JSON.stringify(changed(live.settings, name));
    frame.src = URL.createObjectURL(new Blob([`<!DOCTYPE html>${live.source}`], { type: "text/html" }));
  }

  addEventListener("message", doing(async ({ data, source }) => {
    if (source === frame.contentWindow) {
      if (data.ready) {
        sendBeside({ settings: JSON.parse(frame.dataset.settings) });
        live.isBesideReady = true;
        await begin(live.settings);
      }
      if (data.trained) live.besideDone?.();
      if (data.progress) $("#beside-says").textContent = `With ${$("#change").value}: ${data.progress}`;
    } else if (isBeside && source === window.parent) {
      if (data.settings) await begin(data.settings);
      if (data.train) await train(data.train).finally(() => window.parent.postMessage({ trained: true }, "*"));
      if (data.train && !data.isRunning) await settled();
    }
  }));

  // What readers do.

  const press = (selector, work) => ($(selector).onclick = doing(work));
  press("#start", keepRunning);
  press("#pause", () => {
    live.running = false;
    showControls();
  });
  press("#step", async () => {
    await train(1);
    await settled();
  });
  press("#back", async () => {
    const { step } = live.page.state.pass.head;
    const { json } = await live.ask({ ask: "back", step });
    Object.assign(run(), { step, losses: run().losses.slice(0, step) });
    live.answers.back(step);
    live.page.forget((pass) => !json.moments.includes(pass.head.step));
    await settled();
    showControls();
    say(`Back after step ${step}. From here the run goes on as it did before, unless the settings change.`);
  });
  press("#again", () => begin(live.settings));
  press("#save", async () => {
    const { bytes } = await live.ask({ ask: "save" });
    save(bytes, "application/octet-stream", "model.safetensors");
    say("Saved. `etudiant translate --model model.safetensors` takes it, and so does this page.");
  });
  press("#link", async () => {
    const link = location.href.split("#")[0] + linkOf(live.settings);
    history.replaceState(null, "", linkOf(live.settings));
    await navigator.clipboard?.writeText(link).catch(() => undefined);
    say("The address of this page now holds these settings, and was copied if the browser allows it.");
  });
  press("#recording", async () => {
    const { bytes } = await live.ask({ ask: "recording" });
    save(bytes, "application/json", "recording.json");
  });
  form.onsubmit = doing(async () => begin(settingsOf(form, live.settings ?? live.defaults)));
  $("#translate").onsubmit = doing(async () => {
    const wasRunning = live.running;
    live.running = false;
    const [line, reference] = [$("#sentence").value, $("#reference").value];
    const { json } = await live.ask({ ask: "show", line, ...(live.isModel && reference ? { reference } : {}) });
    await showChapters(json.moments);
    if (live.isModel) $("#said").textContent = `→ ${cutAnswer(json.said)}`;
    else await answer();
    await search();
    say(json.unknown ? `${json.unknown} of its words were not learned: they are <unk> to the model.` : "");
    if (wasRunning) keepRunning();
  });
  $("#change").onchange = doing(({ target }) => runBeside(target.value));
  $("#query").oninput = findValues;
  $("#time").addEventListener("input", () => (findValues(), showControls()));
  addEventListener("scroll", () => {
    clearTimeout(live.scrolled);
    live.scrolled = setTimeout(() => !live.running && live.stale.size && redraw([...live.stale]), 150);
  }, { passive: true });

  async function openModel(file) {
    live.running = false;
    const { json } = await live.ask({ ask: "open", name: file.name }, new Uint8Array(await file.arrayBuffer()));
    Object.assign(live, { isModel: true, stale: new Set() });
    $("#reference").hidden = false;
    $("#chapters").replaceChildren();
    showControls();
    $("#progress").textContent = `${file.name}: ${json.n_parameters.toLocaleString("en")} parameters, after step ${json.step}`;
    say("The model is open. Type a sentence to see it translated and explained.");
    $("#sentence").value = "";
    $("#said").textContent = "";
    $("#sentence").focus();
  }
  $("#open").onchange = doing(({ target }) => target.files[0] && openModel(target.files[0]));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", doing(({ dataTransfer }) => dataTransfer.files[0] && openModel(dataTransfer.files[0])));

  // The beginning.

  await doing(async () => {
    live.source = document.documentElement.outerHTML;
    $("#change").append(...Object.keys(CHANGES).map((name) => element("option", { value: name }, name)));
    live.ask = await beginWorker();
    const { json } = await live.ask({ ask: "defaults" });
    live.defaults = json.settings;
    if (isBeside) return window.parent.postMessage({ ready: true }, "*");
    const asked = settingsInAddress();
    const last = asked ? undefined : await kept.get("last");
    if (last) {
      const { json } = await live.ask({ ask: "resume" }, last.bytes);
      live.runs = last.runs.slice(0, -1);
      await begun(json);
      say("This is your last run, as you left it. Start goes on; Restart begins it anew.");
    } else await begin(asked ?? live.defaults);
  })();
})();
