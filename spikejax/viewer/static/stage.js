// The picture: one slot, or two by a wipe, side by side or in turns; zoomed and moved together.

import { imageOf, levelsOf, onImage } from "./images.js";
import { drawFlow, drawMarks, drawProbe } from "./overlays.js";
import { shown } from "./status.js";
import { centreOf, labelOf, methodOf, on, state } from "./store.js";
import { paint } from "./tone.js";

const BLINK_MS = 500;

const canvas = document.getElementById("stage");
const context = canvas.getContext("2d");
const painted = { a: document.createElement("canvas"), b: document.createElement("canvas") };
const stale = { a: true, b: true };

/** The part of the image in view: CSS pixels per pixel, and the image point in the middle. */
export const view = { scale: 1, x: 0, y: 0, fitted: true };
let blinkB = false;
let frame = 0;

/** The panes: the slot, its rectangle, and the part of it that is drawn, in CSS pixels. */
export function panes() {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const whole = { left: 0, top: 0, width, height };
  if (state.compare === "side") {
    const half = Math.floor(width / 2);
    const right = { left: half, top: 0, width: width - half, height };
    return [
      { slot: "a", box: { ...whole, width: half }, clip: { ...whole, width: half } },
      { slot: "b", box: right, clip: right },
    ];
  }
  if (state.compare === "wipe") {
    const at = Math.round(width * state.wipe);
    return [
      { slot: "a", box: whole, clip: { ...whole, width: at } },
      { slot: "b", box: whole, clip: { ...whole, left: at, width: width - at } },
    ];
  }
  const slot = state.compare === "blink" && blinkB ? "b" : "a";
  return [{ slot, box: whole, clip: whole }];
}

export function fit() {
  if (!state.facts) return;
  const box = panes()[0].box;
  const { height, width } = state.facts;
  view.scale = Math.min((box.width - 16) / width, (box.height - 16) / height);
  view.x = width / 2;
  view.y = height / 2;
  view.fitted = true;
}

/** The image point at a point of the stage: { row, column, slot }, also outside the image. */
export function imagePoint(x, y) {
  const all = panes();
  const inside = ({ clip }) => x >= clip.left && x < clip.left + clip.width;
  const { slot, box } = all.find(inside) ?? all[0];
  return {
    slot,
    column: view.x + (x - box.left - box.width / 2) / view.scale,
    row: view.y + (y - box.top - box.height / 2) / view.scale,
  };
}

export function zoom(factor, x, y) {
  const before = imagePoint(x, y);
  view.scale = Math.min(Math.max(view.scale * factor, 0.05), 128);
  const after = imagePoint(x, y);
  view.x += before.column - after.column;
  view.y += before.row - after.row;
  view.fitted = false;
  redraw();
}

export function pan(dx, dy) {
  view.x = Math.min(Math.max(view.x - dx / view.scale, 0), state.facts.width);
  view.y = Math.min(Math.max(view.y - dy / view.scale, 0), state.facts.height);
  view.fitted = false;
  redraw();
}

export function redraw() {
  frame ||= requestAnimationFrame(draw);
}

function draw() {
  frame = 0;
  const ratio = devicePixelRatio;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  if (!state.facts) return;
  if (view.fitted) fit();
  const style = getComputedStyle(document.documentElement);
  const all = panes();
  for (const pane of all) drawPane(pane, style);
  if (state.compare === "wipe") drawHandle(all[1].clip.left, style);
  note();
}

function drawPane({ slot, box, clip }, style) {
  const image = imageOf(slot);
  context.save();
  context.beginPath();
  context.rect(clip.left, clip.top, clip.width, clip.height);
  context.clip();
  if (image) {
    if (stale[slot]) {
      paint(painted[slot], image, levelsOf(slot), state.tone, state.session.colours);
      stale[slot] = false;
    }
    const { height, width } = state.facts;
    context.translate(box.left + box.width / 2, box.top + box.height / 2);
    context.scale(view.scale, view.scale);
    context.translate(-view.x, -view.y);
    const pixel = (view.scale * width) / image.shape[1];
    context.imageSmoothingEnabled = pixel < 1;
    context.imageSmoothingQuality = "high";
    context.drawImage(painted[slot], 0, 0, width, height);
    drawFlow(context, slot);
    drawMarks(context, view.scale, style);
    drawProbe(context, view.scale, style);
  }
  context.restore();
  if (state.compare !== "off") drawLabel(slot, clip, style);
}

function drawLabel(slot, clip, style) {
  const image = imageOf(slot);
  const waiting = image?.standIn ? " …" : "";
  const text = `${slot.toUpperCase()}  ${labelOf(slot)}${waiting}  ${centreOf(slot)}`;
  context.font = "600 12px system-ui, sans-serif";
  const width = context.measureText(text).width + 16;
  const right = state.compare === "wipe" && slot === "b";
  const left = right ? clip.left + clip.width - width - 8 : clip.left + 8;
  context.fillStyle = style.getPropertyValue("--sheet");
  context.globalAlpha = 0.9;
  context.beginPath();
  context.roundRect(left, 8, width, 22, 4);
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = style.getPropertyValue(slot === "b" ? "--b" : "--accent");
  context.textBaseline = "middle";
  context.fillText(text, left + 8, 19.5);
}

function drawHandle(x, style) {
  const middle = canvas.clientHeight / 2;
  context.fillStyle = style.getPropertyValue("--sheet");
  context.fillRect(x - 1.5, 0, 3, canvas.clientHeight);
  context.beginPath();
  context.arc(x, middle, 12, 0, 7);
  context.fill();
  context.fillStyle = style.getPropertyValue("--accent");
  context.fillRect(x - 0.5, 0, 1, canvas.clientHeight);
  context.font = "700 13px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText("‹ ›", x, middle);
  context.textAlign = "start";
}

/** Says on the element what is shown, and how long after the wish. */
function note() {
  const image = imageOf("a");
  if (!image) return;
  const words = { method: image.standIn ? `${image.method.id} soon` : image.method.id, centre: String(image.centre) };
  Object.assign(canvas.dataset, words);
  const other = state.compare === "off" ? null : imageOf("b");
  canvas.dataset.b = other ? `${methodOf("b").id} ${other.centre}${other.standIn ? " soon" : ""}` : "";
  canvas.setAttribute("aria-label", `${labelOf("a")} at readout ${image.centre}`);
  if (image.since) {
    const took = performance.now() - image.since;
    image.since = 0;
    canvas.dataset.latency = took.toFixed(2);
    shown(took);
  }
}

/** Moves the view no further than to keep the image in it when the size of the stage changes. */
export function startStage() {
  new ResizeObserver(redraw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  onImage((slot) => {
    stale[slot] = true;
    redraw();
  });
  on("tone playing", () => {
    stale.a = stale.b = true;
  });
  on("facts", () => {
    view.fitted = true;
    stale.a = stale.b = true;
  });
  // A new moment is drawn when its image comes: the one before would take the time of a frame.
  on("facts a b tone compare wipe marks flow pixel region playing", redraw);
  setInterval(() => {
    if (state.compare !== "blink") return;
    blinkB = !blinkB;
    redraw();
  }, BLINK_MS);
}
