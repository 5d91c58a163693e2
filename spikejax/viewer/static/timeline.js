// The timeline: the firing rate, the window of the method, the loop, the exposure, the moment.

import { Problem, get } from "./api.js";
import { problem } from "./status.js";
import { centreOf, hasWindow, methodOf, on, seek, set, state } from "./store.js";

const POLL_MS = 350;
const LEFT = 10;
const AXIS = 20; // pixels below the curve

const canvas = document.getElementById("timeline");
const context = canvas.getContext("2d");
const note = document.getElementById("overview-note");
let curve = null;
let frame = 0;
let timer = 0;
let range = [0, 1]; // readouts in view

const plotWidth = () => canvas.clientWidth - 2 * LEFT;
const xOf = (readout) => LEFT + ((readout - range[0]) / (range[1] - range[0])) * plotWidth();
const readoutAt = (x) => range[0] + ((x - LEFT) / plotWidth()) * (range[1] - range[0]);

/** Asks for the rates until the whole recording, or enough of it, was read. */
async function poll() {
  const number = state.recording;
  try {
    const found = await get("overview", { recording: number });
    if (number !== state.recording) return;
    curve = found;
    problem(found.problem ?? found.warning, "file");
    note.textContent = curve.done ? "" : `reading rates, ${Math.round(100 * curve.progress)} %`;
    redraw();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    problem(error.message, "file");
  }
  // later on, whether the file is still there
  timer = setTimeout(poll, curve?.done ? 4000 : POLL_MS);
}

export function redraw() {
  frame ||= requestAnimationFrame(draw);
}

function draw() {
  frame = 0;
  const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio];
  Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (!state.facts) return;
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name);
  const bottom = height - AXIS;
  const band = (start, stop, fill) => {
    context.fillStyle = fill;
    const left = Math.max(0, xOf(start));
    context.fillRect(left, 6, Math.max(1, Math.min(width, xOf(stop)) - left), bottom - 6);
  };
  if (state.photograph) {
    const { start, stop } = state.photograph;
    context.globalAlpha = 0.22;
    band(start, stop, colour("--exposure"));
    context.globalAlpha = 1;
    context.fillStyle = colour("--exposure");
    context.font = "600 10px system-ui, sans-serif";
    context.fillText("exposure", Math.max(LEFT, xOf(start)) + 4, 17);
  }
  if (state.loop) band(state.loop.start, state.loop.stop, colour("--loop"));
  const reach = windowOf("a");
  if (reach) band(state.centre - (reach >> 1), state.centre + (reach >> 1) + 1, colour("--band"));
  drawAxis(bottom, colour);
  if (curve) drawCurve(bottom, colour);
  const line = (readout, name) => {
    context.fillStyle = colour(name);
    context.fillRect(xOf(readout + 0.5) - 0.75, 4, 1.5, bottom - 2);
  };
  if (state.compare !== "off" && state.b.centre !== null) line(centreOf("b"), "--b");
  line(state.centre, "--accent");
  context.beginPath();
  context.arc(xOf(state.centre + 0.5), 6, 4, 0, 7);
  context.fill();
}

function windowOf(slot) {
  const method = methodOf(slot);
  return hasWindow(method) ? state[slot].window : method.id === "raw" ? 1 : (method.window ?? 0);
}

