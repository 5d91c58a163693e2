// The settings of the picture: method, window, gain, tone.

import { imageOf, levelsOf, onImage } from "./images.js";
import { hasWindow, methodOf, on, set, state } from "./store.js";
import { paintSwatch } from "./tone.js";

const $ = (id) => document.getElementById(id);
const rows = new Map(); // method id -> { choose, asB }

export function chooseMethod(id) {
  set({ a: { ...state.a, method: id } });
}

export function chooseOther(id) {
  const compare = state.compare === "off" ? "wipe" : state.compare;
  set({ b: { ...state.b, method: id }, compare });
}

/** Changes the window of A by some readouts; it stays odd. */
export function widen(readouts) {
  if (!hasWindow(methodOf("a"))) return;
  const window = Math.min(Math.max(state.a.window + readouts, 1), state.session.max_window);
  set({ a: { ...state.a, window: window | 1 } });
}

/** Lists the methods; the first nine have the keys 1 to 9. */
export function listMethods() {
  const list = document.createDocumentFragment();
  rows.clear();
  state.session.methods.forEach((method, index) => {
    const row = Object.assign(document.createElement("div"), { className: "method" });
    const choose = Object.assign(document.createElement("button"), { type: "button", title: method.description });
    choose.dataset.method = method.id;
    const key = method.id === "raw" ? "r" : index < 9 ? String(index + 1) : "";
    if (key) choose.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    choose.append(Object.assign(document.createElement("span"), { className: "name", textContent: method.label }));
    if (!method.quick)
      choose.append(Object.assign(document.createElement("span"), { className: "slow", textContent: "at rest" }));
    choose.addEventListener("click", () => chooseMethod(method.id));
    const asB = Object.assign(document.createElement("button"), { type: "button", className: "as-b", textContent: "B" });
    asB.title = `Compare with ${method.label} as B`;
    asB.setAttribute("aria-label", asB.title);
    asB.addEventListener("click", () => chooseOther(method.id));
    row.append(choose, asB);
    rows.set(method.id, { choose, asB });
    list.append(row);
  });
  $("methods").replaceChildren(list);
  $("b-method").replaceChildren(...state.session.methods.map((method) => new Option(method.label, method.id)));
  write();
}

function tone(patch) {
  const next = { ...state.tone, ...patch };
  if (("low" in patch || "high" in patch) && !("auto" in patch)) {
    if (state.tone.auto) [next.low, next.high] = levelsOf("a");
    Object.assign(next, patch, { auto: false });
    if (!(next.low < next.high)) return writeTone();
  }
  set({ tone: next });
}

/** The largest intensity of the sliders: that of a pixel that always fires, or of the image. */
const most = () => 1.0 / (state.gain ?? state.facts?.gain ?? 1);

function write() {
  if (!state.session) return;
  for (const [id, { choose, asB }] of rows) {
    choose.setAttribute("aria-pressed", state.a.method === id);
    asB.setAttribute("aria-pressed", state.compare !== "off" && state.b.method === id);
  }
  const takes = hasWindow(methodOf("a"));
  for (const id of ["window", "window-number"]) {
    $(id).disabled = !takes;
    if (document.activeElement !== $(id) || id === "window") $(id).value = state.a.window;
  }
  if (state.facts) {
    $("gain").placeholder = Number(state.facts.gain.toPrecision(4));
    if (document.activeElement !== $("gain")) $("gain").value = state.gain ?? "";
  }
  writeTone();
}

function writeTone() {
  const { auto, gamma, colours } = state.tone;
  const [low, high] = levelsOf("a");
  $("auto").checked = auto;
  for (const [name, value] of [["low", low], ["high", high]]) {
    if (document.activeElement !== $(name)) $(name).value = (1000 * value) / most();
    if (document.activeElement !== $(`${name}-number`)) $(`${name}-number`).value = Number(value.toFixed(4));
  }
  if (document.activeElement !== $("gamma")) $("gamma").value = gamma;
  if (document.activeElement !== $("gamma-number")) $("gamma-number").value = gamma;
  if ($("colours").value === colours) return;
  $("colours").value = colours;
  paintSwatch($("swatch"), state.session.colours[colours]);
}

export function startPanel() {
  $("window").addEventListener("input", () => set({ a: { ...state.a, window: Number($("window").value) } }));
  $("window-number").addEventListener("change", () => {
    const wanted = Math.min(Math.max(Number($("window-number").value) || 41, 1), state.session.max_window) | 1;
    $("window-number").value = wanted;
    set({ a: { ...state.a, window: wanted } });
  });
  $("gain").addEventListener("change", () => {
    const gain = Number($("gain").value);
    set({ gain: gain > 0 ? gain : null });
  });
  $("auto").addEventListener("change", () => {
    const [low, high] = levelsOf("a");
    set({ tone: { ...state.tone, auto: $("auto").checked, low: round(low), high: round(high) } });
  });
  for (const name of ["low", "high"]) {
    $(name).addEventListener("input", () => tone({ [name]: round((Number($(name).value) * most()) / 1000) }));
    $(`${name}-number`).addEventListener("change", () => tone({ [name]: Number($(`${name}-number`).value) }));
  }
  $("gamma").addEventListener("input", () => tone({ gamma: Number($("gamma").value) }));
  $("gamma-number").addEventListener("change", () => tone({ gamma: Number($("gamma-number").value) || 2.2 }));
  $("colours").addEventListener("change", () => {
    tone({ colours: $("colours").value });
    paintSwatch($("swatch"), state.session.colours[state.tone.colours]);
  });
  for (const name of Object.keys(state.session.colours)) $("colours").add(new Option(name, name));
  $("colours").selectedIndex = -1;
  on("a b compare facts gain", write);
  on("tone", writeTone);
  onImage((slot) => slot === "a" && state.tone.auto && imageOf("a") && writeTone());
}

const round = (value) => Number(value.toPrecision(4));
