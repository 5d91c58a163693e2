// How two pictures are compared, and what lies over them.

import { Problem, get } from "./api.js";
import { setMarks } from "./overlays.js";
import { segments } from "./segments.js";
import { redraw } from "./stage.js";
import { problem } from "./status.js";
import { on, set, state } from "./store.js";

const $ = (id) => document.getElementById(id);
const WAYS = { off: "off", wipe: "wipe", side: "side by side", blink: "blink" };

export function nextWay() {
  const ways = Object.keys(WAYS);
  set({ compare: ways[(ways.indexOf(state.compare) + 1) % ways.length] });
}

export function moveWipe(part) {
  if (state.compare === "wipe") set({ wipe: Math.min(Math.max(state.wipe + part, 0), 1) });
}

/** Holds B at the moment, or lets it follow A again. */
export function pin() {
  const centre = state.b.centre === null ? state.centre : null;
  set({ b: { ...state.b, centre }, compare: state.compare === "off" ? "wipe" : state.compare });
}

/** Exchanges A and B. */
export function exchange() {
  const { centre, ...second } = state.b;
  const patch = { a: second, b: { ...state.a, centre } };
  if (centre !== null) Object.assign(patch, { centre, b: { ...state.a, centre: state.centre } });
  set(patch);
}

/** Asks where the hot, dead and weak pixels are, as far as is known. */
export async function findMarks() {
  if (!state.marks) return;
  try {
    const found = await get("outliers", { recording: state.recording });
    setMarks(found);
    const counts = ["hot", "dead", "weak"].map((name) => `${found[name].length} ${name}`);
    $("marks-note").textContent = found.readouts ? counts.join(", ") : "reading …";
    redraw();
    problem(null, "marks");
    if (state.marks && found.readouts < state.facts.readouts) setTimeout(findMarks, 1500);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    problem(error.message, "marks");
  }
}

export function startCompare() {
  const show = segments($("compare"), WAYS, (compare) => set({ compare }));
  const showFlow = segments($("flow"), { off: "off", arrows: "arrows", colours: "colours" }, (flow) => set({ flow }));
  $("b-method").addEventListener("change", () => set({ b: { ...state.b, method: $("b-method").value } }));
  $("b-pin").addEventListener("click", pin);
  $("marks").addEventListener("change", () => set({ marks: $("marks").checked }));
  on("marks facts", () => {
    setMarks(null);
    $("marks").checked = state.marks;
    if (!state.marks) $("marks-note").textContent = "hot, dead, weak";
    else if (state.facts) findMarks();
  });
  const write = () => {
    show(state.compare);
    showFlow(state.flow);
    $("b-row").hidden = state.compare === "off";
    if ($("b-method").value !== state.b.method) $("b-method").value = state.b.method;
    const pinned = state.b.centre !== null;
    $("b-pin").textContent = pinned ? `at ${state.b.centre}` : "pin moment";
    $("b-pin").setAttribute("aria-pressed", pinned);
  };
  on("compare b flow facts", write);
  write();
}
