// The motion by STIR at the moments in view, asked for when the slider rests.

import { Problem, pixels } from "./api.js";
import { busy, problem } from "./status.js";
import { centreOf, on, state } from "./store.js";

const REST_MS = 260;
const flows = new Map(); // "recording|centre" -> Flow; a few
const KEPT = 12;
const note = document.getElementById("flow-note");
let timer = 0;
let changed = () => {};

class Flow {
  constructor(image) {
    [this.height, this.width] = image.shape;
    this.data = image.data;
    const lengths = [];
    for (let i = 0; i < this.data.length; i += 34) lengths.push(Math.hypot(this.data[i], this.data[i + 1]));
    lengths.sort((a, b) => a - b);
    this.found = lengths[Math.floor(0.98 * lengths.length)] ?? 0;
    this.largest = Math.max(1, this.found); // less than a pixel is drawn small: it is no motion
  }

  /** The mean flow around a pixel. */
  mean(row, column, reach) {
    let [dx, dy, count] = [0, 0, 0];
    for (let y = Math.max(0, row - reach); y <= Math.min(this.height - 1, row + reach); y += 2)
      for (let x = Math.max(0, column - reach); x <= Math.min(this.width - 1, column + reach); x += 2) {
        const i = 2 * (y * this.width + x);
        dx += this.data[i];
        dy += this.data[i + 1];
        count += 1;
      }
    return [dx / count, dy / count];
  }

  /** A picture: the hue is the direction, the saturation the length. */
  picture() {
    if (this.canvas) return this.canvas;
    this.canvas = Object.assign(document.createElement("canvas"), { width: this.width, height: this.height });
    const context = this.canvas.getContext("2d");
    const out = context.createImageData(this.width, this.height);
    for (let i = 0; i < this.width * this.height; i++) {
      const [dx, dy] = [this.data[2 * i], this.data[2 * i + 1]];
      const strength = Math.min(1, Math.hypot(dx, dy) / this.largest);
      out.data.set(hue((Math.atan2(dy, dx) / (2 * Math.PI) + 1) % 1), 4 * i);
      out.data[4 * i + 3] = 255 * strength;
    }
    context.putImageData(out, 0, 0);
    return this.canvas;
  }
}

function hue(turn) {
  const part = (shift) => {
    const k = (turn * 6 + shift) % 6;
    return 255 * (1 - Math.max(0, Math.min(1, k, 4 - k)));
  };
  return [part(5), part(3), part(1)];
}

const keyOf = (slot) => `${state.recording}|${centreOf(slot)}`;

/** The scale of the drawing, in words. */
function tell() {
  const flow = state.flow === "off" || !state.facts ? null : flowAt("a");
  note.hidden = !flow;
  if (!flow) return;
  const most = Number(flow.found.toPrecision(2));
  note.textContent =
    most < 1 ? `At most ${most} pixels in 20 readouts: no motion found.` : `Full length: ${most} pixels in 20 readouts.`;
}

export const flowAt = (slot) => flows.get(keyOf(slot));

async function ask(slot) {
  const key = keyOf(slot);
  if (flows.has(key)) return;
  const centre = centreOf(slot);
  busy("flow", `computing the motion by STIR at readout ${centre}`);
  try {
    const image = await pixels("flow", { recording: state.recording, centre, slot });
    if (image) {
      flows.set(key, new Flow(image));
      if (flows.size > KEPT) flows.delete(flows.keys().next().value);
      changed();
      tell();
    }
    problem(null, "flow");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    problem(error.message, "flow");
  }
  if (key === keyOf(slot)) busy("flow", null);
}

/** Starts; `hear` is called when there is a new flow. */
export function startFlow(hear) {
  changed = hear;
  on("flow centre b compare recording facts playing", () => {
    clearTimeout(timer);
    tell();
    if (state.flow === "off") {
      busy("flow", null);
      problem(null, "flow");
      return;
    }
    if (!state.facts || state.playing) return;
    timer = setTimeout(async () => {
      await ask("a");
      if (state.compare !== "off" && state.b.centre !== null) await ask("b");
    }, REST_MS);
  });
}
