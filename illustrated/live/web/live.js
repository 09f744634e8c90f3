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

  function say(text, isProblem = false, ...more) {
    $("#says").replaceChildren(text, ...more);
    $("#says").classList.toggle("problem", isProblem);
  }

  // All that is done is done one after the other; a problem is told, and what comes after it is done all the same.

  let last = Promise.resolve();
  const doing = (work) => (event) => {
    event?.preventDefault?.();
    last = last.then(() => work(event)).catch((problem) => {
      live.isRunning = false;
      showControls();
      say(problem.message, true, ...wayBack(problem));
    });
    return last;
  };

  /// Of numbers that have run away, the way back to where they had not.
  function wayBack({ good }) {
    if (isBeside || typeof good !== "number") return [];
    const onclick = doing(() => goBack(good));
    return [" ", element("button", { type: "button", id: "good", onclick }, `Go back to step ${good}`)];
  }

  showSettings(form, (live.defaults = JSON.parse($("#defaults").textContent)));
  say("One moment: the model is being made.");
  const ask = await beginWorker().catch((problem) => say(`The model cannot be made: ${problem.message}. Load the page again.`, true));
  if (!ask) return;
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

  async function begun({ settings, step, shown, moments: steps, losses, validated, unknown }, { id, answers } = {}) {
    const name = differences(settings, live.defaults);
    Object.assign(live, { settings, unknown, isModel: false, answers: new Answers(answers), steps: 1, id: id ?? `${Date.now()}-${Math.random()}` });
    live.runs = [...live.runs, { settings, name, step, losses, validated }].slice(-20);
    fillForm(settings);
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
    if (json.validated) run().validated = thinLosses([...run().validated, json.validated], MAX_LOSSES);
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
    await keep({ isAtRest: true });
  }

  /// How many steps a second the reader wants to see; nothing is as fast as it goes.
  const pace = () => Number($("#speed").value);

  /// Trains until told to stop. Between two slices the page draws, and answers whoever presses something.
  async function start() {
    const mine = (live.run = {});
    const due = { answered: 0, kept: performance.now() + KEPT };
    live.isRunning = true;
    showControls();
    say("");
    $("#pause").focus({ preventScroll: true });
    while (live.isRunning && live.run === mine) {
      const began = performance.now();
      await doing(async () => {
        if (!live.isRunning) return;
        const isFirst = run().step === 0;
        await train(pace() ? 1 : live.steps);
        const took = performance.now() - began;
        if (!pace()) live.steps = Math.max(1, Math.min(512, Math.round(live.steps * Math.min(2, SLICE / took))));
        await (isFirst ? moments.chapters() : moments.look()); // some figures are there only once there was a step
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
      while (live.isRunning && pace() && performance.now() < began + 1000 / pace()) await new Promise(requestAnimationFrame);
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
    const { pairs, held_out, tried } = live.settings;
    const sources = (pairs) => pairs.map(([src]) => src);
    live.answers.add(json.step, sources(pairs), json.learned);
    live.answers.add(json.step, sources(held_out), json.held_out);
    live.answers.add(json.step, tried, json.tried);
    $("#said").textContent = `→ ${cutAnswer(json.shown)}`;
    const right = (said, wanted) => said.filter((one, at) => one === wanted[at]).length;
    run().rightOfHeldOut = right(json.held_out, json.held_out_wanted);
    live.expected = expectedOf(live.settings, json);
    const beyond = held_out.length ? `, held out ${run().rightOfHeldOut} of ${held_out.length}` : "";
    $("#learned").textContent = `${right(json.learned, json.wanted)} of ${pairs.length} learned${beyond}`;
  }

  async function keep({ isAtRest = false } = {}) {
    if (isBeside) return;
    $("#kept").textContent = "";
    $("#kept").textContent = await keepRun(ask, live, isAtRest);
  }

  // What is shown of it.

  function showControls() {
    const isRun = live.runs.length > 0 && !live.isModel;
    const hadFocus = document.activeElement === $("#pause");
    $("#start").hidden = live.isRunning;
    $("#pause").hidden = !live.isRunning;
    [$("#start"), $("#step")].forEach((button) => (button.disabled = !isRun || live.isRunning));
    if (hadFocus && !live.isRunning) $("#start").focus({ preventScroll: true });
    $("#back").disabled = !isRun || live.isRunning || moments.isAtEnd();
    [$("#save"), $("#link")].forEach((button) => (button.disabled = !isRun));
    $("#again").disabled = !live.settings;
    if (!isRun) return;
    const progress = `step ${run().step}, loss ${lossText(run().losses.at(-1)?.[1], "not yet known")}`;
    $("#progress").textContent = progress;
    if (isBeside) window.parent.postMessage({ progress }, "*");
  }

  function showTables() {
    live.answers.show($("#answers tbody"), live.expected);
    showRuns($("#runs tbody"), live.runs, fillForm);
    const isToy = same(live.settings.pairs, live.defaults.pairs);
    $("#held-out").textContent = saysOfHeldOut(run(), { isToy, unknown: live.unknown });
    showLoss();
  }

  const showLoss = () => ($("#which-loss").textContent = saysOfLoss(live.settings.smoothing, live.isModel));

  function fillForm(settings) {
    showSettings(form, settings);
    showWaiting();
  }

  /// Which settings wait for the run to begin anew.
  function showWaiting() {
    $("#waiting").textContent = live.settings ? markWaiting(form, live.settings) : "";
    $("#again").classList.toggle("waiting", $("#waiting").textContent !== "");
  }
  form.oninput = showWaiting;

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
  async function takeBack(step) {
    const { json } = await ask({ ask: "back", step });
    const until = ([taken]) => taken <= step;
    Object.assign(run(), { step, losses: run().losses.filter(until), validated: run().validated.filter(until) });
    live.answers.back(step);
    moments.set(json.moments);
  }

  async function goBack(step) {
    await takeBack(step);
    await beside.tell({ back: step });
    await settle();
    say(`Back after step ${step}. From here the run goes on as it did before.`);
  }
  press("#back", () => goBack(moments.step()));
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
  $("#take-order").onclick = () => {
    [form.elements.pairs.value, form.elements.held_out.value] = $("#order").textContent.trim().split("\n\n");
    showWaiting();
  };
  form.onsubmit = doing(() => begin(settingsOf(form, live.settings ?? live.defaults)));

  async function show(line, reference) {
    const { json } = await ask({ ask: "show", line, ...(live.isModel && reference ? { reference } : {}) });
    moments.forget();
    if (live.isModel) {
      $("#said").textContent = `→ ${cutAnswer(json.said ?? "")}`;
      await moments.chapters();
    } else await settle();
    const strange = json.unknown === 1 ? "1 of its words was not learned: it is" : `${json.unknown} of its words were not learned: they are`;
    say(json.unknown ? `${strange} <unk> to the model.` : "");
  }
  $("#translate").onsubmit = doing(async () => {
    const line = $("#sentence").value;
    if (live.isModel) say("Translating …");
    await show(line, $("#reference").value);
    await beside.tell({ line });
  });

  $("#change").onchange = doing(async ({ target }) => {
    live.isRunning = false;
    $("#expected").textContent = EXPECTED[target.value] ?? "";
    await beside.open(target.value);
    if (target.value) await begin(live.settings);
  });
  addEventListener("scroll", () => beside.follow(), { passive: true });

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
    $("#held-out").textContent = "";
    showLoss();
    say("The model is open. Type a sentence to see it translated and explained; Restart begins a run again.");
    $("#sentence").value = "";
    $("#sentence").focus();
  }
  $("#open").onchange = doing(({ target }) => target.files[0] && openModel(target.files[0]));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", doing(({ dataTransfer }) => dataTransfer.files[0] && openModel(dataTransfer.files[0])));

  // The beginning.

  $("#controls .time").append($("#back"));

  $("#change").append(...Object.keys(CHANGES).map((name) => element("option", { value: name }, name)));

  if (isBeside) return obey({ doing, begin, train, takeBack, settle, show, moments });

  doing(async () => {
    const asked = settingsInAddress();
    const before = await kept.get("last").catch(() => undefined);
    if (!before || (asked && JSON.stringify(asked) !== before.settings)) return begin(asked ?? live.defaults);
    const { json } = await ask({ ask: "resume" }, before.bytes);
    live.runs = before.runs.slice(0, -1);
    for (const moment of await momentsKept(before.id)) {
      const recalled = await ask({ ask: "recall" }, moment).catch(() => undefined); // it is not among those that are counted
      json.moments = recalled?.json.moments ?? json.moments;
    }
    await begun(json, before);
    say(`This is your last run, as you left it. Start goes on; Restart begins it anew.${saysOfMoments(json)}`);
  })().then(() => {
    if (live.settings) return undefined;
    const problem = $("#says").textContent;
    kept.drop("last").catch(() => undefined);
    return doing(() => begin(live.defaults).then(() => say(`${problem} So this is a run with the usual settings.`, true)))();
  });
})();
