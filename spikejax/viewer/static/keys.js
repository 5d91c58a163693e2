// The keyboard: everything the mouse does.

import { exchange, moveWipe, nextWay, pin } from "./compare.js";
import { goToExport } from "./exporting.js";
import { chooseMethod, widen } from "./panel.js";
import { loopFrom, loopTo, step, togglePlaying } from "./player.js";
import { probeBy } from "./pointing.js";
import { fit, pan, redraw, zoom } from "./stage.js";
import { set, state } from "./store.js";

const stage = document.getElementById("stage");
const dialog = document.getElementById("keys");
let beforeRaw = "tfp";

const middle = () => [stage.clientWidth / 2, stage.clientHeight / 2];
const FLOWS = ["off", "arrows", "colours"];

function raw() {
  if (state.a.method === "raw") chooseMethod(beforeRaw);
  else {
    beforeRaw = state.a.method;
    chooseMethod("raw");
  }
}

// key -> what it does; the words stand in the dialog
const KEYS = new Map([
  ["Space", [togglePlaying, "play and pause"]],
  ["←", [() => step(-1), "one readout back"]],
  ["→", [() => step(1), "one readout on"]],
  ["Shift ←", [() => step(-20), "20 back"]],
  ["Shift →", [() => step(20), "20 on"]],
  ["Home", [() => step(-state.facts.readouts), "the first readout"]],
  ["End", [() => step(state.facts.readouts), "the last readout"]],
  ["[", [loopFrom, "the loop starts here"]],
  ["]", [loopTo, "the loop ends here"]],
  ["\\", [() => set({ loop: null }), "no loop"]],
  ["1 – 9", [null, "method"]],
  ["r", [raw, "the readout itself, and back"]],
  ["↑", [() => widen(2), "longer window"]],
  ["↓", [() => widen(-2), "shorter window"]],
  ["Shift ↑", [() => widen(20), "much longer"]],
  ["Shift ↓", [() => widen(-20), "much shorter"]],
  ["c", [nextWay, "compare: wipe, side, blink"]],
  [",", [() => moveWipe(-0.05), "wipe to the left"]],
  [".", [() => moveWipe(0.05), "wipe to the right"]],
  ["x", [exchange, "exchange A and B"]],
  ["p", [pin, "hold B at this moment"]],
  ["+", [() => zoom(1.25, ...middle()), "zoom in"]],
  ["−", [() => zoom(0.8, ...middle()), "zoom out"]],
  ["0", [() => (fit(), redraw()), "the whole image"]],
  ["Ctrl arrows", [null, "move the view"]],
  ["m", [() => set({ marks: !state.marks }), "mark hot, dead, weak pixels"]],
  ["f", [() => set({ flow: FLOWS[(FLOWS.indexOf(state.flow) + 1) % 3] }), "motion: arrows, colours"]],
  ["i", [() => probeBy(0, 0), "probe the middle pixel"]],
  ["Alt arrows", [null, "move the pixel or region"]],
  ["Alt Shift arrows", [null, "a region; grow or shrink it"]],
  ["e", [goToExport, "export"]],
  ["Esc", [() => set({ pixel: null, region: null }), "no pixel, no region"]],
  ["?", [() => dialog.showModal(), "this list"]],
]);
const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", "-": "−", "=": "+", Escape: "Esc" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Whether the focused element uses this key itself. */
function isTheirs(event) {
  const element = event.target;
  const kind = element.type;
  if (element.matches?.("select, textarea, input[type=number]")) return event.key !== "Escape";
  if (kind === "range") return event.key in ARROWS || ["Home", "End"].includes(event.key);
  if (element.matches?.("button, a, summary, input[type=checkbox]")) return [" ", "Enter"].includes(event.key);
  return false;
}

function press(event) {
  if (!state.facts || dialog.open || isTheirs(event)) return;
  const arrow = ARROWS[event.key];
  if (event.ctrlKey || event.metaKey) {
    if (!arrow) return;
    pan(-40 * arrow[0], -40 * arrow[1]);
  } else if (event.altKey) {
    if (!arrow) return;
    probeBy(arrow[1], arrow[0], event.shiftKey);
  } else if (/^[1-9]$/.test(event.key)) {
    const method = state.session.methods[event.key - 1];
    if (method) chooseMethod(method.id);
  } else {
    const name = NAMES[event.key] ?? event.key;
    const found = (event.shiftKey && KEYS.get(`Shift ${name}`)) || KEYS.get(name);
    if (!found?.[0]) return;
    found[0]();
  }
  event.preventDefault();
}

export function startKeys() {
  const list = [...KEYS].flatMap(([key, [, words]]) => {
    const term = document.createElement("dt");
    term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    return [term, Object.assign(document.createElement("dd"), { textContent: words })];
  });
  document.getElementById("keys-list").replaceChildren(...list);
  document.getElementById("help").addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", press);
}
