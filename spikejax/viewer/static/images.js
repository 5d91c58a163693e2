// The images of the slots A and B. A quick method follows every movement: one request runs, and the
// newest wish takes the place of older ones. A network waits until the slider rests; until it has
// computed, TFP stands in.

import { Problem, pixels } from "./api.js";
import { busy, problem } from "./status.js";
import { centreOf, hasWindow, methodOf, on, state } from "./store.js";

const REST_MS = 220;
const KEPT_BYTES = 96 << 20;

const kept = new Map(); // key -> image, the longest unused first
let keptBytes = 0;
const listeners = [];
let slots = fresh();

function fresh() {
  const slot = (name) => ({ name, image: null, wanted: null, next: null, running: false, timer: 0 });
  return { a: slot("a"), b: slot("b") };
}

/** The image that a slot shows: { shape, data, levels, key, method, centre, standIn, since }. */
export const imageOf = (name) => slots[name].image;

/** Calls `hear(slot)` when there is a new image. */
export const onImage = (hear) => listeners.push(hear);

/** What a slot asks for; with `standIn`, TFP in place of a network. */
function describe(name, standIn = false) {
  const method = methodOf(name);
  const centre = centreOf(name);
  const words = { recording: state.recording, centre, slot: name };
  let path = "image";
  if (method.photo) {
    path = method.photo;
    words.method = method.name;
    if (path === "blurry") delete words.centre;
  } else {
    words.method = standIn ? "tfp" : method.name;
    words.gain = state.gain;
    if (method.id === "raw") words.window = 1;
    else if (!standIn && hasWindow(method)) words.window = state[name].window;
    if (!standIn && method.weights) words.method = method.id;
  }
  const key = [path, words.recording, words.method, words.window, words.gain, words.centre].join("|");
  return { path, words, key, method, centre, standIn, quick: standIn || method.quick };
}

function recall(key) {
  const image = kept.get(key);
  if (image) {
    kept.delete(key);
    kept.set(key, image);
  }
  return image;
}

function remember(key, image) {
  if (kept.has(key)) return;
  kept.set(key, image);
  keptBytes += image.bytes;
  for (const [old, dropped] of kept) {
    if (keptBytes <= KEPT_BYTES || kept.size === 1) break;
    kept.delete(old);
    keptBytes -= dropped.bytes;
  }
}

function show(slot, image, what, since) {
  const { key, method, centre, standIn } = what;
  slot.image = { ...image, key, method, centre, standIn, since };
  for (const hear of listeners) hear(slot.name);
}

function update(name) {
  const slot = slots[name];
  const what = describe(name);
  if (what.key === slot.wanted) return;
  slot.wanted = what.key;
  slot.next = null;
  clearTimeout(slot.timer);
  busy(name, null);
  const since = performance.now();
  const known = recall(what.key);
  if (known) {
    show(slot, known, what, since);
    return;
  }
  const quick = what.quick ? what : what.path === "image" ? describe(name, true) : null;
  if (quick && recall(quick.key)) show(slot, recall(quick.key), quick, since);
  else if (quick) {
    slot.next = { what: quick, since };
    follow(slot);
  }
  if (!what.quick && !(state.playing && what.path === "image"))
    slot.timer = setTimeout(() => compute(slot, what), REST_MS);
}

/** Runs the newest wish for a quick image, and then the one that came meanwhile. */
async function follow(slot) {
  if (slot.running || !slot.next) return;
  const { what, since } = slot.next;
  slot.next = null;
  slot.running = true;
  await request(slot, what, since, () => !kept.has(slot.wanted) || what.key === slot.wanted);
  slot.running = false;
  follow(slot);
}

/** Asks for an image that takes long. */
async function compute(slot, what) {
  busy(slot.name, `computing ${what.method.label} at readout ${what.centre}`);
  await request(slot, what, performance.now(), () => what.key === slot.wanted);
  if (what.key === slot.wanted) busy(slot.name, null);
}

async function request(slot, what, since, fits) {
  const current = () => slot === slots[slot.name]; // not of a recording that was left
  try {
    const image = await pixels(what.path, what.words);
    if (!image || !current()) return;
    remember(what.key, image);
    if (fits()) show(slot, image, what, since);
    problem(null, `image ${slot.name}`);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (current()) problem(error.message, `image ${slot.name}`);
  }
}

/** Forgets all images, for another recording. */
export function forget() {
  kept.clear();
  keptBytes = 0;
  for (const slot of Object.values(slots)) clearTimeout(slot.timer);
  slots = fresh();
  for (const name of ["a", "b"]) {
    busy(name, null);
    problem(null, `image ${name}`);
  }
}

let held = null; // while it plays, so that nothing flickers

/** The intensities that are black and white in a slot's picture. */
export function levelsOf(name) {
  if (!state.tone.auto) return [state.tone.low, state.tone.high];
  if (!state.playing) held = null;
  else held ??= slots.a.image?.levels ?? null;
  return held ?? slots[name].image?.levels ?? [0, 1];
}

export function startImages() {
  on("facts centre a b gain compare playing", (changed) => {
    if (!state.facts) return;
    if (changed.includes("playing")) for (const slot of Object.values(slots)) slot.wanted = null;
    update("a");
    if (state.compare !== "off") update("b");
  });
}
