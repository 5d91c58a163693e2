// What the page shows, in one object. `set` changes it and tells those who listen.

export const state = {
  session: null, // facts about the server: recordings, methods, colours
  recording: 0,
  facts: null, // of the recording
  centre: 0,
  a: { method: "tfp", window: 41 },
  b: { method: "tfi", window: 41, centre: null }, // null: the moment of A
  gain: null, // null: the recording's own
  tone: { auto: true, low: 0, high: 1, gamma: 2.2, colours: "gray" },
  compare: "off",
  wipe: 0.5,
  marks: false,
  flow: "off",
  pixel: null, // { row, column }
  region: null, // { top, bottom, left, right }, ends excluded
  loop: null, // { start, stop }, the end excluded
  playing: false,
  speed: 1 / 1000,
  photograph: null,
};

const listeners = [];

/** Calls `hear(changed)` when one of the named fields changes; without names at any change. */
export function on(names, hear) {
  listeners.push({ names: names && new Set(names.split(" ")), hear });
}

export function set(patch) {
  const changed = Object.keys(patch).filter((name) => state[name] !== patch[name]);
  if (!changed.length) return;
  Object.assign(state, patch);
  for (const { names, hear } of listeners)
    if (!names || changed.some((name) => names.has(name))) hear(changed);
}

export function seek(readout) {
  if (!state.facts) return;
  set({ centre: Math.min(Math.max(Math.round(readout) || 0, 0), state.facts.readouts - 1) });
}

/** The method of a slot as the server knows it. */
export function methodOf(slot) {
  return state.session.methods.find((method) => method.id === state[slot].method);
}

export function hasWindow(method) {
  return method.id === "tfp" || method.id === "tfi";
}

/** The name of a slot's picture, for labels. */
export function labelOf(slot) {
  const method = methodOf(slot);
  return hasWindow(method) ? `${method.label} ${state[slot].window}` : method.label;
}

export function centreOf(slot) {
  return slot === "b" && state.b.centre !== null ? state.b.centre : state.centre;
}
