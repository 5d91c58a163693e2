// The line that says what is computed, and the one that says what went wrong.

const line = document.getElementById("status");
const box = document.getElementById("problem");
const work = new Map(); // who -> { text, since }
const problems = new Map();
let latency = "";

/** Says that work began, or with null that it ended. */
export function busy(who, text) {
  if (text === null) work.delete(who);
  else work.set(who, { text, since: performance.now() });
  write();
}

/** Shows a problem, or with null that it is over. */
export function problem(text, who = "") {
  if (text === null) problems.delete(who);
  else {
    problems.delete(who);
    problems.set(who, text);
  }
  const texts = [...new Set(problems.values())];
  box.textContent = texts.at(-1) ?? "";
  box.hidden = !texts.length;
}

export function shown(milliseconds) {
  latency = `image in ${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
  if (!work.size) write();
}

function write() {
  const newest = [...work.values()].at(-1);
  line.classList.toggle("busy", Boolean(newest));
  if (!newest) line.textContent = latency;
  else {
    const seconds = (performance.now() - newest.since) / 1000;
    line.textContent = newest.text + (seconds > 1 ? `, ${seconds.toFixed(0)} s` : "");
  }
}

setInterval(() => work.size && write(), 500);
