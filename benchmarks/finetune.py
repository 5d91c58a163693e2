"""Fine-tuning on pairs of another camera: `python benchmarks/finetune.py --out DIR`.

A camera that is not in the training data films procedural scenes. By default it has three times the
fixed pattern. With `--gain 2 --pattern 1` it is twice as sensitive as any camera in training and
saturates above half of white. With `--gain 0.15` it has half the least light in training. Its pairs
of a blurry photograph and spikes, without sharp images, go to DIR/pairs/, like a user's. The
student that ships is fine-tuned on them, as by

    python train.py --config configs/ldn.py:finetune --config.init_from=shipped \
        --config.data.folder=DIR/pairs --workdir DIR/run

and compared before and after on other scenes of the same camera: mean PSNR in dB at the first, the
middle and the last moment of the exposure.
"""

import argparse
import dataclasses
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from spikejax import camera, deblur, metrics, training, weights
from spikejax.camera import SENSORS, Sensor, simulate, to_grey
from spikejax.camera.interpolation import mean_of_cells
from spikejax.datasets.procedural.scenes import SceneOptions
from spikejax.datasets.procedural.synthetic import SyntheticOptions, synthetic_batch
from spikejax.formats import write_dat, write_image

EXPOSURE = camera.ExposureTiming()
TIMES = EXPOSURE.times(3)
VIDAR = SENSORS["vidar"]


def camera_of(gain: float, pattern: float) -> Sensor:
    """Returns a camera with this gain, and the fixed pattern of `vidar` times `pattern`."""
    return dataclasses.replace(
        VIDAR,
        gain=gain,
        prnu=pattern * VIDAR.prnu,
        dark=pattern * VIDAR.dark,
        dark_spread=pattern * VIDAR.dark_spread,
        threshold_spread=pattern * VIDAR.threshold_spread,
    )


def filmed(count: int, size: int, seed: int, camera: Sensor) -> Iterator[tuple[Any, Any, Any]]:
    """Yields photographs (H, W, 3), spikes (T, h, w) and the true images of three moments."""
    options = SyntheticOptions(
        scene=SceneOptions(height=size, width=size, channels=3, share=1, still=0.0),
        window=EXPOSURE.length,
        exposure=EXPOSURE.readouts,
        moments=tuple(range(EXPOSURE.length)),
    )
    pattern = camera.pattern(
        jax.random.key(7), (size // 4, size // 4)
    )  # the pattern of this camera
    for number in range(count):
        key = jax.random.fold_in(jax.random.key(seed), number)
        batch: Any = synthetic_batch(key, options, count=1)
        light = mean_of_cells(to_grey(batch["images"][0])[..., None], 4)[..., 0]
        spikes = simulate(key, light, camera, pattern=pattern)
        truth = [np.asarray(batch["images"][0, time]) for time in TIMES]
        yield np.asarray(batch["blur"][0]), np.asarray(spikes), truth


def score(
    samples: list[tuple[Any, Any, Any]], method: str, networks: dict[str, Any]
) -> list[float]:
    """Returns the mean PSNR at each of the three moments."""
    rows = []
    for blur, spikes, truth in samples:
        images = deblur.frames(blur, spikes, method=method, times=TIMES, weights=networks)
        rows.append(
            [
                float(metrics.psnr(image, true))
                for (_, image), true in zip(images, truth, strict=True)
            ]
        )
    return list(np.mean(rows, 0))


def main() -> None:
    """Reads the arguments, trains, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--held-out", type=int, default=6)
    parser.add_argument("--size", type=int, default=256, help="pixels per side of a photograph")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument(
        "--crop", type=int, default=48, help="pixels per side of the spikes in training"
    )
    parser.add_argument(
        "--gain",
        type=float,
        default=0.6,
        help="spikes per readout in white (training: 0.3 to 1)",
    )
    parser.add_argument(
        "--pattern", type=float, default=3.0, help="fixed pattern, relative to `vidar`"
    )
    parser.add_argument(
        "--bsn", action="store_true", help="use the teacher with BSN in place of STIR"
    )
    args = parser.parse_args()
    if args.out.exists() and any(args.out.iterdir()):
        parser.error(f"{args.out}: holds files of another run; give another --out")
    if args.gain <= 0 or args.pattern < 0:
        parser.error("expected --gain above 0 and --pattern of at least 0")
    camera = camera_of(args.gain, args.pattern)
    pairs = args.out / "pairs"
    for folder in ("blur", "spikes"):
        (pairs / folder).mkdir(parents=True, exist_ok=True)
    for number, (blur, spikes, _) in enumerate(filmed(args.pairs, args.size, 11, camera)):
        write_image(pairs / "blur" / f"{number:03d}.png", blur)
        write_dat(pairs / "spikes" / f"{number:03d}.dat", spikes)
    path = Path(__file__).parents[1] / "configs" / "ldn.py"
    spec = importlib.util.spec_from_file_location("ldn", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config("finetune")
    config.init_from, config.data.folder, config.steps = "shipped", str(pairs), args.steps
    config.schedule.warmup = min(config.schedule.warmup, args.steps // 4)
    config.teacher.stir = "" if args.bsn else config.teacher.stir
    config.data.size = min(args.crop, args.size // 4)
    training.train(config, args.out / "run")
    tuned = weights.load(args.out / "run" / "weights.safetensors", model="ldn")
    samples = list(filmed(args.held_out, args.size, 12, camera))
    blurry = [[float(metrics.psnr(blur, true)) for true in truth] for blur, _, truth in samples]
    print("\n| | first | middle | last | mean |\n|---|---|---|---|---|")
    for label, scores in (
        ("blurry photograph", list(np.mean(blurry, 0))),
        ("teacher, BSN", score(samples, "teacher", {})),
        ("teacher, STIR", score(samples, "stir", {})),
        ("student before", score(samples, "student", {})),
        ("student after", score(samples, "student", {"ldn": tuned})),
    ):
        print(f"| {label} | " + " | ".join(f"{x:.2f}" for x in (*scores, np.mean(scores))) + " |")


if __name__ == "__main__":
    main()
