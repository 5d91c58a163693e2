"""Times TFP, TFI and TFSTP after compilation: `python benchmarks/classical.py`.

Each line is a method: the median time of several synchronised runs on a random recording of 301
readouts, on the default device, and images or readouts per second.
"""

import argparse
import statistics
import time
from functools import partial

import jax
import numpy as np

from spikejax import classical


def median_ms(run, repeats=15):
    jax.block_until_ready(run())
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(run())
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--height", type=int, default=250)
    parser.add_argument("--width", type=int, default=400)
    parser.add_argument("--rate", type=float, default=0.3, help="spikes per readout")
    args = parser.parse_args()

    shape = (301, args.height, args.width)
    host = (np.random.default_rng(0).random(shape) < args.rate).astype(np.uint8)
    spikes = jax.device_put(host)
    strided, every = np.arange(20, 281, 20), np.arange(301)
    print(f"{args.height}x{args.width} on {jax.devices()[0].device_kind}, {jax.__version__}")

    def line(name, run, count, unit):
        ms = median_ms(run)
        print(f"{name:46s} {ms:8.2f} ms {1e3 * count / ms:9.0f} {unit}/s", flush=True)

    for name, image in {
        "tfp, window 41": lambda s, k: classical.tfp(s, k, 41, 0.6),
        "tfi, reach 20": lambda s, k: classical.tfi(s, k, 20, 0.6),
        "tfstp, centre 199": lambda s, k: classical.tfstp(s, k, 0.6),
    }.items():
        k = 199 if name.startswith("tfstp") else 150
        line(name, partial(image, spikes, k), 1, "image")
        line(f"{name}, array on the host", partial(image, host, k), 1, "image")
        line(f"{name}, {len(strided)} centres", partial(image, spikes, strided), 14, "image")
        line(f"{name}, {len(every)} centres", partial(image, spikes, every), 301, "image")
    for stream in (
        classical.TFPStream(41),
        classical.TFIStream(20),
        classical.TFSTPStream(),
        classical.TFSTPStream(estimate="release"),
    ):
        state = stream.init(*shape[1:])
        name = f"{type(stream).__name__}.run, 100 readouts"
        if isinstance(stream, classical.TFSTPStream):
            name += f", {stream.estimate}"
        line(name, partial(stream.run, state, spikes[:100]), 100, "readout")


if __name__ == "__main__":
    main()
