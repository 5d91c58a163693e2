"""PSNR and SSIM of every deblurring method: `python benchmarks/deblur.py [--published FILE]`.

Every method deblurs the same blurry photographs and spikes: held-out procedural scenes, and moving
photographs of scikit-image in the published simulator of S-SDM. The tables also have the photograph
itself and the spikes alone. Scores are of the first, the middle and the last moment of the
exposure, PSNR in dB. `--published` adds a PyTorch checkpoint of LDN from its authors.
"""

import argparse
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from spikejax import camera, deblur, metrics, ops, weights
from spikejax.datasets import expose_and_spike, moving_photograph
from spikejax.datasets.procedural.scenes import SceneOptions
from spikejax.datasets.procedural.synthetic import SyntheticOptions, synthetic_batch
from spikejax.tasks.exposures import seen

EXPOSURE = camera.ExposureTiming()
TIMES = EXPOSURE.times(3)
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "cat", "rocket")
SPEEDS = (0.1, 0.25)  # pixels per readout: 10 and 24 during the exposure
SEED = 2_000_003  # not used in training or validation


class Sample(NamedTuple):
    """A photograph, its spikes, and the true images of the three moments."""

    name: str
    blur: np.ndarray
    spikes: np.ndarray
    gain: float
    truth: list[np.ndarray]


def scenes(count: int, size: int, ssdm: float) -> Iterator[Sample]:
    """Moving procedural scenes, with cameras that are not in the training data."""
    options = SyntheticOptions(
        scene=SceneOptions(height=size, width=size, channels=3, share=1, still=0.0),
        window=EXPOSURE.length,
        exposure=EXPOSURE.readouts,
        moments=TIMES,
        ssdm=ssdm,
    )
    for number in range(count):
        key = jax.random.fold_in(jax.random.key(SEED), number)
        batch: Any = jax.device_get(synthetic_batch(key, options, count=1))
        truth = list(batch["images"][0])
        gain = float(batch["gain"][0])
        yield Sample(f"scene {number}", batch["blur"][0], batch["spikes"][0], gain, truth)


def photographs(size: int) -> Iterator[Sample]:
    """Photographs of scikit-image that move at two speeds, each in its own direction."""
    import skimage.data

    sensor = camera.SENSORS["ssdm"]
    for number, name in enumerate(PHOTOGRAPHS):
        image = getattr(skimage.data, name)()[..., :3].astype(np.float32) / 255
        side = [min(size, (n - 40) // 16 * 16) for n in image.shape[:2]]
        for speed in SPEEDS:
            angle = 2 * np.pi * number / len(PHOTOGRAPHS)
            velocity = (speed * np.cos(angle), speed * np.sin(angle))
            frames = moving_photograph(image, velocity=velocity, size=(side[0], side[1]))
            blur, spikes = expose_and_spike(jax.random.key(number), frames, sensor)
            truth = [np.asarray(frames[time]) for time in TIMES]
            gain = float(sensor.gain)
            yield Sample(f"{name} {speed}", np.asarray(blur), np.asarray(spikes), gain, truth)


def spikes_alone(sample: Sample) -> list[np.ndarray]:
    """Returns the short average, enlarged bilinearly, in grey."""
    short = deblur.short_tfp(sample.spikes[None], TIMES, EXPOSURE)[0] / sample.gain
    large = ops.resize_bilinear(jnp.asarray(short), *sample.blur.shape[:2])
    return list(np.repeat(np.clip(large, 0, 1), 3, -1))


def of_exact_light(sample: Sample) -> list[np.ndarray]:
    """Returns SDM of the true light on the spike camera's pixels, the upper bound of `sdm`."""
    blur, truth = jnp.asarray(sample.blur)[None], jnp.asarray(np.stack(sample.truth))
    size = sample.blur.shape[:2]
    long, short = (ops.resize_bilinear(seen(x), *size) for x in (blur, truth))
    images = deblur.sdm(*(jnp.repeat(x, len(TIMES), 0) for x in (blur, long)), short)
    return list(np.clip(images, 0, 1))


def blind_teacher(sample: Sample) -> list[np.ndarray]:
    """Returns the teacher's images with BSN alone, as published."""
    images = deblur.frames(sample.blur, sample.spikes, method="teacher", times=TIMES, blind=True)
    return [image for _, image in images]


def results(sample: Sample, published: Any) -> dict[str, list[np.ndarray]]:
    """Returns three images per method, by label."""
    images = {
        "blurry photograph": [sample.blur] * 3,
        "TFP, enlarged (grey)": spikes_alone(sample),
        "SDM of the exact light": of_exact_light(sample),
    }
    available = weights.available()
    candidates: dict[str, tuple[str, dict[str, Any]]] = {
        method.label: (method.name, {})
        for method in deblur.METHODS.values()
        if not method.missing(available)
    }
    if "teacher" in candidates:
        images["teacher, blind as published"] = blind_teacher(sample)
    if published is not None:
        candidates["published student"] = ("student", {"ldn": published})
    for label, (method, networks) in candidates.items():
        sequence = deblur.frames(
            sample.blur, sample.spikes, method=method, times=TIMES, weights=networks
        )
        images[label] = [image for _, image in sequence]
    return images


def table(title: str, samples: Iterator[Sample], published: Any) -> None:
    """Prints the PSNR at each moment and the mean SSIM of every method."""
    psnr: dict[str, list[list[float]]] = {}
    ssim: dict[str, list[float]] = {}
    for sample in samples:
        for label, images in results(sample, published).items():
            pairs = list(zip(images, sample.truth, strict=True))
            psnr.setdefault(label, []).append([float(metrics.psnr(a, b)) for a, b in pairs])
            ssim.setdefault(label, []).append(
                np.mean([float(metrics.ssim(a, b)) for a, b in pairs])
            )
    count = len(next(iter(psnr.values())))
    print(f"\n{title}, {count} photographs\n")
    print("| | first | middle | last | mean PSNR | mean SSIM |\n|---|---|---|---|---|---|")
    for label, rows in psnr.items():
        means = np.mean(rows, 0)
        cells = " | ".join(f"{value:.2f}" for value in (*means, np.mean(means)))
        print(f"| {label} | {cells} | {np.mean(ssim[label]):.3f} |", flush=True)


def main() -> None:
    """Reads the arguments and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--published", help="a PyTorch checkpoint of LDN")
    parser.add_argument("--scenes", type=int, default=16)
    parser.add_argument("--size", type=int, default=384, help="pixels per side of a photograph")
    args = parser.parse_args()
    published = None if args.published is None else weights.resolve("ldn", args.published)
    size = args.size
    table("Procedural scenes, own cameras", scenes(args.scenes, size, 0.0), published)
    table("Procedural scenes, simulator of S-SDM", scenes(args.scenes, size, 1.0), published)
    table("Photographs, simulator of S-SDM", photographs(size), published)


if __name__ == "__main__":
    main()
