// What is drawn over the picture: marked pixels, the probed pixel or region, motion.

import { flowAt } from "./flow.js";
import { state } from "./store.js";

let marks = null; // { hot, dead, weak }: lists of [row, column]

export function setMarks(found) {
  marks = found;
}

const MARKS = { hot: "#ff4d3d", dead: "#ffb020", weak: "#4aa8ff" };

export function drawMarks(context, scale) {
  if (!state.marks || !marks) return;
  const radius = Math.max(0.9, 5 / scale);
  context.lineWidth = 1.6 / scale;
  for (const [name, colour] of Object.entries(MARKS)) {
    context.strokeStyle = colour;
    context.beginPath();
    for (const [row, column] of marks[name]) {
      context.moveTo(column + 0.5 + radius, row + 0.5);
      context.arc(column + 0.5, row + 0.5, radius, 0, 2 * Math.PI);
    }
    context.stroke();
  }
}

export function drawProbe(context, scale, style) {
  const box = state.pixel
    ? { top: state.pixel.row, left: state.pixel.column, bottom: state.pixel.row + 1, right: state.pixel.column + 1 }
    : state.region;
  if (!box) return;
  const rectangle = [box.left, box.top, box.right - box.left, box.bottom - box.top];
  context.lineWidth = 3.5 / scale;
  context.strokeStyle = "#000a";
  context.strokeRect(...rectangle);
  context.lineWidth = 1.6 / scale;
  context.strokeStyle = style.getPropertyValue("--accent");
  context.strokeRect(...rectangle);
  if (!state.pixel) return;
  const x = box.left + 0.5;
  const y = box.top + 0.5;
  const arm = 14 / scale;
  context.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(x + dx * (0.5 + 4 / scale), y + dy * (0.5 + 4 / scale));
    context.lineTo(x + dx * (0.5 + arm), y + dy * (0.5 + arm));
  }
  context.stroke();
}

/** Draws the flow of a slot's moment, as colours of the direction or as arrows. */
export function drawFlow(context, slot) {
  const flow = state.flow === "off" ? null : flowAt(slot);
  if (!flow) return;
  const { height, width } = state.facts;
  if (state.flow === "colours") {
    context.globalAlpha = 0.7;
    context.drawImage(flow.picture(), 0, 0, width, height);
    context.globalAlpha = 1;
    return;
  }
  const step = Math.max(6, Math.round(Math.min(height, width) / 24));
  context.lineCap = "round";
  for (const [colour, thick] of [["#000b", step / 7], ["#7dffea", step / 14]]) {
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.beginPath();
    for (let row = step >> 1; row < height; row += step)
      for (let column = step >> 1; column < width; column += step) arrow(context, flow, row, column, step);
    context.stroke();
  }
}

function arrow(context, flow, row, column, step) {
  const [dx, dy] = flow.mean(row, column, step >> 2);
  const length = Math.hypot(dx, dy);
  const [x, y] = [column + 0.5, row + 0.5];
  if (length < 0.12 * flow.largest) return;
  const longest = Math.min(length / flow.largest, 1.2) * 1.4 * step;
  const [ux, uy] = [dx / length, dy / length];
  const [tx, ty] = [x + ux * longest, y + uy * longest];
  const head = Math.min(step * 0.3, 0.6 * longest);
  context.moveTo(x, y);
  context.lineTo(tx, ty);
  context.moveTo(tx - head * (ux - 0.6 * uy), ty - head * (uy + 0.6 * ux));
  context.lineTo(tx, ty);
  context.lineTo(tx - head * (ux + 0.6 * uy), ty - head * (uy - 0.6 * ux));
}