function drawCurve(bottom, colour) {
  const known = [];
  for (let i = 0; i < curve.mean.length; i++)
    if (curve.mean[i] !== null) known.push([xOf((curve.edges[i] + curve.edges[i + 1]) / 2), i]);
  if (!known.length) return;
  const values = curve.high.filter((value) => value !== null);
  const most = Math.max(...values, 1e-6) * 1.12;
  const y = (rate) => bottom - 2 - (rate / most) * (bottom - 14);
  context.beginPath();
  for (const [x, i] of known) context.lineTo(x, y(curve.high[i]));
  for (const [x, i] of known.toReversed()) context.lineTo(x, y(curve.low[i]));
  context.fillStyle = colour("--curve");
  context.globalAlpha = 0.25;
  context.fill();
  context.globalAlpha = 1;
  context.beginPath();
  for (const [x, i] of known) context.lineTo(x, y(curve.mean[i]));
  context.strokeStyle = colour("--curve");
  context.lineWidth = 1.3;
  context.stroke();
  context.lineTo(known.at(-1)[0], bottom);
  context.lineTo(known[0][0], bottom);
  context.fillStyle = colour("--curve");
  context.globalAlpha = 0.12;
  context.fill();
  context.globalAlpha = 1;
  if (known.length === 1) context.fillRect(known[0][0] - 1, y(curve.mean[known[0][1]]) - 1, 3, 3);
  context.fillStyle = colour("--faint");
  context.font = "10px system-ui, sans-serif";
  context.textAlign = "right";
  context.fillText(`${(most / 1.12).toPrecision(2)} spikes per readout`, canvas.clientWidth - LEFT, 17);
  context.textAlign = "start";
}

function drawAxis(bottom, colour) {
  context.fillStyle = colour("--line");
  context.fillRect(0, bottom, canvas.clientWidth, 1);
  context.font = "10px system-ui, sans-serif";
  const span = range[1] - range[0];
  const rough = span / Math.max(2, plotWidth() / 110);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].find((m) => m * power >= rough) * power);
  context.textAlign = "center";
  for (let n = Math.ceil(range[0] / step) * step; n <= range[1]; n += step) {
    const x = xOf(n);
    context.fillStyle = colour("--line");
    context.fillRect(x, bottom, 1, 4);
    context.fillStyle = colour("--faint");
    const text = `${n.toLocaleString("en")}  ·  ${timeOf(n)}`;
    const half = context.measureText(text).width / 2 + 2;
    context.fillText(text, Math.min(Math.max(x, half), canvas.clientWidth - half), bottom + 14);
  }
  context.textAlign = "start";
}

/** The time of a readout since the start, in a fitting unit. */
export function timeOf(readout) {
  const seconds = readout / state.facts.rate_hz;
  const whole = state.facts.readouts / state.facts.rate_hz;
  if (whole < 1) return `${Number((1e3 * seconds).toFixed(2))} ms`;
  return `${Number(seconds.toFixed(3))} s`;
}

/** Shows a part of the recording: `factor` below 1 comes closer. */
function zoom(factor, x) {
  const all = state.facts.readouts;
  const at = readoutAt(x);
  const span = Math.min(all, Math.max(20, (range[1] - range[0]) * factor));
  const start = Math.min(Math.max(at - ((at - range[0]) / (range[1] - range[0])) * span, 0), all - span);
  range = [start, start + span];
  redraw();
}

function follow() {
  const span = range[1] - range[0];
  if (state.centre >= range[0] && state.centre < range[1]) return;
  const start = Math.min(Math.max(state.centre - span / 2, 0), state.facts.readouts - span);
  range = [start, start + span];
}

export function startTimeline() {
  const scrub = (event) => {
    set({ playing: false });
    seek(Math.floor(readoutAt(event.clientX - canvas.getBoundingClientRect().left)));
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (state.facts) scrub(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) scrub(event);
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      if (state.facts) zoom(Math.exp(event.deltaY * 0.002), event.clientX - canvas.getBoundingClientRect().left);
    },
    { passive: false },
  );
  new ResizeObserver(redraw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  on("facts", () => {
    curve = null;
    clearTimeout(timer);
    if (!state.facts) return;
    range = [0, state.facts.readouts];
    poll();
  });
  on("centre facts", () => {
    if (!state.facts) return;
    follow();
    canvas.setAttribute("aria-valuemax", state.facts.readouts - 1);
    canvas.setAttribute("aria-valuenow", state.centre);
    canvas.setAttribute("aria-valuetext", `readout ${state.centre}, ${timeOf(state.centre)}`);
  });
  on("facts centre a b loop compare photograph", redraw);
}
