"""Times the input pipeline: `python benchmarks/data.py`.

Prints windows per second: windows of 61 readouts, cropped to 96x96, from scenes of 720x1280 in the
page cache, in batches of 8 examples.

Results on two shared cores (a load of 3 to 6), with prefetching in threads: 1800 without and 1400
with augmentation for one window per example, 6200 and 4300 for four. Two worker processes reach
2400, 2000, 4800 and 3700: they share the cores, and copy every batch.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from spikejax.datasets.loading.pipeline import windows
from spikejax.datasets.published.prepared import entry_of, open_prepared, write_clip, write_index

HEIGHT, WIDTH, READOUTS = 720, 1280, 300
SCENES = 4
BATCH = 8


def make_scenes(base):
    """Writes a prepared dataset of noise, with an image every 20 readouts like SREDS."""
    rng = np.random.default_rng(0)
    folder = base / "noise" / "train"
    folder.mkdir(parents=True)
    centres = np.arange(19, READOUTS, 20, dtype=np.int32)
    for n in range(SCENES):
        clip = {
            "packed": rng.integers(0, 256, (READOUTS, HEIGHT, WIDTH // 8), np.uint8),
            "width": np.int32(WIDTH),
            "gain": np.float32(0.4),
            "rate_hz": np.float32(2400),
            "images": rng.integers(0, 256, (len(centres), HEIGHT, WIDTH, 1), np.uint8),
            "centres": centres,
        }
        write_clip(folder / f"{n}.npz", clip)
    write_index(folder.parent, {"train": [entry_of(p) for p in sorted(folder.iterdir())]})


def rate(iterator, per_batch, seconds):
    """Returns windows per second, after a warm-up."""
    for _ in range(20):
        next(iterator)
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        next(iterator)
        count += per_batch
    return count / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    args = parser.parse_args()
    print(f"{len(os.sched_getaffinity(0))} cores; windows per second")
    with tempfile.TemporaryDirectory() as folder:
        make_scenes(Path(folder))
        source = open_prepared(folder, "noise")
        for count in (1, 4):
            for augment in (False, True):
                for workers in (0, 2):
                    options = {"windows": count, "augment": augment, "workers": workers}
                    batches = windows(source, batch_size=BATCH, window=61, crop=96, **options)
                    speed = rate(batches, BATCH * count, args.seconds)
                    print(
                        f"{count} per scene, {'' if augment else 'not '}augmented, "
                        f"{f'{workers} processes' if workers else 'threads'}: {speed:.0f}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
