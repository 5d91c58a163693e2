// Requests to the server; a refusal becomes an exception with one line.

const client = crypto.randomUUID();

export class Problem extends Error {}

async function answered(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("the server does not answer; was spikejax view ended?");
  }
  if (response.ok) return response;
  let line = `the server answers ${response.status}`;
  try {
    line = (await response.json()).problem ?? line;
  } catch {
    // an answer of the guard is plain text, and the status says enough
  }
  throw new Problem(line);
}

function address(path, words) {
  const query = new URLSearchParams({ client });
  for (const [name, value] of Object.entries(words ?? {}))
    if (value !== null && value !== undefined) query.set(name, value);
  return `api/${path}?${query}`;
}

export async function get(path, words) {
  const response = await answered(fetch(address(path, words)));
  return response.status === 204 ? null : response.json();
}

export async function post(path, values) {
  const body = JSON.stringify(values);
  const headers = { "content-type": "application/json" };
  return (await answered(fetch(`api/${path}`, { method: "POST", headers, body }))).json();
}

/** An image: { shape, data, ...facts }; null if a newer request took its place. */
export async function pixels(path, words) {
  const response = await answered(fetch(address(path, words)));
  if (response.status === 204) return null;
  const bytes = await response.arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length)));
  const data = header.type === "uint8" ? new Uint8Array(bytes, 8 + length) : new Float32Array(bytes, 8 + length);
  return { ...header, data, bytes: bytes.byteLength };
}
