// A pixel's spikes, intervals and rate around the moment; a region's mean and variance.

import { Problem, get } from "./api.js";
import { problem } from "./status.js";
import { hasWindow, methodOf, on, set, state } from "./store.js";

const SPAN = 241;
const $ = (id) => document.getElementById(id);
const canvas = $("probe");
let found = null;
let running = false;
let again = false;

const windowNow = () => (hasWindow(methodOf("a")) ? state.a.window : 41);

/** Asks for the pixel or the region; one request runs, and then one of the newest moment. */
async function ask() {
  if (running) {
    again = true;
    return;
  }
  const { pixel, region, recording, centre } = state;
  if (!pixel && !region) return;
  running = true;
  try {
    const words = { recording, centre, window: windowNow() };
    const answer = pixel
      ? await get("pixel", { ...words, ...pixel, span: SPAN })
      : await get("region", { ...words, ...region });
    if (answer && pixel === state.pixel && region === state.region) {
      found = answer;
      write();
    }
    problem(null, "probe");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    problem(error.message, "probe");
  }
  running = false;
  if (again) {
    again = false;
    ask();
  }
}

function facts(pairs) {
  const parts = pairs.flatMap(([name, text]) => [
    Object.assign(document.createElement("dt"), { textContent: name }),
    Object.assign(document.createElement("dd"), { textContent: text }),
  ]);
  $("probe-facts").replaceChildren(...parts);
}

const digits = (value, count = 3) => (value === null || value === undefined ? "–" : Number(value.toPrecision(count)));

function write() {
  const chosen = Boolean(state.pixel || state.region);
  $("probe-note").hidden = chosen;
  $("probe-clear").hidden = !chosen;
  canvas.hidden = !state.pixel;
  if (!chosen || !found) {
    facts([]);
    return;
  }
  const gain = state.gain ?? state.facts.gain;
  if (state.pixel && found.spikes) {
    const rate = found.rate[state.centre - found.start];
    const before = found.spikes.filter((n) => n <= state.centre).at(-1);
    facts([
      ["pixel", `row ${found.row}, column ${found.column}`],
      [`rate over ${windowNow()}`, `${digits(rate)} per readout`],
      ["intensity", String(digits(rate / gain))],
      ["interval", found.interval === null ? "open" : `${found.interval} readouts`],
      ["last spike", before === undefined ? "before the plot" : `readout ${before}`],
    ]);
    draw();
  } else if (state.region && found.rows) {
    const [top, bottom] = found.rows;
    const [left, right] = found.columns;
    facts([
      ["region", `${bottom - top} x ${right - left} at ${top}, ${left}`],
      ["mean rate", `${digits(found.rate)} per readout`],
      ["intensity", String(digits(found.rate / gain))],
      [`count in ${found.window}`, String(digits(found.count, 4))],
      ["variance", found.variance === null ? "one window only" : `${digits(found.variance)} over ${found.windows} windows`],
      ["ideal camera", String(digits(found.ideal))],
    ]);
  }
}

function draw() {
  const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio];
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name);
  const { start, stop, rate, spikes, intervals } = found;
  const [first, last] = [state.centre - (SPAN >> 1), state.centre + (SPAN >> 1) + 1];
  const x = (readout) => ((readout - first) / (last - first)) * width;
  const half = windowNow() >> 1;
  context.fillStyle = colour("--band");
  context.fillRect(x(state.centre - half), 0, x(state.centre + half + 1) - x(state.centre - half), height - 14);
  const most = Math.max(...rate, 0.05) * 1.1;
  context.beginPath();
  for (let n = start; n < stop; n++) context.lineTo(x(n + 0.5), 62 - (rate[n - start] / most) * 56);
  context.strokeStyle = colour("--curve");
  context.lineWidth = 1.4;
  context.stroke();
  context.fillStyle = colour("--ink");
  for (const n of spikes) context.fillRect(x(n + 0.5) - 0.75, 68, 1.5, 14);
  // the interval that a spike opens, as a bar from it to the next one
  const longest = Math.max(...intervals, 1);
  context.fillStyle = colour("--b");
  intervals.forEach((interval, i) => {
    const bar = 3 + (interval / longest) * 24;
    context.fillRect(x(spikes[i] + 0.5), height - 14 - bar, Math.max(1, x(spikes[i + 1]) - x(spikes[i]) - 1), bar);
  });
  context.fillStyle = colour("--accent");
  context.fillRect(x(state.centre + 0.5) - 0.75, 0, 1.5, height - 14);
  context.fillStyle = colour("--faint");
  context.font = "10px system-ui, sans-serif";
  context.fillText(String(Math.max(first, start)), Math.max(0, x(start)), height - 3);
  context.textAlign = "center";
  context.fillText("rate, spikes, intervals", width / 2, height - 3);
  context.textAlign = "right";
  context.fillText(String(Math.min(last, stop) - 1), Math.min(width, x(stop)), height - 3);
}

export function startProbe() {
  $("probe-clear").addEventListener("click", () => set({ pixel: null, region: null }));
  on("pixel region", () => {
    found = null;
    write();
    ask();
  });
  on("centre a facts gain", () => state.facts && ask());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", write);
  new ResizeObserver(() => found && write()).observe($("panel"));
}
