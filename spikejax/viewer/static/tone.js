// Intensity to the colours of the screen: black and white point, gamma, colour map.

const STEPS = 65535; // dark tones need many: a gamma of 2.2 stretches them

let table = null;
let tableOf = "";

/** The colours of intensities from the black point (0) to the white point (STEPS). */
function colours(gamma, map, name) {
  const wanted = `${gamma} ${name}`;
  if (wanted === tableOf) return table;
  table = new Uint32Array(STEPS + 1);
  const smooth = name === "gray";
  for (let i = 0; i <= STEPS; i++) {
    const level = Math.round(255 * (i / STEPS) ** (1 / gamma));
    const [r, g, b] = smooth ? [level, level, level] : map[level];
    table[i] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  tableOf = wanted;
  return table;
}

/** Paints an image onto a canvas of its size. */
export function paint(canvas, image, levels, tone, maps) {
  const [height, width] = image.shape;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const out = context.createImageData(width, height);
  const words = new Uint32Array(out.data.buffer);
  if (image.type === "uint8") paintRgb(words, image.data);
  else {
    const lookup = colours(tone.gamma, maps[tone.colours], tone.colours);
    const [low, high] = levels;
    const scale = STEPS / Math.max(high - low, 1e-12);
    const data = image.data;
    for (let i = 0; i < words.length; i++) {
      const step = (data[i] - low) * scale;
      words[i] = lookup[step > 0 ? (step < STEPS ? (step + 0.5) | 0 : STEPS) : 0];
    }
  }
  context.putImageData(out, 0, 0);
}

function paintRgb(words, data) {
  for (let i = 0, k = 0; i < words.length; i++, k += 3)
    words[i] = (255 << 24) | (data[k + 2] << 16) | (data[k + 1] << 8) | data[k];
}

/** Draws a colour map as a strip. */
export function paintSwatch(canvas, map) {
  const context = canvas.getContext("2d");
  const out = context.createImageData(map.length, 1);
  map.forEach((colour, i) => out.data.set([...colour, 255], 4 * i));
  context.putImageData(out, 0, 0);
}
