// Playing: the moment moves on with the clock, at a fraction of real time, around the loop.

import { timeOf } from "./timeline.js";
import { on, seek, set, state } from "./store.js";

const SPEEDS = [1000, 500, 200, 100, 50, 20, 10, 5, 2, 1];
const $ = (id) => document.getElementById(id);
let exact = 0; // the moment as a fraction, so that slow speeds move on
let last = 0;

function tick(now) {
  if (!state.playing) return;
  requestAnimationFrame(tick);
  const elapsed = Math.min(now - last, 250) / 1000;
  last = now;
  const { start, stop } = state.loop ?? { start: 0, stop: state.facts.readouts };
  exact += elapsed * state.facts.rate_hz * state.speed;
  if (exact >= stop || exact < start) exact = start + (Math.max(0, exact - start) % (stop - start));
  seek(Math.floor(exact));
}

export function togglePlaying() {
  if (!state.facts) return;
  exact = state.centre;
  last = performance.now();
  set({ playing: !state.playing });
  if (state.playing) requestAnimationFrame(tick);
}

export function step(readouts) {
  set({ playing: false });
  seek(state.centre + readouts);
}

/** Sets the start or the end of the loop to the moment. */
export function loopFrom() {
  const stop = state.loop && state.loop.stop > state.centre + 1 ? state.loop.stop : state.facts.readouts;
  if (state.centre + 1 < stop) set({ loop: { start: state.centre, stop } });
}

export function loopTo() {
  const start = state.loop && state.loop.start < state.centre ? state.loop.start : 0;
  if (start < state.centre) set({ loop: { start, stop: state.centre + 1 } });
}

function write() {
  if (!state.facts) return;
  $("play").textContent = state.playing ? "❚❚" : "▶";
  $("play").setAttribute("aria-label", state.playing ? "Pause" : "Play");
  if (document.activeElement !== $("centre")) $("centre").value = state.centre;
  $("centre").max = state.facts.readouts - 1;
  $("time").textContent = timeOf(state.centre);
  $("loop-note").textContent = state.loop ? ` ${state.loop.start} to ${state.loop.stop - 1} ` : "";
  $("loop-clear").hidden = !state.loop;
}

export function startPlayer() {
  for (const slower of SPEEDS) $("speed").add(new Option(slower === 1 ? "real time" : `1/${slower}`, 1 / slower));
  $("speed").addEventListener("change", () => set({ speed: Number($("speed").value) }));
  $("play").addEventListener("click", togglePlaying);
  for (const [id, readouts] of Object.entries({ back20: -20, back: -1, next: 1, next20: 20 }))
    $(id).addEventListener("click", () => step(readouts));
  $("centre").addEventListener("change", () => {
    set({ playing: false });
    seek(Number($("centre").value));
    $("centre").value = state.centre;
  });
  $("loop-start").addEventListener("click", loopFrom);
  $("loop-stop").addEventListener("click", loopTo);
  $("loop-clear").addEventListener("click", () => set({ loop: null }));
  on("facts centre playing loop", write);
}
