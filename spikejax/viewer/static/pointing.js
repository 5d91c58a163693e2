// Mouse, touch and wheel on the picture: zoom, pan, wipe, pixels, regions.

import { imageOf } from "./images.js";
import { fit, imagePoint, pan, panes, redraw, view, zoom } from "./stage.js";
import { set, state } from "./store.js";

const canvas = document.getElementById("stage");
const hover = document.getElementById("hover");
const fingers = new Map(); // pointer -> [x, y]
let gesture = null; // "wipe", "region", "pan"; null while it may still be a click
let start = null;

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

/** The pixel at a point of the image, or the nearest of the image. */
export function pixelAt({ row, column }) {
  const { height, width } = state.facts;
  const limit = (value, length) => Math.min(Math.max(Math.floor(value), 0), length - 1);
  return { row: limit(row, height), column: limit(column, width) };
}

const isInside = ({ row, column }) =>
  row >= 0 && column >= 0 && row < state.facts.height && column < state.facts.width;

/** Writes the pixel under the pointer and its intensity. */
function tell(point) {
  if (!isInside(point)) {
    hover.textContent = "";
    return;
  }
  const { row, column } = pixelAt(point);
  const image = imageOf(point.slot);
  let value = "";
  if (image?.type === "float32") value = `  intensity ${image.data[row * image.shape[1] + column].toPrecision(3)}`;
  hover.textContent = `row ${row}, column ${column}${value}`;
}

function down(event) {
  if (!state.facts || event.button > 1) return;
  canvas.setPointerCapture(event.pointerId);
  const [x, y] = place(event);
  fingers.set(event.pointerId, [x, y]);
  start = { x, y, point: imagePoint(x, y) };
  gesture = null;
  if (state.compare === "wipe" && Math.abs(x - panes()[1].clip.left) < 14) gesture = "wipe";
  else if (event.shiftKey) gesture = "region";
}

function move(event) {
  if (!state.facts) return;
  const [x, y] = place(event);
  const last = fingers.get(event.pointerId);
  tell(imagePoint(x, y));
  if (!last) {
    const near = state.compare === "wipe" && Math.abs(x - panes()[1].clip.left) < 14;
    canvas.style.cursor = near ? "ew-resize" : "";
    return;
  }
  fingers.set(event.pointerId, [x, y]);
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const apart = ([a, b]) => Math.hypot(a - other[0], b - other[1]) || 1;
    zoom(apart([x, y]) / apart(last), ...other);
    gesture = "pan";
  } else if (gesture === "wipe") set({ wipe: Math.min(Math.max(x / canvas.clientWidth, 0), 1) });
  else if (gesture === "region") set({ pixel: null, region: between(start.point, imagePoint(x, y)) });
  else {
    if (Math.hypot(x - start.x, y - start.y) > 4) gesture = "pan";
    if (gesture === "pan") pan(x - last[0], y - last[1]);
  }
}

function between(first, second) {
  const [a, b] = [pixelAt(first), pixelAt(second)];
  return {
    top: Math.min(a.row, b.row),
    bottom: Math.max(a.row, b.row) + 1,
    left: Math.min(a.column, b.column),
    right: Math.max(a.column, b.column) + 1,
  };
}

function up(event) {
  if (!fingers.delete(event.pointerId) || event.type === "pointercancel") return;
  if (gesture === null && start && isInside(start.point)) set({ pixel: pixelAt(start.point), region: null });
}

/** Moves the probed pixel, or makes the region larger; without one, takes the middle of the view. */
export function probeBy(rows, columns, grow) {
  const { height, width } = state.facts;
  if (!state.pixel && !state.region) {
    set({ pixel: pixelAt({ row: view.y, column: view.x }) });
    return;
  }
  const box = state.region ?? { ...between(state.pixel, state.pixel) };
  if (!grow && state.pixel) {
    set({ pixel: pixelAt({ row: state.pixel.row + rows, column: state.pixel.column + columns }) });
    return;
  }
  const moved = grow
    ? { ...box, bottom: box.bottom + rows, right: box.right + columns }
    : { top: box.top + rows, bottom: box.bottom + rows, left: box.left + columns, right: box.right + columns };
  if (moved.top < 0 || moved.left < 0 || moved.bottom > height || moved.right > width) return;
  if (moved.bottom <= moved.top || moved.right <= moved.left) return;
  set({ pixel: null, region: moved });
}

export function startPointing() {
  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => (hover.textContent = ""));
  canvas.addEventListener("dblclick", () => {
    fit();
    redraw();
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      if (state.facts) zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.06 : 0.0022)), ...place(event));
    },
    { passive: false },
  );
}
