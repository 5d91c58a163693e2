// Exports: a picture, a range, a crop; each as a file, as a command and as Python.

import { Problem, get, post } from "./api.js";
import { segments } from "./segments.js";
import { hasWindow, methodOf, on, state } from "./store.js";

const POLL_MS = 300;
const $ = (id) => document.getElementById(id);
const KINDS = { png: "PNG", mp4: "MP4", gif: "GIF", folder: "PNGs", dat: "crop .dat" };
let kind = "png";
let showKind = () => {};
let texts = null; // { name, command, python }
let timer = 0;
let touched = false; // whether the range was typed here
let running = null;

/** What is exported: the settings of A, the range, the region. */
function wish() {
  const method = methodOf("a");
  if (method.photo && kind !== "dat") throw new Problem("spikejax deblur writes the deblurred images; choose another method");
  const levels = state.tone.auto ? {} : { low: state.tone.low, high: state.tone.high };
  const region = state.region;
  const raw = method.id === "raw";
  return {
    kind,
    recording: state.recording,
    centre: state.centre,
    method: raw || method.photo ? "tfp" : method.id,
    window: raw ? 1 : hasWindow(method) ? state.a.window : null,
    gain: state.gain,
    ...levels,
    gamma: state.tone.gamma,
    colours: state.tone.colours,
    bits: Number($("bits").value),
    start: Number($("start").value),
    stop: Number($("stop").value),
    stride: Number($("stride").value),
    fps: Number($("fps").value),
    rows: region ? [region.top, region.bottom] : null,
    columns: region ? [region.left, region.right] : null,
  };
}

function write() {
  if (!state.facts) return;
  showKind(kind);
  const ranged = kind !== "png";
  $("range-row").hidden = !ranged;
  $("stride-row").hidden = !ranged || kind === "dat";
  $("fps").hidden = $("fps-label").hidden = kind === "folder";
  $("bits-row").hidden = kind !== "png" && kind !== "folder";
  if (!touched) {
    $("start").value = state.loop?.start ?? 0;
    $("stop").value = state.loop?.stop ?? state.facts.readouts;
  }
  $("export-note").textContent = {
    png: `Picture A at readout ${state.centre}.`,
    mp4: "Pictures A of a range, as a video.",
    gif: "Pictures A of a range, as an animation.",
    folder: "Pictures A of a range, as a folder.",
    dat: state.region ? "The readouts of the region." : "The readouts of the range; a region crops rows and columns.",
  }[kind];
  clearTimeout(timer);
  timer = setTimeout(repeat, 120);
}

/** Asks for the command and the Python of the export. */
async function repeat() {
  try {
    texts = await post("repeat", wish());
    $("repeat").textContent = texts.command ?? texts.python;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    texts = null;
    $("repeat").textContent = error.message;
  }
  $("repeat").dataset.ready = texts ? "yes" : "";
  $("copy-command").disabled = !texts?.command;
  $("copy-python").disabled = !texts;
  $("save").disabled = !texts && !running;
}

async function copy(text, what) {
  $("repeat").textContent = text;
  try {
    await navigator.clipboard.writeText(text);
    $("export-state").textContent = `${what} copied`;
  } catch {
    getSelection().selectAllChildren($("repeat"));
    $("export-state").textContent = `${what}: selected, press Ctrl C`;
  }
}

/** Writes the file on the server and lets the browser fetch it. */
async function save() {
  if (running) {
    await post(`export/${running}/end`, {}).catch(() => {});
    return;
  }
  try {
    let job = await post("export", wish());
    running = job.id;
    $("save").textContent = "Give up";
    while (!job.ready && !job.problem) {
      $("export-state").textContent = job.total ? `${job.done} of ${job.total} images` : "writing …";
      await new Promise((done) => setTimeout(done, POLL_MS));
      job = await get(`export/${job.id}`);
    }
    if (job.problem) throw new Problem(job.problem);
    const link = document.createElement("a");
    link.href = `api/export/${job.id}/${encodeURIComponent(job.name)}`;
    link.download = job.name;
    link.click();
    $("export-state").textContent = `${job.name}, ${(job.bytes / 1e6).toPrecision(3)} MB`;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    $("export-state").textContent = error.message;
  }
  running = null;
  $("save").textContent = "Save";
}

/** Brings the exports into view and the focus to them. */
export function goToExport() {
  $("save").scrollIntoView({ block: "center" });
  $("save").focus();
}

export function startExporting() {
  showKind = segments($("kind"), KINDS, (chosen) => {
    kind = chosen;
    write();
  });
  for (const id of ["bits", "stride", "fps"]) $(id).addEventListener("change", write);
  for (const id of ["start", "stop"])
    $(id).addEventListener("change", () => {
      touched = true;
      write();
    });
  $("save").addEventListener("click", save);
  $("copy-command").addEventListener("click", () => texts?.command && copy(texts.command, "command"));
  $("copy-python").addEventListener("click", () => texts && copy(texts.python, "Python"));
  on("facts loop", () => {
    touched = false;
  });
  on("facts centre a gain tone region loop recording", write);
}

