// Starts the page: asks what there is, and opens the first recording.

import { Problem, get } from "./api.js";
import { startCompare } from "./compare.js";
import { startExporting } from "./exporting.js";
import { startFlow } from "./flow.js";
import { forget, startImages } from "./images.js";
import { startKeys } from "./keys.js";
import { listMethods, startPanel } from "./panel.js";
import { startPlayer } from "./player.js";
import { startPointing } from "./pointing.js";
import { startProbe } from "./probe.js";
import { redraw, startStage } from "./stage.js";
import { problem } from "./status.js";
import { on, set, state } from "./store.js";
import { startTimeline } from "./timeline.js";

const $ = (id) => document.getElementById(id);
const RAW = { id: "raw", name: "tfp", label: "raw readout", description: "the spikes of one readout", quick: true };

/** Opens a recording of the list. */
async function open(number) {
  set({ facts: null, recording: number, playing: false, loop: null, pixel: null, region: null });
  forget();
  redraw();
  for (const who of ["file", "photograph", "probe", "marks", "flow"]) problem(null, who);
  try {
    const facts = await get("recording", { recording: number });
    if (number !== state.recording) return;
    problem(facts.warning, "file");
    set({ facts, centre: facts.readouts >> 1, gain: null, b: { ...state.b, centre: null } });
    describe(facts);
    await openPhotograph(number);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    $("facts").textContent = "";
    problem(error.message, "file");
  }
}

/** The photograph belongs to the first recording; its pictures are methods on the page. */
async function openPhotograph(number) {
  const others = state.session.methods.filter((method) => !method.photo);
  let found = null;
  if (number === 0 && state.session.photograph) {
    try {
      found = await get("photograph", {});
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem(error.message, "photograph");
    }
  }
  if (found) {
    const photo = (name, path, label, description) => ({
      id: `photo:${name}`, name, label, description, photo: path, quick: false,
    });
    others.push(photo("blurry", "blurry", "photograph", `${found.name}, as it is`));
    for (const { id, label, description } of found.methods)
      others.push(photo(id, "sharp", `deblurred: ${label}`, description));
  }
  const gone = (slot) => !others.some((method) => method.id === state[slot].method);
  if (gone("a")) set({ a: { ...state.a, method: "tfp" } });
  if (gone("b")) set({ b: { ...state.b, method: "tfi" } });
  set({ photograph: found, session: { ...state.session, methods: others } });
  listMethods();
}

function describe({ readouts, height, width, rate_hz, gain, sensor, bytes }) {
  const seconds = readouts / rate_hz;
  const time = seconds < 1 ? `${Number((1e3 * seconds).toPrecision(4))} ms` : `${Number(seconds.toPrecision(4))} s`;
  const first = `${height} x ${width}, ${readouts.toLocaleString("en")} readouts, ${time}`;
  const more = [`${rate_hz.toLocaleString("en")} Hz`, `gain ${Number(gain.toPrecision(4))}`];
  if (sensor) more.push(sensor);
  if (bytes) more.push(bytes > 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`);
  const rest = Object.assign(document.createElement("span"), { className: "more", textContent: `, ${more.join(", ")}` });
  $("facts").replaceChildren(first, rest);
}

async function start() {
  const session = await get("session");
  session.methods.push(RAW);
  set({ session, tone: { ...state.tone, gamma: session.gamma } });
  for (const [number, name] of session.recordings.entries()) $("recording").add(new Option(name, number));
  $("recording").addEventListener("change", () => open(Number($("recording").value)));
  startImages(); // first, so that a request goes out before anything is drawn
  startStage();
  startPointing();
  startPanel();
  startCompare();
  startPlayer();
  startProbe();
  startExporting();
  startTimeline();
  startFlow(redraw);
  startKeys();
  listMethods();
  on("recording", () => ($("recording").value = state.recording));
  on("facts", () => {
    document.title = state.facts ? `${state.facts.name} – spikejax view` : "spikejax view";
  });
  await open(0);
}

start().catch((error) => problem(error.message, "start"));
